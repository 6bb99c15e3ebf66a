// Changes of duty and gaps on the wire: what comes back, and what is refused (P-005, P-111, P-117).
#include <gtest/gtest.h>

#include <functional>

#include "proto/common/limits.h"
#include "proto/wire/codec.h"
#include "tests/unit/same_bytes.h"

namespace nattevagt::wire {
namespace {

using std::chrono::hours;

DutyChange swap() {
  const UtcTime from = limits::kTimeMin + hours(1);
  return {same_bytes<DutyChangeId>(1),
          same_bytes<OrganisationId>(2),
          DutyChangeKind::kSwap,
          same_bytes<RoleId>(3),
          from,
          from + hours(8),
          same_bytes<PersonId>(4),
          same_bytes<PersonId>(5),
          limits::kTimeMin};
}

SignedDutyChange signed_by(std::size_t signers) {
  SignedDutyChange out;
  out.body = encode(swap());
  out.signers.resize(signers);
  for (DutySigner& signer : out.signers) signer.certificate.body = Bytes(300, 1);
  return out;
}

TEST(DutyCodec, ComesBackAsItWas) {
  DutyChange open = swap();
  open.takes.reset();
  DutyChange over = swap();
  over.kind = DutyChangeKind::kTakeOver;
  over.gives.reset();
  for (const DutyChange& change : {swap(), open, over}) {
    const auto back = decode_duty_change(encode(change));
    ASSERT_TRUE(back) << back.error().where;
    EXPECT_EQ(*back, change);
  }
  const SignedDutyChange item = signed_by(2);
  DutyChanges changes;
  changes.items = {item, item};
  EXPECT_EQ(decode_duty_changes(encode(changes)).value(), changes);
  const GapItem gap{same_bytes<RoleId>(1), limits::kTimeMin, limits::kTimeMin + hours(1), 6};
  EXPECT_EQ(decode_gap_item(encode(gap)).value(), gap);
}

TEST(DutyCodec, RefusesWhatLiesOutsideItsRange) {
  struct Case {
    const char* what;
    std::function<void(DutyChange&)> change;
  };
  const Case cases[] = {
      {"no kind", [](DutyChange& c) { c.kind = DutyChangeKind{}; }},
      {"kind 3", [](DutyChange& c) { c.kind = DutyChangeKind{3}; }},
      {"ends as it begins", [](DutyChange& c) { c.until = c.from; }},
      {"too long", [](DutyChange& c) { c.until = c.from + limits::kDutyChangeSpanMax + Millis(1); }},
      {"a swap that nobody gives", [](DutyChange& c) { c.gives.reset(); }},
      {"a swap with oneself", [](DutyChange& c) { c.takes = c.gives; }},
      {"a take-over with a giver", [](DutyChange& c) { c.kind = DutyChangeKind::kTakeOver; }},
      {"a take-over by nobody",
       [](DutyChange& c) {
         c.kind = DutyChangeKind::kTakeOver;
         c.gives.reset();
         c.takes.reset();
       }},
      {"before our time", [](DutyChange& c) { c.issued_at = limits::kTimeMin - Millis(1); }},
  };
  for (const Case& item : cases) {
    DutyChange change = swap();
    item.change(change);
    const auto back = decode_duty_change(encode(change));
    ASSERT_FALSE(back) << item.what;
    EXPECT_EQ(back.error().code, Errc::kInvalidValue) << item.what;
  }
  for (const std::size_t signers : {0U, 3U}) {
    DutyChanges changes;
    changes.items.push_back(signed_by(signers));
    EXPECT_FALSE(decode_duty_changes(encode(changes))) << signers;
  }
  DutyChanges many;
  many.items.resize(limits::kDutyChangesMax + 1, signed_by(1));
  EXPECT_EQ(decode_duty_changes(encode(many)).error().code, Errc::kTooLarge);
  GapItem gap{same_bytes<RoleId>(1), limits::kTimeMin, limits::kTimeMin + hours(1), 0};
  EXPECT_FALSE(decode_gap_item(encode(gap)));
  gap.nearness = 7;
  EXPECT_FALSE(decode_gap_item(encode(gap)));
}

}  // namespace
}  // namespace nattevagt::wire
