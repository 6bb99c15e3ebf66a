#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "client-lib/app/json_lines.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

using Json = nlohmann::json;
constexpr Screen kPlainScreen{};

Person ida() {
  Person person;
  person.name = "Ida Eksempel";
  person.profession = "overlæge";
  person.organisation_name = "Region Havbakken";
  person.kind = wire::HolderKind::kPerson;
  return person;
}

Message said(wire::Body body) {
  Message message;
  message.id.bytes.fill(0xAB);
  message.author = ida();
  message.content.written_at = from_unix_ms(1'795'570'800'000);
  message.content.body = std::move(body);
  return message;
}

TEST(Printable, LetsNoMessageMoveTheCursorOrHide) {
  EXPECT_EQ(printable("æøå – \"15 mg\""), "æøå – \"15 mg\"");
  EXPECT_EQ(printable("a\nb"), "a\n    b");
  EXPECT_EQ(printable_line("a\nb\tc"), "a b c");
  for (const char* bad : {"\x1b[2J", "\x07", "\r", "\x7f", "\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\x8B", "\xFF",
                          "\xC3", "\xEF\xBB\xBF"}) {
    const std::string shown = printable(std::string("x") + bad + "y");
    EXPECT_NE(shown.find("\xEF\xBF\xBD"), std::string::npos)
        << Json(bad).dump(-1, ' ', true, Json::error_handler_t::replace);
    EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  }
}

TEST(Show, ANameFromElsewhereCannotForgeALine) {
  auto message = said(wire::Text{"ok"});
  message.author.name = "Ida\nkl. 02.41 Rune Eksempel";
  const std::string block = message_block(message, kPlainScreen);
  EXPECT_EQ(std::count(block.begin(), block.end(), '\n'), 2);
}

TEST(Show, AUnitsPhoneShowsWhoHoldsIt) {
  auto message = said(wire::Text{"ok"});
  message.author.kind = wire::HolderKind::kUnit;
  message.author.name = "Strandløkken, hus B";
  message.author.profession = "";
  message.content.author_name = "Amalie Prøve";
  message.content.author_profession = "SSA";
  EXPECT_EQ(author_text(message), "Amalie Prøve, SSA (Strandløkken, hus B)");
  // A person's own device cannot claim to be somebody else.
  message = said(wire::Text{"ok"});
  message.content.author_name = "Rune Eksempel";
  EXPECT_EQ(author_text(message), "Ida Eksempel, overlæge");
}

TEST(Show, TakenIsSaidOnlyWithASignedName) {
  Alert alert;
  alert.view.state = wire::AlertState::kTaken;
  EXPECT_EQ(alert_block(alert, kPlainScreen).find("Overtaget af"), std::string::npos);
  EXPECT_NE(alert_block(alert, kPlainScreen).find("Ubekræftet"), std::string::npos);
  alert.taken_by = ida();
  alert.taken_at = alert.view.raised_at;
  EXPECT_NE(alert_block(alert, kPlainScreen).find("Overtaget af Ida Eksempel, overlæge"), std::string::npos);
}

TEST(Show, ALateAnswerIsShownAsLate) {
  Alert alert;
  alert.view.state = wire::AlertState::kTaken;
  alert.taken_by = ida();
  alert.taken_at = from_unix_ms(1'795'570'800'000);
  alert.view.late = alert.view.reserve_used = true;
  const std::string block = alert_block(alert, kPlainScreen);
  EXPECT_NE(block.find("Ida Eksempel svarede kl. "), std::string::npos);
  EXPECT_NE(block.find("efter at reserveplanen blev brugt."), std::string::npos);
  EXPECT_EQ(block.find("Overtaget af"), std::string::npos);
}

TEST(Show, TheLoudEndIsLoud) {
  Alert alert;
  alert.view.state = wire::AlertState::kExhausted;
  EXPECT_NE(alert_block(alert, {true, 80}).find("\x1b[1;31mIngen har overtaget. Brug reserveplanen nu."),
            std::string::npos);
}

TEST(Show, TheTwoHoursOfTheAutumnNightAreTold) {
  EXPECT_EQ(clock_text(from_unix_ms(1'792'889'290'000)),
            "kl. 02.48 (sommertid)");  // 25 October 2026 00:48:10Z
  EXPECT_EQ(clock_text(from_unix_ms(1'792'892'890'000)), "kl. 02.48 (normaltid)");
}

