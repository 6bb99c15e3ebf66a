#include "client-lib/store/pin.h"

#include <sodium.h>

#include <algorithm>

#include "proto/common/limits.h"

namespace nattevagt::client {

namespace {

constexpr std::size_t kPinBytesMin = 4;
constexpr std::size_t kPinBytesMax = 256;
constexpr std::uint32_t kMemoryKibMin = 8;
constexpr std::uint32_t kMemoryKibMax = 1024 * 1024;
constexpr Millis kFirstDelay = std::chrono::seconds(30);
constexpr Millis kLockedFor = std::chrono::hours(1);
static_assert(std::tuple_size_v<PinSalt> == crypto_pwhash_SALTBYTES);

}  // namespace

Result<SealKey> derive_pin(std::string_view pin, const KeyCost& cost, const PinSalt& salt) {
  if (pin.size() < kPinBytesMin || pin.size() > kPinBytesMax) return fail(Errc::kInvalidValue, "PIN");
  if (cost.passes < crypto_pwhash_OPSLIMIT_MIN || cost.memory_kib < kMemoryKibMin ||
      cost.memory_kib > kMemoryKibMax) {
    return fail(Errc::kInvalidValue, "PIN cost");
  }
  SealKey out;
  if (crypto_pwhash(out.expose().data(), out.expose().size(), pin.data(), pin.size(), salt.data(),
                    cost.passes, std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::kStorage, "crypto_pwhash: no memory");
  }
  return out;
}

Millis pin_wait_after(const PinTries& tries, UtcTime now) {
  if (tries.wrong < limits::kWrongPinsBeforeDelay) return Millis(0);
  Millis wait = kLockedFor;
  if (tries.wrong < limits::kWrongPinsMax) {
    wait = kFirstDelay;
    for (std::uint64_t i = limits::kWrongPinsBeforeDelay; i < tries.wrong && wait < kLockedFor; ++i)
      wait *= 2;
    wait = std::min(wait, kLockedFor);
  }
  // A clock that was set back does not make the wait longer than it is.
  return std::clamp(Millis(tries.last + wait - now), Millis(0), wait);
}

}  // namespace nattevagt::client
