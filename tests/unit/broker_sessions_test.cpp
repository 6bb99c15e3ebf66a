// Delivery: credit, stalls, fairness (P-037), and what a restart sends again.
#include <gtest/gtest.h>

#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

struct Delivery : ::testing::Test {
  World world;
  TestDevice a = world.enrol(), b = world.enrol();
  Delivery() {
    world.connect(a);
    world.connect(b);
  }
  void say(ConversationId stream, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) world.ask(a, world.message(stream, 0, "m"));
    world.ack_all(a);
    world.take_mail(a);
  }
};

// P-037
TEST_F(Delivery, AtMost256UnacknowledgedThenOnByEachAck) {
  const ConversationId stream = world.create(a, {b.id});
  say(stream, 400);
  EXPECT_LE(world.mail(b).entries.size(), limits::kUnackedEntriesPerDevice);
  EXPECT_GE(world.mail(b).entries.size(), 200U);
  std::vector<std::uint64_t> all;
  while (!world.mail(b).entries.empty()) {
    for (const std::uint64_t seq : world.seqs(b, stream)) all.push_back(seq);
    wire::Ack ack;
    for (const SendEntry& sent : world.take_mail(b).entries)
      ack.positions.push_back({sent.entry.stream, sent.entry.seq});
    world.run(SessionRequest{world.session(b), {1, 0, ack}});
  }
  ASSERT_EQ(all.size(), 401U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i + 1);
}

// DESIGN 7: an alert never waits behind bulk. Room is kept for the inbox.
TEST_F(Delivery, InboxPassesAFullWindowOfMessages) {
  const ConversationId stream = world.create(a, {b.id});
  say(stream, 300);
  world.mail(b).entries.clear();
  world.create(a, {b.id});
  ASSERT_EQ(world.mail(b).entries.size(), 1U);
  EXPECT_EQ(world.mail(b).entries[0].entry.kind, wire::EntryKind::kWelcome);
}

TEST_F(Delivery, ConversationsTakeTurns) {
  const ConversationId first = world.create(a, {b.id});
  const ConversationId second = world.create(a, {b.id});
  world.disconnect(b);
  say(first, 1000);
  say(second, 20);
  world.connect(b);
  EXPECT_EQ(world.seqs(b, second).size(), 21U);
}

// P-037: sent again after a new Hello, from the cursor.
TEST_F(Delivery, NewHelloSendsAgainWhatWasNotAcknowledged) {
  const ConversationId stream = world.create(a, {b.id});
  say(stream, 3);
  world.ack(b, stream, 2);
  world.disconnect(b);
  world.connect(b);
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{3, 4}));
  world.mail(b).entries.clear();
  world.ask(b, wire::Hello{});  // on the same session too
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{3, 4}));
}

TEST_F(Delivery, UnsyncedAckIsOnlyARedelivery) {
  const ConversationId stream = world.create(a, {b.id});
  world.ack(b, stream, 1);
  world.crash();
  world.connect(b);
  EXPECT_EQ(world.seqs(b, stream), std::vector<std::uint64_t>{1});
}

TEST_F(Delivery, StallStopsTheSessionUntilASecondHasPassed) {
  const ConversationId stream = world.create(a, {b.id});
  world.take_mail(b);
  world.run(SendStalled{world.session(b)});
  say(stream, 2);
  EXPECT_TRUE(world.mail(b).entries.empty());
  world.advance(Millis(999));
  EXPECT_TRUE(world.mail(b).entries.empty());
  world.advance(Millis(1));
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{1, 2, 3}));  // whole, from the cursor
}

TEST_F(Delivery, AckEndsAStallAtOnce) {
  const ConversationId stream = world.create(a, {b.id});
  world.take_mail(b);
  world.run(SendStalled{world.session(b)});
  say(stream, 1);
  world.ack(b, wire::kInbox, 1);
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(world.core->counters().stalled, 1U);
}

// One slow reader, seven quick ones: nobody waits for it.
TEST_F(Delivery, StalledReaderHoldsNobodyElseUp) {
  const TestDevice c = world.enrol();
  world.connect(c);
  const ConversationId stream = world.create(a, {b.id, c.id});
  world.run(SendStalled{world.session(b)});
  say(stream, 50);
  EXPECT_EQ(world.seqs(c, stream).size(), 51U);
}

TEST_F(Delivery, NothingWaitsWhenNothingIsLeftToDo) {
  const ConversationId stream = world.create(a, {b.id});
  world.ack_all(a);
  world.ack_all(b);
  world.advance(Millis(300));
  EXPECT_GT(world.core->next_deadline(), world.now + std::chrono::hours(1));
  EXPECT_EQ(world.core->counters().entries_kept, 0U);
  (void)stream;
}

}  // namespace
}  // namespace nattevagt::broker::testing
