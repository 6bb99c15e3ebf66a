// DOMAIN 6a and 6b in true time, on the nights in which the clocks change and on a plain one: every row of
// their tables that is the core's to keep. All oracles watch as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "client-lib/export/journal_export.h"
#include "client-lib/export/local_time.h"
#include "proto/rota/copenhagen.h"
#include "proto/wire/codec.h"
#include "tests/simulation/crypto_memo.h"
#include "tests/simulation/simulation.h"
#include "tests/support/memory_world.h"

namespace nattevagt::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using wire::AlertState;
using wire::NoticeKind;

enum Cast { kAmalie = 0, kColleague = 1, kIda = 2, kRune = 3, kLis = 4, kArchive = 5, kJonas = 6, kChief = 6 };

Plan story(const char* name, int night) {
  std::ifstream file(std::string(NATTEVAGT_PLANS) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  auto plan = plan_from_text(text.str());
  EXPECT_TRUE(plan) << name;
  plan->night = night;
  return *plan;
}

class Told {
 public:
  explicit Told(const Plan& plan) : base_(base_of(plan.night)), simulation_(plan, Mutant::kNone) {
    const Verdict verdict = simulation_.run();
    for (const Violation& found : verdict.violations) {
      ADD_FAILURE() << found.oracle << ": " << found.text << " at " << format_utc(found.at);
    }
  }
  UtcTime at(Millis t) const { return base_.starts + t; }
  std::string format_utc(Millis t) const { return client::format_utc_iso(at(t)); }

  // When this device rang.
  std::vector<std::pair<Millis, NoticeKind>> rings(int device) const {
    std::vector<std::pair<Millis, NoticeKind>> out;
    for (const Shown& shown : simulation_.all_shown()) {
      const auto* changed = std::get_if<client::AlertChanged>(&shown.event);
      if (shown.device == device && changed != nullptr && changed->notice != NoticeKind::kNone) {
        out.emplace_back(shown.at, changed->notice);
      }
    }
    return out;
  }
  std::vector<client::Alert> alerts_shown(int device, Millis until) const {
    std::vector<client::Alert> out;
    for (const Shown& shown : simulation_.all_shown()) {
      const auto* changed = std::get_if<client::AlertChanged>(&shown.event);
      if (shown.device == device && changed != nullptr && shown.at <= until) out.push_back(changed->alert);
    }
    return out;
  }
  template <class Body>
  std::vector<std::pair<Millis, client::Message>> heard(int device) const {
    std::vector<std::pair<Millis, client::Message>> out;
    for (const Shown& shown : simulation_.all_shown()) {
      const auto* message = std::get_if<client::NewMessage>(&shown.event);
      if (shown.device == device && message != nullptr &&
          std::holds_alternative<Body>(message->message.content.body)) {
        out.emplace_back(shown.at, message->message);
      }
    }
    return out;
  }
  // The first time at which a device's own message had come so far.
  std::optional<Millis> own(int device, MessageId id, client::Delivery delivery, Errc* why = nullptr) const {
    for (const Shown& shown : simulation_.all_shown()) {
      const auto* own = std::get_if<client::OwnMessage>(&shown.event);
      if (shown.device != device || own == nullptr || own->id != id || own->delivery != delivery) continue;
      if (why != nullptr) *why = own->why;
      return shown.at;
    }
    return std::nullopt;
  }
  std::vector<Did> did(int device, What what) const {
    std::vector<Did> out;
    for (const Did& done : simulation_.all_done()) {
      if (done.device == device && done.what == what) out.push_back(done);
    }
    return out;
  }
  std::vector<client::Message> history(int device) const {
    std::vector<client::Message> out;
    for (const auto& [key, stored] : simulation_.device(device).disk().messages) {
      if (!std::holds_alternative<wire::Seen>(stored.message.content.body)) out.push_back(stored.message);
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
    return out;
  }
  std::string exported(int device) const {
    const client::ClientCore& core = simulation_.device(device).core();
    client::ExportInput input{core.conversations().at(0), core.alerts().at(0), history(device),
                              at(base_.night_end)};
    const auto made = client::export_journal(input);
    EXPECT_TRUE(made);
    return made ? made->text : std::string();
  }
  const client::ClientCore& core(int device) const { return simulation_.device(device).core(); }
  const Simulation& simulation() const { return simulation_; }

 private:
  const Base& base_;
  Simulation simulation_;
};

class Stories : public ::testing::TestWithParam<int> {};  // the night, of four

// ---- 6a: advice given

TEST_P(Stories, AdviceIsGiven) {
  const Told night(story("story-6a-advice.plan", kStoryA + GetParam()));
  const MessageId asked = *night.did(kAmalie, What::kAsk).at(0).message;
  const Millis asked_at = night.did(kAmalie, What::kAsk).at(0).at;

  // 02.40:00 "Sendt" after it is on disk (the oracles watch the order); at Ida's device in less than 2 s.
  ASSERT_TRUE(night.own(kAmalie, asked, client::Delivery::kStored));
  const auto rings = night.rings(kIda);
  ASSERT_EQ(rings.size(), 1U);  // 02.41:10 the timer stops: she is not rung again
  EXPECT_EQ(rings[0].second, NoticeKind::kFirst);
  EXPECT_LT(rings[0].first - asked_at, seconds(2));
  EXPECT_TRUE(night.own(kAmalie, asked, client::Delivery::kOnDevice));
  for (const auto& [at, kind] : night.rings(kRune)) {
    ADD_FAILURE() << "Rune is rung at " << night.format_utc(at) << ", kind " << static_cast<int>(kind);
  }
  EXPECT_EQ(night.heard<wire::AdviceRequest>(kIda).size(), 1U);
  EXPECT_EQ(night.heard<wire::AdviceRequest>(kArchive).size(), 1U);

  // 02.41:10 "Overtaget af Ida Eksempel, overlæge"; the second taker is told.
  const MessageId second = *night.did(kRune, What::kTake).at(0).message;
  Errc why{};
  ASSERT_TRUE(night.own(kRune, second, client::Delivery::kFailed, &why));
  EXPECT_EQ(why, Errc::kAlreadyTaken);
  for (const int device : {int{kAmalie}, int{kRune}, int{kIda}}) {
    const auto alert = night.core(device).alerts().at(0);
    ASSERT_TRUE(alert.taken_by) << device;
    EXPECT_EQ(alert.taken_by->name, "Ida Eksempel");
    EXPECT_EQ(alert.taken_by->profession, "overlæge");
    EXPECT_FALSE(alert.view.late);
    EXPECT_TRUE(alert.warnings.empty());
  }

  // 02.42 the addition is a message of its own with its own time; the question stays as it was.
  const auto history = night.history(kIda);
  ASSERT_GE(history.size(), 3U);
  EXPECT_EQ(history[0].id, asked);
  for (std::size_t i = 1; i < history.size(); ++i) {
    EXPECT_GT(history[i].seq, history[i - 1].seq);
    EXPECT_GE(history[i].stored_at, history[i - 1].stored_at);
  }

  // 02.48 Jonas comes in, which is shown, and reads from there on.
  bool joined = false;
  for (const Shown& shown : night.simulation().all_shown()) {
    const auto* changed = std::get_if<client::MembersChanged>(&shown.event);
    joined = joined || (shown.device == kIda && changed != nullptr && changed->joined.size() == 1);
  }
  EXPECT_TRUE(joined);
  EXPECT_TRUE(night.heard<wire::AdviceRequest>(kJonas).empty());
  EXPECT_EQ(night.heard<wire::Advice>(kJonas).size(), 1U);

  // 02.50 the end is blocked until the advice has been read back right; 02.51 the wrong dose is not.
  const auto ida_closes = night.did(kIda, What::kClose), amalie_closes = night.did(kAmalie, What::kClose);
  EXPECT_FALSE(amalie_closes.at(0).done);
  EXPECT_FALSE(ida_closes.at(0).done);
  EXPECT_TRUE(amalie_closes.at(1).done);
  const auto verdicts = night.heard<wire::ReadBackVerdict>(kAmalie);
  ASSERT_EQ(verdicts.size(), 2U);
  EXPECT_FALSE(std::get<wire::ReadBackVerdict>(verdicts[0].second.content.body).correct);
  EXPECT_TRUE(std::get<wire::ReadBackVerdict>(verdicts[1].second.content.body).correct);
  EXPECT_EQ(night.heard<wire::Done>(kIda).size(), 1U);
  EXPECT_EQ(night.core(kIda).alerts().at(0).view.state, AlertState::kClosed);

  // 03.11 to 03.56: a round that is missed is said on the unit's own phones, once, and nothing climbs.
  const Millis made = night.did(kAmalie, What::kObserve).at(0).at;
  EXPECT_EQ(night.heard<wire::Observation>(kIda).size(), 1U);
  for (int device = 0; device < kDevices; ++device) {
    std::vector<Millis> reminded;
    for (const Shown& shown : night.simulation().all_shown()) {
      const bool due = std::holds_alternative<client::RoundDue>(shown.event);
      if (shown.device == device && due) reminded.push_back(shown.at);
    }
    const bool of_unit = device == kAmalie || device == kColleague;
    ASSERT_EQ(reminded.size(), of_unit ? 1U : 0U) << device;
    if (!of_unit) continue;
    EXPECT_GE(reminded[0] - made, minutes(5) - seconds(1)) << device;
    EXPECT_LT(reminded[0] - made, minutes(5) + seconds(2)) << device;
  }

  EXPECT_EQ(night.simulation().hub().core().counters().ladders_exhausted, 0U);

  // 04.02 the export: both names, roles, times with their offset, the read-back.
  const std::string exported = night.exported(kIda);
  for (const char* words : {"Amalie Prøve", "Ida Eksempel", "overlæge", "Ikke korrekt", "Tilbagelæst korrekt",
                            "15 mg", "Overtaget af"}) {
    EXPECT_NE(exported.find(words), std::string::npos) << words << "\n" << exported;
  }
  // Before and after the change, the question and the end each in its own offset.
  const bool autumn = GetParam() < 2, spring = GetParam() == 2;
  EXPECT_EQ(exported.find("+01:00") != std::string::npos, true);
  EXPECT_EQ(exported.find("+02:00") != std::string::npos, autumn || spring);
  EXPECT_EQ(client::in_repeated_hour(night.at(asked_at)), autumn);
}

// ---- 6b: nobody takes it

TEST_P(Stories, NobodyTakesIt) {
  const Told night(story("story-6b-nobody.plan", kStoryB + GetParam()));
  const MessageId asked = *night.did(kAmalie, What::kAsk).at(0).message;
  const Millis asked_at = night.did(kAmalie, What::kAsk).at(0).at;

  // 00:48:12 the network is away: said within ten seconds. 00:48:52 the same id again, and one alert.
  const auto not_sent = night.own(kAmalie, asked, client::Delivery::kFailed);
  const auto stored = night.own(kAmalie, asked, client::Delivery::kStored);
  ASSERT_TRUE(not_sent && stored);
  EXPECT_LE(*not_sent - asked_at, seconds(11));
  EXPECT_GE(*stored - asked_at, seconds(42));
  EXPECT_LE(*stored - asked_at, seconds(50));
  const Millis accepted = *stored;
  const auto is_about = [&](Millis at, Millis wanted) {
    return at >= accepted + wanted - seconds(1) && at <= accepted + wanted + seconds(1);
  };
  for (const int device : {int{kAmalie}, int{kIda}, int{kRune}, int{kLis}, int{kChief}}) {
    EXPECT_EQ(night.core(device).alerts().size(), 1U) << device;
  }
  // Peter's e-CPR is taken as it is, and read as it was written.
  const auto questions = night.heard<wire::AdviceRequest>(kRune);
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(std::get<wire::AdviceRequest>(questions[0].second.content.body).citizen.cpr, kErstatningsCpr);

  // 00:48:53 on Ida's one device that is on; on a device is not taken.
  EXPECT_TRUE(night.own(kAmalie, asked, client::Delivery::kOnDevice));
  for (const auto& alert : night.alerts_shown(kAmalie, accepted + minutes(15))) EXPECT_FALSE(alert.taken_by);

  // 00:50:53 again; 00:53:53 Rune and Lis; 00:55:10 Lis sees it, and it climbs on; 00:58:53 the third step.
  // The clocks change in between: no timer early, none twice, none left out.
  using Rings = std::vector<std::pair<Millis, NoticeKind>>;
  const auto expect_rings = [&](int device, const Rings& wanted) {
    const auto rings = night.rings(device);
    ASSERT_EQ(rings.size(), wanted.size()) << device;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(rings[i].second, wanted[i].second) << device;
      EXPECT_TRUE(is_about(rings[i].first, wanted[i].first)) << device << ", " << i;
    }
  };
  expect_rings(kIda, {{minutes(0), NoticeKind::kFirst},
                      {minutes(2), NoticeKind::kRepeat},
                      {minutes(4), NoticeKind::kRepeat}});
  expect_rings(kRune, {{minutes(5), NoticeKind::kFirst}});
  expect_rings(kLis, {{minutes(5), NoticeKind::kFirst}});
  expect_rings(kChief, {{minutes(10), NoticeKind::kFirst}});
  EXPECT_TRUE(night.own(kAmalie, asked, client::Delivery::kSeen));

  // 00:53:53 "Sendes til regional vagtleder om 05.00"
  const auto at_step_two = night.alerts_shown(kAmalie, accepted + minutes(6)).back();
  EXPECT_EQ(at_step_two.view.step, 1U);
  EXPECT_EQ((at_step_two.view.next_at - night.at(accepted + minutes(10))) / seconds(2), 0);

  // 01:03:53 "Brug reserveplanen nu": fifteen minutes from when it was accepted. 01:04:20 "Ring 112": once.
  expect_rings(kAmalie, {{minutes(15), NoticeKind::kLoud}});
  EXPECT_TRUE(night.did(kAmalie, What::kReserve).at(0).done);
  const bool autumn = GetParam() < 2, spring = GetParam() == 2;
  const auto rang = night.heard<wire::ReserveUsed>(kRune);
  ASSERT_EQ(rang.size(), 1U);
  EXPECT_EQ(client::format_local(rang[0].second.content.written_at),
            autumn ? "kl. 02.04 (normaltid)" : spring ? "kl. 03.04" : "kl. 02.47");

  // 01:19:30 Rune's answer is late, and says so.
  for (const int device : {int{kAmalie}, int{kRune}}) {
    const auto alert = night.core(device).alerts().at(0);
    ASSERT_TRUE(alert.taken_by);
    EXPECT_EQ(alert.taken_by->name, "Rune Eksempel");
    EXPECT_TRUE(alert.view.late);
    EXPECT_TRUE(alert.view.reserve_used);
  }
  // The advice orders a medicine: neither of them can close it before it is read back and found right.
  const auto closes = night.did(kRune, What::kClose);
  ASSERT_EQ(closes.size(), 3U);
  EXPECT_FALSE(night.did(kAmalie, What::kClose).at(0).done);
  EXPECT_FALSE(closes[0].done) << "not read back";
  EXPECT_FALSE(closes[1].done) << "nobody has looked at what was read back";
  // It stays open, read back and all, until Rune has it in his journal and closes it.
  const Millis journalled = night.did(kRune, What::kJournal).at(0).at;
  for (const int device : {int{kAmalie}, int{kRune}}) {
    EXPECT_EQ(night.alerts_shown(device, journalled).back().view.state, AlertState::kAdvised);
    EXPECT_EQ(night.core(device).alerts().at(0).view.state, AlertState::kClosed);
  }
  EXPECT_TRUE(closes[2].done);
  EXPECT_EQ(night.heard<wire::JournalMark>(kAmalie).size(), 1U);

  // 06:30 a case to look into, counted without a name.
  EXPECT_EQ(night.simulation().hub().core().counters().ladders_exhausted, 1U);

  // PN at 00:10 UTC, and four hours of UTC until the next: 05.10 (normaltid) and not 06.10.
  const auto again = night.heard<wire::Task>(kAmalie);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(client::format_local(std::get<wire::Task>(again[0].second.content.body).due.value()),
            autumn ? "kl. 05.10" : spring ? "kl. 06.10" : "kl. 05.53");

  // 01:48:10 the second 02.48: told apart on screen, in the export and in the order.
  const auto history = night.history(kRune);
  for (std::size_t i = 1; i < history.size(); ++i) {
    EXPECT_GE(history[i].stored_at, history[i - 1].stored_at);
  }
  const auto says = night.heard<wire::Text>(kRune);
  ASSERT_EQ(says.size(), 2U);
  const std::string first = client::format_local(history.front().content.written_at);
  const std::string last = client::format_local(says.back().second.content.written_at);
  EXPECT_EQ(first, autumn ? "kl. 02.48 (sommertid)" : spring ? "kl. 01.48" : "kl. 02.31");
  EXPECT_EQ(last, autumn ? "kl. 02.48 (normaltid)" : spring ? "kl. 03.48" : "kl. 03.31");
  const std::string exported = night.exported(kRune);
  EXPECT_EQ(exported.find("(sommertid)") != std::string::npos, autumn);
  EXPECT_EQ(exported.find("(normaltid)") != std::string::npos, autumn);
  for (const char* words : {"Rune Eksempel", "112", "Ført i journal"}) EXPECT_NE(exported.find(words), std::string::npos) << words;
}

// 6b: the shift from 23.00 to 07.00, on the screen of the one who has it.
TEST_P(Stories, TheNightIsOneShiftOfItsTrueLength) {
  const bool autumn = GetParam() < 2, spring = GetParam() == 2;
  const UtcTime midnight = std::chrono::floor<std::chrono::days>(base_of(kStoryB + GetParam()).change);
  const UtcTime from = midnight - hours(autumn ? 3 : 2), until = midnight + hours(spring ? 5 : 6);
  ASSERT_EQ(until - from, hours(autumn ? 9 : spring ? 7 : 8));
  const MakingBase making;
  testing::MemoryWorld world(79, from - hours(1));
  testing::MemoryWorld::Holder lis = world.ida;
  lis.name = "Lis Vagt";
  lis.person = world.entropy.make_id<PersonId>();
  testing::Device& ida = world.enrol(world.ida);
  world.havbakken.roster.roles[0].holders = {world.ida.person, lis.person};
  world.publish(world.havbakken);
  const auto since = rota::to_local(from).day - std::chrono::days(7);
  wire::Rota rota;
  rota.issued_at = world.clock.now();
  rota.roles = {{world.first_role,
                 {{wire::kEveryDay, 23 * 60, 7 * 60}, {wire::kEveryDay, 7 * 60, 23 * 60}},
                 {{1, since, {}, 1, {{world.ida.person}}}, {2, since, {}, 1, {{lis.person}}}},
                 {},
                 {}}};
  const auto document = world.havbakken.sign(wire::DocumentKind::kRota, 1, wire::encode(rota));
  ASSERT_TRUE(std::holds_alternative<wire::Accepted>(
      world.hub->as_organisation(world.havbakken.card, wire::PublishDocument{document})));
  world.settle();
  const auto turns = ida->own_turns(hours(12));
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].from, from);
  EXPECT_EQ(turns[0].until, until);
}

