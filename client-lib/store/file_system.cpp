#include "client-lib/store/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace nattevagt::client {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) noexcept : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  bool good() const noexcept { return value_ >= 0; }
  int get() const noexcept { return value_; }

 private:
  int value_;
};

Errc disk_error() { return errno == ENOSPC || errno == EDQUOT ? Errc::kNoSpace : Errc::kStorage; }

Status write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(disk_error(), "replace_file");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Status make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  struct stat found{};
  if (errno == EEXIST && ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
  return fail(disk_error(), "make_private_folder");
}

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }
void remove_file(const std::string& path) { ::unlink(path.c_str()); }

Result<Bytes> read_small_file(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.good()) return fail(errno == ENOENT ? Errc::kNotFound : Errc::kStorage, "read_small_file");
  Bytes out(bytes_max + 1);
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = ::read(file.get(), out.data() + size, out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::kStorage, "read_small_file");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > bytes_max) return fail(Errc::kTooLarge, "read_small_file");
  out.resize(size);
  return out;
}

Status replace_file(const std::string& path, ByteView bytes) {
  const std::string temporary = path + ".new";
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.good()) return fail(disk_error(), "replace_file");
    NV_TRYV(write_all(file.get(), bytes));
    if (::fsync(file.get()) != 0) return fail(disk_error(), "replace_file");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(disk_error(), "replace_file");
  const std::string folder = path.substr(0, path.find_last_of('/'));
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.good() || ::fsync(directory.get()) != 0) return fail(disk_error(), "replace_file");
  return {};
}

Result<FileLock> FileLock::take(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(errno == ENOENT ? Errc::kNotFound : Errc::kStorage, "FileLock");
  FileLock out(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return fail(Errc::kBusy, "FileLock");
  return out;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace nattevagt::client
