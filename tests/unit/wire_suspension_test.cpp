// Suspensions of lost phones: who may sign one and its end, and in what bytes (P-190, P-195).
#include "proto/wire/suspension.h"

#include <gtest/gtest.h>

#include "proto/common/limits.h"
#include "proto/wire/codec.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::wire {
namespace {

using broker::testing::TestDevice;
using broker::testing::World;

struct SuspensionTest : ::testing::Test {
  World world{1, 2};
  TestDevice mette = world.enrol(), lost = world.enrol();
  TestDevice phone = world.enrol({.unit = world.id<UnitId>(), .kind = HolderKind::kUnit});
  TestDevice archive = world.enrol({.kind = HolderKind::kRecorder});
  TestDevice stranger = world.enrol({}, 1);
  Suspension said{world.id<SuspensionId>(), world.config().sign_key, mette.organisation, lost.id, world.now, {}};

  std::vector<OrganisationCard> cards() const { return world.config().organisations; }
  static SignedSuspension by(const TestDevice& device, const Suspension& said) {
    return sign_suspension(said, device.certificate, *device.sign_key);
  }
  Errc refused(const SignedSuspension& suspension) const {
    const auto verified = verify_suspension(suspension, cards());
    return verified ? Errc{} : verified.error().code;
  }
};

TEST_F(SuspensionTest, ADeviceOfTheSameOrganisationSignsItAndNobodyElses) {
  const SignedSuspension good = by(mette, said);
  const auto verified = verify_suspension(good, cards());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->said, said);
  EXPECT_EQ(verified->signer.device, mette.id);
  EXPECT_EQ(refused(by(phone, said)), Errc{}) << "a unit's phone may";
  EXPECT_EQ(refused(by(archive, said)), Errc::kUntrusted) << "an archive is nobody";
  EXPECT_EQ(refused(by(stranger, said)), Errc::kUntrusted) << "another organisation's";
  EXPECT_EQ(refused(by(lost, said)), Errc::kNotPermitted) << "its own device";
  EXPECT_EQ(refused(sign_suspension(said, mette.certificate, *lost.sign_key)), Errc::kBadSignature);
  // It names what was signed, and no other statement of the device is one.
  SignedSuspension changed = good;
  Suspension other = said;
  other.device = phone.id;
  changed.body = encode(other);
  EXPECT_EQ(refused(changed), Errc::kBadSignature);
  changed = good;
  changed.signer.signature = mette.sign_key->sign(kSuspensionLiftLabel, good.body);
  EXPECT_EQ(refused(changed), Errc::kBadSignature);
  changed.signer.signature = mette.sign_key->sign(kDutyChangeLabel, good.body);
  EXPECT_EQ(refused(changed), Errc::kBadSignature);
}

TEST_F(SuspensionTest, IsLiftedByItsSignerOrItsOrganisationAndNoOther) {
  const auto of = verify_suspension(by(mette, said), cards());
  ASSERT_TRUE(of);
  const auto refusal = [&](const SignedLift& lift) {
    const auto verified = verify_lift(lift, *of);
    return verified ? Errc{} : verified.error().code;
  };
  const SignKey& organisation = world.org().key;
  EXPECT_EQ(refusal(sign_lift(said, world.now, false, *mette.sign_key)), Errc{});
  EXPECT_EQ(refusal(sign_lift(said, world.now, true, organisation)), Errc{});
  EXPECT_EQ(refusal(sign_lift(said, world.now, false, *lost.sign_key)), Errc::kBadSignature) << "the lost phone's";
  EXPECT_EQ(refusal(sign_lift(said, world.now, true, *mette.sign_key)), Errc::kBadSignature);
  EXPECT_EQ(refusal(sign_lift(said, world.now, true, world.org(1).key)), Errc::kBadSignature);
  Suspension other = said;
  other.id = world.id<SuspensionId>();
  EXPECT_EQ(refusal(sign_lift(other, world.now, true, organisation)), Errc::kInvalidValue);
  SignedLift relabelled = sign_lift(said, world.now, true, organisation);
  relabelled.signature = organisation.sign(kSuspensionLabel, relabelled.body);
  EXPECT_EQ(refusal(relabelled), Errc::kBadSignature);
}

TEST_F(SuspensionTest, ComesBackAsItWasAndWhatLiesOutsideItsRangeIsRefused) {
  Suspension wide = said;
  wide.sealed_author = Bytes(limits::kLabelBytesMax, 7);
  EXPECT_EQ(decode_suspension(encode(wide)).value(), wide);
  wide.sealed_author.push_back(7);
  EXPECT_EQ(decode_suspension(encode(wide)).error().code, Errc::kTooLarge);
  Suspension early = said;
  early.issued_at = limits::kTimeMin - Millis(1);
  EXPECT_EQ(decode_suspension(encode(early)).error().code, Errc::kInvalidValue);

  Suspensions list;
  list.items = {{by(mette, said), world.now, {}, kNever},
                {by(phone, said), world.now, sign_lift(said, world.now, false, *phone.sign_key), world.now}};
  EXPECT_EQ(decode_suspensions(encode(list)).value(), list);
  list.items[0].lifted_at = world.now;
  EXPECT_EQ(decode_suspensions(encode(list)).error().code, Errc::kInvalidValue) << "lifted by nobody";
  list.items[0].lifted_at = kNever;
  list.items.resize(limits::kSuspensionsKeptMax + 1, list.items[0]);
  EXPECT_EQ(decode_suspensions(encode(list)).error().code, Errc::kTooLarge);

  const auto goodbye = [](const Goodbye& said_last) {
    return decode_hub_frame(encode(HubFrame{kProtocolVersion, 0, said_last}));
  };
  EXPECT_TRUE(goodbye({Errc::kSuspended, by(mette, said)}));
  EXPECT_EQ(goodbye({Errc::kSuspended, {}}).error().code, Errc::kInvalidValue) << "the hub's word alone";
  EXPECT_EQ(goodbye({Errc::kRevoked, by(mette, said)}).error().code, Errc::kInvalidValue);
}

// P-197: who does not say which kinds of documents it knows is from before there were suspensions.
TEST(DocumentKinds, AHelloWithoutThemKnowsTheFirstFour) {
  Hello old{"nattevagt 0.1.0", 0};
  const auto back = decode_client_frame(encode(ClientFrame{kProtocolVersion, 1, old}));
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<Hello>(back->body).document_kinds, 4U);
}

}  // namespace
}  // namespace nattevagt::wire
