#include "client-lib/admin/rota_draft.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <sstream>

#include "client-lib/admin/draft_reader.h"
#include "client-lib/admin/organisation_state.h"
#include "proto/common/limits.h"
#include "proto/rota/copenhagen.h"

namespace nattevagt::client {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : "; ") + name;
  return out;
}

// Dates and times may be TOML's own or texts: both read as the text that a person sees.
std::string written(const toml::node& node) {
  std::ostringstream out;
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* date = node.as_date()) out << date->get();
  if (const auto* moment = node.as_date_time()) out << moment->get();
  if (const auto* time = node.as_time()) out << time->get();
  return out.str();
}

class RotaReader : DraftReader<ParsedRota, RotaFault> {
 public:
  ParsedRota read(std::string_view text) {
    return parse(text, [this](const toml::table& root) { file(root); });
  }

 private:
  void file(const toml::table& root) {
    only(root, {"holidays", "revoked", "window", "role", "override", "swap"});
    holidays(root);
    revoked(root);
    each(root, "window", 1'000, [this](const toml::table& table) { window(table); });
    // A role may name one that comes after it.
    each(root, "role", limits::kRotaRolesMax, [this](const toml::table& table) {
      if (const auto* name = table.get_as<std::string>("name")) roles_.push_back(name->get());
    });
    each(root, "role", limits::kRotaRolesMax, [this](const toml::table& table) { role(table); });
    each(root, "override", limits::kOverridesMax, [this](const toml::table& table) { change(table); });
    each(root, "swap", limits::kOverridesMax, [this](const toml::table& table) { swap(table); });
  }

  const toml::node* required(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) note(RotaFault::kMissingKey, line_of(table), std::string(key));
    return node;
  }

  DraftName name(const toml::node& node, std::string_view key) {
    const auto* text = node.as_string();
    if (text == nullptr) {
      note(RotaFault::kWrongType, line_of(node), std::string(key), "\"...\"");
      return {{}, line_of(node)};
    }
    if (!is_usable_name(text->get())) note(RotaFault::kBadName, line_of(node), text->get());
    return {text->get(), line_of(node)};
  }

