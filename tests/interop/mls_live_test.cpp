// Random sessions of one group whose members are processes: ours and ts-mls. The test is the delivery
// service, and it keeps the roll. After each commit all members must agree on authenticator, exporter and
// roster, and these with the roll.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <memory>
#include <set>

#include "proto/common/bytes.h"
#include "proto/common/entropy.h"
#include "tests/interop/peer_process.h"

namespace nattevagt::mls::interop {
namespace {

constexpr std::size_t kClients = 8;
constexpr int kSteps = 45;
constexpr std::uint64_t kReadablePastEpochs = 3;  // both sides keep these

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

struct Client {
  std::string name;
  std::unique_ptr<PeerProcess> pipe;
  std::uint32_t index = 0;
  std::uint64_t since = 0;  // the epoch that it came in
};

class Session {
 public:
  explicit Session(std::uint64_t seed) : dice_(seed) {
    for (std::size_t i = 0; i < kClients; ++i) {
      // The first two are one of each; a session has at least two of each.
      const bool theirs = i < 4 ? (i + seed) % 2 == 0 : roll(2) == 0;
      Client client;
      client.name = (theirs ? "theirs" : "ours") + std::to_string(i);
      client.pipe = std::make_unique<PeerProcess>(theirs ? ts_mls_peer() : our_peer(seed * 100 + i));
      client.pipe->ask({"init", {{"identity", client.name}}});
      clients_.push_back(std::move(client));
    }
    for (Client& client : clients_) EXPECT_TRUE(client.pipe->answer().ok) << client.name;
    const Reply created = call(0, {"create", {{"group_id", std::string("6e6174")}}});
    EXPECT_TRUE(created.ok) << created["error"];
    members_ = {0};
    add({1}, 0);
  }

  void step() {
    switch (roll(12)) {
      case 0: add(outsiders(roll(3) + 1), any_member()); break;
      case 1: remove(); break;
      case 2: commit_alone(); break;
      case 3:
      case 4: propose_and_commit(); break;
      case 5: join_from_outside(); break;
      case 6: resync(); break;
      case 7: race(); break;
      case 8: discard(); break;
      case 9: hear_late(); break;
      default: talk(); break;
    }
  }

  std::string story() const {
    std::string out;
    for (const std::string& line : story_) out += line + "\n";
    return out;
  }

 private:
  struct Late {
    std::string message, data;
    std::uint64_t epoch;
    std::set<std::size_t> owed;
  };

  // --- dice and roll ------------------------------------------------------------------------------------

  std::size_t roll(std::size_t sides) {
    std::array<std::uint8_t, 4> draw{};
    dice_.fill(draw);
    return (std::size_t{draw[0]} * 65536 + std::size_t{draw[1]} * 256 + draw[2]) % sides;
  }
  bool coin() { return roll(2) == 0; }
  std::size_t any_of(const std::set<std::size_t>& from) {
    return *std::next(from.begin(), static_cast<std::ptrdiff_t>(roll(from.size())));
  }
  std::size_t any_member() { return any_of(members_); }
  std::vector<std::size_t> outsiders(std::size_t count) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (!members_.contains(i)) out.push_back(i);
    }
    for (std::size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[roll(i)]);
    out.resize(std::min(count, out.size()));
    return out;
  }
  void tell(const std::string& line) {
    story_.push_back("epoch " + std::to_string(epoch_) + ": " + line);
    if (story_.size() > 12) story_.pop_front();
  }
  const std::string& name(std::size_t client) const { return clients_[client].name; }

  // --- asking -------------------------------------------------------------------------------------------

  Reply call(std::size_t client, const Request& request) { return clients_[client].pipe->call(request); }
  // The answer's text, which must be there.
  std::string get(std::size_t client, const Request& request, const std::string& field) {
    const Reply reply = call(client, request);
    EXPECT_TRUE(reply.ok) << name(client) << " " << request.op << ": " << reply["error"];
    return reply[field];
  }
  std::string key_package(std::size_t client) { return get(client, {"key_package"}, "key_package"); }

