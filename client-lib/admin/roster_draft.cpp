#include "client-lib/admin/roster_draft.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "client-lib/admin/draft_reader.h"
#include "client-lib/admin/organisation_state.h"
#include "proto/common/limits.h"
#include "proto/rota/reserve_plan.h"

namespace nattevagt::client {
namespace {

class RosterReader : DraftReader<ParsedRoster, RosterFault> {
 public:
  ParsedRoster read(std::string_view text) {
    return parse(text, [this](const toml::table& root) { file(root); });
  }

 private:
  void file(const toml::table& root) {
    only(root, {"person", "role", "unit", "ladder", "recorders", "reserve_plan"});
    each(root, "person", limits::kPeopleMax, [this](const toml::table& table) { person(table); });
    each(root, "role", limits::kRolesMax, [this](const toml::table& table) { role(table); });
    each(root, "ladder", limits::kLaddersMax, [this](const toml::table& table) { ladder(table); });
    each(root, "unit", limits::kUnitsMax, [this](const toml::table& table) { unit(table); });
    out_.draft.recorders = names(root, "recorders", limits::kRecordersMax);
    if (root.contains("reserve_plan")) {
      out_.draft.reserve_plan = text_of(root, "reserve_plan");
      for (const std::size_t line : rota::unreadable_conditions(out_.draft.reserve_plan)) {
        note(RosterFault::kReserveCondition, line_of(*root.get("reserve_plan")), "reserve_plan", std::to_string(line));
      }
      // Sealing adds to it, and the sealed field is limited as a text is.
      if (out_.draft.reserve_plan.size() + limits::kSealBytes > limits::kTextBytesMax) {
        note(RosterFault::kTextTooLong, line_of(*root.get("reserve_plan")), "reserve_plan",
             std::to_string(limits::kTextBytesMax - limits::kSealBytes));
      }
    }
    whole_file();
  }

  std::string text_of(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      note(RosterFault::kMissingKey, line_of(table), std::string(key));
      return {};
    }
    const auto* text = node->as_string();
    if (text == nullptr) {
      note(RosterFault::kWrongType, line_of(*node), std::string(key), "\"...\"");
      return {};
    }
    return text->get();
  }

  DraftName name_of(const toml::table& table, std::set<std::string>& taken) {
    const toml::node* node = table.get("name");
    DraftName name{text_of(table, "name"), node == nullptr ? line_of(table) : line_of(*node)};
    if (node == nullptr || !node->is_string()) return name;
    if (!is_usable_name(name.text)) {
      note(RosterFault::kBadName, name.line, name.text, std::to_string(limits::kNameBytesMax));
    } else if (!taken.insert(name.text).second) {
      note(RosterFault::kNameTwice, name.line, name.text);
    }
    return name;
  }

  std::vector<DraftName> names(const toml::table& table, std::string_view key, std::size_t count_max) {
    std::vector<DraftName> out;
    const toml::node* node = table.get(key);
    if (node == nullptr) return out;
    const toml::array* list = node->as_array();
    if (list == nullptr) {
      note(RosterFault::kWrongType, line_of(*node), std::string(key), "[\"...\"]");
      return out;
    }
    if (list->size() > count_max) {
      note(RosterFault::kTooMany, line_of(*node), std::string(key), std::to_string(count_max));
      return out;
    }
    for (const auto& item : *list) {
      const auto* text = item.as_string();
      if (text == nullptr) {
        note(RosterFault::kWrongType, line_of(item), std::string(key), "[\"...\"]");
        continue;
      }
      const bool twice =
          std::any_of(out.begin(), out.end(), [&](const auto& seen) { return seen.text == text->get(); });
      if (!is_usable_name(text->get())) {
        note(RosterFault::kBadName, line_of(item), text->get(), std::to_string(limits::kNameBytesMax));
      } else if (twice) {
        note(RosterFault::kNameTwice, line_of(item), text->get());
      } else {
        out.push_back({text->get(), line_of(item)});
      }
    }
    return out;
  }

