// Who may talk to the agent: whoever was handed a launch link, once, and then that one page.
//
// A launch token is in the link's fragment, which a browser sends to nobody; the page trades it for a session
// secret and forgets it. No cookie: what the browser adds by itself would be added for a hostile page too,
// and is shared by all ports of 127.0.0.1.
//
// Invariants:
//  1. A token is redeemed at most once, within kTokenLife.
//  2. Only hashes are kept. At most kTokensMax and kSessionsMax: the oldest goes.
//
// Pure: time and entropy are arguments. A value.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/entropy.h"

namespace nattevagt::client::agent {

inline constexpr std::size_t kTokensMax = 4;
inline constexpr std::size_t kSessionsMax = 8;
inline constexpr Millis kTokenLife = std::chrono::minutes(10);

class Launch {
 public:
  std::string make_token(Entropy& entropy, Millis now);  // `now`: monotonic
  // The session's secret, or nothing: unknown, used, or too old.
  std::optional<std::string> redeem(std::string_view token, Entropy& entropy, Millis now);
  bool known(std::string_view session) const;
  bool waiting(Millis now) const;  // a token has been made and not yet been used

 private:
  struct Token {
    Digest hash{};
    Millis until{};
  };
  std::deque<Token> tokens_;
  std::deque<Digest> sessions_;
};

}  // namespace nattevagt::client::agent