  struct Delivery {
    std::size_t to;
    Request request;
    std::string kind;  // expected; "" for any
  };
  // All at once; each must succeed. The states that came.
  std::map<std::size_t, PeerState> deliver(const std::vector<Delivery>& deliveries) {
    for (const Delivery& one : deliveries) clients_[one.to].pipe->ask(one.request);
    std::map<std::size_t, PeerState> out;
    for (const Delivery& one : deliveries) {
      const Reply reply = clients_[one.to].pipe->answer();
      EXPECT_TRUE(reply.ok) << name(one.to) << " " << one.request.op << ": " << reply["error"];
      if (!one.kind.empty()) {
        EXPECT_EQ(reply["kind"], one.kind) << name(one.to);
      }
      if (reply.state) out[one.to] = *reply.state;
    }
    return out;
  }
  static Request process(const std::string& message) { return {"process", {{"message", message}}}; }

  // --- commits ------------------------------------------------------------------------------------------

  // The hub has taken the commit: everybody hears of it, the added ones join, and all must agree.
  void settle(std::size_t committer, const Reply& made, const std::set<std::size_t>& removed,
              const std::vector<std::size_t>& added) {
    ASSERT_TRUE(made.ok) << name(committer) << " commit: " << made["error"];
    std::vector<Delivery> deliveries;
    for (const std::size_t member : members_) {
      if (member == committer) {
        deliveries.push_back({member, {"apply"}, ""});
      } else {
        deliveries.push_back(
            {member, process(made["commit"]), removed.contains(member) ? "removed" : "commit"});
      }
    }
    EXPECT_EQ(made["welcome"].empty(), added.empty());
    for (const std::size_t joiner : added) {
      deliveries.push_back({joiner, {"join", {{"welcome", made["welcome"]}}}, ""});
    }
    ++epoch_;
    for (const std::size_t gone : removed) members_.erase(gone);
    for (const std::size_t joiner : added) {
      members_.insert(joiner);
      clients_[joiner].since = epoch_;
    }
    agree(deliver(deliveries));
  }

  void agree(const std::map<std::size_t, PeerState>& states) {
    std::set<std::string> names;
    for (const std::size_t member : members_) names.insert(name(member));
    const auto first = states.find(*members_.begin());
    ASSERT_NE(first, states.end());
    for (const std::size_t member : members_) {
      const auto found = states.find(member);
      ASSERT_NE(found, states.end()) << name(member);
      const PeerState& state = found->second;
      ASSERT_EQ(state.epoch, epoch_) << name(member);
      ASSERT_EQ(state.authenticator, first->second.authenticator) << name(member);
      ASSERT_EQ(state.exporter, first->second.exporter) << name(member);
      ASSERT_EQ(state.members, first->second.members) << name(member);
      ASSERT_EQ(std::set<std::string>(state.members.begin(), state.members.end()), names);
      clients_[member].index = state.index;
    }
    ++agreements_;
  }

  void add(const std::vector<std::size_t>& joiners, std::size_t committer) {
    if (joiners.empty()) return remove();
    std::vector<std::string> packages;
    std::string who;
    for (const std::size_t joiner : joiners) {
      packages.push_back(key_package(joiner));
      who += " " + name(joiner);
    }
    tell(name(committer) + " adds" + who);
    settle(committer,
           call(committer, {"commit", {{"adds", packages}, {"path", coin()}, {"private", coin()}}}), {},
           joiners);
  }

  void remove() {
    const std::size_t committer = any_member();
    std::set<std::size_t> targets;
    for (std::size_t i = roll(2) + 1; i > 0; --i) targets.insert(any_member());
    targets.erase(committer);
    if (targets.empty()) return;
    std::vector<std::uint32_t> leaves;
    for (const std::size_t target : targets) leaves.push_back(clients_[target].index);
    tell(name(committer) + " removes " + name(*targets.begin()) + (targets.size() > 1 ? " and another" : ""));
    // Sometimes another takes the place at once, in the same commit.
    std::vector<std::size_t> added;
    std::vector<std::string> packages;
    if (coin()) added = outsiders(1);
    for (const std::size_t joiner : added) packages.push_back(key_package(joiner));
    const Reply made =
        call(committer, {"commit", {{"removes", leaves}, {"adds", packages}, {"private", coin()}}});
    settle(committer, made, targets, added);
    // The removed ones hear nothing more.
    const std::string message = get(any_member(), {"protect", {{"data", std::string("aa")}}}, "message");
    for (const std::size_t gone : targets) EXPECT_FALSE(call(gone, process(message)).ok) << name(gone);
  }

