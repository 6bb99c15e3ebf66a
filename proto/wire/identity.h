// Who is who: organisations, grants, device certificates, signed documents (PROTOCOL.md P-020..P-029).
//
// Plain structs. Bytes that are signed are kept as they came (`body`) and are never encoded again: a field
// that we do not know still verifies. codec.h turns bodies into these structs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/ids.h"

namespace nattevagt::wire {

// Numbers travel and are stored: never renumber.
enum class Severity : std::uint8_t { kAlarm = 1, kRed = 2, kYellow = 3, kGreen = 4 };
enum class HolderKind : std::uint8_t { kPerson = 1, kUnit = 2, kRecorder = 3 };

// What the hub's operator is given about an organisation. Public.
struct OrganisationCard {
  OrganisationId id;             // organisation_id(sign_key), P-020
  SignPublicKey sign_key;        // signs grants and documents; its secret half is never on the hub
  CurvePublicKey curve_key;      // the organisation's own tool connects with it
  friend bool operator==(const OrganisationCard&, const OrganisationCard&) = default;
};

// What a client pins about an organisation. Confidential between organisations: it opens sealed labels.
struct TrustedOrganisation {
  OrganisationCard card;
  std::string name;              // "Solvang Kommune"
  SealKey directory_key;         // opens the labels this organisation has sealed

