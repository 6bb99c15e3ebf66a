// One entry of a conversation: ours come back, the others' words and commits. What MLS proves is that a
// member sent it; that it is the right member, in the right place, and new, is checked here (P-071).
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/common/check.h"
#include "proto/common/overloaded.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

// Which words tell their author that they have arrived; few, so that receipts stay few.
bool wants_receipt(const wire::Body& body) {
  return std::holds_alternative<wire::AdviceRequest>(body) || std::holds_alternative<wire::Advice>(body) ||
         std::holds_alternative<wire::ReadBack>(body) || std::holds_alternative<wire::ReadBackVerdict>(body) ||
         std::holds_alternative<wire::PlanCard>(body);
}

}  // namespace

void ClientCore::on_stream_entry(ConversationState& conversation, const wire::Entry& entry) {
  if (conversation.refused || conversation.removed) return;
  if (!conversation.group && !conversation.rejoining) return;
  if (conversation.seen.contains(entry.id)) {
    return suspect(Errc::kReplay, conversation.id, "Hubben har vist en gammel besked igen.");
  }
  for (auto& [number, item] : outbox_) {
    if (item.id() == entry.id && item.conversation() == conversation.id) {
      return on_echo(conversation, entry, item);
    }
  }
  if (!wire::is_known(entry.kind)) return on_newer(entry.kind);
  if (entry.kind == wire::EntryKind::kRejoin) return on_rejoin(conversation, entry);
  if (!conversation.group) return;
  const DevicePolicy believed = policy();
  auto processed = conversation.group->process(entry.bytes, validation(believed));
  learn(believed);
  if (!processed) return on_process_failed(conversation, entry, processed.error().code);
  dirty_ratchets_.insert(conversation.id);
  std::visit(
      Overloaded{
          [&](const mls::ApplicationMessage& message) { on_application(conversation, entry, message); },
          [&](const mls::ProposalReceived&) { dirty_epochs_.insert(conversation.id); },
          [&](const mls::CommitApplied& applied) {
            on_commit(conversation, applied.change, applied.lost_pending_commit);
          },
          [&](const mls::OwnCommit&) {
            suspect(Errc::kReplay, conversation.id, "Vores egen ændring kom igen under et andet nummer.");
          },
          [&](const mls::OwnMessage&) {
            suspect(Errc::kReplay, conversation.id, "Vores egen besked kom igen under et andet nummer.");
          },
          [&](const mls::RemovedFromGroup&) { on_removed(conversation); },
          [&](const mls::OldBackup&) {  // P-076
            dirty_epochs_.insert(conversation.id);
            begin_rejoin(
                conversation,
                "Enheden er gendannet fra en gammel kopi. Den beder om at komme ind i samtalen igen, "
                "før der kan skrives herfra.");
          },
      },
      *processed);
}

void ClientCore::on_process_failed(ConversationState& conversation, const wire::Entry& entry, Errc why) {
  const bool handshake = entry.kind == wire::EntryKind::kCommit;
  if (why == Errc::kGenerationUsed) {
    return suspect(Errc::kReplay, conversation.id, "Hubben har vist en gammel besked igen.");
  }
  // P-035: said in one of the two epochs before ours and stored after the commit that let us in. Whoever was
  // in the room then has the keys; we were not meant.
  const bool before_us = why == Errc::kStaleEpoch && entry.epoch < conversation.group->epoch() &&
                         conversation.group->epoch() - entry.epoch <= 2;
  if (!handshake && before_us) return;
  if (!handshake && !conversation.unreadable) {
    return suspect(why, conversation.id,
                   "En besked kunne ikke læses (nr. " + std::to_string(entry.seq) + ").");
  }
  if (why == Errc::kStaleEpoch && !conversation.rejoining) {
    return on_commit_lost(conversation);
  }
  if (conversation.unreadable) return;  // said once; the rest follows from it
  conversation.unreadable = true;
  dirty_streams_.insert(conversation.id);
  suspect(why, conversation.id,
          "En ændring af deltagerne kunne ikke godkendes. Samtalen kan ikke læses længere på denne enhed.");
}

// ---- Ours

