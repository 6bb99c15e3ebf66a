// Conversations that no alert begins: a citizen's plan cards, their versions and signatures (P-160 to P-164).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using client::PlanState;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

const wire::Citizen kKaje{"Kaje Test Hansen", "210300-9996"};
constexpr wire::LocalDay kAgreed{std::chrono::year(2026) / 10 / 12};
constexpr wire::LocalDay kUntil{std::chrono::year(2027) / 4 / 12};

wire::PlanCard card(std::string readmission = "Ring til akutmodtagelsen, pkt. 3.") {
  wire::PlanCard out;
  out.kind = wire::PlanKind::kDischargeAgreement;
  out.what = "Bor på Strandløkken, depot hver 4. uge.";
  out.who = "Kontaktperson følger til samtale.";
  out.readmission = std::move(readmission);
  out.advice = "Spørg vagthavende psykiater.";
  out.agreed_on = kAgreed;
  out.valid_until = kUntil;
  out.parties = {{"Kaje Test Hansen", "borger"}, {"Ida Eksempel", "overlæge"}};
  return out;
}

const wire::PlanCard& words(const client::PlanCardView& view) {
  return std::get<wire::PlanCard>(view.message.content.body);
}

struct ClientCitizen : ::testing::Test {
  MemoryWorld world;
  Device& ida = world.enrol(world.ida);
  Device& second = world.enrol(world.unit_b_second);
  Device& archive = world.enrol(world.archive);
  Device& amalie = world.enrol(world.amalie);
  ConversationId room;

  wire::Target first_on_call() const {
    wire::Target out;
    out.kind = wire::TargetKind::kRole;
    out.id.bytes = world.first_role.bytes;
    return out;
  }
  void begin() {
    const auto started = amalie->start_conversation(kKaje, {first_on_call()});
    ASSERT_TRUE(started) << started.error().where;
    room = started->conversation;
    world.settle();
  }
  MessageId write(Device& device, std::string readmission = "Ring til akutmodtagelsen, pkt. 3.") {
    const auto written = device->write_plan(room, card(std::move(readmission)));
    EXPECT_TRUE(written);
    return written.value_or(MessageId{});
  }
  client::CitizenLook look(Device& device, const wire::Citizen& citizen = kKaje) {
    return *device->citizen(citizen);
  }
  void expect_no_suspicion() {
    for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
  }
  static std::size_t told(Device& device, std::string_view what) {
    const auto all = device->suspicions();
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const client::Suspicion& one) { return one.text.find(what) != std::string::npos; }));
  }
};

TEST_F(ClientCitizen, APlanWrittenWithoutANetReachesEveryMemberAndIsReadWithoutOne) {
  world.hub->set_reachable(false);
  world.settle();
  begin();
  const MessageId first = write(amalie);
  EXPECT_EQ(look(amalie).plan, PlanState::kValid) << "her own words are hers at once";
  world.reopen(amalie);
  EXPECT_EQ(look(amalie).plan, PlanState::kValid);
  world.hub->set_reachable(true);
  world.pass(seconds(20));
  EXPECT_TRUE(amalie->outbox_empty());

  world.hub->set_reachable(false);
  for (Device* device : {&amalie, &second, &ida, &archive}) {
    world.reopen(*device);
    const auto seen = look(*device);
    ASSERT_EQ(seen.cards.size(), 1U) << (*device)->self()->name;
    EXPECT_EQ(seen.plan, PlanState::kValid);
    EXPECT_EQ(seen.cards[0].message.id, first);
    EXPECT_EQ(words(seen.cards[0]).version, 1U);
    EXPECT_EQ(words(seen.cards[0]).citizen, kKaje) << "the library says whose it is";
    EXPECT_EQ(words(seen.cards[0]).readmission, "Ring til akutmodtagelsen, pkt. 3.");
    EXPECT_EQ(seen.cards[0].ref.match, wire::CitizenMatch::kCpr);
    EXPECT_FALSE(seen.conflict);
    ASSERT_EQ(seen.rooms.size(), 1U);
    EXPECT_EQ(seen.rooms[0].members.size(), 4U);
  }
  EXPECT_EQ(look(second, {"kaje  test HANSEN", ""}).cards.at(0).ref.match, wire::CitizenMatch::kName);
  EXPECT_EQ(look(second, {"Kaje Test Hansen", "250947-9989"}).plan, PlanState::kMissing) << "another person";
  EXPECT_EQ(second->plan_state(kKaje), PlanState::kValid);
  EXPECT_EQ(second->citizens().size(), 1U);
  expect_no_suspicion();
}

