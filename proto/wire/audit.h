// The hub's audit: one line of text for each change of an alert, a device, a grant or a document, in a hash
// chain, and the file in which it travels (PROTOCOL.md section 11, P-120..P-126).
//
// A line's text holds what the hub sees anyway: times, ids, states (P-085). Its chain is over all lines
// before it, so whoever knows the chain at one place can tell whether anything before it was changed, removed
// or reordered. Who knows a later place than a file has, knows that the file was cut.
//
// File: "nattevagt-audit 1 SEQ CHAIN" (where it begins), then "SEQ CHAIN TEXT" or, of another organisation,
// "SEQ CHAIN #DIGEST" a line, then "receipt HEX": the hub's signed receipt for the last line. Pure; verify is
// safe on any text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/common/result.h"
#include "proto/wire/hub.h"

namespace nattevagt::wire {

struct AuditLine {
  std::uint64_t seq = 0;  // 1, 2, 3 ... without gaps
  UtcTime at;
  std::string text;  // printable, one line
  Digest chain{};
  friend bool operator==(const AuditLine&, const AuditLine&) = default;
};

// P-121: SHA-256("Nattevagt audit v1" 00); SHA-256(previous be64(seq) SHA-256(text)).
Digest audit_chain_first();
Digest audit_chain_next(const Digest& previous, std::uint64_t seq, const Digest& text);

// P-123: what the hub signs for where its audit stands.
ReceiptLeaf audit_leaf(const AuditPoint& point, UtcTime now);
Result<AuditPoint> audit_point_of(const Receipt& receipt,
                                  const SignPublicKey& hub);  // kBadSignature, kInvalidValue

// ---- The file
std::string audit_file_begin(const AuditPoint& before_first);
std::string audit_file_line(const AuditLine& line);
std::string audit_file_hidden(const AuditLine& line);  // its digest alone
std::string audit_file_end(const Receipt& receipt);

enum class AuditFault : std::uint8_t {
  kUnreadable,    // not a line of an audit file
  kBroken,        // the chain does not fit: something is changed, removed, inserted or reordered here
  kNoReceipt,     // the hub's signed end is missing
  kBadReceipt,    // the end's signature is not the hub's
  kOtherEnd,      // the hub signed another end than the file's
  kTruncated,     // a place that the hub has signed before lies after the file's end
  kOtherHistory,  // at such a place the file holds another chain
};
struct AuditFinding {
  AuditFault fault{};
  std::uint64_t line = 0;  // of the file, from 1; 0: of the whole
  std::uint64_t seq = 0;
};
struct AuditReport {
  AuditPoint begin, end;
  std::uint64_t lines = 0, hidden = 0;
  std::uint64_t places_checked = 0;    // of `known`; a place before the file's begin cannot be
  std::vector<AuditFinding> findings;  // at most kAuditFindingsMax
};
inline constexpr std::size_t kAuditFindingsMax = 100;

// Checks a file line by line, in memory that does not grow with it. `known`: places that this hub has signed,
// say an organisation's kept ones; they and the key outlive the object.
class AuditFileCheck {
 public:
  AuditFileCheck(const SignPublicKey& hub, std::span<const AuditPoint> known) : hub_(hub), known_(known) {}
  void take(std::string_view line);  // without its end
  AuditReport finish();              // once, after the last line

 private:
  void find(AuditFault fault, std::uint64_t seq = 0);
  void take_begin(std::string_view line);
  void take_entry(std::string_view line);
  void take_end(std::string_view line);
  void compare_with_known();

  const SignPublicKey& hub_;
  const std::span<const AuditPoint> known_;
  AuditReport report_;
  std::uint64_t number_ = 0;
  bool begun_ = false, ended_ = false;
};

}  // namespace nattevagt::wire
