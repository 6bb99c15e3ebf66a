// What travels between a device and the hub, as plain structs (PROTOCOL.md sections 3 to 6). Everything here
// is visible to the hub; anything that is not for its eyes is inside `bytes`, encrypted.
//
// The codec (codec.h) has checked sizes, counts, enums and ids before a value of these types exists.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/ids.h"
#include "proto/common/limits.h"
#include "proto/wire/check_in.h"
#include "proto/wire/duty.h"
#include "proto/wire/identity.h"
#include "proto/wire/suspension.h"

namespace nattevagt::wire {

inline constexpr std::uint32_t kProtocolVersion = 1;      // what this build speaks
inline constexpr std::uint32_t kProtocolVersionMin = 1;   // the oldest it still serves (P-002)

// The stream id of a device's own inbox; a conversation never has it.
inline constexpr ConversationId kInbox{};
// The stream id in the receipts of the hub's audit (P-123); a conversation never has it either.
inline constexpr ConversationId kAuditStream{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xff, 0xff, 0xff, 0xff}};

// ---- Streams (P-030..P-039)
enum class EntryKind : std::uint8_t {
  kApplication = 1,  // MLS PrivateMessage, application
  kProposal = 2,     // MLS handshake message with a proposal
  kCommit = 3,       // MLS handshake message with a commit; accepted for the current epoch alone
  kWelcome = 4,      // inbox: an encoded WelcomeItem
  kAlert = 5,        // inbox: an encoded AlertItem
  kRejoin = 6,       // a SignedContent with a Rejoin: readable by the hub, of no epoch (P-078)
  kGap = 7,          // inbox: an encoded GapItem
  kCheckIn = 8,      // inbox: an encoded CheckInItem
};
inline constexpr EntryKind kLastEntryKind = EntryKind::kCheckIn;
// A newer hub may have others (P-004): they are read as entries, so that the chain goes on, and as nothing else.
constexpr bool is_known(EntryKind kind) noexcept { return kind <= kLastEntryKind; }

struct Entry {
  ConversationId stream;         // kInbox in an inbox
  std::uint64_t seq = 0;         // 1, 2, 3 ...
  EntryKind kind{};
  std::uint64_t epoch = 0;       // the MLS epoch it was sent in; 0 in an inbox
  MessageId id;                  // the client's own id; in an inbox made by the hub
  UtcTime stored_at;
  Bytes bytes;
  Digest chain{};                // chain_next over this entry (P-031)
  friend bool operator==(const Entry&, const Entry&) = default;
};

// P-031. First: SHA-256("Nattevagt stream v1" || 0x00 || stream id || owner), owner being the device id for
// an inbox and empty for a conversation. Next: SHA-256(previous || be64 seq || kind || be64 epoch || id ||
// be64 stored_at ms || SHA-256(bytes)).
Digest chain_first(ConversationId stream, std::optional<DeviceId> inbox_owner);
Digest chain_next(const Digest& previous, std::uint64_t seq, EntryKind kind, std::uint64_t epoch,
                  const MessageId& id, UtcTime stored_at, ByteView bytes);

// Where a new member enters a stream: it gets the entries after `seq`, and `chain` is the hash at `seq`.
struct WelcomeItem {
  ConversationId stream;
  std::uint64_t seq = 0;
  Digest chain{};
  Bytes welcome;                 // MLSMessage with a Welcome
  friend bool operator==(const WelcomeItem&, const WelcomeItem&) = default;
};

// A member that cannot follow the group any more asks the others to take its old leaf out and a new one in
// (P-078). Signed by the device under kRejoinLabel, as the bytes of a SignedContent.
struct Rejoin {
  ConversationId conversation;
  MessageId id;                  // the entry's
  DeviceId device;
  Bytes key_package;             // MLSMessage with a KeyPackage, made for this
  friend bool operator==(const Rejoin&, const Rejoin&) = default;
};

// ---- Alerts (P-040..P-059)
enum class AlertState : std::uint8_t {
  kEscalating = 1,   // the ladder runs
  kTaken = 2,        // a person has taken it; advice is awaited
  kAdvised = 3,      // advice was given; the ladder is over
  kExhausted = 4,    // nobody took it: loud, repeated, still open, can still be taken
  kWithdrawn = 5,    // by the asking unit
  kClosed = 6,       // by a person; the end
};
enum class NoticeKind : std::uint8_t {
  kNone = 0,         // state only: nothing rings
  kFirst = 1,        // this device is a target of a step that has just begun
  kRepeat = 2,
  kResumed = 3,      // taken without advice in time; the ladder goes on
  kLoud = 4,         // to the asking unit: nobody has taken it, use the reserve plan now
};

