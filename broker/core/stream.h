// One append-only stream: a conversation or a device's inbox (PROTOCOL.md P-030..P-039). What each entry is,
// never its bytes; who reads it, and how far each has come.
//
// Invariants (check_invariants()):
//  1. seq runs 1..head without gaps; the log holds the last entries up to head, at least all that are kept
//     (trimmed, head] and, in a conversation, the last 4,096 (P-032).
//  2. trimmed <= cursor <= acked <= head for each member, and cursor <= until for one that was removed.
//  3. trimmed is at least the lowest cursor: an entry goes when everybody has it (P-038).
//
// `cursor` is durable; `acked` and `sent` belong to the process. An Ack moves acked at once and becomes
// durable with the next CursorsAdvanced: losing one costs a redelivery, never an entry (P-037).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "broker/core/archive.h"
#include "broker/core/record.h"
#include "proto/common/limits.h"

namespace nattevagt::broker {

// P-031 with the bytes' digest in place of the bytes: one welcome goes to a hundred inboxes, and is hashed
// once.
Digest chain_over(const Digest& previous, std::uint64_t seq, wire::EntryKind kind, std::uint64_t epoch,
                  const MessageId& id, UtcTime stored_at, const Digest& content);

// Made by the hub, and small: its bytes stand in its payload, not in a record's body.
constexpr bool is_inline(wire::EntryKind kind) noexcept {
  return kind == wire::EntryKind::kAlert || kind == wire::EntryKind::kGap || kind == wire::EntryKind::kCheckIn;
}

// What an inbox entry holds itself; an entry of a conversation has none.
struct InboxPayload {
  Bytes item;                    // of an inline kind: the encoded item
  std::optional<AlertId> alert;  // kAlert: whose
  ConversationId entered;        // kWelcome: the WelcomeItem's stream, seq and chain
  std::uint64_t entered_seq = 0;
  Digest entered_chain{};
};

struct LogEntry {
  MessageId id;
  wire::EntryKind kind{};
  std::uint8_t act = 0;
  std::uint64_t epoch = 0;
  UtcTime stored_at;
  Digest content{};
  Digest chain{};
  JournalIndex record = 0;
  std::shared_ptr<const InboxPayload> payload;  // shared between the inboxes that got the same
};

struct Member {
  DeviceNumber device = 0;
  std::uint64_t cursor = 0;  // durable: all up to here is on the device
  std::uint64_t until = 0;   // removed by the commit at this seq, which it still gets; 0: a member

  // Not durable.
  std::uint64_t acked = 0;
  std::uint64_t sent = 0;
  bool queued = false;  // waits in its session's round
  bool dirty = false;   // acked is ahead of cursor and listed so

  std::uint64_t last(std::uint64_t head) const { return until == 0 ? head : until; }
};

class Stream {
 public:
  Stream(ConversationId id, std::optional<DeviceNumber> inbox_of, const Digest& chain);

  ConversationId id() const { return id_; }
  bool is_inbox() const { return inbox_of_.has_value(); }
  std::optional<DeviceNumber> inbox_of() const { return inbox_of_; }
  std::uint64_t head() const { return head_; }
  std::uint64_t trimmed() const { return trimmed_; }
  std::uint64_t kept() const { return head_ - trimmed_; }
  const Digest& chain() const { return chain_; }  // at head

  std::uint64_t epoch = 0;       // the MLS epoch that a commit must name (P-035)
  // P-035: the first epoch whose words everybody can read who was ever added; a newcomer has no keys before.
  std::uint64_t readable_from = 0;
  std::optional<AlertId> alert;  // the alert that this stream is the room of

  // ---- Entries
  const LogEntry& append(LogEntry entry);       // fills chain; returns the stored one
  const LogEntry& at(std::uint64_t seq) const;  // NV_CHECK: kept or remembered
  // P-032: an id that the stream remembers.
  std::optional<std::uint64_t> find(const MessageId& id) const;

  // ---- Members
  const std::vector<Member>& members() const { return members_; }
  std::vector<Member>& members() { return members_; }
  Member* member(DeviceNumber device);
  const Member* member(DeviceNumber device) const;
  bool has_member(DeviceNumber device) const;                  // and not one that was removed
  std::size_t member_count() const;                            // without the removed ones
  void add_member(DeviceNumber device, std::uint64_t cursor);  // NV_CHECK: none yet
  void remove_member(DeviceNumber device, std::uint64_t until);
  void erase_member(DeviceNumber device);  // revoked, or all delivered
  // Moves the durable cursor. True: the member had been removed and now has all; it is gone.
  bool advance_cursor(DeviceNumber device, std::uint64_t seq);
  // P-038: by age. Cursors behind it move up.
  void trim_to(std::uint64_t seq);

  template <class Visit>
  void each_kept(Visit visit) const {
    for (std::uint64_t seq = trimmed_ + 1; seq <= head_; ++seq) visit(seq, at(seq));
  }
  void save(Writer& writer) const;
  Status load(Reader& reader, std::uint8_t format);  // of the snapshot
  void check_invariants() const;

 private:
  void settle_floor();
  void drop_forgotten();

  ConversationId id_;
  std::optional<DeviceNumber> inbox_of_;
  std::uint64_t head_ = 0;
  std::uint64_t trimmed_ = 0;
  Digest chain_{};
  std::deque<LogEntry> log_;
  std::map<MessageId, std::uint64_t> ids_;  // of the log; conversations only
  std::vector<Member> members_;             // ascending by device
  std::size_t at_floor_ = 0;                // members whose cursor is trimmed_: most acks need no search
};

}  // namespace nattevagt::broker
