// The hub's log: one JSON object a line, from a closed set of events and fields.
//
// Invariant: no text from outside gets in. A field's value is a number, an id's hex, a digest's first bytes
// or an error code's name; there is no way to pass a string (P-084, a test tries). Addresses of peers are not
// logged at all.
//
// Threads: any; each line is one write.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "proto/common/clock.h"
#include "proto/common/ids.h"
#include "proto/common/result.h"

namespace nattevagt::broker {

enum class LogLevel : std::uint8_t { kInfo, kAlarm };  // kAlarm: a person should look

enum class LogEvent : std::uint8_t {
  kStarting,
  kReady,
  kDraining,
  kStopped,
  kConfigured,
  kReplayed,
  kAppendFailed,
  kAppendRecovered,
  kCompacted,
  kCompactFailed,
  kBodyMissing,
  kMemoryHigh,
  kMemoryRestart,
  kSpaceLow,
  kSpaceRecovered,
  kClockJumped,
  kListenerPaused,
  kListenerResumed,
  kAcceptFailed,
  kQueueFull,
  kAlertFault,
  kAlertMended,
  kAlertRefused,
  kDutyDegraded,
  kDutyRecovered,
  kAuditBroken,
  kWatchdogFailed,
  kFault,
};

enum class LogField : std::uint8_t {
  kIndex,
  kRecords,
  kEffects,
  kBytes,
  kBytesMax,
  kDurationMs,
  kOffsetMs,
  kCount,
  kCountMax,
  kError,
  kSession,
  kOrganisation,
  kDevices,
  kStreams,
  kAlertsOpen,
  kAlert,
  kKind,
  kProtocol,
  kPort,
};

class LogValue {
 public:
  template <class Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, char> && !std::is_same_v<Integer, bool>)
  LogValue(Integer value) : text_(std::to_string(value)) {}
  LogValue(Millis value) : text_(std::to_string(value.count())) {}
  LogValue(Errc code);
  template <class Kind>
  LogValue(const Id<Kind>& id) : text_('"' + id.hex() + '"') {}
  const std::string& json() const noexcept { return text_; }

 private:
  std::string text_;
};

struct LogPair {
  LogField field;
  LogValue value;
};

class Log {
 public:
  // Writes to the descriptor, which it does not own (2: systemd's journal takes it from there).
  explicit Log(int descriptor) noexcept : descriptor_(descriptor) {}
  void info(LogEvent event, std::initializer_list<LogPair> fields = {}) const;
  void alarm(LogEvent event, std::initializer_list<LogPair> fields = {}) const;

 private:
  void write(LogLevel level, LogEvent event, std::initializer_list<LogPair> fields) const;
  int descriptor_;
};

}  // namespace nattevagt::broker