void ClientCore::on_echo(ConversationState& conversation, const wire::Entry& entry, OutboxItem& item) {
  const Digest digest = sha256(entry.bytes);
  if (std::find(item.sent.begin(), item.sent.end(), digest) == item.sent.end()) {
    suspect(Errc::kReplay, conversation.id, "Hubben har lagt noget andet under vores beskeds nummer.");
    if (item.kind == OutKind::kCommit && item.finished()) {
      item.echoed = true;
      finish_if_done(item.number);
    }
    return;
  }
  const std::uint64_t number = item.number;
  item.echoed = true;
  dirty_items_.insert(number);
  conversation.seen.insert(entry.id);
  if (item.kind == OutKind::kCommit && conversation.group) {
    const DevicePolicy believed = policy();
    auto processed = conversation.group->process(entry.bytes, validation(believed));
    if (processed && std::holds_alternative<mls::OwnCommit>(*processed)) {
      if (auto change = conversation.group->apply_pending()) on_commit(conversation, *change, false);
    } else {
      suspect(Errc::kFork, conversation.id, "Vores egen ændring kunne ikke genkendes.");
    }
  } else if (item.has_words()) {
    item.message.seq = entry.seq;
    item.message.stored_at = entry.stored_at;
    if (!item.finished()) item.message.delivery = Delivery::kQueued;  // "Sendt" is said for a receipt alone
    out_.messages.push_back(item.message);
    conversation.oldest = std::min(conversation.oldest, item.message.stored_at);
    conversation.own.try_emplace(entry.id, item.message.delivery);
    conversation.facts.fold(entry.id, item.message.content, self_who(), true);
    conversation.work.fold(item.message, conversation.of_alert());
    note_words(conversation, item.message, self_who());
  }
  finish_if_done(number);
}

// ---- The others'

Result<Message> ClientCore::checked_message(ConversationState& conversation, const wire::Entry& entry,
                                            const mls::ApplicationMessage& message, Who* who) {
  // As of when it was stored: a certificate that has run out since does not take back what was said. A
  // revocation does: it says that the keys are in the wrong hands.
  NV_TRY(const wire::DeviceIdentity sender,
         directory_.identify(message.sender.credential.identity, std::min(entry.stored_at, now_)));
  NV_TRY(const wire::SignedContent signed_content, wire::decode_signed_content(message.plaintext.expose()));
  if (!verify(message.sender.signature_key, wire::kContentLabel, signed_content.bytes,
              signed_content.signature)) {
    return fail(Errc::kBadSignature, "P-071");
  }
  NV_TRY(wire::Content content, wire::decode_content(signed_content.bytes));
  if (content.conversation != conversation.id || content.id != entry.id) return fail(Errc::kReplay, "P-071");
  if (content.device != sender.device || content.author != sender.person) {
    return fail(Errc::kUntrusted, "P-071");
  }
  Message out;
  out.conversation = conversation.id;
  out.id = entry.id;
  out.seq = entry.seq;
  out.stored_at = entry.stored_at;
  out.author = directory_.person(sender);
  // Who holds a unit's shared phone is what the phone says; a person is whom the certificate names.
  if (sender.kind == wire::HolderKind::kUnit && !content.author_name.empty()) {
    out.author.name = content.author_name;
    out.author.profession = content.author_profession;
  }
  out.content = std::move(content);
  *who = who_of(sender);
  return out;
}

void ClientCore::check_mark(ConversationState& conversation, const wire::Entry& entry,
                            const wire::StreamMark& mark) {
  const Cursor& cursor = conversation.cursor;
  const auto known = cursor.recent.find(mark.seq);
  const bool ahead = mark.seq >= entry.seq;  // nobody has seen what comes after his own words
  const bool at_start = mark.seq == 0 && mark.chain != wire::chain_first(conversation.id, std::nullopt);
  if (ahead || at_start || (known != cursor.recent.end() && known->second != mark.chain)) {
    suspect(Errc::kFork, conversation.id, "Hubben viser samtalen forskelligt til deltagerne.");
  }
}

void ClientCore::on_application(ConversationState& conversation, const wire::Entry& entry,
                                const mls::ApplicationMessage& message) {
  Who who;
  auto checked = checked_message(conversation, entry, message, &who);
  if (!checked) {
    return suspect(checked.error().code, conversation.id,
                   "En besked er ikke fra den, den udgiver sig for at være fra. Den er ikke vist.");
  }
  check_mark(conversation, entry, checked->content.mark);
  conversation.seen.insert(entry.id);
  show(conversation, *checked, who);
}

namespace {

std::string_view breach_text(IncidentFacts::Breach breach) {
  switch (breach) {
    case IncidentFacts::Breach::kAdvice:
      return "Et råd er fra en, der ikke har taget kaldet. Følg det ikke, før du har ringet og spurgt.";
    case IncidentFacts::Breach::kReadBack:
      return "En tilbagelæsning er ikke fra enheden, der spurgte. Den tæller ikke.";
    case IncidentFacts::Breach::kVerdict:
      return "En tilbagelæsning er bedømt af en anden end den, der gav rådet. Det tæller ikke.";
    case IncidentFacts::Breach::kEnd:
      return "Kaldet er meldt slut af en, der ikke kan melde det slut. Det tæller ikke.";
  }
  return {};
}

std::string_view breach_text(CitizenFacts::Breach breach) {
  switch (breach) {
    case CitizenFacts::Breach::kOpening:
      return "En, der er med i samtalen, har skrevet, at den er om en anden borger. Det tæller ikke.";
    case CitizenFacts::Breach::kPlan:
      return "En plan er skrevet i en forkert samtale eller med et forkert versionsnummer. Den tæller ikke.";
    case CitizenFacts::Breach::kSignature:
      return "En underskrift er sat under en anden tekst end planens. Den tæller ikke.";
  }
  return {};
}

}  // namespace

