// The agent's side of the app protocol (mobile-bridge/PROTOCOL.md): who is let in, what is asked, what is
// told. No socket here: texts come in, texts go out.
//
// Invariants:
//  1. A peer that has not shown a launch token or a session is told nothing and can do nothing.
//  2. While locked, no message holds a word of anybody's: severity of what rings, that a round is due, and no
//     more. What can be done is to unlock, and on a person's own device to take what rings (P-173).
//  3. Locking closes the screens, not the device: it goes on receiving, acknowledging and ringing.
//  4. On a unit's device with profiles whoever writes has given her own PIN (P-170).
//  5. A request has every field of its kind, of the right type and size, and no other; else nothing is done.
//
// Threads: one. Ownership: a resource; Clock and Entropy outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client-lib/agent/launch.h"
#include "client-lib/agent/screen_view.h"
#include "client-lib/client.h"

namespace nattevagt::client::agent {

inline constexpr Millis kLockAfterDefault = std::chrono::minutes(5);
inline constexpr std::uint32_t kRequestsPerSecondMax = 50;  // of one peer, averaged over 10 s

using PeerId = std::uint64_t;

struct DeskOptions {
  std::string home;
  Millis lock_after = kLockAfterDefault;
};

class Desk {
 public:
  using Opener = std::function<Result<std::unique_ptr<Client>>(const std::string& pin)>;
  struct Out {
    PeerId peer = 0;
    std::string text;
    bool close = false;  // after the text, if there is one
  };

  Desk(DeskOptions options, Opener opener, Clock& clock, Entropy& entropy);

  // The store is open from now on, the screens stay locked: NATTEVAGT_PIN at the start, so that it rings.
  void opened(std::unique_ptr<Client> client);
  Client* client() const { return client_.get(); }

  std::string make_link_token();
  bool waits_for_somebody() const;

  void on_text(PeerId peer, const std::string& text);
  void on_closed(PeerId peer) { peers_.erase(peer); }
  // What the client has told in its turn.
  void on_events(const std::vector<Event>& events);
  Millis until_lock() const;         // from now; the longest Millis when locked already
  std::vector<Out> take_outgoing();  // locks first when nobody has touched the screens for too long

 private:
  struct Peer {
    bool admitted = false;
    std::uint32_t spent = 0;
    Millis window_from{};
  };
  struct Answer;
  friend struct DeskRequest;

  bool within_rate(Peer& peer);
  std::string locked_text();
  std::string unlocked_text();
  Answer unlock(const std::string& pin, const std::string& who);
  Answer take_ringing();
  void held_by(const std::optional<ProfileId>& profile);
  Status set_language(const std::string& language);
  void lock();
  void push_view();
  void say(PeerId peer, std::string text) { out_.push_back({peer, std::move(text), false}); }

  DeskOptions options_;
  Opener opener_;
  Clock& clock_;
  Entropy& entropy_;
  SteadyUtc time_;
  Launch launch_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<ScreenView> view_;
  LinkLook link_;
  std::optional<Holder> holder_;
  std::optional<ProfileId> profile_;      // the holder's, when she has one
  std::string language_;
  std::vector<std::string> tell_later_;  // events beside the view
  bool locked_ = true;
  bool view_due_ = false;
  Millis active_at_{};
  std::map<PeerId, Peer> peers_;
  std::vector<Out> out_;
};

}  // namespace nattevagt::client::agent
