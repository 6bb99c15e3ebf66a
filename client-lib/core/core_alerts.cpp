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
  }
  out.own_unit = self_ && self_->unit && *self_->unit == record.view.unit;
  out.may_take = self_ && may_take(record, self_who());
  out.role_label = directory_.role_label(record.view.role_asked);
  out.unit_label = directory_.unit_label(record.view.unit);
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
    if (record.view.raised_at != UtcTime{}) out.push_back(shown(record));
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

void ClientCore::on_alert_item(const wire::AlertItem& item) {
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
  if (known && promised != kNever && item.view.exhausted_at > promised &&
      item.view.state == wire::AlertState::kEscalating && !was_taken) {
    // P-063: the receipt's promise may be kept early, never late; after a take the ladder resumes anew.
    suspect(Errc::kUntrusted, stream, "Hubben har udskudt det tidspunkt, den har lovet.");
  }
  const bool climbing =
      item.view.state == wire::AlertState::kEscalating || item.view.state == wire::AlertState::kExhausted;
  if (record.take && item.view.taken_by == record.take->person.device) record.hub_saw_take = true;
  if (climbing && record.hub_saw_take) {
    record.take.reset();  // taken without advice in time: it climbs again (P-047)
    record.hub_saw_take = false;
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
  record.take = take;
  record.hub_saw_take = record.view.taken_by == take.person.device;
  weigh_claim(record);
  alert_changed(record, wire::NoticeKind::kNone);
}

// A take that came before the roster that allows it.
void ClientCore::reconsider_takes() {
  for (auto& [id, record] : alerts_) {
    if (!record.candidate || !may_take(record, record.candidate->who())) continue;
    record.take = std::exchange(record.candidate, std::nullopt);
    record.hub_saw_take = record.view.taken_by == record.take->person.device;
    weigh_claim(record);
    alert_changed(record, wire::NoticeKind::kNone);
  }
}

}  // namespace nattevagt::client
