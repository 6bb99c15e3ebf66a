// A region's worst minute on real processes: 1,500 calls in sixty seconds while others write as fast as the hub
// takes it. Counts what is stored and what rings, and how long each took. The figures are of one machine; that all
// come is asserted by tests/system/burst_test.cpp too, with fewer.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include "proto/common/check.h"
#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

constexpr std::size_t kUnits = 15;
constexpr std::size_t kWriters = 4;
constexpr std::size_t kBulkInFlight = 64;
constexpr std::size_t kMessageBytes = 1'024;

struct Asked {
  AlertId alert;
  Millis at{};
};
struct Writer {
  RawDevice* device = nullptr;
  RawDevice* reader = nullptr;
  ConversationId room;
  std::size_t waiting = 0;
};

class Night {
 public:
  Night(std::size_t alerts, Millis within) : alerts_(alerts), within_(within) {
    for (std::size_t i = 0; i < kUnits; ++i) {
      units_.push_back(world_.entropy.make_id<UnitId>());
      phones_.push_back(&world_.add_device({.unit = units_.back(), .kind = wire::HolderKind::kUnit}));
    }
    publish_roster();
    for (RawDevice* phone : phones_) NV_CHECK(phone->hello());
    NV_CHECK(psychiatrist_.hello());
    for (std::size_t i = 0; i < kWriters; ++i) writers_.push_back(make_writer());
  }

  void run() {
    begin_ = world_.clock.monotonic();
    const Millis end = begin_ + within_ + std::chrono::seconds(60);
    while (world_.clock.monotonic() < end && (stored_.size() < alerts_ || rung_.size() < alerts_)) {
      raise_what_is_due();
      for (Writer& writer : writers_) write(writer);
      take_receipts();
      psychiatrist_.peer().pump(Millis(1));
      read(psychiatrist_, true);
    }
    took_ = world_.clock.monotonic() - begin_;
  }

