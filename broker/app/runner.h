// The hub's life: reads the front, steps the core, has the records committed, lets the effects go.
//
// Threads: run() is the main thread and owns core, front and sessions; the commit thread (committer.h) owns
// the journal's write side; now and then one makes a snapshot (snapshot_maker.h); the ZAP handler reads the
// admission table; libzmq has two of its own.
//
// Invariants:
//  1. An effect leaves only after the record that it waits for is on disk: effects go through the commit
//     thread in the order the core gave them, and both it and this class check `after` (P-060).
//  2. When the journal cannot be written the core is not stepped at all. What it has already decided stays
//     in memory, is tried again in order until it is stored, and only then do its answers leave. So memory
//     and journal cannot part, and nothing is answered as stored that is not. Meanwhile new requests are
//     answered with Refused{kNoSpace or kStorage}, and after `answer_deadline` so are those that wait; such
//     a request may still be stored later: sent again under its own id it is the same entry (P-032, P-040).
//     Chosen over rebuilding the core from the journal, which would have to prove which of two states the
//     clients had seen.
//  3. The disk's last `disk_reserve_bytes` are for alerts, acts, acknowledgements and ladders: below that,
//     other writing is refused with kNoSpace.
//  4. SIGKILL at any moment is safe: nothing but the journal is durable, and it is written by whole
//     batches.
//  5. The reconciler looks at every open alert each second. The service manager and the outside watchdog
//     hear of us only when it has found nothing; what it finds is mended, logged, counted.
//  6. Queues are bounded: while a batch of kPendingRecordsMax, kPendingEffectsMax or kPendingBytesMax waits, the
//     front is not read, so libzmq and then TCP hold the senders back. One event may go over it by what it causes
//     (a message to 1,000 members).
//
// Ownership: a resource; all that the constructor is given outlives it.
#pragma once

#include <atomic>
#include <unordered_map>
#include <unordered_set>

#include "broker/app/committer.h"
#include "broker/app/snapshot_maker.h"
#include "broker/app/wake.h"
#include "broker/io/admission.h"
#include "broker/io/front.h"
#include "broker/io/log.h"
#include "broker/io/metrics.h"
#include "broker/io/ready.h"
#include "broker/io/watchdog.h"
#include "broker/io/zap.h"

