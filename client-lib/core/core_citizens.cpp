// Conversations about a citizen (PROTOCOL.md section 16): begun here, with plan cards and signatures, and what
// is to be done in them and in an alert's.
#include <algorithm>
#include <tuple>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"
#include "proto/common/check.h"
#include "proto/wire/citizen.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

template <class From>
wire::Target aimed_at(wire::TargetKind kind, const From& id) {
  wire::Target out;
  out.kind = kind;
  out.id.bytes = id.bytes;
  return out;
}

PlanState state_of(const CitizenFacts& facts, UtcTime now) {
  const auto standing = facts.standing();
  if (standing.empty()) return PlanState::kMissing;
  const bool valid = std::ranges::any_of(
      standing, [&](const MessageId& id) { return !plan_expired(facts.cards.at(id).valid_until, now); });
  return valid ? PlanState::kValid : PlanState::kExpired;
}

}  // namespace

// ---- Beginning one (P-160)

Result<ClientCore::Started> ClientCore::start_conversation(wire::Citizen citizen,
                                                           std::vector<wire::Target> invited, UtcTime now) {
  now_ = now;
  if (!enrolled()) return fail(Errc::kWrongState, "not enrolled");
  if (self_->kind == wire::HolderKind::kRecorder) return fail(Errc::kNotPermitted, "P-160");
  if (invited.size() > limits::kInvitedMax) return fail(Errc::kTooLarge, "P-160");
  for (const auto& [id, known] : conversations_) {
    if (known.refused || known.removed) continue;
    CitizenFacts scratch;
    const auto about = work_with_queued(known, scratch).citizen();
    if (about && wire::same_citizen(*about, citizen) == wire::CitizenMatch::kCpr) {
      return fail(Errc::kAlreadyExists, "P-160");
    }
  }
  ConversationState conversation;
  conversation.id = entropy_.make_id<ConversationId>();
  conversation.cursor.chain = wire::chain_first(conversation.id, std::nullopt);
  const ConversationId id = conversation.id;
  NV_TRY(const MessageId message, enqueue_content(id, wire::Opening{std::move(citizen)}, std::nullopt, {}));
  // Our own people first: what one of a unit's telephones knows, the others know.
  invited.push_back(aimed_at(wire::TargetKind::kPerson, self_->person));
  if (self_->unit) invited.push_back(aimed_at(wire::TargetKind::kUnit, *self_->unit));
  outbox_.rbegin()->second.targets = std::move(invited);
  conversations_.emplace(id, std::move(conversation));
  dirty_streams_.insert(id);
  return Started{id, message};
}

void ClientCore::gather_for_start(OutboxItem& item) {
  if (!directory_.any_roster()) {  // who may be invited is the rosters' to say (P-075)
    show_not_sent(item, Errc::kNotFound);
    return put_off(item, patience::kRetry);
  }
  wire::Gather gather;
  gather.targets = item.targets;
  gather.recorders_of = directory_.owners(self_->organisation, item.targets);
  request(std::move(gather), InFlight::Kind::kGather, item.number);
}

void ClientCore::build_start(OutboxItem& item, const wire::Gathered& gathered) {
  ConversationState* conversation = find(item.conversation());
  NV_CHECK(conversation != nullptr);
  forget_group(*conversation);  // of a try that the hub refused
  const Chosen chosen = choose(gathered, *conversation, [&](const Who& who) {
    return directory_.recorder(who) ||
           std::ranges::any_of(item.targets, [&](const wire::Target& target) {
             return directory_.meant(target, self_->organisation, who);
           });
  });
  auto room = make_room(item, *conversation, chosen);
  if (!room) {
    forget_group(*conversation);
    show_not_sent(item, room.error().code);
    return put_off(item, patience::kRetry);
  }
  announce_members(*conversation, conversation->group->members(), {});
  send_built(item, wire::Append{.stream = conversation->id,
                                .create = true,
                                .id = item.id(),
                                .kind = wire::EntryKind::kApplication,
                                .epoch = conversation->group->epoch(),
                                .bytes = std::move(room->first_words),
                                .added = chosen.devices,
                                .removed = {},
                                .welcome = std::move(room->welcome)});
}