  int report() {
    std::printf("%zu calls asked for in %lld s, %zu units, beside %zu writers of 1 KiB messages\n", alerts_,
                static_cast<long long>(within_.count() / 1'000), kUnits, kWriters);
    std::printf("  stored %zu, turned away %zu, first notices delivered %zu, twice %zu\n", stored_.size(), refused_,
                rung_.size(), twice_);
    std::printf("  messages beside them: stored %zu, read %zu\n", bulk_stored_, bulk_read_);
    line("call to receipt", stored_ms_);
    line("call to first notice on the psychiatrist's device", rung_ms_);
    return stored_.size() == alerts_ && rung_.size() == alerts_ && refused_ == 0 && twice_ == 0 ? 0 : 1;
  }

 private:
  void publish_roster() {
    wire::Roster roster;
    roster.issued_at = world_.clock.wall();
    wire::Target target;
    target.kind = wire::TargetKind::kRole;
    target.id.bytes = world_.role.bytes;
    roster.roles.push_back({world_.role, Bytes(60, 1), {world_.psychiatrist}});
    roster.ladders.push_back(
        {world_.ladder, {{std::chrono::minutes(5), Millis(0), {target}}}, std::chrono::minutes(5)});
    for (const UnitId& unit : units_) {
      roster.units.push_back({unit, Bytes(60, 1), {{wire::Severity::kRed, world_.ladder}}});
    }
    const auto published = world_.as_organisation(wire::PublishDocument{world_.organisation.roster(1, roster)});
    NV_CHECK(published && std::holds_alternative<wire::Accepted>(*published));
  }

  Writer make_writer() {
    Writer out{&world_.add_device({}), &world_.add_device({}), world_.entropy.make_id<ConversationId>(), 0};
    NV_CHECK(out.device->hello() && out.reader->hello());
    wire::Append create = message(out.room);
    create.create = true;
    create.added = {out.reader->id()};
    create.welcome = Bytes(200, 1);
    const auto made = out.device->peer().call(create);
    NV_CHECK(made && std::holds_alternative<wire::Stored>(*made));
    return out;
  }

  wire::Append message(const ConversationId& room) {
    wire::Append append;
    append.stream = room;
    append.id = world_.entropy.make_id<MessageId>();
    append.kind = wire::EntryKind::kApplication;
    append.epoch = 1;
    append.bytes = Bytes(kMessageBytes, 3);
    return append;
  }

  void raise_what_is_due() {
    const Millis now = world_.clock.monotonic();
    while (raised_ < alerts_ && now - begin_ >= within_ * raised_ / alerts_) {
      wire::Raise raise = world_.make_raise({psychiatrist_.id()});
      raise.unit = units_[raised_ % kUnits];
      const std::uint64_t number = phones_[raised_ % kUnits]->peer().send(raise);
      NV_CHECK(number != 0);
      asked_[{raised_ % kUnits, number}] = {raise.alert, now};
      asked_at_[raise.alert] = now;
      ++raised_;
    }
  }

  void take_receipts() {
    const Millis now = world_.clock.monotonic();
    for (std::size_t i = 0; i < kUnits; ++i) {
      RawPeer& peer = phones_[i]->peer();
      peer.pump(Millis(0));
      for (const auto& [number, answer] : peer.answers) {
        const Asked& asked = asked_.at({i, number});
        if (!std::holds_alternative<wire::Stored>(answer)) {
          ++refused_;
        } else if (stored_.insert(asked.alert).second) {
          stored_ms_.push_back(now - asked.at);
        }
      }
      peer.answers.clear();
      read(*phones_[i], false);
    }
  }

  void write(Writer& writer) {
    RawPeer& peer = writer.device->peer();
    peer.pump(Millis(0));
    for (const auto& [number, answer] : peer.answers) {
      --writer.waiting;
      if (std::holds_alternative<wire::Stored>(answer)) ++bulk_stored_;
    }
    peer.answers.clear();
    while (writer.waiting < kBulkInFlight && peer.send(message(writer.room)) != 0) ++writer.waiting;
    writer.reader->peer().pump(Millis(0));
    read(*writer.reader, false);
  }

  void read(RawDevice& device, bool rings) {
    wire::Ack ack;
    auto& pushed = device.peer().pushed;
    for (; !pushed.empty() && ack.positions.size() < limits::kAckPositionsMax; pushed.pop_front()) {
      const auto* entry = std::get_if<wire::Entry>(&pushed.front());
      if (entry == nullptr) continue;
      ack.positions.push_back({entry->stream, entry->seq});
      if (entry->kind == wire::EntryKind::kApplication) ++bulk_read_;
      if (rings && entry->kind == wire::EntryKind::kAlert) ring(*entry);
    }
    if (!ack.positions.empty()) (void)device.peer().send(ack);
  }

  void ring(const wire::Entry& entry) {
    const auto item = wire::decode_alert_item(entry.bytes);
    if (!item || item->notice != wire::NoticeKind::kFirst) return;
    if (!rung_.insert(item->view.alert).second) {
      ++twice_;
      return;
    }
    rung_ms_.push_back(world_.clock.monotonic() - asked_at_.at(item->view.alert));
  }

  static void line(const char* what, std::vector<Millis>& times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](std::size_t of_thousand) {
      return times.empty() ? 0LL : static_cast<long long>(times[(times.size() - 1) * of_thousand / 1'000].count());
    };
    std::printf("  %-52s p50 %lld ms, p99 %lld ms, most %lld ms\n", what, at(500), at(990), at(1'000));
  }

  const std::size_t alerts_;
  const Millis within_;
  HubWorld world_;
  std::vector<UnitId> units_;
  std::vector<RawDevice*> phones_;
  RawDevice& psychiatrist_ = world_.add_device({.person = world_.psychiatrist});
  std::vector<Writer> writers_;
  Millis begin_{}, took_{};
  std::size_t raised_ = 0, refused_ = 0, twice_ = 0, bulk_stored_ = 0, bulk_read_ = 0;
  std::map<std::pair<std::size_t, std::uint64_t>, Asked> asked_;
  std::map<AlertId, Millis> asked_at_;
  std::set<AlertId> stored_, rung_;
  std::vector<Millis> stored_ms_, rung_ms_;
};

}  // namespace
}  // namespace nattevagt::testing

int main(int count, char** words) {
  using nattevagt::testing::Night;
  const auto alerts = count > 1 ? std::strtoul(words[1], nullptr, 10) : 1'500;
  const auto seconds = count > 2 ? std::strtoul(words[2], nullptr, 10) : 60;
  if (alerts == 0 || seconds == 0) {
    std::fprintf(stderr, "Usage: nattevagt-bench-alerts [CALLS [SECONDS]]\n");
    return 2;
  }
  Night night(alerts, std::chrono::seconds(seconds));
  night.run();
  return night.report();
}
