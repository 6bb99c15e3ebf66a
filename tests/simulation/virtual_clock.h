// One process's time line (P-052): begins at what the wall said, or what was persisted, and then goes with
// the process's own oscillator. A value. "True" time is the simulation's, in milliseconds since the night
// began.
#pragma once

#include <algorithm>

#include "proto/common/clock.h"

namespace nattevagt::simulation {

class VirtualClock {
 public:
  VirtualClock() = default;
  VirtualClock(Millis booted, UtcTime start, std::int64_t ppm) : booted_(booted), start_(start), ppm_(ppm) {}
  UtcTime now(Millis t) const {
    const std::int64_t passed = (t - booted_).count();
    return start_ + Millis(passed + passed * ppm_ / 1'000'000);
  }
  // The true time at which the line has reached `at`, or a little later.
  Millis when(UtcTime at) const {
    const std::int64_t line = std::max<std::int64_t>((at - start_).count(), 0);
    return booted_ + Millis(line - line * ppm_ / (1'000'000 + ppm_) + 1);
  }

 private:
  Millis booted_{};
  UtcTime start_{};
  std::int64_t ppm_ = 0;
};

}  // namespace nattevagt::simulation
