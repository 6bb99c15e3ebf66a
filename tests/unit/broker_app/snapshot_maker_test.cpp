// A snapshot is made beside the hub, from the journal alone (snapshot_maker.h).
#include "broker/app/snapshot_maker.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <numeric>

#include "tests/unit/broker_app/memory_journal.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker {
namespace {

class SnapshotMakerTest : public ::testing::Test {
 protected:
  SnapshotMakerTest() {
    world_.checks = false;
    world_.connect(a_);
    world_.connect(b_);
    room_ = world_.create(a_, {b_.id});
  }
  void say(int times) {
    for (int i = 0; i < times; ++i) world_.ask(a_, world_.message(room_, 0, "words"));
    world_.ack_all(b_);
    world_.advance(std::chrono::seconds(1));
  }
  void store() {
    const auto stored = std::span(world_.journal).subspan(journal_.size());
    ASSERT_TRUE(journal_.append(stored));
  }
  SnapshotMaker::Wanted now() const { return {world_.core->last_index(), world_.core->audit_point()}; }
  Result<Compaction> make(const SnapshotMaker::Wanted& wanted) {
    maker_->begin(wanted);
    while (true) {
      if (auto made = maker_->take()) return std::move(*made);
      pollfd wait{wake_.descriptor(), POLLIN, 0};
      if (::poll(&wait, 1, 60'000) != 1) return fail(Errc::kTimeout, "it never came");
      wake_.clear();
    }
  }

  testing::World world_;
  testing::TestDevice a_ = world_.enrol(), b_ = world_.enrol();
  ConversationId room_;
  MemoryJournal journal_;
  Wake wake_;
  std::unique_ptr<SnapshotMaker> maker_ =
      std::make_unique<SnapshotMaker>(journal_, world_.config(), wake_);
};

TEST_F(SnapshotMakerTest, MakesWhatTheServingCoreWouldHaveWrittenFromTheLastSnapshotAndAFewRecordsAtATime) {
  say(10);
  journal_.set_snapshot({world_.core->last_index(), world_.core->snapshot()});
  const JournalIndex from = world_.core->last_index();
  say(static_cast<int>(2 * kRecordsFoldedAtOnce));
  const SnapshotMaker::Wanted wanted = now();
  const Bytes bytes = world_.core->snapshot();
  const auto live = world_.core->live_records();
  say(50);  // what came meanwhile is not in it
  store();
  const auto made = make(wanted);
  ASSERT_TRUE(made) << made.error().where;
  EXPECT_EQ(made->snapshot.index, wanted.index);
  EXPECT_EQ(made->snapshot.bytes, bytes);
  EXPECT_EQ(made->live, live);
  const auto reads = journal_.reads_beside();
  EXPECT_LE(*std::max_element(reads.begin(), reads.end()), kRecordsFoldedAtOnce);
  EXPECT_EQ(reads.size(), (wanted.index - from + kRecordsFoldedAtOnce - 1) / kRecordsFoldedAtOnce);
  // And again, from this one.
  journal_.set_snapshot(made->snapshot);
  const auto next = make(now());
  ASSERT_TRUE(next);
  EXPECT_EQ(next->snapshot.bytes, world_.core->snapshot());
}

TEST_F(SnapshotMakerTest, AJournalThatLeadsElsewhereGivesNone) {
  say(10);
  store();
  SnapshotMaker::Wanted wanted = now();
  wanted.audit.chain[0] ^= 1;
  EXPECT_EQ(make(wanted).error().code, Errc::kCorrupt) << "another state";
  wanted = now();
  wanted.index += 1;
  EXPECT_EQ(make(wanted).error().code, Errc::kCorrupt) << "a record that is not there";
  EXPECT_TRUE(make(now()));
}

}  // namespace
}  // namespace nattevagt::broker
