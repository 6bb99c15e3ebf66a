// The rota's own codec: its messages are nobody else's.
#include <set>

#include "proto/wire/codec.h"
#include "proto/wire/codec_checks.h"
#include "schema/rota.pb.h"

namespace nattevagt::wire {

namespace {

LocalDay read_day(std::int32_t number, Checks& checks, const char* where) {
  LocalDay day;
  checks.day(number, day, where);
  return day;
}

template <class T>
T read_number(std::uint32_t raw, std::uint32_t min, std::uint32_t max, Checks& checks, const char* where) {
  checks.require(raw >= min && raw <= max, where);
  return static_cast<T>(raw);
}

bool is_yearly_date(std::uint32_t date) {
  // A leap year: the 29th of February is a day that some years have.
  const auto day = std::chrono::year(2024) / std::chrono::month(date / 100) / std::chrono::day(date % 100);
  return day.ok();
}

}  // namespace

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

static void put(const DutyWindow& in, pb::DutyWindow& out) {
  out.set_days(in.days);
  out.set_from_minute(in.from_minute);
  out.set_to_minute(in.to_minute);
}
static void read(const pb::DutyWindow& in, DutyWindow& out, Checks& checks) {
  constexpr std::uint32_t kMinuteMax = 24 * 60 - 1;
  out.days = read_number<std::uint8_t>(in.days(), 1, kEveryDay, checks, "DutyWindow.days");
  out.from_minute = read_number<std::uint16_t>(in.from_minute(), 0, kMinuteMax, checks, "DutyWindow.from");
  out.to_minute = read_number<std::uint16_t>(in.to_minute(), 0, kMinuteMax, checks, "DutyWindow.to");
}

static void put(const std::vector<PersonId>& in, pb::DutyTurn& out) {
  for (const PersonId& person : in) out.add_persons(str(person));
}
static void read(const pb::DutyTurn& in, std::vector<PersonId>& out, Checks& checks) {
  checks.require(in.persons_size() > 0, "DutyTurn.persons");
  checks.ids(in.persons(), limits::kDutyPersonsMax, out, "DutyTurn.persons");
}

static void put(const Duty& in, pb::Duty& out) {
  out.set_windows(in.windows);
  out.set_first_day(day_number(in.first));
  if (in.last) out.set_last_day(day_number(*in.last));
  out.set_turn_days(in.turn_days);
  for (const auto& turn : in.turns) put(turn, *out.add_turns());
}
static void read(const pb::Duty& in, Duty& out, Checks& checks) {
  checks.require(in.windows() != 0, "Duty.windows");
  out.windows = in.windows();
  out.first = read_day(in.first_day(), checks, "Duty.first_day");
  if (in.has_last_day()) {
    out.last = read_day(in.last_day(), checks, "Duty.last_day");
    checks.require(*out.last >= out.first, "Duty.last_day");
  }
  out.turn_days = read_number<std::uint16_t>(in.turn_days(), 1, 366, checks, "Duty.turn_days");
  checks.require(in.turns_size() > 0, "Duty.turns");
  checks.items(in.turns(), limits::kDutyTurnsMax, out.turns, "Duty.turns");
}

static void put(const RoleRota& in, pb::RoleRota& out) {
  out.set_role(str(in.role));
  for (const DutyWindow& window : in.windows) put(window, *out.add_windows());
  for (const Duty& duty : in.duties) put(duty, *out.add_duties());
  if (in.backup) out.set_backup(str(*in.backup));
  if (in.daytime) out.set_daytime(str(*in.daytime));
}
static void read(const pb::RoleRota& in, RoleRota& out, Checks& checks) {
  checks.id(in.role(), out.role, "RoleRota.role");
  checks.items(in.windows(), limits::kDutyWindowsMax, out.windows, "RoleRota.windows");
  checks.items(in.duties(), limits::kDutiesPerRoleMax, out.duties, "RoleRota.duties");
  for (const Duty& duty : out.duties) {
    checks.require(duty.windows >> out.windows.size() == 0, "Duty.windows");
  }
  checks.optional_id(in.has_backup(), in.backup(), out.backup, "RoleRota.backup");
  checks.optional_id(in.has_daytime(), in.daytime(), out.daytime, "RoleRota.daytime");
}

static void put(const DutyOverride& in, pb::DutyOverride& out) {
  out.set_kind(static_cast<pb::OverrideKind>(in.kind));
  out.set_role(str(in.role));
  out.set_from_ms(wire_time(in.from));
  out.set_until_ms(wire_time(in.until));
  for (const PersonId& person : in.persons) out.add_persons(str(person));
  out.set_sealed_reason(str(in.sealed_reason));
}
static void read(const pb::DutyOverride& in, DutyOverride& out, Checks& checks) {
  checks.enumeration(in.kind(), out.kind, "DutyOverride.kind");
  checks.id(in.role(), out.role, "DutyOverride.role");
  checks.time(in.from_ms(), out.from, "DutyOverride.from");
  checks.time(in.until_ms(), out.until, "DutyOverride.until");
  checks.require(out.until > out.from, "DutyOverride.until");
  checks.ids(in.persons(), limits::kDutyPersonsMax, out.persons, "DutyOverride.persons");
  checks.require(out.persons.empty() == (out.kind == OverrideKind::kAcceptedGap), "DutyOverride.persons");
  checks.bytes(in.sealed_reason(), limits::kLabelBytesMax, out.sealed_reason, "DutyOverride.sealed_reason");
}

static void put(const Rota& in, pb::Rota& out) {
  out.set_issued_at_ms(wire_time(in.issued_at));
  for (const std::uint16_t date : in.yearly_holidays) out.add_yearly_holidays(date);
  for (const LocalDay day : in.single_holidays) out.add_single_holidays(day_number(day));
  for (const RoleRota& role : in.roles) put(role, *out.add_roles());
  for (const DutyOverride& item : in.overrides) put(item, *out.add_overrides());
  for (const DutyChangeId& id : in.revoked_changes) out.add_revoked_changes(str(id));
}
static void read(const pb::Rota& in, Rota& out, Checks& checks) {
  checks.time(in.issued_at_ms(), out.issued_at, "Rota.issued_at");
  if (checks.count(in.yearly_holidays_size(), limits::kYearlyHolidaysMax, "Rota.yearly_holidays")) {
    for (const std::uint32_t date : in.yearly_holidays()) {
      checks.require(date <= 1231 && is_yearly_date(date), "Rota.yearly_holidays");
      out.yearly_holidays.push_back(static_cast<std::uint16_t>(date));
    }
  }
  if (checks.count(in.single_holidays_size(), limits::kSingleHolidaysMax, "Rota.single_holidays")) {
    for (const std::int32_t day : in.single_holidays()) {
      out.single_holidays.push_back(read_day(day, checks, "Rota.single_holidays"));
    }
  }
  checks.items(in.roles(), limits::kRotaRolesMax, out.roles, "Rota.roles");
  // Two plans for one role would let hub and client each read another one.
  std::set<RoleId> seen;
  for (const RoleRota& role : out.roles) checks.require(seen.insert(role.role).second, "Rota.roles");
  checks.items(in.overrides(), limits::kOverridesMax, out.overrides, "Rota.overrides");
  checks.ids(in.revoked_changes(), limits::kRevokedChangesMax, out.revoked_changes, "Rota.revoked_changes");
}

Bytes encode(const Rota& rota) { return encode_as<pb::Rota>(rota); }
Result<Rota> decode_rota(ByteView bytes) {
  return decode_as<pb::Rota, Rota>(bytes, limits::kDocumentBytesMax, "Rota");
}

}  // namespace nattevagt::wire
