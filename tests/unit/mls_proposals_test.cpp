// Proposals from outside (RFC 9420 12.1.8), PSKs in commits (8.4, 8.6), context extensions by reference, and
// what an extension that nobody knows must survive (13).
#include <array>
#include <set>

#include "client-lib/mls/external_proposal.h"
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::Party;
using test::World;

class MlsOutside : public testing::Test {
 protected:
  Extensions senders() {
    return {external_senders_extension(
        {{to_bytes(recorder.key.public_key().bytes), Credential::basic(as_bytes("recorder"))},
         {to_bytes(roster.key.public_key().bytes), Credential::basic(as_bytes("roster"))}})};
  }
  Bytes outside(std::uint32_t index, const SignKey& key, Proposal proposal) {
    return World::get(external_proposal(party.groups[0].group_id(), party.groups[0].epoch(), index,
                                        std::move(proposal), key));
  }
  KeyPackage parsed(const Device& device) {
    MlsMessage message = World::get(parse_message(device.bundle.message()));
    return std::move(std::get<KeyPackage>(message.body));
  }

  World world;
  Device recorder = world.device("recorder"), roster = world.device("roster");
  Party party{world, 3, senders()};
};

TEST_F(MlsOutside, NamedSenderAddsAndRemoves) {
  const Device dora = world.device("dora");
  const std::vector<Bytes> messages = {outside(1, roster.key, Proposal{Remove{{2}}}),
                                       outside(1, roster.key, Proposal{Add{parsed(dora)}})};
  for (const Bytes& message : messages) {
    for (Group& group : party.groups) {
      const Processed done = world.process(group, message);
      EXPECT_FALSE(std::get<ProposalReceived>(done).sender.has_value());
    }
  }
  EXPECT_EQ(world.policy.asked[CredentialUse::kExternalSender], 6);
  const CommitResult made = world.commit(party.groups[0], {});
  EXPECT_EQ(made.change.removed.size(), 1u);
  EXPECT_EQ(made.change.added.size(), 1u);
  party.deliver(0, made.commit);
  EXPECT_FALSE(party.groups[2].active());
  EXPECT_EQ(world.join(*made.welcome, dora).epoch_authenticator(), party.groups[1].epoch_authenticator());
}

TEST_F(MlsOutside, SenderMustBeNamedSignAndBeBelieved) {
  EXPECT_EQ(world.error(party.groups[0], outside(0, roster.key, Proposal{Remove{{2}}})), Errc::kBadSignature);
  EXPECT_EQ(world.error(party.groups[0], outside(2, roster.key, Proposal{Remove{{2}}})), Errc::kNotPermitted);
  world.policy.refuse_use = CredentialUse::kExternalSender;
  EXPECT_EQ(world.error(party.groups[0], outside(1, roster.key, Proposal{Remove{{2}}})), Errc::kUntrusted);
  world.policy.refuse_use.reset();
  EXPECT_TRUE(
      party.groups[0].process(outside(1, roster.key, Proposal{Remove{{2}}}), world.validation()).has_value());
}

TEST_F(MlsOutside, GroupWithoutTheExtensionHearsNoOutsider) {
  Party closed(world, 2);
  EXPECT_EQ(world.error(closed.groups[0], outside(1, roster.key, Proposal{Remove{{1}}})),
            Errc::kNotPermitted);
}

TEST_F(MlsOutside, OutsiderProposesNoUpdateOrExternalInit) {
  const Bytes& id = party.groups[0].group_id();
  EXPECT_FALSE(external_proposal(id, 1, 0, Proposal{Update{}}, roster.key).has_value());
  EXPECT_FALSE(external_proposal(id, 1, 0, Proposal{ExternalInit{}}, roster.key).has_value());
}

