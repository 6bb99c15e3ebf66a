#include "tests/fuzz/wire_fuzz.h"

namespace wire = nattevagt::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const nattevagt::ByteView bytes(data, size);
  wire::check_stable<wire::Grant>(bytes, wire::decode_grant);
  wire::check_stable<wire::CertificateBody>(bytes, wire::decode_certificate_body);
  wire::check_stable<wire::Certificate>(bytes, wire::decode_certificate);
  wire::check_stable<wire::Roster>(bytes, wire::decode_roster);
  wire::check_stable<wire::Revocations>(bytes, wire::decode_revocations);
  wire::check_stable<wire::Rota>(bytes, wire::decode_rota);
  wire::check_stable<wire::DutyChange>(bytes, wire::decode_duty_change);
  wire::check_stable<wire::DutyChanges>(bytes, wire::decode_duty_changes);
  wire::check_stable<wire::Suspension>(bytes, wire::decode_suspension);
  wire::check_stable<wire::SuspensionLift>(bytes, wire::decode_suspension_lift);
  wire::check_stable<wire::Suspensions>(bytes, wire::decode_suspensions);
  wire::check_stable<wire::SignedDocument>(bytes, wire::decode_signed_document);
  wire::check_stable<wire::Label>(bytes, wire::decode_label);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return wire::mutate_or_make(data, size, max_size, seed, [](wire::Draw& draw) {
    switch (draw.below(9)) {
      case 0: return wire::encode(draw.grant());
      case 1: return wire::encode(draw.certificate_body());
      case 2: return wire::encode(draw.certificate());
      case 3: return wire::encode(draw.roster());
      case 4: return wire::encode(draw.revocations());
      case 5: return wire::encode(draw.signed_document());
      case 6: return wire::encode(draw.suspension());
      case 7: return wire::encode(draw.suspensions());
      default: return wire::encode(draw.label());
    }
  });
}
