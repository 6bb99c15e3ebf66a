#include "client-lib/app/duty_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "client-lib/admin/rota_draft.h"
#include "client-lib/app/commands.h"
#include "client-lib/app/id_prefix.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/names.h"
#include "client-lib/app/select.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += (out.empty() ? "" : " + ") + (name == "?" ? std::string(text::kUnknownColleague) : printable_line(name));
  }
  return out;
}

// What a refusal of a change means to the one who wrote it.
std::string_view refused_text(Verb verb, Errc why) {
  if (why == Errc::kNotPermitted) return text::kDutyNotListed;
  if (why == Errc::kNotFound) return text::kDutyNoRota;
  if (why == Errc::kInvalidValue) return text::kDutyBadTimes;
  if (why == Errc::kBusy) return text::kDutyTooMany;
  if (why == Errc::kTimeout) return text::kDutyUnheard;
  if (why == Errc::kAlreadyExists || why == Errc::kDuplicate) return text::kDutyTakenAlready;
  if (why == Errc::kWrongState) {
    return verb == Verb::kDutyTakeOver ? text::kDutyNotRunning : text::kDutyNotYours;
  }
  return text::error_text(why);
}

std::string may_not_answer(const Reach& reach) {
  const std::string_view why =
      reach.reason == wire::DutyTrouble::kSilent ? text::kRoleSilent : text::kRoleNotCheckedIn;
  return fmt::format("{} ({}, siden {})", text::kMayNotAnswer, why, date_and_clock_text(reach.since));
}

std::string_view check_in_refused(Errc why) {
  if (why == Errc::kNoKeyPackage) return text::kCheckInCannotOpen;
  if (why == Errc::kTimeout) return text::kCheckInUnheard;
  if (why == Errc::kNotFound || why == Errc::kWrongState) return text::kCheckInNotAsked;
  return text::error_text(why);
}

class DutyRun {
 public:
  DutyRun(const Arguments& arguments, Client& client, const Screen& screen)
      : a_(arguments), client_(client), screen_(screen) {}

  DutyCommand go() {
    switch (a_.verb) {
      case Verb::kDutySwap: return swap();
      case Verb::kDutyAccept: return accept();
      case Verb::kDutyTakeOver: return take_over();
      case Verb::kDutyCheckIn: return check_in();
      default: return now();
    }
  }

 private:
  DutyCommand refuse(Errc code, std::string_view why) { return {refusal(code, why, a_.json), {}, {}}; }
  DutyCommand posted(const Result<DutyChangeId>& made) {
    if (!made) return refuse(made.error().code, refused_text(a_.verb, made.error().code));
    return {{}, *made, {}};
  }
  std::string not_a_moment(const std::string& what) const {
    return "'" + what + "' er ikke et tidspunkt. Skriv 2026-10-24T23:00.";
  }

  // The role by its name: a duty is a role's.
  std::optional<RoleId> role() {
    for (const DirectoryEntry& entry : client_.directory()) {
      if (entry.target.kind == wire::TargetKind::kRole && entry.name == a_.role) {
        return RoleId{entry.target.id.bytes};
      }
    }
    return std::nullopt;
  }
  DutyCommand no_role() {
    std::string why = "Rollen '" + printable_line(a_.role) + "' kendes ikke. Kendte:";
    for (const DirectoryEntry& entry : client_.directory()) {
      if (entry.target.kind == wire::TargetKind::kRole) why += "\n  " + printable_line(entry.name);
    }
    return refuse(Errc::kNotFound, why);
  }

  DutyCommand swap() {
    const auto of = role();
    if (!of) return no_role();
    const auto from = parse_moment(a_.from);
    const auto until = parse_moment(a_.until);
    if (!from || !until) return refuse(Errc::kInvalidValue, not_a_moment(from ? a_.until : a_.from));
    SwapRequest wanted{*of, *from, *until, {}};
    if (!a_.takes.empty()) {
      const auto who = select_name(a_.takes, client_);
      if (!who.value || who.value->target.kind != wire::TargetKind::kPerson) {
        return refuse(Errc::kNotFound, text::kDutyUnknownTaker);
      }
      wanted.takes = PersonId{who.value->target.id.bytes};
    }
    return posted(client_.ask_swap(wanted));
  }

