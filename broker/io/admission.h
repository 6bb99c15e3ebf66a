// Which CURVE keys the hub admits, and who is behind each (PROTOCOL.md P-010, P-011).
//
// Written by the runner from the core's AdmitKey and ForgetKey effects; read by the ZAP handler at each
// handshake and by the front at each new session. Threads: any; one lock, held for a look-up.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "broker/core/hub_core.h"

namespace nattevagt::broker {

class AdmissionTable {
 public:
  void admit(const CurvePublicKey& key, const Principal& principal, UtcTime not_after);
  void forget(const CurvePublicKey& key);
  // Nobody when the key is unknown, or `now` is at or past its end: a grant that expired while its row is
  // still here must not get in.
  std::optional<Principal> find(const CurvePublicKey& key, UtcTime now) const;
  std::size_t size() const;

 private:
  struct Row {
    Principal principal;
    UtcTime not_after;
  };
  mutable std::mutex mutex_;
  std::map<CurvePublicKey, Row> rows_;
};

}  // namespace nattevagt::broker
