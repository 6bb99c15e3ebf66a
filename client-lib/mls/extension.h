// Extensions (RFC 9420 13) and the registry numbers that this build names. Whatever the type, the bytes are
// kept as they came, so that signatures and hashes over them still fit.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/common/bytes.h"

namespace nattevagt::mls {

struct Extension {
  std::uint16_t type = 0;
  Bytes data;
  friend bool operator==(const Extension&, const Extension&) = default;
};
using Extensions = std::vector<Extension>;

// RFC 9420 17.3; last_resort is of draft-ietf-mls-extensions.
namespace extension_type {
inline constexpr std::uint16_t kApplicationId = 1;
inline constexpr std::uint16_t kRatchetTree = 2;
inline constexpr std::uint16_t kRequiredCapabilities = 3;
inline constexpr std::uint16_t kExternalPub = 4;
inline constexpr std::uint16_t kExternalSenders = 5;
inline constexpr std::uint16_t kLastResort = 10;
}  // namespace extension_type

inline constexpr std::uint16_t kVersionMls10 = 1;
inline constexpr std::uint16_t kSuite = 0x0003;  // X25519, ChaCha20-Poly1305, SHA-256, Ed25519

// RFC 9420 13.5: 0x0A0A, 0x1A1A ... 0xEAEA mean nothing, and are sent so that nobody forgets to ignore them.
constexpr bool is_grease(std::uint16_t value) noexcept {
  return (value & 0x0f0f) == 0x0a0a && (value >> 8) == (value & 0xff) && value != 0xfafa;
}
constexpr std::uint16_t grease_value(std::uint8_t draw) noexcept {
  const unsigned high = draw % 15u;
  return static_cast<std::uint16_t>(high << 12 | 0x0a00u | high << 4 | 0x0au);
}

// Default types need no listing in capabilities (RFC 9420 7.2).
constexpr bool is_default_extension(std::uint16_t type) noexcept { return type >= 1 && type <= 5; }
constexpr bool is_default_proposal(std::uint16_t type) noexcept { return type >= 1 && type <= 7; }

inline const Extension* find_extension(const Extensions& extensions, std::uint16_t type) noexcept {
  for (const Extension& extension : extensions) {
    if (extension.type == type) return &extension;
  }
  return nullptr;
}

}  // namespace nattevagt::mls
