// A group of up to 30 members through random operations, beside a naive twin (mls_twin.h). The hub orders
// commits by epoch and nothing else: members hear late, out of order and twice, or never and come back from
// outside; they are restored from their blobs at any point, and from old ones; commits mix in pre-shared keys;
// some members branch off; at the end the group is re-initialised and all meet in its successor. Whatever a
// member does, it must agree with the twin, and with every other that is in its epoch.
//
// NATTEVAGT_MODEL_SEEDS: how many; NATTEVAGT_MODEL_SEED: one alone, to look at a failure.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "tests/model/mls_twin.h"
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using model::ClientId;
using model::EpochLog;
using model::Place;
using model::Reading;
using model::Twin;
using test::Device;
using test::World;

constexpr std::size_t kMembersMax = 30;
constexpr std::size_t kClients = 36;
constexpr int kSteps = 1000;
constexpr std::uint64_t kSeeds = 3;

class Play {
 public:
  explicit Play(std::uint64_t seed) : world_(seed), dice_(seed + 1'000'000) {
    for (ClientId i = 0; i < kClients; ++i) devices_.push_back(world_.device("device" + std::to_string(i)));
    groups_.resize(kClients);
    invitations_.resize(kClients);
    twin_.places.resize(kClients);
    groups_[0] = world_.create(devices_[0]);
    twin_.epochs[0].roster = {0};
    twin_.arrive(0, 0);
    look(0);
    world_.psks.add("ward key", "known to all");
  }

  void step() {
    const std::size_t dice = roll(100);
    if (dice < 22) return speak();
    if (dice < 48) return hear();
    if (dice < 68) return catch_up();
    if (dice < 76) return propose();
    if (dice < 90) return commit();
    if (dice < 93) return come_from_outside();
    if (dice < 95) return hear_commit_out_of_order();
    if (dice < 97) return restore();
    if (dice < 98) return keep_backup();
    if (dice < 99) return restore_backup();
    branch();
  }
  void finish() {
    for (ClientId who = 0; who < kClients; ++who) {
      for (std::size_t i = 0; i < twin_.epochs.size() && !::testing::Test::HasFatalFailure(); ++i)
        catch_up(who);
    }
    for (const ClientId who : twin_.roster()) {
      if (twin_.places[who].kind == Place::Kind::kStuck) continue;
      EXPECT_EQ(twin_.places[who].at, twin_.head()) << who;
    }
    if (!::testing::Test::HasFailure()) reinit();
  }
  std::string story() const {
    std::string out;
    for (const std::string& line : story_) out += line + "\n";
    return out;
  }
  std::map<std::string, int> counts;  // how often each thing was tried: a play that skips one proves nothing

 private:
  // --- dice ---------------------------------------------------------------------------------------------

  std::size_t roll(std::size_t sides) {
    std::array<std::uint8_t, 4> draw{};
    dice_.fill(draw);
    return (std::size_t{draw[0]} * 65536 + std::size_t{draw[1]} * 256 + draw[2]) % sides;
  }
  bool coin() { return roll(2) == 0; }
  HandshakeFormat format() { return roll(3) == 0 ? HandshakeFormat::kPublic : HandshakeFormat::kPrivate; }
  template <class Wanted>
  std::optional<ClientId> pick(Wanted&& wanted) {
    std::vector<ClientId> all;
    for (ClientId i = 0; i < kClients; ++i) {
      if (wanted(i)) all.push_back(i);
    }
    if (all.empty()) return std::nullopt;
    return all[roll(all.size())];
  }
  bool member(ClientId who) const { return twin_.places[who].kind == Place::Kind::kMember; }
  bool at_head(ClientId who) const { return member(who) && twin_.places[who].at == twin_.head(); }
  void tell(ClientId who, const std::string& what) {
    counts[what] += 1;
    story_.push_back("head " + std::to_string(twin_.head()) + ", client " + std::to_string(who) + " at " +
                     std::to_string(twin_.places[who].at) + ": " + what);
    if (story_.size() > 25) story_.pop_front();
  }

  // --- what must always hold ----------------------------------------------------------------------------

