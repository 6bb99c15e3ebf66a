// A lost phone that a colleague blocks until its organisation has decided (PROTOCOL.md section 19). Who blocks
// signs it with her own device's key, and the certificate travels along: whoever pins the organisation verifies
// who did it and when, and no hub can make one. The hub puts an organisation's together as one document.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/common/result.h"
#include "proto/wire/duty.h"
#include "proto/wire/identity.h"

namespace nattevagt::wire {

inline constexpr std::string_view kSuspensionLabel = "Nattevagt suspension v1";
inline constexpr std::string_view kSuspensionLiftLabel = "Nattevagt suspension lift v1";

struct Suspension {
  SuspensionId id;
  SignPublicKey hub;             // it is said to this hub alone
  OrganisationId organisation;   // of both devices
  DeviceId device;               // the lost one
  UtcTime issued_at;
  Bytes sealed_author;           // Label of who held a shared device, bound to `id`; empty: the certificate's
  friend bool operator==(const Suspension&, const Suspension&) = default;
};
struct SignedSuspension {
  Bytes body;                    // an encoded Suspension
  DutySigner signer;             // of the body, label kSuspensionLabel
  friend bool operator==(const SignedSuspension&, const SignedSuspension&) = default;
};

// P-195: it was the wrong phone, or the phone was found.
struct SuspensionLift {
  SuspensionId id;               // of the suspension; so are the next three
  SignPublicKey hub;
  OrganisationId organisation;
  DeviceId device;
  UtcTime issued_at;
  friend bool operator==(const SuspensionLift&, const SuspensionLift&) = default;
};
struct SignedLift {
  Bytes body;                    // an encoded SuspensionLift
  bool by_organisation = false;  // else by the device that suspended
  Signature signature{};         // of the body, label kSuspensionLiftLabel
  friend bool operator==(const SignedLift&, const SignedLift&) = default;
};

// Body of a document of kind kSuspensions.
struct Suspensions {
  struct Item {
    SignedSuspension suspension;
    UtcTime at;                  // when the hub took it
    std::optional<SignedLift> lift;
    UtcTime lifted_at = kNever;  // when the hub took that
    bool stands() const noexcept { return !lift.has_value(); }
    friend bool operator==(const Item&, const Item&) = default;
  };
  std::vector<Item> items;
  friend bool operator==(const Suspensions&, const Suspensions&) = default;
};

SignedSuspension sign_suspension(const Suspension& said, const Certificate& certificate, const SignKey& key);
// Of `said`, by the device that suspended, or by the organisation.
SignedLift sign_lift(const Suspension& said, UtcTime issued_at, bool by_organisation, const SignKey& key);

struct VerifiedSuspension {
  Suspension said;
  DeviceIdentity signer;
  OrganisationCard organisation;
};
// P-190: the signer's chain ends in the named organisation (as of when it was issued), it is a person's or a
// unit's device, another than the suspended one, and it signed these very bytes. kMalformed, kUntrusted,
// kBadSignature, kExpired, kNotPermitted (its own device). Does not look at revocations.
Result<VerifiedSuspension> verify_suspension(const SignedSuspension& suspension,
                                             std::span<const OrganisationCard> organisations);
// P-195: names that very suspension, signed by its signer or its organisation. kMalformed, kInvalidValue (another
// suspension), kBadSignature.
Result<SuspensionLift> verify_lift(const SignedLift& lift, const VerifiedSuspension& of);

}  // namespace nattevagt::wire
