// The audit and the reconciler in the whole core: PROTOCOL.md sections 11 and 12. Every other test of the
// core checks, at its end, that the audit is a chain and tells what the core holds (World::check_audit).
#include <gtest/gtest.h>

#include "broker/core/reconciler.h"
#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using wire::ActKind;
using wire::AlertState;
using wire::NoticeKind;

struct AuditNight : ::testing::Test {
  World world;
  UnitId unit = world.id<UnitId>();
  LadderId ladder = world.id<LadderId>();
  TestDevice house = world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit});
  TestDevice ida = world.enrol(), rune = world.enrol();

  AuditNight() {
    for (const auto* device : {&house, &ida, &rune}) world.connect(*device);
    wire::Roster roster;
    roster.ladders = {{ladder,
                       {{minutes(5), minutes(2), {to_person(ida.person)}},
                        {minutes(5), Millis(0), {to_person(rune.person)}}},
                       minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}};
    world.publish_roster(roster);
  }
  wire::Raise request(bool drill = false) {
    wire::Raise raise = world.make_raise(unit, ladder, {&ida, &rune});
    raise.drill = drill;
    return raise;
  }
  wire::Raise raise(bool drill = false) {
    const wire::Raise wanted = request(drill);
    EXPECT_TRUE(world.ask(house, wanted).leaf.has_value());
    return wanted;
  }
  void act(const TestDevice& device, const wire::Raise& alert, ActKind kind) {
    EXPECT_TRUE(world.ask(device, wire::Act{alert.alert, kind, world.id<MessageId>(), 1, Bytes(64, 1)}).leaf);
  }
  // The lines about an alert, without their beginning.
  std::vector<std::string> lines_of(const wire::Raise& alert) {
    std::vector<std::string> out;
    for (const wire::AuditLine& line : world.audit) {
      if (line.text.find("alert=" + alert.alert.hex()) == std::string::npos) continue;
      out.push_back(line.text.substr(line.text.find("event=")));
    }
    return out;
  }
  static bool has(const std::string& line, const std::string& word) {
    return (" " + line + " ").find(" " + word + " ") != std::string::npos;
  }
  std::vector<NoticeKind> notices(const TestDevice& device) {
    std::vector<NoticeKind> out;
    for (const wire::AlertItem& item : world.take_alerts(device)) out.push_back(item.notice);
    return out;
  }
  // The last record of the journal again, with the alert's timer at another time: what a bug of the ladder,
  // or a flipped bit, could leave behind.
  void misplace_timer(const wire::Raise& alert, UtcTime due) {
    Record record = world.journal.back();
    auto fact = decode_fact(record.meta);
    ASSERT_TRUE(fact.has_value());
    AlertProgress& progress = std::get<AlertRaised>(*fact).change.progress;
    ASSERT_EQ(std::get<AlertRaised>(*fact).facts.alert, alert.alert);
    progress.due_at = due;
    progress.repeat_at = kNever;
    record.meta = encode(*fact);
    world.journal.back() = record;
    world.audit.clear();  // the lines told the truth; the planted record does not
    world.core = std::make_unique<HubCore>(world.config());
    for (const Record& one : world.journal) ASSERT_TRUE(world.core->replay(one).has_value());
    world.sessions.clear();
    world.organisation_sessions.clear();
    world.core->started(world.now);
  }
};

// P-120: who, what, when, and who was rung.
TEST_F(AuditNight, TellsANightFromTheCallToItsEnd) {
  const wire::Raise alert = raise();
  world.take_alerts(ida);  // else the repeat would wait for it
  world.advance(minutes(3));
  act(ida, alert, ActKind::kDecline);
  act(rune, alert, ActKind::kTake);
  act(rune, alert, ActKind::kAdvise);
  act(house, alert, ActKind::kClose);
  const auto lines = lines_of(alert);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_TRUE(has(lines[0], "event=alert_raised") && has(lines[0], "by=" + house.id.hex()));
  EXPECT_TRUE(has(lines[0], "first=" + ida.id.hex()) && has(lines[0], "drill=no"));
  EXPECT_TRUE(has(lines[1], "event=alert_moved") && has(lines[1], "repeat=" + ida.id.hex()));
  EXPECT_TRUE(has(lines[2], "act=decline") && has(lines[2], "first=" + rune.id.hex()) &&
              has(lines[2], "step=1"));
  EXPECT_TRUE(has(lines[3], "act=take") && has(lines[3], "taken_by=" + rune.id.hex()));
  EXPECT_TRUE(has(lines[4], "act=advise") && has(lines[4], "state=advised"));
  EXPECT_TRUE(has(lines[5], "act=close") && has(lines[5], "state=closed") && has(lines[5], "next=never"));
}

