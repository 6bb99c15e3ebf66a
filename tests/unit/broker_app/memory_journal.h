// A journal in memory that fails when it is told to.
#pragma once

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
  Status compact(const JournalSnapshot& snapshot, std::span<const JournalIndex>) override {
    const std::scoped_lock lock(mutex_);
    std::erase_if(records_, [&](const auto& row) { return row.first <= snapshot.index; });
    return {};
  }
  Status backup(const std::string&) override { return fail(Errc::kUnsupported, "memory journal"); }

 private:
  mutable std::mutex mutex_;
  std::map<JournalIndex, Record> records_;
  std::optional<Errc> failure_;
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
