// The facts' codec: what comes back, what is refused. Damage is kCorrupt, never a crash and never another
// fact.
#include "broker/core/record.h"

#include <gtest/gtest.h>

#include "broker/core/stream.h"
#include "proto/common/entropy.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker {
namespace {

AlertChange a_change() {
  AlertChange change;
  change.progress.step = 2;
  change.progress.due_at = from_unix_ms(1'790'000'000'123);
  change.progress.taken_by = 7;
  change.progress.taken_at = from_unix_ms(1'790'000'000'001);
  change.progress.step_devices = {1, 200, 70'000};
  change.progress.declined = {PersonId{{1, 2, 3}}};
  change.posts = {{Bytes{1, 2, 3}, wire::NoticeKind::kLoud, {1, 2}}, {Bytes{}, wire::NoticeKind::kNone, {}}};
  return change;
}

std::vector<Fact> one_of_each() {
  AlertRaised raised;
  raised.facts.severity = wire::Severity::kRed;
  raised.facts.ladder.steps = {{Millis(300), Millis(0), {{wire::TargetKind::kUnit, {}}}}};
  raised.entry = {3, MessageId{{9}}, wire::EntryKind::kApplication, 4, Digest{5}, 0};
  raised.members = {1, 2};
  raised.welcome_content = Digest{8};
  raised.change = a_change();
  wire::SignedDocument document;
  document.kind = wire::DocumentKind::kRoster;
  document.version = 77;
  document.body = Bytes(300, 1);
  return {GrantAnnounced{{Bytes{1, 2}, {}}},
          DeviceEnrolled{{Bytes{3}, {}}},
          KeyPackageAdded{1, true, {}},
          KeyPackagesTaken{{{1, 500}, {2, 501}}},
          DocumentPublished{document},
          EntryAppended{{}, true, {1, {}, wire::EntryKind::kCommit, 1'000'000, {}, 0}, {4}, {5}, Digest{1}},
          CursorsAdvanced{{{{}, {{1, 2}, {3, 400}}}}},
          raised,
          AlertActed{{}, {1, {}, wire::EntryKind::kApplication, 0, {}, 1}, a_change()},
          AlertStepped{{}, a_change()},
          EntriesTrimmed{{{{}, 3, 99}}},
          AlertForgotten{},
          AlertMended{{}, a_change()},
          GapWarned{{}, {}, from_unix_ms(1'790'000'000'000), from_unix_ms(1'790'000'100'000), 3, Bytes{1}, {4}},
          CheckInAsked{{},
                       {},
                       {},
                       from_unix_ms(1'790'000'000'000),
                       from_unix_ms(1'790'000'600'000),
                       {},
                       Bytes{7},
                       {2, 3}},
          CheckedIn{{}, {}, 2, Bytes{1, 2}},
          ShiftEnded{},
          DutyDoubted{{}, wire::DutyTrouble::kSilent, from_unix_ms(1'790'000'000'000)}};
}

TEST(RecordCodec, EveryFactComesBackAsItWas) {
  const std::vector<Fact> facts = one_of_each();
  ASSERT_EQ(facts.size(), std::variant_size_v<Fact>);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    ASSERT_EQ(facts[i].index(), i);
    const Bytes meta = encode(facts[i]);
    const auto back = decode_fact(meta);
    ASSERT_TRUE(back.has_value()) << i;
    EXPECT_EQ(back->index(), i);
    EXPECT_EQ(encode(*back), meta) << i;
  }
}

TEST(RecordCodec, CutAndLengthenedMetaIsCorrupt) {
  for (const Fact& fact : one_of_each()) {
    const Bytes meta = encode(fact);
    for (std::size_t size = 0; size < meta.size(); ++size) {
      const auto cut = decode_fact(ByteView(meta).first(size));
      ASSERT_FALSE(cut.has_value());
      EXPECT_EQ(cut.error().code, Errc::kCorrupt);
    }
    Bytes longer = meta;
    longer.push_back(0);
    EXPECT_EQ(decode_fact(longer).error().code, Errc::kCorrupt);
  }
}

// Bytes that decode are bytes that we write: nothing has two encodings, so no damage passes as another form.
TEST(RecordCodec, FlippedBytesAreRefusedOrMeanExactlyWhatTheySay) {
  for (const Fact& fact : one_of_each()) {
    const Bytes meta = encode(fact);
    for (std::size_t i = 1; i < meta.size(); ++i) {
      for (const int flip : {1, 0x80, 0xff}) {
        Bytes bad = meta;
        bad[i] = static_cast<std::uint8_t>(bad[i] ^ flip);
        const auto decoded = decode_fact(bad);
        if (decoded) {
          EXPECT_EQ(encode(*decoded), bad);
        }
      }
    }
  }
}

TEST(RecordCodec, NewerFormatIsUnsupported) {
  Bytes meta = encode(Fact(AlertForgotten{}));
  meta[0] = 4;
  EXPECT_EQ(decode_fact(meta).error().code, Errc::kUnsupported);
}

// A step of a build that armed nobody: what it wrote ends, of its progress, before the armed devices.
TEST(RecordCodec, AnOlderFormatIsReadAsItWasWritten) {
  AlertChange change;
  change.progress.due_at = from_unix_ms(1'790'000'000'000);
  Bytes old = encode(Fact(AlertStepped{AlertId{{3}}, change}));
  ASSERT_EQ(old[0], 3);
  ASSERT_EQ(old[old.size() - 2], 0) << "no armed device";
  old.erase(old.end() - 2);
  EXPECT_FALSE(decode_fact(old));
  old[0] = 2;
  const auto read = decode_fact(old);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<AlertStepped>(*read).change.progress, change.progress);
}

