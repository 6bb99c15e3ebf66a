// Lost phones (section 19): what is pressed here is signed here, what others pressed is verified here, and a
// device that is suspended itself says who did it by that person's signature, never by the hub's word.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/wire/chain.h"

namespace nattevagt::client {

// ---- Pressing

std::optional<wire::DeviceIdentity> ClientCore::met_device(const DeviceId& device) const {
  for (const auto& [id, conversation] : conversations_) {
    if (!conversation.group) continue;
    for (auto& identity : identities(conversation.group->members())) {
      if (identity.device == device) return std::move(identity);
    }
  }
  return std::nullopt;
}

bool ClientCore::may_suspend(const wire::DeviceIdentity& lost) const {
  return self_ && self_->kind != wire::HolderKind::kRecorder && lost.kind != wire::HolderKind::kRecorder &&
         lost.organisation == self_->organisation && lost.device != self_->device;
}

Result<SuspensionId> ClientCore::suspend_device(const DeviceId& device, UtcTime now) {
  now_ = now;
  if (!enrolled()) return fail(Errc::kWrongState, "not enrolled");
  if (device_->revoked) return fail(Errc::kRevoked, "P-028");
  if (device == self_->device) return fail(Errc::kNotPermitted, "P-190");
  const auto lost = met_device(device);
  if (!lost) return fail(Errc::kNotFound, "P-190");
  if (!may_suspend(*lost)) return fail(Errc::kNotPermitted, "P-190");
  if (directory_.revoked(lost->organisation, device)) return fail(Errc::kRevoked, "P-028");
  if (directory_.suspended(device)) return fail(Errc::kDuplicate, "P-191");
  for (const auto& [number, post] : suspension_posts_) {
    if (post.device == device && !post.lift) return post.id;  // pressed twice
  }
  wire::Suspension said{
      entropy_.make_id<SuspensionId>(), device_->hub.sign_key, self_->organisation, device, now, {}};
  // A shared device is nobody: who holds it says so, under the organisation's key, since the hub reads along.
  const auto* trusted = directory_.organisation(self_->organisation);
  if (self_->kind == wire::HolderKind::kUnit && !device_->author_name.empty() && trusted != nullptr) {
    said.sealed_author = wire::seal_label({device_->author_name, device_->author_profession},
                                          trusted->directory_key, said.id.view(), entropy_);
    if (said.sealed_author.size() > limits::kLabelBytesMax) said.sealed_author.clear();
  }
  suspension_posts_.emplace(
      next_duty_post_++,
      SuspensionPost{said.id, device, wire::sign_suspension(said, device_->certificate, device_->sign_key), {}});
  return said.id;
}

Status ClientCore::lift_suspension(const SuspensionId& id, UtcTime now) {
  now_ = now;
  if (!enrolled()) return fail(Errc::kWrongState, "not enrolled");
  if (device_->revoked) return fail(Errc::kRevoked, "P-028");
  for (const Directory::Suspended& one : directory_.suspensions()) {
    const wire::Suspension& said = one.verified.said;
    if (said.id != id) continue;
    if (one.lifted_at) return fail(Errc::kDuplicate, "P-195");
    if (one.verified.signer.device != self_->device) return fail(Errc::kNotPermitted, "P-195");
    if (now > one.at + limits::kSuspensionUndo) return fail(Errc::kExpired, "P-195");
    for (const auto& [number, post] : suspension_posts_) {
      if (post.id == id) return {};  // pressed twice
    }
    wire::SignedLift lift = wire::sign_lift(said, now, false, device_->sign_key);
    suspension_posts_.emplace(next_duty_post_++, SuspensionPost{id, said.device, {}, std::move(lift)});
    return {};
  }
  return fail(Errc::kNotFound, "P-195");
}

void ClientCore::send_suspensions() {
  for (const auto& [number, post] : suspension_posts_) {
    if (in_flight(InFlight::Kind::kSuspend, number)) continue;
    if (post.lift) {
      request(wire::LiftSuspension{*post.lift}, InFlight::Kind::kSuspend, number);
    } else {
      request(wire::SuspendDevice{post.suspension}, InFlight::Kind::kSuspend, number);
    }
  }
}

void ClientCore::on_suspension_answered(std::uint64_t number, Errc why) {
  const auto post = suspension_posts_.find(number);
  if (post == suspension_posts_.end()) return;
  out_.events.emplace_back(
      SuspensionAnswered{post->second.id, post->second.device, post->second.lift.has_value(), why, std::nullopt});
  suspension_posts_.erase(post);
}

// Ours, or one that stood before it (P-191): whichever, it is signed.
void ClientCore::on_suspension_stands(std::uint64_t number, const wire::SignedSuspension& stands) {
  const auto post = suspension_posts_.find(number);
  if (post == suspension_posts_.end()) return;
  const auto verified = directory_.verified(stands);
  if (!verified || verified->said.device != post->second.device ||
      verified->said.hub != device_->hub.sign_key) {
    suspect(Errc::kBadSignature, std::nullopt, "Hubben siger, at en enhed er spærret, men kan ikke vise af hvem.");
    return on_suspension_answered(number, Errc::kBadSignature);
  }
  SuspensionAnswered answered{post->second.id, post->second.device, false, {}, std::nullopt};
  if (verified->said.id != post->second.id) {
    answered.why = Errc::kDuplicate;
    answered.stands = shown({*verified, verified->said.issued_at, std::nullopt, false});
  }
  suspension_posts_.erase(post);
  out_.events.emplace_back(std::move(answered));
}

// ---- Looking

SuspensionView ClientCore::shown(const Directory::Suspended& one) const {
  const wire::Suspension& said = one.verified.said;
  SuspensionView out;
  out.id = said.id;
  out.device = said.device;
  if (const auto lost = met_device(said.device)) out.device_name = directory_.person(*lost).name;
  out.by = directory_.person(one.verified.signer);
  if (std::string author = directory_.author_of(said); !author.empty()) out.by.name = std::move(author);
  out.at = said.issued_at;
  out.lifted_at = one.lifted_at;
  out.by_organisation = one.by_organisation;
  out.ours = self_ && one.verified.signer.device == self_->device;
  if (out.ours && !out.lifted_at) out.undo_until = one.at + limits::kSuspensionUndo;
  return out;
}

std::vector<SuspensionView> ClientCore::suspensions() const {
  std::vector<SuspensionView> out;
  for (const Directory::Suspended& one : directory_.suspensions()) out.push_back(shown(one));
  return out;
}

std::map<SuspensionId, bool> ClientCore::known_suspensions() const {
  std::map<SuspensionId, bool> out;
  for (const Directory::Suspended& one : directory_.suspensions()) {
    out.emplace(one.verified.said.id, one.lifted_at.has_value());
  }
  return out;
}

void ClientCore::tell_of_suspensions(const std::map<SuspensionId, bool>& before) {
  for (const Directory::Suspended& one : directory_.suspensions()) {
    const auto known = before.find(one.verified.said.id);
    if (known != before.end() && known->second == one.lifted_at.has_value()) continue;
    out_.events.emplace_back(SuspensionNews{shown(one)});
  }
}

// Roles that the person answers for now, by the rota; where no rota names one, by the roster.
std::vector<std::string> ClientCore::duties_of(const PersonId& person) const {
  std::vector<std::string> out;
  for (const DirectoryEntry& entry : directory_.names()) {
    if (entry.target.kind != wire::TargetKind::kRole) continue;
    const RoleId role{entry.target.id.bytes};
    const auto persons = directory_.on_duty(entry.target, now_);
    const bool planned = directory_.filled(role).has_value();
    const auto holders = directory_.holders(role);
    const bool has = planned ? std::find(persons.begin(), persons.end(), person) != persons.end()
                             : holders && holders->lists(person);
    if (has) out.push_back(entry.name);
  }
  return out;
}

bool ClientCore::has_taken_a_call(const PersonId& person) const {
  return std::any_of(alerts_.begin(), alerts_.end(), [&](const auto& entry) {
    const AlertRecord& record = entry.second;
    return record.view.state == wire::AlertState::kTaken && record.take && record.take->person.id == person;
  });
}

// ---- Being suspended (P-193)

void ClientCore::on_suspended(const wire::SignedSuspension& suspension) {
  const auto verified = directory_.verified(suspension);
  const bool true_word = verified && self_ && verified->said.device == self_->device &&
                         verified->said.hub == device_->hub.sign_key;
  if (!true_word) {
    suspect(Errc::kSuspended, std::nullopt,
            "Hubben siger, at denne enhed er spærret, men kan ikke vise, hvem der har gjort det.");
  } else {
    SuspensionView view = shown({*verified, verified->said.issued_at, std::nullopt, false});
    const bool news = !suspended_here_ || suspended_here_->id != view.id;
    suspended_here_ = view;
    if (news) out_.events.emplace_back(SuspendedHere{std::move(view)});
    if (!news) connected_ = false;  // said before: the link that was not there is not lost again
  }
  on_disconnected(Errc::kSuspended, now_);
  out_.reconnect = true;
  out_.reconnect_in = patience::kSuspended;
}

}  // namespace nattevagt::client
