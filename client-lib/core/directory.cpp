#include "client-lib/core/directory.h"

#include <algorithm>

#include "proto/rota/changes.h"
#include "proto/rota/rota.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

constexpr std::size_t kRemembered = 4'096;  // four of the largest groups

template <class To, class From>
To as_id(const From& from) {
  To out;
  out.bytes = from.bytes;
  return out;
}

}  // namespace

void Directory::pin(std::vector<wire::TrustedOrganisation> organisations) {
  organisations_ = std::move(organisations);
  cards_.clear();
  for (const auto& trusted : organisations_) cards_.push_back(trusted.card);
  certified_.clear();
  named_.clear();
  people_.reset();
}

const wire::TrustedOrganisation* Directory::organisation(const OrganisationId& id) const {
  for (const auto& trusted : organisations_) {
    if (trusted.card.id == id) return &trusted;
  }
  return nullptr;
}

Result<bool> Directory::offer(const wire::SignedDocument& document) {
  const auto* trusted = organisation(document.organisation);
  if (trusted == nullptr) return fail(Errc::kUntrusted, "P-026");
  if (!wire::made_by_hub(document.kind)) NV_TRYV(wire::verify_document(document, trusted->card));
  const std::pair key(document.organisation, document.kind);
  const Digest body = sha256(document.body);
  if (const auto found = held_.find(key); found != held_.end()) {
    if (document.version < found->second.version) return fail(Errc::kReplay, "P-026");
    if (document.version == found->second.version) {
      if (body != found->second.body) return fail(Errc::kFork, "P-026");
      return false;
    }
  }
  switch (document.kind) {
    case wire::DocumentKind::kRoster: {
      NV_TRY(wire::Roster roster, wire::decode_roster(document.body));
      rosters_.insert_or_assign(document.organisation, std::move(roster));
      people_.reset();
      rebuild_rota(document.organisation);
      break;
    }
    case wire::DocumentKind::kRevocations: {
      NV_TRY(wire::Revocations revocations, wire::decode_revocations(document.body));
      std::sort(revocations.devices.begin(), revocations.devices.end());
      revoked_.insert_or_assign(document.organisation, std::move(revocations.devices));
      rebuild_rota(document.organisation);
      break;
    }
    case wire::DocumentKind::kRota: {
      NV_TRY(wire::Rota rota, wire::decode_rota(document.body));
      published_rotas_.insert_or_assign(document.organisation, std::move(rota));
      rebuild_rota(document.organisation);
      break;
    }
    case wire::DocumentKind::kDutyChanges: {
      NV_TRY(wire::DutyChanges changes, wire::decode_duty_changes(document.body));
      std::vector<Change> verified;
      for (wire::SignedDutyChange& item : changes.items) {
        // P-111: the hub cannot make one, nor move one from another organisation.
        NV_TRY(wire::AgreedChange agreed, wire::verify_duty_change(item, cards_));
        if (agreed.change.organisation != document.organisation) return fail(Errc::kUntrusted, "P-111");
        verified.push_back({std::move(agreed), std::move(item)});
      }
      changes_.insert_or_assign(document.organisation, std::move(verified));
      rebuild_rota(document.organisation);
      break;
    }
    case wire::DocumentKind::kSuspensions:
      NV_TRYV(take_suspensions(document.organisation, document.body));
      break;
  }
  held_.insert_or_assign(key, Held{document.version, body});
  return true;
}

// P-190, P-194: the hub can make none, nor move one from another organisation, nor show one again that has ended.
Status Directory::take_suspensions(const OrganisationId& id, ByteView body) {
  NV_TRY(const wire::Suspensions list, wire::decode_suspensions(body));
  std::vector<Suspended> taken;
  for (const wire::Suspensions::Item& item : list.items) {
    Suspended one;
    NV_TRY(one.verified, verified(item.suspension));
    if (one.verified.said.organisation != id) return fail(Errc::kUntrusted, "P-190");
    one.at = item.at;
    if (item.lift) {
      NV_TRYV(wire::verify_lift(*item.lift, one.verified).map([](const wire::SuspensionLift&) {}));
      one.lifted_at = item.lifted_at;
      one.by_organisation = item.lift->by_organisation;
    }
    for (const Suspended& before : suspended_[id]) {
      const bool ended = before.verified.said.id == one.verified.said.id && before.lifted_at.has_value();
      if (ended && !one.lifted_at) return fail(Errc::kReplay, "P-194");
    }
    taken.push_back(std::move(one));
  }
  suspended_.insert_or_assign(id, std::move(taken));
  return {};
}

