// Who on duty can really be reached, in the whole core (PROTOCOL.md section 18).
#include <gtest/gtest.h>

#include <set>

#include "proto/common/limits.h"
#include "proto/rota/copenhagen.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using namespace std::chrono;
using wire::DutyTrouble;
using wire::NoticeKind;

// Ida has the evenings 15-23, Rune the nights 23-07 of the first role; Lis the second, day and night. The second
// is the next step, and the first one's backup where a test says so. It is 22.00; steps of five minutes.
struct CheckInWatch : ::testing::Test {
  World world{1, 1, DutyTimes{}};
  UnitId unit = world.id<UnitId>(), elsewhere = world.id<UnitId>();
  RoleId first = world.id<RoleId>(), second = world.id<RoleId>();
  LadderId ladder = world.id<LadderId>();
  TestDevice house = enrol({.unit = unit, .kind = wire::HolderKind::kUnit});
  TestDevice neighbour = enrol({.unit = elsewhere, .kind = wire::HolderKind::kUnit});
  TestDevice archive = enrol({.kind = wire::HolderKind::kRecorder});
  TestDevice ida = enrol({}), rune = enrol({}), lis = enrol({}), stranger = enrol({});
  wire::Rota rota;
  std::set<std::string> asleep;  // devices that are connected and do not speak

  TestDevice enrol(DeviceWish wish) {
    wish.certificate_lifetime = hours(24 * 700);
    TestDevice device = world.enrol(wish);
    world.connect(device);
    EXPECT_TRUE(world.ask(device, wire::PublishKeyPackages{{Bytes(40, device.id.bytes[0])}, {}}).accepted());
    return device;
  }
  CheckInWatch() {
    world.now = rota::to_utc(wire::LocalDay(year(2026) / 10 / 20), hours(22));
    wire::Roster roster;
    roster.roles = {{first, Bytes(50, 1), {ida.person, rune.person, lis.person}},
                    {second, Bytes(50, 2), {lis.person}}};
    roster.ladders = {
        {ladder,
         {{minutes(5), minutes(2), {to_role(first)}}, {minutes(5), Millis(0), {to_role(second)}}},
         minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}, {elsewhere, Bytes(50, 3), {}}};
    roster.recorders = {archive.person};
    EXPECT_TRUE(world.publish_roster(roster).accepted());
    const auto all_day = [&](const RoleId& role, std::vector<wire::DutyWindow> windows) {
      wire::RoleRota plan;
      plan.role = role;
      plan.windows = std::move(windows);
      return plan;
    };
    const wire::LocalDay since = wire::LocalDay(year(2026) / 1 / 1);
    wire::RoleRota plan = all_day(first, {{wire::kEveryDay, 7 * 60, 23 * 60}, {wire::kEveryDay, 23 * 60, 7 * 60}});
    plan.duties = {{1, since, {}, 1, {{ida.person}}}, {2, since, {}, 1, {{rune.person}}}};
    wire::RoleRota always = all_day(second, {{wire::kEveryDay, 0, 0}});
    always.duties = {{1, since, {}, 1, {{lis.person}}}};
    rota.roles = {plan, always};
    for (const auto* device : everybody()) world.connect(*device);
    publish();
  }
  std::vector<const TestDevice*> everybody() const {
    return {&house, &neighbour, &archive, &ida, &rune, &lis, &stranger};
  }
  void publish() {
    ASSERT_TRUE(world.publish_rota(rota).accepted());
    world.advance(Millis(0));
  }
  // Time passes, and all who are connected and awake ping as devices do.
  void pass(Millis span) {
    for (const UtcTime end = world.now + span; world.now < end;) {
      world.advance(std::min(Millis(seconds(15)), Millis(end - world.now)));
      for (const auto* device : everybody()) {
        if (world.connected(*device) && !asleep.contains(device->id.hex())) world.ask(*device, wire::Ping{});
      }
    }
  }
  void sleep(const TestDevice& device) { asleep.insert(device.id.hex()); }
  void wake(const TestDevice& device) { asleep.erase(device.id.hex()); }
  void restart() {
    world.advance(seconds(1));  // what was acknowledged is on disk
    world.crash();
    for (const auto* device : everybody()) world.connect(*device);
    world.advance(Millis(0));
  }

