// Time is an argument. Cores receive UtcTime values; only a runner reads a clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace nattevagt {

using Millis = std::chrono::milliseconds;
using UtcTime = std::chrono::sys_time<Millis>;  // milliseconds since 1970-01-01T00:00:00Z

inline std::int64_t to_unix_ms(UtcTime time) noexcept { return time.time_since_epoch().count(); }
inline UtcTime from_unix_ms(std::int64_t ms) noexcept { return UtcTime(Millis(ms)); }
inline constexpr UtcTime kNever = UtcTime::max();
// "2026-11-22T02:40:00.123Z" (RFC 3339), or "never": for logs, audits and scripts. What staff see is local time.
std::string utc_text(UtcTime time);

// What a runner reads. Two clocks, because a wall clock jumps and a monotonic one forgets at restart.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Millis monotonic() = 0;
  virtual UtcTime wall() = 0;
};

// One time line for a process: starts at max(wall, last persisted time), then advances with the monotonic
// clock alone. So a deadline that is persisted as UtcTime neither fires early nor twice when the wall clock
// jumps (NTP, an operator's `date -s`), and a restart never sees time go backwards.
class SteadyUtc {
 public:
  SteadyUtc(Clock& clock, UtcTime last_persisted) noexcept
      : clock_(clock),
        base_(std::max(clock.wall(), last_persisted)),
        monotonic_at_base_(clock.monotonic()) {}

  UtcTime now() const noexcept { return base_ + (clock_.monotonic() - monotonic_at_base_); }
  // How far the wall clock has left our line since the start; an alarm for the operator, never an input.
  Millis wall_offset() const noexcept {
    return std::chrono::duration_cast<Millis>(clock_.wall() - now());
  }

 private:
  Clock& clock_;
  UtcTime base_;
  Millis monotonic_at_base_;
};

}  // namespace nattevagt
