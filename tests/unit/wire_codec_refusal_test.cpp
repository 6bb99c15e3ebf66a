// What a hostile or broken peer sends is refused, with the code that names why (P-005).

#include <functional>

#include <gtest/gtest.h>

#include "proto/wire/codec.h"
#include "tests/unit/wire_draw.h"
#include "tests/unit/wire_fields.h"

namespace nattevagt::wire {
namespace {

constexpr std::size_t kEnrol = 2, kPublishKeyPackages = 3, kGather = 4, kAppend = 5, kRaise = 6, kAct = 7,
                      kAck = 8, kGetDocuments = 9, kAnnounceGrant = 11, kPublishDocument = 12;
constexpr std::size_t kHelloReply = 0, kPong = 1, kGathered = 3, kStored = 4, kDocuments = 5, kAlertReply = 6,
                      kDevices = 7, kRefused = 8, kEntry = 9, kDocumentsChanged = 10, kGoodbye = 12;

template <class Frame>
struct RefusedFrame {
  const char* name;
  std::size_t kind;
  std::function<void(Frame&)> change;
  Errc code;
};

// A change of the frame's body, whose type the lambda names.
template <class Body, class Frame>
std::function<void(Frame&)> in_body(void (*change)(Body&)) {
  return [change](Frame& frame) { change(std::get<Body>(frame.body)); };
}
template <class Body>
std::function<void(ClientFrame&)> request(void (*change)(Body&)) {
  return in_body<Body, ClientFrame>(change);
}
template <class Body>
std::function<void(HubFrame&)> answer(void (*change)(Body&)) {
  return in_body<Body, HubFrame>(change);
}

template <class Frame, class Make, class Decode>
void expect_refusals(const std::vector<RefusedFrame<Frame>>& refusals, Make make, Decode decode) {
  for (const RefusedFrame<Frame>& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    Draw draw(1);
    Frame frame = make(draw, refusal.kind);
    ASSERT_TRUE(decode(encode(frame)));
    refusal.change(frame);
    const auto refused = decode(encode(frame));
    ASSERT_FALSE(refused);
    EXPECT_EQ(errc_name(refused.error().code), errc_name(refusal.code));
  }
}

// Without members to add or remove, so that nothing but its kind can be wrong.
Append bare_append(const Append& from, EntryKind kind) {
  return {from.stream, false, from.id, kind, from.epoch, from.bytes, {}, {}, {}};
}

ClientFrame make_request(Draw& draw, std::size_t kind) { return draw.client_frame(kind); }
HubFrame make_answer(Draw& draw, std::size_t kind) { return draw.hub_frame(kind); }

TEST(Refusal, RequestsOutsideTheirRange) {
  const std::vector<RefusedFrame<ClientFrame>> refusals = {
      {"request number 0", 1, [](ClientFrame& f) { f.request = 0; }, Errc::kInvalidValue},
      {"version 0", 1, [](ClientFrame& f) { f.protocol = 0; }, Errc::kUpgradeRequired},
      {"version 2", 1, [](ClientFrame& f) { f.protocol = kProtocolVersion + 1; }, Errc::kUpgradeRequired},
      {"version before number", 1,
       [](ClientFrame& f) {
         f.protocol = 99;
         f.request = 0;
       },
       Errc::kUpgradeRequired},
      {"software name empty", 0, request<Hello>([](Hello& b) { b.software.clear(); }), Errc::kInvalidValue},
      {"software name long", 0, request<Hello>([](Hello& b) { b.software.assign(65, 'x'); }),
       Errc::kTooLarge},
      {"software name moves the cursor", 0, request<Hello>([](Hello& b) { b.software = "a\033[2J"; }),
       Errc::kInvalidValue},
      {"software name not ASCII", 0, request<Hello>([](Hello& b) { b.software = "nætte"; }),
       Errc::kInvalidValue},
      {"certificate large", kEnrol,
       request<Enrol>([](Enrol& b) { b.certificate.body.assign(limits::kCertificateBytesMax + 1, 7); }),
       Errc::kTooLarge},
      {"key packages too many", kPublishKeyPackages,
       request<PublishKeyPackages>([](PublishKeyPackages& b) { b.packages.assign(101, Bytes(70)); }),
       Errc::kTooLarge},
      {"key package large", kPublishKeyPackages,
       request<PublishKeyPackages>([](PublishKeyPackages& b) { b.packages.assign(1, Bytes(8 * 1024 + 1)); }),
       Errc::kTooLarge},
      {"last resort large", kPublishKeyPackages,
       request<PublishKeyPackages>([](PublishKeyPackages& b) { b.last_resort = Bytes(8 * 1024 + 1); }),
       Errc::kTooLarge},
      {"targets too many", kGather,
       request<Gather>([](Gather& b) { b.targets.assign(513, {TargetKind::kRole, {}}); }), Errc::kTooLarge},
      {"target kind 0", kGather, request<Gather>([](Gather& b) { b.targets.assign(1, {}); }),
       Errc::kInvalidValue},
      {"target kind 4", kGather, request<Gather>([](Gather& b) { b.targets.assign(1, {TargetKind{4}, {}}); }),
       Errc::kInvalidValue},
      {"recorders too many", kGather,
       request<Gather>([](Gather& b) { b.recorders_of.resize(limits::kOrganisationsMax + 1); }),
       Errc::kTooLarge},
      {"append to an inbox", kAppend, request<Append>([](Append& b) { b.stream = kInbox; }),
       Errc::kInvalidValue},
      {"append kind 0", kAppend, request<Append>([](Append& b) { b = bare_append(b, EntryKind{}); }),
       Errc::kInvalidValue},
      {"append a welcome", kAppend,
       request<Append>([](Append& b) { b = bare_append(b, EntryKind::kWelcome); }), Errc::kInvalidValue},
      {"append an alert", kAppend, request<Append>([](Append& b) { b = bare_append(b, EntryKind::kAlert); }),
       Errc::kInvalidValue},
      {"entry large", kAppend, request<Append>([](Append& b) { b.bytes.resize(limits::kEntryBytesMax + 1); }),
       Errc::kTooLarge},
      {"added too many", kAppend,
       request<Append>([](Append& b) { b.added.resize(limits::kGroupMembersMax + 1); }), Errc::kTooLarge},
      {"removed too many", kAppend,
       request<Append>([](Append& b) { b.removed.resize(limits::kGroupMembersMax + 1); }), Errc::kTooLarge},
      {"welcome large", kAppend,
       request<Append>([](Append& b) { b.welcome.resize(limits::kWelcomeBytesMax + 1); }), Errc::kTooLarge},
      {"adding without a commit", kAppend, request<Append>([](Append& b) {
         b.kind = EntryKind::kApplication;
         b.create = false;
         b.added.resize(1);
         b.removed.clear();
         b.welcome.assign(70, 7);
       }),
       Errc::kInvalidValue},
      {"removing without a commit", kAppend, request<Append>([](Append& b) {
         b = Append{b.stream, true, b.id, EntryKind::kProposal, 0, b.bytes, {}, {DeviceId{}}, {}};
       }),
       Errc::kInvalidValue},
      {"added without a welcome", kAppend, request<Append>([](Append& b) {
         b.kind = EntryKind::kCommit;
         b.added.resize(1);
         b.welcome.clear();
       }),
       Errc::kInvalidValue},
      {"welcome for nobody", kAppend, request<Append>([](Append& b) {
         b.kind = EntryKind::kCommit;
         b.added.clear();
         b.welcome.assign(70, 7);
       }),
       Errc::kInvalidValue},
      {"raise in an inbox", kRaise, request<Raise>([](Raise& b) { b.stream = kInbox; }), Errc::kInvalidValue},
      {"severity 0", kRaise, request<Raise>([](Raise& b) { b.severity = Severity{}; }), Errc::kInvalidValue},
      {"severity 5", kRaise, request<Raise>([](Raise& b) { b.severity = Severity{5}; }), Errc::kInvalidValue},
      {"members too many", kRaise,
       request<Raise>([](Raise& b) { b.members.resize(limits::kGroupMembersMax); }), Errc::kTooLarge},
      {"raise's welcome large", kRaise,
       request<Raise>([](Raise& b) { b.welcome.resize(limits::kWelcomeBytesMax + 1); }), Errc::kTooLarge},
      {"raise's entry large", kRaise,
       request<Raise>([](Raise& b) { b.bytes.resize(limits::kEntryBytesMax + 1); }), Errc::kTooLarge},
      {"members without a welcome", kRaise, request<Raise>([](Raise& b) {
         b.members.resize(1);
         b.welcome.clear();
       }),
       Errc::kInvalidValue},
      {"act kind 0", kAct, request<Act>([](Act& b) { b.kind = ActKind{}; }), Errc::kInvalidValue},
      {"act kind 8", kAct, request<Act>([](Act& b) { b.kind = ActKind{8}; }), Errc::kInvalidValue},
      {"hand-over to nobody", kAct, request<Act>([](Act& b) { b.kind = ActKind::kHandOver; }), Errc::kInvalidValue},
      {"a take to somebody", kAct, request<Act>([](Act& b) { b.to.emplace(); }), Errc::kInvalidValue},
      {"act large", kAct, request<Act>([](Act& b) { b.bytes.resize(limits::kEntryBytesMax + 1); }),
       Errc::kTooLarge},
      {"positions too many", kAck,
       request<Ack>([](Ack& b) { b.positions.resize(limits::kAckPositionsMax + 1); }), Errc::kTooLarge},
      {"known documents too many", kGetDocuments, request<GetDocuments>([](GetDocuments& b) {
         b.known.assign(limits::kDocumentVersionsMax + 1, {{}, DocumentKind::kRoster, 1});
       }),
       Errc::kTooLarge},
      {"document kind past the last", kGetDocuments,
       request<GetDocuments>([](GetDocuments& b) { b.known.assign(1, {{}, DocumentKind{6}, 1}); }),
       Errc::kInvalidValue},
      {"grant large", kAnnounceGrant,
       request<AnnounceGrant>([](AnnounceGrant& b) { b.grant.body.resize(limits::kGrantBytesMax + 1); }),
       Errc::kTooLarge},
      {"document large", kPublishDocument, request<PublishDocument>([](PublishDocument& b) {
         b.document.body.resize(limits::kDocumentBytesMax + 1);
       }),
       Errc::kTooLarge},
      {"document version 0", kPublishDocument,
       request<PublishDocument>([](PublishDocument& b) { b.document.version = 0; }), Errc::kInvalidValue},
      {"document kind 0", kPublishDocument,
       request<PublishDocument>([](PublishDocument& b) { b.document.kind = DocumentKind{}; }),
       Errc::kInvalidValue},
  };
  expect_refusals(refusals, make_request, decode_client_frame);
}

TEST(Refusal, AnswersOutsideTheirRange) {
  const std::vector<RefusedFrame<HubFrame>> refusals = {
      {"version 2", 2, [](HubFrame& f) { f.protocol = kProtocolVersion + 1; }, Errc::kUpgradeRequired},
      {"hub time 2019", kHelloReply,
       answer<HelloReply>([](HelloReply& b) { b.hub_time = limits::kTimeMin - Millis(1); }),
       Errc::kInvalidValue},
      {"hub time never", kPong, answer<Pong>([](Pong& b) { b.hub_time = kNever; }), Errc::kInvalidValue},
      {"hub's software long", kHelloReply,
       answer<HelloReply>([](HelloReply& b) { b.software.assign(65, 'x'); }), Errc::kTooLarge},
      {"key packages too many", kGathered,
       answer<Gathered>([](Gathered& b) { b.items.assign(101, {{}, Bytes(70)}); }), Errc::kTooLarge},
      {"key package large", kGathered,
       answer<Gathered>([](Gathered& b) { b.items.assign(1, {{}, Bytes(8 * 1024 + 1)}); }), Errc::kTooLarge},
      {"receipt's index", kStored, answer<Stored>([](Stored& b) { b.receipt.index = b.receipt.count; }),
       Errc::kInvalidValue},
      {"receipt of no leaves", kStored,
       answer<Stored>([](Stored& b) { b.receipt.index = b.receipt.count = 0; }), Errc::kInvalidValue},
      {"receipt's path long", kStored, answer<Stored>([](Stored& b) { b.receipt.path.resize(33); }),
       Errc::kTooLarge},
      {"receipt in an inbox", kStored, answer<Stored>([](Stored& b) { b.receipt.leaf.stream = kInbox; }),
       Errc::kInvalidValue},
      {"receipt of seq 0", kStored, answer<Stored>([](Stored& b) { b.receipt.leaf.seq = 0; }),
       Errc::kInvalidValue},
      {"promise outside time", kStored,
       answer<Stored>([](Stored& b) { b.receipt.leaf.exhausted_at = limits::kTimeEnd; }),
       Errc::kInvalidValue},
      {"documents too many", kDocuments, answer<Documents>([](Documents& b) {
         b.documents.assign(limits::kDocumentVersionsMax + 1, {{}, DocumentKind::kRoster, 1, {}, {}});
       }),
       Errc::kTooLarge},
      {"alert state 0", kAlertReply, answer<AlertReply>([](AlertReply& b) { b.view.state = AlertState{}; }),
       Errc::kInvalidValue},
      {"alert state 7", kAlertReply, answer<AlertReply>([](AlertReply& b) { b.view.state = AlertState{7}; }),
       Errc::kInvalidValue},
      {"steps too many", kAlertReply, answer<AlertReply>([](AlertReply& b) { b.view.step_count = 17; }),
       Errc::kInvalidValue},
      {"step past the last", kAlertReply,
       answer<AlertReply>([](AlertReply& b) { b.view.step = b.view.step_count + 1; }), Errc::kInvalidValue},
      {"raised never", kAlertReply, answer<AlertReply>([](AlertReply& b) { b.view.raised_at = kNever; }),
       Errc::kInvalidValue},
      {"next in 1970", kAlertReply,
       answer<AlertReply>([](AlertReply& b) { b.view.next_at = from_unix_ms(1); }), Errc::kInvalidValue},
      {"taken in 1970", kAlertReply,
       answer<AlertReply>([](AlertReply& b) { b.view.taken_at = from_unix_ms(1); }), Errc::kInvalidValue},
      {"alert in an inbox", kAlertReply, answer<AlertReply>([](AlertReply& b) { b.view.stream = kInbox; }),
       Errc::kInvalidValue},
      {"last seen in 1970", kDevices, answer<Devices>([](Devices& b) {
         b.items.resize(1);
         b.items[0].last_seen = from_unix_ms(1);
       }),
       Errc::kInvalidValue},
      {"devices too many", kDevices,
       answer<Devices>([](Devices& b) { b.items.resize(limits::kDevicesPerAnswerMax + 1); }),
       Errc::kTooLarge},
      {"code 0", kRefused, answer<Refused>([](Refused& b) { b.code = Errc{}; }), Errc::kInvalidValue},
      {"retry in the past", kRefused, answer<Refused>([](Refused& b) { b.retry_after = Millis(-1); }),
       Errc::kInvalidValue},
      {"retry next year", kRefused,
       answer<Refused>([](Refused& b) { b.retry_after = limits::kRetryAfterMax + Millis(1); }),
       Errc::kInvalidValue},
      {"reason 0", kGoodbye, answer<Goodbye>([](Goodbye& b) { b.reason = Errc{}; }), Errc::kInvalidValue},
      {"seq 0", kEntry, answer<Entry>([](Entry& b) { b.seq = 0; }), Errc::kInvalidValue},
      {"entry kind 0", kEntry, answer<Entry>([](Entry& b) { b.kind = EntryKind{}; }), Errc::kInvalidValue},
      {"application message in an inbox", kEntry, answer<Entry>([](Entry& b) {
         b.kind = EntryKind::kApplication;
         b.stream = kInbox;
       }),
       Errc::kInvalidValue},
      {"welcome in a conversation", kEntry, answer<Entry>([](Entry& b) {
         b.kind = EntryKind::kWelcome;
         b.stream.bytes.fill(1);
         b.epoch = 0;
       }),
       Errc::kInvalidValue},
      {"inbox entry with an epoch", kEntry, answer<Entry>([](Entry& b) {
         b.kind = EntryKind::kAlert;
         b.stream = kInbox;
         b.epoch = 1;
       }),
       Errc::kInvalidValue},
      {"entry large", kEntry, answer<Entry>([](Entry& b) {
         b.kind = EntryKind::kCommit;
         b.stream.bytes.fill(1);
         b.bytes.resize(limits::kEntryBytesMax + 1);
       }),
       Errc::kTooLarge},
      {"welcome entry large", kEntry, answer<Entry>([](Entry& b) {
         b.kind = EntryKind::kWelcome;
         b.stream = kInbox;
         b.epoch = 0;
         b.bytes.resize(limits::kWelcomeBytesMax + limits::kWrapBytesMax + 1);
       }),
       Errc::kTooLarge},
      {"stored never", kEntry, answer<Entry>([](Entry& b) { b.stored_at = kNever; }), Errc::kInvalidValue},
      {"document kind 0", kDocumentsChanged,
       answer<DocumentsChanged>([](DocumentsChanged& b) { b.documents.assign(1, {}); }), Errc::kInvalidValue},
  };
  expect_refusals(refusals, make_answer, decode_hub_frame);
}

template <class T>
struct IdentityRefusal {
  const char* name;
  void (*change)(T&);
  Errc code;
};

template <class T, class Make, class Decode>
void expect_identity_refusals(const std::vector<IdentityRefusal<T>>& refusals, Make make, Decode decode) {
  for (const IdentityRefusal<T>& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    T value = make();
    ASSERT_TRUE(decode(encode(value)));
    refusal.change(value);
    const Result<T> refused = decode(encode(value));
    ASSERT_FALSE(refused);
    EXPECT_EQ(errc_name(refused.error().code), errc_name(refusal.code));
  }
}

TEST(Refusal, GrantsOutsideTheirRange) {
  expect_identity_refusals<Grant>(
      {{"kind 0", [](Grant& g) { g.kind = HolderKind{}; }, Errc::kInvalidValue},
       {"kind 4", [](Grant& g) { g.kind = HolderKind{4}; }, Errc::kInvalidValue},
       {"unit phone without its unit",
        [](Grant& g) {
          g.kind = HolderKind::kUnit;
          g.unit.reset();
        },
        Errc::kInvalidValue},
       {"label large", [](Grant& g) { g.sealed_label.resize(limits::kLabelBytesMax + 1); }, Errc::kTooLarge},
       {"issued in 2019", [](Grant& g) { g.issued_at = limits::kTimeMin - Millis(1); }, Errc::kInvalidValue},
       {"expires in 2200", [](Grant& g) { g.not_after = limits::kTimeEnd; }, Errc::kInvalidValue},
       {"expires never", [](Grant& g) { g.not_after = kNever; }, Errc::kInvalidValue},
       {"expires when it is issued", [](Grant& g) { g.not_after = g.issued_at; }, Errc::kInvalidValue},
       {"lifetime 0", [](Grant& g) { g.certificate_lifetime = Millis(0); }, Errc::kInvalidValue},
       {"lifetime long",
        [](Grant& g) { g.certificate_lifetime = limits::kCertificateLifetimeMax + Millis(1); },
        Errc::kInvalidValue},
       {"endpoint empty", [](Grant& g) { g.hub.endpoint.clear(); }, Errc::kInvalidValue},
       {"endpoint long", [](Grant& g) { g.hub.endpoint.assign(256, 'x'); }, Errc::kTooLarge},
       {"endpoint with a newline", [](Grant& g) { g.hub.endpoint = "tcp://a\n"; }, Errc::kInvalidValue}},
      [] { return Draw(2).grant(); }, decode_grant);
}

TEST(Refusal, CertificatesOutsideTheirRange) {
  expect_identity_refusals<CertificateBody>(
      {{"issued never", [](CertificateBody& c) { c.issued_at = kNever; }, Errc::kInvalidValue},
       {"expires before it is issued", [](CertificateBody& c) { c.not_after = c.issued_at - Millis(1); },
        Errc::kInvalidValue},
       {"grant large", [](CertificateBody& c) { c.grant.body.resize(limits::kGrantBytesMax + 1); },
        Errc::kTooLarge}},
      [] { return Draw(3).certificate_body(); }, decode_certificate_body);
}

Roster full_roster() {
  Draw draw(4);
  Roster out = draw.roster();
  out.roles = {{draw.id<RoleId>(), Bytes(70), {draw.id<PersonId>()}}};
  out.units = {{draw.id<UnitId>(), Bytes(70), {{Severity::kRed, draw.id<LadderId>()}}}};
  out.ladders = {{draw.id<LadderId>(),
                  {{std::chrono::minutes(2), Millis(0), {{TargetKind::kRole, {}}}}},
                  std::chrono::minutes(20)}};
  return out;
}

TEST(Refusal, RostersOutsideTheirRange) {
  using R = Roster;
  expect_identity_refusals<Roster>(
      {{"issued never", [](R& r) { r.issued_at = kNever; }, Errc::kInvalidValue},
       {"roles too many", [](R& r) { r.roles.resize(limits::kRolesMax + 1); }, Errc::kTooLarge},
       {"units too many", [](R& r) { r.units.resize(limits::kUnitsMax + 1); }, Errc::kTooLarge},
       {"ladders too many", [](R& r) { r.ladders.resize(limits::kLaddersMax + 1); }, Errc::kTooLarge},
       {"recorders too many", [](R& r) { r.recorders.resize(limits::kRecordersMax + 1); }, Errc::kTooLarge},
       {"holders too many", [](R& r) { r.roles[0].holders.resize(limits::kHoldersPerRoleMax + 1); },
        Errc::kTooLarge},
       {"role's label large", [](R& r) { r.roles[0].sealed_label.resize(513); }, Errc::kTooLarge},
       {"unit's label large", [](R& r) { r.units[0].sealed_label.resize(513); }, Errc::kTooLarge},
       {"reserve plan large", [](R& r) { r.sealed_reserve_plan.resize(limits::kTextBytesMax + 41); },
        Errc::kTooLarge},
       {"people too many", [](R& r) { r.people.resize(limits::kPeopleMax + 1); }, Errc::kTooLarge},
       {"person's label large", [](R& r) { r.people = {{PersonId{}, Bytes(513, 1)}}; }, Errc::kTooLarge},
       {"two ladders for Rød", [](R& r) { r.units[0].ladders.push_back(r.units[0].ladders[0]); },
        Errc::kInvalidValue},
       {"ladder for severity 0", [](R& r) { r.units[0].ladders[0].severity = Severity{}; },
        Errc::kInvalidValue},
       {"five ladders of a unit", [](R& r) { r.units[0].ladders.resize(5); }, Errc::kTooLarge},
       {"ladder without steps", [](R& r) { r.ladders[0].steps.clear(); }, Errc::kInvalidValue},
       {"steps too many", [](R& r) { r.ladders[0].steps.resize(17, r.ladders[0].steps[0]); },
        Errc::kTooLarge},
       {"targets too many", [](R& r) { r.ladders[0].steps[0].targets.resize(33, {TargetKind::kRole, {}}); },
        Errc::kTooLarge},
       {"wait short", [](R& r) { r.ladders[0].steps[0].wait = limits::kStepWaitMin - Millis(1); },
        Errc::kInvalidValue},
       {"wait long", [](R& r) { r.ladders[0].steps[0].wait = limits::kStepWaitMax + Millis(1); },
        Errc::kInvalidValue},
       {"wait negative", [](R& r) { r.ladders[0].steps[0].wait = Millis(-1); }, Errc::kInvalidValue},
       {"repeat short", [](R& r) { r.ladders[0].steps[0].repeat = limits::kStepWaitMin - Millis(1); },
        Errc::kInvalidValue},
       {"repeat negative", [](R& r) { r.ladders[0].steps[0].repeat = Millis(-1); }, Errc::kInvalidValue},
       {"repeat long", [](R& r) { r.ladders[0].steps[0].repeat = limits::kStepWaitMax + Millis(1); },
        Errc::kInvalidValue},
       {"advice at once", [](R& r) { r.ladders[0].advice_within = Millis(0); }, Errc::kInvalidValue},
       {"advice next month", [](R& r) { r.ladders[0].advice_within = limits::kStepWaitMax + Millis(1); },
        Errc::kInvalidValue}},
      full_roster, decode_roster);
}

TEST(Refusal, RevocationsLabelsAndWelcomesOutsideTheirRange) {
  expect_identity_refusals<Revocations>(
      {{"devices too many", [](Revocations& r) { r.devices.resize(limits::kRevokedDevicesMax + 1); },
        Errc::kTooLarge},
       {"issued in 1970", [](Revocations& r) { r.issued_at = UtcTime{}; }, Errc::kInvalidValue}},
      [] { return Draw(5).revocations(); }, decode_revocations);
  expect_identity_refusals<Label>(
      {{"name long", [](Label& l) { l.name.assign(201, 'x'); }, Errc::kTooLarge},
       {"name not UTF-8", [](Label& l) { l.name = "\xf8"; }, Errc::kInvalidValue},
       {"profession not UTF-8", [](Label& l) { l.profession = "overl\xe6ge"; }, Errc::kInvalidValue}},
      [] { return Draw(6).label(); }, decode_label);
  expect_identity_refusals<WelcomeItem>(
      {{"into an inbox", [](WelcomeItem& w) { w.stream = kInbox; }, Errc::kInvalidValue},
       {"welcome large", [](WelcomeItem& w) { w.welcome.resize(limits::kWelcomeBytesMax + 1); },
        Errc::kTooLarge}},
      [] { return Draw(7).welcome_item(); }, decode_welcome_item);
  expect_identity_refusals<AlertItem>(
      {{"notice 5", [](AlertItem& a) { a.notice = NoticeKind{5}; }, Errc::kInvalidValue},
       {"severity 0", [](AlertItem& a) { a.view.severity = Severity{}; }, Errc::kInvalidValue}},
      [] { return Draw(8).alert_item(); }, decode_alert_item);
}

// ---- Bytes that no struct can hold

// Every field of 16, 32 or 64 bytes is an id, a key or a signature (or a small message that breaks as well):
// cut, grown or emptied, the whole must be refused.
using Accepts = std::function<bool(ByteView)>;
using Rebuild = std::function<Bytes(const Bytes&)>;

int expect_fixed_sizes(const Bytes& message, const Rebuild& whole, const Accepts& accepts) {
  int fields_found = 0;
  std::vector<RawField> fields;
  if (!split(message, fields)) return 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].type != 2) continue;
    const Bytes original = fields[i].bytes;
    const auto with = [&](Bytes bytes) {
      std::vector<RawField> changed = fields;
      changed[i].bytes = std::move(bytes);
      return whole(join(changed));
    };
    const std::size_t size = original.size();
    if (size == 16 || size == 32 || size == 64) {
      ++fields_found;
      Bytes shorter(original.begin(), original.end() - 1);
      Bytes longer = original;
      longer.push_back(0);
      EXPECT_FALSE(accepts(with(shorter))) << "field " << fields[i].number << " of " << size;
      EXPECT_FALSE(accepts(with(longer))) << "field " << fields[i].number << " of " << size;
    } else {
      fields_found += expect_fixed_sizes(original, with, accepts);
    }
  }
  return fields_found;
}

