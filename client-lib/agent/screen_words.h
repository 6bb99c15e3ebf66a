// The app protocol's JSON for the library's plain values (mobile-bridge/PROTOCOL.md sections 4 to 9).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "client-lib/client.h"

namespace nattevagt::client::agent {

// Never throws: what is no UTF-8 becomes a replacement character.
std::string text_of(const nlohmann::ordered_json& json);
nlohmann::ordered_json time_json(UtcTime time);  // null for kNever and for no time
nlohmann::ordered_json reach_json(const Reach& reach);  // section 10 of the app protocol
nlohmann::ordered_json day_json(wire::LocalDay day);
nlohmann::ordered_json person_json(const Person& person);
// Who wrote: for a unit's phone the person who held it, with the unit beside.
nlohmann::ordered_json author_json(const Message& message);
nlohmann::ordered_json plan_json(const wire::PlanCard& card, UtcTime now);
nlohmann::ordered_json body_json(const wire::Body& body, UtcTime now);
nlohmann::ordered_json message_json(const Message& message, UtcTime now);

}  // namespace nattevagt::client::agent
