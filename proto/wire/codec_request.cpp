#include "proto/wire/codec.h"
#include "proto/wire/codec_duty.h"
#include "proto/wire/codec_hub.h"
#include "proto/wire/codec_suspension.h"
#include "schema/hub.pb.h"

namespace nattevagt::wire {

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

// ---- Requests. put_body chooses the member of the frame's oneof.

static void put_body(const Hello& in, pb::ClientFrame& frame) {
  frame.mutable_hello()->set_software(in.software);
  frame.mutable_hello()->set_document_kinds(in.document_kinds);
}
static void read(const pb::Hello& in, Hello& out, Checks& checks) {
  checks.printable(in.software(), limits::kSoftwareNameBytesMax, out.software, "Hello.software");
  out.document_kinds =
      in.document_kinds() == 0 ? static_cast<std::uint32_t>(kFirstDocumentKinds) : in.document_kinds();
}

static void put_body(const Ping&, pb::ClientFrame& frame) { frame.mutable_ping(); }

static void put_body(const Enrol& in, pb::ClientFrame& frame) {
  put(in.certificate, *frame.mutable_enrol()->mutable_certificate());
}
static void read(const pb::Enrol& in, Enrol& out, Checks& checks) {
  read(in.certificate(), out.certificate, checks);
}

static void put_body(const PublishKeyPackages& in, pb::ClientFrame& frame) {
  pb::PublishKeyPackages& out = *frame.mutable_publish_key_packages();
  for (const Bytes& package : in.packages) out.add_packages(str(package));
  if (in.last_resort) out.set_last_resort(str(*in.last_resort));
  out.set_instead(in.instead);
}
static void read(const pb::PublishKeyPackages& in, PublishKeyPackages& out, Checks& checks) {
  if (!checks.count(in.packages_size(), limits::kKeyPackagesPerDeviceMax, "PublishKeyPackages.packages"))
    return;
  for (const std::string& package : in.packages()) {
    checks.bytes(package, limits::kKeyPackageBytesMax, out.packages.emplace_back(),
                 "PublishKeyPackages.packages");
  }
  if (in.has_last_resort()) {
    checks.bytes(in.last_resort(), limits::kKeyPackageBytesMax, out.last_resort.emplace(),
                 "PublishKeyPackages.last_resort");
  }
  out.instead = in.instead();
}

static void put_body(const Gather& in, pb::ClientFrame& frame) {
  pb::Gather& out = *frame.mutable_gather();
  if (in.ladder) out.set_ladder(str(*in.ladder));
  for (const Target& target : in.targets) put(target, *out.add_targets());
  for (const OrganisationId& organisation : in.recorders_of) out.add_recorders_of(str(organisation));
}
static void read(const pb::Gather& in, Gather& out, Checks& checks) {
  checks.optional_id(in.has_ladder(), in.ladder(), out.ladder, "Gather.ladder");
  checks.items(in.targets(), limits::kLadderStepsMax * limits::kLadderTargetsMax, out.targets,
               "Gather.targets");
  checks.ids(in.recorders_of(), limits::kOrganisationsMax, out.recorders_of, "Gather.recorders_of");
}

static void put_body(const Append& in, pb::ClientFrame& frame) {
  pb::Append& out = *frame.mutable_append();
  out.set_stream(str(in.stream));
  out.set_create(in.create);
  out.set_id(str(in.id));
  out.set_kind(static_cast<pb::EntryKind>(in.kind));
  out.set_epoch(in.epoch);
  out.set_bytes(str(in.bytes));
  for (const DeviceId& device : in.added) out.add_added(str(device));
  for (const DeviceId& device : in.removed) out.add_removed(str(device));
  out.set_welcome(str(in.welcome));
}
static void read(const pb::Append& in, Append& out, Checks& checks) {
  checks.conversation(in.stream(), out.stream, "Append.stream");
  checks.require(out.stream != kAuditStream, "Append.stream");
  out.create = in.create();
  checks.id(in.id(), out.id, "Append.id");
  checks.enumeration(in.kind(), out.kind, "Append.kind");
  const bool rejoin = out.kind == EntryKind::kRejoin;
  checks.require(out.kind <= EntryKind::kCommit || (rejoin && !out.create), "Append.kind");
  out.epoch = in.epoch();
  checks.require(!rejoin || out.epoch == 0, "Append.epoch");
  checks.bytes(in.bytes(), limits::kEntryBytesMax, out.bytes, "Append.bytes");
  checks.ids(in.added(), limits::kGroupMembersMax, out.added, "Append.added");
  checks.ids(in.removed(), limits::kGroupMembersMax, out.removed, "Append.removed");
  checks.bytes(in.welcome(), limits::kWelcomeBytesMax, out.welcome, "Append.welcome");
  // Membership moves with a commit alone (P-035), and nobody is added who could not enter (P-036).
  const bool commit = out.kind == EntryKind::kCommit;
  checks.require(out.added.empty() || commit || out.create, "Append.added");
  checks.require(out.removed.empty() || commit, "Append.removed");
  checks.require(out.added.empty() == out.welcome.empty(), "Append.welcome");
}

static void put_body(const Raise& in, pb::ClientFrame& frame) {
  pb::Raise& out = *frame.mutable_raise();
  out.set_alert(str(in.alert));
  out.set_stream(str(in.stream));
  out.set_unit(str(in.unit));
  out.set_role_asked(str(in.role_asked));
  out.set_ladder(str(in.ladder));
  out.set_roster_version(in.roster_version);
  out.set_severity(static_cast<pb::Severity>(in.severity));
  out.set_drill(in.drill);
  for (const DeviceId& member : in.members) out.add_members(str(member));
  out.set_welcome(str(in.welcome));
  out.set_epoch(in.epoch);
  out.set_id(str(in.id));
  out.set_bytes(str(in.bytes));
}
static void read(const pb::Raise& in, Raise& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "Raise.alert");
  checks.conversation(in.stream(), out.stream, "Raise.stream");
  checks.require(out.stream != kAuditStream, "Raise.stream");
  checks.id(in.unit(), out.unit, "Raise.unit");
  checks.id(in.role_asked(), out.role_asked, "Raise.role_asked");
  checks.id(in.ladder(), out.ladder, "Raise.ladder");
  out.roster_version = in.roster_version();
  checks.enumeration(in.severity(), out.severity, "Raise.severity");
  out.drill = in.drill();
  checks.ids(in.members(), limits::kGroupMembersMax - 1, out.members, "Raise.members");
  checks.bytes(in.welcome(), limits::kWelcomeBytesMax, out.welcome, "Raise.welcome");
  checks.require(out.members.empty() == out.welcome.empty(), "Raise.welcome");
  out.epoch = in.epoch();
  checks.id(in.id(), out.id, "Raise.id");
  checks.bytes(in.bytes(), limits::kEntryBytesMax, out.bytes, "Raise.bytes");
}

