#include "client-lib/app/rota_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "client-lib/app/json_lines.h"
#include "client-lib/app/rota_show.h"
#include "client-lib/app/show.h"
#include "client-lib/export/local_time.h"
#include "proto/rota/changes.h"
#include "proto/rota/rota.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::client::cli {
namespace {

struct Published {
  const wire::TrustedOrganisation* by = nullptr;
  wire::Roster roster;
  std::optional<wire::Rota> rota;
  std::vector<wire::AgreedChange> changes;
};

std::string_view severity_word(wire::Severity severity) {
  switch (severity) {
    case wire::Severity::kAlarm: return "Alarm";
    case wire::Severity::kRed: return "Rød";
    case wire::Severity::kYellow: return "Gul";
    case wire::Severity::kGreen: return "Grøn";
  }
  return {};
}

struct Answer {
  std::string who;   // the role's or unit's name
  std::string says;  // names or a number; empty: nobody
  bool gap = false;
  UtcTime until = kNever;
};

class Board {
 public:
  Board(const Organisation& organisation, UtcTime now) : organisation_(organisation), now_(now) {
    trusted_.push_back(organisation.trust());
    for (const auto& other : organisation.state().trusted) trusted_.push_back(other.duplicate());
  }

  Status read(const std::vector<wire::SignedDocument>& documents) {
    for (const auto& trusted : trusted_) published_[trusted.card.id].by = &trusted;
    for (const auto& document : documents) {
      const auto found = published_.find(document.organisation);
      if (found == published_.end()) continue;
      if (document.kind == wire::DocumentKind::kDutyChanges) {
        NV_TRYV(read_changes(document, found->second));
        continue;
      }
      NV_TRYV(wire::verify_document(document, found->second.by->card));
      if (document.kind == wire::DocumentKind::kRoster) {
        NV_TRY(found->second.roster, wire::decode_roster(document.body));
      } else if (document.kind == wire::DocumentKind::kRota) {
        NV_TRY(found->second.rota, wire::decode_rota(document.body));
      }
    }
    for (auto& [id, by] : published_) {
      if (by.rota) by.rota = rota::with_changes(*by.rota, by.changes);
    }
    return {};
  }

  std::string print(const Screen& screen, bool json) const {
    std::string out;
    const Published& own = published_.at(organisation_.card().id);
    for (const auto& unit : own.roster.units) {
      const std::string name = label(own, unit.sealed_label, unit.id.view());
      if (!json) out += paint(Paint::kBold, printable_line(name), screen) + "\n";
      for (const auto& choice : unit.ladders) {
        const auto ladder = std::find_if(own.roster.ladders.begin(), own.roster.ladders.end(),
                                         [&](const auto& item) { return item.id == choice.ladder; });
        if (ladder == own.roster.ladders.end()) continue;
        for (std::size_t step = 0; step < ladder->steps.size(); ++step) {
          for (const auto& target : ladder->steps[step].targets) {
            const Answer answer = answer_of(target);
            out += json ? line_json(name, choice.severity, step, answer)
                        : line_text(choice.severity, step, answer, screen);
          }
        }
      }
    }
    return out;
  }

  // The organisation's own people have changed this; it takes one back with revoked = ["..."] in its rota.
  std::string print_changes(bool json) const {
    std::string out;
    const Published& own = published_.at(organisation_.card().id);
    for (const auto& agreed : own.changes) {
      const auto& change = agreed.change;
      const auto role = std::find_if(own.roster.roles.begin(), own.roster.roles.end(),
                                     [&](const auto& item) { return item.id == change.role; });
      const std::string name =
          role == own.roster.roles.end() ? "?" : label(own, role->sealed_label, role->id.view());
      const auto taker = agreed.taker ? agreed.taker : change.takes;
      const std::string takes = taker ? people(own, {*taker}) : std::string();
      const std::string gives = change.gives ? people(own, {*change.gives}) : std::string();
      if (json) {
        out += json_object({{"change", change.id.hex()},
                            {"role", name},
                            {"gives", gives},
                            {"takes", takes},
                            {"from", format_utc_iso(change.from)},
                            {"until", format_utc_iso(change.until)},
                            {"complete", agreed.complete}});
        continue;
      }
      out += fmt::format("{} {}: {}{}{}, {} – {}{}\n", change.id.hex(), printable_line(name), gives,
                         gives.empty() ? "" : " → ", takes.empty() ? "?" : takes,
                         date_and_clock_text(change.from), date_and_clock_text(change.until),
                         agreed.complete ? "" : " (venter på svar)");
    }
    if (!json && !out.empty()) out = "Ændret af personerne selv:\n" + out;
    return out;
  }

 private:
  Status read_changes(const wire::SignedDocument& document, Published& by) const {
    NV_TRY(const wire::DutyChanges changes, wire::decode_duty_changes(document.body));
    for (const auto& item : changes.items) {
      NV_TRY(wire::AgreedChange agreed, wire::verify_duty_change(item, std::vector{by.by->card}));
      by.changes.push_back(std::move(agreed));
    }
    return {};
  }

