// The reconciler: looks at the alerts as they lie, with eyes of its own, and says which of them has lost its
// future (PROTOCOL.md P-051, P-130).
//
// It shares nothing with the ladder engine but the plain structs: neither has_timer() nor next_move_at(), nor
// the book's counts. What it asks is so simple that it can be read in one sitting: an open alert has exactly
// one timer, listed once, no later than what was promised for the state, and not passed; an ended one has
// none. Linear in the number of alerts.
#pragma once

#include <utility>
#include <vector>

#include "broker/core/alert_book.h"
#include "broker/core/hub_core.h"

namespace nattevagt::broker {

// A timer that passed this long ago and has not fired is lost: the hub looks every few milliseconds.
inline constexpr Millis kOverdueMax = std::chrono::seconds(5);

// The alerts and the timers as they lie.
struct AlertsAsTheyLie {
  std::vector<const Alert*> alerts;
  std::vector<std::pair<UtcTime, AlertId>> timers;
};
AlertsAsTheyLie look_at(const AlertBook& book);

// In the order of the alerts, then what timers are left over.
std::vector<AlertFault> find_alert_faults(const AlertsAsTheyLie& found, UtcTime now);

}  // namespace nattevagt::broker