TEST_F(MlsOutside, OutsiderMayProposeReInitExtensionsAndPsks) {
  for (Proposal proposal : {Proposal{ReInit{to_bytes(as_bytes("next")), kVersionMls10, kSuite, {}}},
                            Proposal{GroupContextExtensions{}}}) {
    Group member = party.groups[0].clone();
    world.process(member, outside(0, recorder.key, proposal));
    EXPECT_EQ(world.commit(member, {}).change.reinit, proposal.type() == ProposalType::kReInit);
  }
}

TEST_F(MlsOutside, NewcomerAsksToBeAdded) {
  const Device dora = world.device("dora");
  const Bytes message = World::get(
      new_member_proposal(party.groups[0].group_id(), party.groups[0].epoch(), dora.bundle, dora.key));
  for (Group& group : party.groups) world.process(group, message);
  const CommitResult made = world.commit(party.groups[1], {});
  party.deliver(1, made.commit);
  party.groups.push_back(world.join(*made.welcome, dora));
  party.expect_agreement();
  EXPECT_FALSE(new_member_proposal(party.groups[0].group_id(), 1, dora.bundle, roster.key).has_value());
}

TEST_F(MlsOutside, NewcomersProposalIsSignedByItsOwnKeyPackage) {
  const Device dora = world.device("dora");
  PublicMessage forged;
  forged.content.group_id = party.groups[0].group_id();
  forged.content.epoch = party.groups[0].epoch();
  forged.content.sender = Sender{SenderType::kNewMemberProposal, 0};
  forged.content.content = Proposal{Add{parsed(dora)}};
  forged.auth = sign_content(WireFormat::kPublicMessage, forged.content, {}, roster.key);
  MlsMessage message;
  message.body = std::move(forged);
  EXPECT_EQ(world.error(party.groups[0], encode(message)), Errc::kBadSignature);
}

// ---- PSKs

class MlsPsk : public testing::Test {
 protected:
  World world;
  Party party{world, 3};
};

TEST_F(MlsPsk, ResumptionPskOfThisAndPastEpochsIsMixedIn) {
  for (std::uint64_t back = 0; back < 3; ++back) {
    CommitRequest request;
    request.resumption_psks = {party.groups[0].epoch() - back};
    const CommitResult made = world.commit(party.groups[0], request);
    // A member whose PSK of that epoch is another one cannot follow: the key really goes in.
    Group other = party.groups[1].clone();
    GroupState& state = GroupAccess::state(other);
    (back == 0 ? state.secrets.resumption : state.past_psks[state.past_psks.size() - back].psk).expose()[0] ^=
        1;
    EXPECT_EQ(world.error(other, made.commit), Errc::kBadSignature) << back;
    party.deliver(0, made.commit);
    party.expect_agreement();
    party.deliver(1, world.commit_path(party.groups[1]).commit);
    party.deliver(2, world.commit_path(party.groups[2]).commit);
  }
}

TEST_F(MlsPsk, UnknownResumptionPskIsAnErrorAtBothEnds) {
  CommitRequest request;
  request.resumption_psks = {party.groups[0].epoch() + 1};
  EXPECT_EQ(code_of(party.groups[0].commit(request, world.validation(), world.entropy)), Errc::kUnknownPsk);
  request.resumption_psks = {party.groups[0].epoch()};
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  const Bytes commit = world.commit(party.groups[0], request).commit;  // of the epoch before
  GroupAccess::state(party.groups[1]).past_psks.clear();
  EXPECT_EQ(world.error(party.groups[1], commit), Errc::kUnknownPsk);
  EXPECT_TRUE(party.groups[2].process(commit, world.validation()).has_value());
}

TEST_F(MlsPsk, NewMemberNeedsTheResumptionPskFromElsewhere) {
  const Device dora = world.device("dora");
  CommitRequest request;
  request.resumption_psks = {party.groups[0].epoch()};
  request.adds = {dora.bundle.message()};
  const CommitResult made = world.commit(party.groups[0], request);
  const auto join = [&] { return Group::join(*made.welcome, dora.bundle, dora.key, world.validation()); };
  EXPECT_EQ(code_of(join()), Errc::kUnknownPsk);
  world.psks.add_resumption(party.groups[0].group_id(), party.groups[0].epoch(),
                            party.groups[0].resumption_psk());
  EXPECT_TRUE(join().has_value());
}

