// What ends the main thread's wait for work, from another thread or a signal handler.
#pragma once

namespace nattevagt::broker {

class Wake {
 public:
  Wake();  // NV_CHECKs that the system has a descriptor left
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  void call() const noexcept;   // safe in a signal handler; calls before a clear() are one
  void clear() const noexcept;  // by the waiting thread, before it looks for what there is to do
  int descriptor() const noexcept { return descriptor_; }  // readable from call() to clear()

 private:
  int descriptor_;
};

}  // namespace nattevagt::broker
