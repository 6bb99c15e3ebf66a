#include "client-lib/mls/treekem.h"

#include <algorithm>

#include "client-lib/mls/tree_math.h"

namespace nattevagt::mls {
namespace {

namespace tm = tree_math;

constexpr std::string_view kPathLabel = "UpdatePathNode";

bool same_bytes(ByteView a, ByteView b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::vector<NodeIndex> recipients(const RatchetTree& tree, NodeIndex copath,
                                  const std::vector<LeafIndex>& joiners) {
  std::vector<NodeIndex> out = tree.resolution(copath);
  if (joiners.empty()) return out;
  std::erase_if(out, [&](NodeIndex node) {
    return tm::is_leaf(node) && std::binary_search(joiners.begin(), joiners.end(), tm::leaf_of(node));
  });
  return out;
}

// Sets the path's public keys and returns the parent hash for the leaf; from the root down (7.5).
template <class KeyAt>
Bytes place_keys(RatchetTree& tree, LeafIndex leaf, const std::vector<PathStep>& steps, KeyAt&& key_at) {
  tree.blank_direct_path(leaf);
  Bytes hash;
  for (std::size_t i = steps.size(); i-- > 0;) {
    tree.set_parent(steps[i].node, ParentNode{key_at(i), std::move(hash), {}});
    hash = to_bytes(tree.parent_hash(steps[i].node, steps[i].copath));
  }
  return hash;
}

// 12.4.2: none of the path's keys stands anywhere in the tree yet, nor twice in the path.
Status check_fresh_keys(const RatchetTree& tree, const UpdatePath& path) {
  std::vector<const Bytes*> fresh = {&path.leaf_node.encryption_key};
  for (const UpdatePathNode& node : path.nodes) fresh.push_back(&node.encryption_key);
  const auto less = [](const Bytes* a, const Bytes* b) { return *a < *b; };
  std::sort(fresh.begin(), fresh.end(), less);
  const auto same = [](const Bytes* a, const Bytes* b) { return *a == *b; };
  if (std::adjacent_find(fresh.begin(), fresh.end(), same) != fresh.end()) {
    return fail(Errc::kInvalidValue, "RFC 9420 12.4.2 path keys");
  }
  if (tree.holds_any_of(fresh)) return fail(Errc::kInvalidValue, "RFC 9420 12.4.2 path keys");
  return {};
}

}  // namespace

PrivateTree::PrivateTree(LeafIndex own, HpkeKeyPair leaf) : own_(own) {
  set(tm::node_of(own), std::move(leaf));
}

const HpkeKeyPair* PrivateTree::find(NodeIndex node) const noexcept {
  const auto found = keys_.find(node);
  return found == keys_.end() ? nullptr : &found->second;
}

void PrivateTree::set(NodeIndex node, HpkeKeyPair keys) { keys_.insert_or_assign(node, std::move(keys)); }

void PrivateTree::adopt(const FreshPath& path) {
  const auto copy = [](const HpkeKeyPair& keys) { return HpkeKeyPair{keys.secret.duplicate(), keys.key}; };
  set(tm::node_of(own_), copy(path.leaf_keys));
  for (std::size_t i = 0; i < path.path.steps.size(); ++i)
    set(path.path.steps[i].node, copy(path.path.keys[i]));
}

void PrivateTree::prune(const RatchetTree& tree) {
  std::erase_if(keys_, [&](const auto& entry) {
    const Bytes* standing = tree.encryption_key(entry.first);
    return standing == nullptr || !same_bytes(*standing, entry.second.key);
  });
}

PrivateTree PrivateTree::duplicate() const {
  PrivateTree out;
  out.own_ = own_;
  for (const auto& [node, keys] : keys_) {
    HpkeKeyPair copy;
    copy.secret = keys.secret.duplicate();
    copy.key = keys.key;
    out.keys_.emplace(node, std::move(copy));
  }
  return out;
}

void PrivateTree::encode(Writer& out) const {
  out.u32(own_.value);
  out.vector([&] {
    for (const auto& [node, keys] : keys_) {
      out.u32(node.value);
      out.raw(keys.secret.expose());
      out.raw(keys.key);
    }
  });
}

PrivateTree PrivateTree::decode(Reader& in) {
  PrivateTree out;
  out.own_ = LeafIndex{in.u32()};
  in.vector(33, [&] {
    const NodeIndex node{in.u32()};
    HpkeKeyPair keys;
    const ByteView secret = in.raw(HpkePrivateKey::kSize);
    const ByteView key = in.raw(kHpkePublicBytes);
    if (!in.ok()) return;
    std::copy(secret.begin(), secret.end(), keys.secret.expose().begin());
    std::copy(key.begin(), key.end(), keys.key.begin());
    out.keys_.emplace(node, std::move(keys));
  });
  return out;
}

DerivedPath derive_path(PathSecret first, std::vector<PathStep> steps) {
  DerivedPath out;
  PathSecret secret = std::move(first);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Expander expander(secret.expose());
    out.keys.push_back(hpke_derive(expander.secret<PathSecret>("node").expose()));
    PathSecret next = expander.secret<PathSecret>("path");
    out.secrets.push_back(std::move(secret));
    secret = std::move(next);
  }
  std::copy(secret.expose().begin(), secret.expose().end(), out.commit.expose().begin());
  out.steps = std::move(steps);
  return out;
}

FreshPath renew_path(RatchetTree& tree, LeafIndex own, LeafNode leaf, ByteView group_id,
                     const SignKey& sign_key, Entropy& entropy) {
  FreshPath out;
  out.path = derive_path(entropy.make_secret<PathSecret>(), tree.filtered_direct_path(own));
  out.leaf_keys = hpke_generate(entropy);
  leaf.encryption_key = to_bytes(out.leaf_keys.key);
  leaf.signature_key = to_bytes(sign_key.public_key().bytes);
  leaf.source = LeafNodeSource::kCommit;
  leaf.lifetime = {};
  leaf.parent_hash =
      place_keys(tree, own, out.path.steps, [&](std::size_t i) { return to_bytes(out.path.keys[i].key); });
  leaf.sign(sign_key, LeafPlace{group_id, own});
  out.leaf = std::make_shared<const LeafNode>(std::move(leaf));
  tree.set_leaf(own, out.leaf);
  return out;
}

Result<UpdatePath> seal_path(const RatchetTree& tree, const FreshPath& fresh, ByteView group_context,
                             const std::vector<LeafIndex>& joiners, Entropy& entropy) {
  const HpkeInfo info = hpke_info(kPathLabel, group_context);
  UpdatePath out;
  out.leaf_node = *fresh.leaf;
  for (std::size_t i = 0; i < fresh.path.steps.size(); ++i) {
    UpdatePathNode node;
    node.encryption_key = to_bytes(fresh.path.keys[i].key);
    for (const NodeIndex receiver : recipients(tree, fresh.path.steps[i].copath, joiners)) {
      const Bytes* key = tree.encryption_key(receiver);
      NV_CHECK(key != nullptr);
      NV_TRY(HpkeCiphertext sealed, hpke_seal(*key, info, fresh.path.secrets[i].expose(), entropy));
      node.encrypted_path_secret.push_back(std::move(sealed));
    }
    out.nodes.push_back(std::move(node));
  }
  return out;
}

Result<std::vector<PathStep>> merge_path(RatchetTree& tree, LeafIndex sender, const UpdatePath& path,
                                         const std::vector<LeafIndex>& joiners) {
  std::vector<PathStep> steps = tree.filtered_direct_path(sender);
  if (steps.size() != path.nodes.size()) return fail(Errc::kInvalidValue, "RFC 9420 7.6 nodes");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (path.nodes[i].encryption_key.size() != kHpkePublicBytes)
      return fail(Errc::kInvalidValue, "RFC 9420 7.6 key");
    if (path.nodes[i].encrypted_path_secret.size() != recipients(tree, steps[i].copath, joiners).size()) {
      return fail(Errc::kInvalidValue, "RFC 9420 7.6 encrypted_path_secret");
    }
  }
  NV_TRYV(check_fresh_keys(tree, path));
  const Bytes hash =
      place_keys(tree, sender, steps, [&](std::size_t i) { return path.nodes[i].encryption_key; });
  if (hash != path.leaf_node.parent_hash) return fail(Errc::kInvalidValue, "RFC 9420 7.9.2 leaf");
  tree.set_leaf(sender, std::make_shared<const LeafNode>(path.leaf_node));
  return steps;
}

