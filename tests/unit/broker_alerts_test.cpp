// Alerts in the whole core: PROTOCOL.md section 5, and what REQUIREMENTS.md asks of them.
#include <gtest/gtest.h>

#include <set>

#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using wire::ActKind;
using wire::AlertState;
using wire::NoticeKind;

// Strandløkken asks; Ida is on call, then Rune and Lis, then the head of duty. Each step five minutes.
struct Escalation : ::testing::Test {
  World world;
  UnitId unit = world.id<UnitId>();
  RoleId on_call = world.id<RoleId>(), head = world.id<RoleId>();
  LadderId ladder = world.id<LadderId>();
  TestDevice house = world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit});
  TestDevice ida = world.enrol(), rune = world.enrol(), lis = world.enrol(), chief = world.enrol();
  TestDevice archive = world.enrol({.kind = wire::HolderKind::kRecorder});
  TestDevice stranger = world.enrol();
  wire::Roster roster;

  Escalation() {
    for (const auto* device : everybody()) world.connect(*device);
    roster.roles = {{on_call, Bytes(50, 1), {ida.person}}, {head, Bytes(50, 2), {chief.person}}};
    roster.ladders = {{ladder,
                       {{minutes(5), minutes(2), {to_role(on_call)}},
                        {minutes(5), Millis(0), {to_person(rune.person), to_person(lis.person)}},
                        {minutes(5), Millis(0), {to_role(head)}}},
                       minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}};
    roster.recorders = {archive.person};
    world.publish_roster(roster);
    for (const auto* device : everybody()) world.take_mail(*device);
  }
  std::vector<const TestDevice*> everybody() const {
    return {&house, &ida, &rune, &lis, &chief, &archive, &stranger};
  }
  wire::Raise request() {
    wire::Raise raise = world.make_raise(unit, ladder, {&ida, &rune, &lis, &chief, &archive});
    raise.role_asked = on_call;
    return raise;
  }
  wire::Raise raise() {
    const wire::Raise wanted = request();
    EXPECT_TRUE(world.ask(house, wanted).leaf.has_value());
    return wanted;
  }
  wire::Act act(const wire::Raise& alert, ActKind kind) {
    return {alert.alert, kind, world.id<MessageId>(), 1, Bytes(64, static_cast<std::uint8_t>(kind))};
  }
  Reply does(const TestDevice& device, const wire::Raise& alert, ActKind kind) {
    return world.ask(device, act(alert, kind));
  }
  wire::AlertView view(const wire::Raise& alert) {
    return world.ask(house, wire::GetAlert{alert.alert}).as<wire::AlertReply>().view;
  }
  AlertState state(const wire::Raise& alert) { return view(alert).state; }
  std::vector<NoticeKind> notices(const TestDevice& device) {
    std::vector<NoticeKind> out;
    for (const wire::AlertItem& item : world.take_alerts(device)) out.push_back(item.notice);
    return out;
  }
};
using Kinds = std::vector<NoticeKind>;

// P-040, P-063
TEST_F(Escalation, RaiseStoresStreamAlertAndNoticesInOneRecordAndPromisesTheTimes) {
  const auto before = world.journal.size();
  const wire::Raise wanted = request();
  const Reply reply = world.ask(house, wanted);
  ASSERT_TRUE(reply.leaf.has_value());
  EXPECT_EQ(world.journal.size(), before + 1);
  EXPECT_EQ(reply.after, world.core->last_index());
  EXPECT_EQ(reply.leaf->alert, wanted.alert);
  EXPECT_EQ(reply.leaf->next_at, world.now + minutes(5));
  EXPECT_EQ(reply.leaf->exhausted_at, world.now + minutes(15));
  EXPECT_EQ(reply.leaf->content, sha256(wanted.bytes));
  const auto& entries = world.mail(ida).entries;
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].entry.kind, wire::EntryKind::kAlert);  // it rings first
  EXPECT_EQ(entries[1].entry.kind, wire::EntryKind::kWelcome);
  EXPECT_EQ(entries[2].entry.stream, wanted.stream);
  for (const SendEntry& sent : entries) EXPECT_EQ(sent.after, reply.after);
}