  std::vector<wire::CheckInItem> notices(const TestDevice& device) {
    world.ack_all(device);
    std::vector<wire::CheckInItem> out;
    for (const SendEntry& sent : world.take_mail(device).entries) {
      if (sent.entry.kind != wire::EntryKind::kCheckIn) continue;
      const auto item = wire::decode_check_in_item(sent.entry.bytes);
      EXPECT_TRUE(item.has_value());
      out.push_back(*item);
    }
    return out;
  }
  wire::SignedCheckIn answer(const TestDevice& device, const wire::CheckInItem& item) {
    const wire::CheckIn said{item.notice, device.organisation, item.role, item.person, item.from, world.now};
    return wire::sign_check_in(said, device.certificate, *device.sign_key);
  }
  Reply check_in(const TestDevice& device, const wire::CheckInItem& item) {
    return world.ask(device, wire::PostCheckIn{answer(device, item)});
  }
  // All of whom the hub asked so far, and are on duty or soon.
  void everybody_checks_in() {
    for (const auto* device : {&ida, &rune, &lis}) {
      for (const wire::CheckInItem& item : notices(*device)) EXPECT_TRUE(check_in(*device, item).accepted());
    }
  }
  std::vector<wire::DutyStatus> statuses(const TestDevice& device) {
    return world.ask(device, wire::GetDutyStatus{}).as<wire::DutyStatuses>().items;
  }
  wire::DutyStatus status(const RoleId& role) {
    for (const wire::DutyStatus& one : statuses(archive)) {
      if (one.role == role) return one;
    }
    return {role, DutyTrouble::kNone, kNever, {}};
  }
  std::vector<DutyTrouble> pushed(const TestDevice& device, const RoleId& role) {
    std::vector<DutyTrouble> out;
    for (const wire::Answer& push : world.take_mail(device).pushes) {
      const auto* said = std::get_if<wire::DutyStatuses>(&push);
      if (said == nullptr) continue;
      for (const wire::DutyStatus& one : said->items) {
        if (one.role == role) out.push_back(one.trouble);
      }
    }
    return out;
  }
  wire::Raise raise() {
    wire::Raise raise;
    raise.alert = world.id<AlertId>();
    raise.stream = world.id<ConversationId>();
    raise.unit = unit;
    raise.role_asked = first;
    raise.ladder = ladder;
    raise.severity = wire::Severity::kRed;
    raise.members = {ida.id, rune.id, lis.id};
    raise.welcome = Bytes(100, 4);
    raise.epoch = 1;
    raise.id = world.id<MessageId>();
    raise.bytes = Bytes(256, 5);
    EXPECT_TRUE(world.ask(house, raise).leaf.has_value());
    return raise;
  }
  Reply act(const TestDevice& device, const wire::Raise& alert, wire::ActKind kind) {
    return world.ask(device, wire::Act{alert.alert, kind, world.id<MessageId>(), 1, Bytes(64, 1)});
  }
  std::vector<NoticeKind> rings(const TestDevice& device) {
    std::vector<NoticeKind> out;
    for (const wire::AlertItem& item : world.take_alerts(device)) {
      if (item.notice != NoticeKind::kNone) out.push_back(item.notice);
    }
    return out;
  }
  wire::AlertView view(const wire::Raise& alert) {
    return world.ask(house, wire::GetAlert{alert.alert}).as<wire::AlertReply>().view;
  }
};
using Rings = std::vector<NoticeKind>;
constexpr NoticeKind kFirst = NoticeKind::kFirst;

TEST_F(CheckInWatch, WhoIsOnDutyIsAskedAtOnceAndWhoComesAQuarterBefore) {
  const auto asked = notices(ida);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].role, first);
  EXPECT_EQ(asked[0].person, ida.person);
  EXPECT_EQ(asked[0].from, world.now);
  EXPECT_EQ(asked[0].due_at, world.now + limits::kCheckInWithin);
  ASSERT_EQ(asked[0].packages.size(), 1U);
  EXPECT_EQ(asked[0].packages[0], wire::mark_of_package(Bytes(40, ida.id.bytes[0])));
  EXPECT_EQ(notices(lis).size(), 1U);
  EXPECT_TRUE(notices(rune).empty());
  const UtcTime shift = world.now + hours(1);
  pass(minutes(45) - Millis(1));
  EXPECT_TRUE(notices(rune).empty());
  pass(Millis(1));
  const auto coming = notices(rune);
  ASSERT_EQ(coming.size(), 1U);
  EXPECT_EQ(coming[0].from, shift);
  EXPECT_EQ(coming[0].due_at, shift + limits::kCheckInWithin);
  restart();
  pass(minutes(30));
  EXPECT_TRUE(notices(rune).empty()) << "each shift once, whatever restarts";
  EXPECT_TRUE(notices(ida).empty());
  EXPECT_TRUE(notices(lis).empty()) << "she stays on duty";
}

