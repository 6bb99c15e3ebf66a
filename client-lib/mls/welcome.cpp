// Welcome: making one (RFC 9420 12.4.3) and joining by one (12.4.3.1).
#include <algorithm>

#include "client-lib/mls/group_state.h"
#include "client-lib/mls/tree_math.h"
#include "client-lib/mls/welcome.h"

namespace nattevagt::mls {
namespace {

namespace tm = tree_math;

MessageKey welcome_key(const WelcomeSecret& secret) {
  MessageKey out;
  out.key = expand_secret<AeadKey>(secret.expose(), "key");
  out.nonce = expand_secret<AeadNonce>(secret.expose(), "nonce");
  return out;
}

}  // namespace

Result<Bytes> make_welcome(const NextEpoch& epoch, const WelcomeInputs& inputs, Entropy& entropy) {
  NV_CHECK(inputs.joiners.size() == inputs.leaves.size());
  const GroupState& state = *epoch.state;
  const MessageKey key = welcome_key(epoch.welcome);
  Welcome welcome;
  welcome.encrypted_group_info =
      aead_seal(key.key, key.nonce, {}, encode(make_group_info(state, {true, false}, entropy)));
  const HpkeInfo info = hpke_info("Welcome", welcome.encrypted_group_info);
  for (std::size_t i = 0; i < inputs.joiners.size(); ++i) {
    GroupSecrets secrets;
    secrets.joiner_secret = SecretBytes(epoch.joiner.expose());
    secrets.psks = inputs.psks;
    if (inputs.path != nullptr) {
      const NodeIndex meeting = tm::common_ancestor(inputs.leaves[i], state.own());
      const auto step = std::find_if(inputs.path->steps.begin(), inputs.path->steps.end(),
                                     [&](const PathStep& at) { return at.node == meeting; });
      NV_CHECK(step != inputs.path->steps.end());
      secrets.path_secret = SecretBytes(
          inputs.path->secrets[static_cast<std::size_t>(step - inputs.path->steps.begin())].expose());
    }
    Writer plain(Writer::Kind::kSecret);
    secrets.encode(plain);
    EncryptedGroupSecrets entry;
    entry.new_member = to_bytes(inputs.joiners[i].ref().bytes);
    NV_TRY(entry.encrypted_group_secrets, hpke_seal(inputs.joiners[i].init_key, info, plain.view(), entropy));
    welcome.secrets.push_back(std::move(entry));
  }
  MlsMessage out;
  out.body = std::move(welcome);
  return encode(out);
}

Result<OpenedWelcome> open_welcome(const Welcome& welcome, const KeyPackageRef& ref, const HpkeKeyPair& init,
                                   const GroupState* predecessor, const PskSource* source) {
  if (welcome.cipher_suite != kSuite) return fail(Errc::kUnsupported, "RFC 9420 12.4.3.1 suite");
  const auto entry =
      std::find_if(welcome.secrets.begin(), welcome.secrets.end(), [&](const EncryptedGroupSecrets& e) {
        return std::equal(e.new_member.begin(), e.new_member.end(), ref.bytes.begin(), ref.bytes.end());
      });
  if (entry == welcome.secrets.end()) return fail(Errc::kNotFound, "RFC 9420 12.4.3.1 new_member");
  NV_TRY(const SecretBytes plain,
         decrypt_with_label(init.secret, init.key, "Welcome", welcome.encrypted_group_info,
                            entry->encrypted_group_secrets));
  OpenedWelcome out;
  NV_TRY(GroupSecrets secrets, decode<GroupSecrets>(plain.expose(), "GroupSecrets"));
  NV_TRY(const JoinerSecret joiner, JoinerSecret::from(secrets.joiner_secret.expose()));
  for (const PreSharedKeyId& id : secrets.psks) {
    if (id.type != PskType::kResumption || id.usage == ResumptionUsage::kApplication) continue;
    if (out.link) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1 PSK alone");
    out.link = id;
  }
  NV_TRY(const std::vector<PskInput> psks, find_psks(secrets.psks, predecessor, source));
  out.member = derive_member(joiner, derive_psk_secret(psks));
  if (secrets.path_secret) {
    NV_TRY(out.path_secret, PathSecret::from(secrets.path_secret->expose()));
  }

  const MessageKey key = welcome_key(derive_welcome(out.member));
  NV_TRY(const SecretBytes info, aead_open(key.key, key.nonce, {}, welcome.encrypted_group_info));
  NV_TRY(out.group_info, decode<GroupInfo>(info.expose(), "GroupInfo"));
  const GroupContext& context = out.group_info.group_context;
  if (context.version != kVersionMls10 || context.cipher_suite != kSuite) {
    return fail(Errc::kUnsupported, "RFC 9420 12.4.3.1 GroupInfo suite");
  }
  if (out.link && context.epoch != 1) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1 epoch");
  return out;
}

namespace {

// The private keys of a bundle are those of its KeyPackage (KeyPackageBundle::from_parts), so that the public
// ones need not be worked out again.
HpkeKeyPair pair_of(const HpkePrivateKey& secret, const Bytes& key) {
  HpkeKeyPair out;
  NV_CHECK(key.size() == out.key.size());
  out.secret = secret.duplicate();
  std::copy(key.begin(), key.end(), out.key.begin());
  return out;
}

// Our leaf's key, and those of the path that the committer sent us a secret of.
Result<PrivateTree> joiner_keys(const RatchetTree& tree, LeafIndex own, LeafIndex signer,
                                HpkeKeyPair leaf_keys, std::optional<PathSecret> path_secret) {
  PrivateTree out(own, std::move(leaf_keys));
  if (!path_secret) return out;
  const NodeIndex meeting = tm::common_ancestor(own, signer);
  std::vector<PathStep> steps = tree.filtered_direct_path(signer);
  const auto from =
      std::find_if(steps.begin(), steps.end(), [&](const PathStep& at) { return at.node == meeting; });
  if (from == steps.end()) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1 path_secret");
  DerivedPath path = derive_path(std::move(*path_secret), {from, steps.end()});
  NV_TRYV(check_path_keys(tree, path));
  for (std::size_t i = 0; i < path.steps.size(); ++i) out.set(path.steps[i].node, std::move(path.keys[i]));
  return out;
}

Result<std::unique_ptr<GroupState>> join_by_welcome(ByteView message, const KeyPackageBundle& bundle,
                                                    const SignKey& sign_key, const GroupState* predecessor,
                                                    const Validation& validation,
                                                    std::optional<ByteView> ratchet_tree) {
  NV_TRY(const MlsMessage parsed, parse_message(message));
  const Welcome* welcome = std::get_if<Welcome>(&parsed.body);
  if (welcome == nullptr) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1");
  NV_TRY(const MlsMessage published, parse_message(bundle.message()));
  const KeyPackage& key_package = std::get<KeyPackage>(published.body);
  NV_TRY(OpenedWelcome opened,
         open_welcome(*welcome, bundle.ref(), pair_of(bundle.init_private(), key_package.init_key),
                      predecessor, validation.psks));
  GroupInfo& info = opened.group_info;
  NV_TRY(RatchetTree tree, verified_tree(info, ratchet_tree, validation));
  NV_TRYV(check_lineage(opened.link, predecessor, info.group_context, tree, validation));

  std::optional<LeafIndex> own;
  tree.for_each_leaf([&](LeafIndex index, const LeafNode& leaf) {
    if (leaf == key_package.leaf_node) own = index;
  });
  if (!own || *own == info.signer) return fail(Errc::kInvalidValue, "RFC 9420 12.4.3.1 my_leaf");
  if (key_package.leaf_node.sign_public() != sign_key.public_key())
    return fail(Errc::kInvalidValue, "sign_key");

  auto state = std::make_unique<GroupState>();
  HpkeKeyPair leaf_keys = pair_of(bundle.leaf_private(), key_package.leaf_node.encryption_key);
  NV_TRY(state->keys,
         joiner_keys(tree, *own, info.signer, std::move(leaf_keys), std::move(opened.path_secret)));
  state->context = std::move(info.group_context);
  state->context_bytes = encode(state->context);
  state->tree = std::move(tree);
  state->sign_key = sign_key.duplicate();
  DerivedEpoch derived = expand_epoch(derive_epoch(opened.member, state->context_bytes));
  state->secrets = std::move(derived.secrets);
  state->secret_tree = SecretTree(state->tree.leaf_count(), derived.encryption);
  const Digest tag = confirmation_tag(state->secrets.confirmation, state->context.confirmed_transcript_hash);
  if (!mac_matches(tag, info.confirmation_tag))
    return fail(Errc::kBadSignature, "RFC 9420 12.4.3.1 confirmation_tag");
  state->confirmation_tag = std::move(info.confirmation_tag);
  state->interim_transcript_hash =
      to_bytes(interim_transcript_hash(state->context.confirmed_transcript_hash, state->confirmation_tag));
  return state;
}

}  // namespace

Result<Group> Group::join(ByteView welcome, const KeyPackageBundle& bundle, const SignKey& sign_key,
                          const Validation& validation, std::optional<ByteView> ratchet_tree) {
  NV_TRY(auto state, join_by_welcome(welcome, bundle, sign_key, nullptr, validation, ratchet_tree));
  return Group(std::move(state));
}

Result<Group> Group::join_successor(ByteView welcome, const KeyPackageBundle& bundle, const SignKey& sign_key,
                                    const Group& predecessor, const Validation& validation,
                                    std::optional<ByteView> ratchet_tree) {
  NV_TRY(auto state,
         join_by_welcome(welcome, bundle, sign_key, predecessor.state_.get(), validation, ratchet_tree));
  return Group(std::move(state));
}

}  // namespace nattevagt::mls
