// Who on duty can really be reached (PROTOCOL.md section 18): the hub's notice before a shift, the signed answer
// to it, and what the hub says of a role. A check-in carries its signer's certificate: whoever pins the role's
// organisation verifies it, and no hub can make one.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/common/result.h"
#include "proto/wire/duty.h"
#include "proto/wire/identity.h"

namespace nattevagt::wire {

inline constexpr std::string_view kCheckInLabel = "Nattevagt check-in v1";

// The first bytes of a key package's SHA-256: enough to know it by.
using PackageMark = Id<struct PackageMarkKind>;
PackageMark mark_of_package(ByteView package);

// P-180. In an inbox, made by the hub.
struct CheckInItem {
  MessageId notice;                   // the answer repeats it
  RoleId role;
  PersonId person;
  UtcTime from;                       // when she comes, or came, on duty
  UtcTime due_at;                     // without an answer by then the role may be shown as degraded
  std::vector<PackageMark> packages;  // one of each device of hers that has any: what the next call would use
  friend bool operator==(const CheckInItem&, const CheckInItem&) = default;
};

// P-181.
struct CheckIn {
  MessageId notice;
  OrganisationId organisation;        // whose role it is
  RoleId role;
  PersonId person;
  UtcTime from;
  UtcTime issued_at;
  friend bool operator==(const CheckIn&, const CheckIn&) = default;
};
struct SignedCheckIn {
  Bytes body;                         // an encoded CheckIn
  DutySigner signer;                  // of the body, label kCheckInLabel
  friend bool operator==(const SignedCheckIn&, const SignedCheckIn&) = default;
};
SignedCheckIn sign_check_in(const CheckIn& said, const Certificate& certificate, const SignKey& device_key);

struct VerifiedCheckIn {
  CheckIn said;
  DeviceIdentity signer;
};
// The chain ends in the role's organisation (as of when it was issued), it is that person's own device, and it
// signed these very bytes. kMalformed, kUntrusted, kBadSignature, kExpired. Does not look at rosters or rotas.
Result<VerifiedCheckIn> verify_check_in(const SignedCheckIn& check_in,
                                        std::span<const OrganisationCard> organisations);

// P-183. Numbers travel: never renumber.
enum class DutyTrouble : std::uint8_t {
  kNone = 0,
  kNotCheckedIn = 1,
  kSilent = 2,
};
// P-186: the hub's word about a role, beside what persons have signed.
struct DutyStatus {
  RoleId role;
  DutyTrouble trouble = DutyTrouble::kNone;
  UtcTime since = kNever;             // of the trouble; kNever without one
  std::vector<SignedCheckIn> check_ins;
  friend bool operator==(const DutyStatus&, const DutyStatus&) = default;
};

}  // namespace nattevagt::wire