namespace nattevagt::broker {

struct RunnerOptions {
  FrontOptions front;
  std::string disk_path;  // whose free space is watched
  std::uint64_t disk_reserve_bytes = 0;
  std::uint64_t memory_max_bytes = 0;  // 0: not watched
  std::uint64_t body_cache_bytes = 64 << 20;
  std::uint64_t snapshot_records = 200'000;
  std::uint64_t snapshot_bytes = 512 << 20;
  Millis snapshot_age = std::chrono::hours(24);  // P-038: what was deleted goes from the disk, on quiet days too
  Millis answer_deadline =
      std::chrono::seconds(5);  // P-060 and the client's 10 s: say it before they give up
  Millis drain_deadline = std::chrono::seconds(10);
  Millis audit_kept = std::chrono::hours(24 * 400);  // P-124
};

// How run() ended; the program's exit code.
enum class RunEnd : int {
  kDrained = 0,
  kDamaged = 70,  // the journal is damaged: a person must restore it
  kRestart = 75,  // memory past its limit, or the journal could not be written while draining: start again
};

class Runner {
 public:
  Runner(HubConfig hub, Journal& journal, const CurveSecretKey& curve, const SignKey& sign, Clock& clock,
         Entropy& entropy, const Log& log, const ServiceManager& manager, RunnerOptions options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Replays the journal, admits the known keys, tests the door, listens. Errors of the journal, HubCore and
  // Front.
  Status start();
  RunEnd run();          // until stop(), memory or damage
  void stop() noexcept;  // drain; from any thread or signal handler

  const std::string& endpoint() const { return front_->endpoint(); }
  // Published once a second when a server is given; before start().
  void set_metrics(MetricsServer* server) { metrics_server_ = server; }
  // Gets a beat each time that the reconciler has passed; before start().
  void set_watchdog(Watchdog* watchdog) { watchdog_ = watchdog; }
  MetricsValues metrics() const;                               // run()'s thread, or after it
  void check_invariants() const { core_.check_invariants(); }  // likewise

 private:
  static constexpr std::size_t kMessagesPerTurn = 512;
  static constexpr std::size_t kPendingRecordsMax = 4'096;
  // Each may be an old entry that the commit thread reads from the disk, and the next batch waits for that.
  static constexpr std::size_t kPendingEffectsMax = 8'192;
  static constexpr std::size_t kPendingBytesMax = 32 << 20;

  struct Session {
    std::unordered_set<std::uint64_t> waiting;  // requests without an answer (P-003, P-015)
    std::uint64_t entries_from = 0;             // entries of earlier steps are dropped (SendStalled)
  };

  // ---- The turn
  void wait_for_work();
  void turn();
  bool may_step() const { return !trouble_; }
  bool pending_full() const;
  // What is refused unread adds nothing to what waits.
  bool may_read() const { return !may_step() || !pending_full(); }
  void read_front();
  void handle(const FrontEvent& event);
  void defer(const FrontEvent& event);
  void handle_frame(SessionId id, ByteView bytes);
  std::optional<wire::ClientFrame> decode(SessionId id, ByteView bytes);
  std::optional<wire::Refused> why_refused(const Session& session, const wire::ClientFrame& frame);
  void step(const Event& event);

  // ---- The commit thread
  void submit_pending();
  void collect_committed();
  void collect_compaction();
  bool compaction_due() const;
  void begin_compaction();
  void end_compaction(const Status& how);
  void apply(Ready& ready, JournalIndex durable);
  void send(const ReadyFrame& frame);
  void stall(SessionId session);
  void refuse(SessionId session, std::uint64_t request, const wire::Refused& refused);

  // ---- Trouble, drain, watching
  void watch_trouble();
  void refuse_waiting(Errc code);
  void begin_drain(RunEnd end);
  bool drained();
  void watch_each_second();
  void watch_memory();
  void watch_queue();
  void watch_disk();
  void watch_clock();
  void watch_front();
  void watch_alerts();
  void watch_refused_alerts();
  void watch_duty();
  void hold(Outcome outcome);
  Status check_audit();
  void publish();

  Status replay();
  Status apply_started();

  Clock& clock_;
  Entropy& entropy_;
  Journal& journal_;
  const CurveSecretKey& curve_;
  const SignKey& sign_;
  const Log& log_;
  const ServiceManager& manager_;
  const RunnerOptions options_;
  HubCore core_;
  AdmissionTable table_;
  std::optional<SteadyUtc> line_;
  Wake wake_;  // outlives the threads that call it
  std::atomic<bool> stop_{false};

  zmq::Context context_;
  std::unique_ptr<ZapHandler> zap_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<SnapshotMaker> maker_;
  MetricsServer* metrics_server_ = nullptr;
  Watchdog* watchdog_ = nullptr;

  UtcTime now_;
  std::uint64_t step_count_ = 0;
  std::unordered_map<SessionId, Session> sessions_;
  std::vector<FrontEvent> arrived_;   // by the front; those before next_arrived_ are done
  std::size_t next_arrived_ = 0;
  std::vector<FrontEvent> deferred_;  // sessions opened and closed while the core may not be stepped
  bool more_to_read_ = false;
  Batch pending_;
  std::size_t pending_bytes_ = 0;

  std::optional<Errc> trouble_;
  UtcTime trouble_since_;
  bool space_low_ = false;
  bool draining_ = false;
  bool drain_told_ = false;
  UtcTime drain_since_;
  RunEnd end_ = RunEnd::kDrained;

  UtcTime next_watch_;
  UtcTime next_memory_alarm_;
  UtcTime next_queue_alarm_;
  bool queue_was_full_ = false;
  Millis alarmed_offset_{0};
  std::uint64_t accept_failures_told_ = 0;
  UtcTime settled_at_;  // when no alert was overdue
  std::uint64_t refused_alerts_told_ = 0;
  std::uint64_t degraded_told_ = 0;
  std::uint64_t watchdog_failures_told_ = 0;
  bool pause_told_ = false;
  std::uint64_t records_since_snapshot_ = 0;
  std::uint64_t bytes_since_snapshot_ = 0;
  UtcTime snapshot_at_;  // of the last one; before the first: of the first record
  bool compacting_ = false;  // from begin_compaction() on, until the commit thread is done with it
  std::optional<SnapshotMaker::Wanted> wanted_;  // when its record is on disk, the maker begins
  RunnerCounters counters_;
};

}  // namespace nattevagt::broker
