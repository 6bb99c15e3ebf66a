// A roster as a person wrote it (TOML), before its names have become ids. Every fault has its line; parsing
// goes on after a fault, so that one reading of the file shows them all.
//
// The file's form is shown in deploy/examples/roster-solvang.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/wire/identity.h"

namespace nattevagt::client {

enum class RosterFault : std::uint8_t {
  kNotToml,             // detail: what the parser says
  kUnknownKey,          // subject: the key; detail: what may stand there
  kMissingKey,          // subject: the key
  kWrongType,           // subject: the key; detail: "text", "list" ...
  kBadName,             // subject: the name
  kNameTwice,           // subject: the name
  kBadDuration,         // subject: what stands there
  kDurationOutOfRange,  // subject: what stands there
  kUnknownSeverity,     // subject
  kUnknownPerson,       // subject; detail: the nearest known
  kUnknownLadder,
  kUnknownTarget,
  kUnknownOrganisation,
  kAmbiguousTarget,  // subject; detail: what it can be
  kNoSteps,          // subject: the ladder
  kTooMany,          // subject: of what; detail: the limit
  kTextTooLong,      // subject: the key
  // Warnings: the roster can be published
  kRoleWithoutHolder,  // subject: the role
  kUnitWithoutLadder,  // subject: the unit; detail: the severity
  kNoReservePlan,
  kReserveCondition,
  kNoRecorder,
};
bool is_warning(RosterFault fault) noexcept;

struct RosterProblem {
  RosterFault fault{};
  std::uint32_t line = 0;  // from 1; 0: of the whole file
  std::string subject;
  std::string detail;
};

struct DraftName {
  std::string text;
  std::uint32_t line = 0;
};
struct DraftPerson {
  DraftName name;
  std::string profession;
};
struct DraftRole {
  DraftName name;
  std::vector<DraftName> holders;
};
struct DraftUnit {
  struct Choice {
    wire::Severity severity{};
    DraftName ladder;
  };
  DraftName name;
  std::vector<Choice> ladders;
};
struct DraftStep {
  Millis wait{};
  Millis repeat{};
  std::vector<DraftName> to;
};
struct DraftLadder {
  DraftName name;
  Millis advice_within{};
  std::vector<DraftStep> steps;
};
struct RosterDraft {
  std::vector<DraftPerson> people;
  std::vector<DraftRole> roles;
  std::vector<DraftUnit> units;
  std::vector<DraftLadder> ladders;
  std::vector<DraftName> recorders;
  std::string reserve_plan;
};

struct ParsedRoster {
  RosterDraft draft;
  std::vector<RosterProblem> problems;  // in the file's order
};
ParsedRoster parse_roster(std::string_view toml);

// "500ms", "90s", "2m", "1h", "3d".
Result<Millis> parse_duration(std::string_view text);
// Danish, with or without its letters, or English: "rød", "roed", "red".
std::optional<wire::Severity> parse_severity(std::string_view text);

}  // namespace nattevagt::client
