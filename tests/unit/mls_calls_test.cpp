// What a group refuses of its own caller: calls in a state that does not allow them, messages of another kind,
// what a policy says no to, and what is beyond a limit. And what it keeps of its own keys.
#include "client-lib/mls/external_proposal.h"
#include "client-lib/mls/tree_math.h"
#include "tests/unit/mls_insider.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::Insider;
using test::message_of;
using test::parsed;
using test::Party;
using test::refusal;
using test::resigned;
using test::World;

class MlsCalls : public testing::Test {
 protected:
  // What each call that sends is refused for.
  std::vector<std::string> all_sending_calls(Group& group) {
    const Validation validation = world.validation();
    return {place_of(group.propose_add(dora.bundle.message(), validation, world.entropy)),
            place_of(group.propose_remove(LeafIndex{1}, world.entropy)),
            place_of(group.propose_psk(as_bytes("ward"), world.entropy)),
            place_of(group.propose_resumption_psk(group.epoch(), world.entropy)),
            place_of(group.propose_context_extensions({}, validation, world.entropy)),
            place_of(group.propose_reinit({to_bytes(as_bytes("next")), {}}, world.entropy)),
            place_of(group.propose_update(world.entropy)),
            place_of(group.protect({}, as_bytes("x"), world.entropy)),
            place_of(group.commit({}, validation, world.entropy))};
  }

  World world;
  Party party{world, 3};
  Device dora = world.device("dora");
};

TEST_F(MlsCalls, NothingIsSentByTheRemovedTheFrozenAndTheOldBackup) {
  const auto all_are = [&](Group& group, const std::string& refused) {
    for (const std::string& where : all_sending_calls(group)) EXPECT_EQ(where, refused);
  };
  all_are(party.groups[2], "");
  Group removed = party.groups[1].clone(), frozen = party.groups[1].clone(), old = party.groups[1].clone();
  GroupAccess::state(removed).removed = true;
  GroupAccess::state(frozen).reinit = ReInit{};
  GroupAccess::state(old).old_backup = true;
  all_are(removed, "RFC 9420 12.4.2");
  all_are(frozen, "RFC 9420 11.2");
  all_are(old, "old backup");
  EXPECT_EQ(place_of(removed.group_info(world.entropy)), "RFC 9420 12.4.3");
  EXPECT_EQ(place_of(frozen.group_info(world.entropy)), "RFC 9420 11.2");
  const auto branch = [&](Group& group) {
    return place_of(group.branch(as_bytes("side"), {dora.bundle.message()},
                                 Credential::basic(as_bytes("device1")), party.devices[1].key,
                                 world.validation(), world.entropy));
  };
  EXPECT_EQ(branch(removed), "RFC 9420 11.3");
  EXPECT_EQ(branch(frozen), "RFC 9420 11.2");
  GroupAccess::state(removed).reinit = ReInit{};
  EXPECT_EQ(place_of(removed.reinit_successor({}, Credential::basic(as_bytes("device1")),
                                              party.devices[1].key, world.validation(), world.entropy)),
            "RFC 9420 11.2");
}

TEST_F(MlsCalls, MessagesOfAnotherKindAreRefused) {
  Group& group = party.groups[0];
  const Bytes other = world.protect(party.groups[1], "no key package");
  const Bytes own_kind = dora.bundle.message();
  EXPECT_EQ(place_of(group.propose_add(other, world.validation(), world.entropy)), "RFC 9420 12.1.1");
  CommitRequest request;
  request.adds = {other};
  EXPECT_EQ(place_of(group.commit(request, world.validation(), world.entropy)), "RFC 9420 12.1.1");
  EXPECT_EQ(place_of(group.process(own_kind, world.validation())), "RFC 9420 6 wire_format");
  EXPECT_EQ(place_of(check_key_package(other, world.validation())), "RFC 9420 10");
  EXPECT_EQ(place_of(check_group_info(other, world.validation())), "RFC 9420 12.4.3 GroupInfo");
  EXPECT_EQ(place_of(welcome_recipients(other)), "RFC 9420 12.4.3.1");
  MlsMessage welcome;
  welcome.body = Welcome{1, {}, {}};
  EXPECT_EQ(place_of(welcome_recipients(encode(welcome))), "RFC 9420 12.4.3.1 suite");
  welcome.body = Welcome{kSuite, {{Bytes(31, 1), {}}}, {}};
  EXPECT_EQ(place_of(welcome_recipients(encode(welcome))), "RFC 9420 5.2");
}

TEST_F(MlsCalls, InvalidKeyPackageIsRefusedByWhoeverIsGivenIt) {
  KeyPackage expired = parsed(dora.bundle);
  expired.leaf_node.lifetime.not_after = expired.leaf_node.lifetime.not_before - 1;
  const Bytes message = message_of(resigned(expired, dora.key));
  const std::string refused = "RFC 9420 7.2 lifetime";
  EXPECT_EQ(place_of(check_key_package(message, world.validation())), refused);
  EXPECT_EQ(place_of(party.groups[0].propose_add(message, world.validation(), world.entropy)), refused);
  CommitRequest request;
  request.adds = {message};
  EXPECT_EQ(place_of(party.groups[0].commit(request, world.validation(), world.entropy)), refused);
}

