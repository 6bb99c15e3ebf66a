// Suspensions of lost phones on the wire (P-190, P-195).
#include "proto/wire/codec_suspension.h"

#include "proto/wire/codec.h"
#include "proto/wire/codec_duty.h"
#include "schema/suspension.pb.h"

namespace nattevagt::wire {

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

static void put(const Suspension& in, pb::Suspension& out) {
  out.set_id(str(in.id));
  out.set_hub(str(in.hub));
  out.set_organisation(str(in.organisation));
  out.set_device(str(in.device));
  out.set_issued_at_ms(wire_time(in.issued_at));
  out.set_sealed_author(str(in.sealed_author));
}
static void read(const pb::Suspension& in, Suspension& out, Checks& checks) {
  checks.id(in.id(), out.id, "Suspension.id");
  checks.key(in.hub(), out.hub, "Suspension.hub");
  checks.id(in.organisation(), out.organisation, "Suspension.organisation");
  checks.id(in.device(), out.device, "Suspension.device");
  checks.time(in.issued_at_ms(), out.issued_at, "Suspension.issued_at");
  checks.bytes(in.sealed_author(), limits::kLabelBytesMax, out.sealed_author, "Suspension.sealed_author");
}

void put(const SignedSuspension& in, pb::SignedSuspension& out) {
  out.set_body(str(in.body));
  put(in.signer, *out.mutable_signer());
}
void read(const pb::SignedSuspension& in, SignedSuspension& out, Checks& checks) {
  checks.bytes(in.body(), limits::kSuspensionBytesMax, out.body, "SignedSuspension.body");
  read(in.signer(), out.signer, checks);
}

static void put(const SuspensionLift& in, pb::SuspensionLift& out) {
  out.set_id(str(in.id));
  out.set_hub(str(in.hub));
  out.set_organisation(str(in.organisation));
  out.set_device(str(in.device));
  out.set_issued_at_ms(wire_time(in.issued_at));
}
static void read(const pb::SuspensionLift& in, SuspensionLift& out, Checks& checks) {
  checks.id(in.id(), out.id, "SuspensionLift.id");
  checks.key(in.hub(), out.hub, "SuspensionLift.hub");
  checks.id(in.organisation(), out.organisation, "SuspensionLift.organisation");
  checks.id(in.device(), out.device, "SuspensionLift.device");
  checks.time(in.issued_at_ms(), out.issued_at, "SuspensionLift.issued_at");
}

void put(const SignedLift& in, pb::SignedLift& out) {
  out.set_body(str(in.body));
  out.set_by_organisation(in.by_organisation);
  out.set_signature(str(in.signature));
}
void read(const pb::SignedLift& in, SignedLift& out, Checks& checks) {
  checks.bytes(in.body(), limits::kSuspensionBytesMax, out.body, "SignedLift.body");
  out.by_organisation = in.by_organisation();
  checks.fixed(in.signature(), out.signature, "SignedLift.signature");
}

static void put(const Suspensions::Item& in, pb::Suspensions::Item& out) {
  put(in.suspension, *out.mutable_suspension());
  out.set_at_ms(wire_time(in.at));
  if (in.lift) put(*in.lift, *out.mutable_lift());
  out.set_lifted_at_ms(wire_time(in.lifted_at));
}
static void read(const pb::Suspensions_Item& in, Suspensions::Item& out, Checks& checks) {
  read(in.suspension(), out.suspension, checks);
  checks.time(in.at_ms(), out.at, "Suspensions.at");
  if (in.has_lift()) read(in.lift(), out.lift.emplace(), checks);
  checks.time_or_never(in.lifted_at_ms(), out.lifted_at, "Suspensions.lifted_at");
  checks.require(out.lift.has_value() == (out.lifted_at != kNever), "Suspensions.lifted_at");
}

static void put(const Suspensions& in, pb::Suspensions& out) {
  for (const Suspensions::Item& item : in.items) put(item, *out.add_items());
}
static void read(const pb::Suspensions& in, Suspensions& out, Checks& checks) {
  checks.items(in.items(), limits::kSuspensionsKeptMax, out.items, "Suspensions.items");
}

Bytes encode(const Suspension& suspension) { return encode_as<pb::Suspension>(suspension); }
Result<Suspension> decode_suspension(ByteView bytes) {
  return decode_as<pb::Suspension, Suspension>(bytes, limits::kSuspensionBytesMax, "Suspension");
}
Bytes encode(const SuspensionLift& lift) { return encode_as<pb::SuspensionLift>(lift); }
Result<SuspensionLift> decode_suspension_lift(ByteView bytes) {
  return decode_as<pb::SuspensionLift, SuspensionLift>(bytes, limits::kSuspensionBytesMax, "SuspensionLift");
}
Bytes encode(const Suspensions& suspensions) { return encode_as<pb::Suspensions>(suspensions); }
Result<Suspensions> decode_suspensions(ByteView bytes) {
  return decode_as<pb::Suspensions, Suspensions>(bytes, limits::kDocumentBytesMax, "Suspensions");
}

}  // namespace nattevagt::wire
