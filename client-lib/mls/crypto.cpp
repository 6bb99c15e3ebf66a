#include "client-lib/mls/crypto.h"

#include <sodium.h>

#include "proto/common/check.h"

namespace nattevagt::mls {
namespace {

constexpr std::string_view kMlsLabel = "MLS 1.0 ";
constexpr std::array<std::uint8_t, 5> kKemSuite = {'K', 'E', 'M', 0x00, 0x20};
constexpr std::array<std::uint8_t, 10> kHpkeSuite = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03};
constexpr std::string_view kHpkeVersion = "HPKE-v1";
constexpr std::string_view kExternalInitLabel = "MLS 1.0 external init secret";

using Block = Secret<struct HpkeBlockPurpose, 32>;

void label_into(Writer& out, std::string_view label) {
  out.varint(kMlsLabel.size() + label.size());
  out.raw(as_bytes(kMlsLabel));
  out.raw(as_bytes(label));
}

// RFC 9180 4. Salt and input are secret or public as the caller has them; the joined input is wiped.
Block labeled_extract(ByteView suite, ByteView salt, std::string_view label, ByteView input) {
  Writer joined(Writer::Kind::kSecret);
  joined.raw(as_bytes(kHpkeVersion));
  joined.raw(suite);
  joined.raw(as_bytes(label));
  joined.raw(input);
  return kdf_extract<Block>(salt, joined.view());
}

void labeled_expand(ByteView suite, const Expander& key, std::string_view label, ByteView info,
                    std::span<std::uint8_t> out) {
  Writer joined;
  joined.u16(static_cast<std::uint16_t>(out.size()));
  joined.raw(as_bytes(kHpkeVersion));
  joined.raw(suite);
  joined.raw(as_bytes(label));
  joined.raw(info);
  key.expand(joined.view(), out);
}

// RFC 9180 4.1: ExtractAndExpand over the Diffie-Hellman result and both public keys.
Block kem_shared_secret(const Block& dh, ByteView kem_output, ByteView receiver) {
  Bytes context = to_bytes(kem_output);
  append(context, receiver);
  const Block eae = labeled_extract(kKemSuite, {}, "eae_prk", dh.expose());
  Block shared;
  labeled_expand(kKemSuite, Expander(eae.expose()), "shared_secret", context, shared.expose());
  return shared;
}

struct HpkeContext {
  AeadKey key;
  AeadNonce nonce;
};

// RFC 9180 5.1, base mode.
HpkeContext key_schedule(const Block& shared, const HpkeInfo& info) {
  const Block secret = labeled_extract(kHpkeSuite, shared.expose(), "secret", {});
  const Expander expander(secret.expose());
  HpkeContext out;
  labeled_expand(kHpkeSuite, expander, "key", info.bytes, out.key.expose());
  labeled_expand(kHpkeSuite, expander, "base_nonce", info.bytes, out.nonce.expose());
  return out;
}

HpkeInfo key_schedule_context(ByteView info) {
  const Block psk_id_hash = labeled_extract(kHpkeSuite, {}, "psk_id_hash", {});
  const Block info_hash = labeled_extract(kHpkeSuite, {}, "info_hash", info);
  HpkeInfo out;  // mode_base = 0x00 in front
  std::copy(psk_id_hash.expose().begin(), psk_id_hash.expose().end(), out.bytes.begin() + 1);
  std::copy(info_hash.expose().begin(), info_hash.expose().end(), out.bytes.begin() + 33);
  return out;
}

Result<Block> diffie_hellman(const HpkePrivateKey& secret, ByteView peer) {
  if (peer.size() != kHpkePublicBytes) return fail(Errc::kCrypto, "RFC 9180 7.1.1");
  Block out;
  if (crypto_scalarmult(out.expose().data(), secret.expose().data(), peer.data()) != 0) {
    return fail(Errc::kCrypto, "RFC 9180 7.1.4");
  }
  return out;
}

struct Encapsulated {
  Bytes kem_output;
  Block shared;
};

Result<Encapsulated> encapsulate(ByteView public_key, Entropy& entropy) {
  const HpkeKeyPair ephemeral = hpke_generate(entropy);
  NV_TRY(const Block dh, diffie_hellman(ephemeral.secret, public_key));
  Encapsulated out;
  out.kem_output = to_bytes(ephemeral.key);
  out.shared = kem_shared_secret(dh, out.kem_output, public_key);
  return out;
}

Result<Block> decapsulate(const HpkePrivateKey& secret, const HpkePublicKey& own, ByteView kem_output) {
  NV_TRY(const Block dh, diffie_hellman(secret, kem_output));
  return kem_shared_secret(dh, kem_output, own);
}

Bytes encrypt_context(std::string_view label, ByteView context) {
  Writer out;
  label_into(out, label);
  out.opaque(context);
  return out.take();
}

// RFC 9180 5.3: the exporter secret, and from it the init secret. Nothing else here exports.
InitSecret external_init_export(const Block& shared) {
  const Block secret = labeled_extract(kHpkeSuite, shared.expose(), "secret", {});
  Block exporter;
  labeled_expand(kHpkeSuite, Expander(secret.expose()), "exp", key_schedule_context({}).bytes,
                 exporter.expose());
  InitSecret out;
  labeled_expand(kHpkeSuite, Expander(exporter.expose()), "sec", as_bytes(kExternalInitLabel), out.expose());
  return out;
}

Bytes sign_content(std::string_view label, ByteView content) {
  Writer out;
  label_into(out, label);
  out.opaque(content);
  return out.take();
}

}  // namespace