TEST_F(ClientCitizen, ANewerVersionReplacesAndTheOneBeforeIsKeptBesideIt) {
  begin();
  const MessageId first = write(amalie);
  world.settle();
  const MessageId next = write(ida, "Indlægges efter aftale.");
  world.settle();
  for (Device* device : {&amalie, &second, &ida}) {
    const auto seen = look(*device);
    ASSERT_EQ(seen.cards.size(), 1U);
    EXPECT_EQ(seen.cards[0].message.id, next);
    EXPECT_EQ(words(seen.cards[0]).version, 2U);
    ASSERT_EQ(seen.previous.size(), 1U);
    EXPECT_EQ(seen.previous[0].message.id, first);
  }
  expect_no_suspicion();
}

TEST_F(ClientCitizen, TwoVersionsWrittenAtOnceAreBothShownAlikeUntilTheNextReplacesBoth) {
  begin();
  write(amalie);
  world.settle();
  world.hub->set_reachable(false);
  world.settle();
  write(amalie, "A");
  write(ida, "B");
  world.hub->set_reachable(true);
  world.pass(seconds(20));
  std::vector<MessageId> order;
  for (Device* device : {&amalie, &second, &ida}) {
    const auto seen = look(*device);
    EXPECT_TRUE(seen.conflict);
    ASSERT_EQ(seen.cards.size(), 2U);
    EXPECT_EQ(words(seen.cards[0]).version, 2U);
    EXPECT_EQ(words(seen.cards[1]).version, 2U);
    std::vector<MessageId> here{seen.cards[0].message.id, seen.cards[1].message.id};
    if (order.empty()) order = here;
    EXPECT_EQ(here, order);
  }
  write(second, "C");
  world.settle();
  for (Device* device : {&amalie, &second, &ida}) {
    const auto seen = look(*device);
    EXPECT_FALSE(seen.conflict);
    ASSERT_EQ(seen.cards.size(), 1U);
    EXPECT_EQ(words(seen.cards[0]).version, 3U);
    EXPECT_EQ(seen.previous.size(), 2U);
  }
  expect_no_suspicion();
}

TEST_F(ClientCitizen, EachPartySignsOnceAndOnlyWhatSheHasRead) {
  begin();
  const MessageId first = write(amalie);
  world.settle();
  const Digest hash = look(ida).cards.at(0).ref.hash;
  EXPECT_TRUE(look(ida).cards[0].ref.may_sign);
  EXPECT_FALSE(look(amalie).cards.at(0).ref.may_sign) << "writing is signing";
  EXPECT_EQ(amalie->sign_plan(room, first, hash).error().code, Errc::kDuplicate);
  EXPECT_EQ(ida->sign_plan(room, first, Digest{}).error().code, Errc::kInvalidValue);
  ASSERT_TRUE(ida->sign_plan(room, first, hash));
  EXPECT_EQ(ida->sign_plan(room, first, hash).error().code, Errc::kDuplicate) << "on its way already";
  world.settle();
  for (Device* device : {&amalie, &second, &ida}) {
    world.reopen(*device);
    const auto seen = look(*device);
    ASSERT_EQ(seen.cards.at(0).signatures.size(), 2U);
    EXPECT_EQ(seen.cards[0].signatures[1].author.name, "Ida Eksempel");
  }
  // Two people, one after the other, hold the unit's other telephone: each signs for herself.
  world.settle();
  ASSERT_TRUE(second->set_author("Jonas Demo", "pædagog"));
  ASSERT_TRUE(second->sign_plan(room, first, hash));
  ASSERT_TRUE(second->set_author("Bente Prøve", "SSA"));
  ASSERT_TRUE(second->sign_plan(room, first, hash));
  world.settle();
  EXPECT_EQ(look(ida).cards.at(0).signatures.size(), 4U);
  world.smuggle(ida, room, wire::PlanCardSigned{first, hash});
  EXPECT_EQ(look(amalie).cards.at(0).signatures.size(), 4U) << "a second hand of the same person is none";
  write(amalie, "ny");
  world.settle();
  EXPECT_EQ(ida->sign_plan(room, first, hash).error().code, Errc::kWrongState) << "it has been replaced";
  expect_no_suspicion();
}

