#include "tests/demo/stage.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace nattevagt::demo {
namespace {

constexpr const char* kPin = "02400240";
constexpr std::size_t kNameColumns = 18;
constexpr std::size_t kTextColumns = 92;

std::string clock_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return fmt::format("{:02}.{:02}.{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

// Columns, not bytes: names have æ, ø and å.
std::string padded(const std::string& text, std::size_t columns) {
  const auto shown = static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  return text + std::string(shown < columns ? columns - shown : 1, ' ');
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

// Wrapped at spaces, what follows a line feed indented. Colour codes take no column.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out, word;
  std::size_t column = 0, word_columns = 0;
  bool in_code = false;
  const auto new_line = [&] {
    out += "\n" + std::string(indent, ' ');
    column = 0;
  };
  const auto end_word = [&] {
    if (column != 0 && column + 1 + word_columns > kTextColumns) {
      new_line();
    } else if (column != 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word_columns;
    word.clear();
    word_columns = 0;
  };
  for (const char c : text) {
    if (c == ' ' && !in_code) {
      end_word();
    } else if (c == '\n') {
      end_word();
      new_line();
    } else {
      if (c == '\x1b') in_code = true;
      word += c;
      if (!in_code && starts_character(c)) ++word_columns;
      if (in_code && c == 'm') in_code = false;
    }
  }
  end_word();
  return out;
}

std::vector<Json> parse_lines(const std::string& text) {
  std::vector<Json> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Json parsed = Json::parse(line, nullptr, false);
    if (parsed.is_object()) out.push_back(std::move(parsed));
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

// ---- Actor

Actor::Actor(Stage& stage, std::string key, std::string name, int colour)
    : stage_(stage),
      key_(std::move(key)),
      name_(std::move(name)),
      colour_(colour),
      home_(stage.folder() + "/" + key_) {}
Actor::~Actor() = default;

Actor::Said Actor::run(std::vector<std::string> words) {
  std::vector<std::string> all = {words.front(), "--home", home_, "--json"};
  all.insert(all.end(), words.begin() + 1, words.end());
  const auto finished = stage_.tool("nattevagt", all);
  Said said{finished.exit_code, parse_lines(finished.output), {}};
  if (!said.lines.empty()) said.text = said.lines.back().value("text", "");
  if (said.lines.empty() && finished.exit_code != 0) said.text = finished.output;
  return said;
}

Actor::Said Actor::act(const std::string& shown, std::vector<std::string> words) {
  stage_.pump_all();
  stage_.line(name_, colour_, stage_.paint(1, "▸ ") + shown);
  Said said = run(words);
  stage_.require(said.ok(), fmt::format("{}: 'nattevagt {}' gav {} {}", name_, joined(words), said.exit_code,
                                        said.text));
  if (said.lines.back().value("delivery", "") == "stored")
    stage_.line(name_, colour_, stage_.paint(32, "Sendt"));
  stage_.pump_all();
  return said;
}

std::string Actor::plain(std::vector<std::string> words) {
  std::vector<std::string> all = {words.front(), "--home", home_};
  all.insert(all.end(), words.begin() + 1, words.end());
  return stage_.tool("nattevagt", all).output;
}

void Actor::serve() {
  testing::ProcessOptions options;
  options.arguments = {stage_.bin_dir() + "/nattevagt", "serve", "--json", "--home", home_};
  options.environment = {{"NATTEVAGT_PIN", kPin}};
  options.stderr_file = stage_.folder() + "/" + key_ + ".err";
  serve_ = std::make_unique<testing::Process>(std::move(options));
  lines_read_ = 0;
  const std::size_t from = mark();
  stage_.expect(*this, from, name_ + " har forbindelse",
                [](const Json& e) { return e["event"] == "connected"; });
}

std::string Actor::open_screens() {
  stop();
  testing::ProcessOptions options;
  options.arguments = {stage_.bin_dir() + "/nattevagt-agent", "--json", "--home", home_};
  options.environment = {{"NATTEVAGT_PIN", kPin}};
  options.stderr_file = stage_.folder() + "/" + key_ + ".err";
  serve_ = std::make_unique<testing::Process>(std::move(options));
  lines_read_ = 0;
  return wait_for_link();
}

std::string Actor::next_link() {
  serve_->signal(SIGUSR1);
  return wait_for_link();
}

std::string Actor::wait_for_link() {
  const auto line = serve_->wait_for_text("\"link\"", testing::kHangPatience, lines_read_, &lines_read_);
  stage_.require(line.has_value(), name_ + ": nattevagt-agent giver et link");
  ++lines_read_;
  return Json::parse(*line)["link"];
}

void Actor::stop() {
  if (!serve_) return;
  serve_->signal(SIGTERM);
  serve_->wait();
  pump();
  serve_.reset();
}

int Actor::wait_for_end() {
  const auto finished = serve_->wait();
  pump();
  serve_.reset();
  return finished.exit_code;
}

void Actor::pump() {
  if (!serve_) return;
  const auto& lines = serve_->lines();
  for (; lines_read_ < lines.size(); ++lines_read_) {
    Json event = Json::parse(lines[lines_read_], nullptr, false);
    if (!event.is_object() || !event.contains("event")) continue;
    event["at"] = clock_now();
    events_.push_back(std::move(event));
    show(events_.back());
  }
}

void Actor::show(const Json& event) {
  const std::string kind = event["event"];
  if (kind == "alert") return show_alert(event);
  if (kind == "message" && loud) {
    const Json& message = event["message"];
    if (message["kind"] != "seen") {
      const std::string from = message["author_text"];
      stage_.line(name_, colour_,
                  stage_.paint(2, "◂ fra " + from + ": " + message["text"].get<std::string>()));
    }
  }
  if (kind == "own" && event["delivery"] == "failed")
    stage_.line(name_, colour_, stage_.paint(31, "IKKE SENDT"));
  if (kind == "members" && asker) {
    for (const auto& person : event["joined"]) {
      stage_.line(name_, colour_,
                  stage_.paint(36, person["name"].get<std::string>() + " er kommet med i samtalen"));
    }
  }
  if (kind == "suspicion")
    stage_.line(name_, colour_, stage_.paint(31, "ADVARSEL: " + event["text"].get<std::string>()));
  if (kind == "revoked") stage_.line(name_, colour_, stage_.paint(31, "Denne enhed er spærret."));
}

void Actor::show_alert(const Json& event) {
  const std::string notice = event["notice"];
  const Json& alert = event["alert"];
  if (notice == "loud") {
    stage_.line(name_, colour_, stage_.paint(31, "🔔 Ingen har overtaget. Brug reserveplanen nu."));
  } else if (notice != "none") {
    const std::string what = notice == "first"    ? "Nyt kald"
                             : notice == "repeat" ? "Kaldet gentages"
                                                  : "Kaldet ringer igen";
    stage_.line(name_, colour_,
                stage_.paint(33, fmt::format("🔔 {} – Rød – haster · {} (trin {} af {})", what,
                                             alert["unit"].get<std::string>(), alert["step"].get<int>() + 1,
                                             alert["steps"].get<int>())));
  }
  std::string state = alert["state"];
  if (state == "taken" || state == "advised") {
    state += alert["taken_by"].is_null() ? "" : alert["taken_by"]["name"].get<std::string>();
  }
  if (!asker || state == last_state_) return;
  last_state_ = state;
  const std::string raw = alert["state"];
  if (raw == "taken" && !alert["taken_by"].is_null()) {
    const auto& by = alert["taken_by"];
    const bool late = alert["late"];
    stage_.line(
        name_, colour_,
        stage_.paint(late ? 33 : 32, late ? fmt::format("{} svarede, efter at reserveplanen blev brugt.",
                                                        by["name"].get<std::string>())
                                          : fmt::format("Overtaget af {}, {}", by["name"].get<std::string>(),
                                                        by["profession"].get<std::string>())));
  }
  if (raw == "closed") stage_.line(name_, colour_, "Afsluttet");
}

// ---- Stage

Stage::Stage(std::string bin_dir, bool colour)
    : bin_dir_(std::move(bin_dir)),
      colour_(colour),
      dir_(std::make_unique<testing::TempDir>()),
      folder_(dir_->path()) {
  require(tool("nattevagt-broker", {"init", "--data", hub_data()}).exit_code == 0, "nattevagt-broker init");
  testing::write_file(folder() + "/hub.toml",
                      fmt::format("endpoint = \"tcp://127.0.0.1:{}\"\ndata_dir = \"{}\"\n",
                                  testing::free_port(), hub_data()));
  const auto pins = tool("nattevagt-broker", {"pins", "--config", folder() + "/hub.toml"});
  require(pins.exit_code == 0, "nattevagt-broker pins: " + pins.output);
  testing::write_file(folder() + "/pins.txt", pins.output);
}
Stage::~Stage() {
  for (auto& actor : actors_) actor->serve_.reset();
}

testing::Finished Stage::tool(const std::string& program, std::vector<std::string> words) {
  testing::ProcessOptions options;
  options.arguments = {bin_dir_ + "/" + program};
  options.arguments.insert(options.arguments.end(), words.begin(), words.end());
  options.environment = {{"NATTEVAGT_PIN", kPin}};
  return testing::run(std::move(options));
}

const char* Stage::pin() { return kPin; }

void Stage::start_hub() {
  testing::ProcessOptions options;
  options.arguments = {bin_dir_ + "/nattevagt-broker", "run", "--config", folder() + "/hub.toml"};
  options.stderr_file = hub_log();
  hub_ = std::make_unique<testing::Process>(std::move(options));
  for (int i = 0; i < 600; ++i) {
    if (testing::read_file(hub_log()).find("\"ready\"") != std::string::npos) return;
    require(hub_->running(), "hubben er startet");
    std::this_thread::sleep_for(Millis(20));
  }
  require(false, "hubben blev klar");
}

void Stage::stop_hub() {
  hub_->signal(SIGTERM);
  const auto finished = hub_->wait();
  require(finished.exit_code == 0, fmt::format("hubben sluttede med 0 (var {})", finished.exit_code));
}

std::string Stage::organisation_run(const std::string& organisation, std::vector<std::string> words) {
  words.insert(words.end(), {"--home", folder() + "/" + organisation});
  const auto finished = tool("nattevagt", words);
  require(finished.exit_code == 0, fmt::format("'nattevagt {}': {}", joined(words), finished.output));
  return finished.output;
}

void Stage::make_organisation(const std::string& key, const std::string& name) {
  organisation_run(key, {"org", "init", "--name", name, "--hub", folder() + "/pins.txt", "--cheap-key"});
  const std::string card = folder() + "/" + key + ".card";
  testing::write_file(card, organisation_run(key, {"org", "card"}));
  const auto added = tool("nattevagt-broker", {"add-organisation", card, "--config", folder() + "/hub.toml"});
  require(added.exit_code == 0, "add-organisation: " + added.output);
}

void Stage::trust_each_other(const std::string& a, const std::string& b) {
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
    const std::string file = folder() + "/" + from + ".trust";
    // The warning on standard error is part of the output here; the line is its first.
    const std::string said = organisation_run(from, {"org", "trust"});
    const std::size_t at = said.find("nattevagt-trust:");
    require(at != std::string::npos, "org trust");
    testing::write_file(file, said.substr(at, said.find('\n', at) - at));
    organisation_run(to, {"org", "trust", file});
  }
}

void Stage::publish(const std::string& organisation, const std::string& roster_toml) {
  const std::string file = folder() + "/" + organisation + ".toml";
  testing::write_file(file, roster_toml);
  organisation_run(organisation, {"org", "roster", "publish", file});
}

Actor& Stage::enrol(const std::string& organisation, const std::string& key, const std::string& name,
                    int colour, std::vector<std::string> grant_words) {
  grant_words.insert(grant_words.begin(), {"grant", "--json"});
  const auto granted = parse_lines(organisation_run(organisation, grant_words));
  require(!granted.empty() && granted.back().contains("link"), "grant");
  const std::string link = granted.back()["link"];
  testing::write_file(folder() + "/" + key + ".link", link);
  actors_.push_back(std::make_unique<Actor>(*this, key, name, colour));
  Actor& actor = *actors_.back();
  const auto enrolled = actor.run({"enrol", "--cheap-key", link});
  require(enrolled.ok(), name + ": enrol: " + enrolled.text);
  return actor;
}

void Stage::scene(const std::string& title, const std::string& below) {
  fmt::print("\n{}\n{}\n\n", paint(1, "━━ " + title), paint(2, "   " + below));
}
void Stage::line(const std::string& who, int colour, const std::string& text) {
  fmt::print("{}  {}{}\n", paint(2, clock_now()), paint(colour, padded(who, kNameColumns)),
             wrapped(text, 10 + kNameColumns + 2));
  std::fflush(stdout);
}
void Stage::note(const std::string& text) { fmt::print("{}\n", paint(2, "   " + text)); }
void Stage::block(const std::string& text, const std::string& indent) {
  std::istringstream lines(text);
  for (std::string one; std::getline(lines, one);) fmt::print("{}{}\n", indent, one);
}
std::string Stage::paint(int colour, const std::string& text) const {
  return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : text;
}

void Stage::require(bool held, const std::string& what) {
  if (!held) throw Failed{what};
}

void Stage::pump_all() {
  for (auto& actor : actors_) actor->pump();
}

void Stage::settle(Millis quiet) {
  auto last = std::chrono::steady_clock::now();
  std::size_t seen = 0;
  while (std::chrono::steady_clock::now() - last < quiet) {
    pump_all();
    std::size_t now = 0;
    for (const auto& actor : actors_) now += actor->events().size();
    if (now != seen) last = std::chrono::steady_clock::now();
    seen = now;
    std::this_thread::sleep_for(Millis(10));
  }
}

Json Stage::expect(Actor& actor, std::size_t from, const std::string& what, const Wanted& wanted) {
  const auto end = std::chrono::steady_clock::now() + testing::kHangPatience;
  std::size_t next = from;
  while (true) {
    pump_all();
    for (; next < actor.events().size(); ++next) {
      if (wanted(actor.events()[next])) return actor.events()[next];
    }
    require(std::chrono::steady_clock::now() < end, "ventede forgæves: " + what);
    require(!actor.serve_ || actor.serve_->running(), "serve sluttede, mens der blev ventet på: " + what);
    std::this_thread::sleep_for(Millis(5));
  }
}

}  // namespace nattevagt::demo
