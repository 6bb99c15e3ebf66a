// Groups that come from a group: ReInit (RFC 9420 11.2) and branching (11.3), by their makers and their
// joiners.
#include "client-lib/mls/welcome.h"
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::Party;
using test::World;

class MlsSuccessor : public testing::Test {
 protected:
  // Fresh KeyPackages of the devices that follow device 0.
  std::vector<Bytes> packages(std::vector<std::size_t> of) {
    std::vector<Bytes> out;
    for (const std::size_t i : of) {
      party.devices[i].bundle = world.package(party.devices[i].name, party.devices[i].key);
      out.push_back(party.devices[i].bundle.message());
    }
    return out;
  }
  Credential self() { return Credential::basic(as_bytes(party.devices[0].name)); }
  Result<Successor> reinit(const std::vector<Bytes>& key_packages) {
    return party.groups[0].reinit_successor(key_packages, self(), party.devices[0].key, world.validation(),
                                            world.entropy);
  }
  Result<Successor> branch(const std::vector<Bytes>& key_packages) {
    return party.groups[0].branch(as_bytes("side"), key_packages, self(), party.devices[0].key,
                                  world.validation(), world.entropy);
  }
  Result<Group> follow(std::size_t who, ByteView welcome) {
    return Group::join_successor(welcome, party.devices[who].bundle, party.devices[who].key,
                                 party.groups[who], world.validation());
  }
  void freeze() {
    CommitRequest request;
    request.reinit = ReInitRequest{to_bytes(as_bytes("next")), {}};
    const CommitResult made = world.commit(party.groups[0], request);
    EXPECT_TRUE(made.change.reinit);
    party.deliver(0, made.commit);
  }
  // What a dishonest maker would send: a first commit tied to `state` by a PSK that it chooses.
  Bytes forged_welcome(ByteView group_id, const Extensions& extensions, ResumptionUsage usage,
                       std::uint64_t epoch, const std::vector<Bytes>& key_packages) {
    Group made = World::get(
        Group::create(group_id, self(), party.devices[0].key, extensions, world.validation(), world.entropy));
    std::vector<PreSharedKeyId> id = fresh_psk_ids({}, {epoch}, party.groups[0].group_id(), world.entropy);
    id[0].usage = usage;
    const LinkedPsk linked{id[0], GroupAccess::state(party.groups[0])};
    CommitRequest request;
    request.adds = key_packages;
    return *World::get(
                make_commit(GroupAccess::state(made), request, &linked, world.validation(), world.entropy))
                .welcome;
  }

  World world;
  Party party{world, 3};
};

TEST_F(MlsSuccessor, ReInitFreezesTheGroup) {
  freeze();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(party.groups[i].active());
    EXPECT_EQ(code_of(party.groups[i].protect({}, {}, world.entropy)), Errc::kWrongState);
    EXPECT_EQ(code_of(party.groups[i].commit({}, world.validation(), world.entropy)), Errc::kWrongState);
    EXPECT_EQ(code_of(party.groups[i].propose_update(world.entropy)), Errc::kWrongState);
  }
}

TEST_F(MlsSuccessor, ReInitByReferenceToo) {
  const ReInitRequest to{to_bytes(as_bytes("next")), {}};
  const Bytes proposal = World::get(party.groups[1].propose_reinit(to, world.entropy));
  world.process(party.groups[0], proposal);
  world.process(party.groups[2], proposal);
  const CommitResult made = world.commit(party.groups[0], {});
  EXPECT_TRUE(made.change.reinit);
  party.deliver(0, made.commit);
  EXPECT_FALSE(party.groups[2].active());
}

TEST_F(MlsSuccessor, CommitterPrefersOtherProposalsOverAReInit) {
  const ReInitRequest to{to_bytes(as_bytes("next")), {}};
  world.process(party.groups[0], World::get(party.groups[1].propose_reinit(to, world.entropy)));
  world.process(party.groups[0], World::get(party.groups[2].propose_update(world.entropy)));
  const CommitResult made = world.commit(party.groups[0], {});
  EXPECT_FALSE(made.change.reinit);
  EXPECT_EQ(made.change.updated.size(), 2u);
}

