// Result<T>: what every function returns whose input can be bad.
//
// An Error is a closed enum and a constant place, nothing else: it can be logged anywhere, because it can
// never hold a citizen's words. What a person reads is made from the code at the edge (command line, screens).
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace nattevagt {

// The numbers travel in Refused (PROTOCOL.md P-014): never renumber, only append.
enum class Errc : std::uint16_t {
  // Bytes and values
  kMalformed = 1,         // bytes are not what the schema says
  kTooLarge = 2,          // past a limit of limits.h
  kInvalidValue = 3,      // parsed, but a field is outside its range
  kUnsupported = 4,       // a version, suite or kind that this build does not know
  kUpgradeRequired = 5,   // the peer speaks a protocol version that we cannot serve
  kNotFound = 6,          // no such alert, conversation, device, document
  // Identity
  kBadSignature = 10,     // a signature or a MAC does not verify
  kUntrusted = 11,        // a chain does not end in a pinned organisation key
  kExpired = 12,          // a grant or a certificate outside its time
  kGrantUsed = 13,        // a grant that another device has used
  kRevoked = 14,          // the device has been revoked
  kNotPermitted = 15,     // authenticated, but not allowed to do this
  kWrongPin = 16,         // the PIN does not unlock the store
  kLocked = 17,           // too many wrong PINs: wait
  kSuspended = 18,        // a colleague has suspended the device; its organisation decides (P-193)
  // Order and state
  kStaleEpoch = 20,       // a commit for an epoch that has passed: catch up and retry
  kAlreadyTaken = 21,     // another person has taken the alert
  kAlreadyExists = 22,    // the id is in use with other bytes
  kWrongState = 23,       // the operation does not fit the state (say, advice before taking)
  kDuplicate = 24,        // seen before; nothing to do
  kReplay = 25,           // an old message shown again
  kFork = 26,             // the hub has shown two histories
  kGap = 27,              // an entry is missing from a stream
  // Capacity and environment
  kBusy = 30,             // a queue or a quota is full: retry later, nothing was stored
  kStorage = 31,          // the disk refused
  kNoSpace = 32,          // the disk is full
  kCorrupt = 33,          // stored bytes fail their integrity check
  kUnavailable = 34,      // the hub cannot be reached, or is draining
  kTimeout = 35,
  kNoKeyPackage = 36,     // a device has no key package left to give
  // Cryptography
  kCrypto = 40,           // a primitive refused (an all-zero shared secret, an AEAD tag)
  kUnknownPsk = 41,
  kNotMember = 42,        // we are not, or no longer, in the group
  kGenerationUsed = 43,   // ratchet generation already used or outside the window
};

// The code's name in lower_snake_case, for logs and metrics.
std::string_view errc_name(Errc code) noexcept;

struct Error {
  Errc code{};
  const char* where = "";  // a string literal: a protocol rule ("P-031"), an RFC section, a function

  // Two errors are equal when their codes are: the place is for the reader.
  friend bool operator==(const Error& a, const Error& b) noexcept { return a.code == b.code; }
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(const Base& base) : Base(base) {}
  Result(Base&& base) : Base(std::move(base)) {}
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(Errc code, const char* where) noexcept {
  return tl::unexpected<Error>(Error{code, where});
}

}  // namespace nattevagt

// NV_TRY(auto value, expression): binds the value, or returns the error from the enclosing function.
#define NV_CONCAT_INNER(a, b) a##b
#define NV_CONCAT(a, b) NV_CONCAT_INNER(a, b)
#define NV_TRY_IMPL(temp, target, ...)                    \
  auto temp = (__VA_ARGS__);                              \
  if (!temp) return ::tl::unexpected(temp.error());       \
  target = std::move(*temp)
#define NV_TRY(target, ...) NV_TRY_IMPL(NV_CONCAT(nv_try_, __LINE__), target, __VA_ARGS__)
// NV_TRYV(expression): the same for a Status.
#define NV_TRYV(...)                                                                  \
  do {                                                                                \
    if (auto nv_status = (__VA_ARGS__); !nv_status) {                                 \
      return ::tl::unexpected(nv_status.error());                                     \
    }                                                                                 \
  } while (false)
