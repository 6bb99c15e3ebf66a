#include "proto/common/ids.h"

#include <set>

#include <gtest/gtest.h>

#include "proto/common/entropy.h"

namespace nattevagt {
namespace {

static_assert(!std::is_convertible_v<PersonId, DeviceId>);
static_assert(!std::is_constructible_v<AlertId, MessageId>);

TEST(Id, TakesSixteenBytesExactly) {
  EXPECT_TRUE(AlertId::from(Bytes(16)).value().is_zero());
  for (const std::size_t size : {0U, 1U, 15U, 17U, 32U}) {
    EXPECT_EQ(AlertId::from(Bytes(size)).error().code, Errc::kInvalidValue) << size;
  }
}

TEST(Id, HexComesBack) {
  SeededEntropy entropy(1);
  for (int i = 0; i < 20; ++i) {
    const auto id = entropy.make_id<DeviceId>();
    EXPECT_EQ(DeviceId::from_hex(id.hex()).value(), id);
    EXPECT_FALSE(id.is_zero());
  }
  EXPECT_EQ(DeviceId::from_hex("00").error().code, Errc::kInvalidValue);
  EXPECT_EQ(DeviceId::from_hex("zz").error().code, Errc::kMalformed);
}

TEST(Errc, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  int known = 0;
  for (std::uint16_t code = 0; code < 1000; ++code) {
    const std::string_view name = errc_name(static_cast<Errc>(code));
    if (name == "unknown") continue;
    ++known;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(errc_name(Errc{}), "unknown");
  EXPECT_GE(known, 33);
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail(Errc::kInvalidValue, "half");
  return value / 2;
}
Result<int> quarter(int value) {
  NV_TRY(const int once, half(value));
  NV_TRY(const int twice, half(once));
  return twice;
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().code, Errc::kInvalidValue);
  EXPECT_STREQ(quarter(3).error().where, "half");
}

}  // namespace
}  // namespace nattevagt
