// Joining, or coming back, without being added (RFC 9420 12.4.3.2): the joiner's side. The members' side is a
// commit like any other: see stage_commit() and apply_external_proposals().
#include "client-lib/mls/group_state.h"
#include "client-lib/mls/leaf_validation.h"
#include "client-lib/mls/tree_math.h"
#include "client-lib/mls/welcome.h"

namespace nattevagt::mls {
namespace {

std::vector<ListedProposal> proposals_of(const ExternalJoinRequest& request, Bytes kem_output,
                                         const GroupInfo& info, Entropy& entropy) {
  const Sender sender{SenderType::kNewMemberCommit, 0};
  std::vector<ListedProposal> out;
  out.push_back({Proposal{ExternalInit{std::move(kem_output)}}, sender});
  if (request.replaces) out.push_back({Proposal{Remove{*request.replaces}}, sender});
  for (PreSharedKeyId& id :
       fresh_psk_ids(request.external_psks, request.resumption_psks, info.group_context.group_id, entropy)) {
    out.push_back({Proposal{PreSharedKey{std::move(id)}}, sender});
  }
  return out;
}

}  // namespace

Result<ExternalJoin> Group::join_external(ByteView group_info, const ExternalJoinRequest& request,
                                          const SignKey& sign_key, const Validation& validation,
                                          Entropy& entropy, std::optional<ByteView> ratchet_tree) {
  NV_TRY(const GroupInfo info, parse_group_info(group_info));
  NV_TRY(const RatchetTree before, verified_tree(info, ratchet_tree, validation));
  NV_TRY(const Bytes external_key, external_pub(info));
  NV_TRY(ExternalInitSecret init, external_init_send(external_key, entropy));

  const std::vector<ListedProposal> list = proposals_of(request, std::move(init.kem_output), info, entropy);
  NV_TRY(AppliedProposals applied, apply_external_proposals(list, before, info.group_context, validation));
  NV_TRY(const LeafIndex own, applied.tree.add_leaf(std::make_shared<const LeafNode>()));
  const FreshPath fresh = renew_path(applied.tree, own, mls::own_leaf(request.credential, entropy),
                                     info.group_context.group_id, sign_key, entropy);
  const auto use = request.replaces ? CredentialUse::kResync : CredentialUse::kExternalJoin;
  const LeafPlace place{info.group_context.group_id, own};
  NV_TRYV(validate_leaf(*fresh.leaf, LeafCheck{use, place, &applied.extensions}, validation));
  if (request.replaces) {
    const LeafNode& old = *before.leaf(*request.replaces);
    NV_TRYV(validation.policy.validate_successor(old.credential, old.sign_public(), fresh.leaf->credential,
                                                 fresh.leaf->sign_public()));
  }
  NV_TRYV(applied.tree.verify_unique_keys({own}));

  EpochInputs inputs;
  inputs.context = info.group_context;
  inputs.context.epoch += 1;
  inputs.context.tree_hash = to_bytes(applied.tree.tree_hash());
  inputs.keys = PrivateTree(own, HpkeKeyPair{fresh.leaf_keys.secret.duplicate(), fresh.leaf_keys.key});
  inputs.keys.adopt(fresh);
  inputs.init = &init.secret;
  inputs.sign_key = &sign_key;
  const Digest interim =
      interim_transcript_hash(info.group_context.confirmed_transcript_hash, info.confirmation_tag);
  inputs.interim_transcript_hash = interim;
  inputs.commit = fresh.path.commit.duplicate();
  NV_TRY(const std::vector<PskInput> psks, find_psks(applied.psks, nullptr, validation.psks));
  inputs.psk = derive_psk_secret(psks);

  Commit commit;
  for (const ListedProposal& listed : list) commit.proposals.push_back({listed.proposal});
  NV_TRY(commit.path, seal_path(applied.tree, fresh, encode(inputs.context), {}, entropy));
  AuthenticatedContent message;
  message.wire_format = WireFormat::kPublicMessage;
  message.content.group_id = info.group_context.group_id;
  message.content.epoch = info.group_context.epoch;
  message.content.sender = Sender{SenderType::kNewMemberCommit, 0};
  message.content.authenticated_data = request.authenticated_data;
  message.content.content = std::move(commit);
  message.auth = sign_content(message.wire_format, message.content, encode(info.group_context), sign_key);
  inputs.tree = std::move(applied.tree);
  NextEpoch next = next_epoch(std::move(inputs), message);
  message.auth.confirmation_tag = next.state->confirmation_tag;

  MlsMessage sent;
  sent.body = PublicMessage{std::move(message.content), std::move(message.auth), {}};
  Bytes bytes = encode(sent);
  next.state->made_by = sha256(bytes);
  return ExternalJoin{Group(std::move(next.state)), std::move(bytes)};
}

}  // namespace nattevagt::mls
