// The rota as a client meets it, with the real hub core: who reads a call, and who may take it (P-105,
// P-106).
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/rota/copenhagen.h"
#include "proto/rota/rota.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using namespace std::chrono;

// It is 02.40. Ida and Lis may both be first on call; the rota gives every night to Ida.
struct ClientDuty : ::testing::Test {
  MemoryWorld world;
  MemoryWorld::Holder lis_of = {
      &world.havbakken, "Lis Vagt", "overlæge", world.entropy.make_id<PersonId>(), {}};
  Device& ida = world.enrol(world.ida);
  Device& lis = world.enrol(lis_of);
  Device& rune = world.enrol(world.rune);
  Device& amalie = world.enrol(world.amalie);
  wire::Rota rota;
  std::uint64_t version = 0;

  ClientDuty() {
    world.havbakken.roster.roles[0].holders = {world.ida.person, lis_of.person};
    world.publish(world.havbakken);
    const auto today = rota::to_local(world.clock.now()).day;
    rota.roles = {{world.first_role,
                   {{wire::kEveryDay, 0, 0}},
                   {{1, today - days(7), {}, 1, {{world.ida.person}}}},
                   {},
                   {}}};
    publish();
    world.settle();
  }
  void publish() {
    rota.issued_at = world.clock.now();
    // P-107: the hub takes no gap that nobody has signed for.
    for (const auto& gap : rota::gaps(rota, rota.issued_at, rota.issued_at + rota::kGapLookAhead)) {
      if (gap.accepted) continue;
      rota.overrides.push_back({wire::OverrideKind::kAcceptedGap, gap.role, gap.from, gap.until, {}, {}});
    }
    const auto document = world.havbakken.sign(wire::DocumentKind::kRota, ++version, wire::encode(rota));
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(
        world.hub->as_organisation(world.havbakken.card, wire::PublishDocument{document})));
  }
  wire::DutyOverride lis_from(UtcTime from) const {
    return {wire::OverrideKind::kTakeOver, world.first_role, from, from + hours(8), {lis_of.person}, {}};
  }
  void expect_taken_by_lis(const client::Client::Asked& asked) {
    ASSERT_TRUE(lis->take(asked.alert));
    world.settle();
    const auto alert = amalie->alert(asked.alert);
    EXPECT_EQ(alert->view.state, wire::AlertState::kTaken);
    ASSERT_TRUE(alert->taken_by);
    EXPECT_EQ(alert->taken_by->name, "Lis Vagt");
    for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
  }
};

TEST_F(ClientDuty, ACallIsReadByThoseOnDutyAlone) {
  const auto asked = world.ask(amalie);
  EXPECT_TRUE(has_member(amalie, asked.conversation, ida.id));
  EXPECT_TRUE(has_member(amalie, asked.conversation, rune.id));
  EXPECT_FALSE(has_member(amalie, asked.conversation, lis.id));
  EXPECT_TRUE(lis->alerts().empty());
}

TEST_F(ClientDuty, WhoTakesTheDutyOverComesIntoTheCallAndMayTakeIt) {
  const auto asked = world.ask(amalie);
  rota.overrides = {lis_from(world.clock.now())};
  publish();
  world.pass(seconds(3));
  EXPECT_TRUE(has_member(amalie, asked.conversation, lis.id));
  EXPECT_TRUE(has_member(amalie, asked.conversation, ida.id)) << "nobody who was rung is taken off";
  expect_taken_by_lis(asked);
}

TEST_F(ClientDuty, AShiftThatBeginsLongAfterTheCallBringsItsHolderIn) {
  rota.overrides = {lis_from(world.clock.now() + hours(3))};
  publish();
  world.settle();
  const auto asked = world.ask(amalie);
  EXPECT_FALSE(has_member(amalie, asked.conversation, lis.id));
  world.pass(minutes(11));  // the ladder has ended; the call is open
  world.clock.advance(hours(3));
  world.pass(seconds(20));
  EXPECT_TRUE(has_member(amalie, asked.conversation, lis.id));
  expect_taken_by_lis(asked);
}

TEST_F(ClientDuty, AShiftThatBeginsSoonIsInTheCallFromTheStart) {
  rota.overrides = {lis_from(world.clock.now() + minutes(2))};
  publish();
  world.settle();
  const auto asked = world.ask(amalie);
  EXPECT_TRUE(has_member(amalie, asked.conversation, lis.id));
  world.pass(minutes(2) + seconds(1));
  expect_taken_by_lis(asked);
}

TEST_F(ClientDuty, InAGapTheBackupReadsAndTakesTheCall) {
  rota.roles[0].duties.clear();
  rota.roles[0].backup = world.second_role;
  publish();
  world.settle();
  const auto asked = world.ask(amalie);
  EXPECT_FALSE(has_member(amalie, asked.conversation, ida.id));
  ASSERT_TRUE(rune->take(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->view.step, 0U) << "rung in the first step";
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Rune Eksempel");
  for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
}

TEST_F(ClientDuty, WhoAnswersInARolesSteadIsBelievedThoughOnNoStepOfTheLadder) {
  MemoryWorld::Holder dagny_of = {
      &world.havbakken, "Dagny Dag", "overlæge", world.entropy.make_id<PersonId>(), {}};
  Device& dagny = world.enrol(dagny_of);
  const RoleId day = world.entropy.make_id<RoleId>();
  world.havbakken.roster.roles.push_back(
      {day, world.havbakken.label("dagvagt", "", day.view()), {dagny_of.person}});
  world.publish(world.havbakken);
  rota.roles[0].windows = {{wire::kEveryDay, 7 * 60, 8 * 60}};
  rota.roles[0].daytime = day;
  publish();
  world.settle();
  const auto asked = world.ask(amalie);
  EXPECT_TRUE(has_member(amalie, asked.conversation, dagny.id));
  EXPECT_FALSE(has_member(amalie, asked.conversation, ida.id));
  ASSERT_TRUE(dagny->take(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Dagny Dag");
  for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
}

}  // namespace
}  // namespace nattevagt::testing