// P-040, R14: any number of re-sends is one alert.
TEST_F(Escalation, RepeatedRaiseGetsTheSameReceiptAfterACrashAndAfterTheEnd) {
  const wire::Raise wanted = request();
  const Reply first = world.ask(house, wanted);
  EXPECT_EQ(*world.ask(house, wanted).leaf, *first.leaf);
  EXPECT_EQ(world.ask(house, wanted).after, first.after);
  world.advance(minutes(7));
  world.crash();
  world.connect(house);
  EXPECT_EQ(*world.ask(house, wanted).leaf, *first.leaf);
  world.crash_after_snapshot();
  world.connect(house);
  EXPECT_EQ(*world.ask(house, wanted).leaf, *first.leaf);
  does(house, wanted, ActKind::kWithdraw);
  EXPECT_EQ(*world.ask(house, wanted).leaf, *first.leaf);
  EXPECT_EQ(world.core->counters().alerts_open, 0U);
  wire::Raise other = wanted;
  other.bytes.push_back(1);
  EXPECT_EQ(world.ask(house, other).code(), Errc::kAlreadyExists);
  other = wanted;
  other.stream = world.id<ConversationId>();
  EXPECT_EQ(world.ask(house, other).code(), Errc::kAlreadyExists);
  other = request();
  other.stream = wanted.stream;
  EXPECT_EQ(world.ask(house, other).code(), Errc::kAlreadyExists);
}

TEST_F(Escalation, RaiseIsForTheUnitsDevicesAndNotForRecorders) {
  wire::Raise wanted = request();
  wanted.unit = world.id<UnitId>();
  EXPECT_EQ(world.ask(house, wanted).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask(archive, request()).code(), Errc::kNotPermitted);
  EXPECT_TRUE(world.ask(stranger, request()).leaf.has_value());  // no unit, its own organisation's unit
}

// P-041: a roster that changed while the form was filled in costs no alert.
TEST_F(Escalation, LadderThatIsGoneIsReplacedByTheUnitsOwnOfThatSeverity) {
  wire::Raise wanted = request();
  wanted.ladder = world.id<LadderId>();
  EXPECT_TRUE(world.ask(house, wanted).leaf.has_value());
  wanted = request();
  wanted.ladder = world.id<LadderId>();
  wanted.severity = wire::Severity::kGreen;
  EXPECT_EQ(world.ask(house, wanted).code(), Errc::kNotFound);
}

