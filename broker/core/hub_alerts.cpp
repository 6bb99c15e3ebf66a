// Raising alerts, acting on them, and moving them by time (PROTOCOL.md section 5). Who may do what is decided
// here; where it leads is the ladder engine's (ladder.h).
#include <algorithm>
#include <set>
#include <utility>

#include "broker/core/hub_state.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

// What the screens of those who are not rung show; a timer that was only set anew is not news.
bool same_to_see(wire::AlertView a, wire::AlertView b) {
  a.next_at = b.next_at;
  return a == b;
}

// A repeat is left out where the one before has not even arrived: an offline device's inbox stays small.
// First notices always go (REQUIREMENTS R15).
bool is_mere_repeat(const Notice& notice, const Alert* before) {
  if (notice.kind == wire::NoticeKind::kRepeat) return true;
  return notice.kind == wire::NoticeKind::kLoud && before != nullptr &&
         before->progress.state == wire::AlertState::kExhausted;
}

}  // namespace

// ---- Who

bool HubCore::State::is_asking(const AlertFacts& facts, const Device& device) const {
  if (device.is_recorder() || device.identity.organisation != facts.organisation) return false;
  return device.number == facts.raised_by || device.identity.unit == facts.unit;
}

std::vector<DeviceNumber> HubCore::State::asking_devices(const AlertFacts& facts) const {
  std::vector<DeviceNumber> devices = directory.asking_devices(facts.organisation, facts.unit, now);
  const auto place = std::lower_bound(devices.begin(), devices.end(), facts.raised_by);
  const bool listed = place != devices.end() && *place == facts.raised_by;
  if (!listed && directory.device(facts.raised_by).usable(now)) devices.insert(place, facts.raised_by);
  return devices;
}

// P-043: a person that the ladder names at any step, by today's roster or by the one that rang.
bool HubCore::State::is_named(const Alert& alert, const Device& device) const {
  if (device.is_recorder()) return false;
  for (const DeviceNumber number : directory.devices_of_person(device.identity.person)) {
    if (alert.named.contains(number)) return true;
  }
  std::set<DeviceNumber> named;
  for (const wire::LadderStep& step : alert.facts.ladder.steps) {
    for (const wire::Target& target : step.targets) directory.add_devices_of(target, now, named);
  }
  return named.contains(device.number);
}

bool HubCore::State::is_taker(const Alert& alert, const Device& device) const {
  const auto taken_by = alert.progress.taken_by;
  return taken_by && person_of(*taken_by) == device.identity.person;
}

LadderScene HubCore::State::scene_of(const AlertFacts& facts, const std::vector<DeviceNumber>& asking) const {
  return {facts.ladder, asking, *this, now};
}

void HubCore::State::count_move(const AlertFacts& facts, const AlertProgress* before,
                                     const AlertProgress& after) {
  if (facts.drill) return;  // P-140
  if (after.technical_alarm && (before == nullptr || !before->technical_alarm)) counters.technical_alarms += 1;
  const auto at_its_end = [](const AlertProgress& at) { return at.state == wire::AlertState::kExhausted; };
  if (at_its_end(after) && (before == nullptr || !at_its_end(*before))) counters.ladders_exhausted += 1;
}

std::vector<DeviceNumber> HubCore::State::members_of(const Alert& alert) const {
  std::vector<DeviceNumber> members;
  for (const Member& member : streams.find(alert.facts.stream)->members()) {
    if (member.until == 0) members.push_back(member.device);
  }
  return members;
}

