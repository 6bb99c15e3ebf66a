#include "broker/app/commands.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "broker/app/config.h"
#include "broker/app/keys.h"
#include "broker/app/runner.h"
#include "broker/core/audit.h"
#include "broker/io/process.h"
#include "broker/io/sqlcipher_journal.h"
#include "proto/common/system.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"

namespace nattevagt::broker {
namespace {

constexpr std::uint64_t kMib = 1024 * 1024;
// Beside connections: the journal, listeners, epoll, the log, metrics.
constexpr std::uint64_t kDescriptorsKept = 64;

template <class... Arguments>
int refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::print(stderr, "nattevagt-broker: {}\n", fmt::format(format, std::forward<Arguments>(arguments)...));
  return 1;
}

template <class... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::print("{}\n", fmt::format(format, std::forward<Arguments>(arguments)...));
}

bool report(const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) refuse("{}", problem.text);
  return !problems.empty();
}

int refuse_keys(const std::string& path, const Error& error) {
  switch (error.code) {
    case Errc::kNotFound:
      return refuse(
          "{}: there are no keys. A new hub: nattevagt-broker init --data DIR. A restored one: put the "
          "old hub's hub.keys there.",
          path);
    case Errc::kNotPermitted: return refuse("{}: others may read or change it. Do: chmod 600 {}", path, path);
    case Errc::kMalformed:
      return refuse(
          "{}: is not a file of hub keys. Restore it from your safe copy; without it the journal cannot "
          "be read.",
          path);
    default: return refuse("{}: cannot be read ({}).", path, errc_name(error.code));
  }
}

int refuse_journal(const std::string& path, const Error& error) {
  switch (error.code) {
    case Errc::kBadSignature:
      return refuse(
          "{}: was made with other keys than these. Put back the hub.keys that belong to it; nothing was "
          "changed.",
          path);
    case Errc::kCorrupt:
      refuse(
          "{}: is damaged ({}). Nothing was changed and nothing was started. Keep the folder, then restore "
          "the "
          "last backup into an empty one: nattevagt-broker restore --from BACKUP --config FILE",
          path, error.where);
      return static_cast<int>(RunEnd::kDamaged);
    case Errc::kBusy: return refuse("{}: another nattevagt-broker is using it. Stop that one first.", path);
    case Errc::kUnsupported:
      return refuse("{}: was written by a newer nattevagt-broker. Use that version.", path);
    case Errc::kAlreadyExists:
      return refuse("{}: something is there already. Nothing is ever written over.", path);
    case Errc::kNoSpace: return refuse("{}: the disk is full. Make room and start again.", path);
    default:
      return refuse(
          "{}: cannot be opened ({}, {}). Is it there, on a disk that can be written, and this user's?", path,
          errc_name(error.code), error.where);
  }
}

int refuse_start(const Config& config, const Error& error) {
  switch (error.code) {
    case Errc::kUnavailable:
      return refuse("{}: cannot listen there. Is another program on that port?", config.endpoint);
    case Errc::kNotPermitted:
      return refuse(
          "the hub's door failed its own test ({}). It was not opened. This libzmq does not enforce who "
          "may connect: install libzmq 4.3.4 or newer.",
          error.where);
    case Errc::kInvalidValue:
      return refuse("the machine's clock cannot be right. Set it (timedatectl), then start again.");
    case Errc::kUnsupported:
      return refuse(
          "cannot start ({}). libzmq must be 4.3.4 or newer with CURVE, and the journal not newer than "
          "this program.",
          error.where);
    default: return refuse_journal(config.journal_path(), error);
  }
}

struct Opened {
  Config config;
  HubKeys keys;
};

// Nothing when something was wrong, which has been said; `code` is then the exit code.
std::optional<Opened> open_config(const std::string& path, int& code) {
  auto [config, problems] = load_config(path);
  code = 1;
  if (report(problems)) return std::nullopt;
  auto keys = load_keys(config.keys_file);
  if (!keys) {
    code = refuse_keys(config.keys_file, keys.error());
    return std::nullopt;
  }
  return Opened{std::move(config), std::move(*keys)};
}

void say_pins(const HubKeys& keys, const std::string& endpoint) {
  if (!endpoint.empty()) say("endpoint {}", endpoint);
  say("curve {}", to_hex(curve_public_key(keys.curve).bytes));
  say("sign {}", to_hex(keys.sign.public_key().bytes));
}

