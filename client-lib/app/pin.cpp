#include "client-lib/app/pin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "client-lib/app/texts_da.h"
#include "proto/common/secret.h"

namespace nattevagt::client::cli {
namespace {

constexpr std::size_t kPinBytesMax = 1024;

// The first line of the descriptor, without its line feed.
std::optional<std::string> read_line(int descriptor) {
  std::string line;
  line.reserve(kPinBytesMax);
  while (line.size() < kPinBytesMax) {
    char c = 0;
    const ssize_t got = ::read(descriptor, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0 || c == '\n') break;
    if (c != '\r') line.push_back(c);
  }
  return line;
}

void say(int terminal, std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(terminal, text.data(), text.size());
}

std::optional<std::string> ask_without_echo(int terminal, std::string_view prompt) {
  termios before{};
  if (::tcgetattr(terminal, &before) != 0) return std::nullopt;
  termios quiet = before;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  say(terminal, prompt);
  ::tcsetattr(terminal, TCSAFLUSH, &quiet);
  auto line = read_line(terminal);
  ::tcsetattr(terminal, TCSAFLUSH, &before);
  say(terminal, "\n");
  return line;
}

std::variant<PinText, PinFault> from_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return PinFault{std::string(text::kPinFileUnreadable)};
  struct stat info{};
  std::optional<std::string> line;
  const bool known = ::fstat(file, &info) == 0;
  const bool open_to_others = known && S_ISREG(info.st_mode) && (info.st_mode & 077) != 0;
  if (known && !open_to_others) line = read_line(file);
  ::close(file);
  if (open_to_others) return PinFault{std::string(text::kPinFileOpen)};
  if (!line || line->empty()) return PinFault{std::string(text::kPinFileUnreadable)};
  return PinText{std::move(*line)};
}

}  // namespace

std::variant<PinText, PinFault> obtain_pin(const PinQuestion& question) {
  if (!question.pin_file.empty()) return from_file(question.pin_file);
  if (char* set = std::getenv("NATTEVAGT_PIN"); set != nullptr && *set != '\0') {
    PinText pin{set};
    // Children and core dumps have no use for it.
    wipe({reinterpret_cast<std::uint8_t*>(set), pin.pin.size()});
    ::unsetenv("NATTEVAGT_PIN");
    return pin;
  }
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) return PinFault{std::string(text::kNoPin)};
  auto first = ask_without_echo(terminal, question.prompt);
  std::variant<PinText, PinFault> out = PinFault{std::string(text::kNoPin)};
  if (first && question.twice) {
    auto second = ask_without_echo(terminal, text::kPinAgainPrompt);
    if (second != first) {
      out = PinFault{std::string(text::kPinDiffers)};
    } else {
      out = PinText{std::move(*first)};
    }
  } else if (first) {
    out = PinText{std::move(*first)};
  }
  ::close(terminal);
  return out;
}

}  // namespace nattevagt::client::cli
