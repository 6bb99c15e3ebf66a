// Changes of duty that persons make themselves, at the hub (P-111 to P-114).
#include <gtest/gtest.h>

#include "proto/common/limits.h"
#include "proto/rota/copenhagen.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using namespace std::chrono;
using wire::DutyChange;
using wire::DutyChangeKind;
using wire::NoticeKind;

// Ida has every night; Rune may hold the role too, Lis may not. It is night.
struct DutyChangeTest : ::testing::Test {
  World world;
  UnitId unit = world.id<UnitId>();
  RoleId role = world.id<RoleId>(), other = world.id<RoleId>();
  LadderId ladder = world.id<LadderId>();
  TestDevice house = world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit});
  TestDevice ida = world.enrol(), rune = world.enrol(), lis = world.enrol();
  wire::Roster roster;
  wire::Rota rota;

  DutyChangeTest() {
    roster.roles = {{role, Bytes(50, 1), {ida.person, rune.person}}, {other, Bytes(50, 2), {lis.person}}};
    roster.ladders = {{ladder, {{minutes(5), Millis(0), {to_role(role)}}}, minutes(15)}};
    roster.units = {{unit, Bytes(50, 3), {{wire::Severity::kRed, ladder}}}};
    EXPECT_TRUE(world.publish_roster(roster).accepted());
    wire::RoleRota plan;
    plan.role = role;
    plan.windows = {{wire::kEveryDay, 0, 0}};
    plan.duties = {{1, rota::to_local(world.now).day - days(3), {}, 1, {{ida.person}}}};
    rota.roles = {plan};
    publish();
    for (const auto* device : {&house, &ida, &rune, &lis}) world.connect(*device);
  }
  void publish() {
    ASSERT_TRUE(world.publish_rota(rota).accepted());
    world.advance(Millis(0));
  }
  DutyChange swap(Millis from = hours(1), Millis until = hours(9)) {
    return {world.id<DutyChangeId>(), world.org().card.id, DutyChangeKind::kSwap, role,     world.now + from,
            world.now + until,        ida.person,          {},                    world.now};
  }
  DutyChange take_over(const TestDevice& by, Millis until) {
    return {world.id<DutyChangeId>(), world.org().card.id, DutyChangeKind::kTakeOver, role,     world.now,
            world.now + until,        {},                  by.person,                 world.now};
  }
  static wire::SignedDutyChange sign(const DutyChange& change, std::vector<const TestDevice*> by) {
    wire::SignedDutyChange out{wire::encode(change), {}};
    for (const auto* device : by) {
      out.signers.push_back(wire::sign_duty_change(out.body, device->certificate, *device->sign_key));
    }
    return out;
  }
  Reply post(const TestDevice& device, const wire::SignedDutyChange& change) {
    Reply reply = world.ask(device, wire::PostDutyChange{change});
    world.advance(Millis(0));  // the tick that the runner makes at once
    return reply;
  }
  wire::Raise raise() {
    wire::Raise raise = world.make_raise(unit, ladder, {&ida, &rune, &lis});
    raise.role_asked = role;
    EXPECT_TRUE(world.ask(house, raise).leaf.has_value());
    return raise;
  }
  bool rung(const TestDevice& device) {
    bool out = false;
    for (const wire::AlertItem& item : world.take_alerts(device)) out |= item.notice == NoticeKind::kFirst;
    return out;
  }
};

TEST_F(DutyChangeTest, ATakeOverRingsTheNewHolderOfAnOpenCallWithinOneTickAndSurvivesARestart) {
  raise();
  EXPECT_TRUE(rung(ida));
  EXPECT_FALSE(rung(rune));
  ASSERT_TRUE(post(rune, sign(take_over(rune, hours(2)), {&rune})).accepted());
  EXPECT_TRUE(rung(rune));
  world.crash();
  for (const auto* device : {&house, &ida, &rune}) world.connect(*device);
  rung(ida);
  rung(rune);
  raise();
  EXPECT_TRUE(rung(rune));
  EXPECT_FALSE(rung(ida));
  world.advance(hours(2));
  rung(ida);
  raise();
  EXPECT_TRUE(rung(ida)) << "it ends when it said";
}

TEST_F(DutyChangeTest, ASwapHoldsOnlyWhenBothHaveSignedAndOnlyForItsTime) {
  const DutyChange change = swap(Millis(0), hours(3));
  ASSERT_TRUE(post(ida, sign(change, {&ida})).accepted());
  raise();
  EXPECT_TRUE(rung(ida)) << "asked is not agreed";
  EXPECT_FALSE(rung(rune));
  const auto both = sign(change, {&ida, &rune});
  ASSERT_TRUE(post(rune, both).accepted());
  EXPECT_TRUE(rung(rune)) << "who comes on duty is rung at once (P-106)";
  const auto again = world.journal.size();
  EXPECT_TRUE(post(rune, both).accepted()) << "asked again, answered again";
  EXPECT_EQ(world.journal.size(), again);
  world.advance(hours(4));
  rung(ida);
  raise();
  EXPECT_TRUE(rung(ida));
  EXPECT_FALSE(rung(rune));
}

