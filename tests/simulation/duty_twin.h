// Who is on duty and can be reached, once more, from the text of PROTOCOL P-111..P-114 and P-180..P-184 alone: for
// the one role that a rota fills in a duty night (base.h), which Lis hands to Ida in the middle of it, unless they
// have it otherwise. Naive on purpose. A value: the oracles keep it, and its older copies for what a crash takes
// back.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/core/record.h"
#include "tests/simulation/plan.h"

namespace nattevagt::simulation {

struct DutyRules {
  RoleId role;
  std::array<PersonId, kDevices> persons{};  // by device; each has one
  int before = 0, after = 0;                 // the device on duty before the change, and from it on
  UtcTime change = kNever;
  Millis check_in_within{}, silent_after{};
  std::vector<wire::OrganisationCard> cards;
  int planned(UtcTime at) const { return at < change ? before : after; }
  std::optional<int> device_of(const PersonId& person) const;  // of who may hold the role
};

class DutyTwin {
 public:
  void is_in(int device);  // asked, and checked in, before the night

  // What the hub hears, in its own time.
  void hub_starts(UtcTime at);
  void heard(int device, UtcTime at);

  // A record, as the hub wrote it. What is wrong with it; empty: nothing.
  std::string record(const DutyRules& rules, const broker::Fact& fact, UtcTime at,
                     const std::array<bool, kDevices>& revoked);
  // What the state should be by now.
  wire::DutyTrouble expected(const DutyRules& rules, UtcTime at, const std::array<bool, kDevices>& revoked) const;
  wire::DutyTrouble trouble() const { return trouble_; }
  // By the rota, and by what they have signed since (P-114).
  int on_duty(const DutyRules& rules, UtcTime at, const std::array<bool, kDevices>& revoked) const;
  bool degraded() const { return trouble_ != wire::DutyTrouble::kNone; }

  // After a crash: what was heard is not on a disk.
  void keep_ears_of(const DutyTwin& other);

 private:
  struct Asked {
    UtcTime due;
    MessageId notice;
    UtcTime checked_in_at = kNever;
  };
  using Devices = std::array<bool, kDevices>;
  struct Change {
    std::size_t place = 0;  // in the hub's document, which is the order in which they hold
    bool take_over = false, complete = false;
    int gives = -1, takes = -1;
    UtcTime from, until;
    std::vector<int> signers;
  };
  // When she is on duty, at the soonest: now, or within a quarter (P-180).
  std::optional<UtcTime> comes(const DutyRules& rules, int device, UtcTime at, const Devices& revoked) const;
  std::vector<UtcTime> turns(const DutyRules& rules, UtcTime from, UtcTime until) const;
  std::string changed(const DutyRules& rules, const wire::SignedDocument& document, UtcTime at,
                      const Devices& revoked);
  std::string may_change(const DutyRules& rules, const Change& change, UtcTime at, const Devices& revoked) const;

  std::map<DutyChangeId, Change> changes_;
  std::map<int, Asked> asked_;  // by device
  wire::DutyTrouble trouble_ = wire::DutyTrouble::kNone;
  UtcTime since_ = kNever;
  // In memory alone
  UtcTime started_{};
  std::array<UtcTime, kDevices> heard_at_{}, heard_since_{};
};

}  // namespace nattevagt::simulation
