#include "tests/system/cli_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>
#include <thread>

namespace nattevagt::testing {
namespace {

CliResult result_of(const Finished& finished) {
  CliResult out{finished.exit_code, finished.output, {}};
  std::istringstream lines(finished.output);
  for (std::string line; std::getline(lines, line);) {
    Json parsed = Json::parse(line, nullptr, false);
    if (parsed.is_object()) out.lines.push_back(std::move(parsed));
  }
  return out;
}

}  // namespace

CliWorld::CliWorld(bool recorded) : metrics_port_(free_port()) {
  EXPECT_EQ(broker({"init", "--data", hub_data()}).exit_code, 0);
  const int port = free_port();
  write_file(file("hub.toml"), fmt::format("endpoint = \"tcp://127.0.0.1:{}\"\ndata_dir = \"{}\"\n"
                                           "metrics_address = \"127.0.0.1:{}\"\n",
                                           port, hub_data(), metrics_port_));
  write_file(file("pins"), broker({"pins", "--config", file("hub.toml")}).output);
  std::vector<std::string> init = {"org",   "init",       "--name",     "Solvang Kommune",
                                   "--hub", file("pins"), "--cheap-key"};
  if (recorded) {
    proxy_ = std::make_unique<RecordingProxy>(port);
    init.insert(init.end(), {"--endpoint", fmt::format("tcp://127.0.0.1:{}", proxy_->port())});
  }
  EXPECT_EQ(run("org", init).exit_code, 0);
  write_file(file("card"), run("org", {"org", "card"}).output);
  EXPECT_EQ(broker({"add-organisation", file("card"), "--config", file("hub.toml")}).exit_code, 0);
  start_hub();
  publish(roster());
}

std::string CliWorld::roster() {
  return R"(reserve_plan = "Ring 114, eller akuttelefonen 70 00 00 01"
recorders = ["Arkiv: Solvang"]
[[person]]
name = "Ida Eksempel"
profession = "overlæge"
[[person]]
name = "Rune Eksempel"
[[role]]
name = "forvagt"
holders = ["Ida Eksempel"]
[[role]]
name = "bagvagt"
holders = ["Rune Eksempel"]
[[ladder]]
name = "nat"
advice_within = "1h"
[[ladder.step]]
to = ["forvagt"]
wait = "1h"
[[ladder.step]]
to = ["bagvagt"]
wait = "1h"
[[unit]]
name = "hus B"
ladders = { alarm = "nat", roed = "nat", gul = "nat" }
)";
}

void CliWorld::publish(const std::string& toml) {
  write_file(file("roster.toml"), toml);
  const auto published = run("org", {"org", "roster", "publish", file("roster.toml")});
  EXPECT_EQ(published.exit_code, 0) << published.output;
}

void CliWorld::start_hub() {
  ProcessOptions options;
  options.arguments = {bin_dir() + "/nattevagt-broker", "run", "--config", file("hub.toml")};
  options.stderr_file = file("hub.log");
  if (proxy_) {
    options.environment = {{"LD_PRELOAD", bin_dir() + "/libnattevagt_curve_tap.so"},
                           {"NATTEVAGT_TAP", file("tap")}};
  }
  const std::size_t from = hub_log().size();
  hub_ = std::make_unique<Process>(std::move(options));
  while (hub_->running() && hub_log().find("\"ready\"", from) == std::string::npos)
    std::this_thread::sleep_for(Millis(5));
  EXPECT_TRUE(hub_->running()) << hub_log();
}

void CliWorld::stop_hub() {
  hub_->signal(SIGTERM);
  EXPECT_EQ(hub_->wait().exit_code, 0);
}

CliResult CliWorld::broker(std::vector<std::string> words) {
  words.insert(words.begin(), bin_dir() + "/nattevagt-broker");
  ProcessOptions options;
  options.arguments = std::move(words);
  options.stderr_file = file("broker.err");
  return result_of(testing::run(std::move(options)));
}

CliResult CliWorld::run(const std::string& home, std::vector<std::string> words,
                        const std::string& stdin_text) {
  words.insert(words.begin(), bin_dir() + "/nattevagt");
  words.insert(words.end(), {"--home", file(home)});
  ProcessOptions options;
  options.arguments = std::move(words);
  options.environment = {{"NATTEVAGT_PIN", kPin}};
  // The card is piped into a file: what is said beside it must not be in it.
  const bool apart = options.arguments[1] == "org" && options.arguments[2] == "card";
  if (apart) options.stderr_file = file("card.err");
  Process process(std::move(options));
  if (!stdin_text.empty()) process.write_line(stdin_text);
  return result_of(process.wait());
}

CliResult CliWorld::json(const std::string& home, std::vector<std::string> words) {
  words.push_back("--json");
  return run(home, std::move(words));
}

std::string CliWorld::grant(std::vector<std::string> who) {
  who.insert(who.begin(), "grant");
  const auto granted = json("org", std::move(who));
  EXPECT_EQ(granted.exit_code, 0) << granted.output;
  return granted.last()["link"];
}

void CliWorld::enrol(const std::string& home, std::vector<std::string> who) {
  const auto enrolled = run(home, {"enrol", "--cheap-key", grant(std::move(who))});
  EXPECT_EQ(enrolled.exit_code, 0) << enrolled.output;
}

std::string CliWorld::ask(const std::string& text) {
  const auto asked = json("husb", {"ask", "--severity", "rød", "--situation", "psykose", "-s", text});
  EXPECT_EQ(asked.exit_code, 0) << asked.output;
  return asked.last()["alert"];
}

std::unique_ptr<Process> CliWorld::start(const std::string& home, std::vector<std::string> words) {
  words.insert(words.begin(), bin_dir() + "/nattevagt");
  words.insert(words.end(), {"--json", "--home", file(home)});
  ProcessOptions options;
  options.arguments = std::move(words);
  options.environment = {{"NATTEVAGT_PIN", kPin}};
  return std::make_unique<Process>(std::move(options));
}

std::unique_ptr<Process> CliWorld::serve(const std::string& home) {
  auto process = start(home, {"serve"});
  EXPECT_TRUE(process->wait_for_line([](const std::string& line) { return is_event(line, "connected"); }));
  return process;
}

std::vector<CliWorld::TappedFrame> CliWorld::tapped_frames() const {
  const std::string all = tapped();
  std::vector<TappedFrame> out;
  for (std::size_t at = 0; at + 4 <= all.size();) {
    const bool from_hub = (static_cast<std::uint8_t>(all[at]) & 0x80) != 0;
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = (size << 8) | static_cast<std::uint8_t>(all[at + i]);
    size &= 0x7FFF'FFFFU;
    if (size > 1) out.push_back({from_hub, all.substr(at + 5, size - 1)});
    at += 4 + size;
  }
  return out;
}

bool is_event(const std::string& line, const std::string& name) {
  const Json parsed = Json::parse(line, nullptr, false);
  return parsed.is_object() && parsed.value("event", "") == name;
}

}  // namespace nattevagt::testing
