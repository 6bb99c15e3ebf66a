// Key packages: each is handed out once, and the last resort only when nothing else is left.
#include <algorithm>
#include <set>
#include <utility>

#include "broker/core/hub_state.h"

namespace nattevagt::broker {
Result<JournalIndex> HubCore::State::publish_key_packages(Device& device,
                                                          const wire::PublishKeyPackages& published) {
  // A repeated request, or the same package twice in one: known already, added once.
  std::vector<std::pair<PackageMark, const Bytes*>> fresh;
  std::set<PackageMark> published_marks;
  for (const Bytes& package : published.packages) {
    if (package.size() > limits::kKeyPackageBytesMax) return fail(Errc::kTooLarge, "P-090");
    const PackageMark mark = wire::mark_of_package(package);
    const bool first = published_marks.insert(mark).second;
    if (first && !device.stock.knows(mark)) fresh.emplace_back(mark, &package);
  }
  if (published.last_resort && published.last_resort->size() > limits::kKeyPackageBytesMax) {
    return fail(Errc::kTooLarge, "P-090");
  }
  // What goes is older than what comes, so it is the stock's beginning: as if it had been handed out. A request
  // that is repeated finds its own packages there and takes none of them away.
  KeyPackagesTaken gone;
  if (published.instead) {
    for (const KeptPackage& item : device.stock.items()) {
      if (published_marks.contains(item.mark)) break;
      gone.items.push_back({device.number, item.package});
    }
  }
  if (device.stock.size() - gone.items.size() + fresh.size() > limits::kKeyPackagesPerDeviceMax)
    return fail(Errc::kBusy, "P-090");
  const bool had_none = !device.stock.next_mark();
  if (!gone.items.empty()) emit(std::move(gone));
  for (const auto& [mark, package] : fresh) emit(KeyPackageAdded{device.number, false, mark}, {*package});
  if (published.last_resort) {
    const PackageMark mark = wire::mark_of_package(*published.last_resort);
    if (!device.stock.knows_last_resort(mark)) {
      emit(KeyPackageAdded{device.number, true, mark}, {*published.last_resort});
    }
  }
  if (had_none && device.stock.next_mark()) ask_again(device.identity.person);
  return device.stock_changed;
}

Result<std::vector<DeviceNumber>> HubCore::State::gathered_devices(const Device& asking,
                                                                   const wire::Gather& wanted) const {
  std::set<DeviceNumber> devices;
  if (wanted.ladder) {
    const RosterView* roster = directory.roster(asking.identity.organisation);
    const wire::Ladder* ladder = roster == nullptr ? nullptr : roster->ladder(*wanted.ladder);
    if (ladder == nullptr) return fail(Errc::kNotFound, "P-041");
    for (const wire::LadderStep& step : ladder->steps) {
      for (const wire::Target& target : step.targets) directory.add_coming_devices_of(target, now, devices);
    }
  }
  for (const wire::Target& target : wanted.targets) directory.add_coming_devices_of(target, now, devices);
  for (const OrganisationId& organisation : wanted.recorders_of) {
    directory.add_recorders_of(organisation, now, devices);
  }
  devices.erase(asking.number);
  if (devices.size() > limits::kKeyPackagesPerRequestMax) return fail(Errc::kTooLarge, "P-090");
  return std::vector<DeviceNumber>(devices.begin(), devices.end());
}

void HubCore::State::gather(Session& session, std::uint64_t request, const wire::Gather& wanted) {
  const auto devices = gathered_devices(*session.device, wanted);
  if (!devices) return refuse(session, request, devices.error().code);
  SendGathered reply;
  reply.session = session.id;
  reply.request = request;
  KeyPackagesTaken taken;
  for (const DeviceNumber number : *devices) {
    const Device& device = directory.device(number);
    reply.after = std::max(reply.after, device.stock_changed);
    const auto oldest = device.stock.oldest();
    const auto package = oldest ? oldest : device.stock.last_resort();
    if (oldest) taken.items.push_back({number, *oldest});
    if (package) {
      reply.items.push_back({device.identity.device, BodyRef{*package, 0}});
    } else {
      reply.without.push_back(device.identity.device);
    }
  }
  if (!taken.items.empty()) reply.after = emit(taken);
  for (const KeyPackagesTaken::Item& item : taken.items) {
    const Device& device = directory.device(item.device);
    if (!device.connected || !device.stock.is_low()) continue;
    push(*device.session, wire::KeyPackagesLow{static_cast<std::uint32_t>(device.stock.size())}, reply.after);
  }
  out.effects.push_back(std::move(reply));
}

}  // namespace nattevagt::broker
