#include "proto/wire/duty.h"

#include <algorithm>

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::wire {

DutySigner sign_duty_change(ByteView body, const Certificate& certificate, const SignKey& device_key) {
  return {certificate, device_key.sign(kDutyChangeLabel, body)};
}

namespace {

// P-111: who may sign what, and whether all have.
Status settle(AgreedChange& out) {
  const DutyChange& change = out.change;
  const auto signed_by = [&](const PersonId& person) {
    return std::any_of(out.signers.begin(), out.signers.end(),
                       [&](const DeviceIdentity& signer) { return signer.person == person; });
  };
  if (change.kind == DutyChangeKind::kTakeOver) {
    if (out.signers.size() != 1 || !signed_by(*change.takes)) return fail(Errc::kNotPermitted, "P-111");
    out.complete = true;
    out.taker = change.takes;
    return {};
  }
  if (!signed_by(*change.gives)) return fail(Errc::kNotPermitted, "P-111");
  for (const DeviceIdentity& signer : out.signers) {
    if (signer.person == *change.gives) continue;
    if (change.takes && signer.person != *change.takes) return fail(Errc::kNotPermitted, "P-111");
    out.complete = true;
    out.taker = signer.person;
  }
  // Twice the same hand is one signature.
  return out.complete == (out.signers.size() == 2) ? Status{} : fail(Errc::kNotPermitted, "P-111");
}

}  // namespace

Result<AgreedChange> verify_duty_change(const SignedDutyChange& signed_change,
                                        std::span<const OrganisationCard> organisations) {
  AgreedChange out;
  NV_TRY(out.change, decode_duty_change(signed_change.body));
  for (const DutySigner& signer : signed_change.signers) {
    NV_TRY(DeviceIdentity identity,
           verify_certificate(signer.certificate, organisations, out.change.issued_at));
    if (identity.organisation != out.change.organisation || identity.kind != HolderKind::kPerson) {
      return fail(Errc::kUntrusted, "P-111");
    }
    if (!verify(identity.sign_key, kDutyChangeLabel, signed_change.body, signer.signature)) {
      return fail(Errc::kBadSignature, "P-111");
    }
    out.signers.push_back(std::move(identity));
  }
  NV_TRYV(settle(out));
  return out;
}

}  // namespace nattevagt::wire
