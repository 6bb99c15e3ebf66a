// `nattevagt serve` and `watch`: keeps the home open and the link up, shows what comes, and does what the
// other commands ask for over HOME/agent.sock.
#pragma once

#include <string>

#include "client-lib/app/device.h"

namespace nattevagt::client::cli {

// Until SIGINT or SIGTERM. Goes on when the hub says that the device is revoked: that is the hub's word
// alone, and what is stored can still be read for the hand-over. The exit code.
int serve(const Arguments& arguments, const std::string& home, const World& world);

}  // namespace nattevagt::client::cli
