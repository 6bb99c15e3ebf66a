// Online backup and restore into a fresh hub that goes on (deploy/OPERATIONS.md).
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::seconds;

TEST(Backup, ARestoredHubKnowsItsDevicesAndItsLaddersGoOn) {
  HubWorld world;
  auto& asking = world.add_device({.unit = world.unit});
  auto& psychiatrist = world.add_device({.person = world.psychiatrist});
  world.publish_roster(seconds(2));
  ASSERT_TRUE(asking.hello());
  const wire::Raise raise = world.make_raise({psychiatrist.id()});
  auto answer = asking.peer().call(raise);
  ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));

  const std::string copy = world.hub.dir().file("copy");
  const Finished backed = world.hub.command({"backup", "--to", copy});
  ASSERT_EQ(backed.exit_code, 0) << backed.output;
  EXPECT_NE(world.hub.command({"backup", "--to", copy}).exit_code, 0) << "a backup was written over";

  // Half an hour that no backup has.
  const wire::Raise after = world.make_raise({psychiatrist.id()});
  answer = asking.peer().call(after);
  ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));

  // The machine is lost; its keys file is kept apart, as the handbook says.
  world.hub.kill_nine();
  const std::string data = world.hub.data_dir();
  EXPECT_NE(world.hub.command({"restore", "--from", copy}).exit_code, 0) << "a journal was written over";
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    if (entry.path().filename() != "hub.keys") std::filesystem::remove_all(entry.path());
  }
  const Finished restored = world.hub.command({"restore", "--from", copy});
  ASSERT_EQ(restored.exit_code, 0) << restored.output;
  world.hub.start();

  ASSERT_TRUE(asking.hello());
  ASSERT_TRUE(psychiatrist.hello());
  answer = asking.peer().call(wire::GetAlert{raise.alert});
  ASSERT_TRUE(answer && std::holds_alternative<wire::AlertReply>(*answer));
  EXPECT_EQ(std::get<wire::AlertReply>(*answer).view.alert, raise.alert);
  // What came after the backup is gone and not half there: asked again under its id, it is taken in (P-094).
  answer = asking.peer().call(wire::GetAlert{after.alert});
  EXPECT_FALSE(answer && std::holds_alternative<wire::AlertReply>(*answer));
  answer = asking.peer().call(after);
  EXPECT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));
  // A new alert is taken in, and the old one comes to its loud end by itself.
  answer = asking.peer().call(world.make_raise({psychiatrist.id()}));
  EXPECT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));
  bool loud = false;
  const Millis rest = world.clock.monotonic() + kHangPatience;
  while (world.clock.monotonic() < rest && !loud) {
    asking.peer().pump(Millis(50));
    psychiatrist.peer().pump(Millis(0));
    answer = asking.peer().call(wire::GetAlert{raise.alert});
    const auto* reply = answer ? std::get_if<wire::AlertReply>(&*answer) : nullptr;
    loud = reply != nullptr && reply->view.state == wire::AlertState::kExhausted;
  }
  EXPECT_TRUE(loud);
}

TEST(Drain, SigtermKeepsWhatWasPromisedAndEndsWithZero) {
  HubWorld world;
  auto& asking = world.add_device({.unit = world.unit});
  auto& psychiatrist = world.add_device({.person = world.psychiatrist});
  world.publish_roster(seconds(60));
  ASSERT_TRUE(asking.hello());
  const wire::Raise raise = world.make_raise({psychiatrist.id()});
  const auto answer = asking.peer().call(raise);
  ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));
  EXPECT_EQ(world.hub.stop().exit_code, 0);
  world.hub.start();
  ASSERT_TRUE(asking.hello());
  const auto known = asking.peer().call(wire::GetAlert{raise.alert});
  EXPECT_TRUE(known && std::holds_alternative<wire::AlertReply>(*known));
}

}  // namespace
}  // namespace nattevagt::testing
