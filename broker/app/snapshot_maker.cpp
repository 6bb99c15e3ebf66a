#include "broker/app/snapshot_maker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

// On Linux a thread's own. Without it the work is done all the same.
void yield_to_the_others() {
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10));
}

}  // namespace

SnapshotMaker::SnapshotMaker(Journal& journal, HubConfig hub, const Wake& wake)
    : journal_(journal), hub_(std::move(hub)), wake_(wake) {}

SnapshotMaker::~SnapshotMaker() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void SnapshotMaker::begin(const Wanted& wanted) {
  NV_CHECK(!thread_.joinable());
  thread_ = std::thread([this, wanted] {
    yield_to_the_others();
    Result<Compaction> made = make(wanted);
    {
      const std::scoped_lock lock(mutex_);
      made_ = std::move(made);
    }
    wake_.call();
  });
}

std::optional<Result<Compaction>> SnapshotMaker::take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!made_) return std::nullopt;
  }
  thread_.join();
  return std::exchange(made_, std::nullopt);
}

Result<Compaction> SnapshotMaker::make(const Wanted& wanted) const {
  NV_TRY(const auto reader, journal_.open_beside());
  HubCore core(hub_);
  {
    NV_TRY(const auto last, reader->load_snapshot());
    if (last) NV_TRYV(core.restore(last->bytes));
  }
  while (core.last_index() < wanted.index) {
    if (stopping_) return fail(Errc::kUnavailable, "SnapshotMaker");
    const JournalIndex from = core.last_index();
    const std::size_t most = std::min<std::size_t>(kRecordsFoldedAtOnce, wanted.index - from);
    NV_TRYV(reader->read_some(from, most, [&](const Record& record) { return core.replay(record); }));
    if (core.last_index() == from) return fail(Errc::kCorrupt, "SnapshotMaker: a gap");
  }
  if (core.last_index() != wanted.index || core.audit_point() != wanted.audit) {
    return fail(Errc::kCorrupt, "SnapshotMaker: another state");
  }
  return Compaction{{wanted.index, core.snapshot()}, core.live_records(), {}};
}

}  // namespace nattevagt::broker
