// P-084: every free text that the command line or the screens can send is planted with a word of its own; then
// all that the hub holds or ever had in its hands, and all that passed over the wire, is searched for them.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <set>

#include "client-lib/client.h"
#include "client-lib/io/zmq_connection.h"
#include "proto/common/bytes.h"
#include "proto/common/system.h"
#include "tests/support/blindness.h"
#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

// What all planted words have in common is searched for too, so that a part of one is found as well.
constexpr const char* kRoot = "kværnløg";
constexpr const char* kCpr = "210300-9996";
constexpr const char* kCprInText = "150682-1234";
constexpr const char* kCprInRoom = "010190-1234";

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
    ida_ = plant("person");
    first_role_ = plant("role");
    const std::string rune = plant("person2"), unit = plant("unit");
    const std::string second = plant("role2"), archive = plant("recorder");
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
                               plan, archive, ida_, profession, rune, first_role_, ida_, second, rune, ladder,
                               first_role_, second, unit, ladder));
    world_.enrol("husb", {"--unit", unit});
    world_.enrol("ida", {"--person", ida_});
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
  // What the screens send and the command line does not: through the library, in the unit's home.
  void play_the_screens() {
    SystemClock clock;
    SystemEntropy entropy;
    auto opened = client::Client::open({world_.file("husb"), CliWorld::kPin}, clock, entropy,
                                       std::make_unique<client::ZmqConnection>(clock, entropy));
    ASSERT_TRUE(opened) << errc_name(opened.error().code);
    client::Client& unit = **opened;
    constexpr auto kHang = std::chrono::seconds(60);
    const auto stored = [&] { return unit.sync(kHang, [](const client::Event&) {}).has_value(); };
    ASSERT_TRUE(stored());

    const auto profile = unit.add_profile({"amp", plant("profile"), plant("profile-profession")}, "4711");
    ASSERT_TRUE(profile) << errc_name(profile.error().code);
    ASSERT_TRUE(unit.use_profile(*profile, "4711"));
    std::vector<wire::Target> invited;
    for (const auto& entry : unit.directory()) {
      if (entry.target.kind == wire::TargetKind::kPerson) invited.push_back(entry.target);
    }
    ASSERT_FALSE(invited.empty());
    const auto room = unit.start_conversation({plant("room-citizen"), kCprInRoom}, invited);
    ASSERT_TRUE(room) << errc_name(room.error().code);
    wire::PlanCard card;
    card.kind = wire::PlanKind::kCrisisPlan;
    card.what = plant("plan-what");
    card.who = plant("plan-who");
    card.readmission = plant("plan-readmission");
    card.advice = plant("plan-advice");
    card.agreed_on = wire::LocalDay(std::chrono::year(2026) / 1 / 1);
    card.valid_until = wire::LocalDay(std::chrono::year(2199) / 1 / 1);
    card.parties = {{plant("plan-party"), plant("plan-party-role")}};
    ASSERT_TRUE(unit.write_plan(room->conversation, card));
    promise_ = plant("task");
    const auto task = unit.send(room->conversation, wire::Task{wire::TaskKind::kPromise, promise_, {}, {}});
    ASSERT_TRUE(task);
    ASSERT_TRUE(unit.take_item(room->conversation, *task));
    ASSERT_TRUE(unit.finish_item(room->conversation, *task, false, plant("task-dropped")));
    ASSERT_TRUE(stored());
  }
  void publish_a_rota_with_a_gap() {
    const std::string window = plant("window");
    write_file(world_.file("rota.toml"), fmt::format(R"([[window]]
name = "{}"
from = "00.00"
to = "00.00"
[[role]]
name = "{}"
covers = ["{}"]
[[role.duty]]
who = "{}"
from = 2020-01-01
until = 2020-01-02
)",
                                                     window, first_role_, window, ida_));
    must("org", {"rota", "publish", world_.file("rota.toml"), "--accept-gaps", plant("gap-accepted")});
  }
  void expect_blind(const WordSearch& search, const std::string& where, std::string_view bytes) {
    for (const auto& hit : search.in(bytes)) {
      ADD_FAILURE() << "'" << hit.word << "' as " << hit.shape << " at byte " << hit.at << " of " << where;
    }
  }

  CliWorld world_{true};
  std::vector<std::string> words_;
  std::string ida_, first_role_, promise_;
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
  play_the_screens();
  if (HasFatalFailure()) return;
  publish_a_rota_with_a_gap();
  EXPECT_TRUE(world_.json("ida", {"search", "ukendt"}).lines.empty());
  EXPECT_FALSE(world_.json("ida", {"search", promise_}).lines.empty()) << "what the screens sent went over the wire";
  std::vector<std::string> all = words_;
  for (const char* more : {kRoot, kCpr, "2103009996", kCprInText, "1506821234", kCprInRoom, "0101901234", "Solvang Kommune"}) {
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
