#include "client-lib/app/show.h"

#include <fmt/format.h>

#include "client-lib/app/duty_commands.h"
#include "client-lib/app/texts_da.h"
#include "client-lib/export/local_time.h"
#include "client-lib/export/words_da.h"
#include "proto/common/overloaded.h"

namespace nattevagt::client::cli {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kIndent = "    ";

bool is_harmless(std::uint32_t point) {
  if (point < 0x20 || (point >= 0x7F && point < 0xA0)) return false;
  // Turning the reading direction, or hiding in no width, makes one text look like another.
  if (point >= 0x200B && point <= 0x200F) return false;
  if (point >= 0x2028 && point <= 0x202E) return false;
  return !((point >= 0x2060 && point <= 0x206F) || point == 0xFEFF);
}

// One code point at `at`; its length, or 0 when the bytes are not UTF-8.
std::size_t decode(std::string_view text, std::size_t at, std::uint32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t lead = byte(0);
  const std::size_t length = lead < 0x80         ? 1
                             : (lead >> 5) == 6  ? 2
                             : (lead >> 4) == 14 ? 3
                             : (lead >> 3) == 30 ? 4
                                                 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    point = (point << 6) | (byte(i) & 0x3FU);
  }
  return length;
}

std::string cleaned(std::string_view text, std::string_view line_feed) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint32_t point = 0;
    const std::size_t length = decode(text, at, point);
    if (point == '\n' && length == 1) {
      out += line_feed;
    } else if (point == '\t' && length == 1) {
      out += ' ';
    } else if (length != 0 && is_harmless(point)) {
      out += text.substr(at, length);
    } else {
      out += kReplacement;
    }
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string named(std::string_view name, const std::string& text) {
  return text.empty() ? std::string() : fmt::format("\n{}: {}", name, text);
}

std::string drill_mark(bool drill) { return drill ? std::string(text::kDrill) + " · " : std::string(); }

std::string isbar_text(const wire::IsbarForm& form) {
  std::string out = named("I", form.identification) + named("S", form.situation) +
                    named("B", form.background) + named("A", form.analysis) + named("R", form.recommendation);
  return out.empty() ? out : out.substr(1);
}

std::string request_text(const wire::AdviceRequest& request) {
  std::string out = fmt::format("{}{} · {}", drill_mark(request.drill), text::severity_text(request.severity),
                                text::situation_text(request.kind));
  if (request.alone) out += fmt::format("\n{}", text::kAlone);
  if (!request.citizen.name.empty() || !request.citizen.cpr.empty()) {
    out += fmt::format("\nBorger: {}{}{}", request.citizen.name, request.citizen.cpr.empty() ? "" : ", ",
                       request.citizen.cpr);
  }
  out += named("Ring tilbage på", request.callback);
  const std::string isbar = isbar_text(request.isbar);
  return isbar.empty() ? out : out + "\n" + isbar;
}

std::string advice_text(const wire::Advice& advice) {
  std::string out = "Råd: " + advice.text;
  if (advice.medicine) {
    out += fmt::format("\nMedicin: {}, {}, {}, højst {}", advice.medicine->drug, advice.medicine->dose,
                       advice.medicine->when, advice.medicine->maximum);
  }
  if (advice.rounds) {
    out += fmt::format("\nTilsyn: hvert {}. minut til {}", advice.rounds->every.count(),
                       clock_text(advice.rounds->until));
  }
  if (advice.read_back_required) out += fmt::format("\n{}", text::kReadBackRequired);
  return out;
}

std::string with_reason(std::string_view what, const std::string& reason) {
  return reason.empty() ? std::string(what) : fmt::format("{}: {}", what, reason);
}

std::string late_text(const Alert& alert) {
  if (!alert.taken_by || !alert.taken_at || !alert.view.late) return {};
  return fmt::format("{}{}{}{}", alert.taken_by->name, text::kAnswered, clock_text(*alert.taken_at),
                     alert.view.reserve_used ? text::kLateReserve : text::kLateExhausted);
}

