#include "client-lib/app/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <array>
#include <memory>

#include "client-lib/admin/roster_draft.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

struct SituationWords {
  wire::Situation situation;
  std::string_view english, danish;
};
constexpr std::array kSituations{
    SituationWords{wire::Situation::kSuicidal, "suicidal", "selvmord"},
    SituationWords{wire::Situation::kViolence, "violence", "vold"},
    SituationWords{wire::Situation::kPsychosis, "psychosis", "psykose"},
    SituationWords{wire::Situation::kMedRefused, "medRefused", "nægtet"},
    SituationWords{wire::Situation::kPrn, "prn", "pn"},
    SituationWords{wire::Situation::kIntox, "intox", "påvirket"},
    SituationWords{wire::Situation::kMissing, "missing", "væk"},
    SituationWords{wire::Situation::kSomatic, "somatic", "fysisk"},
    SituationWords{wire::Situation::kSideEffect, "sideEffect", "bivirkning"},
    SituationWords{wire::Situation::kReadmission, "readmission", "genindlæggelse"},
    SituationWords{wire::Situation::kRelative, "relative", "pårørende"},
    SituationWords{wire::Situation::kOther, "other", "andet"},
};

// One parser, built for one command line. Options write straight into `out`.
class CommandLine {
 public:
  CommandLine() {
    app_.name("nattevagt");
    app_.require_subcommand(1);
    app_.option_defaults()->group("Valg");  // subcommands take it over
    app_.set_help_flag("-h,--help", "Vis denne hjælp");
    app_.set_version_flag("--version", "nattevagt 0.1.0", "Vis udgaven");
    auto formatter = std::make_shared<CLI::Formatter>();
    formatter->label("Usage", "Brug");
    formatter->label("OPTIONS", "VALG");
    formatter->label("SUBCOMMAND", "KOMMANDO");
    formatter->label("Positionals", "Angives");
    formatter->label("REQUIRED", "(skal angives)");
    formatter->label("TEXT", "TEKST");
    formatter->column_width(26);
    app_.formatter(formatter);
    app_.footer(
        "Hver kommando har --help med et eksempel. En tekst, der skrives som -, læses fra tastaturet.");
    organisation_commands();
    rota_commands();
    audit_commands();
    device_commands();
    incident_commands();
    looking_commands();
    danish_help(app_);
  }

  Parsed parse(const std::vector<std::string>& words) {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    try {
      app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      std::string help = deepest()->help(path_of(deepest()->get_parent()));
      if (!help.ends_with('\n')) help += '\n';
      return {std::nullopt, std::move(help), 0};
    } catch (const CLI::CallForAllHelp&) {
      return {std::nullopt, app_.help("", CLI::AppFormatMode::All), 0};
    } catch (const CLI::CallForVersion& version) {
      return {std::nullopt, std::string(version.what()) + "\n", 0};
    } catch (const CLI::ParseError& error) {
      return {std::nullopt, complaint(error), 2};
    }
    if (!finish()) return {std::nullopt, fault_ + "\n" + see_help(), 2};
    return {std::move(out_), {}, 0};
  }

 private:
  const CLI::App* deepest() const {
    const CLI::App* at = &app_;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    return at;
  }
  static std::string path_of(const CLI::App* app) {  // of none: empty
    std::string path;
    for (const CLI::App* at = app; at != nullptr; at = at->get_parent()) {
      if (!path.empty()) path.insert(0, " ");
      path.insert(0, at->get_name());
    }
    return path;
  }
  std::string see_help() const { return "Se: " + path_of(deepest()) + " --help\n"; }

  static void danish_help(CLI::App& app) {
    app.get_help_ptr()->group("Valg");
    for (CLI::App* below : app.get_subcommands({})) {
      if (below->get_help_ptr() != nullptr) danish_help(*below);
    }
  }