TEST_F(AuditNight, TellsOfGrantsDevicesDocumentsAndRevocationsAndOfNoMessage) {
  const auto before = world.audit.size();
  const ConversationId room = world.create(ida, {rune.id});
  world.ask(ida, world.message(room, 0, "nothing of the audit's business"));
  world.ack_all(rune);
  world.advance(seconds(1));
  EXPECT_EQ(world.audit.size(), before);
  world.revoke({ida.id});
  ASSERT_EQ(world.audit.size(), before + 2);
  EXPECT_NE(world.audit[before].text.find("/revocations | version=1"), std::string::npos);
  EXPECT_NE(world.audit[before + 1].text.find("event=device_revoked device=" + ida.id.hex()),
            std::string::npos);
}

// P-121: the chain is part of the state, so it outlives a crash, and a snapshot.
TEST_F(AuditNight, ChainGoesOnAfterACrashAndFromASnapshot) {
  raise();
  const wire::AuditPoint before = world.core->audit_point();
  world.crash();
  EXPECT_EQ(world.core->audit_point(), before);
  world.crash_after_snapshot();
  EXPECT_EQ(world.core->audit_point(), before);
  for (const auto* device : {&house, &ida, &rune}) world.connect(*device);
  raise();
  EXPECT_GT(world.core->audit_point().seq, before.seq);
}

// P-122, as a mutant: lines that leave a change out do not tell what the core holds.
TEST_F(AuditNight, FoldMissesALineThatWasLeftOut) {
  const wire::Raise alert = raise();
  act(ida, alert, ActKind::kTake);
  const auto fold_without = [&](std::size_t left_out) {
    AuditFold fold;
    for (std::size_t i = 0; i < world.audit.size(); ++i) {
      if (i == left_out) continue;
      EXPECT_TRUE(fold.take(world.audit[i].text));
    }
    return fold.difference(world.core->audit_subjects(), true);
  };
  EXPECT_FALSE(fold_without(world.audit.size()));
  EXPECT_EQ(fold_without(world.audit.size() - 1), "alert=" + alert.alert.hex());
  EXPECT_TRUE(fold_without(0));  // a grant that nobody has announced
}

// P-123: the point is told only when it is durable, to devices and organisations alike; no room may be called
// so.
TEST_F(AuditNight, PointIsAReceiptThatNoConversationCanImitate) {
  raise();
  const Reply reply = world.ask(house, wire::GetAuditPoint{});
  ASSERT_TRUE(reply.leaf.has_value());
  EXPECT_EQ(reply.leaf->stream, wire::kAuditStream);
  EXPECT_EQ(reply.leaf->seq, world.core->audit_point().seq);
  EXPECT_EQ(reply.leaf->chain, world.core->audit_point().chain);
  EXPECT_EQ(reply.after, world.core->last_index());
  EXPECT_TRUE(world.ask_organisation(wire::GetAuditPoint{}).leaf.has_value());
  wire::Append room = world.message(wire::kAuditStream, 0, "x");
  room.create = true;
  EXPECT_EQ(world.ask(house, room).code(), Errc::kInvalidValue);
  wire::Raise alert = request();
  alert.stream = wire::kAuditStream;
  EXPECT_EQ(world.ask(house, alert).code(), Errc::kInvalidValue);
}

// ---- The reconciler

