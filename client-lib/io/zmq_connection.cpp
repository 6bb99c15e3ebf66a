#include "client-lib/io/zmq_connection.h"

#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "proto/common/check.h"
#include "proto/common/limits.h"

namespace nattevagt::client {
namespace {

// CURVE adds a nonce, a box and ZMTP's own command header to each frame.
constexpr std::int64_t kFrameOverheadBytes = 64;
// How long a frame that was handed over just before an orderly end may still leave.
constexpr int kOrderlyLingerMs = 200;
// A hub that restarts can drop us in the middle of one handshake; a wrong key drops us in every one.
constexpr int kHandshakesLostBeforeUntrusted = 2;
constexpr int kEventsPerPoll = 256;

void set_option(void* socket, int option, int value) {
  NV_CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

struct MonitorEvent {
  int kind = 0;
};

}  // namespace

struct ZmqConnection::State {
  State(Clock& clock_in, Entropy& entropy_in, const ZmqConnectionOptions& options_in)
      : clock(clock_in), entropy(entropy_in), options(options_in), context(zmq_ctx_new()) {
    NV_CHECK(context != nullptr);
    NV_CHECK(zmq_ctx_set(context, ZMQ_IO_THREADS, 1) == 0);
  }
  ~State() {
    close_socket(kOrderlyLingerMs);
    zmq_ctx_term(context);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void open_socket();
  void close_socket(int linger_ms);
  void lose(Errc reason, std::vector<LinkEvent>& out);
  void report_down(Errc reason, std::vector<LinkEvent>& out);
  Millis back_off();
  bool next_monitor_event(MonitorEvent& event);
  void on_monitor(const MonitorEvent& event, std::vector<LinkEvent>& out);
  void drain_monitor(std::vector<LinkEvent>& out);
  void drain_frames(std::vector<LinkEvent>& out);
  bool wait_readable(Millis wait);

  Clock& clock;
  Entropy& entropy;
  const ZmqConnectionOptions options;
  void* context;
  void* socket = nullptr;
  void* monitor = nullptr;
  std::uint64_t sockets_made = 0;
  std::vector<int> wake_descriptors;

  bool wanted = false;  // between connect() and disconnect()
  wire::HubPin hub;
  CurveSecretKey key;

  bool up = false;
  bool handshaking = false;  // TCP is there, CURVE is not done
  std::optional<Errc> reported;
  int handshakes_lost = 0;  // in a row
  int attempts = 0;         // since the link was last up
  Millis reopen_at{};       // monotonic; when wanted and there is no socket
};

void ZmqConnection::State::open_socket() {
  NV_CHECK(socket == nullptr && monitor == nullptr && wanted);
  socket = zmq_socket(context, ZMQ_DEALER);
  NV_CHECK(socket != nullptr);
  const auto public_key = curve_public_key(key);
  NV_CHECK(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, hub.curve_key.bytes.data(), 32) == 0);
  NV_CHECK(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key.bytes.data(), 32) == 0);
  NV_CHECK(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key.expose().data(), 32) == 0);
  const std::int64_t frame_bytes_max =
      static_cast<std::int64_t>(limits::kFrameBytesMax) + kFrameOverheadBytes;
  NV_CHECK(zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max) == 0);
  set_option(socket, ZMQ_IMMEDIATE, 1);
  set_option(socket, ZMQ_LINGER, 0);
  set_option(socket, ZMQ_SNDHWM, options.send_queue_frames);
  set_option(socket, ZMQ_RCVHWM, options.receive_queue_frames);
  set_option(socket, ZMQ_HANDSHAKE_IVL, static_cast<int>(options.handshake_timeout.count()));
  set_option(socket, ZMQ_CONNECT_TIMEOUT, static_cast<int>(options.handshake_timeout.count()));
  set_option(socket, ZMQ_HEARTBEAT_IVL, static_cast<int>(options.heartbeat.count()));
  set_option(socket, ZMQ_HEARTBEAT_TIMEOUT, static_cast<int>(options.heartbeat_timeout.count()));
  set_option(socket, ZMQ_HEARTBEAT_TTL, static_cast<int>(options.heartbeat_timeout.count()));
  // These two serve a hub that does not listen yet; libzmq adds jitter of its own to the first.
  set_option(socket, ZMQ_RECONNECT_IVL, static_cast<int>(options.reconnect_min.count()));
  set_option(socket, ZMQ_RECONNECT_IVL_MAX, static_cast<int>(options.reconnect_max.count()));
  set_option(socket, ZMQ_IPV6, 1);

  const std::string endpoint = "inproc://nattevagt-monitor-" + std::to_string(++sockets_made);
  constexpr int kWatched = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CLOSED |
                           ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                           ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                           ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
  NV_CHECK(zmq_socket_monitor(socket, endpoint.c_str(), kWatched) == 0);
  monitor = zmq_socket(context, ZMQ_PAIR);
  NV_CHECK(monitor != nullptr);
  set_option(monitor, ZMQ_LINGER, 0);
  NV_CHECK(zmq_connect(monitor, endpoint.c_str()) == 0);
  handshaking = false;
  // A bad endpoint comes from a signed grant, so it is input: it shows as a link that never comes up.
  if (zmq_connect(socket, hub.endpoint.c_str()) != 0) {
    close_socket(0);
    reopen_at = clock.monotonic() + options.reconnect_max;
  }
}