static void put_body(const Act& in, pb::ClientFrame& frame) {
  pb::Act& out = *frame.mutable_act();
  out.set_alert(str(in.alert));
  out.set_kind(static_cast<pb::ActKind>(in.kind));
  out.set_id(str(in.id));
  out.set_epoch(in.epoch);
  out.set_bytes(str(in.bytes));
  if (in.to) out.set_to(str(*in.to));
}
static void read(const pb::Act& in, Act& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "Act.alert");
  checks.enumeration(in.kind(), out.kind, "Act.kind");
  checks.id(in.id(), out.id, "Act.id");
  out.epoch = in.epoch();
  checks.bytes(in.bytes(), limits::kEntryBytesMax, out.bytes, "Act.bytes");
  checks.optional_id(in.has_to(), in.to(), out.to, "Act.to");
  checks.require(out.to.has_value() == (out.kind == ActKind::kHandOver), "Act.to");
}

static void put_body(const Ack& in, pb::ClientFrame& frame) {
  pb::Ack& out = *frame.mutable_ack();
  for (const Ack::Position& position : in.positions) {
    pb::Ack::Position& item = *out.add_positions();
    item.set_stream(str(position.stream));
    item.set_seq(position.seq);
  }
}
static void read(const pb::Ack_Position& in, Ack::Position& out, Checks& checks) {
  checks.id(in.stream(), out.stream, "Ack.stream");
  out.seq = in.seq();
}
static void read(const pb::Ack& in, Ack& out, Checks& checks) {
  checks.items(in.positions(), limits::kAckPositionsMax, out.positions, "Ack.positions");
}

