#include "proto/common/clock.h"

namespace nattevagt {
namespace {

std::string digits(std::int64_t value, std::size_t width) {
  const std::string text = std::to_string(value);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

}  // namespace

std::string utc_text(UtcTime time) {
  if (time == kNever) return "never";
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::int64_t ms = (time - day).count();
  return digits(static_cast<int>(date.year()), 4) + '-' + digits(static_cast<unsigned>(date.month()), 2) +
         '-' + digits(static_cast<unsigned>(date.day()), 2) + 'T' + digits(ms / 3'600'000, 2) + ':' +
         digits(ms / 60'000 % 60, 2) + ':' + digits(ms / 1'000 % 60, 2) + '.' + digits(ms % 1'000, 3) + 'Z';
}

}  // namespace nattevagt
