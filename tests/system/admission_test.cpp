// Who gets in, over the real hub: P-010, P-011, P-012, P-027, P-028, and what everyone else is told.
#include <gtest/gtest.h>

#include "tests/support/hub_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::seconds;

Errc refusal(const std::optional<wire::Answer>& answer) {
  const auto* refused = answer ? std::get_if<wire::Refused>(&*answer) : nullptr;
  return refused != nullptr ? refused->code : Errc{};
}

TEST(Admission, ADeviceThatIsNotEnrolledDoesNotGetPastTheHandshake) {
  HubWorld world;
  RawDevice stranger(world.hub_pin(), world.entropy, world.clock);
  EXPECT_FALSE(stranger.hello(seconds(10)));
  EXPECT_EQ(stranger.peer().down_reason(), Errc::kUntrusted);
}

TEST(Admission, AHubWithAnotherKeyIsNotSpokenTo) {
  HubWorld world;
  auto& device = world.add_device({});
  ASSERT_TRUE(device.hello());
  wire::HubPin wrong = world.hub_pin();
  wrong.curve_key = curve_public_key(world.entropy.make_secret<CurveSecretKey>());
  RawDevice confused(wrong, world.entropy, world.clock);
  EXPECT_FALSE(confused.hello(seconds(8)));
}

TEST(Admission, AGrantServesOneDeviceAndTheSameOneAgain) {
  HubWorld world;
  const wire::GrantLink link = world.announce({});
  RawDevice first(world.hub_pin(), world.entropy, world.clock);
  RawDevice second(world.hub_pin(), world.entropy, world.clock);
  auto answer = first.enrol(link);
  ASSERT_TRUE(answer && std::holds_alternative<wire::Accepted>(*answer));
  EXPECT_EQ(refusal(second.enrol(link)), Errc::kGrantUsed);
  EXPECT_TRUE(first.hello());
  EXPECT_FALSE(second.hello(seconds(5)));
}

TEST(Admission, AGrantNobodyAnnouncedIsRefused) {
  HubWorld world;
  const wire::GrantLink link =
      world.organisation.grant({world.entropy.make_id<PersonId>(), {}, {}}, world.hub_pin());
  RawDevice device(world.hub_pin(), world.entropy, world.clock);
  EXPECT_FALSE(device.enrol(link));
}

TEST(Admission, RevocationCutsALiveConnectionAndRefusesTheNext) {
  HubWorld world;
  auto& stays = world.add_device({});
  auto& stolen = world.add_device({});
  ASSERT_TRUE(stays.hello());
  ASSERT_TRUE(stolen.hello());
  const auto published =
      world.as_organisation(wire::PublishDocument{world.organisation.revoke(1, {stolen.id()})});
  ASSERT_TRUE(published && std::holds_alternative<wire::Accepted>(*published));
  // The live session gives nothing any more.
  const auto after = stolen.peer().call(wire::Ping{}, seconds(3));
  EXPECT_TRUE(!after || std::holds_alternative<wire::Refused>(*after));
  stolen.peer().reconnect();
  EXPECT_FALSE(stolen.peer().wait_up(seconds(5)));
  EXPECT_EQ(stolen.peer().down_reason(), Errc::kUntrusted);
  const auto other = stays.peer().call(wire::Ping{});
  EXPECT_TRUE(other && std::holds_alternative<wire::Pong>(*other));
  // And after a restart too.
  world.hub.kill_nine();
  world.hub.start();
  EXPECT_FALSE(stolen.hello(seconds(5)));
  EXPECT_TRUE(stays.hello());
}

TEST(Admission, AGrantsKeyMayOnlyEnrol) {
  HubWorld world;
  const wire::GrantLink link = world.announce({});
  RawPeer peer(world.hub_pin(), wire::grant_keys(link.seed).curve);
  ASSERT_TRUE(peer.call(wire::Hello{"test"}));
  EXPECT_EQ(refusal(peer.call(wire::GetDocuments{})), Errc::kNotPermitted);
}

TEST(Admission, ANewerProtocolIsToldWhatToSpeak) {
  HubWorld world;
  auto& device = world.add_device({});
  ASSERT_TRUE(device.hello());
  wire::ClientFrame frame;
  frame.protocol = 99;
  frame.request = 1'000'000;
  frame.body = wire::Ping{};
  ASSERT_TRUE(device.peer().connection().send(wire::encode(frame)));
  for (int i = 0; i < 3000 && !device.peer().answers.contains(1'000'000); ++i) device.peer().pump(Millis(20));
  ASSERT_TRUE(device.peer().answers.contains(1'000'000));
  const auto* refused = std::get_if<wire::Refused>(&device.peer().answers.at(1'000'000));
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->code, Errc::kUpgradeRequired);
  EXPECT_EQ(refused->protocol_max, wire::kProtocolVersion);
}

TEST(Admission, TheNewestSessionOfADeviceWins) {
  HubWorld world;
  auto& device = world.add_device({});
  ASSERT_TRUE(device.hello());
  auto old = std::make_unique<RawPeer>(world.hub_pin(), device.curve());
  ASSERT_TRUE(old->call(wire::Hello{"test"}));
  const auto first = device.peer().call(wire::Ping{}, seconds(3));
  EXPECT_TRUE(!first || std::holds_alternative<wire::Refused>(*first)) << "the older session still works";
  const auto second = old->call(wire::Ping{});
  EXPECT_TRUE(second && std::holds_alternative<wire::Pong>(*second));
}

}  // namespace
}  // namespace nattevagt::testing
