#include "proto/common/system.h"

#include <ctime>

#include <sodium.h>

#include "proto/common/check.h"

namespace nattevagt {
namespace {

Millis read_clock(clockid_t id) {
  timespec now{};
  NV_CHECK(clock_gettime(id, &now) == 0);
  return std::chrono::duration_cast<Millis>(std::chrono::seconds(now.tv_sec) +
                                            std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

Millis SystemClock::monotonic() { return read_clock(CLOCK_BOOTTIME); }
UtcTime SystemClock::wall() { return UtcTime(read_clock(CLOCK_REALTIME)); }

SystemEntropy::SystemEntropy() { NV_CHECK(sodium_init() >= 0); }
void SystemEntropy::fill(std::span<std::uint8_t> out) {
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

}  // namespace nattevagt
