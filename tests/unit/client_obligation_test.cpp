// P-110: the device on which somebody asked tells her to ring, with hub and net gone from any moment on.
#include <gtest/gtest.h>

#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using client::RingNow;
using client::RingReason;
using std::chrono::minutes;
using std::chrono::seconds;

// The cast of DOMAIN 6 on one night that is played up to a frame, and then goes dark.
struct LoneNight {
  MemoryWorld world;
  Device& ida = world.enrol(world.ida);
  Device& amalie = world.enrol(world.amalie);
  std::size_t frames = 0;  // that the hub has given Amalie's telephone since she asked
  client::Client::Asked asked{};
  UtcTime taken_at = kNever;  // as her telephone showed it

  // Frame `dark_from` and all after it never arrive, in either direction. False: the night was over before.
  bool play(std::size_t dark_from) {
    world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
      const bool lost = to == amalie.id && ++frames > dark_from;
      if (lost) world.hub->set_deaf_to(amalie.id, true);
      return lost ? std::vector<wire::HubFrame>{} : std::vector<wire::HubFrame>{std::move(frame)};
    };
    if (dark_from == 0) world.hub->set_deaf_to(amalie.id, true);
    asked = world.ask(amalie);
    static_cast<void>(ida->take(asked.alert));
    world.settle();
    note_take();
    static_cast<void>(ida->advise(asked.alert, advice()));
    world.settle();
    note_take();
    world.hub->set_reachable(false);
    return frames > dark_from;
  }
  void note_take() {
    const auto alert = amalie->alert(asked.alert);
    if (taken_at == kNever && alert && alert->taken_by) taken_at = world.clock.now();
  }
  static wire::Advice advice() {
    wire::Advice out;
    out.text = "Vær to hos borgeren.";
    return out;
  }
  bool advised() {
    const auto history = amalie->history(asked.conversation);
    for (const auto& message : *history) {
      if (std::holds_alternative<wire::Advice>(message.content.body)) return true;
    }
    return false;
  }
  // The clock moves in steps in which the device runs; when it rang first.
  UtcTime first_ring(Millis time, bool restart) {
    UtcTime first = kNever;
    const UtcTime until = world.clock.now() + time;
    while (world.clock.now() < until) {
      if (restart) world.reopen(amalie);
      restart = false;
      world.clock.advance(seconds(10));
      world.settle(Millis(1));
      if (first == kNever && !amalie.all<RingNow>().empty()) first = world.clock.now();
    }
    return first;
  }
};

TEST(Obligation, WithTheHubGoneFromAnyFrameOnTheWorkerIsToldToRingInTime) {
  std::size_t nights = 0, unsent = 0, untaken = 0, unadvised = 0, advised = 0;
  for (std::size_t dark_from = 0;; ++dark_from, ++nights) {
    SCOPED_TRACE(dark_from);
    LoneNight night;
    const UtcTime began = night.world.clock.now();
    const bool cut = night.play(dark_from);
    const bool has_advice = night.advised();
    const UtcTime rang = night.first_ring(minutes(17), dark_from % 2 == 1);
    const auto rings = night.amalie.all<RingNow>();
    if (has_advice) {
      EXPECT_TRUE(rings.empty());
      ++advised;
    } else {
      ASSERT_FALSE(rings.empty());
      EXPECT_EQ(rings[0].alert, night.asked.alert);
      EXPECT_EQ(rings[0].times, 1U);
      EXPECT_EQ(night.amalie->reserve_plan(), "Ring 112");
      // 10 s and a minute; the ladder's ten minutes; the fifteen for the advice: each with the slack of P-110.
      const bool stored = night.amalie->alert(night.asked.alert).has_value();
      const Millis slack = seconds(10) + seconds(10) + seconds(1);
      if (night.taken_at != kNever) {
        EXPECT_EQ(rings[0].reason, RingReason::kNoAdvice);
        EXPECT_LE(rang, night.taken_at + minutes(15) + slack);
        ++unadvised;
      } else {
        EXPECT_EQ(rings[0].reason, stored ? RingReason::kNobodyTook : RingReason::kNotSent);
        EXPECT_LE(rang, began + (stored ? minutes(10) : minutes(1)) + slack + seconds(2));
        stored ? ++untaken : ++unsent;
      }
    }
    if (!cut && dark_from > 0) break;  // with 0 nothing ever came
  }
  EXPECT_GE(nights, 4U);
  EXPECT_GE(unsent, 1U);
  EXPECT_GE(untaken, 1U);
  EXPECT_GE(unadvised, 1U);
  EXPECT_GE(advised, 1U) << "a night with advice rings nobody";
}

