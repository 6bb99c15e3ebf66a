// The parts of joining by a Welcome (RFC 9420 12.4.3.1) that stand alone. Group::join puts them together; the
// official vectors test open_welcome() on its own.
#pragma once

#include <optional>

#include "client-lib/mls/key_schedule.h"
#include "client-lib/mls/messages.h"
#include "client-lib/mls/ratchet_tree.h"
#include "client-lib/mls/validation.h"

namespace nattevagt::mls {

struct GroupState;

// Decrypted, not yet believed: signature, tree and confirmation tag are the next steps.
struct OpenedWelcome {
  MemberSecret member;  // of the new epoch, PSKs mixed in
  std::optional<PathSecret> path_secret;
  GroupInfo group_info;
  std::optional<PreSharedKeyId> link;  // the PSK of usage reinit or branch
};
// `predecessor` answers for its own resumption PSKs (11.2, 11.3); null without one.
// Errors: kUnsupported, kNotFound (not for this KeyPackage), kUnknownPsk, kCrypto, kMalformed, kInvalidValue.
Result<OpenedWelcome> open_welcome(const Welcome& welcome, const KeyPackageRef& ref, const HpkeKeyPair& init,
                                   const GroupState* predecessor, const PskSource* source);

// The tree of a GroupInfo, whole checked: its hash, the GroupInfo's signature by its signer, shape, parent
// hashes, and each leaf. `outside` is used when the ratchet_tree extension is absent.
Result<RatchetTree> verified_tree(const GroupInfo& info, std::optional<ByteView> outside,
                                  const Validation& validation);

// An MLSMessage(mls_group_info) of our suite; not yet believed: verified_tree() is next.
Result<GroupInfo> parse_group_info(ByteView message);
Result<Bytes> external_pub(const GroupInfo& info);  // kNotFound, kMalformed, kInvalidValue

}  // namespace nattevagt::mls
