// What persons have agreed on among themselves, laid over the rota that the organisation has published
// (PROTOCOL.md P-112 to P-114). Pure, and the same code on hub and client.
#pragma once

#include <span>
#include <vector>

#include "proto/common/result.h"
#include "proto/wire/duty.h"
#include "proto/wire/rota.h"

namespace nattevagt::rota {

// The rota as it holds: each change that is complete and not taken back, in the order in which the hub took
// them, becomes overrides at the end of the list. A swap puts the taker in the giver's place, wherever and as
// long as the giver is on duty; a take-over stands alone. Changes of roles that the rota does not name count
// for nothing. Whether the taker may hold the role, and whether a signer's device was revoked, the caller has
// looked at.
wire::Rota with_changes(const wire::Rota& published, std::span<const wire::AgreedChange> changes);

// P-113: may this change be made at `now`? `rota` is the one that holds without it, `holders` are those whom
// the roster lets hold the role. kNotFound: the rota does not name the role; kNotPermitted: the taker may not
// hold it; kExpired: it is over; kWrongState: the giver is not on duty all that time, the taker is already, the
// duty taken over is not running now, or it is longer than that duty.
Status check_change(const wire::Rota& rota, std::span<const PersonId> holders,
                    const wire::AgreedChange& change, UtcTime now);

}  // namespace nattevagt::rota
