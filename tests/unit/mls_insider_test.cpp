// Commits, proposals and messages of a member with a modified client (RFC 9420 6, 7.3, 12.1, 12.2, 12.4.2), sent
// to honest ones. Each is good but for one rule.
#include "tests/unit/mls_insider.h"

#include "client-lib/mls/external_proposal.h"

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

const std::string kGood = "RFC 9420 12.4.2 confirmation_tag";  // see Insider::say()

class MlsHostileCommit : public testing::Test {
 protected:
  void SetUp() override { party.fill(); }
  // What an honest member says to it; it is as it was before.
  std::string verdict(ByteView message) { return refusal(party.groups[0], message, world.validation()); }
  std::string verdict(std::vector<ProposalOrRef> proposals, std::optional<UpdatePath> path = {}) {
    return verdict(mallory.say(Commit{std::move(proposals), std::move(path)}));
  }
  std::string by_path(std::vector<Proposal> proposals, const std::function<void(UpdatePath&)>& change,
                      const SignKey* leaf_key = nullptr) {
    std::vector<ListedProposal> list;
    std::vector<ProposalOrRef> items;
    for (const Proposal& proposal : proposals) {
      list.push_back({proposal, Sender{SenderType::kMember, mallory.own().value}});
      items.push_back({proposal});
    }
    return verdict(std::move(items), mallory.path(list, change, leaf_key));
  }
  std::string by_path(const std::function<void(UpdatePath&)>& change, const SignKey* leaf_key = nullptr) {
    return by_path({}, change, leaf_key);
  }
  const LeafNode& leaf(std::uint32_t of) { return *GroupAccess::state(party.groups[0]).tree.leaf({of}); }
  // An Update of device 2, sent to device 0, and a commit of it by mallory.
  std::string by_update(const std::function<void(LeafNode&)>& change, const SignKey& signer,
                        bool with_path = true) {
    Insider eve(world, party, 2);
    LeafNode node = leaf(2);
    node.encryption_key = to_bytes(hpke_generate(world.entropy).key);
    node.source = LeafNodeSource::kUpdate;
    node.parent_hash.clear();
    change(node);
    node.sign(signer, LeafPlace{party.groups[0].group_id(), LeafIndex{2}});
    const Proposal update{Update{node}};
    const Processed taken = world.process(party.groups[0], eve.say(update));
    const Bytes reference = std::get<ProposalReceived>(taken).reference;
    std::optional<UpdatePath> path;
    if (with_path) path = mallory.path({{update, Sender{SenderType::kMember, 2}}}, [](UpdatePath&) {});
    return verdict({{reference}}, std::move(path));
  }

  World world;
  Party party{world, 4};
  Insider mallory{world, party, 3};
};

TEST_F(MlsHostileCommit, HonestOnesFailAtNothingButTheTagThatIsNotTheirs) {
  EXPECT_EQ(by_path([](UpdatePath&) {}), kGood);
  EXPECT_EQ(verdict({{Proposal{Add{parsed(world.device("dora").bundle)}}}}), kGood);
  EXPECT_EQ(by_path({Proposal{Remove{{1}}}}, [](UpdatePath&) {}), kGood);
  EXPECT_EQ(by_update([](LeafNode&) {}, party.devices[2].key), kGood);
}

