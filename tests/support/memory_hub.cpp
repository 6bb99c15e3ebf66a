#include "tests/support/memory_hub.h"

#include <algorithm>

#include "proto/common/check.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"

namespace nattevagt::testing {

namespace {
constexpr Millis kStep = std::chrono::milliseconds(10);  // how far a waiting client moves the clock
}

class MemoryConnection final : public client::Connection {
 public:
  MemoryConnection(MemoryHub& hub, ManualClock& clock) : hub_(hub), clock_(clock) {
    hub_.connections_.push_back(this);
  }
  ~MemoryConnection() override {
    disconnect();
    std::erase(hub_.connections_, this);
  }

  void connect(const wire::HubPin& hub, const CurveSecretKey& key) override {
    wanted_ = true;
    right_hub_ = hub.curve_key == hub_.pin_.curve_key;
    key_ = curve_public_key(key);
  }
  void disconnect() override {
    wanted_ = false;
    drop(false);
    events_.clear();
  }
  Status send(ByteView frame) override {
    if (session_ == 0) return fail(Errc::kUnavailable, "MemoryConnection");
    hub_.receive(session_, frame);
    return {};
  }
  std::vector<client::LinkEvent> poll(Millis wait) override {
    hub_.run();
    if (wanted_ && session_ == 0) try_open();
    if (events_.empty() && wait > Millis(0)) {
      clock_.advance(std::min(wait, kStep));
      hub_.run();
      if (wanted_ && session_ == 0) try_open();
    }
    return std::exchange(events_, {});
  }

  void drop(bool tell) {
    if (session_ == 0) return;
    const broker::SessionId session = std::exchange(session_, 0);
    hub_.close(session);
    if (tell) events_.emplace_back(client::LinkDown{Errc::kUnavailable});
  }
  void closed_by_hub(Errc reason) {
    session_ = 0;
    events_.emplace_back(client::LinkDown{reason});
  }
  void push(Bytes frame) { events_.emplace_back(client::FrameReceived{std::move(frame)}); }

 private:
  void try_open() {
    session_ = right_hub_ ? hub_.open(this, key_) : 0;
    if (session_ != 0) events_.emplace_back(client::LinkUp{});
  }

