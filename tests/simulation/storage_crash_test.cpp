// The second level of the simulation: the real stores, SQLCipher and all, on a disk that loses its power at
// every single write and sync of a night's work (crash_disk.h). Each time three ways: all that was not synced
// is lost, all of it is there, sectors of it are there, torn or not. Then the store is opened by the code that
// opens it in the product, and must hold all that it had answered for, and nothing that was never asked.
//
// The run ends with a table: how many points there were, and how many were recovered from.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "broker/io/sqlcipher_journal.h"
#include "client-lib/store/sqlcipher_store.h"
#include "proto/common/entropy.h"
#include "tests/simulation/crash_disk.h"
#include "tests/simulation/draw.h"
#include "tests/support/process.h"
#include "tests/support/report.h"

namespace nattevagt::simulation {
namespace {

using Kind = CrashDisk::Operation::Kind;
using nattevagt::testing::TempDir;

// A store under test: it does one piece of work after another, and can say how much of it a folder holds.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual void begin(const std::string& folder) = 0;  // what is done before the disk is watched
  virtual std::size_t work() const = 0;               // pieces, made durable one by one
  virtual bool carry_out(std::size_t piece) = 0;      // false: refused; nothing of it may be there
  virtual void end() = 0;
  // How many pieces the store of this folder holds, from the first on; nothing: it cannot be opened, or holds
  // something else.
  virtual std::optional<std::size_t> holds(const std::string& folder) = 0;
};

std::uint8_t byte_of(std::uint64_t a, std::uint64_t b) { return static_cast<std::uint8_t>(mixed(a * 1'000 + b)); }

// ---- The hub's journal: appends of one to three records, now and then a compaction, once a restart.
class JournalSubject final : public Subject {
 public:
  explicit JournalSubject(std::size_t pieces) : pieces_(pieces) {
    for (auto& byte : key_.expose()) byte = 7;
    broker::JournalIndex last = 0, snapshot = 0;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      if (compacts(piece)) {
        snapshot = last;
      } else {
        last += 1 + piece % 3;
      }
      after_.push_back({last, snapshot});
    }
  }
  void begin(const std::string& folder) override {
    path_ = folder + "/journal.db";
    ASSERT_TRUE(broker::SqlcipherJournal::create(path_, key_));
  }
  std::size_t work() const override { return pieces_; }
  bool carry_out(std::size_t piece) override {
    if (piece == pieces_ / 2) journal_.reset();  // a hub that is stopped and started: the log is folded in
    if (!journal_ && !open()) return false;
    const State before = piece == 0 ? State{} : after_[piece - 1];
    if (compacts(piece)) return compact(before.last);
    std::vector<broker::Record> batch;
    for (auto index = before.last + 1; index <= after_[piece].last; ++index) batch.push_back(record(index));
    return journal_->append(batch).has_value();
  }
  void end() override { journal_.reset(); }
  std::optional<std::size_t> holds(const std::string& folder) override {
    auto opened = broker::SqlcipherJournal::open(folder + "/journal.db", key_);
    if (!opened) {
      std::cout << "not opened: " << opened.error().where << "\n";
      return std::nullopt;
    }
    State is;
    const auto kept = (*opened)->load_snapshot();
    if (!kept) return std::nullopt;
    if (*kept) {
      is.snapshot = (*kept)->index;
      if ((*kept)->bytes != snapshot(is.snapshot).bytes) return std::nullopt;
      for (const auto index : live(is.snapshot)) {
        if ((*opened)->read_body({index, 0}) != record(index).bodies[0]) return std::nullopt;
      }
    }
    is.last = is.snapshot;
    const Status read = (*opened)->read_from(is.snapshot, [&](const broker::Record& found) -> Status {
      const broker::Record wanted = record(++is.last);
      const bool same = found.index == wanted.index && found.at == wanted.at && found.meta == wanted.meta &&
                        found.bodies == wanted.bodies;
      return same ? Status{} : fail(Errc::kCorrupt, "another record");
    });
    if (!read) return std::nullopt;
    for (std::size_t n = pieces_; n > 0; --n) {
      if (after_[n - 1] == is) return n;
    }
    return is == State{} ? std::optional<std::size_t>(0) : std::nullopt;
  }

 private:
  struct State {
    broker::JournalIndex last = 0, snapshot = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  // In the smallest pieces: a crash or a failure falls between any two of them.
  bool compact(broker::JournalIndex last) {
    journal_->compact({snapshot(last), live(last), {}});
    while (true) {
      const auto more = journal_->compact_some(3);
      if (!more || !*more) return more.has_value();
    }
  }
  static bool compacts(std::size_t piece) { return piece % 11 == 10; }
  static broker::Record record(broker::JournalIndex index) {
    broker::Record out;
    out.index = index;
    out.at = from_unix_ms(static_cast<std::int64_t>(1'800'000'000'000 + index));
    out.meta = Bytes(40 + index % 60, byte_of(index, 1));
    if (index % 4 != 0) out.bodies.push_back(Bytes(index % 5 == 0 ? 9'000 : 300, byte_of(index, 2)));
    if (index % 4 == 1) out.bodies.push_back(Bytes(700, byte_of(index, 3)));
    return out;
  }
  static broker::JournalSnapshot snapshot(broker::JournalIndex index) {
    return {index, Bytes(2'000 + index, byte_of(index, 4))};
  }
  static std::vector<broker::JournalIndex> live(broker::JournalIndex last) {
    std::vector<broker::JournalIndex> out;
    for (broker::JournalIndex index = 1; index <= last; ++index) {
      if (index % 8 == 1) out.push_back(index);
    }
    return out;
  }
  bool open() {
    auto opened = broker::SqlcipherJournal::open(path_, key_);
    if (opened) journal_ = std::move(*opened);
    return opened.has_value();
  }

  std::size_t pieces_;
  broker::JournalKey key_;
  std::string path_;
  std::vector<State> after_;
  std::unique_ptr<broker::SqlcipherJournal> journal_;
};

// ---- A device's store: what a night's commits look like, with rows that change and go, and messages.
class StoreSubject final : public Subject {
 public:
  explicit StoreSubject(std::size_t pieces) : pieces_(pieces) {}
  void begin(const std::string& folder) override {
    home_ = folder;
    ASSERT_TRUE(open(home_, true));
    store_.reset();
  }
  std::size_t work() const override { return pieces_; }
  bool carry_out(std::size_t piece) override {
    if (piece == pieces_ / 2) store_.reset();
    if (!store_ && !open(home_, false)) return false;
    return store_->commit(outcome(piece)).has_value();
  }
  void end() override { store_.reset(); }
  std::optional<std::size_t> holds(const std::string& folder) override {
    store_.reset();
    if (!open(folder, false)) return std::nullopt;
    const auto image = store_->load();
    std::vector<client::Message> messages;
    const Status read = store_->each_message([&](const client::Message& m) { messages.push_back(m); });
    store_.reset();
    if (!image || !read) {
      std::cout << "not read: " << (image ? read.error().where : image.error().where) << "\n";
      return std::nullopt;
    }
    std::map<Bytes, Bytes> rows;
    for (const auto& row : image->rows) rows[row.key] = to_bytes(row.value.expose());
    const auto marked = rows.find(Bytes(1, 0));
    const std::size_t n = marked == rows.end() ? 0 : marked->second.at(0);
    std::map<Bytes, Bytes> wanted;
    std::size_t said = 0;
    for (std::size_t piece = 0; piece < n; ++piece) {
      const client::Outcome done = outcome(piece);
      said += done.messages.size();
      for (const auto& write : done.writes) {
        if (write.value) {
          wanted[write.key] = to_bytes(write.value->expose());
        } else {
          wanted.erase(write.key);
        }
      }
    }
    if (rows != wanted || messages.size() != said) return std::nullopt;
    for (const auto& message : messages) {
      const auto* text = std::get_if<wire::Text>(&message.content.body);
      if (text == nullptr || text->text != words(message.seq)) return std::nullopt;
    }
    return n;
  }

 private:
  static std::string words(std::uint64_t number) { return "ord nummer " + std::to_string(number); }
  static client::Outcome outcome(std::size_t piece) {
    client::Outcome out;
    const auto put = [&](std::uint8_t key, std::size_t size) {
      const Bytes value(size, byte_of(piece, key));
      out.writes.push_back({client::Table::kRatchets, Bytes(1, key), SecretBytes(ByteView(value))});
    };
    const Bytes number(1, static_cast<std::uint8_t>(piece + 1));
    out.writes.push_back({client::Table::kStream, Bytes(1, 0), SecretBytes(ByteView(number))});
    put(static_cast<std::uint8_t>(1 + piece % 5), 200);
    put(static_cast<std::uint8_t>(10 + piece % 7), piece % 6 == 5 ? 9'000 : 900);
    if (piece % 3 == 2) {
      const auto gone = static_cast<std::uint8_t>(10 + (piece - 1) % 7);
      out.writes.push_back({client::Table::kRatchets, Bytes(1, gone), std::nullopt});
    }
    if (piece % 2 == 0) {
      client::Message message;
      message.conversation.bytes[0] = 1;
      message.id.bytes[0] = static_cast<std::uint8_t>(piece + 1);
      message.seq = piece + 1;
      message.stored_at = message.content.written_at = from_unix_ms(1'800'000'000'000);
      message.author.id.bytes[0] = message.author.device.bytes[0] = message.author.organisation.bytes[0] = 2;
      message.author.kind = wire::HolderKind::kPerson;
      message.content.author = message.author.id;
      message.content.device = message.author.device;
      message.content.conversation = message.conversation;
      message.content.id = message.id;
      message.content.body = wire::Text{words(message.seq)};
      message.delivery = client::Delivery::kStored;
      out.messages.push_back(message);
    }
    return out;
  }
  bool open(const std::string& home, bool create) {
    auto opened = client::SqlcipherStore::open({home, "2468", create, {1, 8}, {}, false},
                                               from_unix_ms(1'800'000'000'000), entropy_);
    if (opened) store_ = std::move(*opened);
    return opened.has_value();
  }

  std::size_t pieces_;
  SeededEntropy entropy_{5};
  std::string home_;
  std::unique_ptr<client::SqlcipherStore> store_;
};

// ---- The night, and every way it may end

struct Counts {
  std::size_t writes = 0, syncs = 0, others = 0, crashes = 0, recovered = 0;
};

void print(const char* what, const Counts& counts) {
  std::ostringstream line;
  line << "crash points of " << what << ": " << counts.writes << " writes, " << counts.syncs << " syncs, "
       << counts.others << " files made, cut or deleted; " << counts.crashes << " crashes, " << counts.recovered
       << " recovered\n";
  testing::report(std::string("crash points of ") + what, line.str());
}

// The stores sync their key files for real, thousands of times: in memory that costs nothing.
void use_memory() {
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 0);
}

void crash_everywhere(Subject& subject, const char* what, std::uint64_t drawn) {
  use_memory();
  const TempDir folder;
  const std::string live = folder.path() + "/live", after = folder.path() + "/after";
  std::filesystem::create_directories(live);
  CrashDisk disk;
  subject.begin(live);
  disk.watch(live);
  std::vector<std::size_t> began, done;
  for (std::size_t piece = 0; piece < subject.work(); ++piece) {
    began.push_back(disk.now());
    ASSERT_TRUE(subject.carry_out(piece)) << piece;
    done.push_back(disk.now());
  }
  subject.end();
  disk.stop();

  Counts counts;
  for (std::size_t point = 0; point <= disk.now(); ++point) {
    if (point < disk.now()) {
      const Kind kind = disk.operation(point).kind;
      (kind == Kind::kWrite ? counts.writes : kind == Kind::kSync ? counts.syncs : counts.others) += 1;
    }
    const auto least = static_cast<std::size_t>(
        std::count_if(done.begin(), done.end(), [&](std::size_t at) { return at <= point; }));
    const auto most = static_cast<std::size_t>(
        std::count_if(began.begin(), began.end(), [&](std::size_t at) { return at < point; }));
    for (std::uint64_t way = 0; way < 2 + drawn; ++way) {
      const Fate fate = way == 0 ? Fate::kLost : way == 1 ? Fate::kKept : Fate::kDrawn;
      disk.lay(after, point, fate, way);
      counts.crashes += 1;
      const auto holds = subject.holds(after);
      ASSERT_TRUE(holds) << what << ": not opened, or other content; point " << point << ", way " << way;
      ASSERT_GE(*holds, least) << what << ": lost; point " << point << ", way " << way;
      ASSERT_LE(*holds, std::max(least, most)) << what << ": never asked; point " << point << ", way " << way;
      counts.recovered += 1;
    }
  }
  EXPECT_GT(counts.writes, 100U);
  EXPECT_GT(counts.syncs, subject.work() / 2);
  print(what, counts);
}

// A write that finds the disk full, or a sync that fails, at every point: refused work is not there, all that
// was answered for is, and the store goes on.
void fail_everywhere(const std::function<std::unique_ptr<Subject>()>& make, const char* what) {
  use_memory();
  std::size_t points = 0, refused = 0;
  for (std::size_t point = 1;; ++point) {
    const TempDir folder;
    CrashDisk disk;
    const auto subject = make();
    subject->begin(folder.path());
    disk.watch(folder.path());
    disk.fail_at(point);
    for (std::size_t piece = 0; piece < subject->work(); ++piece) {
      int tries = 0;
      while (!subject->carry_out(piece)) {
        refused += 1;
        ASSERT_LT(++tries, 3) << what << ": does not go on after a failure at point " << point;
      }
    }
    subject->end();
    const bool was_hit = disk.has_failed();
    disk.stop();
    ASSERT_EQ(subject->holds(folder.path()), subject->work()) << what << ": point " << point;
    if (!was_hit) break;
    ++points;
  }
  EXPECT_GT(points, 20U);
  std::ostringstream line;
  line << "failures of " << what << ": " << points << " points, " << refused
       << " pieces of work refused and done again, none lost\n";
  testing::report(std::string("failures of ") + what, line.str());
}

TEST(StorageCrash, TheHubsJournalKeepsWhatItAnsweredForAtEveryPoint) {
  JournalSubject subject(26);
  crash_everywhere(subject, "the hub's journal", 2);
}

TEST(StorageCrash, ADevicesStoreKeepsWhatItCommittedAtEveryPoint) {
  StoreSubject subject(16);
  crash_everywhere(subject, "a device's store", 1);
}

TEST(StorageCrash, TheHubsJournalGoesOnAfterAFailureAtEveryPoint) {
  fail_everywhere([] { return std::make_unique<JournalSubject>(14); }, "the hub's journal");
}

TEST(StorageCrash, ADevicesStoreGoesOnAfterAFailureAtEveryPoint) {
  fail_everywhere([] { return std::make_unique<StoreSubject>(10); }, "a device's store");
}

}  // namespace
}  // namespace nattevagt::simulation
