#include "client-lib/export/local_time.h"

#include <date/tz.h>

#include <array>
#include <cstdio>

namespace nattevagt::client {

namespace {

struct Wall {
  int year = 0;
  unsigned month = 0, day = 0;
  long hour = 0, minute = 0, second = 0;
  std::chrono::seconds offset{};
  bool ambiguous = false, summer = false;
};

// The zone, or nullptr on a machine without tzdata: then times are shown in UTC and say so.
const date::time_zone* copenhagen() {
  static const date::time_zone* const zone = []() -> const date::time_zone* {
    try {
      return date::locate_zone("Europe/Copenhagen");
    } catch (const std::exception&) {
      return nullptr;
    }
  }();
  return zone;
}

Wall wall_of(UtcTime time) {
  Wall out;
  auto local = date::floor<std::chrono::seconds>(time);
  if (const date::time_zone* zone = copenhagen(); zone != nullptr) {
    const date::sys_info info = zone->get_info(time);
    out.offset = info.offset;
    out.summer = info.save != std::chrono::minutes(0);
    const date::local_seconds there(local.time_since_epoch() + info.offset);
    out.ambiguous = zone->get_info(there).result == date::local_info::ambiguous;
    local += info.offset;
  }
  const auto day = date::floor<date::days>(local);
  const date::year_month_day civil(day);
  const date::hh_mm_ss<std::chrono::seconds> clock(local - day);
  out.year = static_cast<int>(civil.year());
  out.month = static_cast<unsigned>(civil.month());
  out.day = static_cast<unsigned>(civil.day());
  out.hour = clock.hours().count();
  out.minute = clock.minutes().count();
  out.second = clock.seconds().count();
  return out;
}

template <class... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 160> out{};  // six numbers at their longest
  std::snprintf(out.data(), out.size(), format, values...);
  return out.data();
}

std::string which(const Wall& wall) {
  if (copenhagen() == nullptr) return " (UTC)";
  if (!wall.ambiguous) return {};
  return wall.summer ? " (sommertid)" : " (normaltid)";
}

}  // namespace

bool in_repeated_hour(UtcTime time) { return wall_of(time).ambiguous; }

std::string format_local(UtcTime time) {
  const Wall wall = wall_of(time);
  return print("kl. %02ld.%02ld", wall.hour, wall.minute) + which(wall);
}

std::string format_local_seconds(UtcTime time) {
  const Wall wall = wall_of(time);
  return print("kl. %02ld.%02ld.%02ld", wall.hour, wall.minute, wall.second) + which(wall);
}

namespace {

std::string date_text(unsigned day, unsigned month, int year) {
  static constexpr std::array kMonths{"januar", "februar", "marts",     "april",   "maj",      "juni",
                                      "juli",   "august",  "september", "oktober", "november", "december"};
  return print("%u. %s %d", day, kMonths.at(month - 1), year);
}

}  // namespace

std::string format_local_date(UtcTime time) {
  const Wall wall = wall_of(time);
  return date_text(wall.day, wall.month, wall.year);
}

std::string format_day(std::chrono::local_days day) {
  const std::chrono::year_month_day civil(day);
  return date_text(static_cast<unsigned>(civil.day()), static_cast<unsigned>(civil.month()),
                   static_cast<int>(civil.year()));
}

std::string format_local_iso(UtcTime time) {
  const Wall wall = wall_of(time);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(wall.offset).count();
  const auto size = minutes < 0 ? -minutes : minutes;
  return print("%04d-%02u-%02uT%02ld:%02ld:%02ld", wall.year, wall.month, wall.day, wall.hour, wall.minute,
               wall.second) +
         print("%c%02ld:%02ld", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

std::string format_utc_iso(UtcTime time) {
  const auto seconds = date::floor<std::chrono::seconds>(time);
  const auto day = date::floor<date::days>(seconds);
  const date::year_month_day civil(day);
  const date::hh_mm_ss<std::chrono::seconds> clock(seconds - day);
  return print("%04d-%02u-%02uT%02ld:%02ld:%02ldZ", static_cast<int>(civil.year()),
               static_cast<unsigned>(civil.month()), static_cast<unsigned>(civil.day()),
               static_cast<long>(clock.hours().count()), static_cast<long>(clock.minutes().count()),
               static_cast<long>(clock.seconds().count()));
}

}  // namespace nattevagt::client
