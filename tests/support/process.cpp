#include "tests/support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proto/common/check.h"
#include "proto/common/system.h"

namespace nattevagt::testing {
namespace {

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

std::vector<char*> c_strings(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Process::Process(ProcessOptions options) {
  NV_CHECK(!options.arguments.empty());
  // Everything that allocates happens before fork: the parent may have threads.
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!options.environment.contains(text.substr(0, text.find('=')))) environment.push_back(text);
  }
  for (const auto& [name, value] : options.environment) {
    std::string entry = name;
    entry.append("=").append(value);
    environment.push_back(std::move(entry));
  }
  const std::vector<char*> arguments = c_strings(options.arguments);
  const std::vector<char*> variables = c_strings(environment);

  int out[2];
  int in[2];
  NV_CHECK(pipe2(out, O_CLOEXEC) == 0 && pipe2(in, O_CLOEXEC) == 0);
  pid_ = fork();
  NV_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed leaves nothing running either
    if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) _exit(127);
    dup2(in[0], 0);
    dup2(out[1], 1);
    if (options.stderr_file.empty()) {
      dup2(out[1], 2);
    } else {
      const int file = open(options.stderr_file.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
      if (file >= 0) dup2(file, 2);
    }
    execvpe(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  setpgid(pid_, pid_);
  close(out[1]);
  close(in[0]);
  out_ = out[0];
  in_ = in[1];
  fcntl(out_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  kill_nine();
  if (out_ >= 0) close(out_);
  if (in_ >= 0) close(in_);
}

bool Process::running() {
  if (exit_code_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) exit_code_ = exit_code_of(status);
  return !exit_code_;
}

void Process::read_some(Millis wait) {
  pollfd waiting{out_, POLLIN, 0};
  (void)::poll(&waiting, 1, static_cast<int>(wait.count()));
  char buffer[8192];
  for (;;) {
    const ssize_t got = ::read(out_, buffer, sizeof(buffer));
    if (got <= 0) break;
    partial_.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = partial_.find('\n')) != std::string::npos;) {
      lines_.push_back(partial_.substr(0, end));
      partial_.erase(0, end + 1);
    }
  }
}

const std::vector<std::string>& Process::lines() {
  read_some(Millis(0));
  return lines_;
}

std::optional<std::string> Process::wait_for_line(const std::function<bool(const std::string&)>& wanted,
                                                  Millis patience, std::size_t from, std::size_t* found) {
  SystemClock clock;
  const Millis until = clock.monotonic() + patience;
  for (std::size_t next = from;;) {
    for (; next < lines_.size(); ++next) {
      if (wanted(lines_[next])) {
        if (found != nullptr) *found = next;
        return lines_[next];
      }
    }
    if (clock.monotonic() >= until) return {};
    const bool alive = running();
    read_some(Millis(alive ? 50 : 0));
    if (!alive && next >= lines_.size()) return {};
  }
}

std::optional<std::string> Process::wait_for_text(const std::string& text, Millis patience, std::size_t from,
                                                  std::size_t* found) {
  return wait_for_line([&](const std::string& line) { return line.find(text) != std::string::npos; },
                       patience, from, found);
}

void Process::write_line(const std::string& line) {
  const std::string text = line + "\n";
  NV_CHECK(::write(in_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void Process::signal(int number) {
  if (running()) ::kill(pid_, number);
}

Finished Process::wait(Millis patience) {
  if (in_ >= 0) {
    close(in_);
    in_ = -1;
  }
  SystemClock clock;
  const Millis until = clock.monotonic() + patience;
  while (running() && clock.monotonic() < until) read_some(Millis(20));
  if (running()) kill_nine();
  read_some(Millis(0));
  Finished out;
  out.exit_code = *exit_code_;
  for (const auto& line : lines_) out.output += line + "\n";
  out.output += partial_;
  return out;
}

void Process::kill_nine() {
  if (!running()) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_code_ = exit_code_of(status);
}

Finished run(ProcessOptions options, Millis patience) { return Process(std::move(options)).wait(patience); }

TempDir::TempDir() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/nattevagt-XXXXXX";
  NV_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.flush();
  NV_CHECK(out.good());
}

int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  NV_CHECK(probe >= 0 && bind(probe, generic, size) == 0 && getsockname(probe, generic, &size) == 0);
  close(probe);
  return ntohs(address.sin_port);
}

std::string metrics_at(int port) {
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string out;
  if (peer >= 0 && connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    NV_CHECK(::send(peer, request.data(), request.size(), MSG_NOSIGNAL) > 0);
    char buffer[8192];
    for (ssize_t got = 0; (got = ::recv(peer, buffer, sizeof(buffer), 0)) > 0;) {
      out.append(buffer, static_cast<std::size_t>(got));
    }
  }
  if (peer >= 0) close(peer);
  return out;
}

std::optional<std::uint64_t> metric_at(int port, const std::string& name) {
  std::istringstream lines(metrics_at(port));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("nattevagt_" + name + " ")) return std::stoull(line.substr(line.rfind(' ')));
  }
  return std::nullopt;
}

bool comes_true(const std::function<bool()>& wanted) {
  const auto until = std::chrono::steady_clock::now() + kHangPatience;
  while (!wanted()) {
    if (std::chrono::steady_clock::now() > until) return false;
    usleep(20'000);
  }
  return true;
}

std::string bin_dir() {
  if (const char* given = std::getenv("NATTEVAGT_BIN")) return given;
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

}  // namespace nattevagt::testing
