// Makes the hub's snapshot beside the hub: reads the last one and the records since from the journal, folds
// them as a restart would, and writes the new one down. So the thread that serves never stops for the size of
// the state.
//
// Chosen over writing the state down in the serving thread (a second for a large region's, in which no call is
// taken), and over a copy of it that is kept up to date all the time. The price is memory: for some seconds the
// state is there twice. The runner does without it when there is not that much.
//
// Invariants:
//  1. What it makes is of exactly the index that was wanted, and its audit stands where the serving core's stood
//     there. If not, it is an error (kCorrupt): the journal does not lead to what the hub believes.
//  2. It reads a bounded number of records at once: the journal's log can be folded in between.
//
// Ownership: a resource; the journal outlives it. Threads: one of its own while it works, at low priority; and one
// that calls it.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "broker/app/wake.h"
#include "broker/io/journal.h"

namespace nattevagt::broker {

inline constexpr std::size_t kRecordsFoldedAtOnce = 2'000;

class SnapshotMaker {
 public:
  struct Wanted {
    JournalIndex index = 0;  // durable
    wire::AuditPoint audit;  // of the serving core there
  };
  // `wake` is called when there is something to take().
  SnapshotMaker(Journal& journal, HubConfig hub, const Wake& wake);
  ~SnapshotMaker();  // gives up what is under way
  SnapshotMaker(const SnapshotMaker&) = delete;
  SnapshotMaker& operator=(const SnapshotMaker&) = delete;

  void begin(const Wanted& wanted);  // NV_CHECKs that nothing is under way or waits to be taken
  // Once for each begin(). Errors of the journal and HubCore.
  std::optional<Result<Compaction>> take();

 private:
  Result<Compaction> make(const Wanted& wanted) const;

  Journal& journal_;
  const HubConfig hub_;
  const Wake& wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  std::mutex mutex_;  // guards what follows
  std::optional<Result<Compaction>> made_;
};

}  // namespace nattevagt::broker
