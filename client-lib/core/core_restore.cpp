// The core as the store has it. What is derived (facts, ids shown) is folded from the rows again.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

Status ClientCore::restore(const StoreImage& image, UtcTime now) {
  now_ = now;
  // The device first: everything else is judged by the organisations that it pins.
  for (const StoreImage::Row& row : image.rows) {
    if (row.table != Table::kDevice) continue;
    NV_TRY(DeviceRecord record, unpack_device(row.value.expose()));
    std::vector<wire::TrustedOrganisation> trusted;
    trusted.reserve(record.trusted.size());
    for (const auto& organisation : record.trusted) trusted.push_back(organisation.duplicate());
    directory_.pin(std::move(trusted));
    device_ = std::move(record);
    std::vector<wire::OrganisationCard> cards;
    for (const auto& organisation : device_->trusted) cards.push_back(organisation.card);
    NV_TRY(const wire::CertificateBody body, wire::decode_certificate_body(device_->certificate.body));
    NV_TRY(self_, wire::verify_certificate(device_->certificate, cards, body.issued_at));
  }
  if (!device_) return image.rows.empty() ? Status{} : fail(Errc::kCorrupt, "ClientCore::restore");
  if (inbox_.cursor.seq == 0) inbox_.cursor.chain = wire::chain_first(wire::kInbox, self_->device);
  for (const StoreImage::Row& row : image.rows) NV_TRYV(restore_row(row, now));
  NV_TRYV(restore_groups(image));
  for (const auto& [number, item] : outbox_) {
    if (ConversationState* conversation = find(item.conversation()); conversation != nullptr && item.echoed) {
      conversation->seen.insert(item.id());
    }
  }
  check_invariants();
  return {};
}

Status ClientCore::restore_stock(ByteView value) {
  Unpacker in(value);
  const UtcTime not_after = in.time();
  const UtcTime superseded_at = in.time();
  const ByteView saved = in.bytes();
  NV_TRYV(in.done());
  NV_TRY(mls::KeyPackageBundle bundle, mls::KeyPackageBundle::restore(saved));
  const mls::KeyPackageRef ref = bundle.ref();
  stock_.emplace(ref, StockItem{std::move(bundle), not_after, superseded_at});
  return {};
}

Status ClientCore::restore_suspicion(ByteView value) {
  Unpacker in(value);
  Suspicion suspicion{static_cast<Errc>(in.u64()), std::nullopt, {}};
  const bool about = in.flag();
  const auto conversation = in.id<ConversationId>();
  if (about) suspicion.conversation = conversation;
  suspicion.text = in.text();
  NV_TRYV(in.done());
  suspected_.insert(sha256(value));
  suspicions_.push_back(std::move(suspicion));
  return {};
}

Status ClientCore::restore_row(const StoreImage::Row& row, UtcTime now) {
  const ByteView value = row.value.expose();
  switch (row.table) {
    case Table::kDevice:
    case Table::kEpoch:
    case Table::kRatchets:
    case Table::kProfile: return {};
    case Table::kVerified: {
      NV_TRY(const DeviceId device, DeviceId::from(row.key));
      Unpacker in(value);
      verified_[device] = in.time();
      return in.done();
    }
    case Table::kDocument: {
      NV_TRY(const wire::SignedDocument document, wire::decode_signed_document(value));
      NV_TRYV(directory_.offer(document));
      return {};
    }
    case Table::kKeyPackage: return restore_stock(value);
    case Table::kStream: {
      NV_TRY(const ConversationId id, ConversationId::from(row.key));
      ConversationState& conversation = id == wire::kInbox ? inbox_ : conversations_[id];
      conversation.id = id;
      NV_TRYV(unpack_stream(value, conversation));
      // A promise's time is of the connection: give the hub its time again.
      for (Promise& promise : conversation.promises) promise.due = now + patience::kPromise;
      return {};
    }
    case Table::kChain: {
      Unpacker key(row.key);
      const auto id = key.id<ConversationId>();
      const std::uint64_t seq = key.u64();
      NV_TRYV(key.done());
      Unpacker in(value);
      ConversationState& conversation = id == wire::kInbox ? inbox_ : conversations_[id];
      conversation.id = id;
      conversation.cursor.recent[seq] = in.fixed<32>();
      return in.done();
    }
    case Table::kOutbox: {
      NV_TRY(OutboxItem item, unpack_outbox_item(value));
      next_item_ = std::max(next_item_, item.number + 1);
      // A clock that was set back makes nobody wait longer to hear that it was not sent, nor for the next try.
      item.queued_at = std::min(item.queued_at, now);
      item.not_before = std::min(item.not_before, now + patience::kRetryMax);
      outbox_.emplace(item.number, std::move(item));
      return {};
    }
    case Table::kAlert: {
      NV_TRY(const AlertId id, AlertId::from(row.key));
      NV_TRY(AlertRecord record, unpack_alert(value));
      Obligation& owed = record.obligation;
      const UtcTime latest = now + patience::kNotSent + limits::kExhaustedRepeat;
      if (owed.reason == RingReason::kNotSent && owed.due != kNever) owed.due = std::min(owed.due, latest);
      alerts_.emplace(id, std::move(record));
      return {};
    }
    case Table::kSuspicion: return restore_suspicion(value);
    case Table::kCheckIn: return restore_notice(value);
    case Table::kNewer: {
      Unpacker in(value);
      newest_kind_ = static_cast<wire::EntryKind>(in.u8());
      return in.done();
    }
    case Table::kReturn:
    case Table::kReturner: return restore_return(row);
    case Table::kGrant: {
      NV_TRY(const GrantId grant, GrantId::from(row.key));
      NV_TRY(const DeviceId device, DeviceId::from(value));
      grants_.emplace(grant, device);
      return {};
    }
  }
  return fail(Errc::kCorrupt, "ClientCore::restore_row");
}

Status ClientCore::restore_groups(const StoreImage& image) {
  std::map<ConversationId, std::vector<mls::GroupRow>> rows;
  for (const StoreImage::Row& row : image.rows) {
    if (row.table != Table::kRatchets) continue;
    Unpacker key(row.key);
    const auto id = key.id<ConversationId>();
    const ByteView rest = ByteView(row.key).subspan(std::min(id.view().size(), row.key.size()));
    rows[id].push_back({to_bytes(rest), row.value.duplicate()});
  }
  for (const StoreImage::Row& row : image.rows) {
    if (row.table != Table::kEpoch) continue;
    NV_TRY(const ConversationId id, ConversationId::from(row.key));
    ConversationState* conversation = find(id);
    if (conversation == nullptr) return fail(Errc::kCorrupt, "ClientCore::restore_groups");
    NV_TRY(mls::Group group, mls::Group::restore(row.value.expose(), rows[id], device_->sign_key));
    conversation->group = std::move(group);
  }
  return {};
}

void ClientCore::restore_message(const Message& message) {
  ConversationState* conversation = find(message.conversation);
  if (conversation == nullptr || message.seq == 0) return;
  if (message.own) conversation->own[message.id] = message.delivery;
  // Receipted is not yet come back in the stream: until then it is the outbox's, and its echo is news.
  const bool awaited = std::any_of(outbox_.begin(), outbox_.end(), [&](const auto& entry) {
    return entry.second.id() == message.id && !entry.second.echoed;
  });
  if (awaited) return;
  conversation->seen.insert(message.id);
  conversation->oldest = std::min(conversation->oldest, message.stored_at);
  conversation->facts.fold(message.id, message.content, who_of(message.author), message.own);
  conversation->work.fold(message, conversation->of_alert());
}

}  // namespace nattevagt::client