  // CLI11 speaks English in whole sentences; what is of use in them is the name of the thing. Told apart by
  // exit code: some kinds carry the command's name in place of their own.
  std::string complaint(const CLI::ParseError& error) const {
    const std::string what = error.what();
    const std::string name = what.substr(0, what.find_first_of(": "));
    const std::string after_colon = what.substr(std::min(what.find(": ") + 2, what.size()));
    const std::string listed = what.substr(std::min(what.find('['), what.size()));
    const std::vector<std::string> extras = deepest()->remaining();
    std::string out;
    switch (static_cast<CLI::ExitCodes>(error.get_exit_code())) {
      case CLI::ExitCodes::RequiredError:
        if (!listed.empty()) {
          out = "Angiv netop én af: " + listed.substr(1, listed.find(']') - 1);
        } else if (!what.starts_with("A subcommand")) {
          out = "Der mangler noget: " + name;
        } else {
          out =
              extras.empty() ? "Der mangler noget: en kommando" : "Kommandoen findes ikke: " + extras.front();
        }
        break;
      case CLI::ExitCodes::ExtrasError:
        out = "Det hører ikke til her (sæt tekst i anførselstegn): " + after_colon;
        break;
      case CLI::ExitCodes::ArgumentMismatch:
        out = (what.find("At Most") != std::string::npos ? "Skriv det kun én gang: "
                                                         : "Der mangler en værdi til: ") +
              name;
        break;
      case CLI::ExitCodes::ConversionError:
      case CLI::ExitCodes::ValidationError: out = "Værdien kan ikke bruges: " + after_colon; break;
      default: out = "Kommandoen blev ikke forstået"; break;
    }
    return out + "\n" + see_help();
  }

  CLI::App* command(CLI::App& parent, Verb verb, const std::string& name, const std::string& about,
                    const std::string& example) {
    CLI::App* made = parent.add_subcommand(name, about)->group("Kommandoer");
    made->footer("Eksempel:\n  nattevagt " + example);
    made->callback([this, verb] { out_.verb = verb; });
    made->add_option("--home", out_.home, "Mappe (ellers ~/.local/share/nattevagt)");
    made->add_option("--pin-file", out_.pin_file, "Fil med PIN (ellers NATTEVAGT_PIN, ellers spørges der)");
    made->add_flag("--json", out_.json, "En JSON-linje for hver ting, til programmer");
    return made;
  }
  CLI::App* incident(Verb verb, const std::string& name, const std::string& about,
                     const std::string& example) {
    CLI::App* made = command(app_, verb, name, about, example);
    made->add_flag("--offline", out_.offline, "Spørg ikke hubben først");
    made->add_option("--patience", patience_, "Så længe ventes på \"Sendt\" (10s)");
    return made;
  }
  static constexpr const char* kIdHelp =
      "Begyndelsen af id (mindst 4 tegn) eller latest; udelades, når der kun er ét";
  void id(CLI::App* made, const std::string& option) { made->add_option(option, out_.id, kIdHelp); }
  CLI::Option* text(CLI::App* made, const std::string& name, const std::string& about) {
    return made->add_option(name, out_.text, about);
  }

