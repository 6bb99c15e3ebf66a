// Which leaf is believed (P-025, P-027, P-028, P-074, P-075), and whose words count in an incident (P-073).
#include <gtest/gtest.h>

#include "client-lib/core/device_policy.h"
#include "client-lib/core/device_record.h"
#include "client-lib/core/incident_facts.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::client {
namespace {

using mls::CredentialUse;

class Policy : public ::testing::Test {
 protected:
  Policy() {
    std::vector<wire::TrustedOrganisation> trusted;
    trusted.push_back(world.solvang.trusted());
    trusted.push_back(world.havbakken.trusted());
    directory.pin(std::move(trusted));
    for (auto* organisation : {&world.solvang, &world.havbakken}) {
      EXPECT_TRUE(directory.offer(
          organisation->sign(wire::DocumentKind::kRoster, 1, wire::encode(organisation->roster))));
    }
  }
  DeviceRecord device(const testing::MemoryWorld::Holder& holder) {
    return device_of(wire::encode_link(world.grant(holder)));
  }
  DeviceRecord device_of(const std::string& link) {
    auto made = make_device(link, world.clock.now(), world.entropy);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  Status judge(const DevicePolicy& policy, const DeviceRecord& record, CredentialUse use) {
    return policy.validate(mls::Credential::basic(wire::encode(record.certificate)),
                           record.sign_key.public_key(), use, world.clock.now());
  }

  testing::MemoryWorld world;
  Directory directory;
  GrantDevices grants;
};

TEST_F(Policy, BelievesADeviceOfAPinnedOrganisation) {
  const DevicePolicy policy(directory, grants, true);
  EXPECT_TRUE(judge(policy, device(world.ida), CredentialUse::kKeyPackage));
  EXPECT_EQ(policy.met().size(), 1U);
}

TEST_F(Policy, RefusesAnotherKeyThanTheCertificates) {
  const DevicePolicy policy(directory, grants, true);
  const DeviceRecord ida = device(world.ida);
  const Status judged =
      policy.validate(mls::Credential::basic(wire::encode(ida.certificate)),
                      device(world.ida).sign_key.public_key(), CredentialUse::kCommit, world.clock.now());
  EXPECT_EQ(judged.error().code, Errc::kUntrusted);
}

TEST_F(Policy, LetsNobodyInUnaskedButAMemberBackIn) {
  const DevicePolicy policy(directory, grants, true);
  const DeviceRecord ida = device(world.ida);
  EXPECT_EQ(judge(policy, ida, CredentialUse::kExternalJoin).error().code, Errc::kNotPermitted);
  EXPECT_TRUE(judge(policy, ida, CredentialUse::kResync));
}

TEST_F(Policy, RefusesTwoDevicesUnderOneGrant) {
  const std::string link = wire::encode_link(world.grant(world.ida));
  const DevicePolicy policy(directory, grants, true);
  EXPECT_TRUE(judge(policy, device_of(link), CredentialUse::kJoin));
  EXPECT_EQ(judge(policy, device_of(link), CredentialUse::kJoin).error().code, Errc::kUntrusted);
  ASSERT_EQ(policy.doubled().size(), 1U);
  grants[policy.doubled()[0]] = DeviceId{};  // as the core records it: now neither is believed
  const DevicePolicy later(directory, grants, true);
  EXPECT_EQ(judge(later, device_of(link), CredentialUse::kJoin).error().code, Errc::kUntrusted);
}

TEST_F(Policy, RefusesARevokedDevice) {
  const DeviceRecord ida = device(world.ida);
  const auto identity = directory.identify(wire::encode(ida.certificate), world.clock.now());
  ASSERT_TRUE(identity);
  ASSERT_TRUE(directory.offer(
      world.havbakken.sign(wire::DocumentKind::kRevocations, 1,
                           wire::encode(wire::Revocations{world.clock.now(), {identity->device}}))));
  const DevicePolicy policy(directory, grants, true);
  EXPECT_EQ(judge(policy, ida, CredentialUse::kCommit).error().code, Errc::kRevoked);
  EXPECT_EQ(judge(policy, ida, CredentialUse::kKeyPackage).error().code, Errc::kRevoked);
  // A welcome that was on its way when the device was revoked still lets us in; we take it out then.
  EXPECT_TRUE(judge(policy, ida, CredentialUse::kJoin));
}

TEST_F(Policy, ACertificateThatIsRememberedExpiresAllTheSame) {
  const DeviceRecord ida = device(world.ida);
  const Bytes certificate = wire::encode(ida.certificate);
  const auto before = directory.identify(certificate, world.clock.now());
  ASSERT_TRUE(before);
  ASSERT_TRUE(directory.identify(certificate, before->not_after - std::chrono::milliseconds(1)));
  const auto after = directory.identify(certificate, before->not_after);
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, Errc::kExpired);
  EXPECT_TRUE(directory.issued(certificate)) << "who it was is known for ever";
}

TEST_F(Policy, WhatIsRememberedIsForgottenWithTheOrganisationThatVouched) {
  const DeviceRecord ida = device(world.ida);
  const Bytes certificate = wire::encode(ida.certificate);
  const auto identity = directory.identify(certificate, world.clock.now());
  ASSERT_TRUE(identity);
  ASSERT_FALSE(directory.person(*identity).name.empty());
  std::vector<wire::TrustedOrganisation> solvang_alone;
  solvang_alone.push_back(world.solvang.trusted());
  directory.pin(std::move(solvang_alone));
  const auto without = directory.issued(certificate);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Errc::kUntrusted);
  EXPECT_TRUE(directory.person(*identity).name.empty());
}

