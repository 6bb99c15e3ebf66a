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

constexpr std::int64_t kSchemaWithAudit = 2;
constexpr std::size_t kBodiesPerRecordMax = 2;

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
    "PRAGMA user_version = 2;",
    // `snapshot` is the one that stands; `snapshot_other` the next while it is written, then the last while it
    // goes (journal_compaction.h). What `doomed` listed the next compaction finds by itself.
    "CREATE TABLE snapshot_other (part INTEGER PRIMARY KEY, idx INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "DROP TABLE doomed;"
    "PRAGMA user_version = 3;"};
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

// The file's own pages, in use or not: one row for each whose HMAC does not verify. The write-ahead log is not
// looked at, and a page that a checkpoint left torn counts as damaged though the log has it whole.
Status check_pages(const Connection& connection) {
  NV_TRY(auto statement, Statement::prepare(connection, "PRAGMA cipher_integrity_check"));
  NV_TRY(const bool row, statement.step());
  if (row) return fail(Errc::kCorrupt, "journal page");
  return {};
}

// Every page in use as it is read: through the write-ahead log, by its HMAC, in its place.
Status check_content(const Connection& connection) {
  NV_TRY(auto statement, Statement::prepare(connection, "PRAGMA quick_check(1)"));
  NV_TRY(const bool row, statement.step());
  if (!row || statement.text(0) != "ok") return fail(Errc::kCorrupt, "journal page");
  return {};
}

Result<std::int64_t> last_index_of(const Connection& connection) {
  return sqlite::query_integer(connection,
                               "SELECT max(coalesce((SELECT max(idx) FROM record), 0),"
                               " coalesce((SELECT max(idx) FROM snapshot), 0))");
}

// Invariant 2.
Status check_mark(const Connection& connection, const std::string& path) {
  NV_TRY(const std::int64_t last, last_index_of(connection));
  if (DurableMark::look(path + ".mark").value_or(0) <= static_cast<JournalIndex>(last)) return {};
  return fail(Errc::kCorrupt, "journal mark");
}

