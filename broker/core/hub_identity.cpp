// Who is who: greeting, enrolment, signed documents, revocation (PROTOCOL.md sections 2 and 3).
#include <algorithm>
#include <utility>

#include "broker/core/hub_state.h"
#include "proto/common/check.h"
#include "proto/rota/rota.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

// P-107: whoever publishes a gap has signed that it is known.
Status check_rota(ByteView body, UtcTime now) {
  NV_TRY(const wire::Rota rota, wire::decode_rota(body));
  const auto gaps = rota::gaps(rota, now, now + rota::kGapLookAhead);
  const bool known = std::all_of(gaps.begin(), gaps.end(), [](const auto& gap) { return gap.accepted; });
  return known ? Status{} : fail(Errc::kInvalidValue, "P-107");
}

}  // namespace

// P-197: of documents, those of kinds that it knows.
std::vector<wire::DocumentVersion> HubCore::State::versions_for(const Session& session) const {
  std::vector<wire::DocumentVersion> told = directory.document_versions();
  std::erase_if(told, [&](const wire::DocumentVersion& one) { return !tells(session, one.kind); });
  return told;
}

void HubCore::State::hello(Session& session, std::uint64_t request, const wire::Hello& said) {
  session.kinds = static_cast<wire::DocumentKind>(
      std::min(said.document_kinds, static_cast<std::uint32_t>(wire::kLastDocumentKind)));
  sessions.greet(session, now);
  wire::HelloReply reply;
  reply.hub_time = now;
  reply.software = config.software;
  reply.sign_key = config.sign_key;
  reply.documents = versions_for(session);
  JournalIndex after = documents_changed;
  if (session.device != nullptr) {
    reply.key_packages_left = static_cast<std::uint32_t>(session.device->stock.size());
    reply.has_last_resort = session.device->stock.last_resort().has_value();
    reply.positions = streams.positions(session.device->number);
    after = std::max(after, session.device->stock_changed);
    alerts.reach_changed(session.device->number);
  }
  answer(session, request, std::move(reply), after);
}

void HubCore::State::ping(Session& session, std::uint64_t request) {
  wire::Pong pong;
  pong.hub_time = now;
  pong.documents = versions_for(session);
  JournalIndex after = documents_changed;
  if (session.device != nullptr) {
    pong.key_packages_left = static_cast<std::uint32_t>(session.device->stock.size());
    after = std::max(after, session.device->stock_changed);
  }
  answer(session, request, std::move(pong), after);
}

// ---- Grants and devices

Result<JournalIndex> HubCore::State::announce(const OrganisationId& organisation,
                                              const wire::SignedGrant& grant) {
  const wire::OrganisationCard* card = directory.organisation(organisation);
  NV_TRY(const wire::Grant said, wire::verify_grant(grant, *card));
  if (const KnownGrant* known = directory.grant(said.id)) {
    if (known->signed_grant == grant) return known->announced;
    return fail(Errc::kAlreadyExists, "P-027");
  }
  if (said.not_after < now) return fail(Errc::kExpired, "P-010");
  if (directory.curve_key_in_use(said.curve_key, now)) return fail(Errc::kAlreadyExists, "P-011");
  if (directory.grants_of(organisation) >= kGrantsPerOrganisationMax) return fail(Errc::kBusy, "P-090");
  const JournalIndex index = emit(GrantAnnounced{grant});
  key_ends.emplace(said.not_after, said.curve_key);
  out.effects.push_back(AdmitKey{index, said.curve_key, GrantPrincipal{said.id}, said.not_after});
  return index;
}

