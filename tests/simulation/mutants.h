// Ways to break the system on purpose, each of which an oracle must notice
// (tests/simulation/simulation_test.cpp). They sit where the cores meet what surrounds them: a journal that
// answers too early, a screen that believes the hub, a device that shows before it stores. kNone is the
// system as it is.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "tests/simulation/oracle_list.h"

namespace nattevagt::simulation {

enum class Mutant {
  kNone,
  kAnswerBeforeSync,
  kLoseDurableRecord,
  kFastHubClock,
  kDeadHubTimer,
  kGiveEntryToStranger,
  kMoveStaleCommit,
  kStoreTwice,
  kShowBeforeCommit,
  kForgetLastCommits,
  kShowBackwards,
  kSendInClear,
  kBelieveTheHub,
  kMuteFirst,
  kMuteLoud,
  kSwallowFrame,
  kHushSuspicion,
  kNeverConnectAgain,
  kNeverAcknowledge,
  kSilentFailure,
  kTakeBackStored,
  kReopenClosed,
  kSwapFrames,
  kKeyPackageTwice,
  kLeaveOneOut,
  kPromiseTooMuch,
  kKeepBackTheEnd,
  kSpin,
  kHastyDoubt,
  kDeafWatch,
  kForgetArmed,
  kSwallowStatus,
  kHideChange,
  kOneSignature,
  kAuditInOtherOrder,
  kAuditApart,
  kForgetAuditLine,
  kCutFrame,
  kOneLadder,
};

struct MutantInfo {
  Mutant mutant;
  std::string_view name;
  std::string_view oracle;  // that must say so
  std::string_view what;
};
inline constexpr std::array<MutantInfo, 38> kMutants = {{
    {Mutant::kAnswerBeforeSync, "answer-before-sync", "recovery",
     "effects leave before their record is on disk"},
    {Mutant::kLoseDurableRecord, "lose-durable-record", "recovery",
     "a crash of the hub takes a synced record"},
    {Mutant::kFastHubClock, "fast-hub-clock", "time", "the hub's line runs a fifth too fast"},
    {Mutant::kDeadHubTimer, "dead-hub-timer", "ladder-late", "after a restart the hub forgets to wake up"},
    {Mutant::kGiveEntryToStranger, "entry-to-stranger", "membership", "an entry also goes to another device"},
    {Mutant::kMoveStaleCommit, "stale-commit", "one-commit-an-epoch", "the hub takes commits of any epoch"},
    {Mutant::kStoreTwice, "store-twice", "idempotent", "what is sent again gets a new id"},
    {Mutant::kShowBeforeCommit, "show-before-commit", "shown-once", "the screen is ahead of the disk"},
    {Mutant::kForgetLastCommits, "forget-commits", "shown-once", "a device's restart takes its last commits"},
    {Mutant::kShowBackwards, "show-backwards", "order", "messages of one batch are shown in reverse"},
    {Mutant::kSendInClear, "send-in-clear", "blindness", "a device sends what was written, unencrypted"},
    {Mutant::kBelieveTheHub, "believe-the-hub", "taken-is-true", "the screen takes the hub's word for taken"},
    {Mutant::kMuteFirst, "mute-first", "ring", "the first notice makes no sound"},
    {Mutant::kMuteLoud, "mute-loud", "loud", "the loud end makes no sound"},
    {Mutant::kSwallowFrame, "swallow-message", "delivered", "a message is stored and never shown"},
    {Mutant::kHushSuspicion, "hush-suspicion", "lie-noticed", "suspicions are not shown"},
    {Mutant::kNeverConnectAgain, "never-connect-again", "drained", "a device whose link went stays away"},
    {Mutant::kNeverAcknowledge, "never-acknowledge", "drained", "a device's Acks do not arrive"},
    {Mutant::kSilentFailure, "silent-failure", "told", "IKKE SENDT is not shown"},
    {Mutant::kTakeBackStored, "take-back-stored", "monotone", "Sendt becomes IKKE SENDT"},
    {Mutant::kReopenClosed, "reopen-closed", "monotone", "an ended alert is shown as open again"},
    {Mutant::kSwapFrames, "swap-frames", "no-false-alarm", "a connection hands frames over in another order"},
    {Mutant::kKeyPackageTwice, "key-package-twice", "key-package-once",
     "the hub hands out a key package again"},
    {Mutant::kLeaveOneOut, "leave-one-out", "ladder-order",
     "a step is written down without one of its targets"},
    {Mutant::kPromiseTooMuch, "promise-too-much", "promise", "the receipt promises the loud end 30 s early"},
    {Mutant::kKeepBackTheEnd, "keep-back-the-end", "agreement",
     "one device is not told that an alert is closed"},
    {Mutant::kSpin, "spin", "bounds", "a device wants to be woken at once, for ever"},
    {Mutant::kHastyDoubt, "hasty-doubt", "duty-truth", "the hub calls a device silent ten seconds too soon"},
    {Mutant::kDeafWatch, "deaf-watch", "duty-late", "the hub notices no silence"},
    {Mutant::kForgetArmed, "forget-armed", "ladder-order", "whom a degraded role arms is not rung"},
    {Mutant::kSwallowStatus, "swallow-status", "duty-told", "what is told of a role's state does not leave"},
    {Mutant::kHideChange, "hide-change", "duty-agreed", "swaps and take-overs are not told to the devices"},
    {Mutant::kOneSignature, "one-signature", "duty-truth", "a swap holds that one of the two has signed"},
    {Mutant::kAuditInOtherOrder, "audit-in-other-order", "audit-chain",
     "an act's line is written before the one that it follows"},
    {Mutant::kAuditApart, "audit-apart", "audit-chain", "a crash takes the last line, and not its record"},
    {Mutant::kForgetAuditLine, "forget-audit-line", "audit",
     "an act has no line; the chain is made without it"},
    {Mutant::kCutFrame, "cut-frame", "frames", "what a device sends arrives without its last byte"},
    {Mutant::kOneLadder, "one-ladder", "ladder-order", "every severity is walked up red's ladder"},
}};

static_assert(std::all_of(kMutants.begin(), kMutants.end(),
                          [](const MutantInfo& info) { return is_oracle(info.oracle); }));

inline std::string_view oracle_of(Mutant mutant) {
  for (const MutantInfo& info : kMutants) {
    if (info.mutant == mutant) return info.oracle;
  }
  return {};
}

inline std::optional<Mutant> mutant_named(std::string_view name) {
  for (const MutantInfo& info : kMutants) {
    if (info.name == name) return info.mutant;
  }
  return std::nullopt;
}

}  // namespace nattevagt::simulation