struct AlertView {
  AlertId alert;
  ConversationId stream;
  UnitId unit;
  RoleId role_asked;
  Severity severity{};
  bool drill = false;
  AlertState state{};
  std::uint32_t step = 0;                    // index of the current step
  std::uint32_t step_count = 0;
  UtcTime raised_at;                         // when it was stored
  UtcTime next_at = kNever;                  // when the current state's timer fires
  UtcTime exhausted_at = kNever;             // promised: the latest time at which the loud end comes
  std::uint64_t roster_version = 0;          // of the asking organisation, that the ladder was read from
  std::uint64_t rota_version = 0;            // of the organisation whose role was asked; 0: it has none
  std::optional<DeviceId> taken_by;          // the device; clients trust only the signed act inside
  std::optional<UtcTime> taken_at;
  bool late = false;                         // taken after exhaustion or after the reserve plan was used
  bool reserve_used = false;
  std::optional<PersonId> handing_to;        // taken, and this person is asked to have it instead (P-116)
  bool technical_alarm = false;              // a step had nobody on duty or nobody reachable (P-045)
  friend bool operator==(const AlertView&, const AlertView&) = default;
};
struct AlertItem {
  NoticeKind notice{};
  std::uint32_t repeat = 0;                  // of this step; (alert, step, repeat) is the key for dropping repeats
  AlertView view;
  friend bool operator==(const AlertItem&, const AlertItem&) = default;
};

// P-117: a role will have nobody on duty, says the hub, in an inbox; each nearness once.
struct GapItem {
  RoleId role;
  UtcTime from;
  UtcTime until;
  std::uint8_t nearness = 0;                 // rota::GapWarning: 1 fourteen days ... 6 now
  friend bool operator==(const GapItem&, const GapItem&) = default;
};

enum class ActKind : std::uint8_t {
  kTake = 1,
  kDecline = 2,
  kAdvise = 3,
  kReserveUsed = 4,
  kWithdraw = 5,
  kClose = 6,
  kHandOver = 7,
};

