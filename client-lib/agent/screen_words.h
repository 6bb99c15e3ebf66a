// The app protocol's JSON for the library's plain values (mobile-bridge/PROTOCOL.md sections 4 to 9).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "client-lib/client.h"

namespace nattevagt::client::agent {

using Json = nlohmann::ordered_json;  // members stay in the order in which they were said

// Never throws: what is no UTF-8 becomes a replacement character.
std::string text_of(const Json& json);
Json time_json(UtcTime time);  // null for kNever and for no time
Json reach_json(const Reach& reach);  // section 10 of the app protocol
Json day_json(wire::LocalDay day);
Json person_json(const Person& person);
Json suspension_json(const SuspensionView& suspension);  // section 11 of the app protocol
// Who wrote: for a unit's phone the person who held it, with the unit beside.
Json author_json(const Message& message);
Json plan_json(const wire::PlanCard& card, UtcTime now);
Json body_json(const wire::Body& body, UtcTime now);
Json message_json(const Message& message, UtcTime now);

}  // namespace nattevagt::client::agent
