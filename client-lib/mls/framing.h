// Message protection (RFC 9420 6): what is signed, what is MACed, what is encrypted.
//
// A PrivateMessage is opened in three steps, each with its own type, so that none can be left out: sender
// data -> OpenedPrivate (the AEAD held) -> the caller verifies the signature and only then accepts the step.
#pragma once

#include "client-lib/mls/key_schedule.h"
#include "client-lib/mls/messages.h"
#include "client-lib/mls/secret_tree.h"

namespace nattevagt::mls {

// 6.1. `group_context` is the encoded context of the content's epoch; used for members and external joiners.
FramedContentAuthData sign_content(WireFormat format, const FramedContent& content, ByteView group_context,
                                   const SignKey& key);
bool verify_content(const AuthenticatedContent& message, ByteView group_context, ByteView signature_key);
Digest confirmation_tag(const ConfirmationKey& key, ByteView confirmed_transcript_hash);

// 6.2.
Digest membership_tag(const MembershipKey& key, const AuthenticatedContent& message, ByteView group_context);

// 5.2.
ProposalRef proposal_ref(const AuthenticatedContent& proposal);

// 6.3. The padded length of a PrivateMessageContent: 512, 1024 ... 16384, then multiples of 16384.
std::size_t padded_size(std::size_t content) noexcept;

struct SenderData {
  LeafIndex leaf;
  std::uint32_t generation = 0;
  std::array<std::uint8_t, 4> reuse_guard{};
};

PrivateMessage seal_private(const AuthenticatedContent& message, const SecretTree::Sending& sending,
                            const SenderDataSecret& sender_data_secret, Entropy& entropy);

Result<SenderData> open_sender_data(const PrivateMessage& message, const SenderDataSecret& secret);

struct OpenedPrivate {
  AuthenticatedContent message;
  SecretTree::Step step;
};
Result<OpenedPrivate> open_private(const PrivateMessage& message, const SenderData& sender,
                                   const SecretTree& tree);

}  // namespace nattevagt::mls
