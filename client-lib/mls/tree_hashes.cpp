// Tree hashes and parent hashes (RFC 9420 7.8, 7.9), and the checks of a whole tree (12.4.3.1).
#include <algorithm>
#include <array>

#include "client-lib/mls/ratchet_tree.h"
#include "client-lib/mls/tree_math.h"

namespace nattevagt::mls {

namespace tm = tree_math;

Digest RatchetTree::hash_leaf(LeafIndex index, const LeafNode* leaf) const {
  Writer input;
  input.u8(1);
  input.u32(index.value);
  input.flag(leaf != nullptr);
  if (leaf != nullptr) leaf->encode(input);
  return sha256(input.view());
}

Digest RatchetTree::hash_parent(const ParentNode* parent, const Digest& left, const Digest& right) {
  Writer input;
  input.u8(2);
  input.flag(parent != nullptr);
  if (parent != nullptr) parent->encode(input);
  input.opaque(left);
  input.opaque(right);
  return sha256(input.view());
}

// Level by level, stale nodes only.
void RatchetTree::refresh(NodeIndex top) const {
  const std::uint32_t top_level = tm::level(top);
  const std::uint32_t first = top.value - ((1u << top_level) - 1);
  const std::uint32_t last = top.value + ((1u << top_level) - 1);
  for (std::uint32_t level = 0; level <= top_level; ++level) {
    const std::uint32_t offset = (1u << level) - 1;
    for (std::uint32_t i = first + offset; i <= last; i += 2u << level) {
      if (fresh_[i] != 0) continue;
      const NodeIndex node{i};
      hashes_[i] = level == 0 ? hash_leaf(tm::leaf_of(node), leaf(tm::leaf_of(node)))
                              : hash_parent(parent(node), hashes_[tm::left(node).value],
                                            hashes_[tm::right(node).value]);
      fresh_[i] = 1;
    }
  }
}

Digest RatchetTree::node_hash(NodeIndex node) const {
  NV_CHECK(node.value < hashes_.size());
  if (fresh_[node.value] == 0) refresh(node);
  return hashes_[node.value];
}

Digest RatchetTree::tree_hash() const { return node_hash(tm::root(leaf_count())); }

// The subtree's hash as if the leaves of `excluded` had never been added. Depth is the tree's height.
Digest RatchetTree::hash_without(NodeIndex node, const std::vector<std::uint32_t>& excluded) const {
  const auto from = std::lower_bound(excluded.begin(), excluded.end(), tm::first_leaf(node));
  if (from == excluded.end() || *from >= tm::end_leaf(node)) return node_hash(node);
  if (tm::is_leaf(node)) return hash_leaf(tm::leaf_of(node), nullptr);
  const Digest left = hash_without(tm::left(node), excluded);
  const Digest right = hash_without(tm::right(node), excluded);
  const ParentNode* here = parent(node);
  if (here == nullptr) return hash_parent(nullptr, left, right);
  ParentNode without = *here;
  std::erase_if(without.unmerged_leaves, [&](std::uint32_t leaf) {
    return std::binary_search(excluded.begin(), excluded.end(), leaf);
  });
  return hash_parent(&without, left, right);
}

Digest RatchetTree::parent_hash(NodeIndex node, NodeIndex sibling) const {
  const ParentNode* here = parent(node);
  NV_CHECK(here != nullptr);
  Writer input;
  input.opaque(here->encryption_key);
  input.opaque(here->parent_hash);
  input.opaque(hash_without(sibling, here->unmerged_leaves));
  return sha256(input.view());
}

// 7.9.2: is there exactly one node D below whose parent hash is valid with respect to `node`?
bool RatchetTree::covered_once(NodeIndex node) const {
  const std::vector<std::uint32_t>& unmerged = parent(node)->unmerged_leaves;
  int found = 0;
  for (const bool left : {true, false}) {
    const NodeIndex child = left ? tm::left(node) : tm::right(node);
    const NodeIndex sibling = left ? tm::right(node) : tm::left(node);
    const auto from = std::lower_bound(unmerged.begin(), unmerged.end(), tm::first_leaf(child));
    const auto to = std::lower_bound(unmerged.begin(), unmerged.end(), tm::end_leaf(child));
    std::vector<NodeIndex> rest = resolution(child);
    // D and the unmerged leaves below the child are the whole resolution.
    if (static_cast<std::ptrdiff_t>(rest.size()) != to - from + 1) continue;
    const Digest expected = parent_hash(node, sibling);
    for (const NodeIndex candidate : rest) {
      const bool is_leaf = tm::is_leaf(candidate);
      if (is_leaf && leaf(tm::leaf_of(candidate)) == nullptr) return false;
      const Bytes& claimed =
          is_leaf ? leaf(tm::leaf_of(candidate))->parent_hash : parent(candidate)->parent_hash;
      if (!std::equal(claimed.begin(), claimed.end(), expected.begin(), expected.end())) continue;
      const bool others_unmerged = std::all_of(rest.begin(), rest.end(), [&](NodeIndex other) {
        return other == candidate ||
               (tm::is_leaf(other) && std::binary_search(from, to, tm::leaf_of(other).value));
      });
      if (others_unmerged) ++found;
    }
  }
  return found == 1;
}

Status RatchetTree::verify_parent_hashes() const {
  for (std::size_t i = 0; i < parents_.size(); ++i) {
    const NodeIndex node{static_cast<std::uint32_t>(2 * i + 1)};
    if (parents_[i] && !covered_once(node)) return fail(Errc::kInvalidValue, "RFC 9420 7.9.2");
  }
  return {};
}

Status RatchetTree::verify_shape() const {
  for (std::size_t i = 0; i < parents_.size(); ++i) {
    if (!parents_[i]) continue;
    const NodeIndex node{static_cast<std::uint32_t>(2 * i + 1)};
    for (const std::uint32_t unmerged : parents_[i]->unmerged_leaves) {
      const LeafIndex member{unmerged};
      if (!tm::covers(node, member) || leaf(member) == nullptr)
        return fail(Errc::kInvalidValue, "RFC 9420 7.1");
      for (NodeIndex between = tm::parent(tm::node_of(member)); between != node;
           between = tm::parent(between)) {
        const ParentNode* here = parent(between);
        if (here != nullptr &&
            !std::binary_search(here->unmerged_leaves.begin(), here->unmerged_leaves.end(), unmerged)) {
          return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1 unmerged");
        }
      }
    }
  }
  return verify_unique_keys();
}

Status RatchetTree::verify_unique_keys() const {
  std::vector<LeafIndex> all;
  for_each_leaf([&](LeafIndex index, const LeafNode&) { all.push_back(index); });
  NV_TRYV(verify_unique_keys(all));
  // The leaves' keys are compared with all; the parents' with one another.
  std::vector<const Bytes*> keys;
  for (const ParentPtr& parent : parents_) {
    if (parent) keys.push_back(&parent->encryption_key);
  }
  const auto less = [](const Bytes* a, const Bytes* b) { return *a < *b; };
  std::sort(keys.begin(), keys.end(), less);
  const auto same = [](const Bytes* a, const Bytes* b) { return *a == *b; };
  if (std::adjacent_find(keys.begin(), keys.end(), same) != keys.end()) {
    return fail(Errc::kInvalidValue, "RFC 9420 7.3 encryption_key");
  }
  return {};
}

namespace {

// Which of many tags is one of a few? Most are none, and are told by their first byte.
class TagFilter {
 public:
  void add(std::uint64_t tag) noexcept { seen_[tag & 0xff] = true; }
  bool maybe(std::uint64_t tag) const noexcept { return seen_[tag & 0xff]; }

