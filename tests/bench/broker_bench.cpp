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

using Measure = std::function<double(const Server&)>;

// Best of a few rounds, each with fresh servers on a fresh file, taking turns: what else runs here disturbs
// both.
void compare(const char* what, const char* unit, std::size_t devices, int rounds, bool more_is_better,
             const Measure& measure) {
  double prototype = 0, hub = 0;
  const auto better = [&](double& best, double now) {
    if (best == 0 || (now > best) == more_is_better) best = now;
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
  std::printf("%-44s %12.0f %12.0f %8.2f  %s\n", what, prototype, hub, hub / prototype, unit);
  std::fflush(stdout);
}

struct Idle {
  double bytes_each = 0, handshakes_per_second = 0;
};

// The devices are another process's, so that the memory measured is the server's.
Idle measure_idle(const Server& server, std::size_t devices) {
  int ready[2], release[2];
  NV_CHECK(::pipe(ready) == 0 && ::pipe(release) == 0);
  const std::uint64_t before = broker::resident_bytes();
  const auto begin = steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    std::vector<nattevagt::testing::RawZmtp> peers;
    bool good = true;
    for (std::size_t i = 0; i < devices && good; ++i) {
      peers.emplace_back(server.endpoint());
      good = peers.back().handshake(server.key(), server.device_key(i)) &&
             peers.back().send_part(server.hello(i), false) && !peers.back().read(1).empty();
    }
    char byte = good ? 1 : 0;
    NV_CHECK(::write(ready[1], &byte, 1) == 1);
    (void)!::read(release[0], &byte, 1);
    _exit(0);
  }
  char byte = 0;
  NV_CHECK(::read(ready[0], &byte, 1) == 1 && byte == 1);
  const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  const std::uint64_t after = broker::resident_bytes();
  NV_CHECK(::write(release[1], &byte, 1) == 1);
  waitpid(child, nullptr, 0);
  for (const int end : {ready[0], ready[1], release[0], release[1]}) ::close(end);
  const auto count = static_cast<double>(devices);
  return {static_cast<double>(after - std::min(before, after)) / count, count / seconds};
}

void run() {
  std::printf("%-44s %12s %12s %8s\n", "1 KiB messages, synced, CURVE", "prototype", "hub", "ratio");
  compare("stored and read, 1 writer, window 256", "messages/s", 2, 3, true,
          [](const Server& server) { return measure_throughput(server, 1, 18'000).stored_per_second; });
  compare("stored and read, 8 writers, window 256", "messages/s", 16, 3, true,
          [](const Server& server) { return measure_throughput(server, 8, 10'000).stored_per_second; });
  compare("one at a time, p50", "us", 2, 3, false,
          [](const Server& server) { return measure_latency(server, 0, 3'000).p50_us; });
  compare("one at a time, p99", "us", 2, 3, false,
          [](const Server& server) { return measure_latency(server, 0, 3'000).p99_us; });
  compare("fan-out to 100 readers", "deliveries/s", 101, 3, true,
          [](const Server& server) { return measure_fan_out(server, 100, 1'000); });
  compare("idle devices: memory", "bytes each", 9'000, 1, false,
          [](const Server& server) { return measure_idle(server, 9'000).bytes_each; });
  compare("handshakes, one after another, with Hello", "handshakes/s", 3'000, 2, true,
          [](const Server& server) { return measure_idle(server, 3'000).handshakes_per_second; });
}

}  // namespace
}  // namespace nattevagt::bench

int main() {
  nattevagt::broker::raise_descriptors();
  nattevagt::bench::run();
  return 0;
}
