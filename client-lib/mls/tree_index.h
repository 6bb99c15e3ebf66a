// A member's place in the tree. Leaf i is node 2i (RFC 9420 appendix C); the two numbers never mix.
#pragma once

#include <compare>
#include <cstdint>

namespace nattevagt::mls {

struct LeafIndex {
  std::uint32_t value = 0;
  friend auto operator<=>(const LeafIndex&, const LeafIndex&) = default;
};

struct NodeIndex {
  std::uint32_t value = 0;
  friend auto operator<=>(const NodeIndex&, const NodeIndex&) = default;
};

}  // namespace nattevagt::mls
