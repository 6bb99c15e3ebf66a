#include "broker/io/durable_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "proto/common/crypto.h"

namespace nattevagt::broker {
namespace {

// 8 bytes of magic, 8 of index (big endian), 16 of SHA-256 over both: smaller than a sector, but the page
// cache may still tear it, and a torn mark must read as none.
constexpr std::size_t kBodyBytes = 16;
constexpr std::size_t kFileBytes = 32;
using Image = std::array<std::uint8_t, kFileBytes>;

Image image_of(JournalIndex index) noexcept {
  Image image{};
  std::memcpy(image.data(), "NVMARK01", 8);
  for (std::size_t i = 0; i < 8; ++i) image[8 + i] = static_cast<std::uint8_t>(index >> (56 - 8 * i));
  const Digest digest = sha256(ByteView(image).first(kBodyBytes));
  std::memcpy(image.data() + kBodyBytes, digest.data(), kFileBytes - kBodyBytes);
  return image;
}

}  // namespace

DurableMark::~DurableMark() {
  if (file_ >= 0) ::close(file_);
}
DurableMark::DurableMark(DurableMark&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
DurableMark& DurableMark::operator=(DurableMark&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

Result<DurableMark> DurableMark::open(const std::string& path) {
  DurableMark mark;
  mark.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (mark.file_ < 0) return fail(Errc::kStorage, "journal mark");
  return mark;
}

std::optional<JournalIndex> DurableMark::look(const std::string& path) noexcept {
  DurableMark mark;
  mark.file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return mark.file_ < 0 ? std::nullopt : mark.read();
}

std::optional<JournalIndex> DurableMark::read() const noexcept {
  Image found{};
  if (::pread(file_, found.data(), found.size(), 0) != static_cast<ssize_t>(found.size()))
    return std::nullopt;
  JournalIndex index = 0;
  for (std::size_t i = 0; i < 8; ++i) index = (index << 8) | found[8 + i];
  if (found != image_of(index)) return std::nullopt;
  return index;
}

void DurableMark::write(JournalIndex index) const noexcept {
  const Image image = image_of(index);
  [[maybe_unused]] const ssize_t written = ::pwrite(file_, image.data(), image.size(), 0);
}

}  // namespace nattevagt::broker
