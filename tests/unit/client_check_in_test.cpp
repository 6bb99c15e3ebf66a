// "Jeg er på vagt" from a real device to a real hub core, and what the residence's phone shows of it (P-180 to
// P-187).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/duty_night.h"

namespace nattevagt::testing {
namespace {

using namespace std::chrono;
using client::CheckInAnswered;
using client::CheckInDue;
using client::CheckInState;
using client::Reachable;
using client::RoleReachChanged;
using wire::DutyTrouble;

struct ClientCheckIn : DutyNight {
  client::Reach reach_at(Device& device) {
    for (const client::DutyLine& line : device->duty(std::nullopt)) {
      if (line.target == "vagthavende") return line.reach;
    }
    ADD_FAILURE() << "no such line";
    return {};
  }
  void check_in(Device& device) {
    ASSERT_TRUE(device->check_in(world.first_role));
    world.settle();
    ASSERT_FALSE(device.all<CheckInAnswered>().empty());
    EXPECT_EQ(device.all<CheckInAnswered>().back().why, Errc{});
  }
};

TEST_F(ClientCheckIn, TheNoticeRingsAndHerAnswerIsShownAtTheResidenceByHerSignature) {
  const auto due = ida.all<CheckInDue>();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].check_in.role_label, "vagthavende");
  EXPECT_TRUE(due[0].check_in.can_open);
  EXPECT_TRUE(lis.all<CheckInDue>().empty());
  ASSERT_EQ(ida->check_ins().size(), 1U);
  EXPECT_EQ(ida->check_ins()[0].state, CheckInState::kAsked);
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kUnknown) << "it is early, and nobody has said anything";
  EXPECT_FALSE(reach_at(amalie).checked_in);
  check_in(ida);
  EXPECT_EQ(ida->check_ins()[0].state, CheckInState::kDone);
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kYes);
  EXPECT_TRUE(reach_at(amalie).checked_in);
  ASSERT_EQ(amalie.all<RoleReachChanged>().size(), 1U) << "a screen that shows the board must hear of it";
  EXPECT_EQ(amalie.all<RoleReachChanged>()[0].reach.reachable, Reachable::kYes);
  const auto lines = amalie->duty(std::nullopt);
  EXPECT_EQ(lines[0].people, std::vector<std::string>{"Ida Eksempel"}) << "her signature names her";
  const auto board = amalie->ladder(wire::Severity::kRed);
  EXPECT_EQ(board[0].places[0].reach.reachable, Reachable::kYes);
  EXPECT_EQ(board[1].places[0].reach.reachable, Reachable::kUnknown) << "no rota names the second on call";
  EXPECT_EQ(ida->check_in(world.first_role).error().code, Errc::kWrongState) << "once";
  EXPECT_EQ(rune->check_in(world.first_role).error().code, Errc::kNotFound);
  world.pass(minutes(20));
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kYes);
  expect_no_suspicion();
}

TEST_F(ClientCheckIn, WhoSaysNothingIsShownAsOneWhoMayNotAnswerAndAgainWhenSheDoes) {
  world.pass(minutes(10) + seconds(1));
  const client::Reach reach = reach_at(amalie);
  EXPECT_EQ(reach.reachable, Reachable::kNo);
  EXPECT_EQ(reach.reason, DutyTrouble::kNotCheckedIn);
  EXPECT_LE(reach.since, world.clock.now());
  ASSERT_EQ(amalie.all<RoleReachChanged>().size(), 1U);
  ASSERT_EQ(ida.all<RoleReachChanged>().size(), 1U) << "her own device is told";
  EXPECT_TRUE(rune.all<RoleReachChanged>().empty());
  check_in(ida);
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kYes);
  EXPECT_EQ(amalie.all<RoleReachChanged>().size(), 2U);
  expect_no_suspicion();
}

TEST_F(ClientCheckIn, ANoticeAndAnAnswerOutliveRestarts) {
  world.reopen(ida);
  world.settle();
  ASSERT_EQ(ida->check_ins().size(), 1U);
  EXPECT_TRUE(ida->check_ins()[0].can_open);
  world.hub->restart();
  world.settle();
  check_in(ida);
  world.reopen(ida);
  world.settle();
  EXPECT_EQ(ida->check_ins()[0].state, CheckInState::kDone);
  world.reopen(amalie);
  world.settle();
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kYes) << "asked for again after the connection";
}