TEST_F(DutyChangeTest, WhoMayNotOrHasNotSignedChangesNothing) {
  const auto code = [&](const TestDevice& by, const wire::SignedDutyChange& change) {
    return post(by, change).code();
  };
  EXPECT_EQ(code(lis, sign(take_over(lis, hours(1)), {&lis})), Errc::kNotPermitted) << "not on the roster's list";
  EXPECT_EQ(code(rune, sign(take_over(ida, hours(1)), {&rune})), Errc::kNotPermitted) << "for somebody else";
  EXPECT_EQ(code(rune, sign(swap(), {&rune})), Errc::kNotPermitted) << "the giver has not signed";
  EXPECT_EQ(code(lis, sign(swap(), {&ida})), Errc::kNotPermitted) << "another's letter";
  EXPECT_EQ(code(ida, sign(swap(), {&ida, &ida})), Errc::kNotPermitted) << "twice the same hand";
  EXPECT_EQ(code(ida, sign(swap(), {&ida, &lis})), Errc::kNotPermitted) << "a taker who may not hold it";
  EXPECT_EQ(code(house, sign(take_over(house, hours(1)), {&house})), Errc::kUntrusted) << "a unit is on no duty";
  auto forged = sign(take_over(rune, hours(1)), {&rune});
  forged.body = wire::encode(take_over(rune, hours(2)));
  EXPECT_EQ(code(rune, forged), Errc::kBadSignature);
  EXPECT_EQ(code(ida, sign(take_over(ida, hours(1)), {&ida})), Errc::kWrongState) << "has it already";
  DutyChange later = take_over(rune, hours(9));
  later.from += hours(1);
  EXPECT_EQ(code(rune, sign(later, {&rune})), Errc::kWrongState) << "over is taken now, not tomorrow";
  DutyChange past = swap();
  past.from -= hours(20);
  past.until -= hours(20);
  EXPECT_EQ(code(ida, sign(past, {&ida, &rune})), Errc::kExpired);
  DutyChange unknown = take_over(lis, hours(1));
  unknown.role = other;
  EXPECT_EQ(code(lis, sign(unknown, {&lis})), Errc::kNotFound) << "no rota names the role";
  EXPECT_EQ(world.ask(ida, wire::GetDocuments{}).as<wire::Documents>().documents.size(), 2U) << "no document of changes";
  raise();
  EXPECT_TRUE(rung(ida));
  EXPECT_FALSE(rung(rune));
}

TEST_F(DutyChangeTest, TheOrganisationTakesItBackAndSoDoesTheRevocationOfTheDevice) {
  const DutyChange change = take_over(rune, hours(2));
  ASSERT_TRUE(post(rune, sign(change, {&rune})).accepted());
  rota.revoked_changes = {change.id};
  publish();
  raise();
  EXPECT_TRUE(rung(ida));
  EXPECT_FALSE(rung(rune));
  ASSERT_TRUE(post(rune, sign(take_over(rune, hours(2)), {&rune})).accepted());
  ASSERT_TRUE(world.revoke({rune.id}).accepted());
  rung(ida);
  raise();
  EXPECT_TRUE(rung(ida)) << "a stolen telephone's word is nobody's";
}

TEST_F(DutyChangeTest, TheDocumentGoesToEverybodyInOrderAndForgetsThePast) {
  ASSERT_TRUE(post(ida, sign(swap(hours(1), hours(2)), {&ida})).accepted());
  ASSERT_TRUE(post(rune, sign(take_over(rune, minutes(30)), {&rune})).accepted());
  const auto pushes = world.take_mail(house).pushes;
  const auto& changed = std::get<wire::DocumentsChanged>(pushes.back()).documents;
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].kind, wire::DocumentKind::kDutyChanges);
  // Above what a hub that was restored from its backup has said and forgotten (P-112).
  EXPECT_GE(changed[0].version, static_cast<std::uint64_t>(to_unix_ms(world.now)));
  const auto& first = std::get<wire::DocumentsChanged>(pushes.at(pushes.size() - 2)).documents;
  EXPECT_GT(changed[0].version, first.at(0).version);
  const auto items = [&] {
    const Reply reply = world.ask(house, wire::GetDocuments{});
    for (const auto& document : reply.as<wire::Documents>().documents) {
      if (document.kind != wire::DocumentKind::kDutyChanges) continue;
      return wire::decode_duty_changes(document.body)->items.size();
    }
    return std::size_t{0};
  };
  EXPECT_EQ(items(), 2U);
  world.advance(hours(3));
  ASSERT_TRUE(post(rune, sign(take_over(rune, minutes(30)), {&rune})).accepted());
  EXPECT_EQ(items(), 1U) << "over, and asked in vain";
  const auto by_organisation = world.ask_organisation(wire::PublishDocument{
      wire::sign_document(world.org().card.id, wire::DocumentKind::kDutyChanges, changed[0].version * 2,
                          wire::encode(wire::DutyChanges{}), world.org().key)});
  EXPECT_EQ(by_organisation.code(), Errc::kInvalidValue) << "persons make it";
}

TEST_F(DutyChangeTest, RequestsThatNobodyAnswersAreBounded) {
  for (std::size_t i = 0; i < limits::kDutyRequestsPerPersonMax; ++i) {
    ASSERT_TRUE(post(ida, sign(swap(), {&ida})).accepted());
  }
  EXPECT_EQ(post(ida, sign(swap(), {&ida})).code(), Errc::kBusy);
}

// P-115.
TEST_F(DutyChangeTest, AnAlertKeepsTheVersionsItWasRaisedUnder) {
  const auto alert = raise();
  publish();
  EXPECT_TRUE(world.publish_roster(roster).accepted());
  const auto view = world.ask(house, wire::GetAlert{alert.alert}).as<wire::AlertReply>().view;
  EXPECT_EQ(view.roster_version, 1U);
  EXPECT_EQ(view.rota_version, 1U);
  const auto later = raise();
  EXPECT_EQ(world.ask(house, wire::GetAlert{later.alert}).as<wire::AlertReply>().view.rota_version, 2U);
}

}  // namespace
}  // namespace nattevagt::broker::testing