// P-041: kept with the alert; P-042, R1: roles resolved when the step begins.
TEST_F(Escalation, StepRingsWhoHoldsTheRoleWhenItBegins) {
  const wire::Raise alert = raise();
  world.advance(minutes(6));
  roster.roles[1].holders = {stranger.person};
  roster.ladders[0].steps.clear();
  roster.ladders[0].steps = {{minutes(1), Millis(0), {to_person(ida.person)}}};
  world.publish_roster(roster);
  world.take_alerts(stranger);
  world.take_alerts(chief);
  world.advance(minutes(4));
  EXPECT_EQ(notices(stranger), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(notices(chief), Kinds{NoticeKind::kNone});
  EXPECT_EQ(view(alert).step, 2U);
  EXPECT_EQ(view(alert).roster_version, 1U);
}

// P-042, R15: every device of every target.
TEST_F(Escalation, EveryDeviceOfTheTargetRingsOfflineOnesFindItInTheirInbox) {
  const TestDevice tablet = world.enrol({.person = ida.person});
  raise();
  EXPECT_EQ(notices(ida), Kinds{NoticeKind::kFirst});
  world.connect(tablet);
  EXPECT_EQ(notices(tablet), Kinds{NoticeKind::kFirst});
}

// P-042, P-046; domain story 6b.
TEST_F(Escalation, NobodyTakesItAndItEndsLoudAfterFifteenMinutes) {
  const wire::Raise alert = raise();
  EXPECT_EQ(notices(ida), Kinds{NoticeKind::kFirst});
  world.advance(minutes(2));
  EXPECT_EQ(notices(ida), Kinds{NoticeKind::kRepeat});
  world.advance(minutes(3));
  notices(ida);
  EXPECT_EQ(notices(rune), (Kinds{NoticeKind::kNone, NoticeKind::kFirst}));
  EXPECT_EQ(notices(lis), (Kinds{NoticeKind::kNone, NoticeKind::kFirst}));
  notices(house);
  world.advance(minutes(10) - Millis(1));
  EXPECT_EQ(notices(house), Kinds{NoticeKind::kNone});
  world.advance(Millis(1));
  EXPECT_EQ(notices(house), Kinds{NoticeKind::kLoud});
  EXPECT_EQ(state(alert), AlertState::kExhausted);
  for (int i = 0; i < 3; ++i) {
    world.advance(seconds(60));
    EXPECT_EQ(notices(house), Kinds{NoticeKind::kLoud});
  }
  EXPECT_EQ(notices(ida),
            Kinds({NoticeKind::kNone, NoticeKind::kNone}));  // step 2 and the end; no loud repeats
  EXPECT_TRUE(does(house, alert, ActKind::kReserveUsed).leaf.has_value());
  notices(house);
  world.advance(minutes(10));
  EXPECT_TRUE(notices(house).empty());
  EXPECT_EQ(state(alert), AlertState::kExhausted);  // open: never closed by itself
  EXPECT_TRUE(does(rune, alert, ActKind::kTake).leaf.has_value());
  EXPECT_TRUE(view(alert).late);
}

// P-043: stored, delivered and seen never stop it.
TEST_F(Escalation, DeliveredAndAcknowledgedDoNotStopTheLadder) {
  const wire::Raise alert = raise();
  for (const auto* device : everybody()) world.take_alerts(*device);
  world.ask(ida, world.message(alert.stream, 1, "seen"));
  world.advance(minutes(15));
  EXPECT_EQ(state(alert), AlertState::kExhausted);
}

// P-043, P-014
TEST_F(Escalation, FirstTakerWinsTheSecondIsToldWho) {
  const wire::Raise alert = raise();
  EXPECT_TRUE(does(ida, alert, ActKind::kTake).leaf.has_value());
  const auto before = world.core->last_index();
  const Reply second = does(rune, alert, ActKind::kTake);
  ASSERT_EQ(second.code(), Errc::kAlreadyTaken);
  EXPECT_EQ(second.refusal().taken_by, ida.id);
  EXPECT_EQ(world.core->last_index(), before);  // P-049: a refused act leaves no entry
  EXPECT_EQ(view(alert).taken_by, ida.id);
}

TEST_F(Escalation, TakingAgainChangesNothingNotEvenTheAdvicesTime) {
  const wire::Raise alert = raise();
  const wire::Act first = act(alert, ActKind::kTake);
  const Reply taken = world.ask(ida, first);
  const UtcTime due = view(alert).next_at;
  world.advance(minutes(1));
  EXPECT_TRUE(does(ida, alert, ActKind::kTake).leaf.has_value());
  EXPECT_EQ(view(alert).next_at, due);
  EXPECT_EQ(*world.ask(ida, first).leaf, *taken.leaf);  // the retry of the very same act
  world.crash();
  for (const auto* device : everybody()) world.connect(*device);
  EXPECT_EQ(*world.ask(ida, first).leaf, *taken.leaf);
}

// P-043: "by a person that the ladder names (at any step)"
TEST_F(Escalation, OnlyWhomTheLadderNamesMayTakeOrDecline) {
  wire::Raise wanted = request();
  wanted.members.push_back(stranger.id);
  world.ask(house, wanted);
  EXPECT_EQ(does(stranger, wanted, ActKind::kTake).code(), Errc::kNotPermitted);
  EXPECT_EQ(does(stranger, wanted, ActKind::kDecline).code(), Errc::kNotPermitted);
  EXPECT_EQ(does(archive, wanted, ActKind::kTake).code(), Errc::kNotPermitted);
  EXPECT_EQ(does(house, wanted, ActKind::kTake).code(), Errc::kNotPermitted);
  EXPECT_TRUE(does(chief, wanted, ActKind::kTake).leaf.has_value());  // of the last step, in the first
}

// P-046, P-043: the loud end rings at the asking unit, which does not make it a taker.
TEST_F(Escalation, AskingUnitCannotTakeItsOwnAlertAfterTheLoudEnd) {
  const wire::Raise alert = raise();
  world.advance(minutes(16));
  EXPECT_EQ(does(house, alert, ActKind::kTake).code(), Errc::kNotPermitted);
}

// P-043: who was rung may take it though the roster has changed since.
TEST_F(Escalation, WhoWasRungMayTakeItAfterTheShiftHasChanged) {
  const wire::Raise alert = raise();
  roster.roles[0].holders = {stranger.person};
  world.publish_roster(roster);
  world.crash_after_snapshot();
  world.connect(ida);
  EXPECT_TRUE(does(ida, alert, ActKind::kTake).leaf.has_value());
}

// P-036, P-049
TEST_F(Escalation, ActsAreForMembersOfTheRoom) {
  wire::Raise wanted = request();
  wanted.members = {rune.id};
  world.ask(house, wanted);
  EXPECT_EQ(does(ida, wanted, ActKind::kTake).code(), Errc::kNotMember);
  EXPECT_EQ(world.ask(ida, wire::Act{}).code(), Errc::kNotFound);
}

// P-044, R7
TEST_F(Escalation, DeclineGoesOnAtOnce) {
  const wire::Raise alert = raise();
  world.advance(seconds(20));
  EXPECT_TRUE(does(ida, alert, ActKind::kDecline).leaf.has_value());
  EXPECT_EQ(view(alert).step, 1U);
  EXPECT_FALSE(view(alert).technical_alarm);
  EXPECT_EQ(notices(rune), (Kinds{NoticeKind::kNone, NoticeKind::kFirst}));
  EXPECT_EQ(view(alert).next_at, world.now + minutes(5));
}

// P-045, R8
TEST_F(Escalation, SkipsNobodyWhenStepHasNoOneOnCall) {
  roster.roles[0].holders.clear();
  world.publish_roster(roster);
  const wire::Raise alert = raise();
  EXPECT_EQ(view(alert).step, 1U);
  EXPECT_TRUE(view(alert).technical_alarm);
  EXPECT_EQ(notices(rune), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(notices(lis), Kinds{NoticeKind::kFirst});
  EXPECT_EQ(world.core->counters().technical_alarms, 1U);
}

// P-045
TEST_F(Escalation, DeviceThatLeftHalfAMinuteAgoNoLongerHoldsTheStep) {
  const wire::Raise alert = raise();
  world.advance(seconds(10));
  world.disconnect(ida);
  world.advance(seconds(30) - Millis(1));
  EXPECT_EQ(view(alert).step, 0U);
  world.advance(Millis(1));
  EXPECT_EQ(view(alert).step, 1U);
  EXPECT_TRUE(view(alert).technical_alarm);
  world.connect(ida);
  EXPECT_EQ(notices(ida), (Kinds{NoticeKind::kFirst, NoticeKind::kNone}));  // there when it comes back
}

// P-045
TEST_F(Escalation, DeviceThatComesBackInTimeHoldsTheStep) {
  const wire::Raise alert = raise();
  world.disconnect(ida);
  world.advance(seconds(29));
  world.connect(ida);
  world.advance(minutes(1));
  EXPECT_EQ(view(alert).step, 0U);
}

// P-045: "after the hub's own start every device counts as just seen"
TEST_F(Escalation, AfterAStartEverybodyHasHalfAMinuteToComeBack) {
  const wire::Raise alert = raise();
  world.sleep(seconds(10));
  world.crash();
  world.connect(house);
  world.advance(seconds(29));
  EXPECT_EQ(view(alert).step, 0U);
  world.connect(ida);
  world.advance(minutes(1));
  EXPECT_EQ(view(alert).step, 0U);
}

// P-028, P-045: a revoked device is nobody.
TEST_F(Escalation, RevokedHolderEndsTheStepAtOnce) {
  const wire::Raise alert = raise();
  world.revoke({ida.id});
  world.advance(Millis(0));
  EXPECT_EQ(view(alert).step, 1U);
}

// P-047, R6
// P-028, P-045: who has just gone is believed to come back for half a minute; who is revoked is not.
TEST_F(Escalation, RevokedHolderWhoHadJustGoneEndsTheStepAtOnce) {
  const wire::Raise wanted = raise();
  world.disconnect(ida);
  world.advance(seconds(1));
  EXPECT_EQ(view(wanted).step, 0U);
  world.revoke({ida.id});
  world.advance(Millis(1));
  EXPECT_EQ(view(wanted).step, 1U);
}

// P-050: the next change of state may be long in coming.
TEST_F(Escalation, WhoIsCalledInLaterHearsAtOnceHowTheAlertStands) {
  const wire::Raise wanted = raise();
  ASSERT_TRUE(does(ida, wanted, ActKind::kTake).leaf.has_value());
  wire::Append commit = world.message(wanted.stream, 1, "commit");
  commit.kind = wire::EntryKind::kCommit;
  commit.added = {stranger.id};
  commit.welcome = Bytes(80, 6);
  const Reply reply = world.ask(house, commit);
  ASSERT_TRUE(reply.leaf.has_value());
  EXPECT_EQ(reply.after, world.core->last_index());
  EXPECT_EQ(reply.leaf->id, commit.id);
  const auto items = world.take_alerts(stranger);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].notice, NoticeKind::kNone);
  EXPECT_EQ(items[0].view, view(wanted));
  EXPECT_EQ(items[0].view.taken_by, ida.id);
}