TEST_F(MlsPsk, PskAndExtensionProposalsTravelByReference) {
  world.psks.add("rota", "secret of the rota");
  const Extensions wanted = {{extension_type::kApplicationId, to_bytes(as_bytes("nat"))}};
  const std::vector<Bytes> messages = {
      World::get(party.groups[1].propose_psk(as_bytes("rota"), world.entropy)),
      World::get(party.groups[1].propose_resumption_psk(0, world.entropy, HandshakeFormat::kPublic)),
      World::get(party.groups[1].propose_resumption_psk(party.groups[1].epoch(), world.entropy)),
      World::get(party.groups[2].propose_context_extensions(wanted, world.validation(), world.entropy))};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    for (std::size_t to = 0; to < 3; ++to) {
      if (to != (i < 3 ? 1u : 2u)) world.process(party.groups[to], messages[i]);
    }
  }
  // Epoch 0 is one that nobody but the creator has seen: the committer leaves that proposal out.
  const CommitResult made = world.commit(party.groups[2], {});
  party.deliver(2, made.commit);
  party.expect_agreement();
  EXPECT_EQ(party.groups[1].group_context_extensions(), wanted);
}

TEST_F(MlsPsk, NoncesAreFresh) {
  const auto ids = fresh_psk_ids({{1}, {1}}, {4}, as_bytes("nat"), world.entropy);
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_EQ(ids[0].psk_nonce.size(), kHashBytes);
  EXPECT_NE(ids[0].psk_nonce, ids[1].psk_nonce);
  EXPECT_NE(ids[1].psk_nonce, ids[2].psk_nonce);
}

// ---- Extensions

TEST(MlsExtensions, UnknownOnesAreKeptByteForByte) {
  World world;
  Device dora = world.device("dora");
  MlsMessage message = World::get(parse_message(dora.bundle.message()));
  auto& key_package = std::get<KeyPackage>(message.body);
  key_package.leaf_node.capabilities.extensions.push_back(0xf0f1);
  key_package.leaf_node.capabilities.proposals.push_back(0x7777);
  key_package.leaf_node.extensions.push_back({0xf0f1, to_bytes(as_bytes("who knows \x01\x02"))});
  key_package.extensions.push_back({0x9999, {0xff, 0x00}});
  key_package.leaf_node.sign(dora.key, {});
  key_package.signature = to_bytes(sign_with_label(dora.key, "KeyPackageTBS", key_package.tbs()));
  const Bytes bytes = encode(message);
  EXPECT_EQ(encode(World::get(parse_message(bytes))), bytes);
  dora.bundle = World::get(KeyPackageBundle::from_parts(bytes, dora.bundle.init_private().duplicate(),
                                                        dora.bundle.leaf_private().duplicate()));
  Party party(world, 2);
  CommitRequest request;
  request.adds = {bytes};
  const CommitResult made = world.commit(party.groups[0], request);
  party.deliver(0, made.commit);
  Group joined = world.join(*made.welcome, dora);  // the leaf's signature still fits in everybody's tree
  EXPECT_EQ(GroupAccess::state(party.groups[1]).tree.leaf(LeafIndex{2})->extensions,
            key_package.leaf_node.extensions);
  EXPECT_EQ(joined.epoch_authenticator(), party.groups[1].epoch_authenticator());
}

TEST(MlsExtensions, TwoOfOneTypeAreMalformed) {
  Writer out;
  encode_extensions({{7, {1}}, {7, {2}}}, out);
  Reader in(out.view());
  decode_extensions(in);
  EXPECT_FALSE(in.ok());
}

