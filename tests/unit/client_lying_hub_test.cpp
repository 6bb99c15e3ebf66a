// DESIGN promise 4: whatever the hub makes up, leaves out, repeats or tells differently, a client notices and
// says so, and goes on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "client-lib/app/commands.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/show.h"
#include "proto/common/limits.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"
#include "tests/support/memory_world.h"
#include "tests/unit/made_entry.h"

namespace nattevagt::testing {
namespace {

using client::Suspicion;
using Frames = std::vector<wire::HubFrame>;

bool suspects(Device& device, Errc code) {
  const auto all = device->suspicions();
  return std::any_of(all.begin(), all.end(), [&](const Suspicion& one) { return one.code == code; });
}

class LyingHub : public ::testing::Test {
 protected:
  LyingHub()
      : ida(world.enrol(world.ida)), rune(world.enrol(world.rune)), amalie(world.enrol(world.amalie)) {}

  // Whatever was caught: told when it happens, in red and as a line for scripts, and found again later.
  void TearDown() override {
    world.hub->tamper = {};  // what it refers to was the test's
    world.hub->overhear = {};
    for (const auto& device : world.devices) {
      if (!device->client) continue;
      client::Client& client = **device;
      const auto kept = client.suspicions();
      const std::string status = said(client, {"status"}), json = said(client, {"status", "--json"});
      for (const Suspicion& one : device->all<Suspicion>()) {
        const std::string shown = client::cli::event_block(client::Event(one), client, {true, 80}, false);
        EXPECT_TRUE(shown.starts_with("\x1b[1;31mADVARSEL")) << shown;
        EXPECT_NE(shown.find(one.text), std::string::npos) << shown;
        const std::string line = client::cli::json_line(client::Event(one));
        EXPECT_NE(line.find("\"event\":\"suspicion\""), std::string::npos) << line;
        EXPECT_NE(line.find(std::string(errc_name(one.code))), std::string::npos) << line;
        EXPECT_NE(status.find(one.text), std::string::npos) << status;
        EXPECT_NE(json.find(line), std::string::npos) << json;
        const auto rooms = client.conversations();
        const bool in_a_room = std::any_of(rooms.begin(), rooms.end(),
                                           [&](const auto& room) { return room.id == one.conversation; });
        if (in_a_room && client.history(*one.conversation)) {
          EXPECT_NE(said(client, {"history", one.conversation->hex()}).find(one.text), std::string::npos);
        }
      }
      EXPECT_GE(kept.size(), device->all<Suspicion>().size());
    }
  }
  // What a command prints.
  std::string said(client::Client& client, const std::vector<std::string>& words) {
    const auto parsed = client::cli::parse_arguments(words);
    EXPECT_TRUE(parsed.arguments);
    return client::cli::begin(*parsed.arguments, {client, {}, true, {}, {}}).reply.out;
  }

  void ask() { asked = world.ask(amalie); }
  void say(Device& device, const std::string& text) {
    ASSERT_TRUE(device->send(asked.conversation, wire::Text{text}));
    world.settle();
  }
  // Remembers each entry that goes to each device, so that a believable one can be made up after it.
  void listen() {
    world.hub->tamper = [this](DeviceId to, wire::HubFrame frame) {
      if (const auto* entry = std::get_if<wire::Entry>(&frame.body)) last[{to, entry->stream}] = *entry;
      return Frames{std::move(frame)};
    };
  }
  wire::Entry next_after(const wire::Entry& before, wire::EntryKind kind, MessageId id, Bytes bytes) {
    return made_after(before, kind, id, world.clock.now(), std::move(bytes));
  }
  void inject(Device& device, const wire::Entry& entry) {
    world.hub->inject(device.id, {wire::kProtocolVersion, 0, entry});
    world.settle();
  }
  // A state of an alert in a device's inbox, chained without fault after the last that it had.
  void tell(Device& device, const wire::AlertItem& item) {
    wire::Entry& entry = last.at({device.id, wire::kInbox});
    entry = next_after(entry, wire::EntryKind::kAlert, world.entropy.make_id<MessageId>(), wire::encode(item));
    inject(device, entry);
  }

