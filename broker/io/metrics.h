// What Prometheus reads: numbers alone, no label that comes from outside (P-084).
//
// The runner publishes a copy about once a second; the server answers scrapes from that copy on its own
// threads, so a scrape never waits for the hub nor the hub for a scrape.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/core/hub_core.h"
#include "broker/io/front.h"

namespace nattevagt::broker {

// Counts of values at most each bound, and above the last; bounds fit seconds as well as counts.
struct Distribution {
  static constexpr std::array<double, 12> kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                      0.01,   0.025,   0.05,   0.1,   1,      10};
  std::array<std::uint64_t, kSeconds.size() + 1> counts{};
  double sum = 0;
  void add(double seconds) noexcept;
};

struct RunnerCounters {
  std::uint64_t ready = 0, storage_failing = 0, space_low = 0, draining = 0;  // 0 or 1, now
  std::uint64_t commits = 0, commits_failed = 0, records = 0, journal_index = 0;
  std::uint64_t compactions = 0, compactions_failed = 0;
  std::uint64_t frames_malformed = 0, refused_storage = 0, refused_in_flight = 0, refused_draining = 0;
  std::uint64_t receipts = 0, body_cache_hits = 0, body_cache_misses = 0, bodies_missing = 0;
  std::uint64_t zap_admitted = 0, zap_refused = 0, admitted_keys = 0;
  std::uint64_t resident_bytes = 0, memory_max_bytes = 0, disk_free_bytes = 0, descriptors_max = 0;
  std::uint64_t reconciled = 0, alert_faults = 0, alert_faults_now = 0, audit_broken = 0;
  std::uint64_t watchdog_pings = 0, watchdog_failed = 0;
  std::int64_t wall_offset_ms = 0;
  Distribution commit_seconds;
};

struct MetricsValues {
  Counters core;
  FrontCounters front;
  RunnerCounters runner;
};

// In Prometheus' text format; for tests and for `status`.
std::string metrics_text(const MetricsValues& values);

class MetricsServer {
 public:
  // "127.0.0.1:9570"; port 0 takes a free one. kUnavailable when it cannot be bound.
  static Result<std::unique_ptr<MetricsServer>> start(const std::string& address);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  void publish(const MetricsValues& values);
  int port() const;

 private:
  MetricsServer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nattevagt::broker
