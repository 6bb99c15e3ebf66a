// One command, one process: the command line without a `serve`.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

class Cli : public ::testing::Test {
 protected:
  CliWorld world_;
};

TEST_F(Cli, AdviceIsAskedGivenReadBackDoneClosedAndFoundAgain) {
  world_.enrol_unit();
  world_.enrol_ida();
  world_.enrol("arkiv", {"--recorder", "Arkiv: Solvang"});
  const auto asked = world_.run("husb", {"ask", "--severity", "rød", "--situation", "psykose", "--alone",
                                         "--as", "Amalie Prøve", "--profession", "SSA", "--citizen",
                                         "Kaje Test Hansen", "--cpr", "210300-9996", "-s", "hører stemmer"});
  EXPECT_EQ(asked.exit_code, 0) << asked.output;
  EXPECT_TRUE(asked.says("Sendt")) << asked.output;
  EXPECT_TRUE(asked.says("Ingen har svaret endnu. Sendes videre kl. ")) << asked.output;

  const auto taken = world_.run("ida", {"take"});
  EXPECT_EQ(taken.exit_code, 0) << taken.output;
  EXPECT_TRUE(taken.says("Overtaget af Ida Eksempel, overlæge")) << taken.output;
  EXPECT_TRUE(taken.says("S: hører stemmer")) << "whoever takes it reads on at once: " << taken.output;

  EXPECT_EQ(world_.run("husb", {"say", "-b", "Skizofreni", "-a", "Puls 92"}).exit_code, 0);
  const auto advised = world_.run("ida", {"advise", "Giv PN", "--drug", "oxazepam", "--dose", "15 mg",
                                          "--when", "nu", "--max", "én til kl. 08"});
  EXPECT_EQ(advised.exit_code, 0) << advised.output;
  EXPECT_TRUE(world_.run("ida", {"advise", ""}).says("Der mangler en tekst")) << "no empty advice";
  const auto early = world_.run("husb", {"close"});
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_TRUE(early.says("ikke læst tilbage")) << early.output;

  EXPECT_EQ(world_.run("husb", {"readback", "oxazepam 25 mg"}).exit_code, 0);
  EXPECT_EQ(world_.run("ida", {"verdict", "forkert"}).exit_code, 0);
  EXPECT_EQ(world_.run("husb", {"close"}).exit_code, 1);
  EXPECT_EQ(world_.run("husb", {"readback", "oxazepam 15 mg nu"}).exit_code, 0);
  EXPECT_EQ(world_.run("ida", {"verdict", "korrekt"}).exit_code, 0);
  EXPECT_EQ(world_.run("husb", {"done"}).exit_code, 0);
  const auto closed = world_.run("husb", {"close"});
  EXPECT_EQ(closed.exit_code, 0) << closed.output;
  EXPECT_TRUE(closed.says("Afsluttet")) << closed.output;

  for (const char* home : {"husb", "ida", "arkiv"}) {
    const auto journal = world_.run(home, {"export"});
    EXPECT_EQ(journal.exit_code, 0) << journal.output;
    for (const char* must : {"Kaje Test Hansen", "210300-9996", "Amalie Prøve", "Ida Eksempel", "overlæge",
                             "hører stemmer", "Skizofreni", "oxazepam 25 mg", "Ikke korrekt – læs igen",
                             "oxazepam 15 mg nu", "Tilbagelæst korrekt", "Udført"}) {
      EXPECT_TRUE(journal.says(must)) << home << " lacks " << must;
    }
    EXPECT_FALSE(journal.says("ADVARSEL")) << journal.output;
    EXPECT_TRUE(world_.run(home, {"search", "stemmer"}).says("stemmer")) << home;
  }
  EXPECT_TRUE(world_.run("ida", {"alerts"}).says("Ingen åbne kald."));
  EXPECT_TRUE(world_.run("ida", {"alerts", "--all"}).says("Afsluttet"));
}

