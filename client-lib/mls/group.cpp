#include "client-lib/mls/group.h"

#include <algorithm>

#include "client-lib/mls/group_state.h"
#include "client-lib/mls/leaf_validation.h"

namespace nattevagt::mls {
namespace {

AuthenticatedContent own_content(const GroupState& state, HandshakeFormat format,
                                 ByteView authenticated_data) {
  AuthenticatedContent out;
  out.wire_format =
      format == HandshakeFormat::kPublic ? WireFormat::kPublicMessage : WireFormat::kPrivateMessage;
  out.content.group_id = state.context.group_id;
  out.content.epoch = state.context.epoch;
  out.content.sender = Sender{SenderType::kMember, state.own().value};
  out.content.authenticated_data = to_bytes(authenticated_data);
  return out;
}

// Signs, sends and caches a proposal of our own.
Result<Bytes> propose(GroupState& state, Proposal proposal, std::optional<HpkeKeyPair> update_keys,
                      HandshakeFormat format, Entropy& entropy) {
  AuthenticatedContent message = own_content(state, format, {});
  ListedProposal listed{proposal, message.content.sender};
  message.content.content = std::move(proposal);
  message.auth = sign_content(message.wire_format, message.content, state.context_bytes, state.sign_key);
  if (state.proposals.size() >= caps::kProposals) return fail(Errc::kBusy, "proposals of one epoch");
  CachedProposal cached{proposal_ref(message), std::move(listed), std::move(update_keys)};
  NV_TRY(Bytes out, send_handshake(state, std::move(message), entropy));
  state.proposals.push_back(std::move(cached));
  return out;
}

}  // namespace

Status may_send(const GroupState& state) {
  if (state.removed) return fail(Errc::kNotMember, "RFC 9420 12.4.2");
  if (state.reinit) return fail(Errc::kWrongState, "RFC 9420 11.2");
  if (state.old_backup) return fail(Errc::kWrongState, "old backup");
  return {};
}

Group::Group(std::unique_ptr<GroupState> state) noexcept : state_(std::move(state)) {}
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;
Group::~Group() = default;

Group Group::clone() const { return Group(state_->duplicate()); }

Result<Group> Group::create(ByteView group_id, const Credential& credential, const SignKey& sign_key,
                            Extensions group_context_extensions, const Validation& validation,
                            Entropy& entropy) {
  HpkeKeyPair leaf_keys = hpke_generate(entropy);
  LeafNode leaf = mls::own_leaf(credential, entropy);
  leaf.encryption_key = to_bytes(leaf_keys.key);
  leaf.signature_key = to_bytes(sign_key.public_key().bytes);
  // 7.2: a creator's leaf is of a KeyPackage; it lives until the first commit with a path replaces it.
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(validation.now.time_since_epoch());
  const auto span = std::chrono::duration_cast<std::chrono::seconds>(validation.lifetime_max) / 2;
  leaf.lifetime.not_before = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.count() - 3600));
  leaf.lifetime.not_after = leaf.lifetime.not_before + static_cast<std::uint64_t>(span.count());
  leaf.sign(sign_key, {});
  NV_TRYV(validate_leaf(leaf, LeafCheck{CredentialUse::kOwn, {}, &group_context_extensions}, validation));

  auto state = std::make_unique<GroupState>();
  NV_TRY(const LeafIndex own, state->tree.add_leaf(std::make_shared<const LeafNode>(std::move(leaf))));
  state->keys = PrivateTree(own, std::move(leaf_keys));
  state->context.group_id = to_bytes(group_id);
  state->context.tree_hash = to_bytes(state->tree.tree_hash());
  state->context.extensions = std::move(group_context_extensions);
  state->context_bytes = encode(state->context);
  state->sign_key = sign_key.duplicate();
  DerivedEpoch derived = expand_epoch(entropy.make_secret<EpochSecret>());
  state->secrets = std::move(derived.secrets);
  state->secret_tree = SecretTree(state->tree.leaf_count(), derived.encryption);
  state->confirmation_tag = to_bytes(confirmation_tag(state->secrets.confirmation, {}));
  state->interim_transcript_hash = to_bytes(interim_transcript_hash({}, state->confirmation_tag));
  return Group(std::move(state));
}

