#include "broker/io/zap.h"

#include <algorithm>
#include <vector>

namespace nattevagt::broker {
namespace {

// version, request id, domain, address, identity, mechanism, credentials; more would be another protocol.
constexpr std::size_t kRequestParts = 7;
constexpr const char* kStopEndpoint = "inproc://nattevagt.zap.stop";

std::optional<CurvePublicKey> key_of(const std::vector<Bytes>& request) {
  if (request.size() != kRequestParts) return std::nullopt;
  if (as_text(request[0]) != "1.0" || as_text(request[2]) != kZapDomain || as_text(request[5]) != "CURVE") {
    return std::nullopt;
  }
  CurvePublicKey key;
  if (request[6].size() != key.bytes.size()) return std::nullopt;
  std::copy(request[6].begin(), request[6].end(), key.bytes.begin());
  return key;
}

}  // namespace

ZapHandler::ZapHandler(zmq::Context& context, const AdmissionTable& table, std::function<UtcTime()> now)
    : table_(table), now_(std::move(now)), stop_(context, ZMQ_PAIR) {
  zmq::Socket requests(context, ZMQ_REP);
  // Bound here and not in the thread: when this constructor returns, the handler is there. Fails only when
  // a context has two handlers.
  NV_CHECK(requests.bind("inproc://zeromq.zap.01"));
  zmq::Socket stop(context, ZMQ_PAIR);
  NV_CHECK(stop.bind(kStopEndpoint) && stop_.connect(kStopEndpoint));
  thread_ =
      std::thread([this](zmq::Socket asked, zmq::Socket told) { serve(std::move(asked), std::move(told)); },
                  std::move(requests), std::move(stop));
}

ZapHandler::~ZapHandler() {
  zmq::Message end;
  NV_CHECK(stop_.send(end, ZMQ_DONTWAIT));
  thread_.join();
}

void ZapHandler::serve(zmq::Socket requests, zmq::Socket stop) noexcept {
  zmq_pollitem_t items[] = {{requests.handle(), 0, ZMQ_POLLIN, 0}, {stop.handle(), 0, ZMQ_POLLIN, 0}};
  while (true) {
    const int ready = zmq_poll(items, 2, -1);
    if (ready < 0 && errno == EINTR) continue;
    // Invariant 4: no handler means that nobody can connect. A restart is quicker than a person.
    NV_CHECK(ready >= 0);
    if ((items[1].revents & ZMQ_POLLIN) != 0) return;
    while (answer_one(requests)) {
    }
  }
}

bool ZapHandler::answer_one(zmq::Socket& requests) {
  std::vector<Bytes> request;
  while (true) {
    zmq::Message part;
    if (!requests.receive(part, ZMQ_DONTWAIT)) return false;
    request.push_back(to_bytes(part.bytes()));
    if (!part.more()) break;
  }
  const auto key = key_of(request);
  const bool known = key && table_.find(*key, now_());
  (known ? admitted_ : refused_).fetch_add(1, std::memory_order_relaxed);
  const std::string user = known ? to_hex(key->bytes) : std::string();
  const Bytes request_id = request.size() > 1 ? request[1] : Bytes{};
  // The refused peer learns 400 and no more: not whether its key was unknown, expired or revoked.
  const std::array<ByteView, 6> answer = {as_bytes("1.0"),
                                          ByteView(request_id),
                                          as_bytes(known ? "200" : "400"),
                                          as_bytes(known ? "OK" : "refused"),
                                          as_bytes(user),
                                          ByteView()};
  for (std::size_t i = 0; i < answer.size(); ++i) {
    zmq::Message part(answer[i]);
    // The asking session may have gone; REP then drops the answer, it does not fail.
    NV_CHECK(requests.send(part, i + 1 < answer.size() ? ZMQ_SNDMORE : 0));
  }
  return true;
}

}  // namespace nattevagt::broker
