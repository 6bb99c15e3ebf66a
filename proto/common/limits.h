// Every limit of the protocol, with its unit in its name. Past one of them: a clear error to the sender,
// nothing dropped in silence. Change one and PROTOCOL.md P-090 with it (a test compares them).
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/common/clock.h"

namespace nattevagt::limits {

// Frames and messages
inline constexpr std::size_t kFrameBytesMax = 1024 * 1024;        // one request or answer on the wire
inline constexpr std::size_t kEntryBytesMax = 256 * 1024;         // one entry of a stream
inline constexpr std::size_t kWelcomeBytesMax = 512 * 1024;       // one Welcome with its tree
inline constexpr std::size_t kContentBytesMax = 64 * 1024;        // one typed content before padding
inline constexpr std::size_t kTextBytesMax = 16 * 1024;           // one free-text field, UTF-8
inline constexpr std::size_t kLabelBytesMax = 512;                // a sealed name
inline constexpr std::size_t kCertificateBytesMax = 4 * 1024;
inline constexpr std::size_t kDocumentBytesMax = 256 * 1024;      // a signed document (roster, revocations)
inline constexpr std::size_t kSoftwareNameBytesMax = 64;

// Groups and streams
inline constexpr std::size_t kGroupMembersMax = 1000;
inline constexpr std::size_t kStreamsPerDeviceMax = 20'000;
inline constexpr std::size_t kEntriesPerStreamMax = 100'000;      // kept at once, not ever
inline constexpr std::size_t kMessageIdsRememberedPerStream = 4'096;
inline constexpr Millis kEntryRetention = std::chrono::hours(24 * 30);

// Key packages
inline constexpr std::size_t kKeyPackageBytesMax = 8 * 1024;
inline constexpr std::size_t kKeyPackagesPerDeviceMax = 100;
inline constexpr std::size_t kKeyPackagesPerRequestMax = 100;     // devices asked for at once
inline constexpr std::size_t kKeyPackagesLowStock = 10;

// Alerts and ladders
inline constexpr std::size_t kOpenAlertsPerUnitMax = 200;
inline constexpr std::size_t kLadderStepsMax = 16;
inline constexpr std::size_t kLadderTargetsMax = 32;              // of one step
inline constexpr Millis kStepWaitMin = Millis(200);               // demos and tests play in seconds
inline constexpr Millis kStepWaitMax = std::chrono::hours(24 * 7);
inline constexpr Millis kReachableGrace = std::chrono::seconds(30);  // since the device was last connected
inline constexpr Millis kExhaustedRepeat = std::chrono::seconds(60);  // the loud end is said again

// Roster documents
inline constexpr std::size_t kRolesMax = 2'000;
inline constexpr std::size_t kUnitsMax = 2'000;
inline constexpr std::size_t kHoldersPerRoleMax = 64;

// Devices and connections
inline constexpr std::size_t kDevicesPerPersonMax = 16;
inline constexpr std::size_t kUnackedEntriesPerDevice = 256;      // credit: a slow device is held back here
inline constexpr std::size_t kRequestsInFlightPerDevice = 256;
inline constexpr std::uint32_t kRequestsPerSecondPerDevice = 2'000;  // averaged; 10 times for a burst

// PIN
inline constexpr std::uint32_t kWrongPinsBeforeDelay = 3;
inline constexpr std::uint32_t kWrongPinsMax = 10;                // then the store locks for an hour

}  // namespace nattevagt::limits
