// The demo's stage: a real hub, one real `nattevagt serve --json` for each device, and a transcript that
// people can read. Everything that is played goes through the real programs.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace nattevagt::demo {

using Json = nlohmann::json;

// Thrown when an expectation fails; main prints it with the place of the logs.
struct Failed {
  std::string what;
};

class Stage;

// One device with the person who holds it.
class Actor {
 public:
  Actor(Stage& stage, std::string key, std::string name, int colour);
  ~Actor();

  const std::string& name() const { return name_; }
  const std::string& home() const { return home_; }
  // Runs `nattevagt WORDS... --home HOME --json`; the lines it printed. A refusal is returned, not thrown.
  struct Said {
    int exit_code = 0;
    std::vector<Json> lines;
    std::string text;  // of a refusal
    bool ok() const { return exit_code == 0; }
  };
  Said run(std::vector<std::string> words);
  // Says on the transcript what is done, runs it, and expects that it was accepted.
  Said act(const std::string& shown, std::vector<std::string> words);
  std::string plain(std::vector<std::string> words);  // what a person would have been shown

  void serve();
  void stop();  // switched off
  // `nattevagt-agent` instead of `serve`: the device rings, and its screens are at the link that is returned.
  std::string open_screens();
  std::string next_link();  // another one of the same agent
  bool serving() const { return serve_ != nullptr; }
  int wait_for_end();  // of `serve`, by itself

  // Events since `serve`, in order, each once.
  const std::vector<Json>& events() const { return events_; }
  std::size_t mark() const { return events_.size(); }
  void pump();  // reads and shows what came

  bool loud = false;   // incoming words are shown at this one
  bool asker = false;  // deliveries and states are shown at this one

 private:
  friend class Stage;
  void show(const Json& event);
  void show_alert(const Json& event);
  std::string wait_for_link();

  Stage& stage_;
  std::string key_, name_;
  int colour_;
  std::string home_;
  std::unique_ptr<testing::Process> serve_;
  std::size_t lines_read_ = 0;
  std::vector<Json> events_;
  std::string last_state_;
};

class Stage {
 public:
  Stage(std::string bin_dir, bool colour);
  ~Stage();

  // ---- Building it
  void start_hub();
  void stop_hub();  // SIGTERM, and waits
  void make_organisation(const std::string& key, const std::string& name);
  void trust_each_other(const std::string& a, const std::string& b);
  void publish(const std::string& organisation, const std::string& roster_toml);
  Actor& enrol(const std::string& organisation, const std::string& key, const std::string& name, int colour,
               std::vector<std::string> grant_words);
  std::string organisation_run(const std::string& organisation, std::vector<std::string> words);

  // ---- Telling
  void scene(const std::string& title, const std::string& below);
  void line(const std::string& who, int colour, const std::string& text);
  void note(const std::string& text);
  void block(const std::string& text, const std::string& indent = "    ");
  std::string paint(int colour, const std::string& text) const;

  // ---- Expecting
  using Wanted = std::function<bool(const Json&)>;
  // Waits for an event at `actor`, from `from` on, while everybody's events are shown.
  Json expect(Actor& actor, std::size_t from, const std::string& what, const Wanted& wanted);
  void require(bool held, const std::string& what);
  void pump_all();
  void settle(Millis quiet);  // shows what still comes, until nothing has come for so long

  const std::string& folder() const { return folder_; }
  const std::string& bin_dir() const { return bin_dir_; }
  std::string hub_log() const { return folder() + "/hub.log"; }
  std::string hub_data() const { return folder() + "/hub"; }
  const std::vector<std::unique_ptr<Actor>>& actors() const { return actors_; }
  pid_t hub_pid() const { return hub_->pid(); }
  void keep_folder() { static_cast<void>(dir_.release()); }

  static const char* pin();  // of every device on this stage

  testing::Finished tool(const std::string& program, std::vector<std::string> words);

 private:
  std::string bin_dir_;
  bool colour_;
  std::unique_ptr<testing::TempDir> dir_;
  std::string folder_;  // outlives dir_ when it is kept
  std::unique_ptr<testing::Process> hub_;
  std::vector<std::unique_ptr<Actor>> actors_;
};

}  // namespace nattevagt::demo
