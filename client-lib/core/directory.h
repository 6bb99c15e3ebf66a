// What the pinned organisations have said: who they are, their newest rosters and revocations, and whether a
// certificate is to be believed. The hub carries these documents and is never believed about them (P-026,
// P-075).
//
// Invariants:
//  1. Only documents whose signature verified under a pinned organisation's key are held.
//  2. Versions only rise.
//
// A certificate that was found good is remembered: its author's every message names it, and two signatures and
// a sealed name a message are most of what reading it costs. Revocation and expiry are looked at each time.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client-lib/core/values.h"
#include "proto/common/result.h"
#include "proto/wire/chain.h"
#include "proto/wire/rota.h"

namespace nattevagt::client {

// A holder as far as rosters are concerned.
struct Who {
  PersonId person;
  OrganisationId organisation;
  std::optional<UnitId> unit;
  wire::HolderKind kind{};
};
inline Who who_of(const wire::DeviceIdentity& identity) {
  return {identity.person, identity.organisation, identity.unit, identity.kind};
}

inline Who who_of(const Person& person) { return {person.id, person.organisation, person.unit, person.kind}; }

class Directory {
 public:
  void pin(std::vector<wire::TrustedOrganisation> organisations);
  const wire::TrustedOrganisation* organisation(const OrganisationId& id) const;

  // True when it is newer and was taken, false when it is what we have. kUntrusted (not pinned),
  // kBadSignature, kMalformed, kReplay (older than ours), kFork (our version with other bytes).
  Result<bool> offer(const wire::SignedDocument& document);
  std::uint64_t version(const OrganisationId& id, wire::DocumentKind kind) const;
  std::vector<wire::DocumentVersion> versions() const;
  const wire::Roster* roster(const OrganisationId& id) const;
  const wire::Rota* rota(const OrganisationId& id) const;  // as it holds (P-114); nullptr: there is none
  // What persons have changed or asked to, as their organisation's document of changes has it.
  struct Change {
    wire::AgreedChange agreed;
    wire::SignedDutyChange as_signed;
    bool in_force = false;  // complete, not taken back, by people who may and devices that were not revoked
  };
  std::vector<Change> changes() const;
  // Who owns the role, and whom its roster lets hold it; nullopt: no roster has it.
  struct RoleHolders {
    OrganisationId owner;
    std::vector<PersonId> persons;
    bool lists(const PersonId& person) const;
  };
  std::optional<RoleHolders> holders(const RoleId& role) const;
  // A role that its owner's rota fills, as it holds; nullopt: no roster has the role, or no rota names it.
  struct FilledRole {
    OrganisationId owner;
    const wire::Rota* rota;
    const wire::RoleRota* plan;
  };
  std::optional<FilledRole> filled(const RoleId& role) const;
  bool any_roster() const noexcept { return !rosters_.empty(); }

  // The whole chain and the revocations. kUntrusted, kBadSignature, kExpired, kRevoked, kMalformed.
  Result<wire::DeviceIdentity> identify(ByteView certificate, UtcTime now) const;
  Result<wire::DeviceIdentity> certified(ByteView certificate, UtcTime now) const;  // revoked or not
  Result<wire::DeviceIdentity> issued(ByteView certificate) const;  // whatever has become of it since
  bool revoked(const OrganisationId& id, const DeviceId& device) const;
  // Lost phones that colleagues have suspended, as the documents have them; without those revoked since (P-190).
  struct Suspended {
    wire::VerifiedSuspension verified;
    UtcTime at;                        // when the hub took it
    std::optional<UtcTime> lifted_at;  // likewise its end
    bool by_organisation = false;      // ended by it
  };
  std::vector<Suspended> suspensions() const;
  bool suspended(const DeviceId& device) const;  // stands
  Result<wire::VerifiedSuspension> verified(const wire::SignedSuspension& suspension) const;
  std::string author_of(const wire::Suspension& said) const;  // empty: the signer's certificate names her
  Person person(const wire::DeviceIdentity& identity) const;

  // ---- Rosters
  struct Asking {
    OrganisationId organisation;
    const wire::Unit* unit = nullptr;
    const wire::Ladder* ladder = nullptr;  // nullptr: none for this severity
  };
  // The unit's ladder by `organisation`'s roster, or by the one roster that has the unit.
  std::optional<Asking> ladder_for(const UnitId& unit, wire::Severity severity,
                                   std::optional<OrganisationId> organisation) const;
  // May `who` be meant by `target`, in a ladder or an invitation of `asking`?
  bool meant(const wire::Target& target, const OrganisationId& asking, const Who& who) const;
  bool on_ladder(const Asking& asking, const Who& who) const;
  // P-105: whom a rota has on duty for a role at `at`. Empty where no rota names it: then meant() says it all.
  std::vector<PersonId> on_duty(const wire::Target& target, UtcTime at) const;
  UtcTime next_duty_change(UtcTime after) const;
  bool recorder(const Who& who) const;
  // By its own organisation's roster: a unit of it, a holder of one of its roles, or a recorder.
  bool listed(const Who& who) const;
  // The organisations that own the roles and units on the ladder, the asking one first.
  std::vector<OrganisationId> owners(const Asking& asking) const;
  std::vector<OrganisationId> owners(const OrganisationId& first, const std::vector<wire::Target>& targets) const;

  // Every target of every step of every ladder of every unit, in the rosters' order.
  struct Rung {
    const wire::Unit* unit = nullptr;
    wire::Severity severity{};
    std::uint32_t step = 0;
    const wire::Target* target = nullptr;
  };
  void each_rung(const std::function<void(const Rung&)>& visit) const;

  std::string role_label(const RoleId& role) const;
  std::string unit_label(const UnitId& unit) const;
  std::string target_label(const wire::Target& target) const;
  std::vector<DirectoryEntry> names() const;  // all roles and units whose label can be opened
  const std::map<PersonId, std::string>& people() const;  // whom the rosters name (P-022)
  std::string reserve_plan(const OrganisationId& id) const;

 private:
  struct Held {
    std::uint64_t version = 0;
    Digest body{};
  };
  const wire::Role* find_role(const RoleId& role, OrganisationId* owner) const;
  std::string label(const OrganisationId& id, ByteView sealed, ByteView bound_to) const;
  void rebuild_rota(const OrganisationId& id);
  Status take_suspensions(const OrganisationId& id, ByteView body);
  Result<const wire::DeviceIdentity*> known(ByteView certificate) const;

  std::vector<wire::TrustedOrganisation> organisations_;
  std::vector<wire::OrganisationCard> cards_;
  std::map<std::pair<OrganisationId, wire::DocumentKind>, Held> held_;
  std::map<OrganisationId, wire::Roster> rosters_;
  std::map<OrganisationId, wire::Rota> published_rotas_;
  std::map<OrganisationId, std::vector<Change>> changes_;
  std::map<OrganisationId, wire::Rota> rotas_;  // as they hold
  std::map<OrganisationId, std::vector<DeviceId>> revoked_;  // sorted
  std::map<OrganisationId, std::vector<Suspended>> suspended_;

  // Remembered, at most kRemembered of each: by the certificate, and by the device.
  struct InOrder {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
    }
  };
  mutable std::map<Bytes, wire::DeviceIdentity, InOrder> certified_;
  mutable std::map<DeviceId, std::pair<wire::DeviceIdentity, Person>> named_;
  mutable std::optional<std::map<PersonId, std::string>> people_;  // opened once for each set of rosters
};

}  // namespace nattevagt::client
