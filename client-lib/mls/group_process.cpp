// Receiving (RFC 9420 6, 12.4.2): each step checks into values of its own, and the state changes last.
#include <algorithm>

#include "client-lib/mls/group_state.h"
#include "client-lib/mls/leaf_validation.h"
#include "client-lib/mls/tree_math.h"

namespace nattevagt::mls {
namespace {

bool is_self(const GroupState& state, const Sender& sender) {
  return sender.is_member() && sender.leaf() == state.own();
}

// 12.4: values are the committer's, references are what we have cached.
Result<std::vector<ListedProposal>> resolve(const GroupState& state, const Commit& commit,
                                            const Sender& sender) {
  std::vector<ListedProposal> out;
  for (const ProposalOrRef& item : commit.proposals) {
    if (const Proposal* proposal = std::get_if<Proposal>(&item.value)) {
      out.push_back({*proposal, sender});
      continue;
    }
    if (!sender.is_member()) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.2 by reference");
    const Bytes& ref = std::get<Bytes>(item.value);
    const auto cached =
        std::find_if(state.proposals.begin(), state.proposals.end(), [&](const CachedProposal& c) {
          return std::equal(ref.begin(), ref.end(), c.ref.begin(), c.ref.end());
        });
    if (cached == state.proposals.end()) return fail(Errc::kNotFound, "RFC 9420 12.4 ProposalRef");
    out.push_back(cached->listed);
  }
  return out;
}

EpochChange describe(const GroupState& state, const AppliedProposals& applied, const Sender& sender,
                     LeafIndex committer, bool with_path) {
  EpochChange out;
  out.epoch = state.context.epoch + 1;
  out.extensions_changed = applied.extensions_changed;
  out.reinit = applied.reinit.has_value();
  for (const LeafIndex leaf : applied.removed) out.removed.push_back(member_of(leaf, *state.tree.leaf(leaf)));
  for (const LeafIndex leaf : applied.added) out.added.push_back(member_of(leaf, *applied.tree.leaf(leaf)));
  for (const LeafIndex leaf : applied.updated) {
    if (applied.tree.leaf(leaf) != nullptr) out.updated.push_back(member_of(leaf, *applied.tree.leaf(leaf)));
  }
  if (!sender.is_member()) {
    out.added.push_back(member_of(committer, *applied.tree.leaf(committer)));
    return out;
  }
  out.committer = committer;
  if (with_path) out.updated.push_back(member_of(committer, *applied.tree.leaf(committer)));
  return out;
}

// The committer's new leaf (12.4.2), and for an external joiner its place.
Result<LeafIndex> validate_path_leaf(const GroupState& state, AppliedProposals& applied, const Sender& sender,
                                     const LeafNode& leaf, const Validation& validation) {
  LeafIndex committer = sender.leaf();
  const LeafNode* old = nullptr;
  const auto use = sender.is_member()        ? CredentialUse::kCommit
                   : applied.removed.empty() ? CredentialUse::kExternalJoin
                                             : CredentialUse::kResync;
  if (sender.is_member()) {
    old = state.tree.leaf(committer);
  } else {
    if (!applied.removed.empty()) old = state.tree.leaf(applied.removed.front());
    // An empty leaf holds the place until the path is merged.
    NV_TRY(committer, applied.tree.add_leaf(std::make_shared<const LeafNode>()));
  }
  const LeafPlace place{state.context.group_id, committer};
  NV_TRYV(validate_leaf(leaf, LeafCheck{use, place, &applied.extensions}, validation));
  if (old != nullptr) {
    // 12.4.2, and for a resync 12.2: the leaf meets what an Update of the removed one would have to.
    if (old->encryption_key == leaf.encryption_key)
      return fail(Errc::kInvalidValue, "RFC 9420 12.4.2 leaf key");
    NV_TRYV(validation.policy.validate_successor(old->credential, old->sign_public(), leaf.credential,
                                                 leaf.sign_public()));
  }
  return committer;
}

// Our own Update in somebody else's commit: its key becomes our leaf's.
void take_own_update(const GroupState& state, const RatchetTree& tree, PrivateTree& keys) {
  const Bytes* standing = tree.encryption_key(tree_math::node_of(state.own()));
  for (const CachedProposal& cached : state.proposals) {
    if (!cached.update_keys || standing == nullptr) continue;
    if (!std::equal(standing->begin(), standing->end(), cached.update_keys->key.begin(),
                    cached.update_keys->key.end()))
      continue;
    keys.set(tree_math::node_of(state.own()),
             HpkeKeyPair{cached.update_keys->secret.duplicate(), cached.update_keys->key});
  }
}

}  // namespace

Result<StagedCommit> stage_commit(const GroupState& state, const AuthenticatedContent& message,
                                  const Validation& validation) {
  const Commit& commit = std::get<Commit>(message.content.content);
  const Sender& sender = message.content.sender;
  NV_TRY(const std::vector<ListedProposal> list, resolve(state, commit, sender));
  NV_TRY(AppliedProposals applied,
         sender.is_member() ? apply_proposals(list, sender.leaf(), state.tree, state.context, validation)
                            : apply_external_proposals(list, state.tree, state.context, validation));
  if (applied.path_required && !commit.path) return fail(Errc::kInvalidValue, "RFC 9420 12.4 path required");

  LeafIndex committer = sender.leaf();
  std::vector<PathStep> steps;
  if (commit.path) {
    NV_TRY(committer, validate_path_leaf(state, applied, sender, commit.path->leaf_node, validation));
    NV_TRY(steps, merge_path(applied.tree, committer, *commit.path, applied.added));
  }
  NV_TRYV(applied.tree.verify_unique_keys(
      new_leaves(applied, commit.path ? std::optional(committer) : std::nullopt)));

  StagedCommit out;
  out.change = describe(state, applied, sender, committer, commit.path.has_value());
  if (std::find(applied.removed.begin(), applied.removed.end(), state.own()) != applied.removed.end())
    return out;

  EpochInputs inputs = inputs_after(state, applied.extensions);
  inputs.context.tree_hash = to_bytes(applied.tree.tree_hash());
  take_own_update(state, applied.tree, inputs.keys);
  inputs.keys.prune(applied.tree);
  if (inputs.keys.find(tree_math::node_of(state.own())) == nullptr)
    return fail(Errc::kInvalidValue, "own leaf key");
  if (commit.path) {
    NV_TRY(DerivedPath opened,
           open_path(applied.tree, inputs.keys, steps, *commit.path, encode(inputs.context), applied.added));
    for (std::size_t i = 0; i < opened.steps.size(); ++i)
      inputs.keys.set(opened.steps[i].node, std::move(opened.keys[i]));
    inputs.commit = std::move(opened.commit);
  }
  NV_TRY(const std::vector<PskInput> psks, find_psks(applied.psks, &state, validation.psks));
  inputs.psk = derive_psk_secret(psks);
  InitSecret external_init;
  if (applied.external_init) {
    NV_TRY(external_init,
           external_init_receive(hpke_derive(state.secrets.external.expose()), *applied.external_init));
  }
  if (applied.external_init) inputs.init = &external_init;
  inputs.tree = std::move(applied.tree);
  inputs.reinit = std::move(applied.reinit);

  NextEpoch next = next_epoch(std::move(inputs), message);
  Digest expected{};
  std::copy(next.state->confirmation_tag.begin(), next.state->confirmation_tag.end(), expected.begin());
  if (!message.auth.confirmation_tag || !mac_matches(expected, *message.auth.confirmation_tag)) {
    return fail(Errc::kBadSignature, "RFC 9420 12.4.2 confirmation_tag");
  }
  out.next = std::move(next.state);
  return out;
}

namespace {

// A message whose AEAD or MAC held and whose signature verified, with what its acceptance will change.
struct Verified {
  AuthenticatedContent message;
  std::optional<SecretTree::Step> step;
};

struct Own {
  ContentType content_type;
  bool from_our_future = false;
};

// Have we, by our own signature, used a generation that this state has not come to? Then it is an old backup.
// Sender data alone would not do: any member can write them.
bool from_our_future(const GroupState& state, const PrivateMessage& message, const SenderData& sender) {
  const Result<OpenedPrivate> opened = open_private(message, sender, state.secret_tree);
  return opened &&
         verify_content(opened->message, state.context_bytes, state.tree.leaf(state.own())->signature_key);
}

// The key that must have signed (6.1, 12.1.8).
Result<Bytes> signer_key(const GroupState& state, const FramedContent& content,
                         const Validation& validation) {
  switch (content.sender.type) {
    case SenderType::kMember: {
      const LeafNode* leaf = state.tree.leaf(content.sender.leaf());
      if (leaf == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 6.1 sender");
      return leaf->signature_key;
    }
    case SenderType::kExternal: {
      NV_TRY(const std::vector<ExternalSender> senders, external_senders(state.context.extensions));
      if (content.sender.index >= senders.size()) return fail(Errc::kNotPermitted, "RFC 9420 12.1.8.1");
      const ExternalSender& sender = senders[content.sender.index];
      NV_TRY(const SignPublicKey key, sign_public_key(sender.signature_key));
      NV_TRYV(
          validation.policy.validate(sender.credential, key, CredentialUse::kExternalSender, validation.now));
      return sender.signature_key;
    }
    case SenderType::kNewMemberProposal:
      if (const auto* proposal = std::get_if<Proposal>(&content.content)) {
        if (const auto* add = proposal->as<Add>()) return add->key_package.leaf_node.signature_key;
      }
      break;
    case SenderType::kNewMemberCommit:
      if (const auto* commit = std::get_if<Commit>(&content.content); commit != nullptr && commit->path) {
        return commit->path->leaf_node.signature_key;
      }
      break;
  }
  return fail(Errc::kMalformed, "RFC 9420 6 sender_type");
}

Status check_sender_content(const FramedContent& content) {
  const ContentType type = content.content_type();
  switch (content.sender.type) {
    case SenderType::kMember: return {};
    case SenderType::kExternal:
    case SenderType::kNewMemberProposal:
      if (type == ContentType::kProposal) return {};
      break;
    case SenderType::kNewMemberCommit:
      if (type == ContentType::kCommit) return {};
      break;
  }
  return fail(Errc::kMalformed, "RFC 9420 6 sender_type");
}

Status check_epoch(const GroupState& state, std::uint64_t epoch) {
  if (epoch < state.context.epoch) return fail(Errc::kStaleEpoch, "RFC 9420 12.4.2");
  if (epoch > state.context.epoch) return fail(Errc::kGap, "RFC 9420 12.4.2");
  return {};
}

Result<std::variant<Verified, Own>> verify_public(const GroupState& state, PublicMessage message,
                                                  const Validation& validation) {
  NV_TRYV(check_epoch(state, message.content.epoch));
  NV_TRYV(check_sender_content(message.content));
  if (message.content.content_type() == ContentType::kApplication) {
    return fail(Errc::kInvalidValue, "RFC 9420 6.2 application data");
  }
  const bool member = message.content.sender.is_member();
  Verified out;
  out.message = {WireFormat::kPublicMessage, std::move(message.content), std::move(message.auth)};
  if (member) {
    const Digest expected = membership_tag(state.secrets.membership, out.message, state.context_bytes);
    if (!message.membership_tag || !mac_matches(expected, *message.membership_tag)) {
      return fail(Errc::kBadSignature, "RFC 9420 6.2 membership_tag");
    }
  }
  NV_TRY(const Bytes key, signer_key(state, out.message.content, validation));
  if (!verify_content(out.message, state.context_bytes, key))
    return fail(Errc::kBadSignature, "RFC 9420 6.1");
  if (is_self(state, out.message.content.sender)) return Own{out.message.content.content_type(), false};
  return out;
}

Result<std::variant<Verified, Own>> verify_private(const GroupState& state, const PrivateMessage& message) {
  NV_TRYV(check_epoch(state, message.epoch));
  NV_TRY(const SenderData sender, open_sender_data(message, state.secrets.sender_data));
  const LeafNode* leaf = state.tree.leaf(sender.leaf);
  if (leaf == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 6.3.2 sender");
  if (sender.leaf == state.own()) return Own{message.content_type, from_our_future(state, message, sender)};
  NV_TRY(OpenedPrivate opened, open_private(message, sender, state.secret_tree));
  if (!verify_content(opened.message, state.context_bytes, leaf->signature_key)) {
    return fail(Errc::kBadSignature, "RFC 9420 6.1");
  }
  return Verified{std::move(opened.message), std::move(opened.step)};
}

ApplicationMessage to_application(AuthenticatedContent message, std::uint32_t generation,
                                  const LeafNode& leaf) {
  ApplicationMessage out;
  out.epoch = message.content.epoch;
  out.sender = member_of(message.content.sender.leaf(), leaf);
  out.generation = generation;
  out.authenticated_data = std::move(message.content.authenticated_data);
  out.plaintext = std::move(std::get<SecretBytes>(message.content.content));
  return out;
}

// A late application message, under the leaves and the context of its own epoch.
Result<Processed> process_past(GroupState& state, const PrivateMessage& message,
                               const Validation& validation) {
  const auto past = std::find_if(state.past.begin(), state.past.end(),
                                 [&](const PastEpoch& epoch) { return epoch.epoch == message.epoch; });
  if (past == state.past.end() || message.content_type != ContentType::kApplication ||
      validation.now - past->ended > validation.past_epoch_age) {
    return fail(Errc::kStaleEpoch, "RFC 9420 15.3");
  }
  NV_TRY(const SenderData sender, open_sender_data(message, past->sender_data));
  if (sender.leaf == state.own()) return OwnMessage{static_cast<std::uint8_t>(message.content_type)};
  const LeafNode* leaf =
      sender.leaf.value < past->leaves.size() ? past->leaves[sender.leaf.value].get() : nullptr;
  if (leaf == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 6.3.2 sender");
  NV_TRY(OpenedPrivate opened, open_private(message, sender, past->secret_tree));
  if (!verify_content(opened.message, past->context_bytes, leaf->signature_key)) {
    return fail(Errc::kBadSignature, "RFC 9420 6.1");
  }
  past->secret_tree.accept(std::move(opened.step));
  return to_application(std::move(opened.message), sender.generation, *leaf);
}

Result<Processed> accept_proposal(GroupState& state, Verified verified, const Validation& validation) {
  const FramedContent& content = verified.message.content;
  ListedProposal listed{std::get<Proposal>(content.content), content.sender};
  NV_TRYV(validate_proposal(listed, state.tree, state.context, state.context.extensions, validation));
  CachedProposal cached{proposal_ref(verified.message), std::move(listed), {}};
  for (const CachedProposal& other : state.proposals) {
    if (other.ref == cached.ref) return fail(Errc::kDuplicate, "RFC 9420 12.1");
  }
  if (state.proposals.size() >= caps::kProposals) return fail(Errc::kBusy, "proposals of one epoch");
  ProposalReceived out;
  out.reference = to_bytes(cached.ref);
  if (content.sender.is_member()) out.sender = content.sender.leaf();
  out.proposal_type = static_cast<std::uint16_t>(cached.listed.proposal.type());
  if (const auto* remove = cached.listed.proposal.as<Remove>()) out.removes = remove->removed;
  state.proposals.push_back(std::move(cached));
  if (verified.step) state.secret_tree.accept(std::move(*verified.step));
  return out;
}

Result<Processed> accept_commit(std::unique_ptr<GroupState>& state, Verified verified,
                                const Digest& message_hash, const Validation& validation) {
  NV_TRY(StagedCommit staged, stage_commit(*state, verified.message, validation));
  if (verified.step) state->secret_tree.accept(std::move(*verified.step));
  if (staged.next == nullptr) {
    state->removed = true;
    state->pending.reset();
    append_proposal_keys(*state, state->gone_rows);
    state->stored_proposals = 0;
    state->proposals.clear();
    return RemovedFromGroup{staged.change.committer};
  }
  CommitApplied out;
  out.change = std::move(staged.change);
  out.lost_pending_commit = state->pending.has_value();
  staged.next->made_by = message_hash;
  succeed(state, std::move(staged.next), validation.now);
  return out;
}

}  // namespace

Result<Processed> Group::process(ByteView message, const Validation& validation) {
  NV_TRY(MlsMessage parsed, parse_message(message));
  const auto* as_private = std::get_if<PrivateMessage>(&parsed.body);
  auto* as_public = std::get_if<PublicMessage>(&parsed.body);
  if (as_private == nullptr && as_public == nullptr)
    return fail(Errc::kInvalidValue, "RFC 9420 6 wire_format");
  if ((as_private != nullptr ? as_private->group_id : as_public->content.group_id) !=
      state_->context.group_id) {
    return fail(Errc::kInvalidValue, "RFC 9420 6 group_id");
  }
  const Digest hash = sha256(message);
  if (state_->pending && state_->pending->message == hash) return OwnCommit{};
  if (hash == state_->made_by) return fail(Errc::kDuplicate, "RFC 9420 12.4.2");
  if (as_private != nullptr && as_private->epoch < state_->context.epoch)
    return process_past(*state_, *as_private, validation);

  NV_TRY(auto opened, as_private != nullptr ? verify_private(*state_, *as_private)
                                            : verify_public(*state_, std::move(*as_public), validation));
  if (const Own* own = std::get_if<Own>(&opened)) {
    if (own->from_our_future) {
      state_->old_backup = true;
      return OldBackup{};
    }
    if (own->content_type == ContentType::kCommit) return fail(Errc::kWrongState, "own commit, discarded");
    return OwnMessage{static_cast<std::uint8_t>(own->content_type)};
  }
  Verified& verified = std::get<Verified>(opened);
  const ContentType type = verified.message.content.content_type();
  if (type != ContentType::kApplication && state_->removed) return fail(Errc::kNotMember, "RFC 9420 12.4.2");
  if (type == ContentType::kProposal) return accept_proposal(*state_, std::move(verified), validation);
  if (type == ContentType::kCommit) {
    if (state_->reinit) return fail(Errc::kWrongState, "RFC 9420 11.2");
    return accept_commit(state_, std::move(verified), hash, validation);
  }
  const LeafNode* leaf = state_->tree.leaf(verified.message.content.sender.leaf());
  NV_CHECK(leaf != nullptr && verified.step.has_value());
  const std::uint32_t generation = verified.step->generation;
  state_->secret_tree.accept(std::move(*verified.step));
  return to_application(std::move(verified.message), generation, *leaf);
}

}  // namespace nattevagt::mls
