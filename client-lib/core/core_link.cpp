// The connection's life: hello, enrolment, pings, key packages, and which answer belongs to what.
#include <algorithm>

#include "client-lib/core/client_core.h"
#include "client-lib/core/pack.h"
#include "proto/common/check.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {

namespace {
inline constexpr std::string_view kSoftware = "nattevagt 0.1.0";
}  // namespace

std::optional<ClientCore::LinkKey> ClientCore::link_wanted() const {
  if (!device_ || device_->revoked) return std::nullopt;
  if (device_->enrolled) return LinkKey{device_->hub, device_->curve_key.duplicate()};
  if (!device_->grant_seed) return std::nullopt;
  wire::GrantKeys keys = wire::grant_keys(*device_->grant_seed);
  return LinkKey{device_->hub, std::move(keys.curve)};
}

Status ClientCore::begin_enrol(std::string_view link, UtcTime now) {
  now_ = now;
  enrol_error_.reset();
  NV_TRY(const GrantId grant, grant_of_link(link));
  if (device_) {
    // P-027: the same grant again goes on with the same keys; a device is enrolled once.
    return self_->grant == grant ? Status{} : fail(Errc::kAlreadyExists, "ClientCore::begin_enrol");
  }
  NV_TRY(DeviceRecord record, make_device(link, now, entropy_));
  std::vector<wire::TrustedOrganisation> trusted;
  std::vector<wire::OrganisationCard> cards;
  for (const auto& organisation : record.trusted) {
    trusted.push_back(organisation.duplicate());
    cards.push_back(organisation.card);
  }
  directory_.pin(std::move(trusted));
  NV_TRY(const wire::CertificateBody body, wire::decode_certificate_body(record.certificate.body));
  NV_TRY(self_, wire::verify_certificate(record.certificate, cards, body.issued_at));
  device_ = std::move(record);
  inbox_.cursor.chain = wire::chain_first(wire::kInbox, self_->device);
  dirty_device_ = true;
  return {};
}

void ClientCore::request(wire::Request body, InFlight::Kind kind, std::uint64_t item) {
  const std::uint64_t number = next_request_++;
  if (kind == InFlight::Kind::kPing || kind == InFlight::Kind::kProbe) last_ping_ = now_;
  flights_.emplace(number, InFlight{kind, item, now_});
  out_.sends.push_back(wire::encode(wire::ClientFrame{wire::kProtocolVersion, number, std::move(body)}));
}

bool ClientCore::in_flight(InFlight::Kind kind, std::optional<std::uint64_t> item) const {
  return std::any_of(flights_.begin(), flights_.end(), [&](const auto& entry) {
    return entry.second.kind == kind && (!item || entry.second.item == *item);
  });
}

void ClientCore::on_connected(UtcTime now) {
  now_ = now;
  connected_ = true;
  hello_done_ = deaf_ = quiet_ = duty_known_ = false;
  flights_.clear();
  held_.clear();
  held_count_ = 0;
  last_frame_ = last_ping_ = now;
  if (device_) request(wire::Hello{std::string(kSoftware)}, InFlight::Kind::kHello);
}

void ClientCore::on_disconnected(Errc reason, UtcTime now) {
  now_ = now;
  if (connected_ || reason == Errc::kUntrusted) out_.events.emplace_back(Disconnected{reason});
  connected_ = hello_done_ = quiet_ = duty_known_ = false;
  flights_.clear();
}

void ClientCore::probe(UtcTime now) {
  now_ = now;
  if (!hello_done_) return;
  for (const auto& [number, flight] : flights_) {
    if (flight.kind == InFlight::Kind::kProbe) return;
  }
  entries_since_probe_ = false;
  request(wire::Ping{}, InFlight::Kind::kProbe);
}

void ClientCore::on_frame(ByteView bytes, UtcTime now) {
  now_ = now;
  last_frame_ = now;
  auto frame = wire::decode_hub_frame(bytes);
  if (!frame) {
    // P-004: what a newer hub says, and this build does not know, is no lie.
    if (frame.error().code == Errc::kUnsupported) return;
    return suspect(frame.error().code, std::nullopt, "Hubben har sendt noget, som ikke kan læses.");
  }
  if (frame->request == 0) return on_push(frame->body);
  const auto found = flights_.find(frame->request);
  if (found == flights_.end()) return;  // of a connection that is gone
  const InFlight flight = found->second;
  flights_.erase(found);
  if (const auto* refused = std::get_if<wire::Refused>(&frame->body)) return on_refused(flight, *refused);
  on_answer(flight, frame->body);
}

