#include "broker/app/committer.h"

#include <algorithm>

#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPauseMin{50};
constexpr std::chrono::milliseconds kPauseMax{250};

// What the batch makes of the journal, about.
std::size_t batch_pages(const std::vector<Record>& records) {
  std::size_t pages = 0;
  for (const Record& record : records) {
    std::size_t bytes = record.meta.size();
    for (const Bytes& body : record.bodies) bytes += body.size();
    pages += pages_of(bytes);
  }
  return pages;
}

}  // namespace

Committer::Committer(Journal& journal, const SignKey& key, JournalIndex durable, std::size_t cache_bytes,
                     const Wake& wake)
    : journal_(journal), builder_(journal, key, cache_bytes), durable_(durable), wake_(wake) {
  thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Committer::free() const {
  const std::scoped_lock lock(mutex_);
  return !given_ && !working_ && !done_;
}

void Committer::submit(Batch batch) {
  NV_CHECK(free());
  {
    const std::scoped_lock lock(mutex_);
    given_ = std::move(batch);
  }
  changed_.notify_all();
}

std::optional<Committed> Committer::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(done_, std::nullopt);
}

std::optional<Status> Committer::take_compaction() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(compacted_, std::nullopt);
}

std::optional<Errc> Committer::trouble(steady_clock::duration patience) const {
  const std::scoped_lock lock(mutex_);
  if (error_) return error_;
  if (appending_ && steady_clock::now() - since_ > patience) return Errc::kStorage;
  return std::nullopt;
}

std::uint64_t Committer::failures() const {
  const std::scoped_lock lock(mutex_);
  return failures_;
}

bool Committer::fatal() const {
  const std::scoped_lock lock(mutex_);
  return fatal_;
}

void Committer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || given_ || (compacting_ && !fatal_); });
    if (stopping_) return;
    std::size_t pages = kCompactionPages;
    if (given_) {
      Batch batch = std::move(*given_);
      given_.reset();
      working_ = true;
      lock.unlock();
      pages = std::max(pages, 2 * batch_pages(batch.records));
      work(std::move(batch));
      lock.lock();
      working_ = false;
      wake_.call();
    }
    if (!compacting_ || stopping_ || fatal_) continue;
    lock.unlock();
    compact_some(pages);
    lock.lock();
  }
}

void Committer::work(Batch batch) {
  const auto begin = steady_clock::now();
  if (!batch.records.empty() && !append_until_stored(batch.records)) return;
  Committed out;
  out.seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  out.records = batch.records.size();
  const JournalIndex before = durable_;
  if (!batch.records.empty()) durable_ = batch.records.back().index;
  out.durable = durable_;
  builder_.keep_bodies(batch.records);
  out.ready = builder_.build(std::move(batch.effects), before, durable_);
  out.counts = builder_.take_counts();
  {
    const std::scoped_lock lock(mutex_);
    done_ = std::move(out);
  }
  if (!batch.compaction) return;
  journal_.compact(std::move(*batch.compaction));
  compacting_ = true;
}

void Committer::compact_some(std::size_t pages) {
  const Result<bool> more = journal_.compact_some(pages);
  if (more && *more) return;
  compacting_ = false;
  {
    const std::scoped_lock lock(mutex_);
    fatal_ = fatal_ || (!more && more.error().code == Errc::kCorrupt);
    compacted_ = more.map([](bool) {});
  }
  wake_.call();
}

// False when the hub stops meanwhile, or the journal is damaged.
bool Committer::append_until_stored(const std::vector<Record>& records) {
  auto pause = kPauseMin;
  std::unique_lock lock(mutex_);
  appending_ = true;
  since_ = steady_clock::now();
  while (true) {
    lock.unlock();
    const Status stored = journal_.append(records);
    lock.lock();
    if (stored) {
      appending_ = false;
      error_.reset();
      return true;
    }
    ++failures_;
    error_ = stored.error().code;
    fatal_ = stored.error().code == Errc::kCorrupt;
    wake_.call();  // the main thread must begin to refuse
    if (fatal_) return false;
    changed_.wait_for(lock, pause, [this] { return stopping_; });
    if (stopping_) return false;
    pause = std::min(2 * pause, kPauseMax);
  }
}

}  // namespace nattevagt::broker
