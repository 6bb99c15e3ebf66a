// The real ZmqConnection against a real CURVE ROUTER with a ZAP handler of the test's own.
#include "client-lib/io/zmq_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "proto/common/limits.h"
#include "proto/common/system.h"

namespace nattevagt::client {
namespace {

constexpr Millis kHang = std::chrono::seconds(60);

struct Keys {
  CurveSecretKey secret;
  CurvePublicKey open;
};
Keys make_keys(Entropy& entropy) {
  Keys keys{entropy.make_secret<CurveSecretKey>(), {}};
  keys.open = curve_public_key(keys.secret);
  return keys;
}

// A hub of the smallest kind. ZAP answers for the keys in `admitted` alone.
class SmallHub {
 public:
  explicit SmallHub(Entropy& entropy) : keys_(make_keys(entropy)), context_(zmq_ctx_new()) {
    zap_ = zmq_socket(context_, ZMQ_REP);
    EXPECT_EQ(zmq_bind(zap_, "inproc://zeromq.zap.01"), 0);
    zap_thread_ = std::thread([this] { serve_zap(); });
  }
  ~SmallHub() {
    stop();
    stopping_ = true;
    zap_thread_.join();
    zmq_close(zap_);
    zmq_ctx_term(context_);
  }
  SmallHub(const SmallHub&) = delete;
  SmallHub& operator=(const SmallHub&) = delete;

  void start(std::int64_t port = 0) {
    router_ = zmq_socket(context_, ZMQ_ROUTER);
    const int one = 1;
    const int zero = 0;
    EXPECT_EQ(zmq_setsockopt(router_, ZMQ_LINGER, &zero, sizeof zero), 0);
    EXPECT_EQ(zmq_setsockopt(router_, ZMQ_CURVE_SERVER, &one, sizeof one), 0);
    EXPECT_EQ(zmq_setsockopt(router_, ZMQ_CURVE_SECRETKEY, keys_.secret.expose().data(), 32), 0);
    EXPECT_EQ(zmq_setsockopt(router_, ZMQ_ZAP_DOMAIN, "hub", 3), 0);
    const int receive_timeout_ms = 60'000;
    EXPECT_EQ(zmq_setsockopt(router_, ZMQ_RCVTIMEO, &receive_timeout_ms, sizeof receive_timeout_ms), 0);
    const std::string address = "tcp://127.0.0.1:" + (port == 0 ? std::string("*") : std::to_string(port));
    ASSERT_EQ(zmq_bind(router_, address.c_str()), 0);
    char endpoint[128];
    std::size_t size = sizeof endpoint;
    ASSERT_EQ(zmq_getsockopt(router_, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    endpoint_ = endpoint;
  }
  void stop() {
    if (router_ != nullptr) zmq_close(router_);
    router_ = nullptr;
  }
  std::int64_t port() const { return std::stoll(endpoint_.substr(endpoint_.rfind(':') + 1)); }
  void admit(const CurvePublicKey& key) { admitted_.insert(key); }  // before start()

  wire::HubPin pin() const { return {endpoint_, keys_.open, {}}; }

  struct Received {
    std::string from;
    std::string frame;
  };
  Received receive() { return {part(), part()}; }
  void answer(const std::string& to, const std::string& frame) {
    EXPECT_EQ(zmq_send(router_, to.data(), to.size(), ZMQ_SNDMORE), static_cast<int>(to.size()));
    EXPECT_EQ(zmq_send(router_, frame.data(), frame.size(), 0), static_cast<int>(frame.size()));
  }
  void answer_in_two_parts(const std::string& to) {
    zmq_send(router_, to.data(), to.size(), ZMQ_SNDMORE);
    zmq_send(router_, "a", 1, ZMQ_SNDMORE);
    zmq_send(router_, "b", 1, 0);
  }

 private:
  std::string part() {
    zmq_msg_t message;
    zmq_msg_init(&message);
    EXPECT_GE(zmq_msg_recv(&message, router_, 0), 0) << "the hub waited in vain";
    std::string out(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message));
    zmq_msg_close(&message);
    return out;
  }
  void serve_zap() {
    while (!stopping_) {
      zmq_pollitem_t item{zap_, 0, ZMQ_POLLIN, 0};
      if (zmq_poll(&item, 1, 20) <= 0) continue;
      std::vector<std::string> parts;
      int more = 1;
      while (more != 0) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        zmq_msg_recv(&message, zap_, 0);
        parts.emplace_back(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message));
        more = zmq_msg_more(&message);
        zmq_msg_close(&message);
      }
      CurvePublicKey key;
      if (parts.size() >= 7 && parts[6].size() == 32)
        std::copy(parts[6].begin(), parts[6].end(), key.bytes.begin());
      const std::vector<std::string> reply = {"1.0", parts[1], admitted_.contains(key) ? "200" : "400",
                                              "",    "",       ""};
      for (std::size_t i = 0; i < reply.size(); ++i) {
        zmq_send(zap_, reply[i].data(), reply[i].size(), i + 1 < reply.size() ? ZMQ_SNDMORE : 0);
      }
    }
  }

