// A plan that fails, made smaller: what is left is what it takes.
#include <algorithm>

#include "tests/simulation/simulation.h"

namespace nattevagt::simulation {

Plan shrink(const Plan& plan, Mutant mutant, const std::string& oracle) {
  Plan best = plan;
  const auto keep_if_broken = [&](Plan smaller) {
    const Verdict verdict = run_plan(smaller, mutant);
    const bool broken = std::any_of(verdict.violations.begin(), verdict.violations.end(),
                                    [&](const Violation& v) { return v.oracle == oracle; });
    if (broken) best = std::move(smaller);
  };
  for (int i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    if (!best.has(fault)) continue;
    Plan smaller = best;
    smaller.faults &= ~(1U << i);
    std::erase_if(smaller.items, [&](const Item& item) { return belongs_to(item.what, item.who, fault); });
    keep_if_broken(std::move(smaller));
  }
  for (std::size_t i = best.items.size(); i-- > 0;) {
    Plan smaller = best;
    smaller.items.erase(smaller.items.begin() + static_cast<std::ptrdiff_t>(i));
    keep_if_broken(std::move(smaller));
  }
  for (int d = kDevices - 1; d > 0; --d) {
    if (!best.is_present(d)) continue;
    Plan smaller = best;
    smaller.present &= ~(1U << d);
    keep_if_broken(std::move(smaller));
  }
  for (int d = 0; d < kDevices; ++d) {
    if (best.habits[d] == Habit::kIgnores) continue;
    Plan smaller = best;
    smaller.habits[d] = Habit::kIgnores;
    keep_if_broken(std::move(smaller));
  }
  for (std::size_t i = 0; i < best.items.size(); ++i) {
    Plan smaller = best;
    smaller.items[i].amount /= 2;
    if (smaller.items[i].amount != best.items[i].amount) keep_if_broken(std::move(smaller));
  }
  return best;
}

}  // namespace nattevagt::simulation
