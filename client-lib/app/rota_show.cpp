#include "client-lib/app/rota_show.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "client-lib/app/json_lines.h"
#include "client-lib/app/show.h"
#include "client-lib/export/local_time.h"
#include "proto/rota/copenhagen.h"
#include "proto/rota/holidays.h"

namespace nattevagt::client::cli {
namespace {

using std::chrono::days;

constexpr std::array<std::string_view, 7> kDays{"man", "tir", "ons", "tor", "fre", "lør", "søn"};
constexpr std::string_view kNobody = "!! INGEN VAGT !!";
constexpr std::string_view kNobodyAccepted = "(ingen, godkendt)";

// Without colour too, and in a fixed font: what counts is characters.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}
std::string padded(std::string_view text, std::size_t width) {
  const std::size_t has = columns(text);
  return std::string(text) + std::string(has < width ? width - has : 0, ' ');
}

std::string persons_text(const rota::OnDuty& duty, const RotaNames& names) {
  std::string out;
  for (const auto& person : duty.persons) {
    out += (out.empty() ? "" : " + ") + printable_line(names.of(person));
  }
  return out;
}

std::string_view basis_word(rota::Basis basis) {
  switch (basis) {
    case rota::Basis::kUnplanned: return "unplanned";
    case rota::Basis::kPlan: return "plan";
    case rota::Basis::kOverride: return "override";
    case rota::Basis::kGap: return "gap";
    case rota::Basis::kAcceptedGap: return "accepted_gap";
  }
  return {};
}

std::string day_text(wire::LocalDay day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{} {:02}.{:02}", kDays.at(std::chrono::weekday(day).iso_encoding() - 1),
                     static_cast<unsigned>(date.day()), static_cast<unsigned>(date.month()));
}

unsigned week_number(wire::LocalDay monday) {  // ISO 8601: the week of its Thursday
  const std::chrono::year_month_day thursday(monday + days(3));
  const wire::LocalDay first(thursday.year() / std::chrono::January / 1);
  return static_cast<unsigned>((monday + days(3) - first).count() / 7 + 1);
}

struct Cell {
  std::string text;
  Paint colour = Paint::kPlain;
};

// "23.00-07.00 Rune Eksempel", and how long it is where the clock is moved inside it.
Cell cell_of(const rota::Stretch& stretch, const RotaNames& names) {
  Cell out;
  out.text = clock_of(stretch.from) + "-" + clock_of(stretch.until) + " ";
  switch (stretch.duty.basis) {
    case rota::Basis::kUnplanned: break;
    case rota::Basis::kGap: out = {out.text + std::string(kNobody), Paint::kRed}; break;
    case rota::Basis::kAcceptedGap: out = {out.text + std::string(kNobodyAccepted), Paint::kYellow}; break;
    case rota::Basis::kPlan: out.text += persons_text(stretch.duty, names); break;
    case rota::Basis::kOverride: out.text += persons_text(stretch.duty, names) + " *"; break;
  }
  if (rota::utc_offset(stretch.from) != rota::utc_offset(stretch.until)) {
    const auto minutes =
        std::chrono::duration_cast<std::chrono::minutes>(stretch.until - stretch.from).count();
    out.text += minutes % 60 == 0 ? fmt::format(" ({} t)", minutes / 60) : fmt::format(" ({} min)", minutes);
  }
  return out;
}

// Each window on its own, also where the same person has the next one: a week is read day by day.
std::vector<rota::Stretch> shifts(const BuiltRota& built, const wire::RoleRota& role, UtcTime from,
                                  UtcTime until) {
  std::vector<rota::Stretch> out;
  while (from < until) {
    const UtcTime end = std::min(rota::next_change(built.rota, role, from), until);
    out.push_back({from, end, rota::on_duty(built.rota, role, from)});
    from = end;
  }
  return out;
}

// The shifts that begin on each day of the week; a night stands on the day it begins.
std::array<std::vector<Cell>, 7> week_of(const BuiltRota& built, const wire::RoleRota& role,
                                         wire::LocalDay monday) {
  std::array<std::vector<Cell>, 7> out;
  const UtcTime begin = rota::to_utc(monday, {}), end = rota::to_utc(monday + days(7), {});
  for (const auto& shift : shifts(built, role, begin - days(2), end + days(2))) {
    if (shift.from < begin || shift.from >= end || shift.duty.basis == rota::Basis::kUnplanned) continue;
    out.at(static_cast<std::size_t>((rota::to_local(shift.from).day - monday).count()))
        .push_back(cell_of(shift, built.names));
  }
  return out;
}

// Until when the answer of now holds, and what comes then; kNever: longer than a week.
std::pair<UtcTime, rota::OnDuty> holds_until(const BuiltRota& built, const wire::RoleRota& role,
                                             UtcTime now) {
  const rota::Answering answering = rota::who_answers(built.rota, role, now);
  UtcTime until = now;
  while (until != kNever && until < now + days(7)) {
    until = rota::next_answer_change(built.rota, role, until);
    if (until == kNever) break;
    const rota::Answering next = rota::who_answers(built.rota, role, until);
    if (next.answering != answering.answering || !(next.duty == answering.duty)) return {until, next.duty};
  }
  return {kNever, {}};
}

std::string role_table(const BuiltRota& built, const wire::RoleRota& role, wire::LocalDay monday,
                       const Screen& screen) {
  const auto week = week_of(built, role, monday);
  std::vector<std::size_t> widths;
  for (const auto& cells : week) {
    if (widths.size() < cells.size()) widths.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], columns(cells[i].text));
  }
  std::string out = paint(Paint::kBold, printable_line(built.names.of(role.role)), screen) + "\n";
  for (std::size_t day = 0; day < week.size(); ++day) {
    const auto date = monday + days(static_cast<int>(day));
    std::string line =
        "  " + day_text(date) + (rota::kind_of(date, built.rota) == wire::DayKind::kHoliday ? " h " : "   ");
    for (std::size_t i = 0; i < week[day].size(); ++i) {
      const Cell& cell = week[day][i];
      line += (i == 0 ? "| " : " | ") + paint(cell.colour, padded(cell.text, widths[i]), screen);
    }
    if (week[day].empty()) line += "|";
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string problem_sentence(const RotaProblem& problem) {
  const std::string& subject = problem.subject;
  const std::string& detail = problem.detail;
  switch (problem.fault) {
    case RotaFault::kNotToml: return "filen kan ikke læses som TOML (" + detail + ").";
    case RotaFault::kUnknownKey: return "'" + subject + "' kendes ikke her. Brug en af: " + detail + ".";
    case RotaFault::kMissingKey:
      return "her mangler '" + subject + "'. Skriv en linje med " + subject + " = ...";
    case RotaFault::kWrongType: return "'" + subject + "' skal skrives " + detail + ".";
    case RotaFault::kBadName: return "'" + subject + "' kan ikke være et navn. Brug 1-200 almindelige tegn.";
    case RotaFault::kNameTwice:
      return "'" + subject + "' står der allerede. Giv den et andet navn, eller slet den ene.";
    case RotaFault::kBadDays:
      return "'" + subject +
             "' er ikke dage. Skriv for eksempel \"alle\", \"hverdage\", \"man-tor\" eller \"lør, søn, "
             "helligdage\".";
    case RotaFault::kBadClock:
      return "'" + subject + "' er ikke et klokkeslæt. Skriv for eksempel \"23.00\".";
    case RotaFault::kBadDate:
      return "'" + subject +
             "' er ikke en dato eller et tidspunkt. Skriv for eksempel 2026-10-24, 2026-10-24T23:00:00 eller "
             "\"24-12\".";
    case RotaFault::kBadTurn:
      return "'" + subject + "' er ikke en tur. Skriv \"uge\", \"dag\" eller et antal dage, 1-366.";
    case RotaFault::kUnknownWindow:
      return "vagten '" + subject + "' findes ikke. Opret den med [[window]], eller brug en af: " + detail +
             ".";
    case RotaFault::kUnknownRole:
      return "rollen '" + subject + "' kendes ikke. Ret navnet, eller brug en af: " + detail + ".";
    case RotaFault::kWindowNotCovered:
      return "rollen '" + detail + "' dækker ikke '" + subject + "'. Tilføj den til covers.";
    case RotaFault::kEndsTooEarly: return "'" + subject + "' ligger før begyndelsen. Ret den ene af dem.";
    case RotaFault::kOnAndFrom: return "brug enten on (én dag) eller from og until, ikke begge.";
    case RotaFault::kNotOnDuty:
      return subject + " har ikke vagt som '" + detail +
             "' i den tid, så der er intet at bytte. Ret tiden eller navnet.";
    case RotaFault::kUnknownPerson:
      return subject + " står ikke som holder af '" + detail +
             "' i organisationens roster. Tilføj personen dér, og udgiv roster først.";
    case RotaFault::kTooMany: return "der er for mange i '" + subject + "'. Højst " + detail + ".";
    case RotaFault::kSwapPending:
      return "byttet gælder ikke endnu: " + subject + " har ikke sagt ja. Brug 'nattevagt rota accept'.";
    case RotaFault::kNobodyPlanned:
      return "rollen '" + subject + "' dækker ingen vagter. Skriv dem i covers, hvis den skal.";
  }
  return {};
}

template <class Visit>
void each_role(const BuiltRota& built, const Visit& visit) {
  for (const auto& role : built.rota.roles) visit(role);
}

}  // namespace

