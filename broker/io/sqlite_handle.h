// SQLCipher's C API as two resources: a keyed connection and a prepared statement. No exception; every
// failure is an Error. Only the journal includes this.
//
// Threads: a Connection and its Statements belong to one thread at a time (SQLITE_OPEN_NOMUTEX).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/common/bytes.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

struct sqlite3;
struct sqlite3_stmt;

namespace nattevagt::broker {

// 32 bytes of key and 16 of salt, raw: no key derivation at each open (135 ms), and the salt at the head of
// the file tells a wrong key from damage.
inline constexpr std::size_t kJournalSaltBytes = 16;
using JournalKey = Secret<struct JournalKeyPurpose, 48>;

namespace sqlite {

// What an SQLite result code means to us: kNoSpace, kCorrupt or kStorage.
Errc errc_of(int code) noexcept;

class Connection {
 public:
  Connection() noexcept = default;
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  enum class Mode : std::uint8_t { kCreate, kWrite, kRead };
  // Opens and keys. kBadSignature: the file was made with another key. kCorrupt: it is no database under
  // this key. kStorage: it cannot be opened; with kWrite and kRead also when it is not there.
  // Who only reads never folds the write-ahead log into the file, also as the last to close: a log that turns out
  // damaged stays as it is found.
  static Result<Connection> open(const std::string& path, const JournalKey& key, Mode mode);

  bool is_open() const noexcept { return handle_ != nullptr; }
  void close() noexcept;
  Status execute(const char* sql);  // constant SQL only
  void roll_back() noexcept;        // nothing happens outside a transaction
  sqlite3* handle() const noexcept { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  Statement() noexcept = default;
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  static Result<Statement> prepare(const Connection& connection, const char* sql);

  // Bound bytes must live until step() has returned.
  void bind(int parameter, std::int64_t value) noexcept;
  void bind(int parameter, ByteView bytes) noexcept;
  void bind_null(int parameter) noexcept;
  Result<bool> step();  // true: a row
  Status run();         // a statement without rows: step and reset
  void reset() noexcept;

  std::int64_t integer(int column) const noexcept;
  bool is_null(int column) const noexcept;
  ByteView blob(int column) const noexcept;  // valid until the next step or reset
  std::string_view text(int column) const noexcept;

 private:
  sqlite3_stmt* handle_ = nullptr;
};

// One number from one row; kCorrupt when there is no row.
Result<std::int64_t> query_integer(const Connection& connection, const char* sql);

}  // namespace sqlite
}  // namespace nattevagt::broker
