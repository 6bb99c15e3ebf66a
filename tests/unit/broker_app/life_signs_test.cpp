// Each reason for which a watchdog must hear nothing, alone and with the others (PROTOCOL.md P-131).
#include "broker/app/life_signs.h"

#include <gtest/gtest.h>

#include <utility>

namespace nattevagt::broker {
namespace {

TEST(LifeSigns, BothHearOfAHubThatIsWell) {
  EXPECT_TRUE(life_signs(0, true, false).manager);
  EXPECT_TRUE(life_signs(0, true, false).outside);
}

TEST(LifeSigns, NobodyHearsOfAHubWithAnAlertThatHasNoFuture) {
  for (const std::size_t faults : {1U, 2U, 1'500U}) {
    for (const bool can_store : {false, true}) {
      for (const bool draining : {false, true}) {
        EXPECT_FALSE(life_signs(faults, can_store, draining).manager);
        EXPECT_FALSE(life_signs(faults, can_store, draining).outside);
      }
    }
  }
}

TEST(LifeSigns, OfADiskThatIsStuckAndOfADrainTheServiceManagerAloneHears) {
  for (const auto& [can_store, draining] : {std::pair(false, false), {false, true}, {true, true}}) {
    EXPECT_TRUE(life_signs(0, can_store, draining).manager) << "a restart would not help";
    EXPECT_FALSE(life_signs(0, can_store, draining).outside);
  }
}

}  // namespace
}  // namespace nattevagt::broker