TEST(Refusal, IdsKeysAndSignaturesHaveOneSize) {
  Draw draw(9);
  int found = 0;
  const Rebuild as_is = [](const Bytes& bytes) { return bytes; };
  for (int round = 0; round < 4; ++round) {
    for (std::size_t kind = 0; kind < std::variant_size_v<Request>; ++kind) {
      SCOPED_TRACE(kind);
      found += expect_fixed_sizes(encode(draw.client_frame(kind)), as_is,
                                  [](ByteView b) { return decode_client_frame(b).has_value(); });
    }
    for (std::size_t kind = 0; kind < std::variant_size_v<Answer>; ++kind) {
      SCOPED_TRACE(kind);
      found += expect_fixed_sizes(encode(draw.hub_frame(kind)), as_is,
                                  [](ByteView b) { return decode_hub_frame(b).has_value(); });
    }
    for (std::size_t kind = 0; kind < std::variant_size_v<Body>; ++kind) {
      SCOPED_TRACE(kind);
      found += expect_fixed_sizes(encode(draw.content(kind)), as_is,
                                  [](ByteView b) { return decode_content(b).has_value(); });
    }
    found += expect_fixed_sizes(encode(draw.grant()), as_is,
                                [](ByteView b) { return decode_grant(b).has_value(); });
    found += expect_fixed_sizes(encode(draw.certificate_body()), as_is,
                                [](ByteView b) { return decode_certificate_body(b).has_value(); });
    found += expect_fixed_sizes(encode(full_roster()), as_is,
                                [](ByteView b) { return decode_roster(b).has_value(); });
    found += expect_fixed_sizes(encode(draw.revocations()), as_is,
                                [](ByteView b) { return decode_revocations(b).has_value(); });
    found += expect_fixed_sizes(encode(draw.welcome_item()), as_is,
                                [](ByteView b) { return decode_welcome_item(b).has_value(); });
    found += expect_fixed_sizes(encode(draw.signed_content()), as_is,
                                [](ByteView b) { return decode_signed_content(b).has_value(); });
  }
  EXPECT_GT(found, 400) << "the walk has lost its fields";
}

