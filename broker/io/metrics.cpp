#include "broker/io/metrics.h"

#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <sstream>
#include <vector>

namespace nattevagt::broker {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void counter(const char* name, const char* help, std::uint64_t value) {
    ClientMetric metric;
    metric.counter.value = static_cast<double>(value);
    add(name, help, MetricType::Counter, std::move(metric));
  }
  void gauge(const char* name, const char* help, std::uint64_t value) {
    gauge_of(name, help, static_cast<double>(value));
  }
  void gauge_of(const char* name, const char* help, double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    add(name, help, MetricType::Gauge, std::move(metric));
  }
  void distribution(const char* name, const char* help, const Distribution& values) {
    ClientMetric metric;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Distribution::kSeconds.size(); ++i) {
      below += values.counts[i];
      metric.histogram.bucket.push_back({below, Distribution::kSeconds[i]});
    }
    metric.histogram.sample_count = below + values.counts.back();
    metric.histogram.sample_sum = values.sum;
    add(name, help, MetricType::Histogram, std::move(metric));
  }
  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  void add(const char* name, const char* help, MetricType type, ClientMetric metric) {
    families_.push_back({std::string("nattevagt_") + name, help, type, {std::move(metric)}});
  }
  std::vector<MetricFamily> families_;
};

void add_core(Families& out, const Counters& c) {
  out.gauge("devices", "Enrolled devices that are not revoked", c.devices);
  out.gauge("sessions", "Sessions the core knows", c.sessions);
  out.gauge("streams", "Conversations and inboxes", c.streams);
  out.gauge("entries_kept", "Entries that some cursor has not passed", c.entries_kept);
  out.gauge("alerts_open", "Alerts that nobody has closed or withdrawn, drills not counted", c.alerts_open);
  out.gauge("alerts_escalating", "Alerts whose ladder climbs", c.alerts_escalating);
  out.gauge("alerts_exhausted", "Alerts at the loud end: nobody has taken them", c.alerts_exhausted);
  out.gauge("alerts_overdue", "Alerts whose timer has passed and not fired", c.alerts_overdue);
  out.counter("alerts_raised_total", "Alerts stored, drills not counted", c.alerts_raised);
  out.counter("alerts_refused_full_total", "Alerts refused because their unit has too many open: act at once",
              c.alerts_refused_full);
  out.counter("alerts_mended_total", "Alerts that the reconciler made go on: a bug, report it", c.alerts_mended);
  out.counter("ladders_exhausted_total", "Ladders that came to their loud end, drills not counted: a case to look into",
              c.ladders_exhausted);
  out.gauge("drills_open", "Drills that nobody has closed or withdrawn", c.drills_open);
  out.counter("drills_raised_total", "Drills stored", c.drills_raised);
  out.counter("audit_lines_total", "Lines of the audit since its first", c.audit_lines);
  out.gauge("roles_watched", "Roles of a rota that somebody is, or soon comes, on duty in", c.roles_watched);
  out.gauge("roles_degraded", "Roles with nobody on duty who has checked in and is heard: look who is on duty",
            c.roles_degraded);
  out.counter("check_ins_total", "Shifts that somebody has checked in for since the start", c.check_ins);
  out.gauge("devices_low_on_key_packages", "Devices below the low mark", c.key_packages_low);
  out.counter("entries_appended_total", "Entries stored", c.appended);
  out.counter("entries_delivered_total", "Entries handed to sessions", c.delivered);
  out.counter("requests_refused_total", "Requests the core refused", c.refused);
  out.counter("sessions_stalled_total", "Sends that found a full queue", c.stalled);
  out.counter("technical_alarms_total", "Steps with nobody on duty or nobody reachable", c.technical_alarms);
}

void add_front(Families& out, const FrontCounters& c) {
  out.gauge("connections", "TCP connections, also half open ones", c.connections);
  out.gauge("front_sessions", "Connections that have spoken", c.sessions);
  out.counter("connections_accepted_total", "TCP connections accepted", c.accepted);
  out.counter("connections_accept_failed_total", "accept() failed: look at descriptors", c.accept_failed);
  out.counter("connections_ended_total", "TCP connections ended", c.disconnected);
  out.counter("handshakes_total", "CURVE handshakes that succeeded", c.handshakes);
  out.counter("handshakes_refused_total", "Keys that are not admitted", c.handshakes_refused);
  out.counter("handshakes_malformed_total", "Peers that do not speak ZMTP with CURVE",
              c.handshakes_malformed);
  out.counter("handshakes_abandoned_total", "Peers that did not finish in time", c.handshakes_abandoned);
  out.counter("frames_in_total", "Frames received", c.frames_in);
  out.counter("frames_out_total", "Frames handed to libzmq", c.frames_out);
  out.counter("bytes_in_total", "Bytes of frames received", c.bytes_in);
  out.counter("bytes_out_total", "Bytes of frames handed to libzmq", c.bytes_out);
  out.counter("multipart_refused_total", "Messages of several parts (P-001)", c.multipart_refused);
  out.counter("routing_id_refused_total", "Frames under a self-chosen routing id (P-012)",
              c.routing_id_refused);
  out.counter("unknown_user_refused_total", "Frames whose key is not admitted any more",
              c.unknown_user_refused);
  out.counter("closed_session_frames_total", "Frames on sessions that were closed", c.closed_dropped);
  out.counter("send_stalled_total", "Sends refused by a full queue", c.send_stalled);
  out.counter("send_gone_total", "Sends to connections that have gone", c.send_gone);
  out.counter("sessions_silent_total", "Sessions closed for silence", c.silent_closed);
  out.counter("listener_paused_total", "Times the listener was taken down at the cap", c.listener_paused);
}