  TrustedOrganisation duplicate() const { return {card, name, directory_key.duplicate()}; }
};

// A name as staff see it. Travels only sealed under the organisation's directory key (P-022): the hub sees
// pseudonyms.
struct Label {
  std::string name;              // "Ida Eksempel", "Strandløkken, hus B", "vagthavende, Botilbudsteam Syd"
  std::string profession;        // "overlæge"; empty for units and roles
  friend bool operator==(const Label&, const Label&) = default;
};

struct HubPin {
  std::string endpoint;          // "tcp://hub.example.dk:5670"
  CurvePublicKey curve_key;
  SignPublicKey sign_key;        // signs receipts
  friend bool operator==(const HubPin&, const HubPin&) = default;
};

// An organisation's permission for one device of one holder. Single use.
struct Grant {
  GrantId id;
  OrganisationId organisation;
  HolderKind kind{};
  PersonId person;               // who acts with the device; a unit's shared phone and a recorder have one too
  std::optional<UnitId> unit;    // the unit whose calls the device gets
  Bytes sealed_label;            // Label under the organisation's directory key
  SignPublicKey sign_key;        // its secret half is in the link; signs the device's certificate
  CurvePublicKey curve_key;      // the hub admits it until the grant expires, for Enrol alone
  UtcTime issued_at;
  UtcTime not_after;             // of the grant
  Millis certificate_lifetime{};
  HubPin hub;
  friend bool operator==(const Grant&, const Grant&) = default;
};

// `body` is an encoded Grant; `signature` the organisation's over it (label kGrantLabel).
struct SignedGrant {
  Bytes body;
  Signature signature{};
  friend bool operator==(const SignedGrant&, const SignedGrant&) = default;
};

// The device's certificate. `body` is an encoded CertificateBody; `signature` is by the grant's key.
struct CertificateBody {
  SignedGrant grant;
  SignPublicKey sign_key;        // the device's MLS signature key, also signs content
  CurvePublicKey curve_key;      // the device's key towards the hub
  UtcTime issued_at;
  UtcTime not_after;
  friend bool operator==(const CertificateBody&, const CertificateBody&) = default;
};
struct Certificate {
  Bytes body;
  Signature signature{};
  friend bool operator==(const Certificate&, const Certificate&) = default;
};

// What a verified chain says. Made only by verify_certificate (chain.h).
struct DeviceIdentity {
  DeviceId device;
  OrganisationId organisation;
  GrantId grant;
  HolderKind kind{};
  PersonId person;
  std::optional<UnitId> unit;
  Bytes sealed_label;
  SignPublicKey sign_key;
  CurvePublicKey curve_key;
  UtcTime not_before;
  UtcTime not_after;
  friend bool operator==(const DeviceIdentity&, const DeviceIdentity&) = default;
};

// The secret link or QR code: "nattevagt:" and base64url of this (P-024).
struct GrantLink {
  SignedGrant grant;
  SignSeed seed;                              // both grant keys derive from it
  std::vector<TrustedOrganisation> trusted;   // the organisations this device shall pin
};

// ---- Signed documents: an organisation's published truth, one per kind, versions only rise (P-026).
// The last two are put together by the hub: what is in them is signed by persons (duty.h, suspension.h), and their
// own signature is zeros.
enum class DocumentKind : std::uint8_t {
  kRoster = 1,
  kRevocations = 2,
  kRota = 3,
  kDutyChanges = 4,
  kSuspensions = 5,
};
inline constexpr DocumentKind kLastDocumentKind = DocumentKind::kSuspensions;
// What a peer knows that does not say how far it does (P-197).
inline constexpr DocumentKind kFirstDocumentKinds = DocumentKind::kDutyChanges;
constexpr bool made_by_hub(DocumentKind kind) noexcept { return kind >= DocumentKind::kDutyChanges; }

struct SignedDocument {
  OrganisationId organisation;
  DocumentKind kind{};
  std::uint64_t version = 0;
  Bytes body;                    // an encoded Roster, Revocations or Rota (rota.h)
  Signature signature{};         // over document_to_be_signed (chain.h)
  friend bool operator==(const SignedDocument&, const SignedDocument&) = default;
};

struct DocumentVersion {
  OrganisationId organisation;
  DocumentKind kind{};
  std::uint64_t version = 0;
  friend bool operator==(const DocumentVersion&, const DocumentVersion&) = default;
};

enum class TargetKind : std::uint8_t { kRole = 1, kPerson = 2, kUnit = 3 };
struct Target {
  TargetKind kind{};
  Id<struct AnyTargetKind> id;   // a RoleId, PersonId or UnitId, by kind
  friend auto operator<=>(const Target&, const Target&) = default;
};

struct LadderStep {
  Millis wait{};                          // until the next step, from when this one began
  Millis repeat{};                        // notices of this step again each so often; 0: never
  std::vector<Target> targets;
  friend bool operator==(const LadderStep&, const LadderStep&) = default;
};
struct Ladder {
  LadderId id;
  std::vector<LadderStep> steps;          // step 0 begins when the alert is stored
  Millis advice_within{};                 // taken and no advice after this: the ladder resumes (P-047)
  friend bool operator==(const Ladder&, const Ladder&) = default;
};

struct Role {
  RoleId id;
  Bytes sealed_label;
  std::vector<PersonId> holders;          // who may hold it; on duty at once where no rota names it (P-100)
  friend bool operator==(const Role&, const Role&) = default;
};
struct UnitLadder {
  Severity severity{};
  LadderId ladder;
  friend bool operator==(const UnitLadder&, const UnitLadder&) = default;
};
struct Unit {
  UnitId id;
  Bytes sealed_label;
  std::vector<UnitLadder> ladders;
  friend bool operator==(const Unit&, const Unit&) = default;
};
struct PersonLabel {
  PersonId id;
  Bytes sealed_label;
  friend bool operator==(const PersonLabel&, const PersonLabel&) = default;
};
struct Roster {
  UtcTime issued_at;
  std::vector<Role> roles;
  std::vector<Unit> units;
  std::vector<Ladder> ladders;            // targets may be another organisation's roles
  std::vector<PersonId> recorders;        // visible members of every conversation of this organisation
  Bytes sealed_reserve_plan;              // text with numbers to ring, under the directory key
  std::vector<PersonLabel> people = {};   // of roles and steps: named before anybody has met them (P-022)
  friend bool operator==(const Roster&, const Roster&) = default;
};
struct Revocations {
  UtcTime issued_at;
  std::vector<DeviceId> devices;          // all that were ever revoked
  friend bool operator==(const Revocations&, const Revocations&) = default;
};

}  // namespace nattevagt::wire
