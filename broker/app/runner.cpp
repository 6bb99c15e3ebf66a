#include "broker/app/runner.h"

#include <algorithm>
#include <charconv>

#include "broker/io/process.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

constexpr Millis kBusyRetry{100};
constexpr Millis kStorageRetry{1'000};
constexpr int kIoThreads = 2;    // one encrypts for one fan-out while the other reads
constexpr int kSocketsMax = 32;  // our own: the front, the ZAP handler, monitors; connections do not count
constexpr int kGoodbyeLingerMs = 1'000;
constexpr std::uint64_t kMemoryPartToFold = 3;  // below a third of the limit there is room for the state twice

// What waits when the disk's reserve is touched: an alert, its acts and its ladder still go through.
bool is_deferrable(const wire::Request& body) {
  const auto* raise = std::get_if<wire::Raise>(&body);
  return (raise != nullptr && raise->drill) || std::holds_alternative<wire::Append>(body) ||
         std::holds_alternative<wire::PublishKeyPackages>(body) ||
         std::holds_alternative<wire::Enrol>(body) || std::holds_alternative<wire::AnnounceGrant>(body) ||
         std::holds_alternative<wire::PublishDocument>(body);
}

wire::Refused refused_with(Errc code, Millis retry_after = {}) {
  wire::Refused refused;
  refused.code = code;
  refused.retry_after = retry_after;
  return refused;
}

int port_of(std::string_view endpoint) {
  endpoint.remove_prefix(endpoint.rfind(':') + 1);
  int port = 0;
  std::from_chars(endpoint.data(), endpoint.data() + endpoint.size(), port);
  return port;
}

std::size_t bytes_of(const Record& record) {
  std::size_t bytes = record.meta.size();
  for (const Bytes& body : record.bodies) bytes += body.size();
  for (const wire::AuditLine& line : record.audit) bytes += line.text.size();
  return bytes;
}

}  // namespace

Runner::Runner(HubConfig hub, Journal& journal, const CurveSecretKey& curve, const SignKey& sign,
               Clock& clock, Entropy& entropy, const Log& log, const ServiceManager& manager,
               RunnerOptions options)
    : clock_(clock),
      entropy_(entropy),
      journal_(journal),
      curve_(curve),
      sign_(sign),
      log_(log),
      manager_(manager),
      options_(std::move(options)),
      core_(hub),
      maker_(std::make_unique<SnapshotMaker>(journal, std::move(hub), wake_)) {
  context_.set(ZMQ_IO_THREADS, kIoThreads);
  context_.set(ZMQ_MAX_SOCKETS, kSocketsMax);
}

Runner::~Runner() {
  // Before the descriptor that they write to goes.
  maker_.reset();
  committer_.reset();
  front_.reset();
  zap_.reset();
}

Status Runner::start() {
  NV_TRYV(replay());
  line_.emplace(clock_, core_.last_time());
  now_ = line_->now();
  if (core_.last_index() == 0) snapshot_at_ = now_;
  // Receipts of another century would be refused by every client.
  if (now_ < limits::kTimeMin || now_ >= limits::kTimeEnd)
    return fail(Errc::kInvalidValue, "machine's clock");
  NV_TRYV(check_audit());
  NV_TRYV(apply_started());
  zap_ = std::make_unique<ZapHandler>(context_, table_, [this] { return line_->now(); });
  NV_TRY(front_, Front::open(context_, curve_, table_, options_.front, entropy_));
  committer_ =
      std::make_unique<Committer>(journal_, sign_, core_.last_index(), options_.body_cache_bytes, wake_);
  next_watch_ = settled_at_ = now_;
  return {};
}

Status Runner::replay() {
  const Millis begin = clock_.monotonic();
  NV_TRY(const auto snapshot, journal_.load_snapshot());
  if (snapshot) NV_TRYV(core_.restore(snapshot->bytes));
  snapshot_at_ = core_.last_time();
  NV_TRYV(journal_.read_from(snapshot ? snapshot->index : 0, [this](const Record& record) -> Status {
    if (core_.last_index() == 0) snapshot_at_ = record.at;
    ++records_since_snapshot_;
    bytes_since_snapshot_ += bytes_of(record);
    return core_.replay(record);
  }));
  counters_.journal_index = core_.last_index();
  log_.info(LogEvent::kReplayed, {{LogField::kRecords, records_since_snapshot_},
                                  {LogField::kIndex, core_.last_index()},
                                  {LogField::kDurationMs, clock_.monotonic() - begin}});
  return {};
}

