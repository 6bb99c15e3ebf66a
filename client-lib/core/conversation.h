// One conversation as this device holds it: where it has come to in the hub's stream, the MLS group, what the
// hub has promised, and what the signed words add up to. The inbox has a Cursor alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "client-lib/core/citizen_facts.h"
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
// The chain at a place that we were not there for (P-079): the next entry's is believed.
inline constexpr Digest kUnknownChain{};

// P-062: the hub has signed that this entry is in the stream.
struct Promise {
  std::uint64_t seq = 0;
  Digest chain{};
  MessageId id;
  UtcTime due;  // reported when it has not come by then
};

// P-078: a member that has asked to come back, or came back so.
struct Returner {
  UtcTime made;       // of the key package's making: an older one is a repeated asking
  Bytes key_package;  // empty when it is in again
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
  // P-078. While `rejoining` nothing is encrypted; the group is there only as far as it can still read.
  bool rejoining = false;
  UtcTime asked_at;           // when we last asked to come back
  std::uint64_t entered = 0;  // where we came back: what we said before it is not ours to judge
  std::map<DeviceId, Returner> returners;

  // Made again from the rows at start.
  IncidentFacts facts;
  CitizenFacts work;
  std::set<MessageId> seen;           // ids of entries that were shown, for P-071
  std::map<MessageId, Delivery> own;  // our own messages that are stored
  UtcTime oldest = kNever;            // the time of the oldest message that we keep

  bool of_alert() const { return alert.has_value() || facts.asked.has_value(); }
  bool active() const { return group && group->active() && !removed && !refused && !rejoining; }
};

Bytes chain_key(const ConversationId& id, std::uint64_t seq);  // of Table::kChain
SecretBytes pack_stream(const ConversationState& conversation);
Status unpack_stream(ByteView bytes, ConversationState& into);

}  // namespace nattevagt::client