// ---- Plan cards (P-161, P-162)

const CitizenFacts& ClientCore::work_with_queued(const ConversationState& conversation,
                                                 CitizenFacts& scratch) const {
  bool queued = false;
  for (const auto& [number, item] : outbox_) {
    if (!item.has_words() || item.echoed || item.conversation() != conversation.id) continue;
    if (!queued) scratch = conversation.work;
    queued = true;
    scratch.fold(item.message, conversation.of_alert());
  }
  return queued ? scratch : conversation.work;
}

Result<const ConversationState*> ClientCore::writable(const ConversationId& conversation) const {
  const ConversationState* found = find(conversation);
  if (found == nullptr || found->refused) return fail(Errc::kNotFound, "no such conversation");
  if (found->removed) return fail(Errc::kNotMember, "removed");
  return found;
}

Result<MessageId> ClientCore::write_plan(const ConversationId& conversation, wire::PlanCard card, UtcTime now) {
  now_ = now;
  NV_TRY(const ConversationState* found, writable(conversation));
  if (found->of_alert()) return fail(Errc::kNotPermitted, "P-161");
  if (card.parties.empty()) return fail(Errc::kInvalidValue, "P-161: an agreement has parties");
  CitizenFacts scratch;
  const CitizenFacts& facts = work_with_queued(*found, scratch);
  const auto about = facts.citizen();
  if (!about) return fail(Errc::kWrongState, "P-161: came in later, and has seen no card");
  card.citizen = *about;
  card.replaces = facts.standing();
  if (card.replaces.size() > limits::kPlanReplacesMax) card.replaces.resize(limits::kPlanReplacesMax);
  card.version = 1;
  for (const MessageId& id : card.replaces) card.version = std::max(card.version, facts.cards.at(id).version + 1);
  std::ranges::sort(card.replaces);
  return enqueue_content(conversation, std::move(card), std::nullopt, {});
}

CitizenFacts::Signer ClientCore::signer() const {
  // As enqueue_content() will write it.
  const bool held = self_->kind == wire::HolderKind::kUnit && !device_->author_name.empty();
  return {self_->person, held ? device_->author_name : directory_.person(*self_).name};
}

Result<MessageId> ClientCore::sign_plan(const ConversationId& conversation, const MessageId& card,
                                        const Digest& hash, UtcTime now) {
  now_ = now;
  NV_TRY(const ConversationState* found, writable(conversation));
  CitizenFacts scratch;
  const CitizenFacts& facts = work_with_queued(*found, scratch);
  const auto known = facts.cards.find(card);
  if (known == facts.cards.end()) return fail(Errc::kNotFound, "P-162");
  if (known->second.hash != hash) return fail(Errc::kInvalidValue, "P-162: not what was read");
  if (!std::ranges::count(facts.standing(), card)) return fail(Errc::kWrongState, "P-162: replaced");
  if (known->second.signers.contains(signer())) return fail(Errc::kDuplicate, "P-162");
  return enqueue_content(conversation, wire::PlanCardSigned{card, hash}, std::nullopt, {});
}

// ---- What is to be done (P-165, P-166)

Result<MessageId> ClientCore::take_item(const ConversationId& conversation, const MessageId& item, UtcTime now) {
  now_ = now;
  NV_TRY([[maybe_unused]] const ConversationState* found, writable(conversation));
  const auto open = open_work(now);
  const bool there = std::ranges::any_of(
      open, [&](const OpenWork& work) { return work.conversation == conversation && work.item == item; });
  if (!there) return fail(Errc::kNotFound, "P-166: nothing open");
  return enqueue_content(conversation, wire::TaskTaken{item}, std::nullopt, {});
}

