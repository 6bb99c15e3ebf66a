// nattevagt-agent with real stores behind it: who holds a unit's device, what a locked screen tells and takes,
// and the acts about citizens and work (mobile-bridge/PROTOCOL.md sections 6 to 9).
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "client-lib/agent/desk.h"
#include "client-lib/agent/local_text.h"
#include "proto/rota/copenhagen.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::client::agent {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
namespace nt = nattevagt::testing;

constexpr PeerId kScreen = 3;

// One device's desk, and the one page at it.
struct ScreenedDevice {
  nt::MemoryWorld& world;
  std::string home;
  Desk desk;
  int number = 1;
  std::vector<json> events;
  std::string heard;  // all that the page was ever sent

  ScreenedDevice(nt::MemoryWorld& in_world, nt::Device& device)
      : world(in_world),
        home(device.home),
        desk({home, minutes(5)},
             [](const std::string&) -> Result<std::unique_ptr<Client>> { return fail(Errc::kWrongPin, "test"); },
             world.clock, world.entropy) {
    desk.opened(std::move(device.client));
    EXPECT_EQ(code({{"do", "hello"}, {"v", 1}, {"token", desk.make_link_token()}}), "");
  }
  json ask(json what) {
    what["id"] = ++number;
    desk.on_text(kScreen, what.dump());
    json answer;
    for (const auto& out : desk.take_outgoing()) {
      heard += out.text;
      if (out.text.empty()) continue;
      json one = json::parse(out.text);
      if (one.contains("re")) {
        answer = one;
      } else {
        events.push_back(std::move(one));
      }
    }
    return answer;
  }
  std::string code(json what) {
    const json answer = ask(std::move(what));
    return answer["ok"].get<bool>() ? "" : answer["code"].get<std::string>();
  }
  void unlock() { ASSERT_EQ(code({{"do", "unlock"}, {"pin", "2468"}}), ""); }
  // Her first PIN, and she holds the unit's device.
  void begin() {
    ASSERT_EQ(code({{"do", "profile_new"},
                    {"initials", "ap"},
                    {"name", "Amalie Prøve"},
                    {"profession", "SSA"},
                    {"pin", "1111"}}),
              "");
  }
  json view() {
    ask({{"do", "awake"}});
    desk.on_events({Connected{}});
    ask({{"do", "awake"}});
    for (auto it = events.rbegin(); it != events.rend(); ++it) {
      if ((*it)["event"] == "view") return *it;
    }
    return {};
  }
};

struct AgentWork : ::testing::Test {
  nt::MemoryWorld world;
  nt::Device& amalie_device = world.enrol(world.amalie);
  nt::Device& ida_device = world.enrol(world.ida);
  ScreenedDevice amalie{world, amalie_device};
  ScreenedDevice ida{world, ida_device};

  // Both desks run until neither has anything to do.
  void settle() {
    for (int quiet = 0, round = 0; quiet < 3 && round < 2'000; ++round) {
      const std::size_t before = world.hub->frames_to_hub;
      bool busy = false;
      for (ScreenedDevice* one : {&amalie, &ida}) {
        const auto events = one->desk.client()->run_once(Millis(0));
        ASSERT_TRUE(events);
        one->desk.on_events(*events);
        busy = busy || !events->empty();
      }
      quiet = busy || world.hub->frames_to_hub != before ? 0 : quiet + 1;
    }
  }
  void pass(Millis time) {
    const UtcTime until = world.clock.now() + time;
    while (world.clock.now() < until) {
      world.clock.advance(std::min(Millis(until - world.clock.now()), Millis(seconds(5))));
      world.hub->run();
      settle();
    }
  }
  // Every night is Ida's.
  void publish_rota() {
    wire::Rota rota;
    rota.issued_at = world.clock.now();
    const auto today = rota::to_local(rota.issued_at).day;
    rota.roles = {{world.first_role,
                   {{wire::kEveryDay, 0, 0}},
                   {{1, today - std::chrono::days(7), {}, 1, {{world.ida.person}}}},
                   {},
                   {}}};
    const auto document = world.havbakken.sign(wire::DocumentKind::kRota, 1, wire::encode(rota));
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(
        world.hub->as_organisation(world.havbakken.card, wire::PublishDocument{document})));
  }
  json question() const {
    return {{"do", "ask"},
            {"severity", "red"},
            {"situation", "psychosis"},
            {"citizen", "Kaje Test Hansen"},
            {"cpr", "210300-9996"},
            {"alone", true},
            {"callback", ""},
            {"drill", false},
            {"isbar",
             {{"identification", ""},
              {"situation", "Hører stemmer."},
              {"background", ""},
              {"analysis", ""},
              {"recommendation", ""}}}};
  }
  std::string begin_citizen() {
    const json invite = json::array({{{"kind", "role"}, {"target", world.first_role.hex()}}});
    const json made = amalie.ask(
        {{"do", "citizen_start"}, {"name", "Kaje Test Hansen"}, {"cpr", "210300-9996"}, {"invite", invite}});
    EXPECT_EQ(made["ok"], true) << made;
    settle();
    return made.value("conversation", "");
  }
  json plan(const std::string& conversation) const {
    return {{"do", "plan_write"},
            {"conversation", conversation},
            {"plan_kind", "discharge_agreement"},
            {"what", "Depot hver 4. uge."},
            {"who", "Kontaktperson."},
            {"readmission", "Ring til akutmodtagelsen."},
            {"advice", "Spørg vagthavende."},
            {"agreed_on", "2026-10-12"},
            {"valid_until", "2027-04-12"},
            {"parties", json::array({{{"name", "Kaje Test Hansen"}, {"role", "borger"}}})}};
  }
};

