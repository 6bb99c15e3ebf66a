#include "client-lib/core/citizen_facts.h"

#include <algorithm>

#include "proto/rota/copenhagen.h"
#include "proto/wire/citizen.h"

namespace nattevagt::client {

namespace {

CitizenFacts::Signer signer_of(const wire::Content& content) { return {content.author, content.author_name}; }

}  // namespace

std::optional<CitizenFacts::Breach> CitizenFacts::breach(const Message& message, bool of_alert) const {
  const wire::Body& body = message.content.body;
  if (std::holds_alternative<wire::Opening>(body)) {
    const bool first = message.seq <= 1 && !opened && !of_alert;  // 0: our own, on its way
    return first ? std::nullopt : std::optional(Breach::kOpening);
  }
  if (const auto* card = std::get_if<wire::PlanCard>(&body)) {
    if (of_alert) return about_another(card->citizen) ? std::optional(Breach::kPlan) : std::nullopt;
    if (opened && !wire::same_citizen(*opened, card->citizen)) return Breach::kPlan;
    bool all_known = true;
    std::uint32_t highest = 0;
    for (const MessageId& id : card->replaces) {
      const auto known = cards.find(id);
      all_known = all_known && known != cards.end();
      if (known != cards.end()) highest = std::max(highest, known->second.version);
    }
    // Whoever came in later does not know what was replaced, and believes.
    const bool counted = all_known ? card->version == highest + 1 : card->version > highest;
    return counted ? std::nullopt : std::optional(Breach::kPlan);
  }
  if (const auto* by = std::get_if<wire::PlanCardSigned>(&body)) {
    const auto known = cards.find(by->card);
    const bool other = known != cards.end() && known->second.hash != by->hash;
    return other ? std::optional(Breach::kSignature) : std::nullopt;
  }
  return std::nullopt;
}

bool CitizenFacts::about_another(const wire::Citizen& citizen) const {
  const bool certain = asked_about && !asked_about->cpr.empty() && !citizen.cpr.empty();
  return certain && !wire::same_citizen(*asked_about, citizen);
}

void CitizenFacts::fold(const Message& message, bool of_alert) {
  if (breach(message, of_alert)) return;
  const wire::Body& body = message.content.body;
  if (const auto* begun = std::get_if<wire::Opening>(&body)) {
    opened = begun->citizen;
    opening = message.id;
  } else if (const auto* asked = std::get_if<wire::AdviceRequest>(&body)) {
    if (of_alert && !asked_about) asked_about = asked->citizen;
  } else if (const auto* card = std::get_if<wire::PlanCard>(&body)) {
    auto& known = of_alert ? shown : cards;
    known.try_emplace(message.id, Card{.citizen = card->citizen,
                                       .version = card->version,
                                       .replaces = card->replaces,
                                       .agreed_on = card->agreed_on,
                                       .valid_until = card->valid_until,
                                       .hash = wire::plan_card_hash(*card),
                                       .signers = {signer_of(message.content)},
                                       .signatures = {}});
  } else if (const auto* by = std::get_if<wire::PlanCardSigned>(&body)) {
    const auto known = cards.find(by->card);
    if (known == cards.end() || !known->second.signers.insert(signer_of(message.content)).second) return;
    known->second.signatures.push_back(message.id);
  } else if (const auto* task = std::get_if<wire::Task>(&body)) {
    tasks.try_emplace(message.id, Task{task->due, true});
  } else if (const auto* took = std::get_if<wire::TaskTaken>(&body)) {
    taken[took->item] = message.id;
  } else if (const auto* done = std::get_if<wire::TaskDone>(&body)) {
    if (const auto known = tasks.find(done->item); known != tasks.end()) known->second.open = false;
  }
}

std::vector<MessageId> CitizenFacts::standing() const {
  std::set<MessageId> replaced;
  for (const auto& [id, card] : cards) replaced.insert(card.replaces.begin(), card.replaces.end());
  std::vector<MessageId> out;
  for (const auto& [id, card] : cards) {
    if (!replaced.contains(id)) out.push_back(id);
  }
  std::ranges::stable_sort(
      out, [&](const MessageId& a, const MessageId& b) { return cards.at(a).version > cards.at(b).version; });
  return out;
}

std::vector<MessageId> CitizenFacts::previous() const {
  std::set<MessageId> replaced;
  for (const MessageId& id : standing()) {
    for (const MessageId& before : cards.at(id).replaces) {
      if (cards.contains(before)) replaced.insert(before);
    }
  }
  std::vector<MessageId> out(replaced.begin(), replaced.end());
  std::ranges::stable_sort(
      out, [&](const MessageId& a, const MessageId& b) { return cards.at(a).version > cards.at(b).version; });
  return out;
}

std::optional<wire::Citizen> CitizenFacts::citizen() const {
  if (opened) return opened;
  const auto newest = standing();
  return newest.empty() ? std::nullopt : std::optional(cards.at(newest.front()).citizen);
}

std::vector<MessageId> CitizenFacts::kept() const {
  std::vector<MessageId> out;
  if (opening) out.push_back(*opening);
  std::vector<MessageId> plans = standing();
  for (const MessageId& id : previous()) plans.push_back(id);
  for (const MessageId& id : plans) {
    out.push_back(id);
    const auto& signatures = cards.at(id).signatures;
    out.insert(out.end(), signatures.begin(), signatures.end());
  }
  for (const auto& [id, task] : tasks) {
    if (!task.open) continue;
    out.push_back(id);
    if (const auto by = taken.find(id); by != taken.end()) out.push_back(by->second);
  }
  return out;
}

bool plan_expired(wire::LocalDay valid_until, UtcTime now) {
  return now >= rota::to_utc(valid_until + std::chrono::days(1), std::chrono::minutes(0));
}

UtcTime handover_since(UtcTime now) {
  return rota::to_utc(rota::to_local(now).day - std::chrono::days(1), std::chrono::hours(16));
}

}  // namespace nattevagt::client
