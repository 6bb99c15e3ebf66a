// A disk that remembers. While one of these lives, it is SQLite's default VFS: the stores' own files pass
// through it to the real disk, and each write, truncation, sync and deletion in the watched folder is noted.
// Afterwards lay() gives the folder as a power cut at any of these points could have left it: what was synced
// is there; of what was not, each sector of 512 bytes is the old one, the new one, or torn.
//
// A file that the stores write without SQLite (journal.mark, store.keys) is noted as it stands at each point.
// Shared memory (-shm) does not outlive the machine and is left out.
//
// Ownership: a resource; one at a time. Thread: one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proto/common/bytes.h"

struct sqlite3_vfs;

namespace nattevagt::simulation {

enum class Fate { kLost, kKept, kDrawn };  // of what was written and not synced

class CrashDisk {
 public:
  struct Operation {
    enum class Kind { kCreate, kWrite, kTruncate, kSync, kDelete } kind{};
    std::string file;          // its name in the folder
    std::uint64_t offset = 0;  // kWrite; of kTruncate the new size; of kDelete 1 when the folder is synced
    Bytes bytes = {};
  };

  CrashDisk();
  ~CrashDisk();
  CrashDisk(const CrashDisk&) = delete;
  CrashDisk& operator=(const CrashDisk&) = delete;

  // Notes from now on; what is in the folder by now is on disk, and no store has it open.
  void watch(const std::string& folder);
  void stop();
  // The point from now: so many operations have been done.
  std::size_t now() const { return operations_.size(); }
  const Operation& operation(std::size_t point) const { return operations_[point]; }
  // Writes the folder as it may be when the power goes after the first `point` operations.
  void lay(const std::string& folder, std::size_t point, Fate fate, std::uint64_t seed) const;

  // The n-th operation from now on (1: the next) fails, once: a sync as EIO, a write as a full disk.
  void fail_at(std::size_t n) { fail_in_ = n; }
  bool has_failed() const { return failed_; }

  // Of the shim alone.
  bool note(const std::string& path, Operation operation);  // false: it is to fail
  bool watches(const std::string& path) const;
  void opened(const std::string& path);
  sqlite3_vfs& real() { return *real_; }

 private:
  struct Sides {  // files that SQLite does not write, from this point on
    std::size_t point = 0;
    std::map<std::string, Bytes> files;
  };
  void note_sides();

  sqlite3_vfs* real_;
  std::string folder_;
  std::vector<Operation> operations_;
  std::vector<Sides> sides_;
  std::set<std::string> own_;  // files that SQLite writes
  std::map<std::string, Bytes> before_;
  std::size_t fail_in_ = 0;
  bool failed_ = false;
};

}  // namespace nattevagt::simulation
