#include "broker/core/hub_core.h"

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

#include "broker/core/hub_state.h"
#include "broker/core/reconciler.h"
#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

// What the sender does not wait for the disk to hear: nothing durable is told by it.
bool is_plain(Errc code) {
  return code == Errc::kUpgradeRequired || code == Errc::kNotPermitted || code == Errc::kUnsupported ||
         code == Errc::kUnavailable || code == Errc::kInvalidValue || code == Errc::kTooLarge;
}

// P-011.
bool may_send(const Principal& principal, const wire::Request& body) {
  if (std::holds_alternative<GrantPrincipal>(principal)) {
    return std::holds_alternative<wire::Hello>(body) || std::holds_alternative<wire::Enrol>(body);
  }
  const bool lifts = std::holds_alternative<wire::LiftSuspension>(body);
  const bool of_organisation = std::holds_alternative<wire::AnnounceGrant>(body) ||
                               std::holds_alternative<wire::PublishDocument>(body) ||
                               std::holds_alternative<wire::ListDevices>(body);
  if (std::holds_alternative<OrganisationPrincipal>(principal)) {
    return of_organisation || lifts || std::holds_alternative<wire::Hello>(body) ||
           std::holds_alternative<wire::GetAuditPoint>(body) || std::holds_alternative<wire::Ping>(body) ||
           std::holds_alternative<wire::GetDocuments>(body);
  }
  return !of_organisation && !std::holds_alternative<wire::Enrol>(body);
}

}  // namespace

HubCore::State::State(HubConfig given)
    : config(std::move(given)),
      directory(config.organisations),
      streams(directory),
      sessions(directory, streams),
      alerts(directory, *this) {}

// ---- OnCall

// P-185: a role that is degraded is answered by its backup and by the next step as well.
std::vector<DeviceNumber> HubCore::State::armed_for(std::span<const wire::Target> targets,
                                                    std::span<const wire::Target> next) const {
  std::set<DeviceNumber> devices;
  bool armed = false;
  for (const wire::Target& target : targets) {
    const RoleId role{target.id.bytes};
    if (target.kind != wire::TargetKind::kRole || !duty.degraded(role)) continue;
    armed = true;
    directory.add_backup_devices_of(role, now, devices);
  }
  if (!armed) return {};
  for (const DeviceNumber device : devices_of(next)) devices.insert(device);
  return {devices.begin(), devices.end()};
}

std::vector<DeviceNumber> HubCore::State::devices_of(std::span<const wire::Target> targets) const {
  std::set<DeviceNumber> devices;
  for (const wire::Target& target : targets) {
    std::set<DeviceNumber> theirs;
    directory.add_devices_of(target, now, theirs);
    if (silent(target, theirs)) directory.add_backup_devices_of(RoleId{target.id.bytes}, now, theirs);
    devices.merge(theirs);
  }
  return {devices.begin(), devices.end()};
}

// P-108: a role that a rota fills, and nobody who answers for it can be reached.
bool HubCore::State::silent(const wire::Target& target, const std::set<DeviceNumber>& devices) const {
  if (target.kind != wire::TargetKind::kRole || !directory.in_rota(RoleId{target.id.bytes})) return false;
  return std::all_of(devices.begin(), devices.end(),
                     [&](DeviceNumber device) { return away_at(device) <= now; });
}

bool HubCore::State::degraded(std::span<const wire::Target> targets) const {
  return std::any_of(targets.begin(), targets.end(), [&](const wire::Target& target) {
    if (target.kind != wire::TargetKind::kRole) return false;
    std::set<DeviceNumber> devices;
    directory.add_devices_of(target, now, devices);
    const RoleId role{target.id.bytes};
    return silent(target, devices) || duty.degraded(role) || directory.gap_at(role, now);
  });
}

UtcTime HubCore::State::away_at(DeviceNumber number) const {
  const Device& device = directory.device(number);
  if (device.revoked || device.suspended) return UtcTime::min();
  if (device.connected) return kNever;
  // Before started() nobody is away: every device will count as just seen (P-045).
  if (!started) return kNever;
  return device.seen_at == UtcTime::min() ? UtcTime::min() : device.seen_at + limits::kReachableGrace;
}

PersonId HubCore::State::person_of(DeviceNumber number) const {
  return directory.device(number).identity.person;
}

