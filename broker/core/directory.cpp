#include "broker/core/directory.h"

#include <algorithm>
#include <utility>

#include "broker/core/fields.h"
#include "proto/common/check.h"
#include "proto/rota/changes.h"
#include "proto/rota/rota.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

const std::vector<DeviceNumber> kNobody;

// A certificate that was verified when it came; from the journal it only has to parse.
Result<wire::DeviceIdentity> identity_of(const wire::Certificate& certificate) {
  NV_TRY(const wire::CertificateBody body, wire::decode_certificate_body(certificate.body));
  NV_TRY(const wire::Grant grant, wire::decode_grant(body.grant.body));
  wire::DeviceIdentity out;
  out.device = wire::device_id(body.sign_key, body.curve_key);
  out.organisation = grant.organisation;
  out.grant = grant.id;
  out.kind = grant.kind;
  out.person = grant.person;
  out.unit = grant.unit;
  out.sealed_label = grant.sealed_label;
  out.sign_key = body.sign_key;
  out.curve_key = body.curve_key;
  out.not_before = body.issued_at;
  out.not_after = body.not_after;
  return out;
}

}  // namespace

const wire::Ladder* RosterView::ladder(const LadderId& id) const {
  for (const wire::Ladder& ladder : roster.ladders) {
    if (ladder.id == id) return &ladder;
  }
  return nullptr;
}

const wire::Unit* RosterView::unit(const UnitId& id) const {
  for (const wire::Unit& unit : roster.units) {
    if (unit.id == id) return &unit;
  }
  return nullptr;
}

Directory::Directory(std::vector<wire::OrganisationCard> organisations)
    : organisations_(std::move(organisations)) {}

const wire::OrganisationCard* Directory::organisation(const OrganisationId& id) const {
  for (const wire::OrganisationCard& card : organisations_) {
    if (card.id == id) return &card;
  }
  return nullptr;
}

// ---- Grants

Status Directory::apply_grant(const wire::SignedGrant& signed_grant, JournalIndex index, UtcTime at) {
  // Expired grants admit nobody and cannot be announced again: let them go here, where replay does the same.
  while (!grants_by_end_.empty() && grants_by_end_.begin()->first < at) {
    const auto it = grants_.find(grants_by_end_.begin()->second);
    grants_of_[it->second.grant.organisation] -= 1;
    grants_by_curve_key_.erase(it->second.grant.curve_key);
    grants_.erase(it);
    grants_by_end_.erase(grants_by_end_.begin());
  }
  return index_grant(signed_grant, index, std::nullopt);
}

Status Directory::index_grant(const wire::SignedGrant& signed_grant, JournalIndex index,
                              std::optional<DeviceNumber> used_by) {
  auto grant = wire::decode_grant(signed_grant.body);
  if (!grant) return fail(Errc::kCorrupt, "index_grant");
  const GrantId id = grant->id;
  if (grants_.contains(id) || !grants_by_curve_key_.emplace(grant->curve_key, id).second) {
    return fail(Errc::kCorrupt, "index_grant");
  }
  grants_by_end_.emplace(grant->not_after, id);
  grants_of_[grant->organisation] += 1;
  grants_.emplace(id, KnownGrant{signed_grant, std::move(*grant), index, used_by});
  return {};
}

const KnownGrant* Directory::grant(const GrantId& id) const {
  const auto it = grants_.find(id);
  return it == grants_.end() ? nullptr : &it->second;
}

std::size_t Directory::grants_of(const OrganisationId& id) const {
  const auto it = grants_of_.find(id);
  return it == grants_of_.end() ? 0 : it->second;
}

// ---- Devices