Result<MessageId> ClientCore::finish_item(const ConversationId& conversation, const MessageId& item, bool done,
                                          std::string reason, UtcTime now) {
  now_ = now;
  NV_TRY(const ConversationState* found, writable(conversation));
  CitizenFacts scratch;
  const CitizenFacts& facts = work_with_queued(*found, scratch);
  const auto task = facts.tasks.find(item);
  if (task == facts.tasks.end()) return fail(Errc::kNotFound, "P-165");
  if (!task->second.open) return fail(Errc::kDuplicate, "P-165");
  return enqueue_content(conversation, wire::TaskDone{item, done, std::move(reason), now}, std::nullopt, {});
}

// ---- Looking

std::vector<OpenWork> ClientCore::open_work(UtcTime now) const {
  std::vector<OpenWork> out;
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.refused || conversation.removed) continue;
    IncidentFacts scratch;
    const IncidentFacts& facts = *facts_with_queued(conversation, scratch);
    if (facts.asked && facts.asked->drill) continue;  // P-140
    CitizenFacts work_scratch;
    const CitizenFacts& work = work_with_queued(conversation, work_scratch);
    auto citizen = facts.asked ? std::optional(facts.asked->citizen) : work.citizen();
    const auto add = [&](OpenWork::Kind kind, const MessageId& item, std::optional<UtcTime> due) {
      const auto by = work.taken.find(item);
      out.push_back({.conversation = id,
                     .item = item,
                     .kind = kind,
                     .citizen = citizen.value_or(wire::Citizen{}),
                     .taken = by == work.taken.end() ? std::nullopt : std::optional(by->second),
                     .due = due,
                     .late = due && *due <= now});
    };
    for (const auto& [item, task] : work.tasks) {
      if (task.open) add(OpenWork::Kind::kTask, item, task.due);
    }
    for (const auto& [item, advice] : facts.advices) {
      if (advice.read_back_required && !advice.found_correct()) {
        add(OpenWork::Kind::kReadBack, item, std::nullopt);
      } else if (!advice.answered) {
        add(OpenWork::Kind::kAdvice, item, std::nullopt);
      }
    }
  }
  return out;
}

std::vector<CitizenRoom> ClientCore::citizens(UtcTime now) const {
  std::map<ConversationId, std::size_t> open;
  for (const OpenWork& work : open_work(now)) ++open[work.conversation];
  std::vector<CitizenRoom> out;
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.refused || conversation.of_alert()) continue;
    CitizenFacts scratch;
    const CitizenFacts& work = work_with_queued(conversation, scratch);
    const auto about = work.citizen();
    // Who was taken out keeps what it was given, for as long as age allows; a room that never came to be has none.
    if (!about || (conversation.removed && work.cards.empty())) continue;
    out.push_back({.conversation = id,
                   .citizen = *about,
                   .plan = state_of(work, now),
                   .open_items = open[id],
                   .may_write = !conversation.removed});
  }
  std::ranges::stable_sort(out, [](const CitizenRoom& a, const CitizenRoom& b) {
    return std::tie(a.citizen.name, a.citizen.cpr) < std::tie(b.citizen.name, b.citizen.cpr);
  });
  return out;
}

std::vector<Person> ClientCore::members(const ConversationId& conversation) const {
  std::vector<Person> out;
  const ConversationState* found = find(conversation);
  if (found == nullptr || !found->group) return out;
  for (const auto& identity : identities(found->group->members())) out.push_back(directory_.person(identity));
  return out;
}

PlanRef ClientCore::ref_of(const ConversationId& conversation, const MessageId& id, const CitizenFacts::Card& card,
                           wire::CitizenMatch match, UtcTime now) {
  return {.conversation = conversation,
          .card = id,
          .hash = card.hash,
          .match = match,
          .version = card.version,
          .agreed_on = card.agreed_on,
          .stands = false,
          .expired = plan_expired(card.valid_until, now),
          .may_sign = false,
          .signatures = card.signatures};
}

