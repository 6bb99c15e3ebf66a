// Groups as the client core uses them: the life of members, commits and proposals.
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::Party;
using test::World;

template <class T>
const T& as(const Processed& processed) {
  const T* found = std::get_if<T>(&processed);
  if (found == nullptr) {
    ADD_FAILURE() << "another kind of answer: " << processed.index();
    std::abort();
  }
  return *found;
}

TEST(MlsGroup, MembersAddedInOneCommitJoinAndHearOneAnother) {
  World world;
  Party party(world, 5);
  party.expect_agreement();
  for (std::size_t from = 0; from < 5; ++from) {
    const Bytes message = world.protect(party.groups[from], "vagt");
    for (std::size_t to = 0; to < 5; ++to) {
      if (to == from) continue;
      EXPECT_EQ(world.read(party.groups[to], message), "vagt");
    }
  }
  EXPECT_EQ(party.groups[3].own_leaf().value, 3u);
  EXPECT_EQ(as_text(party.groups[1].member(LeafIndex{4})->credential.identity), "device4");
}

TEST(MlsGroup, WelcomeTellsWhichKeyPackagesItIsFor) {
  World world;
  const Device alice = world.device("alice");
  const Device bob = world.device("bob");
  const Device carol = world.device("carol");
  Group group = world.create(alice);
  CommitRequest request;
  request.adds = {bob.bundle.message(), carol.bundle.message()};
  const CommitResult made = world.commit(group, request);
  const auto refs = World::get(welcome_recipients(*made.welcome));
  EXPECT_EQ(refs, (std::vector{bob.bundle.ref(), carol.bundle.ref()}));
  const auto stranger = Group::join(*made.welcome, alice.bundle, alice.key, world.validation());
  EXPECT_EQ(code_of(stranger), Errc::kNotFound);
}

TEST(MlsGroup, CommitIsPendingUntilAppliedAndItsEchoIsKnown) {
  World world;
  Party party(world, 2);
  const Bytes commit = world.commit_path(party.groups[0]).commit;
  EXPECT_EQ(party.groups[0].epoch(), 1u);
  EXPECT_TRUE(party.groups[0].has_pending_commit());
  as<OwnCommit>(world.process(party.groups[0], commit));
  EXPECT_EQ(party.groups[0].epoch(), 1u);
  EXPECT_EQ(World::get(party.groups[0].apply_pending()).epoch, 2u);
  EXPECT_EQ(world.error(party.groups[0], commit), Errc::kDuplicate);
  world.process(party.groups[1], commit);
  EXPECT_EQ(world.error(party.groups[1], commit), Errc::kDuplicate);
  party.expect_agreement();
}

TEST(MlsGroup, DiscardedCommitLeavesTheEpochAsItWas) {
  World world;
  Party party(world, 2);
  const Bytes before = party.groups[0].epoch_authenticator();
  const Bytes lost = world.commit_path(party.groups[0]).commit;
  party.groups[0].discard_pending();
  EXPECT_EQ(party.groups[0].epoch_authenticator(), before);
  EXPECT_EQ(code_of(party.groups[0].apply_pending()), Errc::kWrongState);
  EXPECT_EQ(world.error(party.groups[0], lost), Errc::kWrongState);
  EXPECT_EQ(world.read(party.groups[1], world.protect(party.groups[0], "still here")), "still here");
}

TEST(MlsGroup, ForeignCommitThatWinsDropsOurPendingOne) {
  World world;
  Party party(world, 3);
  world.commit_path(party.groups[0]);
  const Bytes winner = world.commit_path(party.groups[1]).commit;
  const Processed done = world.process(party.groups[0], winner);
  EXPECT_TRUE(as<CommitApplied>(done).lost_pending_commit);
  EXPECT_FALSE(party.groups[0].has_pending_commit());
  world.process(party.groups[2], winner);
  ASSERT_TRUE(party.groups[1].apply_pending().has_value());
  party.expect_agreement();
}

