// One small file under a passphrase: the organisation's keys and names.
//
// Layout: 32 bytes "Nattevagt organisation file v1" padded with zeros; 16 bytes salt; be32 passes; be32
// memory in KiB; then seal() of the content under Argon2id(passphrase, salt, passes, memory), with all before
// it as associated data. Replaced whole (write aside, sync, rename, sync the folder): a crash leaves the old
// or the new one.
//
// Ownership: a resource; holds the derived key and an exclusive lock of the file's folder entry until it
// goes, so that two tools never hand out the same version number.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proto/common/crypto.h"
#include "proto/common/entropy.h"
#include "proto/common/result.h"

namespace nattevagt::client {

// What one try at the passphrase costs. Tests may ask for less; the file remembers what it was made with.
struct PassphraseCost {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 256 * 1024;
};

inline constexpr std::size_t kPassphraseBytesMin = 8;
inline constexpr std::size_t kPassphraseBytesMax = 1024;
inline constexpr std::size_t kSecretFileBytesMax = 8 * 1024 * 1024;

class SecretFile {
 public:
  // kAlreadyExists, kInvalidValue (the passphrase is too short or too long), kStorage, kNoSpace, kBusy.
  static Result<SecretFile> create(const std::string& path, std::string_view passphrase, PassphraseCost cost,
                                   Entropy& entropy);
  struct Opened;
  // kNotFound, kWrongPin, kCorrupt, kUnsupported (another layout), kBusy (another tool has it), kStorage.
  static Result<Opened> open(const std::string& path, std::string_view passphrase);

  ~SecretFile();
  SecretFile(SecretFile&& other) noexcept;
  SecretFile& operator=(SecretFile&&) = delete;

  Status save(ByteView content, Entropy& entropy);

 private:
  SecretFile(std::string path, int lock, Bytes header, SealKey key);
  std::string path_;
  int lock_ = -1;
  Bytes header_;
  SealKey key_;
};

struct SecretFile::Opened {
  SecretFile file;
  SecretBytes content;
};

}  // namespace nattevagt::client
