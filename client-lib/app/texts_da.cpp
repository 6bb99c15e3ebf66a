#include "client-lib/app/texts_da.h"

#include <string>

namespace nattevagt::client::text {

std::string_view error_text(Errc code) noexcept {
  switch (code) {
    case Errc::kMalformed:
      return "Det kan ikke læses. Kopiér linket eller filen igen, helt fra begyndelsen til slutningen.";
    case Errc::kTooLarge: return "Det fylder for meget. Del det i flere beskeder.";
    case Errc::kInvalidValue: return "En oplysning er ikke gyldig. Se --help, ret den, og prøv igen.";
    case Errc::kUnsupported:
      return "Denne udgave af Nattevagt kan ikke læse det. Opdatér programmet, og prøv igen.";
    case Errc::kUpgradeRequired:
      return "Hubben kræver en anden udgave af Nattevagt. Ring i stedet, og opdatér programmet.";
    case Errc::kNotFound: return "Det findes ikke her. Se listen med: nattevagt alerts";
    case Errc::kBadSignature:
      return "En underskrift passer ikke. Brug ikke oplysningen, og sig det til den systemansvarlige.";
    case Errc::kUntrusted:
      return "Hubben kender ikke denne enhed, eller det er ikke den rigtige hub. Ring i stedet, og bed om en "
             "ny tilladelse.";
    case Errc::kExpired: return "Tilladelsen er udløbet. Bed om en ny: nattevagt grant";
    case Errc::kGrantUsed:
      return "Tilladelsen er allerede brugt på en anden enhed. Bed om en ny, og sig til, hvis det ikke var "
             "dig.";
    case Errc::kSuspended: return "Denne enhed er spærret af en kollega. Ring i stedet, og ring til jeres organisation.";
    case Errc::kRevoked: return "Denne enhed er spærret. Ring i stedet, og bed om en ny tilladelse.";
    case Errc::kNotPermitted: return "Det må denne enhed ikke. Er du på vagtplanen? Spørg vagtlederen.";
    case Errc::kWrongPin: return "Forkert PIN. Prøv igen.";
    case Errc::kLocked:
      return "For mange forkerte PIN. Enheden er låst i en time. Brug en anden enhed, eller ring.";
    case Errc::kStaleEpoch: return "Samtalen var ændret i mellemtiden. Prøv igen.";
    case Errc::kAlreadyTaken: return "Allerede overtaget af en anden. Se hvem med: nattevagt alerts";
    case Errc::kAlreadyExists: return "Det findes allerede. Vælg en anden mappe eller et andet navn.";
    case Errc::kWrongState: return "Det kan ikke gøres nu. Se, hvor kaldet er, med: nattevagt history";
    case Errc::kDuplicate: return "Det er allerede gjort. Du skal ikke gøre mere.";
    case Errc::kReplay:
      return "En gammel besked er vist igen og er afvist. Sig det til den systemansvarlige.";
    case Errc::kFork:
      return "Hubben har vist to forskellige forløb. Stol ikke på det, du ser: ring, og sig det til den "
             "systemansvarlige.";
    case Errc::kGap:
      return "Der mangler en besked i forløbet. Ring, hvis det haster, og sig det til den systemansvarlige.";
    case Errc::kBusy: return "Der er for travlt lige nu, og intet blev gemt. Prøv igen om lidt, eller ring.";
    case Errc::kStorage: return "Disken svarer ikke rigtigt. Brug en anden enhed, eller ring.";
    case Errc::kNoSpace: return "Disken er fuld. Brug en anden enhed, eller ring. Ryd siden op.";
    case Errc::kCorrupt:
      return "Det gemte er beskadiget. Slet det ikke. Brug en anden enhed, og sig det til den "
             "systemansvarlige.";
    case Errc::kUnavailable: return "Ingen forbindelse til hubben. Ring i stedet.";
    case Errc::kTimeout:
      return "Hubben svarede ikke i tide. Ring i stedet, hvis det haster; ellers prøv igen.";
    case Errc::kNoKeyPackage:
      return "En modtager kan ikke tages med lige nu, før dens enhed har været tændt. Ring til den.";
    case Errc::kCrypto:
      return "Krypteringen afviste det. Intet blev sendt. Prøv igen, og sig det til den systemansvarlige.";
    case Errc::kUnknownPsk:
      return "Krypteringen mangler en nøgle. Intet blev sendt. Sig det til den systemansvarlige.";
    case Errc::kNotMember:
      return "Denne enhed er ikke med i samtalen. Bed en, der er, om at tage den med: nattevagt invite";
    case Errc::kGenerationUsed:
      return "Beskeden er set før eller er for gammel og er afvist. Bed om at få den sendt igen.";
  }
  return "Ukendt fejl. Ring i stedet, og sig det til den systemansvarlige.";
}

namespace {

std::string in_quotes(const std::string& subject) { return "'" + subject + "'"; }

std::string or_known(const RosterProblem& problem) {
  return problem.detail.empty() ? "." : ". Mente du: " + problem.detail + "?";
}

std::string sentence(const RosterProblem& p) {
  switch (p.fault) {
    case RosterFault::kNotToml: return "kan ikke læses som TOML (" + p.detail + "). Ret linjen.";
    case RosterFault::kUnknownKey:
      return in_quotes(p.subject) + " kendes ikke her. Her kan stå: " + p.detail + ".";
    case RosterFault::kMissingKey: return in_quotes(p.subject) + " mangler. Tilføj den.";
    case RosterFault::kWrongType:
      return in_quotes(p.subject) + " skal skrives sådan: " + p.subject + " = " + p.detail + ".";
    case RosterFault::kBadName:
      return "navnet " + in_quotes(p.subject) + " kan ikke bruges: 1-" + p.detail +
             " tegn, uden mellemrum i enderne og uden styretegn.";
    case RosterFault::kNameTwice:
      return in_quotes(p.subject) + " står her to gange. Fjern den ene, eller giv den et andet navn.";
    case RosterFault::kBadDuration:
      return in_quotes(p.subject) + " er ikke en varighed. Skriv for eksempel \"90s\", \"2m\" eller \"1h\".";
    case RosterFault::kDurationOutOfRange:
      return in_quotes(p.subject) + " er for kort eller for langt: 200ms til 7d.";
    case RosterFault::kUnknownSeverity:
      return in_quotes(p.subject) + " er ikke en hastegrad. Skriv alarm, roed, gul eller groen.";
    case RosterFault::kUnknownPerson:
      return "der er ingen [[person]] med navnet " + in_quotes(p.subject) + or_known(p);
    case RosterFault::kUnknownLadder:
      return "der er ingen [[ladder]] med navnet " + in_quotes(p.subject) + or_known(p);
    case RosterFault::kUnknownTarget:
      return in_quotes(p.subject) + " kendes ikke" +
             (p.detail.empty() ? ". Har den anden organisation udgivet sin vagtplan?"
                               : ". Kendte: " + p.detail + ".") +
             " Andres roller skrives \"Organisation: rolle\".";
    case RosterFault::kUnknownOrganisation:
      return "organisationen " + in_quotes(p.subject) + " kendes ikke" +
             (p.detail.empty() ? "." : ". Kendte: " + p.detail + ".") +
             " Hent dens fil med: nattevagt org trust FIL";
    case RosterFault::kAmbiguousTarget:
      return in_quotes(p.subject) + " kan være flere (" + p.detail + "). Giv dem hver sit navn.";
    case RosterFault::kNoSteps:
      return "stigen " + in_quotes(p.subject) + " har ingen trin. Tilføj [[ladder.step]] under den.";
    case RosterFault::kTooMany:
      return "for mange i " + in_quotes(p.subject) + ": højst " + p.detail + ". Del dem.";
    case RosterFault::kTextTooLong:
      return in_quotes(p.subject) + " er for lang: højst " + p.detail + " tegn. Kort den af.";
    case RosterFault::kRoleWithoutHolder:
      return "ingen har rollen " + in_quotes(p.subject) + ". Et trin med kun den springes over med det samme.";
    case RosterFault::kUnitWithoutLadder:
      return "enheden " + in_quotes(p.subject) +
             (p.detail.empty() ? " har ingen stiger" : " har ingen stige for " + p.detail) +
             " og kan ikke spørge om det.";
    case RosterFault::kNoReservePlan:
      return "der er ingen reserve_plan. Personalet ser da ingen numre, når ingen svarer.";
    case RosterFault::kReserveCondition:
      return "linje " + p.detail + " i reserve_plan begynder med en betingelse, der ikke kan læses. Linjen vises da altid.";
    case RosterFault::kNoRecorder:
      return "der er ingen recorders. Da arkiveres samtalerne ikke hos organisationen.";
  }
  return {};
}

}  // namespace

std::string roster_problem_text(const RosterProblem& problem) {
  std::string out = is_warning(problem.fault) ? "Bemærk" : "Fejl";
  if (problem.line != 0) out += ", linje " + std::to_string(problem.line);
  return out + ": " + sentence(problem);
}

}  // namespace nattevagt::client::text
