// The naive twin of the hub's core: the protocol's rules over plain maps, without journal, sessions or
// credit. A value: a crash rolls it back by assigning an older copy. What it says must be what the core says.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proto/wire/hub.h"

namespace nattevagt::broker::testing {

inline constexpr Millis kGrace = std::chrono::seconds(30);
inline constexpr Millis kSlack = Millis(100);

struct TwinDevice {
  DeviceId id;
  PersonId person;
  bool of_unit = false;
  bool revoked = false;
  // Lost in a crash:
  bool connected = false;
  UtcTime seen;
};

struct TwinEntry {
  MessageId id;
  wire::EntryKind kind{};
  Bytes bytes;
  std::uint8_t act = 0;
};
struct TwinMember {
  std::uint64_t from = 0;   // gets entries after this one
  std::uint64_t until = 0;  // 0: a member still
};
struct TwinStream {
  std::uint64_t epoch = 0, joined_epoch = 0;
  std::vector<TwinEntry> entries;
  std::map<int, TwinMember> members;
  bool is_member(int device) const {
    const auto it = members.find(device);
    return it != members.end() && it->second.until == 0;
  }
  std::uint64_t head() const { return entries.size(); }
};

struct TwinStep {
  Millis wait{}, repeat{};
  std::vector<wire::Target> targets;
};
struct TwinAlert {
  ConversationId stream;
  MessageId request;
  Bytes bytes;
  std::vector<TwinStep> steps;
  Millis advice_within{};
  wire::AlertState state = wire::AlertState::kEscalating;
  std::size_t step = 0;
  UtcTime due, repeat_at = kNever;
  std::set<int> step_devices;
  std::set<PersonId> declined;
  std::set<int> named;
  int raised_by = 0;
  std::optional<int> taken_by;
  bool late = false, was_exhausted = false, reserve = false, technical = false;
};

class Twin {
 public:
  UtcTime now;
  std::vector<TwinDevice> devices;
  std::map<RoleId, std::vector<PersonId>> roles;
  std::map<ConversationId, TwinStream> streams;
  std::map<AlertId, TwinAlert> alerts;

  void restart();   // what a crash does to what is not durable
  void move_all();  // at the beginning of each event
  // Each returns the refusal, or nothing and has changed the twin.
  std::optional<Errc> append(int sender, const wire::Append& wanted);
  std::optional<Errc> raise(int sender, const wire::Raise& wanted, const std::vector<TwinStep>& steps,
                            Millis advice_within);
  std::optional<Errc> act(int sender, const wire::Act& wanted);
  void revoke(int device);
  int number(const DeviceId& id) const;
  std::set<int> resolve(const std::vector<wire::Target>& targets) const;

 private:
  UtcTime away_at(int device) const;
  bool answerable(const TwinAlert& alert) const;
  void move(TwinAlert& alert);
  void enter(TwinAlert& alert, std::size_t step, UtcTime at);
  void exhaust(TwinAlert& alert, UtcTime at);
  std::optional<Errc> epoch_refusal(const TwinStream& stream, wire::EntryKind kind,
                                    std::uint64_t epoch) const;
  std::optional<Errc> act_refusal(const TwinAlert& alert, int sender, wire::ActKind kind) const;
  void perform(TwinAlert& alert, int sender, wire::ActKind kind);
  bool is_named(const TwinAlert& alert, int device) const;
};

}  // namespace nattevagt::broker::testing
