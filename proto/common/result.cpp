#include "proto/common/result.h"

namespace nattevagt {

std::string_view errc_name(Errc code) noexcept {
  switch (code) {
    case Errc::kMalformed: return "malformed";
    case Errc::kTooLarge: return "too_large";
    case Errc::kInvalidValue: return "invalid_value";
    case Errc::kUnsupported: return "unsupported";
    case Errc::kUpgradeRequired: return "upgrade_required";
    case Errc::kNotFound: return "not_found";
    case Errc::kBadSignature: return "bad_signature";
    case Errc::kUntrusted: return "untrusted";
    case Errc::kExpired: return "expired";
    case Errc::kGrantUsed: return "grant_used";
    case Errc::kRevoked: return "revoked";
    case Errc::kNotPermitted: return "not_permitted";
    case Errc::kWrongPin: return "wrong_pin";
    case Errc::kLocked: return "locked";
    case Errc::kSuspended: return "suspended";
    case Errc::kStaleEpoch: return "stale_epoch";
    case Errc::kAlreadyTaken: return "already_taken";
    case Errc::kAlreadyExists: return "already_exists";
    case Errc::kWrongState: return "wrong_state";
    case Errc::kDuplicate: return "duplicate";
    case Errc::kReplay: return "replay";
    case Errc::kFork: return "fork";
    case Errc::kGap: return "gap";
    case Errc::kBusy: return "busy";
    case Errc::kStorage: return "storage";
    case Errc::kNoSpace: return "no_space";
    case Errc::kCorrupt: return "corrupt";
    case Errc::kUnavailable: return "unavailable";
    case Errc::kTimeout: return "timeout";
    case Errc::kNoKeyPackage: return "no_key_package";
    case Errc::kCrypto: return "crypto";
    case Errc::kUnknownPsk: return "unknown_psk";
    case Errc::kNotMember: return "not_member";
    case Errc::kGenerationUsed: return "generation_used";
  }
  return "unknown";
}

}  // namespace nattevagt
