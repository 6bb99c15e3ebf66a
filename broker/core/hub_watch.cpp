// Who on duty can really be reached (PROTOCOL.md section 18): asks for check-ins, listens for devices, and says
// which roles are degraded. A role is looked at when something of it may have changed, a few in one step and
// after the alerts; nothing here can hold an alert up (P-188).
#include <algorithm>
#include <set>

#include "broker/core/hub_state.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

constexpr std::string_view kNoticeLabel("Nattevagt check-in notice v1\0", 29);

}  // namespace

// ---- When a role is looked at

void HubCore::State::look_at_role(const RoleId& role, UtcTime at) {
  if (at == kNever) return;
  const auto [known, fresh] = watch.at.try_emplace(role, at);
  if (!fresh) {
    if (known->second <= at) return;
    watch.order.erase({known->second, role});
    known->second = at;
  }
  watch.order.emplace(at, role);
}

// A document may put anybody on duty, or take her off.
void HubCore::State::look_at_all_roles() {
  watch.plans.clear();
  for (const auto& [organisation, rota] : directory.rotas()) {
    for (const wire::RoleRota& role : rota.roles) look_at_role(role.role, now);
  }
  for (const auto& [role, watched] : duty.roles()) look_at_role(role, now);
}

void HubCore::State::watch_duty() {
  if (watch.documents != documents_changed) {
    watch.documents = documents_changed;
    look_at_all_roles();
  }
  if (watch.pause_until > now) return;
  for (std::size_t left = kRolesPerStep; !watch.order.empty(); --left) {
    const auto [at, role] = *watch.order.begin();
    if (at > now) return;
    if (left == 0) {
      watch.pause_until = now + kSweepPause;
      return;
    }
    watch.order.erase(watch.order.begin());
    watch.at.erase(role);
    look_at_role(role, watch_role(role));
  }
}

UtcTime HubCore::State::next_watch_at() const {
  const bool any = directory.any_rota() || !duty.roles().empty();
  if (any && watch.documents != documents_changed) return now;
  return watch.order.empty() ? kNever : std::max(watch.order.begin()->first, watch.pause_until);
}

// P-182. A device that comes back may end a silence, once it has been heard long enough.
void HubCore::State::heard(Device& device) {
  const bool fresh = now - device.heard_at > limits::kHeardBreak;
  device.heard_at = now;
  if (!fresh) return;
  device.heard_since = now;
  if (duty.degraded_count() == 0) return;
  for (const auto& [role, watched] : duty.roles()) {
    if (watched.degraded() && watched.shift(device.identity.person) != nullptr) {
      look_at_role(role, now + limits::kHeardSteadily);
    }
  }
}

// ---- A look

// When to look again.
UtcTime HubCore::State::watch_role(const RoleId& role) {
  DutyPlan& plan = watch.plans[role];
  if (plan.until <= now) plan = directory.duty_plan(role, now, limits::kCheckInAhead);
  // Who was asked and is not, or not any more, to be on duty.
  std::vector<PersonId> over;
  if (const WatchedRole* watched = duty.find(role)) {
    for (const Shift& shift : watched->shifts) {
      const auto it = plan.from.find(shift.person);
      const bool anew = it != plan.from.end() && now - shift.from >= limits::kCheckInLasts;
      if (it == plan.from.end() || anew) over.push_back(shift.person);
    }
  }
  for (const PersonId& person : over) emit(ShiftEnded{role, person});
  for (const auto& [person, from] : plan.from) {
    const WatchedRole* watched = duty.find(role);
    if (watched == nullptr || watched->shift(person) == nullptr) ask_check_in(role, person, std::max(from, now));
  }
  UtcTime next = std::min(plan.until, doubt_role(role, plan));
  const WatchedRole* watched = duty.find(role);
  if (watched == nullptr && plan.from.empty()) watch.plans.erase(role);
  if (watched == nullptr) return next;
  for (const Shift& shift : watched->shifts) next = std::min(next, shift.from + limits::kCheckInLasts);
  return next;
}

// P-180.
void HubCore::State::ask_check_in(const RoleId& role, const PersonId& person, UtcTime from) {
  wire::CheckInItem item;
  // Not to be known before it is here: it hangs on all that the hub has written.
  const Digest number = sha256({as_bytes(kNoticeLabel), audit.chain, role.view(), person.view()});
  std::copy_n(number.begin(), item.notice.bytes.size(), item.notice.bytes.begin());
  item.role = role;
  item.person = person;
  item.from = from;
  item.due_at = from + config.duty.check_in_within;
  CheckInAsked fact{directory.owner_of_role(role), role, person, from, item.due_at, item.notice, {}, {}};
  std::set<DeviceNumber> devices;
  directory.add_devices_of_person(person, now, devices);
  fact.devices.assign(devices.begin(), devices.end());
  for (const DeviceNumber device : devices) {
    if (const auto mark = directory.device(device).stock.next_mark()) item.packages.push_back(*mark);
  }
  fact.item = wire::encode(item);
  emit(std::move(fact));
}

// P-180: a device that a call can be opened on only now, say a new phone, has not been asked.
void HubCore::State::ask_again(const PersonId& person) {
  std::vector<std::pair<RoleId, UtcTime>> asked;
  for (const auto& [role, watched] : duty.roles()) {
    const Shift* shift = watched.shift(person);
    if (shift != nullptr && !shift->check_in) asked.emplace_back(role, shift->from);
  }
  for (const auto& [role, from] : asked) {
    emit(ShiftEnded{role, person});
    ask_check_in(role, person, std::max(from, now));
    look_at_role(role, now);
  }
}

