// One connection's life, and what flows to its device (PROTOCOL.md P-012, P-037). Not durable.
#pragma once

#include <deque>

#include "broker/core/device.h"
#include "broker/core/hub_core.h"
#include "broker/core/stream.h"

namespace nattevagt::broker {

struct Session {
  SessionId id = 0;
  Principal principal;
  Device* device = nullptr;  // of a DevicePrincipal
  bool greeted = false;      // has said Hello (P-013)
  wire::DocumentKind kinds = wire::kFirstDocumentKinds;  // of documents, that it knows (P-197)

  // ---- Delivery
  std::size_t in_flight = 0;  // entries sent and not acknowledged
  UtcTime stalled_until = UtcTime::min();
  bool stalled = false;
  bool waiting = false;              // listed to be pumped at the end of this step
  std::deque<ConversationId> round;  // conversations with something to send, each once
};

}  // namespace nattevagt::broker
