// nattevagt-agent [--home FOLDER] [--port N] [--web FOLDER] [--lock-after MINUTES] [--json]
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "client-lib/agent/agent.h"

namespace {

constexpr const char* kUsage =
    "nattevagt-agent: Nattevagts skærme på denne pc\n\n"
    "  --home MAPPE         enhedens mappe (som 'nattevagt enrol' har lavet)\n"
    "  --port TAL           fast port på 127.0.0.1; ellers en ledig\n"
    "  --web MAPPE          skærmenes filer\n"
    "  --lock-after SEK     lås skærmen efter så mange sekunder uden tryk (300)\n"
    "  --json               en JSON-linje pr. hændelse, til scripts\n\n"
    "Eksempel: nattevagt-agent --home ~/nattevagt\n"
    "Et nyt link, mens den kører: kill -USR1 PID. Med NATTEVAGT_PIN sat ringer enheden fra start.\n";

std::optional<long> number(const std::string& text, long most) {
  long out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size() || out < 0 || out > most) return std::nullopt;
  return out;
}

std::string default_home() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
    return std::string(data) + "/nattevagt";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/share/nattevagt";
}

// Beside the program: .../bin/nattevagt-agent and .../share/nattevagt/web when installed, .../web when built.
std::string default_web() {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path root = fs::read_symlink("/proc/self/exe", failed).parent_path().parent_path();
  const fs::path installed = root / "share" / "nattevagt" / "web";
  return fs::exists(installed, failed) ? installed.string() : (root / "web").string();
}

}  // namespace

int main(int count, char** words) {
  ::umask(0077);
  nattevagt::client::agent::AgentOptions options;
  options.home = default_home();
  options.web = default_web();
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const bool more = i + 1 < count;
    if (word == "--json") {
      options.json = true;
    } else if (word == "--help") {
      std::fputs(kUsage, stdout);
      return 0;
    } else if (word == "--home" && more) {
      options.home = words[++i];
    } else if (word == "--web" && more) {
      options.web = words[++i];
    } else if (word == "--port" && more) {
      const auto port = number(words[++i], 65535);
      if (!port) return std::fputs(kUsage, stderr), 2;
      options.port = static_cast<std::uint16_t>(*port);
    } else if (word == "--lock-after" && more) {
      const auto seconds = number(words[++i], 24 * 3600);
      if (!seconds || *seconds == 0) return std::fputs(kUsage, stderr), 2;
      options.lock_after = std::chrono::seconds(*seconds);
    } else {
      return std::fputs(kUsage, stderr), 2;
    }
  }
  return nattevagt::client::agent::run_agent(options);
}
