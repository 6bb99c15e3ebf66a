// What must have come true when all is healed and time has passed.
#include "tests/simulation/oracles.h"

namespace nattevagt::simulation {

using wire::AlertState;

void Oracles::finish(const std::vector<Final>& devices, const broker::Counters& hub, bool empty, Millis t) {
  time_is(t);
  bool all_here = true;
  for (int d = 0; d < kDevices; ++d) {
    const Final& device = devices[static_cast<std::size_t>(d)];
    if (!device.connected && !lost_.contains(d)) all_here = false;
    if (!device.up || exempt(d)) continue;
    if (!device.connected) violation("drained", "device " + std::to_string(d) + " is not connected");
    if (!device.outbox_empty)
      violation("drained", "the outbox of device " + std::to_string(d) + " is not empty");
  }
  if (all_here && lied_to_.empty() && !empty) violation("drained", "the hub still keeps entries");
  if (hub.alerts_escalating != 0) violation("ladder-late", "an alert still climbs");
  for (const auto& [id, incident] : incidents_) {
    if (!incident.stored) {
      const bool gone = incident.message == MessageId{} || exempt(incident.by);
      if (!gone && devices[static_cast<std::size_t>(incident.by)].up)
        violation("drained", "an alert was never stored");
      continue;
    }
    if (!incident.ladder) {
      violation("recovery", "an alert that was answered for is gone");
      continue;
    }
    if (incident.ladder->state() == AlertState::kTaken) {
      violation("ladder-late", "an alert waits for advice for ever");
    }
    if (incident.taken || incident.quiet) continue;
    for (const int d : base_.ladder.asking) {
      if (!devices[static_cast<std::size_t>(d)].connected || exempt(d) || crashed_.contains(d)) continue;
      if (!incident.loud_at.contains(d)) violation("loud", "nobody took it, and it was not loud");
    }
  }
  for (const auto& [device, lie] : lied_to_) {
    const bool must_notice = lie.second;
    if (must_notice && devices[static_cast<std::size_t>(device)].up && !crashed_.contains(device) &&
        !suspicious_.contains(device)) {
      violation("lie-noticed", "device " + std::to_string(device) + " was lied to and says nothing");
    }
  }
  check_delivered(devices);
  check_agreement(devices);
  check_told(devices);
  check_duty_agreed(devices);
}

// What the unit sees of the role is what is so, once it has had time to hear of it.
void Oracles::check_told(const std::vector<Final>& devices) {
  constexpr Millis kHeardOf = std::chrono::seconds(30);
  if (!base_.duty || t_ - std::max(duty_changed_, hub_trouble_) < kHeardOf) return;
  for (const int d : base_.ladder.asking) {
    const Final& device = devices[static_cast<std::size_t>(d)];
    if (!device.connected || exempt(d) || t_ - last_trouble_[d] < kHeardOf) continue;
    const bool said = device.reach.reachable == client::Reachable::kNo;
    if (said != duty_.degraded()) violation("duty-told", "a role's state is not what the unit is shown");
    if (said && device.reach.reason != duty_.trouble()) violation("duty-told", "another reason is shown");
  }
}

void Oracles::check_duty_agreed(const std::vector<Final>& devices) {
  constexpr Millis kHeardOf = std::chrono::seconds(30);
  if (!base_.duty || t_ - std::max(rota_changed_, hub_trouble_) < kHeardOf) return;
  const int right = duty_.on_duty(*base_.duty, base_.starts + t_, revoked());
  for (const int d : {base_.duty->before, base_.duty->after}) {
    const Final& device = devices[static_cast<std::size_t>(d)];
    if (!device.connected || exempt(d) || t_ - last_trouble_[d] < kHeardOf) continue;
    if (device.on_duty != (d == right)) violation("duty-agreed", "a device has another rota than the hub");
  }
}

void Oracles::check_delivered(const std::vector<Final>& devices) {
  for (const auto& [id, author] : author_of_) {
    const auto stored = stored_.find(id);
    if (stored == stored_.end()) continue;
    const auto& [room, seq, epoch] = stored->second;
    for (const auto& [d, member] : rooms_[room].members) {
      const bool in_time = member.from < seq && (!member.until || *member.until >= seq);
      const bool gets = in_time && epoch >= member.from_epoch;  // P-035: said before it came
      if (!gets || d < 0 || d == author || exempt(d) || exempt(author)) continue;
      const Final& device = devices[static_cast<std::size_t>(d)];
      if (!device.connected) continue;
      const bool here = crashed_.contains(d) ? device.messages.contains(id) : shown_[d].contains(id);
      if (!here) violation("delivered", "device " + std::to_string(d) + " has not shown what was stored");
    }
  }
}

void Oracles::check_agreement(const std::vector<Final>& devices) {
  std::map<ConversationId, std::pair<std::uint64_t, Bytes>> groups;
  std::map<AlertId, AlertState> states;
  for (int d = 0; d < kDevices; ++d) {
    const Final& device = devices[static_cast<std::size_t>(d)];
    if (!device.connected || exempt(d)) continue;
    for (const client::Conversation& conversation : device.conversations) {
      const auto& members = rooms_[conversation.id].members;
      for (const client::Person& person : conversation.members) {
        const int who = device_of(person.device);
        if (who < 0 || (who == kNeighbour && base_.has_neighbour && !invited_.contains(who))) {
          violation("membership", "somebody is in the room whom nobody has called in");
        }
      }
      const auto member = members.find(d);
      if (member == members.end() || member->second.until) continue;
      const std::pair ours{conversation.epoch, conversation.epoch_authenticator};
      if (groups.try_emplace(conversation.id, ours).first->second != ours) {
        violation("agreement", "two members are in different groups");
      }
    }
    for (const client::Alert& alert : device.alerts) {
      const AlertId& id = alert.view.alert;
      if (states.try_emplace(id, alert.view.state).first->second != alert.view.state) {
        violation("agreement", "two devices show an alert in different states");
      }
    }
  }
}

}  // namespace nattevagt::simulation
