#include "client-lib/app/qr.h"

#include <qrencode.h>

#include <memory>

namespace nattevagt::client::cli {

std::vector<std::string> qr_rows(std::string_view text) {
  struct Free {
    void operator()(QRcode* code) const { QRcode_free(code); }
  };
  const std::unique_ptr<QRcode, Free> code(QRcode_encodeData(
      static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_L));
  std::vector<std::string> rows;
  if (!code) return rows;
  const auto width = static_cast<std::size_t>(code->width);
  for (std::size_t y = 0; y < width; ++y) {
    rows.emplace_back(width, '0');
    for (std::size_t x = 0; x < width; ++x) {
      if ((code->data[y * width + x] & 1) != 0) rows[y][x] = '1';
    }
  }
  return rows;
}

std::optional<std::string> qr_block(std::string_view text, unsigned columns) {
  constexpr int kQuiet = 2;  // modules; the standard says 4, cameras are content with 2
  const std::vector<std::string> rows = qr_rows(text);
  const int width = static_cast<int>(rows.size());
  if (rows.empty() || width + 2 * kQuiet > static_cast<int>(columns)) return std::nullopt;
  const auto dark = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= width) return false;
    return rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] == '1';
  };
  std::string out;
  for (int y = -kQuiet; y < width + kQuiet; y += 2) {
    // Black on white whatever the terminal's own colours are: an inverted code is unreadable to some cameras.
    out += "\x1b[30;107m";
    for (int x = -kQuiet; x < width + kQuiet; ++x) {
      const bool upper = dark(x, y);
      const bool lower = dark(x, y + 1);
      out += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    out += "\x1b[0m\n";
  }
  return out;
}

}  // namespace nattevagt::client::cli
