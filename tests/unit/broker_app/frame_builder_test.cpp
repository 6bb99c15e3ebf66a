#include "broker/app/frame_builder.h"

#include <gtest/gtest.h>

#include "proto/common/system.h"
#include "proto/wire/codec.h"
#include "tests/unit/broker_app/memory_journal.h"

namespace nattevagt::broker {
namespace {

SendEntry entry_of(SessionId session, std::uint64_t seq, BodyRef body) {
  SendEntry effect;
  effect.session = session;
  effect.after = body.index;
  effect.entry.stream.bytes[0] = 3;
  effect.entry.seq = seq;
  effect.entry.stored_at = from_unix_ms(1'800'000'000'000);
  effect.entry.kind = wire::EntryKind::kApplication;
  effect.entry.id.bytes[0] = 1;
  effect.body = body;
  return effect;
}

class FrameBuilderTest : public ::testing::Test {
 protected:
  static wire::HubFrame frame_of(const Ready& ready) {
    auto decoded = wire::decode_hub_frame(*std::get<ReadyFrame>(ready).bytes);
    NV_CHECK(decoded.has_value());
    return std::move(*decoded);
  }
  void store(JournalIndex index, Bytes body) {
    NV_CHECK(journal_.append(std::vector<Record>{record_with(index, std::move(body))}).has_value());
  }
  SystemEntropy entropy_;
  SignKey key_ = SignKey::generate(entropy_);
  MemoryJournal journal_;
  FrameBuilder builder_{journal_, key_, 1 << 20};
};

TEST_F(FrameBuilderTest, AnEntryForManyIsEncodedOnceAndShared) {
  std::vector<Record> records = {record_with(1, Bytes(1'000, 5)), record_with(2, Bytes(1'000, 6))};
  builder_.keep_bodies(records);
  std::vector<HeldEffect> effects;
  for (SessionId session = 1; session <= 100; ++session) effects.push_back({1, entry_of(session, 1, {1, 0})});
  effects.push_back({1, entry_of(1, 2, {2, 0})});
  const auto ready = builder_.build(std::move(effects), 0, 2);
  ASSERT_EQ(ready.size(), 101U);
  EXPECT_EQ(std::get<ReadyFrame>(ready[0]).bytes, std::get<ReadyFrame>(ready[99]).bytes);
  EXPECT_EQ(std::get<wire::Entry>(frame_of(ready[99]).body).bytes, Bytes(1'000, 5));
  EXPECT_EQ(std::get<wire::Entry>(frame_of(ready[100]).body).bytes, Bytes(1'000, 6));
  EXPECT_EQ(builder_.take_counts().cache_misses, 0U);
}

TEST_F(FrameBuilderTest, ABodyThatHasLeftTheCacheComesFromTheJournal) {
  store(1, Bytes(500, 9));
  const auto ready = builder_.build({{1, entry_of(1, 1, {1, 0})}}, 1, 1);
  EXPECT_EQ(std::get<wire::Entry>(frame_of(ready[0]).body).bytes, Bytes(500, 9));
  EXPECT_EQ(builder_.take_counts().cache_misses, 1U);
}

TEST_F(FrameBuilderTest, ABodyThatCannotBeReadIsSaidAndNotSentEmpty) {
  const auto ready = builder_.build({{4, entry_of(1, 1, {1, 0})}}, 1, 1);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(std::get<Unreadable>(ready[0]).session, 1U);
  EXPECT_EQ(builder_.take_counts().bodies_missing, 1U);
}

TEST_F(FrameBuilderTest, AWelcomeIsPutTogetherWithItsPlaceInTheStream) {
  store(1, Bytes(300, 8));
  SendEntry effect = entry_of(1, 1, {1, 0});
  effect.entry.stream = wire::kInbox;
  effect.entry.kind = wire::EntryKind::kWelcome;
  effect.welcome = wire::WelcomeItem{};
  effect.welcome->stream.bytes[0] = 3;
  effect.welcome->seq = 17;
  const auto ready = builder_.build({{1, effect}}, 1, 1);
  const auto item = wire::decode_welcome_item(std::get<wire::Entry>(frame_of(ready[0]).body).bytes);
  ASSERT_TRUE(item);
  EXPECT_EQ(item->seq, 17U);
  EXPECT_EQ(item->welcome, Bytes(300, 8));
}

TEST_F(FrameBuilderTest, AGatheredKeyPackageThatCannotBeReadIsOneThatTheDeviceHasNot) {
  store(1, Bytes(200, 4));
  SendGathered effect;
  effect.session = 1;
  effect.request = 5;
  effect.after = 1;
  DeviceId with, lost;
  with.bytes[0] = 1;
  lost.bytes[0] = 2;
  effect.items = {{with, {1, 0}}, {lost, {99, 0}}};
  const auto ready = builder_.build({{1, effect}}, 1, 1);
  const auto frame = frame_of(ready[0]);
  EXPECT_EQ(frame.request, 5U);
  const auto& gathered = std::get<wire::Gathered>(frame.body);
  ASSERT_EQ(gathered.items.size(), 1U);
  EXPECT_EQ(gathered.items[0].key_package, Bytes(200, 4));
  EXPECT_EQ(gathered.without, std::vector<DeviceId>{lost});
}

TEST_F(FrameBuilderTest, ReceiptsOfEarlierCommitsAreATreeOfTheirOwn) {
  const auto receipt = [](JournalIndex after, std::uint64_t request) {
    wire::ReceiptLeaf leaf;
    leaf.seq = request;
    leaf.stream.bytes[0] = 1;
    leaf.stored_at = from_unix_ms(1'800'000'000'000);
    leaf.id.bytes[0] = 1;
    return HeldEffect{1, SendReceipt{after, 1, request, leaf}};
  };
  const auto ready = builder_.build({receipt(11, 1), receipt(3, 2), receipt(12, 3)}, 10, 12);
  ASSERT_EQ(ready.size(), 3U);
  std::map<std::uint64_t, std::uint32_t> leaves;
  for (const Ready& one : ready) {
    const auto frame = frame_of(one);
    leaves[frame.request] = std::get<wire::Stored>(frame.body).receipt.count;
  }
  EXPECT_EQ(leaves, (std::map<std::uint64_t, std::uint32_t>{{1, 2}, {2, 1}, {3, 2}}));
}

TEST(BodyCache, LetsTheOldestGoAtItsLimit) {
  BodyCache cache(10'000);
  for (JournalIndex index = 1; index <= 100; ++index) {
    cache.put({index, 0}, std::make_shared<const Bytes>(Bytes(840, 1)));
    ASSERT_LE(cache.bytes(), 10'000U);
  }
  EXPECT_FALSE(cache.find({90, 0}));
  EXPECT_TRUE(cache.find({91, 0}));
  EXPECT_TRUE(cache.find({100, 0}));
  cache.put({101, 0}, std::make_shared<const Bytes>(Bytes(20'000, 1)));
  EXPECT_FALSE(cache.find({101, 0})) << "larger than all of the cache";
  EXPECT_TRUE(cache.find({100, 0}));
}

}  // namespace
}  // namespace nattevagt::broker
