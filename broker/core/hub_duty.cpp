// Changes of duty by the persons themselves (PROTOCOL.md P-111 to P-114): the hub verifies each and puts an
// organisation's together as a document, so that they are stored, numbered and delivered as the others are.
#include <algorithm>

#include "broker/core/hub_state.h"
#include "proto/common/check.h"
#include "proto/rota/changes.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

// The document as it will be: what is over has gone, and so has a request that nobody answered in time.
wire::DutyChanges without_the_past(wire::DutyChanges changes, UtcTime now) {
  std::erase_if(changes.items, [&](const wire::SignedDutyChange& item) {
    const auto change = wire::decode_duty_change(item.body);
    NV_CHECK(change);
    return change->until <= now || (item.signers.size() == 1 &&
                                    change->kind == wire::DutyChangeKind::kSwap && change->from <= now);
  });
  return changes;
}

}  // namespace

// P-111, P-113: the sender is one of those whom it concerns, every signer's device is one of ours, and roster
// and rota let it be.
Status HubCore::State::may_change_duty(const Device& device, const wire::AgreedChange& agreed) const {
  bool own = false;
  for (const wire::DeviceIdentity& signer : agreed.signers) {
    const Device* known = directory.find(signer.device);
    if (known == nullptr || !known->usable(now)) return fail(Errc::kRevoked, "P-028");
    own = own || signer.person == device.identity.person;
  }
  if (!own) return fail(Errc::kNotPermitted, "P-111");
  const OrganisationId& organisation = agreed.change.organisation;
  const wire::Rota* rota = directory.rota(organisation);
  const auto* holders = directory.holders_of(organisation, agreed.change.role);
  if (rota == nullptr || holders == nullptr) return fail(Errc::kNotFound, "P-113");
  return rota::check_change(*rota, *holders, agreed, now);
}

Result<JournalIndex> HubCore::State::change_duty(const Device& device, const wire::SignedDutyChange& wanted) {
  NV_TRY(const wire::AgreedChange agreed, wire::verify_duty_change(wanted, directory.organisations()));
  const OrganisationId& organisation = agreed.change.organisation;
  const KnownDocument* before = directory.document(organisation, wire::DocumentKind::kDutyChanges);
  wire::DutyChanges changes = without_the_past(directory.duty_changes(organisation), now);
  wire::SignedDutyChange* same = nullptr;
  std::size_t waiting = 0;
  for (wire::SignedDutyChange& item : changes.items) {
    if (item == wanted) return before->published;  // P-112: asked again, answered again
    const auto known = wire::decode_duty_change(item.body);
    if (known->id == agreed.change.id) same = &item;
    if (item.signers.size() == 1 && known->gives && known->gives == agreed.change.gives) ++waiting;
  }
  NV_TRYV(may_change_duty(device, agreed));
  if (same != nullptr) {
    // More signatures under the same words accept it; anything else is another change under its number.
    if (same->body != wanted.body || same->signers.size() >= wanted.signers.size()) {
      return fail(Errc::kAlreadyExists, "P-112");
    }
    changes.items.erase(changes.items.begin() + (same - changes.items.data()));
  }
  const bool full = changes.items.size() >= limits::kDutyChangesMax ||
                    (!agreed.complete && waiting >= limits::kDutyRequestsPerPersonMax);
  changes.items.push_back(wanted);
  wire::SignedDocument document{organisation, wire::DocumentKind::kDutyChanges,
                                next_version(organisation, wire::DocumentKind::kDutyChanges),
                                wire::encode(changes), {}};
  if (full || document.body.size() > limits::kDocumentBytesMax) return fail(Errc::kBusy, "P-090");
  return announce_document(std::move(document));
}

}  // namespace nattevagt::broker