void ZmqConnection::State::close_socket(int linger_ms) {
  if (socket == nullptr) return;
  set_option(socket, ZMQ_LINGER, linger_ms);
  zmq_socket_monitor(socket, nullptr, 0);
  zmq_close(monitor);
  zmq_close(socket);
  monitor = socket = nullptr;
  up = handshaking = false;
}

Millis ZmqConnection::State::back_off() {
  // Half fixed, half random, doubling: devices that fell together come back spread out.
  const int doublings = std::min(attempts, 10);
  const Millis ceiling = std::min(options.reconnect_max, options.reconnect_min * (1 << (doublings + 1)));
  std::array<std::uint8_t, 4> draw{};
  entropy.fill(draw);
  const std::uint32_t number =
      static_cast<std::uint32_t>(draw[0]) | (static_cast<std::uint32_t>(draw[1]) << 8) |
      (static_cast<std::uint32_t>(draw[2]) << 16) | (static_cast<std::uint32_t>(draw[3]) << 24);
  const auto half = std::max<std::int64_t>(1, ceiling.count() / 2);
  return Millis(half + static_cast<std::int64_t>(number) % half);
}

void ZmqConnection::State::report_down(Errc reason, std::vector<LinkEvent>& out) {
  if (reported == reason) return;
  reported = reason;
  out.emplace_back(LinkDown{reason});
}

void ZmqConnection::State::lose(Errc reason, std::vector<LinkEvent>& out) {
  close_socket(0);
  reopen_at = clock.monotonic() + back_off();
  ++attempts;
  report_down(reason, out);
}

bool ZmqConnection::State::next_monitor_event(MonitorEvent& event) {
  if (monitor == nullptr) return false;
  std::array<std::uint8_t, 6> head{};
  if (zmq_recv(monitor, head.data(), head.size(), ZMQ_DONTWAIT) < 0) return false;
  std::uint16_t kind = 0;
  std::memcpy(&kind, head.data(), sizeof kind);  // host order, zmq_socket_monitor(3)
  event.kind = kind;
  std::array<std::uint8_t, 256> address{};  // the second part; of no use here
  zmq_recv(monitor, address.data(), address.size(), ZMQ_DONTWAIT);
  return true;
}

void ZmqConnection::State::on_monitor(const MonitorEvent& event, std::vector<LinkEvent>& out) {
  switch (event.kind) {
    case ZMQ_EVENT_CONNECTED: handshaking = true; break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      handshaking = false;
      up = true;
      reported.reset();
      handshakes_lost = attempts = 0;
      out.emplace_back(LinkUp{});
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: lose(Errc::kUntrusted, out); break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_DISCONNECTED:
      if (handshaking) {
        // A hub with another key cannot answer our HELLO and hangs up without a word.
        ++handshakes_lost;
        lose(handshakes_lost >= kHandshakesLostBeforeUntrusted ? Errc::kUntrusted : Errc::kUnavailable, out);
      } else {
        drain_frames(out);  // what the hub said last, a Goodbye say, came before the loss
        lose(Errc::kUnavailable, out);
      }
      break;
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_CONNECT_RETRIED: report_down(Errc::kUnavailable, out); break;
    default: break;
  }
}

