// The few file operations of the store, on POSIX: what must not be half done.
#pragma once

#include <string>

#include "proto/common/bytes.h"
#include "proto/common/result.h"

namespace nattevagt::client {

// Makes the folder (0700) when it is not there.
Status make_private_folder(const std::string& path);
bool file_exists(const std::string& path);
void remove_file(const std::string& path);
// kNotFound, kStorage, kTooLarge.
Result<Bytes> read_small_file(const std::string& path, std::size_t bytes_max);
// All of it or the file as it was (0600): temporary file, fsync, rename, fsync of the folder.
Status replace_file(const std::string& path, ByteView bytes);

// An exclusive lock for as long as it lives; the kernel lets go when the process ends, however it ends.
class FileLock {
 public:
  static Result<FileLock> take(const std::string& path);  // kBusy when another process holds it
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace nattevagt::client