Result<DeviceNumber> Directory::apply_device(const wire::Certificate& certificate, JournalIndex index) {
  const auto identity = identity_of(certificate);
  if (!identity || by_id_.contains(identity->device)) return fail(Errc::kCorrupt, "apply_device");
  Device& device = devices_.emplace_back();
  device.number = static_cast<DeviceNumber>(devices_.size() - 1);
  device.certificate = certificate;
  device.enrolled = index;
  NV_TRYV(index_device(device));
  const auto grant = grants_.find(device.identity.grant);
  if (grant != grants_.end()) grant->second.used_by = device.number;
  return device.number;
}

Status Directory::index_device(Device& device) {
  auto identity = identity_of(device.certificate);
  if (!identity) return fail(Errc::kCorrupt, "index_device");
  device.identity = std::move(*identity);
  if (!by_id_.emplace(device.identity.device, device.number).second ||
      !by_curve_key_.emplace(device.identity.curve_key, device.number).second) {
    return fail(Errc::kCorrupt, "index_device");
  }
  by_person_[device.identity.person].push_back(device.number);
  if (device.identity.unit) by_unit_[*device.identity.unit].push_back(device.number);
  return {};
}

void Directory::apply_revoked(Device& device) {
  device.revoked = true;
  device.suspended = false;  // it is over, for good
  device.stock.clear();
}

Device& Directory::device(DeviceNumber number) {
  NV_CHECK(number < devices_.size());
  return devices_[number];
}

const Device& Directory::device(DeviceNumber number) const {
  NV_CHECK(number < devices_.size());
  return devices_[number];
}

Device* Directory::find(const DeviceId& id) {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &devices_[it->second];
}

const Device* Directory::find(const DeviceId& id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &devices_[it->second];
}

std::optional<OrganisationId> Directory::owner_of_person(const PersonId& person) const {
  const auto& devices = devices_of_person(person);
  if (devices.empty()) return std::nullopt;
  return devices_[devices.front()].identity.organisation;
}

std::optional<OrganisationId> Directory::owner_of_unit(const UnitId& unit) const {
  const auto& devices = devices_of_unit(unit);
  if (devices.empty()) return std::nullopt;
  return devices_[devices.front()].identity.organisation;
}

const std::vector<DeviceNumber>& Directory::devices_of_person(const PersonId& person) const {
  const auto it = by_person_.find(person);
  return it == by_person_.end() ? kNobody : it->second;
}

const std::vector<DeviceNumber>& Directory::devices_of_unit(const UnitId& unit) const {
  const auto it = by_unit_.find(unit);
  return it == by_unit_.end() ? kNobody : it->second;
}

bool Directory::curve_key_in_use(const CurvePublicKey& key, UtcTime now) const {
  if (by_curve_key_.contains(key)) return true;
  for (const wire::OrganisationCard& card : organisations_) {
    if (card.curve_key == key) return true;
  }
  const auto it = grants_by_curve_key_.find(key);
  return it != grants_by_curve_key_.end() && grants_.at(it->second).grant.not_after >= now;
}

// ---- Documents

Status Directory::apply_document(const wire::SignedDocument& document, JournalIndex index) {
  const OrganisationId& id = document.organisation;
  switch (document.kind) {
    case wire::DocumentKind::kRoster: {
      auto roster = wire::decode_roster(document.body);
      if (!roster) return fail(Errc::kCorrupt, "apply_document");
      for (const wire::Role& role : roster->roles) role_owner_.emplace(role.id, id);
      index_roster(id, {std::move(*roster), document.version});
      break;
    }
    case wire::DocumentKind::kRevocations: {
      const auto revocations = wire::decode_revocations(document.body);
      if (!revocations) return fail(Errc::kCorrupt, "apply_document");
      for (const DeviceId& device : revocations->devices) revoked_.emplace(id, device);
      rebuild_rota(id);
      break;
    }
    case wire::DocumentKind::kRota: {
      auto rota = wire::decode_rota(document.body);
      if (!rota) return fail(Errc::kCorrupt, "apply_document");
      published_rotas_.insert_or_assign(id, std::move(*rota));
      rebuild_rota(id);
      break;
    }
    case wire::DocumentKind::kDutyChanges: NV_TRYV(index_changes(id, document.body)); break;
    case wire::DocumentKind::kSuspensions: NV_TRYV(index_suspensions(id, document.body)); break;
  }
  KnownDocument& known = documents_[{id, document.kind}];
  if (document.version <= known.document.version) return fail(Errc::kCorrupt, "apply_document");
  known = {document, index};
  return {};
}

