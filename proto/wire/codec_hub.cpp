#include "proto/wire/codec_hub.h"

#include <google/protobuf/io/coded_stream.h>

#include "proto/wire/codec.h"
#include "schema/hub.pb.h"

namespace nattevagt::wire {

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

// ---- Streams

static std::size_t entry_bytes_max(EntryKind kind) noexcept {
  // A welcome carries the group's tree, so an inbox entry with one may be larger than any other that we know.
  return kind == EntryKind::kWelcome || !is_known(kind) ? limits::kWelcomeBytesMax + limits::kWrapBytesMax
                                     : limits::kEntryBytesMax;
}

void put(const Entry& in, pb::Entry& out) {
  out.set_stream(str(in.stream));
  out.set_seq(in.seq);
  out.set_kind(static_cast<pb::EntryKind>(in.kind));
  out.set_epoch(in.epoch);
  out.set_id(str(in.id));
  out.set_stored_at_ms(wire_time(in.stored_at));
  out.set_bytes(str(in.bytes));
  out.set_chain(str(in.chain));
}
void read(const pb::Entry& in, Entry& out, Checks& checks) {
  checks.id(in.stream(), out.stream, "Entry.stream");
  checks.require(in.seq() != 0, "Entry.seq");
  out.seq = in.seq();
  checks.entry_kind(in.kind(), out.kind, "Entry.kind");
  out.epoch = in.epoch();
  // Welcomes, alert items, gaps and check-in notices come in the inbox alone, and nothing else does (P-030).
  const bool inbox_kind = out.kind == EntryKind::kWelcome || out.kind == EntryKind::kAlert ||
                          out.kind == EntryKind::kGap || out.kind == EntryKind::kCheckIn;
  checks.require(!is_known(out.kind) || inbox_kind == (out.stream == kInbox), "Entry.kind");
  const bool of_no_epoch = inbox_kind || out.kind == EntryKind::kRejoin;
  checks.require(!of_no_epoch || out.epoch == 0, "Entry.epoch");
  checks.id(in.id(), out.id, "Entry.id");
  checks.time(in.stored_at_ms(), out.stored_at, "Entry.stored_at");
  checks.bytes(in.bytes(), entry_bytes_max(out.kind), out.bytes, "Entry.bytes");
  checks.fixed(in.chain(), out.chain, "Entry.chain");
}

static void put(const WelcomeItem& in, pb::WelcomeItem& out) {
  out.set_stream(str(in.stream));
  out.set_seq(in.seq);
  out.set_chain(str(in.chain));
  out.set_welcome(str(in.welcome));
}
static void read(const pb::WelcomeItem& in, WelcomeItem& out, Checks& checks) {
  checks.conversation(in.stream(), out.stream, "WelcomeItem.stream");
  out.seq = in.seq();
  checks.fixed(in.chain(), out.chain, "WelcomeItem.chain");
  checks.bytes(in.welcome(), limits::kWelcomeBytesMax, out.welcome, "WelcomeItem.welcome");
}

static void put(const Rejoin& in, pb::Rejoin& out) {
  out.set_conversation(str(in.conversation));
  out.set_id(str(in.id));
  out.set_device(str(in.device));
  out.set_key_package(str(in.key_package));
}
static void read(const pb::Rejoin& in, Rejoin& out, Checks& checks) {
  checks.conversation(in.conversation(), out.conversation, "Rejoin.conversation");
  checks.id(in.id(), out.id, "Rejoin.id");
  checks.id(in.device(), out.device, "Rejoin.device");
  checks.bytes(in.key_package(), limits::kKeyPackageBytesMax, out.key_package, "Rejoin.key_package");
}

// ---- Alerts

void put(const AlertView& in, pb::AlertView& out) {
  out.set_alert(str(in.alert));
  out.set_stream(str(in.stream));
  out.set_unit(str(in.unit));
  out.set_role_asked(str(in.role_asked));
  out.set_severity(static_cast<pb::Severity>(in.severity));
  out.set_drill(in.drill);
  out.set_state(static_cast<pb::AlertState>(in.state));
  out.set_step(in.step);
  out.set_step_count(in.step_count);
  out.set_raised_at_ms(wire_time(in.raised_at));
  out.set_next_at_ms(wire_time(in.next_at));
  out.set_exhausted_at_ms(wire_time(in.exhausted_at));
  out.set_roster_version(in.roster_version);
  if (in.taken_by) out.set_taken_by(str(*in.taken_by));
  if (in.taken_at) out.set_taken_at_ms(wire_time(*in.taken_at));
  out.set_late(in.late);
  out.set_reserve_used(in.reserve_used);
  out.set_technical_alarm(in.technical_alarm);
  out.set_rota_version(in.rota_version);
  if (in.handing_to) out.set_handing_to(str(*in.handing_to));
}
void read(const pb::AlertView& in, AlertView& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "AlertView.alert");
  checks.conversation(in.stream(), out.stream, "AlertView.stream");
  checks.id(in.unit(), out.unit, "AlertView.unit");
  checks.id(in.role_asked(), out.role_asked, "AlertView.role_asked");
  checks.enumeration(in.severity(), out.severity, "AlertView.severity");
  out.drill = in.drill();
  checks.enumeration(in.state(), out.state, "AlertView.state");
  checks.require(in.step_count() <= limits::kLadderStepsMax, "AlertView.step_count");
  out.step_count = in.step_count();
  checks.require(in.step() <= in.step_count(), "AlertView.step");
  out.step = in.step();
  checks.time(in.raised_at_ms(), out.raised_at, "AlertView.raised_at");
  checks.time_or_never(in.next_at_ms(), out.next_at, "AlertView.next_at");
  checks.time_or_never(in.exhausted_at_ms(), out.exhausted_at, "AlertView.exhausted_at");
  out.roster_version = in.roster_version();
  checks.optional_id(in.has_taken_by(), in.taken_by(), out.taken_by, "AlertView.taken_by");
  if (in.has_taken_at_ms()) checks.time(in.taken_at_ms(), out.taken_at.emplace(), "AlertView.taken_at");
  out.late = in.late();
  out.reserve_used = in.reserve_used();
  out.technical_alarm = in.technical_alarm();
  out.rota_version = in.rota_version();
  checks.optional_id(in.has_handing_to(), in.handing_to(), out.handing_to, "AlertView.handing_to");
}

