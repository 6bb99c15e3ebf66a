// The sessions and their delivery: who is connected, what each is sent, how much at once.
//
// Rules:
//  1. At most kUnackedEntriesPerDevice entries are in flight to a device (P-037), and conversations may use
//     all but kInboxReserve of them: an alert never waits for a bulk of messages to be acknowledged.
//  2. The inbox goes first; conversations take turns, kTurn entries each.
//  3. A stall stops a session until an Ack or kStallRetry; then everything from the cursors is sent again.
//  4. Work is proportional to what is sent: a session is looked at when one of its streams has something
//     new.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "broker/core/session.h"
#include "broker/core/streams.h"

namespace nattevagt::broker {

inline constexpr std::size_t kInboxReserve = 32;
inline constexpr std::size_t kTurn = 8;
inline constexpr Millis kStallRetry = std::chrono::seconds(1);

class Sessions {
 public:
  Sessions(Directory& directory, Streams& streams) : directory_(directory), streams_(streams) {}

  Session& open(SessionId id, const Principal& principal, Device* device);
  void close(Session& session, UtcTime now);
  Session* find(SessionId id);
  std::size_t size() const { return sessions_.size(); }
  template <class Visit>
  void each(Visit visit) {  // ascending; visit may close none
    for (auto& [id, session] : sessions_) visit(session);
  }

  // ---- Delivery
  void greet(Session& session, UtcTime now);  // from the cursors on (P-037)
  void offer(Stream& stream);                 // something was appended
  void offer(Stream& stream, DeviceNumber device);
  void acknowledge(Session& session, const wire::Ack& ack);
  void stall(Session& session, UtcTime now);
  void retry_stalled(UtcTime now);
  UtcTime next_retry_at() const;
  // A member's positions moved without it (trimming, removal): the credit is counted again.
  void recount(DeviceNumber device);
  // Sends what has become possible to all sessions that were touched since the last call.
  void pump(std::vector<Effect>& effects);

  // P-015: one request. How long to wait, 0 when it may pass. Alerts pass on credit of one second more.
  static Millis charge(Device& device, UtcTime now, bool urgent);

  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t stalled() const { return stalled_; }
  void check_invariants() const;

 private:
  void wake(Session& session);
  void rewind(Session& session);
  void pump(Session& session, std::vector<Effect>& effects);
  std::size_t send_from(Session& session, Stream& stream, std::size_t most, std::vector<Effect>& effects);

  Directory& directory_;
  Streams& streams_;
  std::map<SessionId, Session> sessions_;
  std::vector<SessionId> waiting_;
  std::set<std::pair<UtcTime, SessionId>> retries_;
  std::uint64_t delivered_ = 0;
  std::uint64_t stalled_ = 0;
};

}  // namespace nattevagt::broker
