// Danish public holidays, computed (P-102). Those of the law as it is since 2024, when store bededag went.
#pragma once

#include "proto/wire/rota.h"

namespace nattevagt::rota {

wire::LocalDay easter_sunday(int year);  // Gregorian, 1583 and later

// 1 January, Maundy Thursday, Good Friday, Easter Sunday and Monday, Ascension, Whit Sunday and Monday, 25
// and 26 December.
bool is_public_holiday(wire::LocalDay day);

// With the days that the organisation keeps as holidays too.
wire::DayKind kind_of(wire::LocalDay day, const wire::Rota& rota);

}  // namespace nattevagt::rota
