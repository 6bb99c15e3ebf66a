#include "client-lib/app/commands.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "client-lib/app/duty_commands.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/select.h"
#include "client-lib/app/show.h"
#include "client-lib/app/suspension_commands.h"
#include "client-lib/app/texts_da.h"
#include "proto/wire/cpr.h"

namespace nattevagt::client::cli {
namespace {

constexpr std::size_t kFoundMax = 50;
constexpr Millis kComeRoundPatience = std::chrono::seconds(2);

// A conversation, or a page of it; who asks to see it has seen it.
Result<std::string> transcript(Client& client, ConversationId conversation, bool json, const Screen& screen,
                               const HistoryPage& page = {}) {
  NV_TRY(const auto messages, client.history(conversation, page));
  NV_TRY(const auto receipts, client.receipts(conversation));
  std::string out;
  for (const Message& message : messages) {
    out += json ? json_line(message) : message_block(message, screen);
    for (const PersonReceipt& receipt : receipts) {
      if (receipt.message != message.id) continue;
      out += json ? json_line(receipt) : receipt_line(receipt, screen);
    }
    if (!message.own) NV_TRYV(client.mark_seen(message.id));
  }
  if (!json && messages.size() >= page.limit && messages.front().seq > 1) {
    out = fmt::format("Det, der kom før: nattevagt history {} --last {} --before {}\n",
                      short_id(conversation.hex()), page.limit, messages.front().seq) +
          out;
  }
  return out;
}

// Is this build too old, and what was ever caught in a conversation (or anywhere): again where it is looked at,
// since each is called out only once.
std::string warnings(const Client& client, std::optional<ConversationId> about, bool json,
                     const Screen& screen) {
  std::string out;
  if (client.update_needed()) {
    out += json ? json_line(Event(UpdateNeeded{})) : event_block(Event(UpdateNeeded{}), client, screen, false);
  }
  for (const Suspicion& one : client.suspicions()) {
    if (about && one.conversation != about) continue;
    out += json ? json_line(Event(one)) : event_block(Event(one), client, screen, false);
  }
  return out;
}

// One command's run: what it knows, and the small words in which its answers are made.
class Run {
 public:
  Run(const Arguments& arguments, const Place& place) : a_(arguments), p_(place), client_(place.client) {}

  Outcome go() {
    if (!client_.enrolled()) return refuse(Errc::kWrongState, text::kNotEnrolled);
    const bool needs_words =
        a_.verb == Verb::kAdvise || a_.verb == Verb::kReadBack || a_.verb == Verb::kReserve;
    const bool no_question = a_.verb == Verb::kMedicine && a_.medicine_question.question.empty();
    if ((needs_words && a_.text.empty()) || no_question)
      return refuse(Errc::kInvalidValue, text::kTextMissing);
    switch (a_.verb) {
      case Verb::kAuthor: return author();
      case Verb::kAsk: return ask();
      case Verb::kTake: return on_alert([&](const Alert& alert) { return client_.take(alert.view.alert); });
      case Verb::kDecline:
        return on_alert([&](const Alert& alert) { return client_.decline(alert.view.alert, a_.text); });
      case Verb::kHandOver: return hand_over();
      case Verb::kSay: return say();
      case Verb::kMedicine: return in_talk(a_.medicine_question);
      case Verb::kAdvise: return advise();
      case Verb::kReadBack:
        return on_message([&](const Message& advice) { return client_.read_back(advice.id, a_.text); });
      case Verb::kVerdict:
        return on_message([&](const Message& read) { return client_.judge_read_back(read.id, a_.correct); });
      case Verb::kDone:
        return on_message(
            [&](const Message& advice) { return client_.done(advice.id, !a_.not_done, a_.text); });
      case Verb::kReserve:
        return on_alert([&](const Alert& alert) { return client_.reserve_used(alert.view.alert, a_.text); });
      case Verb::kClose: return on_alert([&](const Alert& alert) { return client_.close(alert.view.alert); });
      case Verb::kWithdraw:
        return on_alert([&](const Alert& alert) { return client_.withdraw(alert.view.alert, a_.text); });
      case Verb::kInvite: return invite();
      case Verb::kAlerts: return alerts();
      case Verb::kHistory: return history();
      case Verb::kSearch: return search();
      case Verb::kExport: return export_incident();
      case Verb::kStatus: return status();
      case Verb::kDutySwap:
      case Verb::kDutyAccept:
      case Verb::kDutyTakeOver:
      case Verb::kDutyCheckIn:
      case Verb::kDutyNow: return duty();
      case Verb::kSuspend: return suspend();
      case Verb::kOrgInit:
      case Verb::kOrgShow:
      case Verb::kOrgCard:
      case Verb::kOrgTrust:
      case Verb::kRosterCheck:
      case Verb::kRosterPublish:
      case Verb::kRotaPublish:
      case Verb::kRotaNow:
      case Verb::kRotaCheck:
      case Verb::kRotaSwap:
      case Verb::kRotaAccept:
      case Verb::kRotaTakeOver:
      case Verb::kGrant:
      case Verb::kDevices:
      case Verb::kRevoke:
      case Verb::kLift:
      case Verb::kAuditHead:
      case Verb::kAuditVerify:
      case Verb::kEnrol:
      case Verb::kServe:
      case Verb::kWatch: break;
    }
    return refuse(Errc::kUnsupported, text::error_text(Errc::kUnsupported));
  }