TEST(MlsExtensions, UnknownGroupInfoExtensionsAreIgnored) {
  World world;
  Party party(world, 2);
  GroupInfo info = make_group_info(GroupAccess::state(party.groups[0]), {}, world.entropy);
  info.extensions.push_back({0x9999, {1, 2, 3}});
  info.signature = to_bytes(sign_with_label(party.devices[0].key, "GroupInfoTBS", info.tbs()));
  MlsMessage message;
  message.body = std::move(info);
  EXPECT_TRUE(check_group_info(encode(message), world.validation()).has_value());
}

// ---- Padding (6.3.1, 15.1)

TEST(MlsPadding, AlertAndChatterAreOfOneLength) {
  World world;
  Party party(world, 2);
  const std::size_t chatter = world.protect(party.groups[0], "ok").size();
  EXPECT_EQ(world.protect(party.groups[0], std::string(300, 'a')).size(), chatter);
  EXPECT_GT(world.protect(party.groups[0], std::string(600, 'a')).size(), chatter);
  EXPECT_EQ(padded_size(1), 512u);
  EXPECT_EQ(padded_size(512), 512u);
  EXPECT_EQ(padded_size(513), 1024u);
  EXPECT_EQ(padded_size(16385), 32768u);
}

// ---- Late messages (15.3)

TEST(MlsPastEpochs, AreBoundedInNumberAndInTime) {
  World world;
  Party party(world, 2);
  const Bytes first = world.protect(party.groups[0], "first");
  const Bytes second = world.protect(party.groups[0], "second");
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  world.now += world.validation().past_epoch_age;
  EXPECT_EQ(world.read(party.groups[1], first), "first");
  EXPECT_FALSE(party.groups[1].forget_old_epochs(world.validation()));
  world.now += Millis(1);
  EXPECT_EQ(world.error(party.groups[1], second), Errc::kStaleEpoch);
  EXPECT_TRUE(party.groups[1].forget_old_epochs(world.validation()));
  EXPECT_TRUE(GroupAccess::state(party.groups[1]).past.empty());

  const Bytes kept = world.protect(party.groups[0], "kept");
  for (std::size_t i = 0; i < kPastEpochsMax; ++i)
    party.deliver(0, world.commit_path(party.groups[0]).commit);
  EXPECT_EQ(world.read(party.groups[1], kept), "kept");
  const Bytes gone = world.protect(party.groups[0], "gone");
  for (std::size_t i = 0; i <= kPastEpochsMax; ++i)
    party.deliver(0, world.commit_path(party.groups[0]).commit);
  EXPECT_EQ(world.error(party.groups[1], gone), Errc::kStaleEpoch);
}

TEST(MlsPastEpochs, OfferNoHandshakes) {
  World world;
  Party party(world, 3);
  const Bytes proposal = World::get(party.groups[1].propose_update(world.entropy));
  const Bytes commit = world.commit_path(party.groups[2]).commit;
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  EXPECT_EQ(world.error(party.groups[0], proposal), Errc::kStaleEpoch);
  EXPECT_EQ(world.error(party.groups[0], commit), Errc::kStaleEpoch);
}

// ---- A member that replays (RFC 9750; point 14 of the field's list)

