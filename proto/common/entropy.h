// Randomness is an argument. Cores draw from the Entropy they are given; only a runner owns the real one.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "proto/common/ids.h"
#include "proto/common/secret.h"

namespace nattevagt {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  template <class IdType>
  IdType make_id() {
    IdType id;
    fill(id.bytes);
    return id;
  }
  template <class SecretType>
  SecretType make_secret() {
    SecretType secret;
    fill(secret.expose());
    return secret;
  }
};

// A ChaCha20 stream under a seed: for tests and simulation, where the same seed must give the same run.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) noexcept;
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::array<std::uint8_t, 32> key_{};
  std::uint64_t block_ = 0;
};

}  // namespace nattevagt
