// The people who share a unit's device, each with a PIN of her own (P-170 to P-172). Rows of the encrypted
// store: whoever has not opened that has nothing of them.
//
// Invariants:
//  1. A try is counted on disk before the PIN is tested, as in key_file.h.
//  2. A PIN is nowhere but as Argon2id of itself under a salt of its own.
//  3. Each reset is recorded, with who held the device then; the newest kResetsKept are kept.
//
// Threads: none. Ownership: a resource; store and entropy outlive it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client-lib/core/outcome.h"
#include "client-lib/store/pin.h"
#include "client-lib/store/sqlcipher_store.h"
#include "proto/common/entropy.h"

namespace nattevagt::client {

class Profiles {
 public:
  static constexpr std::size_t kResetsKept = 16;

  Profiles(SqlcipherStore& store, Entropy& entropy, KeyCost cost)
      : store_(store), entropy_(entropy), cost_(cost) {}

  Status load(const StoreImage& image);       // kCorrupt
  std::vector<ProfileView> list() const;      // newest use first
  const ProfileView* find(const ProfileId& id) const;
  std::optional<ProfileId> named(std::string_view initials) const;  // case does not matter
  Millis wait(const ProfileId& id, UtcTime now) const;

  // kInvalidValue (initials, an empty name, the PIN), kAlreadyExists (the initials), kTooLarge.
  Result<ProfileId> add(const ProfileDraft& draft, std::string_view pin, UtcTime now);
  // kWrongPin, kLocked, kStorage. Of a profile that is not there: kWrongPin, after as long.
  Status check(const ProfileId& id, std::string_view pin, UtcTime now);
  // Her own, by whoever knows it: check()'s errors for the old one, kInvalidValue for the new. No reset: nobody
  // else's hand was in it.
  Status change(const ProfileId& id, std::string_view pin, std::string_view next, UtcTime now);
  // kNotFound, kInvalidValue. That the device's PIN was given is the caller's to see to.
  Status reset(const ProfileId& id, std::string_view pin, const std::string& by, UtcTime now);
  Status remove(const ProfileId& id);

 private:
  struct Held {
    ProfileView view;
    KeyCost cost;
    PinSalt salt{};
    SealKey derived;
    PinTries tries;
  };
  Status save(const ProfileId& id, const Held& held);
  static Result<Held> read(const StoreImage::Row& row);
  Result<Held> with_pin(ProfileView view, std::string_view pin);

  SqlcipherStore& store_;
  Entropy& entropy_;
  KeyCost cost_;
  std::map<ProfileId, Held> held_;
};

}  // namespace nattevagt::client
