#include "broker/core/stream.h"

#include <algorithm>
#include <utility>

#include "broker/core/fields.h"
#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

void put_be64(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

template <class A>
void walk(A& a, Fields<A, InboxPayload> v) {
  a(v.item, v.alert, v.entered, v.entered_seq, v.entered_chain);
}

auto lower(auto& members, DeviceNumber device) {
  return std::lower_bound(members.begin(), members.end(), device,
                          [](const Member& member, DeviceNumber number) { return member.device < number; });
}

}  // namespace

Digest chain_over(const Digest& previous, std::uint64_t seq, wire::EntryKind kind, std::uint64_t epoch,
                  const MessageId& id, UtcTime stored_at, const Digest& content) {
  Bytes head;
  head.reserve(1 + 3 * 8 + MessageId::kSize);
  put_be64(head, seq);
  head.push_back(static_cast<std::uint8_t>(kind));
  put_be64(head, epoch);
  append(head, id.bytes);
  put_be64(head, static_cast<std::uint64_t>(to_unix_ms(stored_at)));
  return sha256({previous, head, content});
}

Stream::Stream(ConversationId id, std::optional<DeviceNumber> inbox_of, const Digest& chain)
    : id_(id), inbox_of_(inbox_of), chain_(chain) {}

// ---- Entries

const LogEntry& Stream::append(LogEntry entry) {
  head_ += 1;
  entry.chain = chain_over(chain_, head_, entry.kind, entry.epoch, entry.id, entry.stored_at, entry.content);
  chain_ = entry.chain;
  if (!is_inbox()) ids_[entry.id] = head_;
  log_.push_back(std::move(entry));
  if (members_.empty()) {
    trimmed_ = head_;
    at_floor_ = 0;
  }
  drop_forgotten();
  return log_.back();
}

const LogEntry& Stream::at(std::uint64_t seq) const {
  const std::uint64_t first = head_ - log_.size() + 1;
  NV_CHECK(seq >= first && seq <= head_);
  return log_[static_cast<std::size_t>(seq - first)];
}

std::optional<std::uint64_t> Stream::find(const MessageId& id) const {
  const auto it = ids_.find(id);
  if (it == ids_.end() || it->second + limits::kMessageIdsRememberedPerStream <= head_) return std::nullopt;
  return it->second;
}

void Stream::drop_forgotten() {
  const std::size_t remembered = is_inbox() ? 0 : limits::kMessageIdsRememberedPerStream;
  const auto keep = std::max<std::uint64_t>(kept(), remembered);
  while (log_.size() > keep) {
    const auto it = ids_.find(log_.front().id);
    // A long forgotten id may have come again: then it names the later entry.
    if (it != ids_.end() && it->second == head_ - log_.size() + 1) ids_.erase(it);
    log_.pop_front();
  }
}

// ---- Members

Member* Stream::member(DeviceNumber device) {
  const auto it = lower(members_, device);
  return it != members_.end() && it->device == device ? &*it : nullptr;
}

const Member* Stream::member(DeviceNumber device) const {
  const auto it = lower(members_, device);
  return it != members_.end() && it->device == device ? &*it : nullptr;
}

bool Stream::has_member(DeviceNumber device) const {
  const Member* known = member(device);
  return known != nullptr && known->until == 0;
}

std::size_t Stream::member_count() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](const Member& m) { return m.until == 0; }));
}

void Stream::add_member(DeviceNumber device, std::uint64_t cursor) {
  const auto it = lower(members_, device);
  NV_CHECK(it == members_.end() || it->device != device);
  NV_CHECK(cursor >= trimmed_ && cursor <= head_);
  Member added;
  added.device = device;
  added.cursor = added.acked = added.sent = cursor;
  members_.insert(it, added);
  settle_floor();
}

void Stream::remove_member(DeviceNumber device, std::uint64_t until) {
  Member* known = member(device);
  NV_CHECK(known != nullptr && known->until == 0 && until >= known->acked);
  known->until = until;
  if (known->cursor >= until) erase_member(device);
}

void Stream::erase_member(DeviceNumber device) {
  const auto it = lower(members_, device);
  NV_CHECK(it != members_.end() && it->device == device);
  members_.erase(it);
  settle_floor();
}

bool Stream::advance_cursor(DeviceNumber device, std::uint64_t seq) {
  Member* known = member(device);
  NV_CHECK(known != nullptr && seq > known->cursor && seq <= known->last(head_));
  const bool was_at_floor = known->cursor == trimmed_;
  known->cursor = seq;
  known->acked = std::max(known->acked, seq);
  known->sent = std::max(known->sent, seq);
  if (known->until != 0 && known->cursor >= known->until) {
    erase_member(device);
    return true;
  }
  if (was_at_floor) {
    at_floor_ -= 1;
    if (at_floor_ == 0) settle_floor();
  }
  return false;
}

