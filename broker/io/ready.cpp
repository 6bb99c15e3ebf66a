#include "broker/io/ready.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace nattevagt::broker {

ServiceManager::ServiceManager() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path != nullptr) path_ = path;
}

void ServiceManager::tell(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.empty() || path_.size() >= sizeof(address.sun_path)) return;
  std::copy(path_.begin(), path_.end(), address.sun_path);
  if (path_[0] == '@') address.sun_path[0] = '\0';  // Linux's abstract names
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  // Unheard, systemd's watchdog restarts us: nothing better to do here.
  [[maybe_unused]] const ssize_t sent =
      ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), size);
  ::close(descriptor);
}

}  // namespace nattevagt::broker
