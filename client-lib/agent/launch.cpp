#include "client-lib/agent/launch.h"

#include <algorithm>

namespace nattevagt::client::agent {
namespace {

using LaunchSecret = Secret<struct LaunchSecretPurpose, 32>;

std::string draw(Entropy& entropy) { return to_base64url(entropy.make_secret<LaunchSecret>().expose()); }

}  // namespace

std::string Launch::make_token(Entropy& entropy, Millis now) {
  std::string token = draw(entropy);
  tokens_.push_back({sha256(as_bytes(token)), now + kTokenLife});
  if (tokens_.size() > kTokensMax) tokens_.pop_front();
  return token;
}

std::optional<std::string> Launch::redeem(std::string_view token, Entropy& entropy, Millis now) {
  const Digest hash = sha256(as_bytes(token));
  const auto found =
      std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& t) { return t.hash == hash; });
  if (found == tokens_.end()) return std::nullopt;
  const bool in_time = now < found->until;
  tokens_.erase(found);
  if (!in_time) return std::nullopt;
  std::string session = draw(entropy);
  sessions_.push_back(sha256(as_bytes(session)));
  if (sessions_.size() > kSessionsMax) sessions_.pop_front();
  return session;
}

bool Launch::known(std::string_view session) const {
  const Digest hash = sha256(as_bytes(session));  // comparing hashes tells nothing of the secret
  return std::find(sessions_.begin(), sessions_.end(), hash) != sessions_.end();
}

bool Launch::waiting(Millis now) const {
  return std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& t) { return now < t.until; });
}

}  // namespace nattevagt::client::agent
