// Who a citizen is, and what the signature under a plan card is over. Pure; the same on every device.
#pragma once

#include <optional>

#include "proto/common/crypto.h"
#include "proto/wire/content.h"

namespace nattevagt::wire {

// P-163: by the CPR when both have one (the hyphen and the case of its letters do not matter); else by the name,
// blanks and case aside, which is a likeness and no proof. None: not the same.
enum class CitizenMatch : std::uint8_t { kCpr = 1, kName = 2 };
std::optional<CitizenMatch> same_citizen(const Citizen& one, const Citizen& other);

// P-162: SHA-256("Nattevagt plan card v1" 00, then each field with its length in front). Over the fields, not
// over their encoding, so that every program that shows the same card gets the same.
Digest plan_card_hash(const PlanCard& card);

}  // namespace nattevagt::wire
