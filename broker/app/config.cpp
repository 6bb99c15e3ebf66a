#include "broker/app/config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// One table of the file: each known key with what takes its value and says what is wrong with it.
class Table {
 public:
  using Take = std::function<std::string(const toml::node&)>;

  void text(const char* key, std::string& into) {
    keys_[key] = [&into](const toml::node& node) -> std::string {
      const auto value = node.value_exact<std::string>();
      if (!value || value->empty()) return "must be a text that is not empty";
      into = *value;
      return "";
    };
  }
  enum class Zero : std::uint8_t { kOutOfRange, kMeansChosen };  // by the program itself
  void number(const char* key, std::uint64_t& into, std::int64_t least, std::int64_t most,
              Zero zero = Zero::kOutOfRange) {
    keys_[key] = [&into, least, most, zero](const toml::node& node) -> std::string {
      const auto value = node.value_exact<std::int64_t>();
      const bool chosen = zero == Zero::kMeansChosen && value == 0;
      if (!value || (!chosen && (*value < least || *value > most))) {
        return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
               (zero == Zero::kMeansChosen ? ", or 0" : "");
      }
      into = static_cast<std::uint64_t>(*value);
      return "";
    };
  }
  void truth(const char* key, bool& into) {
    keys_[key] = [&into](const toml::node& node) -> std::string {
      const auto value = node.value_exact<bool>();
      if (!value) return "must be true or false";
      into = *value;
      return "";
    };
  }
  void table(const char* key, const Table& inner, std::vector<std::string>& problems) {
    keys_[key] = [&inner, &problems](const toml::node& node) -> std::string {
      const auto* table = node.as_table();
      if (table == nullptr) return "must be a table: [name]";
      inner.read(*table, problems);
      return "";
    };
  }
  void read(const toml::table& table, std::vector<std::string>& problems) const {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      const auto known = keys_.find(name);
      const std::string wrong =
          known == keys_.end() ? "is not a setting; the known ones here are " + names() : known->second(node);
      if (wrong.empty()) continue;
      std::string& problem = problems.emplace_back("line ");
      problem += std::to_string(key.source().begin.line);
      problem.append(": '").append(name).append("' ").append(wrong);
    }
  }

 private:
  std::string names() const {
    std::string out;
    for (const auto& [name, take] : keys_) out += (out.empty() ? "" : ", ") + name;
    return out;
  }
  std::map<std::string, Take> keys_;
};

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("[::1]:") || address.starts_with("localhost:");
}

// A ping over the open net says when this hub lives; only its own machine may hear it in clear.
bool is_watchdog_url(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1:") || url.starts_with("http://[::1]:");
}

void check_and_complete(Config& config, std::vector<std::string>& problems) {
  if (config.endpoint.empty()) {
    problems.push_back("'endpoint' is missing; say where to listen: endpoint = \"tcp://0.0.0.0:5670\"");
  } else if (!config.endpoint.starts_with("tcp://")) {
    problems.push_back("'endpoint' must begin with tcp://");
  }
  if (config.data_dir.empty()) {
    problems.push_back("'data_dir' is missing; use the folder of nattevagt-broker init --data");
  }
  if (!config.metrics_address.empty() && !is_loopback(config.metrics_address)) {
    problems.push_back(
        "'metrics_address' must be on loopback (127.0.0.1:9570): metrics have no access control");
  }
  if (!config.watchdog_url.empty() && !is_watchdog_url(config.watchdog_url)) {
    problems.push_back("'watchdog.url' must begin with https:// (http:// on 127.0.0.1 alone)");
  }
  if (config.keys_file.empty()) {
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    const std::string given = credentials == nullptr ? "" : std::string(credentials) + "/hub.keys";
    const bool there = !given.empty() && std::filesystem::exists(given);
    config.keys_file = there ? given : config.data_dir + "/hub.keys";
  }
  if (config.organisations_dir.empty()) config.organisations_dir = config.data_dir + "/organisations";
}

}  // namespace

ConfigOutcome parse_config(std::string_view text, std::string_view file_name) {
  ConfigOutcome outcome;
  const std::string where = std::string(file_name) + ": ";
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    outcome.problems.push_back({where + "line " + std::to_string(parsed.error().source().begin.line) + ": " +
                                std::string(parsed.error().description())});
    return outcome;
  }
  Config& config = outcome.config;
  std::vector<std::string> problems;
  constexpr std::int64_t kMib = 1'000'000;  // a terabyte of them
  Table limits;
  limits.number("connections_max", config.connections_max, 10, 1'000'000, Table::Zero::kMeansChosen);
  limits.number("memory_max_mib", config.memory_max_mib, 16, kMib);
  limits.number("disk_reserve_mib", config.disk_reserve_mib, 0, kMib);
  limits.number("body_cache_mib", config.body_cache_mib, 1, kMib);
  Table journal;
  journal.number("snapshot_records", config.snapshot_records, 100, 100'000'000);
  journal.number("snapshot_mib", config.snapshot_mib, 1, kMib);
  journal.truth("verify_at_start", config.verify_at_start);
  Table audit;
  audit.number("keep_days", config.audit_days, 30, 3'660);
  Table watchdog;
  watchdog.text("url", config.watchdog_url);
  watchdog.number("every_seconds", config.watchdog_seconds, 1, 3'600);
  Table duty;
  duty.number("check_in_within_seconds", config.check_in_seconds, 1, 4 * 3'600);
  duty.number("silent_after_seconds", config.silent_seconds, 20, 4 * 3'600);
  Table root;
  root.text("endpoint", config.endpoint);
  root.text("data_dir", config.data_dir);
  root.text("keys_file", config.keys_file);
  root.text("organisations_dir", config.organisations_dir);
  root.text("metrics_address", config.metrics_address);
  root.table("limits", limits, problems);
  root.table("journal", journal, problems);
  root.table("audit", audit, problems);
  root.table("watchdog", watchdog, problems);
  root.table("duty", duty, problems);
  root.read(parsed.table(), problems);
  check_and_complete(config, problems);
  std::sort(problems.begin(), problems.end());
  for (const std::string& problem : problems) outcome.problems.push_back({where + problem});
  return outcome;
}

ConfigOutcome load_config(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return {{}, {{path + ": cannot be read; is the path right, and may this user read it?"}}};
  return parse_config(*text, path);
}

CardsOutcome load_cards(const std::string& folder) {
  CardsOutcome outcome;
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".card") files.push_back(entry.path().string());
  }
  if (error) return outcome;  // no folder: no organisations yet
  std::map<OrganisationId, wire::OrganisationCard> cards;
  for (const std::string& file : files) {
    const auto text = read_text(file);
    const std::size_t end = text ? text->find_last_not_of(" \r\n\t") : std::string::npos;
    const auto card = end == std::string::npos
                          ? Result<wire::OrganisationCard>(fail(Errc::kMalformed, "card"))
                          : wire::decode_card(std::string_view(*text).substr(0, end + 1));
    if (card) {
      cards.insert_or_assign(card->id, *card);
    } else {
      outcome.problems.push_back({file + ": is not an organisation's card (nattevagt-hub-card:...)"});
    }
  }
  for (auto& [id, card] : cards) outcome.cards.push_back(card);
  return outcome;
}

}  // namespace nattevagt::broker
