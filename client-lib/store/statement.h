// One prepared statement: bound, stepped, finalized. Errors as our codes, never SQLite's text (it may hold
// what was bound).
#pragma once

#include <sqlite3.h>

#include <string_view>

#include "proto/common/bytes.h"
#include "proto/common/result.h"

namespace nattevagt::client {

inline Errc sqlite_errc(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_FULL: return Errc::kNoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::kCorrupt;
    default: return Errc::kStorage;
  }
}

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) noexcept {
    code_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  Statement& bind(std::int64_t value) noexcept {
    if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }
  // An empty blob is a blob, not NULL. The bytes outlive the statement's last step.
  Statement& bind(ByteView value) noexcept {
    static constexpr std::uint8_t kNothing = 0;
    const void* data = value.empty() ? &kNothing : value.data();
    if (code_ == SQLITE_OK) {
      code_ = sqlite3_bind_blob64(statement_, ++bound_, data, value.size(), SQLITE_STATIC);
    }
    return *this;
  }
  Statement& bind_text(std::string_view value) noexcept {
    if (code_ == SQLITE_OK) {
      code_ = sqlite3_bind_text64(statement_, ++bound_, value.data() == nullptr ? "" : value.data(),
                                  value.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    return *this;
  }
  // True: a row is there; false: done.
  Result<bool> step() noexcept {
    if (code_ != SQLITE_OK) return fail(sqlite_errc(code_), "Statement::prepare");
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return fail(sqlite_errc(code), "Statement::step");
  }
  Status run() noexcept {
    const auto stepped = step();
    if (!stepped) return tl::unexpected(stepped.error());
    return {};
  }
  // To run it again with other values.
  void reset() noexcept {
    sqlite3_reset(statement_);
    bound_ = 0;
  }
  std::int64_t integer(int column) noexcept { return sqlite3_column_int64(statement_, column); }
  ByteView blob(int column) noexcept {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::string_view text(int column) noexcept { return as_text(blob(column)); }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
  int bound_ = 0;
};

}  // namespace nattevagt::client
