// Every Danish text that staff see at the command line, in one place. The wording is the care sector's own;
// numbers to ring come from the published reserve plan, never from here (but 112, which never changes).
//
// A text that reports a failure says first what happened, then what to do.
#pragma once

#include <string_view>

#include "client-lib/admin/roster_draft.h"
#include "client-lib/client.h"
#include "proto/common/result.h"
#include "proto/wire/content.h"
#include "proto/wire/hub.h"

namespace nattevagt::client::text {

// ---- The words of the night
inline constexpr std::string_view kSent = "Sendt";
inline constexpr std::string_view kNotSent = "IKKE SENDT";
inline constexpr std::string_view kNotSentRing = "IKKE SENDT – ring i stedet:";
inline constexpr std::string_view kNotSentYet = "IKKE SENDT endnu. Ring selv.";
inline constexpr std::string_view kNotSentLater =
    "Beskeden er gemt og sendes, når nettet er tilbage. Vent ikke på den.";
inline constexpr std::string_view kNotSentNoServe =
    "Beskeden er gemt, men sendes først, når 'nattevagt serve' kører på denne enhed. Vent ikke på den.";
inline constexpr std::string_view kRing112 = "Livsfare: ring 112";
inline constexpr std::string_view kNoReservePlan =
    "Der er ikke udgivet en reserveplan. Ring efter den seddel, der hænger på vagtstuen.";
inline constexpr std::string_view kSending = "Sender …";
inline constexpr std::string_view kFetching = "Henter …";
inline constexpr std::string_view kSeenBy = "Set af ";
inline constexpr std::string_view kOnDeviceOf = "Nået frem til ";
inline constexpr std::string_view kTakenBy = "Overtaget af ";
inline constexpr std::string_view kAlreadyTakenBy = "Allerede overtaget af ";
inline constexpr std::string_view kTake = "Jeg tager den";
inline constexpr std::string_view kReadBackRequired = "Kræver tilbagelæsning";
inline constexpr std::string_view kReadBackOk = "Tilbagelæst korrekt";
inline constexpr std::string_view kReadBackWrong = "Ikke korrekt – læs igen";
inline constexpr std::string_view kExhausted = "Ingen har overtaget. Brug reserveplanen nu.";
inline constexpr std::string_view kNobodyYet = "Ingen har svaret endnu.";
inline constexpr std::string_view kSentOnAt = "Sendes videre ";
inline constexpr std::string_view kLateReserve = ", efter at reserveplanen blev brugt.";
inline constexpr std::string_view kLateExhausted = ", efter at tiden var gået.";
inline constexpr std::string_view kAnswered = " svarede ";
inline constexpr std::string_view kYou = "dig";
inline constexpr std::string_view kHandedOver = "Giv videre til bagvagt: venter på et ja";
inline constexpr std::string_view kHandOverWaits = ", som ikke har sagt ja endnu. Ansvaret er ikke flyttet.";
inline constexpr std::string_view kHandOverAsksYou = ": sig ja med 'nattevagt take', nej med 'nattevagt decline'.";
inline constexpr std::string_view kRingAt = "Har ingen overtaget senest ";
inline constexpr std::string_view kRingAtServed = ", siger denne enhed til. Ring da selv.";
inline constexpr std::string_view kRingAtAlone =
    ", så ring selv. Lad 'nattevagt watch' køre: så siger enheden til, også uden net.";
inline constexpr std::string_view kAlone = "Jeg er alene på vagt";
inline constexpr std::string_view kDrill = "ØVELSE";
inline constexpr std::string_view kDrillReserve =
    "ØVELSE: her stod reserveplanens numre. Ring ikke til dem for øvelsens skyld. Sker der noget rigtigt: nyt kald, "
    "og livsfare: ring 112.";
inline constexpr std::string_view kResumed = "Taget, men uden råd i tide: stigen fortsætter.";
inline constexpr std::string_view kTechnicalAlarm =
    "Teknisk: et trin havde ingen, der kunne nås. Sendt videre med det samme.";
inline constexpr std::string_view kJoined = " er kommet med i samtalen";
inline constexpr std::string_view kLeft = " er ikke længere med i samtalen";
inline constexpr std::string_view kRemoved = "Denne enhed er ikke længere med i samtalen.";
inline constexpr std::string_view kConnected = "Forbundet.";
inline constexpr std::string_view kDisconnected =
    "Ingen forbindelse. Det, du skriver, gemmes – ring i stedet.";
inline constexpr std::string_view kUntrustedHub =
    "Ingen forbindelse: hubben afviser denne enhed, eller det er ikke den rigtige hub. Ring i stedet, og sig "
    "det "
    "til den, der gav dig tilladelsen.";
inline constexpr std::string_view kRevoked =
    "Denne enhed er spærret. Den får og sender ikke mere. Aflevér den, eller bed om en ny tilladelse.";
inline constexpr std::string_view kSuspendDone =
    "Spærret. Telefonen får og sender intet, og kald går uden om den. Ring nu til jeres organisation: de spærrer den "
    "for altid eller ophæver spærringen.";
inline constexpr std::string_view kSuspendUndone = "Spærringen er ophævet. Telefonen får igen, hvad den har til gode.";
inline constexpr std::string_view kSuspendOnDuty = "Bemærk: telefonens ejer er på vagt nu som ";
inline constexpr std::string_view kSuspendHasTaken =
    "Bemærk: telefonens ejer har overtaget et kald, som ikke er besvaret. Ring til den, der spurgte.";
inline constexpr std::string_view kSuspendWhich = "Skriv begyndelsen af enhedens id. Dem kan det være:";
inline constexpr std::string_view kSuspendNotOurs =
    "Det kan ikke gøres herfra: det er en anden organisations enhed, et arkiv, denne enhed selv eller en andens spærring. "
    "Ring til den organisation, som enheden hører til.";
inline constexpr std::string_view kSuspendTooMany =
    "Herfra er der spærret så mange enheder i dag, som der må. Ring til jeres organisation: de spærrer resten.";
inline constexpr std::string_view kSuspendUndoLate =
    "De ti minutter er gået. Ring til jeres organisation: de ophæver spærringen.";
inline constexpr std::string_view kSuspendOldHub =
    "INTET ER SPÆRRET: hubben er for gammel til det. Ring til jeres organisation, og bed dem spærre telefonen.";
inline constexpr std::string_view kSuspendUnheard =
    "INTET SVAR FRA HUBBEN: regn ikke med, at telefonen er spærret. Ring til jeres organisation, og prøv igen.";
inline constexpr std::string_view kSuspendClock =
    "INTET ER SPÆRRET: uret på denne enhed går forkert. Ring til jeres organisation, og bed dem spærre telefonen.";
inline constexpr std::string_view kSuspendRevoked = "Enheden er spærret for altid af sin organisation. Du skal ikke gøre mere.";
inline constexpr std::string_view kLiftedNow = "Ikke spærret mere: ";
inline constexpr std::string_view kNotSuspendedThere = "Den enhed er ikke spærret af nogen. Se listen med: nattevagt devices";
inline constexpr std::string_view kSuspendedHere =
    "Den får og sender ikke mere, før jeres organisation har ophævet spærringen: ring til dem. Intet her er slettet.";
inline constexpr std::string_view kSuspicion = "ADVARSEL – noget er ikke, som det skal være: ";
inline constexpr std::string_view kUpdateNeeded =
    "OPDATÉR – hubben sender noget, som denne udgave af Nattevagt ikke kan læse. Kald kan mangle her. Ring til "
    "den systemansvarlige.";
inline constexpr std::string_view kWarningUnproven = "Ubekræftet: ";
inline constexpr std::string_view kNote = "Bemærk: ";
inline constexpr std::string_view kLimits = "Rådet bygger på det, der er skrevet. Patienten er ikke set.";
inline constexpr std::string_view kJournalReminder =
    "Rådet skal føres i EPJ. Kør 'nattevagt export --mark', når det er gjort.";
inline constexpr std::string_view kNotAlarm = "Dette er ikke en overfaldsalarm.";
inline constexpr std::string_view kServing = "Nattevagt er klar. Stands med Ctrl-C.";
inline constexpr std::string_view kStopped = "Nattevagt er standset. Denne enhed ringer ikke mere.";
inline constexpr std::string_view kShownFromStore = "Ingen forbindelse. Viser det, der er gemt på enheden.";
inline constexpr std::string_view kNothing = "Der er ikke noget.";
inline constexpr std::string_view kNoAlerts = "Ingen åbne kald.";
inline constexpr std::string_view kEnrolled = "Enheden er tilmeldt: ";
inline constexpr std::string_view kEnrolNext = "Lad nu 'nattevagt watch' køre på denne enhed, så ringer den.";
inline constexpr std::string_view kAuthorSet = "Telefonen holdes nu af ";
inline constexpr std::string_view kSeenHint = "Set stopper ikke stigen. Kun 'Jeg tager den' gør.";

// ---- PIN and home
inline constexpr std::string_view kPinPrompt = "PIN: ";
inline constexpr std::string_view kPinNewPrompt = "Vælg en PIN (mindst 4 tegn): ";
inline constexpr std::string_view kPinAgainPrompt = "Gentag: ";
inline constexpr std::string_view kPassphrasePrompt = "Organisationens adgangssætning: ";
inline constexpr std::string_view kPassphraseNewPrompt = "Vælg en adgangssætning (mindst 8 tegn): ";
inline constexpr std::string_view kPinDiffers = "De to var ikke ens. Prøv igen.";
inline constexpr std::string_view kNoPin =
    "Der mangler en PIN, og der er ingen tastatur at spørge ved. Sæt NATTEVAGT_PIN, eller brug --pin-file "
    "FIL.";
inline constexpr std::string_view kPinFileOpen = "PIN-filen kan læses af andre. Kør: chmod 600 FIL";
inline constexpr std::string_view kPinFileUnreadable =
    "PIN-filen kan ikke læses. Se efter, om stien er rigtig.";
inline constexpr std::string_view kPinWait = "For mange forkerte PIN. Prøv igen om ";
inline constexpr std::string_view kNotEnrolled =
    "Denne enhed er ikke tilmeldt. Bed om en tilladelse, og kør: nattevagt enrol 'nattevagt:...'";
inline constexpr std::string_view kNoStore =
    "Der er ingen Nattevagt i denne mappe. Kør: nattevagt enrol 'nattevagt:...' (eller brug --home MAPPE).";
inline constexpr std::string_view kNoOrganisation =
    "Der er ingen organisation i denne mappe. Kør: nattevagt org init (eller brug --home MAPPE).";
inline constexpr std::string_view kOrganisationBusy =
    "Et andet program har organisationens fil åben. Vent, til det er færdigt, og prøv igen.";
inline constexpr std::string_view kServeRunsAlready = "'nattevagt serve' kører allerede for denne mappe.";

inline constexpr std::string_view kEnrolledAlready =
    "Mappen har allerede en tilmeldt enhed. Brug --home MAPPE til en ny.";
inline constexpr std::string_view kPinTooShort = "PIN er for kort. Vælg mindst 4 tegn.";
inline constexpr std::string_view kServeSilent =
    "'nattevagt serve' svarer ikke. Det vides ikke, om det blev gjort: se efter med 'nattevagt history', og "
    "ring, hvis "
    "det haster.";
inline constexpr std::string_view kCannotWrite = "Filen findes allerede eller kan ikke skrives: ";
inline constexpr std::string_view kWritten = "Skrevet i ";

// ---- Choosing
inline constexpr std::string_view kTalk = "samtale, som du er kaldt med i";
inline constexpr std::string_view kWhichOne = "Der er flere. Skriv begyndelsen af den, du mener:";
inline constexpr std::string_view kForExample = "Tilføj for eksempel: ";
inline constexpr std::string_view kNoSuch = "Der er ingen, der begynder sådan: ";
inline constexpr std::string_view kTooShort = "Skriv mindst fire tegn af den, du mener: ";
inline constexpr std::string_view kNoneFits = "Der er intet at gøre det ved.";
inline constexpr std::string_view kNoSuchName = "Der er ingen enhed, rolle eller person, der hedder: ";
inline constexpr std::string_view kKnownNames = "Kendte navne:";
inline constexpr std::string_view kTextMissing =
    "Der mangler en tekst. Skriv den i anførselstegn, eller brug - for at skrive den ind.";
inline constexpr std::string_view kNoCitizen = "Uden borger. Du kan skrive det bagefter med 'nattevagt say'.";
inline constexpr std::string_view kBadCpr =
    "CPR-nummeret er ikke ti tegn med en rigtig dato. Ret det, eller udelad --cpr.";
inline constexpr std::string_view kMedicineIncomplete =
    "Et medicinråd skal have præparat, dosis, tidspunkt og maksimum: --drug, --dose, --when og --max.";

inline constexpr std::string_view kNoLadder =
    "Vagtplanen har ingen stige for denne hastegrad her. Vælg en anden hastegrad, eller ring.";
inline constexpr std::string_view kOnlyUnitsAsk =
    "Kun en enheds telefon kan spørge. Brug enhedens telefon, eller ring.";
inline constexpr std::string_view kReadBackOpen =
    "Kan ikke afsluttes endnu: rådet er ikke læst tilbage og fundet korrekt. Kør: nattevagt readback";
inline constexpr std::string_view kTakeFirst = "Tag kaldet først: nattevagt take";
inline constexpr std::string_view kHandOverToPerson = "Giv kaldet videre til en person, ikke en rolle eller enhed.";
inline constexpr std::string_view kRing112Too = "Ring 112 samtidig.";
inline constexpr std::string_view kWaitingForVerdict = "Vent på \"Tilbagelæst korrekt\", før du gør det.";
inline constexpr std::string_view kReadAgain = "Læs rådet igen, og læs det tilbage en gang til.";
inline constexpr std::string_view kNobodyToInvite =
    "Der er ingen ny enhed at tage med: de er der allerede, eller har ingen tilmeldt enhed. Ring til dem.";
inline constexpr std::string_view kOutboxWaits = "Der venter beskeder på at blive sendt.";
inline constexpr std::string_view kAllSent = "Alt er sendt.";

// ---- Duty by one's own hand
inline constexpr std::string_view kUnknownColleague = "en kollega";
inline constexpr std::string_view kNobodyOnDuty = "!! INGEN VAGT !!";
inline constexpr std::string_view kDutyAsked = "Spurgt. Byttet gælder først, når den anden har sagt ja.";
inline constexpr std::string_view kDutyAccepted = "Byttet gælder nu.";
inline constexpr std::string_view kDutyTakenOver = "Du har vagten nu.";
inline constexpr std::string_view kRaisedUnder = "Kaldt efter vagtliste version ";
inline constexpr std::string_view kRaisedUnderRota = ", vagtplan version ";
inline constexpr std::string_view kDutyVoid = "(taget tilbage af organisationen, eller gælder ikke)";
inline constexpr std::string_view kDutyNotListed =
    "Det må du ikke ifølge listen over, hvem der må have rollen. Spørg vagtplanlæggeren.";
inline constexpr std::string_view kDutyNoRota =
    "Rollen står ikke i en vagtplan, som hubben har fra din organisation.";
inline constexpr std::string_view kDutyBadTimes = "Tidsrummet kan ikke bruges. Det skal slutte, efter at det begynder, "
                                                  "og højst vare syv dage.";
inline constexpr std::string_view kDutyTooMany = "Der venter for mange bytter. Vent, til nogle er besvaret.";
inline constexpr std::string_view kDutyUnheard =
    "Hubben svarede ikke. Regn med, at vagten er, som den var: se efter med 'nattevagt rota now'.";
inline constexpr std::string_view kDutyTakenAlready = "Det bytte er allerede besvaret.";
inline constexpr std::string_view kDutyNotRunning =
    "Vagten kan ikke overtages: den er ikke planlagt nu, du har den allerede, eller tidsrummet er længere end "
    "vagten.";
inline constexpr std::string_view kDutyNotYours =
    "Der kan ikke byttes: den, der giver vagten fra sig, har den ikke i hele tidsrummet, eller den anden har "
    "den allerede.";
inline constexpr std::string_view kDutyUnknownTaker =
    "Denne enhed kender ingen person med det navn. Udelad --takes: så kan enhver, der må have rollen, sige ja.";
inline constexpr std::string_view kDutyNothingWaits = "Der er intet bytte, som venter på dit ja.";

// ---- Who can really be reached
inline constexpr std::string_view kCheckInAsked = "MELD DIG PÅ VAGT:";
inline constexpr std::string_view kCheckInDone = "Du er meldt på vagt.";
inline constexpr std::string_view kCheckInNotAsked =
    "Der spørges ikke efter, at du melder dig på vagt: vagten er ikke begyndt, eller du har gjort det.";
inline constexpr std::string_view kCheckInCannotOpen =
    "Denne enhed mangler nøglen til at åbne et nyt kald. Brug en anden enhed, og sig det til vagtplanlæggeren.";
inline constexpr std::string_view kCheckInUnheard =
    "Hubben svarede ikke. Du er IKKE meldt på vagt: prøv igen, når der er forbindelse.";
inline constexpr std::string_view kCheckedIn = "meldt på vagt";
inline constexpr std::string_view kMayNotAnswer = "SVARER MÅSKE IKKE";
inline constexpr std::string_view kRoleSilent = "enheden er tavs";
inline constexpr std::string_view kRoleNotCheckedIn = "har ikke meldt sig på vagt";
inline constexpr std::string_view kAnswersAgain = " svarer igen.";
inline constexpr std::string_view kCanBeReached = " kan træffes.";

inline constexpr std::string_view kRoundDue = "Tid til tilsyn. Det skulle være ";
inline constexpr std::string_view kGapAct = "Sig det til vagtplanlæggeren, eller tag vagten: nattevagt rota take-over.";
inline constexpr std::string_view kGapUnseen = "(Kun hubben siger det: denne enheds vagtplan er en anden.)";
constexpr std::string_view gap_text(std::uint8_t nearness) noexcept {
  switch (nearness) {
    case 1: return "VAGTHUL inden for to uger:";
    case 2: return "VAGTHUL inden for en uge:";
    case 3: return "VAGTHUL inden for et døgn:";
    case 4: return "VAGTHUL inden for to timer:";
    case 5: return "VAGTHUL om et kvarter:";
    default: return "VAGTHUL nu:";
  }
}

// ---- The organisation's side
inline constexpr std::string_view kOrgMade =
    "Organisationen er oprettet. Adgangssætningen kan ikke gendannes: gem den to steder.";
inline constexpr std::string_view kOrgNext =
    "Giv nu kortet til hubbens drift (nattevagt org card > kort.txt).";
inline constexpr std::string_view kHubPins =
    "Hubbens nøgler mangler eller kan ikke læses. Bed hubbens drift om filen fra 'nattevagt-broker pins', og "
    "brug "
    "--hub FIL.";
inline constexpr std::string_view kHubEverywhere =
    "Filen siger, at hubben lytter overalt, men ikke hvor den er. Tilføj --endpoint tcp://VÆRT:PORT.";
inline constexpr std::string_view kOrgBadInput =
    "Navnet, adressen eller adgangssætningen kan ikke bruges. Adgangssætningen skal have mindst 8 tegn.";
inline constexpr std::string_view kNoFile = "Filen kan ikke læses. Se efter, om stien er rigtig.";
inline constexpr std::string_view kGrantBadInput =
    "Navnet eller varigheden kan ikke bruges. Et link gælder højst 14 dage, en enheds adgang højst fem år.";
inline constexpr std::string_view kNoSuchUnit = "Den enhed kendes ikke. Udgiv den først i vagtplanen.";
inline constexpr std::string_view kTrusted = "Stoler nu på ";
inline constexpr std::string_view kTrustConfidential =
    "Fortroligt: hvem der har denne linje, kan læse organisationens navne. Giv den kun til den anden "
    "organisation.";
inline constexpr std::string_view kRosterGood = "Vagtplanen er uden fejl.";
inline constexpr std::string_view kRosterBad = "Vagtplanen er ikke udgivet. Ret fejlene, og prøv igen.";
inline constexpr std::string_view kRosterPublished = "Vagtplanen er udgivet som version ";
inline constexpr std::string_view kGrantFor = "Tilladelse til ";
inline constexpr std::string_view kGrantOnce = "Gælder én enhed, én gang, til ";
inline constexpr std::string_view kGrantSecret =
    "Linket er hemmeligt. Vis koden på skærmen, eller giv linket ad en sikker vej.";
inline constexpr std::string_view kGrantHow = "På enheden: nattevagt enrol 'LINK'";
inline constexpr std::string_view kQrTooNarrow = "(Skærmen er for smal til en kode. Brug linket.)";
inline constexpr std::string_view kRevokedNow = "Spærret: ";
inline constexpr std::string_view kRevokeWhich =
    "Skriv --device (begyndelsen af enhedens id) eller --person NAVN.";

constexpr std::string_view severity_text(wire::Severity severity) noexcept {
  switch (severity) {
    case wire::Severity::kAlarm: return "Alarm – fare nu";
    case wire::Severity::kRed: return "Rød – haster";
    case wire::Severity::kYellow: return "Gul – i denne vagt";
    case wire::Severity::kGreen: return "Grøn – næste hverdag";
  }
  return "";
}

constexpr std::string_view situation_text(wire::Situation situation) noexcept {
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

constexpr std::string_view delivery_text(Delivery delivery) noexcept {
  switch (delivery) {
    case Delivery::kQueued: return "Venter på net";
    case Delivery::kStored: return "Sendt";
    case Delivery::kOnDevice: return "Nået frem";
    case Delivery::kSeen: return "Set";
    case Delivery::kFailed: return "IKKE SENDT";
  }
  return "";
}

constexpr std::string_view state_text(wire::AlertState state) noexcept {
  switch (state) {
    case wire::AlertState::kEscalating: return "Venter på, at nogen tager den";
    case wire::AlertState::kTaken: return "Overtaget";
    case wire::AlertState::kAdvised: return "Råd givet";
    case wire::AlertState::kExhausted: return "Ingen har overtaget";
    case wire::AlertState::kWithdrawn: return "Trukket tilbage";
    case wire::AlertState::kClosed: return "Afsluttet";
  }
  return "";
}

constexpr std::string_view notice_text(wire::NoticeKind notice) noexcept {
  switch (notice) {
    case wire::NoticeKind::kNone: return "";
    case wire::NoticeKind::kFirst: return "Nyt kald";
    case wire::NoticeKind::kRepeat: return "Kaldet gentages";
    case wire::NoticeKind::kResumed: return "Kaldet ringer igen";
    case wire::NoticeKind::kLoud: return "Ingen har overtaget";
  }
  return "";
}

constexpr std::string_view ring_text(RingReason reason) noexcept {
  switch (reason) {
    case RingReason::kNotSent: return "IKKE SENDT ENDNU – ring nu. Vent ikke på hubben:";
    case RingReason::kNobodyTook: return "Ingen har overtaget. Brug reserveplanen nu:";
    case RingReason::kNoAdvice: return "Overtaget, men der er intet råd i tide – ring nu:";
  }
  return "";
}

std::string_view error_text(Errc code) noexcept;  // texts_da.cpp
// "linje 12: ..." with what to do.
std::string roster_problem_text(const RosterProblem& problem);

}  // namespace nattevagt::client::text
