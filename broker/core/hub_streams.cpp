// Appending to conversations, and letting old entries go (PROTOCOL.md section 4).
#include <algorithm>
#include <utility>

#include "broker/core/hub_state.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

bool contains(const std::vector<DeviceNumber>& devices, DeviceNumber device) {
  return std::find(devices.begin(), devices.end(), device) != devices.end();
}

Status check_shape(const wire::Append& wanted) {
  const bool commit = wanted.kind == wire::EntryKind::kCommit;
  const bool rejoin = wanted.kind == wire::EntryKind::kRejoin;
  if (wanted.stream == wire::kInbox || wanted.stream == wire::kAuditStream) {
    return fail(Errc::kInvalidValue, "P-030");
  }
  if (!commit && !rejoin && wanted.kind != wire::EntryKind::kApplication &&
      wanted.kind != wire::EntryKind::kProposal) {
    return fail(Errc::kInvalidValue, "P-030");
  }
  if (rejoin && (wanted.create || wanted.epoch != 0)) return fail(Errc::kInvalidValue, "P-078");
  if (wanted.bytes.size() > limits::kEntryBytesMax || wanted.welcome.size() > limits::kWelcomeBytesMax) {
    return fail(Errc::kTooLarge, "P-090");
  }
  if (!commit && !wanted.removed.empty()) return fail(Errc::kInvalidValue, "P-035");
  if (!commit && !wanted.create && !wanted.added.empty()) return fail(Errc::kInvalidValue, "P-035");
  // Who is added cannot come in without a welcome, and a welcome is for somebody.
  if (wanted.added.empty() != wanted.welcome.empty()) return fail(Errc::kInvalidValue, "P-036");
  return {};
}

}  // namespace

wire::ReceiptLeaf HubCore::State::leaf_of(const Stream& stream, std::uint64_t seq) const {
  const LogEntry& entry = stream.at(seq);
  wire::ReceiptLeaf leaf;
  leaf.stream = stream.id();
  leaf.seq = seq;
  leaf.id = entry.id;
  leaf.content = entry.content;
  leaf.chain = entry.chain;
  leaf.stored_at = entry.stored_at;
  if (stream.alert && (entry.act != 0 || seq == 1)) leaf.alert = stream.alert;
  if (stream.alert && seq == 1) {  // P-063
    const AlertFacts& facts = alerts.find(*stream.alert)->facts;
    leaf.next_at = facts.promised_next_at;
    leaf.exhausted_at = facts.promised_exhausted_at;
  }
  return leaf;
}

void HubCore::State::refuse_at(const Session& session, std::uint64_t request, Errc code,
                               const Stream* stream) {
  wire::Refused refused;
  refused.code = code;
  if (code == Errc::kStaleEpoch && stream != nullptr) refused.current_epoch = stream->epoch;  // P-014
  if (code == Errc::kBusy) refused.retry_after = kQuotaRetry;
  refuse(session, request, refused);
}

void HubCore::State::append(Session& session, std::uint64_t request, const wire::Append& wanted) {
  const Device& sender = *session.device;
  const Stream* stream = streams.find(wanted.stream);
  const Digest content = sha256(wanted.bytes);
  if (stream != nullptr && stream->member(sender.number) != nullptr) {
    if (const auto seq = stream->find(wanted.id)) {  // P-032
      const LogEntry& known = stream->at(*seq);
      if (known.content != content || known.kind != wanted.kind) {
        return refuse(session, request, Errc::kAlreadyExists);
      }
      return receipt(session, request, leaf_of(*stream, *seq), known.record);
    }
  }
  auto fact = decide_append(sender, wanted, content);
  if (!fact) return refuse_at(session, request, fact.error().code, stream);
  std::vector<Bytes> bodies(1, wanted.bytes);
  if (!wanted.added.empty()) bodies.push_back(wanted.welcome);
  const std::vector<DeviceNumber> added = fact->added;
  JournalIndex index = emit(std::move(*fact), std::move(bodies));
  stream = streams.find(wanted.stream);
  if (stream->alert && !added.empty()) index = tell_invited(*alerts.find(*stream->alert), added);
  receipt(session, request, leaf_of(*stream, stream->head()), index);
}

