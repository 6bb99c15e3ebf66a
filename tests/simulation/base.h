// What every night begins from: one hub and seven enrolled devices of the cast of DOMAIN 6, made once with
// the real client and hub (tests/support/memory_world.h) and copied by each run. Signatures and key packages
// of enrolment are the same in every night; everything after it is not.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "broker/core/audit.h"
#include "broker/core/hub_core.h"
#include "client-lib/core/client_core.h"
#include "tests/simulation/duty_twin.h"
#include "tests/simulation/ladder_twin.h"
#include "tests/simulation/plan.h"

namespace nattevagt::simulation {

// The deck. The clocks of Denmark change in the first three of each four: on 25 Oct 2026, 31 Oct 2027 and
// 28 Mar 2027. Drawn nights have a ladder of seconds and all their trouble in three minutes about the change;
// the stories (DOMAIN 6a and 6b) have theirs in true time.
inline constexpr int kNights = 4;
inline constexpr int kStoryA = 4, kStoryB = 8;  // the first of four
// Drawn nights in which a rota fills the first role: Lis hands it to Ida a little after the night's beginning.
inline constexpr int kDuty = 12;  // the first of four
inline constexpr int kBases = 16;

// A device's disk. What was there when the night began is shared by all nights; a night has what it changed.
using Row = std::shared_ptr<const Bytes>;  // none: deleted
using Rows = std::map<std::pair<client::Table, Bytes>, Row>;
struct StoredMessage {
  client::Message message;
  std::uint64_t number = 0;  // order of insertion
};
struct Disk {
  const Rows* from = nullptr;  // of the base
  Rows rows;                   // instead of those
  std::map<std::pair<ConversationId, MessageId>, StoredMessage> messages;
  std::uint64_t inserted = 0;

  void commit(const client::Outcome& outcome);
  // A core as this disk has it; nothing when the core refuses.
  Status wake(client::ClientCore& core, UtcTime now) const;
};

struct BaseDevice {
  DeviceId id;
  PersonId person;
  CurvePublicKey key;
  std::optional<UnitId> unit;  // whose phone it is
  bool recorder = false;
  Disk disk;
  Bytes key_package;                // one that it has published
  wire::SignedDocument revocation;  // that names this device alone
};

struct Base {
  UtcTime starts;
  UtcTime change;  // when the clocks change; of a plain night the same minute
  Millis trouble_end{}, people_end{}, night_end{};  // all heals; the last that people do; the end
  broker::HubConfig config;
  Bytes sign_seed;  // the hub's, for receipts
  Bytes snapshot;
  broker::AuditFold audit;     // of all lines up to the snapshot
  wire::AuditPoint audit_end;  // where they end
  std::map<broker::JournalIndex, std::vector<Bytes>> bodies;
  std::vector<BaseDevice> devices;  // kDevices of them
  LadderRules ladder;  // red's; the rota's step of a duty night: with whoever is on duty beside
  std::map<wire::Severity, LadderRules> ladders;
  LadderId red;
  std::optional<DutyRules> duty;  // of a duty night
  bool has_neighbour = true;  // kNeighbour is on no ladder
};

const Base& base_of(int night);  // of [0, kBases)

// What people write; none of it may be seen outside a device.
inline constexpr std::array<std::string_view, 3> kPlanted = {"KANARIE-BORGER", "210300-9996", "KANARIE-ORD"};
inline constexpr std::string_view kErstatningsCpr = "0703921VJ5";  // DOMAIN 6b: Peter has an e-CPR

}  // namespace nattevagt::simulation