TEST_F(AgentWork, NobodyWritesFromAUnitsDeviceWithoutHerOwnPin) {
  amalie.unlock();
  EXPECT_EQ(amalie.code(question()), "wrong_state") << "the device's PIN is nobody's";
  EXPECT_EQ(amalie.code({{"do", "holder"}, {"name", "Hvem som helst"}, {"profession", ""}}), "wrong_state")
      << "a name without a PIN makes no author, not even the first";
  EXPECT_EQ(amalie.code({{"do", "handover"}}), "") << "reading is free";
  const json made = amalie.ask(
      {{"do", "profile_new"}, {"initials", "ap"}, {"name", "Amalie Prøve"}, {"profession", "SSA"}, {"pin", "1111"}});
  ASSERT_EQ(made["ok"], true) << made;
  ASSERT_EQ(amalie.code({{"do", "profile_new"},
                         {"initials", "jd"},
                         {"name", "Jonas Demo"},
                         {"profession", "pædagog"},
                         {"pin", "2222"}}),
            "");
  const json wrong = amalie.ask({{"do", "profile_switch"}, {"profile", made["profile"]}, {"pin", "2222"}});
  EXPECT_EQ(wrong["code"], "wrong_pin");
  EXPECT_EQ(wrong["wait_ms"], 0);
  EXPECT_EQ(amalie.view()["holder"]["name"], "Jonas Demo") << "a wrong PIN changes nothing";
  ASSERT_EQ(amalie.code({{"do", "profile_switch"}, {"profile", made["profile"]}, {"pin", "1111"}}), "");
  ASSERT_EQ(amalie.code(question()), "");
  settle();
  ida.unlock();
  EXPECT_EQ(ida.view()["requests"][0]["asked_by"]["name"], "Amalie Prøve");

  // By her own PIN she comes back as herself; by the device's nobody does.
  ASSERT_EQ(amalie.code({{"do", "lock"}}), "");
  ASSERT_EQ(amalie.code({{"do", "unlock"}, {"pin", "2222"}, {"who", "JD"}}), "");
  EXPECT_EQ(amalie.view()["holder"]["name"], "Jonas Demo");
  ASSERT_EQ(amalie.code({{"do", "lock"}}), "");
  ASSERT_EQ(amalie.code({{"do", "unlock"}, {"pin", "2468"}}), "");
  EXPECT_TRUE(amalie.view()["holder"].is_null());
  EXPECT_EQ(amalie.code(question()), "wrong_state");
}

