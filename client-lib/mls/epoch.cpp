// From one epoch to the next (RFC 9420 8, 8.2, 8.4).
#include <algorithm>

#include "client-lib/mls/group_state.h"

namespace nattevagt::mls {

Member member_of(LeafIndex index, const LeafNode& leaf) {
  return {index, leaf.credential, leaf.sign_public()};
}

std::unique_ptr<GroupState> GroupState::duplicate() const {
  auto out = std::make_unique<GroupState>();
  out->context = context;
  out->context_bytes = context_bytes;
  out->tree = tree;
  out->keys = keys.duplicate();
  out->secrets = secrets.duplicate();
  out->secret_tree = secret_tree.duplicate();
  out->confirmation_tag = confirmation_tag;
  out->interim_transcript_hash = interim_transcript_hash;
  out->made_by = made_by;
  out->sign_key = sign_key.duplicate();
  for (const CachedProposal& cached : proposals) {
    CachedProposal copy{cached.ref, cached.listed, {}};
    if (cached.update_keys)
      copy.update_keys = HpkeKeyPair{cached.update_keys->secret.duplicate(), cached.update_keys->key};
    out->proposals.push_back(std::move(copy));
  }
  for (const PastEpoch& epoch : past) {
    out->past.push_back({epoch.epoch, epoch.ended, epoch.context_bytes, epoch.confirmation_tag, epoch.leaves,
                         epoch.sender_data.duplicate(), epoch.secret_tree.duplicate()});
  }
  for (const PastPsk& psk : past_psks) out->past_psks.push_back({psk.epoch, psk.psk.duplicate()});
  out->reinit = reinit;
  out->removed = removed;
  out->old_backup = old_backup;
  out->gone_rows = gone_rows;
  out->stored_proposals = stored_proposals;
  if (pending) {
    out->pending =
        PendingCommit{pending->message, pending->made, pending->change, pending->next->duplicate()};
  }
  return out;
}

Result<std::vector<PskInput>> find_psks(const std::vector<PreSharedKeyId>& ids, const GroupState* own,
                                        const PskSource* source) {
  std::vector<PskInput> out;
  for (const PreSharedKeyId& id : ids) {
    if (id.psk_nonce.size() != kHashBytes) return fail(Errc::kInvalidValue, "RFC 9420 8.4 psk_nonce");
    const ResumptionPsk* ours = nullptr;
    if (id.type == PskType::kResumption && own != nullptr && id.psk_group_id == own->context.group_id) {
      if (id.psk_epoch == own->context.epoch) ours = &own->secrets.resumption;
      for (const PastPsk& past : own->past_psks) {
        if (past.epoch == id.psk_epoch) ours = &past.psk;
      }
    }
    const SecretBytes* theirs = nullptr;
    if (ours == nullptr && source != nullptr) {
      theirs = id.type == PskType::kExternal ? source->external(id.psk_id)
                                             : source->resumption(id.psk_group_id, id.psk_epoch);
    }
    if (ours == nullptr && theirs == nullptr) return fail(Errc::kUnknownPsk, "RFC 9420 8.4");
    out.push_back({id, ours != nullptr ? SecretBytes(ours->expose()) : theirs->duplicate()});
  }
  return out;
}

std::vector<PreSharedKeyId> fresh_psk_ids(const std::vector<Bytes>& external,
                                          const std::vector<std::uint64_t>& epochs, ByteView group_id,
                                          Entropy& entropy) {
  std::vector<PreSharedKeyId> out;
  for (const Bytes& psk_id : external) {
    PreSharedKeyId id;
    id.psk_id = psk_id;
    out.push_back(std::move(id));
  }
  for (const std::uint64_t epoch : epochs) {
    PreSharedKeyId id;
    id.type = PskType::kResumption;
    id.psk_group_id = to_bytes(group_id);
    id.psk_epoch = epoch;
    out.push_back(std::move(id));
  }
  for (PreSharedKeyId& id : out) {
    id.psk_nonce.resize(kHashBytes);
    entropy.fill(id.psk_nonce);
  }
  return out;
}

EpochInputs inputs_after(const GroupState& old, const Extensions& extensions) {
  EpochInputs out;
  out.context = old.context;
  out.context.epoch += 1;
  out.context.extensions = extensions;
  out.keys = old.keys.duplicate();
  out.init = &old.secrets.init;
  out.interim_transcript_hash = old.interim_transcript_hash;
  out.sign_key = &old.sign_key;
  return out;
}

NextEpoch next_epoch(EpochInputs inputs, const AuthenticatedContent& commit) {
  NextEpoch out;
  out.state = std::make_unique<GroupState>();
  GroupState& next = *out.state;
  const Digest confirmed = confirmed_transcript_hash(inputs.interim_transcript_hash, commit);
  next.context = std::move(inputs.context);
  next.context.confirmed_transcript_hash = to_bytes(confirmed);
  next.context_bytes = encode(next.context);
  next.tree = std::move(inputs.tree);
  next.keys = std::move(inputs.keys);
  next.sign_key = inputs.sign_key->duplicate();
  next.reinit = std::move(inputs.reinit);

  out.joiner = derive_joiner(*inputs.init, inputs.commit, next.context_bytes);
  const MemberSecret member = derive_member(out.joiner, inputs.psk);
  out.welcome = derive_welcome(member);
  DerivedEpoch derived = expand_epoch(derive_epoch(member, next.context_bytes));
  next.secrets = std::move(derived.secrets);
  next.secret_tree = SecretTree(next.tree.leaf_count(), derived.encryption);
  next.confirmation_tag = to_bytes(confirmation_tag(next.secrets.confirmation, confirmed));
  next.interim_transcript_hash = to_bytes(interim_transcript_hash(confirmed, next.confirmation_tag));
  return out;
}

namespace {

PastEpoch retire(GroupState& state, UtcTime ended) {
  PastEpoch out;
  out.epoch = state.context.epoch;
  out.ended = ended;
  out.context_bytes = std::move(state.context_bytes);
  out.confirmation_tag = std::move(state.confirmation_tag);
  out.leaves = std::move(state.tree).take_leaves();
  out.sender_data = std::move(state.secrets.sender_data);
  out.secret_tree = std::move(state.secret_tree);
  return out;
}

}  // namespace

void drop_past_epoch(GroupState& state, std::size_t place) {
  append_row_keys(state.past[place].epoch, state.past[place].secret_tree, state.gone_rows);
  state.past.erase(state.past.begin() + static_cast<std::ptrdiff_t>(place));
}

void succeed(std::unique_ptr<GroupState>& current, std::unique_ptr<GroupState> next, UtcTime ended) {
  next->gone_rows = std::move(current->gone_rows);
  append_proposal_keys(*current, next->gone_rows);
  next->past = std::move(current->past);
  next->past.push_back(retire(*current, ended));
  if (next->past.size() > kPastEpochsMax) drop_past_epoch(*next, 0);
  next->past_psks = std::move(current->past_psks);
  next->past_psks.push_back({current->context.epoch, std::move(current->secrets.resumption)});
  if (next->past_psks.size() > kResumptionPsksMax) next->past_psks.erase(next->past_psks.begin());
  current = std::move(next);
}

}  // namespace nattevagt::mls
