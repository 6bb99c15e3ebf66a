// A list of proposals: is it valid (RFC 9420 12.2), and what does it make of the tree and the context (12.3)?
#pragma once

#include <optional>
#include <vector>

#include "client-lib/mls/messages.h"
#include "client-lib/mls/ratchet_tree.h"
#include "client-lib/mls/validation.h"

namespace nattevagt::mls {

// A proposal with who made it; by value, that is the committer.
struct ListedProposal {
  Proposal proposal;
  Sender sender;
};

struct AppliedProposals {
  RatchetTree tree;
  Extensions extensions;
  std::vector<LeafIndex> added;  // ascending: each Add takes the leftmost blank leaf
  std::vector<LeafIndex> removed;
  std::vector<LeafIndex> updated;
  std::vector<PreSharedKeyId> psks;
  std::optional<Bytes> external_init;
  std::optional<ReInit> reinit;
  bool extensions_changed = false;
  bool path_required = false;  // 12.4
};

// Beside its list, is this proposal one that its sender may make in this group (12.1)? Asked on receipt, and
// again in the list with the list's own extensions.
Status validate_proposal(const ListedProposal& listed, const RatchetTree& tree, const GroupContext& context,
                         const Extensions& extensions, const Validation& validation);

// The leaves that a commit has made or changed, `committer`'s with a path.
std::vector<LeafIndex> new_leaves(const AppliedProposals& applied, std::optional<LeafIndex> committer);

// A regular commit by `committer`. Leaves the uniqueness of keys to the caller, who knows the path too.
Result<AppliedProposals> apply_proposals(const std::vector<ListedProposal>& list, LeafIndex committer,
                                         const RatchetTree& tree, const GroupContext& context,
                                         const Validation& validation);

// An external commit (12.4.3.2): one ExternalInit, at most one Remove, PSKs, nothing else.
Result<AppliedProposals> apply_external_proposals(const std::vector<ListedProposal>& list,
                                                  const RatchetTree& tree, const GroupContext& context,
                                                  const Validation& validation);

// 12.1.8.1.
struct ExternalSender {
  Bytes signature_key;
  Credential credential;
};
Result<std::vector<ExternalSender>> external_senders(const Extensions& extensions);

}  // namespace nattevagt::mls
