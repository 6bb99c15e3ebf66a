#include "tests/simulation/duty_twin.h"

#include <algorithm>

#include "proto/wire/codec.h"
#include "proto/wire/duty.h"

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

std::optional<int> DutyRules::device_of(const PersonId& person) const {
  for (const int device : {before, after}) {
    if (persons[static_cast<std::size_t>(device)] == person) return device;
  }
  return std::nullopt;
}

int DutyTwin::on_duty(const DutyRules& rules, UtcTime at, const Devices& revoked) const {
  std::map<std::size_t, const Change*> in_force;
  for (const auto& [id, change] : changes_) {
    const bool stolen = std::any_of(change.signers.begin(), change.signers.end(),
                                    [&](int device) { return revoked[static_cast<std::size_t>(device)]; });
    if (change.complete && !stolen) in_force[change.place] = &change;
  }
  int who = rules.planned(at);
  for (const auto& [place, change] : in_force) {
    if (at < change->from || at >= change->until) continue;
    if (change->take_over || who == change->gives) who = change->takes;
  }
  return who;
}

// Every instant at which it may be another's turn.
std::vector<UtcTime> DutyTwin::turns(const DutyRules& rules, UtcTime from, UtcTime until) const {
  std::vector<UtcTime> out{from};
  const auto add = [&](UtcTime at) {
    if (at > from && at < until) out.push_back(at);
  };
  add(rules.change);
  for (const auto& [id, change] : changes_) {
    add(change.from);
    add(change.until);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<UtcTime> DutyTwin::comes(const DutyRules& rules, int device, UtcTime at,
                                       const Devices& revoked) const {
  for (const UtcTime turn : turns(rules, at, at + minutes(15) + Millis(1))) {
    if (on_duty(rules, turn, revoked) == device) return turn;
  }
  return std::nullopt;
}

// P-111, P-113.
std::string DutyTwin::may_change(const DutyRules& rules, const Change& change, UtcTime at,
                                 const Devices& revoked) const {
  for (const int signer : change.signers) {
    if (signer < 0 || revoked[static_cast<std::size_t>(signer)]) return "signed by who may not change this duty";
  }
  if (change.until <= at) return "a change of what is over was let in";
  const auto times = turns(rules, change.from, change.until);
  if (change.take_over) {
    const int now = on_duty(rules, change.from, revoked);
    const bool one = std::all_of(times.begin(), times.end(),
                                 [&](UtcTime turn) { return on_duty(rules, turn, revoked) == now; });
    return one && now != change.takes ? "" : "a take-over of something else than the duty that runs";
  }
  const bool gives = std::all_of(times.begin(), times.end(), [&](UtcTime turn) {
    return on_duty(rules, turn, revoked) == change.gives;
  });
  return gives ? "" : "a swap of what is not the giver's";
}

// P-112: the hub's document as it will be, against the one before.
std::string DutyTwin::changed(const DutyRules& rules, const wire::SignedDocument& document, UtcTime at,
                              const Devices& revoked) {
  const auto said = wire::decode_duty_changes(document.body);
  if (!said) return "a document of changes that cannot be read";
  std::map<DutyChangeId, Change> now;
  for (std::size_t i = 0; i < said->items.size(); ++i) {
    const auto agreed = wire::verify_duty_change(said->items[i], rules.cards);
    if (!agreed) return "a change of duty that nobody has signed";
    const wire::DutyChange& what = agreed->change;
    Change change;
    change.place = i;
    change.take_over = what.kind == wire::DutyChangeKind::kTakeOver;
    change.complete = agreed->signers.size() == (change.take_over ? 1U : 2U);
    if (what.gives) change.gives = rules.device_of(*what.gives).value_or(-1);
    for (const auto& signer : agreed->signers) {
      change.signers.push_back(rules.device_of(signer.person).value_or(-1));
      if (change.signers.back() != change.gives) change.takes = change.signers.back();
    }
    change.from = what.from;
    change.until = what.until;
    const auto before = changes_.find(what.id);
    if (before == changes_.end() || before->second.complete != change.complete) {
      const std::string wrong = may_change(rules, change, at, revoked);
      if (!wrong.empty()) return wrong;
    }
    now[what.id] = change;
  }
  for (const auto& [id, change] : changes_) {
    const bool over = change.until <= at || (!change.complete && change.from <= at);
    if (!over && !now.contains(id)) return "a change of duty was forgotten";
  }
  changes_ = std::move(now);
  return {};
}

DutyTrouble DutyTwin::expected(const DutyRules& rules, UtcTime at,
                               const std::array<bool, kDevices>& revoked) const {
  const int device = on_duty(rules, at, revoked);
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
  if (const auto* published = std::get_if<broker::DocumentPublished>(&fact)) {
    return changed(rules, published->document, at, revoked);
  }
  if (const auto* asked = std::get_if<broker::CheckInAsked>(&fact)) {
    const auto device = rules.device_of(asked->person);
    const auto comes_at = device ? comes(rules, *device, at, revoked) : std::nullopt;
    if (!comes_at || asked->role != rules.role) return "asked of who is not to be on duty";
    if (asked_.contains(*device)) return "asked twice";
    const UtcTime from = *comes_at;
    if (asked->from != from || asked->due_at != from + rules.check_in_within) return "asked for another time";
    const bool told = !asked->devices.empty() && asked->devices[0] == static_cast<broker::DeviceNumber>(*device);
    if (told == revoked[static_cast<std::size_t>(*device)]) return "her device is not asked";
    asked_[*device] = {asked->due_at, asked->notice, kNever};
  } else if (const auto* in = std::get_if<broker::CheckedIn>(&fact)) {
    const auto device = rules.device_of(in->person);
    if (!device || !asked_.contains(*device)) return "checked in who was not asked";
    if (static_cast<int>(in->device) != *device) return "checked in by another's device";
    asked_[*device].checked_in_at = at;
  } else if (const auto* ended = std::get_if<broker::ShiftEnded>(&fact)) {
    const auto device = rules.device_of(ended->person);
    if (!device || asked_.erase(*device) == 0 || comes(rules, *device, at, revoked)) return "a shift that goes on has ended";
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
