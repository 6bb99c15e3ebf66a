// store.keys: the store's raw key, sealed under a key that Argon2id makes of the PIN; and store.tries, which
// counts wrong PINs across restarts.
//
// Invariants:
//  1. A try is counted on disk before the PIN is tested: killing the process does not give another one.
//  2. Both files are replaced whole (temporary file, fsync, rename, fsync of the folder).
//  3. From kWrongPinsBeforeDelay wrong PINs on each further one costs twice the wait before; after
//     kWrongPinsMax an hour. Whoever takes the file itself has only Argon2id against him.
#pragma once

#include <string>

#include "client-lib/store/pin.h"
#include "proto/common/clock.h"
#include "proto/common/entropy.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt::client {

using StoreKey = Secret<struct StoreKeyPurpose, 48>;  // SQLCipher: 32 bytes of key, 16 of salt

bool key_file_exists(const std::string& home);
// kAlreadyExists, kStorage, kNoSpace, kInvalidValue (PIN too short, cost out of range).
Result<StoreKey> make_key_file(const std::string& home, std::string_view pin, const KeyCost& cost,
                               StoreKey key, Entropy& entropy);
// kNotFound, kWrongPin, kLocked (see pin_wait_of), kCorrupt, kUnsupported.
Result<StoreKey> unlock_key_file(const std::string& home, std::string_view pin, UtcTime now);
// What the home was made with. kNotFound, kCorrupt, kUnsupported.
Result<KeyCost> key_file_cost(const std::string& home);
// How long until the next try is allowed; zero when it is now.
Millis pin_wait_of(const std::string& home, UtcTime now);

}  // namespace nattevagt::client
