#include "proto/wire/audit.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "proto/wire/big_endian.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"

namespace nattevagt::wire {
namespace {

constexpr std::string_view kFileBegin = "nattevagt-audit 1";
constexpr std::string_view kFileEnd = "receipt";

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<Digest> digest_of(std::string_view text) {
  const auto bytes = from_hex(text);
  Digest out{};
  if (!bytes || bytes->size() != out.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

// The word up to the next space, which goes too.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::string head_of(std::uint64_t seq, const Digest& chain) {
  return std::to_string(seq) + ' ' + to_hex(chain) + ' ';
}

}  // namespace

Digest audit_chain_first() {
  static constexpr std::string_view kLabel("Nattevagt audit v1\0", 19);
  return sha256(as_bytes(kLabel));
}

Digest audit_chain_next(const Digest& previous, std::uint64_t seq, const Digest& text) {
  return sha256({previous, be64(seq), text});
}

ReceiptLeaf audit_leaf(const AuditPoint& point, UtcTime now) {
  ReceiptLeaf leaf;
  leaf.stream = kAuditStream;
  leaf.seq = point.seq;
  leaf.chain = point.chain;
  leaf.stored_at = now;
  return leaf;
}

Result<AuditPoint> audit_point_of(const Receipt& receipt, const SignPublicKey& hub) {
  if (receipt.leaf.stream != kAuditStream) return fail(Errc::kInvalidValue, "P-123");
  NV_TRYV(verify_receipt(receipt, hub));
  return AuditPoint{receipt.leaf.seq, receipt.leaf.chain};
}

std::string audit_file_begin(const AuditPoint& before_first) {
  const std::string seq = std::to_string(before_first.seq);
  return std::string(kFileBegin).append(" ").append(seq).append(" ").append(to_hex(before_first.chain)).append("\n");
}

std::string audit_file_line(const AuditLine& line) {
  return head_of(line.seq, line.chain) + line.text + '\n';
}

std::string audit_file_hidden(const AuditLine& line) {
  return head_of(line.seq, line.chain) + '#' + to_hex(sha256(as_bytes(line.text))) + '\n';
}

std::string audit_file_end(const Receipt& receipt) {
  HubFrame frame;
  frame.request = 1;
  frame.body = Stored{receipt};
  return std::string(kFileEnd) + ' ' + to_hex(encode(frame)) + '\n';
}

// ---- The check

void AuditFileCheck::find(AuditFault fault, std::uint64_t seq) {
  if (report_.findings.size() < kAuditFindingsMax) report_.findings.push_back({fault, number_, seq});
}

void AuditFileCheck::take(std::string_view line) {
  ++number_;
  if (!begun_) return take_begin(line);
  if (ended_) return find(AuditFault::kUnreadable);
  if (line.starts_with(kFileEnd)) return take_end(line);
  take_entry(line);
}

AuditReport AuditFileCheck::finish() {
  number_ = 0;
  if (!begun_) find(AuditFault::kUnreadable);
  if (!ended_) find(AuditFault::kNoReceipt);
  for (const AuditPoint& point : known_) {
    if (point.seq > report_.end.seq) find(AuditFault::kTruncated, point.seq);
  }
  return std::move(report_);
}

void AuditFileCheck::take_begin(std::string_view line) {
  begun_ = true;
  if (!line.starts_with(kFileBegin)) return find(AuditFault::kUnreadable);
  line.remove_prefix(std::min(kFileBegin.size() + 1, line.size()));
  const auto seq = number_of(take_word(line));
  const auto chain = digest_of(take_word(line));
  if (!seq || !chain || !line.empty()) return find(AuditFault::kUnreadable);
  report_.begin = report_.end = {*seq, *chain};
  // A beginning that is not the first of all is vouched for by later places alone.
  if (*seq == 0 && *chain != audit_chain_first()) find(AuditFault::kBroken);
  compare_with_known();
}

// A line that does not fit is told once; the check goes on from what the line claims, so that each fault is
// found where it is.
void AuditFileCheck::take_entry(std::string_view line) {
  const auto seq = number_of(take_word(line));
  const auto chain = digest_of(take_word(line));
  if (!seq || !chain || line.empty()) return find(AuditFault::kUnreadable);
  std::optional<Digest> text;
  if (line.front() == '#') {
    text = digest_of(line.substr(1));
    ++report_.hidden;
  } else {
    text = sha256(as_bytes(line));
  }
  if (!text) return find(AuditFault::kUnreadable, *seq);
  ++report_.lines;
  const bool follows = *seq == report_.end.seq + 1;
  if (!follows || audit_chain_next(report_.end.chain, *seq, *text) != *chain) find(AuditFault::kBroken, *seq);
  report_.end = {*seq, *chain};
  compare_with_known();
}

void AuditFileCheck::take_end(std::string_view line) {
  ended_ = true;
  take_word(line);
  const auto bytes = from_hex(line);
  const auto frame = bytes ? decode_hub_frame(*bytes) : Result<HubFrame>(fail(Errc::kMalformed, "P-123"));
  const auto* stored = frame ? std::get_if<Stored>(&frame->body) : nullptr;
  if (stored == nullptr) return find(AuditFault::kBadReceipt);
  const auto point = audit_point_of(stored->receipt, hub_);
  if (!point) return find(AuditFault::kBadReceipt);
  if (*point != report_.end) find(AuditFault::kOtherEnd, point->seq);
}

void AuditFileCheck::compare_with_known() {
  for (const AuditPoint& point : known_) {
    if (point.seq != report_.end.seq) continue;
    ++report_.places_checked;
    if (point.chain != report_.end.chain) find(AuditFault::kOtherHistory, point.seq);
  }
}

}  // namespace nattevagt::wire