std::size_t connections_max(const Config& config) {
  const std::uint64_t descriptors = descriptors_max();
  const std::uint64_t most =
      descriptors > 2 * kDescriptorsKept ? descriptors / 10 * 9 - kDescriptorsKept : 10;
  if (config.connections_max == 0) return most;
  return std::min(config.connections_max, most);
}

RunnerOptions options_of(const Config& config) {
  RunnerOptions options;
  options.front.endpoint = config.endpoint;
  options.front.connections_max = connections_max(config);
  // What the kernel has accepted by the time that the cap is seen comes on top of it.
  options.front.backlog =
      static_cast<int>(std::clamp<std::size_t>(options.front.connections_max / 20, 8, 1'024));
  options.disk_path = config.data_dir;
  options.disk_reserve_bytes = config.disk_reserve_mib * kMib;
  options.memory_max_bytes = config.memory_max_mib * kMib;
  options.body_cache_bytes = config.body_cache_mib * kMib;
  options.snapshot_records = config.snapshot_records;
  options.snapshot_bytes = config.snapshot_mib * kMib;
  options.audit_kept = std::chrono::hours(24 * config.audit_days);
  return options;
}

std::atomic<Runner*> running{nullptr};  // for the signal handler alone

void on_signal(int) {
  if (Runner* runner = running.load()) runner->stop();
}

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  return all.substr(0, all.find_last_not_of(" \r\n\t") + 1);
}

std::string_view text_of(wire::AuditFault fault) {
  switch (fault) {
    case wire::AuditFault::kUnreadable: return "is not a line of an audit";
    case wire::AuditFault::kBroken:
      return "does not follow the line before: changed, removed, inserted or reordered";
    case wire::AuditFault::kNoReceipt: return "the signed end is missing";
    case wire::AuditFault::kBadReceipt: return "the end is not signed by this hub";
    case wire::AuditFault::kOtherEnd: return "the lines do not end where the hub's state says";
    case wire::AuditFault::kTruncated: return "ends before a place that the hub has signed";
    case wire::AuditFault::kOtherHistory: return "differs from a place that the hub has signed";
  }
  return "is wrong";
}

wire::Receipt sign_audit_point(const HubKeys& keys, const wire::AuditPoint& point, UtcTime now) {
  const std::array leaf{wire::audit_leaf(point, now)};
  return wire::make_receipts(leaf, keys.sign).front();
}

// An organisation's own lines name it; of the others it gets the digest, which the chain needs.
bool concerns(const wire::AuditLine& line, const std::string& organisation) {
  return organisation.empty() || line.text.find("organisation=" + organisation) != std::string::npos ||
         line.text.find("document=" + organisation) != std::string::npos;
}

}  // namespace

int init_hub(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::create_directories(data_dir + "/organisations", error);
  if (error || ::chmod(data_dir.c_str(), 0700) != 0) {
    return refuse("{}: cannot be made ({}).", data_dir, error.message());
  }
  SystemEntropy entropy;
  const HubKeys keys = HubKeys::generate(entropy);
  const std::string keys_file = data_dir + "/hub.keys";
  if (const Status saved = save_keys(keys, keys_file); !saved) {
    if (saved.error().code == Errc::kAlreadyExists) {
      return refuse("{}: a hub has been made here before. Nothing was changed.", keys_file);
    }
    return refuse("{}: cannot be written ({}).", keys_file, errc_name(saved.error().code));
  }
  const std::string journal = data_dir + "/journal";
  if (const Status made = SqlcipherJournal::create(journal, keys.journal); !made) {
    ::unlink(keys_file.c_str());  // of use to nothing, and in the way of the next init
    return refuse_journal(journal, made.error());
  }
  say_pins(keys, "");
  fmt::print(
      stderr,
      "Made a hub in {0}. Keep a copy of {0}/hub.keys in a safe place: without it no backup can be read.\n"
      "Next: write a config (nattevagt-broker --help shows one), then add each organisation's card.\n",
      data_dir);
  return 0;
}

