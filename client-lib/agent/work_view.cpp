#include "client-lib/agent/work_view.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "client-lib/app/names.h"
#include "client-lib/app/qr.h"
#include "proto/wire/citizen.h"

namespace nattevagt::client::agent {

namespace {

constexpr Millis kRotaAhead = std::chrono::hours(24 * 14);

Json card_json(const PlanCardView& view, UtcTime now) {
  Json out = plan_json(std::get<wire::PlanCard>(view.message.content.body), now);
  out["message"] = view.message.id.hex();
  out["conversation"] = view.ref.conversation.hex();
  out["hash"] = to_hex(view.ref.hash);
  out["match"] = name_of(view.ref.match);
  out["author"] = author_json(view.message);
  out["at"] = time_json(view.message.content.written_at);
  out["own"] = view.message.own;
  out["delivery"] = view.message.own ? Json(name_of(view.message.delivery)) : Json(nullptr);
  out["signatures"] = Json::array();
  for (const Message& by : view.signatures) {
    out["signatures"].push_back({{"author", author_json(by)}, {"at", time_json(by.content.written_at)}});
  }
  out["may_sign"] = view.ref.may_sign;
  return out;
}

Json item_json(const OpenItem& item) {
  const wire::Body& body = item.message.content.body;
  const auto* task = std::get_if<wire::Task>(&body);
  const auto* advice = std::get_if<wire::Advice>(&body);
  return {{"item", item.work.item.hex()},
          {"conversation", item.work.conversation.hex()},
          {"kind", name_of(item.work.kind)},
          {"task_kind", task != nullptr ? Json(name_of(task->kind)) : Json(nullptr)},
          {"text", task != nullptr ? task->text : advice != nullptr ? advice->text : std::string()},
          {"citizen", item.work.citizen.name},
          {"author", author_json(item.message)},
          {"at", time_json(item.message.content.written_at)},
          {"due", time_json(item.work.due.value_or(kNever))},
          {"late", item.work.late},
          {"for", item.whom},
          {"taken_by", item.taken ? author_json(*item.taken) : Json(nullptr)},
          {"taken_at", item.taken ? time_json(item.taken->content.written_at) : Json(nullptr)},
          {"older", item.older}};
}

Json items_json(const WorkList& list) {
  Json out = Json::array();
  for (const OpenItem& item : list.items) out.push_back(item_json(item));
  return out;
}

}  // namespace

Json citizens_json(const std::vector<CitizenRoom>& rooms) {
  Json out = Json::array();
  for (const CitizenRoom& room : rooms) {
    out.push_back({{"name", room.citizen.name},
                   {"cpr", room.citizen.cpr},
                   {"conversation", room.conversation.hex()},
                   {"plan", name_of(room.plan)},
                   {"open_items", room.open_items}});
  }
  return out;
}

std::string citizens_text(const Client& client) {
  return text_of({{"citizens", citizens_json(client.citizens())}});
}

namespace {

std::string look_text(const CitizenLook& look, UtcTime now) {
  Json cards = Json::array(), previous = Json::array(), shown = Json::array(), rooms = Json::array();
  for (const PlanCardView& card : look.shown) shown.push_back(card_json(card, now));
  for (const PlanCardView& card : look.cards) cards.push_back(card_json(card, now));
  for (const PlanCardView& card : look.previous) previous.push_back(card_json(card, now));
  for (const CitizenLook::Room& room : look.rooms) {
    Json members = Json::array();
    for (const Person& person : room.members) members.push_back(person_json(person));
    rooms.push_back({{"conversation", room.room.conversation.hex()},
                     {"name", room.room.citizen.name},
                     {"cpr", room.room.citizen.cpr},
                     {"match", name_of(room.match)},
                     {"may_write", room.room.may_write},
                     {"members", std::move(members)}});
  }
  return text_of({{"name", look.citizen.name},
                  {"cpr", look.citizen.cpr},
                  {"plan", name_of(look.plan)},
                  {"conflict", look.conflict},
                  {"cards", std::move(cards)},
                  {"previous", std::move(previous)},
                  {"shown", std::move(shown)},
                  {"may_show", look.may_show ? Json(look.may_show->hex()) : Json(nullptr)},
                  {"conversations", std::move(rooms)}});
}

}  // namespace

Result<std::string> citizen_text(const Client& client, const wire::Citizen& citizen, UtcTime now) {
  NV_TRY(const CitizenLook look, client.citizen(citizen));
  return look_text(look, now);
}
Result<std::string> beside_text(const Client& client, ConversationId incident, UtcTime now) {
  NV_TRY(const CitizenLook look, client.citizen_beside(incident));
  return look_text(look, now);
}

Result<std::string> handover_text(const Client& client) {
  NV_TRY(const WorkList list, client.handover());
  return text_of({{"since", time_json(list.since)}, {"items", items_json(list)}, {"more", list.more}});
}

Result<std::string> digest_text(const Client& client) {
  NV_TRY(const MorningDigest digest, client.digest());
  Json requests = Json::array();
  for (const DigestRequest& request : digest.requests) {
    Json advices = Json::array();
    for (const DigestRequest::Advice& advice : request.advices) {
      const auto* words = std::get_if<wire::Advice>(&advice.message.content.body);
      advices.push_back({{"text", words != nullptr ? words->text : std::string()},
                         {"author", author_json(advice.message)},
                         {"at", time_json(advice.message.content.written_at)},
                         {"done", advice.done ? Json(*advice.done) : Json(nullptr)}});
    }
    const IncidentView& incident = request.incident;
    const auto& alert = request.alert;
    requests.push_back(
        {{"conversation", incident.conversation.hex()},
         {"unit", incident.unit},
         {"severity", name_of(incident.severity)},
         {"situation", name_of(incident.situation)},
         {"citizen", incident.citizen.name},
         {"drill", incident.drill},
         {"asked_at", time_json(incident.asked_at)},
         {"state", alert ? Json(name_of(alert->view.state)) : Json(nullptr)},
         {"taken_by", alert && alert->taken_by ? person_json(*alert->taken_by) : Json(nullptr)},
         {"reserve_used", alert && alert->view.reserve_used},
         {"read_back_open", incident.read_back_open},
         {"advice", std::move(advices)}});
  }
  return text_of({{"since", time_json(digest.since)},
                  {"requests", std::move(requests)},
                  {"items", items_json(digest.work)},
                  {"more", digest.more + digest.work.more}});
}

std::string profiles_text(const Client& client, const std::optional<ProfileId>& holds) {
  Json list = Json::array();
  for (const ProfileView& profile : client.profiles()) {
    list.push_back(
        {{"profile", profile.id.hex()},
         {"initials", profile.initials},
         {"name", profile.name},
         {"profession", profile.profession},
         {"holds", holds == profile.id},
         {"pin_reset_at", profile.resets.empty() ? Json(nullptr) : time_json(profile.resets.back().at)}});
  }
  return text_of({{"profiles", std::move(list)}});
}

std::string rota_text(const Client& client) {
  Json lines = Json::array(), changes = Json::array(), mine = Json::array(), roles = Json::array();
  for (const DutyLine& line : client.duty(std::nullopt)) {
    Json one{{"unit", line.unit},
             {"severity", name_of(line.severity)},
             {"step", line.step},
             {"target", line.target},
             {"answering", line.answering},
             {"people", line.people},
             {"planned", line.planned},
             {"gap", line.gap},
             {"until", time_json(line.until)}};
    one.update(reach_json(line.reach));
    lines.push_back(std::move(one));
  }
  for (const DutyChangeView& change : client.duty_changes()) {
    changes.push_back({{"change", change.id.hex()},
                       {"kind", name_of(change.kind)},
                       {"role", change.role_label},
                       {"from", time_json(change.from)},
                       {"until", time_json(change.until)},
                       {"gives", change.gives},
                       {"takes", change.takes},
                       {"complete", change.complete},
                       {"in_force", change.in_force},
                       {"waits_for_me", change.waits_for_us}});
  }
  for (const OwnTurn& turn : client.own_turns(kRotaAhead)) {
    mine.push_back({{"role", turn.role.label},
                    {"role_id", turn.role.role.hex()},
                    {"from", time_json(turn.from)},
                    {"until", time_json(turn.until)},
                    {"now", turn.running}});
  }
  for (const DutyRole& role : client.own_roles()) {
    roles.push_back({{"role_id", role.role.hex()}, {"role", role.label}});
  }
  return text_of({{"lines", std::move(lines)},
                  {"changes", std::move(changes)},
                  {"mine", std::move(mine)},
                  {"roles", std::move(roles)}});
}

std::string devices_text(const Client& client) {
  Json list = Json::array();
  const auto self = client.self();
  for (const DeviceLook& look : client.devices()) {
    Json one = person_json(look.person);
    one.erase("id");
    one["mine"] = self && look.person.id == self->id && look.person.organisation == self->organisation;
    one["device"] = look.person.device.hex();
    one["safety"] = look.safety_number;
    one["qr"] = look.qr;
    one["qr_rows"] = cli::qr_rows(look.qr);
    one["verified_at"] = look.verified_at ? time_json(*look.verified_at) : Json(nullptr);
    one["may_suspend"] = look.may_suspend;
    one["on_duty"] = look.on_duty;
    one["has_taken"] = look.has_taken;
    one["suspension"] = look.suspension ? suspension_json(*look.suspension) : Json(nullptr);
    list.push_back(std::move(one));
  }
  return text_of({{"own", self ? Json(self->device.hex()) : Json(nullptr)}, {"devices", std::move(list)}});
}

std::string duty_event(const DutyAnswered& answered) {
  return text_of({{"event", "duty"},
                  {"change", answered.id.hex()},
                  {"code", answered.why == Errc{} ? Json(nullptr) : Json(errc_name(answered.why))}});
}

std::string suspension_event(const SuspensionAnswered& answered) {
  return text_of({{"event", "suspension"},
                  {"device", answered.device.hex()},
                  {"lift", answered.lift},
                  {"code", answered.why == Errc{} ? Json(nullptr) : Json(errc_name(answered.why))}});
}

std::string check_in_event(const CheckInAnswered& answered) {
  return text_of({{"event", "check_in"},
                  {"role_id", answered.role.hex()},
                  {"code", answered.why == Errc{} ? Json(nullptr) : Json(errc_name(answered.why))}});
}

void tell_fate(Json& list, const std::vector<Message>& messages, const Client& client) {
  std::map<MessageId, const Message*> taken;
  std::map<MessageId, Digest> cards;
  std::set<MessageId> over;
  for (const Message& message : messages) {
    const wire::Body& body = message.content.body;
    if (const auto* took = std::get_if<wire::TaskTaken>(&body)) taken[took->item] = &message;
    if (const auto* done = std::get_if<wire::TaskDone>(&body)) over.insert(done->item);
    if (const auto* card = std::get_if<wire::PlanCard>(&body)) cards[message.id] = wire::plan_card_hash(*card);
  }
  const bool tasks = std::ranges::any_of(
      messages, [](const Message& m) { return std::holds_alternative<wire::Task>(m.content.body); });
  const auto names = tasks ? client.directory() : std::vector<DirectoryEntry>();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const wire::Body& body = messages[i].content.body;
    Json& out = list.at(i);
    if (const auto* task = std::get_if<wire::Task>(&body)) {
      std::string whom;
      for (const DirectoryEntry& entry : names) {
        if (task->whom == entry.target) whom = entry.name;
      }
      const auto by = taken.find(messages[i].id);
      out["for"] = whom;
      out["open"] = !over.contains(messages[i].id);
      out["taken_by"] = by == taken.end() ? Json(nullptr) : author_json(*by->second);
      out["taken_at"] = by == taken.end() ? Json(nullptr) : time_json(by->second->content.written_at);
    } else if (const auto* by = std::get_if<wire::PlanCardSigned>(&body)) {
      const auto card = cards.find(by->card);
      out["counts"] = card != cards.end() && card->second == by->hash;
    }
  }
}

}  // namespace nattevagt::client::agent
