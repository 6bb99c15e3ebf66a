// The public ratchet tree (RFC 9420 7): who is a member, and the public key of each inner node.
//
// Invariants:
//  1. Full: leaf_count() is a power of two, and the right half holds a member (7.7), except for one leaf.
//  2. Nodes are shared and never changed in place, so a copy of a tree costs pointers and hashes alone. A
//     staged epoch is a copy.
//  3. Cached hashes are right or marked stale; every change marks the path up to the root.
//  4. A tree that was decoded is well formed only. It is to be believed after verify_shape(),
//     verify_parent_hashes() and the validation of its leaves.
#pragma once

#include <memory>
#include <vector>

#include "client-lib/mls/crypto.h"
#include "client-lib/mls/leaf_node.h"
#include "client-lib/mls/tree_index.h"

namespace nattevagt::mls {

struct ParentNode {  // 7.1
  Bytes encryption_key;
  Bytes parent_hash;
  std::vector<std::uint32_t> unmerged_leaves;  // strictly ascending

  void encode(Writer& out) const;
  static ParentNode decode(Reader& in);
  friend bool operator==(const ParentNode&, const ParentNode&) = default;
};
using ParentPtr = std::shared_ptr<const ParentNode>;

// A node of a filtered direct path (4.1.2) and its child on the copath.
struct PathStep {
  NodeIndex node;
  NodeIndex copath;
};

class RatchetTree {
 public:
  RatchetTree() = default;  // no leaves: grows with the first

  // optional<Node> ratchet_tree<V> (12.4.3.3), without the blanks after the last node.
  void encode(Writer& out) const;
  static RatchetTree decode(Reader& in);

  std::uint32_t leaf_count() const noexcept { return static_cast<std::uint32_t>(leaves_.size()); }
  std::uint32_t member_count() const noexcept;
  // nullptr: blank, or outside the tree.
  const LeafNode* leaf(LeafIndex index) const noexcept;
  LeafPtr leaf_ptr(LeafIndex index) const noexcept;
  std::vector<LeafPtr> take_leaves() && { return std::move(leaves_); }  // by leaf index
  const ParentNode* parent(NodeIndex node) const noexcept;
  const Bytes* encryption_key(NodeIndex node) const noexcept;
  template <class Visit>
  void for_each_leaf(Visit&& visit) const {
    for (std::uint32_t i = 0; i < leaf_count(); ++i) {
      if (leaves_[i]) visit(LeafIndex{i}, *leaves_[i]);
    }
  }

  // 12.1.1 - 12.1.3. kTooLarge past caps::kLeaves.
  Result<LeafIndex> add_leaf(LeafPtr leaf);
  void update_leaf(LeafIndex index, LeafPtr leaf);
  void remove_leaf(LeafIndex index);

  // 7.5: what an UpdatePath does.
  void blank_direct_path(LeafIndex index);
  void set_parent(NodeIndex node, ParentNode value);
  void set_leaf(LeafIndex index, LeafPtr leaf);

  std::vector<NodeIndex> resolution(NodeIndex node) const;  // 4.1.1
  std::vector<PathStep> filtered_direct_path(LeafIndex index) const;

  Digest tree_hash() const;  // 7.8
  Digest node_hash(NodeIndex node) const;
  // 7.9: of the non-blank `node`, with the given child as the sibling S.
  Digest parent_hash(NodeIndex node, NodeIndex sibling) const;

  // 7.9.2: each non-blank parent is covered by exactly one chain.
  Status verify_parent_hashes() const;
  // 12.4.3.1: unmerged leaves are members below, known to every node between; all encryption keys and all
  // signature keys differ.
  Status verify_shape() const;
  Status verify_unique_keys() const;
  // The same when only the keys of `changed` leaves are new since the tree was last found unique.
  Status verify_unique_keys(const std::vector<LeafIndex>& changed) const;
  bool holds_any_of(const std::vector<const Bytes*>& encryption_keys) const;

  friend bool operator==(const RatchetTree& a, const RatchetTree& b);

 private:
  std::size_t slot(NodeIndex node) const noexcept { return node.value; }
  void touch(NodeIndex node);  // marks the node and all above as stale
  void grow();
  void truncate();
  void refresh(NodeIndex top) const;
  bool subtree_blank(NodeIndex node) const noexcept;
  Digest hash_without(NodeIndex node, const std::vector<std::uint32_t>& excluded) const;
  Digest hash_leaf(LeafIndex index, const LeafNode* leaf) const;
  static Digest hash_parent(const ParentNode* parent, const Digest& left, const Digest& right);
  bool covered_once(NodeIndex node) const;
  static std::uint64_t tag_of(const Bytes& key) noexcept;
  void tag(NodeIndex node);

  std::vector<LeafPtr> leaves_;              // leaf i at i
  std::vector<ParentPtr> parents_;           // node 2k + 1 at k
  mutable std::vector<Digest> hashes_;       // by node
  mutable std::vector<std::uint8_t> fresh_;  // by node: the hash is right
  // The first bytes of each key, side by side: equal keys are looked for here, and compared whole when found.
  std::vector<std::uint64_t> key_tags_;   // by node
  std::vector<std::uint64_t> sign_tags_;  // by leaf
  std::uint32_t first_blank_ = 0;         // no blank leaf stands before it
};

}  // namespace nattevagt::mls