Result<wire::VerifiedSuspension> Directory::verified(const wire::SignedSuspension& suspension) const {
  return wire::verify_suspension(suspension, cards_);
}

std::vector<Directory::Suspended> Directory::suspensions() const {
  std::vector<Suspended> out;
  for (const auto& [id, list] : suspended_) {
    for (const Suspended& one : list) {
      if (!revoked(id, one.verified.said.device)) out.push_back(one);
    }
  }
  return out;
}

bool Directory::suspended(const DeviceId& device) const {
  const auto all = suspensions();
  return std::any_of(all.begin(), all.end(), [&](const Suspended& one) {
    return one.verified.said.device == device && !one.lifted_at;
  });
}

std::string Directory::author_of(const wire::Suspension& said) const {
  return label(said.organisation, said.sealed_author, said.id.view());
}

// The same as the hub's (P-114).
void Directory::rebuild_rota(const OrganisationId& id) {
  const auto published = published_rotas_.find(id);
  std::vector<wire::AgreedChange> hold;
  for (Change& change : changes_[id]) {
    const wire::AgreedChange& agreed = change.agreed;
    const auto held = holders(agreed.change.role);
    const bool may = agreed.taker && held && held->owner == id && held->lists(*agreed.taker);
    const bool stolen = std::any_of(agreed.signers.begin(), agreed.signers.end(),
                                    [&](const auto& signer) { return revoked(id, signer.device); });
    const bool taken_back =
        published != published_rotas_.end() &&
        std::count(published->second.revoked_changes.begin(), published->second.revoked_changes.end(),
                   agreed.change.id) > 0;
    change.in_force = agreed.complete && may && !stolen && !taken_back;
    if (change.in_force) hold.push_back(agreed);
  }
  if (published != published_rotas_.end()) {
    rotas_.insert_or_assign(id, rota::with_changes(published->second, hold));
  }
}

std::vector<Directory::Change> Directory::changes() const {
  std::vector<Change> out;
  for (const auto& [id, changes] : changes_) out.insert(out.end(), changes.begin(), changes.end());
  return out;
}

std::optional<Directory::RoleHolders> Directory::holders(const RoleId& role) const {
  OrganisationId owner;
  const wire::Role* found = find_role(role, &owner);
  if (found == nullptr) return std::nullopt;
  return RoleHolders{owner, found->holders};
}

bool Directory::RoleHolders::lists(const PersonId& person) const {
  return std::find(persons.begin(), persons.end(), person) != persons.end();
}

std::optional<Directory::FilledRole> Directory::filled(const RoleId& role) const {
  OrganisationId owner;
  const wire::Rota* found = find_role(role, &owner) == nullptr ? nullptr : rota(owner);
  const wire::RoleRota* plan = found == nullptr ? nullptr : rota::find_role(*found, role);
  if (plan == nullptr) return std::nullopt;
  return FilledRole{owner, found, plan};
}

std::uint64_t Directory::version(const OrganisationId& id, wire::DocumentKind kind) const {
  const auto found = held_.find({id, kind});
  return found == held_.end() ? 0 : found->second.version;
}

std::vector<wire::DocumentVersion> Directory::versions() const {
  std::vector<wire::DocumentVersion> out;
  out.reserve(held_.size());
  for (const auto& [key, held] : held_) out.push_back({key.first, key.second, held.version});
  return out;
}

const wire::Roster* Directory::roster(const OrganisationId& id) const {
  const auto found = rosters_.find(id);
  return found == rosters_.end() ? nullptr : &found->second;
}

const wire::Rota* Directory::rota(const OrganisationId& id) const {
  const auto found = rotas_.find(id);
  return found == rotas_.end() ? nullptr : &found->second;
}

