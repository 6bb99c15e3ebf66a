#include "proto/common/crypto.h"

#include <gtest/gtest.h>

#include "proto/common/system.h"

namespace nattevagt {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(Sha256, AgreesWithFips180) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(ByteView{})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, PartsAreTheWhole) {
  EXPECT_EQ(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")}), sha256(as_bytes("abc")));
}

TEST(Hmac, AgreesWithRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, 0x0b), {as_bytes("Hi There")})),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), {as_bytes("what do ya want "), as_bytes("for nothing?")})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(131, 0xaa),
                               {as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

struct HkdfVector {
  const char* input;
  const char* salt;
  const char* info;
  const char* extracted;
  const char* expanded;
};

TEST(Hkdf, AgreesWithRfc5869) {
  const HkdfVector kVectors[] = {
      {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
       "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313"
       "233"
       "3435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
       "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f90919"
       "293"
       "9495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
       "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e"
       "2e3"
       "e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
       "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da327"
       "560"
       "0c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
       "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };
  for (const HkdfVector& vector : kVectors) {
    Digest extracted;
    hkdf_extract(hex(vector.salt), hex(vector.input), extracted);
    EXPECT_EQ(to_hex(extracted), vector.extracted);
    Bytes expanded(std::string_view(vector.expanded).size() / 2);
    hkdf_expand(extracted, hex(vector.info), expanded);
    EXPECT_EQ(to_hex(expanded), vector.expanded);
  }
}

TEST(HkdfDeathTest, RefusesMoreThan255Blocks) {
  Bytes out(255 * 32);
  hkdf_expand(Bytes(32), {}, out);
  out.push_back(0);
  EXPECT_DEATH(hkdf_expand(Bytes(32), {}, out), "invariant broken");
}

TEST(SignKey, AgreesWithRfc8032) {
  const SignSeed seed =
      SignSeed::from(hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")).value();
  const SignKey key = SignKey::from_seed(seed);
  EXPECT_EQ(to_hex(key.public_key().bytes),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(
      to_hex(key.sign_raw(hex("72"))),
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b"
      "2eaeb4302aeeb00d291612bb0c00");
  EXPECT_EQ(key.seed(), seed);
}

TEST(SignKey, SignatureIsForOneKeyOneLabelOneMessage) {
  SeededEntropy entropy(2);
  const SignKey key = SignKey::generate(entropy);
  const SignKey other = SignKey::generate(entropy);
  const Bytes message{1, 2, 3};
  Signature signature = key.sign("label", message);
  EXPECT_TRUE(verify(key.public_key(), "label", message, signature));
  EXPECT_TRUE(verify(key.duplicate().public_key(), "label", message, key.duplicate().sign("label", message)));
  EXPECT_FALSE(verify(other.public_key(), "label", message, signature));
  EXPECT_FALSE(verify(key.public_key(), "Label", message, signature));
  EXPECT_FALSE(verify(key.public_key(), "label", Bytes{1, 2, 4}, signature));
  // The separator keeps a label from reaching into the message.
  EXPECT_FALSE(verify(key.public_key(), "labe", Bytes{'l', 1, 2, 3}, signature));
  EXPECT_FALSE(verify_raw(key.public_key(), message, signature));
  EXPECT_FALSE(verify_raw(key.public_key(), message, ByteView(signature).first(63)));
  signature[10] ^= 1;
  EXPECT_FALSE(verify(key.public_key(), "label", message, signature));
}

TEST(CurveKey, AgreesWithRfc7748) {
  const CurveSecretKey secret =
      CurveSecretKey::from(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")).value();
  EXPECT_EQ(to_hex(curve_public_key(secret).bytes),
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
}

TEST(Seal, OpensWithTheSameKeyAndAssociatedDataAlone) {
  SeededEntropy entropy(3);
  const auto key = entropy.make_secret<SealKey>();
  const auto other = entropy.make_secret<SealKey>();
  const Bytes plain{1, 2, 3, 4};
  const Bytes bound{9};
  const Bytes sealed = seal(key, plain, bound, entropy);
  EXPECT_EQ(open_sealed(key, sealed, bound).value(), SecretBytes(plain));
  EXPECT_EQ(open_sealed(other, sealed, bound).error().code, Errc::kCrypto);
  EXPECT_EQ(open_sealed(key, sealed, {}).error().code, Errc::kCrypto);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 0x80;
    EXPECT_EQ(open_sealed(key, changed, bound).error().code, Errc::kCrypto) << i;
  }
  EXPECT_EQ(open_sealed(key, ByteView(sealed).first(39), bound).error().code, Errc::kMalformed);
  EXPECT_NE(seal(key, plain, bound, entropy), sealed) << "a nonce was used twice";
}

TEST(Seal, NothingIsAMessageToo) {
  SeededEntropy entropy(4);
  const auto key = entropy.make_secret<SealKey>();
  EXPECT_TRUE(open_sealed(key, seal(key, {}, {}, entropy), {}).value().empty());
}

TEST(SeededEntropy, SameSeedSameRun) {
  SeededEntropy a(7);
  SeededEntropy b(7);
  SeededEntropy c(8);
  for (int i = 0; i < 10; ++i) {
    const auto from_a = a.make_id<AlertId>();
    EXPECT_EQ(from_a, b.make_id<AlertId>());
    EXPECT_NE(from_a, c.make_id<AlertId>());
  }
  EXPECT_NE(a.make_id<AlertId>(), a.make_id<AlertId>());
}

TEST(SystemEntropy, GivesOtherBytesEachTime) {
  SystemEntropy entropy;
  EXPECT_NE(entropy.make_id<AlertId>(), entropy.make_id<AlertId>());
}

}  // namespace
}  // namespace nattevagt