  Millis duration(const toml::table& table, std::string_view key, bool required, bool zero_allowed) {
    const toml::node* node = table.get(key);
    if (node == nullptr && !required) return {};
    const std::string text = text_of(table, key);
    if (node == nullptr || !node->is_string()) return {};
    const auto parsed = parse_duration(text);
    if (!parsed) {
      note(RosterFault::kBadDuration, line_of(*node), text);
      return {};
    }
    const bool zero = zero_allowed && parsed->count() == 0;
    if (!zero && (*parsed < limits::kStepWaitMin || *parsed > limits::kStepWaitMax)) {
      note(RosterFault::kDurationOutOfRange, line_of(*node), text);
    }
    return *parsed;
  }

  void person(const toml::table& table) {
    only(table, {"name", "profession"});
    DraftPerson person;
    person.name = name_of(table, people_);
    if (const toml::node* node = table.get("profession")) {
      person.profession = text_of(table, "profession");
      if (node->is_string() && !is_usable_name(person.profession)) {
        note(RosterFault::kBadName, line_of(*node), person.profession, std::to_string(limits::kNameBytesMax));
      }
    }
    out_.draft.people.push_back(std::move(person));
  }

  void role(const toml::table& table) {
    only(table, {"name", "holders"});
    DraftRole role;
    role.name = name_of(table, roles_);
    role.holders = names(table, "holders", limits::kHoldersPerRoleMax);
    for (const auto& holder : role.holders) {
      if (people_.contains(holder.text)) continue;
      note(RosterFault::kUnknownPerson, holder.line, holder.text, nearest(holder.text, people_));
    }
    if (role.holders.empty()) note(RosterFault::kRoleWithoutHolder, role.name.line, role.name.text);
    out_.draft.roles.push_back(std::move(role));
  }

  void step(const toml::table& table, DraftLadder& ladder) {
    only(table, {"to", "wait", "repeat"});
    DraftStep step;
    if (!table.contains("to")) note(RosterFault::kMissingKey, line_of(table), "to");
    step.to = names(table, "to", limits::kLadderTargetsMax);
    if (table.contains("to") && table.get("to")->is_array() && table.get("to")->as_array()->empty()) {
      note(RosterFault::kMissingKey, line_of(*table.get("to")), "to");
    }
    step.wait = duration(table, "wait", true, false);
    step.repeat = duration(table, "repeat", false, true);
    ladder.steps.push_back(std::move(step));
  }

  void ladder(const toml::table& table) {
    only(table, {"name", "advice_within", "step"});
    DraftLadder ladder;
    ladder.name = name_of(table, ladders_);
    ladder.advice_within = duration(table, "advice_within", true, false);
    each(table, "step", limits::kLadderStepsMax, [&](const toml::table& item) { step(item, ladder); });
    if (ladder.steps.empty()) note(RosterFault::kNoSteps, ladder.name.line, ladder.name.text);
    out_.draft.ladders.push_back(std::move(ladder));
  }

  void unit(const toml::table& table) {
    only(table, {"name", "ladders"});
    DraftUnit unit;
    unit.name = name_of(table, units_);
    const toml::node* node = table.get("ladders");
    const toml::table* choices = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && choices == nullptr) {
      note(RosterFault::kWrongType, line_of(*node), "ladders", "{ rød = \"...\" }");
    }
    std::set<wire::Severity> chosen;
    if (choices != nullptr) {
      for (const auto& [key, value] : *choices) {
        const auto severity = parse_severity(key.str());
        const auto* text = value.as_string();
        if (!severity) {
          note(RosterFault::kUnknownSeverity, line_of(value), std::string(key.str()));
        } else if (!chosen.insert(*severity).second) {
          note(RosterFault::kNameTwice, line_of(value), std::string(key.str()));
        } else if (text == nullptr) {
          note(RosterFault::kWrongType, line_of(value), std::string(key.str()), "\"...\"");
        } else if (!ladders_.contains(text->get())) {
          note(RosterFault::kUnknownLadder, line_of(value), text->get(), nearest(text->get(), ladders_));
        } else {
          unit.ladders.push_back({*severity, {text->get(), line_of(value)}});
        }
      }
    }
    // A house that may only be called for (house A, say) has none and asks for nothing: said, not refused.
    for (const auto severity : {wire::Severity::kAlarm, wire::Severity::kRed, wire::Severity::kYellow}) {
      if (choices == nullptr || chosen.contains(severity)) continue;
      note(RosterFault::kUnitWithoutLadder, unit.name.line, unit.name.text,
           severity == wire::Severity::kAlarm ? "Alarm"
           : severity == wire::Severity::kRed ? "Rød"
                                              : "Gul");
    }
    if (choices == nullptr) note(RosterFault::kUnitWithoutLadder, unit.name.line, unit.name.text);
    out_.draft.units.push_back(std::move(unit));
  }

