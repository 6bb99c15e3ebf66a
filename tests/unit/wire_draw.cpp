#include "tests/unit/wire_draw.h"

#include "proto/common/check.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::wire {
namespace {

// 0x67 and 0x07 are tags of wire type 7, which does not exist.
constexpr char kTextStart = 'g';
constexpr std::uint8_t kBytesStart = 0x07;

bool looks_fixed(std::size_t size) { return size == 16 || size == 32 || size == 64; }

}  // namespace

std::uint64_t Draw::number() {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : array<8>()) out = (out << 8) | byte;
  return out;
}

Bytes Draw::bytes(std::size_t bytes_max) {
  Bytes out(1 + below(coin() ? bytes_max : std::min<std::size_t>(bytes_max, 200)));
  if (looks_fixed(out.size())) out.pop_back();
  entropy_.fill(out);
  out.front() = kBytesStart;
  return out;
}

std::string Draw::text(std::size_t bytes_max) {
  if (below(8) == 0) return {};
  static constexpr std::string_view kCharacters[] = {"a", "Z", " ", "\n", "æ",
                                                     "Ø", "å", "–", "€",  "\xf0\x9f\x8c\x99"};
  std::string out(1, kTextStart);
  const std::size_t size = below(coin() ? bytes_max : std::min<std::size_t>(bytes_max, 60));
  while (true) {
    const std::string_view next = kCharacters[below(std::size(kCharacters))];
    if (out.size() + next.size() > size) break;
    out += next;
  }
  if (looks_fixed(out.size())) out += '.';
  return out;
}

UtcTime Draw::time() {
  const auto span = static_cast<std::size_t>((limits::kTimeEnd - limits::kTimeMin).count());
  return limits::kTimeMin + Millis(static_cast<std::int64_t>(below(span)));
}

Millis Draw::wait() {
  const auto span = static_cast<std::size_t>((limits::kStepWaitMax - limits::kStepWaitMin).count());
  return limits::kStepWaitMin + Millis(static_cast<std::int64_t>(below(span + 1)));
}

// ---- Identity

SignedGrant Draw::signed_grant() { return {bytes(limits::kGrantBytesMax), array<64>()}; }
Certificate Draw::certificate() { return {bytes(limits::kCertificateBytesMax), array<64>()}; }

SignedDocument Draw::signed_document() {
  return {id<OrganisationId>(), one_of(DocumentKind::kRoster, kLastDocumentKind), 1 + number() / 2,
          bytes(limits::kDocumentBytesMax / 16), array<64>()};
}

DocumentVersion Draw::document_version() {
  return {id<OrganisationId>(), one_of(DocumentKind::kRoster, kLastDocumentKind), number()};
}

std::vector<DocumentVersion> Draw::document_versions() {
  std::vector<DocumentVersion> out(below(5));
  for (DocumentVersion& version : out) version = document_version();
  return out;
}

Grant Draw::grant() {
  Grant out;
  out.id = id<GrantId>();
  out.organisation = id<OrganisationId>();
  out.kind = one_of(HolderKind::kPerson, HolderKind::kRecorder);
  out.person = id<PersonId>();
  if (out.kind == HolderKind::kUnit || coin()) out.unit = id<UnitId>();
  out.sealed_label = bytes(limits::kLabelBytesMax);
  out.sign_key.bytes = array<32>();
  out.curve_key.bytes = array<32>();
  out.issued_at = std::min(time(), limits::kTimeEnd - std::chrono::hours(1));
  out.not_after = out.issued_at + Millis(1 + static_cast<std::int64_t>(below(3'600'000 - 1)));
  out.certificate_lifetime =
      Millis(1 + static_cast<std::int64_t>(
                     below(static_cast<std::size_t>(limits::kCertificateLifetimeMax.count()))));
  out.hub = {"tcp://hub.example.dk:5670", {array<32>()}, {array<32>()}};
  return out;
}

CertificateBody Draw::certificate_body() {
  CertificateBody out;
  out.grant = signed_grant();
  out.sign_key.bytes = array<32>();
  out.curve_key.bytes = array<32>();
  out.issued_at = std::min(time(), limits::kTimeEnd - std::chrono::hours(1));
  out.not_after = out.issued_at + Millis(1 + static_cast<std::int64_t>(below(3'600'000 - 1)));
  return out;
}

Target Draw::target() {
  Target out;
  out.kind = one_of(TargetKind::kRole, TargetKind::kUnit);
  out.id.bytes = array<16>();
  return out;
}

