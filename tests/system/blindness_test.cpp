// P-084: the free texts that the command line can send are planted with words of their own; then all that the
// hub holds or ever had in its hands, and all that passed over the wire, is searched for them in every shape.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <set>

#include "proto/common/bytes.h"
#include "tests/support/blindness.h"
#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

// What all planted words have in common is searched for too, so that a part of one is found as well.
constexpr const char* kRoot = "kværnløg";
constexpr const char* kCpr = "210300-9996";
constexpr const char* kCprInText = "150682-1234";

class Blindness : public ::testing::Test {
 protected:
  std::string plant(const std::string& field) {
    words_.push_back(fmt::format("{}-{}-{}", kRoot, words_.size(), field));
    return words_.back();
  }
  void must(const std::string& home, std::vector<std::string> words) {
    const std::string command = words.front();
    const auto result = world_.run(home, std::move(words));
    ASSERT_EQ(result.exit_code, 0) << home << ": " << command << ": " << result.output;
  }
  void enrol_people() {
    const std::string ida = plant("person"), rune = plant("person2"), unit = plant("unit");
    const std::string first = plant("role"), second = plant("role2"), archive = plant("recorder");
    const std::string ladder = plant("ladder"), plan = plant("reserve-plan"),
                      profession = plant("profession");
    world_.publish(fmt::format(R"(reserve_plan = "{}"
recorders = ["{}"]
[[person]]
name = "{}"
profession = "{}"
[[person]]
name = "{}"
[[role]]
name = "{}"
holders = ["{}"]
[[role]]
name = "{}"
holders = ["{}"]
[[ladder]]
name = "{}"
advice_within = "1h"
[[ladder.step]]
to = ["{}"]
wait = "1h"
[[ladder.step]]
to = ["{}"]
wait = "1h"
[[unit]]
name = "{}"
ladders = {{ roed = "{}" }}
)",
                               plan, archive, ida, profession, rune, first, ida, second, rune, ladder, first,
                               second, unit, ladder));
    world_.enrol("husb", {"--unit", unit});
    world_.enrol("ida", {"--person", ida});
    world_.enrol("rune", {"--person", rune});
    world_.enrol("arkiv", {"--recorder", archive});
  }
  void ask(const std::string& which) {
    must("husb", {"ask",          "--severity",
                  "rød",          "--situation",
                  "psykose",      "--alone",
                  "--as",         plant(which + "author"),
                  "--profession", plant(which + "author-profession"),
                  "--citizen",    plant(which + "citizen"),
                  "--cpr",        kCpr,
                  "--callback",   plant(which + "callback"),
                  "-i",           plant(which + "I"),
                  "-s",           plant(which + "S"),
                  "-b",           plant(which + "B"),
                  "-a",           plant(which + "A"),
                  "-r",           plant(which + "R")});
  }
  // Every command that carries words, with words.
  void play_the_night() {
    ask("first-");
    must("rune", {"decline", "--reason", plant("decline")});
    must("ida", {"take"});
    must("ida", {"say", plant("say") + " " + kCprInText});
    must("husb", {"say", "--observation", plant("observation")});
    must("husb", {"say", "-i", plant("I+"), "-s", plant("S+"), "-b", plant("B+"), "-a", plant("A+"), "-r",
                  plant("R+")});
    must("husb", {"medicine", plant("question"), "--drug", plant("q-drug"), "--dose", plant("q-dose"),
                  "--last-given", plant("q-last"), "--prn", plant("q-prn"), "--allergies",
                  plant("q-allergies"), "--vitals", plant("q-vitals")});
    must("ida", {"advise", plant("advice"), "--drug", plant("drug"), "--dose", plant("dose"), "--when",
                 plant("when"), "--max", plant("max")});
    must("husb", {"readback", plant("readback-wrong")});
    must("ida", {"verdict", "forkert"});
    must("husb", {"readback", plant("readback")});
    must("ida", {"verdict", "korrekt"});
    must("husb", {"done", "--not", "--reason", plant("not-done")});
    must("ida", {"export", "--mark"});
    must("husb", {"close"});
    ask("second-");
    must("husb", {"reserve", plant("reserve-choice")});
    must("husb", {"withdraw", "--reason", plant("withdraw")});
    must("husb", {"author", plant("holder"), "--profession", plant("holder-profession")});
    must("arkiv", {"history", "latest"});
  }
  void expect_blind(const WordSearch& search, const std::string& where, std::string_view bytes) {
    for (const auto& hit : search.in(bytes)) {
      ADD_FAILURE() << "'" << hit.word << "' as " << hit.shape << " at byte " << hit.at << " of " << where;
    }
  }

  CliWorld world_{true};
  std::vector<std::string> words_;
};

