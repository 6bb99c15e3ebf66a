// Whom we let in. The hub resolves targets to devices and hands out their key packages; which people those
// may be is decided here, by the rosters that we have verified (P-075).
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

template <class From>
wire::Target target_of(wire::TargetKind kind, const From& id) {
  wire::Target out;
  out.kind = kind;
  out.id.bytes = id.bytes;
  return out;
}

const wire::AdviceRequest& request_of(const OutboxItem& item) {
  const auto* request = std::get_if<wire::AdviceRequest>(&item.message.content.body);
  NV_CHECK(request != nullptr);
  return *request;
}

RoleId first_role(const wire::Ladder& ladder) {
  for (const wire::LadderStep& step : ladder.steps) {
    for (const wire::Target& target : step.targets) {
      RoleId role;
      role.bytes = target.id.bytes;
      if (target.kind == wire::TargetKind::kRole) return role;
    }
  }
  return {};
}

}  // namespace

void ClientCore::gather_for_raise(OutboxItem& item) {
  const auto ladder = directory_.ladder_for(*self_->unit, request_of(item).severity, self_->organisation);
  if (!ladder || ladder->ladder == nullptr) {
    // No roster yet, or one without a ladder for this: red at once, and again when a roster comes.
    show_not_sent(item, Errc::kNotFound);
    return put_off(item, patience::kRetry);
  }
  wire::Gather gather;
  gather.ladder = ladder->ladder->id;
  gather.targets.push_back(target_of(wire::TargetKind::kUnit, *self_->unit));
  gather.recorders_of = directory_.owners(*ladder);
  request(std::move(gather), InFlight::Kind::kGather, item.number);
}

void ClientCore::gather_for_commit(OutboxItem& item, ConversationState& conversation) {
  if (item.targets.empty()) return build_commit(item, conversation, nullptr);
  wire::Gather gather;
  gather.targets = item.targets;
  request(std::move(gather), InFlight::Kind::kGather, item.number);
}

void ClientCore::on_gathered(OutboxItem& item, const wire::Gathered& gathered) {
  if (item.stage != OutStage::kIntent) return;
  if (item.kind == OutKind::kRaise) return build_raise(item, gathered);
  if (item.kind == OutKind::kStart) return build_start(item, gathered);
  ConversationState* conversation = find(item.conversation());
  if (conversation != nullptr && conversation->rejoining) return;
  if (conversation == nullptr || !conversation->active()) return give_up(item, Errc::kNotMember);
  build_commit(item, *conversation, &gathered);
}

ClientCore::Chosen ClientCore::choose(const wire::Gathered& gathered, const ConversationState& conversation,
                                      const std::function<bool(const Who&)>& expected) {
  Chosen out;
  std::set<DeviceId> present{self_->device};
  if (conversation.group) {
    for (const auto& identity : identities(conversation.group->members())) present.insert(identity.device);
  }
  const DevicePolicy believed = policy();
  for (const wire::Gathered::Item& item : gathered.items) {
    const auto info = mls::check_key_package(item.key_package, validation(believed));
    if (!info) {
      // Of a device that has been away for a season: the hub cannot know. It is missing, and that is said.
      if (info.error().code == Errc::kExpired) continue;
      suspect(info.error().code, conversation.id,
              "Hubben udleverede en enhed, som ikke kan godkendes. Den er ikke taget med.");
      continue;
    }
    const auto identity = directory_.identify(info->credential.identity, now_);
    if (!identity || identity->device != item.device || !expected(who_of(*identity))) {
      suspect(Errc::kUntrusted, conversation.id,
              "Hubben udleverede en enhed, som ikke hører til på vagtlisten. Den er ikke taget med.");
      continue;
    }
    if (!present.insert(identity->device).second) continue;
    out.packages.push_back(item.key_package);
    out.devices.push_back(identity->device);
    out.people.push_back(who_of(*identity));
  }
  learn(believed);
  return out;
}

void ClientCore::warn_of_missing(OutboxItem& item, const Directory::Asking& ladder, const Chosen& chosen) {
  AlertRecord& record = record_of(item.alert);
  record.warnings.clear();
  for (const wire::LadderStep& step : ladder.ladder->steps) {
    for (const wire::Target& target : step.targets) {
      const bool present = std::any_of(chosen.people.begin(), chosen.people.end(), [&](const Who& who) {
        return directory_.meant(target, ladder.organisation, who);
      });
      if (present) continue;
      record.warnings.push_back("Ingen enhed kan læse beskeden for: " + directory_.target_label(target) +
                                ".");
    }
  }
}

