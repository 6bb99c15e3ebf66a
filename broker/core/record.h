// The closed set of facts that the hub makes durable. A fact says what was decided, never what to decide:
// whom a notice went to and its very bytes are in it, so that a later build replays an old journal to the
// same state and the same chains, whatever its rules have become by then.
//
// encode() gives a Record's `meta`; decode_fact() is safe on any bytes (kCorrupt; kUnsupported for a newer
// format). Bodies travel beside the meta, see each fact.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "broker/core/hub_core.h"
#include "proto/common/result.h"
#include "proto/wire/hub.h"

namespace nattevagt::broker {

// Devices are numbered 0, 1, 2 ... in the order of their enrolment; a number is never reused.
using DeviceNumber = std::uint32_t;
using PackageMark = wire::PackageMark;

struct GrantAnnounced {
  wire::SignedGrant grant;
};
struct DeviceEnrolled {  // gets the next DeviceNumber
  wire::Certificate certificate;
};
struct KeyPackageAdded {  // body 0: the package
  DeviceNumber device = 0;
  bool last_resort = false;
  PackageMark mark;
};
struct KeyPackagesTaken {
  struct Item {
    DeviceNumber device = 0;
    JournalIndex package = 0;  // always the oldest of the device's stock
  };
  std::vector<Item> items;
};
struct DocumentPublished {
  wire::SignedDocument document;
};

// What a client has appended. Its bytes are body 0.
struct NewEntry {
  DeviceNumber author = 0;
  MessageId id;
  wire::EntryKind kind{};
  std::uint64_t epoch = 0;
  Digest content{};      // SHA-256 of the bytes
  std::uint8_t act = 0;  // wire::ActKind of an Act, else 0
};
struct EntryAppended {  // body 1: the welcome, when there are `added`
  ConversationId stream;
  bool create = false;
  NewEntry entry;
  std::vector<DeviceNumber> added;
  std::vector<DeviceNumber> removed;
  Digest welcome_content{};  // SHA-256 of the encoded WelcomeItem, the same in every inbox
};
struct CursorsAdvanced {
  struct Position {
    DeviceNumber device = 0;
    std::uint64_t seq = 0;
  };
  struct Stream {
    ConversationId stream;  // kInbox: each position's own inbox
    std::vector<Position> positions;
  };
  std::vector<Stream> streams;
};

// What never changes of an alert.
struct AlertFacts {
  AlertId alert;
  ConversationId stream;
  OrganisationId organisation;  // the asking one; the ladder is from its roster
  UnitId unit;
  RoleId role_asked;
  wire::Severity severity{};
  bool drill = false;
  wire::Ladder ladder;  // P-041: kept with the alert
  std::uint64_t roster_version = 0;
  std::uint64_t rota_version = 0;  // of the organisation whose role was asked; 0: it has none
  DeviceNumber raised_by = 0;
  UtcTime promised_next_at = kNever;  // P-063, repeated to a repeated Raise
  UtcTime promised_exhausted_at = kNever;
  friend bool operator==(const AlertFacts&, const AlertFacts&) = default;
};

// What changes. The ladder engine (ladder.h) maps one to the next.
struct AlertProgress {
  wire::AlertState state = wire::AlertState::kEscalating;
  std::uint32_t step = 0;
  std::uint32_t repeat = 0;       // of the last notice; grows while `step` stays, so that keys never recur
  UtcTime due_at = kNever;        // the one timer of P-051: the step's end, the advice's, the loud repeat
  UtcTime repeat_at = kNever;     // inside a step
  UtcTime exhausted_at = kNever;  // latest time of the loud end; when it came, once it has
  std::optional<DeviceNumber> taken_by;
  std::optional<UtcTime> taken_at;
  std::optional<UtcTime> ended_at;  // closed or withdrawn
  bool late = false;
  bool was_exhausted = false;
  bool reserve_used = false;
  bool technical_alarm = false;
  std::optional<PersonId> handing_to;      // kTaken: asked to have it instead (P-116)
  std::vector<DeviceNumber> step_devices;  // resolved when the step began; ascending
  std::vector<PersonId> declined;          // in this step; ascending
  // P-185: rung beside them since a role of the step is degraded; ascending. They move nothing.
  std::vector<DeviceNumber> armed_devices;
  friend bool operator==(const AlertProgress&, const AlertProgress&) = default;
};

// One alert item and the inboxes that it goes to.
struct Post {
  Bytes item;               // encoded wire::AlertItem
  wire::NoticeKind kind{};  // the item's
  std::vector<DeviceNumber> devices;
};
struct AlertChange {
  AlertProgress progress;
  std::vector<Post> posts;
};
struct AlertRaised {  // P-040: one fact. Body 0: the request's bytes, body 1: the welcome
  AlertFacts facts;
  NewEntry entry;
  std::vector<DeviceNumber> members;  // without the author
  Digest welcome_content{};
  AlertChange change;
};
struct AlertActed {  // P-049. Body 0: the act's bytes
  AlertId alert;
  NewEntry entry;
  std::optional<AlertChange> change;  // none: an act that changes nothing, say a second advice
};
struct AlertStepped {  // by time alone, or because somebody went out of reach
  AlertId alert;
  AlertChange change;
};
struct AlertMended {  // P-130: the reconciler found it without a future; it goes on at once
  AlertId alert;
  AlertChange change;
};
struct EntriesTrimmed {  // P-038, by age
  struct Item {
    ConversationId stream;
    DeviceNumber inbox = 0;  // when stream is kInbox
    std::uint64_t up_to = 0;
  };
  std::vector<Item> items;
};
struct AlertForgotten {  // long ended, its stream empty: both go
  AlertId alert;
};

// The nearest warning that was given of a gap; a gap that has begun is still the one that was warned of.
struct WarnedGap {
  UtcTime from;
  UtcTime until;
  std::uint8_t nearness = 0;
};
// P-117: those concerned were told of a gap ahead, and how near it is.
struct GapWarned {
  OrganisationId organisation;
  RoleId role;
  UtcTime from;
  UtcTime until;
  std::uint8_t nearness = 0;  // rota::GapWarning
  Bytes item;                 // encoded wire::GapItem
  std::vector<DeviceNumber> devices;
};

// ---- Who on duty can really be reached (P-180 to P-186)
struct CheckInAsked {
  OrganisationId organisation;
  RoleId role;
  PersonId person;
  UtcTime from;
  UtcTime due_at;
  MessageId notice;
  Bytes item;  // encoded wire::CheckInItem
  std::vector<DeviceNumber> devices;
};
struct CheckedIn {
  RoleId role;
  PersonId person;
  DeviceNumber device = 0;
  Bytes check_in;  // encoded wire::SignedCheckIn, verified when it came
};
struct ShiftEnded {  // or will not be: who was asked comes off duty, or is asked anew
  RoleId role;
  PersonId person;
};
struct DutyDoubted {  // or, with kNone, not any more
  RoleId role;
  wire::DutyTrouble trouble{};
  UtcTime since = kNever;
};

using Fact = std::variant<GrantAnnounced, DeviceEnrolled, KeyPackageAdded, KeyPackagesTaken,
                          DocumentPublished, EntryAppended, CursorsAdvanced, AlertRaised, AlertActed,
                          AlertStepped, EntriesTrimmed, AlertForgotten, AlertMended, GapWarned,
                          CheckInAsked, CheckedIn, ShiftEnded, DutyDoubted>;

Bytes encode(const Fact& fact);
Result<Fact> decode_fact(ByteView meta);

}  // namespace nattevagt::broker
