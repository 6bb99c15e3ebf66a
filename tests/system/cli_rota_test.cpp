// The rota from its file to the telephone that rings, through the real programs (PROTOCOL.md section 10).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "proto/common/system.h"
#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

constexpr const char* kRota = R"([[window]]
name = "døgnet"
from = "00.00"
to = "00.00"
[[role]]
name = "forvagt"
covers = ["døgnet"]
[[role.duty]]
who = "Rune Eksempel"
from = 2020-01-01
)";

std::string with_both_holders() {
  std::string out = CliWorld::roster();
  const std::string one = "holders = [\"Ida Eksempel\"]";
  return out.replace(out.find(one), one.size(), "holders = [\"Ida Eksempel\", \"Rune Eksempel\"]");
}

// And Rune is on no other step of the ladder.
std::string with_rune_as_first_alone() {
  std::string out = with_both_holders();
  const std::string back = "holders = [\"Rune Eksempel\"]";
  return out.replace(out.find(back), back.size(), "holders = [\"Ida Eksempel\"]");
}

TEST(CliRota, WhatTheFileSaysIsWhoRings) {
  CliWorld world;
  const std::string file = world.file("rota.toml");
  write_file(file, kRota);
  const auto early = world.run("org", {"rota", "publish", file});
  EXPECT_EQ(early.exit_code, 1) << "Rune may not hold the role by the roster";
  EXPECT_TRUE(early.says("linje 9: Rune Eksempel står ikke som holder af 'forvagt'")) << early.output;

  world.publish(with_both_holders());
  const auto published = world.run("org", {"rota", "publish", file});
  EXPECT_EQ(published.exit_code, 0) << published.output;
  EXPECT_TRUE(published.says("version 1")) << published.output;
  const auto now = world.run("org", {"rota", "now"});
  EXPECT_TRUE(now.says("Rød    1. forvagt: Rune Eksempel til kl. 00.00")) << now.output;

  world.enrol_unit();
  world.enrol_ida();
  world.enrol("rune", {"--person", "Rune Eksempel"});
  world.ask("første kald");
  EXPECT_TRUE(world.run("rune", {"alerts"}).says("hus B"));
  EXPECT_TRUE(world.run("ida", {"alerts"}).says("Ingen åbne kald.")) << "she is not on duty";
  EXPECT_EQ(world.run("husb", {"withdraw"}).exit_code, 0);

  const auto over = world.run("org", {"rota", "take-over", file, "--role", "forvagt", "--person",
                                      "Ida Eksempel", "--until", "2199-01-01T00:00"});
  EXPECT_EQ(over.exit_code, 0) << over.output;
  EXPECT_EQ(world.run("org", {"rota", "publish", file}).exit_code, 0);
  EXPECT_TRUE(world.run("org", {"rota", "now"}).says("forvagt: Ida Eksempel"));
  world.ask("andet kald");
  EXPECT_TRUE(world.run("ida", {"alerts"}).says("hus B"));

  write_file(file, std::string(kRota) + "until = 2020-01-02\n");
  const auto gap = world.run("org", {"rota", "publish", file});
  EXPECT_EQ(gap.exit_code, 1);
  EXPECT_TRUE(gap.says("HUL: forvagt") && gap.says("LIGE NU")) << gap.output;
  const auto accepted = world.run("org", {"rota", "publish", file, "--accept-gaps", "Ferie; bagvagten ved det"});
  EXPECT_EQ(accepted.exit_code, 0) << accepted.output;
}

// The same with a window that changes half a day from now: who comes on duty within two hours is in the call's
// conversation already and sees it (P-106), so that near the change one who was relieved until then sees it too.
std::string rota_far_from_its_change() {
  const auto hour = std::chrono::floor<std::chrono::hours>(SystemClock().wall()).time_since_epoch().count() % 24;
  std::string out = kRota;
  for (std::size_t at = out.find("00.00"); at != std::string::npos; at = out.find("00.00", at + 1)) {
    out.replace(at, 5, fmt::format("{:02}.00", (hour + 13) % 24));
  }
  return out;
}

