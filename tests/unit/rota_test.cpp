// What a rota means (PROTOCOL.md section 10), and the sweep over every night of thirty years.
#include "proto/rota/rota.h"

#include <gtest/gtest.h>

#include "tests/unit/rota_wall.h"
#include "tests/unit/same_bytes.h"

namespace nattevagt::rota {
namespace {

using namespace std::chrono;
using testing::on;
using testing::utc;
using wire::Duty;
using wire::LocalDay;

constexpr std::uint8_t kWeekdays = 0x1f, kWeekendAndHolidays = 0xe0;

PersonId person(std::uint8_t n) { return same_bytes<PersonId>(n); }
RoleId role_id(std::uint8_t n) { return same_bytes<RoleId>(n); }
constexpr std::uint16_t clock(int hour, int minute = 0) {
  return static_cast<std::uint16_t>(hour * 60 + minute);
}

// Evening 15-23 and night 23-07 on every day, days 07-15 at weekends and on holidays: the weekday's day is
// not planned. Ida has evenings, Rune and Lis take the nights a week each, Vera the days.
struct RotaTest : ::testing::Test {
  const PersonId ida = person(1), rune = person(2), lis = person(3), vera = person(4);
  wire::Rota rota;
  wire::RoleRota& role = make();

  wire::RoleRota& make() {
    wire::RoleRota out;
    out.role = role_id(1);
    out.windows = {{wire::kEveryDay, clock(15), clock(23)},
                   {wire::kEveryDay, clock(23), clock(7)},
                   {kWeekendAndHolidays, clock(7), clock(15)}};
    out.duties = {{1, on(2026, 1, 1), {}, 1, {{ida}}},
                  {2, on(2026, 1, 5), {}, 7, {{rune}, {lis}}},
                  {4, on(2026, 1, 1), {}, 1, {{vera}}}};
    rota.roles = {out};
    return rota.roles[0];
  }
  OnDuty at(UtcTime t) const { return on_duty(rota, role, t); }
  std::vector<PersonId> who(UtcTime t) const { return at(t).persons; }
};
using Persons = std::vector<PersonId>;

TEST_F(RotaTest, TheHolderChangesAtTheMillisecondOfTheShift) {
  const UtcTime change = utc(2026, 11, 24, 22);  // 23.00 (normaltid)
  EXPECT_EQ(who(change - Millis(1)), Persons{ida});
  EXPECT_EQ(who(change), Persons{rune});
  EXPECT_EQ(next_change(rota, role, change - Millis(1)), change);
  EXPECT_EQ(next_change(rota, role, change), utc(2026, 11, 25, 6));
}

TEST_F(RotaTest, ANightBelongsToTheDayItBeginsOn) {
  // Turns change on Mondays: the night that begins on Sunday is still last week's.
  EXPECT_EQ(who(utc(2026, 1, 11, 23)), Persons{rune});
  EXPECT_EQ(who(utc(2026, 1, 12, 5, 59)), Persons{rune});
  EXPECT_EQ(who(utc(2026, 1, 12, 23)), Persons{lis});
  EXPECT_EQ(who(utc(2026, 1, 19, 23)), Persons{rune});
}

TEST_F(RotaTest, OutsideItsWindowsARoleIsNotPlannedAndThatIsNoGap) {
  EXPECT_EQ(at(utc(2026, 11, 24, 11)).basis, Basis::kUnplanned);
  EXPECT_TRUE(gaps(rota, utc(2026, 11, 1, 0), utc(2026, 12, 1, 0)).empty());
}

TEST_F(RotaTest, AHolidayIsAHolidayAndNotItsWeekday) {
  EXPECT_EQ(who(utc(2026, 12, 25, 11)), Persons{vera}) << "a Friday";
  EXPECT_EQ(at(utc(2026, 12, 24, 11)).basis, Basis::kUnplanned) << "a Thursday, a holiday only for some";
  rota.yearly_holidays = {1224};
  EXPECT_EQ(who(utc(2026, 12, 24, 11)), Persons{vera});
  role.windows[2].days = kWeekdays;
  EXPECT_EQ(at(utc(2026, 12, 25, 11)).basis, Basis::kUnplanned);
}

TEST_F(RotaTest, TheLaterDutyOfTheListFillsTheWindow) {
  role.duties.push_back({2, on(2026, 10, 24), on(2026, 10, 24), 1, {{ida, vera}}});
  EXPECT_EQ(who(utc(2026, 10, 24, 22)), (Persons{ida, vera}));
  EXPECT_EQ(who(utc(2026, 10, 25, 23)), Persons{lis}) << "the other nights as before";
  EXPECT_EQ(who(utc(2026, 10, 23, 22)), Persons{lis});
}

TEST_F(RotaTest, ADutyThatEndsLeavesAGap) {
  role.duties[1].last = on(2026, 11, 23);
  const auto found = gaps(rota, utc(2026, 11, 20, 0), utc(2026, 11, 26, 0));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].from, utc(2026, 11, 24, 22));
  EXPECT_EQ(found[0].until, utc(2026, 11, 25, 6));
  EXPECT_FALSE(found[0].accepted);
  EXPECT_EQ(found[1].from, utc(2026, 11, 25, 22));
}

