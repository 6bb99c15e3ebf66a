#include "client-lib/core/alert_record.h"

#include "client-lib/core/pack.h"

namespace nattevagt::client {

namespace {

void pack_take(Packer& out, const std::optional<SignedTake>& take) {
  out.flag(take.has_value());
  if (!take) return;
  const Person& person = take->person;
  out.id(take->message).id(person.id).id(person.device).text(person.name).text(person.profession);
  out.id(person.organisation).text(person.organisation_name).code(person.kind);
  out.flag(person.unit.has_value()).id(person.unit.value_or(UnitId{})).time(take->at);
}

std::optional<SignedTake> unpack_take(Unpacker& in) {
  if (!in.flag()) return std::nullopt;
  SignedTake out;
  out.message = in.id<MessageId>();
  out.person.id = in.id<PersonId>();
  out.person.device = in.id<DeviceId>();
  out.person.name = in.text();
  out.person.profession = in.text();
  out.person.organisation = in.id<OrganisationId>();
  out.person.organisation_name = in.text();
  out.person.kind = in.code(wire::HolderKind::kPerson, wire::HolderKind::kRecorder);
  const bool has_unit = in.flag();
  const auto unit = in.id<UnitId>();
  if (has_unit) out.person.unit = unit;
  out.at = in.time();
  return out;
}

void pack_view(Packer& out, const wire::AlertView& view) {
  out.id(view.alert).id(view.stream).id(view.unit).id(view.role_asked).code(view.severity).flag(view.drill);
  out.code(view.state).u64(view.step).u64(view.step_count).time(view.raised_at).time(view.next_at);
  out.time(view.exhausted_at).u64(view.roster_version);
  out.flag(view.taken_by.has_value()).id(view.taken_by.value_or(DeviceId{}));
  out.flag(view.taken_at.has_value()).time(view.taken_at.value_or(UtcTime{}));
  out.flag(view.late).flag(view.reserve_used).flag(view.technical_alarm);
}

wire::AlertView unpack_view(Unpacker& in) {
  wire::AlertView view;
  view.alert = in.id<AlertId>();
  view.stream = in.id<ConversationId>();
  view.unit = in.id<UnitId>();
  view.role_asked = in.id<RoleId>();
  view.severity = in.code(wire::Severity::kAlarm, wire::Severity::kGreen);
  view.drill = in.flag();
  view.state = in.code(wire::AlertState::kEscalating, wire::AlertState::kClosed);
  view.step = static_cast<std::uint32_t>(in.u64());
  view.step_count = static_cast<std::uint32_t>(in.u64());
  view.raised_at = in.time();
  view.next_at = in.time();
  view.exhausted_at = in.time();
  view.roster_version = in.u64();
  const bool has_taker = in.flag();
  const auto taker = in.id<DeviceId>();
  if (has_taker) view.taken_by = taker;
  const bool has_time = in.flag();
  const UtcTime at = in.time();
  if (has_time) view.taken_at = at;
  view.late = in.flag();
  view.reserve_used = in.flag();
  view.technical_alarm = in.flag();
  return view;
}

}  // namespace

SecretBytes pack_alert(const AlertRecord& record) {
  Packer out;
  pack_view(out, record.view);
  out.u64(record.notices.size());
  for (const wire::NoticeKind notice : record.notices) out.code(notice);
  out.u64(record.noticed.size());
  for (const auto& [step, repeat, kind] : record.noticed) out.u64(step).u64(repeat).code(kind);
  pack_take(out, record.take);
  pack_take(out, record.candidate);
  out.flag(record.hub_saw_take).time(record.claim_due);
  out.u64(record.warnings.size());
  for (const std::string& warning : record.warnings) out.text(warning);
  const Obligation& owed = record.obligation;
  out.time(owed.due).code(owed.reason).u64(owed.rung).flag(owed.settled).u64(record.view.rota_version);
  out.flag(record.handing_to.has_value()).id(record.handing_to.value_or(PersonId{}));
  out.flag(record.view.handing_to.has_value()).id(record.view.handing_to.value_or(PersonId{}));
  out.time(record.climbed_at);
  return out.take();
}

Result<AlertRecord> unpack_alert(ByteView bytes) {
  Unpacker in(bytes);
  AlertRecord out;
  out.view = unpack_view(in);
  const auto notice = [&] { return in.code(wire::NoticeKind::kNone, wire::NoticeKind::kLoud); };
  for (std::size_t left = in.count(); left > 0; --left) out.notices.push_back(notice());
  for (std::size_t left = in.count(); left > 0; --left) {
    const auto step = static_cast<std::uint32_t>(in.u64());
    const auto repeat = static_cast<std::uint32_t>(in.u64());
    out.noticed.emplace(step, repeat, notice());
  }
  out.take = unpack_take(in);
  out.candidate = unpack_take(in);
  out.hub_saw_take = in.flag();
  out.claim_due = in.time();
  for (std::size_t left = in.count(); left > 0; --left) out.warnings.push_back(in.text());
  if (in.more()) {  // not in rows of stores from before P-110
    out.obligation.due = in.time();
    out.obligation.reason = in.code(RingReason::kNotSent, RingReason::kNoAdvice);
    out.obligation.rung = static_cast<std::uint32_t>(in.u64());
    out.obligation.settled = in.flag();
    out.view.rota_version = in.u64();
  }
  for (auto* handing_to : {&out.handing_to, &out.view.handing_to}) {
    if (!in.more()) break;  // nor from before P-116
    const bool there = in.flag();
    const auto person = in.id<PersonId>();
    if (there) *handing_to = person;
  }
  if (in.more()) out.climbed_at = in.time();
  NV_TRYV(in.done());
  return out;
}

}  // namespace nattevagt::client
