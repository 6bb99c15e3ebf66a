#include "broker/io/sqlcipher_journal.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

using sqlite::Connection;
using sqlite::Statement;

constexpr std::int64_t kAuditLinesPrunedMax = 20'000;  // a call
constexpr std::size_t kRowsDeletedPerAppendMin = 256;
constexpr std::size_t kBodiesPerRecordMax = 2;
constexpr std::size_t kSnapshotPartBytes = 64 * 1024 * 1024;  // SQLite's blob limit is 1 GB

// Each leads from the version before it; the first makes an empty file a journal.
constexpr std::array kMigrations = {
    // `doomed` lists records that a compaction dropped and that are not deleted yet.
    "CREATE TABLE record (idx INTEGER PRIMARY KEY, at INTEGER NOT NULL, meta BLOB NOT NULL,"
    "  body0 BLOB, body1 BLOB) STRICT;"
    "CREATE TABLE snapshot (part INTEGER PRIMARY KEY, idx INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE doomed (idx INTEGER PRIMARY KEY) STRICT;"
    "PRAGMA user_version = 1;",
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL,"
    "  chain BLOB NOT NULL, line BLOB NOT NULL) STRICT;"
    "CREATE TABLE audit_begin (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL,"
    "  chain BLOB NOT NULL) STRICT;"
    "PRAGMA user_version = 2;"};
constexpr std::int64_t kSchemaVersion = kMigrations.size();

// All at once or nothing.
Status migrate(Connection& connection, std::int64_t from) {
  if (from == kSchemaVersion) return {};
  std::string steps = "BEGIN IMMEDIATE;";
  for (auto next = static_cast<std::size_t>(from); next < kMigrations.size(); ++next)
    steps += kMigrations[next];
  return connection.execute((steps + "COMMIT;").c_str());
}

std::int64_t to_row(JournalIndex index) noexcept { return static_cast<std::int64_t>(index); }

Status sync_path(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return fail(Errc::kStorage, "journal sync");
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  if (!synced) return fail(Errc::kStorage, "journal sync");
  return {};
}

// A file whose name is not synced can be gone after a power cut.
Status sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return sync_path(slash == std::string::npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

Status check_schema_version(const Connection& connection) {
  NV_TRY(const std::int64_t version, sqlite::query_integer(connection, "PRAGMA user_version"));
  if (version > kSchemaVersion) return fail(Errc::kUnsupported, "journal schema");
  if (version < 1) return fail(Errc::kCorrupt, "journal schema");
  return {};
}

// One row for each page whose HMAC does not verify.
Status check_pages(const Connection& connection) {
  NV_TRY(auto statement, Statement::prepare(connection, "PRAGMA cipher_integrity_check"));
  NV_TRY(const bool row, statement.step());
  if (row) return fail(Errc::kCorrupt, "journal page");
  return {};
}

// The last index; kCorrupt when one is missing between the snapshot's and it.
Result<JournalIndex> check_indexes(const Connection& connection) {
  NV_TRY(const std::int64_t snapshot,
         sqlite::query_integer(connection, "SELECT coalesce(max(idx), 0) FROM snapshot"));
  NV_TRY(const std::int64_t last,
         sqlite::query_integer(connection,
                               "SELECT max(coalesce((SELECT max(idx) FROM record), 0),"
                               " coalesce((SELECT max(idx) FROM snapshot), 0))"));
  NV_TRY(const std::int64_t count, sqlite::query_integer(connection,
                                                         "SELECT count(*) FROM record WHERE idx >"
                                                         " coalesce((SELECT max(idx) FROM snapshot), 0)"));
  if (count != last - snapshot) return fail(Errc::kCorrupt, "journal gap");
  return static_cast<JournalIndex>(last);
}

// The page by page copy itself; both ends are keyed alike.
Status copy_pages(const Connection& from, const Connection& to) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) return fail(Errc::kStorage, "journal backup");
  // All pages in one step: one read transaction of the write-ahead log, so a writer neither waits nor makes
  // the copy start again.
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) return fail(sqlite::errc_of(stepped), "journal backup");
  if (finished != SQLITE_OK) return fail(sqlite::errc_of(finished), "journal backup");
  return {};
}

