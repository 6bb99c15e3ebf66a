// One test, or more, for each validation rule (RFC 9420 7.3, 7.9, 10.1, 12.1, 12.2, 12.4).
#include "client-lib/mls/leaf_validation.h"
#include "client-lib/mls/welcome.h"
#include "tests/unit/mls_insider.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::parsed;
using test::Party;
using test::World;

// A KeyPackage changed by its owner, signed again.
Errc verdict(World& world, const SignKey& key, KeyPackage changed, const Extensions* context = nullptr) {
  changed.leaf_node.sign(key, {});
  changed.signature = to_bytes(sign_with_label(key, "KeyPackageTBS", changed.tbs()));
  const Status status = validate_key_package(changed, context, world.validation());
  return status ? Errc{} : status.error().code;
}

class MlsLeaf : public testing::Test {
 protected:
  World world;
  Device alice = world.device("alice");
  KeyPackage good = parsed(alice.bundle);
};

TEST_F(MlsLeaf, GoodKeyPackageIsAccepted) { EXPECT_EQ(verdict(world, alice.key, good), Errc{}); }

TEST_F(MlsLeaf, InitKeyMustDifferFromEncryptionKey) {
  good.init_key = good.leaf_node.encryption_key;
  EXPECT_EQ(verdict(world, alice.key, good), Errc::kInvalidValue);
}

TEST_F(MlsLeaf, OtherSuiteOrVersionIsRefused) {
  KeyPackage other = good;
  other.cipher_suite = 1;
  EXPECT_EQ(verdict(world, alice.key, other), Errc::kUnsupported);
  other = good;
  other.version = 2;
  EXPECT_EQ(verdict(world, alice.key, other), Errc::kUnsupported);
}

TEST_F(MlsLeaf, BothSignaturesMustHold) {
  KeyPackage changed = good;
  changed.signature[5] ^= 1;
  EXPECT_EQ(code_of(validate_key_package(changed, nullptr, world.validation())), Errc::kBadSignature);
  changed = good;
  changed.leaf_node.signature[5] ^= 1;
  changed.signature = to_bytes(sign_with_label(alice.key, "KeyPackageTBS", changed.tbs()));
  EXPECT_EQ(code_of(validate_key_package(changed, nullptr, world.validation())), Errc::kBadSignature);
  changed = good;
  changed.signature.clear();
  EXPECT_EQ(code_of(validate_key_package(changed, nullptr, world.validation())), Errc::kBadSignature);
}

TEST_F(MlsLeaf, KeysMustHaveTheSuitesSizes) {
  KeyPackage changed = good;
  changed.leaf_node.encryption_key.push_back(0);
  EXPECT_EQ(verdict(world, alice.key, changed), Errc::kInvalidValue);
  changed = good;
  changed.init_key.pop_back();
  EXPECT_EQ(verdict(world, alice.key, changed), Errc::kInvalidValue);
}

TEST_F(MlsLeaf, SourceMustFitThePlace) {
  good.leaf_node.source = LeafNodeSource::kUpdate;
  EXPECT_EQ(verdict(world, alice.key, good), Errc::kInvalidValue);
}

