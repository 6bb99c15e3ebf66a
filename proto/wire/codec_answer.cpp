#include "proto/wire/codec.h"
#include "proto/wire/codec_duty.h"
#include "proto/wire/codec_hub.h"
#include "proto/wire/codec_suspension.h"
#include "schema/hub.pb.h"

namespace nattevagt::wire {

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

static void put_documents(const std::vector<DocumentVersion>& in,
                          google::protobuf::RepeatedPtrField<pb::DocumentVersion>& out) {
  for (const DocumentVersion& version : in) put(version, *out.Add());
}

static void read_documents(const google::protobuf::RepeatedPtrField<pb::DocumentVersion>& in,
                           std::vector<DocumentVersion>& out, Checks& checks, const char* where) {
  checks.items(in, limits::kDocumentVersionsMax, out, where);
}

static void put(const StreamPosition& in, pb::StreamPosition& out) {
  out.set_stream(str(in.stream));
  out.set_acked(in.acked);
  out.set_head(in.head);
}
static void read(const pb::StreamPosition& in, StreamPosition& out, Checks& checks) {
  checks.id(in.stream(), out.stream, "StreamPosition.stream");
  out.acked = in.acked();
  out.head = in.head();
  checks.require(out.acked <= out.head, "StreamPosition.acked");
}

static void put_body(const HelloReply& in, pb::HubFrame& frame) {
  pb::HelloReply& out = *frame.mutable_hello_reply();
  out.set_hub_time_ms(wire_time(in.hub_time));
  out.set_software(in.software);
  out.set_sign_key(str(in.sign_key));
  put_documents(in.documents, *out.mutable_documents());
  out.set_key_packages_left(in.key_packages_left);
  out.set_has_last_resort(in.has_last_resort);
  for (const StreamPosition& position : in.positions) put(position, *out.add_positions());
}
static void read(const pb::HelloReply& in, HelloReply& out, Checks& checks) {
  checks.time(in.hub_time_ms(), out.hub_time, "HelloReply.hub_time");
  checks.printable(in.software(), limits::kSoftwareNameBytesMax, out.software, "HelloReply.software");
  checks.key(in.sign_key(), out.sign_key, "HelloReply.sign_key");
  read_documents(in.documents(), out.documents, checks, "HelloReply.documents");
  out.key_packages_left = in.key_packages_left();
  out.has_last_resort = in.has_last_resort();
  checks.items(in.positions(), limits::kStreamsPerDeviceMax + 1, out.positions, "HelloReply.positions");
}

static void put_body(const Pong& in, pb::HubFrame& frame) {
  pb::Pong& out = *frame.mutable_pong();
  out.set_hub_time_ms(wire_time(in.hub_time));
  put_documents(in.documents, *out.mutable_documents());
  out.set_key_packages_left(in.key_packages_left);
}
static void read(const pb::Pong& in, Pong& out, Checks& checks) {
  checks.time(in.hub_time_ms(), out.hub_time, "Pong.hub_time");
  read_documents(in.documents(), out.documents, checks, "Pong.documents");
  out.key_packages_left = in.key_packages_left();
}

static void put_body(const Accepted&, pb::HubFrame& frame) { frame.mutable_accepted(); }

static void put_body(const Gathered& in, pb::HubFrame& frame) {
  pb::Gathered& out = *frame.mutable_gathered();
  for (const Gathered::Item& item : in.items) {
    pb::Gathered::Item& to = *out.add_items();
    to.set_device(str(item.device));
    to.set_key_package(str(item.key_package));
  }
  for (const DeviceId& device : in.without) out.add_without(str(device));
}
static void read(const pb::Gathered_Item& in, Gathered::Item& out, Checks& checks) {
  checks.id(in.device(), out.device, "Gathered.device");
  checks.bytes(in.key_package(), limits::kKeyPackageBytesMax, out.key_package, "Gathered.key_package");
}
static void read(const pb::Gathered& in, Gathered& out, Checks& checks) {
  checks.items(in.items(), limits::kKeyPackagesPerRequestMax, out.items, "Gathered.items");
  checks.ids(in.without(), limits::kGroupMembersMax, out.without, "Gathered.without");
}

static void put_body(const Stored& in, pb::HubFrame& frame) {
  pb::Receipt& out = *frame.mutable_stored()->mutable_receipt();
  put(in.receipt.leaf, *out.mutable_leaf());
  out.set_index(in.receipt.index);
  out.set_count(in.receipt.count);
  std::string& path = *out.mutable_path();
  path.reserve(in.receipt.path.size() * sizeof(Digest));
  for (const Digest& sibling : in.receipt.path) path += as_text(sibling);
  out.set_signature(str(in.receipt.signature));
}
static void read(const pb::Receipt& in, Receipt& out, Checks& checks) {
  read(in.leaf(), out.leaf, checks);
  checks.require(in.index() < in.count(), "Receipt.index");
  out.index = in.index();
  out.count = in.count();
  checks.array_of(in.path(), limits::kReceiptPathMax, out.path, "Receipt.path");
  checks.fixed(in.signature(), out.signature, "Receipt.signature");
}
static void read(const pb::Stored& in, Stored& out, Checks& checks) {
  read(in.receipt(), out.receipt, checks);
}

static void put_body(const Documents& in, pb::HubFrame& frame) {
  pb::Documents& out = *frame.mutable_documents();
  for (const SignedDocument& document : in.documents) put(document, *out.add_documents());
  out.set_more(in.more);
}
static void read(const pb::Documents& in, Documents& out, Checks& checks) {
  checks.items(in.documents(), limits::kDocumentVersionsMax, out.documents, "Documents.documents");
  out.more = in.more();
}

static void put_body(const AlertReply& in, pb::HubFrame& frame) {
  put(in.view, *frame.mutable_alert_reply()->mutable_view());
}
static void read(const pb::AlertReply& in, AlertReply& out, Checks& checks) {
  read(in.view(), out.view, checks);
}

static void put_body(const Devices& in, pb::HubFrame& frame) {
  pb::Devices& out = *frame.mutable_devices();
  for (const Devices::Item& item : in.items) {
    pb::Devices::Item& to = *out.add_items();
    put(item.certificate, *to.mutable_certificate());
    to.set_revoked(item.revoked);
    to.set_connected(item.connected);
    to.set_last_seen_ms(wire_time(item.last_seen));
    to.set_key_packages_left(item.key_packages_left);
    if (item.suspension) put(*item.suspension, *to.mutable_suspension());
  }
  out.set_more(in.more);
}
static void read(const pb::Devices_Item& in, Devices::Item& out, Checks& checks) {
  read(in.certificate(), out.certificate, checks);
  out.revoked = in.revoked();
  out.connected = in.connected();
  // 0 is a device that has enrolled and not come back yet.
  if (in.last_seen_ms() != 0) checks.time(in.last_seen_ms(), out.last_seen, "Devices.last_seen");
  out.key_packages_left = in.key_packages_left();
  if (in.has_suspension()) read(in.suspension(), out.suspension.emplace(), checks);
}
static void read(const pb::Devices& in, Devices& out, Checks& checks) {
  checks.items(in.items(), limits::kDevicesPerAnswerMax, out.items, "Devices.items");
  out.more = in.more();
}

static void put_body(const Refused& in, pb::HubFrame& frame) {
  pb::Refused& out = *frame.mutable_refused();
  out.set_code(static_cast<std::uint32_t>(in.code));
  out.set_current_epoch(in.current_epoch);
  if (in.taken_by) out.set_taken_by(str(*in.taken_by));
  out.set_retry_after_ms(in.retry_after.count());
  out.set_protocol_min(in.protocol_min);
  out.set_protocol_max(in.protocol_max);
}
static void read(const pb::Refused& in, Refused& out, Checks& checks) {
  checks.error_code(in.code(), out.code, "Refused.code");
  out.current_epoch = in.current_epoch();
  checks.optional_id(in.has_taken_by(), in.taken_by(), out.taken_by, "Refused.taken_by");
  checks.duration(in.retry_after_ms(), Millis(0), limits::kRetryAfterMax, out.retry_after,
                  "Refused.retry_after");
  out.protocol_min = in.protocol_min();
  out.protocol_max = in.protocol_max();
}

static void put_body(const Entry& in, pb::HubFrame& frame) { put(in, *frame.mutable_entry()); }

static void put_body(const DocumentsChanged& in, pb::HubFrame& frame) {
  put_documents(in.documents, *frame.mutable_documents_changed()->mutable_documents());
}
static void read(const pb::DocumentsChanged& in, DocumentsChanged& out, Checks& checks) {
  read_documents(in.documents(), out.documents, checks, "DocumentsChanged.documents");
}

static void put_body(const KeyPackagesLow& in, pb::HubFrame& frame) {
  frame.mutable_key_packages_low()->set_left(in.left);
}
static void read(const pb::KeyPackagesLow& in, KeyPackagesLow& out, Checks&) { out.left = in.left(); }

static void put_body(const Goodbye& in, pb::HubFrame& frame) {
  frame.mutable_goodbye()->set_reason(static_cast<std::uint32_t>(in.reason));
  if (in.suspension) put(*in.suspension, *frame.mutable_goodbye()->mutable_suspension());
}
static void read(const pb::Goodbye& in, Goodbye& out, Checks& checks) {
  checks.error_code(in.reason(), out.reason, "Goodbye.reason");
  if (in.has_suspension()) read(in.suspension(), out.suspension.emplace(), checks);
  checks.require(out.suspension.has_value() == (out.reason == Errc::kSuspended), "Goodbye.suspension");
}

static void put_body(const SuspensionStands& in, pb::HubFrame& frame) {
  put(in.suspension, *frame.mutable_suspension_stands()->mutable_suspension());
}
static void read(const pb::SuspensionStands& in, SuspensionStands& out, Checks& checks) {
  read(in.suspension(), out.suspension, checks);
}

static void put_body(const DutyStatuses& in, pb::HubFrame& frame) {
  pb::DutyStatuses& out = *frame.mutable_duty_statuses();
  for (const DutyStatus& item : in.items) put(item, *out.add_items());
  out.set_more(in.more);
}
static void read(const pb::DutyStatuses& in, DutyStatuses& out, Checks& checks) {
  checks.items(in.items(), limits::kDutyStatusesMax, out.items, "DutyStatuses.items");
  out.more = in.more();
}

static void read(const pb::HubFrame& in, Answer& out, Checks& checks) {
  switch (in.body_case()) {
    case pb::HubFrame::kHelloReply: return read(in.hello_reply(), out.emplace<HelloReply>(), checks);
    case pb::HubFrame::kPong: return read(in.pong(), out.emplace<Pong>(), checks);
    case pb::HubFrame::kAccepted: out.emplace<Accepted>(); return;
    case pb::HubFrame::kGathered: return read(in.gathered(), out.emplace<Gathered>(), checks);
    case pb::HubFrame::kStored: return read(in.stored(), out.emplace<Stored>(), checks);
    case pb::HubFrame::kDocuments: return read(in.documents(), out.emplace<Documents>(), checks);
    case pb::HubFrame::kAlertReply: return read(in.alert_reply(), out.emplace<AlertReply>(), checks);
    case pb::HubFrame::kDevices: return read(in.devices(), out.emplace<Devices>(), checks);
    case pb::HubFrame::kRefused: return read(in.refused(), out.emplace<Refused>(), checks);
    case pb::HubFrame::kEntry: return read(in.entry(), out.emplace<Entry>(), checks);
    case pb::HubFrame::kDocumentsChanged:
      return read(in.documents_changed(), out.emplace<DocumentsChanged>(), checks);
    case pb::HubFrame::kKeyPackagesLow:
      return read(in.key_packages_low(), out.emplace<KeyPackagesLow>(), checks);
    case pb::HubFrame::kDutyStatuses:
      return read(in.duty_statuses(), out.emplace<DutyStatuses>(), checks);
    case pb::HubFrame::kSuspensionStands:
      return read(in.suspension_stands(), out.emplace<SuspensionStands>(), checks);
    case pb::HubFrame::kGoodbye: return read(in.goodbye(), out.emplace<Goodbye>(), checks);
    case pb::HubFrame::BODY_NOT_SET: break;
  }
  checks.refuse(Errc::kUnsupported, "P-004");
}

static void read(const pb::HubFrame& in, HubFrame& out, Checks& checks) {
  out.protocol = in.protocol();
  out.request = in.request();
  read(in, out.body, checks);
}

static void put(const HubFrame& in, pb::HubFrame& out) {
  out.set_protocol(in.protocol);
  out.set_request(in.request);
  std::visit([&out](const auto& body) { put_body(body, out); }, in.body);
}
Bytes encode(const HubFrame& frame) { return encode_as<pb::HubFrame>(frame); }
Result<HubFrame> decode_hub_frame(ByteView bytes) {
  NV_TRYV(check_frame(bytes, "HubFrame"));
  return decode_as<pb::HubFrame, HubFrame>(bytes, limits::kFrameBytesMax, "HubFrame");
}

}  // namespace nattevagt::wire
