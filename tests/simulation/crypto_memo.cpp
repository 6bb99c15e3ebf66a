#include "tests/simulation/crypto_memo.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include "tests/simulation/draw.h"

// The linker's own names for a wrapped function and the one behind it.
extern "C" {
int __real_crypto_sign_verify_detached(const unsigned char*, const unsigned char*, unsigned long long,
                                       const unsigned char*);
int __wrap_crypto_sign_verify_detached(const unsigned char*, const unsigned char*, unsigned long long,
                                       const unsigned char*);
int __real_crypto_sign_detached(unsigned char*, unsigned long long*, const unsigned char*, unsigned long long,
                                const unsigned char*);
int __wrap_crypto_sign_detached(unsigned char*, unsigned long long*, const unsigned char*, unsigned long long,
                                const unsigned char*);
int __real_crypto_sign_seed_keypair(unsigned char*, unsigned char*, const unsigned char*);
int __wrap_crypto_sign_seed_keypair(unsigned char*, unsigned char*, const unsigned char*);
int __real_crypto_scalarmult(unsigned char*, const unsigned char*, const unsigned char*);
int __wrap_crypto_scalarmult(unsigned char*, const unsigned char*, const unsigned char*);
int __real_crypto_scalarmult_base(unsigned char*, const unsigned char*);
int __wrap_crypto_scalarmult_base(unsigned char*, const unsigned char*);
}

namespace {

constexpr std::size_t kRememberedMax = 100'000;
constexpr std::size_t kAgreedMax = 2'000;  // asked for again within the night

enum class Curves : std::uint8_t { kStandIn, kReal };
Curves curves = Curves::kStandIn;
bool making_base = false;
bool real_agreement() { return making_base || curves == Curves::kReal; }

template <std::size_t Size>
using Block = std::array<std::uint8_t, Size>;
struct FirstBytes {  // seeds and signatures are as good as random
  template <std::size_t Size>
  std::size_t operator()(const Block<Size>& block) const {
    std::size_t out = 0;
    std::memcpy(&out, block.data(), sizeof out);
    return out;
  }
};
template <std::size_t Key, class Value>
using Memo = std::unordered_map<Block<Key>, Value, FirstBytes>;

template <std::size_t Size>
Block<Size> block(const unsigned char* bytes) {
  Block<Size> out;
  std::memcpy(out.data(), bytes, Size);
  return out;
}

using nattevagt::simulation::mixed;

using Mark = std::array<std::uint64_t, 2>;

// Two lanes of multiply and mix: no forger is at work here but our own bit flips.
Mark mark_of(const unsigned char* bytes, unsigned long long size) {
  std::uint64_t a = 0x9e3779b97f4a7c15ULL ^ size, b = 0xc2b2ae3d27d4eb4fULL;
  while (size > 0) {
    std::uint64_t word = 0;
    const auto part = size < 8 ? size : 8;
    std::memcpy(&word, bytes, static_cast<std::size_t>(part));
    a = (a ^ word) * 0xff51afd7ed558ccdULL;
    a ^= a >> 32;
    b = (b + word) * 0x165667b19e3779f9ULL;
    b ^= b >> 29;
    bytes += part;
    size -= part;
  }
  return {a, b};
}

template <std::size_t Size>
Block<Size> spread(const Mark& one, const Mark& other) {
  Block<Size> out;
  for (std::size_t i = 0; i < Size / 8; ++i) {
    const std::uint64_t word = mixed(one[i % 2] ^ mixed(one[1 - i % 2] + i) ^ mixed(other[i % 2] ^ i));
    std::memcpy(out.data() + 8 * i, &word, sizeof word);
  }
  return out;
}

Block<crypto_sign_BYTES> signature_of(const unsigned char* message, unsigned long long size,
                                      const unsigned char* key) {
  return spread<crypto_sign_BYTES>(mark_of(message, size), mark_of(key, crypto_sign_PUBLICKEYBYTES));
}

struct Asked {
  std::array<std::uint64_t, 2> message;
  Block<crypto_sign_PUBLICKEYBYTES> key;
  int answer = 0;
};
Memo<crypto_sign_BYTES, Asked>& verified() {
  static Memo<crypto_sign_BYTES, Asked> known;
  return known;
}

void remember(const unsigned char* signature, const Asked& asked) {
  if (verified().size() >= kRememberedMax) verified().clear();
  verified().insert_or_assign(block<crypto_sign_BYTES>(signature), asked);
}

// Of X25519: public keys by the secret ones, what was agreed on by the two public ones in order.
using KeyMemo = Memo<crypto_scalarmult_SCALARBYTES, Block<crypto_scalarmult_BYTES>>;
using AgreedMemo = Memo<2 * crypto_scalarmult_BYTES, Block<crypto_scalarmult_BYTES>>;
struct Remembered {
  KeyMemo keys;
  AgreedMemo agreed;
};
Remembered& of_base() {
  static Remembered known;
  return known;
}
Remembered& of_night() {
  static Remembered known;
  return known;
}

template <class MemoOf, class Key, class Value>
void keep(MemoOf& memo, std::size_t most, const Key& key, const Value& value) {
  if (!making_base && memo.size() >= most) memo.clear();
  memo[key] = value;
}

}  // namespace

