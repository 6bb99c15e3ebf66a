#include "tests/simulation/simulation.h"

#include <algorithm>

#include "proto/common/check.h"

namespace nattevagt::simulation {

using std::chrono::seconds;

constexpr std::uint64_t kEventsMax = 100'000;  // a busy night has some ten thousand

Simulation::Simulation(const Plan& plan, Mutant mutant)
    : plan_(plan),
      base_(base_of(plan.night)),
      mutant_(mutant),
      oracles_(base_),
      hub_(base_, *this, oracles_, mutant, plan.seed),
      hub_process_{{}, Millis::max(), {}, 0, 0, false, Draw(plan.seed, Stream::kCrash, 99)},
      versions_(plan.seed, Stream::kVersion, 0) {
  const auto clocks = [&](Process& process) {
    if (!plan.has(Fault::kClocks)) return;
    process.ppm = static_cast<std::int64_t>(process.crash.below(400)) - 200;
    process.wall_offset = Millis(static_cast<std::int64_t>(process.crash.below(240'000)) - 120'000);
  };
  clocks(hub_process_);
  for (int d = 0; d < kDevices; ++d) {
    const auto entity = static_cast<std::uint64_t>(d);
    DeviceNode::Host& host = *this;
    devices_.push_back(std::make_unique<DeviceNode>(d, base_, host, oracles_, mutant, plan.seed));
    links_.push_back({0,
                      0,
                      false,
                      {},
                      {},
                      {},
                      Draw(plan.seed, Stream::kLatency, entity),
                      Draw(plan.seed, Stream::kLink, entity)});
    processes_.push_back(
        {{}, Millis::max(), {}, 0, 0, !plan.is_present(d), Draw(plan.seed, Stream::kCrash, entity)});
    people_.emplace_back(plan.seed, Stream::kPeople, entity);
    clocks(processes_.back());
  }
}

Verdict Simulation::run() {
  push(Millis(0), Event::Kind::kHubBoot);
  for (int d = 0; d < kDevices; ++d) {
    if (!process(d).off) push(Millis(10 + d), Event::Kind::kDeviceBoot, d);
  }
  for (std::size_t i = 0; i < plan_.items.size(); ++i) {
    push(plan_.items[i].at + seconds(1), Event::Kind::kItem, plan_.items[i].who, i);
  }
  push(base_.trouble_end + seconds(2), Event::Kind::kHeal);
  while (!queue_.empty() && queue_.top().at <= base_.night_end && !decided()) {
    Event event = std::move(const_cast<Event&>(queue_.top()));  // popped before anybody can see it
    queue_.pop();
    t_ = event.at;
    oracles_.time_is(t_);
    oracles_.note(static_cast<std::uint64_t>(event.at.count()) << 8 | static_cast<std::uint64_t>(event.kind));
    if (++handled_ > kEventsMax) oracles_.violation("bounds", "a night without end: somebody spins");
    handle(event);
    if (quiet()) break;
    if (t_ > base_.night_end - seconds(30) && hub_.up() && hub_.core().counters().entries_kept == 0)
      hub_was_empty_ = true;
  }
  if (!decided()) {
    hub_was_empty_ = hub_was_empty_ || (hub_.up() && hub_.core().counters().entries_kept == 0);
    std::vector<Oracles::Final> finals(kDevices);
    for (int d = 0; d < kDevices; ++d) {
      if (!node(d).up()) continue;
      const client::ClientCore& core = node(d).core();
      core.check_invariants();
      Oracles::Final& device = finals[static_cast<std::size_t>(d)];
      device = {true, core.connected(), core.outbox_empty(), core.alerts(), core.conversations(), {}, {}, false};
      if (base_.duty) device.on_duty = !core.own_turns(base_.starts + t_, base_.starts + t_ + Millis(1)).empty();
      if (base_.duty) {
        for (const client::DutyLine& line : core.duty(base_.starts + t_)) {
          if (line.planned) device.reach = line.reach;
        }
      }
      for (const auto& [key, stored] : node(d).disk().messages) {
        if (stored.message.seq != 0) device.messages.insert(key.second);
      }
    }
    if (hub_.up()) {
      hub_.core().check_invariants();
      oracles_.audit_is(hub_.audit(), hub_.core());
      oracles_.finish(finals, hub_.core().counters(), hub_was_empty_, t_);
    } else {
      oracles_.violation("bounds", "the hub is not up at the end");
    }
  }
  return {oracles_.violations(), oracles_.trace(), handled_};
}

// One violation is enough; of a mutant the one by the oracle that must see it.
bool Simulation::decided() const {
  const auto& found = oracles_.violations();
  if (mutant_ == Mutant::kNone || handled_ > kEventsMax) return !found.empty();
  return std::any_of(found.begin(), found.end(),
                     [&](const Violation& violation) { return violation.oracle == oracle_of(mutant_); });
}

// Nothing more will come but pings: all is healed, everybody has done what they had in mind, and for longer
// than anybody waits before trying again nothing has gone over a wire.
bool Simulation::quiet() {
  constexpr Millis kNothingSaid = seconds(8);
  const Millis last = std::max(base_.people_end, last_word_);
  if (!healed_ || t_ < last + kNothingSaid || !hub_.up()) return false;
  if (base_.night_end > seconds(600) || hub_.core().counters().alerts_escalating != 0) return false;
  if (hub_.waits_for_disk()) return false;  // what it has just decided has not left yet
  bool all_here = true;
  for (int d = 0; d < kDevices; ++d) {
    if (process(d).off) {
      const bool gone = oracles_.revoked_for_good(d);
      if (!gone && (plan_.is_present(d) || oracles_.is_lost(d))) return false;
      all_here = all_here && gone;
      continue;
    }
    if (process(d).paused_until + kNothingSaid > t_) return false;  // what was sent to it waits
    if (!node(d).up() || !node(d).core().connected() || !node(d).core().outbox_empty()) return false;
  }
  // The hub lets go of what everybody has, a little later.
  if (all_here && hub_.core().counters().entries_kept != 0) return false;
  return !oracles_.waits();
}

void Simulation::push(Event event) {
  event.number = next_number_++;
  event.at = std::max(event.at, t_);
  queue_.push(std::move(event));
}

void Simulation::push(Millis at, Event::Kind kind, int device, std::uint64_t tag, Bytes bytes) {
  Event event;
  event.at = at;
  event.kind = kind;
  event.device = device;
  event.tag = tag;
  event.bytes = std::move(bytes);
  push(std::move(event));
}

Simulation::Process* Simulation::process_of(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kItem:
    case Event::Kind::kHeal:
    case Event::Kind::kUpdated:
    case Event::Kind::kDiskEnd: return nullptr;
    case Event::Kind::kHubBoot:
    case Event::Kind::kHubWake:
    case Event::Kind::kHubSync:
    case Event::Kind::kHubHangUp:
    case Event::Kind::kToHub:
    case Event::Kind::kRevoke: return &hub_process_;
    case Event::Kind::kDeviceBoot:
    case Event::Kind::kDeviceWake:
    case Event::Kind::kConnect:
    case Event::Kind::kLinkDown:
    case Event::Kind::kToDevice:
    case Event::Kind::kReact:
    case Event::Kind::kAdvise:
    case Event::Kind::kReadBack:
    case Event::Kind::kJudge:
    case Event::Kind::kFinish:
    case Event::Kind::kSee:
    case Event::Kind::kCheckIn:
    case Event::Kind::kAcceptSwap: return &process(event.device);
  }
  return nullptr;
}

void Simulation::handle(Event& event) {
  Process* at = process_of(event);
  if (at != nullptr && at->paused_until > t_) {  // it stands still, and finds everything when it goes on
    if (event.kind == Event::Kind::kHubWake || event.kind == Event::Kind::kDeviceWake) {
      at->wakes_at = at->paused_until;
    }
    event.at = at->paused_until;
    return push(std::move(event));
  }
  switch (event.kind) {
    case Event::Kind::kItem: return item(plan_.items[event.tag]);
    case Event::Kind::kHeal: return heal();
    case Event::Kind::kDiskEnd: return disk_has_room(event.device);
    case Event::Kind::kUpdated: return updated(event.device);
    case Event::Kind::kHubBoot:
      if (!hub_.up()) hub_.boot(t_, hub_process_.wall_offset, hub_process_.ppm);
      return;
    case Event::Kind::kHubWake:
      if (hub_process_.wakes_at != event.at) return;
      hub_process_.wakes_at = Millis::max();
      if (hub_.up()) hub_.tick(t_);
      return;
    case Event::Kind::kHubSync: return hub_.sync(t_, !hub_disk_full_);
    case Event::Kind::kHubHangUp: return hub_.close(event.tag, t_);
    case Event::Kind::kRevoke:
      if (oracles_.revoked_for_good(event.device)) return;
      if (hub_.up()) hub_.publish_revocation(event.device, t_);
      return push(t_ + seconds(1), Event::Kind::kRevoke, event.device);  // until it is on the hub's disk
    case Event::Kind::kToHub: return arrive_at_hub(event);
    case Event::Kind::kDeviceBoot:
      if (process(event.device).off || node(event.device).up()) return;
      oracles_.device_trouble(event.device);
      return node(event.device).boot(t_, process(event.device).wall_offset, process(event.device).ppm);
    case Event::Kind::kDeviceWake:
      if (process(event.device).wakes_at != event.at) return;
      process(event.device).wakes_at = Millis::max();
      if (node(event.device).up()) node(event.device).tick(t_);
      return;
    case Event::Kind::kConnect: return try_connect(event.device, event.tag);
    case Event::Kind::kLinkDown: return on_link_down(event);
    case Event::Kind::kToDevice: return arrive_at_device(event);
    case Event::Kind::kReact: return react(event);
    case Event::Kind::kAdvise: return advise(event);
    case Event::Kind::kReadBack: return read_back(event);
    case Event::Kind::kJudge: return judge(event);
    case Event::Kind::kFinish: return finish_incident(event);
    case Event::Kind::kSee: return see(event);
    case Event::Kind::kCheckIn: return check_in(event);
    case Event::Kind::kAcceptSwap: return accept_swap(event);
  }
}

void Simulation::heal() {
  healed_ = true;
  hub_disk_full_ = false;
  hub_process_.paused_until = hub_process_.paused_until > t_ ? t_ : hub_process_.paused_until;
  hub_process_.crash_in = 0;
  oracles_.hub_trouble();
  for (int d = 0; d < kDevices; ++d) {
    Process& device = process(d);
    device.crash_in = 0;
    node(d).fill_disk(false);
    oracles_.device_trouble(d);
    link(d).blocked_until = t_;
    deceits_[static_cast<std::size_t>(d)].armed.reset();
    updated(d);
  }
}

// ---- Crashes

bool Simulation::hub_crashes_here() { return hub_process_.crash_in > 0 && --hub_process_.crash_in == 0; }

bool Simulation::device_crashes_here(int device) {
  return process(device).crash_in > 0 && --process(device).crash_in == 0;
}

void Simulation::hub_crashed() {
  hub_process_.crash_in = 0;
  hub_process_.wakes_at = Millis::max();
  for (int d = 0; d < kDevices; ++d) {
    if (link(d).session != 0)
      cut(d, Millis(static_cast<std::int64_t>(link(d).trouble.below(3'000))), Millis(0));
  }
  sessions_.clear();
  push(t_ + Millis(static_cast<std::int64_t>(hub_process_.crash.between(200, 8'000))), Event::Kind::kHubBoot);
}

void Simulation::device_crashed(int device) {
  process(device).crash_in = 0;
  process(device).wakes_at = Millis::max();
  Link& gone = link(device);
  gone.wanted = false;
  if (gone.session != 0) {
    push(t_ + Millis(static_cast<std::int64_t>(gone.trouble.below(20'000))), Event::Kind::kHubHangUp, device,
         gone.session);
  }
  gone.session = 0;
  ++gone.generation;
  if (process(device).off) return;
  push(t_ + Millis(static_cast<std::int64_t>(process(device).crash.between(500, 5'000))),
       Event::Kind::kDeviceBoot, device);
}

void Simulation::wake_hub(Millis at) {
  at = std::max(at, t_);
  if (at >= hub_process_.wakes_at) return;
  hub_process_.wakes_at = at;
  push(at, Event::Kind::kHubWake);
}

void Simulation::wake_device(int device, Millis at) {
  at = std::max(at, t_);
  if (at >= process(device).wakes_at) return;
  process(device).wakes_at = at;
  push(at, Event::Kind::kDeviceWake, device);
}

Verdict run_plan(const Plan& plan, Mutant mutant) { return Simulation(plan, mutant).run(); }

}  // namespace nattevagt::simulation
