// A full, read-only or failing disk under the hub: never "stored" for what is not, a clear refusal, and the
// hub serves again when the disk is good (PROTOCOL.md P-060, DESIGN promise 1).
#include <gtest/gtest.h>

#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::seconds;

class FaultyDisk : public ::testing::TestWithParam<const char*> {};

TEST_P(FaultyDisk, NothingIsCalledStoredThatIsNotAndServiceComesBack) {
  HubWorld world;
  auto& asking = world.add_device({.unit = world.unit});
  auto& psychiatrist = world.add_device({.person = world.psychiatrist});
  world.publish_roster(seconds(60));
  (void)world.hub.stop();
  world.hub.use_faulty_disk();
  world.hub.set_fault("");
  world.hub.start();
  ASSERT_TRUE(asking.hello());

  const wire::Raise before = world.make_raise({psychiatrist.id()});
  auto answer = asking.peer().call(before);
  ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer)) << "the good disk";

  world.hub.set_fault(GetParam());
  const wire::Raise during = world.make_raise({psychiatrist.id()});
  answer = asking.peer().call(during, seconds(20));
  ASSERT_TRUE(answer) << "nobody was told that it failed";
  ASSERT_TRUE(std::holds_alternative<wire::Refused>(*answer)) << "stored on a disk that failed";
  const Errc code = std::get<wire::Refused>(*answer).code;
  EXPECT_TRUE(code == Errc::kNoSpace || code == Errc::kStorage || code == Errc::kBusy ||
              code == Errc::kUnavailable)
      << errc_name(code);
  EXPECT_NE(world.hub.log().find("append_failed"), std::string::npos) << "the operator was not told";

  world.hub.set_fault("");
  if (!world.hub.running()) world.hub.start();
  std::optional<wire::Answer> again;
  // The hub tries its disk again by itself, with a pause: so does a client.
  for (int i = 0; i < 60; ++i) {
    if (asking.peer().up || asking.hello(seconds(5))) again = asking.peer().call(during, seconds(5));
    if (again && std::holds_alternative<wire::Stored>(*again)) break;
    asking.peer().pump(Millis(500));
  }
  ASSERT_TRUE(again && std::holds_alternative<wire::Stored>(*again)) << "did not serve again";

  // What was called stored before and after is there after a kill.
  world.hub.kill_nine();
  world.hub.start();
  ASSERT_TRUE(asking.hello());
  for (const AlertId& alert : {before.alert, during.alert}) {
    answer = asking.peer().call(wire::GetAlert{alert});
    EXPECT_TRUE(answer && std::holds_alternative<wire::AlertReply>(*answer));
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultyDisk, ::testing::Values("enospc", "erofs", "eio-sync"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace nattevagt::testing
