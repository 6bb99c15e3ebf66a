#include "tests/model/broker_twin.h"

#include <algorithm>

namespace nattevagt::broker::testing {

using wire::ActKind;
using wire::AlertState;
using wire::EntryKind;

int Twin::number(const DeviceId& id) const {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

void Twin::restart() {
  for (TwinDevice& device : devices) {
    device.connected = false;
    device.seen = now;
  }
}

UtcTime Twin::away_at(int device) const {
  const TwinDevice& d = devices[static_cast<std::size_t>(device)];
  if (d.revoked) return UtcTime::min();
  return d.connected ? kNever : d.seen + kGrace;
}

std::set<int> Twin::resolve(const std::vector<wire::Target>& targets) const {
  std::set<PersonId> persons;
  for (const wire::Target& target : targets) {
    if (target.kind == wire::TargetKind::kPerson) persons.insert(PersonId{target.id.bytes});
    if (target.kind != wire::TargetKind::kRole) continue;
    const auto it = roles.find(RoleId{target.id.bytes});
    if (it != roles.end()) persons.insert(it->second.begin(), it->second.end());
  }
  std::set<int> out;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (!devices[i].revoked && persons.contains(devices[i].person)) out.insert(static_cast<int>(i));
  }
  return out;
}

// ---- Ladder

bool Twin::answerable(const TwinAlert& alert) const {
  return std::any_of(alert.step_devices.begin(), alert.step_devices.end(), [&](int device) {
    return !alert.declined.contains(devices[static_cast<std::size_t>(device)].person) &&
           away_at(device) > now;
  });
}

void Twin::exhaust(TwinAlert& alert, UtcTime at) {
  alert.state = AlertState::kExhausted;
  alert.was_exhausted = true;
  alert.step_devices.clear();
  alert.declined.clear();
  alert.repeat_at = kNever;
  alert.due = alert.reserve ? kNever : at + std::chrono::seconds(60);
}

void Twin::enter(TwinAlert& alert, std::size_t step, UtcTime at) {
  for (; step < alert.steps.size(); ++step) {
    alert.state = AlertState::kEscalating;
    alert.step = step;
    alert.declined.clear();
    alert.step_devices = resolve(alert.steps[step].targets);
    alert.named.insert(alert.step_devices.begin(), alert.step_devices.end());
    alert.due = at + alert.steps[step].wait;
    alert.repeat_at = alert.steps[step].repeat > Millis(0) ? at + alert.steps[step].repeat : kNever;
    if (answerable(alert)) return;
    alert.technical = true;
    at = now;
  }
  exhaust(alert, at);
}

void Twin::move(TwinAlert& alert) {
  const auto from = [&](UtcTime due) { return now - due <= kSlack ? due : now; };
  while (true) {
    if (alert.state == AlertState::kEscalating) {
      if (!answerable(alert)) {
        const bool all_said_no =
            !alert.step_devices.empty() &&
            std::all_of(alert.step_devices.begin(), alert.step_devices.end(), [&](int device) {
              return alert.declined.contains(devices[static_cast<std::size_t>(device)].person);
            });
        if (!all_said_no) alert.technical = true;
        enter(alert, alert.step + 1, now);
      } else if (alert.due <= now) {
        enter(alert, alert.step + 1, from(alert.due));
      } else if (alert.repeat_at <= now) {
        alert.repeat_at = from(alert.repeat_at) + alert.steps[alert.step].repeat;
      } else {
        return;
      }
    } else if (alert.state == AlertState::kTaken && alert.due <= now) {
      alert.taken_by.reset();
      alert.late = false;
      enter(alert, std::min(alert.step + 1, alert.steps.size() - 1), from(alert.due));
    } else if (alert.state == AlertState::kExhausted && alert.due <= now) {
      alert.due = from(alert.due) + std::chrono::seconds(60);
    } else {
      return;
    }
  }
}

void Twin::move_all() {
  for (auto& [id, alert] : alerts) move(alert);
}

// ---- Requests

std::optional<Errc> Twin::epoch_refusal(const TwinStream& stream, EntryKind kind, std::uint64_t epoch) const {
  if (kind == EntryKind::kRejoin) return std::nullopt;
  const bool good = kind == EntryKind::kApplication
                        ? epoch <= stream.epoch && epoch + 2 >= stream.epoch && epoch >= stream.joined_epoch
                        : epoch == stream.epoch;
  return good ? std::nullopt : std::optional(Errc::kStaleEpoch);
}

std::optional<Errc> Twin::append(int sender, const wire::Append& wanted) {
  const auto it = streams.find(wanted.stream);
  if (it != streams.end() && it->second.members.contains(sender)) {
    for (const TwinEntry& entry : it->second.entries) {
      if (entry.id != wanted.id) continue;
      return entry.bytes == wanted.bytes && entry.kind == wanted.kind ? std::nullopt
                                                                      : std::optional(Errc::kAlreadyExists);
    }
  }
  const bool commit = wanted.kind == EntryKind::kCommit;
  if (wanted.create != (it == streams.end())) return wanted.create ? Errc::kAlreadyExists : Errc::kNotFound;
  if (!wanted.create) {
    if (!it->second.is_member(sender)) return Errc::kNotMember;
    if (const auto refusal = epoch_refusal(it->second, wanted.kind, wanted.epoch)) return refusal;
  }
  for (const DeviceId& id : wanted.removed) {
    if (number(id) == sender || wanted.create || !it->second.is_member(number(id)))
      return Errc::kInvalidValue;
  }
  for (const DeviceId& id : wanted.added) {
    if (devices[static_cast<std::size_t>(number(id))].revoked) return Errc::kRevoked;
    if (number(id) == sender) return Errc::kInvalidValue;
    const bool leaves = std::find(wanted.removed.begin(), wanted.removed.end(), id) != wanted.removed.end();
    if (!wanted.create && it->second.is_member(number(id)) && !leaves) return Errc::kInvalidValue;
  }
  TwinStream& stream = streams[wanted.stream];
  if (wanted.create) {
    stream.epoch = stream.joined_epoch = wanted.epoch;
    stream.members[sender] = {};
  }
  const std::uint64_t before = stream.head();
  stream.entries.push_back({wanted.id, wanted.kind, wanted.bytes, 0});
  if (commit) stream.epoch = wanted.epoch + 1;
  if (commit && !wanted.added.empty()) stream.joined_epoch = stream.epoch;
  for (const DeviceId& id : wanted.removed) stream.members[number(id)].until = stream.head();
  for (const DeviceId& id : wanted.added) stream.members[number(id)] = {commit ? stream.head() : before, 0};
  return std::nullopt;
}

std::optional<Errc> Twin::raise(int sender, const wire::Raise& wanted, const std::vector<TwinStep>& steps,
                                Millis advice_within) {
  const auto known = alerts.find(wanted.alert);
  if (known != alerts.end()) {
    const TwinAlert& alert = known->second;
    const bool same =
        alert.stream == wanted.stream && alert.bytes == wanted.bytes && alert.request == wanted.id;
    return same ? std::nullopt : std::optional(Errc::kAlreadyExists);
  }
  if (streams.contains(wanted.stream)) return Errc::kAlreadyExists;
  if (!devices[static_cast<std::size_t>(sender)].of_unit) return Errc::kNotPermitted;
  TwinStream& stream = streams[wanted.stream];
  stream.epoch = stream.joined_epoch = wanted.epoch;
  stream.entries.push_back({wanted.id, EntryKind::kApplication, wanted.bytes, 0});
  stream.members[sender] = {};
  for (const DeviceId& id : wanted.members) {
    if (!devices[static_cast<std::size_t>(number(id))].revoked) stream.members[number(id)] = {};
  }
  TwinAlert& alert = alerts[wanted.alert];
  alert.stream = wanted.stream;
  alert.request = wanted.id;
  alert.bytes = wanted.bytes;
  alert.steps = steps;
  alert.advice_within = advice_within;
  alert.raised_by = sender;
  enter(alert, 0, now);
  return std::nullopt;
}

bool Twin::is_named(const TwinAlert& alert, int device) const {
  const PersonId person = devices[static_cast<std::size_t>(device)].person;
  for (const int named : alert.named) {
    if (devices[static_cast<std::size_t>(named)].person == person) return true;
  }
  return std::any_of(alert.steps.begin(), alert.steps.end(),
                     [&](const TwinStep& step) { return resolve(step.targets).contains(device); });
}

std::optional<Errc> Twin::act_refusal(const TwinAlert& alert, int sender, ActKind kind) const {
  const TwinDevice& device = devices[static_cast<std::size_t>(sender)];
  const bool asking = device.of_unit || sender == alert.raised_by;
  const bool taker =
      alert.taken_by && devices[static_cast<std::size_t>(*alert.taken_by)].person == device.person;
  const bool ended = alert.state == AlertState::kClosed || alert.state == AlertState::kWithdrawn;
  const bool taken = alert.state == AlertState::kTaken || alert.state == AlertState::kAdvised;
  switch (kind) {
    case ActKind::kTake:
      if (!is_named(alert, sender)) return Errc::kNotPermitted;
      if (taken) return taker ? std::nullopt : std::optional(Errc::kAlreadyTaken);
      return ended ? std::optional(Errc::kWrongState) : std::nullopt;
    case ActKind::kDecline:
      if (!is_named(alert, sender)) return Errc::kNotPermitted;
      return alert.state == AlertState::kEscalating ? std::nullopt : std::optional(Errc::kWrongState);
    case ActKind::kAdvise:
      if (!alert.taken_by) return Errc::kWrongState;
      if (!taker) return Errc::kNotPermitted;
      return taken ? std::nullopt : std::optional(Errc::kWrongState);
    case ActKind::kReserveUsed:
      if (!asking) return Errc::kNotPermitted;
      return ended ? std::optional(Errc::kWrongState) : std::nullopt;
    case ActKind::kWithdraw:
      if (!asking) return Errc::kNotPermitted;
      return ended || alert.state == AlertState::kAdvised ? std::optional(Errc::kWrongState) : std::nullopt;
    case ActKind::kClose:
      if (!asking && !taker) return Errc::kNotPermitted;
      if (alert.state == AlertState::kClosed) return Errc::kWrongState;
      return alert.state == AlertState::kAdvised || alert.state == AlertState::kWithdrawn || alert.reserve
                 ? std::nullopt
                 : std::optional(Errc::kWrongState);
    case ActKind::kHandOver: break;  // never drawn: broker_hand_over_test has it
  }
  return Errc::kUnsupported;
}

void Twin::perform(TwinAlert& alert, int sender, ActKind kind) {
  const auto stop = [&](AlertState state, UtcTime due) {
    alert.state = state;
    alert.due = due;
    alert.repeat_at = kNever;
    alert.step_devices.clear();
    alert.declined.clear();
  };
  switch (kind) {
    case ActKind::kTake:
      if (alert.state == AlertState::kTaken || alert.state == AlertState::kAdvised) return;
      alert.taken_by = sender;
      alert.late = alert.was_exhausted || alert.reserve;
      return stop(AlertState::kTaken, now + alert.advice_within);
    case ActKind::kDecline: {
      const PersonId person = devices[static_cast<std::size_t>(sender)].person;
      for (const int device : alert.step_devices) {
        if (devices[static_cast<std::size_t>(device)].person == person) alert.declined.insert(person);
      }
      return move(alert);
    }
    case ActKind::kAdvise: return stop(AlertState::kAdvised, kNever);
    case ActKind::kReserveUsed:
      alert.reserve = true;
      if (alert.state == AlertState::kExhausted) alert.due = kNever;
      return;
    case ActKind::kWithdraw: return stop(AlertState::kWithdrawn, kNever);
    case ActKind::kClose: return stop(AlertState::kClosed, kNever);
    case ActKind::kHandOver: return;
  }
}

std::optional<Errc> Twin::act(int sender, const wire::Act& wanted) {
  const auto it = alerts.find(wanted.alert);
  if (it == alerts.end()) return Errc::kNotFound;
  TwinStream& stream = streams[it->second.stream];
  if (!stream.members.contains(sender)) return Errc::kNotMember;
  const auto kind = static_cast<std::uint8_t>(wanted.kind);
  for (const TwinEntry& entry : stream.entries) {
    if (entry.id != wanted.id) continue;
    return entry.bytes == wanted.bytes && entry.act == kind ? std::nullopt
                                                            : std::optional(Errc::kAlreadyExists);
  }
  if (!stream.is_member(sender)) return Errc::kNotMember;
  if (const auto refusal = act_refusal(it->second, sender, wanted.kind)) return refusal;
  if (const auto refusal = epoch_refusal(stream, EntryKind::kApplication, wanted.epoch)) return refusal;
  stream.entries.push_back({wanted.id, EntryKind::kApplication, wanted.bytes, kind});
  perform(it->second, sender, wanted.kind);
  return std::nullopt;
}

void Twin::revoke(int device) {
  devices[static_cast<std::size_t>(device)].revoked = true;
  devices[static_cast<std::size_t>(device)].connected = false;
  for (auto& [id, stream] : streams) stream.members.erase(device);
}

}  // namespace nattevagt::broker::testing
