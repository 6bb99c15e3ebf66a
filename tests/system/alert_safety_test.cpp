// What watches over the alerts of a real hub: the audit, the reconciler, the two watchdogs (PROTOCOL.md
// sections 11 and 12).
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "broker/app/keys.h"
#include "broker/core/record.h"
#include "broker/io/sqlcipher_journal.h"
#include "proto/wire/audit.h"
#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// What systemd hears: datagrams on a socket.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  bool hears(const std::string& wanted) {
    SystemClock clock;
    const Millis until = clock.monotonic() + kHangPatience;
    while (clock.monotonic() < until) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 100) <= 0) continue;
      char text[256];
      const ssize_t size = ::recv(socket_, text, sizeof text, 0);
      if (size > 0 && std::string(text, static_cast<std::size_t>(size)) == wanted) return true;
    }
    return false;
  }
  void forget() {
    char text[256];
    while (::recv(socket_, text, sizeof text, MSG_DONTWAIT) > 0) {
    }
  }

 private:
  int socket_;
};

// The outside watchdog: answers every request with 200 and counts.
class PingListener {
 public:
  PingListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~PingListener() {
    stopping_ = true;
    thread_.join();
    ::close(socket_);
  }
  int port() const { return port_; }
  bool gets_more_than(int before) const {
    SystemClock clock;
    const Millis until = clock.monotonic() + kHangPatience;
    while (clock.monotonic() < until && pings_ <= before) ::usleep(20'000);
    return pings_ > before;
  }
  int pings() const { return pings_; }

 private:
  void run() {
    while (!stopping_) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 50) <= 0) continue;
      const int peer = ::accept(socket_, nullptr, nullptr);
      char request[2048];
      const ssize_t size = ::recv(peer, request, sizeof request, 0);
      if (size > 0 && std::string(request, static_cast<std::size_t>(size)).starts_with("GET /ping/1 "))
        ++pings_;
      static constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      [[maybe_unused]] const ssize_t sent = ::send(peer, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }
  int socket_;
  int port_ = 0;
  std::atomic<int> pings_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

struct Night {
  HubWorld world;
  RawDevice& asking = world.add_device({.unit = world.unit});
  RawDevice& psychiatrist = world.add_device({.person = world.psychiatrist});
  explicit Night(Millis wait = minutes(5)) {
    world.publish_roster(wait);
    EXPECT_TRUE(asking.hello());
    EXPECT_TRUE(psychiatrist.hello());
  }
  wire::Raise raise() {
    const wire::Raise raise = world.make_raise({psychiatrist.id()});
    const auto answer = asking.peer().call(raise);
    EXPECT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));
    return raise;
  }
  broker::HubKeys keys() { return std::move(*broker::load_keys(world.hub.data_dir() + "/hub.keys")); }
  std::string journal() { return world.hub.data_dir() + "/journal"; }
  void change_journal(const char* sql) {
    const broker::HubKeys known = keys();
    auto open =
        broker::sqlite::Connection::open(journal(), known.journal, broker::sqlite::Connection::Mode::kWrite);
    ASSERT_TRUE(open);
    ASSERT_TRUE(open->execute(sql));
  }
};

TEST(Audit, IsExportedSignedWhileTheHubRunsAndTellsWhatTheJournalHolds) {
  Night night;
  night.raise();
  const auto asked = night.asking.peer().call(wire::GetAuditPoint{});
  ASSERT_TRUE(asked && std::holds_alternative<wire::Stored>(*asked));
  const auto point =
      wire::audit_point_of(std::get<wire::Stored>(*asked).receipt, night.world.hub_pin().sign_key);
  ASSERT_TRUE(point);
  const Finished good = night.world.hub.command({"audit", "verify"});
  EXPECT_EQ(good.exit_code, 0) << good.output;
  for (const std::string& organisation :
       {std::string(), night.world.organisation.card().id.hex(), std::string(32, 'a')}) {
    const std::string file = night.world.hub.dir().file("audit-" + organisation);
    std::vector<std::string> words{"audit", "export", "--to", file};
    if (!organisation.empty()) words.insert(words.end(), {"--organisation", organisation});
    const Finished exported = night.world.hub.command(words);
    ASSERT_EQ(exported.exit_code, 0) << exported.output;
    const std::vector<wire::AuditPoint> known{*point};
    wire::AuditFileCheck check(night.world.hub_pin().sign_key, known);
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);) check.take(line);
    const wire::AuditReport report = check.finish();
    EXPECT_TRUE(report.findings.empty());
    EXPECT_EQ(report.places_checked, 1U);
    EXPECT_GE(report.lines, 6U);  // two grants, two devices, a roster, an alert
    EXPECT_EQ(report.hidden, organisation == std::string(32, 'a') ? report.lines : 0U);
    EXPECT_NE(night.world.hub.command(words).exit_code, 0) << "an export was written over";
  }
}

