// The journal on SQLCipher: what is stored comes back, what is damaged is said, never shortened (journal.h).
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "broker/io/sqlcipher_journal.h"
#include "tests/unit/broker_io/temp_folder.h"

namespace nattevagt::broker {
namespace {

using nattevagt::testing::TempFolder;
using Journals = std::unique_ptr<SqlcipherJournal>;

JournalKey key_of(std::uint8_t first) {
  JournalKey key;
  for (auto& byte : key.expose()) byte = first++;
  return key;
}

Record record_of(JournalIndex index, std::size_t body_bytes = 100) {
  Record record;
  record.index = index;
  record.at = from_unix_ms(static_cast<std::int64_t>(1'000'000 + index));
  record.meta = Bytes(40, static_cast<std::uint8_t>(index));
  record.bodies.push_back(Bytes(body_bytes, static_cast<std::uint8_t>(index * 7)));
  if (index % 3 == 0) record.bodies.push_back(Bytes{});
  return record;
}

std::vector<Record> batch_of(JournalIndex first, std::size_t count, std::size_t body_bytes = 100) {
  std::vector<Record> batch;
  for (std::size_t i = 0; i < count; ++i) batch.push_back(record_of(first + i, body_bytes));
  return batch;
}

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(SqlcipherJournal::create(path_, key_)); }

