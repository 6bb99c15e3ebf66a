// A lost phone, as devices press it, show it, and live through it, with the real hub core (section 19).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/duty_night.h"

namespace nattevagt::testing {
namespace {

using namespace std::chrono;
using client::SuspendedHere;
using client::SuspensionAnswered;
using client::SuspensionNews;

// Ida and Rune are of the region, Amalie's unit of the municipality; all three are in one conversation.
struct ClientSuspension : DutyNight {
  client::Client::Asked call;
  ClientSuspension() {
    call = world.ask(amalie);
    world.settle();
  }
  static std::optional<client::DeviceLook> look(Device& by, const DeviceId& at) {
    for (client::DeviceLook& one : by->devices()) {
      if (one.person.device == at) return std::move(one);
    }
    return std::nullopt;
  }
  static std::optional<client::SuspensionView> seen(Device& by, const Device& lost) {
    const auto shown_there = look(by, lost.id);
    return shown_there ? shown_there->suspension : std::nullopt;
  }
  SuspensionId suspend_ida() {
    const auto pressed = rune->suspend_device(ida.id);
    EXPECT_TRUE(pressed) << pressed.error().where;
    world.settle();
    return pressed.value_or(SuspensionId{});
  }
  static std::optional<SuspensionAnswered> answer(const Device& device) {
    const auto all = device.all<SuspensionAnswered>();
    return all.empty() ? std::nullopt : std::optional(all.back());
  }
  // What the hub says of suspensions, changed on its way.
  void change_documents(std::function<void(wire::Suspensions&)> change) {
    world.hub->tamper = [change = std::move(change)](DeviceId, wire::HubFrame frame) {
      if (auto* documents = std::get_if<wire::Documents>(&frame.body)) {
        for (auto& document : documents->documents) {
          if (document.kind != wire::DocumentKind::kSuspensions) continue;
          wire::Suspensions list = wire::decode_suspensions(document.body).value();
          change(list);
          document.body = wire::encode(list);
        }
      }
      return std::vector<wire::HubFrame>{std::move(frame)};
    };
  }
};

TEST_F(ClientSuspension, APressCutsThePhoneAndEverybodySeesWhoDidItAndWhen) {
  const auto before = look(rune, ida.id);
  ASSERT_TRUE(before);
  EXPECT_TRUE(before->may_suspend);
  EXPECT_EQ(before->on_duty, std::vector<std::string>{"vagthavende"}) << "the screen warns";
  EXPECT_FALSE(before->has_taken);
  EXPECT_FALSE(look(amalie, ida.id)->may_suspend) << "another organisation's";

  const UtcTime pressed_at = world.clock.now();
  const SuspensionId id = suspend_ida();
  ASSERT_TRUE(answer(rune));
  EXPECT_EQ(answer(rune)->why, Errc{});
  const auto told = ida.all<SuspendedHere>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].suspension.by.device, rune.id);
  EXPECT_EQ(told[0].suspension.by.name, "Rune Eksempel");
  EXPECT_EQ(told[0].suspension.at, pressed_at);
  EXPECT_FALSE(ida->conversations().empty()) << "nothing is deleted";
  for (Device* other : {&rune, &amalie}) {
    const auto shown_there = seen(*other, ida);
    ASSERT_TRUE(shown_there);
    EXPECT_EQ(shown_there->by.device, rune.id);
    EXPECT_EQ(shown_there->at, pressed_at);
    EXPECT_EQ(shown_there->id, id);
    EXPECT_EQ(shown_there->device_name, "Ida Eksempel");
  }
  // A restart of hub and device changes nothing of it, and says it once.
  world.hub->restart();
  world.reopen(ida);
  world.pass(seconds(20));
  EXPECT_TRUE(ida->own_suspension());
  EXPECT_EQ(ida.all<SuspendedHere>().size(), 2U) << "once for each start";
  EXPECT_TRUE(seen(amalie, ida));
  expect_no_suspicion();
}

TEST_F(ClientSuspension, TheNextCallIsNotEncryptedForItAndWhoComesBackGetsWhatWasSaidMeanwhile) {
  const SuspensionId id = suspend_ida();
  const auto later = world.ask(amalie);
  world.settle();
  EXPECT_FALSE(has_member(amalie, later.conversation, ida.id));
  ASSERT_TRUE(amalie->send(call.conversation, wire::Text{"sagt imens"}));
  world.settle();
  EXPECT_EQ(shown(ida, "sagt imens"), 0U);
  ASSERT_TRUE(rune->lift_suspension(id));
  world.settle();
  EXPECT_TRUE(answer(rune)->lift);
  EXPECT_EQ(answer(rune)->why, Errc{});
  world.pass(seconds(10));
  EXPECT_FALSE(ida->own_suspension());
  EXPECT_EQ(shown(ida, "sagt imens"), 1U);
  EXPECT_TRUE(has_member(amalie, later.conversation, ida.id)) << "on duty again, so she comes into what is open";
  EXPECT_FALSE(seen(amalie, ida));
  const auto news = amalie.all<SuspensionNews>();
  ASSERT_EQ(news.size(), 2U);
  EXPECT_TRUE(news.back().suspension.lifted_at);
  EXPECT_FALSE(news.back().suspension.by_organisation);
  expect_no_suspicion();
}