TEST_F(MlsLeaf, LifetimeIsCheckedWithSkewAndMaximumRange) {
  const auto seconds = static_cast<std::uint64_t>(to_unix_ms(world.now) / 1000);
  const auto with = [&](std::uint64_t from, std::uint64_t to) {
    KeyPackage changed = good;
    changed.leaf_node.lifetime = {from, to};
    return verdict(world, alice.key, changed);
  };
  EXPECT_EQ(with(seconds - 10, seconds + 10), Errc{});
  EXPECT_EQ(with(seconds, seconds), Errc{});
  EXPECT_EQ(with(seconds - 10, seconds - 1), Errc::kExpired);
  EXPECT_EQ(with(seconds + 3600, seconds + 7200), Errc{});
  EXPECT_EQ(with(seconds + 3601, seconds + 7200), Errc::kExpired);
  EXPECT_EQ(with(seconds + 10, seconds - 10), Errc::kInvalidValue);
  EXPECT_EQ(with(seconds, seconds + 400ull * 86400), Errc{});
  EXPECT_EQ(with(seconds, seconds + 400ull * 86400 + 1), Errc::kInvalidValue);
  EXPECT_EQ(with(0, ~0ull), Errc::kInvalidValue);
  // Where any range is taken, one that ends before it begins is still none.
  LeafNode backward = good.leaf_node;
  backward.lifetime = {seconds + 10, seconds - 10};
  backward.sign(alice.key, {});
  Validation any = world.validation();
  any.lifetime_max = Validation::kAnyLifetime;
  const Status refused = validate_leaf(backward, LeafCheck{CredentialUse::kJoin, {}, nullptr}, any);
  ASSERT_FALSE(refused);
  EXPECT_EQ(place_of(refused), "RFC 9420 7.2 lifetime");
}

TEST_F(MlsLeaf, CredentialMustBeBasicAndListed) {
  KeyPackage changed = good;
  changed.leaf_node.credential.type = static_cast<std::uint16_t>(CredentialType::kX509);
  EXPECT_EQ(verdict(world, alice.key, changed), Errc::kUnsupported);
  changed = good;
  changed.leaf_node.capabilities.credentials = {2};
  EXPECT_EQ(verdict(world, alice.key, changed), Errc::kUnsupported);
  changed.leaf_node.capabilities.credentials = {1, 2};  // listed, and still not one that we can believe
  changed.leaf_node.credential.type = static_cast<std::uint16_t>(CredentialType::kX509);
  EXPECT_EQ(verdict(world, alice.key, changed), Errc::kUnsupported);
}

TEST_F(MlsLeaf, CapabilitiesMustListVersionAndSuite) {
  KeyPackage changed = good;
  changed.leaf_node.capabilities.cipher_suites = {1};
  EXPECT_EQ(verdict(world, alice.key, changed), Errc::kUnsupported);
  changed = good;
  changed.leaf_node.capabilities.versions = {};
  EXPECT_EQ(verdict(world, alice.key, changed), Errc::kUnsupported);
}

TEST_F(MlsLeaf, LeafExtensionsMustBeListed) {
  good.leaf_node.extensions = {{0xf001, {1}}};
  EXPECT_EQ(verdict(world, alice.key, good), Errc::kInvalidValue);
  good.leaf_node.capabilities.extensions.push_back(0xf001);
  EXPECT_EQ(verdict(world, alice.key, good), Errc{});
}

TEST_F(MlsLeaf, RequiredCapabilitiesOfAllThreeKindsAreAskedFor) {
  const auto with = [&](RequiredCapabilities required) {
    const Extensions context = {{extension_type::kRequiredCapabilities, encode(required)}};
    return verdict(world, alice.key, good, &context);
  };
  EXPECT_EQ(with({{1, 2}, {1, 7}, {1}}), Errc{});  // defaults and basic
  EXPECT_EQ(with({{0xf001}, {}, {}}), Errc::kUnsupported);
  EXPECT_EQ(with({{}, {0xf001}, {}}), Errc::kUnsupported);
  EXPECT_EQ(with({{}, {}, {2}}), Errc::kUnsupported);
}

TEST_F(MlsLeaf, ContextExtensionMustBeSupportedGreaseNotExcepted) {
  const Extensions unknown = {{0xf001, {}}};
  good.leaf_node.extensions.clear();
  good.leaf_node.capabilities.extensions = {};
  const Extensions grease = {{0x3a3a, {}}};
  EXPECT_EQ(verdict(world, alice.key, good, &unknown), Errc::kUnsupported);
  EXPECT_EQ(verdict(world, alice.key, good, &grease), Errc::kUnsupported);  // 13.5: no special rules
}

