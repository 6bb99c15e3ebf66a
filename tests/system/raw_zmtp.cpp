#include "tests/system/raw_zmtp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "proto/common/check.h"
#include "proto/common/system.h"

namespace nattevagt::testing {
namespace {

constexpr std::uint8_t kLong = 0x02, kCommand = 0x04;

void put_number(Bytes& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// A nonce is a prefix and the rest, 24 bytes together.
Bytes nonce_of(std::string_view prefix, ByteView rest) {
  Bytes nonce = to_bytes(as_bytes(prefix));
  append(nonce, rest);
  NV_CHECK(nonce.size() == crypto_box_NONCEBYTES);
  return nonce;
}

Bytes box(ByteView plain, ByteView nonce, ByteView to, ByteView from) {
  Bytes out(plain.size() + crypto_box_MACBYTES);
  NV_CHECK(crypto_box_easy(out.data(), plain.data(), plain.size(), nonce.data(), to.data(), from.data()) ==
           0);
  return out;
}

Bytes open_box(ByteView sealed, ByteView nonce, ByteView from, ByteView to) {
  if (sealed.size() < crypto_box_MACBYTES) return {};
  Bytes out(sealed.size() - crypto_box_MACBYTES);
  const int opened =
      crypto_box_open_easy(out.data(), sealed.data(), sealed.size(), nonce.data(), from.data(), to.data());
  return opened == 0 ? out : Bytes{};
}

Bytes property(std::string_view name, std::string_view value) {
  Bytes out;
  put_number(out, name.size(), 1);
  append(out, as_bytes(name));
  put_number(out, value.size(), 4);
  append(out, as_bytes(value));
  return out;
}

}  // namespace

RawZmtp::RawZmtp(const std::string& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int port = std::atoi(endpoint.c_str() + endpoint.rfind(':') + 1);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  NV_CHECK(socket_ >= 0);
  NV_CHECK(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  SystemEntropy entropy;
  transient_ = entropy.make_secret<CurveSecretKey>();
}

RawZmtp::~RawZmtp() {
  if (socket_ >= 0) ::close(socket_);
}
RawZmtp::RawZmtp(RawZmtp&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      nonce_(other.nonce_),
      transient_(std::move(other.transient_)),
      hub_transient_(other.hub_transient_) {}

bool RawZmtp::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

Bytes RawZmtp::read(std::size_t size) {
  Bytes out(size);
  std::size_t got = 0;
  while (got < size) {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, 10'000) <= 0) break;
    const ssize_t now = ::recv(socket_, out.data() + got, size - got, 0);
    if (now <= 0) break;
    got += static_cast<std::size_t>(now);
  }
  out.resize(got);
  return out;
}

bool RawZmtp::wait_closed(int patience_ms) {
  std::array<char, 4096> dropped{};
  pollfd wait{socket_, POLLIN, 0};
  while (::poll(&wait, 1, patience_ms) > 0) {
    if (::recv(socket_, dropped.data(), dropped.size(), 0) <= 0) return true;
  }
  return false;
}

Bytes RawZmtp::greeting() {
  Bytes out = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0};
  append(out, as_bytes("CURVE"));
  out.resize(64);
  return out;
}

void RawZmtp::greet() {
  NV_CHECK(write(greeting()));
  NV_CHECK(read(64).size() == 64);
}

bool RawZmtp::write_frame(std::uint8_t flags, ByteView body) {
  Bytes frame;
  const bool large = body.size() > 255;
  frame.push_back(static_cast<std::uint8_t>(flags | (large ? kLong : 0)));
  put_number(frame, body.size(), large ? 8 : 1);
  append(frame, body);
  return write(frame);
}

Bytes RawZmtp::read_command() {
  const Bytes flags = read(1);
  if (flags.empty()) return {};
  const Bytes length = read((flags[0] & kLong) != 0 ? 8 : 1);
  std::uint64_t size = 0;
  for (const std::uint8_t byte : length) size = (size << 8) | byte;
  return size > 100'000 ? Bytes{} : read(size);
}

bool RawZmtp::handshake(const CurvePublicKey& hub, const CurveSecretKey& key, std::string_view identity) {
  greet();
  const CurvePublicKey transient = curve_public_key(transient_);
  Bytes short_nonce;
  put_number(short_nonce, nonce_++, 8);
  Bytes hello = to_bytes(as_bytes("\x05HELLO"));
  hello.insert(hello.end(), {1, 0});
  hello.resize(hello.size() + 72);
  append(hello, transient.bytes);
  append(hello, short_nonce);
  append(hello, box(Bytes(64), nonce_of("CurveZMQHELLO---", short_nonce), hub.bytes, transient_.expose()));
  if (!write_frame(kCommand, hello)) return false;

  const Bytes welcome = read_command();
  if (welcome.size() != 8 + 16 + 144 || as_text(ByteView(welcome).first(8)) != "\x07WELCOME") return false;
  const Bytes inside =
      open_box(ByteView(welcome).subspan(24), nonce_of("WELCOME-", ByteView(welcome).subspan(8, 16)),
               hub.bytes, transient_.expose());
  if (inside.size() != 128) return false;
  std::copy_n(inside.begin(), 32, hub_transient_.begin());

  Bytes vouched = to_bytes(transient.bytes);
  append(vouched, hub.bytes);
  Bytes vouch_nonce(16);
  SystemEntropy().fill(vouch_nonce);
  Bytes initiate_inside = to_bytes(curve_public_key(key).bytes);
  append(initiate_inside, vouch_nonce);
  append(initiate_inside, box(vouched, nonce_of("VOUCH---", vouch_nonce), hub_transient_, key.expose()));
  append(initiate_inside, property("Socket-Type", "DEALER"));
  append(initiate_inside, property("Identity", identity));
  short_nonce.clear();
  put_number(short_nonce, nonce_++, 8);
  Bytes initiate = to_bytes(as_bytes("\x08INITIATE"));
  append(initiate, ByteView(inside).subspan(32));
  append(initiate, short_nonce);
  append(initiate, box(initiate_inside, nonce_of("CurveZMQINITIATE", short_nonce), hub_transient_,
                       transient_.expose()));
  if (!write_frame(kCommand, initiate)) return false;
  const Bytes ready = read_command();
  return ready.size() > 6 && as_text(ByteView(ready).first(6)) == "\x05READY";
}

bool RawZmtp::send_part(ByteView part, bool more) {
  Bytes short_nonce;
  put_number(short_nonce, nonce_++, 8);
  Bytes plain = {static_cast<std::uint8_t>(more ? 1 : 0)};
  append(plain, part);
  Bytes message = to_bytes(as_bytes("\x07MESSAGE"));
  append(message, short_nonce);
  append(message, box(plain, nonce_of("CurveZMQMESSAGEC", short_nonce), hub_transient_, transient_.expose()));
  return write_frame(0, message);
}

}  // namespace nattevagt::testing
