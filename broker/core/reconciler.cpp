#include "broker/core/reconciler.h"

#include <algorithm>
#include <map>

#include "proto/common/limits.h"

namespace nattevagt::broker {
namespace {

enum class Future : std::uint8_t { kMust, kMustNot };

// P-051 in words of its own.
Future future_of(const AlertProgress& progress) {
  switch (progress.state) {
    case wire::AlertState::kEscalating:
    case wire::AlertState::kTaken: return Future::kMust;
    case wire::AlertState::kExhausted: return progress.reserve_used ? Future::kMustNot : Future::kMust;
    case wire::AlertState::kAdvised:
    case wire::AlertState::kWithdrawn:
    case wire::AlertState::kClosed: return Future::kMustNot;
  }
  return Future::kMust;
}

// The longest that each state may wait by the alert's own ladder.
Millis longest_wait(const Alert& alert) {
  const AlertProgress& progress = alert.progress;
  const wire::Ladder& ladder = alert.facts.ladder;
  Millis wait = limits::kExhaustedRepeat;
  if (progress.state == wire::AlertState::kTaken) wait = ladder.advice_within;
  if (progress.state == wire::AlertState::kEscalating) {
    wait = progress.step < ladder.steps.size() ? ladder.steps[progress.step].wait : Millis(0);
  }
  return std::min(std::max(wait, limits::kStepWaitMin), limits::kStepWaitMax);
}

}  // namespace

AlertsAsTheyLie look_at(const AlertBook& book) {
  AlertsAsTheyLie found;
  found.alerts.reserve(book.size());
  book.each([&](const Alert& alert) { found.alerts.push_back(&alert); });
  book.each_timer([&](UtcTime at, const AlertId& alert) { found.timers.emplace_back(at, alert); });
  return found;
}

std::vector<AlertFault> find_alert_faults(const AlertsAsTheyLie& found, UtcTime now) {
  struct Listed {
    std::size_t times = 0;
    UtcTime at = kNever;
  };
  std::map<AlertId, Listed> listed;
  for (const auto& [at, alert] : found.timers) {
    Listed& row = listed[alert];
    row.times += 1;
    row.at = std::min(row.at, at);
  }
  std::vector<AlertFault> faults;
  for (const Alert* alert : found.alerts) {
    const AlertId& id = alert->facts.alert;
    const auto known = listed.find(id);
    const Listed row = known == listed.end() ? Listed{} : known->second;
    if (known != listed.end()) listed.erase(known);
    if (future_of(alert->progress) == Future::kMustNot) {
      if (row.times != 0) faults.push_back({AlertFaultKind::kTimerAfterEnd, id});
    } else if (row.times != 1) {
      faults.push_back({row.times == 0 ? AlertFaultKind::kNoTimer : AlertFaultKind::kTwoTimers, id});
    } else if (row.at + kOverdueMax < now) {
      faults.push_back({AlertFaultKind::kOverdue, id});
    } else if (std::max(row.at, alert->progress.due_at) > now + longest_wait(*alert)) {
      // The state's own end too: that somebody may go out of reach earlier is no promise.
      faults.push_back({AlertFaultKind::kTooLate, id});
    }
  }
  for (const auto& [id, row] : listed) faults.push_back({AlertFaultKind::kTimerOfNothing, id});
  return faults;
}

}  // namespace nattevagt::broker