int run_hub(const std::string& config_path) {
  forbid_core_dumps();
  raise_descriptors();
  int code = 0;
  const auto opened = open_config(config_path, code);
  if (!opened) return code;
  const Config& config = opened->config;
  auto cards = load_cards(config.organisations_dir);
  if (report(cards.problems)) return 1;

  const Log log(STDERR_FILENO);
  const ServiceManager manager;
  log.info(LogEvent::kStarting);
  JournalOptions journal_options;
  journal_options.verify_pages = config.verify_at_start;
  const auto journal = SqlcipherJournal::open(config.journal_path(), opened->keys.journal, journal_options);
  if (!journal) return refuse_journal(config.journal_path(), journal.error());

  std::unique_ptr<MetricsServer> metrics;
  if (!config.metrics_address.empty()) {
    auto started = MetricsServer::start(config.metrics_address);
    if (!started) return refuse("{}: metrics cannot be served there.", config.metrics_address);
    metrics = std::move(*started);
  }
  const RunnerOptions options = options_of(config);
  log.info(LogEvent::kConfigured, {{LogField::kCount, cards.cards.size()},
                                   {LogField::kCountMax, options.front.connections_max},
                                   {LogField::kBytesMax, options.memory_max_bytes}});
  SystemClock clock;
  SystemEntropy entropy;
  HubConfig hub;
  hub.organisations = std::move(cards.cards);
  hub.sign_key = opened->keys.sign.public_key();
  hub.duty.check_in_within = std::chrono::seconds(config.check_in_seconds);
  hub.duty.silent_after = std::chrono::seconds(config.silent_seconds);
  Runner runner(std::move(hub), **journal, opened->keys.curve, opened->keys.sign, clock, entropy, log,
                manager, options);
  runner.set_metrics(metrics.get());
  std::unique_ptr<Watchdog> watchdog;
  if (!config.watchdog_url.empty()) {
    watchdog = Watchdog::start(config.watchdog_url, std::chrono::seconds(config.watchdog_seconds));
    runner.set_watchdog(watchdog.get());
  }
  if (const Status started = runner.start(); !started) return refuse_start(config, started.error());
  running = &runner;
  catch_signals();
  const RunEnd end = runner.run();
  running = nullptr;
  return static_cast<int>(end);
}

int check_config(const std::string& config_path) {
  int code = 0;
  const auto opened = open_config(config_path, code);
  if (!opened) return code;
  const auto cards = load_cards(opened->config.organisations_dir);
  if (report(cards.problems)) return 1;
  if (cards.cards.empty()) {
    fmt::print(stderr,
               "Note: no organisation yet; nobody can connect. Do: nattevagt-broker add-organisation CARD "
               "--config {}\n",
               config_path);
  }
  say("{}: good. {} organisations.", config_path, cards.cards.size());
  return 0;
}

int back_up(const std::string& config_path, const std::string& to) {
  int code = 0;
  const auto opened = open_config(config_path, code);
  if (!opened) return code;
  const std::string journal = opened->config.journal_path();
  const Status done = SqlcipherJournal::backup_file(journal, opened->keys.journal, to);
  if (!done && done.error().code == Errc::kAlreadyExists) {
    return refuse("{}: is there already. Give each backup its own name.", to);
  }
  if (!done) return refuse_journal(journal, done.error());
  say("{}: complete, checked and synced. It is encrypted; restoring it needs {}.", to,
      opened->config.keys_file);
  return 0;
}

int restore(const std::string& config_path, const std::string& from) {
  int code = 0;
  const auto opened = open_config(config_path, code);
  if (!opened) return code;
  const std::string journal = opened->config.journal_path();
  for (const char* suffix : {"", "-wal", ".mark"}) {
    if (std::filesystem::exists(journal + suffix)) {
      return refuse(
          "{}{}: a journal is there. Move the whole folder away first; nothing is ever written over.",
          journal, suffix);
    }
  }
  const Status done = SqlcipherJournal::backup_file(from, opened->keys.journal, journal);
  if (!done) return refuse_journal(from, done.error());
  say("{}: restored. Clients that saw what came after this backup will report it; tell their organisations.",
      journal);
  return 0;
}

int add_organisation(const std::string& config_path, const std::string& card_file) {
  auto [config, problems] = load_config(config_path);
  if (report(problems)) return 1;
  const std::string text = text_of(card_file);
  const auto card = wire::decode_card(text);
  if (!card) {
    return refuse("{}: is not an organisation's card. The organisation makes it with: nattevagt org card",
                  card_file);
  }
  std::error_code error;
  std::filesystem::create_directories(config.organisations_dir, error);
  const std::string path = config.organisations_dir + "/" + card->id.hex() + ".card";
  if (std::filesystem::exists(path)) {
    if (text_of(path) == text) {
      say("{}: known already.", card->id.hex());
      return 0;
    }
    return refuse(
        "{}: this organisation is known with another card. Remove that file first if the new one is right.",
        path);
  }
  std::ofstream file(path);
  file << text << '\n';
  file.close();
  if (!file) return refuse("{}: cannot be written.", path);
  say("{}: added. Restart the hub to let it in.", card->id.hex());
  return 0;
}