 private:
  Outcome refuse(Errc code, std::string_view why) { return {refusal(code, why, a_.json), std::nullopt}; }
  Outcome refuse(Errc code, const Alert* alert = nullptr) { return refuse(code, reason(code, alert)); }
  Outcome print(std::string out) { return {{std::move(out), {}, kExitDone}, std::nullopt}; }

  // The code's own text, or a better one where we know what was tried.
  std::string reason(Errc code, const Alert* alert) const {
    if (code == Errc::kAlreadyTaken && alert != nullptr && alert->taken_by) {
      return std::string(text::kAlreadyTakenBy) + printable_line(person_text(*alert->taken_by)) + ".";
    }
    if (a_.verb == Verb::kAsk && code == Errc::kNotFound) return std::string(text::kNoLadder);
    if (a_.verb == Verb::kAsk && code == Errc::kNotPermitted) return std::string(text::kOnlyUnitsAsk);
    if (a_.verb == Verb::kClose && code == Errc::kWrongState) return std::string(text::kReadBackOpen);
    if (a_.verb == Verb::kAdvise && code == Errc::kWrongState) return std::string(text::kTakeFirst);
    return std::string(text::error_text(code));
  }

  Outcome wait_for(MessageId message, std::optional<AlertId> alert, std::string so_far = {}) {
    Waiting waiting;
    waiting.verb = a_.verb;
    waiting.message = message;
    waiting.alert = alert;
    waiting.json = a_.json;
    waiting.served = p_.served;
    waiting.until = p_.now + a_.patience;
    waiting.so_far.out = std::move(so_far);
    return {{}, std::move(waiting)};
  }

  Outcome on_alert(const std::function<Result<MessageId>(const Alert&)>& act) {
    const auto selected = select_alert(a_, client_, p_.screen);
    if (!selected.value) return refuse(Errc::kNotFound, selected.why_not);
    const auto made = act(*selected.value);
    if (!made) return refuse(made.error().code, &*selected.value);
    return wait_for(*made, selected.value->view.alert);
  }

  Outcome on_message(const std::function<Result<MessageId>(const Message&)>& act) {
    const auto selected = select_message(a_, client_, p_.screen);
    if (!selected.value) return refuse(Errc::kNotFound, selected.why_not);
    const auto made = act(*selected.value);
    if (!made) return refuse(made.error().code);
    return wait_for(*made, std::nullopt);
  }

