#include "broker/app/frame_builder.h"

#include <utility>

#include "proto/common/check.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"

namespace nattevagt::broker {
namespace {

std::shared_ptr<const Bytes> encoded(std::uint64_t request, wire::Answer body) {
  wire::HubFrame frame;
  frame.request = request;
  frame.body = std::move(body);
  return std::make_shared<const Bytes>(wire::encode(frame));
}

JournalIndex after_of(const Effect& effect) {
  return std::visit([](const auto& kind) { return kind.after; }, effect);
}

}  // namespace

void FrameBuilder::keep_bodies(std::span<Record> records) {
  for (Record& record : records) {
    for (std::size_t part = 0; part < record.bodies.size(); ++part) {
      cache_.put({record.index, static_cast<std::uint32_t>(part)},
                 std::make_shared<const Bytes>(std::move(record.bodies[part])));
    }
  }
}

std::vector<Ready> FrameBuilder::build(std::vector<HeldEffect> effects, JournalIndex before,
                                       JournalIndex durable) {
  // P-060, the first of two places: nothing leaves for a record that is not on disk.
  for (const HeldEffect& held : effects) NV_CHECK(after_of(held.effect) <= durable);
  std::vector<Ready> out;
  out.reserve(effects.size());
  sign(effects, before, durable, out);
  sign(effects, 0, before, out);
  for (HeldEffect& held : effects) {
    if (auto* frame = std::get_if<SendFrame>(&held.effect)) {
      const std::uint64_t request = frame->frame.request;
      out.push_back(ReadyFrame{frame->after, frame->session, held.step, request, false,
                               std::make_shared<const Bytes>(wire::encode(frame->frame))});
    } else if (auto* entry = std::get_if<SendEntry>(&held.effect)) {
      out.push_back(build_entry(held.step, *entry));
    } else if (const auto* gathered = std::get_if<SendGathered>(&held.effect)) {
      out.push_back(build_gathered(held.step, *gathered));
    } else if (const auto* close = std::get_if<CloseSession>(&held.effect)) {
      out.push_back(*close);
    } else if (const auto* admit = std::get_if<AdmitKey>(&held.effect)) {
      out.push_back(*admit);
    } else if (const auto* forget = std::get_if<ForgetKey>(&held.effect)) {
      out.push_back(*forget);
    }
  }
  return out;
}

// The receipts of effects with above < after <= upto (from index 0 on: also after == 0, which the core does
// not give to a receipt).
void FrameBuilder::sign(std::span<HeldEffect> effects, JournalIndex above, JournalIndex upto,
                        std::vector<Ready>& out) {
  std::vector<wire::ReceiptLeaf> leaves;
  std::vector<const HeldEffect*> held;
  for (const HeldEffect& one : effects) {
    const auto* receipt = std::get_if<SendReceipt>(&one.effect);
    if (receipt == nullptr) continue;
    NV_CHECK(receipt->after > 0);
    if (receipt->after <= above || receipt->after > upto) continue;
    leaves.push_back(receipt->leaf);
    held.push_back(&one);
  }
  if (leaves.empty()) return;
  auto receipts = wire::make_receipts(leaves, key_);
  counts_.receipts += receipts.size();
  for (std::size_t i = 0; i < held.size(); ++i) {
    const auto& effect = std::get<SendReceipt>(held[i]->effect);
    out.push_back(ReadyFrame{effect.after, effect.session, held[i]->step, effect.request, false,
                             encoded(effect.request, wire::Stored{std::move(receipts[i])})});
  }
}

Ready FrameBuilder::build_entry(std::uint64_t step, SendEntry& effect) {
  const bool shareable = effect.entry.stream != wire::kInbox;
  const bool same =
      shareable && shared_.frame && shared_.stream == effect.entry.stream && shared_.seq == effect.entry.seq;
  Frame frame = same ? shared_.frame : encode_entry(effect);
  if (frame == nullptr) return Unreadable{effect.session, step};
  if (shareable && !same) shared_ = {effect.entry.stream, effect.entry.seq, frame};
  return ReadyFrame{effect.after, effect.session, step, 0, true, std::move(frame)};
}

FrameBuilder::Frame FrameBuilder::encode_entry(SendEntry& effect) {
  if (effect.body) {
    const Frame found = body(*effect.body);
    if (found == nullptr) return nullptr;
    if (effect.welcome) {
      effect.welcome->welcome = *found;
      effect.entry.bytes = wire::encode(*effect.welcome);
    } else {
      effect.entry.bytes = *found;
    }
  }
  return encoded(0, std::move(effect.entry));
}

FrameBuilder::Frame FrameBuilder::body(BodyRef ref) {
  if (Frame found = cache_.find(ref)) {
    ++counts_.cache_hits;
    return found;
  }
  ++counts_.cache_misses;
  auto read = journal_.read_body(ref);
  if (!read) {
    ++counts_.bodies_missing;
    return nullptr;
  }
  auto found = std::make_shared<const Bytes>(std::move(*read));
  cache_.put(ref, found);
  return found;
}

Ready FrameBuilder::build_gathered(std::uint64_t step, const SendGathered& effect) {
  wire::Gathered gathered;
  gathered.without = effect.without;
  for (const SendGathered::Item& item : effect.items) {
    // A key package that cannot be read is one that the device has not: the asker goes on without it.
    if (const Frame found = body(item.key_package)) {
      gathered.items.push_back({item.device, *found});
    } else {
      gathered.without.push_back(item.device);
    }
  }
  return ReadyFrame{effect.after,   effect.session, step,
                    effect.request, false,          encoded(effect.request, std::move(gathered))};
}

}  // namespace nattevagt::broker
