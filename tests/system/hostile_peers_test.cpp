// Peers that mean harm, against the real program: the others are still served.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>
#include <sstream>

#include "tests/support/hub_world.h"
#include "tests/system/raw_zmtp.h"

namespace nattevagt::testing {
namespace {

using std::chrono::seconds;

bool served(RawDevice& device) {
  const auto answer = device.peer().call(wire::Ping{});
  return answer && std::holds_alternative<wire::Pong>(*answer);
}

std::uint64_t metric(const TestHub& hub, const std::string& name) {
  std::istringstream lines(hub.metrics());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("nattevagt_" + name + " ")) return std::stoull(line.substr(line.rfind(' ')));
  }
  return 0;
}

// Metrics are published once a second.
bool metric_comes_to(const TestHub& hub, const std::string& name,
                     const std::function<bool(std::uint64_t)>& wanted) {
  for (int i = 0; i < 300; ++i) {
    if (wanted(metric(hub, name))) return true;
    usleep(100'000);
  }
  return false;
}

TEST(HostilePeers, GarbageAndHalfHandshakesDisturbNobody) {
  HubWorld world;
  auto& device = world.add_device({});
  ASSERT_TRUE(device.hello());
  std::mt19937 random(7);
  std::vector<RawZmtp> peers;
  for (int i = 0; i < 300; ++i) {
    RawZmtp peer(world.hub_pin().endpoint);
    if (i % 3 != 0) peer.greet();
    if (i % 3 != 1) {
      Bytes garbage(random() % 2'000);
      for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random());
      peer.write(garbage);
    }
    peers.push_back(std::move(peer));
    if (i % 50 == 0) {
      EXPECT_TRUE(served(device)) << i;
    }
  }
  EXPECT_TRUE(served(device));
  peers.clear();
  EXPECT_TRUE(metric_comes_to(world.hub, "connections", [](std::uint64_t now) { return now <= 2; }));
  EXPECT_TRUE(world.hub.running());
}

TEST(HostilePeers, AnAdmittedPeersGarbageIsAnsweredOrCountedAndHarmsNobody) {
  HubWorld world;
  auto& device = world.add_device({});
  ASSERT_TRUE(device.hello());
  RawZmtp peer(world.hub_pin().endpoint);
  ASSERT_TRUE(peer.handshake(world.hub_pin().curve_key, world.organisation.curve_secret()));
  std::mt19937 random(8);
  for (int i = 0; i < 2'000; ++i) {
    Bytes garbage(random() % 300);
    for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random());
    ASSERT_TRUE(peer.send_part(garbage, false));
  }
  EXPECT_TRUE(served(device));
  EXPECT_TRUE(
      metric_comes_to(world.hub, "frames_malformed_total", [](std::uint64_t now) { return now >= 1'900; }));
}

TEST(HostilePeers, TwoThousandConnectionsLeaveTheOthersServed) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 3'000) GTEST_SKIP() << "only " << limit.rlim_cur << " descriptors here";
  HubWorld world;
  auto& device = world.add_device({});
  ASSERT_TRUE(device.hello());
  std::vector<RawZmtp> strangers;
  for (int i = 0; i < 2'000; ++i) strangers.emplace_back(world.hub_pin().endpoint);
  EXPECT_TRUE(served(device));
  auto& another = world.add_device({});
  EXPECT_TRUE(another.hello()) << "and new ones get in";
  // Silent ones are closed after the handshake time, by themselves (trap 8).
  EXPECT_TRUE(
      metric_comes_to(world.hub, "connections_accepted_total", [](std::uint64_t n) { return n >= 2'000; }));
  EXPECT_TRUE(metric_comes_to(world.hub, "connections", [](std::uint64_t now) { return now < 50; }));
}

TEST(HostilePeers, Trap9AProcessShortOfDescriptorsServesThoseItHasAndRecovers) {
  HubWorld world;
  auto& device = world.add_device({});
  (void)world.hub.stop();
  world.hub.write_config("[limits]\nconnections_max = 30\n");
  world.hub.start();
  ASSERT_TRUE(device.hello());
  {
    std::vector<RawZmtp> strangers;
    for (int i = 0; i < 28; ++i) strangers.emplace_back(world.hub_pin().endpoint);
    usleep(200'000);
    EXPECT_TRUE(metric_comes_to(world.hub, "connections", [](std::uint64_t now) { return now >= 28; }));
    EXPECT_TRUE(served(device));
  }
  auto& another = world.add_device({});
  EXPECT_TRUE(another.hello());
}

TEST(HostilePeers, Trap4AMessageWithoutEndIsStoppedByTheMemoryWatchAndNothingIsLost) {
  HubWorld world;
  auto& asking = world.add_device({.unit = world.unit});
  auto& psychiatrist = world.add_device({.person = world.psychiatrist});
  world.publish_roster(seconds(60));
  (void)world.hub.stop();
  world.hub.write_config("[limits]\nmemory_max_mib = 150\n");
  world.hub.start();
  ASSERT_TRUE(asking.hello());
  const wire::Raise raise = world.make_raise({psychiatrist.id()});
  auto answer = asking.peer().call(raise);
  ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer));

  RawZmtp hostile(world.hub_pin().endpoint);
  ASSERT_TRUE(hostile.handshake(world.hub_pin().curve_key, world.organisation.curve_secret()));
  const Bytes part(32'000, 9);
  std::size_t sent = 0;
  // The hub cannot see the message; what stops it is the hub's own end, or a gigabyte shows that nothing
  // does.
  while (sent < 1'000'000'000 && hostile.send_part(part, true)) sent += part.size();
  EXPECT_LT(sent, 1'000'000'000U) << "nothing stopped it";
  for (int i = 0; i < 600 && world.hub.running(); ++i) usleep(50'000);
  ASSERT_FALSE(world.hub.running());
  EXPECT_EQ(world.hub.stop().exit_code, 75) << "the code that asks for a restart";
  EXPECT_NE(world.hub.log().find("memory_restart"), std::string::npos);

  world.hub.start();
  asking.peer().reconnect();
  ASSERT_TRUE(asking.hello());
  answer = asking.peer().call(wire::GetAlert{raise.alert});
  EXPECT_TRUE(answer && std::holds_alternative<wire::AlertReply>(*answer));
}

TEST(HostilePeers, Trap7WhatADeadReaderNeverAcknowledgedIsSentAgain) {
  HubWorld world;
  auto& writer = world.add_device({});
  auto& reader = world.add_device({});
  ASSERT_TRUE(writer.hello());
  ASSERT_TRUE(reader.hello());
  wire::Append append;
  append.stream = world.entropy.make_id<ConversationId>();
  append.create = true;
  append.kind = wire::EntryKind::kApplication;
  append.epoch = 1;
  append.added = {reader.id()};
  append.welcome = Bytes(100, 1);
  for (int i = 0; i < 100; ++i) {
    append.id = world.entropy.make_id<MessageId>();
    append.bytes = Bytes(300, static_cast<std::uint8_t>(i));
    const auto answer = writer.peer().call(append);
    ASSERT_TRUE(answer && std::holds_alternative<wire::Stored>(*answer)) << i;
    append.create = false;
    append.added.clear();
    append.welcome.clear();
  }
  for (int life = 0; life < 3; ++life) {
    std::vector<std::uint64_t> got;
    for (int i = 0; i < 1'000 && got.size() < 99; ++i) {
      reader.peer().pump(Millis(10));
      for (const auto& pushed : reader.peer().pushed) {
        const auto* entry = std::get_if<wire::Entry>(&pushed);
        if (entry != nullptr && entry->stream == append.stream) got.push_back(entry->seq);
      }
      reader.peer().pushed.clear();
    }
    EXPECT_GE(got.size(), 99U) << "life " << life;
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
    // Dies without an Ack.
    reader.peer().reconnect();
    ASSERT_TRUE(reader.hello());
  }
}

}  // namespace
}  // namespace nattevagt::testing
