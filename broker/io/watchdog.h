// The outside watchdog: a URL that is asked for as long as the hub's reconciler passes (PROTOCOL.md P-131).
// Whoever runs that URL alarms a person when the pings stop; so what is told is the hub's silence, whatever
// the reason: dead, hung, cut off, or with an alert that has lost its future.
//
// A thread of its own asks, at most once each `every` and only when there was a beat since the last time. It
// blocks nobody: beat() is one store. Nothing is sent but the request; the answer's body is thrown away,
// redirects are not followed, and the URL (often a secret) is never logged.
//
// Ownership: a resource. Threads: any may call.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "proto/common/clock.h"

namespace nattevagt::broker {

struct WatchdogCounts {
  std::uint64_t answered = 0;  // with 2xx
  std::uint64_t failed = 0;
};

class Watchdog {
 public:
  static std::unique_ptr<Watchdog> start(std::string url, Millis every);
  ~Watchdog();  // waits for a ping that is under way, some seconds at most
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void beat() noexcept { beaten_.store(true, std::memory_order_release); }
  WatchdogCounts counts() const noexcept;

 private:
  Watchdog(std::string url, Millis every);
  void run();
  bool ask() const;

  const std::string url_;
  const Millis every_;
  std::atomic<bool> beaten_{false};
  std::atomic<std::uint64_t> answered_{0}, failed_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nattevagt::broker
