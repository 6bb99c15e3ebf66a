#include "client-lib/app/agent_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proto/common/check.h"
#include "proto/common/secret.h"

namespace nattevagt::client::cli {
namespace {

constexpr std::string_view kMagic = "NVA1";
constexpr std::size_t kHeadBytes = 4 + 1 + 2 + 2;

void put(Bytes& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
std::uint32_t get(ByteView in, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value = (value << 8) | in[at + static_cast<std::size_t>(i)];
  return value;
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Errc::kInvalidValue, "agent socket: path");
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

int connect_to(const sockaddr_un& address) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

// The folder is 0700 and the socket 0600; this is the third door, for a folder that somebody has opened.
bool same_user(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

bool send_all(int descriptor, ByteView bytes) {
  // A person's own command that does not read its reply for this long is gone.
  constexpr int kStalledMs = 2000;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    pollfd item{descriptor, POLLOUT, 0};
    if (::poll(&item, 1, kStalledMs) <= 0) return false;
  }
  return true;
}

}  // namespace

Bytes encode_agent_request(const AgentRequest& request) {
  NV_CHECK(request.words.size() <= 0xFFFF);
  Bytes out = to_bytes(as_bytes(kMagic));
  out.push_back(request.screen.colour ? 1 : 0);
  put(out, request.screen.columns, 2);
  put(out, request.words.size(), 2);
  for (const std::string& word : request.words) {
    put(out, word.size(), 4);
    append(out, as_bytes(word));
  }
  return out;
}

Result<std::optional<AgentRequest>> decode_agent_request(ByteView bytes) {
  const std::size_t seen = std::min(bytes.size(), kMagic.size());
  if (as_text(bytes.first(seen)) != kMagic.substr(0, seen)) return fail(Errc::kMalformed, "agent request");
  if (bytes.size() < kHeadBytes) return std::optional<AgentRequest>();
  AgentRequest request;
  if (bytes[4] > 1) return fail(Errc::kMalformed, "agent request: flags");
  request.screen.colour = bytes[4] == 1;
  request.screen.columns = static_cast<std::uint16_t>(get(bytes, 5, 2));
  const std::size_t count = get(bytes, 7, 2);
  if (count == 0) return fail(Errc::kMalformed, "agent request: no words");
  if (count > kAgentWordsMax) return fail(Errc::kTooLarge, "agent request: words");
  std::size_t at = kHeadBytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes.size() < at + 4) return std::optional<AgentRequest>();
    const std::size_t size = get(bytes, at, 4);
    at += 4;
    if (size > kAgentRequestBytesMax || at + size > kAgentRequestBytesMax) {
      return fail(Errc::kTooLarge, "agent request: bytes");
    }
    if (bytes.size() < at + size) return std::optional<AgentRequest>();
    request.words.emplace_back(as_text(bytes.subspan(at, size)));
    at += size;
  }
  if (at != bytes.size()) return fail(Errc::kMalformed, "agent request: more than one");
  return std::optional(std::move(request));
}

Bytes encode_agent_reply(const AgentReply& reply) {
  Bytes out;
  const auto block = [&out](char kind, std::string_view text) {
    if (text.empty()) return;
    out.push_back(static_cast<std::uint8_t>(kind));
    put(out, text.size(), 4);
    append(out, as_bytes(text));
  };
  block('o', reply.out);
  block('e', reply.err);
  out.push_back('x');
  out.push_back(static_cast<std::uint8_t>(reply.exit_code));
  return out;
}

// ---- Server

Result<AgentServer> AgentServer::listen(const std::string& path) {
  NV_TRY(const sockaddr_un address, address_of(path));
  if (const int other = connect_to(address); other >= 0) {
    ::close(other);
    return fail(Errc::kAlreadyExists, "AgentServer::listen");
  }
  ::unlink(path.c_str());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return fail(Errc::kStorage, "AgentServer: socket");
  AgentServer server(descriptor, path);
  const mode_t before = ::umask(0177);  // the socket is 0600 from its first moment
  const int bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0 || ::listen(descriptor, static_cast<int>(kAgentPeersMax)) != 0) {
    return fail(Errc::kStorage, "AgentServer: bind");
  }
  return server;
}

