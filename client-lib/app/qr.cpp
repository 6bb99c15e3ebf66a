#include "client-lib/app/qr.h"

#include <qrencode.h>

#include <memory>

namespace nattevagt::client::cli {

std::optional<std::string> qr_block(std::string_view text, unsigned columns) {
  constexpr int kQuiet = 2;  // modules; the standard says 4, cameras are content with 2
  struct Free {
    void operator()(QRcode* code) const { QRcode_free(code); }
  };
  const std::unique_ptr<QRcode, Free> code(QRcode_encodeData(
      static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_L));
  if (!code) return std::nullopt;
  const int width = code->width;
  if (width + 2 * kQuiet > static_cast<int>(columns)) return std::nullopt;
  const auto dark = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= width) return false;
    return (code->data[y * width + x] & 1) != 0;
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
