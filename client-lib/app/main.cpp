// nattevagt: the command line. Builds the world, decides where a command runs, prints what it says.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "client-lib/app/commands.h"
#include "client-lib/app/device.h"
#include "client-lib/app/organisation_commands.h"
#include "client-lib/app/rota_commands.h"
#include "client-lib/app/serve.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"
#include "proto/common/limits.h"
#include "proto/common/system.h"

namespace nattevagt::client::cli {
namespace {

// What a command waits for may take its patience; past this on top, `serve` itself hangs.
constexpr Millis kAgentPatience = std::chrono::seconds(30);

Screen look_at_screen() {
  Screen screen;
  screen.colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) screen.columns = size.ws_col;
  return screen;
}

std::string home_of(const Arguments& arguments) {
  if (!arguments.home.empty()) return arguments.home;
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
    return std::string(data) + "/nattevagt";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/share/nattevagt";
}

// A text that is not for the process list or the shell's history is written as "-" and read from here.
void read_texts_from_stdin(std::vector<std::string>& words) {
  const auto dash = std::find(words.begin(), words.end(), "-");
  if (dash == words.end()) return;
  std::string text;
  char buffer[4096];
  while (text.size() <= limits::kLinkBytesMax && std::cin.read(buffer, sizeof buffer).gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  *dash = text;
}

void print(std::FILE* to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

// The journal's text holds a citizen's name: a file for one reader, never written over another.
bool write_private(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  bool whole = true;
  while (!text.empty() && whole) {
    const ssize_t written = ::write(file, text.data(), text.size());
    whole = written > 0;
    if (whole) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::close(file) == 0 && whole;
}

int finish(const Arguments& arguments, const AgentReply& reply) {
  if (reply.exit_code == kExitDone && !arguments.out_file.empty()) {
    if (!write_private(arguments.out_file, reply.out)) {
      print(stderr, std::string(text::kCannotWrite) + arguments.out_file + "\n");
      return kExitRefused;
    }
    print(stderr, std::string(text::kWritten) + arguments.out_file + "\n");
  } else {
    print(stdout, reply.out);
  }
  print(stderr, reply.err);
  return reply.exit_code;
}

int run(std::vector<std::string> words) {
  const Screen screen = look_at_screen();
  read_texts_from_stdin(words);
  Parsed parsed = parse_arguments(words);
  if (!parsed.arguments) {
    print(parsed.exit_code == 0 ? stdout : stderr, parsed.print);
    return parsed.exit_code;
  }
  const std::string home = home_of(*parsed.arguments);
  if (is_device_home(home)) parsed.arguments->verb = as_device_verb(*parsed.arguments);
  const Arguments& arguments = *parsed.arguments;
  SystemClock clock;
  SystemEntropy entropy;
  const World world{clock, entropy, screen};
  if (works_on_rota_file(arguments)) return finish(arguments, run_rota(arguments, screen, clock.wall()));
  if (is_organisation_verb(arguments.verb)) {
    return finish(arguments, run_organisation(arguments, home, screen, clock, entropy));
  }
  if (arguments.verb == Verb::kEnrol) return finish(arguments, enrol_device(arguments, home, world));
  if (arguments.verb == Verb::kServe || arguments.verb == Verb::kWatch) return serve(arguments, home, world);
  const auto served = ask_agent(home + "/agent.sock", {words, screen}, arguments.patience + kAgentPatience);
  if (served) return finish(arguments, *served);
  if (served.error().code != Errc::kUnavailable && served.error().code != Errc::kInvalidValue) {
    // It may or may not have been done: never do it a second time on the quiet.
    return finish(arguments, refusal(served.error().code, text::kServeSilent, arguments.json, kExitNotSent));
  }
  const bool show_progress = ::isatty(STDERR_FILENO) == 1;
  return finish(arguments, run_alone(arguments, home, world, [&](std::string_view what) {
                  if (show_progress) print(stderr, std::string(what) + "\n");
                }));
}

}  // namespace
}  // namespace nattevagt::client::cli

int main(int count, char** words) {
  ::umask(0077);
  // No exception of ours ends here; those of the standard library (no memory) end the process, as they
  // should.
  return nattevagt::client::cli::run(std::vector<std::string>(words + 1, words + count));
}