TEST_F(Escalation, TakenWithoutAdviceResumesAndTellsTheNext) {
  const wire::Raise alert = raise();
  does(ida, alert, ActKind::kTake);
  for (const auto* device : everybody()) world.take_alerts(*device);
  world.advance(minutes(15));
  EXPECT_EQ(state(alert), AlertState::kEscalating);
  EXPECT_FALSE(view(alert).taken_by.has_value());
  EXPECT_EQ(notices(rune), Kinds{NoticeKind::kResumed});
  EXPECT_EQ(notices(ida), Kinds{NoticeKind::kNone});
  EXPECT_EQ(does(ida, alert, ActKind::kAdvise).code(), Errc::kWrongState);
  EXPECT_TRUE(does(lis, alert, ActKind::kTake).leaf.has_value());
}

// P-048
TEST_F(Escalation, AdviceByTheTakersPersonOnAnyDeviceEndsTheLadder) {
  const TestDevice tablet = world.enrol({.person = ida.person});
  world.connect(tablet);
  wire::Raise wanted = request();
  wanted.members.push_back(tablet.id);
  world.ask(house, wanted);
  EXPECT_EQ(does(ida, wanted, ActKind::kAdvise).code(), Errc::kWrongState);
  does(ida, wanted, ActKind::kTake);
  EXPECT_EQ(does(rune, wanted, ActKind::kAdvise).code(), Errc::kNotPermitted);
  EXPECT_TRUE(does(tablet, wanted, ActKind::kAdvise).leaf.has_value());
  EXPECT_EQ(state(wanted), AlertState::kAdvised);
  world.advance(std::chrono::hours(1));
  EXPECT_EQ(state(wanted), AlertState::kAdvised);
  EXPECT_TRUE(does(ida, wanted, ActKind::kAdvise).leaf.has_value());  // a second advice changes nothing
  EXPECT_TRUE(does(ida, wanted, ActKind::kClose).leaf.has_value());
  EXPECT_EQ(state(wanted), AlertState::kClosed);
}

