#include "proto/wire/hub.h"

#include "proto/wire/big_endian.h"

namespace nattevagt::wire {

Digest chain_first(ConversationId stream, std::optional<DeviceId> inbox_owner) {
  static constexpr std::string_view kLabel("Nattevagt stream v1\0", 20);
  return sha256({as_bytes(kLabel), stream.view(), inbox_owner ? inbox_owner->view() : ByteView{}});
}

Digest chain_next(const Digest& previous, std::uint64_t seq, EntryKind kind, std::uint64_t epoch,
                  const MessageId& id, UtcTime stored_at, ByteView bytes) {
  const std::uint8_t kind_byte = static_cast<std::uint8_t>(kind);
  return sha256({previous, be64(seq), ByteView(&kind_byte, 1), be64(epoch), id.view(),
                 be64(static_cast<std::uint64_t>(to_unix_ms(stored_at))), sha256(bytes)});
}

}  // namespace nattevagt::wire