// The move as a fact: who gets which item. `members` are those of the alert's stream.
AlertChange HubCore::State::change_of(const AlertFacts& facts, const Alert* before,
                                      const std::vector<DeviceNumber>& members,
                                      const LadderMove& move) const {
  AlertChange change{move.progress, {}};
  const UtcTime raised_at = before == nullptr ? now : before->raised_at;
  const wire::AlertView view = view_of(facts, move.progress, raised_at, directory);
  std::set<DeviceNumber> others(members.begin(), members.end());
  if (before != nullptr) {
    for (const auto& [device, seq] : before->told) others.insert(device);
  }
  for (const Notice& notice : move.notices) {
    wire::AlertItem item{notice.kind, notice.repeat, view};
    item.view.step = notice.step;
    Post post{{}, notice.kind, {}};
    for (const DeviceNumber device : notice.devices) {
      others.insert(device);  // of an earlier step that nobody could answer: it hears how it went on
      if (!directory.device(device).usable(now)) continue;
      if (before != nullptr && is_mere_repeat(notice, before)) {
        const auto told = before->told.find(device);
        const Member* reader = streams.inbox(device).member(device);
        if (told != before->told.end() && reader != nullptr && told->second > reader->acked) continue;
      }
      post.devices.push_back(device);
    }
    if (post.devices.empty()) continue;
    post.item = wire::encode(item);
    change.posts.push_back(std::move(post));
  }
  if (before != nullptr && same_to_see(view_of(*before, directory), view)) return change;
  // P-050: all others hear of the change, without a sound.
  if (!move.notices.empty()) {
    for (const DeviceNumber device : move.notices.back().devices) others.erase(device);
  }
  Post post{{}, wire::NoticeKind::kNone, {}};
  for (const DeviceNumber device : others) {
    if (directory.device(device).usable(now)) post.devices.push_back(device);
  }
  if (post.devices.empty()) return change;
  post.item = wire::encode(wire::AlertItem{wire::NoticeKind::kNone, move.progress.repeat, view});
  change.posts.push_back(std::move(post));
  return change;
}

// P-050: who is called in later hears how it stands, or could not take it before it moves.
JournalIndex HubCore::State::tell_invited(const Alert& alert, const std::vector<DeviceNumber>& devices) {
  const wire::AlertItem item{wire::NoticeKind::kNone, alert.progress.repeat, view_of(alert, directory)};
  return emit(AlertStepped{
      alert.facts.alert, {alert.progress, {Post{wire::encode(item), wire::NoticeKind::kNone, devices}}}});
}

// ---- Raise (P-040)

void HubCore::State::raise(Session& session, std::uint64_t request, const wire::Raise& wanted) {
  const Digest content = sha256(wanted.bytes);
  if (repeated_raise(session, request, wanted, content)) return;
  auto fact = decide_raise(*session.device, wanted, content);
  if (!fact) {
    // P-091: a real alert that is turned away for its number is an operator's business at once.
    if (fact.error().code == Errc::kBusy && !wanted.drill) counters.alerts_refused_full += 1;
    return refuse_at(session, request, fact.error().code, nullptr);
  }
  std::vector<Bytes> bodies(1, wanted.bytes);
  if (!fact->members.empty()) bodies.push_back(wanted.welcome);
  count_move(fact->facts, nullptr, fact->change.progress);
  (wanted.drill ? counters.drills_raised : counters.alerts_raised) += 1;
  const JournalIndex index = emit(std::move(*fact), std::move(bodies));
  receipt(session, request, leaf_of(*streams.find(wanted.stream), 1), index);
}

bool HubCore::State::repeated_raise(const Session& session, std::uint64_t request, const wire::Raise& wanted,
                                    const Digest& content) {
  const Alert* known = alerts.find(wanted.alert);
  if (known == nullptr) return false;
  if (known->facts.stream != wanted.stream || known->request != wanted.id ||
      known->request_content != content) {
    refuse(session, request, Errc::kAlreadyExists);
    return true;
  }
  wire::ReceiptLeaf leaf;
  leaf.stream = wanted.stream;
  leaf.seq = 1;
  leaf.id = known->request;
  leaf.content = known->request_content;
  leaf.chain = known->request_chain;
  leaf.stored_at = known->raised_at;
  leaf.alert = wanted.alert;
  leaf.next_at = known->facts.promised_next_at;
  leaf.exhausted_at = known->facts.promised_exhausted_at;
  receipt(session, request, leaf, known->raised);
  return true;
}

