#include "proto/common/hash.h"

// The functions of one hash alone: those for any hash cost as much again as a short message.
#define OPENSSL_API_COMPAT 10100
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "proto/common/check.h"
#include "proto/common/secret.h"

namespace nattevagt {
namespace {

constexpr std::size_t kBlockBytes = SHA256_CBLOCK;

// A hash that goes on from any point, and leaves nothing on the stack.
class Running {
 public:
  Running() noexcept { SHA256_Init(&state_); }
  explicit Running(ByteView state) noexcept { std::memcpy(&state_, state.data(), sizeof state_); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { wipe({reinterpret_cast<std::uint8_t*>(&state_), sizeof state_}); }

  void add(ByteView part) noexcept { SHA256_Update(&state_, part.data(), part.size()); }
  void save(std::span<std::uint8_t> out) const noexcept { std::memcpy(out.data(), &state_, sizeof state_); }
  Digest finish() noexcept {
    Digest out;
    SHA256_Final(out.data(), &state_);
    return out;
  }

 private:
  SHA256_CTX state_{};
};

}  // namespace

Digest sha256(ByteView bytes) noexcept { return sha256({bytes}); }

Digest sha256(std::initializer_list<ByteView> parts) noexcept {
  Running hash;
  for (const ByteView part : parts) hash.add(part);
  return hash.finish();
}

HmacKey::HmacKey(ByteView key) noexcept {
  static_assert(sizeof(SHA256_CTX) == kStateBytes);
  std::array<std::uint8_t, kBlockBytes> block{};
  Digest hashed{};
  if (key.size() > kBlockBytes) {
    hashed = sha256(key);
    key = hashed;
  }
  std::copy(key.begin(), key.end(), block.begin());
  const auto absorb = [&](std::uint8_t pad, State& state) {
    for (std::uint8_t& byte : block) byte ^= pad;
    Running hash;
    hash.add(block);
    hash.save(state);
  };
  absorb(0x36, inner_);
  absorb(0x36 ^ 0x5c, outer_);  // takes the first pad off again
  wipe(block);
  wipe(hashed);
}

HmacKey::~HmacKey() {
  wipe(inner_);
  wipe(outer_);
}

Digest HmacKey::mac(std::initializer_list<ByteView> parts) const noexcept {
  Running inner{ByteView(inner_)};
  for (const ByteView part : parts) inner.add(part);
  Digest digest = inner.finish();
  Running outer{ByteView(outer_)};
  outer.add(digest);
  wipe(digest);
  return outer.finish();
}

void HmacKey::expand(ByteView info, std::span<std::uint8_t> out) const noexcept {
  NV_CHECK(out.size() <= 255 * Digest{}.size());
  Digest block{};
  ByteView previous;
  std::uint8_t counter = 0;
  for (std::size_t done = 0; done < out.size();) {
    ++counter;
    block = mac({previous, info, ByteView(&counter, 1)});
    previous = block;
    const std::size_t take = std::min(block.size(), out.size() - done);
    std::copy_n(block.begin(), take, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += take;
  }
  wipe(block);
}

Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) noexcept {
  return HmacKey(key).mac(parts);
}

void hkdf_extract(ByteView salt, ByteView input, std::span<std::uint8_t, 32> out) noexcept {
  Digest key = hmac_sha256(salt, {input});
  std::copy(key.begin(), key.end(), out.begin());
  wipe(key);
}

void hkdf_expand(ByteView pseudo_random_key, ByteView info, std::span<std::uint8_t> out) noexcept {
  HmacKey(pseudo_random_key).expand(info, out);
}

}  // namespace nattevagt
