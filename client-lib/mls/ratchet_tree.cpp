#include "client-lib/mls/ratchet_tree.h"

#include <algorithm>
#include <cstring>

#include "client-lib/mls/tree_math.h"

namespace nattevagt::mls {

namespace tm = tree_math;

void ParentNode::encode(Writer& out) const {
  out.opaque(encryption_key);
  out.opaque(parent_hash);
  out.vector([&] {
    for (const std::uint32_t leaf : unmerged_leaves) out.u32(leaf);
  });
}

ParentNode ParentNode::decode(Reader& in) {
  ParentNode out;
  out.encryption_key = in.bytes();
  out.parent_hash = in.bytes();
  in.vector(caps::kLeaves, [&] {
    const std::uint32_t leaf = in.u32();
    if (!out.unmerged_leaves.empty() && leaf <= out.unmerged_leaves.back()) in.fail();
    out.unmerged_leaves.push_back(leaf);
  });
  return out;
}

void RatchetTree::encode(Writer& out) const {
  std::uint32_t end = tm::node_width(leaf_count());
  while (end > 0 && encryption_key(NodeIndex{end - 1}) == nullptr) --end;
  out.vector([&] {
    for (std::uint32_t i = 0; i < end; ++i) {
      const NodeIndex node{i};
      out.flag(encryption_key(node) != nullptr);
      if (encryption_key(node) == nullptr) continue;
      if (tm::is_leaf(node)) {
        out.u8(1);
        leaf(tm::leaf_of(node))->encode(out);
      } else {
        out.u8(2);
        parent(node)->encode(out);
      }
    }
  });
}

RatchetTree RatchetTree::decode(Reader& in) {
  RatchetTree out;
  std::vector<ParentPtr> parents;
  bool last_present = false;
  std::uint32_t i = 0;
  in.vector(caps::kNodes, [&] {
    LeafPtr leaf;
    ParentPtr parent;
    last_present = in.flag();
    if (last_present) {
      const std::uint8_t type = in.u8();
      if (type != (i % 2 == 0 ? 1 : 2)) in.fail();  // a leaf stands at an even place, a parent at an odd one
      if (in.ok() && type == 1) leaf = std::make_shared<const LeafNode>(LeafNode::decode(in));
      if (in.ok() && type == 2) parent = std::make_shared<const ParentNode>(ParentNode::decode(in));
    }
    if (i % 2 == 0) {
      out.leaves_.push_back(std::move(leaf));
    } else {
      parents.push_back(std::move(parent));
    }
    ++i;
  });
  if (!last_present) in.fail();  // 12.4.3.3: empty, or blanks after the last node
  if (!in.ok()) return {};
  const std::size_t width = std::bit_ceil(std::max(out.leaves_.size(), parents.size() + 1));
  out.leaves_.resize(width);
  parents.resize(width - 1);
  out.parents_ = std::move(parents);
  out.hashes_.resize(2 * width - 1);
  out.fresh_.assign(2 * width - 1, 0);
  out.key_tags_.resize(2 * width - 1);
  out.sign_tags_.resize(width);
  for (std::uint32_t node = 0; node < 2 * width - 1; ++node) out.tag(NodeIndex{node});
  return out;
}

std::uint32_t RatchetTree::member_count() const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(leaves_.begin(), leaves_.end(), [](const LeafPtr& leaf) { return leaf != nullptr; }));
}

const LeafNode* RatchetTree::leaf(LeafIndex index) const noexcept {
  return index.value < leaves_.size() ? leaves_[index.value].get() : nullptr;
}

LeafPtr RatchetTree::leaf_ptr(LeafIndex index) const noexcept {
  return index.value < leaves_.size() ? leaves_[index.value] : nullptr;
}

const ParentNode* RatchetTree::parent(NodeIndex node) const noexcept {
  NV_CHECK(!tm::is_leaf(node));
  const std::size_t at = node.value / 2;
  return at < parents_.size() ? parents_[at].get() : nullptr;
}

const Bytes* RatchetTree::encryption_key(NodeIndex node) const noexcept {
  if (tm::is_leaf(node)) {
    const LeafNode* found = leaf(tm::leaf_of(node));
    return found == nullptr ? nullptr : &found->encryption_key;
  }
  const ParentNode* found = parent(node);
  return found == nullptr ? nullptr : &found->encryption_key;
}

std::uint64_t RatchetTree::tag_of(const Bytes& key) noexcept {
  std::uint64_t out = 0;
  if (!key.empty()) std::memcpy(&out, key.data(), std::min(key.size(), sizeof out));
  return out;
}

void RatchetTree::tag(NodeIndex node) {
  const Bytes* key = encryption_key(node);
  key_tags_[node.value] = key == nullptr ? 0 : tag_of(*key);
  if (!tm::is_leaf(node)) return;
  const LeafNode* found = leaf(tm::leaf_of(node));
  sign_tags_[tm::leaf_of(node).value] = found == nullptr ? 0 : tag_of(found->signature_key);
}

void RatchetTree::touch(NodeIndex node) {
  fresh_[slot(node)] = 0;
  while (node != tm::root(leaf_count())) {
    node = tm::parent(node);
    fresh_[slot(node)] = 0;
  }
}

