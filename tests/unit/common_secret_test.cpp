#include "proto/common/secret.h"

#include <sstream>

#include <gtest/gtest.h>

namespace nattevagt {
namespace {

using TestSecret = Secret<struct TestPurpose, 4>;
using OtherSecret = Secret<struct OtherPurpose, 4>;

static_assert(!std::is_copy_constructible_v<TestSecret> && !std::is_copy_assignable_v<TestSecret>);
static_assert(std::is_nothrow_move_constructible_v<TestSecret>);
static_assert(!std::is_convertible_v<TestSecret, OtherSecret>);
static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);

TEST(Secret, MovingWipesTheSource) {
  TestSecret a = TestSecret::from(Bytes{1, 2, 3, 4}).value();
  const TestSecret b = std::move(a);
  EXPECT_EQ(to_hex(b.expose()), "01020304");
  EXPECT_EQ(to_hex(a.expose()), "00000000");  // NOLINT(bugprone-use-after-move): what the test is about
  TestSecret c;
  TestSecret d = b.duplicate();
  c = std::move(d);
  EXPECT_EQ(c, b);
  EXPECT_EQ(to_hex(d.expose()), "00000000");  // NOLINT(bugprone-use-after-move)
}

TEST(Secret, DestructionWipes) {
  alignas(TestSecret) std::array<std::uint8_t, sizeof(TestSecret)> storage{};
  auto* secret = new (storage.data()) TestSecret(TestSecret::from(Bytes{1, 2, 3, 4}).value());
  EXPECT_EQ(storage[0], 1);
  secret->~TestSecret();
  // Read through volatile: the object is gone, its storage is ours.
  const volatile std::uint8_t* bytes = storage.data();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(bytes[i], 0);
}

TEST(Secret, TakesItsSizeExactlyAndPrintsNothing) {
  EXPECT_EQ(TestSecret::from(Bytes(3)).error().code, Errc::kInvalidValue);
  EXPECT_EQ(TestSecret::from(Bytes(5)).error().code, Errc::kInvalidValue);
  std::ostringstream out;
  out << TestSecret::from(Bytes{1, 2, 3, 4}).value() << SecretBytes(Bytes{5});
  EXPECT_EQ(out.str(), "******");
}

TEST(SecretBytes, ComparesMovesAndDuplicates) {
  SecretBytes a(Bytes{1, 2, 3});
  const SecretBytes b = a.duplicate();
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a == SecretBytes(Bytes{1, 2}));
  SecretBytes c(std::size_t{2});
  c = std::move(a);
  EXPECT_EQ(c, b);
  EXPECT_EQ(c.size(), 3U);
}

}  // namespace
}  // namespace nattevagt