int __wrap_crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* message,
                                       unsigned long long size, const unsigned char* key) {
  if (block<crypto_sign_BYTES>(signature) == signature_of(message, size, key)) return 0;
  Asked asked{mark_of(message, size), block<crypto_sign_PUBLICKEYBYTES>(key)};
  const auto found = verified().find(block<crypto_sign_BYTES>(signature));
  if (found != verified().end() && found->second.message == asked.message && found->second.key == asked.key) {
    return found->second.answer;
  }
  asked.answer = __real_crypto_sign_verify_detached(signature, message, size, key);
  remember(signature, asked);
  return asked.answer;
}

// A secret key ends in its public half.
int __wrap_crypto_sign_detached(unsigned char* signature, unsigned long long* length,
                                const unsigned char* message, unsigned long long size,
                                const unsigned char* key) {
  if (curves == Curves::kStandIn) {
    const auto made = signature_of(message, size, key + 32);
    std::memcpy(signature, made.data(), made.size());
    if (length != nullptr) *length = made.size();
    return 0;
  }
  const int done = __real_crypto_sign_detached(signature, length, message, size, key);
  if (done == 0) remember(signature, {mark_of(message, size), block<32>(key + 32), 0});
  return done;
}

int __wrap_crypto_sign_seed_keypair(unsigned char* open, unsigned char* secret, const unsigned char* seed) {
  static Memo<crypto_sign_SEEDBYTES, Block<crypto_sign_SECRETKEYBYTES>> known;
  const auto asked = block<crypto_sign_SEEDBYTES>(seed);
  const auto found = known.find(asked);
  if (found != known.end()) {
    std::memcpy(secret, found->second.data(), crypto_sign_SECRETKEYBYTES);
    std::memcpy(open, secret + 32, crypto_sign_PUBLICKEYBYTES);
    return 0;
  }
  const int done = __real_crypto_sign_seed_keypair(open, secret, seed);
  if (known.size() >= kRememberedMax) known.clear();
  if (done == 0) known[asked] = block<crypto_sign_SECRETKEYBYTES>(secret);
  return done;
}

int __wrap_crypto_scalarmult_base(unsigned char* open, const unsigned char* secret) {
  const auto asked = block<crypto_scalarmult_SCALARBYTES>(secret);
  for (const Remembered* known : {&of_base(), &of_night()}) {
    const auto found = known->keys.find(asked);
    if (found == known->keys.end()) continue;
    std::memcpy(open, found->second.data(), crypto_scalarmult_BYTES);
    return 0;
  }
  if (!real_agreement()) {
    const auto made = spread<crypto_scalarmult_BYTES>(mark_of(secret, crypto_scalarmult_SCALARBYTES), Mark{});
    std::memcpy(open, made.data(), made.size());
    return 0;
  }
  const int done = __real_crypto_scalarmult_base(open, secret);
  auto& into = making_base ? of_base() : of_night();
  if (done == 0) keep(into.keys, kRememberedMax, asked, block<crypto_scalarmult_BYTES>(open));
  return done;
}

// Both sides of an agreement get the same: known by the two public keys, in order.
int __wrap_crypto_scalarmult(unsigned char* shared, const unsigned char* secret, const unsigned char* peer) {
  Block<crypto_scalarmult_BYTES> own;
  if (const int done = __wrap_crypto_scalarmult_base(own.data(), secret); done != 0) return done;
  const auto other = block<crypto_scalarmult_BYTES>(peer);
  Block<2 * crypto_scalarmult_BYTES> both;
  const auto& [first, second] = std::minmax(own, other);
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), both.begin()));
  for (const Remembered* known : {&of_base(), &of_night()}) {
    const auto found = known->agreed.find(both);
    if (found == known->agreed.end()) continue;
    std::memcpy(shared, found->second.data(), crypto_scalarmult_BYTES);
    return 0;
  }
  if (!real_agreement()) {
    const auto made = spread<crypto_scalarmult_BYTES>(mark_of(both.data(), both.size()), Mark{});
    std::memcpy(shared, made.data(), made.size());
    return 0;
  }
  const int done = __real_crypto_scalarmult(shared, secret, peer);
  auto& into = making_base ? of_base() : of_night();
  if (done == 0) keep(into.agreed, kAgreedMax, both, block<crypto_scalarmult_BYTES>(shared));
  return done;
}

namespace nattevagt::simulation {

void use_real_curves(bool on) { curves = on ? Curves::kReal : Curves::kStandIn; }

MakingBase::MakingBase() { making_base = true; }
MakingBase::~MakingBase() { making_base = false; }

}  // namespace nattevagt::simulation
