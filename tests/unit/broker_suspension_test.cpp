// A lost phone that a colleague suspends, at the hub (PROTOCOL.md section 19).
#include <gtest/gtest.h>

#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Mette has seen that Ida's phone is gone. Ida is on call, Rune is the next step; Lis is of another organisation.
struct SuspensionWatch : ::testing::Test {
  World world{1, 2};
  UnitId unit = world.id<UnitId>();
  RoleId on_call = world.id<RoleId>();
  LadderId ladder = world.id<LadderId>();
  TestDevice house = world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit});
  TestDevice mette = world.enrol(), ida = world.enrol(), rune = world.enrol();
  TestDevice archive = world.enrol({.kind = wire::HolderKind::kRecorder});
  TestDevice lis = world.enrol({}, 1);

  SuspensionWatch() {
    for (const auto* device : {&house, &mette, &ida, &rune, &archive, &lis}) world.connect(*device);
    wire::Roster roster;
    roster.roles = {{on_call, Bytes(50, 1), {ida.person}}};
    roster.ladders = {{ladder,
                       {{minutes(5), Millis(0), {to_role(on_call)}},
                        {minutes(5), Millis(0), {to_person(rune.person)}}},
                       minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}};
    EXPECT_TRUE(world.publish_roster(roster).accepted());
    for (const auto* device : {&house, &mette, &ida, &rune, &archive, &lis}) world.take_mail(*device);
  }
  wire::Suspension of(const TestDevice& lost) {
    return {world.id<SuspensionId>(), world.config().sign_key, lost.organisation, lost.id, world.now, {}};
  }
  static wire::SignedSuspension sign(const TestDevice& by, const wire::Suspension& said) {
    return wire::sign_suspension(said, by.certificate, *by.sign_key);
  }
  Reply post(const TestDevice& by, const wire::SignedSuspension& suspension) {
    return world.ask(by, wire::SuspendDevice{suspension});
  }
  // Gives what stands after it.
  wire::SignedSuspension suspend(const TestDevice& by, const TestDevice& lost) {
    return post(by, sign(by, of(lost))).as<wire::SuspensionStands>().suspension;
  }
  wire::SignedLift lift_of(const wire::SignedSuspension& suspension, const SignKey& key, bool by_organisation) {
    return wire::sign_lift(wire::decode_suspension(suspension.body).value(), world.now, by_organisation, key);
  }
  Reply undo(const TestDevice& by, const wire::SignedSuspension& suspension) {
    return world.ask(by, wire::LiftSuspension{lift_of(suspension, *by.sign_key, false)});
  }
  Reply lift(const wire::SignedSuspension& suspension) {
    return world.ask_organisation(wire::LiftSuspension{lift_of(suspension, world.org().key, true)});
  }
  bool let_in(const TestDevice& device) {
    const SessionId at = world.open(DevicePrincipal{device.id});
    const bool in = !world.mails[at].closed.has_value();
    if (in) world.run(SessionClosed{at});
    return in;
  }
  wire::Raise raise() {
    wire::Raise wanted = world.make_raise(unit, ladder, {&ida, &rune});
    wanted.role_asked = on_call;
    EXPECT_TRUE(world.ask(house, wanted).leaf.has_value());
    return wanted;
  }
  wire::AlertView view(const wire::Raise& alert) {
    return world.ask(house, wire::GetAlert{alert.alert}).as<wire::AlertReply>().view;
  }
  bool rung(const TestDevice& device, const wire::Raise& alert) {
    for (const wire::AlertItem& item : world.take_alerts(device)) {
      if (item.view.alert == alert.alert && item.notice != wire::NoticeKind::kNone) return true;
    }
    return false;
  }
};

// P-190, P-193
TEST_F(SuspensionWatch, TheLostPhoneIsCutAtOnceAndToldByWhom) {
  const SessionId at = world.session(ida);
  const wire::SignedSuspension said = sign(mette, of(ida));
  const Reply reply = post(mette, said);
  EXPECT_EQ(reply.as<wire::SuspensionStands>().suspension, said);
  EXPECT_GT(reply.after, 0U) << "on disk before anybody hears of it";
  EXPECT_EQ(world.mails[at].closed, Errc::kSuspended);
  const auto& last = std::get<wire::Goodbye>(world.mails[at].pushes.back());
  EXPECT_EQ(last.reason, Errc::kSuspended);
  EXPECT_EQ(last.suspension, said);
  // And each time that it knocks: nothing else is said to it, and nothing that it says is heard.
  const SessionId again = world.open(DevicePrincipal{ida.id});
  EXPECT_EQ(world.mails[again].closed, Errc::kSuspended);
  ASSERT_EQ(world.mails[again].pushes.size(), 1U);
  EXPECT_EQ(std::get<wire::Goodbye>(world.mails[again].pushes[0]).suspension, said);
  EXPECT_FALSE(world.ask(again, wire::Hello{"test"}).answer.has_value());
}

