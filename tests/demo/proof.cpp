// What is left of the nights: the journals at the people, and next to nothing at the hub.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "broker/app/keys.h"
#include "broker/core/record.h"
#include "broker/io/sqlcipher_journal.h"
#include "tests/demo/stories.h"

namespace nattevagt::demo {
namespace {

std::size_t occurrences(std::string_view haystack, std::string_view needle) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = haystack.find(needle, at)) != std::string_view::npos; at += needle.size())
    ++count;
  return count;
}

// Every word that was said, in `bytes`; a find fails the demo.
void search(Stage& stage, const std::string& where, std::string_view bytes) {
  for (const auto& word : words_said()) {
    stage.require(occurrences(bytes, word) == 0, fmt::format("'{}' findes i {}", word, where));
  }
  stage.block(fmt::format("{:<62}{:>10} byte   {} ord søgt, {} fundet", where, bytes.size(),
                          words_said().size(), stage.paint(32, "0")));
}

// The process's writable memory, as the kernel shows it. Empty when we may not look.
std::string memory_of(pid_t pid) {
  std::ifstream maps(fmt::format("/proc/{}/maps", pid));
  std::ifstream memory(fmt::format("/proc/{}/mem", pid), std::ios::binary);
  std::string out;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::string range, rights;
    fields >> range >> rights;
    const std::size_t dash = range.find('-');
    if (!rights.starts_with("rw") || dash == std::string::npos || line.find("[vvar]") != std::string::npos)
      continue;
    const auto from = std::stoull(range.substr(0, dash), nullptr, 16);
    const auto to = std::stoull(range.substr(dash + 1), nullptr, 16);
    std::string part(to - from, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(from));
    memory.read(part.data(), static_cast<std::streamsize>(part.size()));
    part.resize(static_cast<std::size_t>(std::max<std::streamsize>(memory.gcount(), 0)));
    out += part;
  }
  return out;
}

// A search that can find nothing proves nothing: the alert's id, which the hub does hold, must be found.
void control(Stage& stage, const Cast& c, const std::string& where, std::string_view bytes) {
  const auto id = from_hex(c.first_alert);
  stage.require(id.has_value(), "kaldets id");
  const std::size_t found = occurrences(bytes, as_text(*id));
  stage.require(found > 0, "kontrolsøgningen virker i " + where);
  stage.block(fmt::format("  kontrol: kaldets id, som hubben kender, findes {} gange i det samme", found));
}

struct Decrypted {
  std::map<std::string, std::size_t> kinds;
  std::string bytes;  // all records' meta and bodies, one after another
};

std::string kind_of(const broker::Record& record) {
  static constexpr std::array kNames = {"GrantAnnounced",   "DeviceEnrolled",    "KeyPackageAdded",
                                        "KeyPackagesTaken", "DocumentPublished", "EntryAppended",
                                        "CursorsAdvanced",  "AlertRaised",       "AlertActed",
                                        "AlertStepped",     "EntriesTrimmed",    "AlertForgotten"};
  static_assert(kNames.size() == std::variant_size_v<broker::Fact>);
  const auto fact = broker::decode_fact(record.meta);
  return fact ? kNames[fact->index()] : "?";
}

Decrypted decrypt_journal(Stage& stage) {
  const auto keys = broker::load_keys(stage.hub_data() + "/hub.keys");
  stage.require(keys.has_value(), "hubbens nøgler kan læses af prøven");
  const auto journal = broker::SqlcipherJournal::open(stage.hub_data() + "/journal", keys->journal);
  stage.require(journal.has_value(), "hubbens journal kan åbnes med dens egen nøgle");
  Decrypted out;
  const auto read = (*journal)->read_from(0, [&](const broker::Record& record) -> Status {
    ++out.kinds[kind_of(record)];
    out.bytes += as_text(record.meta);
    for (const Bytes& body : record.bodies) out.bytes += as_text(body);
    return {};
  });
  stage.require(read.has_value() && !out.bytes.empty(), "hubbens journal kan læses");
  return out;
}

void journals(Stage& stage, Cast& c) {
  stage.scene("Beviset, 1: journalerne",
              "Begge sider og begge arkiver har hele forløbet, med navne, tider og tilbagelæsning.");
  const std::string asker = c.amalie.plain({"export", c.first_alert});
  stage.block(asker, "   │ ");
  struct Reader {
    Actor& actor;
    std::string text;
  };
  std::vector<Reader> readers;
  for (Actor* actor : {&c.amalie, &c.ida, &c.archive_solvang, &c.archive_havbakken}) {
    readers.push_back({*actor, actor->plain({"export", c.first_alert})});
  }
  for (const auto& reader : readers) {
    for (const char* must :
         {"Amalie Prøve", "SSA", "Ida Eksempel", "overlæge", "Kaje Test Hansen", "oxazepam", "15 mg",
          "Ikke korrekt – læs igen", "Tilbagelæst korrekt", "Udført", "hører stemmer"}) {
      stage.require(reader.text.find(must) != std::string::npos,
                    fmt::format("journalen hos {} indeholder '{}'", reader.actor.name(), must));
    }
    stage.block(fmt::format("{:<22}{:>4} linjer, alt er der", reader.actor.name(),
                            std::count(reader.text.begin(), reader.text.end(), '\n')));
  }
}

void what_the_hub_holds(Stage& stage, const Cast& c) {
  stage.scene("Beviset, 2: hubben",
              "Hvert ord, der blev sagt, hvert navn og CPR-nummer søges i alt, hvad hubben har.");
  const std::string memory = memory_of(stage.hub_pid());
  if (!memory.empty()) {
    search(stage, "hubbens hukommelse", memory);
    control(stage, c, "hubbens hukommelse", memory);
  }
  stage.stop_hub();
  search(stage, "hubbens log", testing::read_file(stage.hub_log()));
  for (const auto& file : std::filesystem::recursive_directory_iterator(stage.hub_data())) {
    if (!file.is_regular_file()) continue;
    search(stage, std::filesystem::relative(file.path(), stage.hub_data()).string(),
           testing::read_file(file.path().string()));
  }
  const Decrypted decrypted = decrypt_journal(stage);
  search(stage, "journalens rækker, låst op med dens nøgle", decrypted.bytes);
  control(stage, c, "journalens rækker", decrypted.bytes);
  stage.note("Det er, hvad der står i dem:");
  for (const auto& [kind, count] : decrypted.kinds) stage.block(fmt::format("{:>6} × {}", count, kind));
}

}  // namespace

void proof(Stage& stage, Cast& c) {
  journals(stage, c);
  for (const auto& actor : stage.actors()) {
    for (const auto& event : actor->events()) {
      stage.require(event["event"] != "suspicion",
                    fmt::format("{} så noget mistænkeligt: {}", actor->name(), event.dump()));
    }
  }
  for (const auto& actor : stage.actors()) actor->stop();
  what_the_hub_holds(stage, c);
}

}  // namespace nattevagt::demo
