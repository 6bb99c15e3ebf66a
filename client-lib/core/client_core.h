// One device as a pure state machine: identity, documents, conversations, outbox, inbox, alerts.
//
// No socket, file, thread or clock: `now` is an argument, randomness comes from the Entropy it was made with.
// Calls collect what they want done; collect() gives all of it at once, and its caller commits, sends and
// shows in that order (outcome.h). After a failed commit the core is thrown away and restored from the store.
//
// Invariants, checked by check_invariants():
//  1. A frame that collect() gives is built from state that the same Outcome, or an earlier one, writes.
//  2. At most one unfinished item of a conversation is under way: what a person said first is stored first.
//  3. A cursor only rises; an id is shown once (P-037, P-071).
//  4. A pending commit has its outbox item; an item without a group is a raise that is not built yet.
//
// Ownership: a resource. The Entropy outlives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client-lib/core/alert_record.h"
#include "client-lib/core/conversation.h"
#include "client-lib/core/device_policy.h"
#include "client-lib/core/device_record.h"
#include "client-lib/core/directory.h"
#include "client-lib/core/outbox_item.h"
#include "client-lib/core/outcome.h"
#include "client-lib/mls/key_package.h"
#include "proto/wire/hub.h"

namespace nattevagt::client {

// Waiting times of the client alone; what hub and client agree on is in proto/common/limits.h.
namespace patience {
inline constexpr Millis kPing = std::chrono::seconds(15);      // P-013
inline constexpr Millis kSilence = std::chrono::seconds(45);   // no frame: the link is dead
inline constexpr Millis kAnswer = std::chrono::seconds(30);    // a request without answer: the same
inline constexpr Millis kNotSent = std::chrono::seconds(10);   // DESIGN promise 7
inline constexpr Millis kClaim = std::chrono::seconds(5);      // "taken" without the signed act (P-053)
inline constexpr Millis kOwn = std::chrono::seconds(10);       // the hub's own loud end comes first (P-110)
inline constexpr Millis kPromise = std::chrono::seconds(30);   // a promised entry that does not come (P-062)
inline constexpr Millis kRetry = std::chrono::seconds(2);      // after a refusal, doubled each time ...
inline constexpr Millis kRetryMax = std::chrono::seconds(60);  // ... up to this
inline constexpr Millis kTurn = std::chrono::seconds(2);       // between members who would remove a device
inline constexpr Millis kLastResortKept = std::chrono::hours(24 * 7);
inline constexpr Millis kKeyPackageLife = std::chrono::hours(24 * 90);
inline constexpr Millis kKeyPackageRenewed = std::chrono::hours(24 * 7);  // so long before they expire
inline constexpr Millis kSuspended = std::chrono::seconds(5);      // P-193: asks whether it still is
inline constexpr Millis kSweep = std::chrono::hours(1);            // old keys and old words go
inline constexpr Millis kRejoinAgain = std::chrono::hours(24);     // nobody has let us back in
inline constexpr Millis kRejoinLife = limits::kEntryRetention;     // of the key package that asks
inline constexpr Millis kWordsKept = std::chrono::hours(24 * 14);  // P-092: on a person's device ...
inline constexpr Millis kUnitWordsKept = std::chrono::hours(72);   // ... and on a unit's shared phone
}  // namespace patience
inline constexpr std::uint32_t kKeyPackageStock = 30;

class ClientCore {
 public:
  explicit ClientCore(Entropy& entropy);
  ~ClientCore();
  ClientCore(const ClientCore&) = delete;
  ClientCore& operator=(const ClientCore&) = delete;

  // First and once. kCorrupt, kUnsupported, or the codec's own.
  Status restore(const StoreImage& image, UtcTime now);
  // Then every message that the store has, by conversation, in the stream's order: one at a time, since a
  // recorder's years of them do not fit beside each other.
  void restore_message(const Message& message);

  // ---- The link
  struct LinkKey {
    wire::HubPin hub;
    CurveSecretKey key;
  };
  std::optional<LinkKey> link_wanted() const;  // none: nothing to connect with
  void on_connected(UtcTime now);
  void on_disconnected(Errc reason, UtcTime now);
  void on_frame(ByteView bytes, UtcTime now);
  void tick(UtcTime now);
  UtcTime next_deadline() const;
  Outcome collect(UtcTime now);
  // Asks the hub for a sign of life; quiet() when one came and no entry had come since it was asked.
  void probe(UtcTime now);
  bool quiet() const noexcept { return quiet_; }

