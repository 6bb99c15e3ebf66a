// Europe/Copenhagen as the EU's rule says it (P-101), in code: a hub's answer to "who is on duty" must not
// hang on the tzdata package of the machine. Holds from 1996 on; a test compares it with tzdata.
#pragma once

#include "proto/wire/rota.h"

namespace nattevagt::rota {

// +1 h, or +2 h from the last Sunday of March 01:00 UTC to the last Sunday of October 01:00 UTC.
Millis utc_offset(UtcTime time);

// The instant of a local time. What does not exist (28 Mar 2027 02.30) is the moment of the change; what
// comes twice (25 Oct 2026 02.30) is its first occurrence. Never goes back when the local time goes on.
UtcTime to_utc(wire::LocalDay day, std::chrono::minutes since_midnight);

struct LocalTime {
  wire::LocalDay day;
  std::chrono::minutes since_midnight{};
  friend auto operator<=>(const LocalTime&, const LocalTime&) = default;
};
LocalTime to_local(UtcTime time);

}  // namespace nattevagt::rota