  void offer_old_roster() {
    if (world.havbakken.roster_version == 1) world.publish(world.havbakken);
    world.settle();
    wire::DocumentsChanged old;
    old.documents.push_back({world.havbakken.card.id, wire::DocumentKind::kRoster, 1});
    world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, old});
    world.settle();
  }

  MemoryWorld world;
  Device& ida;
  Device& rune;
  Device& amalie;
  client::Client::Asked asked;
  std::map<std::pair<DeviceId, ConversationId>, wire::Entry> last;
  std::map<DeviceId, Digest> inbox_chain;  // as the hub of a test makes it
};

TEST_F(LyingHub, CannotAddADevice) {
  Bytes jonas_package;
  world.hub->overhear = [&](DeviceId, const wire::ClientFrame& frame) {
    if (const auto* publish = std::get_if<wire::PublishKeyPackages>(&frame.body)) {
      if (!publish->packages.empty()) jonas_package = publish->packages.front();
    }
  };
  Device& jonas = world.enrol(world.jonas);
  ASSERT_FALSE(jonas_package.empty());
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* gathered = std::get_if<wire::Gathered>(&frame.body)) {
      gathered->items.push_back({jonas.id, jonas_package});
    }
    return Frames{std::move(frame)};
  };
  ask();
  EXPECT_TRUE(suspects(amalie, Errc::kUntrusted));
  const auto conversation = amalie->conversations().at(0);
  for (const auto& member : conversation.members) EXPECT_NE(member.device, jonas.id);
  EXPECT_EQ(ida->alerts().size(), 1U);  // the alert goes out all the same
}

// P-141. The hub keeps a chain without fault and says "drill" of a call for help, or the other way round.
TEST_F(LyingHub, CannotTurnACallForHelpIntoADrillNorADrillIntoACall) {
  for (const bool drill : {false, true}) {
    world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
      auto* entry = std::get_if<wire::Entry>(&frame.body);
      if (entry == nullptr || entry->stream != wire::kInbox) return Frames{std::move(frame)};
      Digest& chain = inbox_chain[to];
      if (entry->seq == 1) chain = wire::chain_first(wire::kInbox, to);
      if (entry->kind == wire::EntryKind::kAlert) {
        auto item = *wire::decode_alert_item(entry->bytes);
        item.view.drill = !drill;
        entry->bytes = wire::encode(item);
      }
      entry->chain = chain = wire::chain_next(chain, entry->seq, entry->kind, entry->epoch, entry->id,
                                              entry->stored_at, entry->bytes);
      return Frames{std::move(frame)};
    };
    client::Question question = world.question();
    question.drill = drill;
    const auto call = *amalie->ask(question);
    world.settle();
    const auto rings = ida.all<client::AlertChanged>();
    ASSERT_FALSE(rings.empty());
    EXPECT_EQ(rings.back().alert.view.drill, drill);
    if (!drill) {
      EXPECT_NE(rings.back().notice, wire::NoticeKind::kNone) << "it rings again as what it is";
    }
    for (Device* device : {&ida, &amalie}) {
      EXPECT_EQ((*device)->alert(call.alert)->view.drill, drill);
      EXPECT_TRUE(suspects(*device, Errc::kUntrusted));
      EXPECT_FALSE(suspects(*device, Errc::kFork));
    }
    ASSERT_TRUE(amalie->withdraw(call.alert, ""));
    world.settle();
  }
}

TEST_F(LyingHub, CannotPassOneDevicesKeyOffAsAnothers) {
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* gathered = std::get_if<wire::Gathered>(&frame.body)) {
      for (auto& item : gathered->items) item.key_package = gathered->items.front().key_package;
    }
    return Frames{std::move(frame)};
  };
  ask();
  EXPECT_TRUE(suspects(amalie, Errc::kUntrusted));
}

TEST_F(LyingHub, SaysWhomItLeavesOut) {
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* gathered = std::get_if<wire::Gathered>(&frame.body)) {
      std::erase_if(gathered->items, [&](const auto& item) { return item.device == rune.id; });
    }
    return Frames{std::move(frame)};
  };
  ask();
  const auto alert = amalie->alert(asked.alert);
  ASSERT_TRUE(alert);
  ASSERT_EQ(alert->warnings.size(), 1U);
  EXPECT_NE(alert->warnings[0].find("bagvagt"), std::string::npos);
}