  Outcome author() {
    if (const auto set = client_.set_author(a_.author, a_.profession); !set) return refuse(set.error().code);
    if (a_.json) return print(json_ok({{"author", a_.author}}));
    return print(fmt::format("{}{}.\n", text::kAuthorSet, printable_line(a_.author)));
  }

  Outcome ask() {
    if (!a_.citizen.cpr.empty() && !wire::is_cpr(a_.citizen.cpr))
      return refuse(Errc::kInvalidValue, text::kBadCpr);
    Question question;
    question.severity = *a_.severity;
    question.situation = a_.situation;
    question.citizen = a_.citizen;
    question.alone = a_.alone;
    question.callback = a_.callback;
    question.isbar = a_.isbar;
    question.drill = a_.drill;
    question.author_name = a_.author;
    question.author_profession = a_.profession;
    const auto asked = client_.ask(question);
    if (!asked) return refuse(asked.error().code);
    return wait_for(asked->message, asked->alert);
  }

  Outcome say() {
    const bool isbar =
        !(a_.isbar.identification.empty() && a_.isbar.situation.empty() && a_.isbar.background.empty() &&
          a_.isbar.analysis.empty() && a_.isbar.recommendation.empty());
    if (!isbar && a_.text.empty()) return refuse(Errc::kInvalidValue, text::kTextMissing);
    if (isbar) return in_talk(wire::IsbarAddition{a_.isbar});
    if (a_.observation) return in_talk(wire::Observation{a_.text, now_utc()});
    return in_talk(wire::Text{a_.text});
  }

  Outcome in_talk(wire::Body body) {
    const auto selected = select_talk(a_, client_, p_.screen);
    if (!selected.value) return refuse(Errc::kNotFound, selected.why_not);
    const auto made = client_.send(selected.value->id, std::move(body));
    if (!made) return refuse(made.error().code);
    return wait_for(*made, alert_of(*selected.value));
  }

  Outcome advise() {
    return on_alert([&](const Alert& alert) {
      wire::Advice advice;
      advice.alert = alert.view.alert;
      advice.text = a_.text;
      advice.read_back_required = a_.read_back_required;
      advice.medicine = a_.medicine;
      return client_.advise(alert.view.alert, std::move(advice));
    });
  }

  Outcome hand_over() {
    const auto who = select_name(a_.text, client_);
    if (!who.value || who.value->target.kind != wire::TargetKind::kPerson) {
      return refuse(Errc::kNotFound, who.value ? std::string(text::kHandOverToPerson) : who.why_not);
    }
    return on_alert([&](const Alert& alert) {
      return client_.hand_over(alert.view.alert, PersonId{who.value->target.id.bytes});
    });
  }

  Outcome invite() {
    const auto talk = select_talk(a_, client_, p_.screen);
    if (!talk.value) return refuse(Errc::kNotFound, talk.why_not);
    const auto who = select_name(a_.text, client_);
    if (!who.value) return refuse(Errc::kNotFound, who.why_not);
    const auto made = client_.invite(talk.value->id, who.value->target);
    if (!made) return refuse(made.error().code);
    return wait_for(*made, alert_of(*talk.value));
  }

  Outcome alerts() {
    std::string out;
    for (const Alert& alert : client_.alerts()) {
      if (!a_.mark && !is_open(alert)) continue;
      out += a_.json ? json_line(alert) : alert_block(alert, p_.screen);
    }
    if (out.empty() && !a_.json) out = std::string(text::kNoAlerts) + "\n";
    return print(out);
  }

