// The client library's public API: one person's (or one unit phone's, or one recorder's) device.
//
// A Client owns the device's store and keys, drives the pure core (core/client_core.h), and talks to the hub
// through a Connection. All calls return at once; the work that needs the hub happens in run_once(). What is
// asked for (ask, say, advise ...) is durable in the outbox when the call returns and is sent, and sent again,
// until the hub's signed receipt is there.
//
// Threads: one; nothing here locks. Exceptions: none crosses this header. Errors: Result with a closed code.
// Ownership: a resource; the Clock, Entropy and Connection that it is given outlive it.
//
// Invariants:
//  1. MLS state, rows, cursor and outbox change in one transaction; only then does a frame leave.
//  2. An entry is shown at most once, in the stream's order, across crashes and re-sends (P-037).
//  3. "Taken" is shown only for a verified signed act (P-053); everything the hub says alone is a claim.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client-lib/core/values.h"
#include "client-lib/io/connection.h"
#include "proto/common/clock.h"
#include "proto/common/entropy.h"
#include "proto/common/result.h"
#include "proto/wire/content.h"
#include "proto/wire/hub.h"

namespace nattevagt::client {

// What one try at the PIN costs (Argon2id). The default takes about half a second on a ward's PC; only tests
// may ask for less, and a store remembers what it was made with.
struct PinCost {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 128 * 1024;
};

struct OpenOptions {
  std::string home;                   // folder, 0700; holds store.db and store.keys
  std::string pin;                    // at least 4 characters
  bool create = false;                // a new home; refuses one that has a store
  PinCost pin_cost = {};              // with `create`
  // Tests alone: asked before each commit, in number; false fails it as a full disk does.
  std::function<bool(std::size_t)> commit_hook = {};
};

class Client {
 public:
  // kWrongPin (and how long to wait is in pin_wait()), kLocked, kNotFound (no store), kAlreadyExists,
  // kCorrupt, kUnsupported (a newer store), kBusy (another process has the home open), kInvalidValue (a PIN
  // that is too short). "Not a database" is kCorrupt, never a fresh start.
  static Result<std::unique_ptr<Client>> open(const OpenOptions& options, Clock& clock, Entropy& entropy,
                                              std::unique_ptr<Connection> connection);
  static Millis pin_wait(const std::string& home, Clock& clock);
  // Is this the PIN of a home that is open here or elsewhere? Counts as a try, and takes as long as one:
  // kWrongPin, kLocked (pin_wait()), kNotFound, kCorrupt. For screens that are locked while the device rings on.
  static Status check_pin(const std::string& home, std::string_view pin, Clock& clock);
  virtual ~Client() = default;

  // ---- The hub
  // Pins what the link says, makes the device's keys, and enrols; kMalformed, kExpired, kGrantUsed, kRevoked.
  // Blocks in run_once() until answered or `patience` has passed (kTimeout; call again, it is idempotent).
  virtual Status enrol(std::string_view link, Millis patience) = 0;
  virtual bool enrolled() const = 0;
  // Waits at most `wait` for something to do, does it, and returns the events that it gave.
  virtual Result<std::vector<Event>> run_once(Millis wait) = 0;
  // Runs until everything asked for is stored and all that the hub has is here, or kTimeout.
  virtual Status sync(Millis patience, const std::function<void(const Event&)>& on_event) = 0;

  // ---- The incident. Each gives the id of the message it makes, durable in the outbox.
  struct Asked { AlertId alert; ConversationId conversation; MessageId message; };
  virtual Result<Asked> ask(const Question& question) = 0;
  virtual Result<MessageId> take(AlertId alert) = 0;
  // P-116: asks a person on the ladder to have it instead; take() is the yes, decline() the no.
  virtual Result<MessageId> hand_over(AlertId alert, PersonId to) = 0;
  virtual Result<MessageId> decline(AlertId alert, std::string reason) = 0;
  // Text, ISBAR addition, medicine question, observation, task or journal mark. kNotPermitted: an act, a
  // question or a receipt, which have their own calls.
  virtual Result<MessageId> send(ConversationId conversation, wire::Body body) = 0;
  virtual Result<MessageId> advise(AlertId alert, wire::Advice advice) = 0;
  virtual Result<MessageId> read_back(MessageId advice, std::string text) = 0;
  virtual Result<MessageId> judge_read_back(MessageId read_back, bool correct) = 0;
  virtual Result<MessageId> done(MessageId advice, bool done, std::string reason) = 0;
  virtual Result<MessageId> reserve_used(AlertId alert, std::string choice) = 0;
  virtual Result<MessageId> withdraw(AlertId alert, std::string reason) = 0;
  virtual Result<MessageId> close(AlertId alert) = 0;         // kWrongState while a read-back is open (P-073)
  virtual Status mark_seen(MessageId message) = 0;
  // Adds all devices of a person or unit to a conversation, visibly.
  virtual Result<MessageId> invite(ConversationId conversation, wire::Target who) = 0;
  // Who holds a unit's phone from now on; the author of what follows.
  virtual Status set_author(std::string name, std::string profession) = 0;

