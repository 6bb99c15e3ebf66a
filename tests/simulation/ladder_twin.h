// The ladder once more, from the text of PROTOCOL P-041..P-048 and P-108 alone: what the hub may write down about
// an alert, and by when it must. Naive on purpose, and without a line of broker/core's own rules. A value; the
// oracles keep one for each alert and hold every record against it.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/core/record.h"
#include "tests/simulation/plan.h"

namespace nattevagt::simulation {

struct LadderRules {
  struct Step {
    Millis wait{}, repeat{};
    std::set<int> targets;  // devices
  };
  std::vector<Step> steps;
  Millis advice_within{};
  std::set<int> asking;  // the unit's devices
  std::optional<std::size_t> rota_step;  // of a duty night: the step that names the role that the rota fills
  std::set<int> on_duty;  // in that role, and among the step's targets; nobody: no rota fills it tonight
};

// P-185: whom a step of these rules arms, were its role degraded.
const std::set<int>& armed_by(const LadderRules& rules, std::size_t step);

// What the hub knew when it decided: until when each device counts as there (P-045). kNever: it is connected;
// long past: it is revoked.
struct HubSight {
  UtcTime now;
  std::array<UtcTime, kDevices> away_at{};
  std::optional<std::size_t> degraded_step;  // that names the role which is degraded
  bool reaches(int device) const { return away_at[static_cast<std::size_t>(device)] > now; }
  bool revoked(int device) const { return away_at[static_cast<std::size_t>(device)] == UtcTime::min(); }
};

class LadderTwin {
 public:
  // A record's change, as the hub wrote it. What is wrong with it; empty: nothing.
  std::string raised(const LadderRules& rules, const broker::AlertChange& change, const HubSight& sight);
  std::string stepped(const LadderRules& rules, const broker::AlertChange& change, const HubSight& sight);
  std::string acted(const LadderRules& rules, wire::ActKind kind, int by, const broker::AlertChange* change,
                    const HubSight& sight);
  // When something must happen next; kNever when nothing must.
  UtcTime next_at(const LadderRules& rules, const HubSight& sight) const;
  // P-106, P-185: who is to be rung beside those that were.
  std::set<int> joining(const LadderRules& rules, const HubSight& sight) const;

  wire::AlertState state() const { return state_; }
  bool was_taken() const { return taken_by_.has_value(); }

 private:
  struct Entered {
    std::size_t step;
    wire::NoticeKind kind;
    std::set<int> rung;
  };
  struct Walk {  // what one record must tell
    std::vector<Entered> entered;
    bool loud = false, loud_again = false, repeat = false, alarm = false;
    UtcTime from_least, from_most;  // the new timer counts from between these
    bool timer = false;
  };
  bool nobody_left(const HubSight& sight) const;
  bool all_declined() const;
  Walk let_time_pass(const LadderRules& rules, const HubSight& sight);
  void enter(const LadderRules& rules, const HubSight& sight, std::size_t step, wire::NoticeKind kind,
             UtcTime least, UtcTime most, Walk& walk);
  std::string compare(const LadderRules& rules, const HubSight& sight, const Walk& walk,
                      const broker::AlertChange& change);
  std::string compare_posts(const LadderRules& rules, const HubSight& sight, const Walk& walk,
                            const broker::AlertChange& change);
  Millis timer_length(const LadderRules& rules) const;

  wire::AlertState state_ = wire::AlertState::kEscalating;
  std::size_t step_ = 0;
  UtcTime due_ = kNever, repeat_at_ = kNever;  // as the hub set them, once they were found right
  std::set<int> in_step_, declined_;  // rung as the step's own; said no since
  std::set<int> armed_;               // rung beside them
  std::set<int> ever_rung_;
  std::optional<int> taken_by_;
  bool exhausted_ = false, reserve_ = false, late_ = false, alarm_ = false;
  std::set<std::pair<std::uint32_t, std::uint32_t>> rung_;  // (step, repeat) of notices
};

}  // namespace nattevagt::simulation
