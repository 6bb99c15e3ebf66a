// Proposals from outside the group (RFC 9420 12.1.8): by a sender that the group's external_senders extension
// names, or by somebody who asks to be added. Always PublicMessages; members decide by committing them, or
// not.
#pragma once

#include "client-lib/mls/messages.h"
#include "client-lib/mls/proposals.h"

namespace nattevagt::mls {

// A group context extension (12.1.8.1). Senders are known by their place in the list.
Extension external_senders_extension(const std::vector<ExternalSender>& senders);

// An MLSMessage. kInvalidValue: an Update or ExternalInit, which only members and joiners make.
Result<Bytes> external_proposal(ByteView group_id, std::uint64_t epoch, std::uint32_t sender_index,
                                Proposal proposal, const SignKey& sign_key);

// An MLSMessage: "add me". kInvalidValue when `sign_key` is not the bundle's.
Result<Bytes> new_member_proposal(ByteView group_id, std::uint64_t epoch, const KeyPackageBundle& bundle,
                                  const SignKey& sign_key);

}  // namespace nattevagt::mls
