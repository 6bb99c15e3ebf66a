// A Message as the store keeps it, and its words for the search index.
#pragma once

#include "client-lib/core/values.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt::client {

SecretBytes pack_message(const Message& message);
Result<Message> unpack_message(ByteView bytes);  // kCorrupt, kMalformed

// Every word that a person wrote in it, space between; empty for receipts.
std::string searchable_text(const wire::Content& content);

}  // namespace nattevagt::client
