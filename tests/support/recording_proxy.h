// A TCP proxy that keeps every byte of both directions: the wire, as somebody on the network sees it.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

namespace nattevagt::testing {

class RecordingProxy {
 public:
  explicit RecordingProxy(int to_port);  // of 127.0.0.1
  ~RecordingProxy();
  RecordingProxy(const RecordingProxy&) = delete;
  RecordingProxy& operator=(const RecordingProxy&) = delete;

  int port() const { return port_; }
  std::string recorded() const;
  void cut();  // drops every connection and takes no new ones
  void mend();

 private:
  void serve();
  int listener_ = -1;
  int port_ = 0;
  int to_port_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> cut_{false};
  mutable std::mutex mutex_;  // guards recorded_
  std::string recorded_;
  std::thread thread_;
};

}  // namespace nattevagt::testing
