#include "proto/common/bytes.h"

#include <gtest/gtest.h>

#include "proto/common/entropy.h"

namespace nattevagt {
namespace {

TEST(Bytes, HexIsLowerCaseAndComesBack) {
  const Bytes bytes{0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(to_hex(bytes), "000fa5ff");
  EXPECT_EQ(from_hex("000fa5ff").value(), bytes);
  EXPECT_EQ(from_hex("000FA5FF").value(), bytes);
  EXPECT_EQ(from_hex("").value(), Bytes{});
}

TEST(Bytes, HexRefusesOddLengthAndOtherCharacters) {
  for (const char* text : {"0", "abc", "0g", "g0", "00 ", "0x00", "00\n0", "å0"}) {
    const Result<Bytes> refused = from_hex(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Errc::kMalformed);
  }
}

TEST(Bytes, Base64UrlAgreesWithRfc4648) {
  const std::pair<const char*, const char*> kVectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : kVectors) {
    EXPECT_EQ(to_base64url(as_bytes(plain)), encoded);
    EXPECT_EQ(as_text(from_base64url(encoded).value()), plain);
  }
  EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Bytes, Base64UrlRefusesPaddingOtherAlphabetAndLooseBits) {
  for (const char* text : {"Zg==", "Z", "+/8", "Zm9v\n", "Zm 9v", "Zh", "Zm9vY"}) {
    const Result<Bytes> refused = from_base64url(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Errc::kMalformed);
  }
}

TEST(Bytes, TextFormsComeBackForEveryLength) {
  SeededEntropy entropy(1);
  for (std::size_t size = 0; size < 100; ++size) {
    Bytes bytes(size);
    entropy.fill(bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
  }
}

TEST(Bytes, ConstantTimeComparisonIsAComparison) {
  const Bytes a{1, 2, 3};
  EXPECT_TRUE(equal_constant_time(a, Bytes{1, 2, 3}));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2, 4}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{0, 2, 3}));
  EXPECT_FALSE(equal_constant_time(a, Bytes{1, 2}));
  EXPECT_FALSE(equal_constant_time(a, {}));
}

}  // namespace
}  // namespace nattevagt
