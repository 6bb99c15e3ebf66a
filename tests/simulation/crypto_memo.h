// What the rig does about the price of Ed25519 and X25519, so that a night costs what is new in it. Linked in
// with --wrap (CMakeLists.txt) under the product's own MLS; all other cryptography is done as in the product.
//
// Remembered: answers of pure functions. The keys of the devices and of their key packages are derived from the
// same seeds in every night; and what one side of an HPKE message has agreed on, the other side gets.
// Stood in for: signatures. A signature is 64 bytes that only its key and its message give; nobody in the rig
// forges one, so any such function will do, and its verification is to make it again. Nights are played with
// Ed25519 itself too (one in fifty, and whenever asked), and must leave the same trace.
#pragma once

namespace nattevagt::simulation {

void sign_with_ed25519(bool on);

}  // namespace nattevagt::simulation
