// Streams as the hub shows them: order, chain, gaps, and the device's own inbox with its welcomes and alerts.
// A bad entry never holds a stream up: it is reported and the cursor goes on.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

void ClientCore::on_entry(wire::Entry& entry) {
  entries_since_probe_ = true;
  quiet_ = false;
  if (entry.stream == wire::kInbox) {
    if (follow(inbox_, entry)) on_inbox_item(entry);
    return;
  }
  ConversationState* conversation = find(entry.stream);
  if (conversation == nullptr) return hold(entry);
  if (follow(*conversation, entry)) on_stream_entry(*conversation, entry);
}

// True: the entry is the next one (or the first that is left after a gap that will not be filled).
bool ClientCore::follow(ConversationState& conversation, const wire::Entry& entry) {
  Cursor& cursor = conversation.cursor;
  const auto where = entry.stream == wire::kInbox ? std::nullopt : std::optional(conversation.id);
  if (entry.seq <= cursor.seq) {
    const auto known = cursor.recent.find(entry.seq);
    if (known == cursor.recent.end() || known->second == entry.chain) {
      dirty_acks_.insert(conversation.id);  // it did not get our word the last time
      return false;
    }
    suspect(Errc::kFork, where, "Hubben viser to forskellige udgaver af samtalen.");
    go_back(conversation, entry.seq - 1);
  }
  if (entry.seq != cursor.seq + 1) {
    const auto [gap, first] = gap_at_.try_emplace(conversation.id, cursor.seq);
    if (first || gap->second != cursor.seq) {
      // A connection may lose a frame: ask once more from the cursor before anybody is accused.
      gap->second = cursor.seq;
      deaf_ = true;
      out_.reconnect = true;
      return false;
    }
    suspect(Errc::kGap, where, "Der mangler beskeder: hubben leverer dem ikke.");
  } else if (cursor.chain != kUnknownChain &&
             chain_next(cursor.chain, entry.seq, entry.kind, entry.epoch, entry.id, entry.stored_at,
                        entry.bytes) != entry.chain) {
    suspect(Errc::kFork, where, "Samtalens kæde er brudt: noget er ændret, indsat eller fjernet.");
  }
  keep_promises(conversation, entry);
  advance(conversation, entry.seq, entry.chain);
  return true;
}

void ClientCore::keep_promises(ConversationState& conversation, const wire::Entry& entry) {
  std::vector<std::uint64_t> passed;  // our commits in whose place something else stands
  std::erase_if(conversation.promises, [&](const Promise& promise) {
    if (promise.seq > entry.seq) return false;
    for (auto& [number, item] : outbox_) {
      if (item.kind != OutKind::kCommit || item.id() != promise.id || promise.id == entry.id) continue;
      item.echoed = true;
      passed.push_back(number);
    }
    if (promise.seq < entry.seq || promise.id != entry.id || promise.chain != entry.chain) {
      suspect(Errc::kFork, conversation.id, "Hubben har kvitteret for noget andet, end den leverer.");
    }
    return true;
  });
  for (const std::uint64_t number : passed) finish_if_done(number);
}

void ClientCore::advance(ConversationState& conversation, std::uint64_t seq, const Digest& chain) {
  Cursor& cursor = conversation.cursor;
  cursor.seq = seq;
  cursor.chain = chain;
  cursor.recent[seq] = chain;
  save(Table::kChain, chain_key(conversation.id, seq), SecretBytes(ByteView(chain)));
  while (cursor.recent.size() > kChainsKept) {
    erase(Table::kChain, chain_key(conversation.id, cursor.recent.begin()->first));
    cursor.recent.erase(cursor.recent.begin());
  }
  dirty_streams_.insert(conversation.id);
  dirty_acks_.insert(conversation.id);
}

// Entries of a conversation whose welcome is still on its way in the inbox. They are not acknowledged, so
// the hub sends no more than its credit (P-037) before the welcome comes.
void ClientCore::hold(wire::Entry& entry) {
  if (held_count_ >= limits::kUnackedEntriesPerDevice) {
    suspect(Errc::kNotFound, std::nullopt, "Hubben leverer beskeder fra en samtale, vi ikke er med i.");
    held_.clear();
    held_count_ = 0;
    return;
  }
  ++held_count_;
  held_[entry.stream].push_back(std::move(entry));
}

void ClientCore::release_held(const ConversationId& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  std::vector<wire::Entry> entries = std::move(found->second);
  held_count_ -= entries.size();
  held_.erase(found);
  for (wire::Entry& entry : entries) {
    if (!deaf_) on_entry(entry);
  }
}

// P-004. Kept, because the entry does not come again; a build that knows the kind is content without being told.
void ClientCore::on_newer(wire::EntryKind kind) {
  if (kind <= newest_kind_) return;
  if (!update_needed()) out_.events.emplace_back(UpdateNeeded{});
  newest_kind_ = kind;
  Packer packed;
  packed.u8(static_cast<std::uint8_t>(kind));
  save(Table::kNewer, {}, packed.take());
}

