#include "client-lib/store/key_file.h"

#include <algorithm>

#include "client-lib/core/pack.h"
#include "client-lib/store/file_system.h"
#include "proto/common/crypto.h"
#include "proto/common/limits.h"

namespace nattevagt::client {

namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::string_view kMagic = "Nattevagt store keys";
constexpr std::size_t kFileBytesMax = 1024;

std::string keys_path(const std::string& home) { return home + "/store.keys"; }
std::string tries_path(const std::string& home) { return home + "/store.tries"; }

// What is in clear in front of the sealed key, and is its associated data: a changed cost does not open.
Bytes header(const KeyCost& cost, const PinSalt& salt) {
  Packer out;
  out.text(kMagic).u64(kVersion).u64(cost.passes).u64(cost.memory_kib).fixed(salt);
  return to_bytes(out.view());
}

PinTries read_tries(const std::string& home) {
  const auto bytes = read_small_file(tries_path(home), kFileBytesMax);
  if (!bytes) return {};
  Unpacker in(*bytes);
  PinTries out;
  out.wrong = in.u64();
  out.last = in.time();
  // Unreadable is counted as the worst: damage must not be a way to more tries.
  if (!in.done()) return {limits::kWrongPinsMax, UtcTime{}};
  return out;
}

Status write_tries(const std::string& home, const PinTries& tries) {
  Packer out;
  out.u64(tries.wrong).time(tries.last);
  return replace_file(tries_path(home), out.view());
}

struct KeyFile {
  Bytes bytes;
  KeyCost cost;
  PinSalt salt{};
};

Result<KeyFile> read_key_file(const std::string& home) {
  auto file = read_small_file(keys_path(home), kFileBytesMax);
  if (!file)
    return fail(file.error().code == Errc::kNotFound ? Errc::kNotFound : Errc::kCorrupt, "store.keys");
  KeyFile out;
  Unpacker in(*file);
  const std::string magic = in.text();
  const std::uint64_t version = in.u64();
  out.cost.passes = static_cast<std::uint32_t>(in.u64());
  out.cost.memory_kib = static_cast<std::uint32_t>(in.u64());
  out.salt = in.fixed<std::tuple_size_v<PinSalt>>();
  if (!in.good() || magic != kMagic) return fail(Errc::kCorrupt, "store.keys");
  if (version != kVersion) return fail(Errc::kUnsupported, "store.keys");
  out.bytes = std::move(*file);
  return out;
}

}  // namespace

Result<KeyCost> key_file_cost(const std::string& home) {
  NV_TRY(const KeyFile file, read_key_file(home));
  return file.cost;
}

bool key_file_exists(const std::string& home) { return file_exists(keys_path(home)); }

Result<StoreKey> make_key_file(const std::string& home, std::string_view pin, const KeyCost& cost,
                               StoreKey key, Entropy& entropy) {
  if (key_file_exists(home)) return fail(Errc::kAlreadyExists, "store.keys");
  PinSalt salt{};
  entropy.fill(salt);
  NV_TRY(const SealKey wrap, derive_pin(pin, cost, salt));
  Bytes file = header(cost, salt);
  append(file, seal(wrap, key.expose(), file, entropy));
  NV_TRYV(replace_file(keys_path(home), file));
  return key;
}

Millis pin_wait_of(const std::string& home, UtcTime now) { return pin_wait_after(read_tries(home), now); }

Result<StoreKey> unlock_key_file(const std::string& home, std::string_view pin, UtcTime now) {
  NV_TRY(const KeyFile file, read_key_file(home));
  const KeyCost& cost = file.cost;
  const PinSalt& salt = file.salt;
  const Bytes head = header(cost, salt);
  if (file.bytes.size() != head.size() + StoreKey::kSize + limits::kSealBytes) {
    return fail(Errc::kCorrupt, "store.keys");
  }
  if (pin_wait_of(home, now) > Millis(0)) return fail(Errc::kLocked, "store.keys");

  const PinTries before = read_tries(home);
  NV_TRYV(write_tries(home, {before.wrong + 1, now}));
  const auto wrap = derive_pin(pin, cost, salt);
  if (!wrap)
    return fail(wrap.error().code == Errc::kInvalidValue ? Errc::kWrongPin : wrap.error().code, "PIN");
  const auto opened = open_sealed(*wrap, ByteView(file.bytes).subspan(head.size()), head);
  if (!opened) return fail(Errc::kWrongPin, "store.keys");
  NV_TRYV(write_tries(home, {0, now}));
  return StoreKey::from(opened->expose());
}

}  // namespace nattevagt::client