  Keys keys_;
  void* context_;
  void* zap_ = nullptr;
  void* router_ = nullptr;
  std::string endpoint_;
  std::set<CurvePublicKey> admitted_;
  std::atomic<bool> stopping_ = false;
  std::thread zap_thread_;
};

class ZmqConnectionTest : public ::testing::Test {
 protected:
  ZmqConnectionTest() : hub_(entropy_), device_(make_keys(entropy_)) {}

  std::unique_ptr<ZmqConnection> make() {
    ZmqConnectionOptions options;
    options.reconnect_min = Millis(10);
    options.reconnect_max = Millis(50);
    return std::make_unique<ZmqConnection>(clock_, entropy_, options);
  }
  // The next event of this type; others before it are dropped.
  template <class Wanted>
  std::optional<Wanted> next(ZmqConnection& connection) {
    const Millis end = clock_.monotonic() + kHang;
    while (clock_.monotonic() < end) {
      while (!pending_.empty()) {
        std::optional<Wanted> out;
        if (auto* found = std::get_if<Wanted>(&pending_.front())) out = std::move(*found);
        pending_.erase(pending_.begin());
        if (out) return out;
      }
      pending_ = connection.poll(Millis(200));
    }
    return std::nullopt;
  }

  SystemClock clock_;
  SystemEntropy entropy_;
  SmallHub hub_;
  Keys device_;
  std::vector<LinkEvent> pending_;
};

TEST_F(ZmqConnectionTest, CarriesWholeFramesBothWaysAfterTheHandshake) {
  hub_.admit(device_.open);
  hub_.start();
  auto connection = make();
  EXPECT_EQ(connection->send(as_bytes("early")).error().code, Errc::kUnavailable);
  connection->connect(hub_.pin(), device_.secret);
  ASSERT_TRUE(next<LinkUp>(*connection));
  ASSERT_TRUE(connection->send(as_bytes("hello")));
  const auto received = hub_.receive();
  EXPECT_EQ(received.frame, "hello");
  ASSERT_EQ(received.from.size(), 5U) << "P-012: the routing id is the hub's own choice";
  EXPECT_EQ(received.from[0], '\0');
  hub_.answer(received.from, "one");
  hub_.answer(received.from, "two");
  EXPECT_EQ(as_text(next<FrameReceived>(*connection)->bytes), "one");
  EXPECT_EQ(as_text(next<FrameReceived>(*connection)->bytes), "two");
}

TEST_F(ZmqConnectionTest, SaysUntrustedWhenTheHubDoesNotAdmitOurKey) {
  hub_.start();
  auto connection = make();
  connection->connect(hub_.pin(), device_.secret);
  const auto down = next<LinkDown>(*connection);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->reason, Errc::kUntrusted);
  EXPECT_FALSE(connection->send(as_bytes("x")));
}

TEST_F(ZmqConnectionTest, SaysUntrustedWhenTheHubIsNotThePinnedOne) {
  hub_.admit(device_.open);
  hub_.start();
  auto pin = hub_.pin();
  pin.curve_key = make_keys(entropy_).open;
  auto connection = make();
  connection->connect(pin, device_.secret);
  auto down = next<LinkDown>(*connection);
  // One handshake cut short can be a hub that restarts; the second in a row is another hub.
  if (down && down->reason == Errc::kUnavailable) down = next<LinkDown>(*connection);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->reason, Errc::kUntrusted);
}

TEST_F(ZmqConnectionTest, SaysUnavailableOnceAndComesBackByItself) {
  hub_.admit(device_.open);
  hub_.start();
  const auto pin = hub_.pin();
  const auto port = hub_.port();
  hub_.stop();
  auto connection = make();
  connection->connect(pin, device_.secret);
  const auto down = next<LinkDown>(*connection);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->reason, Errc::kUnavailable);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(connection->poll(Millis(20)).empty()) << "the loss was told already";
  hub_.start(port);
  ASSERT_TRUE(next<LinkUp>(*connection));
}