TEST_F(AgentWork, WhoKnowsHerPinChangesItAndNobodyElseDoes) {
  amalie.unlock();
  const json made = amalie.ask(
      {{"do", "profile_new"}, {"initials", "ap"}, {"name", "Amalie Prøve"}, {"profession", "SSA"}, {"pin", "1111"}});
  ASSERT_EQ(made["ok"], true) << made;
  json change = {{"do", "profile_pin"}, {"profile", made["profile"]}, {"pin", "2222"}, {"new_pin", "3333"}};
  const json wrong = amalie.ask(change);
  EXPECT_EQ(wrong["code"], "wrong_pin");
  EXPECT_EQ(wrong["wait_ms"], 0);
  change["pin"] = "1111";
  change["new_pin"] = "333";
  EXPECT_EQ(amalie.code(change), "invalid_value") << "too short";
  change["new_pin"] = "3333";
  ASSERT_EQ(amalie.code(change), "");
  json enter = {{"do", "profile_switch"}, {"profile", made["profile"]}, {"pin", "1111"}};
  EXPECT_EQ(amalie.code(enter), "wrong_pin") << "the old one is gone";
  enter["pin"] = "3333";
  EXPECT_EQ(amalie.code(enter), "");
  EXPECT_TRUE(amalie.ask({{"do", "profiles"}})["profiles"][0]["pin_reset_at"].is_null()) << "her own doing";
  // The tries at the old PIN are counted as those at the door are.
  change["pin"] = "0000";
  for (std::uint32_t i = 0; i < limits::kWrongPinsBeforeDelay; ++i) EXPECT_EQ(amalie.code(change), "wrong_pin");
  change["pin"] = "3333";
  EXPECT_EQ(amalie.code(change), "locked");
}

TEST_F(AgentWork, WhatIsNotSentRingsAtOnceAlsoBehindTheLockUntilSheHasRung) {
  amalie.unlock();
  amalie.begin();
  world.hub->set_reachable(false);
  const json asked = amalie.ask(question());
  ASSERT_EQ(asked["ok"], true) << asked;
  EXPECT_TRUE(amalie.view()["requests"][0]["ring_now"].is_null()) << "not yet";
  world.clock.advance(seconds(11));
  settle();
  const json request = amalie.view()["requests"][0];
  EXPECT_EQ(request["delivery"], "failed");
  ASSERT_TRUE(request["ring_now"].is_object()) << request;
  EXPECT_EQ(request["ring_now"]["reason"], "not_sent");
  ASSERT_EQ(amalie.code({{"do", "lock"}}), "");
  EXPECT_EQ(amalie.view()["ringing"], "red");
  ASSERT_EQ(amalie.code({{"do", "unlock"}, {"pin", "1111"}, {"who", "ap"}}), "");
  ASSERT_EQ(amalie.code({{"do", "reserve"}, {"alert", asked["alert"]}, {"choice", "Ringet 112"}}), "");
  EXPECT_TRUE(amalie.view()["requests"][0]["ring_now"].is_null());
}

TEST_F(AgentWork, ALateRoundIsToldAlsoBehindTheLockAndEndsWithALookIn) {
  amalie.unlock();
  amalie.begin();
  ida.unlock();
  const json asked = amalie.ask(question());
  settle();
  ASSERT_EQ(ida.code({{"do", "take"}, {"alert", asked["alert"]}}), "");
  settle();
  json advice = {{"do", "advise"}, {"alert", asked["alert"]}, {"text", "Se til hende."}, {"read_back_required", false},
                 {"medicine", nullptr}, {"rounds", {{"every_min", 15}, {"until", "4:00"}}}};
  EXPECT_EQ(ida.code(advice), "invalid_value") << "no time";
  advice["rounds"] = {{"every_min", 3}, {"until", "04:00"}};
  EXPECT_EQ(ida.code(advice), "invalid_value") << "too often";
  advice["rounds"] = {{"every_min", 15}};
  EXPECT_EQ(ida.code(advice), "malformed");
  advice["rounds"] = {{"every_min", 15}, {"until", "04:00"}};
  ASSERT_EQ(ida.code(advice), "");
  settle();
  json rounds = amalie.view()["requests"][0]["rounds"];
  ASSERT_TRUE(rounds.is_object());
  EXPECT_EQ(rounds["until"]["text"], "kl. 04.00");
  EXPECT_EQ(rounds["late"], false);
  ASSERT_EQ(amalie.code({{"do", "lock"}}), "");
  pass(minutes(16));
  amalie.heard.clear();
  const json locked = amalie.view();
  EXPECT_EQ(locked["round_due"], true);
  EXPECT_TRUE(locked["ringing"].is_null());
  EXPECT_EQ(amalie.heard.find("Kaje"), std::string::npos);
  ASSERT_EQ(amalie.code({{"do", "unlock"}, {"pin", "1111"}, {"who", "ap"}}), "");
  EXPECT_EQ(amalie.view()["requests"][0]["rounds"]["remind"], true);
  ida.unlock();
  rounds = ida.view()["requests"][0]["rounds"];
  EXPECT_EQ(rounds["late"], true);
  EXPECT_EQ(rounds["remind"], false) << "she is not there to look in";
  ASSERT_EQ(amalie.code({{"do", "observe"}, {"conversation", asked["conversation"]}, {"text", "Sover."}}), "");
  EXPECT_EQ(amalie.view()["requests"][0]["rounds"]["remind"], false);
}

