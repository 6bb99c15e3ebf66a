#include "client-lib/mls/framing.h"

#include <algorithm>

namespace nattevagt::mls {
namespace {

// FramedContentTBS (6.1).
void encode_tbs(WireFormat format, const FramedContent& content, ByteView group_context, Writer& out) {
  out.u16(kVersionMls10);
  out.u16(static_cast<std::uint16_t>(format));
  content.encode(out);
  switch (content.sender.type) {
    case SenderType::kMember:
    case SenderType::kNewMemberCommit: out.raw(group_context); break;
    case SenderType::kExternal:
    case SenderType::kNewMemberProposal: break;
  }
}

RatchetKind ratchet_of(ContentType type) noexcept {
  return type == ContentType::kApplication ? RatchetKind::kApplication : RatchetKind::kHandshake;
}

Bytes sender_data_aad(const PrivateMessage& message) {
  Writer out;
  out.opaque(message.group_id);
  out.u64(message.epoch);
  out.u8(static_cast<std::uint8_t>(message.content_type));
  return out.take();
}

Bytes private_content_aad(const PrivateMessage& message) {
  Writer out;
  out.opaque(message.group_id);
  out.u64(message.epoch);
  out.u8(static_cast<std::uint8_t>(message.content_type));
  out.opaque(message.authenticated_data);
  return out.take();
}

// 6.3.1: the guard makes nonce reuse unlikely should a restored state send again.
AeadNonce guarded(const AeadNonce& nonce, const std::array<std::uint8_t, 4>& guard) {
  AeadNonce out = nonce.duplicate();
  for (std::size_t i = 0; i < guard.size(); ++i) out.expose()[i] ^= guard[i];
  return out;
}

}  // namespace

FramedContentAuthData sign_content(WireFormat format, const FramedContent& content, ByteView group_context,
                                   const SignKey& key) {
  Writer tbs(Writer::Kind::kSecret);
  encode_tbs(format, content, group_context, tbs);
  FramedContentAuthData out;
  out.signature = to_bytes(sign_with_label(key, "FramedContentTBS", tbs.view()));
  return out;
}

bool verify_content(const AuthenticatedContent& message, ByteView group_context, ByteView signature_key) {
  Writer tbs(Writer::Kind::kSecret);
  encode_tbs(message.wire_format, message.content, group_context, tbs);
  return verify_with_label(signature_key, "FramedContentTBS", tbs.view(), message.auth.signature);
}

Digest confirmation_tag(const ConfirmationKey& key, ByteView confirmed_transcript_hash) {
  return mac(key.expose(), confirmed_transcript_hash);
}

Digest membership_tag(const MembershipKey& key, const AuthenticatedContent& message, ByteView group_context) {
  Writer tbm(Writer::Kind::kSecret);
  encode_tbs(message.wire_format, message.content, group_context, tbm);
  message.auth.encode(tbm);
  return mac(key.expose(), tbm.view());
}

ProposalRef proposal_ref(const AuthenticatedContent& proposal) {
  return ref_hash("MLS 1.0 Proposal Reference", encode(proposal));
}

std::size_t padded_size(std::size_t content) noexcept {
  constexpr std::size_t kSmallest = 512;
  constexpr std::size_t kStep = 16 * 1024;
  if (content > kStep) return (content + kStep - 1) / kStep * kStep;
  return std::max(kSmallest, std::bit_ceil(content));
}

PrivateMessage seal_private(const AuthenticatedContent& message, const SecretTree::Sending& sending,
                            const SenderDataSecret& sender_data_secret, Entropy& entropy) {
  NV_CHECK(message.content.sender.is_member());
  PrivateMessage out;
  out.group_id = message.content.group_id;
  out.epoch = message.content.epoch;
  out.content_type = message.content.content_type();
  out.authenticated_data = message.content.authenticated_data;

  Writer content(Writer::Kind::kSecret);
  message.content.encode_content(content);
  message.auth.encode(content);
  const Bytes padding(padded_size(content.view().size()) - content.view().size(), 0);
  content.raw(padding);

  SenderData sender{message.content.sender.leaf(), sending.generation, {}};
  entropy.fill(sender.reuse_guard);
  out.ciphertext = aead_seal(sending.key.key, guarded(sending.key.nonce, sender.reuse_guard),
                             private_content_aad(out), content.view());

  Writer data;
  data.u32(sender.leaf.value);
  data.u32(sender.generation);
  data.raw(sender.reuse_guard);
  const MessageKey key = sender_data_key(sender_data_secret, out.ciphertext);
  out.encrypted_sender_data = aead_seal(key.key, key.nonce, sender_data_aad(out), data.view());
  return out;
}

Result<SenderData> open_sender_data(const PrivateMessage& message, const SenderDataSecret& secret) {
  const MessageKey key = sender_data_key(secret, message.ciphertext);
  NV_TRY(const SecretBytes opened,
         aead_open(key.key, key.nonce, sender_data_aad(message), message.encrypted_sender_data));
  Reader in(opened.expose());
  SenderData out;
  out.leaf = LeafIndex{in.u32()};
  out.generation = in.u32();
  const ByteView guard = in.raw(4);
  NV_TRYV(in.finish("RFC 9420 6.3.2"));
  std::copy(guard.begin(), guard.end(), out.reuse_guard.begin());
  return out;
}

Result<OpenedPrivate> open_private(const PrivateMessage& message, const SenderData& sender,
                                   const SecretTree& tree) {
  OpenedPrivate out;
  NV_TRY(out.step, tree.peek(sender.leaf, ratchet_of(message.content_type), sender.generation));
  const AeadNonce nonce = guarded(out.step.key.nonce, sender.reuse_guard);
  NV_TRY(const SecretBytes opened,
         aead_open(out.step.key.key, nonce, private_content_aad(message), message.ciphertext));

  Reader in(opened.expose());
  out.message.wire_format = WireFormat::kPrivateMessage;
  out.message.content.group_id = message.group_id;
  out.message.content.epoch = message.epoch;
  out.message.content.sender = Sender{SenderType::kMember, sender.leaf.value};
  out.message.content.authenticated_data = message.authenticated_data;
  out.message.content.content = FramedContent::decode_content(in, message.content_type);
  out.message.auth = FramedContentAuthData::decode(in, message.content_type);
  NV_TRYV(in.status("RFC 9420 6.3.1"));
  const ByteView padding = in.rest();
  if (std::any_of(padding.begin(), padding.end(), [](std::uint8_t byte) { return byte != 0; })) {
    return fail(Errc::kMalformed, "RFC 9420 6.3.1 padding");
  }
  return out;
}

}  // namespace nattevagt::mls
