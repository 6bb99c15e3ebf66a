// Bytes that are public or already encrypted. Secrets have types of their own (secret.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/common/result.h"

namespace nattevagt {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }
inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

std::string to_hex(ByteView bytes);                     // lower case
Result<Bytes> from_hex(std::string_view text);          // kMalformed on odd length or another character
std::string to_base64url(ByteView bytes);               // RFC 4648 section 5, no padding
Result<Bytes> from_base64url(std::string_view text);

// Equal length and equal bytes, in time that depends on the lengths alone.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace nattevagt