// P-111 to P-114, without the organisation's key.
TEST(CliRota, ThePersonsChangeItFromTheirOwnTelephones) {
  CliWorld world;
  const std::string file = world.file("rota.toml");
  write_file(file, rota_far_from_its_change());
  world.publish(with_rune_as_first_alone());
  ASSERT_EQ(world.run("org", {"rota", "publish", file}).exit_code, 0);
  world.enrol_unit();
  world.enrol_ida();
  world.enrol("rune", {"--person", "Rune Eksempel"});

  const auto over = world.run("ida", {"rota", "take-over", "--role", "forvagt"});
  EXPECT_EQ(over.exit_code, 0) << over.output;
  EXPECT_TRUE(over.says("Du har vagten nu.")) << over.output;
  EXPECT_TRUE(world.run("husb", {"rota", "now"}).says("1. forvagt: Ida Eksempel")) << "the residence knows";
  EXPECT_TRUE(world.run("org", {"rota", "now"}).says("forvagt: Ida Eksempel"));
  world.ask("efter overtagelsen");
  EXPECT_TRUE(world.run("ida", {"alerts"}).says("hus B"));
  EXPECT_TRUE(world.run("rune", {"alerts"}).says("Ingen åbne kald.")) << "he was relieved before it";
  const auto again = world.run("ida", {"rota", "take-over", "--role", "forvagt"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(again.says("Vagten kan ikke overtages")) << again.output;

  const std::vector<std::string> swap = {"rota",   "swap",             "--role",  "forvagt",
                                         "--from", "2030-01-01T00:00", "--until", "2030-01-02T00:00"};
  EXPECT_TRUE(world.run("ida", swap).says("har den ikke i hele tidsrummet")) << "it is not hers to give";
  const auto asked = world.run("rune", swap);
  EXPECT_EQ(asked.exit_code, 0) << asked.output;
  EXPECT_TRUE(asked.says("Spurgt.")) << asked.output;
  EXPECT_EQ(world.run("rune", {"rota", "accept"}).exit_code, 1) << "one's own question is not one's own to answer";
  const auto serving = world.serve("ida");
  const auto yes = world.run("ida", {"rota", "accept"});
  EXPECT_EQ(yes.exit_code, 0) << yes.output;
  EXPECT_TRUE(yes.says("Byttet gælder nu.")) << yes.output;
  EXPECT_TRUE(serving->wait_for_line([](const std::string& line) { return is_event(line, "duty"); }));
  EXPECT_TRUE(world.run("org", {"rota", "now", "--at", "2030-01-01T12:00"}).says("forvagt: Ida Eksempel"));
  EXPECT_TRUE(world.run("org", {"rota", "now"}).says("Ændret af personerne selv:"));
}

// P-180 to P-187: the notice, the answer, and what the residence is shown, through the real programs.
TEST(CliRota, WhoDoesNotCheckInMayNotAnswerAndHerWordMakesItWell) {
  CliWorld world;
  world.stop_hub();
  write_file(world.file("hub.toml"), read_file(world.file("hub.toml")) +
                                         "[duty]\ncheck_in_within_seconds = 1\nsilent_after_seconds = 20\n");
  world.start_hub();
  const std::string file = world.file("rota.toml");
  write_file(file, kRota);
  world.publish(with_rune_as_first_alone());
  ASSERT_EQ(world.run("org", {"rota", "publish", file}).exit_code, 0);
  world.enrol_unit();
  world.enrol_ida();
  world.enrol("rune", {"--person", "Rune Eksempel"});
  EXPECT_TRUE(world.run("ida", {"rota", "check-in"}).says("Der spørges ikke")) << "she is not on duty";
  const auto rune = world.serve("rune");
  EXPECT_TRUE(world.run("rune", {"rota", "now"}).says("MELD DIG PÅ VAGT: forvagt"));
  const auto first_rung = [&] {
    for (const Json& line : world.json("husb", {"rota", "status"}).lines) {
      if (line.value("target", "") == "forvagt") return line;
    }
    return Json::object();
  };
  // Silent at first: he had no device yet. Whoever could not answer a hub that was down has its 20 s.
  EXPECT_TRUE(comes_true([&] { return first_rung().value("reason", "") == "not_checked_in"; }));
  EXPECT_EQ(first_rung()["reachable"], "no");
  EXPECT_FALSE(first_rung()["since"].get<std::string>().empty());
  EXPECT_TRUE(world.run("husb", {"rota", "now"}).says("SVARER MÅSKE IKKE (har ikke meldt sig på vagt"));
  world.ask("mens rollen måske ikke svarer");
  EXPECT_TRUE(world.run("ida", {"alerts"}).says("hus B")) << "the next step is rung at once";

  const auto in = world.run("rune", {"rota", "check-in"});
  EXPECT_EQ(in.exit_code, 0) << in.output;
  EXPECT_TRUE(in.says("Du er meldt på vagt.")) << in.output;
  EXPECT_TRUE(comes_true([&] { return first_rung().value("reachable", "") == "yes"; }));
  EXPECT_EQ(first_rung()["checked_in"], true);
  EXPECT_EQ(first_rung()["answers"], "Rune Eksempel") << "by his own signature";
  EXPECT_TRUE(world.run("husb", {"rota", "now"}).says("meldt på vagt"));
  EXPECT_TRUE(comes_true([&] { return world.hub_log().find("duty_recovered") != std::string::npos; }));
  EXPECT_NE(world.hub_log().find("duty_degraded"), std::string::npos);
  world.stop_hub();
  const auto verified = world.broker({"audit", "verify", "--config", world.file("hub.toml")});
  EXPECT_EQ(verified.exit_code, 0) << verified.output;
}

}  // namespace
}  // namespace nattevagt::testing
