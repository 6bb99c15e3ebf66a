#include "tests/simulation/hub_node.h"

#include <algorithm>
#include <utility>

#include "broker/core/record.h"
#include "proto/common/check.h"
#include "proto/common/hash.h"
#include "proto/wire/audit.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"

namespace nattevagt::simulation {

using broker::JournalIndex;
using broker::SessionId;

namespace {
bool is_the_end(const wire::Entry& entry) {
  if (entry.kind != wire::EntryKind::kAlert) return false;
  const auto item = wire::decode_alert_item(entry.bytes);
  return item && item->view.state == wire::AlertState::kClosed;
}
}  // namespace

HubNode::HubNode(const Base& base, Host& host, Oracles& oracles, Mutant mutant, std::uint64_t seed)
    : base_(base),
      host_(host),
      oracles_(oracles),
      mutant_(mutant),
      sign_(SignKey::from_seed([&] {
        SignSeed seed_bytes;
        std::copy(base.sign_seed.begin(), base.sign_seed.end(), seed_bytes.expose().begin());
        return seed_bytes;
      }())),
      keep_(seed, Stream::kKeep, 0),
      sync_draw_(seed, Stream::kSync, 0) {}

void HubNode::boot(Millis t, Millis wall_offset, std::int64_t ppm) {
  NV_CHECK(!core_);
  const bool again = durable_ != 0;
  broker::HubConfig config = base_.config;
  if (mutant_ == Mutant::kHastyDoubt) config.duty.silent_after = std::chrono::seconds(50);
  if (mutant_ == Mutant::kDeafWatch) config.duty.silent_after = std::chrono::hours(1);
  core_ = std::make_unique<broker::HubCore>(config);
  if (!core_->restore(snapshot_ ? *snapshot_ : base_.snapshot)) oracles_.violation("recovery", "the snapshot is refused");
  for (const broker::Record& record : journal_) {
    if (!core_->replay(record)) oracles_.violation("recovery", "a record is refused");
  }
  if (core_->last_index() < durable_) oracles_.violation("recovery", "a synced record is gone");
  if (before_crash_ && before_crash_->first == core_->last_index() &&
      before_crash_->second != core_->state_digest()) {
    oracles_.violation("recovery", "the state is another one than before the crash");
  }
  oracles_.hub_has(core_->last_index());
  oracles_.audit_is(audit_, *core_);
  durable_ = core_->last_index();
  ends_ = {durable_};
  if (mutant_ == Mutant::kFastHubClock) ppm += 200'000;
  clock_ = VirtualClock(t, std::max(base_.starts + t + wall_offset, core_->last_time()), ppm);
  oracles_.hub_boots(t, clock_.now(t));
  dead_timer_ = again && mutant_ == Mutant::kDeadHubTimer;
  take(core_->started(clock_.now(t)), t);
}

void HubNode::crash() {
  if (!core_) return;
  before_crash_ = {core_->last_index(), core_->state_digest()};
  core_.reset();
  held_.clear();
  admitted_.clear();
  sessions_.clear();
  sync_asked_ = false;
  // What was written and not synced may be there, up to the end of any outcome.
  JournalIndex kept = ends_[static_cast<std::size_t>(keep_.below(ends_.size()))];
  if (mutant_ == Mutant::kLoseDurableRecord && kept == durable_ && !journal_.empty()) --kept;
  while (!journal_.empty() && journal_.back().index > kept) {
    bodies_.erase(journal_.back().index);
    journal_.pop_back();
  }
  std::erase_if(audit_, [&](const KeptLine& line) { return line.record > kept; });
  if (mutant_ == Mutant::kAuditApart && !audit_.empty()) audit_.pop_back();
  oracles_.hub_crashes();
  host_.hub_crashed();
}

SessionId HubNode::open(const CurvePublicKey& key, Millis t) {
  const auto admitted = admitted_.find(key);
  if (admitted == admitted_.end()) return 0;
  const SessionId session = next_session_++;
  sessions_.push_back(session);
  step(broker::SessionOpened{session, admitted->second}, t);
  return session;
}

void HubNode::close(SessionId session, Millis t) {
  if (!core_ || std::erase(sessions_, session) == 0) return;
  const UtcTime line = clock_.now(t);
  step(broker::SessionClosed{session}, t);
  oracles_.session_gone(session, line);
}

void HubNode::receive(SessionId session, ByteView bytes, Millis t) {
  auto frame = wire::decode_client_frame(bytes);
  if (!frame) {  // as the runner does
    const std::uint64_t request = wire::request_number(bytes);
    if (frame.error().code != Errc::kUpgradeRequired) {
      oracles_.violation("frames", "the hub cannot read a device's frame");
    }
    wire::Refused refused;
    refused.code = frame.error().code;
    if (request != 0) host_.send(session, {wire::kProtocolVersion, request, refused});
    return;
  }
  if (auto* raise = std::get_if<wire::Raise>(&frame->body); raise != nullptr && mutant_ == Mutant::kOneLadder) {
    raise->ladder = base_.red;
  }
  if (auto* append = std::get_if<wire::Append>(&frame->body)) {
    if (mutant_ == Mutant::kMoveStaleCommit && append->kind == wire::EntryKind::kCommit && !append->create) {
      append->epoch = oracles_.epoch_of(append->stream).value_or(append->epoch);
    }
    if (mutant_ == Mutant::kStoreTwice) {
      if (!stored_once_.insert(append->id).second) append->id.bytes[0] ^= 1;
    }
  }
  oracles_.hub_is_asked(session, *frame);
  const bool spoken =
      frame->protocol >= wire::kProtocolVersionMin && frame->protocol <= wire::kProtocolVersion;
  const bool hello = std::holds_alternative<wire::Hello>(frame->body) && spoken;
  const UtcTime now = clock_.now(t);
  const bool open = std::find(sessions_.begin(), sessions_.end(), session) != sessions_.end();
  step(broker::SessionRequest{session, std::move(*frame)}, t);
  if (core_ && spoken && open) oracles_.session_heard(session, now);
  if (core_ && hello && open) oracles_.session_greeted(session);
}

void HubNode::publish_revocation(int device, Millis t) {
  const wire::SignedDocument& document = base_.devices[static_cast<std::size_t>(device)].revocation;
  const SessionId session = next_session_++;
  step(broker::SessionOpened{session, broker::OrganisationPrincipal{document.organisation}}, t);
  if (!core_) return;
  step(broker::SessionRequest{session, {wire::kProtocolVersion, 1, wire::PublishDocument{document}}}, t);
  if (core_) step(broker::SessionClosed{session}, t);
}

void HubNode::tick(Millis t) {
  if (core_ && core_->next_deadline() <= clock_.now(t)) step(broker::Tick{}, t);
  if (core_) schedule(t);
}

void HubNode::step(const broker::Event& event, Millis t) {
  const UtcTime now = clock_.now(t);
  oracles_.hub_time(t, now);
  take(core_->step(event, now), t);
}

// kLeaveOneOut: a first notice goes to all but the last.
void HubNode::leave_one_out(broker::Record& record) {
  auto fact = broker::decode_fact(record.meta);
  NV_CHECK(fact);
  auto* raised = std::get_if<broker::AlertRaised>(&*fact);
  if (raised == nullptr || raised->change.posts.empty()) return;
  auto& devices = raised->change.posts[0].devices;
  if (devices.size() > 1) devices.pop_back();
  record.meta = broker::encode(*fact);
}

// kForgetArmed: whom a step arms is written down and not rung.
void HubNode::forget_armed(broker::Record& record) {
  auto fact = broker::decode_fact(record.meta);
  NV_CHECK(fact);
  auto* raised = std::get_if<broker::AlertRaised>(&*fact);
  if (raised == nullptr || raised->change.posts.empty()) return;
  const auto& armed = raised->change.progress.armed_devices;
  std::erase_if(raised->change.posts[0].devices, [&](broker::DeviceNumber device) {
    return std::binary_search(armed.begin(), armed.end(), device);
  });
  record.meta = broker::encode(*fact);
}

// kOneSignature: what is written down lacks a signature of those that the hub went by.
void HubNode::leave_one_signature(broker::Record& record) {
  auto fact = broker::decode_fact(record.meta);
  NV_CHECK(fact);
  auto* published = std::get_if<broker::DocumentPublished>(&*fact);
  if (published == nullptr || published->document.kind != wire::DocumentKind::kDutyChanges) return;
  auto changes = wire::decode_duty_changes(published->document.body);
  NV_CHECK(changes);
  for (wire::SignedDutyChange& item : changes->items) item.signers.resize(1);
  published->document.body = wire::encode(*changes);
  record.meta = broker::encode(*fact);
}

// In the transaction of its record.
void HubNode::write_audit(broker::Record& record) {
  for (wire::AuditLine& line : std::exchange(record.audit, {})) {
    const bool act = line.text.find(" event=alert_acted ") != std::string::npos;
    if (mutant_ == Mutant::kForgetAuditLine) {
      if (act) continue;
      line.seq = base_.audit_end.seq + audit_.size() + 1;
      const Digest& before = audit_.empty() ? base_.audit_end.chain : audit_.back().line.chain;
      line.chain = wire::audit_chain_next(before, line.seq, sha256(as_bytes(line.text)));
    }
    audit_.push_back({record.index, std::move(line)});
    if (mutant_ == Mutant::kAuditInOtherOrder && act) std::swap(audit_.back(), audit_.end()[-2]);
  }
}

void HubNode::take(broker::Outcome outcome, Millis t) {
  for (broker::Record& record : outcome.records) {
    if (mutant_ == Mutant::kLeaveOneOut) leave_one_out(record);
    if (mutant_ == Mutant::kForgetArmed) forget_armed(record);
    if (mutant_ == Mutant::kOneSignature) leave_one_signature(record);
    oracles_.record_written(record);
    write_audit(record);
    if (!record.bodies.empty()) bodies_[record.index] = record.bodies;
    journal_.push_back(std::move(record));
  }
  if (!outcome.records.empty()) ends_.push_back(core_->last_index());
  for (broker::Effect& effect : outcome.effects) {
    if (const auto* closing = std::get_if<broker::CloseSession>(&effect)) {
      oracles_.session_gone(closing->session, clock_.now(t));
    }
    held_.push_back(std::move(effect));
  }
  release(t);
  if (!core_) return;
  if (core_->last_index() > durable_ && !sync_asked_) {
    sync_asked_ = true;
    host_.sync_hub(t + Millis(static_cast<std::int64_t>(sync_draw_.between(1, 30))));
  }
  schedule(t);
}

void HubNode::schedule(Millis t) {
  const UtcTime next = core_->next_deadline();
  if (next != kNever && !dead_timer_) host_.wake_hub(std::max(clock_.when(next), t));
}

void HubNode::sync(Millis t, bool works) {
  if (!core_) return;
  sync_asked_ = false;
  if (!works) {
    sync_asked_ = true;
    return host_.sync_hub(t + Millis(250));
  }
  durable_ = core_->last_index();
  ends_ = {durable_};
  oracles_.hub_synced(durable_);
  release(t);
  if (!core_ || core_->last_index() > durable_ || !held_.empty() || !sync_draw_.one_in(24)) return;
  // The journal begins anew: only what live_records() names may be needed from before.
  snapshot_ = core_->snapshot();
  journal_.clear();
  live_ = core_->live_records();
  std::erase_if(bodies_, [&](const auto& kept) { return !is_kept(kept.first); });
}

// Effects in their order, up to the first that must wait, as the runner lets them go: what a device is told after
// the answer to its Hello comes after it (P-013). Receipts of one sync share a signature.
void HubNode::release(Millis t) {
  std::vector<broker::Effect> ready, later;
  for (broker::Effect& effect : held_) {
    const JournalIndex after = std::visit([](const auto& e) { return e.after; }, effect);
    const bool may = later.empty() && (after <= durable_ || mutant_ == Mutant::kAnswerBeforeSync);
    (may ? ready : later).push_back(std::move(effect));
    if (after > durable_ && may) oracles_.promised(after);
  }
  held_ = std::move(later);
  std::vector<broker::SendReceipt> receipts;
  for (broker::Effect& effect : ready) {
    if (host_.hub_crashes_here()) return crash();
    if (auto* receipt = std::get_if<broker::SendReceipt>(&effect)) {
      receipts.push_back(std::move(*receipt));
    } else {
      let_go(effect);
    }
  }
  build_receipts(receipts);
  static_cast<void>(t);
}

void HubNode::build_receipts(std::vector<broker::SendReceipt>& receipts) {
  if (receipts.empty()) return;
  std::vector<wire::ReceiptLeaf> leaves;
  for (broker::SendReceipt& receipt : receipts) {
    if (mutant_ == Mutant::kPromiseTooMuch && receipt.leaf.exhausted_at != kNever) {
      receipt.leaf.exhausted_at -= std::chrono::seconds(30);
    }
    leaves.push_back(receipt.leaf);
  }
  const auto made = wire::make_receipts(leaves, sign_);
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    oracles_.receipt_leaves(receipts[i].session, receipts[i].request, receipts[i].leaf);
    const std::uint64_t request = receipts[i].request;
    host_.send(receipts[i].session, {wire::kProtocolVersion, request, wire::Stored{made[i]}});
  }
}

