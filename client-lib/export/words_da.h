// The Danish names of what is exported; the screens have their own texts.
#pragma once

#include <string>
#include <string_view>

#include "client-lib/core/values.h"

namespace nattevagt::client {

std::string_view severity_name(wire::Severity severity);
std::string_view situation_name(wire::Situation situation);
std::string_view state_name(wire::AlertState state);
std::string_view plan_name(wire::PlanKind kind);  // "Udskrivningsaftale" ...
std::string_view task_name(wire::TaskKind kind);  // "Lovet kontakt" ...
std::string_view body_name(const wire::Body& body);  // "Råd", "Tilbagelæsning" ...
std::string_view body_key(const wire::Body& body);   // "advice", "readBack" ...: for JSON
// What was said, one line a field.
std::string body_text(const wire::Body& body);

}  // namespace nattevagt::client
