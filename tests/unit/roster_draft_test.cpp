#include "client-lib/admin/roster_draft.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/process.h"

namespace nattevagt::client {
namespace {

constexpr std::string_view kGood = R"(reserve_plan = "Ring 112"
recorders = ["Arkiv"]
[[person]]
name = "Ida Eksempel"
profession = "overlæge"
[[role]]
name = "forvagt"
holders = ["Ida Eksempel"]
[[ladder]]
name = "nat"
advice_within = "15m"
[[ladder.step]]
to = ["forvagt", "Region: bagvagt"]
wait = "5m"
repeat = "2m"
[[unit]]
name = "hus B"
ladders = { alarm = "nat", "rød" = "nat", gul = "nat" }
)";

struct Broken {
  std::string_view what, with;
  RosterFault fault;
  std::uint32_t line;
  std::string_view subject;
};

// One change to a good file, the fault that must be found, its line and what it is about.
constexpr Broken kBroken[] = {
    {"name = \"forvagt\"", "name = ", RosterFault::kNotToml, 7, ""},
    {"repeat = \"2m\"", "repaet = \"2m\"", RosterFault::kUnknownKey, 15, "repaet"},
    {"recorders", "recoders", RosterFault::kUnknownKey, 2, "recoders"},
    {"wait = \"5m\"", "", RosterFault::kMissingKey, 12, "wait"},
    {"advice_within = \"15m\"", "", RosterFault::kMissingKey, 9, "advice_within"},
    {"to = [\"forvagt\", \"Region: bagvagt\"]", "", RosterFault::kMissingKey, 12, "to"},
    {"to = [\"forvagt\", \"Region: bagvagt\"]", "to = []", RosterFault::kMissingKey, 13, "to"},
    {"to = [\"forvagt\", \"Region: bagvagt\"]", "to = \"forvagt\"", RosterFault::kWrongType, 13, "to"},
    {"wait = \"5m\"", "wait = 5", RosterFault::kWrongType, 14, "wait"},
    {"[[unit]]", "[unit]", RosterFault::kWrongType, 16, "unit"},
    {"name = \"hus B\"", "name = \" hus B\"", RosterFault::kBadName, 17, " hus B"},
    {"name = \"hus B\"", "name = \"\"", RosterFault::kBadName, 17, ""},
    {"name = \"hus B\"", "name = \"hus\\u202EB\"", RosterFault::kBadName, 17, "hus\u202EB"},
    {"[[role]]", "[[person]]\nname = \"Ida Eksempel\"\n[[role]]", RosterFault::kNameTwice, 7, "Ida Eksempel"},
    {"\"forvagt\", ", "\"forvagt\", \"forvagt\", ", RosterFault::kNameTwice, 13, "forvagt"},
    {"\"5m\"", "\"5 minutter\"", RosterFault::kBadDuration, 14, "5 minutter"},
    {"\"5m\"", "\"-5m\"", RosterFault::kBadDuration, 14, "-5m"},
    {"\"5m\"", "\"10ms\"", RosterFault::kDurationOutOfRange, 14, "10ms"},
    {"\"5m\"", "\"0s\"", RosterFault::kDurationOutOfRange, 14, "0s"},
    {"\"5m\"", "\"8d\"", RosterFault::kDurationOutOfRange, 14, "8d"},
    {"alarm =", "lilla =", RosterFault::kUnknownSeverity, 18, "lilla"},
    {"alarm =", "roed =", RosterFault::kNameTwice, 18, "rød"},
    {"[\"Ida Eksempel\"]", "[\"Ida Eksmpel\"]", RosterFault::kUnknownPerson, 8, "Ida Eksmpel"},
    {"alarm = \"nat\"", "alarm = \"natt\"", RosterFault::kUnknownLadder, 18, "natt"},
    {"[[ladder.step]]\n", "[ladder.unused]\n", RosterFault::kNoSteps, 10, "nat"},
};

TEST(RosterDraft, ReadsAWholeRoster) {
  const auto parsed = parse_roster(kGood);
  EXPECT_TRUE(parsed.problems.empty());
  const auto& draft = parsed.draft;
  ASSERT_EQ(draft.people.size(), 1U);
  EXPECT_EQ(draft.people[0].profession, "overlæge");
  ASSERT_EQ(draft.ladders.size(), 1U);
  EXPECT_EQ(draft.ladders[0].advice_within, std::chrono::minutes(15));
  ASSERT_EQ(draft.ladders[0].steps.size(), 1U);
  EXPECT_EQ(draft.ladders[0].steps[0].wait, std::chrono::minutes(5));
  EXPECT_EQ(draft.ladders[0].steps[0].repeat, std::chrono::minutes(2));
  EXPECT_EQ(draft.ladders[0].steps[0].to[1].text, "Region: bagvagt");
  ASSERT_EQ(draft.units[0].ladders.size(), 3U);
  EXPECT_EQ(draft.recorders[0].text, "Arkiv");
  EXPECT_EQ(draft.reserve_plan, "Ring 112");
}

TEST(RosterDraft, EveryFaultIsFoundWithItsLine) {
  for (const Broken& broken : kBroken) {
    std::string text(kGood);
    const std::size_t at = text.find(broken.what);
    ASSERT_NE(at, std::string::npos) << broken.what;
    text.replace(at, broken.what.size(), broken.with);
    const auto parsed = parse_roster(text);
    const bool found = std::any_of(parsed.problems.begin(), parsed.problems.end(), [&](const auto& problem) {
      return problem.fault == broken.fault && problem.line == broken.line &&
             problem.subject == broken.subject;
    });
    std::string seen;
    for (const auto& problem : parsed.problems) {
      seen += std::to_string(static_cast<int>(problem.fault)) + " line " + std::to_string(problem.line) +
              " '" + problem.subject + "'\n";
    }
    EXPECT_TRUE(found) << "'" << broken.what << "' -> '" << broken.with << "' gave:\n" << seen;
  }
}

TEST(RosterDraft, AllFaultsOfOneFileAreToldAtOnce) {
  std::string text(kGood);
  text.replace(text.find("\"5m\""), 4, "\"x\"");
  text.replace(text.find("alarm ="), 7, "lilla =");
  const auto parsed = parse_roster(text);
  EXPECT_GE(std::count_if(parsed.problems.begin(), parsed.problems.end(),
                          [](const auto& problem) { return !is_warning(problem.fault); }),
            2);
}

TEST(RosterDraft, WarnsOfGapsWithoutRefusing) {
  const auto parsed =
      parse_roster("[[role]]\nname = \"forvagt\"\n[[unit]]\nname = \"hus B\"\nladders = {}\n");
  const auto has = [&](RosterFault fault) {
    return std::any_of(parsed.problems.begin(), parsed.problems.end(),
                       [&](const auto& problem) { return problem.fault == fault; });
  };
  EXPECT_TRUE(has(RosterFault::kRoleWithoutHolder));
  EXPECT_TRUE(has(RosterFault::kUnitWithoutLadder));
  EXPECT_TRUE(has(RosterFault::kNoReservePlan));
  EXPECT_TRUE(has(RosterFault::kNoRecorder));
  for (const auto& problem : parsed.problems) EXPECT_TRUE(is_warning(problem.fault));
}

TEST(RosterDraft, SuggestsTheNearestName) {
  std::string text(kGood);
  text.replace(text.find("[\"Ida Eksempel\"]"), 16, "[\"Ida Eksmpel\"]");
  const auto parsed = parse_roster(text);
  ASSERT_FALSE(parsed.problems.empty());
  EXPECT_EQ(parsed.problems[0].detail, "Ida Eksempel");
}

TEST(RosterDraft, TheExamplesAreWithoutFault) {
  for (const char* name : {"roster-solvang.toml", "roster-havbakken.toml"}) {
    const auto text = testing::read_file(std::string(NATTEVAGT_EXAMPLES "/") + name);
    ASSERT_FALSE(text.empty()) << name;
    const auto parsed = parse_roster(text);
    EXPECT_TRUE(parsed.problems.empty())
        << name << ": " << parsed.problems[0].line << " " << parsed.problems[0].subject;
  }
}

// DOMAIN 1.5: until the reserve plan is all that is left, and until advice must be given.
TEST(RosterDraft, TheExampleGivesEachSeverityItsOwnLadderAndTimes) {
  using namespace std::chrono;
  const auto parsed = parse_roster(testing::read_file(NATTEVAGT_EXAMPLES "/roster-solvang.toml"));
  ASSERT_TRUE(parsed.problems.empty());
  const std::map<wire::Severity, std::pair<Millis, Millis>> wanted = {
      {wire::Severity::kAlarm, {minutes(3), minutes(10)}},
      {wire::Severity::kRed, {minutes(15), minutes(15)}},
      {wire::Severity::kYellow, {minutes(60), minutes(60)}},
      {wire::Severity::kGreen, {hours(19), hours(48)}}};
  for (const DraftUnit& unit : parsed.draft.units) {
    std::map<wire::Severity, std::pair<Millis, Millis>> times;
    std::set<std::string> names;
    for (const DraftUnit::Choice& choice : unit.ladders) {
      names.insert(choice.ladder.text);
      for (const DraftLadder& ladder : parsed.draft.ladders) {
        if (ladder.name.text != choice.ladder.text) continue;
        Millis loud{};
        for (const DraftStep& step : ladder.steps) loud += step.wait;
        times[choice.severity] = {loud, ladder.advice_within};
      }
    }
    EXPECT_EQ(times, wanted) << unit.name.text;
    EXPECT_EQ(names.size(), 4U) << unit.name.text;
  }
}

TEST(RosterDraft, DurationsHaveAUnit) {
  EXPECT_EQ(*parse_duration("200ms"), Millis(200));
  EXPECT_EQ(*parse_duration("90s"), std::chrono::seconds(90));
  EXPECT_EQ(*parse_duration("1h"), std::chrono::hours(1));
  EXPECT_EQ(*parse_duration("2d"), std::chrono::hours(48));
  for (const char* bad : {"", "5", "m", "5 m", "+5m", "5.5m", "99999999999999999999s", "5mm"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace nattevagt::client