TEST_F(LyingHub, CannotFakeTaken) {
  listen();
  ask();
  auto item = *wire::decode_alert_item(last.at({amalie.id, wire::kInbox}).bytes);
  item.notice = wire::NoticeKind::kNone;
  item.view.state = wire::AlertState::kTaken;
  item.view.taken_by = ida.id;
  item.view.taken_at = world.clock.now();
  tell(amalie, item);
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);
  world.pass(std::chrono::seconds(6));
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);
  EXPECT_EQ(amalie->alert(asked.alert)->warnings.size(), 1U);
  EXPECT_FALSE(suspects(amalie, Errc::kUntrusted));  // a slow network would look the same
  world.pass(std::chrono::seconds(30));
  EXPECT_TRUE(suspects(amalie, Errc::kUntrusted));
  EXPECT_EQ(amalie->alert(asked.alert)->warnings.size(), 1U);
}

TEST_F(LyingHub, AHonestTakeIsNoClaim) {
  ask();
  ASSERT_TRUE(ida->take(asked.alert));
  world.pass(std::chrono::seconds(30));
  EXPECT_TRUE(amalie->alert(asked.alert)->taken_by);
  EXPECT_TRUE(amalie->alert(asked.alert)->warnings.empty());
  EXPECT_TRUE(world.suspicions().empty());
}

TEST_F(LyingHub, CannotReplayAnEntryUnderANewId) {
  listen();
  ask();
  say(ida, "Jeg er på – læser nu.");
  const wire::Entry entry = last.at({amalie.id, asked.conversation});
  inject(amalie, next_after(entry, entry.kind, world.entropy.make_id<MessageId>(), entry.bytes));
  EXPECT_TRUE(suspects(amalie, Errc::kReplay));
  EXPECT_EQ(shown(amalie, "Jeg er på – læser nu."), 1U);
}

TEST_F(LyingHub, CannotReplayAnEntryUnderItsOwnId) {
  listen();
  ask();
  say(ida, "Jeg er på – læser nu.");
  const wire::Entry entry = last.at({amalie.id, asked.conversation});
  inject(amalie, next_after(entry, entry.kind, entry.id, entry.bytes));
  EXPECT_TRUE(suspects(amalie, Errc::kReplay));
  EXPECT_EQ(shown(amalie, "Jeg er på – læser nu."), 1U);
}

TEST_F(LyingHub, CannotInviteASecondTimeIntoOneConversation) {
  Bytes welcome;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    if (const auto* entry = std::get_if<wire::Entry>(&frame.body)) {
      last[{to, entry->stream}] = *entry;
      if (to == ida.id && entry->kind == wire::EntryKind::kWelcome) welcome = entry->bytes;
    }
    return Frames{std::move(frame)};
  };
  ask();
  ASSERT_FALSE(welcome.empty());
  inject(ida, next_after(last.at({ida.id, wire::kInbox}), wire::EntryKind::kWelcome,
                         world.entropy.make_id<MessageId>(), welcome));
  EXPECT_TRUE(suspects(ida, Errc::kReplay));
  say(ida, "Jeg er her stadig.");
  EXPECT_EQ(shown(amalie, "Jeg er her stadig."), 1U);
}

TEST_F(LyingHub, ABadEntryDoesNotBlockTheStream) {
  listen();
  ask();
  std::optional<DeviceId> victim = amalie.id;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry != nullptr && victim == to && entry->kind == wire::EntryKind::kApplication) {
      entry->bytes.back() ^= 1;
      victim.reset();
    }
    return Frames{std::move(frame)};
  };
  say(ida, "et");
  say(ida, "to");
  EXPECT_EQ(shown(amalie, "et"), 0U);
  EXPECT_EQ(shown(amalie, "to"), 1U);
  EXPECT_TRUE(suspects(amalie, Errc::kFork));  // the chain is over the bytes
}

TEST_F(LyingHub, CannotDropAnEntry) {
  ask();
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const auto* entry = std::get_if<wire::Entry>(&frame.body);
    const bool drop =
        entry != nullptr && to == rune.id && entry->stream == asked.conversation && entry->seq == 6;
    return drop ? Frames{} : Frames{std::move(frame)};
  };
  for (const char* text : {"1", "2", "3", "4", "5", "6"}) say(ida, text);
  EXPECT_TRUE(suspects(rune, Errc::kGap));
  EXPECT_EQ(shown(rune, "6"), 1U);
}