  // The group of `who` is as the twin says, and as every other group in that epoch.
  void look(ClientId who) {
    const Group& group = *groups_[who];
    const Place& place = twin_.places[who];
    ASSERT_EQ(group.epoch(), place.at) << who;
    ASSERT_EQ(group.active(), place.kind != Place::Kind::kRemoved) << who;
    ASSERT_EQ(group.has_pending_commit(), place.waiting) << who;
    EpochLog& epoch = twin_.epochs[place.at];
    if (!epoch.tag) epoch.tag = group.epoch_authenticator();
    ASSERT_EQ(group.epoch_authenticator(), *epoch.tag) << who;
    std::set<std::string> names;
    for (const ClientId one : epoch.roster) names.insert(devices_[one].name);
    std::set<std::string> seen;
    for (const Member& one : group.members()) seen.insert(std::string(as_text(one.credential.identity)));
    ASSERT_EQ(seen, names) << who;
  }

  // Refused with this code, and sometimes looked at closely: nothing may have changed.
  void refuse(ClientId who, ByteView message, std::initializer_list<Errc> codes) {
    Group& group = *groups_[who];
    const bool closely = roll(4) == 0;
    const SecretBytes epoch = closely ? group.save_epoch() : SecretBytes();
    const SecretBytes ratchets = closely ? group.save_ratchets() : SecretBytes();
    const Result<Processed> done = group.process(message, world_.validation());
    ASSERT_FALSE(done.has_value()) << "client " << who << " took what it must refuse";
    EXPECT_NE(std::find(codes.begin(), codes.end(), done.error().code), codes.end())
        << errc_name(done.error().code) << " at " << done.error().where;
    if (closely) {
      EXPECT_TRUE(group.save_epoch() == epoch && group.save_ratchets() == ratchets);
    }
  }

  // --- application messages -----------------------------------------------------------------------------

  void speak() {
    const auto who = pick([&](ClientId i) { return member(i); });
    if (!who) return;
    tell(*who, "speaks");
    const std::string text = "message " + std::to_string(twin_.said.size());
    twin_.said.push_back({world_.protect(*groups_[*who], text), text, twin_.places[*who].at, *who});
  }

  // Any message, to anybody that ever had a group.
  void hear() {
    if (twin_.said.empty()) return;
    const std::size_t recent = std::min<std::size_t>(twin_.said.size(), coin() ? 10 : 60);
    for (int i = 0; i < 6; ++i) {
      const auto who = pick([&](ClientId c) { return groups_[c].has_value(); });
      hear(*who, twin_.said.size() - 1 - roll(recent));
    }
  }
  void hear(ClientId who, std::size_t which) {
    const model::Said& said = twin_.said[which];
    switch (twin_.reading(who, which, kPastEpochsMax)) {
      case Reading::kPlain: {
        tell(who, "reads");
        EXPECT_EQ(world_.read(*groups_[who], said.message), said.text);
        twin_.places[who].heard.insert(which);
        if (coin()) refuse(who, said.message, {Errc::kGenerationUsed});
        break;
      }
      case Reading::kOwn:
        tell(who, "hears itself");
        expect_own(who, world_.process(*groups_[who], said.message));
        break;
      case Reading::kAgain:
        tell(who, "hears again");
        refuse(who, said.message, {Errc::kGenerationUsed});
        break;
      case Reading::kTooOld:
        tell(who, "hears too late");
        refuse(who, said.message, {Errc::kStaleEpoch});
        break;
      case Reading::kAhead:
        tell(who, "hears of an epoch ahead");
        refuse(who, said.message, {Errc::kGap});
        break;
      case Reading::kNever:
        tell(who, "hears of before its time");
        refuse(who, said.message, {Errc::kStaleEpoch});
        break;
    }
  }

  // An old backup may find out what it is whenever it hears itself.
  void expect_own(ClientId who, const Processed& heard) {
    const bool old = old_.contains(who) && std::holds_alternative<OldBackup>(heard);
    EXPECT_TRUE(old || std::holds_alternative<OwnMessage>(heard));
  }

  // --- handshakes ---------------------------------------------------------------------------------------