void Stream::trim_to(std::uint64_t seq) {
  NV_CHECK(seq <= head_);
  for (Member& member : members_) {
    member.cursor = std::max(member.cursor, std::min(seq, member.last(head_)));
    member.acked = std::max(member.acked, member.cursor);
    member.sent = std::max(member.sent, member.cursor);
  }
  std::erase_if(members_,
                [](const Member& member) { return member.until != 0 && member.cursor >= member.until; });
  settle_floor();
}

// Works out the lowest cursor again. Called when the last member at the floor has left it, or members
// changed.
void Stream::settle_floor() {
  std::uint64_t floor = head_;
  for (const Member& member : members_) floor = std::min(floor, member.cursor);
  trimmed_ = std::max(trimmed_, floor);
  at_floor_ = static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [&](const Member& m) { return m.cursor == trimmed_; }));
  drop_forgotten();
}

// ---- Snapshot

void Stream::save(Writer& writer) const {
  writer(id_, inbox_of_, head_, trimmed_, chain_, epoch, alert, readable_from);
  writer(static_cast<std::uint64_t>(log_.size()));
  for (const LogEntry& entry : log_) {
    writer(entry.id, entry.kind, entry.act, entry.epoch, entry.stored_at, entry.content, entry.chain,
           entry.record, entry.payload != nullptr);
    if (entry.payload) walk(writer, *entry.payload);
  }
  writer(static_cast<std::uint64_t>(members_.size()));
  for (const Member& member : members_) writer(member.device, member.cursor, member.until);
}

Status Stream::load(Reader& reader, std::uint8_t format) {
  std::uint64_t entries = 0, members = 0;
  reader(id_, inbox_of_, head_, trimmed_, chain_, epoch, alert);
  // Formats 1 and 2 did not know it: the strictest costs a message on its way one more encryption.
  readable_from = epoch;
  if (format >= 3) reader(readable_from);
  reader(entries);
  if (readable_from > epoch) return fail(Errc::kCorrupt, "Stream::load");
  if (!reader.ok() || trimmed_ > head_ || entries > head_ || entries < kept()) {
    return fail(Errc::kCorrupt, "Stream::load");
  }
  for (std::uint64_t seq = head_ - entries + 1; seq <= head_ && reader.ok(); ++seq) {
    LogEntry& entry = log_.emplace_back();
    bool has_payload = false;
    reader(entry.id, entry.kind, entry.act, entry.epoch, entry.stored_at, entry.content, entry.chain,
           entry.record, has_payload);
    if (has_payload) {
      auto payload = std::make_shared<InboxPayload>();
      walk(reader, *payload);
      entry.payload = std::move(payload);
    }
    if (!is_inbox()) ids_[entry.id] = seq;
  }
  reader(members);
  for (; members > 0 && reader.ok(); --members) {
    Member& member = members_.emplace_back();
    reader(member.device, member.cursor, member.until);
    member.acked = member.sent = member.cursor;
    const bool ordered = members_.size() < 2 || members_[members_.size() - 2].device < member.device;
    if (!ordered || member.cursor < trimmed_ || member.cursor > member.last(head_) || member.until > head_) {
      return fail(Errc::kCorrupt, "Stream::load");
    }
  }
  if (!reader.ok()) return fail(Errc::kCorrupt, "Stream::load");
  settle_floor();
  return {};
}

void Stream::check_invariants() const {
  NV_CHECK(trimmed_ <= head_);
  NV_CHECK(log_.size() >= kept() && log_.size() <= head_);
  NV_CHECK(is_inbox() ||
           log_.size() >= std::min<std::uint64_t>(head_, limits::kMessageIdsRememberedPerStream));
  NV_CHECK(log_.empty() || log_.back().chain == chain_);
  NV_CHECK(member_count() <= limits::kGroupMembersMax);
  std::uint64_t floor = head_;
  std::size_t at_floor = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& m = members_[i];
    NV_CHECK(i == 0 || members_[i - 1].device < m.device);
    NV_CHECK(trimmed_ <= m.cursor && m.cursor <= m.acked && m.acked <= m.sent && m.sent <= m.last(head_));
    NV_CHECK(m.until == 0 || m.cursor < m.until);
    floor = std::min(floor, m.cursor);
    if (m.cursor == trimmed_) ++at_floor;
  }
  NV_CHECK(trimmed_ >= floor);  // P-038
  NV_CHECK(at_floor == at_floor_);
}

}  // namespace nattevagt::broker
