#include "tests/simulation/ladder_twin.h"

#include <algorithm>

#include "proto/wire/codec.h"

namespace nattevagt::simulation {
namespace {

using wire::AlertState;
using wire::NoticeKind;

// A hub that is a little late may count from when it should have acted; one that was down may not: people
// have their whole time.
constexpr Millis kCountedBack = Millis(150);
constexpr Millis kLoudAgain = std::chrono::seconds(60);  // P-046

std::string_view name_of(AlertState state) {
  switch (state) {
    case AlertState::kEscalating: return "escalating";
    case AlertState::kTaken: return "taken";
    case AlertState::kAdvised: return "advised";
    case AlertState::kExhausted: return "exhausted";
    case AlertState::kWithdrawn: return "withdrawn";
    case AlertState::kClosed: return "closed";
  }
  return "?";
}

std::string place(AlertState state, std::size_t step) {
  return std::string(name_of(state)) + " at step " + std::to_string(step);
}

}  // namespace

const std::set<int>& armed_by(const LadderRules& rules, std::size_t step) {
  static const std::set<int> nobody;
  return step + 1 < rules.steps.size() ? rules.steps[step + 1].targets : nobody;
}

// Then nobody was out of reach, and it is no technical matter.
bool LadderTwin::all_declined() const {
  return !in_step_.empty() && std::includes(declined_.begin(), declined_.end(), in_step_.begin(), in_step_.end());
}

// P-044, P-045: who has not said no cannot be reached.
bool LadderTwin::nobody_left(const HubSight& sight) const {
  return std::none_of(in_step_.begin(), in_step_.end(),
                      [&](int device) { return !declined_.contains(device) && sight.reaches(device); });
}

// P-042, P-045, P-046: the step, and each one after it where nobody can be reached, down to the loud end.
void LadderTwin::enter(const LadderRules& rules, const HubSight& sight, std::size_t step, NoticeKind kind,
                       UtcTime least, UtcTime most, Walk& walk) {
  for (; step < rules.steps.size(); ++step) {
    state_ = AlertState::kEscalating;
    step_ = step;
    declined_.clear();
    in_step_ = rules.steps[step].targets;
    std::erase_if(in_step_, [&](int device) { return sight.revoked(device); });
    walk.entered.push_back({step, kind, in_step_});
    walk.timer = true;
    walk.from_least = least;
    walk.from_most = most;
    armed_.clear();
    // P-108: nobody on duty in the role can be reached, though somebody else of the step may be.
    const bool by_rota = rules.rota_step == step && !rules.on_duty.empty();
    const bool deserted = by_rota && std::none_of(rules.on_duty.begin(), rules.on_duty.end(),
                                                  [&](int device) { return sight.reaches(device); });
    if (deserted || sight.degraded_step == step) walk.alarm = true;
    if (!nobody_left(sight)) {
      armed_ = joining(rules, sight);
      walk.entered.back().rung.insert(armed_.begin(), armed_.end());
      return;
    }
    walk.alarm = true;
    kind = NoticeKind::kFirst;
    least = most = sight.now;
  }
  state_ = AlertState::kExhausted;
  exhausted_ = walk.loud = true;
  declined_.clear();
  if (reserve_) due_ = kNever;
  walk.timer = !reserve_;
  walk.from_least = least;
  walk.from_most = most;
}

std::set<int> LadderTwin::joining(const LadderRules& rules, const HubSight& sight) const {
  std::set<int> out;
  if (state_ != AlertState::kEscalating) return out;
  const auto add = [&](const std::set<int>& targets) {
    for (const int device : targets) {
      const bool rung = in_step_.contains(device) || armed_.contains(device);
      if (!rung && !sight.revoked(device)) out.insert(device);
    }
  };
  add(rules.steps[step_].targets);
  if (sight.degraded_step == step_) add(armed_by(rules, step_));
  return out;
}

LadderTwin::Walk LadderTwin::let_time_pass(const LadderRules& rules, const HubSight& sight) {
  Walk walk;
  const UtcTime least = std::max(due_, sight.now - kCountedBack);
  switch (state_) {
    case AlertState::kEscalating:
      if (nobody_left(sight)) {
        walk.alarm = !all_declined();
        enter(rules, sight, step_ + 1, NoticeKind::kFirst, sight.now, sight.now, walk);
      } else if (due_ <= sight.now) {
        enter(rules, sight, step_ + 1, NoticeKind::kFirst, least, sight.now, walk);
      } else if (repeat_at_ <= sight.now) {
        walk.repeat = true;
      } else if (const std::set<int> come = joining(rules, sight); !come.empty()) {
        // Nobody is taken off, and no timer moves.
        walk.entered.push_back({step_, NoticeKind::kFirst, come});
        for (const int device : come) {
          const bool own = rules.steps[step_].targets.contains(device);
          (own ? in_step_ : armed_).insert(device);
          if (!own) walk.alarm = true;
        }
      }
      break;
    case AlertState::kTaken:
      if (due_ > sight.now) break;
      taken_by_.reset();
      late_ = false;
      enter(rules, sight, std::min(step_ + 1, rules.steps.size() - 1), NoticeKind::kResumed, least, sight.now,
            walk);
      break;
    case AlertState::kExhausted:
      if (due_ > sight.now) break;
      walk.loud_again = walk.timer = true;
      walk.from_least = least;
      walk.from_most = sight.now;
      break;
    case AlertState::kAdvised:
    case AlertState::kWithdrawn:
    case AlertState::kClosed: break;
  }
  return walk;
}

Millis LadderTwin::timer_length(const LadderRules& rules) const {
  if (state_ == AlertState::kEscalating) return rules.steps[step_].wait;
  return state_ == AlertState::kTaken ? rules.advice_within : kLoudAgain;
}

std::string LadderTwin::compare(const LadderRules& rules, const HubSight& sight, const Walk& walk,
                                const broker::AlertChange& change) {
  const broker::AlertProgress& is = change.progress;
  if (is.state != state_ || is.step != step_) {
    return "it is " + place(is.state, is.step) + ", by the rules " + place(state_, step_);
  }
  alarm_ = alarm_ || walk.alarm;
  if (is.technical_alarm != alarm_) return "the technical alarm is wrong";
  if (is.reserve_used != reserve_) return "the reserve plan's mark is wrong";
  if (is.late != late_) return "late, or not, is wrong";
  const auto taken_by = is.taken_by ? std::optional(static_cast<int>(*is.taken_by)) : std::nullopt;
  if (taken_by != taken_by_) return "taken by another";
  if (walk.timer) {
    const Millis length = timer_length(rules);
    if (is.due_at < walk.from_least + length) return "the next step would begin too early";
    if (is.due_at > walk.from_most + length) return "the next step would begin too late";
  } else if (is.due_at != due_) {
    return "a timer was moved that nothing has moved";
  }
  due_ = is.due_at;
  const bool rings_again = state_ == AlertState::kEscalating && rules.steps[step_].repeat > Millis(0);
  if (rings_again && (walk.timer || walk.repeat)) {
    const Millis length = rules.steps[step_].repeat;
    if (is.repeat_at > sight.now + length || is.repeat_at + kCountedBack < sight.now + length) {
      return "the repeat is set wrong";
    }
  }
  repeat_at_ = is.repeat_at;
  return compare_posts(rules, sight, walk, change);
}

// P-042, P-045, P-046: who must be rung is rung, nobody else is, and no notice's key comes twice.
std::string LadderTwin::compare_posts(const LadderRules& rules, const HubSight& sight, const Walk& walk,
                                      const broker::AlertChange& change) {
  const auto reaches = [&](const std::set<int>& devices) {
    return std::any_of(devices.begin(), devices.end(), [&](int device) { return !sight.revoked(device); });
  };
  // A step whose telephones are all revoked has nobody to ring, and no notice.
  std::vector<Entered> due = walk.entered;
  std::erase_if(due, [&](const Entered& entered) { return !reaches(entered.rung); });
  bool loud = walk.loud;
  for (const broker::Post& post : change.posts) {
    const auto item = wire::decode_alert_item(post.item);
    if (!item) return "an alert item that cannot be read";
    if (item->notice == NoticeKind::kNone) continue;
    if (!rung_.emplace(item->view.step, item->repeat).second) return "a notice's key comes twice";
    std::set<int> to;
    for (const auto device : post.devices) to.insert(static_cast<int>(device));
    const bool at_unit = item->notice == NoticeKind::kLoud;
    if (!at_unit && item->view.step >= rules.steps.size()) return "a step that is not there";
    std::set<int> wanted = rules.asking;
    if (!at_unit) {
      wanted = in_step_;
      wanted.insert(armed_.begin(), armed_.end());
      if (!due.empty() && due.front().step == item->view.step) wanted = due.front().rung;
      ever_rung_.insert(to.begin(), to.end());
    }
    std::erase_if(wanted, [&](int device) { return sight.revoked(device); });
    if (!std::includes(wanted.begin(), wanted.end(), to.begin(), to.end())) return "somebody else is rung";
    if (item->notice == NoticeKind::kRepeat && walk.repeat) continue;  // not where the last has not arrived
    if (at_unit && walk.loud_again) continue;
    if (to != wanted) return "somebody is not rung";
    if (at_unit && loud) {
      loud = false;
      continue;
    }
    const bool is_next = !due.empty() && due.front().step == item->view.step && due.front().kind == item->notice;
    if (!is_next) return "a notice that nothing calls for";
    due.erase(due.begin());
  }
  if (!due.empty()) return "a step begins and nobody is rung";
  if (loud && reaches(rules.asking)) return "the loud end is not said";
  return {};
}

std::string LadderTwin::raised(const LadderRules& rules, const broker::AlertChange& change,
                               const HubSight& sight) {
  Walk walk;
  enter(rules, sight, 0, NoticeKind::kFirst, sight.now, sight.now, walk);
  return compare(rules, sight, walk, change);
}

std::string LadderTwin::stepped(const LadderRules& rules, const broker::AlertChange& change,
                                const HubSight& sight) {
  return compare(rules, sight, let_time_pass(rules, sight), change);
}

std::string LadderTwin::acted(const LadderRules& rules, wire::ActKind kind, int by,
                              const broker::AlertChange* change, const HubSight& sight) {
  using enum AlertState;
  Walk walk;
  const bool open = state_ == kEscalating || state_ == kExhausted;
  const bool asks = rules.asking.contains(by);
  bool may = true;
  const auto settle = [&](AlertState state) {
    state_ = state;
    declined_.clear();
    due_ = repeat_at_ = kNever;
  };
  switch (kind) {
    case wire::ActKind::kTake:
      may = std::any_of(rules.steps.begin(), rules.steps.end(),
                        [&](const auto& step) { return step.targets.contains(by); }) ||
            ever_rung_.contains(by);
      if (!open) {
        may = may && taken_by_ == by && (state_ == kTaken || state_ == kAdvised);
        break;
      }
      settle(kTaken);
      taken_by_ = by;
      late_ = exhausted_ || reserve_;
      walk.timer = true;
      walk.from_least = walk.from_most = sight.now;
      break;
    case wire::ActKind::kDecline:
      may = state_ == kEscalating;
      if (may && in_step_.contains(by)) declined_.insert(by);
      if (may && nobody_left(sight)) walk = let_time_pass(rules, sight);
      break;
    case wire::ActKind::kAdvise:
      may = taken_by_ == by && (state_ == kTaken || state_ == kAdvised);
      if (state_ == kTaken) settle(kAdvised);
      break;
    case wire::ActKind::kHandOver:  // P-116 moves no timer of the ladder's while somebody has it
      may = taken_by_ == by && state_ == kTaken;
      break;
    case wire::ActKind::kReserveUsed:
      may = asks && state_ != kWithdrawn && state_ != kClosed;
      reserve_ = true;
      if (state_ == kExhausted) due_ = kNever;
      break;
    case wire::ActKind::kWithdraw:
      may = asks && (open || state_ == kTaken);
      settle(kWithdrawn);
      break;
    case wire::ActKind::kClose:
      may = (asks || taken_by_ == by) &&
            (state_ == kAdvised || state_ == kWithdrawn || (reserve_ && state_ != kClosed));
      settle(kClosed);
      break;
  }
  if (!may) return "an act was stored that its author may not do now";
  if (change == nullptr) {
    if (walk.timer || !walk.entered.empty() || walk.loud) return "an act changed nothing, and should have";
    return {};
  }
  return compare(rules, sight, walk, *change);
}

UtcTime LadderTwin::next_at(const LadderRules&, const HubSight& sight) const {
  if (state_ != AlertState::kEscalating) return due_;
  UtcTime left = UtcTime::min();
  for (const int device : in_step_) {
    if (!declined_.contains(device)) left = std::max(left, sight.away_at[static_cast<std::size_t>(device)]);
  }
  return std::min({due_, repeat_at_, left});
}

}  // namespace nattevagt::simulation