TEST(Obligation, ItIsSaidAgainEveryMinuteUntilTheReservePlanIsUsedThoughNobodyHearsOfThat) {
  LoneNight night;
  night.play(0);
  night.first_ring(minutes(4), false);
  const auto before = night.amalie.all<RingNow>();
  ASSERT_GE(before.size(), 3U);
  EXPECT_EQ(before[2].times, 3U);
  ASSERT_TRUE(night.amalie->reserve_used(night.asked.alert, "Ringet 112"));
  night.first_ring(minutes(4), true);
  EXPECT_EQ(night.amalie.all<RingNow>().size(), before.size());
}

TEST(Obligation, AHubThatPromisesHoursIsHeldToTheLadderOfTheSignedRoster) {
  LoneNight night;
  night.world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    if (auto* pong = std::get_if<wire::Pong>(&frame.body)) pong->documents.clear();
    const bool silent = to == night.amalie.id && std::holds_alternative<wire::DocumentsChanged>(frame.body);
    return silent ? std::vector<wire::HubFrame>{} : std::vector<wire::HubFrame>{std::move(frame)};
  };
  // The hub has a roster whose steps last an hour; Amalie's telephone is not told of it.
  for (auto& step : night.world.solvang.roster.ladders[0].steps) step.wait = std::chrono::hours(1);
  night.world.publish(night.world.solvang);
  const UtcTime began = night.world.clock.now();
  night.asked = night.world.ask(night.amalie);
  EXPECT_GT(night.amalie->alert(night.asked.alert)->view.exhausted_at, began + std::chrono::hours(1));
  night.world.hub->set_reachable(false);
  EXPECT_LE(night.first_ring(minutes(12), false), began + minutes(10) + seconds(23));
}

TEST(Obligation, TheHubsWordThatItIsTakenStopsNothing) {
  LoneNight night;
  // Ida's signed act never comes; the hub says "taken" all the same.
  night.world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const auto* entry = std::get_if<wire::Entry>(&frame.body);
    const bool silent = to == night.amalie.id && entry != nullptr && entry->stream != wire::kInbox;
    return silent ? std::vector<wire::HubFrame>{} : std::vector<wire::HubFrame>{std::move(frame)};
  };
  night.asked = night.world.ask(night.amalie);
  ASSERT_TRUE(night.ida->take(night.asked.alert));
  night.world.settle();
  EXPECT_EQ(night.amalie->alert(night.asked.alert)->view.state, wire::AlertState::kTaken);
  EXPECT_NE(night.first_ring(minutes(11), true), kNever);
}

TEST(Obligation, WhileTheHubItselfShoutsTheDeviceIsSilent) {
  LoneNight night;
  night.asked = night.world.ask(night.amalie);
  night.world.pass(minutes(14));  // exhausted after ten; loud every minute since
  EXPECT_EQ(night.amalie->alert(night.asked.alert)->view.state, wire::AlertState::kExhausted);
  EXPECT_TRUE(night.amalie.all<RingNow>().empty());
  night.world.hub->set_reachable(false);
  EXPECT_NE(night.first_ring(minutes(2), true), kNever) << "it went on where the hub fell silent";
}

// The hub's states come by the inbox, the signed words by the conversation: a device that was away reads it later.
TEST(Obligation, ATakeFromBeforeTheLadderWentOnDoesNotQuietWhoWasAway) {
  LoneNight night;
  night.asked = night.world.ask(night.amalie);
  night.world.close(night.amalie);
  ASSERT_TRUE(night.ida->take(night.asked.alert));
  night.world.pass(minutes(16));  // taken, and no advice in fifteen: the ladder goes on to its end
  ASSERT_EQ(night.ida->alert(night.asked.alert)->view.state, wire::AlertState::kExhausted);
  night.world.reopen(night.amalie);
  night.world.settle();
  const auto alert = night.amalie->alert(night.asked.alert);
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert->view.state, wire::AlertState::kExhausted);
  EXPECT_FALSE(alert->taken_by) << "she sees the take among the words, and that nobody has it";
  night.world.hub->set_reachable(false);
  const std::size_t before = night.amalie.all<RingNow>().size();
  night.first_ring(minutes(3), true);
  EXPECT_GT(night.amalie.all<RingNow>().size(), before);

  // Taken anew, it counts.
  night.world.hub->set_reachable(true);
  night.world.settle();
  ASSERT_TRUE(night.ida->take(night.asked.alert));
  night.world.settle();
  EXPECT_TRUE(night.amalie->alert(night.asked.alert)->taken_by);
}

// ---- Rounds (P-118)

