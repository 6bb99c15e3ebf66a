// Local time and holidays, against what others have worked out (P-101, P-102).
#include <gtest/gtest.h>

#include <set>

#include "proto/rota/copenhagen.h"
#include "proto/rota/holidays.h"
#include "tests/unit/rota_wall.h"

namespace nattevagt::rota {
namespace {

using namespace std::chrono;
using testing::on;
using testing::utc;
using wire::LocalDay;

TEST(Copenhagen, AgreesWithTheSystemsZoneInEachHourOfSixtyYears) {
  const testing::Wall wall;
  int changes = 0;
  Millis before = utc_offset(utc(2000, 1, 1, 0, 0));
  for (UtcTime t = utc(2000, 1, 1, 0, 0); t < utc(2060, 1, 1, 0, 0); t += hours(1)) {
    const Millis offset = wall.offset(t);
    ASSERT_EQ(utc_offset(t), offset) << to_unix_ms(t);
    if (offset == before) continue;
    ASSERT_EQ(utc_offset(t - Millis(1)), before) << to_unix_ms(t);
    before = offset;
    ++changes;
  }
  EXPECT_EQ(changes, 120);
}

TEST(Copenhagen, ATimeThatDoesNotExistIsTheMomentOfTheChange) {
  const LocalDay spring = on(2027, 3, 28);
  EXPECT_EQ(to_utc(spring, hours(1) + minutes(59)), utc(2027, 3, 28, 0, 59));
  EXPECT_EQ(to_utc(spring, hours(2)), utc(2027, 3, 28, 1, 0));
  EXPECT_EQ(to_utc(spring, hours(2) + minutes(30)), utc(2027, 3, 28, 1, 0));
  EXPECT_EQ(to_utc(spring, hours(3)), utc(2027, 3, 28, 1, 0));
  EXPECT_EQ(to_utc(spring, hours(3) + minutes(1)), utc(2027, 3, 28, 1, 1));
}

TEST(Copenhagen, ATimeThatComesTwiceIsItsFirstOccurrence) {
  for (const LocalDay autumn : {on(2026, 10, 25), on(2027, 10, 31)}) {
    const sys_days same(autumn.time_since_epoch());
    EXPECT_EQ(to_utc(autumn, hours(2)), same);
    EXPECT_EQ(to_utc(autumn, hours(2) + minutes(59)), same + minutes(59));
    EXPECT_EQ(to_utc(autumn, hours(3)), same + hours(2));
  }
}

TEST(Copenhagen, LocalTimesThatGoOnNeverGoBackInUtc) {
  for (int y = 2026; y <= 2056; ++y) {
    for (const auto& [m, last_day] : {std::pair{3U, 31U}, {10U, 31U}}) {
      UtcTime before = UtcTime::min();
      for (unsigned d = 24; d <= last_day; ++d) {
        for (int minute = 0; minute < 24 * 60; ++minute) {
          const UtcTime t = to_utc(on(y, m, d), minutes(minute));
          ASSERT_GE(t, before);
          before = t;
        }
      }
    }
  }
}

TEST(Copenhagen, WhatTheWallShowsGoesBackToTheSameInstantExceptInTheSecondOfTwoHours) {
  for (UtcTime t = utc(2026, 10, 24, 12, 0); t < utc(2026, 10, 26, 12, 0); t += minutes(1)) {
    const LocalTime local = to_local(t);
    const bool second = t >= utc(2026, 10, 25, 1, 0) && t < utc(2026, 10, 25, 2, 0);
    EXPECT_EQ(to_utc(local.day, local.since_midnight), second ? t - hours(1) : t);
  }
}

// From the church's own tables.
TEST(Holidays, EasterIsWhereTheTablesHaveIt) {
  const std::vector<LocalDay> known{on(2019, 4, 21), on(2024, 3, 31), on(2025, 4, 20), on(2026, 4, 5),
                                    on(2027, 3, 28), on(2028, 4, 16), on(2029, 4, 1),  on(2030, 4, 21),
                                    on(2035, 3, 25), on(2038, 4, 25), on(2049, 4, 18), on(2056, 4, 2)};
  for (const LocalDay day : known) {
    EXPECT_EQ(easter_sunday(static_cast<int>(year_month_day(day).year())), day);
  }
}

TEST(Holidays, TheDanishOnesOf2027AndNoOthers) {
  std::set<LocalDay> found;
  for (LocalDay day = on(2027, 1, 1); day < on(2028, 1, 1); day += days(1)) {
    if (is_public_holiday(day)) found.insert(day);
  }
  const std::set<LocalDay> expected{on(2027, 1, 1),   on(2027, 3, 25), on(2027, 3, 26), on(2027, 3, 28),
                                    on(2027, 3, 29),  on(2027, 5, 6),  on(2027, 5, 16), on(2027, 5, 17),
                                    on(2027, 12, 25), on(2027, 12, 26)};
  EXPECT_EQ(found, expected);
}

TEST(Holidays, AnOrganisationKeepsDaysOfItsOwn) {
  wire::Rota rota;
  rota.yearly_holidays = {1224};
  rota.single_holidays = {on(2026, 5, 15)};
  EXPECT_EQ(kind_of(on(2026, 12, 24), rota), wire::DayKind::kHoliday);
  EXPECT_EQ(kind_of(on(2031, 12, 24), rota), wire::DayKind::kHoliday);
  EXPECT_EQ(kind_of(on(2026, 5, 15), rota), wire::DayKind::kHoliday);
  EXPECT_EQ(kind_of(on(2027, 5, 15), rota), wire::DayKind::kSaturday);
  EXPECT_EQ(kind_of(on(2026, 12, 31), rota), wire::DayKind::kThursday);
  EXPECT_EQ(kind_of(on(2026, 10, 25), rota), wire::DayKind::kSunday);
  EXPECT_EQ(kind_of(on(2026, 10, 26), rota), wire::DayKind::kMonday);
}

}  // namespace
}  // namespace nattevagt::rota
