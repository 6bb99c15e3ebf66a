#include "tests/demo/screens.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace nattevagt::demo {
namespace {

std::map<std::string, Actor*> by_key(Cast& c) {
  return {{"amalie", &c.amalie}, {"jonas", &c.jonas}, {"ida", &c.ida},
          {"rune", &c.rune},     {"lis", &c.lis},     {"vera", &c.vera}, {"tove", &c.tove}};
}

void say(const Json& json) {
  std::cout << json.dump() << std::endl;  // a test reads line by line
}

constexpr const char* kScreens[] = {"amalie", "ida", "rune"};

Json open_all(Cast& cast) {
  Json links = Json::object();
  const auto actors = by_key(cast);
  for (const char* key : kScreens) links[key] = actors.at(key)->open_screens();
  return links;
}

Json restart(Stage& stage, Cast& cast) {
  std::vector<Actor*> on;  // whoever was off stays off
  for (const auto& actor : stage.actors()) {
    if (actor->serving()) on.push_back(actor.get());
    actor->stop();
  }
  stage.stop_hub();
  stage.start_hub();
  const auto actors = by_key(cast);
  for (Actor* actor : on) {
    const bool has_screens = std::any_of(std::begin(kScreens), std::end(kScreens),
                                         [&](const char* key) { return actors.at(key) == actor; });
    if (!has_screens) actor->serve();
  }
  return {{"ok", true}, {"links", open_all(cast)}};
}

Json obey(Stage& stage, Cast& cast, const std::string& line) {
  const std::size_t space = line.find(' ');
  const std::string verb = line.substr(0, space);
  const std::string key = space == std::string::npos ? std::string() : line.substr(space + 1);
  const auto actors = by_key(cast);
  const auto found = actors.find(key);
  if (verb == "seconds" || verb == "minutes") {
    publish_solvang(stage, verb == "seconds");
  } else if (verb == "stop-hub") {
    stage.stop_hub();
  } else if (verb == "start-hub") {
    stage.start_hub();
  } else if (verb == "restart") {
    return restart(stage, cast);
  } else if (found == actors.end()) {
    return {{"ok", false}, {"line", line}};
  } else if (verb == "link") {
    return {{"ok", true}, {"link", found->second->next_link()}};
  } else if (verb == "stop") {
    found->second->stop();
  } else if (verb == "start") {
    return {{"ok", true}, {"link", found->second->open_screens()}};
  } else {
    return {{"ok", false}, {"line", line}};
  }
  return {{"ok", true}};
}

// The next line on standard input, while what the others' devices tell is read off; nothing at its end, or
// when `stop` is set.
std::optional<std::string> next_line(Stage& stage, const std::atomic<bool>& stop) {
  static std::string typed;
  while (!stop) {
    if (const std::size_t end = typed.find('\n'); end != std::string::npos) {
      std::string line = typed.substr(0, end);
      typed.erase(0, end + 1);
      return line;
    }
    stage.pump_all();
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 50) <= 0) continue;
    char some[256];
    const ssize_t got = ::read(STDIN_FILENO, some, sizeof some);
    if (got <= 0) return std::nullopt;
    typed.append(some, static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

}  // namespace

void screens_for_people(Stage& stage, Cast& cast, const std::atomic<bool>& stop) {
  stage.scene("Nu er det dig", "Fire skærme i en browser, mod den samme hub. Ctrl-C slutter.");
  Actor* const screens[] = {&cast.amalie, &cast.ida, &cast.rune, &cast.tove};
  int number = 0;
  for (Actor* actor : screens)
    fmt::print("  {}  {:<20} {}\n", ++number, actor->name(), actor->open_screens());
  fmt::print("\n  PIN på dem alle: {}\n", Stage::pin());
  fmt::print("  Et link gælder én gang. Skriv skærmens nummer og Enter for et nyt.\n\n");
  fmt::print("  Sådan spilles natten, med hver skærm i sit eget vindue:\n"
             "  - Hos Amalie: lås op, skriv dit navn og en PIN, og tryk \"Spørg vagthavende psykiater\".\n"
             "  - Hos Ida: lås op. Det ringer: åbn kaldet, tryk \"Jeg tager den\", og giv et råd.\n"
             "  - Hos Amalie: læs rådet tilbage. Hos Ida: \"Tilbagelæst korrekt\".\n"
             "  - Eller tag det ikke: efter fem minutter ringer det hos Rune.\n"
             "  - Hos botilbudsteamet (Tove): nattens overblik under \"Morgen\".\n\n");
  fmt::print("  De andre, fra et andet vindue (export NATTEVAGT_PIN={} PATH={}:$PATH):\n", Stage::pin(),
             stage.bin_dir());
  for (const auto& actor : stage.actors()) {
    if (std::find(std::begin(screens), std::end(screens), actor.get()) == std::end(screens) &&
        actor->serving()) {
      fmt::print("  {:<20} nattevagt status --home {}\n", actor->name(), actor->home());
    }
  }
  std::fflush(stdout);
  while (const auto line = next_line(stage, stop)) {
    if (line->size() != 1 || line->front() < '1' || line->front() > '4') continue;
    Actor& actor = *screens[line->front() - '1'];
    fmt::print("  {}  {:<20} {}\n", *line, actor.name(), actor.next_link());
    std::fflush(stdout);
  }
  // Standard input may be closed from the start: then the end comes by a signal.
  while (!stop) {
    stage.pump_all();
    ::usleep(50'000);
  }
}

int screens_for_tests(Stage& stage, Cast& cast) {
  Json homes = Json::object();
  for (const auto& [key, actor] : by_key(cast)) homes[key] = actor->home();
  say({{"event", "ready"},
       {"pin", Stage::pin()},
       {"bin", stage.bin_dir()},
       {"folder", stage.folder()},
       {"homes", homes},
       {"links", open_all(cast)}});
  const std::atomic<bool> never{false};
  while (const auto line = next_line(stage, never)) say(obey(stage, cast, *line));
  return 0;
}

}  // namespace nattevagt::demo
