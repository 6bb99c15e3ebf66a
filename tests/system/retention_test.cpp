// What the hub has deleted leaves its disk within a day, however quiet the days are (P-038).
#include <gtest/gtest.h>

#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

TEST(Retention, AQuietHubCompactsOnceADay) {
  HubWorld world;
  auto& asking = world.add_device({.unit = world.unit});
  ASSERT_TRUE(asking.hello());
  ASSERT_EQ(world.hub.stop().exit_code, 0);
  const auto compacted = [&] { return world.hub.log().find("\"compacted\"") != std::string::npos; };

  // Within the day nothing is due, however often the hub starts.
  world.hub.shift_clock(std::chrono::hours(23));
  world.hub.start();
  world.publish_roster();
  ASSERT_EQ(world.hub.stop().exit_code, 0);
  EXPECT_FALSE(compacted());

  // A day after its first record, though nothing new was said.
  world.hub.shift_clock(std::chrono::hours(25));
  world.hub.start();
  EXPECT_TRUE(comes_true(compacted));
  EXPECT_EQ(world.hub.stop().exit_code, 0);
}

}  // namespace
}  // namespace nattevagt::testing
