// Who there is: organisations (from the configuration), announced grants, enrolled devices, signed documents,
// and what the documents say about roles, units, ladders and duty. The hub knows all of them by pseudonym
// alone.
//
// Durable state changes only in apply_*(), which hub_apply.cpp calls for a fact; they return kCorrupt for a
// fact that does not fit the state. Everything else looks things up.
//
// Decisions where documents of several organisations meet:
//  - A role belongs to the organisation that published it first; the same id in another's roster is ignored,
//    so nobody can take over another organisation's role.
//  - A person and a unit belong to the organisation that enrolled a device for it first (owner_of_*).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "broker/core/device.h"
#include "broker/core/hub_core.h"
#include "broker/core/record.h"
#include "proto/wire/rota.h"

namespace nattevagt::broker {

// P-180: of a role in a rota, those on duty in it by its own plan, and those who come soon, whom the roster lists.
struct DutyPlan {
  std::map<PersonId, UtcTime> from;  // when she comes on duty; in the past or now: she is
  UtcTime until = UtcTime::min();    // it holds before this
};

// Announced, unexpired grants of one organisation: a device each for a whole region, twice.
inline constexpr std::size_t kGrantsPerOrganisationMax = 50'000;

struct KnownGrant {
  wire::SignedGrant signed_grant;
  wire::Grant grant;
  JournalIndex announced = 0;
  std::optional<DeviceNumber> used_by;  // P-027
};

struct KnownDocument {
  wire::SignedDocument document;
  JournalIndex published = 0;
};

struct RosterView {
  wire::Roster roster;
  std::uint64_t version = 0;
  const wire::Ladder* ladder(const LadderId& id) const;
  const wire::Unit* unit(const UnitId& id) const;
};

class Directory {
 public:
  explicit Directory(std::vector<wire::OrganisationCard> organisations);

  // ---- Organisations
  const std::vector<wire::OrganisationCard>& organisations() const { return organisations_; }
  const wire::OrganisationCard* organisation(const OrganisationId& id) const;

  // ---- Grants
  Status apply_grant(const wire::SignedGrant& grant, JournalIndex index, UtcTime at);
  const KnownGrant* grant(const GrantId& id) const;
  std::size_t grants_of(const OrganisationId& id) const;
  const std::map<GrantId, KnownGrant>& grants() const { return grants_; }

  // ---- Devices
  Result<DeviceNumber> apply_device(const wire::Certificate& certificate, JournalIndex index);
  void apply_revoked(Device& device);
  Device& device(DeviceNumber number);
  const Device& device(DeviceNumber number) const;
  std::size_t device_count() const { return devices_.size(); }
  Device* find(const DeviceId& id);
  const Device* find(const DeviceId& id) const;
  std::optional<OrganisationId> owner_of_person(const PersonId& person) const;
  std::optional<OrganisationId> owner_of_unit(const UnitId& unit) const;
  const std::vector<DeviceNumber>& devices_of_person(const PersonId& person) const;
  const std::vector<DeviceNumber>& devices_of_unit(const UnitId& unit) const;
  // Somebody has this connection key already: an organisation, a grant that has not expired, a device.
  bool curve_key_in_use(const CurvePublicKey& key, UtcTime now) const;

  // ---- Documents
  Status apply_document(const wire::SignedDocument& document, JournalIndex index);
  // P-112: what persons have signed, as in the organisation's document of changes; empty when it has none.
  wire::DutyChanges duty_changes(const OrganisationId& id) const;
  // P-190: in the order in which they came; empty when it has none.
  const wire::Suspensions& suspensions(const OrganisationId& id) const;
  // The one that stands; nullptr: none does.
  const wire::Suspensions::Item* suspension_of(const Device& device) const;
  // Devices are suspended as the organisation's document says; gives those of which that is news.
  std::vector<DeviceNumber> settle_suspensions(const OrganisationId& id);
  // The rota that holds (P-114); nullptr: the organisation has published none.
  const wire::Rota* rota(const OrganisationId& id) const;
  // Of the role's own organisation; nullptr: no roster lists it, or another organisation's does.
  const std::vector<PersonId>* holders_of(const OrganisationId& id, const RoleId& role) const;
  const OrganisationId& owner_of_role(const RoleId& role) const;  // zeros: no roster names it
  const KnownDocument* document(const OrganisationId& id, wire::DocumentKind kind) const;
  std::vector<wire::DocumentVersion> document_versions() const;
  const std::map<std::pair<OrganisationId, wire::DocumentKind>, KnownDocument>& documents() const {
    return documents_;
  }
  const RosterView* roster(const OrganisationId& id) const;
  bool listed_as_revoked(const OrganisationId& id, const DeviceId& device) const {
    return revoked_.contains({id, device});
  }

