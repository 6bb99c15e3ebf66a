// A member whose device and signature are good, and who signs what is not his to say: it counts for nothing,
// and everybody is told (P-077).
#include <gtest/gtest.h>

#include <algorithm>

#include "client-lib/core/device_record.h"
#include "client-lib/mls/group.h"
#include "client-lib/store/sqlcipher_store.h"
#include "proto/common/check.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

// A member's program that has been changed: her device's own keys and place in the group, and whatever it
// wants to say with them. The device itself stays closed.
class Forger {
 public:
  Forger(MemoryWorld& world, Device& device, const ConversationId& conversation) : world_(world) {
    world.close(device);
    auto store = client::SqlcipherStore::open({device.home, "2468", false, {1, 8}, {}, false},
                                              world.clock.now(), world.entropy);
    NV_CHECK(store);
    auto image = (*store)->load();
    NV_CHECK(image);
    SecretBytes epoch;
    std::vector<mls::GroupRow> rows;
    for (client::StoreImage::Row& row : image->rows) {
      const std::size_t of = conversation.view().size();
      const bool ours = row.key.size() >= of && std::equal(conversation.view().begin(),
                                                           conversation.view().end(), row.key.begin());
      if (row.table == client::Table::kDevice) {
        auto record = client::unpack_device(row.value.expose());
        NV_CHECK(record);
        key.emplace(std::move(record->sign_key));
      } else if (ours && row.table == client::Table::kEpoch) {
        epoch = std::move(row.value);
      } else if (ours && row.table == client::Table::kRatchets) {
        rows.push_back({Bytes(row.key.begin() + static_cast<std::ptrdiff_t>(of), row.key.end()),
                        std::move(row.value)});
      }
    }
    NV_CHECK(key);
    auto group = mls::Group::restore(epoch.expose(), rows, *key);
    NV_CHECK(group);
    group_.emplace(std::move(*group));
  }
  // As the conversation's next entry, in a stream that the hub lets her write to as she likes.
  wire::Entry entry_after(const wire::Entry& before, const MessageId& id, const wire::Content& content,
                          const SignKey& by) {
    wire::SignedContent words;
    words.bytes = wire::encode(content);
    words.signature = by.sign(wire::kContentLabel, words.bytes);
    auto bytes = group_->protect({}, wire::encode(words), world_.entropy);
    NV_CHECK(bytes);
    wire::Entry out{before.stream,      before.seq + 1,    wire::EntryKind::kApplication, group_->epoch(), id,
                    world_.clock.now(), std::move(*bytes), {}};
    out.chain = wire::chain_next(before.chain, out.seq, out.kind, out.epoch, out.id, out.stored_at, out.bytes);
    return out;
  }

  std::optional<SignKey> key;  // hers

 private:
  MemoryWorld& world_;
  std::optional<mls::Group> group_;
};

class HostileMember : public ::testing::Test {
 protected:
  HostileMember()
      : ida(world.enrol(world.ida)), amalie(world.enrol(world.amalie)), jonas(world.enrol(world.jonas)) {
    asked = world.ask(amalie);
    // House A's phone is let in, is a member as any other, and stands on no ladder.
    wire::Target unit;
    unit.kind = wire::TargetKind::kUnit;
    unit.id.bytes = world.jonas.unit->bytes;
    EXPECT_TRUE(amalie->invite(asked.conversation, unit));
    world.settle();
  }
  ~HostileMember() override { world.hub->tamper = {}; }

