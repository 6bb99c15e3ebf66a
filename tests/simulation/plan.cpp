#include "tests/simulation/plan.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "tests/simulation/base.h"
#include "tests/simulation/draw.h"

namespace nattevagt::simulation {
namespace {

constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "hub-crash", "device-crash", "hub-disk", "device-disk", "cut", "partition",
    "slow",      "clocks",       "pause",    "lost",        "liar", "replay", "versions"};
constexpr std::array<std::string_view, kWhats> kWhatNames = {
    "ask",      "say",      "invite",   "withdraw", "reserve",     "crash", "disk-full",
    "cut",      "partition", "pause",   "clock-jump", "lose",      "lie-entry", "lie-take",
    "lie-fork", "lie-drop", "lie-swap", "lie-add",  "replay",      "newer", "unsupported",
    "take",     "advise",   "read-back", "judge",   "done",        "see",   "close",
    "journal",  "observe",  "dose-again", "take-over", "swap"};

Millis some_time(Draw& draw, Millis end) {
  return Millis(static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(end.count()))));
}
int some_device(Draw& draw) { return static_cast<int>(draw.below(kDevices)); }
std::int64_t some_ms(Draw& draw, std::uint64_t low, std::uint64_t high) {
  return static_cast<std::int64_t>(draw.between(low, high));
}

// Eleven nights in twelve are small: an alert, two or three devices, and one to four ways to fail. A fault shows
// best where few others hide it, and a large night costs what three small ones do. In a large night everything may
// break.
constexpr std::uint64_t kLargeOneIn = 12;
constexpr std::uint64_t kSmallFaultsMax = 4;

void draw_people(Plan& plan, Draw& draw, bool large) {
  const std::uint64_t rare = large ? 1 : 3;
  const std::uint64_t asks = draw.one_in(3 * rare) ? 2 : 1;
  // In a duty night some ask when somebody may have fallen silent.
  const bool late = plan.night >= kDuty && draw.one_in(2);
  for (std::uint64_t i = 0; i < asks; ++i) {
    const int who = draw.one_in(4) ? 1 : 0;
    const auto within = std::chrono::seconds(20 + 60 * static_cast<int>(i) + (late ? 100 : 0));
    plan.items.push_back({some_time(draw, within), What::kAsk, who, 0});
  }
  for (std::uint64_t i = draw.below(large ? 4 : 2); i > 0; --i) {
    plan.items.push_back({some_time(draw, kTroubleEnd), What::kSay, some_device(draw), some_ms(draw, 0, 1)});
  }
  // The neighbour is called in, by one or by two at once: then two commits meet.
  const Millis invited = some_time(draw, kTroubleEnd);
  if (draw.one_in(3 * rare)) plan.items.push_back({invited, What::kInvite, 0, kNeighbour});
  if (draw.one_in(3 * rare)) plan.items.push_back({invited, What::kInvite, 2, kNeighbour});
  if (draw.one_in(6)) plan.items.push_back({some_time(draw, kTroubleEnd), What::kWithdraw, 0, 0});
  if (draw.one_in(6)) plan.items.push_back({some_time(draw, kTroubleEnd), What::kReserve, 0, 0});
  for (int device = 0; device < kDevices; ++device) {
    plan.habits[device] = draw.one_in(2) ? Habit::kAnswers : static_cast<Habit>(draw.below(4));
  }
}

