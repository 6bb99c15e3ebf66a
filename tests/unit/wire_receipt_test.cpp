#include "proto/wire/receipt.h"

#include <gtest/gtest.h>

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "tests/unit/wire_draw.h"

namespace nattevagt::wire {
namespace {

// RFC 9162 2.1.1, word for word: MTH(D[n]) splits at the largest power of two below n.
Digest tree_hash(std::span<const ReceiptLeaf> leaves) {
  Bytes bytes;
  if (leaves.size() == 1) {
    bytes.push_back(0x00);
    append(bytes, encode(leaves.front()));
    return sha256(bytes);
  }
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  bytes.push_back(0x01);
  append(bytes, tree_hash(leaves.first(split)));
  append(bytes, tree_hash(leaves.subspan(split)));
  return sha256(bytes);
}

// RFC 9162 2.1.3.1: PATH(m, D[n]).
std::vector<Digest> tree_path(std::size_t m, std::span<const ReceiptLeaf> leaves) {
  if (leaves.size() == 1) return {};
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  std::vector<Digest> path;
  if (m < split) {
    path = tree_path(m, leaves.first(split));
    path.push_back(tree_hash(leaves.subspan(split)));
  } else {
    path = tree_path(m - split, leaves.subspan(split));
    path.push_back(tree_hash(leaves.first(split)));
  }
  return path;
}

struct Batch {
  explicit Batch(std::size_t count) : draw(count), hub(SignKey::generate(draw.entropy())) {
    for (std::size_t i = 0; i < count; ++i) leaves.push_back(draw.receipt_leaf());
    receipts = make_receipts(leaves, hub);
  }
  Status check(const Receipt& receipt) const { return verify_receipt(receipt, hub.public_key()); }

  Draw draw;
  SignKey hub;
  std::vector<ReceiptLeaf> leaves;
  std::vector<Receipt> receipts;
};

constexpr std::size_t kCountMax = 20;

TEST(Receipt, EachLeafOfEachBatchVerifies) {
  for (std::size_t count = 1; count <= kCountMax; ++count) {
    const Batch batch(count);
    ASSERT_EQ(batch.receipts.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(batch.receipts[i].leaf, batch.leaves[i]);
      EXPECT_EQ(batch.receipts[i].index, i);
      EXPECT_EQ(batch.receipts[i].count, count);
      EXPECT_TRUE(batch.check(batch.receipts[i])) << i << " of " << count;
    }
  }
}

TEST(Receipt, TreeAndPathsAreThoseOfRfc9162) {
  for (std::size_t count = 1; count <= kCountMax; ++count) {
    const Batch batch(count);
    Bytes signed_bytes{0, 0, 0, static_cast<std::uint8_t>(count)};
    append(signed_bytes, tree_hash(batch.leaves));
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(batch.receipts[i].path, tree_path(i, batch.leaves)) << i << " of " << count;
      EXPECT_TRUE(verify(batch.hub.public_key(), kReceiptLabel, signed_bytes, batch.receipts[i].signature));
    }
  }
}

TEST(Receipt, NothingInItCanBeChanged) {
  for (std::size_t count = 1; count <= kCountMax; ++count) {
    const Batch batch(count);
    for (std::size_t i = 0; i < count; ++i) {
      SCOPED_TRACE(testing::Message() << i << " of " << count);
      const Receipt& good = batch.receipts[i];
      const auto expect_bad = [&](const char* what, auto change) {
        Receipt bad = good;
        change(bad);
        const Status status = batch.check(bad);
        ASSERT_FALSE(status) << what;
        EXPECT_EQ(status.error().code, Errc::kBadSignature) << what;
      };
      expect_bad("another entry's hash", [](Receipt& r) { r.leaf.content[0] ^= 1; });
      expect_bad("another chain", [](Receipt& r) { r.leaf.chain[31] ^= 1; });
      expect_bad("another place in the stream", [](Receipt& r) { ++r.leaf.seq; });
      expect_bad("another promise",
                 [](Receipt& r) { r.leaf.exhausted_at = from_unix_ms(1'800'000'000'001); });
      expect_bad("another time", [](Receipt& r) { r.leaf.stored_at += Millis(1); });
      expect_bad("signature", [](Receipt& r) { r.signature[5] ^= 1; });
      expect_bad("path too long", [](Receipt& r) { r.path.push_back(Digest{}); });
      for (std::size_t p = 0; p < good.path.size(); ++p) {
        expect_bad("a sibling", [p](Receipt& r) { r.path[p][7] ^= 1; });
      }
      if (!good.path.empty()) {
        expect_bad("path too short", [](Receipt& r) { r.path.pop_back(); });
      }
      for (std::uint32_t index = 0; index < count + 2; ++index) {
        if (index == good.index) continue;
        expect_bad("index", [index](Receipt& r) { r.index = index; });
      }
      for (std::uint32_t other = 0; other <= 2 * count + 2; ++other) {
        if (other == good.count) continue;
        expect_bad("count", [other](Receipt& r) { r.count = other; });
      }
    }
  }
}

TEST(Receipt, IsOfOneHub) {
  const Batch batch(3);
  SeededEntropy entropy(99);
  EXPECT_EQ(verify_receipt(batch.receipts[0], SignKey::generate(entropy).public_key()).error().code,
            Errc::kBadSignature);
}

TEST(Receipt, SurvivesTheWire) {
  const Batch batch(7);
  for (const Receipt& receipt : batch.receipts) {
    const HubFrame frame{kProtocolVersion, 1, Stored{receipt}};
    const HubFrame back = decode_hub_frame(encode(frame)).value();
    EXPECT_TRUE(batch.check(std::get<Stored>(back.body).receipt));
  }
}

TEST(ReceiptDeathTest, NoLeavesIsOurBug) {
  SeededEntropy entropy(1);
  const SignKey hub = SignKey::generate(entropy);
  EXPECT_DEATH((void)make_receipts({}, hub), "invariant broken");
}

}  // namespace
}  // namespace nattevagt::wire
