// What a rota means: who is on duty at an instant, when that changes next, and where nobody is (PROTOCOL.md
// section 10). Pure functions, the same on hub, client and the organisation's tool.
//
// Rules:
//  1. Stretches of one role follow each other without a hole and without an overlap, whatever the clocks do.
//  2. on_duty() is constant from an instant up to next_change() of it.
//  3. Nothing here looks at whether a person may hold the role or can be reached; the caller does (P-100).
#pragma once

#include <vector>

#include "proto/common/clock.h"
#include "proto/wire/rota.h"

namespace nattevagt::rota {

enum class Basis : std::uint8_t {
  kUnplanned,  // outside every window, and no override
  kPlan,
  kOverride,     // a change, a swap or a take-over
  kGap,          // planned, and nobody is named
  kAcceptedGap,  // planned, nobody, and the organisation has signed that it knows
};
struct OnDuty {
  Basis basis = Basis::kUnplanned;
  std::vector<PersonId> persons;  // ascending, each once
  friend bool operator==(const OnDuty&, const OnDuty&) = default;
};

const wire::RoleRota* find_role(const wire::Rota& rota, const RoleId& role);

// P-103, P-104: of the role alone.
OnDuty on_duty(const wire::Rota& rota, const wire::RoleRota& role, UtcTime at);

// P-187: in the plan of the role alone, without a break from `from` to `until`. False too where that would take
// more than kTurnsLookedAt changes of duty to know.
inline constexpr std::size_t kTurnsLookedAt = 128;
bool on_duty_throughout(const wire::Rota& rota, const wire::RoleRota& role, const PersonId& person,
                        UtcTime from, UtcTime until);

// P-105: with backup and daytime policy. `answering` is the role whose people these are; it need not be in
// this rota (then `persons` is empty and the roster knows them).
struct Answering {
  RoleId answering;
  OnDuty duty;           // of `answering`; kUnplanned without persons when the rota does not name it
  bool gap = false;      // the role that was asked has a gap here, accepted or not
  bool in_rota = false;  // the rota names `answering`
};
Answering who_answers(const wire::Rota& rota, const wire::RoleRota& role, UtcTime at);

// The first instant after `after` at which on_duty() of the role may be another; kNever when there is none.
UtcTime next_change(const wire::Rota& rota, const wire::RoleRota& role, UtcTime after);
UtcTime next_change(const wire::Rota& rota, UtcTime after);  // of any role
// The same of who_answers(): of the role, its backup and its daytime role.
UtcTime next_answer_change(const wire::Rota& rota, const wire::RoleRota& role, UtcTime after);

struct Stretch {
  UtcTime from;
  UtcTime until;
  OnDuty duty;
};
// [from, until) in stretches of one OnDuty each; neighbours differ.
std::vector<Stretch> stretches(const wire::Rota& rota, const wire::RoleRota& role, UtcTime from,
                               UtcTime until);

struct Gap {
  RoleId role;
  UtcTime from;
  UtcTime until;
  bool accepted = false;
};
// Every gap of every role in [from, until), by time.
std::vector<Gap> gaps(const wire::Rota& rota, UtcTime from, UtcTime until);

// How near a gap is (P-107).
inline constexpr Millis kGapLookAhead = std::chrono::hours(24 * 14);
enum class GapWarning : std::uint8_t { kNone, kTwoWeeks, kWeek, kDay, kTwoHours, kQuarter, kNow };
GapWarning warning_of(const Gap& gap, UtcTime now);

}  // namespace nattevagt::rota
