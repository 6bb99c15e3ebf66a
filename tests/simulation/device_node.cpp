#include "tests/simulation/device_node.h"

#include <algorithm>
#include <utility>

#include "proto/common/check.h"
#include "proto/wire/codec.h"
#include "tests/simulation/draw.h"

namespace nattevagt::simulation {

DeviceNode::DeviceNode(int number, const Base& base, Host& host, Oracles& oracles, Mutant mutant,
                       std::uint64_t seed)
    : number_(number),
      base_(base),
      host_(host),
      oracles_(oracles),
      mutant_(mutant),
      seed_(seed),
      disk_{&base.devices[static_cast<std::size_t>(number)].disk.rows, {}, {}, 0} {}

void DeviceNode::boot(Millis t, Millis wall_offset, std::int64_t ppm) {
  NV_CHECK(!core_);
  const auto entity = static_cast<std::uint64_t>(number_) << 32 | boots_++;
  entropy_ = std::make_unique<SeededEntropy>(Draw(seed_, Stream::kEntropy, entity).next());
  clock_ = VirtualClock(t, base_.starts + t + wall_offset, ppm);
  if (mutant_ == Mutant::kForgetLastCommits && !older_.empty()) disk_ = older_.front();
  older_.clear();
  linked_ = false;
  link_after_ = t;
  if (!rebuild(t)) return;
  settle(t);
}

bool DeviceNode::rebuild(Millis t) {
  auto core = std::make_unique<client::ClientCore>(*entropy_);
  if (!disk_.wake(*core, clock_.now(t))) {
    oracles_.violation("recovery", "a device refuses its own store");
    return false;
  }
  core_ = std::move(core);
  return true;
}

void DeviceNode::crash() {
  if (!core_) return;
  core_.reset();
  linked_ = false;
  oracles_.device_crashes(number_);
  host_.device_crashed(number_);
}

void DeviceNode::link_up(Millis t) {
  core_->on_connected(clock_.now(t));
  settle(t);
}

void DeviceNode::link_down(Errc reason, Millis t) {
  core_->on_disconnected(reason, clock_.now(t));
  settle(t);
}

void DeviceNode::frame(ByteView bytes, Millis t) {
  core_->on_frame(bytes, clock_.now(t));
  settle(t);
}

void DeviceNode::tick(Millis t) {
  if (core_->next_deadline() <= clock_.now(t)) core_->tick(clock_.now(t));
  settle(t);
}

bool DeviceNode::use(Millis t, const std::function<bool(client::ClientCore&, UtcTime)>& what) {
  if (!core_) return false;
  const bool done = what(*core_, clock_.now(t));
  return settle(t) && done;
}

bool DeviceNode::commit(const client::Outcome& outcome) {
  if (outcome.durable_empty()) return true;
  if (disk_full_) return false;
  if (mutant_ == Mutant::kForgetLastCommits) {
    older_.push_back(disk_);
    if (older_.size() > 4) older_.pop_front();
  }
  disk_.commit(outcome);
  return true;
}

bool DeviceNode::settle(Millis t) {
  const client::Outcome outcome = core_->collect(clock_.now(t));
  if (mutant_ == Mutant::kShowBeforeCommit) show(outcome, t);
  if (!outcome.durable_empty() && host_.device_crashes_here(number_)) {
    crash();
    return false;
  }
  if (!commit(outcome)) {
    oracles_.events_lost(number_, outcome.events);
    host_.disconnect(number_);
    linked_ = false;
    link_after_ = t + std::chrono::seconds(1);
    if (rebuild(t)) host_.wake_device(number_, link_after_);
    return false;
  }
  for (const Bytes& frame : outcome.sends) {
    if (host_.device_crashes_here(number_)) {
      crash();
      return false;
    }
    host_.transmit(number_, as_sent(frame));
  }
  if (!outcome.events.empty() && host_.device_crashes_here(number_)) {
    crash();
    return false;
  }
  if (mutant_ != Mutant::kShowBeforeCommit) show(outcome, t);
  if (outcome.reconnect) {
    host_.disconnect(number_);
    linked_ = false;
  }
  follow_link(t);
  if (mutant_ == Mutant::kSpin) host_.wake_device(number_, t);
  if (core_->next_deadline() != kNever) {
    host_.wake_device(number_, std::max(clock_.when(core_->next_deadline()), t));
  }
  return true;
}

void DeviceNode::follow_link(Millis t) {
  if (linked_ || !core_->link_wanted()) return;
  if (t < link_after_) return host_.wake_device(number_, link_after_);
  linked_ = true;
  host_.connect(number_);
}

// What a broken device would put on the wire.
Bytes DeviceNode::as_sent(Bytes frame) const {
  if (mutant_ == Mutant::kCutFrame) frame.pop_back();
  if (mutant_ != Mutant::kSendInClear && mutant_ != Mutant::kNeverAcknowledge) return frame;
  auto read = wire::decode_client_frame(frame);
  NV_CHECK(read);
  if (auto* ack = std::get_if<wire::Ack>(&read->body)) {
    if (mutant_ == Mutant::kNeverAcknowledge) ack->positions.clear();
  }
  if (auto* append = std::get_if<wire::Append>(&read->body)) {
    if (mutant_ == Mutant::kSendInClear) append->bytes = to_bytes(as_bytes(kPlanted[2]));
  }
  return wire::encode(*read);
}

void DeviceNode::show(const client::Outcome& outcome, Millis t) {
  if (mutant_ != Mutant::kNone) return show_otherwise(outcome.events, t);
  for (const client::Event& event : outcome.events) {
    oracles_.event_shown(number_, event, t);
    host_.shown(number_, event);
  }
}

// What a broken device would show.
void DeviceNode::show_otherwise(std::vector<client::Event> events, Millis t) {
  for (client::Event& event : events) {
    if (auto* changed = std::get_if<client::AlertChanged>(&event)) {
      const bool first = changed->notice == wire::NoticeKind::kFirst;
      const bool loud = changed->notice == wire::NoticeKind::kLoud;
      if (mutant_ == Mutant::kMuteFirst && first) changed->notice = wire::NoticeKind::kNone;
      if (mutant_ == Mutant::kMuteLoud && loud) changed->notice = wire::NoticeKind::kNone;
      if (mutant_ == Mutant::kBelieveTheHub && changed->alert.view.taken_by && !changed->alert.taken_by) {
        changed->alert.taken_by.emplace().device = *changed->alert.view.taken_by;
      }
      if (mutant_ == Mutant::kReopenClosed && changed->alert.view.state == wire::AlertState::kClosed) {
        oracles_.event_shown(number_, event, t);
        changed->alert.view.state = wire::AlertState::kEscalating;
      }
    }
    if (mutant_ == Mutant::kSwallowFrame && std::holds_alternative<client::NewMessage>(event)) continue;
    if (mutant_ == Mutant::kHushSuspicion && std::holds_alternative<client::Suspicion>(event)) continue;
    if (auto* own = std::get_if<client::OwnMessage>(&event)) {
      if (mutant_ == Mutant::kSilentFailure && own->delivery == client::Delivery::kFailed) continue;
      if (mutant_ == Mutant::kTakeBackStored && own->delivery == client::Delivery::kOnDevice) {
        own->delivery = client::Delivery::kFailed;
      }
    }
    if (mutant_ == Mutant::kShowBackwards && std::holds_alternative<client::NewMessage>(event)) {
      if (!held_back_) {
        held_back_ = event;
        continue;
      }
      oracles_.event_shown(number_, event, t);
      event = *std::exchange(held_back_, std::nullopt);
    }
    oracles_.event_shown(number_, event, t);
    host_.shown(number_, event);
  }
}

}  // namespace nattevagt::simulation
