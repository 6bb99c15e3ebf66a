#include "client-lib/core/client_core.h"

#include <algorithm>
#include <set>

#include "client-lib/core/pack.h"
#include "proto/common/check.h"
#include "proto/rota/reserve_plan.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {
inline constexpr std::size_t kSuspicionsKept = 1'000;
}  // namespace

ClientCore::ClientCore(Entropy& entropy) : entropy_(entropy) { inbox_.id = wire::kInbox; }
ClientCore::~ClientCore() = default;

// ---- Shared

mls::Validation ClientCore::validation(const DevicePolicy& policy) const {
  return {.policy = policy, .now = now_};
}

void ClientCore::learn(const DevicePolicy& policy) {
  for (const auto& [grant, device] : policy.met()) {
    if (!grants_.emplace(grant, device).second) continue;
    save(Table::kGrant, to_bytes(grant.view()), SecretBytes(device.view()));
  }
  for (const GrantId& grant : policy.doubled()) {
    grants_.insert_or_assign(grant, DeviceId{});
    save(Table::kGrant, to_bytes(grant.view()), SecretBytes(DeviceId{}.view()));
    suspect(Errc::kUntrusted, std::nullopt,
            "To enheder bruger samme tilladelse (" + grant.hex().substr(0, 8) + "). Begge er afvist.");
  }
}

std::vector<wire::DeviceIdentity> ClientCore::identities(const std::vector<mls::Member>& members) const {
  std::vector<wire::DeviceIdentity> out;
  for (const mls::Member& member : members) {
    // A member that was let in is named for as long as it is there: what has expired or been revoked since is
    // judged where it matters, not in a list of members.
    auto identity = directory_.issued(member.credential.identity);
    if (identity) out.push_back(std::move(*identity));
  }
  return out;
}

Who ClientCore::self_who() const {
  NV_CHECK(self_);
  return who_of(*self_);
}

ConversationState* ClientCore::find(const ConversationId& conversation) {
  const auto found = conversations_.find(conversation);
  return found == conversations_.end() ? nullptr : &found->second;
}
const ConversationState* ClientCore::find(const ConversationId& conversation) const {
  const auto found = conversations_.find(conversation);
  return found == conversations_.end() ? nullptr : &found->second;
}
ConversationState* ClientCore::find_message(const MessageId& message) {
  for (auto& [id, conversation] : conversations_) {
    if (conversation.seen.contains(message)) return &conversation;
  }
  return nullptr;
}

const IncidentFacts* ClientCore::facts_with_queued(const ConversationState& conversation,
                                                   IncidentFacts& scratch) const {
  bool queued = false;
  for (const auto& [number, item] : outbox_) {
    if (!item.has_words() || item.echoed || item.conversation() != conversation.id) continue;
    if (!queued) scratch = conversation.facts;
    queued = true;
    scratch.fold(item.id(), item.message.content, self_who(), true);
  }
  return queued ? &scratch : &conversation.facts;
}

void ClientCore::suspect(Errc code, std::optional<ConversationId> conversation, std::string text) {
  Packer packed;
  packed.u64(static_cast<std::uint64_t>(code)).flag(conversation.has_value());
  packed.id(conversation.value_or(ConversationId{})).text(text);
  const Digest key = sha256(packed.view());
  if (suspected_.size() >= kSuspicionsKept || !suspected_.insert(key).second) return;
  save(Table::kSuspicion, to_bytes(key), packed.take());
  suspicions_.push_back({code, conversation, std::move(text)});
  out_.events.emplace_back(suspicions_.back());
}

void ClientCore::save(Table table, Bytes key, SecretBytes value) {
  out_.writes.push_back({table, std::move(key), std::move(value)});
}
void ClientCore::erase(Table table, Bytes key) {
  out_.writes.push_back({table, std::move(key), std::nullopt});
}

Bytes ClientCore::row_key(const ConversationId& id, ByteView key) {
  Bytes out = to_bytes(id.view());
  append(out, key);
  return out;
}

void ClientCore::forget_group(ConversationState& conversation) {
  if (!conversation.group) return;
  for (const Bytes& key : conversation.group->row_keys()) {
    erase(Table::kRatchets, row_key(conversation.id, key));
  }
  conversation.group.reset();
  dirty_epochs_.insert(conversation.id);
}

// ---- Looking

std::optional<Person> ClientCore::self() const {
  if (!self_) return std::nullopt;
  return directory_.person(*self_);
}