  Journals open() {
    auto journal = SqlcipherJournal::open(path_, key_);
    EXPECT_TRUE(journal) << (journal ? "" : journal.error().where);
    return journal ? std::move(*journal) : nullptr;
  }
  Errc open_error() {
    const auto journal = SqlcipherJournal::open(path_, key_);
    return journal ? Errc{} : journal.error().code;
  }
  static std::vector<Record> all(SqlcipherJournal& journal, JournalIndex after = 0) {
    std::vector<Record> records;
    EXPECT_TRUE(journal.read_from(after, [&](const Record& record) -> Status {
      records.push_back(record);
      return {};
    }));
    return records;
  }
  static Status compact(SqlcipherJournal& journal, Compaction compaction, std::size_t pages = 64) {
    journal.compact(std::move(compaction));
    while (true) {
      NV_TRY(const bool more, journal.compact_some(pages));
      if (!more) return {};
    }
  }
  std::int64_t count(const char* sql) {
    const auto connection = sqlite::Connection::open(path_, key_, sqlite::Connection::Mode::kRead);
    EXPECT_TRUE(connection);
    return sqlite::query_integer(*connection, sql).value_or(-1);
  }
  static void expect_same(const Record& a, const Record& b) {
    EXPECT_EQ(a.index, b.index);
    EXPECT_EQ(a.at, b.at);
    EXPECT_EQ(a.meta, b.meta);
    EXPECT_EQ(a.bodies, b.bodies);
  }
  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void flip(const std::string& path, std::size_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
  }
  // Writes in a child that dies without closing, so that the write-ahead log stays.
  void write_and_die(JournalIndex first, std::size_t batches, std::size_t batch_size) {
    const pid_t child = fork();
    if (child == 0) {
      auto journal = SqlcipherJournal::open(path_, key_);
      if (!journal) _exit(1);
      for (std::size_t i = 0; i < batches; ++i) {
        if (!(*journal)->append(batch_of(first + i * batch_size, batch_size))) _exit(2);
      }
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }

  TempFolder folder_;
  std::string path_ = folder_.file("journal");
  JournalKey key_ = key_of(1);
};

TEST_F(JournalTest, GivesBackWhatItStoredByteForByteAfterReopening) {
  const auto batch = batch_of(1, 50);
  {
    auto journal = open();
    ASSERT_TRUE(journal->append(batch));
    ASSERT_TRUE(journal->append(batch_of(51, 1)));
  }
  auto journal = open();
  const auto records = all(*journal);
  ASSERT_EQ(records.size(), 51U);
  for (std::size_t i = 0; i < batch.size(); ++i) expect_same(records[i], batch[i]);
  EXPECT_EQ(all(*journal, 49).size(), 2U);
  EXPECT_EQ(*journal->read_body({3, 0}), batch[2].bodies[0]);
  EXPECT_EQ(*journal->read_body({3, 1}), Bytes{}) << "an empty body is not a missing one";
  EXPECT_EQ(journal->read_body({4, 1}).error().code, Errc::kNotFound);
  EXPECT_EQ(journal->read_body({99, 0}).error().code, Errc::kNotFound);
  EXPECT_EQ(journal->read_body({3, 7}).error().code, Errc::kNotFound);
}

TEST_F(JournalTest, IsThereAfterAKillWithoutClosing) {
  write_and_die(1, 20, 5);
  auto journal = open();
  EXPECT_EQ(all(*journal).size(), 100U);
}

TEST_F(JournalTest, StoresABatchWholeOrNotAtAllWhenTheDiskIsFullAndGoesOnWhenThereIsRoom) {
  auto journal = open();
  ASSERT_TRUE(journal->append(batch_of(1, 10)));
  ASSERT_TRUE(journal->limit_pages(40));  // of 8 KiB
  const auto large = batch_of(11, 100, 8'000);
  const auto refused = journal->append(large);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kNoSpace);
  EXPECT_EQ(all(*journal).size(), 10U);
  EXPECT_EQ(journal->append(large).error().code, Errc::kNoSpace) << "and again";
  ASSERT_TRUE(journal->append(batch_of(11, 1))) << "what fits is taken";
  ASSERT_TRUE(journal->limit_pages(0));
  ASSERT_TRUE(journal->append(batch_of(12, 100, 8'000)));
  journal.reset();
  journal = open();
  EXPECT_EQ(all(*journal).size(), 111U);
}

TEST_F(JournalTest, RefusesAnotherKeyAndLeavesTheFileAlone) {
  ASSERT_TRUE(open()->append(batch_of(1, 3)));
  const auto other = SqlcipherJournal::open(path_, key_of(100));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::kBadSignature);
  // The same salt and another key: a damaged key file.
  auto almost = key_.duplicate();
  almost.expose()[0] = static_cast<std::uint8_t>(almost.expose()[0] ^ 1U);
  const auto damaged = SqlcipherJournal::open(path_, almost);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Errc::kCorrupt);
  EXPECT_EQ(all(*open()).size(), 3U);
}

TEST_F(JournalTest, NeverStartsAfreshBesideWhatIsLeftOfAJournal) {
  EXPECT_EQ(SqlcipherJournal::create(path_, key_).error().code, Errc::kAlreadyExists);
  ASSERT_TRUE(open()->append(batch_of(1, 3)));
  std::filesystem::remove(path_);
  EXPECT_EQ(open_error(), Errc::kStorage);
  EXPECT_EQ(SqlcipherJournal::create(path_, key_).error().code, Errc::kAlreadyExists) << "the mark is there";
}

TEST_F(JournalTest, OneProcessWritesAtATime) {
  auto journal = open();
  EXPECT_EQ(open_error(), Errc::kBusy);
  journal.reset();
  EXPECT_EQ(open_error(), Errc{});
}

TEST_F(JournalTest, FindsAFlippedBitInAnyPage) {
  ASSERT_TRUE(open()->append(batch_of(1, 200, 2'000)));
  const std::size_t size = std::filesystem::file_size(path_);
  ASSERT_GT(size, 200'000U);
  for (std::size_t offset = 20; offset < size; offset += 8'192 * 3 + 1'111) {
    flip(path_, offset);
    EXPECT_EQ(open_error(), Errc::kCorrupt) << offset;
    EXPECT_FALSE(SqlcipherJournal::verify_file(path_, key_)) << offset;
    flip(path_, offset);
  }
  EXPECT_EQ(all(*open()).size(), 200U);
}

TEST_F(JournalTest, ADamagedBodyIsAnErrorWhenReadLater) {
  ASSERT_TRUE(open()->append(batch_of(1, 200, 2'000)));
  JournalOptions options;
  options.verify_pages = false;
  auto journal = SqlcipherJournal::open(path_, key_, options);
  ASSERT_TRUE(journal);
  flip(path_, std::filesystem::file_size(path_) - 8'192 + 100);
  std::size_t damaged = 0;
  for (JournalIndex index = 1; index <= 200; ++index) {
    const auto body = (*journal)->read_body({index, 0});
    if (body) {
      EXPECT_EQ(*body, record_of(index, 2'000).bodies[0]);
    } else {
      EXPECT_EQ(body.error().code, Errc::kCorrupt);
      ++damaged;
    }
  }
  EXPECT_GT(damaged, 0U);
}

TEST_F(JournalTest, FindsATruncatedFile) {
  ASSERT_TRUE(open()->append(batch_of(1, 200, 2'000)));
  const std::size_t size = std::filesystem::file_size(path_);
  for (const std::size_t left :
       {size - 8'192, size / 2, std::size_t{8'192}, std::size_t{100}, std::size_t{0}}) {
    TempFolder other;
    std::filesystem::copy_file(path_, other.file("journal"));
    std::filesystem::copy_file(path_ + ".mark", other.file("journal.mark"));
    std::filesystem::resize_file(other.file("journal"), left);
    const auto journal = SqlcipherJournal::open(other.file("journal"), key_);
    ASSERT_FALSE(journal) << left;
    EXPECT_EQ(journal.error().code, Errc::kCorrupt) << left;
  }
}

TEST_F(JournalTest, ADamagedWriteAheadLogIsNeverReadAsAShorterOne) {
  write_and_die(1, 30, 4);
  const std::string log = path_ + "-wal";
  const std::size_t size = std::filesystem::file_size(log);
  ASSERT_GT(size, 100'000U);
  const auto damaged_error = [&](const std::function<void(const std::string&)>& damage) {
    TempFolder other;
    for (const char* suffix : {"", "-wal", ".mark"}) {
      std::filesystem::copy_file(path_ + suffix, other.file("journal") + suffix);
    }
    damage(other.file("journal-wal"));
    const std::string before = content(other.file("journal")), log_before = content(other.file("journal-wal"));
    const std::string copy = other.file("copy");
    const auto verified = SqlcipherJournal::verify_file(other.file("journal"), key_);
    const auto copied = SqlcipherJournal::backup_file(other.file("journal"), key_, copy);
    EXPECT_EQ(verified ? Errc{} : verified.error().code, copied ? Errc{} : copied.error().code);
    EXPECT_EQ(std::filesystem::exists(copy), copied.has_value()) << "a shorter journal as a good backup";
    const auto journal = SqlcipherJournal::open(other.file("journal"), key_);
    EXPECT_EQ(journal.has_value(), copied.has_value());
    if (journal) return Errc{};
    EXPECT_EQ(content(other.file("journal")), before) << "what is damaged stays as it was found";
    if (!log_before.empty()) {
      EXPECT_EQ(content(other.file("journal-wal")), log_before);
    }
    return journal.error().code;
  };
  EXPECT_EQ(damaged_error([](const std::string&) {}), Errc{});
  for (std::size_t offset = 50; offset < size; offset += 8'192 * 5 + 777) {
    EXPECT_EQ(damaged_error([&](const std::string& path) { flip(path, offset); }), Errc::kCorrupt) << offset;
  }
  for (const std::size_t left : {size - 10'000, size / 2, std::size_t{0}}) {
    EXPECT_EQ(damaged_error([&](const std::string& path) { std::filesystem::resize_file(path, left); }),
              Errc::kCorrupt)
        << left;
  }
  EXPECT_EQ(damaged_error([](const std::string& path) { std::filesystem::remove(path); }), Errc::kCorrupt);
}

// A power cut in a checkpoint leaves pages of the file torn that the log has whole, and words that only the log
// has: what counts is what would be read.
TEST_F(JournalTest, VerifyAndBackupReadThroughTheLogWhatACheckpointLeftHalfDone) {
  write_and_die(1, 30, 4);
  // Behind 32 bytes a frame each: 24 bytes that begin with the page's number, and the page.
  const std::string log = content(path_ + "-wal");
  const std::size_t pages = std::filesystem::file_size(path_) / 8'192;
  std::set<std::size_t> torn;
  for (std::size_t frame = 32; frame + 24 + 8'192 <= log.size(); frame += 24 + 8'192) {
    const std::size_t page = static_cast<std::uint8_t>(log[frame + 3]) - std::size_t{1};
    if (page < pages && torn.insert(page).second) flip(path_, page * 8'192 + 4'000);
  }
  ASSERT_GE(torn.size(), 2U);
  const auto last = SqlcipherJournal::verify_file(path_, key_);
  ASSERT_TRUE(last) << last.error().where;
  EXPECT_EQ(*last, 120U);
  ASSERT_TRUE(SqlcipherJournal::backup_file(path_, key_, folder_.file("copy")));
  EXPECT_EQ(*SqlcipherJournal::verify_file(folder_.file("copy"), key_), 120U);
  EXPECT_EQ(all(*open()).size(), 120U);
}

TEST_F(JournalTest, ATornMarkSaysNothing) {
  ASSERT_TRUE(open()->append(batch_of(1, 3)));
  flip(path_ + ".mark", 15);
  EXPECT_EQ(all(*open()).size(), 3U);
}

TEST_F(JournalTest, FindsAMissingRecord) {
  ASSERT_TRUE(open()->append(batch_of(1, 10)));
  {
    auto connection = sqlite::Connection::open(path_, key_, sqlite::Connection::Mode::kWrite);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(connection->execute("DELETE FROM record WHERE idx = 5"));
  }
  EXPECT_EQ(open_error(), Errc::kCorrupt);
}

TEST_F(JournalTest, RefusesANewerSchema) {
  {
    auto connection = sqlite::Connection::open(path_, key_, sqlite::Connection::Mode::kWrite);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(connection->execute("PRAGMA user_version = 99"));
  }
  EXPECT_EQ(open_error(), Errc::kUnsupported);
}

TEST_F(JournalTest, CompactionKeepsTheSnapshotTheLaterRecordsAndTheLiveBodies) {
  {
    auto journal = open();
    ASSERT_TRUE(journal->append(batch_of(1, 1'000)));
    EXPECT_FALSE(journal->load_snapshot()->has_value());
    ASSERT_TRUE(compact(*journal, {{900, Bytes(300'000, 42)}, {7, 30, 900}, {}}));
    EXPECT_EQ(journal->read_body({8, 0}).error().code, Errc::kNotFound);
    EXPECT_EQ(*journal->read_body({30, 1}), Bytes{});
    ASSERT_TRUE(journal->append(batch_of(1'001, 10)));
    EXPECT_EQ(count("SELECT count(*) FROM record"), 3 + 110);
  }
  auto journal = open();
  const auto snapshot = journal->load_snapshot();
  ASSERT_TRUE(snapshot && snapshot->has_value());
  EXPECT_EQ((*snapshot)->index, 900U);
  EXPECT_EQ((*snapshot)->bytes, Bytes(300'000, 42));
  EXPECT_EQ(all(*journal, 900).size(), 110U);
  for (const JournalIndex index : {7U, 30U, 900U, 901U}) {
    EXPECT_EQ(*journal->read_body({index, 0}), record_of(index).bodies[0]);
  }
  // A second compaction lets go of what the first had kept.
  ASSERT_TRUE(compact(*journal, {{1'010, Bytes{1}}, {}, {}}));
  EXPECT_EQ(journal->read_body({7, 0}).error().code, Errc::kNotFound);
  ASSERT_TRUE(journal->append(batch_of(1'011, 1)));
  EXPECT_EQ(all(*journal, 1'010).size(), 1U);
  EXPECT_EQ((*journal->load_snapshot())->bytes, Bytes{1});
}

// What a piece writes or deletes is counted, not timed: no more than was asked for, and one row over it.
TEST_F(JournalTest, APieceOfACompactionDoesNoMoreThanItWasAskedForAndAppendsGoOnBetween) {
  constexpr std::size_t kPages = 40, kPartPages = 33, kLargePages = 26;
  auto journal = open();
  ASSERT_TRUE(journal->append(batch_of(1, 1'500)));
  ASSERT_TRUE(journal->append(batch_of(1'501, 40, 8'192 * (kLargePages - 1))));
  ASSERT_TRUE(compact(*journal, {{1, Bytes(2'000'000, 1)}, {}, {}}, 100'000));  // an old one that must go
  ASSERT_EQ(count("SELECT count(*) FROM snapshot"), 8);
  std::vector<JournalIndex> live;
  for (JournalIndex index = 300; index < 600; ++index) live.push_back(index);
  journal->compact({{1'540, Bytes(3'000'000, 2)}, live, {}});
  std::int64_t small = 1'499, large = 40, parts = 0;
  JournalIndex next = 1'541;
  std::size_t pieces = 0;
  for (bool more = true; more; ++pieces) {
    const auto worked = journal->compact_some(kPages);
    ASSERT_TRUE(worked);
    more = *worked;
    const std::int64_t small_now = count("SELECT count(*) FROM record WHERE idx <= 1500");
    const std::int64_t large_now = count("SELECT count(*) FROM record WHERE idx BETWEEN 1501 AND 1540");
    const std::int64_t parts_now = count("SELECT count(*) FROM snapshot") +
                                   count("SELECT count(*) FROM snapshot_other");
    const auto pages = static_cast<std::size_t>(
        small - small_now + (large - large_now) * std::int64_t{kLargePages} +
        std::abs(parts_now - (parts == 0 ? 8 : parts)) * std::int64_t{kPartPages});
    EXPECT_LE(pages, kPages + kPartPages);
    small = small_now, large = large_now, parts = parts_now;
    // What is read at any moment is one snapshot, whole: the old one, then the new one.
    const auto snapshot = journal->load_snapshot();
    ASSERT_TRUE(snapshot && *snapshot);
    const bool fresh = (*snapshot)->index == 1'540;
    EXPECT_EQ((*snapshot)->bytes, fresh ? Bytes(3'000'000, 2) : Bytes(2'000'000, 1));
    ASSERT_EQ(all(*journal, (*snapshot)->index).size(), (fresh ? 0U : 1'539U) + pieces);
    ASSERT_TRUE(journal->append(batch_of(next++, 1)));
  }
  EXPECT_EQ(small, 300);
  EXPECT_EQ(large, 0);
  EXPECT_EQ(count("SELECT count(*) FROM snapshot_other"), 0);
  EXPECT_GT(pieces, (1'500 + 40 * kLargePages + 20 * kPartPages) / (kPages + kPartPages));
}

TEST_F(JournalTest, ACompactionThatWasCutOffIsNoneAndTheNextOneClearsIt) {
  {
    auto journal = open();
    ASSERT_TRUE(journal->append(batch_of(1, 100)));
    journal->compact({{100, Bytes(3'000'000, 1)}, {}, {}});
    ASSERT_TRUE(*journal->compact_some(100));
  }
  auto journal = open();
  EXPECT_GT(count("SELECT count(*) FROM snapshot_other"), 0);
  EXPECT_FALSE(journal->load_snapshot()->has_value());
  EXPECT_EQ(all(*journal).size(), 100U);
  ASSERT_TRUE(compact(*journal, {{90, Bytes(5, 2)}, {}, {}}));
  EXPECT_EQ((*journal->load_snapshot())->bytes, Bytes(5, 2));
  EXPECT_EQ(count("SELECT count(*) FROM snapshot_other"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM record"), 10);
}

// ---- The audit (P-120, P-124)

struct AuditJournalTest : JournalTest {
  std::vector<wire::AuditLine> lines;
  wire::AuditPoint end{0, wire::audit_chain_first()};

  std::vector<Record> noted(JournalIndex first, std::size_t count) {
    auto batch = batch_of(first, count);
    for (Record& record : batch) {
      const std::string text = "event of record " + std::to_string(record.index);
      end = {end.seq + 1, wire::audit_chain_next(end.chain, end.seq + 1, sha256(as_bytes(text)))};
      record.audit.push_back({end.seq, record.at, text, end.chain});
      lines.push_back(record.audit[0]);
    }
    return batch;
  }
  struct Kept {
    wire::AuditPoint begin;
    std::vector<wire::AuditLine> lines;
    std::uint64_t records = 0;
  };
  Kept kept() {
    Kept out;
    JournalVisit visit;
    visit.audit_begin = [&](const wire::AuditPoint& begin) -> Status { return out.begin = begin, Status(); };
    visit.audit_line = [&](const wire::AuditLine& line) -> Status { return out.lines.push_back(line), Status(); };
    visit.snapshot = [](const JournalSnapshot&) -> Status { return {}; };
    visit.record = [&](const Record&) -> Status { return ++out.records, Status(); };
    EXPECT_TRUE(SqlcipherJournal::read_file(path_, key_, visit));
    return out;
  }
};

TEST_F(AuditJournalTest, LinesComeBackInOrderAlsoWhileAHubWritesAndOutliveCompaction) {
  auto journal = open();
  EXPECT_EQ(**journal->audit_end(), end);
  ASSERT_TRUE(journal->append(noted(1, 50)));
  ASSERT_TRUE(compact(*journal, {{50, Bytes{1}}, {}, {}}));
  ASSERT_TRUE(journal->append(noted(51, 5)));
  const Kept found = kept();
  EXPECT_EQ(found.lines, lines);
  EXPECT_EQ(found.begin.seq, 0U);
  EXPECT_EQ(found.records, 5U);
  EXPECT_EQ(**journal->audit_end(), end);
}

TEST_F(AuditJournalTest, OldestLinesGoAndThePlaceWhereTheyEndedStays) {
  constexpr std::size_t kOnePage = 1;  // a few lines a piece: several pieces
  {
    auto journal = open();
    ASSERT_TRUE(journal->append(noted(1, 50)));
    ASSERT_TRUE(compact(*journal, {{50, Bytes{1}}, {}, lines[20].at}, kOnePage));
    ASSERT_TRUE(compact(*journal, {{50, Bytes{1}}, {}, lines[3].at}));  // nothing more
  }
  auto journal = open();
  const Kept found = kept();
  EXPECT_EQ(found.begin, (wire::AuditPoint{20, lines[19].chain}));
  EXPECT_EQ(found.lines, std::vector<wire::AuditLine>(lines.begin() + 20, lines.end()));
  // All of them: the end is known all the same, and the next line follows it.
  ASSERT_TRUE(compact(*journal, {{50, Bytes{1}}, {}, lines[49].at + Millis(1)}, kOnePage));
  EXPECT_EQ(**journal->audit_end(), end);
  ASSERT_TRUE(journal->append(noted(51, 1)));
  EXPECT_EQ(kept().begin.seq, 50U);
}

TEST_F(AuditJournalTest, AJournalFromBeforeTheAuditGetsOneThatBeginsWhereItIsTold) {
  {
    auto connection = sqlite::Connection::open(path_, key_, sqlite::Connection::Mode::kWrite);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(connection->execute(
        "DROP TABLE audit; DROP TABLE audit_begin; DROP TABLE snapshot_other;"
        "CREATE TABLE doomed (idx INTEGER PRIMARY KEY) STRICT; PRAGMA user_version = 1"));
  }
  auto journal = open();
  const wire::AuditPoint begin{77, Digest{9}};
  ASSERT_TRUE(journal->begin_audit(begin));
  EXPECT_EQ(**journal->audit_end(), begin);
  ASSERT_TRUE(journal->append(noted(1, 1)));
  ASSERT_TRUE(journal->begin_audit({99, Digest{1}}));  // it has begun: no more
  EXPECT_EQ(kept().begin, begin);
}

TEST_F(JournalTest, ACompactionThatFailsChangesNothing) {
  auto journal = open();
  ASSERT_TRUE(journal->append(batch_of(1, 100)));
  ASSERT_TRUE(journal->limit_pages(40));
  EXPECT_EQ(compact(*journal, {{100, Bytes(1'000'000, 1)}, {}, {}}, 1'000).error().code, Errc::kNoSpace);
  ASSERT_TRUE(journal->limit_pages(0));
  EXPECT_FALSE(journal->load_snapshot()->has_value());
  EXPECT_EQ(all(*journal).size(), 100U);
  ASSERT_TRUE(journal->append(batch_of(101, 1)));
}

TEST_F(JournalTest, ABackupTakenWhileAppendsGoOnIsAJournalOfOneMoment) {
  auto journal = open();
  // Several pages a batch, and yet small: each copy is of all that the thread has appended meanwhile.
  constexpr std::size_t kBody = 300;
  ASSERT_TRUE(journal->append(batch_of(1, 500, kBody)));
  std::atomic<bool> stop{false};
  std::atomic<JournalIndex> durable{500};
  std::thread appending([&] {
    while (!stop) {
      const auto batch = batch_of(durable + 1, 20, kBody);
      ASSERT_TRUE(journal->append(batch));
      durable = batch.back().index;
    }
  });
  const std::string copy = folder_.file("copy");
  for (int round = 0; round < 5; ++round) {
    std::filesystem::remove(copy);
    const JournalIndex before = durable;
    ASSERT_TRUE(SqlcipherJournal::backup_file(path_, key_, copy));
    const JournalIndex after = durable;
    const auto last = SqlcipherJournal::verify_file(copy, key_);
    ASSERT_TRUE(last);
    EXPECT_GE(*last, before);
    EXPECT_LE(*last, after + 20);
  }
  stop = true;
  appending.join();
  EXPECT_EQ(journal->backup(copy).error().code, Errc::kAlreadyExists) << "never over another backup";
  EXPECT_FALSE(std::filesystem::exists(copy + ".partial"));
  const auto restored = SqlcipherJournal::open(copy, key_);
  ASSERT_TRUE(restored);
  for (const Record& record : all(**restored)) expect_same(record, record_of(record.index, kBody));
}

TEST_F(JournalTest, ABackupOfADamagedJournalIsRefusedAndLeavesNothing) {
  ASSERT_TRUE(open()->append(batch_of(1, 200, 2'000)));
  flip(path_, 8'192 * 20 + 50);
  const auto refused = SqlcipherJournal::backup_file(path_, key_, folder_.file("copy"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kCorrupt);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("copy")));
  EXPECT_FALSE(std::filesystem::exists(folder_.file("copy.partial")));
}

TEST_F(JournalTest, HoldsNoPlaintextOnDisk) {
  const std::string planted = "planted-body-words-0123456789";
  Record record = record_of(1);
  for (int i = 0; i < 20; ++i) append(record.bodies[0], as_bytes(planted));
  {
    auto journal = open();
    ASSERT_TRUE(journal->append(std::span(&record, 1)));
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream file(path_ + suffix, std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      EXPECT_EQ(bytes.find(planted), std::string::npos) << suffix;
      EXPECT_EQ(bytes.find("SQLite format"), std::string::npos) << suffix;
    }
  }
}

}  // namespace
}  // namespace nattevagt::broker
