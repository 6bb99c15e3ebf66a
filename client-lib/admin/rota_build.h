// From a draft with names to a Rota with ids, and back to names for what people read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client-lib/admin/organisation.h"
#include "client-lib/admin/rota_draft.h"
#include "proto/rota/rota.h"
#include "proto/wire/identity.h"

namespace nattevagt::client {

// The names of one rota, both ways.
struct RotaNames {
  std::map<std::string, RoleId> roles;
  std::map<std::string, PersonId> persons;
  std::string of(const RoleId& role) const;  // empty: not one of them
  std::string of(const PersonId& person) const;
};

struct BuiltRota {
  wire::Rota rota;
  RotaNames names;
  std::vector<RotaProblem> problems;
};

// With ids that mean nothing outside: to check and to draw a file without the organisation's keys.
BuiltRota build_loose(const RotaDraft& draft, UtcTime now);

// With the organisation's ids. `roster` is the one that the organisation has published: a person who does not
// hold the role there is a problem (P-100), and so is a role that is not there. Overrides that ended more
// than a week ago are left out: the file keeps them, the document need not.
BuiltRota build_rota(const RotaDraft& draft, Organisation& organisation, const wire::Roster& roster,
                     UtcTime now);

// P-107: what stands in the way of publishing at `now`.
std::vector<rota::Gap> gaps_ahead(const wire::Rota& rota, UtcTime now);

}  // namespace nattevagt::client