// 7.3: signature keys and encryption keys are unique among the members, whichever way a leaf comes in.
TEST_F(MlsHostileCommit, AddWithAMembersEncryptionKeyIsRefused) {
  const Device dora = world.device("dora");
  KeyPackage stolen = parsed(dora.bundle);
  for (const NodeIndex node : {NodeIndex{2}, NodeIndex{1}}) {  // of a leaf, of a parent
    stolen.leaf_node.encryption_key = *GroupAccess::state(party.groups[0]).tree.encryption_key(node);
    EXPECT_EQ(verdict({{Proposal{Add{resigned(stolen, dora.key)}}}}), "RFC 9420 7.3 encryption_key");
  }
}
TEST_F(MlsHostileCommit, TwoAddsWithOneEncryptionKeyAreRefused) {
  const Device dora = world.device("dora"), erik = world.device("erik");
  KeyPackage same = parsed(erik.bundle);
  same.leaf_node.encryption_key = parsed(dora.bundle).leaf_node.encryption_key;
  EXPECT_EQ(verdict({{Proposal{Add{parsed(dora.bundle)}}}, {Proposal{Add{resigned(same, erik.key)}}}}),
            "RFC 9420 7.3 encryption_key");
}
TEST_F(MlsHostileCommit, UpdateToAMembersEncryptionKeyIsRefused) {
  EXPECT_EQ(
      by_update([&](LeafNode& node) { node.encryption_key = leaf(1).encryption_key; }, party.devices[2].key),
      "RFC 9420 7.3 encryption_key");
}
TEST_F(MlsHostileCommit, UpdateToAMembersSignatureKeyIsRefused) {
  EXPECT_EQ(
      by_update([&](LeafNode& node) { node.signature_key = leaf(1).signature_key; }, party.devices[1].key),
      "RFC 9420 7.3 signature_key");
}
TEST_F(MlsHostileCommit, PathLeafWithAMembersSignatureKeyIsRefused) {
  EXPECT_EQ(by_path([&](UpdatePath& path) { path.leaf_node.signature_key = leaf(1).signature_key; },
                    &party.devices[1].key),
            "RFC 9420 7.3 signature_key");
}

// 12.4.2: the committer's new leaf.
TEST_F(MlsHostileCommit, PathLeafMustBeALeafOfACommit) {
  EXPECT_EQ(by_path([](UpdatePath& path) { path.leaf_node.source = LeafNodeSource::kUpdate; }),
            "RFC 9420 7.3 leaf_node_source");
  EXPECT_EQ(by_path([](UpdatePath&) {}, &party.devices[1].key), "RFC 9420 7.3 LeafNode");
  EXPECT_EQ(by_path([](UpdatePath& path) { path.leaf_node.capabilities.versions.clear(); }),
            "RFC 9420 7.2 capabilities");
  EXPECT_EQ(by_path([](UpdatePath& path) {
              path.leaf_node.extensions = {{0x7777, {}}};
            }),
            "RFC 9420 7.3 extensions");
  EXPECT_EQ(by_path([](UpdatePath& path) { path.leaf_node.encryption_key.pop_back(); }), "RFC 9420 7.2 keys");
}
TEST_F(MlsHostileCommit, PathMayNotKeepAKeyThatStandsInTheTree) {
  EXPECT_EQ(by_path([&](UpdatePath& path) { path.leaf_node.encryption_key = leaf(3).encryption_key; }),
            "RFC 9420 12.4.2 leaf key");
  EXPECT_EQ(by_path([&](UpdatePath& path) { path.leaf_node.encryption_key = leaf(1).encryption_key; }),
            "RFC 9420 12.4.2 path keys");
  EXPECT_EQ(by_path([&](UpdatePath& path) { path.nodes[0].encryption_key = leaf(1).encryption_key; }),
            "RFC 9420 12.4.2 path keys");
}
TEST_F(MlsHostileCommit, PathLeafMustSupportWhatTheGroupRequires) {
  const RequiredCapabilities required{{extension_type::kLastResort}, {}, {}};
  const GroupContextExtensions changed{{{extension_type::kRequiredCapabilities, encode(required)}}};
  const auto poorer = [](UpdatePath& path) {
    path.leaf_node.extensions.clear();
    path.leaf_node.capabilities.extensions.clear();
  };
  // What this very commit begins to require, too.
  EXPECT_EQ(by_path({Proposal{changed}}, [](UpdatePath&) {}), kGood);
  EXPECT_EQ(by_path(poorer), "aead_open");  // the leaf would do; the path was sealed for another
  EXPECT_EQ(by_path({Proposal{changed}}, poorer), "RFC 9420 11.1 required_capabilities");
  CommitRequest request;
  request.group_context_extensions = changed.extensions;
  party.deliver(0, world.commit(party.groups[0], request).commit);
  EXPECT_EQ(by_path(poorer), "RFC 9420 11.1 required_capabilities");
}
// 7.3, 12.1.7: who is added must support what the same list begins to require, and a leaf that the same list
// removes need not.
TEST_F(MlsHostileCommit, AddedMemberMustSupportWhatTheSameListRequires) {
  const Device dora = world.device("dora");
  KeyPackage poor = parsed(dora.bundle);
  poor.leaf_node.extensions.clear();
  poor.leaf_node.capabilities.extensions.clear();
  poor.extensions.clear();
  const Proposal add{Add{resigned(poor, dora.key)}};
  const RequiredCapabilities required{{extension_type::kLastResort}, {}, {}};
  const Proposal change{GroupContextExtensions{{{extension_type::kRequiredCapabilities, encode(required)}}}};
  const UpdatePath path = mallory.path({}, [](UpdatePath&) {});
  EXPECT_EQ(verdict({{add}}), kGood);
  EXPECT_EQ(verdict({{change}, {add}}, path), "RFC 9420 11.1 required_capabilities");
  EXPECT_EQ(verdict({{add}, {change}}, path), "RFC 9420 11.1 required_capabilities");
}