  static std::string label(const Published& by, ByteView sealed, ByteView bound_to) {
    const auto opened = wire::open_label(sealed, by.by->directory_key, bound_to);
    return opened ? opened->name : "?";
  }

  std::string people(const Published& by, const std::vector<PersonId>& persons) const {
    if (persons.empty()) return {};
    if (by.by->card.id != organisation_.card().id) return fmt::format("{} på vagt", persons.size());
    std::string out;
    for (const auto& id : persons) {
      const auto* person = organisation_.find_person(id);
      out += (out.empty() ? "" : " + ") + printable_line(person == nullptr ? "?" : person->name);
    }
    return out;
  }

  // The same as the hub's (broker/core/directory, holders_at): P-100 and P-105.
  Answer answer_of(const wire::Target& target) const {
    if (target.kind == wire::TargetKind::kPerson) {
      return {"person", people(published_.at(organisation_.card().id), {PersonId{target.id.bytes}})};
    }
    for (const auto& [id, by] : published_) {
      if (target.kind == wire::TargetKind::kUnit) {
        for (const auto& unit : by.roster.units) {
          if (unit.id.bytes == target.id.bytes)
            return {label(by, unit.sealed_label, unit.id.view()), "enheden"};
        }
        continue;
      }
      for (const auto& role : by.roster.roles) {
        if (role.id.bytes == target.id.bytes) return answer_of(by, role);
      }
    }
    return {"?", {}};
  }

  Answer answer_of(const Published& by, const wire::Role& role) const {
    Answer out{label(by, role.sealed_label, role.id.view()), {}};
    const auto* plan = by.rota ? rota::find_role(*by.rota, role.id) : nullptr;
    if (plan == nullptr) {
      out.says = people(by, role.holders);
      return out;
    }
    const rota::Answering answering = rota::who_answers(*by.rota, *plan, now_);
    out.gap = answering.gap;
    out.until = rota::next_answer_change(*by.rota, *plan, now_);
    const auto other = std::find_if(by.roster.roles.begin(), by.roster.roles.end(),
                                    [&](const auto& item) { return item.id == answering.answering; });
    if (other == by.roster.roles.end()) return out;
    std::vector<PersonId> persons;
    for (const auto& person : other->holders) {
      const auto& on_duty = answering.duty.persons;
      if (!answering.in_rota || std::find(on_duty.begin(), on_duty.end(), person) != on_duty.end()) {
        persons.push_back(person);
      }
    }
    out.says = people(by, persons);
    if (answering.answering != role.id && !out.says.empty()) {
      out.says += " (" + label(by, other->sealed_label, other->id.view()) + ")";
    }
    return out;
  }

  std::string line_text(wire::Severity severity, std::size_t step, const Answer& answer,
                        const Screen& screen) const {
    std::string line =
        fmt::format("  {:<6} {}. {}: ", severity_word(severity), step + 1, printable_line(answer.who));
    if (answer.gap || answer.says.empty()) line += paint(Paint::kRed, "!! INGEN VAGT !!", screen);
    if (!answer.says.empty()) line += (answer.gap ? " " : "") + printable_line(answer.says);
    if (answer.until != kNever) line += " til kl. " + clock_of(answer.until);
    return line + "\n";
  }
  std::string line_json(const std::string& unit, wire::Severity severity, std::size_t step,
                        const Answer& answer) const {
    return json_object({{"unit", unit},
                        {"severity", std::string(severity_word(severity))},
                        {"step", static_cast<std::int64_t>(step + 1)},
                        {"target", answer.who},
                        {"answers", answer.says},
                        {"gap", answer.gap},
                        {"until", answer.until == kNever ? std::string() : format_utc_iso(answer.until)}});
  }

  const Organisation& organisation_;
  UtcTime now_;
  std::vector<wire::TrustedOrganisation> trusted_;
  std::map<OrganisationId, Published> published_;
};

}  // namespace

Result<wire::Roster> own_roster(const std::vector<wire::SignedDocument>& documents,
                                const wire::OrganisationCard& card) {
  for (const auto& document : documents) {
    if (document.organisation != card.id || document.kind != wire::DocumentKind::kRoster) continue;
    NV_TRYV(wire::verify_document(document, card));
    return wire::decode_roster(document.body);
  }
  return fail(Errc::kNotFound, "own_roster");
}

Result<std::string> who_answers_units(const Organisation& organisation,
                                      const std::vector<wire::SignedDocument>& documents, UtcTime now,
                                      const Screen& screen, bool json) {
  Board board(organisation, now);
  NV_TRYV(board.read(documents));
  return board.print(screen, json) + board.print_changes(json);
}

}  // namespace nattevagt::client::cli