TEST(Refusal, UnknownKindIsUnsupported) {
  for (const int body_field : {9, 29, 99, 5000}) {
    const Bytes bytes =
        join({{1, 0, 1, {}}, {2, 0, 7, {}}, {static_cast<std::uint32_t>(body_field), 2, 0, {}}});
    EXPECT_EQ(decode_client_frame(bytes).error().code, Errc::kUnsupported) << body_field;
    EXPECT_EQ(decode_hub_frame(bytes).error().code, Errc::kUnsupported) << body_field;
    EXPECT_EQ(request_number(bytes), 7U);
  }
  EXPECT_EQ(decode_client_frame(join({{1, 0, 1, {}}, {2, 0, 7, {}}})).error().code, Errc::kUnsupported);
}

TEST(Refusal, GarbageIsMalformed) {
  const Bytes kGarbage[] = {{0xff}, {0x07}, {0x0a}, {0x08, 0x01, 0x10}, {0x08, 0x01, 0x10, 0x01, 0x52, 0x7f}};
  for (const Bytes& bytes : kGarbage) {
    EXPECT_EQ(decode_client_frame(bytes).error().code, Errc::kMalformed) << to_hex(bytes);
    EXPECT_EQ(decode_hub_frame(bytes).error().code, Errc::kMalformed) << to_hex(bytes);
  }
  EXPECT_EQ(decode_grant(Bytes{0x0a, 0xff}).error().code, Errc::kMalformed);
  EXPECT_EQ(decode_roster(Bytes{0xff}).error().code, Errc::kMalformed);
}