// Verified as of its own beginning: of what verify_certificate checks, the end alone depends on the clock.
Result<const wire::DeviceIdentity*> Directory::known(ByteView certificate) const {
  if (const auto found = certified_.find(certificate); found != certified_.end()) return &found->second;
  NV_TRY(const wire::Certificate parsed, wire::decode_certificate(certificate));
  NV_TRY(const wire::CertificateBody body, wire::decode_certificate_body(parsed.body));
  NV_TRY(wire::DeviceIdentity identity, wire::verify_certificate(parsed, cards_, body.issued_at));
  if (certified_.size() >= kRemembered) certified_.clear();
  return &certified_.emplace(to_bytes(certificate), std::move(identity)).first->second;
}

Result<wire::DeviceIdentity> Directory::issued(ByteView certificate) const {
  NV_TRY(const wire::DeviceIdentity* identity, known(certificate));
  return *identity;
}

Result<wire::DeviceIdentity> Directory::certified(ByteView certificate, UtcTime now) const {
  NV_TRY(const wire::DeviceIdentity* identity, known(certificate));
  if (now >= identity->not_after) return fail(Errc::kExpired, "P-025");
  return *identity;
}

Result<wire::DeviceIdentity> Directory::identify(ByteView certificate, UtcTime now) const {
  NV_TRY(wire::DeviceIdentity identity, certified(certificate, now));
  if (revoked(identity.organisation, identity.device)) return fail(Errc::kRevoked, "P-028");
  return identity;
}

bool Directory::revoked(const OrganisationId& id, const DeviceId& device) const {
  const auto found = revoked_.find(id);
  return found != revoked_.end() && std::binary_search(found->second.begin(), found->second.end(), device);
}

std::string Directory::label(const OrganisationId& id, ByteView sealed, ByteView bound_to) const {
  const auto* trusted = organisation(id);
  if (trusted == nullptr || sealed.empty()) return {};
  const auto opened = wire::open_label(sealed, trusted->directory_key, bound_to);
  return opened ? opened->name : std::string();
}

Person Directory::person(const wire::DeviceIdentity& identity) const {
  if (const auto named = named_.find(identity.device); named != named_.end()) {
    if (named->second.first == identity) return named->second.second;
  }
  Person out{.id = identity.person,
             .device = identity.device,
             .name = {},
             .profession = {},
             .organisation = identity.organisation,
             .organisation_name = {},
             .kind = identity.kind,
             .unit = identity.unit};
  const auto* trusted = organisation(identity.organisation);
  if (trusted == nullptr) return out;
  out.organisation_name = trusted->name;
  auto opened = wire::open_label(identity.sealed_label, trusted->directory_key, identity.person.view());
  if (!opened && identity.unit) {
    opened = wire::open_label(identity.sealed_label, trusted->directory_key, identity.unit->view());
  }
  if (opened) {
    out.name = opened->name;
    out.profession = opened->profession;
  }
  if (named_.size() >= kRemembered) named_.clear();
  named_.insert_or_assign(identity.device, std::pair(identity, out));
  return out;
}

std::optional<Directory::Asking> Directory::ladder_for(const UnitId& unit, wire::Severity severity,
                                                       std::optional<OrganisationId> organisation) const {
  for (const auto& [id, roster] : rosters_) {
    if (organisation && *organisation != id) continue;
    for (const wire::Unit& candidate : roster.units) {
      if (candidate.id != unit) continue;
      Asking out{id, &candidate, nullptr};
      for (const wire::UnitLadder& entry : candidate.ladders) {
        if (entry.severity != severity) continue;
        for (const wire::Ladder& ladder : roster.ladders) {
          if (ladder.id == entry.ladder) out.ladder = &ladder;
        }
      }
      return out;
    }
  }
  return std::nullopt;
}

const wire::Role* Directory::find_role(const RoleId& role, OrganisationId* owner) const {
  for (const auto& [id, roster] : rosters_) {
    for (const wire::Role& candidate : roster.roles) {
      if (candidate.id != role) continue;
      if (owner != nullptr) *owner = id;
      return &candidate;
    }
  }
  return nullptr;
}

