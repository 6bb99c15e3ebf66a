#include "broker/io/log.h"

#include <time.h>
#include <unistd.h>

#include <array>

namespace nattevagt::broker {
namespace {

std::string_view name_of(LogEvent event) noexcept {
  switch (event) {
    case LogEvent::kStarting: return "starting";
    case LogEvent::kReady: return "ready";
    case LogEvent::kDraining: return "draining";
    case LogEvent::kStopped: return "stopped";
    case LogEvent::kConfigured: return "configured";
    case LogEvent::kReplayed: return "replayed";
    case LogEvent::kAppendFailed: return "append_failed";
    case LogEvent::kAppendRecovered: return "append_recovered";
    case LogEvent::kCompacted: return "compacted";
    case LogEvent::kCompactFailed: return "compact_failed";
    case LogEvent::kBodyMissing: return "body_missing";
    case LogEvent::kMemoryHigh: return "memory_high";
    case LogEvent::kMemoryRestart: return "memory_restart";
    case LogEvent::kSpaceLow: return "space_low";
    case LogEvent::kSpaceRecovered: return "space_recovered";
    case LogEvent::kClockJumped: return "clock_jumped";
    case LogEvent::kListenerPaused: return "listener_paused";
    case LogEvent::kListenerResumed: return "listener_resumed";
    case LogEvent::kAcceptFailed: return "accept_failed";
    case LogEvent::kQueueFull: return "queue_full";
    case LogEvent::kAlertFault: return "alert_fault";
    case LogEvent::kAlertMended: return "alert_mended";
    case LogEvent::kAlertRefused: return "alert_refused";
    case LogEvent::kDutyDegraded: return "duty_degraded";
    case LogEvent::kDutyRecovered: return "duty_recovered";
    case LogEvent::kAuditBroken: return "audit_broken";
    case LogEvent::kWatchdogFailed: return "watchdog_failed";
    case LogEvent::kFault: return "fault";
  }
  return "unknown";
}

std::string_view name_of(LogField field) noexcept {
  switch (field) {
    case LogField::kIndex: return "index";
    case LogField::kRecords: return "records";
    case LogField::kEffects: return "effects";
    case LogField::kBytes: return "bytes";
    case LogField::kBytesMax: return "bytes_max";
    case LogField::kDurationMs: return "duration_ms";
    case LogField::kOffsetMs: return "offset_ms";
    case LogField::kCount: return "count";
    case LogField::kCountMax: return "count_max";
    case LogField::kError: return "error";
    case LogField::kSession: return "session";
    case LogField::kOrganisation: return "organisation";
    case LogField::kDevices: return "devices";
    case LogField::kStreams: return "streams";
    case LogField::kAlertsOpen: return "alerts_open";
    case LogField::kAlert: return "alert";
    case LogField::kKind: return "kind";
    case LogField::kProtocol: return "protocol";
    case LogField::kPort: return "port";
  }
  return "unknown";
}

// The log's time is the machine's: it is read beside other programs' logs.
std::string time_text() {
  return utc_text(std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()));
}

}  // namespace

LogValue::LogValue(Errc code) : text_('"' + std::string(errc_name(code)) + '"') {}

void Log::info(LogEvent event, std::initializer_list<LogPair> fields) const {
  write(LogLevel::kInfo, event, fields);
}
void Log::alarm(LogEvent event, std::initializer_list<LogPair> fields) const {
  write(LogLevel::kAlarm, event, fields);
}

void Log::write(LogLevel level, LogEvent event, std::initializer_list<LogPair> fields) const {
  std::string line = R"({"time":")" + time_text() + R"(","level":")";
  line += level == LogLevel::kInfo ? "info" : "alarm";
  line += R"(","event":")";
  line += name_of(event);
  line += '"';
  for (const LogPair& pair : fields) {
    line += ",\"";
    line += name_of(pair.field);
    line += "\":";
    line += pair.value.json();
  }
  line += "}\n";
  // A log that cannot be written is no reason to stop serving alerts.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace nattevagt::broker
