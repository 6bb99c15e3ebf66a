// A member with a modified client: it has what each member has (group secrets, its own keys), and signs and tags
// what it likes. A message of its making that breaks one rule is good in every other respect, so that what
// refuses it is that rule.
#pragma once

#include "client-lib/mls/welcome.h"
#include "tests/unit/mls_world.h"

namespace nattevagt::mls::test {

inline KeyPackage parsed(const KeyPackageBundle& bundle) {
  MlsMessage message = World::get(parse_message(bundle.message()));
  return std::move(std::get<KeyPackage>(message.body));
}

// A KeyPackage changed by its owner, and signed again.
inline KeyPackage resigned(KeyPackage changed, const SignKey& key) {
  changed.leaf_node.sign(key, {});
  changed.signature = to_bytes(sign_with_label(key, "KeyPackageTBS", changed.tbs()));
  return changed;
}

inline Bytes message_of(KeyPackage key_package) {
  MlsMessage out;
  out.body = std::move(key_package);
  return encode(out);
}

// What was refused, by its place in the RFC; "" when nothing was.
inline std::string refusal(Group& group, ByteView message, const Validation& validation) {
  return place_of(group.process(message, validation));
}

class Insider {
 public:
  Insider(World& world, Party& party, std::size_t who) : world_(world), party_(party), who_(who) {}

  GroupState& state() { return GroupAccess::state(party_.groups[who_]); }
  LeafIndex own() { return state().own(); }
  const SignKey& key() { return party_.devices[who_].key; }

  // A PublicMessage with the signature of `signer` and a membership tag that holds.
  Bytes say(std::variant<SecretBytes, Proposal, Commit> content, Sender sender, const SignKey& signer) {
    AuthenticatedContent message = framed(std::move(content), sender);
    message.wire_format = WireFormat::kPublicMessage;
    message.auth = sign_content(message.wire_format, message.content, state().context_bytes, signer);
    // The right tag of a commit is known to whoever can follow it: a commit that breaks no rule fails there.
    if (message.content.content_type() == ContentType::kCommit) message.auth.confirmation_tag = Bytes(32, 0);
    PublicMessage sent;
    if (sender.is_member()) {
      sent.membership_tag =
          to_bytes(membership_tag(state().secrets.membership, message, state().context_bytes));
    }
    sent.content = std::move(message.content);
    sent.auth = std::move(message.auth);
    MlsMessage out;
    out.body = std::move(sent);
    return encode(out);
  }
  Bytes say(std::variant<SecretBytes, Proposal, Commit> content) {
    return say(std::move(content), Sender{SenderType::kMember, own().value}, key());
  }

  // Application data in the name of any leaf, sealed with that leaf's next key where there is one.
  Bytes whisper(LeafIndex in_the_name_of) {
    AuthenticatedContent message =
        framed(SecretBytes(as_bytes("boo")), Sender{SenderType::kMember, in_the_name_of.value});
    message.auth = sign_content(message.wire_format, message.content, state().context_bytes, key());
    const LeafIndex ratchet = in_the_name_of.value < state().tree.leaf_count() ? in_the_name_of : own();
    auto next = World::get(state().secret_tree.peek(ratchet, RatchetKind::kApplication, 0));
    MlsMessage out;
    out.body = seal_private(message, SecretTree::Sending{0, std::move(next.key)}, state().secrets.sender_data,
                            world_.entropy);
    return encode(out);
  }

  // What stands inside its next application message, but for the padding.
  Bytes content_of(std::string_view words) {
    AuthenticatedContent message =
        framed(SecretBytes(as_bytes(words)), Sender{SenderType::kMember, own().value});
    message.auth = sign_content(message.wire_format, message.content, state().context_bytes, key());
    Writer out;
    message.content.encode_content(out);
    message.auth.encode(out);
    return out.take();
  }
  // Sealed as it is, with what may stand behind the sender data.
  Bytes sealed(ByteView content, ByteView behind_sender_data = {}) {
    const auto next = World::get(state().secret_tree.next(own(), RatchetKind::kApplication));
    PrivateMessage message{
        state().context.group_id, state().context.epoch, ContentType::kApplication, {}, {}, {}};
    Writer aad, data;
    aad.opaque(message.group_id);
    aad.u64(message.epoch);
    aad.u8(1);
    const Bytes sender_aad = to_bytes(aad.view());
    aad.opaque({});
    message.ciphertext = aead_seal(next.key.key, next.key.nonce, aad.view(), content);
    data.u32(own().value);
    data.u32(next.generation);
    data.u32(0);  // the reuse guard
    data.raw(behind_sender_data);
    const MessageKey sender = sender_data_key(state().secrets.sender_data, message.ciphertext);
    message.encrypted_sender_data = aead_seal(sender.key, sender.nonce, sender_aad, data.view());
    MlsMessage out;
    out.body = std::move(message);
    return encode(out);
  }

  // The path of a commit with these proposals, made as the RFC says, changed, and its leaf signed again.
  UpdatePath path(const std::vector<ListedProposal>& list, const std::function<void(UpdatePath&)>& change,
                  const SignKey* leaf_key = nullptr) {
    AppliedProposals applied =
        World::get(apply_proposals(list, own(), state().tree, state().context, world_.validation()));
    const FreshPath fresh = renew_path(applied.tree, own(), *applied.tree.leaf(own()),
                                       state().context.group_id, key(), world_.entropy);
    GroupContext next = state().context;
    next.epoch += 1;
    next.extensions = applied.extensions;
    next.tree_hash = to_bytes(applied.tree.tree_hash());
    UpdatePath out = World::get(seal_path(applied.tree, fresh, encode(next), applied.added, world_.entropy));
    change(out);
    out.leaf_node.sign(leaf_key == nullptr ? key() : *leaf_key, LeafPlace{state().context.group_id, own()});
    return out;
  }

 private:
  AuthenticatedContent framed(std::variant<SecretBytes, Proposal, Commit> content, Sender sender) {
    AuthenticatedContent out;
    out.content.group_id = state().context.group_id;
    out.content.epoch = state().context.epoch;
    out.content.sender = sender;
    out.content.content = std::move(content);
    return out;
  }

  World& world_;
  Party& party_;
  std::size_t who_;
};

}  // namespace nattevagt::mls::test
