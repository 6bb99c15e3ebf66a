// nattevagt-demo [BIN_DIR] [--keep]: plays two nights with the real programs, then shows what is left of
// them. Exit code 0 when everything that was promised was seen.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/demo/stories.h"

namespace {

std::atomic<bool> stop_asked{false};
void on_signal(int) { stop_asked = true; }

using namespace nattevagt::demo;

void keep_running(Stage& stage, const Cast& cast) {
  stage.scene("Det kører videre",
              "Spil selv med i et andet vindue; her vises, hvad de andre ser. Ctrl-C slutter.");
  fmt::print("export NATTEVAGT_PIN=demo-02.40-nat PATH={}:$PATH\n\n", stage.bin_dir());
  for (const auto& actor : stage.actors()) {
    if (actor->serving()) fmt::print("  {:<20} nattevagt status --home {}\n", actor->name(), actor->home());
  }
  fmt::print("\n  nattevagt ask  --home {} --severity rød --situation psykose --alone -s \"...\"\n",
             cast.amalie.home());
  fmt::print("  nattevagt take --home {}\n\n", cast.ida.home());
  std::fflush(stdout);
  while (!stop_asked) {
    stage.pump_all();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

int play(const std::string& bin_dir, bool keep) {
  const bool colour = ::isatty(STDOUT_FILENO) == 1;
  std::optional<Stage> stage;
  try {
    stage.emplace(bin_dir, colour);
    Cast cast = make_cast(*stage);
    advice_given(*stage, cast);
    nobody_answers(*stage, cast);
    phone_is_lost(*stage, cast);
    if (keep) {
      keep_running(*stage, cast);
      return 0;
    }
    proof(*stage, cast);
    fmt::print("\n{}\n", stage->paint(32, "Alt, hvad der blev lovet, er set. Demoen er bestået."));
    return 0;
  } catch (const Failed& failed) {
    if (stage) stage->keep_folder();
    fmt::print("\n{}\n", stage ? stage->paint(31, "FEJL: " + failed.what) : "FEJL: " + failed.what);
    if (stage) fmt::print("Hubbens log: {}\nAlt andet: {}\n", stage->hub_log(), stage->folder());
    return 1;
  }
}

}  // namespace

int main(int count, char** words) {
  bool keep = false;
  std::string bin_dir = nattevagt::testing::bin_dir();
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--keep") {
      keep = true;
    } else if (word == "--help" || word.starts_with('-')) {
      fmt::print("nattevagt-demo [BIN_DIR] [--keep]\n  --keep  leave it running and play a part by hand\n");
      return word == "--help" ? 0 : 2;
    } else {
      bin_dir = word;
    }
  }
  ::setenv("TZ", "Europe/Copenhagen", 1);  // the transcript's clock is the staff's
  ::signal(SIGINT, on_signal);
  ::signal(SIGTERM, on_signal);
  return play(bin_dir, keep);
}
