// A hub core with organisations and devices, driven by hand: time is a number that the test moves, the
// journal is a vector, and what a device was sent is in its Post box.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/core/audit.h"
#include "broker/core/hub_core.h"
#include "proto/common/entropy.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker::testing {

struct TestOrganisation {
  SignKey key;
  wire::OrganisationCard card;
  std::uint64_t roster_version = 0, rota_version = 0;
  std::uint64_t revocations_version = 0;
  explicit TestOrganisation(Entropy& entropy);
};

struct TestGrant {
  wire::Grant grant;
  wire::SignedGrant signed_grant;
  SignSeed seed;
};

struct TestDevice {
  std::string name;
  DeviceId id;
  PersonId person;
  std::optional<UnitId> unit;
  OrganisationId organisation;
  GrantId grant;
  wire::SignedGrant signed_grant;
  wire::Certificate certificate;
  CurvePublicKey curve_key;
  std::shared_ptr<const SignKey> sign_key;
};

struct DeviceWish {
  std::optional<PersonId> person = {};
  std::optional<UnitId> unit = {};
  wire::HolderKind kind = wire::HolderKind::kPerson;
  Millis grant_lifetime = std::chrono::hours(24);
  Millis certificate_lifetime = std::chrono::hours(24 * 365);
};

TestGrant make_grant(Entropy& entropy, const TestOrganisation& organisation, UtcTime now,
                     const DeviceWish& wish);
TestDevice make_device(Entropy& entropy, const TestOrganisation& organisation, const TestGrant& grant,
                       UtcTime now);

wire::Target to_role(const RoleId& role);
wire::Target to_person(const PersonId& person);
wire::Target to_unit(const UnitId& unit);

// What one step answered to one request: exactly one of the first three.
struct Reply {
  std::optional<wire::Answer> answer;
  std::optional<wire::ReceiptLeaf> leaf;
  std::optional<SendGathered> gathered;
  JournalIndex after = 0;

  Errc code() const;  // of Refused; kDuplicate (never used by the hub) when not refused
  bool refused() const { return answer && std::holds_alternative<wire::Refused>(*answer); }
  bool accepted() const { return answer && std::holds_alternative<wire::Accepted>(*answer); }
  const wire::Refused& refusal() const { return std::get<wire::Refused>(*answer); }
  template <class T>
  const T& as() const {
    return std::get<T>(*answer);
  }
};

// What a session was sent besides answers.
struct Mail {
  std::vector<SendEntry> entries;
  std::vector<wire::Answer> pushes;
  std::optional<Errc> closed;
};

// Where a test's people neither check in nor breathe, nobody doubts them.
inline constexpr DutyTimes kNobodyDoubts{std::chrono::hours(24 * 3650), std::chrono::hours(24 * 3650)};

class World {
 public:
  explicit World(std::uint64_t seed = 1, std::size_t organisations = 1, DutyTimes duty = kNobodyDoubts);
  ~World();  // every test ends with the invariants, a replay, and a snapshot that equals the state

  HubConfig config() const;
  TestOrganisation& org(std::size_t i = 0) { return organisations[i]; }

  // ---- Events
  Outcome run(const Event& event);
  void advance(Millis span);                 // ticks at each deadline on the way
  void sleep(Millis span) { now += span; }   // without a tick
  void crash(std::size_t lose_records = 0);  // the process goes; the last records with it
  void crash_after_snapshot();               // the same, and all that comes back is the snapshot
  void drain() { run(DrainBegins{}); }

  // ---- People
  TestDevice enrol(const DeviceWish& wish = {}, std::size_t organisation = 0);
  SessionId connect(const TestDevice& device);  // opens a session and says Hello
  SessionId open(const Principal& principal);
  void disconnect(const TestDevice& device);
  SessionId session(const TestDevice& device) const { return sessions.at(device.id); }
  bool connected(const TestDevice& device) const { return sessions.contains(device.id); }

  // ---- Requests
  Reply ask(SessionId session, wire::Request body, std::uint32_t protocol = wire::kProtocolVersion);
  Reply ask(const TestDevice& device, wire::Request body) { return ask(session(device), std::move(body)); }
  Reply ask_organisation(wire::Request body, std::size_t organisation = 0);
  void ack(const TestDevice& device, ConversationId stream, std::uint64_t seq);
  void ack_all(const TestDevice& device);  // everything in its mail
  Mail take_mail(const TestDevice& device);
  Mail& mail(const TestDevice& device) { return mails[session(device)]; }
  std::vector<wire::AlertItem> take_alerts(const TestDevice& device);  // and acknowledges all
  std::vector<std::uint64_t> seqs(const TestDevice& device, ConversationId stream);

  Reply publish_roster(wire::Roster roster, std::size_t organisation = 0);
  Reply publish_rota(wire::Rota rota, std::size_t organisation = 0);
  Reply revoke(const std::vector<DeviceId>& devices, std::size_t organisation = 0);

  ConversationId create(const TestDevice& sender, const std::vector<DeviceId>& added,
                        std::uint64_t epoch = 0);
  wire::Append message(ConversationId stream, std::uint64_t epoch, std::string_view text);
  // A red call in a conversation of its own at epoch 1; it is not sent.
  wire::Raise make_raise(UnitId unit, LadderId ladder, const std::vector<const TestDevice*>& members);

  template <class IdType>
  IdType id() {
    return entropy.make_id<IdType>();
  }
  void check_audit() const;
  void check_replay();  // from the first record, and from a snapshot in the middle

  bool checks = true;  // the invariants after every step
  DutyTimes duty;
  SeededEntropy entropy;
  std::deque<TestOrganisation> organisations;
  UtcTime now = from_unix_ms(1'790'000'000'000);
  std::unique_ptr<HubCore> core;
  std::vector<Record> journal;
  std::vector<wire::AuditLine> audit;  // as the journal keeps it: past the records and the snapshot
  std::optional<std::pair<JournalIndex, Bytes>> snapshot;  // of the core's start
  std::map<SessionId, Mail> mails;
  std::map<DeviceId, SessionId> sessions;
  std::map<OrganisationId, SessionId> organisation_sessions;
  std::vector<Effect> admissions;  // AdmitKey, ForgetKey
  std::map<std::pair<SessionId, std::uint64_t>, Reply> replies;
  SessionId next_session = 1;
  std::uint64_t next_request = 1;

 private:
  Reply publish(wire::DocumentKind kind, std::uint64_t& version, Bytes body, std::size_t organisation);
  void take(const Outcome& outcome);
  void reply(SessionId session, std::uint64_t request, Reply reply);
};

}  // namespace nattevagt::broker::testing
