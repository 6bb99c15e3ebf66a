// The real hub core with everything around it in memory: a journal that is a vector, connections that are
// queues, one clock that stands still until a test (or a waiting client) moves it. Single-threaded and
// deterministic.
//
// A test can make the hub lie: `tamper` sees each frame on its way to a device, and may change, drop or
// multiply it; `overhear` sees each request.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "broker/core/hub_core.h"
#include "client-lib/io/connection.h"
#include "proto/common/clock.h"
#include "proto/common/entropy.h"
#include "proto/wire/hub.h"

namespace nattevagt::testing {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(UtcTime start) : now_(start) {}
  Millis monotonic() override { return now_.time_since_epoch(); }
  UtcTime wall() override { return now_; }
  void advance(Millis by) { now_ += by; }
  UtcTime now() const { return now_; }

 private:
  UtcTime now_;
};

class MemoryHub {
 public:
  MemoryHub(std::vector<wire::OrganisationCard> organisations, ManualClock& clock, Entropy& entropy);
  ~MemoryHub();

  const wire::HubPin& pin() const { return pin_; }
  std::unique_ptr<client::Connection> connection();
  // As the organisation that `card` names, over a session of its own. The answer.
  wire::Answer as_organisation(const wire::OrganisationCard& card, wire::Request request);

  void run();      // lets timers fire
  void restart();  // a new core from the journal; all connections drop
  // As restored from a backup that holds the first `records` of the journal.
  void restore(std::size_t records);

  // false: no device gets through (a network that is away); those connected drop.
  void set_reachable(bool reachable);
  // From now on the device's frames to the hub vanish, although its link is up.
  void set_deaf_to(DeviceId device, bool deaf) { deaf_[device] = deaf; }

  // Gives the frames that go out in place of this one.
  using Tamper = std::function<std::vector<wire::HubFrame>(DeviceId to, wire::HubFrame frame)>;
  Tamper tamper;
  std::function<void(DeviceId from, const wire::ClientFrame&)> overhear;

  // Past tamper, to the device's session.
  void inject(DeviceId to, const wire::HubFrame& frame);
  void inject_bytes(DeviceId to, Bytes frame);

  const broker::HubCore& core() const { return *core_; }
  const SignKey& sign_key() const { return sign_; }
  const std::vector<broker::Record>& journal() const { return journal_; }
  const broker::HubConfig& config() const { return config_; }
  std::size_t frames_to_hub = 0;

 private:
  friend class MemoryConnection;
  struct Session {
    class MemoryConnection* connection = nullptr;  // nullptr: the organisation's
    broker::Principal principal;
  };
  std::unique_ptr<broker::HubCore> fresh_core() const;
  void apply(broker::Outcome outcome);
  void apply(broker::Effect& effect);
  void deliver(broker::SessionId session, wire::HubFrame frame);
  const Bytes& body(broker::BodyRef ref) const;
  void receive(broker::SessionId session, ByteView frame);
  broker::SessionId open(MemoryConnection* connection, const CurvePublicKey& key);
  void close(broker::SessionId session);

  ManualClock& clock_;
  SignKey sign_;
  CurveSecretKey curve_;
  wire::HubPin pin_;
  broker::HubConfig config_;
  std::vector<broker::Record> journal_;
  std::unique_ptr<broker::HubCore> core_;
  std::map<CurvePublicKey, broker::Principal> admitted_;
  std::map<broker::SessionId, Session> sessions_;
  std::map<DeviceId, bool> deaf_;
  std::vector<wire::Answer> organisation_answers_;
  std::vector<MemoryConnection*> connections_;
  broker::SessionId next_session_ = 1;
  bool reachable_ = true;
};

}  // namespace nattevagt::testing
