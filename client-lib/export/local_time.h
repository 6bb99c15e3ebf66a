// Europe/Copenhagen at the edge: how staff read a time. In the hour that comes twice each autumn it always
// says which of the two it is (DESIGN, Time).
#pragma once

#include <string>

#include "proto/common/clock.h"

namespace nattevagt::client {

std::string format_local(UtcTime time);          // "kl. 02.40", "kl. 02.40 (sommertid)"
std::string format_local_seconds(UtcTime time);  // "kl. 02.40.07"
std::string format_local_date(UtcTime time);     // "25. november 2026"
std::string format_day(std::chrono::local_days day);  // "25. november 2026"
std::string format_local_iso(UtcTime time);      // "2026-11-25T02:40:07+01:00"
std::string format_utc_iso(UtcTime time);        // "2026-11-25T01:40:07Z"
bool in_repeated_hour(UtcTime time);

}  // namespace nattevagt::client
