// Joining and coming back by an external commit (RFC 9420 12.4.3.2), and the GroupInfo that it starts from.
#include "client-lib/mls/welcome.h"
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::Party;
using test::World;

class MlsExternal : public testing::Test {
 protected:
  void SetUp() override { party.fill(); }
  Bytes info(std::size_t of = 0) { return World::get(party.groups[of].group_info(world.entropy)); }
  Result<ExternalJoin> join(const Device& device, ByteView group_info, ExternalJoinRequest request = {}) {
    request.credential = Credential::basic(as_bytes(device.name));
    return Group::join_external(group_info, request, device.key, world.validation(), world.entropy);
  }
  // The joiner's commit as a dishonest one would change it, signed again.
  Bytes changed(const Device& device, ByteView commit, const std::function<void(FramedContent&)>& change) {
    MlsMessage message = World::get(parse_message(commit));
    auto& sent = std::get<PublicMessage>(message.body);
    change(sent.content);
    const Bytes tag = *sent.auth.confirmation_tag;
    sent.auth = sign_content(WireFormat::kPublicMessage, sent.content,
                             GroupAccess::state(party.groups[0]).context_bytes, device.key);
    sent.auth.confirmation_tag = tag;
    return encode(message);
  }
  static Commit& commit_in(FramedContent& content) { return std::get<Commit>(content.content); }

  World world;
  Party party{world, 4};
};

TEST_F(MlsExternal, NewcomerJoinsAndAllAgree) {
  const Device dora = world.device("dora");
  ExternalJoin made = World::get(join(dora, info(2)));
  for (Group& group : party.groups) {
    const Processed done = world.process(group, made.commit);
    const auto& applied = std::get<CommitApplied>(done);
    EXPECT_FALSE(applied.change.committer.has_value());
    ASSERT_EQ(applied.change.added.size(), 1u);
    EXPECT_EQ(applied.change.added[0].leaf, LeafIndex{4});
  }
  EXPECT_EQ(world.error(made.group, made.commit), Errc::kDuplicate);
  party.groups.push_back(std::move(made.group));
  party.expect_agreement();
  EXPECT_EQ(world.read(party.groups[1], world.protect(party.groups[4], "in")), "in");
  party.deliver(4, world.commit_path(party.groups[4]).commit);
  party.deliver(3, world.commit_path(party.groups[3]).commit);
  party.expect_agreement();
}

TEST_F(MlsExternal, NewcomerJoinsAGroupThatHasExtensions) {
  const Extensions wanted = {{extension_type::kApplicationId, to_bytes(as_bytes("nat"))}};
  Party other(world, 2, wanted);
  const Device dora = world.device("dora");
  const ExternalJoin made = World::get(join(dora, World::get(other.groups[0].group_info(world.entropy))));
  world.process(other.groups[0], made.commit);
  EXPECT_EQ(other.groups[0].group_context_extensions(), wanted);
  EXPECT_EQ(other.groups[0].epoch_authenticator(), made.group.epoch_authenticator());
}

TEST_F(MlsExternal, NewcomerTakesTheLeftmostFreeLeaf) {
  CommitRequest request;
  request.removes = {LeafIndex{1}};
  party.deliver(0, world.commit(party.groups[0], request).commit);
  ExternalJoin made = World::get(join(world.device("dora"), info()));
  EXPECT_EQ(made.group.own_leaf(), LeafIndex{1});
  party.deliver(9, made.commit);
}

TEST_F(MlsExternal, ResyncTakesTheFormerLeafsPlace) {
  for (std::uint32_t lost = 0; lost < 4; ++lost) {
    ExternalJoinRequest request;
    request.replaces = LeafIndex{lost};
    const int asked = world.policy.asked[CredentialUse::kResync];
    ExternalJoin made = World::get(join(party.devices[lost], info((lost + 1) % 4), request));
    EXPECT_EQ(made.group.own_leaf(), LeafIndex{lost});
    for (std::size_t i = 0; i < 4; ++i) {
      const Processed done = world.process(party.groups[i], made.commit);
      EXPECT_EQ(std::holds_alternative<RemovedFromGroup>(done), i == lost);
    }
    EXPECT_EQ(world.policy.asked[CredentialUse::kResync], asked + 5);
    party.groups[lost] = std::move(made.group);
    party.expect_agreement();
  }
}

