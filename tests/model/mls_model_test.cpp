// Random play of a whole group beside a naive twin. The twin knows no cryptography: who is a member, which
// epoch it is, which proposals wait, and who may read which message. After each operation every real group
// must agree with the twin and with every other.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::World;

class Play {
 public:
  explicit Play(std::uint64_t seed) : world_(seed), dice_(seed + 1'000'000) {
    devices_.push_back(world_.device("founder"));
    groups_.push_back(world_.create(devices_[0]));
    members_.insert(0);
  }

  void step() {
    switch (roll(12)) {
      case 0:
      case 1: commit_adds(); break;
      case 2: commit_remove(); break;
      case 3: commit_path(); break;
      case 4: propose_and_commit(); break;
      case 5: lose_a_race(); break;
      case 6: restore_one(); break;
      case 7: discard(); break;
      case 8: hear_late(); break;
      default: talk(); break;
    }
    check();
  }

 private:
  struct Late {
    Bytes message;
    std::uint64_t epoch;
    std::size_t sender;
    std::set<std::size_t> owed;  // members of that epoch that have not heard it
  };

  std::size_t roll(std::size_t sides) {
    std::array<std::uint8_t, 4> draw{};
    dice_.fill(draw);
    return (std::size_t{draw[0]} * 65536 + std::size_t{draw[1]} * 256 + draw[2]) % sides;
  }
  std::size_t any_member() {
    auto at = members_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(roll(members_.size())));
    return *at;
  }
  HandshakeFormat any_format() { return roll(3) == 0 ? HandshakeFormat::kPublic : HandshakeFormat::kPrivate; }

  void deliver(std::size_t committer, const CommitResult& made, const std::vector<std::size_t>& added,
               const std::set<std::size_t>& removed) {
    for (const std::size_t member : members_) {
      if (member == committer) {
        EXPECT_TRUE(groups_[member].apply_pending().has_value());
        continue;
      }
      const Processed done = world_.process(groups_[member], made.commit);
      EXPECT_EQ(std::holds_alternative<RemovedFromGroup>(done), removed.contains(member));
    }
    for (const std::size_t gone : removed) members_.erase(gone);
    EXPECT_EQ(made.welcome.has_value(), !added.empty());
    for (const std::size_t joiner : added) {
      groups_.push_back(world_.join(*made.welcome, devices_[joiner]));
      members_.insert(joiner);
    }
    ++epoch_;
  }

  void commit_adds() {
    if (members_.size() > 12) return commit_remove();
    CommitRequest request;
    request.format = any_format();
    request.force_path = roll(2) == 0;
    std::vector<std::size_t> added;
    for (std::size_t i = roll(3) + 1; i > 0; --i) {
      added.push_back(devices_.size());
      devices_.push_back(world_.device("device" + std::to_string(devices_.size())));
      request.adds.push_back(devices_.back().bundle.message());
    }
    const std::size_t committer = any_member();
    const CommitResult made = world_.commit(groups_[committer], request);
    deliver(committer, made, added, {});
  }

  void commit_remove() {
    if (members_.size() < 2) return;
    const std::size_t committer = any_member();
    const std::size_t target = any_member();
    if (target == committer) return;
    CommitRequest request;
    request.format = any_format();
    request.removes = {groups_[target].own_leaf()};
    deliver(committer, world_.commit(groups_[committer], request), {}, {target});
  }

  void commit_path() {
    const std::size_t committer = any_member();
    deliver(committer, world_.commit_path(groups_[committer]), {}, {});
  }

  // Some members propose; one commits all that it has seen.
  void propose_and_commit() {
    if (members_.size() < 3) return;
    const std::size_t committer = any_member();
    std::set<std::size_t> removed;
    for (std::size_t i = roll(3) + 1; i > 0; --i) {
      const std::size_t proposer = any_member();
      const std::size_t target = any_member();
      const bool remove = target != committer && target != proposer && roll(2) == 0;
      const Bytes proposal = remove
                                 ? World::get(groups_[proposer].propose_remove(groups_[target].own_leaf(),
                                                                               world_.entropy, any_format()))
                                 : World::get(groups_[proposer].propose_update(world_.entropy, any_format()));
      if (remove) removed.insert(target);
      for (const std::size_t member : members_) {
        const Processed done = world_.process(groups_[member], proposal);
        EXPECT_EQ(std::holds_alternative<OwnMessage>(done), member == proposer);
      }
    }
    deliver(committer, world_.commit(groups_[committer], {}), {}, removed);
  }

  // Two commit at once; the hub takes the second.
  void lose_a_race() {
    if (members_.size() < 2) return;
    const std::size_t loser = any_member();
    const std::size_t winner = any_member();
    if (loser == winner) return;
    const Bytes lost = world_.commit_path(groups_[loser]).commit;
    const CommitResult won = world_.commit_path(groups_[winner]);
    deliver(winner, won, {}, {});
    EXPECT_FALSE(groups_[loser].has_pending_commit());
    EXPECT_EQ(world_.error(groups_[winner], lost), Errc::kStaleEpoch);
  }

  void restore_one() {
    const std::size_t member = any_member();
    groups_[member] =
        World::get(Group::restore(groups_[member].save_epoch().expose(),
                                  groups_[member].save_ratchets().expose(), devices_[member].key));
  }

  void discard() {
    const std::size_t member = any_member();
    world_.commit_path(groups_[member]);
    groups_[member].discard_pending();
  }

  void talk() {
    const std::size_t sender = any_member();
    const std::string text = "message " + std::to_string(++spoken_);
    const Bytes message = world_.protect(groups_[sender], text);
    Late late{message, epoch_, sender, {}};
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (i == sender) continue;
      if (!members_.contains(i)) {
        EXPECT_FALSE(groups_[i].process(message, world_.validation()).has_value()) << "a stranger read it";
      } else if (roll(4) == 0) {
        late.owed.insert(i);
      } else {
        EXPECT_EQ(world_.read(groups_[i], message), text);
        EXPECT_EQ(world_.error(groups_[i], message), Errc::kGenerationUsed);
      }
    }
    if (!late.owed.empty()) late_.push_back(std::move(late));
  }

  void hear_late() {
    if (late_.empty()) return;
    const std::size_t at = roll(late_.size());
    const Late late = late_[at];
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(at));
    for (const std::size_t owed : late.owed) {
      if (!members_.contains(owed)) continue;
      const Result<Processed> done = groups_[owed].process(late.message, world_.validation());
      EXPECT_EQ(done.has_value(), epoch_ - late.epoch <= kPastEpochsMax) << epoch_ - late.epoch;
    }
  }

  void check() {
    const Group& first = groups_[*members_.begin()];
    std::set<std::string> names;
    for (const std::size_t member : members_) names.insert(devices_[member].name);
    for (const std::size_t member : members_) {
      const Group& group = groups_[member];
      ASSERT_EQ(group.epoch(), epoch_);
      ASSERT_EQ(group.epoch_authenticator(), first.epoch_authenticator());
      std::set<std::string> seen;
      for (const Member& other : group.members())
        seen.insert(std::string(as_text(other.credential.identity)));
      ASSERT_EQ(seen, names);
      ASSERT_TRUE(group.active());
    }
    for (std::size_t i = 0; i < groups_.size(); ++i) ASSERT_EQ(groups_[i].active(), members_.contains(i));
  }

  World world_;
  SeededEntropy dice_;
  std::vector<Device> devices_;
  std::vector<Group> groups_;
  std::set<std::size_t> members_;
  std::vector<Late> late_;
  std::uint64_t epoch_ = 0;
  std::uint64_t spoken_ = 0;
};

TEST(MlsModel, RandomPlayAgreesWithTheNaiveTwin) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Play play(seed);
    for (int i = 0; i < 60 && !testing::Test::HasFatalFailure(); ++i) play.step();
  }
}

}  // namespace
}  // namespace nattevagt::mls
