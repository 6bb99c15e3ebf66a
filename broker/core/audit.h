// The hub's audit: which fact becomes which line, and how a reader of the lines works out the state they lead
// to (PROTOCOL.md P-120..P-122). The chain and the file are proto/wire/audit.h.
//
// A line is words with a space between: at=, record=, event=, what the event adds, then the subject (alert=,
// device=, grant=, document=, role=), a bar, and the subject's state after it. So the last line of a subject tells
// its state, and all lines together can be compared with the hub's own state: subjects_of() gives that in the
// same words.
//
// What is no line: messages, cursors, key packages, warnings of gaps, and the deletion of delivered entries.
// They are no alert's, rota's, roster's, device's or grant's state, and would say who reads at night.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/alert_book.h"
#include "broker/core/directory.h"
#include "broker/core/duty_book.h"
#include "proto/wire/audit.h"

namespace nattevagt::broker {

inline constexpr std::size_t kAuditDevicesNamed = 64;  // of one line; of more, how many more

// What a line needs of the state after its fact.
struct AuditScene {
  const Directory& directory;
  const AlertBook& alerts;
  const DutyBook& duty;
  const std::vector<DeviceNumber>& revoked_now;  // by a DocumentPublished
  const std::vector<DeviceNumber>& suspension_news;  // likewise: suspended, or not any more
};

// The lines of a fact that was just applied as record `index` at `at`, in order; none for what is not
// audited.
std::vector<std::string> audit_texts(const Fact& fact, JournalIndex index, UtcTime at,
                                     const AuditScene& scene);

// Subject to state, as the lines tell it. "gone": it is no more.
using AuditSubjects = std::map<std::string, std::string>;
AuditSubjects subjects_of(const Directory& directory, const AlertBook& alerts, const DutyBook& duty);

// Reads lines, each once and in order.
class AuditFold {
 public:
  // False: not a line that audit_texts() makes.
  bool take(std::string_view text);
  // The first subject whose state differs from the hub's, if any. `whole`: the lines begin with the first of
  // all; else what they do not name is not missed. Grants may have expired without a line.
  std::optional<std::string> difference(const AuditSubjects& state, bool whole) const;

 private:
  AuditSubjects subjects_;
};

}  // namespace nattevagt::broker
