#include "client-lib/export/journal_export.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "client-lib/export/local_time.h"
#include "client-lib/export/words_da.h"

namespace nattevagt::client {

namespace {

using Json = nlohmann::ordered_json;

std::string who(const Person& person) {
  std::string out = person.name.empty() ? "Ukendt navn" : person.name;
  if (!person.profession.empty()) out += ", " + person.profession;
  if (!person.organisation_name.empty()) out += " (" + person.organisation_name + ")";
  return out;
}

std::string_view kind_key(wire::HolderKind kind) {
  switch (kind) {
    case wire::HolderKind::kPerson: return "person";
    case wire::HolderKind::kUnit: return "unit";
    case wire::HolderKind::kRecorder: return "recorder";
  }
  return "";
}

// Who wrote, and who else could read; one line a person, however many devices. A unit's phone may have been
// held by several people: each name that wrote is one.
std::vector<Person> participants(const ExportInput& input) {
  std::map<std::pair<PersonId, std::string>, Person> people;
  for (const Message& message : input.messages) {
    people.emplace(std::pair(message.author.id, message.author.name), message.author);
  }
  for (const Person& member : input.conversation.members) {
    const bool wrote = std::any_of(people.begin(), people.end(),
                                   [&](const auto& entry) { return entry.first.first == member.id; });
    if (!wrote) people.emplace(std::pair(member.id, member.name), member);
  }
  std::vector<Person> out;
  out.reserve(people.size());
  for (auto& [key, person] : people) out.push_back(person);
  return out;
}

std::string both_times(UtcTime time) {
  std::string out = format_local_date(time) + " " + format_local_seconds(time);
  return out + " [" + format_local_iso(time) + ", " + format_utc_iso(time) + "]";
}

void add_line(std::string& out, std::string_view label, std::string_view text) {
  if (text.empty()) return;
  out += label;
  out += ": ";
  out += text;
  out += '\n';
}

std::string indented(std::string_view text) {
  std::string out = "    ";
  for (const char letter : text) {
    out += letter;
    if (letter == '\n') out += "    ";
  }
  return out + '\n';
}

// P-115: what the alert was raised under, whatever has been published since.
std::string versions_text(const Alert& alert) {
  const auto& view = alert.view;
  return "vagtliste version " + std::to_string(view.roster_version) +
         (view.rota_version == 0 ? ", ingen vagtplan"
                                 : ", vagtplan version " + std::to_string(view.rota_version));
}

std::string alert_text(const Alert& alert) {
  std::string out = "\nALARMENS FORLØB\n";
  add_line(out, "Alarm", alert.view.alert.hex());
  add_line(out, "Hastegrad", severity_name(alert.view.severity));
  if (alert.view.drill) out += "ØVELSE\n";
  add_line(out, "Spurgt", alert.role_label);
  add_line(out, "Enhed", alert.unit_label);
  add_line(out, "Gemt på hubben", both_times(alert.view.raised_at));
  add_line(out, "Kaldt efter", versions_text(alert));
  if (alert.taken_by && alert.taken_at) {
    add_line(out, "Overtaget af", who(*alert.taken_by) + ", " + both_times(*alert.taken_at));
    if (alert.view.late) out += "Svaret kom, efter at reserveplanen blev brugt, eller efter stigens ende.\n";
  } else {
    out += "Overtaget af: ingen (ingen underskrevet overtagelse)\n";
  }
  if (alert.view.reserve_used) out += "Reserveplanen blev brugt.\n";
  add_line(out, "Trin nået",
           std::to_string(alert.view.step + 1) + " af " + std::to_string(alert.view.step_count));
  add_line(out, "Tilstand", state_name(alert.view.state));
  for (const std::string& warning : alert.warnings) add_line(out, "Advarsel", warning);
  return out;
}

bool kept(const Message& message) { return message.seq > 0 && message.delivery != Delivery::kFailed; }

std::string text_of(const ExportInput& input, const std::vector<Person>& people) {
  std::string out = "RÅDGIVNING – UDSKRIFT TIL JOURNAL\n";
  add_line(out, "Forløb", input.conversation.id.hex());
  out += "\nDELTAGERE\n";
  for (const Person& person : people) {
    out += "- " + who(person);
    if (person.kind == wire::HolderKind::kRecorder) out += " – arkiv";
    out += '\n';
  }
  if (input.alert) out += alert_text(*input.alert);
  out += "\nFORLØB\n";
  for (const Message& message : input.messages) {
    if (!kept(message)) continue;
    out += both_times(message.stored_at) + "\n  " + who(message.author) + " – ";
    out += body_name(message.content.body);
    out += '\n';
    if (const std::string said = body_text(message.content.body); !said.empty()) out += indented(said);
  }
  return out;
}

Json time_json(UtcTime time) {
  return {{"utc", format_utc_iso(time)}, {"local", format_local_iso(time)}, {"shown", format_local(time)}};
}

Json person_json(const Person& person) {
  return {{"name", person.name},
          {"profession", person.profession},
          {"organisation", person.organisation_name},
          {"organisationId", person.organisation.hex()},
          {"kind", kind_key(person.kind)},
          {"personId", person.id.hex()}};
}

Json message_json(const Message& message) {
  Json out{{"id", message.id.hex()},
           {"seq", message.seq},
           {"type", body_key(message.content.body)},
           {"stored", time_json(message.stored_at)},
           {"written", time_json(message.content.written_at)},
           {"author", person_json(message.author)},
           {"text", body_text(message.content.body)}};
  if (const auto* read_back = std::get_if<wire::ReadBack>(&message.content.body)) {
    out["advice"] = read_back->advice.hex();
  } else if (const auto* verdict = std::get_if<wire::ReadBackVerdict>(&message.content.body)) {
    out["readBack"] = verdict->read_back.hex();
    out["correct"] = verdict->correct;
  } else if (const auto* done = std::get_if<wire::Done>(&message.content.body)) {
    out["advice"] = done->advice.hex();
    out["done"] = done->done;
  }
  return out;
}

Json alert_json(const Alert& alert) {
  Json out{{"id", alert.view.alert.hex()},
           {"severity", severity_name(alert.view.severity)},
           {"drill", alert.view.drill},
           {"state", state_name(alert.view.state)},
           {"raised", time_json(alert.view.raised_at)},
           {"step", alert.view.step + 1},
           {"steps", alert.view.step_count},
           {"rosterVersion", alert.view.roster_version},
           {"rotaVersion", alert.view.rota_version},
           {"late", alert.view.late},
           {"reserveUsed", alert.view.reserve_used},
           {"roleAsked", alert.role_label},
           {"unit", alert.unit_label},
           {"warnings", alert.warnings}};
  if (alert.taken_by && alert.taken_at) {
    out["takenBy"] = person_json(*alert.taken_by);
    out["taken"] = time_json(*alert.taken_at);
  }
  return out;
}

}  // namespace

Result<ExportedIncident> export_journal(const ExportInput& input) {
  if (std::none_of(input.messages.begin(), input.messages.end(), kept)) {
    return fail(Errc::kWrongState, "export_journal");
  }
  const std::vector<Person> people = participants(input);
  ExportedIncident out;
  out.text = text_of(input, people);
  out.hash = sha256(as_bytes(out.text));
  Json json{{"format", "nattevagt-journal-1"}, {"thread", input.conversation.id.hex()}};
  json["participants"] = Json::array();
  for (const Person& person : people) json["participants"].push_back(person_json(person));
  if (input.alert) json["alert"] = alert_json(*input.alert);
  json["messages"] = Json::array();
  for (const Message& message : input.messages) {
    if (kept(message)) json["messages"].push_back(message_json(message));
  }
  json["exported"] = time_json(input.made_at);
  json["sha256OfText"] = to_hex(out.hash);
  // Texts are checked UTF-8 (P-005); a replacement is better than an exception all the same.
  out.json = json.dump(2, ' ', false, Json::error_handler_t::replace);
  return out;
}

}  // namespace nattevagt::client
