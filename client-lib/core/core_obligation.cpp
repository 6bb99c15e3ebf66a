// The sender's own obligation (P-110): the device on which somebody asked tells her to ring when no signed
// answer has come in time. It needs neither hub nor network, and it is in the store: a restart keeps it.
//
// Times are this device's own, counted from what it saw: the hub's clock, or a promise of hours, moves nothing.
#include <algorithm>

#include "client-lib/core/client_core.h"

namespace nattevagt::client {

namespace {

// The longest that the ladder may climb, by the roster that we verified.
Millis climb_of(const wire::Ladder& ladder) {
  Millis out{};
  for (const wire::LadderStep& step : ladder.steps) {
    out += std::clamp(step.wait, limits::kStepWaitMin, limits::kStepWaitMax);
  }
  return out;
}

}  // namespace

void ClientCore::owe(AlertRecord& record, RingReason reason, Millis within) {
  if (record.obligation.settled) return;
  record.obligation.due = now_ + within;
  record.obligation.reason = reason;
  record.obligation.rung = 0;
  dirty_alerts_.insert(record.view.alert);
}

// Asked here, or nothing is owed: other devices of the unit have their own eyes on the hub.
void ClientCore::owe_taker(AlertRecord& record, Millis promised) {
  const Obligation& owed = record.obligation;
  if (owed.due == kNever) return;
  const auto ladder = asking(record);
  Millis within = std::max(promised, Millis(0));
  if (ladder && ladder->ladder != nullptr) within = std::min(within, climb_of(*ladder->ladder));
  // A hub that has no ladder to show, and promises years, is held to the longest that one step may last.
  owe(record, RingReason::kNobodyTook, std::min(within, limits::kStepWaitMax) + patience::kOwn);
}

void ClientCore::owe_advice(AlertRecord& record) {
  if (record.obligation.due == kNever) return;
  const auto ladder = asking(record);
  const Millis within = ladder && ladder->ladder != nullptr ? ladder->ladder->advice_within : Millis(0);
  owe(record, RingReason::kNoAdvice, std::clamp(within, limits::kStepWaitMin, limits::kStepWaitMax) +
                                         patience::kOwn);
}

void ClientCore::settle_obligation(AlertRecord& record) {
  record.obligation.settled = true;
  record.obligation.due = kNever;
  dirty_alerts_.insert(record.view.alert);
}

// Words of others that pay it: advice by the one who has it, the end by who may say it (P-048, P-077).
void ClientCore::note_obligation(AlertRecord& record, const wire::Body& body, const Who& who) {
  if (record.obligation.due == kNever) return;
  const bool taker = record.take && record.take->person.id == who.person;
  const ConversationState* conversation = find(record.view.stream);
  const bool asked = conversation != nullptr && conversation->facts.asking_unit(who);
  const bool advised = std::holds_alternative<wire::Advice>(body) && taker;
  const bool over = (std::holds_alternative<wire::ReserveUsed>(body) ||
                     std::holds_alternative<wire::Withdraw>(body) || std::holds_alternative<wire::Close>(body)) &&
                    asked;
  if (advised || over || (std::holds_alternative<wire::Close>(body) && taker)) settle_obligation(record);
}

// While the hub itself shouts, one voice is enough; when it falls silent, ours goes on.
void ClientCore::hub_rang(AlertRecord& record, wire::NoticeKind notice) {
  if (notice != wire::NoticeKind::kLoud || record.obligation.due == kNever) return;
  owe(record, RingReason::kNobodyTook, limits::kExhaustedRepeat + patience::kOwn);
}

void ClientCore::ring_for_obligations() {
  for (auto& [id, record] : alerts_) {
    Obligation& owed = record.obligation;
    if (now_ < owed.due) continue;
    ++owed.rung;
    owed.due = now_ + limits::kExhaustedRepeat;
    dirty_alerts_.insert(id);
    out_.events.emplace_back(RingNow{id, owed.reason, owed.rung, record.view.drill});
  }
}

}  // namespace nattevagt::client
