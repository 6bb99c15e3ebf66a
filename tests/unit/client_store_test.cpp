#include "client-lib/store/sqlcipher_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "client-lib/store/file_system.h"
#include "client-lib/store/statement.h"
#include "proto/common/limits.h"
#include "tests/support/process.h"

namespace nattevagt::client {
namespace {

// What the frozen store of the first version holds.
constexpr std::size_t kFrozenMessages = 64, kFrozenRows = 153;

const UtcTime kStart = from_unix_ms(1'795'570'800'000);

class Store : public ::testing::Test {
 protected:
  Result<std::unique_ptr<SqlcipherStore>> open(const std::string& pin, bool create = false,
                                               UtcTime now = kStart) {
    return SqlcipherStore::open({home, pin, create, {1, 8}, {}, false}, now, entropy);
  }
  Message message(const std::string& text, std::uint64_t seq) {
    Message out;
    out.conversation = conversation;
    out.id = entropy.make_id<MessageId>();
    out.seq = seq;
    out.stored_at = kStart;
    out.author.kind = wire::HolderKind::kPerson;
    out.own = true;
    out.delivery = Delivery::kQueued;
    out.content = {.conversation = conversation,
                   .id = out.id,
                   .author = entropy.make_id<PersonId>(),
                   .device = entropy.make_id<DeviceId>(),
                   .author_name = "Ida",
                   .author_profession = "",
                   .written_at = kStart,
                   .mark = {},
                   .body = wire::Text{text}};
    return out;
  }
  static Status put(SqlcipherStore& store, std::vector<Message> messages) {
    Outcome outcome;
    outcome.messages = std::move(messages);
    return store.commit(outcome);
  }

  static std::vector<Message> messages(SqlcipherStore& store) {
    std::vector<Message> out;
    EXPECT_TRUE(store.each_message([&](const Message& one) { out.push_back(one); }));
    return out;
  }

  // Past the store's own reading and writing.
  sqlite3* open_past_the_store() {
    const auto key = unlock_key_file(home, "2468", kStart);
    EXPECT_TRUE(key);
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open((home + "/store.db").c_str(), &database), SQLITE_OK);
    const std::string text = "x'" + to_hex(key->expose()) + "'";
    sqlite3_key(database, text.data(), static_cast<int>(text.size()));
    sqlite3_exec(database, "PRAGMA cipher_page_size = 8192", nullptr, nullptr, nullptr);
    return database;
  }
  std::int64_t count(const std::string& what) {
    sqlite3* database = open_past_the_store();
    std::int64_t out = -1;
    {
      Statement statement(database, ("SELECT count(*) FROM " + what).c_str());
      const auto row = statement.step();
      if (row && *row) out = statement.integer(0);
    }
    sqlite3_close(database);
    return out;
  }

