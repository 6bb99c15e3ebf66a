// What a night does to a client: no net, nobody who answers, a colleague let in, a telephone lost.
#include <gtest/gtest.h>

#include <algorithm>

#include "client-lib/app/show.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using client::Delivery;
using client::OwnMessage;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::size_t count_own(const Device& device, const MessageId& id, Delivery delivery) {
  const auto all = device.all<OwnMessage>();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const OwnMessage& event) {
    return event.id == id && event.delivery == delivery;
  }));
}

wire::Target unit_target(const UnitId& unit) {
  wire::Target out;
  out.kind = wire::TargetKind::kUnit;
  out.id.bytes = unit.bytes;
  return out;
}

class ClientNight : public ::testing::Test {
 protected:
  ClientNight() : ida(world.enrol(world.ida)), amalie(world.enrol(world.amalie)) {}
  void expect_no_suspicion() {
    for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
  }

  MemoryWorld world;
  Device& ida;
  Device& amalie;
};

// DESIGN promise 7; DOMAIN 6b: the net is away for 40 s, and there is one alert.
TEST_F(ClientNight, SaysNotSentInTenSecondsAndSendsOnceTheNetIsBack) {
  world.hub->set_reachable(false);
  const auto asked = world.ask(amalie);
  EXPECT_EQ(count_own(amalie, asked.message, Delivery::kQueued), 1U);
  world.pass(seconds(11));
  EXPECT_EQ(count_own(amalie, asked.message, Delivery::kFailed), 1U);
  EXPECT_EQ(amalie->reserve_plan(), "Ring 112");
  world.reopen(amalie);  // restarted meanwhile: not said twice
  world.pass(seconds(29));
  EXPECT_EQ(count_own(amalie, asked.message, Delivery::kFailed), 1U);
  EXPECT_FALSE(amalie->outbox_empty());
  world.hub->set_reachable(true);
  world.pass(seconds(5));
  EXPECT_EQ(count_own(amalie, asked.message, Delivery::kStored), 1U);
  EXPECT_TRUE(amalie->outbox_empty());
  EXPECT_EQ(ida->alerts().size(), 1U);
  expect_no_suspicion();
}

TEST_F(ClientNight, AnAnswerThatIsLostMakesNoSecondAlert) {
  bool lost = false;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    if (to == amalie.id && std::holds_alternative<wire::Stored>(frame.body) && !lost) {
      lost = true;
      return std::vector<wire::HubFrame>{};
    }
    return std::vector<wire::HubFrame>{std::move(frame)};
  };
  const auto asked = world.ask(amalie);
  EXPECT_TRUE(lost);
  EXPECT_EQ(count_own(amalie, asked.message, Delivery::kStored), 0U);
  world.pass(seconds(40));  // no answer in 30 s: the link is taken anew
  EXPECT_EQ(count_own(amalie, asked.message, Delivery::kStored), 1U);
  EXPECT_EQ(ida->alerts().size(), 1U);
  expect_no_suspicion();
}

TEST_F(ClientNight, AnEchoThatComesAfterARestartIsNoReplay) {
  const auto asked = world.ask(amalie);
  bool hold = true;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const bool drop = hold && to == amalie.id && std::holds_alternative<wire::Entry>(frame.body);
    return drop ? std::vector<wire::HubFrame>{} : std::vector<wire::HubFrame>{std::move(frame)};
  };
  const auto said = amalie->send(asked.conversation, wire::Text{"kvitteret"});
  world.settle();
  EXPECT_EQ(count_own(amalie, *said, Delivery::kStored), 1U);
  hold = false;
  world.reopen(amalie);
  world.settle();
  EXPECT_EQ(amalie->history(asked.conversation)->back().seq, 2U + 1U);  // the request, Ida's receipt, this
  expect_no_suspicion();
}

