#include "proto/common/entropy.h"

#include <sodium.h>

namespace nattevagt {

SeededEntropy::SeededEntropy(std::uint64_t seed) noexcept {
  for (std::size_t i = 0; i < 8; ++i) key_[i] = static_cast<std::uint8_t>(seed >> (8 * i));
}

void SeededEntropy::fill(std::span<std::uint8_t> out) {
  // A fresh nonce for each call: how a caller cuts its draws does not move another caller's.
  std::array<std::uint8_t, crypto_stream_chacha20_NONCEBYTES> nonce{};
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::uint8_t>(block_ >> (8 * i));
  ++block_;
  if (out.empty()) return;
  crypto_stream_chacha20(out.data(), out.size(), nonce.data(), key_.data());
}

}  // namespace nattevagt
