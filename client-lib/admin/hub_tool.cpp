#include "client-lib/admin/hub_tool.h"

#include <utility>

#include "proto/common/limits.h"
#include "proto/wire/audit.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::client {
namespace {

template <class Wanted>
Result<Wanted> expect(Result<wire::Answer> answer) {
  if (!answer) return tl::unexpected(answer.error());
  if (auto* refused = std::get_if<wire::Refused>(&*answer)) return fail(refused->code, "HubTool: refused");
  if (auto* wanted = std::get_if<Wanted>(&*answer)) return std::move(*wanted);
  return fail(Errc::kUnsupported, "HubTool: another answer than asked for");
}

}  // namespace

Result<HubTool> HubTool::connect(Connection& connection, Clock& clock, const wire::HubPin& hub,
                                 const CurveSecretKey& key, Millis patience) {
  HubTool tool(connection, clock, patience);
  connection.connect(hub, key);
  const Millis end = clock.monotonic() + patience;
  bool up = false;
  Errc reason = Errc::kTimeout;
  while (!up) {
    const Millis now = clock.monotonic();
    if (now >= end) return fail(reason, "HubTool::connect");
    for (const auto& event : connection.poll(end - now)) {
      if (std::holds_alternative<LinkUp>(event)) up = true;
      if (const auto* down = std::get_if<LinkDown>(&event)) {
        // Untrusted does not get better by waiting; an unreachable hub may.
        if (down->reason == Errc::kUntrusted) return fail(Errc::kUntrusted, "HubTool::connect");
        reason = down->reason;
      }
    }
  }
  NV_TRY(const auto hello, expect<wire::HelloReply>(tool.ask(wire::Hello{"nattevagt-organisation"})));
  if (hello.sign_key != hub.sign_key) return fail(Errc::kUntrusted, "HubTool: another signing key");
  tool.versions_ = hello.documents;
  tool.hub_key_ = hub.sign_key;
  return tool;
}

Result<wire::Answer> HubTool::ask(wire::Request request) {
  const std::uint64_t number = ++last_request_;
  wire::ClientFrame frame;
  frame.request = number;
  frame.body = std::move(request);
  const Bytes bytes = wire::encode(frame);
  const Millis end = clock_->monotonic() + patience_;
  bool sent = false;
  while (true) {
    if (!sent) {
      const auto status = connection_->send(bytes);
      if (!status && status.error().code != Errc::kBusy) return tl::unexpected(status.error());
      sent = status.has_value();
    }
    const Millis now = clock_->monotonic();
    if (now >= end) return fail(Errc::kTimeout, "HubTool::ask");
    for (auto& event : connection_->poll(sent ? end - now : Millis(10))) {
      if (const auto* down = std::get_if<LinkDown>(&event)) return fail(down->reason, "HubTool::ask");
      if (auto* received = std::get_if<FrameReceived>(&event)) {
        NV_TRY(auto answer, wire::decode_hub_frame(received->bytes));
        if (answer.request == number) return std::move(answer.body);
      }
    }
  }
}

Status HubTool::announce(const wire::SignedGrant& grant) {
  NV_TRY([[maybe_unused]] auto accepted, expect<wire::Accepted>(ask(wire::AnnounceGrant{grant})));
  return {};
}

Status HubTool::publish(const wire::SignedDocument& document) {
  NV_TRY([[maybe_unused]] auto accepted, expect<wire::Accepted>(ask(wire::PublishDocument{document})));
  return {};
}

Status HubTool::lift(const wire::SignedLift& lift) {
  NV_TRY([[maybe_unused]] auto accepted, expect<wire::Accepted>(ask(wire::LiftSuspension{lift})));
  return {};
}

// P-016: until there is no more. The hub gives each document once, so a hub that says "more" for ever is stopped by
// the first answer that brings nothing new.
Result<std::vector<wire::SignedDocument>> HubTool::documents() {
  std::vector<wire::SignedDocument> out;
  wire::GetDocuments wanted;
  while (true) {
    NV_TRY(auto reply, expect<wire::Documents>(ask(wanted)));
    const bool more = reply.more && !reply.documents.empty();
    for (auto& document : reply.documents) {
      wanted.known.push_back({document.organisation, document.kind, document.version});
      out.push_back(std::move(document));
    }
    if (!more) return out;
    if (wanted.known.size() > limits::kDocumentVersionsMax) return fail(Errc::kTooLarge, "HubTool::documents");
  }
}

Result<std::vector<wire::Devices::Item>> HubTool::devices() {
  std::vector<wire::Devices::Item> out;
  wire::ListDevices wanted;
  while (true) {
    NV_TRY(auto reply, expect<wire::Devices>(ask(wanted)));
    const bool more = reply.more && !reply.items.empty();
    for (auto& item : reply.items) out.push_back(std::move(item));
    if (!more) return out;
    if (out.size() > limits::kDevicesListedMax) return fail(Errc::kTooLarge, "HubTool::devices");
    NV_TRY(const auto body, wire::decode_certificate_body(out.back().certificate.body));
    wanted.after = wire::device_id(body.sign_key, body.curve_key);
  }
}

Result<wire::AuditPoint> HubTool::audit_point() {
  NV_TRY(const auto stored, expect<wire::Stored>(ask(wire::GetAuditPoint{})));
  return wire::audit_point_of(stored.receipt, hub_key_);
}

std::uint64_t HubTool::version_at_hub(OrganisationId organisation, wire::DocumentKind kind) const {
  for (const auto& known : versions_) {
    if (known.organisation == organisation && known.kind == kind) return known.version;
  }
  return 0;
}

}  // namespace nattevagt::client
