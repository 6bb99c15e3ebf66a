// Handing a taken alert over (P-116), in the whole core.
#include <gtest/gtest.h>

#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using wire::ActKind;
using wire::AlertState;
using wire::NoticeKind;

// Ida has taken it; Lis is the second on the ladder; Rune is on no step.
struct HandOverTest : ::testing::Test {
  World world;
  UnitId unit = world.id<UnitId>();
  TestDevice house = world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit});
  TestDevice ida = world.enrol(), lis = world.enrol(), rune = world.enrol();
  wire::Raise raise;

  HandOverTest() {
    const LadderId ladder = world.id<LadderId>();
    wire::Roster roster;
    roster.ladders = {{ladder,
                       {{minutes(5), Millis(0), {to_person(ida.person)}},
                        {minutes(5), Millis(0), {to_person(lis.person)}}},
                       minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}};
    EXPECT_TRUE(world.publish_roster(roster).accepted());
    for (const auto* device : {&house, &ida, &lis, &rune}) world.connect(*device);
    raise = world.make_raise(unit, ladder, {&ida, &lis, &rune});
    EXPECT_TRUE(world.ask(house, raise).leaf.has_value());
    EXPECT_FALSE(act(ida, ActKind::kTake).refused());
    for (const auto* device : {&house, &ida, &lis, &rune}) world.take_alerts(*device);
  }
  Reply act(const TestDevice& by, ActKind kind, std::optional<PersonId> to = {}) {
    return world.ask(by, wire::Act{raise.alert, kind, world.id<MessageId>(), 1, Bytes(64, 1), to});
  }
  wire::AlertView view() { return world.ask(house, wire::GetAlert{raise.alert}).as<wire::AlertReply>().view; }
  std::vector<NoticeKind> rings(const TestDevice& device) {
    std::vector<NoticeKind> out;
    for (const auto& item : world.take_alerts(device)) {
      if (item.notice != NoticeKind::kNone) out.push_back(item.notice);
    }
    return out;
  }
};

TEST_F(HandOverTest, UntilAcceptedTheFirstHasItAndThenTheSecond) {
  ASSERT_FALSE(act(ida, ActKind::kHandOver, lis.person).refused());
  EXPECT_EQ(view().state, AlertState::kTaken);
  EXPECT_EQ(view().taken_by, ida.id) << "asked is not accepted";
  EXPECT_EQ(view().handing_to, lis.person);
  EXPECT_EQ(rings(lis), std::vector{NoticeKind::kFirst});
  EXPECT_TRUE(rings(house).empty()) << "the residence sees it, without a sound";
  EXPECT_EQ(act(rune, ActKind::kTake).code(), Errc::kNotPermitted);
  world.crash();
  for (const auto* device : {&house, &ida, &lis}) world.connect(*device);
  ASSERT_FALSE(act(lis, ActKind::kTake).refused());
  EXPECT_EQ(view().taken_by, lis.id);
  EXPECT_FALSE(view().handing_to);
  EXPECT_EQ(view().next_at, world.now + minutes(15)) << "the advice's whole time";
  EXPECT_EQ(act(ida, ActKind::kAdvise).code(), Errc::kNotPermitted) << "it is hers no more";
  EXPECT_FALSE(act(lis, ActKind::kAdvise).refused());
}

TEST_F(HandOverTest, WithoutAYesInTimeTheLadderGoesOn) {
  ASSERT_FALSE(act(ida, ActKind::kHandOver, lis.person).refused());
  world.advance(limits::kHandOverWithin - Millis(1));
  EXPECT_EQ(view().taken_by, ida.id);
  rings(lis);
  world.advance(Millis(1));
  EXPECT_EQ(view().state, AlertState::kEscalating);
  EXPECT_FALSE(view().handing_to);
  EXPECT_EQ(rings(lis), std::vector{NoticeKind::kResumed});
  EXPECT_FALSE(act(ida, ActKind::kTake).refused()) << "anybody on the ladder may take it";
}

TEST_F(HandOverTest, ANoLeavesItWhereItWasWithItsTime) {
  const UtcTime advice = view().next_at;
  world.advance(minutes(1));
  ASSERT_FALSE(act(ida, ActKind::kHandOver, lis.person).refused());
  EXPECT_LT(view().next_at, advice);
  ASSERT_FALSE(act(lis, ActKind::kDecline).refused());
  EXPECT_EQ(view().taken_by, ida.id);
  EXPECT_FALSE(view().handing_to);
  EXPECT_EQ(view().next_at, advice);
  EXPECT_EQ(act(lis, ActKind::kTake).code(), Errc::kAlreadyTaken);
}

TEST_F(HandOverTest, TheFirstMayStillAdviseAndNobodyElseHandsItOver) {
  EXPECT_EQ(act(lis, ActKind::kHandOver, ida.person).code(), Errc::kNotPermitted);
  EXPECT_EQ(act(ida, ActKind::kHandOver, ida.person).code(), Errc::kInvalidValue);
  EXPECT_EQ(act(ida, ActKind::kHandOver, rune.person).code(), Errc::kNotMember) << "on no step of the ladder";
  ASSERT_FALSE(act(ida, ActKind::kHandOver, lis.person).refused());
  EXPECT_FALSE(act(ida, ActKind::kAdvise).refused());
  EXPECT_EQ(view().state, AlertState::kAdvised);
  EXPECT_FALSE(view().handing_to);
}

TEST_F(HandOverTest, ItNeverMakesTheTimeForTheAdviceLonger) {
  world.advance(minutes(14));
  ASSERT_FALSE(act(ida, ActKind::kHandOver, lis.person).refused());
  world.advance(minutes(1));
  EXPECT_EQ(view().state, AlertState::kEscalating);
}

}  // namespace
}  // namespace nattevagt::broker::testing
