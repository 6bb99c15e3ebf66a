// P-004: what a newer hub says is no lie, and whoever cannot read it says that it is old.
#include <gtest/gtest.h>

#include "client-lib/app/commands.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"
#include "tests/unit/made_entry.h"

namespace nattevagt::testing {
namespace {

class NewerHub : public ::testing::Test {
 protected:
  NewerHub() : ida(world.enrol(world.ida)), amalie(world.enrol(world.amalie)) {
    world.hub->tamper = [this](DeviceId to, wire::HubFrame frame) {
      const auto* entry = std::get_if<wire::Entry>(&frame.body);
      if (entry != nullptr && to == amalie.id) last[entry->stream] = *entry;
      return std::vector{std::move(frame)};
    };
    asked = world.ask(amalie);
  }
  ~NewerHub() override { world.hub->tamper = {}; }

  wire::Entry next(const ConversationId& stream, std::uint8_t kind) {
    return made_after(last.at(stream), wire::EntryKind{kind}, world.entropy.make_id<MessageId>(),
                      world.clock.now(), {1, 2, 3});
  }
  void inject(const wire::Entry& entry) {
    last[entry.stream] = entry;
    world.hub->inject(amalie.id, {wire::kProtocolVersion, 0, entry});
    world.settle();
  }

  MemoryWorld world;
  Device& ida;
  Device& amalie;
  client::Client::Asked asked;
  std::map<ConversationId, wire::Entry> last;
};

TEST_F(NewerHub, PushIsNoLie) {
  // Protocol 1, and a kind of push that this build does not know: field 2046, three bytes.
  const Bytes unknown = {0x08, 0x01, 0xf2, 0x7f, 0x03, 'n', 'e', 'w'};
  world.hub->inject_bytes(amalie.id, unknown);
  world.settle();
  EXPECT_TRUE(world.suspicions().empty());
}

TEST_F(NewerHub, EntryIsNoLieAndTheDeviceSaysThatItIsOld) {
  EXPECT_FALSE(amalie->update_needed());
  inject(next(wire::kInbox, 200));
  inject(next(asked.conversation, 201));
  EXPECT_TRUE(world.suspicions().empty());
  EXPECT_TRUE(amalie->update_needed());
  EXPECT_EQ(amalie.all<client::UpdateNeeded>().size(), 1U) << "said once";
  const auto status = client::cli::parse_arguments({"status"});
  ASSERT_TRUE(status.arguments);
  EXPECT_NE(client::cli::begin(*status.arguments, {*amalie, {}, true, {}, {}}).reply.out.find("OPDATÉR"),
            std::string::npos);
  world.reopen(amalie);
  EXPECT_TRUE(amalie->update_needed()) << "the entry does not come again";
  EXPECT_FALSE(ida->update_needed());
}

TEST_F(NewerHub, EntryCountsInTheChainAsAnyOther) {
  wire::Entry changed = next(wire::kInbox, 200);
  changed.bytes = {3, 2, 1};
  inject(changed);
  EXPECT_EQ(world.suspicions().size(), 1U);
}

}  // namespace
}  // namespace nattevagt::testing
