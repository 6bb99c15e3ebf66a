#include "broker/io/front.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>

#include "broker/io/admission_check.h"
#include "broker/io/zap.h"

namespace nattevagt::broker {
namespace {

constexpr int kMonitorEvents = ZMQ_EVENT_LISTENING | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED |
                               ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
constexpr const char* kMonitorEndpoint = "inproc://nattevagt.front.monitor.";
// A CURVE MESSAGE command around the frame: name, nonce, MAC, flags; and room, because the codec refuses
// what is a little too large with a clear answer, libzmq by cutting the connection.
constexpr std::int64_t kFrameOverheadBytes = 256;
// How long a closed session's route is remembered after its last frame while its connection stays open.
constexpr Millis kClosedMemory = std::chrono::minutes(10);

int milliseconds(Millis value) noexcept { return static_cast<int>(value.count()); }

std::uint64_t route_number(const std::array<std::uint8_t, 5>& route) noexcept {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : route) number = (number << 8) | byte;
  return number;
}

Status check_library() {
  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  // Older ones have remote faults (CVE-2021-20234 to 20237).
  if (std::array{major, minor, patch} < std::array{4, 3, 4})
    return fail(Errc::kUnsupported, "libzmq version");
  if (zmq_has("curve") == 0) return fail(Errc::kUnsupported, "libzmq curve");
  return {};
}

}  // namespace

Front::Front(zmq::Context& context, const CurveSecretKey& key, AdmissionTable& table, FrontOptions options)
    : table_(table), options_(std::move(options)), router_(context, ZMQ_ROUTER) {
  router_.set(ZMQ_CURVE_SERVER, 1);
  router_.set(ZMQ_CURVE_SECRETKEY, ByteView(key.expose()));
  router_.set(ZMQ_ZAP_DOMAIN, kZapDomain);
  router_.set(zmq::kZapEnforceDomain, 1);
  router_.set(ZMQ_MAXMSGSIZE,
              static_cast<std::int64_t>(limits::kFrameBytesMax) + kFrameOverheadBytes);  // trap 5
  router_.set(ZMQ_HANDSHAKE_IVL, milliseconds(options_.handshake));
  router_.set(ZMQ_HEARTBEAT_IVL, milliseconds(options_.heartbeat));
  router_.set(ZMQ_HEARTBEAT_TIMEOUT, milliseconds(3 * options_.heartbeat));
  router_.set(ZMQ_HEARTBEAT_TTL, milliseconds(3 * options_.heartbeat));
  router_.set(ZMQ_ROUTER_MANDATORY, 1);
  router_.set(ZMQ_ROUTER_HANDOVER, 0);
  router_.set(ZMQ_SNDHWM, options_.send_queue);
  router_.set(ZMQ_RCVHWM, options_.receive_queue);
  router_.set(ZMQ_BACKLOG, options_.backlog);
  router_.set(ZMQ_TCP_KEEPALIVE, 1);
  router_.set(ZMQ_TCP_KEEPALIVE_IDLE, 30);
  router_.set(ZMQ_TCP_KEEPALIVE_INTVL, 10);
  router_.set(ZMQ_TCP_KEEPALIVE_CNT, 3);
  router_.set(ZMQ_IPV6, options_.endpoint.find('[') != std::string::npos ? 1 : 0);

  // Named by the socket: libzmq ends a closed front's monitor in its own time, and holds its name until then.
  const std::string monitor_name =
      kMonitorEndpoint + std::to_string(reinterpret_cast<std::uintptr_t>(router_.handle()));
  NV_CHECK(zmq_socket_monitor(router_.handle(), monitor_name.c_str(), kMonitorEvents) == 0);
  monitor_ = zmq::Socket(context, ZMQ_PAIR);
  // libzmq's I/O thread waits for room here: without a bound it never does.
  monitor_.set(ZMQ_RCVHWM, 0);
  NV_CHECK(monitor_.connect(monitor_name));
}

Front::~Front() {
  zmq_socket_monitor(router_.handle(), nullptr, 0);
  monitor_.close();
}

Result<std::unique_ptr<Front>> Front::open(zmq::Context& context, const CurveSecretKey& key,
                                           AdmissionTable& table, FrontOptions options, Entropy& entropy) {
  NV_TRYV(check_library());
  std::unique_ptr<Front> front(new Front(context, key, table, std::move(options)));
  // On a port of its own, so that nobody reaches the hub before the test has passed.
  NV_TRYV(check_admission(context, front->router_, curve_public_key(key), table, entropy));
  NV_TRYV(front->listen());
  front->counters_ = {};
  return front;
}

