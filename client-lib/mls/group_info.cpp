// GroupInfo (RFC 9420 12.4.3): what a member shows of the group to those who want in, and how they check it.
#include "client-lib/mls/group_state.h"
#include "client-lib/mls/leaf_validation.h"
#include "client-lib/mls/welcome.h"

namespace nattevagt::mls {

GroupInfo make_group_info(const GroupState& state, const GroupInfoParts& parts, Entropy& entropy) {
  GroupInfo out;
  out.group_context = state.context;
  if (parts.ratchet_tree) {
    Writer tree;
    state.tree.encode(tree);
    out.extensions.push_back({extension_type::kRatchetTree, tree.take()});
  }
  if (parts.external_pub) {
    Writer key;
    key.opaque(hpke_derive(state.secrets.external.expose()).key);
    out.extensions.push_back({extension_type::kExternalPub, key.take()});
  }
  std::array<std::uint8_t, 1> draw{};
  entropy.fill(draw);
  out.extensions.push_back({grease_value(draw[0]), {}});
  out.confirmation_tag = state.confirmation_tag;
  out.signer = state.own();
  out.signature = to_bytes(sign_with_label(state.sign_key, "GroupInfoTBS", out.tbs()));
  return out;
}

Result<RatchetTree> verified_tree(const GroupInfo& info, std::optional<ByteView> outside,
                                  const Validation& validation) {
  const Extension* inside = find_extension(info.extensions, extension_type::kRatchetTree);
  if (inside == nullptr && !outside) return fail(Errc::kNotFound, "RFC 9420 12.4.3.3 ratchet_tree");
  NV_TRY(RatchetTree tree,
         decode<RatchetTree>(inside != nullptr ? ByteView(inside->data) : *outside, "ratchet_tree"));
  const Digest hash = tree.tree_hash();
  if (!mac_matches(hash, info.group_context.tree_hash))
    return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1 tree_hash");

  const LeafNode* signer = tree.leaf(info.signer);
  if (signer == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3 signer");
  if (!verify_with_label(signer->signature_key, "GroupInfoTBS", info.tbs(), info.signature)) {
    return fail(Errc::kBadSignature, "RFC 9420 12.4.3 GroupInfo");
  }
  NV_TRYV(tree.verify_shape());
  NV_TRYV(tree.verify_parent_hashes());
  Status leaves = {};
  tree.for_each_leaf([&](LeafIndex index, const LeafNode& leaf) {
    if (!leaves) return;
    const LeafPlace place{info.group_context.group_id, index};
    leaves = validate_leaf(leaf, LeafCheck{CredentialUse::kJoin, place, &info.group_context.extensions},
                           validation);
  });
  NV_TRYV(leaves);
  return tree;
}

Result<GroupInfo> parse_group_info(ByteView message) {
  NV_TRY(MlsMessage parsed, parse_message(message));
  GroupInfo* found = std::get_if<GroupInfo>(&parsed.body);
  if (found == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3 GroupInfo");
  if (found->group_context.version != kVersionMls10 || found->group_context.cipher_suite != kSuite) {
    return fail(Errc::kUnsupported, "RFC 9420 12.4.3 GroupInfo suite");
  }
  return std::move(*found);
}

Result<Bytes> external_pub(const GroupInfo& info) {
  const Extension* found = find_extension(info.extensions, extension_type::kExternalPub);
  if (found == nullptr) return fail(Errc::kNotFound, "RFC 9420 12.4.3.2 external_pub");
  Reader in(found->data);
  Bytes key = in.bytes();
  NV_TRYV(in.finish("RFC 9420 12.4.3.2 external_pub"));
  if (key.size() != kHpkePublicBytes) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.2 external_pub");
  return key;
}

Result<GroupInfoSummary> check_group_info(ByteView message, const Validation& validation,
                                          std::optional<ByteView> ratchet_tree) {
  NV_TRY(const GroupInfo info, parse_group_info(message));
  NV_TRY(const RatchetTree tree, verified_tree(info, ratchet_tree, validation));
  GroupInfoSummary out;
  out.group_id = info.group_context.group_id;
  out.epoch = info.group_context.epoch;
  out.signer = info.signer;
  tree.for_each_leaf(
      [&](LeafIndex index, const LeafNode& leaf) { out.members.push_back(member_of(index, leaf)); });
  return out;
}

Result<Bytes> Group::group_info(Entropy& entropy, const GroupInfoParts& parts) const {
  if (state_->removed) return fail(Errc::kNotMember, "RFC 9420 12.4.3");
  if (state_->reinit) return fail(Errc::kWrongState, "RFC 9420 11.2");
  MlsMessage out;
  out.body = make_group_info(*state_, parts, entropy);
  return encode(out);
}

}  // namespace nattevagt::mls