  void whole_file() {
    if (out_.draft.units.empty()) return;  // a region without units asks nobody
    if (out_.draft.reserve_plan.empty()) note(RosterFault::kNoReservePlan, 0);
    if (out_.draft.recorders.empty()) note(RosterFault::kNoRecorder, 0);
  }

  // The known name with the fewest differences at its start: a misspelling mostly keeps its beginning.
  static std::string nearest(std::string_view name, const std::set<std::string>& known) {
    std::string best;
    std::size_t best_shared = 0;
    for (const std::string& candidate : known) {
      const auto [a, b] = std::mismatch(name.begin(), name.end(), candidate.begin(), candidate.end());
      const auto shared = static_cast<std::size_t>(a - name.begin());
      if (shared > best_shared) {
        best_shared = shared;
        best = candidate;
      }
    }
    return best_shared >= 2 ? best : std::string();
  }

  std::set<std::string> people_, roles_, units_, ladders_;
};

}  // namespace

bool is_warning(RosterFault fault) noexcept {
  switch (fault) {
    case RosterFault::kRoleWithoutHolder:
    case RosterFault::kUnitWithoutLadder:
    case RosterFault::kNoReservePlan:
    case RosterFault::kReserveCondition:
    case RosterFault::kNoRecorder: return true;
    case RosterFault::kNotToml:
    case RosterFault::kUnknownKey:
    case RosterFault::kMissingKey:
    case RosterFault::kWrongType:
    case RosterFault::kBadName:
    case RosterFault::kNameTwice:
    case RosterFault::kBadDuration:
    case RosterFault::kDurationOutOfRange:
    case RosterFault::kUnknownSeverity:
    case RosterFault::kUnknownPerson:
    case RosterFault::kUnknownLadder:
    case RosterFault::kUnknownTarget:
    case RosterFault::kUnknownOrganisation:
    case RosterFault::kAmbiguousTarget:
    case RosterFault::kNoSteps:
    case RosterFault::kTooMany:
    case RosterFault::kTextTooLong: return false;
  }
  return false;
}

ParsedRoster parse_roster(std::string_view toml) { return RosterReader().read(toml); }

Result<Millis> parse_duration(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end == text.data() || number > 1'000'000'000) {
    return fail(Errc::kInvalidValue, "parse_duration");
  }
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto count = static_cast<std::int64_t>(number);
  if (unit == "ms") return Millis(count);
  if (unit == "s") return Millis(count * 1000);
  if (unit == "m") return Millis(count * 60'000);
  if (unit == "h" || unit == "t") return Millis(count * 3'600'000);
  if (unit == "d") return Millis(count * 86'400'000);
  return fail(Errc::kInvalidValue, "parse_duration");
}

std::optional<wire::Severity> parse_severity(std::string_view text) {
  struct Word {
    std::string_view word;
    wire::Severity severity;
  };
  static constexpr std::array kWords{
      Word{"alarm", wire::Severity::kAlarm},   Word{"Alarm", wire::Severity::kAlarm},
      Word{"rød", wire::Severity::kRed},       Word{"Rød", wire::Severity::kRed},
      Word{"roed", wire::Severity::kRed},      Word{"red", wire::Severity::kRed},
      Word{"gul", wire::Severity::kYellow},    Word{"Gul", wire::Severity::kYellow},
      Word{"yellow", wire::Severity::kYellow}, Word{"grøn", wire::Severity::kGreen},
      Word{"Grøn", wire::Severity::kGreen},    Word{"groen", wire::Severity::kGreen},
      Word{"green", wire::Severity::kGreen}};
  for (const auto& item : kWords) {
    if (item.word == text) return item.severity;
  }
  return std::nullopt;
}

}  // namespace nattevagt::client
