// The rows of a Group at rest: what moves with each message, one row a thing, so that storing after a message
// costs the same in a group of three and of a thousand.
//
//   key:   u8 kind, u64 epoch, u32 place (node, leaf, or number of the proposal in its epoch)
//   value: u16 format, the fields, SHA-256(mark key format fields)
//
// The mark is the confirmation tag of the row's epoch: a row of another epoch, group or place is found at
// once. That a row is the newest of its key is the store's part: rows and epoch blob are written in one
// transaction.
#include <algorithm>
#include <map>

#include "client-lib/mls/group_state.h"

namespace nattevagt::mls {
namespace {

constexpr std::uint16_t kRowFormat = 2;
enum class RowKind : std::uint8_t { kNode = 1, kLeaf = 2, kProposal = 3 };

struct RowKey {
  RowKind kind{};
  std::uint64_t epoch = 0;
  std::uint32_t place = 0;
};

Bytes row_key(RowKind kind, std::uint64_t epoch, std::uint32_t place) {
  Writer out;
  out.u8(static_cast<std::uint8_t>(kind));
  out.u64(epoch);
  out.u32(place);
  return out.take();
}

Result<RowKey> parse_row_key(ByteView key) {
  Reader in(key);
  RowKey out;
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 3) in.fail();
  if (in.ok()) out.kind = static_cast<RowKind>(kind);
  out.epoch = in.u64();
  out.place = in.u32();
  if (!in.finish("group row")) return fail(Errc::kCorrupt, "group row");
  return out;
}

Digest row_digest(ByteView mark, ByteView key, ByteView content) {
  Writer input(Writer::Kind::kSecret);
  input.opaque(mark);
  input.opaque(key);
  input.raw(content);
  return sha256(input.view());
}

template <class Fill>
GroupRow make_row(Bytes key, ByteView mark, Fill&& fill) {
  Writer out(Writer::Kind::kSecret);
  out.u16(kRowFormat);
  fill(out);
  out.raw(row_digest(mark, key, out.view()));
  return {std::move(key), out.take_secret()};
}

GroupRow node_row(std::uint64_t epoch, ByteView mark, NodeIndex node, const TreeSecret& secret) {
  return make_row(row_key(RowKind::kNode, epoch, node.value), mark,
                  [&](Writer& out) { out.raw(secret.expose()); });
}

GroupRow leaf_row(std::uint64_t epoch, ByteView mark, LeafIndex leaf,
                  const SecretTree::LeafRatchets& ratchets) {
  return make_row(row_key(RowKind::kLeaf, epoch, leaf.value), mark, [&](Writer& out) {
    ratchets.handshake.encode(out);
    ratchets.application.encode(out);
  });
}

GroupRow proposal_row(const GroupState& state, std::size_t place) {
  const CachedProposal& cached = state.proposals[place];
  const auto number = static_cast<std::uint32_t>(place);
  return make_row(row_key(RowKind::kProposal, state.context.epoch, number), state.confirmation_tag,
                  [&](Writer& out) {
                    out.raw(cached.ref);
                    cached.listed.sender.encode(out);
                    cached.listed.proposal.encode(out);
                    out.flag(cached.update_keys.has_value());
                    if (!cached.update_keys) return;
                    out.raw(cached.update_keys->secret.expose());
                    out.raw(cached.update_keys->key);
                  });
}

void append_changes(std::uint64_t epoch, ByteView mark, SecretTree& tree, std::vector<GroupRow>& out) {
  for (const NodeIndex node : tree.changed_nodes()) {
    const auto found = tree.nodes().find(node);
    if (found == tree.nodes().end()) {
      out.push_back({row_key(RowKind::kNode, epoch, node.value), std::nullopt});
    } else {
      out.push_back(node_row(epoch, mark, node, found->second));
    }
  }
  for (const LeafIndex leaf : tree.changed_leaves()) {
    out.push_back(leaf_row(epoch, mark, leaf, tree.ratchets().at(leaf)));
  }
  tree.forget_changes();
}

void append_all(std::uint64_t epoch, ByteView mark, const SecretTree& tree, std::vector<GroupRow>& out) {
  for (const auto& [node, secret] : tree.nodes()) out.push_back(node_row(epoch, mark, node, secret));
  for (const auto& [leaf, ratchets] : tree.ratchets()) out.push_back(leaf_row(epoch, mark, leaf, ratchets));
}

void read_exactly(Reader& in, std::span<std::uint8_t> out) {
  const ByteView bytes = in.raw(out.size());
  if (bytes.size() == out.size()) std::copy(bytes.begin(), bytes.end(), out.begin());
}

bool read_node(Reader& in, SecretTree& tree, std::uint32_t place) {
  TreeSecret secret;
  read_exactly(in, secret.expose());
  return in.ok() && tree.put(NodeIndex{place}, std::move(secret));
}

bool read_leaf(Reader& in, SecretTree& tree, std::uint32_t place) {
  SecretTree::LeafRatchets ratchets;
  ratchets.handshake = Ratchet::decode(in);
  ratchets.application = Ratchet::decode(in);
  return in.ok() && tree.put(LeafIndex{place}, std::move(ratchets));
}

CachedProposal read_cached_proposal(Reader& in) {
  CachedProposal out;
  read_exactly(in, out.ref);
  out.listed.sender = Sender::decode(in);
  out.listed.proposal = Proposal::decode(in);
  if (in.flag()) {
    HpkeKeyPair keys;
    read_exactly(in, keys.secret.expose());
    read_exactly(in, keys.key);
    out.update_keys = std::move(keys);
  }
  return out;
}

// The epoch that a row is of: its tree to fill, its mark.
struct RowPlace {
  SecretTree* tree = nullptr;
  ByteView mark;
};

RowPlace place_of(GroupState& state, std::uint64_t epoch) {
  if (epoch == state.context.epoch) return {&state.secret_tree, state.confirmation_tag};
  for (PastEpoch& past : state.past) {
    if (past.epoch == epoch) return {&past.secret_tree, past.confirmation_tag};
  }
  return {};
}

using ProposalsByPlace = std::map<std::uint32_t, CachedProposal>;

Status read_row(GroupState& state, const GroupRow& row, ProposalsByPlace& proposals) {
  NV_TRY(const RowKey key, parse_row_key(row.key));
  if (!row.value || row.value->size() < 2 + kHashBytes) return fail(Errc::kCorrupt, "group row");
  const ByteView value = row.value->expose();
  const ByteView content = value.first(value.size() - kHashBytes);
  Reader in(content);
  if (in.u16() != kRowFormat) return fail(Errc::kUnsupported, "group row format");
  const RowPlace place = place_of(state, key.epoch);
  if (place.tree == nullptr ||
      !equal_constant_time(row_digest(place.mark, row.key, content), value.last(kHashBytes))) {
    return fail(Errc::kCorrupt, "group row");
  }
  bool good = true;
  switch (key.kind) {
    case RowKind::kNode: good = read_node(in, *place.tree, key.place); break;
    case RowKind::kLeaf: good = read_leaf(in, *place.tree, key.place); break;
    case RowKind::kProposal:
      good = key.epoch == state.context.epoch && key.place < caps::kProposals &&
             proposals.emplace(key.place, read_cached_proposal(in)).second;
      break;
  }
  if (!good || !in.finish("group row")) return fail(Errc::kCorrupt, "group row");
  return {};
}

}  // namespace

