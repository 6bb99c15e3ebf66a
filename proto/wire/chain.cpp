#include "proto/wire/chain.h"

#include <algorithm>

#include "proto/common/limits.h"
#include "proto/wire/big_endian.h"
#include "proto/wire/codec.h"

namespace nattevagt::wire {
namespace {

template <class IdType>
IdType id_of(const Digest& digest) noexcept {
  IdType id;
  std::copy_n(digest.begin(), IdType::kSize, id.bytes.begin());
  return id;
}

template <class SecretType>
SecretType derive(ByteView pseudo_random_key, std::string_view info) noexcept {
  SecretType out;
  hkdf_expand(pseudo_random_key, as_bytes(info), out.expose());
  return out;
}

// A card whose id is not the hash of its key would let one organisation answer for another (P-020).
bool is_card_of(const OrganisationCard& card, OrganisationId organisation) {
  return card.id == organisation && organisation_id(card.sign_key) == organisation;
}

}  // namespace

OrganisationId organisation_id(const SignPublicKey& sign_key) {
  static constexpr std::string_view kLabel("Nattevagt organisation v1\0", 26);
  return id_of<OrganisationId>(sha256({as_bytes(kLabel), sign_key.bytes}));
}

DeviceId device_id(const SignPublicKey& sign_key, const CurvePublicKey& curve_key) {
  static constexpr std::string_view kLabel("Nattevagt device v1\0", 20);
  return id_of<DeviceId>(sha256({as_bytes(kLabel), sign_key.bytes, curve_key.bytes}));
}

GrantKeys grant_keys(const SignSeed& seed) {
  Secret<struct GrantExtractPurpose, 32> extracted;
  hkdf_extract({}, seed.expose(), extracted.expose());
  return {SignKey::from_seed(derive<SignSeed>(extracted.expose(), "grant sign")),
          derive<CurveSecretKey>(extracted.expose(), "grant curve")};
}

SignedGrant sign_grant(const Grant& grant, const SignKey& organisation) {
  SignedGrant out;
  out.body = encode(grant);
  out.signature = organisation.sign(kGrantLabel, out.body);
  return out;
}

Result<Grant> verify_grant(const SignedGrant& grant, const OrganisationCard& organisation) {
  NV_TRY(Grant body, decode_grant(grant.body));
  if (!is_card_of(organisation, body.organisation)) return fail(Errc::kUntrusted, "P-023");
  if (!verify(organisation.sign_key, kGrantLabel, grant.body, grant.signature)) {
    return fail(Errc::kBadSignature, "P-023");
  }
  return body;
}

Certificate sign_certificate(const CertificateBody& body, const SignKey& grant_key) {
  Certificate out;
  out.body = encode(body);
  out.signature = grant_key.sign(kCertificateLabel, out.body);
  return out;
}

namespace {

Status check_times(const CertificateBody& body, const Grant& grant, UtcTime now) {
  if (body.issued_at < grant.issued_at - limits::kClockSkewMax ||
      body.issued_at > grant.not_after + limits::kClockSkewMax) {
    return fail(Errc::kExpired, "P-023");
  }
  if (body.not_after - body.issued_at > grant.certificate_lifetime) return fail(Errc::kInvalidValue, "P-023");
  if (now >= body.not_after) return fail(Errc::kExpired, "P-025");
  return {};
}

}  // namespace

Result<DeviceIdentity> verify_certificate(const Certificate& certificate,
                                          std::span<const OrganisationCard> organisations, UtcTime now) {
  NV_TRY(const CertificateBody body, decode_certificate_body(certificate.body));
  NV_TRY(const Grant claimed, decode_grant(body.grant.body));
  const auto pinned =
      std::find_if(organisations.begin(), organisations.end(),
                   [&](const OrganisationCard& card) { return card.id == claimed.organisation; });
  if (pinned == organisations.end()) return fail(Errc::kUntrusted, "P-025");
  NV_TRY(Grant grant, verify_grant(body.grant, *pinned));
  if (!verify(grant.sign_key, kCertificateLabel, certificate.body, certificate.signature)) {
    return fail(Errc::kBadSignature, "P-025");
  }
  NV_TRYV(check_times(body, grant, now));

  DeviceIdentity out;
  out.device = device_id(body.sign_key, body.curve_key);
  out.organisation = grant.organisation;
  out.grant = grant.id;
  out.kind = grant.kind;
  out.person = grant.person;
  out.unit = grant.unit;
  out.sealed_label = std::move(grant.sealed_label);
  out.sign_key = body.sign_key;
  out.curve_key = body.curve_key;
  out.not_before = body.issued_at;
  out.not_after = body.not_after;
  return out;
}

Bytes document_to_be_signed(const SignedDocument& document) {
  Bytes out = to_bytes(document.organisation.view());
  out.reserve(out.size() + 1 + 8 + document.body.size());
  out.push_back(static_cast<std::uint8_t>(document.kind));
  append(out, be64(document.version));
  append(out, document.body);
  return out;
}

SignedDocument sign_document(OrganisationId organisation, DocumentKind kind, std::uint64_t version,
                             Bytes body, const SignKey& key) {
  SignedDocument out;
  out.organisation = organisation;
  out.kind = kind;
  out.version = version;
  out.body = std::move(body);
  out.signature = key.sign(kDocumentLabel, document_to_be_signed(out));
  return out;
}

Status verify_document(const SignedDocument& document, const OrganisationCard& organisation) {
  if (!is_card_of(organisation, document.organisation)) return fail(Errc::kUntrusted, "P-026");
  if (!verify(organisation.sign_key, kDocumentLabel, document_to_be_signed(document), document.signature)) {
    return fail(Errc::kBadSignature, "P-026");
  }
  return {};
}

Bytes seal_label(const Label& label, const SealKey& directory_key, ByteView bound_to, Entropy& entropy) {
  Bytes plain = encode(label);
  Bytes sealed = seal(directory_key, plain, bound_to, entropy);
  wipe(plain);
  return sealed;
}

Result<Label> open_label(ByteView sealed, const SealKey& directory_key, ByteView bound_to) {
  if (sealed.size() > limits::kLabelBytesMax) return fail(Errc::kTooLarge, "P-022");
  NV_TRY(const SecretBytes plain, open_sealed(directory_key, sealed, bound_to));
  return decode_label(plain.expose());
}

}  // namespace nattevagt::wire
