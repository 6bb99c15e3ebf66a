// The record of an incident for the journals (DOMAIN 3): text for pasting and JSON for a machine, with who,
// in which role, when (local with offset, and UTC), the advice, the read-back and its verdict, the outcome,
// and the SHA-256 of the text. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client-lib/core/values.h"
#include "proto/common/result.h"

namespace nattevagt::client {

struct ExportInput {
  Conversation conversation;
  std::optional<Alert> alert;
  std::vector<Message> messages;  // in the stream's order, without receipts
  UtcTime made_at;
};
struct ExportedIncident {
  std::string text;
  std::string json;
  Digest hash{};  // SHA-256 of `text`
};

// kWrongState when there is nothing that the hub has stored yet.
Result<ExportedIncident> export_journal(const ExportInput& input);

}  // namespace nattevagt::client
