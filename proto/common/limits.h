// Every limit of the protocol, with its unit in its name. Past one of them: a clear error to the sender,
// nothing dropped in silence. Change one and PROTOCOL.md P-090 with it (a test compares them).
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/common/clock.h"

namespace nattevagt::limits {

// Frames and messages
inline constexpr std::size_t kFrameBytesMax = 1024 * 1024;        // one request or answer on the wire
inline constexpr std::size_t kFieldsPerFrameMax = 8'192;          // counted before a frame is parsed
inline constexpr std::size_t kEntryBytesMax = 256 * 1024;         // one entry of a stream
inline constexpr std::size_t kWelcomeBytesMax = 512 * 1024;       // one Welcome with its tree
inline constexpr std::size_t kContentBytesMax = 64 * 1024;        // one typed content before padding
inline constexpr std::size_t kTextBytesMax = 16 * 1024;           // one free-text field, UTF-8
inline constexpr std::size_t kLabelBytesMax = 512;                // a sealed name
inline constexpr std::size_t kCertificateBytesMax = 4 * 1024;
inline constexpr std::size_t kDocumentBytesMax = 256 * 1024;      // a signed document (roster, revocations)
inline constexpr std::size_t kGrantBytesMax = 2 * 1024;
inline constexpr std::size_t kSoftwareNameBytesMax = 64;
inline constexpr std::size_t kNameBytesMax = 200;                 // a name, a profession, a telephone number
inline constexpr std::size_t kEndpointBytesMax = 255;
inline constexpr std::size_t kLinkBytesMax = 64 * 1024;           // a grant's link or a card, as text
inline constexpr std::size_t kSealBytes = 40;                     // what sealing adds (crypto.h seal)
// What a message may hold beside its one large field: ids, signatures, tags.
inline constexpr std::size_t kWrapBytesMax = 256;

// Groups and streams
inline constexpr std::size_t kGroupMembersMax = 1000;
inline constexpr std::size_t kStreamsPerDeviceMax = 20'000;
inline constexpr std::size_t kEntriesPerStreamMax = 100'000;      // kept at once, not ever
inline constexpr std::size_t kMessageIdsRememberedPerStream = 4'096;
inline constexpr Millis kEntryRetention = std::chrono::hours(24 * 30);

inline constexpr std::size_t kAckPositionsMax = 1'000;            // of one Ack
inline constexpr std::size_t kReceiptPathMax = 32;                // digests; a batch has less than 2^32 leaves

// Key packages
inline constexpr std::size_t kKeyPackageBytesMax = 8 * 1024;
inline constexpr std::size_t kKeyPackagesPerDeviceMax = 100;
inline constexpr std::size_t kKeyPackagesPerRequestMax = 100;     // devices asked for at once
inline constexpr std::size_t kKeyPackagesLowStock = 10;

// Alerts and ladders
// More than a whole region asks in its worst minute (1,500), so that it never turns a real call away, and still a
// bound on what one stolen phone can leave behind. A call that meets it all the same is an operator's alarm.
inline constexpr std::size_t kOpenAlertsPerUnitMax = 2'000;
inline constexpr std::size_t kOpenDrillsPerUnitMax = 20;
inline constexpr std::size_t kLadderStepsMax = 16;
inline constexpr std::size_t kLadderTargetsMax = 32;              // of one step
inline constexpr Millis kStepWaitMin = Millis(200);               // demos and tests play in seconds
inline constexpr Millis kStepWaitMax = std::chrono::hours(24 * 7);
inline constexpr Millis kReachableGrace = std::chrono::seconds(30);  // since the device was last connected
inline constexpr Millis kPromiseGrace = std::chrono::seconds(5);      // P-063: a busy hub is not one that lies
inline constexpr Millis kHandOverWithin = std::chrono::minutes(3);    // accepted by then, or the ladder goes on
inline constexpr Millis kExhaustedRepeat = std::chrono::seconds(60);  // the loud end is said again

// Roster documents
inline constexpr std::size_t kRolesMax = 2'000;
inline constexpr std::size_t kUnitsMax = 2'000;
inline constexpr std::size_t kPeopleMax = 2'000;                    // named by a roster
inline constexpr std::size_t kLaddersMax = 2'000;
inline constexpr std::size_t kHoldersPerRoleMax = 64;
inline constexpr std::size_t kRecordersMax = 64;
inline constexpr std::size_t kRevokedDevicesMax = 14'000;         // what a document has room for
inline constexpr std::size_t kOrganisationsMax = 400;             // that one hub serves or one device pins
inline constexpr std::size_t kDocumentVersionsMax = 5 * kOrganisationsMax;

// Rota documents
inline constexpr std::size_t kRotaRolesMax = 500;
inline constexpr std::size_t kDutyWindowsMax = 16;                // of one role
inline constexpr std::size_t kDutiesPerRoleMax = 500;
inline constexpr std::size_t kDutyTurnsMax = 64;
inline constexpr std::size_t kDutyPersonsMax = 16;                // on duty together in one role
inline constexpr std::size_t kOverridesMax = 1'000;
inline constexpr std::size_t kYearlyHolidaysMax = 64;
inline constexpr std::size_t kSingleHolidaysMax = 400;
// A call may outlast the shift it was made in: who comes on duty within this is a member from the start.
inline constexpr Millis kDutyLookAhead = std::chrono::hours(2);

// Changes of duty that persons make themselves
inline constexpr std::size_t kDutyChangesMax = 64;                // of one organisation, to come or in force
inline constexpr std::size_t kDutyRequestsPerPersonMax = 8;       // swaps that wait for a yes
inline constexpr std::size_t kDutyChangeBytesMax = 512;
inline constexpr std::size_t kRevokedChangesMax = 256;
inline constexpr Millis kDutyChangeSpanMax = std::chrono::hours(24 * 7);

// Who on duty can really be reached (P-180 to P-188)
inline constexpr Millis kCheckInAhead = std::chrono::minutes(15);   // the notice, before the shift
inline constexpr Millis kCheckInWithin = std::chrono::minutes(10);  // of the shift's beginning; may be configured
inline constexpr Millis kSilentAfter = std::chrono::minutes(3);     // no device heard; may be configured
inline constexpr Millis kCheckInLasts = std::chrono::hours(24 * 7);  // of who stays on duty: then asked again
inline constexpr Millis kHeardBreak = std::chrono::seconds(45);     // three pings that did not come
inline constexpr Millis kHeardSteadily = std::chrono::seconds(60);  // without such a break: silence is over
inline constexpr std::size_t kShiftsPerRoleMax = 64;                // one a person whom the roster lists
inline constexpr std::size_t kDutyStatusesMax = 500;                // of one answer; then the next

// Lost phones that colleagues suspend (P-190 to P-197)
// What one stolen, unlocked phone can cut off; enough for a stolen bag: a phone, a tablet, and one press beside.
inline constexpr std::size_t kSuspensionsPerDeviceMax = 3;        // that stand, or that were lifted within a day
inline constexpr std::size_t kSuspensionsMax = 16;                // of one organisation, standing
inline constexpr std::size_t kSuspensionsKeptMax = 32;            // and those lifted within a day, in its document
inline constexpr std::size_t kSuspensionBytesMax = 1024;
inline constexpr Millis kSuspensionUndo = std::chrono::minutes(10);  // by the device that suspended
inline constexpr Millis kSuspensionKept = std::chrono::hours(24);    // in the document, once it is lifted
inline constexpr Millis kSuspensionSkewMax = std::chrono::hours(1);  // what is signed is said now, not tomorrow

// Devices and connections
inline constexpr std::size_t kDevicesPerPersonMax = 16;
inline constexpr std::size_t kDevicesPerAnswerMax = 5'000;        // of one answer to ListDevices; then the next
inline constexpr std::size_t kDevicesListedMax = 200'000;         // that a tool takes in from all answers
inline constexpr Millis kCertificateLifetimeMax = std::chrono::hours(24 * 366 * 5);
inline constexpr Millis kClockSkewMax = std::chrono::minutes(5);  // between an organisation's tool and a device
inline constexpr Millis kRetryAfterMax = std::chrono::hours(24 * 7);
inline constexpr std::size_t kUnackedEntriesPerDevice = 256;      // credit: a slow device is held back here
inline constexpr std::size_t kRequestsInFlightPerDevice = 256;
inline constexpr std::uint32_t kRequestsPerSecondPerDevice = 2'000;  // averaged; 10 times for a burst

// Times that a field may hold: what lies outside is a broken clock or a hostile sender
inline constexpr UtcTime kTimeMin = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
inline constexpr UtcTime kTimeEnd = std::chrono::sys_days(std::chrono::year(2200) / 1 / 1);

// PIN
inline constexpr std::uint32_t kWrongPinsBeforeDelay = 3;
inline constexpr std::uint32_t kWrongPinsMax = 10;                // then the store locks for an hour

}  // namespace nattevagt::limits
