#include "client-lib/admin/roster_build.h"

#include <algorithm>
#include <set>
#include <utility>

#include "proto/common/check.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {
namespace {

template <class IdType>
wire::Target target_of(wire::TargetKind kind, const IdType& id) {
  wire::Target target;
  target.kind = kind;
  target.id.bytes = id.bytes;
  return target;
}

class RosterBuilder {
 public:
  RosterBuilder(Organisation& organisation, const std::vector<ForeignName>& foreign)
      : organisation_(organisation), foreign_(foreign) {}

  Result<BuiltRoster> build(const RosterDraft& draft, UtcTime now) {
    draft_ = &draft;
    wire::Roster& roster = out_.roster;
    roster.issued_at = now;
    for (const auto& person : draft.people) {
      NV_TRY([[maybe_unused]] const auto id, organisation_.person(person.name.text, person.profession));
    }
    for (const auto& role : draft.roles) NV_TRYV(add_role(role));
    for (const auto& ladder : draft.ladders) NV_TRYV(add_ladder(ladder));
    for (const auto& unit : draft.units) NV_TRYV(add_unit(unit));
    for (const auto& recorder : draft.recorders) {
      NV_TRY(const auto id, organisation_.holder(wire::HolderKind::kRecorder, recorder.text));
      roster.recorders.push_back(id);
    }
    if (!draft.reserve_plan.empty()) {
      roster.sealed_reserve_plan = organisation_.seal_reserve_plan(draft.reserve_plan);
    }
    name_people();
    return std::move(out_);
  }

 private:
  void note(RosterFault fault, const DraftName& name, std::string detail) {
    out_.problems.push_back({fault, name.line, name.text, std::move(detail)});
  }

  Status add_role(const DraftRole& draft) {
    NV_TRY(const RoleId id, organisation_.role(draft.name.text));
    wire::Role role;
    role.id = id;
    role.sealed_label = organisation_.seal_name(draft.name.text, {}, id.view());
    for (const auto& holder : draft.holders) {
      NV_TRY(const PersonId person, organisation_.person(holder.text, {}));
      role.holders.push_back(person);
    }
    out_.roster.roles.push_back(std::move(role));
    return {};
  }

  // P-022: those whom a role or a step names, and nobody else: the hub is shown no more persons than it knew.
  void name_people() {
    std::set<PersonId> named;
    for (const wire::Role& role : out_.roster.roles) named.insert(role.holders.begin(), role.holders.end());
    for (const wire::Ladder& ladder : out_.roster.ladders) {
      for (const wire::LadderStep& step : ladder.steps) {
        for (const wire::Target& target : step.targets) {
          if (target.kind == wire::TargetKind::kPerson) named.insert(PersonId{target.id.bytes});
        }
      }
    }
    for (const PersonId& id : named) {
      const NamedPerson* person = organisation_.find_person(id);
      NV_CHECK(person != nullptr);  // it has just been given its id
      out_.roster.people.push_back({id, organisation_.seal_name(person->name, person->profession, id.view())});
    }
  }

  Status add_unit(const DraftUnit& draft) {
    NV_TRY(const UnitId id, organisation_.unit(draft.name.text));
    wire::Unit unit;
    unit.id = id;
    unit.sealed_label = organisation_.seal_name(draft.name.text, {}, id.view());
    for (const auto& choice : draft.ladders) {
      NV_TRY(const LadderId ladder, organisation_.ladder(choice.ladder.text));
      unit.ladders.push_back({choice.severity, ladder});
    }
    out_.roster.units.push_back(std::move(unit));
    return {};
  }

  Status add_ladder(const DraftLadder& draft) {
    wire::Ladder ladder;
    NV_TRY(ladder.id, organisation_.ladder(draft.name.text));
    ladder.advice_within = draft.advice_within;
    for (const auto& step : draft.steps) {
      wire::LadderStep made{step.wait, step.repeat, {}};
      for (const auto& name : step.to) {
        NV_TRY(const auto target, find_target(name));
        if (target) made.targets.push_back(*target);
      }
      ladder.steps.push_back(std::move(made));
    }
    out_.roster.ladders.push_back(std::move(ladder));
    return {};
  }

