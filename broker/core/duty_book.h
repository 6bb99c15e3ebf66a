// Who was asked to check in, who has, and which roles are degraded (PROTOCOL.md section 18). The durable part
// of the watch on duty: it changes in apply() alone. What to ask and whom to doubt is decided in
// hub_watch.cpp, from this, the rota, and the devices' signs of life.
//
// Invariants (check_invariants()): a role is listed while somebody is asked or it is degraded; one shift a
// person; `since` is set exactly while there is trouble; counts are right.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "broker/core/archive.h"
#include "broker/core/record.h"

namespace nattevagt::broker {

struct Shift {
  PersonId person;
  UtcTime from;    // came, or comes, on duty
  UtcTime due_at;  // not checked in after it: doubted (P-183)
  MessageId notice;
  std::optional<Bytes> check_in;  // encoded wire::SignedCheckIn
  UtcTime checked_in_at = kNever;
  JournalIndex record = 0;  // of the check-in, for a repeated one
};

struct WatchedRole {
  std::vector<Shift> shifts;  // ascending by person
  wire::DutyTrouble trouble = wire::DutyTrouble::kNone;
  UtcTime since = kNever;

  bool degraded() const noexcept { return trouble != wire::DutyTrouble::kNone; }
  const Shift* shift(const PersonId& person) const;
};

class DutyBook {
 public:
  const WatchedRole* find(const RoleId& role) const;
  bool degraded(const RoleId& role) const;
  const std::map<RoleId, WatchedRole>& roles() const { return roles_; }
  std::size_t degraded_count() const { return degraded_; }

  // kCorrupt: a fact that does not fit (a damaged journal).
  Status apply(const CheckInAsked& fact);
  Status apply(const CheckedIn& fact, JournalIndex index, UtcTime at);
  Status apply(const ShiftEnded& fact);
  Status apply(const DutyDoubted& fact);

  void save(Writer& writer) const;
  Status load(Reader& reader);
  void check_invariants() const;

 private:
  void drop_if_empty(const RoleId& role);

  std::map<RoleId, WatchedRole> roles_;
  std::size_t degraded_ = 0;
};

// As the wire says it (P-186).
wire::DutyStatus status_of(const RoleId& role, const WatchedRole& watched);

}  // namespace nattevagt::broker
