// Lost phones that colleagues suspend (PROTOCOL.md section 19): the hub verifies each press and puts an
// organisation's together as a document, so that they are stored, numbered, audited and delivered as the others
// are. What a suspension does to a device follows from the document alone (Directory::settle_suspensions).
#include <algorithm>

#include "broker/core/hub_state.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

wire::Suspension said_in(const wire::SignedSuspension& suspension) {
  auto said = wire::decode_suspension(suspension.body);
  NV_CHECK(said);  // the directory has read it
  return std::move(*said);
}

}  // namespace

// The document as it will be: without what was lifted long enough ago, and without those whom the organisation
// has revoked since.
wire::Suspensions HubCore::State::suspensions_now(const OrganisationId& organisation) const {
  wire::Suspensions list = directory.suspensions(organisation);
  std::erase_if(list.items, [&](const wire::Suspensions::Item& item) {
    if (!item.stands()) return now - item.lifted_at > limits::kSuspensionKept;
    const Device* device = directory.find(said_in(item.suspension).device);
    return device == nullptr || device->revoked;
  });
  return list;
}

JournalIndex HubCore::State::publish_suspensions(const OrganisationId& organisation, wire::Suspensions list) {
  // Room for one more: of those that are over, the first.
  while (list.items.size() > limits::kSuspensionsKeptMax) {
    const auto over = std::find_if_not(list.items.begin(), list.items.end(),
                                       [](const wire::Suspensions::Item& item) { return item.stands(); });
    NV_CHECK(over != list.items.end());  // at most kSuspensionsMax stand
    list.items.erase(over);
  }
  return announce_document({organisation, wire::DocumentKind::kSuspensions,
                            next_version(organisation, wire::DocumentKind::kSuspensions), wire::encode(list), {}});
}

// P-190, P-191, P-196.
Status HubCore::State::may_suspend(const Device& by, const wire::VerifiedSuspension& verified,
                                   const wire::Suspensions& list) const {
  const wire::Suspension& said = verified.said;
  if (verified.signer.device != by.identity.device) return fail(Errc::kNotPermitted, "P-190");
  if (said.hub != config.sign_key) return fail(Errc::kUntrusted, "P-190");
  const Device* lost = directory.find(said.device);
  if (lost == nullptr) return fail(Errc::kNotFound, "P-190");
  if (lost->identity.organisation != by.identity.organisation || lost->is_recorder()) {
    return fail(Errc::kNotPermitted, "P-190");
  }
  if (lost->revoked) return fail(Errc::kRevoked, "P-028");
  if (said.issued_at > now + limits::kSuspensionSkewMax || said.issued_at < now - limits::kSuspensionSkewMax) {
    return fail(Errc::kInvalidValue, "P-190");
  }
  std::size_t standing = 0, made = 0;
  for (const wire::Suspensions::Item& item : list.items) {
    if (said_in(item.suspension).id == said.id) return fail(Errc::kAlreadyExists, "P-191");  // and is lifted
    standing += item.stands() ? 1U : 0U;
    made += item.suspension.signer.certificate == by.certificate ? 1U : 0U;
  }
  const bool full = standing >= limits::kSuspensionsMax || made >= limits::kSuspensionsPerDeviceMax;
  return full ? fail(Errc::kBusy, "P-196") : Status{};
}

void HubCore::State::suspend(Session& session, std::uint64_t request, const wire::SignedSuspension& wanted) {
  const Device& by = *session.device;
  const auto verified = wire::verify_suspension(wanted, directory.organisations());
  if (!verified) return refuse(session, request, verified.error().code);
  const OrganisationId& organisation = by.identity.organisation;
  const Device* lost = directory.find(verified->said.device);
  // P-191: again, or where another was quicker, the one that stands is the answer.
  if (lost != nullptr && lost->suspended && lost->identity.organisation == organisation) {
    return answer(session, request, wire::SuspensionStands{directory.suspension_of(*lost)->suspension},
                  directory.document(organisation, wire::DocumentKind::kSuspensions)->published);
  }
  wire::Suspensions list = suspensions_now(organisation);
  if (const Status may = may_suspend(by, *verified, list); !may) return refuse(session, request, may.error().code);
  list.items.push_back({wanted, now, std::nullopt, kNever});
  const JournalIndex index = publish_suspensions(organisation, std::move(list));
  NV_CHECK(lost->suspended);
  if (lost->session != nullptr) close_session(*lost->session, Errc::kSuspended, index);
  answer(session, request, wire::SuspensionStands{wanted}, index);
}

// P-195.
Result<JournalIndex> HubCore::State::lift(const Principal& by, const wire::SignedLift& wanted) {
  NV_TRY(const wire::SuspensionLift said, wire::decode_suspension_lift(wanted.body));
  const auto* device = std::get_if<DevicePrincipal>(&by);
  const OrganisationId organisation = device != nullptr
                                          ? directory.find(device->device)->identity.organisation
                                          : std::get<OrganisationPrincipal>(by).organisation;
  wire::Suspensions list = suspensions_now(organisation);
  const auto item = std::find_if(list.items.begin(), list.items.end(), [&](const wire::Suspensions::Item& one) {
    return said_in(one.suspension).id == said.id;
  });
  if (item == list.items.end()) return fail(Errc::kNotFound, "P-195");
  NV_TRY(const wire::VerifiedSuspension of,
         wire::verify_suspension(item->suspension, directory.organisations()));
  NV_TRYV(wire::verify_lift(wanted, of).map([](const wire::SuspensionLift&) {}));
  const bool own = device != nullptr && !wanted.by_organisation && of.signer.device == device->device;
  if (!own && (device != nullptr || !wanted.by_organisation)) return fail(Errc::kNotPermitted, "P-195");
  if (!item->stands()) {  // asked again, or by both: it is over
    return directory.document(organisation, wire::DocumentKind::kSuspensions)->published;
  }
  if (own && now - item->at > limits::kSuspensionUndo) return fail(Errc::kExpired, "P-195");
  item->lift = wanted;
  item->lifted_at = now;
  return publish_suspensions(organisation, std::move(list));
}

}  // namespace nattevagt::broker
