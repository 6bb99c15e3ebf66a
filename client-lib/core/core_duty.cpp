// Duty by one's own hand (P-111 to P-114): swaps and take-overs signed on this device, and who answers now.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "proto/rota/changes.h"
#include "proto/rota/rota.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {

RoleId role_of(const wire::Target& target) { return RoleId{target.id.bytes}; }

}  // namespace

// ---- Asking

Result<DutyChangeId> ClientCore::post_change(wire::DutyChange change, wire::SignedDutyChange as_signed) {
  if (!enrolled()) return fail(Errc::kWrongState, "not enrolled");
  if (device_->revoked) return fail(Errc::kRevoked, "P-028");
  if (self_->kind != wire::HolderKind::kPerson) return fail(Errc::kNotPermitted, "P-111");
  if (as_signed.body.empty()) as_signed.body = wire::encode(change);
  as_signed.signers.push_back(
      wire::sign_duty_change(as_signed.body, device_->certificate, device_->sign_key));
  // What the hub would refuse is refused here, with the same code.
  NV_TRY(const wire::AgreedChange agreed,
         wire::verify_duty_change(as_signed, std::vector{directory_.organisation(self_->organisation)->card}));
  const wire::Rota* rota = directory_.rota(change.organisation);
  const auto held = directory_.holders(change.role);
  if (rota == nullptr || !held || held->owner != change.organisation) return fail(Errc::kNotFound, "P-113");
  NV_TRYV(rota::check_change(*rota, held->persons, agreed, now_));
  duty_posts_.emplace(next_duty_post_++, DutyPost{change.id, std::move(as_signed)});
  return change.id;
}

Result<DutyChangeId> ClientCore::ask_swap(const SwapRequest& wanted, UtcTime now) {
  now_ = now;
  if (!self_) return fail(Errc::kWrongState, "not enrolled");
  const bool fits = wanted.until > wanted.from && wanted.until - wanted.from <= limits::kDutyChangeSpanMax;
  if (!fits || wanted.takes == self_->person) return fail(Errc::kInvalidValue, "P-113");
  return post_change({.id = entropy_.make_id<DutyChangeId>(),
                      .organisation = self_->organisation,
                      .kind = wire::DutyChangeKind::kSwap,
                      .role = wanted.role,
                      .from = wanted.from,
                      .until = wanted.until,
                      .gives = self_->person,
                      .takes = wanted.takes,
                      .issued_at = now},
                     {});
}

Result<DutyChangeId> ClientCore::accept_swap(const DutyChangeId& id, UtcTime now) {
  now_ = now;
  if (!self_) return fail(Errc::kWrongState, "not enrolled");
  for (const Directory::Change& known : directory_.changes()) {
    if (known.agreed.change.id != id) continue;
    if (known.agreed.complete) return fail(Errc::kDuplicate, "P-112");
    return post_change(known.agreed.change, known.as_signed);
  }
  return fail(Errc::kNotFound, "no such change");
}

Result<DutyChangeId> ClientCore::take_over(const RoleId& role, std::optional<UtcTime> until, UtcTime now) {
  now_ = now;
  if (!self_) return fail(Errc::kWrongState, "not enrolled");
  const wire::Rota* rota = directory_.rota(self_->organisation);
  const auto* plan = rota == nullptr ? nullptr : rota::find_role(*rota, role);
  if (plan == nullptr) return fail(Errc::kNotFound, "P-113");
  const UtcTime end = until.value_or(rota::next_change(*rota, *plan, now));
  if (end <= now || end - now > limits::kDutyChangeSpanMax) return fail(Errc::kInvalidValue, "P-113");
  return post_change({.id = entropy_.make_id<DutyChangeId>(),
                      .organisation = self_->organisation,
                      .kind = wire::DutyChangeKind::kTakeOver,
                      .role = role,
                      .from = now,
                      .until = end,
                      .gives = {},
                      .takes = self_->person,
                      .issued_at = now},
                     {});
}

