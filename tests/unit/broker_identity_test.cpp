// Who is who, and what each may do: PROTOCOL.md sections 2 and 3, key packages.
#include <gtest/gtest.h>

#include <set>

#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::broker::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

std::size_t admitted(const World& world, const CurvePublicKey& key) {
  std::size_t count = 0;
  for (const Effect& effect : world.admissions) {
    if (const auto* admit = std::get_if<AdmitKey>(&effect)) count += admit->key == key ? 1U : 0U;
  }
  return count;
}
std::size_t forgotten(const World& world, const CurvePublicKey& key) {
  std::size_t count = 0;
  for (const Effect& effect : world.admissions) {
    if (const auto* forget = std::get_if<ForgetKey>(&effect)) count += forget->key == key ? 1U : 0U;
  }
  return count;
}

// P-010
TEST(Admission, KeysOfOrganisationsGrantsAndDevicesAreAdmittedAndAgainAfterAStart) {
  World world;
  const TestDevice device = world.enrol();
  EXPECT_EQ(admitted(world, world.org().card.curve_key), 1U);
  EXPECT_EQ(admitted(world, device.curve_key), 1U);
  world.crash();
  EXPECT_EQ(admitted(world, world.org().card.curve_key), 1U);
  EXPECT_EQ(admitted(world, device.curve_key), 1U);
}

// P-010: what the core does not know is closed, though the handshake let it in.
TEST(Admission, UnknownPrincipalIsClosed) {
  World world;
  EXPECT_EQ(world.mails[world.open(DevicePrincipal{})].closed, Errc::kNotPermitted);
  EXPECT_EQ(world.mails[world.open(GrantPrincipal{})].closed, Errc::kNotPermitted);
  EXPECT_EQ(world.mails[world.open(OrganisationPrincipal{})].closed, Errc::kNotPermitted);
}

// P-010
TEST(Grants, ExpiredGrantIsRefusedAndItsKeyForgotten) {
  World world;
  const TestGrant grant = make_grant(world.entropy, world.org(), world.now, {.grant_lifetime = hours(1)});
  EXPECT_TRUE(world.ask_organisation(wire::AnnounceGrant{grant.signed_grant}).accepted());
  const SessionId at = world.open(GrantPrincipal{grant.grant.id});
  world.advance(hours(1));
  EXPECT_EQ(forgotten(world, grant.grant.curve_key), 0U);
  world.advance(seconds(1));
  EXPECT_EQ(forgotten(world, grant.grant.curve_key), 1U);
  EXPECT_EQ(world.mails[at].closed, Errc::kExpired);
  EXPECT_EQ(world.mails[world.open(GrantPrincipal{grant.grant.id})].closed, Errc::kExpired);
  EXPECT_EQ(world
                .ask_organisation(wire::AnnounceGrant{
                    make_grant(world.entropy, world.org(), world.now - hours(2), {.grant_lifetime = hours(1)})
                        .signed_grant})
                .code(),
            Errc::kExpired);
}

// P-023
TEST(Grants, OnlyTheOrganisationItselfAnnouncesItsGrants) {
  World world(1, 2);
  const TestGrant grant = make_grant(world.entropy, world.org(1), world.now, {});
  EXPECT_EQ(world.ask_organisation(wire::AnnounceGrant{grant.signed_grant}, 0).code(), Errc::kUntrusted);
  wire::SignedGrant bent = grant.signed_grant;
  bent.signature[3] ^= 1;
  EXPECT_EQ(world.ask_organisation(wire::AnnounceGrant{bent}, 1).code(), Errc::kBadSignature);
}

TEST(Grants, RepeatedAnnouncementIsAnsweredAndItsAnswerWaitsForTheFirst) {
  World world;
  const TestGrant grant = make_grant(world.entropy, world.org(), world.now, {});
  const Reply first = world.ask_organisation(wire::AnnounceGrant{grant.signed_grant});
  const Reply again = world.ask_organisation(wire::AnnounceGrant{grant.signed_grant});
  EXPECT_TRUE(again.accepted());
  EXPECT_EQ(again.after, first.after);
  EXPECT_EQ(world.journal.size(), 1U);
}