std::string rota_problem_text(const RotaProblem& problem) {
  std::string out = is_warning(problem.fault) ? "Bemærk" : "Fejl";
  if (problem.line != 0) out += ", linje " + std::to_string(problem.line);
  return out + ": " + problem_sentence(problem);
}

std::string clock_of(UtcTime time) {
  const auto minutes = rota::to_local(time).since_midnight.count();
  return fmt::format("{:02}.{:02}", minutes / 60, minutes % 60);
}

std::string moment_text(UtcTime time) {
  const rota::LocalTime local = rota::to_local(time);
  const std::chrono::year_month_day date(local.day);
  std::string out =
      fmt::format("{}.{} kl. {}", day_text(local.day), static_cast<int>(date.year()), clock_of(time));
  const auto hour = std::chrono::hours(1);
  if (rota::to_local(time + hour) == local) out += " (sommertid)";
  if (rota::to_local(time - hour) == local) out += " (normaltid)";
  return out;
}

UtcTime monday_of(UtcTime time) {
  const wire::LocalDay day = rota::to_local(time).day;
  return rota::to_utc(day - days(std::chrono::weekday(day).iso_encoding() - 1), {});
}

std::string week_tables(const BuiltRota& built, UtcTime from, unsigned weeks, const Screen& screen) {
  std::string out;
  bool changed = false;
  wire::LocalDay monday = rota::to_local(monday_of(from)).day;
  for (unsigned week = 0; week < weeks; ++week, monday += days(7)) {
    const std::chrono::year_month_day thursday(monday + days(3));
    out += paint(Paint::kBold,
                 fmt::format("Uge {}, {}", week_number(monday), static_cast<int>(thursday.year())), screen) +
           "\n";
    each_role(built,
              [&](const wire::RoleRota& role) { out += role_table(built, role, monday, screen) + "\n"; });
  }
  changed = out.find(" *") != std::string::npos;
  if (changed) out += "* ændret, byttet eller overtaget.   h: helligdag\n";
  return out;
}