TEST(MlsGroup, RemovedMemberRecognisesItAndHearsNoMore) {
  World world;
  Party party(world, 3);
  CommitRequest request;
  request.removes = {LeafIndex{1}};
  const CommitResult made = world.commit(party.groups[0], request);
  EXPECT_EQ(made.change.removed.size(), 1u);
  const Processed seen = world.process(party.groups[1], made.commit);
  EXPECT_EQ(as<RemovedFromGroup>(seen).committer, LeafIndex{0});
  EXPECT_FALSE(party.groups[1].active());
  ASSERT_TRUE(party.groups[0].apply_pending().has_value());
  world.process(party.groups[2], made.commit);

  const Bytes message = world.protect(party.groups[2], "without you");
  EXPECT_EQ(world.read(party.groups[0], message), "without you");
  EXPECT_EQ(world.error(party.groups[1], message), Errc::kGap);
  EXPECT_EQ(code_of(party.groups[1].protect({}, {}, world.entropy)), Errc::kNotMember);
  EXPECT_EQ(code_of(party.groups[1].commit({}, world.validation(), world.entropy)), Errc::kNotMember);
}

TEST(MlsGroup, ProposalsTravelByReferenceInBothFormats) {
  for (const HandshakeFormat format : {HandshakeFormat::kPrivate, HandshakeFormat::kPublic}) {
    World world;
    Party party(world, 4);
    party.fill();
    const Device dora = world.device("dora");
    const std::vector<Bytes> proposals = {
        World::get(
            party.groups[1].propose_add(dora.bundle.message(), world.validation(), world.entropy, format)),
        World::get(party.groups[1].propose_remove(LeafIndex{3}, world.entropy, format)),
        World::get(party.groups[2].propose_update(world.entropy, format))};
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      for (std::size_t to = 0; to < 4; ++to) {
        const Processed done = world.process(party.groups[to], proposals[i]);
        if (to == (i == 2 ? 2u : 1u)) {
          as<OwnMessage>(done);
        } else {
          EXPECT_EQ(as<ProposalReceived>(done).removes.has_value(), i == 1);
          EXPECT_EQ(world.error(party.groups[to], proposals[i]),
                    format == HandshakeFormat::kPrivate ? Errc::kGenerationUsed : Errc::kDuplicate);
        }
      }
    }
    EXPECT_TRUE(party.groups[0].has_pending_removal());
    CommitRequest request;
    request.format = format;
    const CommitResult made = world.commit(party.groups[0], request);
    EXPECT_EQ(made.change.added.size(), 1u);
    EXPECT_EQ(made.change.removed.size(), 1u);
    EXPECT_EQ(made.change.updated.size(), 2u);
    as<RemovedFromGroup>(world.process(party.groups[3], made.commit));
    party.deliver(0, made.commit);
    party.devices.push_back(Device{dora.name, dora.key.duplicate(),
                                   World::get(KeyPackageBundle::restore(dora.bundle.save().expose()))});
    party.groups.push_back(world.join(*made.welcome, dora));
    party.expect_agreement();
    EXPECT_EQ(party.groups[0].pending_proposals(), 0u);
    // The updater's new leaf key is in use: it follows a further path.
    party.deliver(0, world.commit_path(party.groups[0]).commit);
    party.expect_agreement();
  }
}

TEST(MlsGroup, CommitterPrefersRemoveOverUpdateAndTheLastUpdate) {
  World world;
  Party party(world, 4);
  const Bytes first = World::get(party.groups[1].propose_update(world.entropy));
  const Bytes second = World::get(party.groups[1].propose_update(world.entropy));
  const Bytes doomed = World::get(party.groups[2].propose_update(world.entropy));
  const Bytes removal = World::get(party.groups[1].propose_remove(LeafIndex{2}, world.entropy));
  for (const Bytes& proposal : {first, second, doomed, removal}) {
    for (Group& group : party.groups) world.process(group, proposal);
  }
  const auto& proposed = GroupAccess::state(party.groups[1]).proposals;
  const HpkePublicKey last = proposed[1].update_keys->key;
  const CommitResult made = world.commit(party.groups[0], {});
  EXPECT_EQ(made.change.removed.size(), 1u);
  EXPECT_EQ(made.change.updated.size(), 2u);  // leaf 1 and the committer
  party.deliver(0, made.commit);
  party.expect_agreement();
  EXPECT_EQ(GroupAccess::state(party.groups[0]).tree.leaf(LeafIndex{1})->encryption_key, to_bytes(last));
}