bool HubNode::is_kept(JournalIndex index) const {
  return !live_ || std::binary_search(live_->begin(), live_->end(), index);
}

const Bytes& HubNode::body(const broker::BodyRef& ref) const {
  auto found = bodies_.find(ref.index);
  if (found == bodies_.end()) {
    found = base_.bodies.find(ref.index);
    NV_CHECK(found != base_.bodies.end() && is_kept(ref.index));  // live_records() named it
  }
  NV_CHECK(ref.part < found->second.size());
  return found->second[ref.part];
}

void HubNode::let_go(broker::Effect& effect) {
  if (auto* frame = std::get_if<broker::SendFrame>(&effect)) {
    const bool status = std::holds_alternative<wire::DutyStatuses>(frame->frame.body);
    if (mutant_ == Mutant::kSwallowStatus && status && frame->frame.request == 0) return;
    if (auto* documents = std::get_if<wire::Documents>(&frame->frame.body); mutant_ == Mutant::kHideChange) {
      const auto hidden = [](const auto& one) { return one.kind == wire::DocumentKind::kDutyChanges; };
      if (documents != nullptr) std::erase_if(documents->documents, hidden);
    }
    host_.send(frame->session, std::move(frame->frame));
  } else if (auto* entry = std::get_if<broker::SendEntry>(&effect)) {
    if (entry->welcome) {
      entry->welcome->welcome = body(*entry->body);
      entry->entry.bytes = wire::encode(*entry->welcome);
    } else if (entry->body) {
      entry->entry.bytes = body(*entry->body);
    }
    if (mutant_ == Mutant::kKeepBackTheEnd && is_the_end(entry->entry)) {
      if (!kept_back_) kept_back_ = entry->session;
      if (kept_back_ == entry->session) return;
    }
    const bool conversation = entry->entry.stream != wire::kInbox;
    wire::HubFrame told{wire::kProtocolVersion, 0, std::move(entry->entry)};
    if (mutant_ == Mutant::kGiveEntryToStranger && conversation) {
      for (const SessionId other : sessions_) host_.send(other, told);
    } else {
      host_.send(entry->session, std::move(told));
    }
  } else if (auto* gathered = std::get_if<broker::SendGathered>(&effect)) {
    wire::Gathered answer;
    answer.without = gathered->without;
    for (const auto& item : gathered->items) answer.items.push_back({item.device, body(item.key_package)});
    if (mutant_ == Mutant::kKeyPackageTwice) {
      for (auto& item : answer.items) {
        item.key_package = first_given_.try_emplace(item.device, item.key_package).first->second;
      }
    }
    oracles_.packages_leave(answer);
    const std::uint64_t request = gathered->request;
    host_.send(gathered->session, {wire::kProtocolVersion, request, std::move(answer)});
  } else if (const auto* closing = std::get_if<broker::CloseSession>(&effect)) {
    std::erase(sessions_, closing->session);
    host_.hang_up(closing->session, closing->reason);
  } else if (const auto* admit = std::get_if<broker::AdmitKey>(&effect)) {
    admitted_.insert_or_assign(admit->key, admit->principal);
  } else if (const auto* forget = std::get_if<broker::ForgetKey>(&effect)) {
    admitted_.erase(forget->key);
  } else {
    NV_CHECK(false);
  }
}

}  // namespace nattevagt::simulation