TEST_F(AgentWork, APlanIsShownInACallByHandOnceAndStandsBesideItForWhoAnswers) {
  amalie.unlock();
  amalie.begin();
  ida.unlock();
  const json started = amalie.ask(
      {{"do", "citizen_start"}, {"name", "Kaje Test Hansen"}, {"cpr", "210300-9996"}, {"invite", json::array()}});
  ASSERT_EQ(amalie.code({{"do", "plan_write"},
                         {"conversation", started["conversation"]},
                         {"plan_kind", "crisis_plan"},
                         {"what", "Te og radio."},
                         {"who", ""},
                         {"readmission", ""},
                         {"advice", ""},
                         {"agreed_on", "2026-10-12"},
                         {"valid_until", "2027-04-12"},
                         {"parties", {{{"name", "Kaje Test Hansen"}, {"role", "borger"}}}}}),
            "");
  settle();
  json asks = question();
  asks["citizen"] = "Kaje Test Hansen";
  asks["cpr"] = "";
  const json asked = amalie.ask(asks);
  settle();
  const json beside = {{"do", "citizen_beside"}, {"conversation", asked["conversation"]}};
  EXPECT_EQ(ida.view()["requests"][0]["plan"], "missing");
  json look = amalie.ask(beside);
  EXPECT_EQ(look["may_show"], started["conversation"]) << "by the name alone nothing is shown by itself";
  const json show = {{"do", "plan_show"}, {"conversation", asked["conversation"]}, {"citizen", started["conversation"]}};
  ASSERT_EQ(amalie.code(show), "");
  EXPECT_EQ(amalie.code(show), "duplicate");
  settle();
  look = amalie.ask(beside);
  EXPECT_TRUE(look["may_show"].is_null());
  EXPECT_TRUE(look["shown"].empty()) << "she has it herself";
  EXPECT_EQ(ida.view()["requests"][0]["plan"], "valid");
  look = ida.ask(beside);
  ASSERT_EQ(look["shown"].size(), 1U) << look;
  EXPECT_EQ(look["shown"][0]["what"], "Te og radio.");
  EXPECT_EQ(look["shown"][0]["author"]["name"], "Amalie Prøve");
  EXPECT_EQ(look["shown"][0]["may_sign"], false);
  EXPECT_TRUE(look["cards"].empty());
  EXPECT_EQ(ida.ask({{"do", "citizens"}})["citizens"].size(), 0U);
}

TEST(LocalText, ATimeOfDayIsTheNextThatADanishClockShowsInTheNightsThatChangeItToo) {
  const auto utc = [](int year, unsigned month, unsigned day, int hour, int minute) {
    return UtcTime(std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day))
                       .time_since_epoch() + hours(hour) + minutes(minute));
  };
  EXPECT_EQ(next_at("04:00", utc(2026, 11, 25, 1, 40)), utc(2026, 11, 25, 3, 0));
  EXPECT_EQ(next_at("02:40", utc(2026, 11, 25, 1, 40)), utc(2026, 11, 26, 1, 40)) << "not now";
  // 25 October 2026 and 31 October 2027: 02.30 comes twice.
  EXPECT_EQ(next_at("02:30", utc(2026, 10, 25, 0, 10)), utc(2026, 10, 25, 0, 30));
  EXPECT_EQ(next_at("02:30", utc(2026, 10, 25, 0, 50)), utc(2026, 10, 25, 1, 30)) << "the second one is yet to come";
  EXPECT_EQ(next_at("02:30", utc(2026, 10, 25, 1, 40)), utc(2026, 10, 26, 1, 30));
  EXPECT_EQ(next_at("04:00", utc(2027, 10, 31, 0, 50)), utc(2027, 10, 31, 3, 0)) << "an hour longer than it looks";
  EXPECT_EQ(next_at("02:30", utc(2027, 10, 31, 0, 50)), utc(2027, 10, 31, 1, 30));
  // 28 March 2027: 02.30 does not come.
  EXPECT_EQ(next_at("02:30", utc(2027, 3, 28, 0, 10)), utc(2027, 3, 28, 1, 0));
  EXPECT_EQ(next_at("04:00", utc(2027, 3, 28, 0, 10)), utc(2027, 3, 28, 2, 0));
  for (const char* wrong : {"", "4:00", "24:00", "04:60", "04.00", "aa:bb", "04:000"}) {
    EXPECT_FALSE(next_at(wrong, utc(2026, 11, 25, 1, 40))) << wrong;
  }
}

