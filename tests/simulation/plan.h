// A night as data: who is there, what people do, what breaks and when. Drawn from a seed, kept as text, run
// by Simulation (simulation.h), made smaller by shrink(). A value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/common/clock.h"
#include "proto/common/result.h"
#include "proto/wire/identity.h"

namespace nattevagt::simulation {

inline constexpr int kDevices = 7;  // base.h: two unit phones, three on the ladder, a recorder, a neighbour
inline constexpr int kNeighbour = 6;

// What may break. A large night has each class with p = 1/2, a small one a few; shrinking takes whole classes
// away first.
enum class Fault : std::uint8_t {
  kHubCrash,     // at a time, or at the n-th effect after it; a part of what was not synced is kept
  kDeviceCrash,  // at a time, or at the n-th commit, frame or event after it
  kHubDisk,      // the hub's syncs fail, or its disk is full, for a while
  kDeviceDisk,   // a device's commits fail for a while
  kCut,          // a connection dies; each side notices in its own time
  kPartition,    // one device, or all of them, cannot reach the hub for a while
  kSlow,         // long and uneven delays
  kClocks,       // drift, and wall clocks that are wrong or jump
  kPause,        // a process stands still, and goes on
  kLost,         // a phone is lost, and revoked
  kLiar,         // the hub changes, drops, swaps or forges entries, invents a take, slips a device in
  kReplay,       // what was sent comes again, later
  kVersions,     // hub or device is a newer build, or speaks a protocol that the other does not serve
};
inline constexpr int kFaults = 13;
std::string_view name_of(Fault fault) noexcept;

enum class What : std::uint8_t {
  // People; `who` is a device
  kAsk,
  kSay,
  kInvite,
  kWithdraw,
  kReserve,
  // Faults; `who` is a device, or kHub
  kCrash,
  kDiskFull,
  kCut,
  kPartition,
  kPause,
  kClockJump,
  kLose,
  kLieEntry,  // one bit of the next entry
  kLieTake,   // an alert's item says taken, with a chain that fits
  kLieFork,   // another time in the next entry, with a chain that fits from there on
  kLieDrop,
  kLieSwap,
  kLieAdd,  // a stranger's key package in place of somebody's
  kReplay,
  kNewer,        // unknown fields in all that is sent, and unknown pushes
  kUnsupported,  // a device that speaks protocol 2, until it is put right
  // People by a script, in the stories; `amount` says which of what, or how
  kTake,
  kAdvise,
  kReadBack,
  kJudge,
  kDone,
  kSee,
  kClose,
  kJournal,    // "Ført i journal"
  kObserve,    // a round is made
  kDoseAgain,  // a medicine given 50 minutes before the clocks change may be given again four hours after it
  // Of duty nights: people change who is on duty
  kTakeOver,  // the duty that runs, now
  kSwap,      // hers for another's; who is asked says yes or not by habit; `amount` 1: nobody is named
};
inline constexpr int kWhats = 33;
inline constexpr int kHub = -1;
std::string_view name_of(What what) noexcept;
// The class that an item belongs to; none: people.
bool belongs_to(What what, int who, Fault fault) noexcept;

struct Item {
  Millis at{};
  What what{};
  int who = 0;
  std::int64_t amount = 0;  // effects until a crash, milliseconds, which alert, or of what severity; by `what`
  friend bool operator==(const Item&, const Item&) = default;
};

// How a person on the ladder answers; unit phones and recorders have kAnswers. kScript: only as the plan says.
enum class Habit : std::uint8_t { kAnswers, kIgnores, kDeclines, kTakesOnly, kScript };

struct Plan {
  std::uint64_t seed = 0;
  int night = 0;              // base.h
  std::uint32_t present = 0;  // bit per device: switched on
  std::uint32_t faults = 0;   // bit per Fault
  Habit habits[kDevices] = {};
  std::vector<Item> items;  // by time
  bool has(Fault fault) const noexcept { return (faults >> static_cast<int>(fault) & 1U) != 0; }
  bool is_present(int device) const noexcept { return (present >> device & 1U) != 0; }
  friend bool operator==(const Plan&, const Plan&) = default;
};

// An ask's amount: about whom (0 to 2), and ten times its severity; none is red.
inline constexpr std::int64_t kSeverityTimes = 10;
inline wire::Severity severity_of(std::int64_t amount) noexcept {
  const std::int64_t severity = amount / kSeverityTimes;
  return severity == 0 ? wire::Severity::kRed : static_cast<wire::Severity>(severity);
}

inline constexpr Millis kTroubleEnd = std::chrono::seconds(150);  // of drawn nights; heal here

Plan draw_plan(std::uint64_t seed);
std::string to_text(const Plan& plan);
Result<Plan> plan_from_text(std::string_view text);  // kMalformed

}  // namespace nattevagt::simulation