  Outcome history() {
    const auto selected = select_talk(a_, client_, p_.screen);
    if (!selected.value) return refuse(Errc::kNotFound, selected.why_not);
    const auto& alert = selected.value->alert;
    std::string out = warnings(client_, selected.value->id, a_.json, p_.screen);
    if (!a_.json && alert) {
      out += alert_block(*alert, p_.screen);
      out += fmt::format("    {}{}{}{}\n", text::kRaisedUnder, alert->view.roster_version,
                         text::kRaisedUnderRota, alert->view.rota_version);
    }
    const auto shown = transcript(client_, selected.value->id, a_.json, p_.screen, a_.page);
    if (!shown) return refuse(shown.error().code);
    return print(out + *shown);
  }

  Outcome search() {
    const auto found = client_.search(a_.text, std::min(a_.page.limit, kFoundMax), a_.skip);
    if (!found) return refuse(found.error().code);
    std::string out;
    for (const FoundMessage& item : *found) {
      out += a_.json
                 ? json_line(item)
                 : fmt::format("{} [{}] {}\n    {}\n", date_and_clock_text(item.message.content.written_at),
                               short_id(item.message.id.hex()), printable_line(author_text(item.message)),
                               printable_line(item.excerpt));
    }
    if (out.empty() && !a_.json) out = std::string(text::kNothing) + "\n";
    return print(out);
  }

  Outcome export_incident() {
    const auto selected = select_talk(a_, client_, p_.screen);
    if (!selected.value) return refuse(Errc::kNotFound, selected.why_not);
    const auto conversation = selected.value->id;
    const auto exported = client_.export_incident(conversation);
    if (!exported) return refuse(exported.error().code);
    std::string out = a_.json ? exported->json : exported->text;
    if (!out.ends_with('\n')) out += '\n';
    if (!a_.mark) return print(std::move(out));
    const auto made = client_.send(conversation, wire::JournalMark{exported->hash, now_utc()});
    if (!made) return refuse(made.error().code);
    return wait_for(*made, alert_of(*selected.value), std::move(out));
  }

  Outcome status() {
    const auto self = client_.self();
    const auto list = client_.alerts();
    const auto open = std::count_if(list.begin(), list.end(), is_open);
    const bool empty = client_.outbox_empty();
    const std::string caught = warnings(client_, std::nullopt, a_.json, p_.screen);
    if (a_.json) {
      return print(caught + json_ok({{"name", self ? self->name : std::string()},
                                     {"device", self ? self->device.hex() : std::string()},
                                     {"connected", p_.link.connected},
                                     {"served", p_.served},
                                     {"outbox_empty", empty},
                                     {"open_alerts", static_cast<std::int64_t>(open)}}));
    }
    std::string out = self
                          ? fmt::format("{} · {} · enhed {}\n", printable_line(person_text(*self)),
                                        printable_line(self->organisation_name), short_id(self->device.hex()))
                          : std::string();
    out += fmt::format("{}\n{}\n", p_.link.connected ? text::kConnected : text::kDisconnected,
                       empty ? text::kAllSent : text::kOutboxWaits);
    out += caught;
    if (open == 0) return print(out + std::string(text::kNoAlerts) + "\n");
    bool nobody = false;
    for (const Alert& alert : list) {
      if (!is_open(alert)) continue;
      out += alert_block(alert, p_.screen);
      nobody |= alert.own_unit && !alert.view.drill && alert.view.state == wire::AlertState::kExhausted;
    }
    if (nobody) out += reserve_block(client_, p_.screen);
    return print(out);
  }

  // duty_commands.h: what it says at once, or the change or check-in whose answer is waited for.
  Outcome duty() {
    DutyCommand done = run_duty(a_, client_, p_.screen);
    if (!done.change && !done.check_in) return {std::move(done.reply), std::nullopt};
    Outcome out = wait_for({}, std::nullopt);
    out.waiting->change = done.change;
    out.waiting->check_in = done.check_in;
    return out;
  }

  Outcome suspend() {
    SuspendCommand done = run_suspend(a_, client_);
    if (!done.waits) return {std::move(done.reply), std::nullopt};
    Outcome out = wait_for({}, std::nullopt);
    out.waiting->suspension = done.waits;
    out.waiting->so_far = std::move(done.reply);
    return out;
  }

