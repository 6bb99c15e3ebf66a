// The hub's test of its own door, at each start: trap 1 is silent, so it is looked for.
#pragma once

#include "broker/io/admission.h"
#include "broker/io/zmq_handle.h"
#include "proto/common/entropy.h"

namespace nattevagt::broker {

// On a loopback port of its own: a fresh key that is not in the table must be refused, and one that is in it
// for a moment must get in. kNotPermitted when either does not hold. Blocks for at most some seconds.
Status check_admission(zmq::Context& context, zmq::Socket& server, const CurvePublicKey& server_key,
                       AdmissionTable& table, Entropy& entropy);

}  // namespace nattevagt::broker
