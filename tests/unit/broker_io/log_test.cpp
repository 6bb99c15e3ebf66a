// The log and the metrics hold numbers and ids, never text from outside (P-084).
#include "broker/io/log.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <type_traits>

#include "broker/io/metrics.h"
#include "broker/io/ready.h"
#include "tests/unit/broker_io/temp_folder.h"

namespace nattevagt::broker {
namespace {

// What cannot be written cannot leak.
static_assert(!std::is_constructible_v<LogValue, const char*>);
static_assert(!std::is_constructible_v<LogValue, std::string>);
static_assert(!std::is_constructible_v<LogValue, std::string_view>);
static_assert(!std::is_constructible_v<LogValue, Bytes>);
static_assert(!std::is_constructible_v<LogValue, char>);

std::string written(const std::function<void(const Log&)>& write) {
  std::array<int, 2> pipe_ends{};
  NV_CHECK(::pipe(pipe_ends.data()) == 0);
  write(Log(pipe_ends[1]));
  ::close(pipe_ends[1]);
  std::array<char, 4096> text{};
  const ssize_t size = ::read(pipe_ends[0], text.data(), text.size());
  ::close(pipe_ends[0]);
  return {text.data(), static_cast<std::size_t>(size)};
}

TEST(Log, WritesOneJsonObjectALineFromAClosedSetOfWords) {
  const std::string line = written([](const Log& log) {
    log.alarm(LogEvent::kAppendFailed, {{LogField::kError, Errc::kNoSpace},
                                        {LogField::kIndex, std::uint64_t{77}},
                                        {LogField::kDurationMs, Millis(-5)},
                                        {LogField::kOrganisation, OrganisationId{}}});
  });
  const std::string time = line.substr(0, line.find("\",\"level"));
  EXPECT_EQ(time.size(), std::string(R"({"time":"2026-11-22T20:40:21.123Z)").size());
  EXPECT_EQ(line.substr(time.size()),
            R"(","level":"alarm","event":"append_failed","error":"no_space","index":77,"duration_ms":-5,)"
            R"("organisation":"00000000000000000000000000000000"})"
            "\n");
}

TEST(Log, EveryEventAndFieldHasItsOwnName) {
  std::set<std::string> names;
  for (int event = 0; event <= static_cast<int>(LogEvent::kFault); ++event) {
    const std::string line = written([&](const Log& log) { log.info(static_cast<LogEvent>(event)); });
    EXPECT_EQ(line.find("unknown"), std::string::npos) << event;
    EXPECT_TRUE(names.insert(line.substr(line.find("\"event\""))).second) << line;
  }
  for (int field = 0; field <= static_cast<int>(LogField::kPort); ++field) {
    const std::string line =
        written([&](const Log& log) { log.info(LogEvent::kReady, {{static_cast<LogField>(field), 1}}); });
    EXPECT_EQ(line.find("unknown"), std::string::npos) << field;
    EXPECT_TRUE(names.insert(line.substr(line.find("ready"))).second) << line;
  }
}

TEST(Metrics, AreNumbersWithoutLabelsFromOutside) {
  MetricsValues values;
  values.core.alerts_open = 3;
  values.runner.commit_seconds.add(0.002);
  values.runner.commit_seconds.add(99);
  const std::string text = metrics_text(values);
  EXPECT_NE(text.find("nattevagt_alerts_open 3"), std::string::npos);
  EXPECT_NE(text.find("nattevagt_commit_seconds_bucket{le=\"0.0025\"} 1"), std::string::npos);
  EXPECT_NE(text.find("nattevagt_commit_seconds_count 2"), std::string::npos);
  // The only label is a histogram's bound.
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
    EXPECT_EQ(text.compare(at, 4, "{le="), 0) << text.substr(at, 40);
  }
}

TEST(Metrics, AreServedOnLoopback) {
  auto server = MetricsServer::start("127.0.0.1:0");
  ASSERT_TRUE(server);
  EXPECT_GT((*server)->port(), 0);
  EXPECT_EQ(MetricsServer::start("127.0.0.1:99999").error().code, Errc::kUnavailable);
}

TEST(ServiceManager, TellsSystemdByDatagram) {
  const nattevagt::testing::TempFolder folder;
  const std::string path = folder.file("notify");
  const int receiver = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(::bind(receiver, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const ServiceManager manager(path);
  const auto received = [&] {
    std::array<char, 256> text{};
    const ssize_t size = ::recv(receiver, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
  };
  manager.ready();
  EXPECT_EQ(received(), "READY=1\nSTATUS=serving");
  manager.alive();
  EXPECT_EQ(received(), "WATCHDOG=1");
  manager.stopping();
  EXPECT_EQ(received(), "STOPPING=1\nSTATUS=draining");
  ::close(receiver);
  manager.alive();  // nobody there: no harm
  ServiceManager(std::string()).ready();
}

}  // namespace
}  // namespace nattevagt::broker