// ---- What goes out

JournalIndex HubCore::State::emit(Fact fact, std::vector<Bytes> bodies) {
  Record record;
  record.index = last_index + 1;
  record.at = now;
  record.meta = encode(fact);
  record.bodies = std::move(bodies);
  last_index = record.index;
  last_time = now;
  const Status applied =
      std::visit([&](const auto& value) { return apply(value, Place{record.index, record.at}); }, fact);
  NV_CHECK(applied.has_value());  // what a handler decided fits the state it was decided on
  record.audit = note(fact, record.index, record.at);
  out.records.push_back(std::move(record));
  return last_index;
}

// P-121: what was applied, as lines of the chain. Replay comes here too, so that the chain is the same.
std::vector<wire::AuditLine> HubCore::State::note(const Fact& fact, JournalIndex index, UtcTime at) {
  std::vector<wire::AuditLine> lines;
  for (std::string& text : audit_texts(fact, index, at, {directory, alerts, duty, revoked_now, suspension_news})) {
    audit.seq += 1;
    audit.chain = wire::audit_chain_next(audit.chain, audit.seq, sha256(as_bytes(text)));
    lines.push_back({audit.seq, at, std::move(text), audit.chain});
  }
  return lines;
}

void HubCore::State::answer(const Session& session, std::uint64_t request, wire::Answer body,
                            JournalIndex after) {
  out.effects.push_back(SendFrame{after, session.id, {wire::kProtocolVersion, request, std::move(body)}});
}

void HubCore::State::push(const Session& session, wire::Answer body, JournalIndex after) {
  answer(session, 0, std::move(body), after);
}

void HubCore::State::refuse(const Session& session, std::uint64_t request, wire::Refused refused) {
  counters.refused += 1;
  const JournalIndex after = is_plain(refused.code) ? 0 : last_index;
  answer(session, request, refused, after);
}

void HubCore::State::refuse(const Session& session, std::uint64_t request, Errc code) {
  wire::Refused refused;
  refused.code = code;
  if (code == Errc::kBusy) refused.retry_after = kQuotaRetry;
  refuse(session, request, refused);
}

void HubCore::State::receipt(const Session& session, std::uint64_t request, wire::ReceiptLeaf leaf,
                             JournalIndex after) {
  out.effects.push_back(SendReceipt{after, session.id, request, leaf});
}

// ---- Sessions

std::optional<Errc> HubCore::State::why_not_admitted(const Principal& principal) const {
  if (const auto* grant = std::get_if<GrantPrincipal>(&principal)) {
    const KnownGrant* known = directory.grant(grant->grant);
    if (known == nullptr) return Errc::kNotPermitted;
    return known->grant.not_after < now ? std::optional(Errc::kExpired) : std::nullopt;
  }
  if (const auto* organisation = std::get_if<OrganisationPrincipal>(&principal)) {
    if (directory.organisation(organisation->organisation) == nullptr) return Errc::kNotPermitted;
    return std::nullopt;
  }
  const Device* device = directory.find(std::get<DevicePrincipal>(principal).device);
  if (device == nullptr) return Errc::kNotPermitted;
  if (device->revoked) return Errc::kRevoked;
  if (device->suspended) return Errc::kSuspended;
  return device->usable(now) ? std::nullopt : std::optional(Errc::kExpired);
}

void HubCore::State::handle(const SessionOpened& event) {
  // P-010: the handshake has let it in, but the tables may have changed meanwhile.
  const auto* principal = std::get_if<DevicePrincipal>(&event.principal);
  Device* device = principal == nullptr ? nullptr : directory.find(principal->device);
  if (const auto reason = why_not_admitted(event.principal)) {
    // P-193: a suspended device is told so and nothing else, when it is on disk.
    const JournalIndex after = *reason == Errc::kSuspended ? documents_changed : 0;
    if (*reason == Errc::kSuspended) {
      out.effects.push_back(
          SendFrame{after, event.session, {wire::kProtocolVersion, 0, goodbye(device, *reason)}});
    }
    out.effects.push_back(CloseSession{after, event.session, *reason});
    return;
  }
  if (device != nullptr) {
    if (device->session != nullptr) close_session(*device->session, Errc::kReplay, 0);  // P-012
  }
  sessions.open(event.session, event.principal, device);
}