void Directory::index_roster(const OrganisationId& id, RosterView view) {
  const auto old = rosters_.find(id);
  if (old != rosters_.end()) {
    for (const wire::Role& role : old->second.roster.roles) {
      if (role_owner_.at(role.id) == id) holders_.erase(role.id);
    }
  }
  for (const wire::Role& role : view.roster.roles) {
    if (role_owner_.at(role.id) == id) holders_[role.id] = role.holders;
  }
  auto& asking = asking_units_[id];
  asking.clear();
  std::map<LadderId, const wire::Ladder*> ladders;
  for (const wire::Ladder& ladder : view.roster.ladders) ladders.emplace(ladder.id, &ladder);
  for (const wire::Unit& unit : view.roster.units) {
    for (const wire::UnitLadder& of : unit.ladders) {
      const auto ladder = ladders.find(of.ladder);
      if (ladder == ladders.end()) continue;
      for (const wire::LadderStep& step : ladder->second->steps) {
        for (const wire::Target& target : step.targets) {
          if (target.kind == wire::TargetKind::kRole) asking[RoleId{target.id.bytes}].insert(unit.id);
        }
      }
    }
  }
  rosters_.insert_or_assign(id, std::move(view));
  rebuild_rota(id);
}

// Verified when each came (P-112): from the journal they only have to parse, as certificates do.
Status Directory::index_changes(const OrganisationId& id, ByteView body) {
  const auto changes = wire::decode_duty_changes(body);
  if (!changes) return fail(Errc::kCorrupt, "index_changes");
  std::vector<wire::AgreedChange> agreed;
  for (const wire::SignedDutyChange& item : changes->items) {
    auto verified = wire::verify_duty_change(item, organisations_);
    if (verified) agreed.push_back(std::move(*verified));  // else an organisation that is served no more
  }
  changes_.insert_or_assign(id, std::move(agreed));
  rebuild_rota(id);
  return {};
}

// ---- Lost phones

// Verified when each came (P-190), as changes of duty are.
Status Directory::index_suspensions(const OrganisationId& id, ByteView body) {
  auto list = wire::decode_suspensions(body);
  if (!list) return fail(Errc::kCorrupt, "index_suspensions");
  for (const wire::Suspensions::Item& item : list->items) {
    if (!wire::decode_suspension(item.suspension.body)) return fail(Errc::kCorrupt, "index_suspensions");
  }
  suspensions_.insert_or_assign(id, std::move(*list));
  return {};
}

const wire::Suspensions& Directory::suspensions(const OrganisationId& id) const {
  static const wire::Suspensions kNone;
  const auto it = suspensions_.find(id);
  return it == suspensions_.end() ? kNone : it->second;
}

const wire::Suspensions::Item* Directory::suspension_of(const Device& device) const {
  for (const wire::Suspensions::Item& item : suspensions(device.identity.organisation).items) {
    if (item.stands() && wire::decode_suspension(item.suspension.body)->device == device.identity.device) {
      return &item;
    }
  }
  return nullptr;
}

std::vector<DeviceNumber> Directory::settle_suspensions(const OrganisationId& id) {
  std::set<DeviceId> standing;
  for (const wire::Suspensions::Item& item : suspensions(id).items) {
    if (item.stands()) standing.insert(wire::decode_suspension(item.suspension.body)->device);
  }
  std::vector<DeviceNumber> changed;
  for (Device& device : devices_) {
    if (device.identity.organisation != id) continue;
    const bool suspended = !device.revoked && standing.contains(device.identity.device);
    if (device.suspended == suspended) continue;
    device.suspended = suspended;
    changed.push_back(device.number);
  }
  return changed;
}