  void organisation_commands() {
    CLI::App* org =
        app_.add_subcommand("org", "Organisationen: nøgler, tillid, vagtplan")->group("Kommandoer");
    org->require_subcommand(1);
    CLI::App* init = command(*org, Verb::kOrgInit, "init", "Opret organisationen og dens nøgler (én gang)",
                             "org init --home SOLVANG --name \"Solvang Kommune\" --hub hub.txt");
    init->add_option("--name", out_.name, "Organisationens navn")->required();
    init->add_option("--hub", out_.hub_file, "Filen fra 'nattevagt-broker pins'");
    init->add_option("--endpoint", out_.endpoint, "Hubbens adresse, tcp://vært:port (ellers som i filen)");
    init->add_option("--hub-curve", out_.hub_curve, "Hubbens CURVE-nøgle (hex)");
    init->add_option("--hub-sign", out_.hub_sign, "Hubbens underskriftsnøgle (hex)");
    init->add_flag("--cheap-key", out_.cheap_key)->group("");
    command(*org, Verb::kOrgShow, "show", "Vis navn, id og hvem den kender", "org show --home SOLVANG");
    command(*org, Verb::kOrgCard, "card", "Kortet til hubbens drift (offentligt)",
            "org card --home SOLVANG > solvang-kort.txt");
    CLI::App* trust = command(*org, Verb::kOrgTrust, "trust",
                              "Uden fil: linjen til en anden organisation. Med fil: stol på den anden",
                              "org trust --home SOLVANG havbakken-tillid.txt");
    text(trust, "file", "Filen fra den anden organisation");
    CLI::App* roster = org->add_subcommand("roster", "Vagtplanen")->group("Kommandoer");
    roster->require_subcommand(1);
    CLI::App* check = command(*roster, Verb::kRosterCheck, "check", "Se efter fejl; intet udgives",
                              "org roster check --home SOLVANG roster-solvang.toml");
    text(check, "file", "Vagtplanen (TOML)")->required();
    check->add_flag("--offline", out_.offline, "Spørg ikke hubben om andres roller");
    CLI::App* publish = command(*roster, Verb::kRosterPublish, "publish", "Underskriv og udgiv",
                                "org roster publish --home SOLVANG roster-solvang.toml");
    text(publish, "file", "Vagtplanen (TOML)")->required();

    CLI::App* grant = command(app_, Verb::kGrant, "grant", "Giv én enhed adgang: link og kode",
                              "grant --home SOLVANG --person \"Amalie Prøve\" --profession SSA");
    CLI::Option_group* who = grant->add_option_group("hvem", "Hvem enheden er til");
    who->add_option("--person", out_.person, "En person");
    who->add_option("--unit", out_.unit, "En enheds fælles telefon");
    who->add_option("--recorder", out_.recorder, "Et arkiv");
    who->require_option(1);
    grant->add_option("--profession", out_.profession, "Personens faggruppe");
    grant->add_option("--rings-for", out_.name, "Personens egen telefon ringer også for denne enhed");
    grant->add_option("--valid", valid_, "Så længe kan linket bruges (24h)");
    grant->add_option("--certificate", certificate_, "Så længe gælder enhedens adgang (365d)");

    command(app_, Verb::kDevices, "devices", "Organisationens enheder", "devices --home SOLVANG");
    CLI::App* revoke = command(app_, Verb::kRevoke, "revoke", "Spær en mistet enhed eller en persons enheder",
                               "revoke --home SOLVANG --person \"Amalie Prøve\"");
    revoke->add_option("--device", out_.device, "Begyndelsen af enhedens id");
    revoke->add_option("--person", out_.person, "Alle personens (eller enhedens) enheder");
    CLI::App* lift = command(app_, Verb::kLift, "lift",
                             "Ophæv en kollegas spærring: telefonen er fundet og får igen, hvad den har til gode",
                             "lift --home SOLVANG --device 4f1c");
    lift->add_option("--device", out_.device, "Begyndelsen af enhedens id; se dem med devices")->required();
  }

  void audit_commands() {
    CLI::App* audit = app_.add_subcommand("audit", "Hubbens protokol: er noget ændret eller fjernet?")->group("Kommandoer");
    audit->require_subcommand(1);
    command(*audit, Verb::kAuditHead, "head", "Spørg hubben, hvor langt dens protokol er, og husk det underskrevne svar",
            "audit head --home SOLVANG");
    CLI::App* verify = command(*audit, Verb::kAuditVerify, "verify",
                               "Kontrollér en fil fra 'nattevagt-broker audit export' mod alt, hubben før har skrevet under på",
                               "audit verify --home SOLVANG protokol.txt");
    text(verify, "file", "Filen")->required();
  }

