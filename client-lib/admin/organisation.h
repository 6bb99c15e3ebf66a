// The organisation's side: who its people, units and roles are, and the signatures that make them so. Runs on
// an administrator's machine; the hub never sees the home, and the home is not needed for the night to go on.
//
// An Organisation is its home's one file (SecretFile). Everything that is signed is remembered first: a
// version number or a grant that left without being written down could be given out twice.
//
// Names are the handles people use; the id behind a name is made at its first mention and never changes. A
// person, unit or role that is renamed is a new one.
//
// Ownership: a resource. Thread: one. Errors: Result; what a person reads is made in app/texts_da.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client-lib/admin/organisation_state.h"
#include "client-lib/admin/secret_file.h"
#include "proto/common/clock.h"
#include "proto/wire/identity.h"
#include "proto/wire/rota.h"
#include "proto/wire/suspension.h"

namespace nattevagt::client {

inline constexpr std::string_view kOrganisationFile = "organisation.nattevagt";
inline constexpr Millis kGrantLifetimeDefault = std::chrono::hours(24);
inline constexpr Millis kGrantLifetimeMax = std::chrono::hours(24 * 14);
inline constexpr Millis kCertificateLifetimeDefault = std::chrono::hours(24 * 365);

struct GrantOrder {
  wire::HolderKind kind{};
  std::string name;                     // of the person, the unit, or the recorder
  std::string profession;               // of a person who is new
  std::optional<std::string> for_unit;  // a person's own phone that also rings for a unit
  Millis valid_for = kGrantLifetimeDefault;
  Millis certificate_lifetime = kCertificateLifetimeDefault;
};

class Organisation {
 public:
  // Makes the keys. `home` is made 0700. kAlreadyExists, kInvalidValue (name, passphrase, endpoint),
  // kStorage.
  static Result<Organisation> create(const std::string& home, std::string_view name,
                                     std::string_view passphrase, const wire::HubPin& hub,
                                     PassphraseCost cost, Entropy& entropy);
  static Result<Organisation> open(const std::string& home, std::string_view passphrase, Entropy& entropy);

  const OrganisationState& state() const { return *state_; }
  wire::OrganisationCard card() const;
  wire::TrustedOrganisation trust() const;  // confidential: opens our labels
  const CurveSecretKey& curve_key() const { return state_->curve_key; }

  // The id of a name; a new name gets one (kInvalidValue: not a usable name). Remembered by save().
  Result<PersonId> person(std::string_view name, std::string_view profession);
  Result<PersonId> holder(wire::HolderKind kind, std::string_view name);  // a unit's phone, a recorder
  Result<UnitId> unit(std::string_view name);
  Result<RoleId> role(std::string_view name);
  Result<LadderId> ladder(std::string_view name);
  const NamedPerson* find_person(std::string_view name) const;
  const NamedPerson* find_person(PersonId id) const;

  // Saved before it is returned. kInvalidValue, kNotFound (for_unit), kStorage.
  Result<wire::GrantLink> make_grant(const GrantOrder& order, UtcTime now);
  // kInvalidValue: it is ourselves. Trusting the same organisation again replaces its name and key.
  Status trust(const wire::TrustedOrganisation& other);
  // The next version, saved before it is returned; above `hub_version`, what the hub has of us.
  Result<wire::SignedDocument> sign_roster(const wire::Roster& roster, std::uint64_t hub_version);
  Result<wire::SignedDocument> sign_rota(const wire::Rota& rota, std::uint64_t hub_version);
  Result<wire::SignedDocument> revoke(const std::vector<DeviceId>& devices, std::uint64_t hub_version,
                                      UtcTime now);

  // P-195. Nothing is remembered of it: it ends what it names, once.
  wire::SignedLift lift(const wire::Suspension& suspension, UtcTime now) const;

  Bytes seal_name(std::string_view name, std::string_view profession, ByteView bound_to);
  Bytes seal_reserve_plan(std::string_view text);
  Status save();

 private:
  Organisation(SecretFile file, OrganisationState state, Entropy& entropy);
  SecretFile file_;
  std::unique_ptr<OrganisationState> state_;
  Entropy* entropy_;
};

}  // namespace nattevagt::client
