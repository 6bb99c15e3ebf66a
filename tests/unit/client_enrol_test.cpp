// Enrolment: once for each grant, again after a loss, and nothing for a link that is not what it says.
#include <gtest/gtest.h>

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class Enrolment : public ::testing::Test {
 protected:
  std::unique_ptr<client::Client> fresh(const std::string& name) {
    auto opened = client::Client::open({world.folder.path() + "/" + name, "2468", true, {1, 8}, {}},
                                       world.clock, world.entropy, world.hub->connection());
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  MemoryWorld world;
};

TEST_F(Enrolment, GivesAPersonWithNameAndOrganisation) {
  Device& ida = world.enrol(world.ida);
  ASSERT_TRUE(ida->self());
  EXPECT_EQ(ida->self()->name, "Ida Eksempel");
  EXPECT_EQ(ida->self()->profession, "overlæge");
  EXPECT_EQ(ida->self()->organisation_name, "Region Havbakken");
  EXPECT_TRUE(ida->enrolled());
  world.reopen(ida);
  EXPECT_TRUE(ida->enrolled());
  EXPECT_EQ(ida->self()->name, "Ida Eksempel");
}

TEST_F(Enrolment, GoesOnAfterALostAnswer) {
  const std::string link = wire::encode_link(world.grant(world.ida));
  world.hub->set_reachable(false);
  auto client = fresh("a");
  EXPECT_EQ(client->enrol(link, seconds(1)).error().code, Errc::kTimeout);
  client.reset();
  world.hub->set_reachable(true);
  auto again = client::Client::open({world.folder.path() + "/a", "2468", false, {}, {}}, world.clock,
                                    world.entropy, world.hub->connection());
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->enrol(link, seconds(5)));
  EXPECT_TRUE((*again)->enrol(link, seconds(5)));  // and once more is no harm
  EXPECT_EQ((*again)->enrol(wire::encode_link(world.grant(world.rune)), seconds(1)).error().code,
            Errc::kAlreadyExists);
}

TEST_F(Enrolment, AGrantServesOneDevice) {
  const std::string link = wire::encode_link(world.grant(world.ida));
  auto first = fresh("a");
  auto second = fresh("b");
  EXPECT_TRUE(first->enrol(link, seconds(5)));
  EXPECT_FALSE(second->enrol(link, seconds(5)));
  EXPECT_FALSE(second->enrolled());
}

TEST_F(Enrolment, RefusesAnExpiredLinkAndOneThatNobodyPinnedSigned) {
  const std::string link = wire::encode_link(world.grant(world.ida));
  wire::GrantLink foreign = world.grant(world.ida);
  std::erase_if(foreign.trusted, [&](const wire::TrustedOrganisation& trusted) {
    return trusted.card.id == world.havbakken.card.id;
  });
  auto client = fresh("a");
  EXPECT_EQ(client->enrol(wire::encode_link(foreign), seconds(1)).error().code, Errc::kUntrusted);
  EXPECT_EQ(client->enrol("nattevagt:hej", seconds(1)).error().code, Errc::kMalformed);
  world.clock.advance(hours(25));
  EXPECT_EQ(client->enrol(link, seconds(1)).error().code, Errc::kExpired);
  EXPECT_FALSE(client->enrolled());
}

}  // namespace
}  // namespace nattevagt::testing