Status copy_checked(const std::string& path, const JournalKey& key, const std::string& partial) {
  NV_TRY(auto from, Connection::open(path, key, Connection::Mode::kRead));
  NV_TRYV(check_schema_version(from));
  {
    NV_TRY(auto to, Connection::open(partial, key, Connection::Mode::kCreate));
    NV_TRYV(copy_pages(from, to));
    // One file without a write-ahead log beside it: it can be moved as it is.
    NV_TRYV(to.execute("PRAGMA journal_mode = DELETE"));
  }
  NV_TRYV(SqlcipherJournal::verify_file(partial, key));
  return sync_path(partial, O_RDONLY);
}

Result<Record> record_of(const Statement& row) {
  Record record;
  record.index = static_cast<JournalIndex>(row.integer(0));
  record.at = from_unix_ms(row.integer(1));
  record.meta = to_bytes(row.blob(2));
  for (int column = 3; column < 5 && !row.is_null(column); ++column) {
    record.bodies.push_back(to_bytes(row.blob(column)));
  }
  return record;
}

Digest digest_of(ByteView bytes) {
  Digest out{};
  if (bytes.size() == out.size()) std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Result<std::optional<JournalSnapshot>> snapshot_in(const Connection& connection) {
  NV_TRY(auto rows, Statement::prepare(connection, "SELECT idx, bytes FROM snapshot ORDER BY part"));
  std::optional<JournalSnapshot> snapshot;
  while (true) {
    NV_TRY(const bool row, rows.step());
    if (!row) return snapshot;
    if (!snapshot) snapshot.emplace();
    snapshot->index = static_cast<JournalIndex>(rows.integer(0));
    nattevagt::append(snapshot->bytes, rows.blob(1));
  }
}

Status visit_records(const Connection& connection, JournalIndex after,
                     const std::function<Status(const Record&)>& visit) {
  NV_TRY(auto rows, Statement::prepare(connection,
                                       "SELECT idx, at, meta, body0, body1 FROM record"
                                       " WHERE idx > ?1 ORDER BY idx"));
  rows.bind(1, to_row(after));
  JournalIndex expected = after;
  while (true) {
    NV_TRY(const bool row, rows.step());
    if (!row) return {};
    NV_TRY(const Record record, record_of(rows));
    if (record.index != ++expected) return fail(Errc::kCorrupt, "journal gap");
    NV_TRYV(visit(record));
  }
}

Result<wire::AuditPoint> audit_begin_in(const Connection& connection) {
  NV_TRY(auto rows, Statement::prepare(connection, "SELECT seq, chain FROM audit_begin"));
  NV_TRY(const bool row, rows.step());
  if (!row) return wire::AuditPoint{0, wire::audit_chain_first()};
  return wire::AuditPoint{static_cast<std::uint64_t>(rows.integer(0)), digest_of(rows.blob(1))};
}

// In the order in which they were written; whether the numbers follow each other is the verifier's question.
Status visit_audit(const Connection& connection, const std::function<Status(const wire::AuditLine&)>& visit) {
  NV_TRY(auto rows, Statement::prepare(connection, "SELECT seq, at, chain, line FROM audit ORDER BY id"));
  while (true) {
    NV_TRY(const bool row, rows.step());
    if (!row) return {};
    NV_TRYV(visit({static_cast<std::uint64_t>(rows.integer(0)), from_unix_ms(rows.integer(1)),
                   std::string(as_text(rows.blob(3))), digest_of(rows.blob(2))}));
  }
}

}  // namespace

SqlcipherJournal::SqlcipherJournal(std::string path, JournalKey key, JournalOptions options)
    : path_(std::move(path)), key_(std::move(key)), options_(options) {}

SqlcipherJournal::~SqlcipherJournal() {
  if (lock_ >= 0) ::close(lock_);
}

