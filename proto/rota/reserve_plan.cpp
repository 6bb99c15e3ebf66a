#include "proto/rota/reserve_plan.h"

#include <algorithm>
#include <array>
#include <optional>

#include "proto/rota/copenhagen.h"
#include "proto/rota/holidays.h"

namespace nattevagt::rota {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDays{"man", "tir", "ons", "tor", "fre", "lør", "søn"};
constexpr minutes kWholeDay = std::chrono::hours(24);

struct Hours {
  minutes from{}, until = kWholeDay;
};
struct Condition {
  std::array<bool, 7> weekdays{};  // from Monday
  bool workdays = false, holidays = false, any_day = true;
  std::vector<Hours> hours;
  std::vector<std::string_view> units;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// What is before the next `mark`; it and the mark go.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<std::size_t> day_of(std::string_view word) {
  const auto found = std::find(kDays.begin(), kDays.end(), word);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kDays.begin());
}

// 07, 07.30, 24
std::optional<minutes> clock_of(std::string_view word) {
  const auto two_digits = [&](std::size_t at) -> int {
    const char tens = word[at], ones = word[at + 1];
    const bool digits = tens >= '0' && tens <= '9' && ones >= '0' && ones <= '9';
    return digits ? 10 * (tens - '0') + (ones - '0') : 99;
  };
  if (word.size() != 2 && (word.size() != 5 || word[2] != '.')) return std::nullopt;
  const int hour = two_digits(0), minute = word.size() == 5 ? two_digits(3) : 0;
  if (hour > 24 || minute > 59 || (hour == 24 && minute != 0)) return std::nullopt;
  return minutes(60 * hour + minute);
}

bool read_days(std::string_view word, Condition& out) {
  out.any_day = false;
  if (word == "hverdage") return out.workdays = true;
  if (word == "helligdage") return out.holidays = true;
  if (word == "weekend") return out.weekdays[5] = out.weekdays[6] = true;
  const bool one_day = word.find('-') == std::string_view::npos;
  const auto first = day_of(take_until(word, '-'));
  const auto last = one_day ? first : day_of(word);
  if (!first || !last) return false;
  for (std::size_t day = *first;; day = (day + 1) % kDays.size()) {
    out.weekdays[day] = true;
    if (day == *last) return true;
  }
}

bool read_word(std::string_view word, Condition& out) {
  if (word.empty()) return true;
  if (word.front() < '0' || word.front() > '9') return read_days(word, out);
  const auto from = clock_of(take_until(word, '-'));
  const auto until = clock_of(word);
  if (!from || !until || *from == *until || *from == kWholeDay) return false;
  out.hours.push_back({*from, *until});
  return true;
}

std::optional<Condition> read_condition(std::string_view text) {
  Condition out;
  bool says_something = false;
  while (!text.empty()) {
    std::string_view part = trimmed(take_until(text, ';'));
    constexpr std::string_view kUnit = "enhed ";
    says_something = says_something || !part.empty();
    if (part.starts_with(kUnit)) {
      out.units.push_back(trimmed(part.substr(kUnit.size())));
      continue;
    }
    while (!part.empty()) {
      if (!read_word(take_until(part, ' '), out)) return std::nullopt;
    }
  }
  return says_something ? std::optional(std::move(out)) : std::nullopt;
}

bool holds_on(const Condition& condition, wire::LocalDay day) {
  if (condition.any_day) return true;
  const auto weekday = std::chrono::weekday(day).iso_encoding() - 1;
  const bool holiday = is_public_holiday(day);
  return condition.weekdays[weekday] || (condition.holidays && holiday) ||
         (condition.workdays && weekday < 5 && !holiday);
}

bool holds(const Condition& condition, UtcTime now, std::string_view unit) {
  const auto is_unit = [&](std::string_view name) {
    return unit.empty() || unit == name ||
           (unit.starts_with(name) && unit.substr(name.size()).starts_with(","));
  };
  if (!condition.units.empty() && std::none_of(condition.units.begin(), condition.units.end(), is_unit))
    return false;
  const LocalTime local = to_local(now);
  const bool today = holds_on(condition, local.day);
  if (condition.hours.empty()) return today;
  const bool yesterday = holds_on(condition, local.day - std::chrono::days(1));
  return std::any_of(condition.hours.begin(), condition.hours.end(), [&](const Hours& hours) {
    const minutes at = local.since_midnight;
    if (hours.from < hours.until) return today && hours.from <= at && at < hours.until;
    return (today && at >= hours.from) || (yesterday && at < hours.until);
  });
}

struct Line {
  std::string_view whole, words;  // words: without the condition
  std::string_view condition;
  bool conditional = false;
};

Line line_of(std::string_view text) {
  const std::string_view start = trimmed(text);
  const std::size_t end = start.find(']');
  if (!start.starts_with("[") || end == std::string_view::npos) return {text, text, {}, false};
  return {text, trimmed(start.substr(end + 1)), start.substr(1, end - 1), true};
}

}  // namespace

std::string reserve_lines(std::string_view plan, UtcTime now, std::string_view unit) {
  std::string out;
  for (std::string_view rest = plan; !rest.empty();) {
    const Line line = line_of(take_until(rest, '\n'));
    const auto condition = line.conditional ? read_condition(line.condition) : std::nullopt;
    if (condition && !holds(*condition, now, unit)) continue;
    if (!out.empty()) out += '\n';
    out += condition ? line.words : line.whole;
  }
  return trimmed(out).empty() ? std::string(plan) : out;
}

std::vector<std::size_t> unreadable_conditions(std::string_view plan) {
  std::vector<std::size_t> out;
  std::size_t number = 0;
  for (std::string_view rest = plan; !rest.empty();) {
    ++number;
    const std::string_view text = trimmed(take_until(rest, '\n'));
    const Line line = line_of(text);
    if (text.starts_with("[") && (!line.conditional || !read_condition(line.condition)))
      out.push_back(number);
  }
  return out;
}

}  // namespace nattevagt::rota
