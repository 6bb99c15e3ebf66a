// The rota as a client meets it, with the real hub core: who reads a call, and who may take it (P-105,
// P-106).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/duty_night.h"

namespace nattevagt::testing {
namespace {

using namespace std::chrono;

struct ClientDuty : DutyNight {
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
    expect_no_suspicion();
  }
};

TEST_F(ClientDuty, ACallIsReadByThoseOnDutyAlone) {
  const auto asked = world.ask(amalie);
  EXPECT_TRUE(has_member(amalie, asked.conversation, ida.id));
  EXPECT_TRUE(has_member(amalie, asked.conversation, rune.id));
  EXPECT_FALSE(has_member(amalie, asked.conversation, lis.id));
  EXPECT_TRUE(lis->alerts().empty());
}

// P-022: from the roster, before a message or a check-in has brought her certificate.
TEST_F(ClientDuty, WhoAnswersIsNamedBeforeAnybodyHasMetHer) {
  std::set<std::vector<std::string>> shown;
  for (const client::DutyLine& line : amalie->duty(std::nullopt)) shown.insert(line.people);
  const std::set<std::vector<std::string>> ida_then_rune = {{"Ida Eksempel"}, {"Rune Eksempel"}};
  EXPECT_EQ(shown, ida_then_rune);
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
  expect_no_suspicion();
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
  expect_no_suspicion();
}

}  // namespace
}  // namespace nattevagt::testing
