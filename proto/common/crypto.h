// The primitives that hub and clients share, as typed wrappers of libsodium; hashes are in hash.h. What MLS adds
// (HPKE, labelled derivation) is in client-lib/mls/crypto.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "proto/common/bytes.h"
#include "proto/common/entropy.h"
#include "proto/common/hash.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt {

// Ed25519 (RFC 8032).
struct SignPublicKey {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const SignPublicKey&, const SignPublicKey&) = default;
};
using SignSeed = Secret<struct SignSeedPurpose, 32>;
using Signature = std::array<std::uint8_t, 64>;

// A seed with its public key worked out once.
class SignKey {
 public:
  static SignKey from_seed(const SignSeed& seed) noexcept;
  static SignKey generate(Entropy& entropy) noexcept;

  const SignPublicKey& public_key() const noexcept { return public_key_; }
  SignSeed seed() const noexcept;
  SignKey duplicate() const noexcept;

  // Signs label || 0x00 || message: a signature made for one purpose never verifies for another.
  Signature sign(std::string_view label, ByteView message) const;
  // Signs the message as it stands; for MLS, which has labels of its own (RFC 9420 5.1.2).
  Signature sign_raw(ByteView message) const noexcept;

 private:
  Secret<struct SignSecretPurpose, 64> secret_;
  SignPublicKey public_key_;
};

bool verify(const SignPublicKey& key, std::string_view label, ByteView message, const Signature& signature);
bool verify_raw(const SignPublicKey& key, ByteView message, ByteView signature) noexcept;

// CURVE keys of the connection (X25519).
struct CurvePublicKey {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const CurvePublicKey&, const CurvePublicKey&) = default;
};
using CurveSecretKey = Secret<struct CurveSecretPurpose, 32>;
CurvePublicKey curve_public_key(const CurveSecretKey& secret) noexcept;

// Sealed box under a shared key: XChaCha20-Poly1305 with a random 24-byte nonce in front.
using SealKey = Secret<struct SealPurpose, 32>;
Bytes seal(const SealKey& key, ByteView plaintext, ByteView associated, Entropy& entropy);
Result<SecretBytes> open_sealed(const SealKey& key, ByteView sealed, ByteView associated);

}  // namespace nattevagt
