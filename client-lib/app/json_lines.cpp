#include "client-lib/app/json_lines.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client-lib/app/names.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"
#include "proto/common/overloaded.h"

namespace nattevagt::client::cli {
namespace {

using Json = nlohmann::ordered_json;

Json utc_or_null(UtcTime time) { return time == kNever ? Json(nullptr) : Json(utc_text(time)); }

Json to_json(const Person& person) {
  return {{"id", person.id.hex()},
          {"device", person.device.hex()},
          {"name", person.name},
          {"profession", person.profession},
          {"organisation", person.organisation_name},
          {"kind", name_of(person.kind)}};
}
Json to_json(const std::vector<Person>& people) {
  Json out = Json::array();
  for (const auto& person : people) out.push_back(to_json(person));
  return out;
}

Json to_json(const DutyChangeView& change) {
  return {{"id", change.id.hex()},
          {"kind", change.kind == wire::DutyChangeKind::kSwap ? "swap" : "take_over"},
          {"role", change.role_label},
          {"from", utc_text(change.from)},
          {"until", utc_text(change.until)},
          {"gives", change.gives},
          {"takes", change.takes},
          {"complete", change.complete},
          {"in_force", change.in_force},
          {"waits_for_us", change.waits_for_us}};
}

Json to_json(const Alert& alert) {
  Json out{{"id", alert.view.alert.hex()},
           {"conversation", alert.view.stream.hex()},
           {"state", name_of(alert.view.state)},
           {"severity", name_of(alert.view.severity)},
           {"unit", alert.unit_label},
           {"role", alert.role_label},
           {"drill", alert.view.drill},
           {"step", alert.view.step},
           {"steps", alert.view.step_count},
           {"raised_at", utc_text(alert.view.raised_at)},
           {"next_at", utc_or_null(alert.view.next_at)},
           {"exhausted_at", utc_or_null(alert.view.exhausted_at)},
           {"late", alert.view.late},
           {"reserve_used", alert.view.reserve_used},
           {"technical_alarm", alert.view.technical_alarm},
           {"roster_version", alert.view.roster_version},
           {"rota_version", alert.view.rota_version},
           {"unsent", alert.unsent},
           {"own_unit", alert.own_unit},
           {"may_take", alert.may_take},
           {"taken_by", alert.taken_by ? to_json(*alert.taken_by) : Json(nullptr)},
           {"taken_at", alert.taken_at ? Json(utc_text(*alert.taken_at)) : Json(nullptr)},
           {"handing_to", alert.handing_to ? Json(alert.handing_to->hex()) : Json(nullptr)},
           {"asked_to_take", alert.asked_to_take},
           {"warnings", alert.warnings}};
  return out;
}

Json to_json(const Message& message) {
  return {{"id", message.id.hex()},
          {"conversation", message.conversation.hex()},
          {"seq", message.seq},
          {"written_at", utc_text(message.content.written_at)},
          {"stored_at", utc_text(message.stored_at)},
          {"local", date_and_clock_text(message.content.written_at)},
          {"kind", body_kind(message.content.body)},
          {"author", to_json(message.author)},
          {"author_text", author_text(message)},
          {"own", message.own},
          {"delivery", message.own ? Json(name_of(message.delivery)) : Json(nullptr)},
          {"text", said_text(message.content.body)}};
}

Json suspension_json(const SuspensionView& one) {
  return {{"suspension", one.id.hex()},
          {"device", one.device.hex()},
          {"device_name", one.device_name},
          {"by", to_json(one.by)},
          {"at", utc_text(one.at)},
          {"lifted_at", one.lifted_at ? Json(utc_text(*one.lifted_at)) : Json(nullptr)},
          {"by_organisation", one.by_organisation},
          {"text", suspension_text(one)}};
}

// A text that came over the wire was checked to be UTF-8; a replacement is better than an exception.
std::string line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void add(Json& json, std::initializer_list<JsonField> fields) {
  for (const auto& field : fields) {
    std::visit([&](const auto& value) { json[std::string(field.key)] = value; }, field.value);
  }
}

}  // namespace

std::string json_line(const Event& event) {
  return line(std::visit(
      Overloaded{
          [](const Connected&) { return Json{{"event", "connected"}}; },
          [](const Disconnected& e) {
            return Json{{"event", "disconnected"}, {"reason", errc_name(e.reason)}};
          },
          [](const Enrolled& e) { return Json{{"event", "enrolled"}, {"self", to_json(e.self)}}; },
          [](const NewMessage& e) { return Json{{"event", "message"}, {"message", to_json(e.message)}}; },
          [](const OwnMessage& e) {
            Json json{{"event", "own"}, {"message", e.id.hex()}, {"delivery", name_of(e.delivery)}};
            if (e.delivery == Delivery::kFailed) json["why"] = errc_name(e.why);
            return json;
          },
          [](const AlertChanged& e) {
            return Json{{"event", "alert"}, {"notice", name_of(e.notice)}, {"alert", to_json(e.alert)}};
          },
          [](const MembersChanged& e) {
            return Json{{"event", "members"},
                        {"conversation", e.conversation.hex()},
                        {"joined", to_json(e.joined)},
                        {"left", to_json(e.left)}};
          },
          [](const Suspicion& e) {
            return Json{{"event", "suspicion"},
                        {"code", errc_name(e.code)},
                        {"conversation", e.conversation ? Json(e.conversation->hex()) : Json(nullptr)},
                        {"text", e.text}};
          },
          [](const UpdateNeeded&) { return Json{{"event", "update_needed"}}; },
          [](const RemovedFromConversation& e) {
            return Json{{"event", "removed"}, {"conversation", e.conversation.hex()}};
          },
          [](const Revoked&) { return Json{{"event", "revoked"}}; },
          [](const SuspensionAnswered& e) {
            return Json{{"event", "suspension_answer"},
                        {"suspension", e.id.hex()},
                        {"device", e.device.hex()},
                        {"lift", e.lift},
                        {"why", e.why == Errc{} ? Json(nullptr) : Json(errc_name(e.why))}};
          },
          [](const SuspensionNews& e) {
            Json json = suspension_json(e.suspension);
            json["event"] = e.suspension.lifted_at ? "suspension_lifted" : "suspension";
            return json;
          },
          [](const SuspendedHere& e) {
            Json json = suspension_json(e.suspension);
            json["event"] = "suspended";
            return json;
          },
          [](const RingNow& e) {
            return Json{{"event", "ring"},
                        {"alert", e.alert.hex()},
                        {"reason", name_of(e.reason)},
                        {"times", e.times},
                        {"drill", e.drill}};
          },
          [](const DutyAnswered& e) {
            return Json{{"event", "duty_answer"},
                        {"change", e.id.hex()},
                        {"why", e.why == Errc{} ? Json(nullptr) : Json(errc_name(e.why))}};
          },
          [](const GapAhead& e) {
            return Json{{"event", "gap"},
                        {"role", e.role_label},
                        {"from", utc_text(e.from)},
                        {"until", utc_text(e.until)},
                        {"nearness", e.nearness},
                        {"seen", e.seen}};
          },
          [](const CheckInDue& e) {
            return Json{{"event", "check_in_due"},
                        {"role", e.check_in.role_label},
                        {"from", utc_text(e.check_in.from)},
                        {"due_at", utc_text(e.check_in.due_at)},
                        {"can_open", e.check_in.can_open}};
          },
          [](const CheckInAnswered& e) {
            return Json{{"event", "check_in"},
                        {"role", e.role_label},
                        {"why", e.why == Errc{} ? Json(nullptr) : Json(errc_name(e.why))}};
          },
          [](const RoleReachChanged& e) {
            return Json{{"event", "reach"},
                        {"role", e.role_label},
                        {"reachable", name_of(e.reach.reachable)},
                        {"reason", reason_of(e.reach)},
                        {"since", utc_or_null(e.reach.since)},
                        {"checked_in", e.reach.checked_in}};
          },
          [](const RoundDue& e) {
            return Json{
                {"event", "round_due"}, {"conversation", e.conversation.hex()}, {"due", utc_text(e.due)}};
          },
          [](const DutyNews& e) { return Json{{"event", "duty"}, {"change", to_json(e.change)}}; },
      },
      event));
}

std::string json_line(const Message& message) { return line(Json{{"message", to_json(message)}}); }
std::string json_line(const PersonReceipt& receipt) {
  const bool seen = receipt.stage == wire::SeenStage::kSeen;
  return line(Json{{"receipt",
                    {{"message", receipt.message.hex()},
                     {"person", to_json(receipt.person)},
                     {"stage", seen ? "seen" : "on_device"},
                     {"at", utc_text(receipt.at)}}}});
}
std::string json_line(const Alert& alert) { return line(Json{{"alert", to_json(alert)}}); }
std::string json_line(const FoundMessage& found) {
  return line(Json{{"found", to_json(found.message)}, {"excerpt", found.excerpt}});
}

std::string json_ok(std::initializer_list<JsonField> fields) {
  Json json{{"ok", true}};
  add(json, fields);
  return line(json);
}
std::string json_fault(Errc code, std::string_view text) {
  return line(Json{{"ok", false}, {"code", errc_name(code)}, {"text", text}});
}
std::string json_object(std::initializer_list<JsonField> fields) {
  Json json = Json::object();
  add(json, fields);
  return line(json);
}

}  // namespace nattevagt::client::cli