  void propose() {
    const auto who = pick([&](ClientId i) { return member(i); });
    if (!who || twin_.epochs[twin_.places[*who].at].roster.empty()) return;
    Group& group = *groups_[*who];
    EpochLog::Proposed made;
    made.by = *who;
    const std::size_t kind = roll(3);
    if (kind == 0) {
      tell(*who, "proposes an update");
      made.message = World::get(group.propose_update(world_.entropy, format()));
    } else if (kind == 1) {
      const std::vector<Member> members = group.members();
      const Member& target = members[roll(members.size())];
      tell(*who, "proposes a removal");
      made.removes = client_of(target);
      made.message = World::get(group.propose_remove(target.leaf, world_.entropy, format()));
    } else {
      const auto joiner = pick([&](ClientId i) { return !twin_.roster().contains(i); });
      if (!joiner || twin_.roster().size() >= kMembersMax) return;
      tell(*who, "proposes an addition");
      made.adds = *joiner;
      made.message =
          World::get(group.propose_add(invite(*joiner), world_.validation(), world_.entropy, format()));
    }
    // The hub refuses a proposal of an epoch that has passed; its maker keeps it until it catches up.
    if (!at_head(*who)) return;
    std::vector<EpochLog::Proposed>& all = twin_.epochs.back().proposals;
    twin_.places[*who].proposals.insert(all.size());
    all.push_back(std::move(made));
  }

  ClientId client_of(const Member& member) const {
    const std::string name(as_text(member.credential.identity));
    return static_cast<ClientId>(std::stoul(name.substr(6)));
  }
  // A fresh key package of a client; the bundle waits for a Welcome.
  Bytes invite(ClientId who) {
    bundles_.push_back({who, world_.package(devices_[who].name, devices_[who].key)});
    return bundles_.back().second.message();
  }

  void commit() {
    const bool in_vain = roll(8) == 0;
    const auto who =
        pick([&](ClientId i) { return member(i) && !twin_.places[i].waiting && at_head(i) != in_vain; });
    if (!who) return give_up_waiting();
    if (in_vain) return commit_in_vain(*who);
    hear_proposals(*who, /*all=*/coin());
    CommitRequest request;
    request.format = format();
    request.force_path = coin();
    request.use_pending_proposals = roll(4) != 0;
    std::vector<ClientId> adds;
    std::set<ClientId> removes;
    const std::size_t members = twin_.roster().size();
    if (roll(3) != 0 || members < 6) {
      const auto wanted = [&](ClientId i) { return !twin_.roster().contains(i); };
      for (std::size_t i = roll(members < 20 ? 5 : 3) + (members < 6 ? 2 : 0); i > 0; --i) {
        const auto joiner = pick(
            [&](ClientId c) { return wanted(c) && std::find(adds.begin(), adds.end(), c) == adds.end(); });
        if (joiner && members + adds.size() < kMembersMax) adds.push_back(*joiner);
      }
    }
    if (members > 6 && roll(3) == 0) {
      for (std::size_t i = roll(2) + 1; i > 0; --i) {
        const auto target = pick([&](ClientId c) { return twin_.roster().contains(c) && c != *who; });
        if (target && removes.insert(*target).second)
          request.removes.push_back(leaf_of(*groups_[*who], *target));
      }
    }
    for (const ClientId joiner : adds) request.adds.push_back(invite(joiner));
    const auto resumption = mix_in(*who, request, adds.empty());
    const CommitResult made = world_.commit(*groups_[*who], request);
    if (members >= 25) counts["in a group of 25 and more"] += 1;
    twin_.places[*who].waiting = true;
    Twin::Outcome outcome = twin_.outcome(*who, adds, removes, request.use_pending_proposals);
    outcome.resumption = resumption;
    after_commit(*who, made, outcome);
  }
  // RFC 9420 8.4: a key that all know; or that of an epoch, which only those have who were there. Nobody is let in
  // by such a commit: a newcomer was not there.
  std::optional<std::uint64_t> mix_in(ClientId who, CommitRequest& request, bool adds_nobody) {
    if (roll(6) == 0) {
      tell(who, "mixes in an external PSK");
      request.external_psks.push_back(to_bytes(as_bytes("ward key")));
    }
    if (!adds_nobody || roll(6) != 0) return std::nullopt;
    request.use_pending_proposals = false;
    const std::uint64_t head = twin_.head();
    std::uint64_t since = twin_.places[who].since;
    if (roll(4) != 0) {  // one that all know, as far as there is one
      for (const ClientId one : twin_.roster()) {
        since = std::max(since, invitations_[one] ? invitations_[one]->second : twin_.places[one].since);
      }
    }
    const std::uint64_t first = std::max(since, head - std::min<std::uint64_t>(head, kResumptionPsksMax));
    tell(who, "mixes in an epoch's PSK");
    request.resumption_psks.push_back(first + roll(head - first + 1));
    return request.resumption_psks.back();
  }
  LeafIndex leaf_of(const Group& group, ClientId who) const {
    for (const Member& member : group.members()) {
      if (client_of(member) == who) return member.leaf;
    }
    ADD_FAILURE() << "no leaf of " << who;
    return {};
  }