  // ---- Citizens (section 16): conversations that no alert begins, their plan cards, and what is to be done.
  // The errors are those of client_core.h.
  struct Started { ConversationId conversation; MessageId message; };
  virtual Result<Started> start_conversation(wire::Citizen citizen, std::vector<wire::Target> invited) = 0;
  // Its citizen, version and what it replaces are set by the library.
  virtual Result<MessageId> write_plan(ConversationId conversation, wire::PlanCard card) = 0;
  // `hash`: of the card as it was shown to who signs.
  virtual Result<MessageId> sign_plan(ConversationId conversation, MessageId card, Digest hash) = 0;
  // P-169: the cards that stand in `room` (a citizen's), as copies beside a call, for all who are in the call's
  // conversation. Gives the last copy's id; kNotFound: none stands; the rest are those of client_core.h. ask()
  // does it by itself for a citizen whose CPR it is given, but not in a drill.
  virtual Result<MessageId> show_plans(ConversationId incident, ConversationId room) = 0;
  virtual Result<MessageId> take_item(ConversationId conversation, MessageId item) = 0;
  virtual Result<MessageId> finish_item(ConversationId conversation, MessageId item, bool done,
                                        std::string reason) = 0;

  // ---- People who share a unit's device (P-170). kNotPermitted on any other.
  virtual std::vector<ProfileView> profiles() const = 0;      // newest use first
  // Who is new holds the device from now on. kInvalidValue, kAlreadyExists (the initials), kTooLarge.
  virtual Result<ProfileId> add_profile(const ProfileDraft& draft, std::string_view pin) = 0;
  // Holds it from now on. kWrongPin, kLocked (profile_wait()); each try is counted on disk first.
  virtual Status use_profile(ProfileId profile, std::string_view pin) = 0;
  virtual Millis profile_wait(ProfileId profile) const = 0;
  virtual std::optional<ProfileId> profile_named(std::string_view initials) const = 0;
  // Her own PIN, by whoever knows it: use_profile()'s errors, kInvalidValue for a new one that is too short.
  virtual Status change_pin(ProfileId profile, std::string_view pin, std::string_view next) = 0;
  // P-172, for whoever has the device's PIN: kWrongPin, kLocked (pin_wait()), kNotFound. `by`: who holds it.
  virtual Status reset_profile(ProfileId profile, std::string_view device_pin, std::string_view pin,
                               std::string by) = 0;
  virtual Status remove_profile(ProfileId profile, std::string_view device_pin) = 0;

  // ---- Devices of those we are in conversations with, and their safety numbers (P-174).
  virtual std::vector<DeviceLook> devices() const = 0;
  // Marks as compared by a person: kInvalidValue when it is another number. Empty takes the mark away.
  virtual Status verify_device(DeviceId device, std::string_view compared) = 0;

  // ---- Lost phones (section 19). Sent at once, and again until the hub has answered (SuspensionAnswered); not
  // kept across a restart: who hears nothing rings the organisation. kNotFound: no device that we have met;
  // kNotPermitted: this one, an archive, or another organisation's; kRevoked, kDuplicate: it is out already.
  virtual Result<SuspensionId> suspend_device(DeviceId device) = 0;
  // One's own press, for ten minutes: kExpired after, kNotPermitted another's, kDuplicate, kNotFound.
  virtual Status lift_suspension(SuspensionId id) = 0;
  virtual std::vector<SuspensionView> suspensions() const = 0;  // that stand, and those lifted within a day
  // This device is suspended, by a signature that it has verified; none once it has been let in again.
  virtual std::optional<SuspensionView> own_suspension() const = 0;

