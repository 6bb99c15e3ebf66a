#include "client-lib/export/words_da.h"

#include <array>

#include "client-lib/export/local_time.h"

namespace nattevagt::client {

std::string_view severity_name(wire::Severity severity) {
  switch (severity) {
    case wire::Severity::kAlarm: return "Alarm – fare nu";
    case wire::Severity::kRed: return "Rød – haster";
    case wire::Severity::kYellow: return "Gul – i denne vagt";
    case wire::Severity::kGreen: return "Grøn – næste hverdag";
  }
  return "";
}

std::string_view situation_name(wire::Situation situation) {
  switch (situation) {
    case wire::Situation::kSuicidal: return "Selvmordstanker eller selvskade";
    case wire::Situation::kViolence: return "Vold eller trusler";
    case wire::Situation::kPsychosis: return "Forværring, psykose eller uro";
    case wire::Situation::kMedRefused: return "Medicin nægtet eller glemt";
    case wire::Situation::kPrn: return "Spørgsmål om PN-medicin";
    case wire::Situation::kIntox: return "Påvirket af alkohol eller stoffer";
    case wire::Situation::kMissing: return "Borger er væk";
    case wire::Situation::kSomatic: return "Fysisk sygdom eller skade";
    case wire::Situation::kSideEffect: return "Mistanke om bivirkning";
    case wire::Situation::kReadmission: return "Genindlæggelse overvejes";
    case wire::Situation::kRelative: return "Pårørende er bekymret";
    case wire::Situation::kOther: return "Andet";
  }
  return "";
}

std::string_view state_name(wire::AlertState state) {
  switch (state) {
    case wire::AlertState::kEscalating: return "Venter på overtagelse";
    case wire::AlertState::kTaken: return "Overtaget";
    case wire::AlertState::kAdvised: return "Råd givet";
    case wire::AlertState::kExhausted: return "Ingen har overtaget";
    case wire::AlertState::kWithdrawn: return "Trukket tilbage";
    case wire::AlertState::kClosed: return "Afsluttet";
  }
  return "";
}

std::string_view plan_name(wire::PlanKind kind) {
  switch (kind) {
    case wire::PlanKind::kDischargeAgreement: return "Udskrivningsaftale";
    case wire::PlanKind::kCoordinationPlan: return "Koordinationsplan";
    case wire::PlanKind::kCoordinatedAction: return "Koordinerende indsatsplan";
    case wire::PlanKind::kCrisisPlan: return "Kriseplan";
  }
  return "Plan";
}

std::string_view task_name(wire::TaskKind kind) {
  switch (kind) {
    case wire::TaskKind::kPromise: return "Lovet kontakt";
    case wire::TaskKind::kObserve: return "Hold øje med";
    case wire::TaskKind::kMedicine: return "Medicin";
    case wire::TaskKind::kReport: return "Mangler indberetning";
    case wire::TaskKind::kOther: return "Opgave";
  }
  return "Opgave";
}

namespace {

struct BodyWords {
  std::string_view name, key;
};
// In the order of wire::Body.
constexpr std::array<BodyWords, std::variant_size_v<wire::Body>> kBodies{{
    {"Spørgsmål til vagthavende", "adviceRequest"},
    {"Tilføjelse", "isbarAddition"},
    {"Medicinspørgsmål", "medicineQuestion"},
    {"Besked", "text"},
    {"Råd", "advice"},
    {"Tilbagelæsning", "readBack"},
    {"Vurdering af tilbagelæsning", "readBackVerdict"},
    {"Udførelse", "done"},
    {"Observation", "observation"},
    {"Overtaget", "take"},
    {"Sagt fra", "decline"},
    {"Reserveplan brugt", "reserveUsed"},
    {"Trukket tilbage", "withdraw"},
    {"Afsluttet", "close"},
    {"Kvittering", "seen"},
    {"Ført i journal", "journalMark"},
    {"Givet videre", "handOver"},
    {"Samtale om borger", "opening"},
    {"Plan", "planCard"},
    {"Plan underskrevet", "planCardSigned"},
    {"Opgave", "task"},
    {"Opgave overtaget", "taskTaken"},
    {"Opgave afsluttet", "taskDone"},
}};

struct Lines {
  std::string out;
  void add(std::string_view label, std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out += '\n';
    if (!label.empty()) {
      out += label;
      out += ": ";
    }
    out += text;
  }
  void form(const wire::IsbarForm& form) {
    add("Identifikation", form.identification);
    add("Situation", form.situation);
    add("Baggrund", form.background);
    add("Analyse", form.analysis);
    add("Råd ønskes", form.recommendation);
  }