// The last index; kCorrupt when one is missing between the snapshot's and it.
Result<JournalIndex> check_indexes(const Connection& connection) {
  NV_TRY(const std::int64_t snapshot,
         sqlite::query_integer(connection, "SELECT coalesce(max(idx), 0) FROM snapshot"));
  NV_TRY(const std::int64_t last, last_index_of(connection));
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
  // Before the copy, which is then of this moment or a later one.
  const JournalIndex promised = DurableMark::look(path + ".mark").value_or(0);
  NV_TRY(auto from, Connection::open(path, key, Connection::Mode::kRead));
  NV_TRYV(check_schema_version(from));
  {
    NV_TRY(auto to, Connection::open(partial, key, Connection::Mode::kCreate));
    NV_TRYV(copy_pages(from, to));
    // One file without a write-ahead log beside it: it can be moved as it is.
    NV_TRYV(to.execute("PRAGMA journal_mode = DELETE"));
  }
  NV_TRY(const JournalIndex last, SqlcipherJournal::verify_file(partial, key));
  if (last < promised) return fail(Errc::kCorrupt, "journal mark");
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

constexpr std::int64_t kAllRecords = -1;

Status visit_records(const Connection& connection, JournalIndex after, std::int64_t most,
                     const std::function<Status(const Record&)>& visit) {
  NV_TRY(auto rows, Statement::prepare(connection,
                                       "SELECT idx, at, meta, body0, body1 FROM record"
                                       " WHERE idx > ?1 ORDER BY idx LIMIT ?2"));
  rows.bind(1, to_row(after));
  rows.bind(2, most);
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

class ReaderBeside final : public JournalReader {
 public:
  explicit ReaderBeside(Connection connection) : connection_(std::move(connection)) {}
  Result<std::optional<JournalSnapshot>> load_snapshot() override { return snapshot_in(connection_); }
  Status read_some(JournalIndex after, std::size_t most,
                   const std::function<Status(const Record&)>& visit) override {
    return visit_records(connection_, after, static_cast<std::int64_t>(most), visit);
  }

 private:
  Connection connection_;
};

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
  {
    // Whoever opens for writing folds the log into the file: not before it leads to where it has led.
    NV_TRY(const auto look, Connection::open(path, key, Connection::Mode::kRead));
    NV_TRYV(check_schema_version(look));
    NV_TRYV(check_mark(look, path));
  }
  NV_TRYV(journal->open_writer());
  if (options.verify_pages) {
    // A power cut in the middle of a checkpoint leaves pages torn that the log has whole: it is carried through
    // first, or they would be called damaged. Where that fails, the check says what is wrong.
    static_cast<void>(journal->writer_.execute("PRAGMA wal_checkpoint(FULL)"));
    NV_TRYV(check_pages(journal->writer_));
  }
  NV_TRY(journal->last_index_, check_indexes(journal->writer_));
  NV_TRY(journal->mark_, DurableMark::open(path + ".mark"));
  journal->mark_.write(journal->last_index_);
  NV_TRYV(journal->open_reader());
  return journal;
}

Result<JournalIndex> SqlcipherJournal::verify_file(const std::string& path, const JournalKey& key) {
  const bool one_file = !exists(path + "-wal");
  NV_TRY(auto connection, Connection::open(path, key, Connection::Mode::kRead));
  NV_TRYV(check_schema_version(connection));
  NV_TRYV(connection.execute("BEGIN"));  // one moment, also while a hub writes
  if (one_file) NV_TRYV(check_pages(connection));
  NV_TRYV(check_content(connection));
  NV_TRYV(check_mark(connection, path));
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
  return {};
}

Status SqlcipherJournal::upgrade() {
  NV_TRY(const std::int64_t version, sqlite::query_integer(writer_, "PRAGMA user_version"));
  return migrate(writer_, version);
}

void SqlcipherJournal::forget_statements() {
  begin_ = {}, commit_ = {}, insert_ = {}, insert_audit_ = {};
}

Status SqlcipherJournal::open_reader() {
  NV_TRY(reader_, Connection::open(path_, key_, Connection::Mode::kRead));
  NV_TRY(body_, Statement::prepare(reader_, "SELECT body0, body1 FROM record WHERE idx = ?1"));
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
    mark_.write(last_index_);
    return {};
  }
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

Status SqlcipherJournal::read_file(const std::string& path, const JournalKey& key,
                                   const JournalVisit& visit) {
  NV_TRY(auto connection, Connection::open(path, key, Connection::Mode::kRead));
  NV_TRYV(check_schema_version(connection));
  NV_TRY(const std::int64_t version, sqlite::query_integer(connection, "PRAGMA user_version"));
  if (version < kSchemaWithAudit) return fail(Errc::kUnsupported, "journal without an audit");
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
  return visit.record ? visit_records(connection, after, kAllRecords, visit.record) : Status();
}

Result<std::optional<JournalSnapshot>> SqlcipherJournal::load_snapshot() {
  const std::scoped_lock lock(reader_mutex_);
  return snapshot_in(reader_);
}

Status SqlcipherJournal::read_from(JournalIndex after, const std::function<Status(const Record&)>& visit) {
  const std::scoped_lock lock(reader_mutex_);
  return visit_records(reader_, after, kAllRecords, visit);
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

void SqlcipherJournal::compact(Compaction compaction) {
  NV_CHECK(!compaction_ && compaction.snapshot.index <= last_index_);
  compaction_.emplace(std::move(compaction));
}

Result<bool> SqlcipherJournal::compact_some(std::size_t pages) {
  if (!compaction_) return false;
  const Result<bool> done = advance_compaction(pages);
  if (!done || *done) compaction_.reset();
  if (!done && writer_.is_open()) NV_TRYV(recover_writer());
  return done.map([](bool all) { return !all; });
}

Result<bool> SqlcipherJournal::advance_compaction(std::size_t pages) {
  if (broken_) return fail(Errc::kCorrupt, "journal broken");
  if (!writer_.is_open()) NV_TRYV(recover_writer());
  return compaction_->advance(writer_, pages);
}

Result<std::unique_ptr<JournalReader>> SqlcipherJournal::open_beside() {
  NV_TRY(auto connection, Connection::open(path_, key_, Connection::Mode::kRead));
  return std::make_unique<ReaderBeside>(std::move(connection));
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
