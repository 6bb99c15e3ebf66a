// Turns the core's effects into frames that are ready to leave: signs receipts, fetches bodies, encodes.
//
// Invariants:
//  1. Called only after the effects' records are durable; each effect's `after` is checked again here
//     (P-060).
//  2. One signature for all receipts of a group commit (P-061). Receipts for what was durable before it (a
//     repeated request) are a group of their own, so that a receipt's tree is never of two commits.
//  3. An entry that goes to many sessions is encoded once and shared.
//
// Ownership: the commit thread's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "broker/app/body_cache.h"
#include "broker/io/journal.h"

namespace nattevagt::broker {

// An effect with the number of the core's step that gave it.
struct HeldEffect {
  std::uint64_t step = 0;
  Effect effect;
};

struct ReadyFrame {
  JournalIndex after = 0;
  SessionId session = 0;
  std::uint64_t step = 0;
  std::uint64_t request = 0;  // 0: a push
  bool is_entry = false;      // dropped when its session stalls; the core sends it again (P-037)
  std::shared_ptr<const Bytes> bytes;
};
// A body could not be read: the session is told as stalled, so the core tries again.
struct Unreadable {
  SessionId session = 0;
  std::uint64_t step = 0;
};
using Ready = std::variant<ReadyFrame, Unreadable, CloseSession, AdmitKey, ForgetKey>;

struct BuildCounts {
  std::uint64_t receipts = 0, cache_hits = 0, cache_misses = 0, bodies_missing = 0;
};

class FrameBuilder {
 public:
  FrameBuilder(Journal& journal, const SignKey& key, std::size_t cache_bytes)
      : journal_(journal), key_(key), cache_(cache_bytes) {}

  // Takes the bodies of records that have just become durable into the cache.
  void keep_bodies(std::span<Record> records);
  // `durable` is the journal's last index now, `before` what it was before this group commit.
  std::vector<Ready> build(std::vector<HeldEffect> effects, JournalIndex before, JournalIndex durable);
  BuildCounts take_counts() { return std::exchange(counts_, {}); }

 private:
  using Frame = std::shared_ptr<const Bytes>;
  struct SharedEntry {  // the last conversation entry that was encoded
    ConversationId stream;
    std::uint64_t seq = 0;
    Frame frame;
  };
  void sign(std::span<HeldEffect> effects, JournalIndex above, JournalIndex upto, std::vector<Ready>& out);
  Ready build_entry(std::uint64_t step, SendEntry& effect);
  Frame encode_entry(SendEntry& effect);
  Frame body(BodyRef ref);  // null: unreadable, counted
  Ready build_gathered(std::uint64_t step, const SendGathered& effect);

  Journal& journal_;
  const SignKey& key_;
  BodyCache cache_;
  SharedEntry shared_;
  BuildCounts counts_;
};

}  // namespace nattevagt::broker
