// Days and local times as the app protocol writes them. Danish time, by the rule of P-101.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "proto/common/clock.h"
#include "proto/rota/copenhagen.h"

namespace nattevagt::client::agent {

namespace local_text_detail {

// The number that `count` digits at `from` are; none when something else is there.
inline std::optional<int> number_at(std::string_view text, std::size_t from, std::size_t count) {
  int out = 0;
  for (std::size_t i = from; i < from + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

}  // namespace local_text_detail

// "2026-10-12"
inline std::optional<wire::LocalDay> day_of(std::string_view text) {
  using local_text_detail::number_at;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number_at(text, 0, 4), month = number_at(text, 5, 2), day = number_at(text, 8, 2);
  if (!year || !month || !day) return std::nullopt;
  const auto civil = std::chrono::year{*year} / *month / *day;
  if (!civil.ok()) return std::nullopt;
  return wire::LocalDay(civil);
}

// "2026-11-25T07:30"
inline std::optional<UtcTime> local_time_of(std::string_view text) {
  using local_text_detail::number_at;
  if (text.size() != 16 || text[10] != 'T' || text[13] != ':') return std::nullopt;
  const auto day = day_of(text.substr(0, 10));
  const auto hour = number_at(text, 11, 2), minute = number_at(text, 14, 2);
  if (!day || !hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return rota::to_utc(*day, std::chrono::hours(*hour) + std::chrono::minutes(*minute));
}

// "04:00": the next time that a Danish clock shows it, within 25 hours. In the hour that comes twice: the first of
// its two instants that is yet to come; one that is skipped is when the clock goes on.
inline std::optional<UtcTime> next_at(std::string_view text, UtcTime now) {
  using local_text_detail::number_at;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = number_at(text, 0, 2), minute = number_at(text, 3, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  const auto wall = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  const wire::LocalDay today = rota::to_local(now).day;
  for (const wire::LocalDay day : {today, today + std::chrono::days(1)}) {
    const UtcTime first = rota::to_utc(day, wall);
    if (first > now) return first;
    const UtcTime again = first + std::chrono::hours(1);
    const rota::LocalTime shown = rota::to_local(again);
    if (again > now && shown.day == day && shown.since_midnight == wall) return again;
  }
  return std::nullopt;
}

// P-164
inline bool day_is_over(wire::LocalDay day, UtcTime now) {
  return now >= rota::to_utc(day + std::chrono::days(1), std::chrono::minutes(0));
}

}  // namespace nattevagt::client::agent
