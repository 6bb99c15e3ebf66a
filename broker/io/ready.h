// Tells systemd how the hub is (sd_notify(3)): a datagram to $NOTIFY_SOCKET. By hand, because that is all of
// libsystemd that is needed. Does nothing when nobody asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/common/clock.h"

namespace nattevagt::broker {

class ServiceManager {
 public:
  ServiceManager();  // reads NOTIFY_SOCKET and WATCHDOG_USEC
  explicit ServiceManager(std::string socket_path) : path_(std::move(socket_path)) {}

  void ready() const { tell("READY=1\nSTATUS=serving"); }
  void alive() const { tell("WATCHDOG=1"); }
  void refusing() const { tell("STATUS=refusing new work: the journal cannot be written"); }
  void serving() const { tell("STATUS=serving"); }
  void stopping() const { tell("STOPPING=1\nSTATUS=draining"); }

 private:
  void tell(std::string_view state) const;
  std::string path_;
};

}  // namespace nattevagt::broker