// P-048
TEST_F(Escalation, WithdrawReserveAndCloseAreTheAskingUnits) {
  const wire::Raise alert = raise();
  EXPECT_EQ(does(ida, alert, ActKind::kWithdraw).code(), Errc::kNotPermitted);
  EXPECT_EQ(does(ida, alert, ActKind::kReserveUsed).code(), Errc::kNotPermitted);
  EXPECT_EQ(does(ida, alert, ActKind::kClose).code(), Errc::kNotPermitted);
  EXPECT_EQ(does(house, alert, ActKind::kClose).code(), Errc::kWrongState);
  EXPECT_TRUE(does(house, alert, ActKind::kWithdraw).leaf.has_value());
  EXPECT_EQ(state(alert), AlertState::kWithdrawn);
  EXPECT_EQ(does(ida, alert, ActKind::kTake).code(), Errc::kWrongState);
  world.advance(std::chrono::hours(1));
  EXPECT_EQ(state(alert), AlertState::kWithdrawn);
  EXPECT_TRUE(does(house, alert, ActKind::kClose).leaf.has_value());
}

// P-049, P-035
TEST_F(Escalation, ActOfAnOldEpochIsRefusedAndChangesNothing) {
  const wire::Raise alert = raise();
  for (std::uint64_t epoch = 1; epoch < 4; ++epoch) {
    wire::Append commit = world.message(alert.stream, epoch, "commit");
    commit.kind = wire::EntryKind::kCommit;
    world.ask(house, commit);
  }
  const Reply reply = does(ida, alert, ActKind::kTake);
  ASSERT_EQ(reply.code(), Errc::kStaleEpoch);
  EXPECT_EQ(reply.refusal().current_epoch, 4U);
  EXPECT_EQ(state(alert), AlertState::kEscalating);
}

