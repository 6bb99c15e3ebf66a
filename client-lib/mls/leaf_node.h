// LeafNode, KeyPackage and what they are made of (RFC 9420 7.2, 10). Plain structs with one encoding each;
// being well formed says nothing of being valid: see validation of leaves in leaf_validation.h.
//
// Public keys and signatures are bytes of any length here, because a peer's other suite must still parse in
// order to be refused. What has passed validation has our suite's sizes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "client-lib/mls/codec.h"
#include "client-lib/mls/credential.h"
#include "client-lib/mls/extension.h"
#include "client-lib/mls/key_package.h"
#include "client-lib/mls/tree_index.h"

namespace nattevagt::mls {

// Caps before allocation. Beyond any real message of ours, small against what an attacker would like.
namespace caps {
inline constexpr std::size_t kMessageBytes = 1024 * 1024;
inline constexpr std::size_t kExtensions = 64;
inline constexpr std::size_t kCapabilities = 256;
inline constexpr std::size_t kCertificates = 16;
inline constexpr std::size_t kLeaves = 2048;
inline constexpr std::size_t kNodes = 2 * kLeaves - 1;
inline constexpr std::size_t kProposals = 2048;
inline constexpr std::size_t kPsks = 64;
}  // namespace caps

void encode_credential(const Credential& credential, Writer& out);
Credential decode_credential(Reader& in);

void encode_extensions(const Extensions& extensions, Writer& out);
Extensions decode_extensions(Reader& in);  // two of one type are malformed (13.4)

struct Capabilities {
  std::vector<std::uint16_t> versions, cipher_suites, extensions, proposals, credentials;

  void encode(Writer& out) const;
  static Capabilities decode(Reader& in);
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct RequiredCapabilities {
  std::vector<std::uint16_t> extensions, proposals, credentials;

  void encode(Writer& out) const;
  static RequiredCapabilities decode(Reader& in);
};

// Seconds since 1970-01-01 UTC.
struct Lifetime {
  std::uint64_t not_before = 0;
  std::uint64_t not_after = 0;

  void encode(Writer& out) const;
  static Lifetime decode(Reader& in);
  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

enum class LeafNodeSource : std::uint8_t { kKeyPackage = 1, kUpdate = 2, kCommit = 3 };

// Where a LeafNodeTBS says that the leaf stands (7.2); not said in a KeyPackage.
struct LeafPlace {
  ByteView group_id;
  LeafIndex leaf;
};

Result<SignPublicKey> sign_public_key(ByteView bytes);  // kInvalidValue: another size

struct LeafNode {
  Bytes encryption_key;
  Bytes signature_key;
  Credential credential;
  Capabilities capabilities;
  LeafNodeSource source = LeafNodeSource::kKeyPackage;
  Lifetime lifetime;  // kKeyPackage
  Bytes parent_hash;  // kCommit
  Extensions extensions;
  Bytes signature;

  void encode(Writer& out) const;
  static LeafNode decode(Reader& in);
  Bytes tbs(const LeafPlace& place) const;
  void sign(const SignKey& key, const LeafPlace& place);
  bool verify(const LeafPlace& place) const;

  SignPublicKey sign_public() const;  // NV_CHECK: 32 bytes, so after validation only
  friend bool operator==(const LeafNode&, const LeafNode&) = default;

 private:
  void encode_unsigned(Writer& out) const;
};
using LeafPtr = std::shared_ptr<const LeafNode>;

struct KeyPackage {
  std::uint16_t version = kVersionMls10;
  std::uint16_t cipher_suite = kSuite;
  Bytes init_key;
  LeafNode leaf_node;
  Extensions extensions;
  Bytes signature;

  void encode(Writer& out) const;
  static KeyPackage decode(Reader& in);
  Bytes tbs() const;
  KeyPackageRef ref() const;  // 5.2
  static KeyPackageRef ref_of(ByteView encoded);  // of what encode() wrote: its hash, and no writing it again
  friend bool operator==(const KeyPackage&, const KeyPackage&) = default;

 private:
  void encode_unsigned(Writer& out) const;
};

// A new leaf of ours, unsigned and without keys: it claims what this build supports, with a GREASE value in
// each list and a GREASE extension (13.5).
LeafNode own_leaf(const Credential& credential, Entropy& entropy);

}  // namespace nattevagt::mls
