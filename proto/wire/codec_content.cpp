#include <algorithm>
#include <functional>

#include "proto/wire/codec.h"
#include "proto/wire/codec_checks.h"
#include "proto/wire/codec_identity.h"
#include "proto/wire/cpr.h"
#include "schema/content.pb.h"

namespace nattevagt::wire {

// Static rather than in an unnamed namespace: the templates of codec_checks.h find them by their argument.

static void read_text(const std::string& in, std::string& out, Checks& checks, const char* where) {
  checks.text(in, limits::kTextBytesMax, out, where);
}

static void put(const Citizen& in, pb::Citizen& out) {
  out.set_name(in.name);
  out.set_cpr(in.cpr);
}
static void read(const pb::Citizen& in, Citizen& out, Checks& checks) {
  checks.text(in.name(), limits::kNameBytesMax, out.name, "Citizen.name");
  checks.require(in.cpr().empty() || is_cpr(in.cpr()), "Citizen.cpr");
  out.cpr = in.cpr();
}

static void put(const IsbarForm& in, pb::IsbarForm& out) {
  out.set_identification(in.identification);
  out.set_situation(in.situation);
  out.set_background(in.background);
  out.set_analysis(in.analysis);
  out.set_recommendation(in.recommendation);
}
static void read(const pb::IsbarForm& in, IsbarForm& out, Checks& checks) {
  read_text(in.identification(), out.identification, checks, "IsbarForm.identification");
  read_text(in.situation(), out.situation, checks, "IsbarForm.situation");
  read_text(in.background(), out.background, checks, "IsbarForm.background");
  read_text(in.analysis(), out.analysis, checks, "IsbarForm.analysis");
  read_text(in.recommendation(), out.recommendation, checks, "IsbarForm.recommendation");
}

// ---- Bodies. put_body chooses the member of the content's oneof.

static void put_body(const AdviceRequest& in, pb::Content& content) {
  pb::AdviceRequest& out = *content.mutable_advice_request();
  out.set_alert(str(in.alert));
  out.set_severity(static_cast<pb::Severity>(in.severity));
  out.set_kind(static_cast<pb::Situation>(in.kind));
  put(in.citizen, *out.mutable_citizen());
  out.set_alone(in.alone);
  out.set_callback(in.callback);
  put(in.isbar, *out.mutable_isbar());
  out.set_drill(in.drill);
}
static void read(const pb::AdviceRequest& in, AdviceRequest& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "AdviceRequest.alert");
  checks.enumeration(in.severity(), out.severity, "AdviceRequest.severity");
  checks.enumeration(in.kind(), out.kind, "AdviceRequest.kind");
  read(in.citizen(), out.citizen, checks);
  out.alone = in.alone();
  checks.text(in.callback(), limits::kNameBytesMax, out.callback, "AdviceRequest.callback");
  read(in.isbar(), out.isbar, checks);
  out.drill = in.drill();
}

static void put_body(const IsbarAddition& in, pb::Content& content) {
  put(in.isbar, *content.mutable_isbar_addition()->mutable_isbar());
}
static void read(const pb::IsbarAddition& in, IsbarAddition& out, Checks& checks) {
  read(in.isbar(), out.isbar, checks);
}

static void put_body(const MedicineQuestion& in, pb::Content& content) {
  pb::MedicineQuestion& out = *content.mutable_medicine_question();
  out.set_drug(in.drug);
  out.set_dose(in.dose);
  out.set_last_given(in.last_given);
  out.set_tried_prn(in.tried_prn);
  out.set_allergies(in.allergies);
  out.set_vital_signs(in.vital_signs);
  out.set_question(in.question);
}
static void read(const pb::MedicineQuestion& in, MedicineQuestion& out, Checks& checks) {
  read_text(in.drug(), out.drug, checks, "MedicineQuestion.drug");
  read_text(in.dose(), out.dose, checks, "MedicineQuestion.dose");
  read_text(in.last_given(), out.last_given, checks, "MedicineQuestion.last_given");
  read_text(in.tried_prn(), out.tried_prn, checks, "MedicineQuestion.tried_prn");
  read_text(in.allergies(), out.allergies, checks, "MedicineQuestion.allergies");
  read_text(in.vital_signs(), out.vital_signs, checks, "MedicineQuestion.vital_signs");
  read_text(in.question(), out.question, checks, "MedicineQuestion.question");
}

