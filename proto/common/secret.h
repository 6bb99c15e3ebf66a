// Secrets are types: one type a purpose, so that a key cannot be passed where another is meant.
//
// Invariants:
//  1. Move-only. Moving wipes the source; destruction wipes.
//  2. Never printed (<< gives "***"), compared in constant time.
//  3. The bytes are reached only through expose(), which is easy to search for.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>

#include "proto/common/bytes.h"
#include "proto/common/result.h"

namespace nattevagt {

void wipe(std::span<std::uint8_t> bytes) noexcept;

template <class Purpose, std::size_t N>
class Secret {
 public:
  static constexpr std::size_t kSize = N;

  Secret() noexcept = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  static Result<Secret> from(ByteView bytes) {
    if (bytes.size() != N) return fail(Errc::kInvalidValue, "Secret::from");
    Secret out;
    std::copy(bytes.begin(), bytes.end(), out.bytes_.begin());
    return out;
  }
  // An explicit second copy; the caller says by name that there are two now.
  Secret duplicate() const noexcept {
    Secret out;
    out.bytes_ = bytes_;
    return out;
  }

  std::span<const std::uint8_t, N> expose() const noexcept { return bytes_; }
  std::span<std::uint8_t, N> expose() noexcept { return bytes_; }

  friend bool operator==(const Secret& a, const Secret& b) noexcept {
    return equal_constant_time(a.bytes_, b.bytes_);
  }
  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

// Plaintext and other secret bytes whose length is known only at run time. Fixed once made: growing would
// leave copies behind.
class SecretBytes {
 public:
  SecretBytes() noexcept = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(ByteView view) : bytes_(view.begin(), view.end()) {}
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept = default;
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
    }
    return *this;
  }
  ~SecretBytes() { wipe(bytes_); }

  SecretBytes duplicate() const { return SecretBytes(ByteView(bytes_)); }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }
  ByteView expose() const noexcept { return bytes_; }
  std::span<std::uint8_t> expose() noexcept { return bytes_; }

  friend bool operator==(const SecretBytes& a, const SecretBytes& b) noexcept {
    return equal_constant_time(a.bytes_, b.bytes_);
  }
  friend std::ostream& operator<<(std::ostream& out, const SecretBytes&) { return out << "***"; }

 private:
  Bytes bytes_;
};

}  // namespace nattevagt
