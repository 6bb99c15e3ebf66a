#include "proto/wire/codec_identity.h"

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "schema/identity.pb.h"

namespace nattevagt::wire {

void put(const SignedGrant& in, pb::SignedGrant& out) {
  out.set_body(str(in.body));
  out.set_signature(str(in.signature));
}
void read(const pb::SignedGrant& in, SignedGrant& out, Checks& checks) {
  checks.bytes(in.body(), limits::kGrantBytesMax, out.body, "SignedGrant.body");
  checks.fixed(in.signature(), out.signature, "SignedGrant.signature");
}

void put(const Certificate& in, pb::Certificate& out) {
  out.set_body(str(in.body));
  out.set_signature(str(in.signature));
}
void read(const pb::Certificate& in, Certificate& out, Checks& checks) {
  checks.bytes(in.body(), limits::kCertificateBytesMax, out.body, "Certificate.body");
  checks.fixed(in.signature(), out.signature, "Certificate.signature");
}

void put(const SignedDocument& in, pb::SignedDocument& out) {
  out.set_organisation(str(in.organisation));
  out.set_kind(static_cast<pb::DocumentKind>(in.kind));
  out.set_version(in.version);
  out.set_body(str(in.body));
  out.set_signature(str(in.signature));
}
void read(const pb::SignedDocument& in, SignedDocument& out, Checks& checks) {
  checks.id(in.organisation(), out.organisation, "SignedDocument.organisation");
  checks.enumeration(in.kind(), out.kind, "SignedDocument.kind");
  // Versions only rise from nothing (P-026): 0 is "we have none".
  checks.require(in.version() != 0, "SignedDocument.version");
  out.version = in.version();
  checks.bytes(in.body(), limits::kDocumentBytesMax, out.body, "SignedDocument.body");
  checks.fixed(in.signature(), out.signature, "SignedDocument.signature");
}

void put(const DocumentVersion& in, pb::DocumentVersion& out) {
  out.set_organisation(str(in.organisation));
  out.set_kind(static_cast<pb::DocumentKind>(in.kind));
  out.set_version(in.version);
}
void read(const pb::DocumentVersion& in, DocumentVersion& out, Checks& checks) {
  checks.id(in.organisation(), out.organisation, "DocumentVersion.organisation");
  checks.enumeration(in.kind(), out.kind, "DocumentVersion.kind");
  out.version = in.version();
}

void put(const Target& in, pb::Target& out) {
  out.set_kind(static_cast<pb::TargetKind>(in.kind));
  out.set_id(str(in.id));
}
void read(const pb::Target& in, Target& out, Checks& checks) {
  checks.enumeration(in.kind(), out.kind, "Target.kind");
  checks.id(in.id(), out.id, "Target.id");
}

void put(const OrganisationCard& in, pb::OrganisationCard& out) {
  out.set_id(str(in.id));
  out.set_sign_key(str(in.sign_key));
  out.set_curve_key(str(in.curve_key));
}
void read(const pb::OrganisationCard& in, OrganisationCard& out, Checks& checks) {
  checks.id(in.id(), out.id, "OrganisationCard.id");
  checks.key(in.sign_key(), out.sign_key, "OrganisationCard.sign_key");
  checks.key(in.curve_key(), out.curve_key, "OrganisationCard.curve_key");
  checks.require(out.id == organisation_id(out.sign_key), "P-020");
}

void put(const TrustedOrganisation& in, pb::TrustedOrganisation& out) {
  put(in.card, *out.mutable_card());
  out.set_name(in.name);
  out.set_directory_key(str(in.directory_key.expose()));
}
void read(const pb::TrustedOrganisation& in, TrustedOrganisation& out, Checks& checks) {
  read(in.card(), out.card, checks);
  checks.text(in.name(), limits::kNameBytesMax, out.name, "TrustedOrganisation.name");
  checks.secret(in.directory_key(), out.directory_key, "TrustedOrganisation.directory_key");
}

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

static void put(const Label& in, pb::Label& out) {
  out.set_name(in.name);
  out.set_profession(in.profession);
}
static void read(const pb::Label& in, Label& out, Checks& checks) {
  checks.text(in.name(), limits::kNameBytesMax, out.name, "Label.name");
  checks.text(in.profession(), limits::kNameBytesMax, out.profession, "Label.profession");
}

static void put(const HubPin& in, pb::HubPin& out) {
  out.set_endpoint(in.endpoint);
  out.set_curve_key(str(in.curve_key));
  out.set_sign_key(str(in.sign_key));
}
static void read(const pb::HubPin& in, HubPin& out, Checks& checks) {
  checks.printable(in.endpoint(), limits::kEndpointBytesMax, out.endpoint, "HubPin.endpoint");
  checks.key(in.curve_key(), out.curve_key, "HubPin.curve_key");
  checks.key(in.sign_key(), out.sign_key, "HubPin.sign_key");
}

static void put(const Grant& in, pb::Grant& out) {
  out.set_id(str(in.id));
  out.set_organisation(str(in.organisation));
  out.set_kind(static_cast<pb::HolderKind>(in.kind));
  out.set_person(str(in.person));
  if (in.unit) out.set_unit(str(*in.unit));
  out.set_sealed_label(str(in.sealed_label));
  out.set_sign_key(str(in.sign_key));
  out.set_curve_key(str(in.curve_key));
  out.set_issued_at_ms(wire_time(in.issued_at));
  out.set_not_after_ms(wire_time(in.not_after));
  out.set_certificate_lifetime_ms(in.certificate_lifetime.count());
  put(in.hub, *out.mutable_hub());
}
static void read(const pb::Grant& in, Grant& out, Checks& checks) {
  checks.id(in.id(), out.id, "Grant.id");
  checks.id(in.organisation(), out.organisation, "Grant.organisation");
  checks.enumeration(in.kind(), out.kind, "Grant.kind");
  checks.id(in.person(), out.person, "Grant.person");
  checks.optional_id(in.has_unit(), in.unit(), out.unit, "Grant.unit");
  checks.require(out.kind != HolderKind::kUnit || out.unit, "Grant.unit");
  checks.bytes(in.sealed_label(), limits::kLabelBytesMax, out.sealed_label, "Grant.sealed_label");
  checks.key(in.sign_key(), out.sign_key, "Grant.sign_key");
  checks.key(in.curve_key(), out.curve_key, "Grant.curve_key");
  checks.time(in.issued_at_ms(), out.issued_at, "Grant.issued_at");
  checks.time(in.not_after_ms(), out.not_after, "Grant.not_after");
  checks.require(out.not_after > out.issued_at, "Grant.not_after");
  checks.duration(in.certificate_lifetime_ms(), Millis(1), limits::kCertificateLifetimeMax,
                  out.certificate_lifetime, "Grant.certificate_lifetime");
  read(in.hub(), out.hub, checks);
}

static void put(const CertificateBody& in, pb::CertificateBody& out) {
  put(in.grant, *out.mutable_grant());
  out.set_sign_key(str(in.sign_key));
  out.set_curve_key(str(in.curve_key));
  out.set_issued_at_ms(wire_time(in.issued_at));
  out.set_not_after_ms(wire_time(in.not_after));
}
static void read(const pb::CertificateBody& in, CertificateBody& out, Checks& checks) {
  read(in.grant(), out.grant, checks);
  checks.key(in.sign_key(), out.sign_key, "CertificateBody.sign_key");
  checks.key(in.curve_key(), out.curve_key, "CertificateBody.curve_key");
  checks.time(in.issued_at_ms(), out.issued_at, "CertificateBody.issued_at");
  checks.time(in.not_after_ms(), out.not_after, "CertificateBody.not_after");
  checks.require(out.not_after > out.issued_at, "CertificateBody.not_after");
}

static void put(const LadderStep& in, pb::LadderStep& out) {
  out.set_wait_ms(in.wait.count());
  out.set_repeat_ms(in.repeat.count());
  for (const Target& target : in.targets) put(target, *out.add_targets());
}
static void read(const pb::LadderStep& in, LadderStep& out, Checks& checks) {
  checks.duration(in.wait_ms(), limits::kStepWaitMin, limits::kStepWaitMax, out.wait, "LadderStep.wait");
  if (in.repeat_ms() != 0) {
    checks.duration(in.repeat_ms(), limits::kStepWaitMin, limits::kStepWaitMax, out.repeat,
                    "LadderStep.repeat");
  }
  checks.items(in.targets(), limits::kLadderTargetsMax, out.targets, "LadderStep.targets");
}

static void put(const Ladder& in, pb::Ladder& out) {
  out.set_id(str(in.id));
  for (const LadderStep& step : in.steps) put(step, *out.add_steps());
  out.set_advice_within_ms(in.advice_within.count());
}
static void read(const pb::Ladder& in, Ladder& out, Checks& checks) {
  checks.id(in.id(), out.id, "Ladder.id");
  checks.require(in.steps_size() > 0, "Ladder.steps");
  checks.items(in.steps(), limits::kLadderStepsMax, out.steps, "Ladder.steps");
  checks.duration(in.advice_within_ms(), limits::kStepWaitMin, limits::kStepWaitMax, out.advice_within,
                  "Ladder.advice_within");
}

static void put(const Role& in, pb::Role& out) {
  out.set_id(str(in.id));
  out.set_sealed_label(str(in.sealed_label));
  for (const PersonId& holder : in.holders) out.add_holders(str(holder));
}
static void read(const pb::Role& in, Role& out, Checks& checks) {
  checks.id(in.id(), out.id, "Role.id");
  checks.bytes(in.sealed_label(), limits::kLabelBytesMax, out.sealed_label, "Role.sealed_label");
  checks.ids(in.holders(), limits::kHoldersPerRoleMax, out.holders, "Role.holders");
}

static void put(const UnitLadder& in, pb::UnitLadder& out) {
  out.set_severity(static_cast<pb::Severity>(in.severity));
  out.set_ladder(str(in.ladder));
}
static void read(const pb::UnitLadder& in, UnitLadder& out, Checks& checks) {
  checks.enumeration(in.severity(), out.severity, "UnitLadder.severity");
  checks.id(in.ladder(), out.ladder, "UnitLadder.ladder");
}

static void put(const Unit& in, pb::Unit& out) {
  out.set_id(str(in.id));
  out.set_sealed_label(str(in.sealed_label));
  for (const UnitLadder& ladder : in.ladders) put(ladder, *out.add_ladders());
}
static void read(const pb::Unit& in, Unit& out, Checks& checks) {
  checks.id(in.id(), out.id, "Unit.id");
  checks.bytes(in.sealed_label(), limits::kLabelBytesMax, out.sealed_label, "Unit.sealed_label");
  checks.items(in.ladders(), kLastValue<Severity>, out.ladders, "Unit.ladders");
  // Two ladders for one severity would let hub and client each read another one.
  for (std::size_t i = 1; i < out.ladders.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      checks.require(out.ladders[i].severity != out.ladders[j].severity, "Unit.ladders");
    }
  }
}