static void put_body(const Text& in, pb::Content& content) { content.mutable_text()->set_text(in.text); }
static void read(const pb::Text& in, Text& out, Checks& checks) {
  read_text(in.text(), out.text, checks, "Text.text");
}

static void put_body(const Advice& in, pb::Content& content) {
  pb::Advice& out = *content.mutable_advice();
  out.set_alert(str(in.alert));
  out.set_text(in.text);
  out.set_read_back_required(in.read_back_required);
  if (in.medicine) {
    pb::Medicine& medicine = *out.mutable_medicine();
    medicine.set_drug(in.medicine->drug);
    medicine.set_dose(in.medicine->dose);
    medicine.set_when(in.medicine->when);
    medicine.set_maximum(in.medicine->maximum);
  }
  if (in.rounds) {
    pb::Rounds& rounds = *out.mutable_rounds();
    rounds.set_every_min(static_cast<std::uint32_t>(in.rounds->every.count()));
    rounds.set_until_ms(wire_time(in.rounds->until));
  }
}
static void read(const pb::Rounds& in, Rounds& out, Checks& checks) {
  out.every = std::chrono::minutes(in.every_min());
  checks.require(out.every >= Rounds::kEveryMin && out.every <= Rounds::kEveryMax, "P-118");
  checks.time(in.until_ms(), out.until, "Rounds.until");
}
static void read(const pb::Medicine& in, Medicine& out, Checks& checks) {
  read_text(in.drug(), out.drug, checks, "Medicine.drug");
  read_text(in.dose(), out.dose, checks, "Medicine.dose");
  read_text(in.when(), out.when, checks, "Medicine.when");
  read_text(in.maximum(), out.maximum, checks, "Medicine.maximum");
}
static void read(const pb::Advice& in, Advice& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "Advice.alert");
  read_text(in.text(), out.text, checks, "Advice.text");
  out.read_back_required = in.read_back_required();
  checks.require(!in.has_medicine() || in.read_back_required(), "P-073");
  if (in.has_medicine()) read(in.medicine(), out.medicine.emplace(), checks);
  if (in.has_rounds()) read(in.rounds(), out.rounds.emplace(), checks);
}

static void put_body(const ReadBack& in, pb::Content& content) {
  pb::ReadBack& out = *content.mutable_read_back();
  out.set_advice(str(in.advice));
  out.set_text(in.text);
}
static void read(const pb::ReadBack& in, ReadBack& out, Checks& checks) {
  checks.id(in.advice(), out.advice, "ReadBack.advice");
  read_text(in.text(), out.text, checks, "ReadBack.text");
}

static void put_body(const ReadBackVerdict& in, pb::Content& content) {
  pb::ReadBackVerdict& out = *content.mutable_read_back_verdict();
  out.set_read_back(str(in.read_back));
  out.set_correct(in.correct);
}
static void read(const pb::ReadBackVerdict& in, ReadBackVerdict& out, Checks& checks) {
  checks.id(in.read_back(), out.read_back, "ReadBackVerdict.read_back");
  out.correct = in.correct();
}

static void put_body(const Done& in, pb::Content& content) {
  pb::Done& out = *content.mutable_done();
  out.set_advice(str(in.advice));
  out.set_done(in.done);
  out.set_reason(in.reason);
  out.set_at_ms(wire_time(in.at));
}
static void read(const pb::Done& in, Done& out, Checks& checks) {
  checks.id(in.advice(), out.advice, "Done.advice");
  out.done = in.done();
  read_text(in.reason(), out.reason, checks, "Done.reason");
  checks.time(in.at_ms(), out.at, "Done.at");
}

static void put_body(const Observation& in, pb::Content& content) {
  pb::Observation& out = *content.mutable_observation();
  out.set_text(in.text);
  out.set_at_ms(wire_time(in.at));
}
static void read(const pb::Observation& in, Observation& out, Checks& checks) {
  read_text(in.text(), out.text, checks, "Observation.text");
  checks.time(in.at_ms(), out.at, "Observation.at");
}

static void put_body(const Take& in, pb::Content& content) {
  content.mutable_take()->set_alert(str(in.alert));
}
static void read(const pb::Take& in, Take& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "Take.alert");
}

