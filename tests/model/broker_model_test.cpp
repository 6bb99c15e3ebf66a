// The hub's core beside its naive twin (broker_twin.h): random requests, time, connections and crashes.
//
// A run is a seed. Records become durable when the run syncs; an effect reaches a device when the record that
// it names is durable, and not later; a crash keeps a random part of what was written since and rolls the twin
// back to the same point. Clients keep what they were sent: gaps, forks and lost receipts show there. At the
// end everything is connected and time passes: every alert must be taken care of or loud.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/model/broker_rig.h"

namespace nattevagt::broker::testing {
namespace {

using std::chrono::seconds;
using wire::ActKind;
using wire::AlertState;
using wire::EntryKind;

class Trial : private Rig {
 public:
  Trial(std::uint64_t seed, Tally& counts) : Rig(seed, counts) {
    for (std::size_t i = 0; i < kDevices; ++i) {
      if (!dice.one_in(lonely ? 2 : 4)) connect(i);
    }
  }

  void play(std::size_t operations) {
    for (std::size_t i = 0; i < operations && !::testing::Test::HasFatalFailure(); ++i) {
      operation();
      core->check_invariants();
      compare_alerts();
      compare_streams();
    }
    settle();
  }

 private:
  // ---- Requests
  // Sends on the device's session; the answer's refusal, or nothing.
  std::optional<Errc> send(std::size_t device, const wire::Request& body) {
    refusal.reset();
    answered.reset();
    run(SessionRequest{clients[device].session, {wire::kProtocolVersion, ++last_request, body}});
    return refusal;
  }
  void ask(std::size_t device, const wire::Request& body) {
    const bool may_differ = was_removed(device, body);
    const Twin before = twin;
    twin.now = now;
    twin.move_all();
    const auto expected = predict(static_cast<int>(device), body);
    const Twin after = twin;
    twin = before;
    const auto got = send(device, body);
    if (may_differ && got != expected) {
      // A removed member that has everything is unknown to the stream: both answers are right, nothing
      // changes.
      ASSERT_TRUE(got == Errc::kNotMember || got == Errc::kAlreadyExists);
    } else {
      ASSERT_EQ(got, expected) << (got ? errc_name(*got) : "stored") << " instead of "
                               << (expected ? errc_name(*expected) : "stored");
      twin = after;
    }
    tally[got ? std::string(errc_name(*got)) : "stored"] += 1;
    if (!got) {
      ASSERT_TRUE(answered.has_value());
      check_leaf(body, *answered);
      (answered_after > durable ? waiting : receipts).emplace_back(std::pair{device, body}, *answered);
    }
    remember();
  }
  bool was_removed(std::size_t device, const wire::Request& body) {
    ConversationId stream{};
    if (const auto* append = std::get_if<wire::Append>(&body)) stream = append->stream;
    if (const auto* act = std::get_if<wire::Act>(&body)) {
      const auto alert = twin.alerts.find(act->alert);
      if (alert != twin.alerts.end()) stream = alert->second.stream;
    }
    const auto it = twin.streams.find(stream);
    return it != twin.streams.end() && it->second.members.contains(static_cast<int>(device)) &&
           !it->second.is_member(static_cast<int>(device));
  }
  std::optional<Errc> predict(int device, const wire::Request& body) {
    if (const auto* append = std::get_if<wire::Append>(&body)) return twin.append(device, *append);
    if (const auto* act = std::get_if<wire::Act>(&body)) return twin.act(device, *act);
    const auto& raise = std::get<wire::Raise>(body);
    return twin.raise(device, raise, b.steps[raise.ladder == b.ladders[0] ? 0 : 1], seconds(120));
  }
  void check_leaf(const wire::Request& body, const wire::ReceiptLeaf& leaf) {
    ASSERT_TRUE(twin.streams.contains(leaf.stream));
    const TwinStream& stream = twin.streams.at(leaf.stream);
    ASSERT_LE(leaf.seq, stream.head());
    const TwinEntry& entry = stream.entries[static_cast<std::size_t>(leaf.seq - 1)];
    ASSERT_EQ(entry.id, leaf.id);
    ASSERT_EQ(sha256(entry.bytes), leaf.content);
    // P-060: a receipt that was given is given again as it was.
    for (const auto& [known, old] : receipts) {
      if (old.stream == leaf.stream && old.seq == leaf.seq) {
        ASSERT_EQ(old, leaf);
      }
    }
    if (std::holds_alternative<wire::Raise>(body)) {
      ASSERT_TRUE(leaf.alert.has_value());
    }
  }

