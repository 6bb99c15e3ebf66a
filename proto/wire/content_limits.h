// Limits of what is said inside the encryption and of the device alone: the hub knows none of them. Beside
// common/limits.h, which hub and clients agree on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nattevagt::limits {

// Conversations about a citizen (P-160, P-161)
inline constexpr std::size_t kPlanPartiesMax = 16;
inline constexpr std::size_t kPlanReplacesMax = 8;  // versions written at once that one replaces
inline constexpr std::uint32_t kPlanVersionMax = 1'000'000;
inline constexpr std::size_t kInvitedMax = 32;  // roles, units and persons of one start

// People who share a unit's device (P-170)
inline constexpr std::size_t kProfilesMax = 64;

}  // namespace nattevagt::limits
