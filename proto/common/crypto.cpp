#include "proto/common/crypto.h"

#include <sodium.h>

#include "proto/common/check.h"

namespace nattevagt {
namespace {

constexpr std::size_t kSealNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kSealTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

Bytes labelled(std::string_view label, ByteView message) {
  Bytes out;
  out.reserve(label.size() + 1 + message.size());
  append(out, as_bytes(label));
  out.push_back(0);
  append(out, message);
  return out;
}

}  // namespace

SignKey SignKey::from_seed(const SignSeed& seed) noexcept {
  SignKey key;
  crypto_sign_seed_keypair(key.public_key_.bytes.data(), key.secret_.expose().data(), seed.expose().data());
  return key;
}

SignKey SignKey::generate(Entropy& entropy) noexcept { return from_seed(entropy.make_secret<SignSeed>()); }

SignSeed SignKey::seed() const noexcept {
  SignSeed seed;
  crypto_sign_ed25519_sk_to_seed(seed.expose().data(), secret_.expose().data());
  return seed;
}

SignKey SignKey::duplicate() const noexcept {
  SignKey copy;
  copy.secret_ = secret_.duplicate();
  copy.public_key_ = public_key_;
  return copy;
}

Signature SignKey::sign(std::string_view label, ByteView message) const {
  return sign_raw(labelled(label, message));
}

Signature SignKey::sign_raw(ByteView message) const noexcept {
  Signature out;
  crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), secret_.expose().data());
  return out;
}

bool verify(const SignPublicKey& key, std::string_view label, ByteView message, const Signature& signature) {
  return verify_raw(key, labelled(label, message), signature);
}

bool verify_raw(const SignPublicKey& key, ByteView message, ByteView signature) noexcept {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.bytes.data()) == 0;
}

CurvePublicKey curve_public_key(const CurveSecretKey& secret) noexcept {
  CurvePublicKey out;
  crypto_scalarmult_base(out.bytes.data(), secret.expose().data());
  return out;
}

Bytes seal(const SealKey& key, ByteView plaintext, ByteView associated, Entropy& entropy) {
  Bytes out(kSealNonceBytes + plaintext.size() + kSealTagBytes);
  entropy.fill(std::span(out).first(kSealNonceBytes));
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kSealNonceBytes, nullptr, plaintext.data(),
                                             plaintext.size(), associated.data(), associated.size(), nullptr,
                                             out.data(), key.expose().data());
  return out;
}

Result<SecretBytes> open_sealed(const SealKey& key, ByteView sealed, ByteView associated) {
  if (sealed.size() < kSealNonceBytes + kSealTagBytes) return fail(Errc::kMalformed, "open_sealed");
  SecretBytes out(sealed.size() - kSealNonceBytes - kSealTagBytes);
  const ByteView cipher = sealed.subspan(kSealNonceBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out.expose().data(), nullptr, nullptr, cipher.data(),
                                                 cipher.size(), associated.data(), associated.size(),
                                                 sealed.data(), key.expose().data()) != 0) {
    return fail(Errc::kCrypto, "open_sealed");
  }
  return out;
}

}  // namespace nattevagt
