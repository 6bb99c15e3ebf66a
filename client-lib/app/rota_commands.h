// The commands of a rota's file: check and draw it, who answers now, swap, accept, take over. They need no
// keys and no hub; 'rota publish' (organisation_commands.h) signs what stands in the file.
#pragma once

#include <optional>

#include "client-lib/admin/rota_build.h"
#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"

namespace nattevagt::client::cli {

AgentReply run_rota(const Arguments& arguments, const Screen& screen, UtcTime now);

Result<std::string> read_text_file(const std::string& path);  // kNotFound, kTooLarge

// What is wrong, one line each, as text on `err` or JSON on `out`; exit_code kExitRefused when it is an
// error.
AgentReply report(const std::vector<RotaProblem>& problems, const Screen& screen, bool json);
// P-107. True: there is an unaccepted gap, and the reply says so.
bool report_gaps(const BuiltRota& built, UtcTime now, const Screen& screen, bool json, AgentReply& reply);

}  // namespace nattevagt::client::cli
