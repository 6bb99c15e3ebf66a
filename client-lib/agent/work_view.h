// What the screens are told about citizens, work, people and devices (mobile-bridge/PROTOCOL.md sections 6 to
// 9): each function gives one JSON object, made of what the library has verified.
#pragma once

#include <optional>
#include <string>

#include "client-lib/agent/screen_words.h"

namespace nattevagt::client::agent {

Json citizens_json(const std::vector<CitizenRoom>& rooms);
std::string citizens_text(const Client& client);
Result<std::string> citizen_text(const Client& client, const wire::Citizen& citizen, UtcTime now);
Result<std::string> beside_text(const Client& client, ConversationId incident, UtcTime now);  // P-169
Result<std::string> handover_text(const Client& client);
Result<std::string> digest_text(const Client& client);
std::string profiles_text(const Client& client, const std::optional<ProfileId>& holds);
std::string rota_text(const Client& client);
std::string devices_text(const Client& client);
std::string duty_event(const DutyAnswered& answered);
std::string suspension_event(const SuspensionAnswered& answered);
std::string check_in_event(const CheckInAnswered& answered);
// A talk's messages with what became of them: tasks, and signatures that count.
void tell_fate(Json& list, const std::vector<Message>& messages, const Client& client);

}  // namespace nattevagt::client::agent