// P-192: a suspension is a fact like any other.
TEST_F(SuspensionWatch, HoldsAcrossARestartFromTheJournalAndFromASnapshot) {
  suspend(mette, ida);
  world.crash();
  EXPECT_FALSE(let_in(ida));
  world.crash_after_snapshot();
  EXPECT_FALSE(let_in(ida));
  EXPECT_TRUE(let_in(mette));
}

// P-190: an unsigned, foreign or stale word suspends nobody.
TEST_F(SuspensionWatch, OnlyAnAdmittedColleagueSuspendsAndOnlyByHerOwnSignature) {
  struct Case {
    const char* what;
    const TestDevice* by;
    wire::SignedSuspension said;
    Errc why;
  };
  wire::SignedSuspension unsigned_word = sign(mette, of(ida));
  unsigned_word.signer.signature = {};
  wire::Suspension elsewhere = of(ida), tomorrow = of(ida), yesterday = of(ida);
  wire::Suspension unknown = of(ida), theirs = of(ida);
  elsewhere.hub.bytes[0] ^= 1;
  tomorrow.issued_at = world.now + limits::kSuspensionSkewMax + Millis(1);
  yesterday.issued_at = world.now - limits::kSuspensionSkewMax - Millis(1);
  unknown.device = world.id<DeviceId>();
  theirs.device = lis.id;
  wire::Suspension foreign = of(ida);
  foreign.organisation = lis.organisation;
  const Case cases[] = {
      {"no signature", &mette, unsigned_word, Errc::kBadSignature},
      {"another's statement", &mette, sign(rune, of(ida)), Errc::kNotPermitted},
      {"her certificate, another's key", &mette, wire::sign_suspension(of(ida), mette.certificate, *rune.sign_key),
       Errc::kBadSignature},
      {"another organisation's device", &mette, sign(mette, theirs), Errc::kNotPermitted},
      {"by another organisation's", &lis, sign(lis, of(ida)), Errc::kUntrusted},
      {"by another organisation's in its own name", &lis, sign(lis, foreign), Errc::kNotPermitted},
      {"an archive", &mette, sign(mette, of(archive)), Errc::kNotPermitted},
      {"by an archive", &archive, sign(archive, of(ida)), Errc::kUntrusted},
      {"the device she holds", &mette, sign(mette, of(mette)), Errc::kNotPermitted},
      {"said to another hub", &mette, sign(mette, elsewhere), Errc::kUntrusted},
      {"said tomorrow", &mette, sign(mette, tomorrow), Errc::kInvalidValue},
      {"said yesterday", &mette, sign(mette, yesterday), Errc::kInvalidValue},
      {"nobody's device", &mette, sign(mette, unknown), Errc::kNotFound},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    EXPECT_EQ(post(*one.by, one.said).code(), one.why);
    EXPECT_TRUE(world.connected(ida) && world.connected(mette) && world.connected(lis));
  }
  EXPECT_EQ(world.ask_organisation(wire::SuspendDevice{sign(mette, of(ida))}).code(), Errc::kNotPermitted);
}

// P-191
TEST_F(SuspensionWatch, TheOneThatStandsAnswersAllThatFollow) {
  const wire::SignedSuspension first = suspend(mette, ida);
  EXPECT_EQ(post(mette, first).as<wire::SuspensionStands>().suspension, first) << "asked again";
  EXPECT_EQ(suspend(rune, ida), first) << "another was quicker";
  // What has been lifted is over: the same statement, late or shown again, does nothing.
  EXPECT_TRUE(undo(mette, first).accepted());
  EXPECT_EQ(post(mette, first).code(), Errc::kAlreadyExists);
  EXPECT_TRUE(let_in(ida));
}

// P-191: two who suspend each other.
TEST_F(SuspensionWatch, WhoIsSuspendedSuspendsNobodyAndLiftsNothing) {
  const wire::SignedSuspension by_ida = suspend(ida, rune);
  EXPECT_FALSE(world.connected(rune));
  suspend(mette, ida);
  const SessionId at = world.open(DevicePrincipal{ida.id});
  EXPECT_FALSE(world.ask(at, wire::SuspendDevice{sign(ida, of(mette))}).answer.has_value());
  EXPECT_FALSE(world.ask(at, wire::LiftSuspension{lift_of(by_ida, *ida.sign_key, false)}).answer.has_value());
  EXPECT_TRUE(world.connected(mette));
  EXPECT_FALSE(let_in(rune)) << "what a thief suspended stands too: else the thief could take it back";
  EXPECT_EQ(undo(mette, by_ida).code(), Errc::kBadSignature);
  EXPECT_TRUE(lift(by_ida).accepted());
  EXPECT_TRUE(let_in(rune));
}