// P-035: a commit and a proposal in the current epoch; an application message in it or the two before, but in
// none that a member has no keys of, since it was added later.
Status HubCore::State::check_epoch(const Stream& stream, wire::EntryKind kind, std::uint64_t epoch) const {
  if (kind == wire::EntryKind::kRejoin) return {};  // P-078: of no epoch
  const bool words = kind == wire::EntryKind::kApplication;
  const std::uint64_t behind = words ? 2 : 0;
  if (epoch > stream.epoch || stream.epoch - epoch > behind) return fail(Errc::kStaleEpoch, "P-035");
  if (words && epoch < stream.readable_from) return fail(Errc::kStaleEpoch, "P-035");
  return {};
}

Result<std::vector<DeviceNumber>> HubCore::State::numbers_of(const std::vector<DeviceId>& ids) const {
  std::vector<DeviceNumber> numbers;
  numbers.reserve(ids.size());
  for (const DeviceId& id : ids) {
    const Device* device = directory.find(id);
    if (device == nullptr) return fail(Errc::kNotFound, "P-036");
    numbers.push_back(device->number);
  }
  if (!known(numbers)) return fail(Errc::kInvalidValue, "P-036: a device twice");
  return numbers;
}

Result<EntryAppended> HubCore::State::decide_append(const Device& sender, const wire::Append& wanted,
                                                    const Digest& content) const {
  NV_TRYV(check_shape(wanted));
  const Stream* stream = streams.find(wanted.stream);
  if (wanted.create) {
    if (stream != nullptr) return fail(Errc::kAlreadyExists, "P-033");
    if (sender.conversations >= limits::kStreamsPerDeviceMax) return fail(Errc::kBusy, "P-090");
  } else {
    if (stream == nullptr) return fail(Errc::kNotFound, "P-030");
    if (!stream->has_member(sender.number)) return fail(Errc::kNotMember, "P-036");
    NV_TRYV(check_epoch(*stream, wanted.kind, wanted.epoch));
    if (stream->kept() >= limits::kEntriesPerStreamMax) return fail(Errc::kBusy, "P-039");
  }
  NV_TRYV(check_membership(sender, wanted, stream));
  EntryAppended fact;
  fact.stream = wanted.stream;
  fact.create = wanted.create;
  fact.entry = {sender.number, wanted.id, wanted.kind, wanted.epoch, content, 0};
  NV_TRY(fact.added, numbers_of(wanted.added));
  NV_TRY(fact.removed, numbers_of(wanted.removed));
  if (!fact.added.empty()) fact.welcome_content = welcome_digest(stream, wanted, content);
  return fact;
}

Status HubCore::State::check_membership(const Device& sender, const wire::Append& wanted,
                                        const Stream* stream) const {
  NV_TRY(const std::vector<DeviceNumber> added, numbers_of(wanted.added));
  NV_TRY(const std::vector<DeviceNumber> removed, numbers_of(wanted.removed));
  for (const DeviceNumber number : removed) {
    // RFC 9420 12.4.2: nobody removes itself by its own commit.
    if (number == sender.number) return fail(Errc::kInvalidValue, "P-036");
    if (stream == nullptr || !stream->has_member(number)) return fail(Errc::kInvalidValue, "P-036");
  }
  for (const DeviceNumber number : added) {
    const Device& device = directory.device(number);
    if (!device.usable(now)) return fail(Errc::kRevoked, "P-028");
    if (number == sender.number) return fail(Errc::kInvalidValue, "P-036");
    if (stream != nullptr && stream->has_member(number) && !contains(removed, number)) {
      return fail(Errc::kInvalidValue, "P-036: a member already");
    }
    if (device.conversations >= limits::kStreamsPerDeviceMax) return fail(Errc::kBusy, "P-090");
    if (streams.inbox(number).kept() >= limits::kEntriesPerStreamMax) return fail(Errc::kBusy, "P-039");
  }
  const std::size_t before = stream == nullptr ? 1 : stream->member_count();
  if (before - removed.size() + added.size() > limits::kGroupMembersMax)
    return fail(Errc::kTooLarge, "P-090");
  return {};
}