TEST_F(ClientNight, NobodyTakesItAndTheLoudEndComes) {
  Device& rune = world.enrol(world.rune);
  const auto asked = world.ask(amalie);
  world.pass(minutes(6));
  EXPECT_EQ(rune->alert(asked.alert)->notices, std::vector{wire::NoticeKind::kFirst});
  world.pass(minutes(5));
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kExhausted);
  const auto notices = amalie->alert(asked.alert)->notices;
  EXPECT_NE(std::find(notices.begin(), notices.end(), wire::NoticeKind::kLoud), notices.end());
  ASSERT_TRUE(amalie->reserve_used(asked.alert, "Ringet 112"));
  world.settle();
  EXPECT_TRUE(rune->alert(asked.alert)->view.reserve_used);
  ASSERT_TRUE(rune->take(asked.alert));
  world.settle();
  EXPECT_TRUE(amalie->alert(asked.alert)->view.late);
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Rune Eksempel");
  expect_no_suspicion();
}

TEST_F(ClientNight, TakenWithoutAdviceIsNotTakenAnyMore) {
  Device& rune = world.enrol(world.rune);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(ida->take(asked.alert));
  world.settle();
  ASSERT_TRUE(amalie->alert(asked.alert)->taken_by);
  world.pass(minutes(16));
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);  // P-047
  ASSERT_TRUE(rune->take(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Rune Eksempel");
  expect_no_suspicion();
}

TEST_F(ClientNight, OfTwoTakersTheFirstWinsAndTheSecondIsTold) {
  Device& rune = world.enrol(world.rune);
  const auto asked = world.ask(amalie);
  const auto first = ida->take(asked.alert);
  const auto second = rune->take(asked.alert);  // before either has heard of the other
  ASSERT_TRUE(first && second);
  world.settle();
  const bool ida_won = count_own(ida, *first, Delivery::kStored) == 1;
  Device& loser = ida_won ? rune : ida;
  const auto failed = loser.all<OwnMessage>();
  const auto told = std::find_if(failed.begin(), failed.end(),
                                 [](const OwnMessage& event) { return event.delivery == Delivery::kFailed; });
  ASSERT_NE(told, failed.end());
  EXPECT_EQ(told->why, Errc::kAlreadyTaken);
  for (Device* device : {&ida, &rune, &amalie}) {
    EXPECT_EQ((*device)->alert(asked.alert)->taken_by->name, ida_won ? "Ida Eksempel" : "Rune Eksempel");
  }
  EXPECT_TRUE(loser->send(asked.conversation, wire::Text{"Jeg er med."}));  // and can go on
  world.settle();
  EXPECT_EQ(shown(amalie, "Jeg er med."), 1U);
  expect_no_suspicion();
}

TEST_F(ClientNight, AColleagueIsLetInVisiblyAndReadsFromThereOn) {
  Device& jonas = world.enrol(world.jonas);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"før"}));
  world.settle();
  ASSERT_TRUE(amalie->invite(asked.conversation, unit_target(*world.jonas.unit)));
  world.settle();
  for (Device* device : {&ida, &amalie, &jonas}) {
    EXPECT_TRUE(has_member(*device, asked.conversation, jonas.id));
  }
  EXPECT_FALSE(ida.all<client::MembersChanged>().empty());
  EXPECT_EQ(ida.all<client::MembersChanged>().back().joined.at(0).name, "Strandløkken, hus A");
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"efter"}));
  world.settle();
  EXPECT_EQ(shown(jonas, "før"), 0U);
  EXPECT_EQ(shown(jonas, "efter"), 1U);
  EXPECT_EQ(jonas->conversations().at(0).epoch_authenticator, ida->conversations().at(0).epoch_authenticator);
  expect_no_suspicion();
}

