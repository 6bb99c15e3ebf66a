#include "client-lib/app/rota_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "client-lib/app/commands.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/rota_show.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"
#include "proto/rota/copenhagen.h"

namespace nattevagt::client::cli {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

// With its offset, so that the hour that comes twice is the right one.
std::string toml_moment(UtcTime time) {
  const rota::LocalTime local = rota::to_local(time);
  const std::chrono::year_month_day date(local.day);
  const auto minutes = local.since_midnight.count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:00+{:02}:00", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), minutes / 60,
                     minutes % 60,
                     std::chrono::duration_cast<std::chrono::hours>(rota::utc_offset(time)).count());
}

// A basic TOML string. Names hold no control characters (is_usable_name), so these two are all there is.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Beside it and over it: a rota is never half there.
bool replace_file(const std::string& path, const std::string& text) {
  const std::string aside = path + ".ny";
  {
    std::ofstream file(aside, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) return false;
  }
  return std::rename(aside.c_str(), path.c_str()) == 0;
}

class RotaRun {
 public:
  RotaRun(const Arguments& arguments, const Screen& screen, UtcTime now)
      : a_(arguments), screen_(screen), now_(now) {}

  AgentReply go() {
    if (a_.text.empty()) return refuse(Errc::kNotFound, text::kNoStore);
    auto file = read_text_file(a_.text);
    if (!file) return refuse(file.error().code, text::kNoFile);
    text_ = std::move(*file);
    if (!a_.at.empty()) {
      const auto at = parse_moment(a_.at);
      if (!at)
        return refuse(Errc::kInvalidValue, "'" + a_.at + "' er ikke et tidspunkt. Skriv 2026-10-24T23:00.");
      now_ = *at;
    }
    switch (a_.verb) {
      case Verb::kRotaCheck: return check();
      case Verb::kRotaNow: return who_now();
      case Verb::kRotaSwap: return swap();
      case Verb::kRotaAccept: return accept();
      case Verb::kRotaTakeOver: return take_over();
      default: return refuse(Errc::kUnsupported, text::error_text(Errc::kUnsupported));
    }
  }

 private:
  AgentReply refuse(Errc code, std::string_view why) { return refusal(code, why, a_.json); }

  // The file as a plan; the reply says what is wrong with it.
  BuiltRota read(const std::string& text, AgentReply& reply) {
    ParsedRota parsed = parse_rota(text);
    BuiltRota built = build_loose(parsed.draft, now_);
    for (auto& problem : built.problems) parsed.problems.push_back(problem);
    reply = report(parsed.problems, screen_, a_.json);
    return built;
  }

  AgentReply check() {
    UtcTime from = now_;
    if (!a_.from.empty()) {
      const auto day = parse_date(a_.from);
      if (!day) return refuse(Errc::kInvalidValue, "'" + a_.from + "' er ikke en dato. Skriv 2026-10-19.");
      from = rota::to_utc(*day, std::chrono::hours(12));
    }
    AgentReply reply;
    const BuiltRota built = read(text_, reply);
    if (reply.exit_code != kExitDone) return reply;
    reply.out += a_.json ? week_json(built, from, a_.weeks) : week_tables(built, from, a_.weeks, screen_);
    // With --from the two weeks begin there: to see whether next month can be published.
    const UtcTime ahead = a_.from.empty() ? now_ : monday_of(from);
    if (report_gaps(built, ahead, screen_, a_.json, reply)) return reply;
    reply.out += a_.json ? json_ok({{"rota", std::string("good")}})
                         : "Vagtplanen er i orden: ingen huller de næste 14 dage.\n";
    return reply;
  }

  AgentReply who_now() {
    AgentReply reply;
    const BuiltRota built = read(text_, reply);
    if (reply.exit_code != kExitDone) return reply;
    reply.out += a_.json ? now_json(built, now_) : moment_text(now_) + "\n" + now_lines(built, now_, screen_);
    return reply;
  }

  // What the file becomes must be good before it takes the old one's place.
  AgentReply write(const std::string& text, std::string_view done) {
    AgentReply reply;
    read(text, reply);
    if (reply.exit_code != kExitDone) return reply;
    if (!replace_file(a_.text, text)) return refuse(Errc::kStorage, text::error_text(Errc::kStorage));
    reply.out += a_.json ? json_ok({{"file", a_.text}}) : std::string(done) + "\n";
    return reply;
  }
  std::string with(const std::string& block) const {
    return text_ + (text_.empty() || text_.back() == '\n' ? "\n" : "\n\n") + block;
  }

  AgentReply swap() {
    const std::string block =
        fmt::format("[[swap]]\nrole = {}\nfrom = \"{}\"\nuntil = \"{}\"\ngives = {}\ntakes = {}\n",
                    toml_string(a_.role), a_.from, a_.until, toml_string(a_.gives), toml_string(a_.takes));
    // Whether there is something to give is seen with the swap in force.
    AgentReply tried;
    read(with(block + "accepted = " + toml_moment(now_) + "\n"), tried);
    if (tried.exit_code != kExitDone) return tried;
    return write(with(block), "Byttet er foreslået. Det gælder, når " + printable_line(a_.takes) +
                                  " har sagt ja ('nattevagt rota accept'), og planen er udgivet.");
  }

