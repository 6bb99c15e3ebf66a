// Encodings of proposals and commits (RFC 9420 8.1, 8.4, 12).
#include "client-lib/mls/messages.h"

namespace nattevagt::mls {

void GroupContext::encode(Writer& out) const {
  out.u16(version);
  out.u16(cipher_suite);
  out.opaque(group_id);
  out.u64(epoch);
  out.opaque(tree_hash);
  out.opaque(confirmed_transcript_hash);
  encode_extensions(extensions, out);
}

GroupContext GroupContext::decode(Reader& in) {
  GroupContext out;
  out.version = in.u16();
  out.cipher_suite = in.u16();
  out.group_id = in.bytes();
  out.epoch = in.u64();
  out.tree_hash = in.bytes();
  out.confirmed_transcript_hash = in.bytes();
  out.extensions = decode_extensions(in);
  return out;
}

void PreSharedKeyId::encode(Writer& out) const {
  out.u8(static_cast<std::uint8_t>(type));
  switch (type) {
    case PskType::kExternal: out.opaque(psk_id); break;
    case PskType::kResumption:
      out.u8(static_cast<std::uint8_t>(usage));
      out.opaque(psk_group_id);
      out.u64(psk_epoch);
      break;
  }
  out.opaque(psk_nonce);
}

PreSharedKeyId PreSharedKeyId::decode(Reader& in) {
  PreSharedKeyId out;
  const std::uint8_t type = in.u8();
  if (type == 1) {
    out.psk_id = in.bytes();
  } else if (type == 2) {
    out.type = PskType::kResumption;
    const std::uint8_t usage = in.u8();
    if (usage < 1 || usage > 3) in.fail();
    out.usage = in.ok() ? static_cast<ResumptionUsage>(usage) : ResumptionUsage::kApplication;
    out.psk_group_id = in.bytes();
    out.psk_epoch = in.u64();
  } else {
    in.fail();
  }
  out.psk_nonce = in.bytes();
  return out;
}

void Add::encode(Writer& out) const { key_package.encode(out); }
Add Add::decode(Reader& in) { return {KeyPackage::decode(in)}; }

void Update::encode(Writer& out) const { leaf_node.encode(out); }
Update Update::decode(Reader& in) { return {LeafNode::decode(in)}; }

void Remove::encode(Writer& out) const { out.u32(removed.value); }
Remove Remove::decode(Reader& in) { return {LeafIndex{in.u32()}}; }

void PreSharedKey::encode(Writer& out) const { psk.encode(out); }
PreSharedKey PreSharedKey::decode(Reader& in) { return {PreSharedKeyId::decode(in)}; }

void ReInit::encode(Writer& out) const {
  out.opaque(group_id);
  out.u16(version);
  out.u16(cipher_suite);
  encode_extensions(extensions, out);
}

ReInit ReInit::decode(Reader& in) {
  ReInit out;
  out.group_id = in.bytes();
  out.version = in.u16();
  out.cipher_suite = in.u16();
  out.extensions = decode_extensions(in);
  return out;
}

void ExternalInit::encode(Writer& out) const { out.opaque(kem_output); }
ExternalInit ExternalInit::decode(Reader& in) { return {in.bytes()}; }

void GroupContextExtensions::encode(Writer& out) const { encode_extensions(extensions, out); }
GroupContextExtensions GroupContextExtensions::decode(Reader& in) { return {decode_extensions(in)}; }

void Proposal::encode(Writer& out) const {
  out.u16(static_cast<std::uint16_t>(type()));
  std::visit([&](const auto& proposal) { proposal.encode(out); }, body);
}

Proposal Proposal::decode(Reader& in) {
  Proposal out;
  switch (in.u16()) {
    case 1: out.body = Add::decode(in); break;
    case 2: out.body = Update::decode(in); break;
    case 3: out.body = Remove::decode(in); break;
    case 4: out.body = PreSharedKey::decode(in); break;
    case 5: out.body = ReInit::decode(in); break;
    case 6: out.body = ExternalInit::decode(in); break;
    case 7: out.body = GroupContextExtensions::decode(in); break;
    default: in.fail(Errc::kUnsupported); break;
  }
  return out;
}

void ProposalOrRef::encode(Writer& out) const {
  if (const Proposal* proposal = std::get_if<Proposal>(&value)) {
    out.u8(1);
    proposal->encode(out);
  } else {
    out.u8(2);
    out.opaque(std::get<Bytes>(value));
  }
}

ProposalOrRef ProposalOrRef::decode(Reader& in) {
  ProposalOrRef out;
  switch (in.u8()) {
    case 1: out.value = Proposal::decode(in); break;
    case 2: out.value = in.bytes(); break;
    default: in.fail(); break;
  }
  return out;
}

void UpdatePathNode::encode(Writer& out) const {
  out.opaque(encryption_key);
  out.list(encrypted_path_secret);
}

UpdatePathNode UpdatePathNode::decode(Reader& in) {
  UpdatePathNode out;
  out.encryption_key = in.bytes();
  out.encrypted_path_secret = in.list<HpkeCiphertext>(caps::kLeaves);
  return out;
}

void UpdatePath::encode(Writer& out) const {
  leaf_node.encode(out);
  out.list(nodes);
}

UpdatePath UpdatePath::decode(Reader& in) {
  UpdatePath out;
  out.leaf_node = LeafNode::decode(in);
  out.nodes = in.list<UpdatePathNode>(32);
  return out;
}

void Commit::encode(Writer& out) const {
  out.list(proposals);
  out.flag(path.has_value());
  if (path) path->encode(out);
}

Commit Commit::decode(Reader& in) {
  Commit out;
  out.proposals = in.list<ProposalOrRef>(caps::kProposals);
  if (in.flag()) out.path = UpdatePath::decode(in);
  return out;
}

}  // namespace nattevagt::mls