// P-027
TEST(Enrolment, SameCertificateAgainIsAnsweredAnotherIsRefused) {
  World world;
  const TestGrant grant = make_grant(world.entropy, world.org(), world.now, {});
  world.ask_organisation(wire::AnnounceGrant{grant.signed_grant});
  const SessionId at = world.open(GrantPrincipal{grant.grant.id});
  const TestDevice device = make_device(world.entropy, world.org(), grant, world.now);
  const TestDevice thief = make_device(world.entropy, world.org(), grant, world.now);
  const Reply first = world.ask(at, wire::Enrol{device.certificate});
  EXPECT_TRUE(first.accepted());
  const Reply again = world.ask(at, wire::Enrol{device.certificate});
  EXPECT_TRUE(again.accepted());
  EXPECT_EQ(again.after, first.after);
  EXPECT_EQ(world.ask(at, wire::Enrol{thief.certificate}).code(), Errc::kGrantUsed);
  world.crash_after_snapshot();
  const SessionId later = world.open(GrantPrincipal{grant.grant.id});
  EXPECT_TRUE(world.ask(later, wire::Enrol{device.certificate}).accepted());
  EXPECT_EQ(world.ask(later, wire::Enrol{thief.certificate}).code(), Errc::kGrantUsed);
  EXPECT_EQ(world.core->counters().devices, 1U);
}

// P-025
TEST(Enrolment, CertificateOfAnotherGrantIsUntrusted) {
  World world;
  const TestGrant mine = make_grant(world.entropy, world.org(), world.now, {});
  const TestGrant other = make_grant(world.entropy, world.org(), world.now, {});
  world.ask_organisation(wire::AnnounceGrant{mine.signed_grant});
  const SessionId at = world.open(GrantPrincipal{mine.grant.id});
  const TestDevice device = make_device(world.entropy, world.org(), other, world.now);
  EXPECT_EQ(world.ask(at, wire::Enrol{device.certificate}).code(), Errc::kUntrusted);
  wire::Certificate bent = make_device(world.entropy, world.org(), mine, world.now).certificate;
  bent.signature[0] ^= 1;
  EXPECT_EQ(world.ask(at, wire::Enrol{bent}).code(), Errc::kBadSignature);
}

TEST(Enrolment, PersonBelongsToTheOrganisationThatHadItFirst) {
  World world(1, 2);
  const TestDevice device = world.enrol();
  const TestGrant grant = make_grant(world.entropy, world.org(1), world.now, {.person = device.person});
  world.ask_organisation(wire::AnnounceGrant{grant.signed_grant}, 1);
  const SessionId at = world.open(GrantPrincipal{grant.grant.id});
  const TestDevice intruder = make_device(world.entropy, world.org(1), grant, world.now);
  EXPECT_EQ(world.ask(at, wire::Enrol{intruder.certificate}).code(), Errc::kNotPermitted);
}

// P-090
TEST(Enrolment, PersonHasALimitOfDevices) {
  World world;
  const PersonId person = world.id<PersonId>();
  for (std::size_t i = 0; i < limits::kDevicesPerPersonMax; ++i) world.enrol({.person = person});
  const TestGrant grant = make_grant(world.entropy, world.org(), world.now, {.person = person});
  world.ask_organisation(wire::AnnounceGrant{grant.signed_grant});
  const SessionId at = world.open(GrantPrincipal{grant.grant.id});
  const TestDevice device = make_device(world.entropy, world.org(), grant, world.now);
  EXPECT_EQ(world.ask(at, wire::Enrol{device.certificate}).code(), Errc::kBusy);
}

TEST(Certificates, KeyIsForgottenWhenTheCertificateEnds) {
  World world;
  const TestDevice device = world.enrol({.certificate_lifetime = hours(2)});
  world.connect(device);
  const SessionId at = world.session(device);
  world.advance(hours(2) + seconds(1));
  EXPECT_EQ(forgotten(world, device.curve_key), 1U);
  EXPECT_EQ(world.mails[at].closed, Errc::kExpired);
}

// P-011
TEST(Permissions, EachKindOfKeySendsItsOwnRequestsOnly) {
  World world;
  const TestDevice device = world.enrol();
  world.connect(device);
  EXPECT_EQ(world.ask(device, wire::ListDevices{}).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask(device, wire::AnnounceGrant{}).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask(device, wire::PublishDocument{}).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask(device, wire::Enrol{}).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask_organisation(wire::Append{}).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask_organisation(wire::Gather{}).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask_organisation(wire::Enrol{}).code(), Errc::kNotPermitted);
  EXPECT_TRUE(world.ask_organisation(wire::Ping{}).answer.has_value());
  const TestGrant grant = make_grant(world.entropy, world.org(), world.now, {});
  world.ask_organisation(wire::AnnounceGrant{grant.signed_grant});
  const SessionId at = world.open(GrantPrincipal{grant.grant.id});
  EXPECT_EQ(world.ask(at, wire::Ping{}).code(), Errc::kNotPermitted);
  EXPECT_EQ(world.ask(at, wire::Raise{}).code(), Errc::kNotPermitted);
  EXPECT_FALSE(world.ask(at, wire::Hello{}).refused());
}