// The lines that are kept must lead to where the state says that the audit stands. If not, somebody has changed
// the journal's file (or it is from before the audit): told, and served all the same, since alerts come first.
Status Runner::check_audit() {
  NV_TRY(const auto end, journal_.audit_end());
  const wire::AuditPoint point = core_.audit_point();
  if (!end || *end == point) return {};
  counters_.audit_broken = 1;
  log_.alarm(LogEvent::kAuditBroken, {{LogField::kIndex, end->seq}, {LogField::kCount, point.seq}});
  return journal_.begin_audit(point);
}

// Nobody is connected, so the only effects are the keys to admit; they are in place before the door opens.
Status Runner::apply_started() {
  Outcome outcome = core_.started(now_);
  if (!outcome.records.empty()) NV_TRYV(journal_.append(outcome.records));
  counters_.journal_index = core_.last_index();
  for (const Effect& effect : outcome.effects) {
    if (const auto* admit = std::get_if<AdmitKey>(&effect))
      table_.admit(admit->key, admit->principal, admit->not_after);
    if (const auto* forget = std::get_if<ForgetKey>(&effect)) table_.forget(forget->key);
  }
  return {};
}

void Runner::stop() noexcept {
  stop_.store(true, std::memory_order_release);
  wake_.call();
}

RunEnd Runner::run() {
  counters_.ready = 1;
  log_.info(LogEvent::kReady, {{LogField::kDevices, core_.counters().devices},
                               {LogField::kStreams, core_.counters().streams},
                               {LogField::kAlertsOpen, core_.counters().alerts_open},
                               {LogField::kProtocol, wire::kProtocolVersion},
                               {LogField::kPort, port_of(front_->endpoint())}});
  manager_.ready();
  while (!drained()) {
    wait_for_work();
    turn();
  }
  counters_.ready = 0;
  log_.info(LogEvent::kStopped, {{LogField::kIndex, core_.last_index()}});
  front_->flush_on_close(kGoodbyeLingerMs);
  return end_;
}

void Runner::wait_for_work() {
  zmq_pollitem_t items[] = {{nullptr, wake_.descriptor(), ZMQ_POLLIN, 0},
                            {front_->monitor(), 0, ZMQ_POLLIN, 0},
                            {front_->socket(), 0, ZMQ_POLLIN, 0}};
  const bool reading = may_read();
  UtcTime until = next_watch_;
  if (may_step()) until = std::min(until, core_.next_deadline());
  const UtcTime now = line_->now();
  long wait = until <= now ? 0 : static_cast<long>((until - now).count());
  if ((more_to_read_ || next_arrived_ < arrived_.size()) && reading) wait = 0;
  // EINTR is a signal, which has set stop_.
  NV_CHECK(zmq_poll(items, reading ? 3 : 2, wait) >= 0 || errno == EINTR);
  wake_.clear();
}

void Runner::turn() {
  now_ = line_->now();
  if (stop_.load(std::memory_order_acquire) && !draining_) begin_drain(RunEnd::kDrained);
  collect_committed();
  watch_trouble();
  if (may_read()) read_front();
  if (may_step() && core_.next_deadline() <= now_) step(Tick{});
  if (now_ >= next_watch_) watch_each_second();
  submit_pending();
}

bool Runner::pending_full() const {
  return pending_.records.size() >= kPendingRecordsMax ||
         pending_.effects.size() >= kPendingEffectsMax || pending_bytes_ >= kPendingBytesMax;
}

void Runner::read_front() {
  if (may_step() && !deferred_.empty()) {
    const auto deferred = std::exchange(deferred_, {});
    for (const FrontEvent& event : deferred) handle(event);
  }
  if (next_arrived_ == arrived_.size()) {
    arrived_.clear();
    next_arrived_ = 0;
    more_to_read_ = front_->receive(now_, kMessagesPerTurn, arrived_);
  }
  while (next_arrived_ < arrived_.size() && may_read()) handle(arrived_[next_arrived_++]);
}