  void rota_commands() {
    CLI::App* rota = app_.add_subcommand("rota", "Vagtplanen: hvem der har hvilken rolle, og hvornår")->group("Kommandoer");
    rota->require_subcommand(1);
    const auto file_command = [&](Verb verb, const std::string& name, const std::string& about,
                                  const std::string& example) {
      CLI::App* made = command(*rota, verb, name, about, "rota " + example);
      text(made, "file", "Vagtplanen (TOML)")->required();
      return made;
    };
    CLI::App* check = file_command(Verb::kRotaCheck, "check", "Se efter fejl og huller, og tegn ugen",
                                   "check rota-havbakken.toml --from 2026-10-19 --weeks 2");
    check->add_option("--from", out_.from, "Ugen med denne dato (ellers denne uge)");
    check->add_option("--weeks", weeks_, "Så mange uger, 1-52 (1)");
    file_command(Verb::kRotaPublish, "publish", "Underskriv og udgiv; nægter ved huller",
                 "publish --home HAVBAKKEN rota-havbakken.toml")
        ->add_option("--accept-gaps", out_.accept_gaps, "Udgiv med hullerne: hvorfor? Underskrives med planen");
    CLI::App* now = command(*rota, Verb::kRotaNow, "now",
                            "Hvem svarer nu? På en enhed: som den ved det. Hos organisationen: for hver enhed",
                            "rota now --home SOLVANG");
    now->alias("status");
    text(now, "file", "Vagtplanen (TOML)");
    now->add_option("--at", out_.at, "På dette tidspunkt, 2026-10-24T23:00 (ellers nu)");
    CLI::App* in = command(*rota, Verb::kDutyCheckIn, "check-in",
                           "Jeg er på vagt: meld dig på den vagt, som hubben spørger efter", "rota check-in");
    in->add_option("--role", out_.role, "Rollen, når der spørges efter flere");
    in->add_option("--patience", patience_, "Så længe ventes på hubbens svar (10s)");
    const auto own_command = [&](Verb verb, const std::string& name, const std::string& about,
                                 const std::string& example) {
      CLI::App* made = command(*rota, verb, name, about,
                               "rota " + example + "\n(Med en fil ændres planens fil: hos organisationen.)");
      text(made, "file", "Vagtplanen (TOML); udelades på din egen enhed");
      made->add_flag("--offline", out_.offline, "Spørg ikke hubben først");
      made->add_option("--patience", patience_, "Så længe ventes på hubbens svar (10s)");
      return made;
    };
    CLI::App* swap = own_command(
        Verb::kRotaSwap, "swap", "Bed om at bytte en vagt; det gælder, når den anden har sagt ja",
        "swap --role forvagt --from 2026-10-24T23:00 --until 2026-10-25T07:00");
    swap->add_option("--role", out_.role, "Rollen")->required();
    swap->add_option("--from", out_.from, "Fra tidspunktet")->required();
    swap->add_option("--until", out_.until, "Til tidspunktet")->required();
    swap->add_option("--gives", out_.gives, "Med en fil: den, der giver vagten fra sig");
    swap->add_option("--takes", out_.takes, "Den, der bliver spurgt (ellers alle, der må have rollen)");
    CLI::App* accept =
        own_command(Verb::kRotaAccept, "accept", "Sig ja til et bytte", "accept --change 4f1c");
    accept->add_option("--change", out_.id, "Begyndelsen af byttets nummer, når der venter flere");
    accept->add_option("--takes", out_.takes, "Med en fil: den, der er blevet spurgt");
    accept->add_option("--role", out_.role, "Med en fil: rollen, når der venter flere");
    CLI::App* take_over = own_command(Verb::kRotaTakeOver, "take-over",
                                      "Overtag vagten nu, til den slutter", "take-over --role forvagt");
    take_over->add_option("--role", out_.role, "Rollen")->required();
    take_over->add_option("--person", out_.person, "Med en fil: den, der overtager");
    take_over->add_option("--until", out_.until, "Til dette tidspunkt (ellers vagtens ende)");
  }

  void device_commands() {
    CLI::App* enrol =
        command(app_, Verb::kEnrol, "enrol", "Tilmeld denne enhed med et link", "enrol 'nattevagt:...'");
    text(enrol, "link", "Linket fra 'nattevagt grant' (- læser det ind)")->required();
    enrol->add_flag("--cheap-key", out_.cheap_key)->group("");
    enrol->add_option("--patience", patience_, "Så længe ventes på hubben (30s)");
    command(app_, Verb::kServe, "serve", "Kør hele tiden: hent, vis, og tag imod de andre kommandoer",
            "serve --json");
    command(app_, Verb::kWatch, "watch", "Som serve, men for mennesker: ringer og råber op", "watch");
    CLI::App* suspend = command(app_, Verb::kSuspend, "suspend",
                                "Spær en kollegas mistede telefon nu, til organisationen har taget stilling",
                                "suspend --device 4f1c");
    suspend->add_option("--device", out_.device, "Begyndelsen af enhedens id (mindst 4 tegn)")->required();
    suspend->add_flag("--undo", out_.undo, "Det var den forkerte: ophæv din egen spærring (inden 10 minutter)");
    suspend->add_option("--patience", patience_, "Så længe ventes på hubbens svar (10s)");
    CLI::App* author = incident(Verb::kAuthor, "author", "Hvem der holder enhedens telefon fra nu af",
                                "author \"Amalie Prøve\" --profession SSA");
    author->add_option("name", out_.author, "Navn")->required();
    author->add_option("--profession", out_.profession, "Faggruppe");
  }