static void put(const PersonLabel& in, pb::PersonLabel& out) {
  out.set_id(str(in.id));
  out.set_sealed_label(str(in.sealed_label));
}
static void read(const pb::PersonLabel& in, PersonLabel& out, Checks& checks) {
  checks.id(in.id(), out.id, "PersonLabel.id");
  checks.bytes(in.sealed_label(), limits::kLabelBytesMax, out.sealed_label, "PersonLabel.sealed_label");
}

static void put(const Roster& in, pb::Roster& out) {
  out.set_issued_at_ms(wire_time(in.issued_at));
  for (const Role& role : in.roles) put(role, *out.add_roles());
  for (const Unit& unit : in.units) put(unit, *out.add_units());
  for (const Ladder& ladder : in.ladders) put(ladder, *out.add_ladders());
  for (const PersonId& recorder : in.recorders) out.add_recorders(str(recorder));
  out.set_sealed_reserve_plan(str(in.sealed_reserve_plan));
  for (const PersonLabel& person : in.people) put(person, *out.add_people());
}
static void read(const pb::Roster& in, Roster& out, Checks& checks) {
  checks.time(in.issued_at_ms(), out.issued_at, "Roster.issued_at");
  checks.items(in.roles(), limits::kRolesMax, out.roles, "Roster.roles");
  checks.items(in.units(), limits::kUnitsMax, out.units, "Roster.units");
  checks.items(in.ladders(), limits::kLaddersMax, out.ladders, "Roster.ladders");
  checks.ids(in.recorders(), limits::kRecordersMax, out.recorders, "Roster.recorders");
  checks.bytes(in.sealed_reserve_plan(), limits::kTextBytesMax + limits::kSealBytes, out.sealed_reserve_plan,
               "Roster.sealed_reserve_plan");
  checks.items(in.people(), limits::kPeopleMax, out.people, "Roster.people");
}