Ladder Draw::ladder() {
  Ladder out;
  out.id = id<LadderId>();
  out.steps.resize(1 + below(4));
  for (LadderStep& step : out.steps) {
    step.wait = wait();
    step.repeat = coin() ? Millis(0) : wait();
    step.targets.resize(below(4));
    for (Target& to : step.targets) to = target();
  }
  out.advice_within = wait();
  return out;
}

Roster Draw::roster() {
  Roster out;
  out.issued_at = time();
  out.roles.resize(below(4));
  for (Role& role : out.roles) {
    role = {id<RoleId>(), bytes(limits::kLabelBytesMax), ids<PersonId>(4)};
  }
  out.units.resize(below(4));
  for (Unit& unit : out.units) {
    unit.id = id<UnitId>();
    unit.sealed_label = bytes(limits::kLabelBytesMax);
    for (const Severity severity : {Severity::kAlarm, Severity::kRed, Severity::kYellow, Severity::kGreen}) {
      if (coin()) unit.ladders.push_back({severity, id<LadderId>()});
    }
  }
  out.ladders.resize(below(4));
  for (Ladder& one : out.ladders) one = ladder();
  out.recorders = ids<PersonId>(3);
  out.sealed_reserve_plan = bytes(limits::kTextBytesMax);
  out.people.resize(below(4));
  for (PersonLabel& person : out.people) person = {id<PersonId>(), bytes(limits::kLabelBytesMax)};
  return out;
}

Revocations Draw::revocations() { return {time(), ids<DeviceId>(10)}; }
Label Draw::label() { return {text(limits::kNameBytesMax), text(limits::kNameBytesMax)}; }

OrganisationCard Draw::card() {
  OrganisationCard out;
  out.sign_key.bytes = array<32>();
  out.curve_key.bytes = array<32>();
  out.id = organisation_id(out.sign_key);
  return out;
}
TrustedOrganisation Draw::trusted() {
  return {card(), text(limits::kNameBytesMax), entropy_.make_secret<SealKey>()};
}
GrantLink Draw::link() {
  GrantLink out;
  out.seed = entropy_.make_secret<SignSeed>();
  const GrantKeys keys = grant_keys(out.seed);
  Grant granted = grant();
  granted.sign_key = keys.sign.public_key();
  granted.curve_key = curve_public_key(keys.curve);
  out.grant = {encode(granted), array<64>()};
  for (std::size_t i = below(4); i > 0; --i) out.trusted.push_back(trusted());
  return out;
}

// ---- Hub

Entry Draw::entry() {
  Entry out;
  out.kind = one_of(EntryKind::kApplication, EntryKind::kCheckIn);
  const bool inbox = out.kind == EntryKind::kWelcome || out.kind == EntryKind::kAlert ||
                     out.kind == EntryKind::kGap || out.kind == EntryKind::kCheckIn;
  out.stream = inbox ? kInbox : id<ConversationId>();
  out.seq = 1 + number() / 2;
  out.epoch = inbox || out.kind == EntryKind::kRejoin ? 0 : number();
  out.id = id<MessageId>();
  out.stored_at = time();
  out.bytes = bytes(limits::kEntryBytesMax / 16);
  out.chain = array<32>();
  return out;
}

WelcomeItem Draw::welcome_item() {
  return {id<ConversationId>(), number(), array<32>(), bytes(limits::kWelcomeBytesMax / 16)};
}

AlertView Draw::alert_view() {
  AlertView out;
  out.alert = id<AlertId>();
  out.stream = id<ConversationId>();
  out.unit = id<UnitId>();
  out.role_asked = id<RoleId>();
  out.severity = one_of(Severity::kAlarm, Severity::kGreen);
  out.drill = coin();
  out.state = one_of(AlertState::kEscalating, AlertState::kClosed);
  out.step_count = static_cast<std::uint32_t>(below(limits::kLadderStepsMax + 1));
  out.step = static_cast<std::uint32_t>(below(out.step_count + 1));
  out.raised_at = time();
  out.next_at = time_or_never();
  out.exhausted_at = time_or_never();
  out.roster_version = number();
  if (coin()) out.taken_by = id<DeviceId>();
  if (coin()) out.taken_at = time();
  out.late = coin();
  out.reserve_used = coin();
  out.technical_alarm = coin();
  out.rota_version = number();
  if (coin()) out.handing_to = id<PersonId>();
  return out;
}

AlertItem Draw::alert_item() {
  return {one_of(NoticeKind::kNone, NoticeKind::kLoud), static_cast<std::uint32_t>(below(1000)),
          alert_view()};
}

