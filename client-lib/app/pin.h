// Where a PIN or passphrase comes from: NATTEVAGT_PIN, --pin-file, or a prompt that does not echo.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace nattevagt::client::cli {

struct PinQuestion {
  std::string pin_file;
  std::string_view prompt;
  bool twice = false;  // a new one: asked for again
};
struct PinText {
  std::string pin;  // wiped by whoever took it
};
struct PinFault {
  std::string text;  // Danish, what to do
};
std::variant<PinText, PinFault> obtain_pin(const PinQuestion& question);

}  // namespace nattevagt::client::cli
