#include "broker/app/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

// Fixed length: "nattevagt-hub-keys 1\n", then three lines of a name, a blank and hex digits.
constexpr std::string_view kHead = "nattevagt-hub-keys 1\n";
constexpr std::string_view kCurveName = "curve ";
constexpr std::string_view kSignName = "sign ";
constexpr std::string_view kJournalName = "journal ";
constexpr std::size_t kFileBytes =
    kHead.size() + kCurveName.size() + 64 + 1 + kSignName.size() + 64 + 1 + kJournalName.size() + 96 + 1;

// Fills fixed memory, so that growing leaves no copies of keys behind.
class KeyWriter {
 public:
  explicit KeyWriter(std::span<std::uint8_t> out) : out_(out) {}
  void text(std::string_view text) {
    for (const char c : text) put(static_cast<std::uint8_t>(c));
  }
  void hex(ByteView secret) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t byte : secret) {
      put(static_cast<std::uint8_t>(kDigits[byte >> 4]));
      put(static_cast<std::uint8_t>(kDigits[byte & 15]));
    }
    put('\n');
  }
  bool full() const { return at_ == out_.size(); }

 private:
  void put(std::uint8_t byte) {
    NV_CHECK(at_ < out_.size());
    out_[at_++] = byte;
  }
  std::span<std::uint8_t> out_;
  std::size_t at_ = 0;
};

class KeyReader {
 public:
  explicit KeyReader(ByteView in) : in_(in) {}
  bool text(std::string_view wanted) {
    if (in_.size() < wanted.size() || as_text(in_.first(wanted.size())) != wanted) return false;
    in_ = in_.subspan(wanted.size());
    return true;
  }
  bool hex(std::span<std::uint8_t> out) {
    if (in_.size() < 2 * out.size()) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const int high = digit(in_[2 * i]), low = digit(in_[2 * i + 1]);
      if (high < 0 || low < 0) return false;
      out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    in_ = in_.subspan(2 * out.size());
    return text("\n");
  }
  bool at_end() const { return in_.empty(); }

 private:
  static int digit(std::uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  }
  ByteView in_;
};

bool write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

}  // namespace

HubKeys HubKeys::generate(Entropy& entropy) {
  return {entropy.make_secret<CurveSecretKey>(), SignKey::generate(entropy),
          entropy.make_secret<JournalKey>()};
}

Status save_keys(const HubKeys& keys, const std::string& path) {
  SecretBytes bytes(kFileBytes);
  KeyWriter writer(bytes.expose());
  writer.text(kHead);
  writer.text(kCurveName);
  writer.hex(keys.curve.expose());
  writer.text(kSignName);
  const SignSeed seed = keys.sign.seed();
  writer.hex(seed.expose());
  writer.text(kJournalName);
  writer.hex(keys.journal.expose());
  NV_CHECK(writer.full());

  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fail(errno == EEXIST ? Errc::kAlreadyExists : Errc::kStorage, "keys save");
  const bool written = write_all(file, std::as_const(bytes).expose());
  if (::close(file) != 0 || !written) return fail(Errc::kStorage, "keys save");
  return {};
}

Result<HubKeys> load_keys(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(errno == ENOENT ? Errc::kNotFound : Errc::kStorage, "keys load");
  struct stat info{};
  SecretBytes bytes(kFileBytes + 1);
  const bool stated = ::fstat(file, &info) == 0;
  const ssize_t size = stated ? ::read(file, bytes.expose().data(), bytes.size()) : -1;
  ::close(file);
  if (size < 0) return fail(Errc::kStorage, "keys load");
  // systemd gives credentials as 0400 or 0440; others must never read them.
  if ((info.st_mode & (S_IRWXO | S_IWGRP)) != 0) return fail(Errc::kNotPermitted, "keys file mode");

  KeyReader reader(std::as_const(bytes).expose().first(static_cast<std::size_t>(size)));
  CurveSecretKey curve;
  SignSeed seed;
  JournalKey journal;
  const bool well_formed = reader.text(kHead) && reader.text(kCurveName) && reader.hex(curve.expose()) &&
                           reader.text(kSignName) && reader.hex(seed.expose()) && reader.text(kJournalName) &&
                           reader.hex(journal.expose()) && reader.at_end();
  if (!well_formed) return fail(Errc::kMalformed, "keys load");
  return HubKeys{std::move(curve), SignKey::from_seed(seed), std::move(journal)};
}

}  // namespace nattevagt::broker
