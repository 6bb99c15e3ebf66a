// Coming back (P-078, P-079). A store that was restored from an old backup, or that missed what the hub no
// longer has, must not encrypt: its next keys and nonces may be used up, and its epoch may be gone. It notices,
// says so, and asks the others; one of them takes the old leaf out and a new one in, in one commit.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

constexpr std::string_view kBehind =
    "Enheden mangler noget af samtalen: den er gendannet fra en gammel kopi, eller den har været væk for "
    "længe. Den beder om at komme ind igen. Hvad der er skrevet imens, kan ikke læses her.";

}  // namespace

// ---- What the hub thinks that we have (P-079)

namespace {

// P-094: less than we have read, or than its receipts say.
bool lacks_something(const ConversationState& conversation, std::uint64_t head) {
  return head < conversation.cursor.seq ||
         std::ranges::any_of(conversation.promises, [&](const Promise& promise) { return promise.seq > head; });
}

}  // namespace

void ClientCore::note_positions(const std::vector<wire::StreamPosition>& positions) {
  heads_.clear();
  lost_.clear();
  unlisted_.clear();
  if (positions.empty()) return;  // it does not say; SECURITY.md tells what is left then
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.active() && conversation.cursor.seq > 0) unlisted_.insert(id);
  }
  for (const wire::StreamPosition& position : positions) {
    const ConversationId& id = position.stream;
    heads_[id] = position.head;
    unlisted_.erase(id);
    if (id == wire::kInbox) {
      if (lacks_something(inbox_, position.head)) go_back(inbox_, position.head);
      if (position.acked <= inbox_.cursor.seq) continue;
      skip_to(inbox_, position.acked);
      suspect(Errc::kGap, std::nullopt, std::string(kBehind));
      continue;
    }
    ConversationState* conversation = find(id);
    if (conversation == nullptr || conversation->removed) {
      lost_[id] = position.acked;
    } else if (position.acked > conversation->cursor.seq) {
      skip_to(*conversation, position.acked);
      if (!conversation->refused) begin_rejoin(*conversation, std::string(kBehind));
    } else if (lacks_something(*conversation, position.head)) {
      go_back(*conversation, position.head);
    }
  }
  note_lost_streams();
}

// To where the hub stands, over what it will not send again.
void ClientCore::skip_to(ConversationState& conversation, std::uint64_t seq) {
  conversation.cursor.seq = seq;
  conversation.cursor.chain = kUnknownChain;
  conversation.promises.clear();
  // What missed a part of its commits cannot be followed; what it still holds is of no use to anybody else.
  forget_group(conversation);
  dirty_streams_.insert(conversation.id);
}

// Conversations that the hub counts us in and that no welcome in the inbox explains.
void ClientCore::adopt_lost() {
  if (lost_.empty() || inbox_.cursor.seq < heads_[wire::kInbox]) return;
  for (const auto& [id, acked] : std::exchange(lost_, {})) {
    ConversationState* known = find(id);
    if (known != nullptr && !known->removed) continue;
    ConversationState& conversation = conversations_[id];
    conversation.id = id;
    conversation.removed = false;
    skip_to(conversation, std::max(acked, conversation.cursor.seq));
    begin_rejoin(conversation, std::string(kBehind));
    release_held(id);
  }
}

// Everything that the hub has of ours is in our state: only then are its next keys unused.
bool ClientCore::may_encrypt(const ConversationState& conversation) const {
  const auto head = heads_.find(conversation.id);
  return head == heads_.end() || conversation.cursor.seq >= head->second;
}

// ---- Asking

void ClientCore::begin_rejoin(ConversationState& conversation, std::string why) {
  suspect(Errc::kGap, conversation.id, std::move(why));
  std::vector<std::uint64_t> moot;
  for (auto& [number, item] : outbox_) {
    if (item.conversation() != conversation.id || item.finished()) continue;
    if (item.kind == OutKind::kCommit) back_to_intent(item);
    // The room is there already: this question has been asked.
    if (item.makes_room() && item.stage == OutStage::kIntent) moot.push_back(number);
  }
  for (const std::uint64_t number : moot) give_up(outbox_.at(number), Errc::kAlreadyExists);
  conversation.rejoining = true;
  ask_to_rejoin(conversation);
}

void ClientCore::ask_to_rejoin(ConversationState& conversation) {
  conversation.asked_at = now_;
  save_return(conversation);
  const bool asked = std::any_of(outbox_.begin(), outbox_.end(), [&](const auto& entry) {
    return entry.second.kind == OutKind::kRejoin && entry.second.conversation() == conversation.id &&
           !entry.second.finished();
  });
  if (asked) return;
  Message message;
  message.conversation = conversation.id;
  message.id = entropy_.make_id<MessageId>();
  enqueue(OutKind::kRejoin, std::move(message)).silent = true;
}

void ClientCore::build_rejoin(OutboxItem& item, ConversationState& conversation) {
  if (!conversation.rejoining) return give_up(item, Errc::kDuplicate);
  const UtcTime not_after = std::min(self_->not_after, now_ + patience::kRejoinLife);
  mls::KeyPackageBundle bundle =
      mls::make_key_package({.credential = mls::Credential::basic(wire::encode(device_->certificate)),
                             .not_before = now_,
                             .not_after = not_after,
                             .last_resort = false},
                            device_->sign_key, entropy_);
  wire::SignedContent asking;
  asking.bytes = wire::encode(wire::Rejoin{conversation.id, item.id(), self_->device, bundle.message()});
  asking.signature = device_->sign_key.sign(wire::kRejoinLabel, asking.bytes);
  const mls::KeyPackageRef ref = bundle.ref();
  stock_.emplace(ref, StockItem{std::move(bundle), not_after, kNever});
  store_stock(ref);
  wire::Append append{.stream = conversation.id,
                      .create = false,
                      .id = item.id(),
                      .kind = wire::EntryKind::kRejoin,
                      .epoch = 0,
                      .bytes = wire::encode(asking),
                      .added = {},
                      .removed = {},
                      .welcome = {}};
  item.sent.push_back(sha256(append.bytes));
  send_built(item, std::move(append));
}