TEST_F(RotaTest, AnOverrideStandsInsteadOfThePlanForItsOwnTimeAlone) {
  const UtcTime from = utc(2026, 11, 25, 1), until = utc(2026, 11, 25, 3);
  rota.overrides = {{wire::OverrideKind::kTakeOver, role.role, from, until, {vera}, {}},
                    {wire::OverrideKind::kChange, role_id(9), from, until, {ida}, {}}};
  EXPECT_EQ(who(from - Millis(1)), Persons{rune});
  EXPECT_EQ(at(from), (OnDuty{Basis::kOverride, {vera}}));
  EXPECT_EQ(who(until - Millis(1)), Persons{vera});
  EXPECT_EQ(who(until), Persons{rune});
  EXPECT_EQ(next_change(rota, role, from - Millis(1)), from);
  EXPECT_EQ(next_change(rota, role, from), until);
  rota.overrides.push_back({wire::OverrideKind::kSwap, role.role, from + hours(1), until, {lis}, {}});
  EXPECT_EQ(who(from), Persons{vera});
  EXPECT_EQ(who(from + hours(1)), Persons{lis}) << "the later in the list";
}

TEST_F(RotaTest, AnOverrideMayCallSomebodyInWhereNothingIsPlanned) {
  rota.overrides = {
      {wire::OverrideKind::kChange, role.role, utc(2026, 11, 24, 10), utc(2026, 11, 24, 12), {lis}, {}}};
  EXPECT_EQ(who(utc(2026, 11, 24, 11)), Persons{lis});
}

TEST_F(RotaTest, AnAcceptedGapIsSaidAndTakesNobodyOffDuty) {
  role.duties[1].last = on(2026, 11, 23);
  const UtcTime from = utc(2026, 11, 24, 12), until = utc(2026, 11, 25, 12);
  rota.overrides = {
      {wire::OverrideKind::kChange, role.role, utc(2026, 11, 24, 22), utc(2026, 11, 25, 0), {lis}, {}},
      {wire::OverrideKind::kAcceptedGap, role.role, from, until, {}, {}}};
  EXPECT_EQ(who(utc(2026, 11, 24, 20)), Persons{ida});
  EXPECT_EQ(who(utc(2026, 11, 24, 23)), Persons{lis}) << "an override before it in the list still holds";
  EXPECT_EQ(at(utc(2026, 11, 25, 1)).basis, Basis::kAcceptedGap);
  EXPECT_EQ(at(utc(2026, 11, 25, 11)).basis, Basis::kUnplanned);
  const auto found = gaps(rota, from, until);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].accepted);
}