TEST_F(AgentWork, ALockedScreenNamesNobodyAndCountsWrongPins) {
  amalie.unlock();
  amalie.begin();
  ASSERT_EQ(amalie.code({{"do", "lock"}}), "");
  amalie.heard.clear();
  for (const char* act : {"profiles", "citizens", "handover", "digest", "rota", "devices"}) {
    EXPECT_EQ(amalie.code({{"do", act}}), "locked") << act;
  }
  for (const char* who : {"ap", "zz"}) {
    EXPECT_EQ(amalie.code({{"do", "unlock"}, {"pin", "9999"}, {"who", who}}), "wrong_pin") << who;
  }
  EXPECT_EQ(amalie.code({{"do", "unlock"}, {"pin", "9999"}, {"who", "ap"}}), "wrong_pin");
  EXPECT_EQ(amalie.code({{"do", "unlock"}, {"pin", "9999"}, {"who", "ap"}}), "wrong_pin");
  const json waits = amalie.ask({{"do", "unlock"}, {"pin", "1111"}, {"who", "ap"}});
  EXPECT_EQ(waits["code"], "locked");
  EXPECT_GT(waits["wait_ms"], 0);
  EXPECT_EQ(amalie.heard.find("Amalie"), std::string::npos);
  // The device's PIN sets it anew, and she is told.
  amalie.unlock();
  const json profile = amalie.ask({{"do", "profiles"}})["profiles"][0];
  EXPECT_TRUE(profile["pin_reset_at"].is_null());
  json reset = {{"do", "profile_reset"}, {"profile", profile["profile"]}, {"device_pin", "1111"}, {"pin", "3333"}};
  EXPECT_EQ(amalie.code(reset), "wrong_pin");
  reset["device_pin"] = "2468";
  ASSERT_EQ(amalie.code(reset), "");
  ASSERT_EQ(amalie.code({{"do", "lock"}}), "");
  ASSERT_EQ(amalie.code({{"do", "unlock"}, {"pin", "3333"}, {"who", "ap"}}), "");
  EXPECT_FALSE(amalie.ask({{"do", "profiles"}})["profiles"][0]["pin_reset_at"].is_null());
}

TEST_F(AgentWork, WhatRingsIsTakenFromALockedScreenOfAPersonsOwnDeviceAndSaysNothing) {
  EXPECT_EQ(ida.code({{"do", "take_ringing"}}), "not_found") << "nothing rings";
  amalie.unlock();
  amalie.begin();
  json milder = question();
  milder["severity"] = "yellow";
  ASSERT_EQ(amalie.code(milder), "");
  settle();
  world.clock.advance(seconds(5));
  ASSERT_EQ(amalie.code(question()), "");
  settle();
  EXPECT_EQ(ida.view()["ringing"], "red");
  const json taken = ida.ask({{"do", "take_ringing"}});
  ASSERT_EQ(taken["ok"], true) << taken;
  EXPECT_EQ(taken["severity"], "red") << "the loudest";
  EXPECT_EQ(taken["more"], 1);
  EXPECT_EQ(taken.size(), 4U) << taken;
  settle();
  const json requests = amalie.view()["requests"];
  EXPECT_EQ(requests[0]["alert"]["taken_by"]["name"], "Ida Eksempel");
  EXPECT_EQ(requests[0]["severity"], "red");
  EXPECT_TRUE(requests[1]["alert"]["taken_by"].is_null());
  EXPECT_EQ(ida.view()["locked"], true) << "still";
  EXPECT_EQ(ida.heard.find("Kaje"), std::string::npos);
  EXPECT_EQ(amalie.code({{"do", "take_ringing"}}), "not_permitted") << "a unit's device";
}