// A new conversation's group with the chosen in it, and its first words under the group's keys.
Result<ClientCore::Room> ClientCore::make_room(OutboxItem& item, ConversationState& conversation,
                                               const Chosen& chosen) {
  const DevicePolicy believed = policy();
  NV_TRY(mls::Group group, mls::Group::create(conversation.id.view(),
                                              mls::Credential::basic(wire::encode(device_->certificate)),
                                              device_->sign_key, {}, validation(believed), entropy_));
  Room out;
  if (!chosen.packages.empty()) {
    mls::CommitRequest commit;
    commit.adds = chosen.packages;
    NV_TRY(auto made, group.commit(commit, validation(believed), entropy_));
    if (!made.welcome) return fail(Errc::kCrypto, "P-036");
    out.welcome = std::move(*made.welcome);
    // Nobody else is in it yet: there is no other commit that could win.
    NV_TRYV(group.apply_pending());
  }
  learn(believed);
  conversation.group = std::move(group);
  dirty_streams_.insert(conversation.id);
  dirty_epochs_.insert(conversation.id);
  NV_TRY(out.first_words, protect_content(item, conversation));
  return out;
}

// The incident's group, the welcomes, the first words and the alert: one frame, stored whole by the hub or
// not at all (P-040).
void ClientCore::build_raise(OutboxItem& item, const wire::Gathered& gathered) {
  const wire::AdviceRequest& asked = request_of(item);
  const auto ladder = directory_.ladder_for(*self_->unit, asked.severity, self_->organisation);
  ConversationState* conversation = find(item.conversation());
  NV_CHECK(conversation != nullptr);
  if (!ladder || ladder->ladder == nullptr) return put_off(item, patience::kRetry);

  const Who own = self_who();
  const Chosen chosen = choose(gathered, *conversation, [&](const Who& who) {
    const bool own_unit = who.unit && who.unit == own.unit && who.organisation == own.organisation;
    return own_unit || directory_.on_ladder(*ladder, who) || directory_.recorder(who);
  });

  auto room = make_room(item, *conversation, chosen);
  if (!room) {
    forget_group(*conversation);
    show_not_sent(item, room.error().code);
    return put_off(item, patience::kRetry);
  }
  conversation->alert = item.alert;

  warn_of_missing(item, *ladder, chosen);
  AlertRecord& record = record_of(item.alert);
  record.view.stream = item.conversation();
  record.view.unit = *self_->unit;
  record.view.role_asked = first_role(*ladder->ladder);
  record.view.severity = asked.severity;
  record.view.drill = asked.drill;
  record.view.step_count = static_cast<std::uint32_t>(ladder->ladder->steps.size());
  announce_members(*conversation, conversation->group->members(), {});
  send_built(item, wire::Raise{
                       .alert = item.alert,
                       .stream = item.conversation(),
                       .unit = *self_->unit,
                       .role_asked = record.view.role_asked,
                       .ladder = ladder->ladder->id,
                       .roster_version = directory_.version(self_->organisation, wire::DocumentKind::kRoster),
                       .severity = asked.severity,
                       .drill = asked.drill,
                       .members = chosen.devices,
                       .welcome = std::move(room->welcome),
                       .epoch = conversation->group->epoch(),
                       .id = item.id(),
                       .bytes = std::move(room->first_words)});
}

void ClientCore::build_commit(OutboxItem& item, ConversationState& conversation,
                              const wire::Gathered* gathered) {
  if (conversation.group->has_pending_commit()) return put_off(item, patience::kRetry);
  mls::CommitRequest commit;
  wire::Append append{.stream = conversation.id,
                      .create = false,
                      .id = item.id(),
                      .kind = wire::EntryKind::kCommit,
                      .epoch = conversation.group->epoch(),
                      .bytes = {},
                      .added = {},
                      .removed = {},
                      .welcome = {}};
  if (gathered != nullptr) {
    const Chosen chosen = choose(*gathered, conversation, [&](const Who& who) {
      return std::any_of(item.targets.begin(), item.targets.end(), [&](const wire::Target& target) {
        return directory_.meant(target, self_->organisation, who);
      });
    });
    commit.adds = chosen.packages;
    append.added = chosen.devices;
  }
  for (const mls::Member& member : conversation.group->members()) {
    for (const auto& identity : identities({member})) {
      const bool asked =
          std::find(item.removes.begin(), item.removes.end(), identity.device) != item.removes.end();
      if (!asked || identity.device == self_->device) continue;
      // P-028: the hub has taken a revoked device off the stream already, and knows it as no member.
      if (directory_.revoked(identity.organisation, identity.device)) {
        commit.removes.push_back(member.leaf);
        continue;
      }
      const auto returner = conversation.returners.find(identity.device);
      if (returner == conversation.returners.end() || returner->second.key_package.empty()) continue;
      commit.removes.push_back(member.leaf);
      commit.adds.push_back(returner->second.key_package);
      append.removed.push_back(identity.device);
      append.added.push_back(identity.device);
    }
  }
  if (commit.adds.empty() && commit.removes.empty()) {
    return give_up(item, item.targets.empty() ? Errc::kDuplicate : Errc::kNotFound);
  }
  const DevicePolicy believed = policy();
  auto made = conversation.group->commit(commit, validation(believed), entropy_);
  learn(believed);
  if (!made) return give_up(item, made.error().code);
  if (made->welcome) append.welcome = std::move(*made->welcome);
  append.bytes = std::move(made->commit);
  item.sent.push_back(sha256(append.bytes));
  dirty_epochs_.insert(conversation.id);
  send_built(item, std::move(append));
}

}  // namespace nattevagt::client