void Directory::rebuild_rota(const OrganisationId& id) {
  const auto published = published_rotas_.find(id);
  if (published == published_rotas_.end()) return;
  std::vector<wire::AgreedChange> hold;
  for (const wire::AgreedChange& change : changes_[id]) {
    const auto* holders = holders_of(id, change.change.role);
    const bool may = change.taker && holders != nullptr &&
                     std::find(holders->begin(), holders->end(), *change.taker) != holders->end();
    // A stolen device's word is nobody's (P-028).
    const bool stolen = std::any_of(change.signers.begin(), change.signers.end(), [&](const auto& signer) {
      return revoked_.contains({id, signer.device});
    });
    if (may && !stolen) hold.push_back(change);
  }
  rotas_.insert_or_assign(id, rota::with_changes(published->second, hold));
}

wire::DutyChanges Directory::duty_changes(const OrganisationId& id) const {
  const KnownDocument* known = document(id, wire::DocumentKind::kDutyChanges);
  if (known == nullptr) return {};
  auto changes = wire::decode_duty_changes(known->document.body);
  NV_CHECK(changes);  // apply_document has read it
  return std::move(*changes);
}

const wire::Rota* Directory::rota(const OrganisationId& id) const {
  const auto it = rotas_.find(id);
  return it == rotas_.end() ? nullptr : &it->second;
}

const std::vector<PersonId>* Directory::holders_of(const OrganisationId& id, const RoleId& role) const {
  const auto owner = role_owner_.find(role);
  return owner == role_owner_.end() || owner->second != id ? nullptr : holders_of(role);
}

const KnownDocument* Directory::document(const OrganisationId& id, wire::DocumentKind kind) const {
  const auto it = documents_.find({id, kind});
  return it == documents_.end() ? nullptr : &it->second;
}

std::vector<wire::DocumentVersion> Directory::document_versions() const {
  std::vector<wire::DocumentVersion> out;
  out.reserve(documents_.size());
  for (const auto& [key, known] : documents_) out.push_back({key.first, key.second, known.document.version});
  return out;
}

const RosterView* Directory::roster(const OrganisationId& id) const {
  const auto it = rosters_.find(id);
  return it == rosters_.end() ? nullptr : &it->second;
}

const std::vector<PersonId>* Directory::holders_of(const RoleId& role) const {
  const auto it = holders_.find(role);
  return it == holders_.end() ? nullptr : &it->second;
}

// ---- Resolution

// The role's plan in the rota of the organisation that owns it; nullptr where there is none.
std::pair<const wire::Rota*, const wire::RoleRota*> Directory::rota_of(const RoleId& role) const {
  const auto owner = role_owner_.find(role);
  const auto rota = owner == role_owner_.end() ? rotas_.end() : rotas_.find(owner->second);
  if (rota == rotas_.end()) return {nullptr, nullptr};
  return {&rota->second, rota::find_role(rota->second, role)};
}

std::vector<PersonId> Directory::holders_at(const RoleId& role, UtcTime at) const {
  const auto* listed = holders_of(role);
  if (listed == nullptr) return {};
  const auto [rota, plan] = rota_of(role);
  if (plan == nullptr) return *listed;
  const rota::Answering answering = rota::who_answers(*rota, *plan, at);
  return permitted(role, answering.answering, answering.in_rota ? &answering.duty.persons : nullptr);
}

std::vector<PersonId> Directory::backup_at(const RoleId& role, UtcTime at) const {
  const auto [rota, plan] = rota_of(role);
  if (plan == nullptr || !plan->backup) return {};
  const wire::RoleRota* backup = rota::find_role(*rota, *plan->backup);
  if (backup == nullptr) return permitted(role, *plan->backup, nullptr);
  const rota::OnDuty duty = rota::on_duty(*rota, *backup, at);
  return permitted(role, *plan->backup, &duty.persons);
}