// The welcome is here: what was promised of the time before is not ours to see.
void ClientCore::come_back(ConversationState& conversation, std::uint64_t seq) {
  conversation.rejoining = false;
  conversation.entered = seq;
  save_return(conversation);
  std::erase_if(conversation.promises, [&](const Promise& promise) { return promise.seq <= seq; });
  std::vector<std::uint64_t> passed;
  for (auto& [number, item] : outbox_) {
    if (item.conversation() != conversation.id || !item.finished()) continue;
    if (item.has_words() && item.message.seq > seq) continue;
    item.echoed = true;
    passed.push_back(number);
  }
  for (const std::uint64_t number : passed) finish_if_done(number);
}

void ClientCore::save_return(const ConversationState& conversation) {
  Packer packed;
  packed.flag(conversation.rejoining).time(conversation.asked_at).u64(conversation.entered);
  save(Table::kReturn, to_bytes(conversation.id.view()), packed.take());
}

void ClientCore::save_returner(const ConversationId& conversation,
                               const std::pair<const DeviceId, Returner>& returner) {
  Packer key, packed;
  key.id(conversation).id(returner.first);
  packed.time(returner.second.made).bytes(returner.second.key_package);
  save(Table::kReturner, to_bytes(key.view()), packed.take());
}

Status ClientCore::restore_return(const StoreImage::Row& row) {
  Unpacker key(row.key);
  const auto id = key.id<ConversationId>();
  Unpacker in(row.value.expose());
  ConversationState* conversation = find(id);
  if (conversation == nullptr) return fail(Errc::kCorrupt, "ClientCore::restore_return");
  if (row.table == Table::kReturner) {
    Returner& returner = conversation->returners[key.id<DeviceId>()];
    returner.made = in.time();
    returner.key_package = in.copy();
  } else {
    conversation->rejoining = in.flag();
    conversation->asked_at = in.time();
    conversation->entered = in.u64();
  }
  NV_TRYV(key.done());
  return in.done();
}

// ---- Letting others back in

Result<wire::Rejoin> ClientCore::checked_rejoin(const ConversationState& conversation,
                                                const wire::Entry& entry) {
  NV_TRY(const wire::SignedContent asking, wire::decode_signed_content(entry.bytes));
  NV_TRY(wire::Rejoin rejoin, wire::decode_rejoin(asking.bytes));
  if (rejoin.conversation != conversation.id || rejoin.id != entry.id) return fail(Errc::kReplay, "P-078");
  const auto members = identities(conversation.group->members());
  const auto asker = std::find_if(members.begin(), members.end(), [&](const wire::DeviceIdentity& member) {
    return member.device == rejoin.device;
  });
  if (asker == members.end()) return fail(Errc::kNotMember, "P-078");
  if (!verify(asker->sign_key, wire::kRejoinLabel, asking.bytes, asking.signature)) {
    return fail(Errc::kBadSignature, "P-078");
  }
  return rejoin;
}

void ClientCore::on_rejoin(ConversationState& conversation, const wire::Entry& entry) {
  if (!conversation.active()) return;
  const auto refused = [&](Errc why) {
    suspect(why, conversation.id, "En enhed, der beder om at komme ind i samtalen igen, kan ikke godkendes.");
  };
  const auto rejoin = checked_rejoin(conversation, entry);
  if (!rejoin) return refused(rejoin.error().code);
  conversation.seen.insert(entry.id);
  if (rejoin->device == self_->device) return refused(Errc::kReplay);  // one of ours that we do not know
  const DevicePolicy believed = policy();
  const auto package = mls::check_key_package(rejoin->key_package, validation(believed));
  learn(believed);
  if (!package) return refused(package.error().code);
  const auto owner = directory_.identify(package->credential.identity, now_);
  if (!owner || owner->device != rejoin->device) return refused(Errc::kUntrusted);
  Returner& returner = conversation.returners[rejoin->device];
  // The hub may show an old asking again; its key package is spent, and nobody could open the welcome.
  if (package->not_before <= returner.made) return refused(Errc::kReplay);
  returner = {package->not_before, rejoin->key_package};
  save_returner(conversation.id, *conversation.returners.find(rejoin->device));

  // One after another would do it, and the first commit wins (P-035).
  Millis turn{};
  for (const auto& identity : identities(conversation.group->members())) {
    if (identity.device == self_->device) break;
    if (identity.device != rejoin->device) turn += patience::kTurn;
  }
  Message message;
  message.conversation = conversation.id;
  message.id = entropy_.make_id<MessageId>();
  OutboxItem& item = enqueue(OutKind::kCommit, std::move(message));
  item.removes.push_back(rejoin->device);
  item.silent = true;
  item.not_before = now_ + turn;
}

// Back, or gone for good: what was to let it in finds nothing to do (build_commit()).
void ClientCore::settle_returners(ConversationState& conversation, const mls::EpochChange& change) {
  if (conversation.returners.empty()) return;
  for (const auto& identity : identities(change.removed)) {
    const auto returner = conversation.returners.find(identity.device);
    if (returner == conversation.returners.end() || returner->second.key_package.empty()) continue;
    returner->second.key_package.clear();
    save_returner(conversation.id, *returner);
  }
}

}  // namespace nattevagt::client
