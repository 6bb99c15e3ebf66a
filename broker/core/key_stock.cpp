#include "broker/core/key_stock.h"

#include <algorithm>

#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {
// A publication that is repeated comes within minutes; the marks of two whole stocks cover it.
constexpr std::size_t kTakenRemembered = 2 * limits::kKeyPackagesPerDeviceMax;
}  // namespace

bool KeyStock::knows(const PackageMark& mark) const {
  return std::any_of(items_.begin(), items_.end(),
                     [&](const KeptPackage& item) { return item.mark == mark; }) ||
         std::find(taken_.begin(), taken_.end(), mark) != taken_.end() || knows_last_resort(mark);
}

bool KeyStock::knows_last_resort(const PackageMark& mark) const {
  return last_resort_ && last_resort_->mark == mark;
}

void KeyStock::add(const PackageMark& mark, JournalIndex package) {
  NV_CHECK(items_.size() < limits::kKeyPackagesPerDeviceMax);
  items_.push_back({mark, package});
}

void KeyStock::set_last_resort(const PackageMark& mark, JournalIndex package) {
  last_resort_ = KeptPackage{mark, package};
}

std::optional<JournalIndex> KeyStock::oldest() const {
  if (items_.empty()) return std::nullopt;
  return items_.front().package;
}

std::optional<JournalIndex> KeyStock::last_resort() const {
  if (!last_resort_) return std::nullopt;
  return last_resort_->package;
}

std::optional<PackageMark> KeyStock::next_mark() const {
  if (!items_.empty()) return items_.front().mark;
  return last_resort_ ? std::optional(last_resort_->mark) : std::nullopt;
}

bool KeyStock::take_oldest(JournalIndex package) {
  if (items_.empty() || items_.front().package != package) return false;
  taken_.push_back(items_.front().mark);
  if (taken_.size() > kTakenRemembered) taken_.pop_front();
  items_.pop_front();
  return true;
}

void KeyStock::clear() {
  items_.clear();
  last_resort_.reset();
  taken_.clear();
}

}  // namespace nattevagt::broker
