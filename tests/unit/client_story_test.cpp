// DOMAIN 6a, in memory: asked, taken, advised, read back wrong and then right, done, exported.
#include <gtest/gtest.h>

#include "tests/support/memory_world.h"

namespace nattevagt::testing {
namespace {

using client::AlertChanged;
using client::Delivery;
using client::NewMessage;
using client::OwnMessage;

bool has_own(const Device& device, const MessageId& id, Delivery delivery) {
  for (const OwnMessage& event : device.all<OwnMessage>()) {
    if (event.id == id && event.delivery == delivery) return true;
  }
  return false;
}

template <class Body>
std::vector<client::Message> received(const Device& device) {
  std::vector<client::Message> out;
  for (const NewMessage& event : device.all<NewMessage>()) {
    if (std::holds_alternative<Body>(event.message.content.body)) out.push_back(event.message);
  }
  return out;
}

class ClientStory : public ::testing::Test {
 protected:
  MemoryWorld world;
};

TEST_F(ClientStory, AdviceIsGivenReadBackAndExported) {
  Device& ida = world.enrol(world.ida);
  Device& rune = world.enrol(world.rune);
  Device& archive = world.enrol(world.archive);
  Device& amalie = world.enrol(world.amalie);

  const auto asked = world.ask(amalie);
  EXPECT_TRUE(has_own(amalie, asked.message, Delivery::kQueued));
  EXPECT_TRUE(has_own(amalie, asked.message, Delivery::kStored));
  EXPECT_TRUE(has_own(amalie, asked.message, Delivery::kOnDevice));
  ASSERT_EQ(received<wire::AdviceRequest>(ida).size(), 1U);
  EXPECT_EQ(received<wire::AdviceRequest>(ida)[0].author.name, "Amalie Prøve");
  EXPECT_EQ(received<wire::AdviceRequest>(archive).size(), 1U);
  ASSERT_EQ(ida->alerts().size(), 1U);
  EXPECT_TRUE(ida->alerts()[0].may_take);
  EXPECT_EQ(ida->alerts()[0].notices, std::vector{wire::NoticeKind::kFirst});
  EXPECT_EQ(ida->alerts()[0].role_label, "vagthavende");
  EXPECT_FALSE(amalie->alerts()[0].may_take);
  EXPECT_TRUE(amalie->alerts()[0].own_unit);

  ASSERT_TRUE(ida->take(asked.alert));
  world.settle();
  ASSERT_TRUE(amalie->alert(asked.alert)->taken_by);
  EXPECT_EQ(amalie->alert(asked.alert)->taken_by->name, "Ida Eksempel");
  const auto second = rune->take(asked.alert);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kAlreadyTaken);

  wire::Advice advice;
  advice.text = "Giv PN oxazepam 15 mg nu. Ikke mere før kl. 08.";
  advice.medicine = wire::Medicine{"oxazepam", "15 mg", "nu", "højst 3 pr. døgn"};
  const auto advised = ida->advise(asked.alert, advice);
  ASSERT_TRUE(advised);
  world.settle();
  EXPECT_EQ(amalie->alert(asked.alert)->view.state, wire::AlertState::kAdvised);
  EXPECT_EQ(amalie->close(asked.alert).error().code, Errc::kWrongState);  // P-073

  const auto wrong = amalie->read_back(*advised, "oxazepam 50 mg nu");
  ASSERT_TRUE(wrong);
  world.settle();
  ASSERT_TRUE(ida->judge_read_back(*wrong, false));
  world.settle();
  EXPECT_EQ(ida->close(asked.alert).error().code, Errc::kWrongState);
  const auto right = amalie->read_back(*advised, "oxazepam 15 mg nu, højst 3 pr. døgn");
  ASSERT_TRUE(right);
  world.settle();
  ASSERT_TRUE(ida->judge_read_back(*right, true));
  world.settle();
  ASSERT_TRUE(amalie->done(*advised, true, ""));
  ASSERT_TRUE(amalie->close(asked.alert));
  world.settle();
  EXPECT_EQ(ida->alert(asked.alert)->view.state, wire::AlertState::kClosed);

  const auto exported = ida->export_incident(asked.conversation);
  ASSERT_TRUE(exported);
  for (const char* words : {"Amalie Prøve", "Ida Eksempel", "overlæge", "+01:00", "Ikke korrekt – læs igen",
                            "Tilbagelæst korrekt", "15 mg", "Overtaget af", "Arkiv: Solvang Kommune"}) {
    EXPECT_NE(exported->text.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(exported->hash, sha256(as_bytes(exported->text)));
  EXPECT_EQ(archive->history(asked.conversation)->size(), ida->history(asked.conversation)->size());
  for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
}

}  // namespace
}  // namespace nattevagt::testing