void ClientCore::send_changes() {
  for (const auto& [number, post] : duty_posts_) {
    if (in_flight(InFlight::Kind::kDuty, number)) continue;
    request(wire::PostDutyChange{post.change}, InFlight::Kind::kDuty, number);
  }
}

void ClientCore::on_change_answered(std::uint64_t number, Errc why) {
  const auto found = duty_posts_.find(number);
  if (found == duty_posts_.end()) return;
  out_.events.emplace_back(DutyAnswered{found->second.id, why});
  duty_posts_.erase(found);
}

// ---- Hearing of it

std::map<DutyChangeId, bool> ClientCore::known_changes() const {
  std::map<DutyChangeId, bool> out;
  for (const Directory::Change& change : directory_.changes()) {
    out.emplace(change.agreed.change.id, change.in_force);
  }
  return out;
}

bool ClientCore::role_concerns_us(const RoleId& role) const {
  const auto held = directory_.holders(role);
  if (held && self_->kind == wire::HolderKind::kPerson) {
    return held->lists(self_->person);
  }
  if (!self_->unit) return false;
  for (const auto severity :
       {wire::Severity::kAlarm, wire::Severity::kRed, wire::Severity::kYellow, wire::Severity::kGreen}) {
    const auto ladder = directory_.ladder_for(*self_->unit, severity, self_->organisation);
    if (!ladder || ladder->ladder == nullptr) continue;
    for (const wire::LadderStep& step : ladder->ladder->steps) {
      for (const wire::Target& target : step.targets) {
        if (target.kind == wire::TargetKind::kRole && role_of(target) == role) return true;
      }
    }
  }
  return false;
}

// New to us, or in force where it was not before, or the other way round.
void ClientCore::tell_of_changes(const std::map<DutyChangeId, bool>& before) {
  if (!self_) return;
  for (const Directory::Change& change : directory_.changes()) {
    const auto known = before.find(change.agreed.change.id);
    const bool news = known == before.end() || known->second != change.in_force;
    const bool over = change.agreed.change.until <= now_;
    if (!news || over || !role_concerns_us(change.agreed.change.role)) continue;
    out_.events.emplace_back(DutyNews{shown(change)});
  }
}

void ClientCore::on_gap_item(const wire::GapItem& item) {
  if (item.until <= now_) return;  // came too late to be of use
  GapAhead out{item.role, directory_.role_label(item.role), item.from, item.until, item.nearness, false};
  if (const auto role = directory_.filled(item.role)) {
    const auto basis = rota::on_duty(*role->rota, *role->plan, std::max(item.from, now_)).basis;
    out.seen = basis == rota::Basis::kGap || basis == rota::Basis::kAcceptedGap;
  }
  out_.events.emplace_back(std::move(out));
}

// ---- Looking

std::map<PersonId, std::string> ClientCore::known_names() const {
  std::map<PersonId, std::string> out;
  const auto add = [&](const Person& person) {
    if (!person.name.empty()) out.emplace(person.id, person.name);
  };
  if (self_) add(directory_.person(*self_));
  for (const Directory::Change& change : directory_.changes()) {
    for (const wire::DeviceIdentity& signer : change.agreed.signers) add(directory_.person(signer));
  }
  for (const auto& [role, status] : duty_status_) {
    for (const wire::VerifiedCheckIn& by : status.check_ins) add(directory_.person(by.signer));
  }
  for (const Conversation& conversation : conversations()) {
    for (const Person& person : conversation.members) add(person);
  }
  out.insert(directory_.people().begin(), directory_.people().end());
  return out;
}