// 7.5, 7.6: the path's secrets.
TEST_F(MlsHostileCommit, PathSecretThatIsNotOfItsKeysIsRefused) {
  EXPECT_EQ(by_path([&](UpdatePath& path) {  // sealed rightly, of other keys
              const UpdatePath other = mallory.path({}, [](UpdatePath&) {});
              for (std::size_t i = 0; i < path.nodes.size(); ++i)
                path.nodes[i].encrypted_path_secret = other.nodes[i].encrypted_path_secret;
            }),
            "aead_open");  // its context is another tree's
  // The same, with the context of this one.
  RatchetTree after = mallory.state().tree;
  const FreshPath fresh = renew_path(after, LeafIndex{3}, *after.leaf(LeafIndex{3}),
                                     party.groups[0].group_id(), mallory.key(), world.entropy);
  GroupContext next = mallory.state().context;
  next.epoch += 1;
  next.tree_hash = to_bytes(after.tree_hash());
  UpdatePath path = World::get(seal_path(after, fresh, encode(next), {}, world.entropy));
  const PathSecret wrong = world.entropy.make_secret<PathSecret>();
  const auto seal = [&](ByteView secret) {
    return World::get(encrypt_with_label(*after.encryption_key(NodeIndex{1}), "UpdatePathNode", encode(next),
                                         secret, world.entropy));
  };
  path.nodes.back().encrypted_path_secret[0] = seal(wrong.expose());
  EXPECT_EQ(verdict({}, path), "RFC 9420 7.5 derived key");
  path.nodes.back().encrypted_path_secret[0] = seal(wrong.expose().first(31));
  EXPECT_NE(verdict({}, path), kGood);
}

// 12.4: an Update asks for a path; a Remove and new extensions: MlsMessages.CommitWithoutItsPathIsRefused.
TEST_F(MlsHostileCommit, UpdateWithoutAPathIsRefused) {
  EXPECT_EQ(by_update([](LeafNode&) {}, party.devices[2].key, false), "RFC 9420 12.4 path required");
}
TEST_F(MlsHostileCommit, UpdateInANameThatIsNotTheMembersIsRefused) {
  Insider eve(world, party, 2);
  LeafNode node = leaf(2);
  node.encryption_key = to_bytes(hpke_generate(world.entropy).key);
  node.source = LeafNodeSource::kUpdate;
  node.parent_hash.clear();
  node.credential = Credential::basic(as_bytes("chief physician"));
  node.sign(eve.key(), LeafPlace{party.groups[0].group_id(), LeafIndex{2}});
  EXPECT_EQ(verdict(eve.say(Proposal{Update{node}})), "test successor");
}

