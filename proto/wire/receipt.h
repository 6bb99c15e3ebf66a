// Receipts: one signature for a whole group commit (PROTOCOL.md P-060..P-063).
//
// The leaves of a batch form a Merkle tree as in RFC 9162 section 2.1: leaf hash SHA-256(0x00 || leaf),
// node hash SHA-256(0x01 || left || right), split at the largest power of two below the count.
#pragma once

#include <span>
#include <vector>

#include "proto/common/result.h"
#include "proto/wire/hub.h"

namespace nattevagt::wire {

// Signs the batch's root once and gives each leaf its receipt, in order. At least one leaf (NV_CHECK).
std::vector<Receipt> make_receipts(std::span<const ReceiptLeaf> leaves, const SignKey& hub);

// kBadSignature when the path does not lead to a root that the hub has signed.
Status verify_receipt(const Receipt& receipt, const SignPublicKey& hub);

}  // namespace nattevagt::wire
