// A real hub process with one organisation, a roster and enrolled raw devices: the world of the system tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/raw_device.h"

namespace nattevagt::testing {

// nattevagt-broker with its own data folder, config and ports.
class TestHub {
 public:
  explicit TestHub(const std::vector<wire::OrganisationCard>& organisations);

  void start();      // and waits until it is ready
  bool try_start();  // false when it exits instead
  void kill_nine() { process_->kill_nine(); }
  Finished stop();  // SIGTERM, and waits
  bool running() { return process_ && process_->running(); }
  pid_t pid() const { return process_->pid(); }
  Finished command(std::vector<std::string> arguments);  // nattevagt-broker ARGUMENTS --config ...
  // "enospc", "erofs", "eio-sync", or "" for a good disk (faulty_disk.c); from the next start on.
  void set_fault(const std::string& word);
  void use_faulty_disk() { faulty_disk_ = true; }
  // The wall clock of the next starts is so far ahead (shifted_clock.c). Not together with a faulty disk.
  void shift_clock(std::chrono::seconds by);

  const wire::HubPin& pin() const { return pin_; }
  const std::string& data_dir() const { return data_; }
  const std::string& config_file() const { return config_; }
  std::string log() const { return read_file(log_); }
  std::string metrics() const { return metrics_at(metrics_port_); }
  std::optional<std::uint64_t> metric(const std::string& name) const { return metric_at(metrics_port_, name); }
  void write_config(const std::string& more);  // appended to the usual one; used at the next start
  const TempDir& dir() const { return dir_; }
  int port() const { return port_; }

 private:
  TempDir dir_;
  std::string data_, config_, log_;
  int port_ = 0, metrics_port_ = 0;
  wire::HubPin pin_;
  bool faulty_disk_ = false, shifted_clock_ = false;
  std::unique_ptr<Process> process_;
};

class HubWorld {
 public:
  HubWorld();

  struct DeviceOptions {
    std::optional<PersonId> person = {};
    std::optional<UnitId> unit = {};
    wire::HolderKind kind = wire::HolderKind::kPerson;
  };
  RawDevice& add_device(const DeviceOptions& options);  // enrolled; hello() is the test's
  // The asking unit with one ladder: two steps of `wait` to the role that the psychiatrist holds.
  void publish_roster(Millis wait = Millis(300));
  wire::Raise make_raise(const std::vector<DeviceId>& members);
  wire::GrantLink announce(const DeviceOptions& options);  // a grant that the hub admits
  const wire::HubPin& hub_pin() const { return hub.pin(); }
  // Publishes a document with the organisation's own connection.
  std::optional<wire::Answer> as_organisation(wire::Request request);

  SystemClock clock;
  SystemEntropy entropy;
  TestOrganisation organisation;
  UnitId unit;
  RoleId role;
  LadderId ladder;
  PersonId psychiatrist;
  TestHub hub;

 private:
  std::uint64_t roster_version_ = 0;
  std::vector<std::unique_ptr<RawDevice>> devices_;
};

}  // namespace nattevagt::testing
