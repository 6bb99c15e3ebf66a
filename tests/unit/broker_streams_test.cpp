// Streams: PROTOCOL.md section 4.
#include <gtest/gtest.h>

#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using wire::EntryKind;

struct Streams : ::testing::Test {
  World world;
  TestDevice a = world.enrol(), b = world.enrol(), c = world.enrol(), d = world.enrol();
  Streams() {
    for (const auto* device : {&a, &b, &c, &d}) world.connect(*device);
  }
  wire::Append commit(ConversationId stream, std::uint64_t epoch, const std::vector<DeviceId>& added,
                      const std::vector<DeviceId>& removed) {
    wire::Append append = world.message(stream, epoch, "commit");
    append.kind = EntryKind::kCommit;
    append.added = added;
    append.removed = removed;
    if (!added.empty()) append.welcome = Bytes(30, 5);
    return append;
  }
  // Recomputes every chain that the device was sent, as a client does (P-031).
  void expect_chained(const TestDevice& device, ConversationId stream, Digest chain, std::uint64_t seq) {
    for (const SendEntry& sent : world.mail(device).entries) {
      if (sent.entry.stream != stream) continue;
      ASSERT_EQ(sent.entry.seq, ++seq);
      chain = wire::chain_next(chain, seq, sent.entry.kind, sent.entry.epoch, sent.entry.id,
                               sent.entry.stored_at, bytes_of(sent));
      EXPECT_EQ(sent.entry.chain, chain) << seq;
    }
  }
  Bytes bytes_of(const SendEntry& sent) {
    if (!sent.body) return sent.entry.bytes;
    const Bytes body = world.journal.at(sent.body->index - 1).bodies.at(sent.body->part);
    if (!sent.welcome) return body;
    wire::WelcomeItem item = *sent.welcome;
    item.welcome = body;
    return wire::encode(item);
  }
};

// P-030, P-031, P-033, P-036
TEST_F(Streams, EntriesAndInboxesAreChainedAsClientsComputeThem) {
  const ConversationId stream = world.create(a, {b.id});
  for (int i = 0; i < 5; ++i) world.ask(a, world.message(stream, 0, "m" + std::to_string(i)));
  world.ask(b, commit(stream, 0, {c.id}, {}));
  world.ask(c, world.message(stream, 1, "hello"));
  const Digest first = wire::chain_first(stream, std::nullopt);
  expect_chained(a, stream, first, 0);
  expect_chained(b, stream, first, 0);
  for (const auto* device : {&b, &c}) {
    expect_chained(*device, wire::kInbox, wire::chain_first(wire::kInbox, device->id), 0);
  }
  ASSERT_TRUE(world.mail(c).entries[0].welcome.has_value());
  const wire::WelcomeItem entered = *world.mail(c).entries[0].welcome;
  EXPECT_EQ(entered.seq, 7U);
  expect_chained(c, stream, entered.chain, entered.seq);
  EXPECT_EQ(world.seqs(c, stream), std::vector<std::uint64_t>{8});
}

// P-060: the receipt says what was stored and waits for exactly that record.
TEST_F(Streams, ReceiptNamesTheEntryAndWaitsForIt) {
  const ConversationId stream = world.create(a, {b.id});
  const wire::Append append = world.message(stream, 0, "hello");
  const Reply reply = world.ask(a, append);
  ASSERT_TRUE(reply.leaf.has_value());
  EXPECT_EQ(reply.after, world.core->last_index());
  EXPECT_EQ(reply.leaf->seq, 2U);
  EXPECT_EQ(reply.leaf->id, append.id);
  EXPECT_EQ(reply.leaf->content, sha256(append.bytes));
  EXPECT_EQ(reply.leaf->chain, world.mail(b).entries.back().entry.chain);
  EXPECT_EQ(world.mail(b).entries.back().after, reply.after);
}