Result<AlertFacts> HubCore::State::facts_of(const Device& sender, const wire::Raise& wanted) const {
  const OrganisationId& organisation = sender.identity.organisation;
  const RosterView* roster = directory.roster(organisation);
  if (roster == nullptr) return fail(Errc::kNotFound, "P-041");
  const wire::Unit* unit = roster->unit(wanted.unit);
  // A unit's devices ask for their unit; a person's device that has no unit may ask for one of its own
  // organisation.
  const bool may = sender.identity.unit ? *sender.identity.unit == wanted.unit : unit != nullptr;
  if (!may || sender.is_recorder()) return fail(Errc::kNotPermitted, "P-040");
  // A roster that has just changed must not cost an alert: the unit's ladder of this severity stands in.
  const wire::Ladder* ladder = roster->ladder(wanted.ladder);
  if (ladder == nullptr && unit != nullptr) {
    for (const wire::UnitLadder& other : unit->ladders) {
      if (other.severity == wanted.severity) ladder = roster->ladder(other.ladder);
    }
  }
  if (ladder == nullptr) return fail(Errc::kNotFound, "P-041");
  AlertFacts facts;
  facts.alert = wanted.alert;
  facts.stream = wanted.stream;
  facts.organisation = organisation;
  facts.unit = wanted.unit;
  facts.role_asked = wanted.role_asked;
  facts.severity = wanted.severity;
  facts.drill = wanted.drill;
  facts.ladder = *ladder;
  facts.roster_version = roster->version;
  facts.rota_version = directory.rota_version_of(wanted.role_asked);
  facts.raised_by = sender.number;
  return facts;
}

// Who has been revoked meanwhile, or is not known here, gets nothing; the alert goes out all the same.
std::vector<DeviceNumber> HubCore::State::raise_members(const Device& sender,
                                                        const wire::Raise& wanted) const {
  std::set<DeviceNumber> members;
  for (const DeviceId& id : wanted.members) {
    const Device* device = directory.find(id);
    if (device != nullptr && device->usable(now) && device->number != sender.number)
      members.insert(device->number);
  }
  return {members.begin(), members.end()};
}

Result<AlertRaised> HubCore::State::decide_raise(const Device& sender, const wire::Raise& wanted,
                                                 const Digest& content) const {
  if (wanted.stream == wire::kInbox || wanted.stream == wire::kAuditStream) {
    return fail(Errc::kInvalidValue, "P-030");
  }
  if (wanted.members.empty() != wanted.welcome.empty()) return fail(Errc::kInvalidValue, "P-036");
  if (wanted.bytes.size() > limits::kEntryBytesMax || wanted.welcome.size() > limits::kWelcomeBytesMax ||
      wanted.members.size() >= limits::kGroupMembersMax) {
    return fail(Errc::kTooLarge, "P-090");
  }
  if (streams.find(wanted.stream) != nullptr) return fail(Errc::kAlreadyExists, "P-040");
  AlertRaised fact;
  NV_TRY(fact.facts, facts_of(sender, wanted));
  const std::size_t most = wanted.drill ? limits::kOpenDrillsPerUnitMax : limits::kOpenAlertsPerUnitMax;
  if (alerts.open_of_unit(fact.facts.organisation, wanted.unit, wanted.drill) >= most) {
    return fail(Errc::kBusy, "P-090");
  }
  fact.entry = {sender.number, wanted.id, wire::EntryKind::kApplication, wanted.epoch, content, 0};
  fact.members = raise_members(sender, wanted);
  if (!fact.members.empty()) {
    const wire::WelcomeItem item{wanted.stream, 0, wire::chain_first(wanted.stream, std::nullopt),
                                 wanted.welcome};
    fact.welcome_content = sha256(wire::encode(item));
  }
  const std::vector<DeviceNumber> asking = asking_devices(fact.facts);
  const LadderMove move = begin_ladder(scene_of(fact.facts, asking));
  fact.facts.promised_next_at = move.progress.due_at;
  fact.facts.promised_exhausted_at = move.progress.exhausted_at;
  std::vector<DeviceNumber> members = fact.members;
  members.push_back(sender.number);
  fact.change = change_of(fact.facts, nullptr, members, move);
  return fact;
}

// ---- Acts

