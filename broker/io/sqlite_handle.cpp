#include "broker/io/sqlite_handle.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "proto/common/check.h"

namespace nattevagt::broker::sqlite {
namespace {

// The file's first 16 bytes are SQLCipher's salt. Compared before opening, because SQLite says the same
// "not a database" for a wrong key and for a damaged first page, and the operator does different things.
Status check_salt(const std::string& path, const JournalKey& key) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(Errc::kStorage, "journal open");
  std::array<std::uint8_t, kJournalSaltBytes> salt{};
  const ssize_t got = ::read(file, salt.data(), salt.size());
  ::close(file);
  if (got < 0) return fail(Errc::kStorage, "journal open");
  if (got != static_cast<ssize_t>(salt.size())) return fail(Errc::kCorrupt, "journal header");
  if (!equal_constant_time(salt, ByteView(key.expose()).last(kJournalSaltBytes))) {
    return fail(Errc::kBadSignature, "journal key");
  }
  return {};
}

// SQLCipher takes a raw key as the text x'<96 hex digits>'.
class KeyText {
 public:
  explicit KeyText(const JournalKey& key) noexcept {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::size_t at = 0;
    text_[at++] = 'x';
    text_[at++] = '\'';
    for (const std::uint8_t byte : key.expose()) {
      text_[at++] = static_cast<std::uint8_t>(kDigits[byte >> 4]);
      text_[at++] = static_cast<std::uint8_t>(kDigits[byte & 15]);
    }
    text_[at++] = '\'';
    NV_CHECK(at == text_.size());
  }
  KeyText(const KeyText&) = delete;
  KeyText& operator=(const KeyText&) = delete;
  ~KeyText() { wipe(text_); }
  const void* data() const noexcept { return text_.data(); }
  int size() const noexcept { return static_cast<int>(text_.size()); }

 private:
  std::array<std::uint8_t, 2 * JournalKey::kSize + 3> text_{};
};

}  // namespace

Errc errc_of(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_FULL: return Errc::kNoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    // What the pager says of the first page whose HMAC does not verify (it has no other word for a codec
    // that gives nothing); real want of memory ends the process long before.
    case SQLITE_NOMEM:
    case SQLITE_CONSTRAINT:
    case SQLITE_FORMAT: return Errc::kCorrupt;
    default: return Errc::kStorage;
  }
}

Connection::~Connection() { close(); }
Connection::Connection(Connection&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    handle_ = std::exchange(other.handle_, nullptr);
  }
  return *this;
}

void Connection::close() noexcept {
  if (handle_ == nullptr) return;
  // Fails only with a statement left open: our bug, and it would keep the file's locks.
  const int code = sqlite3_close(std::exchange(handle_, nullptr));
  NV_CHECK(code == SQLITE_OK);
}

Result<Connection> Connection::open(const std::string& path, const JournalKey& key, Mode mode) {
  if (mode != Mode::kCreate) NV_TRYV(check_salt(path, key));
  Connection connection;
  // A reader too opens read-write: a WAL database needs its shared memory written. query_only binds it.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == Mode::kCreate ? SQLITE_OPEN_CREATE : 0);
  const int opened = sqlite3_open_v2(path.c_str(), &connection.handle_, flags, nullptr);
  if (opened != SQLITE_OK) return fail(errc_of(opened), "journal open");
  sqlite3_extended_result_codes(connection.handle_, 1);
  sqlite3_busy_timeout(connection.handle_, 5'000);
  const KeyText text(key);
  if (sqlite3_key_v2(connection.handle_, "main", text.data(), text.size()) != SQLITE_OK) {
    return fail(Errc::kCrypto, "journal key");
  }
  // SQLCipher's own log would stand between our JSON lines; what it says comes back as a result code.
  NV_TRYV(connection.execute("PRAGMA cipher_log_level = NONE"));
  NV_TRYV(connection.execute("PRAGMA cipher_page_size = 8192"));
  if (mode != Mode::kCreate) NV_TRYV(query_integer(connection, "SELECT count(*) FROM sqlite_schema"));
  if (mode == Mode::kRead) {
    NV_TRYV(connection.execute("PRAGMA query_only = ON"));
    NV_CHECK(sqlite3_db_config(connection.handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr) == SQLITE_OK);
  }
  return connection;
}

Status Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(errc_of(code), "journal execute");
  return {};
}

void Connection::roll_back() noexcept {
  if (handle_ == nullptr || sqlite3_get_autocommit(handle_) != 0) return;
  // May fail when SQLite has rolled back by itself; autocommit is what counts.
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Statement::~Statement() { sqlite3_finalize(handle_); }
Statement::Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(handle_);
    handle_ = std::exchange(other.handle_, nullptr);
  }
  return *this;
}

Result<Statement> Statement::prepare(const Connection& connection, const char* sql) {
  Statement statement;
  const int code = sqlite3_prepare_v3(connection.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &statement.handle_, nullptr);
  if (code != SQLITE_OK) return fail(errc_of(code), "journal prepare");
  return statement;
}

void Statement::bind(int parameter, std::int64_t value) noexcept {
  NV_CHECK(sqlite3_bind_int64(handle_, parameter, value) == SQLITE_OK);
}
void Statement::bind(int parameter, ByteView bytes) noexcept {
  // An empty vector's pointer may be null, and a null pointer would bind NULL, not an empty blob.
  static constexpr std::uint8_t kEmpty = 0;
  const void* data = bytes.empty() ? &kEmpty : bytes.data();
  NV_CHECK(sqlite3_bind_blob64(handle_, parameter, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK);
}
void Statement::bind_null(int parameter) noexcept {
  NV_CHECK(sqlite3_bind_null(handle_, parameter) == SQLITE_OK);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3_reset(handle_);
  return fail(errc_of(code), "journal step");
}

Status Statement::run() {
  NV_TRY(const bool row, step());
  reset();
  NV_CHECK(!row);
  return {};
}

void Statement::reset() noexcept {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }
bool Statement::is_null(int column) const noexcept {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}
ByteView Statement::blob(int column) const noexcept {
  const void* data = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}
std::string_view Statement::text(int column) const noexcept {
  const auto* data = sqlite3_column_text(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Result<std::int64_t> query_integer(const Connection& connection, const char* sql) {
  NV_TRY(auto statement, Statement::prepare(connection, sql));
  NV_TRY(const bool row, statement.step());
  if (!row) return fail(Errc::kCorrupt, "journal query");
  return statement.integer(0);
}

}  // namespace nattevagt::broker::sqlite
