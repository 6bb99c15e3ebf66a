// What a Group holds between calls, and the one way from an epoch to the next. Internal to mls/.
//
// Invariants:
//  1. context_bytes is the encoding of context; context.tree_hash is the tree's.
//  2. keys holds our leaf's private key; every other key in it stands in the tree (PrivateTree).
//  3. A successor is built apart from its predecessor, which stays whole until succeed() consumes it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "client-lib/mls/framing.h"
#include "client-lib/mls/group.h"
#include "client-lib/mls/key_schedule.h"
#include "client-lib/mls/proposals.h"
#include "client-lib/mls/ratchet_tree.h"
#include "client-lib/mls/secret_tree.h"
#include "client-lib/mls/treekem.h"

namespace nattevagt::mls {

inline constexpr std::size_t kPastEpochsMax = 3;      // for late application messages
inline constexpr std::size_t kResumptionPsksMax = 8;  // 8.6: past epochs whose PSK may still be named

struct CachedProposal {
  ProposalRef ref{};
  ListedProposal listed;
  std::optional<HpkeKeyPair> update_keys;  // of our own Update
};

// What opens a late application message of an epoch that has passed: its own leaves, not today's.
struct PastEpoch {
  std::uint64_t epoch = 0;
  UtcTime ended;
  Bytes context_bytes;
  Bytes confirmation_tag;  // the mark of its stored rows
  std::vector<LeafPtr> leaves;
  SenderDataSecret sender_data;
  SecretTree secret_tree;
};

struct PastPsk {
  std::uint64_t epoch = 0;
  ResumptionPsk psk;
};

struct GroupState;

struct PendingCommit {
  Digest message{};  // SHA-256 of the MLSMessage: how the echo is known
  UtcTime made;
  EpochChange change;
  std::unique_ptr<GroupState> next;
};

struct GroupState {
  GroupContext context;
  Bytes context_bytes;
  RatchetTree tree;
  PrivateTree keys;
  EpochSecrets secrets;
  SecretTree secret_tree;
  Bytes confirmation_tag;
  Bytes interim_transcript_hash;
  Digest made_by{};  // SHA-256 of the commit that made this epoch; zero when we joined or created it
  SignKey sign_key;
  std::vector<CachedProposal> proposals;
  std::vector<PastEpoch> past;     // oldest first
  std::vector<PastPsk> past_psks;  // oldest first
  std::optional<ReInit> reinit;    // committed: the group is frozen
  bool removed = false;
  bool old_backup = false;  // a later state of ours has sent: this one must not
  std::optional<PendingCommit> pending;

  // What the store has that it should not: see group_rows.cpp.
  std::vector<Bytes> gone_rows;
  std::size_t stored_proposals = 0;

  LeafIndex own() const noexcept { return keys.own(); }
  std::unique_ptr<GroupState> duplicate() const;
};

// kNotMember, kWrongState.
Status may_send(const GroupState& state);

Member member_of(LeafIndex index, const LeafNode& leaf);

// 8.4. Looks each one up: ours, then the caller's. kUnknownPsk. `own` is null at join.
Result<std::vector<PskInput>> find_psks(const std::vector<PreSharedKeyId>& ids, const GroupState* own,
                                        const PskSource* source);

// With fresh nonces; `epochs` name resumption PSKs of `group_id`.
std::vector<PreSharedKeyId> fresh_psk_ids(const std::vector<Bytes>& external,
                                          const std::vector<std::uint64_t>& epochs, ByteView group_id,
                                          Entropy& entropy);

// The new epoch's inputs (8). `context` is complete but for the transcript hash.
struct EpochInputs {
  GroupContext context;
  RatchetTree tree;
  PrivateTree keys;
  const InitSecret* init = nullptr;
  ByteView interim_transcript_hash;  // of the epoch before
  const SignKey* sign_key = nullptr;
  CommitSecret commit;
  PskSecret psk;
  std::optional<ReInit> reinit;
};
struct NextEpoch {
  std::unique_ptr<GroupState> state;
  JoinerSecret joiner;  // for the Welcome; gone with this struct
  WelcomeSecret welcome;
};
// Runs transcript and key schedule for a commit that is signed. The caller checks or sends the tag.
NextEpoch next_epoch(EpochInputs inputs, const AuthenticatedContent& commit);
// The inputs that every commit within the group has from the epoch before: context, keys, init, transcript.
EpochInputs inputs_after(const GroupState& old, const Extensions& extensions);

// The successor takes over what outlives an epoch, and the old one becomes a past epoch.
void succeed(std::unique_ptr<GroupState>& current, std::unique_ptr<GroupState> next, UtcTime ended);

void drop_past_epoch(GroupState& state, std::size_t place);

// A foreign commit that verified (signature, membership): the rest of 12.4.2.
struct StagedCommit {
  std::unique_ptr<GroupState> next;  // null: the commit removes us
  EpochChange change;
};
Result<StagedCommit> stage_commit(const GroupState& state, const AuthenticatedContent& message,
                                  const Validation& validation);

// 11.2, 11.3: the resumption PSK that ties the first commit of a group to the group it comes from.
struct LinkedPsk {
  PreSharedKeyId id;
  const GroupState& predecessor;
};
// 12.4.1. The commit becomes pending.
Result<CommitResult> make_commit(GroupState& state, const CommitRequest& request, const LinkedPsk* linked,
                                 const Validation& validation, Entropy& entropy);

// 12.4.3: the Welcome for the added leaves of our own commit.
struct WelcomeInputs {
  const std::vector<KeyPackage>& joiners;  // in the order of `leaves`
  const std::vector<LeafIndex>& leaves;
  const DerivedPath* path;  // null without one
  const std::vector<PreSharedKeyId>& psks;
};
Result<Bytes> make_welcome(const NextEpoch& epoch, const WelcomeInputs& inputs, Entropy& entropy);

// 11.2, 11.3, 12.4.3.1: does the group that we are asked into follow from `predecessor` as its PSK says?
Status check_lineage(const std::optional<PreSharedKeyId>& link, const GroupState* predecessor,
                     const GroupContext& context, const RatchetTree& tree, const Validation& validation);

// The keys of all rows that a store may hold for an epoch's secret tree.
void append_row_keys(std::uint64_t epoch, const SecretTree& tree, std::vector<Bytes>& out);
void append_proposal_keys(const GroupState& state, std::vector<Bytes>& out);
// Rows back into the state; the epoch blob has been read. kCorrupt.
Status read_rows(GroupState& state, const std::vector<GroupRow>& rows);
// A row's list within the one-blob form.
SecretBytes join_rows(const std::vector<GroupRow>& rows);
Result<std::vector<GroupRow>> split_rows(ByteView blob);

GroupInfo make_group_info(const GroupState& state, const GroupInfoParts& parts, Entropy& entropy);

// Protects a signed message with the next handshake key or the membership MAC. Consumes a generation.
Result<Bytes> send_handshake(GroupState& state, AuthenticatedContent message, Entropy& entropy);

}  // namespace nattevagt::mls
