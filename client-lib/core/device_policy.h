// Which leaf of an MLS group this device believes (P-025, P-027, P-028, P-074). Made for one call of the MLS
// library; remembers what it met, so that the core can record it when the call has succeeded.
//
// A certificate must end in a pinned organisation, be unrevoked, and name the leaf's signature key. A device
// that somebody else adds must also stand in a roster of its organisation when ours are current. A leaf that
// was in the group before us need not: rosters change at every shift, groups do not.
#pragma once

#include <map>
#include <vector>

#include "client-lib/core/directory.h"
#include "client-lib/mls/credential.h"

namespace nattevagt::client {

// P-027: the one device seen under a grant; a zero id when two were, and both are refused.
using GrantDevices = std::map<GrantId, DeviceId>;

class DevicePolicy final : public mls::CredentialPolicy {
 public:
  DevicePolicy(const Directory& directory, const GrantDevices& grants, bool rosters_current)
      : directory_(directory), grants_(grants), rosters_current_(rosters_current) {}

  Status validate(const mls::Credential& credential, const SignPublicKey& signature_key,
                  mls::CredentialUse use, UtcTime now) const override;
  Status validate_successor(const mls::Credential& old_credential, const SignPublicKey& old_key,
                            const mls::Credential& next_credential,
                            const SignPublicKey& next_key) const override;

  const GrantDevices& met() const noexcept { return met_; }
  const std::vector<GrantId>& doubled() const noexcept { return doubled_; }

 private:
  const Directory& directory_;
  const GrantDevices& grants_;
  bool rosters_current_;
  mutable GrantDevices met_;
  mutable std::vector<GrantId> doubled_;
};

}  // namespace nattevagt::client
