// Facts become state here and nowhere else: step() and replay() both come this way (hub_core.h, invariant 1).
#include <algorithm>
#include <set>
#include <utility>

#include "broker/core/hub_state.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

Status corrupt(const char* where) { return fail(Errc::kCorrupt, where); }

void put_be64(std::uint64_t value, std::uint8_t* out) {
  for (int i = 7; i >= 0; --i, value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

// The hub's own ids: unique by record and place, and meaning nothing to anybody.
MessageId inbox_entry_id(JournalIndex index, std::uint64_t seq) {
  MessageId id;
  put_be64(index, id.bytes.data());
  put_be64(seq, id.bytes.data() + 8);
  return id;
}

}  // namespace

bool HubCore::State::known(const std::vector<DeviceNumber>& devices) const {
  for (const DeviceNumber device : devices) {
    if (device >= directory.device_count()) return false;
  }
  std::vector<DeviceNumber> sorted = devices;
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

Status HubCore::State::apply(const GrantAnnounced& fact, Place place) {
  return directory.apply_grant(fact.grant, place.index, place.at);
}

Status HubCore::State::apply(const DeviceEnrolled& fact, Place place) {
  NV_TRY(const DeviceNumber number, directory.apply_device(fact.certificate, place.index));
  streams.add_inbox(number);
  Device& device = directory.device(number);
  device.seen_at = device.heard_at = device.heard_since = place.at;
  return {};
}

Status HubCore::State::apply(const KeyPackageAdded& fact, Place place) {
  if (fact.device >= directory.device_count()) return corrupt("KeyPackageAdded");
  Device& device = directory.device(fact.device);
  if (device.revoked || device.stock.size() >= limits::kKeyPackagesPerDeviceMax)
    return corrupt("KeyPackageAdded");
  if (fact.last_resort) {
    device.stock.set_last_resort(fact.mark, place.index);
  } else {
    device.stock.add(fact.mark, place.index);
  }
  device.stock_changed = place.index;
  return {};
}

Status HubCore::State::apply(const KeyPackagesTaken& fact, Place place) {
  for (const KeyPackagesTaken::Item& item : fact.items) {
    if (item.device >= directory.device_count()) return corrupt("KeyPackagesTaken");
    Device& device = directory.device(item.device);
    if (!device.stock.take_oldest(item.package)) return corrupt("KeyPackagesTaken");
    device.stock_changed = place.index;
  }
  return {};
}

Status HubCore::State::apply(const DocumentPublished& fact, Place place) {
  NV_TRYV(directory.apply_document(fact.document, place.index));
  documents_changed = place.index;
  revoked_now.clear();
  suspension_news.clear();
  if (fact.document.kind == wire::DocumentKind::kSuspensions) {
    suspension_news = directory.settle_suspensions(fact.document.organisation);
    for (const DeviceNumber number : suspension_news) alerts.reach_changed(number);  // P-192: away at once
  }
  if (fact.document.kind != wire::DocumentKind::kRevocations) return {};
  // P-028: off every delivery list at once.
  for (DeviceNumber number = 0; number < directory.device_count(); ++number) {
    Device& device = directory.device(number);
    const auto& organisation = device.identity.organisation;
    if (device.revoked || !directory.listed_as_revoked(organisation, device.identity.device)) continue;
    directory.apply_revoked(device);
    revoked_now.push_back(number);
    streams.drop_device(number);
    alerts.reach_changed(number);
  }
  return {};
}

// ---- Streams

void HubCore::State::apply_entry(Stream& stream, const NewEntry& entry, Place place) {
  LogEntry stored;
  stored.id = entry.id;
  stored.kind = entry.kind;
  stored.act = entry.act;
  stored.epoch = entry.epoch;
  stored.stored_at = place.at;
  stored.content = entry.content;
  stored.record = place.index;
  streams.counting(stream, [&] { stream.append(std::move(stored)); });
  counters.appended += 1;
}

void HubCore::State::apply_inbox(DeviceNumber device, wire::EntryKind kind, const Digest& content,
                                 std::shared_ptr<const InboxPayload> payload, Place place) {
  Stream& inbox = streams.inbox(device);
  LogEntry stored;
  stored.id = inbox_entry_id(place.index, inbox.head() + 1);
  stored.kind = kind;
  stored.stored_at = place.at;
  stored.content = content;
  stored.record = place.index;
  stored.payload = std::move(payload);
  streams.counting(inbox, [&] { inbox.append(std::move(stored)); });
  sessions.offer(inbox);
}

void HubCore::State::apply_welcomes(const Stream& stream, std::uint64_t seq, const Digest& chain,
                                    const std::vector<DeviceNumber>& devices, const Digest& content,
                                    Place place) {
  if (devices.empty()) return;
  auto payload = std::make_shared<InboxPayload>();
  payload->entered = stream.id();
  payload->entered_seq = seq;
  payload->entered_chain = chain;
  for (const DeviceNumber device : devices) {
    apply_inbox(device, wire::EntryKind::kWelcome, content, payload, place);
  }
}

// After the commit at the stream's head: who is removed still gets it, who is added gets what follows
// (P-036).
void HubCore::State::apply_members(Stream& stream, const EntryAppended& fact) {
  for (const DeviceNumber device : fact.removed) {
    streams.leave(stream, device, stream.head());
    sessions.recount(device);
  }
  for (const DeviceNumber device : fact.added) {
    if (stream.member(device) != nullptr) {
      // Removed before, and not all delivered: it begins anew with its welcome.
      streams.drop_member(stream, device);
    }
    streams.join(stream, device, stream.head());
    sessions.recount(device);
  }
}

Status HubCore::State::apply(const EntryAppended& fact, Place place) {
  Stream* stream = streams.find(fact.stream);
  const bool commit = fact.entry.kind == wire::EntryKind::kCommit;
  if (fact.create == (stream != nullptr) || fact.stream == wire::kInbox) return corrupt("EntryAppended");
  if (!known(fact.added) || !known(fact.removed) || !known({fact.entry.author}))
    return corrupt("EntryAppended");
  if (fact.create) {
    stream = &streams.create(fact.stream);
    stream->epoch = stream->readable_from = fact.entry.epoch;
    streams.join(*stream, fact.entry.author, 0);
  }
  for (const DeviceNumber device : fact.removed) {
    if (!stream->has_member(device)) return corrupt("EntryAppended");
  }
  for (const DeviceNumber device : fact.added) {
    const bool leaves = std::find(fact.removed.begin(), fact.removed.end(), device) != fact.removed.end();
    if (stream->has_member(device) && !leaves) return corrupt("EntryAppended");
  }
  if (!commit) {
    // P-033 with an application message: the new members read it, so they enter before it.
    const std::uint64_t seq = stream->head();
    const Digest chain = stream->chain();
    for (const DeviceNumber device : fact.added) streams.join(*stream, device, seq);
    apply_entry(*stream, fact.entry, place);
    apply_welcomes(*stream, seq, chain, fact.added, fact.welcome_content, place);
  } else {
    apply_entry(*stream, fact.entry, place);
    stream->epoch = fact.entry.epoch + 1;
    if (!fact.added.empty()) stream->readable_from = stream->epoch;
    apply_members(*stream, fact);
    apply_welcomes(*stream, stream->head(), stream->chain(), fact.added, fact.welcome_content, place);
  }
  sessions.offer(*stream);
  return {};
}

Status HubCore::State::apply(const CursorsAdvanced& fact, Place) {
  for (const CursorsAdvanced::Stream& advanced : fact.streams) {
    for (const CursorsAdvanced::Position& position : advanced.positions) {
      if (position.device >= directory.device_count()) return corrupt("CursorsAdvanced");
      Stream* stream = streams.of_device(position.device, advanced.stream);
      if (stream == nullptr) return corrupt("CursorsAdvanced");
      const Member& member = *stream->member(position.device);
      if (position.seq <= member.cursor || position.seq > member.last(stream->head())) {
        return corrupt("CursorsAdvanced");
      }
      streams.advance(*stream, position.device, position.seq);
    }
  }
  return {};
}

Status HubCore::State::apply(const EntriesTrimmed& fact, Place) {
  std::set<DeviceNumber> readers;
  for (const EntriesTrimmed::Item& item : fact.items) {
    const bool inbox = item.stream == wire::kInbox;
    if (inbox && item.inbox >= directory.device_count()) return corrupt("EntriesTrimmed");
    Stream* stream = inbox ? &streams.inbox(item.inbox) : streams.find(item.stream);
    if (stream == nullptr || item.up_to > stream->head()) return corrupt("EntriesTrimmed");
    for (const Member& member : stream->members()) readers.insert(member.device);
    streams.trim(*stream, item.up_to);
  }
  // Each once: one device is in thousands of rooms, and counting walks all of them.
  for (const DeviceNumber device : readers) sessions.recount(device);
  return {};
}

// ---- Alerts

Status HubCore::State::apply(const AlertRaised& fact, Place place) {
  const ConversationId id = fact.facts.stream;
  if (id == wire::kInbox || streams.find(id) != nullptr) return corrupt("AlertRaised");
  if (!known(fact.members) || fact.entry.author >= directory.device_count() ||
      fact.facts.raised_by != fact.entry.author ||
      std::find(fact.members.begin(), fact.members.end(), fact.entry.author) != fact.members.end()) {
    return corrupt("AlertRaised");
  }
  if (alerts.find(fact.facts.alert) != nullptr) return corrupt("AlertRaised");
  Stream& stream = streams.create(id);
  stream.alert = fact.facts.alert;
  stream.epoch = stream.readable_from = fact.entry.epoch;
  const Digest entered = stream.chain();
  streams.join(stream, fact.entry.author, 0);
  for (const DeviceNumber device : fact.members) streams.join(stream, device, 0);
  apply_entry(stream, fact.entry, place);
  NV_TRYV(alerts.apply_raised(fact, stream.chain(), place.index, place.at));
  // The notice before the welcome: it rings while a large welcome is still on its way.
  NV_TRYV(apply_change(fact.facts.alert, fact.change, place));
  apply_welcomes(stream, 0, entered, fact.members, fact.welcome_content, place);
  sessions.offer(stream);
  return {};
}

Status HubCore::State::apply(const AlertActed& fact, Place place) {
  const Alert* alert = alerts.find(fact.alert);
  Stream* stream = alert == nullptr ? nullptr : streams.find(alert->facts.stream);
  if (stream == nullptr || fact.entry.author >= directory.device_count()) return corrupt("AlertActed");
  apply_entry(*stream, fact.entry, place);
  sessions.offer(*stream);
  return fact.change ? apply_change(fact.alert, *fact.change, place) : Status();
}

Status HubCore::State::apply(const AlertStepped& fact, Place place) {
  return apply_change(fact.alert, fact.change, place);
}

Status HubCore::State::apply(const AlertMended& fact, Place place) {
  return apply_change(fact.alert, fact.change, place);
}

Status HubCore::State::apply_change(const AlertId& alert, const AlertChange& change, Place place) {
  for (const Post& post : change.posts) {
    if (!known(post.devices)) return corrupt("AlertChange");
  }
  NV_TRYV(alerts.apply_progress(alert, change.progress));
  for (const Post& post : change.posts) {
    auto payload = std::make_shared<InboxPayload>();
    payload->item = post.item;
    payload->alert = alert;
    const Digest content = sha256(post.item);
    for (const DeviceNumber device : post.devices) {
      apply_inbox(device, wire::EntryKind::kAlert, content, payload, place);
      if (post.kind == wire::NoticeKind::kNone) continue;
      alerts.apply_told(alert, device, streams.inbox(device).head(), post.kind);
    }
  }
  return {};
}

Status HubCore::State::apply(const GapWarned& fact, Place place) {
  if (!known(fact.devices)) return corrupt("GapWarned");
  std::vector<WarnedGap>& warned = warned_gaps[fact.role];
  std::erase_if(warned, [&](const WarnedGap& other) {
    return other.until <= place.at || (other.from < fact.until && fact.from < other.until);
  });
  warned.push_back({fact.from, fact.until, fact.nearness});
  post(wire::EntryKind::kGap, fact.item, fact.devices, place);
  return {};
}

void HubCore::State::post(wire::EntryKind kind, const Bytes& item, const std::vector<DeviceNumber>& devices,
                          Place place) {
  auto payload = std::make_shared<InboxPayload>();
  payload->item = item;
  const Digest content = sha256(item);
  for (const DeviceNumber device : devices) apply_inbox(device, kind, content, payload, place);
}

// ---- Duty

Status HubCore::State::apply(const CheckInAsked& fact, Place place) {
  if (!known(fact.devices)) return corrupt("CheckInAsked");
  NV_TRYV(duty.apply(fact));
  post(wire::EntryKind::kCheckIn, fact.item, fact.devices, place);
  return {};
}

Status HubCore::State::apply(const CheckedIn& fact, Place place) {
  if (fact.device >= directory.device_count() || !wire::decode_signed_check_in(fact.check_in)) {
    return corrupt("CheckedIn");
  }
  return duty.apply(fact, place.index, place.at);
}

Status HubCore::State::apply(const ShiftEnded& fact, Place) { return duty.apply(fact); }
Status HubCore::State::apply(const DutyDoubted& fact, Place) { return duty.apply(fact); }

Status HubCore::State::apply(const AlertForgotten& fact, Place) {
  const Alert* alert = alerts.find(fact.alert);
  if (alert == nullptr) return corrupt("AlertForgotten");
  const Stream* stream = streams.find(alert->facts.stream);
  if (stream == nullptr || stream->kept() != 0) return corrupt("AlertForgotten");
  streams.erase(alert->facts.stream);
  return alerts.apply_forgotten(fact.alert);
}

}  // namespace nattevagt::broker