TEST_F(MlsExternal, OnlyMemberCanResyncAlone) {
  Party alone(world, 1);
  const Bytes shown = World::get(alone.groups[0].group_info(world.entropy));
  ExternalJoinRequest request;
  request.replaces = LeafIndex{0};
  ExternalJoin made = World::get(join(alone.devices[0], shown, request));
  EXPECT_TRUE(std::holds_alternative<RemovedFromGroup>(world.process(alone.groups[0], made.commit)));
  EXPECT_EQ(made.group.member_count(), 1u);
}

TEST_F(MlsExternal, ResyncIsForTheSameIdentityOnly) {
  ExternalJoinRequest request;
  request.replaces = LeafIndex{1};
  EXPECT_EQ(code_of(join(party.devices[2], info(), request)), Errc::kUntrusted);
  world.policy.any_successor = true;  // what the joiner believes does not bind the members
  const Device mallory = world.device("mallory");
  ExternalJoin made = World::get(join(mallory, info(), request));
  world.policy.any_successor = false;
  EXPECT_EQ(world.error(party.groups[0], made.commit), Errc::kUntrusted);
}

TEST_F(MlsExternal, PolicyMayRefuseNewcomersAndStillLetMembersBackIn) {
  const Device dora = world.device("dora");
  const ExternalJoin stranger = World::get(join(dora, info()));
  ExternalJoinRequest request;
  request.replaces = LeafIndex{3};
  const ExternalJoin back = World::get(join(party.devices[3], info(), request));
  world.policy.refuse_use = CredentialUse::kExternalJoin;
  EXPECT_EQ(world.error(party.groups[0], stranger.commit), Errc::kUntrusted);
  EXPECT_EQ(code_of(join(dora, info())), Errc::kUntrusted);
  EXPECT_TRUE(party.groups[0].process(back.commit, world.validation()).has_value());
}

TEST_F(MlsExternal, ResyncWithoutPskIsRefusedWhereThePolicyWantsOne) {
  world.psks.add("came back", "a secret of the group");
  ExternalJoinRequest request;
  request.replaces = LeafIndex{3};
  const ExternalJoin plain = World::get(join(party.devices[3], info(), request));
  Validation strict = world.validation();
  strict.resync_needs_psk = true;
  EXPECT_EQ(code_of(party.groups[0].process(plain.commit, strict)), Errc::kNotPermitted);
  request.external_psks = {to_bytes(as_bytes("came back"))};
  const ExternalJoin proven = World::get(join(party.devices[3], info(), request));
  EXPECT_TRUE(party.groups[0].process(proven.commit, strict).has_value());
  EXPECT_EQ(party.groups[0].epoch_authenticator(), proven.group.epoch_authenticator());
}

TEST_F(MlsExternal, ResumptionPskOfTheOldEpochProvesTheFormerMember) {
  const std::uint64_t epoch = party.groups[3].epoch();
  world.psks.add_resumption(party.groups[3].group_id(), epoch, party.groups[3].resumption_psk());
  ExternalJoinRequest request;
  request.replaces = LeafIndex{3};
  request.resumption_psks = {epoch};
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  const ExternalJoin made = World::get(join(party.devices[3], info(), request));
  Validation members = world.validation();
  members.psks = nullptr;  // they know it by themselves
  EXPECT_TRUE(party.groups[1].process(made.commit, members).has_value());
  EXPECT_EQ(party.groups[1].epoch_authenticator(), made.group.epoch_authenticator());
}

