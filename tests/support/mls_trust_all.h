// For tests, fuzzers and benches of MLS that have no Authentication Service: every credential is believed.
#pragma once

#include "client-lib/mls/credential.h"

namespace nattevagt::mls {

class TrustAll final : public CredentialPolicy {
 public:
  Status validate(const Credential&, const SignPublicKey&, CredentialUse, UtcTime) const override {
    return {};
  }
  Status validate_successor(const Credential&, const SignPublicKey&, const Credential&,
                            const SignPublicKey&) const override {
    return {};
  }
};

}  // namespace nattevagt::mls