  void isbar(CLI::App* made) {
    made->add_option("-i,--identification", out_.isbar.identification,
                     "I: hvem er du, og hvem drejer det sig om?");
    made->add_option("-s,--situation-text,--s", out_.isbar.situation, "S: hvad sker der lige nu?");
    made->add_option("-b,--background,--b", out_.isbar.background, "B: diagnose, medicin, aftaler");
    made->add_option("-a,--analysis,--a", out_.isbar.analysis, "A: hvad tror du, det er? Målte værdier");
    made->add_option("-r,--recommendation,--r", out_.isbar.recommendation, "R: hvad beder du om?");
  }

  void incident_commands() {
    CLI::App* ask =
        incident(Verb::kAsk, "ask", "Spørg vagthavende psykiater. Venter, til der står \"Sendt\"",
                 "ask --severity rød --situation psykose --alone -s \"Har gået uroligt siden kl. 00.30\"");
    ask->add_option("--severity", severity_, "alarm, rød, gul eller grøn")->required();
    ask->add_option("--situation", situation_,
                    "psykose, selvmord, vold, pn, nægtet, påvirket, væk, fysisk ...");
    ask->add_flag("--alone", out_.alone, "Jeg er alene på vagt");
    ask->add_option("--callback", out_.callback, "Nummer at ringe tilbage på");
    ask->add_option("--citizen", out_.citizen.name, "Borgerens navn");
    ask->add_option("--cpr", out_.citizen.cpr, "Borgerens CPR-nummer");
    ask->add_option("--as", out_.author, "Hvem der holder telefonen");
    ask->add_option("--profession", out_.profession, "Dennes faggruppe");
    ask->add_flag("--drill", out_.drill, "Øvelse: samme vej, men mærket");
    isbar(ask);

    id(incident(Verb::kTake, "take", "\"Jeg tager den\"", "take"), "alert");
    CLI::App* decline = incident(Verb::kDecline, "decline", "Kan ikke tage den: den går straks videre",
                                 "decline --reason \"Jeg er i gang med en indlæggelse\"");
    id(decline, "alert");
    text(decline, "--reason", "Hvorfor");

    CLI::App* hand_over = incident(Verb::kHandOver, "hand-over",
                                   "Giv et kald, du har taget, videre. Du har det, til den anden siger ja",
                                   "hand-over --to \"Lis Eksempel\"");
    id(hand_over, "alert");
    text(hand_over, "--to", "Navnet på en, der er med i samtalen og på stigen")->required();

    CLI::App* say = incident(Verb::kSay, "say", "Skriv i samtalen, eller udfyld mere af ISBAR",
                             "say \"Tanker ja. Planer nej.\"");
    text(say, "text", "Teksten (- læser den ind)");
    id(say, "--in");
    say->add_flag("--observation", out_.observation, "En observation med tidspunkt");
    isbar(say);

    CLI::App* medicine =
        incident(Verb::kMedicine, "medicine", "Spørg om medicin i samtalen",
                 "medicine \"Må jeg give PN?\" --drug oxazepam --last-given \"15 mg kl. 18.10\"");
    wire::MedicineQuestion& question = out_.medicine_question;
    medicine->add_option("question", question.question, "Spørgsmålet (- læser det ind)")->required();
    id(medicine, "--in");
    medicine->add_option("--drug", question.drug, "Præparat");
    medicine->add_option("--dose", question.dose, "Dosis");
    medicine->add_option("--last-given", question.last_given, "Sidst givet");
    medicine->add_option("--prn", question.tried_prn, "PN, der er prøvet");
    medicine->add_option("--allergies", question.allergies, "Allergi");
    medicine->add_option("--vitals", question.vital_signs, "Målte værdier");

    CLI::App* advise =
        incident(Verb::kAdvise, "advise", "Giv råd. Medicin skal altid læses tilbage",
                 "advise \"Giv PN ...\" --drug oxazepam --dose \"15 mg\" --when nu --max \"1 til kl. 08\"");
    text(advise, "text", "Rådet (- læser det ind)")->required();
    id(advise, "--in");
    advise->add_flag("--read-back", out_.read_back_required, "Kræver tilbagelæsning");
    advise->add_option("--drug", medicine_.drug, "Præparat");
    advise->add_option("--dose", medicine_.dose, "Dosis");
    advise->add_option("--when", medicine_.when, "Hvornår");
    advise->add_option("--max", medicine_.maximum, "Højst");

    CLI::App* readback = incident(Verb::kReadBack, "readback", "Læs rådet tilbage, med dosis og tid",
                                  "readback \"Oxazepam 15 mg nu, ikke mere før kl. 08\"");
    text(readback, "text", "Det, du har forstået (- læser det ind)")->required();
    id(readback, "--advice");
    CLI::App* verdict =
        incident(Verb::kVerdict, "verdict", "Var tilbagelæsningen rigtig?", "verdict korrekt");
    verdict->add_option("answer", answer_, "korrekt eller forkert")->required();
    id(verdict, "--read-back");
    CLI::App* done = incident(Verb::kDone, "done", "Udført, eller ikke udført og hvorfor", "done");
    id(done, "--advice");
    done->add_flag("--not", out_.not_done, "Kunne ikke udføres");
    text(done, "--reason", "Hvorfor ikke");
    CLI::App* reserve =
        incident(Verb::kReserve, "reserve", "Reserveplanen er brugt", "reserve \"Ringet 112\"");
    text(reserve, "choice", "Hvad du gjorde")->required();
    id(reserve, "--in");
    id(incident(Verb::kClose, "close", "Afslut kaldet", "close"), "alert");
    CLI::App* withdraw = incident(Verb::kWithdraw, "withdraw", "Træk kaldet tilbage",
                                  "withdraw --reason \"Borgeren er faldet til ro\"");
    id(withdraw, "alert");
    text(withdraw, "--reason", "Hvorfor");
    CLI::App* invite =
        incident(Verb::kInvite, "invite", "Tag en enhed, rolle eller person med i samtalen, synligt",
                 "invite \"Strandløkken, hus A\"");
    text(invite, "name", "Navnet")->required();
    id(invite, "--in");
  }

