// The labelled operations of RFC 9420 5 and HPKE in base mode (RFC 9180) for suite 0x0003:
// DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, ChaCha20Poly1305 0x0003.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "client-lib/mls/codec.h"
#include "client-lib/mls/key_package.h"
#include "proto/common/bytes.h"
#include "proto/common/crypto.h"
#include "proto/common/entropy.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt::mls {

inline constexpr std::size_t kHashBytes = 32;   // KDF.Nh
inline constexpr std::size_t kKeyBytes = 32;    // AEAD.Nk
inline constexpr std::size_t kNonceBytes = 12;  // AEAD.Nn
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kHpkePublicBytes = 32;
inline constexpr std::size_t kSignPublicBytes = 32;

using AeadKey = Secret<struct AeadKeyPurpose, kKeyBytes>;
using AeadNonce = Secret<struct AeadNoncePurpose, kNonceBytes>;
using HpkePublicKey = std::array<std::uint8_t, kHpkePublicBytes>;

// RFC 9420 8, of one secret and as often as needed: the secret is taken into the HMAC once.
class Expander {
 public:
  explicit Expander(ByteView secret) noexcept : key_(secret) {}

  // HKDF-Expand, RFC 5869.
  void expand(ByteView info, std::span<std::uint8_t> out) const noexcept { key_.expand(info, out); }
  // ExpandWithLabel. `out` is filled whole.
  void with_label(std::string_view label, ByteView context, std::span<std::uint8_t> out) const;
  template <class Out>
  Out secret(std::string_view label, ByteView context = {}) const {
    Out out;
    with_label(label, context, out.expose());
    return out;
  }
  template <class Out>
  Out tree_secret(std::string_view label, std::uint32_t generation) const {  // DeriveTreeSecret, 9.1
    const std::array<std::uint8_t, 4> context = {
        static_cast<std::uint8_t>(generation >> 24), static_cast<std::uint8_t>(generation >> 16),
        static_cast<std::uint8_t>(generation >> 8), static_cast<std::uint8_t>(generation)};
    return secret<Out>(label, context);
  }

 private:
  HmacKey key_;
};

inline void expand_with_label(ByteView secret, std::string_view label, ByteView context,
                              std::span<std::uint8_t> out) {
  Expander(secret).with_label(label, context, out);
}
template <class Out>
Out expand_secret(ByteView secret, std::string_view label, ByteView context = {}) {
  return Expander(secret).secret<Out>(label, context);
}
template <class Out>
Out derive_secret(ByteView secret, std::string_view label) {
  return expand_secret<Out>(secret, label);
}
template <class Out>
Out kdf_extract(ByteView salt, ByteView input) {
  Out out;
  hkdf_extract(salt, input, out.expose());
  return out;
}

Digest ref_hash(std::string_view label, ByteView value);  // 5.2

// 5.1.2. A key or signature of another size verifies as false.
Signature sign_with_label(const SignKey& key, std::string_view label, ByteView content);
bool verify_with_label(ByteView public_key, std::string_view label, ByteView content, ByteView signature);

// MAC(key, data), and its check: length first, then in constant time.
Digest mac(ByteView key, ByteView data);
bool mac_matches(const Digest& expected, ByteView received) noexcept;

Bytes aead_seal(const AeadKey& key, const AeadNonce& nonce, ByteView associated, ByteView plaintext);
Result<SecretBytes> aead_open(const AeadKey& key, const AeadNonce& nonce, ByteView associated,
                              ByteView ciphertext);

struct HpkeKeyPair {
  HpkePrivateKey secret;
  HpkePublicKey key{};
};
HpkePublicKey hpke_public(const HpkePrivateKey& secret) noexcept;
HpkeKeyPair hpke_generate(Entropy& entropy);
HpkeKeyPair hpke_derive(ByteView input_key_material);  // RFC 9180 7.1.3

struct HpkeCiphertext {
  Bytes kem_output;
  Bytes ciphertext;

  void encode(Writer& out) const;
  static HpkeCiphertext decode(Reader& in);
  friend bool operator==(const HpkeCiphertext&, const HpkeCiphertext&) = default;
};

// RFC 9180 5.1's key_schedule_context: what depends on label and context alone. Worked out once for many
// receivers: a Welcome's context is the whole GroupInfo, so hashing it again for each would be quadratic.
struct HpkeInfo {
  std::array<std::uint8_t, 65> bytes{};
};
HpkeInfo hpke_info(std::string_view label, ByteView context);
Result<HpkeCiphertext> hpke_seal(ByteView public_key, const HpkeInfo& info, ByteView plaintext,
                                 Entropy& entropy);

// 5.1.3. Errors: kCrypto for a public key of small order (an all-zero shared secret, RFC 9180 7.1.4) or of
// another size, and for a ciphertext that does not open.
Result<HpkeCiphertext> encrypt_with_label(ByteView public_key, std::string_view label, ByteView context,
                                          ByteView plaintext, Entropy& entropy);
Result<SecretBytes> decrypt_with_label(const HpkePrivateKey& secret, const HpkePublicKey& own,
                                       std::string_view label, ByteView context,
                                       const HpkeCiphertext& sealed);

// 8.3: the init secret that an external joiner and the group share.
using InitSecret = Secret<struct InitSecretPurpose, kHashBytes>;
struct ExternalInitSecret {
  Bytes kem_output;
  InitSecret secret;
};
Result<ExternalInitSecret> external_init_send(ByteView external_pub, Entropy& entropy);
Result<InitSecret> external_init_receive(const HpkeKeyPair& external, ByteView kem_output);

}  // namespace nattevagt::mls