std::string gap_text(const rota::Gap& gap, const BuiltRota& built, UtcTime now) {
  std::string out = fmt::format("HUL: {}, {} til {}", printable_line(built.names.of(gap.role)),
                                moment_text(gap.from), moment_text(gap.until));
  switch (rota::warning_of(gap, now)) {
    case rota::GapWarning::kNone:
    case rota::GapWarning::kTwoWeeks: break;
    case rota::GapWarning::kWeek: out += ", om mindre end 7 dage"; break;
    case rota::GapWarning::kDay: out += ", OM MINDRE END 24 TIMER"; break;
    case rota::GapWarning::kTwoHours: out += ", OM MINDRE END 2 TIMER"; break;
    case rota::GapWarning::kQuarter: out += ", OM MINDRE END 15 MINUTTER"; break;
    case rota::GapWarning::kNow: out += ", LIGE NU"; break;
  }
  const auto* role = rota::find_role(built.rota, gap.role);
  out +=
      role->backup ? ". Backup: " + printable_line(built.names.of(*role->backup)) + "." : ". Ingen backup.";
  return out;
}

std::string now_lines(const BuiltRota& built, UtcTime now, const Screen& screen) {
  std::string out;
  each_role(built, [&](const wire::RoleRota& role) {
    const rota::Answering answering = rota::who_answers(built.rota, role, now);
    const auto [until, next] = holds_until(built, role, now);
    std::string line = printable_line(built.names.of(role.role)) + ": ";
    if (answering.gap) line += paint(Paint::kRed, kNobody, screen) + " ";
    const std::string persons = persons_text(answering.duty, built.names);
    if (answering.answering != role.role) {
      line += (answering.gap ? "backup svarer, " : "uden for vagt svarer ") +
              printable_line(built.names.of(answering.answering)) + ": ";
      if (!answering.in_rota) line += "alle, der har rollen";
    }
    if (!persons.empty()) line += persons;
    if (persons.empty() && !answering.gap && answering.answering == role.role) line += "ikke planlagt nu";
    if (until != kNever) {
      const bool today = rota::to_local(until).day == rota::to_local(now).day;
      line += " til " + (today ? "kl. " + clock_of(until) : moment_text(until));
      if (!next.persons.empty()) line += ", derefter " + persons_text(next, built.names);
    }
    out += line + "\n";
  });
  return out;
}

