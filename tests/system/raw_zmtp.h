// A peer that speaks TCP, ZMTP and CURVE by hand, so that it can do what libzmq's own client never would:
// stop half-way, announce what it does not send, send a message without end.
#pragma once

#include <cstdint>
#include <string>

#include "proto/common/bytes.h"
#include "proto/common/crypto.h"

namespace nattevagt::testing {

class RawZmtp {
 public:
  explicit RawZmtp(const std::string& endpoint);  // "tcp://127.0.0.1:PORT"; NV_CHECKs that it connects
  ~RawZmtp();
  RawZmtp(RawZmtp&& other) noexcept;
  RawZmtp& operator=(RawZmtp&&) = delete;

  bool write(ByteView bytes);         // false when the other end has closed
  Bytes read(std::size_t size);       // fewer when the other end closes, or after ten seconds
  bool wait_closed(int patience_ms);  // reads and drops until the end of the stream
  static Bytes greeting();            // what greet() sends
  void greet();                       // ZMTP 3, mechanism CURVE; reads the hub's greeting
  // The whole CURVE handshake; false when the hub refuses. `identity`: what the peer wants as its routing id.
  bool handshake(const CurvePublicKey& hub, const CurveSecretKey& key, std::string_view identity = {});
  // One part of a message; `more`: others follow.
  bool send_part(ByteView part, bool more);

 private:
  Bytes read_command();
  bool write_frame(std::uint8_t flags, ByteView body);

  int socket_ = -1;
  std::uint64_t nonce_ = 1;
  CurveSecretKey transient_;
  std::array<std::uint8_t, 32> hub_transient_{};
};

}  // namespace nattevagt::testing