// P-100: of those on duty (nullptr: of all) in `answering`, whom the roster lists. A role answers for another
// of its own organisation alone.
std::vector<PersonId> Directory::permitted(const RoleId& role, const RoleId& answering,
                                           const std::vector<PersonId>* on_duty) const {
  const auto* may = holders_of(answering);
  if (may == nullptr || role_owner_.at(answering) != role_owner_.at(role)) return {};
  if (on_duty == nullptr) return *may;
  std::vector<PersonId> out;
  for (const PersonId& person : *on_duty) {
    if (std::find(may->begin(), may->end(), person) != may->end()) out.push_back(person);
  }
  return out;
}

std::uint64_t Directory::rota_version_of(const RoleId& role) const {
  const auto owner = role_owner_.find(role);
  if (owner == role_owner_.end()) return 0;
  const KnownDocument* known = document(owner->second, wire::DocumentKind::kRota);
  return known == nullptr ? 0 : known->document.version;
}

bool Directory::gap_at(const RoleId& role, UtcTime at) const {
  const auto [rota, plan] = rota_of(role);
  return plan != nullptr && rota::who_answers(*rota, *plan, at).gap;
}

void Directory::add_backup_devices_of(const RoleId& role, UtcTime now, std::set<DeviceNumber>& out) const {
  for (const PersonId& person : backup_at(role, now)) add_devices_of_person(person, now, out);
}

void Directory::add_devices_of_person(const PersonId& person, UtcTime now,
                                      std::set<DeviceNumber>& out) const {
  for (const DeviceNumber number : devices_of_person(person)) {
    const Device& device = devices_[number];
    if (device.usable(now) && !device.is_recorder()) out.insert(number);
  }
}

void Directory::add_devices_of(const wire::Target& target, UtcTime now, std::set<DeviceNumber>& out) const {
  switch (target.kind) {
    case wire::TargetKind::kRole:
      for (const PersonId& person : holders_at(RoleId{target.id.bytes}, now)) {
        add_devices_of_person(person, now, out);
      }
      return;
    case wire::TargetKind::kPerson: return add_devices_of_person(PersonId{target.id.bytes}, now, out);
    case wire::TargetKind::kUnit:
      for (const DeviceNumber number : devices_of_unit(UnitId{target.id.bytes})) {
        const Device& device = devices_[number];
        if (device.usable(now) && !device.is_recorder()) out.insert(number);
      }
      return;
  }
}

void Directory::add_coming_devices_of(const wire::Target& target, UtcTime now,
                                      std::set<DeviceNumber>& out) const {
  add_devices_of(target, now, out);
  if (target.kind != wire::TargetKind::kRole) return;
  const RoleId role{target.id.bytes};
  const auto [rota, plan] = rota_of(role);
  if (plan == nullptr) return;
  add_backup_devices_of(role, now, out);
  const UtcTime end = now + limits::kDutyLookAhead;
  for (UtcTime at = rota::next_answer_change(*rota, *plan, now); at <= end;
       at = rota::next_answer_change(*rota, *plan, at)) {
    for (const PersonId& person : holders_at(role, at)) add_devices_of_person(person, now, out);
    for (const PersonId& person : backup_at(role, at)) add_devices_of_person(person, now, out);
  }
}

UtcTime Directory::next_duty_change(UtcTime after) const {
  UtcTime next = kNever;
  for (const auto& [id, rota] : rotas_) next = std::min(next, rota::next_change(rota, after));
  return next;
}

const OrganisationId& Directory::owner_of_role(const RoleId& role) const {
  static const OrganisationId kNone{};
  const auto owner = role_owner_.find(role);
  return owner == role_owner_.end() ? kNone : owner->second;
}

