#include "client-lib/app/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "client-lib/app/id_prefix.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

// How the one that is meant is written behind the command.
std::string_view id_option(Verb verb) {
  switch (verb) {
    case Verb::kSay:
    case Verb::kMedicine:
    case Verb::kAdvise:
    case Verb::kReserve:
    case Verb::kInvite: return "--in ";
    case Verb::kReadBack:
    case Verb::kDone: return "--advice ";
    case Verb::kVerdict: return "--read-back ";
    default: return "";
  }
}

// What `choice` says to a person who wrote `arguments`; `line` shows one candidate, beginning with its id.
std::string explain(const Chosen& choice, const Arguments& arguments, const std::vector<std::string>& ids,
                    const std::function<std::string(std::size_t)>& line) {
  const std::string& wanted = arguments.id;
  switch (choice.choice) {
    case Choice::kFound: return {};
    case Choice::kNone: return std::string(text::kNoneFits);
    case Choice::kTooShort: return std::string(text::kTooShort) + printable_line(wanted);
    case Choice::kNoSuch: return std::string(text::kNoSuch) + printable_line(wanted);
    case Choice::kSeveral: {
      std::string out(text::kWhichOne);
      for (const std::size_t index : choice.fitting) out += "\n" + line(index);
      if (choice.fitting.empty()) return out;
      return fmt::format("{}\n{}{}{}", out, text::kForExample, id_option(arguments.verb),
                         short_id(ids[choice.fitting.front()]));
    }
  }
  return {};
}

bool fits(Verb verb, const Alert& alert, const Client& client) {
  const auto state = alert.view.state;
  const bool untaken = state == wire::AlertState::kEscalating || state == wire::AlertState::kExhausted;
  switch (verb) {
    case Verb::kTake:
    case Verb::kDecline: return alert.may_take && (untaken || alert.asked_to_take);
    case Verb::kHandOver:
    case Verb::kAdvise: return is_open(alert) && is_own(alert.taken_by, client);
    case Verb::kReserve:
    case Verb::kWithdraw: return alert.own_unit && is_open(alert);
    case Verb::kClose:
      return state != wire::AlertState::kClosed && (alert.own_unit || is_own(alert.taken_by, client));
    default: return is_open(alert);
  }
}

// When nothing fits strictly, the wider list: so that a second taker hears who was first, and yesterday's
// incident can be read.
bool fits_widely(Verb verb, const Alert& alert) {
  switch (verb) {
    case Verb::kTake:
    case Verb::kDecline: return alert.may_take && is_open(alert);
    case Verb::kHistory:
    case Verb::kExport: return true;
    default: return false;
  }
}

std::vector<Alert> candidates(const Arguments& arguments, const Client& client) {
  const std::vector<Alert> all = client.alerts();
  std::vector<Alert> out;
  // Who writes an id means it, whatever its state: the refusal that follows says why it cannot be done.
  const bool named = !arguments.id.empty() && arguments.id != kLatest;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out),
               [&](const Alert& alert) { return named || fits(arguments.verb, alert, client); });
  if (out.empty()) {
    std::copy_if(all.begin(), all.end(), std::back_inserter(out),
                 [&](const Alert& alert) { return fits_widely(arguments.verb, alert); });
  }
  return out;
}

// Advice and read-backs of open incidents that still wait for this verb, the newest first.
std::vector<Message> waiting_messages(Verb verb, const Client& client, bool any) {
  std::vector<Message> out;
  for (const Alert& alert : client.alerts()) {
    if (!any && !is_open(alert)) continue;
    const auto history = client.history(alert.view.stream);
    if (!history) continue;
    std::set<MessageId> settled;  // advice found correct or done, read-backs judged
    std::map<MessageId, MessageId> advice_of;
    for (const Message& message : *history) {
      const auto& body = message.content.body;
      if (const auto* read = std::get_if<wire::ReadBack>(&body)) advice_of[message.id] = read->advice;
      if (const auto* verdict = std::get_if<wire::ReadBackVerdict>(&body)) {
        settled.insert(verdict->read_back);
        if (verb == Verb::kReadBack && verdict->correct) settled.insert(advice_of[verdict->read_back]);
      }
      const auto* done = std::get_if<wire::Done>(&body);
      if (done != nullptr && verb == Verb::kDone) settled.insert(done->advice);
    }
    for (auto message = history->rbegin(); message != history->rend(); ++message) {
      const auto* advice = std::get_if<wire::Advice>(&message->content.body);
      const bool is_read_back = std::holds_alternative<wire::ReadBack>(message->content.body);
      const bool right_kind = verb == Verb::kVerdict ? is_read_back && !message->own
                              : verb == Verb::kReadBack
                                  ? advice != nullptr && (any || advice->read_back_required)
                                  : advice != nullptr;
      if (right_kind && (any || !settled.contains(message->id))) out.push_back(*message);
    }
  }
  return out;
}

}  // namespace