// ---- Requests
struct Hello {
  std::string software;                      // "nattevagt 0.1.0"
  std::uint32_t document_kinds = static_cast<std::uint32_t>(kLastDocumentKind);  // those up to this (P-197)
  friend bool operator==(const Hello&, const Hello&) = default;
};
struct Ping {
  friend bool operator==(const Ping&, const Ping&) = default;
};
struct Enrol {                               // on the grant's own CURVE key
  Certificate certificate;
  friend bool operator==(const Enrol&, const Enrol&) = default;
};
struct PublishKeyPackages {
  std::vector<Bytes> packages;               // MLSMessage with a KeyPackage each; added to the stock
  std::optional<Bytes> last_resort;          // replaces the one before
  bool instead = false;                      // of the stock's others, which are about to expire (P-093)
  friend bool operator==(const PublishKeyPackages&, const PublishKeyPackages&) = default;
};
// Resolves targets and hands out one KeyPackage for each of their devices, atomically.
struct Gather {
  std::optional<LadderId> ladder;            // all targets of all steps
  std::vector<Target> targets;
  std::vector<OrganisationId> recorders_of;
  friend bool operator==(const Gather&, const Gather&) = default;
};
struct Append {
  ConversationId stream;
  bool create = false;                       // the stream begins with this entry (a commit's welcomes, P-033)
  MessageId id;
  EntryKind kind{};                          // kApplication, kProposal, kCommit or kRejoin
  std::uint64_t epoch = 0;                   // the entry's; a commit moves the stream to epoch + 1
  Bytes bytes;
  std::vector<DeviceId> added;               // with a commit, or create
  std::vector<DeviceId> removed;             // with a commit
  Bytes welcome;                             // for `added`
  friend bool operator==(const Append&, const Append&) = default;
};
struct Raise {
  AlertId alert;
  ConversationId stream;                     // new; its first entry is the request
  UnitId unit;
  RoleId role_asked;
  LadderId ladder;
  std::uint64_t roster_version = 0;          // the client's; the hub's own is used and answered
  Severity severity{};
  bool drill = false;
  std::vector<DeviceId> members;             // without the sender
  Bytes welcome;
  std::uint64_t epoch = 0;                   // of the group after the first commit
  MessageId id;
  Bytes bytes;                               // the first ciphertext
  friend bool operator==(const Raise&, const Raise&) = default;
};
struct Act {
  AlertId alert;
  ActKind kind{};
  MessageId id;
  std::uint64_t epoch = 0;
  Bytes bytes;                               // the signed act, encrypted; appended to the alert's stream
  std::optional<PersonId> to = {};           // exactly of kHandOver
  friend bool operator==(const Act&, const Act&) = default;
};
struct Ack {                                 // no answer
  struct Position {
    ConversationId stream;                   // kInbox for the inbox
    std::uint64_t seq = 0;                   // all up to here is durable on the device
    friend bool operator==(const Position&, const Position&) = default;
  };
  std::vector<Position> positions;
  friend bool operator==(const Ack&, const Ack&) = default;
};
struct GetDocuments {
  std::vector<DocumentVersion> known;        // answered with what is newer
  friend bool operator==(const GetDocuments&, const GetDocuments&) = default;
};
struct GetAlert {
  AlertId alert;
  friend bool operator==(const GetAlert&, const GetAlert&) = default;
};
struct PostDutyChange {                      // P-112: a person's; again, with more signatures: a yes
  SignedDutyChange change;
  friend bool operator==(const PostDutyChange&, const PostDutyChange&) = default;
};
struct PostCheckIn {                         // P-181
  SignedCheckIn check_in;
  friend bool operator==(const PostCheckIn&, const PostCheckIn&) = default;
};
struct GetDutyStatus {                       // P-186: of every role that concerns the device
  std::optional<RoleId> after;               // those after this one (P-016); none: from the first
  friend bool operator==(const GetDutyStatus&, const GetDutyStatus&) = default;
};
struct SuspendDevice {                       // P-190; answered with SuspensionStands
  SignedSuspension suspension;
  friend bool operator==(const SuspendDevice&, const SuspendDevice&) = default;
};
struct LiftSuspension {                      // P-195: by the device that suspended, or by the organisation
  SignedLift lift;
  friend bool operator==(const LiftSuspension&, const LiftSuspension&) = default;
};
// From an organisation's own key:
struct AnnounceGrant {
  SignedGrant grant;                         // the hub will admit its CURVE key
  friend bool operator==(const AnnounceGrant&, const AnnounceGrant&) = default;
};
struct PublishDocument {
  SignedDocument document;
  friend bool operator==(const PublishDocument&, const PublishDocument&) = default;
};
struct ListDevices {  // the organisation's own
  std::optional<DeviceId> after;             // those enrolled after this one; none: from the first
  friend bool operator==(const ListDevices&, const ListDevices&) = default;
};

// Where the hub's audit stands: answered with Stored, a receipt of kAuditStream (P-123).
struct GetAuditPoint {
  friend bool operator==(const GetAuditPoint&, const GetAuditPoint&) = default;
};

using Request = std::variant<Hello, Ping, Enrol, PublishKeyPackages, Gather, Append, Raise, Act, Ack, GetDocuments,
                             GetAlert, AnnounceGrant, PublishDocument, ListDevices, GetAuditPoint,
                             PostDutyChange, PostCheckIn, GetDutyStatus, SuspendDevice, LiftSuspension>;
struct ClientFrame {
  std::uint32_t protocol = kProtocolVersion;
  std::uint64_t request = 0;                 // chosen by the client, answered in the same number; never 0
  Request body;
  friend bool operator==(const ClientFrame&, const ClientFrame&) = default;
};

