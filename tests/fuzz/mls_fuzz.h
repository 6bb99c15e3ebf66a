// What the MLS fuzz targets share.
#pragma once

#include <cstdlib>
#include <utility>

#include "tests/support/mls_trust_all.h"

namespace nattevagt::mls::fuzz {

// For what the fuzzer has no hand in.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

}  // namespace nattevagt::mls::fuzz