  // ---- Enrolment
  Status begin_enrol(std::string_view link, UtcTime now);
  bool enrolled() const noexcept { return device_ && device_->enrolled; }
  std::optional<Errc> enrol_error() const noexcept { return enrol_error_; }

  // ---- Commands; each gives the id of the message that it put in the outbox
  struct Asked {
    AlertId alert;
    ConversationId conversation;
    MessageId message;
  };
  Result<Asked> ask(wire::AdviceRequest request, UtcTime now);  // its alert id is made here
  Result<MessageId> act(const AlertId& alert, wire::ActKind kind, wire::Body body, UtcTime now);
  Result<MessageId> send(const ConversationId& conversation, wire::Body body, UtcTime now);
  Result<MessageId> read_back(const MessageId& advice, std::string text, UtcTime now);
  Result<MessageId> judge_read_back(const MessageId& read_back, bool correct, UtcTime now);
  Result<MessageId> done(const MessageId& advice, bool done, std::string reason, UtcTime now);
  Status mark_seen(const MessageId& message, UtcTime now);
  Result<MessageId> invite(const ConversationId& conversation, const wire::Target& who, UtcTime now);
  Status set_author(std::string name, std::string profession);

  // ---- Conversations about a citizen, and what is to be done (core_citizens.cpp; section 16)
  struct Started {
    ConversationId conversation;
    MessageId message;
  };
  // kAlreadyExists: there is one about this CPR; kNotPermitted: a recorder; kTooLarge, and the codec's own.
  Result<Started> start_conversation(wire::Citizen citizen, std::vector<wire::Target> invited, UtcTime now);
  // Whose it is, its version and what it replaces are set here. kNotPermitted: an alert's conversation;
  // kWrongState: who came in later and has seen no card; kInvalidValue: without parties.
  Result<MessageId> write_plan(const ConversationId& conversation, wire::PlanCard card, UtcTime now);
  // kInvalidValue: another hash; kWrongState: replaced meanwhile; kDuplicate: signed already.
  Result<MessageId> sign_plan(const ConversationId& conversation, const MessageId& card, const Digest& hash,
                              UtcTime now);
  Result<MessageId> take_item(const ConversationId& conversation, const MessageId& item, UtcTime now);
  Result<MessageId> finish_item(const ConversationId& conversation, const MessageId& item, bool done,
                                std::string reason, UtcTime now);
  std::vector<CitizenRoom> citizens(UtcTime now) const;
  std::vector<Person> members(const ConversationId& conversation) const;
  std::vector<PlanRef> plans(const wire::Citizen& citizen, UtcTime now) const;
  PlanState plan_state(const wire::Citizen& citizen, UtcTime now) const;
  // P-169: a copy of a card beside a call. kNotPermitted: no alert's conversation; kInvalidValue: another citizen
  // than the call's; kDuplicate: shown in it already.
  Result<MessageId> show_plan(const ConversationId& incident, wire::PlanCard card, UtcTime now);
  std::vector<PlanRef> plans_shown(const ConversationId& incident, UtcTime now) const;
  std::optional<wire::Citizen> asked_about(const ConversationId& incident) const;  // none: nobody is named
  // Of whom the call names, or of whom a card is shown in it; none: nobody.
  std::optional<PlanState> plan_state_beside(const ConversationId& incident, UtcTime now) const;
  std::optional<RoundsView> rounds(const ConversationId& incident, UtcTime now) const;  // P-118
  std::vector<OpenWork> open_work(UtcTime now) const;
  std::vector<IncidentView> incidents_since(UtcTime since) const;  // newest first
  // Devices of those we are in a conversation with, and whether a person has compared their numbers (P-174).
  std::vector<DeviceLook> devices() const;
  Status verify_device(const DeviceId& device, std::string_view compared, UtcTime now);  // "": takes it back

  // ---- Lost phones (section 19); the errors are those of client.h, the hub's word comes as SuspensionAnswered.
  Result<SuspensionId> suspend_device(const DeviceId& device, UtcTime now);
  Status lift_suspension(const SuspensionId& id, UtcTime now);
  std::vector<SuspensionView> suspensions() const;
  const std::optional<SuspensionView>& own_suspension() const noexcept { return suspended_here_; }

