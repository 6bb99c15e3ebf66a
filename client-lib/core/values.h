// What the screens show: plain values, and the events that tell of change. Made by the pure core from what it
// has verified; client.h hands them on.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/ids.h"
#include "proto/wire/citizen.h"
#include "proto/wire/content.h"
#include "proto/wire/hub.h"

namespace nattevagt::client {

struct Person {  // as verified from a certificate and its sealed label
  PersonId id;
  DeviceId device;
  std::string name;
  std::string profession;
  OrganisationId organisation;
  std::string organisation_name;
  wire::HolderKind kind{};
  std::optional<UnitId> unit;  // whose calls the device gets
};

// How far one of our own messages has come. Only kStored is the hub's; the others are signed by people.
enum class Delivery : std::uint8_t { kQueued = 1, kStored = 2, kOnDevice = 3, kSeen = 4, kFailed = 5 };

struct Message {
  ConversationId conversation;
  MessageId id;
  std::uint64_t seq = 0;  // 0 while it is only in the outbox
  UtcTime stored_at;      // the hub's time; written_at while queued
  Person author;
  bool own = false;
  Delivery delivery{};  // of own messages
  wire::Content content;
};

// What a person has signed about a message of somebody's: it is on the device, or it was seen.
struct PersonReceipt {
  MessageId message;
  Person person;
  wire::SeenStage stage{};
  UtcTime at;
};

// What this device can vouch for about an alert.
struct Alert {
  wire::AlertView view;            // the hub's word; promised times from its signed receipt
  std::optional<Person> taken_by;  // only from a verified signed act
  std::optional<UtcTime> taken_at;
  std::optional<PersonId> handing_to;  // by the taker's signed word; until a yes the taker has it (P-116)
  std::string handing_to_name;         // empty: we have not met
  bool asked_to_take = false;          // it is we who are asked
  bool unsent = false;    // asked on this device and not with the hub yet; raised_at is when it was asked
  bool own_unit = false;  // we asked
  bool may_take = false;  // our person is on the ladder
  std::string role_label, unit_label;
  std::vector<wire::NoticeKind> notices;  // that this device was given, in order
  std::vector<std::string> warnings;      // Danish, what the hub claims without proof
};

struct Conversation {
  ConversationId id;
  std::optional<AlertId> alert;
  std::uint64_t epoch = 0;
  std::uint64_t last_seq = 0;
  std::vector<Person> members;
  Bytes epoch_authenticator;  // compare out of band (RFC 9420 8.7)
};

// Whom one can invite: what a name means to the protocol.
struct DirectoryEntry {
  wire::Target target;
  std::string name;
  std::string organisation_name;
};

// Whether somebody on duty in a role can really be reached (P-187).
enum class Reachable : std::uint8_t { kUnknown, kYes, kNo };
struct Reach {
  Reachable reachable = Reachable::kUnknown;
  wire::DutyTrouble reason = wire::DutyTrouble::kNone;  // of kNo, by the hub's word
  UtcTime since = kNever;
  bool checked_in = false;  // somebody on duty has, by a signature that we verified
  friend bool operator==(const Reach&, const Reach&) = default;
};

// One step of the way a call takes, and who answers there now, by the signed rosters and rotas.
struct LadderRung {
  struct Place {
    std::string name;  // the role, unit or person asked
    std::string organisation_name;
    std::vector<std::string> people;  // on duty, as far as we know their names
    Reach reach = {};                 // of the role that answers
  };
  Millis wait{};  // until the next step
  std::vector<Place> places;
};

// A part of a conversation, newest words last: at most `limit`, of those before place `before` in the stream.
struct HistoryPage {
  static constexpr std::uint64_t kEnd = std::numeric_limits<std::uint64_t>::max();  // the outbox too
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  std::uint64_t before = kEnd;
  std::size_t limit = kAll;
};

struct FoundMessage {
  Message message;
  std::string excerpt;  // the words around the match
};

// A change of duty as its persons have signed it (P-111). Names are empty of people whom we have not met.
struct DutyChangeView {
  DutyChangeId id;
  wire::DutyChangeKind kind{};
  RoleId role;
  std::string role_label;
  UtcTime from, until;
  std::string gives, takes;
  bool complete = false;
  bool in_force = false;      // complete, and neither taken back nor void; a duty that is yet to come counts
  bool waits_for_us = false;  // we may say yes: accept_swap()
};
struct SwapRequest {
  RoleId role;
  UtcTime from, until;
  std::optional<PersonId> takes;  // none: whoever may hold the role
};
struct DutyRole {
  RoleId role;
  std::string label;
};
// A turn of our own, by the rota as changed.
struct OwnTurn {
  DutyRole role;
  UtcTime from, until;
  bool running = false;  // already at the beginning of what was asked for
};
// Who answers a call of a unit at an instant, by the rosters and rotas that we verified.
struct DutyLine {
  std::string unit;
  wire::Severity severity{};
  std::uint32_t step = 0;
  std::string target;               // the role or unit that the ladder names
  std::string answering;            // the role that answers, when it is another one
  std::vector<std::string> people;  // names; "?" of people whom we have not met
  bool planned = false;             // a rota says so; else all whom the roster lists
  bool gap = false;
  UtcTime until = kNever;           // when that may change
  Reach reach = {};                 // of the role that answers; of now, whatever `at` was asked for
};
// A duty that our person is asked to check in for (P-180).
enum class CheckInState : std::uint8_t { kAsked, kSent, kDone };
struct CheckInView {
  RoleId role;
  std::string role_label;
  UtcTime from, due_at;
  bool can_open = false;  // this device could open a new call
  CheckInState state{};
};

// ---- Citizens (PROTOCOL.md section 16)
enum class PlanState : std::uint8_t { kMissing = 1, kValid = 2, kExpired = 3 };
struct CitizenRoom {  // a conversation about a citizen
  ConversationId conversation;
  wire::Citizen citizen;
  PlanState plan{};
  std::size_t open_items = 0;
  bool may_write = false;
};
// A plan card, without its words.
struct PlanRef {
  ConversationId conversation;
  MessageId card;
  Digest hash{};
  wire::CitizenMatch match{};
  std::uint32_t version = 0;
  wire::LocalDay agreed_on{};
  bool stands = false;  // nothing replaces it
  bool expired = false;
  bool may_sign = false;
  std::vector<MessageId> signatures;  // beside the writer's
};
struct PlanCardView {
  PlanRef ref;
  Message message;                  // its body is the card
  std::vector<Message> signatures;  // the writer's first: the card itself
};
struct CitizenLook {
  wire::Citizen citizen;  // as asked for
  PlanState plan = PlanState::kMissing;
  bool conflict = false;  // more than one version stands: all are in `cards`
  std::vector<PlanCardView> cards, previous;
  std::vector<PlanCardView> shown;  // beside a call: copies that were shown in it and that we do not have (P-169)
  std::optional<ConversationId> may_show;  // beside a call: where a card stands that nobody has shown in it
  struct Room {
    CitizenRoom room;
    wire::CitizenMatch match{};
    std::vector<Person> members;
  };
  std::vector<Room> rooms;
};

// Something that is not finished, without its words (P-166, P-167).
struct OpenWork {
  enum class Kind : std::uint8_t { kTask = 1, kReadBack = 2, kAdvice = 3 };
  ConversationId conversation;
  MessageId item;
  Kind kind{};
  wire::Citizen citizen;
  std::optional<MessageId> taken;  // the word of who took it last
  std::optional<UtcTime> due;
  bool late = false;
};
struct OpenItem {
  OpenWork work;
  Message message;               // the task or the advice
  std::optional<Message> taken;  // by whom
  std::string whom;              // a task's: the name of the role, unit or person it is for
  bool older = false;            // from before the list's beginning
};
struct WorkList {
  UtcTime since;
  std::vector<OpenItem> items;
  std::size_t more = 0;  // past the limit
};
// A call as its words have it.
struct IncidentView {
  ConversationId conversation;
  AlertId alert;
  std::string unit;
  wire::Severity severity{};
  wire::Situation situation{};
  wire::Citizen citizen;
  bool drill = false;
  UtcTime asked_at;
  bool read_back_open = false;
  std::vector<MessageId> advices;
};
struct DigestRequest {
  IncidentView incident;
  std::optional<Alert> alert;  // none: its words are here, the hub's word is not
  struct Advice {
    Message message;
    std::optional<bool> done;
  };
  std::vector<Advice> advices;
};
struct MorningDigest {
  UtcTime since;
  std::vector<DigestRequest> requests;  // newest first
  WorkList work;
  std::size_t more = 0;  // requests past the limit
};

// The rounds that an advice asks for (P-118).
struct RoundsView {
  std::chrono::minutes every{};
  UtcTime until;
  UtcTime last;                 // somebody looked in, or the advice
  std::optional<UtcTime> next;  // none: they are over
  bool late = false;            // the next one should have been
  bool ours = false;            // our unit's to make: its devices remind
};

// A person who shares a unit's device (P-170).
using ProfileId = Id<struct ProfileKind>;
struct ProfileDraft {
  std::string initials, name, profession;  // initials: 2 to 8 letters or digits, once on a device
};
struct PinReset {
  UtcTime at;
  std::string by;  // who held the device then; empty: nobody
};
struct ProfileView {
  ProfileId id;
  std::string initials, name, profession;
  UtcTime made_at, used_at;
  std::vector<PinReset> resets;  // newest last
};

// A phone that a colleague has suspended (P-190), by a signature that this device has verified.
struct SuspensionView {
  SuspensionId id;
  DeviceId device;
  std::string device_name;  // whose phone; empty: we have not met
  Person by;                // of a shared device: its unit, under the name of who held it
  UtcTime at;               // by who signed it
  std::optional<UtcTime> lifted_at;
  bool by_organisation = false;  // lifted by it, else by whoever suspended
  bool ours = false;             // suspended on this device
  UtcTime undo_until = UtcTime::min();  // ours, and standing: what this device may still take back
};

struct DeviceLook {
  Person person;
  std::string safety_number;  // P-174: twelve groups of five digits
  std::string qr;
  std::optional<UtcTime> verified_at;
  std::optional<SuspensionView> suspension = {};  // that stands
  bool may_suspend = false;           // from this device (P-190)
  std::vector<std::string> on_duty = {};  // roles that its person answers for now
  bool has_taken = false;             // a call that is open
};

// ---- Events, in order, each once. For display and scripts.
struct Connected {};
struct Disconnected {
  Errc reason{};
};
struct Enrolled {
  Person self;
};
struct NewMessage {
  Message message;
};  // incoming, verified
struct OwnMessage {
  MessageId id;
  Delivery delivery{};
  Errc why{};
};  // kStored: "Sendt"; kFailed: "IKKE SENDT"
struct AlertChanged {
  Alert alert;
  wire::NoticeKind notice{};
};  // notice != kNone: ring
struct MembersChanged {
  ConversationId conversation;
  std::vector<Person> joined, left;
};
// The hub, or a member, has been caught: shown in red, kept, never swallowed (DESIGN promise 4).
struct Suspicion {
  Errc code{};
  std::optional<ConversationId> conversation;
  std::string text;
};  // Danish
// P-004: the hub sent what this build cannot read, or wants a newer one. Nobody is accused.
struct UpdateNeeded {};
struct RemovedFromConversation {
  ConversationId conversation;
};
struct Revoked {};  // by a signed revocation, or the hub says goodbye for it
// The hub's answer to a suspension, or to its end, that was asked for here; Errc{}: done. kDuplicate: another's
// stood already, and it does (`stands`).
struct SuspensionAnswered {
  SuspensionId id;
  DeviceId device;
  bool lift = false;
  Errc why{};
  std::optional<SuspensionView> stands;
};
// Somebody's phone has been suspended, or is not any more.
struct SuspensionNews {
  SuspensionView suspension;
};
// This device has been (P-193): it gets and sends nothing until its organisation lets it. Nothing here is deleted.
struct SuspendedHere {
  SuspensionView suspension;
};
// P-110: the worker who asked on this device must ring herself, now. Said by the device alone, and again every
// minute; the hub has no part in it.
enum class RingReason : std::uint8_t { kNotSent = 1, kNobodyTook = 2, kNoAdvice = 3 };
struct RingNow {
  AlertId alert;
  RingReason reason{};
  std::uint32_t times = 1;  // 1: the first time
  bool drill = false;
};
// The hub's answer to a change of duty that was posted here; Errc{}: taken.
struct DutyAnswered {
  DutyChangeId id;
  Errc why{};
};
// A change of duty that concerns us: asked of us, or agreed on in a role that we may hold or that answers us.
struct DutyNews {
  DutyChangeView change;
};
// The hub's word that a role will have nobody on duty (P-117); `seen` when our own rota has the same gap.
struct GapAhead {
  RoleId role;
  std::string role_label;
  UtcTime from, until;
  std::uint8_t nearness = 0;  // rota::GapWarning
  bool seen = false;
};
// Our person must say that she is on duty: rings.
struct CheckInDue {
  CheckInView check_in;
};
// The hub's answer to a check-in; Errc{}: taken.
struct CheckInAnswered {
  RoleId role;
  std::string role_label;
  Errc why{};
};
// A role that concerns us has become one that may not answer, or one that can be reached: who is on duty in it has
// checked in, or is heard again.
struct RoleReachChanged {
  RoleId role;
  std::string role_label;
  Reach reach;
};
// A round that our unit should have made (P-118): this device reminds, and nothing climbs. Once a round.
struct RoundDue {
  ConversationId conversation;
  UtcTime due;
};
using Event = std::variant<Connected, Disconnected, Enrolled, NewMessage, OwnMessage, AlertChanged,
                           MembersChanged, Suspicion, RemovedFromConversation, Revoked, RingNow, DutyAnswered,
                           DutyNews, GapAhead, CheckInDue, CheckInAnswered, RoleReachChanged, RoundDue,
                           UpdateNeeded, SuspensionAnswered, SuspensionNews, SuspendedHere>;

struct Question {  // what `ask` takes
  wire::Severity severity{};
  wire::Situation situation{};
  wire::Citizen citizen;
  bool alone = false;
  std::string callback;
  wire::IsbarForm isbar;
  bool drill = false;
  std::string author_name, author_profession;  // who holds a unit's phone; empty: the certificate's
};

}  // namespace nattevagt::client
