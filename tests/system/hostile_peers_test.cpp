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

bool metric_comes_to(const TestHub& hub, const std::string& name,
                     const std::function<bool(std::uint64_t)>& wanted) {
  return comes_true([&] { return wanted(hub.metric(name).value_or(0)); });
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

// As many descriptors as the machine gives, for us and for the hub that we start.
std::size_t raise_descriptor_limit(std::size_t wanted) {
  rlimit limit{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit more{wanted, std::max<rlim_t>(wanted, limit.rlim_max)};
  if (limit.rlim_max < wanted && ::setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::uint64_t memory_mib(pid_t pid) {
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6)) / 1024;
  }
  return 0;
}

TEST(HostilePeers, TenThousandConnectionsOfAllKindsLeaveTheOthersServedAndMemoryBounded) {
  constexpr std::size_t kPeers = 10'000;
  constexpr std::uint64_t kMemoryMibMax = 300;  // a fifth of what makes the hub restart
  const std::size_t descriptors = raise_descriptor_limit(16'384);
  const std::size_t count = std::min(kPeers, descriptors * 8 / 10);
  if (count < kPeers) std::cout << "only " << descriptors << " descriptors here: " << count << " peers\n";
  HubWorld world;
  auto& device = world.add_device({});
  auto& late = world.add_device({});
  ASSERT_TRUE(device.hello());
  std::mt19937 random(9);
  Bytes garbage(400);
  for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random());
  // A HELLO command of the right size that opens with no key, and the first half of one.
  Bytes hello = to_bytes(as_bytes("\x04\xc8\x05HELLO"));
  hello.resize(202, 7);
  std::vector<RawZmtp> peers;
  peers.reserve(count);
  std::uint64_t memory_most = 0;
  for (std::size_t i = 0; i < count; ++i) {
    RawZmtp& peer = peers.emplace_back(world.hub_pin().endpoint);
    switch (i % 5) {
      case 0: break;  // silent
      case 1: peer.write(garbage); break;
      case 2: peer.write(RawZmtp::greeting()); break;  // and no more
      case 3:
        peer.write(RawZmtp::greeting());
        peer.write(ByteView(hello).first(100));
        break;
      default:
        peer.write(RawZmtp::greeting());
        peer.write(hello);
    }
    if (i % 500 == 0) {
      ASSERT_TRUE(served(device)) << "after " << i;
      memory_most = std::max(memory_most, memory_mib(world.hub.pid()));
    }
  }
  EXPECT_TRUE(served(device));
  EXPECT_TRUE(late.hello()) << "and one that was away gets in";
  memory_most = std::max(memory_most, memory_mib(world.hub.pid()));
  EXPECT_GT(memory_most, 0U);
  EXPECT_LT(memory_most, kMemoryMibMax);
  // The hub closes them by itself: garbage at once, silent and half ones after the handshake time (trap 8).
  EXPECT_TRUE(
      metric_comes_to(world.hub, "connections_accepted_total", [&](std::uint64_t n) { return n >= count; }));
  EXPECT_TRUE(metric_comes_to(world.hub, "connections", [](std::uint64_t now) { return now < 50; }));
  EXPECT_TRUE(served(device) && served(late));
  std::cout << count << " connections, the hub's memory at most " << memory_most << " MiB\n";
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
  ASSERT_TRUE(comes_true([&] { return !world.hub.running(); }));
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
