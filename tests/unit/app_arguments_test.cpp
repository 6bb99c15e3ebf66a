#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "client-lib/app/arguments.h"
#include "client-lib/app/id_prefix.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

Arguments good(const std::vector<std::string>& words) {
  const Parsed parsed = parse_arguments(words);
  EXPECT_TRUE(parsed.arguments) << parsed.print;
  return parsed.arguments.value_or(Arguments{});
}

TEST(Arguments, ReadAQuestion) {
  const auto a =
      good({"ask", "--severity", "rød", "--situation", "psykose", "--alone", "--citizen", "Kaje", "--cpr",
            "210300-9996", "-s", "uro", "--a", "puls 92", "--as", "Amalie", "--profession", "SSA"});
  EXPECT_EQ(a.verb, Verb::kAsk);
  EXPECT_EQ(a.severity, wire::Severity::kRed);
  EXPECT_EQ(a.situation, wire::Situation::kPsychosis);
  EXPECT_TRUE(a.alone);
  EXPECT_EQ(a.citizen.cpr, "210300-9996");
  EXPECT_EQ(a.isbar.situation, "uro");
  EXPECT_EQ(a.isbar.analysis, "puls 92");
  EXPECT_EQ(a.author, "Amalie");
  EXPECT_EQ(a.patience, std::chrono::seconds(10));
}

TEST(Arguments, EveryVerbIsReached) {
  const std::vector<std::pair<Verb, std::vector<std::string>>> all = {
      {Verb::kOrgInit, {"org", "init", "--name", "x"}},
      {Verb::kOrgShow, {"org", "show"}},
      {Verb::kOrgCard, {"org", "card"}},
      {Verb::kOrgTrust, {"org", "trust"}},
      {Verb::kRosterCheck, {"org", "roster", "check", "f"}},
      {Verb::kRotaPublish, {"rota", "publish", "f"}},
      {Verb::kRotaNow, {"rota", "now"}},
      {Verb::kRotaCheck, {"rota", "check", "f", "--from", "2026-10-19", "--weeks", "2"}},
      {Verb::kRotaSwap,
       {"rota", "swap", "f", "--role", "r", "--from", "x", "--until", "y", "--gives", "a", "--takes", "b"}},
      {Verb::kRotaAccept, {"rota", "accept", "f", "--takes", "b"}},
      {Verb::kRotaTakeOver, {"rota", "take-over", "f", "--role", "r", "--person", "p"}},
      {Verb::kRosterPublish, {"org", "roster", "publish", "f"}},
      {Verb::kGrant, {"grant", "--person", "x"}},
      {Verb::kDevices, {"devices"}},
      {Verb::kRevoke, {"revoke", "--device", "abcd"}},
      {Verb::kLift, {"lift", "--device", "abcd"}},
      {Verb::kAuditHead, {"audit", "head"}},
      {Verb::kAuditVerify, {"audit", "verify", "f"}},
      {Verb::kEnrol, {"enrol", "nattevagt:x"}},
      {Verb::kServe, {"serve"}},
      {Verb::kWatch, {"watch"}},
      {Verb::kAuthor, {"author", "x"}},
      {Verb::kAsk, {"ask", "--severity", "gul"}},
      {Verb::kTake, {"take"}},
      {Verb::kDecline, {"decline"}},
      {Verb::kHandOver, {"hand-over", "--to", "x"}},
      {Verb::kSay, {"say", "x"}},
      {Verb::kMedicine, {"medicine", "x"}},
      {Verb::kAdvise, {"advise", "x"}},
      {Verb::kReadBack, {"readback", "x"}},
      {Verb::kVerdict, {"verdict", "korrekt"}},
      {Verb::kDone, {"done"}},
      {Verb::kReserve, {"reserve", "Ringet 112"}},
      {Verb::kClose, {"close"}},
      {Verb::kWithdraw, {"withdraw"}},
      {Verb::kInvite, {"invite", "x"}},
      {Verb::kAlerts, {"alerts"}},
      {Verb::kHistory, {"history"}},
      {Verb::kSearch, {"search", "x"}},
      {Verb::kExport, {"export"}},
      {Verb::kStatus, {"status"}},
      {Verb::kDutySwap, {"rota", "swap", "--role", "r", "--from", "x", "--until", "y"}},
      {Verb::kDutyAccept, {"rota", "accept"}},
      {Verb::kDutyTakeOver, {"rota", "take-over", "--role", "r"}},
      {Verb::kDutyNow, {"rota", "now"}},
      {Verb::kDutyCheckIn, {"rota", "check-in"}},
      {Verb::kSuspend, {"suspend", "--device", "abcd", "--undo"}}
  };
  EXPECT_EQ(all.size(), static_cast<std::size_t>(Verb::kSuspend) + 1);
  for (const auto& [verb, words] : all) {
    // The rota's commands work on a file, or on a device without one.
    const Arguments a = good(words);
    EXPECT_EQ(verb >= Verb::kDutySwap ? as_device_verb(a) : a.verb, verb) << words.front();
    auto asking = words;
    asking.insert(asking.begin() + (words.front() != "org" ? 1 : words[1] != "roster" ? 2 : 3), "--help");
    const Parsed help = parse_arguments(asking);
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_NE(help.print.find("Eksempel:\n  nattevagt " + words.front()), std::string::npos) << help.print;
    EXPECT_NE(help.print.find("--json"), std::string::npos) << words.front();
  }
}

