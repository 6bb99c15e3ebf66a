// Recent bodies in memory, the oldest going first: most entries are sent within a second of being stored.
//
// Ownership: the commit thread's, which alone uses it. A body that is not here is read from the journal.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "broker/core/hub_core.h"

namespace nattevagt::broker {

class BodyCache {
 public:
  explicit BodyCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void put(BodyRef ref, std::shared_ptr<const Bytes> body);
  std::shared_ptr<const Bytes> find(BodyRef ref) const;  // null when it is not here
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  // What a body costs besides its bytes: its nodes in both containers and its block of memory.
  static constexpr std::size_t kOverheadBytes = 160;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::map<BodyRef, std::shared_ptr<const Bytes>> bodies_;
  std::deque<BodyRef> order_;
};

}  // namespace nattevagt::broker
