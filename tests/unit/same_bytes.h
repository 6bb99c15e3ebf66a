// Ids that a test can tell apart by one number.
#pragma once

#include <cstdint>

namespace nattevagt {

template <class IdType>
IdType same_bytes(std::uint8_t n) {
  IdType out;
  out.bytes.fill(n);
  return out;
}

}  // namespace nattevagt
