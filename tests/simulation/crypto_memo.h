// What the rig does about the price of Ed25519 and X25519, so that a night costs what is new in it. Linked in
// with --wrap (CMakeLists.txt) under the product's own MLS; all other cryptography is done as in the product.
//
// Stood in for: signatures and agreements. A signature is 64 bytes that only its key and its message give, an
// agreement 32 bytes that only its two public keys give; nobody in the rig forges the one or computes the other
// without a secret key, so any such functions will do. Nights are played with the curves themselves too (one in
// fifty, and whenever asked), and must leave the same trace.
// Remembered: answers of pure functions. What all nights begin from is made with X25519 itself, so that it fits
// both kinds of night: its keys and agreements are kept for good.
#pragma once

namespace nattevagt::simulation {

void use_real_curves(bool on);  // off at first

// While one lives, X25519 is itself and what it answers is kept.
class MakingBase {
 public:
  MakingBase();
  ~MakingBase();
  MakingBase(const MakingBase&) = delete;
  MakingBase& operator=(const MakingBase&) = delete;
};

}  // namespace nattevagt::simulation
