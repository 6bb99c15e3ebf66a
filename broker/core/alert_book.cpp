#include "broker/core/alert_book.h"

#include <algorithm>
#include <utility>

#include "broker/core/fields.h"
#include "proto/common/check.h"
#include "proto/common/limits.h"

namespace nattevagt::broker {
namespace {

// What the engine takes for granted about a progress, asked of one that comes from the disk.
bool fits(const AlertFacts& facts, const AlertProgress& progress, std::size_t devices) {
  const std::size_t steps = facts.ladder.steps.size();
  const bool escalating = progress.state == wire::AlertState::kEscalating;
  return progress.step < std::max<std::size_t>(steps, 1) && (!escalating || steps > 0) &&
         (escalating || (progress.step_devices.empty() && progress.armed_devices.empty())) &&
         (progress.armed_devices.empty() || progress.armed_devices.back() < devices) &&
         has_timer(progress) == (progress.due_at != kNever) &&
         (progress.state != wire::AlertState::kTaken || progress.taken_by.has_value()) &&
         (!progress.taken_by || *progress.taken_by < devices) &&
         (!progress.handing_to || progress.state == wire::AlertState::kTaken) &&
         std::all_of(
             progress.step_devices.begin(), progress.step_devices.end(),
             [&](DeviceNumber device) { return device < devices; });
}

}  // namespace

wire::AlertView view_of(const AlertFacts& facts, const AlertProgress& progress, UtcTime raised_at,
                        const Directory& directory) {
  wire::AlertView view;
  view.alert = facts.alert;
  view.stream = facts.stream;
  view.unit = facts.unit;
  view.role_asked = facts.role_asked;
  view.severity = facts.severity;
  view.drill = facts.drill;
  view.state = progress.state;
  view.step = progress.step;
  view.step_count = static_cast<std::uint32_t>(facts.ladder.steps.size());
  view.raised_at = raised_at;
  view.next_at = progress.due_at;
  view.exhausted_at = progress.exhausted_at;
  view.roster_version = facts.roster_version;
  view.rota_version = facts.rota_version;
  view.handing_to = progress.handing_to;
  if (progress.taken_by) view.taken_by = directory.device(*progress.taken_by).identity.device;
  view.taken_at = progress.taken_at;
  view.late = progress.late;
  view.reserve_used = progress.reserve_used;
  view.technical_alarm = progress.technical_alarm;
  return view;
}

wire::AlertView view_of(const Alert& alert, const Directory& directory) {
  return view_of(alert.facts, alert.progress, alert.raised_at, directory);
}

const Alert* AlertBook::find(const AlertId& id) const {
  const auto it = alerts_.find(id);
  return it == alerts_.end() ? nullptr : &it->second;
}

std::size_t AlertBook::open_of_unit(const OrganisationId& organisation, const UnitId& unit, bool drill) const {
  const auto it = open_of_unit_.find({organisation, unit, drill});
  return it == open_of_unit_.end() ? 0 : it->second;
}

// ---- Facts

Status AlertBook::apply_raised(const AlertRaised& fact, const Digest& request_chain,
                               JournalIndex index_of_record, UtcTime at) {
  const auto [it, fresh] = alerts_.try_emplace(fact.facts.alert);
  if (!fresh) return fail(Errc::kCorrupt, "apply_raised");
  Alert& alert = it->second;
  alert.facts = fact.facts;
  alert.request = fact.entry.id;
  alert.request_content = fact.entry.content;
  alert.request_chain = request_chain;
  alert.raised_at = at;
  alert.raised = index_of_record;
  alert.progress.state = wire::AlertState::kWithdrawn;  // until its first progress: no timer yet
  index(alert);
  return {};
}

Status AlertBook::apply_progress(const AlertId& id, const AlertProgress& progress) {
  const auto it = alerts_.find(id);
  if (it == alerts_.end()) return fail(Errc::kCorrupt, "apply_progress");
  if (!fits(it->second.facts, progress, directory_.device_count()))
    return fail(Errc::kCorrupt, "apply_progress");
  unindex(it->second);
  it->second.progress = progress;
  index(it->second);
  return {};
}

void AlertBook::apply_told(const AlertId& id, DeviceNumber device, std::uint64_t inbox_seq,
                           wire::NoticeKind kind) {
  Alert& alert = alerts_.at(id);
  std::uint64_t& seq = alert.told[device];
  seq = std::max(seq, inbox_seq);
  if (kind != wire::NoticeKind::kLoud) alert.named.insert(device);
}

Status AlertBook::apply_forgotten(const AlertId& id) {
  const auto it = alerts_.find(id);
  if (it == alerts_.end() || has_timer(it->second.progress)) return fail(Errc::kCorrupt, "apply_forgotten");
  unindex(it->second);
  alerts_.erase(it);
  return {};
}

// ---- What follows

void AlertBook::index(Alert& alert) {
  const AlertFacts& facts = alert.facts;
  by_state_[alert.progress.state] += 1;
  if (facts.drill) drills_by_state_[alert.progress.state] += 1;
  if (has_timer(alert.progress)) {
    (facts.drill ? open_drills_ : open_real_) += 1;
    open_of_unit_[{facts.organisation, facts.unit, facts.drill}] += 1;
  }
  for (const DeviceNumber device : alert.progress.step_devices) watchers_[device].insert(alert.facts.alert);
  reschedule(alert);
}

void AlertBook::unindex(Alert& alert) {
  const AlertFacts& facts = alert.facts;
  by_state_[alert.progress.state] -= 1;
  if (facts.drill) drills_by_state_[alert.progress.state] -= 1;
  if (has_timer(alert.progress)) {
    (facts.drill ? open_drills_ : open_real_) -= 1;
    const auto it = open_of_unit_.find({facts.organisation, facts.unit, facts.drill});
    it->second -= 1;
    if (it->second == 0) open_of_unit_.erase(it);
  }
  for (const DeviceNumber device : alert.progress.step_devices) {
    const auto it = watchers_.find(device);
    it->second.erase(alert.facts.alert);
    if (it->second.empty()) watchers_.erase(it);
  }
  timers_of(alert).erase({alert.moves_at, alert.facts.alert});
  alert.moves_at = kNever;
}

void AlertBook::reschedule(Alert& alert) {
  timers_of(alert).erase({alert.moves_at, alert.facts.alert});
  alert.moves_at = has_timer(alert.progress) ? broker::next_move_at(alert.progress, on_call_) : kNever;
  if (alert.moves_at != kNever) timers_of(alert).emplace(alert.moves_at, alert.facts.alert);
}

std::vector<AlertId> AlertBook::due(UtcTime now, std::size_t most) const {
  std::vector<AlertId> out;
  for (const Timers* timers : {&timers_, &drill_timers_}) {
    for (const auto& [at, id] : *timers) {
      if (at > now || out.size() == most) break;
      out.push_back(id);
    }
  }
  return out;
}

void AlertBook::reach_changed(DeviceNumber device) {
  const auto it = watchers_.find(device);
  if (it == watchers_.end()) return;
  for (const AlertId& id : it->second) reschedule(alerts_.at(id));
}

// From nothing: what stood in the lists is not believed (the reconciler calls this too).
void AlertBook::reschedule_all() {
  timers_.clear();
  drill_timers_.clear();
  for (auto& [id, alert] : alerts_) reschedule(alert);
}

std::size_t AlertBook::in_state(wire::AlertState state) const {
  const auto it = by_state_.find(state);
  return it == by_state_.end() ? 0 : it->second;
}

std::size_t AlertBook::real_in_state(wire::AlertState state) const {
  const auto drills = drills_by_state_.find(state);
  return in_state(state) - (drills == drills_by_state_.end() ? 0 : drills->second);
}

std::size_t AlertBook::overdue(UtcTime now) const {
  std::size_t count = 0;
  for (const auto& [at, id] : timers_) {
    if (at >= now) break;
    ++count;
  }
  return count;
}

// ---- Snapshot

void AlertBook::save(Writer& writer) const {
  writer(static_cast<std::uint64_t>(alerts_.size()));
  for (const auto& [id, alert] : alerts_) {
    writer(alert.facts, alert.progress, alert.raised_at, alert.raised, alert.request, alert.request_content,
           alert.request_chain, alert.told, alert.named);
  }
}

Status AlertBook::load(Reader& reader) {
  std::uint64_t count = 0;
  reader(count);
  const std::size_t devices = directory_.device_count();
  for (; count > 0 && reader.ok(); --count) {
    Alert alert;
    reader(alert.facts, alert.progress, alert.raised_at, alert.raised, alert.request, alert.request_content,
           alert.request_chain, alert.told, alert.named);
    const bool known = alert.facts.raised_by < devices && fits(alert.facts, alert.progress, devices) &&
                       (alert.told.empty() || alert.told.rbegin()->first < devices) &&
                       (alert.named.empty() || *alert.named.rbegin() < devices);
    if (!reader.ok() || !known) return fail(Errc::kCorrupt, "AlertBook::load");
    const AlertId id = alert.facts.alert;
    const auto [it, fresh] = alerts_.emplace(id, std::move(alert));
    if (!fresh) return fail(Errc::kCorrupt, "AlertBook::load");
    index(it->second);
  }
  return reader.ok() ? Status() : fail(Errc::kCorrupt, "AlertBook::load");
}

void AlertBook::check_invariants() const {
  std::size_t real = 0, drills = 0;
  std::map<std::tuple<OrganisationId, UnitId, bool>, std::size_t> of_unit;
  for (const auto& [id, alert] : alerts_) {
    const AlertProgress& progress = alert.progress;
    NV_CHECK(alert.facts.alert == id);
    // P-051: exactly one timer, or none for good.
    NV_CHECK(has_timer(progress) == (progress.due_at != kNever));
    NV_CHECK(has_timer(progress) == timers_of(alert).contains({alert.moves_at, id}));
    NV_CHECK(alert.moves_at <= progress.due_at);
    NV_CHECK(fits(alert.facts, progress, directory_.device_count()));
    if (!has_timer(progress)) continue;
    (alert.facts.drill ? drills : real) += 1;
    of_unit[{alert.facts.organisation, alert.facts.unit, alert.facts.drill}] += 1;
  }
  NV_CHECK(real == open_real_ && drills == open_drills_ && of_unit == open_of_unit_);
  NV_CHECK(timers_.size() == real && drill_timers_.size() == drills);
}

}  // namespace nattevagt::broker