TEST_F(MlsLeaf, GreaseIsSent) {
  const auto any = [](const std::vector<std::uint16_t>& types) {
    return std::any_of(types.begin(), types.end(), [](std::uint16_t type) { return is_grease(type); });
  };
  const Capabilities& own = good.leaf_node.capabilities;
  EXPECT_TRUE(any(own.cipher_suites) && any(own.extensions) && any(own.proposals) && any(own.credentials));
  EXPECT_TRUE(is_grease(good.extensions.back().type));
  EXPECT_TRUE(is_grease(good.leaf_node.extensions.back().type));
}

TEST(MlsPolicy, IsAskedAtEveryStageAndItsNoHolds) {
  World world;
  Party party(world, 2);
  EXPECT_GT(world.policy.asked[CredentialUse::kOwn], 0);
  EXPECT_GT(world.policy.asked[CredentialUse::kKeyPackage], 0);
  EXPECT_EQ(world.policy.asked[CredentialUse::kJoin], 2);
  const Bytes update = World::get(party.groups[1].propose_update(world.entropy));
  const Device dora = world.device("dora");
  const Bytes add =
      World::get(party.groups[1].propose_add(dora.bundle.message(), world.validation(), world.entropy));
  CommitRequest path_only;
  path_only.force_path = true;
  path_only.use_pending_proposals = false;
  const Bytes path = world.commit(party.groups[1], path_only).commit;
  for (const auto& [use, message] : {std::pair{CredentialUse::kUpdate, &update},
                                     {CredentialUse::kKeyPackage, &add},
                                     {CredentialUse::kCommit, &path}}) {
    world.policy.refuse_use = use;
    EXPECT_EQ(world.error(party.groups[0], *message), Errc::kUntrusted);
    world.policy.refuse_use.reset();
  }
  CommitRequest request;
  request.use_pending_proposals = false;
  request.adds = {dora.bundle.message()};
  const CommitResult made = world.commit(party.groups[0], request);
  world.policy.refuse_identity = "device1";  // somebody already in the tree
  EXPECT_EQ(code_of(Group::join(*made.welcome, dora.bundle, dora.key, world.validation())), Errc::kUntrusted);
}

// 12.2, on a tree of three members.
class MlsList : public testing::Test {
 protected:
  Errc verdict(std::vector<ListedProposal> list, LeafIndex committer = {0}) {
    const auto applied = apply_proposals(list, committer, state().tree, state().context, world.validation());
    if (!applied) return applied.error().code;
    const Status unique = applied->tree.verify_unique_keys();
    return unique ? Errc{} : unique.error().code;
  }
  GroupState& state() { return GroupAccess::state(party.groups[0]); }
  ListedProposal by(std::uint32_t leaf, Proposal proposal) {
    return {std::move(proposal), {SenderType::kMember, leaf}};
  }
  ListedProposal update_of(std::uint32_t leaf) {
    LeafNode node = *state().tree.leaf(LeafIndex{leaf});
    node.encryption_key = to_bytes(hpke_generate(world.entropy).key);
    node.source = LeafNodeSource::kUpdate;
    node.sign(party.devices[leaf].key, LeafPlace{state().context.group_id, LeafIndex{leaf}});
    return by(leaf, Proposal{Update{std::move(node)}});
  }
  ListedProposal psk(std::uint8_t nonce, std::size_t nonce_size = 32) {
    PreSharedKeyId id;
    id.psk_id = {1};
    id.psk_nonce = Bytes(nonce_size, nonce);
    return by(0, Proposal{PreSharedKey{std::move(id)}});
  }
  ListedProposal add(const Device& device) { return by(0, Proposal{Add{parsed(device.bundle)}}); }

  World world;
  Party party{world, 3};
};