TEST_F(LyingHub, ALostFrameIsAskedForAgainAndIsNoLie) {
  ask();
  bool dropped = false;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (dropped || entry == nullptr || to != rune.id || entry->stream != asked.conversation) {
      return Frames{std::move(frame)};
    }
    dropped = true;
    return Frames{};
  };
  for (const char* text : {"1", "2", "3"}) say(ida, text);
  EXPECT_TRUE(dropped);
  for (const char* text : {"1", "2", "3"}) EXPECT_EQ(shown(rune, text), 1U);
  EXPECT_TRUE(world.suspicions().empty());
}

TEST_F(LyingHub, CannotReorder) {
  ask();
  std::vector<wire::HubFrame> held;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry == nullptr || to != rune.id || entry->stream != asked.conversation) {
      return Frames{std::move(frame)};
    }
    if (held.empty()) {
      held.push_back(std::move(frame));
      return Frames{};
    }
    Frames out{std::move(frame), std::move(held.front())};
    held.clear();
    return out;
  };
  for (const char* text : {"1", "2", "3", "4", "5", "6"}) say(ida, text);
  EXPECT_TRUE(suspects(rune, Errc::kGap));
}

TEST_F(LyingHub, CannotTellTwoHistories) {
  listen();
  ask();
  say(ida, "ses af alle");
  // Rune's history leaves one entry out and is consistent in itself: only the others' marks can tell (P-034).
  Digest chain = last.at({rune.id, asked.conversation}).chain;
  bool left_out = false;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry == nullptr || to != rune.id || entry->stream != asked.conversation) {
      return Frames{std::move(frame)};
    }
    if (!std::exchange(left_out, true)) return Frames{};
    entry->seq -= 1;
    entry->chain = wire::chain_next(chain, entry->seq, entry->kind, entry->epoch, entry->id, entry->stored_at,
                                    entry->bytes);
    chain = entry->chain;
    return Frames{std::move(frame)};
  };
  say(ida, "ses ikke af Rune");
  EXPECT_EQ(shown(rune, "ses ikke af Rune"), 0U);
  say(ida, "nu");
  EXPECT_EQ(shown(rune, "nu"), 1U);
  EXPECT_TRUE(suspects(rune, Errc::kFork));
}

// Its receipt says that our commit took the epoch; what it shows us in its place changes nothing of that.
TEST_F(LyingHub, CannotKeepACommitFromItsMakerThatItHasSignedFor) {
  Device& jonas = world.enrol(world.jonas);
  ask();
  enum class Lie { kChanged, kChangedAfterTheReceipt, kLeftOut };
  for (const Lie lie : {Lie::kChanged, Lie::kChangedAfterTheReceipt, Lie::kLeftOut}) {
    SCOPED_TRACE(static_cast<int>(lie));
    const ConversationId talk = world.ask(amalie).conversation;
    std::optional<wire::HubFrame> held;
    world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
      auto* entry = std::get_if<wire::Entry>(&frame.body);
      if (to != amalie.id) return Frames{std::move(frame)};
      if (entry != nullptr && entry->stream == talk && entry->kind == wire::EntryKind::kCommit) {
        entry->bytes.back() ^= 1;
        if (lie == Lie::kChanged) return Frames{std::move(frame)};
        if (lie == Lie::kChangedAfterTheReceipt) held = std::move(frame);
        return Frames{};
      }
      Frames out{std::move(frame)};
      if (held && std::holds_alternative<wire::Stored>(out[0].body)) {
        out.push_back(*std::exchange(held, std::nullopt));
      }
      return out;
    };
    wire::Target house_a;
    house_a.kind = wire::TargetKind::kUnit;
    house_a.id.bytes = world.jonas.unit->bytes;
    ASSERT_TRUE(amalie->invite(talk, house_a));
    world.settle();
    ASSERT_TRUE(ida->send(talk, wire::Text{"til alle"}));
    world.pass(std::chrono::seconds(5));
    world.hub->tamper = {};
    ASSERT_TRUE(amalie->send(talk, wire::Text{"svar"}));
    world.pass(std::chrono::seconds(5));
    EXPECT_TRUE(suspects(amalie, lie == Lie::kLeftOut ? Errc::kGap : Errc::kReplay));
    EXPECT_TRUE(has_member(amalie, talk, jonas.id));
    EXPECT_TRUE(amalie->outbox_empty());
    const auto said = [&](Device& device) {
      const auto history = device->history(talk);
      return history && std::any_of(history->begin(), history->end(), [](const client::Message& message) {
               const auto* text = std::get_if<wire::Text>(&message.content.body);
               return text != nullptr && text->text == "svar" && message.seq != 0;
             });
    };
    for (Device* device : {&ida, &rune, &jonas}) EXPECT_TRUE(said(*device));
  }
}

