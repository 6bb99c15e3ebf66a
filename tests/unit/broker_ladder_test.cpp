// The ladder engine alone: no hub, a fake rota. PROTOCOL.md section 5.
#include "broker/core/ladder.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "proto/common/limits.h"

namespace nattevagt::broker {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using wire::AlertState;
using wire::NoticeKind;

// Target n is device n, of person n, unless somebody says otherwise.
class FakeOnCall final : public OnCall {
 public:
  std::vector<DeviceNumber> devices_of(std::span<const wire::Target> targets) const override {
    std::set<DeviceNumber> out;
    for (const wire::Target& target : targets) {
      const DeviceNumber number = target.id.bytes[0];
      if (!nobody.contains(number)) out.insert(number);
      if (second_device.contains(number)) out.insert(second_device.at(number));
    }
    return {out.begin(), out.end()};
  }
  UtcTime away_at(DeviceNumber device) const override {
    const auto it = away.find(device);
    return it == away.end() ? kNever : it->second;
  }
  PersonId person_of(DeviceNumber device) const override {
    PersonId person;
    person.bytes[0] = static_cast<std::uint8_t>(device >= 100 ? device - 100 : device);
    return person;
  }

  std::set<DeviceNumber> nobody;
  std::map<DeviceNumber, DeviceNumber> second_device;
  std::map<DeviceNumber, UtcTime> away;
};

wire::Target target(DeviceNumber number) {
  wire::Target out{wire::TargetKind::kPerson, {}};
  out.id.bytes[0] = static_cast<std::uint8_t>(number);
  return out;
}

struct Ladders : ::testing::Test {
  // Steps of 5 minutes to device 1, then 2 and 3, then 4; step 0 is repeated after 2 minutes.
  Ladders() {
    ladder.steps = {{minutes(5), minutes(2), {target(1)}},
                    {minutes(5), Millis(0), {target(2), target(3)}},
                    {minutes(5), Millis(0), {target(4)}}};
    ladder.advice_within = minutes(15);
  }
  LadderScene scene() const { return {ladder, asking, on_call, now}; }
  void begin() { keep(begin_ladder(scene())); }
  void keep(const LadderMove& move) {
    progress = move.progress;
    notices = move.notices;
    for (const Notice& notice : notices) {
      EXPECT_TRUE(keys.emplace(notice.step, notice.repeat).second) << "a notice's key came twice";
    }
    EXPECT_EQ(has_timer(progress), progress.due_at != kNever);
  }
  void pass(Millis span) {
    const UtcTime end = now + span;
    while (next_move_at(progress, on_call) <= end) {
      now = std::max(now, next_move_at(progress, on_call));
      keep(advance(scene(), progress));
    }
    now = end;
  }

  wire::Ladder ladder;
  std::vector<DeviceNumber> asking{9};
  FakeOnCall on_call;
  UtcTime now = from_unix_ms(1'800'000'000'000);
  const UtcTime start = now;
  AlertProgress progress;
  std::vector<Notice> notices;
  std::set<std::pair<std::uint32_t, std::uint32_t>> keys;
};

// P-042
TEST_F(Ladders, FirstStepRingsAtOnceAndIsRepeated) {
  begin();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, NoticeKind::kFirst);
  EXPECT_EQ(notices[0].devices, std::vector<DeviceNumber>{1});
  pass(minutes(2));
  EXPECT_EQ(notices[0].kind, NoticeKind::kRepeat);
  EXPECT_EQ(notices[0].repeat, 1U);
  pass(minutes(2));
  EXPECT_EQ(notices[0].repeat, 2U);
  EXPECT_EQ(progress.step, 0U);
}

// P-042, P-046: domain story 6b, 5 minutes a step, loud after exactly 15.
TEST_F(Ladders, ClimbsToItsLoudEndExactlyWhenPromised) {
  begin();
  const UtcTime promised = progress.exhausted_at;
  EXPECT_EQ(promised, start + minutes(15));
  pass(minutes(5));
  EXPECT_EQ(progress.step, 1U);
  EXPECT_EQ(notices[0].devices, (std::vector<DeviceNumber>{2, 3}));
  pass(minutes(10));
  EXPECT_EQ(progress.state, AlertState::kExhausted);
  EXPECT_EQ(progress.exhausted_at, promised);
  EXPECT_EQ(notices.back().kind, NoticeKind::kLoud);
  EXPECT_EQ(notices.back().devices, asking);
  EXPECT_FALSE(progress.technical_alarm);
}

// P-046
TEST_F(Ladders, LoudEndIsSaidAgainEveryMinuteUntilTheReservePlanIsUsed) {
  begin();
  pass(minutes(15));
  for (int i = 0; i < 5; ++i) {
    notices.clear();
    pass(seconds(60));
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, NoticeKind::kLoud);
  }
  keep(*use_reserve(progress));
  EXPECT_EQ(next_move_at(progress, on_call), kNever);
  EXPECT_EQ(progress.state, AlertState::kExhausted);
}

