#include <gtest/gtest.h>

#include "proto/wire/codec.h"
#include "tests/unit/wire_draw.h"

namespace nattevagt::wire {
namespace {

bool same(const TrustedOrganisation& a, const TrustedOrganisation& b) {
  return a.card == b.card && a.name == b.name && a.directory_key == b.directory_key;
}

TEST(Link, GrantLinkComesBack) {
  Draw draw(1);
  for (int i = 0; i < 60; ++i) {
    const GrantLink link = draw.link();
    const std::string text = encode_link(link);
    EXPECT_EQ(text.rfind("nattevagt:", 0), 0U);
    const Result<GrantLink> back = decode_link(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->grant, link.grant);
    EXPECT_EQ(back->seed, link.seed);
    ASSERT_EQ(back->trusted.size(), link.trusted.size());
    for (std::size_t t = 0; t < link.trusted.size(); ++t)
      EXPECT_TRUE(same(back->trusted[t], link.trusted[t]));
    EXPECT_EQ(encode_link(*back), text);
  }
}

TEST(Link, CardAndTrustComeBackWithTheSpaceOfAFileAroundThem) {
  Draw draw(2);
  const OrganisationCard card = draw.card();
  EXPECT_EQ(encode_card(card).rfind("nattevagt-hub-card:", 0), 0U);
  EXPECT_EQ(decode_card(" \n" + encode_card(card) + "\r\n").value(), card);
  const TrustedOrganisation trusted = draw.trusted();
  EXPECT_EQ(encode_trust(trusted).rfind("nattevagt-trust:", 0), 0U);
  EXPECT_TRUE(same(decode_trust(encode_trust(trusted) + "\n").value(), trusted));
}

TEST(Link, OneKindIsNotTakenForAnother) {
  Draw draw(3);
  EXPECT_EQ(decode_card(encode_trust(draw.trusted())).error().code, Errc::kMalformed);
  EXPECT_EQ(decode_trust(encode_card(draw.card())).error().code, Errc::kMalformed);
  EXPECT_EQ(decode_link(encode_card(draw.card())).error().code, Errc::kMalformed);
  EXPECT_EQ(decode_card(encode_link(draw.link())).error().code, Errc::kMalformed);
}

TEST(Link, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", " ", "nattevagt", "https://example.dk", "nattevagt: AAAA", "nattevagt:A", "nattevagt:AA=="}) {
    EXPECT_EQ(decode_link(text).error().code, Errc::kMalformed) << text;
  }
  // Nothing in it: the parts are missing.
  EXPECT_EQ(decode_link("nattevagt:").error().code, Errc::kInvalidValue);
  EXPECT_EQ(decode_link("nattevagt:" + std::string(limits::kLinkBytesMax, 'A')).error().code,
            Errc::kTooLarge);
}

TEST(Link, CardWhoseIdIsNotItsKeysIsRefused) {
  Draw draw(4);
  OrganisationCard card = draw.card();
  card.id.bytes[0] ^= 1;
  EXPECT_EQ(decode_card(encode_card(card)).error().code, Errc::kInvalidValue);
  TrustedOrganisation trusted = draw.trusted();
  trusted.card.sign_key.bytes[0] ^= 1;
  EXPECT_EQ(decode_trust(encode_trust(trusted)).error().code, Errc::kInvalidValue);
  GrantLink link = draw.link();
  link.trusted.push_back(std::move(trusted));
  EXPECT_EQ(decode_link(encode_link(link)).error().code, Errc::kInvalidValue);
}

// P-024
TEST(Link, SeedOfAnotherGrantIsRefused) {
  Draw draw(6);
  GrantLink link = draw.link();
  link.seed.expose()[0] ^= 1;
  EXPECT_EQ(decode_link(encode_link(link)).error().code, Errc::kInvalidValue);
}

TEST(Link, NameOfATrustedOrganisationIsText) {
  Draw draw(5);
  TrustedOrganisation trusted = draw.trusted();
  trusted.name = "Solvang\xff";
  EXPECT_EQ(decode_trust(encode_trust(trusted)).error().code, Errc::kInvalidValue);
  trusted.name.assign(limits::kNameBytesMax + 1, 'x');
  EXPECT_EQ(decode_trust(encode_trust(trusted)).error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace nattevagt::wire