static void put(const AlertItem& in, pb::AlertItem& out) {
  out.set_notice(static_cast<pb::NoticeKind>(in.notice));
  out.set_repeat(in.repeat);
  put(in.view, *out.mutable_view());
}
static void read(const pb::AlertItem& in, AlertItem& out, Checks& checks) {
  checks.enumeration(in.notice(), out.notice, "AlertItem.notice");
  out.repeat = in.repeat();
  read(in.view(), out.view, checks);
}

static void put(const GapItem& in, pb::GapItem& out) {
  out.set_role(str(in.role));
  out.set_from_ms(wire_time(in.from));
  out.set_until_ms(wire_time(in.until));
  out.set_nearness(in.nearness);
}
static void read(const pb::GapItem& in, GapItem& out, Checks& checks) {
  checks.id(in.role(), out.role, "GapItem.role");
  checks.time(in.from_ms(), out.from, "GapItem.from");
  checks.time(in.until_ms(), out.until, "GapItem.until");
  checks.require(out.until > out.from, "GapItem.until");
  checks.require(in.nearness() >= 1 && in.nearness() <= 6, "GapItem.nearness");
  out.nearness = static_cast<std::uint8_t>(in.nearness());
}

// ---- Receipts

void put(const ReceiptLeaf& in, pb::ReceiptLeaf& out) {
  out.set_stream(str(in.stream));
  out.set_seq(in.seq);
  out.set_id(str(in.id));
  out.set_content(str(in.content));
  out.set_chain(str(in.chain));
  out.set_stored_at_ms(wire_time(in.stored_at));
  if (in.alert) out.set_alert(str(*in.alert));
  out.set_next_at_ms(wire_time(in.next_at));
  out.set_exhausted_at_ms(wire_time(in.exhausted_at));
}
void read(const pb::ReceiptLeaf& in, ReceiptLeaf& out, Checks& checks) {
  checks.conversation(in.stream(), out.stream, "ReceiptLeaf.stream");
  checks.require(in.seq() != 0, "ReceiptLeaf.seq");
  out.seq = in.seq();
  checks.id(in.id(), out.id, "ReceiptLeaf.id");
  checks.fixed(in.content(), out.content, "ReceiptLeaf.content");
  checks.fixed(in.chain(), out.chain, "ReceiptLeaf.chain");
  checks.time(in.stored_at_ms(), out.stored_at, "ReceiptLeaf.stored_at");
  checks.optional_id(in.has_alert(), in.alert(), out.alert, "ReceiptLeaf.alert");
  checks.time_or_never(in.next_at_ms(), out.next_at, "ReceiptLeaf.next_at");
  checks.time_or_never(in.exhausted_at_ms(), out.exhausted_at, "ReceiptLeaf.exhausted_at");
}

// ---- Frames

