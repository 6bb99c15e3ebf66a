// Internal to wire/*.cpp: what is said of a lost phone stands in requests and answers, and by itself.
#pragma once

#include "proto/wire/codec_checks.h"
#include "proto/wire/suspension.h"

namespace nattevagt::pb {
class SignedLift;
class SignedSuspension;
}

namespace nattevagt::wire {

void put(const SignedSuspension& in, pb::SignedSuspension& out);
void read(const pb::SignedSuspension& in, SignedSuspension& out, Checks& checks);
void put(const SignedLift& in, pb::SignedLift& out);
void read(const pb::SignedLift& in, SignedLift& out, Checks& checks);

}  // namespace nattevagt::wire