Status SqlcipherJournal::create(const std::string& path, const JournalKey& key) {
  // A lone write-ahead log or mark means that a journal was here: never start afresh beside it.
  for (const char* suffix : {"", "-wal", ".mark"}) {
    if (exists(path + suffix)) return fail(Errc::kAlreadyExists, "journal create");
  }
  {
    NV_TRY(auto connection, Connection::open(path, key, Connection::Mode::kCreate));
    if (::chmod(path.c_str(), 0600) != 0) return fail(Errc::kStorage, "journal create");
    NV_TRYV(connection.execute("PRAGMA journal_mode = WAL"));
    NV_TRYV(migrate(connection, 0));
  }
  NV_TRYV(sync_path(path, O_RDONLY));
  return sync_directory_of(path);
}

Result<std::unique_ptr<SqlcipherJournal>> SqlcipherJournal::open(const std::string& path,
                                                                 const JournalKey& key,
                                                                 JournalOptions options) {
  std::unique_ptr<SqlcipherJournal> journal(new SqlcipherJournal(path, key.duplicate(), options));
  // Not there: said before the lock and the mark are made beside nothing.
  if (!exists(path)) return fail(Errc::kStorage, "journal open");
  journal->lock_ = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (journal->lock_ < 0) return fail(Errc::kStorage, "journal lock");
  if (::flock(journal->lock_, LOCK_EX | LOCK_NB) != 0) return fail(Errc::kBusy, "journal lock");
  NV_TRYV(journal->open_writer());
  if (options.verify_pages) {
    // A power cut in the middle of a checkpoint leaves pages torn that the log has whole: it is carried through
    // first, or they would be called damaged. Where that fails, the check says what is wrong.
    static_cast<void>(journal->writer_.execute("PRAGMA wal_checkpoint(FULL)"));
    NV_TRYV(check_pages(journal->writer_));
  }
  NV_TRY(journal->last_index_, check_indexes(journal->writer_));
  NV_TRY(journal->mark_, DurableMark::open(path + ".mark"));
  if (journal->mark_.read().value_or(0) > journal->last_index_) return fail(Errc::kCorrupt, "journal mark");
  journal->mark_.write(journal->last_index_);
  NV_TRYV(journal->open_reader());
  return journal;
}

Result<JournalIndex> SqlcipherJournal::verify_file(const std::string& path, const JournalKey& key) {
  NV_TRY(const auto connection, Connection::open(path, key, Connection::Mode::kRead));
  NV_TRYV(check_schema_version(connection));
  NV_TRYV(check_pages(connection));
  return check_indexes(connection);
}

Status SqlcipherJournal::open_writer() {
  NV_TRY(writer_, Connection::open(path_, key_, Connection::Mode::kWrite));
  NV_TRYV(check_schema_version(writer_));
  NV_TRYV(upgrade());
  NV_TRYV(writer_.execute("PRAGMA journal_mode = WAL"));
  NV_TRYV(writer_.execute("PRAGMA synchronous = FULL"));  // WAL: every commit is synced
  NV_TRYV(writer_.execute("PRAGMA secure_delete = ON"));
  NV_TRYV(writer_.execute("PRAGMA wal_autocheckpoint = 2000"));
  NV_TRYV(writer_.execute("PRAGMA journal_size_limit = 67108864"));
  NV_TRYV(writer_.execute("PRAGMA cache_size = -65536"));  // KiB
  if (options_.pages_max != 0) NV_TRYV(limit_pages(options_.pages_max));
  NV_TRY(begin_, Statement::prepare(writer_, "BEGIN IMMEDIATE"));
  NV_TRY(commit_, Statement::prepare(writer_, "COMMIT"));
  NV_TRY(insert_,
         Statement::prepare(writer_,
                            "INSERT INTO record (idx, at, meta, body0, body1) VALUES (?1, ?2, ?3, ?4, ?5)"));
  NV_TRY(insert_audit_,
         Statement::prepare(writer_, "INSERT INTO audit (seq, at, chain, line) VALUES (?1, ?2, ?3, ?4)"));
  NV_TRY(delete_record_, Statement::prepare(writer_,
                                            "DELETE FROM record WHERE idx IN"
                                            " (SELECT idx FROM doomed ORDER BY idx LIMIT ?1)"));
  NV_TRY(delete_doomed_, Statement::prepare(writer_,
                                            "DELETE FROM doomed WHERE idx IN"
                                            " (SELECT idx FROM doomed ORDER BY idx LIMIT ?1)"));
  return {};
}