// The digest of what the inboxes will get: where the new members enter is part of it (P-036).
Digest HubCore::State::welcome_digest(const Stream* stream, const wire::Append& wanted,
                                      const Digest& content) const {
  wire::WelcomeItem item;
  item.stream = wanted.stream;
  item.seq = stream == nullptr ? 0 : stream->head();
  item.chain = stream == nullptr ? wire::chain_first(wanted.stream, std::nullopt) : stream->chain();
  if (wanted.kind == wire::EntryKind::kCommit) {
    item.seq += 1;
    item.chain = chain_over(item.chain, item.seq, wanted.kind, wanted.epoch, wanted.id, now, content);
  }
  item.welcome = wanted.welcome;
  return sha256(wire::encode(item));
}

// ---- Retention (P-038)

// Nobody has taken it: neither its notices nor its room grow old.
static bool is_unanswered(const Alert* alert) {
  if (alert == nullptr) return false;
  const wire::AlertState state = alert->progress.state;
  return state == wire::AlertState::kEscalating || state == wire::AlertState::kTaken ||
         state == wire::AlertState::kExhausted;
}

// False when `left` entries were not enough for all that is too old.
bool HubCore::State::sweep_stream(const Stream& stream, UtcTime oldest, std::size_t& left,
                                  EntriesTrimmed& trim) const {
  if (stream.kept() == 0 || (stream.alert && is_unanswered(alerts.find(*stream.alert)))) return true;
  bool all = true;
  std::uint64_t up_to = stream.trimmed();
  while (up_to < stream.head()) {
    const LogEntry& entry = stream.at(up_to + 1);
    if (entry.stored_at > oldest) break;
    if (entry.payload && entry.payload->alert && is_unanswered(alerts.find(*entry.payload->alert))) break;
    if (left == 0) {
      all = false;
      break;
    }
    left -= 1;
    up_to += 1;
  }
  if (up_to != stream.trimmed()) trim.items.push_back({stream.id(), stream.inbox_of().value_or(0), up_to});
  return all;
}

// A part of the whole at a time (kTrimmedPerRecord streams, kEntriesPerSweep entries): an hour's sweep of a
// region's streams must not hold up a call.
void HubCore::State::retain() {
  using Part = decltype(sweep.part);
  const UtcTime oldest = now - limits::kEntryRetention;
  EntriesTrimmed trim;
  std::vector<AlertId> forgotten;
  std::size_t seen = 0, left = kEntriesPerSweep;
  bool enough = false;  // the rest of this stream is the next step's
  sweep_at = now + kSweepPause;
  switch (sweep.part) {
    case Part::kStreams:
      streams.some(sweep.stream, kTrimmedPerRecord, [&](const Stream& stream) {
        if (enough) return;
        ++seen;
        enough = !sweep_stream(stream, oldest, left, trim);
        if (!enough) sweep.stream = stream.id();
      });
      if (seen < kTrimmedPerRecord && !enough) sweep.part = Part::kInboxes;
      break;
    case Part::kInboxes:
      for (; seen < kTrimmedPerRecord && sweep.inbox < directory.device_count(); ++seen) {
        enough = !sweep_stream(streams.inbox(sweep.inbox), oldest, left, trim);
        if (enough) break;
        sweep.inbox += 1;
      }
      if (seen < kTrimmedPerRecord && !enough) sweep.part = Part::kAlerts;
      break;
    case Part::kAlerts:
      alerts.some(sweep.alert, kTrimmedPerRecord, [&](const Alert& alert) {
        const auto ended = alert.progress.ended_at;
        const Stream* stream = streams.find(alert.facts.stream);
        if (ended && *ended <= oldest && stream != nullptr && stream->kept() == 0) {
          forgotten.push_back(alert.facts.alert);
        }
        sweep.alert = alert.facts.alert;
        ++seen;
      });
      if (seen < kTrimmedPerRecord) {
        sweep = {};
        sweep_at = now + kRetentionSweep;
      }
      break;
  }
  if (!trim.items.empty()) emit(std::move(trim));
  for (const AlertId& id : forgotten) emit(AlertForgotten{id});
}

}  // namespace nattevagt::broker