static void put_body(const GetDocuments& in, pb::ClientFrame& frame) {
  pb::GetDocuments& out = *frame.mutable_get_documents();
  for (const DocumentVersion& version : in.known) put(version, *out.add_known());
}
static void read(const pb::GetDocuments& in, GetDocuments& out, Checks& checks) {
  checks.items(in.known(), limits::kDocumentVersionsMax, out.known, "GetDocuments.known");
}

static void put_body(const GetAlert& in, pb::ClientFrame& frame) {
  frame.mutable_get_alert()->set_alert(str(in.alert));
}
static void read(const pb::GetAlert& in, GetAlert& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "GetAlert.alert");
}

static void put_body(const AnnounceGrant& in, pb::ClientFrame& frame) {
  put(in.grant, *frame.mutable_announce_grant()->mutable_grant());
}
static void read(const pb::AnnounceGrant& in, AnnounceGrant& out, Checks& checks) {
  read(in.grant(), out.grant, checks);
}

static void put_body(const PublishDocument& in, pb::ClientFrame& frame) {
  put(in.document, *frame.mutable_publish_document()->mutable_document());
}
static void read(const pb::PublishDocument& in, PublishDocument& out, Checks& checks) {
  read(in.document(), out.document, checks);
}

static void put_body(const ListDevices& in, pb::ClientFrame& frame) {
  pb::ListDevices& out = *frame.mutable_list_devices();
  if (in.after) out.set_after(str(*in.after));
}
static void read(const pb::ListDevices& in, ListDevices& out, Checks& checks) {
  checks.optional_id(in.has_after(), in.after(), out.after, "ListDevices.after");
}

static void put_body(const GetAuditPoint&, pb::ClientFrame& frame) { frame.mutable_get_audit_point(); }

static void put_body(const PostDutyChange& in, pb::ClientFrame& frame) {
  put(in.change, *frame.mutable_post_duty_change()->mutable_change());
}
static void read(const pb::PostDutyChange& in, PostDutyChange& out, Checks& checks) {
  read(in.change(), out.change, checks);
}

static void put_body(const PostCheckIn& in, pb::ClientFrame& frame) {
  put(in.check_in, *frame.mutable_post_check_in()->mutable_check_in());
}
static void read(const pb::PostCheckIn& in, PostCheckIn& out, Checks& checks) {
  read(in.check_in(), out.check_in, checks);
}

static void put_body(const GetDutyStatus& in, pb::ClientFrame& frame) {
  pb::GetDutyStatus& out = *frame.mutable_get_duty_status();
  if (in.after) out.set_after(str(*in.after));
}
static void read(const pb::GetDutyStatus& in, GetDutyStatus& out, Checks& checks) {
  checks.optional_id(in.has_after(), in.after(), out.after, "GetDutyStatus.after");
}

static void put_body(const SuspendDevice& in, pb::ClientFrame& frame) {
  put(in.suspension, *frame.mutable_suspend_device()->mutable_suspension());
}
static void read(const pb::SuspendDevice& in, SuspendDevice& out, Checks& checks) {
  read(in.suspension(), out.suspension, checks);
}

