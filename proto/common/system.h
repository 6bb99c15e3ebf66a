// The machine's real clock and randomness. For runners and programs only; the layering test keeps this
// header out of every core.
#pragma once

#include "proto/common/clock.h"
#include "proto/common/entropy.h"

namespace nattevagt {

class SystemClock final : public Clock {
 public:
  Millis monotonic() override;  // CLOCK_BOOTTIME: a suspended laptop's timers go on
  UtcTime wall() override;
};

class SystemEntropy final : public Entropy {
 public:
  SystemEntropy();  // initialises libsodium; aborts if the kernel gives no randomness
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace nattevagt
