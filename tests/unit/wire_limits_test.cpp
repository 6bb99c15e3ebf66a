// P-090: the numbers that the protocol states are the ones that the code has.

#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "proto/common/limits.h"

namespace nattevagt {
namespace {

std::string protocol() {
  std::ifstream file(NATTEVAGT_SOURCE_DIR "/proto/PROTOCOL.md");
  std::ostringstream text;
  text << file.rdbuf();
  return std::regex_replace(text.str(), std::regex("\\s+"), " ");
}

// The number that the pattern's first group finds, its unit applied; 0 when the text is not there.
std::uint64_t stated(const std::string& text, const std::string& pattern) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex(pattern))) return 0;
  std::string digits = found[1];
  std::erase(digits, ',');
  std::uint64_t number = std::stoull(digits);
  const std::string unit = found.size() > 2 ? found[2].str() : "";
  if (unit == "KiB") number *= 1024;
  if (unit == "MiB") number *= 1024 * 1024;
  return number;
}

TEST(Limits, AreThoseOfTheProtocol) {
  const std::string text = protocol();
  const std::size_t at = text.find("**P-090**");
  ASSERT_NE(at, std::string::npos);
  const std::string rule = text.substr(at);
  const std::string kSize = " ([0-9,]+) (KiB|MiB)";
  EXPECT_EQ(stated(rule, "Frame" + kSize), limits::kFrameBytesMax);
  EXPECT_EQ(stated(rule, "entry" + kSize), limits::kEntryBytesMax);
  EXPECT_EQ(stated(rule, "welcome" + kSize), limits::kWelcomeBytesMax);
  EXPECT_EQ(stated(rule, "content" + kSize), limits::kContentBytesMax);
  EXPECT_EQ(stated(rule, "free text" + kSize), limits::kTextBytesMax);
  EXPECT_EQ(stated(rule, "group ([0-9,]+) members"), limits::kGroupMembersMax);
  EXPECT_EQ(stated(rule, "unacknowledged ([0-9,]+)"), limits::kUnackedEntriesPerDevice);
  EXPECT_EQ(stated(rule, "in flight ([0-9,]+)"), limits::kRequestsInFlightPerDevice);
  EXPECT_EQ(stated(rule, "open alerts of a unit ([0-9,]+)"), limits::kOpenAlertsPerUnitMax);
  EXPECT_EQ(stated(rule, "ladder ([0-9,]+) steps"), limits::kLadderStepsMax);
  EXPECT_EQ(stated(rule, "steps of ([0-9,]+) targets"), limits::kLadderTargetsMax);
  EXPECT_EQ(stated(rule, "key packages ([0-9,]+) a device"), limits::kKeyPackagesPerDeviceMax);
}

TEST(Limits, OtherRulesAgreeToo) {
  const std::string text = protocol();
  EXPECT_EQ(stated(text, "At most ([0-9]+) (MiB)\\."), limits::kFrameBytesMax);  // P-001
  EXPECT_EQ(stated(text, "More than ([0-9,]+) requests in flight"),
            limits::kRequestsInFlightPerDevice);                                                      // P-015
  EXPECT_EQ(stated(text, "remembers \\(([0-9,]+) last\\)"), limits::kMessageIdsRememberedPerStream);  // P-032
  EXPECT_EQ(stated(text, "at most ([0-9,]+) unacknowledged"), limits::kUnackedEntriesPerDevice);      // P-037
  EXPECT_EQ(Millis(std::chrono::hours(24 * stated(text, "or after ([0-9]+) days"))), limits::kEntryRetention);
  EXPECT_EQ(stated(text, "stream with ([0-9,]+) entries"), limits::kEntriesPerStreamMax);  // P-039
  EXPECT_EQ(Millis(std::chrono::seconds(stated(text, "connected or was within ([0-9]+) s"))),
            limits::kReachableGrace);
  EXPECT_EQ(Millis(std::chrono::seconds(stated(text, "again every ([0-9]+) s until"))),
            limits::kExhaustedRepeat);
}

TEST(Limits, FitIntoEachOther) {
  using namespace limits;
  // The largest Raise or Append: welcome, entry and members, with room for the rest.
  EXPECT_LE(kWelcomeBytesMax + kEntryBytesMax + 18 * 2 * kGroupMembersMax + 4 * kWrapBytesMax,
            kFrameBytesMax);
  EXPECT_LE(kKeyPackagesPerRequestMax * (kKeyPackageBytesMax + 32) + 18 * kGroupMembersMax, kFrameBytesMax);
  EXPECT_LE(kDocumentBytesMax + 4 * kWrapBytesMax, kFrameBytesMax);
  EXPECT_LE(18 * kRevokedDevicesMax + kWrapBytesMax, kDocumentBytesMax);
  EXPECT_LE(kDutyChangeBytesMax + 2 * (kCertificateBytesMax + kWrapBytesMax), kFrameBytesMax);
  EXPECT_LE(kGrantBytesMax + kWrapBytesMax, kCertificateBytesMax);
  EXPECT_LE(2 * kNameBytesMax + 6 + kSealBytes, kLabelBytesMax);
  EXPECT_LE(kLabelBytesMax + kEndpointBytesMax + 4 * kWrapBytesMax, kGrantBytesMax);
}

}  // namespace
}  // namespace nattevagt
