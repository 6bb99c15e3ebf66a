// What the signed words of an incident add up to: who asked, which advice must be read back, what was found
// correct. A fold over verified contents in the stream's order; made again from the rows at start.
//
// Invariants:
//  1. Only the asking unit's devices read back, only the advice's author finds a read-back correct (P-073).
//  2. Only who has said "Jeg tager den" advises; what is not its author's to say (breach()) adds up to
//     nothing. Whoever was called in after the question cannot tell, and believes.
//  3. An advice with medicine counts as one that requires read-back, whatever its flag says.
//  4. Rounds (P-118) are the newest advice's that sets any; a unit's observation is one, and an end ends them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "client-lib/core/directory.h"
#include "proto/wire/content.h"

namespace nattevagt::client {

struct IncidentFacts {
  struct Asked {
    AlertId alert;
    wire::Severity severity{};
    bool drill = false;
    DeviceId device;
    Who who;  // the unit in it is the asking unit
    wire::Citizen citizen;
    wire::Situation situation{};
    UtcTime at;
    MessageId message;
  };
  struct Advice {
    PersonId author;
    bool read_back_required = false;
    std::map<MessageId, std::optional<bool>> read_backs;  // with the author's verdict
    bool answered = false;                                // done or not done
    bool found_correct() const;
  };

  struct Rounds {
    wire::Rounds set;
    UtcTime last;  // somebody looked in, or the advice
  };

  enum class Breach : std::uint8_t { kAdvice = 1, kReadBack = 2, kVerdict = 3, kEnd = 4 };

  std::optional<Asked> asked;
  std::set<PersonId> takers;  // by their word; whether they may is the roster's (P-075)
  std::map<MessageId, Advice> advices;
  std::map<MessageId, MessageId> advice_of;  // read-back -> advice
  std::optional<Rounds> rounds;
  std::set<std::pair<MessageId, wire::SeenStage>> own_receipts;

  void fold(const MessageId& id, const wire::Content& content, const Who& author, bool own);
  // What in these words is not `author`'s to say: a hostile member can sign anything. Asked before fold().
  std::optional<Breach> breach(const wire::Content& content, const Who& author) const;
  bool asking_unit(const Who& who) const;
  bool read_back_open() const;  // P-073: an advice waits for a correct read-back
  std::optional<UtcTime> round_due() const;  // P-118: the next; none: no rounds, or they are over
};

}  // namespace nattevagt::client
