#include "client-lib/agent/screen_server.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "proto/common/check.h"

namespace nattevagt::client::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using HttpRequest = http::request<http::empty_body>;

// What the I/O thread and its user share, and nothing else.
class Mailbox {
 public:
  Mailbox() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { NV_CHECK(descriptor_ >= 0); }
  ~Mailbox() { ::close(descriptor_); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  int descriptor() const { return descriptor_; }
  void put(ScreenServer::Incoming item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
  }
  std::vector<ScreenServer::Incoming> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(descriptor_, &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

 private:
  int descriptor_;
  std::mutex mutex_;
  std::vector<ScreenServer::Incoming> items_;
};

struct Site {  // what all connections look at; constant once listening
  std::string host, origin, csp;
  StaticFiles files;
};

class PeerSocket;
struct Shared {  // of the I/O thread
  Site site;
  Mailbox& mailbox;
  std::map<ScreenServer::PeerId, std::shared_ptr<PeerSocket>> peers;
  ScreenServer::PeerId last_peer = 0;
  std::size_t connections = 0;
};

// One app at its WebSocket.
class PeerSocket : public std::enable_shared_from_this<PeerSocket> {
 public:
  PeerSocket(beast::tcp_stream stream, Shared& shared, ScreenServer::PeerId id)
      : socket_(std::move(stream)), shared_(shared), id_(id) {
    ++shared_.connections;
  }
  ~PeerSocket() { --shared_.connections; }
  PeerSocket(const PeerSocket&) = delete;
  PeerSocket& operator=(const PeerSocket&) = delete;

  void accept(const HttpRequest& request) {
    socket_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    socket_.set_option(websocket::stream_base::decorator([](websocket::response_type& answer) {
      answer.set(http::field::sec_websocket_protocol, kSubprotocol);
    }));
    socket_.read_message_max(kAppMessageBytesMax);
    socket_.async_accept(request, [self = shared_from_this()](error_code failed) {
      if (failed) return self->gone();
      self->open_ = true;
      self->read();
      self->write();
    });
  }
  void send(std::string text) {
    unsent_bytes_ += text.size();
    if (unsent_bytes_ > kUnsentBytesMax) return close();
    unsent_.push_back(std::move(text));
    if (unsent_.size() == 1) write();
  }
  void read_next() {
    if (open_) read();
  }
  void close() {
    beast::get_lowest_layer(socket_).close();  // reading ends with an error, and gone() is called there
  }

 private:
  void read() {
    socket_.async_read(in_, [self = shared_from_this()](error_code failed, std::size_t) {
      if (failed || !self->socket_.got_text()) return self->gone();
      self->shared_.mailbox.put({self->id_, false, beast::buffers_to_string(self->in_.data())});
      self->in_.consume(self->in_.size());  // the next one is read when this one has been taken
    });
  }
  void write() {
    if (!open_ || unsent_.empty()) return;
    socket_.text(true);
    socket_.async_write(asio::buffer(unsent_.front()),
                        [self = shared_from_this()](error_code failed, std::size_t) {
                          if (failed) return self->close();
                          self->unsent_bytes_ -= self->unsent_.front().size();
                          self->unsent_.pop_front();
                          self->write();
                        });
  }
  void gone() {
    if (shared_.peers.erase(id_) != 0) shared_.mailbox.put({id_, true, {}});
  }

  websocket::stream<beast::tcp_stream> socket_;
  Shared& shared_;
  ScreenServer::PeerId id_;
  beast::flat_buffer in_;
  std::deque<std::string> unsent_;
  std::size_t unsent_bytes_ = 0;
  bool open_ = false;
};

// One connection until it has its file or has become a WebSocket.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket socket, Shared& shared) : stream_(std::move(socket)), shared_(shared) {
    ++shared_.connections;
  }
  ~HttpConnection() { --shared_.connections; }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(0);
    stream_.expires_after(kHttpPatience);
    http::async_read(stream_, in_, *parser_, [self = shared_from_this()](error_code failed, std::size_t) {
      if (failed) return;
      self->answer(self->parser_->get());
    });
  }

 private:
  void answer(const HttpRequest& request) {
    const Site& site = shared_.site;
    if (request[http::field::host] != site.host) return refuse(request, http::status::misdirected_request);
    if (websocket::is_upgrade(request)) return upgrade(request);
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      return refuse(request, http::status::method_not_allowed);
    }
    const auto target = request.target();
    std::string path(target.data(), std::min(target.find('?'), target.size()));
    if (path == "/") path = "/index.html";
    const auto file = site.files.find(path);
    if (file == site.files.end()) return refuse(request, http::status::not_found);
    write(request, http::status::ok, file->second.type, file->second.body);
  }

  void upgrade(const HttpRequest& request) {
    const auto count = [&](http::field name) { return request.count(name); };
    if (request.target() != kSocketPath || count(http::field::origin) != 1 ||
        request[http::field::origin] != shared_.site.origin ||
        request[http::field::sec_websocket_protocol] != kSubprotocol) {
      return refuse(request, http::status::forbidden);
    }
    if (shared_.peers.size() >= kPeersMax) return refuse(request, http::status::service_unavailable);
    stream_.expires_never();  // the WebSocket has patience of its own
    const ScreenServer::PeerId id = ++shared_.last_peer;
    const auto peer = std::make_shared<PeerSocket>(std::move(stream_), shared_, id);
    shared_.peers.emplace(id, peer);
    peer->accept(request);
  }

  void refuse(const HttpRequest& request, http::status status) {
    write(request, status, "text/plain; charset=utf-8", std::string(http::obsolete_reason(status)));
  }

  void write(const HttpRequest& request, http::status status, std::string_view type,
             const std::string& body) {
    answer_.emplace(status, request.version());
    answer_->set(http::field::content_type, type);
    answer_->set("Content-Security-Policy", shared_.site.csp);
    answer_->set("X-Content-Type-Options", "nosniff");
    answer_->set("Referrer-Policy", "no-referrer");
    answer_->set("Cross-Origin-Opener-Policy", "same-origin");
    answer_->set("Cross-Origin-Resource-Policy", "same-origin");
    answer_->set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
    answer_->set(http::field::cache_control, "no-cache");
    answer_->content_length(body.size());
    if (request.method() != http::verb::head) answer_->body() = body;
    answer_->keep_alive(request.keep_alive() && status == http::status::ok);
    http::async_write(stream_, *answer_, [self = shared_from_this()](error_code failed, std::size_t) {
      if (failed) return;
      if (self->answer_->keep_alive()) return self->read();
      error_code ignored;
      static_cast<void>(self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored));
    });
  }

  beast::tcp_stream stream_;
  Shared& shared_;
  beast::flat_buffer in_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> answer_;
};

