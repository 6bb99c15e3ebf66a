#include "broker/core/duty_book.h"

#include <algorithm>

#include "broker/core/fields.h"
#include "proto/common/check.h"
#include "proto/common/limits.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

Status corrupt() { return fail(Errc::kCorrupt, "DutyBook"); }

template <class Shifts>
auto place_of(Shifts& shifts, const PersonId& person) {
  return std::lower_bound(shifts.begin(), shifts.end(), person,
                          [](const Shift& shift, const PersonId& other) { return shift.person < other; });
}

bool fits(const WatchedRole& role) {
  const auto by_person = [](const Shift& a, const Shift& b) { return a.person < b.person; };
  return role.shifts.size() <= limits::kShiftsPerRoleMax && role.degraded() == (role.since != kNever) &&
         (role.degraded() || !role.shifts.empty()) &&
         std::is_sorted(role.shifts.begin(), role.shifts.end(), by_person) &&
         std::all_of(role.shifts.begin(), role.shifts.end(), [](const Shift& shift) {
           return shift.check_in.has_value() == (shift.checked_in_at != kNever);
         });
}

}  // namespace

template <class A>
void fields(A& a, Fields<A, Shift> v) {
  a(v.person, v.from, v.due_at, v.notice, v.check_in, v.checked_in_at, v.record);
}
template <class A>
void fields(A& a, Fields<A, WatchedRole> v) {
  a(v.shifts, v.trouble, v.since);
}

const Shift* WatchedRole::shift(const PersonId& person) const {
  const auto place = place_of(shifts, person);
  return place == shifts.end() || place->person != person ? nullptr : &*place;
}

const WatchedRole* DutyBook::find(const RoleId& role) const {
  const auto found = roles_.find(role);
  return found == roles_.end() ? nullptr : &found->second;
}

bool DutyBook::degraded(const RoleId& role) const {
  const WatchedRole* watched = find(role);
  return watched != nullptr && watched->degraded();
}

// ---- Facts

Status DutyBook::apply(const CheckInAsked& fact) {
  auto& shifts = roles_[fact.role].shifts;
  const auto place = place_of(shifts, fact.person);
  const bool known = place != shifts.end() && place->person == fact.person;
  if (known || shifts.size() >= limits::kShiftsPerRoleMax) {
    drop_if_empty(fact.role);
    return corrupt();
  }
  shifts.insert(place, Shift{fact.person, fact.from, fact.due_at, fact.notice, {}, kNever, 0});
  return {};
}

Status DutyBook::apply(const CheckedIn& fact, JournalIndex index, UtcTime at) {
  const auto found = roles_.find(fact.role);
  if (found == roles_.end()) return corrupt();
  auto& shifts = found->second.shifts;
  const auto place = place_of(shifts, fact.person);
  if (place == shifts.end() || place->person != fact.person || place->check_in) return corrupt();
  place->check_in = fact.check_in;
  place->checked_in_at = at;
  place->record = index;
  return {};
}

Status DutyBook::apply(const ShiftEnded& fact) {
  const auto found = roles_.find(fact.role);
  if (found == roles_.end()) return corrupt();
  auto& shifts = found->second.shifts;
  const auto place = place_of(shifts, fact.person);
  if (place == shifts.end() || place->person != fact.person) return corrupt();
  shifts.erase(place);
  drop_if_empty(fact.role);
  return {};
}

Status DutyBook::apply(const DutyDoubted& fact) {
  const auto found = roles_.find(fact.role);
  const bool trouble = fact.trouble != wire::DutyTrouble::kNone;
  if (found == roles_.end() || trouble != (fact.since != kNever)) return corrupt();
  WatchedRole& role = found->second;
  if (trouble) ++degraded_;
  if (role.degraded()) --degraded_;
  role.trouble = fact.trouble;
  role.since = fact.since;
  drop_if_empty(fact.role);
  return {};
}

void DutyBook::drop_if_empty(const RoleId& role) {
  const auto found = roles_.find(role);
  if (found->second.shifts.empty() && !found->second.degraded()) roles_.erase(found);
}

// ---- Snapshot

void DutyBook::save(Writer& writer) const { writer(roles_); }

Status DutyBook::load(Reader& reader) {
  reader(roles_);
  if (!reader.ok()) return corrupt();
  for (const auto& [role, watched] : roles_) {
    if (!fits(watched)) return corrupt();
    if (watched.degraded()) ++degraded_;
  }
  return {};
}

void DutyBook::check_invariants() const {
  std::size_t degraded = 0;
  for (const auto& [role, watched] : roles_) {
    NV_CHECK(fits(watched));
    if (watched.degraded()) ++degraded;
  }
  NV_CHECK(degraded == degraded_);
}

wire::DutyStatus status_of(const RoleId& role, const WatchedRole& watched) {
  wire::DutyStatus out{role, watched.trouble, watched.since, {}};
  for (const Shift& shift : watched.shifts) {
    if (!shift.check_in) continue;
    auto check_in = wire::decode_signed_check_in(*shift.check_in);
    NV_CHECK(check_in);  // it was read and verified when it came
    out.check_ins.push_back(std::move(*check_in));
  }
  return out;
}

}  // namespace nattevagt::broker
