// Internal to wire/*.cpp: numbers as they are hashed and signed.
#pragma once

#include <array>
#include <cstdint>

namespace nattevagt::wire {

inline std::array<std::uint8_t, 8> be64(std::uint64_t value) noexcept {
  std::array<std::uint8_t, 8> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
  return out;
}
inline std::array<std::uint8_t, 4> be32(std::uint32_t value) noexcept {
  std::array<std::uint8_t, 4> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return out;
}

}  // namespace nattevagt::wire
