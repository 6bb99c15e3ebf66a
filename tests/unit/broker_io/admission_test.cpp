#include "broker/io/admission.h"

#include <gtest/gtest.h>

namespace nattevagt::broker {
namespace {

TEST(AdmissionTable, KnowsAKeyUntilItEndsOrIsForgotten) {
  AdmissionTable table;
  CurvePublicKey key;
  key.bytes[0] = 1;
  const UtcTime now = from_unix_ms(1'000);
  EXPECT_FALSE(table.find(key, now));
  table.admit(key, GrantPrincipal{}, from_unix_ms(2'000));
  EXPECT_TRUE(table.find(key, from_unix_ms(1'999)));
  EXPECT_FALSE(table.find(key, from_unix_ms(2'000)))
      << "an expired grant is refused although its row is there";
  DeviceId device;
  device.bytes[0] = 9;
  table.admit(key, DevicePrincipal{device}, kNever);
  EXPECT_EQ(table.find(key, from_unix_ms(5'000)), Principal(DevicePrincipal{device}));
  table.forget(key);
  EXPECT_FALSE(table.find(key, now));
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace nattevagt::broker
