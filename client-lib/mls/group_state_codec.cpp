// The epoch blob of a Group at rest: context, tree, private keys, epoch secrets, past epochs' leaves, a
// pending commit. What moves with each message is in rows: group_rows.cpp.
//
//   u16 format, the fields, then SHA-256 of all before.
#include <algorithm>

#include "client-lib/mls/group_state.h"

namespace nattevagt::mls {
namespace {

constexpr std::uint16_t kFormat = 2;

Digest read_digest(Reader& in) {
  Digest out{};
  const ByteView bytes = in.raw(out.size());
  if (in.ok()) std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

void write_member(const Member& member, Writer& out) {
  out.u32(member.leaf.value);
  encode_credential(member.credential, out);
  out.raw(member.signature_key.bytes);
}

Member read_member(Reader& in) {
  Member out;
  out.leaf = LeafIndex{in.u32()};
  out.credential = decode_credential(in);
  out.signature_key.bytes = read_digest(in);
  return out;
}

void write_change(const EpochChange& change, Writer& out) {
  out.u64(change.epoch);
  out.flag(change.committer.has_value());
  if (change.committer) out.u32(change.committer->value);
  for (const std::vector<Member>* list : {&change.added, &change.removed, &change.updated}) {
    out.vector([&] {
      for (const Member& member : *list) write_member(member, out);
    });
  }
  out.flag(change.extensions_changed);
  out.flag(change.reinit);
}

EpochChange read_change(Reader& in) {
  EpochChange out;
  out.epoch = in.u64();
  if (in.flag()) out.committer = LeafIndex{in.u32()};
  for (std::vector<Member>* list : {&out.added, &out.removed, &out.updated}) {
    in.vector(caps::kLeaves, [&] { list->push_back(read_member(in)); });
  }
  out.extensions_changed = in.flag();
  out.reinit = in.flag();
  return out;
}

SecretTree read_empty_tree(Reader& in) {
  const std::uint32_t leaves = in.u32();
  if (leaves == 0 || leaves > caps::kLeaves || !std::has_single_bit(leaves)) in.fail();
  return SecretTree::empty(in.ok() ? leaves : 1);
}

// A past epoch's leaves are mostly today's: those are told by one byte.
void write_past(const PastEpoch& past, const RatchetTree& today, Writer& out) {
  out.u64(past.epoch);
  out.u64(static_cast<std::uint64_t>(to_unix_ms(past.ended)));
  out.opaque(past.context_bytes);
  out.opaque(past.confirmation_tag);
  out.u32(past.secret_tree.leaf_count());
  out.raw(past.sender_data.expose());
  out.vector([&] {
    for (std::uint32_t i = 0; i < past.leaves.size(); ++i) {
      const bool same = past.leaves[i] == today.leaf_ptr(LeafIndex{i});
      out.u8(same ? 1 : past.leaves[i] ? 2 : 0);
      if (!same && past.leaves[i]) past.leaves[i]->encode(out);
    }
  });
}

PastEpoch read_past(const RatchetTree& today, Reader& in) {
  PastEpoch out;
  out.epoch = in.u64();
  out.ended = from_unix_ms(static_cast<std::int64_t>(in.u64()));
  out.context_bytes = in.bytes();
  out.confirmation_tag = in.bytes();
  out.secret_tree = read_empty_tree(in);
  out.sender_data = read_secret<SenderDataSecret>(in);
  in.vector(caps::kLeaves, [&] {
    const LeafIndex index{static_cast<std::uint32_t>(out.leaves.size())};
    switch (in.u8()) {
      case 0: out.leaves.push_back(nullptr); break;
      case 1: out.leaves.push_back(today.leaf_ptr(index)); break;
      case 2: out.leaves.push_back(std::make_shared<const LeafNode>(LeafNode::decode(in))); break;
      default: in.fail(); break;
    }
  });
  return out;
}

void write_epoch(const GroupState& state, Writer& out) {
  state.context.encode(out);
  state.tree.encode(out);
  state.keys.encode(out);
  state.secrets.encode(out);
  out.opaque(state.confirmation_tag);
  out.opaque(state.interim_transcript_hash);
  out.raw(state.made_by);
  out.flag(state.removed);
  out.flag(state.old_backup);
  out.flag(state.reinit.has_value());
  if (state.reinit) state.reinit->encode(out);
  out.vector([&] {
    for (const PastPsk& psk : state.past_psks) {
      out.u64(psk.epoch);
      out.raw(psk.psk.expose());
    }
  });
  out.vector([&] {
    for (const PastEpoch& past : state.past) write_past(past, state.tree, out);
  });
}

std::unique_ptr<GroupState> read_epoch(Reader& in) {
  auto out = std::make_unique<GroupState>();
  out->context = GroupContext::decode(in);
  out->context_bytes = encode(out->context);
  out->tree = RatchetTree::decode(in);
  out->keys = PrivateTree::decode(in);
  out->secrets = EpochSecrets::decode(in);
  out->confirmation_tag = in.bytes();
  out->interim_transcript_hash = in.bytes();
  out->made_by = read_digest(in);
  out->removed = in.flag();
  out->old_backup = in.flag();
  if (in.flag()) out->reinit = ReInit::decode(in);
  in.vector(kResumptionPsksMax, [&] {
    PastPsk psk;
    psk.epoch = in.u64();
    psk.psk = read_secret<ResumptionPsk>(in);
    out->past_psks.push_back(std::move(psk));
  });
  in.vector(kPastEpochsMax, [&] { out->past.push_back(read_past(out->tree, in)); });
  if (in.ok() && out->tree.leaf(out->own()) == nullptr) in.fail();
  if (in.ok()) out->secret_tree = SecretTree::empty(out->tree.leaf_count());
  return out;
}

// The pending successor has sent nothing yet: its secret tree is a root alone, and lies here until then.
void write_pending(const PendingCommit& pending, Writer& out) {
  out.raw(pending.message);
  out.u64(static_cast<std::uint64_t>(to_unix_ms(pending.made)));
  write_change(pending.change, out);
  write_epoch(*pending.next, out);
  const auto& nodes = pending.next->secret_tree.nodes();
  NV_CHECK(nodes.size() == 1);
  out.raw(nodes.begin()->second.expose());
}

PendingCommit read_pending(Reader& in) {
  PendingCommit out;
  out.message = read_digest(in);
  out.made = from_unix_ms(static_cast<std::int64_t>(in.u64()));
  out.change = read_change(in);
  out.next = read_epoch(in);
  const auto root = read_secret<EncryptionSecret>(in);
  if (in.ok()) out.next->secret_tree = SecretTree(out.next->tree.leaf_count(), root);
  return out;
}

}  // namespace

SecretBytes Group::save_epoch() const {
  Writer out(Writer::Kind::kSecret);
  out.u16(kFormat);
  write_epoch(*state_, out);
  out.flag(state_->pending.has_value());
  if (state_->pending) write_pending(*state_->pending, out);
  out.raw(sha256(out.view()));
  return out.take_secret();
}

Result<Group> Group::restore(ByteView epoch_blob, const std::vector<GroupRow>& rows,
                             const SignKey& sign_key) {
  if (epoch_blob.size() < 2 + kHashBytes) return fail(Errc::kCorrupt, "group blob");
  const ByteView content = epoch_blob.first(epoch_blob.size() - kHashBytes);
  Reader in(content);
  if (in.u16() != kFormat) return fail(Errc::kUnsupported, "group blob format");
  if (!equal_constant_time(sha256(content), epoch_blob.last(kHashBytes))) {
    return fail(Errc::kCorrupt, "group blob");
  }
  std::unique_ptr<GroupState> state = read_epoch(in);
  if (in.flag()) state->pending = read_pending(in);
  if (!in.finish("group blob")) return fail(Errc::kCorrupt, "group blob");
  NV_TRYV(read_rows(*state, rows));
  if (state->tree.leaf(state->own())->sign_public() != sign_key.public_key()) {
    return fail(Errc::kInvalidValue, "sign_key is not our leaf's");
  }
  state->sign_key = sign_key.duplicate();
  if (state->pending) state->pending->next->sign_key = sign_key.duplicate();
  return Group(std::move(state));
}

Result<Group> Group::restore(ByteView epoch_blob, ByteView ratchet_blob, const SignKey& sign_key) {
  NV_TRY(const std::vector<GroupRow> rows, split_rows(ratchet_blob));
  return restore(epoch_blob, rows, sign_key);
}

}  // namespace nattevagt::mls