  // ---- Duty by one's own hand (P-111); the hub's word comes as DutyAnswered. Not kept across a restart.
  // kNotPermitted: not a person's device, or the roster does not let us; kWrongState and the rest: P-113.
  Result<DutyChangeId> ask_swap(const SwapRequest& wanted, UtcTime now);
  Result<DutyChangeId> accept_swap(const DutyChangeId& id, UtcTime now);
  Result<DutyChangeId> take_over(const RoleId& role, std::optional<UtcTime> until, UtcTime now);
  std::vector<DutyChangeView> duty_changes() const;
  std::vector<DutyLine> duty(UtcTime at) const;
  std::vector<DutyRole> own_roles() const;  // that the roster lets us hold
  std::vector<OwnTurn> own_turns(UtcTime from, UtcTime until) const;  // by time, cut at both ends
  // "Jeg er på vagt" (P-181); the hub's word comes as CheckInAnswered. kNotFound: nothing asks for it; kWrongState:
  // done, or not on duty by our own rota; kNoKeyPackage: a new call could not be opened on this device.
  Status check_in(const RoleId& role, UtcTime now);
  std::vector<CheckInView> check_ins(UtcTime now) const;

  // ---- Looking
  std::optional<Person> self() const;
  std::vector<Alert> alerts() const;
  Result<Alert> alert(const AlertId& alert) const;
  std::vector<Conversation> conversations() const;
  bool knows(const ConversationId& conversation) const { return conversations_.contains(conversation); }
  const std::vector<Suspicion>& suspicions() const noexcept { return suspicions_; }
  bool update_needed() const noexcept { return too_old_ || !wire::is_known(newest_kind_); }  // P-004
  std::string reserve_plan(UtcTime now) const;  // what holds then, for the own unit (P-150)
  std::vector<DirectoryEntry> directory() const;
  std::vector<LadderRung> ladder(wire::Severity severity, UtcTime now) const;
  bool outbox_empty() const;
  bool connected() const noexcept { return hello_done_; }

  void check_invariants() const;  // NV_CHECKs

 private:
  struct InFlight {
    enum class Kind : std::uint8_t { kHello, kPing, kProbe, kEnrol, kPublish, kGather, kSend, kDocuments, kDuty,
                                      kCheckIn, kDutyStatus, kSuspend };
    Kind kind{};
    std::uint64_t item = 0;  // kGather, kSend: the outbox item's number; kPublish: 1 when instead of all
    UtcTime at;
  };
  struct StockItem {
    mls::KeyPackageBundle bundle;
    UtcTime not_after;
    UtcTime superseded_at = kNever;
  };

  // core_restore.cpp
  Status restore_row(const StoreImage::Row& row, UtcTime now);
  Status restore_stock(ByteView value);
  Status restore_suspicion(ByteView value);
  Status restore_groups(const StoreImage& image);

  // core_link.cpp
  void request(wire::Request body, InFlight::Kind kind, std::uint64_t item = 0);
  bool in_flight(InFlight::Kind kind, std::optional<std::uint64_t> item = {}) const;  // no item: any of the kind
  void on_answer(const InFlight& flight, wire::Answer& answer);
  void on_hello(const wire::HelloReply& reply);
  void on_refused(const InFlight& flight, const wire::Refused& refused);
  void on_push(wire::Answer& push);
  void on_enrolled();
  void stock_key_packages(std::optional<std::uint32_t> left, bool need_last_resort);  // none: the hub did not say
  bool stock_goes_stale(std::uint32_t left, UtcTime soon) const;
  void store_stock(const mls::KeyPackageRef& ref);
  void on_published(bool instead);
  void sweep_key_packages();
  void flush_writes();
  void flush_acks();

  // core_documents.cpp
  void note_versions(const std::vector<wire::DocumentVersion>& versions);
  void on_documents(const wire::Documents& documents);
  bool rosters_current() const;
  void on_directory_changed();
  void remove_revoked();
  void add_missing_on_ladder();
  void follow_duty();

  // core_duty.cpp
  Result<DutyChangeId> post_change(wire::DutyChange change, wire::SignedDutyChange as_signed);
  void send_changes();
  void on_change_answered(std::uint64_t number, Errc why);
  void tell_of_changes(const std::map<DutyChangeId, bool>& before);
  std::map<DutyChangeId, bool> known_changes() const;
  DutyChangeView shown(const Directory::Change& change) const;
  void on_gap_item(const wire::GapItem& item);
  bool role_concerns_us(const RoleId& role) const;
  std::map<PersonId, std::string> known_names() const;

