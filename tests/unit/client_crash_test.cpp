// A client is killed at every commit, before it and right after it (committed, nothing sent), and goes on
// from its store: what was accepted arrives once, nothing is shown twice, no ratchet generation is used
// again.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

enum class Moment { kBefore, kAfter };

// One night in which `victim` dies at its n-th commit after all are enrolled. False: it never had as many.
class Night {
 public:
  Night(bool asker_dies, std::size_t commit, Moment moment)
      : ida(world.enrol(world.ida)), amalie(world.enrol(world.amalie)), victim(asker_dies ? amalie : ida) {
    world.reopen(victim, [this, commit, moment](std::size_t number) {
      if (dead) return false;
      if (number != commit) return true;
      died = dead = true;
      if (moment == Moment::kBefore) return false;
      world.hub->set_deaf_to(victim.id, true);  // this commit's frames never leave
      return true;
    });
    world.settle();
  }

  void run() {
    until_accepted(amalie, [&] {
      auto made = amalie->ask(world.question());
      if (made) asked = *made;
      return made.has_value();
    });
    EXPECT_EQ(ida->alerts().size(), 1U);
    until_accepted(ida, [&] { return accepted(ida, ida->take(asked.alert)); });
    EXPECT_TRUE(amalie->alert(asked.alert)->taken_by);
    wire::Advice advice;
    advice.text = "Giv PN nu.";
    advice.medicine = wire::Medicine{"oxazepam", "15 mg", "nu", "3"};
    MessageId advised, read_back;
    until_accepted(ida, [&] {
      const auto made = ida->advise(asked.alert, advice);
      if (made) advised = *made;
      return accepted(ida, made);
    });
    until_accepted(amalie, [&] {
      const auto made = amalie->read_back(advised, "oxazepam 15 mg nu");
      if (made) read_back = *made;
      return accepted(amalie, made);
    });
    until_accepted(ida, [&] { return accepted(ida, ida->judge_read_back(read_back, true)); });
    until_accepted(amalie, [&] { return accepted(amalie, amalie->done(advised, true, "")); });
    until_accepted(amalie, [&] { return accepted(amalie, amalie->close(asked.alert)); });
    world.pass(std::chrono::seconds(5));
    revive();
    world.pass(std::chrono::seconds(5));
  }

  void check() {
    EXPECT_EQ(world.hub->core().counters().devices, 2U);
    EXPECT_EQ(ida->alerts().size(), 1U);
    EXPECT_EQ(ida->alert(asked.alert)->view.state, wire::AlertState::kClosed);
    EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kClosed);
    for (Device* device : {&ida, &amalie}) {
      EXPECT_TRUE((*device)->outbox_empty());
      std::map<MessageId, int> times;
      for (const auto& event : device->all<client::NewMessage>()) times[event.message.id] += 1;
      for (const auto& [id, count] : times) EXPECT_EQ(count, 1) << "shown twice";
      const auto history = (*device)->history(asked.conversation);
      ASSERT_TRUE(history);
      EXPECT_EQ(history->size(), asks_and_answers) << (device == &ida ? "ida" : "amalie");
      std::uint64_t before = 0;
      for (const auto& message : *history) {
        EXPECT_GT(message.seq, before);
        before = message.seq;
      }
    }
    // A generation used twice is a replay to whoever reads it; so is an entry that comes twice.
    for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
  }

  bool died = false;

 private:
  static constexpr std::size_t asks_and_answers = 7;

  void revive() {
    if (!dead) return;
    world.close(victim);
    world.hub->set_deaf_to(victim.id, false);
    dead = false;
    world.reopen(victim);
    world.settle();
  }
  bool accepted(Device&, const Result<MessageId>& made) const { return made.has_value(); }

  // A person who is told that it failed does it again; one who is not, does not.
  template <class Command>
  void until_accepted(Device&, const Command& command) {
    for (int tries = 0; tries < 3; ++tries) {
      const bool done = command();
      world.settle();
      revive();
      if (done) return;
    }
    FAIL() << "never accepted";
  }

 public:
  MemoryWorld world;
  Device& ida;
  Device& amalie;
  Device& victim;
  client::Client::Asked asked;

 private:
  bool dead = false;
};

class ClientCrash : public ::testing::TestWithParam<std::tuple<bool, Moment>> {};

TEST_P(ClientCrash, AtEveryCommit) {
  const auto [asker, moment] = GetParam();
  std::size_t commit = 0;
  for (;; ++commit) {
    SCOPED_TRACE(commit);
    Night night(asker, commit, moment);
    night.run();
    if (::testing::Test::HasFatalFailure()) return;
    if (!night.died) break;
    night.check();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(commit, 10U);  // or it has tested nothing
}

INSTANTIATE_TEST_SUITE_P(Everybody, ClientCrash,
                         ::testing::Combine(::testing::Bool(),
                                            ::testing::Values(Moment::kBefore, Moment::kAfter)));

}  // namespace
}  // namespace nattevagt::testing
