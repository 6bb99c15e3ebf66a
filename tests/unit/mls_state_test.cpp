// A group at rest: two blobs that fit together, or none.
#include <algorithm>
#include <fstream>

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

TEST(MlsState, BlobAndRowsOfTwoEpochsAreRefused) {
  World world;
  Party party(world, 2);
  const SecretBytes old_epoch = party.groups[0].save_epoch();
  const SecretBytes old_ratchets = party.groups[0].save_ratchets();
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  const SecretBytes epoch = party.groups[0].save_epoch();
  const SecretBytes ratchets = party.groups[0].save_ratchets();
  const SignKey& key = party.devices[0].key;
  EXPECT_EQ(code_of(Group::restore(epoch.expose(), old_ratchets.expose(), key)), Errc::kCorrupt);
  EXPECT_EQ(code_of(Group::restore(old_epoch.expose(), ratchets.expose(), key)), Errc::kCorrupt);
  EXPECT_EQ(code_of(Group::restore(ratchets.expose(), epoch.expose(), key)), Errc::kCorrupt);
  EXPECT_TRUE(Group::restore(epoch.expose(), ratchets.expose(), key).has_value());
}

TEST(MlsState, RowOfAnotherGroupIsRefused) {
  World world;
  Party one(world, 2), other(world, 2);
  std::vector<GroupRow> rows = one.groups[0].all_rows();
  rows[0] = std::move(other.groups[0].all_rows()[0]);
  EXPECT_EQ(code_of(Group::restore(one.groups[0].save_epoch().expose(), rows, one.devices[0].key)),
            Errc::kCorrupt);
}

TEST(MlsState, MissingOrDoubledRowIsRefused) {
  World world;
  Party party(world, 5);
  world.read(party.groups[1], world.protect(party.groups[0], "spoken"));
  const Bytes first = World::get(party.groups[2].propose_update(world.entropy));
  const Bytes second = World::get(party.groups[3].propose_update(world.entropy));
  world.process(party.groups[1], first);
  world.process(party.groups[1], second);
  const SecretBytes epoch = party.groups[1].save_epoch();
  const std::size_t count = party.groups[1].all_rows().size();
  const auto with = [&](auto&& change) {
    std::vector<GroupRow> rows = party.groups[1].all_rows();
    change(rows);
    const auto again = Group::restore(epoch.expose(), rows, party.devices[1].key);
    return again ? Errc{} : again.error().code;
  };
  EXPECT_EQ(with([](auto&) {}), Errc{});
  for (std::size_t i = 0; i + 1 < count; ++i) {  // the last proposal alone is not missed
    EXPECT_EQ(with([&](auto& rows) { rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(i)); }),
              Errc::kCorrupt);
    EXPECT_EQ(with([&](auto& rows) {
                rows.push_back({rows[i].key, rows[i].value->duplicate()});
              }),
              Errc::kCorrupt);
    EXPECT_EQ(with([&](auto& rows) { rows[i].value->expose()[5] ^= 1; }), Errc::kCorrupt);
    EXPECT_EQ(with([&](auto& rows) { rows[i].key.back() ^= 1; }), Errc::kCorrupt);
    EXPECT_EQ(with([&](auto& rows) { rows[i].value->expose()[1] = 9; }), Errc::kUnsupported);
  }
}

TEST(MlsState, ChangedBytesOtherVersionsAndOtherKeysAreRefused) {
  World world;
  Party party(world, 2);
  const Bytes epoch = to_bytes(party.groups[0].save_epoch().expose());
  const Bytes ratchets = to_bytes(party.groups[0].save_ratchets().expose());
  for (std::size_t i = 2; i < epoch.size(); i += 11) {
    Bytes changed = epoch;
    changed[i] ^= 1;
    EXPECT_EQ(code_of(Group::restore(changed, ratchets, party.devices[0].key)), Errc::kCorrupt) << i;
  }
  Bytes version = epoch;
  version[1] = 9;
  EXPECT_EQ(code_of(Group::restore(version, ratchets, party.devices[0].key)), Errc::kUnsupported);
  EXPECT_EQ(code_of(Group::restore(ByteView(epoch).first(10), ratchets, party.devices[0].key)),
            Errc::kCorrupt);
  EXPECT_EQ(code_of(Group::restore(epoch, ratchets, party.devices[1].key)), Errc::kInvalidValue);
}

