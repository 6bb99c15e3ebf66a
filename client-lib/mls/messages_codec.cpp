// Encodings of framing, Welcome and GroupInfo (RFC 9420 6, 12.4.3).
#include "client-lib/mls/messages.h"

namespace nattevagt::mls {
namespace {

ContentType decode_content_type(Reader& in) {
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 3) in.fail();
  return in.ok() ? static_cast<ContentType>(type) : ContentType::kApplication;
}

WireFormat decode_wire_format(Reader& in) {
  const std::uint16_t format = in.u16();
  if (in.ok() && (format < 1 || format > 5)) in.fail(Errc::kUnsupported);
  return in.ok() ? static_cast<WireFormat>(format) : WireFormat::kPrivateMessage;
}

}  // namespace

void Sender::encode(Writer& out) const {
  out.u8(static_cast<std::uint8_t>(type));
  switch (type) {
    case SenderType::kMember:
    case SenderType::kExternal: out.u32(index); break;
    case SenderType::kNewMemberProposal:
    case SenderType::kNewMemberCommit: break;
  }
}

Sender Sender::decode(Reader& in) {
  Sender out;
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 4) in.fail();
  if (!in.ok()) return out;
  out.type = static_cast<SenderType>(type);
  if (out.type == SenderType::kMember || out.type == SenderType::kExternal) out.index = in.u32();
  return out;
}

void FramedContent::encode_content(Writer& out) const {
  switch (content_type()) {
    case ContentType::kApplication: out.opaque(std::get<SecretBytes>(content).expose()); break;
    case ContentType::kProposal: std::get<Proposal>(content).encode(out); break;
    case ContentType::kCommit: std::get<Commit>(content).encode(out); break;
  }
}

std::variant<SecretBytes, Proposal, Commit> FramedContent::decode_content(Reader& in, ContentType type) {
  switch (type) {
    case ContentType::kApplication: break;
    case ContentType::kProposal: return Proposal::decode(in);
    case ContentType::kCommit: return Commit::decode(in);
  }
  return SecretBytes(in.opaque());
}

void FramedContent::encode(Writer& out) const {
  out.opaque(group_id);
  out.u64(epoch);
  sender.encode(out);
  out.opaque(authenticated_data);
  out.u8(static_cast<std::uint8_t>(content_type()));
  encode_content(out);
}

FramedContent FramedContent::decode(Reader& in) {
  FramedContent out;
  out.group_id = in.bytes();
  out.epoch = in.u64();
  out.sender = Sender::decode(in);
  out.authenticated_data = in.bytes();
  const ContentType type = decode_content_type(in);
  if (in.ok()) out.content = decode_content(in, type);
  return out;
}

void FramedContentAuthData::encode(Writer& out) const {
  out.opaque(signature);
  if (confirmation_tag) out.opaque(*confirmation_tag);
}

FramedContentAuthData FramedContentAuthData::decode(Reader& in, ContentType type) {
  FramedContentAuthData out;
  out.signature = in.bytes();
  if (type == ContentType::kCommit) out.confirmation_tag = in.bytes();
  return out;
}

void AuthenticatedContent::encode(Writer& out) const {
  out.u16(static_cast<std::uint16_t>(wire_format));
  content.encode(out);
  auth.encode(out);
}

AuthenticatedContent AuthenticatedContent::decode(Reader& in) {
  AuthenticatedContent out;
  out.wire_format = decode_wire_format(in);
  out.content = FramedContent::decode(in);
  out.auth = FramedContentAuthData::decode(in, out.content.content_type());
  return out;
}

void PublicMessage::encode(Writer& out) const {
  content.encode(out);
  auth.encode(out);
  if (membership_tag) out.opaque(*membership_tag);
}

PublicMessage PublicMessage::decode(Reader& in) {
  PublicMessage out;
  out.content = FramedContent::decode(in);
  out.auth = FramedContentAuthData::decode(in, out.content.content_type());
  if (out.content.sender.is_member()) out.membership_tag = in.bytes();
  return out;
}