// P-032
TEST_F(Streams, SameIdAndBytesIsTheSameEntryOtherBytesAreRefused) {
  const ConversationId stream = world.create(a, {b.id});
  wire::Append append = world.message(stream, 0, "once");
  const Reply first = world.ask(a, append);
  world.ask(a, world.message(stream, 0, "other"));
  const Reply again = world.ask(a, append);
  EXPECT_EQ(*again.leaf, *first.leaf);
  EXPECT_EQ(again.after, first.after);
  world.crash_after_snapshot();
  world.connect(a);
  EXPECT_EQ(*world.ask(a, append).leaf, *first.leaf);
  append.bytes.push_back('!');
  EXPECT_EQ(world.ask(a, append).code(), Errc::kAlreadyExists);
  append.bytes.pop_back();
  append.kind = EntryKind::kProposal;
  EXPECT_EQ(world.ask(a, append).code(), Errc::kAlreadyExists);
}

// P-032: "4,096 last"
TEST_F(Streams, RemembersTheLast4096IdsThoughTheEntriesAreGone) {
  const ConversationId stream = world.create(a, {});
  const wire::Append oldest = world.message(stream, 0, "oldest");
  const Reply first = world.ask(a, oldest);
  world.checks = false;
  for (std::size_t i = 0; i < limits::kMessageIdsRememberedPerStream - 1; ++i) {
    world.ask(a, world.message(stream, 0, "x"));
  }
  world.ack(a, stream, 1'000'000);
  world.advance(Millis(300));
  world.checks = true;
  EXPECT_EQ(world.core->counters().entries_kept, 0U);
  EXPECT_EQ(*world.ask(a, oldest).leaf, *first.leaf);
  world.ask(a, world.message(stream, 0, "one more"));
  EXPECT_GT(world.ask(a, oldest).leaf->seq, first.leaf->seq);  // forgotten: a new entry
}

// P-033
TEST_F(Streams, CreatingAStreamThatExistsIsRefused) {
  const ConversationId stream = world.create(a, {b.id});
  wire::Append append = world.message(stream, 0, "again");
  append.create = true;
  EXPECT_EQ(world.ask(a, append).code(), Errc::kAlreadyExists);
  EXPECT_EQ(world.ask(c, append).code(), Errc::kAlreadyExists);
}

// P-033: with a first commit, who is added enters after it, and the epoch is the next.
TEST_F(Streams, CreatingWithACommitBeginsInTheNextEpoch) {
  wire::Append append = commit(world.id<ConversationId>(), 0, {b.id}, {});
  append.create = true;
  ASSERT_TRUE(world.ask(a, append).leaf.has_value());
  EXPECT_EQ(world.mail(b).entries.at(0).welcome->seq, 1U);
  EXPECT_TRUE(world.seqs(b, append.stream).empty());
  EXPECT_TRUE(world.ask(b, commit(append.stream, 1, {c.id}, {})).leaf.has_value());
}

// P-035
TEST_F(Streams, FirstCommitOfAnEpochWinsTheOtherIsToldTheEpoch) {
  const ConversationId stream = world.create(a, {b.id});
  EXPECT_TRUE(world.ask(a, commit(stream, 0, {c.id}, {})).leaf.has_value());
  const Reply lost = world.ask(b, commit(stream, 0, {d.id}, {}));
  ASSERT_EQ(lost.code(), Errc::kStaleEpoch);
  EXPECT_EQ(lost.refusal().current_epoch, 1U);
  EXPECT_TRUE(world.mail(d).entries.empty());
  EXPECT_EQ(world.ask(b, commit(stream, 2, {d.id}, {})).code(), Errc::kStaleEpoch);  // of an epoch to come
}

