// What an organisation's tool remembers: keys, and the ids behind its names. A value with a text form, which
// lives only inside a SecretFile.
//
// Text form: one line a fact, fields parted by tabs, the first is the kind. Unknown kinds are refused
// (kUnsupported): an older tool must not silently drop what a newer one has written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proto/common/secret.h"
#include "proto/wire/identity.h"

namespace nattevagt::client {

struct NamedPerson {  // a holder: a person, a unit's shared phone, or a recorder
  PersonId id;
  wire::HolderKind kind{};
  std::string name;
  std::string profession;      // of persons
  std::optional<UnitId> unit;  // whose calls the holder's devices get
};
template <class IdType>
struct NamedId {
  IdType id;
  std::string name;
};
struct IssuedGrant {
  GrantId id;
  PersonId person;
  UtcTime not_after;
};

struct OrganisationState {
  std::string name;
  SignSeed sign_seed;
  CurveSecretKey curve_key;
  SealKey directory_key;
  wire::HubPin hub;
  std::uint64_t roster_version = 0;  // the highest that was ever signed
  std::uint64_t revocations_version = 0;
  std::uint64_t rota_version = 0;
  std::vector<NamedPerson> people;
  std::vector<NamedId<UnitId>> units;
  std::vector<NamedId<RoleId>> roles;
  std::vector<NamedId<LadderId>> ladders;
  std::vector<IssuedGrant> grants;
  std::vector<DeviceId> revoked;
  std::vector<wire::TrustedOrganisation> trusted;
};

SecretBytes encode_state(const OrganisationState& state);
Result<OrganisationState> decode_state(ByteView bytes);  // kCorrupt, kUnsupported

// Names go into lines, labels and terminals: UTF-8, 1..kNameBytesMax bytes, no control characters, no space
// at the ends.
bool is_usable_name(std::string_view name) noexcept;

}  // namespace nattevagt::client
