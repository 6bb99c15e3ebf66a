#include "tests/unit/broker_world.h"

#include <gtest/gtest.h>

namespace nattevagt::broker::testing {

TestOrganisation::TestOrganisation(Entropy& entropy) : key(SignKey::generate(entropy)) {
  card.sign_key = key.public_key();
  card.id = wire::organisation_id(card.sign_key);
  card.curve_key = curve_public_key(entropy.make_secret<CurveSecretKey>());
}

TestGrant make_grant(Entropy& entropy, const TestOrganisation& organisation, UtcTime now,
                     const DeviceWish& wish) {
  TestGrant out{{}, {}, entropy.make_secret<SignSeed>()};
  const wire::GrantKeys keys = wire::grant_keys(out.seed);
  wire::Grant& grant = out.grant;
  grant.id = entropy.make_id<GrantId>();
  grant.organisation = organisation.card.id;
  grant.kind = wish.kind;
  grant.person = wish.person ? *wish.person : entropy.make_id<PersonId>();
  grant.unit = wish.unit;
  grant.sealed_label = Bytes(60, 7);
  grant.sign_key = keys.sign.public_key();
  grant.curve_key = curve_public_key(keys.curve);
  grant.issued_at = now;
  grant.not_after = now + wish.grant_lifetime;
  grant.certificate_lifetime = wish.certificate_lifetime;
  grant.hub.endpoint = "tcp://hub.example.dk:5670";
  out.signed_grant = wire::sign_grant(grant, organisation.key);
  return out;
}

TestDevice make_device(Entropy& entropy, const TestOrganisation& organisation, const TestGrant& grant,
                       UtcTime now) {
  wire::CertificateBody body;
  body.grant = grant.signed_grant;
  const auto key = std::make_shared<const SignKey>(SignKey::generate(entropy));
  body.sign_key = key->public_key();
  body.curve_key = curve_public_key(entropy.make_secret<CurveSecretKey>());
  body.issued_at = now;
  body.not_after = now + grant.grant.certificate_lifetime;
  TestDevice device;
  device.sign_key = key;
  device.id = wire::device_id(body.sign_key, body.curve_key);
  device.person = grant.grant.person;
  device.unit = grant.grant.unit;
  device.organisation = organisation.card.id;
  device.grant = grant.grant.id;
  device.signed_grant = grant.signed_grant;
  device.certificate = wire::sign_certificate(body, wire::grant_keys(grant.seed).sign);
  device.curve_key = body.curve_key;
  return device;
}

wire::Target to_role(const RoleId& role) { return {wire::TargetKind::kRole, {role.bytes}}; }
wire::Target to_person(const PersonId& person) { return {wire::TargetKind::kPerson, {person.bytes}}; }
wire::Target to_unit(const UnitId& unit) { return {wire::TargetKind::kUnit, {unit.bytes}}; }

Errc Reply::code() const { return refused() ? refusal().code : Errc::kDuplicate; }

World::World(std::uint64_t seed, std::size_t count, DutyTimes times) : duty(times), entropy(seed) {
  for (std::size_t i = 0; i < count; ++i) organisations.emplace_back(entropy);
  core = std::make_unique<HubCore>(config());
  take(core->started(now));
}

World::~World() {
  core->check_invariants();
  check_audit();
  EXPECT_TRUE(core->find_faults(std::min(now, core->next_deadline())).empty());  // P-130
  check_replay();
}

HubConfig World::config() const {
  HubConfig config;
  for (const TestOrganisation& organisation : organisations)
    config.organisations.push_back(organisation.card);
  config.duty = duty;
  return config;
}

void World::take(const Outcome& outcome) {
  for (const Record& record : outcome.records) {
    ASSERT_EQ(record.index, (snapshot ? snapshot->first : 0) + journal.size() + 1);
    ASSERT_TRUE(journal.empty() || record.at >= journal.back().at);
    ASSERT_LE(record.bodies.size(), 2U);
    journal.push_back(record);
    audit.insert(audit.end(), record.audit.begin(), record.audit.end());
  }
  const auto last = core->last_index();
  for (const Effect& effect : outcome.effects) {
    std::visit(
        [&](const auto& e) {
          using E = std::decay_t<decltype(e)>;
          ASSERT_LE(e.after, last);  // hub_core.h, invariant 2
          if constexpr (std::is_same_v<E, SendFrame>) {
            if (e.frame.request == 0) {
              mails[e.session].pushes.push_back(e.frame.body);
            } else {
              reply(e.session, e.frame.request, {e.frame.body, {}, {}, e.after});
            }
          } else if constexpr (std::is_same_v<E, SendReceipt>) {
            reply(e.session, e.request, {{}, e.leaf, {}, e.after});
          } else if constexpr (std::is_same_v<E, SendGathered>) {
            reply(e.session, e.request, {{}, {}, e, e.after});
          } else if constexpr (std::is_same_v<E, SendEntry>) {
            mails[e.session].entries.push_back(e);
          } else if constexpr (std::is_same_v<E, CloseSession>) {
            mails[e.session].closed = e.reason;
            std::erase_if(sessions, [&](const auto& item) { return item.second == e.session; });
          } else {
            admissions.push_back(e);
          }
        },
        effect);
  }
}

// P-003: exactly one answer.
void World::reply(SessionId session, std::uint64_t request, Reply reply) {
  const bool first = replies.emplace(std::pair{session, request}, std::move(reply)).second;
  ASSERT_TRUE(first);
}

Outcome World::run(const Event& event) {
  Outcome outcome = core->step(event, now);
  take(outcome);
  if (checks) core->check_invariants();
  return outcome;
}

void World::advance(Millis span) {
  const UtcTime end = now + span;
  while (core->next_deadline() <= end) {
    now = std::max(now, core->next_deadline());
    run(Tick{});
  }
  now = end;
}

void World::crash(std::size_t lose_records) {
  journal.resize(journal.size() - std::min(lose_records, journal.size()));
  core = std::make_unique<HubCore>(config());
  if (snapshot) {
    ASSERT_TRUE(core->restore(snapshot->second).has_value());
  }
  for (const Record& record : journal) ASSERT_TRUE(core->replay(record).has_value());
  // The audit's lines are stored with their records and lost with them.
  std::erase_if(audit, [&](const wire::AuditLine& line) { return line.seq > core->audit_point().seq; });
  sessions.clear();
  organisation_sessions.clear();
  admissions.clear();
  take(core->started(now));
}

void World::crash_after_snapshot() {
  snapshot = {core->last_index(), core->snapshot()};
  journal.clear();
  crash();
}

// P-120..P-122: the lines are a chain to where the core says, and tell what the core holds.
void World::check_audit() const {
  AuditFold fold;
  wire::AuditPoint at{0, wire::audit_chain_first()};
  for (const wire::AuditLine& line : audit) {
    ASSERT_EQ(line.seq, ++at.seq);
    at.chain = wire::audit_chain_next(at.chain, line.seq, sha256(as_bytes(line.text)));
    ASSERT_EQ(line.chain, at.chain);
    ASSERT_TRUE(fold.take(line.text)) << line.text;
  }
  ASSERT_EQ(at, core->audit_point());
  const auto differs = fold.difference(core->audit_subjects(), true);
  ASSERT_FALSE(differs) << *differs;
}

void World::check_replay() {
  HubCore twin(config());
  if (snapshot) {
    ASSERT_TRUE(twin.restore(snapshot->second).has_value());
  }
  Bytes half;
  for (std::size_t i = 0; i < journal.size(); ++i) {
    ASSERT_TRUE(twin.replay(journal[i]).has_value());
    if (i == journal.size() / 2) half = twin.snapshot();
  }
  twin.check_invariants();
  EXPECT_EQ(twin.state_digest(), core->state_digest());
  if (half.empty()) return;
  HubCore third(config());
  ASSERT_TRUE(third.restore(half).has_value());
  for (std::size_t i = journal.size() / 2 + 1; i < journal.size(); ++i) {
    ASSERT_TRUE(third.replay(journal[i]).has_value());
  }
  third.check_invariants();
  EXPECT_EQ(third.state_digest(), core->state_digest());
  EXPECT_EQ(third.live_records(), core->live_records());
}

// ---- People

TestDevice World::enrol(const DeviceWish& wish, std::size_t organisation) {
  const TestGrant grant = make_grant(entropy, org(organisation), now, wish);
  TestDevice device = make_device(entropy, org(organisation), grant, now);
  EXPECT_TRUE(ask_organisation(wire::AnnounceGrant{grant.signed_grant}, organisation).accepted());
  const SessionId at = open(GrantPrincipal{grant.grant.id});
  EXPECT_TRUE(ask(at, wire::Enrol{device.certificate}).accepted());
  run(SessionClosed{at});
  return device;
}

SessionId World::open(const Principal& principal) {
  const SessionId id = next_session++;
  run(SessionOpened{id, principal});
  return id;
}

SessionId World::connect(const TestDevice& device) {
  const SessionId id = open(DevicePrincipal{device.id});
  sessions[device.id] = id;
  ask(id, wire::Hello{"test"});
  return id;
}

void World::disconnect(const TestDevice& device) {
  const SessionId id = session(device);
  sessions.erase(device.id);
  run(SessionClosed{id});
}

// ---- Requests

Reply World::ask(SessionId session, wire::Request body, std::uint32_t protocol) {
  const std::uint64_t request = next_request++;
  run(SessionRequest{session, {protocol, request, std::move(body)}});
  const auto it = replies.find({session, request});
  return it == replies.end() ? Reply{} : it->second;
}

Reply World::ask_organisation(wire::Request body, std::size_t organisation) {
  const OrganisationId id = org(organisation).card.id;
  if (!organisation_sessions.contains(id)) organisation_sessions[id] = open(OrganisationPrincipal{id});
  return ask(organisation_sessions[id], std::move(body));
}

void World::ack(const TestDevice& device, ConversationId stream, std::uint64_t seq) {
  run(SessionRequest{session(device), {wire::kProtocolVersion, 0, wire::Ack{{{stream, seq}}}}});
}

void World::ack_all(const TestDevice& device) {
  wire::Ack ack;
  for (const SendEntry& sent : mail(device).entries)
    ack.positions.push_back({sent.entry.stream, sent.entry.seq});
  if (!ack.positions.empty())
    run(SessionRequest{session(device), {wire::kProtocolVersion, 0, std::move(ack)}});
}

Mail World::take_mail(const TestDevice& device) { return std::exchange(mails[session(device)], {}); }

std::vector<wire::AlertItem> World::take_alerts(const TestDevice& device) {
  ack_all(device);
  std::vector<wire::AlertItem> items;
  for (const SendEntry& sent : take_mail(device).entries) {
    if (sent.entry.kind != wire::EntryKind::kAlert) continue;
    auto item = wire::decode_alert_item(sent.entry.bytes);
    EXPECT_TRUE(item.has_value());
    items.push_back(*item);
  }
  return items;
}

std::vector<std::uint64_t> World::seqs(const TestDevice& device, ConversationId stream) {
  std::vector<std::uint64_t> out;
  for (const SendEntry& sent : mail(device).entries) {
    if (sent.entry.stream == stream) out.push_back(sent.entry.seq);
  }
  return out;
}

Reply World::publish(wire::DocumentKind kind, std::uint64_t& version, Bytes body, std::size_t organisation) {
  const TestOrganisation& by = org(organisation);
  const wire::SignedDocument document = wire::sign_document(by.card.id, kind, ++version, std::move(body), by.key);
  return ask_organisation(wire::PublishDocument{document}, organisation);
}

Reply World::publish_roster(wire::Roster roster, std::size_t organisation) {
  roster.issued_at = now;
  return publish(wire::DocumentKind::kRoster, org(organisation).roster_version, wire::encode(roster),
                 organisation);
}

Reply World::publish_rota(wire::Rota rota, std::size_t organisation) {
  rota.issued_at = now;
  return publish(wire::DocumentKind::kRota, org(organisation).rota_version, wire::encode(rota), organisation);
}

Reply World::revoke(const std::vector<DeviceId>& devices, std::size_t organisation) {
  return publish(wire::DocumentKind::kRevocations, org(organisation).revocations_version,
                 wire::encode(wire::Revocations{now, devices}), organisation);
}

ConversationId World::create(const TestDevice& sender, const std::vector<DeviceId>& added,
                             std::uint64_t epoch) {
  wire::Append append;
  append.stream = id<ConversationId>();
  append.create = true;
  append.id = id<MessageId>();
  append.kind = wire::EntryKind::kApplication;
  append.epoch = epoch;
  append.bytes = to_bytes(as_bytes("first"));
  append.added = added;
  if (!added.empty()) append.welcome = to_bytes(as_bytes("welcome"));
  EXPECT_TRUE(ask(sender, append).leaf.has_value());
  return append.stream;
}

wire::Append World::message(ConversationId stream, std::uint64_t epoch, std::string_view text) {
  wire::Append append;
  append.stream = stream;
  append.id = id<MessageId>();
  append.kind = wire::EntryKind::kApplication;
  append.epoch = epoch;
  append.bytes = to_bytes(as_bytes(text));
  return append;
}

wire::Raise World::make_raise(UnitId unit, LadderId ladder, const std::vector<const TestDevice*>& members) {
  wire::Raise raise;
  raise.alert = id<AlertId>();
  raise.stream = id<ConversationId>();
  raise.unit = unit;
  raise.ladder = ladder;
  raise.severity = wire::Severity::kRed;
  for (const TestDevice* member : members) raise.members.push_back(member->id);
  raise.welcome = Bytes(100, 4);
  raise.epoch = 1;
  raise.id = id<MessageId>();
  raise.bytes = Bytes(256, 5);
  return raise;
}

}  // namespace nattevagt::broker::testing
