#include "client-lib/core/device_record.h"

#include <algorithm>

#include "client-lib/core/pack.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

Result<wire::Grant> verified_grant(const wire::GrantLink& link) {
  NV_TRY(const wire::Grant claimed, wire::decode_grant(link.grant.body));
  for (const auto& trusted : link.trusted) {
    if (trusted.card.id == claimed.organisation) return wire::verify_grant(link.grant, trusted.card);
  }
  return fail(Errc::kUntrusted, "P-024");
}

}  // namespace

Result<GrantId> grant_of_link(std::string_view link) {
  NV_TRY(const wire::GrantLink decoded, wire::decode_link(link));
  NV_TRY(const wire::Grant grant, verified_grant(decoded));
  return grant.id;
}

Result<DeviceRecord> make_device(std::string_view link, UtcTime now, Entropy& entropy) {
  NV_TRY(wire::GrantLink decoded, wire::decode_link(link));
  NV_TRY(const wire::Grant grant, verified_grant(decoded));
  if (now > grant.not_after) return fail(Errc::kExpired, "P-023");
  const wire::GrantKeys keys = wire::grant_keys(decoded.seed);
  if (keys.sign.public_key() != grant.sign_key || curve_public_key(keys.curve) != grant.curve_key) {
    return fail(Errc::kInvalidValue, "P-024");
  }
  DeviceRecord out{.sign_key = SignKey::generate(entropy),
                   .curve_key = entropy.make_secret<CurveSecretKey>(),
                   .grant_seed = std::move(decoded.seed),
                   .certificate = {},
                   .hub = grant.hub,
                   .trusted = std::move(decoded.trusted),
                   .enrolled = false,
                   .revoked = false,
                   .author_name = {},
                   .author_profession = {}};
  // Our clock may be behind the organisation's by the skew that everybody allows.
  const UtcTime issued = std::max(now, grant.issued_at);
  const wire::CertificateBody body{.grant = decoded.grant,
                                   .sign_key = out.sign_key.public_key(),
                                   .curve_key = curve_public_key(out.curve_key),
                                   .issued_at = issued,
                                   .not_after = issued + grant.certificate_lifetime};
  out.certificate = wire::sign_certificate(body, keys.sign);
  std::vector<wire::OrganisationCard> cards;
  cards.reserve(out.trusted.size());
  for (const auto& trusted : out.trusted) cards.push_back(trusted.card);
  NV_TRYV(wire::verify_certificate(out.certificate, cards, issued));
  return out;
}

SecretBytes pack_device(const DeviceRecord& record) {
  Packer out;
  out.fixed(record.hub.curve_key.bytes).fixed(record.hub.sign_key.bytes).text(record.hub.endpoint);
  out.bytes(record.sign_key.seed().expose()).bytes(record.curve_key.expose());
  out.flag(record.grant_seed.has_value());
  if (record.grant_seed) out.bytes(record.grant_seed->expose());
  out.bytes(wire::encode(record.certificate));
  out.u64(record.trusted.size());
  for (const auto& trusted : record.trusted) out.text(wire::encode_trust(trusted));
  out.flag(record.enrolled).flag(record.revoked).text(record.author_name).text(record.author_profession);
  return out.take();
}

Result<DeviceRecord> unpack_device(ByteView bytes) {
  Unpacker in(bytes);
  wire::HubPin hub;
  hub.curve_key.bytes = in.fixed<32>();
  hub.sign_key.bytes = in.fixed<32>();
  hub.endpoint = in.text();
  NV_TRY(const SignSeed seed, SignSeed::from(in.bytes()));
  NV_TRY(CurveSecretKey curve, CurveSecretKey::from(in.bytes()));
  std::optional<SignSeed> grant;
  if (in.flag()) {
    NV_TRY(SignSeed grant_seed, SignSeed::from(in.bytes()));
    grant = std::move(grant_seed);
  }
  DeviceRecord out{.sign_key = SignKey::from_seed(seed),
                   .curve_key = std::move(curve),
                   .grant_seed = std::move(grant),
                   .certificate = {},
                   .hub = std::move(hub),
                   .trusted = {},
                   .enrolled = false,
                   .revoked = false,
                   .author_name = {},
                   .author_profession = {}};
  const ByteView certificate = in.bytes();
  if (!in.good()) return fail(Errc::kCorrupt, "unpack_device");
  NV_TRY(out.certificate, wire::decode_certificate(certificate));
  for (std::size_t left = in.count(); left > 0; --left) {
    NV_TRY(wire::TrustedOrganisation trusted, wire::decode_trust(in.text()));
    out.trusted.push_back(std::move(trusted));
  }
  out.enrolled = in.flag();
  out.revoked = in.flag();
  out.author_name = in.text();
  out.author_profession = in.text();
  NV_TRYV(in.done());
  return out;
}

}  // namespace nattevagt::client