  // What the hub may do with a commit, and what its maker gets to know of it.
  void after_commit(ClientId who, const CommitResult& made, const Twin::Outcome& outcome) {
    Place& place = twin_.places[who];
    EXPECT_EQ(made.welcome.has_value(), !outcome.added.empty());
    EXPECT_EQ(made.change.removed.size(), outcome.removed.size());
    const std::size_t fate = roll(8);
    if (fate == 0) {
      tell(who, "discards its commit");
      groups_[who]->discard_pending();
      place.waiting = false;
    } else if (fate == 1) {
      tell(who, "waits for the hub");  // until another's commit wins, or for ever
    } else {
      twin_.accept(made.commit, who, outcome);
      for (const ClientId joiner : outcome.added) {
        invitations_[joiner] = std::make_pair(*made.welcome, twin_.head());
      }
      if (fate == 2) {
        tell(who, "does not hear that its commit was taken");
      } else if (fate == 3) {
        tell(who, "discards a commit that was taken");
        groups_[who]->discard_pending();
        place.waiting = false;
        lost_own_.insert(who);
      } else {
        tell(who, "commits");
        ASSERT_TRUE(groups_[who]->apply_pending().has_value());
        twin_.advance(who);
      }
    }
    look(who);
  }

  // All that could commit wait for the hub: one of them gives up.
  void give_up_waiting() {
    const auto who = pick([&](ClientId i) { return at_head(i) && twin_.places[i].waiting; });
    if (!who) return;
    groups_[*who]->discard_pending();
    twin_.places[*who].waiting = false;
    look(*who);
  }

  // Behind the head: the hub refuses it, and the winner's commit takes it away.
  void commit_in_vain(ClientId who) {
    tell(who, "commits in vain");
    CommitRequest request;
    request.force_path = true;
    request.use_pending_proposals = false;
    request.format = format();
    world_.commit(*groups_[who], request);
    twin_.places[who].waiting = true;
    look(who);
  }

  void hear_proposals(ClientId who, bool all) {
    Place& place = twin_.places[who];
    const std::vector<EpochLog::Proposed>& proposals = twin_.epochs[place.at].proposals;
    std::vector<std::size_t> order(proposals.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[roll(i)]);
    for (const std::size_t at : order) {
      if (!all && coin()) continue;
      if (proposals[at].by == who && place.proposals.contains(at)) {
        EXPECT_TRUE(std::holds_alternative<OwnMessage>(world_.process(*groups_[who], proposals[at].message)));
      } else if (place.proposals.insert(at).second) {
        tell(who, "hears a proposal");
        EXPECT_TRUE(
            std::holds_alternative<ProposalReceived>(world_.process(*groups_[who], proposals[at].message)));
      } else {
        refuse(who, proposals[at].message, {Errc::kDuplicate, Errc::kGenerationUsed});
      }
    }
  }