  // Keeps the last entry of the conversation that came to Amalie's device.
  void listen() {
    world.hub->tamper = [this](DeviceId to, wire::HubFrame frame) {
      const auto* entry = std::get_if<wire::Entry>(&frame.body);
      if (entry != nullptr && to == amalie.id && entry->stream == asked.conversation) last = *entry;
      return std::vector<wire::HubFrame>{std::move(frame)};
    };
    EXPECT_TRUE(jonas->send(asked.conversation, wire::Text{"Jeg lytter med."}));
    world.settle();
    EXPECT_EQ(last.stream, asked.conversation);
  }
  wire::Content words(const client::Person& self, const MessageId& id, const std::string& text) {
    return {.conversation = asked.conversation,
            .id = id,
            .author = self.id,
            .device = self.device,
            .author_name = self.name,
            .author_profession = self.profession,
            .written_at = world.clock.now(),
            .mark = {last.seq, last.chain},
            .body = wire::Text{text}};
  }
  MessageId force(Device& device, wire::Body body) {
    return world.smuggle(device, asked.conversation, std::move(body));
  }
  MessageId advised() {
    EXPECT_TRUE(ida->take(asked.alert));
    world.settle();
    wire::Advice advice;
    advice.text = "Giv PN nu.";
    advice.medicine = wire::Medicine{"oxazepam", "15 mg", "nu", "3"};
    const auto made = ida->advise(asked.alert, advice);
    EXPECT_TRUE(made);
    world.settle();
    return made.value_or(MessageId{});
  }
  static std::size_t told(Device& device, std::string_view what) {
    const auto all = device->suspicions();
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const client::Suspicion& one) { return one.text.find(what) != std::string::npos; }));
  }
  static Errc last_suspicion(Device& device) {  // Errc{}: none
    const auto all = device->suspicions();
    return all.empty() ? Errc{} : all.back().code;
  }
  void expect_told(std::string_view what) {
    EXPECT_EQ(told(ida, what), 1U);
    EXPECT_EQ(told(amalie, what), 1U);
  }

  MemoryWorld world;
  Device& ida;
  Device& amalie;
  Device& jonas;
  client::Client::Asked asked;
  wire::Entry last;
};

TEST_F(HostileMember, ATakeOffTheLadderIsNoTake) {
  force(jonas, wire::Take{asked.alert});
  expect_told("ikke står på stigen");
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kEscalating);
  ASSERT_TRUE(ida->take(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Ida Eksempel");
}

TEST_F(HostileMember, AdviceFromWhoeverHasNotTakenItIsNotAdvice) {
  wire::Advice advice;
  advice.alert = asked.alert;
  advice.text = "Giv 150 mg.";
  advice.read_back_required = true;
  const MessageId false_advice = force(jonas, advice);
  expect_told("ikke har taget kaldet");
  EXPECT_FALSE(amalie->read_back(false_advice, "150 mg")) << "nothing to read back";
  EXPECT_NE(amalie->alert(asked.alert)->view.state, wire::AlertState::kAdvised);
  // It holds nothing up either, also after a restart.
  world.reopen(amalie);
  const MessageId real = advised();
  const auto read = amalie->read_back(real, "oxazepam 15 mg nu");
  ASSERT_TRUE(read);
  world.settle();
  ASSERT_TRUE(ida->judge_read_back(*read, true));
  world.settle();
  EXPECT_TRUE(amalie->close(asked.alert));
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kClosed);
}

TEST_F(HostileMember, AnotherUnitsReadBackIsNoReadBack) {
  const MessageId advice = advised();
  const MessageId read = force(jonas, wire::ReadBack{advice, "150 mg"});
  expect_told("ikke fra enheden, der spurgte");
  EXPECT_FALSE(ida->judge_read_back(read, true));
  EXPECT_EQ(amalie->close(asked.alert).error().code, Errc::kWrongState);
}

TEST_F(HostileMember, NobodyElseFindsAReadBackCorrect) {
  const MessageId advice = advised();
  const auto read = amalie->read_back(advice, "oxazepam 25 mg nu");
  ASSERT_TRUE(read);
  world.settle();
  force(jonas, wire::ReadBackVerdict{*read, true});
  expect_told("en anden end den, der gav rådet");
  EXPECT_EQ(amalie->close(asked.alert).error().code, Errc::kWrongState) << "still open";
}