  MemoryHub& hub_;
  ManualClock& clock_;
  bool wanted_ = false, right_hub_ = false;
  CurvePublicKey key_;
  broker::SessionId session_ = 0;
  std::vector<client::LinkEvent> events_;
};

MemoryHub::MemoryHub(std::vector<wire::OrganisationCard> organisations, ManualClock& clock, Entropy& entropy)
    : clock_(clock),
      sign_(SignKey::generate(entropy)),
      curve_(entropy.make_secret<CurveSecretKey>()),
      pin_{"tcp://hub.test:5670", curve_public_key(curve_), sign_.public_key()} {
  config_.organisations = std::move(organisations);
  config_.sign_key = sign_.public_key();
  core_ = fresh_core();
  apply(core_->started(clock_.now()));
}
MemoryHub::~MemoryHub() { NV_CHECK(connections_.empty()); }

std::unique_ptr<broker::HubCore> MemoryHub::fresh_core() const {
  auto core = std::make_unique<broker::HubCore>(config_);
  for (const broker::Record& record : journal_) NV_CHECK(core->replay(record));
  return core;
}

std::unique_ptr<client::Connection> MemoryHub::connection() {
  return std::make_unique<MemoryConnection>(*this, clock_);
}

void MemoryHub::restart() {
  for (MemoryConnection* connection : connections_) connection->drop(true);
  sessions_.clear();
  core_ = fresh_core();
  admitted_.clear();
  apply(core_->started(std::max(clock_.now(), core_->last_time())));
}

void MemoryHub::restore(std::size_t records) {
  NV_CHECK(records <= journal_.size());
  journal_.erase(journal_.begin() + static_cast<std::ptrdiff_t>(records), journal_.end());
  restart();
}

void MemoryHub::set_reachable(bool reachable) {
  reachable_ = reachable;
  if (reachable) return;
  for (MemoryConnection* connection : connections_) connection->drop(true);
}

void MemoryHub::run() {
  while (core_->next_deadline() <= clock_.now()) apply(core_->step(broker::Tick{}, clock_.now()));
}

broker::SessionId MemoryHub::open(MemoryConnection* connection, const CurvePublicKey& key) {
  const auto admitted = admitted_.find(key);
  if (!reachable_ || admitted == admitted_.end()) return 0;
  const broker::SessionId session = next_session_++;
  sessions_[session] = {connection, admitted->second};
  apply(core_->step(broker::SessionOpened{session, admitted->second}, clock_.now()));
  return sessions_.contains(session) ? session : 0;
}

void MemoryHub::close(broker::SessionId session) {
  if (sessions_.erase(session) == 0) return;
  apply(core_->step(broker::SessionClosed{session}, clock_.now()));
}

void MemoryHub::receive(broker::SessionId session, ByteView bytes) {
  auto frame = wire::decode_client_frame(bytes);
  NV_CHECK(frame);
  ++frames_to_hub;
  const auto found = sessions_.find(session);
  NV_CHECK(found != sessions_.end());
  if (const auto* device = std::get_if<broker::DevicePrincipal>(&found->second.principal)) {
    if (deaf_[device->device]) return;
    if (overhear) overhear(device->device, *frame);
  }
  apply(core_->step(broker::SessionRequest{session, std::move(*frame)}, clock_.now()));
}

wire::Answer MemoryHub::as_organisation(const wire::OrganisationCard& card, wire::Request request) {
  const broker::SessionId session = open(nullptr, card.curve_key);
  NV_CHECK(session != 0);
  organisation_answers_.clear();
  const auto ask = [&](std::uint64_t number, wire::Request body) {
    apply(core_->step(broker::SessionRequest{session, {wire::kProtocolVersion, number, std::move(body)}},
                      clock_.now()));
  };
  ask(1, wire::Hello{"test"});
  ask(2, std::move(request));
  NV_CHECK(organisation_answers_.size() >= 2);
  wire::Answer answer = organisation_answers_[1];
  close(session);
  return answer;
}

void MemoryHub::apply(broker::Outcome outcome) {
  for (broker::Record& record : outcome.records) journal_.push_back(std::move(record));
  for (broker::Effect& effect : outcome.effects) apply(effect);
}

const Bytes& MemoryHub::body(broker::BodyRef ref) const {
  for (const broker::Record& record : journal_) {
    if (record.index == ref.index) return record.bodies.at(ref.part);
  }
  NV_CHECK(false);
  return journal_.front().meta;
}

void MemoryHub::apply(broker::Effect& effect) {
  if (auto* frame = std::get_if<broker::SendFrame>(&effect)) {
    deliver(frame->session, std::move(frame->frame));
  } else if (auto* receipt = std::get_if<broker::SendReceipt>(&effect)) {
    const std::vector leaves{receipt->leaf};
    deliver(receipt->session, {wire::kProtocolVersion, receipt->request,
                               wire::Stored{wire::make_receipts(leaves, sign_).front()}});
  } else if (auto* entry = std::get_if<broker::SendEntry>(&effect)) {
    if (entry->welcome) {
      entry->welcome->welcome = body(*entry->body);
      entry->entry.bytes = wire::encode(*entry->welcome);
    } else if (entry->body) {
      entry->entry.bytes = body(*entry->body);
    }
    deliver(entry->session, {wire::kProtocolVersion, 0, std::move(entry->entry)});
  } else if (auto* gathered = std::get_if<broker::SendGathered>(&effect)) {
    wire::Gathered answer;
    answer.without = gathered->without;
    for (const auto& item : gathered->items) answer.items.push_back({item.device, body(item.key_package)});
    deliver(gathered->session, {wire::kProtocolVersion, gathered->request, std::move(answer)});
  } else if (const auto* closing = std::get_if<broker::CloseSession>(&effect)) {
    const auto found = sessions_.find(closing->session);
    if (found == sessions_.end()) return;
    MemoryConnection* connection = found->second.connection;
    sessions_.erase(found);
    if (connection != nullptr) connection->closed_by_hub(closing->reason);
  } else if (const auto* admit = std::get_if<broker::AdmitKey>(&effect)) {
    admitted_.insert_or_assign(admit->key, admit->principal);
  } else if (const auto* forget = std::get_if<broker::ForgetKey>(&effect)) {
    admitted_.erase(forget->key);
  }
}

void MemoryHub::inject(DeviceId to, const wire::HubFrame& frame) { inject_bytes(to, wire::encode(frame)); }

void MemoryHub::inject_bytes(DeviceId to, Bytes frame) {
  for (auto& [id, session] : sessions_) {
    const auto* device = std::get_if<broker::DevicePrincipal>(&session.principal);
    if (device != nullptr && device->device == to) return session.connection->push(std::move(frame));
  }
  NV_CHECK(false);
}

void MemoryHub::deliver(broker::SessionId session, wire::HubFrame frame) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  if (found->second.connection == nullptr) {
    if (frame.request != 0) organisation_answers_.push_back(std::move(frame.body));
    return;
  }
  MemoryConnection& connection = *found->second.connection;
  const auto* device = std::get_if<broker::DevicePrincipal>(&found->second.principal);
  if (device == nullptr || !tamper) return connection.push(wire::encode(frame));
  for (wire::HubFrame& out : tamper(device->device, std::move(frame))) connection.push(wire::encode(out));
}

}  // namespace nattevagt::testing
