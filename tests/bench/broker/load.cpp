#include "tests/bench/broker/load.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "broker/io/zmq_handle.h"
#include "proto/common/check.h"

namespace nattevagt::bench {
namespace {

using broker::zmq::Context;
using broker::zmq::Message;
using broker::zmq::Socket;
using std::chrono::steady_clock;

constexpr std::uint64_t kWindow = 256;
constexpr std::uint64_t kAcknowledgeEvery = 32;

double seconds_since(steady_clock::time_point begin) {
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

class Device {
 public:
  Device(Context& context, const Server& server, std::size_t device)
      : server_(server), socket_(context, ZMQ_DEALER) {
    socket_.set(ZMQ_CURVE_SERVERKEY, ByteView(server.key().bytes));
    socket_.set(ZMQ_CURVE_PUBLICKEY, ByteView(curve_public_key(server.device_key(device)).bytes));
    socket_.set(ZMQ_CURVE_SECRETKEY, ByteView(server.device_key(device).expose()));
    socket_.set(ZMQ_RCVHWM, 100'000);
    NV_CHECK(socket_.connect(server.endpoint()));
    send(server.hello(device));
    wait_answer();
  }
  void send(const Bytes& frame) {
    Message message{ByteView(frame)};
    NV_CHECK(socket_.send(message, 0));
  }
  // What has come, at most after `wait_ms`.
  Arrived receive(int wait_ms) {
    Message message;
    if (!socket_.receive(message, ZMQ_DONTWAIT)) {
      zmq_pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
      zmq_poll(&item, 1, wait_ms);
      if (!socket_.receive(message, ZMQ_DONTWAIT)) return Arrived::kOther;
    }
    const Arrived kind = server_.kind_of(message.bytes());
    NV_CHECK(kind != Arrived::kRefused);
    return kind;
  }
  void wait_answer() {
    while (receive(1'000) != Arrived::kAnswer) {
    }
  }
  // Counts a delivery of the topic and acknowledges now and then.
  void delivered(std::size_t topic) {
    if (++deliveries_ % kAcknowledgeEvery == 0) send(server_.acknowledge(topic, deliveries_));
  }
  std::uint64_t deliveries() const { return deliveries_; }
  void* handle() const { return socket_.handle(); }

 private:
  const Server& server_;
  Socket socket_;
  std::uint64_t deliveries_ = 0;
};

void write_all(const Server& server, Device& device, std::size_t topic, const std::vector<Bytes>& frames,
               std::uint64_t window) {
  std::uint64_t sent = 0, answered = 0;
  const std::uint64_t own = server.writer_gets_its_own() ? frames.size() : 0;
  while (answered < frames.size() || device.deliveries() < own) {
    while (sent < frames.size() && sent - answered < window) device.send(frames[sent++]);
    const Arrived kind = device.receive(100);
    if (kind == Arrived::kAnswer) ++answered;
    if (kind == Arrived::kDelivery) device.delivered(topic);
  }
}

std::vector<Bytes> frames_of(const Server& server, std::size_t topic, std::uint64_t count) {
  std::vector<Bytes> frames;
  for (std::uint64_t number = 1; number <= count; ++number) frames.push_back(server.message(topic, number));
  return frames;
}

// Reads until all devices have all; one thread for all of them.
void read_all(std::vector<std::unique_ptr<Device>>& devices, const std::vector<std::size_t>& topics,
              std::uint64_t each) {
  std::vector<zmq_pollitem_t> items;
  for (const auto& device : devices) items.push_back({device->handle(), 0, ZMQ_POLLIN, 0});
  std::uint64_t missing = devices.size() * each;
  while (missing > 0) {
    zmq_poll(items.data(), static_cast<int>(items.size()), 1'000);
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if ((items[i].revents & ZMQ_POLLIN) == 0) continue;
      for (Arrived kind = devices[i]->receive(0); kind != Arrived::kOther; kind = devices[i]->receive(0)) {
        if (kind != Arrived::kDelivery) continue;
        devices[i]->delivered(topics[i]);
        --missing;
      }
    }
  }
}

}  // namespace

Throughput measure_throughput(const Server& server, std::size_t producers, std::uint64_t messages_each) {
  Context context;
  std::vector<std::unique_ptr<Device>> writers, readers;
  std::vector<std::vector<Bytes>> frames;
  std::vector<std::size_t> topics;
  for (std::size_t topic = 0; topic < producers; ++topic) {
    readers.push_back(std::make_unique<Device>(context, server, 2 * topic + 1));
    writers.push_back(std::make_unique<Device>(context, server, 2 * topic));
    writers.back()->send(server.create(topic, {2 * topic + 1}));
    writers.back()->wait_answer();
    frames.push_back(frames_of(server, topic, messages_each));
    topics.push_back(topic);
  }
  const auto begin = steady_clock::now();
  std::thread reading([&] { read_all(readers, topics, messages_each); });
  std::vector<std::thread> writing;
  for (std::size_t topic = 0; topic < producers; ++topic) {
    writing.emplace_back([&, topic] { write_all(server, *writers[topic], topic, frames[topic], kWindow); });
  }
  for (auto& thread : writing) thread.join();
  reading.join();
  return {static_cast<double>(producers * messages_each) / seconds_since(begin)};
}

Latency measure_latency(const Server& server, std::size_t topic, std::uint64_t messages) {
  Context context;
  Device writer(context, server, 2 * topic);
  writer.send(server.create(topic, {2 * topic + 1}));
  writer.wait_answer();
  std::vector<double> micros;
  for (const Bytes& frame : frames_of(server, topic, messages)) {
    const auto begin = steady_clock::now();
    writer.send(frame);
    Arrived kind = Arrived::kOther;
    while (kind != Arrived::kAnswer) {
      kind = writer.receive(1'000);
      if (kind == Arrived::kDelivery) writer.delivered(topic);
    }
    micros.push_back(seconds_since(begin) * 1e6);
  }
  std::sort(micros.begin(), micros.end());
  return {micros[micros.size() / 2], micros[micros.size() * 99 / 100]};
}

double measure_fan_out(const Server& server, std::size_t readers, std::uint64_t messages) {
  Context context;
  std::vector<std::unique_ptr<Device>> reading_devices;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 1; i <= readers; ++i) {
    reading_devices.push_back(std::make_unique<Device>(context, server, i));
    numbers.push_back(i);
  }
  Device writer(context, server, 0);
  writer.send(server.create(0, numbers));
  writer.wait_answer();
  const auto frames = frames_of(server, 0, messages);
  const std::vector<std::size_t> topics(readers, 0);
  const auto begin = steady_clock::now();
  std::thread reading([&] { read_all(reading_devices, topics, messages); });
  write_all(server, writer, 0, frames, 64);
  reading.join();
  return static_cast<double>(readers * messages) / seconds_since(begin);
}

}  // namespace nattevagt::bench