void Expander::with_label(std::string_view label, ByteView context, std::span<std::uint8_t> out) const {
  Writer info;
  info.u16(static_cast<std::uint16_t>(out.size()));
  label_into(info, label);
  info.opaque(context);
  expand(info.view(), out);
}

Digest ref_hash(std::string_view label, ByteView value) {
  Writer input;
  input.opaque(as_bytes(label));
  input.opaque(value);
  return sha256(input.view());
}

Signature sign_with_label(const SignKey& key, std::string_view label, ByteView content) {
  return key.sign_raw(sign_content(label, content));
}

bool verify_with_label(ByteView public_key, std::string_view label, ByteView content, ByteView signature) {
  if (public_key.size() != kSignPublicBytes) return false;
  SignPublicKey key;
  std::copy(public_key.begin(), public_key.end(), key.bytes.begin());
  return verify_raw(key, sign_content(label, content), signature);
}

Digest mac(ByteView key, ByteView data) { return hmac_sha256(key, {data}); }

bool mac_matches(const Digest& expected, ByteView received) noexcept {
  return received.size() == expected.size() && equal_constant_time(expected, received);
}

Bytes aead_seal(const AeadKey& key, const AeadNonce& nonce, ByteView associated, ByteView plaintext) {
  Bytes out(plaintext.size() + kTagBytes);
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), nullptr, plaintext.data(), plaintext.size(),
                                            associated.data(), associated.size(), nullptr,
                                            nonce.expose().data(), key.expose().data());
  return out;
}

Result<SecretBytes> aead_open(const AeadKey& key, const AeadNonce& nonce, ByteView associated,
                              ByteView ciphertext) {
  if (ciphertext.size() < kTagBytes) return fail(Errc::kCrypto, "aead_open");
  SecretBytes out(ciphertext.size() - kTagBytes);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(out.expose().data(), nullptr, nullptr, ciphertext.data(),
                                                ciphertext.size(), associated.data(), associated.size(),
                                                nonce.expose().data(), key.expose().data()) != 0) {
    return fail(Errc::kCrypto, "aead_open");
  }
  return out;
}

HpkePublicKey hpke_public(const HpkePrivateKey& secret) noexcept {
  HpkePublicKey out{};
  crypto_scalarmult_base(out.data(), secret.expose().data());
  return out;
}

HpkeKeyPair hpke_generate(Entropy& entropy) {
  HpkeKeyPair out;
  out.secret = entropy.make_secret<HpkePrivateKey>();
  out.key = hpke_public(out.secret);
  return out;
}

HpkeKeyPair hpke_derive(ByteView input_key_material) {
  const Block prk = labeled_extract(kKemSuite, {}, "dkp_prk", input_key_material);
  HpkeKeyPair out;
  labeled_expand(kKemSuite, Expander(prk.expose()), "sk", {}, out.secret.expose());
  out.key = hpke_public(out.secret);
  return out;
}

void HpkeCiphertext::encode(Writer& out) const {
  out.opaque(kem_output);
  out.opaque(ciphertext);
}

HpkeCiphertext HpkeCiphertext::decode(Reader& in) {
  HpkeCiphertext out;
  out.kem_output = in.bytes();
  out.ciphertext = in.bytes();
  return out;
}

HpkeInfo hpke_info(std::string_view label, ByteView context) {
  return key_schedule_context(encrypt_context(label, context));
}

Result<HpkeCiphertext> hpke_seal(ByteView public_key, const HpkeInfo& info, ByteView plaintext,
                                 Entropy& entropy) {
  NV_TRY(Encapsulated sealed, encapsulate(public_key, entropy));
  const HpkeContext keys = key_schedule(sealed.shared, info);
  HpkeCiphertext out;
  out.kem_output = std::move(sealed.kem_output);
  out.ciphertext = aead_seal(keys.key, keys.nonce, {}, plaintext);
  return out;
}

Result<HpkeCiphertext> encrypt_with_label(ByteView public_key, std::string_view label, ByteView context,
                                          ByteView plaintext, Entropy& entropy) {
  return hpke_seal(public_key, hpke_info(label, context), plaintext, entropy);
}

Result<SecretBytes> decrypt_with_label(const HpkePrivateKey& secret, const HpkePublicKey& own,
                                       std::string_view label, ByteView context,
                                       const HpkeCiphertext& sealed) {
  NV_TRY(const Block shared, decapsulate(secret, own, sealed.kem_output));
  const HpkeContext keys = key_schedule(shared, hpke_info(label, context));
  return aead_open(keys.key, keys.nonce, {}, sealed.ciphertext);
}

Result<ExternalInitSecret> external_init_send(ByteView external_pub, Entropy& entropy) {
  NV_TRY(Encapsulated sealed, encapsulate(external_pub, entropy));
  ExternalInitSecret out;
  out.kem_output = std::move(sealed.kem_output);
  out.secret = external_init_export(sealed.shared);
  return out;
}

Result<InitSecret> external_init_receive(const HpkeKeyPair& external, ByteView kem_output) {
  NV_TRY(const Block shared, decapsulate(external.secret, external.key, kem_output));
  return external_init_export(shared);
}

}  // namespace nattevagt::mls
