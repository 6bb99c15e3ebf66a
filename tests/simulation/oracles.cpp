#include "tests/simulation/oracles.h"

#include <string.h>  // memmem

#include <algorithm>
#include <tuple>

#include "proto/common/hash.h"
#include "proto/wire/audit.h"
#include "proto/wire/codec.h"

namespace nattevagt::simulation {
namespace {

using std::chrono::seconds;
using wire::AlertState;

constexpr Millis kTold = seconds(25);      // the client gives itself ten; a restart takes time
constexpr Millis kHeard = seconds(20);     // from the notice's arrival
constexpr Millis kLineError = seconds(1);  // drift of the worst oscillator over a night, and rounding
constexpr Millis kStepLate = seconds(3);   // of a hub that had no trouble
constexpr Millis kAway = seconds(30);      // P-045

// The epoch of an MLS PrivateMessage, which is in the clear (RFC 9420 6.3): version, format, group id, epoch.
std::optional<std::uint64_t> mls_epoch(const Bytes& bytes) {
  constexpr std::size_t kAt = 2 + 2 + 1 + ConversationId::kSize;
  if (bytes.size() < kAt + 8) return std::nullopt;
  std::uint64_t epoch = 0;
  for (std::size_t i = 0; i < 8; ++i) epoch = epoch << 8 | bytes[kAt + i];
  return epoch;
}

std::uint64_t epoch_in(const wire::Request& request) {
  if (const auto* append = std::get_if<wire::Append>(&request)) return append->epoch;
  if (const auto* raise = std::get_if<wire::Raise>(&request)) return raise->epoch;
  const auto* act = std::get_if<wire::Act>(&request);
  return act == nullptr ? 0 : act->epoch;
}

bool is_over(AlertState state) { return state == AlertState::kClosed || state == AlertState::kWithdrawn; }

}  // namespace

Oracles::Oracles(const Base& base) : base_(base), rules_{base.ladders, base.ladders} {
  if (!base.duty) return;
  duty_.is_in(base.duty->before);
  const auto fill = [](std::map<wire::Severity, LadderRules>& ladders, int on_duty) {
    for (auto& [severity, rules] : ladders) {
      rules.on_duty = {on_duty};
      rules.steps[*rules.rota_step].targets.insert(on_duty);
    }
  };
  fill(rules_[0], base.duty->before);
  fill(rules_[1], base.duty->after);
}

void Oracles::violation(OracleName oracle, std::string text) {
  if (violations_.size() < 20) violations_.push_back({std::string(oracle.view()), std::move(text), t_});
}

void Oracles::note(ByteView bytes) {
  for (const std::uint8_t byte : bytes) note(std::uint64_t{byte});
}

int Oracles::device_of(broker::SessionId session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? -1 : found->second;
}

int Oracles::device_of(const DeviceId& id) const {
  for (std::size_t i = 0; i < base_.devices.size(); ++i) {
    if (base_.devices[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

// ---- The hub's time and disk

void Oracles::hub_boots(Millis t, UtcTime line) {
  hub_up_ = true;
  hub_trouble_ = std::max(hub_trouble_, t);
  hub_was_away_ = hub_was_away_ || boot_line_ != UtcTime{};
  boot_t_ = t;
  boot_line_ = line;
  away_at_.fill(line + kAway);  // P-045
  duty_.hub_starts(line);
  greeted_.fill(0);
}

void Oracles::hub_time(Millis t, UtcTime line) {
  const Millis error = (line - boot_line_) - (t - boot_t_);
  if (error > kLineError || error < -kLineError) violation("time", "the hub's line has left the true time");
}

void Oracles::hub_has(broker::JournalIndex last) {
  if (last < promised_) violation("recovery", "what was answered for is not in the journal");
  std::erase_if(not_durable_, [&](const broker::Record& record) { return record.index > last; });
  std::erase_if(revoked_, [&](const auto& revoked) { return revoked.second > last; });
  std::erase_if(duty_posted_, [&](const auto& posted) { return posted.second > last; });
  for (; !undo_.empty() && undo_.back().index > last; undo_.pop_back()) {
    incidents_[undo_.back().alert].ladder = undo_.back().ladder;
    incidents_[undo_.back().alert].taken = undo_.back().taken;
  }
  for (; !duty_undo_.empty() && duty_undo_.back().first > last; duty_undo_.pop_back()) {
    DutyTwin older = duty_undo_.back().second;
    older.keep_ears_of(duty_);
    duty_ = older;
    duty_changed_ = rota_changed_ = t_;
  }
  hub_synced(last);
}

void Oracles::hub_synced(broker::JournalIndex last) {
  durable_ = last;
  std::erase_if(undo_, [&](const Undo& undo) { return undo.index <= last; });
  std::erase_if(duty_undo_, [&](const auto& undo) { return undo.first <= last; });
  for (const broker::Record& record : not_durable_) {
    if (record.index <= last) fact_is_durable(record);
  }
  std::erase_if(not_durable_, [&](const broker::Record& record) { return record.index <= last; });
}

bool Oracles::revoked_for_good(int device) const {
  const auto found = revoked_.find(device);
  return found != revoked_.end() && found->second <= durable_;
}

void Oracles::record_written(const broker::Record& record) {
  check_blind(record.meta, "the hub's journal");
  for (const Bytes& body : record.bodies) check_blind(body, "the hub's journal");
  const auto fact = broker::decode_fact(record.meta);
  if (!fact) return violation("recovery", "a record cannot be read");
  if (const auto* published = std::get_if<broker::DocumentPublished>(&*fact)) {
    for (int d = 0; d < kDevices; ++d) {
      const auto& theirs = base_.devices[static_cast<std::size_t>(d)].revocation;
      if (theirs == published->document) revoked_[d] = record.index;
    }
  }
  duty_moves(record, *fact);
  ladder_moves(record, *fact);
  not_durable_.push_back(record);
}

void Oracles::fact_is_durable(const broker::Record& record) {
  const auto fact = broker::decode_fact(record.meta);
  if (const auto* appended = std::get_if<broker::EntryAppended>(&*fact)) {
    Room& room = rooms_[appended->stream];
    if (appended->create) room.epoch = appended->entry.epoch;
    if (appended->entry.kind != wire::EntryKind::kCommit) return;
    room.epoch = appended->entry.epoch + 1;
    const auto epoch = mls_epoch(record.bodies.at(0));
    if (!appended->create && (!epoch || !room.commits.insert(*epoch).second)) {
      violation("one-commit-an-epoch", "two commits of one epoch were stored");
    }
  } else if (const auto* raised = std::get_if<broker::AlertRaised>(&*fact)) {
    rooms_[raised->facts.stream].epoch = raised->entry.epoch;
  }
}

void Oracles::audit_is(const std::vector<KeptLine>& lines, const broker::HubCore& hub) {
  broker::AuditFold fold = base_.audit;
  wire::AuditPoint end = base_.audit_end;
  bool whole = true;
  for (const auto& [record, line] : lines) {
    ++end.seq;
    end.chain = wire::audit_chain_next(end.chain, end.seq, sha256(as_bytes(line.text)));
    whole = whole && line.seq == end.seq && line.chain == end.chain && fold.take(line.text);
  }
  if (!whole) violation("audit-chain", "a line is changed, left out, in another place, or no fact's");
  if (end != hub.audit_point()) violation("audit-chain", "the lines do not end where the hub's audit does");
  const auto other = fold.difference(hub.audit_subjects(), true);
  if (other) violation("audit", "the hub's state is not what the lines tell of " + *other);
}

// ---- The ladder, by what the hub writes down

HubSight Oracles::sight(UtcTime now, const LadderRules& rules) const {
  HubSight out{now, away_at_, {}};
  for (const auto& [device, index] : revoked_) out.away_at[static_cast<std::size_t>(device)] = UtcTime::min();
  if (duty_.degraded()) out.degraded_step = rules.rota_step;
  return out;
}

std::array<bool, kDevices> Oracles::revoked() const {
  std::array<bool, kDevices> out{};
  for (const auto& [device, index] : revoked_) out[static_cast<std::size_t>(device)] = true;
  return out;
}

// The severity's own ladder, as the rota fills it at that moment.
const LadderRules& Oracles::rules(UtcTime line, wire::Severity severity) const {
  const bool after = base_.duty && duty_.on_duty(*base_.duty, line, revoked()) == base_.duty->after;
  return rules_[after ? 1 : 0].at(severity);
}

// ---- Who can be reached, by what the hub writes down

void Oracles::duty_moves(const broker::Record& record, const broker::Fact& fact) {
  const bool about = std::holds_alternative<broker::CheckInAsked>(fact) ||
                     std::holds_alternative<broker::CheckedIn>(fact) ||
                     std::holds_alternative<broker::ShiftEnded>(fact) ||
                     std::holds_alternative<broker::DutyDoubted>(fact);
  const auto* published = std::get_if<broker::DocumentPublished>(&fact);
  const bool changes = published != nullptr && published->document.kind == wire::DocumentKind::kDutyChanges;
  if (published != nullptr) rota_changed_ = t_;
  if (!about && !changes) return;
  if (!base_.duty) return violation("duty-truth", "a role that no rota fills is watched");
  duty_undo_.emplace_back(record.index, duty_);
  const std::string wrong = duty_.record(*base_.duty, fact, record.at, revoked());
  if (!wrong.empty()) violation("duty-truth", wrong);
  if (std::holds_alternative<broker::DutyDoubted>(fact)) duty_changed_ = t_;
  if (!changes) return;
  const auto said = wire::decode_duty_changes(published->document.body);
  if (!said) return;
  for (const wire::SignedDutyChange& item : said->items) {
    if (const auto change = wire::decode_duty_change(item.body)) duty_posted_.emplace(change->id, record.index);
  }
}

void Oracles::check_duty() {
  const UtcTime line = boot_line_ + (t_ - boot_t_);
  const bool right = !base_.duty || !hub_up_ || duty_.expected(*base_.duty, line, revoked()) == duty_.trouble();
  if (right) {
    duty_wrong_since_.reset();
  } else if (!duty_wrong_since_) {
    duty_wrong_since_ = t_;
  } else if (t_ - std::max(*duty_wrong_since_, hub_trouble_) > kStepLate) {
    violation("duty-late", "a role's state is not what it should be by now");
  }
}

void Oracles::ladder_moves(const broker::Record& record, const broker::Fact& fact) {
  const auto* raised = std::get_if<broker::AlertRaised>(&fact);
  const auto* acted = std::get_if<broker::AlertActed>(&fact);
  const auto* stepped = std::get_if<broker::AlertStepped>(&fact);
  if (raised == nullptr && acted == nullptr && stepped == nullptr) return;
  const AlertId id = raised != nullptr ? raised->facts.alert : acted != nullptr ? acted->alert : stepped->alert;
  Incident& incident = incidents_[id];
  undo_.push_back({record.index, id, incident.ladder, incident.taken});
  const LadderRules& own = rules(record.at, incident.severity);
  const HubSight seen = sight(record.at, own);
  std::string wrong;
  if (raised != nullptr) {
    if (incident.ladder) return violation("idempotent", "an alert was raised twice");
    incident.raised_t = t_;
    wrong = incident.ladder.emplace().raised(own, raised->change, seen);
    if (raised->facts.severity != incident.severity) wrong = "raised as of another severity";
  } else if (!incident.ladder) {
    return violation("recovery", "an alert moves that was never raised");
  } else if (acted != nullptr) {
    const auto kind = static_cast<wire::ActKind>(acted->entry.act);
    if (kind == wire::ActKind::kTake) incident.taken = true;
    wrong = incident.ladder->acted(own, kind, static_cast<int>(acted->entry.author),
                                   acted->change ? &*acted->change : nullptr, seen);
  } else {
    wrong = incident.ladder->stepped(own, stepped->change, seen);
  }
  if (!wrong.empty()) violation("ladder-order", wrong);
  if (incident.ladder->state() != AlertState::kExhausted) return;
  check_promise(incident, record.at);
  incident.loud = true;
}

void Oracles::check_promise(const Incident& incident, UtcTime at) {
  if (incident.taken || incident.loud || hub_trouble_ >= incident.raised_t) return;
  if (incident.promised == kNever) return;
  if (at > incident.promised + kStepLate) violation("promise", "the loud end comes later than was promised");
}

void Oracles::check_ladders() {
  if (!hub_up_) return;
  const UtcTime line = boot_line_ + (t_ - boot_t_);
  if (t_ - hub_trouble_ < kStepLate) return;
  for (const auto& [id, incident] : incidents_) {
    if (!incident.ladder) continue;
    const LadderRules& now = rules(line, incident.severity);
    const HubSight seen = sight(line, now);
    const UtcTime next = incident.ladder->next_at(now, seen);
    if (next != kNever && next + kStepLate < line) violation("ladder-late", "the hub does not move an alert");
    if (incident.ladder->joining(now, seen).empty()) {
      joins_since_.erase(id);
    } else if (t_ - std::max(joins_since_.try_emplace(id, t_).first->second, hub_trouble_) > kStepLate) {
      violation("ladder-late", "who came on duty, or is armed, is not rung");
    }
  }
}

// ---- What the hub is asked, and what it lets go

void Oracles::hub_is_asked(broker::SessionId session, const wire::ClientFrame& frame) {
  const int device = device_of(session);
  if (const auto* append = std::get_if<wire::Append>(&frame.body)) {
    Room& room = rooms_[append->stream];
    if (append->create) room.allowed.insert(device);
    for (const DeviceId& id : append->added) room.allowed.insert(device_of(id));
  } else if (const auto* raise = std::get_if<wire::Raise>(&frame.body)) {
    Room& room = rooms_[raise->stream];
    room.allowed.insert(device);
    for (const DeviceId& id : raise->members) room.allowed.insert(device_of(id));
  } else if (!std::holds_alternative<wire::Act>(frame.body)) {
    return;
  }
  asked_.insert_or_assign({session, frame.request}, frame.body);
}

void Oracles::receipt_leaves(broker::SessionId session, std::uint64_t request,
                             const wire::ReceiptLeaf& leaf) {
  Room& room = rooms_[leaf.stream];
  const auto [known, fresh] = room.contents.try_emplace(leaf.content, leaf.seq);
  if (!fresh && known->second != leaf.seq) violation("idempotent", "the same bytes were stored twice");
  const auto found = asked_.find({session, request});
  if (found == asked_.end()) return;
  const std::uint64_t epoch = epoch_in(found->second);
  stored_[leaf.id] = {leaf.stream, leaf.seq, epoch};
  const auto joins = [&](int device, std::uint64_t from, std::uint64_t from_epoch) {
    Member& member = room.members[device];
    if (from >= member.from) member = {from, from_epoch, std::nullopt};
  };
  if (const auto* append = std::get_if<wire::Append>(&found->second)) {
    if (append->create) joins(device_of(session), 0, epoch);
    const bool commit = append->kind == wire::EntryKind::kCommit;
    for (const DeviceId& id : append->removed) room.members[device_of(id)].until = leaf.seq;
    for (const DeviceId& id : append->added) {
      joins(device_of(id), commit ? leaf.seq : leaf.seq - 1, commit ? epoch + 1 : epoch);
    }
  } else if (const auto* raise = std::get_if<wire::Raise>(&found->second)) {
    joins(device_of(session), 0, epoch);
    for (const DeviceId& id : raise->members) joins(device_of(id), 0, epoch);
    incidents_[raise->alert].stored = true;
    incidents_[raise->alert].promised = leaf.exhausted_at;
  }
  asked_.erase(found);
}

void Oracles::session_greeted(broker::SessionId session) {
  const int device = device_of(session);
  if (device < 0) return;
  greeted_[static_cast<std::size_t>(device)] = session;
  away_at_[static_cast<std::size_t>(device)] = kNever;
}

void Oracles::session_gone(broker::SessionId session, UtcTime line) {
  const int device = device_of(session);
  if (device < 0 || greeted_[static_cast<std::size_t>(device)] != session) return;
  greeted_[static_cast<std::size_t>(device)] = 0;
  away_at_[static_cast<std::size_t>(device)] = line + kAway;
}

void Oracles::session_heard(broker::SessionId session, UtcTime line) {
  const int device = device_of(session);
  if (device >= 0) duty_.heard(device, line);
}

void Oracles::packages_leave(const wire::Gathered& gathered) {
  for (const auto& item : gathered.items) {
    if (!packages_.insert(item.key_package).second) violation("key-package-once", "handed out again");
  }
}

std::optional<std::uint64_t> Oracles::epoch_of(ConversationId stream) const {
  const auto found = rooms_.find(stream);
  return found == rooms_.end() ? std::nullopt : std::optional(found->second.epoch);
}

// ---- The network

void Oracles::session_is(broker::SessionId session, int device) { sessions_[session] = device; }

void Oracles::check_blind(ByteView bytes, const char* where) {
  for (const std::string_view word : kPlanted) {
    const void* found = ::memmem(bytes.data(), bytes.size(), word.data(), word.size());
    if (found != nullptr) violation("blindness", std::string("a planted word in ") + where);
  }
}

void Oracles::frame_to_hub(int, ByteView frame) { check_blind(frame, "a frame"); }

void Oracles::frame_to_device(int device, const wire::HubFrame& frame) {
  const auto* entry = std::get_if<wire::Entry>(&frame.body);
  if (entry == nullptr) return;
  if (entry->stream != wire::kInbox) {
    const Room& room = rooms_[entry->stream];
    if (!room.allowed.contains(device)) return violation("membership", "an entry came to a stranger");
    const auto member = room.members.find(device);
    if (member != room.members.end() && member->second.until && entry->seq > *member->second.until) {
      violation("membership", "an entry came to who had been removed");
    }
  } else if (entry->kind == wire::EntryKind::kAlert && !exempt(device)) {
    const auto item = wire::decode_alert_item(entry->bytes);
    if (!item || item->notice == wire::NoticeKind::kNone || item->notice == wire::NoticeKind::kLoud) return;
    if (!rung_.emplace(device, item->view.alert, item->view.step, item->repeat).second) return;
    rings_.push_back({device, item->view.alert, t_});
  }
}

void Oracles::lied(int device, Millis t, bool must_notice) {
  auto& lie = lied_to_[device];
  lie = {t, lie.second || must_notice};
}

void Oracles::forked(int device, ConversationId stream, std::uint64_t seq, Millis t) {
  lied(device, t, false);
  forked_[device] = {stream, seq};
}

// ---- Devices and people

void Oracles::device_crashes(int device) {
  device_trouble(device);
  crashed_.insert(device);
}

void Oracles::events_lost(int device, const std::vector<client::Event>& events) {
  const auto lie = lied_to_.find(device);
  if (lie == lied_to_.end()) return;
  const auto noticed = [](const client::Event& event) { return std::holds_alternative<client::Suspicion>(event); };
  if (std::any_of(events.begin(), events.end(), noticed)) lie->second.second = false;
}

void Oracles::person_asks(int device, AlertId alert, ConversationId conversation, MessageId message,
                          Millis t) {
  Incident& incident = incidents_[alert];
  incident.by = device;
  incident.room = conversation;
  incident.message = message;
  incident.asked_at = t;
  person_says(device, conversation, message);
}

void Oracles::person_says(int device, ConversationId, MessageId message) { author_of_[message] = device; }

void Oracles::event_shown(int device, const client::Event& event, Millis) {
  note(static_cast<std::uint64_t>(device) << 8 | event.index());
  if (const auto* message = std::get_if<client::NewMessage>(&event)) message_shown(device, message->message);
  if (const auto* own = std::get_if<client::OwnMessage>(&event)) own_shown(device, *own);
  if (const auto* changed = std::get_if<client::AlertChanged>(&event)) alert_shown(device, *changed);
  if (const auto* ring = std::get_if<client::RingNow>(&event)) incidents_[ring->alert].told = true;
  if (const auto* answered = std::get_if<client::DutyAnswered>(&event)) {
    const bool kept = answered->why != Errc{} || duty_posted_.contains(answered->id);
    if (!kept) violation("duty-truth", "a change of duty was answered for and is not there");
  }
  if (const auto* suspicion = std::get_if<client::Suspicion>(&event)) {
    suspicious_.insert(device);
    // A hub that was away has broken its promise (P-063), and that is what it says.
    const bool broken_promise = suspicion->text.find("udskudt") != std::string::npos && hub_was_away_;
    // That somebody closed before the read-back was found right is said of a person, and may be so: an advice
    // and a close can cross.
    const bool of_a_person = suspicion->code == Errc::kWrongState;
    if (lied_to_.empty() && !broken_promise && !of_a_person) {
      violation("no-false-alarm", "device " + std::to_string(device) + ": " + suspicion->text);
    }
  }
}

void Oracles::message_shown(int device, const client::Message& message) {
  if (!shown_[device].insert(message.id).second) violation("shown-once", "a message was shown twice");
  std::uint64_t& last = shown_seq_[{device, message.conversation}];
  if (message.seq <= last) violation("order", "a message was shown out of its order");
  last = message.seq;
  const auto fork = forked_.find(device);
  if (fork != forked_.end() && fork->second.first == message.conversation &&
      message.content.mark.seq >= fork->second.second) {
    lied(device, t_, true);
  }
}

void Oracles::own_shown(int device, const client::OwnMessage& own) {
  for (auto& [id, incident] : incidents_) {
    const bool said = own.delivery == client::Delivery::kFailed || own.delivery >= client::Delivery::kStored;
    if (incident.by == device && incident.message == own.id && said) incident.told = true;
  }
  client::Delivery& before = delivery_[own.id];
  const bool was_stored = before >= client::Delivery::kStored && before <= client::Delivery::kSeen;
  const bool is_stored = own.delivery >= client::Delivery::kStored && own.delivery <= client::Delivery::kSeen;
  if (was_stored && !is_stored) violation("monotone", "what was shown as stored was taken back");
  before = own.delivery;
}

void Oracles::alert_shown(int device, const client::AlertChanged& changed) {
  const AlertId& id = changed.alert.view.alert;
  Incident& incident = incidents_[id];
  // A call that is shown on its ladder was stored: so the asker learns it when a crash took the answer itself.
  if (incident.by == device) incident.told = true;
  if (changed.alert.taken_by) {
    const int taker = device_of(changed.alert.taken_by->device);
    if (!incident.takers.contains(taker)) violation("taken-is-true", "shown as taken by who never took it");
  }
  if (is_over(changed.alert.view.state)) {
    ended_.insert({device, id});
  } else if (ended_.contains({device, id})) {
    violation("monotone", "an ended alert is shown as open again");
  }
  if (changed.notice == wire::NoticeKind::kNone) return;
  if (changed.notice == wire::NoticeKind::kLoud) incident.loud_at.insert(device);
  std::erase_if(rings_, [&](const Ring& ring) { return ring.device == device && ring.alert == id; });
}

void Oracles::time_is(Millis t) {
  t_ = t;
  check_ladders();
  check_duty();
  std::erase_if(rings_, [&](const Ring& ring) {
    if (exempt(ring.device) || last_trouble_[ring.device] >= ring.since) return true;
    if (t < ring.since + kHeard) return false;
    violation("ring", "a notice arrived and was not heard at device " + std::to_string(ring.device));
    return true;
  });
  for (auto& [id, incident] : incidents_) {
    if (incident.told || incident.message == MessageId{} || exempt(incident.by)) continue;
    // A crash between the store and the screen swallows the one "IKKE SENDT"; then the device rings (P-110).
    const Millis within = crashed_.contains(incident.by) ? kTold + limits::kExhaustedRepeat : kTold;
    if (t < std::max(incident.asked_at, last_trouble_[incident.by]) + within) continue;
    violation("told", "neither stored nor not sent was shown");
    incident.told = true;
  }
}

bool Oracles::waits() const {
  if (!rings_.empty()) return true;
  for (const auto& [id, incident] : incidents_) {
    if (incident.message != MessageId{} && !incident.told && !exempt(incident.by)) return true;
    if (!incident.ladder) continue;
    const AlertState state = incident.ladder->state();
    if (state == AlertState::kEscalating || state == AlertState::kTaken) return true;
  }
  return false;
}

}  // namespace nattevagt::simulation
