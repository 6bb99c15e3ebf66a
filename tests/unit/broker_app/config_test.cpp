#include "broker/app/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "proto/common/system.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "tests/unit/broker_io/temp_folder.h"

namespace nattevagt::broker {
namespace {

constexpr const char* kGood = "endpoint = \"tcp://0.0.0.0:5670\"\ndata_dir = \"/var/lib/nattevagt\"\n";

std::string problems_of(const std::string& toml) {
  std::string all;
  for (const auto& problem : parse_config(toml, "broker.toml").problems) all += problem.text + "\n";
  return all;
}

TEST(Config, FillsInWhatIsNotSaid) {
  unsetenv("CREDENTIALS_DIRECTORY");
  const auto outcome = parse_config(kGood, "broker.toml");
  ASSERT_TRUE(outcome.problems.empty());
  EXPECT_EQ(outcome.config.keys_file, "/var/lib/nattevagt/hub.keys");
  EXPECT_EQ(outcome.config.organisations_dir, "/var/lib/nattevagt/organisations");
  EXPECT_EQ(outcome.config.memory_max_mib, 1'536U);
  EXPECT_TRUE(outcome.config.verify_at_start);
}

TEST(Config, TakesTheKeysFromSystemdsCredentialsWhenTheyAreThere) {
  const nattevagt::testing::TempFolder folder;
  setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  EXPECT_EQ(parse_config(kGood, "f").config.keys_file, "/var/lib/nattevagt/hub.keys");
  std::ofstream(folder.file("hub.keys")) << "x";
  EXPECT_EQ(parse_config(kGood, "f").config.keys_file, folder.file("hub.keys"));
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(Config, AnUnknownSettingIsAnErrorWithItsLine) {
  EXPECT_EQ(problems_of(std::string(kGood) + "memory_max = 3\n").substr(0, 52),
            "broker.toml: line 3: 'memory_max' is not a setting; ");
  EXPECT_NE(
      problems_of(std::string(kGood) + "[limits]\nconections_max = 3\n").find("line 4: 'conections_max'"),
      std::string::npos);
  EXPECT_NE(problems_of(std::string(kGood) + "[limit]\n").find("line 3: 'limit'"), std::string::npos);
}

TEST(Config, WatchdogIsAskedInClearOnThisMachineAlone) {
  const auto problem = [](const std::string& url) {
    return problems_of(std::string(kGood) + "[watchdog]\nurl = \"" + url + "\"\n");
  };
  EXPECT_EQ(problem("https://watch.example/ping/1"), "");
  EXPECT_EQ(problem("http://127.0.0.1:9999/ping"), "");
  for (const char* wrong : {"http://watch.example/", "ftp://127.0.0.1:1/", "http://127.0.0.1.example/", "x"}) {
    EXPECT_NE(problem(wrong).find("'watchdog.url'"), std::string::npos) << wrong;
  }
}

TEST(Config, WrongTypesAndRangesAreErrors) {
  for (const char* wrong : {"[limits]\nconnections_max = \"many\"\n", "[limits]\nconnections_max = 1\n",
                            "[limits]\nmemory_max_mib = -5\n", "[journal]\nverify_at_start = 1\n",
                            "[journal]\nsnapshot_records = 1.5\n", "[audit]\nkeep_days = 1\n",
                            "[watchdog]\nevery_seconds = 0\n", "limits = 3\n", "keys_file = \"\"\n"}) {
    EXPECT_NE(problems_of(std::string(kGood) + wrong).find("line "), std::string::npos) << wrong;
  }
  EXPECT_NE(problems_of("endpoint = \n").find("line 1"), std::string::npos) << "not TOML";
}

TEST(Config, TheHubItselfChoosesHowManyConnectionsWhenItIsToldZero) {
  EXPECT_EQ(problems_of(std::string(kGood) + "[limits]\nconnections_max = 0\n"), "");
}

TEST(Config, SaysWhatIsMissingAndAllAtOnce) {
  const std::string problems = problems_of("");
  EXPECT_NE(problems.find("'endpoint' is missing"), std::string::npos);
  EXPECT_NE(problems.find("'data_dir' is missing"), std::string::npos);
  EXPECT_NE(problems_of("endpoint = \"ipc://x\"\ndata_dir = \"d\"\n").find("tcp://"), std::string::npos);
}

TEST(Config, MetricsStayOnLoopback) {
  EXPECT_TRUE(problems_of(std::string(kGood) + "metrics_address = \"127.0.0.1:9570\"\n").empty());
  EXPECT_NE(problems_of(std::string(kGood) + "metrics_address = \"0.0.0.0:9570\"\n").find("loopback"),
            std::string::npos);
}

TEST(Config, ReadsTheOrganisationsCardsAndNamesTheBadOne) {
  const nattevagt::testing::TempFolder folder;
  SystemEntropy entropy;
  wire::OrganisationCard card;
  card.sign_key = SignKey::generate(entropy).public_key();
  card.curve_key = curve_public_key(entropy.make_secret<CurveSecretKey>());
  card.id = wire::organisation_id(card.sign_key);
  std::ofstream(folder.file("solvang.card")) << wire::encode_card(card) << "\n";
  std::ofstream(folder.file("notes.txt")) << "not a card, not read";
  auto outcome = load_cards(folder.path());
  ASSERT_EQ(outcome.cards.size(), 1U);
  EXPECT_EQ(outcome.cards[0].id, card.id);
  EXPECT_TRUE(outcome.problems.empty());
  std::ofstream(folder.file("broken.card")) << "hello";
  std::ofstream(folder.file("empty.card")) << "";
  outcome = load_cards(folder.path());
  ASSERT_EQ(outcome.problems.size(), 2U);
  EXPECT_TRUE(load_cards(folder.file("nowhere")).cards.empty());
}

}  // namespace
}  // namespace nattevagt::broker
