// Changes of duty and check-ins on the wire (P-111, P-180).
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

void put(const DutySigner& in, pb::DutySigner& out) {
  put(in.certificate, *out.mutable_certificate());
  out.set_signature(str(in.signature));
}
void read(const pb::DutySigner& in, DutySigner& out, Checks& checks) {
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

// ---- Check-ins

static void put(const CheckIn& in, pb::CheckIn& out) {
  out.set_notice(str(in.notice));
  out.set_organisation(str(in.organisation));
  out.set_role(str(in.role));
  out.set_person(str(in.person));
  out.set_from_ms(wire_time(in.from));
  out.set_issued_at_ms(wire_time(in.issued_at));
}
static void read(const pb::CheckIn& in, CheckIn& out, Checks& checks) {
  checks.id(in.notice(), out.notice, "CheckIn.notice");
  checks.id(in.organisation(), out.organisation, "CheckIn.organisation");
  checks.id(in.role(), out.role, "CheckIn.role");
  checks.id(in.person(), out.person, "CheckIn.person");
  checks.time(in.from_ms(), out.from, "CheckIn.from");
  checks.time(in.issued_at_ms(), out.issued_at, "CheckIn.issued_at");
}

void put(const SignedCheckIn& in, pb::SignedCheckIn& out) {
  out.set_body(str(in.body));
  put(in.signer, *out.mutable_signer());
}
void read(const pb::SignedCheckIn& in, SignedCheckIn& out, Checks& checks) {
  checks.bytes(in.body(), limits::kDutyChangeBytesMax, out.body, "SignedCheckIn.body");
  read(in.signer(), out.signer, checks);
}

static void put(const CheckInItem& in, pb::CheckInItem& out) {
  out.set_notice(str(in.notice));
  out.set_role(str(in.role));
  out.set_person(str(in.person));
  out.set_from_ms(wire_time(in.from));
  out.set_due_at_ms(wire_time(in.due_at));
  for (const PackageMark& mark : in.packages) out.add_packages(str(mark));
}
static void read(const pb::CheckInItem& in, CheckInItem& out, Checks& checks) {
  checks.id(in.notice(), out.notice, "CheckInItem.notice");
  checks.id(in.role(), out.role, "CheckInItem.role");
  checks.id(in.person(), out.person, "CheckInItem.person");
  checks.time(in.from_ms(), out.from, "CheckInItem.from");
  checks.time(in.due_at_ms(), out.due_at, "CheckInItem.due_at");
  checks.ids(in.packages(), limits::kDevicesPerPersonMax, out.packages, "CheckInItem.packages");
}

void put(const DutyStatus& in, pb::DutyStatus& out) {
  out.set_role(str(in.role));
  out.set_trouble(static_cast<pb::DutyTrouble>(in.trouble));
  out.set_since_ms(wire_time(in.since));
  for (const SignedCheckIn& item : in.check_ins) put(item, *out.add_check_ins());
}
void read(const pb::DutyStatus& in, DutyStatus& out, Checks& checks) {
  checks.id(in.role(), out.role, "DutyStatus.role");
  checks.enumeration(in.trouble(), out.trouble, "DutyStatus.trouble");
  checks.time_or_never(in.since_ms(), out.since, "DutyStatus.since");
  checks.require((out.trouble == DutyTrouble::kNone) == (out.since == kNever), "DutyStatus.since");
  checks.items(in.check_ins(), limits::kShiftsPerRoleMax, out.check_ins, "DutyStatus.check_ins");
}

Bytes encode(const DutyChange& change) { return encode_as<pb::DutyChange>(change); }
Result<DutyChange> decode_duty_change(ByteView bytes) {
  return decode_as<pb::DutyChange, DutyChange>(bytes, limits::kDutyChangeBytesMax, "DutyChange");
}
Bytes encode(const DutyChanges& changes) { return encode_as<pb::DutyChanges>(changes); }
Result<DutyChanges> decode_duty_changes(ByteView bytes) {
  return decode_as<pb::DutyChanges, DutyChanges>(bytes, limits::kDocumentBytesMax, "DutyChanges");
}

Bytes encode(const CheckInItem& item) { return encode_as<pb::CheckInItem>(item); }
Result<CheckInItem> decode_check_in_item(ByteView bytes) {
  return decode_as<pb::CheckInItem, CheckInItem>(bytes, 2 * limits::kDutyChangeBytesMax, "CheckInItem");
}
Bytes encode(const CheckIn& check_in) { return encode_as<pb::CheckIn>(check_in); }
Result<CheckIn> decode_check_in(ByteView bytes) {
  return decode_as<pb::CheckIn, CheckIn>(bytes, limits::kDutyChangeBytesMax, "CheckIn");
}
Bytes encode(const SignedCheckIn& check_in) { return encode_as<pb::SignedCheckIn>(check_in); }
Result<SignedCheckIn> decode_signed_check_in(ByteView bytes) {
  constexpr std::size_t kMost =
      limits::kDutyChangeBytesMax + limits::kCertificateBytesMax + limits::kWrapBytesMax;
  return decode_as<pb::SignedCheckIn, SignedCheckIn>(bytes, kMost, "SignedCheckIn");
}

}  // namespace nattevagt::wire