// The signed take came before he did: he can only be told by the hub.
// P-035: what was on its way when she was let in is encrypted anew, for her too; and nobody is accused of it.
TEST_F(ClientNight, WordsOnTheirWayWhenAColleagueComesInReachHer) {
  const auto asked = world.ask(amalie);
  Device& jonas = world.enrol(world.jonas);
  world.hub->set_deaf_to(ida.id, true);
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"på vej"}));
  world.settle();
  ASSERT_TRUE(amalie->invite(asked.conversation, unit_target(*world.jonas.unit)));
  world.pass(seconds(3));
  ASSERT_TRUE(has_member(jonas, asked.conversation, ida.id));
  world.hub->set_deaf_to(ida.id, false);
  world.pass(seconds(40));  // a request without an answer: the link is taken anew, the same frame sent again
  EXPECT_EQ(shown(jonas, "på vej"), 1U);
  EXPECT_EQ(shown(amalie, "på vej"), 1U);
  EXPECT_TRUE(ida->outbox_empty());
  expect_no_suspicion();
}

// An act moves the alert, a question makes one: each has its own call with its own checks.
TEST_F(ClientNight, WordsThatHaveTheirOwnCallAreNotSentAsText) {
  const auto asked = world.ask(amalie);
  wire::Advice advice;
  advice.alert = asked.alert;
  advice.text = "Giv PN nu.";
  const std::vector<wire::Body> own_calls = {
      wire::Take{asked.alert},        wire::Decline{asked.alert, "optaget"},
      wire::Close{asked.alert},       wire::Withdraw{asked.alert, "rolig"},
      wire::ReserveUsed{asked.alert, "112"}, advice,
      wire::ReadBack{asked.message, "15 mg"}, wire::ReadBackVerdict{asked.message, true},
      wire::Done{asked.message, true, "", world.clock.now()},
      wire::Seen{asked.message, wire::SeenStage::kSeen}, wire::AdviceRequest{}};
  for (const wire::Body& body : own_calls) {
    const auto made = ida->send(asked.conversation, body);
    ASSERT_FALSE(made) << body.index();
    EXPECT_EQ(made.error().code, Errc::kNotPermitted) << body.index();
  }
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kEscalating);
  EXPECT_TRUE(ida->send(asked.conversation, wire::Observation{"sover", world.clock.now()}));
}

TEST_F(ClientNight, AColleagueCalledInAfterTheTakeIsWarnedAndAccusesNobody) {
  Device& jonas = world.enrol(world.jonas);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(ida->take(asked.alert));
  world.settle();
  ASSERT_TRUE(amalie->invite(asked.conversation, unit_target(*world.jonas.unit)));
  world.settle();
  ASSERT_TRUE(ida->advise(asked.alert, wire::Advice{{}, "Vent.", false, {}}));
  world.pass(seconds(30));
  ASSERT_TRUE(jonas->alert(asked.alert));
  EXPECT_FALSE(jonas->alert(asked.alert)->taken_by);
  EXPECT_EQ(jonas->alert(asked.alert)->warnings.size(), 1U);
  expect_no_suspicion();
}

TEST_F(ClientNight, AnOwnCommitIsKnownAgainAfterARestart) {
  Device& jonas = world.enrol(world.jonas);
  const auto asked = world.ask(amalie);
  bool hold = true;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const bool drop = hold && to == amalie.id && std::holds_alternative<wire::Entry>(frame.body);
    return drop ? std::vector<wire::HubFrame>{} : std::vector<wire::HubFrame>{std::move(frame)};
  };
  ASSERT_TRUE(amalie->invite(asked.conversation, unit_target(*world.jonas.unit)));
  world.settle();
  EXPECT_FALSE(has_member(amalie, asked.conversation, jonas.id));  // not before it comes back in the stream
  hold = false;
  world.reopen(amalie);
  world.settle();
  EXPECT_TRUE(has_member(amalie, asked.conversation, jonas.id));
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"velkommen"}));
  world.settle();
  EXPECT_EQ(shown(jonas, "velkommen"), 1U);
  expect_no_suspicion();
}