void draw_faults(Plan& plan, Draw& draw, bool large) {
  std::uint32_t few = 0;  // the classes of a small night
  for (std::uint64_t i = draw.between(1, kSmallFaultsMax); i > 0; --i) few |= 1U << draw.below(kFaults);
  const auto is_on = [&](Fault fault, std::uint64_t one_in) {
    const bool on = large ? draw.one_in(one_in) : (few >> static_cast<int>(fault) & 1U) != 0;
    if (on) plan.faults |= 1U << static_cast<int>(fault);
    return on;
  };
  const auto some = [&](Fault fault, std::uint64_t most, auto make) {
    const bool on = is_on(fault, 2);
    const std::uint64_t count = draw.between(1, large ? most : std::min<std::uint64_t>(most, 2));
    if (!on) return;
    for (std::uint64_t i = 0; i < count; ++i) plan.items.push_back(make());
  };
  const auto at = [&] { return some_time(draw, kTroubleEnd); };
  some(Fault::kHubCrash, 3, [&] { return Item{at(), What::kCrash, kHub, some_ms(draw, 0, 12)}; });
  some(Fault::kDeviceCrash, 3, [&] {
    return Item{at(), What::kCrash, some_device(draw), some_ms(draw, 0, 12)};
  });
  some(Fault::kHubDisk, 2, [&] { return Item{at(), What::kDiskFull, kHub, some_ms(draw, 100, 15'000)}; });
  some(Fault::kDeviceDisk, 2, [&] {
    return Item{at(), What::kDiskFull, some_device(draw), some_ms(draw, 100, 10'000)};
  });
  some(Fault::kCut, 4, [&] { return Item{at(), What::kCut, some_device(draw), some_ms(draw, 0, 20'000)}; });
  some(Fault::kPartition, 2, [&] {
    return Item{at(), What::kPartition, draw.one_in(3) ? kHub : some_device(draw),
                some_ms(draw, 1'000, 60'000)};
  });
  some(Fault::kPause, 2, [&] {
    return Item{at(), What::kPause, draw.one_in(2) ? kHub : some_device(draw), some_ms(draw, 500, 50'000)};
  });
  some(Fault::kClocks, 2, [&] {
    return Item{at(), What::kClockJump, draw.one_in(2) ? kHub : some_device(draw),
                some_ms(draw, 0, 240'000) - 120'000};
  });
  is_on(Fault::kSlow, 2);
  // Whoever is lost is on the ladder, and one phone a night is enough.
  if (is_on(Fault::kLost, 4)) {
    plan.items.push_back({at(), What::kLose, static_cast<int>(draw.between(2, 4)), some_ms(draw, 0, 30'000)});
  }
  if (is_on(Fault::kLiar, 6)) {
    const auto lie = static_cast<What>(static_cast<int>(What::kLieEntry) + static_cast<int>(draw.below(6)));
    plan.items.push_back({at(), lie, some_device(draw), 0});
  }
  some(Fault::kReplay, 3, [&] { return Item{at(), What::kReplay, some_device(draw), some_ms(draw, 0, 5)}; });
  if (is_on(Fault::kVersions, 3)) {
    if (draw.one_in(2)) {
      plan.items.push_back({at(), What::kNewer, draw.one_in(2) ? kHub : some_device(draw), 0});
    } else {
      plan.items.push_back({at(), What::kUnsupported, some_device(draw), some_ms(draw, 1'000, 40'000)});
    }
  }
}

// Lis and Ida have it otherwise than the rota.
void draw_duty(Plan& plan, Draw draw) {
  const auto either = [&] { return draw.one_in(2) ? 2 : 4; };
  if (draw.one_in(2)) plan.items.push_back({some_time(draw, kTroubleEnd), What::kTakeOver, either(), 0});
  if (draw.one_in(3)) plan.items.push_back({some_time(draw, kTroubleEnd), What::kTakeOver, either(), 0});
  if (draw.one_in(2)) {
    plan.items.push_back({some_time(draw, std::chrono::seconds(60)), What::kSwap, either(), some_ms(draw, 0, 1)});
  }
  if (draw.one_in(2)) plan.present |= 1U << 2 | 1U << 4;
}

// Half of all questions are red; the others' ladders share the rest.
void draw_severities(Plan& plan, Draw draw) {
  for (Item& item : plan.items) {
    if (item.what != What::kAsk || draw.one_in(2)) continue;
    constexpr std::array kOthers = {wire::Severity::kAlarm, wire::Severity::kYellow, wire::Severity::kGreen};
    item.amount += kSeverityTimes * static_cast<std::int64_t>(kOthers[static_cast<std::size_t>(draw.below(3))]);
  }
}

template <std::size_t N>
int index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

}  // namespace

std::string_view name_of(Fault fault) noexcept { return kFaultNames[static_cast<std::size_t>(fault)]; }
std::string_view name_of(What what) noexcept { return kWhatNames[static_cast<std::size_t>(what)]; }

bool belongs_to(What what, int who, Fault fault) noexcept {
  switch (what) {
    case What::kAsk:
    case What::kSay:
    case What::kInvite:
    case What::kWithdraw:
    case What::kReserve:
    case What::kTake:
    case What::kAdvise:
    case What::kReadBack:
    case What::kJudge:
    case What::kDone:
    case What::kSee:
    case What::kClose:
    case What::kJournal:
    case What::kObserve:
    case What::kDoseAgain:
    case What::kTakeOver:
    case What::kSwap: return false;
    case What::kCrash: return fault == (who == kHub ? Fault::kHubCrash : Fault::kDeviceCrash);
    case What::kDiskFull: return fault == (who == kHub ? Fault::kHubDisk : Fault::kDeviceDisk);
    case What::kCut: return fault == Fault::kCut;
    case What::kPartition: return fault == Fault::kPartition;
    case What::kPause: return fault == Fault::kPause;
    case What::kClockJump: return fault == Fault::kClocks;
    case What::kLose: return fault == Fault::kLost;
    case What::kLieEntry:
    case What::kLieTake:
    case What::kLieFork:
    case What::kLieDrop:
    case What::kLieSwap:
    case What::kLieAdd: return fault == Fault::kLiar;
    case What::kReplay: return fault == Fault::kReplay;
    case What::kNewer:
    case What::kUnsupported: return fault == Fault::kVersions;
  }
  return false;
}

Plan draw_plan(std::uint64_t seed) {
  Draw draw(seed, Stream::kPlan, 0);
  Plan plan;
  plan.seed = seed;
  plan.night = static_cast<int>(draw.below(kNights));
  if (Draw(seed, Stream::kPlan, 1).one_in(4)) plan.night += kDuty;
  const bool large = Draw(seed, Stream::kPlan, 2).one_in(kLargeOneIn);
  // The asking phone is there; a lonely night has hardly anybody else.
  const bool lonely = draw.one_in(4);
  plan.present = 1;
  for (int device = 1; device < kDevices; ++device) {
    const bool there = large ? (lonely ? draw.one_in(3) : !draw.one_in(3)) : draw.one_in(4);
    if (there) plan.present |= 1U << device;
  }
  draw_people(plan, draw, large);
  draw_faults(plan, draw, large);
  if (plan.night >= kDuty) draw_duty(plan, Draw(seed, Stream::kPlan, 3));
  draw_severities(plan, Draw(seed, Stream::kPlan, 4));
  std::stable_sort(plan.items.begin(), plan.items.end(),
                   [](const Item& a, const Item& b) { return a.at < b.at; });
  return plan;
}

std::string to_text(const Plan& plan) {
  std::ostringstream out;
  out << "seed " << plan.seed << "\nnight " << plan.night << "\npresent " << plan.present << "\nhabits";
  for (const Habit habit : plan.habits) out << ' ' << static_cast<int>(habit);
  out << "\nfaults";
  for (int i = 0; i < kFaults; ++i) {
    if (plan.has(static_cast<Fault>(i))) out << ' ' << name_of(static_cast<Fault>(i));
  }
  out << '\n';
  for (const Item& item : plan.items) {
    out << "at " << item.at.count() << ' ' << name_of(item.what) << ' ' << item.who << ' ' << item.amount
        << '\n';
  }
  return out.str();
}

Result<Plan> plan_from_text(std::string_view text) {
  Plan plan;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream in(line);
    std::string word;
    if (!(in >> word) || word[0] == '#') continue;
    bool good = true;
    if (word == "seed") {
      good = static_cast<bool>(in >> plan.seed);
    } else if (word == "night") {
      good = in >> plan.night && plan.night >= 0 && plan.night < kBases;
    } else if (word == "present") {
      good = static_cast<bool>(in >> plan.present);
    } else if (word == "habits") {
      for (Habit& habit : plan.habits) {
        int value = -1;
        good = good && in >> value && value >= 0 && value <= static_cast<int>(Habit::kScript);
        habit = static_cast<Habit>(good ? value : 0);
      }
    } else if (word == "faults") {
      for (std::string name; in >> name;) {
        const int fault = index_of(kFaultNames, name);
        good = good && fault >= 0;
        if (good) plan.faults |= 1U << fault;
      }
    } else if (word == "at") {
      std::int64_t at = 0;
      std::string name;
      Item item;
      good = static_cast<bool>(in >> at >> name >> item.who >> item.amount);
      const int what = index_of(kWhatNames, name);
      good = good && what >= 0 && item.who >= kHub && item.who < kDevices && at >= 0;
      const bool asks = what == static_cast<int>(What::kAsk);
      good = good && (!asks || (item.amount >= 0 && item.amount < 5 * kSeverityTimes));
      item.at = Millis(at);
      item.what = static_cast<What>(std::max(what, 0));
      plan.items.push_back(item);
    } else {
      good = false;
    }
    if (!good) return fail(Errc::kMalformed, "plan");
  }
  return plan;
}

}  // namespace nattevagt::simulation
