// From a draft with names to a Roster with ids and sealed labels.
#pragma once

#include <map>
#include <vector>

#include "client-lib/admin/organisation.h"
#include "client-lib/admin/roster_draft.h"

namespace nattevagt::client {

// What other organisations offer to a ladder: their roles and units by name, read from their signed rosters
// with the directory key they gave us. A ladder names them as "Region Havbakken: vagthavende psykiater".
struct ForeignName {
  std::string organisation;
  std::string name;
  wire::Target target;
};
// Documents of organisations that we do not trust are passed over; a bad signature of one that we trust is
// kBadSignature: the hub, or the network behind it, has been caught.
Result<std::vector<ForeignName>> foreign_names(const std::vector<wire::TrustedOrganisation>& trusted,
                                               const std::vector<wire::SignedDocument>& documents);

struct BuiltRoster {
  wire::Roster roster;
  std::vector<RosterProblem> problems;  // names that lead nowhere; the roster is of use only without errors
};
// New names get their ids in `organisation` (remembered by its next save).
Result<BuiltRoster> build_roster(const RosterDraft& draft, Organisation& organisation,
                                 const std::vector<ForeignName>& foreign, UtcTime now);

}  // namespace nattevagt::client
