// SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869).
//
// SHA-256 is libcrypto's, which uses the processor's SHA instructions where it has them: libsodium's is
// portable C and takes seven times as long, and a hub and an MLS group hash more than they sign. HMAC is ours,
// twenty lines: libcrypto's own costs more to set up than the hash that it computes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "proto/common/bytes.h"

namespace nattevagt {

using Digest = std::array<std::uint8_t, 32>;  // SHA-256

Digest sha256(ByteView bytes) noexcept;
Digest sha256(std::initializer_list<ByteView> parts) noexcept;  // of the parts one after another

// HMAC-SHA-256 under one key, which is taken in once however often it is used. A secret; wiped at its end.
class HmacKey {
 public:
  explicit HmacKey(ByteView key) noexcept;
  HmacKey(const HmacKey&) = delete;
  HmacKey& operator=(const HmacKey&) = delete;
  ~HmacKey();

  Digest mac(std::initializer_list<ByteView> parts) const noexcept;  // of the parts one after another
  // HKDF-Expand with this as the pseudorandom key. Fills `out` whole; its size is at most 255 * 32 bytes
  // (NV_CHECK).
  void expand(ByteView info, std::span<std::uint8_t> out) const noexcept;

 private:
  static constexpr std::size_t kStateBytes = 112;  // libcrypto's SHA256_CTX
  using State = std::array<std::uint8_t, kStateBytes>;
  alignas(16) State inner_{};  // after the key's first block
  alignas(16) State outer_{};
};

Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) noexcept;
void hkdf_extract(ByteView salt, ByteView input, std::span<std::uint8_t, 32> out) noexcept;
void hkdf_expand(ByteView pseudo_random_key, ByteView info, std::span<std::uint8_t> out) noexcept;

}  // namespace nattevagt
