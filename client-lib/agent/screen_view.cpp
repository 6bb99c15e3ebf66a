#include "client-lib/agent/screen_view.h"

#include <algorithm>
#include <tuple>
#include <nlohmann/json.hpp>

#include "client-lib/agent/screen_words.h"
#include "client-lib/agent/work_view.h"
#include "client-lib/app/names.h"
#include "proto/common/overloaded.h"

namespace nattevagt::client::agent {
namespace {

constexpr std::size_t kFoundMax = 50;

// How far each advice of a conversation has come (P-073): the same fold as the library's, over its rows.
struct AdviceLook {
  bool required = false;
  bool judging = false;  // the last read-back has no verdict
  bool wrong = false;    // the last verdict said so
  bool correct = false;  // one of them was found correct, and that stands
  std::optional<bool> done;
  std::string_view read_back() const {
    if (!required) return "not_needed";
    if (correct) return "correct";
    if (judging) return "judging";
    return wrong ? "wrong" : "awaited";
  }
};
struct Looks {
  std::map<MessageId, AdviceLook> advices;
  std::map<MessageId, MessageId> advice_of;  // read-back -> advice
  std::map<MessageId, bool> verdicts;        // by read-back
};
Looks looks_of(const std::vector<Message>& messages) {
  Looks out;
  for (const Message& message : messages) {
    const wire::Body& body = message.content.body;
    if (const auto* advice = std::get_if<wire::Advice>(&body)) {
      out.advices[message.id].required = advice->read_back_required || advice->medicine.has_value();
    } else if (const auto* read = std::get_if<wire::ReadBack>(&body)) {
      out.advice_of[message.id] = read->advice;
      out.advices[read->advice].judging = true;
    } else if (const auto* verdict = std::get_if<wire::ReadBackVerdict>(&body)) {
      const auto found = out.advice_of.find(verdict->read_back);
      if (found == out.advice_of.end()) continue;
      out.verdicts[verdict->read_back] = verdict->correct;
      AdviceLook& look = out.advices[found->second];
      look.judging = false;
      look.wrong = !verdict->correct;
      look.correct = look.correct || verdict->correct;
    } else if (const auto* done = std::get_if<wire::Done>(&body)) {
      out.advices[done->advice].done = done->done;
    }
  }
  return out;
}

// "Livsfare: ring 112" as what to say and what to dial.
Json reserve_json(const std::string& plan) {
  Json out = Json::array();
  std::size_t at = 0;
  while (at < plan.size()) {
    const std::size_t end = std::min(plan.find('\n', at), plan.size());
    const std::string line = plan.substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    std::size_t from = line.size();
    while (from > 0 && (std::string_view("0123456789 +").find(line[from - 1]) != std::string_view::npos))
      --from;
    std::string number;
    for (const char c : line.substr(from)) {
      if (c != ' ') number += c;
    }
    out.push_back({{"text", line}, {"number", number}});
  }
  return out;
}

bool over(wire::AlertState state) {
  return state == wire::AlertState::kClosed || state == wire::AlertState::kWithdrawn;
}
bool untaken(wire::AlertState state) {
  return state == wire::AlertState::kEscalating || state == wire::AlertState::kExhausted;
}

// Section 10 of the app protocol.
Json check_ins_json(const std::vector<CheckInView>& check_ins, UtcTime now) {
  Json out = Json::array();
  for (const CheckInView& one : check_ins) {
    out.push_back({{"role", one.role_label},
                   {"role_id", one.role.hex()},
                   {"from", time_json(one.from)},
                   {"due_at", time_json(one.due_at)},
                   {"late", one.state != CheckInState::kDone && now >= one.due_at},
                   {"can_open", one.can_open},
                   {"state", name_of(one.state)}});
  }
  return out;
}

Json rungs_json(const std::vector<LadderRung>& rungs) {
  Json out = Json::array();
  for (const LadderRung& rung : rungs) {
    Json places = Json::array();
    for (const auto& place : rung.places) {
      Json one{{"name", place.name}, {"organisation", place.organisation_name}, {"people", place.people}};
      one.update(reach_json(place.reach));
      places.push_back(std::move(one));
    }
    out.push_back({{"wait_ms", rung.wait.count()}, {"places", std::move(places)}});
  }
  return out;
}

Json rounds_json(const std::optional<RoundsView>& rounds) {
  if (!rounds) return nullptr;
  return {{"every_min", rounds->every.count()},
          {"until", time_json(rounds->until)},
          {"next", rounds->next ? time_json(*rounds->next) : Json(nullptr)},
          {"late", rounds->late},
          {"remind", rounds->late && rounds->ours}};
}

// P-117: the newest word of each gap; a later one is nearer.
void note_gap(std::vector<GapAhead>& gaps, const GapAhead& said) {
  std::erase_if(gaps, [&](const GapAhead& known) { return known.role == said.role && known.from == said.from; });
  gaps.push_back(said);
}

Json gaps_json(std::vector<GapAhead>& gaps, const Client& client, UtcTime now) {
  std::erase_if(gaps, [&](const GapAhead& gap) {
    if (gap.until <= now) return true;
    if (!gap.seen) return false;  // our own rota never had it: only the hub can say that it is over
    const auto lines = client.duty(std::max(gap.from, now));
    return std::any_of(lines.begin(), lines.end(), [&](const DutyLine& line) {
      return line.target == gap.role_label && line.planned && !line.gap;
    });
  });
  Json out = Json::array();
  for (const GapAhead& gap : gaps) {
    out.push_back({{"role", gap.role_label},
                   {"from", time_json(gap.from)},
                   {"until", time_json(gap.until)},
                   {"nearness", gap.nearness},
                   {"seen", gap.seen}});
  }
  return out;
}

// Who may be asked to have it instead (P-116), as far as we can tell: the people in the conversation.
Json hand_over_json(const Conversation* conversation, const std::optional<Person>& self) {
  Json out = Json::array();
  if (conversation == nullptr) return out;
  std::set<PersonId> once;
  for (const Person& person : conversation->members) {
    const bool other = person.kind == wire::HolderKind::kPerson && (!self || person.id != self->id);
    if (other && once.insert(person.id).second) out.push_back(person_json(person));
  }
  return out;
}

std::optional<ConversationId> conversation_of(const Event& event) {
  return std::visit(Overloaded{
                        [](const NewMessage& e) { return std::optional(e.message.conversation); },
                        [](const AlertChanged& e) { return std::optional(e.alert.view.stream); },
                        [](const MembersChanged& e) { return std::optional(e.conversation); },
                        [](const Suspicion& e) { return e.conversation; },
                        [](const RemovedFromConversation& e) { return std::optional(e.conversation); },
                        [](const auto&) { return std::optional<ConversationId>(); },
                    },
                    event);
}

}  // namespace

void ScreenView::see(const Event& event) {
  if (const auto conversation = conversation_of(event)) stale_.insert(*conversation);
  if (const auto* ring = std::get_if<RingNow>(&event)) ring_now_[ring->alert] = *ring;
  if (const auto* gap = std::get_if<GapAhead>(&event)) note_gap(gaps_, *gap);
  const auto* own = std::get_if<OwnMessage>(&event);
  if (own == nullptr) return;
  if (own->delivery == Delivery::kFailed) {
    not_sent_.insert(own->id);
    // "IKKE SENDT" is the device's first word of P-110, and what says it rings; RingNow repeats it.
    for (const auto& [id, known] : summaries_) {
      if (!known.request || known.request->id != own->id) continue;
      const auto& asked = std::get<wire::AdviceRequest>(known.request->content.body);
      ring_now_.try_emplace(asked.alert, RingNow{asked.alert, RingReason::kNotSent, 0, asked.drill});
    }
  } else {
    not_sent_.erase(own->id);
  }
  if (const auto found = own_.find(own->id); found != own_.end()) {
    stale_.insert(found->second);
  } else {
    for (const auto& [id, known] : summaries_) stale_.insert(id);
  }
}

std::vector<ConversationId> ScreenView::changed() {
  std::vector<ConversationId> out(stale_.begin(), stale_.end());
  for (const auto& id : out) summaries_.erase(id);
  stale_.clear();
  return out;
}

Delivery ScreenView::delivery(const Message& message, UtcTime now) const {
  const bool late = now - message.content.written_at >= kNotSentAfter || not_sent_.contains(message.id);
  return message.delivery == Delivery::kQueued && late ? Delivery::kFailed : message.delivery;
}

const ScreenView::Summary& ScreenView::summary(const Conversation& conversation) {
  const auto [found, fresh] = summaries_.try_emplace(conversation.id);
  Summary& out = found->second;
  if (!fresh) return out;
  const auto messages = client_.history(conversation.id);
  if (!messages) return out;
  const Looks looks = looks_of(*messages);
  const auto self = client_.self();
  for (const Message& message : *messages) {
    const wire::Body& body = message.content.body;
    if (!out.request && std::holds_alternative<wire::AdviceRequest>(body)) out.request = message;
    if (std::holds_alternative<wire::JournalMark>(body) && message.own) out.journalled = true;
    if (const auto* read = std::get_if<wire::ReadBack>(&body); read != nullptr) {
      const bool judged = looks.verdicts.contains(message.id);
      for (const Message& advice : *messages) {
        const bool mine = advice.id == read->advice && self && advice.author.id == self->id;
        if (mine && !judged) out.read_back_to_judge = true;
      }
    }
    if (message.own) own_[message.id] = conversation.id;
    out.last = std::max(out.last, message.content.written_at);
  }
  for (const auto& [id, look] : looks.advices) {
    if (look.required && !look.correct) out.read_back_open = true;
    if ((!look.required || look.correct) && !look.done) out.advice_undone = true;
  }
  return out;
}

const RingNow* ScreenView::must_ring(const Alert& alert) const {
  const auto found = ring_now_.find(alert.view.alert);
  if (found == ring_now_.end() || alert.view.reserve_used || over(alert.view.state)) return nullptr;
  const auto holds = [&] {
    switch (found->second.reason) {
      case RingReason::kNotSent: return alert.unsent;
      case RingReason::kNobodyTook: return !alert.taken_by;
      case RingReason::kNoAdvice: return alert.view.state != wire::AlertState::kAdvised;
    }
    return true;
  };
  return holds() ? &found->second : nullptr;
}

bool ScreenView::rings(const Alert& alert) const {
  if (must_ring(alert) != nullptr || alert.asked_to_take) return true;
  if (alert.own_unit) {
    return alert.view.state == wire::AlertState::kExhausted && !alert.view.reserve_used;
  }
  if (!alert.may_take || !untaken(alert.view.state) || alert.notices.empty()) return false;
  const auto found = quiet_.find(alert.view.alert);
  return found == quiet_.end() || alert.notices.size() > found->second;
}

std::optional<wire::Severity> ScreenView::ringing() const {
  std::optional<wire::Severity> out;
  for (const Alert& alert : client_.alerts()) {
    if (rings(alert) && (!out || alert.view.severity < *out)) out = alert.view.severity;
  }
  return out;
}

bool ScreenView::round_due() const {
  return std::ranges::any_of(client_.conversations(), [&](const Conversation& conversation) {
    const auto rounds = client_.rounds(conversation.id);
    return rounds && rounds->late && rounds->ours;
  });
}

std::vector<Alert> ScreenView::ringing_alerts() const {
  std::vector<Alert> out;
  for (Alert& alert : client_.alerts()) {
    if (!alert.unsent && !alert.own_unit && rings(alert)) out.push_back(std::move(alert));
  }
  std::ranges::stable_sort(out, [](const Alert& a, const Alert& b) {
    return std::tie(a.view.severity, a.view.raised_at) < std::tie(b.view.severity, b.view.raised_at);
  });
  return out;
}

std::string ScreenView::view(const LinkLook& link, const std::optional<Holder>& holder,
                             const std::string& language, UtcTime now) {
  const auto self = client_.self();
  std::map<wire::Severity, std::vector<LadderRung>> ladders;
  Json board = Json::object();
  for (const auto severity :
       {wire::Severity::kAlarm, wire::Severity::kRed, wire::Severity::kYellow, wire::Severity::kGreen}) {
    ladders[severity] = client_.ladder(severity);
    board[std::string(name_of(severity))] = rungs_json(ladders[severity]);
  }
  std::vector<Alert> alerts = client_.alerts();
  std::map<AlertId, const RingNow*> owed;
  for (const Alert& alert : alerts) owed[alert.view.alert] = must_ring(alert);
  std::erase_if(alerts, [](const Alert& alert) { return alert.unsent; });  // drawn as the message
  std::map<ConversationId, const Alert*> alert_of;
  for (const Alert& alert : alerts) alert_of[alert.view.stream] = &alert;

  std::vector<std::pair<UtcTime, Json>> requests;
  const auto add = [&](const ConversationId& id, const Alert* alert, const Summary* words,
                       const Conversation* conversation) {
    const auto* asked = words != nullptr && words->request
                            ? std::get_if<wire::AdviceRequest>(&words->request->content.body)
                            : nullptr;
    if (alert == nullptr && asked == nullptr) {  // called into a conversation whose beginning we may not read
      if (words == nullptr || words->last == UtcTime{}) return;
    }
    Json out{{"conversation", id.hex()}};
    out["severity"] = alert != nullptr   ? Json(name_of(alert->view.severity))
                      : asked != nullptr ? Json(name_of(asked->severity))
                                         : Json(nullptr);
    out["situation"] = asked != nullptr ? Json(name_of(asked->kind)) : Json(nullptr);
    out["citizen"] = asked != nullptr ? asked->citizen.name : std::string();
    out["cpr"] = asked != nullptr ? asked->citizen.cpr : std::string();
    const auto plan = client_.plan_state_beside(id);
    out["plan"] = plan ? Json(name_of(*plan)) : Json(nullptr);
    out["rounds"] = rounds_json(client_.rounds(id));
    out["alone"] = asked != nullptr && asked->alone;
    out["drill"] = asked != nullptr ? asked->drill : alert != nullptr && alert->view.drill;
    out["first_words"] = asked != nullptr ? asked->isbar.situation : std::string();
    out["asked_by"] = words != nullptr && words->request ? author_json(*words->request) : Json(nullptr);
    out["asked_at"] = words != nullptr && words->request ? time_json(words->request->content.written_at)
                      : alert != nullptr                 ? time_json(alert->view.raised_at)
                                                         : Json(nullptr);
    out["delivery"] = words != nullptr && words->request && words->request->own
                          ? Json(name_of(delivery(*words->request, now)))
                          : Json(nullptr);
    out["read_back_open"] = words != nullptr && words->read_back_open;
    out["read_back_to_judge"] = words != nullptr && words->read_back_to_judge;
    out["advice_undone"] = words != nullptr && words->advice_undone;
    out["journalled"] = words != nullptr && words->journalled;
    out["last"] = words != nullptr ? time_json(words->last) : Json(nullptr);
    out["readable"] = words != nullptr && words->last != UtcTime{};
    const AlertId of = alert != nullptr ? alert->view.alert : asked != nullptr ? asked->alert : AlertId{};
    const auto debt = owed.find(of);
    out["alert_id"] = of.is_zero() ? Json(nullptr) : Json(of.hex());
    out["ring_now"] = debt == owed.end() || debt->second == nullptr
                          ? Json(nullptr)
                          : Json{{"reason", name_of(debt->second->reason)}, {"times", debt->second->times}};
    out["alert"] = nullptr;
    UtcTime at = words != nullptr && words->request ? words->request->content.written_at : UtcTime{};
    if (alert != nullptr) {
      const auto& v = alert->view;
      at = v.raised_at;
      Json next = Json::array();
      if (alert->own_unit && v.state == wire::AlertState::kEscalating) {
        const auto& rungs = ladders[v.severity];
        if (v.step + 1 < rungs.size() && rungs.size() == v.step_count) {
          for (const auto& place : rungs[v.step + 1].places) next.push_back(place.name);
        }
      }
      out["alert"] = {{"id", v.alert.hex()},
                      {"state", name_of(v.state)},
                      {"unit", alert->unit_label},
                      {"role", alert->role_label},
                      {"step", v.step},
                      {"steps", v.step_count},
                      {"raised_at", time_json(v.raised_at)},
                      {"next_at", time_json(v.next_at)},
                      {"next_places", std::move(next)},
                      {"exhausted_at", time_json(v.exhausted_at)},
                      {"taken_by", alert->taken_by ? person_json(*alert->taken_by) : Json(nullptr)},
                      {"taken_at", alert->taken_at ? time_json(*alert->taken_at) : Json(nullptr)},
                      {"taken_by_me", alert->taken_by && self && alert->taken_by->id == self->id},
                      {"handing_to", alert->handing_to ? Json(alert->handing_to_name) : Json(nullptr)},
                      {"asked_to_take", alert->asked_to_take},
                      {"hand_over_to", Json::array()},
                      {"roster_version", v.roster_version},
                      {"rota_version", v.rota_version},
                      {"late", v.late},
                      {"reserve_used", v.reserve_used},
                      {"technical_alarm", v.technical_alarm},
                      {"own_unit", alert->own_unit},
                      {"may_take", alert->may_take && untaken(v.state)},
                      {"may_close", !over(v.state) && (v.state == wire::AlertState::kAdvised || v.reserve_used)},
                      {"open", !over(v.state)},
                      {"ringing", rings(*alert)},
                      {"warnings", alert->warnings}};
      if (out["alert"]["taken_by_me"] && v.state == wire::AlertState::kTaken && !alert->handing_to)
        out["alert"]["hand_over_to"] = hand_over_json(conversation, self);
    }
    requests.emplace_back(at, std::move(out));
  };
  const std::vector<CitizenRoom> rooms = client_.citizens();
  std::set<ConversationId> listed;
  for (const CitizenRoom& room : rooms) listed.insert(room.conversation);  // no requests
  for (const Conversation& conversation : client_.conversations()) {
    if (listed.contains(conversation.id)) continue;
    const auto found = alert_of.find(conversation.id);
    listed.insert(conversation.id);
    add(conversation.id, found == alert_of.end() ? nullptr : found->second, &summary(conversation),
        &conversation);
  }
  for (const Alert& alert : alerts) {  // it rings before its words are here
    if (!listed.contains(alert.view.stream)) add(alert.view.stream, &alert, nullptr, nullptr);
  }
  std::stable_sort(requests.begin(), requests.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (requests.size() > kRequestsShownMax) requests.resize(kRequestsShownMax);
  Json list = Json::array();
  for (auto& [at, request] : requests) list.push_back(std::move(request));

  const std::vector<OpenWork> open = client_.open_work();
  Json suspicions = Json::array();
  for (const Suspicion& one : client_.suspicions()) {
    suspicions.push_back(
        {{"text", one.text},
         {"conversation", one.conversation ? Json(one.conversation->hex()) : Json(nullptr)}});
  }
  return text_of(
      {{"event", "view"},
       {"locked", false},
       {"now", to_unix_ms(now)},
       {"self", self ? person_json(*self) : Json(nullptr)},
       {"device", self ? Json(self->device.hex()) : Json(nullptr)},
       {"holder", holder ? Json{{"name", holder->name}, {"profession", holder->profession}} : Json(nullptr)},
       {"suspended", link.suspended ? suspension_json(*link.suspended) : Json(nullptr)},
       {"link", link.revoked     ? "revoked"
                : link.suspended ? "suspended"
                : link.connected ? "up"
                : link.untrusted ? "untrusted"
                                 : "down"},
       {"all_sent", client_.outbox_empty()},
       {"reserve", reserve_json(client_.reserve_plan())},
       {"board", std::move(board)},
       {"check_ins", check_ins_json(client_.check_ins(), now)},
       {"requests", std::move(list)},
       {"gaps", gaps_json(gaps_, client_, now)},
       {"citizens", citizens_json(rooms)},
       {"open_items", open.size()},
       {"untaken_items",
        std::ranges::count_if(open, [](const OpenWork& work) { return !work.taken.has_value(); })},
       {"language", language},
       {"update_needed", client_.update_needed()},
       {"suspicions", std::move(suspicions)}});
}

Result<std::string> ScreenView::talk(ConversationId conversation, UtcTime now) {
  NV_TRY(const auto messages, client_.history(conversation));
  const Looks looks = looks_of(messages);
  const auto self = client_.self();
  std::map<MessageId, Json> receipts;
  if (const auto signed_for = client_.receipts(conversation)) {
    for (const PersonReceipt& receipt : *signed_for) {
      const auto [found, fresh] = receipts.try_emplace(receipt.message, Json::array());
      found->second.push_back({{"name", receipt.person.name},
                               {"kind", name_of(receipt.person.kind)},
                               {"stage", name_of(receipt.stage)},
                               {"at", time_json(receipt.at)}});
    }
  }
  std::map<PersonId, std::string> names;
  for (const Conversation& candidate : client_.conversations()) {
    if (candidate.id != conversation) continue;
    for (const Person& person : candidate.members) names[person.id] = person.name;
  }
  Json list = Json::array();
  for (const Message& message : messages) {
    Json one = message_json(message, now);
    const auto signed_for = receipts.find(message.id);
    one["receipts"] = signed_for == receipts.end() ? Json::array() : signed_for->second;
    if (const auto* handed = std::get_if<wire::HandOver>(&message.content.body)) {
      const auto name = names.find(handed->to);
      one["to"] = name == names.end() ? std::string() : name->second;
    }
    if (message.own) one["delivery"] = name_of(delivery(message, now));
    const wire::Body& body = message.content.body;
    if (std::holds_alternative<wire::Advice>(body)) {
      const AdviceLook& look = looks.advices.at(message.id);
      one["read_back"] = look.read_back();
      one["done"] = look.done ? Json(*look.done) : Json(nullptr);
    } else if (const auto* read = std::get_if<wire::ReadBack>(&body)) {
      const auto verdict = looks.verdicts.find(message.id);
      one["verdict"] = verdict == looks.verdicts.end() ? Json(nullptr) : Json(verdict->second);
      one["may_judge"] = verdict == looks.verdicts.end() && self &&
                         std::any_of(messages.begin(), messages.end(), [&](const Message& advice) {
                           return advice.id == read->advice && advice.author.id == self->id;
                         });
    }
    list.push_back(std::move(one));
  }
  tell_fate(list, messages, client_);
  Json members = Json::array();
  for (const Conversation& candidate : client_.conversations()) {
    if (candidate.id != conversation) continue;
    std::set<PersonId> once;
    for (const Person& person : candidate.members) {
      if (once.insert(person.id).second) members.push_back(person_json(person));
    }
  }
  return text_of(
      {{"conversation", conversation.hex()}, {"members", std::move(members)}, {"messages", std::move(list)}});
}

Result<std::string> ScreenView::found(std::string_view words) {
  NV_TRY(const auto found, client_.search(words, kFoundMax));
  Json list = Json::array();
  for (const FoundMessage& item : found) {
    list.push_back({{"conversation", item.message.conversation.hex()},
                    {"at", time_json(item.message.content.written_at)},
                    {"author", author_json(item.message)},
                    {"excerpt", item.excerpt}});
  }
  return text_of({{"found", std::move(list)}});
}

Result<std::string> ScreenView::journal(ConversationId conversation) {
  NV_TRY(const auto exported, client_.export_incident(conversation));
  return text_of({{"text", exported.text}, {"hash", to_hex(exported.hash)}});
}

std::string ScreenView::directory() const {
  Json list = Json::array();
  for (const DirectoryEntry& entry : client_.directory()) {
    list.push_back({{"kind", name_of(entry.target.kind)},
                    {"id", entry.target.id.hex()},
                    {"name", entry.name},
                    {"organisation", entry.organisation_name}});
  }
  return text_of({{"directory", std::move(list)}});
}

std::string locked_view(const LockedLook& look, UtcTime now) {
  return text_of({{"event", "view"},
                  {"locked", true},
                  {"now", to_unix_ms(now)},
                  {"opened", look.opened},
                  {"pin_wait_ms", look.pin_wait.count()},
                  {"ringing", look.ringing ? Json(name_of(*look.ringing)) : Json(nullptr)},
                  {"round_due", look.round_due},
                  {"language", look.language}});
}

}  // namespace nattevagt::client::agent
