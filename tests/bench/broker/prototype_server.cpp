#include "tests/bench/broker/prototype_server.h"

#include "proto/common/check.h"
#include "proto/common/system.h"

namespace nattevagt::bench {
namespace {

using namespace nattevagt::broker;

constexpr int kBatch = 512;

// kind, topic or device (4 bytes), number (8 bytes), the rest
Bytes frame_of(char kind, std::uint32_t who, std::uint64_t number, std::size_t body = 0) {
  Bytes out = {static_cast<std::uint8_t>(kind)};
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(who >> shift));
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
  out.resize(out.size() + body, 7);
  return out;
}
std::uint64_t number_at(ByteView frame, std::size_t at, std::size_t bytes) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : frame.subspan(at, bytes)) out = (out << 8) | byte;
  return out;
}

}  // namespace

PrototypeServer::PrototypeServer(const std::string& folder, std::size_t devices) {
  SystemEntropy entropy;
  key_ = entropy.make_secret<CurveSecretKey>();
  for (std::size_t i = 0; i < devices; ++i) device_keys_.push_back(entropy.make_secret<CurveSecretKey>());
  const auto database_key = entropy.make_secret<JournalKey>();
  auto opened =
      sqlite::Connection::open(folder + "/prototype", database_key, sqlite::Connection::Mode::kCreate);
  NV_CHECK(opened.has_value());
  database_ = std::move(*opened);
  for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                          "PRAGMA cache_size = -65536", "PRAGMA wal_autocheckpoint = 2000",
                          "CREATE TABLE m (id INTEGER PRIMARY KEY, topic INTEGER, body BLOB)"}) {
    NV_CHECK(database_.execute(sql).has_value());
  }
  begin_ = std::move(*sqlite::Statement::prepare(database_, "BEGIN IMMEDIATE"));
  commit_ = std::move(*sqlite::Statement::prepare(database_, "COMMIT"));
  insert_ = std::move(*sqlite::Statement::prepare(database_, "INSERT INTO m VALUES (?1, ?2, ?3)"));
  delete_ = std::move(*sqlite::Statement::prepare(database_, "DELETE FROM m WHERE id = ?1"));
  context_.set(ZMQ_IO_THREADS, 2);
  router_ = zmq::Socket(context_, ZMQ_ROUTER);
  router_.set(ZMQ_CURVE_SERVER, 1);
  router_.set(ZMQ_CURVE_SECRETKEY, ByteView(key_.expose()));
  router_.set(ZMQ_SNDHWM, 100'000);
  router_.set(ZMQ_BACKLOG, 1'024);
  NV_CHECK(router_.bind("tcp://127.0.0.1:*"));
  endpoint_ = router_.last_endpoint();
  thread_ = std::thread([this] { serve(); });
}

PrototypeServer::~PrototypeServer() {
  stop_ = true;
  thread_.join();
}

Bytes PrototypeServer::hello(std::size_t device) const {
  return frame_of('H', static_cast<std::uint32_t>(device), 0);
}
Bytes PrototypeServer::create(std::size_t topic, const std::vector<std::size_t>& readers) const {
  Bytes frame = frame_of('C', static_cast<std::uint32_t>(topic), 0);
  for (const std::size_t reader : readers) {
    for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<std::uint8_t>(reader >> shift));
  }
  return frame;
}
Bytes PrototypeServer::message(std::size_t topic, std::uint64_t number) const {
  return frame_of('P', static_cast<std::uint32_t>(topic), number, kBodyBytes);
}
Bytes PrototypeServer::acknowledge(std::size_t topic, std::uint64_t deliveries) const {
  return frame_of('K', static_cast<std::uint32_t>(topic), deliveries);
}
Arrived PrototypeServer::kind_of(ByteView frame) const {
  if (frame[0] == 'A') return Arrived::kAnswer;
  return frame[0] == 'P' ? Arrived::kDelivery : Arrived::kOther;
}

void PrototypeServer::serve() {
  zmq_pollitem_t item{router_.handle(), 0, ZMQ_POLLIN, 0};
  while (!stop_) {
    if (zmq_poll(&item, 1, 50) <= 0) continue;
    for (int taken = 0; taken < kBatch; ++taken) {
      zmq::Message route, frame;
      if (!router_.receive(route, ZMQ_DONTWAIT)) break;
      NV_CHECK(router_.receive(frame, ZMQ_DONTWAIT));
      take(to_bytes(route.bytes()), frame.bytes());
    }
    commit();
  }
}

void PrototypeServer::take(const Bytes& route, ByteView frame) {
  const auto who = static_cast<std::uint32_t>(number_at(frame, 1, 4));
  if (frame[0] == 'H') {
    route_of_[who] = route;
    send(route, std::make_shared<const Bytes>(frame_of('A', who, 0)));
  } else if (frame[0] == 'C') {
    for (std::size_t at = 13; at + 4 <= frame.size(); at += 4) {
      readers_[who].push_back(static_cast<std::uint32_t>(number_at(frame, at, 4)));
    }
    send(route, std::make_shared<const Bytes>(frame_of('A', who, 0)));
  } else if (frame[0] == 'P') {
    batch_.push_back({route, who, std::make_shared<const Bytes>(to_bytes(frame))});
  } else {
    acknowledged_.emplace_back(who, number_at(frame, 5, 8));
  }
}

void PrototypeServer::commit() {
  if (batch_.empty() && acknowledged_.empty()) return;
  NV_CHECK(begin_.run().has_value());
  for (const Waiting& one : batch_) {
    insert_.bind(1, ++last_row_);
    insert_.bind(2, std::int64_t{one.topic});
    insert_.bind(3, ByteView(*one.frame).subspan(13));
    NV_CHECK(insert_.run().has_value());
    rows_[one.topic].push_back(last_row_);
  }
  for (const auto& [topic, upto] : acknowledged_) {
    std::uint64_t& deleted = deleted_[topic];
    for (; deleted < std::min<std::uint64_t>(upto, rows_[topic].size()); ++deleted) {
      delete_.bind(1, rows_[topic][deleted]);
      NV_CHECK(delete_.run().has_value());
    }
  }
  NV_CHECK(commit_.run().has_value());
  for (const Waiting& one : batch_) {
    for (const std::uint32_t reader : readers_[one.topic]) send(route_of_[reader], one.frame);
    send(one.route, std::make_shared<const Bytes>(frame_of('A', one.topic, number_at(*one.frame, 5, 8))));
  }
  batch_.clear();
  acknowledged_.clear();
}

void PrototypeServer::send(const Bytes& route, std::shared_ptr<const Bytes> frame) {
  zmq::Message head{ByteView(route)};
  if (!router_.send(head, ZMQ_SNDMORE | ZMQ_DONTWAIT)) return;
  zmq::Message body(std::move(frame));
  router_.send(body, ZMQ_DONTWAIT);
}

}  // namespace nattevagt::bench