  // core_suspensions.cpp
  std::optional<wire::DeviceIdentity> met_device(const DeviceId& device) const;  // in a conversation
  bool may_suspend(const wire::DeviceIdentity& lost) const;
  void send_suspensions();
  void on_suspension_answered(std::uint64_t number, Errc why);
  void on_suspension_stands(std::uint64_t number, const wire::SignedSuspension& stands);
  void on_suspended(const wire::SignedSuspension& suspension);
  SuspensionView shown(const Directory::Suspended& one) const;
  std::map<SuspensionId, bool> known_suspensions() const;  // and whether each has been lifted
  void tell_of_suspensions(const std::map<SuspensionId, bool>& before);
  std::vector<std::string> duties_of(const PersonId& person) const;
  bool has_taken_a_call(const PersonId& person) const;

  // core_check_in.cpp
  struct Notice {  // P-180
    wire::CheckInItem item;
    bool can_open = false, done = false;
    bool told = false;  // to the person, on this device
  };
  struct KnownStatus {
    wire::DutyTrouble trouble{};
    UtcTime since = kNever;
    std::vector<wire::VerifiedCheckIn> check_ins;
  };
  bool due_by_rota(const wire::CheckInItem& item, UtcTime now) const;
  void save_notice(const Notice& notice);
  Status restore_notice(ByteView value);
  void on_check_in_item(const wire::CheckInItem& item);
  void tell_of_notices();
  CheckInView shown(const Notice& notice) const;
  void send_check_ins();
  void on_check_in_answered(std::uint64_t number, Errc why);
  void forget_old_notices();
  void ask_duty_status();
  void on_duty_statuses(const wire::DutyStatuses& said, bool whole, bool first);
  void take_status(const wire::DutyStatus& status);
  Reach reach_by(const RoleId& role, const KnownStatus& status, UtcTime now) const;
  Reach reach(const RoleId& role, UtcTime now) const;
  Reach reach_of(const wire::Target& target, UtcTime now) const;  // of the role that answers for it

  // core_outbox.cpp
  void pump();
  void drive(OutboxItem& item);
  void transmit(OutboxItem& item);
  bool in_flight(std::uint64_t item) const;  // of the outbox
  void encrypt(OutboxItem& item, ConversationState& conversation);
  void send_built(OutboxItem& item, wire::Request body);  // kIntent -> kBuilt, and away when it is durable
  Result<Bytes> protect_content(OutboxItem& item, ConversationState& conversation);
  void on_stored(OutboxItem& item, const wire::Stored& stored);
  Status check_receipt(const OutboxItem& item, const wire::Receipt& receipt) const;
  void on_send_refused(OutboxItem& item, const wire::Refused& refused);
  void back_to_intent(OutboxItem& item);
  void put_off(OutboxItem& item, Millis at_least);
  void show_not_sent(OutboxItem& item, Errc why);
  void give_up(OutboxItem& item, Errc why);
  void finish_if_done(std::uint64_t number);
  OutboxItem& enqueue(OutKind kind, Message message);
  Result<MessageId> enqueue_content(const ConversationId& conversation, wire::Body body,
                                    std::optional<wire::ActKind> act, const AlertId& alert);

  // core_gather.cpp
  struct Chosen {
    std::vector<Bytes> packages;
    std::vector<DeviceId> devices;
    std::vector<Who> people;
  };
  void gather_for_raise(OutboxItem& item);
  void gather_for_commit(OutboxItem& item, ConversationState& conversation);
  void on_gathered(OutboxItem& item, const wire::Gathered& gathered);
  Chosen choose(const wire::Gathered& gathered, const ConversationState& conversation,
                const std::function<bool(const Who&)>& expected);
  struct Room {
    Bytes welcome;  // empty: nobody else is in it
    Bytes first_words;
  };
  Result<Room> make_room(OutboxItem& item, ConversationState& conversation, const Chosen& chosen);
  void build_raise(OutboxItem& item, const wire::Gathered& gathered);
  void warn_of_missing(OutboxItem& item, const Directory::Asking& asking, const Chosen& chosen);
  void build_commit(OutboxItem& item, ConversationState& conversation, const wire::Gathered* gathered);

  // core_citizens.cpp
  void gather_for_start(OutboxItem& item);
  void build_start(OutboxItem& item, const wire::Gathered& gathered);
  const CitizenFacts& work_with_queued(const ConversationState& conversation, CitizenFacts& scratch) const;
  Result<const ConversationState*> writable(const ConversationId& conversation) const;
  CitizenFacts::Signer signer() const;
  static PlanRef ref_of(const ConversationId& conversation, const MessageId& id, const CitizenFacts::Card& card,
                        wire::CitizenMatch match, UtcTime now);

