#include "client-lib/store/sqlcipher_store.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <limits>

#include "client-lib/core/message_row.h"
#include "client-lib/store/file_system.h"
#include "client-lib/store/statement.h"
#include "proto/common/check.h"

namespace nattevagt::client {

namespace {

struct Migration {
  std::int64_t version;
  const char* sql;
};
// Append only. Each runs once, in a transaction of its own, and is noted in `migrations`.
constexpr std::array kMigrations{
    Migration{
        1,
        "CREATE TABLE state(part INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
        " PRIMARY KEY(part, key)) WITHOUT ROWID;"
        "CREATE TABLE messages(number INTEGER PRIMARY KEY, conversation BLOB NOT NULL, id BLOB NOT NULL,"
        " seq INTEGER NOT NULL, delivery INTEGER NOT NULL, row BLOB NOT NULL, UNIQUE(conversation, id));"
        "CREATE INDEX messages_by_place ON messages(conversation, seq);"
        // Danish: o and ø are different letters.
        "CREATE VIRTUAL TABLE words USING fts5(text, tokenize='unicode61 remove_diacritics 0');"
        "INSERT INTO words(words, rank) VALUES('secure-delete', 1);"},
    // When the hub stored it, for P-092, and whether it is a receipt, which no page counts; fill_places()
    // reads both out of the rows.
    Migration{2,
              "ALTER TABLE messages ADD COLUMN stored_at INTEGER NOT NULL DEFAULT 0;"
              "ALTER TABLE messages ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0;"
              "DROP INDEX messages_by_place;"
              "CREATE INDEX messages_by_place ON messages(conversation, receipt, seq);"
              "CREATE INDEX messages_by_time ON messages(conversation, stored_at)"},
};
static_assert(kMigrations.back().version == SqlcipherStore::kSchemaVersion);

std::string database_path(const std::string& home) { return home + "/store.db"; }

std::int64_t is_receipt(const Message& message) {
  return std::holds_alternative<wire::Seen>(message.content.body) ? 1 : 0;
}

Result<Message> read_message(Statement& row, int delivery_column, int row_column) {
  NV_TRY(Message message, unpack_message(row.blob(row_column)));
  const std::int64_t delivery = row.integer(delivery_column);
  if (delivery < 0 || delivery > static_cast<std::int64_t>(Delivery::kFailed)) {
    return fail(Errc::kCorrupt, "messages.delivery");
  }
  message.delivery = static_cast<Delivery>(delivery);
  return message;
}

// The user's words as an FTS5 expression: each quoted, so that none is an operator; the last as a beginning.
std::string match_expression(std::string_view words) {
  std::string out;
  std::size_t begin = 0;
  while (begin < words.size()) {
    const std::size_t end = std::min(words.find_first_of(" \t\n\"", begin), words.size());
    if (end > begin) {
      if (!out.empty()) out += ' ';
      out += '"';
      out += words.substr(begin, end - begin);
      out += '"';
    }
    begin = end + 1;
  }
  if (!out.empty()) out += '*';
  return out;
}

}  // namespace

SqlcipherStore::SqlcipherStore(FileLock lock, sqlite3* database)
    : lock_(std::make_unique<FileLock>(std::move(lock))), database_(database) {}

SqlcipherStore::~SqlcipherStore() { sqlite3_close(database_); }

Result<std::unique_ptr<SqlcipherStore>> SqlcipherStore::open(const StoreOptions& options, UtcTime now,
                                                             Entropy& entropy) {
  if (options.create) {
    if (options.pin.size() < 4) return fail(Errc::kInvalidValue, "PIN");
    NV_TRYV(make_private_folder(options.home));
  }
  if (!options.create && !key_file_exists(options.home)) return fail(Errc::kNotFound, "store.keys");
  NV_TRY(FileLock lock, FileLock::take(options.home + "/store.lock"));
  const std::string path = database_path(options.home);
  StoreKey key;
  if (options.create) {
    if (key_file_exists(options.home)) return fail(Errc::kAlreadyExists, "store.keys");
    // A file without its key file is a creation that was cut short: nobody can ever read it.
    for (const char* suffix : {"", "-wal", "-shm"}) remove_file(path + suffix);
    key = entropy.make_secret<StoreKey>();
  } else {
    NV_TRY(key, unlock_key_file(options.home, options.pin, now));
    if (!file_exists(path)) return fail(Errc::kCorrupt, "store.db is missing");
  }
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | (options.create ? SQLITE_OPEN_CREATE : 0);
  const int opened = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  std::unique_ptr<SqlcipherStore> store(new SqlcipherStore(std::move(lock), database));
  if (opened != SQLITE_OK) return fail(sqlite_errc(opened), "sqlite3_open_v2");
  store->hook_ = options.commit_hook;
  NV_TRYV(store->configure(key, options.lock_memory));
  NV_TRYV(store->migrate(now));
  if (options.create) {
    // Last: from here on the store exists. Before, it could be made anew.
    NV_TRYV(make_key_file(options.home, options.pin, options.cost, std::move(key), entropy));
  }
  return store;
}

Status SqlcipherStore::run(const char* sql) {
  const int code = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_errc(code), "SqlcipherStore::run");
  return {};
}

