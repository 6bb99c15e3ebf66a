#include "client-lib/admin/organisation_state.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "proto/common/limits.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {
namespace {

constexpr std::string_view kFirstLine = "nattevagt-organisation\t1";

// ---- Writing. The text holds secrets; it is built once, in a buffer that is wiped.
class Writer {
 public:
  ~Writer() { wipe({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()}); }
  Writer() { text_.reserve(64 * 1024); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void line(std::initializer_list<std::string_view> fields) {
    bool first = true;
    for (const std::string_view field : fields) {
      if (!first) text_.push_back('\t');
      text_.append(field);
      first = false;
    }
    text_.push_back('\n');
  }
  SecretBytes finish() const { return SecretBytes(as_bytes(text_)); }

 private:
  std::string text_;
};

template <class PurposeSecret>
std::string secret_hex(const PurposeSecret& secret) {
  return to_hex(secret.expose());
}

// ---- Reading
using Fields = std::vector<std::string_view>;

Fields split(std::string_view line) {
  Fields fields;
  while (true) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

Result<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return fail(Errc::kCorrupt, "state: number");
  return value;
}

template <class SecretType>
Result<SecretType> read_secret(std::string_view hex) {
  NV_TRY(Bytes raw, from_hex(hex));
  auto secret = SecretType::from(raw);
  wipe(raw);
  return secret;
}

template <class Key>
Result<Key> read_public(std::string_view hex) {
  NV_TRY(const Bytes raw, from_hex(hex));
  Key key;
  if (raw.size() != key.bytes.size()) return fail(Errc::kCorrupt, "state: key");
  std::copy(raw.begin(), raw.end(), key.bytes.begin());
  return key;
}

template <class IdType>
Status read_named(const Fields& f, std::vector<NamedId<IdType>>& out) {
  NV_TRY(const IdType id, IdType::from_hex(f[1]));
  out.push_back({id, std::string(f[2])});
  return {};
}

Status read_person(const Fields& f, OrganisationState& state) {
  NamedPerson person;
  NV_TRY(person.id, PersonId::from_hex(f[1]));
  NV_TRY(const std::uint64_t kind, number(f[2]));
  if (kind < 1 || kind > 3) return fail(Errc::kCorrupt, "state: kind");
  person.kind = static_cast<wire::HolderKind>(kind);
  person.name = f[3];
  person.profession = f[4];
  if (!f[5].empty()) {
    NV_TRY(person.unit, UnitId::from_hex(f[5]));
  }
  state.people.push_back(std::move(person));
  return {};
}

Status read_hub(const Fields& f, OrganisationState& state) {
  state.hub.endpoint = f[1];
  NV_TRY(state.hub.curve_key, read_public<CurvePublicKey>(f[2]));
  NV_TRY(state.hub.sign_key, read_public<SignPublicKey>(f[3]));
  return {};
}

Status read_keys(const Fields& f, OrganisationState& state) {
  NV_TRY(state.sign_seed, read_secret<SignSeed>(f[1]));
  NV_TRY(state.curve_key, read_secret<CurveSecretKey>(f[2]));
  NV_TRY(state.directory_key, read_secret<SealKey>(f[3]));
  return {};
}

Status read_grant(const Fields& f, OrganisationState& state) {
  IssuedGrant grant;
  NV_TRY(grant.id, GrantId::from_hex(f[1]));
  NV_TRY(grant.person, PersonId::from_hex(f[2]));
  NV_TRY(const std::uint64_t not_after, number(f[3]));
  grant.not_after = from_unix_ms(static_cast<std::int64_t>(not_after));
  state.grants.push_back(grant);
  return {};
}

Status read_fact(const Fields& f, OrganisationState& state) {
  struct Shape {
    std::string_view kind;
    std::size_t fields;
  };
  static constexpr std::array kShapes{Shape{"name", 2},     Shape{"keys", 4},   Shape{"hub", 4},
                                      Shape{"versions", 3}, Shape{"person", 6}, Shape{"unit", 3},
                                      Shape{"role", 3},     Shape{"ladder", 3}, Shape{"grant", 4},
                                      Shape{"revoked", 2},  Shape{"trust", 2},  Shape{"rota", 2}};
  const auto* shape =
      std::find_if(kShapes.begin(), kShapes.end(), [&](const Shape& s) { return s.kind == f[0]; });
  if (shape == kShapes.end()) return fail(Errc::kUnsupported, "state: a newer tool's fact");
  if (f.size() != shape->fields) return fail(Errc::kCorrupt, "state: fields");
  if (f[0] == "name") {
    state.name = f[1];
    return {};
  }
  if (f[0] == "keys") return read_keys(f, state);
  if (f[0] == "hub") return read_hub(f, state);
  if (f[0] == "versions") {
    NV_TRY(state.roster_version, number(f[1]));
    NV_TRY(state.revocations_version, number(f[2]));
    return {};
  }
  if (f[0] == "person") return read_person(f, state);
  if (f[0] == "unit") return read_named(f, state.units);
  if (f[0] == "role") return read_named(f, state.roles);
  if (f[0] == "ladder") return read_named(f, state.ladders);
  if (f[0] == "grant") return read_grant(f, state);
  if (f[0] == "revoked") {
    NV_TRY(const DeviceId device, DeviceId::from_hex(f[1]));
    state.revoked.push_back(device);
    return {};
  }
  if (f[0] == "rota") {
    NV_TRY(state.rota_version, number(f[1]));
    return {};
  }
  NV_TRY(auto trusted, wire::decode_trust(f[1]));
  state.trusted.push_back(std::move(trusted));
  return {};
}

}  // namespace

SecretBytes encode_state(const OrganisationState& state) {
  Writer out;
  const auto text = [](std::uint64_t value) { return std::to_string(value); };
  out.line({kFirstLine});
  out.line({"name", state.name});
  out.line(
      {"keys", secret_hex(state.sign_seed), secret_hex(state.curve_key), secret_hex(state.directory_key)});
  out.line({"hub", state.hub.endpoint, to_hex(state.hub.curve_key.bytes), to_hex(state.hub.sign_key.bytes)});
  out.line({"versions", text(state.roster_version), text(state.revocations_version)});
  if (state.rota_version != 0) out.line({"rota", text(state.rota_version)});
  for (const auto& person : state.people) {
    out.line({"person", person.id.hex(), text(static_cast<std::uint64_t>(person.kind)), person.name,
              person.profession, person.unit ? person.unit->hex() : std::string()});
  }
  for (const auto& unit : state.units) out.line({"unit", unit.id.hex(), unit.name});
  for (const auto& role : state.roles) out.line({"role", role.id.hex(), role.name});
  for (const auto& ladder : state.ladders) out.line({"ladder", ladder.id.hex(), ladder.name});
  for (const auto& grant : state.grants) {
    out.line({"grant", grant.id.hex(), grant.person.hex(),
              text(static_cast<std::uint64_t>(to_unix_ms(grant.not_after)))});
  }
  for (const auto& device : state.revoked) out.line({"revoked", device.hex()});
  for (const auto& trusted : state.trusted) out.line({"trust", wire::encode_trust(trusted)});
  return out.finish();
}

Result<OrganisationState> decode_state(ByteView bytes) {
  std::string_view rest = as_text(bytes);
  const auto next_line = [&rest] {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
  };
  if (next_line() != kFirstLine) return fail(Errc::kUnsupported, "state: layout");
  OrganisationState state;
  while (!rest.empty()) {
    if (auto status = read_fact(split(next_line()), state); !status) {
      // Whatever field was bad: the file was ours and sealed, so it is damage.
      const Errc code = status.error().code;
      return fail(code == Errc::kUnsupported ? code : Errc::kCorrupt, status.error().where);
    }
  }
  if (state.name.empty() || state.hub.endpoint.empty()) return fail(Errc::kCorrupt, "state: incomplete");
  return state;
}

bool is_usable_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > limits::kNameBytesMax) return false;
  if (name.front() == ' ' || name.back() == ' ') return false;
  std::size_t i = 0;
  while (i < name.size()) {
    const auto lead = static_cast<std::uint8_t>(name[i]);
    if (lead < 0x20 || lead == 0x7F) return false;
    const std::size_t length = lead < 0x80         ? 1
                               : (lead >> 5) == 6  ? 2
                               : (lead >> 4) == 14 ? 3
                               : (lead >> 3) == 30 ? 4
                                                   : 0;
    if (length == 0 || i + length > name.size()) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<std::uint8_t>(name[i + k]);
      if ((byte & 0xC0U) != 0x80U) return false;
      point = (point << 6) | (byte & 0x3FU);
    }
    static constexpr std::array<std::uint32_t, 5> kFirstOfLength{0, 0, 0x80, 0x800, 0x10000};
    const bool c1_control = point >= 0x80 && point < 0xA0;
    // Marks that turn the reading direction make one name look like another.
    const bool direction = (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
                           point == 0x200E || point == 0x200F || point == 0x2028 || point == 0x2029;
    const bool surrogate = point >= 0xD800 && point < 0xE000;
    if (point < kFirstOfLength[length] || point > 0x10FFFF || surrogate || c1_control || direction)
      return false;
    i += length;
  }
  return true;
}

}  // namespace nattevagt::client