// What a group may not forget over a restart: each of these keeps it from sending.
TEST(MlsState, RemovedFrozenAndOldBackupStayWhatTheyAre) {
  World world;
  Party party(world, 3);
  Group removed = party.groups[1].clone(), frozen = party.groups[1].clone(), old = party.groups[1].clone();
  world.process(old, world.protect(party.groups[1], "after the backup"));
  CommitRequest request;
  request.removes = {LeafIndex{1}};
  world.process(removed, world.commit(party.groups[0], request).commit);
  party.groups[0].discard_pending();
  request = CommitRequest{};
  request.reinit = ReInitRequest{to_bytes(as_bytes("next")), {{0x7777, {1}}}};
  world.process(frozen, world.commit(party.groups[0], request).commit);
  EXPECT_TRUE(World::get(reload(party.groups[1], party.devices[1].key)).active());
  for (Group* group : {&removed, &frozen, &old}) {
    Group again = World::get(reload(*group, party.devices[1].key));
    EXPECT_FALSE(again.active());
    EXPECT_EQ(place_of(again.protect({}, {}, world.entropy)),
              place_of(group->protect({}, {}, world.entropy)));
  }
  EXPECT_TRUE(World::get(reload(old, party.devices[1].key)).old_backup());
  Group again = World::get(reload(frozen, party.devices[1].key));
  EXPECT_EQ(GroupAccess::state(again).reinit->extensions.size(), 1u);
}

// A checksum that holds says nothing of what it is over.
TEST(MlsState, WholeBlobThatIsNoGroupIsRefused) {
  World world;
  Party party(world, 3);
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  const auto verdict = [&](const std::function<void(GroupState&)>& change, const Bytes& more = {}) {
    Group group = party.groups[0].clone();
    const SecretBytes rows = group.save_ratchets();
    change(GroupAccess::state(group));
    Bytes blob = to_bytes(group.save_epoch().expose());
    blob.resize(blob.size() - kHashBytes);
    append(blob, more);
    append(blob, sha256(blob));
    const auto again = Group::restore(blob, rows.expose(), party.devices[0].key);
    return std::string(again ? "" : again.error().where);
  };
  EXPECT_EQ(verdict([](GroupState&) {}), "");
  EXPECT_EQ(verdict([](GroupState&) {}, {0}), "group blob");
  for (const std::uint32_t leaves : {0u, 3u, 4096u}) {
    EXPECT_EQ(verdict([&](GroupState& state) { state.past[0].secret_tree = SecretTree::empty(leaves); }),
              "group blob");
  }
  EXPECT_EQ(verdict([&](GroupState& state) {
              state.keys = PrivateTree(LeafIndex{3}, hpke_generate(world.entropy));  // a blank leaf
            }),
            "group blob");
}

TEST(MlsState, WholeRowThatIsNoneOfTheGroupsIsRefused) {
  World world;
  Party party(world, 3);
  world.process(party.groups[0], World::get(party.groups[1].propose_update(world.entropy)));
  const Bytes mark = GroupAccess::state(party.groups[0]).confirmation_tag;
  const std::uint64_t epoch = party.groups[0].epoch();
  const auto key = [&](std::uint8_t kind, std::uint64_t of, std::uint32_t place, const Bytes& more = {}) {
    Writer out;
    out.u8(kind);
    out.u64(of);
    out.u32(place);
    out.raw(more);
    return out.take();
  };
  const auto marked = [&](Bytes row_key, ByteView content, ByteView by) {
    Writer value(Writer::Kind::kSecret), input(Writer::Kind::kSecret);
    value.raw(content);
    input.opaque(by);
    input.opaque(row_key);
    input.raw(content);
    value.raw(sha256(input.view()));
    return GroupRow{std::move(row_key), value.take_secret()};
  };
  const auto with = [&](Bytes row_key, const Bytes& content, const Bytes* by = nullptr) {
    std::vector<GroupRow> rows = party.groups[0].all_rows();
    rows.push_back(marked(std::move(row_key), content, by == nullptr ? mark : *by));
    const auto again = Group::restore(party.groups[0].save_epoch().expose(), rows, party.devices[0].key);
    return std::string(again ? "" : again.error().where);
  };
  const Bytes format = {0, 2};
  EXPECT_EQ(with(key(0, epoch, 0), format), "group row");  // of no kind
  EXPECT_EQ(with(key(4, epoch, 0), format), "group row");
  EXPECT_EQ(with(key(3, epoch, 1, {0}), format), "group row");
  EXPECT_EQ(with(key(3, epoch + 9, 1), format), "group row");  // of an epoch that is not kept
  EXPECT_EQ(with(key(3, epoch, 1), {0}), "group row");         // shorter than any
  Bytes node = format;
  node.resize(2 + 32);
  EXPECT_EQ(with(key(1, epoch, 99), node), "group row");                        // outside the tree
  EXPECT_EQ(with(key(1, epoch, 2), node), "group rows: a ratchet is missing");  // covered already
  const Bytes no_mark;
  EXPECT_EQ(with(key(1, epoch + 9, 2), node, &no_mark), "group row");  // of an epoch that has no mark
  node.push_back(0);
  EXPECT_EQ(with(key(1, epoch, 2), node), "group row");  // too long

  std::vector<GroupRow> longer = party.groups[0].all_rows();
  Bytes long_key = longer.back().key;
  long_key.push_back(0);
  const Bytes content =
      to_bytes(longer.back().value->expose().first(longer.back().value->size() - kHashBytes));
  longer.back() = marked(std::move(long_key), content, mark);
  EXPECT_EQ(place_of(Group::restore(party.groups[0].save_epoch().expose(), longer, party.devices[0].key)),
            "group row");
  std::vector<GroupRow> deleted = party.groups[0].all_rows();
  deleted[0].value.reset();
  EXPECT_FALSE(
      Group::restore(party.groups[0].save_epoch().expose(), deleted, party.devices[0].key).has_value());
  EXPECT_FALSE(Group::restore(party.groups[0].save_epoch().expose(), Bytes{0x05, 1}, party.devices[0].key)
                   .has_value());
}