void HubCore::State::act(Session& session, std::uint64_t request, const wire::Act& wanted) {
  const Device& device = *session.device;
  const Alert* alert = alerts.find(wanted.alert);
  if (alert == nullptr) return refuse(session, request, Errc::kNotFound);
  const Stream& stream = *streams.find(alert->facts.stream);
  if (stream.member(device.number) == nullptr) return refuse(session, request, Errc::kNotMember);
  const Digest content = sha256(wanted.bytes);
  // A retry, whatever the state has become since, and though the device is about to leave the room.
  if (const auto seq = stream.find(wanted.id)) {
    const LogEntry& known = stream.at(*seq);
    if (known.content != content || known.act != static_cast<std::uint8_t>(wanted.kind)) {
      return refuse(session, request, Errc::kAlreadyExists);
    }
    return receipt(session, request, leaf_of(stream, *seq), known.record);
  }
  if (!stream.has_member(device.number)) return refuse(session, request, Errc::kNotMember);
  if (wanted.bytes.size() > limits::kEntryBytesMax) return refuse(session, request, Errc::kTooLarge);
  const auto move = decide_act(*alert, device, wanted);
  if (!move) {
    wire::Refused refused;
    refused.code = move.error().code;
    if (refused.code == Errc::kAlreadyTaken) {  // P-043: and who
      refused.taken_by = directory.device(*alert->progress.taken_by).identity.device;
    }
    return refuse(session, request, refused);
  }
  if (!check_epoch(stream, wire::EntryKind::kApplication, wanted.epoch)) {
    return refuse_at(session, request, Errc::kStaleEpoch, &stream);
  }
  const JournalIndex index = store_act(*alert, device, wanted, content, *move);
  receipt(session, request, leaf_of(stream, stream.head()), index);
}

// P-049: the entry and the change are one fact. P-039 does not hold here: a full room still lets itself be
// taken.
JournalIndex HubCore::State::store_act(const Alert& alert, const Device& device, const wire::Act& wanted,
                                       const Digest& content, const LadderMove& move) {
  AlertActed fact;
  fact.alert = wanted.alert;
  fact.entry = {device.number, wanted.id, wire::EntryKind::kApplication,
                wanted.epoch,  content,   static_cast<std::uint8_t>(wanted.kind)};
  if (!(move.progress == alert.progress) || !move.notices.empty()) {
    count_move(alert.facts, &alert.progress, move.progress);
    fact.change = change_of(alert.facts, &alert, members_of(alert), move);
  }
  return emit(std::move(fact), {wanted.bytes});
}

Result<LadderMove> HubCore::State::decide_act(const Alert& alert, const Device& device,
                                              const wire::Act& wanted) const {
  const AlertProgress& progress = alert.progress;
  const std::vector<DeviceNumber> asking = asking_devices(alert.facts);
  const LadderScene scene = scene_of(alert.facts, asking);
  switch (wanted.kind) {
    case wire::ActKind::kTake: {
      if (!is_named(alert, device)) return fail(Errc::kNotPermitted, "P-043");
      const bool taken =
          progress.state == wire::AlertState::kTaken || progress.state == wire::AlertState::kAdvised;
      const bool asked = progress.handing_to == device.identity.person;  // P-116
      if (!taken || asked) return take(scene, progress, device.number);
      if (!is_taker(alert, device)) return fail(Errc::kAlreadyTaken, "P-043");
      return LadderMove{progress, {}};  // taking again changes nothing, not even the advice's time
    }
    case wire::ActKind::kDecline:
      if (!is_named(alert, device)) return fail(Errc::kNotPermitted, "P-044");
      return decline(scene, progress, device.number);
    case wire::ActKind::kAdvise:
      if (!progress.taken_by) return fail(Errc::kWrongState, "P-048");
      if (!is_taker(alert, device)) return fail(Errc::kNotPermitted, "P-048");
      if (progress.state == wire::AlertState::kAdvised) return LadderMove{progress, {}};
      return advise(progress);
    case wire::ActKind::kReserveUsed:
      if (!is_asking(alert.facts, device)) return fail(Errc::kNotPermitted, "P-048");
      return use_reserve(progress);
    case wire::ActKind::kWithdraw:
      if (!is_asking(alert.facts, device)) return fail(Errc::kNotPermitted, "P-048");
      return withdraw(scene, progress);
    case wire::ActKind::kClose:
      if (!is_asking(alert.facts, device) && !is_taker(alert, device))
        return fail(Errc::kNotPermitted, "P-048");
      return broker::close(scene, progress);
    case wire::ActKind::kHandOver:
      if (!is_taker(alert, device)) return fail(Errc::kNotPermitted, "P-116");
      return decide_hand_over(alert, *wanted.to);
  }
  return fail(Errc::kUnsupported, "P-004");
}

