// The rota as a person writes it, and what becomes of it.
#include "client-lib/admin/rota_draft.h"

#include <gtest/gtest.h>

#include "client-lib/admin/roster_build.h"
#include "client-lib/admin/rota_build.h"
#include "proto/common/system.h"
#include "proto/rota/copenhagen.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "tests/support/process.h"

namespace nattevagt::client {
namespace {

using namespace std::chrono;
using Persons = std::vector<std::string>;

constexpr std::string_view kSmall = R"(
[[window]]
name = "nat"
from = "23.00"
to = "07.00"
[[role]]
name = "forvagt"
covers = ["nat"]
[[role.duty]]
who = ["Ida", "Rune"]
turn = "dag"
from = 2026-10-05
)";

UtcTime at(std::string_view moment) { return *parse_moment(moment); }

Persons on_duty(const BuiltRota& built, const std::string& role, std::string_view moment) {
  Persons out;
  const auto* plan = rota::find_role(built.rota, built.names.roles.at(role));
  for (const auto& id : rota::on_duty(built.rota, *plan, at(moment)).persons)
    out.push_back(built.names.of(id));
  std::sort(out.begin(), out.end());
  return out;
}

struct Seen {
  RotaFault fault;
  std::uint32_t line;
  std::string subject;
};
void expect_problem(std::string_view toml, const Seen& expected) {
  const auto parsed = parse_rota(toml);
  const bool found = std::any_of(parsed.problems.begin(), parsed.problems.end(), [&](const auto& problem) {
    return problem.fault == expected.fault && problem.line == expected.line &&
           problem.subject == expected.subject;
  });
  EXPECT_TRUE(found) << toml << "\nfirst: " << (parsed.problems.empty() ? "none" : parsed.problems[0].subject)
                     << " line " << (parsed.problems.empty() ? 0 : parsed.problems[0].line) << " fault "
                     << (parsed.problems.empty() ? 0 : static_cast<int>(parsed.problems[0].fault));
}

TEST(RotaDraft, TheExampleIsGoodAndMeansWhatItsCommentsSay) {
  const auto parsed = parse_rota(testing::read_file(NATTEVAGT_EXAMPLES "/rota-havbakken.toml"));
  for (const auto& problem : parsed.problems) ADD_FAILURE() << problem.line << ": " << problem.subject;
  const BuiltRota built = build_loose(parsed.draft, at("2026-10-01T12:00"));
  EXPECT_TRUE(built.problems.empty());
  const std::string forvagt = "forvagt, psykiatri", bagvagt = "bagvagt, psykiatri";
  EXPECT_EQ(on_duty(built, forvagt, "2026-10-06T02:40"), Persons{"Ida Eksempel"});
  EXPECT_EQ(on_duty(built, forvagt, "2026-10-13T02:40"), Persons{"Rune Eksempel"});
  EXPECT_EQ(on_duty(built, forvagt, "2026-10-13T12:00"), Persons{});
  EXPECT_EQ(on_duty(built, forvagt, "2026-10-24T12:00"), Persons{"Lis Vagt"}) << "the override";
  EXPECT_EQ(on_duty(built, forvagt, "2026-10-24T15:00"), Persons{"Ida Eksempel"});
  EXPECT_EQ(on_duty(built, forvagt, "2026-10-31T12:00"), Persons{"Lis Vagt"}) << "the exception of one day";
  EXPECT_EQ(on_duty(built, forvagt, "2026-12-24T12:00"), Persons{"Rune Eksempel"})
      << "the organisation's holiday";
  EXPECT_EQ(on_duty(built, bagvagt, "2026-10-22T02:40"), Persons{"Lis Vagt"}) << "the swap";
  EXPECT_TRUE(gaps_ahead(built.rota, at("2026-10-06T00:00")).empty());
  EXPECT_TRUE(wire::decode_rota(wire::encode(built.rota)));
}

TEST(RotaDraft, EachFaultHasItsLine) {
  const std::string small(kSmall);
  EXPECT_TRUE(parse_rota(small).problems.empty());
  expect_problem("[[role\n", {RotaFault::kNotToml, 1, ""});
  expect_problem("vagter = 1\n", {RotaFault::kUnknownKey, 1, "vagter"});
  expect_problem(small + "hvem = \"Lis\"\n", {RotaFault::kUnknownKey, 13, "hvem"});
  expect_problem("[[window]]\nname = \"nat\"\nfrom = \"23.00\"\n", {RotaFault::kMissingKey, 1, "to"});
  expect_problem("[[window]]\nname = \"nat\"\nfrom = \"24.00\"\nto = \"7\"\n",
                 {RotaFault::kBadClock, 3, "24.00"});
  expect_problem("[[window]]\nname = \"nat\"\ndays = \"mandag\"\nfrom = \"23.00\"\nto = \"07.00\"\n",
                 {RotaFault::kBadDays, 3, "mandag"});
  expect_problem("holidays = [\"31-02\"]\n", {RotaFault::kBadDate, 1, "31-02"});
  expect_problem("[[role]]\nname = \"forvagt\"\ncovers = [\"nat\"]\n", {RotaFault::kUnknownWindow, 3, "nat"});
  expect_problem("[[role]]\nname = \"forvagt\"\n", {RotaFault::kNobodyPlanned, 1, "forvagt"});
  expect_problem(small + "turn2 = 1\n", {RotaFault::kUnknownKey, 13, "turn2"});
  expect_problem(small + "until = 2026-10-04\n", {RotaFault::kEndsTooEarly, 13, "until"});
  expect_problem(small + "on = 2026-10-04\n", {RotaFault::kOnAndFrom, 9, ""});
  expect_problem(small + "window = \"dag\"\n", {RotaFault::kUnknownWindow, 13, "dag"});
  expect_problem(
      small +
          "[[window]]\nname = \"dag\"\nfrom = \"07.00\"\nto = \"15.00\"\n[[role]]\nname = \"bagvagt\"\n"
          "covers = [\"nat\"]\n[[role.duty]]\nwho = \"Lis\"\nfrom = 2026-10-05\nwindow = \"dag\"\n",
      {RotaFault::kWindowNotCovered, 23, "dag"});
  expect_problem(small + "[[role.duty]]\nwho = \"Lis\"\nturn = \"måned\"\nfrom = 2026-10-05\n",
                 {RotaFault::kBadTurn, 15, "måned"});
  expect_problem(small + "[[role.duty]]\nwho = []\nfrom = 2026-10-05\n", {RotaFault::kMissingKey, 13, "who"});
  expect_problem(small + "[[role]]\nname = \"forvagt\"\ncovers = [\"nat\"]\n",
                 {RotaFault::kNameTwice, 14, "forvagt"});
  const std::string change = small + "[[override]]\nrole = \"forvagt\"\nfrom = 2026-10-24T23:00:00\n";
  expect_problem(change + "until = 2026-10-24T22:00:00\nwho = \"Lis\"\n",
                 {RotaFault::kEndsTooEarly, 16, "until"});
  expect_problem(change + "until = \"i morgen\"\nwho = \"Lis\"\n", {RotaFault::kBadDate, 16, "i morgen"});
  expect_problem(change + "until = 2026-10-25T07:00:00\nwho = []\n", {RotaFault::kMissingKey, 13, "reason"});
  expect_problem(small + "[[override]]\nrole = \"bagvagt\"\n", {RotaFault::kUnknownRole, 14, "bagvagt"});
}

TEST(RotaDraft, DaysAreWrittenAsPeopleWriteThem) {
  EXPECT_EQ(parse_days("alle"), wire::kEveryDay);
  EXPECT_EQ(parse_days("hverdage"), 0x1f);
  EXPECT_EQ(parse_days("weekend, helligdage"), 0xe0);
  EXPECT_EQ(parse_days("man-tor, søn"), 0x4f);
  EXPECT_EQ(parse_days("fre"), 0x10);
  for (const char* bad : {"", "man-", "søn-man", "man,,tir", "monday", "man tir"})
    EXPECT_EQ(parse_days(bad), 0) << bad;
}

TEST(RotaDraft, AMomentInTheRepeatedHourSaysWhichWithItsOffset) {
  EXPECT_EQ(at("2026-10-25T02:30"), at("2026-10-25T00:30Z"));
  EXPECT_EQ(at("2026-10-25T02:30:00+01:00"), at("2026-10-25T01:30Z"));
  EXPECT_EQ(at("2027-03-28T02:30"), at("2027-03-28T03:00"));
  for (const char* bad : {"2026-10-25", "2026-13-01T00:00", "2026-10-25T24:00", "2026-10-25T02:30+1", "x"}) {
    EXPECT_FALSE(parse_moment(bad)) << bad;
  }
}

TEST(RotaDraft, ASwapHoldsWhenItIsAcceptedAndForThePersonWhoGivesAlone) {
  const std::string head =
      "[[window]]\nname = \"nat\"\nfrom = \"23.00\"\nto = \"07.00\"\n[[role]]\nname = \"forvagt\"\ncovers = "
      "[\"nat\"]\n"
      "[[role.duty]]\nwho = [\"Ida\", \"Vera\"]\nfrom = 2026-10-05\n"
      "[[swap]]\nrole = \"forvagt\"\nfrom = 2026-10-24T12:00:00\nuntil = 2026-10-25T12:00:00\ngives = "
      "\"Ida\"\n"
      "takes = \"Rune\"\n";
  const auto asked = parse_rota(head);
  ASSERT_EQ(asked.problems.size(), 1U);
  EXPECT_EQ(asked.problems[0].fault, RotaFault::kSwapPending);
  EXPECT_EQ(on_duty(build_loose(asked.draft, {}), "forvagt", "2026-10-25T02:00"), (Persons{"Ida", "Vera"}));

  const auto agreed = parse_rota(head + "accepted = 2026-10-20T10:00:00\n");
  EXPECT_TRUE(agreed.problems.empty());
  const BuiltRota built = build_loose(agreed.draft, {});
  EXPECT_EQ(on_duty(built, "forvagt", "2026-10-25T02:00"), (Persons{"Rune", "Vera"}));
  EXPECT_EQ(on_duty(built, "forvagt", "2026-10-24T18:00"), Persons{}) << "not planned, so nothing was given";
  EXPECT_EQ(on_duty(built, "forvagt", "2026-10-25T23:30"), (Persons{"Ida", "Vera"}));

  auto other = agreed.draft;
  other.swaps[0].gives.text = "Lis";
  const BuiltRota nothing = build_loose(other, {});
  ASSERT_EQ(nothing.problems.size(), 1U);
  EXPECT_EQ(nothing.problems[0].fault, RotaFault::kNotOnDuty);
}

TEST(RotaDraft, AGapWithinTwoWeeksStandsInTheWayUntilItIsAccepted) {
  const std::string text = std::string(kSmall) + "until = 2026-10-20\n";
  const UtcTime now = at("2026-10-10T12:00");
  const auto found = gaps_ahead(build_loose(parse_rota(text).draft, now).rota, now);
  ASSERT_EQ(found.size(), 4U) << "and a day more, since the hub looks later and by its own clock";
  EXPECT_EQ(found[0].from, at("2026-10-21T23:00"));
  EXPECT_EQ(found[3].until, at("2026-10-25T07:00"));
  const std::string accepted = text +
                               "[[override]]\nrole = \"forvagt\"\nfrom = 2026-10-21T12:00:00\n"
                               "until = 2026-10-25T12:00:00\nwho = []\nreason = \"Lukket\"\n";
  const auto parsed = parse_rota(accepted);
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_TRUE(gaps_ahead(build_loose(parsed.draft, now).rota, now).empty());
}

Result<Organisation> a_region(const std::string& folder, Entropy& entropy) {
  const wire::HubPin hub{"tcp://127.0.0.1:5670", curve_public_key(entropy.make_secret<CurveSecretKey>()),
                         SignKey::generate(entropy).public_key()};
  return Organisation::create(folder, "Region", "en lang sætning", hub, {1, 64}, entropy);
}

// Whoever tries the examples publishes one, then the other.
TEST(RotaBuild, TheExamplesFitEachOther) {
  testing::TempDir dir;
  SystemEntropy entropy;
  auto org = a_region(dir.file("o"), entropy);
  ASSERT_TRUE(org);
  const UtcTime now = at("2026-10-01T12:00");
  const auto roster =
      build_roster(parse_roster(testing::read_file(NATTEVAGT_EXAMPLES "/roster-havbakken.toml")).draft, *org, {}, now);
  ASSERT_TRUE(roster);
  const auto rota = parse_rota(testing::read_file(NATTEVAGT_EXAMPLES "/rota-havbakken.toml"));
  for (const auto& problem : build_rota(rota.draft, *org, roster->roster, now).problems) {
    ADD_FAILURE() << problem.line << ": " << problem.subject;
  }
}

TEST(RotaBuild, OnlyThoseWhomTheRosterListsAreGivenADutyAndTheVersionRises) {
  testing::TempDir dir;
  SystemEntropy entropy;
  auto org = a_region(dir.file("o"), entropy);
  ASSERT_TRUE(org);
  const UtcTime now = at("2026-10-10T12:00");
  const auto roster = build_roster(
      parse_roster("[[person]]\nname=\"Ida\"\n[[person]]\nname=\"Lis\"\n[[role]]\nname=\"forvagt\"\n"
                   "holders=[\"Ida\"]\n[[role]]\nname=\"bagvagt\"\nholders=[\"Lis\"]\n")
          .draft,
      *org, {}, now);
  ASSERT_TRUE(roster);
  const auto parsed = parse_rota(std::string(kSmall) +
                                 "[[override]]\nrole=\"forvagt\"\nfrom=2026-01-01T10:00:00\n"
                                 "until=2026-01-01T11:00:00\nwho=\"Lis\"\nreason=\"x\"\n");
  const BuiltRota built = build_rota(parsed.draft, *org, roster->roster, now);
  ASSERT_EQ(built.problems.size(), 2U);
  EXPECT_EQ(built.problems[0].fault, RotaFault::kUnknownPerson);
  EXPECT_EQ(built.problems[0].subject, "Rune");
  EXPECT_EQ(built.problems[0].line, 10U);
  EXPECT_EQ(built.problems[1].subject, "Lis") << "a person of ours, but not of this role";
  EXPECT_EQ(built.rota.roles[0].role, roster->roster.roles[0].id);
  EXPECT_EQ(built.rota.roles[0].duties[0].turns[0][0], roster->roster.roles[0].holders[0]);
  EXPECT_TRUE(built.rota.overrides.empty()) << "ended long ago";

  const auto one = org->sign_rota(built.rota, 4);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->version, 5U) << "above what the hub has";
  EXPECT_EQ(one->kind, wire::DocumentKind::kRota);
  EXPECT_TRUE(wire::verify_document(*one, org->card()));
  {
    const Organisation gone = std::move(*org);
  }
  auto again = Organisation::open(dir.file("o"), "en lang sætning", entropy);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sign_rota(built.rota, 0)->version, 6U) << "remembered";
}

}  // namespace
}  // namespace nattevagt::client