Result<Bytes> Group::propose_add(ByteView key_package, const Validation& validation, Entropy& entropy,
                                 HandshakeFormat format) {
  NV_TRYV(may_send(*state_));
  NV_TRY(MlsMessage parsed, parse_message(key_package));
  KeyPackage* found = std::get_if<KeyPackage>(&parsed.body);
  if (found == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.1.1");
  NV_TRYV(validate_key_package(*found, &state_->context.extensions, validation));
  return propose(*state_, Proposal{Add{std::move(*found)}}, {}, format, entropy);
}

Result<Bytes> Group::propose_remove(LeafIndex leaf, Entropy& entropy, HandshakeFormat format) {
  NV_TRYV(may_send(*state_));
  if (state_->tree.leaf(leaf) == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.1.3");
  return propose(*state_, Proposal{Remove{leaf}}, {}, format, entropy);
}

Result<Bytes> Group::propose_psk(ByteView psk_id, Entropy& entropy, HandshakeFormat format) {
  NV_TRYV(may_send(*state_));
  std::vector<PreSharedKeyId> id = fresh_psk_ids({to_bytes(psk_id)}, {}, {}, entropy);
  return propose(*state_, Proposal{PreSharedKey{std::move(id[0])}}, {}, format, entropy);
}

Result<Bytes> Group::propose_resumption_psk(std::uint64_t epoch, Entropy& entropy, HandshakeFormat format) {
  NV_TRYV(may_send(*state_));
  std::vector<PreSharedKeyId> id = fresh_psk_ids({}, {epoch}, state_->context.group_id, entropy);
  return propose(*state_, Proposal{PreSharedKey{std::move(id[0])}}, {}, format, entropy);
}

Result<Bytes> Group::propose_context_extensions(Extensions extensions, const Validation& validation,
                                                Entropy& entropy, HandshakeFormat format) {
  NV_TRYV(may_send(*state_));
  const ListedProposal listed{Proposal{GroupContextExtensions{std::move(extensions)}},
                              Sender{SenderType::kMember, own_leaf().value}};
  NV_TRYV(validate_proposal(listed, state_->tree, state_->context, state_->context.extensions, validation));
  return propose(*state_, listed.proposal, {}, format, entropy);
}

Result<Bytes> Group::propose_reinit(const ReInitRequest& request, Entropy& entropy, HandshakeFormat format) {
  NV_TRYV(may_send(*state_));
  ReInit reinit{request.group_id, kVersionMls10, request.cipher_suite, request.extensions};
  return propose(*state_, Proposal{std::move(reinit)}, {}, format, entropy);
}

Result<Bytes> Group::propose_update(Entropy& entropy, HandshakeFormat format) {
  NV_TRYV(may_send(*state_));
  HpkeKeyPair keys = hpke_generate(entropy);
  LeafNode leaf = *state_->tree.leaf(own_leaf());
  leaf.encryption_key = to_bytes(keys.key);
  leaf.source = LeafNodeSource::kUpdate;
  leaf.lifetime = {};
  leaf.parent_hash.clear();
  leaf.sign(state_->sign_key, LeafPlace{state_->context.group_id, own_leaf()});
  return propose(*state_, Proposal{Update{std::move(leaf)}}, std::move(keys), format, entropy);
}

Result<Bytes> Group::protect(ByteView authenticated_data, ByteView plaintext, Entropy& entropy) {
  NV_TRYV(may_send(*state_));
  if (plaintext.size() + authenticated_data.size() > caps::kMessageBytes / 2)
    return fail(Errc::kTooLarge, "protect");
  AuthenticatedContent message = own_content(*state_, HandshakeFormat::kPrivate, authenticated_data);
  message.content.content = SecretBytes(plaintext);
  message.auth = sign_content(message.wire_format, message.content, state_->context_bytes, state_->sign_key);
  NV_TRY(const SecretTree::Sending key, state_->secret_tree.next(own_leaf(), RatchetKind::kApplication));
  MlsMessage out;
  out.body = seal_private(message, key, state_->secrets.sender_data, entropy);
  return encode(out);
}

bool Group::has_pending_removal() const noexcept {
  return std::any_of(state_->proposals.begin(), state_->proposals.end(), [](const CachedProposal& cached) {
    return cached.listed.proposal.type() == ProposalType::kRemove;
  });
}

std::size_t Group::pending_proposals() const noexcept { return state_->proposals.size(); }

bool Group::forget_old_epochs(const Validation& validation) {
  bool any = false;
  while (!state_->past.empty() && validation.now - state_->past.front().ended > validation.past_epoch_age) {
    drop_past_epoch(*state_, 0);
    any = true;
  }
  return any;
}

const Bytes& Group::group_id() const noexcept { return state_->context.group_id; }
std::uint64_t Group::epoch() const noexcept { return state_->context.epoch; }
LeafIndex Group::own_leaf() const noexcept { return state_->own(); }
bool Group::active() const noexcept { return may_send(*state_).has_value(); }
bool Group::old_backup() const noexcept { return state_->old_backup; }

std::vector<Member> Group::members() const {
  std::vector<Member> out;
  state_->tree.for_each_leaf(
      [&](LeafIndex index, const LeafNode& leaf) { out.push_back(member_of(index, leaf)); });
  return out;
}

std::optional<Member> Group::member(LeafIndex index) const {
  const LeafNode* leaf = state_->tree.leaf(index);
  if (leaf == nullptr) return std::nullopt;
  return member_of(index, *leaf);
}

std::size_t Group::member_count() const noexcept { return state_->tree.member_count(); }
const Extensions& Group::group_context_extensions() const noexcept { return state_->context.extensions; }

std::uint32_t Group::messages_sent() const noexcept {
  return state_->secret_tree.sent(own_leaf(), RatchetKind::kApplication);
}

SecretBytes Group::exporter(std::string_view label, ByteView context, std::size_t length) const {
  return export_secret(state_->secrets.exporter, label, context, length);
}

SecretBytes Group::resumption_psk() const { return SecretBytes(state_->secrets.resumption.expose()); }

Bytes Group::epoch_authenticator() const { return to_bytes(state_->secrets.authenticator.expose()); }

}  // namespace nattevagt::mls