// P-195
TEST_F(SuspensionWatch, WhoPressedWrongTakesItBackForTenMinutes) {
  const wire::SignedSuspension wrong = suspend(mette, ida);
  world.advance(limits::kSuspensionUndo);
  EXPECT_EQ(undo(rune, wrong).code(), Errc::kBadSignature);
  EXPECT_EQ(world.ask(mette, wire::LiftSuspension{lift_of(wrong, world.org().key, true)}).code(),
            Errc::kNotPermitted)
      << "the organisation's word comes over its own connection";
  EXPECT_TRUE(undo(mette, wrong).accepted());
  EXPECT_TRUE(undo(mette, wrong).accepted()) << "asked again";
  EXPECT_TRUE(let_in(ida));
  const wire::SignedSuspension late = suspend(mette, ida);
  world.advance(limits::kSuspensionUndo + Millis(1));
  EXPECT_EQ(undo(mette, late).code(), Errc::kExpired);
  EXPECT_FALSE(let_in(ida));
  EXPECT_EQ(world.ask_organisation(wire::LiftSuspension{lift_of(late, world.org(1).key, true)}, 1).code(),
            Errc::kNotFound)
      << "another organisation's";
  EXPECT_EQ(world.ask_organisation(wire::LiftSuspension{lift_of(late, *mette.sign_key, false)}).code(),
            Errc::kNotPermitted);
  EXPECT_TRUE(lift(late).accepted());
  world.crash_after_snapshot();
  EXPECT_TRUE(let_in(ida));
}

// P-192: it stays a member; what was said meanwhile waits for it.
TEST_F(SuspensionWatch, WhoComesBackGetsWhatSheMissed) {
  const ConversationId room = world.create(mette, {ida.id, rune.id});
  ASSERT_TRUE(world.ask(ida, wire::PublishKeyPackages{{Bytes(10, 1)}, Bytes(10, 2)}).accepted());
  world.ack_all(ida);
  world.advance(seconds(1));  // the cursor is on disk
  const wire::SignedSuspension said = suspend(mette, ida);
  ASSERT_TRUE(world.ask(mette, world.message(room, 0, "while she was away")).leaf.has_value());
  const auto packages = [&] {
    return world.ask(mette, wire::Gather{{}, {to_person(ida.person)}, {}}).gathered->items.size();
  };
  EXPECT_EQ(packages(), 0U) << "nothing new is encrypted for it";
  world.crash_after_snapshot();
  world.connect(mette);
  EXPECT_TRUE(lift(said).accepted());
  world.connect(ida);
  EXPECT_EQ(world.seqs(ida, room).size(), 1U);
  EXPECT_EQ(packages(), 1U) << "its own are still there";
}

// P-192, P-045: to the ladder she is one who has no device.
TEST_F(SuspensionWatch, TheLadderWaitsForNobodyWhosePhoneIsSuspended) {
  const wire::Raise ringing = raise();
  EXPECT_EQ(view(ringing).step, 0U);
  suspend(mette, ida);
  world.advance(Millis(0));
  EXPECT_EQ(view(ringing).step, 1U) << "the step that rang her goes on at once";
  EXPECT_TRUE(view(ringing).technical_alarm);
  EXPECT_TRUE(rung(rune, ringing));
  const wire::Raise later = raise();
  world.advance(Millis(0));
  EXPECT_EQ(view(later).step, 1U);
  EXPECT_TRUE(rung(rune, later));
}

// P-192, P-045: who has just gone is believed to come back for half a minute; who is suspended is not.
TEST_F(SuspensionWatch, NorForOneThatHadJustGone) {
  const wire::Raise ringing = raise();
  world.disconnect(ida);
  world.advance(seconds(1));
  EXPECT_EQ(view(ringing).step, 0U);
  suspend(mette, ida);
  world.advance(Millis(1));
  EXPECT_EQ(view(ringing).step, 1U);
}

// P-196
TEST_F(SuspensionWatch, OneStolenPhoneCutsOffThreeAtMost) {
  std::vector<TestDevice> staff;
  for (std::size_t i = 0; i <= limits::kSuspensionsPerDeviceMax + 1; ++i) staff.push_back(world.enrol());
  const wire::SignedSuspension first = suspend(mette, staff[0]);
  EXPECT_TRUE(undo(mette, first).accepted());
  for (std::size_t i = 1; i < limits::kSuspensionsPerDeviceMax; ++i) suspend(mette, staff[i]);
  EXPECT_EQ(post(mette, sign(mette, of(staff[3]))).code(), Errc::kBusy) << "what was lifted today counts";
  EXPECT_TRUE(let_in(staff[3]));
  world.advance(limits::kSuspensionKept + Millis(1));
  suspend(mette, staff[3]);
  EXPECT_EQ(post(mette, sign(mette, of(staff[4]))).code(), Errc::kBusy) << "and what stands, for ever";
  suspend(rune, staff[4]);
}

