// Internal to wire/*.cpp: a signed change stands in a request as well as in its document.
#pragma once

#include "proto/wire/codec_checks.h"
#include "proto/wire/duty.h"

namespace nattevagt::pb {
class SignedDutyChange;
}

namespace nattevagt::wire {

void put(const SignedDutyChange& in, pb::SignedDutyChange& out);
void read(const pb::SignedDutyChange& in, SignedDutyChange& out, Checks& checks);

}  // namespace nattevagt::wire