TEST_F(ClientCitizen, WhatDoesNotBelongCountsForNothingAndIsReported) {
  begin();
  const MessageId first = write(amalie);
  world.settle();
  wire::PlanCard wrong = card();
  wrong.citizen = {"Peter Hansen", "0703921VJ5"};
  world.smuggle(ida, room, wrong);
  EXPECT_EQ(told(amalie, "forkert samtale"), 1U) << "about another citizen";
  EXPECT_EQ(amalie->plan_state(wrong.citizen), PlanState::kMissing);

  world.smuggle(ida, room, wire::PlanCardSigned{first, Digest{}});
  EXPECT_EQ(told(amalie, "under en anden tekst"), 1U);
  EXPECT_EQ(look(amalie).cards.at(0).signatures.size(), 1U);

  world.smuggle(ida, room, wire::Opening{wrong.citizen});
  EXPECT_EQ(told(amalie, "om en anden borger"), 1U);
  ASSERT_EQ(amalie->citizens().size(), 1U);
  EXPECT_EQ(amalie->citizens()[0].citizen, kKaje);
  EXPECT_EQ(look(amalie).cards.size(), 1U);
}

TEST_F(ClientCitizen, AVersionCannotJumpAheadOfItsNumber) {
  begin();
  const MessageId first = write(amalie);
  world.settle();
  wire::PlanCard jump = card("falsk");
  jump.citizen = kKaje;
  jump.replaces = {first};
  jump.version = 900'000;
  world.smuggle(ida, room, jump);
  EXPECT_EQ(told(amalie, "forkert versionsnummer"), 1U);
  ASSERT_EQ(look(amalie).cards.size(), 1U);
  EXPECT_EQ(look(amalie).cards[0].message.id, first);
  EXPECT_EQ(look(amalie).plan, PlanState::kValid);
}

TEST_F(ClientCitizen, APlanIsExpiredFromTheMidnightThatEndsItsLastDay) {
  begin();
  auto short_one = card();
  short_one.valid_until = wire::LocalDay{std::chrono::year(2026) / 11 / 25};
  ASSERT_TRUE(amalie->write_plan(room, short_one));
  world.settle();
  // 25 November 2026, 02.40; the day ends at 23:00 UTC.
  world.clock.advance(hours(21) + std::chrono::minutes(19));
  world.pass(seconds(2));
  EXPECT_EQ(look(ida).plan, PlanState::kValid);
  world.clock.advance(std::chrono::minutes(1));
  world.pass(seconds(2));
  EXPECT_EQ(look(ida).plan, PlanState::kExpired);
  EXPECT_TRUE(look(ida).cards.at(0).ref.expired) << "shown all the same";
}

TEST_F(ClientCitizen, PlansAndTheirSignaturesDoNotGoByAge) {
  begin();
  write(amalie, "første");
  world.settle();
  write(amalie, "anden");
  world.settle();
  const MessageId third = write(amalie, "tredje");
  ASSERT_TRUE(amalie->send(room, wire::Text{"Hun sov dårligt."}));
  world.settle();
  ASSERT_TRUE(ida->sign_plan(room, third, look(ida).cards.at(0).ref.hash));
  world.settle();
  world.clock.advance(hours(80));
  world.pass(seconds(2));
  const auto check = [&] {
    const auto seen = look(amalie);
    ASSERT_EQ(seen.cards.size(), 1U);
    EXPECT_EQ(words(seen.cards[0]).readmission, "tredje");
    EXPECT_EQ(words(seen.cards[0]).version, 3U);
    EXPECT_EQ(seen.cards[0].signatures.size(), 2U);
    ASSERT_EQ(seen.previous.size(), 1U);
    EXPECT_EQ(words(seen.previous[0]).readmission, "anden");
    EXPECT_EQ(amalie->search("tredje", 10)->size(), 1U) << "found by its words still";
    EXPECT_TRUE(amalie->search("dårligt", 10)->empty()) << "what is said around it goes";
    EXPECT_TRUE(amalie->search("første", 10)->empty());
  };
  check();
  world.reopen(amalie);
  world.settle();
  check();
  EXPECT_EQ(amalie->citizens().at(0).citizen, kKaje);
  write(amalie, "fjerde");
  world.settle();
  EXPECT_EQ(words(look(ida).cards.at(0)).version, 4U);
  expect_no_suspicion();
}

