// The load itself: the same clients and the same counting for both servers.
#pragma once

#include "tests/bench/broker/server.h"

namespace nattevagt::bench {

struct Throughput {
  double stored_per_second = 0;
};
// `producers` writers with a window of 256 and a reader each; ends when all is stored and read.
Throughput measure_throughput(const Server& server, std::size_t producers, std::uint64_t messages_each);

struct Latency {
  double p50_us = 0, p99_us = 0;
};
// One message at a time, sent to answered.
Latency measure_latency(const Server& server, std::size_t topic, std::uint64_t messages);

// One writer, `readers` readers, window 64: deliveries a second.
double measure_fan_out(const Server& server, std::size_t readers, std::uint64_t messages);

}  // namespace nattevagt::bench
