// "Who answers now" for every unit of an organisation, by what it and those it trusts have published.
#pragma once

#include <string>
#include <vector>

#include "client-lib/admin/organisation.h"
#include "client-lib/app/agent_socket.h"

namespace nattevagt::client::cli {

// The newest roster of `card`'s organisation among `documents`. kNotFound, kBadSignature, kMalformed.
Result<wire::Roster> own_roster(const std::vector<wire::SignedDocument>& documents,
                                const wire::OrganisationCard& card);

// One block a unit, or one JSON line for each step. Other organisations' people have no name here: they are
// counted. kBadSignature: a document of ours or of one that we trust has been tampered with.
Result<std::string> who_answers_units(const Organisation& organisation,
                                      const std::vector<wire::SignedDocument>& documents, UtcTime now,
                                      const Screen& screen, bool json);

}  // namespace nattevagt::client::cli
