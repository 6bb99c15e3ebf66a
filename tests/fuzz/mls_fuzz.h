// What the MLS fuzz targets share.
#pragma once

#include <cstdlib>
#include <utility>

#include "client-lib/mls/credential.h"

namespace nattevagt::mls::fuzz {

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

// For what the fuzzer has no hand in.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

}  // namespace nattevagt::mls::fuzz