TEST_F(AgentWork, APlanIsWrittenReadSignedAndShownBesideTheCall) {
  amalie.unlock();
  amalie.begin();
  const std::string room = begin_citizen();
  const json asking = {{"do", "citizen"}, {"name", ""}, {"cpr", "2103009996"}};
  EXPECT_EQ(amalie.ask(asking)["plan"], "missing");
  json bad = plan(room);
  bad["valid_until"] = "2027-02-29";
  EXPECT_EQ(amalie.code(bad), "invalid_value") << "no such day";
  bad = plan(room);
  bad["parties"] = json::array();
  EXPECT_EQ(amalie.code(bad), "invalid_value");
  bad["parties"] = json::array({{{"name", "x"}}});
  EXPECT_EQ(amalie.code(bad), "malformed") << "a party's field is missing";
  bad["parties"] = json(std::vector<json>(17, {{"name", "x"}, {"role", "y"}}));
  EXPECT_EQ(amalie.code(bad), "too_large");
  ASSERT_EQ(amalie.code(plan(room)), "");
  settle();
  ida.unlock();
  const json look = ida.ask(asking);
  ASSERT_EQ(look["cards"].size(), 1U) << look;
  const json& card = look["cards"][0];
  EXPECT_EQ(card["agreed_on"]["iso"], "2026-10-12");
  EXPECT_EQ(card["valid_until"]["text"], "12. april 2027");
  EXPECT_EQ(card["readmission"], "Ring til akutmodtagelsen.");
  EXPECT_EQ(card["author"]["name"], "Amalie Prøve");
  EXPECT_EQ(card["version"], 1);
  json sign = {{"do", "plan_sign"}, {"conversation", room}, {"card", card["message"]}, {"hash", std::string(64, '0')}};
  EXPECT_EQ(ida.code(sign), "invalid_value");
  sign["hash"] = card["hash"];
  ASSERT_EQ(ida.code(sign), "");
  settle();
  EXPECT_EQ(amalie.ask(asking)["cards"][0]["signatures"][1]["author"]["name"], "Ida Eksempel");
  const json talk = amalie.ask({{"do", "talk"}, {"conversation", room}});
  ASSERT_EQ(talk["messages"].size(), 3U) << talk;
  EXPECT_EQ(talk["messages"][0]["kind"], "opening");
  EXPECT_EQ(talk["messages"][1]["kind"], "plan");
  EXPECT_EQ(talk["messages"][2]["counts"], true);

  ASSERT_EQ(amalie.code(question()), "");
  const json view = amalie.view();
  ASSERT_EQ(view["requests"].size(), 1U) << "a citizen's conversation is no request";
  EXPECT_EQ(view["requests"][0]["plan"], "valid");
  EXPECT_EQ(view["requests"][0]["cpr"], "210300-9996");
  EXPECT_EQ(view["citizens"][0]["plan"], "valid");
}

TEST_F(AgentWork, TasksAreTakenByNameAndListedUntilTheyAreDone) {
  amalie.unlock();
  amalie.begin();
  const std::string room = begin_citizen();
  json task = {{"do", "task"},
               {"conversation", room},
               {"task_kind", "promise"},
               {"text", "Teamet ringer"},
               {"due", "2026-11-25T09:30"},
               {"for", {{"kind", "role"}, {"target", world.first_role.hex()}}}};
  const json made = amalie.ask(task);
  ASSERT_EQ(made["ok"], true) << made;
  task["due"] = "2026-11-25 09:30";
  EXPECT_EQ(amalie.code(task), "invalid_value");
  task["due"] = "";
  task["text"] = "";
  EXPECT_EQ(amalie.code(task), "invalid_value") << "nothing to do";
  settle();
  ida.unlock();
  const json list = ida.ask({{"do", "handover"}});
  ASSERT_EQ(list["items"].size(), 1U) << list;
  EXPECT_EQ(list["items"][0]["due"]["text"], "kl. 09.30");
  EXPECT_EQ(list["items"][0]["for"], "vagthavende");
  EXPECT_EQ(list["since"]["text"], "kl. 16.00");
  EXPECT_EQ(list["since"]["date"], "24. november 2026");
  EXPECT_EQ(ida.view()["untaken_items"], 1);
  ASSERT_EQ(ida.code({{"do", "task_take"}, {"conversation", room}, {"item", made["message"]}}), "");
  EXPECT_EQ(ida.view()["untaken_items"], 0);
  EXPECT_EQ(ida.view()["open_items"], 1);
  settle();
  EXPECT_EQ(amalie.ask({{"do", "handover"}})["items"][0]["taken_by"]["name"], "Ida Eksempel");
  EXPECT_EQ(amalie.ask({{"do", "digest"}})["items"].size(), 1U);
  ASSERT_EQ(ida.code({{"do", "task_done"},
                      {"conversation", room},
                      {"item", made["message"]},
                      {"done", true},
                      {"reason", ""}}),
            "");
  settle();
  EXPECT_TRUE(amalie.ask({{"do", "handover"}})["items"].empty());
  const json talk = amalie.ask({{"do", "talk"}, {"conversation", room}});
  EXPECT_EQ(talk["messages"][1]["open"], false);
  EXPECT_EQ(talk["messages"][1]["taken_by"]["name"], "Ida Eksempel");
}