TEST_F(MlsExternal, GroupInfoMustBeWhole) {
  const Device dora = world.device("dora");
  const auto with = [&](GroupInfoParts parts) {
    return World::get(party.groups[0].group_info(world.entropy, parts));
  };
  EXPECT_EQ(code_of(join(dora, with({false, true}))), Errc::kNotFound);
  EXPECT_EQ(code_of(join(dora, with({true, false}))), Errc::kNotFound);
  Bytes forged = info();
  forged[forged.size() - 10] ^= 1;
  EXPECT_EQ(code_of(join(dora, forged)), Errc::kBadSignature);
  EXPECT_EQ(code_of(join(dora, dora.bundle.message())), Errc::kInvalidValue);
  // The tree may come from elsewhere.
  const Bytes tree = encode(GroupAccess::state(party.groups[0]).tree);
  EXPECT_TRUE(Group::join_external(with({false, true}), {Credential::basic(as_bytes("dora")), {}, {}, {}, {}},
                                   dora.key, world.validation(), world.entropy, tree)
                  .has_value());
}

TEST_F(MlsExternal, GroupInfoIsReadWithoutJoining) {
  const GroupInfoSummary seen = World::get(check_group_info(info(2), world.validation()));
  EXPECT_EQ(seen.epoch, party.groups[0].epoch());
  EXPECT_EQ(seen.group_id, party.groups[0].group_id());
  EXPECT_EQ(seen.signer, LeafIndex{2});
  EXPECT_EQ(seen.members.size(), 4u);
}

TEST_F(MlsExternal, CommitMadeFromAnOldGroupInfoIsStale) {
  const ExternalJoin made = World::get(join(world.device("dora"), info()));
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  EXPECT_EQ(world.error(party.groups[1], made.commit), Errc::kStaleEpoch);
}

TEST_F(MlsExternal, CommitThatBreaksARuleIsRefused) {
  const Device dora = world.device("dora");
  const Bytes commit = World::get(join(dora, info())).commit;
  const auto verdict = [&](const std::function<void(FramedContent&)>& change) {
    return world.error(party.groups[0], changed(dora, commit, change));
  };
  EXPECT_EQ(verdict([](FramedContent& c) { commit_in(c).path.reset(); }), Errc::kMalformed);
  EXPECT_EQ(verdict([](FramedContent& c) { commit_in(c).proposals.clear(); }), Errc::kInvalidValue);
  EXPECT_EQ(verdict([](FramedContent& c) { commit_in(c).proposals.push_back({Bytes(32, 1)}); }),
            Errc::kInvalidValue);
  EXPECT_EQ(verdict([](FramedContent& c) { commit_in(c).proposals.push_back({Proposal{Remove{{9}}}}); }),
            Errc::kInvalidValue);
  EXPECT_EQ(verdict([](FramedContent& c) { c.sender = Sender{SenderType::kExternal, 0}; }), Errc::kMalformed);
  EXPECT_EQ(verdict([](FramedContent& c) { c.authenticated_data = {1}; }), Errc::kBadSignature);  // the tag
  Bytes other_signer = changed(party.devices[1], commit, [](FramedContent&) {});
  EXPECT_EQ(world.error(party.groups[0], other_signer), Errc::kBadSignature);
  EXPECT_TRUE(party.groups[0].process(commit, world.validation()).has_value());
}

TEST_F(MlsExternal, ResyncMayNotKeepTheFormerLeafKey) {
  ExternalJoinRequest request;
  request.replaces = LeafIndex{3};
  const Bytes commit = World::get(join(party.devices[3], info(), request)).commit;
  const Bytes kept = changed(party.devices[3], commit, [&](FramedContent& content) {
    LeafNode& leaf = commit_in(content).path->leaf_node;
    leaf.encryption_key = GroupAccess::state(party.groups[0]).tree.leaf(LeafIndex{3})->encryption_key;
    leaf.sign(party.devices[3].key, LeafPlace{party.groups[0].group_id(), LeafIndex{3}});
  });
  const auto refused = party.groups[0].process(kept, world.validation());
  EXPECT_EQ(place_of(refused), "RFC 9420 12.4.2 leaf key");
}

TEST_F(MlsExternal, PresentMemberCannotJoinASecondTime) {
  EXPECT_EQ(code_of(join(party.devices[2], info())), Errc::kInvalidValue);
}

}  // namespace
}  // namespace nattevagt::mls