// The generation stands outside the signature, so a member can show another member's signed words again under
// a generation of its choice. MLS takes them: the message id inside the plaintext is what tells (P-071).
TEST(MlsInsider, ReplayByAMemberPassesMlsAndIsKnownByItsSignedContent) {
  World world;
  Party party(world, 3);
  const Bytes message = world.protect(party.groups[0], "id 17: come at once");
  EXPECT_EQ(world.read(party.groups[1], message), "id 17: come at once");

  // Device 2 opens it, and seals the same signed content with the next key of device 0's ratchet.
  Group insider = party.groups[2].clone();
  GroupState& state = GroupAccess::state(insider);
  const MlsMessage opened = World::get(parse_message(message));
  const auto& sealed = std::get<PrivateMessage>(opened.body);
  const SenderData sender = World::get(open_sender_data(sealed, state.secrets.sender_data));
  OpenedPrivate content = World::get(open_private(sealed, sender, state.secret_tree));
  SecretTree::Step next = World::get(state.secret_tree.peek(LeafIndex{0}, RatchetKind::kApplication, 5));
  MlsMessage again;
  again.body = seal_private(content.message, SecretTree::Sending{5, std::move(next.key)},
                            state.secrets.sender_data, world.entropy);
  EXPECT_EQ(world.error(party.groups[1], message), Errc::kGenerationUsed);
  const Processed replayed = world.process(party.groups[1], encode(again));
  const auto& words = std::get<ApplicationMessage>(replayed);
  EXPECT_EQ(words.sender.leaf, LeafIndex{0});
  EXPECT_EQ(as_text(words.plaintext.expose()), "id 17: come at once");  // the same id: dropped above MLS
}

// All members have all ratchets: what tells who spoke is the signature alone.
TEST(MlsInsider, CannotSpeakInAnothersNameInAPrivateMessage) {
  for (const bool late : {false, true}) {
    World world;
    Party party(world, 3);
    GroupState& insider = GroupAccess::state(party.groups[2]);
    AuthenticatedContent message;
    message.content.group_id = insider.context.group_id;
    message.content.epoch = insider.context.epoch;
    message.content.sender = Sender{SenderType::kMember, 0};
    message.content.content = SecretBytes(as_bytes("device 0 never said this"));
    message.auth = sign_content(WireFormat::kPrivateMessage, message.content, insider.context_bytes,
                                party.devices[2].key);
    SecretTree::Step step = World::get(insider.secret_tree.peek(LeafIndex{0}, RatchetKind::kApplication, 0));
    MlsMessage forged;
    forged.body = seal_private(message, SecretTree::Sending{0, std::move(step.key)},
                               insider.secrets.sender_data, world.entropy);
    const Bytes honest = world.protect(party.groups[0], "device 0 said this");
    if (late) party.deliver(0, world.commit_path(party.groups[0]).commit);
    EXPECT_EQ(world.error(party.groups[1], encode(forged)), Errc::kBadSignature);
    // And the forgery has not used up the key.
    EXPECT_EQ(world.read(party.groups[1], honest), "device 0 said this");
  }
}

// ---- What is asked for by value and proposed by reference (12.2)

TEST(MlsCommit, WhoIsProposedAndAskedForIsAddedOnceByTheAskersKeyPackage) {
  World world;
  Party party(world, 2);
  const Device dora = world.device("dora");
  const KeyPackageBundle fresh = world.package("dora", dora.key);
  world.process(party.groups[1], World::get(party.groups[0].propose_add(dora.bundle.message(),
                                                                        world.validation(), world.entropy)));
  CommitRequest request;
  request.adds.push_back(fresh.message());
  const CommitResult made = world.commit(party.groups[1], request);
  ASSERT_EQ(made.change.added.size(), 1u);
  party.deliver(1, made.commit);
  Group joined = World::get(Group::join(*made.welcome, fresh, dora.key, world.validation()));
  EXPECT_EQ(joined.epoch_authenticator(), party.groups[0].epoch_authenticator());
  EXPECT_EQ(party.groups[0].pending_proposals(), 0u) << "what was passed over belongs to the old epoch";
}

TEST(MlsCommit, AMemberIsNotAddedAgainAndNobodyTwice) {
  World world;
  Party party(world, 2);
  const Device dora = world.device("dora");
  CommitRequest member;
  member.adds.push_back(world.package("device1", party.devices[1].key).message());
  EXPECT_EQ(code_of(party.groups[0].commit(member, world.validation(), world.entropy)), Errc::kInvalidValue);
  CommitRequest twice;
  twice.adds = {dora.bundle.message(), world.package("dora", dora.key).message()};
  EXPECT_EQ(code_of(party.groups[0].commit(twice, world.validation(), world.entropy)), Errc::kInvalidValue);
  // A member's old leaf out and a new one in, in one commit: this is how one comes back (P-078).
  member.removes.push_back(LeafIndex{1});
  const CommitResult made = world.commit(party.groups[0], member);
  EXPECT_EQ(made.change.added.size(), 1u);
  EXPECT_EQ(made.change.removed.size(), 1u);
}

