// The rota in the whole core (PROTOCOL.md section 10): who is rung when duty changes, by plan or by a
// document.
#include <gtest/gtest.h>

#include <set>

#include "proto/common/limits.h"
#include "proto/rota/copenhagen.h"
#include "proto/rota/rota.h"
#include "tests/unit/broker_world.h"
#include "tests/unit/rota_wall.h"

namespace nattevagt::broker::testing {
namespace {

using namespace std::chrono;
using wire::AlertState;
using wire::LocalDay;
using wire::NoticeKind;
using Kinds = std::vector<NoticeKind>;
using rota::testing::on;

// Ida has the evenings 15-23, Rune the nights 23-07; Lis is the second on call, day and night. Steps of five
// minutes. It is 20 Oct 2026, 22.00 in Copenhagen.
struct DutyTest : ::testing::Test {
  World world;
  UnitId unit = world.id<UnitId>();
  RoleId first = world.id<RoleId>(), second = world.id<RoleId>(), day = world.id<RoleId>();
  LadderId ladder = world.id<LadderId>();
  TestDevice house =
      world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit, .certificate_lifetime = hours(24 * 700)});
  TestDevice ida = person(), rune = person(), lis = person(), dagny = person(), stranger = person();
  wire::Rota rota;

  TestDevice person() { return world.enrol({.certificate_lifetime = hours(24 * 700)}); }
  DutyTest() {
    start_at(on(2026, 10, 20), hours(22));
    wire::Roster roster;
    roster.roles = {{first, Bytes(50, 1), {ida.person, rune.person, lis.person}},
                    {second, Bytes(50, 2), {lis.person}},
                    {day, Bytes(50, 3), {dagny.person}}};
    roster.ladders = {
        {ladder,
         {{minutes(5), Millis(0), {to_role(first)}}, {minutes(5), Millis(0), {to_role(second)}}},
         minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}};
    EXPECT_TRUE(world.publish_roster(roster).accepted());
    wire::RoleRota plan;
    plan.role = first;
    plan.windows = {{wire::kEveryDay, 15 * 60, 23 * 60}, {wire::kEveryDay, 23 * 60, 7 * 60}};
    plan.duties = {{1, on(2026, 1, 1), {}, 1, {{ida.person}}}, {2, on(2026, 1, 1), {}, 1, {{rune.person}}}};
    plan.daytime = day;
    rota.roles = {plan};
    publish();
  }
  // Before anything is connected.
  void start_at(LocalDay when, minutes clock) {
    world.now = std::max(world.now, rota::to_utc(when, clock));
    for (const auto* device : everybody()) {
      if (world.connected(*device)) world.disconnect(*device);
      world.connect(*device);
      world.take_mail(*device);
    }
  }
  std::vector<const TestDevice*> everybody() const { return {&house, &ida, &rune, &lis, &dagny, &stranger}; }
  void publish() {
    // P-107: the hub takes no gap that nobody has signed for.
    for (const auto& gap : rota::gaps(rota, world.now, world.now + rota::kGapLookAhead)) {
      if (gap.accepted) continue;
      rota.overrides.push_back({wire::OverrideKind::kAcceptedGap, gap.role, gap.from, gap.until, {}, {}});
    }
    ASSERT_TRUE(world.publish_rota(rota).accepted());
    world.advance(Millis(0));  // the tick that the runner makes at once
  }
  wire::DutyOverride hold(const TestDevice& device, Millis from, Millis until,
                          wire::OverrideKind kind = wire::OverrideKind::kTakeOver) {
    return {kind, first, world.now + from, world.now + until, {device.person}, {}};
  }
  wire::Raise raise() {
    wire::Raise raise = world.make_raise(unit, ladder, {&ida, &rune, &lis, &dagny});
    raise.role_asked = first;
    EXPECT_TRUE(world.ask(house, raise).leaf.has_value());
    return raise;
  }
  // The notices that ring.
  Kinds rings(const TestDevice& device) {
    Kinds out;
    for (const wire::AlertItem& item : world.take_alerts(device)) {
      if (item.notice != NoticeKind::kNone) out.push_back(item.notice);
    }
    return out;
  }
  wire::AlertView view(const wire::Raise& alert) {
    return world.ask(house, wire::GetAlert{alert.alert}).as<wire::AlertReply>().view;
  }
  Reply take(const TestDevice& device, const wire::Raise& alert) {
    return world.ask(device,
                     wire::Act{alert.alert, wire::ActKind::kTake, world.id<MessageId>(), 1, Bytes(64, 1)});
  }
};