  // ---- Duty by one's own hand (P-111). Sent at once, and again until the hub has answered (DutyAnswered), but
  // not kept across a restart: who hears nothing has changed nothing that she may count on.
  virtual Result<DutyChangeId> ask_swap(const SwapRequest& wanted) = 0;
  virtual Result<DutyChangeId> accept_swap(DutyChangeId id) = 0;
  // Until the running duty ends, when `until` says no earlier.
  virtual Result<DutyChangeId> take_over(RoleId role, std::optional<UtcTime> until) = 0;
  virtual std::vector<DutyChangeView> duty_changes() const = 0;
  virtual std::vector<DutyLine> duty(std::optional<UtcTime> at) const = 0;  // none: now
  virtual std::vector<DutyRole> own_roles() const = 0;        // that our person may hold
  virtual std::vector<OwnTurn> own_turns(Millis ahead) const = 0;  // from now on
  // "Jeg er på vagt" (P-181), sent as a change of duty is; answered by CheckInAnswered. kNotFound, kWrongState,
  // kNoKeyPackage: ClientCore::check_in.
  virtual Status check_in(RoleId role) = 0;
  virtual std::vector<CheckInView> check_ins() const = 0;  // that we are asked for, the soonest first

  // ---- Looking. All from the store; work offline.
  virtual std::optional<Person> self() const = 0;
  virtual std::vector<Alert> alerts() const = 0;              // open ones first, newest first
  virtual Result<Alert> alert(AlertId alert) const = 0;
  virtual std::vector<Conversation> conversations() const = 0;
  // Newest last. All that the device keeps (P-092), or the page asked for. kNotFound.
  virtual Result<std::vector<Message>> history(ConversationId conversation, HistoryPage page) const = 0;
  Result<std::vector<Message>> history(ConversationId conversation) const { return history(conversation, {}); }
  // The best `limit` (at most 1,000) after the first `skip`.
  virtual Result<std::vector<FoundMessage>> search(std::string_view words, std::size_t limit,
                                                   std::size_t skip) const = 0;
  Result<std::vector<FoundMessage>> search(std::string_view words, std::size_t limit) const {
    return search(words, limit, 0);
  }
  // The furthest that each person has signed for each message, in the order in which they came.
  virtual Result<std::vector<PersonReceipt>> receipts(ConversationId conversation) const = 0;
  virtual std::vector<Suspicion> suspicions() const = 0;      // all that were ever raised, oldest first
  // P-004: something came that this build cannot read, or the hub wants a newer one.
  virtual bool update_needed() const = 0;
  virtual std::string reserve_plan() const = 0;               // numbers to ring now; empty when none is published
  virtual bool outbox_empty() const = 0;
  // Who can be invited, by the verified rosters: roles and units by name, and people we have met.
  virtual std::vector<DirectoryEntry> directory() const = 0;
  // What is known of a citizen, with the cards that stand; never fails for one whom nobody knows.
  virtual Result<CitizenLook> citizen(const wire::Citizen& citizen) const = 0;
  // The same of whom a call is about, with what was shown in it. kNotFound: it names nobody, nothing was shown.
  virtual Result<CitizenLook> citizen_beside(ConversationId incident) const = 0;
  virtual std::vector<CitizenRoom> citizens() const = 0;      // by name
  virtual PlanState plan_state(const wire::Citizen& citizen) const = 0;
  virtual std::optional<PlanState> plan_state_beside(ConversationId incident) const = 0;
  virtual std::optional<RoundsView> rounds(ConversationId incident) const = 0;  // P-118
  // P-167: all that is open, late ones first, at most kWorkItemsMax; counted from yesterday 16.00.
  static constexpr std::size_t kWorkItemsMax = 500;
  static constexpr std::size_t kDigestRequestsMax = 200;
  virtual Result<WorkList> handover() const = 0;
  virtual std::vector<OpenWork> open_work() const = 0;        // the same without words or order
  virtual Result<MorningDigest> digest() const = 0;           // P-168
  // The way that a call of ours with this severity takes, by the newest roster; empty when we cannot ask.
  virtual std::vector<LadderRung> ladder(wire::Severity severity) const = 0;

  // ---- The journal (DOMAIN 3): who, role, times local and UTC, advice, read-back, SHA-256 of the text.
  struct JournalExport { std::string text; std::string json; Digest hash{}; };
  virtual Result<JournalExport> export_incident(ConversationId conversation) const = 0;
};

}  // namespace nattevagt::client