// P-035: two commits of one epoch; the loser catches up and does it again.
TEST_F(ClientNight, OfTwoCommitsBothComeToPass) {
  Device& jonas = world.enrol(world.jonas);
  Device& rune = world.enrol(world.rune);
  Device& second = world.enrol({&world.havbakken, "Lis Vagt", "sygeplejerske",
                                world.entropy.make_id<PersonId>(), std::nullopt, wire::HolderKind::kPerson});
  world.havbakken.roster.roles.push_back({world.entropy.make_id<RoleId>(), {}, {second->self()->id}});
  world.havbakken.roster.roles.back().sealed_label =
      world.havbakken.label("akutmodtagelse", "", world.havbakken.roster.roles.back().id.view());
  world.publish(world.havbakken);
  world.settle();
  const auto asked = world.ask(amalie);
  wire::Target lis;
  lis.kind = wire::TargetKind::kPerson;
  lis.id.bytes = second->self()->id.bytes;
  ASSERT_TRUE(amalie->invite(asked.conversation, unit_target(*world.jonas.unit)));
  ASSERT_TRUE(ida->invite(asked.conversation, lis));
  world.settle();
  world.pass(seconds(5));
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"efter begge"}));
  world.settle();
  for (Device* device : {&ida, &amalie, &jonas, &rune, &second}) {
    EXPECT_TRUE(has_member(*device, asked.conversation, jonas.id));
    EXPECT_TRUE(has_member(*device, asked.conversation, second.id));
    EXPECT_TRUE((*device)->outbox_empty());
    EXPECT_EQ(shown(*device, "efter begge"), device == &ida ? 0U : 1U);
  }
  expect_no_suspicion();
}

TEST_F(ClientNight, ARevokedTelephoneIsPutOutOfEveryConversation) {
  Device& rune = world.enrol(world.rune);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(has_member(amalie, asked.conversation, rune.id));
  world.revoke(world.havbakken, rune.id);
  world.pass(seconds(10));
  EXPECT_FALSE(has_member(amalie, asked.conversation, rune.id));
  EXPECT_FALSE(has_member(ida, asked.conversation, rune.id));
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"uden den tabte"}));
  world.settle();
  EXPECT_EQ(shown(amalie, "uden den tabte"), 1U);
  EXPECT_EQ(shown(rune, "uden den tabte"), 0U);
  const auto again = world.ask(amalie);
  EXPECT_FALSE(has_member(amalie, again.conversation, rune.id));
  EXPECT_FALSE(rune.all<client::Revoked>().empty());
  expect_no_suspicion();
}

TEST_F(ClientNight, WhoeverComesOnDutyIsAddedToTheOpenAlert) {
  const auto asked = world.ask(amalie);
  Device& rune = world.enrol(world.rune);  // had no device when it was raised
  EXPECT_FALSE(has_member(amalie, asked.conversation, rune.id));
  world.publish(world.havbakken);
  world.pass(seconds(3));
  EXPECT_TRUE(has_member(amalie, asked.conversation, rune.id));
  world.pass(minutes(6));
  EXPECT_TRUE(rune->take(asked.alert));
  world.settle();
  EXPECT_TRUE(amalie->alert(asked.alert)->taken_by);
  expect_no_suspicion();
}

TEST_F(ClientNight, AnOldShiftIsNoReasonToStayOut) {
  const auto asked = world.ask(amalie);
  // 23.00: Rune takes the first role over from Ida, who stays in the incident.
  Device& rune = world.enrol(world.rune);
  world.havbakken.roster.roles[0].holders = {world.rune.person};
  world.publish(world.havbakken);
  world.pass(seconds(3));
  EXPECT_TRUE(has_member(rune, asked.conversation, ida.id));
  EXPECT_TRUE(has_member(rune, asked.conversation, rune.id));
  expect_no_suspicion();
}