struct RoundsNight {
  MemoryWorld world;
  Device& ida = world.enrol(world.ida);
  Device& second = world.enrol(world.unit_b_second);
  Device& amalie = world.enrol(world.amalie);
  client::Client::Asked asked = world.ask(amalie);

  // Every 15 minutes for an hour from now.
  void advise() {
    static_cast<void>(ida->take(asked.alert));
    world.settle();
    wire::Advice advice = LoneNight::advice();
    advice.rounds = wire::Rounds{minutes(15), world.clock.now() + minutes(60)};
    ASSERT_TRUE(ida->advise(asked.alert, advice));
    world.settle();
  }
  void pass(Millis time) {
    for (const UtcTime until = world.clock.now() + time; world.clock.now() < until;) {
      world.clock.advance(seconds(10));
      world.settle(Millis(1));
    }
  }
  void look_in(Device& device) {
    ASSERT_TRUE(device->send(asked.conversation, wire::Observation{"Sover.", world.clock.now()}));
    world.settle();
  }
  static std::size_t reminders(Device& device) { return device.all<client::RoundDue>().size(); }
  std::optional<client::RoundsView> rounds(Device& device) { return device->rounds(asked.conversation); }
};

TEST(Rounds, AMissedRoundRemindsTheUnitsDevicesOnceAndNobodyElse) {
  RoundsNight night;
  EXPECT_FALSE(night.rounds(night.amalie));
  night.advise();
  ASSERT_TRUE(night.rounds(night.amalie));
  EXPECT_EQ(night.rounds(night.amalie)->every, minutes(15));
  night.pass(minutes(14));
  EXPECT_EQ(night.reminders(night.amalie), 0U);
  EXPECT_FALSE(night.rounds(night.amalie)->late);
  night.pass(minutes(2));
  EXPECT_EQ(night.reminders(night.amalie), 1U);
  EXPECT_EQ(night.reminders(night.second), 1U) << "whichever telephone she carries";
  EXPECT_EQ(night.reminders(night.ida), 0U) << "a reminder is no escalation";
  EXPECT_TRUE(night.rounds(night.amalie)->late);
  EXPECT_TRUE(night.rounds(night.amalie)->ours);
  ASSERT_TRUE(night.rounds(night.ida));
  EXPECT_TRUE(night.rounds(night.ida)->late) << "she can see it";
  EXPECT_FALSE(night.rounds(night.ida)->ours);
  night.pass(minutes(10));
  EXPECT_EQ(night.reminders(night.amalie), 1U);

  night.look_in(night.second);
  EXPECT_FALSE(night.rounds(night.amalie)->late);
  night.pass(minutes(16));
  EXPECT_EQ(night.reminders(night.amalie), 2U) << "counted from the last look, by whomever";
}

TEST(Rounds, AReminderNeedsNoHubAndComesAgainAfterARestart) {
  RoundsNight night;
  night.advise();
  night.world.hub->set_reachable(false);
  night.pass(minutes(16));
  EXPECT_EQ(night.reminders(night.amalie), 1U);
  night.world.reopen(night.amalie);
  night.pass(minutes(1));
  EXPECT_EQ(night.reminders(night.amalie), 2U);
  night.look_in(night.amalie);
  EXPECT_FALSE(night.rounds(night.amalie)->late) << "her own word counts, stored at the hub or not";
}

TEST(Rounds, TheyAreOverWhenTheirTimeIsAndWhenTheCallIs) {
  RoundsNight night;
  night.advise();
  for (int round = 0; round < 4; ++round) {
    night.pass(minutes(14));
    night.look_in(night.amalie);
  }
  ASSERT_TRUE(night.rounds(night.amalie));
  EXPECT_EQ(night.rounds(night.amalie)->next, std::nullopt);
  night.pass(minutes(30));
  EXPECT_EQ(night.reminders(night.amalie), 0U);

  RoundsNight other;
  other.advise();
  ASSERT_TRUE(other.amalie->close(other.asked.alert));
  other.pass(minutes(30));
  EXPECT_EQ(other.reminders(other.amalie), 0U);
  EXPECT_FALSE(other.rounds(other.amalie));
}

TEST(Rounds, ARoundThatIsSaidToBeYetToComeIsNone) {
  RoundsNight night;
  night.advise();
  ASSERT_TRUE(night.amalie->send(night.asked.conversation,
                                 wire::Observation{"Sover.", night.world.clock.now() + minutes(50)}));
  night.pass(minutes(17));
  EXPECT_EQ(night.reminders(night.amalie), 1U);
}

}  // namespace
}  // namespace nattevagt::testing