TEST_F(MlsCalls, ProposalThatCannotHoldIsNotSent) {
  Group& group = party.groups[0];
  EXPECT_EQ(place_of(group.propose_remove(LeafIndex{3}, world.entropy)), "RFC 9420 12.1.3");
  EXPECT_EQ(place_of(group.propose_context_extensions({{extension_type::kRequiredCapabilities, {1}}},
                                                      world.validation(), world.entropy)),
            "RFC 9420 11.1");
  EXPECT_EQ(place_of(group.propose_context_extensions({{extension_type::kExternalSenders, {1}}},
                                                      world.validation(), world.entropy)),
            "RFC 9420 12.1.8.1");
  EXPECT_EQ(group.pending_proposals(), 0u);
}

TEST_F(MlsCalls, PolicyIsAskedAboutOurOwnLeafToo) {
  world.policy.refuse_use = CredentialUse::kOwn;
  const auto created = Group::create(as_bytes("dag"), Credential::basic(as_bytes("device0")),
                                     party.devices[0].key, {}, world.validation(), world.entropy);
  EXPECT_EQ(place_of(created), "test policy");
  CommitRequest request;
  request.new_credential = Credential::basic(as_bytes("device0 v2"));
  EXPECT_EQ(place_of(party.groups[0].commit(request, world.validation(), world.entropy)), "test policy");
}

TEST_F(MlsCalls, OneCommitAtATime) {
  world.commit_path(party.groups[0]);
  EXPECT_EQ(place_of(party.groups[0].commit({}, world.validation(), world.entropy)), "RFC 9420 12.4.1");
}

TEST_F(MlsCalls, LimitsOfAMessageAndOfAnEpochsProposals) {
  Group& group = party.groups[0];
  const Bytes half(caps::kMessageBytes / 2, 1);
  EXPECT_TRUE(group.protect({}, half, world.entropy).has_value());
  EXPECT_EQ(place_of(group.protect(Bytes{1}, half, world.entropy)), "protect");
  EXPECT_EQ(code_of(parse_message(Bytes(caps::kMessageBytes + 1, 0))), Errc::kTooLarge);
  const Bytes late = World::get(party.groups[1].propose_update(world.entropy));
  GroupAccess::state(group).proposals.resize(caps::kProposals);
  EXPECT_EQ(place_of(group.propose_update(world.entropy)), "proposals of one epoch");
  EXPECT_EQ(refusal(group, late, world.validation()), "proposals of one epoch");
  GroupAccess::state(group).proposals.resize(caps::kProposals - 1);
  EXPECT_EQ(refusal(group, late, world.validation()), "");
}

TEST_F(MlsCalls, OutsideSendersKeyMustHaveTheSuitesSize) {
  Party open(world, 2, {external_senders_extension({{Bytes(31, 1), Credential::basic(as_bytes("roster"))}})});
  const Bytes proposal = World::get(external_proposal(open.groups[0].group_id(), open.groups[0].epoch(), 0,
                                                      Proposal{Remove{{1}}}, dora.key));
  EXPECT_EQ(refusal(open.groups[0], proposal, world.validation()), "RFC 9420 7.2 signature_key");
}

// 12.4.2: who has been removed waits for nothing any more.
TEST_F(MlsCalls, RemovedMemberLetsGoOfWhatWaited) {
  const Bytes update = World::get(party.groups[2].propose_update(world.entropy));
  const Bytes late = World::get(party.groups[2].propose_psk(as_bytes("ward"), world.entropy));
  world.process(party.groups[1], update);
  world.commit_path(party.groups[1]);
  CommitRequest request;
  request.removes = {LeafIndex{1}};
  const Bytes removal = world.commit(party.groups[0], request).commit;
  EXPECT_TRUE(std::holds_alternative<RemovedFromGroup>(world.process(party.groups[1], removal)));
  EXPECT_EQ(party.groups[1].pending_proposals(), 0u);
  EXPECT_FALSE(party.groups[1].has_pending_commit());
  EXPECT_EQ(refusal(party.groups[1], late, world.validation()), "RFC 9420 12.4.2");
}

// 9.2: each private key that a member holds is of a node that stands, and of none besides; nodes that a Remove
// has blanked, and that no path has filled again, among them.
TEST_F(MlsCalls, NoPrivateKeyIsKeptOfANodeThatIsGone) {
  Party many(world, 7);
  many.fill();
  const auto expect_standing = [&] {
    for (Group& group : many.groups) {
      if (!group.active()) continue;
      const GroupState& state = GroupAccess::state(group);
      std::size_t held = 0;
      for (std::uint32_t node = 0; node < 32; ++node) {
        const HpkeKeyPair* keys = state.keys.find(NodeIndex{node});
        if (keys == nullptr) continue;
        ++held;
        const Bytes* standing = state.tree.encryption_key(NodeIndex{node});
        ASSERT_NE(standing, nullptr) << "member " << state.own().value << ", node " << node;
        EXPECT_EQ(*standing, to_bytes(keys->key));
      }
      EXPECT_GE(held, 1u);
    }
  };
  expect_standing();
  // Leaves 4 and 5 go by 6's and 0's commits: node 9 is blank, and in nobody's path, until one joins there.
  for (const auto& [committer, out] :
       {std::pair{6u, std::vector{4u}}, {6u, std::vector{5u}}, {0u, std::vector{1u}}}) {
    CommitRequest request;
    for (const std::uint32_t leaf : out) request.removes.push_back(LeafIndex{leaf});
    many.deliver(committer, world.commit(many.groups[committer], request).commit);
    expect_standing();
  }
  // And by reference, with an Update of one's own that blanks the way up.
  const Bytes update = World::get(many.groups[2].propose_update(world.entropy));
  for (const std::size_t to : {0u, 3u, 6u}) world.process(many.groups[to], update);
  many.deliver(3, world.commit(many.groups[3], {}).commit);
  expect_standing();
}

}  // namespace
}  // namespace nattevagt::mls