// 12.1, 12.2: each list is refused by the rule it breaks.
TEST_F(MlsHostileCommit, ListsThatCannotStandAreRefused) {
  Device dora = world.device("dora");
  const Proposal add{Add{parsed(dora.bundle)}};
  dora.bundle = world.package("dora", dora.key);
  const Proposal again{Add{parsed(dora.bundle)}};
  const Proposal present{Add{parsed(world.package("device1", party.devices[1].key))}};
  const Proposal remove{Remove{{1}}};
  LeafNode own = leaf(3);
  own.source = LeafNodeSource::kUpdate;
  const Proposal psk{PreSharedKey{fresh_psk_ids({{1}}, {}, {}, world.entropy)[0]}};
  const Proposal extensions{GroupContextExtensions{}};
  const Proposal reinit{ReInit{{1}, kVersionMls10, kSuite, {}}};
  const UpdatePath path = mallory.path({}, [](UpdatePath&) {});
  const auto list = [&](std::vector<Proposal> proposals) {
    std::vector<ProposalOrRef> items;
    for (Proposal& proposal : proposals) items.push_back({std::move(proposal)});
    return verdict(std::move(items), path);
  };
  EXPECT_EQ(list({add, again}), "RFC 9420 12.2 same client");
  EXPECT_EQ(list({present}), "RFC 9420 12.2 client already in the group");
  EXPECT_EQ(list({Proposal{Remove{{3}}}}), "RFC 9420 12.2 own Remove");
  EXPECT_EQ(list({Proposal{Update{own}}}), "RFC 9420 12.2 own Update");
  EXPECT_EQ(list({remove, remove}), "RFC 9420 12.2 same leaf");
  EXPECT_EQ(list({psk, psk}), "RFC 9420 12.2 same PSK");
  EXPECT_EQ(list({reinit, add}), "RFC 9420 12.2 ReInit alone");
  EXPECT_EQ(list({extensions, extensions}), "RFC 9420 12.2 GroupContextExtensions");
  EXPECT_EQ(list({Proposal{ExternalInit{{1}}}}), "RFC 9420 12.2 ExternalInit");
}
TEST_F(MlsHostileCommit, ProposalsThatCannotHoldAreRefusedWhenTheyCome) {
  const auto alone = [&](Proposal proposal) { return verdict(mallory.say(std::move(proposal))); };
  EXPECT_EQ(alone(Proposal{ExternalInit{{1}}}), "RFC 9420 12.1.6");
  EXPECT_EQ(alone(Proposal{Remove{{9}}}), "RFC 9420 12.1.3");
  EXPECT_EQ(alone(Proposal{ReInit{{1}, 0, kSuite, {}}}), "RFC 9420 12.1.5");
  PreSharedKeyId id =
      fresh_psk_ids({}, {party.groups[0].epoch()}, party.groups[0].group_id(), world.entropy)[0];
  id.usage = ResumptionUsage::kBranch;
  EXPECT_EQ(alone(Proposal{PreSharedKey{id}}), "RFC 9420 12.1.4 usage");
  id.usage = ResumptionUsage::kApplication;
  id.psk_nonce.pop_back();
  EXPECT_EQ(alone(Proposal{PreSharedKey{id}}), "RFC 9420 12.1.4 psk_nonce");
  const Proposal good{Remove{{1}}};
  const Bytes said = mallory.say(good);
  EXPECT_EQ(verdict(said), "");
  EXPECT_EQ(verdict(said), "RFC 9420 12.1");
  EXPECT_EQ(party.groups[0].pending_proposals(), 1u);
}
// 12.1.8: what a named outsider signs is still not its to propose.
TEST_F(MlsHostileCommit, NamedOutsiderProposesNoUpdateAndNoExternalInit) {
  const Device roster = world.device("roster");
  Party open(world, 3,
             {external_senders_extension(
                 {{to_bytes(roster.key.public_key().bytes), Credential::basic(as_bytes("roster"))}})});
  Insider inside(world, open, 1);
  const Sender outside{SenderType::kExternal, 0};
  const auto says = [&](Proposal proposal) {
    return refusal(open.groups[0], inside.say(std::move(proposal), outside, roster.key), world.validation());
  };
  EXPECT_EQ(says(Proposal{Remove{{2}}}), "");
  LeafNode leaf = *GroupAccess::state(open.groups[0]).tree.leaf(LeafIndex{0});
  leaf.source = LeafNodeSource::kUpdate;
  EXPECT_EQ(says(Proposal{Update{leaf}}), "RFC 9420 12.1.8");
  EXPECT_EQ(says(Proposal{ExternalInit{{1}}}), "RFC 9420 12.1.8");
}

// 8.4: a PSK of another group is not ours of the same epoch.
TEST_F(MlsHostileCommit, ResumptionPskOfAnotherGroupIsNotOurs) {
  PreSharedKeyId id =
      fresh_psk_ids({}, {party.groups[0].epoch()}, as_bytes("another group"), world.entropy)[0];
  EXPECT_EQ(verdict({{Proposal{PreSharedKey{id}}}}), "RFC 9420 8.4");
  id.psk_group_id = party.groups[0].group_id();
  EXPECT_EQ(verdict({{Proposal{PreSharedKey{id}}}}), kGood);
}

