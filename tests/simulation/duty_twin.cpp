#include "tests/simulation/duty_twin.h"

namespace nattevagt::simulation {

using std::chrono::minutes;
using std::chrono::seconds;
using wire::DutyTrouble;

void DutyTwin::is_in(int device) { asked_[device] = {UtcTime{}, {}, UtcTime{}}; }

void DutyTwin::hub_starts(UtcTime at) {
  started_ = at;
  heard_at_.fill(at);
  heard_since_.fill(at);
}

void DutyTwin::heard(int device, UtcTime at) {
  const auto d = static_cast<std::size_t>(device);
  if (at - heard_at_[d] > seconds(45)) heard_since_[d] = at;
  heard_at_[d] = at;
}

void DutyTwin::keep_ears_of(const DutyTwin& other) {
  started_ = other.started_;
  heard_at_ = other.heard_at_;
  heard_since_ = other.heard_since_;
}

std::optional<int> DutyTwin::device_of(const DutyRules& rules, const PersonId& person) const {
  for (const int device : {rules.before, rules.after}) {
    if (rules.persons[static_cast<std::size_t>(device)] == person) return device;
  }
  return std::nullopt;
}

bool DutyTwin::comes(const DutyRules& rules, int device, UtcTime at) const {
  return rules.on_duty(at) == device || rules.on_duty(at + minutes(15)) == device;
}

DutyTrouble DutyTwin::expected(const DutyRules& rules, UtcTime at,
                               const std::array<bool, kDevices>& revoked) const {
  const int device = rules.on_duty(at);
  const auto d = static_cast<std::size_t>(device);
  const auto found = asked_.find(device);
  if (found == asked_.end()) return trouble_;  // asked first, a moment later
  const Asked& asked = found->second;
  const bool in = asked.checked_in_at != kNever;
  const bool overdue = !in && at >= asked.due && at >= started_ + rules.silent_after;
  const bool silent = revoked[d] || at >= heard_at_[d] + rules.silent_after;
  if (overdue) return DutyTrouble::kNotCheckedIn;
  if (silent) return DutyTrouble::kSilent;
  if (trouble_ == DutyTrouble::kNone) return trouble_;
  const bool came_back = trouble_ == DutyTrouble::kNotCheckedIn && in && asked.checked_in_at >= since_;
  const bool steady = (in || at < asked.due) && at - heard_at_[d] <= seconds(45) &&
                      at >= heard_since_[d] + seconds(60);
  return came_back || steady ? DutyTrouble::kNone : trouble_;
}

std::string DutyTwin::record(const DutyRules& rules, const broker::Fact& fact, UtcTime at,
                             const std::array<bool, kDevices>& revoked) {
  if (const auto* asked = std::get_if<broker::CheckInAsked>(&fact)) {
    const auto device = device_of(rules, asked->person);
    if (!device || asked->role != rules.role || !comes(rules, *device, at)) return "asked of who is not to be on duty";
    if (asked_.contains(*device)) return "asked twice";
    const UtcTime from = std::max(*device == rules.after ? rules.change : at, at);
    if (asked->from != from || asked->due_at != from + rules.check_in_within) return "asked for another time";
    const bool told = !asked->devices.empty() && asked->devices[0] == static_cast<broker::DeviceNumber>(*device);
    if (told == revoked[static_cast<std::size_t>(*device)]) return "her device is not asked";
    asked_[*device] = {asked->due_at, asked->notice, kNever};
  } else if (const auto* in = std::get_if<broker::CheckedIn>(&fact)) {
    const auto device = device_of(rules, in->person);
    if (!device || !asked_.contains(*device)) return "checked in who was not asked";
    if (static_cast<int>(in->device) != *device) return "checked in by another's device";
    asked_[*device].checked_in_at = at;
  } else if (const auto* ended = std::get_if<broker::ShiftEnded>(&fact)) {
    const auto device = device_of(rules, ended->person);
    if (!device || asked_.erase(*device) == 0 || comes(rules, *device, at)) return "a shift that goes on has ended";
  } else if (const auto* doubted = std::get_if<broker::DutyDoubted>(&fact)) {
    const DutyTrouble right = expected(rules, at, revoked);
    if (doubted->trouble != right) return "degraded, or not, against the rules";
    const bool begins = trouble_ == DutyTrouble::kNone;
    since_ = right == DutyTrouble::kNone ? kNever : begins ? at : since_;
    trouble_ = right;
    if (doubted->since != since_) return "the trouble's beginning is wrong";
  }
  return {};
}

}  // namespace nattevagt::simulation