  // core_hub_loss.cpp
  void go_back(ConversationState& conversation, std::uint64_t seq);
  void note_lost_streams();
  void give_up_lost(ConversationState& conversation, std::uint64_t seq);
  void on_commit_lost(ConversationState& conversation);

  // core_rounds.cpp
  std::optional<UtcTime> reminder(const ConversationId& incident) const;  // not said yet
  void remind_of_rounds();
  UtcTime next_reminder() const;

  // core_rejoin.cpp
  void note_positions(const std::vector<wire::StreamPosition>& positions);
  void skip_to(ConversationState& conversation, std::uint64_t seq);
  void adopt_lost();
  bool may_encrypt(const ConversationState& conversation) const;
  void begin_rejoin(ConversationState& conversation, std::string why);
  void ask_to_rejoin(ConversationState& conversation);
  void build_rejoin(OutboxItem& item, ConversationState& conversation);
  void come_back(ConversationState& conversation, std::uint64_t seq);
  void save_return(const ConversationState& conversation);
  void save_returner(const ConversationId& conversation, const std::pair<const DeviceId, Returner>& returner);
  Status restore_return(const StoreImage::Row& row);
  void on_rejoin(ConversationState& conversation, const wire::Entry& entry);
  Result<wire::Rejoin> checked_rejoin(const ConversationState& conversation, const wire::Entry& entry);
  void settle_returners(ConversationState& conversation, const mls::EpochChange& change);

  // core_sweep.cpp
  void sweep();
  void forget_old_words(ConversationState& conversation);

  // core_inbox.cpp
  void on_entry(wire::Entry& entry);
  bool follow(ConversationState& conversation, const wire::Entry& entry);
  void keep_promises(ConversationState& conversation, const wire::Entry& entry);
  void advance(ConversationState& conversation, std::uint64_t seq, const Digest& chain);
  void hold(wire::Entry& entry);
  void release_held(const ConversationId& conversation);
  void on_inbox_item(const wire::Entry& entry);
  void on_newer(wire::EntryKind kind);
  void on_too_old();
  void on_welcome(const wire::WelcomeItem& item);
  Result<mls::Group> join(const wire::WelcomeItem& item);
  void refuse_welcome(const wire::WelcomeItem& item, Errc why);

  // core_conversation.cpp
  void on_stream_entry(ConversationState& conversation, const wire::Entry& entry);
  void on_echo(ConversationState& conversation, const wire::Entry& entry, OutboxItem& item);
  void on_application(ConversationState& conversation, const wire::Entry& entry,
                      const mls::ApplicationMessage& message);
  Result<Message> checked_message(ConversationState& conversation, const wire::Entry& entry,
                                  const mls::ApplicationMessage& message, Who* who);
  void check_mark(ConversationState& conversation, const wire::Entry& entry, const wire::StreamMark& mark);
  void show(ConversationState& conversation, const Message& message, const Who& who);
  void on_seen(ConversationState& conversation, const wire::Seen& seen);
  void on_commit(ConversationState& conversation, const mls::EpochChange& change, bool lost_pending);
  void on_process_failed(ConversationState& conversation, const wire::Entry& entry, Errc why);
  void on_removed(ConversationState& conversation);
  void announce_members(ConversationState& conversation, const std::vector<mls::Member>& joined,
                        const std::vector<mls::Member>& left);
  void drop_pending_intents(const ConversationId& conversation);

  // core_alerts.cpp
  void on_alert_item(const wire::AlertItem& item, UtcTime stored_at);
  void note_words(ConversationState& conversation, const Message& message, const Who& who);
  void note_take(ConversationState& conversation, const Message& message, const Who& who);
  static bool take_is_over(const AlertRecord& record, const SignedTake& take);
  void count_take(AlertRecord& record, const SignedTake& take);
  void note_hand_over(ConversationState& conversation, const wire::HandOver& handed, const Who& who);
  bool may_take(const AlertRecord& record, const Who& who) const;
  void reconsider_takes();
  void weigh_claim(AlertRecord& record);
  void on_claim_due(AlertRecord& record);
  std::optional<Directory::Asking> asking(const AlertRecord& record) const;
  Alert shown(const AlertRecord& record) const;
  void alert_changed(AlertRecord& record, wire::NoticeKind notice);
  AlertRecord& record_of(const AlertId& alert);