  void catch_up() {
    for (std::size_t few = roll(8) + 1; few > 0; --few) {
      const auto who = pick([&](ClientId i) { return invitations_[i] || (member(i) && !at_head(i)); });
      if (!who) return;
      for (std::size_t i = roll(4) + 1; i > 0; --i) catch_up(*who);
    }
  }
  // One epoch further: by the Welcome that waits, or by the next commit.
  void catch_up(ClientId who) {
    if (invitations_[who]) return accept_invitation(who);
    if (!member(who) || at_head(who)) return;
    Place& place = twin_.places[who];
    const EpochLog& epoch = twin_.epochs[place.at];
    hear_proposals(who, /*all=*/true);
    const Result<Processed> done = groups_[who]->process(*epoch.commit, world_.validation());
    if (epoch.committer == who && lost_own_.erase(who) > 0) {
      tell(who, "hears its own commit that it has discarded");
      ASSERT_FALSE(done.has_value());
      EXPECT_EQ(done.error().code, Errc::kWrongState);
      place.kind = Place::Kind::kStuck;
      return;
    }
    if (epoch.resumption && *epoch.resumption < place.since && !epoch.out.contains(who)) {
      tell(who, "lacks the PSK of an epoch before its time");
      ASSERT_FALSE(done.has_value());
      EXPECT_EQ(done.error().code, Errc::kUnknownPsk);
      place.kind = Place::Kind::kStuck;
      return;
    }
    ASSERT_TRUE(done.has_value()) << "client " << who << ": " << errc_name(done.error().code) << " at "
                                  << done.error().where;
    if (epoch.committer == who) {
      tell(who, "hears its own commit");
      ASSERT_TRUE(std::holds_alternative<OwnCommit>(*done));
      ASSERT_TRUE(groups_[who]->apply_pending().has_value());
    } else if (epoch.out.contains(who)) {
      tell(who, "is removed");
      ASSERT_TRUE(std::holds_alternative<RemovedFromGroup>(*done));
      place.kind = Place::Kind::kRemoved;
      place.waiting = false;
      return look(who);
    } else {
      tell(who, place.waiting ? "loses its commit to another's" : "follows a commit");
      const auto* applied = std::get_if<CommitApplied>(&*done);
      ASSERT_NE(applied, nullptr);
      EXPECT_EQ(applied->lost_pending_commit, place.waiting);
    }
    twin_.advance(who);
    look(who);
  }

  void accept_invitation(ClientId who) {
    const auto [welcome, epoch] = *invitations_[who];
    invitations_[who].reset();
    tell(who, "joins");
    const std::vector<KeyPackageRef> named = World::get(welcome_recipients(welcome));
    const auto bundle = std::find_if(bundles_.begin(), bundles_.end(), [&](const auto& held) {
      return held.first == who && std::find(named.begin(), named.end(), held.second.ref()) != named.end();
    });
    ASSERT_NE(bundle, bundles_.end());
    groups_[who] = World::get(Group::join(welcome, bundle->second, devices_[who].key, world_.validation()));
    bundles_.erase(bundle);
    twin_.arrive(who, epoch);
    lost_own_.erase(who);
    old_.erase(who);
    look(who);
  }

  // An outsider joins, or one that is behind, stuck or removed comes back. Sometimes by a GroupInfo that has
  // grown old: the hub refuses that commit.
  void come_from_outside() {
    const auto helper = pick([&](ClientId i) { return at_head(i); });
    const auto joiner = pick([&](ClientId i) { return i != helper; });
    if (!helper || !joiner) return;
    const bool resync = twin_.roster().contains(*joiner);
    if (!resync && twin_.roster().size() >= kMembersMax) return;
    const Bytes info = World::get(groups_[*helper]->group_info(world_.entropy));
    ExternalJoinRequest request;
    request.credential = Credential::basic(as_bytes(devices_[*joiner].name));
    if (resync) request.replaces = leaf_of(*groups_[*helper], *joiner);
    ExternalJoin joined = World::get(
        Group::join_external(info, request, devices_[*joiner].key, world_.validation(), world_.entropy));
    if (roll(4) == 0) {
      tell(*joiner, "loses the race from outside");
      return;
    }
    tell(*joiner, resync ? "resyncs" : "joins from outside");
    twin_.accept(joined.commit, std::nullopt, {{*joiner}, {}, {}});
    groups_[*joiner] = std::move(joined.group);
    invitations_[*joiner].reset();
    lost_own_.erase(*joiner);
    old_.erase(*joiner);
    twin_.arrive(*joiner, twin_.head());
    refuse(*joiner, joined.commit, {Errc::kDuplicate});  // its echo
    look(*joiner);
  }

