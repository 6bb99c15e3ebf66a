// The audit and the drill at the command line, with the real hub.
#include <gtest/gtest.h>

#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

struct CliAudit : ::testing::Test {
  CliWorld world_;
};

// P-123: an organisation keeps what the hub has signed; a file that says less, or something else, is refused.
TEST_F(CliAudit, AnOrganisationFindsWhatTheHubsOwnerHasChanged) {
  world_.enrol_unit();
  world_.enrol_ida();
  world_.ask("x");
  const auto head = world_.run("org", {"audit", "head"});
  EXPECT_EQ(head.exit_code, 0) << head.output;
  const std::string file = world_.file("audit.txt"), older = world_.file("older.txt");
  EXPECT_EQ(world_.broker({"audit", "export", "--to", older, "--config", world_.file("hub.toml")}).exit_code, 0);
  world_.ask("y");
  EXPECT_EQ(world_.run("org", {"audit", "head"}).exit_code, 0);
  const auto exported = world_.broker({"audit", "export", "--to", file, "--config", world_.file("hub.toml")});
  ASSERT_EQ(exported.exit_code, 0) << exported.output;
  const auto good = world_.run("org", {"audit", "verify", file});
  EXPECT_EQ(good.exit_code, 0) << good.output;
  EXPECT_TRUE(good.says("Protokollen er hel") && good.says("mod 2 svar")) << good.output;

  const auto cut = world_.run("org", {"audit", "verify", older});
  EXPECT_EQ(cut.exit_code, 1);
  EXPECT_TRUE(cut.says("kortere end det, hubben før har skrevet under på")) << cut.output;
  std::string text = read_file(file);
  text.replace(text.find("severity=red"), 12, "severity=xxx");
  write_file(world_.file("changed.txt"), text);
  const auto changed = world_.run("org", {"audit", "verify", world_.file("changed.txt")});
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_TRUE(changed.says("noget er ændret, fjernet, indsat eller byttet om")) << changed.output;
  EXPECT_FALSE(world_.json("org", {"audit", "verify", world_.file("changed.txt")}).lines.empty());
  EXPECT_EQ(world_.run("org", {"audit", "verify", world_.file("nothing")}).exit_code, 1);
}

// P-140, P-141
TEST_F(CliAudit, ADrillIsMarkedOnEveryScreenAndCountedApart) {
  world_.enrol_unit();
  world_.enrol_ida();
  const auto asked = world_.run("husb", {"ask", "--drill", "--severity", "rød", "-s", "brandøvelse"});
  EXPECT_EQ(asked.exit_code, 0) << asked.output;
  for (const char* home : {"husb", "ida"}) {
    EXPECT_TRUE(world_.run(home, {"alerts"}).says("ØVELSE · ")) << home;
    EXPECT_TRUE(world_.run(home, {"history"}).says("ØVELSE · ")) << home;
  }
  EXPECT_EQ(world_.run("ida", {"take"}).exit_code, 0);
  EXPECT_TRUE(world_.run("husb", {"alerts"}).says("Overtaget af Ida Eksempel"));
  EXPECT_TRUE(world_.run("husb", {"export"}).says("ØVELSE"));
  EXPECT_TRUE(comes_true([&] { return world_.hub_metric("drills_raised_total") == 1; }));
  EXPECT_EQ(world_.hub_metric("alerts_raised_total"), 0U);
}

}  // namespace
}  // namespace nattevagt::testing