TEST_F(LyingHub, CannotSayStoredWithoutItsSignature) {
  bool lie = true;
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* stored = std::get_if<wire::Stored>(&frame.body); stored != nullptr && lie) {
      stored->receipt.signature[0] ^= 1;
    }
    return Frames{std::move(frame)};
  };
  ask();
  const auto stored = [&] {
    const auto all = amalie.all<client::OwnMessage>();
    return std::count_if(all.begin(), all.end(), [&](const client::OwnMessage& event) {
      return event.id == asked.message && event.delivery == client::Delivery::kStored;
    });
  };
  EXPECT_EQ(stored(), 0);
  EXPECT_FALSE(amalie->outbox_empty());
  EXPECT_TRUE(suspects(amalie, Errc::kBadSignature));
  lie = false;
  world.pass(std::chrono::seconds(10));
  EXPECT_EQ(stored(), 1);
  EXPECT_EQ(ida->alerts().size(), 1U);
}

TEST_F(LyingHub, CannotAnswerWithAnotherReceipt) {
  std::optional<wire::Stored> first;
  ask();
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* stored = std::get_if<wire::Stored>(&frame.body)) {
      if (!first) first = *stored;
      *stored = *first;
    }
    return Frames{std::move(frame)};
  };
  say(amalie, "et");
  say(amalie, "to");
  EXPECT_TRUE(suspects(amalie, Errc::kInvalidValue));
  EXPECT_FALSE(amalie->outbox_empty());
}

TEST_F(LyingHub, CannotPromiseAndNotDeliver) {
  ask();
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    const bool drop = std::holds_alternative<wire::Entry>(frame.body) && to == amalie.id;
    return drop ? Frames{} : Frames{std::move(frame)};
  };
  say(amalie, "kvitteret, men ikke leveret");
  EXPECT_TRUE(world.suspicions().empty());
  world.pass(std::chrono::seconds(31));
  EXPECT_TRUE(suspects(amalie, Errc::kGap));
}

TEST_F(LyingHub, CannotGoBackToAnOldRoster) {
  offer_old_roster();
  EXPECT_TRUE(suspects(amalie, Errc::kReplay));
}

TEST_F(LyingHub, CannotForgeARoster) {
  const auto known = world.suspicions().size();
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    if (auto* documents = std::get_if<wire::Documents>(&frame.body);
        documents != nullptr && to == amalie.id) {
      for (auto& document : documents->documents) {
        wire::Roster roster = world.havbakken.roster;
        roster.roles[0].holders = {world.jonas.person};
        document.body = wire::encode(roster);
      }
    }
    return Frames{std::move(frame)};
  };
  world.publish(world.havbakken);
  world.settle();
  EXPECT_TRUE(suspects(amalie, Errc::kBadSignature));
  EXPECT_GT(world.suspicions().size(), known);
  world.hub->tamper = {};
  ask();
  EXPECT_EQ(ida->alerts().size(), 1U);  // by the roster that is signed
}

TEST_F(LyingHub, CannotChangeTheSeverityThatWasSigned) {
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry != nullptr && entry->kind == wire::EntryKind::kAlert && to == ida.id) {
      auto item = *wire::decode_alert_item(entry->bytes);
      item.view.severity = wire::Severity::kYellow;
      entry->bytes = wire::encode(item);
    }
    return Frames{std::move(frame)};
  };
  ask();
  EXPECT_TRUE(suspects(ida, Errc::kUntrusted));
}

TEST_F(LyingHub, CannotBeAnotherHub) {
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (auto* hello = std::get_if<wire::HelloReply>(&frame.body)) hello->sign_key.bytes[0] ^= 1;
    return Frames{std::move(frame)};
  };
  world.reopen(amalie);
  world.settle();
  EXPECT_TRUE(suspects(amalie, Errc::kUntrusted));
}

