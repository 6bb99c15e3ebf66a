// A night on which Ida is first on call by a published rota, for tests of who may read and take a call.
#pragma once

#include <gtest/gtest.h>

#include "proto/rota/copenhagen.h"
#include "proto/rota/rota.h"
#include "proto/wire/codec.h"
#include "tests/support/memory_world.h"

namespace nattevagt::testing {

// It is 02.40. Ida and Lis may both be first on call; the rota gives every night to Ida.
struct DutyNight : ::testing::Test {
  MemoryWorld world;
  MemoryWorld::Holder lis_of = {
      &world.havbakken, "Lis Vagt", "overlæge", world.entropy.make_id<PersonId>(), {}};
  Device& ida = world.enrol(world.ida);
  Device& lis = world.enrol(lis_of);
  Device& rune = world.enrol(world.rune);
  Device& amalie = world.enrol(world.amalie);
  wire::Rota rota;
  std::uint64_t version = 0;

  DutyNight() {
    world.havbakken.roster.roles[0].holders = {world.ida.person, lis_of.person};
    world.publish(world.havbakken);
    const auto today = rota::to_local(world.clock.now()).day;
    rota.roles = {{world.first_role,
                   {{wire::kEveryDay, 0, 0}},
                   {{1, today - std::chrono::days(7), {}, 1, {{world.ida.person}}}},
                   {},
                   {}}};
    publish();
    world.settle();
  }
  void publish() {
    rota.issued_at = world.clock.now();
    // P-107: the hub takes no gap that nobody has signed for.
    for (const auto& gap : rota::gaps(rota, rota.issued_at, rota.issued_at + rota::kGapLookAhead)) {
      if (gap.accepted) continue;
      rota.overrides.push_back({wire::OverrideKind::kAcceptedGap, gap.role, gap.from, gap.until, {}, {}});
    }
    const auto document = world.havbakken.sign(wire::DocumentKind::kRota, ++version, wire::encode(rota));
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(
        world.hub->as_organisation(world.havbakken.card, wire::PublishDocument{document})));
  }
  void expect_no_suspicion() {
    for (const auto& suspicion : world.suspicions()) ADD_FAILURE() << suspicion.text;
  }
};

}  // namespace nattevagt::testing