TEST(MlsGroup, CommitNamingAnUnseenProposalIsRefusedAndMayBeTriedAgain) {
  World world;
  Party party(world, 3);
  const Bytes proposal = World::get(party.groups[1].propose_remove(LeafIndex{2}, world.entropy));
  world.process(party.groups[0], proposal);
  const Bytes commit = world.commit(party.groups[0], {}).commit;
  EXPECT_EQ(world.error(party.groups[2], commit), Errc::kNotFound);
  world.process(party.groups[2], proposal);
  as<RemovedFromGroup>(world.process(party.groups[2], commit));
}

// Point 11 of the field's list: no official vector covers it.
TEST(MlsGroup, UnmergedMemberFollowsALaterCommit) {
  World world;
  for (const std::size_t committer : {0u, 1u, 2u, 3u, 4u, 5u}) {
    Party party(world, 4);
    party.fill();
    // Two newcomers by an Add without a path: unmerged at every node above them.
    CommitRequest request;
    for (const char* name : {"newcomer one", "newcomer two"}) {
      party.devices.push_back(world.device(name));
      request.adds.push_back(party.devices.back().bundle.message());
    }
    const CommitResult made = world.commit(party.groups[0], request);
    party.deliver(0, made.commit);
    party.groups.push_back(world.join(*made.welcome, party.devices[4]));
    party.groups.push_back(world.join(*made.welcome, party.devices[5]));
    party.expect_agreement();

    // A filled subtree with an unmerged leaf in it: remove one, add another in its place.
    CommitRequest swap;
    swap.removes = {LeafIndex{2}};
    party.deliver(1, world.commit(party.groups[1], swap).commit);
    party.devices.push_back(world.device("newcomer three"));
    CommitRequest refill;
    refill.adds = {party.devices.back().bundle.message()};
    const CommitResult again = world.commit(party.groups[3], refill);
    party.deliver(3, again.commit);
    party.groups.push_back(world.join(*again.welcome, party.devices.back()));
    EXPECT_EQ(party.groups.back().own_leaf().value, 2u);

    if (committer != 2) party.deliver(committer, world.commit_path(party.groups[committer]).commit);
    party.deliver(6, world.commit_path(party.groups[6]).commit);
    party.expect_agreement();
    EXPECT_EQ(world.read(party.groups[6], world.protect(party.groups[5], "all in")), "all in");
    // And the tree that all of that left is one that a newcomer believes.
    party.devices.push_back(world.device("judge"));
    CommitRequest last;
    last.adds = {party.devices.back().bundle.message()};
    last.force_path = true;
    const CommitResult final_commit = world.commit(party.groups[4], last);
    party.deliver(4, final_commit.commit);
    party.groups.push_back(world.join(*final_commit.welcome, party.devices.back()));
    party.expect_agreement();
  }
}

TEST(MlsGroup, RenewedCredentialIsSeenAndOldMessagesKeepTheOldOne) {
  World world;
  Party party(world, 2);
  const Bytes late = world.protect(party.groups[0], "from before");
  CommitRequest request;
  request.new_credential = Credential::basic(as_bytes("device0 renewed"));
  party.deliver(0, world.commit(party.groups[0], request).commit);
  EXPECT_EQ(as_text(party.groups[1].member(LeafIndex{0})->credential.identity), "device0 renewed");
  const Processed done = world.process(party.groups[1], late);
  EXPECT_EQ(as_text(as<ApplicationMessage>(done).sender.credential.identity), "device0");
  EXPECT_EQ(as<ApplicationMessage>(done).epoch, 1u);
}

TEST(MlsGroup, SuccessorOfAnotherIdentityIsRefused) {
  World world;
  Party party(world, 2);
  CommitRequest request;
  request.new_credential = Credential::basic(as_bytes("somebody else"));
  EXPECT_EQ(world.error(party.groups[1], world.commit(party.groups[0], request).commit), Errc::kUntrusted);
}