// P-116: to somebody whom the ladder names and who is in the room: others could neither take it nor read it.
Result<LadderMove> HubCore::State::decide_hand_over(const Alert& alert, const PersonId& to) const {
  const Stream& stream = *streams.find(alert.facts.stream);
  std::vector<DeviceNumber> theirs;
  for (const DeviceNumber number : directory.devices_of_person(to)) {
    const Device& device = directory.device(number);
    if (device.usable(now) && stream.has_member(number) && is_named(alert, device)) theirs.push_back(number);
  }
  if (theirs.empty()) return fail(Errc::kNotMember, "P-116");
  std::sort(theirs.begin(), theirs.end());
  const std::vector<DeviceNumber> asking = asking_devices(alert.facts);
  return hand_over(scene_of(alert.facts, asking), alert.progress, to, std::move(theirs));
}

void HubCore::State::get_alert(Session& session, std::uint64_t request, const wire::GetAlert& wanted) {
  const Alert* alert = alerts.find(wanted.alert);
  if (alert == nullptr) return refuse(session, request, Errc::kNotFound);
  const Device& device = *session.device;
  const Stream* stream = streams.find(alert->facts.stream);
  const bool may = (stream != nullptr && stream->has_member(device.number)) ||
                   is_asking(alert->facts, device) || alert->told.contains(device.number) ||
                   is_named(*alert, device);
  if (!may) return refuse(session, request, Errc::kNotPermitted);
  answer(session, request, wire::AlertReply{view_of(*alert, directory)}, last_index);
}

// ---- Time (P-042, P-045, P-046, P-047, P-052)

void HubCore::State::move_alerts() {
  if (alerts.next_move_at() > now) return;
  for (const AlertId& id : alerts.due(now, kMovesPerStep)) {
    const Alert& alert = *alerts.find(id);
    const std::vector<DeviceNumber> asking = asking_devices(alert.facts);
    const LadderMove move = advance(scene_of(alert.facts, asking), alert.progress);
    NV_CHECK(!(move.progress == alert.progress));  // else it would be due for ever
    count_move(alert.facts, &alert.progress, move.progress);
    emit(AlertStepped{id, change_of(alert.facts, &alert, members_of(alert), move)});
  }
}

// P-130: its timer is now, so that the ladder's own next move follows at once; the technical alarm says why.
void HubCore::State::mend(const AlertId& id) {
  const Alert* alert = alerts.find(id);
  if (alert == nullptr || !has_timer(alert->progress)) return;  // its timer is gone with the rescheduling
  AlertProgress from = alert->progress;
  from.due_at = now;
  from.repeat_at = kNever;
  from.technical_alarm = true;
  const std::vector<DeviceNumber> asking = asking_devices(alert->facts);
  const LadderMove move = advance(scene_of(alert->facts, asking), from);
  count_move(alert->facts, &alert->progress, move.progress);
  counters.alerts_mended += 1;
  emit(AlertMended{id, change_of(alert->facts, alert, members_of(*alert), move)});
}

// P-106: who comes on duty while a step rings is rung within one tick; so are those whom it arms (P-185).
void HubCore::State::follow_duty() {
  if (duty_at <= now) {
    duty_at = directory.next_duty_change(now);
    duty_pending.clear();  // those left of the change before are among them
    alerts.each([&](const Alert& alert) {
      if (alert.progress.state == wire::AlertState::kEscalating) duty_pending.push_back(alert.facts.alert);
    });
  }
  for (std::size_t done = 0; done < kMovesPerStep && !duty_pending.empty(); ++done) {
    const Alert* alert = alerts.find(duty_pending.back());
    duty_pending.pop_back();
    if (alert == nullptr) continue;
    const std::vector<DeviceNumber> asking = asking_devices(alert->facts);
    const LadderMove move = join(scene_of(alert->facts, asking), alert->progress);
    if (move.notices.empty()) continue;
    count_move(alert->facts, &alert->progress, move.progress);
    emit(AlertStepped{alert->facts.alert, change_of(alert->facts, alert, members_of(*alert), move)});
  }
}

}  // namespace nattevagt::broker
