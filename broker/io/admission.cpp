#include "broker/io/admission.h"

namespace nattevagt::broker {

void AdmissionTable::admit(const CurvePublicKey& key, const Principal& principal, UtcTime not_after) {
  const std::scoped_lock lock(mutex_);
  rows_.insert_or_assign(key, Row{principal, not_after});
}

void AdmissionTable::forget(const CurvePublicKey& key) {
  const std::scoped_lock lock(mutex_);
  rows_.erase(key);
}

std::optional<Principal> AdmissionTable::find(const CurvePublicKey& key, UtcTime now) const {
  const std::scoped_lock lock(mutex_);
  const auto row = rows_.find(key);
  if (row == rows_.end() || now >= row->second.not_after) return std::nullopt;
  return row->second.principal;
}

std::size_t AdmissionTable::size() const {
  const std::scoped_lock lock(mutex_);
  return rows_.size();
}

}  // namespace nattevagt::broker
