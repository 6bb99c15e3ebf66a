#include "client-lib/core/device_policy.h"

#include "proto/wire/codec.h"

namespace nattevagt::client {

Status DevicePolicy::validate(const mls::Credential& credential, const SignPublicKey& signature_key,
                              mls::CredentialUse use, UtcTime now) const {
  if (!credential.is_basic()) return fail(Errc::kUnsupported, "P-025");
  // Nobody comes into a conversation unasked; one who was in it may come back.
  if (use == mls::CredentialUse::kExternalJoin) return fail(Errc::kNotPermitted, "P-025");
  // P-074: who was revoked while a welcome was on its way costs nobody the alert. It is taken out at once
  // (P-028), and what it says counts for nothing.
  const bool revoked_too = use == mls::CredentialUse::kJoin;
  NV_TRY(const wire::DeviceIdentity identity, revoked_too ? directory_.certified(credential.identity, now)
                                                          : directory_.identify(credential.identity, now));
  if (identity.sign_key != signature_key) return fail(Errc::kUntrusted, "P-025");

  const auto known = grants_.find(identity.grant);
  const auto here = met_.find(identity.grant);
  if ((known != grants_.end() && known->second != identity.device) ||
      (here != met_.end() && here->second != identity.device)) {
    doubled_.push_back(identity.grant);
    return fail(Errc::kUntrusted, "P-027");
  }
  if (use == mls::CredentialUse::kKeyPackage && rosters_current_ && !directory_.listed(who_of(identity))) {
    return fail(Errc::kUntrusted, "P-075");
  }
  met_.emplace(identity.grant, identity.device);
  return {};
}

Status DevicePolicy::validate_successor(const mls::Credential& old_credential, const SignPublicKey& old_key,
                                        const mls::Credential& next_credential,
                                        const SignPublicKey& next_key) const {
  // One certificate for a device's life: the same identity and the same key, or it is another device.
  if (old_credential != next_credential || old_key != next_key) return fail(Errc::kUntrusted, "P-025");
  return {};
}

}  // namespace nattevagt::client