TEST_F(ClientCitizen, WhoComesInLaterKnowsTheCitizenFromTheNextVersion) {
  begin();
  write(amalie);
  world.settle();
  Device& jonas = world.enrol(world.jonas);
  wire::Target house_a;
  house_a.kind = wire::TargetKind::kUnit;
  house_a.id.bytes = world.jonas.unit->bytes;
  ASSERT_TRUE(amalie->invite(room, house_a));
  world.settle();
  EXPECT_EQ(look(jonas).plan, PlanState::kMissing);
  EXPECT_EQ(jonas->write_plan(room, card()).error().code, Errc::kWrongState);
  write(amalie, "igen");
  world.settle();
  EXPECT_EQ(words(look(jonas).cards.at(0)).version, 2U);
  EXPECT_EQ(jonas->citizens().at(0).citizen, kKaje);
  ASSERT_TRUE(jonas->write_plan(room, card("fra hus A")));
  world.settle();
  EXPECT_EQ(words(look(amalie).cards.at(0)).version, 3U);
  expect_no_suspicion();
}

TEST_F(ClientCitizen, OneCitizenHasOneConversationOnADevice) {
  begin();
  EXPECT_EQ(amalie->start_conversation({"K.", "2103009996"}, {}).error().code, Errc::kAlreadyExists);
  EXPECT_EQ(ida->start_conversation(kKaje, {}).error().code, Errc::kAlreadyExists);
  EXPECT_EQ(amalie->start_conversation({}, {}).error().code, Errc::kInvalidValue) << "about nobody";
  EXPECT_EQ(archive->start_conversation({"Peter Hansen", ""}, {}).error().code, Errc::kNotPermitted);
  const auto many = std::vector<wire::Target>(limits::kInvitedMax + 1, first_on_call());
  EXPECT_EQ(amalie->start_conversation({"Peter Hansen", ""}, many).error().code, Errc::kTooLarge);
  // A plan is no part of an alert's conversation.
  const auto asked = world.ask(amalie);
  EXPECT_EQ(amalie->write_plan(asked.conversation, card()).error().code, Errc::kNotPermitted);
  EXPECT_EQ(amalie->send(room, wire::Body(card())).error().code, Errc::kNotPermitted);
}

TEST_F(ClientCitizen, APersonBeginsOneTooAndWhoIsNotAskedInHasNothingOfIt) {
  const auto started = ida->start_conversation({"Peter Hansen", "0703921VJ5"}, {});
  ASSERT_TRUE(started);
  world.settle();
  EXPECT_TRUE(ida->outbox_empty());
  EXPECT_EQ(ida->citizens().size(), 1U);
  EXPECT_TRUE(amalie->citizens().empty()) << "she was not asked in";
}

TEST_F(ClientCitizen, TwoDevicesShowOneSafetyNumberAndKeepThatItWasCompared) {
  begin();
  const auto of = [](Device& device, const DeviceId& other) {
    for (const auto& known : device->devices()) {
      if (known.person.device == other) return known;
    }
    return client::DeviceLook{};
  };
  const auto here = of(amalie, ida.id), there = of(ida, amalie.id);
  EXPECT_EQ(here.safety_number.size(), 12 * 5 + 11U);
  EXPECT_EQ(here.safety_number, there.safety_number);
  EXPECT_EQ(here.qr, there.qr);
  EXPECT_NE(here.safety_number, of(amalie, second.id).safety_number);
  EXPECT_EQ(amalie->verify_device(ida.id, of(amalie, second.id).safety_number).error().code, Errc::kInvalidValue);
  EXPECT_FALSE(of(amalie, ida.id).verified_at);
  ASSERT_TRUE(amalie->verify_device(ida.id, there.qr));
  world.reopen(amalie);
  EXPECT_TRUE(of(amalie, ida.id).verified_at);
  EXPECT_FALSE(of(amalie, second.id).verified_at);
  ASSERT_TRUE(amalie->verify_device(ida.id, ""));
  world.reopen(amalie);
  EXPECT_FALSE(of(amalie, ida.id).verified_at);
}

// ---- Beside a call (P-169)

