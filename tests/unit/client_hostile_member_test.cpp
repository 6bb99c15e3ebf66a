// A member whose device and signature are good, and who signs what is not his to say: it counts for nothing,
// and everybody is told (P-077).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

class HostileMember : public ::testing::Test {
 protected:
  HostileMember()
      : ida(world.enrol(world.ida)), amalie(world.enrol(world.amalie)), jonas(world.enrol(world.jonas)) {
    asked = world.ask(amalie);
    // House A's phone is let in, is a member as any other, and stands on no ladder.
    wire::Target unit;
    unit.kind = wire::TargetKind::kUnit;
    unit.id.bytes = world.jonas.unit->bytes;
    EXPECT_TRUE(amalie->invite(asked.conversation, unit));
    world.settle();
  }
  MessageId force(Device& device, wire::Body body) {
    return world.smuggle(device, asked.conversation, std::move(body));
  }
  MessageId advised() {
    EXPECT_TRUE(ida->take(asked.alert));
    world.settle();
    wire::Advice advice;
    advice.text = "Giv PN nu.";
    advice.medicine = wire::Medicine{"oxazepam", "15 mg", "nu", "3"};
    const auto made = ida->advise(asked.alert, advice);
    EXPECT_TRUE(made);
    world.settle();
    return made.value_or(MessageId{});
  }
  static std::size_t told(Device& device, std::string_view what) {
    const auto all = device->suspicions();
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const client::Suspicion& one) { return one.text.find(what) != std::string::npos; }));
  }
  void expect_told(std::string_view what) {
    EXPECT_EQ(told(ida, what), 1U);
    EXPECT_EQ(told(amalie, what), 1U);
  }

  MemoryWorld world;
  Device& ida;
  Device& amalie;
  Device& jonas;
  client::Client::Asked asked;
};

TEST_F(HostileMember, ATakeOffTheLadderIsNoTake) {
  force(jonas, wire::Take{asked.alert});
  expect_told("ikke står på stigen");
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kEscalating);
  ASSERT_TRUE(ida->take(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Ida Eksempel");
}

TEST_F(HostileMember, AdviceFromWhoeverHasNotTakenItIsNotAdvice) {
  wire::Advice advice;
  advice.alert = asked.alert;
  advice.text = "Giv 150 mg.";
  advice.read_back_required = true;
  const MessageId false_advice = force(jonas, advice);
  expect_told("ikke har taget kaldet");
  EXPECT_FALSE(amalie->read_back(false_advice, "150 mg")) << "nothing to read back";
  EXPECT_NE(amalie->alert(asked.alert)->view.state, wire::AlertState::kAdvised);
  // It holds nothing up either, also after a restart.
  world.reopen(amalie);
  const MessageId real = advised();
  const auto read = amalie->read_back(real, "oxazepam 15 mg nu");
  ASSERT_TRUE(read);
  world.settle();
  ASSERT_TRUE(ida->judge_read_back(*read, true));
  world.settle();
  EXPECT_TRUE(amalie->close(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kClosed);
}

TEST_F(HostileMember, AnotherUnitsReadBackIsNoReadBack) {
  const MessageId advice = advised();
  const MessageId read = force(jonas, wire::ReadBack{advice, "150 mg"});
  expect_told("ikke fra enheden, der spurgte");
  EXPECT_FALSE(ida->judge_read_back(read, true));
  EXPECT_EQ(amalie->close(asked.alert).error().code, Errc::kWrongState);
}

TEST_F(HostileMember, NobodyElseFindsAReadBackCorrect) {
  const MessageId advice = advised();
  const auto read = amalie->read_back(advice, "oxazepam 25 mg nu");
  ASSERT_TRUE(read);
  world.settle();
  force(jonas, wire::ReadBackVerdict{*read, true});
  expect_told("en anden end den, der gav rådet");
  EXPECT_EQ(amalie->close(asked.alert).error().code, Errc::kWrongState) << "still open";
}

TEST_F(HostileMember, NobodyElseEndsTheCall) {
  force(jonas, wire::Withdraw{asked.alert, "glem det"});
  expect_told("ikke kan melde det slut");
  force(jonas, wire::Close{asked.alert});
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kEscalating);
}

TEST_F(HostileMember, ATakeOfAnotherAlertIsNoTake) {
  force(ida, wire::Take{world.entropy.make_id<AlertId>()});
  EXPECT_EQ(told(amalie, "gælder en anden alarm"), 1U);
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);
}

TEST_F(HostileMember, AnHonestNightAccusesNobody) {
  const MessageId advice = advised();
  const auto read = amalie->read_back(advice, "oxazepam 15 mg nu");
  ASSERT_TRUE(read);
  world.settle();
  ASSERT_TRUE(ida->judge_read_back(*read, true));
  world.settle();
  ASSERT_TRUE(amalie->done(advice, true, ""));
  ASSERT_TRUE(ida->close(asked.alert));
  world.settle();
  for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
}

}  // namespace
}  // namespace nattevagt::testing