void add_runner(Families& out, const RunnerCounters& c) {
  out.gauge("ready", "1 when the hub serves", c.ready);
  out.gauge("storage_failing", "1 while the journal cannot be written", c.storage_failing);
  out.gauge("space_low", "1 while the disk's reserve is touched: new content is refused", c.space_low);
  out.gauge("draining", "1 after SIGTERM", c.draining);
  out.gauge("journal_index", "Last durable record", c.journal_index);
  out.gauge("admitted_keys", "CURVE keys that may connect", c.admitted_keys);
  out.gauge("resident_bytes", "Resident memory", c.resident_bytes);
  out.gauge("memory_max_bytes", "The configured limit", c.memory_max_bytes);
  out.gauge("disk_free_bytes", "Free on the journal's file system", c.disk_free_bytes);
  out.gauge("descriptors_max", "File descriptors the process may have", c.descriptors_max);
  out.gauge_of("wall_clock_offset_seconds", "How far the wall clock has left the hub's time line",
               static_cast<double>(c.wall_offset_ms) / 1000);
  out.counter("reconciled_total", "Times that the reconciler found every open alert to have its one future",
              c.reconciled);
  out.counter("alert_faults_total", "Faults that the reconciler found: a bug, report it", c.alert_faults);
  out.gauge("alert_faults", "Faults that the reconciler found the last time", c.alert_faults_now);
  out.gauge("audit_broken", "1 when the stored audit did not end where the state says it does, at start",
            c.audit_broken);
  out.counter("watchdog_pings_total", "Pings that the outside watchdog answered", c.watchdog_pings);
  out.counter("watchdog_failed_total", "Pings that it did not answer", c.watchdog_failed);
  out.counter("commits_total", "Group commits", c.commits);
  out.counter("commits_failed_total", "Group commits that the disk refused, counting each try",
              c.commits_failed);
  out.counter("records_total", "Records stored", c.records);
  out.counter("compactions_total", "Snapshots stored", c.compactions);
  out.counter("compactions_failed_total", "Snapshots that the disk refused", c.compactions_failed);
  out.counter("frames_malformed_total", "Frames the codec refused", c.frames_malformed);
  out.counter("refused_storage_total", "Requests refused because the journal could not be written",
              c.refused_storage);
  out.counter("refused_in_flight_total", "Requests past the limit in flight (P-015)", c.refused_in_flight);
  out.counter("refused_draining_total", "Requests refused after SIGTERM", c.refused_draining);
  out.counter("receipts_total", "Receipts signed", c.receipts);
  out.counter("body_cache_hits_total", "Bodies sent from memory", c.body_cache_hits);
  out.counter("body_cache_misses_total", "Bodies read from the journal", c.body_cache_misses);
  out.counter("bodies_missing_total", "Bodies the journal did not have: a bug", c.bodies_missing);
  out.counter("zap_admitted_total", "Keys let in at the handshake", c.zap_admitted);
  out.counter("zap_refused_total", "Keys turned away at the handshake", c.zap_refused);
  out.distribution("commit_seconds", "Time of a group commit, synced", c.commit_seconds);
}

std::vector<MetricFamily> families_of(const MetricsValues& values) {
  Families out;
  add_core(out, values.core);
  add_front(out, values.front);
  add_runner(out, values.runner);
  return out.take();
}

}  // namespace

void Distribution::add(double seconds) noexcept {
  std::size_t at = 0;
  while (at < kSeconds.size() && seconds > kSeconds[at]) ++at;
  ++counts[at];
  sum += seconds;
}

std::string metrics_text(const MetricsValues& values) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_of(values));
  return out.str();
}

namespace {

class Published final : public prometheus::Collectable {
 public:
  std::vector<MetricFamily> Collect() const override {
    const std::scoped_lock lock(mutex_);
    return families_of(values_);
  }
  void set(const MetricsValues& values) {
    const std::scoped_lock lock(mutex_);
    values_ = values;
  }

 private:
  mutable std::mutex mutex_;
  MetricsValues values_;
};

}  // namespace

struct MetricsServer::Impl {
  explicit Impl(const std::string& address)
      : exposer({"listening_ports", address, "num_threads", "1", "request_timeout_ms", "5000"}) {
    exposer.RegisterCollectable(published);
  }
  std::shared_ptr<Published> published = std::make_shared<Published>();
  prometheus::Exposer exposer;
};

MetricsServer::MetricsServer() = default;
MetricsServer::~MetricsServer() = default;

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& address) {
  std::unique_ptr<MetricsServer> server(new MetricsServer());
  try {
    server->impl_ = std::make_unique<Impl>(address);
  } catch (const std::exception&) {  // civetweb's: the address is taken or malformed
    return fail(Errc::kUnavailable, "metrics listen");
  }
  return server;
}

void MetricsServer::publish(const MetricsValues& values) { impl_->published->set(values); }

int MetricsServer::port() const {
  const auto ports = impl_->exposer.GetListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

}  // namespace nattevagt::broker
