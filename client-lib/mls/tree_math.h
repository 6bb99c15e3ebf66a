// Array-based tree arithmetic (RFC 9420 appendix C). Trees are full: the leaf count is a power of two.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "client-lib/mls/tree_index.h"

namespace nattevagt::mls::tree_math {

// Height above the leaves: 0 for a leaf.
constexpr std::uint32_t level(NodeIndex node) noexcept {
  return static_cast<std::uint32_t>(std::countr_one(node.value));
}
constexpr bool is_leaf(NodeIndex node) noexcept { return (node.value & 1) == 0; }
constexpr NodeIndex node_of(LeafIndex leaf) noexcept { return {leaf.value * 2}; }
constexpr LeafIndex leaf_of(NodeIndex node) noexcept { return {node.value / 2}; }

constexpr std::uint32_t node_width(std::uint32_t leaves) noexcept { return leaves == 0 ? 0 : 2 * leaves - 1; }
constexpr NodeIndex root(std::uint32_t leaves) noexcept { return {leaves - 1}; }

// Of an inner node (not of a leaf).
constexpr NodeIndex left(NodeIndex node) noexcept { return {node.value ^ (1u << (level(node) - 1))}; }
constexpr NodeIndex right(NodeIndex node) noexcept { return {node.value ^ (3u << (level(node) - 1))}; }

// Of a node that is not the root.
constexpr NodeIndex parent(NodeIndex node) noexcept {
  const std::uint32_t k = level(node);
  const std::uint32_t b = (node.value >> (k + 1)) & 1;
  return {(node.value | (1u << k)) ^ (b << (k + 1))};
}
constexpr NodeIndex sibling(NodeIndex node) noexcept {
  const NodeIndex above = parent(node);
  return node < above ? right(above) : left(above);
}

// The first leaf below a node and the one past the last.
constexpr std::uint32_t first_leaf(NodeIndex node) noexcept {
  return (node.value - ((1u << level(node)) - 1)) / 2;
}
constexpr std::uint32_t end_leaf(NodeIndex node) noexcept { return first_leaf(node) + (1u << level(node)); }
constexpr bool covers(NodeIndex node, LeafIndex leaf) noexcept {
  return first_leaf(node) <= leaf.value && leaf.value < end_leaf(node);
}

// From the leaf's parent to the root.
inline std::vector<NodeIndex> direct_path(LeafIndex leaf, std::uint32_t leaves) {
  std::vector<NodeIndex> out;
  for (NodeIndex node = node_of(leaf); node != root(leaves);) {
    node = parent(node);
    out.push_back(node);
  }
  return out;
}

constexpr NodeIndex common_ancestor(LeafIndex a, LeafIndex b) noexcept {
  NodeIndex node = node_of(a);
  while (!covers(node, b)) node = parent(node);
  return node;
}

}  // namespace nattevagt::mls::tree_math