// 6a before and after the call: what is handed over at 23.00 and at 07.00, the plan that is there without a net,
// the team's digest at 08.00. A unit's telephones are members as the unit, so that a change of shift is nobody's
// commit; the one that goes home with the evening is revoked.
TEST_P(Stories, WhatIsHandedOverBeforeAndAfterTheCall) {
  const wire::LocalDay day_of_call = rota::to_local(base_of(kStoryB + GetParam()).change).day;
  const auto at = [&](int hour, int minute) {  // Danish time, the first of two; before midnight: negative
    const auto local = std::chrono::time_point_cast<Millis>(day_of_call) + hours(hour) + minutes(minute);
    const UtcTime summer = UtcTime(local.time_since_epoch()) - hours(2);
    const bool is_summer = rota::to_local(summer).since_midnight == minutes((hour + 24) % 24 * 60 + minute);
    return is_summer ? summer : summer + hours(1);
  };
  const MakingBase making;
  testing::MemoryWorld world(80, at(-2, 0));
  const auto go_to = [&](UtcTime time) {
    world.clock.advance(time - world.clock.now());
    world.pass(seconds(2));
  };
  testing::MemoryWorld::Holder with_evening = world.unit_b_second;
  with_evening.person = world.entropy.make_id<PersonId>();
  testing::Device& ida = world.enrol(world.ida);
  testing::Device& evening = world.enrol(with_evening);
  testing::Device& day = world.enrol(world.unit_b_second);
  testing::Device& jonas = world.enrol(world.jonas);
  testing::Device& amalie = world.enrol(world.amalie);
  const wire::Citizen kaje{"Kaje Test Hansen", "210300-9996"};

  const auto room = evening->start_conversation(kaje, {});
  ASSERT_TRUE(room);
  world.settle();
  wire::PlanCard card;
  card.kind = wire::PlanKind::kDischargeAgreement;
  card.what = "Bor på Strandløkken.";
  card.readmission = "Ring til akutmodtagelsen, pkt. 3.";
  card.agreed_on = day_of_call - std::chrono::days(44);
  card.valid_until = card.agreed_on + std::chrono::days(182);
  card.parties = {{"Kaje Test Hansen", "borger"}};
  ASSERT_TRUE(amalie->write_plan(room->conversation, card));
  const auto seen = evening->send(
      room->conversation,
      wire::Task{wire::TaskKind::kObserve, "Sov dårligt, nægtede aftenmedicin kl. 21", std::nullopt, std::nullopt});
  ASSERT_TRUE(seen);

  // 23.00 "Modtaget"; the telephone that goes home reads nothing from then on.
  go_to(at(-1, 0));
  const auto received = *amalie->handover();
  ASSERT_EQ(received.items.size(), 1U);
  EXPECT_EQ(received.items[0].message.id, *seen);
  ASSERT_TRUE(amalie->take_item(room->conversation, *seen));
  ASSERT_TRUE(amalie->finish_item(room->conversation, *seen, true, ""));
  world.settle();
  EXPECT_TRUE(evening->handover()->items.empty());
  world.revoke(world.solvang, evening.id);
  world.pass(seconds(5));
  EXPECT_FALSE(testing::has_member(amalie, room->conversation, evening.id));
  const std::size_t before = evening->history(room->conversation)->size();
  ASSERT_TRUE(amalie->send(room->conversation, wire::Text{"Kaje er vågen."}));
  world.pass(seconds(5));
  EXPECT_EQ(evening->history(room->conversation)->size(), before);
  EXPECT_EQ(day->history(room->conversation)->back().content.body, wire::Body(wire::Text{"Kaje er vågen."}));

  // 02.38 the plan, in airplane mode and after a restart.
  go_to(at(2, 38));
  world.hub->set_reachable(false);
  world.reopen(amalie);
  const auto plan = amalie->citizen(kaje);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->plan, client::PlanState::kValid);
  ASSERT_EQ(plan->cards.size(), 1U);
  EXPECT_EQ(std::get<wire::PlanCard>(plan->cards[0].message.content.body).readmission, card.readmission);
  world.hub->set_reachable(true);
  world.settle();

  go_to(at(2, 40));
  const auto asked = world.ask(amalie);
  ASSERT_TRUE(ida->take(asked.alert));
  world.settle();
  wire::Advice advice;
  advice.text = "Giv PN oxazepam 15 mg nu.";
  const auto advised = ida->advise(asked.alert, advice);
  ASSERT_TRUE(advised);
  world.settle();
  ASSERT_TRUE(amalie->done(*advised, true, ""));
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Task{wire::TaskKind::kPromise, "Teamet ringer kl. 9",
                                                          at(9, 0), std::nullopt}));
  ASSERT_TRUE(amalie->close(asked.alert));
  world.settle();

  // 07.00 the day shift's own telephone has the list, and takes it by name.
  go_to(at(7, 0));
  const auto list = *day->handover();
  ASSERT_EQ(list.items.size(), 1U);
  EXPECT_EQ(list.items[0].work.citizen, kaje);
  ASSERT_TRUE(day->set_author("Bente Prøve", "SSA"));
  ASSERT_TRUE(day->take_item(asked.conversation, list.items[0].message.id));
  world.settle();
  ASSERT_TRUE(amalie->handover()->items.at(0).taken);
  EXPECT_EQ(amalie->handover()->items[0].taken->content.author_name, "Bente Prøve");

  // 08.00 one call with its advice; and nothing of it at another residence.
  go_to(at(8, 0));
  const auto digest = *ida->digest();
  ASSERT_EQ(digest.requests.size(), 1U);
  EXPECT_EQ(digest.requests[0].incident.conversation, asked.conversation);
  ASSERT_EQ(digest.requests[0].advices.size(), 1U);
  EXPECT_EQ(digest.requests[0].advices[0].done, std::optional(true));
  EXPECT_EQ(digest.work.items.size(), 1U);
  EXPECT_TRUE(jonas->digest()->requests.empty());
  EXPECT_TRUE(jonas->digest()->work.items.empty());
  EXPECT_TRUE(world.suspicions().empty());
}