// P-012
TEST(Sessions, NewestWinsAndTheOlderIsToldGoodbye) {
  World world;
  const TestDevice device = world.enrol();
  const SessionId old = world.connect(device);
  const SessionId fresh = world.connect(device);
  EXPECT_EQ(world.mails[old].closed, Errc::kReplay);
  ASSERT_EQ(world.mails[old].pushes.size(), 1U);
  EXPECT_EQ(std::get<wire::Goodbye>(world.mails[old].pushes[0]).reason, Errc::kReplay);
  EXPECT_FALSE(world.mails[fresh].closed.has_value());
  EXPECT_FALSE(world.ask(old, wire::Ping{}).answer.has_value());
}

// P-013
TEST(Sessions, BeforeHelloEverythingIsTheWrongState) {
  World world;
  const TestDevice device = world.enrol();
  const SessionId at = world.open(DevicePrincipal{device.id});
  EXPECT_EQ(world.ask(at, wire::Ping{}).code(), Errc::kWrongState);
  EXPECT_EQ(world.ask(at, wire::Raise{}).code(), Errc::kWrongState);
  EXPECT_FALSE(world.ask(at, wire::Hello{}).refused());
  EXPECT_FALSE(world.ask(at, wire::Ping{}).refused());
}

// P-002
TEST(Versions, AnotherVersionIsToldWhichOnesAreServed) {
  World world;
  const TestDevice device = world.enrol();
  const SessionId at = world.connect(device);
  const Reply reply = world.ask(at, wire::Ping{}, wire::kProtocolVersion + 1);
  ASSERT_EQ(reply.code(), Errc::kUpgradeRequired);
  EXPECT_EQ(reply.refusal().protocol_min, wire::kProtocolVersionMin);
  EXPECT_EQ(reply.refusal().protocol_max, wire::kProtocolVersion);
}

// P-003
TEST(Requests, NumberZeroIsRefused) {
  World world;
  const TestDevice device = world.enrol();
  const SessionId at = world.connect(device);
  const Outcome outcome = world.run(SessionRequest{at, {wire::kProtocolVersion, 0, wire::Ping{}}});
  ASSERT_EQ(outcome.effects.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::Refused>(std::get<SendFrame>(outcome.effects[0]).frame.body));
}

