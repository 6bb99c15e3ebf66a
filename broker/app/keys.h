// The hub's own secrets: its CURVE key, the key that signs receipts, the journal's key. One text file, 0600,
// or a systemd credential of the same form.
#pragma once

#include <string>

#include "broker/io/sqlite_handle.h"
#include "proto/common/crypto.h"
#include "proto/common/entropy.h"

namespace nattevagt::broker {

struct HubKeys {
  CurveSecretKey curve;
  SignKey sign;
  JournalKey journal;

  static HubKeys generate(Entropy& entropy);
};

// kAlreadyExists: never written over. kStorage.
Status save_keys(const HubKeys& keys, const std::string& path);
// kNotFound, kNotPermitted (others can read the file), kMalformed, kStorage.
Result<HubKeys> load_keys(const std::string& path);

}  // namespace nattevagt::broker
