// What a batch of core steps gives: what must be on disk, what may leave when it is, what to tell.
//
// The order is the safety of it (DESIGN section 4): commit `writes`, `messages` and `deliveries` in ONE
// transaction, then hand `sends` to the connection, then show `events`. When the commit fails nothing is sent
// or shown, and the core is made again from the store: memory is never ahead of the disk.
#pragma once

#include <optional>
#include <vector>

#include "client-lib/core/values.h"
#include "proto/common/secret.h"

namespace nattevagt::client {

// Numbers are stored: never renumber.
enum class Table : std::uint8_t {
  kDevice = 1,      // one row, key empty: keys, certificate, hub, pinned organisations
  kDocument = 2,    // organisation || kind -> SignedDocument
  kKeyPackage = 3,  // ref -> private bundle
  kEpoch = 4,       // conversation -> the group's epoch blob
  kRatchets = 5,    // conversation || row key -> a row of the group
  kStream = 6,      // conversation (zero: the inbox) -> cursor, flags, promises
  kChain = 7,       // conversation || be64 seq -> chain hash
  kOutbox = 8,      // be64 number -> OutboxItem
  kAlert = 9,       // alert -> AlertRecord
  kSuspicion = 10,  // hash of what is suspected -> code, text; kept for ever
  kGrant = 11,      // grant -> the one device seen under it (P-027)
  kReturn = 12,     // conversation -> how we come, or came, back into it (P-078)
  kReturner = 13,   // conversation || device -> the key package of a member that asks to come back
  kProfile = 14,    // profile -> a person who shares a unit's device (store/profile.h); the core reads none
  kVerified = 15,   // device -> when its safety number was compared (P-174)
  kCheckIn = 16,    // role -> the notice that asks us to check in for it (P-180)
  kNewer = 17,      // one row, key empty: the highest kind of entry that this build did not know (P-004)
};
inline constexpr Table kLastTable = Table::kNewer;

struct StoreWrite {
  Table table{};
  Bytes key;
  std::optional<SecretBytes> value;  // none: delete
};

// Raises the state of an own message that is already a row; never lowers it.
struct DeliveryWrite {
  ConversationId conversation;
  MessageId id;
  Delivery delivery{};
};

// P-092: the conversation's messages that the hub stored before this go, out of the search index too; but for
// those that are not over (P-164).
struct Forgetting {
  ConversationId conversation;
  UtcTime before;
  std::vector<MessageId> kept = {};
};

struct Outcome {
  std::vector<StoreWrite> writes;
  std::vector<Message> messages;  // inserted, or replaced by id
  std::vector<DeliveryWrite> deliveries;
  std::vector<Forgetting> forgettings;
  std::vector<Bytes> sends;  // encoded ClientFrames, in order
  std::vector<Event> events;
  bool reconnect = false;  // the link is dead, or the key to connect with has changed
  Millis reconnect_in{};   // with `reconnect`: not before

  bool durable_empty() const noexcept { 
    return writes.empty() && messages.empty() && deliveries.empty() && forgettings.empty();
  }
};

// All that a store holds but its messages, for ClientCore::restore.
struct StoreImage {
  struct Row {
    Table table{};
    Bytes key;
    SecretBytes value;
  };
  std::vector<Row> rows;
};

}  // namespace nattevagt::client
