// The hub tries its own door before it opens it (admission_check.h). The traps themselves are tested by
// tests/system/traps_test.cpp.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "broker/io/front.h"
#include "broker/io/zap.h"
#include "proto/common/system.h"

namespace nattevagt::broker {
namespace {

std::atomic<int> signals_taken{0};
void take_signal(int) { signals_taken.fetch_add(1); }

// SIGUSR1 interrupts what waits: no SA_RESTART. As it was when the object goes.
class Interrupting {
 public:
  Interrupting() {
    struct sigaction action{};
    action.sa_handler = take_signal;
    NV_CHECK(::sigaction(SIGUSR1, &action, &before_) == 0);
  }
  ~Interrupting() { ::sigaction(SIGUSR1, &before_, nullptr); }
  Interrupting(const Interrupting&) = delete;
  Interrupting& operator=(const Interrupting&) = delete;

 private:
  struct sigaction before_{};
};

// systemd may ask the hub to stop, or somebody attach a debugger, while it starts.
TEST(AdmissionCheck, SignalsDuringTheDoorsTestSayNothingAboutTheDoor) {
  constexpr int kSignals = 20;  // to each of the two handshakes that the door's test makes
  const Interrupting interrupting;
  const pthread_t tester = ::pthread_self();
  SystemEntropy entropy;
  SystemClock clock;
  AdmissionTable table;
  zmq::Context context;
  const auto key = entropy.make_secret<CurveSecretKey>();
  // Asked in the middle of a handshake, whose outcome the tester waits for: it goes on when we have answered.
  ZapHandler zap(context, table, [&] {
    for (int sent = 0; sent < kSignals; ++sent) {
      const int before = signals_taken;
      NV_CHECK(::pthread_kill(tester, SIGUSR1) == 0);
      while (signals_taken == before) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // back into its wait
    }
    return clock.wall();
  });
  FrontOptions options;
  options.endpoint = "tcp://127.0.0.1:*";
  const auto front = Front::open(context, key, table, options, entropy);
  EXPECT_TRUE(front) << front.error().where;
  EXPECT_GE(signals_taken, 2 * kSignals);
}

}  // namespace
}  // namespace nattevagt::broker
