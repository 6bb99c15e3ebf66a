// A hub that has less than this device has had (P-094): it was restored from a backup. Nothing that it takes in
// from then on may be passed over as known, or the first calls after the accident would ring on no phone.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"

namespace nattevagt::client {

namespace {

constexpr std::string_view kLess =
    "Historik mangler: hubben har mistet noget, som enheden har set. Den er nok gendannet fra en ældre kopi. Hvad der er "
    "skrevet imens, er måske ikke nået frem: ring til dem, det haster for.";
constexpr std::string_view kLostCall = "Hubben kender ikke længere et kald herfra. Ring selv.";

}  // namespace

// To the last place that both have. What comes after it is new, or is known by its id.
void ClientCore::go_back(ConversationState& conversation, std::uint64_t seq) {
  const bool inbox = conversation.id == wire::kInbox;
  suspect(Errc::kGap, inbox ? std::nullopt : std::optional(conversation.id), std::string(kLess));
  restock_ = restock_ || inbox;
  Cursor& cursor = conversation.cursor;
  while (!cursor.recent.empty() && cursor.recent.rbegin()->first > seq) {
    erase(Table::kChain, chain_key(conversation.id, cursor.recent.rbegin()->first));
    cursor.recent.erase(std::prev(cursor.recent.end()));
  }
  const auto there = cursor.recent.find(seq);
  if (seq < cursor.seq) cursor.chain = there == cursor.recent.end() ? kUnknownChain : there->second;
  cursor.seq = std::min(cursor.seq, seq);
  gap_at_.erase(conversation.id);
  dirty_streams_.insert(conversation.id);
  std::vector<std::uint64_t> gone;  // stored, and lost before it came back
  std::erase_if(conversation.promises, [&](const Promise& promise) {
    if (promise.seq <= seq) return false;
    for (const auto& [number, item] : outbox_) {
      if (item.id() == promise.id && !item.echoed) gone.push_back(number);
    }
    return true;
  });
  for (const std::uint64_t number : gone) give_up(outbox_.at(number), Errc::kGap);
}

// Of conversations that the hub does not list at all, when it lists any: what began after its backup.
void ClientCore::note_lost_streams() {
  const auto lost = [&](const ConversationId& id) { return !heads_.contains(id); };
  std::vector<std::uint64_t> gone;
  for (const auto& [number, item] : outbox_) {
    if (item.makes_room() && item.finished() && !item.echoed && lost(item.conversation())) gone.push_back(number);
  }
  for (const std::uint64_t number : gone) {
    ConversationState& conversation = conversations_.at(outbox_.at(number).conversation());
    conversation.promises.clear();
    dirty_streams_.insert(conversation.id);
    give_up(outbox_.at(number), Errc::kGap);
  }
  for (auto& [id, record] : alerts_) {
    Obligation& owed = record.obligation;
    const bool stored = record.view.raised_at != UtcTime{};
    if (owed.due == kNever || !stored || !lost(record.view.stream)) continue;
    suspect(Errc::kGap, record.view.stream, std::string(kLostCall));
    owed.due = std::min(owed.due, now_);
    dirty_alerts_.insert(id);
  }
}

}  // namespace nattevagt::client
