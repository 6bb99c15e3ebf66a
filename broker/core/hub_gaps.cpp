// Gaps ahead (PROTOCOL.md P-117): a role that will have nobody is said to those concerned 14 and 7 days, 24 h,
// 2 h and 15 min before, and when it comes; each once, whatever restarts.
#include <algorithm>
#include <array>

#include "broker/core/hub_state.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// A gap comes into view at the latest this long after it has entered the 14 days.
constexpr Millis kLookAgain = hours(1);
// When a gap becomes nearer (rota::warning_of).
constexpr std::array<Millis, 5> kNearer{hours(24 * 7), hours(24), hours(2), minutes(15), Millis(0)};

}  // namespace

void HubCore::State::look_for_gaps() {
  gap_look = {};
  gaps_at = now;
}

// A few roles at a time: two weeks of one whole rota are seconds of work, and calls go on meanwhile.
void HubCore::State::watch_gaps() {
  if (gaps_at > now) return;
  if (gap_look.next == kNever) gap_look = {{}, 0, directory.any_rota() ? now + kLookAgain : kNever};
  std::size_t left = kRolesPerLook;
  const auto& rotas = directory.rotas();
  for (auto at = rotas.lower_bound(gap_look.organisation); at != rotas.end(); ++at) {
    const auto& [organisation, rota] = *at;
    if (organisation != gap_look.organisation) gap_look.organisation = organisation, gap_look.role = 0;
    for (; gap_look.role < rota.roles.size(); ++gap_look.role) {
      if (left-- == 0) {
        gaps_at = now + kSweepPause;
        return;
      }
      watch_gaps_of(organisation, rota, rota.roles[gap_look.role]);
    }
  }
  gaps_at = gap_look.next;
  gap_look = {};
}

void HubCore::State::watch_gaps_of(const OrganisationId& organisation, const wire::Rota& rota,
                                   const wire::RoleRota& role) {
  if (directory.holders_of(organisation, role.role) == nullptr) return;
  for (const rota::Stretch& stretch : rota::stretches(rota, role, now, now + rota::kGapLookAhead)) {
    if (stretch.duty.basis != rota::Basis::kGap) continue;  // an accepted gap is known
    warn_of(organisation, {role.role, stretch.from, stretch.until});
    for (const Millis ahead : kNearer) {
      if (stretch.from - ahead > now) gap_look.next = std::min(gap_look.next, stretch.from - ahead);
    }
  }
}

void HubCore::State::warn_of(const OrganisationId& organisation, const rota::Gap& gap) {
  const auto nearness = static_cast<std::uint8_t>(rota::warning_of(gap, now));
  const auto known = warned_gaps.find(gap.role);
  if (known != warned_gaps.end()) {
    for (const WarnedGap& warned : known->second) {
      const bool same = warned.from < gap.until && gap.from < warned.until;
      if (same && warned.nearness >= nearness) return;
    }
  }
  GapWarned fact{organisation, gap.role, gap.from, gap.until, nearness, {}, {}};
  fact.item = wire::encode(wire::GapItem{gap.role, gap.from, gap.until, nearness});
  fact.devices = directory.concerned_by(gap.role, now);
  emit(std::move(fact));
}

}  // namespace nattevagt::broker
