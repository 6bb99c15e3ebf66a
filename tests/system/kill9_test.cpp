// kill -9 of the hub at random moments while messages and alerts flow: whatever was acknowledged is there,
// in order, once; every alert goes on to its end (PROTOCOL.md P-032, P-037, P-040, P-052, P-060).
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "proto/wire/receipt.h"
#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A device that writes to one stream with a window and sends again, under the same id, what was not answered.
struct Writer {
  ConversationId stream;
  std::uint64_t written = 0;
  std::map<MessageId, wire::Append> waiting;     // asked for, not acknowledged
  std::map<std::uint64_t, MessageId> in_flight;  // request number -> id
  std::vector<MessageId> order;                  // ids as they were first sent
  std::map<MessageId, wire::ReceiptLeaf> acknowledged;
};

class KillNine : public ::testing::Test {
 protected:
  static constexpr int kRounds = 50;
  static constexpr std::size_t kWindow = 32;

  void send(RawPeer& peer, Writer& writer, const wire::Append& append) {
    if (const std::uint64_t number = peer.send(append)) writer.in_flight[number] = append.id;
  }

  void take_answers(RawPeer& peer, Writer& writer, const SignPublicKey& hub_key) {
    for (auto& [number, answer] : peer.answers) {
      const auto found = writer.in_flight.find(number);
      if (found == writer.in_flight.end()) continue;
      const auto* stored = std::get_if<wire::Stored>(&answer);
      if (stored == nullptr) {
        const auto* refused = std::get_if<wire::Refused>(&answer);
        ASSERT_NE(refused, nullptr);
        ASSERT_TRUE(refused->code == Errc::kBusy || refused->code == Errc::kUnavailable)
            << errc_name(refused->code);
        continue;  // stays in `waiting`: sent again after the next start
      }
      ASSERT_TRUE(wire::verify_receipt(stored->receipt, hub_key));
      ASSERT_EQ(stored->receipt.leaf.id, found->second);
      writer.waiting.erase(found->second);
      writer.acknowledged[found->second] = stored->receipt.leaf;
      writer.in_flight.erase(found);
    }
    peer.answers.clear();
  }
};

