#include "client-lib/app/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/common/check.h"

namespace nattevagt::client::cli {

Signals::Signals(std::initializer_list<int> also) {
  sigset_t set{};
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  for (const int number : also) sigaddset(&set, number);
  NV_CHECK(::sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  descriptor_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  NV_CHECK(descriptor_ >= 0);
}
Signals::~Signals() { ::close(descriptor_); }

int Signals::take() const {
  signalfd_siginfo info{};
  return ::read(descriptor_, &info, sizeof info) > 0 ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace nattevagt::client::cli
