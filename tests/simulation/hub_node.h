// The hub as a process: the real HubCore, a journal on a disk that may forget what was not synced, and what
// the runner does around it (broker/app/runner.h): an effect leaves when its record is durable, receipts are
// signed, bodies are read from the journal, a snapshot makes the journal short.
//
// Ownership: a resource; base, host and oracles outlive it. Time is the simulation's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "broker/core/hub_core.h"
#include "tests/simulation/base.h"
#include "tests/simulation/draw.h"
#include "tests/simulation/mutants.h"
#include "tests/simulation/oracles.h"
#include "tests/simulation/virtual_clock.h"

namespace nattevagt::simulation {

class HubNode {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual void send(broker::SessionId session, wire::HubFrame frame) = 0;
    virtual void hang_up(broker::SessionId session, Errc reason) = 0;
    virtual void wake_hub(Millis at) = 0;
    virtual void sync_hub(Millis at) = 0;
    virtual bool hub_crashes_here() = 0;  // at this effect
    virtual void hub_crashed() = 0;
  };
  HubNode(const Base& base, Host& host, Oracles& oracles, Mutant mutant, std::uint64_t seed);

  void boot(Millis t, Millis wall_offset, std::int64_t ppm);
  void crash();  // what was not synced is kept in part
  bool up() const { return core_ != nullptr; }
  bool waits_for_disk() const { return sync_asked_ || !held_.empty(); }

  // 0: not admitted.
  broker::SessionId open(const CurvePublicKey& key, Millis t);
  void close(broker::SessionId session, Millis t);
  void receive(broker::SessionId session, ByteView frame, Millis t);
  // As the organisation of that device.
  void publish_revocation(int device, Millis t);
  void tick(Millis t);
  // The disk is asked to make durable what was written; false: it refused, and is asked again later.
  void sync(Millis t, bool works);

  const broker::HubCore& core() const { return *core_; }
  const std::vector<broker::Record>& journal() const { return journal_; }  // since the last snapshot
  const std::vector<KeptLine>& audit() const { return audit_; }            // since the night began

 private:
  void step(const broker::Event& event, Millis t);
  void take(broker::Outcome outcome, Millis t);
  void release(Millis t);
  void write_audit(broker::Record& record);
  static void leave_one_out(broker::Record& record);
  static void forget_armed(broker::Record& record);
  static void leave_one_signature(broker::Record& record);
  void let_go(broker::Effect& effect);
  void build_receipts(std::vector<broker::SendReceipt>& receipts);
  void schedule(Millis t);
  bool is_kept(broker::JournalIndex index) const;
  const Bytes& body(const broker::BodyRef& ref) const;

  const Base& base_;
  Host& host_;
  Oracles& oracles_;
  Mutant mutant_;
  SignKey sign_;
  Draw keep_, sync_draw_;
  std::unique_ptr<broker::HubCore> core_;
  VirtualClock clock_;

  // The disk
  std::optional<Bytes> snapshot_;  // none: the base's
  std::vector<broker::Record> journal_;  // after the snapshot, synced or not
  std::vector<KeptLine> audit_;
  broker::JournalIndex durable_ = 0;
  std::map<broker::JournalIndex, std::vector<Bytes>> bodies_;  // of this night; the base has older ones
  std::optional<std::vector<broker::JournalIndex>> live_;       // when the journal began anew: all that is kept
  std::vector<broker::JournalIndex> ends_;  // of outcomes since the last sync: where a crash may cut
  std::optional<std::pair<broker::JournalIndex, Digest>> before_crash_;

  std::vector<broker::Effect> held_;
  std::map<CurvePublicKey, broker::Principal> admitted_;
  broker::SessionId next_session_ = 1;
  std::vector<broker::SessionId> sessions_;
  bool sync_asked_ = false, dead_timer_ = false;
  std::set<MessageId> stored_once_;        // kStoreTwice
  std::map<DeviceId, Bytes> first_given_;  // kKeyPackageTwice
  std::optional<broker::SessionId> kept_back_;
};

}  // namespace nattevagt::simulation
