// An MLS group as one member sees it (RFC 9420), suite 0x0003. Pure: no clock, randomness, file or thread.
//
// Rules for the caller:
//  1. A failed call leaves the group as it was. process(), commit(), protect() and the propose_* calls that
//     succeed change it; store what changed (below) in ONE transaction with what the call gave, and only then
//     send. A ratchet position that is not durable must never have left the device.
//  2. commit() stages: the epoch moves only at apply_pending(), when the hub has accepted the commit, or
//     never: discard_pending(). The hub's echo of our own commit is reported as OwnCommit, not as an error.
//     A foreign commit that wins the epoch discards our pending one (CommitApplied::lost_pending_commit):
//     form the intent again from the new state.
//  3. Handshake messages travel as PrivateMessage unless asked otherwise: the hub sees group id, epoch,
//     content type and authenticated data, never the roster.
//  4. MLS does not stop a member from replaying its own words (RFC 9750): the generation stands outside the
//     signature. Put a message id inside the plaintext and drop repeats.
//  5. Moving, not copying: a second copy that sends would reuse keys. clone() is for trying out.
//
// Secrets that leave the schedule early are gone early (RFC 9420 9.2): no joiner, commit, PSK, epoch or
// encryption secret outlives the call that made the epoch. Past epochs (kPastEpochsMax) keep only what opens
// a late application message.
//
// The signature key is not in the blobs: it belongs to the device, not to a group. It is passed in at
// restore() and must be the one in our leaf (kInvalidValue).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "client-lib/mls/credential.h"
#include "client-lib/mls/extension.h"
#include "client-lib/mls/key_package.h"
#include "client-lib/mls/tree_index.h"
#include "client-lib/mls/validation.h"
#include "proto/common/bytes.h"
#include "proto/common/crypto.h"
#include "proto/common/entropy.h"
#include "proto/common/result.h"
#include "proto/common/secret.h"

namespace nattevagt::mls {

struct GroupState;

enum class HandshakeFormat : std::uint8_t { kPrivate, kPublic };

struct Member {
  LeafIndex leaf;
  Credential credential;
  SignPublicKey signature_key;
};

// RFC 9420 12.1.5: what the group is to become. It freezes; see Group::reinit_successor().
struct ReInitRequest {
  Bytes group_id;
  Extensions extensions;
  std::uint16_t cipher_suite = kSuite;
};

struct CommitRequest {
  std::vector<Bytes> adds;                             // MLSMessage(mls_key_package) each
  std::vector<LeafIndex> removes;                      // never our own leaf
  std::vector<Bytes> external_psks;                    // psk_ids that Validation::psks knows
  std::vector<std::uint64_t> resumption_psks;          // epochs of this group, within kResumptionPsksMax
  std::optional<Extensions> group_context_extensions;  // replaces all of them
  std::optional<ReInitRequest> reinit;                 // alone
  bool use_pending_proposals = true;                   // those received and proposed in this epoch
  bool force_path = false;                             // fresh keys even when the proposals need none
  std::optional<Credential> new_credential;  // for our own leaf (a renewed certificate); makes a path
  HandshakeFormat format = HandshakeFormat::kPrivate;
  Bytes authenticated_data;  // visible to the hub
};

// What a commit did, or will do when applied.
struct EpochChange {
  std::uint64_t epoch = 0;             // the new one
  std::optional<LeafIndex> committer;  // nothing: an external joiner's leaf is in `added`
  std::vector<Member> added;
  std::vector<Member> removed;  // as they were
  std::vector<Member> updated;  // new leaf; the committer is here when there was a path
  bool extensions_changed = false;
  bool reinit = false;  // the group is frozen: only reading is left (RFC 9420 11.2)
};

struct CommitResult {
  Bytes commit;                  // MLSMessage
  std::optional<Bytes> welcome;  // MLSMessage, with the tree inside, one for all added members
  EpochChange change;
};

struct GroupInfoParts {
  bool ratchet_tree = true;
  bool external_pub = true;  // without it nobody can join by an external commit
};

// What a GroupInfo shows. Its signer, tree and leaves are checked; that it is the newest one is not in it, so
// the hub's word is needed (and is never more than that).
struct GroupInfoSummary {
  Bytes group_id;
  std::uint64_t epoch = 0;
  LeafIndex signer;
  std::vector<Member> members;  // by leaf index
};
Result<GroupInfoSummary> check_group_info(ByteView group_info, const Validation& validation,
                                          std::optional<ByteView> ratchet_tree = {});

struct ExternalJoinRequest {
  Credential credential;
  std::optional<LeafIndex> replaces;           // resync: our own former leaf
  std::vector<Bytes> external_psks;            // Validation::psks knows these
  std::vector<std::uint64_t> resumption_psks;  // and these, by the group's id and epoch
  Bytes authenticated_data;                    // visible to the hub
};

struct ApplicationMessage {
  std::uint64_t epoch = 0;
  Member sender;  // as it stood in that epoch
  std::uint32_t generation = 0;
  Bytes authenticated_data;
  SecretBytes plaintext;
};
struct ProposalReceived {
  Bytes reference;                  // ProposalRef (RFC 9420 5.2)
  std::optional<LeafIndex> sender;  // nothing: from outside the group
  std::uint16_t proposal_type = 0;
  std::optional<LeafIndex> removes;  // a Remove's target: commit it before the next message (15.2)
};
struct CommitApplied {
  EpochChange change;
  bool lost_pending_commit = false;
};
struct OwnCommit {};  // the pending commit came back: call apply_pending()
struct OwnMessage {   // our own proposal or application message came back: its keys are gone by design
  std::uint8_t content_type = 0;
};
// We have sent, by our own signature, what this state has not sent yet: it is an old backup. From here it
// sends nothing more (kWrongState): its next keys and nonces are used up. Come back by a resync.
struct OldBackup {};
struct RemovedFromGroup {
  std::optional<LeafIndex> committer;
};
using Processed = std::variant<ApplicationMessage, ProposalReceived, CommitApplied, OwnCommit, OwnMessage,
                               RemovedFromGroup, OldBackup>;

// A piece of a stored group. The key is the group's own; none of its rows has the same.
struct GroupRow {
  Bytes key;
  std::optional<SecretBytes> value;  // nothing: delete the row
};

struct ExternalJoin;
struct Successor;

class Group {
 public:
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;
  ~Group();
  Group clone() const;

