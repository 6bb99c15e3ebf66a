// A device's home on this machine: opening it, and running one command in it without a `serve`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "client-lib/client.h"
#include "client-lib/io/zmq_connection.h"
#include "proto/common/clock.h"
#include "proto/common/entropy.h"

namespace nattevagt::client::cli {

struct World {  // what a program gives to all it runs
  Clock& clock;
  Entropy& entropy;
  Screen screen;
};

struct OpenDevice {
  std::unique_ptr<Client> client;
  ZmqConnection* connection = nullptr;  // the client's own; lives as long
};
// Asks for the PIN. The refusal is in `why_not`.
struct DeviceOpening {
  std::optional<OpenDevice> device;
  AgentReply why_not;
};
bool is_device_home(const std::string& home);
DeviceOpening open_device(const Arguments& arguments, const std::string& home, const World& world);

AgentReply enrol_device(const Arguments& arguments, const std::string& home, const World& world);
// Opens the home, fetches what is new, does it, waits until it is stored, sends the rest.
AgentReply run_alone(const Arguments& arguments, const std::string& home, const World& world,
                     const std::function<void(std::string_view)>& progress);

}  // namespace nattevagt::client::cli
