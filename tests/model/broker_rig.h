// The core in the model test, with what surrounds it: a journal of which a part may be lost, effects that
// wait for it, and clients that keep what they were sent and notice gaps, forks and repeated notices.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "proto/common/limits.h"
#include "tests/model/broker_twin.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class IdType>
  IdType id() {
    IdType out;
    for (auto& byte : out.bytes) byte = static_cast<std::uint8_t>(next());
    return out;
  }

 private:
  std::uint64_t state_;
};

constexpr std::size_t kDevices = 8;

// Enrolment is the same for every seed, and costs signatures: it is done once and restored from its snapshot.
struct Base {
  World world{99, 1};
  std::vector<TestDevice> devices;
  UnitId unit = world.id<UnitId>();
  RoleId first = world.id<RoleId>(), second = world.id<RoleId>();
  std::array<LadderId, 2> ladders{world.id<LadderId>(), world.id<LadderId>()};
  std::array<std::vector<TwinStep>, 2> steps;
  std::array<wire::SignedDocument, 4> rosters;  // the second role's holder changes from one to the next
  std::array<std::vector<PersonId>, 4> second_holders;
  std::array<wire::SignedDocument, 2> revocations;
  Bytes snapshot;
  JournalIndex index = 0;

  Base() {
    for (int i = 0; i < 2; ++i)
      devices.push_back(world.enrol({.unit = unit, .kind = wire::HolderKind::kUnit}));
    for (std::size_t i = 2; i < kDevices; ++i) {
      // The last device is the second one of the person of device 2.
      devices.push_back(i + 1 < kDevices ? world.enrol() : world.enrol({.person = devices[2].person}));
    }
    steps[0] = {
        {std::chrono::seconds(60), std::chrono::seconds(20), {to_role(first)}},
        {std::chrono::seconds(60), Millis(0), {to_role(second)}},
        {std::chrono::seconds(60), Millis(0), {to_person(devices[5].person), to_person(devices[6].person)}}};
    steps[1] = {{std::chrono::seconds(90), Millis(0), {to_person(devices[4].person)}},
                {std::chrono::seconds(30), std::chrono::seconds(10), {to_role(first)}}};
    second_holders = {
        std::vector<PersonId>{}, {devices[4].person}, {devices[5].person, devices[4].person}, {}};
    for (std::size_t i = 0; i < rosters.size(); ++i) rosters[i] = roster(i);
    // Two who hold no role of the first step alone, so that ladders stay interesting.
    for (std::size_t i = 0; i < revocations.size(); ++i) {
      wire::Revocations body{world.now, {devices[6].id}};
      if (i == 1) body.devices.push_back(devices[4].id);
      revocations[i] = wire::sign_document(world.org().card.id, wire::DocumentKind::kRevocations, i + 1,
                                           wire::encode(body), world.org().key);
    }
    EXPECT_TRUE(world.ask_organisation(wire::PublishDocument{rosters[0]}).accepted());
    snapshot = world.core->snapshot();
    index = world.core->last_index();
  }
  wire::SignedDocument roster(std::size_t i) {
    wire::Roster body;
    body.issued_at = world.now;
    body.roles = {{first, Bytes(50, 1), {devices[2].person, devices[3].person}},
                  {second, Bytes(50, 1), second_holders[i]}};
    body.units = {
        {unit, Bytes(50, 1), {{wire::Severity::kRed, ladders[0]}, {wire::Severity::kAlarm, ladders[1]}}}};
    for (std::size_t l = 0; l < 2; ++l) {
      wire::Ladder ladder{ladders[l], {}, std::chrono::seconds(120)};
      for (const TwinStep& step : steps[l]) ladder.steps.push_back({step.wait, step.repeat, step.targets});
      body.ladders.push_back(ladder);
    }
    return wire::sign_document(world.org().card.id, wire::DocumentKind::kRoster, i + 1, wire::encode(body),
                               world.org().key);
  }
};

inline Base& base() {
  static Base instance;
  return instance;
}

// What a device keeps: it drops what it has, and notices a gap or a fork.
struct Client {
  struct Log {
    std::uint64_t seq = 0;
    Digest chain{};
    std::map<std::uint64_t, Bytes> bytes;
  };
  std::map<ConversationId, Log> logs;
  std::vector<wire::AlertItem> alerts;
  std::set<std::tuple<AlertId, std::uint32_t, std::uint32_t>> rung;
  SessionId session = 0;
};

