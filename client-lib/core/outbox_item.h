// Something that was asked for and is not finished: the intent, and, once it has been encrypted, the frame
// that is sent and sent again until the hub's signed receipt is there.
//
// Invariants:
//  1. kIntent -> kBuilt -> kReceipted; back to kIntent only when the hub has said that nothing was stored.
//  2. The message id never changes: however often it is encrypted anew, it is one entry (P-032).
//  3. A frame has left only when it, and the ratchet position behind it, were on disk.
#pragma once

#include <vector>

#include "client-lib/core/values.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt::client {

enum class OutKind : std::uint8_t { kRaise = 1, kAppend = 2, kAct = 3, kCommit = 4, kRejoin = 5, kStart = 6 };
enum class OutStage : std::uint8_t { kIntent = 1, kBuilt = 2, kReceipted = 3 };

struct OutboxItem {
  std::uint64_t number = 0;
  OutKind kind{};
  OutStage stage = OutStage::kIntent;
  AlertId alert;  // kRaise, kAct
  wire::ActKind act = wire::ActKind::kTake;
  Message message;                    // of a kCommit and a kRejoin only ids and times
  std::vector<wire::Target> targets;  // kCommit, kStart: whom to add
  std::vector<DeviceId> removes;      // kCommit: which devices to take out
  UtcTime queued_at;
  UtcTime not_before;
  std::uint64_t wait_epoch = 0;  // caught up to this before it is encrypted again
  std::uint32_t attempts = 0;
  bool failed_shown = false;  // "IKKE SENDT" was said (DESIGN promise 7)
  bool silent = false;        // nobody asked for it, nobody is told how it went
  bool echoed = false;        // its entry has come in the stream
  Bytes frame;                // kBuilt: a ClientFrame, to be numbered when it is sent
  std::vector<Digest> sent;   // SHA-256 of each ciphertext that may have left

  const ConversationId& conversation() const noexcept { return message.conversation; }
  const MessageId& id() const noexcept { return message.id; }
  bool has_words() const noexcept { return kind != OutKind::kCommit && kind != OutKind::kRejoin; }
  bool makes_room() const noexcept { return kind == OutKind::kRaise || kind == OutKind::kStart; }
  bool finished() const noexcept { return stage == OutStage::kReceipted; }
};

SecretBytes pack_outbox_item(const OutboxItem& item);
Result<OutboxItem> unpack_outbox_item(ByteView bytes);

}  // namespace nattevagt::client
