// All streams: conversations by id, inboxes by device number; and which of them have acks that are not
// durable. Keeps Device::streams in step, so that a Hello finds a device's streams without a search.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "broker/core/directory.h"
#include "broker/core/stream.h"

namespace nattevagt::broker {

class Streams {
 public:
  explicit Streams(Directory& directory) : directory_(directory) {}

  Stream* find(ConversationId id);
  const Stream* find(ConversationId id) const;
  Stream& create(ConversationId id);  // NV_CHECK: none yet
  void erase(ConversationId id);      // without kept entries
  Stream& inbox(DeviceNumber device);
  const Stream& inbox(DeviceNumber device) const;
  void add_inbox(DeviceNumber device);  // of the device just enrolled
  // The stream that a device means; nullptr when it gets nothing of it.
  Stream* of_device(DeviceNumber device, ConversationId id);
  // P-079: the inbox first, then the conversations that the device is a member of.
  std::vector<wire::StreamPosition> positions(DeviceNumber device) const;

  void join(Stream& stream, DeviceNumber device, std::uint64_t cursor);
  void leave(Stream& stream, DeviceNumber device, std::uint64_t until);  // still gets the entry at `until`
  void drop_member(Stream& stream, DeviceNumber device);                 // with what it had not got yet
  // P-028: out of every conversation, and the inbox emptied.
  void drop_device(DeviceNumber device);
  void advance(Stream& stream, DeviceNumber device, std::uint64_t seq);
  void trim(Stream& stream, std::uint64_t up_to);

  // ---- Acks on their way to a CursorsAdvanced
  void mark_dirty(Stream& stream, Member& member);
  std::size_t dirty_count() const { return dirty_count_; }
  CursorsAdvanced take_dirty();  // in the order in which streams became dirty

  std::uint64_t entries_kept() const { return entries_kept_; }
  std::size_t size() const { return conversations_.size(); }
  template <class Visit>
  void each(Visit visit) const {  // conversations by id, then inboxes by device
    for (const auto& [id, stream] : conversations_) visit(*stream);
    for (const auto& stream : inboxes_) visit(*stream);
  }
  // The first `most` conversations after `after`, by id.
  template <class Visit>
  void some(const std::optional<ConversationId>& after, std::size_t most, Visit visit) const {
    auto it = after ? conversations_.upper_bound(*after) : conversations_.begin();
    for (; most > 0 && it != conversations_.end(); --most, ++it) visit(*it->second);
  }
  // Runs `change` on a stream and keeps entries_kept().
  template <class Change>
  void counting(Stream& stream, Change change) {
    entries_kept_ -= stream.kept();
    change();
    entries_kept_ += stream.kept();
  }

  void save(Writer& writer) const;
  Status load(Reader& reader, std::uint8_t format);
  void check_invariants() const;

 private:
  void forget_membership(const Stream& stream, DeviceNumber device);

  Directory& directory_;
  std::map<ConversationId, std::unique_ptr<Stream>> conversations_;
  std::vector<std::unique_ptr<Stream>> inboxes_;
  struct Dirty {
    ConversationId stream;  // by id: a stream may go before the flush
    std::vector<DeviceNumber> devices;
  };
  std::vector<Dirty> dirty_;
  std::map<ConversationId, std::size_t> dirty_at_;
  std::size_t dirty_count_ = 0;
  std::uint64_t entries_kept_ = 0;
};

}  // namespace nattevagt::broker
