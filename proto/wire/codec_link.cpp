#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "proto/wire/codec_identity.h"
#include "schema/identity.pb.h"

namespace nattevagt::wire {
namespace {

constexpr std::string_view kLinkPrefix = "nattevagt:";
constexpr std::string_view kCardPrefix = "nattevagt-hub-card:";
constexpr std::string_view kTrustPrefix = "nattevagt-trust:";

void wipe_text(std::string& text) noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

// Protobuf frees its strings as they are: what was secret in a message is wiped before it goes.
void wipe_secrets(pb::OrganisationCard&) noexcept {}
void wipe_secrets(pb::TrustedOrganisation& message) noexcept { wipe_text(*message.mutable_directory_key()); }
void wipe_secrets(pb::GrantLink& message) noexcept {
  wipe_text(*message.mutable_seed());
  for (pb::TrustedOrganisation& trusted : *message.mutable_trusted()) wipe_secrets(trusted);
}

template <class Message>
struct WipedMessage {
  Message message;
  WipedMessage() = default;
  WipedMessage(const WipedMessage&) = delete;
  WipedMessage& operator=(const WipedMessage&) = delete;
  ~WipedMessage() { wipe_secrets(message); }
};

void put(const GrantLink& in, pb::GrantLink& out) {
  wire::put(in.grant, *out.mutable_grant());
  out.set_seed(str(in.seed.expose()));
  for (const TrustedOrganisation& trusted : in.trusted) wire::put(trusted, *out.add_trusted());
}
void read(const pb::GrantLink& in, GrantLink& out, Checks& checks) {
  wire::read(in.grant(), out.grant, checks);
  checks.secret(in.seed(), out.seed, "GrantLink.seed");
  checks.items(in.trusted(), limits::kOrganisationsMax, out.trusted, "GrantLink.trusted");
}

template <class Message, class T>
std::string encode_text(std::string_view prefix, const T& value) {
  WipedMessage<Message> wiped;
  put(value, wiped.message);
  SecretBytes bytes(wiped.message.ByteSizeLong());
  wiped.message.SerializeWithCachedSizesToArray(bytes.expose().data());
  std::string text = to_base64url(bytes.expose());
  text.insert(0, prefix);
  return text;
}

// Links are pasted and cards are text files: space around them is not part of them.
std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

template <class Message, class T>
Result<T> decode_text(std::string_view prefix, std::string_view text, const char* where) {
  if (text.size() > limits::kLinkBytesMax) return fail(Errc::kTooLarge, where);
  const std::string_view line = trimmed(text);
  if (line.substr(0, prefix.size()) != prefix) return fail(Errc::kMalformed, where);
  NV_TRY(Bytes raw, from_base64url(line.substr(prefix.size())));
  WipedMessage<Message> wiped;
  const bool parsed = wiped.message.ParseFromArray(raw.data(), static_cast<int>(raw.size()));
  wipe(raw);
  if (!parsed) return fail(Errc::kMalformed, where);
  T value;
  Checks checks;
  read(wiped.message, value, checks);
  return checks.finish(std::move(value));
}

}  // namespace

std::string encode_link(const GrantLink& link) { return encode_text<pb::GrantLink>(kLinkPrefix, link); }
Result<GrantLink> decode_link(std::string_view text) {
  NV_TRY(GrantLink link, decode_text<pb::GrantLink, GrantLink>(kLinkPrefix, text, "GrantLink"));
  // P-024: the seed of another grant would give a device that the hub never lets in, and no word of why.
  NV_TRY(const Grant grant, decode_grant(link.grant.body));
  const GrantKeys keys = grant_keys(link.seed);
  if (keys.sign.public_key() != grant.sign_key || curve_public_key(keys.curve) != grant.curve_key) {
    return fail(Errc::kInvalidValue, "P-024");
  }
  return link;
}

std::string encode_card(const OrganisationCard& card) {
  return encode_text<pb::OrganisationCard>(kCardPrefix, card);
}
Result<OrganisationCard> decode_card(std::string_view text) {
  return decode_text<pb::OrganisationCard, OrganisationCard>(kCardPrefix, text, "OrganisationCard");
}

std::string encode_trust(const TrustedOrganisation& trusted) {
  return encode_text<pb::TrustedOrganisation>(kTrustPrefix, trusted);
}
Result<TrustedOrganisation> decode_trust(std::string_view text) {
  return decode_text<pb::TrustedOrganisation, TrustedOrganisation>(kTrustPrefix, text, "TrustedOrganisation");
}

}  // namespace nattevagt::wire
