// What libzmq 4.3.4 does when nobody looks, each with the real front. All of it was measured.
//
//  1. CURVE with a ZAP domain and no handler there: everybody is admitted, unless option 93 enforces it.
//  2. User-Id is missing on the routing-id frame after zmq_poll; it is on the payload frame.
//  3. A peer may choose its routing id, and so hold or steal another's.
//  4. A message of parts without end grows outside every limit, and the program never sees it.
//  5. Without ZMQ_MAXMSGSIZE a stranger's announced length is allocated before any handshake.
//  6. Without ZMQ_ROUTER_MANDATORY what a slow peer's queue cannot hold is dropped in silence.
//  7. A send that said ok is lost when the peer dies: only its Ack means delivered.
//  8. A silent connection stays for 30 s by default.
//  9. Without descriptors the listener spins an I/O thread; zmq_unbind, the way out that its manual
//     suggests, ends every connection the listener ever accepted.
//  10. A kept zmq_msg_t holds the 8 KiB buffer it was read in.
//
// Trap 4 and a whole process short of connections are in hostile_peers_test.cpp.
#include <gtest/gtest.h>

#include <thread>

#include "broker/io/front.h"
#include "broker/io/process.h"
#include "broker/io/zap.h"
#include "proto/common/system.h"
#include "tests/system/raw_zmtp.h"

namespace nattevagt::testing {
namespace {

using namespace nattevagt::broker;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kHang = std::chrono::seconds(30);

class Client {
 public:
  Client(const std::string& endpoint, const CurvePublicKey& hub, const CurveSecretKey& key,
         std::string_view routing_id = {}, int receive_queue = 0)
      : socket_(context_, ZMQ_DEALER) {
    socket_.set(ZMQ_CURVE_SERVERKEY, ByteView(hub.bytes));
    socket_.set(ZMQ_CURVE_PUBLICKEY, ByteView(curve_public_key(key).bytes));
    socket_.set(ZMQ_CURVE_SECRETKEY, ByteView(key.expose()));
    if (!routing_id.empty()) socket_.set(ZMQ_ROUTING_ID, routing_id);
    if (receive_queue != 0) socket_.set(ZMQ_RCVHWM, receive_queue);
    socket_.set(ZMQ_SNDHWM, 100'000);
    NV_CHECK(socket_.connect(endpoint));
  }
  bool send(std::string_view text, bool more = false) {
    zmq::Message message{as_bytes(text)};
    return socket_.send(message, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
  }
  std::optional<std::string> receive(int patience_ms) {
    zmq_pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, patience_ms) <= 0) return {};
    zmq::Message message;
    if (!socket_.receive(message, ZMQ_DONTWAIT)) return {};
    return std::string(as_text(message.bytes()));
  }