TEST(MlsGroup, ExternalPskMustBeKnownToAll) {
  World world;
  world.psks.add("rota key", "a secret of the rota");
  Party party(world, 2);
  party.devices.push_back(world.device("joiner"));
  CommitRequest request;
  request.external_psks = {to_bytes(as_bytes("rota key"))};
  request.adds = {party.devices.back().bundle.message()};
  const CommitResult made = world.commit(party.groups[0], request);
  Validation ignorant = world.validation();
  ignorant.psks = nullptr;
  EXPECT_EQ(code_of(party.groups[1].process(made.commit, ignorant)), Errc::kUnknownPsk);
  EXPECT_EQ(code_of(Group::join(*made.welcome, party.devices[2].bundle, party.devices[2].key, ignorant)),
            Errc::kUnknownPsk);
  party.deliver(0, made.commit);
  party.groups.push_back(world.join(*made.welcome, party.devices[2]));
  party.expect_agreement();
}

// RFC 9420 7.5: a joiner gets the path by its Welcome, never in the UpdatePath.
TEST(MlsGroup, JoinersAreLeftOutOfThePath) {
  World world;
  Party party(world, 3);
  const Device dora = world.device("dora");
  CommitRequest request;
  request.adds = {dora.bundle.message()};
  request.force_path = true;
  request.format = HandshakeFormat::kPublic;
  const MlsMessage message = World::get(parse_message(world.commit(party.groups[0], request).commit));
  const Commit& commit = std::get<Commit>(std::get<PublicMessage>(message.body).content.content);
  ASSERT_EQ(commit.path->nodes.size(), 2u);
  EXPECT_EQ(commit.path->nodes[0].encrypted_path_secret.size(), 1u);  // leaf 1
  EXPECT_EQ(commit.path->nodes[1].encrypted_path_secret.size(), 1u);  // leaf 2, not the joiner at leaf 3
}

TEST(MlsGroup, ResumptionPsksOfPastEpochsAreKeptForAWhile) {
  World world;
  Party party(world, 2);
  for (std::size_t i = 0; i <= kResumptionPsksMax; ++i)
    party.deliver(0, world.commit_path(party.groups[0]).commit);
  const GroupState& state = GroupAccess::state(party.groups[0]);
  const auto known = [&](std::uint64_t epoch) {
    PreSharedKeyId id;
    id.type = PskType::kResumption;
    id.psk_group_id = state.context.group_id;
    id.psk_epoch = epoch;
    id.psk_nonce = Bytes(32, 1);
    return find_psks({id}, &state, nullptr).has_value();
  };
  EXPECT_TRUE(known(party.groups[0].epoch()));
  EXPECT_TRUE(known(party.groups[0].epoch() - kResumptionPsksMax));
  EXPECT_FALSE(known(party.groups[0].epoch() - kResumptionPsksMax - 1));
}

TEST(MlsGroup, ContextExtensionsAreReplacedByACommitWithAPath) {
  World world;
  Party party(world, 2);
  CommitRequest request;
  request.group_context_extensions = Extensions{{extension_type::kApplicationId, to_bytes(as_bytes("nat"))}};
  const CommitResult made = world.commit(party.groups[0], request);
  EXPECT_TRUE(made.change.extensions_changed);
  EXPECT_EQ(made.change.updated.size(), 1u);
  party.deliver(0, made.commit);
  EXPECT_EQ(party.groups[1].group_context_extensions(), *request.group_context_extensions);
  party.expect_agreement();
}

TEST(MlsGroup, ExporterAndAuthenticatorAreOfTheEpoch) {
  World world;
  Party party(world, 2);
  const auto export_of = [](const Group& group) { return group.exporter("nattevagt", as_bytes("x"), 32); };
  EXPECT_EQ(export_of(party.groups[0]), export_of(party.groups[1]));
  const SecretBytes before = export_of(party.groups[0]);
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  EXPECT_EQ(export_of(party.groups[0]), export_of(party.groups[1]));
  EXPECT_FALSE(export_of(party.groups[0]) == before);
}

TEST(MlsGroup, ResizesFromOneToManyAndBack) {
  World world;
  Party party(world, 9);
  party.fill();
  for (std::uint32_t leaf = 8; leaf > 0; --leaf) {
    CommitRequest request;
    request.removes = {LeafIndex{leaf}};
    party.deliver(0, world.commit(party.groups[0], request).commit);
    party.expect_agreement();
  }
  EXPECT_EQ(party.groups[0].member_count(), 1u);
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  EXPECT_EQ(party.groups[0].epoch(), 19u);
}

}  // namespace
}  // namespace nattevagt::mls
