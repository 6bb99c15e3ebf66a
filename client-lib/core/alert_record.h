// What this device knows of one alert: the hub's word, the hub's signed promise, and, apart from both, what a
// person has signed (P-053). "Overtaget af" comes from the last alone.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "client-lib/core/directory.h"
#include "client-lib/core/values.h"
#include "proto/common/secret.h"

namespace nattevagt::client {

struct SignedTake {
  MessageId message;
  Person person;
  UtcTime at;  // when the hub stored it

  Who who() const { return who_of(person); }
};

// What the asking device owes its worker (P-110): by `due` she is told to ring, unless signed words came.
struct Obligation {
  UtcTime due = kNever;  // kNever: nothing is owed
  RingReason reason = RingReason::kNotSent;
  std::uint32_t rung = 0;  // how often she was told of this reason
  bool settled = false;    // the reserve plan was used, withdrawn or closed: never again
};

struct AlertRecord {
  wire::AlertView view;
  std::vector<wire::NoticeKind> notices;
  std::set<std::tuple<std::uint32_t, std::uint32_t, wire::NoticeKind>> noticed;  // step, repeat, kind
  std::optional<SignedTake> take;       // verified against the rosters
  std::optional<SignedTake> candidate;  // signed, but no roster of ours lets that person take it (yet)
  std::optional<PersonId> handing_to;   // the taker's signed word (P-116)
  bool hub_saw_take = false;            // the hub's state has followed `take`
  UtcTime climbed_at{};                 // when the hub last stored that it climbs: takes from before that are over
  UtcTime claim_due = kNever;           // when the hub's unproven word becomes a warning
  std::vector<std::string> warnings;
  Obligation obligation;

  bool unanswered() const noexcept {
    return view.state == wire::AlertState::kEscalating || view.state == wire::AlertState::kTaken ||
           view.state == wire::AlertState::kExhausted;
  }
};

SecretBytes pack_alert(const AlertRecord& record);
Result<AlertRecord> unpack_alert(ByteView bytes);

}  // namespace nattevagt::client