TEST_F(Policy, LetsNobodyBeAddedWhoStandsInNoRoster) {
  testing::MemoryWorld::Holder stranger = world.ida;
  stranger.person = world.entropy.make_id<PersonId>();
  const DeviceRecord record = device(stranger);
  EXPECT_EQ(judge(DevicePolicy(directory, grants, true), record, CredentialUse::kKeyPackage).error().code,
            Errc::kUntrusted);
  // Of last shift, perhaps; and with rosters that are behind nobody can say.
  EXPECT_TRUE(judge(DevicePolicy(directory, grants, true), record, CredentialUse::kJoin));
  EXPECT_TRUE(judge(DevicePolicy(directory, grants, false), record, CredentialUse::kKeyPackage));
}

TEST_F(Policy, AnotherOrganisationCannotPutItsOwnOnARole) {
  testing::MemoryWorld::Holder forged = world.ida;  // Ida's person id in a certificate of Solvang's
  forged.organisation = &world.solvang;
  const DeviceRecord record = device(forged);
  const auto identity = directory.identify(wire::encode(record.certificate), world.clock.now());
  ASSERT_TRUE(identity);
  const auto asking = directory.ladder_for(*world.amalie.unit, wire::Severity::kRed, world.solvang.card.id);
  ASSERT_TRUE(asking && asking->ladder != nullptr);
  EXPECT_FALSE(directory.on_ladder(*asking, who_of(*identity)));
}

TEST_F(Policy, DocumentsNeverGoBack) {
  auto& havbakken = world.havbakken;
  const Bytes body = wire::encode(havbakken.roster);
  EXPECT_TRUE(directory.offer(havbakken.sign(wire::DocumentKind::kRoster, 3, body)));
  EXPECT_EQ(directory.offer(havbakken.sign(wire::DocumentKind::kRoster, 2, body)).error().code,
            Errc::kReplay);
  const auto same = directory.offer(havbakken.sign(wire::DocumentKind::kRoster, 3, body));
  ASSERT_TRUE(same);
  EXPECT_FALSE(*same);
  havbakken.roster.recorders.clear();
  havbakken.roster.roles.pop_back();
  EXPECT_EQ(directory.offer(havbakken.sign(wire::DocumentKind::kRoster, 3, wire::encode(havbakken.roster)))
                .error()
                .code,
            Errc::kFork);
}

class Facts : public ::testing::Test {
 protected:
  MessageId say(const Who& who, wire::Body body) {
    wire::Content content;
    content.body = std::move(body);
    const auto id = entropy.make_id<MessageId>();
    facts.fold(id, content, who, false);
    return id;
  }
  SeededEntropy entropy{3};
  OrganisationId organisation = entropy.make_id<OrganisationId>();
  Who unit{entropy.make_id<PersonId>(), organisation, entropy.make_id<UnitId>(), wire::HolderKind::kUnit};
  Who doctor{entropy.make_id<PersonId>(), organisation, std::nullopt, wire::HolderKind::kPerson};
  Who other{entropy.make_id<PersonId>(), organisation, entropy.make_id<UnitId>(), wire::HolderKind::kUnit};
  IncidentFacts facts;
};

TEST_F(Facts, MedicineAlwaysWaitsForAReadBack) {
  say(unit, wire::AdviceRequest{});
  say(doctor, wire::Take{});
  say(doctor, wire::Advice{{}, "Giv PN", false, wire::Medicine{"a", "b", "c", "d"}});
  EXPECT_TRUE(facts.read_back_open());
}

TEST_F(Facts, OnlyTheAskingUnitReadsBackAndOnlyTheAuthorJudges) {
  say(unit, wire::AdviceRequest{});
  say(doctor, wire::Take{});
  const MessageId advice = say(doctor, wire::Advice{{}, "Giv PN", true, {}});
  const MessageId foreign = say(other, wire::ReadBack{advice, "Giv PN"});
  say(doctor, wire::ReadBackVerdict{foreign, true});
  EXPECT_TRUE(facts.read_back_open());
  const MessageId own = say(unit, wire::ReadBack{advice, "Giv PN"});
  say(unit, wire::ReadBackVerdict{own, true});  // nobody judges his own
  EXPECT_TRUE(facts.read_back_open());
  say(doctor, wire::ReadBackVerdict{own, false});
  EXPECT_TRUE(facts.read_back_open());
  say(doctor, wire::ReadBackVerdict{own, true});
  EXPECT_FALSE(facts.read_back_open());
}

}  // namespace
}  // namespace nattevagt::client