  // ---- Resolution (P-041, P-042, P-105), by today's documents. Recorders never answer, so they are never
  // targets.
  std::vector<PersonId> holders_at(const RoleId& role, UtcTime at) const;
  // P-108: of a role in a rota, those who answer when nobody on duty can be reached.
  std::vector<PersonId> backup_at(const RoleId& role, UtcTime at) const;
  bool in_rota(const RoleId& role) const { return rota_of(role).second != nullptr; }
  std::uint64_t rota_version_of(const RoleId& role) const;  // of its organisation; 0: none
  bool gap_at(const RoleId& role, UtcTime at) const;
  void add_backup_devices_of(const RoleId& role, UtcTime now, std::set<DeviceNumber>& out) const;
  void add_devices_of(const wire::Target& target, UtcTime now, std::set<DeviceNumber>& out) const;
  // P-106: and of those who come on duty within kDutyLookAhead, and of the backup.
  void add_coming_devices_of(const wire::Target& target, UtcTime now, std::set<DeviceNumber>& out) const;
  UtcTime next_duty_change(UtcTime after) const;  // of any rota
  bool any_rota() const { return !rotas_.empty(); }
  DutyPlan duty_plan(const RoleId& role, UtcTime now, Millis ahead) const;
  void add_devices_of_person(const PersonId& person, UtcTime now, std::set<DeviceNumber>& out) const;
  // P-117, P-186: whom the state of a role concerns: its holders, its backup, the units whose ladders name it,
  // and the organisation's recorders.
  std::vector<DeviceNumber> concerned_by(const RoleId& role, UtcTime now) const;
  bool concerns(const RoleId& role, const Device& device, UtcTime now) const;  // is it among them?
  const std::map<OrganisationId, wire::Rota>& rotas() const { return rotas_; }
  void add_recorders_of(const OrganisationId& id, UtcTime now, std::set<DeviceNumber>& out) const;
  // Devices of the unit, enrolled by the organisation that asks.
  std::vector<DeviceNumber> asking_devices(const OrganisationId& id, const UnitId& unit, UtcTime now) const;

  // ---- Snapshot
  void save(Writer& writer) const;
  Status load(Reader& reader);
  void check_invariants() const;

 private:
  Status index_grant(const wire::SignedGrant& grant, JournalIndex index, std::optional<DeviceNumber> used_by);
  Status index_device(Device& device);
  Status load_devices(Reader& reader);
  Status load_documents(Reader& reader);
  void index_roster(const OrganisationId& id, RosterView view);
  const std::vector<PersonId>* holders_of(const RoleId& role) const;
  Status index_suspensions(const OrganisationId& id, ByteView body);
  Status index_changes(const OrganisationId& id, ByteView body);
  void rebuild_rota(const OrganisationId& id);
  std::vector<PersonId> permitted(const RoleId& role, const RoleId& answering,
                                  const std::vector<PersonId>* on_duty) const;
  std::pair<const wire::Rota*, const wire::RoleRota*> rota_of(const RoleId& role) const;

  std::vector<wire::OrganisationCard> organisations_;
  std::map<GrantId, KnownGrant> grants_;
  std::map<OrganisationId, std::size_t> grants_of_;
  std::deque<Device> devices_;  // by number; addresses stay
  std::map<std::pair<OrganisationId, wire::DocumentKind>, KnownDocument> documents_;
  std::map<RoleId, OrganisationId> role_owner_;
  std::map<OrganisationId, wire::Suspensions> suspensions_;  // as the documents have them
  std::set<std::pair<OrganisationId, DeviceId>> revoked_;  // by its own organisation alone; only grows

  // Follow from the above.
  std::set<std::pair<UtcTime, GrantId>> grants_by_end_;
  std::map<CurvePublicKey, GrantId> grants_by_curve_key_;
  std::map<DeviceId, DeviceNumber> by_id_;
  std::map<CurvePublicKey, DeviceNumber> by_curve_key_;
  std::map<PersonId, std::vector<DeviceNumber>> by_person_;
  std::map<UnitId, std::vector<DeviceNumber>> by_unit_;
  std::map<OrganisationId, RosterView> rosters_;
  std::map<RoleId, std::vector<PersonId>> holders_;
  // By asking organisation: the units whose ladders name a role.
  std::map<OrganisationId, std::map<RoleId, std::set<UnitId>>> asking_units_;
  std::map<OrganisationId, wire::Rota> published_rotas_;
  std::map<OrganisationId, std::vector<wire::AgreedChange>> changes_;
  std::map<OrganisationId, wire::Rota> rotas_;  // as they hold: the published one with its changes (P-114)
};

}  // namespace nattevagt::broker