void Runner::handle(const FrontEvent& event) {
  if (const auto* frame = std::get_if<FrontFrame>(&event)) return handle_frame(frame->session, frame->bytes);
  if (draining_) return;
  if (!may_step()) return defer(event);
  if (const auto* opened = std::get_if<FrontOpened>(&event)) {
    sessions_.try_emplace(opened->session);
    step(SessionOpened{opened->session, opened->principal});
  } else if (const auto* closed = std::get_if<FrontClosed>(&event)) {
    if (sessions_.erase(closed->session) != 0) step(SessionClosed{closed->session});
  }
}

// At most one event a session: one that opens and closes meanwhile never was.
void Runner::defer(const FrontEvent& event) {
  if (const auto* closed = std::get_if<FrontClosed>(&event)) {
    const auto same = std::find_if(deferred_.begin(), deferred_.end(), [&](const FrontEvent& other) {
      const auto* opened = std::get_if<FrontOpened>(&other);
      return opened != nullptr && opened->session == closed->session;
    });
    if (same != deferred_.end()) {
      deferred_.erase(same);
      return;
    }
  }
  deferred_.push_back(event);
}

void Runner::handle_frame(SessionId id, ByteView bytes) {
  auto frame = decode(id, bytes);
  if (!frame) return;
  const bool answered = !std::holds_alternative<wire::Ack>(frame->body);
  const auto session = sessions_.find(id);
  static const Session kUnopened;  // while the core may not be stepped
  if (const auto refused = why_refused(session == sessions_.end() ? kUnopened : session->second, *frame)) {
    if (answered) refuse(id, frame->request, *refused);
    return;
  }
  if (session == sessions_.end()) return;  // closed by the core in this turn
  if (answered && frame->request != 0 && !session->second.waiting.insert(frame->request).second) {
    // The same number while the first is unanswered: P-003 allows one answer, and that is on its way.
    ++counters_.frames_malformed;
    return;
  }
  step(SessionRequest{id, std::move(*frame)});
}

std::optional<wire::ClientFrame> Runner::decode(SessionId id, ByteView bytes) {
  auto frame = wire::decode_client_frame(bytes);
  if (frame) return std::move(*frame);
  ++counters_.frames_malformed;
  const std::uint64_t request = wire::request_number(bytes);
  if (request != 0) refuse(id, request, refused_with(frame.error().code));
  return std::nullopt;
}

std::optional<wire::Refused> Runner::why_refused(const Session& session, const wire::ClientFrame& frame) {
  if (draining_) {
    ++counters_.refused_draining;
    return refused_with(Errc::kUnavailable, kStorageRetry);
  }
  if (trouble_) {
    ++counters_.refused_storage;
    return refused_with(*trouble_, kStorageRetry);
  }
  if (space_low_ && is_deferrable(frame.body)) {
    ++counters_.refused_storage;
    return refused_with(Errc::kNoSpace, kStorageRetry);
  }
  const bool answered = !std::holds_alternative<wire::Ack>(frame.body);  // an Ack makes less work, not more
  if (answered && session.waiting.size() >= limits::kRequestsInFlightPerDevice) {
    ++counters_.refused_in_flight;
    return refused_with(Errc::kBusy, kBusyRetry);
  }
  return std::nullopt;
}

void Runner::step(const Event& event) {
  hold(core_.step(event, now_));
}

void Runner::hold(Outcome outcome) {
  ++step_count_;
  for (Record& record : outcome.records) {
    pending_bytes_ += bytes_of(record);
    pending_.records.push_back(std::move(record));
  }
  for (Effect& effect : outcome.effects) pending_.effects.push_back({step_count_, std::move(effect)});
}

void Runner::submit_pending() {
  if (!committer_->free()) return;
  records_since_snapshot_ += pending_.records.size();
  bytes_since_snapshot_ += pending_bytes_;
  pending_bytes_ = 0;
  if (compaction_due()) begin_compaction();
  // When all effects of up to there are built: what they need has been read (committer.h, invariant 4).
  if (wanted_ && counters_.journal_index >= wanted_->index) maker_->begin(*std::exchange(wanted_, std::nullopt));
  if (!pending_.empty()) committer_->submit(std::exchange(pending_, {}));
}

bool Runner::compaction_due() const {
  if (draining_ || compacting_ || records_since_snapshot_ == 0) return false;
  return records_since_snapshot_ >= options_.snapshot_records ||
         bytes_since_snapshot_ >= options_.snapshot_bytes || now_ - snapshot_at_ >= options_.snapshot_age;
}

