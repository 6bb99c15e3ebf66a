#include "proto/rota/holidays.h"

#include <algorithm>

namespace nattevagt::rota {

using namespace std::chrono;

// Butcher's algorithm (Nature, 1876); the names are its own.
wire::LocalDay easter_sunday(int of_year) {
  const int a = of_year % 19, b = of_year / 100, c = of_year % 100;
  const int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  const int h = (19 * a + b - d - g + 15) % 30;
  const int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int sum = h + l - 7 * m + 114;
  return wire::LocalDay(year(of_year) / month(static_cast<unsigned>(sum / 31)) /
                        std::chrono::day(static_cast<unsigned>(sum % 31 + 1)));
}

bool is_public_holiday(wire::LocalDay day) {
  const year_month_day date(day);
  if (date.month() == January && date.day() == std::chrono::day(1)) return true;
  if (date.month() == December && (date.day() == std::chrono::day(25) || date.day() == std::chrono::day(26)))
    return true;
  if (date.month() < March || date.month() > June) return false;
  switch ((day - easter_sunday(static_cast<int>(date.year()))).count()) {
    case -3:  // skærtorsdag
    case -2:  // langfredag
    case 0:
    case 1:
    case 39:  // Kristi himmelfartsdag
    case 49:  // pinse
    case 50: return true;
    default: return false;
  }
}

wire::DayKind kind_of(wire::LocalDay day, const wire::Rota& rota) {
  const year_month_day date(day);
  const auto yearly = static_cast<std::uint16_t>(static_cast<unsigned>(date.month()) * 100 +
                                                 static_cast<unsigned>(date.day()));
  const bool holiday = std::find(rota.yearly_holidays.begin(), rota.yearly_holidays.end(), yearly) !=
                           rota.yearly_holidays.end() ||
                       std::find(rota.single_holidays.begin(), rota.single_holidays.end(), day) !=
                           rota.single_holidays.end() ||
                       is_public_holiday(day);
  if (holiday) return wire::DayKind::kHoliday;
  return static_cast<wire::DayKind>(weekday(day).iso_encoding() - 1);
}

}  // namespace nattevagt::rota
