// The commit thread: nothing leaves before it is stored, whatever the disk does (committer.h).
#include "broker/app/committer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "proto/common/system.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"
#include "tests/unit/broker_app/memory_journal.h"

namespace nattevagt::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

wire::ReceiptLeaf leaf_of(std::uint64_t seq) {
  wire::ReceiptLeaf leaf;
  leaf.seq = seq;
  leaf.stream.bytes[0] = 1;
  leaf.stored_at = from_unix_ms(1'800'000'000'000);
  leaf.id.bytes[0] = static_cast<std::uint8_t>(seq);
  return leaf;
}

Batch batch_of(JournalIndex first, std::size_t count) {
  Batch batch;
  for (JournalIndex index = first; index < first + count; ++index) {
    batch.records.push_back(record_with(index, Bytes(10, 1)));
    batch.effects.push_back({index, SendReceipt{index, 7, index, leaf_of(index)}});
  }
  return batch;
}

class CommitterTest : public ::testing::Test {
 protected:
  CommitterTest() { restart(0); }
  void restart(JournalIndex durable) {
    committer_ = std::make_unique<Committer>(journal_, key_, durable, 1 << 20, wake_);
  }
  std::optional<Committed> wait_committed(steady_clock::duration patience = seconds(30)) {
    const auto until = steady_clock::now() + patience;
    while (steady_clock::now() < until) {
      if (auto done = committer_->take()) return done;
      pollfd wait{wake_.descriptor(), POLLIN, 0};
      ::poll(&wait, 1, 5);
    }
    return std::nullopt;
  }
  bool wait_until(const std::function<bool()>& done) {
    const auto until = steady_clock::now() + seconds(60);
    while (steady_clock::now() < until) {
      if (done()) return true;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
  }

  SystemEntropy entropy_;
  SignKey key_ = SignKey::generate(entropy_);
  MemoryJournal journal_;
  Wake wake_;
  std::unique_ptr<Committer> committer_;
};

TEST_F(CommitterTest, GivesOneSignedTreeForAGroupCommit) {
  committer_->submit(batch_of(1, 5));
  const auto done = wait_committed();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->durable, 5U);
  ASSERT_EQ(done->ready.size(), 5U);
  std::set<Signature> signatures;
  for (const Ready& ready : done->ready) {
    const auto& frame = std::get<ReadyFrame>(ready);
    const auto decoded = wire::decode_hub_frame(*frame.bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->request, frame.request);
    const auto& receipt = std::get<wire::Stored>(decoded->body).receipt;
    EXPECT_TRUE(wire::verify_receipt(receipt, key_.public_key()));
    EXPECT_EQ(receipt.count, 5U);
    signatures.insert(receipt.signature);
  }
  EXPECT_EQ(signatures.size(), 1U);
}

TEST_F(CommitterTest, WhatTheDiskRefusesIsTriedAgainInOrderAndNothingLeavesMeanwhile) {
  for (const Errc failure : {Errc::kNoSpace, Errc::kStorage}) {
    journal_.fail_with(failure);
    const std::size_t tries = journal_.tries();
    const JournalIndex next = journal_.size() + 1;
    committer_->submit(batch_of(next, 3));
    ASSERT_TRUE(wait_until([&] { return journal_.tries() >= tries + 3; }));
    EXPECT_EQ(committer_->trouble(seconds(60)), failure);
    EXPECT_FALSE(committer_->take()) << "an answer for what is not stored";
    EXPECT_FALSE(committer_->free());
    journal_.fail_with(std::nullopt);
    const auto done = wait_committed();
    ASSERT_TRUE(done);
    EXPECT_EQ(done->durable, next + 2);
    EXPECT_EQ(done->ready.size(), 3U);
    EXPECT_FALSE(committer_->trouble(seconds(60)));
    ASSERT_TRUE(wait_until([&] { return committer_->free(); }));
  }
  EXPECT_EQ(journal_.size(), 6U);
}

TEST_F(CommitterTest, StopsWhileTheDiskRefuses) {
  journal_.fail_with(Errc::kNoSpace);
  committer_->submit(batch_of(1, 1));
  ASSERT_TRUE(wait_until([&] { return journal_.tries() >= 1; }));
  committer_.reset();
  EXPECT_EQ(journal_.size(), 0U);
}

TEST_F(CommitterTest, DamageIsTheEnd) {
  journal_.fail_with(Errc::kCorrupt);
  committer_->submit(batch_of(1, 1));
  ASSERT_TRUE(wait_until([&] { return committer_->fatal(); }));
  EXPECT_FALSE(committer_->take());
}