static void put_body(const LiftSuspension& in, pb::ClientFrame& frame) {
  put(in.lift, *frame.mutable_lift_suspension()->mutable_lift());
}
static void read(const pb::LiftSuspension& in, LiftSuspension& out, Checks& checks) {
  read(in.lift(), out.lift, checks);
}

static void read(const pb::ClientFrame& in, Request& out, Checks& checks) {
  switch (in.body_case()) {
    case pb::ClientFrame::kHello: return read(in.hello(), out.emplace<Hello>(), checks);
    case pb::ClientFrame::kPing: out.emplace<Ping>(); return;
    case pb::ClientFrame::kEnrol: return read(in.enrol(), out.emplace<Enrol>(), checks);
    case pb::ClientFrame::kPublishKeyPackages:
      return read(in.publish_key_packages(), out.emplace<PublishKeyPackages>(), checks);
    case pb::ClientFrame::kGather: return read(in.gather(), out.emplace<Gather>(), checks);
    case pb::ClientFrame::kAppend: return read(in.append(), out.emplace<Append>(), checks);
    case pb::ClientFrame::kRaise: return read(in.raise(), out.emplace<Raise>(), checks);
    case pb::ClientFrame::kAct: return read(in.act(), out.emplace<Act>(), checks);
    case pb::ClientFrame::kAck: return read(in.ack(), out.emplace<Ack>(), checks);
    case pb::ClientFrame::kGetDocuments: return read(in.get_documents(), out.emplace<GetDocuments>(), checks);
    case pb::ClientFrame::kGetAlert: return read(in.get_alert(), out.emplace<GetAlert>(), checks);
    case pb::ClientFrame::kAnnounceGrant:
      return read(in.announce_grant(), out.emplace<AnnounceGrant>(), checks);
    case pb::ClientFrame::kPublishDocument:
      return read(in.publish_document(), out.emplace<PublishDocument>(), checks);
    case pb::ClientFrame::kListDevices: return read(in.list_devices(), out.emplace<ListDevices>(), checks);
    case pb::ClientFrame::kSuspendDevice: return read(in.suspend_device(), out.emplace<SuspendDevice>(), checks);
    case pb::ClientFrame::kLiftSuspension:
      return read(in.lift_suspension(), out.emplace<LiftSuspension>(), checks);
    case pb::ClientFrame::kGetAuditPoint: out.emplace<GetAuditPoint>(); return;
    case pb::ClientFrame::kPostDutyChange:
      return read(in.post_duty_change(), out.emplace<PostDutyChange>(), checks);
    case pb::ClientFrame::kPostCheckIn:
      return read(in.post_check_in(), out.emplace<PostCheckIn>(), checks);
    case pb::ClientFrame::kGetDutyStatus:
      return read(in.get_duty_status(), out.emplace<GetDutyStatus>(), checks);
    case pb::ClientFrame::BODY_NOT_SET: break;
  }
  checks.refuse(Errc::kUnsupported, "P-004");
}

static void read(const pb::ClientFrame& in, ClientFrame& out, Checks& checks) {
  out.protocol = in.protocol();
  checks.require(in.request() != 0, "P-003");
  out.request = in.request();
  read(in, out.body, checks);
}

static void put(const ClientFrame& in, pb::ClientFrame& out) {
  out.set_protocol(in.protocol);
  out.set_request(in.request);
  std::visit([&out](const auto& body) { put_body(body, out); }, in.body);
}
Bytes encode(const ClientFrame& frame) { return encode_as<pb::ClientFrame>(frame); }
Result<ClientFrame> decode_client_frame(ByteView bytes) {
  NV_TRYV(check_frame(bytes, "ClientFrame"));
  return decode_as<pb::ClientFrame, ClientFrame>(bytes, limits::kFrameBytesMax, "ClientFrame");
}

}  // namespace nattevagt::wire
