// A hub, one organisation and its devices, all made and used through the real programs.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/recording_proxy.h"

namespace nattevagt::testing {

using Json = nlohmann::json;

struct CliResult {
  int exit_code = 0;
  std::string output;       // both streams
  std::vector<Json> lines;  // those of them that are JSON objects
  bool says(const std::string& text) const { return output.find(text) != std::string::npos; }
  const Json& last() const { return lines.back(); }
};

class CliWorld {
 public:
  static constexpr const char* kPin = "hemmelig-1234";  // of all homes
  // The hub runs, the roster is published. `recorded`: everybody reaches the hub through proxy(), and what
  // the hub sends and gets inside CURVE is in tapped().
  explicit CliWorld(bool recorded = false);

  void start_hub();
  void stop_hub();
  pid_t hub_pid() const { return hub_->pid(); }
  std::string hub_data() const { return file("hub"); }
  std::string hub_log() const { return read_file(file("hub.log")); }
  std::string hub_metrics() const { return metrics_at(metrics_port_); }
  std::optional<std::uint64_t> hub_metric(const std::string& name) const {
    return metric_at(metrics_port_, name);
  }
  RecordingProxy& proxy() { return *proxy_; }
  std::string tapped() const { return read_file(file("tap")); }
  struct TappedFrame {
    bool from_hub = false;
    std::string bytes;  // without ZMTP's flag byte
  };
  std::vector<TappedFrame> tapped_frames() const;
  CliResult broker(std::vector<std::string> words);
  // nattevagt WORDS --home HOME; HOME is a name in the world's folder.
  CliResult run(const std::string& home, std::vector<std::string> words, const std::string& stdin_text = {});
  CliResult json(const std::string& home, std::vector<std::string> words);
  std::string grant(std::vector<std::string> who);  // the link
  void enrol(const std::string& home, std::vector<std::string> who);
  void enrol_unit() { enrol("husb", {"--unit", "hus B"}); }
  void enrol_ida() { enrol("ida", {"--person", "Ida Eksempel"}); }
  // ask with a text of its own; the alert's id.
  std::string ask(const std::string& text);

  std::unique_ptr<Process> serve(const std::string& home);  // --json, connected
  // nattevagt WORDS --json --home HOME, running.
  std::unique_ptr<Process> start(const std::string& home, std::vector<std::string> words);
  std::string file(const std::string& name) const { return dir_.file(name); }
  void publish(const std::string& toml);
  static std::string roster();

 private:
  TempDir dir_;
  int metrics_port_ = 0;
  std::unique_ptr<Process> hub_;
  std::unique_ptr<RecordingProxy> proxy_;
};

bool is_event(const std::string& line, const std::string& name);

}  // namespace nattevagt::testing
