#include "broker/core/streams.h"

#include <utility>

#include "proto/common/check.h"

namespace nattevagt::broker {

Stream* Streams::find(ConversationId id) {
  const auto it = conversations_.find(id);
  return it == conversations_.end() ? nullptr : it->second.get();
}

const Stream* Streams::find(ConversationId id) const {
  const auto it = conversations_.find(id);
  return it == conversations_.end() ? nullptr : it->second.get();
}

Stream& Streams::create(ConversationId id) {
  NV_CHECK(id != wire::kInbox);
  const auto [it, fresh] = conversations_.emplace(
      id, std::make_unique<Stream>(id, std::nullopt, wire::chain_first(id, std::nullopt)));
  NV_CHECK(fresh);
  return *it->second;
}

void Streams::erase(ConversationId id) {
  Stream* stream = find(id);
  NV_CHECK(stream != nullptr && stream->kept() == 0);
  while (!stream->members().empty()) {
    const DeviceNumber device = stream->members().back().device;
    stream->erase_member(device);
    forget_membership(*stream, device);
  }
  conversations_.erase(id);
}

Stream& Streams::inbox(DeviceNumber device) {
  NV_CHECK(device < inboxes_.size());
  return *inboxes_[device];
}

const Stream& Streams::inbox(DeviceNumber device) const {
  NV_CHECK(device < inboxes_.size());
  return *inboxes_[device];
}

void Streams::add_inbox(DeviceNumber device) {
  NV_CHECK(device == inboxes_.size());
  const DeviceId owner = directory_.device(device).identity.device;
  inboxes_.push_back(std::make_unique<Stream>(wire::kInbox, device, wire::chain_first(wire::kInbox, owner)));
  inboxes_.back()->add_member(device, 0);
}

Stream* Streams::of_device(DeviceNumber device, ConversationId id) {
  if (id == wire::kInbox) return inbox(device).member(device) != nullptr ? &inbox(device) : nullptr;
  const auto& streams = directory_.device(device).streams;
  const auto it = streams.find(id);
  return it == streams.end() ? nullptr : it->second;
}

void Streams::join(Stream& stream, DeviceNumber device, std::uint64_t cursor) {
  counting(stream, [&] { stream.add_member(device, cursor); });
  Device& joined = directory_.device(device);
  NV_CHECK(joined.streams.emplace(stream.id(), &stream).second);
  if (!stream.alert) joined.conversations += 1;
}

void Streams::leave(Stream& stream, DeviceNumber device, std::uint64_t until) {
  counting(stream, [&] { stream.remove_member(device, until); });
  if (stream.member(device) == nullptr) forget_membership(stream, device);
}

void Streams::forget_membership(const Stream& stream, DeviceNumber device) {
  Device& gone = directory_.device(device);
  NV_CHECK(gone.streams.erase(stream.id()) == 1);
  if (!stream.alert) gone.conversations -= 1;
}

void Streams::drop_member(Stream& stream, DeviceNumber device) {
  counting(stream, [&] { stream.erase_member(device); });
  forget_membership(stream, device);
}

void Streams::drop_device(DeviceNumber device) {
  Device& gone = directory_.device(device);
  while (!gone.streams.empty()) {
    drop_member(*gone.streams.begin()->second, device);
  }
  Stream& queue = inbox(device);
  counting(queue, [&] { queue.erase_member(device); });
}

void Streams::advance(Stream& stream, DeviceNumber device, std::uint64_t seq) {
  bool gone = false;
  counting(stream, [&] { gone = stream.advance_cursor(device, seq); });
  if (gone) forget_membership(stream, device);
}

void Streams::trim(Stream& stream, std::uint64_t up_to) {
  std::vector<DeviceNumber> before;
  for (const Member& member : stream.members()) {
    if (member.until != 0) before.push_back(member.device);
  }
  counting(stream, [&] { stream.trim_to(up_to); });
  for (const DeviceNumber device : before) {
    if (stream.member(device) == nullptr) forget_membership(stream, device);
  }
}

// ---- Acks

void Streams::mark_dirty(Stream& stream, Member& member) {
  if (member.dirty) return;
  member.dirty = true;
  dirty_count_ += 1;
  const auto [it, fresh] = dirty_at_.emplace(stream.id(), dirty_.size());
  if (fresh) dirty_.push_back({stream.id(), {}});
  dirty_[it->second].devices.push_back(member.device);
}

CursorsAdvanced Streams::take_dirty() {
  CursorsAdvanced out;
  for (const Dirty& dirty : dirty_) {
    CursorsAdvanced::Stream advanced{dirty.stream, {}};
    for (const DeviceNumber device : dirty.devices) {
      Stream* stream = of_device(device, dirty.stream);
      Member* member = stream == nullptr ? nullptr : stream->member(device);
      // Removed, or removed and added again since.
      if (member == nullptr || !member->dirty) continue;
      member->dirty = false;
      if (member->acked > member->cursor) advanced.positions.push_back({device, member->acked});
    }
    if (!advanced.positions.empty()) out.streams.push_back(std::move(advanced));
  }
  dirty_.clear();
  dirty_at_.clear();
  dirty_count_ = 0;
  return out;
}

std::vector<wire::StreamPosition> Streams::positions(DeviceNumber device) const {
  std::vector<wire::StreamPosition> out;
  const auto add = [&](const Stream& stream) {
    const Member* member = stream.member(device);
    if (member != nullptr && member->until == 0) out.push_back({stream.id(), member->acked, stream.head()});
  };
  add(inbox(device));
  for (const auto& [id, stream] : directory_.device(device).streams) add(*stream);
  return out;
}

// ---- Snapshot

void Streams::save(Writer& writer) const {
  writer(static_cast<std::uint64_t>(conversations_.size()));
  for (const auto& [id, stream] : conversations_) stream->save(writer);
  for (const auto& stream : inboxes_) stream->save(writer);
}

Status Streams::load(Reader& reader, std::uint8_t format) {
  std::uint64_t conversations = 0;
  reader(conversations);
  const std::size_t devices = directory_.device_count();
  for (std::uint64_t i = 0; i < conversations + devices; ++i) {
    if (!reader.ok()) return fail(Errc::kCorrupt, "Streams::load");
    auto stream = std::make_unique<Stream>(ConversationId{}, std::nullopt, Digest{});
    NV_TRYV(stream->load(reader, format));
    for (const Member& member : stream->members()) {
      if (member.device >= devices) return fail(Errc::kCorrupt, "Streams::load");
    }
    entries_kept_ += stream->kept();
    if (i >= conversations) {
      if (stream->inbox_of() != std::optional<DeviceNumber>(i - conversations)) {
        return fail(Errc::kCorrupt, "Streams::load");
      }
      inboxes_.push_back(std::move(stream));
      continue;
    }
    for (const Member& member : stream->members()) {
      Device& device = directory_.device(member.device);
      device.streams.emplace(stream->id(), stream.get());
      if (!stream->alert) device.conversations += 1;
    }
    const ConversationId id = stream->id();
    if (stream->is_inbox() || !conversations_.emplace(id, std::move(stream)).second) {
      return fail(Errc::kCorrupt, "Streams::load");
    }
  }
  return {};
}

void Streams::check_invariants() const {
  std::uint64_t kept = 0;
  std::size_t memberships = 0;
  each([&](const Stream& stream) {
    stream.check_invariants();
    kept += stream.kept();
    if (!stream.is_inbox()) {
      memberships += stream.members().size();
    } else {
      // P-028: a revoked device has no queue.
      NV_CHECK(stream.members().size() == (directory_.device(*stream.inbox_of()).revoked ? 0 : 1));
    }
  });
  NV_CHECK(kept == entries_kept_);
  NV_CHECK(inboxes_.size() == directory_.device_count());
  std::size_t listed = 0;
  for (DeviceNumber number = 0; number < directory_.device_count(); ++number) {
    const Device& device = directory_.device(number);
    listed += device.streams.size();
    for (const auto& [id, stream] : device.streams) NV_CHECK(stream->member(number) != nullptr);
  }
  NV_CHECK(listed == memberships);
}

}  // namespace nattevagt::broker
