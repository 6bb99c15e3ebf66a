// The commands of the organisation's side: what they say and what they send.
#pragma once

#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "proto/common/clock.h"
#include "proto/common/entropy.h"

namespace nattevagt::client::cli {

AgentReply run_organisation(const Arguments& arguments, const std::string& home, const Screen& screen,
                            Clock& clock, Entropy& entropy);

}  // namespace nattevagt::client::cli