// P-035
TEST_F(Streams, ApplicationMessagesOfTwoEpochsBackAndProposalsOfThisOneOnly) {
  const ConversationId stream = world.create(a, {b.id});
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) world.ask(a, commit(stream, epoch, {}, {}));
  EXPECT_EQ(world.ask(b, world.message(stream, 0, "x")).code(), Errc::kStaleEpoch);
  EXPECT_TRUE(world.ask(b, world.message(stream, 1, "x")).leaf.has_value());
  EXPECT_TRUE(world.ask(b, world.message(stream, 3, "x")).leaf.has_value());
  EXPECT_EQ(world.ask(b, world.message(stream, 4, "x")).code(), Errc::kStaleEpoch);
  wire::Append proposal = world.message(stream, 2, "p");
  proposal.kind = EntryKind::kProposal;
  EXPECT_EQ(world.ask(b, proposal).code(), Errc::kStaleEpoch);
  proposal.epoch = 3;
  EXPECT_TRUE(world.ask(b, proposal).leaf.has_value());
}

// P-035: whoever was added has no keys of the epochs before: what was encrypted in them is encrypted anew.
TEST_F(Streams, WordsOfAnEpochBeforeTheLastNewcomerAreSentBack) {
  const ConversationId stream = world.create(a, {b.id});
  world.ask(a, commit(stream, 0, {c.id}, {}));
  const Reply late = world.ask(b, world.message(stream, 0, "x"));
  ASSERT_EQ(late.code(), Errc::kStaleEpoch);
  EXPECT_EQ(late.refusal().current_epoch, 1U);
  EXPECT_TRUE(world.seqs(c, stream).empty());
  // A commit that adds nobody sends nothing back.
  world.ask(a, commit(stream, 1, {}, {}));
  EXPECT_TRUE(world.ask(b, world.message(stream, 1, "x")).leaf.has_value());
  EXPECT_EQ(world.ask(b, world.message(stream, 0, "x")).code(), Errc::kStaleEpoch);
  world.crash_after_snapshot();
  world.connect(b);
  EXPECT_TRUE(world.ask(b, world.message(stream, 1, "y")).leaf.has_value());
  EXPECT_EQ(world.ask(b, world.message(stream, 0, "y")).code(), Errc::kStaleEpoch);
}

// P-078
TEST_F(Streams, AMemberAsksToComeBackInAnyEpoch) {
  const ConversationId stream = world.create(a, {b.id});
  for (std::uint64_t epoch = 0; epoch < 4; ++epoch) world.ask(a, commit(stream, epoch, {}, {}));
  wire::Append asking = world.message(stream, 0, "let me in");
  asking.kind = EntryKind::kRejoin;
  EXPECT_TRUE(world.ask(b, asking).leaf.has_value());
  EXPECT_EQ(world.mail(a).entries.back().entry.kind, EntryKind::kRejoin);
  EXPECT_EQ(world.ask(c, asking).code(), Errc::kNotMember);
  asking.id = world.id<MessageId>();
  asking.epoch = 4;
  EXPECT_EQ(world.ask(b, asking).code(), Errc::kInvalidValue);
  asking.epoch = 0;
  asking.stream = world.id<ConversationId>();
  asking.create = true;
  EXPECT_EQ(world.ask(b, asking).code(), Errc::kInvalidValue);
}

// P-079
TEST_F(Streams, HelloSaysWhereEachStreamOfTheDeviceStands) {
  const ConversationId stream = world.create(a, {b.id, c.id});
  world.ask(a, world.message(stream, 0, "x"));
  world.ask(a, commit(stream, 0, {}, {c.id}));
  world.ack(b, stream, 2);
  world.disconnect(b);
  world.connect(b);
  const auto hello = world.ask(b, wire::Hello{"again"}).as<wire::HelloReply>();
  ASSERT_EQ(hello.positions.size(), 2U);
  EXPECT_EQ(hello.positions[0], (wire::StreamPosition{wire::kInbox, 0, 1}));
  EXPECT_EQ(hello.positions[1], (wire::StreamPosition{stream, 2, 3}));
  const auto removed = world.ask(c, wire::Hello{"again"}).as<wire::HelloReply>();
  EXPECT_EQ(removed.positions.size(), 1U) << "it is no member any more";
}