// One line that says where the alert is.
std::string where_text(const Alert& alert) {
  const auto& view = alert.view;
  if (alert.unsent) return std::string(text::kNotSentYet);
  if (const std::string late = late_text(alert); !late.empty() && view.state != wire::AlertState::kClosed) {
    return late;
  }
  const std::string taker =
      alert.taken_by ? std::string(text::kTakenBy) + person_text(*alert.taken_by) : std::string();
  switch (view.state) {
    case wire::AlertState::kEscalating: {
      std::string out(text::kNobodyYet);
      if (view.next_at != kNever) out += fmt::format(" {}{}.", text::kSentOnAt, clock_text(view.next_at));
      return out;
    }
    case wire::AlertState::kTaken:
      if (!taker.empty() && alert.handing_to) {
        return fmt::format("{}. Givet videre til {}{}", taker,
                           alert.asked_to_take               ? std::string(text::kYou)
                           : alert.handing_to_name.empty() ? std::string(text::kUnknownColleague)
                                                           : alert.handing_to_name,
                           alert.asked_to_take ? text::kHandOverAsksYou : text::kHandOverWaits);
      }
      return taker.empty() ? fmt::format("{}at nogen har taget den. Vent på navnet.", text::kWarningUnproven)
                           : taker;
    case wire::AlertState::kExhausted: return std::string(text::kExhausted);
    case wire::AlertState::kAdvised:
      return taker.empty() ? std::string(text::state_text(view.state))
                           : fmt::format("{}. {}", text::state_text(view.state), taker);
    case wire::AlertState::kWithdrawn:
    case wire::AlertState::kClosed: return std::string(text::state_text(view.state));
  }
  return {};
}

Paint severity_paint(wire::Severity severity) {
  switch (severity) {
    case wire::Severity::kAlarm:
    case wire::Severity::kRed: return Paint::kRed;
    case wire::Severity::kYellow: return Paint::kYellow;
    case wire::Severity::kGreen: return Paint::kGreen;
  }
  return Paint::kPlain;
}

std::string alert_head(const Alert& alert, const Screen& screen) {
  const auto& view = alert.view;
  std::string unit = printable_line(alert.unit_label);
  return fmt::format("[{}] {}{} · {}", short_id(view.alert.hex()), drill_mark(view.drill),
                     paint(severity_paint(view.severity), text::severity_text(view.severity), screen),
                     unit.empty() ? "ukendt enhed" : unit);
}

std::string ring_line(const AlertChanged& changed, const Screen& screen, bool loud) {
  const bool exhausted = changed.notice == wire::NoticeKind::kLoud;
  return fmt::format(
      "{}{} {}{} – {}\n", loud ? "\a" : "", clock_text(changed.alert.view.raised_at),
      drill_mark(changed.alert.view.drill), paint(Paint::kBold, text::notice_text(changed.notice), screen),
      exhausted ? paint(Paint::kRed, text::kExhausted, screen) : alert_head(changed.alert, screen));
}

std::string alert_changed(const AlertChanged& changed, const Client& client, const Screen& screen,
                          bool loud) {
  const bool rings = changed.notice != wire::NoticeKind::kNone;
  std::string out = rings ? ring_line(changed, screen, loud) : std::string();
  out += alert_block(changed.alert, screen);
  if (changed.notice == wire::NoticeKind::kResumed) out += fmt::format("{}{}\n", kIndent, text::kResumed);
  const bool unanswered = changed.alert.view.state == wire::AlertState::kExhausted && changed.alert.own_unit;
  if (!unanswered && changed.notice != wire::NoticeKind::kLoud) return out;
  // P-141: nobody shall ring 112 for a drill, nor take a real plan for one.
  if (changed.alert.view.drill) return out + paint(Paint::kYellow, text::kDrillReserve, screen) + "\n";
  return out + reserve_block(client, screen);
}

std::string members_text(const MembersChanged& changed) {
  std::string out;
  for (const auto& person : changed.joined)
    out += printable_line(person_text(person)) + std::string(text::kJoined) + "\n";
  for (const auto& person : changed.left)
    out += printable_line(person_text(person)) + std::string(text::kLeft) + "\n";
  return out;
}

