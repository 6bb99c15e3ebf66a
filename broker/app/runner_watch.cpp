// The runner's eyes: the disk, the memory, the clock, the door; and the way out.
#include <malloc.h>

#include <cstdlib>

#include "broker/app/life_signs.h"
#include "broker/app/runner.h"
#include "broker/core/reconciler.h"
#include "broker/io/process.h"

namespace nattevagt::broker {
namespace {

constexpr Millis kWatchEvery{1'000};
constexpr Millis kSameAlarmEvery = std::chrono::minutes(1);
constexpr Millis kClockAlarm = std::chrono::seconds(5);

}  // namespace

void Runner::watch_trouble() {
  counters_.commits_failed = committer_->failures();
  if (committer_->fatal()) {
    log_.alarm(LogEvent::kFault, {{LogField::kError, Errc::kCorrupt}});
    draining_ = drain_told_ = true;
    end_ = RunEnd::kDamaged;
    return;
  }
  const auto trouble = committer_->trouble(options_.answer_deadline);
  if (trouble && !trouble_) {
    trouble_since_ = now_;
    log_.alarm(LogEvent::kAppendFailed,
               {{LogField::kError, *trouble}, {LogField::kIndex, counters_.journal_index}});
    manager_.refusing();
  } else if (!trouble && trouble_) {
    log_.info(LogEvent::kAppendRecovered, {{LogField::kDurationMs, now_ - trouble_since_}});
    manager_.serving();
  }
  trouble_ = trouble;
  counters_.storage_failing = trouble_ ? 1 : 0;
  counters_.ready = trouble_ || draining_ ? 0 : 1;
  if (trouble_ && now_ - trouble_since_ >= options_.answer_deadline) refuse_waiting(*trouble_);
}

void Runner::refuse_waiting(Errc code) {
  wire::Refused refused;
  refused.code = code;
  refused.retry_after = kWatchEvery;
  for (auto& [id, session] : sessions_) {
    for (const std::uint64_t request : session.waiting) refuse(id, request, refused);
    counters_.refused_storage += session.waiting.size();
    session.waiting.clear();
  }
}

void Runner::begin_drain(RunEnd end) {
  draining_ = true;
  drain_since_ = now_;
  end_ = end;
  counters_.draining = 1;
  counters_.ready = 0;
  log_.info(LogEvent::kDraining, {{LogField::kCount, sessions_.size()}});
  manager_.stopping();
}

// True when all that was begun is on disk and answered, and the sessions were told goodbye.
bool Runner::drained() {
  if (!draining_) return false;
  if (end_ == RunEnd::kDamaged) return true;
  const bool flushed = pending_.empty() && committer_->free();
  if (flushed && drain_told_) return true;
  if (flushed) {
    drain_told_ = true;
    step(DrainBegins{});
    submit_pending();
    return false;
  }
  // The journal cannot be written: nothing of what waits was answered as stored.
  if (now_ - drain_since_ < options_.drain_deadline) return false;
  log_.alarm(LogEvent::kFault, {{LogField::kError, trouble_.value_or(Errc::kTimeout)},
                                {LogField::kRecords, pending_.records.size()}});
  end_ = RunEnd::kRestart;
  return true;
}

void Runner::watch_each_second() {
  next_watch_ = now_ + kWatchEvery;
  front_->watch(now_, arrived_);  // in the order in which things happened: after what was heard before
  watch_memory();
  watch_queue();
  watch_disk();
  watch_clock();
  watch_front();
  watch_refused_alerts();
  watch_duty();
  watch_alerts();
  publish();
}

// P-130, P-131. A hub that waits for its disk is watched by what it last decided: it hangs for no other
// reason, and a restart would not help it; the outside watchdog hears nothing meanwhile.
void Runner::watch_alerts() {
  // After a stop there may be more to move than one step does: that is work under way, unless it stays.
  if (may_step() && core_.counters().alerts_overdue == 0) settled_at_ = now_;
  if (may_step() && settled_at_ != now_ && now_ - settled_at_ < kOverdueMax) return;
  const auto faults = core_.find_faults(may_step() ? now_ : trouble_since_);
  ++(faults.empty() ? counters_.reconciled : counters_.alert_faults);
  if (!faults.empty()) counters_.alert_faults += faults.size() - 1;
  counters_.alert_faults_now = faults.size();
  for (const AlertFault& fault : faults) {
    log_.alarm(LogEvent::kAlertFault,
               {{LogField::kAlert, fault.alert}, {LogField::kKind, static_cast<int>(fault.kind)}});
  }
  if (!faults.empty()) {
    if (may_step() && !draining_) hold(core_.mend(faults, now_));
    log_.alarm(LogEvent::kAlertMended, {{LogField::kCount, core_.counters().alerts_mended}});
  }
  const LifeSigns signs = life_signs(faults.size(), may_step(), draining_);
  if (signs.manager) manager_.alive();
  if (watchdog_ == nullptr) return;
  if (signs.outside) watchdog_->beat();
  const WatchdogCounts counts = watchdog_->counts();
  counters_.watchdog_pings = counts.answered;
  counters_.watchdog_failed = counts.failed;
  if (counts.failed == watchdog_failures_told_) return;
  watchdog_failures_told_ = counts.failed;
  log_.alarm(LogEvent::kWatchdogFailed, {{LogField::kCount, counts.failed}});
}

// P-091: the one limit that can turn a call for help away is never met in silence.
void Runner::watch_refused_alerts() {
  const std::uint64_t refused = core_.counters().alerts_refused_full;
  if (refused == refused_alerts_told_) return;
  refused_alerts_told_ = refused;
  log_.alarm(LogEvent::kAlertRefused, {{LogField::kCount, refused}});
}

// P-186: which roles, the audit says.
void Runner::watch_duty() {
  const std::uint64_t degraded = core_.counters().roles_degraded;
  if (degraded == degraded_told_) return;
  if (degraded > degraded_told_) {
    log_.alarm(LogEvent::kDutyDegraded, {{LogField::kCount, degraded}});
  } else {
    log_.info(LogEvent::kDutyRecovered, {{LogField::kCount, degraded}});
  }
  degraded_told_ = degraded;
}

// Trap 4: an admitted peer can make libzmq hold a message without end, and no option stops it.
void Runner::watch_memory() {
  counters_.resident_bytes = resident_bytes();
  counters_.memory_max_bytes = options_.memory_max_bytes;
  if (options_.memory_max_bytes == 0 || draining_) return;
  if (counters_.resident_bytes > options_.memory_max_bytes) {
    log_.alarm(LogEvent::kMemoryRestart, {{LogField::kBytes, counters_.resident_bytes},
                                          {LogField::kBytesMax, options_.memory_max_bytes}});
    begin_drain(RunEnd::kRestart);
  } else if (counters_.resident_bytes > options_.memory_max_bytes / 20 * 17 && now_ >= next_memory_alarm_) {
    next_memory_alarm_ = now_ + kSameAlarmEvery;
    log_.alarm(LogEvent::kMemoryHigh, {{LogField::kBytes, counters_.resident_bytes},
                                       {LogField::kBytesMax, options_.memory_max_bytes}});
    malloc_trim(0);
  }
}

// Full twice a second apart: the disk takes less than what comes. A burst fills it for a moment.
void Runner::watch_queue() {
  const bool full = pending_full();
  if (full && queue_was_full_ && now_ >= next_queue_alarm_) {
    next_queue_alarm_ = now_ + kSameAlarmEvery;
    log_.alarm(LogEvent::kQueueFull, {{LogField::kRecords, pending_.records.size()},
                                      {LogField::kEffects, pending_.effects.size()},
                                      {LogField::kBytes, pending_bytes_}});
  }
  queue_was_full_ = full;
}

void Runner::watch_disk() {
  const auto free = free_bytes(options_.disk_path);
  counters_.disk_free_bytes = free.value_or(0);
  const bool low = free && *free < options_.disk_reserve_bytes;
  if (low != space_low_) {
    if (low) {
      log_.alarm(LogEvent::kSpaceLow,
                 {{LogField::kBytes, *free}, {LogField::kBytesMax, options_.disk_reserve_bytes}});
    } else {
      log_.info(LogEvent::kSpaceRecovered, {{LogField::kBytes, free.value_or(0)}});
    }
  }
  space_low_ = low;
  counters_.space_low = low ? 1 : 0;
}

// The wall clock moves no timer (P-052), but the times that people read come from it at the next start.
void Runner::watch_clock() {
  const Millis offset = line_->wall_offset();
  counters_.wall_offset_ms = offset.count();
  if (std::abs((offset - alarmed_offset_).count()) < kClockAlarm.count()) return;
  alarmed_offset_ = offset;
  log_.alarm(LogEvent::kClockJumped, {{LogField::kOffsetMs, offset}});
}

void Runner::watch_front() {
  const FrontCounters& front = front_->counters();
  if (front.accept_failed != accept_failures_told_) {
    accept_failures_told_ = front.accept_failed;
    log_.alarm(LogEvent::kAcceptFailed,
               {{LogField::kCount, front.accept_failed}, {LogField::kCountMax, descriptors_max()}});
  }
  if (front_->accepting() == pause_told_) {
    pause_told_ = !front_->accepting();
    if (pause_told_) {
      log_.alarm(LogEvent::kListenerPaused, {{LogField::kCount, front.connections},
                                             {LogField::kCountMax, options_.front.connections_max}});
    } else {
      log_.info(LogEvent::kListenerResumed, {{LogField::kCount, front.connections}});
    }
  }
}

void Runner::publish() {
  counters_.zap_admitted = zap_->admitted();
  counters_.zap_refused = zap_->refused();
  counters_.admitted_keys = table_.size();
  counters_.descriptors_max = descriptors_max();
  if (metrics_server_ != nullptr) metrics_server_->publish(metrics());
}

MetricsValues Runner::metrics() const { return {core_.counters(), front_->counters(), counters_}; }

}  // namespace nattevagt::broker
