// All alerts: what each is, when it moves next, and whose absence would move it.
//
// Durable state changes only in apply_*(); timers and watchers follow from it and from who is connected. The
// book decides nothing: the ladder engine does (ladder.h), called by hub_alerts.cpp.
//
// Invariants (check_invariants()): P-051, one timer for each alert that has one; the open alerts of a unit
// are counted right, drills apart; an alert's stream names it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "broker/core/directory.h"
#include "broker/core/ladder.h"
#include "broker/core/record.h"

namespace nattevagt::broker {

struct Alert {
  AlertFacts facts;
  AlertProgress progress;
  UtcTime raised_at;
  JournalIndex raised = 0;  // the record of the Raise
  // The request, entry 1 of the stream: for the receipt of a repeated Raise (P-040), however late it comes.
  MessageId request;
  Digest request_content{};
  Digest request_chain{};
  // Every device that it rang on, and the inbox seq of the last time. Whoever was told is told the end
  // (P-050).
  std::map<DeviceNumber, std::uint64_t> told;
  // Those that were told as the ladder's targets: they may take it though the roster has changed since
  // (P-043).
  std::set<DeviceNumber> named;

  // Not durable.
  UtcTime moves_at = kNever;  // as listed in the book's timers
};

wire::AlertView view_of(const Alert& alert, const Directory& directory);
// The same for a change that is being decided.
wire::AlertView view_of(const AlertFacts& facts, const AlertProgress& progress, UtcTime raised_at,
                        const Directory& directory);

class AlertBook {
 public:
  AlertBook(Directory& directory, const OnCall& on_call) : directory_(directory), on_call_(on_call) {}

  const Alert* find(const AlertId& id) const;
  std::size_t open_of_unit(const OrganisationId& organisation, const UnitId& unit, bool drill) const;
  std::size_t size() const { return alerts_.size(); }
  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [id, alert] : alerts_) visit(alert);
  }

  Status apply_raised(const AlertRaised& fact, const Digest& request_chain, JournalIndex index, UtcTime at);
  Status apply_progress(const AlertId& id, const AlertProgress& progress);
  void apply_told(const AlertId& id, DeviceNumber device, std::uint64_t inbox_seq, wire::NoticeKind kind);
  Status apply_forgotten(const AlertId& id);

  // ---- Time
  UtcTime next_move_at() const {
    return std::min(timers_.empty() ? kNever : timers_.begin()->first,
                    drill_timers_.empty() ? kNever : drill_timers_.begin()->first);
  }
  std::vector<AlertId> due(UtcTime now, std::size_t most) const;  // drills after all others (P-140)
  void reach_changed(DeviceNumber device);  // came or went: its alerts' timers follow
  void reschedule_all();

  template <class Visit>
  void each_timer(Visit visit) const {
    for (const auto& [at, id] : timers_) visit(at, id);
    for (const auto& [at, id] : drill_timers_) visit(at, id);
  }
  // The first `most` alerts after `after`, in the order of their ids.
  template <class Visit>
  void some(const std::optional<AlertId>& after, std::size_t most, Visit visit) const {
    auto it = after ? alerts_.upper_bound(*after) : alerts_.begin();
    for (; most > 0 && it != alerts_.end(); --most, ++it) visit(it->second);
  }

  std::size_t in_state(wire::AlertState state) const;  // drills too
  std::size_t real_in_state(wire::AlertState state) const;
  std::size_t open_real() const { return open_real_; }
  std::size_t open_drills() const { return open_drills_; }
  std::size_t overdue(UtcTime now) const;  // without drills

  void save(Writer& writer) const;
  Status load(Reader& reader);
  void check_invariants() const;

 private:
  void index(Alert& alert);  // adds what follows from its progress
  void unindex(Alert& alert);
  void reschedule(Alert& alert);

  Directory& directory_;
  const OnCall& on_call_;
  std::map<AlertId, Alert> alerts_;
  using Timers = std::set<std::pair<UtcTime, AlertId>>;
  Timers& timers_of(const Alert& alert) { return alert.facts.drill ? drill_timers_ : timers_; }
  const Timers& timers_of(const Alert& alert) const { return alert.facts.drill ? drill_timers_ : timers_; }
  Timers timers_, drill_timers_;
  std::map<DeviceNumber, std::set<AlertId>> watchers_;  // by the devices of the current step
  std::map<std::tuple<OrganisationId, UnitId, bool>, std::size_t> open_of_unit_;  // and whether drills
  std::map<wire::AlertState, std::size_t> by_state_, drills_by_state_;
  std::size_t open_real_ = 0, open_drills_ = 0;
};

}  // namespace nattevagt::broker
