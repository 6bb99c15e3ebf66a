#include "tests/simulation/crash_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>

#include "proto/common/check.h"
#include "tests/simulation/draw.h"

namespace nattevagt::simulation {
namespace {

namespace fs = std::filesystem;
using Kind = CrashDisk::Operation::Kind;
constexpr std::size_t kSector = 512;

CrashDisk* the_disk = nullptr;  // SQLite's callbacks carry no context of ours but the VFS

// ---- The shim: SQLite's file, with the real one behind it in the same allocation.
struct ShimFile {
  sqlite3_file base;
  std::string* path;  // nullptr: not one that is watched
  sqlite3_file* behind() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& methods() { return *behind()->pMethods; }
};
ShimFile& shim(sqlite3_file* file) { return *reinterpret_cast<ShimFile*>(file); }

bool noted(ShimFile& file, CrashDisk::Operation operation) {
  return file.path == nullptr || the_disk->note(*file.path, std::move(operation));
}

int shim_close(sqlite3_file* file) {
  delete shim(file).path;
  return shim(file).methods().xClose(shim(file).behind());
}
int shim_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return shim(file).methods().xRead(shim(file).behind(), to, size, at);
}
int shim_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  const bool good = noted(
      shim(file), {Kind::kWrite, {}, static_cast<std::uint64_t>(at), Bytes(bytes, bytes + size)});
  return good ? shim(file).methods().xWrite(shim(file).behind(), from, size, at) : SQLITE_FULL;
}
int shim_truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (!noted(shim(file), {Kind::kTruncate, {}, static_cast<std::uint64_t>(size)})) return SQLITE_IOERR_TRUNCATE;
  return shim(file).methods().xTruncate(shim(file).behind(), size);
}
int shim_sync(sqlite3_file* file, int) {  // what is written can be read again: the real sync costs time only
  return noted(shim(file), {Kind::kSync, {}}) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}
int shim_size(sqlite3_file* file, sqlite3_int64* size) {
  return shim(file).methods().xFileSize(shim(file).behind(), size);
}
int shim_lock(sqlite3_file* file, int kind) { return shim(file).methods().xLock(shim(file).behind(), kind); }
int shim_unlock(sqlite3_file* file, int kind) {
  return shim(file).methods().xUnlock(shim(file).behind(), kind);
}
int shim_check_lock(sqlite3_file* file, int* out) {
  return shim(file).methods().xCheckReservedLock(shim(file).behind(), out);
}
int shim_control(sqlite3_file* file, int op, void* argument) {
  return shim(file).methods().xFileControl(shim(file).behind(), op, argument);
}
int shim_sector_size(sqlite3_file* file) { return shim(file).methods().xSectorSize(shim(file).behind()); }
int shim_characteristics(sqlite3_file* file) {
  return shim(file).methods().xDeviceCharacteristics(shim(file).behind());
}
int shim_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return shim(file).methods().xShmMap(shim(file).behind(), page, size, extend, out);
}
int shim_shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return shim(file).methods().xShmLock(shim(file).behind(), offset, n, flags);
}
void shim_barrier(sqlite3_file* file) { shim(file).methods().xShmBarrier(shim(file).behind()); }
int shim_unmap(sqlite3_file* file, int remove) {
  return shim(file).methods().xShmUnmap(shim(file).behind(), remove);
}

// Version 2: shared memory, no mapping of the file itself past our eyes.
const sqlite3_io_methods kMethods = {
    2,           shim_close,      shim_read,    shim_write,       shim_truncate,        shim_sync, shim_size,
    shim_lock,   shim_unlock,     shim_check_lock, shim_control,  shim_sector_size,     shim_characteristics,
    shim_map,    shim_shm_lock,   shim_barrier, shim_unmap,       nullptr,              nullptr};

int shim_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  sqlite3_vfs& real = the_disk->real();
  auto* made = new (file) ShimFile{};
  const bool fresh = name != nullptr && !fs::exists(name);
  const int code = real.xOpen(&real, name, made->behind(), flags, out);
  if (code != SQLITE_OK) return code;
  made->base.pMethods = &kMethods;
  if (name == nullptr || !the_disk->watches(name)) return code;
  made->path = new std::string(name);
  the_disk->opened(name);
  if (fresh) noted(*made, {Kind::kCreate, {}});
  return code;
}

int shim_delete(sqlite3_vfs*, const char* name, int sync_folder) {
  sqlite3_vfs& real = the_disk->real();
  if (the_disk->watches(name) && fs::exists(name)) {
    const bool good =
        the_disk->note(name, {Kind::kDelete, {}, static_cast<std::uint64_t>(sync_folder != 0 ? 1 : 0)});
    if (!good) return SQLITE_IOERR_DELETE;
  }
  return real.xDelete(&real, name, sync_folder);
}

sqlite3_vfs the_shim{};

Bytes contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

// ---- A file as the disk has it
struct OnDisk {
  Bytes bytes;
  bool there = false;
};

void put(Bytes& to, std::uint64_t at, ByteView bytes) {
  if (to.size() < at + bytes.size()) to.resize(at + bytes.size());
  std::copy(bytes.begin(), bytes.end(), to.begin() + static_cast<std::ptrdiff_t>(at));
}

