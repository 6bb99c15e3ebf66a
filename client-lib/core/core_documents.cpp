// Rosters and revocations: fetched when the hub says that there are newer ones, believed when their
// organisation signed them, never taken backward (P-026), and what follows from a new one.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

Bytes document_key(const wire::SignedDocument& document) {
  Bytes key = to_bytes(document.organisation.view());
  key.push_back(static_cast<std::uint8_t>(document.kind));
  return key;
}

}  // namespace

void ClientCore::note_versions(const std::vector<wire::DocumentVersion>& versions) {
  follow_duty();
  bool newer = false;
  for (const wire::DocumentVersion& offered : versions) {
    const auto* organisation = directory_.organisation(offered.organisation);
    if (organisation == nullptr) continue;  // of others that this hub serves
    const std::uint64_t ours = directory_.version(offered.organisation, offered.kind);
    if (offered.version < ours) {
      suspect(Errc::kReplay, std::nullopt,
              "Hubben viser en ældre vagtliste fra " + organisation->name + " end den, vi har.");
      continue;
    }
    announced_[{offered.organisation, offered.kind}] = offered.version;
    newer = newer || offered.version > ours;
  }
  if (!newer || in_flight(InFlight::Kind::kDocuments)) return;
  request(wire::GetDocuments{directory_.versions()}, InFlight::Kind::kDocuments);
}

bool ClientCore::rosters_current() const {
  if (!directory_.any_roster()) return false;
  return std::all_of(announced_.begin(), announced_.end(), [&](const auto& entry) {
    return entry.second <= directory_.version(entry.first.first, entry.first.second);
  });
}

void ClientCore::on_documents(const wire::Documents& documents) {
  bool changed = false;
  const auto before = known_changes();
  const auto suspended_before = known_suspensions();
  for (const wire::SignedDocument& document : documents.documents) {
    const auto* organisation = directory_.organisation(document.organisation);
    if (organisation == nullptr) continue;
    const auto taken = directory_.offer(document);
    if (!taken) {
      suspect(taken.error().code, std::nullopt,
              "Hubben har leveret en vagtliste eller spærreliste fra " + organisation->name +
                  ", som ikke kan godtages.");
      continue;
    }
    if (!*taken) continue;
    changed = true;
    save(Table::kDocument, document_key(document), SecretBytes(wire::encode(document)));
  }
  if (!changed) return;
  tell_of_changes(before);
  tell_of_suspensions(suspended_before);
  on_directory_changed();
  if (documents.more) request(wire::GetDocuments{directory_.versions()}, InFlight::Kind::kDocuments);  // P-016
}

void ClientCore::on_directory_changed() {
  if (directory_.revoked(self_->organisation, self_->device)) {
    device_->revoked = true;
    dirty_device_ = true;
    out_.events.emplace_back(Revoked{});
    out_.reconnect = true;
    return;
  }
  remove_revoked();
  reconsider_takes();
  add_missing_on_ladder();
  duty_changes_at_ = directory_.next_duty_change(now_);
  tell_of_notices();
  ask_duty_status();  // of roles that we had not heard of
}

// P-106: who was not to be foreseen when the call was made (a take-over, a long night) comes in when on duty.
void ClientCore::follow_duty() {
  if (now_ < duty_changes_at_ || !directory_.any_roster()) return;
  duty_changes_at_ = directory_.next_duty_change(now_);
  add_missing_on_ladder();
}

void ClientCore::remove_revoked() {
  for (auto& [id, conversation] : conversations_) {
    if (!conversation.active()) continue;
    std::vector<DeviceId> gone;
    std::vector<DeviceId> left;
    for (const auto& identity : identities(conversation.group->members())) {
      const bool revoked = directory_.revoked(identity.organisation, identity.device);
      (revoked ? gone : left).push_back(identity.device);
    }
    const bool asked = std::any_of(outbox_.begin(), outbox_.end(), [&](const auto& entry) {
      return entry.second.conversation() == id && !entry.second.removes.empty() && !entry.second.finished();
    });
    if (gone.empty() || asked) continue;
    // Everybody knows; one after another they would do it, and the first commit wins (P-035).
    const auto turn = std::find(left.begin(), left.end(), self_->device) - left.begin();
    Message message;
    message.conversation = id;
    message.id = entropy_.make_id<MessageId>();
    OutboxItem& item = enqueue(OutKind::kCommit, std::move(message));
    item.removes = std::move(gone);
    item.silent = true;
    item.not_before = now_ + patience::kTurn * turn;
  }
}

// Those whom a later roster has put on the ladder of an alert that we raised come in by our commit.
void ClientCore::add_missing_on_ladder() {
  for (auto& [id, conversation] : conversations_) {
    const auto& asked = conversation.facts.asked;
    if (!conversation.active() || !asked || asked->device != self_->device || !asked->who.unit) continue;
    const auto record = alerts_.find(asked->alert);
    if (record == alerts_.end() || record->second.view.state == wire::AlertState::kClosed ||
        record->second.view.state == wire::AlertState::kWithdrawn) {
      continue;
    }
    const auto ladder = directory_.ladder_for(*asked->who.unit, asked->severity, asked->who.organisation);
    if (!ladder || ladder->ladder == nullptr) continue;
    std::vector<wire::Target> missing;
    const auto members = identities(conversation.group->members());
    for (const wire::LadderStep& step : ladder->ladder->steps) {
      for (const wire::Target& target : step.targets) {
        const bool present = std::any_of(members.begin(), members.end(), [&](const auto& identity) {
          return directory_.meant(target, ladder->organisation, who_of(identity));
        });
        const auto duty = directory_.on_duty(target, now_);
        const bool all = std::all_of(duty.begin(), duty.end(), [&](const PersonId& person) {
          return std::any_of(members.begin(), members.end(),
                             [&](const auto& identity) { return identity.person == person; });
        });
        if (!present || !all) missing.push_back(target);
      }
    }
    const bool under_way = std::any_of(outbox_.begin(), outbox_.end(), [&](const auto& entry) {
      return entry.second.conversation() == id && !entry.second.targets.empty() && !entry.second.finished();
    });
    if (missing.empty() || under_way) continue;
    Message message;
    message.conversation = id;
    message.id = entropy_.make_id<MessageId>();
    OutboxItem& item = enqueue(OutKind::kCommit, std::move(message));
    item.targets = std::move(missing);
    item.silent = true;
  }
}

}  // namespace nattevagt::client
