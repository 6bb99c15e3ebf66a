#include "client-lib/mls/codec.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace nattevagt::mls {

void Writer::reserve_more(std::size_t more) {
  constexpr std::size_t kLeast = 256;  // most that is hashed or signed is shorter: one allocation
  const std::size_t needed = out_.size() + more;
  if (needed <= out_.capacity()) return;
  const std::size_t capacity = std::max({needed, out_.capacity() * 2, kLeast});
  if (kind_ == Kind::kPublic) return out_.reserve(capacity);
  Bytes larger;
  larger.reserve(capacity);
  larger.assign(out_.begin(), out_.end());
  wipe(out_);
  out_ = std::move(larger);
}

void Writer::raw(ByteView bytes) {
  if (bytes.empty()) return;
  reserve_more(bytes.size());
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void Writer::integer(std::uint64_t value, int bytes) {
  std::array<std::uint8_t, 8> big{};
  for (int i = 0; i < bytes; ++i)
    big[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value >> (8 * (bytes - 1 - i)));
  raw(ByteView(big).first(static_cast<std::size_t>(bytes)));
}

void Writer::varint(std::size_t length) {
  NV_CHECK(length <= kVarintMax);
  if (length < 0x40) return u8(static_cast<std::uint8_t>(length));
  if (length < 0x4000) return u16(static_cast<std::uint16_t>(length | 0x4000));
  u32(static_cast<std::uint32_t>(length) | 0x80000000u);
}

void Writer::insert_length(std::size_t start) {
  const std::size_t content = out_.size() - start;
  const std::size_t header = content < 0x40 ? 1 : content < 0x4000 ? 2 : 4;
  reserve_more(header);
  varint(content);  // at the end, and from there to the front of what it counts
  std::array<std::uint8_t, 4> length{};
  std::uint8_t* const from = out_.data() + start;
  std::memcpy(length.data(), from + content, header);
  std::memmove(from + header, from, content);
  std::memcpy(from, length.data(), header);
}

std::uint64_t Reader::integer(std::size_t size) noexcept {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : raw(size)) value = value << 8 | byte;
  return value;
}

bool Reader::flag() noexcept {
  const std::uint8_t value = u8();
  if (value > 1) fail();
  return ok() && value == 1;
}

std::size_t Reader::varint() noexcept {
  const std::uint8_t first = u8();
  const unsigned prefix = first >> 6;
  if (prefix == 3) {
    fail();
    return 0;
  }
  const std::size_t more = (std::size_t{1} << prefix) - 1;
  std::size_t value = first & 0x3f;
  for (const std::uint8_t byte : raw(more)) value = value << 8 | byte;
  if ((prefix == 1 && value < 0x40) || (prefix == 2 && value < 0x4000)) fail();
  return ok() ? value : 0;
}

ByteView Reader::raw(std::size_t size) noexcept {
  if (!ok() || size > bytes_.size() - at_) {
    fail();
    return {};
  }
  at_ += size;
  return bytes_.subspan(at_ - size, size);
}

Status Reader::status(const char* where) const noexcept {
  if (!ok()) return nattevagt::fail(error_, where);
  return {};
}

Status Reader::finish(const char* where) const noexcept {
  if (ok() && at_ != bytes_.size()) return nattevagt::fail(Errc::kMalformed, where);
  return status(where);
}

}  // namespace nattevagt::mls
