// Groups that come from a group: re-initialisation (RFC 9420 11.2) and branching (11.3).
#include <algorithm>

#include "client-lib/mls/group_state.h"

namespace nattevagt::mls {
namespace {

std::vector<const Credential*> credentials(const std::vector<LeafPtr>& leaves) {
  std::vector<const Credential*> out;
  for (const LeafPtr& leaf : leaves) {
    if (leaf) out.push_back(&leaf->credential);
  }
  return out;
}

std::vector<const Credential*> credentials(const RatchetTree& tree) {
  std::vector<const Credential*> out;
  tree.for_each_leaf([&](LeafIndex, const LeafNode& leaf) { out.push_back(&leaf.credential); });
  return out;
}

// Each of `some` is one of `all`, and no two are the same one.
bool among(const std::vector<const Credential*>& some, std::vector<const Credential*> all,
           const CredentialPolicy& policy) {
  return std::all_of(some.begin(), some.end(), [&](const Credential* one) {
    const auto match = std::find_if(
        all.begin(), all.end(), [&](const Credential* other) { return policy.same_client(*other, *one); });
    if (match == all.end()) return false;
    all.erase(match);
    return true;
  });
}

// The members of the epoch whose PSK is named; empty when it is no longer known.
std::vector<const Credential*> members_at(const GroupState& state, std::uint64_t epoch) {
  if (epoch == state.context.epoch) return credentials(state.tree);
  for (const PastEpoch& past : state.past) {
    if (past.epoch == epoch) return credentials(past.leaves);
  }
  return {};
}

Status check_reinit(const PreSharedKeyId& link, const GroupState& old, const GroupContext& context,
                    const RatchetTree& tree, const CredentialPolicy& policy) {
  if (!old.reinit || link.psk_epoch != old.context.epoch) return fail(Errc::kInvalidValue, "RFC 9420 11.2");
  const ReInit& agreed = *old.reinit;
  if (context.group_id != agreed.group_id || context.version != agreed.version ||
      context.cipher_suite != agreed.cipher_suite || context.extensions != agreed.extensions) {
    return fail(Errc::kInvalidValue, "RFC 9420 11.2 parameters");
  }
  const auto before = credentials(old.tree);
  const auto after = credentials(tree);
  if (before.size() != after.size() || !among(before, after, policy)) {
    return fail(Errc::kInvalidValue, "RFC 9420 11.2 members");
  }
  return {};
}

Status check_branch(const PreSharedKeyId& link, const GroupState& old, const GroupContext& context,
                    const RatchetTree& tree, const CredentialPolicy& policy) {
  if (context.version != old.context.version || context.cipher_suite != old.context.cipher_suite) {
    return fail(Errc::kInvalidValue, "RFC 9420 11.3 parameters");
  }
  if (!among(credentials(tree), members_at(old, link.psk_epoch), policy)) {
    return fail(Errc::kInvalidValue, "RFC 9420 11.3 members");
  }
  return {};
}

}  // namespace

Status check_lineage(const std::optional<PreSharedKeyId>& link, const GroupState* predecessor,
                     const GroupContext& context, const RatchetTree& tree, const Validation& validation) {
  if (!link && predecessor == nullptr) return {};
  if (!link || predecessor == nullptr || link->psk_group_id != predecessor->context.group_id) {
    return fail(Errc::kWrongState, "RFC 9420 12.4.3.1 predecessor");
  }
  return link->usage == ResumptionUsage::kReinit
             ? check_reinit(*link, *predecessor, context, tree, validation.policy)
             : check_branch(*link, *predecessor, context, tree, validation.policy);
}

Result<Successor> Group::succeed_by(ByteView group_id, const Extensions& extensions, std::uint8_t usage,
                                    const std::vector<Bytes>& key_packages, const Credential& credential,
                                    const SignKey& sign_key, const Validation& validation,
                                    Entropy& entropy) const {
  NV_TRY(Group made, create(group_id, credential, sign_key, extensions, validation, entropy));
  std::vector<PreSharedKeyId> id =
      fresh_psk_ids({}, {state_->context.epoch}, state_->context.group_id, entropy);
  id[0].usage = static_cast<ResumptionUsage>(usage);
  const LinkedPsk linked{std::move(id[0]), *state_};
  CommitRequest request;
  request.adds = key_packages;
  request.force_path = true;
  NV_TRY(CommitResult commit, make_commit(*made.state_, request, &linked, validation, entropy));
  NV_TRY(EpochChange change, made.apply_pending());
  // What the others will ask of it, they need not be sent when it fails here.
  NV_TRYV(check_lineage(linked.id, state_.get(), made.state_->context, made.state_->tree, validation));
  if (!commit.welcome) return fail(Errc::kInvalidValue, "RFC 9420 11.2 members");
  return Successor{std::move(made), std::move(*commit.welcome), std::move(change)};
}

Result<Successor> Group::reinit_successor(const std::vector<Bytes>& key_packages,
                                          const Credential& credential, const SignKey& sign_key,
                                          const Validation& validation, Entropy& entropy) const {
  if (!state_->reinit || state_->removed) return fail(Errc::kWrongState, "RFC 9420 11.2");
  const ReInit& agreed = *state_->reinit;
  if (agreed.version != kVersionMls10 || agreed.cipher_suite != kSuite) {
    return fail(Errc::kUnsupported, "RFC 9420 11.2");
  }
  return succeed_by(agreed.group_id, agreed.extensions, static_cast<std::uint8_t>(ResumptionUsage::kReinit),
                    key_packages, credential, sign_key, validation, entropy);
}

Result<Successor> Group::branch(ByteView group_id, const std::vector<Bytes>& key_packages,
                                const Credential& credential, const SignKey& sign_key,
                                const Validation& validation, Entropy& entropy) const {
  if (state_->removed) return fail(Errc::kNotMember, "RFC 9420 11.3");
  if (state_->reinit) return fail(Errc::kWrongState, "RFC 9420 11.2");
  return succeed_by(group_id, state_->context.extensions, static_cast<std::uint8_t>(ResumptionUsage::kBranch),
                    key_packages, credential, sign_key, validation, entropy);
}

}  // namespace nattevagt::mls
