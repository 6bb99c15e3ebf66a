// The chain organisation -> grant -> certificate: what must not verify, link by link.

#include "proto/wire/chain.h"

#include <gtest/gtest.h>

#include "proto/wire/codec.h"
#include "tests/unit/wire_draw.h"

namespace nattevagt::wire {
namespace {

constexpr UtcTime kIssued = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);
constexpr Millis kDay = std::chrono::hours(24);

struct Organisation {
  explicit Organisation(std::uint64_t seed) : entropy(seed), sign(SignKey::generate(entropy)) {
    card.sign_key = sign.public_key();
    card.curve_key = curve_public_key(entropy.make_secret<CurveSecretKey>());
    card.id = organisation_id(card.sign_key);
  }
  SeededEntropy entropy;
  SignKey sign;
  OrganisationCard card;
};

struct Enrolment {
  explicit Enrolment(Organisation& of)
      : organisation(of),
        seed(of.entropy.make_secret<SignSeed>()),
        keys(grant_keys(seed)),
        device(SignKey::generate(of.entropy)),
        curve(curve_public_key(of.entropy.make_secret<CurveSecretKey>())) {
    grant = Draw(5).grant();
    grant.organisation = of.card.id;
    grant.sign_key = keys.sign.public_key();
    grant.curve_key = curve_public_key(keys.curve);
    grant.issued_at = kIssued;
    grant.not_after = kIssued + 7 * kDay;
    grant.certificate_lifetime = 365 * kDay;
    issued_at = kIssued + kDay;
    not_after = issued_at + grant.certificate_lifetime;
  }

  CertificateBody body() const {
    return {sign_grant(grant, organisation.sign), device.public_key(), curve, issued_at, not_after};
  }
  Certificate certificate() const { return sign_certificate(body(), keys.sign); }
  Result<DeviceIdentity> check(const Certificate& certificate, UtcTime now) const {
    return verify_certificate(certificate, {&organisation.card, 1}, now);
  }
  Errc code(const Certificate& certificate, UtcTime now) const {
    const Result<DeviceIdentity> result = check(certificate, now);
    return result ? Errc{} : result.error().code;
  }

