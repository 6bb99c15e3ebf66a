#include "proto/wire/citizen.h"

#include <string>

#include "proto/common/bytes.h"
#include "proto/common/hash.h"

namespace nattevagt::wire {
namespace {

std::string plain_cpr(const std::string& cpr) {
  std::string out;
  for (const char c : cpr) {
    if (c == '-') continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

// Lower case for ASCII and for Latin-1's letters (ÆØÅ, É, Ö ...: C3 80 to C3 9E without ×), blanks made one.
std::string plain_name(const std::string& name) {
  std::string out;
  bool gap = false;
  unsigned char before = 0;
  for (const char c : name) {
    auto byte = static_cast<unsigned char>(c);
    if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
      gap = !out.empty();
      before = 0;
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    const bool latin = before == 0xC3 && byte >= 0x80 && byte <= 0x9E && byte != 0x97;
    before = byte;
    if (latin || (byte >= 'A' && byte <= 'Z')) byte = static_cast<unsigned char>(byte + 0x20);
    out += static_cast<char>(byte);
  }
  return out;
}

class Fields {
 public:
  Fields() : out_(to_bytes(as_bytes(kLabel))) { out_.push_back(0); }
  void number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  void bytes(ByteView value) {
    number(value.size());
    append(out_, value);
  }
  void text(const std::string& value) { bytes(as_bytes(value)); }
  void day(LocalDay value) { number(static_cast<std::uint64_t>(value.time_since_epoch().count())); }
  Digest digest() const { return sha256(out_); }

 private:
  static constexpr std::string_view kLabel = "Nattevagt plan card v1";
  Bytes out_;
};

}  // namespace

std::optional<CitizenMatch> same_citizen(const Citizen& one, const Citizen& other) {
  if (!one.cpr.empty() && !other.cpr.empty()) {
    return plain_cpr(one.cpr) == plain_cpr(other.cpr) ? std::optional(CitizenMatch::kCpr) : std::nullopt;
  }
  const std::string name = plain_name(one.name);
  return !name.empty() && name == plain_name(other.name) ? std::optional(CitizenMatch::kName) : std::nullopt;
}

Digest plan_card_hash(const PlanCard& card) {
  Fields out;
  out.text(card.citizen.name);
  out.text(card.citizen.cpr);
  out.number(static_cast<std::uint64_t>(card.kind));
  out.number(card.version);
  out.number(card.replaces.size());
  for (const MessageId& id : card.replaces) out.bytes(id.view());
  for (const std::string* text : {&card.what, &card.who, &card.readmission, &card.advice}) out.text(*text);
  out.day(card.agreed_on);
  out.day(card.valid_until);
  out.number(card.parties.size());
  for (const PlanParty& party : card.parties) {
    out.text(party.name);
    out.text(party.role);
  }
  return out.digest();
}

}  // namespace nattevagt::wire
