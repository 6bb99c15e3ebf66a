// What every checking step is told from outside: whom to believe, what time it is, which pre-shared keys
// exist. A value of references, made by the caller for one call.
#pragma once

#include <chrono>

#include "client-lib/mls/credential.h"
#include "proto/common/clock.h"
#include "proto/common/secret.h"

namespace nattevagt::mls {

// Pre-shared keys (RFC 9420 8.4) that the group does not hold itself. A key that nobody knows fails the step
// with kUnknownPsk; it is never skipped.
class PskSource {
 public:
  virtual ~PskSource() = default;
  // nullptr when unknown. The secret outlives the call.
  virtual const SecretBytes* external(ByteView psk_id) const = 0;
  // The resumption PSK of an epoch of ANOTHER group (branch, reinit). The group answers for itself.
  virtual const SecretBytes* resumption(ByteView group_id, std::uint64_t epoch) const = 0;
};

struct Validation {
  const CredentialPolicy& policy;
  UtcTime now;
  const PskSource* psks = nullptr;  // none known

  // RFC 9420 7.2: an application MUST define a maximum total lifetime. Longer ones are refused. kAnyLifetime
  // is for interoperability sessions, where strangers set their own.
  static constexpr Millis kAnyLifetime = Millis::max();
  Millis lifetime_max = std::chrono::hours(24 * 400);
  // Clocks differ: a KeyPackage made this much "in the future" is still good.
  Millis clock_skew = std::chrono::hours(1);
  // How long after its end an epoch may still be read (15.3); kPastEpochsMax bounds the number.
  Millis past_epoch_age = std::chrono::hours(24 * 7);
  // RFC 9420 12.4.3.2: a resync proves no more than a signature key. With this it must also bring a PSK.
  bool resync_needs_psk = false;
  // False for published test vectors only: their KeyPackages expired years ago.
  bool check_lifetime = true;
};

}  // namespace nattevagt::mls
