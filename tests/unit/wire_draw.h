// Random values of every wire type, all of them inside the limits: what a correct peer could send.
//
// Free bytes and texts never begin with a byte that begins a protobuf field, and are never 16, 32 or 64 bytes
// long. So a test that walks encoded bytes can tell ids, keys and messages from them.
#pragma once

#include "proto/common/entropy.h"
#include "proto/wire/content.h"
#include "proto/wire/hub.h"
#include "proto/wire/identity.h"

namespace nattevagt::wire {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : entropy_(seed) {}

  Entropy& entropy() { return entropy_; }
  std::uint64_t number();
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(number() % bound); }
  bool coin() { return below(2) == 0; }
  Bytes bytes(std::size_t bytes_max);       // never empty
  std::string text(std::size_t bytes_max);  // UTF-8 of one to four bytes, now and then empty
  UtcTime time();
  Millis wait();

  Certificate certificate();
  SignedGrant signed_grant();
  SignedDocument signed_document();
  DocumentVersion document_version();
  Grant grant();
  CertificateBody certificate_body();
  Roster roster();
  Revocations revocations();
  Label label();
  OrganisationCard card();
  TrustedOrganisation trusted();
  GrantLink link();

  Entry entry();
  WelcomeItem welcome_item();
  AlertView alert_view();
  AlertItem alert_item();
  SignedCheckIn signed_check_in();
  SignedSuspension signed_suspension();
  Suspension suspension();
  Suspensions suspensions();
  CheckInItem check_in_item();
  Receipt receipt();
  ReceiptLeaf receipt_leaf();
  // One of each kind, by its place in the variant.
  ClientFrame client_frame(std::size_t kind);
  HubFrame hub_frame(std::size_t kind);
  Content content(std::size_t kind);
  SignedContent signed_content();

  template <class IdType>
  IdType id() {
    return entropy_.make_id<IdType>();
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out;
    entropy_.fill(out);
    return out;
  }
  template <class IdType>
  std::vector<IdType> ids(std::size_t count_max) {
    std::vector<IdType> out(below(count_max + 1));
    for (IdType& id : out) entropy_.fill(id.bytes);
    return out;
  }
  template <class E>
  E one_of(E first, E last) {
    const auto low = static_cast<std::size_t>(first);
    return static_cast<E>(low + below(static_cast<std::size_t>(last) - low + 1));
  }

 private:
  UtcTime time_or_never() { return coin() ? kNever : time(); }
  Target target();
  Citizen citizen();
  PlanCard plan_card();
  Ladder ladder();
  std::vector<DocumentVersion> document_versions();
  Request request(std::size_t kind);
  Answer answer(std::size_t kind);
  Body body(std::size_t kind);
  IsbarForm isbar();
  Append append();
  Raise raise();

  SeededEntropy entropy_;
};

}  // namespace nattevagt::wire
