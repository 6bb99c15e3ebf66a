// Many calls in one moment, beside a bulk of messages: each is stored, each rings, none is merged with
// another or put off (PROTOCOL.md P-091). The same with figures, 1,500 in a minute: nattevagt-bench-alerts.
#include <gtest/gtest.h>

#include "proto/wire/receipt.h"
#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

constexpr std::size_t kUnits = 10;
constexpr std::size_t kAlertsOfUnit = 30;
constexpr std::size_t kBulkInFlight = 100;

struct Unit {
  UnitId id;
  RawDevice* phone = nullptr;
  std::map<std::uint64_t, wire::Raise> asked;  // by request number
};

struct Burst : ::testing::Test {
  HubWorld world;
  std::vector<Unit> units{kUnits};
  RawDevice& psychiatrist = world.add_device({.person = world.psychiatrist});
  RawDevice& writer = world.add_device({});
  RawDevice& reader = world.add_device({});
  StreamChecker inbox{wire::kInbox, psychiatrist.id()};
  ConversationId bulk = world.entropy.make_id<ConversationId>();
  std::size_t bulk_stored = 0, bulk_waiting = 0, bulk_read = 0;

  void SetUp() override {
    wire::Roster roster;
    roster.issued_at = world.clock.wall();
    wire::Target target;
    target.kind = wire::TargetKind::kRole;
    target.id.bytes = world.role.bytes;
    roster.roles.push_back({world.role, Bytes(60, 1), {world.psychiatrist}});
    roster.ladders.push_back(
        {world.ladder, {{std::chrono::minutes(5), Millis(0), {target}}}, std::chrono::minutes(5)});
    for (Unit& unit : units) {
      unit.id = world.entropy.make_id<UnitId>();
      unit.phone = &world.add_device({.unit = unit.id, .kind = wire::HolderKind::kUnit});
      roster.units.push_back({unit.id, Bytes(60, 1), {{wire::Severity::kRed, world.ladder}}});
    }
    const auto published = world.as_organisation(wire::PublishDocument{world.organisation.roster(1, roster)});
    ASSERT_TRUE(published && std::holds_alternative<wire::Accepted>(*published));
    for (Unit& unit : units) ASSERT_TRUE(unit.phone->hello());
    for (RawDevice* device : {&psychiatrist, &writer, &reader}) ASSERT_TRUE(device->hello());
    wire::Append create = message();
    create.create = true;
    create.added = {reader.id()};
    create.welcome = Bytes(200, 1);
    const auto made = writer.peer().call(create);
    ASSERT_TRUE(made && std::holds_alternative<wire::Stored>(*made));
  }
  wire::Append message() {
    wire::Append append;
    append.stream = bulk;
    append.id = world.entropy.make_id<MessageId>();
    append.kind = wire::EntryKind::kApplication;
    append.epoch = 1;
    append.bytes = Bytes(1'024, 3);
    return append;
  }
  void write_bulk() {
    writer.peer().pump(Millis(0));
    for (const auto& [number, answer] : writer.peer().answers) {
      bulk_waiting -= 1;
      if (std::holds_alternative<wire::Stored>(answer)) bulk_stored += 1;
    }
    writer.peer().answers.clear();
    while (bulk_waiting < kBulkInFlight && writer.peer().send(message()) != 0) bulk_waiting += 1;
  }
  // Takes what has come, checks an inbox, acknowledges all.
  void read(RawDevice& device, StreamChecker* checker) {
    device.peer().pump(Millis(0));
    wire::Ack ack;
    for (; !device.peer().pushed.empty(); device.peer().pushed.pop_front()) {
      const auto* entry = std::get_if<wire::Entry>(&device.peer().pushed.front());
      if (entry == nullptr) continue;
      if (checker != nullptr && entry->stream == wire::kInbox) {
        const auto fault = checker->take(*entry);
        EXPECT_FALSE(fault) << *fault;
      }
      if (entry->stream == bulk) bulk_read += 1;
      if (ack.positions.size() < limits::kAckPositionsMax)
        ack.positions.push_back({entry->stream, entry->seq});
    }
    if (!ack.positions.empty()) (void)device.peer().send(ack);
  }
};

TEST_F(Burst, ThreeHundredCallsInOneMomentAreAllStoredAndEachRingsOnce) {
  for (std::size_t i = 0; i < kAlertsOfUnit; ++i) {
    for (Unit& unit : units) {
      wire::Raise raise = world.make_raise({psychiatrist.id()});
      raise.unit = unit.id;
      const std::uint64_t number = unit.phone->peer().send(raise);
      ASSERT_NE(number, 0U);
      unit.asked[number] = std::move(raise);
    }
    write_bulk();
  }
  std::set<AlertId> stored, rung;
  SystemClock clock;
  const Millis until = clock.monotonic() + kHangPatience;
  const auto wanted = kUnits * kAlertsOfUnit;
  std::size_t looked_at = 0;
  while (clock.monotonic() < until && (stored.size() < wanted || rung.size() < wanted)) {
    write_bulk();
    read(reader, nullptr);
    read(psychiatrist, &inbox);
    for (Unit& unit : units) {
      unit.phone->peer().pump(Millis(1));
      for (const auto& [number, answer] : unit.phone->peer().answers) {
        const auto* receipt = std::get_if<wire::Stored>(&answer);
        ASSERT_NE(receipt, nullptr) << "a call was turned away";
        const wire::Raise& raise = unit.asked.at(number);
        ASSERT_TRUE(wire::verify_receipt(receipt->receipt, world.hub_pin().sign_key));
        EXPECT_EQ(receipt->receipt.leaf.alert, raise.alert);
        EXPECT_EQ(receipt->receipt.leaf.stream, raise.stream);
        EXPECT_TRUE(stored.insert(raise.alert).second);
      }
      unit.phone->peer().answers.clear();
    }
    for (; looked_at < inbox.entries().size(); ++looked_at) {
      const wire::Entry& entry = inbox.entries()[looked_at];
      if (entry.kind != wire::EntryKind::kAlert) continue;
      const auto item = wire::decode_alert_item(entry.bytes);
      ASSERT_TRUE(item);
      if (item->notice != wire::NoticeKind::kFirst) continue;
      EXPECT_TRUE(rung.insert(item->view.alert).second) << "rung twice";
    }
  }
  EXPECT_EQ(stored.size(), wanted);
  EXPECT_EQ(rung, stored);
  EXPECT_GT(bulk_stored, 0U);
  EXPECT_GT(bulk_read, 0U);
  while (clock.monotonic() < until && world.hub.metric("alerts_raised_total") != 300) {
    psychiatrist.peer().pump(Millis(50));  // published once a second
  }
  EXPECT_LT(clock.monotonic(), until);
  EXPECT_EQ(world.hub.metric("alerts_refused_full_total"), 0U);
}

}  // namespace
}  // namespace nattevagt::testing
