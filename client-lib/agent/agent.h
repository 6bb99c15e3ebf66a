// nattevagt-agent: one device on the staff's own PC. Opens the home, keeps the link to the hub up, and serves
// the screens on 127.0.0.1 (screen_server.h, desk.h).
#pragma once

#include <string>

#include "client-lib/agent/desk.h"
#include "client-lib/agent/screen_server.h"

namespace nattevagt::client::agent {

struct AgentOptions {
  std::string home;
  std::string web;         // the folder with the screens' files
  std::uint16_t port = 0;  // 0: a free one
  Millis lock_after = kLockAfterDefault;
  bool json = false;  // one JSON line an event, for scripts
};

// Until SIGINT or SIGTERM; prints the launch link, and another for each SIGUSR1. The exit code.
int run_agent(const AgentOptions& options);

// All files of a folder and its subfolders, at most so many and so large; kNotFound when there is no
// index.html.
Result<StaticFiles> read_web(const std::string& folder);

}  // namespace nattevagt::client::agent
