// The audit's file from outside: whatever is done to it is found (PROTOCOL.md P-121, P-123, P-125).
#include "proto/wire/audit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/common/entropy.h"
#include "proto/wire/receipt.h"

namespace nattevagt::wire {
namespace {

struct AuditFile : ::testing::Test {
  SeededEntropy entropy{5};
  SignKey hub = SignKey::generate(entropy);
  SignPublicKey key = hub.public_key();
  std::vector<AuditLine> lines;
  std::vector<AuditPoint> points{{0, audit_chain_first()}};

  AuditFile() {
    for (std::uint64_t seq = 1; seq <= 12; ++seq) {
      AuditLine line{seq, from_unix_ms(1'790'000'000'000), "record=" + std::to_string(100 + seq), {}};
      line.chain = audit_chain_next(points.back().chain, seq, sha256(as_bytes(line.text)));
      points.push_back({seq, line.chain});
      lines.push_back(line);
    }
  }
  std::string end_of(const AuditPoint& point) {
    const std::vector<ReceiptLeaf> leaf{audit_leaf(point, from_unix_ms(1'790'000'000'000))};
    return audit_file_end(make_receipts(leaf, hub).front());
  }
  std::vector<std::string> file() {
    std::vector<std::string> out{audit_file_begin(points.front())};
    for (const AuditLine& line : lines) out.push_back(audit_file_line(line));
    out.push_back(end_of(points.back()));
    return out;
  }
  AuditReport check(const std::vector<std::string>& file, std::vector<AuditPoint> known = {}) {
    AuditFileCheck check(key, known);
    for (std::string line : file) {
      line.pop_back();
      check.take(line);
    }
    return check.finish();
  }
  static std::vector<AuditFault> faults(const AuditReport& report) {
    std::vector<AuditFault> out;
    for (const AuditFinding& finding : report.findings) out.push_back(finding.fault);
    return out;
  }
  // Makes the chain of all lines anew, as who owns the hub's disk can.
  void forge_chain() {
    points.resize(1);
    for (AuditLine& line : lines) {
      line.seq = points.size();
      line.chain = audit_chain_next(points.back().chain, line.seq, sha256(as_bytes(line.text)));
      points.push_back({line.seq, line.chain});
    }
  }
};
using Faults = std::vector<AuditFault>;

TEST_F(AuditFile, AsTheHubWroteItIsGood) {
  const AuditReport report = check(file(), {points[3], points[12]});
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.lines, 12U);
  EXPECT_EQ(report.places_checked, 2U);
  EXPECT_EQ(report.end, points[12]);
}

TEST_F(AuditFile, AnyChangedByteOfALineIsFoundAtThatLine) {
  for (std::size_t i = 1; i <= lines.size(); ++i) {
    auto changed = file();
    for (std::size_t at = changed[i].size() - 4; at + 1 < changed[i].size(); ++at) {
      const char before = changed[i][at];
      changed[i][at] = before == 'x' ? 'y' : 'x';
      const AuditReport report = check(changed);
      ASSERT_EQ(faults(report), Faults{AuditFault::kBroken});
      EXPECT_EQ(report.findings[0].seq, i);
      changed[i][at] = before;
    }
  }
}

TEST_F(AuditFile, ARemovedLineIsFoundAtItsPlaceAndARemovedLastOneAtTheEnd) {
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto cut = file();
    cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(i));
    const AuditReport report = check(cut);
    ASSERT_EQ(faults(report), Faults{AuditFault::kBroken}) << i;
    EXPECT_EQ(report.findings[0].seq, i + 1);
  }
  auto cut = file();
  cut.erase(cut.end() - 2);
  EXPECT_EQ(faults(check(cut)), Faults{AuditFault::kOtherEnd});
}