TEST_F(RotaTest, InAGapTheBackupAnswersAndOutsideTheWindowsTheDaytimeRole) {
  role.duties[1].last = on(2026, 11, 23);
  wire::RoleRota second;
  second.role = role_id(2);
  second.windows = {{wire::kEveryDay, 0, 0}};
  second.duties = {{1, on(2026, 1, 1), {}, 1, {{vera}}}};
  second.backup = role.role;
  rota.roles.push_back(second);
  wire::RoleRota& first = rota.roles[0];
  first.backup = second.role;
  first.daytime = role_id(3);

  const Answering night = who_answers(rota, first, utc(2026, 11, 24, 23));
  EXPECT_EQ(night.answering, second.role);
  EXPECT_EQ(night.duty.persons, Persons{vera});
  EXPECT_TRUE(night.gap);
  EXPECT_TRUE(night.in_rota);
  const Answering noon = who_answers(rota, first, utc(2026, 11, 24, 11));
  EXPECT_EQ(noon.answering, role_id(3));
  EXPECT_FALSE(noon.gap);
  EXPECT_FALSE(noon.in_rota) << "the roster knows who holds it";
  const Answering evening = who_answers(rota, first, utc(2026, 11, 24, 20));
  EXPECT_EQ(evening.answering, first.role);
  EXPECT_EQ(evening.duty.persons, Persons{ida});

  rota.roles[1].duties.clear();
  const Answering nobody = who_answers(rota, rota.roles[0], utc(2026, 11, 24, 23));
  EXPECT_TRUE(nobody.duty.persons.empty()) << "the backup's backup is not asked: it would come back here";
}

TEST_F(RotaTest, WarningsComeNearerWithTheGap) {
  const UtcTime at = utc(2026, 11, 24, 22);
  const Gap gap{role.role, at, at + hours(8), false};
  EXPECT_EQ(warning_of(gap, at - hours(24 * 14) - Millis(1)), GapWarning::kNone);
  EXPECT_EQ(warning_of(gap, at - hours(24 * 14)), GapWarning::kTwoWeeks);
  EXPECT_EQ(warning_of(gap, at - hours(24 * 7)), GapWarning::kWeek);
  EXPECT_EQ(warning_of(gap, at - hours(24)), GapWarning::kDay);
  EXPECT_EQ(warning_of(gap, at - hours(2)), GapWarning::kTwoHours);
  EXPECT_EQ(warning_of(gap, at - minutes(15)), GapWarning::kQuarter);
  EXPECT_EQ(warning_of(gap, at), GapWarning::kNow);
  EXPECT_EQ(warning_of(gap, gap.until), GapWarning::kNone);
}

TEST_F(RotaTest, AWindowOnHolidaysAloneIsFoundAYearAhead) {
  role.windows = {{0x80, clock(8), clock(20)}};
  role.duties = {{1, on(2026, 1, 1), {}, 1, {{ida}}}};
  EXPECT_EQ(next_change(rota, role, utc(2026, 5, 26, 0)), utc(2026, 12, 25, 7));
  role.windows.clear();
  EXPECT_EQ(next_change(rota, role, utc(2026, 5, 26, 0)), kNever);
}

// ---- The special nights (domain document 6b)

struct Night {
  LocalDay evening;
  hours length;
};
class SpecialNight : public RotaTest, public ::testing::WithParamInterface<Night> {};

TEST_P(SpecialNight, HasOneShiftOfItsTrueLengthAndTheNextBeginsWhenItEnds) {
  const auto [evening, length] = GetParam();
  const UtcTime begins = to_utc(evening, hours(23)), ends = to_utc(evening + days(1), hours(7));
  ASSERT_EQ(ends - begins, length);
  for (UtcTime t = begins; t < ends; t += seconds(30)) ASSERT_EQ(who(t).size(), 1U);
  EXPECT_EQ(who(begins - Millis(1)), Persons{ida});
  EXPECT_EQ(who(begins), who(ends - Millis(1)));
  EXPECT_EQ(who(ends), Persons{vera}) << "a Sunday morning";
  EXPECT_EQ(next_change(rota, role, begins), ends) << "nothing happens when the clock is moved";
}