DutyPlan Directory::duty_plan(const RoleId& role, UtcTime now, Millis ahead) const {
  DutyPlan out;
  out.until = kNever;
  const auto [rota, plan] = rota_of(role);
  if (plan == nullptr) return out;
  const auto add = [&](UtcTime at) {
    const rota::OnDuty duty = rota::on_duty(*rota, *plan, at);
    for (const PersonId& person : permitted(role, role, &duty.persons)) out.from.emplace(person, at);
  };
  add(now);
  UtcTime next = rota::next_change(*rota, *plan, now);
  out.until = next;
  for (; next <= now + ahead; next = rota::next_change(*rota, *plan, next)) add(next);
  if (next != kNever) out.until = std::min(out.until, next - ahead);
  return out;
}

std::vector<DeviceNumber> Directory::concerned_by(const RoleId& role, UtcTime now) const {
  std::set<DeviceNumber> out;
  if (const auto* holders = holders_of(role)) {
    for (const PersonId& person : *holders) add_devices_of_person(person, now, out);
  }
  add_backup_devices_of(role, now, out);
  add_recorders_of(owner_of_role(role), now, out);
  for (const auto& [organisation, roles] : asking_units_) {
    const auto units = roles.find(role);
    if (units == roles.end()) continue;
    for (const UnitId& unit : units->second) {
      for (const DeviceNumber number : asking_devices(organisation, unit, now)) out.insert(number);
    }
  }
  return {out.begin(), out.end()};
}

bool Directory::concerns(const RoleId& role, const Device& device, UtcTime now) const {
  if (!device.usable(now)) return false;
  const wire::DeviceIdentity& who = device.identity;
  const auto among = [&](const std::vector<PersonId>& persons) {
    return std::find(persons.begin(), persons.end(), who.person) != persons.end();
  };
  if (device.is_recorder()) {
    const RosterView* view = owner_of_role(role) == who.organisation ? roster(who.organisation) : nullptr;
    return view != nullptr && among(view->roster.recorders);
  }
  const auto* holders = holders_of(role);
  if ((holders != nullptr && among(*holders)) || among(backup_at(role, now))) return true;
  const auto asking = who.unit ? asking_units_.find(who.organisation) : asking_units_.end();
  if (asking == asking_units_.end()) return false;
  const auto units = asking->second.find(role);
  return units != asking->second.end() && units->second.contains(*who.unit);
}

void Directory::add_recorders_of(const OrganisationId& id, UtcTime now, std::set<DeviceNumber>& out) const {
  const RosterView* view = roster(id);
  if (view == nullptr) return;
  for (const PersonId& person : view->roster.recorders) {
    for (const DeviceNumber number : devices_of_person(person)) {
      const Device& device = devices_[number];
      if (device.usable(now) && device.is_recorder() && device.identity.organisation == id)
        out.insert(number);
    }
  }
}

std::vector<DeviceNumber> Directory::asking_devices(const OrganisationId& id, const UnitId& unit,
                                                    UtcTime now) const {
  std::vector<DeviceNumber> out;
  for (const DeviceNumber number : devices_of_unit(unit)) {
    const Device& device = devices_[number];
    if (device.usable(now) && !device.is_recorder() && device.identity.organisation == id)
      out.push_back(number);
  }
  return out;
}

// ---- Snapshot. What follows from documents and certificates is worked out again.

void Directory::save(Writer& writer) const {
  std::vector<wire::SignedGrant> grants;
  std::vector<JournalIndex> announced;
  std::vector<std::optional<DeviceNumber>> used_by;
  for (const auto& [id, known] : grants_) {
    grants.push_back(known.signed_grant);
    announced.push_back(known.announced);
    used_by.push_back(known.used_by);
  }
  writer(grants, announced, used_by);
  writer(static_cast<std::uint64_t>(devices_.size()));
  for (const Device& device : devices_) {
    writer(device.certificate, device.enrolled, device.revoked, device.stock, device.stock_changed);
  }
  std::vector<wire::SignedDocument> documents;
  std::vector<JournalIndex> published;
  for (const auto& [key, known] : documents_) {
    documents.push_back(known.document);
    published.push_back(known.published);
  }
  writer(documents, published, role_owner_);
  writer(static_cast<std::uint64_t>(revoked_.size()));
  for (const auto& [organisation, device] : revoked_) writer(organisation, device);
}

