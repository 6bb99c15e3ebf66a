#include "client-lib/admin/secret_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "proto/common/check.h"

namespace nattevagt::client {
namespace {

constexpr std::string_view kMagic = "Nattevagt organisation file v1";
constexpr std::size_t kMagicBytes = 32;
constexpr std::size_t kSaltBytes = crypto_pwhash_SALTBYTES;
constexpr std::size_t kHeaderBytes = kMagicBytes + kSaltBytes + 8;
// A file from elsewhere must not make us take all memory before its passphrase was even tried.
constexpr std::uint32_t kMemoryKibMax = 2 * 1024 * 1024;
constexpr std::uint32_t kPassesMax = 32;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

tl::unexpected<Error> storage_error(const char* where) {
  switch (errno) {
    case ENOSPC:
    case EDQUOT: return fail(Errc::kNoSpace, where);
    case ENOENT: return fail(Errc::kNotFound, where);
    case EEXIST: return fail(Errc::kAlreadyExists, where);
    default: return fail(Errc::kStorage, where);
  }
}

void put_be32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}
std::uint32_t get_be32(ByteView in) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | in[i];
  return value;
}

Result<SealKey> derive(std::string_view passphrase, ByteView header) {
  const std::uint32_t passes = get_be32(header.subspan(kMagicBytes + kSaltBytes, 4));
  const std::uint32_t memory_kib = get_be32(header.subspan(kMagicBytes + kSaltBytes + 4, 4));
  if (passes < 1 || passes > kPassesMax || memory_kib < 8 || memory_kib > kMemoryKibMax) {
    return fail(Errc::kCorrupt, "SecretFile: cost");
  }
  SealKey key;
  if (crypto_pwhash(key.expose().data(), SealKey::kSize, passphrase.data(), passphrase.size(),
                    header.subspan(kMagicBytes, kSaltBytes).data(), passes, std::size_t{memory_kib} * 1024,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::kBusy, "SecretFile: no memory for Argon2id");
  }
  return key;
}

// The lock is a file of its own: the content's file is replaced by rename, which would leave its lock behind.
Result<int> take_lock(const std::string& path) {
  const std::string lock_path = path + ".lock";
  Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0) return storage_error("SecretFile: lock");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return fail(Errc::kBusy, "SecretFile: lock");
  return lock.release();
}

Status write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return storage_error("SecretFile: write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<Bytes> read_all(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return storage_error("SecretFile: open");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return storage_error("SecretFile: stat");
  if (info.st_size < 0 || static_cast<std::size_t>(info.st_size) > kSecretFileBytesMax) {
    return fail(Errc::kCorrupt, "SecretFile: size");
  }
  Bytes bytes(static_cast<std::size_t>(info.st_size));
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return storage_error("SecretFile: read");
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

Status sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0) return storage_error("SecretFile: folder");
  return {};
}

bool usable(std::string_view passphrase) {
  return passphrase.size() >= kPassphraseBytesMin && passphrase.size() <= kPassphraseBytesMax;
}

}  // namespace

SecretFile::SecretFile(std::string path, int lock, Bytes header, SealKey key)
    : path_(std::move(path)), lock_(lock), header_(std::move(header)), key_(std::move(key)) {}
SecretFile::SecretFile(SecretFile&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      header_(std::move(other.header_)),
      key_(std::move(other.key_)) {}
SecretFile::~SecretFile() {
  if (lock_ >= 0) ::close(lock_);
}

Result<SecretFile> SecretFile::create(const std::string& path, std::string_view passphrase,
                                      PassphraseCost cost, Entropy& entropy) {
  NV_CHECK(sodium_init() >= 0);
  if (!usable(passphrase)) return fail(Errc::kInvalidValue, "SecretFile: passphrase");
  NV_TRY(const int lock_descriptor, take_lock(path));
  Descriptor lock(lock_descriptor);
  if (::access(path.c_str(), F_OK) == 0) return fail(Errc::kAlreadyExists, "SecretFile::create");
  Bytes header = to_bytes(as_bytes(kMagic));
  header.resize(kMagicBytes);
  Bytes salt(kSaltBytes);
  entropy.fill(salt);
  append(header, salt);
  put_be32(header, cost.passes);
  put_be32(header, cost.memory_kib);
  NV_CHECK(header.size() == kHeaderBytes);
  NV_TRY(SealKey key, derive(passphrase, header));
  return SecretFile(path, lock.release(), std::move(header), std::move(key));
}

Result<SecretFile::Opened> SecretFile::open(const std::string& path, std::string_view passphrase) {
  NV_CHECK(sodium_init() >= 0);
  if (::access(path.c_str(), F_OK) != 0) return fail(Errc::kNotFound, "SecretFile::open");
  NV_TRY(const int lock_descriptor, take_lock(path));
  Descriptor lock(lock_descriptor);
  NV_TRY(const Bytes bytes, read_all(path));
  if (bytes.size() < kHeaderBytes) return fail(Errc::kCorrupt, "SecretFile: short");
  Bytes magic = to_bytes(as_bytes(kMagic));
  magic.resize(kMagicBytes);
  if (!std::equal(magic.begin(), magic.end(), bytes.begin())) {
    return fail(Errc::kUnsupported, "SecretFile: layout");
  }
  const ByteView view(bytes);
  Bytes header = to_bytes(view.first(kHeaderBytes));
  if (passphrase.size() > kPassphraseBytesMax) return fail(Errc::kWrongPin, "SecretFile::open");
  NV_TRY(SealKey key, derive(passphrase, header));
  // A damaged byte and a wrong passphrase look the same to an AEAD; the passphrase is by far the likelier.
  auto content = open_sealed(key, view.subspan(kHeaderBytes), header);
  if (!content) return fail(Errc::kWrongPin, "SecretFile::open");
  return Opened{SecretFile(path, lock.release(), std::move(header), std::move(key)), std::move(*content)};
}

Status SecretFile::save(ByteView content, Entropy& entropy) {
  Bytes bytes = header_;
  append(bytes, seal(key_, content, header_, entropy));
  if (bytes.size() > kSecretFileBytesMax) return fail(Errc::kTooLarge, "SecretFile::save");
  const std::string aside = path_ + ".new";
  {
    const Descriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return storage_error("SecretFile: create");
    NV_TRYV(write_all(file.get(), bytes));
    if (::fsync(file.get()) != 0) return storage_error("SecretFile: sync");
  }
  if (::rename(aside.c_str(), path_.c_str()) != 0) return storage_error("SecretFile: rename");
  return sync_folder_of(path_);
}

}  // namespace nattevagt::client