// P-015
TEST(Rate, BurstThenBusyWithATimeThenAgain) {
  World world;
  const TestDevice device = world.enrol();
  const SessionId at = world.connect(device);
  int served = 0;
  Reply last;
  for (int i = 0; i < 20'100; ++i) {
    const Outcome outcome = world.core->step(SessionRequest{at, {1, 7, wire::Ping{}}}, world.now);
    const auto& body = std::get<SendFrame>(outcome.effects.at(0)).frame.body;
    if (std::holds_alternative<wire::Pong>(body)) {
      ++served;
    } else {
      EXPECT_EQ(std::get<wire::Refused>(body).code, Errc::kBusy);
      EXPECT_EQ(std::get<wire::Refused>(body).retry_after, Millis(1));
    }
  }
  EXPECT_EQ(served, 19'999);  // Hello was the first
  world.sleep(Millis(1));
  EXPECT_FALSE(world.ask(device, wire::Ping{}).refused());
  EXPECT_FALSE(world.ask(device, wire::Ping{}).refused());
  EXPECT_EQ(world.ask(device, wire::Ping{}).code(), Errc::kBusy);
  // An alert is not throttled by what else the device has sent (REQUIREMENTS R15).
  EXPECT_EQ(world.ask(device, wire::Act{}).code(), Errc::kNotFound);
}

// P-015
TEST(Drain, NewRequestsAreUnavailableAndSessionsAreTold) {
  World world;
  const TestDevice device = world.enrol();
  world.connect(device);
  world.drain();
  EXPECT_EQ(world.ask(device, wire::Append{}).code(), Errc::kUnavailable);
  ASSERT_EQ(world.mail(device).pushes.size(), 1U);
  EXPECT_EQ(std::get<wire::Goodbye>(world.mail(device).pushes[0]).reason, Errc::kUnavailable);
}

// ---- Documents

// P-026
TEST(Documents, OnlyAHigherVersionIsTaken) {
  World world;
  const TestDevice device = world.enrol();
  world.connect(device);
  EXPECT_TRUE(world.publish_roster({}).accepted());
  const wire::SignedDocument again =
      wire::sign_document(world.org().card.id, wire::DocumentKind::kRoster, 1,
                          wire::encode(wire::Roster{world.now, {}, {}, {}, {}, {}}), world.org().key);
  EXPECT_TRUE(world.ask_organisation(wire::PublishDocument{again}).accepted());
  wire::Roster other;
  other.issued_at = world.now;
  other.recorders = {world.id<PersonId>()};
  const auto sign = [&](std::uint64_t version) {
    return wire::PublishDocument{wire::sign_document(world.org().card.id, wire::DocumentKind::kRoster,
                                                     version, wire::encode(other), world.org().key)};
  };
  EXPECT_EQ(world.ask_organisation(sign(1)).code(), Errc::kAlreadyExists);
  EXPECT_TRUE(world.ask_organisation(sign(5)).accepted());
  EXPECT_EQ(world.ask_organisation(sign(4)).code(), Errc::kReplay);
  const auto pushes = world.mail(device).pushes;
  ASSERT_EQ(pushes.size(), 2U);
  EXPECT_EQ(std::get<wire::DocumentsChanged>(pushes[1]).documents[0].version, 5U);
  const Reply got =
      world.ask(device, wire::GetDocuments{{{world.org().card.id, wire::DocumentKind::kRoster, 4}}});
  EXPECT_EQ(got.as<wire::Documents>().documents.size(), 1U);
  const Reply none =
      world.ask(device, wire::GetDocuments{{{world.org().card.id, wire::DocumentKind::kRoster, 5}}});
  EXPECT_TRUE(none.as<wire::Documents>().documents.empty());
}

TEST(Documents, OfAnotherOrganisationOrWithABadSignatureAreRefused) {
  World world(1, 2);
  auto document =
      wire::sign_document(world.org(1).card.id, wire::DocumentKind::kRoster, 1,
                          wire::encode(wire::Roster{world.now, {}, {}, {}, {}, {}}), world.org(1).key);
  EXPECT_EQ(world.ask_organisation(wire::PublishDocument{document}, 0).code(), Errc::kNotPermitted);
  document.signature[5] ^= 1;
  EXPECT_EQ(world.ask_organisation(wire::PublishDocument{document}, 1).code(), Errc::kBadSignature);
}

// P-028
TEST(Revocation, DropsSessionQueueKeyAndMembershipAtOnce) {
  World world;
  const TestDevice a = world.enrol(), b = world.enrol(), c = world.enrol();
  for (const auto* device : {&a, &b, &c}) world.connect(*device);
  const ConversationId stream = world.create(a, {b.id, c.id});
  world.ask(b, wire::PublishKeyPackages{{Bytes(10, 1)}, Bytes(10, 2)});
  const SessionId at = world.session(b);
  EXPECT_TRUE(world.revoke({b.id}).accepted());
  EXPECT_EQ(world.mails[at].closed, Errc::kRevoked);
  EXPECT_EQ(forgotten(world, b.curve_key), 1U);
  EXPECT_EQ(world.mails[world.open(DevicePrincipal{b.id})].closed, Errc::kRevoked);
  world.ask(a, world.message(stream, 0, "after"));
  EXPECT_EQ(world.seqs(c, stream).size(), 2U);
  const Reply gathered = world.ask(a, wire::Gather{{}, {to_person(b.person)}, {}});
  EXPECT_TRUE(gathered.gathered->items.empty() && gathered.gathered->without.empty());
  // Not again by a later version, and never undone by one that leaves it out.
  EXPECT_TRUE(world.revoke({b.id}).accepted());
  EXPECT_TRUE(world.revoke({}).accepted());
  EXPECT_EQ(forgotten(world, b.curve_key), 1U);
  EXPECT_EQ(world.mails[world.open(DevicePrincipal{b.id})].closed, Errc::kRevoked);
  world.crash_after_snapshot();
  EXPECT_EQ(admitted(world, b.curve_key), 0U);
}

// P-028: an organisation revokes its own devices only; one that it names before it enrols stays out.
TEST(Revocation, CountsForTheOrganisationsOwnDevicesEvenOnesToCome) {
  World world(1, 2);
  const TestDevice device = world.enrol({}, 0);
  world.revoke({device.id}, 1);
  EXPECT_FALSE(world.mails[world.open(DevicePrincipal{device.id})].closed.has_value());
  const TestGrant grant = make_grant(world.entropy, world.org(), world.now, {});
  const TestDevice later = make_device(world.entropy, world.org(), grant, world.now);
  world.revoke({later.id}, 0);
  world.revoke({}, 0);  // for ever: not undone by a list that leaves it out, nor by a snapshot of that
  world.crash_after_snapshot();
  world.ask_organisation(wire::AnnounceGrant{grant.signed_grant});
  const SessionId at = world.open(GrantPrincipal{grant.grant.id});
  EXPECT_EQ(world.ask(at, wire::Enrol{later.certificate}).code(), Errc::kRevoked);
}

TEST(ListDevices, ShowsTheOrganisationsOwn) {
  World world(1, 2);
  const TestDevice mine = world.enrol({}, 0);
  world.enrol({}, 1);
  world.connect(mine);
  const Reply reply = world.ask_organisation(wire::ListDevices{}, 0);
  ASSERT_EQ(reply.as<wire::Devices>().items.size(), 1U);
  EXPECT_TRUE(reply.as<wire::Devices>().items[0].connected);
  EXPECT_EQ(reply.as<wire::Devices>().items[0].certificate, mine.certificate);
}

// ---- Key packages

struct Packages : ::testing::Test {
  World world;
  TestDevice asking = world.enrol();
  TestDevice holder = world.enrol();
  Packages() {
    world.connect(asking);
    world.connect(holder);
  }
  Reply gather() { return world.ask(asking, wire::Gather{{}, {to_person(holder.person)}, {}}); }
  std::vector<Bytes> packages(std::size_t count, std::uint8_t from = 0) {
    std::vector<Bytes> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(Bytes(20, static_cast<std::uint8_t>(from + i)));
    return out;
  }
  Bytes body(const BodyRef& ref) { return world.journal.at(ref.index - 1).bodies.at(ref.part); }
};

TEST_F(Packages, EachIsHandedOutOnceAndTheLastResortOnlyWhenNoneIsLeft) {
  EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{packages(2), Bytes(20, 99)}).accepted());
  std::set<Bytes> seen;
  for (int i = 0; i < 2; ++i) {
    const Reply reply = gather();
    ASSERT_EQ(reply.gathered->items.size(), 1U);
    EXPECT_TRUE(seen.insert(body(reply.gathered->items[0].key_package)).second);
    EXPECT_EQ(reply.after, world.core->last_index());  // durable before it is told
  }
  for (int i = 0; i < 2; ++i) EXPECT_EQ(body(gather().gathered->items[0].key_package), Bytes(20, 99));
  EXPECT_FALSE(seen.contains(Bytes(20, 99)));
}