TEST_F(AgentWork, WhatIsSetOnTheDeviceStays) {
  amalie.unlock();
  EXPECT_EQ(amalie.code({{"do", "language"}, {"language", "sv"}}), "invalid_value");
  ASSERT_EQ(amalie.code({{"do", "language"}, {"language", "en"}}), "");
  EXPECT_EQ(amalie.view()["language"], "en");
  Desk again({amalie.home}, [](const std::string&) -> Result<std::unique_ptr<Client>> { return fail(Errc::kWrongPin, "test"); },
             world.clock, world.entropy);
  again.on_text(1, json({{"id", 1}, {"do", "hello"}, {"v", 1}, {"token", again.make_link_token()}}).dump());
  std::string all;
  for (const auto& out : again.take_outgoing()) all += out.text;
  EXPECT_NE(all.find(R"("language":"en")"), std::string::npos);
}

// Section 10: asked for on her screen, answered there, and shown at the unit beside whom the call goes to.
TEST_F(AgentWork, SheSaysThatSheIsOnDutyAndTheUnitSeesWhetherAnybodyAnswers) {
  amalie.unlock();
  ida.unlock();
  const auto place = [&] { return amalie.view()["board"]["red"][0]["places"][0]; };
  EXPECT_EQ(place()["reachable"], "unknown") << "no rota";
  publish_rota();
  settle();
  const json asked = ida.view()["check_ins"];
  ASSERT_EQ(asked.size(), 1U) << asked;
  EXPECT_EQ(asked[0]["role"], "vagthavende");
  EXPECT_EQ(asked[0]["state"], "asked");
  EXPECT_EQ(asked[0]["late"], false);
  EXPECT_EQ(asked[0]["can_open"], true);
  EXPECT_TRUE(amalie.view()["check_ins"].empty()) << "a unit is nobody's duty";
  EXPECT_EQ(place()["reachable"], "unknown") << "it is early";
  pass(minutes(10) + seconds(1));
  EXPECT_EQ(ida.view()["check_ins"][0]["late"], true);
  EXPECT_EQ(place()["reachable"], "no");
  EXPECT_EQ(place()["reason"], "not_checked_in");
  EXPECT_FALSE(place()["since"]["text"].get<std::string>().empty());
  EXPECT_EQ(amalie.ask({{"do", "rota"}})["lines"][0]["reachable"], "no");
  const std::string role = asked[0]["role_id"];
  ASSERT_EQ(ida.code({{"do", "check_in"}, {"role_id", role}}), "");
  settle();
  ida.view();
  const auto told = std::find_if(ida.events.begin(), ida.events.end(),
                                 [](const json& event) { return event["event"] == "check_in"; });
  ASSERT_NE(told, ida.events.end());
  EXPECT_EQ((*told)["role_id"], role);
  EXPECT_TRUE((*told)["code"].is_null());
  EXPECT_EQ(ida.view()["check_ins"][0]["state"], "done");
  EXPECT_EQ(place()["reachable"], "yes");
  EXPECT_EQ(place()["checked_in"], true);
  EXPECT_TRUE(place()["reason"].is_null());
  EXPECT_EQ(ida.code({{"do", "check_in"}, {"role_id", role}}), "wrong_state") << "once";
  EXPECT_EQ(ida.code({{"do", "check_in"}, {"role_id", world.second_role.hex()}}), "not_found");
}

