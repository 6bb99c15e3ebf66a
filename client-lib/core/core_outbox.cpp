// From intent to receipt. An item is encrypted when its turn comes and the group has caught up, never before:
// what waits offline then needs no second encryption, and its mark (P-034) is fresh.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"

namespace nattevagt::client {

OutboxItem& ClientCore::enqueue(OutKind kind, Message message) {
  OutboxItem item;
  item.number = next_item_++;
  item.kind = kind;
  item.queued_at = item.not_before = now_;
  item.message = std::move(message);
  item.message.own = true;
  dirty_items_.insert(item.number);
  const std::uint64_t number = item.number;
  return outbox_.emplace(number, std::move(item)).first->second;
}

bool ClientCore::in_flight(std::uint64_t item) const {
  return in_flight(InFlight::Kind::kGather, item) || in_flight(InFlight::Kind::kSend, item);
}

void ClientCore::pump() {
  if (!hello_done_ || device_->revoked) return;
  send_changes();
  send_check_ins();
  send_suspensions();
  std::set<ConversationId> busy;
  std::vector<std::uint64_t> turn;
  adopt_lost();
  for (const auto& [number, item] : outbox_) {
    if (item.finished()) continue;
    // P-078: what has not been encrypted waits for our return; what has, is what it was.
    const ConversationState* conversation = find(item.conversation());
    const bool away = conversation != nullptr && conversation->rejoining;
    if (away && item.kind != OutKind::kRejoin && item.stage != OutStage::kBuilt) continue;
    if (!busy.insert(item.conversation()).second) continue;
    if (!in_flight(number) && item.not_before <= now_) turn.push_back(number);
  }
  for (const std::uint64_t number : turn) {
    if (flights_.size() >= limits::kRequestsInFlightPerDevice / 2) return;
    drive(outbox_.at(number));
  }
}

void ClientCore::drive(OutboxItem& item) {
  if (item.stage == OutStage::kBuilt) return transmit(item);
  if (item.kind == OutKind::kRaise) return gather_for_raise(item);
  if (item.kind == OutKind::kStart) return gather_for_start(item);
  ConversationState* conversation = find(item.conversation());
  if (conversation != nullptr && item.kind == OutKind::kRejoin) return build_rejoin(item, *conversation);
  if (conversation == nullptr || !conversation->active() || unlisted_.contains(conversation->id)) {
    return give_up(item, Errc::kNotMember);
  }
  if (!may_encrypt(*conversation)) return;
  // P-035: what was refused as stale waits for the winner's commit; what follows our own waits for its echo.
  if (conversation->group->epoch() < item.wait_epoch || conversation->group->has_pending_commit()) return;
  if (item.kind == OutKind::kCommit) return gather_for_commit(item, *conversation);
  encrypt(item, *conversation);
}

void ClientCore::transmit(OutboxItem& item) {
  auto frame = wire::decode_client_frame(item.frame);
  NV_CHECK(frame);  // our own, from our own store
  request(std::move(frame->body), InFlight::Kind::kSend, item.number);
}

Result<Bytes> ClientCore::protect_content(OutboxItem& item, ConversationState& conversation) {
  wire::Content content = item.message.content;
  const Cursor& cursor = conversation.cursor;
  content.mark = {cursor.seq, cursor.chain};
  if (cursor.chain == kUnknownChain) content.mark = {0, wire::chain_first(conversation.id, std::nullopt)};
  wire::SignedContent signed_content;
  signed_content.bytes = wire::encode(content);
  signed_content.signature = device_->sign_key.sign(wire::kContentLabel, signed_content.bytes);
  NV_TRY(Bytes ciphertext, conversation.group->protect({}, wire::encode(signed_content), entropy_));
  dirty_ratchets_.insert(conversation.id);
  item.sent.push_back(sha256(ciphertext));
  return ciphertext;
}

void ClientCore::encrypt(OutboxItem& item, ConversationState& conversation) {
  auto ciphertext = protect_content(item, conversation);
  if (!ciphertext) return give_up(item, ciphertext.error().code);
  const std::uint64_t epoch = conversation.group->epoch();
  if (item.kind == OutKind::kAct) {
    const auto* handed = std::get_if<wire::HandOver>(&item.message.content.body);
    send_built(item, wire::Act{item.alert, item.act, item.id(), epoch, std::move(*ciphertext),
                               handed == nullptr ? std::nullopt : std::optional(handed->to)});
  } else {
    send_built(item, wire::Append{.stream = conversation.id,
                                  .create = false,
                                  .id = item.id(),
                                  .kind = wire::EntryKind::kApplication,
                                  .epoch = epoch,
                                  .bytes = std::move(*ciphertext),
                                  .added = {},
                                  .removed = {},
                                  .welcome = {}});
  }
}

void ClientCore::send_built(OutboxItem& item, wire::Request body) {
  wire::ClientFrame frame;
  frame.request = 1;  // another when it leaves
  frame.body = std::move(body);
  item.frame = wire::encode(frame);
  item.stage = OutStage::kBuilt;
  dirty_items_.insert(item.number);
  transmit(item);
}

// ---- Answers

Status ClientCore::check_receipt(const OutboxItem& item, const wire::Receipt& receipt) const {
  NV_TRYV(wire::verify_receipt(receipt, device_->hub.sign_key));
  const wire::ReceiptLeaf& leaf = receipt.leaf;
  const bool ours = leaf.stream == item.conversation() && leaf.id == item.id() && !item.sent.empty() &&
                    leaf.content == item.sent.back() && leaf.seq > 0;
  const bool of_alert = item.kind != OutKind::kRaise && item.kind != OutKind::kAct;
  if (!ours || (!of_alert && leaf.alert != item.alert)) return fail(Errc::kInvalidValue, "P-062");
  // P-063: a stored alert has a next step and an end, or nothing was promised.
  if (item.kind == OutKind::kRaise && (leaf.exhausted_at == kNever || leaf.exhausted_at < leaf.stored_at)) {
    return fail(Errc::kInvalidValue, "P-063");
  }
  return {};
}

void ClientCore::on_stored(OutboxItem& item, const wire::Stored& stored) {
  const wire::ReceiptLeaf& leaf = stored.receipt.leaf;
  if (const Status checked = check_receipt(item, stored.receipt); !checked) {
    suspect(checked.error().code, item.conversation(), "Hubbens kvittering er ikke gyldig.");
    show_not_sent(item, checked.error().code);
    return put_off(item, patience::kRetry);
  }
  ConversationState* conversation = find(item.conversation());
  NV_CHECK(conversation != nullptr);
  item.stage = OutStage::kReceipted;
  item.frame.clear();
  dirty_items_.insert(item.number);

  if (leaf.seq <= conversation->cursor.seq) {
    const auto known = conversation->cursor.recent.find(leaf.seq);
    const bool other = known != conversation->cursor.recent.end() && known->second != leaf.chain;
    const bool while_away = conversation->rejoining || leaf.seq <= conversation->entered;
    if (!while_away && (!item.echoed || other)) {
      suspect(Errc::kFork, item.conversation(), "Hubbens kvittering passer ikke med samtalen.");
    }
    item.echoed = true;  // its place has passed: nothing more will come
  } else {
    conversation->promises.push_back({leaf.seq, leaf.chain, leaf.id, now_ + patience::kPromise});
    dirty_streams_.insert(conversation->id);
  }
  if (item.has_words()) {
    item.message.seq = leaf.seq;
    item.message.stored_at = leaf.stored_at;
    item.message.delivery = Delivery::kStored;
    conversation->own.emplace(item.id(), Delivery::kStored);
    out_.messages.push_back(item.message);
  }
  // A receipt is nobody's message; an invitation is somebody's, though it is a commit.
  const bool receipt = std::holds_alternative<wire::Seen>(item.message.content.body);
  if (item.has_words() ? !receipt : !item.silent) {
    out_.events.emplace_back(OwnMessage{item.id(), Delivery::kStored, Errc{}});
  }
  if (item.kind == OutKind::kRaise) {
    AlertRecord& record = record_of(item.alert);
    if (record.view.raised_at == UtcTime{}) {
      record.view.raised_at = leaf.stored_at;
      record.view.next_at = leaf.next_at;
    }
    record.view.exhausted_at = leaf.exhausted_at;  // signed, so better than the view's
    if (!record.take) owe_taker(record, leaf.exhausted_at - leaf.stored_at);
    alert_changed(record, wire::NoticeKind::kNone);
  }
  finish_if_done(item.number);
}

void ClientCore::finish_if_done(std::uint64_t number) {
  const auto found = outbox_.find(number);
  if (found == outbox_.end() || !found->second.finished() || !found->second.echoed) return;
  ConversationState* conversation = find(found->second.conversation());
  if (found->second.kind == OutKind::kCommit && conversation != nullptr && conversation->active() &&
      conversation->group->has_pending_commit()) {
    // The hub has signed that our commit took the epoch, and shows another entry in its place, or none: for the
    // others it is in force.
    if (const auto change = conversation->group->apply_pending()) on_commit(*conversation, *change, false);
  }
  dirty_items_.insert(number);
  outbox_.erase(found);
}

void ClientCore::back_to_intent(OutboxItem& item) {
  item.stage = OutStage::kIntent;
  item.frame.clear();
  dirty_items_.insert(item.number);
  ConversationState* conversation = find(item.conversation());
  if (item.kind != OutKind::kCommit || conversation == nullptr || !conversation->group) return;
  if (!conversation->group->has_pending_commit()) return;
  conversation->group->discard_pending();
  dirty_epochs_.insert(conversation->id);
}

void ClientCore::put_off(OutboxItem& item, Millis at_least) {
  Millis wait = patience::kRetry;
  for (std::uint32_t i = 0; i < item.attempts && wait < patience::kRetryMax; ++i) wait *= 2;
  ++item.attempts;
  item.not_before = now_ + std::max(at_least, std::min(wait, patience::kRetryMax));
  dirty_items_.insert(item.number);
}

void ClientCore::show_not_sent(OutboxItem& item, Errc why) {
  if (item.failed_shown || !item.has_words()) return;
  item.failed_shown = true;
  dirty_items_.insert(item.number);
  if (std::holds_alternative<wire::Seen>(item.message.content.body)) return;
  // The hub's receipt was lost on the way, but a member has signed that it is there: it has been sent.
  const Delivery seen = item.message.delivery;
  if (seen == Delivery::kOnDevice || seen == Delivery::kSeen) return;
  out_.events.emplace_back(OwnMessage{item.id(), Delivery::kFailed, why});
}

void ClientCore::give_up(OutboxItem& item, Errc why) {
  back_to_intent(item);
  ConversationState* conversation = find(item.conversation());
  if (item.kind == OutKind::kRejoin && conversation != nullptr && conversation->rejoining) {
    // The hub does not count us in: there is nowhere to come back to.
    conversation->rejoining = false;
    save_return(*conversation);
    on_removed(*conversation);
  } else if (item.has_words()) {
    if (item.kind == OutKind::kStart && conversation != nullptr) {  // no such room, and there will be none
      forget_group(*conversation);
      conversation->removed = true;
      dirty_streams_.insert(conversation->id);
    }
    item.message.delivery = Delivery::kFailed;
    out_.messages.push_back(item.message);
    if (!std::holds_alternative<wire::Seen>(item.message.content.body)) {
      out_.events.emplace_back(OwnMessage{item.id(), Delivery::kFailed, why});
    }
  } else if (!item.silent) {
    out_.events.emplace_back(OwnMessage{item.id(), Delivery::kFailed, why});
  }
  dirty_items_.insert(item.number);
  outbox_.erase(item.number);
}

void ClientCore::on_send_refused(OutboxItem& item, const wire::Refused& refused) {
  switch (refused.code) {
    case Errc::kStaleEpoch: {
      back_to_intent(item);
      item.wait_epoch = refused.current_epoch;
      ConversationState* ahead = find(item.conversation());
      if (ahead != nullptr && ahead->active() && ahead->group->epoch() > refused.current_epoch) {
        on_commit_lost(*ahead);
      }
      return;
    }
    case Errc::kBusy:
    case Errc::kUnavailable:
    case Errc::kStorage:
    case Errc::kNoSpace:
    case Errc::kTimeout:
    case Errc::kUpgradeRequired:
      // Nothing was stored, or nothing that we know of: the same bytes again.
      show_not_sent(item, refused.code);
      return put_off(item, refused.retry_after);
    default: break;
  }
  // An alert is never given up: say so in red, and go on from a new Gather (DESIGN promises 1 and 7). But
  // kAlreadyExists means that one with other bytes is stored: then this one must not come as well.
  if (item.kind == OutKind::kRaise && refused.code != Errc::kAlreadyExists) {
    show_not_sent(item, refused.code);
    back_to_intent(item);
    return put_off(item, refused.retry_after);
  }
  // Somebody was revoked between Gather and Append: from a new Gather.
  if (item.kind == OutKind::kStart && (refused.code == Errc::kRevoked || refused.code == Errc::kNotFound)) {
    show_not_sent(item, refused.code);
    back_to_intent(item);
    return put_off(item, refused.retry_after);
  }
  const ConversationState* conversation = find(item.conversation());
  const bool came_back = conversation != nullptr && (conversation->rejoining || conversation->entered > 0);
  // After an old backup it may be ourselves who said it, in the time that we do not remember (P-078).
  if (refused.code == Errc::kAlreadyExists && !came_back) {
    suspect(Errc::kAlreadyExists, item.conversation(),
            "Hubben har en anden besked under vores beskeds nummer.");
  }
  give_up(item, refused.code);
}

}  // namespace nattevagt::client