  AgentReply accept() {
    const ParsedRota parsed = parse_rota(text_);
    std::vector<const DraftSwap*> waiting;
    for (const auto& swap : parsed.draft.swaps) {
      if (!swap.accepted && swap.takes.text == a_.takes && (a_.role.empty() || swap.role.text == a_.role)) {
        waiting.push_back(&swap);
      }
    }
    if (waiting.empty())
      return refuse(Errc::kNotFound, "Der er intet bytte, som venter på " + printable_line(a_.takes) + ".");
    if (waiting.size() > 1) {
      std::string which = "Flere bytter venter. Slet det, der ikke skal være, eller nævn rollen med --role:";
      for (const auto* swap : waiting) {
        which += fmt::format("\n  linje {}: {}, {}", swap->takes.line, printable_line(swap->role.text),
                             moment_text(swap->from));
      }
      return refuse(Errc::kInvalidValue, which);
    }
    std::size_t place = 0;
    for (std::uint32_t line = 0; line < waiting[0]->takes.line; ++line) {
      place = std::min(text_.find('\n', place), text_.size() - 1) + 1;
    }
    const std::string text = text_.substr(0, place) + (place > 0 && text_[place - 1] != '\n' ? "\n" : "") +
                             "accepted = " + toml_moment(now_) + "\n" + text_.substr(place);
    return write(text, "Byttet er accepteret. Udgiv planen: nattevagt rota publish.");
  }

  AgentReply take_over() {
    AgentReply reply;
    const BuiltRota built = read(text_, reply);
    if (reply.exit_code != kExitDone) return reply;
    const auto id = built.names.roles.find(a_.role);
    const auto* role = id == built.names.roles.end() ? nullptr : rota::find_role(built.rota, id->second);
    if (role == nullptr)
      return refuse(Errc::kNotFound, "Rollen '" + printable_line(a_.role) + "' står ikke i planen.");
    UtcTime until = rota::next_change(built.rota, *role, now_);
    if (!a_.until.empty()) {
      const auto said = parse_moment(a_.until);
      if (!said || *said <= now_)
        return refuse(Errc::kInvalidValue, "--until skal være et tidspunkt efter nu: 2026-10-25T07:00.");
      until = *said;
    }
    if (until == kNever)
      return refuse(Errc::kInvalidValue, "Vagten har ingen ende i planen. Skriv den med --until.");
    // Whole minutes, and never a minute too late.
    const auto from = std::chrono::floor<std::chrono::minutes>(now_);
    const std::string block = fmt::format(
        "[[override]]\nrole = {}\nfrom = {}\nuntil = {}\nwho = {}\ntaken_over = {}\n", toml_string(a_.role),
        toml_moment(from), toml_moment(until), toml_string(a_.person), toml_moment(from));
    return write(with(block), printable_line(a_.person) + " har vagten til " + moment_text(until) +
                                  ", når planen er udgivet: nattevagt rota publish.");
  }

  const Arguments& a_;
  const Screen& screen_;
  UtcTime now_;
  std::string text_;
};

}  // namespace

AgentReply run_rota(const Arguments& arguments, const Screen& screen, UtcTime now) {
  return RotaRun(arguments, screen, now).go();
}

Result<std::string> read_text_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kNotFound, "read_text_file");
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) return fail(Errc::kTooLarge, "read_text_file");
  return text;
}

AgentReply report(const std::vector<RotaProblem>& problems, const Screen& screen, bool json) {
  AgentReply reply;
  bool bad = false;
  for (const auto& problem : problems) {
    const bool warning = is_warning(problem.fault);
    bad = bad || !warning;
    const std::string text = printable_line(rota_problem_text(problem));
    if (json) {
      reply.out += json_object({{"level", std::string(warning ? "warning" : "error")},
                                {"line", static_cast<std::int64_t>(problem.line)},
                                {"text", text}});
    } else {
      reply.err += paint(warning ? Paint::kYellow : Paint::kRed, text, screen) + "\n";
    }
  }
  if (bad) reply.exit_code = kExitRefused;
  return reply;
}

bool report_gaps(const BuiltRota& built, UtcTime now, const Screen& screen, bool json, AgentReply& reply) {
  const auto gaps = gaps_ahead(built.rota, now);
  for (const auto& gap : gaps) {
    if (json) {
      reply.out += gap_json(gap, built);
    } else {
      reply.err += paint(Paint::kRed, gap_text(gap, built, now), screen) + "\n";
    }
  }
  if (gaps.empty()) return false;
  reply.exit_code = kExitRefused;
  if (!json) {
    reply.err +=
        "Planen kan ikke udgives med huller. Giv nogen vagten, eller skriv en [[override]] med who = [] og "
        "en reason: "
        "så er hullet kendt og underskrevet.\n";
  }
  return true;
}

}  // namespace nattevagt::client::cli
