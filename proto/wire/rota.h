// The rota: who holds which role when (PROTOCOL.md section 10). A signed document of the organisation whose
// roles it fills. The hub sees person ids, role ids and times in it; names and reasons are sealed or stay at
// the organisation. What it means is worked out by proto/rota alone, the same code on hub, client and tool.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/ids.h"

namespace nattevagt::wire {

// A day on a Danish wall calendar; knows nothing of UTC.
using LocalDay = std::chrono::local_days;

// Every day is of exactly one kind (P-102). Bit k of DutyWindow::days is kind k.
enum class DayKind : std::uint8_t {
  kMonday = 0, kTuesday, kWednesday, kThursday, kFriday, kSaturday, kSunday, kHoliday
};
inline constexpr std::uint8_t kEveryDay = 0xff;

// A stretch of local time that the role is planned in (P-103). It begins on days of its kinds.
struct DutyWindow {
  std::uint8_t days = 0;
  std::uint16_t from_minute = 0;  // 0..1439, of the day it begins
  std::uint16_t to_minute = 0;    // 0..1439; at or before from_minute: of the day after
  friend bool operator==(const DutyWindow&, const DutyWindow&) = default;
};

// Who fills windows. `turns` are lists of persons who are on duty together; they follow each other every
// `turn_days`, counted from `first`.
struct Duty {
  std::uint32_t windows = 0;      // bit k: the role's window k
  LocalDay first{};               // the first day on which a window that it fills may begin
  std::optional<LocalDay> last;   // and the last one
  std::uint16_t turn_days = 1;    // 1..366
  std::vector<std::vector<PersonId>> turns;  // 1 or more, each with 1 or more persons
  friend bool operator==(const Duty&, const Duty&) = default;
};

struct RoleRota {
  RoleId role;
  std::vector<DutyWindow> windows;
  std::vector<Duty> duties;        // the last one that covers a day and a window fills it
  std::optional<RoleId> backup;    // answers in a gap (P-105)
  std::optional<RoleId> daytime;   // answers when the role is not planned (P-105)
  friend bool operator==(const RoleRota&, const RoleRota&) = default;
};

// Numbers travel: never renumber.
enum class OverrideKind : std::uint8_t { kChange = 1, kSwap = 2, kTakeOver = 3, kAcceptedGap = 4 };

struct DutyOverride {
  OverrideKind kind{};
  RoleId role;
  UtcTime from;
  UtcTime until;
  std::vector<PersonId> persons;   // empty exactly when kind is kAcceptedGap
  Bytes sealed_reason;             // Label under the directory key, bound to the role's id; may be empty
  friend bool operator==(const DutyOverride&, const DutyOverride&) = default;
};

struct Rota {
  UtcTime issued_at;
  std::vector<std::uint16_t> yearly_holidays;  // month * 100 + day: 1224 is each 24 December
  std::vector<LocalDay> single_holidays;
  std::vector<RoleRota> roles;                 // each role once
  std::vector<DutyOverride> overrides;         // of two that hold an instant, the later in the list
  std::vector<DutyChangeId> revoked_changes;   // persons' own changes that the organisation takes back (P-114)
  friend bool operator==(const Rota&, const Rota&) = default;
};

}  // namespace nattevagt::wire
