// A hub that has less than this device has had (P-094): it was restored from a backup. Nothing that it takes in
// from then on may be passed over as known, or the first calls after the accident would ring on no phone.
#include <algorithm>
#include <set>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"

namespace nattevagt::client {

namespace {

constexpr std::string_view kLess =
    "Historik mangler: hubben har mistet noget, som enheden har set. Den er nok gendannet fra en ældre kopi. Hvad der er "
    "skrevet imens, er måske ikke nået frem: ring til dem, det haster for.";
constexpr std::string_view kLacksCommit =
    "Hubben har mistet en ændring af, hvem der er med i samtalen. Enheden beder om at komme ind igen. Kommer der ikke svar "
    "på det, du skriver her: begynd en ny samtale, og ring, hvis det haster.";
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
  give_up_lost(conversation, seq);
}

// What was stored behind that place and has not come back is not there: whoever wrote it must hear that.
void ClientCore::give_up_lost(ConversationState& conversation, std::uint64_t seq) {
  std::vector<std::uint64_t> gone;
  for (const auto& [number, item] : outbox_) {
    if (item.conversation() != conversation.id || item.echoed) continue;
    const auto lost = [&](const Promise& promise) { return promise.seq > seq && promise.id == item.id(); };
    if (std::ranges::any_of(conversation.promises, lost)) gone.push_back(number);
  }
  std::erase_if(conversation.promises, [&](const Promise& promise) { return promise.seq > seq; });
  dirty_streams_.insert(conversation.id);
  for (const std::uint64_t number : gone) give_up(outbox_.at(number), Errc::kGap);
}

// The epoch of ours is of a commit that does not stand there.
void ClientCore::on_commit_lost(ConversationState& conversation) {
  begin_rejoin(conversation, std::string(kLacksCommit));
}

// Of conversations that the hub does not list at all, when it lists any: what began after its backup.
void ClientCore::note_lost_streams() {
  const auto lost = [&](const ConversationId& id) { return !heads_.contains(id); };
  std::set<ConversationId> rooms;  // a room that we were let out of is not listed either, and not lost
  for (const auto& [number, item] : outbox_) {
    if (item.makes_room() && item.finished() && !item.echoed && lost(item.conversation())) {
      rooms.insert(item.conversation());
    }
  }
  for (const ConversationId& id : rooms) give_up_lost(conversations_.at(id), 0);
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
