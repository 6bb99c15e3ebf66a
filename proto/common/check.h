// NV_CHECK: for our own bugs only, never for input. On in every build: a hub that goes on in a state it
// cannot explain may lose an alert, one that stops is restarted from its journal.
#pragma once

namespace nattevagt {
// Prints the condition's text and its constant place, then aborts. Never receives user data.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace nattevagt

#define NV_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::nattevagt::check_failed(#condition, __FILE__, __LINE__))