static void put_body(const Decline& in, pb::Content& content) {
  pb::Decline& out = *content.mutable_decline();
  out.set_alert(str(in.alert));
  out.set_reason(in.reason);
}
static void read(const pb::Decline& in, Decline& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "Decline.alert");
  read_text(in.reason(), out.reason, checks, "Decline.reason");
}

static void put_body(const ReserveUsed& in, pb::Content& content) {
  pb::ReserveUsed& out = *content.mutable_reserve_used();
  out.set_alert(str(in.alert));
  out.set_choice(in.choice);
}
static void read(const pb::ReserveUsed& in, ReserveUsed& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "ReserveUsed.alert");
  checks.text(in.choice(), limits::kNameBytesMax, out.choice, "ReserveUsed.choice");
}

static void put_body(const Withdraw& in, pb::Content& content) {
  pb::Withdraw& out = *content.mutable_withdraw();
  out.set_alert(str(in.alert));
  out.set_reason(in.reason);
}
static void read(const pb::Withdraw& in, Withdraw& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "Withdraw.alert");
  read_text(in.reason(), out.reason, checks, "Withdraw.reason");
}

static void put_body(const Close& in, pb::Content& content) {
  content.mutable_close()->set_alert(str(in.alert));
}
static void read(const pb::Close& in, Close& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "Close.alert");
}

static void put_body(const Seen& in, pb::Content& content) {
  pb::Seen& out = *content.mutable_seen();
  out.set_message(str(in.message));
  out.set_stage(static_cast<pb::SeenStage>(in.stage));
}
static void read(const pb::Seen& in, Seen& out, Checks& checks) {
  checks.id(in.message(), out.message, "Seen.message");
  checks.enumeration(in.stage(), out.stage, "Seen.stage");
}

static void put_body(const JournalMark& in, pb::Content& content) {
  pb::JournalMark& out = *content.mutable_journal_mark();
  out.set_export_hash(str(in.export_hash));
  out.set_at_ms(wire_time(in.at));
}
static void read(const pb::JournalMark& in, JournalMark& out, Checks& checks) {
  checks.fixed(in.export_hash(), out.export_hash, "JournalMark.export_hash");
  checks.time(in.at_ms(), out.at, "JournalMark.at");
}

static void put_body(const HandOver& in, pb::Content& content) {
  pb::HandOver& out = *content.mutable_hand_over();
  out.set_alert(str(in.alert));
  out.set_to(str(in.to));
}
static void read(const pb::HandOver& in, HandOver& out, Checks& checks) {
  checks.id(in.alert(), out.alert, "HandOver.alert");
  checks.id(in.to(), out.to, "HandOver.to");
}

// ---- Conversations about a citizen

static void read_named(const pb::Citizen& in, Citizen& out, Checks& checks) {
  read(in, out, checks);
  checks.require(!out.name.empty() || !out.cpr.empty(), "P-160");
}

static void put_body(const Opening& in, pb::Content& content) {
  put(in.citizen, *content.mutable_opening()->mutable_citizen());
}
static void read(const pb::Opening& in, Opening& out, Checks& checks) {
  read_named(in.citizen(), out.citizen, checks);
}

