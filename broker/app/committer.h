// The commit thread: one group commit after another, and what may leave after each.
//
// While it syncs one batch the main thread steps the core and gathers the next: latency is one sync,
// throughput grows with the load (the group commit of the design).
//
// Invariants:
//  1. Batches are done in the order given, one at a time. What comes out of take() names only durable
//     records.
//  2. A batch whose append fails is tried again, for ever, with a pause; it is never skipped and nothing of
//     it comes out. So the core's memory is always the journal plus at most the batches not yet taken, in
//     order: they cannot part, whatever the disk does. Meanwhile trouble() says why.
//  3. kCorrupt from the journal ends the work: fatal() is set and nothing comes out again.
//  4. The bodies of a batch's effects are read before its compaction begins, which may drop them.
//  5. A compaction is done in pieces: after a batch one piece of at most twice the batch's pages, or of
//     kCompactionPages if that is more; without a batch one after another. So what is submitted waits for one
//     piece at most, whatever the size of the store, and a compaction goes as fast as the journal grows.
//
// Ownership: a resource; journal and key outlive it. Threads: its own, and one that calls it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "broker/app/frame_builder.h"
#include "broker/app/wake.h"

namespace nattevagt::broker {

struct Batch {
  std::vector<Record> records;
  std::vector<HeldEffect> effects;
  std::optional<Compaction> compaction;  // whatever it drops no later batch asks for; none is under way
  bool empty() const { return records.empty() && effects.empty() && !compaction; }
};

struct Committed {
  JournalIndex durable = 0;
  std::vector<Ready> ready;
  std::size_t records = 0;
  double seconds = 0;
  BuildCounts counts;
};

inline constexpr std::size_t kCompactionPages = 512;  // of 8 KiB

class Committer {
 public:
  // `durable` is the journal's last index. `wake` is called when there is something to take() or
  // the thread is free again.
  Committer(Journal& journal, const SignKey& key, JournalIndex durable, std::size_t cache_bytes,
            const Wake& wake);
  ~Committer();  // a batch that is being tried again is given up
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  bool free() const;         // submit() may be called
  void submit(Batch batch);  // NV_CHECKs free()
  std::optional<Committed> take();
  // How the last compaction ended; each is told once.
  std::optional<Status> take_compaction();

  // Why the batch in hand cannot be stored: the disk's error, or kStorage when a sync takes longer than
  // `patience`. Nothing when all is well.
  std::optional<Errc> trouble(std::chrono::steady_clock::duration patience) const;
  std::uint64_t failures() const;  // appends refused, each try
  bool fatal() const;

 private:
  void run();
  bool append_until_stored(const std::vector<Record>& records);
  void work(Batch batch);
  void compact_some(std::size_t pages);

  Journal& journal_;
  FrameBuilder builder_;  // the thread's
  JournalIndex durable_;  // the thread's
  bool compacting_ = false;  // the thread's
  const Wake& wake_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<Batch> given_;
  std::optional<Committed> done_;
  std::optional<Status> compacted_;
  bool working_ = false;
  bool appending_ = false;
  bool stopping_ = false;
  bool fatal_ = false;
  std::optional<Errc> error_;
  std::uint64_t failures_ = 0;
  std::chrono::steady_clock::time_point since_;
  std::thread thread_;
};

}  // namespace nattevagt::broker
