// Who on duty can really be reached (P-180 to P-187): our own check-ins, and what the hub and others' signatures
// say about the roles that concern us.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"
#include "proto/rota/rota.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

constexpr Millis kNoticeKept = std::chrono::hours(24);  // after its beginning, of a duty that is over

}  // namespace

// ---- Our own

// A notice is as good as our own rota finds it: on duty when it says, or by now.
bool ClientCore::due_by_rota(const wire::CheckInItem& item, UtcTime now) const {
  const auto role = directory_.filled(item.role);
  if (!role || role->owner != self_->organisation || !directory_.holders(item.role)->lists(item.person)) {
    return false;
  }
  const auto duty = rota::on_duty(*role->rota, *role->plan, std::max(item.from, now));
  return std::binary_search(duty.persons.begin(), duty.persons.end(), item.person);
}

void ClientCore::save_notice(const Notice& notice) {
  Packer packed;
  packed.id(notice.item.notice).id(notice.item.role).id(notice.item.person);
  packed.time(notice.item.from).time(notice.item.due_at).flag(notice.can_open).flag(notice.done);
  save(Table::kCheckIn, to_bytes(notice.item.role.view()), packed.take());
}

Status ClientCore::restore_notice(ByteView value) {
  Unpacker in(value);
  Notice notice;
  notice.item.notice = in.id<MessageId>();
  notice.item.role = in.id<RoleId>();
  notice.item.person = in.id<PersonId>();
  notice.item.from = in.time();
  notice.item.due_at = in.time();
  notice.can_open = in.flag();
  notice.done = in.flag();
  notice.told = true;
  NV_TRYV(in.done());
  notices_.insert_or_assign(notice.item.role, std::move(notice));
  return {};
}

void ClientCore::on_check_in_item(const wire::CheckInItem& item) {
  if (self_->kind != wire::HolderKind::kPerson || item.person != self_->person) {
    return suspect(Errc::kUntrusted, std::nullopt, "Hubben beder os melde os på en andens vagt.");
  }
  if (!notices_.contains(item.role) && notices_.size() >= limits::kShiftsPerRoleMax) {
    return suspect(Errc::kTooLarge, std::nullopt, "Hubben beder os melde os på flere vagter, end der kan være.");
  }
  // P-181: could the next call to us be opened here? By the key that it would be closed with.
  const bool can_open = std::any_of(stock_.begin(), stock_.end(), [&](const auto& entry) {
    const wire::PackageMark mark = wire::mark_of_package(entry.second.bundle.message());
    return now_ <= entry.second.not_after &&
           std::find(item.packages.begin(), item.packages.end(), mark) != item.packages.end();
  });
  Notice& notice = notices_[item.role];
  notice = {item, can_open, false, false};
  save_notice(notice);
  tell_of_notices();
}

void ClientCore::tell_of_notices() {
  for (auto& [role, notice] : notices_) {
    if (notice.told || notice.done || !due_by_rota(notice.item, now_)) continue;
    notice.told = true;
    out_.events.emplace_back(CheckInDue{shown(notice)});
  }
}

CheckInView ClientCore::shown(const Notice& notice) const {
  CheckInView out{notice.item.role, directory_.role_label(notice.item.role), notice.item.from,
                  notice.item.due_at, notice.can_open, CheckInState::kAsked};
  const bool posted = std::any_of(check_in_posts_.begin(), check_in_posts_.end(),
                                  [&](const auto& post) { return post.second.role == notice.item.role; });
  if (posted) out.state = CheckInState::kSent;
  if (notice.done) out.state = CheckInState::kDone;
  return out;
}

std::vector<CheckInView> ClientCore::check_ins(UtcTime now) const {
  std::vector<CheckInView> out;
  for (const auto& [role, notice] : notices_) {
    if (due_by_rota(notice.item, now)) out.push_back(shown(notice));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const CheckInView& a, const CheckInView& b) { return a.from < b.from; });
  return out;
}

Status ClientCore::check_in(const RoleId& role, UtcTime now) {
  now_ = now;
  if (!enrolled()) return fail(Errc::kWrongState, "not enrolled");
  if (device_->revoked) return fail(Errc::kRevoked, "P-028");
  const auto found = notices_.find(role);
  if (found == notices_.end()) return fail(Errc::kNotFound, "P-181");
  const Notice& notice = found->second;
  if (notice.done || !due_by_rota(notice.item, now)) return fail(Errc::kWrongState, "P-181");
  if (!notice.can_open) return fail(Errc::kNoKeyPackage, "P-181");
  if (shown(notice).state == CheckInState::kSent) return {};  // pressed twice
  const wire::CheckIn said{notice.item.notice, self_->organisation, role, self_->person,
                           notice.item.from,   now};
  check_in_posts_.emplace(next_duty_post_++,
                          CheckInPost{role, wire::sign_check_in(said, device_->certificate, device_->sign_key)});
  return {};
}