  // "..." or ["...", "..."].
  std::vector<DraftName> names(const toml::table& table, std::string_view key, std::size_t count_max) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    const toml::array* list = node->as_array();
    if (list == nullptr) return {name(*node, key)};
    if (list->size() > count_max) {
      note(RotaFault::kTooMany, line_of(*node), std::string(key), std::to_string(count_max));
      return {};
    }
    std::vector<DraftName> out;
    for (const auto& item : *list) out.push_back(name(item, key));
    return out;
  }

  template <class T, class Parse>
  std::optional<T> parsed(const toml::table& table, std::string_view key, RotaFault fault,
                          const Parse& parse) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const std::string text = written(*node);
    const std::optional<T> value = parse(text);
    if (!value) note(fault, line_of(*node), text.empty() ? std::string(key) : text);
    return value;
  }
  std::optional<wire::LocalDay> date(const toml::table& table, std::string_view key) {
    return parsed<wire::LocalDay>(table, key, RotaFault::kBadDate,
                                  [](const auto& t) { return parse_date(t); });
  }

  void revoked(const toml::table& root) {
    for (const DraftName& change : names(root, "revoked", limits::kRevokedChangesMax)) {
      const auto id = DutyChangeId::from_hex(change.text);
      if (!id) {
        note(RotaFault::kBadName, change.line, change.text);
        continue;
      }
      out_.draft.revoked.push_back(*id);
    }
  }

  void holidays(const toml::table& root) {
    const toml::node* node = root.get("holidays");
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr)
      return note(RotaFault::kWrongType, line_of(*node), "holidays", "[\"24-12\", 2026-05-15]");
    if (list->size() > limits::kYearlyHolidaysMax) {
      return note(RotaFault::kTooMany, line_of(*node), "holidays",
                  std::to_string(limits::kYearlyHolidaysMax));
    }
    for (const auto& item : *list) {
      const std::string text = written(item);
      if (const auto day = parse_date(text)) {
        out_.draft.single_holidays.push_back(*day);
        continue;
      }
      unsigned day = 0, month = 0;
      const char* const end = text.data() + text.size();
      const auto first = std::from_chars(text.data(), end, day);
      const bool dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
      const auto second = dash ? std::from_chars(first.ptr + 1, end, month) : first;
      const auto whole = std::chrono::year(2024) / std::chrono::month(month) / std::chrono::day(day);
      if (!dash || second.ec != std::errc() || second.ptr != end || !whole.ok()) {
        note(RotaFault::kBadDate, line_of(item), text);
      } else {
        out_.draft.yearly_holidays.push_back(static_cast<std::uint16_t>(month * 100 + day));
      }
    }
  }

  void window(const toml::table& table) {
    only(table, {"name", "days", "from", "to"});
    DraftWindow out;
    if (const auto* node = required(table, "name")) {
      out.name = name(*node, "name");
      if (std::find(windows_.begin(), windows_.end(), out.name.text) != windows_.end()) {
        note(RotaFault::kNameTwice, out.name.line, out.name.text);
      }
      windows_.push_back(out.name.text);
    }
    out.window.days = wire::kEveryDay;
    if (const auto* node = table.get("days")) {
      out.window.days = parse_days(written(*node));
      if (out.window.days == 0) note(RotaFault::kBadDays, line_of(*node), written(*node));
    }
    const auto clock = [&](std::string_view key) {
      required(table, key);
      return parsed<std::uint16_t>(table, key, RotaFault::kBadClock,
                                   [](const auto& t) { return parse_clock(t); })
          .value_or(std::uint16_t{0});
    };
    out.window.from_minute = clock("from");
    out.window.to_minute = clock("to");
    out_.draft.windows.push_back(std::move(out));
  }

  void known_window(const DraftName& window) {
    if (std::find(windows_.begin(), windows_.end(), window.text) != windows_.end()) return;
    note(RotaFault::kUnknownWindow, window.line, window.text, listed(windows_));
  }

  void role(const toml::table& table) {
    only(table, {"name", "covers", "backup", "daytime", "duty"});
    DraftRoleRota out;
    if (const auto* node = required(table, "name")) {
      out.name = name(*node, "name");
      if (std::count(roles_.begin(), roles_.end(), out.name.text) > 1) {
        note(RotaFault::kNameTwice, out.name.line, out.name.text);
      }
    }
    out.covers = names(table, "covers", limits::kDutyWindowsMax);
    for (const auto& window : out.covers) known_window(window);
    if (out.covers.empty()) note(RotaFault::kNobodyPlanned, line_of(table), out.name.text);
    if (const auto* node = table.get("backup")) out.backup = name(*node, "backup");
    if (const auto* node = table.get("daytime")) out.daytime = name(*node, "daytime");
    each(table, "duty", limits::kDutiesPerRoleMax, [&](const toml::table& item) { duty(item, out); });
    out_.draft.roles.push_back(std::move(out));
  }

  void duty(const toml::table& table, DraftRoleRota& role) {
    only(table, {"who", "turn", "from", "until", "on", "window"});
    DraftDuty out;
    required(table, "who");
    out.who = names(table, "who", limits::kDutyTurnsMax);
    if (table.contains("who") && out.who.empty()) note(RotaFault::kMissingKey, line_of(table), "who");
    if (const auto* node = table.get("turn")) {
      const std::string turn = written(*node);
      const auto days = node->as_integer();
      out.turn_days = turn == "uge" ? 7 : turn == "dag" ? 1 : 0;
      if (days != nullptr && days->get() >= 1 && days->get() <= 366) {
        out.turn_days = static_cast<std::uint16_t>(days->get());
      }
      if (out.turn_days == 0) note(RotaFault::kBadTurn, line_of(*node), turn);
    }
    if (table.contains("on")) {
      if (table.contains("from") || table.contains("until")) note(RotaFault::kOnAndFrom, line_of(table));
      const auto day = date(table, "on");
      out.first = day.value_or(wire::LocalDay{});
      out.last = out.first;
    } else {
      required(table, "from");
      out.first = date(table, "from").value_or(wire::LocalDay{});
      out.last = date(table, "until");
      if (out.last && *out.last < out.first)
        note(RotaFault::kEndsTooEarly, line_of(*table.get("until")), "until");
    }
    out.windows = names(table, "window", limits::kDutyWindowsMax);
    for (const auto& window : out.windows) {
      known_window(window);
      const bool covered = std::any_of(role.covers.begin(), role.covers.end(),
                                       [&](const auto& other) { return other.text == window.text; });
      if (!covered) note(RotaFault::kWindowNotCovered, window.line, window.text, role.name.text);
    }
    if (out.turn_days == 0 && out.who.size() > limits::kDutyPersonsMax) {
      note(RotaFault::kTooMany, line_of(table), "who", std::to_string(limits::kDutyPersonsMax));
    }
    role.duties.push_back(std::move(out));
  }

  struct Span {
    DraftName role;
    UtcTime from, until;
  };
  Span span(const toml::table& table) {
    Span out;
    if (const auto* node = required(table, "role")) {
      out.role = name(*node, "role");
      if (std::find(roles_.begin(), roles_.end(), out.role.text) == roles_.end()) {
        note(RotaFault::kUnknownRole, out.role.line, out.role.text, listed(roles_));
      }
    }
    const auto moment = [&](std::string_view key) {
      required(table, key);
      return parsed<UtcTime>(table, key, RotaFault::kBadDate, [](const auto& t) { return parse_moment(t); });
    };
    const auto from = moment("from"), until = moment("until");
    if (from && until && *until <= *from)
      note(RotaFault::kEndsTooEarly, line_of(*table.get("until")), "until");
    out.from = from.value_or(UtcTime{});
    out.until = until.value_or(UtcTime{});
    return out;
  }

  void change(const toml::table& table) {
    only(table, {"role", "from", "until", "who", "reason", "taken_over"});
    const Span span = this->span(table);
    DraftOverride out{span.role, span.from, span.until, {}, {}, wire::OverrideKind::kChange};
    required(table, "who");
    out.who = names(table, "who", limits::kDutyPersonsMax);
    if (const auto* node = table.get("reason")) out.reason = name(*node, "reason").text;
    if (out.who.empty()) {
      out.kind = wire::OverrideKind::kAcceptedGap;
      required(table, "reason");
    } else if (table.contains("taken_over")) {
      out.kind = wire::OverrideKind::kTakeOver;
    }
    out_.draft.overrides.push_back(std::move(out));
  }

  void swap(const toml::table& table) {
    only(table, {"role", "from", "until", "gives", "takes", "accepted"});
    const Span span = this->span(table);
    DraftSwap out{span.role, span.from, span.until, {}, {}, false};
    if (const auto* node = required(table, "gives")) out.gives = name(*node, "gives");
    if (const auto* node = required(table, "takes")) out.takes = name(*node, "takes");
    out.accepted = parsed<UtcTime>(table, "accepted", RotaFault::kBadDate, [](const auto& t) {
                     return parse_moment(t);
                   }).has_value();
    if (!out.accepted) note(RotaFault::kSwapPending, line_of(table), out.takes.text, out.role.text);
    out_.draft.swaps.push_back(std::move(out));
  }

  std::vector<std::string> windows_, roles_;
};

