// Who a member is: the credential in a leaf (RFC 9420 5.3), and the hook that decides whether to believe it.
//
// MLS proves that the holder of a signature key sent a message. Whether that key belongs to "Solvang, ward
// phone 2" is the Authentication Service's question (RFC 9420 5.3.1, RFC 9750): CredentialPolicy. It is asked
// about every leaf at every stage, never once at the door:
//  1. each KeyPackage before it is added, by the adder and again by every receiver of the Add;
//  2. each leaf of the whole tree at join;
//  3. each new leaf in an Update or a Commit's path, plus `validate_successor` against the leaf it replaces.
// An error from the policy fails the whole step, and the group stays as it was.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/result.h"

namespace nattevagt::mls {

enum class CredentialType : std::uint16_t { kBasic = 1, kX509 = 2 };

// `type` is kept as a number: a peer may hold a type that we do not name. Only basic ones are accepted in our
// groups (RFC 9420 5.3.3); X.509 ones are parsed so that such a message is refused for what it is.
struct Credential {
  std::uint16_t type = static_cast<std::uint16_t>(CredentialType::kBasic);
  Bytes identity;                   // basic: opaque to MLS; ours holds the device certificate
  std::vector<Bytes> certificates;  // X.509: DER, end entity first

  static Credential basic(ByteView identity) {
    Credential out;
    out.identity = to_bytes(identity);
    return out;
  }
  bool is_basic() const noexcept { return type == static_cast<std::uint16_t>(CredentialType::kBasic); }
  friend bool operator==(const Credential&, const Credential&) = default;
};

enum class CredentialUse : std::uint8_t {
  kOwn,             // our own leaf: creating a group or a KeyPackage
  kKeyPackage,      // a KeyPackage on its own, or in an Add
  kUpdate,          // the leaf of an Update proposal
  kCommit,          // the leaf of a Commit's path
  kExternalJoin,    // the same, of somebody who joins without being added (12.4.3.2)
  kResync,          // the same, of somebody who takes the place of its own former leaf
  kJoin,            // a leaf of the tree that we join
  kExternalSender,  // not a member: the sender of an external proposal (12.1.8.1)
};

class CredentialPolicy {
 public:
  virtual ~CredentialPolicy() = default;

  // May `signature_key` speak for `credential` at `now`?
  virtual Status validate(const Credential& credential, const SignPublicKey& signature_key, CredentialUse use,
                          UtcTime now) const = 0;

  // May `next` take the place of `old` in the same leaf (RFC 9420 5.3.1: the same client)? Also asked when
  // an external joiner removes its own former leaf.
  virtual Status validate_successor(const Credential& old_credential, const SignPublicKey& old_key,
                                    const Credential& next_credential,
                                    const SignPublicKey& next_key) const = 0;

  // Are these the same member, of a group and of the one that came from it (RFC 9420 11.2, 11.3)?
  virtual bool same_client(const Credential& a, const Credential& b) const { return a == b; }
};

}  // namespace nattevagt::mls
