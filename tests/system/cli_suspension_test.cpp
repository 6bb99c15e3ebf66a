// A lost phone, with the real programs: a colleague's device suspends it, its organisation lifts it (section 19).
#include <gtest/gtest.h>

#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

struct CliSuspension : ::testing::Test {
  CliWorld world;
  static Json wait_for(Process& process, const std::function<bool(const Json&)>& wanted) {
    const auto line = process.wait_for_line([&](const std::string& text) {
      const Json parsed = Json::parse(text, nullptr, false);
      return parsed.is_object() && wanted(parsed);
    });
    EXPECT_TRUE(line) << "waited in vain";
    return line ? Json::parse(*line) : Json();
  }
  static bool rings(const Json& e, const std::string& alert) {
    return e["event"] == "alert" && e["notice"] == "first" && e["alert"]["id"] == alert;
  }
};

TEST_F(CliSuspension, IsCutPassedOverRefusedAfterARestartLiftedAndComesBackToWhatItMissed) {
  world.enrol_unit();
  world.enrol_ida();
  world.enrol("rune", {"--person", "Rune Eksempel"});
  EXPECT_EQ(world.run("husb", {"author", "Amalie Prøve"}).exit_code, 0);
  auto ida = world.serve("ida");
  auto rune = world.serve("rune");
  const std::string alert = world.ask("før spærringen");
  wait_for(*ida, [&](const Json& e) { return rings(e, alert); });
  const std::string lost = world.json("ida", {"status"}).last()["device"];

  const auto pressed = world.run("husb", {"suspend", "--device", lost.substr(0, 8)});
  EXPECT_EQ(pressed.exit_code, 0) << pressed.output;
  EXPECT_TRUE(pressed.says("Spærret. Telefonen får og sender intet")) << pressed.output;
  EXPECT_TRUE(pressed.says("er på vagt nu som forvagt")) << pressed.output;
  // The lost phone is cut, and says by whom; the next step, an hour away, rings at once.
  const Json told = wait_for(*ida, [](const Json& e) { return e["event"] == "suspended"; });
  EXPECT_EQ(told["by"]["name"], "Amalie Prøve");
  wait_for(*rune, [&](const Json& e) { return rings(e, alert); });
  const Json news = wait_for(*rune, [](const Json& e) { return e["event"] == "suspension"; });
  EXPECT_EQ(news["by"]["name"], "Amalie Prøve");
  EXPECT_EQ(news["device"], lost);
  const auto again = world.run("rune", {"suspend", "--device", lost});
  EXPECT_TRUE(again.says("er spærret af Amalie Prøve")) << again.output;
  EXPECT_EQ(world.run("husb", {"say", "sagt imens"}).exit_code, 0);
  const auto listed = world.json("org", {"devices"});
  std::string by;
  for (const Json& one : listed.lines) {
    if (one["device"] == lost) by = one["suspended_by"];
  }
  EXPECT_TRUE(by.starts_with("Amalie Prøve ")) << listed.output;
  EXPECT_TRUE(world.run("org", {"devices"}).says("spærret af Amalie Prøve"));

  ida.reset();
  world.stop_hub();
  world.start_hub();
  const auto refused = world.run("ida", {"history"});
  EXPECT_EQ(refused.exit_code, 1) << refused.output;
  EXPECT_TRUE(refused.says("er spærret af Amalie Prøve") && refused.says("Intet her er slettet")) << refused.output;
  EXPECT_TRUE(world.run("ida", {"history", "--offline"}).says("før spærringen")) << "what it has stays";
  EXPECT_FALSE(world.run("ida", {"history", "--offline"}).says("sagt imens"));

  EXPECT_EQ(world.run("org", {"lift", "--device", "zzzz"}).exit_code, 1);
  const auto lifted = world.run("org", {"lift", "--device", lost.substr(0, 8)});
  EXPECT_EQ(lifted.exit_code, 0) << lifted.output;
  EXPECT_TRUE(lifted.says("Ikke spærret mere: Ida Eksempel")) << lifted.output;
  EXPECT_TRUE(world.run("ida", {"history"}).says("sagt imens")) << "she gets what she missed";
  EXPECT_EQ(world.run("org", {"lift", "--device", lost}).exit_code, 1) << "it is over";

  EXPECT_EQ(world.run("org", {"audit", "head"}).exit_code, 0);
  const std::string file = world.file("audit.txt");
  EXPECT_EQ(world.broker({"audit", "export", "--to", file, "--config", world.file("hub.toml")}).exit_code, 0);
  EXPECT_EQ(world.run("org", {"audit", "verify", file}).exit_code, 0);
  const std::string audit = read_file(file);
  EXPECT_NE(audit.find("event=device_suspended"), std::string::npos);
  EXPECT_NE(audit.find("event=suspension_lifted"), std::string::npos);
}

}  // namespace
}  // namespace nattevagt::testing
