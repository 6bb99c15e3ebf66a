#include "proto/wire/cpr.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace nattevagt::wire {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool date_exists(int year, unsigned month, unsigned day) noexcept {
  return std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month),
                                     std::chrono::day(day))
      .ok();
}

// The century stands in the seventh digit (CPR-kontoret, "Personnummeret i CPR"). It decides one thing here:
// whether 29 February is a date. A letter in its place says nothing, so either century will do.
bool date_exists(int year_of_century, unsigned month, unsigned day, char seventh) noexcept {
  if (!is_digit(seventh)) {
    return date_exists(1900 + year_of_century, month, day) || date_exists(2000 + year_of_century, month, day);
  }
  const int digit = seventh - '0';
  int century = 1900;
  if (digit == 4 || digit == 9) century = year_of_century <= 36 ? 2000 : 1900;
  if (digit >= 5 && digit <= 8) century = year_of_century <= 57 ? 2000 : 1800;
  return date_exists(century + year_of_century, month, day);
}

}  // namespace

bool is_cpr(std::string_view text) noexcept {
  std::array<char, 10> c{};
  if (text.size() == 11 && text[6] == '-') {
    std::copy_n(text.begin(), 6, c.begin());
    std::copy_n(text.begin() + 7, 4, c.begin() + 6);
  } else if (text.size() == 10) {
    std::copy_n(text.begin(), 10, c.begin());
  } else {
    return false;
  }
  if (!std::all_of(c.begin(), c.begin() + 6, is_digit)) return false;
  if (!std::all_of(c.begin() + 6, c.end(), [](char x) { return is_digit(x) || (x >= 'A' && x <= 'Z'); })) {
    return false;
  }
  const auto two = [&c](std::size_t at) { return (c[at] - '0') * 10 + (c[at + 1] - '0'); };
  constexpr int kAdministrativeOffset = 60;
  const int day = two(0) > kAdministrativeOffset ? two(0) - kAdministrativeOffset : two(0);
  return date_exists(two(4), static_cast<unsigned>(two(2)), static_cast<unsigned>(day), c[6]);
}

}  // namespace nattevagt::wire