// ---- Receipts (P-060..P-063). The hub signs one Merkle root for each group commit; a receipt is a leaf, its
// path and that signature. Anyone with the hub's pinned key can check it, the hub cannot deny it.
struct ReceiptLeaf {
  ConversationId stream;
  std::uint64_t seq = 0;
  MessageId id;
  Digest content{};                          // SHA-256 of the entry's bytes
  Digest chain{};                            // at seq
  UtcTime stored_at;
  std::optional<AlertId> alert;              // Raise and Act
  UtcTime next_at = kNever;                  // Raise: what is promised
  UtcTime exhausted_at = kNever;
  friend bool operator==(const ReceiptLeaf&, const ReceiptLeaf&) = default;
};
// A place in the hub's audit (audit.h): the last line's number and the chain there.
struct AuditPoint {
  std::uint64_t seq = 0;
  Digest chain{};
  friend bool operator==(const AuditPoint&, const AuditPoint&) = default;
};
struct Receipt {
  ReceiptLeaf leaf;
  std::uint32_t index = 0;                   // of the leaf in its batch
  std::uint32_t count = 1;                   // leaves in the batch
  std::vector<Digest> path;                  // siblings, from the leaf upward
  Signature signature{};                     // of the root, label kReceiptLabel
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// ---- Answers and pushes
// Where the hub stands with a stream of the device (P-079).
struct StreamPosition {
  ConversationId stream;                     // kInbox for the inbox
  std::uint64_t acked = 0;                   // the device has acknowledged all up to here
  std::uint64_t head = 0;                    // the last entry that there is
  friend bool operator==(const StreamPosition&, const StreamPosition&) = default;
};
struct HelloReply {
  UtcTime hub_time;
  std::string software;
  SignPublicKey sign_key;
  std::vector<DocumentVersion> documents;
  std::uint32_t key_packages_left = 0;
  bool has_last_resort = false;
  std::vector<StreamPosition> positions;     // of every stream that a device is a member of, its inbox first
  friend bool operator==(const HelloReply&, const HelloReply&) = default;
};
struct Pong {
  UtcTime hub_time;
  std::vector<DocumentVersion> documents;
  std::uint32_t key_packages_left = 0;
  friend bool operator==(const Pong&, const Pong&) = default;
};
// Enrol, PublishKeyPackages, AnnounceGrant, PublishDocument, PostDutyChange, PostCheckIn, LiftSuspension
struct Accepted {
  friend bool operator==(const Accepted&, const Accepted&) = default;
};
struct Gathered {
  struct Item {
    DeviceId device;
    Bytes key_package;
    friend bool operator==(const Item&, const Item&) = default;
  };
  std::vector<Item> items;
  std::vector<DeviceId> without;             // devices that have none left
  friend bool operator==(const Gathered&, const Gathered&) = default;
};
struct Stored {
  Receipt receipt;
  friend bool operator==(const Stored&, const Stored&) = default;
};
struct Documents {
  std::vector<SignedDocument> documents;
  bool more = false;                         // ask again with what came
  friend bool operator==(const Documents&, const Documents&) = default;
};
struct AlertReply {
  AlertView view;
  friend bool operator==(const AlertReply&, const AlertReply&) = default;
};
struct Devices {
  struct Item {
    Certificate certificate;
    bool revoked = false;
    bool connected = false;
    UtcTime last_seen;
    std::uint32_t key_packages_left = 0;
    std::optional<SignedSuspension> suspension;  // that stands
    friend bool operator==(const Item&, const Item&) = default;
  };
  std::vector<Item> items;                   // in the order of enrolment
  bool more = false;                         // ask again, after the last one
  friend bool operator==(const Devices&, const Devices&) = default;
};
struct Refused {
  Errc code{};
  std::uint64_t current_epoch = 0;           // kStaleEpoch
  std::optional<DeviceId> taken_by;          // kAlreadyTaken
  Millis retry_after{};                      // kBusy
  std::uint32_t protocol_min = kProtocolVersionMin;  // kUpgradeRequired
  std::uint32_t protocol_max = kProtocolVersion;
  friend bool operator==(const Refused&, const Refused&) = default;
};
struct DocumentsChanged {                    // push: ask with GetDocuments
  std::vector<DocumentVersion> documents;
  friend bool operator==(const DocumentsChanged&, const DocumentsChanged&) = default;
};
struct KeyPackagesLow {                      // push
  std::uint32_t left = 0;
  friend bool operator==(const KeyPackagesLow&, const KeyPackagesLow&) = default;
};
struct DutyStatuses {                        // the answer to GetDutyStatus; as a push, what has changed
  std::vector<DutyStatus> items;             // ascending by role
  bool more = false;                         // ask again, after the last one
  friend bool operator==(const DutyStatuses&, const DutyStatuses&) = default;
};
struct SuspensionStands {                    // the one that was asked for, or the one that stood before it
  SignedSuspension suspension;
  friend bool operator==(const SuspensionStands&, const SuspensionStands&) = default;
};
// Push: the hub drains, or the device was revoked or suspended, or it is replaced.
struct Goodbye {
  Errc reason{};
  std::optional<SignedSuspension> suspension = {};  // exactly of kSuspended: the device verifies it (P-193)
  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

using Answer = std::variant<HelloReply, Pong, Accepted, Gathered, Stored, Documents, AlertReply, Devices, Refused,
                            Entry, DocumentsChanged, KeyPackagesLow, Goodbye, DutyStatuses,
                            SuspensionStands>;
struct HubFrame {
  std::uint32_t protocol = kProtocolVersion;
  std::uint64_t request = 0;                 // 0: a push
  Answer body;
  friend bool operator==(const HubFrame&, const HubFrame&) = default;
};

}  // namespace nattevagt::wire
