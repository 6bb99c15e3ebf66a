// The rota's commands on its file: what they draw, refuse and write.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "client-lib/app/commands.h"
#include "client-lib/app/rota_commands.h"
#include "client-lib/app/rota_show.h"
#include "tests/support/process.h"

namespace nattevagt::client::cli {
namespace {

constexpr std::string_view kPlan = R"([[window]]
name = "nat"
from = "23.00"
to = "07.00"
[[role]]
name = "forvagt"
covers = ["nat"]
[[role.duty]]
who = ["Ida", "Rune"]
turn = "uge"
from = 2026-10-05
)";

struct RotaCommand : ::testing::Test {
  testing::TempDir dir;
  std::string path = dir.file("rota.toml");
  UtcTime now = *parse_moment("2026-10-20T12:00");
  Screen screen;

  void write(std::string_view text) { testing::write_file(path, std::string(text)); }
  AgentReply run(std::vector<std::string> words) {
    words.insert(words.begin(), "rota");
    words.insert(words.begin() + 2, path);
    const Parsed parsed = parse_arguments(words);
    EXPECT_TRUE(parsed.arguments) << parsed.print;
    EXPECT_TRUE(works_on_rota_file(*parsed.arguments));
    return run_rota(*parsed.arguments, screen, now);
  }
  static bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(RotaCommand, CheckDrawsTheWeekWithTheLongNightAndItsHolders) {
  write(kPlan);
  const auto reply = run({"check"});
  EXPECT_EQ(reply.exit_code, kExitDone) << reply.err;
  EXPECT_TRUE(has(reply.out, "Uge 43, 2026")) << reply.out;
  EXPECT_TRUE(has(reply.out, "  lør 24.10   | 23.00-07.00 Ida (9 t)\n")) << reply.out;
  EXPECT_TRUE(has(reply.out, "  søn 25.10   | 23.00-07.00 Ida\n")) << reply.out;
  EXPECT_EQ(reply.out.find('\x1b'), std::string::npos) << "no colour where there is none";
  EXPECT_TRUE(has(run({"check", "--from", "2027-03-28"}).out, "  lør 27.03   | 23.00-07.00 Ida (7 t)\n"));
  EXPECT_TRUE(has(run({"check", "--from", "2026-12-25"}).out, "  fre 25.12 h | 23.00-07.00 Rune\n"));
}

TEST_F(RotaCommand, TwoShiftsOfOnePersonAreTwoShifts) {
  write(
      "[[window]]\nname = \"dag\"\nfrom = \"07.00\"\nto = \"23.00\"\n[[window]]\nname = \"nat\"\nfrom = "
      "\"23.00\"\nto = \"07.00\"\n[[role]]\nname = \"forvagt\"\ncovers = [\"dag\", "
      "\"nat\"]\n[[role.duty]]\nwho = [\"Ida\", \"Rune\"]\nturn = \"uge\"\nfrom = 2026-10-05\n");
  const auto reply = run({"check"});
  EXPECT_TRUE(has(reply.out, "  lør 24.10   | 07.00-23.00 Ida | 23.00-07.00 Ida (9 t)\n")) << reply.out;
  EXPECT_TRUE(has(reply.out, "  søn 25.10   | 07.00-23.00 Ida | 23.00-07.00 Ida\n")) << reply.out;
  EXPECT_TRUE(has(run({"now"}).out, "forvagt: Ida til man 26.10.2026 kl. 07.00, derefter Rune\n"));
}

TEST_F(RotaCommand, AGapIsMarkedWithAndWithoutColourAndCannotBePublished) {
  write(std::string(kPlan) + "until = 2026-10-21\n");
  const auto plain = run({"check"});
  EXPECT_EQ(plain.exit_code, kExitRefused);
  EXPECT_TRUE(has(plain.out, "tor 22.10   | 23.00-07.00 !! INGEN VAGT !!")) << plain.out;
  EXPECT_TRUE(has(plain.err, "HUL: forvagt, tor 22.10.2026 kl. 23.00 til fre 23.10.2026 kl. 07.00"))
      << plain.err;
  EXPECT_TRUE(has(plain.err, "who = []")) << "it says what to do";
  screen.colour = true;
  EXPECT_TRUE(has(run({"check"}).out, "\x1b[1;31m23.00-07.00 !! INGEN VAGT !!"));
  screen.colour = false;
  write(std::string(kPlan) +
        "until = 2026-10-21\n[[override]]\nrole = \"forvagt\"\nfrom = 2026-10-21T00:00:00\n"
        "until = 2026-12-01T00:00:00\nwho = []\nreason = \"Lukket\"\n");
  const auto accepted = run({"check"});
  EXPECT_EQ(accepted.exit_code, kExitDone) << accepted.err;
  EXPECT_TRUE(has(accepted.out, "(ingen, godkendt)"));
}

TEST_F(RotaCommand, AFaultNamesItsLineAndWhatToDo) {
  write(std::string(kPlan) + "vagt = 1\n");
  const auto reply = run({"check"});
  EXPECT_EQ(reply.exit_code, kExitRefused);
  EXPECT_TRUE(has(reply.err, "Fejl, linje 12: 'vagt' kendes ikke her. Brug en af: who, turn,")) << reply.err;
  EXPECT_TRUE(reply.out.empty());
}

TEST_F(RotaCommand, JsonHasOneLineAShift) {
  write(kPlan);
  const auto reply = run({"check", "--json"});
  const auto first = nlohmann::json::parse(reply.out.substr(0, reply.out.find('\n')));
  EXPECT_EQ(first["role"], "forvagt");
  EXPECT_EQ(first["basis"], "plan");
  EXPECT_EQ(first["until"], "2026-10-19T05:00:00Z");
}

TEST_F(RotaCommand, NowSaysWhoUntilWhenAndWhoThen) {
  write(kPlan);
  EXPECT_TRUE(has(run({"now", "--at", "2026-10-26T02:40"}).out, "forvagt: Ida til kl. 07.00\n"));
  EXPECT_TRUE(has(run({"now"}).out, "forvagt: ikke planlagt nu til kl. 23.00, derefter Ida\n"));
  EXPECT_TRUE(
      has(run({"now", "--at", "2026-10-25T02:30+01:00"}).out, "søn 25.10.2026 kl. 02.30 (normaltid)\n"));
}

TEST_F(RotaCommand, ASwapIsAskedForAcceptedAndThenHolds) {
  write(kPlan);
  const std::vector<std::string> ask{"swap",    "--role",           "forvagt", "--from", "2026-10-21T12:00",
                                     "--until", "2026-10-22T12:00", "--gives", "Ida",    "--takes",
                                     "Lis"};
  EXPECT_EQ(run(ask).exit_code, kExitDone);
  auto asked = run({"check"});
  EXPECT_TRUE(has(asked.err, "Lis har ikke sagt ja")) << asked.err;
  EXPECT_TRUE(has(asked.out, "ons 21.10   | 23.00-07.00 Ida\n")) << asked.out;
  EXPECT_EQ(run({"accept", "--takes", "Rune"}).exit_code, kExitRefused);
  EXPECT_EQ(run({"accept", "--takes", "Lis"}).exit_code, kExitDone);
  const auto agreed = run({"check"});
  EXPECT_TRUE(agreed.err.empty()) << agreed.err;
  EXPECT_TRUE(has(agreed.out, "ons 21.10   | 23.00-07.00 Lis *\n")) << agreed.out;
  EXPECT_EQ(run({"accept", "--takes", "Lis"}).exit_code, kExitRefused) << "nothing waits any more";
  const auto no_duty = run({"swap", "--role", "forvagt", "--from", "2026-10-21T12:00", "--until",
                            "2026-10-22T12:00", "--gives", "Rune", "--takes", "Lis"});
  EXPECT_EQ(no_duty.exit_code, kExitRefused);
  EXPECT_TRUE(has(no_duty.err, "har ikke vagt")) << no_duty.err;
}

TEST_F(RotaCommand, ATakeOverHoldsFromNowToTheShiftsEndAlsoInTheHourThatComesTwice) {
  write(kPlan);
  now = *parse_moment("2026-10-25T02:30+01:00");
  EXPECT_EQ(run({"take-over", "--role", "forvagt", "--person", "Vera \"V\""}).exit_code, kExitDone);
  EXPECT_TRUE(has(run({"now"}).out, "forvagt: Vera \"V\" til kl. 07.00\n"));
  now = *parse_moment("2026-10-25T02:30+02:00");
  EXPECT_TRUE(has(run({"now"}).out, "forvagt: Ida til kl. 02.30"));
  EXPECT_EQ(run({"take-over", "--role", "bagvagt", "--person", "Vera"}).exit_code, kExitRefused);
}

TEST_F(RotaCommand, WhatWouldBeBadIsNeverWritten) {
  write(kPlan);
  EXPECT_EQ(run({"swap", "--role", "bagvagt", "--from", "2026-10-21T12:00", "--until", "2026-10-22T12:00",
                 "--gives", "Ida", "--takes", "Lis"})
                .exit_code,
            kExitRefused);
  EXPECT_EQ(run({"swap", "--role", "forvagt", "--from", "i morgen", "--until", "2026-10-22T12:00", "--gives",
                 "Ida", "--takes", "Lis"})
                .exit_code,
            kExitRefused);
  EXPECT_EQ(testing::read_file(path), kPlan);
}

}  // namespace
}  // namespace nattevagt::client::cli