TEST_F(HostileMember, NobodyElseEndsTheCall) {
  force(jonas, wire::Withdraw{asked.alert, "glem det"});
  expect_told("ikke kan melde det slut");
  force(jonas, wire::Close{asked.alert});
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kEscalating);
}

TEST_F(HostileMember, ATakeOfAnotherAlertIsNoTake) {
  force(ida, wire::Take{world.entropy.make_id<AlertId>()});
  EXPECT_EQ(told(amalie, "gælder en anden alarm"), 1U);
  EXPECT_FALSE(amalie->alert(asked.alert)->taken_by);
}

// P-071: MLS says which device sent a message. Who wrote it, and that nobody can deny it or move it, is what the
// words themselves must show.
TEST_F(HostileMember, WordsCountOnlyUnderTheirAuthorsOwnSignatureNameAndNumber) {
  listen();
  const client::Person self = *ida->self(), other = *jonas->self();
  Forger forger(world, ida, asked.conversation);
  const SignKey foreign = SignKey::generate(world.entropy);
  const auto tell = [&](const std::string& text, const SignKey& key, auto change) {
    const MessageId id = world.entropy.make_id<MessageId>();
    wire::Content content = words(self, id, text);
    change(content);
    last = forger.entry_after(last, id, content, key);
    world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, last});
    world.settle();
    return shown(amalie, text);
  };
  EXPECT_EQ(tell("som hun selv ville", *forger.key, [](wire::Content&) {}), 1U);
  EXPECT_TRUE(amalie->suspicions().empty());
  EXPECT_EQ(tell("uden underskrift", foreign, [](wire::Content&) {}), 0U);
  EXPECT_EQ(last_suspicion(amalie), Errc::kBadSignature);
  EXPECT_EQ(tell("i en andens navn", *forger.key, [&](wire::Content& said) { said.author = other.id; }), 0U);
  EXPECT_EQ(last_suspicion(amalie), Errc::kUntrusted);
  EXPECT_EQ(tell("fra en anden enhed", *forger.key, [&](wire::Content& said) { said.device = other.device; }), 0U);
  EXPECT_EQ(tell("under et andet nummer", *forger.key,
                 [&](wire::Content& said) { said.id = world.entropy.make_id<MessageId>(); }),
            0U);
  EXPECT_EQ(last_suspicion(amalie), Errc::kReplay);
}

TEST_F(HostileMember, ANumberThatWasUsedBeforeARestartIsUsedForGood) {
  listen();
  const client::Person self = *ida->self();
  const auto sent = ida->send(asked.conversation, wire::Text{"Jeg er på."});
  ASSERT_TRUE(sent);
  world.settle();
  Forger forger(world, ida, asked.conversation);
  world.reopen(amalie);
  world.settle();
  ASSERT_TRUE(amalie->suspicions().empty());
  last = forger.entry_after(last, *sent, words(self, *sent, "noget ganske andet"), *forger.key);
  world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, last});
  world.settle();
  EXPECT_EQ(shown(amalie, "noget ganske andet"), 0U);
  EXPECT_EQ(last_suspicion(amalie), Errc::kReplay);
  const auto history = amalie->history(asked.conversation);
  ASSERT_TRUE(history);
  EXPECT_EQ(std::ranges::count_if(*history, [&](const client::Message& one) { return one.id == *sent; }), 1);
}

TEST_F(HostileMember, AnHonestNightAccusesNobody) {
  const MessageId advice = advised();
  const auto read = amalie->read_back(advice, "oxazepam 15 mg nu");
  ASSERT_TRUE(read);
  world.settle();
  ASSERT_TRUE(ida->judge_read_back(*read, true));
  world.settle();
  ASSERT_TRUE(amalie->done(advice, true, ""));
  ASSERT_TRUE(ida->close(asked.alert));
  world.settle();
  for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
}

}  // namespace
}  // namespace nattevagt::testing
