// Duty by one's own hand at the command line: swaps, take-overs and "who answers now", from a device's home.
#pragma once

#include <optional>
#include <string>

#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "client-lib/client.h"

namespace nattevagt::client::cli {

struct DutyCommand {
  AgentReply reply;                    // when nothing is waited for
  std::optional<DutyChangeId> change;  // posted; its answer comes as DutyAnswered
  std::optional<RoleId> check_in;      // posted; its answer comes as CheckInAnswered
};
DutyCommand run_duty(const Arguments& arguments, Client& client, const Screen& screen);
// The hub's answer (Errc{}: taken; kTimeout: none came) as a person or a script reads it.
AgentReply change_answered(Verb verb, const DutyChangeId& change, Errc why, bool json, const Screen& screen);

AgentReply check_in_answered(Errc why, bool json, const Screen& screen);

// "MELD DIG PÅ VAGT: ..."; with a bell where `loud`.
std::string check_in_block(const CheckInView& check_in, const Screen& screen, bool loud);
// "... svarer måske ikke: ...", or that it does again.
std::string reach_block(const RoleReachChanged& changed, const Screen& screen, bool loud);

// "Ida Eksempel beder om at bytte: vagthavende, 24-10-2026 kl. 23.00 – 25-10-2026 kl. 07.00"; ends in a line feed.
std::string change_block(const DutyChangeView& change, const Screen& screen);

// "VAGTHUL om to timer: ..."; a bell from 24 h on where `loud`.
std::string gap_block(const GapAhead& gap, const Screen& screen, bool loud);

}  // namespace nattevagt::client::cli
