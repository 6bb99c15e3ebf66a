// The baseline: what libzmq, CURVE and SQLCipher cost by themselves. One thread, group commit of up to 512
// messages, then deliver and acknowledge; an acknowledged delivery is deleted. No protocol, no receipts, no
// core.
#pragma once

#include <atomic>
#include <map>
#include <thread>

#include "broker/io/sqlite_handle.h"
#include "broker/io/zmq_handle.h"
#include "tests/bench/broker/server.h"

namespace nattevagt::bench {

class PrototypeServer final : public Server {
 public:
  PrototypeServer(const std::string& folder, std::size_t devices);
  ~PrototypeServer() override;

  const char* name() const override { return "prototype"; }
  std::string endpoint() const override { return endpoint_; }
  CurvePublicKey key() const override { return curve_public_key(key_); }
  const CurveSecretKey& device_key(std::size_t device) const override { return device_keys_[device]; }
  Bytes hello(std::size_t device) const override;
  Bytes create(std::size_t topic, const std::vector<std::size_t>& readers) const override;
  Bytes message(std::size_t topic, std::uint64_t number) const override;
  Bytes acknowledge(std::size_t topic, std::uint64_t deliveries) const override;
  Arrived kind_of(ByteView frame) const override;
  bool writer_gets_its_own() const override { return false; }

 private:
  struct Waiting {
    Bytes route;
    std::uint32_t topic = 0;
    std::shared_ptr<const Bytes> frame;
  };
  void serve();
  void take(const Bytes& route, ByteView frame);
  void commit();
  void send(const Bytes& route, std::shared_ptr<const Bytes> frame);

  CurveSecretKey key_;
  std::vector<CurveSecretKey> device_keys_;
  broker::sqlite::Connection database_;
  broker::sqlite::Statement begin_, commit_, insert_, delete_;
  broker::zmq::Context context_;
  broker::zmq::Socket router_;
  std::string endpoint_;
  std::map<std::uint32_t, Bytes> route_of_;                      // device -> routing id
  std::map<std::uint32_t, std::vector<std::uint32_t>> readers_;  // topic -> devices
  std::vector<Waiting> batch_;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> acknowledged_;
  std::int64_t last_row_ = 0;
  std::map<std::uint32_t, std::vector<std::int64_t>> rows_;  // topic -> rows kept, by delivery
  std::map<std::uint32_t, std::uint64_t> deleted_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace nattevagt::bench
