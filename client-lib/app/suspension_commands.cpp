#include "client-lib/app/suspension_commands.h"

#include <fmt/format.h>

#include "client-lib/app/commands.h"
#include "client-lib/app/id_prefix.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/select.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

std::string_view not_suspended(Errc why) {
  if (why == Errc::kNotPermitted) return text::kSuspendNotOurs;
  if (why == Errc::kBusy) return text::kSuspendTooMany;
  if (why == Errc::kExpired) return text::kSuspendUndoLate;
  if (why == Errc::kUnsupported) return text::kSuspendOldHub;
  if (why == Errc::kTimeout) return text::kSuspendUnheard;
  if (why == Errc::kInvalidValue) return text::kSuspendClock;
  if (why == Errc::kRevoked) return text::kSuspendRevoked;
  return text::error_text(why);
}

AgentReply refused(Errc why, bool json) {
  return refusal(why, not_suspended(why), json, why == Errc::kTimeout ? kExitNotSent : kExitRefused);
}

std::string said(const SuspensionId& stands, const SuspensionAnswered& answer) {
  return json_ok({{"suspension", stands.hex()},
                  {"device", answer.device.hex()},
                  {"lifted", answer.lift},
                  {"stood_already", answer.stands.has_value()}});
}

// Of `ids`, the one whose beginning was given; else what there is to choose from.
std::optional<std::size_t> chosen(const std::string& given, const std::vector<std::string>& ids,
                                  const std::vector<std::string>& names, std::string& why) {
  const Chosen choice = choose_id(given, ids);
  if (choice.choice == Choice::kFound && !given.empty()) return choice.index;
  why = std::string(choice.choice == Choice::kSeveral ? text::kWhichOne : text::kSuspendWhich);
  for (std::size_t i = 0; i < ids.size(); ++i) why += fmt::format("\n  {}  {}", ids[i].substr(0, 12), names[i]);
  return std::nullopt;
}

}  // namespace

SuspendCommand run_suspend(const Arguments& a, Client& client) {
  std::vector<std::string> ids, names;
  std::string why;
  if (a.undo) {
    std::vector<SuspensionView> ours;
    for (SuspensionView& one : client.suspensions()) {
      if (!one.ours || one.lifted_at) continue;
      ids.push_back(one.device.hex());
      names.push_back(printable_line(one.device_name));
      ours.push_back(std::move(one));
    }
    const auto which = chosen(a.device, ids, names, why);
    if (!which) return {refusal(Errc::kNotFound, why, a.json), {}};
    const SuspensionId id = ours[*which].id;
    if (const Status lifted = client.lift_suspension(id); !lifted) {
      return {refused(lifted.error().code, a.json), {}};
    }
    return {{}, id};
  }
  const auto devices = client.devices();
  for (const DeviceLook& one : devices) {
    ids.push_back(one.person.device.hex());
    names.push_back(printable_line(person_text(one.person)));
  }
  const auto which = chosen(a.device, ids, names, why);
  if (!which) return {refusal(Errc::kNotFound, why, a.json), {}};
  const DeviceLook& lost = devices[*which];
  if (lost.suspension) return {refusal(Errc::kDuplicate, suspension_text(*lost.suspension), a.json), {}};
  const auto pressed = client.suspend_device(lost.person.device);
  if (!pressed) return {refused(pressed.error().code, a.json), {}};
  SuspendCommand out{{}, *pressed};
  if (a.json) return out;
  for (const std::string& role : lost.on_duty) {
    out.reply.out += fmt::format("{}{}\n", text::kSuspendOnDuty, printable_line(role));
  }
  if (lost.has_taken) out.reply.out += std::string(text::kSuspendHasTaken) + "\n";
  return out;
}

AgentReply suspension_answered(const std::optional<SuspensionAnswered>& answer, bool json, const Screen& screen) {
  if (!answer) return refused(Errc::kTimeout, json);
  if (answer->stands) {
    if (json) return {said(answer->stands->id, *answer), {}, kExitDone};
    return {suspension_text(*answer->stands) + "\n", {}, kExitDone};
  }
  if (answer->why != Errc{}) return refused(answer->why, json);
  if (json) return {said(answer->id, *answer), {}, kExitDone};
  const std::string_view done = answer->lift ? text::kSuspendUndone : text::kSuspendDone;
  return {paint(Paint::kGreen, done, screen) + "\n", {}, kExitDone};
}

}  // namespace nattevagt::client::cli
