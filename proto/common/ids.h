// Strong ids: 16 random bytes each, except DeviceId and OrganisationId, which are hashes of the keys they
// name (PROTOCOL.md P-020, P-021). An id tells nothing about the person, place or time behind it.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "proto/common/bytes.h"
#include "proto/common/result.h"

namespace nattevagt {

template <class Kind>
struct Id {
  static constexpr std::size_t kSize = 16;
  std::array<std::uint8_t, kSize> bytes{};

  static Result<Id> from(ByteView view) {
    if (view.size() != kSize) return fail(Errc::kInvalidValue, "Id::from");
    Id id;
    std::copy(view.begin(), view.end(), id.bytes.begin());
    return id;
  }
  static Result<Id> from_hex(std::string_view text) {
    NV_TRY(const Bytes raw, nattevagt::from_hex(text));
    return from(raw);
  }
  ByteView view() const noexcept { return bytes; }
  std::string hex() const { return to_hex(bytes); }
  bool is_zero() const noexcept { return bytes == std::array<std::uint8_t, kSize>{}; }

  friend auto operator<=>(const Id&, const Id&) = default;
};

using OrganisationId = Id<struct OrganisationKind>;
using PersonId = Id<struct PersonKind>;
using DeviceId = Id<struct DeviceKind>;
using UnitId = Id<struct UnitKind>;
using RoleId = Id<struct RoleKind>;
using DutyChangeId = Id<struct DutyChangeIdKind>;
using SuspensionId = Id<struct SuspensionIdKind>;
using LadderId = Id<struct LadderKind>;
using GrantId = Id<struct GrantKind>;
using AlertId = Id<struct AlertKind>;
using ConversationId = Id<struct ConversationKind>;  // also the MLS group id and the hub's stream id
using MessageId = Id<struct MessageKind>;            // made by the client; a re-send has the same one

}  // namespace nattevagt

template <class Kind>
struct std::hash<nattevagt::Id<Kind>> {  // NOLINT(cert-dcl58-cpp): the partial specialisation that std allows
  std::size_t operator()(const nattevagt::Id<Kind>& id) const noexcept {
    std::size_t out = 0;
    for (std::size_t i = 0; i < sizeof(out); ++i) out = (out << 8) | id.bytes[i];
    return out;
  }
};