TEST_F(MlsSuccessor, AllMembersMeetInTheNewGroup) {
  freeze();
  Successor made = World::get(reinit(packages({1, 2})));
  EXPECT_EQ(made.group.epoch(), 1u);
  EXPECT_EQ(as_text(made.group.group_id()), "next");
  Group second = World::get(follow(1, made.welcome));
  Group third = World::get(follow(2, made.welcome));
  EXPECT_EQ(world.read(second, world.protect(third, "over here")), "over here");
  EXPECT_EQ(world.read(made.group, world.protect(second, "all")), "all");
}

TEST_F(MlsSuccessor, ReInitNeedsAllMembersAndNoOthers) {
  EXPECT_EQ(code_of(reinit(packages({1, 2}))), Errc::kWrongState);  // not frozen
  freeze();
  EXPECT_EQ(code_of(reinit(packages({1}))), Errc::kInvalidValue);
  const Device dora = world.device("dora");
  std::vector<Bytes> more = packages({1, 2});
  more.push_back(dora.bundle.message());
  EXPECT_EQ(code_of(reinit(more)), Errc::kInvalidValue);
  const std::uint64_t epoch = party.groups[0].epoch();
  const ByteView next = as_bytes("next");
  const auto usage = ResumptionUsage::kReinit;
  EXPECT_EQ(code_of(follow(1, forged_welcome(next, {}, usage, epoch, more))), Errc::kInvalidValue);
  EXPECT_EQ(code_of(follow(1, forged_welcome(next, {}, usage, epoch, packages({1})))), Errc::kInvalidValue);
  EXPECT_TRUE(follow(1, forged_welcome(next, {}, usage, epoch, packages({1, 2}))).has_value());
}

TEST_F(MlsSuccessor, ReInitMustBeTheOneAgreed) {
  freeze();
  const std::uint64_t epoch = party.groups[0].epoch();
  const auto usage = ResumptionUsage::kReinit;
  const std::vector<Bytes> all = packages({1, 2});
  EXPECT_EQ(code_of(follow(1, forged_welcome(as_bytes("other"), {}, usage, epoch, all))),
            Errc::kInvalidValue);
  const Extensions other = {{extension_type::kApplicationId, {1}}};
  EXPECT_EQ(code_of(follow(1, forged_welcome(as_bytes("next"), other, usage, epoch, all))),
            Errc::kInvalidValue);
  EXPECT_EQ(code_of(follow(1, forged_welcome(as_bytes("next"), {}, usage, epoch - 1, all))),
            Errc::kInvalidValue);
}

TEST_F(MlsSuccessor, ReInitToAnotherSuiteOrVersionIsNotThisGroup) {
  freeze();
  const Bytes welcome = forged_welcome(as_bytes("next"), {}, ResumptionUsage::kReinit,
                                       party.groups[0].epoch(), packages({1, 2}));
  ReInit& agreed = *GroupAccess::state(party.groups[1]).reinit;
  agreed.cipher_suite = 0x0001;
  EXPECT_EQ(place_of(follow(1, welcome)), "RFC 9420 11.2 parameters");
  agreed.cipher_suite = kSuite;
  agreed.version = 2;
  EXPECT_EQ(place_of(follow(1, welcome)), "RFC 9420 11.2 parameters");
  agreed.version = kVersionMls10;
  EXPECT_TRUE(follow(1, welcome).has_value());
  GroupAccess::state(party.groups[0]).reinit->version = 2;
  EXPECT_EQ(code_of(reinit(packages({1, 2}))), Errc::kUnsupported);
}

TEST_F(MlsSuccessor, AsManyMembersAsBeforeAreNotTheSameMembers) {
  freeze();
  const Device dora = world.device("dora");
  std::vector<Bytes> swapped = packages({1});
  swapped.push_back(dora.bundle.message());
  const Bytes welcome =
      forged_welcome(as_bytes("next"), {}, ResumptionUsage::kReinit, party.groups[0].epoch(), swapped);
  EXPECT_EQ(place_of(follow(1, welcome)), "RFC 9420 11.2 members");
}

TEST_F(MlsSuccessor, NobodySucceedsAlone) {
  const auto branched = branch({});
  ASSERT_FALSE(branched);
  EXPECT_EQ(place_of(branched), "RFC 9420 11.2 members");
}