TEST_F(ZmqConnectionTest, NoFrameOfALostSessionReachesTheNext) {
  hub_.admit(device_.open);
  hub_.start();
  const auto port = hub_.port();
  auto connection = make();
  connection->connect(hub_.pin(), device_.secret);
  ASSERT_TRUE(next<LinkUp>(*connection));
  hub_.stop();
  // Before the loss is noticed frames may still be taken; after it they are refused.
  for (int i = 0; i < 50; ++i) {
    if (!connection->send(as_bytes("old"))) break;
  }
  ASSERT_TRUE(next<LinkDown>(*connection));
  EXPECT_EQ(connection->send(as_bytes("old")).error().code, Errc::kUnavailable);
  hub_.start(port);
  ASSERT_TRUE(next<LinkUp>(*connection));
  ASSERT_TRUE(connection->send(as_bytes("new")));
  EXPECT_EQ(hub_.receive().frame, "new");
}

TEST_F(ZmqConnectionTest, RefusesWhatIsTooLargeOrOverTheQueueAndWaitsForNothing) {
  hub_.admit(device_.open);
  hub_.start();
  auto connection = make();
  connection->connect(hub_.pin(), device_.secret);
  ASSERT_TRUE(next<LinkUp>(*connection));
  EXPECT_EQ(connection->send(Bytes(limits::kFrameBytesMax + 1)).error().code, Errc::kTooLarge);
  ASSERT_TRUE(connection->send(Bytes(limits::kFrameBytesMax)));
  EXPECT_EQ(hub_.receive().frame.size(), limits::kFrameBytesMax);
  // The hub reads no more: sooner or later the queue is full and says so.
  const Bytes frame(64 * 1024);
  std::optional<Errc> refused;
  for (int i = 0; i < 200'000 && !refused; ++i) {
    if (const auto sent = connection->send(frame); !sent) refused = sent.error().code;
  }
  EXPECT_EQ(refused, Errc::kBusy);
}

TEST_F(ZmqConnectionTest, DropsAHubThatSendsSeveralParts) {
  hub_.admit(device_.open);
  hub_.start();
  auto connection = make();
  connection->connect(hub_.pin(), device_.secret);
  ASSERT_TRUE(next<LinkUp>(*connection));
  ASSERT_TRUE(connection->send(as_bytes("x")));
  hub_.answer_in_two_parts(hub_.receive().from);
  const auto down = next<LinkDown>(*connection);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->reason, Errc::kMalformed);
}

TEST_F(ZmqConnectionTest, ANewKeyIsANewSession) {
  Keys second = make_keys(entropy_);
  hub_.admit(device_.open);
  hub_.admit(second.open);
  hub_.start();
  auto connection = make();
  connection->connect(hub_.pin(), device_.secret);
  ASSERT_TRUE(next<LinkUp>(*connection));
  ASSERT_TRUE(connection->send(as_bytes("grant")));
  const auto first = hub_.receive();
  connection->connect(hub_.pin(), second.secret);
  ASSERT_TRUE(next<LinkUp>(*connection));
  ASSERT_TRUE(connection->send(as_bytes("device")));
  const auto then = hub_.receive();
  EXPECT_EQ(then.frame, "device");
  EXPECT_NE(first.from, then.from);
}

TEST_F(ZmqConnectionTest, AnUnusableAddressIsALinkThatNeverComesUp) {
  hub_.start();
  auto pin = hub_.pin();
  for (const char* endpoint : {"", "tcp://", "nonsense", "tcp://127.0.0.1:999999", "inproc://nobody"}) {
    pin.endpoint = endpoint;
    auto connection = make();
    connection->connect(pin, device_.secret);
    for (const auto& event : connection->poll(Millis(30))) {
      EXPECT_FALSE(std::holds_alternative<LinkUp>(event)) << endpoint;
    }
  }
}

TEST_F(ZmqConnectionTest, WakesForTheProgramsOwnDescriptor) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  auto connection = make();
  connection->wake_on({pair[0]});
  ASSERT_EQ(write(pair[1], "x", 1), 1);
  EXPECT_TRUE(connection->poll(kHang * 10).empty());  // returns; a hang here is the failure
  close(pair[0]);
  close(pair[1]);
}

}  // namespace
}  // namespace nattevagt::client