// P-036
TEST_F(Streams, OnlyMembersAppend) {
  const ConversationId stream = world.create(a, {b.id});
  EXPECT_EQ(world.ask(c, world.message(stream, 0, "x")).code(), Errc::kNotMember);
  EXPECT_EQ(world.ask(c, world.message(world.id<ConversationId>(), 0, "x")).code(), Errc::kNotFound);
  EXPECT_EQ(world.ask(c, world.message(wire::kInbox, 0, "x")).code(), Errc::kInvalidValue);
  wire::Append inbox_kind = world.message(stream, 0, "x");
  inbox_kind.kind = EntryKind::kAlert;
  EXPECT_EQ(world.ask(a, inbox_kind).code(), Errc::kInvalidValue);
}

// P-036
TEST_F(Streams, RemovedMemberGetsTheCommitThatRemovesItAndNothingAfter) {
  const ConversationId stream = world.create(a, {b.id, c.id});
  world.ask(a, commit(stream, 0, {}, {b.id}));
  world.ask(a, world.message(stream, 1, "without b"));
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(world.seqs(c, stream), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(world.ask(b, world.message(stream, 1, "x")).code(), Errc::kNotMember);
  world.disconnect(b);  // and once more, as it has acknowledged nothing
  world.connect(b);
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{1, 2}));
  world.ack_all(b);
  world.advance(Millis(300));
  world.disconnect(b);
  world.connect(b);
  EXPECT_TRUE(world.seqs(b, stream).empty());
}

// P-036: removed and added again in one commit begins anew with its welcome.
TEST_F(Streams, MemberAddedAgainEntersAfterItsNewCommit) {
  const ConversationId stream = world.create(a, {b.id});
  world.ask(a, commit(stream, 0, {}, {b.id}));
  world.ask(a, commit(stream, 1, {b.id}, {}));
  world.ask(a, world.message(stream, 2, "again"));
  world.ask(a, commit(stream, 2, {b.id}, {b.id}));
  world.ask(a, world.message(stream, 3, "once more"));
  world.disconnect(b);
  world.connect(b);
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{6}));
  EXPECT_EQ(world.mail(b).entries[2].welcome->seq, 5U);
}

TEST_F(Streams, NonsenseMembershipIsRefused) {
  const ConversationId stream = world.create(a, {b.id});
  EXPECT_EQ(world.ask(a, commit(stream, 0, {b.id}, {})).code(), Errc::kInvalidValue);
  EXPECT_EQ(world.ask(a, commit(stream, 0, {c.id, c.id}, {})).code(), Errc::kInvalidValue);
  EXPECT_EQ(world.ask(a, commit(stream, 0, {}, {c.id})).code(), Errc::kInvalidValue);
  EXPECT_EQ(world.ask(a, commit(stream, 0, {}, {a.id})).code(), Errc::kInvalidValue);
  EXPECT_EQ(world.ask(a, commit(stream, 0, {world.id<DeviceId>()}, {})).code(), Errc::kNotFound);
  wire::Append silent = commit(stream, 0, {c.id}, {});
  silent.welcome.clear();
  EXPECT_EQ(world.ask(a, silent).code(), Errc::kInvalidValue);
  wire::Append message = world.message(stream, 0, "x");
  message.added = {c.id};
  message.welcome = Bytes(3, 3);
  EXPECT_EQ(world.ask(a, message).code(), Errc::kInvalidValue);
  world.revoke({d.id});
  EXPECT_EQ(world.ask(a, commit(stream, 0, {d.id}, {})).code(), Errc::kRevoked);
}

// P-005, P-090
TEST_F(Streams, TooLargeIsRefusedAndNothingIsStored) {
  const ConversationId stream = world.create(a, {b.id});
  const auto before = world.core->last_index();
  wire::Append append = world.message(stream, 0, "");
  append.bytes = Bytes(limits::kEntryBytesMax + 1, 1);
  EXPECT_EQ(world.ask(a, append).code(), Errc::kTooLarge);
  EXPECT_EQ(world.core->last_index(), before);
}

