// `nattevagt serve` and `watch`: keeps the home open and the link up, shows what comes, and does what the
// other commands ask for over HOME/agent.sock.
#pragma once

#include <string>

#include "client-lib/app/device.h"

namespace nattevagt::client::cli {

// Until SIGINT or SIGTERM, or until the device is revoked. The exit code.
int serve(const Arguments& arguments, const std::string& home, const World& world);

}  // namespace nattevagt::client::cli
