#include "broker/io/admission_check.h"

#include <cerrno>
#include <cstring>

namespace nattevagt::broker {
namespace {

constexpr int kPatienceMs = 3'000;  // of one handshake over loopback

enum class Handshake : std::uint8_t { kAdmitted, kRefused, kNothing };

Handshake read_outcome(zmq::Socket& monitor) {
  zmq_pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
  while (true) {
    const int ready = zmq_poll(&item, 1, kPatienceMs);
    if (ready < 0 && errno == EINTR) continue;  // a signal says nothing about the door
    if (ready <= 0) return Handshake::kNothing;
    zmq::Message head, address;
    if (!monitor.receive(head, ZMQ_DONTWAIT) || !monitor.receive(address, ZMQ_DONTWAIT)) continue;
    std::uint16_t event = 0;
    std::memcpy(&event, head.bytes().data(), sizeof(event));
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return Handshake::kAdmitted;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return Handshake::kRefused;
  }
}

// Each try has a monitor endpoint of its own: libzmq frees one in its own time.
Handshake try_key(zmq::Context& context, const std::string& endpoint, const CurvePublicKey& server_key,
                  const CurveSecretKey& key, const char* monitor_endpoint) {
  zmq::Socket client(context, ZMQ_DEALER);
  client.set(ZMQ_CURVE_SERVERKEY, ByteView(server_key.bytes));
  client.set(ZMQ_CURVE_PUBLICKEY, ByteView(curve_public_key(key).bytes));
  client.set(ZMQ_CURVE_SECRETKEY, ByteView(key.expose()));
  NV_CHECK(zmq_socket_monitor(client.handle(), monitor_endpoint,
                              ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) == 0);
  zmq::Socket monitor(context, ZMQ_PAIR);
  NV_CHECK(monitor.connect(monitor_endpoint) && client.connect(endpoint));
  const Handshake outcome = read_outcome(monitor);
  zmq_socket_monitor(client.handle(), nullptr, 0);
  return outcome;
}

}  // namespace

Status check_admission(zmq::Context& context, zmq::Socket& server, const CurvePublicKey& server_key,
                       AdmissionTable& table, Entropy& entropy) {
  if (!server.bind("tcp://127.0.0.1:*")) return fail(Errc::kUnavailable, "admission test");
  const std::string endpoint = server.last_endpoint();
  const auto unknown = entropy.make_secret<CurveSecretKey>();
  const auto known = entropy.make_secret<CurveSecretKey>();
  const Handshake of_unknown =
      try_key(context, endpoint, server_key, unknown, "inproc://nattevagt.door.unknown");
  // No grant has the id 0, so even if the row stayed it would let nobody do anything.
  table.admit(curve_public_key(known), GrantPrincipal{}, kNever);
  const Handshake of_known = try_key(context, endpoint, server_key, known, "inproc://nattevagt.door.known");
  table.forget(curve_public_key(known));
  NV_CHECK(server.unbind(endpoint));
  if (of_unknown != Handshake::kRefused) return fail(Errc::kNotPermitted, "unknown key admitted");
  if (of_known != Handshake::kAdmitted) return fail(Errc::kNotPermitted, "known key refused");
  return {};
}

}  // namespace nattevagt::broker