  // A commit of the past, or one of an epoch that this member has not reached.
  void hear_commit_out_of_order() {
    const bool behind = coin();
    const auto who = pick([&](ClientId i) { return member(i) && at_head(i) != behind; });
    if (!who || twin_.head() == 0) return;
    const std::uint64_t at = twin_.places[*who].at;
    const std::uint64_t which = coin() ? roll(twin_.head()) : at + 1;
    if (which == at || which >= twin_.head()) return;
    tell(*who, which < at ? "hears a commit again" : "hears a commit too early");
    const Bytes& commit = *twin_.epochs[which].commit;
    if (which < at) {
      refuse(*who, commit, {Errc::kStaleEpoch, Errc::kDuplicate});
    } else {
      refuse(*who, commit, {Errc::kGap});
    }
    look(*who);
  }

  void restore() {
    const auto who = pick([&](ClientId i) { return groups_[i].has_value(); });
    tell(*who, "is restored");
    const SecretBytes epoch = groups_[*who]->save_epoch();
    const SecretBytes ratchets = groups_[*who]->save_ratchets();
    groups_[*who] = World::get(Group::restore(epoch.expose(), ratchets.expose(), devices_[*who].key));
    if (member(*who)) look(*who);
  }

  // --- backups, branches, the end -----------------------------------------------------------------------

  struct Backup {
    SecretBytes epoch, ratchets;
    Place place;
    std::size_t said = 0;  // how much had been said by anybody
  };
  void keep_backup() {
    const auto who = pick([&](ClientId i) { return member(i) && !twin_.places[i].waiting; });
    if (!who) return;
    tell(*who, "is backed up");
    backups_[*who] = Backup{groups_[*who]->save_epoch(), groups_[*who]->save_ratchets(), twin_.places[*who],
                            twin_.said.size()};
  }
  // An old state comes in the place of a newer one. It hears what it has said since, and sends no more; it can
  // still read, until it comes back from outside.
  void restore_backup() {
    const auto spoken_since = [&](ClientId who) -> std::optional<std::size_t> {
      const auto backup = backups_.find(who);
      if (backup == backups_.end() || !member(who)) return std::nullopt;
      for (std::size_t i = backup->second.said; i < twin_.said.size(); ++i) {
        if (twin_.said[i].by == who && twin_.said[i].epoch == backup->second.place.at) return i;
      }
      return std::nullopt;
    };
    const auto who = pick([&](ClientId i) { return spoken_since(i).has_value(); });
    if (!who) return;
    const std::size_t own = *spoken_since(*who);
    const Backup& backup = backups_.at(*who);
    tell(*who, "is restored from an old backup");
    groups_[*who] =
        World::get(Group::restore(backup.epoch.expose(), backup.ratchets.expose(), devices_[*who].key));
    twin_.places[*who] = backup.place;
    twin_.places[*who].kind = Place::Kind::kStuck;
    backups_.erase(*who);
    lost_own_.erase(*who);
    old_.insert(*who);
    Group& group = *groups_[*who];
    EXPECT_TRUE(std::holds_alternative<OldBackup>(world_.process(group, twin_.said[own].message)));
    EXPECT_TRUE(group.old_backup() && !group.active());
    EXPECT_EQ(group.protect({}, {}, world_.entropy).error().code, Errc::kWrongState);
    EXPECT_EQ(group.commit({}, world_.validation(), world_.entropy).error().code, Errc::kWrongState);
  }

