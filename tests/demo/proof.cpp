// What is left of the nights: the journals at the people, and next to nothing at the hub.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "proto/common/bytes.h"
#include "tests/demo/stories.h"
#include "tests/support/blindness.h"

namespace nattevagt::demo {
namespace {

std::size_t occurrences(std::string_view haystack, std::string_view needle) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = haystack.find(needle, at)) != std::string_view::npos; at += needle.size())
    ++count;
  return count;
}

// Every word that was said, in `bytes`, as text, UTF-16, hex and base64; a find fails the demo.
void search(Stage& stage, const std::string& where, std::string_view bytes) {
  static const testing::WordSearch words(words_said());
  for (const auto& hit : words.in(bytes)) {
    stage.require(false, fmt::format("'{}' findes i {} ({})", hit.word, where, hit.shape));
  }
  stage.block(fmt::format("{:<62}{:>10} byte   {} ord søgt, {} fundet", where, bytes.size(),
                          words_said().size(), stage.paint(32, "0")));
}

// A search that can find nothing proves nothing: the alert's id, which the hub does hold, must be found.
void control(Stage& stage, const Cast& c, const std::string& where, std::string_view bytes) {
  const auto id = from_hex(c.first_alert);
  stage.require(id.has_value(), "kaldets id");
  const std::size_t found = occurrences(bytes, as_text(*id));
  stage.require(found > 0, "kontrolsøgningen virker i " + where);
  stage.block(fmt::format("  kontrol: kaldets id, som hubben kender, findes {} gange i det samme", found));
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
  const std::string memory = testing::memory_of(stage.hub_pid());
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
  const auto decrypted = testing::journal_rows(stage.hub_data());
  stage.require(decrypted && !decrypted->bytes.empty(), "hubbens journal kan åbnes med dens egen nøgle");
  search(stage, "journalens rækker, låst op med dens nøgle", decrypted->bytes);
  control(stage, c, "journalens rækker", decrypted->bytes);
  stage.note("Det er, hvad der står i dem:");
  for (const auto& [kind, count] : decrypted->kinds) stage.block(fmt::format("{:>6} × {}", count, kind));
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
