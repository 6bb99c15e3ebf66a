#include "tests/interop/peer_process.h"

#include <nlohmann/json.hpp>

namespace nattevagt::mls::interop {

using nlohmann::json;

PeerProcess::PeerProcess(std::vector<std::string> arguments)
    : process_(testing::ProcessOptions{std::move(arguments)}) {}

std::string PeerProcess::to_line(const Request& request) {
  json out = {{"op", request.op}};
  for (const auto& [name, value] : request.fields) {
    std::visit([&, &key = name](const auto& held) { out[key] = held; }, value);
  }
  return out.dump();
}

void PeerProcess::ask_line(const std::string& line) {
  if (process_.running()) process_.write_line(line);
}

std::string PeerProcess::answer_line() {
  const auto any = [](const std::string&) { return true; };
  return process_.wait_for_line(any, testing::kHangPatience, read_++).value_or("");
}

Reply PeerProcess::answer() {
  const std::string line = answer_line();
  const json parsed = json::parse(line, nullptr, /*allow_exceptions=*/false);
  Reply out;
  if (!parsed.is_object() || !parsed.contains("ok")) {
    out.texts["error"] = "gone: " + line.substr(0, 400);
    return out;
  }
  out.ok = parsed["ok"] == true;
  for (const auto& [name, value] : parsed.items()) {
    if (value.is_string()) out.texts[name] = value.get<std::string>();
  }
  if (parsed.contains("authenticator")) {
    PeerState& state = out.state.emplace();
    state.epoch = parsed.value("epoch", std::uint64_t{0});
    state.index = parsed.value("index", std::uint32_t{0});
    state.authenticator = out["authenticator"];
    state.exporter = out["exporter"];
    state.members = parsed.value("members", std::vector<std::string>());
  }
  return out;
}

int PeerProcess::finish() { return process_.wait().exit_code; }

std::vector<std::string> our_peer(std::uint64_t seed) {
  return {testing::bin_dir() + "/nattevagt-mls-peer", "--seed", std::to_string(seed)};
}

std::vector<std::string> ts_mls_peer() {
  return {"node", "--no-warnings", NATTEVAGT_SOURCE_DIR "/tests/interop/ts-mls/peer.mjs", NATTEVAGT_TS_MLS};
}

}  // namespace nattevagt::mls::interop