struct Lying : ::testing::Test {
  UtcTime now = from_unix_ms(1'790'000'000'000);
  Alert alert;
  AlertsAsTheyLie found;
  Lying() {
    alert.facts.alert.bytes[0] = 1;
    alert.facts.ladder.steps = {{minutes(5), Millis(0), {}}};
    alert.facts.ladder.advice_within = minutes(15);
    found.alerts = {&alert};
    timer(now + minutes(5));
  }
  void timer(UtcTime at) {
    found.timers = {{at, alert.facts.alert}};
    alert.progress.due_at = at;
  }
  std::optional<AlertFaultKind> fault() {
    const auto faults = find_alert_faults(found, now);
    EXPECT_LE(faults.size(), 1U);
    return faults.empty() ? std::nullopt : std::optional(faults[0].kind);
  }
};

TEST_F(Lying, OpenAlertHasExactlyOneTimerThatIsNeitherPassedNorTooFar) {
  for (const auto& [state, longest] : {std::pair{AlertState::kEscalating, Millis(minutes(5))},
                                       {AlertState::kTaken, Millis(minutes(15))},
                                       {AlertState::kExhausted, limits::kExhaustedRepeat}}) {
    alert.progress.state = state;
    timer(now + longest);
    EXPECT_FALSE(fault());
    timer(now - kOverdueMax);
    EXPECT_FALSE(fault());
    timer(now + longest + Millis(1));
    EXPECT_EQ(fault(), AlertFaultKind::kTooLate);
    timer(now - kOverdueMax - Millis(1));
    EXPECT_EQ(fault(), AlertFaultKind::kOverdue);
    timer(kNever - minutes(1));
    EXPECT_EQ(fault(), AlertFaultKind::kTooLate);
    found.timers[0].first = now + seconds(1);  // listed soon, but its state's end is far off
    EXPECT_EQ(fault(), AlertFaultKind::kTooLate);
    found.timers.clear();
    EXPECT_EQ(fault(), AlertFaultKind::kNoTimer);
    found.timers.assign(2, {now + seconds(1), alert.facts.alert});
    EXPECT_EQ(fault(), AlertFaultKind::kTwoTimers);
  }
}

TEST_F(Lying, EndedAlertHasNoTimer) {
  for (const AlertState state : {AlertState::kAdvised, AlertState::kWithdrawn, AlertState::kClosed}) {
    alert.progress.state = state;
    timer(now + seconds(1));
    EXPECT_EQ(fault(), AlertFaultKind::kTimerAfterEnd);
    found.timers.clear();
    EXPECT_FALSE(fault());
  }
  alert.progress.state = AlertState::kExhausted;
  EXPECT_EQ(fault(), AlertFaultKind::kNoTimer);
  alert.progress.reserve_used = true;
  EXPECT_FALSE(fault());
  found.timers = {{now, AlertId{{9}}}};
  EXPECT_EQ(fault(), AlertFaultKind::kTimerOfNothing);
}

// P-130: a timer that a bug has moved to next year would be a lost alert. It goes on at once, and says so.
TEST_F(AuditNight, AlertWhoseTimerIsFarOffGoesOnAtOnceAndItsUnitIsTold) {
  const wire::Raise alert = raise();
  misplace_timer(alert, world.now + hours(24 * 365));
  for (const auto* device : {&house, &ida, &rune}) world.connect(*device);
  for (const auto* device : {&house, &ida, &rune}) world.take_alerts(*device);
  world.advance(minutes(30));
  EXPECT_EQ(notices(rune), std::vector<NoticeKind>{});  // nobody would ever have been rung
  const auto faults = world.core->find_faults(world.now);
  ASSERT_EQ(faults, (std::vector<AlertFault>{{AlertFaultKind::kTooLate, alert.alert}}));
  const Outcome mended = world.core->mend(faults, world.now);
  ASSERT_EQ(mended.records.size(), 1U);
  EXPECT_NE(mended.records[0].audit.at(0).text.find("event=alert_mended"), std::string::npos);
  std::map<SessionId, std::vector<wire::AlertItem>> told;
  for (const Effect& effect : mended.effects) {
    if (const auto* entry = std::get_if<SendEntry>(&effect)) {
      told[entry->session].push_back(*wire::decode_alert_item(entry->entry.bytes));
      EXPECT_EQ(entry->after, mended.records[0].index);
    }
  }
  ASSERT_EQ(told[world.session(rune)].size(), 1U);
  EXPECT_EQ(told[world.session(rune)][0].notice, NoticeKind::kFirst);
  ASSERT_EQ(told[world.session(house)].size(), 1U);
  EXPECT_TRUE(told[world.session(house)][0].view.technical_alarm);
  EXPECT_TRUE(world.core->find_faults(world.now).empty());
  EXPECT_EQ(world.core->counters().alerts_mended, 1U);
  world.journal.push_back(mended.records[0]);
  world.check_replay();
  // The planted record has no honest audit; what World checks at its end starts from here.
  world.crash_after_snapshot();
  world.audit.clear();
  world.core = std::make_unique<HubCore>(world.config());
  world.snapshot.reset();
  world.core->started(world.now);
}

