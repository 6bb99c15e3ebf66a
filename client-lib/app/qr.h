// A QR code in a terminal: UTF-8 half blocks, two modules a character, light on dark with a quiet zone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nattevagt::client::cli {

// Nothing when the text is too long for a code, or the code too wide for the terminal.
std::optional<std::string> qr_block(std::string_view text, unsigned columns);

}  // namespace nattevagt::client::cli