  // ---- Operations
  std::optional<std::size_t> some_connected() {
    const std::size_t from = dice.below(kDevices);
    for (std::size_t i = 0; i < kDevices; ++i) {
      if (clients[(from + i) % kDevices].session != 0) return (from + i) % kDevices;
    }
    return std::nullopt;
  }
  std::optional<std::size_t> connected_member(const TwinStream& stream) {
    std::vector<std::size_t> here;
    for (const auto& [device, member] : stream.members) {
      if (member.until == 0 && clients[static_cast<std::size_t>(device)].session != 0) {
        here.push_back(static_cast<std::size_t>(device));
      }
    }
    if (here.empty()) return std::nullopt;
    return here[dice.below(here.size())];
  }
  void connect(std::size_t device) {
    if (twin.devices[device].revoked) return;
    if (clients[device].session != 0 && dice.one_in(2)) disconnect(device);
    const SessionId session = next_session++;
    run(SessionOpened{session, DevicePrincipal{b.devices[device].id}});
    if (twin.devices[device].connected) twin.devices[device].seen = now;  // P-012: the older one is closed
    twin.devices[device].connected = false;
    clients[device].session = session;
    run(SessionRequest{session, {wire::kProtocolVersion, ++last_request, wire::Hello{}}});
    twin.devices[device].connected = true;
    twin.devices[device].seen = now;
    remember();
  }
  void disconnect(std::size_t device) {
    run(SessionClosed{clients[device].session});
    clients[device].session = 0;
    if (twin.devices[device].connected) twin.devices[device].seen = now;
    twin.devices[device].connected = false;
    remember();
  }
  void pass(Millis span) {
    const UtcTime end = now + span;
    while (core->next_deadline() <= end) {
      now = std::max(now, core->next_deadline()) + Millis(dice.one_in(4) ? dice.below(50) : 0);
      run(Tick{});
    }
    now = std::max(now, end);
    remember();
  }
  template <class Map>
  auto pick(const Map& map) {
    auto it = map.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(dice.below(map.size())));
    return it;
  }
  void operation() {
    switch (dice.below(20)) {
      case 0:
      case 1:
      case 2:
        if (!lonely || dice.one_in(3)) return connect(dice.below(kDevices));
        return clients[d()].session != 0 ? disconnect(last_d) : void();
      case 3: return clients[d()].session != 0 ? disconnect(last_d) : connect(last_d);
      case 4: return pass(Millis(dice.below(dice.one_in(3) ? 200'000 : 20'000)));
      case 5: now += Millis(dice.below(dice.one_in(5) ? 300'000 : 2'000)); return;  // without a tick
      case 6: return dice.one_in(2) ? crash() : sync();
      case 7: return sync();
      case 8: return repeat();
      case 9: return dice.one_in(3) ? publish() : packages();
      case 10: return acknowledge();
      case 11:
      case 12: return raise();
      case 13:
      case 14:
      case 15:
      case 16: return act();
      default: return append();
    }
  }
  std::size_t d() { return last_d = dice.below(kDevices); }
  void repeat() {  // a client that did not get its answer, or lost it
    if (receipts.empty() && waiting.empty()) return;
    const auto& list = waiting.empty() || (!receipts.empty() && dice.one_in(2)) ? receipts : waiting;
    const auto [request, leaf] = list[dice.below(list.size())];
    const auto [device, body] = request;
    if (clients[device].session == 0) return;
    tally["repeated request"] += 1;
    const bool removed =
        was_removed(device, body) || !twin.streams.at(leaf.stream).members.contains(static_cast<int>(device));
    if (removed && !std::holds_alternative<wire::Raise>(body)) return;
    ask(device, body);
    if (!::testing::Test::HasFatalFailure()) {
      ASSERT_TRUE(answered.has_value()) << "refused: " << errc_name(refusal.value_or(Errc::kDuplicate));
      ASSERT_EQ(*answered, leaf);
    }
  }
  void publish() {
    if (dice.one_in(8) && revoked < b.revocations.size()) {
      publish(b.revocations[revoked], [&] {
        for (const std::size_t device : {std::size_t{6}, std::size_t{4}}) {
          if (device == 4 && revoked == 0) continue;
          twin.revoke(static_cast<int>(device));
          clients[device].session = 0;
        }
      });
      ++revoked;
      // A revocation is not rolled back with the twin: make it durable.
      return sync();
    }
    if (roster + 1 >= b.rosters.size()) return;
    ++roster;
    publish(b.rosters[roster], [&] { twin.roles[b.second] = b.second_holders[roster]; });
    sync();
  }
  template <class TwinFollows>
  void publish(const wire::SignedDocument& document, TwinFollows follow) {
    const SessionId session = next_session++;
    run(SessionOpened{session, OrganisationPrincipal{b.world.org().card.id}});
    refusal.reset();
    run(SessionRequest{session, {wire::kProtocolVersion, ++last_request, wire::PublishDocument{document}}});
    ASSERT_FALSE(refusal.has_value());
    follow();
    run(SessionClosed{session});
  }
  void packages() {
    const auto device = some_connected();
    if (!device) return;
    if (dice.one_in(2)) {
      wire::PublishKeyPackages publish;
      for (std::size_t i = dice.below(3) + 1; i > 0; --i) {
        Bytes package(10, 'K');
        for (std::size_t k = 1; k < 9; ++k) package[k] = static_cast<std::uint8_t>(dice.next());
        publish.packages.push_back(package);
        if (dice.one_in(4)) publish.packages.push_back(package);
      }
      if (dice.one_in(2)) publish.last_resort = Bytes(5, 'L');
      (void)send(*device, publish);
      if (dice.one_in(2)) (void)send(*device, publish);
    } else {
      (void)send(*device, wire::Gather{b.ladders[dice.below(2)], {to_role(b.first)}, {}});
    }
    remember();
  }
  void acknowledge() {
    const auto device = some_connected();
    if (!device) return;
    wire::Ack ack;
    for (const auto& [stream, log] : clients[*device].logs) {
      if (log.seq > 0 && !dice.one_in(3)) ack.positions.push_back({stream, log.seq});
    }
    run(SessionRequest{clients[*device].session, {wire::kProtocolVersion, 0, ack}});
    remember();
  }
  void raise() {
    const auto device = dice.one_in(20) ? some_connected() : spectator();
    if (!device || twin.alerts.size() > 6) return;
    wire::Raise wanted;
    wanted.alert = dice.one_in(10) && !twin.alerts.empty() ? pick(twin.alerts)->first : dice.id<AlertId>();
    wanted.stream =
        dice.one_in(10) && !twin.streams.empty() ? pick(twin.streams)->first : dice.id<ConversationId>();
    wanted.unit = b.unit;
    wanted.ladder = b.ladders[dice.below(2)];
    wanted.severity = wire::Severity::kRed;
    for (std::size_t i = 0; i < kDevices; ++i) {
      if (i != *device && !dice.one_in(4)) wanted.members.push_back(b.devices[i].id);
    }
    if (!wanted.members.empty()) wanted.welcome = Bytes(20, static_cast<std::uint8_t>(dice.next()));
    wanted.epoch = dice.below(3);
    wanted.id = dice.id<MessageId>();
    wanted.bytes = Bytes(8, static_cast<std::uint8_t>(dice.next()));
    // A person's device without a unit may ask too: keep to units, the rule that the twin knows.
    if (!twin.devices[*device].of_unit) return;
    ask(*device, wanted);
  }
  void act() {
    if (twin.alerts.empty()) return;
    const auto alert = pick(twin.alerts);
    const TwinStream& stream = twin.streams.at(alert->second.stream);
    const auto device = dice.one_in(10) ? some_connected() : connected_member(stream);
    if (!device) return;
    // The taker comes back with advice more often than chance would have it.
    auto kind = dice.one_in(3) ? ActKind::kTake : static_cast<ActKind>(dice.below(6) + 1);
    std::size_t actor = *device;
    if (alert->second.taken_by && dice.one_in(4)) {
      const auto taker = static_cast<std::size_t>(*alert->second.taken_by);
      if (clients[taker].session != 0) {
        actor = taker;
        kind = dice.one_in(3) ? ActKind::kClose : ActKind::kAdvise;
      }
    }
    ask(actor, wire::Act{alert->first, kind, dice.id<MessageId>(), stream.epoch + (dice.one_in(10) ? 1 : 0),
                         Bytes(6, static_cast<std::uint8_t>(dice.next()))});
  }
  void append() {
    wire::Append wanted;
    wanted.id = dice.id<MessageId>();
    wanted.bytes = Bytes(8, static_cast<std::uint8_t>(dice.next()));
    wanted.create = twin.streams.empty() || dice.one_in(6);
    wanted.kind = static_cast<EntryKind>(dice.below(3) + 1);
    if (!wanted.create && dice.one_in(20)) wanted.kind = EntryKind::kRejoin;
    auto device = some_connected();
    const TwinStream* stream = nullptr;
    if (wanted.create) {
      wanted.stream =
          dice.one_in(10) && !twin.streams.empty() ? pick(twin.streams)->first : dice.id<ConversationId>();
      wanted.epoch = dice.below(3);
    } else {
      const auto chosen = pick(twin.streams);
      stream = &chosen->second;
      if (!dice.one_in(8)) device = connected_member(*stream);
      wanted.stream = chosen->first;
      wanted.epoch = stream->epoch;
      if (dice.one_in(4)) wanted.epoch += dice.below(2);
      if (dice.one_in(4)) wanted.epoch -= std::min<std::uint64_t>(wanted.epoch, dice.below(4));
      if (wanted.kind == EntryKind::kRejoin) wanted.epoch = 0;
    }
    if (!device) return;
    const bool commit = wanted.kind == EntryKind::kCommit;
    const bool nonsense = dice.one_in(10);
    for (std::size_t i = 0; i < kDevices; ++i) {
      const bool inside = stream != nullptr && stream->is_member(static_cast<int>(i));
      const bool sensible = i != *device && (!twin.devices[i].revoked || dice.one_in(8));
      if (commit && !wanted.create && dice.one_in(6) && (nonsense || (inside && i != *device))) {
        wanted.removed.push_back(b.devices[i].id);
      }
      const bool leaves = !wanted.removed.empty() && wanted.removed.back() == b.devices[i].id;
      if ((commit || wanted.create) && dice.one_in(3) && (nonsense || (sensible && (!inside || leaves)))) {
        wanted.added.push_back(b.devices[i].id);
      }
    }
    if (!wanted.added.empty()) wanted.welcome = Bytes(9, static_cast<std::uint8_t>(dice.next()));
    ask(*device, wanted);
  }

