// The way to the hub, as an interface: ZeroMQ on a PC (zmq_connection.h), a WebSocket in a browser or a phone,
// a simulated network in tests. Carries whole frames; may lose, never alters or reorders within a connection.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/wire/identity.h"

namespace nattevagt::client {

struct LinkUp {};
struct LinkDown {
  Errc reason{};                 // kUnavailable; kUntrusted: the hub refused our key, or is not the pinned one
};
struct FrameReceived {
  Bytes bytes;
};
using LinkEvent = std::variant<LinkUp, LinkDown, FrameReceived>;

class Connection {
 public:
  virtual ~Connection() = default;
  // Connects (again, with back-off of its own) to the pinned hub with this key until disconnect().
  virtual void connect(const wire::HubPin& hub, const CurveSecretKey& key) = 0;
  virtual void disconnect() = 0;
  // kBusy: the queue is full, nothing was taken; kUnavailable: not connected.
  virtual Status send(ByteView frame) = 0;
  // Waits at most `wait` for events; gives them in order.
  virtual std::vector<LinkEvent> poll(Millis wait) = 0;
};

}  // namespace nattevagt::client
