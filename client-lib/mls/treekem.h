// TreeKEM (RFC 9420 7.4 - 7.6): fresh keys for a direct path, and their delivery to the rest of the tree.
//
// Creating:  renew_path() sets the new keys in the tree and signs the leaf; the caller works out the
//            provisional group context from the new tree hash; seal_path() encrypts under it.
// Receiving: merge_path() sets the public keys and checks the parent hash; then the context; open_path().
// `joiners` are the leaves added by the same commit: they are left out of the resolutions (7.5).
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "client-lib/mls/crypto.h"
#include "client-lib/mls/key_schedule.h"
#include "client-lib/mls/messages.h"
#include "client-lib/mls/ratchet_tree.h"

namespace nattevagt::mls {

// The private keys that one member holds: its leaf's, and those of nodes above.
// Invariant: after prune(tree), each key is the one whose public half stands in the tree.
struct FreshPath;

class PrivateTree {
 public:
  PrivateTree() = default;
  PrivateTree(LeafIndex own, HpkeKeyPair leaf);

  LeafIndex own() const noexcept { return own_; }
  const HpkeKeyPair* find(NodeIndex node) const noexcept;
  void set(NodeIndex node, HpkeKeyPair keys);
  void adopt(const FreshPath& path);    // of our own making
  void prune(const RatchetTree& tree);  // 9.2: a replaced or blanked node's key goes

  PrivateTree duplicate() const;
  void encode(Writer& out) const;
  static PrivateTree decode(Reader& in);

 private:
  LeafIndex own_;
  std::map<NodeIndex, HpkeKeyPair> keys_;
};

struct DerivedPath {
  std::vector<PathStep> steps;
  std::vector<PathSecret> secrets;  // by step
  std::vector<HpkeKeyPair> keys;    // by step
  CommitSecret commit;
};
// path_secret[0] belongs to the first step.
DerivedPath derive_path(PathSecret first, std::vector<PathStep> steps);

struct FreshPath {
  DerivedPath path;
  HpkeKeyPair leaf_keys;
  LeafPtr leaf;
};
// `leaf` gives credential, capabilities and extensions; key, source, parent hash and signature are made new.
FreshPath renew_path(RatchetTree& tree, LeafIndex own, LeafNode leaf, ByteView group_id,
                     const SignKey& sign_key, Entropy& entropy);
Result<UpdatePath> seal_path(const RatchetTree& tree, const FreshPath& fresh, ByteView group_context,
                             const std::vector<LeafIndex>& joiners, Entropy& entropy);

// Errors: kInvalidValue when the path does not fit the tree (number of nodes or ciphertexts, key sizes, a
// key already in the tree, the parent hash).
Result<std::vector<PathStep>> merge_path(RatchetTree& tree, LeafIndex sender, const UpdatePath& path,
                                         const std::vector<LeafIndex>& joiners);
// The part of the path from our common ancestor with the sender upwards. kInvalidValue when a derived key is
// not the public one; kCrypto when nothing opens.
Result<DerivedPath> open_path(const RatchetTree& tree, const PrivateTree& own,
                              const std::vector<PathStep>& steps, const UpdatePath& path,
                              ByteView group_context, const std::vector<LeafIndex>& joiners);
// The keys of an opened path against the tree's public ones (7.5, and 12.4.3.1 at join).
Status check_path_keys(const RatchetTree& tree, const DerivedPath& path);

}  // namespace nattevagt::mls