TEST_P(SpecialNight, AShiftThatMeetsAnotherInsideTheChangedHourLeavesNoHoleAndNoDouble) {
  const auto [evening, length] = GetParam();
  role.windows = {{wire::kEveryDay, clock(23), clock(2, 30)}, {wire::kEveryDay, clock(2, 30), clock(7)}};
  role.duties = {{1, on(2026, 1, 1), {}, 1, {{ida}}}, {2, on(2026, 1, 1), {}, 1, {{rune}}}};
  const UtcTime begins = to_utc(evening, hours(23)), ends = to_utc(evening + days(1), hours(7));
  const auto found = stretches(rota, role, begins, ends);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].duty.persons, Persons{ida});
  EXPECT_EQ(found[1].duty.persons, Persons{rune});
  EXPECT_EQ(found[0].until, found[1].from);
  // Autumn: the first 02.30, in summer time. Spring: 03.00, where 02.30 would have been.
  const UtcTime midnight = sys_days((evening + days(1)).time_since_epoch());
  EXPECT_EQ(found[1].from, midnight + (length == hours(9) ? minutes(30) : minutes(60)));
}

INSTANTIATE_TEST_SUITE_P(Dst, SpecialNight,
                         ::testing::Values(Night{on(2026, 10, 24), hours(9)},
                                           Night{on(2027, 10, 30), hours(9)},
                                           Night{on(2027, 3, 27), hours(7)}));

// ---- Every night of thirty years (R9): against the C library's clock and a plan written out by hand.

TEST_F(RotaTest, NoMinuteOfThirtyYearsIsUncoveredDoubledOrAnothers) {
  testing::Wall wall;
  std::uint64_t covered = 0;
  std::vector<Stretch> plan;
  std::size_t place = 0;
  const UtcTime end = utc(2056, 11, 1, 0);
  for (UtcTime t = utc(2026, 10, 1, 0); t < end; t += minutes(1)) {
    while (place < plan.size() && plan[place].until <= t) ++place;
    if (place == plan.size()) {
      plan = stretches(rota, role, t, t + hours(24 * 30));
      place = 0;
    }
    ASSERT_LE(plan[place].from, t) << "a hole between stretches";
    const LocalTime local = wall.local(t);
    const auto hour = duration_cast<hours>(local.since_midnight).count();
    const OnDuty& duty = plan[place].duty;
    if (hour >= 15 && hour < 23) {
      ASSERT_EQ(duty.persons, Persons{ida});
    } else if (hour >= 23 || hour < 7) {
      const LocalDay begun = hour >= 23 ? local.day : local.day - days(1);
      const bool odd = ((begun - on(2026, 1, 5)).count() / 7) % 2 != 0;
      ASSERT_EQ(duty.persons, Persons{odd ? lis : rune}) << to_unix_ms(t);
    } else {
      ASSERT_LE(duty.persons.size(), 1U);
      continue;
    }
    ++covered;
  }
  EXPECT_EQ(covered, 10'989U * 16 * 60) << "the days of it, each with its evening and night";
}

TEST_F(RotaTest, EveryStretchOfThirtyYearsIsWhatOnDutySaysAtBothItsEnds) {
  UtcTime last = utc(2026, 10, 1, 13);
  const UtcTime end = utc(2056, 10, 1, 21);  // both are edges of the plan
  for (const Stretch& stretch : stretches(rota, role, last, end)) {
    ASSERT_EQ(stretch.from, last);
    ASSERT_LT(stretch.from, stretch.until);
    ASSERT_EQ(at(stretch.from), stretch.duty);
    ASSERT_EQ(at(stretch.until - Millis(1)), stretch.duty);
    ASSERT_NE(at(stretch.until), stretch.duty);
    last = stretch.until;
  }
  EXPECT_EQ(last, end);
}

}  // namespace
}  // namespace nattevagt::rota
