#include "client-lib/app/audit_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "client-lib/app/commands.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

constexpr std::size_t kPointsMax = 100'000;

std::string heads_file(const std::string& home) { return home + "/audit-heads"; }

// Nothing: a line of the file is not ours, so none of it is believed.
std::optional<std::vector<wire::AuditPoint>> remembered(const std::string& home) {
  std::vector<wire::AuditPoint> out;
  std::ifstream file(heads_file(home));
  std::uint64_t seq = 0;
  for (std::string chain; file >> seq >> chain;) {
    const auto bytes = from_hex(chain);
    wire::AuditPoint point{seq, {}};
    if (!bytes || bytes->size() != point.chain.size() || out.size() == kPointsMax) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), point.chain.begin());
    out.push_back(point);
  }
  return file.eof() || !file.is_open() ? std::optional(std::move(out)) : std::nullopt;
}

AgentReply alarm(Errc code, std::string_view what, const Arguments& a, const Screen& screen) {
  if (a.json) return refusal(code, what, true);
  return {
      {}, paint(Paint::kRed, std::string(text::kSuspicion) + std::string(what), screen) + "\n", kExitRefused};
}

std::string_view text_of(wire::AuditFault fault) {
  switch (fault) {
    case wire::AuditFault::kUnreadable: return "er ikke en linje fra en protokol";
    case wire::AuditFault::kBroken:
      return "følger ikke linjen før: noget er ændret, fjernet, indsat eller byttet om her";
    case wire::AuditFault::kNoReceipt: return "hubbens underskrevne slutning mangler";
    case wire::AuditFault::kBadReceipt: return "slutningen er ikke underskrevet af hubben";
    case wire::AuditFault::kOtherEnd: return "hubben har skrevet under på en anden slutning";
    case wire::AuditFault::kTruncated: return "filen er kortere end det, hubben før har skrevet under på";
    case wire::AuditFault::kOtherHistory: return "er en anden end den, hubben før har skrevet under på";
  }
  return "er forkert";
}

}  // namespace

AgentReply remember_audit_point(const wire::AuditPoint& point, const std::string& home, const Arguments& a,
                                const Screen& screen) {
  const auto known = remembered(home);
  if (!known)
    return alarm(Errc::kCorrupt, heads_file(home) + " kan ikke læses. Læg den til side.", a, screen);
  bool have = false;
  for (const wire::AuditPoint& before : *known) {
    if (before.seq > point.seq) {
      return alarm(
          Errc::kReplay,
          fmt::format("Hubbens protokol er blevet kortere: {} linjer, før {}.", point.seq, before.seq), a,
          screen);
    }
    if (before.seq == point.seq && before.chain != point.chain) {
      return alarm(Errc::kFork,
                   fmt::format("Hubbens protokol er skrevet om: linje {} er en anden end før.", point.seq), a,
                   screen);
    }
    have = have || before == point;
  }
  if (!have) {
    std::ofstream file(heads_file(home), std::ios::app);
    file << point.seq << ' ' << to_hex(point.chain) << '\n';
    file.close();
    if (!file) return refusal(Errc::kStorage, std::string(text::kCannotWrite) + heads_file(home), a.json);
  }
  if (a.json)
    return {json_ok({{"seq", static_cast<std::int64_t>(point.seq)}, {"chain", to_hex(point.chain)}}),
            {},
            kExitDone};
  return {fmt::format("Hubbens protokol er på {} linjer. Det underskrevne svar er gemt.\n", point.seq),
          {},
          kExitDone};
}

AgentReply verify_audit(const Organisation& organisation, const std::string& home, const Arguments& a,
                        const Screen& screen) {
  const auto known = remembered(home);
  if (!known)
    return alarm(Errc::kCorrupt, heads_file(home) + " kan ikke læses. Læg den til side.", a, screen);
  std::ifstream file(a.text, std::ios::binary);
  if (!file) return refusal(Errc::kNotFound, text::kNoFile, a.json);
  wire::AuditFileCheck check(organisation.state().hub.sign_key, *known);
  for (std::string line; std::getline(file, line);) check.take(line);
  const wire::AuditReport report = check.finish();
  AgentReply reply;
  for (const wire::AuditFinding& finding : report.findings) {
    const std::string where = finding.seq == 0 ? std::string() : fmt::format("linje {}: ", finding.seq);
    const std::string what = where + std::string(text_of(finding.fault)) + ".";
    if (a.json) {
      reply.out += json_object({{"fault", what},
                                {"file_line", static_cast<std::int64_t>(finding.line)},
                                {"seq", static_cast<std::int64_t>(finding.seq)}});
    } else {
      reply.err += paint(Paint::kRed, what, screen) + "\n";
    }
  }
  if (!report.findings.empty()) {
    reply.exit_code = kExitRefused;
    if (!a.json)
      reply.err +=
          "Protokollen er ikke, som hubben har skrevet den. Gem filen, og sig det til hubbens drift.\n";
    return reply;
  }
  if (a.json) {
    reply.out = json_ok({{"lines", static_cast<std::int64_t>(report.lines)},
                         {"end", static_cast<std::int64_t>(report.end.seq)},
                         {"heads_checked", static_cast<std::int64_t>(report.places_checked)}});
    return reply;
  }
  reply.out = fmt::format("Protokollen er hel: linje {} til {}, {} af dem kun som aftryk.\n",
                          report.begin.seq + 1, report.end.seq, report.hidden);
  reply.out +=
      fmt::format("Holdt op mod {} svar, som hubben før har skrevet under på.\n", report.places_checked);
  return reply;
}

}  // namespace nattevagt::client::cli
