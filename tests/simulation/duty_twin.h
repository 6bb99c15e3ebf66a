// Who on duty can be reached, once more, from the text of PROTOCOL P-180..P-184 alone: for the one role that a
// rota fills in a duty night (base.h), which Lis hands to Ida in the middle of it. Naive on purpose. A value: the
// oracles keep it, and its older copies for what a crash takes back.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "broker/core/record.h"
#include "tests/simulation/plan.h"

namespace nattevagt::simulation {

struct DutyRules {
  RoleId role;
  std::array<PersonId, kDevices> persons{};  // by device; each has one
  int before = 0, after = 0;                 // the device on duty before the change, and from it on
  UtcTime change = kNever;
  Millis check_in_within{}, silent_after{};
  int on_duty(UtcTime at) const { return at < change ? before : after; }
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
  bool degraded() const { return trouble_ != wire::DutyTrouble::kNone; }

  // After a crash: what was heard is not on a disk.
  void keep_ears_of(const DutyTwin& other);

 private:
  struct Asked {
    UtcTime due;
    MessageId notice;
    UtcTime checked_in_at = kNever;
  };
  std::optional<int> device_of(const DutyRules& rules, const PersonId& person) const;
  bool comes(const DutyRules& rules, int device, UtcTime at) const;  // on duty, or within a quarter

  std::map<int, Asked> asked_;  // by device
  wire::DutyTrouble trouble_ = wire::DutyTrouble::kNone;
  UtcTime since_ = kNever;
  // In memory alone
  UtcTime started_{};
  std::array<UtcTime, kDevices> heard_at_{}, heard_since_{};
};

}  // namespace nattevagt::simulation