// Each sector of the write for itself: the old one, the new one, or a part of the new one.
void put_in_part(Bytes& to, std::uint64_t at, ByteView bytes, Draw& draw) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kSector - at % kSector);
    const std::uint64_t fate = draw.below(5);
    if (fate < 2) put(to, at, bytes.first(size));
    if (fate == 2) put(to, at, bytes.first(draw.below(size)));
    at += size;
    bytes = bytes.subspan(size);
  }
}

void apply(OnDisk& file, const CrashDisk::Operation& operation) {
  switch (operation.kind) {
    case Kind::kCreate: file.there = true; return;
    case Kind::kWrite: return put(file.bytes, operation.offset, operation.bytes);
    case Kind::kTruncate: return file.bytes.resize(operation.offset);
    case Kind::kDelete: file = {}; return;
    case Kind::kSync: return;
  }
}

void apply_unsynced(OnDisk& file, const std::vector<const CrashDisk::Operation*>& pending, Fate fate,
                    Draw& draw) {
  if (fate == Fate::kLost) return;
  for (const auto* operation : pending) {
    const bool drawn = fate == Fate::kDrawn;
    if (drawn && operation->kind == Kind::kWrite) {
      put_in_part(file.bytes, operation->offset, operation->bytes, draw);
    } else if (!drawn || draw.one_in(2)) {
      apply(file, *operation);
    } else if (operation->kind == Kind::kDelete || operation->kind == Kind::kCreate) {
      return;  // what follows went into another file of this name, which has none now
    }
  }
}

}  // namespace

CrashDisk::CrashDisk() : real_(sqlite3_vfs_find(nullptr)) {
  NV_CHECK(the_disk == nullptr && real_ != nullptr);
  the_disk = this;
  the_shim = *real_;
  the_shim.zName = "nattevagt-crash-disk";
  the_shim.szOsFile = static_cast<int>(sizeof(ShimFile)) + real_->szOsFile;
  the_shim.xOpen = shim_open;
  the_shim.xDelete = shim_delete;
  NV_CHECK(sqlite3_vfs_register(&the_shim, 1) == SQLITE_OK);
}

CrashDisk::~CrashDisk() {
  sqlite3_vfs_unregister(&the_shim);
  sqlite3_vfs_register(real_, 1);
  the_disk = nullptr;
}

void CrashDisk::watch(const std::string& folder) {
  folder_ = folder;
  operations_.clear();
  sides_.clear();
  own_.clear();
  before_.clear();
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.is_regular_file()) before_[entry.path().filename()] = contents(entry.path());
  }
  fail_in_ = 0;
  failed_ = false;
}

void CrashDisk::opened(const std::string& path) { own_.insert(fs::path(path).filename()); }

void CrashDisk::stop() {
  note_sides();
  folder_.clear();
}

bool CrashDisk::watches(const std::string& path) const {
  return !folder_.empty() && fs::path(path).parent_path() == fs::path(folder_);
}

bool CrashDisk::note(const std::string& path, Operation operation) {
  if (!watches(path)) return true;
  operation.file = fs::path(path).filename();
  if (fail_in_ != 0 && --fail_in_ == 0) {
    failed_ = true;
    return false;
  }
  note_sides();
  operations_.push_back(std::move(operation));
  return true;
}

void CrashDisk::note_sides() {
  Sides sides{operations_.size(), {}};
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    if (own_.contains(name) || name.ends_with("-shm") || !entry.is_regular_file()) continue;
    sides.files[name] = contents(entry.path());
  }
  if (sides_.empty() || sides_.back().files != sides.files) sides_.push_back(std::move(sides));
}

void CrashDisk::lay(const std::string& folder, std::size_t point, Fate fate, std::uint64_t seed) const {
  Draw draw(seed, Stream::kKeep, point);
  std::map<std::string, OnDisk> files;
  for (const auto& [name, bytes] : before_) {
    if (own_.contains(name)) files[name] = {bytes, true};
  }
  std::map<std::string, std::vector<const Operation*>> pending;
  for (std::size_t i = 0; i < point; ++i) {
    const Operation& operation = operations_[i];
    auto& waits = pending[operation.file];
    const bool synced_delete = operation.kind == Kind::kDelete && operation.offset != 0;
    waits.push_back(&operation);
    if (operation.kind != Kind::kSync && !synced_delete) continue;
    for (const Operation* done : waits) apply(files[operation.file], *done);
    waits.clear();
  }
  for (auto& [name, waits] : pending) apply_unsynced(files[name], waits, fate, draw);
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& [name, file] : files) {
    if (!file.there) continue;
    std::ofstream out(fs::path(folder) / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(file.bytes.data()), static_cast<std::streamsize>(file.bytes.size()));
  }
  // The last that was noted at or before the point; drawn: or the one before it, which was not synced.
  auto sides = std::find_if(sides_.rbegin(), sides_.rend(), [&](const Sides& s) { return s.point <= point; });
  if (sides == sides_.rend()) return;
  if (fate != Fate::kKept && std::next(sides) != sides_.rend() && (fate == Fate::kLost || draw.one_in(2))) {
    ++sides;
  }
  for (const auto& [name, bytes] : sides->files) {
    std::ofstream out(fs::path(folder) / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
}

}  // namespace nattevagt::simulation