Status SqlcipherStore::configure(const StoreKey& key, bool lock_memory) {
  static constexpr char kDigits[] = "0123456789abcdef";
  Secret<struct KeyTextPurpose, 2 * StoreKey::kSize + 3> text;  // x'...'
  auto out = text.expose();
  std::size_t at = 0;
  out[at++] = 'x';
  out[at++] = '\'';
  for (const std::uint8_t byte : key.expose()) {
    out[at++] = static_cast<std::uint8_t>(kDigits[byte >> 4]);
    out[at++] = static_cast<std::uint8_t>(kDigits[byte & 0x0f]);
  }
  out[at++] = '\'';
  NV_CHECK(at == out.size());
  if (lock_memory) NV_TRYV(run("PRAGMA cipher_memory_security = ON"));
  const int keyed = sqlite3_key(database_, out.data(), static_cast<int>(out.size()));
  if (keyed != SQLITE_OK) return fail(Errc::kStorage, "sqlite3_key");
  NV_TRYV(run("PRAGMA cipher_page_size = 8192"));
  // The first read: a wrong key, a damaged header and a foreign file all end here, as kCorrupt.
  NV_TRYV(run("SELECT count(*) FROM sqlite_master"));
  return run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
      "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
      "PRAGMA journal_size_limit = 4194304");
}

std::int64_t SqlcipherStore::schema_version() {
  Statement statement(database_, "PRAGMA user_version");
  const auto row = statement.step();
  return row && *row ? statement.integer(0) : -1;
}

Status SqlcipherStore::migrate(UtcTime now) {
  const std::int64_t have = schema_version();
  if (have < 0) return fail(Errc::kCorrupt, "user_version");
  if (have > kSchemaVersion) return fail(Errc::kUnsupported, "store schema");
  for (const Migration& migration : kMigrations) {
    if (migration.version <= have) continue;
    NV_TRYV(run("BEGIN IMMEDIATE"));
    const auto apply = [&]() -> Status {
      NV_TRYV(run("CREATE TABLE IF NOT EXISTS migrations(version INTEGER PRIMARY KEY, at INTEGER NOT NULL)"));
      NV_TRYV(run(migration.sql));
      if (migration.version == 2) NV_TRYV(fill_places());
      Statement note(database_, "INSERT INTO migrations(version, at) VALUES(?, ?)");
      NV_TRYV(note.bind(migration.version).bind(to_unix_ms(now)).run());
      NV_TRYV(run(("PRAGMA user_version = " + std::to_string(migration.version)).c_str()));
      return run("COMMIT");
    };
    if (const Status applied = apply(); !applied) {
      static_cast<void>(run("ROLLBACK"));
      return applied;
    }
  }
  return {};
}

Status SqlcipherStore::fill_places() {
  Statement messages(database_, "SELECT number, row FROM messages");
  Statement update(database_, "UPDATE messages SET stored_at = ?, receipt = ? WHERE number = ?");
  for (;;) {
    NV_TRY(const bool more, messages.step());
    if (!more) return {};
    NV_TRY(const Message message, unpack_message(messages.blob(1)));
    NV_TRYV(update.bind(to_unix_ms(message.stored_at))
                .bind(is_receipt(message))
                .bind(messages.integer(0))
                .run());
    update.reset();
  }
}

// ---- Writing