void ClientCore::on_too_old() {
  if (!update_needed()) out_.events.emplace_back(UpdateNeeded{});
  too_old_ = true;
}

void ClientCore::on_inbox_item(const wire::Entry& entry) {
  if (!wire::is_known(entry.kind)) return on_newer(entry.kind);
  if (entry.kind == wire::EntryKind::kWelcome) {
    const auto item = wire::decode_welcome_item(entry.bytes);
    if (item) return on_welcome(*item);
  } else if (entry.kind == wire::EntryKind::kAlert) {
    const auto item = wire::decode_alert_item(entry.bytes);
    if (item) return on_alert_item(*item, entry.stored_at);
  } else if (entry.kind == wire::EntryKind::kGap) {
    const auto item = wire::decode_gap_item(entry.bytes);
    if (item) return on_gap_item(*item);
  } else if (entry.kind == wire::EntryKind::kCheckIn) {
    const auto item = wire::decode_check_in_item(entry.bytes);
    if (item) return on_check_in_item(*item);
  }
  suspect(Errc::kMalformed, std::nullopt, "Hubben har lagt noget ulæseligt i indbakken.");
}

void ClientCore::refuse_welcome(const wire::WelcomeItem& item, Errc why) {
  if (find(item.stream) != nullptr && find(item.stream)->rejoining) return;  // of another: ours will come
  if (why == Errc::kNotFound && find(item.stream) == nullptr) {
    // Its key package is not ours any more (an old backup, a last resort of long ago): a fresh one is.
    ConversationState& conversation = conversations_[item.stream];
    conversation.id = item.stream;
    advance(conversation, item.seq, item.chain);
    begin_rejoin(conversation,
                 "En invitation er til en nøgle, som enheden ikke har længere. Den beder om en ny.");
    return release_held(item.stream);
  }
  suspect(why, item.stream, "En invitation til en samtale kunne ikke godkendes. Enheden er ikke med i den.");
  if (find(item.stream) != nullptr) return;
  // Known all the same: the hub counts us in, so its entries are read past and acknowledged.
  ConversationState& conversation = conversations_[item.stream];
  conversation.id = item.stream;
  conversation.refused = true;
  advance(conversation, item.seq, item.chain);
  release_held(item.stream);
}

Result<mls::Group> ClientCore::join(const wire::WelcomeItem& item) {
  NV_TRY(const std::vector<mls::KeyPackageRef> refs, mls::welcome_recipients(item.welcome));
  const auto own = std::find_if(refs.begin(), refs.end(),
                                [&](const mls::KeyPackageRef& ref) { return stock_.contains(ref); });
  if (own == refs.end()) return fail(Errc::kNotFound, "P-036");
  const DevicePolicy believed = policy();
  StockItem& stock = stock_.at(*own);
  auto group = mls::Group::join(item.welcome, stock.bundle, device_->sign_key, validation(believed));
  learn(believed);
  // Used or spoiled, its private half goes; a last resort serves until its successor is out (RFC 9420 9.2).
  if (!stock.bundle.last_resort()) {
    erase(Table::kKeyPackage, to_bytes(own->bytes));
    stock_.erase(*own);
  } else if (stock.superseded_at == kNever) {
    stock.superseded_at = now_;
    store_stock(*own);
  }
  if (group && to_bytes(item.stream.view()) != group->group_id()) return fail(Errc::kInvalidValue, "P-070");
  return group;
}

void ClientCore::on_welcome(const wire::WelcomeItem& item) {
  ConversationState* known = find(item.stream);
  const bool awaited = known != nullptr && (known->removed || known->refused || known->rejoining);
  if (item.stream == wire::kInbox || (known != nullptr && !awaited)) {
    return suspect(Errc::kReplay, item.stream, "Hubben har vist en gammel invitation igen.");
  }
  auto group = join(item);
  if (!group) return refuse_welcome(item, group.error().code);
  ConversationState& conversation = conversations_[item.stream];
  conversation.id = item.stream;
  const bool back = conversation.rejoining;
  if (back) come_back(conversation, item.seq);
  forget_group(conversation);
  conversation.group = std::move(*group);
  conversation.removed = conversation.refused = conversation.unreadable = false;
  if (item.seq >= conversation.cursor.seq) advance(conversation, item.seq, item.chain);
  dirty_epochs_.insert(item.stream);
  for (auto& [id, record] : alerts_) {
    if (record.view.stream == item.stream) conversation.alert = id;
  }
  if (!back) announce_members(conversation, conversation.group->members(), {});
  stock_key_packages(std::nullopt, false);  // a used last resort wants its successor
  release_held(item.stream);
  remove_revoked();
}

}  // namespace nattevagt::client