TEST_F(MlsList, GoodListsAreAccepted) {
  EXPECT_EQ(verdict({}), Errc{});
  EXPECT_EQ(verdict({update_of(1), by(0, Proposal{Remove{{2}}}), add(world.device("dora")), psk(1), psk(2),
                     by(1, Proposal{GroupContextExtensions{}})}),
            Errc{});
}
TEST_F(MlsList, UpdateOfTheCommitterIsRefused) {
  EXPECT_EQ(verdict({update_of(1)}, {1}), Errc::kInvalidValue);
}
TEST_F(MlsList, RemoveOfTheCommitterIsRefused) {
  EXPECT_EQ(verdict({by(1, Proposal{Remove{{0}}})}), Errc::kInvalidValue);
}
TEST_F(MlsList, TwoChangesOfOneLeafAreRefused) {
  EXPECT_EQ(verdict({update_of(1), by(0, Proposal{Remove{{1}}})}), Errc::kInvalidValue);
  EXPECT_EQ(verdict({update_of(1), update_of(1)}), Errc::kInvalidValue);
  EXPECT_EQ(verdict({by(0, Proposal{Remove{{1}}}), by(2, Proposal{Remove{{1}}})}), Errc::kInvalidValue);
}
TEST_F(MlsList, RemoveOfABlankLeafIsRefused) {
  EXPECT_EQ(verdict({by(0, Proposal{Remove{{3}}})}), Errc::kInvalidValue);
  EXPECT_EQ(verdict({by(0, Proposal{Remove{{0xffffffff}}})}), Errc::kInvalidValue);
}
TEST_F(MlsList, UpdateOfABlankLeafIsRefused) {
  ListedProposal update = update_of(2);
  update.sender.index = 3;
  EXPECT_EQ(verdict({update}), Errc::kInvalidValue);
}
TEST_F(MlsList, SameClientTwiceIsRefused) {
  Device dora = world.device("dora");
  const ListedProposal first = add(dora);
  dora.bundle = world.package("dora", dora.key);
  EXPECT_EQ(verdict({first, add(dora)}), Errc::kInvalidValue);
}
TEST_F(MlsList, PresentClientIsAddedOnlyWithItsRemove) {
  Device again{"device2", party.devices[2].key.duplicate(), world.package("device2", party.devices[2].key)};
  EXPECT_EQ(verdict({add(again)}), Errc::kInvalidValue);
  EXPECT_EQ(verdict({add(again), by(0, Proposal{Remove{{2}}})}), Errc{});
}
TEST_F(MlsList, UsedEncryptionKeyIsRefused) {
  const Device dora = world.device("dora");
  KeyPackage stolen = parsed(dora.bundle);
  stolen.leaf_node.encryption_key = state().tree.leaf(LeafIndex{1})->encryption_key;
  stolen.leaf_node.sign(dora.key, {});
  stolen.signature = to_bytes(sign_with_label(dora.key, "KeyPackageTBS", stolen.tbs()));
  EXPECT_EQ(verdict({by(0, Proposal{Add{stolen}})}), Errc::kInvalidValue);
}
TEST_F(MlsList, SamePskTwiceAndShortNonceAreRefused) {
  EXPECT_EQ(verdict({psk(1), psk(1)}), Errc::kInvalidValue);
  EXPECT_EQ(verdict({psk(1, 31)}), Errc::kInvalidValue);
}
TEST_F(MlsList, ResumptionPskForReinitOrBranchIsRefused) {
  for (const auto usage :
       {ResumptionUsage::kApplication, ResumptionUsage::kReinit, ResumptionUsage::kBranch}) {
    PreSharedKeyId id;
    id.type = PskType::kResumption;
    id.usage = usage;
    id.psk_nonce = Bytes(32, 1);
    EXPECT_EQ(verdict({by(0, Proposal{PreSharedKey{id}})}),
              usage == ResumptionUsage::kApplication ? Errc{} : Errc::kInvalidValue);
  }
}
TEST_F(MlsList, SecondContextExtensionsAreRefused) {
  EXPECT_EQ(verdict({by(0, Proposal{GroupContextExtensions{}}), by(1, Proposal{GroupContextExtensions{}})}),
            Errc::kInvalidValue);
}
TEST_F(MlsList, ContextExtensionsThatAMemberCannotFollowAreRefused) {
  const RequiredCapabilities required{{0xf001}, {}, {}};
  GroupContextExtensions changed{{{extension_type::kRequiredCapabilities, encode(required)}}};
  EXPECT_EQ(verdict({by(0, Proposal{changed})}), Errc::kUnsupported);
  changed.extensions[0].data.push_back(1);
  EXPECT_EQ(verdict({by(0, Proposal{changed})}), Errc::kMalformed);
}
TEST_F(MlsList, ReInitStandsAlone) {
  EXPECT_EQ(verdict({by(1, Proposal{ReInit{}})}), Errc{});
  EXPECT_EQ(verdict({by(1, Proposal{ReInit{}}), psk(1)}), Errc::kInvalidValue);
  EXPECT_EQ(verdict({by(1, Proposal{ReInit{{}, 0, kSuite, {}}})}), Errc::kInvalidValue);
}
TEST_F(MlsList, ExternalInitIsForExternalCommitsOnly) {
  EXPECT_EQ(verdict({by(0, Proposal{ExternalInit{}})}), Errc::kInvalidValue);
}
TEST_F(MlsList, UpdateMustChangeTheKeyAndBeSignedForItsLeaf) {
  ListedProposal same = update_of(1);
  LeafNode node = std::get<Update>(same.proposal.body).leaf_node;
  LeafNode unchanged = node;
  unchanged.encryption_key = state().tree.leaf(LeafIndex{1})->encryption_key;
  unchanged.sign(party.devices[1].key, LeafPlace{state().context.group_id, LeafIndex{1}});
  EXPECT_EQ(verdict({by(1, Proposal{Update{unchanged}})}), Errc::kInvalidValue);
  node.sign(party.devices[1].key, LeafPlace{state().context.group_id, LeafIndex{2}});
  EXPECT_EQ(verdict({by(1, Proposal{Update{node}})}), Errc::kBadSignature);
  node.sign(party.devices[1].key, LeafPlace{as_bytes("other group"), LeafIndex{1}});
  EXPECT_EQ(verdict({by(1, Proposal{Update{node}})}), Errc::kBadSignature);
}
TEST_F(MlsList, OutsidersMayProposeOnlyWhatTheRfcSays) {
  const Sender outside{SenderType::kExternal, 0};
  const Sender newcomer{SenderType::kNewMemberProposal, 0};
  EXPECT_EQ(verdict({{Proposal{Remove{{1}}}, outside}}), Errc{});
  EXPECT_EQ(verdict({{update_of(1).proposal, outside}}), Errc::kMalformed);
  EXPECT_EQ(verdict({{add(world.device("dora")).proposal, newcomer}}), Errc{});
  EXPECT_EQ(verdict({{Proposal{Remove{{1}}}, newcomer}}), Errc::kMalformed);
  EXPECT_EQ(verdict({{Proposal{ExternalInit{}}, outside}}), Errc::kMalformed);
  EXPECT_EQ(verdict({{Proposal{Remove{{1}}}, {SenderType::kNewMemberCommit, 0}}}), Errc::kMalformed);
}
TEST_F(MlsList, ExternalListIsOneInitOneRemoveAndPsks) {
  const auto external = [&](std::vector<ListedProposal> list) {
    const auto applied = apply_external_proposals(list, state().tree, state().context, world.validation());
    return applied ? Errc{} : applied.error().code;
  };
  const ListedProposal init = by(0, Proposal{ExternalInit{{1}}});
  const ListedProposal remove = by(0, Proposal{Remove{{1}}});
  EXPECT_EQ(external({init, remove, psk(1), psk(2)}), Errc{});
  EXPECT_EQ(external({}), Errc::kInvalidValue);
  EXPECT_EQ(external({init, init}), Errc::kInvalidValue);
  EXPECT_EQ(external({init, remove, by(0, Proposal{Remove{{2}}})}), Errc::kInvalidValue);
  EXPECT_EQ(external({init, add(world.device("dora"))}), Errc::kInvalidValue);
  EXPECT_EQ(external({init, psk(1), psk(1)}), Errc::kInvalidValue);
  EXPECT_EQ(external({init, psk(1, 31)}), Errc::kInvalidValue);
  EXPECT_EQ(external({init, by(0, Proposal{Remove{{3}}})}), Errc::kInvalidValue);  // nobody's leaf
}

