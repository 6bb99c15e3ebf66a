#include "proto/wire/receipt.h"

#include <algorithm>
#include <bit>

#include "proto/common/check.h"
#include "proto/wire/big_endian.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::wire {
namespace {

// Leaves and nodes are hashed apart, so that a node can never be shown as a leaf (RFC 9162 2.1.1).
Digest leaf_hash(const ReceiptLeaf& leaf) {
  static constexpr std::uint8_t kLeaf = 0x00;
  return sha256({ByteView(&kLeaf, 1), encode(leaf)});
}
Digest node_hash(const Digest& left, const Digest& right) noexcept {
  static constexpr std::uint8_t kNode = 0x01;
  return sha256({ByteView(&kNode, 1), left, right});
}

std::array<std::uint8_t, 4 + 32> root_to_be_signed(std::uint32_t count, const Digest& root) noexcept {
  std::array<std::uint8_t, 4 + 32> out{};
  const std::array<std::uint8_t, 4> prefix = be32(count);
  std::copy(prefix.begin(), prefix.end(), out.begin());
  std::copy(root.begin(), root.end(), out.begin() + prefix.size());
  return out;
}

// One level of the tree from the one below. The last node of an odd level goes up as it is, which is the same
// tree as splitting at the largest power of two.
std::vector<Digest> level_above(const std::vector<Digest>& level) {
  std::vector<Digest> above;
  above.reserve((level.size() + 1) / 2);
  for (std::size_t i = 0; i + 1 < level.size(); i += 2) above.push_back(node_hash(level[i], level[i + 1]));
  if (level.size() % 2 != 0) above.push_back(level.back());
  return above;
}

}  // namespace

std::vector<Receipt> make_receipts(std::span<const ReceiptLeaf> leaves, const SignKey& hub) {
  NV_CHECK(!leaves.empty());
  NV_CHECK(leaves.size() < (std::uint64_t{1} << limits::kReceiptPathMax));
  const auto count = static_cast<std::uint32_t>(leaves.size());

  std::vector<Receipt> receipts(leaves.size());
  for (Receipt& receipt : receipts) receipt.path.reserve(static_cast<std::size_t>(std::bit_width(count)));
  std::vector<Digest> level;
  level.reserve(leaves.size());
  for (const ReceiptLeaf& leaf : leaves) level.push_back(leaf_hash(leaf));
  for (std::size_t height = 0; level.size() > 1; ++height) {
    for (std::size_t i = 0; i < receipts.size(); ++i) {
      const std::size_t sibling = (i >> height) ^ 1;
      if (sibling < level.size()) receipts[i].path.push_back(level[sibling]);
    }
    level = level_above(level);
  }

  const Signature signature = hub.sign(kReceiptLabel, root_to_be_signed(count, level.front()));
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    receipts[i].leaf = leaves[i];
    receipts[i].index = static_cast<std::uint32_t>(i);
    receipts[i].count = count;
    receipts[i].signature = signature;
  }
  return receipts;
}

// RFC 9162 2.1.3.2: `place` is where we are in a level, `last` the level's last place.
Status verify_receipt(const Receipt& receipt, const SignPublicKey& hub) {
  if (receipt.count == 0 || receipt.index >= receipt.count) return fail(Errc::kBadSignature, "P-061");
  std::uint32_t place = receipt.index;
  std::uint32_t last = receipt.count - 1;
  Digest hash = leaf_hash(receipt.leaf);
  for (const Digest& sibling : receipt.path) {
    if (last == 0) return fail(Errc::kBadSignature, "P-061");
    // A last node without a sibling went up as it was.
    while (place == last && place % 2 == 0) {
      place /= 2;
      last /= 2;
    }
    hash = place % 2 != 0 ? node_hash(sibling, hash) : node_hash(hash, sibling);
    place /= 2;
    last /= 2;
  }
  if (last != 0) return fail(Errc::kBadSignature, "P-061");
  if (!verify(hub, kReceiptLabel, root_to_be_signed(receipt.count, hash), receipt.signature)) {
    return fail(Errc::kBadSignature, "P-061");
  }
  return {};
}

}  // namespace nattevagt::wire