std::vector<PlanRef> ClientCore::plans(const wire::Citizen& citizen, UtcTime now) const {
  std::vector<PlanRef> out;
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.refused || conversation.of_alert()) continue;
    CitizenFacts scratch;
    const CitizenFacts& work = work_with_queued(conversation, scratch);
    const auto add = [&](const MessageId& card, bool stands) {
      const CitizenFacts::Card& known = work.cards.at(card);
      const auto match = wire::same_citizen(known.citizen, citizen);
      if (!match) return;
      PlanRef ref = ref_of(id, card, known, *match, now);
      ref.stands = stands;
      ref.may_sign = stands && !conversation.removed && !known.signers.contains(signer());
      out.push_back(std::move(ref));
    };
    for (const MessageId& card : work.standing()) add(card, true);
    for (const MessageId& card : work.previous()) add(card, false);
  }
  // P-163: the certain ones first, then the newest agreement; ids make the order the same on every device.
  std::ranges::sort(out, [](const PlanRef& a, const PlanRef& b) {
    return std::tuple(a.match, a.expired, b.agreed_on, b.version, a.card) <
           std::tuple(b.match, b.expired, a.agreed_on, a.version, b.card);
  });
  return out;
}

PlanState ClientCore::plan_state(const wire::Citizen& citizen, UtcTime now) const {
  PlanState out = PlanState::kMissing;
  for (const PlanRef& plan : plans(citizen, now)) {
    if (!plan.stands) continue;
    if (!plan.expired) return PlanState::kValid;
    out = PlanState::kExpired;
  }
  return out;
}

// ---- A plan beside a call (P-169)

Result<MessageId> ClientCore::show_plan(const ConversationId& incident, wire::PlanCard card, UtcTime now) {
  now_ = now;
  NV_TRY(const ConversationState* found, writable(incident));
  if (!found->of_alert()) return fail(Errc::kNotPermitted, "P-169");
  CitizenFacts scratch;
  const CitizenFacts& facts = work_with_queued(*found, scratch);
  if (facts.about_another(card.citizen)) return fail(Errc::kInvalidValue, "P-169: another citizen");
  const Digest hash = wire::plan_card_hash(card);
  if (std::ranges::any_of(facts.shown, [&](const auto& entry) { return entry.second.hash == hash; })) {
    return fail(Errc::kDuplicate, "P-169");
  }
  return enqueue_content(incident, std::move(card), std::nullopt, {});
}

std::optional<wire::Citizen> ClientCore::asked_about(const ConversationId& incident) const {
  const ConversationState* found = find(incident);
  if (found == nullptr) return std::nullopt;
  CitizenFacts scratch;
  const auto& about = work_with_queued(*found, scratch).asked_about;
  const bool named = about && !(about->name.empty() && about->cpr.empty());
  return named ? about : std::nullopt;
}

std::vector<PlanRef> ClientCore::plans_shown(const ConversationId& incident, UtcTime now) const {
  std::vector<PlanRef> out;
  const ConversationState* found = find(incident);
  if (found == nullptr) return out;
  const auto about = asked_about(incident);
  CitizenFacts scratch;
  for (const auto& [id, card] : work_with_queued(*found, scratch).shown) {
    // Shown by hand where the call names nobody: there is nothing to compare.
    const auto match = about ? wire::same_citizen(*about, card.citizen).value_or(wire::CitizenMatch::kName)
                             : wire::CitizenMatch::kCpr;
    out.push_back(ref_of(incident, id, card, match, now));
  }
  std::ranges::stable_sort(out, [](const PlanRef& a, const PlanRef& b) {
    return std::tie(a.expired, b.agreed_on, b.version) < std::tie(b.expired, a.agreed_on, a.version);
  });
  return out;
}

std::optional<PlanState> ClientCore::plan_state_beside(const ConversationId& incident, UtcTime now) const {
  const auto about = asked_about(incident);
  const auto shown = plans_shown(incident, now);
  if (!about && shown.empty()) return std::nullopt;
  const PlanState own = about ? plan_state(*about, now) : PlanState::kMissing;
  if (own == PlanState::kValid || shown.empty()) return own;
  return shown.front().expired ? PlanState::kExpired : PlanState::kValid;
}

