#include "proto/rota/copenhagen.h"

namespace nattevagt::rota {
namespace {

using namespace std::chrono;

constexpr Millis kWinter = hours(1);
constexpr Millis kSummer = hours(2);

UtcTime change_in(year year, month month) { return sys_days(year / month / Sunday[last]) + hours(1); }

}  // namespace

Millis utc_offset(UtcTime time) {
  const year_month_day day(floor<days>(time));
  if (day.month() < March || day.month() > October) return kWinter;
  if (day.month() > March && day.month() < October) return kSummer;
  const bool changed = time >= change_in(day.year(), day.month());
  return changed == (day.month() == March) ? kSummer : kWinter;
}

UtcTime to_utc(wire::LocalDay day, minutes since_midnight) {
  const UtcTime as_if_utc = sys_days(day.time_since_epoch()) + since_midnight;
  if (utc_offset(as_if_utc - kSummer) == kSummer) return as_if_utc - kSummer;  // the first of two
  if (utc_offset(as_if_utc - kWinter) == kWinter) return as_if_utc - kWinter;
  return change_in(year_month_day(floor<days>(as_if_utc)).year(), March);
}

LocalTime to_local(UtcTime time) {
  const UtcTime shown = time + utc_offset(time);
  const auto day = floor<days>(shown);
  return {wire::LocalDay(day.time_since_epoch()), floor<minutes>(shown - day)};
}

}  // namespace nattevagt::rota