  template <class List>
  static bool names(const List& list, const std::string& text) {
    return std::any_of(list.begin(), list.end(), [&](const auto& item) { return item.name.text == text; });
  }

  Result<std::optional<wire::Target>> find_target(const DraftName& name) {
    const bool role = names(draft_->roles, name.text);
    const bool unit = names(draft_->units, name.text);
    const bool person = names(draft_->people, name.text);
    if (int{role} + int{unit} + int{person} > 1) {
      note(RosterFault::kAmbiguousTarget, name,
           std::string(role ? "rolle " : "") + (unit ? "enhed " : "") + (person ? "person" : ""));
      return std::optional<wire::Target>();
    }
    if (role) {
      NV_TRY(const auto id, organisation_.role(name.text));
      return std::optional(target_of(wire::TargetKind::kRole, id));
    }
    if (unit) {
      NV_TRY(const auto id, organisation_.unit(name.text));
      return std::optional(target_of(wire::TargetKind::kUnit, id));
    }
    if (person) {
      NV_TRY(const auto id, organisation_.person(name.text, {}));
      return std::optional(target_of(wire::TargetKind::kPerson, id));
    }
    return find_foreign(name);
  }

  std::optional<wire::Target> find_foreign(const DraftName& name) {
    const std::size_t colon = name.text.find(": ");
    if (colon == std::string::npos) {
      std::string known;
      for (const auto& role : draft_->roles) known += (known.empty() ? "" : "; ") + role.name.text;
      note(RosterFault::kUnknownTarget, name, known);
      return std::nullopt;
    }
    const std::string organisation = name.text.substr(0, colon);
    const std::string wanted = name.text.substr(colon + 2);
    const auto& trusted = organisation_.state().trusted;
    if (std::none_of(trusted.begin(), trusted.end(), [&](const auto& o) { return o.name == organisation; })) {
      std::string known;
      for (const auto& other : trusted) known += (known.empty() ? "" : "; ") + other.name;
      out_.problems.push_back({RosterFault::kUnknownOrganisation, name.line, organisation, known});
      return std::nullopt;
    }
    std::vector<wire::Target> found;
    std::string known;
    for (const auto& item : foreign_) {
      if (item.organisation != organisation) continue;
      if (item.name == wanted) found.push_back(item.target);
      known += (known.empty() ? "" : "; ") + item.name;
    }
    if (found.size() == 1) return found.front();
    note(found.empty() ? RosterFault::kUnknownTarget : RosterFault::kAmbiguousTarget, name, known);
    return std::nullopt;
  }

  Organisation& organisation_;
  const std::vector<ForeignName>& foreign_;
  const RosterDraft* draft_ = nullptr;
  BuiltRoster out_;
};

}  // namespace

Result<std::vector<ForeignName>> foreign_names(const std::vector<wire::TrustedOrganisation>& trusted,
                                               const std::vector<wire::SignedDocument>& documents) {
  std::vector<ForeignName> out;
  for (const auto& document : documents) {
    if (document.kind != wire::DocumentKind::kRoster) continue;
    const auto owner = std::find_if(trusted.begin(), trusted.end(),
                                    [&](const auto& o) { return o.card.id == document.organisation; });
    if (owner == trusted.end()) continue;
    NV_TRYV(wire::verify_document(document, owner->card));
    NV_TRY(const wire::Roster roster, wire::decode_roster(document.body));
    const auto add = [&](wire::TargetKind kind, const auto& item) {
      const auto label = wire::open_label(item.sealed_label, owner->directory_key, item.id.view());
      if (label) out.push_back({owner->name, label->name, target_of(kind, item.id)});
    };
    for (const auto& role : roster.roles) add(wire::TargetKind::kRole, role);
    for (const auto& unit : roster.units) add(wire::TargetKind::kUnit, unit);
  }
  return out;
}

Result<BuiltRoster> build_roster(const RosterDraft& draft, Organisation& organisation,
                                 const std::vector<ForeignName>& foreign, UtcTime now) {
  return RosterBuilder(organisation, foreign).build(draft, now);
}

}  // namespace nattevagt::client