std::string own_text(const OwnMessage& own, const Client& client, const Screen& screen) {
  if (own.delivery == Delivery::kFailed) {
    return paint(
               Paint::kRed,
               fmt::format("{} [{}]: {}", text::kNotSent, short_id(own.id.hex()), text::error_text(own.why)),
               screen) +
           "\n" + reserve_block(client, screen);
  }
  return paint(Paint::kDim, fmt::format("{} [{}]", text::delivery_text(own.delivery), short_id(own.id.hex())),
               screen) +
         "\n";
}

// P-110: what the worker's own device says, hub or no hub.
std::string ring_now(const RingNow& ring, const Client& client, const Screen& screen, bool loud) {
  return fmt::format("{}[{}] {}{}\n{}", loud ? "\a" : "", short_id(ring.alert.hex()),
                     ring.drill ? std::string(text::kDrill) + " · " : std::string(),
                     paint(Paint::kRed, text::ring_text(ring.reason), screen), reserve_block(client, screen));
}

}  // namespace

std::string printable(std::string_view text) { return cleaned(text, "\n" + std::string(kIndent)); }
std::string printable_line(std::string_view text) { return cleaned(text, " "); }
std::string short_id(const std::string& hex) { return hex.substr(0, kShortIdCharacters); }

std::string person_text(const Person& person) {
  return person.profession.empty() ? person.name : person.name + ", " + person.profession;
}

std::string author_text(const Message& message) {
  const auto& content = message.content;
  if (message.author.kind != wire::HolderKind::kUnit || content.author_name.empty() ||
      content.author_name == message.author.name) {
    return person_text(message.author);
  }
  std::string who = content.author_name;
  if (!content.author_profession.empty()) who += ", " + content.author_profession;
  return who + " (" + message.author.name + ")";
}

std::string clock_text(UtcTime time) { return format_local(time); }
std::string date_and_clock_text(UtcTime time) { return format_local_date(time) + " " + format_local(time); }

std::string said_text(const wire::Body& body) {
  return std::visit(
      Overloaded{
          [](const wire::AdviceRequest& b) { return request_text(b); },
          [](const wire::IsbarAddition& b) { return "Tilføjet til kaldet\n" + isbar_text(b.isbar); },
          [](const wire::MedicineQuestion& b) {
            return "Spørgsmål om medicin: " + b.question + named("Præparat", b.drug) +
                   named("Dosis", b.dose) + named("Sidst givet", b.last_given) +
                   named("PN prøvet", b.tried_prn) + named("Allergi", b.allergies) +
                   named("Målte værdier", b.vital_signs);
          },
          [](const wire::Text& b) { return b.text; },
          [](const wire::Advice& b) { return advice_text(b); },
          [](const wire::ReadBack& b) { return "Læser tilbage: " + b.text; },
          [](const wire::ReadBackVerdict& b) {
            return std::string(b.correct ? text::kReadBackOk : text::kReadBackWrong);
          },
          [](const wire::Done& b) {
            return b.done ? "Udført " + clock_text(b.at) : with_reason("Kunne ikke udføres", b.reason);
          },
          [](const wire::Observation& b) {
            return fmt::format("Observation {}: {}", clock_text(b.at), b.text);
          },
          [](const wire::Take&) { return std::string(text::kTake); },
          [](const wire::Decline& b) { return with_reason("Kan ikke tage den", b.reason); },
          [](const wire::ReserveUsed& b) { return "Reserveplan brugt: " + b.choice; },
          [](const wire::Withdraw& b) { return with_reason("Trukket tilbage", b.reason); },
          [](const wire::Close&) { return std::string("Afsluttet"); },
          [](const wire::Seen& b) {
            return std::string(b.stage == wire::SeenStage::kSeen ? "Set" : "Nået frem");
          },
          [](const wire::JournalMark& b) { return "Ført i journal " + clock_text(b.at); },
          [](const wire::HandOver&) { return std::string(text::kHandedOver); },
          // Kinds of a citizen's conversation: read here, written on the screens.
          [&](const auto&) { return std::string(body_name(body)) + "\n" + body_text(body); },
      },
      body);
}

