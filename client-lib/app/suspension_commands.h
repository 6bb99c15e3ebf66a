// Lost phones at the command line, from a device's home: `nattevagt suspend`, and its undoing (section 19).
#pragma once

#include <optional>
#include <string>

#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "client-lib/client.h"

namespace nattevagt::client::cli {

struct SuspendCommand {
  AgentReply reply;                   // when nothing is waited for; else what is said beside the answer
  std::optional<SuspensionId> waits;  // its answer comes as SuspensionAnswered
};
SuspendCommand run_suspend(const Arguments& arguments, Client& client);
// The hub's answer, none: it did not come, as a person or a script reads it.
AgentReply suspension_answered(const std::optional<SuspensionAnswered>& answer, bool json, const Screen& screen);

}  // namespace nattevagt::client::cli