Status SqlcipherJournal::upgrade() {
  NV_TRY(const std::int64_t version, sqlite::query_integer(writer_, "PRAGMA user_version"));
  return migrate(writer_, version);
}

void SqlcipherJournal::forget_statements() {
  begin_ = {}, commit_ = {}, insert_ = {}, insert_audit_ = {}, delete_record_ = {}, delete_doomed_ = {};
}

Status SqlcipherJournal::open_reader() {
  NV_TRY(reader_, Connection::open(path_, key_, Connection::Mode::kRead));
  NV_TRY(body_, Statement::prepare(reader_,
                                   "SELECT body0, body1 FROM record WHERE idx = ?1"
                                   " AND idx NOT IN (SELECT idx FROM doomed)"));
  return {};
}

Status SqlcipherJournal::limit_pages(std::uint32_t pages_max) {
  options_.pages_max = pages_max;
  const std::string pages = std::to_string(pages_max == 0 ? 0xfffffffeU : pages_max);
  return writer_.execute(("PRAGMA max_page_count = " + pages).c_str());
}

Status SqlcipherJournal::append(std::span<const Record> batch) {
  if (broken_) return fail(Errc::kCorrupt, "journal broken");
  if (batch.empty()) return {};
  if (!writer_.is_open()) NV_TRYV(recover_writer());  // a failed append could not open it again
  const Status stored = append_in_transaction(batch);
  if (stored) {
    last_index_ = batch.back().index;
    delete_paused_ = false;
    mark_.write(last_index_);
    return {};
  }
  delete_paused_ = true;
  // When this fails too, the next append tries again; the first error is what the caller acts on.
  if (const Status recovered = recover_writer(); !recovered && recovered.error().code == Errc::kCorrupt) {
    broken_ = true;
    return recovered;
  }
  return stored;
}

// After a failure the pager may hold an error that sticks, so the connection is made anew.
Status SqlcipherJournal::recover_writer() {
  forget_statements();
  writer_.roll_back();
  writer_.close();
  if (const Status opened = open_writer(); !opened) {
    forget_statements();
    writer_.close();
    return opened;
  }
  NV_TRY(const JournalIndex last, check_indexes(writer_));
  if (last != last_index_) return fail(Errc::kCorrupt, "journal holds a refused batch");
  return {};
}

Status SqlcipherJournal::append_in_transaction(std::span<const Record> batch) {
  NV_TRYV(begin_.run());
  JournalIndex expected = last_index_;
  for (const Record& record : batch) {
    NV_CHECK(record.index == ++expected);
    NV_CHECK(record.bodies.size() <= kBodiesPerRecordMax);
    insert_.bind(1, to_row(record.index));
    insert_.bind(2, to_unix_ms(record.at));
    insert_.bind(3, ByteView(record.meta));
    for (std::size_t part = 0; part < kBodiesPerRecordMax; ++part) {
      const int parameter = static_cast<int>(4 + part);
      if (part < record.bodies.size()) {
        insert_.bind(parameter, ByteView(record.bodies[part]));
      } else {
        insert_.bind_null(parameter);
      }
    }
    NV_TRYV(insert_.run());
    NV_TRYV(append_audit(record));
  }
  if (!delete_paused_) NV_TRYV(delete_some(std::max(kRowsDeletedPerAppendMin, 2 * batch.size())));
  return commit_.run();
}

Status SqlcipherJournal::append_audit(const Record& record) {
  for (const wire::AuditLine& line : record.audit) {
    insert_audit_.bind(1, static_cast<std::int64_t>(line.seq));
    insert_audit_.bind(2, to_unix_ms(line.at));
    insert_audit_.bind(3, ByteView(line.chain));
    insert_audit_.bind(4, as_bytes(line.text));
    NV_TRYV(insert_audit_.run());
  }
  return {};
}

Result<std::optional<wire::AuditPoint>> SqlcipherJournal::audit_end() {
  const std::scoped_lock lock(reader_mutex_);
  NV_TRY(auto rows, Statement::prepare(reader_, "SELECT seq, chain FROM audit ORDER BY id DESC LIMIT 1"));
  NV_TRY(const bool row, rows.step());
  if (row) return wire::AuditPoint{static_cast<std::uint64_t>(rows.integer(0)), digest_of(rows.blob(1))};
  NV_TRY(const wire::AuditPoint begin, audit_begin_in(reader_));
  return begin;
}