std::vector<Conversation> ClientCore::conversations() const {
  std::vector<Conversation> out;
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.refused) continue;
    Conversation shown{.id = id,
                       .alert = conversation.alert,
                       .epoch = 0,
                       .last_seq = conversation.cursor.seq,
                       .members = {},
                       .epoch_authenticator = {}};
    if (conversation.group) {
      shown.epoch = conversation.group->epoch();
      for (const auto& identity : identities(conversation.group->members())) {
        shown.members.push_back(directory_.person(identity));
      }
      shown.epoch_authenticator = conversation.group->epoch_authenticator();
    }
    out.push_back(std::move(shown));
  }
  return out;
}

std::vector<DirectoryEntry> ClientCore::directory() const {
  std::vector<DirectoryEntry> out = directory_.names();
  std::set<PersonId> met;
  for (const Conversation& conversation : conversations()) {
    for (const Person& person : conversation.members) {
      if (person.kind != wire::HolderKind::kPerson || !met.insert(person.id).second) continue;
      wire::Target target;
      target.kind = wire::TargetKind::kPerson;
      target.id.bytes = person.id.bytes;
      out.push_back({target, person.name, person.organisation_name});
    }
  }
  return out;
}

std::string ClientCore::reserve_plan(UtcTime now) const {
  if (!self_) return {};
  const std::string unit = self_->unit ? directory_.unit_label(*self_->unit) : std::string();
  return rota::reserve_lines(directory_.reserve_plan(self_->organisation), now, unit);
}

std::vector<LadderRung> ClientCore::ladder(wire::Severity severity, UtcTime now) const {
  std::vector<LadderRung> out;
  if (!self_ || !self_->unit) return out;
  const auto asking = directory_.ladder_for(*self_->unit, severity, self_->organisation);
  if (!asking || asking->ladder == nullptr) return out;
  const std::vector<DirectoryEntry> known = directory();
  const auto named = [&](wire::TargetKind kind, const auto& id) -> const DirectoryEntry* {
    for (const DirectoryEntry& entry : known) {
      if (entry.target.kind == kind && entry.target.id.bytes == id.bytes) return &entry;
    }
    return nullptr;
  };
  for (const wire::LadderStep& step : asking->ladder->steps) {
    LadderRung rung{step.wait, {}};
    for (const wire::Target& target : step.targets) {
      const DirectoryEntry* entry = named(target.kind, target.id);
      LadderRung::Place place{directory_.target_label(target), {}, {}, reach_of(target, now)};
      if (entry != nullptr) place.organisation_name = entry->organisation_name;
      for (const PersonId& person : directory_.on_duty(target, now)) {
        if (const auto* met = named(wire::TargetKind::kPerson, person)) place.people.push_back(met->name);
      }
      rung.places.push_back(std::move(place));
    }
    out.push_back(std::move(rung));
  }
  return out;
}

bool ClientCore::outbox_empty() const {
  return std::all_of(outbox_.begin(), outbox_.end(),
                     [](const auto& entry) { return entry.second.finished(); });
}

// ---- Deadlines

UtcTime ClientCore::next_deadline() const {
  UtcTime next = enrolled() ? sweep_at_ : kNever;
  const auto at = [&](UtcTime time) { next = std::min(next, time); };
  if (connected_) {
    if (hello_done_) at(last_ping_ + patience::kPing);  // a hub that has not greeted us is not pinged
    at(last_frame_ + patience::kSilence);
    for (const auto& [number, flight] : flights_) at(flight.at + patience::kAnswer);
  }
  for (const auto& [number, item] : outbox_) {
    if (item.finished()) continue;
    if (!item.failed_shown && item.has_words()) at(item.queued_at + patience::kNotSent);
    if (hello_done_ && item.not_before > now_) at(item.not_before);
  }
  for (const auto& [id, record] : alerts_) at(record.obligation.due);
  at(next_reminder());
  if (!hello_done_) return next;
  for (const auto& [id, record] : alerts_) at(record.claim_due);
  for (const auto& [id, conversation] : conversations_) {
    for (const Promise& promise : conversation.promises) at(promise.due);
  }
  return next;
}

void ClientCore::tick(UtcTime now) {
  now_ = now;
  for (auto& [number, item] : outbox_) {
    const bool late = now >= item.queued_at + patience::kNotSent;
    if (late && !item.finished() && !item.failed_shown) show_not_sent(item, Errc::kTimeout);
  }
  sweep();
  ring_for_obligations();
  remind_of_rounds();
  if (!connected_) return;
  const bool silent = now >= last_frame_ + patience::kSilence;
  const bool unanswered = std::any_of(flights_.begin(), flights_.end(), [&](const auto& entry) {
    return now >= entry.second.at + patience::kAnswer;
  });
  if (silent || unanswered) {
    on_disconnected(Errc::kTimeout, now);
    out_.reconnect = true;
    return;
  }
  if (!hello_done_) return;
  if (now >= last_ping_ + patience::kPing) request(wire::Ping{}, InFlight::Kind::kPing);
  for (auto& [id, record] : alerts_) {
    if (now >= record.claim_due) on_claim_due(record);
  }
  for (auto& [id, conversation] : conversations_) {
    const auto overdue = [&](const Promise& promise) { return now >= promise.due; };
    if (std::erase_if(conversation.promises, overdue) == 0) continue;
    dirty_streams_.insert(id);
    suspect(Errc::kGap, id, "Hubben har kvitteret for en besked, men leverer den ikke til samtalen.");
  }
}

