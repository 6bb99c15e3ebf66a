// The rota on the wire: what comes back, and what is refused (P-005, section 10).
#include <gtest/gtest.h>

#include <functional>

#include "proto/common/limits.h"
#include "proto/wire/codec.h"
#include "tests/unit/same_bytes.h"

namespace nattevagt::wire {
namespace {

using namespace std::chrono;

LocalDay on(int y, unsigned m, unsigned d) { return LocalDay(year(y) / month(m) / day(d)); }

Rota full_rota() {
  Rota out;
  out.issued_at = sys_days(year(2026) / 10 / 1);
  out.yearly_holidays = {1224, 229};
  out.single_holidays = {on(2026, 5, 15)};
  RoleRota role;
  role.role = same_bytes<RoleId>(1);
  role.windows = {{0x1f, 15 * 60, 23 * 60}, {kEveryDay, 23 * 60, 7 * 60}};
  role.duties = {{3,
                  on(2026, 10, 1),
                  on(2026, 12, 31),
                  7,
                  {{same_bytes<PersonId>(1)}, {same_bytes<PersonId>(2), same_bytes<PersonId>(3)}}},
                 {2, on(2026, 10, 24), {}, 1, {{same_bytes<PersonId>(4)}}}};
  role.backup = same_bytes<RoleId>(2);
  role.daytime = same_bytes<RoleId>(3);
  out.roles = {role, {same_bytes<RoleId>(2), {}, {}, {}, {}}};
  out.overrides = {{OverrideKind::kSwap,
                    role.role,
                    out.issued_at,
                    out.issued_at + hours(8),
                    {same_bytes<PersonId>(2)},
                    Bytes(60, 7)},
                   {OverrideKind::kAcceptedGap, role.role, out.issued_at, out.issued_at + hours(8), {}, {}}};
  out.revoked_changes = {same_bytes<DutyChangeId>(9)};
  return out;
}

TEST(RotaCodec, ComesBackAsItWas) {
  const Rota rota = full_rota();
  const auto back = decode_rota(encode(rota));
  ASSERT_TRUE(back) << back.error().where;
  EXPECT_EQ(*back, rota);
  EXPECT_EQ(encode(*back), encode(rota));
}

TEST(RotaCodec, RefusesWhatLiesOutsideItsRange) {
  struct Case {
    const char* what;
    std::function<void(Rota&)> change;
    Errc code = Errc::kInvalidValue;
  };
  const Case cases[] = {
      {"issued never", [](Rota& r) { r.issued_at = kNever; }},
      {"30 February", [](Rota& r) { r.yearly_holidays = {230}; }},
      {"month 13", [](Rota& r) { r.yearly_holidays = {1301}; }},
      {"month 0", [](Rota& r) { r.yearly_holidays = {24}; }},
      {"a holiday in 1970", [](Rota& r) { r.single_holidays = {LocalDay{}}; }},
      {"yearly holidays too many", [](Rota& r) { r.yearly_holidays.resize(65, 1224); }, Errc::kTooLarge},
      {"single holidays too many", [](Rota& r) { r.single_holidays.resize(401, on(2026, 1, 1)); },
       Errc::kTooLarge},
      {"a role twice", [](Rota& r) { r.roles.push_back(r.roles[0]); }},
      {"roles too many", [](Rota& r) { r.roles.resize(limits::kRotaRolesMax + 1); }, Errc::kTooLarge},
      {"windows too many", [](Rota& r) { r.roles[0].windows.resize(17, {1, 0, 0}); }, Errc::kTooLarge},
      {"a window on no day", [](Rota& r) { r.roles[0].windows[0].days = 0; }},
      {"a window at 24.00", [](Rota& r) { r.roles[0].windows[0].to_minute = 1440; }},
      {"a window from 24.00", [](Rota& r) { r.roles[0].windows[0].from_minute = 1440; }},
      {"a duty of no window", [](Rota& r) { r.roles[0].duties[0].windows = 0; }},
      {"a duty of a window that is not there", [](Rota& r) { r.roles[0].duties[0].windows = 4; }},
      {"a duty that ends before it begins", [](Rota& r) { r.roles[0].duties[0].last = on(2026, 9, 30); }},
      {"a duty from 2200", [](Rota& r) { r.roles[0].duties[1].first = on(2200, 1, 1); }},
      {"turns of no length", [](Rota& r) { r.roles[0].duties[0].turn_days = 0; }},
      {"turns of two years", [](Rota& r) { r.roles[0].duties[0].turn_days = 367; }},
      {"no turn", [](Rota& r) { r.roles[0].duties[0].turns.clear(); }},
      {"an empty turn", [](Rota& r) { r.roles[0].duties[0].turns[0].clear(); }},
      {"turns too many", [](Rota& r) { r.roles[0].duties[0].turns.resize(65, {same_bytes<PersonId>(1)}); },
       Errc::kTooLarge},
      {"persons too many", [](Rota& r) { r.roles[0].duties[0].turns[0].resize(17); }, Errc::kTooLarge},
      {"duties too many", [](Rota& r) { r.roles[0].duties.resize(501, r.roles[0].duties[0]); },
       Errc::kTooLarge},
      {"an override of kind 0", [](Rota& r) { r.overrides[0].kind = OverrideKind{}; }},
      {"an override of kind 5", [](Rota& r) { r.overrides[0].kind = OverrideKind{5}; }},
      {"an override that ends when it begins", [](Rota& r) { r.overrides[0].until = r.overrides[0].from; }},
      {"an override for ever", [](Rota& r) { r.overrides[0].until = kNever; }},
      {"a swap with nobody", [](Rota& r) { r.overrides[0].persons.clear(); }},
      {"an accepted gap with somebody", [](Rota& r) { r.overrides[1].persons = {same_bytes<PersonId>(1)}; }},
      {"a long reason", [](Rota& r) { r.overrides[0].sealed_reason.resize(513); }, Errc::kTooLarge},
      {"overrides too many", [](Rota& r) { r.overrides.resize(1001, r.overrides[0]); }, Errc::kTooLarge},
  };
  for (const Case& one : cases) {
    Rota rota = full_rota();
    one.change(rota);
    const auto refused = decode_rota(encode(rota));
    ASSERT_FALSE(refused) << one.what;
    EXPECT_EQ(errc_name(refused.error().code), errc_name(one.code)) << one.what;
  }
  EXPECT_EQ(decode_rota(Bytes{0xff}).error().code, Errc::kMalformed);
}

// A region: 20 roles, each with a plan for a quarter, night by night, and a swap a week.
TEST(RotaCodec, ARegionsQuarterFitsADocument) {
  Rota rota = full_rota();
  rota.roles.clear();
  for (std::uint8_t n = 0; n < 20; ++n) {
    RoleRota role = full_rota().roles[0];
    role.role = same_bytes<RoleId>(n);
    role.duties.clear();
    for (int day = 0; day < 92; ++day) {
      role.duties.push_back(
          {1, on(2026, 10, 1) + days(day), on(2026, 10, 1) + days(day), 1, {{same_bytes<PersonId>(n)}}});
    }
    rota.roles.push_back(role);
  }
  rota.overrides.resize(260, full_rota().overrides[0]);
  EXPECT_TRUE(decode_rota(encode(rota)));
  EXPECT_LT(encode(rota).size(), limits::kDocumentBytesMax);
}

}  // namespace
}  // namespace nattevagt::wire