// P-049: act and change in one record.
TEST_F(Escalation, ActAndItsChangeAreOneRecord) {
  const wire::Raise alert = raise();
  const auto before = world.journal.size();
  const Reply reply = does(ida, alert, ActKind::kTake);
  EXPECT_EQ(world.journal.size(), before + 1);
  EXPECT_EQ(reply.leaf->alert, alert.alert);
  EXPECT_EQ(reply.leaf->seq, 2U);
}

// P-049: an id used for another act is not the same act.
TEST_F(Escalation, ActIdUsedForAnotherActIsRefused) {
  const wire::Raise alert = raise();
  wire::Act taken = act(alert, ActKind::kTake);
  world.ask(ida, taken);
  taken.kind = ActKind::kAdvise;
  EXPECT_EQ(world.ask(ida, taken).code(), Errc::kAlreadyExists);
}

// P-050: all members hear of each change, the recorder and the asking unit too.
TEST_F(Escalation, EveryMemberHearsOfEveryChange) {
  const wire::Raise alert = raise();
  does(ida, alert, ActKind::kTake);
  for (const auto* device : {&house, &rune, &lis, &chief, &archive}) {
    const auto items = world.take_alerts(*device);
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[1].view.state, AlertState::kTaken);
    EXPECT_EQ(items[1].view.taken_by, ida.id);
  }
  EXPECT_TRUE(world.take_alerts(stranger).empty());
}

// P-050: who was rung without being a member hears that it is over, or it rings on.
TEST_F(Escalation, TargetOutsideTheRoomHearsThatItWasTaken) {
  wire::Raise wanted = request();
  wanted.members = {rune.id};
  world.ask(house, wanted);
  does(rune, wanted, ActKind::kTake);
  const auto items = world.take_alerts(ida);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[1].view.state, AlertState::kTaken);
}

// P-052, R17: a timer that passed while the hub was down fires at once, once.
TEST_F(Escalation, TimerThatPassedDuringACrashFiresAtTheFirstTick) {
  const wire::Raise alert = raise();
  world.sleep(minutes(5) + seconds(20));
  world.crash();
  for (const auto* device : everybody()) world.connect(*device);
  EXPECT_EQ(view(alert).step, 1U);
  EXPECT_EQ(view(alert).next_at, world.now + minutes(5));
  std::set<std::pair<std::uint32_t, std::uint32_t>> keys;
  for (const auto& item : world.take_alerts(rune)) {
    if (item.notice != NoticeKind::kNone) {
      EXPECT_TRUE(keys.emplace(item.view.step, item.repeat).second);
    }
  }
  EXPECT_EQ(keys.size(), 1U);
}

// P-046 and an inbox that must not grow without end: repeats wait for the one before to arrive.
TEST_F(Escalation, LoudRepeatsDoNotPileUpInAnOfflineInbox) {
  const wire::Raise alert = raise();
  world.advance(minutes(14));
  world.disconnect(house);
  world.advance(std::chrono::hours(5));
  world.connect(house);
  const auto items = world.take_alerts(house);
  EXPECT_LT(items.size(), 8U);
  EXPECT_EQ(items.back().view.state, AlertState::kExhausted);
  EXPECT_EQ(items.back().notice, NoticeKind::kLoud);
  world.advance(seconds(60));
  EXPECT_EQ(notices(house), Kinds{NoticeKind::kLoud});
  (void)alert;
}

// DESIGN 7: no expiry of an unread alert; P-038 for the rest.
TEST_F(Escalation, OpenAlertOutlivesTheRetentionAnEndedOneIsForgotten) {
  const wire::Raise open = raise();
  const wire::Raise ended = raise();
  does(house, ended, ActKind::kWithdraw);
  for (const auto* device : everybody()) world.disconnect(*device);
  // Step by hand: the loud repeats of a month are many.
  world.sleep(limits::kEntryRetention + std::chrono::hours(3));
  for (int i = 0; i < 3; ++i) {
    world.run(Tick{});
    world.sleep(std::chrono::hours(1));
  }
  world.connect(house);
  EXPECT_EQ(world.ask(house, wire::GetAlert{ended.alert}).code(), Errc::kNotFound);
  EXPECT_EQ(state(open), AlertState::kExhausted);
  world.connect(ida);
  std::set<AlertId> rung;
  for (const auto& item : world.take_alerts(ida)) rung.insert(item.view.alert);
  EXPECT_TRUE(rung.contains(open.alert));
  EXPECT_TRUE(does(ida, open, ActKind::kTake).leaf.has_value());
}

