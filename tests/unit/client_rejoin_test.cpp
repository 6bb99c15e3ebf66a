// P-078, P-079: a store from an old backup, or one that missed what is gone, never encrypts with a key that it
// may have used; it says so, comes back, and what was to be said is said.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using Frames = std::vector<wire::HubFrame>;

class Rejoining : public ::testing::Test {
 protected:
  // What a device sent that is encrypted by its keys of an epoch of the conversation.
  struct Sent {
    std::uint64_t epoch = 0;
    wire::EntryKind kind{};
    Digest bytes{};
  };

  Rejoining()
      : ida(world.enrol(world.ida)),
        rune(world.enrol(world.rune)),
        archive(world.enrol(world.archive)),
        amalie(world.enrol(world.amalie)) {
    world.hub->overhear = [this](DeviceId from, const wire::ClientFrame& frame) {
      if (const auto* published = std::get_if<wire::PublishKeyPackages>(&frame.body)) {
        if (from == ida.id) package = published->packages.at(0);  // good, but not made for coming back
      } else if (const auto* append = std::get_if<wire::Append>(&frame.body)) {
        if (append->kind == wire::EntryKind::kRejoin) askings += 1;
        if (append->kind == wire::EntryKind::kCommit && !append->removed.empty()) returns += 1;
        if (from == ida.id && append->kind != wire::EntryKind::kRejoin) {
          sent.push_back({append->epoch, append->kind, sha256(append->bytes)});
        }
      } else if (const auto* act = std::get_if<wire::Act>(&frame.body)) {
        if (from == ida.id) sent.push_back({act->epoch, wire::EntryKind::kApplication, sha256(act->bytes)});
      }
    };
  }
  ~Rejoining() override {
    world.hub->overhear = {};
    world.hub->tamper = {};
  }

  void say(Device& device, const std::string& text) {
    ASSERT_TRUE(device->send(asked.conversation, wire::Text{text}));
    world.settle();
  }
  // Another epoch has other keys: no key and nonce of before is used after.
  void expect_fresh_keys_from(std::size_t first) {
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < first; ++i) before = std::max(before, sent[i].epoch);
    for (std::size_t i = first; i < sent.size(); ++i) {
      const bool repeated = std::ranges::any_of(
          sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(first),
          [&](const Sent& earlier) { return earlier.bytes == sent[i].bytes && earlier.kind == sent[i].kind; });
      EXPECT_TRUE(repeated || sent[i].epoch > before) << "frame " << i << " in epoch " << sent[i].epoch;
    }
  }
  std::size_t told(Device& device, std::string_view what) {
    const auto all = device->suspicions();
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const client::Suspicion& one) { return one.text.find(what) != std::string::npos; }));
  }
  void expect_quiet(std::initializer_list<Device*> those) {
    for (Device* device : those) {
      for (const auto& one : (*device)->suspicions()) ADD_FAILURE() << one.text;
    }
  }

  MemoryWorld world;
  Device& ida;
  Device& rune;
  Device& archive;
  Device& amalie;
  client::Client::Asked asked;
  std::vector<Sent> sent;
  std::size_t askings = 0, returns = 0;
  Bytes package;
};

TEST_F(Rejoining, AnOldBackupComesBackWithFreshKeysAndItsWordsArrive) {
  asked = world.ask(amalie);
  ASSERT_TRUE(ida->take(asked.alert));
  say(ida, "før kopien");
  const std::string backup = world.back_up(ida);
  say(ida, "efter kopien");
  say(amalie, "set af Ida");
  const std::size_t before = sent.size();
  world.restore(ida, backup);
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"efter gendannelsen"}));
  world.pass(std::chrono::seconds(8));

  EXPECT_GT(sent.size(), before);
  expect_fresh_keys_from(before);
  EXPECT_EQ(askings, 1U);
  EXPECT_EQ(returns, 1U) << "the first takes it, the others need not";
  EXPECT_EQ(told(ida, "gendannet fra en gammel kopi"), 1U);
  for (Device* device : {&amalie, &rune, &archive}) {
    for (const char* text : {"før kopien", "efter kopien", "efter gendannelsen"}) {
      EXPECT_EQ(shown(*device, text), 1U) << text;
    }
  }
  expect_quiet({&amalie, &rune, &archive});
  say(amalie, "velkommen tilbage");
  EXPECT_EQ(shown(ida, "velkommen tilbage"), 1U);
  EXPECT_TRUE(ida->outbox_empty());
  // And it is all durable.
  world.reopen(ida);
  say(ida, "stadig her");
  EXPECT_EQ(shown(amalie, "stadig her"), 1U);
  EXPECT_EQ(askings, 1U);
}