TEST_F(Cli, JsonIsOneObjectALineWithStableKeys) {
  world_.enrol_unit();
  world_.enrol_ida();
  const auto asked = world_.json("husb", {"ask", "--severity", "gul", "-s", "må jeg give PN?"});
  ASSERT_EQ(asked.lines.size(), 1U) << asked.output;
  EXPECT_EQ(asked.last()["ok"], true);
  EXPECT_EQ(asked.last()["delivery"], "stored");
  EXPECT_EQ(asked.last()["alert"].get<std::string>().size(), 32U);

  const auto alerts = world_.json("ida", {"alerts"});
  ASSERT_EQ(alerts.lines.size(), 1U) << alerts.output;
  const Json& alert = alerts.last()["alert"];
  EXPECT_EQ(alert["id"], asked.last()["alert"]);
  EXPECT_EQ(alert["state"], "escalating");
  EXPECT_EQ(alert["severity"], "yellow");
  EXPECT_EQ(alert["unit"], "hus B");
  EXPECT_EQ(alert["may_take"], true);
  EXPECT_TRUE(alert["taken_by"].is_null());

  const auto history = world_.json("ida", {"history"});
  ASSERT_EQ(history.lines.size(), 2U) << history.output;
  EXPECT_EQ(history.lines[0]["message"]["kind"], "ask");
  EXPECT_EQ(history.lines[0]["message"]["own"], false);
  EXPECT_EQ(history.lines[1]["receipt"]["stage"], "on_device");

  const auto refused = world_.json("ida", {"close"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.last()["ok"], false);
  EXPECT_TRUE(refused.last()["text"].is_string());
  EXPECT_EQ(world_.json("ida", {"status"}).last()["connected"], true);
}

TEST_F(Cli, AUsedGrantIsRefusedWithWords) {
  const std::string link = world_.grant({"--person", "Ida Eksempel"});
  EXPECT_EQ(world_.run("ida", {"enrol", "--cheap-key", link}).exit_code, 0);
  const auto again = world_.run("tyv", {"enrol", "--cheap-key", link});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(again.says("Tilladelsen er allerede brugt på en anden enhed.")) << again.output;
  EXPECT_FALSE(again.says("error")) << again.output;
  // The thief's folder is no dead end: a grant of one's own works there.
  EXPECT_EQ(
      world_.run("tyv", {"enrol", "--cheap-key", world_.grant({"--person", "Rune Eksempel"})}).exit_code, 0);
  const auto twice = world_.run("ida", {"enrol", world_.grant({"--person", "Ida Eksempel"})});
  EXPECT_EQ(twice.exit_code, 1);
  EXPECT_TRUE(twice.says("allerede en tilmeldt enhed")) << twice.output;
}

TEST_F(Cli, ALinkThatWasCutIsToldAsSuch) {
  const std::string link = world_.grant({"--person", "Ida Eksempel"});
  const auto cut = world_.run("ida", {"enrol", "--cheap-key", link.substr(0, link.size() - 10)});
  EXPECT_EQ(cut.exit_code, 1);
  EXPECT_TRUE(cut.says("Kopiér linket")) << cut.output;
  EXPECT_EQ(world_.run("ida", {"enrol", "--cheap-key", link}).exit_code, 0)
      << "and leaves nothing in the way";
}

TEST_F(Cli, AnotherHubIsNotBelieved) {
  std::string pins = read_file(world_.file("pins"));
  const std::size_t key = pins.find("curve ") + 6;
  pins.replace(key, 64, std::string(62, '0') + "09");
  write_file(world_.file("false-pins"), pins);
  EXPECT_EQ(
      world_.run("org2", {"org", "init", "--name", "X", "--hub", world_.file("false-pins"), "--cheap-key"})
          .exit_code,
      0);
  const auto refused = world_.run("org2", {"org", "roster", "publish", world_.file("roster.toml")});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(refused.says("ikke den rigtige hub")) << refused.output;
}

TEST_F(Cli, ARevokedDeviceIsCutAndRefused) {
  world_.enrol_unit();
  world_.enrol_ida();
  world_.ask("før spærringen");
  const auto revoked = world_.run("org", {"revoke", "--person", "hus B"});
  EXPECT_EQ(revoked.exit_code, 0) << revoked.output;
  EXPECT_TRUE(revoked.says("Spærret: hus B")) << revoked.output;
  const auto refused = world_.run("husb", {"ask", "--severity", "rød", "-s", "kornblomst", "--patience", "3s"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_TRUE(refused.says("spærret") || refused.says("afviser denne enhed")) << refused.output;
  EXPECT_FALSE(world_.run("ida", {"history"}).says("kornblomst"));
  EXPECT_TRUE(world_.run("org", {"devices"}).says("spærret"));
  const auto again = world_.run("org", {"revoke", "--device", "zzzz"});
  EXPECT_EQ(again.exit_code, 1);
}

TEST_F(Cli, WithoutAHubItSaysNotSentAndWhomToRing) {
  world_.enrol_unit();
  world_.enrol_ida();
  world_.stop_hub();
  const auto asked = world_.run("husb", {"ask", "--severity", "rød", "-s", "ingen hub", "--patience", "1s"});
  EXPECT_EQ(asked.exit_code, 3);
  EXPECT_TRUE(asked.says("IKKE SENDT – ring i stedet:")) << asked.output;
  EXPECT_TRUE(asked.says("ring 112")) << asked.output;
  EXPECT_TRUE(asked.says("akuttelefonen 70 00 00 01")) << asked.output;
  const auto offline = world_.run("husb", {"status"});
  EXPECT_EQ(offline.exit_code, 0);
  EXPECT_TRUE(offline.says("Der venter beskeder på at blive sendt.")) << offline.output;
  world_.start_hub();
  world_.run("husb", {"alerts"});  // any command with a link sends what waits
  const auto arrived = world_.run("ida", {"history"});
  EXPECT_TRUE(arrived.says("S: ingen hub")) << arrived.output;
}

TEST_F(Cli, AWrongPinIsRefusedAndThenMustWait) {
  world_.enrol_ida();
  write_file(world_.file("pin"), "forkert\n");
  EXPECT_EQ(chmod(world_.file("pin").c_str(), 0644), 0);
  EXPECT_TRUE(world_.run("ida", {"status", "--pin-file", world_.file("pin")}).says("chmod 600"));
  EXPECT_EQ(chmod(world_.file("pin").c_str(), 0600), 0);
  bool told_to_wait = false;
  for (int i = 0; i < 5; ++i) {
    const auto refused = world_.run("ida", {"status", "--pin-file", world_.file("pin")});
    EXPECT_EQ(refused.exit_code, 1);
    told_to_wait = told_to_wait || refused.says("Prøv igen om ");
  }
  EXPECT_TRUE(told_to_wait);
}

TEST_F(Cli, IdsArePrefixesAndSeveralAreListed) {
  world_.enrol_unit();
  world_.enrol_ida();
  const std::string first = world_.ask("den første");
  const std::string second = world_.ask("den anden");
  const auto which = world_.run("ida", {"take"});
  EXPECT_EQ(which.exit_code, 1);
  EXPECT_TRUE(which.says("Der er flere.")) << which.output;
  EXPECT_TRUE(which.says(first.substr(0, 6)) && which.says(second.substr(0, 6))) << which.output;
  EXPECT_TRUE(which.says("Tilføj for eksempel: ")) << which.output;
  EXPECT_TRUE(world_.run("husb", {"say", "x"}).says("Tilføj for eksempel: --in "))
      << "as this command takes it";
  EXPECT_TRUE(world_.run("ida", {"take", "abc"}).says("mindst fire tegn"));
  const auto taken = world_.run("ida", {"take", second.substr(0, 8)});
  EXPECT_EQ(taken.exit_code, 0) << taken.output;
  EXPECT_TRUE(taken.says("den anden")) << taken.output;
}

TEST_F(Cli, TheJournalGoesIntoAPrivateFileAndIsMarked) {
  world_.enrol_unit();
  world_.enrol_ida();
  world_.ask("hører stemmer");
  world_.run("ida", {"take"});
  const std::string path = world_.file("journal.txt");
  const auto written = world_.run("ida", {"export", "--out", path, "--mark"});
  EXPECT_EQ(written.exit_code, 0) << written.output;
  EXPECT_FALSE(written.says("hører stemmer")) << "not on the screen as well";
  struct stat info{};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_NE(read_file(path).find("hører stemmer"), std::string::npos);
  EXPECT_TRUE(world_.run("husb", {"history"}).says("Ført i journal kl. "));
  EXPECT_EQ(world_.run("ida", {"export", "--out", path}).exit_code, 1) << "never over another file";
}

TEST_F(Cli, ATextCanComeFromStandardInput) {
  world_.enrol_unit();
  world_.enrol_ida();
  world_.ask("x");
  EXPECT_EQ(world_.run("husb", {"say", "-"}, "ikke i proceslisten").exit_code, 0);
  EXPECT_TRUE(world_.run("ida", {"history"}).says("ikke i proceslisten"));
}

TEST_F(Cli, ARosterWithFaultsIsNotPublishedAndEachIsToldWithItsLine) {
  write_file(world_.file("bad.toml"),
             "[[role]]\nname = \"x\"\nholders = [\"Nobody\"]\n[[ladder]]\nname = \"y\"\n");
  const auto bad = world_.run("org", {"org", "roster", "publish", world_.file("bad.toml")});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_TRUE(bad.says("Fejl, linje 3: der er ingen [[person]] med navnet 'Nobody'")) << bad.output;
  EXPECT_TRUE(bad.says("linje 4: 'advice_within' mangler")) << bad.output;
  EXPECT_TRUE(bad.says("ikke udgivet")) << bad.output;
  write_file(world_.file("good.toml"), CliWorld::roster());
  EXPECT_TRUE(world_.run("org", {"org", "roster", "check", world_.file("good.toml")}).says("uden fejl"));
}

TEST_F(Cli, AHomeWithoutADeviceSaysHowToBegin) {
  const auto status = world_.run("nobody", {"status"});
  EXPECT_EQ(status.exit_code, 1);
  EXPECT_TRUE(status.says("nattevagt enrol")) << status.output;
  const auto grant = world_.run("nobody", {"grant", "--person", "x"});
  EXPECT_EQ(grant.exit_code, 1);
  EXPECT_TRUE(grant.says("nattevagt org init")) << grant.output;
}

}  // namespace
}  // namespace nattevagt::testing
