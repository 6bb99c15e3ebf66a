#include "client-lib/admin/rota_build.h"

#include <algorithm>
#include <functional>

namespace nattevagt::client {
namespace {

constexpr Millis kOverrideKept = std::chrono::hours(24 * 7);

template <class IdType>
std::string name_of(const std::map<std::string, IdType>& names, const IdType& id) {
  for (const auto& [name, known] : names) {
    if (known == id) return name;
  }
  return {};
}

// Where ids come from.
struct Source {
  std::function<RoleId(const std::string&)> role;
  std::function<PersonId(const std::string&)> person;
  std::function<Bytes(const std::string&, const RoleId&)> seal;
};

class RotaBuilder {
 public:
  RotaBuilder(const RotaDraft& draft, Source source) : draft_(draft), source_(std::move(source)) {}

  BuiltRota build(UtcTime now) {
    wire::Rota& rota = out_.rota;
    rota.issued_at = now;
    rota.yearly_holidays = draft_.yearly_holidays;
    rota.single_holidays = draft_.single_holidays;
    rota.revoked_changes = draft_.revoked;
    for (const auto& role : draft_.roles) rota.roles.push_back(plan_of(role));
    for (const auto& change : draft_.overrides) {
      const RoleId role = role_id(change.role.text);
      rota.overrides.push_back({change.kind, role, change.from, change.until, persons(change.who),
                                change.reason.empty() ? Bytes() : source_.seal(change.reason, role)});
    }
    // After the overrides: what two people have agreed stands on what was planned by then.
    for (const auto& swap : draft_.swaps) {
      if (swap.accepted) add_swap(swap);
    }
    return std::move(out_);
  }

 private:
  RoleId role_id(const std::string& name) {
    const auto [it, fresh] = out_.names.roles.try_emplace(name);
    if (fresh) it->second = source_.role(name);
    return it->second;
  }
  PersonId person_id(const std::string& name) {
    const auto [it, fresh] = out_.names.persons.try_emplace(name);
    if (fresh) it->second = source_.person(name);
    return it->second;
  }
  std::vector<PersonId> persons(const std::vector<DraftName>& names) {
    std::vector<PersonId> out;
    out.reserve(names.size());
    for (const auto& name : names) out.push_back(person_id(name.text));
    return out;
  }

  wire::RoleRota plan_of(const DraftRoleRota& draft) {
    wire::RoleRota out;
    out.role = role_id(draft.name.text);
    for (const auto& cover : draft.covers) {
      const auto window = std::find_if(draft_.windows.begin(), draft_.windows.end(),
                                       [&](const auto& known) { return known.name.text == cover.text; });
      if (window != draft_.windows.end()) out.windows.push_back(window->window);
    }
    for (const auto& duty : draft.duties) {
      wire::Duty made;
      for (std::size_t i = 0; i < draft.covers.size(); ++i) {
        const bool named = std::any_of(duty.windows.begin(), duty.windows.end(),
                                       [&](const auto& name) { return name.text == draft.covers[i].text; });
        if (named || duty.windows.empty()) made.windows |= 1U << i;
      }
      if (made.windows == 0) continue;  // a role that covers nothing has been warned of
      made.first = duty.first;
      made.last = duty.last;
      made.turn_days = std::max<std::uint16_t>(duty.turn_days, 1);
      if (duty.turn_days == 0) {
        made.turns = {persons(duty.who)};
      } else {
        for (const auto& name : duty.who) made.turns.push_back({person_id(name.text)});
      }
      out.duties.push_back(std::move(made));
    }
    if (draft.backup) out.backup = role_id(draft.backup->text);
    if (draft.daytime) out.daytime = role_id(draft.daytime->text);
    return out;
  }

  // Whoever is on duty beside the one who gives stays; where that one is not on duty there is nothing to
  // give.
  void add_swap(const DraftSwap& swap) {
    const wire::RoleRota* role = rota::find_role(out_.rota, role_id(swap.role.text));
    if (role == nullptr) return;  // noted by the reader
    const PersonId gives = person_id(swap.gives.text), takes = person_id(swap.takes.text);
    bool given = false;
    for (const auto& stretch : rota::stretches(out_.rota, *role, swap.from, swap.until)) {
      std::vector<PersonId> persons = stretch.duty.persons;
      const auto place = std::find(persons.begin(), persons.end(), gives);
      if (place == persons.end()) continue;
      persons.erase(place);
      if (std::find(persons.begin(), persons.end(), takes) == persons.end()) persons.push_back(takes);
      out_.rota.overrides.push_back(
          {wire::OverrideKind::kSwap, role->role, stretch.from, stretch.until, std::move(persons), {}});
      given = true;
    }
    if (!given) {
      out_.problems.push_back({RotaFault::kNotOnDuty, swap.gives.line, swap.gives.text, swap.role.text});
    }
  }