static void put(const Revocations& in, pb::Revocations& out) {
  out.set_issued_at_ms(wire_time(in.issued_at));
  for (const DeviceId& device : in.devices) out.add_devices(str(device));
}
static void read(const pb::Revocations& in, Revocations& out, Checks& checks) {
  checks.time(in.issued_at_ms(), out.issued_at, "Revocations.issued_at");
  checks.ids(in.devices(), limits::kRevokedDevicesMax, out.devices, "Revocations.devices");
}

Bytes encode(const Grant& grant) { return encode_as<pb::Grant>(grant); }
Result<Grant> decode_grant(ByteView bytes) {
  return decode_as<pb::Grant, Grant>(bytes, limits::kGrantBytesMax, "Grant");
}

Bytes encode(const CertificateBody& body) { return encode_as<pb::CertificateBody>(body); }
Result<CertificateBody> decode_certificate_body(ByteView bytes) {
  return decode_as<pb::CertificateBody, CertificateBody>(bytes, limits::kCertificateBytesMax,
                                                         "CertificateBody");
}

Bytes encode(const Certificate& certificate) { return encode_as<pb::Certificate>(certificate); }
Result<Certificate> decode_certificate(ByteView bytes) {
  return decode_as<pb::Certificate, Certificate>(bytes, limits::kCertificateBytesMax + limits::kWrapBytesMax,
                                                 "Certificate");
}

Bytes encode(const Roster& roster) { return encode_as<pb::Roster>(roster); }
Result<Roster> decode_roster(ByteView bytes) {
  return decode_as<pb::Roster, Roster>(bytes, limits::kDocumentBytesMax, "Roster");
}

Bytes encode(const Revocations& revocations) { return encode_as<pb::Revocations>(revocations); }
Result<Revocations> decode_revocations(ByteView bytes) {
  return decode_as<pb::Revocations, Revocations>(bytes, limits::kDocumentBytesMax, "Revocations");
}

Bytes encode(const SignedDocument& document) { return encode_as<pb::SignedDocument>(document); }
Result<SignedDocument> decode_signed_document(ByteView bytes) {
  return decode_as<pb::SignedDocument, SignedDocument>(
      bytes, limits::kDocumentBytesMax + limits::kWrapBytesMax, "SignedDocument");
}

Bytes encode(const Label& label) { return encode_as<pb::Label>(label); }
Result<Label> decode_label(ByteView bytes) {
  return decode_as<pb::Label, Label>(bytes, limits::kLabelBytesMax, "Label");
}

}  // namespace nattevagt::wire