std::string week_json(const BuiltRota& built, UtcTime from, unsigned weeks) {
  std::string out;
  const UtcTime begin = monday_of(from);
  const UtcTime end = rota::to_utc(rota::to_local(begin).day + days(7 * static_cast<int>(weeks)), {});
  each_role(built, [&](const wire::RoleRota& role) {
    for (const auto& stretch : shifts(built, role, begin, end)) {
      if (stretch.duty.basis == rota::Basis::kUnplanned) continue;
      out += json_object({{"role", built.names.of(role.role)},
                          {"from", format_utc_iso(stretch.from)},
                          {"until", format_utc_iso(stretch.until)},
                          {"basis", std::string(basis_word(stretch.duty.basis))},
                          {"persons", persons_text(stretch.duty, built.names)}});
    }
  });
  return out;
}

std::string gap_json(const rota::Gap& gap, const BuiltRota& built) {
  return json_object({{"level", std::string("gap")},
                      {"role", built.names.of(gap.role)},
                      {"from", format_utc_iso(gap.from)},
                      {"until", format_utc_iso(gap.until)}});
}

std::string now_json(const BuiltRota& built, UtcTime now) {
  std::string out;
  each_role(built, [&](const wire::RoleRota& role) {
    const rota::Answering answering = rota::who_answers(built.rota, role, now);
    const UtcTime until = holds_until(built, role, now).first;
    out += json_object({{"role", built.names.of(role.role)},
                        {"answering", built.names.of(answering.answering)},
                        {"persons", persons_text(answering.duty, built.names)},
                        {"gap", answering.gap},
                        {"until", until == kNever ? std::string() : format_utc_iso(until)}});
  });
  return out;
}

}  // namespace nattevagt::client::cli