// A frame of another version is answered by its number, whatever else it holds (P-002).
TEST(Refusal, OtherVersionIsToldSoEvenWhenItsBodyCannotBeRead) {
  Bytes bytes = join({{1, 0, 2, {}}, {2, 0, 41, {}}, {15, 2, 0, Bytes{0xff, 0xff}}});
  EXPECT_EQ(decode_client_frame(bytes).error().code, Errc::kUpgradeRequired);
  EXPECT_EQ(decode_hub_frame(bytes).error().code, Errc::kUpgradeRequired);
  EXPECT_EQ(request_number(bytes), 41U);
  bytes.push_back(0xff);
  EXPECT_EQ(decode_client_frame(bytes).error().code, Errc::kUpgradeRequired);
  EXPECT_EQ(request_number(bytes), 41U);
  const Bytes truncating = join({{1, 0, (std::uint64_t{1} << 32) + 1, {}}, {2, 0, 41, {}}});
  EXPECT_EQ(decode_client_frame(truncating).error().code, Errc::kUpgradeRequired);
}

TEST(Refusal, RequestNumberIsReadWhereverItStands) {
  EXPECT_EQ(request_number({}), 0U);
  EXPECT_EQ(request_number(Bytes{0xff, 0xff}), 0U);
  EXPECT_EQ(request_number(join({{15, 2, 0, Bytes(100)}, {2, 0, 5, {}}, {1, 0, 1, {}}})), 5U);
  // The last one counts, as everywhere in protobuf: the head and the message must not disagree.
  const Bytes twice = join({{1, 0, 1, {}}, {2, 0, 5, {}}, {2, 0, 6, {}}, {11, 2, 0, {}}});
  EXPECT_EQ(request_number(twice), 6U);
  EXPECT_EQ(decode_client_frame(twice).value().request, 6U);
  EXPECT_EQ(request_number(Bytes(limits::kFrameBytesMax + 1)), 0U);
}

