// libzmq's C API as resources. The C API, because libzmq reports by errno and the hub has no use for
// exceptions in its send path.
//
// Threads: a Context is shared; a Socket and a Message belong to one thread at a time.
#pragma once

#include <zmq.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proto/common/bytes.h"
#include "proto/common/check.h"
#include "proto/common/result.h"

namespace nattevagt::broker::zmq {

// zmq.h hides it behind ZMQ_BUILD_DRAFT_API; the library knows it since 4.3.0. Without it a CURVE server
// whose ZAP handler is away lets everybody in (trap 1).
inline constexpr int kZapEnforceDomain = 93;

class Context {
 public:
  Context() : handle_(zmq_ctx_new()) { NV_CHECK(handle_ != nullptr); }
  // Every socket has LINGER 0, so this does not wait for peers.
  ~Context() {
    while (zmq_ctx_term(handle_) != 0 && errno == EINTR) {
    }
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void set(int option, int value) { NV_CHECK(zmq_ctx_set(handle_, option, value) == 0); }
  void* handle() const noexcept { return handle_; }

 private:
  void* handle_;
};

class Message {
 public:
  Message() noexcept { zmq_msg_init(&message_); }
  explicit Message(ByteView bytes) {
    NV_CHECK(zmq_msg_init_size(&message_, bytes.size()) == 0);
    std::copy(bytes.begin(), bytes.end(), static_cast<std::uint8_t*>(zmq_msg_data(&message_)));
  }
  // Shares the bytes with the other receivers of the same frame; the I/O thread lets go of them.
  explicit Message(std::shared_ptr<const Bytes> bytes) {
    auto* hold = new std::shared_ptr<const Bytes>(std::move(bytes));
    void* data = const_cast<std::uint8_t*>((*hold)->data());
    NV_CHECK(zmq_msg_init_data(&message_, data, (*hold)->size(), &release, hold) == 0);
  }
  ~Message() { zmq_msg_close(&message_); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  ByteView bytes() const noexcept {
    return {static_cast<const std::uint8_t*>(zmq_msg_data(const_cast<zmq_msg_t*>(&message_))),
            zmq_msg_size(&message_)};
  }
  bool more() const noexcept { return zmq_msg_more(&message_) != 0; }
  // A property that libzmq attached, "" when there is none.
  std::string_view property(const char* name) const noexcept {
    const char* found = zmq_msg_gets(&message_, name);
    return found == nullptr ? std::string_view() : std::string_view(found);
  }
  int source_descriptor() const noexcept { return zmq_msg_get(&message_, ZMQ_SRCFD); }
  zmq_msg_t* handle() noexcept { return &message_; }

 private:
  static void release(void*, void* hold) { delete static_cast<std::shared_ptr<const Bytes>*>(hold); }
  zmq_msg_t message_;
};

class Socket {
 public:
  Socket() noexcept = default;
  Socket(Context& context, int type) : handle_(zmq_socket(context.handle(), type)) {
    // Null when ZMQ_MAX_SOCKETS or the descriptors are used up at start: nothing to go on with.
    NV_CHECK(handle_ != nullptr);
    set(ZMQ_LINGER, 0);
  }
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  void close() noexcept {
    if (handle_ != nullptr) zmq_close(std::exchange(handle_, nullptr));
  }

  // Options are constants of ours: one that the library refuses is our bug.
  void set(int option, int value) { NV_CHECK(zmq_setsockopt(handle_, option, &value, sizeof(value)) == 0); }
  void set(int option, std::int64_t value) {
    NV_CHECK(zmq_setsockopt(handle_, option, &value, sizeof(value)) == 0);
  }
  void set(int option, ByteView value) {
    NV_CHECK(zmq_setsockopt(handle_, option, value.data(), value.size()) == 0);
  }
  void set(int option, std::string_view value) { set(option, as_bytes(value)); }

  bool bind(const std::string& endpoint) noexcept { return zmq_bind(handle_, endpoint.c_str()) == 0; }
  bool connect(const std::string& endpoint) noexcept { return zmq_connect(handle_, endpoint.c_str()) == 0; }
  bool unbind(const std::string& endpoint) noexcept { return zmq_unbind(handle_, endpoint.c_str()) == 0; }
  std::string last_endpoint() const {
    std::array<char, 256> text{};
    std::size_t size = text.size();
    NV_CHECK(zmq_getsockopt(handle_, ZMQ_LAST_ENDPOINT, text.data(), &size) == 0);
    return text.data();
  }

  // False with errno EAGAIN, EINTR, EHOSTUNREACH or ETERM; any other errno is our bug.
  bool receive(Message& message, int flags) {
    return checked(zmq_msg_recv(message.handle(), handle_, flags));
  }
  bool send(Message& message, int flags) { return checked(zmq_msg_send(message.handle(), handle_, flags)); }
  void* handle() const noexcept { return handle_; }

 private:
  static bool checked(int code) {
    NV_CHECK(code >= 0 || errno == EAGAIN || errno == EINTR || errno == EHOSTUNREACH || errno == ETERM);
    return code >= 0;
  }
  void* handle_ = nullptr;
};

}  // namespace nattevagt::broker::zmq
