// Receipts: one signature for a whole group commit (PROTOCOL.md P-060..P-063).
//
// The leaves of a batch form a Merkle tree as in RFC 9162 section 2.1: leaf hash SHA-256(0x00 || leaf),
// node hash SHA-256(0x01 || left || right), split at the largest power of two below the count. The hub
// signs be32(count) || root under kReceiptLabel: with the count signed, an index has one shape of path only.
#pragma once

#include <span>
#include <vector>

#include "proto/common/result.h"
#include "proto/wire/hub.h"

namespace nattevagt::wire {

// Signs the batch's root once and gives each leaf its receipt, in order. At least one leaf (NV_CHECK).
std::vector<Receipt> make_receipts(std::span<const ReceiptLeaf> leaves, const SignKey& hub);

// kBadSignature when the path does not lead to a root that the hub has signed, or is not as long as the place
// of the leaf demands.
Status verify_receipt(const Receipt& receipt, const SignPublicKey& hub);

}  // namespace nattevagt::wire
