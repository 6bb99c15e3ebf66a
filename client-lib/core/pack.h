// How the core writes its own state into the store's values: fields one after another, big-endian, each value
// with its length where it has one. Only this device reads them; what travels has proto/wire/codec.h.
//
// An Unpacker never reads past its bytes: after the first field that does not fit, all further ones are zero
// and done() is kCorrupt. So a reader is a plain list of fields and one check.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/ids.h"
#include "proto/common/secret.h"

namespace nattevagt::client {

class Packer {
 public:
  Packer& u8(std::uint8_t value) { return raw(ByteView(&value, 1)); }
  template <class Enum>
  Packer& code(Enum value) {
    return u8(static_cast<std::uint8_t>(value));
  }
  Packer& flag(bool value) { return u8(value ? 1 : 0); }
  Packer& u64(std::uint64_t value) {
    std::array<std::uint8_t, 8> big{};
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
    return raw(big);
  }
  Packer& time(UtcTime value) { return u64(static_cast<std::uint64_t>(to_unix_ms(value))); }
  Packer& bytes(ByteView value) {
    u64(value.size());
    return raw(value);
  }
  Packer& text(std::string_view value) { return bytes(as_bytes(value)); }
  template <std::size_t N>
  Packer& fixed(const std::array<std::uint8_t, N>& value) {
    return raw(value);
  }
  template <class Kind>
  Packer& id(const Id<Kind>& value) {
    return fixed(value.bytes);
  }

  ByteView view() const noexcept { return out_; }
  // Values may hold secrets: the working copy is wiped, and so is each that it has outgrown.
  SecretBytes take() {
    SecretBytes out{ByteView(out_)};
    wipe(out_);
    out_.clear();
    return out;
  }
  ~Packer() { wipe(out_); }
  Packer() = default;
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

 private:
  Packer& raw(ByteView more) {
    constexpr std::size_t kLeast = 256;
    if (out_.capacity() - out_.size() < more.size()) {
      Bytes larger;
      larger.reserve(std::max({kLeast, 2 * out_.capacity(), out_.size() + more.size()}));
      append(larger, out_);
      wipe(out_);
      out_ = std::move(larger);
    }
    append(out_, more);
    return *this;
  }

  Bytes out_;
};

class Unpacker {
 public:
  explicit Unpacker(ByteView bytes) noexcept : rest_(bytes) {}

  std::uint8_t u8() {
    const ByteView got = take(1);
    return got.empty() ? std::uint8_t{0} : got[0];
  }
  template <class Enum>
  Enum code(Enum first, Enum last) {
    const std::uint8_t raw = u8();
    if (raw < static_cast<std::uint8_t>(first) || raw > static_cast<std::uint8_t>(last)) {
      bad_ = true;
      return first;
    }
    return static_cast<Enum>(raw);
  }
  bool flag() { return u8() != 0; }
  std::uint64_t u64() {
    std::uint64_t out = 0;
    for (const std::uint8_t byte : take(8)) out = out << 8 | byte;
    return out;
  }
  UtcTime time() { return from_unix_ms(static_cast<std::int64_t>(u64())); }
  ByteView bytes() {
    const std::uint64_t size = u64();
    if (size > rest_.size()) {
      bad_ = true;
      return {};
    }
    return take(static_cast<std::size_t>(size));
  }
  Bytes copy() { return to_bytes(bytes()); }
  std::string text() { return std::string(as_text(bytes())); }
  template <std::size_t N>
  std::array<std::uint8_t, N> fixed() {
    std::array<std::uint8_t, N> out{};
    const ByteView got = take(N);
    std::copy(got.begin(), got.end(), out.begin());
    return out;
  }
  template <class IdType>
  IdType id() {
    IdType out;
    out.bytes = fixed<IdType::kSize>();
    return out;
  }
  // A count of things that follow, each at least one byte.
  std::size_t count() {
    const std::uint64_t value = u64();
    if (value > rest_.size()) bad_ = true;
    return bad_ ? 0 : static_cast<std::size_t>(value);
  }

  bool good() const noexcept { return !bad_; }
  bool more() const noexcept { return !bad_ && !rest_.empty(); }
  Status done() const {
    if (bad_ || !rest_.empty()) return fail(Errc::kCorrupt, "client store value");
    return {};
  }

 private:
  ByteView take(std::size_t size) {
    if (bad_ || size > rest_.size()) {
      bad_ = true;
      return {};
    }
    const ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }

  ByteView rest_;
  bool bad_ = false;
};

}  // namespace nattevagt::client
