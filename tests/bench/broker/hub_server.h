// The real hub: Runner, core, journal, CURVE with ZAP, as `nattevagt-broker run` puts them together.
#pragma once

#include <map>
#include <thread>

#include "broker/app/runner.h"
#include "broker/io/sqlcipher_journal.h"
#include "proto/common/system.h"
#include "tests/bench/broker/server.h"

namespace nattevagt::bench {

class HubServer final : public Server {
 public:
  HubServer(const std::string& folder, std::size_t devices);
  ~HubServer() override;

  const char* name() const override { return "hub"; }
  std::string endpoint() const override { return runner_->endpoint(); }
  CurvePublicKey key() const override { return curve_public_key(curve_); }
  const CurveSecretKey& device_key(std::size_t device) const override { return devices_[device].curve; }
  Bytes hello(std::size_t device) const override;
  Bytes create(std::size_t topic, const std::vector<std::size_t>& readers) const override;
  Bytes message(std::size_t topic, std::uint64_t number) const override;
  Bytes acknowledge(std::size_t topic, std::uint64_t deliveries) const override;
  Arrived kind_of(ByteView frame) const override;
  bool writer_gets_its_own() const override { return true; }

 private:
  struct Device {
    CurveSecretKey curve;
    DeviceId id;
  };
  void enrol(std::size_t devices, const wire::OrganisationCard& card, const SignKey& organisation);
  static ConversationId stream_of(std::size_t topic);

  SystemEntropy entropy_;
  SystemClock clock_;
  CurveSecretKey curve_;
  SignKey sign_;
  std::vector<Device> devices_;
  std::unique_ptr<broker::SqlcipherJournal> journal_;
  broker::Log log_;
  broker::ServiceManager manager_;
  std::unique_ptr<broker::Runner> runner_;
  std::thread thread_;
};

}  // namespace nattevagt::bench