  void operator()(const wire::AdviceRequest& body) {
    add("Hastegrad", severity_name(body.severity));
    add("Anledning", situation_name(body.kind));
    add("Borger", body.citizen.name);
    add("CPR", body.citizen.cpr);
    if (body.alone) add("", "Er alene på vagt");
    add("Ring tilbage", body.callback);
    if (body.drill) add("", "ØVELSE");
    form(body.isbar);
  }
  void operator()(const wire::IsbarAddition& body) { form(body.isbar); }
  void operator()(const wire::MedicineQuestion& body) {
    add("Lægemiddel", body.drug);
    add("Dosis", body.dose);
    add("Sidst givet", body.last_given);
    add("PN forsøgt", body.tried_prn);
    add("Allergi", body.allergies);
    add("Målinger", body.vital_signs);
    add("Spørgsmål", body.question);
  }
  void operator()(const wire::Text& body) { add("", body.text); }
  void operator()(const wire::Advice& body) {
    add("", body.text);
    if (body.medicine) {
      add("Lægemiddel", body.medicine->drug);
      add("Dosis", body.medicine->dose);
      add("Tidspunkt", body.medicine->when);
      add("Højst", body.medicine->maximum);
    }
    if (body.rounds) {
      add("Tilsyn", "hvert " + std::to_string(body.rounds->every.count()) + ". minut til " +
                        format_local(body.rounds->until));
    }
    if (body.read_back_required || body.medicine) add("", "Kræver tilbagelæsning");
  }
  void operator()(const wire::ReadBack& body) { add("", body.text); }
  void operator()(const wire::ReadBackVerdict& body) {
    add("", body.correct ? "Tilbagelæst korrekt" : "Ikke korrekt – læs igen");
  }
  void operator()(const wire::Done& body) {
    add("", (body.done ? "Udført " : "Ikke udført ") + format_local(body.at));
    add("Årsag", body.reason);
  }
  void operator()(const wire::Observation& body) {
    add("", body.text);
    add("Tidspunkt", format_local(body.at));
  }
  void operator()(const wire::Take&) { add("", "Jeg tager den"); }
  void operator()(const wire::Decline& body) { add("Årsag", body.reason); }
  void operator()(const wire::ReserveUsed& body) { add("", body.choice); }
  void operator()(const wire::Withdraw& body) { add("Årsag", body.reason); }
  void operator()(const wire::Close&) {}
  void operator()(const wire::Seen&) {}
  void operator()(const wire::HandOver&) { add("", "Bedt en kollega overtage. Gælder først ved dennes ja."); }
  void operator()(const wire::Opening& body) {
    add("Borger", body.citizen.name);
    add("CPR", body.citizen.cpr);
  }
  void operator()(const wire::PlanCard& body) {
    add("", std::string(plan_name(body.kind)) + ", version " + std::to_string(body.version) + ", " +
                format_day(body.agreed_on));
    add("Gælder til", format_day(body.valid_until));
    add("Borger", body.citizen.name);
    add("CPR", body.citizen.cpr);
    add("Hvad skal der ske?", body.what);
    add("Hvem gør hvad?", body.who);
    add("Hvornår og hvordan kan genindlæggelse ske?", body.readmission);
    add("Sådan får personalet råd fra psykiatrien", body.advice);
    for (const wire::PlanParty& party : body.parties) {
      add("Part", party.role.empty() ? party.name : party.name + ", " + party.role);
    }
  }
  void operator()(const wire::PlanCardSigned& body) { add("SHA-256", to_hex(body.hash)); }
  void operator()(const wire::Task& body) {
    add(task_name(body.kind), body.text);
    if (body.due) add("Senest", format_local_date(*body.due) + " " + format_local(*body.due));
  }
  void operator()(const wire::TaskTaken&) { add("", "Jeg tager den"); }
  void operator()(const wire::TaskDone& body) {
    add("", (body.done ? "Gjort " : "Droppet ") + format_local(body.at));
    add("Årsag", body.reason);
  }
  void operator()(const wire::JournalMark& body) {
    add("", "Ført i journal " + format_local(body.at));
    add("SHA-256", to_hex(body.export_hash));
  }
};

}  // namespace

std::string_view body_name(const wire::Body& body) { return kBodies.at(body.index()).name; }
std::string_view body_key(const wire::Body& body) { return kBodies.at(body.index()).key; }

std::string body_text(const wire::Body& body) {
  Lines lines;
  std::visit(lines, body);
  return std::move(lines.out);
}

}  // namespace nattevagt::client