TEST_F(AgentWork, DevicesAreComparedAndMarked) {
  amalie.unlock();
  amalie.begin();
  begin_citizen();
  ida.unlock();
  const json here = amalie.ask({{"do", "devices"}})["devices"][0], there = ida.ask({{"do", "devices"}})["devices"][0];
  EXPECT_EQ(here["name"], "Ida Eksempel");
  EXPECT_EQ(here["safety"], there["safety"]);
  EXPECT_EQ(amalie.code({{"do", "verify"}, {"device", here["device"]}, {"safety", "00000"}}), "invalid_value");
  ASSERT_EQ(amalie.code({{"do", "verify"}, {"device", here["device"]}, {"safety", there["safety"]}}), "");
  EXPECT_FALSE(amalie.ask({{"do", "devices"}})["devices"][0]["verified_at"].is_null());
}

// Section 11. A screen that somebody left open suspends nobody: it takes the PIN of whoever holds the device.
TEST_F(AgentWork, ALostPhoneIsSuspendedWithHerPinSeenAndTakenBack) {
  nt::Device& lost = world.enrol(world.unit_b_second);
  const auto run_lost = [&] {
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(lost->run_once(Millis(0)));
      settle();
    }
  };
  run_lost();
  amalie.unlock();
  ida.unlock();
  amalie.begin();
  ASSERT_EQ(amalie.code(question()), "");
  run_lost();
  const auto look = [&](const std::string& device) {
    const json reply = amalie.ask({{"do", "devices"}});
    for (const json& one : reply["devices"]) {
      if (one["device"] == device) return one;
    }
    return json();
  };
  const std::string id = lost.id.hex();
  ASSERT_EQ(look(id)["may_suspend"], true);
  EXPECT_TRUE(look(id)["suspension"].is_null());
  EXPECT_EQ(look(ida_device.id.hex())["may_suspend"], false) << "another organisation's";
  EXPECT_EQ(look(ida_device.id.hex())["on_duty"][0], "vagthavende");
  EXPECT_EQ(amalie.code({{"do", "suspend"}, {"device", ida_device.id.hex()}, {"pin", "1111"}}), "not_permitted");
  EXPECT_EQ(amalie.code({{"do", "suspend"}, {"device", id}, {"pin", "2468"}}), "wrong_pin");
  EXPECT_EQ(amalie.code({{"do", "suspend"}, {"device", id}}), "malformed") << "no PIN at all";
  run_lost();
  EXPECT_FALSE(lost->own_suspension());
  ASSERT_EQ(amalie.code({{"do", "suspend"}, {"device", id}, {"pin", "1111"}}), "");
  run_lost();
  ASSERT_TRUE(lost->own_suspension());
  EXPECT_EQ(lost->own_suspension()->by.name, "Amalie Prøve");
  amalie.view();
  const auto told = std::find_if(amalie.events.begin(), amalie.events.end(),
                                 [](const json& event) { return event["event"] == "suspension"; });
  ASSERT_NE(told, amalie.events.end());
  EXPECT_TRUE((*told)["code"].is_null());
  const json standing = look(id)["suspension"];
  EXPECT_EQ(standing["by"], "Amalie Prøve");
  EXPECT_FALSE(standing["undo_until"].is_null());
  ASSERT_EQ(amalie.code({{"do", "suspend_undo"}, {"suspension", standing["suspension"]}}), "");
  run_lost();
  EXPECT_TRUE(look(id)["suspension"].is_null());
  // Told that it is itself suspended, a device locks its screens, and says so once they are open again.
  SuspendedHere here;
  here.suspension.by.name = "Rune Eksempel";
  ida.desk.on_events({here});
  EXPECT_EQ(ida.code({{"do", "devices"}}), "locked");
  ida.events.clear();
  ida.unlock();
  ida.ask({{"do", "awake"}});
  const auto view = std::find_if(ida.events.rbegin(), ida.events.rend(), [](const json& event) {
    return event["event"] == "view" && event["locked"] == false;
  });
  ASSERT_NE(view, ida.events.rend());
  EXPECT_EQ((*view)["link"], "suspended");
  EXPECT_EQ((*view)["suspended"]["by"], "Rune Eksempel");
}

}  // namespace
}  // namespace nattevagt::client::agent
