// The secret tree and the ratchets of its leaves (RFC 9420 9): which key and nonce open which message.
//
// Invariants:
//  1. Lazy: a leaf's ratchets are worked out when that leaf first speaks. A node's secret is gone once both
//     children have theirs (9.2).
//  2. Nothing moves before the message is proven: peek() answers with a Step and changes nothing; accept()
//     takes the Step when AEAD and signature both hold. So a forgery neither burns a key nor moves a ratchet.
//  3. A key is given once. accept() forgets it; the same generation again is kGenerationUsed.
//  4. Bounded: at most kForwardMax ahead, at most kSkippedMax kept keys a ratchet (the oldest go first).
//     Generation 0xffffffff is refused, since its successor would wrap.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "client-lib/mls/crypto.h"
#include "client-lib/mls/key_schedule.h"
#include "client-lib/mls/tree_index.h"

namespace nattevagt::mls {

inline constexpr std::uint32_t kForwardMax = 1000;
inline constexpr std::size_t kSkippedMax = 64;

enum class RatchetKind : std::uint8_t { kHandshake = 0, kApplication = 1 };

struct MessageKey {
  AeadKey key;
  AeadNonce nonce;

  MessageKey duplicate() const;
};

using RatchetSecret = Secret<struct RatchetSecretPurpose, kHashBytes>;
using TreeSecret = Secret<struct TreeSecretPurpose, kHashBytes>;

class Ratchet {
 public:
  Ratchet() = default;
  explicit Ratchet(RatchetSecret secret) noexcept : secret_(std::move(secret)) {}

  std::uint32_t next_generation() const noexcept { return next_; }
  const std::map<std::uint32_t, MessageKey>& skipped() const noexcept { return skipped_; }
  // The key of `next_generation()`, and one step on. kGenerationUsed at the end of the ratchet.
  Result<MessageKey> advance();
  // Steps on until `generation` is next, keeping what is passed over.
  Status skip_to(std::uint32_t generation);
  std::optional<MessageKey> kept(std::uint32_t generation) const;
  void forget(std::uint32_t generation) { skipped_.erase(generation); }

  Ratchet duplicate() const;
  void encode(Writer& out) const;
  static Ratchet decode(Reader& in);

 private:
  RatchetSecret secret_;
  std::uint32_t next_ = 0;
  std::map<std::uint32_t, MessageKey> skipped_;
};

class SecretTree {
 public:
  SecretTree() = default;
  SecretTree(std::uint32_t leaf_count, const EncryptionSecret& encryption);

  struct LeafRatchets {
    Ratchet handshake, application;
    Ratchet& of(RatchetKind kind) noexcept {
      return kind == RatchetKind::kHandshake ? handshake : application;
    }
    const Ratchet& of(RatchetKind kind) const noexcept {
      return kind == RatchetKind::kHandshake ? handshake : application;
    }
  };
  // A leaf that speaks for the first time: its ratchets, and what its path leaves of the tree.
  struct Opening {
    NodeIndex spent;  // the ancestor that had a secret
    std::vector<std::pair<NodeIndex, TreeSecret>> beside;
    LeafRatchets ratchets;
  };
  // A key on trial, and what accept() is to change.
  struct Step {
    LeafIndex leaf;
    RatchetKind kind{};
    std::uint32_t generation = 0;
    MessageKey key;
    std::optional<Ratchet> advanced;  // nothing: the key was a kept one
    std::optional<Opening> opening;
  };

  // Of our own sending: moves at once, since the key is about to be used.
  struct Sending {
    std::uint32_t generation = 0;
    MessageKey key;
  };
  Result<Sending> next(LeafIndex leaf, RatchetKind kind);
  // kInvalidValue: no such leaf. kGenerationUsed: used, too old, too far ahead, or 0xffffffff.
  Result<Step> peek(LeafIndex leaf, RatchetKind kind, std::uint32_t generation) const;
  void accept(Step step);

  std::uint32_t sent(LeafIndex leaf, RatchetKind kind) const noexcept;

  SecretTree duplicate() const;

  // Stored a row at a time, so that a message costs the rows it changed: at most the speaker's ratchets, and
  // the first time it speaks the nodes beside its path.
  std::uint32_t leaf_count() const noexcept { return leaf_count_; }
  const std::map<NodeIndex, TreeSecret>& nodes() const noexcept { return nodes_; }
  const std::map<LeafIndex, LeafRatchets>& ratchets() const noexcept { return ratchets_; }
  const std::set<NodeIndex>& changed_nodes() const noexcept { return changed_nodes_; }
  const std::set<LeafIndex>& changed_leaves() const noexcept { return changed_leaves_; }
  void forget_changes() noexcept;

  static SecretTree empty(std::uint32_t leaf_count);  // to be filled by the two below
  bool put(NodeIndex node, TreeSecret secret);        // false: no such place
  bool put(LeafIndex leaf, LeafRatchets ratchets);
  // Each leaf has its ratchets, or one ancestor from which they come; never both.
  bool complete() const;

 private:
  Opening opening(LeafIndex leaf) const;
  LeafRatchets& open(LeafIndex leaf, std::optional<Opening> opened = {});  // for good

  std::uint32_t leaf_count_ = 0;
  std::map<NodeIndex, TreeSecret> nodes_;
  std::map<LeafIndex, LeafRatchets> ratchets_;
  std::set<NodeIndex> changed_nodes_;  // made or gone
  std::set<LeafIndex> changed_leaves_;
};

// 6.3.2: key and nonce for the sender data, from a sample of the ciphertext.
MessageKey sender_data_key(const SenderDataSecret& secret, ByteView ciphertext);

}  // namespace nattevagt::mls
