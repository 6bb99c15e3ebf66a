#include "client-lib/core/outbox_item.h"

#include "client-lib/core/message_row.h"
#include "client-lib/core/pack.h"

namespace nattevagt::client {

SecretBytes pack_outbox_item(const OutboxItem& item) {
  Packer out;
  out.u64(item.number).code(item.kind).code(item.stage).id(item.alert).code(item.act);
  if (!item.has_words()) {
    out.id(item.message.conversation).id(item.message.id).u64(item.message.seq);
  } else {
    out.bytes(pack_message(item.message).expose());
  }
  out.u64(item.targets.size());
  for (const wire::Target& target : item.targets) out.code(target.kind).id(target.id);
  out.u64(item.removes.size());
  for (const DeviceId& device : item.removes) out.id(device);
  out.time(item.queued_at).time(item.not_before).u64(item.wait_epoch).u64(item.attempts);
  out.flag(item.failed_shown).flag(item.silent).flag(item.echoed).bytes(item.frame);
  out.u64(item.sent.size());
  for (const Digest& digest : item.sent) out.fixed(digest);
  return out.take();
}

Result<OutboxItem> unpack_outbox_item(ByteView bytes) {
  Unpacker in(bytes);
  OutboxItem out;
  out.number = in.u64();
  out.kind = in.code(OutKind::kRaise, OutKind::kStart);
  out.stage = in.code(OutStage::kIntent, OutStage::kReceipted);
  out.alert = in.id<AlertId>();
  out.act = in.code(wire::ActKind::kTake, wire::ActKind::kHandOver);
  if (!out.has_words()) {
    out.message.conversation = in.id<ConversationId>();
    out.message.id = in.id<MessageId>();
    out.message.seq = in.u64();
    out.message.own = true;
  } else {
    const ByteView message = in.bytes();
    if (!in.good()) return fail(Errc::kCorrupt, "unpack_outbox_item");
    NV_TRY(out.message, unpack_message(message));
  }
  for (std::size_t left = in.count(); left > 0; --left) {
    wire::Target target;
    target.kind = in.code(wire::TargetKind::kRole, wire::TargetKind::kUnit);
    target.id = in.id<decltype(target.id)>();
    out.targets.push_back(target);
  }
  for (std::size_t left = in.count(); left > 0; --left) out.removes.push_back(in.id<DeviceId>());
  out.queued_at = in.time();
  out.not_before = in.time();
  out.wait_epoch = in.u64();
  out.attempts = static_cast<std::uint32_t>(in.u64());
  out.failed_shown = in.flag();
  out.silent = in.flag();
  out.echoed = in.flag();
  out.frame = in.copy();
  for (std::size_t left = in.count(); left > 0; --left) out.sent.push_back(in.fixed<32>());
  NV_TRYV(in.done());
  return out;
}

}  // namespace nattevagt::client
