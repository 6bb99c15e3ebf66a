// What is to be done: tasks, who took them, the hand-over list and the morning's digest (P-165 to P-168); and the
// people who share a unit's device (P-170 to P-172).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using client::OpenWork;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct ClientWork : ::testing::Test {
  MemoryWorld world;
  Device& ida = world.enrol(world.ida);
  Device& second = world.enrol(world.unit_b_second);
  Device& amalie = world.enrol(world.amalie);

  static wire::Task task(std::string text, std::optional<UtcTime> due = std::nullopt) {
    return {wire::TaskKind::kPromise, std::move(text), due, std::nullopt};
  }
  static std::vector<std::string> texts(const client::WorkList& list) {
    std::vector<std::string> out;
    for (const auto& item : list.items) {
      const auto* words = std::get_if<wire::Task>(&item.message.content.body);
      out.push_back(words != nullptr ? words->text
                                     : item.work.kind == OpenWork::Kind::kReadBack ? "read-back" : "advice");
    }
    return out;
  }
  MessageId advise(const client::Client::Asked& asked, bool medicine) {
    EXPECT_TRUE(ida->take(asked.alert));
    world.settle();
    wire::Advice advice;
    advice.text = "Giv PN nu.";
    if (medicine) advice.medicine = wire::Medicine{"oxazepam", "15 mg", "nu", "3"};
    const auto made = ida->advise(asked.alert, advice);
    EXPECT_TRUE(made);
    world.settle();
    return made.value_or(MessageId{});
  }
};

TEST_F(ClientWork, TheListIsWhatIsOpenLateFirstAndIsTheSameOnBothTelephones) {
  const auto asked = world.ask(amalie);
  const UtcTime now = world.clock.now();
  ASSERT_TRUE(amalie->send(asked.conversation, task("uden tid")));
  ASSERT_TRUE(amalie->send(asked.conversation, task("kl. 8", now + hours(5))));
  ASSERT_TRUE(amalie->send(asked.conversation, task("for sent", now + minutes(10))));
  world.clock.advance(seconds(1));
  const MessageId advice = advise(asked, true);
  world.clock.advance(minutes(20));
  world.pass(seconds(2));
  for (Device* device : {&amalie, &second}) {
    world.reopen(*device);
    const auto list = *(*device)->handover();
    EXPECT_EQ(texts(list), (std::vector<std::string>{"for sent", "kl. 8", "uden tid", "read-back"}));
    EXPECT_TRUE(list.items[0].work.late);
    EXPECT_FALSE(list.items[1].work.late);
    EXPECT_EQ(list.items[0].work.citizen.name, "Kaje Test Hansen");
    EXPECT_FALSE(list.items[0].older);
    EXPECT_EQ(list.since, from_unix_ms(1'795'532'400'000)) << "24 November 2026, 16.00 Danish time";
  }
  world.settle();
  const auto read = amalie->read_back(advice, "15 mg nu, højst 3");
  ASSERT_TRUE(read);
  world.settle();
  ASSERT_TRUE(ida->judge_read_back(*read, true));
  world.settle();
  EXPECT_EQ(texts(*second->handover()).back(), "advice") << "read back, and neither done nor not done";
  ASSERT_TRUE(amalie->done(advice, true, ""));
  world.settle();
  EXPECT_EQ(second->handover()->items.size(), 3U);
}

TEST_F(ClientWork, EachItemIsTakenByNameAndEndedOnce) {
  const auto asked = world.ask(amalie);
  const auto promise = amalie->send(asked.conversation, task("Ring til Kajes søster"));
  ASSERT_TRUE(promise);
  world.settle();
  ASSERT_TRUE(second->set_author("Bente Prøve", "SSA"));
  ASSERT_TRUE(second->take_item(asked.conversation, *promise));
  world.settle();
  for (Device* device : {&amalie, &second, &ida}) {
    const auto list = *(*device)->handover();
    ASSERT_EQ(list.items.size(), 1U) << "taken is not done";
    ASSERT_TRUE(list.items[0].taken);
    EXPECT_EQ(list.items[0].taken->content.author_name, "Bente Prøve");
  }
  ASSERT_TRUE(ida->take_item(asked.conversation, *promise)) << "and is handed on the next morning";
  world.settle();
  EXPECT_EQ(second->handover()->items.at(0).taken->author.name, "Ida Eksempel");
  ASSERT_TRUE(ida->finish_item(asked.conversation, *promise, true, ""));
  EXPECT_EQ(ida->finish_item(asked.conversation, *promise, true, "").error().code, Errc::kDuplicate);
  world.settle();
  for (Device* device : {&amalie, &second, &ida}) EXPECT_TRUE((*device)->handover()->items.empty());
  EXPECT_EQ(amalie->take_item(asked.conversation, *promise).error().code, Errc::kNotFound);
  EXPECT_EQ(amalie->finish_item(asked.conversation, MessageId{}, true, "").error().code, Errc::kNotFound);
}