TEST_F(SuspensionWatch, AnOrganisationHasALimitAndWhoIsRevokedDoesNotCount) {
  std::vector<TestDevice> lost, by;
  for (std::size_t i = 0; i <= limits::kSuspensionsMax; ++i) {
    lost.push_back(world.enrol());
    by.push_back(world.enrol());
    world.connect(by.back());
  }
  std::vector<wire::SignedSuspension> stands;
  for (std::size_t i = 0; i < limits::kSuspensionsMax; ++i) stands.push_back(suspend(by[i], lost[i]));
  EXPECT_EQ(post(by.back(), sign(by.back(), of(lost.back()))).code(), Errc::kBusy);
  world.revoke({lost[0].id});
  EXPECT_EQ(post(by[0], sign(by[0], of(lost[0]))).code(), Errc::kRevoked) << "it is over, for good";
  EXPECT_EQ(lift(stands[0]).code(), Errc::kNotFound);
  suspend(by.back(), lost.back());
  // More that were lifted today than there is room for: the first of them goes.
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t i = 1; i < limits::kSuspensionsMax; ++i) {
      EXPECT_TRUE(lift(stands[i]).accepted());
      stands[i] = suspend(by[i], lost[i]);
    }
  }
  world.crash_after_snapshot();
  EXPECT_FALSE(let_in(lost[1]));
}

// P-197: who was built before there were suspensions is sent no document that it cannot read.
TEST_F(SuspensionWatch, AnOlderDeviceIsToldOfNoKindThatItDoesNotKnow) {
  const auto has = [](const std::vector<wire::DocumentVersion>& versions) {
    return std::count_if(versions.begin(), versions.end(),
                         [](const auto& one) { return one.kind == wire::DocumentKind::kSuspensions; });
  };
  world.disconnect(rune);
  const SessionId old = world.open(DevicePrincipal{rune.id});
  world.ask(old, wire::Hello{"older", 4});
  suspend(mette, ida);
  for (const wire::Answer& push : world.mails[old].pushes) {
    const auto* changed = std::get_if<wire::DocumentsChanged>(&push);
    EXPECT_EQ(changed == nullptr ? 0 : has(changed->documents), 0);
  }
  EXPECT_EQ(has(world.ask(old, wire::Hello{"older", 4}).as<wire::HelloReply>().documents), 0);
  EXPECT_EQ(has(world.ask(old, wire::Ping{}).as<wire::Pong>().documents), 0);
  const wire::Documents given = world.ask(old, wire::GetDocuments{}).as<wire::Documents>();
  for (const wire::SignedDocument& one : given.documents) {
    EXPECT_NE(one.kind, wire::DocumentKind::kSuspensions);
  }
  EXPECT_EQ(has(world.ask(mette, wire::Ping{}).as<wire::Pong>().documents), 1);
}

// P-026: the organisation's own key makes no such document, and its own tool sees what stands.
TEST_F(SuspensionWatch, TheListOfDevicesShowsItAndNobodyPublishesIt) {
  EXPECT_EQ(world
                .ask_organisation(wire::PublishDocument{
                    wire::sign_document(world.org().card.id, wire::DocumentKind::kSuspensions, 9,
                                        wire::encode(wire::Suspensions{}), world.org().key)})
                .code(),
            Errc::kInvalidValue);
  const wire::SignedSuspension said = suspend(mette, ida);
  std::size_t shown = 0;
  const Reply reply = world.ask_organisation(wire::ListDevices{});
  for (const wire::Devices::Item& item : reply.as<wire::Devices>().items) {
    if (!item.suspension) continue;
    ++shown;
    EXPECT_EQ(item.certificate, ida.certificate);
    EXPECT_EQ(item.suspension, said);
  }
  EXPECT_EQ(shown, 1U);
  // P-120: who did it stands in the audit, and who took it back.
  EXPECT_TRUE(undo(mette, said).accepted());
  std::string suspended, lifted;
  for (const wire::AuditLine& line : world.audit) {
    if (line.text.find("event=device_suspended") != std::string::npos) suspended = line.text;
    if (line.text.find("event=suspension_lifted") != std::string::npos) lifted = line.text;
  }
  for (const std::string& line : {suspended, lifted}) {
    EXPECT_NE(line.find("by=" + mette.id.hex()), std::string::npos) << line;
    EXPECT_NE(line.find("device=" + ida.id.hex()), std::string::npos) << line;
  }
  EXPECT_NE(suspended.find("suspended=yes"), std::string::npos) << suspended;
  EXPECT_EQ(lifted.find("suspended=yes"), std::string::npos) << lifted;
}

}  // namespace
}  // namespace nattevagt::broker::testing
