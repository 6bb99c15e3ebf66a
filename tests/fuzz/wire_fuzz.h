// What all wire fuzzers share: a decoder must survive any bytes, and what it accepts must be stable.
#pragma once

#include <algorithm>
#include <cstring>

#include "proto/common/check.h"
#include "proto/wire/codec.h"
#include "tests/unit/wire_draw.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace nattevagt::wire {

template <class T, class Decode>
void check_stable(ByteView bytes, Decode decode) {
  const Result<T> first = decode(bytes);
  if (!first) return;
  const Bytes again = encode(*first);
  const Result<T> second = decode(again);
  NV_CHECK(second.has_value());
  NV_CHECK(*second == *first);
  NV_CHECK(encode(*second) == again);
}

// Now and then a correct message instead of a mutation: random bytes seldom grow into a nested one.
template <class Make>
std::size_t mutate_or_make(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed,
                           Make make) {
  constexpr unsigned kMutationsForOneMessage = 200;
  if (seed % kMutationsForOneMessage != 0) return LLVMFuzzerMutate(data, size, max_size);
  Draw draw(seed);
  const Bytes message = make(draw);
  if (message.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(message.begin(), message.end(), data);
  return message.size();
}

}  // namespace nattevagt::wire
