#include "tests/demo/stories.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>
#include <tuple>

namespace nattevagt::demo {
namespace {

constexpr const char* kSituation =
    "Har gået uroligt siden kl. 00.30, hører stemmer, som siger, hun skal gå ud på vejen. Ikke truende.";
constexpr const char* kBackground =
    "Skizofreni. Aftendosis nægtet kl. 21. PN oxazepam 15 mg givet kl. 18.10 (FMK: højst 3 pr. døgn). Ikke "
    "rusmidler.";
constexpr const char* kAnalysis = "Puls 92, BT 128/80. Jeg er bekymret for, at hun går ud.";
constexpr const char* kRequest = "Må jeg give PN, og hvornår skal hun ind?";
constexpr const char* kPlansQuestion = "Har hun planer om at skade sig selv?";
constexpr const char* kPlansAnswer = "Tanker ja. Planer nej. Kan aflede sig med te og radio.";
constexpr const char* kTwoWithHer = "Vær to hos borgeren. Få Jonas fra hus A herover.";
constexpr const char* kOnMyWay = "Kollega er på vej.";
constexpr const char* kAdvice =
    "Giv PN oxazepam 15 mg nu. Ikke mere før kl. 08. Se til hende hvert 15. minut til kl. 04. Går hun mod "
    "vejen eller "
    "får planer: ring 112, og følg aftalen om genindlæggelse pkt. 3 – jeg varsler akutmodtagelsen.";
constexpr const char* kWrongReadBack = "Oxazepam 25 mg nu, ikke mere før kl. 08.";
constexpr const char* kRightReadBack =
    "Oxazepam 15 mg nu, højst én før kl. 08. Se til hende hvert 15. minut til kl. 04. Går hun mod vejen: "
    "112.";
constexpr const char* kCalm = "Det er faldet til ro.";
constexpr const char* kPeter = "Peter råber, kaster stole, har en flaske. Jeg er i kontoret, døren låst.";
constexpr const char* kPolice = "Politi er her.";

bool is_alert(const Json& event, const char* notice) {
  return event["event"] == "alert" && event["notice"] == notice;
}
bool is_state(const Json& event, const char* state) {
  return event["event"] == "alert" && event["alert"]["state"] == state;
}
bool is_message(const Json& event, const char* kind) {
  return event["event"] == "message" && event["message"]["kind"] == kind;
}
bool taken_by(const Json& event, const char* name) {
  return event["event"] == "alert" && !event["alert"]["taken_by"].is_null() &&
         event["alert"]["taken_by"]["name"] == name;
}

}  // namespace

std::string with_seconds(std::string toml) {
  const std::pair<const char*, const char*> changes[] = {{"wait = \"5m\"", "wait = \"3s\""},
                                                         {"repeat = \"2m\"", "repeat = \"2s\""},
                                                         {"repeat = \"1m\"", "repeat = \"2s\""}};
  for (const auto& [what, with] : changes) {
    for (std::size_t at; (at = toml.find(what)) != std::string::npos;)
      toml.replace(at, std::string_view(what).size(), with);
  }
  return toml;
}

void publish_solvang(Stage& stage, bool seconds) {
  const std::string toml = testing::read_file(NATTEVAGT_EXAMPLES "/roster-solvang.toml");
  stage.publish("solvang", seconds ? with_seconds(toml) : toml);
}

// The example, whose roles a rota fills: with these as the only holders of first and second on call.
void publish_havbakken(Stage& stage, std::string_view first, std::string_view second) {
  std::string roster = testing::read_file(NATTEVAGT_EXAMPLES "/roster-havbakken.toml");
  const auto narrow = [&](std::string_view all, std::string_view to) {
    const std::size_t at = roster.find(all);
    if (at == std::string::npos) throw Failed{"the example has other holders than the demo knows"};
    roster.replace(at, all.size(), to);
  };
  narrow("\"Ida Eksempel\", \"Rune Eksempel\", \"Lis Vagt\"", first);
  narrow("\"Rune Eksempel\", \"Ida Eksempel\", \"Lis Vagt\"", second);
  stage.publish("havbakken", roster);
}

void publish_rota(Stage& stage) {
  // Either may have either role, so that they can swap.
  constexpr std::string_view kBoth = "\"Ida Eksempel\", \"Rune Eksempel\"";
  publish_havbakken(stage, kBoth, kBoth);
  // At whatever hour this is played: Ida is first on duty now, and for ten hours; then they change places.
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  const int begin = (local.tm_hour + 22) % 24, end = (begin + 12) % 24;
  std::string toml;
  for (const auto& [name, from, to] : {std::tuple("først", begin, end), std::tuple("sidst", end, begin)}) {
    toml += fmt::format(
        "[[window]]\nname = \"{}\"\ndays = \"alle\"\nfrom = \"{:02}.00\"\nto = \"{:02}.00\"\n", name, from, to);
  }
  for (const auto& [role, first, last] :
       {std::tuple("forvagt, psykiatri", "Ida Eksempel", "Rune Eksempel"),
        std::tuple("bagvagt, psykiatri", "Rune Eksempel", "Ida Eksempel")}) {
    toml += fmt::format("[[role]]\nname = \"{}\"\ncovers = [\"først\", \"sidst\"]\n", role);
    for (const auto& [window, who] : {std::pair("først", first), std::pair("sidst", last)}) {
      toml += fmt::format("[[role.duty]]\nwho = \"{}\"\nwindow = \"{}\"\nfrom = 2026-01-01\n", who, window);
    }
  }
  const std::string file = stage.folder() + "/rota.toml";
  testing::write_file(file, toml);
  stage.organisation_run("havbakken", {"rota", "publish", file});
}

Cast make_cast(Stage& stage) {
  stage.scene("Opstilling", "En hub, to organisationer, ni enheder. Hubben får kun to offentlige kort.");
  stage.make_organisation("solvang", "Solvang Kommune");
  stage.make_organisation("havbakken", "Region Havbakken");
  stage.trust_each_other("solvang", "havbakken");
  stage.start_hub();
  publish_havbakken(stage, "\"Ida Eksempel\"", "\"Rune Eksempel\"");
  publish_solvang(stage, false);
  Actor& amalie = stage.enrol("solvang", "husB", "Amalie (hus B)", 36, {"--unit", "Strandløkken, hus B"});
  Actor& jonas = stage.enrol("solvang", "husA", "Jonas (hus A)", 34, {"--unit", "Strandløkken, hus A"});
  Actor& ida = stage.enrol("havbakken", "ida", "Ida (forvagt)", 35, {"--person", "Ida Eksempel"});
  Actor& rune = stage.enrol("havbakken", "rune", "Rune (bagvagt)", 95, {"--person", "Rune Eksempel"});
  Actor& lis = stage.enrol("havbakken", "lis", "Lis (akutmod.)", 94, {"--person", "Lis Vagt"});
  Actor& vera = stage.enrol("havbakken", "vera", "Vera (vagtleder)", 96, {"--person", "Vera Vagtleder"});
  Actor& tove = stage.enrol("havbakken", "tove", "Tove (bot.team)", 93, {"--person", "Tove Eksempel"});
  Actor& one =
      stage.enrol("solvang", "arkivS", "Arkiv: Solvang", 90, {"--recorder", "Arkiv: Solvang Kommune"});
  Actor& two =
      stage.enrol("havbakken", "arkivH", "Arkiv: Havbakken", 90, {"--recorder", "Arkiv: Region Havbakken"});
  amalie.asker = amalie.loud = ida.loud = true;
  for (const auto& actor : stage.actors()) {
    if (actor.get() != &tove) actor->serve();
  }
  for (Actor* unit : {&amalie, &jonas}) {
    const bool b = unit == &amalie;
    unit->act(b ? "holder telefonen: Amalie Prøve, SSA" : "holder telefonen: Jonas Demo, pædagog",
              {"author", b ? "Amalie Prøve" : "Jonas Demo", "--profession", b ? "SSA" : "pædagog"});
  }
  return {amalie, jonas, ida, rune, lis, vera, tove, one, two, {}};
}

void advice_given(Stage& stage, Cast& c) {
  stage.scene("Kl. 02.40 – råd bliver givet", "Kaje går uroligt. Amalie er alene på hus B.");
  const std::size_t at_ida = c.ida.mark(), at_amalie = c.amalie.mark(), at_jonas = c.jonas.mark();
  const auto asked = c.amalie.act(
      fmt::format("Spørg vagthavende: Rød · Forværring, psykose eller uro · Jeg er alene på vagt\nS: {}",
                  kSituation),
      {"ask", "--severity", "rød", "--situation", "psykose", "--alone", "--citizen", "Kaje Test Hansen",
       "--cpr", "210300-9996", "-s", kSituation});
  stage.require(asked.lines.back()["delivery"] == "stored", "ask svarer først, når kaldet er gemt");
  const std::string alert = c.first_alert = asked.lines.back()["alert"];
  stage.expect(c.ida, at_ida, "Ida ringes op", [](const Json& e) { return is_alert(e, "first"); });
  stage.expect(c.ida, at_ida, "Ida kan læse spørgsmålet", [](const Json& e) { return is_message(e, "ask"); });

  c.ida.act("Jeg tager den", {"take"});
  stage.expect(c.amalie, at_amalie, "Amalie ser, hvem der har overtaget",
               [](const Json& e) { return taken_by(e, "Ida Eksempel"); });
  stage.line(c.rune.name(), 95, stage.paint(1, "▸ ") + "Jeg tager den");
  const auto second = c.rune.run({"take"});
  stage.require(!second.ok() && second.text.find("Allerede overtaget af Ida Eksempel") != std::string::npos,
                "den anden får at vide, hvem der var først (fik: " + second.text + ")");
  stage.line(c.rune.name(), 95, stage.paint(33, second.text));

  c.amalie.act(fmt::format("B: {}\nA: {}\nR: {}", kBackground, kAnalysis, kRequest),
               {"say", "-b", kBackground, "-a", kAnalysis, "-r", kRequest});
  stage.expect(c.ida, at_ida, "tilføjelsen når Ida", [](const Json& e) { return is_message(e, "isbar"); });
  c.ida.act(kPlansQuestion, {"say", kPlansQuestion});
  c.amalie.act(kPlansAnswer, {"say", kPlansAnswer});
  c.ida.act(kTwoWithHer, {"say", kTwoWithHer});

  c.amalie.act("tager Strandløkken, hus A med i samtalen", {"invite", "Strandløkken, hus A"});
  stage.expect(c.amalie, at_amalie, "det vises, at hus A er kommet med",
               [](const Json& e) { return e["event"] == "members" && !e["joined"].empty(); });
  stage.expect(c.ida, at_ida, "Ida ser det også", [](const Json& e) { return e["event"] == "members"; });
  stage.settle(Millis(150));
  c.jonas.act(kOnMyWay, {"say", kOnMyWay});
  stage.expect(c.amalie, at_amalie, "Amalie hører fra Jonas",
               [](const Json& e) { return is_message(e, "text") && e["message"]["text"] == kOnMyWay; });
  for (std::size_t i = at_jonas; i < c.jonas.events().size(); ++i) {
    stage.require(!is_message(c.jonas.events()[i], "ask"),
                  "Jonas ser ikke det, der blev sagt før han kom med");
  }

  c.ida.act(
      fmt::format("Råd, kræver tilbagelæsning: {}", kAdvice),
      {"advise", kAdvice, "--drug", "oxazepam", "--dose", "15 mg", "--when", "nu", "--max", "én til kl. 08"});
  stage.expect(c.amalie, at_amalie, "rådet når frem", [](const Json& e) { return is_message(e, "advice"); });
  stage.line(c.amalie.name(), 36, stage.paint(1, "▸ ") + "Afslut");
  const auto early = c.amalie.run({"close"});
  stage.require(!early.ok(), "kan ikke afsluttes, før rådet er læst tilbage");
  stage.line(c.amalie.name(), 36, stage.paint(33, early.text));

  c.amalie.act(fmt::format("Læser tilbage: {}", kWrongReadBack), {"readback", kWrongReadBack});
  stage.expect(c.ida, at_ida, "tilbagelæsningen når Ida",
               [](const Json& e) { return is_message(e, "read_back"); });
  const std::size_t at_wrong = c.amalie.mark();
  c.ida.act("Ikke korrekt – læs igen", {"verdict", "forkert"});
  stage.expect(c.amalie, at_wrong, "Amalie ser, at den var forkert", [](const Json& e) {
    return is_message(e, "verdict") && e["message"]["text"] == "Ikke korrekt – læs igen";
  });
  const std::size_t at_again = c.ida.mark();
  c.amalie.act(fmt::format("Læser tilbage: {}", kRightReadBack), {"readback", kRightReadBack});
  stage.expect(c.ida, at_again, "anden tilbagelæsning når Ida",
               [](const Json& e) { return is_message(e, "read_back"); });
  const std::size_t at_right = c.amalie.mark();
  c.ida.act("Tilbagelæst korrekt", {"verdict", "korrekt"});
  stage.expect(c.amalie, at_right, "Amalie ser, at den var rigtig", [](const Json& e) {
    return is_message(e, "verdict") && e["message"]["text"] == "Tilbagelæst korrekt";
  });

  c.amalie.act("Udført", {"done"});
  c.amalie.act(kCalm, {"say", "--observation", kCalm});
  stage.expect(c.ida, at_again, "Ida hører, at det er faldet til ro",
               [](const Json& e) { return is_message(e, "observation"); });
  c.ida.act("Kopiér til journal · Ført i journal", {"export", alert, "--mark"});
  stage.settle(Millis(150));
  c.amalie.act("Afslut", {"close"});
  stage.expect(c.ida, at_ida, "afsluttet hos Ida", [](const Json& e) { return is_state(e, "closed"); });
  stage.settle(Millis(200));
}

void nobody_answers(Stage& stage, Cast& c) {
  stage.scene(
      "Kl. 02.48 – ingen tager den",
      "Minutter er her sekunder. Idas telefon ringer for døve ører. Kun \"Jeg tager den\" stopper stigen.");
  publish_solvang(stage, true);
  stage.settle(Millis(300));
  c.ida.loud = false;
  c.rune.loud = true;
  // On the table, sound off: the device is there, the person is not. It rings, and nobody comes.
  const std::size_t at_amalie = c.amalie.mark(), at_ida = c.ida.mark(), at_rune = c.rune.mark(),
                    at_lis = c.lis.mark(), at_vera = c.vera.mark();
  stage.line(c.ida.name(), 35, stage.paint(2, "(telefonen ligger, hvor ingen hører den)"));
  const auto asked = c.amalie.act(
      fmt::format("Spørg vagthavende: Rød · Vold eller trusler · Jeg er alene på vagt\nS: {}", kPeter),
      {"ask", "--severity", "rød", "--situation", "vold", "--alone", "--citizen", "Peter Hansen", "--cpr",
       "0703921VJ5", "-s", kPeter});
  const std::string alert = asked.lines.back()["alert"];
  stage.expect(c.ida, at_ida, "Ida ringes op", [](const Json& e) { return is_alert(e, "first"); });
  stage.expect(c.ida, at_ida, "det gentages hos Ida", [](const Json& e) { return is_alert(e, "repeat"); });
  stage.expect(c.rune, at_rune, "trin 2: Rune", [](const Json& e) { return is_alert(e, "first"); });
  stage.expect(c.lis, at_lis, "trin 2: Lis", [](const Json& e) { return is_alert(e, "first"); });
  stage.expect(c.lis, at_lis, "Lis kan læse spørgsmålet", [](const Json& e) { return is_message(e, "ask"); });
  c.lis.act("ser på kaldet, tager det ikke", {"history", alert});
  stage.expect(c.amalie, at_amalie, "Amalie ser \"Set\"",
               [](const Json& e) { return e["event"] == "own" && e["delivery"] == "seen"; });
  stage.line(c.amalie.name(), 36, stage.paint(2, "Set – og stigen går videre"));
  stage.expect(c.vera, at_vera, "trin 3: vagtleder", [](const Json& e) { return is_alert(e, "first"); });
  stage.expect(c.amalie, at_amalie, "den høje slutning", [](const Json& e) { return is_alert(e, "loud"); });
  const std::string shown = c.amalie.plain({"status"});
  stage.require(shown.find("Ingen har overtaget. Brug reserveplanen nu.") != std::string::npos,
                "status siger det samme");
  const std::size_t plan = shown.find("Livsfare: ring 112");
  stage.require(plan != std::string::npos, "reserveplanen står under kaldet");
  stage.block(stage.paint(31, shown.substr(plan)), std::string(30, ' '));
  c.amalie.act("Ringet 112", {"reserve", "Ringet 112", "--in", alert});
  c.amalie.act(kPolice, {"say", kPolice, "--in", alert});
  c.rune.act("Jeg tager den (sent)", {"take", alert});
  const Json late = stage.expect(c.amalie, at_amalie, "det sene svar vises som sent", [](const Json& e) {
    return taken_by(e, "Rune Eksempel") && e["alert"]["late"] == true && e["alert"]["reserve_used"] == true;
  });
  c.rune.act("Råd: Bliv på kontoret, til politiet siger til. Jeg ringer om 5 min.",
             {"advise", "Bliv på kontoret, til politiet siger til. Jeg ringer om 5 min.", "--in", alert});
  stage.settle(Millis(200));
  stage.note("Kaldets forløb, som Amalies enhed så det:");
  std::string last;
  for (std::size_t i = at_amalie; i < c.amalie.events().size(); ++i) {
    const Json& e = c.amalie.events()[i];
    if (e["event"] != "alert") continue;
    const Json& a = e["alert"];
    const std::string raw = a["state"];
    const std::string word = raw == "escalating"  ? "venter"
                             : raw == "exhausted" ? "ingen har overtaget"
                             : raw == "taken"     ? "overtaget"
                             : raw == "advised"   ? "råd givet"
                                                  : raw;
    const std::string state = fmt::format(
        "trin {} af {} · {}{}{}", a["step"].get<int>() + 1, a["steps"].get<int>(), word,
        a["reserve_used"] == true ? " · reserveplan brugt" : "", a["late"] == true ? " · sent" : "");
    if (state != last) stage.block(e["at"].get<std::string>() + "  " + state, "       ");
    last = state;
  }
}

void phone_is_lost(Stage& stage, Cast& c) {
  stage.scene("En telefon bliver væk", "Hus A's telefon spærres. Den skæres af, og døren er lukket.");
  const std::size_t at_jonas = c.jonas.mark();
  stage.line("Solvang Kommune", 33,
             stage.paint(1, "▸ ") + "nattevagt revoke --person \"Strandløkken, hus A\"");
  stage.organisation_run("solvang", {"revoke", "--person", "Strandløkken, hus A"});
  // Its own word may or may not reach it before the hub hangs up; that it is cut is what counts.
  stage.expect(c.jonas, at_jonas, "den spærrede enhed er skåret af",
               [](const Json& e) { return e["event"] == "revoked" || e["event"] == "disconnected"; });
  c.jonas.stop();
  stage.line(c.jonas.name(), 34, stage.paint(1, "▸ ") + "Spørg vagthavende: Gul");
  const auto refused = c.jonas.run({"ask", "--severity", "gul", "-s", "Er der nogen?", "--patience", "3s"});
  stage.require(!refused.ok(), "den spærrede enhed kan ikke sende");
  stage.line(c.jonas.name(), 34, stage.paint(31, refused.text));

  stage.note("Og Idas brugte tilladelse, prøvet igen på en anden enhed:");
  const auto replay = stage.tool("nattevagt", {"enrol", "--cheap-key", "--home", stage.folder() + "/tyv",
                                               testing::read_file(stage.folder() + "/ida.link")});
  stage.require(replay.exit_code != 0, "en tilladelse gælder én enhed");
  stage.line("en fremmed", 31, replay.output.substr(0, replay.output.find('\n')));
}

const std::vector<std::string>& words_said() {
  static const std::vector<std::string> words = {
      "Kaje T",  "Test Hansen", "210300-9996",     "2103009996", "Peter",         "0703921VJ5",
      "Amalie",  "Jonas",       "Eksempel",        "Lis Vagt",   "Vera Vagt",     "Strandl",
      "Solvang", "Havbakken",   "oxazepam",        "Oxazepam",   "stemmer",       "Skizofreni",
      "Puls 92", "flaske",      "radio",           "vejen",      "akutmodtag",    "psykose",
      "forvagt", "overl",       "nattevagt-trust", "Ringet 112", "Politi er her", "faldet til ro"};
  return words;
}

}  // namespace nattevagt::demo
