#include "client-lib/export/journal_export.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "client-lib/export/local_time.h"

namespace nattevagt::client {
namespace {

using namespace std::chrono;

UtcTime utc(int y, unsigned m, unsigned d, int hour, int minute) {
  return UtcTime(sys_days(year(y) / month(m) / day(d)) + hours(hour) + minutes(minute));
}

TEST(LocalTime, IsReadAsStaffReadIt) {
  EXPECT_EQ(format_local(utc(2026, 11, 25, 1, 40)), "kl. 02.40");
  EXPECT_EQ(format_local_date(utc(2026, 11, 24, 23, 30)), "25. november 2026");
  EXPECT_EQ(format_local_iso(utc(2026, 11, 25, 1, 40)), "2026-11-25T02:40:00+01:00");
  EXPECT_EQ(format_utc_iso(utc(2026, 11, 25, 1, 40)), "2026-11-25T01:40:00Z");
}

TEST(LocalTime, TellsTheTwoHoursOfTheAutumnNightApart) {
  EXPECT_EQ(format_local(utc(2026, 10, 25, 0, 48)), "kl. 02.48 (sommertid)");
  EXPECT_EQ(format_local(utc(2026, 10, 25, 1, 48)), "kl. 02.48 (normaltid)");
  EXPECT_EQ(format_local_iso(utc(2026, 10, 25, 0, 48)), "2026-10-25T02:48:00+02:00");
  EXPECT_EQ(format_local_iso(utc(2026, 10, 25, 1, 48)), "2026-10-25T02:48:00+01:00");
  EXPECT_EQ(format_local(utc(2026, 10, 25, 0, 0)), "kl. 02.00 (sommertid)");
  EXPECT_EQ(format_local(utc(2026, 10, 25, 1, 59)), "kl. 02.59 (normaltid)");
  EXPECT_EQ(format_local(utc(2026, 10, 24, 23, 59)), "kl. 01.59");
  EXPECT_EQ(format_local(utc(2026, 10, 25, 2, 0)), "kl. 03.00");
  EXPECT_TRUE(in_repeated_hour(utc(2027, 10, 31, 0, 30)));
  EXPECT_EQ(format_local(utc(2027, 10, 31, 0, 10)), "kl. 02.10 (sommertid)");
  EXPECT_EQ(format_local(utc(2027, 10, 31, 1, 10)), "kl. 02.10 (normaltid)");
  EXPECT_EQ(format_local(utc(2027, 10, 31, 2, 10)), "kl. 03.10");
}

TEST(LocalTime, SkipsTheHourOfTheSpringNight) {
  EXPECT_EQ(format_local(utc(2027, 3, 28, 0, 59)), "kl. 01.59");
  EXPECT_EQ(format_local(utc(2027, 3, 28, 1, 0)), "kl. 03.00");
}

Message say(std::uint64_t seq, UtcTime at, std::string name, wire::Body body) {
  Message out;
  out.id.bytes[0] = static_cast<std::uint8_t>(seq);
  out.seq = seq;
  out.stored_at = at;
  out.author.name = std::move(name);
  out.author.kind = wire::HolderKind::kPerson;
  out.content.written_at = at;
  out.content.body = std::move(body);
  return out;
}

TEST(JournalExport, TellsTheSecondTwoFortyEightFromTheFirst) {
  ExportInput input;
  input.messages.push_back(say(1, utc(2026, 10, 25, 0, 48), "Amalie", wire::Text{"første"}));
  input.messages.push_back(say(2, utc(2026, 10, 25, 1, 48), "Rune", wire::Text{"anden"}));
  const auto made = export_journal(input);
  ASSERT_TRUE(made);
  const auto first =
      made->text.find("kl. 02.48.00 (sommertid) [2026-10-25T02:48:00+02:00, 2026-10-25T00:48:00Z]");
  const auto second =
      made->text.find("kl. 02.48.00 (normaltid) [2026-10-25T02:48:00+01:00, 2026-10-25T01:48:00Z]");
  EXPECT_NE(first, std::string::npos);
  EXPECT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_NE(made->json.find("\"sha256OfText\": \"" + to_hex(made->hash) + "\""), std::string::npos);
}

TEST(JournalExport, ItsJsonTellsWhichRoleWasAskedFromWhereAndWhatIsNotProven) {
  ExportInput input;
  input.messages.push_back(say(1, utc(2026, 10, 25, 0, 48), "Amalie", wire::Text{"hvad nu?"}));
  Alert& alert = input.alert.emplace();
  alert.role_label = "Vagthavende psykiater";
  alert.unit_label = "Strandløkken, Hus A";
  alert.warnings = {"Hubben siger, at kaldet er taget, men ingen har underskrevet det."};
  const auto made = export_journal(input);
  ASSERT_TRUE(made);
  const auto json = nlohmann::json::parse(made->json);
  EXPECT_EQ(json["alert"]["roleAsked"], alert.role_label);
  EXPECT_EQ(json["alert"]["unit"], alert.unit_label);
  EXPECT_EQ(json["alert"]["warnings"], nlohmann::json(alert.warnings));
  EXPECT_EQ(json["messages"].size(), 1U);
}

TEST(JournalExport, LeavesOutWhatTheHubHasNotStored) {
  ExportInput input;
  input.messages.push_back(say(0, utc(2026, 10, 25, 0, 48), "Amalie", wire::Text{"kun i køen"}));
  EXPECT_EQ(export_journal(input).error().code, Errc::kWrongState);
  input.messages.push_back(say(1, utc(2026, 10, 25, 0, 49), "Amalie", wire::Text{"gemt"}));
  input.messages.push_back(say(2, utc(2026, 10, 25, 0, 50), "Rune", wire::Take{}));
  input.messages.back().delivery = Delivery::kFailed;
  const auto made = export_journal(input);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->text.find("kun i køen"), std::string::npos);
  EXPECT_EQ(made->text.find("Jeg tager den"), std::string::npos);
  EXPECT_NE(made->text.find("gemt"), std::string::npos);
}

}  // namespace
}  // namespace nattevagt::client
