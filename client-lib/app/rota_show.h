// How a rota looks on a terminal and in JSON lines: the week as a table, gaps, who answers now, and what is
// wrong with a file. Danish; times by proto/rota, so that the table shows what the hub will do.
#pragma once

#include <string>

#include "client-lib/admin/rota_build.h"
#include "client-lib/app/agent_socket.h"

namespace nattevagt::client::cli {

// "Fejl, linje 12: ..." with what to do about it.
std::string rota_problem_text(const RotaProblem& problem);

// "lør 24.10.2026 kl. 23.00", with (sommertid) or (normaltid) in the hour that comes twice.
std::string moment_text(UtcTime time);
std::string clock_of(UtcTime time);  // "23.00"

// `weeks` tables from the Monday of the week that holds `from`.
std::string week_tables(const BuiltRota& built, UtcTime from, unsigned weeks, const Screen& screen);
std::string gap_text(const rota::Gap& gap, const BuiltRota& built, UtcTime now);
// One line a role: who answers, until when, and who then.
std::string now_lines(const BuiltRota& built, UtcTime now, const Screen& screen);

std::string week_json(const BuiltRota& built, UtcTime from, unsigned weeks);
std::string gap_json(const rota::Gap& gap, const BuiltRota& built);
std::string now_json(const BuiltRota& built, UtcTime now);

UtcTime monday_of(UtcTime time);  // 00.00 local, of its week

}  // namespace nattevagt::client::cli
