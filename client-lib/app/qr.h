// A QR code for a screen or a terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nattevagt::client::cli {

// Its modules, row by row from above: '1' dark, '0' light; without the quiet zone of 4 modules. Empty when the
// text is too long for a code.
std::vector<std::string> qr_rows(std::string_view text);

// For a terminal: UTF-8 half blocks, two modules a character, with a quiet zone. Nothing when the text is too long
// for a code, or the code too wide.
std::optional<std::string> qr_block(std::string_view text, unsigned columns);

}  // namespace nattevagt::client::cli