wire::Goodbye HubCore::State::goodbye(const Device* device, Errc reason) const {
  wire::Goodbye words{reason};
  if (reason == Errc::kSuspended) words.suspension = directory.suspension_of(*device)->suspension;
  return words;
}

void HubCore::State::close_session(Session& session, Errc reason, JournalIndex after) {
  push(session, goodbye(session.device, reason), after);
  out.effects.push_back(CloseSession{after, session.id, reason});
  Device* device = session.device;
  sessions.close(session, now);
  if (device != nullptr) alerts.reach_changed(device->number);
}

void HubCore::State::handle(const SessionClosed& event) {
  Session* session = sessions.find(event.session);
  if (session == nullptr) return;
  Device* device = session->device;
  sessions.close(*session, now);
  if (device != nullptr) alerts.reach_changed(device->number);
}

void HubCore::State::handle(const SendStalled& event) {
  if (Session* session = sessions.find(event.session)) sessions.stall(*session, now);
}

void HubCore::State::handle(const DrainBegins&) {
  draining = true;
  flush_cursors();
  sessions.each([&](Session& session) { push(session, wire::Goodbye{Errc::kUnavailable}, 0); });
}

// ---- Requests

void HubCore::State::handle(const SessionRequest& event) {
  Session* session = sessions.find(event.session);
  if (session == nullptr) return;  // closed by us; its last words count for nothing
  const wire::Request& body = event.frame.body;
  const std::uint64_t request = event.frame.request;
  if (event.frame.protocol < wire::kProtocolVersionMin || event.frame.protocol > wire::kProtocolVersion) {
    return refuse(*session, request, Errc::kUpgradeRequired);  // P-002
  }
  const auto* ack = std::get_if<wire::Ack>(&body);
  if (ack == nullptr && request == 0) return refuse(*session, request, Errc::kInvalidValue);  // P-003
  if (!may_send(session->principal, body)) {
    // An Ack is never answered (P-003).
    return ack == nullptr ? refuse(*session, request, Errc::kNotPermitted) : void();
  }
  if (session->device != nullptr) {
    heard(*session->device);  // P-182
    const auto* raise = std::get_if<wire::Raise>(&body);
    const bool urgent = (raise != nullptr && !raise->drill) || std::holds_alternative<wire::Act>(body);
    const Millis wait = Sessions::charge(*session->device, now, urgent);
    if (wait > Millis(0) && ack == nullptr) {  // P-015; an Ack makes less work, not more
      wire::Refused refused;
      refused.code = Errc::kBusy;
      refused.retry_after = wait;
      return refuse(*session, request, refused);
    }
    if (!session->greeted && !std::holds_alternative<wire::Hello>(body)) {  // P-013
      return ack == nullptr ? refuse(*session, request, Errc::kWrongState) : void();
    }
  }
  if (ack != nullptr) return sessions.acknowledge(*session, *ack);
  if (draining && !std::holds_alternative<wire::Ping>(body))
    return refuse(*session, request, Errc::kUnavailable);
  serve(*session, request, body);
}

