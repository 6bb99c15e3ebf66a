// Changes of duty that the persons on the rota make themselves, from their own devices (PROTOCOL.md P-111 to
// P-114). A change carries its signers' certificates, so hub and clients each verify it, and neither believes
// the other. The hub puts an organisation's changes together as one document; it cannot make one.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/common/result.h"
#include "proto/wire/identity.h"

namespace nattevagt::wire {

inline constexpr std::string_view kDutyChangeLabel = "Nattevagt duty change v1";

// Numbers travel: never renumber.
enum class DutyChangeKind : std::uint8_t { kSwap = 1, kTakeOver = 2 };

struct DutyChange {
  DutyChangeId id;
  OrganisationId organisation;    // whose role it is
  DutyChangeKind kind{};
  RoleId role;
  UtcTime from;
  UtcTime until;
  std::optional<PersonId> gives;  // exactly of a swap
  std::optional<PersonId> takes;  // of a take-over always; of a swap: who alone is asked
  UtcTime issued_at;
  friend bool operator==(const DutyChange&, const DutyChange&) = default;
};

struct DutySigner {
  Certificate certificate;
  Signature signature{};          // of the body, label kDutyChangeLabel
  friend bool operator==(const DutySigner&, const DutySigner&) = default;
};
struct SignedDutyChange {
  Bytes body;                     // an encoded DutyChange
  std::vector<DutySigner> signers;  // 1 or 2
  friend bool operator==(const SignedDutyChange&, const SignedDutyChange&) = default;
};
struct DutyChanges {
  std::vector<SignedDutyChange> items;
  friend bool operator==(const DutyChanges&, const DutyChanges&) = default;
};

DutySigner sign_duty_change(ByteView body, const Certificate& certificate, const SignKey& device_key);

// What a verified change says. Complete: everybody whom it concerns has signed; then `taker` is on duty by it.
struct AgreedChange {
  DutyChange change;
  bool complete = false;
  std::optional<PersonId> taker;  // when complete
  std::vector<DeviceIdentity> signers;
};
// P-111: each signer's chain ends in the change's own organisation (as of when it was issued), is a person's
// device, signed these very bytes, and is one of those concerned. kMalformed, kUntrusted, kBadSignature,
// kExpired, kNotPermitted (signed by one whom it does not concern). Does not look at rosters or rotas.
Result<AgreedChange> verify_duty_change(const SignedDutyChange& change,
                                        std::span<const OrganisationCard> organisations);

}  // namespace nattevagt::wire