TEST_F(LyingHub, WhatWasSuspectedIsKeptAndSaidOnce) {
  offer_old_roster();
  const auto before = amalie->suspicions().size();
  ASSERT_GT(before, 0U);
  world.reopen(amalie);
  world.settle();
  offer_old_roster();
  EXPECT_EQ(amalie->suspicions().size(), before);
}

// ---- Each check by itself, where the hub's chain is without fault

TEST_F(LyingHub, CannotBringAnEndedAlertBack) {
  listen();
  ask();
  ASSERT_TRUE(amalie->withdraw(asked.alert, "fejl"));
  world.settle();
  auto item = *wire::decode_alert_item(last.at({ida.id, wire::kInbox}).bytes);
  ASSERT_EQ(item.view.state, wire::AlertState::kWithdrawn);
  item.view.state = wire::AlertState::kEscalating;
  tell(ida, item);
  EXPECT_TRUE(suspects(ida, Errc::kReplay));
  EXPECT_EQ(ida->alert(asked.alert)->view.state, wire::AlertState::kWithdrawn);
}

TEST_F(LyingHub, CannotPutOffWhatItHasPromised) {
  listen();
  ask();
  const auto promised = [&] { return amalie->alert(asked.alert)->view.exhausted_at; };
  const auto tell_later_by = [&](Millis delay) {
    auto item = wire::AlertItem{wire::NoticeKind::kNone, 0, amalie->alert(asked.alert)->view};
    item.view.exhausted_at += delay;
    tell(amalie, item);
  };
  const UtcTime before = promised();
  tell_later_by(limits::kPromiseGrace);
  EXPECT_EQ(promised(), before + limits::kPromiseGrace);
  EXPECT_TRUE(world.suspicions().empty()) << "a hub whose disk was busy is not one that lies";
  tell_later_by(limits::kPromiseGrace + Millis(1));
  EXPECT_TRUE(suspects(amalie, Errc::kUntrusted));
}

TEST_F(LyingHub, CannotChangeWhatWasSignedWhenTheWordsAreThere) {
  listen();
  ask();
  wire::AlertItem item{wire::NoticeKind::kNone, 0, ida->alert(asked.alert)->view};
  item.view.severity = wire::Severity::kYellow;
  tell(ida, item);
  EXPECT_TRUE(suspects(ida, Errc::kUntrusted));
}

TEST_F(LyingHub, CannotMoveAnAlertToAnotherRoomNorRingTwiceForOneStep) {
  listen();
  ask();
  const auto rings = [&] {
    const auto all = ida.all<client::AlertChanged>();
    return std::count_if(all.begin(), all.end(),
                         [](const auto& event) { return event.notice == wire::NoticeKind::kFirst; });
  };
  ASSERT_EQ(rings(), 1);
  wire::AlertItem item{wire::NoticeKind::kFirst, 0, ida->alert(asked.alert)->view};
  tell(ida, item);
  EXPECT_EQ(rings(), 1);
  EXPECT_TRUE(world.suspicions().empty());
  item.view.stream = world.entropy.make_id<ConversationId>();
  tell(ida, item);
  EXPECT_TRUE(suspects(ida, Errc::kReplay));
  EXPECT_EQ(ida->alert(asked.alert)->view.stream, asked.conversation);
}

TEST_F(LyingHub, CannotPassACallOffAsAnotherAlert) {
  const auto other = world.entropy.make_id<AlertId>();
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry != nullptr && entry->kind == wire::EntryKind::kAlert && to == ida.id) {
      auto item = *wire::decode_alert_item(entry->bytes);
      item.view.alert = other;
      entry->bytes = wire::encode(item);
    }
    return Frames{std::move(frame)};
  };
  ask();
  EXPECT_TRUE(suspects(ida, Errc::kUntrusted));
}

