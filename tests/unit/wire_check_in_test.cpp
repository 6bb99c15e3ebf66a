// Check-ins: who may say "Jeg er på vagt", and in what bytes (P-180, P-181).
#include "proto/wire/check_in.h"

#include <gtest/gtest.h>

#include "proto/common/limits.h"
#include "proto/wire/codec.h"
#include "tests/unit/broker_world.h"

namespace nattevagt::wire {
namespace {

using broker::testing::TestDevice;
using broker::testing::World;

struct CheckInTest : ::testing::Test {
  World world{1, 2};
  TestDevice ida = world.enrol(), lis = world.enrol();
  TestDevice phone = world.enrol({.unit = world.id<UnitId>(), .kind = HolderKind::kUnit});
  CheckIn said{world.id<MessageId>(), ida.organisation, world.id<RoleId>(), ida.person, world.now, world.now};
  std::vector<OrganisationCard> cards() const { return world.config().organisations; }
  Errc refused(const SignedCheckIn& check_in) const {
    const auto verified = verify_check_in(check_in, cards());
    return verified ? Errc{} : verified.error().code;
  }
};

TEST_F(CheckInTest, ThePersonsOwnDeviceSignsItAndNobodyElses) {
  const SignedCheckIn good = sign_check_in(said, ida.certificate, *ida.sign_key);
  const auto verified = verify_check_in(good, cards());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->said, said);
  EXPECT_EQ(verified->signer.device, ida.id);
  EXPECT_EQ(refused(sign_check_in(said, lis.certificate, *lis.sign_key)), Errc::kUntrusted) << "another's word";
  EXPECT_EQ(refused(sign_check_in(said, ida.certificate, *lis.sign_key)), Errc::kBadSignature);
  CheckIn other = said;
  other.organisation = world.org(1).card.id;
  EXPECT_EQ(refused(sign_check_in(other, ida.certificate, *ida.sign_key)), Errc::kUntrusted);
  other = said;
  other.person = phone.person;
  EXPECT_EQ(refused(sign_check_in(other, phone.certificate, *phone.sign_key)), Errc::kUntrusted)
      << "a unit's phone is nobody";
  SignedCheckIn changed = good;
  other = said;
  other.role = world.id<RoleId>();
  changed.body = encode(other);
  EXPECT_EQ(refused(changed), Errc::kBadSignature);
  changed = good;
  changed.body.pop_back();
  EXPECT_NE(refused(changed), Errc{});
  // A signature of something else that the device signs is none of this.
  changed = good;
  changed.signer.signature = ida.sign_key->sign(kDutyChangeLabel, good.body);
  EXPECT_EQ(refused(changed), Errc::kBadSignature);
}

TEST_F(CheckInTest, WhatLiesOutsideItsRangeIsRefused) {
  CheckIn early = said;
  early.from = limits::kTimeMin - Millis(1);
  EXPECT_EQ(decode_check_in(encode(early)).error().code, Errc::kInvalidValue);
  CheckInItem item{world.id<MessageId>(), said.role, ida.person, world.now, world.now, {}};
  item.packages.resize(limits::kDevicesPerPersonMax);
  EXPECT_EQ(decode_check_in_item(encode(item)).value(), item);
  item.packages.resize(limits::kDevicesPerPersonMax + 1);
  EXPECT_EQ(decode_check_in_item(encode(item)).error().code, Errc::kTooLarge);
  const auto answer = [&](const DutyStatus& status) {
    return decode_hub_frame(encode(HubFrame{kProtocolVersion, 0, DutyStatuses{{status}, false}}));
  };
  DutyStatus status{said.role, DutyTrouble::kSilent, world.now, {}};
  EXPECT_TRUE(answer(status));
  status.since = kNever;
  EXPECT_EQ(answer(status).error().code, Errc::kInvalidValue) << "trouble has a beginning";
  status = {said.role, DutyTrouble::kNone, world.now, {}};
  EXPECT_EQ(answer(status).error().code, Errc::kInvalidValue);
  status.since = kNever;
  status.check_ins.resize(limits::kShiftsPerRoleMax + 1, sign_check_in(said, ida.certificate, *ida.sign_key));
  EXPECT_EQ(answer(status).error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace nattevagt::wire
