#include "proto/rota/changes.h"

#include <algorithm>

#include "proto/common/limits.h"
#include "proto/rota/rota.h"

namespace nattevagt::rota {
namespace {

bool holds(std::span<const PersonId> persons, const PersonId& person) {
  return std::find(persons.begin(), persons.end(), person) != persons.end();
}

void lay_over(wire::Rota& rota, const wire::RoleRota& role, const wire::AgreedChange& agreed) {
  const wire::DutyChange& change = agreed.change;
  if (change.kind == wire::DutyChangeKind::kTakeOver) {
    rota.overrides.push_back(
        {wire::OverrideKind::kTakeOver, change.role, change.from, change.until, {*agreed.taker}, {}});
    return;
  }
  for (const Stretch& stretch : stretches(rota, role, change.from, change.until)) {
    if (!holds(stretch.duty.persons, *change.gives)) continue;
    wire::DutyOverride given{
        wire::OverrideKind::kSwap, change.role, stretch.from, stretch.until, stretch.duty.persons, {}};
    std::replace(given.persons.begin(), given.persons.end(), *change.gives, *agreed.taker);
    rota.overrides.push_back(std::move(given));
  }
}

}  // namespace

wire::Rota with_changes(const wire::Rota& published, std::span<const wire::AgreedChange> changes) {
  wire::Rota out = published;
  for (const wire::AgreedChange& agreed : changes) {
    const auto& revoked = published.revoked_changes;
    const bool taken_back =
        std::find(revoked.begin(), revoked.end(), agreed.change.id) != revoked.end();
    const wire::RoleRota* role = find_role(published, agreed.change.role);
    if (agreed.complete && !taken_back && role != nullptr) lay_over(out, *role, agreed);
  }
  return out;
}

Status check_change(const wire::Rota& rota, std::span<const PersonId> holders,
                    const wire::AgreedChange& agreed, UtcTime now) {
  const wire::DutyChange& change = agreed.change;
  const wire::RoleRota* role = find_role(rota, change.role);
  if (role == nullptr) return fail(Errc::kNotFound, "P-113");
  if (change.until <= now) return fail(Errc::kExpired, "P-113");
  const auto taker = agreed.taker ? agreed.taker : change.takes;
  if (taker && !holds(holders, *taker)) return fail(Errc::kNotPermitted, "P-113");
  const auto duties = stretches(rota, *role, change.from, change.until);
  if (change.kind == wire::DutyChangeKind::kSwap) {
    const bool gives = std::all_of(duties.begin(), duties.end(), [&](const Stretch& stretch) {
      return holds(stretch.duty.persons, *change.gives) && (!taker || !holds(stretch.duty.persons, *taker));
    });
    return gives ? Status{} : fail(Errc::kWrongState, "P-113");
  }
  // The duty that runs now, gap or not: nobody takes over tomorrow's, or one that is not planned.
  const bool begins_now = change.from >= now - limits::kClockSkewMax && change.from <= now + limits::kClockSkewMax;
  const bool one_duty = duties.size() == 1 && duties[0].duty.basis != Basis::kUnplanned;
  const bool already = one_duty && duties[0].duty.persons == std::vector{*taker};
  return begins_now && one_duty && !already ? Status{} : fail(Errc::kWrongState, "P-113");
}

}  // namespace nattevagt::rota