TEST_F(MlsSuccessor, ReInitWithoutAReInitIsRefused) {
  const Bytes welcome = forged_welcome(as_bytes("next"), {}, ResumptionUsage::kReinit,
                                       party.groups[0].epoch(), packages({1, 2}));
  EXPECT_EQ(code_of(follow(1, welcome)), Errc::kInvalidValue);
}

TEST_F(MlsSuccessor, ReInitToASuiteThatWeLackEndsThere) {
  CommitRequest request;
  request.reinit = ReInitRequest{to_bytes(as_bytes("next")), {}, 0x0001};
  party.deliver(0, world.commit(party.groups[0], request).commit);
  EXPECT_EQ(code_of(reinit(packages({1, 2}))), Errc::kUnsupported);
}

TEST_F(MlsSuccessor, SomeMembersBranchOffAndTheGroupGoesOn) {
  Successor made = World::get(branch(packages({2})));
  Group other = World::get(follow(2, made.welcome));
  EXPECT_EQ(world.read(other, world.protect(made.group, "between us")), "between us");
  EXPECT_EQ(other.member_count(), 2u);
  EXPECT_EQ(world.read(party.groups[1], world.protect(party.groups[0], "to all")), "to all");
}

TEST_F(MlsSuccessor, BranchIsOfMembersOnly) {
  const Device dora = world.device("dora");
  EXPECT_EQ(code_of(branch({dora.bundle.message()})), Errc::kInvalidValue);
  std::vector<Bytes> with_stranger = packages({1});
  with_stranger.push_back(dora.bundle.message());
  const Bytes welcome =
      forged_welcome(as_bytes("side"), {}, ResumptionUsage::kBranch, party.groups[0].epoch(), with_stranger);
  EXPECT_EQ(code_of(follow(1, welcome)), Errc::kInvalidValue);
}

TEST_F(MlsSuccessor, WelcomeOfASuccessorNeedsItsPredecessor) {
  const Successor made = World::get(branch(packages({1})));
  const auto plain =
      Group::join(made.welcome, party.devices[1].bundle, party.devices[1].key, world.validation());
  EXPECT_EQ(code_of(plain), Errc::kUnknownPsk);
  const Group unrelated = world.create(party.devices[1]);
  EXPECT_EQ(code_of(Group::join_successor(made.welcome, party.devices[1].bundle, party.devices[1].key,
                                          unrelated, world.validation())),
            Errc::kUnknownPsk);
  // And a Welcome that follows from nothing is not one of a successor.
  const Device dora = world.device("dora");
  Group fresh = world.create(dora);
  CommitRequest request;
  request.adds = packages({1});
  EXPECT_EQ(code_of(follow(1, *world.commit(fresh, request).welcome)), Errc::kWrongState);
}

TEST_F(MlsSuccessor, PskOfASuccessorKnownByTheSourceStillNeedsThePredecessor) {
  const Successor made = World::get(branch(packages({1})));
  world.psks.add_resumption(party.groups[1].group_id(), party.groups[1].epoch(),
                            party.groups[1].resumption_psk());
  EXPECT_EQ(
      code_of(Group::join(made.welcome, party.devices[1].bundle, party.devices[1].key, world.validation())),
      Errc::kWrongState);
}

// 12.4.3.1: only a group's first commit may be tied so.
TEST_F(MlsSuccessor, TiedWelcomeIsOfEpochOne) {
  Group made = world.create(party.devices[0]);
  world.commit_path(made);
  ASSERT_TRUE(made.apply_pending().has_value());
  std::vector<PreSharedKeyId> id =
      fresh_psk_ids({}, {party.groups[0].epoch()}, party.groups[0].group_id(), world.entropy);
  id[0].usage = ResumptionUsage::kBranch;
  const LinkedPsk linked{id[0], GroupAccess::state(party.groups[0])};
  CommitRequest request;
  request.adds = packages({1});
  const CommitResult commit =
      World::get(make_commit(GroupAccess::state(made), request, &linked, world.validation(), world.entropy));
  EXPECT_EQ(place_of(follow(1, *commit.welcome)), "RFC 9420 12.4.3.1 epoch");
}

}  // namespace
}  // namespace nattevagt::mls