// 7.9, 12.4.3.1: trees that a dishonest adder might show.
class MlsTree : public testing::Test {
 protected:
  void SetUp() override { party.fill(); }
  RatchetTree tree() { return GroupAccess::state(party.groups[0]).tree; }
  World world;
  Party party{world, 4};
};

TEST_F(MlsTree, HonestTreeIsValid) {
  EXPECT_TRUE(tree().verify_shape().has_value());
  EXPECT_TRUE(tree().verify_parent_hashes().has_value());
}
TEST_F(MlsTree, ParentKeyOfAnotherIsFoundByTheParentHash) {
  for (const std::uint32_t node : {1u, 3u, 5u}) {
    RatchetTree changed = tree();
    ParentNode parent = *changed.parent(NodeIndex{node});
    parent.encryption_key = to_bytes(hpke_generate(world.entropy).key);
    changed.set_parent(NodeIndex{node}, parent);
    EXPECT_EQ(code_of(changed.verify_parent_hashes()), Errc::kInvalidValue) << node;
  }
}
TEST_F(MlsTree, SiblingThatChangedIsFoundByTheParentHash) {
  RatchetTree changed = tree();
  const std::uint32_t last = 3;  // device 3 committed last; the root covers the other half through its hash
  LeafNode other = *changed.leaf(LeafIndex{0});
  other.credential = Credential::basic(as_bytes("swapped"));
  changed.set_leaf(LeafIndex{0}, std::make_shared<const LeafNode>(other));
  ASSERT_NE(last, 0u);
  EXPECT_FALSE(changed.verify_parent_hashes().has_value());
}
// 7.9.2: who covers a parent is what is left of a child's resolution when the unmerged leaves are taken out. A
// leaf that is unmerged there covers nothing, whatever it claims.
TEST_F(MlsTree, UnmergedLeafCoversNoParent) {
  const auto claims = [&](NodeIndex parent, NodeIndex sibling, LeafIndex who,
                          std::vector<std::uint32_t> unmerged) {
    RatchetTree made;
    for (const Device& device : party.devices) {
      EXPECT_TRUE(
          made.add_leaf(std::make_shared<const LeafNode>(parsed(device.bundle).leaf_node)).has_value());
    }
    made.set_parent(parent, ParentNode{to_bytes(hpke_generate(world.entropy).key), {}, std::move(unmerged)});
    LeafNode leaf = *made.leaf(who);
    leaf.source = LeafNodeSource::kCommit;
    leaf.parent_hash = to_bytes(made.parent_hash(parent, sibling));
    made.set_leaf(who, std::make_shared<const LeafNode>(std::move(leaf)));
    EXPECT_TRUE(made.verify_shape().has_value());
    return made.verify_parent_hashes().has_value();
  };
  // Of node 1, with leaves 0 and 1 below it.
  EXPECT_TRUE(claims(NodeIndex{1}, NodeIndex{0}, LeafIndex{1}, {}));
  EXPECT_FALSE(claims(NodeIndex{1}, NodeIndex{0}, LeafIndex{1}, {1}));
  EXPECT_FALSE(claims(NodeIndex{1}, NodeIndex{0}, LeafIndex{1}, {0, 1}));
  // Of the root, with a blank node 1 below it.
  EXPECT_TRUE(claims(NodeIndex{3}, NodeIndex{5}, LeafIndex{0}, {1}));
  EXPECT_FALSE(claims(NodeIndex{3}, NodeIndex{5}, LeafIndex{1}, {1}));
  EXPECT_FALSE(claims(NodeIndex{3}, NodeIndex{5}, LeafIndex{0}, {}));  // then leaf 1 is left over
}
// 7.9: the sibling's hash is of the time when the parent was made, before the newcomer was known anywhere.
TEST_F(MlsTree, NewcomerBesideAChainDoesNotBreakIt) {
  Party seven(world, 7);
  seven.fill();
  seven.deliver(0, world.commit_path(seven.groups[0]).commit);  // the root is of the left half's making
  const Device dora = world.device("dora");
  CommitRequest request;
  request.adds = {dora.bundle.message()};
  const CommitResult made = world.commit(seven.groups[1], request);
  seven.deliver(1, made.commit);
  const RatchetTree& grown = GroupAccess::state(seven.groups[2]).tree;
  for (const std::uint32_t node : {7u, 11u}) {
    ASSERT_NE(grown.parent(NodeIndex{node}), nullptr);
    EXPECT_EQ(grown.parent(NodeIndex{node})->unmerged_leaves, std::vector<std::uint32_t>{7});
  }
  EXPECT_TRUE(grown.verify_parent_hashes().has_value());
  seven.groups.push_back(world.join(*made.welcome, dora));
  seven.expect_agreement();
}
TEST_F(MlsTree, UnmergedLeafMustBeAMemberBelow) {
  RatchetTree changed = tree();
  ParentNode parent = *changed.parent(NodeIndex{1});
  parent.unmerged_leaves = {2};
  changed.set_parent(NodeIndex{1}, parent);
  EXPECT_FALSE(changed.verify_shape().has_value());
  parent.unmerged_leaves = {77};
  changed.set_parent(NodeIndex{1}, parent);
  EXPECT_FALSE(changed.verify_shape().has_value());
  changed = tree();
  parent = *changed.parent(NodeIndex{3});
  parent.unmerged_leaves = {1};
  changed.remove_leaf(LeafIndex{1});  // below, and nobody's
  changed.set_parent(NodeIndex{3}, parent);
  const Status blank = changed.verify_shape();
  ASSERT_FALSE(blank);
  EXPECT_EQ(place_of(blank), "RFC 9420 7.1");
}
TEST_F(MlsTree, UnmergedLeafMustBeKnownToTheNodesBetween) {
  RatchetTree changed = tree();
  ParentNode root = *changed.parent(NodeIndex{3});
  root.unmerged_leaves = {1};
  changed.set_parent(NodeIndex{3}, root);
  EXPECT_FALSE(changed.verify_shape().has_value());
}
TEST_F(MlsTree, KeysMustBeUnique) {
  RatchetTree changed = tree();
  LeafNode leaf = *changed.leaf(LeafIndex{1});
  leaf.encryption_key = changed.parent(NodeIndex{5})->encryption_key;
  changed.set_leaf(LeafIndex{1}, std::make_shared<const LeafNode>(leaf));
  EXPECT_FALSE(changed.verify_unique_keys().has_value());
  changed = tree();
  leaf = *changed.leaf(LeafIndex{1});
  leaf.signature_key = changed.leaf(LeafIndex{2})->signature_key;
  changed.set_leaf(LeafIndex{1}, std::make_shared<const LeafNode>(leaf));
  EXPECT_FALSE(changed.verify_unique_keys().has_value());
}
TEST_F(MlsTree, OutsideTreeOfAnotherHashIsRefused) {
  GroupState& state = GroupAccess::state(party.groups[0]);
  GroupInfo info;
  info.group_context = state.context;
  info.signer = state.own();
  info.signature = to_bytes(sign_with_label(party.devices[0].key, "GroupInfoTBS", info.tbs()));
  const Bytes right = encode(state.tree);
  EXPECT_TRUE(verified_tree(info, right, world.validation()).has_value());
  RatchetTree changed = tree();
  changed.remove_leaf(LeafIndex{2});
  const Bytes wrong = encode(changed);
  EXPECT_EQ(code_of(verified_tree(info, wrong, world.validation())), Errc::kInvalidValue);
  EXPECT_EQ(code_of(verified_tree(info, {}, world.validation())), Errc::kNotFound);
  info.signature[3] ^= 1;
  EXPECT_EQ(code_of(verified_tree(info, right, world.validation())), Errc::kBadSignature);
}