TEST_F(ClientNight, SomebodyOffTheLadderMayNotTake) {
  Device& jonas = world.enrol(world.jonas);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(amalie->invite(asked.conversation, unit_target(*world.jonas.unit)));
  world.settle();
  EXPECT_FALSE(jonas->take(asked.alert));
  EXPECT_EQ(amalie->take(asked.alert).error().code, Errc::kNotPermitted);
  EXPECT_EQ(ida->advise(asked.alert, wire::Advice{{}, "før overtagelse", false, {}}).error().code,
            Errc::kWrongState);
}

TEST_F(ClientNight, AnotherTelephoneOfTheUnitSeesAndMayClose) {
  Device& second = world.enrol(world.unit_b_second);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(has_member(second, asked.conversation, amalie.id));
  EXPECT_TRUE(second->alert(asked.alert)->own_unit);
  ASSERT_TRUE(second->withdraw(asked.alert, "Falsk alarm"));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kWithdrawn);
  expect_no_suspicion();
}

// P-141: the loud end of a drill says so, and gives nobody a number to ring for it.
TEST_F(ClientNight, LoudEndOfADrillIsMarkedAndShowsNoReservePlan) {
  for (const bool drill : {true, false}) {
    amalie.events.clear();
    client::Question question = world.question();
    question.drill = drill;
    const auto asked = amalie->ask(question);
    ASSERT_TRUE(asked);
    world.pass(minutes(20));
    std::string shown;
    for (const auto& changed : amalie.all<client::AlertChanged>()) {
      if (changed.notice != wire::NoticeKind::kLoud || changed.alert.view.alert != asked->alert) continue;
      shown = client::cli::event_block(client::Event(changed), *amalie, {}, false);
      EXPECT_EQ(shown.find("ØVELSE") != std::string::npos, drill) << shown;
      EXPECT_EQ(shown.find(amalie->reserve_plan()) == std::string::npos, drill) << shown;
    }
    EXPECT_FALSE(shown.empty());
  }
}

TEST_F(ClientNight, SeenIsToldToTheAuthor) {
  world.enrol(world.rune);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(ida->mark_seen(asked.message));
  ASSERT_TRUE(ida->mark_seen(asked.message));
  world.settle();
  EXPECT_EQ(count_own(amalie, asked.message, Delivery::kSeen), 1U);
  EXPECT_EQ(amalie->history(asked.conversation)->at(0).delivery, Delivery::kSeen);
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);  // seen is not taken
  // By person: Ida has seen it, on Rune's telephone it lies; both have signed that.
  const auto receipts = amalie->receipts(asked.conversation);
  ASSERT_TRUE(receipts);
  std::map<PersonId, wire::SeenStage> stages;
  for (const client::PersonReceipt& receipt : *receipts) {
    EXPECT_EQ(receipt.message, asked.message);
    EXPECT_TRUE(stages.emplace(receipt.person.id, receipt.stage).second) << "one line a person";
  }
  EXPECT_EQ(stages.at(world.ida.person), wire::SeenStage::kSeen);
  EXPECT_EQ(stages.at(world.rune.person), wire::SeenStage::kOnDevice);
}

TEST_F(ClientNight, KeyPackagesAreFilledUp) {
  std::uint32_t published = 0;
  world.hub->overhear = [&](DeviceId from, const wire::ClientFrame& frame) {
    const auto* publish = std::get_if<wire::PublishKeyPackages>(&frame.body);
    if (publish != nullptr && from == ida.id)
      published += static_cast<std::uint32_t>(publish->packages.size());
  };
  for (int i = 0; i < 12; ++i) {
    static_cast<void>(world.ask(amalie));
    world.pass(seconds(16));
  }
  EXPECT_GE(published, 10U);
  EXPECT_EQ(ida->alerts().size(), 12U);
  expect_no_suspicion();
}