Status SqlcipherJournal::begin_audit(const wire::AuditPoint& point) {
  NV_TRY(auto put, Statement::prepare(writer_,
                                      "INSERT OR REPLACE INTO audit_begin (id, seq, chain)"
                                      " SELECT 1, ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM audit)"));
  put.bind(1, static_cast<std::int64_t>(point.seq));
  put.bind(2, ByteView(point.chain));
  return put.run();
}

Status SqlcipherJournal::prune_audit(UtcTime before) {
  if (broken_) return fail(Errc::kCorrupt, "journal broken");
  if (!writer_.is_open()) NV_TRYV(recover_writer());
  const Status pruned = prune_in_transaction(before);
  if (!pruned) NV_TRYV(recover_writer());
  return pruned;
}

// The place after the last line that goes is kept, in the same transaction.
Status SqlcipherJournal::prune_in_transaction(UtcTime before) {
  NV_TRYV(begin_.run());
  NV_TRY(const std::int64_t first, sqlite::query_integer(writer_, "SELECT coalesce(min(id), 0) FROM audit"));
  NV_TRY(auto find, Statement::prepare(writer_,
                                       "SELECT id, seq, chain FROM audit WHERE id < ?1 AND id <"
                                       " coalesce((SELECT min(id) FROM audit WHERE at >= ?2), ?1)"
                                       " ORDER BY id DESC LIMIT 1"));
  find.bind(1, first + kAuditLinesPrunedMax);
  find.bind(2, to_unix_ms(before));
  NV_TRY(const bool row, find.step());
  if (row) {
    const std::int64_t last = find.integer(0);
    NV_TRY(auto begin,
           Statement::prepare(writer_,
                              "INSERT OR REPLACE INTO audit_begin (id, seq, chain) VALUES (1, ?1, ?2)"));
    const Digest chain = digest_of(find.blob(2));
    begin.bind(1, find.integer(1));
    begin.bind(2, ByteView(chain));
    NV_TRYV(begin.run());
    NV_TRY(auto drop, Statement::prepare(writer_, "DELETE FROM audit WHERE id <= ?1"));
    drop.bind(1, last);
    NV_TRYV(drop.run());
  }
  find.reset();
  return commit_.run();
}

Status SqlcipherJournal::read_file(const std::string& path, const JournalKey& key,
                                   const JournalVisit& visit) {
  NV_TRY(auto connection, Connection::open(path, key, Connection::Mode::kRead));
  NV_TRYV(check_schema_version(connection));
  NV_TRY(const std::int64_t version, sqlite::query_integer(connection, "PRAGMA user_version"));
  if (version < kSchemaVersion) return fail(Errc::kUnsupported, "journal without an audit");
  NV_TRYV(connection.execute("BEGIN"));  // one moment for all that follows
  if (visit.audit_begin) {
    NV_TRY(const wire::AuditPoint begin, audit_begin_in(connection));
    NV_TRYV(visit.audit_begin(begin));
  }
  if (visit.audit_line) NV_TRYV(visit_audit(connection, visit.audit_line));
  JournalIndex after = 0;
  if (visit.snapshot) {
    NV_TRY(const auto snapshot, snapshot_in(connection));
    if (snapshot) {
      NV_TRYV(visit.snapshot(*snapshot));
      after = snapshot->index;
    }
  }
  return visit.record ? visit_records(connection, after, visit.record) : Status();
}

// In step with appends, and twice as fast: what is dropped is gone before the next compaction drops more.
Status SqlcipherJournal::delete_some(std::size_t rows) {
  delete_record_.bind(1, static_cast<std::int64_t>(rows));
  NV_TRYV(delete_record_.run());
  delete_doomed_.bind(1, static_cast<std::int64_t>(rows));
  return delete_doomed_.run();
}

Result<std::optional<JournalSnapshot>> SqlcipherJournal::load_snapshot() {
  const std::scoped_lock lock(reader_mutex_);
  return snapshot_in(reader_);
}