TEST_F(ClientWork, AnOpenPromiseOutlivesTheWordsAroundItAndIsSaidToBeOlder) {
  const auto asked = world.ask(amalie);
  const MessageId advice = advise(asked, false);
  ASSERT_TRUE(amalie->done(advice, true, ""));
  const auto promise = amalie->send(asked.conversation, task("Ring til Kajes søster"));
  const auto dropped = amalie->send(asked.conversation, task("Tag blodtryk"));
  ASSERT_TRUE(promise && dropped);
  ASSERT_TRUE(amalie->take_item(asked.conversation, *promise));
  ASSERT_TRUE(amalie->finish_item(asked.conversation, *dropped, false, "sover"));
  ASSERT_TRUE(amalie->close(asked.alert));
  world.settle();
  world.clock.advance(hours(80));
  world.pass(seconds(2));
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(amalie->history(asked.conversation)->size(), 3U) << "the call, the promise, and who took it";
    const auto list = *amalie->handover();
    ASSERT_EQ(texts(list), std::vector<std::string>{"Ring til Kajes søster"});
    EXPECT_TRUE(list.items[0].older);
    EXPECT_TRUE(list.items[0].taken);
    EXPECT_EQ(list.items[0].work.citizen.name, "Kaje Test Hansen");
    world.reopen(amalie);
    world.settle();
  }
}

TEST_F(ClientWork, TheDigestHasTheNightsCallsWithTheirAdviceAndNoDrillIsToBeDone) {
  const auto asked = world.ask(amalie);
  const MessageId advice = advise(asked, false);
  ASSERT_TRUE(amalie->done(advice, false, "hun sov"));
  ASSERT_TRUE(amalie->send(asked.conversation, task("Team ringer kl. 9")));
  auto drill = world.question();
  drill.drill = true;
  const auto practice = amalie->ask(drill);
  ASSERT_TRUE(practice);
  ASSERT_TRUE(amalie->send(practice->conversation, task("øvelse")));
  world.settle();
  const auto digest = *ida->digest();
  ASSERT_EQ(digest.requests.size(), 2U);
  EXPECT_TRUE(digest.requests[0].incident.drill || digest.requests[1].incident.drill);
  const auto& real = digest.requests[digest.requests[0].incident.drill ? 1 : 0];
  EXPECT_EQ(real.incident.conversation, asked.conversation);
  EXPECT_EQ(real.incident.unit, "Strandløkken, hus B");
  EXPECT_EQ(real.incident.citizen.name, "Kaje Test Hansen");
  ASSERT_EQ(real.advices.size(), 1U);
  EXPECT_EQ(real.advices[0].done, std::optional(false));
  EXPECT_EQ(real.alert->taken_by->name, "Ida Eksempel");
  EXPECT_EQ(texts(digest.work), std::vector<std::string>{"Team ringer kl. 9"});
  // The next day's digest begins at today's 16.00; what is open goes with it.
  world.clock.advance(hours(30));
  world.pass(seconds(2));
  const auto next = *ida->digest();
  EXPECT_TRUE(next.requests.empty());
  ASSERT_EQ(next.work.items.size(), 1U);
  EXPECT_TRUE(next.work.items[0].older);
}

struct ClientProfiles : ::testing::Test {
  using ProfileId = client::ProfileId;
  MemoryWorld world;
  Device& amalie = world.enrol(world.amalie);
  Device& ida = world.enrol(world.ida);
  ProfileId add(const char* initials, const char* name, const char* pin) {
    const auto made = amalie->add_profile({initials, name, "SSA"}, pin);
    EXPECT_TRUE(made);
    return made.value_or(ProfileId{});
  }
  std::string author() {
    const auto asked = amalie->ask([&] {
      auto out = world.question();
      out.author_name.clear();
      return out;
    }());
    return amalie->history(asked->conversation)->at(0).content.author_name;
  }
};

TEST_F(ClientProfiles, ThePersonWhosePinWasGivenIsTheAuthorAcrossRestarts) {
  const ProfileId bente = add("bp", "Bente Prøve", "1111");
  const ProfileId jonas = add("JD", "Jonas Demo", "2222");
  EXPECT_EQ(author(), "Jonas Demo") << "who is new holds it";
  EXPECT_EQ(amalie->use_profile(bente, "2222").error().code, Errc::kWrongPin);
  EXPECT_EQ(author(), "Jonas Demo");
  ASSERT_TRUE(amalie->use_profile(bente, "1111"));
  EXPECT_EQ(author(), "Bente Prøve");
  world.reopen(amalie);
  EXPECT_EQ(amalie->profiles().size(), 2U);
  EXPECT_EQ(amalie->profile_named("BP"), bente);
  EXPECT_EQ(amalie->profile_named("jd"), jonas);
  EXPECT_EQ(amalie->use_profile(bente, "1112").error().code, Errc::kWrongPin);
  EXPECT_TRUE(amalie->use_profile(jonas, "2222"));
}

