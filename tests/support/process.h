// Real processes for system tests and the demo: start, talk, wait for a line, kill, collect.
//
// A Process kills its child (SIGKILL, the whole process group) when it goes; a test that fails leaves nothing
// running. Waits have a patience that is for hangs only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/common/clock.h"

namespace nattevagt::testing {

struct ProcessOptions {
  std::vector<std::string> arguments = {};              // the program first
  std::map<std::string, std::string> environment = {};  // added to ours
  std::string stderr_file = {};                         // empty: into the same lines as stdout
  std::string working_directory = {};
};

struct Finished {
  int exit_code = 0;   // 128 + signal when killed by one
  std::string output;  // stdout, and stderr unless it has a file
};

inline constexpr Millis kHangPatience = std::chrono::seconds(60);

class Process {
 public:
  explicit Process(ProcessOptions options);  // NV_CHECKs that the child starts
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  // All lines so far; each line once in order.
  const std::vector<std::string>& lines();
  // The first line from index `from` on for which `wanted` is true, waiting for it; its index in `*found`.
  std::optional<std::string> wait_for_line(const std::function<bool(const std::string&)>& wanted,
                                           Millis patience = kHangPatience, std::size_t from = 0,
                                           std::size_t* found = nullptr);
  std::optional<std::string> wait_for_text(const std::string& text, Millis patience = kHangPatience,
                                           std::size_t from = 0, std::size_t* found = nullptr);
  void write_line(const std::string& line);  // to its standard input
  void signal(int number);
  Finished wait(Millis patience = kHangPatience);  // SIGKILL after the patience
  void kill_nine();                                // SIGKILL and reap

 private:
  void read_some(Millis wait);
  pid_t pid_ = -1;
  int out_ = -1;
  int in_ = -1;
  std::string partial_;
  std::vector<std::string> lines_;
  std::optional<int> exit_code_;
};

// Starts, waits, collects.
Finished run(ProcessOptions options, Millis patience = kHangPatience);

// A folder that goes with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string read_file(const std::string& path);  // empty when it is not there
void write_file(const std::string& path, const std::string& text);
int free_port();                   // of 127.0.0.1, free a moment ago
std::string metrics_at(int port);  // what the endpoint on 127.0.0.1 answers; empty when nobody does
// The metric nattevagt_NAME there; nothing when it is not said. Published once a second: look with comes_true.
std::optional<std::uint64_t> metric_at(int port, const std::string& name);
// Looks, every 20 ms and for as long as only a hang would take, until it is so.
bool comes_true(const std::function<bool()>& wanted);
// The folder of our own programs: $NATTEVAGT_BIN, else where the running program is.
std::string bin_dir();

}  // namespace nattevagt::testing