TEST(RecordCodec, RandomBytesNeverCrash) {
  SeededEntropy entropy(7);
  for (int i = 0; i < 20'000; ++i) {
    std::array<std::uint8_t, 2> size{};
    entropy.fill(size);
    Bytes bytes(size[0] % 96 + 2U);
    entropy.fill(bytes);
    bytes[0] = 3;
    bytes[1] %= std::variant_size_v<Fact> + 1;
    if (const auto decoded = decode_fact(bytes)) {
      EXPECT_EQ(encode(*decoded), bytes);
    }
  }
}

// P-031: the digest form and the wire's own are one chain.
TEST(Chain, OverTheDigestIsTheProtocolsChain) {
  const Bytes bytes(1000, 3);
  const Digest previous = sha256(as_bytes("previous"));
  const MessageId id{{1, 2, 3}};
  const UtcTime at = from_unix_ms(1'790'000'000'000);
  EXPECT_EQ(chain_over(previous, 9, wire::EntryKind::kCommit, 5, id, at, sha256(bytes)),
            wire::chain_next(previous, 9, wire::EntryKind::kCommit, 5, id, at, bytes));
}

using testing::TestDevice;
using testing::World;

TEST(Snapshot, AnyDamageIsCorrupt) {
  World world;
  const TestDevice a = world.enrol(), b = world.enrol();
  world.connect(a);
  world.create(a, {b.id});
  const Bytes snapshot = world.core->snapshot();
  for (std::size_t i = 0; i < snapshot.size(); i += 7) {
    Bytes bad = snapshot;
    bad[i] ^= 0x10;
    HubCore twin(world.config());
    ASSERT_FALSE(twin.restore(bad).has_value());
  }
  HubCore twin(world.config());
  EXPECT_EQ(twin.restore(ByteView(snapshot).first(snapshot.size() - 1)).error().code, Errc::kCorrupt);
}

// Even a snapshot with a right checksum is not believed: it may come from a broken build.
TEST(Snapshot, DamageUnderARightChecksumIsRefusedOrSound) {
  World world;
  const TestDevice a = world.enrol(), b = world.enrol();
  world.connect(a);
  world.connect(b);
  world.create(a, {b.id});
  const Bytes snapshot = world.core->snapshot();
  const std::size_t body = snapshot.size() - 32;
  for (std::size_t i = 5; i < body; i += 3) {
    Bytes bad(snapshot.begin(), snapshot.begin() + static_cast<std::ptrdiff_t>(body));
    bad[i] ^= 0x41;
    const Digest digest = sha256(bad);
    append(bad, digest);
    HubCore twin(world.config());
    if (twin.restore(bad)) (void)twin.snapshot();
  }
}

TEST(Replay, RecordsThatDoNotFitTheStateAreCorrupt) {
  World world;
  const TestDevice a = world.enrol();
  HubCore fresh(world.config());
  const auto refused = [&](JournalIndex index, const Fact& fact) {
    const Status status = fresh.replay({index, world.now, encode(fact), {}, {}});
    return !status && status.error().code == Errc::kCorrupt;
  };
  EXPECT_TRUE(refused(2, GrantAnnounced{}));  // a gap
  for (const Fact& fact : one_of_each()) EXPECT_TRUE(refused(1, fact)) << fact.index();
}

}  // namespace
}  // namespace nattevagt::broker