  void commit_alone() {
    const std::size_t committer = any_member();
    tell(name(committer) + " renews its path");
    settle(committer, call(committer, {"commit", {{"path", true}, {"private", coin()}}}), {}, {});
  }

  // Several propose, one commits all that can stand together (RFC 9420 12.2).
  void propose_and_commit() {
    std::set<std::size_t> removals;
    std::vector<std::size_t> added;
    const std::vector<std::size_t> joiners = outsiders(2);
    for (std::size_t i = roll(4) + 1; i > 0; --i) {
      const std::size_t proposer = any_member();
      Request request;
      switch (roll(3)) {
        case 0: request = {"propose_update"}; break;
        case 1: {
          const std::size_t target = any_member();  // or itself: it leaves
          if (removals.size() + 2 > members_.size()) continue;
          removals.insert(target);
          request = {"propose_remove", {{"index", clients_[target].index}}};
          break;
        }
        default:
          if (added.size() == joiners.size()) continue;
          added.push_back(joiners[added.size()]);
          request = {"propose_add", {{"key_package", key_package(added.back())}}};
      }
      request.fields["private"] = coin();
      tell(name(proposer) + " " + request.op);
      const std::string message = get(proposer, request, "message");
      std::vector<Delivery> deliveries;
      for (const std::size_t member : members_) {
        if (member != proposer) deliveries.push_back({member, process(message), "proposal"});
      }
      deliver(deliveries);
    }
    const std::size_t committer = any_member();
    removals.erase(committer);
    tell(name(committer) + " commits what was proposed");
    settle(committer, call(committer, {"commit", {{"private", coin()}}}), removals, added);
  }

  void come_from_outside(std::size_t joiner, std::size_t helper, bool resync) {
    const std::string info = get(helper, {"group_info"}, "group_info");
    const Reply joined = call(joiner, {"external_join", {{"group_info", info}, {"resync", resync}}});
    ASSERT_TRUE(joined.ok) << name(joiner) << " external_join: " << joined["error"];
    std::vector<Delivery> deliveries;
    for (const std::size_t member : members_) {
      if (member != joiner) deliveries.push_back({member, process(joined["commit"]), "commit"});
    }
    ++epoch_;
    members_.insert(joiner);
    clients_[joiner].since = epoch_;
    std::map<std::size_t, PeerState> states = deliver(deliveries);
    ASSERT_TRUE(joined.state.has_value());
    states[joiner] = *joined.state;
    agree(states);
  }

  void join_from_outside() {
    const std::vector<std::size_t> joiners = outsiders(1);
    if (joiners.empty()) return remove();
    const std::size_t helper = any_member();
    tell(name(joiners[0]) + " joins from outside, told by " + name(helper));
    come_from_outside(joiners[0], helper, false);
  }

  // A member misses a commit, and comes back from outside in its own place.
  void resync() {
    if (members_.size() < 2) return;
    const std::size_t lost = any_member();
    std::set<std::size_t> others = members_;
    others.erase(lost);
    const std::size_t committer = any_of(others);
    tell(name(lost) + " misses a commit of " + name(committer) + " and resyncs");
    const Reply made = call(committer, {"commit", {{"path", true}, {"private", coin()}}});
    members_.erase(lost);
    settle_without_roster(committer, made);
    members_.insert(lost);
    come_from_outside(lost, any_of(others), true);
  }
  // As settle(), while somebody on the roster is not listening.
  void settle_without_roster(std::size_t committer, const Reply& made) {
    ASSERT_TRUE(made.ok) << made["error"];
    std::vector<Delivery> deliveries;
    for (const std::size_t member : members_) {
      if (member == committer) {
        deliveries.push_back({member, {"apply"}, ""});
      } else {
        deliveries.push_back({member, process(made["commit"]), "commit"});
      }
    }
    ++epoch_;
    const auto states = deliver(deliveries);
    for (const auto& [member, state] : states) {
      ASSERT_EQ(state.authenticator, states.begin()->second.authenticator) << name(member);
    }
  }

  // Two commit in one epoch; the hub takes one.
  void race() {
    if (members_.size() < 2) return;
    const std::size_t loser = any_member();
    std::set<std::size_t> others = members_;
    others.erase(loser);
    const std::size_t winner = any_of(others);
    tell(name(winner) + " commits before " + name(loser));
    const std::string lost = get(loser, {"commit", {{"path", true}, {"private", coin()}}}, "commit");
    const Reply won = call(winner, {"commit", {{"path", true}, {"private", coin()}}});
    settle(winner, won, {}, {});
    EXPECT_FALSE(call(loser, {"apply"}).ok) << name(loser) << " has both";
    EXPECT_FALSE(call(winner, process(lost)).ok) << name(winner) << " took a commit of a past epoch";
  }

