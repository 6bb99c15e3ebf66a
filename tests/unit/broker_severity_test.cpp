// Four severities, each with a ladder and times of its own (PROTOCOL.md P-041), in one unit and at the same time.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "broker/core/record.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using namespace std::chrono;
using wire::NoticeKind;
using wire::Severity;

// DOMAIN 1.5: waits of the steps, and until when advice must be given.
struct Times {
  Severity severity;
  std::vector<Millis> waits;
  Millis advice;
};
const std::array<Times, 4> kTimes = {{
    {Severity::kAlarm, {minutes(1), minutes(1), minutes(1)}, minutes(10)},
    {Severity::kRed, {minutes(5), minutes(5), minutes(5)}, minutes(15)},
    {Severity::kYellow, {minutes(20), minutes(20), minutes(20)}, minutes(60)},
    {Severity::kGreen, {hours(16), hours(3)}, hours(48)},
}};

// Every step of every ladder has a person of its own, so that who is rung says which ladder is walked.
struct Severities : ::testing::Test {
  World world;
  UnitId unit = world.id<UnitId>();
  TestDevice house = enrol({.unit = unit, .kind = wire::HolderKind::kUnit});
  std::map<Severity, std::vector<TestDevice>> rung_by_plan;
  std::map<DeviceNumber, DeviceId> numbers;
  wire::Roster roster;

  TestDevice enrol(DeviceWish wish) {
    wish.certificate_lifetime = hours(24 * 365);
    TestDevice device = world.enrol(wish);
    world.connect(device);
    return device;
  }
  Severities() {
    DeviceNumber next = 1;  // the house is the first
    wire::Unit listed{unit, Bytes(50, 3), {}};
    for (const Times& times : kTimes) {
      wire::Ladder ladder{world.id<LadderId>(), {}, times.advice};
      for (const Millis wait : times.waits) {
        const TestDevice person = enrol({});
        numbers[next++] = person.id;
        ladder.steps.push_back({wait, Millis(0), {to_person(person.person)}});
        rung_by_plan[times.severity].push_back(person);
      }
      listed.ladders.push_back({times.severity, ladder.id});
      roster.ladders.push_back(std::move(ladder));
    }
    roster.units = {listed};
    EXPECT_TRUE(world.publish_roster(roster).accepted());
  }
  wire::Raise raise(Severity severity, LadderId ladder) {
    std::vector<const TestDevice*> members;
    for (const auto& [of, people] : rung_by_plan) {
      for (const TestDevice& person : people) members.push_back(&person);
    }
    wire::Raise raise = world.make_raise(unit, ladder, members);
    raise.severity = severity;
    EXPECT_TRUE(world.ask(house, raise).leaf.has_value());
    return raise;
  }
  LadderId ladder_of(Severity severity) const {
    for (const auto& choice : roster.units[0].ladders) {
      if (choice.severity == severity) return choice.ladder;
    }
    return {};
  }

  // Whom an alert has rung for the first time, and when; and its first loud notice.
  using Rung = std::vector<std::pair<UtcTime, DeviceId>>;
  struct Walk {
    Rung rung;
    UtcTime loud = kNever;
  };
  std::map<AlertId, Walk> walks() {
    std::map<AlertId, Walk> out;
    for (const Record& record : world.journal) {
      const auto fact = decode_fact(record.meta);
      EXPECT_TRUE(fact);
      if (const auto* raised = std::get_if<AlertRaised>(&*fact)) {
        note(out[raised->facts.alert], record.at, raised->change);
      } else if (const auto* stepped = std::get_if<AlertStepped>(&*fact)) {
        note(out[stepped->alert], record.at, stepped->change);
      }
    }
    return out;
  }
  void note(Walk& walk, UtcTime at, const AlertChange& change) {
    for (const Post& post : change.posts) {
      if (post.kind == NoticeKind::kLoud) walk.loud = std::min(walk.loud, at);
      if (post.kind != NoticeKind::kFirst && post.kind != NoticeKind::kResumed) continue;
      for (const DeviceNumber device : post.devices) walk.rung.emplace_back(at, numbers[device]);
    }
  }
};

TEST_F(Severities, EachWalksItsOwnLadderInItsOwnTime) {
  std::map<Severity, AlertId> alerts;
  const UtcTime raised = world.now;
  for (const Times& times : kTimes)
    alerts[times.severity] = raise(times.severity, ladder_of(times.severity)).alert;
  world.advance(hours(20));
  auto told = walks();
  for (const Times& times : kTimes) {
    UtcTime at = raised;
    Rung wanted;
    for (std::size_t i = 0; i < times.waits.size(); ++i) {
      wanted.emplace_back(at, rung_by_plan[times.severity][i].id);
      at += times.waits[i];
    }
    const Walk& walk = told[alerts[times.severity]];
    EXPECT_EQ(walk.rung, wanted) << static_cast<int>(times.severity);
    EXPECT_EQ(walk.loud, at) << static_cast<int>(times.severity);
  }
}

TEST_F(Severities, ALadderThatTheRosterDoesNotKnowIsTheSeveritysOwn) {
  for (const Times& times : kTimes) {
    const wire::Raise unknown = raise(times.severity, world.id<LadderId>());
    const auto rung = walks()[unknown.alert].rung;
    ASSERT_EQ(rung.size(), 1U);
    EXPECT_EQ(rung[0].second, rung_by_plan[times.severity][0].id);
  }
}

// P-047: taken and no advice, each has its own patience before it goes on.
TEST_F(Severities, EachWaitsForAdviceInItsOwnTime) {
  for (const Times& times : kTimes) {
    const wire::Raise alert = raise(times.severity, ladder_of(times.severity));
    const TestDevice& taker = rung_by_plan[times.severity][0];
    const wire::Act take{alert.alert, wire::ActKind::kTake, world.id<MessageId>(), 1, Bytes(64, 1)};
    ASSERT_TRUE(world.ask(taker, take).leaf.has_value());
    const UtcTime taken = world.now;
    world.advance(times.advice - Millis(1));
    EXPECT_EQ(walks()[alert.alert].rung.size(), 1U) << static_cast<int>(times.severity);
    world.advance(Millis(1));
    const auto rung = walks()[alert.alert].rung;
    ASSERT_EQ(rung.size(), 2U) << static_cast<int>(times.severity);
    EXPECT_EQ(rung[1], std::pair(taken + times.advice, rung_by_plan[times.severity][1].id));
  }
}

}  // namespace
}  // namespace nattevagt::broker::testing
