// The hub's durable log behind a small port, so that a PostgreSQL journal can take its place later.
//
// Invariants:
//  1. append() returns only when the batch is synced; all of a batch or none of it is there after a crash.
//  2. Records are read back byte for byte, in order, without gaps after the snapshot's index.
//  3. Damage is an error (kCorrupt), never a shorter log.
//  4. A record's audit lines are stored with it, and outlive it: compaction lets only the oldest go and keeps the
//     place where they end, so that the chain of the rest can still be checked.
//  5. Compaction is done in pieces of a given size; between two of them appends go on, and a crash between them
//     leaves a journal that is whole. No append waits for work that grows with the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/core/hub_core.h"
#include "proto/common/result.h"

namespace nattevagt::broker {

// What a row of so many bytes costs, about: the unit in which compaction is rationed.
inline constexpr std::size_t kPageBytes = std::size_t{8} * 1024;
constexpr std::size_t pages_of(std::size_t row_bytes) noexcept { return 1 + row_bytes / kPageBytes; }

struct JournalSnapshot {
  JournalIndex index = 0;
  Bytes bytes;
};

struct Compaction {
  JournalSnapshot snapshot;
  std::vector<JournalIndex> live;       // ascending: records up to its index whose bodies are still needed
  UtcTime audit_from = UtcTime::min();  // audit lines from before go
};

// The journal seen by one who reads beside the appends: each call is a read of its own, and holds up nobody. One
// thread at a time.
class JournalReader {
 public:
  virtual ~JournalReader() = default;
  virtual Result<std::optional<JournalSnapshot>> load_snapshot() = 0;
  // Calls `visit` for the first `most` records after `after`, in order; its first error ends it and is returned.
  virtual Status read_some(JournalIndex after, std::size_t most,
                           const std::function<Status(const Record&)>& visit) = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // kNoSpace, kStorage: nothing of the batch is stored, the journal can be used again.
  virtual Status append(std::span<const Record> batch) = 0;
  virtual Result<std::optional<JournalSnapshot>> load_snapshot() = 0;
  // Calls `visit` for each record after `after`, in order; stops at its first error and returns it.
  virtual Status read_from(JournalIndex after, const std::function<Status(const Record&)>& visit) = 0;
  virtual Result<Bytes> read_body(BodyRef ref) = 0;  // kNotFound
  // Begins to store the snapshot and to drop what it stands for; NV_CHECKs that none is under way. compact_some()
  // does about `pages` pages of it; true: more is left. After an error this compaction is over: the journal is as
  // it was or has a part of it done, and another may begin.
  virtual void compact(Compaction compaction) = 0;
  virtual Result<bool> compact_some(std::size_t pages) = 0;
  // Where the audit ends by the lines that are kept; nothing: this journal keeps no audit.
  virtual Result<std::optional<wire::AuditPoint>> audit_end() { return std::optional<wire::AuditPoint>(); }
  // For an audit without lines: the place after which they will begin.
  virtual Status begin_audit(const wire::AuditPoint&) { return {}; }
  virtual Result<std::unique_ptr<JournalReader>> open_beside() = 0;  // by any thread
  // A consistent copy while appends go on (other thread), synced, complete or absent.
  virtual Status backup(const std::string& path) = 0;
};

}  // namespace nattevagt::broker
