#include "proto/common/secret.h"

#include <sodium.h>

namespace nattevagt {

void wipe(std::span<std::uint8_t> bytes) noexcept {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

}  // namespace nattevagt