static void put_body(const PlanCard& in, pb::Content& content) {
  pb::PlanCard& out = *content.mutable_plan_card();
  put(in.citizen, *out.mutable_citizen());
  out.set_kind(static_cast<pb::PlanKind>(in.kind));
  out.set_version(in.version);
  for (const MessageId& id : in.replaces) out.add_replaces(str(id));
  out.set_what(in.what);
  out.set_who(in.who);
  out.set_readmission(in.readmission);
  out.set_advice(in.advice);
  out.set_agreed_on(day_number(in.agreed_on));
  out.set_valid_until(day_number(in.valid_until));
  for (const PlanParty& party : in.parties) {
    pb::PlanParty& added = *out.add_parties();
    added.set_name(party.name);
    added.set_role(party.role);
  }
}
static void read(const pb::PlanParty& in, PlanParty& out, Checks& checks) {
  checks.text(in.name(), limits::kNameBytesMax, out.name, "PlanParty.name");
  checks.text(in.role(), limits::kNameBytesMax, out.role, "PlanParty.role");
}
static void read(const pb::PlanCard& in, PlanCard& out, Checks& checks) {
  read_named(in.citizen(), out.citizen, checks);
  checks.enumeration(in.kind(), out.kind, "PlanCard.kind");
  out.version = in.version();
  checks.ids(in.replaces(), limits::kPlanReplacesMax, out.replaces, "PlanCard.replaces");
  const bool ascending =
      std::adjacent_find(out.replaces.begin(), out.replaces.end(), std::greater_equal<>()) == out.replaces.end();
  checks.require(ascending, "PlanCard.replaces");
  const bool counted = out.version >= 1 && out.version <= limits::kPlanVersionMax;
  checks.require(counted && (out.version == 1) == out.replaces.empty(), "PlanCard.version");
  read_text(in.what(), out.what, checks, "PlanCard.what");
  read_text(in.who(), out.who, checks, "PlanCard.who");
  read_text(in.readmission(), out.readmission, checks, "PlanCard.readmission");
  read_text(in.advice(), out.advice, checks, "PlanCard.advice");
  checks.day(in.agreed_on(), out.agreed_on, "PlanCard.agreed_on");
  checks.day(in.valid_until(), out.valid_until, "PlanCard.valid_until");
  checks.require(out.agreed_on <= out.valid_until, "PlanCard.valid_until");
  checks.items(in.parties(), limits::kPlanPartiesMax, out.parties, "PlanCard.parties");
}

static void put_body(const PlanCardSigned& in, pb::Content& content) {
  pb::PlanCardSigned& out = *content.mutable_plan_card_signed();
  out.set_card(str(in.card));
  out.set_hash(str(in.hash));
}
static void read(const pb::PlanCardSigned& in, PlanCardSigned& out, Checks& checks) {
  checks.id(in.card(), out.card, "PlanCardSigned.card");
  checks.fixed(in.hash(), out.hash, "PlanCardSigned.hash");
}

static void put_body(const Task& in, pb::Content& content) {
  pb::Task& out = *content.mutable_task();
  out.set_kind(static_cast<pb::TaskKind>(in.kind));
  out.set_text(in.text);
  if (in.due) out.set_due_ms(wire_time(*in.due));
  if (in.whom) put(*in.whom, *out.mutable_whom());
}
static void read(const pb::Task& in, Task& out, Checks& checks) {
  checks.enumeration(in.kind(), out.kind, "Task.kind");
  read_text(in.text(), out.text, checks, "Task.text");
  if (in.has_due_ms()) checks.time(in.due_ms(), out.due.emplace(), "Task.due");
  if (in.has_whom()) read(in.whom(), out.whom.emplace(), checks);
}

static void put_body(const TaskTaken& in, pb::Content& content) {
  content.mutable_task_taken()->set_item(str(in.item));
}
static void read(const pb::TaskTaken& in, TaskTaken& out, Checks& checks) {
  checks.id(in.item(), out.item, "TaskTaken.item");
}

static void put_body(const TaskDone& in, pb::Content& content) {
  pb::TaskDone& out = *content.mutable_task_done();
  out.set_item(str(in.item));
  out.set_done(in.done);
  out.set_reason(in.reason);
  out.set_at_ms(wire_time(in.at));
}
static void read(const pb::TaskDone& in, TaskDone& out, Checks& checks) {
  checks.id(in.item(), out.item, "TaskDone.item");
  out.done = in.done();
  read_text(in.reason(), out.reason, checks, "TaskDone.reason");
  checks.time(in.at_ms(), out.at, "TaskDone.at");
}

