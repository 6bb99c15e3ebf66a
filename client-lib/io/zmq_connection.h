// The way to the hub on a PC: one ZeroMQ DEALER under CURVE with the hub's key pinned (PROTOCOL.md P-010).
//
// What libzmq does when nobody looks, and what is done about it here:
//  1. "Connected" in libzmq means TCP. LinkUp is given only when the CURVE handshake has succeeded.
//  2. A DEALER keeps frames for a peer that is gone and hands them to the next session. Here a lost
//     connection costs the socket: no frame of an old session ever reaches a new one (the outbox sends
//     again, P-037).
//  3. All devices lose a restarted hub at the same moment. The way back is delayed with jitter and
//     back-off.
//  4. Routing ids are left automatic: the hub refuses chosen ones (P-012).
//
// Invariants:
//  1. Events come in order; between LinkUp and LinkDown all frames belong to one session of the hub.
//  2. LinkDown is given once for a loss, and again only when the reason changes.
//  3. No call but poll() waits.
//
// Ownership: a resource; the Clock and Entropy outlive it. Thread: one.
#pragma once

#include <memory>
#include <vector>

#include "client-lib/io/connection.h"
#include "proto/common/entropy.h"

namespace nattevagt::client {

struct ZmqConnectionOptions {
  Millis reconnect_min{250};
  Millis reconnect_max{15'000};
  Millis handshake_timeout{5'000};
  Millis heartbeat{5'000};  // ZMTP PING; a silent hub is given up after heartbeat_timeout
  Millis heartbeat_timeout{15'000};
  int send_queue_frames = 256;
  int receive_queue_frames = 512;
};

class ZmqConnection final : public Connection {
 public:
  ZmqConnection(Clock& clock, Entropy& entropy, ZmqConnectionOptions options = {});
  ~ZmqConnection() override;
  ZmqConnection(const ZmqConnection&) = delete;
  ZmqConnection& operator=(const ZmqConnection&) = delete;

  void connect(const wire::HubPin& hub, const CurveSecretKey& key) override;
  void disconnect() override;
  Status send(ByteView frame) override;
  std::vector<LinkEvent> poll(Millis wait) override;

  // poll() also returns, without an event, as soon as one of these descriptors can be read: lets a program
  // wait for the hub and for its own socket in one place.
  void wake_on(std::vector<int> descriptors);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nattevagt::client
