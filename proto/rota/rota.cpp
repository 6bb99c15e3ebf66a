#include "proto/rota/rota.h"

#include <algorithm>

#include "proto/common/check.h"
#include "proto/rota/copenhagen.h"
#include "proto/rota/holidays.h"

namespace nattevagt::rota {
namespace {

using std::chrono::days;
using std::chrono::minutes;

// A window reaches into the day after it began, never further.
constexpr days kWindowReach = days(1);
// Each kind of weekday comes within a week, holidays within the year.
constexpr days kWeekAhead = days(8);
constexpr days kYearAhead = days(400);

bool begins_on(const wire::DutyWindow& window, wire::DayKind kind) {
  return ((window.days >> static_cast<unsigned>(kind)) & 1U) != 0;
}
UtcTime begin_of(const wire::DutyWindow& window, wire::LocalDay day) {
  return to_utc(day, minutes(window.from_minute));
}
UtcTime end_of(const wire::DutyWindow& window, wire::LocalDay day) {
  return to_utc(window.to_minute <= window.from_minute ? day + days(1) : day, minutes(window.to_minute));
}

// P-103: the last duty that covers the window on this day.
const std::vector<PersonId>* filling(const wire::RoleRota& role, std::size_t window, wire::LocalDay day) {
  for (auto duty = role.duties.rbegin(); duty != role.duties.rend(); ++duty) {
    if (((duty->windows >> window) & 1U) == 0 || day < duty->first || (duty->last && day > *duty->last))
      continue;
    if (duty->turns.empty()) return nullptr;
    const auto turn =
        static_cast<std::size_t>((day - duty->first).count() / std::max<int>(duty->turn_days, 1));
    return &duty->turns[turn % duty->turns.size()];
  }
  return nullptr;
}

void sort_persons(OnDuty& duty) {
  std::sort(duty.persons.begin(), duty.persons.end());
  duty.persons.erase(std::unique(duty.persons.begin(), duty.persons.end()), duty.persons.end());
}

OnDuty planned(const wire::Rota& rota, const wire::RoleRota& role, UtcTime at) {
  OnDuty out;
  const wire::LocalDay today = to_local(at).day;
  for (wire::LocalDay day = today - kWindowReach; day <= today; day += days(1)) {
    const wire::DayKind kind = kind_of(day, rota);
    for (std::size_t i = 0; i < role.windows.size(); ++i) {
      const wire::DutyWindow& window = role.windows[i];
      if (!begins_on(window, kind) || at < begin_of(window, day) || at >= end_of(window, day)) continue;
      out.basis = Basis::kPlan;
      if (const auto* persons = filling(role, i, day)) {
        out.persons.insert(out.persons.end(), persons->begin(), persons->end());
      }
    }
  }
  sort_persons(out);
  if (out.basis == Basis::kPlan && out.persons.empty()) out.basis = Basis::kGap;
  return out;
}

UtcTime next_window_edge(const wire::Rota& rota, const wire::RoleRota& role, UtcTime after,
                         wire::LocalDay from, wire::LocalDay until) {
  UtcTime next = kNever;
  for (wire::LocalDay day = from; day < until; day += days(1)) {
    if (next != kNever && begin_of(wire::DutyWindow{}, day) >= next) break;
    const wire::DayKind kind = kind_of(day, rota);
    for (const wire::DutyWindow& window : role.windows) {
      if (!begins_on(window, kind)) continue;
      for (const UtcTime edge : {begin_of(window, day), end_of(window, day)}) {
        if (edge > after) next = std::min(next, edge);
      }
    }
  }
  return next;
}

bool is_gap(const OnDuty& duty) { return duty.basis == Basis::kGap || duty.basis == Basis::kAcceptedGap; }

}  // namespace

const wire::RoleRota* find_role(const wire::Rota& rota, const RoleId& role) {
  for (const wire::RoleRota& candidate : rota.roles) {
    if (candidate.role == role) return &candidate;
  }
  return nullptr;
}

OnDuty on_duty(const wire::Rota& rota, const wire::RoleRota& role, UtcTime at) {
  bool accepted = false;
  for (auto override = rota.overrides.rbegin(); override != rota.overrides.rend(); ++override) {
    if (override->role != role.role || at < override->from || at >= override->until) continue;
    if (override->persons.empty()) {
      accepted = true;  // takes nobody off duty: it says of an empty plan that this is known (P-104)
      continue;
    }
    OnDuty out{Basis::kOverride, override->persons};
    sort_persons(out);
    return out;
  }
  OnDuty out = planned(rota, role, at);
  if (out.basis == Basis::kGap && accepted) out.basis = Basis::kAcceptedGap;
  return out;
}

bool on_duty_throughout(const wire::Rota& rota, const wire::RoleRota& role, const PersonId& person,
                        UtcTime from, UtcTime until) {
  for (std::size_t turns = 0; turns < kTurnsLookedAt; ++turns) {
    const OnDuty duty = on_duty(rota, role, from);
    if (!std::binary_search(duty.persons.begin(), duty.persons.end(), person)) return false;
    from = next_change(rota, role, from);
    if (from > until) return true;
  }
  return false;
}

Answering who_answers(const wire::Rota& rota, const wire::RoleRota& role, UtcTime at) {
  Answering out{role.role, on_duty(rota, role, at), false, true};
  out.gap = is_gap(out.duty);
  if (!out.duty.persons.empty()) return out;
  const auto& instead = out.gap ? role.backup : role.daytime;
  if (!instead) return out;
  const wire::RoleRota* other = find_role(rota, *instead);
  out.answering = *instead;
  out.in_rota = other != nullptr;
  out.duty = other == nullptr ? OnDuty() : on_duty(rota, *other, at);
  return out;
}

UtcTime next_change(const wire::Rota& rota, const wire::RoleRota& role, UtcTime after) {
  const wire::LocalDay today = to_local(after).day;
  UtcTime next = next_window_edge(rota, role, after, today - kWindowReach, today + kWeekAhead);
  if (next == kNever) next = next_window_edge(rota, role, after, today + kWeekAhead, today + kYearAhead);
  for (const wire::DutyOverride& override : rota.overrides) {
    if (override.role != role.role) continue;
    if (override.from > after) next = std::min(next, override.from);
    if (override.until > after) next = std::min(next, override.until);
  }
  return next;
}

UtcTime next_change(const wire::Rota& rota, UtcTime after) {
  UtcTime next = kNever;
  for (const wire::RoleRota& role : rota.roles) next = std::min(next, next_change(rota, role, after));
  return next;
}

UtcTime next_answer_change(const wire::Rota& rota, const wire::RoleRota& role, UtcTime after) {
  UtcTime next = next_change(rota, role, after);
  for (const auto& instead : {role.backup, role.daytime}) {
    const wire::RoleRota* other = instead ? find_role(rota, *instead) : nullptr;
    if (other != nullptr) next = std::min(next, next_change(rota, *other, after));
  }
  return next;
}

std::vector<Stretch> stretches(const wire::Rota& rota, const wire::RoleRota& role, UtcTime from,
                               UtcTime until) {
  std::vector<Stretch> out;
  while (from < until) {
    const UtcTime end = std::min(next_change(rota, role, from), until);
    NV_CHECK(end > from);
    OnDuty duty = on_duty(rota, role, from);
    if (!out.empty() && out.back().duty == duty) {
      out.back().until = end;
    } else {
      out.push_back({from, end, std::move(duty)});
    }
    from = end;
  }
  return out;
}

std::vector<Gap> gaps(const wire::Rota& rota, UtcTime from, UtcTime until) {
  std::vector<Gap> out;
  for (const wire::RoleRota& role : rota.roles) {
    for (const Stretch& stretch : stretches(rota, role, from, until)) {
      if (is_gap(stretch.duty)) {
        out.push_back({role.role, stretch.from, stretch.until, stretch.duty.basis == Basis::kAcceptedGap});
      }
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Gap& a, const Gap& b) { return a.from < b.from; });
  return out;
}

GapWarning warning_of(const Gap& gap, UtcTime now) {
  using std::chrono::hours;
  if (gap.until <= now) return GapWarning::kNone;
  const Millis ahead = gap.from - now;
  if (ahead <= Millis(0)) return GapWarning::kNow;
  if (ahead <= minutes(15)) return GapWarning::kQuarter;
  if (ahead <= hours(2)) return GapWarning::kTwoHours;
  if (ahead <= hours(24)) return GapWarning::kDay;
  if (ahead <= hours(24 * 7)) return GapWarning::kWeek;
  if (ahead <= kGapLookAhead) return GapWarning::kTwoWeeks;
  return GapWarning::kNone;
}

}  // namespace nattevagt::rota
