// Ids at the command line: staff write the first letters of one, "latest", or nothing when only one fits.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace nattevagt::client::cli {

inline constexpr std::size_t kPrefixCharactersMin = 4;
inline constexpr std::string_view kLatest = "latest";

enum class Choice : std::uint8_t { kFound, kNone, kSeveral, kTooShort, kNoSuch };

// `ids` are lower-case hex, the newest first. `index` is valid with kFound; `fitting` lists the candidates
// with kSeveral.
struct Chosen {
  Choice choice{};
  std::size_t index = 0;
  std::vector<std::size_t> fitting;
};

inline Chosen choose_id(std::string_view wanted, const std::vector<std::string>& ids) {
  Chosen out;
  if (wanted.empty() || wanted == kLatest) {
    for (std::size_t i = 0; i < ids.size(); ++i) out.fitting.push_back(i);
    if (ids.empty()) {
      out.choice = Choice::kNone;
    } else if (wanted == kLatest || ids.size() == 1) {
      out.choice = Choice::kFound;
    } else {
      out.choice = Choice::kSeveral;
    }
    return out;
  }
  std::string lower(wanted);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower.size() < kPrefixCharactersMin) {
    out.choice = Choice::kTooShort;
    return out;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].starts_with(lower)) out.fitting.push_back(i);
  }
  out.choice = out.fitting.empty()       ? Choice::kNoSuch
               : out.fitting.size() == 1 ? Choice::kFound
                                         : Choice::kSeveral;
  if (out.choice == Choice::kFound) out.index = out.fitting.front();
  return out;
}

}  // namespace nattevagt::client::cli