  void discard() {
    const std::size_t committer = any_member();
    tell(name(committer) + " discards");
    const Reply before = call(committer, {"state"});
    const Reply made = call(committer, {"commit", {{"path", true}}});
    EXPECT_TRUE(made.ok) << made["error"];
    const Reply after = call(committer, {"discard"});
    ASSERT_TRUE(before.state && after.state) << after["error"];
    EXPECT_EQ(before.state->authenticator, after.state->authenticator);
    EXPECT_EQ(before.state->epoch, after.state->epoch);
  }

  // --- application messages -----------------------------------------------------------------------------

  std::string some_hex() {
    Bytes bytes(roll(4) == 0 ? roll(3000) : roll(200));
    dice_.fill(bytes);
    return to_hex(bytes);
  }

  void expect_read(std::size_t member, const std::string& message, const std::string& data) {
    const Reply reply = call(member, process(message));
    EXPECT_TRUE(reply.ok) << name(member) << ": " << reply["error"];
    EXPECT_EQ(reply["kind"], "application");
    EXPECT_EQ(reply["data"], data);
    EXPECT_EQ(reply["aad"], "a0");
  }

  // One says several things; each hears them in an order of its own, some of them later. A copy that was
  // tampered with, and a second copy, are refused.
  void talk() {
    const std::size_t sender = any_member();
    std::vector<Late> said;
    for (std::size_t i = roll(3) + 1; i > 0; --i) {
      const std::string data = some_hex();
      const Request request{"protect", {{"data", data}, {"aad", std::string("a0")}}};
      said.push_back({get(sender, request, "message"), data, epoch_, {}});
    }
    tell(name(sender) + " says " + std::to_string(said.size()) + " things");
    for (const std::size_t member : members_) {
      if (member == sender) continue;
      std::vector<std::size_t> order(said.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[roll(i)]);
      for (const std::size_t at : order) {
        if (roll(4) == 0) {
          said[at].owed.insert(member);
          continue;
        }
        std::string spoilt = said[at].message;
        char& digit = spoilt[8 + roll(spoilt.size() - 8)];  // behind version and wire format
        digit = digit == '0' ? '1' : '0';
        EXPECT_FALSE(call(member, process(spoilt)).ok) << name(member) << " took a message that was changed";
        expect_read(member, said[at].message, said[at].data);
        EXPECT_FALSE(call(member, process(said[at].message)).ok) << name(member) << " heard it twice";
      }
    }
    for (Late& late : said) {
      if (!late.owed.empty()) late_.push_back(std::move(late));
    }
  }

  void hear_late() {
    for (const Late& late : late_) {
      for (const std::size_t owed : late.owed) {
        if (!members_.contains(owed) || clients_[owed].since > late.epoch) continue;
        if (epoch_ - late.epoch > kReadablePastEpochs) continue;
        tell(name(owed) + " hears of epoch " + std::to_string(late.epoch));
        expect_read(owed, late.message, late.data);
      }
    }
    late_.clear();
  }

  SeededEntropy dice_;
  std::vector<Client> clients_;
  std::set<std::size_t> members_;
  std::vector<Late> late_;
  std::uint64_t epoch_ = 0;
  std::size_t agreements_ = 0;
  std::deque<std::string> story_;
};

TEST(MlsLive, MixedGroupsAgreeAfterEveryCommit) {
  const std::uint64_t only = from_environment("NATTEVAGT_INTEROP_SEED", 0);
  const std::uint64_t seeds = from_environment("NATTEVAGT_INTEROP_SEEDS", 3);
  for (std::uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
    const std::uint64_t here = only != 0 ? only : seed;
    std::printf("seed %llu\n", static_cast<unsigned long long>(here));
    std::fflush(stdout);
    Session session(here);
    for (int i = 0; i < kSteps && !::testing::Test::HasFailure(); ++i) session.step();
    if (::testing::Test::HasFailure()) ADD_FAILURE() << "seed " << here << "\n" << session.story();
    if (only != 0) break;
  }
}

}  // namespace
}  // namespace nattevagt::mls::interop
