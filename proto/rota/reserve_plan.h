// The reserve plan: whom to ring when nobody has taken the call, by unit and hour (PROTOCOL.md P-150). A text
// that the organisation seals into its roster; each line may begin with the condition under which it holds:
//
// clang-format off
//     [hverdage 16-08] Psykiatrisk akuttelefon: 70 00 00 01      (weekdays, no holidays, into the next morning)
//     [weekend helligdage] Lægevagten: 70 00 00 02
//     [enhed Strandløkken; man-fre 07.30-15] Vagtleder: 70 00 00 03
//     Livsfare: ring 112
// clang-format on
//
// Days (any of them): hverdage, weekend, helligdage, man .. søn, man-tor. Hours, Danish time, from until
// before; past midnight they belong to the day on which they began. `enhed`: a unit of that name, or whose
// name begins with it and a comma. Whatever cannot be read is shown as it stands, and a plan of which nothing
// would be left is shown whole: a number too many costs a moment, one too few may cost more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/common/clock.h"

namespace nattevagt::rota {

// The lines that hold at `now` for that unit (its name; empty: unknown), without their conditions.
std::string reserve_lines(std::string_view plan, UtcTime now, std::string_view unit);

// Lines, from 1, that begin with a condition that cannot be read.
std::vector<std::size_t> unreadable_conditions(std::string_view plan);

}  // namespace nattevagt::rota
