// One device's key packages: refs to bodies, oldest first, each handed out once (PROTOCOL.md section 4,
// P-090). A value. The bytes stay in the journal: 25,000 devices with 100 packages each would be 1.7 GB.
#pragma once

#include <deque>
#include <optional>

#include "broker/core/archive.h"
#include "broker/core/record.h"
#include "proto/common/limits.h"

namespace nattevagt::broker {

struct KeptPackage {
  PackageMark mark;
  JournalIndex package = 0;
};
template <class A>
void fields(A& a, Fields<A, KeptPackage> v) {
  a(v.mark, v.package);
}

class KeyStock {
 public:
  // Known: in the stock, the last resort, or handed out not long ago. A repeated publication adds nothing;
  // a package that was handed out must never be handed out again (RFC 9420 16.8).
  bool knows(const PackageMark& mark) const;
  bool knows_last_resort(const PackageMark& mark) const;
  void add(const PackageMark& mark, JournalIndex package);  // NV_CHECK: room, unknown
  void set_last_resort(const PackageMark& mark, JournalIndex package);

  std::optional<JournalIndex> oldest() const;
  std::optional<JournalIndex> last_resort() const;
  std::optional<PackageMark> next_mark() const;  // of what is handed out next
  bool take_oldest(JournalIndex package);  // false: it is not the oldest
  void clear();

  const std::deque<KeptPackage>& items() const noexcept { return items_; }  // oldest first
  std::size_t size() const noexcept { return items_.size(); }
  bool is_low() const noexcept { return items_.size() < limits::kKeyPackagesLowStock; }

  template <class Visit>
  void each_package(Visit visit) const {
    for (const KeptPackage& item : items_) visit(item.package);
    if (last_resort_) visit(last_resort_->package);
  }
  template <class A>
  friend void fields(A& a, Fields<A, KeyStock> v) {
    a(v.items_, v.last_resort_, v.taken_);
  }

 private:
  std::deque<KeptPackage> items_;
  std::optional<KeptPackage> last_resort_;
  std::deque<PackageMark> taken_;  // the last ones handed out
};

}  // namespace nattevagt::broker