ReceiptLeaf Draw::receipt_leaf() {
  ReceiptLeaf out;
  out.stream = id<ConversationId>();
  out.seq = 1 + number() / 2;
  out.id = id<MessageId>();
  out.content = array<32>();
  out.chain = array<32>();
  out.stored_at = time();
  if (coin()) out.alert = id<AlertId>();
  out.next_at = time_or_never();
  out.exhausted_at = time_or_never();
  return out;
}

Receipt Draw::receipt() {
  Receipt out;
  out.leaf = receipt_leaf();
  out.count = 1 + static_cast<std::uint32_t>(below(1000));
  out.index = static_cast<std::uint32_t>(below(out.count));
  out.path.resize(below(11));
  for (Digest& sibling : out.path) sibling = array<32>();
  out.signature = array<64>();
  return out;
}

Append Draw::append() {
  Append out;
  out.stream = id<ConversationId>();
  out.create = coin();
  out.id = id<MessageId>();
  out.kind = one_of(EntryKind::kApplication, EntryKind::kCommit);
  out.epoch = number();
  out.bytes = bytes(limits::kEntryBytesMax / 16);
  if (out.create || out.kind == EntryKind::kCommit) out.added = ids<DeviceId>(5);
  if (out.kind == EntryKind::kCommit) out.removed = ids<DeviceId>(5);
  if (!out.added.empty()) out.welcome = bytes(limits::kWelcomeBytesMax / 16);
  if (!out.create && out.added.empty() && out.removed.empty() && below(8) == 0) {
    out.kind = EntryKind::kRejoin;
    out.epoch = 0;
  }
  return out;
}

Raise Draw::raise() {
  Raise out;
  out.alert = id<AlertId>();
  out.stream = id<ConversationId>();
  out.unit = id<UnitId>();
  out.role_asked = id<RoleId>();
  out.ladder = id<LadderId>();
  out.roster_version = number();
  out.severity = one_of(Severity::kAlarm, Severity::kGreen);
  out.drill = coin();
  out.members = ids<DeviceId>(20);
  if (!out.members.empty()) out.welcome = bytes(limits::kWelcomeBytesMax / 16);
  out.epoch = number();
  out.id = id<MessageId>();
  out.bytes = bytes(limits::kEntryBytesMax / 16);
  return out;
}

Request Draw::request(std::size_t kind) {
  switch (kind) {
    case 0: return Hello{"nattevagt 0.1.0"};
    case 1: return Ping{};
    case 2: return Enrol{certificate()};
    case 3: {
      PublishKeyPackages out;
      for (std::size_t i = below(5); i > 0; --i) out.packages.push_back(bytes(limits::kKeyPackageBytesMax));
      if (coin()) out.last_resort = bytes(limits::kKeyPackageBytesMax);
      out.instead = coin();
      return out;
    }
    case 4: {
      Gather out;
      if (coin()) out.ladder = id<LadderId>();
      for (std::size_t i = below(5); i > 0; --i) out.targets.push_back(target());
      out.recorders_of = ids<OrganisationId>(3);
      return out;
    }
    case 5: return append();
    case 6: return raise();
    case 7: {
      Act out{id<AlertId>(), one_of(ActKind::kTake, ActKind::kHandOver), id<MessageId>(), number(),
              bytes(limits::kEntryBytesMax / 16), {}};
      if (out.kind == ActKind::kHandOver) out.to = id<PersonId>();
      return out;
    }
    case 8: {
      Ack out;
      for (std::size_t i = below(5); i > 0; --i) {
        out.positions.push_back({coin() ? kInbox : id<ConversationId>(), number()});
      }
      return out;
    }
    case 9: return GetDocuments{document_versions()};
    case 10: return GetAlert{id<AlertId>()};
    case 11: return AnnounceGrant{signed_grant()};
    case 12: return PublishDocument{signed_document()};
    case 13: return ListDevices{coin() ? std::optional(id<DeviceId>()) : std::nullopt};
    case 14: return GetAuditPoint{};
    case 16: return PostCheckIn{signed_check_in()};
    case 18: return SuspendDevice{signed_suspension()};
    case 19: return LiftSuspension{{bytes(limits::kSuspensionBytesMax), coin(), array<64>()}};
    case 17: return GetDutyStatus{coin() ? std::optional(id<RoleId>()) : std::nullopt};
    default: {
      NV_CHECK(kind == 15);
      PostDutyChange out;
      out.change.body = bytes(limits::kDutyChangeBytesMax);
      out.change.signers.resize(1 + below(2));
      for (DutySigner& signer : out.change.signers) signer = {certificate(), array<64>()};
      return out;
    }
  }
}