TEST(Arguments, MedicineIsWholeAndAlwaysReadBack) {
  const auto a =
      good({"advise", "Giv", "--drug", "oxazepam", "--dose", "15 mg", "--when", "nu", "--max", "1"});
  ASSERT_TRUE(a.medicine);
  EXPECT_TRUE(a.read_back_required);
  const Parsed partial = parse_arguments({"advise", "Giv", "--drug", "oxazepam", "--dose", "15 mg"});
  EXPECT_FALSE(partial.arguments);
  EXPECT_EQ(partial.exit_code, 2);
  EXPECT_NE(partial.print.find("--when"), std::string::npos);
  EXPECT_FALSE(good({"advise", "Vent"}).read_back_required);
  EXPECT_TRUE(good({"advise", "Vent", "--read-back"}).read_back_required);
}

TEST(Arguments, WhatIsNotUnderstoodIsToldInDanishWithTheHelpToRead) {
  struct Bad {
    std::vector<std::string> words;
    std::string_view said, help;
  };
  const Bad bad[] = {
      {{}, "en kommando", "nattevagt --help"},
      {{"org"}, "en kommando", "nattevagt org --help"},
      {{"take", "--bogus"}, "--bogus", "nattevagt take --help"},
      {{"say", "to", "ord"}, "anførselstegn", "nattevagt say --help"},
      {{"ask"}, "Der mangler noget: --severity", "nattevagt ask --help"},
      {{"ask", "--severity", "lilla"}, "alarm, rød, gul eller grøn", "nattevagt ask --help"},
      {{"ask", "--severity", "gul", "--situation", "zzz"}, "psykose", "nattevagt ask --help"},
      {{"verdict", "måske"}, "korrekt eller forkert", "nattevagt verdict --help"},
      {{"grant"}, "netop én af: --person,--unit,--recorder", "nattevagt grant --help"},
      {{"grant", "--person", "x", "--unit", "y"}, "netop én af: --person,--unit", "nattevagt grant --help"},
      {{"bogus"}, "findes ikke: bogus", "nattevagt --help"},
      {{"org", "bogus"}, "findes ikke: bogus", "nattevagt org --help"},
      {{"ask", "--severity"}, "mangler en værdi til: --severity", "nattevagt ask --help"},
      {{"ask", "--severity", "gul", "--severity", "rød"}, "kun én gang: --severity", "nattevagt ask --help"},
      {{"ask", "--severity", "gul", "--alone=x"}, "kan ikke bruges: --alone", "nattevagt ask --help"},
      {{"grant", "--person", "x", "--valid", "soon"}, "24h", "nattevagt grant --help"},
      {{"ask", "--severity", "gul", "--patience", "10"}, "10s", "nattevagt ask --help"},
  };
  for (const Bad& one : bad) {
    const Parsed parsed = parse_arguments(one.words);
    EXPECT_FALSE(parsed.arguments);
    EXPECT_EQ(parsed.exit_code, 2);
    EXPECT_NE(parsed.print.find(one.said), std::string::npos) << parsed.print;
    EXPECT_NE(parsed.print.find(one.help), std::string::npos) << parsed.print;
    for (const char* english :
         {"expected", "required", "argument", "value", "convert", "option", "received"}) {
      EXPECT_EQ(parsed.print.find(english), std::string::npos) << parsed.print;
    }
  }
}

