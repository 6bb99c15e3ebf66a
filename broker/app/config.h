// The hub's settings: a TOML file. What is not known is an error with its line, because a misspelt limit
// would otherwise be no limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/hub_core.h"

namespace nattevagt::broker {

struct Config {
  std::string endpoint;   // endpoint = "tcp://0.0.0.0:5670"
  std::string data_dir;   // data_dir = "/var/lib/nattevagt"
  std::string keys_file;  // keys_file; default $CREDENTIALS_DIRECTORY/hub.keys, else data_dir/hub.keys
  std::string organisations_dir;      // organisations_dir; default data_dir/organisations; files *.card
  std::string metrics_address;        // metrics_address = "127.0.0.1:9570"; empty: none. Loopback only
  std::uint64_t connections_max = 0;  // [limits] connections_max; 0: nine tenths of the descriptors
  std::uint64_t memory_max_mib =
      1'536;  // [limits] memory_max_mib: restart above it; below the unit's MemoryMax
  std::uint64_t disk_reserve_mib = 256;      // [limits] disk_reserve_mib: kept for alerts and acts
  std::uint64_t body_cache_mib = 64;         // [limits] body_cache_mib
  std::uint64_t snapshot_records = 200'000;  // [journal] snapshot_records; once a day in any case
  std::uint64_t snapshot_mib = 512;          // [journal] snapshot_mib
  bool verify_at_start = true;               // [journal] verify_at_start: read every page and check its HMAC

  std::uint64_t audit_days = 400;            // [audit] keep_days
  std::string watchdog_url;                  // [watchdog] url: https, or http on loopback; empty: none
  std::uint64_t watchdog_seconds = 60;       // [watchdog] every_seconds

  std::uint64_t check_in_seconds = 600;      // [duty] check_in_within_seconds: of a shift's beginning (P-183)
  std::uint64_t silent_seconds = 180;        // [duty] silent_after_seconds: no device of a person on duty heard

  std::string journal_path() const { return data_dir + "/journal"; }
};

// What is wrong, in words with a line, for the operator; never logged.
struct ConfigProblem {
  std::string text;
};

// Exactly one of the two is filled.
struct ConfigOutcome {
  Config config;
  std::vector<ConfigProblem> problems;  // empty: config is good
};
ConfigOutcome parse_config(std::string_view toml, std::string_view file_name);
ConfigOutcome load_config(const std::string& path);

// The organisations' cards in the folder, in the order of their ids. Each bad card is a problem.
struct CardsOutcome {
  std::vector<wire::OrganisationCard> cards;
  std::vector<ConfigProblem> problems;
};
CardsOutcome load_cards(const std::string& folder);

}  // namespace nattevagt::broker
