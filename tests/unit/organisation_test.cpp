#include "client-lib/admin/organisation.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "client-lib/admin/roster_build.h"
#include "proto/common/system.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "tests/support/process.h"

namespace nattevagt::client {
namespace {

constexpr PassphraseCost kCheap{1, 64};
constexpr std::string_view kPassphrase = "en lang sætning";

class OrganisationTest : public ::testing::Test {
 protected:
  Result<Organisation> make(const std::string& folder, std::string_view name) {
    const wire::HubPin hub{"tcp://127.0.0.1:5670", curve_public_key(entropy_.make_secret<CurveSecretKey>()),
                           SignKey::generate(entropy_).public_key()};
    return Organisation::create(dir_.file(folder), name, kPassphrase, hub, kCheap, entropy_);
  }
  UtcTime now() { return clock_.wall(); }

  SystemClock clock_;
  SystemEntropy entropy_;
  testing::TempDir dir_;
};

TEST_F(OrganisationTest, RemembersEverythingUnderItsPassphrase) {
  {
    auto made = make("solvang", "Solvang Kommune");
    ASSERT_TRUE(made);
    ASSERT_TRUE(made->make_grant({wire::HolderKind::kPerson, "Ida Eksempel", "overlæge", {}}, now()));
    ASSERT_TRUE(made->make_grant({wire::HolderKind::kUnit, "hus B", {}, {}}, now()));
    ASSERT_TRUE(made->role("forvagt"));
    ASSERT_TRUE(made->ladder("nat"));
    DeviceId device;
    device.bytes.fill(7);
    ASSERT_TRUE(made->revoke({device, device}, 4, now()));
    auto other = make("havbakken", "Region Havbakken");
    ASSERT_TRUE(made->trust(other->trust()));
    ASSERT_TRUE(made->trust(other->trust())) << "again is the same";
  }
  auto opened = Organisation::open(dir_.file("solvang"), kPassphrase, entropy_);
  ASSERT_TRUE(opened) << errc_name(opened.error().code);
  const auto& state = opened->state();
  EXPECT_EQ(state.name, "Solvang Kommune");
  EXPECT_EQ(opened->find_person("Ida Eksempel")->profession, "overlæge");
  EXPECT_EQ(opened->find_person("hus B")->unit, state.units[0].id);
  EXPECT_EQ(state.grants.size(), 2U);
  EXPECT_EQ(state.revocations_version, 5U) << "above what the hub has";
  EXPECT_EQ(state.revoked.size(), 1U);
  ASSERT_EQ(state.trusted.size(), 1U);
  EXPECT_EQ(state.trusted[0].name, "Region Havbakken");
}

TEST_F(OrganisationTest, IsReadableByNobodyElse) {
  ASSERT_TRUE(make("o", "Solvang Kommune"));
  struct stat info{};
  ASSERT_EQ(stat(dir_.file("o").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  ASSERT_EQ(stat(dir_.file("o/organisation.nattevagt").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(testing::read_file(dir_.file("o/organisation.nattevagt")).find("Solvang"), std::string::npos);
}

TEST_F(OrganisationTest, RefusesTheWrongPassphraseASecondToolAndASecondInit) {
  auto made = make("o", "Solvang Kommune");
  ASSERT_TRUE(made);
  EXPECT_EQ(Organisation::open(dir_.file("o"), kPassphrase, entropy_).error().code, Errc::kBusy);
  {
    const Organisation gone = std::move(*made);
  }
  EXPECT_EQ(Organisation::open(dir_.file("o"), "en anden sætning", entropy_).error().code, Errc::kWrongPin);
  EXPECT_EQ(make("o", "Solvang Kommune").error().code, Errc::kAlreadyExists);
  EXPECT_EQ(Organisation::open(dir_.file("none"), kPassphrase, entropy_).error().code, Errc::kNotFound);
  EXPECT_TRUE(Organisation::open(dir_.file("o"), kPassphrase, entropy_));
}

TEST_F(OrganisationTest, ADamagedFileIsNeverAFreshStart) {
  ASSERT_TRUE(make("o", "Solvang Kommune"));
  const std::string path = dir_.file("o/organisation.nattevagt");
  const std::string whole = testing::read_file(path);
  for (std::size_t at :
       {std::size_t{3}, std::size_t{40}, std::size_t{50}, whole.size() / 2, whole.size() - 1}) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 1);
    testing::write_file(path, broken);
    EXPECT_FALSE(Organisation::open(dir_.file("o"), kPassphrase, entropy_)) << at;
  }
  testing::write_file(path, whole.substr(0, 20));
  EXPECT_FALSE(Organisation::open(dir_.file("o"), kPassphrase, entropy_));
  testing::write_file(path, whole);
  EXPECT_TRUE(Organisation::open(dir_.file("o"), kPassphrase, entropy_));
}

TEST_F(OrganisationTest, AGrantVerifiesAndItsLinkSurvivesAsText) {
  auto made = make("o", "Solvang Kommune");
  auto link = made->make_grant({wire::HolderKind::kUnit, "Strandløkken, hus B", {}, {}}, now());
  ASSERT_TRUE(link);
  const auto read = wire::decode_link(wire::encode_link(*link));
  ASSERT_TRUE(read);
  const auto grant = wire::verify_grant(read->grant, made->card());
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->kind, wire::HolderKind::kUnit);
  EXPECT_EQ(grant->unit, made->state().units[0].id);
  EXPECT_EQ(wire::grant_keys(read->seed).sign.public_key(), grant->sign_key);
  const auto label = wire::open_label(grant->sealed_label, made->trust().directory_key, grant->person.view());
  EXPECT_EQ(label->name, "Strandløkken, hus B");
}

TEST_F(OrganisationTest, RefusesNamesAndTimesThatCannotBe) {
  auto made = make("o", "Solvang Kommune");
  const auto code = [&](GrantOrder order) {
    const auto link = made->make_grant(order, now());
    return link ? Errc{} : link.error().code;
  };
  EXPECT_EQ(code({wire::HolderKind::kPerson, "a\tb", {}, {}}), Errc::kInvalidValue);
  EXPECT_EQ(code({wire::HolderKind::kPerson, "\x1b[2J", {}, {}}), Errc::kInvalidValue);
  EXPECT_EQ(code({wire::HolderKind::kPerson, "Ida", {}, {}, Millis(0)}), Errc::kInvalidValue);
  EXPECT_EQ(code({wire::HolderKind::kPerson, "Ida", {}, "hus Z"}), Errc::kNotFound);
  EXPECT_EQ(make("p", "").error().code, Errc::kInvalidValue);
  EXPECT_FALSE(Organisation::create(dir_.file("q"), "X", "kort", made->state().hub, kCheap, entropy_));
  EXPECT_EQ(made->trust(made->trust()).error().code, Errc::kInvalidValue) << "oneself";
}

TEST_F(OrganisationTest, ALadderMayLeadToAnotherOrganisationsRole) {
  auto region = make("r", "Region");
  auto solvang = make("s", "Solvang");
  const auto region_draft =
      parse_roster("[[person]]\nname=\"Ida\"\n[[role]]\nname=\"forvagt\"\nholders=[\"Ida\"]\n");
  auto region_roster = build_roster(region_draft.draft, *region, {}, now());
  ASSERT_TRUE(region_roster);
  const auto document = region->sign_roster(region_roster->roster, 0);
  ASSERT_TRUE(solvang->trust(region->trust()));

  const auto foreign = foreign_names(solvang->state().trusted, {*document});
  ASSERT_TRUE(foreign);
  const auto draft = parse_roster(
      "[[ladder]]\nname=\"nat\"\nadvice_within=\"5m\"\n[[ladder.step]]\nwait=\"1m\"\n"
      "to=[\"Region: forvagt\",\"Region: bagvagt\",\"Nowhere: forvagt\",\"nobody\"]\n");
  auto built = build_roster(draft.draft, *solvang, *foreign, now());
  ASSERT_TRUE(built);
  ASSERT_EQ(built->roster.ladders[0].steps[0].targets.size(), 1U);
  EXPECT_EQ(built->roster.ladders[0].steps[0].targets[0].id.bytes, region_roster->roster.roles[0].id.bytes);
  ASSERT_EQ(built->problems.size(), 3U);
  EXPECT_EQ(built->problems[0].fault, RosterFault::kUnknownTarget);
  EXPECT_EQ(built->problems[0].detail, "forvagt");
  EXPECT_EQ(built->problems[1].fault, RosterFault::kUnknownOrganisation);
  EXPECT_EQ(built->problems[2].fault, RosterFault::kUnknownTarget);

  auto forged = *document;
  forged.signature[0] ^= 1;
  EXPECT_EQ(foreign_names(solvang->state().trusted, {forged}).error().code, Errc::kBadSignature);
}

// P-022: and no others, so that the hub learns of nobody by it.
TEST_F(OrganisationTest, ARosterNamesThoseWhomARoleOrAStepNames) {
  auto made = make("r", "Region");
  const auto draft = parse_roster(
      "[[person]]\nname=\"Ida\"\nprofession=\"overlæge\"\n[[person]]\nname=\"Vera\"\n[[person]]\nname=\"Tove\"\n"
      "[[role]]\nname=\"forvagt\"\nholders=[\"Ida\"]\n[[role]]\nname=\"bagvagt\"\nholders=[\"Ida\"]\n"
      "[[ladder]]\nname=\"rød\"\nadvice_within=\"15m\"\n[[ladder.step]]\nto=[\"forvagt\", \"Vera\"]\nwait=\"5m\"\n");
  const auto built = build_roster(draft.draft, *made, {}, now());
  ASSERT_TRUE(built);
  std::set<std::string> named;
  for (const wire::PersonLabel& person : built->roster.people) {
    const auto label = wire::open_label(person.sealed_label, made->trust().directory_key, person.id.view());
    ASSERT_TRUE(label) << "sealed for this person alone";
    named.insert(label->name);
    if (label->name == "Ida") {
      EXPECT_EQ(label->profession, "overlæge");
    }
  }
  EXPECT_EQ(named, (std::set<std::string>{"Ida", "Vera"}));
  EXPECT_EQ(built->roster.people.size(), 2U);
}

TEST_F(OrganisationTest, PublishingTwiceKeepsTheIdsAndRaisesTheVersion) {
  auto made = make("o", "Solvang Kommune");
  const auto draft = parse_roster(testing::read_file(NATTEVAGT_EXAMPLES "/roster-havbakken.toml"));
  auto first = build_roster(draft.draft, *made, {}, now());
  const auto one = made->sign_roster(first->roster, 0);
  auto second = build_roster(draft.draft, *made, {}, now());
  const auto two = made->sign_roster(second->roster, 0);
  EXPECT_EQ(first->roster.roles[0].id, second->roster.roles[0].id);
  EXPECT_EQ(first->roster.roles[0].holders, second->roster.roles[0].holders);
  EXPECT_EQ(one->version + 1, two->version);
  EXPECT_TRUE(wire::verify_document(*two, made->card()));
}

}  // namespace
}  // namespace nattevagt::client
