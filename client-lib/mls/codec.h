// The TLS presentation language as MLS uses it (RFC 9420 2.1): big-endian integers, vectors with a QUIC-style
// length of 1, 2 or 4 bytes.
//
// Invariants:
//  1. A Reader that has failed stays failed and reads zeros and empty views from then on; finish() tells.
//     So a decoder is a plain list of fields, and cannot forget a check.
//  2. Refused: a length that is not minimal, the 0b11 prefix, a length past the end, an optional's tag beyond
//     1, bytes left over, more elements than the caller's cap. Nothing is allocated before its length is
//     known to be there.
//  3. What decodes, encodes to the same bytes: there is one encoding of each value.
//  4. A secret Writer leaves no copy behind when it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "proto/common/bytes.h"
#include "proto/common/check.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt::mls {

inline constexpr std::size_t kVarintMax = (std::size_t{1} << 30) - 1;

class Writer {
 public:
  enum class Kind : std::uint8_t { kPublic, kSecret };
  explicit Writer(Kind kind = Kind::kPublic) noexcept : kind_(kind) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    if (kind_ == Kind::kSecret) wipe(out_);
  }

  void u8(std::uint8_t value) { raw(ByteView(&value, 1)); }
  void u16(std::uint16_t value) { integer(value, 2); }
  void u32(std::uint32_t value) { integer(value, 4); }
  void u64(std::uint64_t value) { integer(value, 8); }
  void flag(bool present) { u8(present ? 1 : 0); }
  void raw(ByteView bytes);
  void opaque(ByteView bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  void varint(std::size_t length);

  // <V>: what `fill` writes, with its length in front.
  template <class Fill>
  void vector(Fill&& fill) {
    const std::size_t start = out_.size();
    std::forward<Fill>(fill)();
    insert_length(start);
  }
  template <class Range>
  void list(const Range& items) {
    vector([&] {
      for (const auto& item : items) item.encode(*this);
    });
  }

  ByteView view() const noexcept { return out_; }
  Bytes take() {
    NV_CHECK(kind_ == Kind::kPublic);
    return std::move(out_);
  }
  SecretBytes take_secret() const { return SecretBytes(ByteView(out_)); }

 private:
  void integer(std::uint64_t value, int bytes);
  void reserve_more(std::size_t more);
  void insert_length(std::size_t start);

  Kind kind_;
  Bytes out_;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept : bytes_(bytes) {}

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() noexcept { return integer(8); }
  bool flag() noexcept;
  std::size_t varint() noexcept;
  ByteView raw(std::size_t size) noexcept;
  ByteView opaque() noexcept { return raw(varint()); }
  Bytes bytes() { return to_bytes(opaque()); }
  ByteView rest() noexcept { return raw(bytes_.size() - at_); }

  // <V>: `each` reads one element, until the vector's end; at most `count_max` of them.
  template <class Each>
  void vector(std::size_t count_max, Each&& each) {
    const std::size_t size = varint();
    if (!ok()) return;
    if (size > bytes_.size() - at_) return fail();
    const ByteView whole = bytes_;
    bytes_ = bytes_.first(at_ + size);
    for (std::size_t count = 0; ok() && at_ < bytes_.size(); ++count) {
      if (count == count_max) fail(Errc::kTooLarge);
      const std::size_t before = at_;
      if (ok()) each();
      if (at_ == before) fail();
    }
    bytes_ = whole;
  }
  template <class T>
  std::vector<T> list(std::size_t count_max) {
    std::vector<T> out;
    vector(count_max, [&] { out.push_back(T::decode(*this)); });
    return out;
  }

  bool ok() const noexcept { return error_ == Errc{}; }
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  std::size_t position() const noexcept { return at_; }
  void fail(Errc code = Errc::kMalformed) noexcept {
    if (ok()) error_ = code;
  }
  // Read without a fault so far; `finish` also: to the last byte.
  Status status(const char* where) const noexcept;
  Status finish(const char* where) const noexcept;

 private:
  std::uint64_t integer(std::size_t size) noexcept;

  ByteView bytes_;
  std::size_t at_ = 0;
  Errc error_{};
};

template <class T>
Bytes encode(const T& value) {
  Writer out;
  value.encode(out);
  return out.take();
}

template <class T>
Result<T> decode(ByteView bytes, const char* where) {
  Reader in(bytes);
  T value = T::decode(in);
  NV_TRYV(in.finish(where));
  return value;
}

// A secret of fixed size; all zero when `in` ran out, which `in` remembers.
template <class S>
S read_secret(Reader& in) {
  S out;
  const ByteView bytes = in.raw(S::kSize);
  if (bytes.size() == S::kSize) std::copy(bytes.begin(), bytes.end(), out.expose().begin());
  return out;
}

}  // namespace nattevagt::mls