TEST_F(CheckInWatch, WhoStaysOnDutyIsAskedOnceInSevenDays) {
  ASSERT_EQ(notices(lis).size(), 1U);
  world.advance(limits::kCheckInLasts - Millis(1));
  EXPECT_TRUE(notices(lis).empty());
  world.advance(seconds(1));
  const auto again = notices(lis);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_TRUE(check_in(lis, again[0]).accepted());
}

TEST_F(CheckInWatch, WhomTheRotaTakesOffBeforeHerShiftIsAskedNoMoreAndWhoTookItIsAskedAtOnce) {
  pass(minutes(46));
  const auto coming = notices(rune);
  ASSERT_EQ(coming.size(), 1U);
  const UtcTime shift = coming[0].from;
  rota.overrides = {{wire::OverrideKind::kSwap, first, shift, shift + hours(8), {lis.person}, {}}};
  notices(lis);
  publish();
  const auto instead = notices(lis);
  ASSERT_EQ(instead.size(), 1U);
  EXPECT_EQ(instead[0].role, first);
  EXPECT_EQ(instead[0].from, shift);
  EXPECT_EQ(check_in(rune, coming[0]).code(), Errc::kNotFound);
}

TEST_F(CheckInWatch, OnlyHerOwnSignedAnswerToTheVeryNoticeChecksIn) {
  const auto asked = notices(ida)[0];
  wire::CheckInItem guessed = asked;
  guessed.notice = world.id<MessageId>();
  EXPECT_EQ(check_in(ida, guessed).code(), Errc::kWrongState) << "she has not had the notice";
  EXPECT_EQ(world.ask(rune, wire::PostCheckIn{answer(ida, asked)}).code(), Errc::kNotPermitted)
      << "from another's connection";
  EXPECT_EQ(check_in(rune, asked).code(), Errc::kUntrusted);
  EXPECT_TRUE(status(first).check_ins.empty());
  const wire::SignedCheckIn good = answer(ida, asked);
  EXPECT_TRUE(world.ask(ida, wire::PostCheckIn{good}).accepted());
  EXPECT_TRUE(world.ask(ida, wire::PostCheckIn{good}).accepted()) << "the same again";
  ASSERT_EQ(status(first).check_ins.size(), 1U);
  EXPECT_EQ(status(first).check_ins[0], good);
  restart();
  ASSERT_EQ(status(first).check_ins.size(), 1U) << "it is durable";
  world.crash_after_snapshot();
  for (const auto* device : everybody()) world.connect(*device);
  EXPECT_EQ(status(first).check_ins[0], good);
}

