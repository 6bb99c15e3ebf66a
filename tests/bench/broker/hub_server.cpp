#include "tests/bench/broker/hub_server.h"

#include <fcntl.h>

#include "proto/common/check.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::bench {
namespace {

using namespace nattevagt::broker;

Bytes framed(std::uint64_t request, wire::Request body) {
  wire::ClientFrame frame;
  frame.request = request;
  frame.body = std::move(body);
  return wire::encode(frame);
}

MessageId message_id(std::size_t topic, std::uint64_t number) {
  MessageId id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  id.bytes[8] = static_cast<std::uint8_t>(topic);
  id.bytes[9] = static_cast<std::uint8_t>(topic >> 8);
  id.bytes[15] = 1;
  return id;
}

}  // namespace

HubServer::HubServer(const std::string& folder, std::size_t devices)
    : curve_(entropy_.make_secret<CurveSecretKey>()),
      sign_(SignKey::generate(entropy_)),
      log_(::open("/dev/null", O_WRONLY | O_CLOEXEC)),
      manager_(std::string()) {
  const auto journal_key = entropy_.make_secret<JournalKey>();
  NV_CHECK(SqlcipherJournal::create(folder + "/journal", journal_key).has_value());
  auto journal = SqlcipherJournal::open(folder + "/journal", journal_key);
  NV_CHECK(journal.has_value());
  journal_ = std::move(*journal);

  const SignKey organisation = SignKey::generate(entropy_);
  const auto organisation_curve = entropy_.make_secret<CurveSecretKey>();
  const wire::OrganisationCard card{wire::organisation_id(organisation.public_key()),
                                    organisation.public_key(), curve_public_key(organisation_curve)};
  enrol(devices, card, organisation);
  HubConfig hub;
  hub.organisations = {card};
  hub.sign_key = sign_.public_key();
  RunnerOptions options;
  options.front.endpoint = "tcp://127.0.0.1:*";
  options.front.connections_max = 15'000;
  options.disk_path = folder;
  runner_ =
      std::make_unique<Runner>(hub, *journal_, curve_, sign_, clock_, entropy_, log_, manager_, options);
  const Status started = runner_->start();
  NV_CHECK(started.has_value());
  thread_ = std::thread([this] { runner_->run(); });
}

HubServer::~HubServer() {
  runner_->stop();
  thread_.join();
}

// Straight into the journal through a core of its own: enrolling is not what is measured.
void HubServer::enrol(std::size_t devices, const wire::OrganisationCard& card, const SignKey& organisation) {
  HubConfig hub;
  hub.organisations = {card};
  hub.sign_key = sign_.public_key();
  HubCore core(hub);
  UtcTime now = clock_.wall();
  std::vector<Record> records;
  const auto take = [&](Outcome outcome) {
    for (Record& record : outcome.records) records.push_back(std::move(record));
  };
  take(core.started(now));
  SessionId session = 1;
  take(core.step(SessionOpened{session, OrganisationPrincipal{card.id}}, now));
  take(core.step(SessionRequest{session, {1, 1, wire::Hello{"bench"}}}, now));
  for (std::size_t i = 0; i < devices; ++i) {
    now += Millis(1);
    const auto seed = entropy_.make_secret<SignSeed>();
    const auto grant_keys = wire::grant_keys(seed);
    wire::Grant grant;
    grant.id = entropy_.make_id<GrantId>();
    grant.organisation = card.id;
    grant.kind = wire::HolderKind::kPerson;
    grant.person = entropy_.make_id<PersonId>();
    grant.sealed_label = Bytes(80, 1);
    grant.sign_key = grant_keys.sign.public_key();
    grant.curve_key = curve_public_key(grant_keys.curve);
    grant.issued_at = now;
    grant.not_after = now + std::chrono::hours(1);
    grant.certificate_lifetime = std::chrono::hours(24);
    grant.hub = {"tcp://127.0.0.1:5670", curve_public_key(curve_), sign_.public_key()};
    const auto signed_grant = wire::sign_grant(grant, organisation);
    take(core.step(SessionRequest{1, {1, 2, wire::AnnounceGrant{signed_grant}}}, now));

    const SignKey sign = SignKey::generate(entropy_);
    auto curve = entropy_.make_secret<CurveSecretKey>();
    wire::CertificateBody body;
    body.grant = signed_grant;
    body.sign_key = sign.public_key();
    body.curve_key = curve_public_key(curve);
    body.issued_at = now;
    body.not_after = now + std::chrono::hours(12);
    const auto certificate = wire::sign_certificate(body, grant_keys.sign);
    take(core.step(SessionOpened{++session, GrantPrincipal{grant.id}}, now));
    take(core.step(SessionRequest{session, {1, 1, wire::Enrol{certificate}}}, now));
    take(core.step(SessionClosed{session}, now));
    devices_.push_back({std::move(curve), wire::device_id(body.sign_key, body.curve_key)});
  }
  NV_CHECK(core.counters().devices == devices);
  NV_CHECK(journal_->append(records).has_value());
}

ConversationId HubServer::stream_of(std::size_t topic) {
  ConversationId stream;
  stream.bytes[0] = 1;
  stream.bytes[1] = static_cast<std::uint8_t>(topic);
  return stream;
}

Bytes HubServer::hello(std::size_t) const { return framed(1, wire::Hello{"bench"}); }

Bytes HubServer::create(std::size_t topic, const std::vector<std::size_t>& readers) const {
  wire::Append append;
  append.stream = stream_of(topic);
  append.create = true;
  append.id = message_id(topic, 0);
  append.kind = wire::EntryKind::kApplication;
  append.epoch = 1;
  append.bytes = Bytes(100, 1);
  for (const std::size_t reader : readers) append.added.push_back(devices_[reader].id);
  append.welcome = Bytes(200, 1);
  return framed(2, append);
}

Bytes HubServer::message(std::size_t topic, std::uint64_t number) const {
  wire::Append append;
  append.stream = stream_of(topic);
  append.id = message_id(topic, number);
  append.kind = wire::EntryKind::kApplication;
  append.epoch = 1;
  append.bytes = Bytes(kBodyBytes, 7);
  return framed(number + 10, append);
}

Bytes HubServer::acknowledge(std::size_t topic, std::uint64_t deliveries) const {
  wire::Ack ack;
  ack.positions.push_back({stream_of(topic), deliveries + 1});  // entry 1 made the stream
  return framed(1, ack);
}

Arrived HubServer::kind_of(ByteView frame) const {
  // An entry is a push of more than a KiB; a refusal is the only short answer.
  if (wire::request_number(frame) == 0)
    return frame.size() > kBodyBytes ? Arrived::kDelivery : Arrived::kOther;
  if (frame.size() > 100) return Arrived::kAnswer;
  const auto decoded = wire::decode_hub_frame(frame);
  NV_CHECK(decoded.has_value());
  return std::holds_alternative<wire::Refused>(decoded->body) ? Arrived::kRefused : Arrived::kAnswer;
}

}  // namespace nattevagt::bench