// ---- What a batch gives

Outcome ClientCore::collect(UtcTime now) {
  now_ = now;
  pump();
  flush_writes();
  flush_acks();
  Outcome out = std::move(out_);
  out_ = Outcome{};
  return out;
}

void ClientCore::flush_writes() {
  if (dirty_device_) save(Table::kDevice, {}, pack_device(*device_));
  dirty_device_ = false;
  for (const ConversationId& id : dirty_streams_) {
    const ConversationState& conversation = id == wire::kInbox ? inbox_ : conversations_.at(id);
    save(Table::kStream, to_bytes(id.view()), pack_stream(conversation));
  }
  for (const ConversationId& id : dirty_epochs_) {
    const ConversationState& conversation = conversations_.at(id);
    if (!conversation.group) {
      erase(Table::kEpoch, to_bytes(id.view()));
      continue;
    }
    save(Table::kEpoch, to_bytes(id.view()), conversation.group->save_epoch());
    dirty_ratchets_.insert(id);
  }
  for (const ConversationId& id : dirty_ratchets_) {
    ConversationState& conversation = conversations_.at(id);
    if (!conversation.group) continue;
    for (mls::GroupRow& row : conversation.group->take_changed_rows()) {
      out_.writes.push_back({Table::kRatchets, row_key(id, row.key), std::move(row.value)});
    }
  }
  for (const std::uint64_t number : dirty_items_) {
    Packer key;
    key.u64(number);
    const auto found = outbox_.find(number);
    if (found == outbox_.end()) {
      erase(Table::kOutbox, to_bytes(key.view()));
    } else {
      save(Table::kOutbox, to_bytes(key.view()), pack_outbox_item(found->second));
    }
  }
  for (const AlertId& id : dirty_alerts_) {
    save(Table::kAlert, to_bytes(id.view()), pack_alert(alerts_.at(id)));
  }
  dirty_streams_.clear();
  dirty_epochs_.clear();
  dirty_ratchets_.clear();
  dirty_items_.clear();
  dirty_alerts_.clear();
}

void ClientCore::flush_acks() {
  if (!hello_done_ || dirty_acks_.empty()) return;
  wire::Ack ack;
  for (const ConversationId& id : dirty_acks_) {
    const std::uint64_t seq = id == wire::kInbox ? inbox_.cursor.seq : conversations_.at(id).cursor.seq;
    ack.positions.push_back({id, seq});
    if (ack.positions.size() < limits::kAckPositionsMax) continue;
    out_.sends.push_back(wire::encode(wire::ClientFrame{wire::kProtocolVersion, next_request_++, ack}));
    ack.positions.clear();
  }
  if (!ack.positions.empty()) {
    out_.sends.push_back(
        wire::encode(wire::ClientFrame{wire::kProtocolVersion, next_request_++, std::move(ack)}));
  }
  dirty_acks_.clear();
}

void ClientCore::check_invariants() const {
  std::set<ConversationId> under_way;
  for (const auto& [number, flight] : flights_) {
    if (flight.kind != InFlight::Kind::kGather && flight.kind != InFlight::Kind::kSend) continue;
    const auto item = outbox_.find(flight.item);
    if (item != outbox_.end()) NV_CHECK(under_way.insert(item->second.conversation()).second);
  }
  for (const auto& [id, conversation] : conversations_) {
    NV_CHECK(conversation.id == id);
    NV_CHECK(conversation.cursor.recent.size() <= kChainsKept);
    NV_CHECK(!conversation.rejoining || !conversation.group || !conversation.group->active());
    if (conversation.group && conversation.group->has_pending_commit()) {
      NV_CHECK(std::any_of(outbox_.begin(), outbox_.end(), [&](const auto& entry) {
        return entry.second.kind == OutKind::kCommit && entry.second.conversation() == id;
      }));
    }
  }
  for (const auto& [number, item] : outbox_) {
    NV_CHECK(item.number == number && number < next_item_);
    NV_CHECK(item.stage != OutStage::kBuilt || !item.frame.empty());
  }
  NV_CHECK(held_count_ <= limits::kUnackedEntriesPerDevice);
}

}  // namespace nattevagt::client