// Each thing that a hand in the database can do to the audit, and to the alerts behind it.
TEST(Audit, WhateverIsDoneToItInTheJournalIsFound) {
  Night night;
  night.raise();
  night.raise();
  night.world.hub.kill_nine();
  const std::string journal = night.journal();
  const std::string kept = read_file(journal), wal = read_file(journal + "-wal");
  const auto restore = [&] {
    write_file(journal, kept);
    write_file(journal + "-wal", wal);
  };
  ASSERT_EQ(night.world.hub.command({"audit", "verify"}).exit_code, 0);
  for (const char* sql :
       {"UPDATE audit SET line = CAST(replace(CAST(line AS TEXT), 'severity=red', 'severity=green') AS BLOB) "
        "WHERE id = 6",
        "DELETE FROM audit WHERE id = 3", "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)",
        "DELETE FROM audit", "UPDATE audit SET id = -id WHERE id IN (2, 3)",
        "UPDATE audit SET seq = seq + 1 WHERE id = 4",
        "INSERT INTO audit_begin (id, seq, chain) VALUES (1, 4, zeroblob(32))",
        "INSERT INTO audit (seq, at, chain, line) SELECT seq + 1, at, chain, line FROM audit ORDER BY id "
        "DESC LIMIT 1"}) {
    night.change_journal(sql);
    const Finished found = night.world.hub.command({"audit", "verify"});
    EXPECT_NE(found.exit_code, 0) << sql;
    EXPECT_NE(found.output.find("audit: "), std::string::npos) << sql << found.output;
    restore();
  }
  EXPECT_EQ(night.world.hub.command({"audit", "verify"}).exit_code, 0);
  // A hub whose audit was cut says so when it starts, and serves: alerts come first.
  night.change_journal("DELETE FROM audit WHERE id > 4");
  night.world.hub.start();
  EXPECT_NE(night.world.hub.log().find("audit_broken"), std::string::npos);
  ASSERT_TRUE(night.asking.hello());
  night.raise();
  EXPECT_NE(night.world.hub.command({"audit", "verify"}).exit_code, 0) << "the gap was papered over";
}

// P-131
TEST(Watchdogs, HearOfAHubWhoseAlertsAllHaveAFuture) {
  const TempDir folder;
  NotifySocket systemd(folder.file("notify"));
  PingListener outside;
  Night night;
  night.world.hub.stop();
  night.world.hub.write_config("[watchdog]\nurl = \"http://127.0.0.1:" + std::to_string(outside.port()) +
                               "/ping/1\"\nevery_seconds = 1\n");
  night.world.hub.start();
  ASSERT_TRUE(night.asking.hello());
  night.raise();
  EXPECT_TRUE(systemd.hears("WATCHDOG=1"));
  EXPECT_TRUE(outside.gets_more_than(outside.pings()));
  EXPECT_EQ(night.world.hub.metric("alert_faults_total"), 0U);
}

TEST(Readiness, IsSaidByAHubThatCanBeReached) {
  const TempDir folder;
  NotifySocket systemd(folder.file("notify"));
  HubWorld world;
  auto& device = world.add_device({.unit = world.unit});
  world.hub.stop();
  ASSERT_TRUE(systemd.hears("STOPPING=1\nSTATUS=draining"));
  world.hub.start();
  ASSERT_TRUE(systemd.hears("READY=1\nSTATUS=serving"));
  EXPECT_TRUE(device.hello());
}

