// Internal to wire/*.cpp: what persons sign about duty stands in requests and answers, and by itself.
#pragma once

#include "proto/wire/codec_checks.h"
#include "proto/wire/check_in.h"
#include "proto/wire/duty.h"

namespace nattevagt::pb {
class DutySigner;
class DutyStatus;
class SignedCheckIn;
class SignedDutyChange;
}

namespace nattevagt::wire {

void put(const DutySigner& in, pb::DutySigner& out);
void read(const pb::DutySigner& in, DutySigner& out, Checks& checks);
void put(const SignedDutyChange& in, pb::SignedDutyChange& out);
void read(const pb::SignedDutyChange& in, SignedDutyChange& out, Checks& checks);
void put(const SignedCheckIn& in, pb::SignedCheckIn& out);
void read(const pb::SignedCheckIn& in, SignedCheckIn& out, Checks& checks);
void put(const DutyStatus& in, pb::DutyStatus& out);
void read(const pb::DutyStatus& in, DutyStatus& out, Checks& checks);

}  // namespace nattevagt::wire