TEST_F(Packages, RepeatedPublicationAddsNothingEvenAfterHandingOut) {
  world.ask(holder, wire::PublishKeyPackages{packages(2), {}});
  gather();
  EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{packages(2), {}}).accepted());
  EXPECT_EQ(world.ask(holder, wire::Ping{}).as<wire::Pong>().key_packages_left, 1U);
  world.crash_after_snapshot();
  world.connect(holder);
  EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{packages(2), {}}).accepted());
  EXPECT_EQ(world.ask(holder, wire::Ping{}).as<wire::Pong>().key_packages_left, 1U);
}

// P-093
TEST_F(Packages, NewOnesInsteadOfTheOldLeaveNoneOfThoseAndARepetitionTakesNoneAway) {
  const std::vector<Bytes> first = packages(3), all = packages(6), second(all.begin() + 3, all.end());
  EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{first, Bytes(20, 99)}).accepted());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{second, {}, true}).accepted());
    EXPECT_EQ(world.ask(holder, wire::Ping{}).as<wire::Pong>().key_packages_left, 3U);
  }
  for (const Bytes& package : second) {
    EXPECT_EQ(body(gather().gathered->items.at(0).key_package), package);
    world.ask(holder, wire::PublishKeyPackages{second, {}, true});  // late, and again
  }
  EXPECT_EQ(body(gather().gathered->items.at(0).key_package), Bytes(20, 99));
  world.crash_after_snapshot();
  world.connect(holder);
  EXPECT_EQ(world.ask(holder, wire::Ping{}).as<wire::Pong>().key_packages_left, 0U);
}

