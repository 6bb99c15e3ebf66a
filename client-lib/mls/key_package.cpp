#include "client-lib/mls/key_package.h"

#include <algorithm>

#include "client-lib/mls/leaf_validation.h"
#include "client-lib/mls/messages.h"

namespace nattevagt::mls {
namespace {

constexpr std::uint16_t kBundleFormat = 1;

std::uint64_t to_seconds(UtcTime time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds));
}

UtcTime from_seconds(std::uint64_t seconds) {
  constexpr std::uint64_t kMax = static_cast<std::uint64_t>(UtcTime::max().time_since_epoch().count()) / 1000;
  return from_unix_ms(static_cast<std::int64_t>(std::min(seconds, kMax)) * 1000);
}

Result<KeyPackage> parse_key_package(ByteView message) {
  NV_TRY(MlsMessage parsed, parse_message(message));
  KeyPackage* found = std::get_if<KeyPackage>(&parsed.body);
  if (found == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 10");
  return std::move(*found);
}

// What was parsed encodes to the same bytes (codec.h), so they are hashed as they are. `message` is one that
// parse_key_package has taken.
KeyPackageRef ref_in(ByteView message) { return KeyPackage::ref_of(message.subspan(MlsMessage::kHeaderBytes)); }

}  // namespace

KeyPackageBundle make_key_package(const KeyPackageRequest& request, const SignKey& sign_key,
                                  Entropy& entropy) {
  const HpkeKeyPair init = hpke_generate(entropy);
  const HpkeKeyPair leaf = hpke_generate(entropy);
  KeyPackage made;
  made.init_key = to_bytes(init.key);
  made.leaf_node = own_leaf(request.credential, entropy);
  made.leaf_node.encryption_key = to_bytes(leaf.key);
  made.leaf_node.signature_key = to_bytes(sign_key.public_key().bytes);
  made.leaf_node.lifetime = Lifetime{to_seconds(request.not_before), to_seconds(request.not_after)};
  made.leaf_node.sign(sign_key, {});
  if (request.last_resort) made.extensions.push_back({extension_type::kLastResort, {}});
  for (const Extension& grease : made.leaf_node.extensions) made.extensions.push_back(grease);
  made.signature = to_bytes(sign_with_label(sign_key, "KeyPackageTBS", made.tbs()));

  MlsMessage message;
  message.body = std::move(made);
  Result<KeyPackageBundle> out =
      KeyPackageBundle::from_parts(encode(message), init.secret.duplicate(), leaf.secret.duplicate());
  NV_CHECK(out.has_value());
  return std::move(*out);
}

Result<KeyPackageBundle> KeyPackageBundle::from_parts(ByteView message, HpkePrivateKey init_private,
                                                      HpkePrivateKey leaf_private) {
  NV_TRY(const KeyPackage parsed, parse_key_package(message));
  const auto fits = [](const Bytes& key, const HpkePrivateKey& secret) {
    return std::ranges::equal(key, hpke_public(secret));
  };
  if (!fits(parsed.init_key, init_private) || !fits(parsed.leaf_node.encryption_key, leaf_private)) {
    return fail(Errc::kInvalidValue, "KeyPackageBundle");
  }
  KeyPackageBundle out;
  out.message_ = to_bytes(message);
  out.ref_ = ref_in(message);
  out.last_resort_ = find_extension(parsed.extensions, extension_type::kLastResort) != nullptr;
  out.init_private_ = std::move(init_private);
  out.leaf_private_ = std::move(leaf_private);
  return out;
}

SecretBytes KeyPackageBundle::save() const {
  Writer out(Writer::Kind::kSecret);
  out.u16(kBundleFormat);
  out.opaque(message_);
  out.raw(init_private_.expose());
  out.raw(leaf_private_.expose());
  return out.take_secret();
}

Result<KeyPackageBundle> KeyPackageBundle::restore(ByteView saved) {
  Reader in(saved);
  const std::uint16_t format = in.u16();
  if (in.ok() && format != kBundleFormat) return fail(Errc::kUnsupported, "KeyPackageBundle format");
  const ByteView message = in.opaque();
  const ByteView init = in.raw(HpkePrivateKey::kSize);
  const ByteView leaf = in.raw(HpkePrivateKey::kSize);
  if (!in.finish("KeyPackageBundle")) return fail(Errc::kCorrupt, "KeyPackageBundle");
  NV_TRY(HpkePrivateKey init_private, HpkePrivateKey::from(init));
  NV_TRY(HpkePrivateKey leaf_private, HpkePrivateKey::from(leaf));
  Result<KeyPackageBundle> out = from_parts(message, std::move(init_private), std::move(leaf_private));
  if (!out) return fail(Errc::kCorrupt, "KeyPackageBundle");
  return out;
}

Result<KeyPackageInfo> check_key_package(ByteView message, const Validation& validation) {
  NV_TRY(const KeyPackage parsed, parse_key_package(message));
  NV_TRYV(validate_key_package(parsed, nullptr, validation));
  KeyPackageInfo out;
  out.ref = ref_in(message);
  out.credential = parsed.leaf_node.credential;
  out.signature_key = parsed.leaf_node.sign_public();
  out.not_before = from_seconds(parsed.leaf_node.lifetime.not_before);
  out.not_after = from_seconds(parsed.leaf_node.lifetime.not_after);
  out.last_resort = find_extension(parsed.extensions, extension_type::kLastResort) != nullptr;
  return out;
}

Result<std::vector<KeyPackageRef>> welcome_recipients(ByteView message) {
  NV_TRY(const MlsMessage parsed, parse_message(message));
  const Welcome* welcome = std::get_if<Welcome>(&parsed.body);
  if (welcome == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1");
  if (welcome->cipher_suite != kSuite) return fail(Errc::kUnsupported, "RFC 9420 12.4.3.1 suite");
  std::vector<KeyPackageRef> out;
  for (const EncryptedGroupSecrets& secret : welcome->secrets) {
    KeyPackageRef ref;
    if (secret.new_member.size() != ref.bytes.size()) return fail(Errc::kMalformed, "RFC 9420 5.2");
    std::copy(secret.new_member.begin(), secret.new_member.end(), ref.bytes.begin());
    out.push_back(ref);
  }
  return out;
}

}  // namespace nattevagt::mls
