// Making a commit (RFC 9420 12.4.1): what goes in, the path, the pending successor, the Welcome.
#include <algorithm>
#include <map>
#include <set>

#include "client-lib/mls/group_state.h"
#include "client-lib/mls/leaf_validation.h"
#include "client-lib/mls/tree_math.h"

namespace nattevagt::mls {
namespace {

struct Draft {
  Commit commit;
  std::vector<ListedProposal> list;  // the same, resolved
  std::vector<KeyPackage> joiners;   // in the order of the Adds
};

void put(Draft& draft, ListedProposal listed, std::optional<ProposalRef> ref) {
  if (const auto* add = listed.proposal.as<Add>()) draft.joiners.push_back(add->key_package);
  ProposalOrRef item;
  if (ref) {
    item.value = to_bytes(*ref);
  } else {
    item.value = listed.proposal;
  }
  draft.commit.proposals.push_back(std::move(item));
  draft.list.push_back(std::move(listed));
}

// Which cached proposals make a valid list together with the request (12.2): a Remove before an Update, the
// last Update of a leaf, nothing about ourselves, nobody twice whom the request adds, a ReInit only when it is
// alone. What is passed over may be proposed again in the next epoch.
class Selection {
 public:
  Selection(const GroupState& state, const CommitRequest& request, const std::vector<KeyPackage>& adds,
            const PskSource* psks)
      : state_(state), request_(request), psks_(psks) {
    for (const LeafIndex leaf : request.removes) removed_.insert(leaf);
    for (const CachedProposal& cached : state.proposals) {
      if (const auto* remove = cached.listed.proposal.as<Remove>()) removed_.insert(remove->removed);
      if (cached.listed.proposal.type() == ProposalType::kUpdate)
        last_update_[cached.listed.sender.leaf()] = &cached;
    }
    for (const KeyPackage& add : adds) added_.insert(add.leaf_node.signature_key);
    context_extensions_ = request.group_context_extensions.has_value();
    others_ = !request.adds.empty() || !request.removes.empty() || !request.external_psks.empty() ||
              !request.resumption_psks.empty() || context_extensions_ || request.reinit.has_value() ||
              request.new_credential.has_value();
  }

  bool take(const CachedProposal& cached) {
    const Proposal& proposal = cached.listed.proposal;
    switch (proposal.type()) {
      case ProposalType::kAdd: return take_add(proposal.as<Add>()->key_package.leaf_node.signature_key);
      case ProposalType::kUpdate: {
        const LeafIndex leaf = cached.listed.sender.leaf();
        return leaf != state_.own() && !removed_.contains(leaf) && last_update_[leaf] == &cached;
      }
      case ProposalType::kRemove: {
        const LeafIndex leaf = proposal.as<Remove>()->removed;
        const bool asked =
            std::find(request_.removes.begin(), request_.removes.end(), leaf) != request_.removes.end();
        return leaf != state_.own() && !asked && taken_removes_.insert(leaf).second;
      }
      case ProposalType::kPreSharedKey:
        return find_psks({proposal.as<PreSharedKey>()->psk}, &state_, psks_).has_value();
      case ProposalType::kGroupContextExtensions: {
        const bool first = !context_extensions_;
        context_extensions_ = true;
        return first;
      }
      case ProposalType::kReInit: return !others_ && state_.proposals.size() == 1;
      case ProposalType::kExternalInit: break;
    }
    return false;
  }

 private:
  // Neither a member that stays, nor one that is added already.
  bool take_add(const Bytes& client) {
    bool there = false;
    state_.tree.for_each_leaf([&](LeafIndex leaf, const LeafNode& node) {
      there = there || (node.signature_key == client && !removed_.contains(leaf));
    });
    return !there && added_.insert(client).second;
  }