  // Everybody in `others` follows into `made`; then all agree, and the last one is heard by all.
  void meet(Successor made, const std::vector<ClientId>& others,
            const std::map<ClientId, KeyPackageBundle>& bundles) {
    std::vector<Group> there;
    there.push_back(std::move(made.group));
    for (const ClientId who : others) {
      Result<Group> joined = Group::join_successor(made.welcome, bundles.at(who), devices_[who].key,
                                                   *groups_[who], world_.validation());
      ASSERT_TRUE(joined.has_value()) << who << ": " << errc_name(joined.error().code) << " at "
                                      << joined.error().where;
      there.push_back(std::move(*joined));
    }
    const Bytes message = world_.protect(there.back(), "here");
    for (std::size_t i = 0; i < there.size(); ++i) {
      EXPECT_EQ(there[i].epoch_authenticator(), there[0].epoch_authenticator());
      if (i + 1 < there.size()) {
        EXPECT_EQ(world_.read(there[i], message), "here");
      }
    }
  }
  void branch() {
    const auto who = pick([&](ClientId i) { return at_head(i); });
    if (!who) return;
    std::vector<ClientId> others;
    for (ClientId i = 0; i < kClients; ++i) {
      if (i != *who && at_head(i) && coin()) others.push_back(i);
    }
    if (others.empty()) return;
    tell(*who, "branches off");
    std::map<ClientId, KeyPackageBundle> bundles;
    std::vector<Bytes> packages;
    for (const ClientId one : others) {
      packages.push_back(
          bundles.emplace(one, world_.package(devices_[one].name, devices_[one].key)).first->second.message());
    }
    const std::string name = "branch " + std::to_string(counts["branches off"]);
    meet(World::get(groups_[*who]->branch(as_bytes(name), packages,
                                          Credential::basic(as_bytes(devices_[*who].name)),
                                          devices_[*who].key, world_.validation(), world_.entropy)),
         others, bundles);
    look(*who);
  }
  // RFC 9420 11.2: the group freezes, and all that are there meet in the next one.
  void reinit() {
    const auto who = pick([&](ClientId i) { return at_head(i); });
    ASSERT_TRUE(who.has_value());
    tell(*who, "re-initialises");
    groups_[*who]->discard_pending();
    CommitRequest request;
    request.use_pending_proposals = false;
    request.reinit = ReInitRequest{to_bytes(as_bytes("the next ward")), {}};
    const CommitResult made = world_.commit(*groups_[*who], request);
    ASSERT_TRUE(groups_[*who]->apply_pending().has_value());
    std::vector<ClientId> others;
    std::vector<Bytes> packages;
    std::map<ClientId, KeyPackageBundle> bundles;
    for (const ClientId one : twin_.roster()) {
      if (one == *who) continue;
      packages.push_back(
          bundles.emplace(one, world_.package(devices_[one].name, devices_[one].key)).first->second.message());
      if (!at_head(one)) continue;  // stuck: it cannot follow, and is a member all the same
      ASSERT_TRUE(std::holds_alternative<CommitApplied>(world_.process(*groups_[one], made.commit)));
      EXPECT_EQ(groups_[one]->protect({}, {}, world_.entropy).error().code, Errc::kWrongState);
      others.push_back(one);
    }
    if (packages.empty()) return;
    const Credential self = Credential::basic(as_bytes(devices_[*who].name));
    const auto some = std::vector<Bytes>(packages.begin(), packages.end() - 1);
    EXPECT_FALSE(groups_[*who]
                     ->reinit_successor(some, self, devices_[*who].key, world_.validation(), world_.entropy)
                     .has_value())
        << "without one of the members";
    meet(World::get(groups_[*who]->reinit_successor(packages, self, devices_[*who].key, world_.validation(),
                                                    world_.entropy)),
         others, bundles);
  }

  World world_;
  SeededEntropy dice_;
  Twin twin_;
  std::vector<Device> devices_;
  std::vector<std::optional<Group>> groups_;
  std::vector<std::optional<std::pair<Bytes, std::uint64_t>>> invitations_;  // Welcome and its epoch
  std::vector<std::pair<ClientId, KeyPackageBundle>> bundles_;
  std::map<ClientId, Backup> backups_;
  std::set<ClientId> old_;       // restored from an old backup, and not come back yet
  std::set<ClientId> lost_own_;  // whose own commit, discarded by them, stands in the log
  std::deque<std::string> story_;
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

TEST(MlsModel, RandomPlayAgreesWithTheNaiveTwin) {
  const std::uint64_t only = from_environment("NATTEVAGT_MODEL_SEED", 0);
  const std::uint64_t seeds = only != 0 ? only : from_environment("NATTEVAGT_MODEL_SEEDS", kSeeds);
  std::map<std::string, int> counts;
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= seeds && !HasFailure(); ++seed) {
    Play play(seed);
    for (int i = 0; i < kSteps && !HasFailure(); ++i) play.step();
    if (!HasFailure()) play.finish();
    if (HasFailure()) ADD_FAILURE() << "NATTEVAGT_MODEL_SEED=" << seed << "\n" << play.story();
    for (const auto& [what, times] : play.counts) counts[what] += times;
  }
  for (const auto& [what, times] : counts) RecordProperty(what, times);
  if (only == 0 && seeds >= kSeeds && !HasFailure()) {
    EXPECT_EQ(counts.size(), 37u) << "a kind of step was never taken";
  }
}

}  // namespace
}  // namespace nattevagt::mls
