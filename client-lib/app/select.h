// Which alert, advice or read-back a command means: what the person wrote, or the only one that fits.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "client-lib/client.h"

namespace nattevagt::client::cli {

// The value, or the text that says why there is none and lists the candidates.
template <class T>
struct Selected {
  std::optional<T> value;
  std::string why_not;
};

bool is_open(const Alert& alert) noexcept;  // neither closed nor withdrawn
bool is_own(const std::optional<Person>& person, const Client& client);

// The alert that `verb` can be done to; what was written may be the alert's id or its conversation's.
Selected<Alert> select_alert(const Arguments& arguments, const Client& client, const Screen& screen);
// The conversation that `verb` (say, invite, history, export) is about. One who was called in does not know
// of the alert before its next change, and takes part all the same.
struct Talk {
  ConversationId id;
  std::optional<Alert> alert;
};
Selected<Talk> select_talk(const Arguments& arguments, const Client& client, const Screen& screen);
// The message that `verb` (readback, verdict, done) is about.
Selected<Message> select_message(const Arguments& arguments, const Client& client, const Screen& screen);
// A unit, role or person by name.
Selected<DirectoryEntry> select_name(const std::string& name, const Client& client);

}  // namespace nattevagt::client::cli
