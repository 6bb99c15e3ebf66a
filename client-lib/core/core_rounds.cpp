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

std::optional<UtcTime> ClientCore::reminder(const ConversationId& incident) const {
  const auto view = rounds(incident, now_);
  if (!view || !view->ours) return std::nullopt;
  const auto reminded = reminded_.find(incident);
  if (reminded != reminded_.end() && view->next && reminded->second == *view->next) return std::nullopt;
  return view->next;
}

void ClientCore::remind_of_rounds() {
  for (const auto& [id, conversation] : conversations_) {
    const auto due = reminder(id);
    if (!due || *due > now_) continue;
    reminded_.insert_or_assign(id, *due);
    out_.events.emplace_back(RoundDue{id, *due});
  }
}

UtcTime ClientCore::next_reminder() const {
  UtcTime out = kNever;
  for (const auto& [id, conversation] : conversations_) {
    if (const auto due = reminder(id)) out = std::min(out, *due);
  }
  return out;
}

}  // namespace nattevagt::client
