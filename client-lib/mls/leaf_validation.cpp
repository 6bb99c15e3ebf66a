#include "client-lib/mls/leaf_validation.h"

#include <algorithm>

#include "client-lib/mls/crypto.h"

namespace nattevagt::mls {
namespace {

bool lists(const std::vector<std::uint16_t>& types, std::uint16_t type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

LeafNodeSource expected_source(CredentialUse use, LeafNodeSource found) {
  switch (use) {
    case CredentialUse::kOwn:
    case CredentialUse::kKeyPackage: return LeafNodeSource::kKeyPackage;
    case CredentialUse::kUpdate: return LeafNodeSource::kUpdate;
    case CredentialUse::kCommit:
    case CredentialUse::kExternalJoin:
    case CredentialUse::kResync: return LeafNodeSource::kCommit;
    case CredentialUse::kJoin:  // a tree holds all three
    case CredentialUse::kExternalSender: break;
  }
  return found;
}

Status check_lifetime(const LeafNode& leaf, CredentialUse use, const Validation& validation) {
  if (leaf.source != LeafNodeSource::kKeyPackage || !validation.check_lifetime) return {};
  const Lifetime& lifetime = leaf.lifetime;
  if (lifetime.not_after < lifetime.not_before) return fail(Errc::kInvalidValue, "RFC 9420 7.2 lifetime");
  const auto range_max = std::chrono::duration_cast<std::chrono::seconds>(validation.lifetime_max);
  if (validation.lifetime_max != Validation::kAnyLifetime &&
      lifetime.not_after - lifetime.not_before > static_cast<std::uint64_t>(range_max.count())) {
    return fail(Errc::kInvalidValue, "RFC 9420 7.2 lifetime range");
  }
  // 7.3: a member that has been in the tree for long may have outlived the KeyPackage it came by.
  if (use == CredentialUse::kJoin) return {};
  const auto seconds = [](UtcTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  };
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds(validation.now)));
  const auto ahead =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds(validation.now + validation.clock_skew)));
  if (ahead < lifetime.not_before || now > lifetime.not_after)
    return fail(Errc::kExpired, "RFC 9420 7.3 lifetime");
  return {};
}

Status check_capabilities(const LeafNode& leaf) {
  const Capabilities& own = leaf.capabilities;
  if (!lists(own.versions, kVersionMls10) || !lists(own.cipher_suites, kSuite)) {
    return fail(Errc::kUnsupported, "RFC 9420 7.2 capabilities");
  }
  // Basic credentials alone are in use, so "both ways" of 7.3 is this one check on each leaf.
  if (!leaf.credential.is_basic() || !lists(own.credentials, leaf.credential.type)) {
    return fail(Errc::kUnsupported, "RFC 9420 7.3 credential");
  }
  for (const Extension& extension : leaf.extensions) {
    if (!is_default_extension(extension.type) && !lists(own.extensions, extension.type)) {
      return fail(Errc::kInvalidValue, "RFC 9420 7.3 extensions");
    }
  }
  return {};
}

}  // namespace

Status validate_leaf(const LeafNode& leaf, const LeafCheck& check, const Validation& validation) {
  if (leaf.encryption_key.size() != kHpkePublicBytes || leaf.signature_key.size() != kSignPublicBytes) {
    return fail(Errc::kInvalidValue, "RFC 9420 7.2 keys");
  }
  if (leaf.source != expected_source(check.use, leaf.source)) {
    return fail(Errc::kInvalidValue, "RFC 9420 7.3 leaf_node_source");
  }
  NV_TRYV(check_capabilities(leaf));
  if (check.context_extensions != nullptr) NV_TRYV(supports_context(leaf, *check.context_extensions));
  NV_TRYV(check_lifetime(leaf, check.use, validation));
  // Our own has been signed a moment ago.
  if (check.use != CredentialUse::kOwn && !leaf.verify(check.place)) {
    return fail(Errc::kBadSignature, "RFC 9420 7.3 LeafNode");
  }
  return validation.policy.validate(leaf.credential, leaf.sign_public(), check.use, validation.now);
}

Status supports_context(const LeafNode& leaf, const Extensions& context_extensions) {
  const Capabilities& own = leaf.capabilities;
  for (const Extension& extension : context_extensions) {
    if (!is_default_extension(extension.type) && !lists(own.extensions, extension.type)) {
      return fail(Errc::kUnsupported, "RFC 9420 13 group context extension");
    }
  }
  const Extension* required = find_extension(context_extensions, extension_type::kRequiredCapabilities);
  if (required == nullptr) return {};
  NV_TRY(const RequiredCapabilities needs, decode<RequiredCapabilities>(required->data, "RFC 9420 11.1"));
  const auto all = [](const auto& types, auto&& supported) {
    return std::all_of(types.begin(), types.end(), supported);
  };
  const bool fits =
      all(needs.extensions,
          [&](std::uint16_t t) { return is_default_extension(t) || lists(own.extensions, t); }) &&
      all(needs.proposals,
          [&](std::uint16_t t) { return is_default_proposal(t) || lists(own.proposals, t); }) &&
      all(needs.credentials, [&](std::uint16_t t) { return lists(own.credentials, t); });
  if (!fits) return fail(Errc::kUnsupported, "RFC 9420 11.1 required_capabilities");
  return {};
}

Status validate_key_package(const KeyPackage& key_package, const Extensions* context_extensions,
                            const Validation& validation) {
  if (key_package.version != kVersionMls10 || key_package.cipher_suite != kSuite) {
    return fail(Errc::kUnsupported, "RFC 9420 10.1 suite");
  }
  if (key_package.init_key.size() != kHpkePublicBytes)
    return fail(Errc::kInvalidValue, "RFC 9420 10 init_key");
  if (key_package.init_key == key_package.leaf_node.encryption_key) {
    return fail(Errc::kInvalidValue, "RFC 9420 10.1 encryption_key");
  }
  if (!verify_with_label(key_package.leaf_node.signature_key, "KeyPackageTBS", key_package.tbs(),
                         key_package.signature)) {
    return fail(Errc::kBadSignature, "RFC 9420 10.1 KeyPackage");
  }
  return validate_leaf(key_package.leaf_node, LeafCheck{CredentialUse::kKeyPackage, {}, context_extensions},
                       validation);
}

}  // namespace nattevagt::mls