SignedSuspension Draw::signed_suspension() {
  return {bytes(limits::kSuspensionBytesMax), {certificate(), array<64>()}};
}
Suspension Draw::suspension() {
  return {id<SuspensionId>(), {array<32>()}, id<OrganisationId>(), id<DeviceId>(), time(),
          bytes(limits::kLabelBytesMax)};
}
Suspensions Draw::suspensions() {
  Suspensions out;
  for (std::size_t i = below(4); i > 0; --i) {
    auto& item = out.items.emplace_back(Suspensions::Item{signed_suspension(), time(), {}, kNever});
    if (coin()) continue;
    item.lift = SignedLift{bytes(limits::kSuspensionBytesMax), coin(), array<64>()};
    item.lifted_at = time();
  }
  return out;
}
SignedCheckIn Draw::signed_check_in() {
  return {bytes(limits::kDutyChangeBytesMax), {certificate(), array<64>()}};
}
CheckInItem Draw::check_in_item() {
  return {id<MessageId>(), id<RoleId>(), id<PersonId>(), time(), time(), ids<PackageMark>(16)};
}

ClientFrame Draw::client_frame(std::size_t kind) {
  ClientFrame out;
  out.request = 1 + number() / 2;
  out.body = request(kind);
  return out;
}

Answer Draw::answer(std::size_t kind) {
  const auto small = [this] { return static_cast<std::uint32_t>(below(101)); };
  switch (kind) {
    case 0:
    {
      HelloReply out{time(), "nattevagt-broker 0.1.0", {array<32>()}, document_versions(), small(), coin(), {}};
      for (std::size_t i = below(4); i > 0; --i) {
        const std::uint64_t acked = number() / 2;
        out.positions.push_back({id<ConversationId>(), acked, acked + below(9)});
      }
      return out;
    }
    case 1: return Pong{time(), document_versions(), small()};
    case 2: return Accepted{};
    case 3: {
      Gathered out;
      for (std::size_t i = below(5); i > 0; --i) {
        out.items.push_back({id<DeviceId>(), bytes(limits::kKeyPackageBytesMax)});
      }
      out.without = ids<DeviceId>(4);
      return out;
    }
    case 4: return Stored{receipt()};
    case 5: {
      Documents out;
      for (std::size_t i = below(4); i > 0; --i) out.documents.push_back(signed_document());
      out.more = coin();
      return out;
    }
    case 6: return AlertReply{alert_view()};
    case 7: {
      Devices out;
      for (std::size_t i = below(4); i > 0; --i) {
        out.items.push_back({certificate(), coin(), coin(), coin() ? UtcTime{} : time(), small(),
                             coin() ? std::optional(signed_suspension()) : std::nullopt});
      }
      out.more = coin();
      return out;
    }
    case 8: {
      Refused out;
      out.code = coin() ? Errc::kStaleEpoch : Errc::kGenerationUsed;
      out.current_epoch = number();
      if (coin()) out.taken_by = id<DeviceId>();
      out.retry_after = Millis(static_cast<std::int64_t>(below(60'000)));
      return out;
    }
    case 9: return entry();
    case 10: return DocumentsChanged{document_versions()};
    case 11: return KeyPackagesLow{small()};
    case 12: {
      if (coin()) return Goodbye{Errc::kRevoked};
      return Goodbye{Errc::kSuspended, signed_suspension()};
    }
    case 14: return SuspensionStands{signed_suspension()};
    default: {
      NV_CHECK(kind == 13);
      DutyStatuses out;
      for (std::size_t i = below(4); i > 0; --i) {
        DutyStatus& status = out.items.emplace_back();
        status.role = id<RoleId>();
        status.trouble = one_of(DutyTrouble::kNone, DutyTrouble::kSilent);
        if (status.trouble != DutyTrouble::kNone) status.since = time();
        for (std::size_t k = below(3); k > 0; --k) status.check_ins.push_back(signed_check_in());
      }
      out.more = coin();
      return out;
    }
  }
}

HubFrame Draw::hub_frame(std::size_t kind) {
  HubFrame out;
  out.request = coin() ? 0 : number();
  out.body = answer(kind);
  return out;
}

// ---- Content

IsbarForm Draw::isbar() {
  constexpr std::size_t kSize = 2'000;  // five of them and more fit a content
  return {text(kSize), text(kSize), text(kSize), text(kSize), text(kSize)};
}

Citizen Draw::citizen() {
  Citizen out{text(limits::kNameBytesMax), coin() ? "210300-9996" : std::string()};
  if (out.name.empty()) out.name = "gæst Hansen";
  return out;
}

PlanCard Draw::plan_card() {
  constexpr std::size_t kSize = 2'000;
  PlanCard out;
  out.citizen = citizen();
  out.kind = one_of(PlanKind::kDischargeAgreement, PlanKind::kCrisisPlan);
  out.replaces = ids<MessageId>(limits::kPlanReplacesMax);
  std::ranges::sort(out.replaces);
  if (!out.replaces.empty()) out.version = 2 + static_cast<std::uint32_t>(below(limits::kPlanVersionMax - 2));
  out.what = text(kSize);
  out.who = text(kSize);
  out.readmission = text(kSize);
  out.advice = text(kSize);
  out.agreed_on = LocalDay{std::chrono::days(20'000 + static_cast<int>(below(1'000)))};
  out.valid_until = out.agreed_on + std::chrono::days(static_cast<int>(below(1'000)));
  out.parties.resize(below(limits::kPlanPartiesMax + 1));
  for (PlanParty& party : out.parties) party = {text(limits::kNameBytesMax), text(limits::kNameBytesMax)};
  return out;
}

Body Draw::body(std::size_t kind) {
  constexpr std::size_t kSize = 2'000;
  switch (kind) {
    case 0: {
      static constexpr const char* kCprs[] = {"", "210300-9996", "0703921VJ5", "2509479989"};
      AdviceRequest out;
      out.alert = id<AlertId>();
      out.severity = one_of(Severity::kAlarm, Severity::kGreen);
      out.kind = one_of(Situation::kSuicidal, Situation::kOther);
      out.citizen = {text(limits::kNameBytesMax), kCprs[below(std::size(kCprs))]};
      out.alone = coin();
      out.callback = text(limits::kNameBytesMax);
      out.isbar = isbar();
      out.drill = coin();
      return out;
    }
    case 1: return IsbarAddition{isbar()};
    case 2:
      return MedicineQuestion{text(kSize), text(kSize), text(kSize), text(kSize),
                              text(kSize), text(kSize), text(kSize)};
    case 3: return Text{text(limits::kTextBytesMax)};
    case 4: {
      Advice out;
      out.alert = id<AlertId>();
      out.text = text(kSize);
      if (coin()) out.medicine = Medicine{text(kSize), text(kSize), text(kSize), text(kSize)};
      out.read_back_required = out.medicine || coin();
      if (coin()) out.rounds = Rounds{std::chrono::minutes(5 + below(236)), time()};
      return out;
    }
    case 5: return ReadBack{id<MessageId>(), text(kSize)};
    case 6: return ReadBackVerdict{id<MessageId>(), coin()};
    case 7: return Done{id<MessageId>(), coin(), text(kSize), time()};
    case 8: return Observation{text(kSize), time()};
    case 9: return Take{id<AlertId>()};
    case 10: return Decline{id<AlertId>(), text(kSize)};
    case 11: return ReserveUsed{id<AlertId>(), text(limits::kNameBytesMax)};
    case 12: return Withdraw{id<AlertId>(), text(kSize)};
    case 13: return Close{id<AlertId>()};
    case 14: return Seen{id<MessageId>(), one_of(SeenStage::kOnDevice, SeenStage::kSeen)};
    case 15: return JournalMark{array<32>(), time()};
    case 16: return HandOver{id<AlertId>(), id<PersonId>()};
    case 17: return Opening{citizen()};
    case 18: return plan_card();
    case 19: return PlanCardSigned{id<MessageId>(), array<32>()};
    case 20: {
      Task out{one_of(TaskKind::kPromise, TaskKind::kOther), text(kSize), std::nullopt, std::nullopt};
      if (coin()) out.due = time();
      if (coin()) out.whom = target();
      return out;
    }
    case 21: return TaskTaken{id<MessageId>()};
    default: NV_CHECK(kind == 22); return TaskDone{id<MessageId>(), coin(), text(kSize), time()};
  }
}

Content Draw::content(std::size_t kind) {
  Content out;
  out.conversation = id<ConversationId>();
  out.id = id<MessageId>();
  out.author = id<PersonId>();
  out.device = id<DeviceId>();
  out.author_name = text(limits::kNameBytesMax);
  out.author_profession = text(limits::kNameBytesMax);
  out.written_at = time();
  out.mark = {number(), array<32>()};
  out.body = body(kind);
  return out;
}

SignedContent Draw::signed_content() { return {bytes(limits::kContentBytesMax), array<64>()}; }

}  // namespace nattevagt::wire
