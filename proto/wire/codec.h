// The only place that sees generated protobuf classes, and the place where all foreign bytes are checked:
// sizes, counts, enums, ids, UTF-8, ranges. A value that decode returns is inside every limit of limits.h.
//
// decode_*: kMalformed (not the schema), kTooLarge (a limit), kInvalidValue (a field out of range),
// kUpgradeRequired (a frame of another protocol version), kUnsupported (a kind that we do not know).
// encode_* of a value that decode would refuse is our own bug in debug tests, and refused by the peer.
// Encoding is deterministic: the same value gives the same bytes.
#pragma once

#include "proto/common/result.h"
#include "proto/wire/check_in.h"
#include "proto/wire/content.h"
#include "proto/wire/duty.h"
#include "proto/wire/hub.h"
#include "proto/wire/identity.h"
#include "proto/wire/rota.h"
#include "proto/wire/suspension.h"

namespace nattevagt::wire {

Bytes encode(const ClientFrame& frame);
Result<ClientFrame> decode_client_frame(ByteView bytes);
// The request number of a frame that decode refused, so that the refusal can be addressed; 0 when unreadable.
std::uint64_t request_number(ByteView bytes) noexcept;

Bytes encode(const HubFrame& frame);
Result<HubFrame> decode_hub_frame(ByteView bytes);

Bytes encode(const WelcomeItem& item);
Result<WelcomeItem> decode_welcome_item(ByteView bytes);
Bytes encode(const AlertItem& item);
Result<AlertItem> decode_alert_item(ByteView bytes);
Bytes encode(const Rejoin& rejoin);
Result<Rejoin> decode_rejoin(ByteView bytes);
Bytes encode(const GapItem& item);
Result<GapItem> decode_gap_item(ByteView bytes);
Bytes encode(const CheckInItem& item);
Result<CheckInItem> decode_check_in_item(ByteView bytes);
Bytes encode(const ReceiptLeaf& leaf);              // what the Merkle tree hashes

Bytes encode(const Grant& grant);
Result<Grant> decode_grant(ByteView bytes);
Bytes encode(const CertificateBody& body);
Result<CertificateBody> decode_certificate_body(ByteView bytes);
Bytes encode(const Certificate& certificate);
Result<Certificate> decode_certificate(ByteView bytes);
Bytes encode(const Roster& roster);
Result<Roster> decode_roster(ByteView bytes);
Bytes encode(const Revocations& revocations);
Result<Revocations> decode_revocations(ByteView bytes);
Bytes encode(const Rota& rota);
Result<Rota> decode_rota(ByteView bytes);
Bytes encode(const DutyChange& change);
Result<DutyChange> decode_duty_change(ByteView bytes);
Bytes encode(const DutyChanges& changes);
Result<DutyChanges> decode_duty_changes(ByteView bytes);
Bytes encode(const CheckIn& check_in);
Result<CheckIn> decode_check_in(ByteView bytes);
Bytes encode(const SignedCheckIn& check_in);  // as the hub and a device keep it
Result<SignedCheckIn> decode_signed_check_in(ByteView bytes);
Bytes encode(const Suspension& suspension);
Result<Suspension> decode_suspension(ByteView bytes);
Bytes encode(const SuspensionLift& lift);
Result<SuspensionLift> decode_suspension_lift(ByteView bytes);
Bytes encode(const Suspensions& suspensions);
Result<Suspensions> decode_suspensions(ByteView bytes);
Bytes encode(const SignedDocument& document);
Result<SignedDocument> decode_signed_document(ByteView bytes);
Bytes encode(const Label& label);
Result<Label> decode_label(ByteView bytes);

// "nattevagt:..." as a text; holds a secret.
std::string encode_link(const GrantLink& link);
Result<GrantLink> decode_link(std::string_view text);
// Cards as text files: "nattevagt-hub-card:..." (public) and "nattevagt-trust:..." (confidential).
std::string encode_card(const OrganisationCard& card);
Result<OrganisationCard> decode_card(std::string_view text);
std::string encode_trust(const TrustedOrganisation& trusted);
Result<TrustedOrganisation> decode_trust(std::string_view text);

Bytes encode(const Content& content);
Result<Content> decode_content(ByteView bytes);
Bytes encode(const SignedContent& content);
Result<SignedContent> decode_signed_content(ByteView bytes);

}  // namespace nattevagt::wire