  static std::optional<AlertId> alert_of(const Talk& talk) {
    return talk.alert ? std::optional(talk.alert->view.alert) : std::nullopt;
  }
  static UtcTime now_utc() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

  const Arguments& a_;
  const Place& p_;
  Client& client_;
};

bool has_come_round(Verb verb, const Alert& alert) {
  switch (verb) {
    case Verb::kTake: return alert.taken_by.has_value() && !alert.asked_to_take;
    case Verb::kHandOver: return alert.handing_to.has_value();
    case Verb::kAdvise: return alert.view.state == wire::AlertState::kAdvised;
    case Verb::kReserve: return alert.view.reserve_used;
    case Verb::kWithdraw: return alert.view.state == wire::AlertState::kWithdrawn;
    case Verb::kClose: return alert.view.state == wire::AlertState::kClosed;
    default: return true;
  }
}

// What a command says when the hub has stored its message.
std::string stored_text(const Waiting& w, const Alert* alert, const Place& place) {
  const Screen& screen = place.screen;
  std::string out = paint(Paint::kGreen, text::kSent, screen) + "\n";
  switch (w.verb) {
    case Verb::kAsk:
      if (alert == nullptr) return out;
      if (alert->view.severity == wire::Severity::kAlarm) {
        out += paint(Paint::kRed, text::kRing112Too, screen) + "\n" + std::string(text::kNotAlarm) + "\n";
      }
      out += alert_block(*alert, screen);
      if (alert->view.exhausted_at == kNever) return out;
      return out + fmt::format("{}{}{}\n", text::kRingAt, clock_text(alert->view.exhausted_at),
                               w.served ? text::kRingAtServed : text::kRingAtAlone);
    case Verb::kTake: {
      if (alert == nullptr) return out;
      // Whoever has taken it reads on at once.
      const auto shown = transcript(place.client, alert->view.stream, false, screen);
      return out + warnings(place.client, alert->view.stream, false, screen) + alert_block(*alert, screen) +
             (shown ? *shown : std::string());
    }
    case Verb::kAdvise:
    case Verb::kDecline:
    case Verb::kHandOver:
    case Verb::kReserve:
    case Verb::kWithdraw:
    case Verb::kClose: return alert == nullptr ? out : out + alert_block(*alert, screen);
    case Verb::kReadBack: return out + std::string(text::kWaitingForVerdict) + "\n";
    default: return out;
  }
}

}  // namespace

void LinkState::see(const Event& event) {
  if (std::holds_alternative<Connected>(event)) connected = true;
  if (std::holds_alternative<Revoked>(event)) revoked = true;
  if (const auto* here = std::get_if<SuspendedHere>(&event)) suspended = here->suspension;
  if (std::holds_alternative<Connected>(event)) suspended.reset();
  if (const auto* lost = std::get_if<Disconnected>(&event)) {
    connected = false;
    reason = lost->reason;
  }
}

void Waiting::see(const Event& event) {
  if (const auto* said = std::get_if<DutyAnswered>(&event); said != nullptr && change == said->id) {
    change_answer = *said;
  }
  if (const auto* said = std::get_if<CheckInAnswered>(&event); said != nullptr && check_in == said->role) {
    check_in_answer = said->why;
  }
  if (const auto* said = std::get_if<SuspensionAnswered>(&event); said != nullptr && suspension == said->id) {
    suspension_answer = *said;
  }
  const auto* own = std::get_if<OwnMessage>(&event);
  if (own != nullptr && own->id == message && own->delivery != Delivery::kQueued) answer = *own;
}

AgentReply refusal(Errc code, std::string_view text, bool json, int exit_code) {
  AgentReply reply;
  reply.exit_code = exit_code;
  if (json) {
    reply.out = json_fault(code, text);
  } else {
    reply.err = std::string(text) + "\n";
  }
  return reply;
}

Outcome begin(const Arguments& arguments, const Place& place) { return Run(arguments, place).go(); }

std::optional<AgentReply> finished(Waiting& w, const Place& place) {
  const bool late = place.now >= w.until;
  if (w.change) {
    if (!w.change_answer && !late) return std::nullopt;
    const Errc why = w.change_answer ? w.change_answer->why : Errc::kTimeout;
    return change_answered(w.verb, *w.change, why, w.json, place.screen);
  }
  if (w.check_in) {
    if (!w.check_in_answer && !late) return std::nullopt;
    return check_in_answered(w.check_in_answer.value_or(Errc::kTimeout), w.json, place.screen);
  }
  if (w.suspension) {
    if (!w.suspension_answer && !late) return std::nullopt;
    AgentReply reply = suspension_answered(w.suspension_answer, w.json, place.screen);
    reply.out = w.so_far.out + reply.out;
    return reply;
  }
  if (!w.answer && !late) return std::nullopt;
  std::optional<Alert> alert;
  if (w.alert) {
    if (auto found = place.client.alert(*w.alert)) alert = std::move(*found);
  }
  AgentReply reply = w.so_far;
  if (w.answer && w.answer->delivery != Delivery::kFailed) {
    // The receipt comes one moment before the act has come round and counts: say what then holds.
    if (!w.answered_at) w.answered_at = place.now;
    if (alert && !has_come_round(w.verb, *alert) && place.now < *w.answered_at + kComeRoundPatience)
      return std::nullopt;
    reply.out += w.json ? json_ok({{"message", w.message.hex()},
                                   {"alert", w.alert ? w.alert->hex() : std::string()},
                                   {"conversation", alert ? alert->view.stream.hex() : std::string()},
                                   {"delivery", std::string("stored")}})
                        : stored_text(w, alert ? &*alert : nullptr, place);
    return reply;
  }
  if (w.answer) {
    const Errc why = w.answer->why;
    // Who was first is told by a signed act, which may be one moment behind the hub's refusal.
    if (why == Errc::kAlreadyTaken && !late && !(alert && alert->taken_by)) return std::nullopt;
    std::string reason(text::error_text(why));
    if (w.verb == Verb::kInvite && (why == Errc::kNotFound || why == Errc::kDuplicate))
      reason = text::kNobodyToInvite;
    if (why == Errc::kAlreadyTaken && alert && alert->taken_by) {
      reason = std::string(text::kAlreadyTakenBy) + printable_line(person_text(*alert->taken_by)) + ".";
    }
    const AgentReply refused = refusal(why, reason, w.json);
    reply.out += refused.out;
    reply.err += refused.err;
    reply.exit_code = refused.exit_code;
    if (w.verb == Verb::kAsk && !w.json) {
      reply.err = paint(Paint::kRed, text::kNotSentRing, place.screen) + "\n" +
                  reserve_block(place.client, place.screen) + reply.err;
      reply.exit_code = kExitNotSent;
    }
    return reply;
  }
  // The patience is over, and the hub has not said that it is stored.
  reply.exit_code = kExitNotSent;
  const bool turned_away = place.link.revoked || place.link.reason == Errc::kUntrusted;
  const std::string_view why = place.link.revoked ? text::kRevoked
                               : turned_away      ? text::kUntrustedHub
                               : w.served         ? text::kNotSentLater
                                                  : text::kNotSentNoServe;
  if (w.json) {
    const std::string said = std::string(text::kNotSent) + ". " + std::string(why);
    reply.out += json_fault(turned_away ? Errc::kUntrusted : Errc::kTimeout, said);
    return reply;
  }
  reply.err += paint(Paint::kRed, text::kNotSentRing, place.screen) + "\n" +
               reserve_block(place.client, place.screen) + std::string(why) + "\n";
  return reply;
}

}  // namespace nattevagt::client::cli
