// Connections: an ordered pipe each way that may end at any moment.
#include <algorithm>
#include <utility>

#include "tests/simulation/simulation.h"

namespace nattevagt::simulation {

using std::chrono::seconds;

constexpr std::size_t kPingBytesMax = 16;

Millis Simulation::latency(Link& link) {
  std::uint64_t ms = link.latency.between(5, 60);
  if (plan_.has(Fault::kSlow) && !healed_ && link.latency.one_in(12)) ms += link.latency.below(6'000);
  return Millis(static_cast<std::int64_t>(ms));
}

void Simulation::connect(int device) {
  link(device).wanted = true;
  push(t_ + latency(link(device)), Event::Kind::kConnect, device, link(device).generation);
}

void Simulation::disconnect(int device) {
  Link& gone = link(device);
  gone.wanted = false;
  if (gone.session != 0) push(t_ + latency(gone), Event::Kind::kHubHangUp, device, gone.session);
  gone.session = 0;
  ++gone.generation;
}

void Simulation::try_connect(int device, std::uint64_t generation) {
  Link& wanting = link(device);
  if (generation != wanting.generation || !wanting.wanted || wanting.session != 0 || !node(device).up())
    return;
  broker::SessionId session = 0;
  if (hub_.up() && wanting.blocked_until <= t_ && hub_process_.paused_until <= t_) {
    session = hub_.open(base_.devices[static_cast<std::size_t>(device)].key, t_);
  }
  if (session == 0 || !hub_.up()) {
    return push(t_ + seconds(1), Event::Kind::kConnect, device, wanting.generation);
  }
  wanting.session = session;
  wanting.last_to_hub = wanting.last_to_device = t_;
  sessions_[session] = device;
  oracles_.session_is(session, device);
  node(device).link_up(t_);
}

void Simulation::cut(int device, Millis device_notices, Millis hub_notices) {
  Link& gone = link(device);
  if (gone.session == 0) return;
  if (hub_.up()) push(t_ + hub_notices, Event::Kind::kHubHangUp, device, gone.session);
  sessions_.erase(gone.session);
  gone.session = 0;
  ++gone.generation;
  push(t_ + device_notices, Event::Kind::kLinkDown, device, gone.generation,
       Bytes(1, static_cast<std::uint8_t>(Errc::kUnavailable)));
}

void Simulation::hang_up(broker::SessionId session, Errc reason) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  const int device = found->second;
  sessions_.erase(found);
  Link& gone = link(device);
  if (gone.session != session) return;
  gone.last_to_device = std::max(gone.last_to_device, t_ + latency(gone));
  push(gone.last_to_device, Event::Kind::kLinkDown, device, gone.generation,
       Bytes(1, static_cast<std::uint8_t>(reason)));
}

void Simulation::on_link_down(const Event& event) {
  Link& gone = link(event.device);
  if (event.tag != gone.generation || !node(event.device).up()) return;
  gone.session = 0;
  ++gone.generation;
  node(event.device).link_down(static_cast<Errc>(event.bytes[0]), t_);
  if (gone.wanted && node(event.device).up() && mutant_ != Mutant::kNeverConnectAgain) {
    push(t_ + seconds(1), Event::Kind::kConnect, event.device, gone.generation);
  }
}

void Simulation::transmit(int device, Bytes frame) {
  Link& over = link(device);
  if (over.session == 0) return;
  frame = as_spoken(device, std::move(frame));
  oracles_.frame_to_hub(device, frame);
  if (frame.size() > kPingBytesMax) last_word_ = t_;
  over.last_to_hub = std::max(over.last_to_hub, t_ + latency(over));
  push(over.last_to_hub, Event::Kind::kToHub, device, over.session, std::move(frame));
}

void Simulation::send(broker::SessionId session, wire::HubFrame frame) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  Link& over = link(found->second);
  if (over.session != session) return;
  const Millis at = t_ + latency(over);
  const bool swaps = mutant_ == Mutant::kSwapFrames;
  over.last_to_device = swaps ? at : std::max(over.last_to_device, at);
  if (!std::holds_alternative<wire::Pong>(frame.body)) last_word_ = over.last_to_device;
  tell(found->second, over.last_to_device, std::make_shared<wire::HubFrame>(std::move(frame)));
}

void Simulation::tell(int device, Millis at, std::shared_ptr<wire::HubFrame> frame) {
  Event event;
  event.at = at;
  event.kind = Event::Kind::kToDevice;
  event.device = device;
  event.tag = link(device).generation;
  event.frame = std::move(frame);
  push(std::move(event));
}

void Simulation::arrive_at_hub(Event& event) {
  // The hub's end is told of the hang-up after what was sent before it; what a cut has swallowed is gone.
  const auto found = sessions_.find(event.tag);
  if (found == sessions_.end() || link(found->second).session != event.tag || !hub_.up()) return;
  oracles_.note(event.bytes.size());
  hub_.receive(event.tag, event.bytes, t_);
}

void Simulation::arrive_at_device(Event& event) {
  const int device = event.device;
  if (event.tag != link(device).generation || !node(device).up()) return;
  for (const Bytes& bytes : as_told(device, std::move(*event.frame))) {
    if (event.tag != link(device).generation || !node(device).up()) return;
    oracles_.note(bytes.size());
    node(device).frame(bytes, t_);
  }
}

}  // namespace nattevagt::simulation
