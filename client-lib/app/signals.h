// SIGINT, SIGTERM and what else is asked for as a descriptor: seen in the same place as everything else, no
// race with the wait. Make one before ZeroMQ's threads are made: they inherit the blocked signals.
#pragma once

#include <initializer_list>

namespace nattevagt::client::cli {

class Signals {
 public:
  explicit Signals(std::initializer_list<int> also = {});
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  int descriptor() const { return descriptor_; }
  int take() const;  // the number of one that has come; 0: none

 private:
  int descriptor_ = -1;
};

}  // namespace nattevagt::client::cli