// The frames that carry entries of the conversation to Amalie, chained anew after `change`.
TEST_F(LyingHub, CannotGiveAMessageAnotherNumberNorPutAnythingElseUnderOurs) {
  listen();
  ask();
  std::optional<Digest> chain;
  std::function<void(wire::Entry&)> change;
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry == nullptr || to != amalie.id || entry->stream != asked.conversation) {
      return Frames{std::move(frame)};
    }
    if (!chain) chain = last.at({to, entry->stream}).chain;
    if (change) std::exchange(change, nullptr)(*entry);
    entry->chain = *chain = wire::chain_next(*chain, entry->seq, entry->kind, entry->epoch, entry->id,
                                             entry->stored_at, entry->bytes);
    return Frames{std::move(frame)};
  };
  const auto told = [&](std::string_view text) {
    const auto all = amalie->suspicions();
    return std::any_of(all.begin(), all.end(),
                       [&](const Suspicion& one) { return one.text.find(text) != std::string::npos; });
  };
  change = [&](wire::Entry& entry) { entry.id = world.entropy.make_id<MessageId>(); };
  say(ida, "et andet nummer");
  EXPECT_EQ(shown(amalie, "et andet nummer"), 0U);
  EXPECT_TRUE(told("udgiver sig for"));
  change = [&](wire::Entry& entry) { entry.id = world.entropy.make_id<MessageId>(); };
  say(amalie, "vores egne ord");
  EXPECT_TRUE(told("Vores egen besked kom igen"));
  change = [](wire::Entry& entry) { entry.bytes.back() ^= 1; };
  say(amalie, "noget andet under nummeret");
  EXPECT_TRUE(told("noget andet under vores"));
}

TEST_F(LyingHub, CannotGiveOurOwnChangeBackUnderAnotherNumber) {
  ask();
  wire::Target colleague;
  colleague.kind = wire::TargetKind::kUnit;
  colleague.id.bytes = world.jonas.unit->bytes;
  world.enrol(world.jonas);
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry != nullptr && to == amalie.id && entry->kind == wire::EntryKind::kCommit) {
      entry->id = world.entropy.make_id<MessageId>();
    }
    return Frames{std::move(frame)};
  };
  ASSERT_TRUE(amalie->invite(asked.conversation, colleague));
  world.settle();
  EXPECT_TRUE(suspects(amalie, Errc::kFork));
}

TEST_F(LyingHub, CannotShowOnePlaceInTwoVersions) {
  listen();
  ask();
  wire::Entry entry = last.at({amalie.id, asked.conversation});
  inject(amalie, entry);
  EXPECT_TRUE(world.suspicions().empty()) << "the same again is a repeat";
  entry.chain[0] ^= 1;
  inject(amalie, entry);
  EXPECT_TRUE(suspects(amalie, Errc::kFork));
}

// With its own, good signature: what it has signed is held against it.
TEST_F(LyingHub, CannotSignOneThingAndDeliverAnother) {
  for (const bool entry_first : {false, true}) {
    world.hub->tamper = {};
    if (!entry_first) ask();
    Device& device = entry_first ? ida : amalie;
    std::optional<wire::HubFrame> held;
    world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
      if (to != device.id) return Frames{std::move(frame)};
      if (auto* stored = std::get_if<wire::Stored>(&frame.body)) {
        wire::ReceiptLeaf leaf = stored->receipt.leaf;
        leaf.chain[0] ^= 1;
        stored->receipt = wire::make_receipts(std::array{leaf}, world.hub->sign_key()).front();
        if (!entry_first) return Frames{std::move(frame)};
        held = std::move(frame);
        return Frames{};
      }
      const auto* entry = std::get_if<wire::Entry>(&frame.body);
      if (entry == nullptr || entry->stream != asked.conversation || !held) return Frames{std::move(frame)};
      Frames out{std::move(frame), std::move(*held)};
      held.reset();
      return out;
    };
    say(device, "kvitteret som noget andet");
    EXPECT_TRUE(suspects(device, Errc::kFork)) << entry_first;
  }
}

TEST_F(LyingHub, CannotStoreACallWithoutAPromiseNorAsAnotherAlert) {
  for (const bool promise : {false, true}) {
    world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
      if (auto* stored = std::get_if<wire::Stored>(&frame.body)) {
        wire::ReceiptLeaf leaf = stored->receipt.leaf;
        if (promise) leaf.alert = world.entropy.make_id<AlertId>();
        if (!promise) leaf.exhausted_at = kNever;
        stored->receipt = wire::make_receipts(std::array{leaf}, world.hub->sign_key()).front();
      }
      return Frames{std::move(frame)};
    };
    asked = *amalie->ask(world.question());
    world.settle();
    const auto all = amalie.all<client::OwnMessage>();
    EXPECT_TRUE(std::none_of(all.begin(), all.end(), [&](const client::OwnMessage& event) {
      return event.id == asked.message && event.delivery == client::Delivery::kStored;
    })) << promise;
    EXPECT_TRUE(suspects(amalie, Errc::kInvalidValue)) << promise;
  }
}

