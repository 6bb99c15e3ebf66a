// The hub's front: one ROUTER socket with CURVE, turned into sessions, frames in and frames out.
//
// What libzmq 4.3 does when nobody looks is answered here; "trap n" is explained, and tried, in
// tests/system/traps_test.cpp.
//
// Invariants:
//  1. Who speaks is the User-Id of the payload frame, set by our ZAP handler (P-011, traps 1 and 2). A
//     frame without one is dropped and counted.
//  2. A session is one connection, named by the routing id that libzmq gave it (5 bytes, the first 0). A
//     routing id that the peer chose is refused (P-012, trap 3). Session numbers are never reused.
//  3. A message is one frame (P-001); one of several parts is dropped whole, at most kPartsPerTurn parts a
//     call.
//  4. Bytes are copied out of libzmq's buffers at once (trap 10).
//  5. send() never blocks and never loses in silence: kStalled or kGone (trap 6). Sent is not delivered
//     (trap 7): that is what Ack is for.
//  6. At most `connections_max` connections and the backlog: there the kernel is told to drop what asks for
//     a new one, until a tenth has gone; TCP asks again by itself (trap 9). Not by zmq_unbind: in 4.3.4 it
//     also ends every connection that the listener ever accepted (measured; a stranger could so disconnect
//     everybody).
//
// Ownership: a resource; context and table outlive it. Threads: one.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "broker/io/admission.h"
#include "broker/io/zmq_handle.h"
#include "proto/common/entropy.h"
#include "proto/common/limits.h"

namespace nattevagt::broker {

struct FrontOptions {
  std::string endpoint;  // "tcp://0.0.0.0:5670"; port * takes a free one
  std::size_t connections_max = 10'000;
  Millis handshake = std::chrono::seconds(4);         // trap 8
  Millis heartbeat = std::chrono::seconds(15);        // ZMTP ping; a peer silent for three is cut
  Millis session_silence = std::chrono::seconds(45);  // no frame for so long: the session is over (P-013)
  int send_queue = 1024;  // frames a peer; above unacknowledged plus in flight (P-090)
  int receive_queue = 256;
  int backlog = 1024;
};

struct FrontOpened {
  SessionId session = 0;
  Principal principal;
};
struct FrontFrame {
  SessionId session = 0;
  Bytes bytes;
};
struct FrontClosed {
  SessionId session = 0;
};
using FrontEvent = std::variant<FrontOpened, FrontFrame, FrontClosed>;

struct FrontCounters {
  std::uint64_t connections = 0, sessions = 0;  // now; the rest only rise
  std::uint64_t accepted = 0, accept_failed = 0, disconnected = 0;
  std::uint64_t handshakes = 0, handshakes_refused = 0, handshakes_malformed = 0, handshakes_abandoned = 0;
  std::uint64_t frames_in = 0, frames_out = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t multipart_refused = 0, routing_id_refused = 0, unknown_user_refused = 0, closed_dropped = 0;
  std::uint64_t send_stalled = 0, send_gone = 0, silent_closed = 0, listener_paused = 0;
};

enum class Sent : std::uint8_t { kYes, kStalled, kGone };

class Front {
 public:
  // Binds, after a test from inside: a key that is not in the table must be refused and one that is must get
  // in. kUnsupported: libzmq is older than 4.3.4 or without CURVE. kNotPermitted: the test's unknown key got
  // in, or its known one did not. kUnavailable: the endpoint cannot be bound.
  static Result<std::unique_ptr<Front>> open(zmq::Context& context, const CurveSecretKey& key,
                                             AdmissionTable& table, FrontOptions options, Entropy& entropy);
  // Without the test: for tests of what libzmq does when the ZAP handler is away.
  static Result<std::unique_ptr<Front>> open_untested(zmq::Context& context, const CurveSecretKey& key,
                                                      AdmissionTable& table, FrontOptions options);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  const std::string& endpoint() const noexcept { return endpoint_; }  // with the real port

  // At most `messages_max` messages; true when there may be more. `now` is the hub's time line.
  bool receive(UtcTime now, std::size_t messages_max, std::vector<FrontEvent>& out);
  Sent send(SessionId session, std::shared_ptr<const Bytes> frame);
  // Forgets the route: later input on it is dropped. libzmq 4.3 cannot cut a connection (P-028).
  void close_session(SessionId session);
  // Sessions that fell silent, and the listener; call about once a second.
  void watch(UtcTime now, std::vector<FrontEvent>& out);

  // When the front goes: how long it still tries to hand over what was sent.
  void flush_on_close(int wait_ms) { router_.set(ZMQ_LINGER, wait_ms); }

  bool accepting() const noexcept { return accepting_; }
  const FrontCounters& counters() const noexcept { return counters_; }
  // For the runner's zmq_poll.
  void* socket() const noexcept { return router_.handle(); }
  void* monitor() const noexcept { return monitor_.handle(); }

 private:
  static constexpr std::size_t kPartsPerTurn = 4096;
  using Route = std::array<std::uint8_t, 5>;
  struct Session {
    SessionId id = 0;
    Route route{};
    CurvePublicKey key;
    int descriptor = -1;
    UtcTime heard;
    bool closed = false;        // input is dropped
    bool disconnected = false;  // no more input will come
  };

  Front(zmq::Context& context, const CurveSecretKey& key, AdmissionTable& table, FrontOptions options);
  Status listen();
  void set_accepting(bool accepting);
  bool drop_rest_of_message();
  void take_message(UtcTime now, const zmq::Message& route, const zmq::Message& payload,
                    std::vector<FrontEvent>& out);
  Session* session_of(UtcTime now, const Route& route, const CurvePublicKey& key, int descriptor,
                      std::vector<FrontEvent>& out);
  void read_monitor();
  void handle_monitor(std::uint16_t event, int value);
  void emit_disconnected(std::vector<FrontEvent>& out);
  void mark_closed(Session& session, std::vector<FrontEvent>& out);

  AdmissionTable& table_;
  FrontOptions options_;
  std::string endpoint_;
  zmq::Socket router_;
  zmq::Socket monitor_;
  int listener_ = -1;  // libzmq's
  bool accepting_ = true;
  bool dropping_ = false;  // in the middle of a message of several parts
  SessionId last_session_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> by_route_;
  std::unordered_map<SessionId, Session*> open_;
  std::unordered_map<int, SessionId> by_descriptor_;
  std::set<int> live_descriptors_;
  std::deque<SessionId> disconnected_;
  FrontCounters counters_;
};

}  // namespace nattevagt::broker