namespace {

bool may_hold(const wire::Roster* roster, const RoleId& id, const PersonId& person) {
  return roster != nullptr && std::any_of(roster->roles.begin(), roster->roles.end(), [&](const auto& role) {
           return role.id == id &&
                  std::find(role.holders.begin(), role.holders.end(), person) != role.holders.end();
         });
}
bool holds_a_role(const wire::Roster& roster, const PersonId& person) {
  return std::any_of(roster.roles.begin(), roster.roles.end(), [&](const wire::Role& role) {
    return std::find(role.holders.begin(), role.holders.end(), person) != role.holders.end();
  });
}
bool has_unit(const wire::Roster& roster, const UnitId& unit) {
  return std::any_of(roster.units.begin(), roster.units.end(),
                     [&](const wire::Unit& candidate) { return candidate.id == unit; });
}

}  // namespace

bool Directory::meant(const wire::Target& target, const OrganisationId& asking, const Who& who) const {
  const wire::Roster* own = roster(who.organisation);
  switch (target.kind) {
    case wire::TargetKind::kRole: {
      // The role's organisation alone says who holds it, and only its own people may: another pinned
      // organisation could print a certificate with the same person id.
      OrganisationId owner;
      const wire::Role* role = find_role(as_id<RoleId>(target.id), &owner);
      if (role == nullptr || owner != who.organisation) return false;
      const auto holds = [&](const RoleId& id) { return may_hold(own, id, who.person); };
      // P-105: and who may answer in its stead.
      const auto by_rota = filled(role->id);
      return holds(role->id) || (by_rota && ((by_rota->plan->backup && holds(*by_rota->plan->backup)) ||
                                             (by_rota->plan->daytime && holds(*by_rota->plan->daytime))));
    }
    case wire::TargetKind::kPerson:
      return as_id<PersonId>(target.id) == who.person &&
             (who.organisation == asking || (own != nullptr && holds_a_role(*own, who.person)));
    case wire::TargetKind::kUnit:
      return who.unit == as_id<UnitId>(target.id) && own != nullptr && has_unit(*own, *who.unit);
  }
  return false;
}

bool Directory::on_ladder(const Asking& asking, const Who& who) const {
  if (asking.ladder == nullptr) return false;
  for (const wire::LadderStep& step : asking.ladder->steps) {
    for (const wire::Target& target : step.targets) {
      if (meant(target, asking.organisation, who)) return true;
    }
  }
  return false;
}

std::vector<PersonId> Directory::on_duty(const wire::Target& target, UtcTime at) const {
  if (target.kind != wire::TargetKind::kRole) return {};
  const auto role = filled(as_id<RoleId>(target.id));
  if (!role) return {};
  const rota::Answering answering = rota::who_answers(*role->rota, *role->plan, at);
  std::vector<PersonId> out;
  for (const PersonId& person : answering.duty.persons) {
    if (may_hold(roster(role->owner), answering.answering, person)) out.push_back(person);
  }
  return out;
}

UtcTime Directory::next_duty_change(UtcTime after) const {
  UtcTime next = kNever;
  for (const auto& [id, rota] : rotas_) next = std::min(next, rota::next_change(rota, after));
  return next;
}

bool Directory::recorder(const Who& who) const {
  const wire::Roster* own = roster(who.organisation);
  return who.kind == wire::HolderKind::kRecorder && own != nullptr &&
         std::find(own->recorders.begin(), own->recorders.end(), who.person) != own->recorders.end();
}

bool Directory::listed(const Who& who) const {
  const wire::Roster* own = roster(who.organisation);
  if (own == nullptr) return false;
  return recorder(who) || (who.unit && has_unit(*own, *who.unit)) || holds_a_role(*own, who.person);
}

std::vector<OrganisationId> Directory::owners(const Asking& asking) const {
  std::vector<wire::Target> targets;
  if (asking.ladder != nullptr) {
    for (const wire::LadderStep& step : asking.ladder->steps) {
      targets.insert(targets.end(), step.targets.begin(), step.targets.end());
    }
  }
  return owners(asking.organisation, targets);
}

