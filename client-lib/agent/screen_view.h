// What the screens are told (mobile-bridge/PROTOCOL.md section 4), made of what the client has verified. The
// wording is the screens'; what counts as taken, read back, late or ringing is decided here and below.
//
// Threads: one. Ownership: a resource; the Client outlives it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "client-lib/client.h"

namespace nattevagt::client::agent {

inline constexpr std::size_t kRequestsShownMax = 200;  // the newest; older ones are found by search

inline constexpr Millis kNotSentAfter = std::chrono::seconds(10);  // DESIGN promise 7: red from here on

struct LinkLook {
  bool connected = false;
  bool revoked = false;
  std::optional<SuspensionView> suspended = {};  // by a colleague, whose signature the client has verified
  bool untrusted = false;  // the hub refuses us, or is not the pinned one
};

struct Holder {  // who holds a unit's shared phone
  std::string name, profession;
  friend bool operator==(const Holder&, const Holder&) = default;
};

class ScreenView {
 public:
  explicit ScreenView(Client& client) : client_(client) {}

  // Remembers which conversations a batch of events has changed.
  void see(const Event& event);
  // A command of ours has put something into this conversation.
  void touched(ConversationId conversation) { stale_.insert(conversation); }
  // Conversations that have changed since this was asked the last time.
  std::vector<ConversationId> changed();
  // She has acted here (reserve plan, withdrawn, closed): what the device told her to do is done.
  void settled(AlertId alert) { ring_now_.erase(alert); }
  // Declined here: rings again only for a notice that comes after this.
  void quiet(const Alert& alert) { quiet_[alert.view.alert] = alert.notices.size(); }

  // Each is one JSON object. `now` is the client's own time.
  std::string view(const LinkLook& link, const std::optional<Holder>& holder, const std::string& language,
                   UtcTime now);
  // {"conversation","members","messages"}; kNotFound.
  Result<std::string> talk(ConversationId conversation, UtcTime now);
  Result<std::string> found(std::string_view words);
  Result<std::string> journal(ConversationId conversation);
  std::string directory() const;
  // The one severity that a locked screen may tell of; nothing when all is quiet.
  std::optional<wire::Severity> ringing() const;
  bool round_due() const;  // P-118: our unit should have looked in
  std::vector<Alert> ringing_alerts() const;  // that we may take: the loudest first, of those the longest

 private:
  struct Summary {  // what the words of an incident add up to
    std::optional<Message> request;
    bool read_back_open = false;  // an advice waits for a correct read-back
    bool read_back_to_judge = false;
    bool advice_undone = false;  // read back, and neither done nor not done
    bool journalled = false;     // by one of our own devices
    UtcTime last;
  };
  const Summary& summary(const Conversation& conversation);
  bool rings(const Alert& alert) const;
  // P-110, while what it says still holds; nothing otherwise.
  const RingNow* must_ring(const Alert& alert) const;
  // Of an own message; the store keeps no "IKKE SENDT" for what is still being tried.
  Delivery delivery(const Message& message, UtcTime now) const;

  Client& client_;
  std::map<ConversationId, Summary> summaries_;
  std::set<ConversationId> stale_;
  std::map<MessageId, ConversationId> own_;  // where our own messages are: their deliveries do not say
  std::map<AlertId, std::size_t> quiet_;
  std::set<MessageId> not_sent_;  // told, and not stored since
  std::map<AlertId, RingNow> ring_now_;
  std::vector<GapAhead> gaps_;    // the nearest word of each
};

struct LockedLook {
  bool opened = false;
  Millis pin_wait{};
  std::optional<wire::Severity> ringing;
  bool round_due = false;
  std::string language;
};
std::string locked_view(const LockedLook& look, UtcTime now);

}  // namespace nattevagt::client::agent