  // ---- Comparison
  std::optional<std::size_t> spectator() {
    for (const std::size_t unit_device : {std::size_t{0}, std::size_t{1}}) {
      if (clients[unit_device].session != 0) return unit_device;
    }
    return std::nullopt;
  }
  void compare_alerts() {
    const auto eye = spectator();
    if (!eye) return;
    for (const auto& [id, unused] : Twin(twin).alerts) {
      seen_view.reset();
      (void)send(*eye, wire::GetAlert{id});
      ASSERT_TRUE(seen_view.has_value());
      const TwinAlert& alert = twin.alerts.at(id);
      ASSERT_EQ(seen_view->state, alert.state);
      ASSERT_EQ(seen_view->step, alert.step);
      ASSERT_EQ(seen_view->next_at, alert.due);
      ASSERT_EQ(seen_view->technical_alarm, alert.technical);
      ASSERT_EQ(seen_view->late, alert.late);
      ASSERT_EQ(seen_view->reserve_used, alert.reserve);
      ASSERT_EQ(seen_view->taken_by.has_value(), alert.taken_by.has_value());
      if (alert.taken_by) {
        ASSERT_EQ(*seen_view->taken_by, twin.devices[static_cast<std::size_t>(*alert.taken_by)].id);
      }
    }
    past.back() = {core->last_index(), twin};
  }
  void compare_streams() { ASSERT_EQ(core->counters().streams, twin.streams.size()); }

