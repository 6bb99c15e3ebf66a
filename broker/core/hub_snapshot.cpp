// The whole durable state as bytes, and back: magic, format, the parts, SHA-256 of all before it.
#include <algorithm>
#include <utility>

#include "broker/core/fields.h"
#include "broker/core/hub_state.h"
#include "proto/common/check.h"

namespace nattevagt::broker {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic{'N', 'V', 'H', 'S'};
// 2: the audit; 3: Stream::readable_from; 4: what alerts keep of rota and hand-over, gaps; 5: check-ins
constexpr std::uint8_t kSnapshotFormat = 5;
constexpr std::uint8_t kFormatWithDuty = 4;
constexpr std::uint8_t kFormatWithCheckIn = 5;

}  // namespace

Bytes HubCore::State::snapshot() const {
  Writer writer;
  writer(kMagic, kSnapshotFormat, last_index, last_time, documents_changed, audit.seq, audit.chain);
  directory.save(writer);
  streams.save(writer);
  alerts.save(writer);
  writer(warned_gaps);
  duty.save(writer);
  Bytes bytes = writer.take();
  const Digest digest = sha256(bytes);
  nattevagt::append(bytes, digest);
  return bytes;
}

Status HubCore::State::restore(ByteView bytes) {
  constexpr std::size_t kDigestBytes = std::tuple_size_v<Digest>;
  if (bytes.size() < kMagic.size() + 1 + kDigestBytes) return fail(Errc::kCorrupt, "restore");
  const ByteView body = bytes.first(bytes.size() - kDigestBytes);
  const Digest digest = sha256(body);
  if (!std::equal(digest.begin(), digest.end(), bytes.end() - kDigestBytes))
    return fail(Errc::kCorrupt, "restore");
  Reader reader(body);
  std::array<std::uint8_t, 4> magic{};
  std::uint8_t format = 0;
  reader(magic, format);
  if (magic != kMagic) return fail(Errc::kCorrupt, "restore");
  if (format > kSnapshotFormat) return fail(Errc::kUnsupported, "restore: a newer format");
  if (format < kFormatWithDuty) reader.set_without_duty();
  if (format < kFormatWithCheckIn) reader.set_without_check_in();
  reader(last_index, last_time, documents_changed);
  if (format >= 2) reader(audit.seq, audit.chain);
  NV_TRYV(directory.load(reader));
  NV_TRYV(streams.load(reader, format));
  NV_TRYV(alerts.load(reader));
  if (format >= kFormatWithDuty) reader(warned_gaps);
  if (format >= kFormatWithCheckIn) NV_TRYV(duty.load(reader));
  if (!reader.finished()) return fail(Errc::kCorrupt, "restore");
  bool rooms = true;
  alerts.each([&](const Alert& alert) {
    const Stream* stream = streams.find(alert.facts.stream);
    if (stream == nullptr || stream->alert != alert.facts.alert) rooms = false;
  });
  if (!rooms) return fail(Errc::kCorrupt, "restore");
  now = last_time;
  return {};
}

std::vector<JournalIndex> HubCore::State::live_records() const {
  std::vector<JournalIndex> live;
  streams.each([&](const Stream& stream) {
    stream.each_kept([&](std::uint64_t, const LogEntry& entry) {
      if (!is_inline(entry.kind)) live.push_back(entry.record);
    });
  });
  for (DeviceNumber number = 0; number < directory.device_count(); ++number) {
    directory.device(number).stock.each_package([&](JournalIndex package) { live.push_back(package); });
  }
  std::sort(live.begin(), live.end());
  live.erase(std::unique(live.begin(), live.end()), live.end());
  return live;
}

void HubCore::State::check_invariants() const {
  directory.check_invariants();
  streams.check_invariants();
  sessions.check_invariants();
  alerts.check_invariants();
  duty.check_invariants();
  alerts.each([&](const Alert& alert) {
    const Stream* stream = streams.find(alert.facts.stream);
    NV_CHECK(stream != nullptr && stream->alert == alert.facts.alert);
  });
}

}  // namespace nattevagt::broker
