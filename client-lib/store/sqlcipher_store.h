// The device's store: one SQLCipher file under a raw key that the PIN unlocks (key_file.h).
//
// Invariants:
//  1. commit() is one transaction, synchronous=FULL: all of an Outcome's writes or none, and on disk when
//     it returns.
//  2. "Not a database" and damaged pages are kCorrupt, never an empty store.
//  3. Deleted rows are overwritten (secure_delete), in the search index too.
//  4. One process at a time (store.lock).
//
// Schema: `migrations` in sqlcipher_store.cpp, numbered; a store of a later version is kUnsupported.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client-lib/core/outcome.h"
#include "client-lib/store/key_file.h"
#include "proto/common/clock.h"

struct sqlite3;

namespace nattevagt::client {

// Tests: asked before each commit (0, 1, 2 ... since the store was opened); false fails it as a full disk
// does.
using CommitHook = std::function<bool(std::size_t commit)>;

struct StoreOptions {
  std::string home;
  std::string pin;
  bool create = false;
  KeyCost cost = {};
  CommitHook commit_hook = {};
  bool lock_memory = false;  // SQLCipher's cipher_memory_security: locked and wiped pages, slower
};

class FileLock;

class SqlcipherStore {
 public:
  static constexpr std::int64_t kSchemaVersion = 2;

  // kNotFound, kAlreadyExists, kWrongPin, kLocked, kBusy, kCorrupt, kUnsupported, kStorage, kNoSpace,
  // kInvalidValue (PIN too short).
  static Result<std::unique_ptr<SqlcipherStore>> open(const StoreOptions& options, UtcTime now,
                                                      Entropy& entropy);
  ~SqlcipherStore();
  SqlcipherStore(const SqlcipherStore&) = delete;
  SqlcipherStore& operator=(const SqlcipherStore&) = delete;

  // kStorage, kNoSpace, kCorrupt: nothing of it was stored.
  Status commit(const Outcome& outcome);
  Result<StoreImage> load();
  // By conversation, then seq, then insertion.
  Status each_message(const std::function<void(const Message&)>& visit);
  // By place in the stream, what is only in the outbox last; without receipts.
  Result<std::vector<Message>> history(const ConversationId& conversation, const HistoryPage& page = {});
  // kNotFound.
  Result<Message> message(const ConversationId& conversation, const MessageId& id);
  // The receipts among them that the hub has stored, by place.
  Result<std::vector<Message>> receipts(const ConversationId& conversation);
  // Messages with all the words (the last as a beginning), best first. Case does not matter, æøå do.
  Result<std::vector<FoundMessage>> search(std::string_view words, std::size_t limit, std::size_t skip = 0);

  std::int64_t schema_version();

 private:
  SqlcipherStore(FileLock lock, sqlite3* database);
  Status configure(const StoreKey& key, bool lock_memory);
  Status migrate(UtcTime now);
  Status write(const Outcome& outcome);
  Status write_message(const Message& message);
  Status forget(const Forgetting& forgetting);
  Status fill_places();
  Status run(const char* sql);

  std::unique_ptr<FileLock> lock_;
  sqlite3* database_;
  CommitHook hook_;
  std::size_t commits_ = 0;
};

}  // namespace nattevagt::client