  const GroupState& state_;
  const CommitRequest& request_;
  const PskSource* psks_;
  std::set<LeafIndex> removed_, taken_removes_;
  std::map<LeafIndex, const CachedProposal*> last_update_;
  std::set<Bytes> added_;
  bool context_extensions_ = false;
  bool others_ = false;
};

// What a request asks for by value.
struct Asked {
  std::vector<KeyPackage> adds;
  std::vector<PreSharedKeyId> psks;
};

Result<Asked> read_request(const GroupState& state, const CommitRequest& request, Entropy& entropy) {
  Asked out;
  for (const Bytes& message : request.adds) {
    NV_TRY(MlsMessage parsed, parse_message(message));
    KeyPackage* key_package = std::get_if<KeyPackage>(&parsed.body);
    if (key_package == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.1.1");
    out.adds.push_back(std::move(*key_package));
  }
  out.psks = fresh_psk_ids(request.external_psks, request.resumption_psks, state.context.group_id, entropy);
  return out;
}

using Chosen = std::vector<const CachedProposal*>;

Draft draft_of(const GroupState& state, const CommitRequest& request, const Asked& asked,
               const Chosen& chosen) {
  const Sender self{SenderType::kMember, state.own().value};
  Draft out;
  for (const CachedProposal* cached : chosen) put(out, cached->listed, cached->ref);
  for (const LeafIndex leaf : request.removes) put(out, {Proposal{Remove{leaf}}, self}, {});
  if (request.group_context_extensions) {
    put(out, {Proposal{GroupContextExtensions{*request.group_context_extensions}}, self}, {});
  }
  if (request.reinit) {
    const ReInitRequest& to = *request.reinit;
    put(out, {Proposal{ReInit{to.group_id, kVersionMls10, to.cipher_suite, to.extensions}}, self}, {});
  }
  for (const PreSharedKeyId& id : asked.psks) put(out, {Proposal{PreSharedKey{id}}, self}, {});
  for (const KeyPackage& add : asked.adds) put(out, {Proposal{Add{add}}, self}, {});
  return out;
}

struct Settled {
  Draft draft;
  AppliedProposals applied;
};

Result<Settled> settle(const GroupState& state, Draft draft, const Validation& validation) {
  NV_TRY(AppliedProposals applied,
         apply_proposals(draft.list, state.own(), state.tree, state.context, validation));
  NV_TRYV(applied.tree.verify_unique_keys(new_leaves(applied, {})));
  return Settled{std::move(draft), std::move(applied)};
}

// 12.4.1: the list must hold. A cached proposal was good by itself when it came; together with the others, or
// with what is asked for, it may not be, and whoever made it must not be able to keep everybody else from
// committing. Then halves are tried, and halves of those, until what does not fit is out.
Result<Settled> draft_commit(const GroupState& state, const CommitRequest& request,
                             const Validation& validation, Entropy& entropy) {
  constexpr int kTriesMax = 64;  // each is as dear as a commit; beyond it the rest waits
  NV_TRY(const Asked asked, read_request(state, request, entropy));
  Chosen chosen;
  if (request.use_pending_proposals) {
    Selection selection(state, request, asked.adds, validation.psks);
    for (const CachedProposal& cached : state.proposals) {
      if (selection.take(cached)) chosen.push_back(&cached);
    }
  }
  Result<Settled> out = settle(state, draft_of(state, request, asked, chosen), validation);
  if (out || chosen.empty()) return out;
  out = settle(state, draft_of(state, request, asked, {}), validation);
  if (!out) return out;  // the request itself
  Chosen fitting;
  int tries = 0;
  std::vector<Chosen> halves = {chosen};  // the first is at the end
  while (!halves.empty() && tries < kTriesMax) {
    const Chosen part = std::move(halves.back());
    halves.pop_back();
    Chosen more = fitting;
    more.insert(more.end(), part.begin(), part.end());
    ++tries;
    if (Result<Settled> held = settle(state, draft_of(state, request, asked, more), validation)) {
      out = std::move(held);
      fitting = std::move(more);
    } else if (part.size() > 1) {
      const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
      halves.emplace_back(middle, part.end());
      halves.emplace_back(part.begin(), middle);
    }
  }
  return out;
}

EpochChange describe(const GroupState& state, const AppliedProposals& applied, bool with_path) {
  EpochChange out;
  out.epoch = state.context.epoch + 1;
  out.committer = state.own();
  out.extensions_changed = applied.extensions_changed;
  out.reinit = applied.reinit.has_value();
  const auto now = [&](LeafIndex leaf) { return member_of(leaf, *applied.tree.leaf(leaf)); };
  for (const LeafIndex leaf : applied.removed) out.removed.push_back(member_of(leaf, *state.tree.leaf(leaf)));
  for (const LeafIndex leaf : applied.added) out.added.push_back(now(leaf));
  for (const LeafIndex leaf : applied.updated) out.updated.push_back(now(leaf));
  if (with_path) out.updated.push_back(now(state.own()));
  return out;
}

}  // namespace

Result<Bytes> send_handshake(GroupState& state, AuthenticatedContent message, Entropy& entropy) {
  MlsMessage out;
  if (message.wire_format == WireFormat::kPublicMessage) {
    PublicMessage sent;
    sent.membership_tag = to_bytes(membership_tag(state.secrets.membership, message, state.context_bytes));
    sent.content = std::move(message.content);
    sent.auth = std::move(message.auth);
    out.body = std::move(sent);
  } else {
    NV_TRY(const SecretTree::Sending key, state.secret_tree.next(state.own(), RatchetKind::kHandshake));
    out.body = seal_private(message, key, state.secrets.sender_data, entropy);
  }
  return encode(out);
}

Result<CommitResult> make_commit(GroupState& state, const CommitRequest& request, const LinkedPsk* linked,
                                 const Validation& validation, Entropy& entropy) {
  NV_TRYV(may_send(state));
  if (state.pending) return fail(Errc::kWrongState, "RFC 9420 12.4.1");
  NV_TRY(Settled settled, draft_commit(state, request, validation, entropy));
  Draft& draft = settled.draft;
  AppliedProposals& applied = settled.applied;
  if (linked != nullptr) {
    draft.commit.proposals.push_back({Proposal{PreSharedKey{linked->id}}});
    applied.psks.push_back(linked->id);
  }

  EpochInputs inputs = inputs_after(state, applied.extensions);
  std::optional<FreshPath> fresh;
  if (applied.path_required || request.force_path || request.new_credential) {
    LeafNode leaf = *applied.tree.leaf(state.own());
    if (request.new_credential) leaf.credential = *request.new_credential;
    NV_TRYV(validation.policy.validate(leaf.credential, state.sign_key.public_key(), CredentialUse::kOwn,
                                       validation.now));
    fresh = renew_path(applied.tree, state.own(), std::move(leaf), state.context.group_id, state.sign_key,
                       entropy);
    inputs.keys.adopt(*fresh);
    inputs.commit = std::move(fresh->path.commit);
  }
  inputs.keys.prune(applied.tree);
  inputs.context.tree_hash = to_bytes(applied.tree.tree_hash());
  if (fresh) {
    NV_TRY(draft.commit.path,
           seal_path(applied.tree, *fresh, encode(inputs.context), applied.added, entropy));
  }
  const GroupState& known_here = linked != nullptr ? linked->predecessor : state;
  NV_TRY(const std::vector<PskInput> psks, find_psks(applied.psks, &known_here, validation.psks));
  inputs.psk = derive_psk_secret(psks);

  EpochChange change = describe(state, applied, fresh.has_value());
  inputs.tree = std::move(applied.tree);
  inputs.reinit = std::move(applied.reinit);
  AuthenticatedContent message;
  message.wire_format =
      request.format == HandshakeFormat::kPublic ? WireFormat::kPublicMessage : WireFormat::kPrivateMessage;
  message.content.group_id = state.context.group_id;
  message.content.epoch = state.context.epoch;
  message.content.sender = Sender{SenderType::kMember, state.own().value};
  message.content.authenticated_data = request.authenticated_data;
  message.content.content = std::move(draft.commit);
  message.auth = sign_content(message.wire_format, message.content, state.context_bytes, state.sign_key);
  NextEpoch next = next_epoch(std::move(inputs), message);
  message.auth.confirmation_tag = next.state->confirmation_tag;

  CommitResult out;
  if (!draft.joiners.empty()) {
    const WelcomeInputs welcome{draft.joiners, applied.added, fresh ? &fresh->path : nullptr, applied.psks};
    NV_TRY(out.welcome, make_welcome(next, welcome, entropy));
  }
  NV_TRY(out.commit, send_handshake(state, std::move(message), entropy));
  out.change = change;
  next.state->made_by = sha256(out.commit);
  state.pending =
      PendingCommit{next.state->made_by, validation.now, std::move(change), std::move(next.state)};
  return out;
}

Result<CommitResult> Group::commit(const CommitRequest& request, const Validation& validation,
                                   Entropy& entropy) {
  return make_commit(*state_, request, nullptr, validation, entropy);
}

bool Group::has_pending_commit() const noexcept { return state_->pending.has_value(); }

Result<EpochChange> Group::apply_pending() {
  if (!state_->pending) return fail(Errc::kWrongState, "apply_pending");
  PendingCommit pending = std::move(*state_->pending);
  state_->pending.reset();
  succeed(state_, std::move(pending.next), pending.made);
  return std::move(pending.change);
}

void Group::discard_pending() noexcept { state_->pending.reset(); }

}  // namespace nattevagt::mls
