// What makes this device this device: keys, certificate, hub and pinned organisations. One row of the store.
#pragma once

#include <optional>
#include <vector>

#include "proto/common/entropy.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"
#include "proto/wire/chain.h"

namespace nattevagt::client {

struct DeviceRecord {
  SignKey sign_key;
  CurveSecretKey curve_key;
  std::optional<SignSeed> grant_seed;  // until the hub has enrolled us; gone afterwards
  wire::Certificate certificate;
  wire::HubPin hub;
  std::vector<wire::TrustedOrganisation> trusted;
  bool enrolled = false;
  bool revoked = false;
  std::string author_name, author_profession;  // who holds a unit's phone now
};

// Makes the keys and the certificate that a link entitles to. kMalformed, kUntrusted, kBadSignature,
// kExpired, kInvalidValue (the seed is not the grant's).
Result<DeviceRecord> make_device(std::string_view link, UtcTime now, Entropy& entropy);
// The grant that a link carries, verified; to see whether it is the one we have.
Result<GrantId> grant_of_link(std::string_view link);

SecretBytes pack_device(const DeviceRecord& record);
Result<DeviceRecord> unpack_device(ByteView bytes);

}  // namespace nattevagt::client