void ClientCore::show(ConversationState& conversation, const Message& message, const Who& who) {
  // Whoever was called in after the question cannot tell who asked, nor then whose read-backs count.
  const bool closed_early = std::holds_alternative<wire::Close>(message.content.body) &&
                            conversation.facts.asked && conversation.facts.read_back_open();
  if (closed_early) {
    suspect(Errc::kWrongState, conversation.id, "Forløbet er afsluttet uden en godkendt tilbagelæsning.");
  }
  if (const auto breach = conversation.facts.breach(message.content, who)) {
    suspect(Errc::kUntrusted, conversation.id, std::string(breach_text(*breach)));
  }
  if (const auto breach = conversation.work.breach(message, conversation.of_alert())) {
    suspect(Errc::kUntrusted, conversation.id, std::string(breach_text(*breach)));
  }
  conversation.facts.fold(message.id, message.content, who, false);
  conversation.work.fold(message, conversation.of_alert());
  out_.messages.push_back(message);
  conversation.oldest = std::min(conversation.oldest, message.stored_at);
  if (const auto* seen = std::get_if<wire::Seen>(&message.content.body)) return on_seen(conversation, *seen);
  out_.events.emplace_back(NewMessage{message});
  note_words(conversation, message, who);
  if (!wants_receipt(message.content.body) || self_->kind == wire::HolderKind::kRecorder) return;
  // Nothing waits for a receipt: one that cannot be queued is not missed.
  static_cast<void>(
      enqueue_content(conversation.id, wire::Seen{message.id, wire::SeenStage::kOnDevice}, std::nullopt, {}));
}

void ClientCore::on_seen(ConversationState& conversation, const wire::Seen& seen) {
  const auto own = conversation.own.find(seen.message);
  if (own == conversation.own.end()) return;
  const Delivery delivery = seen.stage == wire::SeenStage::kSeen ? Delivery::kSeen : Delivery::kOnDevice;
  if (own->second >= delivery) return;  // kFailed too: what the hub refused nobody has seen
  own->second = delivery;
  out_.deliveries.push_back({conversation.id, seen.message, delivery});
  for (auto& [number, item] : outbox_) {
    if (item.id() != seen.message) continue;
    item.message.delivery = delivery;
    dirty_items_.insert(number);  // a restart must not show it as not sent
  }
  out_.events.emplace_back(OwnMessage{seen.message, delivery, Errc{}});
}

// ---- Members

void ClientCore::announce_members(ConversationState& conversation, const std::vector<mls::Member>& joined,
                                  const std::vector<mls::Member>& left) {
  MembersChanged changed{conversation.id, {}, {}};
  for (const auto& identity : identities(joined)) {
    if (identity.device != self_->device) changed.joined.push_back(directory_.person(identity));
  }
  for (const auto& identity : identities(left)) changed.left.push_back(directory_.person(identity));
  if (changed.joined.empty() && changed.left.empty()) return;
  out_.events.emplace_back(std::move(changed));
}

void ClientCore::on_commit(ConversationState& conversation, const mls::EpochChange& change,
                           bool lost_pending) {
  dirty_epochs_.insert(conversation.id);
  announce_members(conversation, change.added, change.removed);
  settle_returners(conversation, change);
  if (lost_pending) drop_pending_intents(conversation.id);
}

// Another commit has won the epoch: ours is formed again, from what it was meant to do (P-035).
void ClientCore::drop_pending_intents(const ConversationId& id) {
  for (auto& [number, item] : outbox_) {
    if (item.kind != OutKind::kCommit || item.conversation() != id || item.finished()) continue;
    item.stage = OutStage::kIntent;
    item.frame.clear();
    dirty_items_.insert(number);
  }
}

void ClientCore::on_removed(ConversationState& conversation) {
  conversation.removed = true;
  forget_group(conversation);
  dirty_streams_.insert(conversation.id);
  dirty_epochs_.insert(conversation.id);
  out_.events.emplace_back(RemovedFromConversation{conversation.id});
}

}  // namespace nattevagt::client
