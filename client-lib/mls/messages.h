// The handshake's structs (RFC 9420 6, 8.1, 8.4, 12) as they stand on the wire. No checks beyond form.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "client-lib/mls/codec.h"
#include "client-lib/mls/crypto.h"
#include "client-lib/mls/leaf_node.h"

namespace nattevagt::mls {

struct GroupContext {  // 8.1
  std::uint16_t version = kVersionMls10;
  std::uint16_t cipher_suite = kSuite;
  Bytes group_id;
  std::uint64_t epoch = 0;
  Bytes tree_hash;
  Bytes confirmed_transcript_hash;
  Extensions extensions;

  void encode(Writer& out) const;
  static GroupContext decode(Reader& in);
};

enum class PskType : std::uint8_t { kExternal = 1, kResumption = 2 };
enum class ResumptionUsage : std::uint8_t { kApplication = 1, kReinit = 2, kBranch = 3 };

struct PreSharedKeyId {  // 8.4
  PskType type = PskType::kExternal;
  Bytes psk_id;  // kExternal
  ResumptionUsage usage = ResumptionUsage::kApplication;
  Bytes psk_group_id;  // kResumption, with the next
  std::uint64_t psk_epoch = 0;
  Bytes psk_nonce;

  void encode(Writer& out) const;
  static PreSharedKeyId decode(Reader& in);
  friend bool operator==(const PreSharedKeyId&, const PreSharedKeyId&) = default;
};

// 12.1
enum class ProposalType : std::uint16_t {
  kAdd = 1,
  kUpdate = 2,
  kRemove = 3,
  kPreSharedKey = 4,
  kReInit = 5,
  kExternalInit = 6,
  kGroupContextExtensions = 7,
};

struct Add {
  KeyPackage key_package;
  void encode(Writer& out) const;
  static Add decode(Reader& in);
};
struct Update {
  LeafNode leaf_node;
  void encode(Writer& out) const;
  static Update decode(Reader& in);
};
struct Remove {
  LeafIndex removed;
  void encode(Writer& out) const;
  static Remove decode(Reader& in);
};
struct PreSharedKey {
  PreSharedKeyId psk;
  void encode(Writer& out) const;
  static PreSharedKey decode(Reader& in);
};
struct ReInit {
  Bytes group_id;
  std::uint16_t version = kVersionMls10;
  std::uint16_t cipher_suite = kSuite;
  Extensions extensions;
  void encode(Writer& out) const;
  static ReInit decode(Reader& in);
};
struct ExternalInit {
  Bytes kem_output;
  void encode(Writer& out) const;
  static ExternalInit decode(Reader& in);
};
struct GroupContextExtensions {
  Extensions extensions;
  void encode(Writer& out) const;
  static GroupContextExtensions decode(Reader& in);
};

// In the order of ProposalType. A type without a place here has no length of its own on the wire, so it
// cannot be skipped: kUnsupported.
struct Proposal {
  std::variant<Add, Update, Remove, PreSharedKey, ReInit, ExternalInit, GroupContextExtensions> body;

  ProposalType type() const noexcept { return static_cast<ProposalType>(body.index() + 1); }
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&body);
  }
  void encode(Writer& out) const;
  static Proposal decode(Reader& in);
};

using ProposalRef = Digest;

struct ProposalOrRef {  // 12.4
  std::variant<Proposal, Bytes> value;
  void encode(Writer& out) const;
  static ProposalOrRef decode(Reader& in);
};

struct UpdatePathNode {  // 7.6
  Bytes encryption_key;
  std::vector<HpkeCiphertext> encrypted_path_secret;
  void encode(Writer& out) const;
  static UpdatePathNode decode(Reader& in);
};
struct UpdatePath {
  LeafNode leaf_node;
  std::vector<UpdatePathNode> nodes;
  void encode(Writer& out) const;
  static UpdatePath decode(Reader& in);
};

struct Commit {
  std::vector<ProposalOrRef> proposals;
  std::optional<UpdatePath> path;
  void encode(Writer& out) const;
  static Commit decode(Reader& in);
};

