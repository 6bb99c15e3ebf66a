// The ZAP handler (ZeroMQ RFC 27): libzmq asks it at each CURVE handshake whether to let the peer in.
//
// Invariants:
//  1. Bound before the front's socket is: a handshake never finds nobody to ask (trap 1). The front sets
//     kZapEnforceDomain too, so even then it would be refused.
//  2. A key that AdmissionTable does not give is refused; so is another mechanism, domain or version.
//  3. The User-Id that messages then carry is the client's key in hex; nothing that the peer chose (trap 2).
//  4. The thread ends only in the destructor. Any other end aborts the process.
//
// Ownership: a resource; the context, the table and `now` outlive it. Threads: one of its own.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <thread>

#include "broker/io/admission.h"
#include "broker/io/zmq_handle.h"

namespace nattevagt::broker {

inline constexpr std::string_view kZapDomain = "nattevagt";

class ZapHandler {
 public:
  ZapHandler(zmq::Context& context, const AdmissionTable& table, std::function<UtcTime()> now);
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  std::uint64_t admitted() const noexcept { return admitted_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  void serve(zmq::Socket requests, zmq::Socket stop) noexcept;
  bool answer_one(zmq::Socket& requests);

  const AdmissionTable& table_;
  std::function<UtcTime()> now_;
  std::atomic<std::uint64_t> admitted_{0};
  std::atomic<std::uint64_t> refused_{0};
  zmq::Socket stop_;
  std::thread thread_;
};

}  // namespace nattevagt::broker