std::string_view body_kind(const wire::Body& body) noexcept {
  return std::visit(Overloaded{
                        [](const wire::AdviceRequest&) { return std::string_view("ask"); },
                        [](const wire::IsbarAddition&) { return std::string_view("isbar"); },
                        [](const wire::MedicineQuestion&) { return std::string_view("medicine_question"); },
                        [](const wire::Text&) { return std::string_view("text"); },
                        [](const wire::Advice&) { return std::string_view("advice"); },
                        [](const wire::ReadBack&) { return std::string_view("read_back"); },
                        [](const wire::ReadBackVerdict&) { return std::string_view("verdict"); },
                        [](const wire::Done&) { return std::string_view("done"); },
                        [](const wire::Observation&) { return std::string_view("observation"); },
                        [](const wire::Take&) { return std::string_view("take"); },
                        [](const wire::Decline&) { return std::string_view("decline"); },
                        [](const wire::ReserveUsed&) { return std::string_view("reserve"); },
                        [](const wire::Withdraw&) { return std::string_view("withdraw"); },
                        [](const wire::Close&) { return std::string_view("close"); },
                        [](const wire::Seen&) { return std::string_view("seen"); },
                        [](const wire::JournalMark&) { return std::string_view("journal_mark"); },
                        [](const wire::HandOver&) { return std::string_view("hand_over"); },
                        [](const wire::Opening&) { return std::string_view("opening"); },
                        [](const wire::PlanCard&) { return std::string_view("plan"); },
                        [](const wire::PlanCardSigned&) { return std::string_view("plan_signed"); },
                        [](const wire::Task&) { return std::string_view("task"); },
                        [](const wire::TaskTaken&) { return std::string_view("task_taken"); },
                        [](const wire::TaskDone&) { return std::string_view("task_done"); },
                    },
                    body);
}