TEST_F(AuditFile, ReorderedAndInsertedLinesAreFound) {
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto swapped = file();
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_FALSE(check(swapped).findings.empty()) << i;
    auto twice = file();
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), twice[i]);
    EXPECT_EQ(faults(check(twice)), Faults{AuditFault::kBroken}) << i;
  }
}

// Who owns the hub can make a whole new chain and sign it; only what others remember tells.
TEST_F(AuditFile, ARewrittenOrShortenedHistoryIsFoundByWhoRemembersAnySignedPlace) {
  const std::vector<AuditPoint> remembered{points[4], points[11]};
  lines[6].text = "record=999";
  forge_chain();
  EXPECT_TRUE(check(file()).findings.empty());  // by itself it is without fault
  EXPECT_EQ(faults(check(file(), remembered)), Faults{AuditFault::kOtherHistory});
  lines.resize(9);
  forge_chain();
  EXPECT_EQ(faults(check(file(), remembered)), Faults{AuditFault::kTruncated});
}

TEST_F(AuditFile, NeedsTheHubsOwnSignatureUnderItsOwnEnd) {
  auto unsigned_file = file();
  unsigned_file.pop_back();
  EXPECT_EQ(faults(check(unsigned_file)), Faults{AuditFault::kNoReceipt});
  auto other_end = file();
  other_end.back() = end_of(points[7]);
  EXPECT_EQ(faults(check(other_end)), Faults{AuditFault::kOtherEnd});
  hub = SignKey::generate(entropy);
  EXPECT_EQ(faults(check(file())), Faults{AuditFault::kBadReceipt});
}

// A receipt of a conversation's entry is no word about the audit.
TEST_F(AuditFile, AnotherStreamsReceiptIsNotItsEnd) {
  ReceiptLeaf leaf = audit_leaf(points.back(), from_unix_ms(1'790'000'000'000));
  leaf.stream.bytes[15] = 0;
  auto other = file();
  const std::vector<ReceiptLeaf> leaves{leaf};
  other.back() = audit_file_end(make_receipts(leaves, hub).front());
  EXPECT_EQ(faults(check(other)), Faults{AuditFault::kBadReceipt});
}

// P-125
TEST_F(AuditFile, HiddenLinesKeepTheChainAndHideTheirWords) {
  auto hidden = file();
  for (std::size_t i = 2; i <= lines.size(); i += 3) hidden[i] = audit_file_hidden(lines[i - 1]);
  const AuditReport report = check(hidden, points);
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.hidden, 4U);
  EXPECT_EQ(hidden[2].find("record"), std::string::npos);
  hidden[5][80] = hidden[5][80] == '0' ? '1' : '0';  // in the digest
  EXPECT_EQ(faults(check(hidden)), Faults{AuditFault::kBroken});
}

// P-124: what begins later is checked from there; older places cannot be.
TEST_F(AuditFile, AFileThatBeginsLaterHoldsFromItsBegin) {
  auto later = file();
  later.erase(later.begin(), later.begin() + 6);
  later.insert(later.begin(), audit_file_begin(points[5]));
  const AuditReport report = check(later, {points[2], points[5], points[9]});
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.places_checked, 2U);
  later[0] = audit_file_begin(points[4]);
  EXPECT_EQ(faults(check(later)), Faults{AuditFault::kBroken});
}

TEST_F(AuditFile, NonsenseIsSaidToBeThatAndFindingsAreBounded) {
  EXPECT_EQ(faults(check({})), (Faults{AuditFault::kUnreadable, AuditFault::kNoReceipt}));
  auto nonsense = file();
  nonsense[4] = "\n";
  nonsense[5] = "7\n";
  nonsense[6] = "99999999999999999999 zz x\n";
  nonsense[7] = "receipt\n";
  EXPECT_FALSE(check(nonsense).findings.empty());
  std::vector<std::string> many(1'000, "x\n");
  EXPECT_EQ(check(many).findings.size(), kAuditFindingsMax);
}

}  // namespace
}  // namespace nattevagt::wire