TEST_F(DutyTest, AnAlertGoesToWhoIsOnDutyAMillisecondBeforeAndAfterTheShift) {
  world.advance(hours(1) - Millis(1));
  raise();
  EXPECT_EQ(rings(ida), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(rings(rune), Kinds{});
  world.advance(Millis(1));
  rings(rune);
  raise();
  EXPECT_EQ(rings(rune), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(rings(ida), Kinds{}) << "her duty is over";
}

TEST_F(DutyTest, AShiftThatBeginsInTheMiddleOfAStepIsRungAtOnceAndTheStepKeepsItsTime) {
  world.advance(hours(1) - minutes(2));
  const auto alert = raise();
  const UtcTime next = view(alert).next_at;
  rings(ida);
  world.advance(minutes(2));
  EXPECT_EQ(rings(rune), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(rings(ida), Kinds{}) << "she has been rung; she may still take it";
  EXPECT_EQ(view(alert).next_at, next);
  EXPECT_EQ(view(alert).step, 0U);
  world.advance(minutes(3));
  EXPECT_EQ(rings(lis), Kinds{NoticeKind::kFirst});
  EXPECT_TRUE(take(ida, alert).leaf.has_value());
}

TEST_F(DutyTest, AShiftThatChangedWhileTheHubWasDownIsFollowedAtItsStart) {
  world.advance(hours(1) - minutes(2));
  const auto alert = raise();
  rings(ida);
  world.sleep(minutes(3));
  world.crash();
  for (const auto* device : everybody()) world.connect(*device);
  world.advance(Millis(0));
  EXPECT_EQ(rings(rune), Kinds{NoticeKind::kFirst});
  world.advance(seconds(1));  // what was acknowledged is durable
  world.crash_after_snapshot();
  for (const auto* device : everybody()) world.connect(*device);
  world.advance(Millis(0));
  EXPECT_EQ(rings(rune), Kinds{}) << "once";
  EXPECT_EQ(view(alert).state, AlertState::kEscalating);
}

TEST_F(DutyTest, ATakeOverHoldsWithinOneTickOfItsPublication) {
  const auto alert = raise();
  rings(ida);
  rota.overrides = {hold(lis, Millis(0), hours(3))};
  publish();
  EXPECT_EQ(rings(lis), Kinds{NoticeKind::kFirst});
  EXPECT_TRUE(take(lis, alert).leaf.has_value());
  const auto later = raise();
  EXPECT_EQ(rings(lis), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(rings(ida), Kinds{});
  EXPECT_EQ(view(later).state, AlertState::kEscalating);
}

TEST_F(DutyTest, ASwapHoldsForItsOwnTimeAndThePlanComesBack) {
  rota.overrides = {hold(rune, minutes(10), minutes(20), wire::OverrideKind::kSwap)};
  publish();
  raise();
  EXPECT_EQ(rings(ida), Kinds{NoticeKind::kFirst});
  world.advance(minutes(10));
  rings(rune);
  raise();
  EXPECT_EQ(rings(rune), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(rings(ida), Kinds{});
  world.advance(minutes(10));
  rings(ida);
  raise();
  EXPECT_EQ(rings(ida), Kinds{NoticeKind::kFirst});
}

TEST_F(DutyTest, AGapCostsNoTimeAndIsATechnicalAlarm) {
  rota.roles[0].duties.erase(rota.roles[0].duties.begin());
  publish();
  const auto alert = raise();
  EXPECT_EQ(rings(ida), Kinds{});
  EXPECT_EQ(rings(lis), Kinds{NoticeKind::kFirst}) << "step 2 begins at once";
  EXPECT_EQ(view(alert).step, 1U);
  EXPECT_EQ(view(alert).next_at, world.now + minutes(5));
  EXPECT_TRUE(view(alert).technical_alarm);
}

TEST_F(DutyTest, InAGapTheBackupAnswersInTheRolesOwnStep) {
  rota.roles[0].duties.erase(rota.roles[0].duties.begin());
  rota.roles[0].backup = second;
  publish();
  const auto alert = raise();
  EXPECT_EQ(view(alert).step, 0U);
  EXPECT_EQ(rings(lis), Kinds{NoticeKind::kFirst});
  EXPECT_TRUE(view(alert).technical_alarm) << "the unit is told that the plan has a hole";
}

TEST_F(DutyTest, WhenNobodyOnDutyCanBeReachedTheBackupIsRungInTheSameStepAndTheUnitIsTold) {
  rota.roles[0].backup = second;
  publish();
  world.disconnect(ida);
  world.advance(limits::kReachableGrace - Millis(1));
  const auto before = raise();
  EXPECT_EQ(rings(lis), Kinds{}) << "a lost connection is not yet silence";
  EXPECT_FALSE(view(before).technical_alarm);
  world.advance(Millis(1));
  rings(lis);
  const auto alert = raise();
  EXPECT_EQ(rings(lis), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(view(alert).step, 0U);
  EXPECT_TRUE(view(alert).technical_alarm);
  EXPECT_EQ(view(alert).next_at, world.now + minutes(5)) << "the step has its whole time";
}

TEST_F(DutyTest, WhoWasRungBeforeTheShiftStillHoldsTheStepWhenTheNewHolderIsAway) {
  world.disconnect(rune);
  world.advance(hours(1) - minutes(2));
  const auto alert = raise();
  world.advance(minutes(2) + seconds(1));
  EXPECT_EQ(view(alert).step, 0U);
  EXPECT_FALSE(view(alert).technical_alarm);
  rings(ida);
  EXPECT_TRUE(take(ida, alert).leaf.has_value());
}

TEST_F(DutyTest, OutsideThePlanTheDaytimeRoleAnswers) {
  world.advance(hours(14));
  raise();
  EXPECT_EQ(rings(dagny), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(rings(ida), Kinds{});
  EXPECT_EQ(rings(rune), Kinds{});
}

TEST_F(DutyTest, ARotaPutsNobodyOnDutyWhomTheRosterDoesNotList) {
  rota.overrides = {hold(stranger, Millis(0), hours(3))};
  publish();
  const auto alert = raise();
  EXPECT_EQ(rings(stranger), Kinds{});
  EXPECT_EQ(view(alert).step, 1U) << "an empty step";
  EXPECT_EQ(take(stranger, alert).code(), Errc::kNotMember);
}

TEST_F(DutyTest, AnotherOrganisationsRotaFillsNoRoleOfOurs) {
  World two(3, 2);
  const TestDevice mine = two.enrol({}, 0), theirs = two.enrol({}, 1);
  const RoleId role = two.id<RoleId>();
  wire::Roster roster;
  roster.roles = {{role, Bytes(50, 1), {mine.person}}};
  two.publish_roster(roster, 0);
  roster.roles = {{role, Bytes(50, 1), {theirs.person}}};
  two.publish_roster(roster, 1);
  wire::Rota foreign;
  foreign.roles = {
      {role, {{wire::kEveryDay, 0, 0}}, {{1, on(2026, 1, 1), {}, 1, {{theirs.person}}}}, {}, {}}};
  ASSERT_TRUE(two.publish_rota(foreign, 1).accepted());
  two.connect(mine);
  two.connect(theirs);
  wire::Gather gather;
  gather.targets = {to_role(role)};
  const Reply reply = two.ask(theirs, gather);
  ASSERT_TRUE(reply.gathered);
  ASSERT_EQ(reply.gathered->without, std::vector<DeviceId>{mine.id});
}

TEST_F(DutyTest, WhoComesOnDutySoonIsGatheredFromTheStart) {
  wire::Gather gather;
  gather.ladder = ladder;
  const auto gathered = [&] {
    const Reply reply = world.ask(house, gather);
    return std::set<DeviceId>(reply.gathered->without.begin(), reply.gathered->without.end());
  };
  EXPECT_EQ(gathered(), (std::set<DeviceId>{ida.id, rune.id, lis.id})) << "Rune's shift begins in an hour";
  world.advance(hours(1));
  EXPECT_EQ(gathered(), (std::set<DeviceId>{rune.id, lis.id}));
}

TEST_F(DutyTest, TheBackupIsGatheredWithItsRole) {
  rota.roles[0].backup = second;
  publish();
  world.advance(hours(2));  // no shift begins within two hours
  wire::Gather gather;
  gather.targets = {to_role(first)};
  const Reply reply = world.ask(house, gather);
  const std::set<DeviceId> gathered(reply.gathered->without.begin(), reply.gathered->without.end());
  EXPECT_EQ(gathered, (std::set<DeviceId>{rune.id, lis.id}));
}

TEST_F(DutyTest, AnUnreadableRotaNeverReachesTheJournal) {
  const TestOrganisation& by = world.org();
  const Reply reply = world.ask_organisation(wire::PublishDocument{
      wire::sign_document(by.card.id, wire::DocumentKind::kRota, 9, Bytes{0xff}, by.key)});
  EXPECT_EQ(reply.code(), Errc::kMalformed);
}

// The nights on which the clock is moved: 23 to 07 is one shift of nine or of seven hours.
struct DstNight {
  LocalDay evening;
  hours length;
};
class DutyOnDstNight : public DutyTest, public ::testing::WithParamInterface<DstNight> {};

TEST_P(DutyOnDstNight, TheNightHasOneHolderToItsEnd) {
  const auto [evening, length] = GetParam();
  start_at(evening, hours(23));
  world.advance(Millis(0));
  const UtcTime end = world.now + length;
  while (world.now < end) {
    const auto alert = raise();
    ASSERT_EQ(rings(rune), Kinds{NoticeKind::kFirst}) << to_unix_ms(world.now);
    ASSERT_EQ(rings(ida), Kinds{});
    ASSERT_TRUE(world
                    .ask(house, wire::Act{alert.alert, wire::ActKind::kWithdraw, world.id<MessageId>(), 1,
                                          Bytes(64, 2)})
                    .leaf.has_value());
    for (const auto* device : everybody()) rings(*device);
    world.advance(minutes(20));
  }
  raise();
  EXPECT_EQ(rings(rune), Kinds{});
  EXPECT_EQ(rings(dagny), Kinds{NoticeKind::kFirst}) << "07.00: the day has begun";
}

TEST_P(DutyOnDstNight, AShiftAtHalfPastTwoChangesOnce) {
  const auto [evening, length] = GetParam();
  start_at(evening, hours(23));
  rota.roles[0].windows = {{wire::kEveryDay, 23 * 60, 150}, {wire::kEveryDay, 150, 7 * 60}};
  publish();
  const UtcTime change = rota::to_utc(evening + days(1), minutes(150));
  world.advance(change - minutes(2) - world.now);
  raise();
  EXPECT_EQ(rings(ida), Kinds{NoticeKind::kFirst});
  world.advance(minutes(2) - Millis(1));
  EXPECT_EQ(rings(rune), Kinds{});
  world.advance(Millis(1));
  EXPECT_EQ(rings(rune), Kinds{NoticeKind::kFirst});
  world.advance(hours(2));
  EXPECT_EQ(rings(rune), Kinds{}) << "the second 02.30 is nothing new";
}

INSTANTIATE_TEST_SUITE_P(Nights, DutyOnDstNight,
                         ::testing::Values(DstNight{on(2026, 10, 24), hours(9)},
                                           DstNight{on(2027, 3, 27), hours(7)},
                                           DstNight{on(2027, 10, 30), hours(9)}));

}  // namespace
}  // namespace nattevagt::broker::testing
