// The shape of a Danish civil registration number. Shape and date only: many true numbers fail modulus 11,
// and so do MedCom's own test citizens, so nothing here or elsewhere may compute it.
#pragma once

#include <string_view>

namespace nattevagt::wire {

// "ddmmyyxxxx" or "ddmmyy-xxxx" with a date that exists. Accepted as replacement numbers: a day raised by 60
// (administrative), and capital letters among the last four (X-eCPR, "0703921VJ5"). Empty is not a CPR.
bool is_cpr(std::string_view text) noexcept;

}  // namespace nattevagt::wire