void ClientCore::on_answer(const InFlight& flight, wire::Answer& answer) {
  using Kind = InFlight::Kind;
  const auto item = outbox_.find(flight.item);
  switch (flight.kind) {
    case Kind::kHello:
      if (const auto* reply = std::get_if<wire::HelloReply>(&answer)) return on_hello(*reply);
      break;
    case Kind::kPing:
    case Kind::kProbe:
      if (const auto* pong = std::get_if<wire::Pong>(&answer)) {
        if (flight.kind == Kind::kProbe) quiet_ = !entries_since_probe_;
        note_versions(pong->documents);
        return stock_key_packages(pong->key_packages_left, false);
      }
      break;
    case Kind::kEnrol:
      if (std::holds_alternative<wire::Accepted>(answer)) return on_enrolled();
      break;
    case Kind::kPublish:
      if (std::holds_alternative<wire::Accepted>(answer)) return on_published(flight.item != 0);
      break;
    case Kind::kDuty:
      if (std::holds_alternative<wire::Accepted>(answer)) return on_change_answered(flight.item, Errc{});
      break;
    case Kind::kCheckIn:
      if (std::holds_alternative<wire::Accepted>(answer)) return on_check_in_answered(flight.item, Errc{});
      break;
    case Kind::kSuspend:
      if (std::holds_alternative<wire::Accepted>(answer)) return on_suspension_answered(flight.item, Errc{});
      if (const auto* stands = std::get_if<wire::SuspensionStands>(&answer)) {
        return on_suspension_stands(flight.item, stands->suspension);
      }
      break;
    case Kind::kDutyStatus:
      if (const auto* said = std::get_if<wire::DutyStatuses>(&answer)) {
        return on_duty_statuses(*said, true, flight.item == 0);
      }
      break;
    case Kind::kDocuments:
      if (const auto* documents = std::get_if<wire::Documents>(&answer)) return on_documents(*documents);
      break;
    case Kind::kGather:
      if (const auto* gathered = std::get_if<wire::Gathered>(&answer)) {
        if (item != outbox_.end()) on_gathered(item->second, *gathered);
        return;
      }
      break;
    case Kind::kSend:
      if (const auto* stored = std::get_if<wire::Stored>(&answer)) {
        if (item != outbox_.end()) on_stored(item->second, *stored);
        return;
      }
      break;
  }
  suspect(Errc::kInvalidValue, std::nullopt, "Hubben svarer på noget andet, end den blev spurgt om.");
}

void ClientCore::on_hello(const wire::HelloReply& reply) {
  if (reply.sign_key != device_->hub.sign_key) {
    // Receipts are checked against the pinned key whatever it says; but say so.
    suspect(Errc::kUntrusted, std::nullopt, "Hubben oplyser en anden nøgle end den, vi har fået.");
  }
  if (!device_->enrolled) {
    request(wire::Enrol{device_->certificate}, InFlight::Kind::kEnrol);
    return;
  }
  hello_done_ = true;
  too_old_ = false;
  suspended_here_.reset();
  out_.events.emplace_back(Connected{});
  for (auto& [id, conversation] : conversations_) {
    for (Promise& promise : conversation.promises) promise.due = now_ + patience::kPromise;
  }
  for (auto& [id, record] : alerts_) {
    if (record.claim_due != kNever) record.claim_due = now_ + patience::kPromise;
  }
  note_positions(reply.positions);
  note_versions(reply.documents);
  ask_duty_status();
  sweep_key_packages();
  stock_key_packages(reply.key_packages_left, !reply.has_last_resort);
}

void ClientCore::on_enrolled() {
  device_->enrolled = true;
  device_->grant_seed.reset();
  dirty_device_ = true;
  out_.events.emplace_back(Enrolled{directory_.person(*self_)});
  out_.reconnect = true;  // with the device's own key
}

void ClientCore::on_refused(const InFlight& flight, const wire::Refused& refused) {
  using Kind = InFlight::Kind;
  const auto item = outbox_.find(flight.item);
  if (refused.code == Errc::kUpgradeRequired) on_too_old();
  switch (flight.kind) {
    case Kind::kEnrol: enrol_error_ = refused.code; return;
    case Kind::kHello:
      if (!device_->enrolled) enrol_error_ = refused.code;
      out_.events.emplace_back(Disconnected{refused.code});
      return;
    case Kind::kGather:
      if (item == outbox_.end()) return;
      show_not_sent(item->second, refused.code);
      if (item->second.kind == OutKind::kCommit && refused.code == Errc::kNotFound) {
        return give_up(item->second, refused.code);
      }
      return put_off(item->second, refused.retry_after);
    case Kind::kSend:
      if (item != outbox_.end()) on_send_refused(item->second, refused);
      return;
    case Kind::kDuty: return on_change_answered(flight.item, refused.code);
    case Kind::kCheckIn: return on_check_in_answered(flight.item, refused.code);
    case Kind::kSuspend: return on_suspension_answered(flight.item, refused.code);
    case Kind::kPublish: publish_after_ = now_ + std::max(refused.retry_after, patience::kRetryMax); return;
    case Kind::kPing:
    case Kind::kProbe:
    case Kind::kDutyStatus:
    case Kind::kDocuments: return;  // asked again with the next ping
  }
}