 private:
  zmq::Context context_;
  zmq::Socket socket_;
};

// A front with its ZAP handler; time is the machine's.
class TrapTest : public ::testing::Test {
 protected:
  void open(FrontOptions options = {}, bool with_handler = true) {
    options.endpoint = "tcp://127.0.0.1:*";
    if (with_handler) zap_ = std::make_unique<ZapHandler>(context_, table_, [this] { return clock_.wall(); });
    auto front = Front::open_untested(context_, key_, table_, options);
    NV_CHECK(front.has_value());
    front_ = std::move(*front);
  }
  CurveSecretKey admitted(std::uint8_t device, UtcTime not_after = kNever) {
    auto key = entropy_.make_secret<CurveSecretKey>();
    table_.admit(curve_public_key(key), principal(device), not_after);
    return key;
  }
  static Principal principal(std::uint8_t device) {
    DeviceId id;
    id.bytes[0] = device;
    return DevicePrincipal{id};
  }
  std::unique_ptr<Client> client(const CurveSecretKey& key, std::string_view routing_id = {}, int queue = 0) {
    return std::make_unique<Client>(front_->endpoint(), curve_public_key(key_), key, routing_id, queue);
  }
  // Turns the front until `done` or the patience ends; what it gave is in events_.
  bool turn_until(const std::function<bool()>& done, steady_clock::duration patience = kHang) {
    const auto until = steady_clock::now() + patience;
    while (steady_clock::now() < until) {
      zmq_pollitem_t items[] = {{front_->socket(), 0, ZMQ_POLLIN, 0}, {front_->monitor(), 0, ZMQ_POLLIN, 0}};
      zmq_poll(items, 2, 10);
      front_->receive(clock_.wall(), 512, events_);
      front_->watch(clock_.wall(), events_);
      if (done()) return true;
    }
    return false;
  }
  template <class Kind>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(),
                      [](const FrontEvent& event) { return std::holds_alternative<Kind>(event); }));
  }
  template <class Kind>
  const Kind& last() const {
    const auto found = std::find_if(events_.rbegin(), events_.rend(), [](const FrontEvent& event) {
      return std::holds_alternative<Kind>(event);
    });
    NV_CHECK(found != events_.rend());
    return std::get<Kind>(*found);
  }
  // An admitted client is served: its frame arrives and it gets one back.
  void expect_served(Client& peer) {
    const std::size_t before = count<FrontFrame>();
    ASSERT_TRUE(peer.send("hello"));
    ASSERT_TRUE(turn_until([&] { return count<FrontFrame>() > before; }));
    ASSERT_EQ(front_->send(last<FrontFrame>().session, text("back")), Sent::kYes);
    EXPECT_EQ(peer.receive(10'000), "back");
  }
  static std::shared_ptr<const Bytes> text(std::string_view words) {
    return std::make_shared<const Bytes>(to_bytes(as_bytes(words)));
  }

  SystemClock clock_;
  SystemEntropy entropy_;
  CurveSecretKey key_ = entropy_.make_secret<CurveSecretKey>();
  AdmissionTable table_;
  zmq::Context context_;
  std::unique_ptr<ZapHandler> zap_;
  std::unique_ptr<Front> front_;
  std::vector<FrontEvent> events_;
};

TEST_F(TrapTest, Trap1UnknownAndExpiredKeysAreRefused) {
  open();
  const auto unknown = entropy_.make_secret<CurveSecretKey>();
  const auto expired = admitted(2, clock_.wall() - milliseconds(1));
  auto stranger = client(unknown);
  auto late = client(expired);
  stranger->send("let me in");
  late->send("me too");
  ASSERT_TRUE(turn_until([&] { return front_->counters().handshakes_refused >= 2; }));
  EXPECT_GE(zap_->refused(), 2U);
  auto known = client(admitted(1));
  expect_served(*known);
  EXPECT_EQ(count<FrontOpened>(), 1U);
  EXPECT_EQ(last<FrontOpened>().principal, principal(1));
}

TEST_F(TrapTest, Trap1NobodyGetsInWhileTheZapHandlerIsAway) {
  open({}, false);
  const auto unknown = entropy_.make_secret<CurveSecretKey>();
  auto stranger = client(unknown);
  auto known = client(admitted(1));
  stranger->send("let me in");
  known->send("me too");
  // Both have finished trying: refused without a handler to ask.
  turn_until([&] { return front_->counters().disconnected >= 2; }, std::chrono::seconds(1));
  EXPECT_EQ(front_->counters().handshakes, 0U);
  EXPECT_TRUE(events_.empty());
}

TEST_F(TrapTest, Trap1TheHubDoesNotOpenWhenItsDoorFailsTheTest) {
  FrontOptions options;
  options.endpoint = "tcp://127.0.0.1:*";
  const auto without_handler = Front::open(context_, key_, table_, options, entropy_);
  ASSERT_FALSE(without_handler);
  EXPECT_EQ(without_handler.error().code, Errc::kNotPermitted);
  zap_ = std::make_unique<ZapHandler>(context_, table_, [this] { return clock_.wall(); });
  EXPECT_TRUE(Front::open(context_, key_, table_, options, entropy_));
  EXPECT_EQ(table_.size(), 0U) << "the test's key is gone";
}

TEST_F(TrapTest, Trap2WhoSpeaksIsReadFromThePayloadFrameAfterPolling) {
  open();
  auto first = client(admitted(1));
  auto second = client(admitted(2));
  // zmq_poll before each receive loses the User-Id of the routing-id frame in 4.3.4; turn_until polls.
  first->send("one");
  ASSERT_TRUE(turn_until([&] { return count<FrontFrame>() == 1; }));
  EXPECT_EQ(last<FrontOpened>().principal, principal(1));
  second->send("two");
  ASSERT_TRUE(turn_until([&] { return count<FrontFrame>() == 2; }));
  EXPECT_EQ(last<FrontOpened>().principal, principal(2));
  EXPECT_EQ(front_->counters().unknown_user_refused, 0U);
}

TEST_F(TrapTest, Trap3AChosenRoutingIdIsRefusedAndStealsNothing) {
  open();
  auto honest = client(admitted(1));
  expect_served(*honest);
  const SessionId session = last<FrontFrame>().session;
  for (const std::string_view chosen : {std::string_view("alice"),
                                        std::string_view("\x01"
                                                         "abcd",
                                                         5),
                                        std::string_view("ab"), std::string_view("\0abcdef", 7)}) {
    const auto refused = front_->counters().routing_id_refused;
    auto thief = client(admitted(2), chosen);
    auto second = client(admitted(3), chosen);
    thief->send("mine");
    second->send("mine");
    ASSERT_TRUE(turn_until([&] { return front_->counters().routing_id_refused > refused; }));
    ASSERT_EQ(front_->send(session, text("yours")), Sent::kYes);
    EXPECT_EQ(honest->receive(10'000), "yours");
    EXPECT_FALSE(thief->receive(0));
  }
  EXPECT_EQ(count<FrontOpened>(), 1U);
}

TEST_F(TrapTest, P001AMessageOfSeveralPartsIsRefusedWholeAndCounted) {
  open();
  auto peer = client(admitted(1));
  for (int part = 0; part < 10'000; ++part) ASSERT_TRUE(peer->send("part", true));
  ASSERT_TRUE(peer->send("end"));
  ASSERT_TRUE(peer->send("two", true) && peer->send("parts"));
  ASSERT_TRUE(turn_until([&] { return front_->counters().multipart_refused == 2; }));
  EXPECT_TRUE(events_.empty());
  expect_served(*peer);
}

TEST_F(TrapTest, Trap5AnAnnouncedGiantIsCutBeforeAnythingIsAllocated) {
  open();
  const std::uint64_t before = resident_bytes();
  for (int i = 0; i < 5; ++i) {
    RawZmtp peer(front_->endpoint());
    peer.greet();
    const Bytes header = {0x06, 0, 0, 0, 0, 0x20, 0, 0, 0};  // a command of 512 MiB
    peer.write(header);
    peer.write(Bytes(100'000, 1));
    ASSERT_TRUE(turn_until([&] { return peer.wait_closed(20); }));
  }
  EXPECT_LT(resident_bytes(), before + 50 * 1024 * 1024);
  EXPECT_TRUE(events_.empty());
}

TEST_F(TrapTest, Trap5AFrameAboveTheLimitCutsItsSenderAlone) {
  open();
  auto peer = client(admitted(1));
  auto other = client(admitted(2));
  expect_served(*other);
  peer->send(std::string(limits::kFrameBytesMax + 10'000, 'x'));
  ASSERT_TRUE(turn_until([&] { return front_->counters().disconnected >= 1; }));
  EXPECT_EQ(count<FrontFrame>(), 1U);
  const std::string largest(limits::kFrameBytesMax, 'x');
  other->send(largest);
  ASSERT_TRUE(turn_until([&] { return count<FrontFrame>() == 2; }));
  EXPECT_EQ(last<FrontFrame>().bytes.size(), largest.size());
}

TEST_F(TrapTest, Trap6AStalledPeerIsSaidAndNothingIsLostInSilence) {
  FrontOptions options;
  options.send_queue = 64;
  open(options);
  auto stalled = client(admitted(1), {}, 1);
  auto healthy = client(admitted(2));
  expect_served(*stalled);
  const SessionId session = last<FrontFrame>().session;
  // Sent until the queues of both ends and of TCP are full.
  const auto chunk = std::make_shared<const Bytes>(Bytes(60'000, 7));
  std::size_t sent = 0;
  while (front_->send(session, chunk) == Sent::kYes) {
    ASSERT_LT(++sent, 20'000U) << "sends vanish";
    if (sent % 64 == 0) std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_GE(front_->counters().send_stalled, 1U);
  expect_served(*healthy);
  std::size_t received = 0;
  while (stalled->receive(received < sent ? 10'000 : 100)) ++received;
  EXPECT_EQ(received, sent) << "what was said to be sent arrived, no more and no less";
}

TEST_F(TrapTest, Trap7ADeadPeersSessionEndsAndSendingToItSaysSo) {
  open();
  const auto key = admitted(1);
  auto peer = client(key);
  expect_served(*peer);
  const SessionId first = last<FrontFrame>().session;
  peer.reset();
  ASSERT_TRUE(turn_until([&] { return count<FrontClosed>() == 1; })) << "at once, not after 45 s of silence";
  EXPECT_EQ(last<FrontClosed>().session, first);
  EXPECT_EQ(front_->send(first, text("lost")), Sent::kGone);
  // It comes back as another session: what was sent to the first is the core's to send again (P-037).
  peer = client(key);
  expect_served(*peer);
  EXPECT_GT(last<FrontOpened>().session, first);
  EXPECT_FALSE(peer->receive(50)) << "nothing of the dead session reaches the new one";
}

TEST_F(TrapTest, Trap8SilentAndHalfHandshakesAreClosed) {
  FrontOptions options;
  options.handshake = milliseconds(200);
  open(options);
  RawZmtp silent(front_->endpoint());
  RawZmtp half(front_->endpoint());
  half.greet();
  EXPECT_TRUE(turn_until([&] { return silent.wait_closed(10); }));
  EXPECT_TRUE(turn_until([&] { return half.wait_closed(10); }));
  ASSERT_TRUE(turn_until([&] { return front_->counters().connections == 0; })) << "each end is counted";
}

TEST_F(TrapTest, ASessionThatFallsSilentIsClosed) {
  FrontOptions options;
  options.session_silence = milliseconds(100);
  open(options);
  auto peer = client(admitted(1));
  peer->send("once");
  ASSERT_TRUE(turn_until([&] { return count<FrontClosed>() == 1; }));
  EXPECT_EQ(front_->counters().silent_closed, 1U);
  peer->send("again");
  ASSERT_TRUE(turn_until([&] { return front_->counters().closed_dropped == 1; }));
  EXPECT_EQ(count<FrontOpened>(), 1U) << "a session that has ended does not come back by speaking";
}

TEST_F(TrapTest, P028ARevokedDevicesOpenConnectionIsNotHeardAgain) {
  open();
  const auto key = admitted(1);
  auto peer = client(key);
  expect_served(*peer);
  front_->close_session(last<FrontFrame>().session);
  table_.forget(curve_public_key(key));
  peer->send("still here");
  ASSERT_TRUE(turn_until([&] { return front_->counters().closed_dropped == 1; }));
  auto again = client(key);
  again->send("and back");
  ASSERT_TRUE(turn_until([&] { return front_->counters().handshakes_refused >= 1; }));
  EXPECT_EQ(count<FrontFrame>(), 1U);
}

TEST_F(TrapTest, Trap9AtTheCapTheListenerPausesAndComesBack) {
  FrontOptions options;
  options.connections_max = 20;
  options.handshake = std::chrono::seconds(60);  // the strangers stay
  open(options);
  auto served = client(admitted(1));
  expect_served(*served);
  std::vector<RawZmtp> strangers;
  while (strangers.size() < 19) strangers.emplace_back(front_->endpoint());
  ASSERT_TRUE(turn_until([&] { return !front_->accepting(); }));
  EXPECT_EQ(front_->counters().listener_paused, 1U);
  EXPECT_LE(front_->counters().connections, 25U);
  expect_served(*served);
  // One more knocks: TCP asks again until there is room.
  auto fresh = client(admitted(2));
  turn_until([] { return false; }, milliseconds(300));
  EXPECT_EQ(front_->counters().connections, 20U);
  strangers.clear();
  ASSERT_TRUE(turn_until([&] { return front_->accepting(); }));
  expect_served(*fresh);
}

TEST_F(TrapTest, Trap10AKeptMessageCostsItsOwnBytes) {
  open();
  auto peer = client(admitted(1));
  expect_served(*peer);
  events_.clear();
  events_.reserve(50'000);
  constexpr std::size_t kMessages = 20'000;
  const std::string body(1'024, 'b');
  const auto fill = [&] {
    for (std::size_t sent = 0; sent < kMessages; sent += 100) {
      for (int burst = 0; burst < 100; ++burst) ASSERT_TRUE(peer->send(body));
      ASSERT_TRUE(turn_until([&] { return count<FrontFrame>() >= sent + 100; }));
    }
  };
  fill();  // the allocators of both ends have grown
  events_.clear();
  const std::uint64_t before = resident_bytes();
  fill();
  ASSERT_EQ(count<FrontFrame>(), kMessages);
  const std::uint64_t after = resident_bytes();
  EXPECT_LT(after - std::min(before, after), kMessages * 3'000) << "each keeps libzmq's read buffer alive";
}

}  // namespace
}  // namespace nattevagt::testing
