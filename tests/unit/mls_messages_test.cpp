// Message protection under a hostile network and a dishonest member (RFC 9420 6, 9, 15).
#include "tests/unit/mls_insider.h"

namespace nattevagt::mls {
namespace {

using test::Party;
using test::World;

bool same_blobs(const Group& group, const std::pair<SecretBytes, SecretBytes>& before) {
  return group.save_epoch() == before.first && group.save_ratchets() == before.second;
}
std::pair<SecretBytes, SecretBytes> blobs(const Group& group) {
  return {group.save_epoch(), group.save_ratchets()};
}

TEST(MlsMessages, ReplayIsRefused) {
  World world;
  Party party(world, 2);
  const Bytes message = world.protect(party.groups[0], "once");
  EXPECT_EQ(world.read(party.groups[1], message), "once");
  EXPECT_EQ(world.error(party.groups[1], message), Errc::kGenerationUsed);
}

TEST(MlsMessages, ArriveInAnyOrderWithinTheWindow) {
  World world;
  Party party(world, 2);
  std::vector<Bytes> messages;
  for (int i = 0; i < 20; ++i) messages.push_back(world.protect(party.groups[0], std::to_string(i)));
  for (const int i : {19, 0, 7, 3, 18, 1}) {
    EXPECT_EQ(world.read(party.groups[1], messages[static_cast<std::size_t>(i)]), std::to_string(i));
  }
  EXPECT_EQ(world.error(party.groups[1], messages[7]), Errc::kGenerationUsed);
}

TEST(MlsMessages, KeptKeysAreBoundedAndTheOldestGoFirst) {
  World world;
  Party party(world, 2);
  std::vector<Bytes> messages;
  for (int i = 0; i < 100; ++i) messages.push_back(world.protect(party.groups[0], std::to_string(i)));
  EXPECT_EQ(world.read(party.groups[1], messages[99]), "99");
  EXPECT_EQ(world.error(party.groups[1], messages[99 - kSkippedMax - 1]), Errc::kGenerationUsed);
  EXPECT_EQ(world.read(party.groups[1], messages[99 - kSkippedMax]), std::to_string(99 - kSkippedMax));
}

TEST(MlsMessages, KeptKeysAreBoundedOverSeveralJumpsToo) {
  World world;
  Party party(world, 2);
  std::vector<Bytes> messages;
  for (int i = 0; i <= 100; ++i) messages.push_back(world.protect(party.groups[0], std::to_string(i)));
  for (const std::size_t jump : {40u, 80u, 100u})
    EXPECT_EQ(world.read(party.groups[1], messages[jump]), std::to_string(jump));
  // 98 were passed over: 0 to 39, 41 to 79, 81 to 99.
  const std::size_t oldest = 98 - kSkippedMax;
  EXPECT_EQ(world.error(party.groups[1], messages[oldest - 1]), Errc::kGenerationUsed);
  EXPECT_EQ(world.read(party.groups[1], messages[oldest]), std::to_string(oldest));
}

TEST(MlsMessages, TooFarAheadIsRefusedAndTheLimitItselfIsRead) {
  for (const std::uint32_t ahead : {kForwardMax, kForwardMax + 1}) {
    World world;
    Party party(world, 2);
    Bytes last;
    for (std::uint32_t i = 0; i <= ahead; ++i) last = world.protect(party.groups[0], "x");
    EXPECT_EQ(world.error(party.groups[1], last), ahead == kForwardMax ? Errc{} : Errc::kGenerationUsed);
  }
}

// RFC 9420 9.1, 15.3: the generation after the last one would be 0, with 0's keys of another secret.
TEST(MlsMessages, ARatchetAtItsEndGivesNoKeyAndDoesNotMove) {
  Writer stored(Writer::Kind::kSecret);
  stored.raw(Bytes(32, 7));
  stored.u32(0xfffffffe);
  stored.vector([] {});
  Reader in(stored.view());
  Ratchet ratchet = Ratchet::decode(in);
  ASSERT_TRUE(in.ok());
  EXPECT_TRUE(ratchet.advance().has_value());
  EXPECT_EQ(ratchet.next_generation(), 0xffffffffu);
  EXPECT_EQ(code_of(ratchet.advance()), Errc::kGenerationUsed);
  EXPECT_EQ(ratchet.next_generation(), 0xffffffffu);
}

TEST(MlsMessages, LastGenerationIsRefusedAtOnce) {
  SecretTree tree(2, EncryptionSecret{});
  EXPECT_EQ(code_of(tree.peek(LeafIndex{0}, RatchetKind::kApplication, 0xffffffff)), Errc::kGenerationUsed);
  EXPECT_EQ(code_of(tree.peek(LeafIndex{2}, RatchetKind::kApplication, 0)), Errc::kInvalidValue);
}

TEST(MlsMessages, AnyChangedByteIsRefusedAndBurnsNoKey) {
  World world;
  Party party(world, 3);
  const Bytes message = world.protect(party.groups[0], "intact");
  const auto before = blobs(party.groups[1]);
  for (std::size_t i = 0; i < message.size(); i += 3) {
    Bytes changed = message;
    changed[i] ^= 0x01;
    EXPECT_NE(world.error(party.groups[1], changed), Errc{}) << i;
  }
  EXPECT_TRUE(same_blobs(party.groups[1], before));
  EXPECT_EQ(world.read(party.groups[1], message), "intact");
}

TEST(MlsMessages, AnyChangedByteOfACommitIsRefusedAndLeavesNothing) {
  for (const HandshakeFormat format : {HandshakeFormat::kPrivate, HandshakeFormat::kPublic}) {
    World world;
    Party party(world, 3);
    CommitRequest request;
    request.force_path = true;
    request.format = format;
    const Bytes commit = world.commit(party.groups[0], request).commit;
    const auto before = blobs(party.groups[1]);
    for (std::size_t i = 0; i < commit.size(); i += 7) {
      Bytes changed = commit;
      changed[i] ^= 0x80;
      EXPECT_NE(world.error(party.groups[1], changed), Errc{}) << i;
    }
    EXPECT_TRUE(same_blobs(party.groups[1], before));
    party.deliver(0, commit);
    party.expect_agreement();
  }
}

TEST(MlsMessages, PublicMessageNeedsItsWholeMembershipTag) {
  World world;
  Party party(world, 2);
  CommitRequest request;
  request.force_path = true;
  request.format = HandshakeFormat::kPublic;
  MlsMessage message = World::get(parse_message(world.commit(party.groups[0], request).commit));
  PublicMessage& sent = std::get<PublicMessage>(message.body);
  const Bytes tag = *sent.membership_tag;
  for (const Bytes& wrong : {Bytes{}, Bytes(tag.begin(), tag.end() - 1), Bytes(32, 0)}) {
    sent.membership_tag = wrong;
    EXPECT_EQ(world.error(party.groups[1], encode(message)), Errc::kBadSignature);
  }
  sent.membership_tag = tag;
  EXPECT_EQ(world.error(party.groups[1], encode(message)), Errc{});
}

// A member can make the MACs of a message right; the confirmation tag still ties it to the new epoch.
TEST(MlsMessages, CommitWithAnotherConfirmationTagIsRefused) {
  World world;
  Party party(world, 2);
  CommitRequest request;
  request.force_path = true;
  request.format = HandshakeFormat::kPublic;
  MlsMessage message = World::get(parse_message(world.commit(party.groups[0], request).commit));
  PublicMessage& sent = std::get<PublicMessage>(message.body);
  const GroupState& state = GroupAccess::state(party.groups[0]);
  const Bytes right = *sent.auth.confirmation_tag;
  for (const Bytes& tag : {Bytes(32, 7), Bytes{}, Bytes(right.begin(), right.end() - 1), right}) {
    AuthenticatedContent content{WireFormat::kPublicMessage, std::move(sent.content), std::move(sent.auth)};
    content.auth.confirmation_tag = tag;
    sent.membership_tag = to_bytes(membership_tag(state.secrets.membership, content, state.context_bytes));
    sent.content = std::move(content.content);
    sent.auth = std::move(content.auth);
    EXPECT_EQ(world.error(party.groups[1], encode(message)), tag == right ? Errc{} : Errc::kBadSignature);
  }
}

// 12.4: a list that asks for a path, and an empty list, with a commit that has none.
TEST(MlsMessages, CommitWithoutItsPathIsRefused) {
  World world;
  Party party(world, 3);
  const GroupState& state = GroupAccess::state(party.groups[0]);
  const auto verdict = [&](std::vector<ProposalOrRef> proposals) {
    AuthenticatedContent message;
    message.wire_format = WireFormat::kPublicMessage;
    message.content.group_id = state.context.group_id;
    message.content.epoch = state.context.epoch;
    message.content.sender = Sender{SenderType::kMember, 0};
    message.content.content = Commit{std::move(proposals), {}};
    message.auth = sign_content(message.wire_format, message.content, state.context_bytes, state.sign_key);
    message.auth.confirmation_tag = Bytes(kHashBytes, 0);
    const auto staged = stage_commit(GroupAccess::state(party.groups[1]), message, world.validation());
    return std::string(staged ? "" : staged.error().where);
  };
  const std::string refused = "RFC 9420 12.4 path required";
  EXPECT_EQ(verdict({}), refused);
  EXPECT_EQ(verdict({{Proposal{Remove{{2}}}}}), refused);
  EXPECT_EQ(verdict({{Proposal{GroupContextExtensions{}}}}), refused);
  // A ReInit needs none: what is refused then is the tag.
  EXPECT_EQ(verdict({{Proposal{ReInit{{1}, kVersionMls10, kSuite, {}}}}}),
            "RFC 9420 12.4.2 confirmation_tag");
}

// The hub can make neither tag nor signature: it lacks the membership key. A member can make the tag, and the
// signature must stop it.
TEST(MlsMessages, MemberCannotSpeakForAnother) {
  World world;
  Party party(world, 3);
  GroupState& mallory = GroupAccess::state(party.groups[2]);
  AuthenticatedContent forged;
  forged.wire_format = WireFormat::kPublicMessage;
  forged.content.group_id = mallory.context.group_id;
  forged.content.epoch = mallory.context.epoch;
  forged.content.sender = Sender{SenderType::kMember, 0};
  forged.content.content = Proposal{Remove{LeafIndex{1}}};
  forged.auth = sign_content(forged.wire_format, forged.content, mallory.context_bytes, mallory.sign_key);
  PublicMessage sent;
  sent.membership_tag = to_bytes(membership_tag(mallory.secrets.membership, forged, mallory.context_bytes));
  sent.content = std::move(forged.content);
  sent.auth = std::move(forged.auth);
  MlsMessage message;
  message.body = std::move(sent);
  EXPECT_EQ(world.error(party.groups[1], encode(message)), Errc::kBadSignature);
}

TEST(MlsMessages, ApplicationDataInAPublicMessageIsRefused) {
  World world;
  Party party(world, 2);
  GroupState& state = GroupAccess::state(party.groups[0]);
  AuthenticatedContent open;
  open.wire_format = WireFormat::kPublicMessage;
  open.content.group_id = state.context.group_id;
  open.content.epoch = state.context.epoch;
  open.content.content = SecretBytes(as_bytes("in the clear"));
  open.auth = sign_content(open.wire_format, open.content, state.context_bytes, state.sign_key);
  EXPECT_EQ(world.error(party.groups[1], World::get(send_handshake(state, std::move(open), world.entropy))),
            Errc::kInvalidValue);
}

// RFC 9750: why rule 4 of group.h asks for a message id inside. Bob holds Alice's ratchet as every member
// does; her signature does not cover the generation, so her old words open again under her next key.
TEST(MlsMessages, InsiderReplayIsNotStoppedByMls) {
  World world;
  Party party(world, 3);
  const Bytes original = world.protect(party.groups[0], "come at once");
  GroupState& bob = GroupAccess::state(party.groups[1]);
  const MlsMessage parsed = World::get(parse_message(original));
  const PrivateMessage& sealed = std::get<PrivateMessage>(parsed.body);
  const SenderData sender = World::get(open_sender_data(sealed, bob.secrets.sender_data));
  OpenedPrivate opened = World::get(open_private(sealed, sender, bob.secret_tree));
  bob.secret_tree.accept(std::move(opened.step));
  const auto next = World::get(bob.secret_tree.next(LeafIndex{0}, RatchetKind::kApplication));
  MlsMessage again;
  again.body = seal_private(opened.message, next, bob.secrets.sender_data, world.entropy);
  EXPECT_EQ(world.read(party.groups[2], original), "come at once");
  EXPECT_EQ(world.read(party.groups[2], encode(again)), "come at once");
}

TEST(MlsMessages, PaddingMakesShortAndLongAlikeAndMustBeZero) {
  World world;
  Party party(world, 2);
  EXPECT_EQ(world.protect(party.groups[0], "").size(),
            world.protect(party.groups[0], std::string(300, 'x')).size());
  EXPECT_EQ(padded_size(0), 512u);
  EXPECT_EQ(padded_size(512), 512u);
  EXPECT_EQ(padded_size(513), 1024u);
  EXPECT_EQ(padded_size(16 * 1024 + 1), 32u * 1024);

  test::Insider sender(world, party, 0);
  Bytes content = sender.content_of("x");
  content.resize(content.size() + 3);
  EXPECT_EQ(world.error(party.groups[1], sender.sealed(content)), Errc{});
  content.back() = 1;
  EXPECT_EQ(world.error(party.groups[1], sender.sealed(content)), Errc::kMalformed);
}

TEST(MlsMessages, LateOnesOfPastEpochsAreReadButNoHandshake) {
  World world;
  Party party(world, 2);
  std::vector<Bytes> late;
  const Bytes old_proposal = World::get(party.groups[0].propose_remove(LeafIndex{1}, world.entropy));
  for (std::size_t i = 0; i <= kPastEpochsMax; ++i) {
    late.push_back(world.protect(party.groups[0], std::to_string(i)));
    CommitRequest request;
    request.force_path = true;
    request.use_pending_proposals = false;
    party.deliver(0, world.commit(party.groups[0], request).commit);
  }
  EXPECT_EQ(world.error(party.groups[1], old_proposal), Errc::kStaleEpoch);
  EXPECT_EQ(world.error(party.groups[1], late[0]), Errc::kStaleEpoch);
  for (std::size_t i = 1; i <= kPastEpochsMax; ++i) {
    EXPECT_EQ(world.read(party.groups[1], late[i]), std::to_string(i));
    EXPECT_EQ(world.error(party.groups[1], late[i]), Errc::kGenerationUsed);
  }
}

TEST(MlsMessages, EpochAheadAndOtherGroupAreTold) {
  World world;
  Party party(world, 2);
  world.commit_path(party.groups[0]);
  ASSERT_TRUE(party.groups[0].apply_pending().has_value());
  EXPECT_EQ(world.error(party.groups[1], world.protect(party.groups[0], "early")), Errc::kGap);
  World elsewhere(2);
  Group other =
      World::get(Group::create(as_bytes("dag"), Credential::basic(as_bytes("x")), elsewhere.device("x").key,
                               {}, elsewhere.validation(), elsewhere.entropy));
  EXPECT_EQ(world.error(party.groups[1], elsewhere.protect(other, "?")), Errc::kInvalidValue);
}

TEST(MlsMessages, OwnMessageComesBackAsOwn) {
  World world;
  Party party(world, 2);
  const Bytes message = world.protect(party.groups[0], "mine");
  const Processed done = world.process(party.groups[0], message);
  ASSERT_TRUE(std::holds_alternative<OwnMessage>(done));
  EXPECT_EQ(std::get<OwnMessage>(done).content_type, 1);
}

TEST(MlsMessages, AuthenticatedDataIsGivenAsSent) {
  World world;
  Party party(world, 2);
  const Processed done = world.process(party.groups[1], world.protect(party.groups[0], "x"));
  EXPECT_EQ(as_text(std::get<ApplicationMessage>(done).authenticated_data), "aad");
}

}  // namespace
}  // namespace nattevagt::mls
