// A group at rest: two blobs that fit together, or none.
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::Party;
using test::World;

Result<Group> reload(const Group& group, const SignKey& key) {
  return Group::restore(group.save_epoch().expose(), group.save_ratchets().expose(), key);
}

TEST(MlsState, RestoredGroupGoesOnWhereItStood) {
  World world;
  Party party(world, 4);
  party.fill();
  const Bytes late = world.protect(party.groups[1], "late");
  const Bytes skipped = world.protect(party.groups[2], "skipped");
  EXPECT_EQ(world.read(party.groups[0], world.protect(party.groups[2], "next")), "next");
  const Bytes update = World::get(party.groups[0].propose_update(world.entropy));
  for (Group& group : party.groups) {
    if (&group != &party.groups[0]) world.process(group, update);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    Group again = World::get(reload(party.groups[i], party.devices[i].key));
    EXPECT_EQ(again.save_epoch(), party.groups[i].save_epoch());
    EXPECT_EQ(again.save_ratchets(), party.groups[i].save_ratchets());
    party.groups[i] = std::move(again);
  }
  EXPECT_EQ(world.read(party.groups[0], skipped), "skipped");
  // Our own Update's key came back from the store too.
  party.deliver(3, world.commit(party.groups[3], {}).commit);
  for (std::size_t i = 0; i < 4; ++i)
    party.groups[i] = World::get(reload(party.groups[i], party.devices[i].key));
  EXPECT_EQ(world.read(party.groups[0], late), "late");
  party.deliver(1, world.commit_path(party.groups[1]).commit);
  party.expect_agreement();
}

TEST(MlsState, PendingCommitSurvivesTheStore) {
  World world;
  Party party(world, 2);
  const CommitResult made = world.commit_path(party.groups[0]);
  Group again = World::get(reload(party.groups[0], party.devices[0].key));
  EXPECT_TRUE(std::holds_alternative<OwnCommit>(world.process(again, made.commit)));
  const EpochChange change = World::get(again.apply_pending());
  EXPECT_EQ(change.updated.size(), 1u);
  world.process(party.groups[1], made.commit);
  EXPECT_EQ(again.epoch_authenticator(), party.groups[1].epoch_authenticator());
  EXPECT_EQ(world.read(party.groups[1], world.protect(again, "applied")), "applied");
}

TEST(MlsState, BlobsOfTwoEpochsAreRefused) {
  World world;
  Party party(world, 2);
  const SecretBytes old_ratchets = party.groups[0].save_ratchets();
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  const auto mixed =
      Group::restore(party.groups[0].save_epoch().expose(), old_ratchets.expose(), party.devices[0].key);
  EXPECT_EQ(mixed.error().code, Errc::kCorrupt);
  const auto swapped = Group::restore(party.groups[0].save_ratchets().expose(),
                                      party.groups[0].save_epoch().expose(), party.devices[0].key);
  EXPECT_EQ(swapped.error().code, Errc::kCorrupt);
}

TEST(MlsState, ChangedBytesOtherVersionsAndOtherKeysAreRefused) {
  World world;
  Party party(world, 2);
  const Bytes epoch = to_bytes(party.groups[0].save_epoch().expose());
  const Bytes ratchets = to_bytes(party.groups[0].save_ratchets().expose());
  for (std::size_t i = 2; i < epoch.size(); i += 11) {
    Bytes changed = epoch;
    changed[i] ^= 1;
    EXPECT_EQ(Group::restore(changed, ratchets, party.devices[0].key).error().code, Errc::kCorrupt) << i;
  }
  Bytes version = epoch;
  version[1] = 9;
  EXPECT_EQ(Group::restore(version, ratchets, party.devices[0].key).error().code, Errc::kUnsupported);
  EXPECT_EQ(Group::restore(ByteView(epoch).first(10), ratchets, party.devices[0].key).error().code,
            Errc::kCorrupt);
  EXPECT_EQ(Group::restore(epoch, ratchets, party.devices[1].key).error().code, Errc::kInvalidValue);
}

TEST(MlsState, CloneIsApart) {
  World world;
  Party party(world, 2);
  Group twin = party.groups[1].clone();
  const Bytes message = world.protect(party.groups[0], "both");
  EXPECT_EQ(world.read(twin, message), "both");
  EXPECT_EQ(world.read(party.groups[1], message), "both");
}

TEST(MlsState, KeyPackageBundleSurvivesTheStore) {
  World world;
  const Device alice = world.device("alice");
  const Device bob = world.device("bob");
  Group group = world.create(alice);
  CommitRequest request;
  request.adds = {bob.bundle.message()};
  const CommitResult made = world.commit(group, request);
  const SecretBytes saved = bob.bundle.save();
  const KeyPackageBundle again = World::get(KeyPackageBundle::restore(saved.expose()));
  EXPECT_EQ(again.ref(), bob.bundle.ref());
  EXPECT_TRUE(Group::join(*made.welcome, again, bob.key, world.validation()).has_value());
  Bytes changed = to_bytes(saved.expose());
  changed.back() ^= 4;
  EXPECT_EQ(KeyPackageBundle::restore(changed).error().code, Errc::kCorrupt);
}

TEST(MlsState, RatchetBlobStaysSmall) {
  World world;
  Party party(world, 16);
  for (int i = 0; i < 50; ++i) world.read(party.groups[1], world.protect(party.groups[0], "x"));
  EXPECT_LT(party.groups[1].save_ratchets().size(), 2000u);
}

}  // namespace
}  // namespace nattevagt::mls