TEST_F(Blindness, TheSearchFindsEachWordInEachShape) {
  std::vector<std::string> words = {kRoot, kCpr, "Amalie Prøve"};
  const WordSearch search(words);
  // base64: three alignments, in a second alphabet where the word has characters that differ.
  EXPECT_GE(search.needles(), words.size() * 7);
  const std::string path = world_.file("plain");
  std::size_t written = 0;
  for (const std::string& word : words) {
    for (const auto& shape : shapes_of(word)) {
      write_file(path, std::string(4096 + written++, '.') + shape.bytes + "...");
      const auto hits = search.in(read_file(path));
      ASSERT_EQ(hits.size(), 1U) << word << " as " << shape.name;
      EXPECT_EQ(hits[0].word, word);
      EXPECT_EQ(hits[0].shape, shape.name);
    }
  }
  // Against another's encoder: "xkværnløg", "xykværnløg" and "kværnløg" as base64 -w0 writes them.
  for (const char* encoded : {"a3bDpnJubMO4Zw==", "eGt2w6ZybmzDuGc=", "eHlrdsOmcm5sw7hn"}) {
    EXPECT_EQ(search.in(encoded).size(), 1U) << encoded;
  }
}

TEST_F(Blindness, NoWordNameOrCprReachesTheHubsDiskMemoryLogMetricsOrTheWire) {
  enrol_people();
  const auto ida = world_.serve("ida");
  const std::string device = world_.json("ida", {"status"}).last()["device"];
  play_the_night();
  if (HasFatalFailure()) return;
  std::vector<std::string> all = words_;
  for (const char* more : {kRoot, kCpr, "2103009996", kCprInText, "1506821234", "Solvang Kommune"}) {
    all.emplace_back(more);
  }
  const WordSearch search(all);
  const auto id = from_hex(device);
  ASSERT_TRUE(id);
  const std::string known(as_text(*id));  // what the hub does hold

  // Control: the words are in the memory of a device that has them, by the same way of looking.
  const std::string client_memory = memory_of(ida->pid());
  const std::string hub_memory = memory_of(world_.hub_pid());
  if (hub_memory.empty()) std::cout << "no right to read the hub's memory: that part is left out\n";
  if (!client_memory.empty()) {
    std::set<std::string> found;
    for (const auto& hit : search.in(client_memory)) found.insert(hit.word);
    EXPECT_TRUE(found.contains(kRoot) && found.contains(kCprInText)) << client_memory.size();
    EXPECT_GT(found.size(), 10U) << "this device was sent all of it";
  }
  if (!hub_memory.empty()) {
    EXPECT_NE(hub_memory.find(known), std::string::npos) << "the hub's memory holds what it may know";
    expect_blind(search, "the hub's memory", hub_memory);
  }
  const std::string metrics = world_.hub_metrics();
  EXPECT_NE(metrics.find("nattevagt_"), std::string::npos);
  expect_blind(search, "the metrics", metrics);

  EXPECT_EQ(
      world_.broker({"backup", "--to", world_.file("copy"), "--config", world_.file("hub.toml")}).exit_code,
      0);
  ida->signal(SIGTERM);
  EXPECT_EQ(ida->wait().exit_code, 0);
  world_.stop_hub();

  const std::string log = world_.hub_log();
  EXPECT_NE(log.find("\"ready\""), std::string::npos);
  expect_blind(search, "the log", log);
  const std::string wire = world_.proxy().recorded();
  EXPECT_GT(wire.size(), 100'000U) << "nothing recorded";
  EXPECT_NE(wire.find("CURVE"), std::string::npos) << "the handshakes are in it";
  expect_blind(search, "the wire", wire);
  // Inside CURVE: all that the hub was ever sent and has ever answered, kept or not.
  const std::string inside = world_.tapped();
  EXPECT_GT(inside.size(), 100'000U) << "nothing tapped";
  EXPECT_NE(inside.find(known), std::string::npos) << "the tap holds what the hub may know";
  EXPECT_NE(inside.find("nattevagt 0."), std::string::npos) << "a client's greeting, in the clear";
  expect_blind(search, "what passed inside CURVE", inside);

  std::size_t files = 0;
  for (const std::string& root : {world_.hub_data(), world_.file("copy")}) {
    std::vector<std::filesystem::path> paths = {root};
    if (std::filesystem::is_directory(root)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
        paths.push_back(entry.path());
    }
    for (const auto& path : paths) {
      if (!std::filesystem::is_regular_file(path)) continue;
      ++files;
      expect_blind(search, path.string(), read_file(path.string()));
      expect_blind(search, "a file's name", path.string());
    }
  }
  EXPECT_GE(files, 4U);
  const auto rows = journal_rows(world_.hub_data());
  ASSERT_TRUE(rows) << errc_name(rows.error().code);
  EXPECT_GE(rows->kinds.at("EntryAppended"), 20U);
  EXPECT_EQ(rows->kinds.at("AlertRaised"), 2U);
  EXPECT_NE(rows->bytes.find(known), std::string::npos) << "the rows hold what the hub may know";
  expect_blind(search, "the journal's rows", rows->bytes);
}

}  // namespace
}  // namespace nattevagt::testing