// A member that shows a tree of its own making, with a hash and a signature that fit it.
TEST_F(MlsTree, DishonestGroupInfoIsRefusedForWhatIsWrongInItsTree) {
  GroupState& state = GroupAccess::state(party.groups[0]);
  const auto verdict = [&](auto&& change) {
    RatchetTree shown = state.tree;
    change(shown);
    GroupInfo info;
    info.group_context = state.context;
    info.group_context.tree_hash = to_bytes(shown.tree_hash());
    info.signer = state.own();
    info.signature = to_bytes(sign_with_label(party.devices[0].key, "GroupInfoTBS", info.tbs()));
    const Bytes bytes = encode(shown);
    const auto believed = verified_tree(info, bytes, world.validation());
    return std::string(believed ? "" : believed.error().where);
  };
  EXPECT_EQ(verdict([](RatchetTree&) {}), "");
  EXPECT_EQ(verdict([](RatchetTree& tree) {
              ParentNode node = *tree.parent(NodeIndex{1});
              node.parent_hash[0] ^= 1;
              tree.set_parent(NodeIndex{1}, std::move(node));
            }),
            "RFC 9420 7.9.2");
  EXPECT_EQ(verdict([](RatchetTree& tree) {
              ParentNode node = *tree.parent(NodeIndex{1});
              node.unmerged_leaves = {3};
              tree.set_parent(NodeIndex{1}, std::move(node));
            }),
            "RFC 9420 7.1");
  EXPECT_EQ(verdict([](RatchetTree& tree) {
              ParentNode node = *tree.parent(NodeIndex{5});
              node.encryption_key = tree.parent(NodeIndex{1})->encryption_key;
              tree.set_parent(NodeIndex{5}, std::move(node));
            }),
            "RFC 9420 7.3 encryption_key");
  EXPECT_EQ(verdict([](RatchetTree& tree) {
              LeafNode leaf = *tree.leaf(LeafIndex{2});
              leaf.signature[0] ^= 1;
              tree.set_leaf(LeafIndex{2}, std::make_shared<const LeafNode>(std::move(leaf)));
            }),
            "RFC 9420 7.9.2");  // the sibling's hash no longer fits; a leaf alone is rule 2's
}