// P-038
TEST_F(Streams, EntryGoesWhenEveryMemberHasAcknowledgedIt) {
  const ConversationId stream = world.create(a, {b.id});
  const JournalIndex record = world.core->last_index();
  const auto lives = [&] {
    const auto live = world.core->live_records();
    return std::find(live.begin(), live.end(), record) != live.end();
  };
  world.ack(a, stream, 1);
  world.advance(Millis(300));
  EXPECT_TRUE(lives());
  world.ack(b, stream, 1);
  world.advance(Millis(300));
  EXPECT_TRUE(lives());  // the welcome is in the same record, and still in b's inbox
  world.ack(b, wire::kInbox, 1);
  world.advance(Millis(300));
  EXPECT_FALSE(lives());
  EXPECT_EQ(world.core->counters().entries_kept, 0U);
}

// P-038
TEST_F(Streams, EntryGoesAfterThirtyDays) {
  const ConversationId stream = world.create(a, {b.id});
  world.disconnect(b);
  world.advance(limits::kEntryRetention - std::chrono::hours(2));
  world.ask(a, world.message(stream, 0, "young"));
  EXPECT_EQ(world.core->counters().entries_kept, 3U);
  world.advance(std::chrono::hours(4));
  EXPECT_EQ(world.core->counters().entries_kept, 1U);
  world.connect(b);
  EXPECT_EQ(world.seqs(b, stream), std::vector<std::uint64_t>{2});
}

// An hour's sweep must not hold up a call, however much has grown old at once.
TEST_F(Streams, OldEntriesGoABoundedNumberAStepAndAllInTheEnd) {
  constexpr std::uint64_t kAStep = 5'000;
  world.checks = false;
  const ConversationId stream = world.create(a, {b.id});
  world.disconnect(b);
  for (std::uint64_t i = 0; i < kAStep + 500; ++i) world.ask(a, world.message(stream, 0, "old"));
  world.sleep(limits::kEntryRetention + std::chrono::hours(1));
  std::uint64_t kept = world.core->counters().entries_kept;
  ASSERT_GT(kept, kAStep);
  for (int steps = 0; steps < 100 && kept > 0; ++steps) {
    world.now = std::max(world.now, world.core->next_deadline());
    world.run(Tick{});
    const std::uint64_t left = world.core->counters().entries_kept;
    EXPECT_LE(kept - left, kAStep);
    kept = left;
  }
  EXPECT_EQ(kept, 0U);
}

// P-037: an Ack is not answered, and its record waits for others.
TEST_F(Streams, AcksAreBatchedIntoOneRecord) {
  const ConversationId stream = world.create(a, {b.id, c.id});
  const auto before = world.journal.size();
  world.ack(a, stream, 1);
  world.ack(b, stream, 1);
  world.ack(b, wire::kInbox, 1);
  world.ack(c, stream, 1);
  EXPECT_EQ(world.journal.size(), before);
  world.advance(Millis(200));
  EXPECT_EQ(world.journal.size(), before + 1);
}

TEST_F(Streams, AckPastTheHeadOrOfAnUnknownStreamHarmsNothing) {
  const ConversationId stream = world.create(a, {b.id});
  world.ack(b, stream, 1'000'000);
  world.ack(b, world.id<ConversationId>(), 5);
  world.ack(b, wire::kInbox, ~std::uint64_t{0});
  world.advance(Millis(300));
  world.ask(a, world.message(stream, 0, "next"));
  EXPECT_EQ(world.seqs(b, stream), (std::vector<std::uint64_t>{1, 2}));
}

// Two commits at the same millisecond, one drain: what was acknowledged is durable before the end.
TEST_F(Streams, DrainMakesAcksDurable) {
  const ConversationId stream = world.create(a, {b.id});
  world.ack(b, stream, 1);
  world.drain();
  world.crash();
  world.connect(b);
  EXPECT_TRUE(world.seqs(b, stream).empty());
}

}  // namespace
}  // namespace nattevagt::broker::testing
