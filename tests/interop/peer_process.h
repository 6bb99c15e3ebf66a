// A client of PROTOCOL.md as a child process, ours or a stranger's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/process.h"

namespace nattevagt::mls::interop {

using Value =
    std::variant<std::string, bool, std::uint32_t, std::vector<std::string>, std::vector<std::uint32_t>>;
struct Request {
  std::string op;
  std::map<std::string, Value> fields = {};
};

struct PeerState {
  std::uint64_t epoch = 0;
  std::uint32_t index = 0;
  std::string authenticator;
  std::string exporter;
  std::vector<std::string> members;
};
struct Reply {
  bool ok = false;
  // The answer's texts by name: error, impl, key_package, commit, message, kind, data ... Absent ones are "".
  std::map<std::string, std::string> texts;
  std::optional<PeerState> state;

  std::string operator[](const std::string& name) const {
    const auto found = texts.find(name);
    return found == texts.end() ? "" : found->second;
  }
};

class PeerProcess {
 public:
  explicit PeerProcess(std::vector<std::string> arguments);

  // One question and its answer. ask() and answer() apart let several peers work at once.
  Reply call(const Request& request) {
    ask(request);
    return answer();
  }
  void ask(const Request& request) { ask_line(to_line(request)); }
  void ask_line(const std::string& line);
  Reply answer();             // a dead or silent peer answers {ok: false, error: "gone"}
  std::string answer_line();  // as it came; "" from a dead one
  int finish();               // closes its input; the exit code

  static std::string to_line(const Request& request);

 private:
  testing::Process process_;
  std::size_t read_ = 0;  // lines of answers taken
};

std::vector<std::string> our_peer(std::uint64_t seed);
std::vector<std::string> ts_mls_peer();

}  // namespace nattevagt::mls::interop
