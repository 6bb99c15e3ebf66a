// Changes of duty on the wire (P-111).
#include "proto/wire/codec_duty.h"

#include "proto/wire/codec.h"
#include "proto/wire/codec_identity.h"
#include "schema/duty.pb.h"

namespace nattevagt::wire {

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

static void put(const DutyChange& in, pb::DutyChange& out) {
  out.set_id(str(in.id));
  out.set_organisation(str(in.organisation));
  out.set_kind(static_cast<pb::DutyChangeKind>(in.kind));
  out.set_role(str(in.role));
  out.set_from_ms(wire_time(in.from));
  out.set_until_ms(wire_time(in.until));
  if (in.gives) out.set_gives(str(*in.gives));
  if (in.takes) out.set_takes(str(*in.takes));
  out.set_issued_at_ms(wire_time(in.issued_at));
}
static void read(const pb::DutyChange& in, DutyChange& out, Checks& checks) {
  checks.id(in.id(), out.id, "DutyChange.id");
  checks.id(in.organisation(), out.organisation, "DutyChange.organisation");
  checks.enumeration(in.kind(), out.kind, "DutyChange.kind");
  checks.id(in.role(), out.role, "DutyChange.role");
  checks.time(in.from_ms(), out.from, "DutyChange.from");
  checks.time(in.until_ms(), out.until, "DutyChange.until");
  checks.require(out.until > out.from && out.until - out.from <= limits::kDutyChangeSpanMax,
                 "DutyChange.until");
  checks.optional_id(in.has_gives(), in.gives(), out.gives, "DutyChange.gives");
  checks.optional_id(in.has_takes(), in.takes(), out.takes, "DutyChange.takes");
  const bool swap = out.kind == DutyChangeKind::kSwap;
  checks.require(out.gives.has_value() == swap, "DutyChange.gives");
  checks.require(swap || out.takes.has_value(), "DutyChange.takes");
  checks.require(!out.gives || out.gives != out.takes, "DutyChange.takes");
  checks.time(in.issued_at_ms(), out.issued_at, "DutyChange.issued_at");
}

static void put(const DutySigner& in, pb::DutySigner& out) {
  put(in.certificate, *out.mutable_certificate());
  out.set_signature(str(in.signature));
}
static void read(const pb::DutySigner& in, DutySigner& out, Checks& checks) {
  read(in.certificate(), out.certificate, checks);
  checks.fixed(in.signature(), out.signature, "DutySigner.signature");
}

void put(const SignedDutyChange& in, pb::SignedDutyChange& out) {
  out.set_body(str(in.body));
  for (const DutySigner& signer : in.signers) put(signer, *out.add_signers());
}
void read(const pb::SignedDutyChange& in, SignedDutyChange& out, Checks& checks) {
  checks.bytes(in.body(), limits::kDutyChangeBytesMax, out.body, "SignedDutyChange.body");
  checks.require(in.signers_size() > 0, "SignedDutyChange.signers");
  checks.items(in.signers(), 2, out.signers, "SignedDutyChange.signers");
}

static void put(const DutyChanges& in, pb::DutyChanges& out) {
  for (const SignedDutyChange& item : in.items) put(item, *out.add_items());
}
static void read(const pb::DutyChanges& in, DutyChanges& out, Checks& checks) {
  checks.items(in.items(), limits::kDutyChangesMax, out.items, "DutyChanges.items");
}

Bytes encode(const DutyChange& change) { return encode_as<pb::DutyChange>(change); }
Result<DutyChange> decode_duty_change(ByteView bytes) {
  return decode_as<pb::DutyChange, DutyChange>(bytes, limits::kDutyChangeBytesMax, "DutyChange");
}
Bytes encode(const DutyChanges& changes) { return encode_as<pb::DutyChanges>(changes); }
Result<DutyChanges> decode_duty_changes(ByteView bytes) {
  return decode_as<pb::DutyChanges, DutyChanges>(bytes, limits::kDocumentBytesMax, "DutyChanges");
}

}  // namespace nattevagt::wire