std::string paint(Paint paint, std::string_view text, const Screen& screen) {
  std::string_view code;
  switch (paint) {
    case Paint::kPlain: return std::string(text);
    case Paint::kBold: code = "1"; break;
    case Paint::kRed: code = "1;31"; break;
    case Paint::kGreen: code = "32"; break;
    case Paint::kYellow: code = "33"; break;
    case Paint::kDim: code = "2"; break;
  }
  return screen.colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string message_block(const Message& message, const Screen& screen) {
  const std::string head = fmt::format("{} [{}] {}", clock_text(message.content.written_at),
                                       short_id(message.id.hex()), printable_line(author_text(message)));
  std::string state;
  if (message.own) {
    const Paint how = message.delivery == Delivery::kFailed ? Paint::kRed : Paint::kDim;
    state = " · " + paint(how, text::delivery_text(message.delivery), screen);
  }
  return fmt::format("{}{}\n{}{}\n", paint(Paint::kBold, head, screen), state, kIndent,
                     printable(said_text(message.content.body)));
}

std::string receipt_line(const PersonReceipt& receipt, const Screen& screen) {
  const std::string_view how = receipt.stage == wire::SeenStage::kSeen ? text::kSeenBy : text::kOnDeviceOf;
  return std::string(kIndent) +
         paint(
             Paint::kDim,
             fmt::format("{}{} {}", how, printable_line(person_text(receipt.person)), clock_text(receipt.at)),
             screen) +
         "\n";
}

std::string alert_block(const Alert& alert, const Screen& screen) {
  const bool red = alert.unsent || alert.view.state == wire::AlertState::kExhausted;
  const bool good =
      alert.view.state == wire::AlertState::kTaken || alert.view.state == wire::AlertState::kAdvised;
  const Paint how = red ? Paint::kRed : good ? Paint::kGreen : Paint::kPlain;
  std::string out =
      fmt::format("{} · {}\n{}{}\n", alert_head(alert, screen), date_and_clock_text(alert.view.raised_at),
                  kIndent, paint(how, printable_line(where_text(alert)), screen));
  if (alert.view.technical_alarm) out += fmt::format("{}{}\n", kIndent, text::kTechnicalAlarm);
  for (const auto& warning : alert.warnings) {
    out += fmt::format("{}{}\n", kIndent,
                       paint(Paint::kYellow, std::string(text::kNote) + printable_line(warning), screen));
  }
  return out;
}

std::string suspension_text(const SuspensionView& suspension) {
  const std::string whose = suspension.device_name.empty()
                                ? fmt::format("Enheden {}", short_id(suspension.device.hex()))
                                : fmt::format("Enheden {} ({})", short_id(suspension.device.hex()),
                                              printable_line(suspension.device_name));
  const std::string by = printable_line(person_text(suspension.by));
  if (!suspension.lifted_at) return fmt::format("{} er spærret af {} {}.", whose, by, clock_text(suspension.at));
  return fmt::format("{} er ikke spærret mere. {} har ophævet spærringen {}.", whose,
                     suspension.by_organisation ? printable_line(suspension.by.organisation_name) : by,
                     clock_text(*suspension.lifted_at));
}

std::string reserve_block(const Client& client, const Screen& screen) {
  std::string plan = client.reserve_plan();
  if (plan.starts_with(text::kRing112)) plan.erase(0, text::kRing112.size() + 1);  // it stands above, in red
  std::string out = paint(Paint::kRed, text::kRing112, screen) + "\n";
  if (plan.empty()) return out + std::string(text::kNoReservePlan) + "\n";
  return out + std::string(kIndent) + printable(plan) + "\n";
}

std::string event_block(const Event& event, const Client& client, const Screen& screen, bool loud) {
  return std::visit(
      Overloaded{
          [&](const Connected&) { return paint(Paint::kGreen, text::kConnected, screen) + "\n"; },
          [&](const Disconnected& e) {
            const bool refused = e.reason == Errc::kUntrusted;
            return paint(Paint::kRed, refused ? text::kUntrustedHub : text::kDisconnected, screen) + "\n";
          },
          [&](const Enrolled& e) {
            return std::string(text::kEnrolled) + printable_line(person_text(e.self)) + "\n";
          },
          [&](const NewMessage& e) {
            // Receipts of others are state, not speech: they show at the message they are about.
            if (std::holds_alternative<wire::Seen>(e.message.content.body)) return std::string();
            return message_block(e.message, screen);
          },
          [&](const OwnMessage& e) { return own_text(e, client, screen); },
          [&](const AlertChanged& e) { return alert_changed(e, client, screen, loud); },
          [&](const MembersChanged& e) { return members_text(e); },
          [&](const Suspicion& e) {
            return paint(Paint::kRed, std::string(text::kSuspicion) + printable_line(e.text), screen) + "\n";
          },
          [&](const UpdateNeeded&) {
            return paint(Paint::kRed, std::string(text::kUpdateNeeded), screen) + "\n";
          },
          [&](const RemovedFromConversation&) { return std::string(text::kRemoved) + "\n"; },
          [&](const Revoked&) {
            return (loud ? std::string("\a") : std::string()) + paint(Paint::kRed, text::kRevoked, screen) +
                   "\n";
          },
          [&](const RingNow& e) { return ring_now(e, client, screen, loud); },
          [&](const SuspensionAnswered&) { return std::string(); },  // who asked is told where she asked
          [&](const SuspensionNews& e) { return suspension_text(e.suspension) + "\n"; },
          [&](const SuspendedHere& e) {
            return (loud ? std::string("\a") : std::string()) +
                   paint(Paint::kRed, suspension_text(e.suspension) + " " + std::string(text::kSuspendedHere), screen) +
                   "\n";
          },
          [&](const DutyAnswered&) { return std::string(); },  // who asked is told where she asked
          [&](const DutyNews& e) { return change_block(e.change, screen); },
          [&](const GapAhead& e) { return gap_block(e, screen, loud); },
          [&](const CheckInDue& e) { return check_in_block(e.check_in, screen, loud); },
          [&](const CheckInAnswered&) { return std::string(); },  // likewise
          [&](const RoleReachChanged& e) { return reach_block(e, screen, loud); },
          [&](const RoundDue& e) {
            return (loud ? "\a" : "") + paint(Paint::kYellow, std::string(text::kRoundDue) + clock_text(e.due), screen) + "\n";
          },
      },
      event);
}

}  // namespace nattevagt::client::cli