int export_audit(const std::string& config_path, const std::string& to, const std::string& organisation) {
  int code = 0;
  const auto opened = open_config(config_path, code);
  if (!opened) return code;
  if (!organisation.empty() && !OrganisationId::from_hex(organisation)) {
    return refuse("{}: is not an organisation's id (32 hexadecimal digits).", organisation);
  }
  if (std::filesystem::exists(to)) return refuse("{}: is there already. Give each export its own name.", to);
  std::ofstream file(to, std::ios::binary);
  if (!file || ::chmod(to.c_str(), 0600) != 0) return refuse("{}: cannot be written.", to);
  wire::AuditPoint end;
  std::uint64_t lines = 0;
  JournalVisit visit;
  visit.audit_begin = [&](const wire::AuditPoint& begin) -> Status {
    end = begin;
    file << wire::audit_file_begin(begin);
    return {};
  };
  visit.audit_line = [&](const wire::AuditLine& line) -> Status {
    end = {line.seq, line.chain};
    ++lines;
    file << (concerns(line, organisation) ? wire::audit_file_line(line) : wire::audit_file_hidden(line));
    return {};
  };
  const Status read = SqlcipherJournal::read_file(opened->config.journal_path(), opened->keys.journal, visit);
  if (!read) {
    ::unlink(to.c_str());
    return refuse_journal(opened->config.journal_path(), read.error());
  }
  SystemClock clock;
  if (end.seq != 0) file << wire::audit_file_end(sign_audit_point(opened->keys, end, clock.wall()));
  file.close();
  if (!file) return refuse("{}: cannot be written.", to);
  say("{}: {} lines, up to {}, signed.", to, lines, end.seq);
  return 0;
}

// The lines among themselves, their end against the state, and what they tell of each alert, device, grant
// and document against what the hub's journal holds.
int verify_audit(const std::string& config_path) {
  int code = 0;
  const auto opened = open_config(config_path, code);
  if (!opened) return code;
  auto cards = load_cards(opened->config.organisations_dir);
  if (report(cards.problems)) return 1;
  HubConfig hub;
  hub.organisations = std::move(cards.cards);
  HubCore core(std::move(hub));
  const SignPublicKey key = opened->keys.sign.public_key();
  wire::AuditFileCheck check(key, {});
  AuditFold fold;
  std::uint64_t unreadable = 0;
  bool whole = true;
  const auto take = [&](std::string line) {
    line.pop_back();
    check.take(line);
  };
  JournalVisit visit;
  visit.audit_begin = [&](const wire::AuditPoint& begin) -> Status {
    whole = begin.seq == 0;
    take(wire::audit_file_begin(begin));
    return {};
  };
  visit.audit_line = [&](const wire::AuditLine& line) -> Status {
    take(wire::audit_file_line(line));
    if (!fold.take(line.text)) ++unreadable;
    return {};
  };
  visit.snapshot = [&](const JournalSnapshot& snapshot) { return core.restore(snapshot.bytes); };
  visit.record = [&](const Record& record) { return core.replay(record); };
  const Status read = SqlcipherJournal::read_file(opened->config.journal_path(), opened->keys.journal, visit);
  if (!read) return refuse_journal(opened->config.journal_path(), read.error());
  if (core.audit_point().seq != 0) {
    take(wire::audit_file_end(sign_audit_point(opened->keys, core.audit_point(), core.last_time())));
  }
  const wire::AuditReport result = check.finish();
  int wrong = 0;
  for (const wire::AuditFinding& finding : result.findings) {
    if (finding.fault == wire::AuditFault::kNoReceipt && core.audit_point().seq == 0) continue;
    wrong = refuse("audit: line {}: {}.", finding.seq, text_of(finding.fault));
  }
  if (unreadable != 0) wrong = refuse("audit: {} lines are not of this program's making.", unreadable);
  if (const auto differs = fold.difference(core.audit_subjects(), whole)) {
    wrong = refuse("audit: what it tells of {} is not what the journal holds.", *differs);
  }
  if (wrong != 0) return wrong;
  say("audit: good. {} lines, {} to {}; it tells what the journal holds.", result.lines, result.begin.seq + 1,
      result.end.seq);
  return 0;
}

int show_pins(const std::string& config_path) {
  int code = 0;
  const auto opened = open_config(config_path, code);
  if (!opened) return code;
  say_pins(opened->keys, opened->config.endpoint);
  return 0;
}

}  // namespace nattevagt::broker