// 11.2: after a ReInit nothing moves the group on, whoever sends it.
TEST_F(MlsHostileCommit, NothingFollowsAReInit) {
  Group frozen = party.groups[0].clone();
  GroupAccess::state(frozen).reinit = ReInit{to_bytes(as_bytes("next")), kVersionMls10, kSuite, {}};
  const Bytes commit = mallory.say(Commit{{}, mallory.path({}, [](UpdatePath&) {})});
  EXPECT_EQ(refusal(frozen, commit, world.validation()), "RFC 9420 11.2");
}

// ---- Framing (6): a leaf that is nobody's, a sender of a kind that may not say this

TEST_F(MlsHostileCommit, NobodysLeafSaysNothing) {
  CommitRequest request;
  request.removes = {LeafIndex{1}};
  const Bytes removal = world.commit(party.groups[0], request).commit;
  party.deliver(0, removal);
  for (const std::uint32_t nobody : {1u, 9u, 0xffffffffu}) {
    EXPECT_EQ(verdict(mallory.say(Proposal{Remove{{2}}}, Sender{SenderType::kMember, nobody}, mallory.key())),
              "RFC 9420 6.1 sender");
    EXPECT_EQ(verdict(mallory.whisper(LeafIndex{nobody})), "RFC 9420 6.3.2 sender");
  }
  std::vector<Bytes> late;
  for (const std::uint32_t nobody : {1u, 9u, 0xffffffffu}) late.push_back(mallory.whisper(LeafIndex{nobody}));
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  for (const Bytes& message : late) EXPECT_EQ(verdict(message), "RFC 9420 6.3.2 sender");
}
TEST_F(MlsHostileCommit, SenderOfAnotherKindMayNotSayIt) {
  const std::string refused = "RFC 9420 6 sender_type";
  const Commit commit{{}, mallory.path({}, [](UpdatePath&) {})};
  const Proposal add{Add{parsed(world.device("dora").bundle)}};
  EXPECT_EQ(verdict(mallory.say(commit, Sender{SenderType::kExternal, 0}, mallory.key())), refused);
  EXPECT_EQ(verdict(mallory.say(commit, Sender{SenderType::kNewMemberProposal, 0}, mallory.key())), refused);
  EXPECT_EQ(verdict(mallory.say(add, Sender{SenderType::kNewMemberCommit, 0}, mallory.key())), refused);
  for (const auto type :
       {SenderType::kExternal, SenderType::kNewMemberProposal, SenderType::kNewMemberCommit}) {
    EXPECT_EQ(verdict(mallory.say(SecretBytes(as_bytes("x")), Sender{type, 0}, mallory.key())), refused);
  }
}
// 6.3: a ciphertext that opens says nothing of what is in it.
TEST_F(MlsHostileCommit, OpenedMessageMustBeWhole) {
  const Bytes whole = mallory.content_of("words");
  Bytes cut = whole, padded = whole, marked = whole;
  cut.pop_back();
  padded.resize(whole.size() + 3);
  marked.resize(whole.size() + 3);
  marked.back() = 1;
  EXPECT_EQ(verdict(mallory.sealed(whole)), "");
  EXPECT_EQ(verdict(mallory.sealed(padded)), "");
  EXPECT_EQ(verdict(mallory.sealed(marked)), "RFC 9420 6.3.1 padding");
  EXPECT_EQ(verdict(mallory.sealed(cut)), "RFC 9420 6.3.1");
  EXPECT_EQ(verdict(mallory.sealed({})), "RFC 9420 6.3.1");
  EXPECT_EQ(verdict(mallory.sealed(whole, Bytes{0})), "RFC 9420 6.3.2");
}
TEST_F(MlsHostileCommit, NewcomerProposesNothingButItself) {
  // Its key package's signature is what makes it known; a Remove has none.
  EXPECT_EQ(
      verdict(mallory.say(Proposal{Remove{{1}}}, Sender{SenderType::kNewMemberProposal, 0}, mallory.key())),
      "RFC 9420 6 sender_type");
}

}  // namespace
}  // namespace nattevagt::mls
