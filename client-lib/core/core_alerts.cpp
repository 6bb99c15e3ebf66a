// Alerts: the hub's word beside what people have signed. Only the second is ever shown as "Overtaget af"
// (P-053); where the first claims more, that is said.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/common/check.h"

namespace nattevagt::client {

namespace {

constexpr std::string_view kClaimWarning =
    "Hubben oplyser, at alarmen er overtaget, men der er ingen underskrevet overtagelse. Stol ikke på det.";

bool over(wire::AlertState state) {
  return state == wire::AlertState::kClosed || state == wire::AlertState::kWithdrawn;
}

}  // namespace

AlertRecord& ClientCore::record_of(const AlertId& alert) {
  const auto [found, fresh] = alerts_.try_emplace(alert);
  AlertRecord& record = found->second;
  if (fresh) {
    record.view.alert = alert;
    record.view.severity = wire::Severity::kRed;
    record.view.state = wire::AlertState::kEscalating;
  }
  dirty_alerts_.insert(alert);
  return record;
}

std::optional<Directory::Asking> ClientCore::asking(const AlertRecord& record) const {
  const ConversationState* conversation = find(record.view.stream);
  // Who asked is what is signed; the hub's word only where we cannot read the request.
  if (conversation != nullptr && conversation->facts.asked && conversation->facts.asked->who.unit) {
    const auto& asked = *conversation->facts.asked;
    return directory_.ladder_for(*asked.who.unit, asked.severity, asked.who.organisation);
  }
  return directory_.ladder_for(record.view.unit, record.view.severity, std::nullopt);
}

bool ClientCore::may_take(const AlertRecord& record, const Who& who) const {
  const auto ladder = asking(record);
  return ladder && directory_.on_ladder(*ladder, who);
}

Alert ClientCore::shown(const AlertRecord& record) const {
  Alert out;
  out.view = record.view;
  // P-141: what the raiser signed goes before the hub's word; a call for help is never shown as a drill.
  const ConversationState* conversation = find(record.view.stream);
  if (conversation != nullptr && conversation->facts.asked &&
      conversation->facts.asked->alert == record.view.alert) {
    out.view.drill = conversation->facts.asked->drill;
  }
  if (record.take) {
    out.taken_by = record.take->person;
    out.taken_at = record.take->at;
    out.handing_to = record.handing_to;
  }
  if (out.handing_to) {
    const auto names = known_names();
    const auto name = names.find(*out.handing_to);
    if (name != names.end()) out.handing_to_name = name->second;
    out.asked_to_take = self_ && self_->person == *out.handing_to;
  }
  out.unsent = record.view.raised_at == UtcTime{};
  for (const auto& [number, item] : outbox_) {
    if (out.unsent && item.kind == OutKind::kRaise && item.alert == record.view.alert) {
      out.view.raised_at = item.queued_at;
      out.view.unit = self_->unit.value_or(UnitId{});
      out.view.severity = std::get<wire::AdviceRequest>(item.message.content.body).severity;
    }
  }
  out.own_unit = self_ && self_->unit && *self_->unit == out.view.unit;
  out.may_take = self_ && may_take(record, self_who());
  out.role_label = directory_.role_label(record.view.role_asked);
  out.unit_label = directory_.unit_label(out.view.unit);
  out.notices = record.notices;
  out.warnings = record.warnings;
  return out;
}

void ClientCore::alert_changed(AlertRecord& record, wire::NoticeKind notice) {
  dirty_alerts_.insert(record.view.alert);
  if (record.view.raised_at == UtcTime{}) return;  // not stored yet: nothing to show
  out_.events.emplace_back(AlertChanged{shown(record), notice});
}

std::vector<Alert> ClientCore::alerts() const {
  std::vector<Alert> out;
  for (const auto& [id, record] : alerts_) {
    // What was asked here and is not sent is the worker's all the same: she can say that she has rung.
    Alert alert = shown(record);
    if (alert.view.raised_at != UtcTime{}) out.push_back(std::move(alert));
  }
  std::sort(out.begin(), out.end(), [](const Alert& a, const Alert& b) {
    if (over(a.view.state) != over(b.view.state)) return over(b.view.state);
    if (a.view.raised_at != b.view.raised_at) return a.view.raised_at > b.view.raised_at;
    return a.view.alert < b.view.alert;
  });
  return out;
}

Result<Alert> ClientCore::alert(const AlertId& alert) const {
  const auto found = alerts_.find(alert);
  if (found == alerts_.end() || found->second.view.raised_at == UtcTime{}) {
    return fail(Errc::kNotFound, "ClientCore::alert");
  }
  return shown(found->second);
}

// ---- The hub's word

void ClientCore::on_alert_item(const wire::AlertItem& item, UtcTime stored_at) {
  AlertRecord& record = record_of(item.view.alert);
  const bool known = record.view.raised_at != UtcTime{};
  const ConversationId stream = item.view.stream;
  if ((known && (over(record.view.state) && !over(item.view.state))) ||
      (!record.view.stream.is_zero() && record.view.stream != stream)) {
    return suspect(Errc::kReplay, stream, "Hubben viser en gammel tilstand af en alarm.");
  }
  ConversationState* conversation = find(stream);
  if (conversation != nullptr && !conversation->alert) {
    conversation->alert = item.view.alert;
    dirty_streams_.insert(stream);
  }
  if (conversation != nullptr && conversation->facts.asked) {
    const auto& asked = *conversation->facts.asked;
    if (asked.alert != item.view.alert || asked.severity != item.view.severity ||
        asked.who.unit != item.view.unit || asked.drill != item.view.drill) {
      suspect(Errc::kUntrusted, stream, "Hubben viser en anden alarm, end den der blev sendt.");
    }
  }
  const UtcTime promised = record.view.exhausted_at;
  // Whoever was called in after the take has not seen the act, and knows by the hub alone that there was one.
  const bool was_taken = record.hub_saw_take || record.view.taken_by;
  const bool changed = record.view != item.view || !known;
  record.view = item.view;
  if (known && promised != kNever && item.view.exhausted_at > promised + limits::kPromiseGrace &&
      item.view.state == wire::AlertState::kEscalating && !was_taken) {
    // P-063: the promise may be kept early, and late by no more than a hub's hiccup; after a take it resumes anew.
    suspect(Errc::kUntrusted, stream, "Hubben har udskudt det tidspunkt, den har lovet.");
  }
  const bool climbing =
      item.view.state == wire::AlertState::kEscalating || item.view.state == wire::AlertState::kExhausted;
  if (climbing) record.climbed_at = std::max(record.climbed_at, stored_at);
  if (record.take && item.view.taken_by == record.take->person.device) record.hub_saw_take = true;
  if (climbing && record.hub_saw_take) {
    record.handing_to.reset();
    record.take.reset();  // taken without advice in time: it climbs again (P-047)
    record.hub_saw_take = false;
    owe_taker(record, Millis::max());
  }
  weigh_claim(record);

  wire::NoticeKind notice = item.notice;
  if (notice != wire::NoticeKind::kNone) {
    if (record.noticed.emplace(item.view.step, item.repeat, notice).second) {
      record.notices.push_back(notice);
    } else {
      notice = wire::NoticeKind::kNone;  // P-042: rung already
    }
  }
  hub_rang(record, notice);
  if (changed || notice != wire::NoticeKind::kNone) alert_changed(record, notice);
}

void ClientCore::weigh_claim(AlertRecord& record) {
  const bool claimed = record.view.taken_by && (record.view.state == wire::AlertState::kTaken ||
                                                record.view.state == wire::AlertState::kAdvised);
  const bool proven = record.take && record.view.taken_by == record.take->person.device;
  if (!claimed || proven) {
    record.claim_due = kNever;
    std::erase(record.warnings, std::string(kClaimWarning));
  } else if (record.claim_due == kNever) {
    record.claim_due = now_ + patience::kClaim;  // the signed act comes in another stream
  }
  dirty_alerts_.insert(record.view.alert);
}

// First a warning: the act comes in another stream, and a slow network may hold it for some seconds. The
// accusation, which stays, waits until a connection has stood as long as a promise may take.
void ClientCore::on_claim_due(AlertRecord& record) {
  record.claim_due = kNever;
  dirty_alerts_.insert(record.view.alert);
  const std::string warning(kClaimWarning);
  if (std::find(record.warnings.begin(), record.warnings.end(), warning) == record.warnings.end()) {
    record.warnings.push_back(warning);
    record.claim_due = now_ + patience::kPromise;
    return alert_changed(record, wire::NoticeKind::kNone);
  }
  const ConversationState* conversation = find(record.view.stream);
  // Whoever was called in after the question may have come after the act as well: a warning, no accusation.
  if (conversation != nullptr && conversation->active() && conversation->facts.asked) {
    suspect(Errc::kUntrusted, record.view.stream, warning);
  }
}

// ---- People's words

void ClientCore::note_words(ConversationState& conversation, const Message& message, const Who& who) {
  if (const auto* asked = std::get_if<wire::AdviceRequest>(&message.content.body)) {
    if (conversation.alert && *conversation.alert != asked->alert) {
      return suspect(Errc::kUntrusted, conversation.id,
                     "Hubben viser en anden alarm, end den der blev sendt.");
    }
    conversation.alert = asked->alert;
    dirty_streams_.insert(conversation.id);
    AlertRecord& record = record_of(asked->alert);
    if (record.view.stream.is_zero()) record.view.stream = conversation.id;
    if (record.view.raised_at == UtcTime{} && who.unit) {
      record.view.unit = *who.unit;
      record.view.severity = asked->severity;
      record.view.drill = asked->drill;
      return;
    }
    if (record.view.stream != conversation.id || record.view.severity != asked->severity ||
        who.unit != record.view.unit || record.view.drill != asked->drill) {
      suspect(Errc::kUntrusted, conversation.id, "Hubben viser en anden alarm, end den der blev sendt.");
      // The screen follows what is signed; what rang as a drill and is none rings again.
      if (record.view.drill != asked->drill) {
        alert_changed(record, asked->drill ? wire::NoticeKind::kNone : wire::NoticeKind::kFirst);
      }
    }
  } else if (std::holds_alternative<wire::Take>(message.content.body)) {
    note_take(conversation, message, who);
  } else if (const auto* handed = std::get_if<wire::HandOver>(&message.content.body)) {
    note_hand_over(conversation, *handed, who);
  } else if (const auto* declined = std::get_if<wire::Decline>(&message.content.body)) {
    const auto known = alerts_.find(declined->alert);
    if (known == alerts_.end() || known->second.handing_to != who.person) return;
    known->second.handing_to.reset();  // no: it is the first one's as it was
    alert_changed(known->second, wire::NoticeKind::kNone);
  } else if (conversation.alert) {
    const auto known = alerts_.find(*conversation.alert);
    if (known == alerts_.end()) return;
    AlertRecord& record = known->second;
    note_obligation(record, message.content.body, who);
    const bool by_taker = record.take && record.take->person.id == who.person;
    if (record.handing_to && by_taker && std::holds_alternative<wire::Advice>(message.content.body)) {
      record.handing_to.reset();  // P-116: advised after all; nobody is asked to take it any more
      alert_changed(record, wire::NoticeKind::kNone);
    }
  }
}

void ClientCore::note_take(ConversationState& conversation, const Message& message, const Who& who) {
  const auto& body = std::get<wire::Take>(message.content.body);
  if (!conversation.alert || *conversation.alert != body.alert) {
    return suspect(Errc::kUntrusted, conversation.id, "En overtagelse gælder en anden alarm.");
  }
  AlertRecord& record = record_of(body.alert);
  const SignedTake take{message.id, message.author, message.stored_at};
  if (!may_take(record, who)) {
    record.candidate = take;
    if (rosters_current()) {
      suspect(Errc::kUntrusted, conversation.id,
              "Alarmen er overtaget af en, der ikke står på stigen. Det tæller ikke.");
    }
    return;
  }
  if (take_is_over(record, take)) return;
  if (record.take && record.take->person.id != who.person) record.handing_to.reset();
  count_take(record, take);
}

// Whoever was away reads the hub's states before the words: a ladder that climbed on after this take goes on, and
// so does what this device owes its worker (P-047, P-110). Both times are of the hub's one line (P-052).
bool ClientCore::take_is_over(const AlertRecord& record, const SignedTake& take) {
  return take.at < record.climbed_at;
}

void ClientCore::count_take(AlertRecord& record, const SignedTake& take) {
  record.take = take;
  record.hub_saw_take = record.view.taken_by == take.person.device;
  owe_advice(record);
  weigh_claim(record);
  alert_changed(record, wire::NoticeKind::kNone);
}

// P-116: only who has it hands it over, and nothing changes before the other's signed yes (a Take).
void ClientCore::note_hand_over(ConversationState& conversation, const wire::HandOver& handed,
                                const Who& who) {
  // Whoever was called in after the question cannot tell who has it.
  if (!conversation.facts.asked) return;
  const auto known = alerts_.find(handed.alert);
  const bool may = known != alerts_.end() && conversation.alert == handed.alert && known->second.take &&
                   known->second.take->person.id == who.person && handed.to != who.person;
  if (!may) {
    return suspect(Errc::kUntrusted, conversation.id,
                   "Kaldet er givet videre af en, der ikke har det. Det tæller ikke.");
  }
  known->second.handing_to = handed.to;
  alert_changed(known->second, wire::NoticeKind::kNone);
}

// A take that came before the roster that allows it.
void ClientCore::reconsider_takes() {
  for (auto& [id, record] : alerts_) {
    if (!record.candidate || !may_take(record, record.candidate->who())) continue;
    const SignedTake take = *std::exchange(record.candidate, std::nullopt);
    if (!take_is_over(record, take)) count_take(record, take);
  }
}

}  // namespace nattevagt::client
