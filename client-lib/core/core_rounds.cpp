// Rounds that an advice asks for (P-118): each of the unit's devices reminds by itself, hub or no hub. What counts
// is in the signed words, so a restart forgets nothing but that it has reminded, and reminds again.
#include "client-lib/core/client_core.h"

namespace nattevagt::client {

std::optional<RoundsView> ClientCore::rounds(const ConversationId& incident, UtcTime now) const {
  const ConversationState* found = find(incident);
  if (found == nullptr || found->refused || found->removed || !found->facts.rounds) return std::nullopt;
  IncidentFacts scratch;
  const IncidentFacts& facts = *facts_with_queued(*found, scratch);
  if (!facts.rounds) return std::nullopt;  // ended here, and the hub has not heard of it
  const auto next = facts.round_due();
  return RoundsView{.every = facts.rounds->set.every,
                    .until = facts.rounds->set.until,
                    .last = facts.rounds->last,
                    .next = next,
                    .late = next && *next <= now,
                    .ours = self_ && facts.asking_unit(self_who())};
}

void ClientCore::remind_of_rounds() {
  for (const auto& [id, conversation] : conversations_) {
    const auto view = rounds(id, now_);
    if (!view || !view->ours || !view->late) continue;
    const auto [reminded, first] = reminded_.try_emplace(id, *view->next);
    if (!first && reminded->second == *view->next) continue;
    reminded->second = *view->next;
    out_.events.emplace_back(RoundDue{id, *view->next});
  }
}

UtcTime ClientCore::next_reminder() const {
  UtcTime out = kNever;
  for (const auto& [id, conversation] : conversations_) {
    const auto view = rounds(id, now_);
    if (!view || !view->ours || !view->next) continue;
    const auto reminded = reminded_.find(id);
    if (reminded != reminded_.end() && reminded->second == *view->next) continue;
    out = std::min(out, *view->next);
  }
  return out;
}

}  // namespace nattevagt::client
