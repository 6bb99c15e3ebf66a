#include "tests/support/blindness.h"

#include <array>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "broker/app/keys.h"
#include "broker/core/record.h"
#include "broker/io/sqlcipher_journal.h"
#include "proto/common/check.h"

namespace nattevagt::testing {
namespace {

constexpr std::uint32_t hashed(std::uint32_t head) { return (head * 0x9E3779B1U) >> 16; }

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string hex_of(std::string_view bytes, std::string_view digits) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// Words are of the basic plane: Danish.
std::string utf16_of(std::string_view utf8) {
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto lead = static_cast<std::uint8_t>(utf8[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 3;
    std::uint32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
      point = (point << 6) | (static_cast<std::uint8_t>(utf8[at + i]) & 0x3FU);
    out += static_cast<char>(point & 0xFF);
    out += static_cast<char>(point >> 8);
    at += length;
  }
  return out;
}

// The characters that depend on the word alone when `before` bytes stand before it in the encoded text.
std::string base64_of(std::string_view word, std::size_t before, std::string_view alphabet) {
  const std::string whole = std::string(before, '\0') + std::string(word);
  const auto bit = [&](std::size_t at) {
    return static_cast<std::uint32_t>((static_cast<std::uint8_t>(whole[at / 8]) >> (7 - at % 8)) & 1);
  };
  std::string out;
  for (std::size_t character = (before * 8 + 5) / 6; (character + 1) * 6 <= whole.size() * 8; ++character) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 6; ++i) value = (value << 1) | bit(character * 6 + i);
    out += alphabet[value];
  }
  return out;
}

std::string kind_of(const broker::Record& record) {
  static constexpr std::array kNames = {"GrantAnnounced",   "DeviceEnrolled",    "KeyPackageAdded",
                                        "KeyPackagesTaken", "DocumentPublished", "EntryAppended",
                                        "CursorsAdvanced",  "AlertRaised",       "AlertActed",
                                        "AlertStepped",     "EntriesTrimmed",    "AlertForgotten",
                                        "AlertMended",      "GapWarned",         "CheckInAsked",
                                        "CheckedIn",        "ShiftEnded",        "DutyDoubted"};
  static_assert(kNames.size() == std::variant_size_v<broker::Fact>);
  const auto fact = broker::decode_fact(record.meta);
  return fact ? kNames[fact->index()] : "?";
}

}  // namespace

std::vector<WordShape> shapes_of(std::string_view word) {
  std::vector<WordShape> out{{"UTF-8", std::string(word)},
                             {"UTF-16LE", utf16_of(word)},
                             {"hex", hex_of(word, "0123456789abcdef")},
                             {"HEX", hex_of(word, "0123456789ABCDEF")}};
  for (std::size_t before = 0; before < 3; ++before) {
    out.push_back({"base64, alignment " + std::to_string(before), base64_of(word, before, kBase64)});
    const std::string url = base64_of(word, before, kBase64Url);
    if (url != out.back().bytes) out.push_back({"base64url, alignment " + std::to_string(before), url});
  }
  return out;
}

std::uint32_t WordSearch::head(const char* at) {
  std::uint32_t out = 0;
  std::memcpy(&out, at, sizeof out);
  return out;
}

WordSearch::WordSearch(std::vector<std::string> words) : words_(std::move(words)) {
  for (std::size_t word = 0; word < words_.size(); ++word) {
    NV_CHECK(words_[word].size() >= kWordBytesMin);
    for (WordShape& shape : shapes_of(words_[word])) {
      const std::uint32_t start = head(shape.bytes.data());
      heads_.set(hashed(start));
      by_head_.emplace(start, needles_.size());
      needles_.push_back({word, std::move(shape)});
    }
  }
}

std::vector<WordSearch::Hit> WordSearch::in(std::string_view bytes) const {
  std::vector<Hit> out;
  std::set<std::size_t> found;
  for (std::size_t at = 0; at + 4 <= bytes.size(); ++at) {
    const std::uint32_t start = head(bytes.data() + at);
    if (!heads_.test(hashed(start))) continue;
    const auto [from, to] = by_head_.equal_range(start);
    for (auto candidate = from; candidate != to; ++candidate) {
      const Needle& needle = needles_[candidate->second];
      if (!bytes.substr(at).starts_with(needle.shape.bytes) || !found.insert(candidate->second).second)
        continue;
      out.push_back({words_[needle.word], needle.shape.name, at});
    }
  }
  return out;
}

std::string memory_of(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::ifstream maps(process + "/maps");
  std::ifstream memory(process + "/mem", std::ios::binary);
  std::string out;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::string range, rights;
    fields >> range >> rights;
    const std::size_t dash = range.find('-');
    if (!rights.starts_with("rw") || dash == std::string::npos || line.find("[vvar]") != std::string::npos)
      continue;
    const auto from = std::stoull(range.substr(0, dash), nullptr, 16);
    const auto to = std::stoull(range.substr(dash + 1), nullptr, 16);
    const std::size_t before = out.size();
    out.resize(before + (to - from));
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(from));
    memory.read(out.data() + before, static_cast<std::streamsize>(to - from));
    out.resize(before + static_cast<std::size_t>(std::max<std::streamsize>(memory.gcount(), 0)));
  }
  return out;
}

Result<JournalRows> journal_rows(const std::string& data_dir) {
  NV_TRY(const auto keys, broker::load_keys(data_dir + "/hub.keys"));
  NV_TRY(const auto journal, broker::SqlcipherJournal::open(data_dir + "/journal", keys.journal));
  JournalRows out;
  NV_TRY(const auto snapshot, journal->load_snapshot());
  if (snapshot) out.bytes += as_text(snapshot->bytes);
  NV_TRYV(journal->read_from(0, [&](const broker::Record& record) -> Status {
    ++out.kinds[kind_of(record)];
    out.bytes += as_text(record.meta);
    for (const Bytes& body : record.bodies) out.bytes += as_text(body);
    return {};
  }));
  return out;
}

}  // namespace nattevagt::testing
