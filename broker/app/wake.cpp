#include "broker/app/wake.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "proto/common/check.h"

namespace nattevagt::broker {

Wake::Wake() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { NV_CHECK(descriptor_ >= 0); }

Wake::~Wake() { ::close(descriptor_); }

void Wake::call() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof(one));
}

void Wake::clear() const noexcept {
  std::uint64_t calls = 0;
  [[maybe_unused]] const ssize_t taken = ::read(descriptor_, &calls, sizeof(calls));
}

}  // namespace nattevagt::broker