void append_row_keys(std::uint64_t epoch, const SecretTree& tree, std::vector<Bytes>& out) {
  std::set<NodeIndex> nodes = tree.changed_nodes();
  for (const auto& [node, secret] : tree.nodes()) nodes.insert(node);
  for (const NodeIndex node : nodes) out.push_back(row_key(RowKind::kNode, epoch, node.value));
  for (const auto& [leaf, ratchets] : tree.ratchets()) {
    out.push_back(row_key(RowKind::kLeaf, epoch, leaf.value));
  }
}

void append_proposal_keys(const GroupState& state, std::vector<Bytes>& out) {
  for (std::size_t i = 0; i < state.stored_proposals; ++i) {
    out.push_back(row_key(RowKind::kProposal, state.context.epoch, static_cast<std::uint32_t>(i)));
  }
}

Status read_rows(GroupState& state, const std::vector<GroupRow>& rows) {
  ProposalsByPlace proposals;
  for (const GroupRow& row : rows) NV_TRYV(read_row(state, row, proposals));
  for (auto& [place, proposal] : proposals) {
    if (place != state.proposals.size()) return fail(Errc::kCorrupt, "group rows: a proposal is missing");
    state.proposals.push_back(std::move(proposal));
  }
  state.stored_proposals = state.proposals.size();
  bool complete = state.secret_tree.complete();
  for (const PastEpoch& past : state.past) complete = complete && past.secret_tree.complete();
  if (!complete) return fail(Errc::kCorrupt, "group rows: a ratchet is missing");
  return {};
}

SecretBytes join_rows(const std::vector<GroupRow>& rows) {
  Writer out(Writer::Kind::kSecret);
  for (const GroupRow& row : rows) {
    out.opaque(row.key);
    out.opaque(row.value->expose());
  }
  return out.take_secret();
}

Result<std::vector<GroupRow>> split_rows(ByteView blob) {
  Reader in(blob);
  std::vector<GroupRow> out;
  while (in.ok() && in.left() > 0) {
    Bytes key = in.bytes();
    out.push_back({std::move(key), SecretBytes(in.opaque())});
  }
  if (!in.ok()) return fail(Errc::kCorrupt, "group rows");
  return out;
}

std::vector<GroupRow> Group::take_changed_rows() {
  std::vector<GroupRow> out;
  for (Bytes& key : state_->gone_rows) out.push_back({std::move(key), std::nullopt});
  state_->gone_rows.clear();
  for (PastEpoch& past : state_->past) {
    append_changes(past.epoch, past.confirmation_tag, past.secret_tree, out);
  }
  append_changes(state_->context.epoch, state_->confirmation_tag, state_->secret_tree, out);
  for (; state_->stored_proposals < state_->proposals.size(); ++state_->stored_proposals) {
    out.push_back(proposal_row(*state_, state_->stored_proposals));
  }
  return out;
}

std::vector<GroupRow> Group::all_rows() const {
  std::vector<GroupRow> out;
  for (const PastEpoch& past : state_->past) {
    append_all(past.epoch, past.confirmation_tag, past.secret_tree, out);
  }
  append_all(state_->context.epoch, state_->confirmation_tag, state_->secret_tree, out);
  for (std::size_t i = 0; i < state_->proposals.size(); ++i) out.push_back(proposal_row(*state_, i));
  return out;
}

std::vector<Bytes> Group::row_keys() const {
  std::vector<Bytes> out = state_->gone_rows;
  for (const PastEpoch& past : state_->past) append_row_keys(past.epoch, past.secret_tree, out);
  append_row_keys(state_->context.epoch, state_->secret_tree, out);
  append_proposal_keys(*state_, out);
  return out;
}

SecretBytes Group::save_ratchets() const { return join_rows(all_rows()); }

}  // namespace nattevagt::mls
