// The simulator itself: nights that must be good, mutants that must be found, plans that come back and
// shrink. NATTEVAGT_SIM_SEEDS=n for a longer run; nattevagt-sim for any other.
#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/simulation/crypto_memo.h"
#include "tests/support/report.h"

namespace nattevagt::simulation {
namespace {

constexpr std::uint64_t kMutantSeedsMax = 2'000;

std::string told(const Plan& plan, const Verdict& verdict) {
  std::string out =
      "again: nattevagt-sim --seeds " + std::to_string(plan.seed) + ".." + std::to_string(plan.seed);
  for (const Violation& violation : verdict.violations)
    out += "\n" + violation.oracle + ": " + violation.text;
  return out + "\n" + to_text(plan);
}

bool breaks(const Verdict& verdict, std::string_view oracle) {
  return std::any_of(verdict.violations.begin(), verdict.violations.end(),
                     [&](const Violation& violation) { return violation.oracle == oracle; });
}

TEST(Simulation, NightsWithFaultsBreakNothing) {
  const char* more = std::getenv("NATTEVAGT_SIM_SEEDS");
  const std::uint64_t seeds = more == nullptr ? 300 : std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Plan plan = draw_plan(seed);
    const Verdict verdict = run_plan(plan);
    ASSERT_TRUE(verdict.good()) << told(plan, verdict);
    if (seed % 50 != 0) continue;
    use_real_curves(true);
    const std::uint64_t again = run_plan(plan).trace;
    use_real_curves(false);
    ASSERT_EQ(again, verdict.trace) << "not the same night twice: seed " << seed;
  }
}

TEST(Simulation, SavedNightsBreakNothing) {
  std::size_t plans = 0;
  for (const auto& file : std::filesystem::directory_iterator(NATTEVAGT_PLANS)) {
    if (file.path().extension() != ".plan") continue;
    std::ifstream in(file.path());
    std::ostringstream text;
    text << in.rdbuf();
    const auto plan = plan_from_text(text.str());
    ASSERT_TRUE(plan) << file.path();
    const Verdict verdict = run_plan(*plan);
    EXPECT_TRUE(verdict.good()) << file.path() << "\n" << told(*plan, verdict);
    ++plans;
  }
  EXPECT_GT(plans, 5U);
}

TEST(Simulation, TheSameNightLeavesTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Plan plan = draw_plan(seed);
    const Verdict once = run_plan(plan), twice = run_plan(plan);
    EXPECT_EQ(once.trace, twice.trace) << seed;
    EXPECT_EQ(once.events, twice.events) << seed;
  }
  EXPECT_NE(run_plan(draw_plan(1)).trace, run_plan(draw_plan(2)).trace);
}

class MutantTest : public ::testing::TestWithParam<MutantInfo> {};

// Each oracle sees: a way to break the system is found by the one that it is named with.
TEST_P(MutantTest, IsFoundByItsOracle) {
  const MutantInfo& info = GetParam();
  for (std::uint64_t seed = 1; seed <= kMutantSeedsMax; ++seed) {
    if (!breaks(run_plan(draw_plan(seed), info.mutant), info.oracle)) continue;
    testing::report("mutant " + std::string(info.name), "mutant " + std::string(info.name) + ": found by " +
                                                            std::string(info.oracle) + " in night " +
                                                            std::to_string(seed) + "\n");
    return;
  }
  FAIL() << info.name << " was not found by " << info.oracle;
}

INSTANTIATE_TEST_SUITE_P(Simulation, MutantTest, ::testing::ValuesIn(kMutants), [](const auto& drawn) {
  std::string name(drawn.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// A new oracle must come with something that it finds.
TEST(Oracles, EachHasAMutant) {
  for (const OracleInfo& oracle : kOracles) {
    EXPECT_TRUE(std::any_of(kMutants.begin(), kMutants.end(),
                            [&](const MutantInfo& mutant) { return mutant.oracle == oracle.name; }))
        << oracle.name << ": " << oracle.what;
  }
}

TEST(Plans, ComeBackFromTheirText) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Plan plan = draw_plan(seed);
    const auto back = plan_from_text(to_text(plan));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, plan);
  }
  for (const char* bad :
       {"seed x", "night 99", "at 1 nothing 0 0", "faults gremlins", "at 5 ask 99 0", "hello"}) {
    EXPECT_FALSE(plan_from_text(bad)) << bad;
  }
}

TEST(Plans, AFailingNightShrinksToLittleAndFailsStill) {
  std::uint64_t seed = 1;
  while (!breaks(run_plan(draw_plan(seed), Mutant::kAnswerBeforeSync), "recovery")) ++seed;
  const Plan whole = draw_plan(seed);
  const Plan small = shrink(whole, Mutant::kAnswerBeforeSync, "recovery");
  EXPECT_TRUE(breaks(run_plan(small, Mutant::kAnswerBeforeSync), "recovery"));
  EXPECT_LE(small.items.size(), 3U) << to_text(small);
  EXPECT_TRUE(run_plan(small).good());
}

}  // namespace
}  // namespace nattevagt::simulation
