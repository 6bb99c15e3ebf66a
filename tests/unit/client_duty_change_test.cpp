// Swaps and take-overs from one's own telephone, with the real hub core (P-111 to P-114).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/duty_night.h"

namespace nattevagt::testing {
namespace {

using namespace std::chrono;
using client::DutyAnswered;
using client::DutyNews;

struct ClientDutyChange : DutyNight {
  // The hub's last word on what the device posted; kDuplicate when there is none.
  static Errc answer(const Device& device) {
    const auto all = device.all<DutyAnswered>();
    return all.empty() ? Errc::kDuplicate : all.back().why;
  }
  static std::vector<std::string> first_on_call(Device& device) {
    for (const auto& line : device->duty({})) {
      if (line.target == "vagthavende") return line.people;
    }
    return {};
  }
};

TEST_F(ClientDutyChange, AskedOnOneTelephoneAcceptedOnAnotherAndInForceForAll) {
  const UtcTime now = world.clock.now();
  const auto id = ida->ask_swap({world.first_role, now, now + hours(5), {}});
  ASSERT_TRUE(id) << id.error().where;
  world.settle();
  EXPECT_EQ(answer(ida), Errc{});
  const auto asked = lis.all<DutyNews>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].change.waits_for_us);
  EXPECT_EQ(asked[0].change.gives, "Ida Eksempel") << "known by the certificate that came with it";
  EXPECT_TRUE(rune.all<DutyNews>().empty()) << "it is none of his roles";
  EXPECT_FALSE(ida->duty_changes()[0].waits_for_us);
  const auto before = world.ask(amalie);
  EXPECT_FALSE(has_member(amalie, before.conversation, lis.id));

  ASSERT_TRUE(lis->accept_swap(*id));
  world.settle();
  EXPECT_EQ(answer(lis), Errc{});
  EXPECT_EQ(first_on_call(amalie), std::vector<std::string>{"Lis Vagt"});
  ASSERT_FALSE(amalie.all<DutyNews>().empty()) << "the residence hears who answers now";
  EXPECT_TRUE(amalie.all<DutyNews>().back().change.in_force);
  world.pass(seconds(3));
  EXPECT_TRUE(has_member(amalie, before.conversation, lis.id)) << "the open call follows the duty";
  const auto after = world.ask(amalie);
  EXPECT_TRUE(has_member(amalie, after.conversation, lis.id));
  EXPECT_FALSE(has_member(amalie, after.conversation, ida.id));
  ASSERT_TRUE(lis->take(after.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(after.alert)->taken_by->name, "Lis Vagt");
  expect_no_suspicion();
}

TEST_F(ClientDutyChange, ATakeOverIsInForceAtOnceSurvivesARestartAndTheOrganisationTakesItBack) {
  const auto id = lis->take_over(world.first_role, world.clock.now() + hours(4));
  ASSERT_TRUE(id) << id.error().where;
  world.settle();
  EXPECT_EQ(first_on_call(amalie), std::vector<std::string>{"Lis Vagt"});
  world.reopen(amalie);
  EXPECT_EQ(first_on_call(amalie), std::vector<std::string>{"Lis Vagt"});
  rota.revoked_changes = {*id};
  publish();
  world.settle();
  EXPECT_NE(first_on_call(amalie), std::vector<std::string>{"Lis Vagt"});
  EXPECT_FALSE(amalie->duty_changes()[0].in_force);
  expect_no_suspicion();
}

TEST_F(ClientDutyChange, WhatTheRulesForbidIsRefusedOnTheTelephoneItself) {
  const UtcTime now = world.clock.now();
  EXPECT_EQ(rune->take_over(world.first_role, {}).error().code, Errc::kNotPermitted);
  EXPECT_EQ(lis->ask_swap({world.first_role, now, now + hours(1), {}}).error().code, Errc::kWrongState);
  EXPECT_EQ(ida->ask_swap({world.first_role, now, now + hours(1), rune->self()->id}).error().code,
            Errc::kNotPermitted);
  EXPECT_EQ(ida->ask_swap({world.second_role, now, now + hours(1), {}}).error().code, Errc::kNotFound);
  EXPECT_EQ(amalie->take_over(world.first_role, {}).error().code, Errc::kNotFound) << "not her organisation's";
  EXPECT_EQ(lis->accept_swap(world.entropy.make_id<DutyChangeId>()).error().code, Errc::kNotFound);
}

TEST_F(ClientDutyChange, AHubThatMakesOneUpIsCaught) {
  const auto id = lis->take_over(world.first_role, world.clock.now() + hours(4));
  ASSERT_TRUE(id);
  // The same words, with another end: the hub cannot sign them.
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* documents = std::get_if<wire::Documents>(&frame.body)) {
      for (auto& document : documents->documents) {
        if (document.kind != wire::DocumentKind::kDutyChanges) continue;
        auto changes = *wire::decode_duty_changes(document.body);
        auto change = *wire::decode_duty_change(changes.items[0].body);
        change.until += hours(3);
        changes.items[0].body = wire::encode(change);
        document.body = wire::encode(changes);
      }
    }
    return std::vector<wire::HubFrame>{std::move(frame)};
  };
  world.settle();
  EXPECT_NE(first_on_call(amalie), std::vector<std::string>{"Lis Vagt"});
  const auto caught = amalie->suspicions();
  ASSERT_FALSE(caught.empty());
  EXPECT_EQ(caught[0].code, Errc::kBadSignature);
}

// The signatures are good, and they were given to the region: no hub carries them to the municipality.
TEST_F(ClientDutyChange, AHubThatCarriesOneToAnotherOrganisationIsCaught) {
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* documents = std::get_if<wire::Documents>(&frame.body)) {
      for (auto& document : documents->documents) {
        if (document.kind == wire::DocumentKind::kDutyChanges) document.organisation = world.solvang.card.id;
      }
    }
    return std::vector<wire::HubFrame>{std::move(frame)};
  };
  ASSERT_TRUE(lis->take_over(world.first_role, world.clock.now() + hours(4)));
  world.settle();
  EXPECT_TRUE(amalie->duty_changes().empty());
  const auto caught = amalie->suspicions();
  ASSERT_FALSE(caught.empty());
  EXPECT_EQ(caught[0].code, Errc::kUntrusted);
  world.hub->tamper = {};
}

TEST_F(ClientDutyChange, WithoutTheHubItIsSentWhenItComesBackAndIsOneChange) {
  world.hub->set_reachable(false);
  ASSERT_TRUE(lis->take_over(world.first_role, world.clock.now() + hours(4)));
  world.pass(seconds(5));
  EXPECT_EQ(answer(lis), Errc::kDuplicate) << "no word yet";
  world.hub->set_reachable(true);
  world.pass(seconds(5));
  EXPECT_EQ(answer(lis), Errc{});
  EXPECT_EQ(amalie->duty_changes().size(), 1U);
  expect_no_suspicion();
}

}  // namespace
}  // namespace nattevagt::testing
