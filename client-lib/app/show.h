// How alerts, messages and events look on a terminal. Danish, from texts_da.h; times local.
//
// Names and texts come from other people's devices: whatever is not a printable character is replaced, so
// that a message can neither move the cursor nor recolour what somebody else has said.
#pragma once

#include <string>
#include <string_view>

#include "client-lib/app/agent_socket.h"
#include "client-lib/client.h"

namespace nattevagt::client::cli {

inline constexpr std::size_t kShortIdCharacters = 6;

std::string printable(std::string_view text);       // keeps line feeds, indented
std::string printable_line(std::string_view text);  // no line feeds either
std::string short_id(const std::string& hex);
std::string person_text(const Person& person);                // "Ida Eksempel, overlæge"
std::string author_text(const Message& message);              // who wrote; for a unit's phone who holds it
std::string said_text(const wire::Body& body);                // without author; may have several lines
std::string_view body_kind(const wire::Body& body) noexcept;  // "ask", "text" ...; for scripts
std::string clock_text(UtcTime time);  // "kl. 02.40", with (sommertid) where it repeats
std::string date_and_clock_text(UtcTime time);

enum class Paint : std::uint8_t { kPlain, kBold, kRed, kGreen, kYellow, kDim };
std::string paint(Paint paint, std::string_view text, const Screen& screen);

std::string message_block(const Message& message, const Screen& screen);  // ends in a line feed
std::string receipt_line(const PersonReceipt& receipt, const Screen& screen);
std::string alert_block(const Alert& alert, const Screen& screen);
// "Ida Eksempels enhed er spærret af Mette Holm kl. 03.12", or how it ended.
std::string suspension_text(const SuspensionView& suspension);
std::string reserve_block(const Client& client, const Screen& screen);
// What an event says to a person; empty when it says nothing. `loud`: a bell with what must be heard.
std::string event_block(const Event& event, const Client& client, const Screen& screen, bool loud);

}  // namespace nattevagt::client::cli
