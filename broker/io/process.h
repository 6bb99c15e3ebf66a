// What the hub asks the kernel about itself and its disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace nattevagt::broker {

std::uint64_t resident_bytes() noexcept;   // 0 when /proc is not there
std::uint64_t descriptors_max() noexcept;  // the soft limit, after raise_descriptors()
void raise_descriptors() noexcept;         // the soft limit to the hard one
// Free for us on the file system of `path`; nothing when it cannot be asked.
std::optional<std::uint64_t> free_bytes(const std::string& path) noexcept;
// Core dumps hold keys and queued frames: off (also in the unit; here for whoever starts the program by
// hand).
void forbid_core_dumps() noexcept;

}  // namespace nattevagt::broker