std::optional<unsigned> two_digits(std::string_view text) {
  unsigned value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

bool is_warning(RotaFault fault) noexcept {
  return fault == RotaFault::kSwapPending || fault == RotaFault::kNobodyPlanned;
}

ParsedRota parse_rota(std::string_view toml) { return RotaReader().read(toml); }

std::uint8_t parse_days(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kNames{"man", "tir", "ons", "tor", "fre", "lør", "søn"};
  struct Group {
    std::string_view name;
    std::uint8_t days;
  };
  static constexpr std::array kGroups{Group{"alle", wire::kEveryDay}, Group{"hverdage", 0x1f},
                                      Group{"weekend", 0x60}, Group{"helligdage", 0x80}};
  const auto place = [](std::string_view name) -> std::optional<std::size_t> {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<std::size_t>(found - kNames.begin());
  };
  unsigned days = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = trimmed(text.substr(0, comma));
    const auto group =
        std::find_if(kGroups.begin(), kGroups.end(), [&](const Group& g) { return g.name == part; });
    const std::size_t dash = part.find('-');
    const auto first = place(trimmed(part.substr(0, dash)));
    const auto last = dash == std::string_view::npos ? first : place(trimmed(part.substr(dash + 1)));
    if (group != kGroups.end()) {
      days |= group->days;
    } else if (first && last && *first <= *last) {
      for (std::size_t day = *first; day <= *last; ++day) days |= 1U << day;
    } else {
      return 0;
    }
    if (comma == std::string_view::npos) return static_cast<std::uint8_t>(days);
    text.remove_prefix(comma + 1);
  }
}

std::optional<std::uint16_t> parse_clock(std::string_view text) {
  if (text.size() == 8 && text.substr(5) == ":00") text = text.substr(0, 5);  // TOML's own
  if (text.size() != 5 || (text[2] != '.' && text[2] != ':')) return std::nullopt;
  const auto hour = two_digits(text.substr(0, 2)), minute = two_digits(text.substr(3));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return static_cast<std::uint16_t>(*hour * 60 + *minute);
}

std::optional<wire::LocalDay> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = two_digits(text.substr(0, 4)), month = two_digits(text.substr(5, 2)),
             day = two_digits(text.substr(8));
  if (!year || !month || !day || *year < 2020 || *year > 2199) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return wire::LocalDay(date);
}

std::optional<UtcTime> parse_moment(std::string_view text) {
  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const auto day = parse_date(text.substr(0, 10));
  const auto clock = parse_clock(text.substr(11, 5));
  if (!day || !clock) return std::nullopt;
  std::string_view rest = text.substr(16);
  if (rest.starts_with(":")) {  // a rota is a matter of minutes
    if (rest.size() < 3 || !two_digits(rest.substr(1, 2))) return std::nullopt;
    rest.remove_prefix(3);
  }
  if (rest.empty()) return rota::to_utc(*day, std::chrono::minutes(*clock));
  std::chrono::minutes offset{};
  if (rest != "Z") {
    const auto size = rest.size() == 6 ? parse_clock(rest.substr(1)) : std::nullopt;
    if (!size || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
    offset = std::chrono::minutes(rest[0] == '-' ? -int{*size} : int{*size});
  }
  return std::chrono::sys_days(day->time_since_epoch()) + std::chrono::minutes(*clock) - offset;
}

}  // namespace nattevagt::client
