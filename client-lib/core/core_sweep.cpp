// What goes by age, once an hour: keys of epochs that are over (RFC 9420 15.3), words (P-092), and an asking to
// come back that nobody has heard (P-078).
#include "client-lib/core/client_core.h"

namespace nattevagt::client {

void ClientCore::sweep() {
  if (!enrolled() || now_ < sweep_at_) return;
  sweep_at_ = now_ + patience::kSweep;
  forget_old_notices();
  const DevicePolicy believed = policy();
  for (auto& [id, conversation] : conversations_) {
    if (conversation.group && conversation.group->forget_old_epochs(validation(believed))) {
      dirty_epochs_.insert(id);
    }
    if (conversation.rejoining && now_ >= conversation.asked_at + patience::kRejoinAgain) {
      ask_to_rejoin(conversation);
    }
    forget_old_words(conversation);
  }
}

void ClientCore::forget_old_words(ConversationState& conversation) {
  if (self_->kind == wire::HolderKind::kRecorder) return;  // it is the archive
  const Millis kept =
      self_->kind == wire::HolderKind::kUnit ? patience::kUnitWordsKept : patience::kWordsKept;
  if (conversation.oldest >= now_ - kept || conversation.facts.read_back_open()) return;
  if (conversation.alert) {
    const auto record = alerts_.find(*conversation.alert);
    if (record != alerts_.end() && record->second.unanswered()) return;
  }
  for (const auto& [number, item] : outbox_) {
    if (item.conversation() == conversation.id) return;
  }
  conversation.oldest = now_ - kept;
  std::vector<MessageId> kept_words = conversation.work.kept();
  // What is to be done is about somebody: who, is in the call's own words.
  if (!kept_words.empty() && conversation.facts.asked) kept_words.push_back(conversation.facts.asked->message);
  out_.forgettings.push_back({conversation.id, conversation.oldest, std::move(kept_words)});
}

}  // namespace nattevagt::client
