// KeyPackages (RFC 9420 10): what a device publishes so that others can add it while it sleeps, and the
// private half that it keeps until a Welcome comes.
//
// Invariants:
//  1. One KeyPackage is for one group. Only a last-resort one may serve again, and is replaced after use.
//  2. init_key and leaf encryption key are fresh and differ (10.1).
//  3. The bundle's private half is deleted by the caller when the join is stored (9.2); Group::join keeps
//     what the group needs. A last-resort bundle is kept until its successor is published.
#pragma once

#include <compare>
#include <optional>
#include <vector>

#include "client-lib/mls/credential.h"
#include "client-lib/mls/validation.h"
#include "proto/common/bytes.h"
#include "proto/common/crypto.h"
#include "proto/common/entropy.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt::mls {

using HpkePrivateKey = Secret<struct HpkePrivatePurpose, 32>;  // X25519

// RFC 9420 5.2: names a KeyPackage in a Welcome.
struct KeyPackageRef {
  Digest bytes{};
  friend auto operator<=>(const KeyPackageRef&, const KeyPackageRef&) = default;
};

struct KeyPackageRequest {
  Credential credential;
  UtcTime not_before;
  UtcTime not_after;
  bool last_resort = false;
};

class KeyPackageBundle {
 public:
  const Bytes& message() const noexcept { return message_; }  // MLSMessage(mls_key_package): to publish
  const KeyPackageRef& ref() const noexcept { return ref_; }
  bool last_resort() const noexcept { return last_resort_; }

  // For the store. Versioned; restore refuses what save did not write (kCorrupt).
  SecretBytes save() const;
  static Result<KeyPackageBundle> restore(ByteView saved);

  const HpkePrivateKey& init_private() const noexcept { return init_private_; }
  const HpkePrivateKey& leaf_private() const noexcept { return leaf_private_; }

  // From parts made elsewhere (test vectors). kInvalidValue when the keys do not fit the public half.
  static Result<KeyPackageBundle> from_parts(ByteView message, HpkePrivateKey init_private,
                                             HpkePrivateKey leaf_private);

 private:
  Bytes message_;
  KeyPackageRef ref_;
  bool last_resort_ = false;
  HpkePrivateKey init_private_;
  HpkePrivateKey leaf_private_;
};

KeyPackageBundle make_key_package(const KeyPackageRequest& request, const SignKey& sign_key,
                                  Entropy& entropy);

// What a KeyPackage says of its owner.
struct KeyPackageInfo {
  KeyPackageRef ref;
  Credential credential;
  SignPublicKey signature_key;
  UtcTime not_before;
  UtcTime not_after;
  bool last_resort = false;
};

// Parses an MLSMessage(mls_key_package) and checks it whole (RFC 9420 10.1, 7.3, the policy). Errors:
// kMalformed, kTooLarge, kUnsupported (version, suite, credential type), kBadSignature, kExpired,
// kInvalidValue, and whatever the policy says.
Result<KeyPackageInfo> check_key_package(ByteView message, const Validation& validation);

// The KeyPackageRefs that an MLSMessage(mls_welcome) addresses: look the right bundle up by these.
Result<std::vector<KeyPackageRef>> welcome_recipients(ByteView message);

}  // namespace nattevagt::mls