// A disk that does not answer: systemd hears on, since a restart would not help; the outside watchdog hears
// nothing until the disk is well. What systemd hears, once a second, is the clock here.
TEST(Watchdogs, TheOutsideOneHearsNothingOfAHubWhoseDiskHangs) {
  const TempDir folder;
  NotifySocket systemd(folder.file("notify"));
  PingListener outside;
  Night night;
  night.world.hub.stop();
  night.world.hub.use_faulty_disk();
  night.world.hub.set_fault("");
  night.world.hub.write_config("[watchdog]\nurl = \"http://127.0.0.1:" + std::to_string(outside.port()) +
                               "/ping/1\"\nevery_seconds = 1\n");
  night.world.hub.start();
  ASSERT_TRUE(night.asking.hello());
  ASSERT_TRUE(outside.gets_more_than(outside.pings()));
  night.world.hub.set_fault("hang");
  EXPECT_FALSE(night.asking.peer().call(night.world.make_raise({night.psychiatrist.id()}), milliseconds(100)));
  ASSERT_TRUE(comes_true([&] { return night.world.hub.log().find("append_failed") != std::string::npos; }));
  systemd.forget();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(systemd.hears("WATCHDOG=1"));  // what was under way has arrived
  const int before = outside.pings();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(systemd.hears("WATCHDOG=1"));
  EXPECT_LE(outside.pings(), before + 1) << "as if nothing were the matter";
  night.world.hub.set_fault("");
  EXPECT_TRUE(outside.gets_more_than(before + 1));
}

// P-130, in a real hub: an alert whose timer a bug has moved to next year is found at the start, goes on at
// once, and everybody who must know is told.
TEST(Reconciler, MendsAnAlertThatHasLostItsFutureAtStart) {
  Night night;
  const wire::Raise raise = night.raise();
  night.world.hub.kill_nine();
  {
    const broker::HubKeys keys = night.keys();
    auto journal = broker::SqlcipherJournal::open(night.journal(), keys.journal);
    ASSERT_TRUE(journal);
    broker::Record last;
    std::optional<broker::AlertRaised> raised;
    ASSERT_TRUE((*journal)->read_from(0, [&](const broker::Record& record) -> Status {
      last = record;
      auto fact = broker::decode_fact(record.meta);
      if (fact && std::holds_alternative<broker::AlertRaised>(*fact))
        raised = std::get<broker::AlertRaised>(*fact);
      return {};
    }));
    ASSERT_TRUE(raised);
    broker::AlertStepped planted{raise.alert, {raised->change.progress, {}}};
    planted.change.progress.due_at += std::chrono::hours(24 * 365);
    broker::Record record;
    record.index = last.index + 1;
    record.at = last.at;
    record.meta = broker::encode(planted);
    const std::vector<broker::Record> batch{record};
    ASSERT_TRUE((*journal)->append(batch));
  }
  night.world.hub.start();
  EXPECT_TRUE(comes_true([&] { return night.world.hub.metric("alerts_mended_total") == 1; }));
  EXPECT_EQ(night.world.hub.metric("alert_faults_total"), 1U);
  const std::string log = night.world.hub.log();
  EXPECT_NE(log.find(R"("level":"alarm","event":"alert_fault","alert":")" + raise.alert.hex()),
            std::string::npos);
  ASSERT_TRUE(night.asking.hello());
  const auto answer = night.asking.peer().call(wire::GetAlert{raise.alert});
  ASSERT_TRUE(answer && std::holds_alternative<wire::AlertReply>(*answer));
  const wire::AlertView& view = std::get<wire::AlertReply>(*answer).view;
  EXPECT_EQ(view.step, 1U);
  EXPECT_TRUE(view.technical_alarm);
  // It is over: the next look finds nothing.
  EXPECT_TRUE(comes_true([&] { return night.world.hub.metric("reconciled_total") > 0; }));
  EXPECT_EQ(night.world.hub.metric("alert_faults"), 0U);
}

}  // namespace
}  // namespace nattevagt::testing
