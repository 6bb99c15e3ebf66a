#include "client-lib/agent/screen_words.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "client-lib/agent/local_text.h"
#include "client-lib/app/names.h"
#include "client-lib/export/local_time.h"
#include "proto/common/overloaded.h"

namespace nattevagt::client::agent {

std::string text_of(const Json& json) {
  // What came over the wire was checked to be UTF-8; a replacement is better than an exception.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json time_json(UtcTime time) {
  if (time == kNever || time == UtcTime{}) return nullptr;
  return {{"ms", to_unix_ms(time)}, {"text", format_local(time)}, {"date", format_local_date(time)}};
}

Json reach_json(const Reach& reach) {
  const bool trouble = reach.reason != wire::DutyTrouble::kNone;
  return {{"reachable", name_of(reach.reachable)},
          {"reason", trouble ? Json(name_of(reach.reason)) : Json(nullptr)},
          {"since", time_json(reach.since)},
          {"checked_in", reach.checked_in}};
}

Json person_json(const Person& person) {
  return {{"id", person.id.hex()},
          {"name", person.name},
          {"profession", person.profession},
          {"organisation", person.organisation_name},
          {"kind", name_of(person.kind)}};
}

Json suspension_json(const SuspensionView& suspension) {
  return {{"suspension", suspension.id.hex()},
          {"by", suspension.by.name},
          {"organisation", suspension.by.organisation_name},
          {"at", time_json(suspension.at)},
          {"ours", suspension.ours},
          {"undo_until", suspension.ours ? time_json(suspension.undo_until) : Json(nullptr)}};
}

Json author_json(const Message& message) {
  Json out = person_json(message.author);
  if (message.author.kind == wire::HolderKind::kUnit && !message.content.author_name.empty()) {
    out["unit"] = message.author.name == message.content.author_name ? "" : message.author.name;
    out["name"] = message.content.author_name;
    out["profession"] = message.content.author_profession;
  }
  return out;
}

namespace {

Json isbar_json(const wire::IsbarForm& form) {
  return {{"identification", form.identification},
          {"situation", form.situation},
          {"background", form.background},
          {"analysis", form.analysis},
          {"recommendation", form.recommendation}};
}

}  // namespace

Json day_json(wire::LocalDay day) {
  const std::chrono::year_month_day civil(day);
  std::array<char, 16> iso{};
  std::snprintf(iso.data(), iso.size(), "%04d-%02u-%02u", static_cast<int>(civil.year()),
                static_cast<unsigned>(civil.month()), static_cast<unsigned>(civil.day()));
  return {{"iso", iso.data()}, {"text", format_day(day)}};
}

Json plan_json(const wire::PlanCard& card, UtcTime now) {
  Json parties = Json::array();
  for (const wire::PlanParty& party : card.parties) {
    parties.push_back({{"name", party.name}, {"role", party.role}});
  }
  return {{"plan_kind", name_of(card.kind)},
          {"version", card.version},
          {"name", card.citizen.name},
          {"cpr", card.citizen.cpr},
          {"what", card.what},
          {"who", card.who},
          {"readmission", card.readmission},
          {"advice", card.advice},
          {"agreed_on", day_json(card.agreed_on)},
          {"valid_until", day_json(card.valid_until)},
          {"expired", day_is_over(card.valid_until, now)},
          {"parties", std::move(parties)}};
}

Json body_json(const wire::Body& body, UtcTime now) {
  return std::visit(
      Overloaded{
          [](const wire::AdviceRequest& b) {
            return Json{{"kind", "ask"},
                        {"severity", name_of(b.severity)},
                        {"situation", name_of(b.kind)},
                        {"citizen", {{"name", b.citizen.name}, {"cpr", b.citizen.cpr}}},
                        {"alone", b.alone},
                        {"callback", b.callback},
                        {"drill", b.drill},
                        {"isbar", isbar_json(b.isbar)}};
          },
          [](const wire::IsbarAddition& b) {
            return Json{{"kind", "isbar"}, {"isbar", isbar_json(b.isbar)}};
          },
          [](const wire::MedicineQuestion& b) {
            return Json{
                {"kind", "medicine"},           {"drug", b.drug},           {"dose", b.dose},
                {"last_given", b.last_given},   {"tried_prn", b.tried_prn}, {"allergies", b.allergies},
                {"vital_signs", b.vital_signs}, {"question", b.question}};
          },
          [](const wire::Text& b) { return Json{{"kind", "text"}, {"text", b.text}}; },
          [](const wire::Advice& b) {
            Json out{{"kind", "advice"}, {"text", b.text}, {"medicine", nullptr}, {"rounds", nullptr}};
            if (b.rounds) {
              out["rounds"] = {{"every_min", b.rounds->every.count()}, {"until", time_json(b.rounds->until)}};
            }
            if (b.medicine) {
              out["medicine"] = {{"drug", b.medicine->drug},
                                 {"dose", b.medicine->dose},
                                 {"when", b.medicine->when},
                                 {"maximum", b.medicine->maximum}};
            }
            return out;
          },
          [](const wire::ReadBack& b) {
            return Json{{"kind", "read_back"}, {"advice", b.advice.hex()}, {"text", b.text}};
          },
          [](const wire::ReadBackVerdict& b) {
            return Json{{"kind", "verdict"}, {"read_back", b.read_back.hex()}, {"correct", b.correct}};
          },
          [](const wire::Done& b) {
            return Json{{"kind", "done"},
                        {"advice", b.advice.hex()},
                        {"done", b.done},
                        {"reason", b.reason},
                        {"at_said", time_json(b.at)}};
          },
          [](const wire::Observation& b) {
            return Json{{"kind", "observation"}, {"text", b.text}, {"at_said", time_json(b.at)}};
          },
          [](const wire::Take&) { return Json{{"kind", "take"}}; },
          [](const wire::HandOver&) { return Json{{"kind", "hand_over"}}; },
          [](const wire::Decline& b) { return Json{{"kind", "decline"}, {"reason", b.reason}}; },
          [](const wire::ReserveUsed& b) { return Json{{"kind", "reserve"}, {"choice", b.choice}}; },
          [](const wire::Withdraw& b) { return Json{{"kind", "withdraw"}, {"reason", b.reason}}; },
          [](const wire::Close&) { return Json{{"kind", "close"}}; },
          [](const wire::Seen&) { return Json{{"kind", "seen"}}; },
          [](const wire::JournalMark& b) { return Json{{"kind", "journal"}, {"at_said", time_json(b.at)}}; },
          [](const wire::Opening& b) {
            return Json{{"kind", "opening"}, {"name", b.citizen.name}, {"cpr", b.citizen.cpr}};
          },
          [&](const wire::PlanCard& b) {
            Json out = plan_json(b, now);
            out["kind"] = "plan";
            return out;
          },
          [](const wire::PlanCardSigned& b) { return Json{{"kind", "plan_signed"}, {"card", b.card.hex()}}; },
          [](const wire::Task& b) {
            return Json{{"kind", "task"},
                        {"task_kind", name_of(b.kind)},
                        {"text", b.text},
                        {"due", time_json(b.due.value_or(kNever))}};
          },
          [](const wire::TaskTaken& b) { return Json{{"kind", "task_taken"}, {"item", b.item.hex()}}; },
          [](const wire::TaskDone& b) {
            return Json{
                {"kind", "task_done"}, {"item", b.item.hex()}, {"done", b.done}, {"reason", b.reason}};
          },
      },
      body);
}

Json message_json(const Message& message, UtcTime now) {
  Json out = body_json(message.content.body, now);
  out["id"] = message.id.hex();
  out["at"] = time_json(message.content.written_at);
  out["author"] = author_json(message);
  out["own"] = message.own;
  out["delivery"] = nullptr;
  return out;
}

}  // namespace nattevagt::client::agent