// It has not heard its own later words: the hub has them, the store has not.
TEST_F(Rejoining, NothingIsEncryptedBeforeItsOwnEchoesAreHeard) {
  asked = world.ask(amalie);
  say(ida, "før kopien");
  const std::string backup = world.back_up(ida);
  world.hub->tamper = [this](DeviceId to, wire::HubFrame frame) {
    return to == ida.id && std::holds_alternative<wire::Entry>(frame.body) ? Frames{}
                                                                           : Frames{std::move(frame)};
  };
  say(ida, "aldrig hørt igen");
  const std::size_t before = sent.size();
  ASSERT_EQ(shown(amalie, "aldrig hørt igen"), 1U);
  world.close(ida);
  Frames late;  // the hub's greeting comes, what it has of hers is still on its way
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    if (to != ida.id || !std::holds_alternative<wire::Entry>(frame.body)) return Frames{std::move(frame)};
    late.push_back(std::move(frame));
    return Frames{};
  };
  world.restore(ida, backup);
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"efter gendannelsen"}));
  world.pass(std::chrono::seconds(5));
  ASSERT_FALSE(late.empty());
  EXPECT_EQ(sent.size(), before) << "encrypted with what the hub may have seen";
  world.hub->tamper = {};
  for (const wire::HubFrame& frame : std::exchange(late, {})) world.hub->inject(ida.id, frame);
  world.pass(std::chrono::seconds(8));
  EXPECT_GT(sent.size(), before);
  expect_fresh_keys_from(before);
  EXPECT_EQ(shown(amalie, "efter gendannelsen"), 1U);
  EXPECT_EQ(told(ida, "gendannet fra en gammel kopi"), 1U);
  expect_quiet({&amalie, &rune, &archive});
}

// A conversation that it was let into after the backup: it has no welcome, no keys and no row of it.
TEST_F(Rejoining, AConversationThatTheBackupDoesNotKnowIsFoundAgain) {
  const std::string backup = world.back_up(ida);
  asked = world.ask(amalie);
  say(ida, "efter kopien");
  const std::size_t before = sent.size();
  world.restore(ida, backup);
  world.pass(std::chrono::seconds(8));
  ASSERT_EQ(ida->alerts().size(), 1U) << "told its present state on coming back (P-050)";
  ASSERT_TRUE(ida->take(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Ida Eksempel");
  expect_fresh_keys_from(before);
  say(amalie, "tak");
  EXPECT_EQ(shown(ida, "tak"), 1U);
  expect_quiet({&amalie, &rune, &archive});
}

// Of an inbox nobody else tells: what the hub has let go of, since a later state acknowledged it, is said once.
TEST_F(Rejoining, WhatItsInboxHadMeanwhileIsSaidToBeMissing) {
  const auto missing = [&] {
    const auto all = ida->suspicions();
    return std::ranges::count_if(all, [](const client::Suspicion& one) {
      return one.code == Errc::kGap && !one.conversation;
    });
  };
  const std::string backup = world.back_up(ida);
  asked = world.ask(amalie);
  world.restore(ida, backup);
  world.pass(std::chrono::seconds(8));
  EXPECT_EQ(missing(), 1);
  const std::size_t told_before = ida->suspicions().size();
  world.reopen(ida);
  const auto again = world.ask(amalie);
  world.pass(std::chrono::seconds(8));
  EXPECT_TRUE(ida->alert(again.alert)) << "the next call comes";
  EXPECT_EQ(ida->suspicions().size(), told_before);
}

// What waits in the backup's outbox may have been said already: under the same id it is one message.
TEST_F(Rejoining, WhatWaitsInTheBackupIsSaidOnce) {
  asked = world.ask(amalie);
  world.hub->set_reachable(false);
  world.settle();
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"ventede"}));
  const std::string backup = world.back_up(ida);
  world.hub->set_reachable(true);
  world.pass(std::chrono::seconds(3));
  ASSERT_EQ(shown(amalie, "ventede"), 1U);
  const std::size_t before = sent.size();
  world.restore(ida, backup);
  world.pass(std::chrono::seconds(30));
  expect_fresh_keys_from(before);
  EXPECT_EQ(shown(amalie, "ventede"), 1U);
  EXPECT_TRUE(ida->outbox_empty());
  EXPECT_EQ(told(ida, "anden besked under"), 0U) << "that was itself";
  expect_quiet({&amalie, &rune, &archive});
}

TEST_F(Rejoining, ThoseWhoWereAwayLetItInWhenTheyComeBack) {
  asked = world.ask(amalie);
  say(ida, "før kopien");
  const std::string backup = world.back_up(ida);
  say(ida, "efter kopien");
  for (Device* device : {&rune, &archive, &amalie}) world.close(*device);
  const std::size_t before = sent.size();
  world.restore(ida, backup);
  ASSERT_TRUE(ida->send(asked.conversation, wire::Text{"ventede på nogen"}));
  world.pass(std::chrono::seconds(20));
  EXPECT_EQ(sent.size(), before) << "nobody has let it in";
  const auto failed = ida.all<client::OwnMessage>();
  EXPECT_TRUE(std::ranges::any_of(failed, [](const client::OwnMessage& own) {
    return own.delivery == client::Delivery::kFailed;
  })) << "IKKE SENDT after 10 s";
  world.reopen(ida);  // it goes on waiting
  world.settle();
  world.reopen(archive);
  world.pass(std::chrono::seconds(8));
  world.reopen(amalie);
  world.settle();
  EXPECT_EQ(shown(amalie, "ventede på nogen"), 1U);
  expect_fresh_keys_from(before);
  expect_quiet({&amalie, &archive});
}