// Each of these is good by itself, and no list with it would be: an extension that the others do not support, an
// Update to another member's key, a PSK named twice.
TEST(MlsCommit, AProposalThatFitsNoListKeepsNobodyFromCommitting) {
  World world;
  Party party(world, 4);
  world.psks.add("ward", "known to all");
  GroupState& hostile = GroupAccess::state(party.groups[1]);
  const auto propose = [&](Proposal proposal, std::string_view beside) {
    AuthenticatedContent message;
    message.wire_format = WireFormat::kPrivateMessage;
    message.content.group_id = hostile.context.group_id;
    message.content.epoch = hostile.context.epoch;
    message.content.sender = Sender{SenderType::kMember, 1};
    message.content.authenticated_data = to_bytes(as_bytes(beside));
    message.content.content = std::move(proposal);
    message.auth =
        sign_content(message.wire_format, message.content, hostile.context_bytes, hostile.sign_key);
    return World::get(send_handshake(hostile, std::move(message), world.entropy));
  };
  LeafNode leaf = *hostile.tree.leaf(LeafIndex{1});
  leaf.encryption_key = hostile.tree.leaf(LeafIndex{2})->encryption_key;
  leaf.source = LeafNodeSource::kUpdate;
  leaf.lifetime = {};
  leaf.sign(hostile.sign_key, LeafPlace{hostile.context.group_id, LeafIndex{1}});
  const PreSharedKeyId psk = fresh_psk_ids({to_bytes(as_bytes("ward"))}, {}, {}, world.entropy)[0];
  const Device dora = world.device("dora");
  const std::vector<Bytes> messages = {
      propose(Proposal{GroupContextExtensions{{{0x7777, {}}}}}, ""),
      propose(Proposal{PreSharedKey{psk}}, "once"),
      World::get(party.groups[2].propose_add(dora.bundle.message(), world.validation(), world.entropy)),
      propose(Proposal{Update{std::move(leaf)}}, ""),
      propose(Proposal{PreSharedKey{psk}}, "twice"),
  };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    for (const std::size_t to : {0u, 2u, 3u}) {
      if (i != 2 || to != 2) world.process(party.groups[to], messages[i]);
    }
  }
  CommitRequest request;
  request.removes = {LeafIndex{3}};
  const CommitResult made = world.commit(party.groups[0], request);
  EXPECT_EQ(made.change.added.size(), 1u);
  EXPECT_EQ(made.change.removed.size(), 1u);
  EXPECT_EQ(made.change.updated.size(), 1u) << "the committer alone";
  EXPECT_FALSE(made.change.extensions_changed);
  EXPECT_TRUE(party.groups[0].apply_pending().has_value());
  world.process(party.groups[2], made.commit);
  EXPECT_EQ(world.join(*made.welcome, dora).epoch_authenticator(), party.groups[2].epoch_authenticator());
  EXPECT_EQ(party.groups[0].epoch_authenticator(), party.groups[2].epoch_authenticator());
}

// ---- A state that has gone back in time (point 22)