// Somebody whom nobody knows, without a name and without a number: a call like any other.
TEST(Story, ACallAboutSomebodyUnknownGoesItsWay) {
  Plan plan = story("story-6a-advice.plan", kStoryA + 3);
  ASSERT_EQ(plan.items.front().what, What::kAsk);
  plan.items.front().amount = 2;
  const Told night(plan);
  EXPECT_TRUE(night.own(kAmalie, *night.did(kAmalie, What::kAsk).at(0).message, client::Delivery::kStored));
  EXPECT_EQ(night.rings(kIda).size(), 1U);
  const auto questions = night.heard<wire::AdviceRequest>(kIda);
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(std::get<wire::AdviceRequest>(questions[0].second.content.body).citizen, wire::Citizen{});
  EXPECT_EQ(night.core(kIda).alerts().at(0).view.state, AlertState::kClosed);
  EXPECT_NE(night.exported(kIda).find("Ida Eksempel"), std::string::npos);
}

std::string name_of_night(const ::testing::TestParamInfo<int>& drawn) {
  constexpr std::array kNames = {"25Oct2026", "31Oct2027", "28Mar2027", "25Nov2026"};
  return kNames[static_cast<std::size_t>(drawn.param)];
}
INSTANTIATE_TEST_SUITE_P(Nights, Stories, ::testing::Values(0, 1, 2, 3), name_of_night);

}  // namespace
}  // namespace nattevagt::simulation
