// What people ask for. Each command checks what can be checked here (P-073), puts the message in the outbox,
// and returns: sending is pump()'s.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

Result<MessageId> ClientCore::enqueue_content(const ConversationId& conversation, wire::Body body,
                                              std::optional<wire::ActKind> act, const AlertId& alert) {
  if (!enrolled()) return fail(Errc::kWrongState, "not enrolled");
  if (device_->revoked) return fail(Errc::kRevoked, "P-028");
  Message message;
  message.conversation = conversation;
  message.id = entropy_.make_id<MessageId>();
  message.stored_at = now_;
  message.author = directory_.person(*self_);
  message.own = true;
  message.delivery = Delivery::kQueued;
  const bool unit_phone = self_->kind == wire::HolderKind::kUnit;
  if (unit_phone && !device_->author_name.empty()) {
    message.author.name = device_->author_name;
    message.author.profession = device_->author_profession;
  }
  message.content = wire::Content{.conversation = conversation,
                                  .id = message.id,
                                  .author = self_->person,
                                  .device = self_->device,
                                  .author_name = message.author.name,
                                  .author_profession = message.author.profession,
                                  .written_at = now_,
                                  .mark = {},
                                  .body = std::move(body)};
  // What the others would refuse is refused here, while its author can still change it.
  const Bytes encoded = wire::encode(message.content);
  if (encoded.size() > limits::kContentBytesMax) return fail(Errc::kTooLarge, "P-090");
  NV_TRYV(wire::decode_content(encoded));

  OutKind kind = act ? OutKind::kAct : OutKind::kAppend;
  if (std::holds_alternative<wire::AdviceRequest>(message.content.body)) kind = OutKind::kRaise;
  if (std::holds_alternative<wire::Opening>(message.content.body)) kind = OutKind::kStart;
  const bool receipt = std::holds_alternative<wire::Seen>(message.content.body);
  const MessageId id = message.id;
  out_.messages.push_back(message);
  OutboxItem& item = enqueue(kind, std::move(message));
  item.alert = alert;
  if (act) item.act = *act;
  if (!receipt) out_.events.emplace_back(OwnMessage{id, Delivery::kQueued, Errc{}});
  return id;
}

Result<ClientCore::Asked> ClientCore::ask(wire::AdviceRequest question, UtcTime now) {
  now_ = now;
  if (!enrolled()) return fail(Errc::kWrongState, "not enrolled");
  if (!self_->unit) return fail(Errc::kNotPermitted, "only a unit's device asks");
  const auto ladder = directory_.ladder_for(*self_->unit, question.severity, self_->organisation);
  const bool have_roster = directory_.roster(self_->organisation) != nullptr;
  if (have_roster && (!ladder || ladder->ladder == nullptr)) return fail(Errc::kNotFound, "no ladder");
  const AlertId alert = entropy_.make_id<AlertId>();
  const bool drill = question.drill;
  question.alert = alert;
  ConversationState conversation;
  conversation.id = entropy_.make_id<ConversationId>();
  conversation.alert = alert;
  conversation.cursor.chain = wire::chain_first(conversation.id, std::nullopt);
  const ConversationId id = conversation.id;
  NV_TRY(const MessageId message, enqueue_content(id, std::move(question), std::nullopt, alert));
  conversations_.emplace(id, std::move(conversation));
  dirty_streams_.insert(id);
  AlertRecord& record = record_of(alert);
  record.view.stream = id;
  record.view.drill = drill;
  // "IKKE SENDT" is said first; from then on every minute.
  owe(record, RingReason::kNotSent, patience::kNotSent + limits::kExhaustedRepeat);
  return Asked{alert, id, message};
}

namespace {

// What send() takes: words without a rule of their own. An act moves the alert, a question makes one, a receipt
// and what belongs to a read-back have checks: each of them has its own call.
bool plain_words(const wire::Body& body) {
  return std::holds_alternative<wire::Text>(body) || std::holds_alternative<wire::IsbarAddition>(body) ||
         std::holds_alternative<wire::MedicineQuestion>(body) ||
         std::holds_alternative<wire::Observation>(body) || std::holds_alternative<wire::JournalMark>(body) ||
         std::holds_alternative<wire::Task>(body);
}

}  // namespace

Result<MessageId> ClientCore::send(const ConversationId& conversation, wire::Body body, UtcTime now) {
  now_ = now;
  if (!plain_words(body)) return fail(Errc::kNotPermitted, "ClientCore::send: this has its own call");
  const ConversationState* found = find(conversation);
  if (found == nullptr || found->refused) return fail(Errc::kNotFound, "no such conversation");
  if (found->removed) return fail(Errc::kNotMember, "removed");
  return enqueue_content(conversation, std::move(body), std::nullopt, {});
}

