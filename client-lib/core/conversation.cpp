#include "client-lib/core/conversation.h"

#include "client-lib/core/pack.h"

namespace nattevagt::client {

Bytes chain_key(const ConversationId& id, std::uint64_t seq) {
  Packer key;
  key.id(id).u64(seq);
  return to_bytes(key.view());
}

SecretBytes pack_stream(const ConversationState& conversation) {
  Packer out;
  out.flag(conversation.alert.has_value());
  out.id(conversation.alert.value_or(AlertId{}));
  out.u64(conversation.cursor.seq).fixed(conversation.cursor.chain);
  out.flag(conversation.refused).flag(conversation.removed).flag(conversation.unreadable);
  out.u64(conversation.promises.size());
  for (const Promise& promise : conversation.promises) {
    out.u64(promise.seq).fixed(promise.chain).id(promise.id).time(promise.due);
  }
  return out.take();
}

Status unpack_stream(ByteView bytes, ConversationState& into) {
  Unpacker in(bytes);
  const bool has_alert = in.flag();
  const auto alert = in.id<AlertId>();
  if (has_alert) into.alert = alert;
  into.cursor.seq = in.u64();
  into.cursor.chain = in.fixed<32>();
  into.refused = in.flag();
  into.removed = in.flag();
  into.unreadable = in.flag();
  for (std::size_t left = in.count(); left > 0; --left) {
    Promise promise;
    promise.seq = in.u64();
    promise.chain = in.fixed<32>();
    promise.id = in.id<MessageId>();
    promise.due = in.time();
    into.promises.push_back(promise);
  }
  return in.done();
}

}  // namespace nattevagt::client
