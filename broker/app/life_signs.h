// Who is to hear that the hub lives, after a look of the reconciler (PROTOCOL.md P-131). Of an alert without a
// future nobody hears that all is well. The service manager restarts what is silent, which helps neither a disk
// that does not answer nor a hub on its way out; the outside watchdog calls a person, who must hear of both.
#pragma once

#include <cstddef>

namespace nattevagt::broker {

struct LifeSigns {
  bool manager = false;
  bool outside = false;
};

constexpr LifeSigns life_signs(std::size_t faults, bool can_store, bool draining) {
  const bool well = faults == 0;
  return {well, well && can_store && !draining};
}

}  // namespace nattevagt::broker
