// A journal in memory that fails when it is told to.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "broker/io/journal.h"
#include "proto/common/check.h"

namespace nattevagt::broker {

class MemoryJournal final : public Journal {
 public:
  void fail_with(std::optional<Errc> code) {
    const std::scoped_lock lock(mutex_);
    failure_ = code;
  }
  std::size_t tries() const {
    const std::scoped_lock lock(mutex_);
    return tries_;
  }
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return records_.size();
  }

  Status append(std::span<const Record> batch) override {
    const std::scoped_lock lock(mutex_);
    ++tries_;
    if (failure_) return fail(*failure_, "memory journal");
    for (const Record& record : batch) NV_CHECK(records_.emplace(record.index, record).second);
    return {};
  }
  Result<std::optional<JournalSnapshot>> load_snapshot() override { return std::optional<JournalSnapshot>(); }
  Status read_from(JournalIndex, const std::function<Status(const Record&)>&) override { return {}; }
  Result<Bytes> read_body(BodyRef ref) override {
    const std::scoped_lock lock(mutex_);
    const auto found = records_.find(ref.index);
    if (found == records_.end() || ref.part >= found->second.bodies.size()) {
      return fail(Errc::kNotFound, "memory journal");
    }
    return found->second.bodies[ref.part];
  }
  // The next compaction takes `pieces`, and none is begun that has not been allowed.
  void compact_in(std::size_t pieces) {
    const std::scoped_lock lock(mutex_);
    pieces_ = pieces;
    allowed_ = 0;
  }
  void allow(std::size_t pieces) {
    {
      const std::scoped_lock lock(mutex_);
      allowed_ += pieces;
    }
    allowed_changed_.notify_all();
  }
  // Of the first pieces that were asked for, how many pages; the last may still be waiting.
  std::vector<std::size_t> pieces_asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

  void compact(Compaction compaction) override {
    const std::scoped_lock lock(mutex_);
    upto_ = compaction.snapshot.index;
  }
  Result<bool> compact_some(std::size_t pages) override {
    std::unique_lock lock(mutex_);
    if (asked_.size() < kRemembered) asked_.push_back(pages);
    if (pieces_ > 0) {
      allowed_changed_.wait(lock, [this] { return allowed_ > 0; });
      --allowed_;
      if (--pieces_ > 0) return true;
    }
    std::erase_if(records_, [&](const auto& row) { return row.first <= upto_; });
    return false;
  }
  // The last snapshot, for open_beside().
  void set_snapshot(JournalSnapshot snapshot) {
    const std::scoped_lock lock(mutex_);
    snapshot_ = std::move(snapshot);
  }
  // Of each read beside: how many records at most.
  std::vector<std::size_t> reads_beside() const {
    const std::scoped_lock lock(mutex_);
    return reads_beside_;
  }
  Result<std::unique_ptr<JournalReader>> open_beside() override { return std::make_unique<Beside>(*this); }

  Status backup(const std::string&) override { return fail(Errc::kUnsupported, "memory journal"); }

 private:
  class Beside final : public JournalReader {
   public:
    explicit Beside(MemoryJournal& journal) : journal_(journal) {}
    Result<std::optional<JournalSnapshot>> load_snapshot() override {
      const std::scoped_lock lock(journal_.mutex_);
      return journal_.snapshot_;
    }
    Status read_some(JournalIndex after, std::size_t most,
                     const std::function<Status(const Record&)>& visit) override {
      const std::scoped_lock lock(journal_.mutex_);
      journal_.reads_beside_.push_back(most);
      for (auto row = journal_.records_.upper_bound(after); row != journal_.records_.end() && most > 0;
           --most) {
        NV_TRYV(visit((row++)->second));
      }
      return {};
    }

   private:
    MemoryJournal& journal_;
  };

  static constexpr std::size_t kRemembered = 10'000;
  mutable std::mutex mutex_;
  std::map<JournalIndex, Record> records_;
  std::optional<Errc> failure_;
  JournalIndex upto_ = 0;
  std::size_t pieces_ = 0, allowed_ = 0;
  std::vector<std::size_t> asked_;
  std::optional<JournalSnapshot> snapshot_;
  std::vector<std::size_t> reads_beside_;
  std::condition_variable allowed_changed_;
  std::size_t tries_ = 0;
};

inline Record record_with(JournalIndex index, Bytes body) {
  Record record;
  record.index = index;
  record.meta = Bytes(8, 1);
  record.bodies.push_back(std::move(body));
  return record;
}

}  // namespace nattevagt::broker