TEST_F(Packages, AFullStockCanBeReplaced) {
  EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{packages(100), {}}).accepted());
  EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{packages(1, 200), {}, true}).accepted());
  EXPECT_EQ(world.ask(holder, wire::Ping{}).as<wire::Pong>().key_packages_left, 1U);
}

TEST_F(Packages, DeviceWithoutAnyIsNamed) {
  const Reply reply = gather();
  EXPECT_TRUE(reply.gathered->items.empty());
  EXPECT_EQ(reply.gathered->without, std::vector<DeviceId>{holder.id});
}

// P-090
TEST_F(Packages, FullStockIsBusyAndStoresNothing) {
  EXPECT_TRUE(world.ask(holder, wire::PublishKeyPackages{packages(100), {}}).accepted());
  EXPECT_EQ(world.ask(holder, wire::PublishKeyPackages{packages(1, 200), {}}).code(), Errc::kBusy);
  EXPECT_EQ(world.ask(holder, wire::Ping{}).as<wire::Pong>().key_packages_left, 100U);
}

TEST_F(Packages, LowStockIsPushed) {
  world.ask(holder, wire::PublishKeyPackages{packages(10), {}});
  gather();
  const auto& pushes = world.mail(holder).pushes;
  ASSERT_EQ(pushes.size(), 1U);
  EXPECT_EQ(std::get<wire::KeyPackagesLow>(pushes[0]).left, 9U);
}

TEST_F(Packages, GatherResolvesRolesOfOtherOrganisationsAndRecordersAndLeavesOutTheAsker) {
  World two(3, 2);
  const TestDevice asker = two.enrol({}, 0);
  const TestDevice colleague = two.enrol({.person = asker.person}, 0);
  const TestDevice doctor = two.enrol({}, 1);
  const TestDevice archive = two.enrol({.kind = wire::HolderKind::kRecorder}, 0);
  two.connect(asker);
  const RoleId role = two.id<RoleId>();
  wire::Roster theirs;
  theirs.roles = {{role, Bytes(50, 1), {doctor.person}}};
  two.publish_roster(theirs, 1);
  wire::Roster ours;
  ours.recorders = {archive.person};
  const LadderId ladder = two.id<LadderId>();
  ours.ladders = {
      {ladder, {{Millis(1000), Millis(0), {to_role(role), to_person(asker.person)}}}, Millis(1000)}};
  two.publish_roster(ours, 0);
  const Reply reply = two.ask(asker, wire::Gather{ladder, {}, {two.org(0).card.id}});
  const std::set<DeviceId> found(reply.gathered->without.begin(), reply.gathered->without.end());
  EXPECT_EQ(found, (std::set<DeviceId>{colleague.id, doctor.id, archive.id}));
  // A role's recorder is no target: it could not answer anybody.
  EXPECT_TRUE(two.ask(asker, wire::Gather{{}, {to_person(archive.person)}, {}}).gathered->without.empty());
  EXPECT_EQ(two.ask(asker, wire::Gather{two.id<LadderId>(), {}, {}}).code(), Errc::kNotFound);
}

// directory.h: nobody takes over another organisation's role.
TEST(Roles, BelongToTheOrganisationThatPublishedThemFirst) {
  World world(1, 2);
  // The one whose id comes last: what a snapshot reads in the order of ids must not decide.
  const std::size_t owner = world.org(0).card.id < world.org(1).card.id ? 1 : 0;
  const TestDevice asker = world.enrol({}, owner), doctor = world.enrol({}, owner);
  const TestDevice intruder = world.enrol({}, 1 - owner);
  world.connect(asker);
  const RoleId role = world.id<RoleId>();
  wire::Roster ours, theirs;
  ours.roles = {{role, Bytes(50, 1), {doctor.person}}};
  theirs.roles = {{role, Bytes(50, 1), {intruder.person}}};
  world.publish_roster(ours, owner);
  world.publish_roster(theirs, 1 - owner);
  const auto holders = [&] {
    return world.ask(asker, wire::Gather{{}, {to_role(role)}, {}}).gathered->without;
  };
  EXPECT_EQ(holders(), std::vector<DeviceId>{doctor.id});
  world.crash_after_snapshot();
  world.connect(asker);
  EXPECT_EQ(holders(), std::vector<DeviceId>{doctor.id});
  // R1: the next holder follows the next version.
  ours.roles[0].holders = {asker.person, intruder.person};
  world.publish_roster(ours, owner);
  EXPECT_EQ(holders(), std::vector<DeviceId>{intruder.id});
}

}  // namespace
}  // namespace nattevagt::broker::testing