void ClientCore::send_check_ins() {
  for (const auto& [number, post] : check_in_posts_) {
    if (in_flight(InFlight::Kind::kCheckIn, number)) continue;
    request(wire::PostCheckIn{post.check_in}, InFlight::Kind::kCheckIn, number);
  }
}

void ClientCore::on_check_in_answered(std::uint64_t number, Errc why) {
  const auto post = check_in_posts_.find(number);
  if (post == check_in_posts_.end()) return;
  const RoleId role = post->second.role;
  const auto notice = notices_.find(role);
  if (why == Errc{} && notice != notices_.end()) {
    notice->second.done = true;
    save_notice(notice->second);
  }
  check_in_posts_.erase(post);
  out_.events.emplace_back(CheckInAnswered{role, directory_.role_label(role), why});
}

void ClientCore::forget_old_notices() {
  std::erase_if(notices_, [&](const auto& entry) {
    const Notice& notice = entry.second;
    if (now_ - notice.item.from < kNoticeKept || due_by_rota(notice.item, now_)) return false;
    erase(Table::kCheckIn, to_bytes(entry.first.view()));
    return true;
  });
}

// ---- The roles that concern us

void ClientCore::ask_duty_status() {
  if (!hello_done_ || in_flight(InFlight::Kind::kDutyStatus)) return;
  request(wire::GetDutyStatus{}, InFlight::Kind::kDutyStatus);
}

// P-186. `first`: it is the beginning of all there is; what it does not name has no state.
void ClientCore::on_duty_statuses(const wire::DutyStatuses& said, bool whole, bool first) {
  const auto before = duty_status_;
  if (whole && first) duty_status_.clear();
  for (const wire::DutyStatus& status : said.items) take_status(status);
  if (whole && said.more && !said.items.empty()) {
    request(wire::GetDutyStatus{said.items.back().role}, InFlight::Kind::kDutyStatus, 1);
  } else if (whole) {
    duty_known_ = true;
  }
  if (whole && said.more) return;
  for (const auto& [role, status] : duty_status_) {
    const auto known = before.find(role);
    const Reach was = known == before.end() ? Reach{} : reach_by(role, known->second, now_);
    if (was.reachable != reach_by(role, status, now_).reachable && role_concerns_us(role)) {
      out_.events.emplace_back(RoleReachChanged{role, directory_.role_label(role), reach(role, now_)});
    }
  }
}

void ClientCore::take_status(const wire::DutyStatus& status) {
  const auto held = directory_.holders(status.role);
  const auto* owner = held ? directory_.organisation(held->owner) : nullptr;
  if (owner == nullptr) return;  // of nobody whom we pin; asked for again with the next roster
  KnownStatus& known = duty_status_[status.role];
  known = {status.trouble, status.since, {}};
  for (const wire::SignedCheckIn& check_in : status.check_ins) {
    auto verified = wire::verify_check_in(check_in, std::vector{owner->card});
    if (!verified || verified->said.role != status.role) {
      suspect(verified ? Errc::kUntrusted : verified.error().code, std::nullopt,
              "Hubben viser en indmelding på vagt, som ikke kan godtages.");
      continue;
    }
    const auto own = notices_.find(status.role);
    const bool ours = self_ && verified->said.person == self_->person && own != notices_.end() &&
                      own->second.item.notice == verified->said.notice;
    if (ours && !own->second.done) {  // from another phone of ours
      own->second.done = true;
      save_notice(own->second);
    }
    known.check_ins.push_back(std::move(*verified));
  }
}

// P-187, as if the hub were connected and had told all.
Reach ClientCore::reach_by(const RoleId& role, const KnownStatus& status, UtcTime now) const {
  Reach out;
  const auto filled = directory_.filled(role);
  if (!filled) return out;
  const auto held = directory_.holders(role);
  out.checked_in = std::any_of(
      status.check_ins.begin(), status.check_ins.end(), [&](const wire::VerifiedCheckIn& by) {
        return by.said.from <= now && held->lists(by.said.person) &&
               !directory_.revoked(filled->owner, by.signer.device) &&
               rota::on_duty_throughout(*filled->rota, *filled->plan, by.said.person, by.said.from, now);
      });
  if (status.trouble != wire::DutyTrouble::kNone) {
    out.reachable = Reachable::kNo;
    out.reason = status.trouble;
    out.since = status.since;
  } else if (out.checked_in) {
    out.reachable = Reachable::kYes;
  }
  return out;
}

Reach ClientCore::reach(const RoleId& role, UtcTime now) const {
  const auto status = duty_status_.find(role);
  if (status == duty_status_.end()) return {};
  const Reach out = reach_by(role, status->second, now);
  if (hello_done_ && duty_known_) return out;
  return {.checked_in = out.checked_in};
}

Reach ClientCore::reach_of(const wire::Target& target, UtcTime now) const {
  if (target.kind != wire::TargetKind::kRole) return {};
  const auto role = directory_.filled(RoleId{target.id.bytes});
  return role ? reach(rota::who_answers(*role->rota, *role->plan, now).answering, now) : Reach{};
}

}  // namespace nattevagt::client
