// What a PIN is turned into, and how wrong ones are slowed: of the store's own PIN (key_file.h) and of the PINs of
// people who share a unit's device (profiles.h).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/result.h"

namespace nattevagt::client {

// Argon2id.
struct KeyCost {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 128 * 1024;
};
using PinSalt = std::array<std::uint8_t, 16>;

// kInvalidValue: a PIN of fewer than 4 or more than 256 bytes, a cost out of range; kStorage: no memory for it.
Result<SealKey> derive_pin(std::string_view pin, const KeyCost& cost, const PinSalt& salt);

struct PinTries {
  std::uint64_t wrong = 0;
  UtcTime last;
};
// From kWrongPinsBeforeDelay wrong ones on 30 s, doubled with each; after kWrongPinsMax an hour.
Millis pin_wait_after(const PinTries& tries, UtcTime now);

}  // namespace nattevagt::client