 private:
  std::array<bool, 256> seen_{};
};

// Is a key of `places` also at another place? `tags` are the first bytes of the key at each place.
template <class KeyAt>
bool repeated(const std::vector<std::uint64_t>& tags, const std::vector<std::uint32_t>& places,
              KeyAt&& key_at) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> wanted;
  wanted.reserve(places.size());
  TagFilter filter;
  for (const std::uint32_t place : places) {
    wanted.emplace_back(tags[place], place);
    filter.add(tags[place]);
  }
  std::sort(wanted.begin(), wanted.end());
  for (std::uint32_t place = 0; place < tags.size(); ++place) {
    if (!filter.maybe(tags[place])) continue;
    auto at = std::lower_bound(wanted.begin(), wanted.end(), std::pair{tags[place], std::uint32_t{0}});
    for (; at != wanted.end() && at->first == tags[place]; ++at) {
      const Bytes* here = key_at(place);
      if (at->second != place && here != nullptr && *here == *key_at(at->second)) return true;
    }
  }
  return false;
}

}  // namespace

Status RatchetTree::verify_unique_keys(const std::vector<LeafIndex>& changed) const {
  std::vector<std::uint32_t> nodes, leaves;
  for (const LeafIndex index : changed) {
    if (leaf(index) == nullptr) continue;
    nodes.push_back(tm::node_of(index).value);
    leaves.push_back(index.value);
  }
  const auto key_at = [&](std::uint32_t node) { return encryption_key(NodeIndex{node}); };
  if (repeated(key_tags_, nodes, key_at)) return fail(Errc::kInvalidValue, "RFC 9420 7.3 encryption_key");
  const auto sign_at = [&](std::uint32_t at) -> const Bytes* {
    return leaves_[at] ? &leaves_[at]->signature_key : nullptr;
  };
  if (repeated(sign_tags_, leaves, sign_at)) return fail(Errc::kInvalidValue, "RFC 9420 7.3 signature_key");
  return {};
}

bool RatchetTree::holds_any_of(const std::vector<const Bytes*>& encryption_keys) const {
  TagFilter filter;
  std::vector<std::uint64_t> tags;
  for (const Bytes* key : encryption_keys) {
    tags.push_back(tag_of(*key));
    filter.add(tags.back());
  }
  for (std::uint32_t node = 0; node < key_tags_.size(); ++node) {
    if (!filter.maybe(key_tags_[node])) continue;
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (tags[i] != key_tags_[node]) continue;
      const Bytes* here = encryption_key(NodeIndex{node});
      if (here != nullptr && *encryption_keys[i] == *here) return true;
    }
  }
  return false;
}

}  // namespace nattevagt::mls
