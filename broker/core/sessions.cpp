#include "broker/core/sessions.h"

#include <algorithm>
#include <utility>

#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

constexpr std::size_t kCredit = limits::kUnackedEntriesPerDevice;
constexpr std::int64_t kTokensPerMs = limits::kRequestsPerSecondPerDevice / 1000;
constexpr std::int64_t kTokensMax = std::int64_t{10} * limits::kRequestsPerSecondPerDevice;
constexpr std::int64_t kTokensUrgent = -std::int64_t{limits::kRequestsPerSecondPerDevice};
static_assert(limits::kRequestsPerSecondPerDevice % 1000 == 0,
              "the bucket counts whole tokens a millisecond");

bool has_pending(const Stream& stream, const Member& member) {
  return member.sent < member.last(stream.head());
}

SendEntry entry_effect(const Session& session, const Stream& stream, std::uint64_t seq) {
  const LogEntry& stored = stream.at(seq);
  SendEntry out;
  out.after = stored.record;
  out.session = session.id;
  out.entry = {stream.id(), seq, stored.kind, stored.epoch, stored.id, stored.stored_at, {}, stored.chain};
  if (is_inline(stored.kind)) {
    out.entry.bytes = stored.payload->item;
  } else if (stored.kind == wire::EntryKind::kWelcome) {
    out.body = BodyRef{stored.record, 1};
    out.welcome = wire::WelcomeItem{
        stored.payload->entered, stored.payload->entered_seq, stored.payload->entered_chain, {}};
  } else {
    out.body = BodyRef{stored.record, 0};
  }
  return out;
}

}  // namespace

Session& Sessions::open(SessionId id, const Principal& principal, Device* device) {
  const auto [it, fresh] = sessions_.try_emplace(id);
  NV_CHECK(fresh);  // the runner never reuses a number
  Session& session = it->second;
  session.id = id;
  session.principal = principal;
  session.device = device;
  if (device != nullptr) {
    NV_CHECK(device->session == nullptr);  // P-012: the caller has closed the older one
    device->session = &session;
  }
  return session;
}

void Sessions::close(Session& session, UtcTime now) {
  if (session.device != nullptr) {
    rewind(session);
    if (session.device->connected) session.device->seen_at = now;
    session.device->connected = false;
    session.device->session = nullptr;
  }
  if (session.stalled) retries_.erase({session.stalled_until, session.id});
  sessions_.erase(session.id);
}

Session* Sessions::find(SessionId id) {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : &it->second;
}

// ---- Delivery

void Sessions::greet(Session& session, UtcTime now) {
  session.greeted = true;
  if (session.device == nullptr) return;
  session.device->connected = true;
  session.device->seen_at = now;
  rewind(session);
}

// Forgets what is on its way: the next pump begins at the cursors.
void Sessions::rewind(Session& session) {
  session.round.clear();
  session.in_flight = 0;
  const DeviceNumber device = session.device->number;
  for (auto& [id, stream] : session.device->streams) {
    Member& member = *stream->member(device);
    member.sent = member.acked;
    member.queued = has_pending(*stream, member);
    if (member.queued) session.round.push_back(id);
  }
  Stream& inbox = streams_.inbox(device);
  if (Member* member = inbox.member(device)) member->sent = member->acked;
  wake(session);
}

void Sessions::wake(Session& session) {
  if (session.waiting || !session.greeted || session.stalled) return;
  session.waiting = true;
  waiting_.push_back(session.id);
}

void Sessions::offer(Stream& stream) {
  for (Member& member : stream.members()) {
    Session* session = directory_.device(member.device).session;
    if (session == nullptr) continue;
    if (!stream.is_inbox() && !member.queued && has_pending(stream, member)) {
      member.queued = true;
      session->round.push_back(stream.id());
    }
    wake(*session);
  }
}

void Sessions::offer(Stream& stream, DeviceNumber device) {
  Session* session = directory_.device(device).session;
  Member* member = stream.member(device);
  if (session == nullptr || member == nullptr) return;
  if (!stream.is_inbox() && !member->queued && has_pending(stream, *member)) {
    member->queued = true;
    session->round.push_back(stream.id());
  }
  wake(*session);
}

void Sessions::acknowledge(Session& session, const wire::Ack& ack) {
  const DeviceNumber device = session.device->number;
  bool moved = false;
  for (const wire::Ack::Position& position : ack.positions) {
    Stream* stream = streams_.of_device(device, position.stream);
    if (stream == nullptr) continue;  // removed meanwhile: nothing is owed
    Member& member = *stream->member(device);
    const std::uint64_t seq = std::min(position.seq, member.last(stream->head()));
    if (seq <= member.acked) continue;
    session.in_flight -=
        static_cast<std::size_t>(std::min(seq, member.sent) - std::min(member.acked, member.sent));
    member.acked = seq;
    member.sent = std::max(member.sent, seq);
    streams_.mark_dirty(*stream, member);
    moved = true;
  }
  if (!moved) return;
  if (session.stalled) {
    retries_.erase({session.stalled_until, session.id});
    session.stalled = false;
    rewind(session);
  }
  wake(session);
}