// What every version of the protocol keeps in its place (P-002). Read by hand: a frame of another version may
// be one that our schema cannot parse.
struct PlainField {
  std::uint32_t tag = 0;
  std::uint64_t varint = 0;  // of wire type 0
  std::uint32_t length = 0;  // of wire type 2: the bytes before the stream's place
  // One of the two ends of a group, which has no value: protobuf skips what is between them, we count it.
  bool group() const noexcept { return (tag & 7) == 3 || (tag & 7) == 4; }
};
// Reads past one field. False at the end, and at what is no field.
static bool read_field(google::protobuf::io::CodedInputStream& in, PlainField& out) noexcept {
  out = {in.ReadTag(), 0, 0};
  if (out.tag == 0) return false;
  switch (out.tag & 7) {
    case 0: return in.ReadVarint64(&out.varint);
    case 1: return in.Skip(8);
    case 2: return in.ReadVarint32(&out.length) && out.length <= limits::kFrameBytesMax &&
                   in.Skip(static_cast<int>(out.length));
    case 5: return in.Skip(4);
    default: return out.group();
  }
}

struct FrameHead {
  bool whole = false;  // read to its end, and without a group: no version of ours has one
  std::uint64_t protocol = 0;
  std::uint64_t request = 0;
};
static FrameHead frame_head(ByteView bytes) noexcept {
  constexpr std::uint32_t kProtocolTag = 1 << 3;  // fields 1 and 2 as varints
  constexpr std::uint32_t kRequestTag = 2 << 3;
  FrameHead head;
  if (bytes.size() > limits::kFrameBytesMax) return head;
  google::protobuf::io::CodedInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  for (PlainField field; read_field(in, field);) {
    if (field.group()) return head;
    if (field.tag == kProtocolTag) head.protocol = field.varint;
    if (field.tag == kRequestTag) head.request = field.varint;
  }
  head.whole = in.ConsumedEntireMessage();
  return head;
}

std::uint64_t request_number(ByteView bytes) noexcept { return frame_head(bytes).request; }

// The one body with a list a level below the others': each status has its check-ins.
constexpr std::uint32_t kDeepBody = 23 << 3 | 2;

// The fields of a message, and of those that it holds `levels` below, `of_frame` one more of the deep body. Stops
// at the first byte that is no field (protobuf will refuse it), and past the limit.
static std::size_t count_fields(ByteView bytes, int levels, bool of_frame) noexcept {
  std::size_t count = 0;
  google::protobuf::io::CodedInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  for (PlainField field; read_field(in, field);) {
    if (++count > limits::kFieldsPerFrameMax) return count;
    const int below = levels + (of_frame && field.tag == kDeepBody ? 1 : 0);
    if ((field.tag & 7) != 2 || below == 0) continue;
    const auto end = static_cast<std::size_t>(in.CurrentPosition());
    count += count_fields(bytes.subspan(end - field.length, field.length), below - 1, false);
  }
  return count;
}

// An item of a list costs its receiver twenty times its two bytes on the wire, so they are counted before
// protobuf makes objects of them (P-006).
static Status check_field_count(ByteView bytes, const char* where) noexcept {
  if (count_fields(bytes, 1, true) > limits::kFieldsPerFrameMax) return fail(Errc::kTooLarge, where);
  return {};
}

Status check_frame(ByteView bytes, const char* where) {
  if (bytes.size() > limits::kFrameBytesMax) return fail(Errc::kTooLarge, where);
  const FrameHead head = frame_head(bytes);
  if (!head.whole && head.protocol == 0) return fail(Errc::kMalformed, where);
  if (head.protocol < kProtocolVersionMin || head.protocol > kProtocolVersion) {
    return fail(Errc::kUpgradeRequired, "P-002");
  }
  // Protobuf would skip a group and read a request's number behind it that we have not seen.
  if (!head.whole) return fail(Errc::kMalformed, where);
  return check_field_count(bytes, where);
}

Bytes encode(const Rejoin& rejoin) { return encode_as<pb::Rejoin>(rejoin); }
Result<Rejoin> decode_rejoin(ByteView bytes) {
  return decode_as<pb::Rejoin, Rejoin>(bytes, limits::kKeyPackageBytesMax + limits::kWrapBytesMax, "Rejoin");
}
Bytes encode(const WelcomeItem& item) { return encode_as<pb::WelcomeItem>(item); }
Result<WelcomeItem> decode_welcome_item(ByteView bytes) {
  return decode_as<pb::WelcomeItem, WelcomeItem>(bytes, limits::kWelcomeBytesMax + limits::kWrapBytesMax,
                                                 "WelcomeItem");
}

Bytes encode(const AlertItem& item) { return encode_as<pb::AlertItem>(item); }
Result<AlertItem> decode_alert_item(ByteView bytes) {
  return decode_as<pb::AlertItem, AlertItem>(bytes, limits::kEntryBytesMax, "AlertItem");
}

Bytes encode(const GapItem& item) { return encode_as<pb::GapItem>(item); }
Result<GapItem> decode_gap_item(ByteView bytes) {
  return decode_as<pb::GapItem, GapItem>(bytes, limits::kWrapBytesMax, "GapItem");
}

Bytes encode(const ReceiptLeaf& leaf) { return encode_as<pb::ReceiptLeaf>(leaf); }

}  // namespace nattevagt::wire
