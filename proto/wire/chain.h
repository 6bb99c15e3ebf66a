// Making and checking the chain organisation -> grant -> device certificate, and signed documents.
// Pure: time and entropy are arguments. Used by the hub (enrolment) and by every client (each leaf of a group).
#pragma once

#include <span>
#include <string_view>

#include "proto/common/entropy.h"
#include "proto/common/result.h"
#include "proto/wire/identity.h"

namespace nattevagt::wire {

// Signature labels (crypto.h SignKey::sign): a signature for one purpose verifies for no other.
inline constexpr std::string_view kGrantLabel = "Nattevagt grant v1";
inline constexpr std::string_view kCertificateLabel = "Nattevagt certificate v1";
inline constexpr std::string_view kDocumentLabel = "Nattevagt document v1";
inline constexpr std::string_view kReceiptLabel = "Nattevagt receipt v1";
inline constexpr std::string_view kContentLabel = "Nattevagt content v1";
inline constexpr std::string_view kRejoinLabel = "Nattevagt rejoin v1";

// P-020: the first 16 bytes of SHA-256("Nattevagt organisation v1" || 0x00 || sign_key).
OrganisationId organisation_id(const SignPublicKey& sign_key);
// P-021: the first 16 bytes of SHA-256("Nattevagt device v1" || 0x00 || sign_key || curve_key).
DeviceId device_id(const SignPublicKey& sign_key, const CurvePublicKey& curve_key);

// The two keys that a grant's 32-byte seed gives (HKDF-SHA256, infos "grant sign", "grant curve"; P-024).
struct GrantKeys {
  SignKey sign;
  CurveSecretKey curve;
};
GrantKeys grant_keys(const SignSeed& seed);

SignedGrant sign_grant(const Grant& grant, const SignKey& organisation);
// kBadSignature, kUntrusted (the grant is not of the card's organisation, or the card's id is not that of its
// key), kMalformed. Does not look at the time.
Result<Grant> verify_grant(const SignedGrant& grant, const OrganisationCard& organisation);

Certificate sign_certificate(const CertificateBody& body, const SignKey& grant_key);
// The whole chain, to one of `organisations`. kUntrusted when none of them signed the grant; kBadSignature;
// kExpired when issued outside the grant's time (kClockSkewMax allowed on both sides) or `now` is past the
// certificate's; kInvalidValue when the lifetime is longer than the grant allows.
Result<DeviceIdentity> verify_certificate(const Certificate& certificate,
                                          std::span<const OrganisationCard> organisations, UtcTime now);

// What a document's signature is over: organisation id || kind || be64 version || body.
Bytes document_to_be_signed(const SignedDocument& document);
SignedDocument sign_document(OrganisationId organisation, DocumentKind kind, std::uint64_t version, Bytes body,
                             const SignKey& key);
// kUntrusted (another organisation), kBadSignature. Does not look into the body nor compare versions (P-026).
Status verify_document(const SignedDocument& document, const OrganisationCard& organisation);

// P-022: a Label sealed under the directory key; `bound_to` (a person's, unit's or role's id) is associated
// data, so a label cannot be moved to somebody else.
Bytes seal_label(const Label& label, const SealKey& directory_key, ByteView bound_to, Entropy& entropy);
Result<Label> open_label(ByteView sealed, const SealKey& directory_key, ByteView bound_to);

}  // namespace nattevagt::wire
