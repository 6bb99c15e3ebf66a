#include "client-lib/store/key_file.h"

#include <sodium.h>

#include <algorithm>

#include "client-lib/core/pack.h"
#include "client-lib/store/file_system.h"
#include "proto/common/crypto.h"
#include "proto/common/limits.h"

namespace nattevagt::client {

namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::string_view kMagic = "Nattevagt store keys";
constexpr std::size_t kPinBytesMin = 4;
constexpr std::size_t kPinBytesMax = 256;
constexpr std::size_t kFileBytesMax = 1024;
constexpr std::uint32_t kMemoryKibMin = 8;
constexpr std::uint32_t kMemoryKibMax = 1024 * 1024;
constexpr Millis kFirstDelay = std::chrono::seconds(30);
constexpr Millis kLockedFor = std::chrono::hours(1);

using Salt = std::array<std::uint8_t, crypto_pwhash_SALTBYTES>;

std::string keys_path(const std::string& home) { return home + "/store.keys"; }
std::string tries_path(const std::string& home) { return home + "/store.tries"; }

// What is in clear in front of the sealed key, and is its associated data: a changed cost does not open.
Bytes header(const KeyCost& cost, const Salt& salt) {
  Packer out;
  out.text(kMagic).u64(kVersion).u64(cost.passes).u64(cost.memory_kib).fixed(salt);
  return to_bytes(out.view());
}

Result<SealKey> derive(std::string_view pin, const KeyCost& cost, const Salt& salt) {
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

struct Tries {
  std::uint64_t wrong = 0;
  UtcTime last;
};

Tries read_tries(const std::string& home) {
  const auto bytes = read_small_file(tries_path(home), kFileBytesMax);
  if (!bytes) return {};
  Unpacker in(*bytes);
  Tries out;
  out.wrong = in.u64();
  out.last = in.time();
  // Unreadable is counted as the worst: damage must not be a way to more tries.
  if (!in.done()) return {limits::kWrongPinsMax, UtcTime{}};
  return out;
}

Status write_tries(const std::string& home, const Tries& tries) {
  Packer out;
  out.u64(tries.wrong).time(tries.last);
  return replace_file(tries_path(home), out.view());
}

}  // namespace

bool key_file_exists(const std::string& home) { return file_exists(keys_path(home)); }

Result<StoreKey> make_key_file(const std::string& home, std::string_view pin, const KeyCost& cost,
                               StoreKey key, Entropy& entropy) {
  if (key_file_exists(home)) return fail(Errc::kAlreadyExists, "store.keys");
  Salt salt{};
  entropy.fill(salt);
  NV_TRY(const SealKey wrap, derive(pin, cost, salt));
  Bytes file = header(cost, salt);
  append(file, seal(wrap, key.expose(), file, entropy));
  NV_TRYV(replace_file(keys_path(home), file));
  return key;
}

Millis pin_wait_of(const std::string& home, UtcTime now) {
  const Tries tries = read_tries(home);
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

Result<StoreKey> unlock_key_file(const std::string& home, std::string_view pin, UtcTime now) {
  auto file = read_small_file(keys_path(home), kFileBytesMax);
  if (!file)
    return fail(file.error().code == Errc::kNotFound ? Errc::kNotFound : Errc::kCorrupt, "store.keys");
  Unpacker in(*file);
  const std::string magic = in.text();
  const std::uint64_t version = in.u64();
  const KeyCost cost{static_cast<std::uint32_t>(in.u64()), static_cast<std::uint32_t>(in.u64())};
  const Salt salt = in.fixed<crypto_pwhash_SALTBYTES>();
  if (!in.good() || magic != kMagic) return fail(Errc::kCorrupt, "store.keys");
  if (version != kVersion) return fail(Errc::kUnsupported, "store.keys");
  const Bytes head = header(cost, salt);
  if (file->size() != head.size() + StoreKey::kSize + limits::kSealBytes) {
    return fail(Errc::kCorrupt, "store.keys");
  }
  if (pin_wait_of(home, now) > Millis(0)) return fail(Errc::kLocked, "store.keys");

  const Tries before = read_tries(home);
  NV_TRYV(write_tries(home, {before.wrong + 1, now}));
  const auto wrap = derive(pin, cost, salt);
  if (!wrap)
    return fail(wrap.error().code == Errc::kInvalidValue ? Errc::kWrongPin : wrap.error().code, "PIN");
  const auto opened = open_sealed(*wrap, ByteView(*file).subspan(head.size()), head);
  if (!opened) return fail(Errc::kWrongPin, "store.keys");
  NV_TRYV(write_tries(home, {0, now}));
  return StoreKey::from(opened->expose());
}

}  // namespace nattevagt::client