  // RFC 9420 11: one member, epoch 0.
  static Result<Group> create(ByteView group_id, const Credential& credential, const SignKey& sign_key,
                              Extensions group_context_extensions, const Validation& validation,
                              Entropy& entropy);
  // RFC 9420 12.4.3.1. `ratchet_tree` is for a Welcome without the extension. Errors: kNotFound when the
  // Welcome is not for this bundle, kUnknownPsk, kMalformed, kBadSignature, kInvalidValue, the policy's own.
  // That the group id is not already known is the caller's check: it alone knows its groups.
  static Result<Group> join(ByteView welcome, const KeyPackageBundle& bundle, const SignKey& sign_key,
                            const Validation& validation, std::optional<ByteView> ratchet_tree = {});

  // RFC 9420 11.2, 11.3: the same for a group that came from one of ours; kWrongState when it did not come
  // from `predecessor` at all, kInvalidValue when it is not what was agreed. join() refuses such a Welcome.
  static Result<Group> join_successor(ByteView welcome, const KeyPackageBundle& bundle,
                                      const SignKey& sign_key, const Group& predecessor,
                                      const Validation& validation,
                                      std::optional<ByteView> ratchet_tree = {});
  // RFC 9420 11.2, after a commit with a ReInit: the new group with all members of this one, at epoch 1. Who
  // makes it is open; the hub takes the first. kInvalidValue when the KeyPackages are not the members'.
  Result<Successor> reinit_successor(const std::vector<Bytes>& key_packages, const Credential& credential,
                                     const SignKey& sign_key, const Validation& validation,
                                     Entropy& entropy) const;
  // RFC 9420 11.3: a group of some of the members, with this group's extensions.
  Result<Successor> branch(ByteView group_id, const std::vector<Bytes>& key_packages,
                           const Credential& credential, const SignKey& sign_key,
                           const Validation& validation, Entropy& entropy) const;

  // RFC 9420 12.4.3.2. The group is one epoch ahead: keep it when the hub has accepted the commit, forget it
  // otherwise. The commit's echo is kDuplicate. Errors: as join(); kNotFound without tree or external_pub.
  static Result<ExternalJoin> join_external(ByteView group_info, const ExternalJoinRequest& request,
                                            const SignKey& sign_key, const Validation& validation,
                                            Entropy& entropy, std::optional<ByteView> ratchet_tree = {});
  // MLSMessage(mls_group_info) of this epoch, for an external commit. It tells the roster.
  Result<Bytes> group_info(Entropy& entropy, const GroupInfoParts& parts = {}) const;

  Result<CommitResult> commit(const CommitRequest& request, const Validation& validation, Entropy& entropy);
  bool has_pending_commit() const noexcept;
  Result<EpochChange> apply_pending();  // kWrongState when there is none
  void discard_pending() noexcept;

