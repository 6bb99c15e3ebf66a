#include <algorithm>
#include <bit>
#include <map>

#include "client-lib/mls/proposals.h"
#include "client-lib/mls/ratchet_tree.h"
#include "client-lib/mls/tree_math.h"
#include "client-lib/mls/treekem.h"
#include "tests/vectors/mls_vectors.h"

namespace nattevagt::mls::vectors {
namespace {

namespace tm = tree_math;

RatchetTree read_tree(ByteView bytes) {
  return expect_ok(decode<RatchetTree>(bytes, "ratchet_tree"), "tree");
}

void verify_tree(const RatchetTree& tree, ByteView group_id) {
  expect(tree.verify_shape().has_value(), "shape");
  expect(tree.verify_parent_hashes().has_value(), "parent hashes");
  tree.for_each_leaf([&](LeafIndex index, const LeafNode& leaf) {
    expect(leaf.verify(LeafPlace{group_id, index}), "leaf signature");
  });
}

struct PrivateLeaf {
  PrivateTree keys;
  SignKey sign_key;
};

PrivateLeaf read_private(const Case& entry, const RatchetTree& tree) {
  const LeafIndex index{entry.number32("index")};
  const LeafNode* leaf = tree.leaf(index);
  expect(leaf != nullptr, "leaf");
  HpkePrivateKey secret = expect_ok(HpkePrivateKey::from(entry.bytes("encryption_priv")), "encryption_priv");
  const HpkePublicKey key = hpke_public(secret);
  expect(to_bytes(key) == leaf->encryption_key, "encryption key");
  PrivateLeaf out{
      PrivateTree(index, HpkeKeyPair{std::move(secret), key}),
      SignKey::from_seed(expect_ok(SignSeed::from(entry.bytes("signature_priv")), "signature_priv"))};
  expect(to_bytes(out.sign_key.public_key().bytes) == leaf->signature_key, "signature key");
  for (const auto& item : entry.list("path_secrets")) {
    const NodeIndex node{item->number32("node")};
    expect(!tm::is_leaf(node) && node.value < tm::node_width(tree.leaf_count()), "path secret's node");
    const Bytes path_secret = item->bytes("path_secret");
    HpkeKeyPair keys = hpke_derive(derive_secret<PathSecret>(path_secret, "node").expose());
    expect(tree.parent(node) != nullptr && tree.parent(node)->encryption_key == to_bytes(keys.key),
           "path secret's key");
    out.keys.set(node, std::move(keys));
  }
  return out;
}

}  // namespace

void verify_tree_math(const Case& vector) {
  const std::uint32_t leaves = vector.number32("n_leaves");
  const std::uint32_t nodes = vector.number32("n_nodes");
  expect(std::has_single_bit(leaves) && leaves < 1u << 31, "n_leaves");
  expect(tm::node_width(leaves) == nodes, "n_nodes");
  expect(tm::root(leaves).value == vector.number("root"), "root");
  std::map<std::string, std::vector<std::unique_ptr<Case>>> all;
  for (const char* name : {"left", "right", "parent", "sibling"}) {
    all[name] = vector.list(name);
    expect(all[name].size() == nodes, name);
  }
  const auto same = [&](const char* name, std::uint32_t node, std::optional<NodeIndex> ours) {
    const Case& theirs = *all[name][node];
    expect(theirs.is_null() == !ours.has_value(), name);
    if (ours) expect(theirs.number() == ours->value, name);
  };
  for (std::uint32_t i = 0; i < nodes; ++i) {
    const NodeIndex node{i};
    const bool is_root = node == tm::root(leaves);
    same("left", i, tm::is_leaf(node) ? std::nullopt : std::optional(tm::left(node)));
    same("right", i, tm::is_leaf(node) ? std::nullopt : std::optional(tm::right(node)));
    same("parent", i, is_root ? std::nullopt : std::optional(tm::parent(node)));
    same("sibling", i, is_root ? std::nullopt : std::optional(tm::sibling(node)));
  }
}

void verify_tree_operations(const Case& vector) {
  RatchetTree tree = read_tree(vector.bytes("tree_before"));
  if (vector.has("tree_hash_before")) {
    expect(to_bytes(tree.tree_hash()) == vector.bytes("tree_hash_before"), "tree_hash_before");
  }
  const Bytes wire = vector.bytes("proposal");
  const Proposal proposal = expect_ok(decode<Proposal>(wire, "Proposal"), "proposal");
  if (const auto* add = proposal.as<Add>()) {
    expect(tree.add_leaf(std::make_shared<const LeafNode>(add->key_package.leaf_node)).has_value(), "add");
  } else if (const auto* update = proposal.as<Update>()) {
    const LeafIndex sender{vector.number32("proposal_sender")};
    expect(tree.leaf(sender) != nullptr, "proposal_sender");
    tree.update_leaf(sender, std::make_shared<const LeafNode>(update->leaf_node));
  } else if (const auto* remove = proposal.as<Remove>()) {
    expect(tree.leaf(remove->removed) != nullptr, "removed leaf");
    tree.remove_leaf(remove->removed);
  } else {
    expect(false, "proposal type");
  }
  expect(encode(tree) == vector.bytes("tree_after"), "tree_after");
  if (vector.has("tree_hash_after")) {
    expect(to_bytes(tree.tree_hash()) == vector.bytes("tree_hash_after"), "tree_hash_after");
  }
}

void verify_tree_validation(const Case& vector) {
  const Bytes wire = vector.bytes("tree");
  const RatchetTree tree = read_tree(wire);
  expect(encode(tree) == wire, "encode");
  const auto hashes = vector.list("tree_hashes");
  const auto resolutions = vector.list("resolutions");
  expect(hashes.size() == tm::node_width(tree.leaf_count()) && resolutions.size() == hashes.size(), "width");
  for (std::uint32_t i = 0; i < hashes.size(); ++i) {
    expect(to_bytes(tree.node_hash(NodeIndex{i})) == hashes[i]->bytes(), "tree hash");
    const std::vector<NodeIndex> ours = tree.resolution(NodeIndex{i});
    const auto theirs = resolutions[i]->list();
    expect(ours.size() == theirs.size(), "resolution");
    for (std::size_t k = 0; k < ours.size(); ++k) expect(theirs[k]->number() == ours[k].value, "resolution");
  }
  verify_tree(tree, vector.bytes("group_id"));
}

void verify_treekem(const Case& vector) {
  const Bytes group_id = vector.bytes("group_id");
  const RatchetTree tree = read_tree(vector.bytes("ratchet_tree"));
  verify_tree(tree, group_id);
  std::map<std::uint32_t, PrivateLeaf> leaves;
  for (const auto& entry : vector.list("leaves_private")) {
    leaves.emplace(entry->number32("index"), read_private(*entry, tree));
  }
  GroupContext context;
  context.group_id = group_id;
  context.epoch = vector.number("epoch");
  context.confirmed_transcript_hash = vector.bytes("confirmed_transcript_hash");

  for (const auto& entry : vector.list("update_paths")) {
    const LeafIndex sender{entry->number32("sender")};
    expect(tree.leaf(sender) != nullptr, "sender");
    const UpdatePath path = expect_ok(decode<UpdatePath>(entry->bytes("update_path"), "UpdatePath"), "path");
    RatchetTree after = tree;
    const std::vector<PathStep> steps = expect_ok(merge_path(after, sender, path, {}), "merge_path");
    verify_tree(after, group_id);
    expect(to_bytes(after.tree_hash()) == entry->bytes("tree_hash_after"), "tree_hash_after");
    context.tree_hash = to_bytes(after.tree_hash());
    const auto secrets = entry->list("path_secrets");
    expect(leaves.empty() || leaves.rbegin()->first < secrets.size(), "path_secrets");
    for (const auto& [index, leaf] : leaves) {
      if (index == sender.value) continue;
      const DerivedPath opened =
          expect_ok(open_path(after, leaf.keys, steps, path, encode(context), {}), "open_path");
      expect(!secrets.at(index)->is_null(), "path_secret");
      expect(equal_constant_time(opened.secrets.front().expose(), secrets.at(index)->bytes()), "path_secret");
      expect(equal_constant_time(opened.commit.expose(), entry->bytes("commit_secret")), "commit_secret");
    }
  }

  // A path of our own, from each leaf whose keys we have, to all the others.
  SeededEntropy entropy(9420);
  for (const auto& [index, leaf] : leaves) {
    RatchetTree after = tree;
    const FreshPath fresh =
        renew_path(after, LeafIndex{index}, *tree.leaf(LeafIndex{index}), group_id, leaf.sign_key, entropy);
    context.tree_hash = to_bytes(after.tree_hash());
    const UpdatePath path = expect_ok(seal_path(after, fresh, encode(context), {}, entropy), "seal_path");
    verify_tree(after, group_id);
    for (const auto& [other, receiver] : leaves) {
      if (other == index) continue;
      RatchetTree theirs = tree;
      const auto steps = expect_ok(merge_path(theirs, LeafIndex{index}, path, {}), "merge own");
      expect(theirs == after, "same tree");
      const DerivedPath opened =
          expect_ok(open_path(theirs, receiver.keys, steps, path, encode(context), {}), "open own");
      expect(opened.commit == fresh.path.commit, "same commit_secret");
    }
  }
}

}  // namespace nattevagt::mls::vectors