void RatchetTree::grow() {
  const std::size_t width = leaves_.empty() ? 1 : leaves_.size() * 2;
  leaves_.resize(width);
  parents_.resize(width - 1);
  hashes_.resize(2 * width - 1);
  fresh_.resize(2 * width - 1, 0);
  key_tags_.resize(2 * width - 1);
  sign_tags_.resize(width);
}

void RatchetTree::truncate() {
  while (leaves_.size() > 1) {
    const std::size_t half = leaves_.size() / 2;
    const auto right = leaves_.begin() + static_cast<std::ptrdiff_t>(half);
    if (std::any_of(right, leaves_.end(), [](const LeafPtr& leaf) { return leaf != nullptr; })) return;
    leaves_.resize(half);
    parents_.resize(half - 1);
    hashes_.resize(2 * half - 1);
    fresh_.resize(2 * half - 1);
    key_tags_.resize(2 * half - 1);
    sign_tags_.resize(half);
  }
}

Result<LeafIndex> RatchetTree::add_leaf(LeafPtr leaf) {
  while (first_blank_ < leaf_count() && leaves_[first_blank_]) ++first_blank_;
  if (first_blank_ == leaf_count()) {
    if (leaf_count() >= caps::kLeaves) return fail(Errc::kTooLarge, "RFC 9420 7.7");
    grow();
  }
  const LeafIndex index{first_blank_};
  for (const NodeIndex node : tm::direct_path(index, leaf_count())) {
    const ParentNode* above = parent(node);
    if (above == nullptr) continue;
    ParentNode changed = *above;
    auto& unmerged = changed.unmerged_leaves;
    unmerged.insert(std::lower_bound(unmerged.begin(), unmerged.end(), index.value), index.value);
    parents_[node.value / 2] = std::make_shared<const ParentNode>(std::move(changed));
  }
  set_leaf(index, std::move(leaf));
  return index;
}

void RatchetTree::update_leaf(LeafIndex index, LeafPtr leaf) {
  set_leaf(index, std::move(leaf));
  blank_direct_path(index);
}

void RatchetTree::remove_leaf(LeafIndex index) {
  set_leaf(index, nullptr);
  blank_direct_path(index);
  truncate();
  first_blank_ = std::min({first_blank_, index.value, leaf_count()});
}

void RatchetTree::blank_direct_path(LeafIndex index) {
  for (const NodeIndex node : tm::direct_path(index, leaf_count())) {
    parents_[node.value / 2] = nullptr;
    tag(node);
  }
  touch(tm::node_of(index));
}

void RatchetTree::set_parent(NodeIndex node, ParentNode value) {
  NV_CHECK(!tm::is_leaf(node) && node.value / 2 < parents_.size());
  parents_[node.value / 2] = std::make_shared<const ParentNode>(std::move(value));
  tag(node);
  touch(node);
}

void RatchetTree::set_leaf(LeafIndex index, LeafPtr leaf) {
  NV_CHECK(index.value < leaves_.size());
  leaves_[index.value] = std::move(leaf);
  tag(tm::node_of(index));
  touch(tm::node_of(index));
}

bool RatchetTree::subtree_blank(NodeIndex node) const noexcept {
  const std::uint32_t span = (1u << tm::level(node)) - 1;  // a subtree is a contiguous run of nodes
  for (std::uint32_t i = node.value - span; i <= node.value + span; ++i) {
    if (encryption_key(NodeIndex{i}) != nullptr) return false;
  }
  return true;
}

std::vector<NodeIndex> RatchetTree::resolution(NodeIndex node) const {
  std::vector<NodeIndex> out;
  std::vector<NodeIndex> open = {node};
  while (!open.empty()) {
    const NodeIndex at = open.back();
    open.pop_back();
    if (encryption_key(at) != nullptr) {
      out.push_back(at);
      if (tm::is_leaf(at)) continue;
      for (const std::uint32_t leaf : parent(at)->unmerged_leaves)
        out.push_back(tm::node_of(LeafIndex{leaf}));
    } else if (!tm::is_leaf(at)) {
      open.push_back(tm::right(at));
      open.push_back(tm::left(at));
    }
  }
  return out;
}

std::vector<PathStep> RatchetTree::filtered_direct_path(LeafIndex index) const {
  std::vector<PathStep> out;
  NodeIndex child = tm::node_of(index);
  for (const NodeIndex node : tm::direct_path(index, leaf_count())) {
    const NodeIndex copath = tm::sibling(child);
    if (!subtree_blank(copath)) out.push_back({node, copath});
    child = node;
  }
  return out;
}

bool operator==(const RatchetTree& a, const RatchetTree& b) {
  if (a.leaves_.size() != b.leaves_.size()) return false;
  const auto same = [](const auto& x, const auto& y) { return x == y || (x && y && *x == *y); };
  return std::equal(a.leaves_.begin(), a.leaves_.end(), b.leaves_.begin(), same) &&
         std::equal(a.parents_.begin(), a.parents_.end(), b.parents_.begin(), same);
}

}  // namespace nattevagt::mls
