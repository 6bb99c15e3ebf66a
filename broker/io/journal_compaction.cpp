#include "broker/io/journal_compaction.h"

#include <algorithm>

namespace nattevagt::broker {
namespace {

using sqlite::Connection;
using sqlite::Statement;

constexpr std::size_t kPartBytes = 256 * 1024;
// Audit lines to a page, and a little more: they are short.
constexpr std::size_t kLinesPerPage = 16;

struct Row {
  std::int64_t id = 0;
  std::size_t pages = 0;
};

// Rows of (id, bytes) that `sql` gives for its parameters from 1 on.
Result<std::vector<Row>> rows_of(const Connection& connection, const char* sql,
                                 std::initializer_list<std::int64_t> parameters) {
  NV_TRY(auto found, Statement::prepare(connection, sql));
  int number = 0;
  for (const std::int64_t parameter : parameters) found.bind(++number, parameter);
  std::vector<Row> rows;
  while (true) {
    NV_TRY(const bool row, found.step());
    if (!row) return rows;
    rows.push_back({found.integer(0), pages_of(static_cast<std::size_t>(found.integer(1)))});
  }
}

}  // namespace

JournalCompaction::JournalCompaction(Compaction what) : what_(std::move(what)) {}

Result<bool> JournalCompaction::advance(Connection& connection, std::size_t pages) {
  Budget budget(std::max<std::size_t>(pages, 1));
  NV_TRYV(connection.execute("BEGIN IMMEDIATE"));
  while (!budget.spent() && stage_ != Stage::kDone) NV_TRYV(work(connection, budget));
  NV_TRYV(connection.execute("COMMIT"));
  return stage_ == Stage::kDone;
}

Status JournalCompaction::work(Connection& connection, Budget& budget) {
  switch (stage_) {
    case Stage::kClear: return clear_other(connection, budget, Stage::kWrite);
    case Stage::kWrite: return write_parts(connection, budget);
    case Stage::kSwap: return swap(connection, budget);
    case Stage::kClearOld: return clear_other(connection, budget, Stage::kRecords);
    case Stage::kRecords: return sweep_records(connection, budget);
    case Stage::kAudit: return prune_audit(connection, budget);
    case Stage::kDone: return {};
  }
  return {};
}

Status JournalCompaction::clear_other(Connection& connection, Budget& budget, Stage next) {
  constexpr std::int64_t kAtOnce = 16;
  NV_TRY(const auto parts,
         rows_of(connection, "SELECT part, length(bytes) FROM snapshot_other ORDER BY part LIMIT ?1",
                 {kAtOnce}));
  NV_TRY(auto drop, Statement::prepare(connection, "DELETE FROM snapshot_other WHERE part = ?1"));
  for (const Row& part : parts) {
    if (budget.spent()) return {};
    drop.bind(1, part.id);
    NV_TRYV(drop.run());
    budget.spend(part.pages);
  }
  if (parts.empty()) stage_ = next;
  return {};
}

Status JournalCompaction::write_parts(Connection& connection, Budget& budget) {
  NV_TRY(auto insert,
         Statement::prepare(connection, "INSERT INTO snapshot_other (part, idx, bytes) VALUES (?1, ?2, ?3)"));
  const ByteView all = what_.snapshot.bytes;
  // An empty snapshot has one part too: it is one.
  const std::size_t parts = std::max<std::size_t>((all.size() + kPartBytes - 1) / kPartBytes, 1);
  for (; parts_written_ < parts; ++parts_written_) {
    if (budget.spent()) return {};
    const ByteView rest = all.subspan(parts_written_ * kPartBytes);
    const ByteView bytes = rest.first(std::min(rest.size(), kPartBytes));
    insert.bind(1, static_cast<std::int64_t>(parts_written_));
    insert.bind(2, static_cast<std::int64_t>(what_.snapshot.index));
    insert.bind(3, bytes);
    NV_TRYV(insert.run());
    budget.spend(pages_of(bytes.size()));
  }
  what_.snapshot.bytes = {};
  stage_ = Stage::kSwap;
  return {};
}

Status JournalCompaction::swap(Connection& connection, Budget& budget) {
  NV_TRYV(
      connection.execute("ALTER TABLE snapshot RENAME TO snapshot_moving;"
                         "ALTER TABLE snapshot_other RENAME TO snapshot;"
                         "ALTER TABLE snapshot_moving RENAME TO snapshot_other"));
  budget.spend(1);
  stage_ = Stage::kClearOld;
  return {};
}

Status JournalCompaction::sweep_records(Connection& connection, Budget& budget) {
  const std::size_t most = budget.left();
  NV_TRY(const auto rows,
         rows_of(connection,
                 "SELECT idx, length(meta) + coalesce(length(body0), 0) + coalesce(length(body1), 0)"
                 " FROM record WHERE idx > ?1 AND idx <= ?2 ORDER BY idx LIMIT ?3",
                 {static_cast<std::int64_t>(swept_), static_cast<std::int64_t>(what_.snapshot.index),
                  static_cast<std::int64_t>(most)}));
  NV_TRY(auto drop, Statement::prepare(connection, "DELETE FROM record WHERE idx = ?1"));
  for (const Row& row : rows) {
    if (budget.spent()) return {};
    swept_ = static_cast<JournalIndex>(row.id);
    if (std::binary_search(what_.live.begin(), what_.live.end(), swept_)) {
      budget.spend(1);
      continue;
    }
    drop.bind(1, row.id);
    NV_TRYV(drop.run());
    budget.spend(row.pages);
  }
  if (rows.size() < most) stage_ = Stage::kAudit;
  return {};
}

Status JournalCompaction::prune_audit(Connection& connection, Budget& budget) {
  const std::size_t most = budget.left() * kLinesPerPage;
  NV_TRY(auto lines,
         Statement::prepare(connection, "SELECT id, seq, at, chain FROM audit ORDER BY id LIMIT ?1"));
  lines.bind(1, static_cast<std::int64_t>(most));
  std::size_t gone = 0;
  std::int64_t last = 0, seq = 0;
  Bytes chain;
  while (gone < most) {
    NV_TRY(const bool row, lines.step());
    if (!row || from_unix_ms(lines.integer(2)) >= what_.audit_from) break;
    last = lines.integer(0);
    seq = lines.integer(1);
    chain = to_bytes(lines.blob(3));
    ++gone;
  }
  lines.reset();
  if (gone > 0) {
    NV_TRY(auto begin,
           Statement::prepare(connection,
                              "INSERT OR REPLACE INTO audit_begin (id, seq, chain) VALUES (1, ?1, ?2)"));
    begin.bind(1, seq);
    begin.bind(2, ByteView(chain));
    NV_TRYV(begin.run());
    NV_TRY(auto drop, Statement::prepare(connection, "DELETE FROM audit WHERE id <= ?1"));
    drop.bind(1, last);
    NV_TRYV(drop.run());
  }
  budget.spend(1 + gone / kLinesPerPage);
  if (gone < most) stage_ = Stage::kDone;
  return {};
}

}  // namespace nattevagt::broker