// ---- Drills (P-140)

TEST_F(AuditNight, DrillGoesTheRealWayAndIsCountedApart) {
  const wire::Raise drill = raise(true);
  EXPECT_EQ(notices(ida), std::vector<NoticeKind>{NoticeKind::kFirst});
  const Counters& counters = world.core->counters();
  EXPECT_EQ(counters.alerts_open, 0U);
  EXPECT_EQ(counters.alerts_escalating, 0U);
  EXPECT_EQ(counters.alerts_raised, 0U);
  EXPECT_EQ(counters.drills_open, 1U);
  EXPECT_EQ(counters.drills_raised, 1U);
  world.disconnect(ida);
  world.disconnect(rune);
  world.advance(minutes(11));
  EXPECT_EQ(counters.alerts_exhausted, 0U);
  EXPECT_EQ(counters.technical_alarms, 0U);
  world.connect(rune);
  act(rune, drill, ActKind::kTake);
  act(rune, drill, ActKind::kAdvise);
  EXPECT_EQ(counters.drills_open, 0U);
}

TEST_F(AuditNight, DrillsHaveTheirOwnLimitAndTakeNothingFromRealAlerts) {
  for (std::size_t i = 0; i < limits::kOpenDrillsPerUnitMax; ++i) raise(true);
  EXPECT_EQ(world.ask(house, request(true)).code(), Errc::kBusy);
  EXPECT_EQ(world.core->counters().alerts_refused_full, 0U);
  raise(false);
}

// Due in the same moment, though raised long after: the real ones move first.
TEST_F(AuditNight, RealAlertsMoveBeforeDrills) {
  for (int i = 0; i < 5; ++i) raise(true);
  const wire::Raise real = raise(false);
  raise(true);
  world.take_alerts(rune);
  world.sleep(minutes(5));  // the hub was away; all six are due
  world.run(Tick{});
  const auto items = world.take_alerts(rune);
  std::vector<wire::AlertItem> first;
  for (const auto& item : items) {
    if (item.notice == NoticeKind::kFirst) first.push_back(item);
  }
  ASSERT_EQ(first.size(), 7U);
  EXPECT_EQ(first[0].view.alert, real.alert);
}

// P-016
TEST(ListDevices, ComesInPartsThatTogetherAreAll) {
  World world;
  world.checks = false;
  std::vector<wire::Certificate> all;
  for (int i = 0; i < 1'500; ++i) all.push_back(world.enrol().certificate);
  std::vector<wire::Certificate> listed;
  wire::ListDevices wanted;
  int answers = 0;
  for (bool more = true; more; ++answers) {
    const auto reply = world.ask_organisation(wanted).as<wire::Devices>();
    EXPECT_LT(wire::encode(wire::HubFrame{wire::kProtocolVersion, 1, reply}).size(), limits::kFrameBytesMax);
    for (const auto& item : reply.items) listed.push_back(item.certificate);
    more = reply.more;
    const auto body = wire::decode_certificate_body(listed.back().body);
    wanted.after = wire::device_id(body->sign_key, body->curve_key);
  }
  EXPECT_GT(answers, 1);
  EXPECT_EQ(listed, all);
  EXPECT_EQ(world.ask_organisation(wire::ListDevices{world.id<DeviceId>()}).code(), Errc::kNotFound);
}

}  // namespace
}  // namespace nattevagt::broker::testing