TEST_F(ClientCheckIn, AnAnswerWaitsForTheConnection) {
  world.hub->set_reachable(false);
  world.pass(seconds(1));
  ASSERT_TRUE(ida->check_in(world.first_role));
  world.settle();
  EXPECT_EQ(ida->check_ins()[0].state, CheckInState::kSent);
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kUnknown) << "an old word is no word";
  world.hub->set_reachable(true);
  world.pass(seconds(30));
  EXPECT_EQ(ida->check_ins()[0].state, CheckInState::kDone);
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kYes);
}

TEST_F(ClientCheckIn, HerOtherPhoneShowsThatItIsDone) {
  Device& second = world.enrol(world.ida);
  ASSERT_EQ(second->check_ins().size(), 1U) << "a new phone is asked anew";
  check_in(second);
  world.settle();
  EXPECT_EQ(ida->check_ins()[0].state, CheckInState::kDone);
}

// P-181: the hub's stock holds keys that this device does not have, as after an old backup.
TEST_F(ClientCheckIn, ADeviceThatCouldNotOpenACallDoesNotCheckIn) {
  rota.overrides = {{wire::OverrideKind::kTakeOver, world.first_role, world.clock.now() + hours(1),
                     world.clock.now() + hours(2), {lis_of.person}, {}}};
  world.hub->tamper = [](DeviceId, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry != nullptr && entry->kind == wire::EntryKind::kCheckIn) {
      auto item = wire::decode_check_in_item(entry->bytes).value();
      for (auto& mark : item.packages) mark.bytes[0] ^= 1;
      entry->bytes = wire::encode(item);
    }
    return std::vector{frame};
  };
  publish();
  world.pass(minutes(46));
  const auto asked = lis->check_ins();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_FALSE(asked[0].can_open);
  EXPECT_EQ(lis->check_in(world.first_role).error().code, Errc::kNoKeyPackage);
}

TEST_F(ClientCheckIn, TheHubsWordAloneChecksNobodyIn) {
  check_in(ida);
  ASSERT_TRUE(reach_at(amalie).checked_in);
  // From now on it says that all is well, with a check-in of somebody's that it has changed.
  world.hub->tamper = [](DeviceId, wire::HubFrame frame) {
    auto* said = std::get_if<wire::DutyStatuses>(&frame.body);
    if (said != nullptr) {
      for (auto& status : said->items) {
        for (auto& check_in : status.check_ins) check_in.signer.signature[0] ^= 1;
      }
    }
    return std::vector{frame};
  };
  world.reopen(amalie);
  world.settle();
  EXPECT_FALSE(reach_at(amalie).checked_in);
  EXPECT_EQ(reach_at(amalie).reachable, Reachable::kUnknown);
  EXPECT_FALSE(amalie->suspicions().empty());
}

TEST_F(ClientCheckIn, YesterdaysCheckInIsNoneOfTonights) {
  check_in(ida);
  // She is off for an hour, and on again.
  const UtcTime now = world.clock.now();
  rota.overrides = {{wire::OverrideKind::kTakeOver, world.first_role, now + minutes(1), now + hours(1),
                     {lis_of.person}, {}}};
  publish();
  world.settle();
  wire::DutyStatuses yesterday;
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    auto* said = std::get_if<wire::DutyStatuses>(&frame.body);
    if (said == nullptr) return std::vector{frame};
    for (auto& status : said->items) {
      if (yesterday.items.empty() && !status.check_ins.empty()) yesterday.items = {status};
      if (!yesterday.items.empty()) status.check_ins = yesterday.items[0].check_ins;
    }
    return std::vector{frame};
  };
  world.reopen(amalie);
  world.settle();
  ASSERT_FALSE(yesterday.items.empty());
  world.clock.advance(hours(1) + minutes(2));
  world.pass(seconds(30));
  world.reopen(amalie);
  world.settle();
  EXPECT_FALSE(reach_at(amalie).checked_in) << "she has been off duty since";
}

TEST_F(ClientCheckIn, ADegradedRolesCallRingsTheNextStepOnRealDevices) {
  world.pass(minutes(10) + seconds(1));
  const auto asked = world.ask(amalie);
  world.settle();
  ASSERT_FALSE(rune->alerts().empty());
  EXPECT_EQ(rune->alerts()[0].notices, std::vector{wire::NoticeKind::kFirst}) << "at once, not after five minutes";
  EXPECT_EQ(rune->alert(asked.alert)->view.step, 0U);
  ASSERT_TRUE(rune->take(asked.alert));
  world.settle();
  ASSERT_TRUE(amalie->alert(asked.alert)->taken_by);
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Rune Eksempel");
  EXPECT_TRUE(amalie->alert(asked.alert)->view.technical_alarm);
  expect_no_suspicion();
}

}  // namespace
}  // namespace nattevagt::testing
