// A taken alert that is handed over, as each of the three sees it (P-116).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct ClientHandOver : ::testing::Test {
  MemoryWorld world;
  Device& ida = world.enrol(world.ida);
  Device& rune = world.enrol(world.rune);
  Device& amalie = world.enrol(world.amalie);
  client::Client::Asked asked = world.ask(amalie);

  ClientHandOver() {
    EXPECT_TRUE(ida->take(asked.alert));
    world.settle();
  }
  std::string taker(Device& device) {
    const auto alert = device->alert(asked.alert);
    return alert && alert->taken_by ? alert->taken_by->name : std::string();
  }
  void expect_no_suspicion() {
    for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
  }
};

TEST_F(ClientHandOver, IsShownTruthfullyOnAllThreeBeforeAndAfterTheYes) {
  ASSERT_TRUE(ida->hand_over(asked.alert, world.rune.person));
  world.settle();
  for (Device* device : {&ida, &rune, &amalie}) {
    EXPECT_EQ(taker(*device), "Ida Eksempel") << "until the yes it is hers";
    const auto alert = (*device)->alert(asked.alert);
    EXPECT_EQ(alert->handing_to, world.rune.person);
    EXPECT_EQ(alert->handing_to_name, "Rune Eksempel");
    EXPECT_EQ(alert->asked_to_take, device == &rune);
  }
  world.reopen(rune);
  ASSERT_TRUE(rune->take(asked.alert));
  world.settle();
  for (Device* device : {&ida, &rune, &amalie}) {
    EXPECT_EQ(taker(*device), "Rune Eksempel");
    EXPECT_FALSE((*device)->alert(asked.alert)->handing_to);
  }
  EXPECT_FALSE(ida->take(asked.alert)) << "it has been given away";
  wire::Advice advice;
  advice.text = "Vi ser tiden an.";
  ASSERT_TRUE(rune->advise(asked.alert, advice));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kAdvised);
  expect_no_suspicion();
}

TEST_F(ClientHandOver, ANoAndASilenceAreSeenByAll) {
  ASSERT_TRUE(ida->hand_over(asked.alert, world.rune.person));
  world.settle();
  ASSERT_TRUE(rune->decline(asked.alert, "Jeg er i en indlæggelse"));
  world.settle();
  for (Device* device : {&ida, &rune, &amalie}) {
    EXPECT_EQ(taker(*device), "Ida Eksempel");
    EXPECT_FALSE((*device)->alert(asked.alert)->handing_to);
  }
  ASSERT_TRUE(ida->hand_over(asked.alert, world.rune.person));
  world.pass(limits::kHandOverWithin + seconds(2));
  EXPECT_EQ(taker(amalie), "") << "the ladder goes on";
  EXPECT_FALSE(amalie->alert(asked.alert)->handing_to);
  ASSERT_TRUE(rune->take(asked.alert));
  world.settle();
  EXPECT_EQ(taker(amalie), "Rune Eksempel");
  expect_no_suspicion();
}

TEST_F(ClientHandOver, EndsWithTheFirstOnesAdviceAndNobodyIsAskedAnyMore) {
  ASSERT_TRUE(ida->hand_over(asked.alert, world.rune.person));
  world.settle();
  ASSERT_TRUE(rune->alert(asked.alert)->asked_to_take);
  wire::Advice advice;
  advice.text = "Vi ser tiden an.";
  ASSERT_TRUE(ida->advise(asked.alert, advice));
  world.settle();
  for (Device* device : {&ida, &rune, &amalie}) {
    EXPECT_EQ(taker(*device), "Ida Eksempel");
    EXPECT_FALSE((*device)->alert(asked.alert)->handing_to);
    EXPECT_FALSE((*device)->alert(asked.alert)->asked_to_take) << "what is asked rings";
  }
  world.reopen(rune);
  EXPECT_FALSE(rune->alert(asked.alert)->asked_to_take);
  expect_no_suspicion();
}

TEST_F(ClientHandOver, OnlyWhoHasItHandsItOver) {
  EXPECT_EQ(rune->hand_over(asked.alert, world.ida.person).error().code, Errc::kNotPermitted);
  EXPECT_EQ(ida->hand_over(asked.alert, world.ida.person).error().code, Errc::kInvalidValue);
  // A member can sign anything: Rune's word that Ida's call is somebody else's.
  world.smuggle(rune, asked.conversation, wire::HandOver{asked.alert, world.amalie.person});
  world.settle();
  EXPECT_EQ(taker(amalie), "Ida Eksempel");
  EXPECT_FALSE(amalie->alert(asked.alert)->handing_to);
  EXPECT_FALSE(amalie->suspicions().empty());
}

}  // namespace
}  // namespace nattevagt::testing
