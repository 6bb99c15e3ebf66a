#include "broker/app/body_cache.h"

namespace nattevagt::broker {

void BodyCache::put(BodyRef ref, std::shared_ptr<const Bytes> body) {
  const std::size_t size = body->size() + kOverheadBytes;
  if (size > bytes_max_ || !bodies_.emplace(ref, std::move(body)).second) return;
  order_.push_back(ref);
  bytes_ += size;
  while (bytes_ > bytes_max_) {
    const auto oldest = bodies_.find(order_.front());
    bytes_ -= oldest->second->size() + kOverheadBytes;
    bodies_.erase(oldest);
    order_.pop_front();
  }
}

std::shared_ptr<const Bytes> BodyCache::find(BodyRef ref) const {
  const auto found = bodies_.find(ref);
  return found == bodies_.end() ? nullptr : found->second;
}

}  // namespace nattevagt::broker