// 12.4.2: paths that do not fit.
TEST_F(MlsTree, PathMustFitTheTree) {
  GroupState& state = GroupAccess::state(party.groups[0]);
  const auto make = [&](auto&& change) {
    RatchetTree after = state.tree;
    const FreshPath fresh = renew_path(after, LeafIndex{0}, *after.leaf(LeafIndex{0}), state.context.group_id,
                                       state.sign_key, world.entropy);
    UpdatePath path = World::get(seal_path(after, fresh, {}, {}, world.entropy));
    change(path);
    RatchetTree theirs = state.tree;
    const auto merged = merge_path(theirs, LeafIndex{0}, path, {});
    return std::string(merged ? "" : merged.error().where);
  };
  EXPECT_EQ(make([](UpdatePath&) {}), "");
  EXPECT_EQ(make([](UpdatePath& path) { path.nodes.pop_back(); }), "RFC 9420 7.6 nodes");
  EXPECT_EQ(make([](UpdatePath& path) { path.nodes[1].encrypted_path_secret.pop_back(); }),
            "RFC 9420 7.6 encrypted_path_secret");
  EXPECT_EQ(make([](UpdatePath& path) { path.nodes[0].encryption_key.push_back(0); }), "RFC 9420 7.6 key");
  EXPECT_EQ(make([](UpdatePath& path) { path.leaf_node.parent_hash[0] ^= 1; }), "RFC 9420 7.9.2 leaf");
  const std::string known = "RFC 9420 12.4.2 path keys";
  EXPECT_EQ(make([](UpdatePath& path) { path.nodes[0].encryption_key = path.nodes[1].encryption_key; }),
            known);
  EXPECT_EQ(make([&](UpdatePath& path) {
              path.nodes[0].encryption_key = state.tree.leaf(LeafIndex{3})->encryption_key;
            }),
            known);
}

}  // namespace
}  // namespace nattevagt::mls
