// How the other commands reach a running `nattevagt serve`: HOME/agent.sock, for the same user alone.
//
// Request: "NVA1", one byte of Screen flags, be16 columns, be16 number of words, then each word as be32
// length and bytes. Reply: blocks of one kind byte ('o' stdout, 'e' stderr), be32 length and bytes; the last
// is 'x' with one byte, the exit code. A request that is not of this form, or past a limit, closes the
// connection.
//
// Ownership: resources. Thread: one; nothing here waits but ask_agent().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/result.h"

namespace nattevagt::client::cli {

inline constexpr std::size_t kAgentWordsMax = 64;
inline constexpr std::size_t kAgentRequestBytesMax = 128 * 1024;  // a free text is at most 16 KiB
inline constexpr std::size_t kAgentReplyBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kAgentPeersMax = 16;

// What the terminal of the person who asked can show.
struct Screen {
  bool colour = false;
  std::uint16_t columns = 80;
};

struct AgentRequest {
  std::vector<std::string> words;
  Screen screen;
};
Bytes encode_agent_request(const AgentRequest& request);
// Nothing yet, a request, kMalformed or kTooLarge.
Result<std::optional<AgentRequest>> decode_agent_request(ByteView bytes);

struct AgentReply {
  std::string out, err;
  int exit_code = 0;
};
Bytes encode_agent_reply(const AgentReply& reply);

class AgentServer {
 public:
  // kAlreadyExists: another one answers there; kStorage; kInvalidValue: the path is too long for a socket.
  // A socket that nobody answers on is what a killed process left, and is replaced.
  static Result<AgentServer> listen(const std::string& path);
  ~AgentServer();
  AgentServer(AgentServer&& other) noexcept;
  AgentServer& operator=(AgentServer&&) = delete;

  std::vector<int> descriptors() const;  // to wait on
  using PeerId = std::uint64_t;
  struct Asked {
    PeerId peer = 0;
    AgentRequest request;
  };
  std::vector<Asked> accept_and_read();  // whole requests that have come
  // A peer that is gone is passed over. Blocks of progress first, then finish() once.
  void reply(PeerId peer, const AgentReply& reply);
  bool has(PeerId peer) const { return peers_.contains(peer); }

 private:
  AgentServer(int descriptor, std::string path) : listener_(descriptor), path_(std::move(path)) {}
  struct Peer {
    int descriptor = -1;
    Bytes in;
    bool asked = false;
  };
  void drop(PeerId peer);

  int listener_ = -1;
  std::string path_;
  PeerId last_peer_ = 0;
  std::map<PeerId, Peer> peers_;
};

// kUnavailable: nobody answers there. kTimeout; kMalformed: it broke off.
Result<AgentReply> ask_agent(const std::string& path, const AgentRequest& request, Millis patience);

}  // namespace nattevagt::client::cli