Result<JournalIndex> HubCore::State::enrol(const GrantId& grant, const wire::Certificate& certificate) {
  const KnownGrant* known = directory.grant(grant);
  if (known == nullptr || known->grant.not_after < now) return fail(Errc::kExpired, "P-010");
  if (known->used_by) {
    const Device& device = directory.device(*known->used_by);
    if (!(device.certificate == certificate)) return fail(Errc::kGrantUsed, "P-027");
    if (device.revoked) return fail(Errc::kRevoked, "P-028");
    return device.enrolled;
  }
  NV_TRY(const wire::DeviceIdentity identity,
         wire::verify_certificate(certificate, directory.organisations(), now));
  NV_TRY(const wire::CertificateBody body, wire::decode_certificate_body(certificate.body));
  // The very grant of this connection, and not another one under the same id.
  if (!(body.grant == known->signed_grant)) return fail(Errc::kUntrusted, "P-025");
  if (directory.listed_as_revoked(identity.organisation, identity.device))
    return fail(Errc::kRevoked, "P-028");
  if (directory.find(identity.device) != nullptr || directory.curve_key_in_use(identity.curve_key, now)) {
    return fail(Errc::kAlreadyExists, "P-021");
  }
  const auto person_of = directory.owner_of_person(identity.person);
  const auto unit_of = identity.unit ? directory.owner_of_unit(*identity.unit) : std::nullopt;
  if ((person_of && *person_of != identity.organisation) || (unit_of && *unit_of != identity.organisation)) {
    return fail(Errc::kNotPermitted, "directory.h: ids belong to one organisation");
  }
  const auto& devices = directory.devices_of_person(identity.person);
  const auto usable = std::count_if(devices.begin(), devices.end(), [&](DeviceNumber number) {
    return directory.device(number).usable(now);
  });
  if (static_cast<std::size_t>(usable) >= limits::kDevicesPerPersonMax) return fail(Errc::kBusy, "P-090");
  const JournalIndex index = emit(DeviceEnrolled{certificate});
  key_ends.emplace(identity.not_after, identity.curve_key);
  out.effects.push_back(
      AdmitKey{index, identity.curve_key, DevicePrincipal{identity.device}, identity.not_after});
  return index;
}

// P-016: as many as one frame has room for, in the order of enrolment.
void HubCore::State::list_devices(Session& session, std::uint64_t request, const wire::ListDevices& wanted) {
  const OrganisationId organisation = std::get<OrganisationPrincipal>(session.principal).organisation;
  DeviceNumber number = 0;
  if (wanted.after) {
    const Device* last = directory.find(*wanted.after);
    if (last == nullptr) return refuse(session, request, Errc::kNotFound);
    number = last->number + 1;
  }
  wire::Devices reply;
  std::size_t bytes = 0;
  for (; number < directory.device_count(); ++number) {
    const Device& device = directory.device(number);
    if (device.identity.organisation != organisation) continue;
    bytes += device.certificate.body.size() + limits::kWrapBytesMax;
    if (bytes > kAnswerBytesMax || reply.items.size() == limits::kDevicesPerAnswerMax) {
      reply.more = true;
      break;
    }
    const wire::Suspensions::Item* item = device.suspended ? directory.suspension_of(device) : nullptr;
    if (item != nullptr) bytes += limits::kSuspensionBytesMax + limits::kCertificateBytesMax;
    reply.items.push_back({device.certificate, device.revoked, device.connected,
                           device.connected ? now : std::max(device.seen_at, device.identity.not_before),
                           static_cast<std::uint32_t>(device.stock.size()),
                           item == nullptr ? std::nullopt : std::optional(item->suspension)});
  }
  answer(session, request, std::move(reply), last_index);
}

// P-123.
void HubCore::State::get_audit_point(Session& session, std::uint64_t request) {
  if (audit.seq == 0) return refuse(session, request, Errc::kNotFound);
  receipt(session, request, wire::audit_leaf(audit, now), last_index);
}

// ---- Documents

