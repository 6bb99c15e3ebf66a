#include "client-lib/core/incident_facts.h"

#include <algorithm>

namespace nattevagt::client {

bool IncidentFacts::Advice::found_correct() const {
  return std::any_of(read_backs.begin(), read_backs.end(),
                     [](const auto& entry) { return entry.second == std::optional<bool>(true); });
}

bool IncidentFacts::asking_unit(const Who& who) const {
  return asked && who.unit && who.unit == asked->who.unit && who.organisation == asked->who.organisation;
}

std::optional<IncidentFacts::Breach> IncidentFacts::breach(const wire::Content& content,
                                                           const Who& author) const {
  if (!asked) return std::nullopt;
  const auto unless = [](bool fine, Breach breach) { return fine ? std::nullopt : std::optional(breach); };
  const bool took = takers.contains(author.person);
  if (const auto* advice = std::get_if<wire::Advice>(&content.body)) {
    return unless(took && advice->alert == asked->alert, Breach::kAdvice);
  }
  if (std::holds_alternative<wire::ReadBack>(content.body)) {
    return unless(asking_unit(author), Breach::kReadBack);
  }
  if (const auto* verdict = std::get_if<wire::ReadBackVerdict>(&content.body)) {
    const auto of = advice_of.find(verdict->read_back);
    return unless(of == advice_of.end() || advices.at(of->second).author == author.person, Breach::kVerdict);
  }
  if (std::holds_alternative<wire::Withdraw>(content.body) ||
      std::holds_alternative<wire::ReserveUsed>(content.body)) {
    return unless(asking_unit(author), Breach::kEnd);
  }
  if (std::holds_alternative<wire::Close>(content.body)) {
    return unless(asking_unit(author) || took, Breach::kEnd);
  }
  return std::nullopt;
}

void IncidentFacts::fold(const MessageId& id, const wire::Content& content, const Who& author, bool own) {
  if (breach(content, author)) return;
  if (const auto* request = std::get_if<wire::AdviceRequest>(&content.body)) {
    if (asked) return;
    asked = Asked{request->alert,   request->severity, request->drill,     content.device, author,
                  request->citizen, request->kind,     content.written_at, id};
  } else if (std::holds_alternative<wire::Take>(content.body)) {
    takers.insert(author.person);
  } else if (const auto* advice = std::get_if<wire::Advice>(&content.body)) {
    advices.try_emplace(
        id, Advice{author.person, advice->read_back_required || advice->medicine.has_value(), {}, false});
    if (advice->rounds) rounds = Rounds{*advice->rounds, content.written_at};
  } else if (const auto* seen_to = std::get_if<wire::Observation>(&content.body)) {
    // A round that is said to be yet to come is none: it would keep the next reminders away.
    const UtcTime at = std::min(seen_to->at, content.written_at);
    if (rounds && author.unit && at > rounds->last) rounds->last = at;
  } else if (std::holds_alternative<wire::Withdraw>(content.body) ||
             std::holds_alternative<wire::Close>(content.body)) {
    rounds.reset();
  } else if (const auto* read_back = std::get_if<wire::ReadBack>(&content.body)) {
    const auto found = advices.find(read_back->advice);
    if (found == advices.end() || !asking_unit(author)) return;
    found->second.read_backs.try_emplace(id);
    advice_of.try_emplace(id, read_back->advice);
  } else if (const auto* verdict = std::get_if<wire::ReadBackVerdict>(&content.body)) {
    const auto of = advice_of.find(verdict->read_back);
    if (of == advice_of.end()) return;
    Advice& judged = advices.at(of->second);
    if (judged.author == author.person) judged.read_backs[verdict->read_back] = verdict->correct;
  } else if (const auto* done = std::get_if<wire::Done>(&content.body)) {
    if (const auto found = advices.find(done->advice); found != advices.end()) found->second.answered = true;
  } else if (const auto* seen = std::get_if<wire::Seen>(&content.body)) {
    if (own) own_receipts.emplace(seen->message, seen->stage);
  }
}

bool IncidentFacts::read_back_open() const {
  return std::any_of(advices.begin(), advices.end(), [](const auto& entry) {
    return entry.second.read_back_required && !entry.second.found_correct();
  });
}

std::optional<UtcTime> IncidentFacts::round_due() const {
  if (!rounds) return std::nullopt;
  const UtcTime next = rounds->last + rounds->set.every;
  return next <= rounds->set.until ? std::optional(next) : std::nullopt;
}

}  // namespace nattevagt::client
