#include "client-lib/admin/organisation.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "proto/common/limits.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {
namespace {

// Kept so that a grant's holder can be told later; old ones are of no use to anybody.
constexpr std::size_t kGrantsRememberedMax = 20'000;

Status make_private_folder(const std::string& home) {
  std::error_code code;
  std::filesystem::create_directories(home, code);
  if (code) return fail(Errc::kStorage, "Organisation: folder");
  if (::chmod(home.c_str(), 0700) != 0) return fail(Errc::kStorage, "Organisation: folder");
  return {};
}

std::string file_in(const std::string& home) { return home + "/" + std::string(kOrganisationFile); }

template <class IdType>
Result<IdType> find_or_make(std::vector<NamedId<IdType>>& list, std::string_view name, Entropy& entropy) {
  for (const auto& item : list) {
    if (item.name == name) return item.id;
  }
  if (!is_usable_name(name)) return fail(Errc::kInvalidValue, "Organisation: name");
  list.push_back({entropy.make_id<IdType>(), std::string(name)});
  return list.back().id;
}

bool usable_endpoint(std::string_view endpoint) {
  return endpoint.starts_with("tcp://") && endpoint.size() > 6 &&
         endpoint.size() <= limits::kEndpointBytesMax &&
         std::all_of(endpoint.begin(), endpoint.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Organisation::Organisation(SecretFile file, OrganisationState state, Entropy& entropy)
    : file_(std::move(file)),
      state_(std::make_unique<OrganisationState>(std::move(state))),
      entropy_(&entropy) {}

Result<Organisation> Organisation::create(const std::string& home, std::string_view name,
                                          std::string_view passphrase, const wire::HubPin& hub,
                                          PassphraseCost cost, Entropy& entropy) {
  if (!is_usable_name(name)) return fail(Errc::kInvalidValue, "Organisation::create name");
  if (!usable_endpoint(hub.endpoint)) return fail(Errc::kInvalidValue, "Organisation::create endpoint");
  NV_TRYV(make_private_folder(home));
  NV_TRY(SecretFile file, SecretFile::create(file_in(home), passphrase, cost, entropy));
  OrganisationState state;
  state.name = name;
  state.sign_seed = entropy.make_secret<SignSeed>();
  state.curve_key = entropy.make_secret<CurveSecretKey>();
  state.directory_key = entropy.make_secret<SealKey>();
  state.hub = hub;
  Organisation made(std::move(file), std::move(state), entropy);
  NV_TRYV(made.save());
  return made;
}

Result<Organisation> Organisation::open(const std::string& home, std::string_view passphrase,
                                        Entropy& entropy) {
  NV_TRY(auto opened, SecretFile::open(file_in(home), passphrase));
  NV_TRY(OrganisationState state, decode_state(opened.content.expose()));
  return Organisation(std::move(opened.file), std::move(state), entropy);
}

wire::OrganisationCard Organisation::card() const {
  const SignKey sign = SignKey::from_seed(state_->sign_seed);
  return {wire::organisation_id(sign.public_key()), sign.public_key(), curve_public_key(state_->curve_key)};
}

wire::TrustedOrganisation Organisation::trust() const {
  return {card(), state_->name, state_->directory_key.duplicate()};
}

const NamedPerson* Organisation::find_person(std::string_view name) const {
  const auto found = std::find_if(state_->people.begin(), state_->people.end(),
                                  [&](const NamedPerson& person) { return person.name == name; });
  return found == state_->people.end() ? nullptr : &*found;
}

const NamedPerson* Organisation::find_person(PersonId id) const {
  const auto found = std::find_if(state_->people.begin(), state_->people.end(),
                                  [&](const NamedPerson& person) { return person.id == id; });
  return found == state_->people.end() ? nullptr : &*found;
}

Result<PersonId> Organisation::person(std::string_view name, std::string_view profession) {
  for (auto& known : state_->people) {
    if (known.kind != wire::HolderKind::kPerson || known.name != name) continue;
    if (!profession.empty()) {
      if (!is_usable_name(profession)) return fail(Errc::kInvalidValue, "Organisation: profession");
      known.profession = profession;
    }
    return known.id;
  }
  if (!is_usable_name(name)) return fail(Errc::kInvalidValue, "Organisation: name");
  if (!profession.empty() && !is_usable_name(profession)) {
    return fail(Errc::kInvalidValue, "Organisation: profession");
  }
  state_->people.push_back({entropy_->make_id<PersonId>(), wire::HolderKind::kPerson, std::string(name),
                            std::string(profession), std::nullopt});
  return state_->people.back().id;
}

Result<PersonId> Organisation::holder(wire::HolderKind kind, std::string_view name) {
  for (const auto& known : state_->people) {
    if (known.kind == kind && known.name == name) return known.id;
  }
  std::optional<UnitId> unit_id;
  if (kind == wire::HolderKind::kUnit) {
    NV_TRY(unit_id, unit(name));
  }
  if (!is_usable_name(name)) return fail(Errc::kInvalidValue, "Organisation: name");
  state_->people.push_back({entropy_->make_id<PersonId>(), kind, std::string(name), {}, unit_id});
  return state_->people.back().id;
}

Result<UnitId> Organisation::unit(std::string_view name) {
  return find_or_make(state_->units, name, *entropy_);
}
Result<RoleId> Organisation::role(std::string_view name) {
  return find_or_make(state_->roles, name, *entropy_);
}
Result<LadderId> Organisation::ladder(std::string_view name) {
  return find_or_make(state_->ladders, name, *entropy_);
}

Result<wire::GrantLink> Organisation::make_grant(const GrantOrder& order, UtcTime now) {
  if (order.valid_for <= Millis(0) || order.valid_for > kGrantLifetimeMax ||
      order.certificate_lifetime <= Millis(0) ||
      order.certificate_lifetime > limits::kCertificateLifetimeMax) {
    return fail(Errc::kInvalidValue, "Organisation::make_grant lifetime");
  }
  const bool is_person = order.kind == wire::HolderKind::kPerson;
  NV_TRY(const PersonId id,
         is_person ? person(order.name, order.profession) : holder(order.kind, order.name));
  const NamedPerson* known = find_person(id);
  wire::Grant grant;
  grant.unit = known->unit;
  if (order.for_unit) {
    const auto unit_of = std::find_if(state_->units.begin(), state_->units.end(),
                                      [&](const auto& item) { return item.name == *order.for_unit; });
    if (unit_of == state_->units.end()) return fail(Errc::kNotFound, "Organisation::make_grant unit");
    grant.unit = unit_of->id;
  }
  auto seed = entropy_->make_secret<SignSeed>();
  const wire::GrantKeys keys = wire::grant_keys(seed);
  grant.id = entropy_->make_id<GrantId>();
  grant.organisation = card().id;
  grant.kind = order.kind;
  grant.person = id;
  grant.sealed_label = seal_name(known->name, known->profession, id.view());
  grant.sign_key = keys.sign.public_key();
  grant.curve_key = curve_public_key(keys.curve);
  grant.issued_at = now;
  grant.not_after = now + order.valid_for;
  grant.certificate_lifetime = order.certificate_lifetime;
  grant.hub = state_->hub;
  if (state_->grants.size() >= kGrantsRememberedMax) state_->grants.erase(state_->grants.begin());
  state_->grants.push_back({grant.id, id, grant.not_after});
  NV_TRYV(save());
  wire::GrantLink link;
  link.grant = wire::sign_grant(grant, SignKey::from_seed(state_->sign_seed));
  link.seed = std::move(seed);
  link.trusted.push_back(trust());
  for (const auto& other : state_->trusted) link.trusted.push_back(other.duplicate());
  return link;
}

Status Organisation::trust(const wire::TrustedOrganisation& other) {
  if (other.card.id == card().id) return fail(Errc::kInvalidValue, "Organisation::trust");
  if (wire::organisation_id(other.card.sign_key) != other.card.id || !is_usable_name(other.name)) {
    return fail(Errc::kMalformed, "Organisation::trust");
  }
  auto& list = state_->trusted;
  const auto known =
      std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.card.id == other.card.id; });
  if (known != list.end()) {
    *known = other.duplicate();
  } else {
    if (list.size() + 1 >= limits::kOrganisationsMax) return fail(Errc::kTooLarge, "Organisation::trust");
    list.push_back(other.duplicate());
  }
  return save();
}

Result<wire::SignedDocument> Organisation::sign_roster(const wire::Roster& roster,
                                                       std::uint64_t hub_version) {
  state_->roster_version = std::max(state_->roster_version, hub_version) + 1;
  NV_TRYV(save());
  return wire::sign_document(card().id, wire::DocumentKind::kRoster, state_->roster_version,
                             wire::encode(roster), SignKey::from_seed(state_->sign_seed));
}

Result<wire::SignedDocument> Organisation::sign_rota(const wire::Rota& rota, std::uint64_t hub_version) {
  state_->rota_version = std::max(state_->rota_version, hub_version) + 1;
  NV_TRYV(save());
  return wire::sign_document(card().id, wire::DocumentKind::kRota, state_->rota_version, wire::encode(rota),
                             SignKey::from_seed(state_->sign_seed));
}

Result<wire::SignedDocument> Organisation::revoke(const std::vector<DeviceId>& devices,
                                                  std::uint64_t hub_version, UtcTime now) {
  auto& all = state_->revoked;
  for (const DeviceId& device : devices) {
    if (std::find(all.begin(), all.end(), device) == all.end()) all.push_back(device);
  }
  if (all.size() > limits::kRevokedDevicesMax) return fail(Errc::kTooLarge, "Organisation::revoke");
  state_->revocations_version = std::max(state_->revocations_version, hub_version) + 1;
  NV_TRYV(save());
  const wire::Revocations revocations{now, all};
  return wire::sign_document(card().id, wire::DocumentKind::kRevocations, state_->revocations_version,
                             wire::encode(revocations), SignKey::from_seed(state_->sign_seed));
}

wire::SignedLift Organisation::lift(const wire::Suspension& suspension, UtcTime now) const {
  return wire::sign_lift(suspension, now, true, SignKey::from_seed(state_->sign_seed));
}

Bytes Organisation::seal_name(std::string_view name, std::string_view profession, ByteView bound_to) {
  return wire::seal_label({std::string(name), std::string(profession)}, state_->directory_key, bound_to,
                          *entropy_);
}

Bytes Organisation::seal_reserve_plan(std::string_view text) {
  // Bound to the organisation: the plan of one cannot be shown as another's.
  return seal(state_->directory_key, as_bytes(text), card().id.view(), *entropy_);
}

Status Organisation::save() { return file_.save(encode_state(*state_).expose(), *entropy_); }

}  // namespace nattevagt::client