// The hub has the asking and may show it again: its key package is spent.
TEST_F(Rejoining, AnOldAskingShownAgainTakesNobodyOut) {
  asked = world.ask(amalie);
  const std::string backup = world.back_up(ida);
  say(ida, "efter kopien");
  wire::Entry asking, last;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    if (const auto* entry = std::get_if<wire::Entry>(&frame.body);
        entry != nullptr && to == amalie.id && entry->stream == asked.conversation) {
      last = *entry;
      if (entry->kind == wire::EntryKind::kRejoin) asking = *entry;
    }
    return Frames{std::move(frame)};
  };
  world.restore(ida, backup);
  world.pass(std::chrono::seconds(8));
  ASSERT_EQ(returns, 1U);
  wire::Entry again = asking;
  again.seq = last.seq + 1;
  again.stored_at = world.clock.now();
  again.chain = wire::chain_next(last.chain, again.seq, again.kind, again.epoch, again.id, again.stored_at,
                                 again.bytes);
  world.reopen(amalie);  // who has forgotten which ids she has seen that are no messages
  world.settle();
  world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, again});
  world.pass(std::chrono::seconds(8));
  EXPECT_EQ(returns, 1U);
  EXPECT_EQ(told(amalie, "kan ikke godkendes"), 1U);
  EXPECT_TRUE(has_member(amalie, asked.conversation, ida.id));
}

// Nobody is taken out because somebody else says that he asks for it, though with a key package of his.
TEST_F(Rejoining, OnlyTheMemberItselfAsks) {
  for (int i = 0; i < 12; ++i) asked = world.ask(amalie);
  world.reopen(ida);  // her stock is filled up, so we see packages of hers
  world.settle();
  say(ida, "hej");
  wire::Entry last;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    if (const auto* entry = std::get_if<wire::Entry>(&frame.body);
        entry != nullptr && to == amalie.id && entry->stream == asked.conversation) {
      last = *entry;
    }
    return Frames{std::move(frame)};
  };
  say(rune, "også hej");
  ASSERT_FALSE(package.empty());
  const SignKey stranger = SignKey::generate(world.entropy);
  wire::SignedContent forged;
  wire::Entry entry = last;
  entry.id = world.entropy.make_id<MessageId>();
  forged.bytes = wire::encode(wire::Rejoin{asked.conversation, entry.id, ida.id, package});
  forged.signature = stranger.sign(wire::kRejoinLabel, forged.bytes);
  entry.kind = wire::EntryKind::kRejoin;
  entry.epoch = 0;
  entry.bytes = wire::encode(forged);
  entry.seq += 1;
  entry.chain =
      wire::chain_next(last.chain, entry.seq, entry.kind, entry.epoch, entry.id, entry.stored_at, entry.bytes);
  world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, entry});
  world.pass(std::chrono::seconds(8));
  EXPECT_EQ(told(amalie, "kan ikke godkendes"), 1U);
  EXPECT_EQ(returns, 0U);
}

// SECURITY.md: a hub that hides what it has makes a restored device use a key twice, never a key and a nonce
// (the reuse guard, mls tests); and the others tell.
TEST_F(Rejoining, AHubThatHidesWhatItHasIsToldOfByTheOthers) {
  asked = world.ask(amalie);
  say(ida, "før kopien");
  const std::string backup = world.back_up(ida);
  world.hub->tamper = [this](DeviceId to, wire::HubFrame frame) {
    return to == ida.id && std::holds_alternative<wire::Entry>(frame.body) ? Frames{}
                                                                           : Frames{std::move(frame)};
  };
  say(ida, "efter kopien");
  world.close(ida);
  world.hub->tamper = [this](DeviceId to, wire::HubFrame frame) {
    if (auto* hello = std::get_if<wire::HelloReply>(&frame.body)) hello->positions.clear();
    return to == ida.id && std::holds_alternative<wire::Entry>(frame.body) ? Frames{}
                                                                           : Frames{std::move(frame)};
  };
  world.restore(ida, backup);
  say(ida, "efter gendannelsen");
  EXPECT_GE(told(amalie, "gammel besked igen"), 1U);
  world.reopen(ida);
  world.hub->tamper = {};
}

// An invitation to a key package that only a later state had: the device asks for another way in.
TEST_F(Rejoining, AnInvitationToAKeyThatIsGoneIsAnsweredByAFreshOne) {
  const std::string backup = world.back_up(ida);
  for (int i = 0; i < 31; ++i) {  // more than its stock of the backup: the hub has only later packages
    asked = world.ask(amalie);
    world.pass(std::chrono::milliseconds(500));
  }
  world.restore(ida, backup);
  world.pass(std::chrono::seconds(8));
  askings = 0;
  asked = world.ask(amalie);
  world.pass(std::chrono::seconds(8));
  EXPECT_EQ(askings, 1U);
  EXPECT_TRUE(has_member(ida, asked.conversation, amalie.id));
  say(ida, "her");
  EXPECT_EQ(shown(amalie, "her"), 1U);
}

}  // namespace
}  // namespace nattevagt::testing
