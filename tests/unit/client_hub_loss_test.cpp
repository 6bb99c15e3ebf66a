// P-094: after a hub was restored from a backup no device passes over what is new there, each says that something
// is missing, and a call that is lost is rung for.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using Frames = std::vector<wire::HubFrame>;

class HubLoss : public ::testing::Test {
 protected:
  HubLoss() : ida(world.enrol(world.ida)), rune(world.enrol(world.rune)), amalie(world.enrol(world.amalie)) {
    world.settle();
  }
  ~HubLoss() override {
    world.hub->tamper = {};
    world.hub->overhear = {};
  }

  void hide_entries_from(const Device& device) {
    world.hub->tamper = [id = device.id](DeviceId to, wire::HubFrame frame) {
      return to == id && std::holds_alternative<wire::Entry>(frame.body) ? Frames{} : Frames{std::move(frame)};
    };
  }
  void back_up_hub() { kept = world.hub->journal().size(); }
  void restore_hub() {
    world.hub->restore(kept);
    world.settle();
  }
  std::size_t told(Device& device, std::string_view what) {
    return static_cast<std::size_t>(std::ranges::count_if(device->suspicions(), [&](const client::Suspicion& one) {
      return one.text.find(what) != std::string::npos;
    }));
  }
  static bool rang(const Device& device, const AlertId& alert) {
    return std::ranges::any_of(device.all<client::AlertChanged>(), [&](const client::AlertChanged& changed) {
      return changed.alert.view.alert == alert && changed.notice == wire::NoticeKind::kFirst;
    });
  }
  void expect_answered(const client::Client::Asked& asked) {
    ASSERT_TRUE(rang(ida, asked.alert)) << "the call rang on nobody's phone";
    ASSERT_TRUE(ida->take(asked.alert));
    ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"jeg har det"}));
    world.settle();
    ASSERT_TRUE(amalie->alert(asked.alert)->taken_by);
    EXPECT_EQ(shown(amalie, "jeg har det"), 1U);
  }

  MemoryWorld world;
  Device& ida;
  Device& rune;
  Device& amalie;
  std::size_t kept = 0;
};

TEST_F(HubLoss, ACallRaisedAfterwardsRingsAndIsAnswered) {
  back_up_hub();
  const auto before = world.ask(amalie);
  ASSERT_TRUE(ida->take(before.alert));
  world.settle();
  restore_hub();
  for (Device* device : {&ida, &rune, &amalie}) EXPECT_EQ(told(*device, "Historik mangler"), 1U);
  expect_answered(world.ask(amalie));
  for (Device* device : {&ida, &rune, &amalie}) EXPECT_EQ((*device)->alerts().size(), 2U);
}

// The others were back first, and the hub has come past the place where this phone was.
TEST_F(HubLoss, APhoneThatIsBackLateHearsOfAllCallsSince) {
  back_up_hub();
  static_cast<void>(world.ask(amalie));
  world.settle();
  world.close(ida);
  restore_hub();
  std::vector<client::Client::Asked> since;
  for (int i = 0; i < 4; ++i) {
    since.push_back(world.ask(amalie));
    world.settle();
  }
  world.reopen(ida);
  world.pass(std::chrono::seconds(5));
  for (const auto& asked : since) EXPECT_TRUE(rang(ida, asked.alert));
  EXPECT_GE(told(ida, "Historik mangler"), 1U);
  expect_answered(since.back());
}

TEST_F(HubLoss, WhoeverAskedIsToldAtOnceToRing) {
  back_up_hub();
  const auto asked = world.ask(amalie);
  const auto rung = [&] { return amalie.all<client::RingNow>().size(); };
  ASSERT_EQ(rung(), 0U);
  restore_hub();
  ASSERT_EQ(rung(), 1U);
  EXPECT_EQ(amalie.all<client::RingNow>()[0].alert, asked.alert);
  EXPECT_EQ(told(amalie, "kender ikke længere et kald"), 1U);
}

TEST_F(HubLoss, ACallThatWasStoredButNotHeardAgainIsSaidNotToBeSent) {
  back_up_hub();
  hide_entries_from(amalie);
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(ida->alert(asked.alert));
  world.hub->tamper = {};
  restore_hub();
  ASSERT_EQ(amalie.all<client::RingNow>().size(), 1U);
  const auto own = amalie.all<client::OwnMessage>();
  EXPECT_TRUE(std::ranges::any_of(own, [&](const auto& one) {
    return one.id == asked.message && one.delivery == client::Delivery::kFailed;
  }));
  expect_answered(world.ask(amalie));
}

TEST_F(HubLoss, AConversationGoesOnAfterItsLostWords) {
  const auto asked = world.ask(amalie);
  back_up_hub();
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"går tabt hos hubben"}));
  world.settle();
  ASSERT_EQ(shown(ida, "går tabt hos hubben"), 1U);
  restore_hub();
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"efter"}));
  world.settle();
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"svar"}));
  world.settle();
  EXPECT_EQ(shown(ida, "efter"), 1U);
  EXPECT_EQ(shown(amalie, "svar"), 1U);
  EXPECT_EQ(told(ida, "forskelligt"), 0U) << "nobody accuses the other";
  EXPECT_EQ(shown(ida, "går tabt hos hubben"), 1U) << "what was read stays";
}

TEST_F(HubLoss, WordsThatTheHubStoredAndLostUnheardAreSaidNotToBeSent) {
  const auto asked = world.ask(amalie);
  back_up_hub();
  hide_entries_from(amalie);
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"kvitteret og tabt"}));
  world.settle();
  world.hub->tamper = {};
  amalie.events.clear();
  restore_hub();
  const auto own = amalie.all<client::OwnMessage>();
  EXPECT_TRUE(std::ranges::any_of(own, [](const auto& one) { return one.delivery == client::Delivery::kFailed; }));
  EXPECT_TRUE(amalie->outbox_empty());
}

// The keys that the hub has in its backup were used since: an invitation to one of them cannot be read.
TEST_F(HubLoss, KeyPackagesThatMayBeUsedUpAreReplaced) {
  back_up_hub();
  static_cast<void>(world.ask(amalie));
  world.settle();
  std::size_t replaced = 0;
  world.hub->overhear = [&](DeviceId, const wire::ClientFrame& frame) {
    const auto* published = std::get_if<wire::PublishKeyPackages>(&frame.body);
    if (published != nullptr && published->instead) ++replaced;
  };
  restore_hub();
  EXPECT_EQ(replaced, 3U);
  const auto asked = world.ask(amalie);
  world.settle();
  EXPECT_EQ(told(ida, "nøgle, som enheden ikke har"), 0U);
  expect_answered(asked);
}

// Somebody came back into it, and the hub has forgotten the commit: whoever has read that cannot write there.
TEST_F(HubLoss, AConversationThatLacksACommitEndsQuietlyAndANewCallIsAnswered) {
  const auto asked = world.ask(amalie);
  const std::string old_phone = world.back_up(ida);
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"efter kopien"}));
  world.settle();
  back_up_hub();
  world.restore(ida, old_phone);
  world.pass(std::chrono::seconds(8));
  restore_hub();
  const std::size_t frames = world.hub->frames_to_hub;
  ASSERT_TRUE(rune->send(asked.conversation, wire::Text{"kommer ikke frem"}));
  world.pass(std::chrono::minutes(1));
  EXPECT_LT(world.hub->frames_to_hub - frames, 400U) << "asked over and over again";
  EXPECT_GE(told(rune, "mistet en ændring"), 1U);
  expect_answered(world.ask(amalie));
}

}  // namespace
}  // namespace nattevagt::testing