// 6. Framing.
enum class WireFormat : std::uint16_t {
  kPublicMessage = 1,
  kPrivateMessage = 2,
  kWelcome = 3,
  kGroupInfo = 4,
  kKeyPackage = 5,
};
enum class ContentType : std::uint8_t { kApplication = 1, kProposal = 2, kCommit = 3 };
enum class SenderType : std::uint8_t {
  kMember = 1,
  kExternal = 2,
  kNewMemberProposal = 3,
  kNewMemberCommit = 4
};

struct Sender {
  SenderType type = SenderType::kMember;
  std::uint32_t index = 0;  // leaf of a member; place in external_senders
  bool is_member() const noexcept { return type == SenderType::kMember; }
  LeafIndex leaf() const noexcept { return {index}; }
  void encode(Writer& out) const;
  static Sender decode(Reader& in);
};

struct FramedContent {
  Bytes group_id;
  std::uint64_t epoch = 0;
  Sender sender;
  Bytes authenticated_data;
  std::variant<SecretBytes, Proposal, Commit> content;  // in the order of ContentType

  ContentType content_type() const noexcept { return static_cast<ContentType>(content.index() + 1); }
  void encode(Writer& out) const;
  static FramedContent decode(Reader& in);
  void encode_content(Writer& out) const;
  static std::variant<SecretBytes, Proposal, Commit> decode_content(Reader& in, ContentType type);
};

struct FramedContentAuthData {
  Bytes signature;
  std::optional<Bytes> confirmation_tag;  // of a Commit, and only of one
  void encode(Writer& out) const;
  static FramedContentAuthData decode(Reader& in, ContentType type);
};

struct AuthenticatedContent {
  WireFormat wire_format = WireFormat::kPrivateMessage;
  FramedContent content;
  FramedContentAuthData auth;
  void encode(Writer& out) const;
  static AuthenticatedContent decode(Reader& in);
};

struct PublicMessage {  // 6.2
  FramedContent content;
  FramedContentAuthData auth;
  std::optional<Bytes> membership_tag;  // of a member, and only of one
  void encode(Writer& out) const;
  static PublicMessage decode(Reader& in);
};

struct PrivateMessage {  // 6.3
  Bytes group_id;
  std::uint64_t epoch = 0;
  ContentType content_type = ContentType::kApplication;
  Bytes authenticated_data;
  Bytes encrypted_sender_data;
  Bytes ciphertext;
  void encode(Writer& out) const;
  static PrivateMessage decode(Reader& in);
};

// 12.4.3
struct GroupInfo {
  GroupContext group_context;
  Extensions extensions;
  Bytes confirmation_tag;
  LeafIndex signer;
  Bytes signature;
  void encode(Writer& out) const;
  static GroupInfo decode(Reader& in);
  Bytes tbs() const;

 private:
  void encode_unsigned(Writer& out) const;
};

using JoinerSecret = Secret<struct JoinerSecretPurpose, kHashBytes>;
using PathSecret = Secret<struct PathSecretPurpose, kHashBytes>;

struct GroupSecrets {  // 12.4.3.1. Secrets of any length: another suite's must parse.
  SecretBytes joiner_secret;
  std::optional<SecretBytes> path_secret;
  std::vector<PreSharedKeyId> psks;
  void encode(Writer& out) const;
  static GroupSecrets decode(Reader& in);
};
struct EncryptedGroupSecrets {
  Bytes new_member;
  HpkeCiphertext encrypted_group_secrets;
  void encode(Writer& out) const;
  static EncryptedGroupSecrets decode(Reader& in);
};
struct Welcome {
  std::uint16_t cipher_suite = kSuite;
  std::vector<EncryptedGroupSecrets> secrets;
  Bytes encrypted_group_info;
  void encode(Writer& out) const;
  static Welcome decode(Reader& in);
};

// In the order of WireFormat.
struct MlsMessage {
  std::variant<PublicMessage, PrivateMessage, Welcome, GroupInfo, KeyPackage> body;

  // Bytes in front of the body: version and wire format.
  static constexpr std::size_t kHeaderBytes = 4;

  WireFormat wire_format() const noexcept { return static_cast<WireFormat>(body.index() + 1); }
  void encode(Writer& out) const;
  static MlsMessage decode(Reader& in);
};

// kTooLarge, kUnsupported (version, wire format), kMalformed.
Result<MlsMessage> parse_message(ByteView bytes);

}  // namespace nattevagt::mls