// What the trials came to, so that a model that has gone blind does not pass.
using Tally = std::map<std::string, std::size_t>;

class Rig {
 protected:
  Rig(std::uint64_t seed, Tally& counts) : dice(seed), b(base()), tally(counts) {
    twin.now = now = b.world.now + std::chrono::seconds(dice.below(1000));
    for (std::size_t i = 0; i < kDevices; ++i) {
      twin.devices.push_back(
          {b.devices[i].id, b.devices[i].person, b.devices[i].unit.has_value(), false, false, now});
    }
    twin.roles = {{b.first, {b.devices[2].person, b.devices[3].person}}, {b.second, {}}};
    clients.resize(kDevices);
    journal_from = b.index;
    start_snapshot = b.snapshot;
    boot();
    remember();
  }

  struct Past {
    JournalIndex index;
    Twin twin;
  };

  // ---- The process
  void boot() {
    core = std::make_unique<HubCore>(b.world.config());
    ASSERT_TRUE(core->restore(start_snapshot).has_value());
    for (const Record& record : journal) ASSERT_TRUE(core->replay(record).has_value());
    durable = core->last_index();
    for (Client& client : clients) client.session = 0;
    held.clear();
    waiting.clear();
    twin.now = now;
    twin.restart();
    take(core->started(now));
  }
  void remember() { past.push_back({core->last_index(), twin}); }
  void sync() {
    durable = core->last_index();
    release();
    // Now and then the journal starts over from a snapshot.
    if (dice.one_in(3)) {
      start_snapshot = core->snapshot();
      journal_from = core->last_index();
      journal.clear();
    }
    past.clear();
    remember();
  }
  void crash() {
    // What was written but not synced may be there or not, up to any step's end.
    const std::size_t keep = dice.below(past.size());
    const Digest before = core->state_digest();
    const bool whole = past[keep].index == core->last_index();
    tally[whole ? "crash, all kept" : "crash, records lost"] += 1;
    while (journal_from + journal.size() > past[keep].index) journal.pop_back();
    twin = Twin(past[keep].twin);
    now += std::chrono::seconds(dice.below(3) * dice.below(60));
    boot();
    if (whole) {
      ASSERT_EQ(core->state_digest(), before);  // hub_core.h, invariant 1
    }
    // What was read back is on the disk: a later crash cannot undo it.
    past.clear();
    remember();
    core->check_invariants();
  }
  void run(const Event& event) {
    twin.now = now;
    twin.move_all();
    take(core->step(event, now));
  }
  void take(const Outcome& outcome) {
    for (const Record& record : outcome.records) {
      ASSERT_EQ(record.index, journal_from + journal.size() + 1);
      journal.push_back(record);
      if (!record.bodies.empty()) bodies[record.index] = record.bodies;
    }
    for (const Effect& effect : outcome.effects) {
      std::visit([&](const auto& e) { ASSERT_LE(e.after, core->last_index()); }, effect);
      if (const auto* frame = std::get_if<SendFrame>(&effect)) note(frame->frame.request, frame->frame.body);
      if (const auto* receipt = std::get_if<SendReceipt>(&effect)) {
        answered = receipt->leaf;
        answered_after = receipt->after;
      }
      // What need not wait leaves at once: a wrong `after` shows as a fork or a lost receipt after the next
      // crash.
      const JournalIndex after = std::visit([](const auto& e) { return e.after; }, effect);
      if (after > durable) {
        held.push_back(effect);
      } else {
        std::visit([&](const auto& e) { deliver(e); }, effect);
      }
    }
  }
  void note(std::uint64_t request, const wire::Answer& answer) {
    if (request == 0) return;
    if (const auto* refused = std::get_if<wire::Refused>(&answer)) refusal = refused->code;
    if (const auto* view = std::get_if<wire::AlertReply>(&answer)) seen_view = view->view;
  }
  void release() {
    for (const Effect& effect : held) std::visit([&](const auto& e) { deliver(e); }, effect);
    held.clear();
    for (auto& [wanted, leaf] : waiting) receipts.emplace_back(wanted, leaf);
    waiting.clear();
  }
  template <class E>
  void deliver(const E& effect) {
    if constexpr (std::is_same_v<E, SendEntry>) receive(effect);
    if constexpr (std::is_same_v<E, SendGathered>) {
      for (const auto& item : effect.items) {
        const Bytes& package = bodies.at(item.key_package.index).at(item.key_package.part);
        tally[package[0] == 'L' ? "last resort" : "key package"] += 1;
        if (package[0] == 'L') continue;
        ASSERT_TRUE(packages_given.insert(package).second) << "a key package was handed out twice";
      }
    }
  }
  void receive(const SendEntry& sent) {
    for (std::size_t i = 0; i < kDevices; ++i) {
      Client& client = clients[i];
      if (client.session != sent.session) continue;
      const wire::Entry& entry = sent.entry;
      auto [it, fresh] = client.logs.try_emplace(entry.stream);
      Client::Log& log = it->second;
      if (fresh && entry.stream == wire::kInbox) log.chain = wire::chain_first(wire::kInbox, b.devices[i].id);
      if (fresh && entry.stream != wire::kInbox) {
        // The creator's own stream; who was added has entered by its welcome.
        ASSERT_EQ(entry.seq, 1U);
        log.chain = wire::chain_first(entry.stream, std::nullopt);
      }
      if (entry.seq <= log.seq) {
        tally["redelivered"] += 1;
        ASSERT_EQ(log.bytes.count(entry.seq) == 0 || !sent.body || log.bytes[entry.seq] == bytes_of(sent),
                  true);
        continue;
      }
      ASSERT_EQ(entry.seq, log.seq + 1) << "a gap at device " << i;
      const Bytes bytes = bytes_of(sent);
      log.chain =
          wire::chain_next(log.chain, entry.seq, entry.kind, entry.epoch, entry.id, entry.stored_at, bytes);
      ASSERT_EQ(log.chain, entry.chain) << "a fork at device " << i;
      log.seq = entry.seq;
      log.bytes[entry.seq] = bytes;
      interpret(client, sent, bytes);
    }
  }
  void interpret(Client& client, const SendEntry& sent, const Bytes& bytes) {
    if (sent.entry.kind == wire::EntryKind::kWelcome) {
      const auto item = wire::decode_welcome_item(bytes);
      ASSERT_TRUE(item.has_value());
      client.logs[item->stream] = {item->seq, item->chain, {}};
    }
    if (sent.entry.kind != wire::EntryKind::kAlert) return;
    const auto item = wire::decode_alert_item(bytes);
    ASSERT_TRUE(item.has_value());
    client.alerts.push_back(*item);
    tally["notice " + std::to_string(static_cast<int>(item->notice))] += 1;
    if (item->notice == wire::NoticeKind::kNone) return;
    ASSERT_TRUE(client.rung.emplace(item->view.alert, item->view.step, item->repeat).second)
        << "a notice's key came twice";
  }
  Bytes bytes_of(const SendEntry& sent) {
    if (!sent.body) return sent.entry.bytes;
    const Bytes& body = bodies.at(sent.body->index).at(sent.body->part);
    if (!sent.welcome) return body;
    wire::WelcomeItem item = *sent.welcome;
    item.welcome = body;
    return wire::encode(item);
  }

  Dice dice;
  const bool lonely = dice.one_in(3);  // a night with hardly anybody there
  Base& b;
  Tally& tally;
  Twin twin;
  UtcTime now;
  std::unique_ptr<HubCore> core;
  std::vector<Client> clients;
  Bytes start_snapshot;
  JournalIndex journal_from = 0;
  std::vector<Record> journal;
  std::map<JournalIndex, std::vector<Bytes>> bodies;
  JournalIndex durable = 0;
  std::vector<Past> past;
  std::vector<Effect> held;
  std::vector<std::pair<std::pair<std::size_t, wire::Request>, wire::ReceiptLeaf>> waiting, receipts;
  std::set<Bytes> packages_given;
  std::optional<Errc> refusal;
  std::optional<wire::ReceiptLeaf> answered;
  JournalIndex answered_after = 0;
  std::optional<wire::AlertView> seen_view;
  std::size_t roster = 0, revoked = 0, last_d = 0;
  SessionId next_session = 1'000;
  std::uint64_t last_request = 0;
};

}  // namespace nattevagt::broker::testing