Status SqlcipherJournal::read_from(JournalIndex after, const std::function<Status(const Record&)>& visit) {
  const std::scoped_lock lock(reader_mutex_);
  return visit_records(reader_, after, visit);
}

Result<Bytes> SqlcipherJournal::read_body(BodyRef ref) {
  const std::scoped_lock lock(reader_mutex_);
  if (ref.part >= kBodiesPerRecordMax) return fail(Errc::kNotFound, "journal body");
  body_.bind(1, to_row(ref.index));
  NV_TRY(const bool row, body_.step());
  const int column = static_cast<int>(ref.part);
  if (!row || body_.is_null(column)) {
    body_.reset();
    return fail(Errc::kNotFound, "journal body");
  }
  Bytes body = to_bytes(body_.blob(column));
  body_.reset();
  return body;
}

Status SqlcipherJournal::compact(const JournalSnapshot& snapshot, std::span<const JournalIndex> live) {
  if (broken_) return fail(Errc::kCorrupt, "journal broken");
  if (!writer_.is_open()) NV_TRYV(recover_writer());
  NV_CHECK(snapshot.index <= last_index_);
  const Status stored = compact_in_transaction(snapshot, live);
  if (!stored) NV_TRYV(recover_writer());
  return stored;
}

Status SqlcipherJournal::compact_in_transaction(const JournalSnapshot& snapshot,
                                                std::span<const JournalIndex> live) {
  NV_TRYV(begin_.run());
  NV_TRYV(writer_.execute("DELETE FROM snapshot"));
  {
    NV_TRY(auto insert,
           Statement::prepare(writer_, "INSERT INTO snapshot (part, idx, bytes) VALUES (?1, ?2, ?3)"));
    std::int64_t part = 0;
    ByteView rest = snapshot.bytes;
    do {
      const ByteView bytes = rest.first(std::min(rest.size(), kSnapshotPartBytes));
      insert.bind(1, part++);
      insert.bind(2, to_row(snapshot.index));
      insert.bind(3, bytes);
      NV_TRYV(insert.run());
      rest = rest.subspan(bytes.size());
    } while (!rest.empty());
    NV_TRYV(
        writer_.execute("CREATE TEMP TABLE IF NOT EXISTS kept (idx INTEGER PRIMARY KEY);"
                        "DELETE FROM kept;"));
    NV_TRY(auto keep, Statement::prepare(writer_, "INSERT INTO kept (idx) VALUES (?1)"));
    for (const JournalIndex index : live) {
      keep.bind(1, to_row(index));
      NV_TRYV(keep.run());
    }
    NV_TRY(auto doom, Statement::prepare(writer_,
                                         "INSERT OR IGNORE INTO doomed SELECT idx FROM record"
                                         " WHERE idx <= ?1 AND idx NOT IN (SELECT idx FROM kept)"));
    doom.bind(1, to_row(snapshot.index));
    NV_TRYV(doom.run());
  }
  NV_TRYV(writer_.execute("DELETE FROM kept"));
  NV_TRYV(delete_some(kRowsDeletedPerAppendMin));
  return commit_.run();
}

Result<std::int64_t> SqlcipherJournal::rows_to_delete() {
  const std::scoped_lock lock(reader_mutex_);
  return sqlite::query_integer(reader_, "SELECT count(*) FROM doomed");
}

Status SqlcipherJournal::backup(const std::string& path) { return backup_file(path_, key_, path); }

Status SqlcipherJournal::backup_file(const std::string& path, const JournalKey& key, const std::string& to) {
  if (exists(to)) return fail(Errc::kAlreadyExists, "journal backup");
  const std::string partial = to + ".partial";
  ::unlink(partial.c_str());
  const Status copied = copy_checked(path, key, partial);
  for (const char* suffix : {"-wal", "-shm", "-journal"}) ::unlink((partial + suffix).c_str());
  if (!copied) {
    ::unlink(partial.c_str());
    return copied;
  }
  if (::chmod(partial.c_str(), 0600) != 0 || ::rename(partial.c_str(), to.c_str()) != 0) {
    return fail(Errc::kStorage, "journal backup");
  }
  return sync_directory_of(to);
}

}  // namespace nattevagt::broker