  void looking_commands() {
    CLI::App* alerts = incident(Verb::kAlerts, "alerts", "Kaldene, de åbne først", "alerts");
    alerts->add_flag("--all", out_.mark, "Også de afsluttede");
    CLI::App* history = incident(Verb::kHistory, "history", "Samtalen; det, du ser her, meldes som set",
                                 "history --last 50");
    id(history, "alert");
    history->add_option("--last", last_, "Kun de sidste så mange (ellers hele samtalen)");
    history->add_option("--before", before_, "Kun det før dette nummer i samtalen");
    CLI::App* search =
        incident(Verb::kSearch, "search", "Søg i det, denne enhed har gemt", "search oxazepam");
    text(search, "words", "Ordene")->required();
    search->add_option("--last", last_, "Højst så mange fund (50)");
    search->add_option("--skip", skip_, "Spring så mange fund over");
    CLI::App* exported =
        incident(Verb::kExport, "export", "Teksten til journalen", "export --out journal.txt --mark");
    id(exported, "alert");
    exported->add_option("--out", out_.out_file, "Skriv i denne fil, som kun du kan læse");
    exported->add_flag("--mark", out_.mark, "Skriv i samtalen, at det er ført i journal");
    incident(Verb::kStatus, "status", "Enhed, forbindelse og åbne kald", "status");
  }

  // From a written whole number of at least 1; an empty text leaves `out` as it is.
  template <class Number>
  bool number(const std::string& written, const char* what, Number& out) {
    if (written.empty()) return true;
    const char* end = written.data() + written.size();
    const auto [rest, code] = std::from_chars(written.data(), end, out);
    if (code == std::errc() && rest == end && out > 0) return true;
    return refuse("'" + written + "' er ikke et " + what + ". Skriv et helt tal fra 1.");
  }

  bool refuse(std::string why) {
    fault_ = std::move(why);
    return false;
  }
  bool duration(const std::string& text, Millis& out) {
    if (text.empty()) return true;
    const auto parsed = parse_duration(text);
    if (!parsed) return refuse("'" + text + "' er ikke en varighed. Skriv for eksempel 10s, 24h eller 30d.");
    out = *parsed;
    return true;
  }

