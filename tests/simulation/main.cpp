// nattevagt-sim: nights by the thousand. See --help.
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/simulation/crypto_memo.h"
#include "tests/simulation/simulation.h"

namespace nattevagt::simulation {
namespace {

constexpr std::string_view kHelp =
    "nattevagt-sim: the real hub and clients through simulated nights with faults\n"
    "\n"
    "  --seeds A..B         these nights\n"
    "  --seconds N          as many nights as go into N seconds, from --from (default 1)\n"
    "  --commit H --count N N nights of a commit's hash: others at every commit\n"
    "  --plan FILE          one night that was saved (tests/simulation/plans)\n"
    "  --mutant NAME        broken on purpose; --list-mutants names them\n"
    "  --shrink             make a night that fails smaller before it is shown\n"
    "  --show               only print the plan of each night: of one that ends the program, say\n"
    "  --each               a line a night: what is in it and what it costs\n"
    "  --real-curves        Ed25519 and X25519, not what stands in for them (crypto_memo.h)\n"
    "  --json               one line a violation, and a last line with the sums\n"
    "\n"
    "Exit code 0: nothing found. 1: a violation. 2: not understood.\n"
    "Long runs say on stderr how far they have come.\n"
    "\n"
    "Examples:\n"
    "  nattevagt-sim --seeds 1..2000\n"
    "  nattevagt-sim --seconds 60 --json | tail -1\n"
    "  nattevagt-sim --seeds 17..17 --shrink > tests/simulation/plans/found.plan\n"
    "  nattevagt-sim --seeds 1..2000 --mutant answer-before-sync\n";
constexpr std::chrono::seconds kSayEach(10);

struct Options {
  std::uint64_t from = 1, to = 0, count = 0;
  std::int64_t seconds = 0;
  std::string plan, mutant_name;
  Mutant mutant = Mutant::kNone;
  bool json = false, shrink = false, show = false, each = false, real_curves = false;
};

// What to say when a night ends the program (an invariant of the code itself): which one it was.
std::array<char, 64> now_playing{};
extern "C" void say_which(int) {
  if (::write(STDERR_FILENO, now_playing.data(), ::strlen(now_playing.data())) < 0) return;
}

struct Sums {
  std::uint64_t seeds = 0, violations = 0, events = 0;
};

// What is not the plan itself is a comment, so that the whole can be saved as one.
void tell(const Options& options, const Plan& plan, const Verdict& verdict) {
  for (const Violation& violation : verdict.violations) {
    if (options.json) {
      std::cout << "{\"seed\":" << plan.seed << ",\"oracle\":\"" << violation.oracle << "\",\"text\":\""
                << violation.text << "\",\"at_ms\":" << violation.at.count() << "}\n";
    } else {
      std::cout << "# seed " << plan.seed << ", " << violation.at.count() << " ms: " << violation.oracle
                << ": " << violation.text << '\n';
    }
  }
  if (verdict.good() || options.json) return;
  std::cout << "# again: nattevagt-sim --seeds " << plan.seed << ".." << plan.seed;
  if (options.mutant != Mutant::kNone) std::cout << " --mutant " << options.mutant_name;
  std::cout << '\n';
  if (options.shrink) std::cout << to_text(shrink(plan, options.mutant, verdict.violations.back().oracle));
}

void tell_cost(const Plan& plan, const Verdict& verdict, std::clock_t cost) {
  const auto asks = std::count_if(plan.items.begin(), plan.items.end(),
                                  [](const Item& item) { return item.what == What::kAsk; });
  const auto faults = std::count_if(plan.items.begin(), plan.items.end(), [](const Item& item) {
    for (int i = 0; i < kFaults; ++i) {
      if (belongs_to(item.what, item.who, static_cast<Fault>(i))) return true;
    }
    return false;
  });
  std::cout << "seed " << plan.seed << " night " << plan.night << " devices " << std::popcount(plan.present)
            << " alerts " << asks << " classes " << std::popcount(plan.faults) << " faults " << faults
            << " events " << verdict.events << " trace " << verdict.trace << " us "
            << cost * 1'000'000 / CLOCKS_PER_SEC << '\n';
}

void run(const Options& options, const Plan& plan, Sums& sums) {
  if (options.show) {
    std::cout << to_text(plan);
    return;
  }
  std::snprintf(now_playing.data(), now_playing.size(), "# seed %llu ended the program\n",
                static_cast<unsigned long long>(plan.seed));
  const std::clock_t begin = std::clock();
  const Verdict verdict = run_plan(plan, options.mutant);
  if (options.each) tell_cost(plan, verdict, std::clock() - begin);
  sums.seeds += 1;
  sums.events += verdict.events;
  tell(options, plan, verdict);
  sums.violations += verdict.violations.size();
  if (plan.seed % 50 != 0) return;
  // One night in fifty twice: the same plan must leave the same trace, by whatever curves.
  use_real_curves(true);
  const bool same = run_plan(plan, options.mutant).trace == verdict.trace;
  use_real_curves(options.real_curves);
  if (same) return;
  sums.violations += 1;
  std::cout << "# seed " << plan.seed << ": not the same night twice\n";
}

int run_all(const Options& options) {
  std::signal(SIGABRT, say_which);
  use_real_curves(options.real_curves);
  using Clock = std::chrono::steady_clock;
  Sums sums;
  for (int night = 0; night < kBases; ++night) {
    if (night < kNights || night >= kDuty) static_cast<void>(base_of(night));
  }
  const auto begin = Clock::now();
  const std::clock_t cpu_begin = std::clock();
  if (!options.plan.empty()) {
    std::ifstream file(options.plan);
    std::ostringstream text;
    text << file.rdbuf();
    const auto plan = plan_from_text(text.str());
    if (!file || !plan) {
      std::cerr << "not a plan: " << options.plan << '\n';
      return 2;
    }
    run(options, *plan, sums);
  }
  const auto end = begin + std::chrono::seconds(options.seconds);
  auto say_at = begin + kSayEach;
  for (std::uint64_t seed = options.from;; ++seed) {
    const auto now = Clock::now();
    if (options.seconds > 0 ? now >= end : seed > options.to) break;
    run(options, draw_plan(seed), sums);
    if (now < say_at) continue;
    say_at += kSayEach;
    std::cerr << sums.seeds << " nights, " << sums.violations << " violations\n";
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double cpu = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
  const double nights = static_cast<double>(sums.seeds);
  if (options.json) {
    std::cout << "{\"seeds\":" << sums.seeds << ",\"simulated_nights\":" << sums.seeds
              << ",\"events\":" << sums.events << ",\"violations\":" << sums.violations
              << ",\"seeds_per_second\":" << nights / seconds << ",\"seeds_per_cpu_second\":" << nights / cpu
              << "}\n";
  } else {
    std::cout << "# " << sums.seeds << " nights, " << sums.events << " events, " << sums.violations
              << " violations, " << nights / seconds << " nights a second (" << nights / cpu
              << " a second of CPU)\n";
  }
  return sums.violations == 0 ? 0 : 1;
}

int list_mutants(bool json) {
  for (const MutantInfo& info : kMutants) {
    if (json) {
      std::cout << "{\"mutant\":\"" << info.name << "\",\"oracle\":\"" << info.oracle << "\"}\n";
    } else {
      std::cout << info.name << ": " << info.what << " (" << info.oracle << ")\n";
    }
  }
  return 0;
}

int main_of(const std::vector<std::string>& words) {
  Options options;
  bool list = false, asked = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto value = [&] { return i + 1 < words.size() ? words[++i] : std::string(); };
    if (word == "--help") {
      std::cout << kHelp;
      return 0;
    }
    if (word == "--json") {
      options.json = true;
    } else if (word == "--shrink") {
      options.shrink = true;
    } else if (word == "--show") {
      options.show = true;
    } else if (word == "--each") {
      options.each = true;
    } else if (word == "--real-curves") {
      options.real_curves = true;
    } else if (word == "--list-mutants") {
      list = true;
    } else if (word == "--seconds") {
      options.seconds = std::atoll(value().c_str());
      asked = options.seconds > 0;
    } else if (word == "--from") {
      options.from = std::strtoull(value().c_str(), nullptr, 10);
    } else if (word == "--plan") {
      options.plan = value();
      asked = !options.plan.empty();
    } else if (word == "--seeds") {
      const std::string range = value();
      const auto dots = range.find("..");
      if (dots == std::string::npos) return 2;
      options.from = std::strtoull(range.c_str(), nullptr, 10);
      options.to = std::strtoull(range.c_str() + dots + 2, nullptr, 10);
      asked = options.to >= options.from;
    } else if (word == "--commit") {
      // The first 12 digits; seeds of neighbours are far apart.
      options.from = std::strtoull(value().substr(0, 12).c_str(), nullptr, 16) * 1'000'000 + 1;
    } else if (word == "--count") {
      options.count = std::strtoull(value().c_str(), nullptr, 10);
      asked = options.count > 0;
    } else if (word == "--mutant") {
      options.mutant_name = value();
      const auto mutant = mutant_named(options.mutant_name);
      if (!mutant) return 2;
      options.mutant = *mutant;
    } else {
      return 2;
    }
  }
  if (list) return list_mutants(options.json);
  if (options.count > 0) options.to = options.from + options.count - 1;
  return asked ? run_all(options) : 2;
}

}  // namespace
}  // namespace nattevagt::simulation

int main(int argc, char** argv) {
  const int code = nattevagt::simulation::main_of({argv + 1, argv + argc});
  if (code == 2) std::cerr << nattevagt::simulation::kHelp;
  return code;
}