void HubCore::State::serve(Session& session, std::uint64_t request, const wire::Request& body) {
  const auto accept = [&](const Result<JournalIndex>& result) {
    if (!result) return refuse(session, request, result.error().code);
    answer(session, request, wire::Accepted{}, *result);
  };
  const auto organisation = [&] { return std::get<OrganisationPrincipal>(session.principal).organisation; };
  std::visit(
      [&](const auto& wanted) {
        using Wanted = std::decay_t<decltype(wanted)>;
        if constexpr (std::is_same_v<Wanted, wire::Hello>) {
          hello(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::Ping>) {
          ping(session, request);
        } else if constexpr (std::is_same_v<Wanted, wire::Enrol>) {
          accept(enrol(std::get<GrantPrincipal>(session.principal).grant, wanted.certificate));
        } else if constexpr (std::is_same_v<Wanted, wire::PublishKeyPackages>) {
          accept(publish_key_packages(*session.device, wanted));
        } else if constexpr (std::is_same_v<Wanted, wire::Gather>) {
          gather(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::Append>) {
          append(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::Raise>) {
          raise(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::Act>) {
          act(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::GetDocuments>) {
          get_documents(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::GetAlert>) {
          get_alert(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::AnnounceGrant>) {
          accept(announce(organisation(), wanted.grant));
        } else if constexpr (std::is_same_v<Wanted, wire::PublishDocument>) {
          accept(publish(organisation(), wanted.document));
        } else if constexpr (std::is_same_v<Wanted, wire::ListDevices>) {
          list_devices(session, request, wanted);
        } else if constexpr (std::is_same_v<Wanted, wire::GetAuditPoint>) {
          get_audit_point(session, request);
        } else if constexpr (std::is_same_v<Wanted, wire::PostDutyChange>) {
          accept(change_duty(*session.device, wanted.change));
        } else if constexpr (std::is_same_v<Wanted, wire::PostCheckIn>) {
          accept(check_in(*session.device, wanted.check_in));
        } else if constexpr (std::is_same_v<Wanted, wire::SuspendDevice>) {
          suspend(session, request, wanted.suspension);
        } else if constexpr (std::is_same_v<Wanted, wire::LiftSuspension>) {
          accept(lift(session.principal, wanted.lift));
        } else if constexpr (std::is_same_v<Wanted, wire::GetDutyStatus>) {
          get_duty_status(session, request, wanted);
        } else {
          static_assert(std::is_same_v<Wanted, wire::Ack>);
          NV_CHECK(false);  // handled before
        }
      },
      body);
}

// ---- Time

void HubCore::State::run_time() {
  move_alerts();  // first: nobody's key is worth a late alert
  watch_duty();
  follow_duty();
  watch_gaps();
  sessions.retry_stalled(now);
  if (flush_at <= now || streams.dirty_count() >= kCursorFlushCount) flush_cursors();
  expire_keys();
  if (sweep_at <= now) retain();
}

void HubCore::State::flush_cursors() {
  flush_at = kNever;
  if (streams.dirty_count() == 0) return;
  CursorsAdvanced advanced = streams.take_dirty();
  if (!advanced.streams.empty()) emit(std::move(advanced));
}

// Grants and certificates end by time; their keys are refused from then on, and who is connected goes.
void HubCore::State::expire_keys() {
  if (key_ends.empty() || key_ends.begin()->first >= now) return;
  while (!key_ends.empty() && key_ends.begin()->first < now) {
    out.effects.push_back(ForgetKey{0, key_ends.begin()->second});
    key_ends.erase(key_ends.begin());
  }
  std::vector<SessionId> ended;
  sessions.each([&](const Session& session) {
    if (why_not_admitted(session.principal)) ended.push_back(session.id);
  });
  for (const SessionId id : ended) close_session(*sessions.find(id), Errc::kExpired, 0);
}

UtcTime HubCore::State::next_deadline() const {
  const UtcTime keys = key_ends.empty() ? kNever : key_ends.begin()->first + Millis(1);
  const bool ringing = alerts.in_state(wire::AlertState::kEscalating) > 0;
  const UtcTime joins = !duty_pending.empty() ? now : ringing ? duty_at : kNever;
  const bool has_kept = streams.entries_kept() > 0 || alerts.size() > 0;
  return std::min(
      {alerts.next_move_at(), joins, next_watch_at(), gaps_at, sessions.next_retry_at(), flush_at, keys,
       has_kept ? sweep_at : kNever});
}

void HubCore::State::refresh_counters() {
  counters.devices = directory.device_count();
  counters.sessions = sessions.size();
  counters.streams = streams.size();
  counters.entries_kept = streams.entries_kept();
  counters.alerts_open = alerts.open_real();
  counters.alerts_escalating = alerts.real_in_state(wire::AlertState::kEscalating);
  counters.alerts_exhausted = alerts.real_in_state(wire::AlertState::kExhausted);
  counters.drills_open = alerts.open_drills();
  counters.audit_lines = audit.seq;
  counters.roles_watched = duty.roles().size();
  counters.roles_degraded = duty.degraded_count();
  counters.alerts_overdue = alerts.overdue(now);
  counters.delivered = sessions.delivered();
  counters.stalled = sessions.stalled();
}

// ---- The public face

HubCore::HubCore(HubConfig config) : state_(std::make_unique<State>(std::move(config))) {}
HubCore::~HubCore() = default;

Status HubCore::restore(ByteView bytes) {
  NV_CHECK(!state_->started && state_->last_index == 0);
  return state_->restore(bytes);
}

Status HubCore::replay(const Record& record) {
  State& state = *state_;
  NV_CHECK(!state.started);
  if (record.index != state.last_index + 1) return fail(Errc::kCorrupt, "replay: a gap");
  if (record.at < state.last_time) return fail(Errc::kCorrupt, "replay: time went back");
  NV_TRY(const Fact fact, decode_fact(record.meta));
  state.now = record.at;
  NV_TRYV(std::visit([&](const auto& value) { return state.apply(value, {record.index, record.at}); }, fact));
  state.note(fact, record.index, record.at);
  state.last_index = record.index;
  state.last_time = record.at;
  return {};
}

Outcome HubCore::started(UtcTime now) {
  State& state = *state_;
  NV_CHECK(!state.started && now >= state.last_time);
  state.now = now;
  state.started = true;
  state.started_at = now;
  state.sweep_at = now + kRetentionSweep;
  for (const wire::OrganisationCard& card : state.config.organisations) {
    state.out.effects.push_back(AdmitKey{0, card.curve_key, OrganisationPrincipal{card.id}, kNever});
  }
  for (const auto& [id, known] : state.directory.grants()) {
    if (known.grant.not_after < now) continue;
    state.key_ends.emplace(known.grant.not_after, known.grant.curve_key);
    state.out.effects.push_back(
        AdmitKey{0, known.grant.curve_key, GrantPrincipal{id}, known.grant.not_after});
  }
  for (DeviceNumber number = 0; number < state.directory.device_count(); ++number) {
    Device& device = state.directory.device(number);
    device.seen_at = now;  // P-045
    device.heard_at = device.heard_since = now;  // P-182
    if (!device.certified(now)) continue;  // a suspended one too: it is told why (P-193)
    const wire::DeviceIdentity& identity = device.identity;
    state.key_ends.emplace(identity.not_after, identity.curve_key);
    state.out.effects.push_back(
        AdmitKey{0, identity.curve_key, DevicePrincipal{identity.device}, identity.not_after});
  }
  if (state.directory.any_rota()) state.duty_at = state.gaps_at = now;
  state.alerts.reschedule_all();
  state.refresh_counters();
  return std::exchange(state.out, {});
}

Outcome HubCore::step(const Event& event, UtcTime now) {
  State& state = *state_;
  NV_CHECK(state.started && now >= state.now);  // P-052: one line, forward
  state.now = now;
  state.run_time();
  std::visit([&](const auto& value) { state.handle(value); }, event);
  if (state.streams.dirty_count() > 0 && state.flush_at == kNever) state.flush_at = now + kCursorFlush;
  state.sessions.pump(state.out.effects);
  state.refresh_counters();
  return std::exchange(state.out, {});
}

std::vector<AlertFault> HubCore::find_faults(UtcTime now) const {
  return find_alert_faults(look_at(state_->alerts), now);
}

Outcome HubCore::mend(const std::vector<AlertFault>& faults, UtcTime now) {
  State& state = *state_;
  NV_CHECK(state.started && now >= state.now);
  state.now = now;
  state.alerts.reschedule_all();
  std::size_t left = kMovesPerStep;
  for (const AlertFault& fault : faults) {
    if (left-- == 0) break;
    state.mend(fault.alert);
  }
  state.sessions.pump(state.out.effects);
  state.refresh_counters();
  return std::exchange(state.out, {});
}

wire::AuditPoint HubCore::audit_point() const { return state_->audit; }
std::map<std::string, std::string> HubCore::audit_subjects() const {
  return subjects_of(state_->directory, state_->alerts, state_->duty);
}

UtcTime HubCore::next_deadline() const { return state_->next_deadline(); }
Bytes HubCore::snapshot() const { return state_->snapshot(); }
JournalIndex HubCore::last_index() const { return state_->last_index; }
std::vector<JournalIndex> HubCore::live_records() const { return state_->live_records(); }
UtcTime HubCore::last_time() const { return state_->last_time; }
const Counters& HubCore::counters() const { return state_->counters; }
void HubCore::check_invariants() const { state_->check_invariants(); }
Digest HubCore::state_digest() const { return sha256(state_->snapshot()); }

}  // namespace nattevagt::broker
