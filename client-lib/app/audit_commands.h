// The hub's audit from outside (PROTOCOL.md P-123): remember what the hub has signed of it, and check an
// exported file against all of that. An operator who rewrites the whole audit cannot rewrite what others
// remember.
//
// Remembered in HOME/audit-heads, a line "SEQ CHAIN" each, oldest first; nothing in it is secret.
#pragma once

#include "client-lib/admin/organisation.h"
#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "proto/wire/audit.h"

namespace nattevagt::client::cli {

// A point below one that is remembered, or with another chain, is said loudly and not remembered.
AgentReply remember_audit_point(const wire::AuditPoint& point, const std::string& home,
                                const Arguments& arguments, const Screen& screen);
AgentReply verify_audit(const Organisation& organisation, const std::string& home, const Arguments& arguments,
                        const Screen& screen);

}  // namespace nattevagt::client::cli