TEST_F(ClientNight, WithoutAnyKeyPackageTheLastResortServes) {
  world.close(ida);
  std::vector<client::Client::Asked> asked;
  for (int i = 0; i < 33; ++i) asked.push_back(world.ask(amalie));
  world.reopen(ida);
  world.settle();
  EXPECT_EQ(ida->alerts().size(), 33U);
  for (const auto& one : asked) EXPECT_TRUE(has_member(ida, one.conversation, ida.id));
  expect_no_suspicion();
}

// P-093: packages live for 90 days. Where a call a month comes, thirty of them would lie at the hub for longer.
TEST_F(ClientNight, AQuietPlacesKeyPackagesNeverExpireAtTheHub) {
  std::uint32_t instead = 0;
  world.hub->overhear = [&](DeviceId from, const wire::ClientFrame& frame) {
    const auto* publish = std::get_if<wire::PublishKeyPackages>(&frame.body);
    if (publish != nullptr && from == ida.id && publish->instead) ++instead;
  };
  const auto long_after = [&](int days) {
    for (Device* device : {&ida, &amalie}) world.close(*device);
    world.clock.advance(hours(24 * days));
    world.hub->run();
    for (Device* device : {&ida, &amalie}) world.reopen(*device);
    world.pass(seconds(20));
  };
  for (int month = 0; month < 7; ++month) {
    long_after(29);
    const auto asked = world.ask(amalie);
    EXPECT_TRUE(has_member(ida, asked.conversation, ida.id)) << month;
  }
  EXPECT_EQ(instead, 2U) << "after 87 days and 87 days more, and not with every ping";
  expect_no_suspicion();
}

TEST_F(ClientNight, WhoWasAwayForASeasonIsLeftOutWithoutBlameAndIsInTheNextCall) {
  world.close(ida);
  world.clock.advance(hours(24 * 100));
  world.hub->run();
  world.reopen(amalie);
  world.pass(seconds(20));
  const auto without = world.ask(amalie);
  world.reopen(ida);
  world.pass(seconds(20));
  const auto asked = world.ask(amalie);
  EXPECT_TRUE(has_member(ida, asked.conversation, ida.id));
  EXPECT_GT(amalie->alert(without.alert)->warnings.size(), amalie->alert(asked.alert)->warnings.size())
      << "she is told where the words cannot be read";
  expect_no_suspicion();
}

TEST_F(ClientNight, ALinkThatIsUpButDeadIsTakenAnew) {
  const auto asked = world.ask(amalie);
  world.hub->set_deaf_to(amalie.id, true);
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"i et hul"}));
  world.pass(seconds(20));
  world.hub->set_deaf_to(amalie.id, false);
  world.pass(seconds(30));
  EXPECT_EQ(shown(ida, "i et hul"), 1U);
  expect_no_suspicion();
}

TEST_F(ClientNight, TheHubRestartsAndNothingIsLost) {
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(ida->take(asked.alert));
  world.hub->restart();
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"efter genstart"}));
  world.settle();
  world.pass(seconds(3));
  EXPECT_EQ(shown(ida, "efter genstart"), 1U);
  EXPECT_TRUE(amalie->alert(asked.alert)->taken_by);
  expect_no_suspicion();
}

TEST_F(ClientNight, SyncEndsWhenAllIsHere) {
  const auto asked = world.ask(amalie);
  world.close(ida);
  for (int i = 0; i < 300; ++i) {  // more than the hub's credit
    ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"nr. " + std::to_string(i)}));
  }
  ASSERT_TRUE(amalie->sync(minutes(5), {}));
  world.reopen(ida);
  std::size_t got = 0;
  ASSERT_TRUE(ida->sync(minutes(5), [&](const client::Event& event) {
    if (std::holds_alternative<client::NewMessage>(event)) ++got;
  }));
  EXPECT_EQ(got, 300U);
  expect_no_suspicion();
}

}  // namespace
}  // namespace nattevagt::testing
