#include "client-lib/core/message_row.h"

#include "client-lib/core/pack.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

SecretBytes pack_message(const Message& message) {
  Packer out;
  out.id(message.conversation).id(message.id).u64(message.seq).time(message.stored_at);
  const Person& author = message.author;
  out.id(author.id).id(author.device).text(author.name).text(author.profession);
  out.id(author.organisation).text(author.organisation_name).code(author.kind);
  out.flag(author.unit.has_value()).id(author.unit.value_or(UnitId{}));
  out.flag(message.own).code(message.delivery).bytes(wire::encode(message.content));
  return out.take();
}

Result<Message> unpack_message(ByteView bytes) {
  Unpacker in(bytes);
  Message out;
  out.conversation = in.id<ConversationId>();
  out.id = in.id<MessageId>();
  out.seq = in.u64();
  out.stored_at = in.time();
  out.author.id = in.id<PersonId>();
  out.author.device = in.id<DeviceId>();
  out.author.name = in.text();
  out.author.profession = in.text();
  out.author.organisation = in.id<OrganisationId>();
  out.author.organisation_name = in.text();
  out.author.kind = in.code(wire::HolderKind::kPerson, wire::HolderKind::kRecorder);
  const bool has_unit = in.flag();
  const auto unit = in.id<UnitId>();
  if (has_unit) out.author.unit = unit;
  out.own = in.flag();
  const std::uint8_t delivery = in.u8();  // 0: somebody else's
  if (delivery > static_cast<std::uint8_t>(Delivery::kFailed)) return fail(Errc::kCorrupt, "unpack_message");
  out.delivery = static_cast<Delivery>(delivery);
  const Bytes content = in.copy();
  NV_TRYV(in.done());
  NV_TRY(out.content, wire::decode_content(content));
  return out;
}

namespace {

struct Words {
  std::string out;
  void add(std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out += ' ';
    out += text;
  }
  void form(const wire::IsbarForm& form) {
    add(form.identification);
    add(form.situation);
    add(form.background);
    add(form.analysis);
    add(form.recommendation);
  }

  void operator()(const wire::AdviceRequest& body) {
    add(body.citizen.name);
    add(body.citizen.cpr);
    add(body.callback);
    form(body.isbar);
  }
  void operator()(const wire::IsbarAddition& body) { form(body.isbar); }
  void operator()(const wire::MedicineQuestion& body) {
    add(body.drug);
    add(body.dose);
    add(body.last_given);
    add(body.tried_prn);
    add(body.allergies);
    add(body.vital_signs);
    add(body.question);
  }
  void operator()(const wire::Text& body) { add(body.text); }
  void operator()(const wire::Advice& body) {
    add(body.text);
    if (!body.medicine) return;
    add(body.medicine->drug);
    add(body.medicine->dose);
    add(body.medicine->when);
    add(body.medicine->maximum);
  }
  void operator()(const wire::ReadBack& body) { add(body.text); }
  void operator()(const wire::ReadBackVerdict&) {}
  void operator()(const wire::Done& body) { add(body.reason); }
  void operator()(const wire::Observation& body) { add(body.text); }
  void operator()(const wire::Take&) {}
  void operator()(const wire::Decline& body) { add(body.reason); }
  void operator()(const wire::ReserveUsed& body) { add(body.choice); }
  void operator()(const wire::Withdraw& body) { add(body.reason); }
  void operator()(const wire::Close&) {}
  void operator()(const wire::Seen&) {}
  void operator()(const wire::JournalMark&) {}
  void operator()(const wire::HandOver&) {}
  void operator()(const wire::Opening& body) {
    add(body.citizen.name);
    add(body.citizen.cpr);
  }
  void operator()(const wire::PlanCard& body) {
    add(body.citizen.name);
    add(body.citizen.cpr);
    add(body.what);
    add(body.who);
    add(body.readmission);
    add(body.advice);
    for (const wire::PlanParty& party : body.parties) {
      add(party.name);
      add(party.role);
    }
  }
  void operator()(const wire::PlanCardSigned&) {}
  void operator()(const wire::Task& body) { add(body.text); }
  void operator()(const wire::TaskTaken&) {}
  void operator()(const wire::TaskDone& body) { add(body.reason); }
};

}  // namespace

std::string searchable_text(const wire::Content& content) {
  Words words;
  std::visit(words, content.body);
  return std::move(words.out);
}

}  // namespace nattevagt::client