TEST_F(LyingHub, CannotClaimThatOurNumberIsAnothersNorAnswerSomethingElse) {
  ask();
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (std::holds_alternative<wire::Stored>(frame.body)) {
      wire::Refused refused;
      refused.code = Errc::kAlreadyExists;
      frame.body = refused;
    }
    return Frames{std::move(frame)};
  };
  say(amalie, "optaget");
  EXPECT_TRUE(suspects(amalie, Errc::kAlreadyExists));
  EXPECT_FALSE(suspects(ida, Errc::kInvalidValue));
  world.hub->tamper = [&](DeviceId, wire::HubFrame frame) {
    if (std::holds_alternative<wire::Stored>(frame.body)) frame.body = wire::Accepted{};
    return Frames{std::move(frame)};
  };
  say(ida, "svaret på noget andet");
  EXPECT_TRUE(suspects(ida, Errc::kInvalidValue));
}

TEST_F(LyingHub, RubbishIsSaidAndReadPast) {
  listen();
  ask();
  const auto said_after = [&](const std::function<void()>& lie, std::string_view text) {
    lie();
    const auto all = amalie->suspicions();
    return std::any_of(all.begin(), all.end(),
                       [&](const Suspicion& one) { return one.text.find(text) != std::string::npos; });
  };
  const auto inbox = [&](wire::EntryKind kind, Bytes bytes) {
    const wire::Entry entry = next_after(last.at({amalie.id, wire::kInbox}), kind,
                                         world.entropy.make_id<MessageId>(), std::move(bytes));
    last[{amalie.id, wire::kInbox}] = entry;
    inject(amalie, entry);
  };
  EXPECT_TRUE(said_after([&] { inbox(wire::EntryKind::kAlert, {1, 2, 3}); }, "ulæseligt i indbakken"));
  wire::WelcomeItem invitation;
  invitation.stream = world.entropy.make_id<ConversationId>();
  invitation.welcome = Bytes(100, 7);
  EXPECT_TRUE(said_after([&] { inbox(wire::EntryKind::kWelcome, wire::encode(invitation)); }, "invitation"));
  EXPECT_TRUE(said_after([&] { world.hub->inject_bytes(amalie.id, {0xff, 0xff, 0xff}), world.settle(); },
                         "ikke kan læses"));
  EXPECT_TRUE(said_after(
      [&] {
        wire::Entry unknown = last.at({amalie.id, asked.conversation});
        unknown.stream = world.entropy.make_id<ConversationId>();
        for (std::size_t i = 0; i <= limits::kUnackedEntriesPerDevice; ++i) {
          unknown.seq = i + 1;
          world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, unknown});
        }
        world.settle();
      },
      "vi ikke er med i"));
  EXPECT_TRUE(said_after(
      [&] {
        world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, wire::Goodbye{Errc::kReplay}});
        world.settle();
      },
      "Et andet program"));
  say(ida, "læses alligevel");
  EXPECT_EQ(shown(amalie, "læses alligevel"), 1U);
}

TEST_F(LyingHub, CannotLeadAnInvitationIntoAnotherRoom) {
  world.hub->tamper = [&](DeviceId to, wire::HubFrame frame) {
    auto* entry = std::get_if<wire::Entry>(&frame.body);
    if (entry != nullptr && entry->kind == wire::EntryKind::kWelcome && to == ida.id) {
      auto item = *wire::decode_welcome_item(entry->bytes);
      item.stream = world.entropy.make_id<ConversationId>();
      entry->bytes = wire::encode(item);
    }
    return Frames{std::move(frame)};
  };
  ask();
  EXPECT_TRUE(suspects(ida, Errc::kInvalidValue));
  EXPECT_TRUE(ida->conversations().empty());
}

}  // namespace
}  // namespace nattevagt::testing
