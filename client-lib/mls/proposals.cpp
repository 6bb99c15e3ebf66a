#include "client-lib/mls/proposals.h"

#include <algorithm>
#include <set>

#include "client-lib/mls/leaf_validation.h"

namespace nattevagt::mls {
namespace {

Status validate_psk_id(const PreSharedKeyId& id) {
  if (id.psk_nonce.size() != kHashBytes) return fail(Errc::kInvalidValue, "RFC 9420 12.1.4 psk_nonce");
  if (id.type == PskType::kResumption && id.usage != ResumptionUsage::kApplication) {
    return fail(Errc::kInvalidValue, "RFC 9420 12.1.4 usage");  // 11.2, 11.3: in a Welcome only
  }
  return {};
}

Status validate_update(const LeafNode& leaf, const Sender& sender, const RatchetTree& tree,
                       const GroupContext& context, const Extensions& extensions,
                       const Validation& validation) {
  const LeafNode* old = sender.is_member() ? tree.leaf(sender.leaf()) : nullptr;
  if (old == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.1.2 sender");
  if (old->encryption_key == leaf.encryption_key) return fail(Errc::kInvalidValue, "RFC 9420 7.3 Update key");
  const LeafPlace place{context.group_id, sender.leaf()};
  NV_TRYV(validate_leaf(leaf, LeafCheck{CredentialUse::kUpdate, place, &extensions}, validation));
  return validation.policy.validate_successor(old->credential, old->sign_public(), leaf.credential,
                                              leaf.sign_public());
}

// 12.1.8: what those outside the group may propose.
Status validate_sender(const ListedProposal& listed) {
  switch (listed.sender.type) {
    case SenderType::kMember: return {};
    case SenderType::kNewMemberProposal:
      if (listed.proposal.type() == ProposalType::kAdd) return {};
      break;
    case SenderType::kExternal:
      if (listed.proposal.type() != ProposalType::kUpdate &&
          listed.proposal.type() != ProposalType::kExternalInit) {
        return {};
      }
      break;
    case SenderType::kNewMemberCommit: break;
  }
  return fail(Errc::kMalformed, "RFC 9420 12.1.8");
}

Status validate_context_extensions(const Extensions& extensions) {
  NV_TRYV(external_senders(extensions));
  if (const Extension* required = find_extension(extensions, extension_type::kRequiredCapabilities)) {
    NV_TRYV(decode<RequiredCapabilities>(required->data, "RFC 9420 11.1"));
  }
  return {};
}

bool path_required(ProposalType type) noexcept {
  switch (type) {
    case ProposalType::kUpdate:
    case ProposalType::kRemove:
    case ProposalType::kExternalInit:
    case ProposalType::kGroupContextExtensions: return true;
    case ProposalType::kAdd:
    case ProposalType::kPreSharedKey:
    case ProposalType::kReInit: return false;
  }
  return true;
}

// The rules of 12.2 that compare proposals with one another and with the committer.
Status validate_list(const std::vector<ListedProposal>& list, LeafIndex committer, const RatchetTree& tree) {
  std::set<LeafIndex> touched;
  std::set<Bytes> removed_keys;
  std::set<Bytes> added_keys;
  std::vector<const PreSharedKeyId*> psks;
  std::size_t context_extensions = 0;
  for (const ListedProposal& listed : list) {
    NV_TRYV(validate_sender(listed));  // from here an Update's sender is a leaf
    switch (listed.proposal.type()) {
      case ProposalType::kUpdate:
        if (listed.sender.leaf() == committer) return fail(Errc::kInvalidValue, "RFC 9420 12.2 own Update");
        if (!touched.insert(listed.sender.leaf()).second)
          return fail(Errc::kInvalidValue, "RFC 9420 12.2 same leaf");
        break;
      case ProposalType::kRemove: {
        const LeafIndex target = listed.proposal.as<Remove>()->removed;
        if (target == committer) return fail(Errc::kInvalidValue, "RFC 9420 12.2 own Remove");
        if (!touched.insert(target).second) return fail(Errc::kInvalidValue, "RFC 9420 12.2 same leaf");
        if (const LeafNode* leaf = tree.leaf(target)) removed_keys.insert(leaf->signature_key);
        break;
      }
      case ProposalType::kAdd:
        if (!added_keys.insert(listed.proposal.as<Add>()->key_package.leaf_node.signature_key).second) {
          return fail(Errc::kInvalidValue, "RFC 9420 12.2 same client");
        }
        break;
      case ProposalType::kPreSharedKey: {
        const PreSharedKeyId& id = listed.proposal.as<PreSharedKey>()->psk;
        if (std::any_of(psks.begin(), psks.end(),
                        [&](const PreSharedKeyId* other) { return *other == id; })) {
          return fail(Errc::kInvalidValue, "RFC 9420 12.2 same PSK");
        }
        psks.push_back(&id);
        break;
      }
      case ProposalType::kReInit:
        if (list.size() != 1) return fail(Errc::kInvalidValue, "RFC 9420 12.2 ReInit alone");
        break;
      case ProposalType::kExternalInit: return fail(Errc::kInvalidValue, "RFC 9420 12.2 ExternalInit");
      case ProposalType::kGroupContextExtensions:
        if (++context_extensions > 1)
          return fail(Errc::kInvalidValue, "RFC 9420 12.2 GroupContextExtensions");
        break;
    }
  }
  Status present = {};
  if (added_keys.empty()) return present;
  tree.for_each_leaf([&](LeafIndex, const LeafNode& leaf) {
    if (added_keys.contains(leaf.signature_key) && !removed_keys.contains(leaf.signature_key)) {
      present = fail(Errc::kInvalidValue, "RFC 9420 12.2 client already in the group");
    }
  });
  return present;
}

}  // namespace

Status validate_proposal(const ListedProposal& listed, const RatchetTree& tree, const GroupContext& context,
                         const Extensions& extensions, const Validation& validation) {
  NV_TRYV(validate_sender(listed));
  switch (listed.proposal.type()) {
    case ProposalType::kAdd:
      return validate_key_package(listed.proposal.as<Add>()->key_package, &extensions, validation);
    case ProposalType::kUpdate:
      return validate_update(listed.proposal.as<Update>()->leaf_node, listed.sender, tree, context,
                             extensions, validation);
    case ProposalType::kRemove:
      if (tree.leaf(listed.proposal.as<Remove>()->removed) != nullptr) return {};
      return fail(Errc::kInvalidValue, "RFC 9420 12.1.3");
    case ProposalType::kPreSharedKey: return validate_psk_id(listed.proposal.as<PreSharedKey>()->psk);
    case ProposalType::kReInit:
      if (listed.proposal.as<ReInit>()->version >= context.version) return {};
      return fail(Errc::kInvalidValue, "RFC 9420 12.1.5");
    case ProposalType::kExternalInit: return fail(Errc::kInvalidValue, "RFC 9420 12.1.6");
    case ProposalType::kGroupContextExtensions:
      return validate_context_extensions(listed.proposal.as<GroupContextExtensions>()->extensions);
  }
  return fail(Errc::kUnsupported, "RFC 9420 12.1");
}

Result<AppliedProposals> apply_proposals(const std::vector<ListedProposal>& list, LeafIndex committer,
                                         const RatchetTree& tree, const GroupContext& context,
                                         const Validation& validation) {
  NV_TRYV(validate_list(list, committer, tree));
  AppliedProposals out;
  out.tree = tree;
  out.extensions = context.extensions;
  out.path_required = list.empty();
  // 12.3: the new extensions hold for the rest of the list.
  for (const ListedProposal& listed : list) {
    out.path_required = out.path_required || path_required(listed.proposal.type());
    if (const auto* changed = listed.proposal.as<GroupContextExtensions>()) {
      out.extensions = changed->extensions;
      out.extensions_changed = true;
    }
  }
  for (const ListedProposal& listed : list) {
    NV_TRYV(validate_proposal(listed, tree, context, out.extensions, validation));
  }
  for (const ListedProposal& listed : list) {
    const auto* update = listed.proposal.as<Update>();
    if (update == nullptr) continue;
    out.tree.update_leaf(listed.sender.leaf(), std::make_shared<const LeafNode>(update->leaf_node));
    out.updated.push_back(listed.sender.leaf());
  }
  for (const ListedProposal& listed : list) {
    const auto* remove = listed.proposal.as<Remove>();
    if (remove == nullptr) continue;
    out.tree.remove_leaf(remove->removed);
    out.removed.push_back(remove->removed);
  }
  for (const ListedProposal& listed : list) {
    if (const auto* add = listed.proposal.as<Add>()) {
      NV_TRY(const LeafIndex place,
             out.tree.add_leaf(std::make_shared<const LeafNode>(add->key_package.leaf_node)));
      out.added.push_back(place);
    } else if (const auto* psk = listed.proposal.as<PreSharedKey>()) {
      out.psks.push_back(psk->psk);
    } else if (const auto* reinit = listed.proposal.as<ReInit>()) {
      out.reinit = *reinit;
    }
  }
  if (out.extensions_changed) {
    // 12.1.7: whoever is a member afterwards must support what is now required.
    Status supported = {};
    out.tree.for_each_leaf([&](LeafIndex, const LeafNode& leaf) {
      if (supported) supported = supports_context(leaf, out.extensions);
    });
    NV_TRYV(supported);
  }
  return out;
}

std::vector<LeafIndex> new_leaves(const AppliedProposals& applied, std::optional<LeafIndex> committer) {
  std::vector<LeafIndex> out = applied.added;
  out.insert(out.end(), applied.updated.begin(), applied.updated.end());
  if (committer) out.push_back(*committer);
  return out;
}

Result<AppliedProposals> apply_external_proposals(const std::vector<ListedProposal>& list,
                                                  const RatchetTree& tree, const GroupContext& context,
                                                  const Validation& validation) {
  AppliedProposals out;
  out.tree = tree;
  out.extensions = context.extensions;
  out.path_required = true;
  for (const ListedProposal& listed : list) {
    if (const auto* init = listed.proposal.as<ExternalInit>(); init != nullptr && !out.external_init) {
      out.external_init = init->kem_output;
    } else if (const auto* remove = listed.proposal.as<Remove>(); remove != nullptr && out.removed.empty()) {
      if (tree.leaf(remove->removed) == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.1.3");
      out.tree.remove_leaf(remove->removed);
      out.removed.push_back(remove->removed);
    } else if (const auto* psk = listed.proposal.as<PreSharedKey>()) {
      NV_TRYV(validate_psk_id(psk->psk));
      if (std::find(out.psks.begin(), out.psks.end(), psk->psk) != out.psks.end()) {
        return fail(Errc::kInvalidValue, "RFC 9420 12.2 same PSK");
      }
      out.psks.push_back(psk->psk);
    } else {
      return fail(Errc::kInvalidValue, "RFC 9420 12.2 external list");
    }
  }
  if (!out.external_init) return fail(Errc::kInvalidValue, "RFC 9420 12.2 ExternalInit");
  if (validation.resync_needs_psk && !out.removed.empty() && out.psks.empty()) {
    return fail(Errc::kNotPermitted, "RFC 9420 12.4.3.2 resync without PSK");
  }
  return out;
}

Result<std::vector<ExternalSender>> external_senders(const Extensions& extensions) {
  std::vector<ExternalSender> out;
  const Extension* found = find_extension(extensions, extension_type::kExternalSenders);
  if (found == nullptr) return out;
  Reader in(found->data);
  in.vector(caps::kExtensions, [&] {
    ExternalSender sender;
    sender.signature_key = in.bytes();
    sender.credential = decode_credential(in);
    out.push_back(std::move(sender));
  });
  NV_TRYV(in.finish("RFC 9420 12.1.8.1"));
  return out;
}

}  // namespace nattevagt::mls
