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

void HubCore::State::watch_gaps() {
  if (gaps_at > now) return;
  gaps_at = directory.any_rota() ? now + kLookAgain : kNever;
  for (const auto& [organisation, rota] : directory.rotas()) {
    for (const rota::Gap& gap : rota::gaps(rota, now, now + rota::kGapLookAhead)) {
      if (gap.accepted || directory.holders_of(organisation, gap.role) == nullptr) continue;
      warn_of(organisation, gap);
      for (const Millis ahead : kNearer) {
        if (gap.from - ahead > now) gaps_at = std::min(gaps_at, gap.from - ahead);
      }
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
  fact.devices = directory.concerned_by_gap(gap.role, now);
  emit(std::move(fact));
}

}  // namespace nattevagt::broker