TEST_F(ClientSuspension, WhoPressedTakesItBackForTenMinutesAndNobodyElseDoes) {
  const SuspensionId id = suspend_ida();
  EXPECT_EQ(lis->lift_suspension(id).error().code, Errc::kNotPermitted);
  EXPECT_GT(seen(rune, ida)->undo_until, world.clock.now());
  world.pass(limits::kSuspensionUndo + seconds(1));
  const auto late = rune->lift_suspension(id);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kExpired);
  EXPECT_TRUE(seen(rune, ida));
}

TEST_F(ClientSuspension, WhatTheRulesForbidIsRefusedOnTheDeviceItself) {
  const auto refusal = [](Result<SuspensionId> pressed) { return pressed ? Errc{} : pressed.error().code; };
  EXPECT_EQ(refusal(rune->suspend_device(rune.id)), Errc::kNotPermitted);
  EXPECT_EQ(refusal(amalie->suspend_device(ida.id)), Errc::kNotPermitted) << "another organisation's";
  EXPECT_EQ(refusal(rune->suspend_device(world.entropy.make_id<DeviceId>())), Errc::kNotFound);
  const auto first = rune->suspend_device(ida.id);
  ASSERT_TRUE(first);
  EXPECT_EQ(rune->suspend_device(ida.id).value(), *first) << "pressed twice";
  world.settle();
  EXPECT_EQ(refusal(rune->suspend_device(ida.id)), Errc::kDuplicate);
}

TEST_F(ClientSuspension, OfAUnitsPhoneItSaysWhoHeldIt) {
  Device& other = world.enrol(world.unit_b_second);
  const auto room = world.ask(amalie);
  world.settle();
  ASSERT_TRUE(has_member(amalie, room.conversation, other.id));
  ASSERT_TRUE(amalie->set_author("Bente Nat", "social- og sundhedsassistent"));
  ASSERT_TRUE(amalie->suspend_device(other.id));
  world.settle();
  const auto told = other.all<SuspendedHere>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].suspension.by.name, "Bente Nat");
  EXPECT_EQ(told[0].suspension.by.device, amalie.id);
}

// P-193, P-194: the hub's word alone suspends nobody.
TEST_F(ClientSuspension, AHubThatMakesOneUpIsCaughtAndNothingIsShown) {
  change_documents([](wire::Suspensions& list) { list.items[0].suspension.signer.signature[0] ^= 1; });
  suspend_ida();
  EXPECT_FALSE(seen(amalie, ida));
  EXPECT_TRUE(amalie.all<SuspensionNews>().empty());
  ASSERT_FALSE(amalie->suspicions().empty());
  EXPECT_EQ(amalie->suspicions().back().code, Errc::kBadSignature);
}

TEST_F(ClientSuspension, ADeviceThatIsToldSoByTheHubAloneSaysThatItCannotShowWho) {
  // A signature that is none, and a true one of another phone.
  const auto pressed = rune->suspend_device(ida.id);
  ASSERT_TRUE(pressed);
  std::optional<wire::SignedSuspension> of_ida;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const auto* goodbye = std::get_if<wire::Goodbye>(&frame.body);
    if (goodbye != nullptr && goodbye->suspension && to == ida.id) of_ida = goodbye->suspension;
    return std::vector<wire::HubFrame>{std::move(frame)};
  };
  world.settle();
  ASSERT_TRUE(of_ida);
  for (const bool moved : {false, true}) {
    wire::SignedSuspension said = *of_ida;
    if (!moved) said.signer.signature[0] ^= 1;
    Device& told = moved ? lis : amalie;
    world.hub->inject(told.id, {wire::kProtocolVersion, 0, wire::Goodbye{Errc::kSuspended, said}});
    world.settle();
    EXPECT_TRUE(told.all<SuspendedHere>().empty());
    EXPECT_FALSE(told->own_suspension());
    ASSERT_FALSE(told->suspicions().empty());
    EXPECT_EQ(told->suspicions().back().code, Errc::kSuspended);
  }
}

TEST_F(ClientSuspension, AHubThatShowsOneAgainThatHasEndedIsCaught) {
  const SuspensionId id = suspend_ida();
  ASSERT_TRUE(rune->lift_suspension(id));
  world.settle();
  ASSERT_FALSE(seen(amalie, ida));
  change_documents([](wire::Suspensions& list) {
    list.items[0].lift.reset();
    list.items[0].lifted_at = kNever;
  });
  world.pass(seconds(8));
  // Something new makes everybody ask for the document again.
  const auto again = rune->suspend_device(ida.id);
  ASSERT_TRUE(again);
  world.settle();
  ASSERT_FALSE(amalie->suspicions().empty());
  EXPECT_EQ(amalie->suspicions().back().code, Errc::kReplay);
  EXPECT_FALSE(seen(amalie, ida)) << "the old word is not shown again";
}

// P-197: an older hub does not know the press; nothing is suspended, and whoever pressed hears so.
TEST_F(ClientSuspension, AnOlderHubsAnswerIsPassedOn) {
  world.hub->tamper = [](DeviceId, wire::HubFrame frame) {
    if (std::holds_alternative<wire::SuspensionStands>(frame.body)) {
      frame.body.emplace<wire::Refused>().code = Errc::kUnsupported;
    }
    return std::vector<wire::HubFrame>{std::move(frame)};
  };
  suspend_ida();
  ASSERT_TRUE(answer(rune));
  EXPECT_EQ(answer(rune)->why, Errc::kUnsupported);
  expect_no_suspicion();
}

}  // namespace
}  // namespace nattevagt::testing
