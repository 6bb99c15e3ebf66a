// The same as show.h for scripts: one JSON object a line, UTF-8. Keys are stable and English, `text` is what
// a person would have been shown. Times are ISO 8601 UTC. Ids are 32 hex characters.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "client-lib/client.h"

namespace nattevagt::client::cli {

std::string json_line(const Event& event);      // {"event": ...}
std::string json_line(const Message& message);  // {"message": {...}}
std::string json_line(const PersonReceipt& receipt);  // {"receipt": {...}}
std::string json_line(const Alert& alert);      // {"alert": {...}}
std::string json_line(const FoundMessage& found);

// {"ok": true, ...} and {"ok": false, "code": ..., "text": ...}
struct JsonField {
  std::string_view key;
  std::variant<std::string, bool, std::int64_t> value;
};
std::string json_ok(std::initializer_list<JsonField> fields);
std::string json_fault(Errc code, std::string_view text);
std::string json_object(std::initializer_list<JsonField> fields);

}  // namespace nattevagt::client::cli