Status SqlcipherStore::commit(const Outcome& outcome) {
  if (outcome.durable_empty()) return {};
  if (hook_ && !hook_(commits_++)) return fail(Errc::kNoSpace, "commit_hook");
  NV_TRYV(run("BEGIN IMMEDIATE"));
  Status written = write(outcome);
  if (written) written = run("COMMIT");
  if (!written) {
    // SQLite may have rolled back by itself (a full disk); then this says so, and nothing is lost by it.
    static_cast<void>(run("ROLLBACK"));
    return written;
  }
  return {};
}

Status SqlcipherStore::write(const Outcome& outcome) {
  for (const StoreWrite& write : outcome.writes) {
    const auto part = static_cast<std::int64_t>(write.table);
    if (write.value) {
      Statement put(database_, "INSERT OR REPLACE INTO state(part, key, value) VALUES(?, ?, ?)");
      NV_TRYV(put.bind(part).bind(ByteView(write.key)).bind(write.value->expose()).run());
    } else {
      Statement remove(database_, "DELETE FROM state WHERE part = ? AND key = ?");
      NV_TRYV(remove.bind(part).bind(ByteView(write.key)).run());
    }
  }
  for (const Message& message : outcome.messages) NV_TRYV(write_message(message));
  for (const DeliveryWrite& write : outcome.deliveries) {
    Statement update(database_,
                     "UPDATE messages SET delivery = max(delivery, ?) WHERE conversation = ? AND id = ?");
    NV_TRYV(update.bind(static_cast<std::int64_t>(write.delivery))
                .bind(write.conversation.view())
                .bind(write.id.view())
                .run());
  }
  for (const Forgetting& forgetting : outcome.forgettings) NV_TRYV(forget(forgetting));
  return {};
}

// Number by number: secure_delete overwrites each row, and the index's own keeps pace.
Status SqlcipherStore::forget(const Forgetting& forgetting) {
  const std::int64_t before = to_unix_ms(forgetting.before);
  std::string kept;  // numbers alone
  for (const MessageId& id : forgetting.kept) {
    Statement row(database_, "SELECT number FROM messages WHERE conversation = ? AND id = ?");
    NV_TRY(const bool found, row.bind(forgetting.conversation.view()).bind(id.view()).step());
    if (found) kept += (kept.empty() ? "" : ",") + std::to_string(row.integer(0));
  }
  const std::string old = " conversation = ? AND stored_at < ? AND number NOT IN (" + kept + ")";
  Statement words(database_,
                  ("DELETE FROM words WHERE rowid IN (SELECT number FROM messages WHERE" + old + ")").c_str());
  NV_TRYV(words.bind(forgetting.conversation.view()).bind(before).run());
  Statement rows(database_, ("DELETE FROM messages WHERE" + old).c_str());
  return rows.bind(forgetting.conversation.view()).bind(before).run();
}

Status SqlcipherStore::write_message(const Message& message) {
  const SecretBytes packed = pack_message(message);
  const auto seq = static_cast<std::int64_t>(message.seq);
  const auto delivery = static_cast<std::int64_t>(message.delivery);
  Statement known(database_, "SELECT 1 FROM messages WHERE conversation = ? AND id = ?");
  NV_TRY(const bool found, known.bind(message.conversation.view()).bind(message.id.view()).step());
  if (found) {
    // What others have receipted is not taken back by a later state of the outbox.
    Statement update(database_,
                     "UPDATE messages SET seq = ?, delivery = max(delivery, ?), row = ?, stored_at = ?"
                     " WHERE conversation = ? AND id = ?");
    return update.bind(seq)
        .bind(delivery)
        .bind(packed.expose())
        .bind(to_unix_ms(message.stored_at))
        .bind(message.conversation.view())
        .bind(message.id.view())
        .run();
  }
  Statement insert(database_,
                   "INSERT INTO messages(conversation, id, seq, delivery, row, stored_at, receipt)"
                   " VALUES(?, ?, ?, ?, ?, ?, ?)");
  NV_TRYV(insert.bind(message.conversation.view())
              .bind(message.id.view())
              .bind(seq)
              .bind(delivery)
              .bind(packed.expose())
              .bind(to_unix_ms(message.stored_at))
              .bind(is_receipt(message))
              .run());
  const std::string text = searchable_text(message.content);
  if (text.empty()) return {};
  Statement index(database_, "INSERT INTO words(rowid, text) VALUES(last_insert_rowid(), ?)");
  return index.bind_text(text).run();
}

// ---- Reading