std::vector<IncidentView> ClientCore::incidents_since(UtcTime since) const {
  std::vector<IncidentView> out;
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.refused) continue;
    IncidentFacts scratch;
    const IncidentFacts& facts = *facts_with_queued(conversation, scratch);
    if (!facts.asked || facts.asked->at < since) continue;
    IncidentView view{.conversation = id,
                      .alert = facts.asked->alert,
                      .unit = facts.asked->who.unit ? directory_.unit_label(*facts.asked->who.unit) : "",
                      .severity = facts.asked->severity,
                      .situation = facts.asked->situation,
                      .citizen = facts.asked->citizen,
                      .drill = facts.asked->drill,
                      .asked_at = facts.asked->at,
                      .read_back_open = facts.read_back_open(),
                      .advices = {}};
    for (const auto& [advice, state] : facts.advices) view.advices.push_back(advice);
    out.push_back(std::move(view));
  }
  std::ranges::sort(out, [](const IncidentView& a, const IncidentView& b) {
    return std::tie(b.asked_at, b.conversation) < std::tie(a.asked_at, a.conversation);
  });
  return out;
}

// ---- Devices that people have compared (P-174)

namespace {

Digest fingerprint(const wire::DeviceIdentity& device) {
  constexpr std::uint8_t kEnd = 0;
  return sha256({as_bytes("Nattevagt safety number v1"), ByteView(&kEnd, 1), device.device.view(),
                 device.sign_key.bytes, device.curve_key.bytes});
}

// Six groups of five digits: 40 bits of the digest each, modulo 100,000.
std::string digits_of(const Digest& digest) {
  constexpr std::uint64_t kGroup = 100'000;
  std::string out;
  for (std::size_t group = 0; group < 6; ++group) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 5; ++i) number = number << 8 | digest.at(5 * group + i);
    const std::string five = std::to_string(kGroup + number % kGroup).substr(1);
    out += (out.empty() ? "" : " ") + five;
  }
  return out;
}

}  // namespace

std::vector<DeviceLook> ClientCore::devices() const {
  std::vector<DeviceLook> out;
  if (!self_) return out;
  const Digest own = fingerprint(*self_);
  std::set<DeviceId> once{self_->device};
  for (const auto& [id, conversation] : conversations_) {
    if (!conversation.group) continue;
    for (const auto& identity : identities(conversation.group->members())) {
      if (!once.insert(identity.device).second) continue;
      if (directory_.revoked(identity.organisation, identity.device)) continue;
      const Digest other = fingerprint(identity);
      const auto& [low, high] = std::minmax(own, other);
      const auto marked = verified_.find(identity.device);
      out.push_back({.person = directory_.person(identity),
                     .safety_number = digits_of(low) + " " + digits_of(high),
                     .qr = "NATTEVAGT1:" + to_hex(low) + ":" + to_hex(high),
                     .verified_at = marked == verified_.end() ? std::nullopt : std::optional(marked->second),
                     .may_suspend = may_suspend(identity),
                     .on_duty = duties_of(identity.person),
                     .has_taken = has_taken_a_call(identity.person)});
    }
  }
  for (const SuspensionView& suspension : suspensions()) {
    if (suspension.lifted_at) continue;
    for (DeviceLook& look : out) {
      if (look.person.device == suspension.device) look.suspension = suspension;
    }
  }
  std::ranges::stable_sort(out, [](const DeviceLook& a, const DeviceLook& b) {
    return std::tie(a.person.organisation_name, a.person.name, a.person.device) <
           std::tie(b.person.organisation_name, b.person.name, b.person.device);
  });
  return out;
}

Status ClientCore::verify_device(const DeviceId& device, std::string_view compared, UtcTime now) {
  now_ = now;
  const Bytes key = to_bytes(device.view());
  if (compared.empty()) {
    verified_.erase(device);
    erase(Table::kVerified, key);
    return {};
  }
  for (const DeviceLook& known : devices()) {
    if (known.person.device != device) continue;
    if (compared != known.safety_number && compared != known.qr) return fail(Errc::kInvalidValue, "P-174");
    verified_[device] = now;
    Packer packed;
    packed.time(now);
    save(Table::kVerified, key, packed.take());
    return {};
  }
  return fail(Errc::kNotFound, "P-174");
}

}  // namespace nattevagt::client