Result<MessageId> ClientCore::act(const AlertId& alert, wire::ActKind kind, wire::Body body, UtcTime now) {
  now_ = now;
  const auto found = alerts_.find(alert);
  const ConversationState* conversation = nullptr;
  for (const auto& [id, candidate] : conversations_) {
    if (candidate.alert == alert) conversation = &candidate;
  }
  if (found == alerts_.end() && conversation == nullptr) return fail(Errc::kNotFound, "no such alert");
  // The notice rings before the welcome is here, or without one: an act needs the group to sign in.
  if (conversation == nullptr || conversation->refused) return fail(Errc::kNotMember, "not in the group");
  if (conversation->removed) return fail(Errc::kNotMember, "removed");
  IncidentFacts scratch;
  const IncidentFacts& facts = *facts_with_queued(*conversation, scratch);
  const bool asking_unit = self_ && facts.asking_unit(self_who());
  const AlertRecord* record = found == alerts_.end() ? nullptr : &found->second;
  const bool taker = record != nullptr && record->take && record->take->person.id == self_->person;
  const bool take_queued = std::any_of(outbox_.begin(), outbox_.end(), [&](const auto& entry) {
    return entry.second.alert == alert && entry.second.kind == OutKind::kAct &&
           entry.second.act == wire::ActKind::kTake;
  });
  switch (kind) {
    case wire::ActKind::kTake:
    case wire::ActKind::kDecline:
      if (record == nullptr || !may_take(*record, self_who())) return fail(Errc::kNotPermitted, "P-043");
      if (kind == wire::ActKind::kTake && record->take && !taker && record->handing_to != self_->person) {
        return fail(Errc::kAlreadyTaken, "P-043");
      }
      break;
    case wire::ActKind::kHandOver:
      if (!taker) return fail(Errc::kNotPermitted, "P-116");
      if (std::get<wire::HandOver>(body).to == self_->person) return fail(Errc::kInvalidValue, "P-116");
      break;
    case wire::ActKind::kAdvise:
      if (!taker && !take_queued) return fail(Errc::kWrongState, "P-048");
      break;
    case wire::ActKind::kReserveUsed:
    case wire::ActKind::kWithdraw:
      if (!asking_unit) return fail(Errc::kNotPermitted, "P-048");
      break;
    case wire::ActKind::kClose:
      if (!asking_unit && !taker) return fail(Errc::kNotPermitted, "P-048");
      if (facts.read_back_open()) return fail(Errc::kWrongState, "P-073");
      break;
  }
  NV_TRY(const MessageId made, enqueue_content(conversation->id, std::move(body), kind, alert));
  const bool over = kind == wire::ActKind::kReserveUsed || kind == wire::ActKind::kWithdraw ||
                    kind == wire::ActKind::kClose;
  // She has acted: whether the hub has heard of it makes no difference to her.
  if (over && asking_unit && found != alerts_.end()) settle_obligation(found->second);
  return made;
}

Result<MessageId> ClientCore::read_back(const MessageId& advice, std::string text, UtcTime now) {
  now_ = now;
  for (const auto& [id, conversation] : conversations_) {
    const auto& facts = conversation.facts;
    if (!facts.advices.contains(advice)) continue;
    if (!facts.asking_unit(self_who())) return fail(Errc::kNotPermitted, "P-073");
    return enqueue_content(id, wire::ReadBack{advice, std::move(text)}, std::nullopt, {});
  }
  return fail(Errc::kNotFound, "no such advice");
}

Result<MessageId> ClientCore::judge_read_back(const MessageId& read_back, bool correct, UtcTime now) {
  now_ = now;
  for (const auto& [id, conversation] : conversations_) {
    const auto of = conversation.facts.advice_of.find(read_back);
    if (of == conversation.facts.advice_of.end()) continue;
    if (conversation.facts.advices.at(of->second).author != self_->person) {
      return fail(Errc::kNotPermitted, "P-073");
    }
    return enqueue_content(id, wire::ReadBackVerdict{read_back, correct}, std::nullopt, {});
  }
  return fail(Errc::kNotFound, "no such read-back");
}

Result<MessageId> ClientCore::done(const MessageId& advice, bool is_done, std::string reason, UtcTime now) {
  now_ = now;
  for (const auto& [id, conversation] : conversations_) {
    if (!conversation.facts.advices.contains(advice)) continue;
    return enqueue_content(id, wire::Done{advice, is_done, std::move(reason), now}, std::nullopt, {});
  }
  return fail(Errc::kNotFound, "no such advice");
}

Status ClientCore::mark_seen(const MessageId& message, UtcTime now) {
  now_ = now;
  ConversationState* conversation = find_message(message);
  if (conversation == nullptr) return fail(Errc::kNotFound, "no such message");
  if (conversation->own.contains(message) || conversation->removed) return {};
  IncidentFacts scratch;
  const IncidentFacts& facts = *facts_with_queued(*conversation, scratch);
  if (facts.own_receipts.contains({message, wire::SeenStage::kSeen})) return {};
  NV_TRYV(enqueue_content(conversation->id, wire::Seen{message, wire::SeenStage::kSeen}, std::nullopt, {}));
  return {};
}

Result<MessageId> ClientCore::invite(const ConversationId& conversation, const wire::Target& who,
                                     UtcTime now) {
  now_ = now;
  const ConversationState* found = find(conversation);
  if (found == nullptr || found->refused) return fail(Errc::kNotFound, "no such conversation");
  if (found->removed) return fail(Errc::kNotMember, "removed");
  Message message;
  message.conversation = conversation;
  message.id = entropy_.make_id<MessageId>();
  OutboxItem& item = enqueue(OutKind::kCommit, std::move(message));
  item.targets.push_back(who);
  return item.id();
}

Status ClientCore::set_author(std::string name, std::string profession) {
  if (!device_) return fail(Errc::kWrongState, "not enrolled");
  if (name.size() > limits::kNameBytesMax || profession.size() > limits::kNameBytesMax) {
    return fail(Errc::kTooLarge, "P-090");
  }
  device_->author_name = std::move(name);
  device_->author_profession = std::move(profession);
  dirty_device_ = true;
  return {};
}

}  // namespace nattevagt::client