Result<StoreImage> SqlcipherStore::load() {
  StoreImage out;
  Statement state(database_, "SELECT part, key, value FROM state ORDER BY part, key");
  for (;;) {
    NV_TRY(const bool more, state.step());
    if (!more) break;
    const std::int64_t part = state.integer(0);
    if (part < 1 || part > static_cast<std::int64_t>(kLastTable))
      return fail(Errc::kCorrupt, "state.part");
    out.rows.push_back({static_cast<Table>(part), to_bytes(state.blob(1)), SecretBytes(state.blob(2))});
  }
  return out;
}

Status SqlcipherStore::each_message(const std::function<void(const Message&)>& visit) {
  Statement messages(database_,
                     "SELECT delivery, row FROM messages ORDER BY conversation, seq = 0, seq, number");
  for (;;) {
    NV_TRY(const bool more, messages.step());
    if (!more) return {};
    NV_TRY(const Message message, read_message(messages, 0, 1));
    visit(message);
  }
}

Result<std::vector<Message>> SqlcipherStore::history(const ConversationId& conversation,
                                                     const HistoryPage& page) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  const auto limit = static_cast<std::int64_t>(std::min<std::uint64_t>(page.limit, kMost));
  std::vector<Message> out;  // newest first
  const auto read = [&](Statement& messages) -> Status {
    for (;;) {
      NV_TRY(const bool more, messages.step());
      if (!more) return {};
      NV_TRY(Message message, read_message(messages, 0, 1));
      out.push_back(std::move(message));
    }
  };
  if (page.before == HistoryPage::kEnd) {
    Statement queued(database_,
                     "SELECT delivery, row FROM messages WHERE conversation = ? AND receipt = 0 AND seq = 0"
                     " ORDER BY number DESC LIMIT ?");
    queued.bind(conversation.view()).bind(limit);
    NV_TRYV(read(queued));
  }
  Statement stored(database_,
                   "SELECT delivery, row FROM messages WHERE conversation = ? AND receipt = 0"
                   " AND seq > 0 AND seq < ? ORDER BY seq DESC LIMIT ?");
  stored.bind(conversation.view())
      .bind(static_cast<std::int64_t>(std::min(page.before, kMost)))
      .bind(limit - static_cast<std::int64_t>(out.size()));
  NV_TRYV(read(stored));
  std::reverse(out.begin(), out.end());
  return out;
}

Result<Message> SqlcipherStore::message(const ConversationId& conversation, const MessageId& id) {
  Statement row(database_, "SELECT delivery, row FROM messages WHERE conversation = ? AND id = ?");
  NV_TRY(const bool found, row.bind(conversation.view()).bind(id.view()).step());
  if (!found) return fail(Errc::kNotFound, "SqlcipherStore::message");
  return read_message(row, 0, 1);
}

Result<std::vector<Message>> SqlcipherStore::receipts(const ConversationId& conversation) {
  Statement stored(database_,
                   "SELECT delivery, row FROM messages WHERE conversation = ? AND receipt = 1 AND seq > 0"
                   " ORDER BY seq");
  stored.bind(conversation.view());
  std::vector<Message> out;
  for (;;) {
    NV_TRY(const bool more, stored.step());
    if (!more) return out;
    NV_TRY(Message message, read_message(stored, 0, 1));
    out.push_back(std::move(message));
  }
}

Result<std::vector<FoundMessage>> SqlcipherStore::search(std::string_view words, std::size_t limit,
                                                         std::size_t skip) {
  std::vector<FoundMessage> out;
  const std::string expression = match_expression(words);
  if (expression.empty()) return out;
  Statement found(database_,
                  "SELECT m.delivery, m.row, snippet(words, 0, '', '', '…', 12) FROM words"
                  " JOIN messages m ON m.number = words.rowid WHERE words MATCH ?"
                  " ORDER BY rank, m.number DESC LIMIT ? OFFSET ?");
  constexpr std::size_t kSkipMax = 1'000'000;
  found.bind_text(expression)
      .bind(static_cast<std::int64_t>(std::min<std::size_t>(limit, 1'000)))
      .bind(static_cast<std::int64_t>(std::min(skip, kSkipMax)));
  for (;;) {
    NV_TRY(const bool more, found.step());
    if (!more) return out;
    NV_TRY(Message message, read_message(found, 0, 1));
    out.push_back({std::move(message), std::string(found.text(2))});
  }
}

}  // namespace nattevagt::client
