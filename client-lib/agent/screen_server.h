// The loopback side of nattevagt-agent: the app's own files over HTTP, and its messages over a WebSocket
// (mobile-bridge/PROTOCOL.md section 2). Knows nothing of what the messages say.
//
// Whom it lets in:
//  1. It listens on 127.0.0.1 alone.
//  2. A request whose Host is not 127.0.0.1:PORT is refused: a name that somebody else points here is no way
//  in.
//  3. A WebSocket whose Origin is not http://127.0.0.1:PORT is refused: another page in the same browser is a
//     stranger. Who it is that asks is then for the launch token to say (launch.h).
//  4. A peer's next message is read when its last one has been taken: nobody fills our memory.
//  5. Files come from memory, by whole name; there is no path to climb. Every answer has the same strict CSP.
//
// Threads: one of its own does all I/O; the public calls are for one other thread. Ownership: a resource.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/common/clock.h"
#include "proto/common/result.h"

namespace nattevagt::client::agent {

inline constexpr std::size_t kPeersMax = 8;         // open WebSockets
inline constexpr std::size_t kConnectionsMax = 32;  // all, files included
inline constexpr std::size_t kAppMessageBytesMax =
    256 * 1024;  // from the app; a content is 64 KiB before JSON
inline constexpr std::size_t kUnsentBytesMax = 16 * 1024 * 1024;  // to an app that does not read
inline constexpr std::size_t kHeaderBytesMax = 8 * 1024;
inline constexpr Millis kHttpPatience = std::chrono::seconds(10);
inline constexpr std::string_view kSubprotocol = "nattevagt.1";
inline constexpr std::string_view kSocketPath = "/app";

struct StaticFile {
  std::string type;  // "text/html; charset=utf-8"
  std::string body;
};
using StaticFiles = std::map<std::string, StaticFile>;  // by path: "/index.html"; "/" is that one too

class ScreenServer {
 public:
  // `port` 0: a free one. kUnavailable: the port is taken.
  static Result<std::unique_ptr<ScreenServer>> listen(std::uint16_t port, StaticFiles files);
  virtual ~ScreenServer() = default;

  virtual std::uint16_t port() const = 0;
  virtual int descriptor() const = 0;  // can be read when take() has something

  using PeerId = std::uint64_t;
  struct Incoming {
    PeerId peer = 0;
    bool closed = false;
    std::string text;  // one whole message; empty when closed
  };
  virtual std::vector<Incoming> take() = 0;
  // To a peer that is gone: nothing happens. One that has stopped reading is closed.
  virtual void send(PeerId peer, std::string text) = 0;
  virtual void close(PeerId peer) = 0;
};

}  // namespace nattevagt::client::agent