TEST(Refusal, SizeIsCheckedBeforeParsing) {
  // Valid protobuf all the way: an unknown field that is longer than anything may be.
  const auto padded = [](Bytes bytes, std::size_t size) {
    append(bytes, join({{999, 2, 0, Bytes(size)}}));
    return bytes;
  };
  Draw draw(10);
  EXPECT_EQ(decode_client_frame(padded(encode(draw.client_frame(1)), limits::kFrameBytesMax)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_hub_frame(padded(encode(draw.hub_frame(2)), limits::kFrameBytesMax)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_grant(padded(encode(draw.grant()), limits::kGrantBytesMax)).error().code, Errc::kTooLarge);
  EXPECT_EQ(decode_certificate(padded(encode(draw.certificate()), 5000)).error().code, Errc::kTooLarge);
  EXPECT_EQ(decode_certificate_body(padded(encode(draw.certificate_body()), 5000)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_roster(padded(encode(draw.roster()), limits::kDocumentBytesMax)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_revocations(padded(encode(draw.revocations()), limits::kDocumentBytesMax)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_signed_document(padded(encode(draw.signed_document()), 300'000)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_label(padded(encode(draw.label()), 513)).error().code, Errc::kTooLarge);
  EXPECT_EQ(decode_welcome_item(padded(encode(draw.welcome_item()), 600'000)).error().code, Errc::kTooLarge);
  EXPECT_EQ(decode_alert_item(padded(encode(draw.alert_item()), limits::kEntryBytesMax)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_content(padded(encode(draw.content(9)), limits::kContentBytesMax)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_signed_content(padded(encode(draw.signed_content()), 70'000)).error().code,
            Errc::kTooLarge);
}

// P-006: wherever a list can stand, by either side. The largest honest frames have a third of the limit.
TEST(Refusal, FieldsAreCountedBeforeParsing) {
  const auto frame = [](std::uint32_t body, Bytes inside) {
    return join({{1, 0, 1, {}}, {2, 0, 7, {}}, {body, 2, 0, std::move(inside)}});
  };
  const auto empties = [](std::uint32_t field, std::size_t count) {
    return join(std::vector<RawField>(count, RawField{field, 2, 0, {}}));
  };
  constexpr std::size_t kOver = limits::kFieldsPerFrameMax;  // the frame itself has some
  for (const auto& [body, field] : {std::pair{12U, 1U}, {14U, 2U}, {15U, 7U}, {18U, 1U}, {19U, 1U}, {16U, 99U}}) {
    EXPECT_EQ(decode_client_frame(frame(body, empties(field, kOver))).error().code, Errc::kTooLarge) << body;
  }
  for (const auto& [body, field] : {std::pair{13U, 2U}, {15U, 1U}, {17U, 1U}, {20U, 1U}}) {
    EXPECT_EQ(decode_hub_frame(frame(body, empties(field, kOver))).error().code, Errc::kTooLarge) << body;
  }
  const Bytes check_ins = join({{1, 2, 0, empties(4, kOver)}});
  EXPECT_EQ(decode_hub_frame(frame(23, check_ins)).error().code, Errc::kTooLarge);
  Ack ack;
  for (std::uint64_t seq = 1; seq <= limits::kAckPositionsMax; ++seq) ack.positions.push_back({kInbox, seq});
  EXPECT_TRUE(decode_client_frame(encode(ClientFrame{kProtocolVersion, 1, ack})));
  // What is no list is not looked into, whatever it looks like.
  Append append = std::get<Append>(Draw(1).client_frame(5).body);
  append.bytes = Bytes(limits::kEntryBytesMax, 8);
  EXPECT_TRUE(decode_client_frame(encode(ClientFrame{kProtocolVersion, 1, append})));
}

// A group is a kind of field that no version of ours has. Protobuf skips one, so what stands behind it would be
// read by protobuf and not by our own first look at a frame.
TEST(Refusal, AGroupHidesNothingFromTheFirstLook) {
  const Bytes group{3 << 3 | 3, 3 << 3 | 4};
  Bytes hidden_number = encode(Draw(1).client_frame(5));
  ASSERT_TRUE(decode_client_frame(hidden_number));
  hidden_number.insert(hidden_number.begin() + 2, group.begin(), group.end());  // behind the version
  EXPECT_EQ(request_number(hidden_number), 0U);
  const Result<ClientFrame> read = decode_client_frame(hidden_number);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::kMalformed);

  Bytes hidden_items = group;
  append(hidden_items, join(std::vector<RawField>(limits::kFieldsPerFrameMax, RawField{1, 2, 0, {}})));
  const Bytes frame = join({{1, 0, kProtocolVersion, {}}, {2, 0, 7, {}}, {12, 2, 0, hidden_items}});
  ASSERT_FALSE(decode_client_frame(frame));
  EXPECT_EQ(decode_client_frame(frame).error().code, Errc::kTooLarge);
}

// Bytes with one fault: refused, or read as a value that is stable from then on.
TEST(Refusal, FlippedBytesAreRefusedOrStable) {
  Draw draw(11);
  int accepted = 0;
  for (int i = 0; i < 4'000; ++i) {
    Bytes bytes = encode(draw.client_frame(draw.below(std::variant_size_v<Request>)));
    if (bytes.size() > 2'000) continue;
    bytes[draw.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + draw.below(255));
    const Result<ClientFrame> read = decode_client_frame(bytes);
    if (!read) continue;
    ++accepted;
    EXPECT_TRUE(decode_client_frame(encode(*read)).value() == *read);
  }
  EXPECT_GT(accepted, 100);
}

TEST(Refusal, EveryTruncationIsRefused) {
  Draw draw(12);
  for (std::size_t kind = 2; kind < std::variant_size_v<Request>; ++kind) {
    if (kind == 13) continue;
    const Bytes bytes = encode(draw.client_frame(kind));
    const std::size_t body_starts = bytes.size() > 20 ? 14 : bytes.size();
    for (std::size_t size = body_starts; size < std::min<std::size_t>(bytes.size(), 300); ++size) {
      EXPECT_FALSE(decode_client_frame(ByteView(bytes).first(size))) << kind << " cut at " << size;
    }
  }
}

// P-014: an older client is refused by a newer hub for a reason that it has no name for.
TEST(Refusals, CodeOfANewerHubKeepsItsNumber) {
  Refused refusal;
  refusal.code = Errc{999};
  const HubFrame refused{kProtocolVersion, 7, refusal};
  const auto back = decode_hub_frame(encode(refused));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, refused);
  EXPECT_EQ(errc_name(std::get<Refused>(back->body).code), "unknown");
  EXPECT_TRUE(decode_hub_frame(encode(HubFrame{kProtocolVersion, 0, Goodbye{Errc{999}}})));
}

}  // namespace
}  // namespace nattevagt::wire