Result<JournalIndex> HubCore::State::publish(const OrganisationId& organisation,
                                             const wire::SignedDocument& document) {
  if (document.organisation != organisation) return fail(Errc::kNotPermitted, "P-026");
  NV_TRYV(wire::verify_document(document, *directory.organisation(organisation)));
  if (const KnownDocument* known = directory.document(organisation, document.kind)) {
    if (known->document == document) return known->published;
    if (document.version == known->document.version) return fail(Errc::kAlreadyExists, "P-026");
    if (document.version < known->document.version) return fail(Errc::kReplay, "P-026");
  }
  if (document.version == 0) return fail(Errc::kInvalidValue, "P-026");
  // The body is signed, but is it a document? What does not parse must not reach the journal.
  switch (document.kind) {
    case wire::DocumentKind::kRoster:
      NV_TRYV(wire::decode_roster(document.body).map([](const wire::Roster&) {}));
      break;
    case wire::DocumentKind::kRevocations:
      NV_TRYV(wire::decode_revocations(document.body).map([](const wire::Revocations&) {}));
      break;
    case wire::DocumentKind::kRota:
      NV_TRYV(check_rota(document.body, now));
      break;
    case wire::DocumentKind::kDutyChanges:
    case wire::DocumentKind::kSuspensions: return fail(Errc::kInvalidValue, "P-112");  // persons make them
  }
  const JournalIndex index = announce_document(document);
  if (document.kind == wire::DocumentKind::kRevocations) revoke_listed(organisation, index);
  return index;
}

// Durable, told to everybody, and in force within one tick.
std::uint64_t HubCore::State::next_version(const OrganisationId& organisation, wire::DocumentKind kind) const {
  const KnownDocument* before = directory.document(organisation, kind);
  // Above what a hub that was restored from a backup had said before (P-094): else its devices would not take it.
  return std::max(before == nullptr ? 1 : before->document.version + 1,
                  static_cast<std::uint64_t>(to_unix_ms(now)));
}

JournalIndex HubCore::State::announce_document(wire::SignedDocument document) {
  const wire::DocumentsChanged changed{{{document.organisation, document.kind, document.version}}};
  if (document.kind != wire::DocumentKind::kRoster) duty_at = now;
  look_for_gaps();
  const JournalIndex index = emit(DocumentPublished{std::move(document)});
  sessions.each([&](const Session& session) {
    if (session.greeted && session.device != nullptr && tells(session, changed.documents.front().kind)) {
      push(session, changed, index);
    }
  });
  return index;
}

// P-028: the fact has taken the devices off the lists; here their connections end.
void HubCore::State::revoke_listed(const OrganisationId& organisation, JournalIndex index) {
  for (DeviceNumber number = 0; number < directory.device_count(); ++number) {
    const Device& device = directory.device(number);
    if (!device.revoked || device.identity.organisation != organisation) continue;
    const CurvePublicKey& key = device.identity.curve_key;
    const auto ends = key_ends.equal_range(device.identity.not_after);
    const auto listed =
        std::find_if(ends.first, ends.second, [&](const auto& end) { return end.second == key; });
    if (listed == ends.second) continue;  // forgotten before: an earlier version named it too
    key_ends.erase(listed);
    out.effects.push_back(ForgetKey{index, key});
    if (device.session != nullptr) close_session(*device.session, Errc::kRevoked, index);
  }
}

void HubCore::State::get_documents(Session& session, std::uint64_t request,
                                   const wire::GetDocuments& wanted) {
  wire::Documents reply;
  std::size_t bytes = 0;
  const auto add = [&](const KnownDocument& known) {
    if (!tells(session, known.document.kind)) return;
    const std::size_t size = known.document.body.size() + limits::kWrapBytesMax;
    if (bytes + size > kAnswerBytesMax) {
      reply.more = true;  // P-016
      return;
    }
    bytes += size;
    reply.documents.push_back(known.document);
  };
  // What the client follows comes first, so that an answer with little room still brings it on.
  for (const wire::DocumentVersion& has : wanted.known) {
    const KnownDocument* known = directory.document(has.organisation, has.kind);
    if (known != nullptr && known->document.version > has.version) add(*known);
  }
  for (const auto& [key, known] : directory.documents()) {
    const bool named =
        std::any_of(wanted.known.begin(), wanted.known.end(), [&](const wire::DocumentVersion& has) {
          return has.organisation == key.first && has.kind == key.second;
        });
    if (!named) add(known);
  }
  answer(session, request, std::move(reply), documents_changed);
}

}  // namespace nattevagt::broker
