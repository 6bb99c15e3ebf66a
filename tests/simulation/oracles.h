// The oracles (oracle_list.h). They keep their own books from what crosses the borders (a frame that leaves, an
// event that is shown, what a person did), and do not ask the system about itself; but for the audit, of which
// two tellings must be the same.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/hub_core.h"
#include "broker/core/record.h"
#include "client-lib/core/values.h"
#include "proto/wire/hub.h"
#include "tests/simulation/base.h"
#include "tests/simulation/duty_twin.h"
#include "tests/simulation/ladder_twin.h"
#include "tests/simulation/oracle_list.h"

namespace nattevagt::simulation {

// A line of the audit as the hub's disk has it: with its record, and lost with it.
struct KeptLine {
  broker::JournalIndex record = 0;
  wire::AuditLine line;
};

struct Violation {
  std::string oracle;
  std::string text;
  Millis at{};
};

class Oracles {
 public:
  explicit Oracles(const Base& base);

  void violation(OracleName oracle, std::string text);
  const std::vector<Violation>& violations() const { return violations_; }
  std::uint64_t trace() const { return trace_; }
  void note(std::uint64_t number) { trace_ = (trace_ ^ number) * 0x100000001b3ULL; }
  void note(ByteView bytes);
  void time_is(Millis t);

  // ---- The hub
  void hub_boots(Millis t, UtcTime line);
  void hub_time(Millis t, UtcTime line);
  void hub_crashes() { hub_up_ = false; }
  void hub_has(broker::JournalIndex last);     // after a start: what came after it is gone
  void hub_synced(broker::JournalIndex last);  // on disk
  void hub_trouble(Millis until = {}) {
    hub_trouble_ = std::max({hub_trouble_, t_, until});
    hub_was_away_ = hub_was_away_ || until > t_;
  }
  void promised(broker::JournalIndex after) { promised_ = std::max(promised_, after); }
  void record_written(const broker::Record& record);
  // The audit since the night began, and the hub that it is of (P-120 to P-122).
  void audit_is(const std::vector<KeptLine>& lines, const broker::HubCore& hub);
  void hub_is_asked(broker::SessionId session, const wire::ClientFrame& frame);
  // When it has been served, or is over; both in the hub's time.
  void session_greeted(broker::SessionId session);
  void session_gone(broker::SessionId session, UtcTime line);
  void session_heard(broker::SessionId session, UtcTime line);  // it was served something (P-182)
  bool revoked_for_good(int device) const;
  void receipt_leaves(broker::SessionId session, std::uint64_t request, const wire::ReceiptLeaf& leaf);
  void packages_leave(const wire::Gathered& gathered);
  std::optional<std::uint64_t> epoch_of(ConversationId stream) const;

  // ---- The network
  void session_is(broker::SessionId session, int device);
  void frame_to_hub(int device, ByteView frame);
  void frame_to_device(int device, const wire::HubFrame& frame);
  // `must_notice`: what it is told does not fit together.
  void lied(int device, Millis t, bool must_notice);
  // From this entry on it is shown another history; it must say so when it has read a message of somebody
  // who has seen that entry (P-034).
  void forked(int device, ConversationId stream, std::uint64_t seq, Millis t);

  // ---- Devices and people
  void event_shown(int device, const client::Event& event, Millis t);
  void device_crashes(int device);
  // What would have been shown could not be stored, and came to nothing: so did a lie that was seen in it.
  void events_lost(int device, const std::vector<client::Event>& events);
  // It was off, stood still, or could not write, and is until then.
  void device_trouble(int device, Millis until = {}) {
    last_trouble_[device] = std::max({last_trouble_[device], t_, until});
  }
  void person_asks(int device, AlertId alert, ConversationId conversation, MessageId message, Millis t);
  // Of every alert that a device has begun, also where a crash took the answer to who asked.
  void severity_is(AlertId alert, wire::Severity severity) { incidents_[alert].severity = severity; }
  void person_says(int device, ConversationId conversation, MessageId message);
  void person_takes(int device, AlertId alert) { incidents_[alert].takers.insert(device); }
  void person_declines(int device, AlertId alert) { incidents_[alert].said_no.insert(device); }
  void person_ends(AlertId alert) {
    incidents_[alert].quiet = true;
  }  // withdraws, closes, or rings elsewhere
  void device_lost(int device) { lost_.insert(device); }
  bool is_lost(int device) const { return lost_.contains(device); }
  void person_invites(int device) { invited_.insert(device); }

  // Something must still be shown, or an alert still waits for somebody.
  bool waits() const;

  // ---- The end (oracles_end.cpp)
  struct Final {
    bool up = false, connected = false, outbox_empty = false;
    std::vector<client::Alert> alerts;
    std::vector<client::Conversation> conversations;
    std::set<MessageId> messages;  // in its store, by a place in a stream
    client::Reach reach;           // of the role of a duty night
    bool on_duty = false;          // in it, by its own rota
  };
  // `empty`: the hub's queues were, at some moment of the last seconds.
  void finish(const std::vector<Final>& devices, const broker::Counters& hub, bool empty, Millis t);

