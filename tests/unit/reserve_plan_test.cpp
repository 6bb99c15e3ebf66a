// P-150: whom to ring, by unit and hour, on Danish clocks.
#include "proto/rota/reserve_plan.h"

#include <gtest/gtest.h>

#include "proto/rota/copenhagen.h"

namespace nattevagt::rota {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPlan =
    "[hverdage 16-08] Akuttelefonen: 1\n"
    "[weekend helligdage] Lægevagten: 2\n"
    "[enhed Strandløkken; man-fre 07.30-15] Vagtleder: 3\n"
    "[ons] Onsdag: 4\n"
    "Livsfare: ring 112";

UtcTime at(int year, unsigned month, unsigned day, std::chrono::minutes clock) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return to_utc(wire::LocalDay(std::chrono::local_days(date)), clock);
}
std::string numbers(UtcTime now, std::string_view unit = "Strandløkken, hus B",
                    std::string_view plan = kPlan) {
  std::string out;
  for (const char c : reserve_lines(plan, now, unit)) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

TEST(ReservePlan, HoldsByDayAndHourAndHoursPastMidnightBelongToTheirDay) {
  EXPECT_EQ(numbers(at(2026, 11, 23, 15h + 59min)), "112");  // Monday
  EXPECT_EQ(numbers(at(2026, 11, 23, 16h)), "1112");
  EXPECT_EQ(numbers(at(2026, 11, 24, 7h + 29min)), "1112");  // Tuesday morning is Monday's night
  EXPECT_EQ(numbers(at(2026, 11, 24, 7h + 30min)), "13112");
  EXPECT_EQ(numbers(at(2026, 11, 24, 8h)), "3112");
  EXPECT_EQ(numbers(at(2026, 11, 23, 7h)), "112");    // Monday morning is Sunday's night
  EXPECT_EQ(numbers(at(2026, 11, 28, 3h)), "12112");  // Saturday: Friday's night, and the weekend
  EXPECT_EQ(numbers(at(2026, 11, 28, 9h)), "2112");
  EXPECT_EQ(numbers(at(2026, 11, 25, 12h)), "34112");  // Wednesday
}

// Christmas Day 2026 is a Friday: no weekday. The night of the 24th, a Thursday, goes on into it.
TEST(ReservePlan, AHolidayIsNoWeekday) {
  EXPECT_EQ(numbers(at(2026, 12, 25, 2h)), "12112");
  EXPECT_EQ(numbers(at(2026, 12, 25, 20h)), "2112");
}

// 25 Oct 2026: 02.30 comes twice. A Sunday both times.
TEST(ReservePlan, TheNightOfTheChangeIsOneNight) {
  const UtcTime first = at(2026, 10, 25, 2h + 30min);
  EXPECT_EQ(numbers(first), "2112");
  EXPECT_EQ(numbers(first + std::chrono::hours(1)), "2112");
}

TEST(ReservePlan, AUnitSeesItsOwnLinesAndWhoKnowsNoUnitSeesAll) {
  const UtcTime noon = at(2026, 11, 23, 12h);
  EXPECT_EQ(numbers(noon, "Strandløkken"), "3112");
  EXPECT_EQ(numbers(noon, "Strandløkken Syd"), "112");
  EXPECT_EQ(numbers(noon, "Engen"), "112");
  EXPECT_EQ(numbers(noon, ""), "3112");
}

// A slip of the pen must not hide a number in the night.
TEST(ReservePlan, WhatCannotBeReadIsShownAndNamed) {
  const UtcTime noon = at(2026, 11, 23, 12h);
  for (const char* wrong :
       {"[hverdag] A: 7", "[25-08] A: 7", "[08-08] A: 7", "[8-16] A: 7", "[24-08] A: 7", "[man-] A: 7",
        "[] A: 7", "[hverdage A: 7", "[xyz-fre] A: 7", "[08.60-16] A: 7"}) {
    EXPECT_EQ(reserve_lines(wrong, noon, "x"), wrong);
    EXPECT_EQ(unreadable_conditions(wrong), std::vector<std::size_t>{1}) << wrong;
  }
  EXPECT_TRUE(unreadable_conditions(kPlan).empty());
  EXPECT_EQ(unreadable_conditions("a\n[b] c\nd\n[e"), (std::vector<std::size_t>{2, 4}));
  const std::string_view never_now = "[weekend] Lægevagten: 2";
  EXPECT_EQ(reserve_lines(never_now, noon, ""), never_now);
  EXPECT_EQ(reserve_lines("", noon, ""), "");
}

}  // namespace
}  // namespace nattevagt::rota