class BeastServer final : public ScreenServer {
 public:
  explicit BeastServer(StaticFiles files) : shared_{{{}, {}, {}, std::move(files)}, mailbox_, {}, 0, 0} {}
  ~BeastServer() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    shared_.peers.clear();
  }
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;

  Status start(std::uint16_t port) {
    error_code failed;
    const tcp::endpoint here(asio::ip::address_v4::loopback(), port);
    // Each also returns the code that it writes to `failed`.
    static_cast<void>(acceptor_.open(here.protocol(), failed));
    if (!failed) static_cast<void>(acceptor_.set_option(asio::socket_base::reuse_address(true), failed));
    if (!failed) static_cast<void>(acceptor_.bind(here, failed));
    if (!failed) static_cast<void>(acceptor_.listen(asio::socket_base::max_listen_connections, failed));
    if (failed) return fail(Errc::kUnavailable, "ScreenServer::listen");
    port_ = acceptor_.local_endpoint().port();
    Site& site = shared_.site;
    site.host = "127.0.0.1:" + std::to_string(port_);
    site.origin = "http://" + site.host;
    site.csp =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; connect-src 'self' ws://" +
        site.host + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    accept();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }
  int descriptor() const override { return mailbox_.descriptor(); }
  std::vector<Incoming> take() override {
    std::vector<Incoming> out = mailbox_.take();
    for (const Incoming& item : out) {
      if (!item.closed) with_peer(item.peer, [](PeerSocket& peer) { peer.read_next(); });
    }
    return out;
  }
  void send(PeerId peer, std::string text) override {
    with_peer(peer, [text = std::move(text)](PeerSocket& socket) mutable { socket.send(std::move(text)); });
  }
  void close(PeerId peer) override {
    with_peer(peer, [](PeerSocket& socket) { socket.close(); });
  }

 private:
  template <class Act>
  void with_peer(PeerId peer, Act act) {  // on the I/O thread
    asio::post(io_, [this, peer, act = std::move(act)]() mutable {
      const auto found = shared_.peers.find(peer);
      if (found != shared_.peers.end()) act(*std::shared_ptr<PeerSocket>(found->second));
    });
  }
  void accept() {
    acceptor_.async_accept([this](error_code failed, tcp::socket socket) {
      // One that is too many is closed as it goes out of scope.
      if (failed == asio::error::operation_aborted) return;
      if (!failed && shared_.connections < kConnectionsMax) {
        std::make_shared<HttpConnection>(std::move(socket), shared_)->read();
      }
      accept();
    });
  }

  Mailbox mailbox_;
  Shared shared_;  // before io_, whose last handlers count themselves out of it
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ScreenServer>> ScreenServer::listen(std::uint16_t port, StaticFiles files) {
  auto server = std::make_unique<BeastServer>(std::move(files));
  NV_TRYV(server->start(port));
  return Result<std::unique_ptr<ScreenServer>>(std::move(server));
}

}  // namespace nattevagt::client::agent