  // What CLI11 cannot know: that words are Danish, and which options belong together.
  bool finish() {
    if (out_.verb == Verb::kEnrol) out_.patience = std::chrono::seconds(30);
    if (!duration(patience_, out_.patience) || !duration(valid_, out_.valid_for) ||
        !duration(certificate_, out_.certificate_lifetime)) {
      return false;
    }
    if (!number(last_, "antal", out_.page.limit) || !number(before_, "nummer", out_.page.before) ||
        !number(skip_, "antal", out_.skip)) {
      return false;
    }
    if (!weeks_.empty()) {
      const auto [end, code] = std::from_chars(weeks_.data(), weeks_.data() + weeks_.size(), out_.weeks);
      if (code != std::errc() || end != weeks_.data() + weeks_.size() || out_.weeks < 1 || out_.weeks > 52) {
        return refuse("'" + weeks_ + "' er ikke et antal uger. Skriv et tal fra 1 til 52.");
      }
    }
    if (!severity_.empty()) {
      out_.severity = parse_severity(severity_);
      if (!out_.severity)
        return refuse("'" + severity_ + "' er ikke en hastegrad. Skriv alarm, rød, gul eller grøn.");
    }
    if (!situation_.empty()) {
      const auto situation = parse_situation(situation_);
      if (!situation) {
        std::string list;
        for (const auto& words : kSituations) list += (list.empty() ? "" : ", ") + std::string(words.danish);
        return refuse("'" + situation_ + "' kendes ikke. Skriv en af: " + list + ".");
      }
      out_.situation = *situation;
    }
    if (!answer_.empty()) {
      const bool yes = answer_ == "korrekt" || answer_ == "ok" || answer_ == "ja";
      const bool no = answer_ == "forkert" || answer_ == "wrong" || answer_ == "nej";
      if (!yes && !no) return refuse("Skriv korrekt eller forkert.");
      out_.correct = yes;
    }
    if (!out_.text.empty()) {
      const bool swap_lacks = out_.verb == Verb::kRotaSwap && (out_.gives.empty() || out_.takes.empty());
      const bool accept_lacks = out_.verb == Verb::kRotaAccept && out_.takes.empty();
      if (swap_lacks) return refuse("Med en fil skal der stå, hvem der bytter: --gives og --takes.");
      if (accept_lacks) return refuse("Med en fil skal der stå, hvem der siger ja: --takes.");
      if (out_.verb == Verb::kRotaTakeOver && out_.person.empty()) {
        return refuse("Med en fil skal der stå, hvem der overtager: --person.");
      }
    }
    const std::array<const std::string*, 4> medicine{&medicine_.drug, &medicine_.dose, &medicine_.when,
                                                     &medicine_.maximum};
    const auto given =
        std::count_if(medicine.begin(), medicine.end(), [](const auto* part) { return !part->empty(); });
    if (given != 0 && given != 4) return refuse(std::string(text::kMedicineIncomplete));
    if (given == 4) {
      out_.medicine = medicine_;
      out_.read_back_required = true;  // P-073
    }
    return true;
  }

  CLI::App app_{"Nattevagt: råd fra vagthavende psykiater, når det er nat"};
  Arguments out_;
  wire::Medicine medicine_;
  std::string severity_, situation_, answer_, patience_, valid_, weeks_, certificate_, fault_;
  std::string last_, before_, skip_;
};

}  // namespace

Verb as_device_verb(const Arguments& arguments) noexcept {
  if (!arguments.text.empty()) return arguments.verb;
  switch (arguments.verb) {
    case Verb::kRotaSwap: return Verb::kDutySwap;
    case Verb::kRotaAccept: return Verb::kDutyAccept;
    case Verb::kRotaTakeOver: return Verb::kDutyTakeOver;
    case Verb::kRotaNow: return Verb::kDutyNow;
    default: return arguments.verb;
  }
}
bool is_organisation_verb(Verb verb) noexcept { return verb <= Verb::kAuditVerify; }
bool works_on_rota_file(const Arguments& arguments) noexcept {
  const Verb verb = arguments.verb;
  if (verb == Verb::kRotaNow) return !arguments.text.empty();
  return verb >= Verb::kRotaCheck && verb <= Verb::kRotaTakeOver;
}
bool is_incident_verb(Verb verb) noexcept { return verb >= Verb::kAuthor; }
bool sends(Verb verb) noexcept { return verb >= Verb::kAsk && verb <= Verb::kInvite; }

Parsed parse_arguments(const std::vector<std::string>& words) { return CommandLine().parse(words); }

std::optional<wire::Situation> parse_situation(std::string_view text) {
  for (const auto& words : kSituations) {
    if (text == words.english || text == words.danish || text == text::situation_text(words.situation)) {
      return words.situation;
    }
  }
  return std::nullopt;
}

}  // namespace nattevagt::client::cli
