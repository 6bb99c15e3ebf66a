#include "tests/support/recording_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tuple>
#include <utility>
#include <vector>

#include "proto/common/check.h"

namespace nattevagt::testing {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool send_all(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(to, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

RecordingProxy::RecordingProxy(int to_port) : to_port_(to_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  NV_CHECK(listener_ >= 0 && bind(listener_, generic, size) == 0 && listen(listener_, 64) == 0);
  NV_CHECK(getsockname(listener_, generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

RecordingProxy::~RecordingProxy() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

std::string RecordingProxy::recorded() const {
  const std::lock_guard lock(mutex_);
  return recorded_;
}

void RecordingProxy::cut() { cut_ = true; }
void RecordingProxy::mend() { cut_ = false; }

void RecordingProxy::serve() {
  std::vector<std::pair<int, int>> pairs;
  const auto drop = [&](std::size_t index) {
    close(pairs[index].first);
    close(pairs[index].second);
    pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(index));
  };
  while (!stop_) {
    if (cut_) {
      while (!pairs.empty()) drop(pairs.size() - 1);
    }
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
    for (const auto& [a, b] : pairs) {
      waiting.push_back({a, POLLIN, 0});
      waiting.push_back({b, POLLIN, 0});
    }
    if (::poll(waiting.data(), waiting.size(), 20) <= 0) continue;
    for (std::size_t i = pairs.size(); i-- > 0;) {
      for (const auto& [slot, from, to] : {std::tuple{1 + 2 * i, pairs[i].first, pairs[i].second},
                                           std::tuple{2 + 2 * i, pairs[i].second, pairs[i].first}}) {
        if ((waiting[slot].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
        char buffer[65536];
        const ssize_t got = ::recv(from, buffer, sizeof(buffer), 0);
        if (got <= 0 || !send_all(to, buffer, static_cast<std::size_t>(got))) {
          drop(i);
          break;
        }
        const std::lock_guard lock(mutex_);
        recorded_.append(buffer, static_cast<std::size_t>(got));
      }
    }
    if ((waiting[0].revents & POLLIN) != 0) {
      const int from = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(to_port_);
      if (!cut_ && from >= 0 && to >= 0 &&
          connect(to, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
        pairs.emplace_back(from, to);
      } else {
        if (from >= 0) close(from);
        if (to >= 0) close(to);
      }
    }
  }
  while (!pairs.empty()) drop(pairs.size() - 1);
}

}  // namespace nattevagt::testing