AgentServer::AgentServer(AgentServer&& other) noexcept
    : listener_(std::exchange(other.listener_, -1)),
      path_(std::move(other.path_)),
      last_peer_(other.last_peer_),
      peers_(std::exchange(other.peers_, {})) {}

AgentServer::~AgentServer() {
  for (const auto& [id, peer] : peers_) ::close(peer.descriptor);
  if (listener_ < 0) return;
  ::close(listener_);
  ::unlink(path_.c_str());
}

std::vector<int> AgentServer::descriptors() const {
  std::vector<int> out{listener_};
  for (const auto& [id, peer] : peers_) {
    // One that has asked has nothing more to say; its hanging up is found when it is answered.
    if (!peer.asked) out.push_back(peer.descriptor);
  }
  return out;
}

void AgentServer::drop(PeerId id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  ::close(found->second.descriptor);
  peers_.erase(found);
}

std::vector<AgentServer::Asked> AgentServer::accept_and_read() {
  while (peers_.size() < kAgentPeersMax) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) break;
    if (!same_user(descriptor)) {
      ::close(descriptor);
      continue;
    }
    peers_[++last_peer_].descriptor = descriptor;
  }
  std::vector<Asked> out;
  std::vector<PeerId> gone;
  for (auto& [id, peer] : peers_) {
    while (!peer.asked) {
      std::array<std::uint8_t, 8192> buffer{};
      const ssize_t got = ::recv(peer.descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) break;
      if (got <= 0) {
        gone.push_back(id);
        break;
      }
      append(peer.in, ByteView(buffer).first(static_cast<std::size_t>(got)));
      auto request = decode_agent_request(peer.in);
      if (!request || peer.in.size() > kAgentRequestBytesMax) {
        gone.push_back(id);
        break;
      }
      if (request->has_value()) {
        peer.asked = true;
        wipe(peer.in);
        out.push_back({id, std::move(**request)});
      }
    }
  }
  for (const PeerId id : gone) drop(id);
  return out;
}

void AgentServer::reply(PeerId id, const AgentReply& reply) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  send_all(found->second.descriptor, encode_agent_reply(reply));
  drop(id);
}

// ---- Asking

Result<AgentReply> ask_agent(const std::string& path, const AgentRequest& request, Millis patience) {
  NV_TRY(const sockaddr_un address, address_of(path));
  const Bytes bytes = encode_agent_request(request);
  if (request.words.size() > kAgentWordsMax || bytes.size() > kAgentRequestBytesMax) {
    return fail(Errc::kTooLarge, "ask_agent");
  }
  const int descriptor = connect_to(address);
  if (descriptor < 0) return fail(Errc::kUnavailable, "ask_agent");
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } const closer{descriptor};
  if (!same_user(descriptor)) return fail(Errc::kUntrusted, "ask_agent");
  if (!send_all(descriptor, bytes)) return fail(Errc::kMalformed, "ask_agent");
  AgentReply reply;
  Bytes in;
  std::size_t at = 0;
  while (true) {
    if (in.size() >= at + 2 && in[at] == 'x') {
      reply.exit_code = in[at + 1];
      return reply;
    }
    if (in.size() >= at + 5 && in[at] != 'x') {
      const std::size_t size = get(in, at + 1, 4);
      if ((in[at] != 'o' && in[at] != 'e') || size > kAgentReplyBytesMax)
        return fail(Errc::kMalformed, "ask_agent");
      if (in.size() >= at + 5 + size) {
        (in[at] == 'o' ? reply.out : reply.err).append(as_text(ByteView(in).subspan(at + 5, size)));
        at += 5 + size;
        continue;
      }
    }
    pollfd item{descriptor, POLLIN, 0};
    const int ready = ::poll(&item, 1, static_cast<int>(patience.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(Errc::kTimeout, "ask_agent");
    std::array<std::uint8_t, 16384> buffer{};
    const ssize_t got = ::recv(descriptor, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(Errc::kMalformed, "ask_agent: broke off");
    append(in, ByteView(buffer).first(static_cast<std::size_t>(got)));
  }
}

}  // namespace nattevagt::client::cli
