// The highest journal index that was ever synced, in a small file beside the journal.
//
// Why: SQLite ends the recovery of its write-ahead log silently at the first damaged frame. A flipped bit
// there would give a shorter log, and a shorter log is a lost alert. The mark is written after each commit
// and not synced itself, so it can be behind what is on disk after a power cut, never ahead: a journal that
// ends before its mark is damaged.
#pragma once

#include <optional>
#include <string>

#include "broker/core/hub_core.h"
#include "proto/common/result.h"

namespace nattevagt::broker {

class DurableMark {
 public:
  DurableMark() noexcept = default;
  ~DurableMark();
  DurableMark(DurableMark&& other) noexcept;
  DurableMark& operator=(DurableMark&& other) noexcept;

  // Opens or makes the file. kStorage.
  static Result<DurableMark> open(const std::string& path);
  // What the file at `path` says; nothing when it is not there.
  static std::optional<JournalIndex> look(const std::string& path) noexcept;
  // Nothing when the file is new or torn: then it says nothing about the journal.
  std::optional<JournalIndex> read() const noexcept;
  // Errors are no reason to refuse work: an old mark is a weaker check, not a wrong one.
  void write(JournalIndex index) const noexcept;

 private:
  int file_ = -1;
};

}  // namespace nattevagt::broker
