// One compaction of the hub's journal, in pieces: each is one transaction that writes, reads or deletes at most
// so many pages, so that no append waits for the size of the store (a region's snapshot is 100 MB, and what it
// stands for 200,000 records).
//
// In this order; a crash after any piece leaves a journal that is whole:
//  1. what an earlier compaction has left in the table `snapshot_other` goes;
//  2. the new snapshot is written there, part by part;
//  3. the tables `snapshot` and `snapshot_other` change names: from here on the new one stands;
//  4. the old one goes, part by part;
//  5. records up to the snapshot's index that are not live go;
//  6. audit lines from before `audit_from` go, the oldest first; the place where they ended stays.
//
// Ownership: a value, the journal's. Threads: the appending one.
#pragma once

#include "broker/io/journal.h"
#include "broker/io/sqlite_handle.h"

namespace nattevagt::broker {

class JournalCompaction {
 public:
  explicit JournalCompaction(Compaction what);

  // One piece of about `pages` pages of 8 KiB (a row of a page or less counts as one, and one is always done).
  // True: all is done. After an error nothing of the piece is done; the compaction cannot go on, and another
  // may begin.
  Result<bool> advance(sqlite::Connection& connection, std::size_t pages);

 private:
  enum class Stage : std::uint8_t { kClear, kWrite, kSwap, kClearOld, kRecords, kAudit, kDone };
  // What is left of a piece.
  class Budget {
   public:
    explicit Budget(std::size_t pages) : left_(pages) {}
    bool spent() const { return left_ == 0; }
    std::size_t left() const { return left_; }
    void spend(std::size_t pages) { left_ -= std::min(left_, pages); }

   private:
    std::size_t left_;
  };

  Status work(sqlite::Connection& connection, Budget& budget);
  Status clear_other(sqlite::Connection& connection, Budget& budget, Stage next);
  Status write_parts(sqlite::Connection& connection, Budget& budget);
  Status swap(sqlite::Connection& connection, Budget& budget);
  Status sweep_records(sqlite::Connection& connection, Budget& budget);
  Status prune_audit(sqlite::Connection& connection, Budget& budget);

  Compaction what_;
  Stage stage_ = Stage::kClear;
  std::size_t parts_written_ = 0;
  JournalIndex swept_ = 0;  // records up to here have been looked at
};

}  // namespace nattevagt::broker