void Sessions::stall(Session& session, UtcTime now) {
  if (session.device == nullptr || session.stalled) return;
  stalled_ += 1;
  session.stalled = true;
  session.stalled_until = now + kStallRetry;
  retries_.emplace(session.stalled_until, session.id);
}

void Sessions::retry_stalled(UtcTime now) {
  while (!retries_.empty() && retries_.begin()->first <= now) {
    Session& session = sessions_.at(retries_.begin()->second);
    retries_.erase(retries_.begin());
    session.stalled = false;
    rewind(session);
  }
}

UtcTime Sessions::next_retry_at() const { return retries_.empty() ? kNever : retries_.begin()->first; }

void Sessions::recount(DeviceNumber device) {
  Session* session = directory_.device(device).session;
  if (session == nullptr) return;
  const auto open = [&](const Stream& stream) {
    const Member* member = stream.member(device);
    return member == nullptr ? 0 : static_cast<std::size_t>(member->sent - member->acked);
  };
  session->in_flight = open(streams_.inbox(device));
  for (const auto& [id, stream] : session->device->streams) session->in_flight += open(*stream);
  wake(*session);
}

void Sessions::pump(std::vector<Effect>& effects) {
  for (const SessionId id : waiting_) {
    Session* session = find(id);
    if (session == nullptr) continue;
    session->waiting = false;
    pump(*session, effects);
  }
  waiting_.clear();
}

void Sessions::pump(Session& session, std::vector<Effect>& effects) {
  if (session.stalled) return;
  const DeviceNumber device = session.device->number;
  send_from(session, streams_.inbox(device), kCredit, effects);
  while (!session.round.empty() && session.in_flight < kCredit - kInboxReserve) {
    const ConversationId id = session.round.front();
    session.round.pop_front();
    Stream* stream = streams_.of_device(device, id);
    Member* member = stream == nullptr ? nullptr : stream->member(device);
    // A stream that was left and joined again has a fresh member, which was queued anew.
    if (member == nullptr || !member->queued) continue;
    const std::size_t room = kCredit - kInboxReserve - session.in_flight;
    send_from(session, *stream, std::min(kTurn, room), effects);
    member->queued = has_pending(*stream, *member);
    if (member->queued) session.round.push_back(id);
  }
}

std::size_t Sessions::send_from(Session& session, Stream& stream, std::size_t most,
                                std::vector<Effect>& effects) {
  Member* member = stream.member(session.device->number);
  if (member == nullptr) return 0;
  std::size_t sent = 0;
  for (; sent < most && session.in_flight < kCredit && has_pending(stream, *member); ++sent) {
    member->sent += 1;
    session.in_flight += 1;
    effects.push_back(entry_effect(session, stream, member->sent));
  }
  delivered_ += sent;
  return sent;
}

// ---- Rate

Millis Sessions::charge(Device& device, UtcTime now, bool urgent) {
  if (device.tokens_at == UtcTime::min()) {
    device.tokens = kTokensMax;
  } else {
    const std::int64_t passed = std::min<std::int64_t>((now - device.tokens_at).count(), kTokensMax);
    device.tokens = std::min(kTokensMax, device.tokens + passed * kTokensPerMs);
  }
  device.tokens_at = now;
  const std::int64_t floor = urgent ? kTokensUrgent : 0;
  if (device.tokens > floor) {
    device.tokens -= 1;
    return Millis(0);
  }
  return Millis((floor - device.tokens) / kTokensPerMs + 1);
}

void Sessions::check_invariants() const {
  for (const auto& [id, session] : sessions_) {
    NV_CHECK(session.in_flight <= kCredit);  // P-037
    NV_CHECK(!session.waiting);
    if (session.device == nullptr) continue;
    const DeviceNumber number = session.device->number;
    NV_CHECK(session.device->session == &session && !session.device->revoked &&
             !session.device->suspended);  // P-012, P-028, P-192
    const Member& own = *streams_.inbox(number).member(number);
    std::size_t in_flight = static_cast<std::size_t>(own.sent - own.acked);
    for (const auto& [stream_id, stream] : session.device->streams) {
      const Member& member = *stream->member(number);
      in_flight += static_cast<std::size_t>(member.sent - member.acked);
      // Nothing waits unseen: what is pending stands in the round.
      NV_CHECK(!session.greeted || session.stalled || member.queued || !has_pending(*stream, member));
    }
    NV_CHECK(in_flight == session.in_flight);
  }
}

}  // namespace nattevagt::broker