void ClientCore::on_push(wire::Answer& push) {
  if (auto* entry = std::get_if<wire::Entry>(&push)) {
    if (hello_done_ && !deaf_) on_entry(*entry);
  } else if (const auto* changed = std::get_if<wire::DocumentsChanged>(&push)) {
    if (hello_done_) note_versions(changed->documents);
  } else if (const auto* low = std::get_if<wire::KeyPackagesLow>(&push)) {
    if (hello_done_) stock_key_packages(low->left, false);
  } else if (const auto* said = std::get_if<wire::DutyStatuses>(&push)) {
    if (hello_done_) on_duty_statuses(*said, false, false);
  } else if (const auto* goodbye = std::get_if<wire::Goodbye>(&push)) {
    if (goodbye->reason == Errc::kReplay) {
      // P-012: the newest session wins, and it is not ours: somebody has our keys, or a restored copy of
      // them.
      suspect(Errc::kReplay, std::nullopt, "Et andet program er forbundet som denne enhed.");
    }
    if (goodbye->reason == Errc::kRevoked) out_.events.emplace_back(Revoked{});
    if (goodbye->suspension) return on_suspended(*goodbye->suspension);
    on_disconnected(goodbye->reason, now_);
    out_.reconnect = true;
  }
}

// ---- Key packages (RFC 9420 10; mls/README points 5 and 15)

void ClientCore::store_stock(const mls::KeyPackageRef& ref) {
  const StockItem& item = stock_.at(ref);
  Packer packed;
  packed.time(item.not_after).time(item.superseded_at).bytes(item.bundle.save().expose());
  save(Table::kKeyPackage, to_bytes(ref.bytes), packed.take());
}

// P-093. The hub hands the oldest out first, so what it has left are the newest that we made. One of those that
// expires soon, or whose keys are gone here (expired already, or made after the backup that we come from), would
// leave this device out of a call: a quiet residence's packages lie there for longer than they live.
bool ClientCore::stock_goes_stale(std::uint32_t left, UtcTime soon) const {
  std::vector<UtcTime> ends;
  for (const auto& [ref, item] : stock_) {
    if (!item.bundle.last_resort()) ends.push_back(item.not_after);
  }
  std::sort(ends.begin(), ends.end(), std::greater<>());
  return left > 0 && (ends.size() < left || ends[left - 1] < soon);
}

void ClientCore::stock_key_packages(std::optional<std::uint32_t> left_there, bool need_last_resort) {
  if (!hello_done_ || now_ < publish_after_ || in_flight(InFlight::Kind::kPublish)) return;
  // What is made now lives no longer than the certificate: at its end nothing that is made is any fresher.
  const UtcTime soon = std::min(self_->not_after, now_ + patience::kKeyPackageRenewed);
  // Used, or about to expire: the hub's last resort is not one any more (it says only that it has one).
  const bool have_fresh = std::any_of(stock_.begin(), stock_.end(), [&](const auto& entry) {
    return entry.second.bundle.last_resort() && entry.second.superseded_at == kNever &&
           entry.second.not_after >= soon;
  });
  need_last_resort = need_last_resort || !have_fresh;
  const bool instead = left_there && (restock_ || stock_goes_stale(*left_there, soon));
  const std::uint32_t left = instead ? 0 : left_there.value_or(kKeyPackageStock);
  if (left >= kKeyPackageStock - limits::kKeyPackagesLowStock && !need_last_resort) return;

  mls::KeyPackageRequest request_one{
      .credential = mls::Credential::basic(wire::encode(device_->certificate)),
      .not_before = now_,
      .not_after = std::min(self_->not_after, now_ + patience::kKeyPackageLife),
      .last_resort = false};
  wire::PublishKeyPackages publish;
  publish.instead = instead;
  const auto make = [&](bool last_resort) {
    request_one.last_resort = last_resort;
    mls::KeyPackageBundle bundle = mls::make_key_package(request_one, device_->sign_key, entropy_);
    Bytes message = bundle.message();
    const mls::KeyPackageRef ref = bundle.ref();
    stock_.emplace(ref, StockItem{std::move(bundle), request_one.not_after, kNever});
    store_stock(ref);
    return message;
  };
  for (std::uint32_t made = left; made < kKeyPackageStock; ++made) publish.packages.push_back(make(false));
  if (need_last_resort) {
    for (auto& [ref, item] : stock_) {
      if (!item.bundle.last_resort() || item.superseded_at != kNever) continue;
      item.superseded_at = now_;
      store_stock(ref);
    }
    publish.last_resort = make(true);
  }
  request(std::move(publish), InFlight::Kind::kPublish, instead ? 1 : 0);
}

void ClientCore::on_published(bool instead) {
  if (instead) restock_ = false;
  sweep_key_packages();
}

void ClientCore::sweep_key_packages() {
  std::erase_if(stock_, [&](const auto& entry) {
    const StockItem& item = entry.second;
    const bool superseded =
        item.superseded_at != kNever && now_ > item.superseded_at + patience::kLastResortKept;
    if (!superseded && now_ <= item.not_after) return false;
    erase(Table::kKeyPackage, to_bytes(entry.first.bytes));
    return true;
  });
}

}  // namespace nattevagt::client
