#include "tests/support/raw_device.h"

#include "client-lib/io/zmq_connection.h"

namespace nattevagt::testing {

using std::chrono::milliseconds;

TestOrganisation::TestOrganisation(std::string name, Entropy& entropy, Clock& clock)
    : name_(std::move(name)),
      entropy_(entropy),
      clock_(clock),
      sign_(SignKey::generate(entropy)),
      curve_(entropy.make_secret<CurveSecretKey>()),
      directory_(entropy.make_secret<SealKey>()) {
  card_ = {wire::organisation_id(sign_.public_key()), sign_.public_key(), curve_public_key(curve_)};
}

wire::GrantLink TestOrganisation::grant(const TestPerson& person, const wire::HubPin& hub, Millis valid_for) {
  auto seed = entropy_.make_secret<SignSeed>();
  const auto keys = wire::grant_keys(seed);
  wire::Grant grant;
  grant.id = entropy_.make_id<GrantId>();
  grant.organisation = card_.id;
  grant.kind = person.kind;
  grant.person = person.id;
  grant.unit = person.unit;
  grant.sealed_label = wire::seal_label({"Test Person", "SSA"}, directory_, person.id.view(), entropy_);
  grant.sign_key = keys.sign.public_key();
  grant.curve_key = curve_public_key(keys.curve);
  grant.issued_at = clock_.wall();
  grant.not_after = clock_.wall() + valid_for;
  grant.certificate_lifetime = std::chrono::hours(24);
  grant.hub = hub;
  wire::GrantLink link;
  link.grant = wire::sign_grant(grant, sign_);
  link.seed = std::move(seed);
  link.trusted.push_back(trusted());
  return link;
}

wire::SignedDocument TestOrganisation::roster(std::uint64_t version, const wire::Roster& roster) const {
  return wire::sign_document(card_.id, wire::DocumentKind::kRoster, version, wire::encode(roster), sign_);
}

wire::SignedDocument TestOrganisation::revoke(std::uint64_t version, std::vector<DeviceId> devices) const {
  const wire::Revocations revocations{clock_.wall(), std::move(devices)};
  return wire::sign_document(card_.id, wire::DocumentKind::kRevocations, version, wire::encode(revocations),
                             sign_);
}

wire::TrustedOrganisation TestOrganisation::trusted() const { return {card_, name_, directory_.duplicate()}; }

RawPeer::RawPeer(wire::HubPin hub, const CurveSecretKey& key) : hub_(std::move(hub)), key_(key.duplicate()) {
  reconnect();
}

RawPeer::~RawPeer() = default;

void RawPeer::reconnect() {
  connection_.reset();
  up = false;
  down_reason_.reset();
  client::ZmqConnectionOptions options;
  options.reconnect_min = milliseconds(20);
  options.reconnect_max = milliseconds(200);
  connection_ = std::make_unique<client::ZmqConnection>(clock_, entropy_, options);
  connection_->connect(hub_, key_);
}

bool RawPeer::wait_up(Millis patience) {
  const Millis until = clock_.monotonic() + patience;
  while (!up && clock_.monotonic() < until) {
    pump(milliseconds(20));
    if (down_reason_ == Errc::kUntrusted) return false;
  }
  return up;
}

std::uint64_t RawPeer::send(wire::Request request) {
  wire::ClientFrame frame;
  frame.request = next_request_++;
  frame.body = std::move(request);
  return connection_->send(wire::encode(frame)) ? frame.request : 0;
}

std::optional<wire::Answer> RawPeer::call(wire::Request request, Millis patience) {
  const Millis until = clock_.monotonic() + patience;
  if (!wait_up(patience)) return {};
  const std::uint64_t number = send(std::move(request));
  while (number != 0 && clock_.monotonic() < until) {
    if (const auto found = answers.find(number); found != answers.end()) {
      wire::Answer answer = std::move(found->second);
      answers.erase(found);
      return answer;
    }
    if (!up) return {};
    pump(milliseconds(20));
  }
  return {};
}

void RawPeer::pump(Millis wait) {
  for (auto& event : connection_->poll(wait)) {
    if (std::holds_alternative<client::LinkUp>(event)) {
      up = true;
      down_reason_.reset();
    } else if (const auto* down = std::get_if<client::LinkDown>(&event)) {
      up = false;
      down_reason_ = down->reason;
    } else {
      auto frame = wire::decode_hub_frame(std::get<client::FrameReceived>(event).bytes);
      if (!frame) continue;
      if (frame->request == 0) {
        pushed.push_back(std::move(frame->body));
      } else {
        answers.emplace(frame->request, std::move(frame->body));
      }
    }
  }
}

RawDevice::RawDevice(wire::HubPin hub, Entropy& entropy, Clock& clock)
    : hub_(std::move(hub)),
      clock_(clock),
      sign_(SignKey::generate(entropy)),
      curve_(entropy.make_secret<CurveSecretKey>()) {}

std::optional<wire::Answer> RawDevice::enrol(const wire::GrantLink& link) {
  const auto keys = wire::grant_keys(link.seed);
  wire::CertificateBody body;
  body.grant = link.grant;
  body.sign_key = sign_.public_key();
  body.curve_key = curve_public_key(curve_);
  body.issued_at = clock_.wall();
  body.not_after = clock_.wall() + std::chrono::hours(12);
  certificate_ = wire::sign_certificate(body, keys.sign);
  RawPeer enrolling(hub_, keys.curve);
  if (!enrolling.call(wire::Hello{"test"})) return {};
  return enrolling.call(wire::Enrol{certificate_});
}

bool RawDevice::hello(Millis patience) {
  if (!peer_) {
    peer_ = std::make_unique<RawPeer>(hub_, curve_);
  } else {
    peer_->reconnect();  // the old connection may be dead without knowing it yet
  }
  const auto answer = peer_->call(wire::Hello{"test"}, patience);
  return answer && std::holds_alternative<wire::HelloReply>(*answer);
}

StreamChecker::StreamChecker(ConversationId stream, std::optional<DeviceId> inbox_owner, std::uint64_t seq,
                             std::optional<Digest> chain)
    : stream_(stream),
      first_(seq),
      seq_(seq),
      chain_(chain ? *chain : wire::chain_first(stream, inbox_owner)) {}

std::optional<std::string> StreamChecker::take(const wire::Entry& entry) {
  if (entry.seq <= first_) return "an entry from before we entered";
  if (entry.seq <= seq_) {
    const wire::Entry& had = entries_[entry.seq - first_ - 1];
    if (had.chain != entry.chain || had.bytes != entry.bytes) return "an entry was given twice, differently";
    return {};
  }
  if (entry.seq != seq_ + 1) return "gap: had " + std::to_string(seq_) + ", got " + std::to_string(entry.seq);
  const Digest chain =
      wire::chain_next(chain_, entry.seq, entry.kind, entry.epoch, entry.id, entry.stored_at, entry.bytes);
  if (chain != entry.chain) return "the chain does not fit at " + std::to_string(entry.seq);
  chain_ = chain;
  seq_ = entry.seq;
  entries_.push_back(entry);
  return {};
}

}  // namespace nattevagt::testing
