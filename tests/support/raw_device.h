// Organisations and devices for system tests that speak the hub's protocol without MLS: the hub does not
// look inside `bytes`, so its promises can be tested at its own speed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client-lib/io/connection.h"
#include "proto/common/system.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "proto/wire/hub.h"

namespace nattevagt::testing {

struct TestPerson {
  PersonId id;
  std::optional<UnitId> unit;
  wire::HolderKind kind = wire::HolderKind::kPerson;
};

// An organisation with its keys, able to make grants and sign documents.
class TestOrganisation {
 public:
  TestOrganisation(std::string name, Entropy& entropy, Clock& clock);

  const wire::OrganisationCard& card() const { return card_; }
  const CurveSecretKey& curve_secret() const { return curve_; }
  wire::GrantLink grant(const TestPerson& person, const wire::HubPin& hub,
                        Millis valid_for = std::chrono::hours(1));
  wire::SignedDocument roster(std::uint64_t version, const wire::Roster& roster) const;
  wire::SignedDocument revoke(std::uint64_t version, std::vector<DeviceId> devices) const;
  wire::TrustedOrganisation trusted() const;

 private:
  std::string name_;
  Entropy& entropy_;
  Clock& clock_;
  SignKey sign_;
  CurveSecretKey curve_;
  SealKey directory_;
  wire::OrganisationCard card_;
};

// One connection that speaks frames. `reconnect` makes a new one with the same key.
class RawPeer {
 public:
  RawPeer(wire::HubPin hub, const CurveSecretKey& key);
  ~RawPeer();

  void reconnect();
  bool wait_up(Millis patience);  // false: refused or away
  std::optional<Errc> down_reason() const { return down_reason_; }
  std::uint64_t send(wire::Request request);  // 0 when the connection would not take it
  // Sends and waits for the answer with that number; pushes that come meanwhile go to `pushed`.
  std::optional<wire::Answer> call(wire::Request request, Millis patience = std::chrono::seconds(30));
  // Takes in what has come; answers go to `answers`, pushes to `pushed`.
  void pump(Millis wait);

  std::map<std::uint64_t, wire::Answer> answers;
  std::deque<wire::Answer> pushed;
  bool up = false;
  client::Connection& connection() { return *connection_; }

 private:
  SystemClock clock_;
  SystemEntropy entropy_;
  wire::HubPin hub_;
  CurveSecretKey key_;
  std::unique_ptr<client::Connection> connection_;
  std::optional<Errc> down_reason_;
  std::uint64_t next_request_ = 1;
};

// A device with its keys; enrolled by enrol().
class RawDevice {
 public:
  RawDevice(wire::HubPin hub, Entropy& entropy, Clock& clock);

  // Enrols on the grant's key; the answer of the hub (Accepted, or Refused with why).
  std::optional<wire::Answer> enrol(const wire::GrantLink& link);
  bool hello(Millis patience = std::chrono::seconds(30));  // connects when needed, says Hello
  RawPeer& peer() { return *peer_; }
  DeviceId id() const { return wire::device_id(sign_.public_key(), curve_public_key(curve_)); }
  const wire::Certificate& certificate() const { return certificate_; }
  const CurveSecretKey& curve() const { return curve_; }

 private:
  wire::HubPin hub_;
  Clock& clock_;
  SignKey sign_;
  CurveSecretKey curve_;
  wire::Certificate certificate_;
  std::unique_ptr<RawPeer> peer_;
};

// Keeps what a device was given of one stream and checks it as it comes: seq without gaps, chain right.
// A repeat of what it has is dropped; an entry that differs from what it has, or a gap, is a fault.
class StreamChecker {
 public:
  StreamChecker(ConversationId stream, std::optional<DeviceId> inbox_owner, std::uint64_t seq = 0,
                std::optional<Digest> chain = {});
  // Nothing, or what is wrong.
  std::optional<std::string> take(const wire::Entry& entry);
  std::uint64_t seq() const { return seq_; }
  const std::vector<wire::Entry>& entries() const { return entries_; }

 private:
  ConversationId stream_;
  std::uint64_t first_ = 0;
  std::uint64_t seq_ = 0;
  Digest chain_{};
  std::vector<wire::Entry> entries_;
};

}  // namespace nattevagt::testing