bool is_open(const Alert& alert) noexcept {
  return alert.view.state != wire::AlertState::kClosed && alert.view.state != wire::AlertState::kWithdrawn;
}

bool is_own(const std::optional<Person>& person, const Client& client) {
  const auto self = client.self();
  return person && self && person->id == self->id;
}

Selected<Talk> select_talk(const Arguments& arguments, const Client& client, const Screen& screen) {
  std::vector<Talk> list;
  for (Alert& alert : candidates(arguments, client)) list.push_back({alert.view.stream, std::move(alert)});
  for (const Conversation& conversation : client.conversations()) {
    const bool of_known_alert = conversation.alert && client.alert(*conversation.alert);
    if (!of_known_alert) list.push_back({conversation.id, std::nullopt});
  }
  std::vector<std::string> alerts, conversations;
  for (const auto& talk : list) {
    conversations.push_back(talk.id.hex());
    alerts.push_back(talk.alert ? talk.alert->view.alert.hex() : talk.id.hex());
  }
  Chosen choice = choose_id(arguments.id, alerts);
  if (choice.choice == Choice::kNoSuch) {
    const Chosen other = choose_id(arguments.id, conversations);
    if (other.choice != Choice::kNoSuch) choice = other;
  }
  if (choice.choice == Choice::kFound) return {std::move(list[choice.index]), {}};
  return {std::nullopt, explain(choice, arguments, alerts, [&](std::size_t index) {
            if (!list[index].alert)
              return "  [" + short_id(conversations[index]) + "] " + std::string(text::kTalk);
            const std::string block = alert_block(*list[index].alert, screen);
            return "  " + block.substr(0, block.find('\n'));
          })};
}

Selected<Alert> select_alert(const Arguments& arguments, const Client& client, const Screen& screen) {
  const std::vector<Alert> list = candidates(arguments, client);
  std::vector<std::string> ids;
  ids.reserve(list.size());
  for (const auto& alert : list) ids.push_back(alert.view.alert.hex());
  const Chosen choice = choose_id(arguments.id, ids);
  if (choice.choice == Choice::kFound) return {list[choice.index], {}};
  return {std::nullopt, explain(choice, arguments, ids, [&](std::size_t index) {
            const std::string block = alert_block(list[index], screen);
            return "  " + block.substr(0, block.find('\n'));
          })};
}

Selected<Message> select_message(const Arguments& arguments, const Client& client, const Screen& screen) {
  const bool named = !arguments.id.empty() && arguments.id != kLatest;
  const std::vector<Message> list = waiting_messages(arguments.verb, client, named);
  std::vector<std::string> ids;
  ids.reserve(list.size());
  for (const auto& message : list) ids.push_back(message.id.hex());
  const Chosen choice = choose_id(arguments.id, ids);
  if (choice.choice == Choice::kFound) return {list[choice.index], {}};
  return {std::nullopt, explain(choice, arguments, ids, [&](std::size_t index) {
            return "  " + message_block(list[index], screen);
          })};
}

Selected<DirectoryEntry> select_name(const std::string& name, const Client& client) {
  const auto directory = client.directory();
  std::vector<const DirectoryEntry*> found;
  for (const auto& entry : directory) {
    if (entry.name == name || entry.organisation_name + ": " + entry.name == name) found.push_back(&entry);
  }
  if (found.empty()) {
    for (const auto& entry : directory) {
      if (entry.name.find(name) != std::string::npos) found.push_back(&entry);
    }
  }
  if (found.size() == 1) return {*found.front(), {}};
  std::string why = found.empty() ? std::string(text::kNoSuchName) + printable_line(name) + "\n" +
                                        std::string(text::kKnownNames)
                                  : std::string(text::kWhichOne);
  const auto add = [&why](const DirectoryEntry& entry) {
    why += "\n  " + printable_line(entry.organisation_name + ": " + entry.name);
  };
  if (found.empty()) {
    for (const auto& entry : directory) add(entry);
  } else {
    for (const auto* entry : found) add(*entry);
  }
  return {std::nullopt, why};
}

}  // namespace nattevagt::client::cli