  // core_obligation.cpp (P-110)
  void owe(AlertRecord& record, RingReason reason, Millis within);
  void owe_taker(AlertRecord& record, Millis promised);
  void owe_advice(AlertRecord& record);
  void settle_obligation(AlertRecord& record);
  void note_obligation(AlertRecord& record, const wire::Body& body, const Who& who);
  void hub_rang(AlertRecord& record, wire::NoticeKind notice);
  void ring_for_obligations();

  // Shared
  mls::Validation validation(const DevicePolicy& policy) const;
  DevicePolicy policy() const { return {directory_, grants_, rosters_current()}; }
  void learn(const DevicePolicy& policy);
  std::vector<wire::DeviceIdentity> identities(const std::vector<mls::Member>& members) const;
  Who self_who() const;
  ConversationState* find(const ConversationId& conversation);
  const ConversationState* find(const ConversationId& conversation) const;
  ConversationState* find_message(const MessageId& message);
  const IncidentFacts* facts_with_queued(const ConversationState& conversation, IncidentFacts& scratch) const;
  void suspect(Errc code, std::optional<ConversationId> conversation, std::string text);
  void save(Table table, Bytes key, SecretBytes value);
  void erase(Table table, Bytes key);
  static Bytes row_key(const ConversationId& id, ByteView key);  // of Table::kRatchets
  void forget_group(ConversationState& conversation);            // and its rows

  Entropy& entropy_;
  UtcTime now_;
  Outcome out_;

  // Durable
  std::optional<DeviceRecord> device_;
  std::optional<wire::DeviceIdentity> self_;
  Directory directory_;
  GrantDevices grants_;
  std::map<mls::KeyPackageRef, StockItem> stock_;
  std::map<ConversationId, ConversationState> conversations_;
  ConversationState inbox_;
  std::map<std::uint64_t, OutboxItem> outbox_;
  std::map<AlertId, AlertRecord> alerts_;
  std::map<RoleId, Notice> notices_;
  std::vector<Suspicion> suspicions_;
  wire::EntryKind newest_kind_{};  // of those that came and are not known; a later build may know it
  bool too_old_ = false;           // the hub said so on this connection
  std::set<Digest> suspected_;
  std::map<DeviceId, UtcTime> verified_;

  struct DutyPost {
    DutyChangeId id;
    wire::SignedDutyChange change;
  };
  std::map<std::uint64_t, DutyPost> duty_posts_;  // by our own number
  struct CheckInPost {
    RoleId role;
    wire::SignedCheckIn check_in;
  };
  std::map<std::uint64_t, CheckInPost> check_in_posts_;  // likewise
  struct SuspensionPost {
    SuspensionId id;
    DeviceId device;
    wire::SignedSuspension suspension;
    std::optional<wire::SignedLift> lift;  // instead
  };
  std::map<std::uint64_t, SuspensionPost> suspension_posts_;  // likewise
  std::uint64_t next_duty_post_ = 1;
  std::optional<SuspensionView> suspended_here_;  // since the hub last let us in

  // Of this connection
  bool connected_ = false, hello_done_ = false, deaf_ = false, quiet_ = false, entries_since_probe_ = false;
  std::uint64_t next_request_ = 1, next_item_ = 1;
  std::map<std::uint64_t, InFlight> flights_;
  UtcTime last_frame_, last_ping_, publish_after_;
  std::map<std::pair<OrganisationId, wire::DocumentKind>, std::uint64_t> announced_;
  UtcTime duty_changes_at_ = UtcTime::min();
  std::map<RoleId, KnownStatus> duty_status_;
  bool duty_known_ = false;  // all of it, on this connection
  std::map<ConversationId, std::vector<wire::Entry>> held_;
  std::size_t held_count_ = 0;
  std::map<ConversationId, std::uint64_t> gap_at_;  // asked again once from here
  // P-079, by the hub's Hello: streams' heads; those that it counts us in and we do not know, with what it
  // thinks that we have; those that it does not count us in.
  std::map<ConversationId, std::uint64_t> heads_, lost_;
  std::set<ConversationId> unlisted_;
  bool restock_ = false;  // the hub's key packages of ours may be used up
  std::optional<Errc> enrol_error_;

  UtcTime sweep_at_;
  std::map<ConversationId, UtcTime> reminded_;  // of the round that was due then

  // Changed since the last collect()
  bool dirty_device_ = false;
  std::set<ConversationId> dirty_streams_, dirty_epochs_, dirty_ratchets_, dirty_acks_;
  std::set<std::uint64_t> dirty_items_;
  std::set<AlertId> dirty_alerts_;
};

}  // namespace nattevagt::client
