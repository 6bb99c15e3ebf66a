// One device as a process: the real ClientCore with real MLS, over a disk of rows, and what client.cpp does
// around it: commit, then send, then show; a commit that fails throws the core away and begins again from the
// disk. (client.cpp itself composes the core with SQLCipher; its store is tested on its own.)
//
// Ownership: a resource; base, host and oracles outlive it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "client-lib/core/client_core.h"
#include "tests/simulation/base.h"
#include "tests/simulation/mutants.h"
#include "tests/simulation/oracles.h"
#include "tests/simulation/virtual_clock.h"

namespace nattevagt::simulation {

class DeviceNode {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual void transmit(int device, Bytes frame) = 0;
    virtual void connect(int device) = 0;
    virtual void disconnect(int device) = 0;
    virtual void wake_device(int device, Millis at) = 0;
    virtual bool device_crashes_here(int device) = 0;
    virtual void device_crashed(int device) = 0;
    virtual void shown(int device, const client::Event& event) = 0;  // people read it
  };
  DeviceNode(int number, const Base& base, Host& host, Oracles& oracles, Mutant mutant, std::uint64_t seed);

  void boot(Millis t, Millis wall_offset, std::int64_t ppm);
  void crash();
  bool up() const { return core_ != nullptr; }
  void fill_disk(bool full) { disk_full_ = full; }
  bool wants_link() const { return linked_; }

  void link_up(Millis t);
  void link_down(Errc reason, Millis t);
  void frame(ByteView bytes, Millis t);
  void tick(Millis t);
  // A person does something; false: the device is off, or it was refused.
  bool use(Millis t, const std::function<bool(client::ClientCore&, UtcTime)>& what);

  const client::ClientCore& core() const { return *core_; }
  const Disk& disk() const { return disk_; }

 private:
  bool settle(Millis t);  // false: what was wanted could not be committed, or it crashed
  bool rebuild(Millis t);
  bool commit(const client::Outcome& outcome);
  void show(const client::Outcome& outcome, Millis t);
  void show_otherwise(std::vector<client::Event> events, Millis t);
  void follow_link(Millis t);
  Bytes as_sent(Bytes frame) const;

  int number_;
  const Base& base_;
  Host& host_;
  Oracles& oracles_;
  Mutant mutant_;
  std::uint64_t seed_;
  std::uint64_t boots_ = 0;
  Disk disk_;
  std::deque<Disk> older_;  // kForgetLastCommits
  std::unique_ptr<SeededEntropy> entropy_;
  std::unique_ptr<client::ClientCore> core_;
  VirtualClock clock_;
  bool disk_full_ = false, linked_ = false;
  Millis link_after_{};
  std::optional<client::Event> held_back_;  // kShowBackwards
};

}  // namespace nattevagt::simulation