// The state as it is now, which includes all that is pending.
void Runner::begin_compaction() {
  compacting_ = true;
  records_since_snapshot_ = 0;
  bytes_since_snapshot_ = 0;
  snapshot_at_ = now_;
  const std::uint64_t resident = resident_bytes();
  if (options_.memory_max_bytes == 0 || resident < options_.memory_max_bytes / kMemoryPartToFold) {
    wanted_ = {core_.last_index(), core_.audit_point()};
    return;
  }
  // The state would be there twice, and the hub near its limit: better a moment in which it does nothing else.
  pending_.compaction = Compaction{
      {core_.last_index(), core_.snapshot()}, core_.live_records(), now_ - options_.audit_kept};
}

void Runner::end_compaction(const Status& how) {
  compacting_ = false;
  ++(how ? counters_.compactions : counters_.compactions_failed);
  if (how) {
    log_.info(LogEvent::kCompacted, {{LogField::kIndex, counters_.journal_index}});
  } else {
    log_.alarm(LogEvent::kCompactFailed, {{LogField::kError, how.error().code}});
  }
}

void Runner::collect_compaction() {
  if (const auto compacted = committer_->take_compaction()) end_compaction(*compacted);
  if (auto made = maker_->take(); made && !draining_) {
    if (!*made) return end_compaction(fail((*made).error().code, "snapshot"));
    pending_.compaction = std::move(**made);
    pending_.compaction->audit_from = now_ - options_.audit_kept;
  }
}

void Runner::collect_committed() {
  collect_compaction();
  auto committed = committer_->take();
  if (!committed) return;
  counters_.journal_index = committed->durable;
  // The next batch first: the disk works while we send.
  submit_pending();
  counters_.records += committed->records;
  if (committed->records != 0) {
    ++counters_.commits;
    counters_.commit_seconds.add(committed->seconds);
  }
  counters_.receipts += committed->counts.receipts;
  counters_.body_cache_hits += committed->counts.cache_hits;
  counters_.body_cache_misses += committed->counts.cache_misses;
  counters_.bodies_missing += committed->counts.bodies_missing;
  for (Ready& ready : committed->ready) apply(ready, committed->durable);
}

void Runner::apply(Ready& ready, JournalIndex durable) {
  if (const auto* frame = std::get_if<ReadyFrame>(&ready)) {
    NV_CHECK(frame->after <= durable);  // P-060, the second of two places
    send(*frame);
  } else if (const auto* unreadable = std::get_if<Unreadable>(&ready)) {
    log_.alarm(LogEvent::kBodyMissing, {{LogField::kSession, unreadable->session}});
    const auto session = sessions_.find(unreadable->session);
    if (session != sessions_.end() && unreadable->step >= session->second.entries_from)
      stall(unreadable->session);
  } else if (const auto* close = std::get_if<CloseSession>(&ready)) {
    front_->close_session(close->session);
    sessions_.erase(close->session);
  } else if (const auto* admit = std::get_if<AdmitKey>(&ready)) {
    table_.admit(admit->key, admit->principal, admit->not_after);
  } else if (const auto* forget = std::get_if<ForgetKey>(&ready)) {
    table_.forget(forget->key);
  }
}

void Runner::send(const ReadyFrame& frame) {
  const auto found = sessions_.find(frame.session);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  if (frame.is_entry && frame.step < session.entries_from) return;
  // Not waiting any more: it was answered as refused while the disk would not take it.
  if (frame.request != 0 && session.waiting.erase(frame.request) == 0) return;
  const Sent sent = front_->send(frame.session, frame.bytes);
  // An answer that finds a full queue is lost like one that a dying connection swallows: the client asks
  // again under the same id. An entry goes back to the core, which keeps its place (trap 6).
  if (sent == Sent::kStalled && frame.is_entry) stall(frame.session);
}

void Runner::stall(SessionId session) {
  sessions_[session].entries_from = step_count_ + 1;
  step(SendStalled{session});
}

void Runner::refuse(SessionId session, std::uint64_t request, const wire::Refused& refused) {
  wire::HubFrame frame;
  frame.request = request;
  frame.body = refused;
  front_->send(session, std::make_shared<const Bytes>(wire::encode(frame)));
}

}  // namespace nattevagt::broker