  DutyCommand accept() {
    std::vector<DutyChangeView> waiting;
    for (DutyChangeView& change : client_.duty_changes()) {
      if (change.waits_for_us && change.id.hex().starts_with(a_.id)) waiting.push_back(std::move(change));
    }
    if (waiting.empty()) return refuse(Errc::kNotFound, text::kDutyNothingWaits);
    if (waiting.size() > 1) {
      std::string which(text::kWhichOne);
      for (const auto& change : waiting) which += "\n" + change_block(change, screen_);
      return refuse(Errc::kInvalidValue, which + "\n--change " + short_id(waiting[0].id.hex()));
    }
    return posted(client_.accept_swap(waiting[0].id));
  }

  DutyCommand take_over() {
    const auto of = role();
    if (!of) return no_role();
    std::optional<UtcTime> until;
    if (!a_.until.empty()) {
      until = parse_moment(a_.until);
      if (!until) return refuse(Errc::kInvalidValue, not_a_moment(a_.until));
    }
    return posted(client_.take_over(*of, until));
  }

  DutyCommand check_in() {
    std::vector<CheckInView> asked;
    for (CheckInView& one : client_.check_ins()) {
      const bool meant = a_.role.empty() ? one.state != CheckInState::kDone : one.role_label == a_.role;
      if (meant) asked.push_back(std::move(one));
    }
    if (asked.empty()) return refuse(Errc::kNotFound, text::kCheckInNotAsked);
    if (asked.size() > 1) {
      std::string which(text::kWhichOne);
      for (const CheckInView& one : asked) which += "\n  --role " + printable_line(one.role_label);
      return refuse(Errc::kInvalidValue, which);
    }
    if (const Status said = client_.check_in(asked[0].role); !said) {
      return {check_in_answered(said.error().code, a_.json, screen_), {}, {}};
    }
    return {{}, {}, asked[0].role};
  }

  DutyCommand now() {
    std::optional<UtcTime> at;
    if (!a_.at.empty()) {
      at = parse_moment(a_.at);
      if (!at) return refuse(Errc::kInvalidValue, not_a_moment(a_.at));
    }
    std::string out, unit;
    for (const DutyLine& line : client_.duty(at)) {
      if (a_.json) {
        out += json_object({{"unit", line.unit},
                            {"severity", std::string(text::severity_text(line.severity))},
                            {"step", static_cast<std::int64_t>(line.step + 1)},
                            {"target", line.target},
                            {"answering", line.answering},
                            {"answers", list_of(line.people)},
                            {"planned", line.planned},
                            {"gap", line.gap},
                            {"reachable", std::string(name_of(line.reach.reachable))},
                            {"reason", std::string(reason_of(line.reach))},
                            {"since", line.reach.since == kNever ? std::string() : utc_text(line.reach.since)},
                            {"checked_in", line.reach.checked_in}});
        continue;
      }
      if (line.unit != unit) out += paint(Paint::kBold, printable_line(line.unit), screen_) + "\n";
      unit = line.unit;
      out += line_text(line);
    }
    if (!a_.json && out.empty()) out = std::string(text::kNothing) + "\n";
    for (const CheckInView& one : client_.check_ins()) {
      if (one.state == CheckInState::kDone) continue;
      out += a_.json ? json_line(Event(CheckInDue{one})) : check_in_block(one, screen_, false);
    }
    for (const DutyChangeView& change : client_.duty_changes()) {
      out += a_.json ? json_line(Event(DutyNews{change})) : change_block(change, screen_);
    }
    return {{std::move(out), {}, kExitDone}, {}, {}};
  }

  std::string line_text(const DutyLine& line) const {
    std::string out = fmt::format("  {} {}. {}: ", text::severity_text(line.severity), line.step + 1,
                                  printable_line(line.target));
    if (line.gap || (line.planned && line.people.empty())) {
      out += paint(Paint::kRed, text::kNobodyOnDuty, screen_) + " ";
    }
    out += list_of(line.people);
    if (!line.answering.empty()) out += " (" + printable_line(line.answering) + ")";
    if (line.until != kNever) out += " til " + date_and_clock_text(line.until);
    if (line.reach.checked_in) out += " · " + paint(Paint::kGreen, text::kCheckedIn, screen_);
    if (line.reach.reachable == Reachable::kNo) out += " · " + paint(Paint::kRed, may_not_answer(line.reach), screen_);
    return out + "\n";
  }

