// The hub as a pure state machine: who is enrolled, which streams there are, which alerts climb.
//
// No socket, file, thread, clock or randomness: the runner (broker/app/runner.h) decodes frames, calls
// step(), writes the records to the journal, and lets an effect go only when the record that it names is on
// disk. So "answered before synced" cannot be written by accident (PROTOCOL.md P-060).
//
// Invariants, checked by check_invariants():
//  1. State is a fold of records: step() emits records and applies each through the same apply() that
//     replay() uses. Two cores that saw the same records are equal (state_digest()).
//  2. A record's index is the one before plus 1. An effect's `after` is at most the last record's index.
//  3. Every open alert has exactly one future timer, or is kAdvised, kClosed or kWithdrawn (P-051).
//  4. A stream's seq has no gaps; a cursor is never past its head; only members have cursors (P-036, P-037).
//  5. Every queue, map and count is inside limits.h.
//  6. Each audited fact has its lines, in the same record (audit.h); their chain is part of the state.
//
// Ownership: a resource, neither copied nor moved. Thread: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "proto/common/clock.h"
#include "proto/common/ids.h"
#include "proto/common/limits.h"
#include "proto/wire/audit.h"
#include "proto/wire/hub.h"

namespace nattevagt::broker {

using JournalIndex = std::uint64_t;  // 1, 2, 3 ...; 0: before everything

// One durable change, whole in itself: a journal that ends after any record is a state that the hub can go on
// from. `meta` is what the core folds into its state; `bodies` are what it hands out again later without
// keeping them in memory: an entry's bytes (part 0), its welcome (part 1), a key package (part 0).
struct Record {
  JournalIndex index = 0;
  UtcTime at;                 // the hub's time line (P-052); never goes back
  Bytes meta;                 // encoded by record.h
  std::vector<Bytes> bodies;  // at most 2
  // What the audit says of it (P-120); kept apart from the record and longer. A replayed record has none: the
  // core makes them again.
  std::vector<wire::AuditLine> audit = {};
};

// Where a body lies: delivered by the runner, which reads it from the journal (or its cache). The runner
// reads the bodies of the effects it still holds before it compacts: a later snapshot may have let go of
// them.
struct BodyRef {
  JournalIndex index = 0;
  std::uint32_t part = 0;
  friend auto operator<=>(const BodyRef&, const BodyRef&) = default;
};

// Who is at the other end, decided by the connection's CURVE key alone (P-011).
struct GrantPrincipal {
  GrantId grant;
  friend auto operator<=>(const GrantPrincipal&, const GrantPrincipal&) = default;
};
struct OrganisationPrincipal {
  OrganisationId organisation;
  friend auto operator<=>(const OrganisationPrincipal&, const OrganisationPrincipal&) = default;
};
struct DevicePrincipal {
  DeviceId device;
  friend auto operator<=>(const DevicePrincipal&, const DevicePrincipal&) = default;
};
using Principal = std::variant<GrantPrincipal, OrganisationPrincipal, DevicePrincipal>;

// A session is one connection's life; the runner numbers them and never reuses a number.
using SessionId = std::uint64_t;

// ---- Events
struct SessionRequest {
  SessionId session = 0;
  wire::ClientFrame frame;
};
struct SessionOpened {  // after the handshake; the core may answer with CloseSession
  SessionId session = 0;
  Principal principal;
};
struct SessionClosed {  // disconnected, or silent past its heartbeat
  SessionId session = 0;
};
// The runner could not hand an entry over: the peer's queue is full. It drops the entries that it still holds
// for the session; the core waits for an Ack or a second, then sends again from the cursor (P-037).
struct SendStalled {
  SessionId session = 0;
};
struct Tick {};         // time alone; call at next_deadline() or later
struct DrainBegins {};  // SIGTERM: refuse what is new, finish what has begun
using Event = std::variant<SessionRequest, SessionOpened, SessionClosed, SendStalled, Tick, DrainBegins>;

// ---- Effects
// They leave in the order in which the core gave them, each when its record is durable and those before it have
// left; only the receipts of one group commit come before its others. So nothing precedes the answer to Hello.
// An answer or a push that is complete.
struct SendFrame {
  JournalIndex after = 0;
  SessionId session = 0;
  wire::HubFrame frame;
};
// An answer whose receipt the runner signs with the rest of the group commit (receipt.h).
struct SendReceipt {
  JournalIndex after = 0;
  SessionId session = 0;
  std::uint64_t request = 0;
  wire::ReceiptLeaf leaf;
};
// One entry to a device. `bytes` of the frame's Entry are the body at `body`; for a kWelcome inbox entry they
// are encode(*welcome) with that body as its welcome; an inline entry (alert, gap, notice) has its bytes already.
struct SendEntry {
  JournalIndex after = 0;
  SessionId session = 0;
  wire::Entry entry;  // `bytes` empty when `body` is set
  std::optional<BodyRef> body;
  std::optional<wire::WelcomeItem> welcome;  // kWelcome: all of the item but its bytes
};
// The answer to Gather: each item's key package is the body at its ref.
struct SendGathered {
  struct Item {
    DeviceId device;
    BodyRef key_package;
  };
  JournalIndex after = 0;
  SessionId session = 0;
  std::uint64_t request = 0;
  std::vector<Item> items;
  std::vector<DeviceId> without;  // devices that have none left
};
struct CloseSession {  // forget the route; later input on it is dropped (revocation, replacement)
  JournalIndex after = 0;
  SessionId session = 0;
  Errc reason{};
};
// The set of admitted CURVE keys has changed: the runner's ZAP table follows (P-010).
struct AdmitKey {
  JournalIndex after = 0;
  CurvePublicKey key;
  Principal principal;
  UtcTime not_after = kNever;
};
struct ForgetKey {
  JournalIndex after = 0;
  CurvePublicKey key;
};
using Effect =
    std::variant<SendFrame, SendReceipt, SendEntry, SendGathered, CloseSession, AdmitKey, ForgetKey>;

// What a step gave. `records` must be appended to the journal in order, before any effect with a higher
// `after` than what is durable leaves. One Outcome's records go into one append(). P-015's 256 requests in
// flight are counted by the runner, who alone knows which answers still wait for the disk.
struct Outcome {
  std::vector<Record> records;
  std::vector<Effect> effects;
};

// What the reconciler found (reconciler.h).
enum class AlertFaultKind : std::uint8_t {
  kNoTimer,         // open, and nothing will ever move it
  kTwoTimers,       // listed more than once
  kTooLate,         // its timer is later than its ladder allows
  kOverdue,         // its timer passed and did not fire
  kTimerAfterEnd,   // ended, and would still ring
  kTimerOfNothing,  // of no alert that we know
};
struct AlertFault {
  AlertFaultKind kind{};
  AlertId alert;
  friend bool operator==(const AlertFault&, const AlertFault&) = default;
};

// Numbers for metrics; all of them countable without content. Drills are counted apart (P-140).
struct Counters {
  std::uint64_t devices = 0, sessions = 0, streams = 0, entries_kept = 0;
  std::uint64_t alerts_open = 0, alerts_escalating = 0, alerts_exhausted = 0, alerts_overdue = 0;
  std::uint64_t alerts_raised = 0, alerts_refused_full = 0, alerts_mended = 0;
  std::uint64_t ladders_exhausted = 0;  // came to their loud end since the start
  std::uint64_t drills_open = 0, drills_raised = 0;
  std::uint64_t appended = 0, delivered = 0, refused = 0, stalled = 0, technical_alarms = 0;
  std::uint64_t key_packages_low = 0;  // devices below the low mark
  std::uint64_t audit_lines = 0;       // since the first
  std::uint64_t roles_watched = 0, roles_degraded = 0, check_ins = 0;  // P-180 to P-186; of now, of now, ever
};

// Times of P-180 to P-183 that the operator may choose.
struct DutyTimes {
  Millis check_in_within = limits::kCheckInWithin;
  Millis silent_after = limits::kSilentAfter;
};

struct HubConfig {
  std::vector<wire::OrganisationCard> organisations;  // who may announce grants and publish documents
  SignPublicKey sign_key;                             // of receipts; told in HelloReply
  std::string software = "nattevagt-broker 0.1.0";
  DutyTimes duty = {};
};

class HubCore {
 public:
  explicit HubCore(HubConfig config);
  ~HubCore();
  HubCore(const HubCore&) = delete;
  HubCore& operator=(const HubCore&) = delete;