 private:
  struct Member {
    std::uint64_t from = 0, from_epoch = 0;
    std::optional<std::uint64_t> until;
  };
  struct Room {
    std::map<int, Member> members;  // by receipts
    std::set<int> allowed;          // by requests: who may be a member by now
    std::uint64_t epoch = 0;
    std::set<std::uint64_t> commits;
    std::map<Digest, std::uint64_t> contents;  // by receipts: bytes -> seq
  };
  struct Incident {
    int by = 0;
    ConversationId room;
    Millis asked_at{};
    MessageId message;
    wire::Severity severity = wire::Severity::kRed;
    bool stored = false, told = false;
    std::set<int> takers;  // pressed take
    std::set<int> said_no;
    bool quiet = false;  // withdrawn, closed or in the reserve plan's hands: nobody is rung
    std::set<int> loud_at;
    // By the records
    std::optional<LadderTwin> ladder;
    bool taken = false, loud = false;
    UtcTime promised = kNever;  // the loud end, by the receipt
    Millis raised_t{};
  };
  struct Ring {  // that must be heard
    int device = 0;
    AlertId alert;
    Millis since{};
  };
  void fact_is_durable(const broker::Record& record);
  void ladder_moves(const broker::Record& record, const broker::Fact& fact);
  void check_promise(const Incident& incident, UtcTime at);
  void check_ladders();
  void duty_moves(const broker::Record& record, const broker::Fact& fact);
  void check_duty();
  void check_told(const std::vector<Final>& devices);
  void check_duty_agreed(const std::vector<Final>& devices);
  const LadderRules& rules(UtcTime line, wire::Severity severity) const;
  std::array<bool, kDevices> revoked() const;
  HubSight sight(UtcTime now, const LadderRules& rules) const;
  int device_of(broker::SessionId session) const;
  int device_of(const DeviceId& id) const;
  void check_blind(ByteView bytes, const char* where);
  void check_rings();
  void alert_shown(int device, const client::AlertChanged& changed);
  void message_shown(int device, const client::Message& message);
  void own_shown(int device, const client::OwnMessage& own);
  void check_delivered(const std::vector<Final>& devices);
  void check_agreement(const std::vector<Final>& devices);
  bool exempt(int device) const { return lost_.contains(device) || lied_to_.contains(device); }

  const Base& base_;
  std::array<std::map<wire::Severity, LadderRules>, 2> rules_;  // with Lis on duty, and with Ida
  std::vector<Violation> violations_;
  std::uint64_t trace_ = 0xcbf29ce484222325ULL;
  Millis t_{};

  Millis boot_t_{};
  UtcTime boot_line_{};
  broker::JournalIndex promised_ = 0;

  std::map<broker::SessionId, int> sessions_;
  std::map<ConversationId, Room> rooms_;
  std::map<std::pair<broker::SessionId, std::uint64_t>, wire::Request> asked_;
  std::set<Bytes> packages_;
  std::vector<broker::Record> not_durable_;
  struct Undo {  // what a crash takes back
    broker::JournalIndex index = 0;
    AlertId alert;
    std::optional<LadderTwin> ladder;
    bool taken = false;
  };
  std::vector<Undo> undo_;
  DutyTwin duty_;
  std::vector<std::pair<broker::JournalIndex, DutyTwin>> duty_undo_;
  std::map<DutyChangeId, broker::JournalIndex> duty_posted_;  // changes that a record has told of
  Millis rota_changed_{};
  std::optional<Millis> duty_wrong_since_;
  Millis duty_changed_{};
  std::map<AlertId, Millis> joins_since_;
  bool hub_up_ = false, hub_was_away_ = false;
  std::array<UtcTime, kDevices> away_at_{};
  std::array<broker::SessionId, kDevices> greeted_{};
  std::map<int, broker::JournalIndex> revoked_;
  broker::JournalIndex durable_ = 0;
  std::map<AlertId, Incident> incidents_;

  std::map<int, std::set<MessageId>> shown_;
  std::map<std::pair<int, ConversationId>, std::uint64_t> shown_seq_;
  std::map<MessageId, int> author_of_;
  struct Stored {
    ConversationId room;
    std::uint64_t seq = 0, epoch = 0;
  };
  std::map<MessageId, Stored> stored_;  // by receipts
  std::map<MessageId, client::Delivery> delivery_;
  std::set<std::pair<int, AlertId>> ended_;
  std::map<int, Millis> last_trouble_;
  std::set<int> lost_, invited_;
  std::map<int, std::pair<Millis, bool>> lied_to_;
  std::set<int> suspicious_;
  std::map<int, std::pair<ConversationId, std::uint64_t>> forked_;
  std::vector<Ring> rings_;
  std::set<std::tuple<int, AlertId, std::uint32_t, std::uint32_t>> rung_;
  std::set<int> crashed_;
  Millis hub_trouble_{};
};

}  // namespace nattevagt::simulation
