// Gaps of the rota, before they come (P-107, P-117).
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/common/limits.h"
#include "proto/rota/copenhagen.h"
#include "proto/rota/rota.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using namespace std::chrono;

// Ida has every day, midnight to midnight. The house's ladder names the role; the stranger has nothing to do
// with it.
struct GapTest : ::testing::Test {
  World world;
  UnitId unit = world.id<UnitId>();
  RoleId role = world.id<RoleId>(), other = world.id<RoleId>();
  LadderId ladder = world.id<LadderId>();
  TestDevice house = world.enrol(
      {.unit = unit, .kind = wire::HolderKind::kUnit, .certificate_lifetime = hours(24 * 300)});
  TestDevice ida = world.enrol({.certificate_lifetime = hours(24 * 300)});
  TestDevice archive =
      world.enrol({.kind = wire::HolderKind::kRecorder, .certificate_lifetime = hours(24 * 300)});
  TestDevice stranger = world.enrol({.certificate_lifetime = hours(24 * 300)});
  wire::LocalDay today = rota::to_local(world.now).day;
  wire::Rota rota;

  GapTest() {
    wire::Roster roster;
    roster.roles = {{role, Bytes(50, 1), {ida.person}}, {other, Bytes(50, 1), {stranger.person}}};
    roster.ladders = {{ladder, {{minutes(5), Millis(0), {to_role(role)}}}, minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}};
    roster.recorders = {archive.person};
    EXPECT_TRUE(world.publish_roster(roster).accepted());
    wire::RoleRota plan;
    plan.role = role;
    plan.windows = {{wire::kEveryDay, 0, 0}};
    plan.duties = {{1, today - days(3), {}, 1, {{ida.person}}}};
    rota.roles = {plan};
    for (const auto* device : {&house, &ida, &archive, &stranger}) world.connect(*device);
  }
  Reply publish() { return world.publish_rota(rota); }
  std::vector<int> warned(const TestDevice& device) {
    std::vector<int> out;
    for (const SendEntry& sent : world.take_mail(device).entries) {
      if (sent.entry.kind != wire::EntryKind::kGap) continue;
      const auto item = wire::decode_gap_item(sent.entry.bytes);
      EXPECT_TRUE(item && item->role == role);
      out.push_back(item->nearness);
      world.ack(device, wire::kInbox, sent.entry.seq);
    }
    return out;
  }
};
using Nearness = std::vector<int>;

TEST_F(GapTest, EachNearnessIsSaidOnceToThoseConcernedAndRestartsMakeNoSecond) {
  rota.roles[0].duties[0].last = today + days(19);
  ASSERT_TRUE(publish().accepted());
  const UtcTime gap = rota::to_utc(today + days(20), minutes(0));
  const auto until = [&](Millis before) { world.advance(gap - before - world.now); };
  until(hours(24 * 14) + minutes(1));
  EXPECT_EQ(warned(ida), Nearness{});
  until(hours(24 * 13));
  EXPECT_EQ(warned(ida), Nearness{1});
  until(hours(24 * 7) + Millis(1));
  EXPECT_EQ(warned(ida), Nearness{});
  until(hours(24 * 7));
  EXPECT_EQ(warned(ida), Nearness{2});
  until(hours(24));
  EXPECT_EQ(warned(ida), Nearness{3});
  world.advance(seconds(1));  // what was acknowledged is on disk
  world.crash();
  for (const auto* device : {&house, &ida, &archive}) world.connect(*device);
  world.advance(minutes(5));
  EXPECT_EQ(warned(ida), Nearness{}) << "said before the restart";
  until(hours(2));
  EXPECT_EQ(warned(ida), Nearness{4});
  world.advance(seconds(1));
  world.crash_after_snapshot();
  for (const auto* device : {&house, &ida, &archive}) world.connect(*device);
  until(minutes(15));
  EXPECT_EQ(warned(ida), Nearness{5});
  world.advance(minutes(16));
  EXPECT_EQ(warned(ida), Nearness{6});
  world.advance(hours(30));
  EXPECT_EQ(warned(ida), Nearness{}) << "one gap, however long";
  EXPECT_EQ(warned(house), (Nearness{1, 2, 3, 4, 5, 6})) << "the residence whose ladder names the role";
  EXPECT_EQ(warned(archive), (Nearness{1, 2, 3, 4, 5, 6})) << "the organisation's own";
  world.connect(stranger);
  EXPECT_EQ(warned(stranger), Nearness{});
}

TEST_F(GapTest, WhatIsFilledOrSignedForIsNotWarnedOfAgain) {
  rota.roles[0].duties[0].last = today + days(9);
  EXPECT_EQ(publish().code(), Errc::kInvalidValue) << "nobody has signed for it";
  const UtcTime from = rota::to_utc(today + days(10), minutes(0));
  rota.overrides = {{wire::OverrideKind::kAcceptedGap, role, from, from + hours(24 * 30), {}, {}}};
  ASSERT_TRUE(publish().accepted());
  world.advance(hours(24 * 9));
  EXPECT_EQ(warned(house), Nearness{});
}

// Two weeks of a large rota are much to look through: calls come in between.
TEST_F(GapTest, AFewRolesAreLookedAtInAStepAndNoneIsForgotten) {
  constexpr std::size_t kRoles = 40, kAStep = 16;
  wire::Roster roster;
  const wire::RoleRota plan = rota.roles[0];
  rota.roles.clear();
  for (std::size_t i = 0; i < kRoles; ++i) {
    rota.roles.push_back(plan);
    rota.roles.back().role = world.id<RoleId>();
    rota.roles.back().duties[0].last = today + days(19);
    roster.roles.push_back({rota.roles.back().role, Bytes(50, 1), {ida.person}});
  }
  ASSERT_TRUE(world.publish_roster(roster).accepted());
  ASSERT_TRUE(publish().accepted());
  world.advance(days(5) - Millis(1));
  const std::size_t before = world.journal.size();
  const UtcTime until = world.now + days(2);
  std::size_t told = before, most = 0;
  while (world.core->next_deadline() < until) {
    world.now = std::max(world.now, world.core->next_deadline());
    world.run(Tick{});
    most = std::max(most, world.journal.size() - told);
    told = world.journal.size();
  }
  EXPECT_EQ(told - before, kRoles);
  EXPECT_LE(most, kAStep);
  const auto entries = world.take_mail(ida).entries;  // beside the notices that ask her to check in
  EXPECT_EQ(std::count_if(entries.begin(), entries.end(),
                          [](const SendEntry& sent) { return sent.entry.kind == wire::EntryKind::kGap; }),
            std::ptrdiff_t{kRoles});
}

}  // namespace
}  // namespace nattevagt::broker::testing