Result<std::unique_ptr<Front>> Front::open_untested(zmq::Context& context, const CurveSecretKey& key,
                                                    AdmissionTable& table, FrontOptions options) {
  NV_TRYV(check_library());
  std::unique_ptr<Front> front(new Front(context, key, table, std::move(options)));
  NV_TRYV(front->listen());
  return front;
}

Status Front::listen() {
  read_monitor();
  listener_ = -1;  // the door check's
  if (!router_.bind(options_.endpoint)) return fail(Errc::kUnavailable, "front bind");
  endpoint_ = router_.last_endpoint();
  read_monitor();  // bind has said by now which descriptor listens
  NV_CHECK(listener_ >= 0);
  return {};
}

// Without this, a listener without descriptors spins an I/O thread at 100 % (trap 9). A filter that lets
// nothing through drops SYNs at the listening socket; connections have sockets of their own.
void Front::set_accepting(bool accepting) {
  sock_filter drop_all{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop_all};
  const int changed = accepting
                          ? ::setsockopt(listener_, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(program))
                          : ::setsockopt(listener_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
  if (changed != 0) return;  // tried again at the next turn; accept() failures are counted and alarmed
  accepting_ = accepting;
  if (!accepting) ++counters_.listener_paused;
}

bool Front::receive(UtcTime now, std::size_t messages_max, std::vector<FrontEvent>& out) {
  read_monitor();
  if (dropping_ && !drop_rest_of_message()) return true;
  for (std::size_t taken = 0; taken < messages_max; ++taken) {
    zmq::Message route;
    if (!router_.receive(route, ZMQ_DONTWAIT)) {
      // Only now: what a connection sent before it ended has been read.
      emit_disconnected(out);
      return false;
    }
    if (!route.more()) continue;
    zmq::Message payload;
    // The parts of a message come together or not at all.
    NV_CHECK(router_.receive(payload, ZMQ_DONTWAIT));
    if (payload.more()) {
      ++counters_.multipart_refused;
      dropping_ = true;
      if (!drop_rest_of_message()) return true;
      continue;
    }
    take_message(now, route, payload, out);
  }
  return true;
}

// False when the message goes on after kPartsPerTurn parts.
bool Front::drop_rest_of_message() {
  for (std::size_t parts = 0; parts < kPartsPerTurn; ++parts) {
    zmq::Message part;
    NV_CHECK(router_.receive(part, ZMQ_DONTWAIT));
    dropping_ = part.more();
    if (!dropping_) return true;
  }
  return false;
}

void Front::take_message(UtcTime now, const zmq::Message& route_part, const zmq::Message& payload,
                         std::vector<FrontEvent>& out) {
  Route route{};
  const ByteView route_bytes = route_part.bytes();
  if (route_bytes.size() != route.size() || route_bytes[0] != 0) {
    ++counters_.routing_id_refused;
    return;
  }
  std::copy(route_bytes.begin(), route_bytes.end(), route.begin());
  // Of the payload frame: the routing-id frame has lost it after zmq_poll in 4.3.4 (trap 2).
  const auto user = from_hex(payload.property("User-Id"));
  CurvePublicKey key;
  if (!user || user->size() != key.bytes.size()) {
    ++counters_.unknown_user_refused;
    return;
  }
  std::copy(user->begin(), user->end(), key.bytes.begin());
  Session* session = session_of(now, route, key, payload.source_descriptor(), out);
  if (session == nullptr) return;
  ++counters_.frames_in;
  counters_.bytes_in += payload.bytes().size();
  out.push_back(FrontFrame{session->id, to_bytes(payload.bytes())});
}

// Null: refused and counted.
Front::Session* Front::session_of(UtcTime now, const Route& route, const CurvePublicKey& key, int descriptor,
                                  std::vector<FrontEvent>& out) {
  auto& slot = by_route_[route_number(route)];
  if (slot && slot->key == key) {
    slot->heard = now;
    if (!slot->closed) return slot.get();
    ++counters_.closed_dropped;
    return nullptr;
  }
  // libzmq numbers connections with 32 bits; after a wrap a route may come back with another key.
  if (slot) {
    mark_closed(*slot, out);
    slot.reset();
  }
  const auto principal = table_.find(key, now);
  if (!principal) {
    // Revoked or expired since its handshake.
    ++counters_.unknown_user_refused;
    by_route_.erase(route_number(route));
    return nullptr;
  }
  // What the monitor said before this connection's handshake is about an earlier user of the descriptor:
  // libzmq reports the end of a connection before it closes the descriptor, and a handshake before its first
  // message.
  read_monitor();
  slot = std::make_unique<Session>(Session{++last_session_, route, key, descriptor, now});
  open_.emplace(slot->id, slot.get());
  by_descriptor_[descriptor] = slot->id;
  out.push_back(FrontOpened{slot->id, *principal});
  return slot.get();
}

Sent Front::send(SessionId id, std::shared_ptr<const Bytes> frame) {
  const auto found = open_.find(id);
  if (found == open_.end()) return Sent::kGone;
  zmq::Message route{ByteView(found->second->route)};
  if (!router_.send(route, ZMQ_SNDMORE | ZMQ_DONTWAIT)) {
    NV_CHECK(errno == EAGAIN || errno == EHOSTUNREACH);
    const bool stalled = errno == EAGAIN;
    ++(stalled ? counters_.send_stalled : counters_.send_gone);
    if (!stalled) disconnected_.push_back(id);
    return stalled ? Sent::kStalled : Sent::kGone;
  }
  ++counters_.frames_out;
  counters_.bytes_out += frame->size();
  zmq::Message payload(std::move(frame));
  // The route was taken, so its pipe takes the rest, or drops it when the peer has just gone.
  NV_CHECK(router_.send(payload, ZMQ_DONTWAIT));
  return Sent::kYes;
}

void Front::close_session(SessionId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  found->second->closed = true;
  open_.erase(found);
}

void Front::mark_closed(Session& session, std::vector<FrontEvent>& out) {
  if (session.closed) return;
  out.push_back(FrontClosed{session.id});
  close_session(session.id);
}

void Front::emit_disconnected(std::vector<FrontEvent>& out) {
  for (; !disconnected_.empty(); disconnected_.pop_front()) {
    const auto found = open_.find(disconnected_.front());
    if (found == open_.end()) continue;
    found->second->disconnected = true;
    mark_closed(*found->second, out);
  }
}

void Front::watch(UtcTime now, std::vector<FrontEvent>& out) {
  read_monitor();
  for (auto row = by_route_.begin(); row != by_route_.end();) {
    Session& session = *row->second;
    if (!session.closed && now - session.heard >= options_.session_silence) {
      ++counters_.silent_closed;
      mark_closed(session, out);
    }
    const bool forget = session.closed && (session.disconnected || now - session.heard >= kClosedMemory);
    row = forget ? by_route_.erase(row) : std::next(row);
  }
  const std::size_t live = live_descriptors_.size();
  if (!accepting_ && live < options_.connections_max - options_.connections_max / 10) set_accepting(true);
  counters_.connections = live;
  counters_.sessions = open_.size();
}

void Front::read_monitor() {
  while (true) {
    zmq::Message head;
    if (!monitor_.receive(head, ZMQ_DONTWAIT)) break;
    zmq::Message address;  // an endpoint text: a peer's address is nobody's business
    NV_CHECK(head.more() && monitor_.receive(address, ZMQ_DONTWAIT));
    const ByteView bytes = head.bytes();
    NV_CHECK(bytes.size() == 6);
    std::uint16_t event = 0;
    std::int32_t value = 0;
    std::copy_n(bytes.data(), sizeof(event), reinterpret_cast<std::uint8_t*>(&event));
    std::copy_n(bytes.data() + sizeof(event), sizeof(value), reinterpret_cast<std::uint8_t*>(&value));
    handle_monitor(event, value);
  }
  if (accepting_ && live_descriptors_.size() >= options_.connections_max) set_accepting(false);
}

void Front::handle_monitor(std::uint16_t event, int value) {
  switch (event) {
    case ZMQ_EVENT_LISTENING: listener_ = value; break;
    case ZMQ_EVENT_ACCEPTED:
      ++counters_.accepted;
      live_descriptors_.insert(value);
      break;
    case ZMQ_EVENT_ACCEPT_FAILED: ++counters_.accept_failed; break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: ++counters_.handshakes; break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: ++counters_.handshakes_refused; break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: ++counters_.handshakes_malformed; break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: ++counters_.handshakes_abandoned; break;
    case ZMQ_EVENT_DISCONNECTED:
    case ZMQ_EVENT_CLOSED: {
      if (live_descriptors_.erase(value) != 0) ++counters_.disconnected;
      const auto session = by_descriptor_.find(value);
      if (session != by_descriptor_.end()) {
        disconnected_.push_back(session->second);
        by_descriptor_.erase(session);
      }
      break;
    }
    default: break;  // an event of a later libzmq
  }
}

}  // namespace nattevagt::broker
