// What a wall clock in Copenhagen shows, by the C library: the zone file where there is one, and the rule in
// its last line for the years after 2037, which the date library does not read.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "proto/rota/copenhagen.h"

namespace nattevagt::rota::testing {

inline wire::LocalDay on(int y, unsigned m, unsigned d) {
  return wire::LocalDay(std::chrono::year(y) / std::chrono::month(m) / std::chrono::day(d));
}
inline UtcTime utc(int y, unsigned m, unsigned d, int h, int min = 0) {
  return UtcTime(on(y, m, d).time_since_epoch()) + std::chrono::hours(h) + std::chrono::minutes(min);
}

class Wall {
 public:
  Wall() {
    ::setenv("TZ", "Europe/Copenhagen", 1);
    ::tzset();
  }
  Millis offset(UtcTime t) const {
    const std::time_t seconds = to_unix_ms(t) / 1000;
    std::tm shown{};
    ::localtime_r(&seconds, &shown);
    EXPECT_NE(std::string_view(shown.tm_zone), "Europe") << "this machine has no tzdata";
    return std::chrono::seconds(shown.tm_gmtoff);
  }
  // Asks the C library once an hour: an offset changes on the hour.
  LocalTime local(UtcTime t) {
    const auto hour = std::chrono::floor<std::chrono::hours>(t);
    if (hour != hour_) offset_ = offset(hour_ = hour);
    const UtcTime shown = t + offset_;
    const auto day = std::chrono::floor<std::chrono::days>(shown);
    return {wire::LocalDay(day.time_since_epoch()), std::chrono::floor<std::chrono::minutes>(shown - day)};
  }

 private:
  UtcTime hour_ = UtcTime::min();
  Millis offset_{};
};

}  // namespace nattevagt::rota::testing