// Help is written by the parser's library: none of its own English may be left in it.
TEST(Arguments, HelpIsDanishThroughout) {
  const Parsed help = parse_arguments({"ask", "--help"});
  for (const char* english :
       {"Usage", "Options", "OPTIONS", "Positionals", "REQUIRED", "TEXT", "Needs", "help message"}) {
    EXPECT_EQ(help.print.find(english), std::string::npos) << help.print;
  }
  EXPECT_EQ(parse_arguments({"--help"}).print.find("SUBCOMMAND"), std::string::npos);
}

TEST(Arguments, SituationsAreUnderstoodInThreeWays) {
  EXPECT_EQ(parse_situation("vold"), wire::Situation::kViolence);
  EXPECT_EQ(parse_situation("violence"), wire::Situation::kViolence);
  EXPECT_EQ(parse_situation("Vold eller trusler"), wire::Situation::kViolence);
  EXPECT_FALSE(parse_situation(""));
}

TEST(IdPrefix, FindsTheOneThatFits) {
  const std::vector<std::string> ids = {"abcd1111", "abcd2222", "ef001234"};
  EXPECT_EQ(choose_id("ef00", ids).index, 2U);
  EXPECT_EQ(choose_id("EF00", ids).index, 2U);
  EXPECT_EQ(choose_id("abcd2", ids).index, 1U);
  EXPECT_EQ(choose_id("latest", ids).index, 0U);
  EXPECT_EQ(choose_id("latest", ids).choice, Choice::kFound);
  EXPECT_EQ(choose_id("", {"abcd1111"}).choice, Choice::kFound);
}

TEST(IdPrefix, SaysWhyThereIsNone) {
  const std::vector<std::string> ids = {"abcd1111", "abcd2222"};
  EXPECT_EQ(choose_id("abc", ids).choice, Choice::kTooShort);
  EXPECT_EQ(choose_id("ffff", ids).choice, Choice::kNoSuch);
  EXPECT_EQ(choose_id("", ids).choice, Choice::kSeveral);
  EXPECT_EQ(choose_id("", ids).fitting.size(), 2U);
  EXPECT_EQ(choose_id("abcd", ids).choice, Choice::kSeveral);
  EXPECT_EQ(choose_id("", {}).choice, Choice::kNone);
  EXPECT_EQ(choose_id("latest", {}).choice, Choice::kNone);
}

TEST(Texts, EveryErrorSaysWhatToDo) {
  std::set<std::string_view> seen;
  const std::string_view unknown = text::error_text(static_cast<Errc>(9999));
  int codes = 0;
  for (std::uint16_t number = 1; number < 1000; ++number) {
    const auto code = static_cast<Errc>(number);
    if (errc_name(code) == "unknown") continue;
    ++codes;
    const std::string_view said = text::error_text(code);
    EXPECT_NE(said, unknown) << errc_name(code);
    EXPECT_TRUE(seen.insert(said).second) << "two codes with one text: " << said;
    // What happened, and what to do: two sentences at least.
    EXPECT_GE(std::count(said.begin(), said.end(), '.') + std::count(said.begin(), said.end(), ':'), 2)
        << said;
  }
  EXPECT_GE(codes, 30);
}

TEST(Texts, EveryRosterFaultHasItsLineAndAText) {
  std::set<std::string> seen;
  for (int fault = 0; fault <= static_cast<int>(RosterFault::kNoRecorder); ++fault) {
    const auto kind = static_cast<RosterFault>(fault);
    const std::string said = text::roster_problem_text({kind, 17, "navnet", "andet"});
    EXPECT_NE(said.find("linje 17"), std::string::npos);
    EXPECT_GT(said.size(), 30U) << said;
    EXPECT_EQ(said.starts_with("Bemærk"), is_warning(kind));
    EXPECT_TRUE(seen.insert(said).second) << said;
  }
}

}  // namespace
}  // namespace nattevagt::client::cli
