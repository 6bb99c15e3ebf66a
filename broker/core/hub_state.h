// The inside of HubCore: the parts together, and what the hub does on each event. Included by hub_*.cpp
// alone.
//
// Each handler decides, and says what it decided as a fact; emit() makes the record, applies the fact through
// the same apply() that replay() uses, and gives the index that the answer must wait for.
#pragma once

#include <map>
#include <vector>

#include "broker/core/alert_book.h"
#include "broker/core/audit.h"
#include "broker/core/directory.h"
#include "broker/core/duty_book.h"
#include "broker/core/hub_core.h"
#include "broker/core/record.h"
#include "broker/core/sessions.h"
#include "broker/core/streams.h"
#include "proto/rota/rota.h"

namespace nattevagt::broker {

inline constexpr Millis kCursorFlush = Millis(200);      // an Ack is durable after this at the latest
inline constexpr std::size_t kCursorFlushCount = 4'096;  // or with this many others
inline constexpr Millis kRetentionSweep = std::chrono::hours(1);
inline constexpr std::size_t kMovesPerStep = 512;  // alerts that move in one step; the rest in the next
inline constexpr std::size_t kTrimmedPerRecord = 1'000;  // and streams or alerts that a step's sweep looks at
inline constexpr std::size_t kEntriesPerSweep = 5'000;   // that such a step lets go
inline constexpr std::size_t kRolesPerLook = 16;         // whose next 14 days one step looks at for gaps
inline constexpr Millis kSweepPause = Millis(10);        // between such steps: requests come first
inline constexpr std::size_t kRolesPerStep = 64;         // whose duty one step looks at (P-188)
inline constexpr std::size_t kAnswerBytesMax =
    limits::kFrameBytesMax - 64 * 1024;  // of one answer's documents
inline constexpr Millis kQuotaRetry = std::chrono::seconds(10);

struct HubCore::State final : OnCall {
  explicit State(HubConfig given);

  // ---- The parts
  HubConfig config;
  Directory directory;
  Streams streams;
  Sessions sessions;
  AlertBook alerts;

  // ---- The journal's end and the time
  JournalIndex last_index = 0;
  UtcTime last_time{};  // of the last record
  UtcTime now{};
  bool started = false;
  bool draining = false;
  JournalIndex documents_changed = 0;
  wire::AuditPoint audit{0, wire::audit_chain_first()};  // after the last record
  std::vector<DeviceNumber> revoked_now;                 // by the fact that was applied last
  std::vector<DeviceNumber> suspension_news;             // suspended or not any more, by it
  UtcTime duty_at = kNever;           // the next moment at which a rota may say something else (P-106)
  std::vector<AlertId> duty_pending;  // ringing alerts that have not heard of the last one
  std::map<RoleId, std::vector<WarnedGap>> warned_gaps;  // durable
  DutyBook duty;
  struct {  // not durable: when each role is looked at next, and what its rota says
    std::map<RoleId, UtcTime> at;
    std::set<std::pair<UtcTime, RoleId>> order;
    std::map<RoleId, DutyPlan> plans;
    std::optional<JournalIndex> documents;  // what the plans are of
    UtcTime pause_until = UtcTime::min();
  } watch;
  UtcTime started_at{};
  UtcTime gaps_at = kNever;                              // when a gap may be nearer than was said (P-117)
  struct GapLook {                                       // under way: where it goes on
    OrganisationId organisation;
    std::size_t role = 0;
    UtcTime next = kNever;  // when the next one is due, by what this one has seen; kNever: none is under way
  } gap_look;
  UtcTime flush_at = kNever;
  UtcTime sweep_at = kNever;
  struct {  // where the sweep of P-038 goes on; none: it begins
    std::optional<ConversationId> stream;
    DeviceNumber inbox = 0;
    std::optional<AlertId> alert;
    enum class Part : std::uint8_t { kStreams, kInboxes, kAlerts } part = Part::kStreams;
  } sweep;
  std::multimap<UtcTime, CurvePublicKey> key_ends;  // grants and certificates that will expire
  Outcome out;                                      // of the step that runs
  Counters counters;

  // ---- OnCall
  std::vector<DeviceNumber> devices_of(std::span<const wire::Target> targets) const override;
  bool degraded(std::span<const wire::Target> targets) const override;
  std::vector<DeviceNumber> armed_for(std::span<const wire::Target> targets,
                                      std::span<const wire::Target> next) const override;
  UtcTime away_at(DeviceNumber device) const override;
  PersonId person_of(DeviceNumber device) const override;

  bool silent(const wire::Target& target, const std::set<DeviceNumber>& devices) const;