TEST_F(CheckInWatch, WhoDidNotCheckInInTimeMakesTheRoleDegradedAndHerWordMakesItWellAtOnce) {
  const auto asked = notices(ida)[0];
  pass(limits::kCheckInWithin - Millis(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
  pushed(house, first);
  pass(Millis(1));
  const wire::DutyStatus degraded = status(first);
  EXPECT_EQ(degraded.trouble, DutyTrouble::kNotCheckedIn);
  EXPECT_EQ(degraded.since, world.now);
  EXPECT_EQ(world.core->counters().roles_degraded, 2U) << "Lis has not, either";
  EXPECT_EQ(pushed(house, first), std::vector{DutyTrouble::kNotCheckedIn}) << "the residence is told";
  EXPECT_EQ(pushed(ida, first), std::vector{DutyTrouble::kNotCheckedIn}) << "and her own device";
  EXPECT_EQ(pushed(archive, first), std::vector{DutyTrouble::kNotCheckedIn});
  EXPECT_TRUE(pushed(neighbour, first).empty()) << "no ladder of theirs names it";
  EXPECT_TRUE(pushed(stranger, first).empty());
  EXPECT_TRUE(check_in(ida, asked).accepted());
  world.advance(Millis(0));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
  EXPECT_EQ(pushed(house, first).back(), DutyTrouble::kNone) << "the recovery is told too";
}

TEST_F(CheckInWatch, TheNextShiftHasItsOwnTime) {
  everybody_checks_in();
  pass(hours(1) + limits::kCheckInWithin - Millis(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
  pass(Millis(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNotCheckedIn) << "Rune";
  everybody_checks_in();
  world.advance(Millis(0));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
}

TEST_F(CheckInWatch, AProcessThatHangsBehindALiveConnectionIsSilent) {
  everybody_checks_in();
  pass(minutes(1));
  sleep(ida);
  pass(limits::kSilentAfter - seconds(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
  pass(seconds(2));
  EXPECT_TRUE(world.connected(ida));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kSilent);
  EXPECT_EQ(status(second).trouble, DutyTrouble::kNone) << "Lis is heard";
}

TEST_F(CheckInWatch, OneOfHerDevicesIsEnough) {
  const TestDevice second_phone = world.enrol({.person = ida.person});
  everybody_checks_in();
  world.connect(second_phone);
  sleep(ida);
  for (int i = 0; i < 40; ++i) {
    pass(seconds(15));
    world.ask(second_phone, wire::Ping{});
  }
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
}

TEST_F(CheckInWatch, SilenceEndsWhenADeviceHasBeenHeardAMinuteWithoutABreak) {
  everybody_checks_in();
  sleep(ida);
  pass(minutes(4));
  ASSERT_EQ(status(first).trouble, DutyTrouble::kSilent);
  const UtcTime since = status(first).since;
  wake(ida);
  pass(seconds(15) + limits::kHeardSteadily - Millis(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kSilent);
  EXPECT_EQ(status(first).since, since);
  pass(seconds(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
}

TEST_F(CheckInWatch, APhoneThatComesAndGoesLeavesTheRoleDegraded) {
  everybody_checks_in();
  sleep(ida);
  pass(minutes(4));
  pushed(house, first);
  for (int i = 0; i < 20; ++i) {
    world.ask(ida, wire::Ping{});
    pass(limits::kHeardBreak + seconds(1));
  }
  EXPECT_TRUE(pushed(house, first).empty()) << "no change of mind";
  EXPECT_EQ(status(first).trouble, DutyTrouble::kSilent);
}

TEST_F(CheckInWatch, ACheckInDoesNotMakeAComingAndGoingPhoneWell) {
  const auto asked = notices(ida)[0];
  sleep(ida);
  pass(limits::kCheckInWithin + seconds(1));
  ASSERT_EQ(status(first).trouble, DutyTrouble::kNotCheckedIn);
  EXPECT_TRUE(check_in(ida, asked).accepted());
  world.advance(Millis(0));
  ASSERT_EQ(status(first).trouble, DutyTrouble::kNone) << "it came over the real path";
  pass(limits::kSilentAfter + seconds(1));
  ASSERT_EQ(status(first).trouble, DutyTrouble::kSilent);
  world.ask(ida, wire::Ping{});
  pass(minutes(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kSilent) << "her check-in was before; now she must be heard";
}

TEST_F(CheckInWatch, OfTwoOnDutyTheOneWhoCheckedInLongAgoMustBeHeard) {
  rota.roles[0].duties[0].turns = {{ida.person, lis.person}};
  publish();
  for (const wire::CheckInItem& item : notices(ida)) EXPECT_TRUE(check_in(ida, item).accepted());
  sleep(ida);
  pass(limits::kCheckInWithin);
  ASSERT_EQ(status(first).trouble, DutyTrouble::kNotCheckedIn) << "Lis has not, and Ida is silent";
  world.ask(ida, wire::Ping{});
  pass(minutes(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNotCheckedIn) << "one sign of life is no minute of them";
}

TEST_F(CheckInWatch, TheHubsOwnStartCountsAsASignOfLife) {
  everybody_checks_in();
  for (const auto* device : {&ida, &rune, &lis}) world.disconnect(*device);
  pass(minutes(2));
  world.advance(seconds(1));
  world.crash();
  world.connect(archive);
  pass(limits::kSilentAfter - seconds(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
  pass(seconds(2));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kSilent);
}

TEST_F(CheckInWatch, WhoCouldNotAnswerAHubThatWasDownHasTimeAfterItsStart) {
  const auto asked = notices(ida)[0];
  world.sleep(hours(0) + limits::kCheckInWithin + minutes(5));
  world.crash();
  for (const auto* device : everybody()) world.connect(*device);
  pass(minutes(1));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
  EXPECT_TRUE(check_in(ida, asked).accepted());
  pass(minutes(5));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kNone);
  EXPECT_EQ(status(second).trouble, DutyTrouble::kNotCheckedIn) << "Lis said nothing";
}

TEST_F(CheckInWatch, AStateOutlivesARestartAndIsNotToldAnew) {
  sleep(ida);
  pass(limits::kCheckInWithin);
  const wire::DutyStatus before = status(first);
  ASSERT_EQ(before.trouble, DutyTrouble::kNotCheckedIn);
  restart();
  EXPECT_EQ(status(first), before);
  world.crash_after_snapshot();
  for (const auto* device : everybody()) world.connect(*device);
  EXPECT_EQ(status(first), before);
}

TEST_F(CheckInWatch, AStatusIsForThoseWhomTheRoleConcerns) {
  EXPECT_EQ(statuses(house).size(), 2U);
  EXPECT_EQ(statuses(ida).size(), 1U);
  EXPECT_EQ(statuses(archive).size(), 2U);
  EXPECT_TRUE(statuses(neighbour).empty());
  EXPECT_TRUE(statuses(stranger).empty());
  const RoleId low = std::min(first, second);
  const auto rest = world.ask(house, wire::GetDutyStatus{low}).as<wire::DutyStatuses>();
  ASSERT_EQ(rest.items.size(), 1U);
  EXPECT_GT(rest.items[0].role, low);
  EXPECT_FALSE(rest.more);
}

TEST_F(CheckInWatch, WhoHasANewPhoneIsAskedAnewOnIt) {
  world.disconnect(ida);
  const TestDevice phone = world.enrol({.person = ida.person});
  world.connect(phone);
  EXPECT_TRUE(notices(phone).empty()) << "no call could be opened on it yet";
  EXPECT_TRUE(world.ask(phone, wire::PublishKeyPackages{{Bytes(40, 99)}, {}}).accepted());
  const auto asked = notices(phone);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].packages.size(), 2U);
  EXPECT_TRUE(check_in(phone, asked[0]).accepted());
}

TEST_F(CheckInWatch, EachChangeIsALineOfTheAudit) {
  const auto asked = notices(ida)[0];
  pass(limits::kCheckInWithin);
  EXPECT_TRUE(check_in(ida, asked).accepted());
  world.advance(Millis(0));
  std::vector<std::string> events;
  for (const wire::AuditLine& line : world.audit) {
    if (line.text.find("role=" + first.hex() + " |") == std::string::npos) continue;
    const std::size_t at = line.text.find("event=") + 6;
    events.push_back(line.text.substr(at, line.text.find(' ', at) - at));
  }
  EXPECT_EQ(events, (std::vector<std::string>{"check_in_asked", "role_degraded", "checked_in", "role_recovered"}));
}

// ---- The armed backup (P-185)

TEST_F(CheckInWatch, ADegradedRoleRingsTheNextStepAtOnceAndMovesNoTimer) {
  pass(limits::kCheckInWithin);
  rings(ida), rings(lis);
  const auto alert = raise();
  EXPECT_EQ(rings(ida), Rings{kFirst}) << "she is rung all the same";
  EXPECT_EQ(rings(lis), Rings{kFirst}) << "and so is the next step";
  EXPECT_EQ(view(alert).step, 0U);
  EXPECT_EQ(view(alert).next_at, world.now + minutes(5));
  EXPECT_EQ(view(alert).exhausted_at, world.now + minutes(10));
  EXPECT_TRUE(view(alert).technical_alarm);
  pass(minutes(2));
  EXPECT_EQ(rings(lis), Rings{NoticeKind::kRepeat});
  pass(minutes(3));
  EXPECT_EQ(rings(lis), (Rings{NoticeKind::kRepeat, kFirst})) << "her own step, when it would have begun";
  EXPECT_EQ(view(alert).step, 1U);
}

TEST_F(CheckInWatch, WhoIsArmedMayTakeItAndHerNoEndsNoStep) {
  pass(limits::kCheckInWithin);
  rings(ida), rings(lis);
  const auto alert = raise();
  EXPECT_TRUE(act(lis, alert, wire::ActKind::kDecline).leaf.has_value());
  EXPECT_EQ(view(alert).step, 0U) << "the step is Ida's";
  EXPECT_TRUE(act(lis, alert, wire::ActKind::kTake).leaf.has_value());
  EXPECT_EQ(view(alert).taken_by, lis.id);
}

TEST_F(CheckInWatch, TheNoOfTheStepsOwnStillBeginsTheNextAtOnce) {
  pass(limits::kCheckInWithin);
  const auto alert = raise();
  rings(ida), rings(lis);
  EXPECT_TRUE(act(ida, alert, wire::ActKind::kDecline).leaf.has_value());
  EXPECT_EQ(view(alert).step, 1U);
  EXPECT_EQ(rings(lis), Rings{kFirst});
}

TEST_F(CheckInWatch, AStepThatIsRingingArmsWithinATickOfItsRolesDegrading) {
  everybody_checks_in();
  sleep(ida);
  pass(minutes(1));
  const auto alert = raise();
  EXPECT_EQ(rings(ida), Rings{kFirst});
  EXPECT_EQ(rings(lis), Rings{});
  const UtcTime next = view(alert).next_at;
  pass(limits::kSilentAfter + seconds(1));  // her last word was that it had come
  EXPECT_EQ(rings(lis).front(), kFirst);
  EXPECT_EQ(view(alert).step, 0U);
  EXPECT_EQ(view(alert).next_at, next) << "no timer moves";
  EXPECT_TRUE(view(alert).technical_alarm);
  restart();
  EXPECT_EQ(rings(lis), Rings{}) << "once";
}

TEST_F(CheckInWatch, TheRolesOwnBackupIsArmedToo) {
  rota.roles[0].backup = second;
  publish();
  everybody_checks_in();
  sleep(ida);
  pass(minutes(4));
  ASSERT_EQ(status(first).trouble, DutyTrouble::kSilent);
  raise();
  EXPECT_EQ(rings(lis), Rings{kFirst});
  EXPECT_EQ(rings(ida), Rings{kFirst});
}

TEST_F(CheckInWatch, AStepThatNobodyCanAnswerStillCostsNoTimeAndRingsNobodyTwice) {
  everybody_checks_in();
  world.disconnect(ida);
  pass(minutes(4));
  ASSERT_EQ(status(first).trouble, DutyTrouble::kSilent);
  const auto alert = raise();
  EXPECT_EQ(view(alert).step, 1U) << "as without: the next step at once (P-045)";
  EXPECT_EQ(view(alert).exhausted_at, world.now + minutes(5));
  EXPECT_EQ(rings(lis), Rings{kFirst});
}

TEST_F(CheckInWatch, AfterTheRecoveryNobodyIsArmed) {
  const auto asked = notices(ida)[0];
  pass(limits::kCheckInWithin);
  EXPECT_TRUE(check_in(ida, asked).accepted());
  everybody_checks_in();
  world.advance(Millis(0));
  rings(ida), rings(lis);
  const auto alert = raise();
  EXPECT_EQ(rings(lis), Rings{});
  EXPECT_FALSE(view(alert).technical_alarm);
}

// The store of a hub from before check-ins had watched nobody.
TEST(CheckInSnapshot, OfAHubWithoutCheckInsIsReadAndOfANewerOneIsRefused) {
  World world;
  world.enrol();
  const Bytes now = world.core->snapshot();
  ASSERT_EQ(now[4], 5) << "the format";
  const auto as_format = [&](std::uint8_t format, std::size_t without) {
    Bytes out(now.begin(), now.end() - static_cast<std::ptrdiff_t>(sizeof(Digest) + without));
    out[4] = format;
    const Digest digest = sha256(out);
    nattevagt::append(out, digest);
    return out;
  };
  HubCore read(world.config());
  ASSERT_TRUE(read.restore(as_format(4, 1)));  // of the roles watched, a count: none
  EXPECT_EQ(read.snapshot(), now);
  HubCore refused(world.config());
  const Status newer = refused.restore(as_format(6, 0));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Errc::kUnsupported);
}

// P-183, P-192: a suspended phone is no phone, however lately it was heard.
TEST_F(CheckInWatch, ARoleIsDegradedAtOnceWhenThePhoneOfWhoIsOnDutyIsSuspended) {
  everybody_checks_in();
  pass(minutes(5));
  ASSERT_EQ(status(first).trouble, DutyTrouble::kNone);
  const wire::Suspension said{
      world.id<SuspensionId>(), world.config().sign_key, ida.organisation, ida.id, world.now, {}};
  const auto suspension = wire::sign_suspension(said, lis.certificate, *lis.sign_key);
  ASSERT_TRUE(world.ask(lis, wire::SuspendDevice{suspension}).answer);
  world.advance(Millis(0));
  EXPECT_EQ(status(first).trouble, DutyTrouble::kSilent);
}

}  // namespace
}  // namespace nattevagt::broker::testing