  // ---- Start: restore(snapshot) at most once and first, then replay() of every later record in order, then
  // started() once. Errors: kCorrupt, kUnsupported (a newer format).
  Status restore(ByteView snapshot);
  Status replay(const Record& record);
  // Gives the AdmitKey effects of all known keys; timers that have passed fire at the next Tick.
  Outcome started(UtcTime now);

  // ---- Life. `now` is the hub's time line and never goes back (NV_CHECK).
  Outcome step(const Event& event, UtcTime now);
  // When step(Tick) has something to do next; kNever when nothing waits.
  UtcTime next_deadline() const;

  // ---- Keeping the journal small: a snapshot stands for all records up to last_index(), except the bodies
  // of live_records(), which must be kept (ascending).
  Bytes snapshot() const;
  JournalIndex last_index() const;
  std::vector<JournalIndex> live_records() const;
  UtcTime last_time() const;  // of the last record; the start of the next process's time line

  // ---- The reconciler (P-130), an independent look at every open alert; call about once a second and after a
  // start. mend() makes each of them go on at once, on the safe side, and tells its members.
  std::vector<AlertFault> find_faults(UtcTime now) const;
  Outcome mend(const std::vector<AlertFault>& faults, UtcTime now);

  // ---- The audit (P-120)
  wire::AuditPoint audit_point() const;  // after the last record
  // Every subject of the audit with its state, as the audit's last line of it must say.
  std::map<std::string, std::string> audit_subjects() const;

  // ---- Looking
  const Counters& counters() const;
  void check_invariants() const;  // NV_CHECKs; linear in the state
  Digest state_digest() const;    // of everything durable; for equality after a replay

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nattevagt::broker