  testing::TempDir folder;
  std::string home = folder.path() + "/home";
  SeededEntropy entropy{7};
  ConversationId conversation = entropy.make_id<ConversationId>();
};

TEST_F(Store, KeepsRowsAndMessages) {
  {
    auto store = open("2468", true);
    ASSERT_TRUE(store);
    Outcome outcome;
    outcome.writes.push_back({Table::kAlert, {1, 2}, SecretBytes(as_bytes("three"))});
    outcome.writes.push_back({Table::kAlert, {}, SecretBytes(ByteView{})});
    outcome.messages.push_back(message("hej", 3));
    ASSERT_TRUE((*store)->commit(outcome));
    EXPECT_EQ((*store)->schema_version(), SqlcipherStore::kSchemaVersion);
  }
  auto store = open("2468");
  ASSERT_TRUE(store);
  const auto image = (*store)->load();
  ASSERT_TRUE(image);
  ASSERT_EQ(image->rows.size(), 2U);
  EXPECT_EQ(as_text(image->rows[1].value.expose()), "three");
  const auto kept = messages(**store);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(std::get<wire::Text>(kept[0].content.body).text, "hej");
}

TEST_F(Store, IsRefusedWhereThereIsNoneAndWhereThereIsOne) {
  EXPECT_EQ(open("2468").error().code, Errc::kNotFound);
  EXPECT_EQ(open("246", true).error().code, Errc::kInvalidValue);
  ASSERT_TRUE(open("2468", true));
  EXPECT_EQ(open("2468", true).error().code, Errc::kAlreadyExists);
}

TEST_F(Store, IsOneProcesssAtATime) {
  auto store = open("2468", true);
  ASSERT_TRUE(store);
  EXPECT_EQ(open("2468").error().code, Errc::kBusy);
  store->reset();
  EXPECT_TRUE(open("2468"));
}

TEST_F(Store, CountsWrongPinsAcrossRestartsAndMakesThemWait) {
  ASSERT_TRUE(open("2468", true));
  for (std::uint32_t i = 0; i < limits::kWrongPinsBeforeDelay; ++i) {
    EXPECT_EQ(pin_wait_of(home, kStart), Millis(0));
    EXPECT_EQ(open("1111").error().code, Errc::kWrongPin);
  }
  const Millis wait = pin_wait_of(home, kStart);
  EXPECT_GT(wait, Millis(0));
  EXPECT_EQ(open("2468").error().code, Errc::kLocked);  // the right one too
  EXPECT_EQ(open("1111", false, kStart + wait).error().code, Errc::kWrongPin);
  EXPECT_GT(pin_wait_of(home, kStart + wait), wait);  // twice as long
  UtcTime now = kStart + wait;
  for (std::uint32_t i = limits::kWrongPinsBeforeDelay + 1; i < limits::kWrongPinsMax; ++i) {
    now += pin_wait_of(home, now);
    EXPECT_EQ(open("1111", false, now).error().code, Errc::kWrongPin);
  }
  EXPECT_EQ(pin_wait_of(home, now), std::chrono::hours(1));
  EXPECT_LE(pin_wait_of(home, now - std::chrono::hours(9)), std::chrono::hours(1));  // a clock set back
  now += std::chrono::hours(1);
  EXPECT_TRUE(open("2468", false, now));
  EXPECT_EQ(pin_wait_of(home, now), Millis(0));
}

TEST_F(Store, DamageIsNeverAFreshStart) {
  ASSERT_TRUE(open("2468", true));
  {
    std::fstream file(home + "/store.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(100);
    const int was = file.get();
    ASSERT_NE(was, EOF);
    file.seekp(100);
    file.put(static_cast<char>(was ^ 0x5a));  // the file is random: a byte of our own may be there already
  }
  EXPECT_EQ(open("2468").error().code, Errc::kCorrupt);
  remove_file(home + "/store.db");
  EXPECT_EQ(open("2468").error().code, Errc::kCorrupt);
  EXPECT_FALSE(file_exists(home + "/store.db"));
}

TEST_F(Store, OfALaterVersionIsLeftAlone) {
  ASSERT_TRUE(open("2468", true));
  {
    const auto key = unlock_key_file(home, "2468", kStart);
    ASSERT_TRUE(key);
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((home + "/store.db").c_str(), &database), SQLITE_OK);
    const std::string text = "x'" + to_hex(key->expose()) + "'";
    sqlite3_key(database, text.data(), static_cast<int>(text.size()));
    sqlite3_exec(database, "PRAGMA cipher_page_size = 8192", nullptr, nullptr, nullptr);
    const std::string later = "PRAGMA user_version = " + std::to_string(SqlcipherStore::kSchemaVersion + 1);
    ASSERT_EQ(sqlite3_exec(database, later.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }
  EXPECT_EQ(open("2468").error().code, Errc::kUnsupported);
}

TEST_F(Store, ADamagedKeyFileIsNotAWrongPin) {
  ASSERT_TRUE(open("2468", true));
  ASSERT_TRUE(replace_file(home + "/store.keys", as_bytes("not ours")));
  EXPECT_EQ(open("2468").error().code, Errc::kCorrupt);
}

TEST_F(Store, HoldsNoWordInClear) {
  {
    auto store = open("2468", true);
    ASSERT_TRUE(put(**store, {message("Kaje hører stemmer", 1)}));
  }
  for (const char* name : {"store.db", "store.db-wal", "store.keys", "store.tries"}) {
    std::ifstream file(home + "/" + name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_EQ(bytes.find("stemmer"), std::string::npos) << name;
    EXPECT_EQ(bytes.find("SQLite format"), std::string::npos) << name;
  }
}

TEST_F(Store, FindsDanishWordsAsTheyAreSpelt) {
  auto store = open("2468", true);
  ASSERT_TRUE(
      put(**store, {message("Kaje går UROLIGT, hører stemmer på gangen", 1), message("Alt er roligt", 2)}));
  EXPECT_EQ((*store)->search("uroligt", 10)->size(), 1U);
  EXPECT_EQ((*store)->search("HØRER stem", 10)->size(), 1U);
  EXPECT_EQ((*store)->search("horer", 10)->size(), 0U);  // ø is not o
  EXPECT_EQ((*store)->search("rolig", 10)->size(), 1U);
  EXPECT_EQ((*store)->search("\" OR NEAR(", 10)->size(), 0U);  // words, not operators
  EXPECT_EQ((*store)->search("", 10)->size(), 0U);
  EXPECT_NE((*store)->search("gangen", 10)->at(0).excerpt.find("gangen"), std::string::npos);
}

TEST_F(Store, AFailedCommitLeavesNothing) {
  bool good = true;
  auto store = SqlcipherStore::open({home, "2468", true, {1, 8}, [&](std::size_t) { return good; }, false},
                                    kStart, entropy);
  ASSERT_TRUE(store);
  good = false;
  EXPECT_EQ(put(**store, {message("tabt", 1)}).error().code, Errc::kNoSpace);
  EXPECT_TRUE(messages(**store).empty());
  good = true;
  EXPECT_TRUE(put(**store, {message("gemt", 1)}));
  EXPECT_EQ(messages(**store).size(), 1U);
}

// One step's rows and words belong together: a ratchet that moved without its frame would use a key twice.
TEST_F(Store, ACommitThatFailsInItsMiddleLeavesNothingOfItsBeginning) {
  ASSERT_TRUE(open("2468", true));
  sqlite3* database = open_past_the_store();
  ASSERT_EQ(sqlite3_exec(database,
                         "CREATE TRIGGER no_room BEFORE INSERT ON messages WHEN NEW.seq = 2"
                         " BEGIN SELECT RAISE(ABORT, 'no room'); END",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  auto store = open("2468");
  ASSERT_TRUE(store);
  Outcome step;
  step.writes.push_back({Table::kRatchets, Bytes{1}, SecretBytes(ByteView(Bytes{2}))});
  step.messages = {message("den første", 1), message("den anden", 2)};
  EXPECT_FALSE((*store)->commit(step));
  EXPECT_TRUE(messages(**store).empty());
  EXPECT_TRUE((*store)->load()->rows.empty());
  EXPECT_TRUE(put(**store, {message("den tredje", 3)})) << "and goes on";
}

TEST_F(Store, WhatWasReceiptedIsNotTakenBack) {
  auto store = open("2468", true);
  Message one = message("hej", 0);
  ASSERT_TRUE(put(**store, {one}));
  Outcome seen;
  seen.deliveries.push_back({conversation, one.id, Delivery::kSeen});
  ASSERT_TRUE((*store)->commit(seen));
  one.seq = 5;
  one.delivery = Delivery::kStored;
  ASSERT_TRUE(put(**store, {one}));
  const auto history = (*store)->history(conversation);
  ASSERT_EQ(history->size(), 1U);
  EXPECT_EQ(history->at(0).delivery, Delivery::kSeen);
  EXPECT_EQ(history->at(0).seq, 5U);
}

TEST_F(Store, ShowsTheStreamsOrderAndTheOutboxLast) {
  auto store = open("2468", true);
  ASSERT_TRUE(put(**store, {message("i køen", 0), message("to", 2), message("et", 1)}));
  const auto history = (*store)->history(conversation);
  ASSERT_EQ(history->size(), 3U);
  EXPECT_EQ(history->at(0).seq, 1U);
  EXPECT_EQ(history->at(1).seq, 2U);
  EXPECT_EQ(history->at(2).seq, 0U);
}

// A device's store as the first version wrote it (tests/data/client_store_v1): every row is there afterwards,
// and what the new columns say was read out of them.
TEST_F(Store, OfTheFirstVersionIsBroughtUpToDateAndLosesNothing) {
  std::filesystem::copy(NATTEVAGT_TEST_DATA "/client_store_v1", home);
  std::filesystem::permissions(home, std::filesystem::perms::owner_all);
  auto store = open("demo-02.40-nat");
  ASSERT_TRUE(store) << errc_name(store.error().code) << store.error().where;
  EXPECT_EQ((*store)->schema_version(), SqlcipherStore::kSchemaVersion);
  const std::vector<Message> all = messages(**store);
  std::set<ConversationId> conversations;
  std::size_t receipts = 0;
  for (const Message& one : all) {
    conversations.insert(one.conversation);
    if (std::holds_alternative<wire::Seen>(one.content.body)) ++receipts;
  }
  EXPECT_EQ(all.size(), kFrozenMessages);
  ASSERT_EQ(conversations.size(), 2U);
  EXPECT_EQ((*store)->search("oxazepam", 10)->size(), 4U);
  std::size_t listed = 0;
  for (const ConversationId& id : conversations) {
    const auto history = (*store)->history(id);
    ASSERT_TRUE(history);
    listed += history->size();
    for (std::size_t i = 1; i < history->size(); ++i) EXPECT_GT(history->at(i).seq, history->at(i - 1).seq);
    // By age, which the first version had no column for: half of it goes, and the other half stays.
    const UtcTime middle = history->at(history->size() / 2).stored_at;
    Outcome forgetting;
    forgetting.forgettings.push_back({id, middle});
    ASSERT_TRUE((*store)->commit(forgetting));
    const auto left = (*store)->history(id);
    EXPECT_EQ(left->size(), history->size() - history->size() / 2);
    EXPECT_EQ(left->front().stored_at, middle);
  }
  EXPECT_EQ(listed + receipts, all.size());
  const auto image = (*store)->load();
  ASSERT_TRUE(image);
  EXPECT_EQ(image->rows.size(), kFrozenRows);
}

// P-092: the index's words are words.
TEST_F(Store, WhatIsForgottenIsInNoTable) {
  {
    auto store = open("2468", true);
    Message old = message("gammelt ord", 1), fresh = message("nyt ord", 2);
    fresh.stored_at = kStart + std::chrono::hours(1);
    ASSERT_TRUE(put(**store, {old, fresh}));
    Outcome outcome;
    outcome.forgettings.push_back({conversation, kStart + Millis(1)});
    ASSERT_TRUE((*store)->commit(outcome));
    EXPECT_EQ((*store)->history(conversation)->size(), 1U);
    EXPECT_EQ((*store)->search("ord", 10)->size(), 1U);
  }
  EXPECT_EQ(count("messages"), 1);
  EXPECT_EQ(count("words"), 1);
  EXPECT_EQ(count("words WHERE words MATCH 'gammelt'"), 0);
}

TEST_F(Store, GivesAConversationInPages) {
  auto store = open("2468", true);
  std::vector<Message> all;
  for (std::uint64_t seq = 1; seq <= 25; ++seq) all.push_back(message("nr. " + std::to_string(seq), seq));
  all.push_back(message("i køen", 0));
  Message receipt = message("", 26);
  receipt.content.body = wire::Seen{all[0].id, wire::SeenStage::kSeen};
  all.push_back(receipt);
  ASSERT_TRUE(put(**store, all));
  const auto newest = (*store)->history(conversation, {HistoryPage::kEnd, 10});
  ASSERT_EQ(newest->size(), 10U);
  EXPECT_EQ(newest->front().seq, 17U);
  EXPECT_EQ(newest->back().seq, 0U) << "what waits is part of the newest page";
  const auto before = (*store)->history(conversation, {newest->front().seq, 10});
  ASSERT_EQ(before->size(), 10U);
  EXPECT_EQ(before->front().seq, 7U);
  EXPECT_EQ(before->back().seq, 16U);
  const auto first = (*store)->history(conversation, {before->front().seq, 10});
  ASSERT_EQ(first->size(), 6U);
  EXPECT_TRUE((*store)->history(conversation, {1, 10})->empty());
  EXPECT_EQ((*store)->history(conversation)->size(), 26U);
  EXPECT_EQ((*store)->search("nr", 10)->size(), 10U);
  EXPECT_EQ((*store)->search("nr", 10, 20)->size(), 5U);
}

}  // namespace
}  // namespace nattevagt::client
