// The journal on SQLCipher: one encrypted file, a write-ahead log, one synced transaction a batch.
//
// Invariants, on top of journal.h:
//  1. Indexes after the snapshot's are there without gaps; opening checks it, append() continues it.
//  2. A journal that ends before its mark (durable_mark.h) is kCorrupt: a damaged write-ahead log is never
//     read as a shorter one.
//  3. After a failed append the write connection is opened afresh and its end compared: a batch is there
//     whole or not at all, and the next append can follow.
//  4. One process writes: open() holds a lock on `<path>.lock` for the object's life.
//
// Ownership: a resource. Threads: append(), compact() and compact_some() by one thread at a time; load_snapshot(),
// read_from(), read_body() and backup() by any, also while an append goes on.
#pragma once

#include <mutex>

#include "broker/io/durable_mark.h"
#include "broker/io/journal.h"
#include "broker/io/journal_compaction.h"
#include "broker/io/sqlite_handle.h"

namespace nattevagt::broker {

struct JournalOptions {
  bool verify_pages = true;     // read every page at open and check its HMAC (about 1 s a GB)
  std::uint32_t pages_max = 0;  // of 8 KiB; 0: the disk is the limit. Tests simulate a full disk with it.
};

// What read_file() shows; a function that is empty is passed over.
struct JournalVisit {
  std::function<Status(const wire::AuditPoint&)> audit_begin;  // before the first line that is kept
  std::function<Status(const wire::AuditLine&)> audit_line;
  std::function<Status(const JournalSnapshot&)> snapshot;
  std::function<Status(const Record&)> record;  // after the snapshot
};

class SqlcipherJournal final : public Journal {
 public:
  // A new, empty journal. kAlreadyExists when anything is at `path`.
  static Status create(const std::string& path, const JournalKey& key);
  // An existing one. kBadSignature: made with another key. kCorrupt: damaged. kBusy: another hub has it.
  // kUnsupported: a newer schema. kStorage: not there, not readable.
  static Result<std::unique_ptr<SqlcipherJournal>> open(const std::string& path, const JournalKey& key,
                                                        JournalOptions options = {});
  // Copies the journal at `path`, which a running hub may be writing, to `to`: synced, checked, complete or
  // absent. kAlreadyExists when `to` is there; kCorrupt also when it is shorter than it has been.
  static Status backup_file(const std::string& path, const JournalKey& key, const std::string& to);
  // Checks what opening it would read: every page through the write-ahead log (where there is none, the file's
  // unused pages too), the indexes, the mark. Writes nothing; gives the last index. kCorrupt: damaged, or shorter
  // than it has been.
  static Result<JournalIndex> verify_file(const std::string& path, const JournalKey& key);

  // In this order and as of one moment, also while a hub writes it. The first error of a visit ends it.
  static Status read_file(const std::string& path, const JournalKey& key, const JournalVisit& visit);

  ~SqlcipherJournal() override;
  SqlcipherJournal(const SqlcipherJournal&) = delete;
  SqlcipherJournal& operator=(const SqlcipherJournal&) = delete;

  Status append(std::span<const Record> batch) override;
  Result<std::optional<JournalSnapshot>> load_snapshot() override;
  Status read_from(JournalIndex after, const std::function<Status(const Record&)>& visit) override;
  Result<Bytes> read_body(BodyRef ref) override;
  void compact(Compaction compaction) override;
  Result<bool> compact_some(std::size_t pages) override;
  Result<std::optional<wire::AuditPoint>> audit_end() override;
  Status begin_audit(const wire::AuditPoint& point) override;
  Result<std::unique_ptr<JournalReader>> open_beside() override;
  Status backup(const std::string& path) override;

  // Tests: changes the limit of JournalOptions::pages_max.
  Status limit_pages(std::uint32_t pages_max);

 private:
  SqlcipherJournal(std::string path, JournalKey key, JournalOptions options);

  Status open_writer();
  Status open_reader();
  Status recover_writer();
  Status upgrade();
  void forget_statements();
  Status append_in_transaction(std::span<const Record> batch);
  Status append_audit(const Record& record);
  Result<bool> advance_compaction(std::size_t pages);

  const std::string path_;
  const JournalKey key_;
  JournalOptions options_;
  int lock_ = -1;
  DurableMark mark_;

  // The appending thread's.
  sqlite::Connection writer_;
  sqlite::Statement begin_, commit_, insert_, insert_audit_;
  std::optional<JournalCompaction> compaction_;  // under way
  JournalIndex last_index_ = 0;
  bool broken_ = false;  // invariant 3 did not hold: nothing but a restart may help

  std::mutex reader_mutex_;  // guards the three below
  sqlite::Connection reader_;
  sqlite::Statement body_;
};

}  // namespace nattevagt::broker