  const RotaDraft& draft_;
  Source source_;
  BuiltRota out_;
};

// P-100: who may hold what, by the roster.
class Permission {
 public:
  Permission(const wire::Roster& roster, BuiltRota& built) : roster_(roster), built_(built) {}

  void role(const DraftName& name) {
    if (listed(name) != nullptr) return;
    built_.problems.push_back({RotaFault::kUnknownRole, name.line, name.text, known_roles()});
  }
  void persons(const DraftName& role, const std::vector<DraftName>& names) {
    const wire::Role* known = listed(role);
    if (known == nullptr) return;
    for (const auto& name : names) {
      const auto& id = built_.names.persons.at(name.text);
      if (std::find(known->holders.begin(), known->holders.end(), id) != known->holders.end()) continue;
      built_.problems.push_back({RotaFault::kUnknownPerson, name.line, name.text, role.text});
    }
  }

 private:
  const wire::Role* listed(const DraftName& name) const {
    const auto id = built_.names.roles.find(name.text);
    if (id == built_.names.roles.end()) return nullptr;
    for (const auto& role : roster_.roles) {
      if (role.id == id->second) return &role;
    }
    return nullptr;
  }
  std::string known_roles() const {
    std::string out;
    for (const auto& role : roster_.roles) {
      const std::string name = built_.names.of(role.id);
      if (!name.empty()) out += (out.empty() ? "" : "; ") + name;
    }
    return out;
  }

  const wire::Roster& roster_;
  BuiltRota& built_;
};

}  // namespace

std::string RotaNames::of(const RoleId& role) const { return name_of(roles, role); }
std::string RotaNames::of(const PersonId& person) const { return name_of(persons, person); }

BuiltRota build_loose(const RotaDraft& draft, UtcTime now) {
  std::uint32_t last = 0;
  const auto next = [&last](auto id) {
    ++last;
    for (std::size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(last >> (8 * (3 - i)));
    return id;
  };
  return RotaBuilder(draft, {[&](const std::string&) { return next(RoleId{}); },
                         [&](const std::string&) { return next(PersonId{}); },
                         [](const std::string&, const RoleId&) { return Bytes(); }})
      .build(now);
}

BuiltRota build_rota(const RotaDraft& draft, Organisation& organisation, const wire::Roster& roster,
                     UtcTime now) {
  // A name that the organisation does not know gets no id of its own here: people and roles come in by the
  // roster. The zero id is on no roster, so Permission finds it.
  const auto role = [&](const std::string& name) {
    for (const auto& known : organisation.state().roles) {
      if (known.name == name) return known.id;
    }
    return RoleId{};
  };
  const auto person = [&](const std::string& name) {
    const auto* known = organisation.find_person(name);
    return known == nullptr ? PersonId{} : known->id;
  };
  const auto seal = [&](const std::string& text, const RoleId& id) {
    return organisation.seal_name(text, {}, id.view());
  };
  BuiltRota out = RotaBuilder(draft, {role, person, seal}).build(now);
  std::erase_if(out.rota.overrides, [&](const auto& item) { return item.until < now - kOverrideKept; });
  Permission permission(roster, out);
  for (const auto& plan : draft.roles) {
    permission.role(plan.name);
    if (plan.backup) permission.role(*plan.backup);
    if (plan.daytime) permission.role(*plan.daytime);
    for (const auto& duty : plan.duties) permission.persons(plan.name, duty.who);
  }
  for (const auto& change : draft.overrides) permission.persons(change.role, change.who);
  for (const auto& swap : draft.swaps) {
    if (swap.accepted) permission.persons(swap.role, {swap.takes});
  }
  return out;
}

std::vector<rota::Gap> gaps_ahead(const wire::Rota& rota, UtcTime now) {
  // A day more than the hub looks: its clock is another, and it reads the plan a moment later.
  auto found = rota::gaps(rota, now, now + rota::kGapLookAhead + std::chrono::hours(24));
  std::erase_if(found, [](const rota::Gap& gap) { return gap.accepted; });
  return found;
}

}  // namespace nattevagt::client
