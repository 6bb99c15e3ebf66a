// What goes by age: keys of epochs that are over (RFC 9420 15.3, stated in mls/README.md) and words (P-092).
#include <gtest/gtest.h>

#include <algorithm>

#include "client-lib/store/sqlcipher_store.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class Retention : public ::testing::Test {
 protected:
  std::vector<client::StoreImage::Row> rows(Device& device, client::Table table) {
    world.close(device);
    std::vector<client::StoreImage::Row> out;
    {
      auto store = client::SqlcipherStore::open({device.home, "2468", false, {1, 8}, {}, false},
                                                world.clock.now(), world.entropy);
      EXPECT_TRUE(store);
      auto image = (*store)->load();
      EXPECT_TRUE(image);
      for (client::StoreImage::Row& row : image->rows) {
        if (row.table == table) out.push_back(std::move(row));
      }
    }
    world.reopen(device);
    world.settle();
    return out;
  }
  // The epochs whose ratchets are in the store: big-endian after the conversation and the kind.
  std::vector<std::uint64_t> stored_epochs(Device& device) {
    std::vector<std::uint64_t> out;
    for (const auto& row : rows(device, client::Table::kRatchets)) {
      std::uint64_t epoch = 0;
      for (std::size_t i = 17; i < 25; ++i) epoch = epoch << 8 | row.key.at(i);
      out.push_back(epoch);
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  void close_incident(Device& amalie, Device& ida) {
    ASSERT_TRUE(ida->take(asked.alert));
    world.settle();
    wire::Advice advice;
    advice.text = "Se an til kl. 04.";
    ASSERT_TRUE(ida->advise(asked.alert, advice));
    world.settle();
    ASSERT_TRUE(amalie->close(asked.alert));
    world.settle();
  }
  std::size_t kept(Device& device) { return device->history(asked.conversation)->size(); }

  MemoryWorld world;
  client::Client::Asked asked;
};

TEST_F(Retention, KeysOfAnEpochThatEndedAWeekAgoLeaveTheStore) {
  Device& ida = world.enrol(world.ida);
  Device& amalie = world.enrol(world.amalie);
  asked = world.ask(amalie);
  const auto first = stored_epochs(ida);
  ASSERT_EQ(first.size(), 1U);
  // Another device comes in: the epoch is over, its keys stay for what is late.
  world.enrol(world.jonas);
  wire::Target house_a;
  house_a.kind = wire::TargetKind::kUnit;
  house_a.id.bytes = world.jonas.unit->bytes;
  ASSERT_TRUE(amalie->invite(asked.conversation, house_a));
  world.pass(seconds(3));
  ASSERT_EQ(stored_epochs(ida).size(), 2U);
  world.clock.advance(hours(24 * 7) - hours(2));
  world.pass(seconds(2));
  EXPECT_EQ(stored_epochs(ida).size(), 2U) << "not yet";
  world.clock.advance(hours(4));
  world.pass(seconds(2));
  EXPECT_EQ(stored_epochs(ida), std::vector{first[0] + 1});
  ASSERT_TRUE(amalie->send(asked.conversation, wire::Text{"virker stadig"}));
  world.settle();
  EXPECT_EQ(shown(ida, "virker stadig"), 1U);
}

TEST_F(Retention, WordsGoAfterThreeDaysOnAUnitsPhoneAndFourteenOnAPersonsAndNeverFromTheArchive) {
  Device& ida = world.enrol(world.ida);
  Device& archive = world.enrol(world.archive);
  Device& amalie = world.enrol(world.amalie);
  asked = world.ask(amalie);
  close_incident(amalie, ida);
  const std::size_t all = kept(archive);
  ASSERT_GE(all, 4U);
  ASSERT_EQ(amalie->search("stemmer", 10)->size(), 1U);
  world.clock.advance(hours(71));
  world.pass(seconds(2));
  EXPECT_EQ(kept(amalie), all);
  world.clock.advance(hours(3));
  world.pass(seconds(2));
  EXPECT_EQ(kept(amalie), 0U);
  EXPECT_TRUE(amalie->search("stemmer", 10)->empty()) << "out of the search index too";
  EXPECT_EQ(kept(ida), all);
  world.clock.advance(hours(24 * 11) + hours(2));
  world.pass(seconds(2));
  EXPECT_EQ(kept(ida), 0U);
  EXPECT_EQ(kept(archive), all);
  world.reopen(amalie);
  EXPECT_EQ(kept(amalie), 0U);
}

TEST_F(Retention, WhatNobodyHasAnsweredIsNotForgotten) {
  Device& amalie = world.enrol(world.amalie);
  asked = world.ask(amalie);
  const std::size_t all = kept(amalie);
  ASSERT_GE(all, 1U);
  world.clock.advance(hours(100));
  world.pass(seconds(2));
  EXPECT_EQ(kept(amalie), all);
  ASSERT_TRUE(amalie->withdraw(asked.alert, "faldet til ro"));
  world.settle();
  world.clock.advance(hours(2));
  world.pass(seconds(2));
  EXPECT_EQ(kept(amalie), 1U) << "the withdrawal is new";
}

}  // namespace
}  // namespace nattevagt::testing