TEST(MlsOldBackup, IsKnownByItsOwnLaterMessageAndSendsNoMore) {
  for (const bool handshake : {false, true}) {
    World world;
    Party party(world, 3);
    Group backup = party.groups[0].clone();
    const Bytes sent = handshake ? World::get(party.groups[0].propose_update(world.entropy))
                                 : world.protect(party.groups[0], "after the backup");
    EXPECT_TRUE(std::holds_alternative<OwnMessage>(world.process(party.groups[0], sent)));
    EXPECT_TRUE(std::holds_alternative<OldBackup>(world.process(backup, sent)));
    EXPECT_TRUE(backup.old_backup() && !backup.active());
    EXPECT_EQ(code_of(backup.protect({}, {}, world.entropy)), Errc::kWrongState);
    EXPECT_EQ(code_of(backup.propose_update(world.entropy)), Errc::kWrongState);
    EXPECT_EQ(code_of(backup.commit({}, world.validation(), world.entropy)), Errc::kWrongState);
  }
}

TEST(MlsOldBackup, IsNotMadeBelieveByAnotherMember) {
  World world;
  Party party(world, 2);
  // Device 1 writes sender data that name device 0 and a generation it has not come to.
  GroupState& state = GroupAccess::state(party.groups[1]);
  AuthenticatedContent message;
  message.content.group_id = state.context.group_id;
  message.content.epoch = state.context.epoch;
  message.content.sender = Sender{SenderType::kMember, 0};
  message.content.content = SecretBytes(as_bytes("not from device 0"));
  message.auth =
      sign_content(WireFormat::kPrivateMessage, message.content, state.context_bytes, party.devices[1].key);
  SecretTree::Step step = World::get(state.secret_tree.peek(LeafIndex{0}, RatchetKind::kApplication, 3));
  MlsMessage forged;
  forged.body = seal_private(message, SecretTree::Sending{3, std::move(step.key)}, state.secrets.sender_data,
                             world.entropy);
  EXPECT_TRUE(std::holds_alternative<OwnMessage>(world.process(party.groups[0], encode(forged))));
  EXPECT_TRUE(party.groups[0].active());
}

// RFC 9420 6.3.1: two states of one age use a generation and its key twice, and the reuse guard keeps the nonces
// apart; whoever has read the first refuses the second.
TEST(MlsOldBackup, UsesAKeyTwiceButNoNonce) {
  World world;
  Party party(world, 2);
  Group backup = party.groups[0].clone();
  std::set<std::array<std::uint8_t, 4>> guards;
  std::set<Bytes> ciphertexts;
  const SenderDataSecret& secret = GroupAccess::state(party.groups[1]).secrets.sender_data;
  std::vector<Bytes> messages;
  for (Group* state : {&party.groups[0], &backup}) {
    messages.push_back(world.protect(*state, "the same words"));
    const MlsMessage parsed = World::get(parse_message(messages.back()));
    const auto& sealed = std::get<PrivateMessage>(parsed.body);
    const SenderData sender = World::get(open_sender_data(sealed, secret));
    EXPECT_EQ(sender.generation, 0u);
    guards.insert(sender.reuse_guard);
    ciphertexts.insert(sealed.ciphertext);
  }
  EXPECT_EQ(guards.size(), 2u);
  EXPECT_EQ(ciphertexts.size(), 2u);
  EXPECT_EQ(world.read(party.groups[1], messages[0]), "the same words");
  EXPECT_EQ(world.error(party.groups[1], messages[1]), Errc::kGenerationUsed);
}

TEST(MlsOldBackup, ComesBackByAResyncUnderNewKeys) {
  World world;
  Party party(world, 3);
  Group backup = party.groups[0].clone();
  world.process(backup, world.protect(party.groups[0], "later"));
  ExternalJoinRequest request;
  request.credential = Credential::basic(as_bytes(party.devices[0].name));
  request.replaces = LeafIndex{0};
  ExternalJoin made =
      World::get(Group::join_external(World::get(party.groups[1].group_info(world.entropy)), request,
                                      party.devices[0].key, world.validation(), world.entropy));
  world.process(party.groups[1], made.commit);
  EXPECT_EQ(world.read(party.groups[1], world.protect(made.group, "back")), "back");
}

}  // namespace
}  // namespace nattevagt::mls