  // ---- hub_core.cpp: events and time
  void handle(const SessionOpened& event);
  void handle(const SessionClosed& event);
  void handle(const SessionRequest& event);
  void handle(const SendStalled& event);
  void handle(const Tick&) {}
  void handle(const DrainBegins&);
  void serve(Session& session, std::uint64_t request, const wire::Request& body);
  std::optional<Errc> why_not_admitted(const Principal& principal) const;
  void close_session(Session& session, Errc reason, JournalIndex after);
  wire::Goodbye goodbye(const Device* device, Errc reason) const;
  void run_time();  // all that is due
  void expire_keys();
  void flush_cursors();
  UtcTime next_deadline() const;
  void refresh_counters();

  JournalIndex emit(Fact fact, std::vector<Bytes> bodies = {});
  std::vector<wire::AuditLine> note(const Fact& fact, JournalIndex index, UtcTime at);
  void answer(const Session& session, std::uint64_t request, wire::Answer body, JournalIndex after);
  void push(const Session& session, wire::Answer body, JournalIndex after);
  void refuse(const Session& session, std::uint64_t request, wire::Refused refused);
  void refuse(const Session& session, std::uint64_t request, Errc code);
  void receipt(const Session& session, std::uint64_t request, wire::ReceiptLeaf leaf, JournalIndex after);

  // ---- hub_identity.cpp
  void hello(Session& session, std::uint64_t request, const wire::Hello& said);
  void ping(Session& session, std::uint64_t request);
  void serve_grant(Session& session, std::uint64_t request, const wire::Enrol& enrol);
  Result<JournalIndex> enrol(const GrantId& grant, const wire::Certificate& certificate);
  Result<JournalIndex> announce(const OrganisationId& organisation, const wire::SignedGrant& grant);
  Result<JournalIndex> publish(const OrganisationId& organisation, const wire::SignedDocument& document);
  JournalIndex announce_document(wire::SignedDocument document);
  void revoke_listed(const OrganisationId& organisation, JournalIndex index);
  void get_documents(Session& session, std::uint64_t request, const wire::GetDocuments& wanted);
  void list_devices(Session& session, std::uint64_t request, const wire::ListDevices& wanted);
  void get_audit_point(Session& session, std::uint64_t request);

  bool tells(const Session& session, wire::DocumentKind kind) const { return kind <= session.kinds; }  // P-197
  std::vector<wire::DocumentVersion> versions_for(const Session& session) const;

  // What the hub's own next document of this kind is numbered (P-112).
  std::uint64_t next_version(const OrganisationId& organisation, wire::DocumentKind kind) const;

  // ---- hub_suspensions.cpp
  void suspend(Session& session, std::uint64_t request, const wire::SignedSuspension& wanted);
  Status may_suspend(const Device& by, const wire::VerifiedSuspension& verified,
                     const wire::Suspensions& list) const;
  Result<JournalIndex> lift(const Principal& by, const wire::SignedLift& wanted);
  wire::Suspensions suspensions_now(const OrganisationId& organisation) const;
  JournalIndex publish_suspensions(const OrganisationId& organisation, wire::Suspensions list);

  // ---- hub_duty.cpp
  Result<JournalIndex> change_duty(const Device& device, const wire::SignedDutyChange& wanted);
  void look_for_gaps();  // now, from the first role on
  void watch_gaps();
  void watch_gaps_of(const OrganisationId& organisation, const wire::Rota& rota, const wire::RoleRota& role);
  void warn_of(const OrganisationId& organisation, const rota::Gap& gap);
  Status may_change_duty(const Device& device, const wire::AgreedChange& agreed) const;

  // ---- hub_watch.cpp
  struct Doubt {  // of a person on duty
    wire::DutyTrouble trouble = wire::DutyTrouble::kNone;
    bool steady = false;    // heard without a break for long enough
    bool excused = false;   // not checked in, and the hub has not been up for long enough to doubt it
    UtcTime next = kNever;  // when it may be another
  };
  void look_at_role(const RoleId& role, UtcTime at);
  void look_at_all_roles();
  void watch_duty();
  UtcTime next_watch_at() const;
  void heard(Device& device);
  UtcTime watch_role(const RoleId& role);
  void ask_again(const PersonId& person);
  void ask_check_in(const RoleId& role, const PersonId& person, UtcTime from);
  UtcTime doubt_role(const RoleId& role, const DutyPlan& plan);
  Doubt doubt_of(const Shift& shift) const;
  Result<JournalIndex> check_in(const Device& device, const wire::SignedCheckIn& wanted);
  void tell_of_role(const RoleId& role, JournalIndex after);
  void get_duty_status(Session& session, std::uint64_t request, const wire::GetDutyStatus& wanted);

  // ---- hub_key_packages.cpp
  Result<JournalIndex> publish_key_packages(Device& device, const wire::PublishKeyPackages& published);
  void gather(Session& session, std::uint64_t request, const wire::Gather& wanted);
  Result<std::vector<DeviceNumber>> gathered_devices(const Device& asking, const wire::Gather& wanted) const;

