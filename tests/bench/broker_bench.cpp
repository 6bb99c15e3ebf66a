// The hub against the bare prototype, in one run and on one machine: only the ratios mean something
// elsewhere.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "broker/io/process.h"
#include "proto/common/check.h"
#include "tests/bench/broker/hub_server.h"
#include "tests/bench/broker/load.h"
#include "tests/bench/broker/prototype_server.h"
#include "tests/system/raw_zmtp.h"

namespace nattevagt::bench {
namespace {

using std::chrono::steady_clock;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::current_path() / "nattevagt-bench-XXXXXX").string();
    NV_CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What one measurement gives: the figure, and what the server's process (all of its threads) spent on it.
struct Measured {
  double figure = 0;
  double server_cpu_seconds = 0;
};
using Measure = std::function<Measured(const Server&)>;

double cpu_seconds() {
  rusage used{};
  NV_CHECK(getrusage(RUSAGE_SELF, &used) == 0);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// A child process that plays the devices, so that memory and CPU of this one are the server's alone. It has
// none of our descriptors: ten thousand connections are half of what a process may have.
class Devices {
 public:
  explicit Devices(const std::function<double()>& play) {
    int up[2], down[2];
    NV_CHECK(::pipe(up) == 0 && ::pipe(down) == 0);
    child_ = ::fork();
    NV_CHECK(child_ >= 0);
    if (child_ == 0) {
      NV_CHECK(::dup2(up[1], 3) == 3 && ::dup2(down[0], 4) == 4 && ::close_range(5, ~0U, 0) == 0);
      const double figure = play();
      NV_CHECK(::write(3, &figure, sizeof figure) == sizeof figure);
      char byte = 0;
      (void)!::read(4, &byte, 1);  // connected until we are let go
      _exit(0);
    }
    ::close(up[1]);
    ::close(down[0]);
    up_ = up[0];
    down_ = down[1];
  }
  ~Devices() {
    ::close(down_);
    ::close(up_);
    waitpid(child_, nullptr, 0);
  }
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;

  double figure() const {
    double figure = 0;
    NV_CHECK(::read(up_, &figure, sizeof figure) == sizeof figure);
    return figure;
  }

 private:
  pid_t child_ = 0;
  int up_ = -1, down_ = -1;
};

Measured apart(const std::function<double()>& play) {
  const double before = cpu_seconds();
  const Devices devices(play);
  const double figure = devices.figure();
  return {figure, cpu_seconds() - before};
}

void print_row(const char* what, double prototype, double hub, const char* unit) {
  std::printf("%-44s %12.0f %12.0f %8.2f  %s\n", what, prototype, hub, hub / prototype, unit);
  std::fflush(stdout);
}

// Best of a few rounds, each with fresh servers on a fresh file, taking turns: what else runs here disturbs
// both. `messages`: those of one measurement, to give the server's CPU for each; 0: not shown.
std::string only;  // rows whose title holds it; empty: all

void compare(const char* what, const char* unit, std::size_t devices, int rounds, bool more_is_better,
             std::uint64_t messages, const Measure& measure) {
  if (std::string_view(what).find(only) == std::string_view::npos) return;
  Measured prototype, hub;
  const auto better = [&](Measured& best, const Measured& now) {
    if (best.figure == 0 || (now.figure > best.figure) == more_is_better) best = now;
  };
  for (int round = 0; round < rounds; ++round) {
    {
      Folder folder;
      const PrototypeServer server(folder.path(), devices);
      better(prototype, measure(server));
    }
    Folder folder;
    const HubServer server(folder.path(), devices);
    better(hub, measure(server));
  }
  print_row(what, prototype.figure, hub.figure, unit);
  if (messages == 0) return;
  const double micros = 1e6 / static_cast<double>(messages);
  print_row("  the server's CPU, each", prototype.server_cpu_seconds * micros, hub.server_cpu_seconds * micros,
            "us");
}

struct Idle {
  double bytes_each = 0, handshakes_per_second = 0;
};

Idle measure_idle(const Server& server, std::size_t devices) {
  const std::uint64_t before = broker::resident_bytes();
  std::vector<nattevagt::testing::RawZmtp> peers;  // the child's, and open as long as it lives
  const Devices connected([&] {
    const auto begin = steady_clock::now();
    for (std::size_t i = 0; i < devices; ++i) {
      peers.emplace_back(server.endpoint());
      NV_CHECK(peers.back().handshake(server.key(), server.device_key(i)));
      NV_CHECK(peers.back().send_part(server.hello(i), false) && !peers.back().read(1).empty());
    }
    return static_cast<double>(devices) / std::chrono::duration<double>(steady_clock::now() - begin).count();
  });
  const double rate = connected.figure();
  const std::uint64_t after = broker::resident_bytes();
  return {static_cast<double>(after - std::min(before, after)) / static_cast<double>(devices), rate};
}

// `writers` of `each` messages.
void compare_throughput(const char* what, std::size_t writers, std::uint64_t each) {
  compare(what, "messages/s", 2 * writers, 3, true, writers * each, [=](const Server& server) {
    return apart([&] { return measure_throughput(server, writers, each).stored_per_second; });
  });
}

void run() {
  std::printf("%-44s %12s %12s %8s\n", "1 KiB messages, synced, CURVE", "prototype", "hub", "ratio");
  compare_throughput("stored and read, 1 writer, window 256", 1, 18'000);
  compare_throughput("stored and read, 8 writers, window 256", 8, 10'000);
  compare("one at a time, p50", "us", 2, 3, false, 3'000, [](const Server& server) {
    return apart([&] { return measure_latency(server, 0, 3'000).p50_us; });
  });
  compare("one at a time, p99", "us", 2, 3, false, 0, [](const Server& server) {
    return apart([&] { return measure_latency(server, 0, 3'000).p99_us; });
  });
  compare("fan-out to 100 readers", "deliveries/s", 101, 3, true, 100'000, [](const Server& server) {
    return apart([&] { return measure_fan_out(server, 100, 1'000); });
  });
  compare("idle devices: memory", "bytes each", 10'000, 1, false, 0,
          [](const Server& server) { return Measured{measure_idle(server, 10'000).bytes_each, 0}; });
  compare("handshakes, one after another, with Hello", "handshakes/s", 3'000, 2, true, 0,
          [](const Server& server) {
            return Measured{measure_idle(server, 3'000).handshakes_per_second, 0};
          });
}

}  // namespace
}  // namespace nattevagt::bench

// Usage: nattevagt-bench-broker [TITLE]: only the rows whose title holds TITLE.
int main(int count, char** arguments) {
  nattevagt::broker::raise_descriptors();
  if (count > 1) nattevagt::bench::only = arguments[1];
  nattevagt::bench::run();
  return 0;
}