TEST_F(ClientCitizen, WhoIsAskedSeesThePlanBesideTheCallThoughSheIsNotInTheCitizensConversation) {
  Device& rune = world.enrol(world.rune);
  Device& jonas = world.enrol(world.jonas);
  begin();
  write(amalie);
  world.settle();
  ASSERT_EQ(look(rune).plan, PlanState::kMissing);
  const auto asked = world.ask(amalie);

  EXPECT_EQ(rune->plan_state_beside(asked.conversation), PlanState::kValid);
  const auto beside = rune->citizen_beside(asked.conversation);
  ASSERT_TRUE(beside);
  ASSERT_EQ(beside->shown.size(), 1U);
  EXPECT_TRUE(beside->cards.empty());
  EXPECT_EQ(words(beside->shown[0]), words(look(amalie).cards.at(0))) << "word by word, number and all";
  EXPECT_EQ(beside->shown[0].ref.hash, look(amalie).cards.at(0).ref.hash);
  EXPECT_EQ(beside->shown[0].message.author.name, "Amalie Prøve");
  EXPECT_FALSE(beside->shown[0].ref.may_sign);
  EXPECT_FALSE(rune->sign_plan(asked.conversation, beside->shown[0].message.id, beside->shown[0].ref.hash));
  // In this call alone: her device has no plan of the citizen's, and no conversation about her.
  EXPECT_EQ(look(rune).plan, PlanState::kMissing);
  EXPECT_TRUE(rune->citizens().empty());
  EXPECT_FALSE(jonas->citizen_beside(asked.conversation)) << "who is not called sees nothing";
  // Whoever is in the citizen's conversation has it with its signatures, once.
  const auto known = ida->citizen_beside(asked.conversation);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->cards.size(), 1U);
  EXPECT_TRUE(known->shown.empty());
  EXPECT_EQ(known->may_show, std::nullopt);
  world.reopen(rune);
  EXPECT_EQ(rune->citizen_beside(asked.conversation)->shown.size(), 1U);
  expect_no_suspicion();
}

TEST_F(ClientCitizen, ByItselfAPlanIsShownForACprAloneAndNeverInADrill) {
  Device& rune = world.enrol(world.rune);
  begin();
  write(amalie);
  world.settle();
  const auto shown_for = [&](wire::Citizen citizen, bool drill) {
    auto question = world.question();
    question.citizen = std::move(citizen);
    question.drill = drill;
    const auto asked = amalie->ask(question);
    world.settle();
    const auto beside = rune->citizen_beside(asked->conversation);
    return beside ? beside->shown.size() : 0;
  };
  EXPECT_EQ(shown_for({"Kaje Test Hansen", ""}, false), 0U) << "there may be two of the name";
  EXPECT_EQ(shown_for({"", "250947-9989"}, false), 0U);
  EXPECT_EQ(shown_for({"", ""}, false), 0U);
  EXPECT_EQ(shown_for(kKaje, true), 0U);
  EXPECT_EQ(shown_for(kKaje, false), 1U);
}

TEST_F(ClientCitizen, AWorkerShowsAPlanByHandWhereHerCallNamedNobody) {
  Device& rune = world.enrol(world.rune);
  begin();
  write(amalie);
  world.settle();
  auto question = world.question();
  question.citizen = {};
  const auto asked = amalie->ask(question);
  ASSERT_TRUE(asked);
  world.settle();
  EXPECT_EQ(rune->plan_state_beside(asked->conversation), std::nullopt);
  ASSERT_TRUE(amalie->show_plans(asked->conversation, room));
  world.settle();
  EXPECT_EQ(rune->plan_state_beside(asked->conversation), PlanState::kValid);
  const auto beside = rune->citizen_beside(asked->conversation);
  ASSERT_TRUE(beside);
  EXPECT_EQ(beside->citizen, kKaje);
  EXPECT_EQ(beside->shown.at(0).ref.match, wire::CitizenMatch::kCpr) << "there is nothing to compare";
  const auto again = amalie->show_plans(asked->conversation, room);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kDuplicate);
  const auto elsewhere = amalie->show_plans(room, room);
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, Errc::kNotPermitted) << "a citizen's conversation is not a call";
}

TEST_F(ClientCitizen, APlanOfAnotherCitizenIsNotShownBesideACallAndIsReportedWhenForced) {
  Device& rune = world.enrol(world.rune);
  begin();
  write(amalie);
  world.settle();
  auto question = world.question();
  question.citizen = {"Bruno Test Elmer", "250947-9989"};
  const auto asked = amalie->ask(question);
  ASSERT_TRUE(asked);
  world.settle();
  const auto refused = amalie->show_plans(asked->conversation, room);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidValue);
  wire::PlanCard wrong = card();
  wrong.citizen = kKaje;
  wrong.version = 1;
  world.smuggle(amalie, asked->conversation, wrong);
  world.settle();
  EXPECT_EQ(told(rune, "forkert samtale"), 1U);
  EXPECT_EQ(rune->plan_state_beside(asked->conversation), PlanState::kMissing);
  EXPECT_TRUE(rune->citizen_beside(asked->conversation)->shown.empty());
}

}  // namespace
}  // namespace nattevagt::testing
