// The organisation's own connection to the hub: ask, wait, answer. One request at a time.
#pragma once

#include <vector>

#include "client-lib/io/connection.h"
#include "proto/common/clock.h"
#include "proto/wire/hub.h"

namespace nattevagt::client {

class HubTool {
 public:
  // Waits for the link and says Hello. kUntrusted: the hub does not know the organisation, or it is not the
  // pinned one. kUnavailable, kTimeout. `connection` and `clock` outlive the object.
  static Result<HubTool> connect(Connection& connection, Clock& clock, const wire::HubPin& hub,
                                 const CurveSecretKey& key, Millis patience);

  Status announce(const wire::SignedGrant& grant);
  Status publish(const wire::SignedDocument& document);
  Status lift(const wire::SignedLift& lift);  // P-195
  Result<std::vector<wire::SignedDocument>> documents();  // the newest of all organisations
  Result<std::vector<wire::Devices::Item>> devices();     // the organisation's own
  // Where the hub's audit stands, in its signed receipt (P-123). kNotFound: it has no line yet. kBadSignature.
  Result<wire::AuditPoint> audit_point();
  std::uint64_t version_at_hub(OrganisationId organisation, wire::DocumentKind kind) const;

 private:
  HubTool(Connection& connection, Clock& clock, Millis patience)
      : connection_(&connection), clock_(&clock), patience_(patience) {}
  Result<wire::Answer> ask(wire::Request request);

  SignPublicKey hub_key_;
  Connection* connection_;
  Clock* clock_;
  Millis patience_;
  std::uint64_t last_request_ = 0;
  std::vector<wire::DocumentVersion> versions_;
};

}  // namespace nattevagt::client