  // ---- hub_streams.cpp
  void append(Session& session, std::uint64_t request, const wire::Append& wanted);
  Result<EntryAppended> decide_append(const Device& sender, const wire::Append& wanted,
                                      const Digest& content) const;
  Status check_membership(const Device& sender, const wire::Append& wanted, const Stream* stream) const;
  Result<std::vector<DeviceNumber>> numbers_of(const std::vector<DeviceId>& ids) const;
  Digest welcome_digest(const Stream* stream, const wire::Append& wanted, const Digest& content) const;
  wire::ReceiptLeaf leaf_of(const Stream& stream, std::uint64_t seq) const;
  Status check_epoch(const Stream& stream, wire::EntryKind kind, std::uint64_t epoch) const;
  void refuse_at(const Session& session, std::uint64_t request, Errc code, const Stream* stream);
  void retain();
  bool sweep_stream(const Stream& stream, UtcTime oldest, std::size_t& left, EntriesTrimmed& trim) const;

  // ---- hub_alerts.cpp
  void raise(Session& session, std::uint64_t request, const wire::Raise& wanted);
  Result<AlertRaised> decide_raise(const Device& sender, const wire::Raise& wanted,
                                   const Digest& content) const;
  std::vector<DeviceNumber> raise_members(const Device& sender, const wire::Raise& wanted) const;
  Result<AlertFacts> facts_of(const Device& sender, const wire::Raise& wanted) const;
  bool repeated_raise(const Session& session, std::uint64_t request, const wire::Raise& wanted,
                      const Digest& content);
  void act(Session& session, std::uint64_t request, const wire::Act& wanted);
  JournalIndex store_act(const Alert& alert, const Device& device, const wire::Act& wanted,
                         const Digest& content, const LadderMove& move);
  void count_move(const AlertFacts& facts, const AlertProgress* before, const AlertProgress& after);
  void mend(const AlertId& id);
  std::vector<DeviceNumber> members_of(const Alert& alert) const;
  LadderScene scene_of(const AlertFacts& facts, const std::vector<DeviceNumber>& asking) const;
  Result<LadderMove> decide_act(const Alert& alert, const Device& device, const wire::Act& wanted) const;
  Result<LadderMove> decide_hand_over(const Alert& alert, const PersonId& to) const;
  void get_alert(Session& session, std::uint64_t request, const wire::GetAlert& wanted);
  void move_alerts();
  JournalIndex tell_invited(const Alert& alert, const std::vector<DeviceNumber>& devices);
  void follow_duty();
  AlertChange change_of(const AlertFacts& facts, const Alert* before,
                        const std::vector<DeviceNumber>& members, const LadderMove& move) const;
  std::vector<DeviceNumber> asking_devices(const AlertFacts& facts) const;
  bool is_asking(const AlertFacts& facts, const Device& device) const;
  bool is_named(const Alert& alert, const Device& device) const;
  bool is_taker(const Alert& alert, const Device& device) const;

  // ---- hub_apply.cpp: one fact each; kCorrupt when it does not fit the state (replay of damaged bytes)
  struct Place {
    JournalIndex index = 0;
    UtcTime at;
  };
  Status apply(const GrantAnnounced& fact, Place place);
  Status apply(const DeviceEnrolled& fact, Place place);
  Status apply(const KeyPackageAdded& fact, Place place);
  Status apply(const KeyPackagesTaken& fact, Place place);
  Status apply(const DocumentPublished& fact, Place place);
  Status apply(const EntryAppended& fact, Place place);
  Status apply(const CursorsAdvanced& fact, Place place);
  Status apply(const AlertRaised& fact, Place place);
  Status apply(const AlertActed& fact, Place place);
  Status apply(const AlertStepped& fact, Place place);
  Status apply(const EntriesTrimmed& fact, Place place);
  Status apply(const AlertForgotten& fact, Place place);
  Status apply(const AlertMended& fact, Place place);
  Status apply(const GapWarned& fact, Place place);
  Status apply(const CheckInAsked& fact, Place place);
  Status apply(const CheckedIn& fact, Place place);
  Status apply(const ShiftEnded& fact, Place place);
  Status apply(const DutyDoubted& fact, Place place);
  void post(wire::EntryKind kind, const Bytes& item, const std::vector<DeviceNumber>& devices, Place place);
  Status apply_change(const AlertId& alert, const AlertChange& change, Place place);
  void apply_members(Stream& stream, const EntryAppended& fact);
  void apply_entry(Stream& stream, const NewEntry& entry, Place place);
  void apply_inbox(DeviceNumber device, wire::EntryKind kind, const Digest& content,
                   std::shared_ptr<const InboxPayload> payload, Place place);
  void apply_welcomes(const Stream& stream, std::uint64_t seq, const Digest& chain,
                      const std::vector<DeviceNumber>& devices, const Digest& content, Place place);
  bool known(const std::vector<DeviceNumber>& devices) const;  // enrolled, each once

  // ---- hub_snapshot.cpp
  Bytes snapshot() const;
  Status restore(ByteView bytes);
  std::vector<JournalIndex> live_records() const;
  void check_invariants() const;
};

}  // namespace nattevagt::broker
