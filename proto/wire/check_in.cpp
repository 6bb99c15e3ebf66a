#include "proto/wire/check_in.h"

#include <algorithm>

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::wire {

PackageMark mark_of_package(ByteView package) {
  const Digest digest = sha256(package);
  PackageMark mark;
  std::copy_n(digest.begin(), mark.bytes.size(), mark.bytes.begin());
  return mark;
}

SignedCheckIn sign_check_in(const CheckIn& said, const Certificate& certificate, const SignKey& device_key) {
  Bytes body = encode(said);
  const Signature signature = device_key.sign(kCheckInLabel, body);
  return {std::move(body), {certificate, signature}};
}

Result<VerifiedCheckIn> verify_check_in(const SignedCheckIn& check_in,
                                        std::span<const OrganisationCard> organisations) {
  VerifiedCheckIn out;
  NV_TRY(out.said, decode_check_in(check_in.body));
  NV_TRY(out.signer, verify_certificate(check_in.signer.certificate, organisations, out.said.issued_at));
  const bool own = out.signer.organisation == out.said.organisation && out.signer.person == out.said.person &&
                   out.signer.kind == HolderKind::kPerson;
  if (!own) return fail(Errc::kUntrusted, "P-181");
  if (!verify(out.signer.sign_key, kCheckInLabel, check_in.body, check_in.signer.signature)) {
    return fail(Errc::kBadSignature, "P-181");
  }
  return out;
}

}  // namespace nattevagt::wire