// A store as the client has one: the blob when the epoch may have changed, and the changed rows each time.
struct RowStore {
  void write(Group& group, bool epoch_changed) {
    if (epoch_changed) epoch = group.save_epoch();
    for (GroupRow& row : group.take_changed_rows()) {
      if (row.value) {
        written += row.value->size();
        rows.insert_or_assign(row.key, std::move(*row.value));
      } else {
        rows.erase(row.key);
      }
      touched += 1;
    }
  }
  std::vector<GroupRow> all() const {
    std::vector<GroupRow> out;
    for (const auto& [key, value] : rows) out.push_back({key, value.duplicate()});
    return out;
  }
  SecretBytes epoch;
  std::map<Bytes, SecretBytes> rows;
  std::size_t written = 0, touched = 0;
};

TEST(MlsState, ChangedRowsAloneKeepTheStoreWhole) {
  World world;
  Party party(world, 6);
  std::vector<RowStore> stores(6);
  const auto store = [&](bool epoch_changed) {
    for (std::size_t i = 0; i < 6; ++i) {
      stores[i].write(party.groups[i], epoch_changed);
      const Group again =
          World::get(Group::restore(stores[i].epoch.expose(), stores[i].all(), party.devices[i].key));
      EXPECT_EQ(again.save_ratchets(), party.groups[i].save_ratchets());
      EXPECT_EQ(again.save_epoch(), party.groups[i].save_epoch());
      EXPECT_EQ(stores[i].rows.size(), party.groups[i].all_rows().size());
    }
  };
  store(true);
  for (std::size_t round = 0; round < 7; ++round) {
    const std::size_t who = round % 6;
    const Bytes late = world.protect(party.groups[who], "late");
    const Bytes now = world.protect(party.groups[who], "now");
    for (std::size_t i = 0; i < 6; ++i) {
      if (i != who) world.read(party.groups[i], now);
    }
    store(false);
    const Bytes proposal = World::get(party.groups[(who + 1) % 6].propose_update(world.entropy));
    for (std::size_t i = 0; i < 6; ++i) {
      if (i != (who + 1) % 6) world.process(party.groups[i], proposal);
    }
    store(false);
    party.deliver(who, world.commit(party.groups[who], {}).commit);
    store(true);
    world.read(party.groups[(who + 2) % 6], late);
    store(false);
  }
  world.now += world.validation().past_epoch_age + Millis(1);
  for (Group& group : party.groups) EXPECT_TRUE(group.forget_old_epochs(world.validation()));
  store(true);
  for (std::size_t i = 0; i < 6; ++i) {
    for (const Bytes& key : party.groups[i].row_keys()) stores[i].rows.erase(key);
    EXPECT_TRUE(stores[i].rows.empty());
  }
}

TEST(MlsState, MessageCostsOneRowInAGroupOfAnySize) {
  std::vector<std::size_t> bytes;
  for (const std::size_t size : {2u, 16u, 60u}) {
    World world;
    Party party(world, size);
    RowStore reader, writer;
    reader.write(party.groups[1], true);
    writer.write(party.groups[0], true);
    world.read(party.groups[1], world.protect(party.groups[0], "first"));
    reader = RowStore{};
    reader.write(party.groups[1], false);
    EXPECT_LE(reader.touched, 2u * 6u + 2u);  // the path down to the speaker, once an epoch
    reader = RowStore{};
    writer = RowStore{};
    party.groups[0].take_changed_rows();
    world.read(party.groups[1], world.protect(party.groups[0], "second"));
    reader.write(party.groups[1], false);
    writer.write(party.groups[0], false);
    EXPECT_EQ(reader.touched, 1u);
    EXPECT_EQ(writer.touched, 1u);
    bytes.push_back(reader.written);
    bytes.push_back(writer.written);
  }
  for (const std::size_t size : bytes) EXPECT_EQ(size, bytes[0]);
}

