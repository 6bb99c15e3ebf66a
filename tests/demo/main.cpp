// nattevagt-demo [BIN_DIR] [--keep | --screens]: plays two nights with the real programs, then shows what is
// left of them, or goes on with screens in a browser. Exit code 0 when everything that was promised was seen.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/demo/screens.h"

namespace {

std::atomic<bool> stop_asked{false};
void on_signal(int) { stop_asked = true; }

using namespace nattevagt::demo;

enum class Mode { kPlay, kKeep, kScreens };

int play(const std::string& bin_dir, Mode mode) {
  const bool colour = ::isatty(STDOUT_FILENO) == 1;
  std::optional<Stage> stage;
  try {
    stage.emplace(bin_dir, colour);
    Cast cast = make_cast(*stage);
    if (mode == Mode::kScreens) {
      publish_rota(*stage);
      return screens_for_tests(*stage, cast);
    }
    advice_given(*stage, cast);
    nobody_answers(*stage, cast);
    phone_is_lost(*stage, cast);
    if (mode == Mode::kKeep) {
      publish_solvang(*stage, false);
      publish_rota(*stage);
      screens_for_people(*stage, cast, stop_asked);
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
  Mode mode = Mode::kPlay;
  std::string bin_dir = nattevagt::testing::bin_dir();
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--keep") {
      mode = Mode::kKeep;
    } else if (word == "--screens") {
      mode = Mode::kScreens;
    } else if (word == "--help" || word.starts_with('-')) {
      fmt::print(
          "nattevagt-demo [BIN_DIR] [--keep | --screens]\n"
          "  --keep     leave it running, with four screens in a browser to play on\n"
          "  --screens  only the stage with its screens, driven by lines on standard input (screens.h)\n");
      return word == "--help" ? 0 : 2;
    } else {
      bin_dir = word;
    }
  }
  ::setenv("TZ", "Europe/Copenhagen", 1);  // the transcript's clock is the staff's
  ::signal(SIGINT, on_signal);
  ::signal(SIGTERM, on_signal);
  return play(bin_dir, mode);
}