TEST_F(ClientProfiles, WrongPinsAreCountedForThatPersonAndSlowedAcrossRestarts) {
  const ProfileId bente = add("bp", "Bente Prøve", "1111");
  const ProfileId jonas = add("jd", "Jonas Demo", "2222");
  for (std::uint32_t i = 0; i < limits::kWrongPinsBeforeDelay; ++i) {
    EXPECT_EQ(amalie->use_profile(bente, "0000").error().code, Errc::kWrongPin);
  }
  world.reopen(amalie);
  EXPECT_GT(amalie->profile_wait(bente), Millis(0));
  EXPECT_EQ(amalie->use_profile(bente, "1111").error().code, Errc::kLocked) << "not even the right one";
  EXPECT_EQ(amalie->profile_wait(jonas), Millis(0));
  EXPECT_TRUE(amalie->use_profile(jonas, "2222")) << "nobody else waits for it";
  world.clock.advance(seconds(31));
  EXPECT_TRUE(amalie->use_profile(bente, "1111"));
  EXPECT_EQ(amalie->profile_wait(bente), Millis(0));
}

TEST_F(ClientProfiles, ATryThatCannotBeCountedIsNotMade) {
  const ProfileId bente = add("bp", "Bente Prøve", "1111");
  bool full = false;
  world.reopen(amalie, [&](std::size_t) { return !full; });
  full = true;
  EXPECT_EQ(amalie->use_profile(bente, "1111").error().code, Errc::kNoSpace);
  full = false;
  EXPECT_TRUE(amalie->use_profile(bente, "1111"));
}

TEST_F(ClientProfiles, AForgottenPinIsResetWithTheDevicesOwnAndThatIsKept) {
  const ProfileId bente = add("bp", "Bente Prøve", "1111");
  EXPECT_EQ(amalie->reset_profile(bente, "1111", "3333", "Jonas Demo").error().code, Errc::kWrongPin);
  ASSERT_TRUE(amalie->reset_profile(bente, "2468", "3333", "Jonas Demo"));
  world.reopen(amalie);
  EXPECT_EQ(amalie->use_profile(bente, "1111").error().code, Errc::kWrongPin);
  EXPECT_TRUE(amalie->use_profile(bente, "3333"));
  const auto all = amalie->profiles();
  ASSERT_EQ(all.at(0).resets.size(), 1U);
  EXPECT_EQ(all[0].resets[0].by, "Jonas Demo");
  EXPECT_EQ(all[0].resets[0].at, world.clock.now());
  EXPECT_EQ(amalie->remove_profile(bente, "9999").error().code, Errc::kWrongPin);
  ASSERT_TRUE(amalie->remove_profile(bente, "2468"));
  world.reopen(amalie);
  EXPECT_TRUE(amalie->profiles().empty());
}

TEST_F(ClientProfiles, WhatIsNoProfileIsRefused) {
  add("bp", "Bente Prøve", "1111");
  const auto refused = [&](const char* initials, const char* name, const char* pin) {
    return amalie->add_profile({initials, name, ""}, pin).error().code;
  };
  EXPECT_EQ(refused("BP", "Bo Prøve", "4444"), Errc::kAlreadyExists);
  EXPECT_EQ(refused("b", "Bo Prøve", "4444"), Errc::kInvalidValue);
  EXPECT_EQ(refused("b p", "Bo Prøve", "4444"), Errc::kInvalidValue);
  EXPECT_EQ(refused("bo2", "", "4444"), Errc::kInvalidValue);
  EXPECT_EQ(refused("bo2", "Bo Prøve", "444"), Errc::kInvalidValue);
  EXPECT_EQ(refused("bo2", std::string(201, 'x').c_str(), "4444"), Errc::kTooLarge);
  EXPECT_EQ(amalie->profiles().size(), 1U);
  // Nobody of that name: as a wrong PIN, and a device with one person has no profiles.
  EXPECT_EQ(amalie->use_profile(ProfileId{}, "1111").error().code, Errc::kWrongPin);
  EXPECT_EQ(ida->add_profile({"ie", "Ida", ""}, "4444").error().code, Errc::kNotPermitted);
}

}  // namespace
}  // namespace nattevagt::testing