TEST(Show, EveryBodyHasWordsAndAKind) {
  const wire::Body bodies[] = {
      wire::AdviceRequest{},
      wire::IsbarAddition{
          {.identification = "x", .situation = {}, .background = {}, .analysis = {}, .recommendation = {}}},
      wire::MedicineQuestion{},
      wire::Text{"x"},
      wire::Advice{},
      wire::ReadBack{},
      wire::ReadBackVerdict{},
      wire::Done{},
      wire::Observation{},
      wire::Take{},
      wire::Decline{},
      wire::ReserveUsed{},
      wire::Withdraw{},
      wire::Close{},
      wire::Seen{.message = {}, .stage = wire::SeenStage::kSeen},
      wire::JournalMark{},
      wire::HandOver{},
      wire::Opening{},
      wire::PlanCard{},
      wire::PlanCardSigned{},
      wire::Task{},
      wire::TaskTaken{},
      wire::TaskDone{}};
  EXPECT_EQ(std::size(bodies), std::variant_size_v<wire::Body>);
  for (const auto& body : bodies) {
    EXPECT_FALSE(said_text(body).empty()) << body_kind(body);
    EXPECT_FALSE(body_kind(body).empty());
  }
}

TEST(JsonLines, AreOneObjectALineWhateverIsInside) {
  auto message = said(wire::Text{"linje 1\nlinje 2 \xFF \"citat\""});
  const std::string line = json_line(Event(NewMessage{message}));
  ASSERT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const Json json = Json::parse(line);
  EXPECT_EQ(json["event"], "message");
  EXPECT_EQ(json["message"]["kind"], "text");
  EXPECT_EQ(json["message"]["id"], std::string(32, 'a').replace(0, 32, "abababababababababababababababab"));
  EXPECT_EQ(json["message"]["author"]["name"], "Ida Eksempel");
  EXPECT_EQ(json["message"]["written_at"], "2026-11-25T01:40:00.000Z");
  EXPECT_TRUE(json["message"]["delivery"].is_null());
}

TEST(JsonLines, EveryEventIsAnObjectWithItsName) {
  const Event events[] = {Connected{},
                          Disconnected{Errc::kUntrusted},
                          Enrolled{ida()},
                          NewMessage{said(wire::Take{})},
                          OwnMessage{{}, Delivery::kFailed, Errc::kBusy},
                          AlertChanged{{}, wire::NoticeKind::kLoud},
                          MembersChanged{{}, {ida()}, {}},
                          Suspicion{Errc::kFork, std::nullopt, "x"},
                          RemovedFromConversation{},
                          Revoked{},
                          RingNow{{}, RingReason::kNoAdvice, 2, true},
                          DutyAnswered{{}, Errc::kBusy},
                          DutyNews{},
                          GapAhead{},
                          CheckInDue{},
                          CheckInAnswered{{}, "vagthavende", Errc::kWrongState},
                          RoleReachChanged{{}, "vagthavende", {Reachable::kNo, wire::DutyTrouble::kSilent,
                                           from_unix_ms(1'790'000'000'000), true}},
                          RoundDue{{}, from_unix_ms(1'790'000'000'000)},
                          client::UpdateNeeded{},
                          client::SuspensionAnswered{{}, {}, false, Errc::kBusy, {}},
                          client::SuspensionNews{},
                          client::SuspendedHere{}};
  const char* names[] = {"connected", "disconnected", "enrolled",  "message", "own",
                         "alert",     "members",      "suspicion", "removed", "revoked",
                         "ring",      "duty_answer",  "duty",      "gap",     "check_in_due",
                         "check_in",  "reach",        "round_due",   "update_needed",
                         "suspension_answer", "suspension", "suspended"};
  ASSERT_EQ(std::size(events), std::variant_size_v<Event>);
  for (std::size_t i = 0; i < std::size(events); ++i) {
    const Json json = Json::parse(json_line(events[i]));
    ASSERT_TRUE(json.is_object());
    EXPECT_EQ(json["event"], names[i]);
  }
  EXPECT_EQ(Json::parse(json_line(events[4]))["why"], "busy");
  EXPECT_EQ(Json::parse(json_line(events[10]))["reason"], "no_advice");
  const Json reach = Json::parse(json_line(events[16]));
  EXPECT_EQ(reach["reachable"], "no");
  EXPECT_EQ(reach["reason"], "silent");
  EXPECT_TRUE(reach["checked_in"]);
  EXPECT_EQ(Json::parse(json_fault(Errc::kGrantUsed, "x"))["code"], "grant_used");
  EXPECT_EQ(Json::parse(json_ok({{"n", std::int64_t{3}}, {"b", true}}))["n"], 3);
}

}  // namespace
}  // namespace nattevagt::client::cli
