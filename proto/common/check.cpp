#include "proto/common/check.h"

#include <cstdio>
#include <cstdlib>

namespace nattevagt {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "nattevagt: invariant broken: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace nattevagt