TEST(MlsState, WaitingProposalsAreWrittenOnce) {
  World world;
  Party party(world, 4);
  RowStore store;
  store.write(party.groups[0], true);
  for (const std::size_t who : {1u, 2u, 3u}) {
    world.process(party.groups[0], World::get(party.groups[who].propose_update(world.entropy)));
    store = RowStore{};
    store.write(party.groups[0], false);
    EXPECT_EQ(std::count_if(store.rows.begin(), store.rows.end(),
                            [](const auto& row) { return row.first[0] == 3; }),
              1);  // of kind proposal; the others are the speaker's ratchets and the way down to them
  }
  world.protect(party.groups[0], "own ratchets open");
  party.groups[0].take_changed_rows();
  world.protect(party.groups[0], "x");
  store = RowStore{};
  store.write(party.groups[0], false);
  EXPECT_EQ(store.touched, 1u);
}

// The stored form of format 2 as it was when it was first written. It must be readable for as long as format
// 2 is read at all; a change of the form is a new format, with a golden of its own beside this one.
constexpr std::string_view kGoldenEpoch =
#include "tests/data/mls_stored_group_v2_epoch.inc"
    ;
constexpr std::string_view kGoldenRows =
#include "tests/data/mls_stored_group_v2_rows.inc"
    ;
constexpr std::string_view kGoldenMessage =
#include "tests/data/mls_stored_group_v2_message.inc"
    ;

std::string hex(ByteView bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

Bytes unhex(std::string_view text) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return out;
}

SignKey golden_key() {
  SeededEntropy entropy(2009420);
  return SignKey::generate(entropy);
}

TEST(MlsState, StoredFormOfFormat2IsFrozen) {
  World world;
  Group group = World::get(Group::restore(unhex(kGoldenEpoch), unhex(kGoldenRows), golden_key()));
  EXPECT_EQ(hex(group.save_epoch().expose()), kGoldenEpoch);
  EXPECT_EQ(hex(group.save_ratchets().expose()), kGoldenRows);
  EXPECT_EQ(world.read(group, unhex(kGoldenMessage)), "kept for you");
  EXPECT_TRUE(group.has_pending_commit());
  EXPECT_EQ(group.pending_proposals(), 1u);
  EXPECT_EQ(World::get(group.apply_pending()).epoch, 4u);
}

// Writes the golden above. Run by hand for a new format, into new files.
TEST(MlsState, DISABLED_WriteGolden) {
  World world(5);
  Party party(world, 3);
  test::Device golden{"golden", golden_key(), {}};
  golden.bundle = world.package("golden", golden.key);
  CommitRequest request;
  request.adds = {golden.bundle.message()};
  const CommitResult made = world.commit(party.groups[0], request);
  party.deliver(0, made.commit);
  party.devices.push_back(std::move(golden));
  party.groups.push_back(world.join(*made.welcome, party.devices[3]));
  party.deliver(1, world.commit_path(party.groups[1]).commit);
  Group& group = party.groups[3];
  const Bytes skipped = world.protect(party.groups[0], "kept for you");
  world.read(group, world.protect(party.groups[0], "next"));
  world.protect(group, "spoken");
  world.process(group, World::get(party.groups[2].propose_update(world.entropy)));
  world.commit_path(group);
  const auto write = [](const char* name, ByteView bytes) {
    std::ofstream(name) << '"' << hex(bytes) << "\"\n";
  };
  write("mls_stored_group_v2_epoch.inc", group.save_epoch().expose());
  write("mls_stored_group_v2_rows.inc", group.save_ratchets().expose());
  write("mls_stored_group_v2_message.inc", skipped);
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
  EXPECT_EQ(code_of(KeyPackageBundle::restore(changed)), Errc::kCorrupt);
  const auto refused = [&](const std::function<void(Bytes&)>& change) {
    Bytes bytes = to_bytes(saved.expose());
    change(bytes);
    const auto restored = KeyPackageBundle::restore(bytes);
    return restored ? Errc{} : restored.error().code;
  };
  EXPECT_EQ(refused([](Bytes& bytes) { bytes[bytes.size() - 40] ^= 4; }), Errc::kCorrupt);  // the init key
  EXPECT_EQ(refused([](Bytes& bytes) { bytes.push_back(0); }), Errc::kCorrupt);
  EXPECT_EQ(refused([](Bytes& bytes) { bytes.pop_back(); }), Errc::kCorrupt);
  EXPECT_EQ(refused([](Bytes& bytes) { bytes[1] = 9; }), Errc::kUnsupported);
}

TEST(MlsState, RatchetBlobStaysSmall) {
  World world;
  Party party(world, 16);
  for (int i = 0; i < 50; ++i) world.read(party.groups[1], world.protect(party.groups[0], "x"));
  EXPECT_LT(party.groups[1].save_ratchets().size(), 3000u);
}

}  // namespace
}  // namespace nattevagt::mls