DutyChangeView ClientCore::shown(const Directory::Change& change) const {
  const auto names = known_names();
  const auto name = [&](const std::optional<PersonId>& person) {
    const auto found = person ? names.find(*person) : names.end();
    return found == names.end() ? std::string() : found->second;
  };
  const wire::DutyChange& said = change.agreed.change;
  DutyChangeView out;
  out.id = said.id;
  out.kind = said.kind;
  out.role = said.role;
  out.role_label = directory_.role_label(said.role);
  out.from = said.from;
  out.until = said.until;
  out.gives = name(said.gives);
  out.takes = name(change.agreed.taker ? change.agreed.taker : said.takes);
  out.complete = change.agreed.complete;
  out.in_force = change.in_force;
  const auto held = directory_.holders(said.role);
  const bool may = held && self_ && self_->kind == wire::HolderKind::kPerson &&
                   held->lists(self_->person);
  out.waits_for_us = !out.complete && may && said.gives != self_->person &&
                     (!said.takes || said.takes == self_->person);
  return out;
}

std::vector<DutyChangeView> ClientCore::duty_changes() const {
  std::vector<DutyChangeView> out;
  for (const Directory::Change& change : directory_.changes()) out.push_back(shown(change));
  return out;
}

std::vector<DutyRole> ClientCore::own_roles() const {
  std::vector<DutyRole> out;
  const wire::Roster* roster = self_ ? directory_.roster(self_->organisation) : nullptr;
  if (roster == nullptr || self_->kind != wire::HolderKind::kPerson) return out;
  for (const wire::Role& role : roster->roles) {
    if (std::ranges::count(role.holders, self_->person) == 0) continue;
    out.push_back({role.id, directory_.role_label(role.id)});
  }
  return out;
}

std::vector<OwnTurn> ClientCore::own_turns(UtcTime from, UtcTime until) const {
  std::vector<OwnTurn> out;
  const wire::Rota* rota = self_ ? directory_.rota(self_->organisation) : nullptr;
  if (rota == nullptr) return out;
  for (const DutyRole& role : own_roles()) {
    const auto* plan = rota::find_role(*rota, role.role);
    if (plan == nullptr) continue;
    bool running = false;  // who is beside us may change in the middle of our turn
    for (const rota::Stretch& stretch : rota::stretches(*rota, *plan, from, until)) {
      const bool ours = std::ranges::count(stretch.duty.persons, self_->person) != 0;
      if (ours && running) {
        out.back().until = stretch.until;
      } else if (ours) {
        out.push_back({role, stretch.from, stretch.until, stretch.from <= from});
      }
      running = ours;
    }
  }
  std::ranges::stable_sort(out, [](const OwnTurn& a, const OwnTurn& b) { return a.from < b.from; });
  return out;
}

std::vector<DutyLine> ClientCore::duty(UtcTime at) const {
  std::vector<DutyLine> out;
  if (!self_) return out;
  const auto names = known_names();
  const auto people = [&](const std::vector<PersonId>& persons) {
    std::vector<std::string> said;
    for (const PersonId& person : persons) {
      const auto found = names.find(person);
      said.push_back(found == names.end() ? "?" : found->second);
    }
    return said;
  };
  directory_.each_rung([&](const Directory::Rung& rung) {
    if (self_->unit && *self_->unit != rung.unit->id) return;
    DutyLine line;
    line.unit = directory_.unit_label(rung.unit->id);
    line.severity = rung.severity;
    line.step = rung.step;
    line.target = directory_.target_label(*rung.target);
    if (rung.target->kind != wire::TargetKind::kRole) {
      out.push_back(std::move(line));
      return;
    }
    const RoleId role = role_of(*rung.target);
    if (const auto filled = directory_.filled(role)) {
      const rota::Answering answering = rota::who_answers(*filled->rota, *filled->plan, at);
      line.planned = true;
      line.gap = answering.gap;
      line.until = rota::next_answer_change(*filled->rota, *filled->plan, at);
      line.reach = reach(answering.answering, at);
      if (answering.answering != role) line.answering = directory_.role_label(answering.answering);
      if (answering.in_rota) {
        line.people = people(directory_.on_duty(*rung.target, at));
      } else if (const auto others = directory_.holders(answering.answering)) {
        line.people = people(others->persons);
      }
    } else if (const auto held = directory_.holders(role)) {
      line.people = people(held->persons);
    }
    out.push_back(std::move(line));
  });
  return out;
}

}  // namespace nattevagt::client
