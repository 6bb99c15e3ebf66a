// The cast of DOMAIN 6 around a MemoryHub: Solvang Kommune with two units and a recorder, Region Havbakken
// with a first and a second on call. Clients are real, with stores on disk.
#pragma once

#include <string>
#include <vector>

#include "client-lib/client.h"
#include "tests/support/memory_hub.h"
#include "tests/support/process.h"

namespace nattevagt::testing {

class MemoryOrganisation {
 public:
  MemoryOrganisation(std::string name, Entropy& entropy);
  wire::TrustedOrganisation trusted() const;
  Bytes label(std::string name, std::string profession, ByteView bound_to) const;
  wire::SignedDocument sign(wire::DocumentKind kind, std::uint64_t version, Bytes body) const;

  wire::OrganisationCard card;
  SignKey key;
  CurveSecretKey curve;
  SealKey directory_key;
  std::string name;
  wire::Roster roster;
  std::uint64_t roster_version = 0, revocations_version = 0;
  wire::Revocations revocations;

 private:
  Entropy& entropy_;
};

// One client with its home; opened, closed and opened again.
class Device {
 public:
  client::Client& operator*() { return *client; }
  client::Client* operator->() { return client.get(); }

  std::string home;
  DeviceId id;
  std::unique_ptr<client::Client> client;
  std::vector<client::Event> events;  // all that run() has given

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> out;
    for (const client::Event& event : events) {
      if (const auto* found = std::get_if<Kind>(&event)) out.push_back(*found);
    }
    return out;
  }
};

// How often the device's user saw this text.
std::size_t shown(const Device& device, std::string_view text);

// Whether `member` is in the conversation, as this device's user sees it.
bool has_member(Device& device, const ConversationId& id, const DeviceId& member);

class MemoryWorld {
 public:
  explicit MemoryWorld(std::uint64_t seed = 1, UtcTime start = from_unix_ms(1'795'570'800'000));
  ~MemoryWorld();

  struct Holder {
    MemoryOrganisation* organisation = nullptr;
    std::string name, profession;
    PersonId person;
    std::optional<UnitId> unit;
    wire::HolderKind kind = wire::HolderKind::kPerson;
  };
  Device& enrol(const Holder& holder);
  wire::GrantLink grant(const Holder& holder);
  void reopen(Device& device, std::function<bool(std::size_t)> commit_hook = {});
  void close(Device& device);
  // A copy of its home as a backup has it; restore() puts it back in the place of what is there.
  std::string back_up(Device& device);
  void restore(Device& device, const std::string& backup);
  // Past the checks of the library's own commands, as a changed program would: written into its outbox.
  MessageId smuggle(Device& device, const ConversationId& conversation, wire::Body body);
  void publish(MemoryOrganisation& organisation);  // its roster, as the next version
  void revoke(MemoryOrganisation& organisation, DeviceId device);

  // Everybody runs until nobody has anything to do, at most `time` of the clock.
  void settle(Millis time = std::chrono::seconds(2));
  // The clock moves by `time`, everybody runs meanwhile.
  void pass(Millis time);

  client::Question question(wire::Severity severity = wire::Severity::kRed) const;
  client::Client::Asked ask(Device& device);
  std::vector<client::Suspicion> suspicions();  // of all devices

  ManualClock clock;
  SeededEntropy entropy;
  MemoryOrganisation solvang, havbakken;
  Holder amalie, unit_b_second, jonas, ida, rune, archive;
  RoleId first_role, second_role;
  LadderId ladder;
  std::unique_ptr<MemoryHub> hub;
  TempDir folder;
  std::vector<std::unique_ptr<Device>> devices;

 private:
  void make_cast();
};

}  // namespace nattevagt::testing