// P-043: the reserve plan is no take.
TEST_F(Ladders, ReserveUsedDoesNotStopTheLadder) {
  begin();
  keep(*use_reserve(progress));
  pass(minutes(15));
  EXPECT_EQ(progress.state, AlertState::kExhausted);
  EXPECT_EQ(notices.back().kind, NoticeKind::kLoud);
  EXPECT_EQ(progress.due_at, kNever);
}

// P-045
TEST_F(Ladders, EmptyStepCostsNoTimeAndSetsTheTechnicalAlarm) {
  on_call.nobody = {1};
  begin();
  EXPECT_EQ(progress.step, 1U);
  EXPECT_TRUE(progress.technical_alarm);
  EXPECT_EQ(progress.due_at, start + minutes(5));
}

// P-045: the notices are in the inboxes all the same.
TEST_F(Ladders, UnreachableStepIsToldAndPassed) {
  on_call.away[1] = now;
  begin();
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].devices, std::vector<DeviceNumber>{1});
  EXPECT_EQ(notices[1].step, 1U);
  EXPECT_TRUE(progress.technical_alarm);
}

// P-045: "was within 30 s"
TEST_F(Ladders, StepEndsWhenItsLastReachableDeviceHasBeenAwayLongEnough) {
  begin();
  on_call.away[1] = now + seconds(30);
  pass(seconds(30) - Millis(1));
  EXPECT_EQ(progress.step, 0U);
  pass(Millis(1));
  EXPECT_EQ(progress.step, 1U);
  EXPECT_TRUE(progress.technical_alarm);
}

// P-045, P-046: nobody at all is loud at once, never silent.
TEST_F(Ladders, NobodyAtAllIsTheLoudEndAtOnce) {
  on_call.nobody = {1, 2, 3, 4};
  begin();
  EXPECT_EQ(progress.state, AlertState::kExhausted);
  EXPECT_EQ(notices.back().kind, NoticeKind::kLoud);
  EXPECT_EQ(progress.exhausted_at, start);
}

TEST_F(Ladders, LadderWithoutStepsIsLoudAtOnce) {
  ladder.steps.clear();
  begin();
  EXPECT_EQ(progress.state, AlertState::kExhausted);
}

// P-044
TEST_F(Ladders, DeclineOfTheOnlyTargetBeginsTheNextStepAtOnce) {
  begin();
  now += seconds(20);
  keep(*decline(scene(), progress, 1));
  EXPECT_EQ(progress.step, 1U);
  EXPECT_EQ(progress.due_at, now + minutes(5));
  EXPECT_FALSE(progress.technical_alarm);
}

// P-044: "the last target ... that had not declined"
TEST_F(Ladders, StepWithTwoWaitsForTheOtherWhenOneDeclines) {
  begin();
  pass(minutes(5));
  keep(*decline(scene(), progress, 2));
  EXPECT_EQ(progress.step, 1U);
  keep(*decline(scene(), progress, 2));  // twice is once
  EXPECT_EQ(progress.step, 1U);
  keep(*decline(scene(), progress, 3));
  EXPECT_EQ(progress.step, 2U);
}

// P-044: a person declines, not a phone.
TEST_F(Ladders, DeclineCountsForAllDevicesOfThePerson) {
  on_call.second_device[1] = 101;
  begin();
  keep(*decline(scene(), progress, 101));
  EXPECT_EQ(progress.step, 1U);
}

// P-044, P-045: one says no, the other cannot be reached.
TEST_F(Ladders, DeclineLeavingOnlyUnreachableOnesGoesOnWithTheTechnicalAlarm) {
  begin();
  pass(minutes(5));
  on_call.away[3] = now;
  keep(*decline(scene(), progress, 2));
  EXPECT_EQ(progress.step, 2U);
  EXPECT_TRUE(progress.technical_alarm);
}

TEST_F(Ladders, DeclineBySomebodyOfAnotherStepMovesNothing) {
  begin();
  keep(*decline(scene(), progress, 4));
  EXPECT_EQ(progress.step, 0U);
  EXPECT_TRUE(progress.declined.empty());
}

// P-043, P-047
TEST_F(Ladders, TakeStopsTheClimbAndAwaitsAdvice) {
  begin();
  now += minutes(1);
  keep(*take(scene(), progress, 1));
  EXPECT_EQ(progress.state, AlertState::kTaken);
  EXPECT_EQ(progress.due_at, now + minutes(15));
  EXPECT_FALSE(progress.late);
  pass(minutes(14));
  EXPECT_EQ(progress.state, AlertState::kTaken);
}