  const Arguments& a_;
  Client& client_;
  const Screen& screen_;
};

}  // namespace

DutyCommand run_duty(const Arguments& arguments, Client& client, const Screen& screen) {
  return DutyRun(arguments, client, screen).go();
}

AgentReply change_answered(Verb verb, const DutyChangeId& change, Errc why, bool json, const Screen& screen) {
  if (why != Errc{}) {
    return refusal(why, refused_text(verb, why), json, why == Errc::kTimeout ? kExitNotSent : kExitRefused);
  }
  if (json) return {json_ok({{"change", change.hex()}}), {}, kExitDone};
  const std::string_view said = verb == Verb::kDutySwap      ? text::kDutyAsked
                                : verb == Verb::kDutyAccept ? text::kDutyAccepted
                                                            : text::kDutyTakenOver;
  return {paint(Paint::kGreen, said, screen) + " [" + short_id(change.hex()) + "]\n", {}, kExitDone};
}

AgentReply check_in_answered(Errc why, bool json, const Screen& screen) {
  if (why != Errc{}) {
    return refusal(why, check_in_refused(why), json, why == Errc::kTimeout ? kExitNotSent : kExitRefused);
  }
  if (json) return {json_ok({{"checked_in", true}}), {}, kExitDone};
  return {paint(Paint::kGreen, text::kCheckInDone, screen) + "\n", {}, kExitDone};
}

std::string check_in_block(const CheckInView& check_in, const Screen& screen, bool loud) {
  std::string out = (loud ? "\a" : "") + paint(Paint::kYellow, text::kCheckInAsked, screen);
  out += fmt::format(" {} fra {}. ", printable_line(check_in.role_label), date_and_clock_text(check_in.from));
  out += check_in.can_open ? fmt::format("Senest {}: nattevagt rota check-in", date_and_clock_text(check_in.due_at))
                           : paint(Paint::kRed, text::kCheckInCannotOpen, screen);
  return out + "\n";
}

std::string reach_block(const RoleReachChanged& changed, const Screen& screen, bool loud) {
  std::string role = printable_line(changed.role_label);
  if (changed.reach.reachable != Reachable::kNo) {
    const bool by_check_in = changed.reach.reachable == Reachable::kYes;
    role += by_check_in ? text::kCanBeReached : text::kAnswersAgain;
    return paint(Paint::kGreen, role, screen) + "\n";
  }
  return (loud ? "\a" : "") + paint(Paint::kRed, role + ": " + may_not_answer(changed.reach), screen) + "\n";
}

std::string gap_block(const GapAhead& gap, const Screen& screen, bool loud) {
  constexpr std::uint8_t kDay = 3;
  const std::string head(text::gap_text(gap.nearness));
  std::string out = (loud && gap.nearness >= kDay ? "\a" : "") + paint(Paint::kRed, head, screen);
  out += fmt::format(" {} har ingen på vagt fra {} til {}. ", printable_line(gap.role_label),
                     date_and_clock_text(gap.from), date_and_clock_text(gap.until));
  if (!gap.seen) out += std::string(text::kGapUnseen) + " ";
  return out + std::string(text::kGapAct) + "\n";
}

std::string change_block(const DutyChangeView& change, const Screen& screen) {
  const auto name = [](const std::string& known) {
    return known.empty() ? std::string(text::kUnknownColleague) : printable_line(known);
  };
  const std::string when = printable_line(change.role_label) + ", " + date_and_clock_text(change.from) + " – " +
                           date_and_clock_text(change.until);
  const std::string id = short_id(change.id.hex());
  if (!change.complete) {
    std::string out = fmt::format("[{}] {} beder om at bytte en vagt: {}.", id, name(change.gives), when);
    if (change.waits_for_us) {
      out += " " + paint(Paint::kBold, "Sig ja med: nattevagt rota accept --change " + id, screen);
    }
    return out + "\n";
  }
  std::string out = change.kind == wire::DutyChangeKind::kSwap
                        ? fmt::format("[{}] {} har vagten for {}: {}.", id, name(change.takes),
                                      name(change.gives), when)
                        : fmt::format("[{}] {} har overtaget vagten: {}.", id, name(change.takes), when);
  if (!change.in_force) out += " " + paint(Paint::kRed, text::kDutyVoid, screen);
  return out + "\n";
}

}  // namespace nattevagt::client::cli