static void read(const pb::Content& in, Body& out, Checks& checks) {
  switch (in.body_case()) {
    case pb::Content::kAdviceRequest: return read(in.advice_request(), out.emplace<AdviceRequest>(), checks);
    case pb::Content::kIsbarAddition: return read(in.isbar_addition(), out.emplace<IsbarAddition>(), checks);
    case pb::Content::kMedicineQuestion:
      return read(in.medicine_question(), out.emplace<MedicineQuestion>(), checks);
    case pb::Content::kText: return read(in.text(), out.emplace<Text>(), checks);
    case pb::Content::kAdvice: return read(in.advice(), out.emplace<Advice>(), checks);
    case pb::Content::kReadBack: return read(in.read_back(), out.emplace<ReadBack>(), checks);
    case pb::Content::kReadBackVerdict:
      return read(in.read_back_verdict(), out.emplace<ReadBackVerdict>(), checks);
    case pb::Content::kDone: return read(in.done(), out.emplace<Done>(), checks);
    case pb::Content::kObservation: return read(in.observation(), out.emplace<Observation>(), checks);
    case pb::Content::kTake: return read(in.take(), out.emplace<Take>(), checks);
    case pb::Content::kDecline: return read(in.decline(), out.emplace<Decline>(), checks);
    case pb::Content::kReserveUsed: return read(in.reserve_used(), out.emplace<ReserveUsed>(), checks);
    case pb::Content::kWithdraw: return read(in.withdraw(), out.emplace<Withdraw>(), checks);
    case pb::Content::kClose: return read(in.close(), out.emplace<Close>(), checks);
    case pb::Content::kSeen: return read(in.seen(), out.emplace<Seen>(), checks);
    case pb::Content::kJournalMark: return read(in.journal_mark(), out.emplace<JournalMark>(), checks);
    case pb::Content::kHandOver: return read(in.hand_over(), out.emplace<HandOver>(), checks);
    case pb::Content::kOpening: return read(in.opening(), out.emplace<Opening>(), checks);
    case pb::Content::kPlanCard: return read(in.plan_card(), out.emplace<PlanCard>(), checks);
    case pb::Content::kPlanCardSigned:
      return read(in.plan_card_signed(), out.emplace<PlanCardSigned>(), checks);
    case pb::Content::kTask: return read(in.task(), out.emplace<Task>(), checks);
    case pb::Content::kTaskTaken: return read(in.task_taken(), out.emplace<TaskTaken>(), checks);
    case pb::Content::kTaskDone: return read(in.task_done(), out.emplace<TaskDone>(), checks);
    case pb::Content::BODY_NOT_SET: break;
  }
  checks.refuse(Errc::kUnsupported, "P-004");
}

static void put(const Content& in, pb::Content& out) {
  out.set_conversation(str(in.conversation));
  out.set_id(str(in.id));
  out.set_author(str(in.author));
  out.set_device(str(in.device));
  out.set_author_name(in.author_name);
  out.set_author_profession(in.author_profession);
  out.set_written_at_ms(wire_time(in.written_at));
  out.set_mark_seq(in.mark.seq);
  out.set_mark_chain(str(in.mark.chain));
  std::visit([&out](const auto& body) { put_body(body, out); }, in.body);
}
static void read(const pb::Content& in, Content& out, Checks& checks) {
  checks.conversation(in.conversation(), out.conversation, "Content.conversation");
  checks.id(in.id(), out.id, "Content.id");
  checks.id(in.author(), out.author, "Content.author");
  checks.id(in.device(), out.device, "Content.device");
  checks.text(in.author_name(), limits::kNameBytesMax, out.author_name, "Content.author_name");
  checks.text(in.author_profession(), limits::kNameBytesMax, out.author_profession,
              "Content.author_profession");
  checks.time(in.written_at_ms(), out.written_at, "Content.written_at");
  out.mark.seq = in.mark_seq();
  checks.fixed(in.mark_chain(), out.mark.chain, "Content.mark_chain");
  read(in, out.body, checks);
}

static void put(const SignedContent& in, pb::SignedContent& out) {
  out.set_bytes(str(in.bytes));
  out.set_signature(str(in.signature));
}
static void read(const pb::SignedContent& in, SignedContent& out, Checks& checks) {
  checks.bytes(in.bytes(), limits::kContentBytesMax, out.bytes, "SignedContent.bytes");
  checks.fixed(in.signature(), out.signature, "SignedContent.signature");
}

Bytes encode(const Content& content) { return encode_as<pb::Content>(content); }
Result<Content> decode_content(ByteView bytes) {
  return decode_as<pb::Content, Content>(bytes, limits::kContentBytesMax, "Content");
}

Bytes encode(const SignedContent& content) { return encode_as<pb::SignedContent>(content); }
Result<SignedContent> decode_signed_content(ByteView bytes) {
  return decode_as<pb::SignedContent, SignedContent>(bytes, limits::kContentBytesMax + limits::kWrapBytesMax,
                                                     "SignedContent");
}

}  // namespace nattevagt::wire