  // MLSMessages. The proposal is cached here too, and goes into the next commit (never our own Update).
  Result<Bytes> propose_add(ByteView key_package, const Validation& validation, Entropy& entropy,
                            HandshakeFormat format = HandshakeFormat::kPrivate);
  Result<Bytes> propose_remove(LeafIndex leaf, Entropy& entropy,
                               HandshakeFormat format = HandshakeFormat::kPrivate);
  Result<Bytes> propose_psk(ByteView psk_id, Entropy& entropy,
                            HandshakeFormat format = HandshakeFormat::kPrivate);
  Result<Bytes> propose_resumption_psk(std::uint64_t epoch, Entropy& entropy,
                                       HandshakeFormat format = HandshakeFormat::kPrivate);
  Result<Bytes> propose_context_extensions(Extensions extensions, const Validation& validation,
                                           Entropy& entropy,
                                           HandshakeFormat format = HandshakeFormat::kPrivate);
  Result<Bytes> propose_reinit(const ReInitRequest& request, Entropy& entropy,
                               HandshakeFormat format = HandshakeFormat::kPrivate);
  Result<Bytes> propose_update(Entropy& entropy, HandshakeFormat format = HandshakeFormat::kPrivate);

  // Errors beside the checks' own: kStaleEpoch (handshake of a past epoch, or application message of one no
  // longer kept), kGap (of an epoch ahead of ours: the queue is not drained, or we missed a commit),
  // kGenerationUsed (replay, or outside the window), kNotMember (removed before), kUnknownPsk,
  // kNotFound (a commit names a proposal that we have not seen), kDuplicate (the commit that made this
  // epoch, again; a proposal, again), kWrongState (a commit of ours that we have discarded).
  Result<Processed> process(ByteView message, const Validation& validation);

  // RFC 9420 6.3: padded to a bucket, so an alert is as long as chatter. `authenticated_data` is visible.
  // kWrongState when a received Remove waits for its commit (15.2) is the caller's policy, not ours: see
  // has_pending_removal().
  Result<Bytes> protect(ByteView authenticated_data, ByteView plaintext, Entropy& entropy);
  bool has_pending_removal() const noexcept;
  std::size_t pending_proposals() const noexcept;

  // Drops the past epochs that are older than `validation` allows. True when there were some: store.
  bool forget_old_epochs(const Validation& validation);

  const Bytes& group_id() const noexcept;
  std::uint64_t epoch() const noexcept;
  LeafIndex own_leaf() const noexcept;
  bool active() const noexcept;  // false once removed, re-initialised or found to be an old backup
  bool old_backup() const noexcept;
  std::vector<Member> members() const;  // by leaf index
  std::optional<Member> member(LeafIndex leaf) const;
  std::size_t member_count() const noexcept;
  const Extensions& group_context_extensions() const noexcept;
  // Messages protected in this epoch; for the re-key rule of RFC 9420 15.2.
  std::uint32_t messages_sent() const noexcept;

  SecretBytes exporter(std::string_view label, ByteView context, std::size_t length) const;  // 8.5
  // RFC 9420 8.6: of this epoch, to prove to a later group that we were here (PskSource::resumption).
  SecretBytes resumption_psk() const;
  // RFC 9420 8.7: equal at all members of an epoch, different after a fork. Compared out of band.
  Bytes epoch_authenticator() const;

  // The epoch blob changes with commit(), apply, discard, a processed commit, and OldBackup; rows change with
  // every message sent or received, proposals too. Store the blob when it changed, and the changed rows
  // always, in one transaction. Blob and rows are versioned and carry checksums; restore() refuses what does
  // not fit together, or is not whole (kCorrupt), and another version (kUnsupported).
  SecretBytes save_epoch() const;
  std::vector<GroupRow> take_changed_rows();  // since the last call, or since restore
  std::vector<GroupRow> all_rows() const;
  std::vector<Bytes> row_keys() const;  // of all rows that a store may have: to delete a group
  SecretBytes save_ratchets() const;    // all rows as one blob
  static Result<Group> restore(ByteView epoch_blob, const std::vector<GroupRow>& rows,
                               const SignKey& sign_key);
  static Result<Group> restore(ByteView epoch_blob, ByteView ratchet_blob, const SignKey& sign_key);

 private:
  friend struct GroupAccess;  // tests play a dishonest member with it
  explicit Group(std::unique_ptr<GroupState> state) noexcept;
  Result<Successor> succeed_by(ByteView group_id, const Extensions& extensions, std::uint8_t usage,
                               const std::vector<Bytes>& key_packages, const Credential& credential,
                               const SignKey& sign_key, const Validation& validation, Entropy& entropy) const;
  std::unique_ptr<GroupState> state_;
};

struct Successor {
  Group group;
  Bytes welcome;  // MLSMessage, for all of its other members
  EpochChange change;
};

struct ExternalJoin {
  Group group;
  Bytes commit;  // MLSMessage, always a PublicMessage
};

}  // namespace nattevagt::mls