// P-047
TEST_F(Ladders, TakenWithoutAdviceResumesAtTheNextStep) {
  begin();
  keep(*take(scene(), progress, 1));
  pass(minutes(15));
  EXPECT_EQ(progress.state, AlertState::kEscalating);
  EXPECT_EQ(progress.step, 1U);
  EXPECT_EQ(notices[0].kind, NoticeKind::kResumed);
  EXPECT_FALSE(progress.taken_by.has_value());
  EXPECT_EQ(progress.exhausted_at, now + minutes(10));
  keep(*take(scene(), progress, 4));  // anybody may take it again
  EXPECT_EQ(progress.state, AlertState::kTaken);
}

// P-047: "or the last, when there is none", with keys that the devices have not seen.
TEST_F(Ladders, ResumesAtTheLastStepAgainAndAgain) {
  begin();
  pass(minutes(11));
  EXPECT_EQ(progress.step, 2U);
  for (int i = 0; i < 3; ++i) {
    keep(*take(scene(), progress, 4));
    pass(minutes(15));
    EXPECT_EQ(progress.state, AlertState::kEscalating);
    EXPECT_EQ(progress.step, 2U);
    EXPECT_EQ(notices[0].kind, NoticeKind::kResumed);
  }
  pass(minutes(5));
  EXPECT_EQ(progress.state, AlertState::kExhausted);
}

// P-046: "taken, marked late"
TEST_F(Ladders, TakenAfterTheLoudEndIsLateAndStillWatched) {
  begin();
  pass(minutes(17));
  keep(*take(scene(), progress, 2));
  EXPECT_TRUE(progress.late);
  EXPECT_EQ(progress.exhausted_at, start + minutes(15));
  pass(minutes(15));
  EXPECT_EQ(progress.state, AlertState::kEscalating);
}

// P-046: late too when the reserve plan came first.
TEST_F(Ladders, TakenAfterTheReservePlanIsLate) {
  begin();
  keep(*use_reserve(progress));
  keep(*take(scene(), progress, 1));
  EXPECT_TRUE(progress.late);
}

// P-048
TEST_F(Ladders, AdviceEndsTheLadder) {
  begin();
  EXPECT_EQ(advise(progress).error().code, Errc::kWrongState);
  keep(*take(scene(), progress, 1));
  keep(*advise(progress));
  EXPECT_EQ(progress.state, AlertState::kAdvised);
  EXPECT_EQ(next_move_at(progress, on_call), kNever);
}

// P-048
TEST_F(Ladders, CloseNeedsAdviceReserveOrWithdrawal) {
  begin();
  EXPECT_EQ(close(scene(), progress).error().code, Errc::kWrongState);
  const AlertProgress open = progress;
  EXPECT_TRUE(close(scene(), withdraw(scene(), open)->progress).has_value());
  EXPECT_TRUE(close(scene(), use_reserve(open)->progress).has_value());
  const AlertProgress advised = advise(take(scene(), open, 1)->progress)->progress;
  EXPECT_TRUE(close(scene(), advised).has_value());
  EXPECT_EQ(withdraw(scene(), advised).error().code, Errc::kWrongState);
  const AlertProgress closed = close(scene(), advised)->progress;
  EXPECT_EQ(close(scene(), closed).error().code, Errc::kWrongState);
  EXPECT_EQ(take(scene(), closed, 1).error().code, Errc::kWrongState);
}

// P-052: the hub was down; people get their whole time from when it is back.
TEST_F(Ladders, TimerThatPassedWhileTheHubWasDownFiresOnceAndTheStepGetsItsTime) {
  begin();
  now = start + minutes(60);
  keep(advance(scene(), progress));
  EXPECT_EQ(progress.step, 1U);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(progress.due_at, now + minutes(5));
}

// P-063: small delays do not add up past the promise.
TEST_F(Ladders, LateTicksDoNotDelayTheLoudEnd) {
  begin();
  for (int i = 1; i <= 3; ++i) {
    now = start + minutes(5 * i) + Millis(40);
    keep(advance(scene(), progress));
    if (i < 3) {
      EXPECT_EQ(progress.due_at, start + minutes(5 * (i + 1)));
    }
  }
  EXPECT_EQ(progress.state, AlertState::kExhausted);
  EXPECT_EQ(progress.exhausted_at, start + minutes(15));
}

// P-005: a roster's nonsense neither spins nor sleeps for ever.
TEST_F(Ladders, NonsenseWaitsAreBroughtIntoTheLimits) {
  ladder.steps = {{Millis(0), Millis(1), {target(1)}},
                  {std::chrono::hours(24 * 400), Millis(0), {target(2)}}};
  ladder.advice_within = Millis(0);
  begin();
  EXPECT_EQ(progress.due_at, start + limits::kStepWaitMin);
  pass(limits::kStepWaitMin);
  EXPECT_EQ(progress.due_at, now + limits::kStepWaitMax);
  keep(*take(scene(), progress, 2));
  EXPECT_EQ(progress.due_at, now + limits::kStepWaitMin);
}

}  // namespace
}  // namespace nattevagt::broker