Status Directory::load(Reader& reader) {
  std::vector<wire::SignedGrant> grants;
  std::vector<JournalIndex> announced;
  std::vector<std::optional<DeviceNumber>> used_by;
  reader(grants, announced, used_by);
  if (!reader.ok() || grants.size() != announced.size() || grants.size() != used_by.size()) {
    return fail(Errc::kCorrupt, "Directory::load");
  }
  for (std::size_t i = 0; i < grants.size(); ++i) NV_TRYV(index_grant(grants[i], announced[i], used_by[i]));
  NV_TRYV(load_devices(reader));
  for (const auto& [id, known] : grants_) {
    if (known.used_by && *known.used_by >= devices_.size()) return fail(Errc::kCorrupt, "Directory::load");
  }
  return load_documents(reader);
}

Status Directory::load_devices(Reader& reader) {
  std::uint64_t count = 0;
  reader(count);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    Device& device = devices_.emplace_back();
    device.number = static_cast<DeviceNumber>(i);
    reader(device.certificate, device.enrolled, device.revoked, device.stock, device.stock_changed);
    if (!reader.ok()) break;
    NV_TRYV(index_device(device));
  }
  return reader.ok() ? Status() : fail(Errc::kCorrupt, "Directory::load_devices");
}

Status Directory::load_documents(Reader& reader) {
  std::vector<wire::SignedDocument> documents;
  std::vector<JournalIndex> published;
  std::map<RoleId, OrganisationId> role_owner;
  std::uint64_t revoked = 0;
  reader(documents, published, role_owner, revoked);
  if (!reader.ok() || documents.size() != published.size()) return fail(Errc::kCorrupt, "Directory::load");
  role_owner_ = std::move(role_owner);
  for (std::size_t i = 0; i < documents.size(); ++i) NV_TRYV(apply_document(documents[i], published[i]));
  for (; revoked > 0 && reader.ok(); --revoked) {
    std::pair<OrganisationId, DeviceId> item;
    reader(item.first, item.second);
    revoked_.insert(item);
  }
  for (const auto& [id, rota] : published_rotas_) rebuild_rota(id);
  for (const auto& [id, list] : suspensions_) settle_suspensions(id);
  return reader.ok() ? Status() : fail(Errc::kCorrupt, "Directory::load_documents");
}

void Directory::check_invariants() const {
  for (const Device& device : devices_) {
    NV_CHECK(device.stock.size() <= limits::kKeyPackagesPerDeviceMax);
    NV_CHECK(by_id_.at(device.identity.device) == device.number);
    NV_CHECK(!device.revoked || (device.stock.size() == 0 && device.session == nullptr));  // P-028
    // P-192: suspended is who a standing item names, and it is not connected.
    NV_CHECK(device.suspended == (!device.revoked && suspension_of(device) != nullptr));
    NV_CHECK(!device.suspended || device.session == nullptr);
    NV_CHECK(device.conversations <= limits::kStreamsPerDeviceMax);
  }
  for (const auto& [id, grant] : grants_) {
    if (grant.used_by) NV_CHECK(device(*grant.used_by).identity.grant == id);  // P-027
  }
  for (const auto& [id, list] : suspensions_) {
    NV_CHECK(list.items.size() <= limits::kSuspensionsKeptMax);  // P-196
    NV_CHECK(std::count_if(list.items.begin(), list.items.end(), [](const auto& item) { return item.stands(); }) <=
             static_cast<std::ptrdiff_t>(limits::kSuspensionsMax));
  }
  for (const auto& [id, count] : grants_of_) NV_CHECK(count <= kGrantsPerOrganisationMax);
  NV_CHECK(by_id_.size() == devices_.size());
}

}  // namespace nattevagt::broker