  Organisation& organisation;
  SignSeed seed;
  GrantKeys keys;
  SignKey device;
  CurvePublicKey curve;
  Grant grant;
  UtcTime issued_at;
  UtcTime not_after;
};

constexpr UtcTime kNow = kIssued + 2 * kDay;

TEST(Ids, AreTheHashesThatTheProtocolNames) {
  Draw draw(1);
  const SignPublicKey sign{draw.array<32>()};
  const CurvePublicKey curve{draw.array<32>()};
  Bytes bytes = to_bytes(as_bytes("Nattevagt organisation v1"));
  bytes.push_back(0);
  append(bytes, sign.bytes);
  EXPECT_EQ(to_hex(organisation_id(sign).view()), to_hex(ByteView(sha256(bytes)).first(16)));
  bytes = to_bytes(as_bytes("Nattevagt device v1"));
  bytes.push_back(0);
  append(bytes, sign.bytes);
  append(bytes, curve.bytes);
  EXPECT_EQ(to_hex(device_id(sign, curve).view()), to_hex(ByteView(sha256(bytes)).first(16)));
}

TEST(GrantKeys, AreHkdfOfTheSeed) {
  const SignSeed seed = SignSeed::from(Bytes(32, 0x42)).value();
  Digest extracted;
  hkdf_extract({}, seed.expose(), extracted);
  Bytes sign(32);
  hkdf_expand(extracted, as_bytes("grant sign"), sign);
  Bytes curve(32);
  hkdf_expand(extracted, as_bytes("grant curve"), curve);
  const GrantKeys keys = grant_keys(seed);
  EXPECT_EQ(to_hex(keys.sign.seed().expose()), to_hex(sign));
  EXPECT_EQ(to_hex(keys.curve.expose()), to_hex(curve));
  EXPECT_NE(sign, curve);
}

TEST(Certificate, VerifiesToItsOrganisation) {
  Organisation solvang(1);
  Organisation birkeaa(2);
  const Enrolment enrolment(solvang);
  const std::vector<OrganisationCard> pinned{birkeaa.card, solvang.card};
  const Result<DeviceIdentity> identity = verify_certificate(enrolment.certificate(), pinned, kNow);
  ASSERT_TRUE(identity) << identity.error().where;
  EXPECT_EQ(identity->device, device_id(enrolment.device.public_key(), enrolment.curve));
  EXPECT_EQ(identity->organisation, solvang.card.id);
  EXPECT_EQ(identity->grant, enrolment.grant.id);
  EXPECT_EQ(identity->kind, enrolment.grant.kind);
  EXPECT_EQ(identity->person, enrolment.grant.person);
  EXPECT_EQ(identity->unit, enrolment.grant.unit);
  EXPECT_EQ(identity->sealed_label, enrolment.grant.sealed_label);
  EXPECT_EQ(identity->sign_key, enrolment.device.public_key());
  EXPECT_EQ(identity->curve_key, enrolment.curve);
  EXPECT_EQ(identity->not_before, enrolment.issued_at);
  EXPECT_EQ(identity->not_after, enrolment.not_after);
}

TEST(Certificate, OfAnOrganisationThatIsNotPinnedIsUntrusted) {
  Organisation solvang(1);
  Organisation birkeaa(2);
  const Enrolment enrolment(solvang);
  EXPECT_EQ(verify_certificate(enrolment.certificate(), {&birkeaa.card, 1}, kNow).error().code,
            Errc::kUntrusted);
  EXPECT_EQ(verify_certificate(enrolment.certificate(), {}, kNow).error().code, Errc::kUntrusted);
}

TEST(Certificate, WithAGrantThatAnotherSignedIsRefused) {
  Organisation solvang(1);
  Organisation stranger(3);
  Enrolment enrolment(solvang);
  CertificateBody body = enrolment.body();
  body.grant = sign_grant(enrolment.grant, stranger.sign);  // claims to be Solvang's
  EXPECT_EQ(enrolment.code(sign_certificate(body, enrolment.keys.sign), kNow), Errc::kBadSignature);
}

TEST(Certificate, CardWithAnotherKeyUnderTheIdIsUntrusted) {
  Organisation solvang(1);
  Organisation stranger(3);
  Enrolment enrolment(solvang);
  OrganisationCard forged = stranger.card;
  forged.id = solvang.card.id;
  CertificateBody body = enrolment.body();
  body.grant = sign_grant(enrolment.grant, stranger.sign);
  EXPECT_EQ(verify_certificate(sign_certificate(body, enrolment.keys.sign), {&forged, 1}, kNow).error().code,
            Errc::kUntrusted);
}

TEST(Certificate, EachByteOfTheChainIsUnderASignature) {
  Organisation solvang(1);
  const Enrolment enrolment(solvang);
  const Certificate good = enrolment.certificate();
  for (std::size_t i = 0; i < good.body.size(); ++i) {
    Certificate bad = good;
    bad.body[i] ^= 0x01;
    EXPECT_FALSE(enrolment.check(bad, kNow)) << i;
  }
  for (std::size_t i = 0; i < good.signature.size(); ++i) {
    Certificate bad = good;
    bad.signature[i] ^= 0x01;
    EXPECT_EQ(enrolment.code(bad, kNow), Errc::kBadSignature) << i;
  }
}

TEST(Certificate, SignedWithAnotherGrantsKeyIsRefused) {
  Organisation solvang(1);
  const Enrolment enrolment(solvang);
  const Enrolment other(solvang);
  EXPECT_EQ(enrolment.code(sign_certificate(enrolment.body(), other.keys.sign), kNow), Errc::kBadSignature);
  EXPECT_EQ(enrolment.code(sign_certificate(enrolment.body(), enrolment.device), kNow), Errc::kBadSignature);
}

TEST(Certificate, SwappedKeysAreRefused) {
  Organisation solvang(1);
  const Enrolment enrolment(solvang);
  const Certificate good = enrolment.certificate();
  CertificateBody body = enrolment.body();
  body.sign_key = SignKey::generate(solvang.entropy).public_key();
  EXPECT_EQ(enrolment.code({encode(body), good.signature}, kNow), Errc::kBadSignature);
  body = enrolment.body();
  body.curve_key.bytes[0] ^= 1;
  EXPECT_EQ(enrolment.code({encode(body), good.signature}, kNow), Errc::kBadSignature);
}

TEST(Certificate, SignatureOfAnotherPurposeIsRefused) {
  Organisation solvang(1);
  const Enrolment enrolment(solvang);
  const Bytes body = encode(enrolment.body());
  EXPECT_EQ(enrolment.code({body, enrolment.keys.sign.sign(kContentLabel, body)}, kNow), Errc::kBadSignature);
  CertificateBody relabelled = enrolment.body();
  relabelled.grant.signature = solvang.sign.sign(kDocumentLabel, relabelled.grant.body);
  EXPECT_EQ(enrolment.code(sign_certificate(relabelled, enrolment.keys.sign), kNow), Errc::kBadSignature);
}

TEST(Certificate, RunsOutAtNotAfter) {
  Organisation solvang(1);
  const Enrolment enrolment(solvang);
  const Certificate certificate = enrolment.certificate();
  EXPECT_EQ(enrolment.code(certificate, enrolment.not_after - Millis(1)), Errc{});
  EXPECT_EQ(enrolment.code(certificate, enrolment.not_after), Errc::kExpired);
  EXPECT_EQ(enrolment.code(certificate, enrolment.not_after + 1000 * kDay), Errc::kExpired);
}

TEST(Certificate, IsIssuedWithinTheGrantsTimeAndFiveMinutes) {
  Organisation solvang(1);
  Enrolment enrolment(solvang);
  const auto issued = [&](UtcTime at) {
    enrolment.issued_at = at;
    enrolment.not_after = at + kDay;
    return enrolment.code(enrolment.certificate(), at);
  };
  const Millis skew = limits::kClockSkewMax;
  EXPECT_EQ(issued(enrolment.grant.issued_at - skew), Errc{});
  EXPECT_EQ(issued(enrolment.grant.issued_at - skew - Millis(1)), Errc::kExpired);
  EXPECT_EQ(issued(enrolment.grant.not_after + skew), Errc{});
  EXPECT_EQ(issued(enrolment.grant.not_after + skew + Millis(1)), Errc::kExpired);
}

TEST(Certificate, LivesNoLongerThanTheGrantAllows) {
  Organisation solvang(1);
  Enrolment enrolment(solvang);
  enrolment.not_after = enrolment.issued_at + enrolment.grant.certificate_lifetime + Millis(1);
  EXPECT_EQ(enrolment.code(enrolment.certificate(), kNow), Errc::kInvalidValue);
}

TEST(Certificate, GarbageIsNotACertificate) {
  Organisation solvang(1);
  const Enrolment enrolment(solvang);
  EXPECT_EQ(enrolment.code({Bytes{0xff}, {}}, kNow), Errc::kMalformed);
  EXPECT_EQ(enrolment.code({}, kNow), Errc::kInvalidValue);
  EXPECT_EQ(enrolment.code({Bytes(limits::kCertificateBytesMax + 1), {}}, kNow), Errc::kTooLarge);
  CertificateBody body = enrolment.body();
  body.grant.body = {0xff};
  EXPECT_EQ(enrolment.code(sign_certificate(body, enrolment.keys.sign), kNow), Errc::kMalformed);
}

// Signed bytes are never encoded again (P-004): what a later version adds still verifies.
TEST(Grant, WithAFieldThatWeDoNotKnowStillVerifies) {
  Organisation solvang(1);
  const Enrolment enrolment(solvang);
  SignedGrant grant = sign_grant(enrolment.grant, solvang.sign);
  append(grant.body, from_hex("c23e03010203").value());  // field 1000
  EXPECT_EQ(verify_grant(grant, solvang.card).error().code, Errc::kBadSignature);
  grant.signature = solvang.sign.sign(kGrantLabel, grant.body);
  EXPECT_TRUE(verify_grant(grant, solvang.card).value() == enrolment.grant);
}

TEST(Grant, IsOfItsOrganisation) {
  Organisation solvang(1);
  Organisation birkeaa(2);
  const Enrolment enrolment(solvang);
  const SignedGrant grant = sign_grant(enrolment.grant, solvang.sign);
  EXPECT_TRUE(verify_grant(grant, solvang.card));
  EXPECT_EQ(verify_grant(grant, birkeaa.card).error().code, Errc::kUntrusted);
}

TEST(Document, SignatureCoversEveryPart) {
  Organisation solvang(1);
  Organisation birkeaa(2);
  const SignedDocument good =
      sign_document(solvang.card.id, DocumentKind::kRoster, 7, encode(Draw(3).roster()), solvang.sign);
  EXPECT_TRUE(verify_document(good, solvang.card));
  EXPECT_EQ(verify_document(good, birkeaa.card).error().code, Errc::kUntrusted);
  const auto code = [&](auto change) {
    SignedDocument bad = good;
    change(bad);
    const Status status = verify_document(bad, solvang.card);
    return status ? Errc{} : status.error().code;
  };
  EXPECT_EQ(code([](SignedDocument& d) { d.version = 8; }), Errc::kBadSignature);
  EXPECT_EQ(code([](SignedDocument& d) { d.kind = DocumentKind::kRevocations; }), Errc::kBadSignature);
  EXPECT_EQ(code([](SignedDocument& d) { d.body.back() ^= 1; }), Errc::kBadSignature);
  EXPECT_EQ(code([](SignedDocument& d) { d.signature[0] ^= 1; }), Errc::kBadSignature);
  EXPECT_EQ(code([&](SignedDocument& d) { d.organisation = birkeaa.card.id; }), Errc::kUntrusted);
  EXPECT_EQ(to_hex(document_to_be_signed(good)),
            solvang.card.id.hex() + "01" + "0000000000000007" + to_hex(good.body));
}

TEST(Label, OpensOnlyForTheOneItBelongsTo) {
  SeededEntropy entropy(4);
  const auto key = entropy.make_secret<SealKey>();
  const auto other_key = entropy.make_secret<SealKey>();
  const auto ida = entropy.make_id<PersonId>();
  const auto rune = entropy.make_id<PersonId>();
  const Label label{"Ida Eksempel", "overlæge"};
  const Bytes sealed = seal_label(label, key, ida.view(), entropy);
  EXPECT_EQ(open_label(sealed, key, ida.view()).value(), label);
  EXPECT_EQ(open_label(sealed, key, rune.view()).error().code, Errc::kCrypto);
  EXPECT_EQ(open_label(sealed, other_key, ida.view()).error().code, Errc::kCrypto);
  EXPECT_EQ(open_label(Bytes(10), key, ida.view()).error().code, Errc::kMalformed);
  EXPECT_EQ(open_label(Bytes(limits::kLabelBytesMax + 1), key, ida.view()).error().code, Errc::kTooLarge);
  EXPECT_EQ(as_text(sealed).find("Ida"), std::string_view::npos);
}

TEST(Label, LongestLabelFitsItsLimitSealed) {
  SeededEntropy entropy(4);
  const auto key = entropy.make_secret<SealKey>();
  const Label label{std::string(limits::kNameBytesMax, 'x'), std::string(limits::kNameBytesMax, 'y')};
  const Bytes sealed = seal_label(label, key, {}, entropy);
  EXPECT_LE(sealed.size(), limits::kLabelBytesMax);
  EXPECT_EQ(open_label(sealed, key, {}).value(), label);
}

}  // namespace
}  // namespace nattevagt::wire
