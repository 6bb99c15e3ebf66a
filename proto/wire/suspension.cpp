#include "proto/wire/suspension.h"

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::wire {

SignedSuspension sign_suspension(const Suspension& said, const Certificate& certificate,
                                 const SignKey& device_key) {
  Bytes body = encode(said);
  const Signature signature = device_key.sign(kSuspensionLabel, body);
  return {std::move(body), {certificate, signature}};
}

SignedLift sign_lift(const Suspension& said, UtcTime issued_at, bool by_organisation, const SignKey& key) {
  Bytes body = encode(SuspensionLift{said.id, said.hub, said.organisation, said.device, issued_at});
  const Signature signature = key.sign(kSuspensionLiftLabel, body);
  return {std::move(body), by_organisation, signature};
}

Result<VerifiedSuspension> verify_suspension(const SignedSuspension& suspension,
                                             std::span<const OrganisationCard> organisations) {
  VerifiedSuspension out;
  NV_TRY(out.said, decode_suspension(suspension.body));
  NV_TRY(out.signer, verify_certificate(suspension.signer.certificate, organisations, out.said.issued_at));
  if (out.signer.organisation != out.said.organisation || out.signer.kind == HolderKind::kRecorder) {
    return fail(Errc::kUntrusted, "P-190");
  }
  if (!verify(out.signer.sign_key, kSuspensionLabel, suspension.body, suspension.signer.signature)) {
    return fail(Errc::kBadSignature, "P-190");
  }
  if (out.signer.device == out.said.device) return fail(Errc::kNotPermitted, "P-190");
  for (const OrganisationCard& card : organisations) {
    if (card.id == out.said.organisation) out.organisation = card;
  }
  return out;
}

Result<SuspensionLift> verify_lift(const SignedLift& lift, const VerifiedSuspension& of) {
  NV_TRY(const SuspensionLift said, decode_suspension_lift(lift.body));
  const bool same = said.id == of.said.id && said.hub == of.said.hub && said.device == of.said.device &&
                    said.organisation == of.said.organisation;
  if (!same) return fail(Errc::kInvalidValue, "P-195");
  const SignPublicKey& key = lift.by_organisation ? of.organisation.sign_key : of.signer.sign_key;
  if (!verify(key, kSuspensionLiftLabel, lift.body, lift.signature)) return fail(Errc::kBadSignature, "P-195");
  return said;
}

}  // namespace nattevagt::wire
