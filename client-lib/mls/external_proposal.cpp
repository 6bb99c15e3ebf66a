#include "client-lib/mls/external_proposal.h"

#include "client-lib/mls/framing.h"

namespace nattevagt::mls {
namespace {

Bytes sign_and_frame(ByteView group_id, std::uint64_t epoch, Sender sender, Proposal proposal,
                     const SignKey& sign_key) {
  PublicMessage message;
  message.content.group_id = to_bytes(group_id);
  message.content.epoch = epoch;
  message.content.sender = sender;
  message.content.content = std::move(proposal);
  message.auth = sign_content(WireFormat::kPublicMessage, message.content, {}, sign_key);
  MlsMessage out;
  out.body = std::move(message);
  return encode(out);
}

}  // namespace

Extension external_senders_extension(const std::vector<ExternalSender>& senders) {
  Writer out;
  out.vector([&] {
    for (const ExternalSender& sender : senders) {
      out.opaque(sender.signature_key);
      encode_credential(sender.credential, out);
    }
  });
  return {extension_type::kExternalSenders, out.take()};
}

Result<Bytes> external_proposal(ByteView group_id, std::uint64_t epoch, std::uint32_t sender_index,
                                Proposal proposal, const SignKey& sign_key) {
  if (proposal.type() == ProposalType::kUpdate || proposal.type() == ProposalType::kExternalInit) {
    return fail(Errc::kInvalidValue, "RFC 9420 12.1.8");
  }
  return sign_and_frame(group_id, epoch, Sender{SenderType::kExternal, sender_index}, std::move(proposal),
                        sign_key);
}

Result<Bytes> new_member_proposal(ByteView group_id, std::uint64_t epoch, const KeyPackageBundle& bundle,
                                  const SignKey& sign_key) {
  NV_TRY(MlsMessage parsed, parse_message(bundle.message()));
  KeyPackage& own = std::get<KeyPackage>(parsed.body);
  if (own.leaf_node.sign_public() != sign_key.public_key()) return fail(Errc::kInvalidValue, "sign_key");
  return sign_and_frame(group_id, epoch, Sender{SenderType::kNewMemberProposal, 0},
                        Proposal{Add{std::move(own)}}, sign_key);
}

}  // namespace nattevagt::mls
