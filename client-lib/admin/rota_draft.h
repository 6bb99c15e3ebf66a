// A rota as a person wrote it (TOML), before its names have become ids. Every fault has its line; parsing
// goes on after a fault, so that one reading of the file shows them all.
//
// The file's form is shown, and explained in Danish, in deploy/examples/rota-havbakken.toml.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/admin/roster_draft.h"
#include "proto/wire/rota.h"

namespace nattevagt::client {

enum class RotaFault : std::uint8_t {
  kNotToml,           // detail: what the parser says
  kUnknownKey,        // subject: the key; detail: what may stand there
  kMissingKey,        // subject: the key
  kWrongType,         // subject: the key; detail: how it is written
  kBadName,           // subject: the name
  kNameTwice,         // subject: the name
  kBadDays,           // subject: what stands there
  kBadClock,          // subject
  kBadDate,           // subject
  kBadTurn,           // subject
  kUnknownWindow,     // subject; detail: the known ones
  kUnknownRole,       // subject; detail: the known ones
  kWindowNotCovered,  // subject: the window; detail: the role
  kEndsTooEarly,      // subject: the key
  kOnAndFrom,         // a duty has both `on` and `from` or `until`
  kNotOnDuty,         // subject: who gives a duty away; detail: the role
  kUnknownPerson,     // subject; detail: the role that it may not hold, or empty
  kTooMany,           // subject: of what; detail: the limit
  // Warnings: the rota can be published
  kSwapPending,    // subject: who has been asked
  kNobodyPlanned,  // subject: a role that covers nothing
};
bool is_warning(RotaFault fault) noexcept;

struct RotaProblem {
  RotaFault fault{};
  std::uint32_t line = 0;  // from 1; 0: of the whole file
  std::string subject;
  std::string detail;
};

struct DraftWindow {
  DraftName name;
  wire::DutyWindow window;
};
struct DraftDuty {
  std::vector<DraftName> who;
  std::uint16_t turn_days = 0;  // 0: all of `who` at once
  wire::LocalDay first{};
  std::optional<wire::LocalDay> last;
  std::vector<DraftName> windows;  // none: all that the role covers
};
struct DraftRoleRota {
  DraftName name;
  std::vector<DraftName> covers;
  std::optional<DraftName> backup, daytime;
  std::vector<DraftDuty> duties;
};
struct DraftOverride {  // nobody in `who`: the gap is known and accepted
  DraftName role;
  UtcTime from, until;
  std::vector<DraftName> who;
  std::string reason;
  wire::OverrideKind kind{};
};
struct DraftSwap {
  DraftName role;
  UtcTime from, until;
  DraftName gives, takes;
  bool accepted = false;
};
struct RotaDraft {
  std::vector<std::uint16_t> yearly_holidays;
  std::vector<wire::LocalDay> single_holidays;
  std::vector<DraftWindow> windows;
  std::vector<DraftRoleRota> roles;
  std::vector<DraftOverride> overrides;
  std::vector<DraftSwap> swaps;
  std::vector<DutyChangeId> revoked;  // persons' own changes that are taken back (P-114)
};

struct ParsedRota {
  RotaDraft draft;
  std::vector<RotaProblem> problems;  // in the file's order
};
ParsedRota parse_rota(std::string_view toml);

// "alle", "man-tor", "lør, søn, helligdage", "hverdage", "weekend"; 0: not understood.
std::uint8_t parse_days(std::string_view text);
std::optional<std::uint16_t> parse_clock(std::string_view text);  // "23.00", "23:00": minutes
std::optional<wire::LocalDay> parse_date(std::string_view text);  // "2026-10-24"
// "2026-10-25T02:30", local (P-101), or with "+01:00" or "Z" where it comes twice. Seconds may stand there.
std::optional<UtcTime> parse_moment(std::string_view text);

}  // namespace nattevagt::client