TEST_F(CommitterTest, ReadsTheBodiesOfItsEffectsBeforeItCompactsThemAway) {
  // An old record that is not in the cache: the effect still holds it.
  ASSERT_TRUE(journal_.append(std::vector<Record>{record_with(1, Bytes(100, 42))}));
  restart(1);
  Batch batch;
  SendEntry entry;
  entry.session = 7;
  entry.after = 1;
  entry.entry.stream.bytes[0] = 3;
  entry.entry.seq = 1;
  entry.entry.stored_at = from_unix_ms(1'800'000'000'000);
  entry.entry.kind = wire::EntryKind::kApplication;
  entry.entry.id.bytes[0] = 1;
  entry.body = BodyRef{1, 0};
  batch.effects.push_back({1, entry});
  batch.compaction = Compaction{{1, Bytes{1}}, {}, {}};
  committer_->submit(std::move(batch));
  const auto done = wait_committed();
  ASSERT_TRUE(done && done->ready.size() == 1);
  const auto decoded = wire::decode_hub_frame(*std::get<ReadyFrame>(done->ready[0]).bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<wire::Entry>(decoded->body).bytes, Bytes(100, 42));
  std::optional<Status> compacted;
  ASSERT_TRUE(wait_until([&] { return (compacted = committer_->take_compaction()).has_value(); }));
  EXPECT_TRUE(*compacted);
  EXPECT_EQ(journal_.size(), 0U);
}

// A night's compaction of a large journal takes many pieces: a call waits for one of them.
TEST_F(CommitterTest, WhatIsSubmittedDuringACompactionWaitsForOnePieceAndNotForTheRest) {
  constexpr std::size_t kPieces = 1'000;
  journal_.compact_in(kPieces);
  Batch first = batch_of(1, 1);
  first.compaction = Compaction{{1, Bytes{1}}, {}, {}};
  committer_->submit(std::move(first));
  ASSERT_TRUE(wait_committed());
  for (JournalIndex round = 0; round < 3; ++round) {
    // The thread stands at the door of a piece.
    ASSERT_TRUE(wait_until([&] { return journal_.pieces_asked().size() == 2 * round + 1; }));
    ASSERT_TRUE(committer_->free());
    committer_->submit(batch_of(2 + round, 1));
    journal_.allow(1);
    const auto done = wait_committed();
    ASSERT_TRUE(done) << "it waits for more than one piece";
    EXPECT_EQ(done->durable, 2 + round);
    EXPECT_FALSE(committer_->take_compaction());
    ASSERT_TRUE(wait_until([&] { return journal_.pieces_asked().size() == 2 * round + 2; }));
    journal_.allow(1);
  }
  journal_.allow(kPieces);
  std::optional<Status> compacted;
  ASSERT_TRUE(wait_until([&] { return (compacted = committer_->take_compaction()).has_value(); }));
  EXPECT_TRUE(*compacted);
  EXPECT_EQ(journal_.pieces_asked(), std::vector<std::size_t>(kPieces, kCompactionPages));
}

TEST_F(CommitterTest, ACompactionGoesTwiceAsFastAsTheJournalGrows) {
  journal_.compact_in(2);
  Batch large = batch_of(1, 2 * kCompactionPages);
  large.records[0].bodies[0] = Bytes(80 * 8'192, 1);
  large.compaction = Compaction{{1, Bytes{1}}, {}, {}};
  journal_.allow(2);
  committer_->submit(std::move(large));
  ASSERT_TRUE(wait_committed());
  ASSERT_TRUE(wait_until([&] { return committer_->take_compaction().has_value(); }));
  EXPECT_EQ(journal_.pieces_asked(),
            (std::vector<std::size_t>{2 * (2 * kCompactionPages + 80), kCompactionPages}));
}

TEST_F(CommitterTest, StopsInTheMiddleOfACompaction) {
  constexpr std::size_t kWithoutEnd = std::size_t{1} << 60;
  journal_.compact_in(kWithoutEnd);
  journal_.allow(kWithoutEnd);
  Batch batch = batch_of(1, 1);
  batch.compaction = Compaction{{1, Bytes{1}}, {}, {}};
  committer_->submit(std::move(batch));
  ASSERT_TRUE(wait_until([&] { return journal_.pieces_asked().size() >= 4; }));
  committer_.reset();
}

using CommitterDeathTest = CommitterTest;

TEST_F(CommitterDeathTest, P060AnEffectThatIsAheadOfTheDiskEndsTheProcess) {
  // The child is this program from the start: a forked one would have no commit thread.
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        Batch batch = batch_of(1, 1);
        batch.effects.push_back({2, SendReceipt{2, 7, 2, leaf_of(2)}});
        committer_->submit(std::move(batch));
        wait_committed(seconds(5));
      },
      "invariant broken");
}

}  // namespace
}  // namespace nattevagt::broker