// P-183, P-184: the role's trouble by now; gives when it may be another.
UtcTime HubCore::State::doubt_role(const RoleId& role, const DutyPlan& plan) {
  const WatchedRole* watched = duty.find(role);
  if (watched == nullptr) return kNever;
  bool anybody = false, all_doubted = true, unasked = false, well = false;
  UtcTime next = kNever;
  for (const Shift& shift : watched->shifts) {
    const auto planned = plan.from.find(shift.person);
    if (planned == plan.from.end() || planned->second > now) continue;  // comes later
    anybody = true;
    const Doubt doubt = doubt_of(shift);
    if (doubt.trouble == wire::DutyTrouble::kNotCheckedIn) unasked = true;
    if (doubt.trouble == wire::DutyTrouble::kNone) {
      all_doubted = false;
      // Her word ends what was missing of it, once; a silence ends by being heard.
      const bool came_back = watched->trouble == wire::DutyTrouble::kNotCheckedIn && shift.check_in &&
                             shift.checked_in_at >= watched->since;
      well = well || came_back || (doubt.steady && !doubt.excused);
    }
    next = std::min(next, doubt.next);
  }
  wire::DutyTrouble trouble = watched->trouble;
  if (!anybody || (watched->degraded() && well)) {
    trouble = wire::DutyTrouble::kNone;
  } else if (all_doubted) {
    trouble = unasked ? wire::DutyTrouble::kNotCheckedIn : wire::DutyTrouble::kSilent;
  }
  if (trouble == watched->trouble) return next;
  const bool begins = !watched->degraded();
  const UtcTime since = trouble == wire::DutyTrouble::kNone ? kNever : begins ? now : watched->since;
  const JournalIndex index = emit(DutyDoubted{role, trouble, since});
  tell_of_role(role, index);
  if (begins) duty_at = now;  // P-185: alerts that ring now arm within one tick
  return next;
}

HubCore::State::Doubt HubCore::State::doubt_of(const Shift& shift) const {
  Doubt doubt;
  UtcTime last = UtcTime::min();
  for (const DeviceNumber number : directory.devices_of_person(shift.person)) {
    const Device& device = directory.device(number);
    if (!device.usable(now) || device.is_recorder()) continue;
    last = std::max(last, device.heard_at);
    if (now - device.heard_at > limits::kHeardBreak) continue;
    const UtcTime steady_at = device.heard_since + limits::kHeardSteadily;
    doubt.steady = doubt.steady || steady_at <= now;
    if (steady_at > now) doubt.next = std::min(doubt.next, steady_at);
  }
  const UtcTime due = std::max(shift.due_at, started_at + config.duty.silent_after);
  const UtcTime silent_at = last == UtcTime::min() ? now : last + config.duty.silent_after;  // no device at all
  if (!shift.check_in && due <= now) {
    doubt.trouble = wire::DutyTrouble::kNotCheckedIn;
  } else if (silent_at <= now) {
    doubt.trouble = wire::DutyTrouble::kSilent;
  }
  doubt.excused = !shift.check_in && shift.due_at <= now;
  if (!shift.check_in && due > now) doubt.next = std::min(doubt.next, due);
  if (silent_at > now) doubt.next = std::min(doubt.next, silent_at);
  return doubt;
}

// ---- Being told, and telling

// P-181.
Result<JournalIndex> HubCore::State::check_in(const Device& device, const wire::SignedCheckIn& wanted) {
  NV_TRY(const wire::VerifiedCheckIn verified, wire::verify_check_in(wanted, directory.organisations()));
  if (verified.signer.device != device.identity.device) return fail(Errc::kNotPermitted, "P-181");
  const wire::CheckIn& said = verified.said;
  const WatchedRole* watched = duty.find(said.role);
  const Shift* shift = watched == nullptr ? nullptr : watched->shift(said.person);
  if (shift == nullptr || directory.owner_of_role(said.role) != said.organisation) {
    return fail(Errc::kNotFound, "P-181");
  }
  if (shift->notice != said.notice || shift->from != said.from) return fail(Errc::kWrongState, "P-181");
  if (shift->check_in) return shift->record;
  const JournalIndex index = emit(CheckedIn{said.role, said.person, device.number, wire::encode(wanted)});
  counters.check_ins += 1;
  tell_of_role(said.role, index);
  look_at_role(said.role, now);
  return index;
}

// P-186: a status is what is true now, so it goes to who is here; others ask when they come.
void HubCore::State::tell_of_role(const RoleId& role, JournalIndex after) {
  const WatchedRole* watched = duty.find(role);
  const wire::DutyStatuses told{{watched == nullptr ? wire::DutyStatus{role, {}, kNever, {}}
                                                    : status_of(role, *watched)},
                                false};
  for (const DeviceNumber number : directory.concerned_by(role, now)) {
    const Device& device = directory.device(number);
    if (device.connected) push(*device.session, told, after);
  }
}

void HubCore::State::get_duty_status(Session& session, std::uint64_t request,
                                     const wire::GetDutyStatus& wanted) {
  wire::DutyStatuses reply;
  std::size_t bytes = 0;
  const auto& roles = duty.roles();
  for (auto it = wanted.after ? roles.upper_bound(*wanted.after) : roles.begin(); it != roles.end(); ++it) {
    if (!directory.concerns(it->first, *session.device, now)) continue;
    bytes += limits::kWrapBytesMax;
    for (const Shift& shift : it->second.shifts) bytes += shift.check_in ? shift.check_in->size() : 0;
    if (bytes > kAnswerBytesMax || reply.items.size() == limits::kDutyStatusesMax) {
      reply.more = true;
      break;
    }
    reply.items.push_back(status_of(it->first, it->second));
  }
  answer(session, request, std::move(reply), last_index);
}

}  // namespace nattevagt::broker