std::vector<OrganisationId> Directory::owners(const OrganisationId& first,
                                              const std::vector<wire::Target>& targets) const {
  std::vector<OrganisationId> out{first};
  const auto add = [&](const OrganisationId& id) {
    if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  };
  for (const wire::Target& target : targets) {
    if (target.kind == wire::TargetKind::kRole) {
      OrganisationId owner;
      if (find_role(as_id<RoleId>(target.id), &owner) != nullptr) add(owner);
      continue;
    }
    for (const auto& [id, roster] : rosters_) {
      if (target.kind == wire::TargetKind::kUnit && has_unit(roster, as_id<UnitId>(target.id))) add(id);
    }
  }
  return out;
}

void Directory::each_rung(const std::function<void(const Rung&)>& visit) const {
  for (const auto& [id, roster] : rosters_) {
    for (const wire::Unit& unit : roster.units) {
      for (const wire::UnitLadder& entry : unit.ladders) {
        const auto asking = ladder_for(unit.id, entry.severity, id);
        if (!asking || asking->ladder == nullptr) continue;
        std::uint32_t step = 0;
        for (const wire::LadderStep& rung : asking->ladder->steps) {
          for (const wire::Target& target : rung.targets) visit({&unit, entry.severity, step, &target});
          ++step;
        }
      }
    }
  }
}

std::string Directory::role_label(const RoleId& role) const {
  OrganisationId owner;
  const wire::Role* found = find_role(role, &owner);
  return found == nullptr ? std::string() : label(owner, found->sealed_label, role.view());
}

std::string Directory::unit_label(const UnitId& unit) const {
  for (const auto& [id, roster] : rosters_) {
    for (const wire::Unit& candidate : roster.units) {
      if (candidate.id == unit) return label(id, candidate.sealed_label, unit.view());
    }
  }
  return {};
}

std::string Directory::target_label(const wire::Target& target) const {
  std::string out;
  switch (target.kind) {
    case wire::TargetKind::kRole: out = role_label(as_id<RoleId>(target.id)); break;
    case wire::TargetKind::kUnit: out = unit_label(as_id<UnitId>(target.id)); break;
    case wire::TargetKind::kPerson: {
      const auto named = people().find(as_id<PersonId>(target.id));
      out = named == people().end() ? "en person på stigen" : named->second;
      break;
    }
  }
  return out.empty() ? "et trin på stigen" : out;
}

std::vector<DirectoryEntry> Directory::names() const {
  std::vector<DirectoryEntry> out;
  for (const auto& [owner, roster] : rosters_) {
    const auto* trusted = organisation(owner);
    if (trusted == nullptr) continue;
    const auto add = [&](wire::TargetKind kind, const auto& item) {
      std::string name = label(owner, item.sealed_label, item.id.view());
      if (!name.empty())
        out.push_back({{kind, as_id<decltype(wire::Target::id)>(item.id)}, std::move(name), trusted->name});
    };
    for (const wire::Role& role : roster.roles) add(wire::TargetKind::kRole, role);
    for (const wire::Unit& unit : roster.units) add(wire::TargetKind::kUnit, unit);
  }
  return out;
}

const std::map<PersonId, std::string>& Directory::people() const {
  if (people_) return *people_;
  people_.emplace();
  for (const auto& [owner, roster] : rosters_) {
    for (const wire::PersonLabel& person : roster.people) {
      std::string name = label(owner, person.sealed_label, person.id.view());
      if (!name.empty()) people_->emplace(person.id, std::move(name));
    }
  }
  return *people_;
}

std::string Directory::reserve_plan(const OrganisationId& id) const {
  const wire::Roster* own = roster(id);
  const auto* trusted = organisation(id);
  if (own == nullptr || trusted == nullptr || own->sealed_reserve_plan.empty()) return {};
  const auto opened = open_sealed(trusted->directory_key, own->sealed_reserve_plan, id.view());
  return opened ? std::string(as_text(opened->expose())) : std::string();
}

}  // namespace nattevagt::client