void PrivateMessage::encode(Writer& out) const {
  out.opaque(group_id);
  out.u64(epoch);
  out.u8(static_cast<std::uint8_t>(content_type));
  out.opaque(authenticated_data);
  out.opaque(encrypted_sender_data);
  out.opaque(ciphertext);
}

PrivateMessage PrivateMessage::decode(Reader& in) {
  PrivateMessage out;
  out.group_id = in.bytes();
  out.epoch = in.u64();
  out.content_type = decode_content_type(in);
  out.authenticated_data = in.bytes();
  out.encrypted_sender_data = in.bytes();
  out.ciphertext = in.bytes();
  return out;
}

void GroupInfo::encode_unsigned(Writer& out) const {
  group_context.encode(out);
  encode_extensions(extensions, out);
  out.opaque(confirmation_tag);
  out.u32(signer.value);
}

void GroupInfo::encode(Writer& out) const {
  encode_unsigned(out);
  out.opaque(signature);
}

Bytes GroupInfo::tbs() const {
  Writer out;
  encode_unsigned(out);
  return out.take();
}

GroupInfo GroupInfo::decode(Reader& in) {
  GroupInfo out;
  out.group_context = GroupContext::decode(in);
  out.extensions = decode_extensions(in);
  out.confirmation_tag = in.bytes();
  out.signer = LeafIndex{in.u32()};
  out.signature = in.bytes();
  return out;
}

void GroupSecrets::encode(Writer& out) const {
  out.opaque(joiner_secret.expose());
  out.flag(path_secret.has_value());
  if (path_secret) out.opaque(path_secret->expose());
  out.list(psks);
}

GroupSecrets GroupSecrets::decode(Reader& in) {
  GroupSecrets out;
  out.joiner_secret = SecretBytes(in.opaque());
  if (in.flag()) out.path_secret = SecretBytes(in.opaque());
  out.psks = in.list<PreSharedKeyId>(caps::kPsks);
  return out;
}

void EncryptedGroupSecrets::encode(Writer& out) const {
  out.opaque(new_member);
  encrypted_group_secrets.encode(out);
}

EncryptedGroupSecrets EncryptedGroupSecrets::decode(Reader& in) {
  EncryptedGroupSecrets out;
  out.new_member = in.bytes();
  out.encrypted_group_secrets = HpkeCiphertext::decode(in);
  return out;
}

void Welcome::encode(Writer& out) const {
  out.u16(cipher_suite);
  out.list(secrets);
  out.opaque(encrypted_group_info);
}

Welcome Welcome::decode(Reader& in) {
  Welcome out;
  out.cipher_suite = in.u16();
  out.secrets = in.list<EncryptedGroupSecrets>(caps::kLeaves);
  out.encrypted_group_info = in.bytes();
  return out;
}

void MlsMessage::encode(Writer& out) const {
  out.u16(kVersionMls10);
  out.u16(static_cast<std::uint16_t>(wire_format()));
  std::visit([&](const auto& message) { message.encode(out); }, body);
}

MlsMessage MlsMessage::decode(Reader& in) {
  MlsMessage out;
  if (in.u16() != kVersionMls10) in.fail(Errc::kUnsupported);
  const WireFormat format = decode_wire_format(in);
  if (!in.ok()) return out;
  switch (format) {
    case WireFormat::kPublicMessage: out.body = PublicMessage::decode(in); break;
    case WireFormat::kPrivateMessage: out.body = PrivateMessage::decode(in); break;
    case WireFormat::kWelcome: out.body = Welcome::decode(in); break;
    case WireFormat::kGroupInfo: out.body = GroupInfo::decode(in); break;
    case WireFormat::kKeyPackage: {
      KeyPackage key_package = KeyPackage::decode(in);
      // Section 10: the same version inside and outside.
      if (key_package.version != kVersionMls10) in.fail(Errc::kUnsupported);
      out.body = std::move(key_package);
      break;
    }
  }
  return out;
}

Result<MlsMessage> parse_message(ByteView bytes) {
  if (bytes.size() > caps::kMessageBytes) return fail(Errc::kTooLarge, "MLSMessage");
  return decode<MlsMessage>(bytes, "MLSMessage");
}

}  // namespace nattevagt::mls
