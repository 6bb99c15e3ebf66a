// A server under load, as the bench sees it: the hub or the bare prototype. Device 2p writes to topic p,
// device 2p + 1 reads it; in the fan-out one device writes and all others read topic 0.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/crypto.h"

namespace nattevagt::bench {

enum class Arrived { kAnswer, kDelivery, kOther, kRefused };

class Server {
 public:
  virtual ~Server() = default;
  virtual const char* name() const = 0;
  virtual std::string endpoint() const = 0;
  virtual CurvePublicKey key() const = 0;
  virtual const CurveSecretKey& device_key(std::size_t device) const = 0;

  // ---- What a device says
  virtual Bytes hello(std::size_t device) const = 0;
  virtual Bytes create(std::size_t topic, const std::vector<std::size_t>& readers) const = 0;  // answered
  virtual Bytes message(std::size_t topic, std::uint64_t number) const = 0;          // 1 KiB; answered
  virtual Bytes acknowledge(std::size_t topic, std::uint64_t deliveries) const = 0;  // all up to there
  virtual Arrived kind_of(ByteView frame) const = 0;
  // Deliveries of the topic that a writer gets back (its own entries), for each message.
  virtual bool writer_gets_its_own() const = 0;
};

inline constexpr std::size_t kBodyBytes = 1024;

}  // namespace nattevagt::bench