void ZmqConnection::State::drain_monitor(std::vector<LinkEvent>& out) {
  MonitorEvent event;
  while (next_monitor_event(event)) on_monitor(event, out);
}

void ZmqConnection::State::drain_frames(std::vector<LinkEvent>& out) {
  for (int i = 0; i < kEventsPerPoll && socket != nullptr && up; ++i) {
    zmq_msg_t message;
    NV_CHECK(zmq_msg_init(&message) == 0);
    if (zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) < 0) {
      zmq_msg_close(&message);
      return;
    }
    const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&message));
    const bool more = zmq_msg_more(&message) != 0;
    FrameReceived frame{Bytes(data, data + zmq_msg_size(&message))};
    zmq_msg_close(&message);
    if (more) {  // P-001: a frame is one part; our own hub never sends several
      lose(Errc::kMalformed, out);
      return;
    }
    out.emplace_back(std::move(frame));
  }
}

bool ZmqConnection::State::wait_readable(Millis wait) {
  std::vector<zmq_pollitem_t> items;
  if (socket != nullptr) {
    items.push_back({monitor, 0, ZMQ_POLLIN, 0});
    items.push_back({socket, 0, ZMQ_POLLIN, 0});
  }
  const std::size_t own = items.size();
  for (const int descriptor : wake_descriptors) items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
  const int found = zmq_poll(items.data(), static_cast<int>(items.size()), static_cast<long>(wait.count()));
  NV_CHECK(found >= 0 || errno == EINTR || errno == EBADF || errno == ENOTSOCK);
  if (found < 0) return true;  // a signal: let the program look at it
  return std::any_of(items.begin() + static_cast<std::ptrdiff_t>(own), items.end(),
                     [](const zmq_pollitem_t& item) { return item.revents != 0; });
}

ZmqConnection::ZmqConnection(Clock& clock, Entropy& entropy, ZmqConnectionOptions options)
    : state_(std::make_unique<State>(clock, entropy, options)) {}
ZmqConnection::~ZmqConnection() = default;

void ZmqConnection::connect(const wire::HubPin& hub, const CurveSecretKey& key) {
  State& s = *state_;
  s.close_socket(0);
  s.hub = hub;
  s.key = key.duplicate();
  s.wanted = true;
  s.reported.reset();
  s.handshakes_lost = s.attempts = 0;
  s.open_socket();
}

void ZmqConnection::disconnect() {
  state_->wanted = false;
  state_->close_socket(kOrderlyLingerMs);
}

Status ZmqConnection::send(ByteView frame) {
  State& s = *state_;
  if (frame.size() > limits::kFrameBytesMax) return fail(Errc::kTooLarge, "P-001");
  if (!s.up) return fail(Errc::kUnavailable, "ZmqConnection::send");
  if (zmq_send(s.socket, frame.data(), frame.size(), ZMQ_DONTWAIT) >= 0) return {};
  // EAGAIN: the queue is full, or the peer is gone and its monitor event is under way.
  NV_CHECK(errno == EAGAIN || errno == EINTR);
  return fail(Errc::kBusy, "ZmqConnection::send");
}

std::vector<LinkEvent> ZmqConnection::poll(Millis wait) {
  State& s = *state_;
  std::vector<LinkEvent> out;
  const Millis end = s.clock.monotonic() + std::max(wait, Millis(0));
  while (true) {
    const Millis now = s.clock.monotonic();
    if (s.wanted && s.socket == nullptr && now >= s.reopen_at) s.open_socket();
    // The monitor first: HANDSHAKE_SUCCEEDED was put there before the session's first frame.
    s.drain_monitor(out);
    s.drain_frames(out);
    if (!out.empty() || now >= end) return out;
    Millis pause = end - now;
    if (s.wanted && s.socket == nullptr) pause = std::min(pause, std::max(s.reopen_at - now, Millis(1)));
    if (s.wait_readable(pause)) {
      s.drain_monitor(out);
      s.drain_frames(out);
      return out;
    }
  }
}

void ZmqConnection::wake_on(std::vector<int> descriptors) {
  state_->wake_descriptors = std::move(descriptors);
}

}  // namespace nattevagt::client