// P-090
TEST_F(Escalation, UnitHasALimitOfOpenAlertsAndEndedOnesDoNotCount) {
  world.checks = false;  // after each of thousands
  std::vector<wire::Raise> open;
  for (std::size_t i = 0; i < limits::kOpenAlertsPerUnitMax; ++i) {
    open.push_back(request());
    open.back().members = {rune.id};
    ASSERT_TRUE(world.ask(house, open.back()).leaf.has_value());
  }
  const Reply refused = world.ask(house, request());
  ASSERT_EQ(refused.code(), Errc::kBusy);
  EXPECT_GT(refused.refusal().retry_after, Millis(0));
  EXPECT_EQ(world.core->counters().alerts_refused_full, 1U);  // P-091: never in silence
  does(rune, open[0], ActKind::kTake);
  does(rune, open[0], ActKind::kAdvise);
  EXPECT_TRUE(world.ask(house, request()).leaf.has_value());
}

// Everything that an open alert needs is in the snapshot: the climb goes on as if nothing had been.
TEST_F(Escalation, LadderGoesOnFromASnapshot) {
  const wire::Raise alert = raise();
  world.advance(minutes(5) + seconds(1));
  does(rune, alert, ActKind::kDecline);
  const wire::AlertView before = view(alert);
  world.crash_after_snapshot();
  for (const auto* device : everybody()) world.connect(*device);
  EXPECT_EQ(view(alert), before);
  for (const auto* device : everybody()) world.take_alerts(*device);
  EXPECT_TRUE(
      does(lis, alert, ActKind::kDecline).leaf.has_value());  // the last of the step: Rune had declined
  EXPECT_EQ(view(alert).step, 2U);
  EXPECT_EQ(notices(ida), Kinds{NoticeKind::kNone});  // it had been rung: it still hears of it
  world.advance(minutes(5));
  EXPECT_EQ(state(alert), AlertState::kExhausted);
}

// P-028: revoked meanwhile, and unknown: the alert goes out all the same.
TEST_F(Escalation, RevokedOrUnknownMemberDoesNotStopAnAlert) {
  world.revoke({lis.id});
  wire::Raise wanted = request();
  wanted.members.push_back(world.id<DeviceId>());
  EXPECT_TRUE(world.ask(house, wanted).leaf.has_value());
}

TEST_F(Escalation, AlertIsShownToThoseItConcernsOnly) {
  const wire::Raise alert = raise();
  EXPECT_EQ(world.ask(stranger, wire::GetAlert{alert.alert}).code(), Errc::kNotPermitted);
  EXPECT_FALSE(world.ask(archive, wire::GetAlert{alert.alert}).refused());
}

// P-041, and roles of other organisations: a municipality asks, a region answers.
TEST(Organisations, LadderReachesAnotherOrganisationsRole) {
  World world(5, 2);
  const UnitId unit = world.id<UnitId>();
  const TestDevice house = world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit}, 0);
  const TestDevice doctor = world.enrol({}, 1);
  world.connect(house);
  world.connect(doctor);
  const RoleId role = world.id<RoleId>();
  wire::Roster region;
  region.roles = {{role, Bytes(50, 1), {doctor.person}}};
  world.publish_roster(region, 1);
  wire::Roster municipality;
  const LadderId ladder = world.id<LadderId>();
  municipality.ladders = {{ladder, {{minutes(5), Millis(0), {to_role(role)}}}, minutes(5)}};
  municipality.units = {{unit, Bytes(50, 1), {{wire::Severity::kAlarm, ladder}}}};
  world.publish_roster(municipality, 0);
  wire::Raise raise = world.make_raise(unit, ladder, {&doctor});
  raise.severity = wire::Severity::kAlarm;
  ASSERT_TRUE(world.ask(house, raise).leaf.has_value());
  const auto items = world.take_alerts(doctor);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].notice, NoticeKind::kFirst);
  EXPECT_TRUE(world.ask(doctor, wire::Act{raise.alert, ActKind::kTake, world.id<MessageId>(), 1, Bytes(3, 3)})
                  .leaf.has_value());
}

}  // namespace
}  // namespace nattevagt::broker::testing
