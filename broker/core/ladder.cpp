#include "broker/core/ladder.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proto/common/check.h"
#include "proto/common/limits.h"

namespace nattevagt::broker {
namespace {

using wire::AlertState;
using wire::NoticeKind;

// A roster is foreign bytes: a wait of zero or of a year would make a ladder that spins or one that sleeps.
Millis sane_wait(Millis wait) { return std::clamp(wait, limits::kStepWaitMin, limits::kStepWaitMax); }

UtcTime loud_end_bound(const wire::Ladder& ladder, std::size_t from_step, UtcTime at) {
  for (std::size_t i = from_step; i < ladder.steps.size(); ++i) at += sane_wait(ladder.steps[i].wait);
  return at;
}

// The moment from which a timer's follower counts.
UtcTime counted_from(UtcTime due, UtcTime now) { return now - due <= kTickSlack ? due : now; }

bool has_declined(const AlertProgress& progress, const PersonId& person) {
  return std::binary_search(progress.declined.begin(), progress.declined.end(), person);
}

// When nobody is left in the step who could answer; long past for an empty step.
UtcTime deserted_at(const AlertProgress& progress, const OnCall& on_call) {
  UtcTime at = UtcTime::min();
  for (const DeviceNumber device : progress.step_devices) {
    if (has_declined(progress, on_call.person_of(device))) continue;
    at = std::max(at, on_call.away_at(device));
  }
  return at;
}

// P-045: somebody could not be reached, as opposed to everybody having said no.
bool all_declined(const AlertProgress& progress, const OnCall& on_call) {
  return !progress.step_devices.empty() &&
         std::all_of(progress.step_devices.begin(), progress.step_devices.end(),
                     [&](DeviceNumber device) { return has_declined(progress, on_call.person_of(device)); });
}

void clear_step(AlertProgress& progress) {
  progress.step_devices.clear();
  progress.declined.clear();
  progress.armed_devices.clear();
  progress.repeat_at = kNever;
}

std::vector<DeviceNumber> without(const std::vector<DeviceNumber>& all, const std::vector<DeviceNumber>& some) {
  std::vector<DeviceNumber> out;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(out));
  return out;
}
std::vector<DeviceNumber> both(const std::vector<DeviceNumber>& a, const std::vector<DeviceNumber>& b) {
  std::vector<DeviceNumber> out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

// P-185: beside the step's own, while it lasts.
std::vector<DeviceNumber> armed_now(const LadderScene& scene, const AlertProgress& progress) {
  const auto& steps = scene.ladder.steps;
  const std::size_t next = progress.step + std::size_t{1};
  const auto after = next < steps.size() ? std::span<const wire::Target>(steps[next].targets)
                                         : std::span<const wire::Target>();
  return without(scene.on_call.armed_for(steps[progress.step].targets, after), progress.step_devices);
}

void exhaust(const LadderScene& scene, LadderMove& move, UtcTime at) {
  AlertProgress& progress = move.progress;
  clear_step(progress);
  progress.state = AlertState::kExhausted;
  progress.was_exhausted = true;
  progress.exhausted_at = at;
  progress.repeat += 1;  // a key of its own beside the last step's notices
  // P-046: said once even when the reserve plan is in use already, but then not again.
  progress.due_at = progress.reserve_used ? kNever : at + limits::kExhaustedRepeat;
  move.notices.push_back({NoticeKind::kLoud, progress.step, progress.repeat, scene.asking});
}

// P-042: begins `step`, and each one after it that nobody can answer (P-045), down to the loud end.
void enter_step(const LadderScene& scene, LadderMove& move, std::size_t step, NoticeKind kind, UtcTime at) {
  AlertProgress& progress = move.progress;
  bool first = move.notices.empty() && progress.repeat == 0 && step == 0 && kind == NoticeKind::kFirst;
  for (; step < scene.ladder.steps.size(); ++step) {
    const wire::LadderStep& rung = scene.ladder.steps[step];
    const bool again = !first && step == progress.step;
    first = false;
    clear_step(progress);
    progress.state = AlertState::kEscalating;
    progress.repeat = again ? progress.repeat + 1 : 0;
    progress.step = static_cast<std::uint32_t>(step);
    progress.step_devices = scene.on_call.devices_of(rung.targets);
    progress.due_at = at + sane_wait(rung.wait);
    progress.exhausted_at = loud_end_bound(scene.ladder, step, at);
    if (rung.repeat > Millis(0)) progress.repeat_at = at + std::max(rung.repeat, limits::kStepWaitMin);
    if (scene.on_call.degraded(rung.targets)) progress.technical_alarm = true;
    const bool lasts = deserted_at(progress, scene.on_call) > scene.now;
    if (lasts) progress.armed_devices = armed_now(scene, progress);
    move.notices.push_back(
        {kind, progress.step, progress.repeat, both(progress.step_devices, progress.armed_devices)});
    if (lasts) return;
    progress.technical_alarm = true;
    kind = NoticeKind::kFirst;
    at = scene.now;
  }
  exhaust(scene, move, at);
}

void leave_step(const LadderScene& scene, LadderMove& move, UtcTime at) {
  enter_step(scene, move, move.progress.step + std::size_t{1}, NoticeKind::kFirst, at);
}

void advance_escalating(const LadderScene& scene, LadderMove& move) {
  AlertProgress& progress = move.progress;
  if (deserted_at(progress, scene.on_call) <= scene.now) {
    if (!all_declined(progress, scene.on_call)) progress.technical_alarm = true;
    return leave_step(scene, move, scene.now);
  }
  if (progress.due_at <= scene.now) return leave_step(scene, move, counted_from(progress.due_at, scene.now));
  NV_CHECK(progress.repeat_at <= scene.now);
  const Millis repeat = std::max(scene.ladder.steps[progress.step].repeat, limits::kStepWaitMin);
  progress.repeat_at = counted_from(progress.repeat_at, scene.now) + repeat;
  progress.repeat += 1;
  move.notices.push_back({NoticeKind::kRepeat, progress.step, progress.repeat,
                          both(progress.step_devices, progress.armed_devices)});
}

// P-047.
void resume(const LadderScene& scene, LadderMove& move) {
  AlertProgress& progress = move.progress;
  const UtcTime at = counted_from(progress.due_at, scene.now);
  progress.taken_by.reset();
  progress.taken_at.reset();
  progress.handing_to.reset();
  progress.late = false;
  if (scene.ladder.steps.empty()) return exhaust(scene, move, at);
  const std::size_t next = std::min(progress.step + std::size_t{1}, scene.ladder.steps.size() - 1);
  enter_step(scene, move, next, NoticeKind::kResumed, at);
}

void say_loudly_again(const LadderScene& scene, LadderMove& move) {
  AlertProgress& progress = move.progress;
  progress.repeat += 1;
  progress.due_at = counted_from(progress.due_at, scene.now) + limits::kExhaustedRepeat;
  move.notices.push_back({NoticeKind::kLoud, progress.step, progress.repeat, scene.asking});
}

LadderMove ended(const AlertProgress& from, AlertState state, UtcTime now) {
  LadderMove move{from, {}};
  clear_step(move.progress);
  move.progress.state = state;
  move.progress.due_at = kNever;
  move.progress.ended_at = now;
  move.progress.handing_to.reset();
  if (!move.progress.was_exhausted) move.progress.exhausted_at = kNever;
  return move;
}

}  // namespace

bool has_timer(const AlertProgress& progress) {
  switch (progress.state) {
    case AlertState::kEscalating:
    case AlertState::kTaken: return true;
    case AlertState::kExhausted: return !progress.reserve_used;
    case AlertState::kAdvised:
    case AlertState::kWithdrawn:
    case AlertState::kClosed: return false;
  }
  return false;
}

LadderMove begin_ladder(const LadderScene& scene) {
  LadderMove move;
  enter_step(scene, move, 0, NoticeKind::kFirst, scene.now);
  return move;
}

UtcTime next_move_at(const AlertProgress& progress, const OnCall& on_call) {
  if (progress.state != AlertState::kEscalating) return progress.due_at;
  return std::min({progress.due_at, progress.repeat_at, deserted_at(progress, on_call)});
}

LadderMove advance(const LadderScene& scene, const AlertProgress& from) {
  LadderMove move{from, {}};
  // Each round starts a step, a repeat or a loud repeat in the future, or climbs: it ends at the loud end.
  while (next_move_at(move.progress, scene.on_call) <= scene.now) {
    switch (move.progress.state) {
      case AlertState::kEscalating: advance_escalating(scene, move); break;
      case AlertState::kTaken: resume(scene, move); break;
      case AlertState::kExhausted: say_loudly_again(scene, move); break;
      case AlertState::kAdvised:
      case AlertState::kWithdrawn:
      case AlertState::kClosed: NV_CHECK(false); break;
    }
  }
  return move;
}

LadderMove join(const LadderScene& scene, const AlertProgress& from) {
  LadderMove move{from, {}};
  if (from.state != AlertState::kEscalating) return move;
  const auto& targets = scene.ladder.steps[from.step].targets;
  std::vector<DeviceNumber> come = without(scene.on_call.devices_of(targets), from.step_devices);
  AlertProgress& progress = move.progress;
  progress.step_devices = both(progress.step_devices, come);
  // P-185: a role of the step has become degraded; who is armed stays so.
  const std::vector<DeviceNumber> armed = without(armed_now(scene, progress), from.armed_devices);
  progress.armed_devices = without(both(progress.armed_devices, armed), progress.step_devices);
  come = both(come, armed);
  if (come.empty()) return LadderMove{from, {}};
  if (!armed.empty()) progress.technical_alarm = true;
  progress.repeat += 1;  // rule 4
  move.notices.push_back({NoticeKind::kFirst, from.step, progress.repeat, std::move(come)});
  return move;
}

// P-043, P-046: taken in time or late; the advice's timer takes the ladder's place. P-116: or said yes to.
Result<LadderMove> take(const LadderScene& scene, const AlertProgress& from, DeviceNumber by) {
  const bool asked = from.handing_to && *from.handing_to == scene.on_call.person_of(by);
  if (from.state != AlertState::kEscalating && from.state != AlertState::kExhausted && !asked) {
    return fail(Errc::kWrongState, "P-043");
  }
  LadderMove move{from, {}};
  move.progress.handing_to.reset();
  clear_step(move.progress);
  move.progress.state = AlertState::kTaken;
  move.progress.taken_by = by;
  move.progress.taken_at = scene.now;
  move.progress.late = from.was_exhausted || from.reserve_used;
  move.progress.due_at = scene.now + sane_wait(scene.ladder.advice_within);
  if (!from.was_exhausted) move.progress.exhausted_at = kNever;
  return move;
}

// P-116. The advice's time goes on: who is asked has no more of it than the first one had.
Result<LadderMove> hand_over(const LadderScene& scene, const AlertProgress& from, const PersonId& to,
                             std::vector<DeviceNumber> theirs) {
  if (from.state != AlertState::kTaken) return fail(Errc::kWrongState, "P-116");
  if (scene.on_call.person_of(*from.taken_by) == to) return fail(Errc::kInvalidValue, "P-116");
  LadderMove move{from, {}};
  move.progress.handing_to = to;
  move.progress.due_at = std::min(from.due_at, scene.now + limits::kHandOverWithin);
  move.progress.repeat += 1;  // rule 4
  move.notices.push_back({NoticeKind::kFirst, from.step, move.progress.repeat, std::move(theirs)});
  return move;
}

// P-044: by person, on whichever of the person's devices.
Result<LadderMove> decline(const LadderScene& scene, const AlertProgress& from, DeviceNumber by) {
  if (from.handing_to && *from.handing_to == scene.on_call.person_of(by)) {
    // P-116: no. It is the first one's as it was, and so is the time for the advice.
    LadderMove move{from, {}};
    move.progress.handing_to.reset();
    move.progress.due_at = *from.taken_at + sane_wait(scene.ladder.advice_within);
    return move;
  }
  if (from.state != AlertState::kEscalating) return fail(Errc::kWrongState, "P-044");
  LadderMove move{from, {}};
  const PersonId person = scene.on_call.person_of(by);
  const bool in_step =
      std::any_of(from.step_devices.begin(), from.step_devices.end(),
                  [&](DeviceNumber device) { return scene.on_call.person_of(device) == person; });
  auto& declined = move.progress.declined;
  const auto place = std::lower_bound(declined.begin(), declined.end(), person);
  if (in_step && (place == declined.end() || *place != person)) declined.insert(place, person);
  if (next_move_at(move.progress, scene.on_call) > scene.now) return move;
  return advance(scene, move.progress);
}

// P-048.
Result<LadderMove> advise(const AlertProgress& from) {
  if (from.state != AlertState::kTaken) return fail(Errc::kWrongState, "P-048");
  LadderMove move{from, {}};
  move.progress.state = AlertState::kAdvised;
  move.progress.handing_to.reset();
  move.progress.due_at = kNever;
  return move;
}

// Says that the plan is in use; stops the loud repeat (P-046), never the ladder (P-043).
Result<LadderMove> use_reserve(const AlertProgress& from) {
  if (from.state == AlertState::kWithdrawn || from.state == AlertState::kClosed) {
    return fail(Errc::kWrongState, "P-048");
  }
  LadderMove move{from, {}};
  move.progress.reserve_used = true;
  if (from.state == AlertState::kExhausted) move.progress.due_at = kNever;
  return move;
}

Result<LadderMove> withdraw(const LadderScene& scene, const AlertProgress& from) {
  if (from.state != AlertState::kEscalating && from.state != AlertState::kTaken &&
      from.state != AlertState::kExhausted) {
    return fail(Errc::kWrongState, "P-048");
  }
  return ended(from, AlertState::kWithdrawn, scene.now);
}

Result<LadderMove> close(const LadderScene& scene, const AlertProgress& from) {
  const bool may = from.state == AlertState::kAdvised || from.state == AlertState::kWithdrawn ||
                   (from.reserve_used && from.state != AlertState::kClosed);
  if (!may) return fail(Errc::kWrongState, "P-048");
  return ended(from, AlertState::kClosed, scene.now);
}

}  // namespace nattevagt::broker
