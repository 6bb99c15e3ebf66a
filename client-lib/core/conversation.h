// One conversation as this device holds it: where it has come to in the hub's stream, the MLS group, what the
// hub has promised, and what the signed words add up to. The inbox has a Cursor alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "client-lib/core/incident_facts.h"
#include "client-lib/core/values.h"
#include "client-lib/mls/group.h"

namespace nattevagt::client {

// How far a stream has been read, with the last chain hashes to compare others' marks with (P-034).
struct Cursor {
  std::uint64_t seq = 0;
  Digest chain{};
  std::map<std::uint64_t, Digest> recent;  // the last kChainsKept, `seq` among them
};
inline constexpr std::size_t kChainsKept = 512;

// P-062: the hub has signed that this entry is in the stream.
struct Promise {
  std::uint64_t seq = 0;
  Digest chain{};
  MessageId id;
  UtcTime due;  // reported when it has not come by then
};

struct ConversationState {
  ConversationId id;
  std::optional<AlertId> alert;
  Cursor cursor;
  std::optional<mls::Group> group;
  bool refused = false;  // we would not join it: the stream is read past, nothing is shown
  bool removed = false;
  bool unreadable = false;  // a commit was refused or missed; said once
  std::vector<Promise> promises;

  // Made again from the rows at start.
  IncidentFacts facts;
  std::set<MessageId> seen;           // ids of entries that were shown, for P-071
  std::map<MessageId, Delivery> own;  // our own messages that are stored

  bool active() const { return group && group->active() && !removed && !refused; }
};

SecretBytes pack_stream(const ConversationState& conversation);
Status unpack_stream(ByteView bytes, ConversationState& into);

}  // namespace nattevagt::client
