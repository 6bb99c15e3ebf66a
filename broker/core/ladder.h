// The ladder engine (PROTOCOL.md P-040..P-051): pure functions from one AlertProgress to the next.
//
// Rules that hold whatever comes:
//  1. Only take(), withdraw() and close() end kEscalating; time and declines move it up, never out.
//  2. A step that nobody can answer costs no time: empty, unreachable, or declined by all who are reachable.
//  3. An open progress has exactly one due_at (P-051); kExhausted after the reserve plan was used has none.
//  4. (step, repeat) of the notices grows strictly, but where a later step starts over at repeat 0; so no
//     notice's key (alert, step, repeat) comes twice.
//  5. Armed devices (P-185) are rung beside a step's own; no timer and no end of the step looks at them.
//
// A step's end is counted from when the step should have begun, so the ticks' small delays do not add up to
// more than the promise (P-063). A step that comes later than kTickSlack (the hub was down) counts from now:
// people get their whole time.
#pragma once

#include <span>
#include <vector>

#include "broker/core/record.h"

namespace nattevagt::broker {

inline constexpr Millis kTickSlack = Millis(100);

// Who is behind a target and who can be reached: the directory and the sessions, seen by the ladder.
class OnCall {
 public:
  virtual ~OnCall() = default;
  // Every device of every target, ascending, each once.
  virtual std::vector<DeviceNumber> devices_of(std::span<const wire::Target> targets) const = 0;
  // P-108: a role that a rota fills has a gap here, or nobody on duty in it can be reached.
  virtual bool degraded(std::span<const wire::Target>) const { return false; }
  // P-185: whom a step with these targets arms beside them, because a role among them is degraded: its backup,
  // and the targets of the step after. Ascending; none when no role of it is.
  virtual std::vector<DeviceNumber> armed_for(std::span<const wire::Target>,
                                              std::span<const wire::Target>) const {
    return {};
  }
  // When the device counts as away (P-045): kNever while it is connected; may lie in the past.
  virtual UtcTime away_at(DeviceNumber device) const = 0;
  virtual PersonId person_of(DeviceNumber device) const = 0;
};

struct Notice {
  wire::NoticeKind kind{};
  std::uint32_t step = 0;
  std::uint32_t repeat = 0;
  std::vector<DeviceNumber> devices;
};
struct LadderMove {
  AlertProgress progress;
  std::vector<Notice> notices;  // in order; the last one rings last
};

// What the engine needs of an alert. `asking` are the asking unit's devices, for the loud end.
struct LadderScene {
  const wire::Ladder& ladder;
  const std::vector<DeviceNumber>& asking;
  const OnCall& on_call;
  UtcTime now;
};

bool has_timer(const AlertProgress& progress);  // open in the sense of P-051

// P-042: step 0 begins, with all that follows at once.
LadderMove begin_ladder(const LadderScene& scene);
// When advance() has something to do: the timer, a repeat, or the moment the last reachable device is away.
UtcTime next_move_at(const AlertProgress& progress, const OnCall& on_call);
// All that is due at scene.now. Nothing due: no notices and an equal progress.
LadderMove advance(const LadderScene& scene, const AlertProgress& from);
// P-106, P-185: who is behind the step's targets by now, or armed, and was not when it began is rung at once.
// Nobody is taken off, no timer moves. Nobody new: no notices and an equal progress.
LadderMove join(const LadderScene& scene, const AlertProgress& from);

// Acts. The caller has checked who may (hub_alerts.cpp); the engine checks the state: kWrongState.
Result<LadderMove> take(const LadderScene& scene, const AlertProgress& from, DeviceNumber by);
Result<LadderMove> decline(const LadderScene& scene, const AlertProgress& from, DeviceNumber by);
// P-116: asks `to`, whose devices are `theirs`, to have it; by the one who has. kInvalidValue: it is their own.
Result<LadderMove> hand_over(const LadderScene& scene, const AlertProgress& from, const PersonId& to,
                             std::vector<DeviceNumber> theirs);
Result<LadderMove> advise(const AlertProgress& from);
Result<LadderMove> use_reserve(const AlertProgress& from);
Result<LadderMove> withdraw(const LadderScene& scene, const AlertProgress& from);
Result<LadderMove> close(const LadderScene& scene, const AlertProgress& from);

}  // namespace nattevagt::broker