Result<DerivedPath> open_path(const RatchetTree& tree, const PrivateTree& own,
                              const std::vector<PathStep>& steps, const UpdatePath& path,
                              ByteView group_context, const std::vector<LeafIndex>& joiners) {
  const auto ours = std::find_if(steps.begin(), steps.end(),
                                 [&](const PathStep& step) { return tm::covers(step.copath, own.own()); });
  if (ours == steps.end()) return fail(Errc::kInvalidValue, "RFC 9420 7.5 common ancestor");
  const auto place = static_cast<std::size_t>(ours - steps.begin());
  const std::vector<NodeIndex> nodes = recipients(tree, ours->copath, joiners);
  NV_CHECK(nodes.size() == path.nodes[place].encrypted_path_secret.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const HpkeKeyPair* keys = own.find(nodes[i]);
    if (keys == nullptr) continue;
    NV_TRY(const SecretBytes opened, decrypt_with_label(keys->secret, keys->key, kPathLabel, group_context,
                                                        path.nodes[place].encrypted_path_secret[i]));
    NV_TRY(PathSecret first, PathSecret::from(opened.expose()));
    DerivedPath out = derive_path(std::move(first), {ours, steps.end()});
    NV_TRYV(check_path_keys(tree, out));
    return out;
  }
  return fail(Errc::kCrypto, "RFC 9420 7.5 no key of the resolution");
}

Status check_path_keys(const RatchetTree& tree, const DerivedPath& path) {
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    const Bytes* standing = tree.encryption_key(path.steps[i].node);
    if (standing == nullptr || !same_bytes(*standing, path.keys[i].key)) {
      return fail(Errc::kInvalidValue, "RFC 9420 7.5 derived key");
    }
  }
  return {};
}

}  // namespace nattevagt::mls
