// Keyed randomness: a draw depends on the seed, on what it is for, on whom it is about and on its number
// there, and on nothing else. So a plan that has lost an item leaves every other draw as it was, and shrinks.
#pragma once

#include <cstdint>

namespace nattevagt::simulation {

enum class Stream : std::uint8_t { kPlan = 1, kLatency, kSync, kCrash, kPeople, kEntropy, kKeep, kLink, kVersion };

inline std::uint64_t mixed(std::uint64_t z) noexcept {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

class Draw {
 public:
  Draw(std::uint64_t seed, Stream stream, std::uint64_t entity) noexcept
      : key_(mixed(mixed(seed) ^ (static_cast<std::uint64_t>(stream) << 56) ^ entity)) {}
  std::uint64_t next() noexcept { return mixed(key_ ^ mixed(number_++)); }
  std::uint64_t below(std::uint64_t n) noexcept { return next() % n; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
    return low + below(high - low + 1);
  }
  bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t key_;
  std::uint64_t number_ = 0;
};

}  // namespace nattevagt::simulation