TEST_F(KillNine, LosesNoAcknowledgedMessageOrAlertInFiftyRounds) {
  HubWorld world;
  auto& writer_device = world.add_device({.unit = world.unit});
  auto& reader_device = world.add_device({});
  auto& psychiatrist = world.add_device({.person = world.psychiatrist});
  world.publish_roster();
  // From the first kill on: snapshots are made and old records go, also while it is killed.
  world.hub.write_config("[journal]\nsnapshot_records = 150\n");
  std::mt19937 random(20261122);  // the moments of the kills; the run itself is the machine's

  Writer writer;
  writer.stream = world.entropy.make_id<ConversationId>();
  StreamChecker reader(writer.stream, {});
  StreamChecker inbox(wire::kInbox, psychiatrist.id());
  StreamChecker own_inbox(wire::kInbox, writer_device.id());
  std::vector<AlertId> raised;
  std::optional<wire::Raise> raise;  // asked for, not acknowledged

  ASSERT_TRUE(writer_device.hello());
  {
    wire::Append create;
    create.stream = writer.stream;
    create.create = true;
    create.id = world.entropy.make_id<MessageId>();
    create.kind = wire::EntryKind::kApplication;
    create.epoch = 1;
    create.bytes = Bytes(100, 0);
    create.added = {reader_device.id()};
    create.welcome = Bytes(200, 1);
    writer.waiting[create.id] = create;
    writer.order.push_back(create.id);
    const auto answer = writer_device.peer().call(create);
    ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));
    writer.acknowledged[create.id] = std::get<wire::Stored>(*answer).receipt.leaf;
    writer.waiting.clear();
  }

  auto drain_pushes = [&](RawDevice& device, StreamChecker* stream, StreamChecker* own) {
    wire::Ack ack;
    while (!device.peer().pushed.empty()) {
      const auto answer = std::move(device.peer().pushed.front());
      device.peer().pushed.pop_front();
      const auto* entry = std::get_if<wire::Entry>(&answer);
      if (entry == nullptr) continue;
      StreamChecker* checker = entry->stream == wire::kInbox ? own : stream;
      if (checker != nullptr) {
        // The creator does not get its own stream from 0 in every protocol; a fault is a fault.
        const auto fault = checker->take(*entry);
        ASSERT_FALSE(fault) << *fault;
      }
      ack.positions.push_back({entry->stream, entry->seq});
    }
    if (!ack.positions.empty()) (void)device.peer().send(ack);
  };

  for (int round = 0; round < kRounds; ++round) {
    for (RawDevice* device : {&writer_device, &reader_device, &psychiatrist}) {
      ASSERT_TRUE(device->hello()) << "round " << round;
    }
    writer.in_flight.clear();
    for (const auto& id : writer.order) {
      if (const auto found = writer.waiting.find(id); found != writer.waiting.end()) {
        send(writer_device.peer(), writer, found->second);
      }
    }
    std::uint64_t raise_number = raise ? writer_device.peer().send(*raise) : 0;
    SystemClock clock;
    const Millis until = clock.monotonic() + milliseconds(20 + random() % 180);
    while (clock.monotonic() < until) {
      while (writer.in_flight.size() < kWindow) {
        wire::Append append;
        append.stream = writer.stream;
        append.id = world.entropy.make_id<MessageId>();
        append.kind = wire::EntryKind::kApplication;
        append.epoch = 1;
        append.bytes = Bytes(200 + random() % 800, static_cast<std::uint8_t>(++writer.written));
        writer.waiting[append.id] = append;
        writer.order.push_back(append.id);
        send(writer_device.peer(), writer, append);
        if (!writer_device.peer().up) break;
      }
      // All of them stay open, of one unit, which may have 2,000 (P-090).
      if (!raise && raised.size() < 3U * (static_cast<std::size_t>(round) + 1)) {
        raise = world.make_raise({psychiatrist.id()});
        raise_number = writer_device.peer().send(*raise);
      }
      writer_device.peer().pump(milliseconds(1));
      if (const auto found = writer_device.peer().answers.find(raise_number);
          found != writer_device.peer().answers.end()) {
        const auto* refused = std::get_if<wire::Refused>(&found->second);
        ASSERT_TRUE(std::holds_alternative<wire::Stored>(found->second))
            << "round " << round << ": " << (refused != nullptr ? errc_name(refused->code) : "another answer");
        raised.push_back(raise->alert);
        raise.reset();
        raise_number = 0;
      }
      take_answers(writer_device.peer(), writer, world.hub_pin().sign_key);
      reader_device.peer().pump(milliseconds(0));
      psychiatrist.peer().pump(milliseconds(0));
      drain_pushes(reader_device, &reader, nullptr);
      drain_pushes(psychiatrist, nullptr, &inbox);
      drain_pushes(writer_device, nullptr, &own_inbox);
    }
    world.hub.kill_nine();
    world.hub.start();
  }

  // Everything comes to rest: what was asked for is acknowledged, everything acknowledged is read, alerts
  // end.
  ASSERT_TRUE(writer_device.hello());
  writer.in_flight.clear();
  for (const auto& id : writer.order) {
    if (const auto found = writer.waiting.find(id); found != writer.waiting.end()) {
      const auto answer = writer_device.peer().call(found->second);
      ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));
      writer.acknowledged[id] = std::get<wire::Stored>(*answer).receipt.leaf;
    }
  }
  for (RawDevice* device : {&reader_device, &psychiatrist}) ASSERT_TRUE(device->hello());
  const auto all_there = [&] {
    std::set<AlertId> loud;
    for (const auto& entry : own_inbox.entries()) {
      if (entry.kind != wire::EntryKind::kAlert) continue;
      const auto item = wire::decode_alert_item(entry.bytes);
      if (item && item->view.state == wire::AlertState::kExhausted) loud.insert(item->view.alert);
    }
    return reader.seq() >= writer.acknowledged.size() && loud.size() >= raised.size();
  };
  const Millis rest = SystemClock().monotonic() + kHangPatience;
  while (SystemClock().monotonic() < rest && !all_there()) {
    for (RawDevice* device : {&writer_device, &reader_device, &psychiatrist})
      device->peer().pump(milliseconds(5));
    drain_pushes(reader_device, &reader, nullptr);
    drain_pushes(psychiatrist, nullptr, &inbox);
    drain_pushes(writer_device, nullptr, &own_inbox);
  }

  EXPECT_EQ(reader.seq(), writer.acknowledged.size()) << "an entry that nobody acknowledged, or one lost";
  std::map<MessageId, std::uint64_t> read;
  for (const auto& entry : reader.entries()) {
    EXPECT_TRUE(read.emplace(entry.id, entry.seq).second) << "shown twice";
    const auto promised = writer.acknowledged.find(entry.id);
    ASSERT_NE(promised, writer.acknowledged.end());
    EXPECT_EQ(promised->second.seq, entry.seq);
    EXPECT_EQ(promised->second.chain, entry.chain);
    EXPECT_EQ(promised->second.content, sha256(entry.bytes));
  }
  // Every acknowledged alert was announced to the psychiatrist and climbed to its loud end: nobody took it.
  std::set<AlertId> announced, loud;
  std::set<std::pair<AlertId, std::uint32_t>> first;
  for (const auto& entry : inbox.entries()) {
    if (entry.kind != wire::EntryKind::kAlert) continue;
    const auto item = wire::decode_alert_item(entry.bytes);
    ASSERT_TRUE(item);
    if (item->notice != wire::NoticeKind::kFirst) continue;
    announced.insert(item->view.alert);
    EXPECT_TRUE(first.emplace(item->view.alert, item->view.step).second) << "announced twice";
  }
  for (const auto& entry : own_inbox.entries()) {
    if (entry.kind != wire::EntryKind::kAlert) continue;
    const auto item = wire::decode_alert_item(entry.bytes);
    ASSERT_TRUE(item);
    if (item->notice == wire::NoticeKind::kLoud) loud.insert(item->view.alert);
  }
  EXPECT_GE(raised.size(), static_cast<std::size_t>(kRounds) / 2) << "too few alerts to mean anything";
  EXPECT_NE(world.hub.log().find("\"compacted\""), std::string::npos);
  EXPECT_EQ(world.hub.log().find("\"alarm\""), std::string::npos) << world.hub.log();
  for (const AlertId& alert : raised) {
    EXPECT_TRUE(announced.contains(alert)) << "acknowledged, never announced";
    EXPECT_TRUE(loud.contains(alert)) << "acknowledged, silent at the end";
  }
  std::cout << "kill -9: " << kRounds << " rounds, " << writer.acknowledged.size() << " messages, "
            << raised.size() << " alerts, none lost\n";
}

}  // namespace
}  // namespace nattevagt::testing