  // ---- The end
  void settle() {
    if (::testing::Test::HasFatalFailure()) return;
    sync();
    const UtcTime healed = now;
    for (std::size_t i = 0; i < kDevices; ++i) connect(i);
    for (int round = 0; round < 40; ++round) {
      sync();
      for (std::size_t i = 0; i < kDevices; ++i) {
        if (clients[i].session == 0) continue;
        wire::Ack ack;
        for (const auto& [stream, log] : clients[i].logs) {
          if (log.seq > 0) ack.positions.push_back({stream, log.seq});
        }
        run(SessionRequest{clients[i].session, {wire::kProtocolVersion, 0, ack}});
      }
      pass(seconds(10));
      core->check_invariants();
    }
    compare_alerts();
    // The longest way: advice runs out, and the whole ladder after it.
    ASSERT_LE(seconds(120) + seconds(180), now - healed);
    for (const auto& [id, alert] : twin.alerts) {
      tally["ends " + std::to_string(static_cast<int>(alert.state))] += 1;
      if (alert.technical) tally["technical alarm"] += 1;
      if (alert.late) tally["late"] += 1;
      ASSERT_TRUE(alert.state != AlertState::kEscalating && alert.state != AlertState::kTaken)
          << "an alert that nobody took is not loud";
      if (alert.state == AlertState::kExhausted && !alert.reserve) expect_loud(id);
    }
    expect_all_delivered();
    ASSERT_EQ(core->state_digest(), replayed());
  }
  void expect_loud(const AlertId& id) {
    for (const std::size_t unit_device : {std::size_t{0}, std::size_t{1}}) {
      const auto& items = clients[unit_device].alerts;
      ASSERT_TRUE(std::any_of(items.begin(), items.end(), [&](const wire::AlertItem& item) {
        return item.view.alert == id && item.notice == wire::NoticeKind::kLoud;
      }));
    }
  }
  void expect_all_delivered() {
    for (const auto& [id, stream] : twin.streams) {
      for (const auto& [device, member] : stream.members) {
        const Client& client = clients[static_cast<std::size_t>(device)];
        const std::uint64_t last = member.until == 0 ? stream.head() : member.until;
        if (last == 0 || (member.from == last && member.until == 0)) continue;
        const auto log = client.logs.find(id);
        ASSERT_TRUE(log != client.logs.end());
        ASSERT_EQ(log->second.seq, last) << "an entry did not arrive, or one too many";
        for (const auto& [seq, bytes] : log->second.bytes) {
          ASSERT_EQ(bytes, stream.entries[static_cast<std::size_t>(seq - 1)].bytes);
        }
      }
    }
  }
  Digest replayed() {
    HubCore other(b.world.config());
    EXPECT_TRUE(other.restore(start_snapshot).has_value());
    for (const Record& record : journal) EXPECT_TRUE(other.replay(record).has_value());
    other.check_invariants();
    return other.state_digest();
  }
};

// NATTEVAGT_MODEL_SEEDS: how many; NATTEVAGT_MODEL_SEED: one alone, to look at a failure.
std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

TEST(BrokerModel, CoreIsItsNaiveTwinThroughCrashesAndTime) {
  const std::uint64_t only = from_environment("NATTEVAGT_MODEL_SEED", 0);
  const std::uint64_t seeds = only != 0 ? only : from_environment("NATTEVAGT_MODEL_SEEDS", 700);
  Tally tally;
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Trial trial(seed, tally);
    trial.play(100);
    if (HasFatalFailure()) return;
  }
  for (const auto& [what, count] : tally) RecordProperty("model: " + what, std::to_string(count));
  // A short or a single run may miss the rare ones.
  if (only != 0 || seeds < 500) return;
  for (const char* what : {"stored",
                           "stale_epoch",
                           "already_taken",
                           "already_exists",
                           "wrong_state",
                           "not_permitted",
                           "not_member",
                           "invalid_value",
                           "revoked",
                           "crash, all kept",
                           "crash, records lost",
                           "notice 0",
                           "notice 1",
                           "notice 2",
                           "notice 3",
                           "notice 4",
                           "last resort",
                           "key package",
                           "redelivered",
                           "repeated request",
                           "ends 3",
                           "ends 4",
                           "ends 5",
                           "ends 6",
                           "technical alarm",
                           "late"}) {
    EXPECT_GT(tally[what], 0U) << what << " was never met";
  }
}

}  // namespace
}  // namespace nattevagt::broker::testing
