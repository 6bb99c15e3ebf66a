// What a device is told and says in other words than were sent: by a lying hub, or by a build of another
// version. What a newer build adds is kept and ignored (P-004); a protocol that is not served is refused with
// what is (P-002).
#include <array>
#include <utility>

#include "proto/common/check.h"
#include "proto/wire/codec.h"
#include "tests/simulation/simulation.h"

namespace nattevagt::simulation {
namespace {

constexpr std::array<std::uint8_t, 3> kUnknownField = {0xf8, 0x7f, 0x01};  // number 2047, a varint
// Protocol 1, and a kind of push that nobody knows: field 2046, three bytes.
constexpr std::array<std::uint8_t, 8> kUnknownPush = {0x08, 0x01, 0xf2, 0x7f, 0x03, 'n', 'e', 'w'};
constexpr std::size_t kKeptForReplay = 8;

}  // namespace

Bytes Simulation::as_spoken(int device, Bytes frame) {
  const auto d = static_cast<std::size_t>(device);
  if (unsupported_[d]) {
    auto read = wire::decode_client_frame(frame);
    NV_CHECK(read);
    read->protocol = wire::kProtocolVersion + 1;
    frame = wire::encode(*read);
  }
  if (newer_[d]) append(frame, kUnknownField);
  return frame;
}

std::vector<Bytes> Simulation::as_told(int device, wire::HubFrame frame) {
  Deceit& deceit = deceits_[static_cast<std::size_t>(device)];
  const auto* entry = std::get_if<wire::Entry>(&frame.body);
  if (entry != nullptr && deceit.armed == What::kLieDrop) {
    deceit.armed.reset();
    oracles_.lied(device, t_, false);
    return {};
  }
  lie(device, frame);
  oracles_.frame_to_device(device, frame);
  std::vector<Bytes> out(1, wire::encode(frame));
  if (hub_is_newer_) {
    append(out[0], kUnknownField);
    if (versions_.one_in(8)) out.push_back(to_bytes(kUnknownPush));
  }
  if (entry == nullptr) return out;
  const ConversationId stream = entry->stream;
  if (plan_.has(Fault::kLiar)) deceit.chains[{stream, entry->seq}] = entry->chain;
  if (plan_.has(Fault::kReplay)) {
    deceit.sent.push_back(std::move(frame));
    if (deceit.sent.size() > kKeptForReplay) deceit.sent.erase(deceit.sent.begin());
  }
  if (deceit.held) {
    out.push_back(*std::exchange(deceit.held, std::nullopt));
  } else if (deceit.armed == What::kLieSwap && stream != wire::kInbox) {
    deceit.armed.reset();
    oracles_.lied(device, t_, false);
    deceit.held = std::move(out[0]);
    out.clear();
  }
  return out;
}

void Simulation::lie(int device, wire::HubFrame& frame) {
  Deceit& deceit = deceits_[static_cast<std::size_t>(device)];
  if (auto* gathered = std::get_if<wire::Gathered>(&frame.body)) {
    if (deceit.armed != What::kLieAdd || gathered->items.empty()) return;
    deceit.armed.reset();
    gathered->items.back().key_package = base_.devices[kNeighbour].key_package;
    return oracles_.lied(device, t_, false);
  }
  auto* entry = std::get_if<wire::Entry>(&frame.body);
  if (entry == nullptr) return;
  if (const auto told = deceit.forged.find(entry->stream); told != deceit.forged.end()) {
    if (!told->second.empty() && entry->seq >= told->second.begin()->first) forge(device, *entry);
    return;
  }
  if (deceit.chains.contains({entry->stream, entry->seq})) return;  // what comes again is dropped unread
  if (deceit.armed == What::kLieEntry && entry->stream != wire::kInbox) {
    deceit.armed.reset();
    entry->bytes.back() ^= 1;
    return oracles_.lied(device, t_, true);
  }
  if (!chain_before(device, *entry)) return;
  if (deceit.armed == What::kLieFork && entry->stream != wire::kInbox) {
    oracles_.forked(device, entry->stream, entry->seq, t_);
    entry->stored_at += std::chrono::seconds(1);
  } else if (deceit.armed == What::kLieTake && entry->kind == wire::EntryKind::kAlert) {
    auto item = wire::decode_alert_item(entry->bytes);
    if (!item || item->view.state != wire::AlertState::kEscalating) return;
    item->view.state = wire::AlertState::kTaken;
    item->view.taken_by = base_.devices[2].id;
    item->view.taken_at = item->view.raised_at;
    entry->bytes = wire::encode(*item);
    oracles_.lied(device, t_, false);
  } else {
    return;
  }
  deceit.armed.reset();
  forge(device, *entry);
}

std::optional<Digest> Simulation::chain_before(int device, const wire::Entry& entry) const {
  const auto d = static_cast<std::size_t>(device);
  if (entry.seq == 1) {
    const bool inbox = entry.stream == wire::kInbox;
    return wire::chain_first(entry.stream, inbox ? std::optional(base_.devices[d].id) : std::nullopt);
  }
  const auto found = deceits_[d].chains.find({entry.stream, entry.seq - 1});
  return found == deceits_[d].chains.end() ? std::nullopt : std::optional(found->second);
}

// The entry as this device is shown it: with the chain of what it was shown before.
void Simulation::forge(int device, wire::Entry& entry) {
  auto& told = deceits_[static_cast<std::size_t>(device)].forged[entry.stream];
  if (const auto known = told.find(entry.seq); known != told.end()) {
    entry = known->second;
    return;
  }
  const auto before = chain_before(device, entry);
  if (!before) return;
  entry.chain = wire::chain_next(*before, entry.seq, entry.kind, entry.epoch, entry.id, entry.stored_at,
                                 entry.bytes);
  told[entry.seq] = entry;
}

void Simulation::replay(int device, std::int64_t back) {
  const auto& sent = deceits_[static_cast<std::size_t>(device)].sent;
  if (sent.empty() || link(device).session == 0) return;
  const std::size_t from_end = 1 + static_cast<std::size_t>(back) % sent.size();
  tell(device, t_, std::make_shared<wire::HubFrame>(sent[sent.size() - from_end]));
}

}  // namespace nattevagt::simulation
