#include "proto/common/clock.h"

#include <gtest/gtest.h>

namespace nattevagt {
namespace {

class FakeClock final : public Clock {
 public:
  Millis monotonic() override { return monotonic_now; }
  UtcTime wall() override { return wall_now; }
  void pass(Millis time) {
    monotonic_now += time;
    wall_now += time;
  }

  Millis monotonic_now{5'000};
  UtcTime wall_now = from_unix_ms(1'800'000'000'000);
};

constexpr Millis kHour = std::chrono::hours(1);

TEST(SteadyUtc, StartsAtTheWallAndGoesOnWithIt) {
  FakeClock clock;
  const SteadyUtc time(clock, UtcTime{});
  EXPECT_EQ(time.now(), clock.wall_now);
  clock.pass(Millis(1'234));
  EXPECT_EQ(time.now(), clock.wall_now);
  EXPECT_EQ(time.wall_offset(), Millis(0));
}

TEST(SteadyUtc, WallJumpsInEitherDirectionMoveNoTimer) {
  for (const Millis jump : {kHour, -kHour, 24 * 365 * kHour, -24 * 365 * kHour}) {
    FakeClock clock;
    const SteadyUtc time(clock, UtcTime{});
    const UtcTime before = time.now();
    clock.wall_now += jump;
    EXPECT_EQ(time.now(), before);
    EXPECT_EQ(time.wall_offset(), jump);
    clock.pass(Millis(10));
    EXPECT_EQ(time.now(), before + Millis(10));
  }
}

TEST(SteadyUtc, RestartNeverGoesBackBehindWhatWasPersisted) {
  FakeClock clock;
  const UtcTime persisted = clock.wall_now + kHour;
  const SteadyUtc time(clock, persisted);
  EXPECT_EQ(time.now(), persisted);
  clock.pass(Millis(1));
  EXPECT_EQ(time.now(), persisted + Millis(1));
  EXPECT_EQ(time.wall_offset(), -kHour);
}

TEST(SteadyUtc, TimeDownCountsWhenTheWallIsAhead) {
  FakeClock clock;
  const SteadyUtc time(clock, clock.wall_now - kHour);
  EXPECT_EQ(time.now(), clock.wall_now);
}

TEST(Clock, UnixMillisecondsComeBack) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'800'000'000'000}}) {
    EXPECT_EQ(to_unix_ms(from_unix_ms(ms)), ms);
  }
  EXPECT_GT(kNever, from_unix_ms(7'258'118'400'000));
}

}  // namespace
}  // namespace nattevagt
