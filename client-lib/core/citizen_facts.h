// What the signed words about a citizen and about what is to be done add up to: plan cards, their signatures,
// tasks (PROTOCOL.md section 16). A fold over verified messages in the stream's order; made again from the rows
// at start. The words themselves stay in the store.
//
// Invariants:
//  1. Only what is its author's to say, in its place, is folded in; the rest is a breach().
//  2. Order does not matter among cards written at once: whatever none replaces, stands (P-161).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client-lib/core/values.h"
#include "proto/wire/content.h"

namespace nattevagt::client {

struct CitizenFacts {
  using Signer = std::pair<PersonId, std::string>;  // on a unit's device: its id, and who held it
  struct Card {
    wire::Citizen citizen;
    std::uint32_t version = 0;
    std::vector<MessageId> replaces;
    wire::LocalDay agreed_on{}, valid_until{};
    Digest hash{};
    std::set<Signer> signers;           // the writer among them
    std::vector<MessageId> signatures;  // the others' words, in order
  };
  struct Task {
    std::optional<UtcTime> due;
    bool open = true;
  };

  enum class Breach : std::uint8_t { kOpening = 1, kPlan = 2, kSignature = 3 };

  std::optional<wire::Citizen> opened;
  std::optional<MessageId> opening;
  std::map<MessageId, Card> cards;
  std::map<MessageId, Card> shown;           // P-169: copies in an alert's conversation
  std::optional<wire::Citizen> asked_about;  // of an alert's; both empty: nobody
  std::map<MessageId, Task> tasks;
  std::map<MessageId, MessageId> taken;  // task or advice -> who took it last

  // `of_alert`: the conversation is an alert's.
  void fold(const Message& message, bool of_alert);
  // What in these words does not count (P-160 to P-162). Asked before fold().
  std::optional<Breach> breach(const Message& message, bool of_alert) const;
  bool about_another(const wire::Citizen& citizen) const;  // than the alert's question, for certain

  std::optional<wire::Citizen> citizen() const;  // by the opening; whoever came later: by the card that stands
  std::vector<MessageId> standing() const;       // highest version first, then by id
  std::vector<MessageId> previous() const;       // what those replaced, as far as it is known here
  std::vector<MessageId> kept() const;           // P-164: what age does not take
};

// P-164: from the midnight after its last day on.
bool plan_expired(wire::LocalDay valid_until, UtcTime now);
// P-167: yesterday 16.00, Danish time.
UtcTime handover_since(UtcTime now);

}  // namespace nattevagt::client
